"""Statements of one transaction that wait for company: what nobody needs an answer of at once travels with the next."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any, TypeVar

from sqlalchemy import Connection, text

from connecteam_sync.store import rows
from connecteam_sync.store.bulk import BATCH, insert_many, packed_insert, packed_rows
from connecteam_sync.store.dialect import Dialect, Kind
from connecteam_sync.store.trips import TRIP, Answer, Query, Rows, send, streamed

T = TypeVar("T")


def batches(items: Iterable[T], size: int = BATCH) -> Iterator[list[T]]:
    """Lists of at most `size` items."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


def batched(
    sql: str,
    items: Iterable[Mapping[str, object]],
    values: Mapping[str, object],
    make: Callable[[Sequence[Any]], object] | None = None,
) -> Iterator[Query]:
    """A statement over a rowset, a batch at a time."""
    return (Query(sql, {"rows": rows.json_rows(batch), **values}, make) for batch in batches(items))


class Key:
    """The key of a row that waits to be made: known once it was; asking for it sends what waits."""

    def __init__(self, statements: Statements, value: int | None = None) -> None:
        self._statements, self._value = statements, value

    def is_made(self, answer: Answer) -> None:
        """The row is made, and this is what the database said."""
        self._value = int(answer.rows[0][0] if answer.rows else answer.key or 0)

    @property
    def value(self) -> int:
        """The number."""
        if self._value is None:
            self._statements.flush()
        if not self._value:
            msg = "an insert of one row has a key"
            raise TypeError(msg)
        return self._value


class Statements:
    """A transaction's statements.

    Those whose answers nobody needs at once wait (`later`), and travel with the next one that is asked, or at the end
    of the transaction: always in the order they were given in.
    """

    def __init__(self, connection: Connection, dialect: Dialect) -> None:
        self._connection, self.dialect = connection, dialect
        self._waiting: list[tuple[Query, Callable[[Answer], object]]] = []
        self._size = 0

    @property
    def connection(self) -> Connection:
        """The connection, for a statement of its own; what waits is sent before."""
        self.flush()
        return self._connection

    @property
    def waiting(self) -> int:
        """How many statements wait to be sent."""
        return len(self._waiting)

    def later(self, query: Query, then: Callable[[Answer], object] = lambda _: None) -> None:
        """A statement that may wait; `then` gets its answer, and may raise."""
        if self._waiting and self._size + query.size > TRIP:
            self.flush()
        self._waiting.append((query, then))
        self._size += query.size

    def flush(self) -> None:
        """Send what waits."""
        if self._waiting:
            self._send(())

    def fetch(self, *queries: Query) -> list[Rows]:
        """The rows of several SELECTs, in one round trip with what waits."""
        return self._send(queries) if queries else []

    def each(self, *queries: Query) -> Iterator[Iterable[Sequence[Any]]]:
        """As `fetch`; row by row on SQLite, where that costs nothing and a row may be a long text."""
        if self.dialect.family == "sqlite":
            return (streamed(self.connection, query) for query in queries)
        return iter(self.fetch(*queries))

    def _send(self, queries: Sequence[Query]) -> list[Rows]:
        waiting, self._waiting, self._size = self._waiting, [], 0
        answers = send(self._connection, [*(query for query, _ in waiting), *queries])
        for (_, then), answer in zip(waiting, answers, strict=False):
            then(answer)
        return [answer.rows for answer in answers[len(waiting) :]]

    def read(self, sql: str, **values: object) -> list[Mapping[str, Any]]:
        """Rows of a statement."""
        return [dict(row) for row in self.connection.execute(text(sql), values).mappings()]

    def read_set(self, sql: str, items: Iterable[Mapping[str, object]], **values: object) -> list[Mapping[str, Any]]:
        """Rows of a statement over a rowset, a batch at a time."""
        return [row for batch in batches(items) for row in self.read(sql, rows=rows.json_rows(batch), **values)]

    def fetch_set(self, sql: str, items: Iterable[Mapping[str, object]]) -> list[Sequence[Any]]:
        """Rows of a statement over a rowset, a batch at a time."""
        return [row for found in self.fetch(*batched(sql, items, {})) for row in found]

    def write_set(self, sql: str, items: Iterable[Mapping[str, object]], **values: object) -> int:
        """How many rows a writing statement over a rowset touched, a batch at a time."""
        counts: list[int] = []
        self.later_set(sql, items, then=lambda answer: counts.append(answer.touched), **values)
        self.flush()
        return sum(counts)

    def later_set(
        self,
        sql: str,
        items: Iterable[Mapping[str, object]],
        *,
        then: Callable[[Answer], object] = lambda _: None,
        **values: object,
    ) -> None:
        """A writing statement over a rowset, a batch at a time, that may wait; `then` gets each batch's answer."""
        for query in batched(sql, items, values):
            self.later(query, then)

    def insert_one(self, table: str, values: Mapping[str, object]) -> Key:
        """INSERT of a row whose key the database makes; it may wait."""
        key = Key(self)
        names, places = ", ".join(values), ", ".join(f":{name}" for name in values)
        asking = " RETURNING id" if self.dialect.family == "postgresql" else ""
        self.later(Query(f"INSERT INTO {table} ({names}) VALUES ({places}){asking}", values), key.is_made)
        return key

    def insert_many(self, table: str, columns: Mapping[str, Kind], values: Iterable[Sequence[object]]) -> None:
        """INSERT of many rows whose values stand in the order of `columns` (quoted names), the way that is quickest for
        so many; they may wait.
        """
        many = iter(values)
        first = list(islice(many, BATCH + 1))
        if not first:
            return
        every = chain(first, many)
        if self.dialect.family == "mysql":
            sql = packed_insert(self.dialect, table, columns)
            for batch in batches(every):
                self.later(Query(sql, {"rows": packed_rows(batch)}))
        elif self.dialect.family == "postgresql" and len(first) <= BATCH:
            # A COPY waits for the server twice, and for everything before it.
            sql = self.dialect.insert(table, self.dialect.rowset(columns), {name: f"d.{name}" for name in columns})
            self.later_set(sql, (dict(zip(columns, row, strict=True)) for row in first))
        else:
            loads: Iterable[Iterable[Sequence[object]]] = batches(every)
            for load in [every] if self.dialect.family == "postgresql" else loads:
                insert_many(self.connection, table, columns, load)

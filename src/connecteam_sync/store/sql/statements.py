"""Statements of one transaction that are deferred: those whose answers are not needed at once travel with the next."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain, islice
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine

from connecteam_sync.store.sql.bulk import BATCH, packed_insert, packing
from connecteam_sync.store.sql.dialect import Dialect
from connecteam_sync.store.sql.pipeline import LOAD, Answer, Query, Rows, fits, load_of, room, send, streamed
from connecteam_sync.store.sql.quoting import run
from connecteam_sync.store.sql.traits import Kind, Shared
from connecteam_sync.store.tables import rows

T = TypeVar("T")
_TEXT = 16_384
"""Bytes reserved for the statement itself, besides its values."""


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


class PendingId:
    """The key of a row whose INSERT is deferred. Reading `value` sends the deferred statements."""

    def __init__(self, statements: Statements, value: int | None = None) -> None:
        self._statements, self._value = statements, value

    def is_made(self, answer: Answer) -> None:
        """Take the key from the answer to the INSERT."""
        self._value = int(answer.rows[0][0] if answer.rows else answer.key or 0)

    @property
    def value(self) -> int:
        """The key."""
        if self._value is None:
            self._statements.flush()
        if not self._value:
            msg = "an insert of one row has a key"
            raise TypeError(msg)
        return self._value


class Statements:
    """A transaction's statements.

    Those whose answers are not needed at once are deferred (`later`): they travel with the next statement that is sent,
    or at the end of the transaction, in the order in which they were given.
    """

    def __init__(self, connection: Connection, dialect: Dialect) -> None:
        self._connection, self.dialect = connection, dialect
        self._waiting: list[tuple[Query, Callable[[Answer], object]]] = []
        self._size = 0
        self.room = room(connection)
        """The bytes of values that the server takes at once."""

    def fitting(self, items: Iterable[T], encode: Callable[[list[T]], str]) -> Iterator[tuple[list[T], str]]:
        """Batches, each with its encoded text: of at most BATCH items, and no more than the server takes at once."""
        for batch in batches(items):
            yield from self._fitting(batch, encode)

    def _fitting(self, batch: list[T], encode: Callable[[list[T]], str]) -> Iterator[tuple[list[T], str]]:
        text = encode(batch)
        if len(batch) == 1 or fits(text, self.room - _TEXT):
            yield batch, text
            return
        middle = len(batch) // 2
        yield from self._fitting(batch[:middle], encode)
        yield from self._fitting(batch[middle:], encode)

    def all_of(
        self,
        sql: str,
        items: Iterable[Mapping[str, object]],
        make: Callable[[Sequence[Any]], object] | None = None,
    ) -> list[Query]:
        """A statement over a rowset of any size, in no more parts than the server's room asks for."""
        slices = self._fitting(list(items), rows.json_rows)
        return [Query(sql, {"rows": text}, make) for _, text in slices]

    @property
    def connection(self) -> Connection:
        """The connection, for a statement of the caller's; deferred statements are sent first."""
        self.flush()
        return self._connection

    @property
    def engine(self) -> Engine:
        """The engine: a key for facts that are cached for the life of the process."""
        return self._connection.engine

    @property
    def waiting(self) -> int:
        """The number of deferred statements."""
        return len(self._waiting)

    def later(self, query: Query, then: Callable[[Answer], object] = lambda _: None) -> None:
        """Defer a statement; `then` gets its answer, and may raise."""
        size = load_of(query, self.room)
        if self._waiting and self._size + size > min(LOAD, self.room):
            self.flush()
        self._waiting.append((query, then))
        self._size += size

    def forget(self) -> None:
        """Discard the deferred statements: their part of the transaction is rolled back."""
        self._waiting, self._size = [], 0

    def flush(self) -> None:
        """Send the deferred statements."""
        if self._waiting:
            self._send(())

    def fetch(self, *queries: Query) -> list[Rows]:
        """The rows of several SELECTs, in one round trip with the deferred statements."""
        return self._send(queries) if queries else []

    def each(self, *queries: Query) -> Iterator[Iterable[Sequence[Any]]]:
        """As `fetch`, but row by row if the database is a file: that costs nothing, and a row may be a long text."""
        if self.dialect.is_file:
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
        return [dict(row) for row in run(self.connection, sql, values).mappings()]

    def read_set(self, sql: str, items: Iterable[Mapping[str, object]], **values: object) -> list[Mapping[str, Any]]:
        """Rows of a statement over a rowset, a batch at a time."""
        return [row for batch in batches(items) for row in self.read(sql, rows=rows.json_rows(batch), **values)]

    def fetch_set(self, sql: str, items: Iterable[Mapping[str, object]]) -> list[Sequence[Any]]:
        """Rows of a statement over a rowset, a batch at a time."""
        return [row for found in self.fetch(*batched(sql, items, {})) for row in found]

    def write_set(self, sql: str, items: Iterable[Mapping[str, object]], **values: object) -> int:
        """The number of rows that a writing statement over a rowset touched, a batch at a time."""
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
        """Defer a writing statement over a rowset, a batch at a time; `then` gets each batch's answer."""
        for _, parameter in self.fitting(items, rows.json_rows):
            self.later(Query(sql, {"rows": parameter, **values}), then)

    def later_counted(
        self, sql: str, items: Iterable[Mapping[str, object]], then: Callable[[int, Answer], object]
    ) -> None:
        """As `later_set`; `then` also gets the number of items in the batch."""
        for batch, parameter in self.fitting(items, rows.json_rows):
            self.later(Query(sql, {"rows": parameter}), partial(then, len(batch)))

    def insert_one(self, table: str, values: Mapping[str, object], *, above: Iterable[tuple[str, str]]) -> PendingId:
        """Defer the INSERT of a row whose key the database makes.

        `above` are columns of other tables that keep such keys, each with its table: if this table was restored from an
        older dump, a key that any of them contains is not used again.
        """
        key = PendingId(self)
        names, places = ", ".join(values), ", ".join(f":{name}" for name in values)
        known = " UNION ALL ".join(f"SELECT max({column}) AS number FROM {other}" for column, other in above)
        made, asking = self.dialect.drawn(table)
        sql = f"INSERT INTO {table} (id, {names}) SELECT {made}, {places} FROM ({known}) known{asking}"
        self.later(Query(sql, values), key.is_made)
        return key

    def insert_many(
        self,
        table: str,
        columns: Mapping[str, Kind],
        values: Iterable[Sequence[object]],
        *,
        shared: Shared = (),
    ) -> None:
        """Defer the INSERT of many rows, in the way that is fastest for so many, in whatever order. Values are in the
        order of `columns` (quoted names); in the `shared` ones, many rows have the same.
        """
        many = iter(values)
        first = list(islice(many, BATCH + 1))
        if not first:
            return
        every = chain(first, many)
        if self.dialect.has_packets:
            sql = packed_insert(self.dialect, table, columns, shared=shared)
            for _, parameter in self.fitting(every, packing(columns, shared=shared)):
                self.later(Query(sql, {"rows": parameter}))
        elif self.dialect.takes_bulk(len(first)):
            self.dialect.load(lambda: self.connection, table, tuple(columns), every)
        else:
            sql = self.dialect.insert(table, self.dialect.rowset(columns), {name: f"d.{name}" for name in columns})
            self.later_set(sql, (dict(zip(columns, row, strict=True)) for row in first))

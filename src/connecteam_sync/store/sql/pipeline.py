"""Several statements in one round trip: the cost of a run over a network is the number of its round trips.

MySQL and MariaDB take several statements in one packet, PostgreSQL's driver sends them without waiting for each answer,
and SQLite has no network. Rows are the driver's own, or what `Query.make` returns for each: at a million
rows, every wrapper around a row costs time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from sqlalchemy import Connection
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError

from connecteam_sync.store.sql.quoting import compiled, run
from connecteam_sync.store.sql.urls import database

LOAD = 1 << 20
"""Characters of values in one round trip, unless a single statement has more."""
PACKET = "packet"
"""In the `info` of a connection: the bytes that its server takes at once, if it has a limit (`has_packets`)."""
ONE_MOMENT = "one_moment"
"""An option of a transaction: whatever others commit meanwhile, all that it reads is of one moment."""
_OTHERS_TAKE = 64 << 20
_WIDEST = 4
"""The most bytes of a character on the wire."""
Rows = list[Any]
"""The rows of a query, in order, each as `Query.make` returns it."""
_MANY = 1000
"""Rows that are fetched at once if each of them is converted."""


class Query(NamedTuple):
    """A statement with `:named` values. `make` converts each row as it is read; None: it stays a sequence."""

    sql: str
    values: Mapping[str, object] = {}
    make: Callable[[Sequence[Any]], object] | None = None
    again: Callable[[], Query] | None = None
    """The same, where it has to be written again once it is known what the keys are (`Store.fetch`)."""

    @property
    def size(self) -> int:
        """About how many characters are sent."""
        return len(self.sql) + sum(len(value) for value in self.values.values() if isinstance(value, str))


def sent(text: str) -> int:
    """The bytes of a text as a value that the driver puts between quotes."""
    return len(text.encode()) + sum(map(text.count, ('"', "\\", "'")))


def room(connection: Connection) -> int:
    """The bytes that one packet may hold, minus the driver's overhead."""
    packet: int = connection.info.get(PACKET, _OTHERS_TAKE)
    return packet - packet // 8


def fits(text: str, limit: int) -> bool:
    """Whether a value fits into a packet of so many bytes."""
    return _WIDEST * len(text) <= limit or sent(text) <= limit


def load_of(query: Query, limit: int) -> int:
    """The size of a statement within a round trip: in characters, or in bytes if packets are small (`limit`)."""
    if limit >= _WIDEST * LOAD:
        return query.size
    return len(query.sql) + sum(sent(value) for value in query.values.values() if isinstance(value, str))


class Answer(NamedTuple):
    """The result of a statement: its rows, the number of rows it touched, and the key that the database made for the
    last of them (PostgreSQL returns that only as a row, with `RETURNING`).
    """

    rows: Rows
    touched: int
    key: int | None


def fetch(connection: Connection, queries: Sequence[Query], *, and_end: bool = False) -> list[Rows]:
    """The rows of each query, in order; see `send`."""
    return [answer.rows for answer in send(connection, queries, and_end=and_end)]


def send(connection: Connection, queries: Sequence[Query], *, and_end: bool = False) -> list[Answer]:
    """The answer to each statement, in order, in one round trip, or in one for every LOAD of values.

    The first failure ends it. Raises SQLAlchemy's errors; the events of a statement fire for each. `and_end` (not
    on SQLite) ends the transaction in the same round trip.
    """
    served = database(connection.dialect.name)
    if served.is_file:
        return [alone(connection, query) for query in queries]
    found: list[Answer] = []
    with driver_errors(connection):
        loads = list(_loads(queries, room(connection)))
        for number, load in enumerate(loads, 1):
            ending = and_end and number == len(loads)
            found += served.deliver(connection, load, and_end=ending)
    return found


def streamed(connection: Connection, query: Query) -> Iterator[Sequence[Any]]:
    """The rows of a SELECT one by one, for a database without a network between; each may be a long text."""
    with run(connection, query.sql, query.values) as result:
        yield from result


def _loads(queries: Iterable[Query], limit: int) -> Iterator[list[Query]]:
    """The statements of each round trip."""
    load: list[Query] = []
    size = 0
    for query in queries:
        one = load_of(query, limit)
        if load and size + one > min(LOAD, limit):
            yield load
            load, size = [], 0
        load.append(query)
        size += one
    if load:
        yield load


def alone(connection: Connection, query: Query) -> Answer:
    """A statement by itself."""
    with run(connection, query.sql, query.values) as result:
        if result.returns_rows:
            with driver_errors(connection):
                return Answer(_made(result.cursor, query), -1, None)
        return Answer([], result.rowcount, result.lastrowid)


def answer_of(cursor: Any, query: Query) -> Answer:  # noqa: ANN401 - a driver's own cursor
    """The answer to a statement that a driver's cursor has run."""
    if cursor.description is None:
        return Answer([], cursor.rowcount, getattr(cursor, "lastrowid", None))
    return Answer(_made(cursor, query), cursor.rowcount, None)


def _made(cursor: Any, query: Query) -> Rows:  # noqa: ANN401 - a driver's own cursor
    """The converted rows. They are fetched in parts, so that a month of rows is not in memory twice."""
    if query.make is None:
        return list(cursor.fetchall())
    found: Rows = []
    while many := cursor.fetchmany(_MANY):
        found += map(query.make, many)
    return found


def for_driver(query: Query, dialect: Dialect) -> tuple[str, Any]:
    """Text and values as the driver takes them."""
    sql, names = compiled(query.sql, dialect)
    return sql, [query.values[name] for name in names] if names is not None else dict(query.values)


def driver_of(connection: Connection) -> Any:  # noqa: ANN401 - any driver
    """The driver's module."""
    return connection.dialect.loaded_dbapi


@contextmanager
def driver_errors(connection: Connection) -> Iterator[None]:
    """A driver's error as SQLAlchemy's, without the statement's values; a lost connection is not used again."""
    dialect, driver = connection.dialect, driver_of(connection)
    try:
        yield
    except driver.Error as error:
        lost = dialect.is_disconnect(error, connection.connection.dbapi_connection, None)
        if lost:
            connection.invalidate(error)
        raise DBAPIError.instance(
            None, None, error, driver.Error, connection_invalidated=lost, dialect=dialect
        ) from error

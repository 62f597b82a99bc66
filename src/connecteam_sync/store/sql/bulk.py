"""Many new rows at once, the fastest way each database has that asks for no special rights.

PostgreSQL takes COPY, SQLite a prepared statement that never leaves the process, MySQL and MariaDB a thousand rows as
one JSON parameter: `executemany` of their drivers silently falls back to a statement per row.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

import msgspec
from sqlalchemy import Connection

from connecteam_sync.store.sql.dialect import Dialect
from connecteam_sync.store.sql.pipeline import driver_errors
from connecteam_sync.store.sql.traits import Kind, Shared

BATCH = 1000
"""The most rows that a statement carries as a parameter."""


def packed_insert(dialect: Dialect, table: str, columns: Mapping[str, Kind], *, shared: Shared = ()) -> str:
    """INSERT of the parameter of `packing`: rows whose values are in the order of `columns`."""
    names = {column: f"c{number}" for number, column in enumerate(columns)}
    fields = {names[column]: kind for column, kind in columns.items()}
    rowset = dialect.rowset(fields, packed=[names[column] for column in columns if column in shared])
    return dialect.insert(table, rowset, {column: f"d.{field}" for column, field in names.items()})


def packing(
    columns: Collection[str], *, shared: Shared, in_order: bool = False
) -> Callable[[Sequence[Sequence[Any]]], str]:
    """A function that makes the parameter of a packed rowset from rows whose values are in the order of `columns`.

    Values of `shared` columns are written once for all rows that have the same, or if the rows stay `in_order`, for all
    such that follow each other: what a server does takes as long as the parameter has characters. At least two columns
    are shared, and two are not.
    """
    if not shared:
        return packed_rows
    common = itemgetter(*(number for number, column in enumerate(columns) if column in shared))
    own = itemgetter(*(number for number, column in enumerate(columns) if column not in shared))

    def packed(rows: Sequence[Sequence[Any]]) -> str:
        if in_order:
            return packed_rows([(*values, list(map(own, several))) for values, several in groupby(rows, common)])
        found: dict[tuple[Any, ...], list[tuple[Any, ...]]] = {}
        for row in rows:
            found.setdefault(common(row), []).append(own(row))
        return packed_rows([(*values, several) for values, several in found.items()])

    return packed


def packed_rows(rows: Sequence[Sequence[object]]) -> str:
    """Rows as the parameter of a packed rowset without shared columns."""
    return msgspec.json.encode(rows).decode()


def copy(connection: Connection, sql: str, rows: Iterable[Sequence[object]]) -> None:
    """COPY, row by row."""
    driver: Any = connection.connection.driver_connection
    cursor = driver.cursor()
    connection.dispatch.before_cursor_execute(connection, cursor, sql, (), None, True)
    with driver_errors(connection), cursor.copy(sql) as copy:
        for row in rows:
            copy.write_row(row)
    connection.dispatch.after_cursor_execute(connection, cursor, sql, (), None, True)

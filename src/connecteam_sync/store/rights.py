"""What the database user may do, tried on every table of a run with statements that touch no row."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from connecteam_sync.store.schema import metadata
from connecteam_sync.store.store import Store

SEQUENCE = "USAGE of the sequence"
"""PostgreSQL's right to the numbers of a key."""


def lacking(store: Store) -> dict[str, list[str]]:
    """The tables on which the user lacks a right, by right; empty where nothing that a run needs is lacking."""
    found: dict[str, list[str]] = {}
    for right, table, statement in _tries(store):
        with store.connection() as connection:
            try:
                result = connection.execute(text(statement))
                may = not result.returns_rows or result.scalar() is not False
            except DBAPIError:
                may = False
            connection.rollback()
        if not may:
            found.setdefault(right, []).append(table)
    return found


def _tries(store: Store) -> Iterator[tuple[str, str, str]]:
    """(right, table, statement): it fails, or says false, where the right is lacking."""
    d, times, people = store.dialect, store.host.clock_times, store.host.employees
    # All that a run sets: MariaDB refuses an insert that leaves out a column without a default, also of no row.
    written = [times.employee_id, times.clock_in, times.clock_out, times.total_minutes, times.is_active, times.source]
    tables = {times.table: [d.name(column) for column in written]}
    tables |= {table.name: [column.name for column in table.columns] for table in metadata.sorted_tables}
    for name, columns in tables.items():
        table, every = d.name(name), ", ".join(columns)
        yield "SELECT", name, f"SELECT {every} FROM {table} WHERE 1 = 0"
        yield "INSERT", name, f"INSERT INTO {table} ({every}) SELECT {every} FROM {table} WHERE 1 = 0"
        yield "UPDATE", name, f"UPDATE {table} SET {columns[-1]} = {columns[-1]} WHERE 1 = 0"
        yield "DELETE", name, f"DELETE FROM {table} WHERE 1 = 0"
    yield "SELECT", people.table, f"SELECT {d.name(people.id)} FROM {d.name(people.table)} WHERE 1 = 0"
    if d.family == "postgresql":
        keys = {times.table: times.id, **{t.name: "id" for t in metadata.sorted_tables if "id" in t.columns}}
        for name, key in keys.items():
            table, column = (part.replace("'", "''") for part in (d.name(name), key))
            # A key that is an identity needs no right, and one without a sequence has none.
            may = (
                "SELECT bool_and(a.attidentity <> '' OR has_sequence_privilege(s.name, 'USAGE'))"
                f" FROM pg_attribute a, pg_get_serial_sequence('{table}', '{column}') AS s(name)"
                f" WHERE a.attrelid = to_regclass('{table}') AND a.attname = '{column}' AND s.name IS NOT NULL"
            )
            yield SEQUENCE, name, may

"""What the database user may do, tried on every table of a run with statements that touch no row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from connecteam_sync.store.engine import LOCK_CODES, codes_of
from connecteam_sync.store.schema import metadata
from connecteam_sync.store.store import Store

SEQUENCE = "USAGE of the sequence"
"""PostgreSQL's right to the numbers of a key."""
_ALL = ("SELECT", "INSERT", "UPDATE", "DELETE")
NEEDED: Mapping[str, tuple[str, ...]] = {
    "connecteam_users": _ALL[:3],
    "connecteam_shifts": _ALL[:3],
    "connecteam_breaks": _ALL[:3],
    "sync_runs": _ALL[:3],
    "sync_slices": _ALL[:2],
    "sync_inputs": ("SELECT", "INSERT", "DELETE"),
    "sync_changes": _ALL[:2],
    "sync_holds": _ALL[:3],
    "locked_days": ("SELECT", "INSERT", "DELETE"),
    "sync_guard": ("SELECT", "UPDATE"),
    "sync_adoptions": ("SELECT",),
}
"""What daily work does to our tables; nothing ever changes the journal, so a DBA may see to it."""


def lacking(store: Store, *, creates_employees: bool) -> dict[str, list[str]]:
    """The tables on which the user lacks a right that a run needs, by right; empty where nothing is lacking."""
    found: dict[str, list[str]] = {}
    for right, table, statement in _tries(store, creates_employees=creates_employees):
        with store.connection() as connection:
            try:
                result = connection.execute(text(statement))
                may = not result.returns_rows or result.scalar() is not False
            except DBAPIError as error:
                # A lock that somebody else holds says nothing of rights.
                may = bool(codes_of(error) & LOCK_CODES) or "database is locked" in str(error.orig)
            connection.rollback()
        if not may:
            found.setdefault(right, []).append(table)
    return found


def _tries(store: Store, *, creates_employees: bool) -> Iterator[tuple[str, str, str]]:
    """(right, table, statement): it fails, or says false, where the right is lacking."""
    d, times, people = store.dialect, store.host.clock_times, store.host.employees
    # All that a run sets: MariaDB refuses an insert that leaves out a column without a default, also of no row.
    written = [times.employee_id, times.clock_in, times.clock_out, times.total_minutes, times.is_active, times.source]
    yield from _of_table(d.name(times.table), [d.name(column) for column in written], _ALL)
    mapped = [d.name(people.name), d.name(people.connecteam_user_id)]
    yield from _of_table(d.name(people.table), mapped, _ALL[: 1 + creates_employees])
    if d.family == "sqlite":
        return  # what a file allows of one table it allows of every table
    for name, rights in NEEDED.items():
        yield from _of_table(name, [column.name for column in metadata.tables[name].columns], rights)
    if d.family == "postgresql":
        keys = {name: "id" for name in NEEDED if "id" in metadata.tables[name].columns and "INSERT" in NEEDED[name]}
        keys |= {times.table: times.id} | ({people.table: people.id} if creates_employees else {})
        for name, key in keys.items():
            table, column = (part.replace("'", "''") for part in (d.name(name), key))
            # A key that is an identity needs no right, and one without a sequence has none.
            may = (
                "SELECT bool_and(a.attidentity <> '' OR has_sequence_privilege(s.name, 'USAGE, UPDATE'))"
                f" FROM pg_attribute a, pg_get_serial_sequence('{table}', '{column}') AS s(name)"
                f" WHERE a.attrelid = to_regclass('{table}') AND a.attname = '{column}' AND s.name IS NOT NULL"
            )
            yield SEQUENCE, name, may


def _of_table(table: str, columns: list[str], rights: tuple[str, ...]) -> Iterator[tuple[str, str, str]]:
    every = ", ".join(columns)
    statements = {
        "SELECT": f"SELECT {every} FROM {table} WHERE 1 = 0",
        "INSERT": f"INSERT INTO {table} ({every}) SELECT {every} FROM {table} WHERE 1 = 0",
        "UPDATE": f"UPDATE {table} SET {columns[-1]} = {columns[-1]} WHERE 1 = 0",
        "DELETE": f"DELETE FROM {table} WHERE 1 = 0",
    }
    return ((right, table, statements[right]) for right in rights)

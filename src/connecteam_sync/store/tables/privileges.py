"""The rights of the database user, tried on every table of a run with statements that touch no row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Table
from sqlalchemy.exc import DBAPIError

from connecteam_sync.core.columns import CANONICAL, MAY_LACK, OPTIONAL
from connecteam_sync.store.sql.causes import ENDED_CODES, LOCK_CODES, codes_of
from connecteam_sync.store.sql.errors import takes_no_writes
from connecteam_sync.store.sql.quoting import run
from connecteam_sync.store.sql.unsupported import setting_of
from connecteam_sync.store.store import Store
from connecteam_sync.store.tables.host import ClockTimesNames
from connecteam_sync.store.tables.schema import tables_of

SEQUENCE = "USAGE of the sequence"
"""PostgreSQL's right to the numbers of a key."""
_ALL = ("SELECT", "INSERT", "UPDATE", "DELETE")
NEEDED: Mapping[str, tuple[str, ...]] = {
    "users": _ALL[:3],
    "shifts": _ALL[:3],
    "breaks": _ALL[:3],
    "runs": _ALL[:3],
    "slices": _ALL[:2],
    "inputs": ("SELECT", "INSERT", "DELETE"),
    "changes": _ALL[:2],
    "holds": _ALL[:3],
    "locked_days": ("SELECT", "INSERT", "DELETE"),
    "lock_events": _ALL[:2],
    "account": _ALL[:3],
    "vouches": _ALL[:3],
    "guard": ("SELECT", "UPDATE"),
    "adoptions": ("SELECT",),
    "service": _ALL[:3],
    "looks": _ALL,
    "alerts": _ALL[:3],
    "break_types": _ALL[:3],
    "jobs": _ALL[:3],
    "proofs": _ALL[:3],
    "assignments": _ALL[:3],
    "timesheets": ("SELECT", "INSERT", "DELETE"),
    "periods": _ALL[:3],
    "period_events": _ALL[:2],
    "person_locks": ("SELECT", "INSERT", "DELETE"),
    "corrections": _ALL[:3],
    "exports": _ALL[:2],
    "certificates": _ALL[:3],
    "purges": ("SELECT",),
    "erasures": ("SELECT",),
}
"""The rights that daily work needs on our tables, by kind. The journal is only ever added to: a DBA may enforce it."""


class MissingRights(NamedTuple):
    """The tables on which the user lacks a right that a run needs, by right."""

    by_right: dict[str, list[str]]
    is_kept: bool
    """Whether another program held a lock, so that the remaining tables were not tried."""


def lacking(
    store: Store, *, creates_employees: bool, renames_employees: bool = False, every: Sequence[str] = ()
) -> MissingRights:
    """The rights that the database user lacks. A lock is waited for once, not for each right.

    `every`: the columns of `clock_times`, if they are known. A row is saved whole and restored whole: a right on some
    of them is not enough.
    """
    found: dict[str, list[str]] = {}
    is_kept = False
    for right, table, statement in _tries(store, every, creates=creates_employees, renames=renames_employees):
        if is_kept:
            break
        with store.connection() as connection:
            try:
                result = run(connection, statement)
                may = not result.returns_rows or result.scalar() is not False
            except DBAPIError as error:
                # Another program's lock says nothing about rights. A setting of the server, a read-only database, and a
                # statement that was ended are reported as such.
                codes = codes_of(error)
                if setting_of(error) is not None or takes_no_writes(error, codes) or codes & ENDED_CODES:
                    raise
                may = is_kept = bool(codes & LOCK_CODES) or "database is locked" in str(error.orig)
            connection.rollback()
        if not may:
            found.setdefault(right, []).append(table)
    return MissingRights(found, is_kept)


def _is_named(times: ClockTimesNames, field: str) -> bool:
    """Whether the configuration names a column for an optional field."""
    return field in OPTIONAL and getattr(times, field) is not None


def _tries(store: Store, every: Sequence[str], *, creates: bool, renames: bool) -> Iterator[tuple[str, str, str]]:
    """(right, table, statement): the statement fails, or returns false, if the right is lacking."""
    d, times, people = store.dialect, store.host.clock_times, store.host.employees
    # All columns that a run sets: MariaDB refuses an insert without a required column, even of no row.
    written = [
        *([] if d.keys.row.draws else [times.id]),
        *(getattr(times, field) for field in CANONICAL if field not in MAY_LACK or _is_named(times, field)),
    ]
    written = [*(every or written)]
    moved = [name for name in written if name != times.id and name not in times.trigger_columns]
    yield from statements_of(
        d.table(times.table),
        [d.name(column) for column in written],
        _ALL,
        moved=[d.name(column) for column in moved],
        over=d.overriding if times.id in written else "",
    )
    mapped = [d.name(people.name), d.name(people.connecteam_user_id)]
    mapped = [*([] if d.keys.employee.draws else [d.name(people.id)]), *mapped]
    wanted = ("SELECT", *(("INSERT",) if creates else ()), *(("UPDATE",) if renames else ()))
    yield from statements_of(d.table(people.table), mapped, wanted)
    if not d.has_rights:
        return  # a file has no rights on single tables
    ours = tables_of(store.names)
    for kind, rights in NEEDED.items():
        yield from statements_of(d.own(ours[kind].fullname), [column.name for column in ours[kind].columns], rights)
    keys = {ours[kind].fullname: "id" for kind in NEEDED if _makes_keys(ours[kind], NEEDED[kind])}
    keys |= {times.table: times.id} | ({people.table: people.id} if creates else {})
    for name, key in keys.items():
        may = d.sequence_right(name, key)
        if may is not None:
            yield SEQUENCE, name, may


def _makes_keys(table: Table, rights: tuple[str, ...]) -> bool:
    """Whether rows of this table of ours get their keys from the database."""
    return "id" in table.columns and "INSERT" in rights


def statements_of(
    table: str, columns: Sequence[str], rights: tuple[str, ...], *, moved: Sequence[str] = (), over: str = ""
) -> Iterator[tuple[str, str, str]]:
    """(right, table, statement) of a table: each statement fails if the right is lacking, and none touches a row."""
    every = ", ".join(columns)
    setting = ", ".join(f"{column} = {column}" for column in moved or columns[-1:])
    statements = {
        "SELECT": f"SELECT {every} FROM {table} WHERE 1 = 0",
        "INSERT": f"INSERT INTO {table} ({every}){over} SELECT {every} FROM {table} WHERE 1 = 0",
        "UPDATE": f"UPDATE {table} SET {setting} WHERE 1 = 0",
        "DELETE": f"DELETE FROM {table} WHERE 1 = 0",
    }
    return ((right, table, statements[right]) for right in rights)

"""Look at everything a run needs, and name the cure of what is wrong. Nothing is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from connecteam_sync.connecteam import Connecteam
from connecteam_sync.core.run import Check
from connecteam_sync.errors import ConnecteamSyncError
from connecteam_sync.store import catalog, people
from connecteam_sync.store.engine import inspector
from connecteam_sync.store.session import Session
from connecteam_sync.store.store import Store

_SKEW = 120
"""Seconds this machine's clock may be off before we say so."""
_OLDEST = {"sqlite": (3, 38), "mariadb": (10, 6), "mysql": (8, 0), "postgresql": (12,)}


def examine(
    store: Store, client: Callable[[], Connecteam], *, time_clocks: tuple[int, ...], configuration: Check
) -> tuple[Check, ...]:
    """Every check, in the order in which a person would cure them."""
    return (configuration, *_database(store), *_upstream(client, time_clocks))


def _failed(name: str, error: ConnecteamSyncError) -> Check:
    return Check(name=name, state="failed", detail=error.message, cure=error.next_step)


def _database(store: Store) -> Iterator[Check]:
    try:
        with store.connection() as connection:
            yield _version(connection)
    except ConnecteamSyncError as error:
        yield _failed("database", error)
        return
    try:
        with store.reading() as session:
            yield Check(name="tables", state="ok", detail="ours are there and of this version; yours have every column")
            yield _unique_key(session)
            yield _people(session)
        yield from _rights(store)
    except ConnecteamSyncError as error:
        yield _failed("tables", error)


def _version(connection: Connection) -> Check:
    dialect = inspector(connection).dialect
    name = "mariadb" if getattr(dialect, "is_mariadb", False) else dialect.name
    found = tuple(int(part) for part in (dialect.server_version_info or ())[:2] if isinstance(part, int))
    shown = ".".join(map(str, found))
    if found < _OLDEST[name]:
        wanted = ".".join(map(str, _OLDEST[name]))
        return Check(
            name="database",
            state="failed",
            detail=f"{name} {shown} is too old",
            cure=f"upgrade it to {wanted} or newer",
        )
    return Check(name="database", state="ok", detail=f"{name} {shown} answers")


def _unique_key(session: Session) -> Check:
    names = session.host.clock_times
    key = catalog.unique_key(session.connection, session.dialect, session.host)
    if key is not None and key.is_valid:
        return Check(name="unique key", state="ok", detail="one row per employee and clock-in")
    return Check(
        name="unique key",
        state="warning",
        detail=f"{names.table} has no unique key over {names.employee_id} and {names.clock_in}",
        cure="connecteam-sync adopt shows what is in its way; until then only this program keeps doubles out",
    )


def _people(session: Session) -> Check:
    waiting = people.people(session, unmapped=True)
    if not waiting:
        return Check(name="people", state="ok", detail="every Connecteam user seen so far counts for an employee")
    return Check(
        name="people",
        state="warning",
        detail=f"{len(waiting)} Connecteam users count for nobody yet",
        cure="connecteam-sync employees --unmapped, then connecteam-sync employees map USER EMPLOYEE",
    )


def _rights(store: Store) -> Iterator[Check]:
    """Whether the database user may do what a run does, tried with statements that touch no row."""
    d, names = store.dialect, store.host.clock_times
    table, key = d.name(names.table), d.name(names.id)
    # All that a run sets: MariaDB refuses an insert that leaves out a column without a default, also of no row.
    wanted = (names.employee_id, names.clock_in, names.clock_out, names.total_minutes, names.is_active, names.source)
    written = ", ".join(d.name(column) for column in wanted)
    employees, user = d.name(store.host.employees.table), d.name(store.host.employees.id)
    tries = {
        "SELECT": f"SELECT 1 FROM {table}, {employees} WHERE 1 = 0",
        "INSERT": f"INSERT INTO {table} ({written}) SELECT {written} FROM {table} WHERE 1 = 0",
        "UPDATE": f"UPDATE {table} SET {key} = {key} WHERE 1 = 0",
        "DELETE": f"DELETE FROM {table} WHERE 1 = 0",
        "SELECT of people": f"SELECT {user} FROM {employees} WHERE 1 = 0",
    }
    refused: list[str] = []
    for right, statement in tries.items():
        with store.connection() as connection:
            try:
                connection.execute(text(statement))
            except DBAPIError:
                refused.append(right)
            connection.rollback()
    if refused:
        yield Check(
            name="rights",
            state="failed",
            detail=f"the database user may not: {', '.join(refused)}",
            cure=f"GRANT SELECT, INSERT, UPDATE, DELETE ON {names.table} (and SELECT on {store.host.employees.table})",
        )
    else:
        yield Check(name="rights", state="ok", detail="the database user may read and write what it must")


def _upstream(make: Callable[[], Connecteam], wanted: tuple[int, ...]) -> Iterator[Check]:
    try:
        client = make()
        yield Check(name="Connecteam", state="ok", detail=f"the key is that of {client.company()}")
    except ConnecteamSyncError as error:
        yield _failed("Connecteam", error)
        return
    skew = client.server_clock_skew
    if skew is not None and abs(skew) > _SKEW:
        yield Check(
            name="clock",
            state="warning",
            detail=f"this machine's clock is {abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} Connecteam's",
            cure="let it follow a time server",
        )
    else:
        yield Check(name="clock", state="ok", detail="this machine's clock agrees with Connecteam's")
    try:
        clocks = client.time_clocks()
        known = {clock.id for clock in clocks}
        missing = [str(clock) for clock in wanted if clock not in known]
        shown = ", ".join(f"{c.id} {c.name}{' (archived)' if c.is_archived else ''}" for c in clocks)
        if missing:
            yield Check(
                name="time clocks",
                state="failed",
                detail=f"there is no time clock {', '.join(missing)}",
                cure=f"set CONNECTEAM_SYNC_TIME_CLOCKS to some of: {shown}",
            )
        else:
            yield Check(name="time clocks", state="ok", detail=shown)
        yield Check(name="users", state="ok", detail=f"{len(client.users().users)} users can be read")
    except ConnecteamSyncError as error:
        yield _failed("time clocks and users", error)

"""Look at everything a run needs, and name the cure of what is wrong. Nothing is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sqlalchemy import Connection

from connecteam_sync.connecteam import Connecteam
from connecteam_sync.core.run import Check
from connecteam_sync.errors import ConnecteamSyncError
from connecteam_sync.store import catalog, people, rights
from connecteam_sync.store.engine import inspector
from connecteam_sync.store.session import Session
from connecteam_sync.store.store import Store

_SKEW = 120
"""Seconds this machine's clock may be off before we say so."""
_OLDEST = {"sqlite": (3, 38), "mariadb": (10, 6), "mysql": (8, 0), "postgresql": (12,)}


def examine(
    store: Store,
    client: Callable[[], Connecteam],
    *,
    time_clocks: tuple[int, ...],
    employees: str | None,
    configuration: Check,
) -> tuple[Check, ...]:
    """Every check, in the order in which a person would cure them; `employees` as configured."""
    return (configuration, *_database(store, employees), *_upstream(client, time_clocks))


def _failed(name: str, error: ConnecteamSyncError) -> Check:
    return Check(name=name, state="failed", detail=error.message, cure=error.next_step)


def _database(store: Store, employees: str | None) -> Iterator[Check]:
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
            made_employees = session.columns.made_employees
        yield _rights(store, creates_employees=employees == "create" or (employees is None and made_employees))
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


def _rights(store: Store, *, creates_employees: bool) -> Check:
    lacking = rights.lacking(store, creates_employees=creates_employees)
    if not lacking:
        return Check(name="rights", state="ok", detail="the database user may read and write what it must")
    said = "; ".join(f"{right} on {', '.join(tables)}" for right, tables in lacking.items())
    cures = [
        f"GRANT {right} on these tables to the user of daily runs"
        if right != rights.SEQUENCE
        else "GRANT USAGE ON ALL SEQUENCES IN SCHEMA of our tables to that user"
        for right in lacking
    ]
    return Check(name="rights", state="failed", detail=f"the database user may not: {said}", cure="; ".join(cures))


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

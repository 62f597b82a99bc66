"""Check everything that a run needs, and name the cure of every fault. Nothing is written."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from connecteam_sync.api.client import Connecteam
from connecteam_sync.core.clocktime import CONNECTEAM
from connecteam_sync.core.run import Check
from connecteam_sync.core.text import called, many
from connecteam_sync.core.window import MAX_WINDOW_DAYS, later, local_day
from connecteam_sync.engine.account import AccountCheck
from connecteam_sync.engine.doctor_connecteam import archived, failed, incomplete, upstream
from connecteam_sync.engine.doctor_keys import key_sequences, payroll_numbers
from connecteam_sync.engine.doctor_views import views_made
from connecteam_sync.errors import ConnecteamSyncError, NotServed
from connecteam_sync.store.adopt import catalog
from connecteam_sync.store.mirror import child_rows, people
from connecteam_sync.store.session import Session
from connecteam_sync.store.sql import unsupported
from connecteam_sync.store.sql.causes import codes_of
from connecteam_sync.store.sql.connect import inspector
from connecteam_sync.store.sql.errors import DENIED
from connecteam_sync.store.sql.pipeline import Query
from connecteam_sync.store.store import Store
from connecteam_sync.store.tables import columns, contents, privileges, probe, repair, support

_NAMED = 5
"""How many people one line names."""


def examine(
    store: Store,
    client: Callable[[], Connecteam],
    *,
    belonging: AccountCheck,
    time_clocks: tuple[int, ...],
    employees: str | None,
    zone: ZoneInfo,
    configuration: Check,
) -> tuple[Check, ...]:
    """All checks, in the order in which to cure them. `employees` is as configured, `zone` the business time zone."""
    database = tuple(_database(store, employees, zone))
    kept = {} if any(check.state == "failed" for check in database) else _rows_of_clocks(store)
    reported = {check.detail for check in database if check.state == "failed"}
    others = [*upstream(client, belonging, time_clocks), *archived(client, kept, zone)]
    # A fault of the database fails later checks too: it is reported once.
    return (configuration, *database, *(check for check in others if check.detail not in reported))


def _database(store: Store, employees: str | None, zone: ZoneInfo) -> Iterator[Check]:
    try:
        with store.connection() as connection:
            yield _version(connection, store)
            unsupported.require_rows_of_json(connection)
    except ConnecteamSyncError as error:
        yield failed("database", error)
        return
    try:
        with store.reading() as session:
            yield Check(name="tables", state="ok", detail="ours are there and of this version; yours have every column")
            own = _own_tables(session)
            yield own
            if own.state == "failed":
                return
            yield from views_made(session, zone)
            creates = employees == "create" or (employees is None and session.columns.made_employees)
            yield from _table(session, creates_employees=creates)
            yield _served(session, creates_employees=creates)
            yield _unique_key(session)
            yield from key_sequences(session, creates_employees=creates)
            yield from payroll_numbers(session)
            if is_served := not support.faults(session.host, session.columns, session.dialect):
                yield from _contents(session)
                yield from _odd_rows(session)
            yield _children(session)
            yield from _triggers(session)
            if is_served:
                yield _links(session, zone)
            yield from _people(session)
            yield from incomplete(session)
            made_employees, every = session.columns.made_employees, tuple(session.columns.clock_times)
            # If employees cannot be created at all, a trial would fail for another reason than missing rights.
            creates = creates and not support.people_faults(session.host, session.columns)
        if is_served:
            yield from _probe(store, creates=creates)
        yield _rights(store, creates=creates, renames=made_employees, every=every)
    except ConnecteamSyncError as error:
        yield _denied(store, error, creates=employees == "create") or failed("tables", error)


def _denied(store: Store, error: ConnecteamSyncError, *, creates: bool) -> Check | None:
    """All missing rights, if the tables cannot be read for want of one; None if that is not the reason."""
    cause = error.__cause__
    if not isinstance(cause, DBAPIError) or not codes_of(cause) & DENIED:
        return None
    check = _rights(store, creates=creates, renames=False)
    made = "where our tables are not made yet: connecteam-sync init, with a user that may create them; then"
    if check.state == "failed" and store.names.prefix not in check.detail:
        return check
    if check.state == "ok":
        return Check(name="rights", state="failed", detail=error.message, cure=f"{made} GRANT SELECT on what it names")
    return msgspec.structs.replace(check, cure=f"{made} {check.cure}")


def _version(connection: Connection, store: Store) -> Check:
    version, where = inspector(connection).dialect.server_version_info or (), store.name
    served = store.dialect.of_server(connection)
    name = served.kind
    release = tuple(int(part) for part in version[:2] if isinstance(part, int))
    shown = ".".join(map(str, release))
    if release < served.oldest:
        wanted = ".".join(map(str, served.oldest))
        return Check(
            name="database",
            state="failed",
            detail=f"{name} {shown} is too old ({where})",
            cure=f"upgrade it to {wanted} or newer",
        )
    return Check(name="database", state="ok", detail=f"{name} {shown} answers: {where}")


def _own_tables(session: Session) -> Check:
    """The columns and indexes of our tables; the version number alone proves little."""
    prefix = session.own.names.prefix
    faults = [
        fault
        for fault in repair.faults(session.connection, session.dialect, session.own.names)
        # A server may hide a table on which the user has no right; daily work needs no right on some.
        if not (
            fault.is_table
            and session.dialect.hides_what_is_not_granted
            and fault.table.name.removeprefix(prefix) not in privileges.NEEDED
        )
    ]
    if not faults:
        return Check(name="our tables", state="ok", detail="every column and index of ours is as this version needs it")
    lost = [fault for fault in faults if not fault.mends]
    cures = ["connecteam-sync init, with the user that made our tables, puts back what is missing"] * (faults != lost)
    if lost:
        tables = ", ".join(dict.fromkeys(fault.table.fullname for fault in lost))
        cures.append(
            f"take back what was done to {tables}, or bring it back from a dump: nobody knows what stood in it"
        )
    detail = "; ".join(fault.message for fault in faults)
    return Check(name="our tables", state="failed", detail=detail, cure="; ".join(cures))


def _links(session: Session, zone: ZoneInfo) -> Check:
    """Whether each shift is linked to a row that fits it."""
    stale, names = repair.stale_links(session), session.host.clock_times
    if not stale.gone + stale.other:
        return Check(name="links", state="ok", detail=f"every shift that has a row of {names.table} fits it")
    faults = [f"rows that shifts are linked to and that are gone: {stale.gone}"] * bool(stale.gone)
    faults += [f"rows that say neither what was written nor what the shift says: {stale.other}"] * bool(stale.other)
    first, last = local_day(stale.first or 0, zone), local_day(stale.last or 0, zone)
    last = min(last, later(first, MAX_WINDOW_DAYS - 1))
    return Check(
        name="links",
        state="warning",
        detail=f"{names.table}: {'; '.join(faults)}",
        cure=f"connecteam-sync sync --from {first} --to {last}, which writes what Connecteam says",
    )


def _table(session: Session, *, creates_employees: bool) -> Iterator[Check]:
    """Whether the table can be mirrored: its kind, its engine, the types and values of its columns."""
    faults = support.faults(session.host, session.columns, session.dialect)
    if creates_employees:
        faults += support.people_faults(session.host, session.columns)
    for fault in faults:
        yield Check(name="table", state="failed", detail=fault.message, cure=fault.cure)
    if not faults:
        yield Check(name="table", state="ok", detail="its engine, and the types of its columns, are served")


def _served(session: Session, *, creates_employees: bool) -> Check:
    problems = columns.unserved(session.host, session.columns, creates_employees=creates_employees)
    if not problems:
        return Check(name="columns", state="ok", detail="every column that a new row must fill is filled")
    return Check(name="columns", state="failed", detail="; ".join(problems), cure=columns.UNSERVED_CURE)


def _contents(session: Session) -> Iterator[Check]:
    """Whether the rows belong to the employees of the configured table, and hold the configured words."""
    for fault in (faults := contents.faults(session)):
        yield Check(name="contents", state="failed", detail=fault.message, cure=fault.cure)
    for difference in contents.elsewhere(session):
        table = session.host.employees.table
        yield Check(
            name="contents",
            state="warning",
            detail=f"{difference}; rows are written as long as the ids are of the same people in both",
            cure=f"nothing, where they are; else name their table under [tables.employees] instead of {table}",
        )
    lost = contents.unknown_employees(session)
    if lost.lost and not lost.are_most:
        yield _unknown_employees(session, lost)
    elif not faults:
        yield Check(name="contents", state="ok", detail="the rows are of the people, and as the configuration says")


def _unknown_employees(session: Session, found: contents.UnknownEmployees) -> Check:
    """Some rows of employees whom the table of people does not have: too few for it to be another table."""
    names, people = session.host.clock_times, session.host.employees
    shown = ", ".join(found.ids[:_NAMED]) + (f" and {len(found.ids) - _NAMED:,} more" if found.ids[_NAMED:] else "")
    return Check(
        name="contents",
        state="warning",
        detail=f"{found.lost:,} of {found.every:,} rows of {names.table} have an {names.employee_id} that is in no row"
        f" of {people.table} ({shown}): no Connecteam user can count for them",
        cure=f"bring these people back to {people.table}, or write whose rows they are:"
        f" SELECT * FROM {names.table} WHERE {names.employee_id} NOT IN (SELECT {people.id} FROM {people.table})",
    )


def _odd_rows(session: Session) -> Iterator[Check]:
    """Odd rows that no other command reports."""
    names, odd = session.host.clock_times, repair.odd_rows(session)
    if odd.unassigned:
        yield Check(
            name="rows of nobody",
            state="warning",
            detail=f"{names.table}: {many(odd.unassigned, 'row')} of ours with no {names.employee_id} or no"
            f" {names.clock_in} that is a time: nothing looks at them, and their shifts get rows of their own",
            cure="write what is missing there, or delete them; then connecteam-sync adopt, which shows what is double",
        )
    if odd.out_of_reach:
        yield Check(
            name="rows out of reach",
            state="warning",
            detail=f"{names.table}: {many(odd.out_of_reach, 'row')} of ours whose {names.clock_in} lies before 1971 or"
            " after 2199: no command asks Connecteam about such days, so they stay as they are and count wherever"
            " somebody counts",
            cure="correct or delete them where they were written",
        )
    if odd.fractions:
        yield Check(
            name="fractions",
            state="warning",
            detail=f"{names.table}: {many(odd.fractions, 'row')} whose {names.clock_in} or {names.clock_out} has a"
            " fraction of a second: it is read as the second it lies in, and a unique key takes two rows of one second",
            cure="round them down to the second, and let the columns hold whole seconds (DATETIME, TIMESTAMP(0)); then"
            " connecteam-sync adopt, which shows what is double",
        )
    if odd.nearly_ours:
        yield Check(
            name="source",
            state="warning",
            detail=f"{names.table}: {many(odd.nearly_ours, 'row')} whose {names.source} is {odd.example!r}: ours say"
            f" {CONNECTEAM!r}, to the letter; all others count as entered by hand and are never written",
            cure=f"where they came from Connecteam: UPDATE {names.table} SET {names.source} = '{CONNECTEAM}' of them",
        )
    if odd.without_source:
        yield Check(
            name="source",
            state="warning",
            detail=f"{names.table}: {many(odd.without_source, 'row')} without a {names.source} count as entered by"
            " hand, and are never written",
            cure=f"where they came from Connecteam: UPDATE {names.table} SET {names.source} = '{CONNECTEAM}' of them",
        )


def _probe(store: Store, *, creates: bool) -> Iterator[Check]:
    """Try to create, correct, delete and restore a row, and to create an employee; all of it is rolled back."""
    table, person = store.host.clock_times.table, None
    try:
        with store.writing("probing the table") as session:
            probed = probe.probe_copy(session, now=int(time.time()))
            people_known, is_due = bool(session.employees()), session.columns.is_new
            is_odd, happened = probed is None and probe.has_odd_ones(session), probe.happened(session)
            person = probe.probe_person(session) if creates else None
    except NotServed as error:
        yield failed("probe", error)
        return
    except ConnecteamSyncError as error:
        detail = f"{table} could not be probed: {error.message}"
        yield Check(name="probe", state="warning", detail=detail, cure=error.next_step)
        return
    why = _unprobed(is_odd=is_odd, people_known=people_known)
    yield _probed(table, probed, is_due=is_due, why=why, happened=happened)
    if person is not None and person.refused:
        yield Check(
            name="probe",
            state="warning",
            detail=f"{store.host.employees.table} takes no row of a new person: {person.refused}",
            cure="nothing, where the database is meant to refuse such a row; single people that it refuses are held",
        )


def _unprobed(*, is_odd: bool, people_known: bool) -> str:
    """Why no row could be copied for the probe."""
    if is_odd:
        return "no row of ours lies between 1970 and 2100 with a free instant behind it"
    return "no row of ours yet" if people_known else "no employee yet"


def _probed(table: str, probed: probe.Probed | None, *, is_due: bool, why: str, happened: str) -> Check:
    """The result of the probe with a copy of a row."""
    if probed is None and not is_due:
        return Check(name="probe", state="ok", detail=f"{table} is as it was when it was probed last, or made")
    if probed is None:
        return Check(
            name="probe",
            state="warning",
            detail=f"not probed: {why}; the first run that writes probes {table} with its first row",
            cure="nothing to do; after the first run: connecteam-sync doctor",
        )
    if probed.refused:
        return Check(
            name="probe",
            state="warning",
            detail=f"{table} refuses a copy of a row that is there, so it could not be probed: {probed.refused}",
            cure="nothing, where the database is meant to refuse such a row: single shifts that it refuses are held;"
            " where a column is too small for what Connecteam says, make it larger (ALTER TABLE)",
        )
    detail = f"a row was made, corrected, deleted and brought back to the byte, and all of it taken back: {happened}"
    return Check(name="probe", state="ok", detail=detail)


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


def _children(session: Session) -> Check:
    """Tables that reference the clock times: rows of ours that are referenced are never deleted."""
    table, pointers = session.host.clock_times.table, child_rows.pointers_at_ours(session, fresh=True)
    shown = ", ".join(f"{p.place} ({f'ON DELETE {p.on_delete}' if p.is_declared else 'configured'})" for p in pointers)
    detail = f"{shown}: rows with children are never deleted" if shown else f"no table that is known points at {table}"
    hidden = [pointer for pointer in pointers if pointer.hidden]
    why = child_rows.unknown_children_reason(session)
    if hidden:
        names = ", ".join(dict.fromkeys(pointer.name for pointer in hidden))
        return Check(
            name="child tables",
            state="warning",
            detail=f"{detail}; {names} cannot be read ({hidden[0].hidden}), so no row of {table} is deleted at all",
            cure=f"GRANT SELECT on {names} to the user of daily runs, without a policy that hides rows",
        )
    if why and session.host.clock_times.child_tables is None:
        return Check(
            name="child tables",
            state="warning",
            detail=f"{detail}; {why}",
            cure=(
                "ask the administrator which tables point here, and name them in child_tables under"
                " [tables.clock_times]; child_tables = [] says that there are no others"
            ),
        )
    return Check(name="child tables", state="ok", detail=detail)


def _triggers(session: Session) -> Iterator[Check]:
    """Without the TRIGGER right, MySQL and MariaDB hide triggers: it is then unknown whether there are any."""
    table = session.host.clock_times.table
    if session.dialect.shows_triggers(session.connection, table):
        return
    yield Check(
        name="triggers",
        state="warning",
        detail=f"whether {table} has triggers is not known: the server shows them to nobody without the TRIGGER right",
        cure=f"GRANT TRIGGER ON {table} to the user of daily runs, or ask the administrator what its triggers write",
    )


def _people(session: Session) -> Iterator[Check]:
    names, contested = session.host.employees, people.ambiguous(session)
    for user, several in sorted(contested.items()):
        yield Check(
            name="people",
            state="failed",
            detail=f"several rows of {names.table} carry Connecteam user {user}: {several}; their shifts are held",
            cure=f"leave {names.connecteam_user_id} {user} on one of them, or say whose hours they are:"
            f" connecteam-sync employees map {user} EMPLOYEE",
        )
    if odd := people.employees_with_invalid_user(session):
        shown = ", ".join(f"{one.id} {called(one.name)}: {called(one.connecteam_user_id)!r}" for one in odd[:_NAMED])
        more = f" and {len(odd) - _NAMED:,} more" if len(odd) > _NAMED else ""
        yield Check(
            name="people",
            state="warning",
            detail=f"what stands in {names.table}.{names.connecteam_user_id} is no Connecteam user id in"
            f" {many(len(odd), 'row')}, and counts as nothing: {shown}{more}",
            cure=f"write the number that Connecteam shows, or nothing; or connecteam-sync employees map USER"
            f" {odd[0].id if len(odd) == 1 else 'EMPLOYEE'}",
        )
    waiting = [person for person in people.people(session, unmapped=True) if not person.ambiguous]
    if not waiting and not contested and not odd:
        seen = "every Connecteam user seen so far counts for an employee"
        detail = seen if session.known_users() else "no Connecteam user was seen yet: the first run looks at them"
        yield Check(name="people", state="ok", detail=detail)
    if not waiting:
        return
    yield Check(
        name="people",
        state="warning",
        detail=f"{many(len(waiting), 'Connecteam user counts', 'Connecteam users count')} for nobody yet",
        cure="connecteam-sync employees --unmapped, then connecteam-sync employees map USER EMPLOYEE",
    )


def _rights(store: Store, *, creates: bool, renames: bool, every: Sequence[str] = ()) -> Check:
    lacking, is_kept = privileges.lacking(store, creates_employees=creates, renames_employees=renames, every=every)
    if is_kept and not lacking:
        return Check(
            name="rights",
            state="warning",
            detail="not tried to the end: another program holds a table that would be written",
            cure="run doctor again once it has let go; a run waits for it, and ends with 6 where that takes too long",
        )
    if not lacking:
        return Check(name="rights", state="ok", detail="the database user may read and write what it must")
    missing = "; ".join(f"{right} on {', '.join(tables)}" for right, tables in lacking.items())
    cures = [
        f"GRANT {right} on these tables to the user of daily runs"
        if right != privileges.SEQUENCE
        else "GRANT USAGE ON ALL SEQUENCES IN SCHEMA of our tables to that user"
        for right in lacking
    ]
    return Check(name="rights", state="failed", detail=f"the database user may not: {missing}", cure="; ".join(cures))


def _rows_of_clocks(store: Store) -> dict[int, int]:
    """The number of rows of each time clock's current shifts, by its id."""
    with store.reading() as session:
        counted = Query(
            f"SELECT time_clock_id, count(*) FROM {session.own.shifts}"
            " WHERE is_gone = 0 AND clock_time_id IS NOT NULL GROUP BY time_clock_id"
        )
        return {int(clock): int(count) for clock, count in session.fetch(counted)[0]}

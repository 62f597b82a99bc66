"""People, a person's month and day, as the pages of the console show them: read by indexes, never by time alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from connecteam_sync.core.clocktime import Employee
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.name_search import folded
from connecteam_sync.core.people import mapped
from connecteam_sync.core.persons import (
    DayBreak,
    DayLock,
    PeoplePage,
    PersonDay,
    PersonLine,
    PersonMonth,
    SheetTotal,
    Tracked,
    WorkedMonth,
    after,
    by_name,
    month_days,
    next_month,
)
from connecteam_sync.core.shift import User
from connecteam_sync.core.window import each_day, end_of_day, start_of_day
from connecteam_sync.store.history.employee import explained
from connecteam_sync.store.payroll.day_locks import closed_days
from connecteam_sync.store.session import Session
from connecteam_sync.store.sql.pipeline import Query
from connecteam_sync.store.sql.statements import batched
from connecteam_sync.store.tables import rows
from connecteam_sync.store.tables.keys import row_id
from connecteam_sync.store.tables.own import OwnTables

PAGE = 50
_MOVED = 7 * 86_400
"""How far a shift may have moved since its row was written (a locked day holds that): it is found by its start."""
_REACH = 2 * 86_400
"""Rows and breaks that began so many seconds before a day may reach into it."""
_UNMAPPED = 5
"""How many Connecteam users without an employee are named that match a search."""

KnownUsers = Mapping[int, tuple[User, bool, RowId | None]]


# -- everybody ---------------------------------------------------------------------------------------------------------


def people_page(session: Session, query: str, after_id: str | None, first: date, zone: ZoneInfo) -> PeoplePage:
    """A page of employees, with the month that begins with `first`: four statements."""
    everybody, known = session.employees(), session.known_users()
    who = mapped(everybody, {user: own for user, (_, _, own) in known.items()})
    found = by_name(everybody, query)
    rest = after(found, after_id)
    shown = rest[:PAGE]
    users = {one.id: tuple(sorted(who.users_of.get(one.id, ()))) for one in shown}
    worked = _worked(session, (user for several in users.values() for user in several), first, zone)
    held = _held(session)
    return PeoplePage(
        lines=tuple(
            PersonLine(
                employee=one,
                users=users[one.id],
                month=worked.get(one.id, WorkedMonth()),
                holds=held.of(one.id, users[one.id]),
            )
            for one in shown
        ),
        matches=len(found),
        total=len(everybody),
        first=first,
        next_after=shown[-1].id if len(rest) > PAGE else None,
        unmapped=_unmapped(known, who.employees, query),
    )


def _unmapped(known: KnownUsers, employees: Mapping[int, RowId], query: str) -> tuple[tuple[int, str], ...]:
    """The first Connecteam users without an employee that match a search."""
    text, words = query.strip(), folded(query).split()
    matching = (
        (user_id, user.name)
        for user_id, (user, _, _) in sorted(known.items())
        if user_id not in employees
        and words
        and (text == str(user_id) or all(word in folded(user.name) for word in words))
    )
    return tuple(found for found, _ in zip(matching, range(_UNMAPPED), strict=False))


def _worked(session: Session, users: Iterable[int], first: date, zone: ZoneInfo) -> dict[RowId, WorkedMonth]:
    """By employee, the shifts of these users that have a row and begin in the month."""
    d = session.dialect
    start, end = start_of_day(first, zone), start_of_day(next_month(first), zone)
    seconds = "s.applied_clock_out - s.applied_clock_in"
    queries = batched(
        "SELECT s.applied_employee_id, count(*), sum(CASE WHEN s.applied_clock_out IS NULL THEN 1 ELSE 0 END),"
        f" coalesce(sum((({seconds}) - ({seconds}) % 60) / 60), 0)"
        f" FROM {d.rowset({'user_id': 'int'})} {d.lookup} {session.own.shifts} s ON s.user_id = d.user_id"
        " WHERE s.start_at >= :low AND s.start_at < :high AND s.clock_time_id IS NOT NULL"
        " AND s.applied_clock_in >= :start AND s.applied_clock_in < :end GROUP BY s.applied_employee_id",
        ({"user_id": user} for user in users),
        {"start": start, "end": end, "low": start - _MOVED, "high": end + _MOVED},
    )
    return {
        row_id(employee): WorkedMonth(shifts=int(count), open_shifts=int(opened), minutes=int(minutes))
        for fetched in session.fetch(*queries)
        for employee, count, opened, minutes in fetched
        if employee is not None
    }


class _Held(NamedTuple):
    """How many holds wait for a person, by employee, and by user if no employee is known."""

    employees: Counter[RowId]
    users: Counter[int]

    def of(self, employee: RowId, users: Iterable[int]) -> int:
        return self.employees[employee] + sum(self.users[user] for user in users)


def _held(session: Session) -> _Held:
    [fetched] = session.fetch(
        Query(
            f"SELECT employee_id, user_id, count(*) FROM {session.own.holds}"
            " WHERE resolved_run IS NULL AND acknowledged_at IS NULL GROUP BY employee_id, user_id"
        )
    )
    held = _Held(Counter(), Counter())
    for employee, user, count in fetched:
        if employee is not None:
            held.employees[row_id(employee)] += int(count)
        elif user is not None:
            held.users[int(user)] += int(count)
    return held


# -- one person --------------------------------------------------------------------------------------------------------


def person_month(
    session: Session, person: Employee, people: Iterable[Employee], first: date, zone: ZoneInfo
) -> PersonMonth:
    """The month that begins with `first`, of one of these people: five statements."""
    known = session.known_users()
    who = mapped(people, {user: own for user, (_, _, own) in known.items()})
    users = who.users_of.get(person.id, frozenset())
    start, end = start_of_day(first, zone), start_of_day(next_month(first), zone)
    d = session.dialect
    shifts = batched(
        "SELECT s.start_at, s.end_at, s.clock_time_id"
        f" FROM {d.rowset({'user_id': 'int'})} {d.lookup} {session.own.shifts} s ON s.user_id = d.user_id"
        " WHERE s.start_at >= :low AND s.start_at < :high AND (s.is_gone = 0 OR s.clock_time_id IS NOT NULL)",
        ({"user_id": user} for user in sorted(users)),
        {"low": start - _MOVED, "high": end + _MOVED},
        _tracked,
    )
    locked, *tracked = session.fetch(_locked_query(session.own, first), *shifts)
    return PersonMonth(
        employee=person,
        users=_named(users, known),
        first=first,
        days=month_days(
            first,
            session.rows_of(person.id, start, end),
            (shift for several in tracked for shift in several),
            {day for begin, end in locked for day in each_day(date.fromisoformat(begin), date.fromisoformat(end))},
            zone,
        ),
        holds=_held(session).of(person.id, users),
    )


def _tracked(row: Sequence[Any]) -> Tracked:
    start, end, key = row
    return Tracked(int(start), None if end is None else int(end), None if key is None else row_id(key))


def _named(users: Iterable[int], known: KnownUsers) -> dict[int, str]:
    return {user: known[user][0].name if user in known else f"Connecteam user {user}" for user in sorted(users)}


def _locked_query(own: OwnTables, first: date) -> Query:
    """The closed days of a month, whatever zone they were closed in."""
    return Query(
        f"SELECT first_day, last_day FROM {closed_days(own)} WHERE last_day >= :first AND first_day < :end",
        {"first": first.isoformat(), "end": next_month(first).isoformat()},
    )


def person_day(session: Session, person: Employee, people: Iterable[Employee], day: date, zone: ZoneInfo) -> PersonDay:
    """A day of one of these people: six statements."""
    people = list(people)
    start, end = start_of_day(day, zone), end_of_day(day, zone)
    found = explained(session, person, people, days=(day, day), span=(start, end), reach=_REACH)
    users = frozenset(found.users)
    breaks, sheet, locks = _facts(session, users, day, zone)
    return PersonDay(
        day=day,
        start=start,
        end=end,
        history=found.history,
        users=found.users,
        rows_before=tuple(row for row in found.rows_before if row.clock_out is None or row.clock_out > start),
        shifts_before=tuple(
            one for one in found.shifts_before if not one.is_gone and (one.shift.end is None or one.shift.end > start)
        ),
        breaks=breaks,
        timesheet=sheet,
        locks=locks,
        names={one.id: one.name for one in people if one.name},
    )


_SAID_OF = {
    "connecteam_lock": "locked in Connecteam",
    "connecteam_approval": "approved in Connecteam",
    "purged": "purged",
}
"""What is said of a day that is closed for one person, or for good."""


def _facts(
    session: Session, users: Iterable[int], day: date, zone: ZoneInfo
) -> tuple[tuple[DayBreak, ...], tuple[SheetTotal, ...], tuple[DayLock, ...]]:
    """The breaks of these users that touch the day, Connecteam's totals of it, and its locks: one statement for all
    three, so that a page stays quick over a network.
    """
    d, own, start = session.dialect, session.own, start_of_day(day, zone)
    nothing = f"CAST(NULL AS {d.bigint})"
    rowset = d.rowset({"user_id": "int"})
    sql = (
        "SELECT 'break' AS part, b.time_clock_id AS clock, b.start_at AS first, b.end_at AS last, k.is_paid AS flag,"
        f" k.name AS name, b.break_type_id AS who, '' AS why FROM {rowset} {d.lookup} {own.breaks} b"
        f" ON b.user_id = d.user_id LEFT JOIN {own.break_types} k ON k.time_clock_id = b.time_clock_id"
        " AND k.id = b.break_type_id WHERE b.is_gone = 0 AND b.start_at >= :low AND b.start_at < :high"
        f" UNION ALL SELECT 'sheet', t.time_clock_id, t.minutes, t.seen_at, t.run_id, '', '', ''"
        f" FROM {rowset} {d.lookup} {own.timesheets} t ON t.user_id = d.user_id"
        " WHERE t.day = :day AND t.timezone = :zone"
        f" UNION ALL SELECT 'lock', {nothing}, l.locked_at, {nothing}, {nothing}, l.timezone, e.actor, e.reason"
        f" FROM {own.locked_days} l LEFT JOIN {own.lock_events} e ON e.id = l.event_id WHERE l.day = :day"
        f" UNION ALL SELECT 'lock', {nothing}, p.changed_at, {nothing}, {nothing}, p.timezone, v.actor, v.reason"
        f" FROM {own.periods} p JOIN {own.period_events} v ON v.id = p.event_id"
        " WHERE p.state = 'closed' AND p.first_day <= :day AND p.last_day >= :day"
        f" UNION ALL SELECT 'lock', {nothing}, u.begun_at, {nothing}, {nothing}, u.timezone, u.actor, 'purged'"
        f" FROM {own.purges} u WHERE u.first_day <= :day AND u.last_day >= :day"
        f" UNION ALL SELECT DISTINCT 'lock', l.time_clock_id, l.locked_at, {nothing}, {nothing}, l.timezone,"
        " CASE WHEN l.source = 'own' THEN e.actor ELSE 'Connecteam' END,"
        " CASE WHEN l.source = 'own' THEN e.reason ELSE l.source END"
        f" FROM {rowset} JOIN {own.person_locks} l ON l.user_id = d.user_id OR l.user_id = 0"
        f" LEFT JOIN {own.lock_events} e ON e.id = l.event_id WHERE l.day = :day"
    )
    rowset_of = rows.json_rows({"user_id": user} for user in sorted(users))
    span = {"low": start - _REACH, "high": end_of_day(day, zone)}
    values = {"rows": rowset_of, **span, "day": day.isoformat(), "zone": zone.key}
    [fetched] = session.fetch(Query(sql, values))
    breaks = sorted(
        (
            DayBreak(
                time_clock_id=int(clock),
                name=name or str(who),
                start=int(first),
                end=None if last is None else int(last),
                is_paid=None if flag is None else bool(flag),
            )
            for part, clock, first, last, flag, name, who, _ in fetched
            if part == "break" and (last is None or last > start)
        ),
        key=lambda one: one.start,
    )
    sheet = sorted(
        (
            SheetTotal(time_clock_id=int(clock), minutes=int(first), seen_at=int(last), run=int(flag))
            for part, clock, first, last, flag, *_ in fetched
            if part == "sheet"
        ),
        key=lambda one: (one.time_clock_id, one.run),
    )
    locks = sorted(
        (
            DayLock(timezone=name or "", at=int(first), by=who or "", reason=_SAID_OF.get(why, why or ""))
            for part, _, first, _, _, name, who, why in fetched
            if part == "lock"
        ),
        key=lambda one: (one.timezone, one.at),
    )
    return tuple(breaks), tuple(sheet), tuple(locks)

"""Days that somebody locked for one person, for one time clock, or for one person on one time clock.

They stand next to those that Connecteam locks, under the source `own`, which no import touches.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import delete, insert, select

from connecteam_sync.core.keys import RowId
from connecteam_sync.core.lock_check import ClosedDays, LockEvent, LockScope, Verified
from connecteam_sync.core.window import LockedDay, Window, each_day, joined, locked_day
from connecteam_sync.errors import NotFound
from connecteam_sync.store.mirror.account import account
from connecteam_sync.store.mirror.people import Directory
from connecteam_sync.store.session import Session
from connecteam_sync.store.sql.pipeline import Query
from connecteam_sync.store.tables.keys import row_id

_SOURCE = "own"


class OwnLock(NamedTuple):
    """A locked day: its event, when (epoch seconds), the zone, the time clock and the user (0: all of them)."""

    event: int
    at: int
    timezone: str
    time_clock: int
    user: int
    day: date


def scope_of(session: Session, employee: RowId | None, time_clock: int | None) -> LockScope:
    """For whom days are to be closed or opened. Raises NotFound for a person or a time clock that nobody knows."""
    if time_clock is not None:
        known = account(session)
        if known is None or time_clock not in known.time_clocks:
            raise NotFound(
                f"there is no time clock {time_clock} in this account",
                next_step="connecteam-sync clocks lists them, with their ids",
            )
    if employee is None:
        return LockScope(time_clock_id=time_clock)
    directory = Directory(session)
    person = directory.employee(employee)
    users = directory.who.users_of.get(person.id, frozenset())
    if not users:
        raise NotFound(
            f"no Connecteam user counts for employee {person.id}, so no run writes their hours",
            next_step="connecteam-sync employees map USER EMPLOYEE, or lock the days for everybody",
        )
    return LockScope(employee_id=person.id, users=tuple(sorted(users)), time_clock_id=time_clock)


def lock(
    session: Session,
    window: Window,
    scope: LockScope,
    *,
    by: str,
    reason: str,
    now: int,
    anyway: bool,
    verified: Verified | None,
) -> tuple[date, ...]:
    """Lock the days of the window for some, and record it. Returns the days that were open for any of them."""
    there = _locked(session, window, scope)
    closed = {(day.day, day.user_id) for day in there if day.timezone == window.timezone}
    wanted = [(day, user) for day in each_day(window.first, window.last) for user in scope.users or (0,)]
    new = [one for one in wanted if one not in closed]
    days = tuple(sorted({day for day, _ in new}))
    if new:
        ranges = [(first, last, window.timezone) for first, last in joined(days)]
        shown = None if verified is None else msgspec.json.encode(verified).decode()
        event = _record(session, "lock", ranges, scope, by=by, reason=reason, now=now, anyway=anyway, verified=shown)
        clock = scope.time_clock_id or 0
        session.connection.execute(
            insert(session.tables.person_locks),
            [
                {
                    "day": day.isoformat(),
                    "timezone": window.timezone,
                    "source": _SOURCE,
                    "time_clock_id": clock,
                    "user_id": user,
                    "locked_at": now,
                    "event_id": event,
                }
                for day, user in new
            ],
        )
    return days


def unlock(
    session: Session, window: Window, scope: LockScope, *, by: str, reason: str, now: int
) -> tuple[LockedDay, ...]:
    """Take back the locks of exactly this person and time clock on these days, in whatever zone. Returns them."""
    locked = _locked(session, window, scope)
    zones: dict[str, set[date]] = defaultdict(set)
    for day in locked:
        zones[day.timezone].add(day.day)
    if locked:
        ranges = [(*span, zone) for zone, days in sorted(zones.items()) for span in joined(days)]
        _record(session, "unlock", ranges, scope, by=by, reason=reason, now=now, anyway=False, verified=None)
        locks = session.tables.person_locks
        session.connection.execute(
            delete(locks).where(
                locks.c.source == _SOURCE,
                locks.c.time_clock_id == (scope.time_clock_id or 0),
                locks.c.user_id.in_(scope.users or (0,)),
                locks.c.day >= window.first.isoformat(),
                locks.c.day <= window.last.isoformat(),
            )
        )
    return locked


def already(session: Session, window: Window, scope: LockScope) -> frozenset[date]:
    """The days of the window that are locked for all of these in its zone."""
    found = {(one.day, one.user_id) for one in _locked(session, window, scope) if one.timezone == window.timezone}
    return frozenset(
        day for day in each_day(window.first, window.last) if all((day, user) in found for user in scope.users or (0,))
    )


def rows_of_clock(session: Session, clock: int, window: Window) -> frozenset[RowId]:
    """The rows of the shifts of one time clock that begin in a window."""
    [found] = session.fetch(
        Query(
            f"SELECT clock_time_id FROM {session.own.shifts} WHERE time_clock_id = :clock AND start_at >= :start"
            " AND start_at < :end AND clock_time_id IS NOT NULL",
            {"clock": clock, "start": window.start_utc, "end": window.end_utc},
        )
    )
    return frozenset(row_id(key) for (key,) in found)


def _locked(session: Session, window: Window, scope: LockScope) -> tuple[LockedDay, ...]:
    """The locks of exactly this person and time clock on days with these dates."""
    locks = session.tables.person_locks
    wanted = select(locks.c.day, locks.c.timezone, locks.c.time_clock_id, locks.c.user_id).where(
        locks.c.source == _SOURCE,
        locks.c.time_clock_id == (scope.time_clock_id or 0),
        locks.c.user_id.in_(scope.users or (0,)),
        locks.c.day >= window.first.isoformat(),
        locks.c.day <= window.last.isoformat(),
    )
    return tuple(
        locked_day(date.fromisoformat(day), zone, _SOURCE, int(clock), int(user))
        for day, zone, clock, user in session.connection.execute(wanted.order_by(locks.c.day, locks.c.user_id))
    )


def _record(
    session: Session,
    kind: str,
    ranges: list[tuple[date, date, str]],
    scope: LockScope,
    *,
    by: str,
    reason: str,
    now: int,
    anyway: bool,
    verified: str | None,
) -> int:
    values: dict[str, Any] = {
        "kind": kind,
        "at": now,
        "actor": by,
        "reason": reason,
        "days": msgspec.json.encode(ranges).decode(),
        "anyway": int(anyway),
        "verified": verified,
        "source": _SOURCE,
        "people": msgspec.json.encode([(user, scope.time_clock_id or 0) for user in scope.users or (0,)]).decode(),
    }
    key = session.connection.execute(insert(session.tables.lock_events).values(values)).inserted_primary_key
    return 0 if key is None else int(key[0])


def closed(session: Session, found: Iterable[OwnLock], events: Mapping[int, LockEvent]) -> Iterator[ClosedDays]:
    """The days that somebody locked for some: of each event, person and time clock those that are joined."""
    groups: dict[tuple[int, int, str, int, int], list[date]] = defaultdict(list)
    for one in found:
        groups[one.event, one.at, one.timezone, one.time_clock, one.user].append(one.day)
    directory = Directory(session) if any(user for *_, user in groups) else None
    for (event, at, zone, clock, user), days in groups.items():
        employee = directory.who.employees.get(user) if directory is not None else None
        known = directory.users.get(user) if directory is not None else None
        name = (directory.name_of(employee) if directory is not None else None) or (known[0].name if known else "")
        for first, last in joined(days):
            yield ClosedDays(
                first=first,
                last=last,
                timezone=zone,
                at=int(at),
                event=events.get(int(event)),
                time_clock_id=int(clock) or None,
                people=1 if user else 0,
                user_id=int(user) or None,
                employee_id=employee,
                name=name,
            )

"""The days that payroll has locked, and the append-only record of who locked and unlocked which, when and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import msgspec
from sqlalchemy import delete, insert, select, tuple_

from connecteam_sync.core.clocktime import ClockTime
from connecteam_sync.core.lock_check import ClosedDays, LockEvent, Verified
from connecteam_sync.core.window import LockedDay, Window, each_day, joined
from connecteam_sync.store.payroll import own_locks
from connecteam_sync.store.session import Session
from connecteam_sync.store.sql.pipeline import Query
from connecteam_sync.store.tables import rows


def lock(
    session: Session,
    window: Window,
    *,
    by: str,
    reason: str,
    now: int,
    anyway: bool = False,
    verified: Verified | None = None,
) -> tuple[date, ...]:
    """Lock the days of the window in its zone, and record it. Returns the days that were open; if none was, nothing is
    recorded.
    """
    _name_zones(session, window.timezone)
    closed = {day.day for day in _locked(session, window) if day.timezone == window.timezone}
    days = [day for day in each_day(window.first, window.last) if day not in closed]
    if days:
        verified_json = None if verified is None else msgspec.json.encode(verified).decode()
        ranges = [(first, last, window.timezone) for first, last in joined(days)]
        event = _record(session, "lock", ranges, by=by, reason=reason, now=now, anyway=anyway, verified=verified_json)
        values = {"timezone": window.timezone, "locked_at": now, "event_id": event}
        session.connection.execute(
            insert(session.tables.locked_days), [{"day": day.isoformat(), **values} for day in days]
        )
    return tuple(days)


def unlock(session: Session, window: Window, *, by: str, reason: str, now: int) -> tuple[LockedDay, ...]:
    """Unlock all days with these dates, whatever zone they were locked in, and record it. Returns which were locked."""
    _name_zones(session, window.timezone)
    locked = _locked(session, window)
    zones: dict[str, list[date]] = {}
    for day in locked:
        zones.setdefault(day.timezone, []).append(day.day)
    if locked:
        ranges = [(*span, zone) for zone, days in sorted(zones.items()) for span in joined(days)]
        _record(session, "unlock", ranges, by=by, reason=reason, now=now, anyway=False, verified=None)
        keys = [(day.day.isoformat(), day.timezone) for day in locked]
        days = session.tables.locked_days
        session.connection.execute(delete(days).where(tuple_(days.c.day, days.c.timezone).in_(keys)))
    return tuple(locked)


def _locked(session: Session, window: Window) -> list[LockedDay]:
    """The days of the window that somebody locked, in any zone; a closed pay period has a state of its own."""
    locked = session.locked(window.timezone)
    return [day for day in locked if day.source == "own" and window.first <= day.day <= window.last]


def _name_zones(session: Session, timezone: str) -> None:
    """Give this zone to days that were locked before zones were stored and before any run."""
    days = session.tables.locked_days
    unnamed = session.connection.execute(select(days).where(days.c.timezone == "")).mappings().all()
    if unnamed:
        # Not by UPDATE: that privilege is needed nowhere else on this table.
        session.connection.execute(delete(days).where(days.c.timezone == ""))
        session.connection.execute(insert(days), [{**row, "timezone": timezone} for row in unnamed])


def _record(
    session: Session,
    kind: str,
    ranges: list[tuple[date, date, str]],
    *,
    by: str,
    reason: str,
    now: int,
    anyway: bool,
    verified: str | None,
) -> int:
    days = msgspec.json.encode(ranges).decode()
    done = session.connection.execute(
        insert(session.tables.lock_events).values(
            kind=kind, at=now, actor=by, reason=reason, days=days, anyway=int(anyway), verified=verified
        )
    )
    key = done.inserted_primary_key
    return 0 if key is None else int(key[0])


def closed(session: Session, timezone: str) -> tuple[ClosedDays, ...]:
    """The days closed now, newest first: days of one zone, locked in one event, are joined to ranges; closed pay
    periods; and what Connecteam's own locks and approvals close, by event.
    """
    events = {event.number: event for event in lock_history(session)}
    groups: dict[tuple[int, int | None, str], list[date]] = {}
    wanted = select(session.tables.locked_days)
    for row in session.connection.execute(wanted).mappings():
        group = (row["locked_at"], row["event_id"], row["timezone"] or timezone)
        groups.setdefault(group, []).append(date.fromisoformat(row["day"]))
    ranges = [
        ClosedDays(first=first, last=last, timezone=zone, at=at, event=events.get(number or 0))
        for (at, number, zone), days in groups.items()
        for first, last in joined(days)
    ]
    ranges += [
        *_of_periods(session),
        *_of_people(session, events),
        *purged(session),
    ]
    return tuple(sorted(ranges, key=lambda closed: (closed.at, closed.last), reverse=True))


def _of_periods(session: Session) -> Iterator[ClosedDays]:
    """The closed pay periods, each with who closed it and why."""
    own = session.own
    sql = (
        "SELECT p.first_day, p.last_day, p.timezone, p.changed_at, e.id, e.actor, e.reason, e.anyway"
        f" FROM {own.periods} p JOIN {own.period_events} e ON e.id = p.event_id WHERE p.state = 'closed'"
    )
    for begins, ends, zone, at, number, who, why, anyway in session.fetch(Query(sql))[0]:
        first, last = date.fromisoformat(begins), date.fromisoformat(ends)
        event = LockEvent(
            number=int(number),
            kind="lock",
            at=int(at),
            by=who,
            reason=why,
            ranges=((first, last, zone),),
            anyway=bool(anyway),
        )
        yield ClosedDays(first=first, last=last, timezone=zone, at=int(at), event=event, source="period")


def _of_people(session: Session, events: Mapping[int, LockEvent]) -> Iterator[ClosedDays]:
    """The days that are closed for some, in one statement: by Connecteam (by import), and by somebody."""
    locks = session.own.person_locks
    sql = (
        "SELECT event_id, source, time_clock_id, timezone, min(day), max(day), max(locked_at), count(DISTINCT user_id)"
        f" FROM {locks} WHERE source <> 'own' GROUP BY event_id, source, time_clock_id, timezone"
        " UNION ALL SELECT event_id, source, time_clock_id, timezone, day, day, locked_at, user_id"
        f" FROM {locks} WHERE source = 'own'"
    )
    own: list[own_locks.OwnLock] = []
    for number, source, clock, zone, first, last, at, people in session.fetch(Query(sql))[0]:
        if source == "own":
            own.append(
                own_locks.OwnLock(int(number), int(at), zone, int(clock), int(people), date.fromisoformat(first))
            )
            continue
        yield ClosedDays(
            first=date.fromisoformat(first),
            last=date.fromisoformat(last),
            timezone=zone,
            at=int(at),
            event=events.get(int(number)),
            source=source,
            time_clock_id=int(clock) or None,
            people=int(people),
        )
    yield from own_locks.closed(session, own, events)


def purged(session: Session) -> Iterator[ClosedDays]:
    """The days that were purged, newest first, each range with who did it and when."""
    sql = f"SELECT id, first_day, last_day, timezone, begun_at, actor FROM {session.own.purges} ORDER BY id DESC"
    for number, begins, ends, zone, at, who in session.fetch(Query(sql))[0]:
        first, last = date.fromisoformat(begins), date.fromisoformat(ends)
        event = LockEvent(number=int(number), kind="lock", at=int(at), by=who, reason="", ranges=((first, last, zone),))
        yield ClosedDays(first=first, last=last, timezone=zone, at=int(at), event=event, source="purged")


def lock_history(session: Session) -> tuple[LockEvent, ...]:
    """All events of locking and unlocking, newest first."""
    events = session.tables.lock_events
    fetched = session.connection.execute(select(events).order_by(events.c.id.desc())).mappings()
    return tuple(_event(dict(row)) for row in fetched)


def _event(row: dict[str, Any]) -> LockEvent:
    return LockEvent(
        number=row["id"],
        kind=row["kind"],
        at=row["at"],
        by=row["actor"],
        reason=row["reason"],
        ranges=msgspec.json.decode(row["days"], type=tuple[tuple[date, date, str], ...]),
        anyway=bool(row["anyway"]),
        verified=None if row["verified"] is None else msgspec.json.decode(row["verified"], type=Verified),
        whose=_whose(row),
    )


def _whose(row: Mapping[str, Any]) -> tuple[tuple[int, int], ...]:
    """For which users and time clocks somebody locked or unlocked; nothing if it was for everybody, or an import."""
    if row["source"] != "own" or row["people"] is None:
        return ()
    return msgspec.json.decode(row["people"], type=tuple[tuple[int, int], ...])


def open_rows(session: Session, window: Window) -> tuple[ClockTime, ...]:
    """The rows of the window without a clock-out, of any source; by clock-in."""
    query = session.assigned_rows_between(session.select_rows(), window.start_utc, window.end_utc)
    clock_out = session.dialect.name(session.host.clock_times.clock_out)
    [fetched] = session.fetch(Query(f"{query.sql} AND t.{clock_out} IS NULL", query.values, rows.clock_time))
    return tuple(sorted(fetched, key=lambda row: (row.clock_in, row.id)))


def newest_change(session: Session, window: Window) -> int:
    """The number of the newest journal entry that touched a day of the window; 0 if there is none."""
    [fetched] = session.fetch(
        Query(
            f"SELECT coalesce(max(id), 0) FROM {session.own.changes} WHERE first_day <= :last AND last_day >= :first",
            {"first": window.first.isoformat(), "last": window.last.isoformat()},
        )
    )
    return int(fetched[0][0])

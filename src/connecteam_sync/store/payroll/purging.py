"""What a purge removes: found and removed a part of its days at a time, each in a transaction of its own.

What is found is what is removed: a purge that is only foreseen finds by the same functions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from connecteam_sync.core.breaks import LONGEST_BREAK
from connecteam_sync.core.change import Change
from connecteam_sync.core.clocktime import ClockTime
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.people import mapped
from connecteam_sync.core.retention import PurgeCounts, StayReason, Stays
from connecteam_sync.core.window import Window, days_touched, local_day
from connecteam_sync.store.mirror.child_rows import children_of
from connecteam_sync.store.mirror.clock_times import require_ours, write_steps
from connecteam_sync.store.payroll import periods
from connecteam_sync.store.payroll.purges import legal_holds
from connecteam_sync.store.session import Session
from connecteam_sync.store.sql.pipeline import Query
from connecteam_sync.store.sql.traits import Kind
from connecteam_sync.store.tables import rows
from connecteam_sync.store.tables.keys import row_id

RECEIPTS = 500
"""Receipts that are removed in one transaction."""
_WHY = "purged"


class Kept(NamedTuple):
    """Whose records stay: the employees on a legal hold, and the Connecteam users that count for them."""

    employees: frozenset[RowId]
    users: frozenset[int]


class Going(NamedTuple):
    """What goes of a part of the days, and how much stays."""

    counts: PurgeCounts
    stays: Stays
    entries: tuple[int, ...] = ()
    shifts: tuple[str, ...] = ()
    breaks: tuple[str, ...] = ()
    holds: tuple[int, ...] = ()
    rows: tuple[ClockTime, ...] = ()


def kept_people(session: Session) -> Kept:
    """The people on a legal hold."""
    employees = frozenset(one.employee_id for one in legal_holds(session))
    if not employees:
        return Kept(frozenset(), frozenset())
    own = {user: to for user, (_, _, to) in session.known_users().items()}
    users_of = mapped(session.employees(), own).users_of
    return Kept(employees, frozenset(user for one in employees for user in users_of.get(one, ())))


# -- days --------------------------------------------------------------------------------------------------------------


def going(session: Session, window: Window, part: Window, kept: Kept, *, with_rows: bool) -> Going:
    """What a purge of `window` removes of a part of its days; nothing is written. The statements are always the same,
    but for those of rows.
    """
    stays: Counter[StayReason] = Counter()
    own, span = session.own, {"start": part.start_utc, "end": part.end_utc}
    days = {"first": part.first.isoformat(), "last": part.last.isoformat(), "end": window.last.isoformat()}
    numbers = {f"u{place}": user for place, user in enumerate(sorted(kept.users))}
    of_others = f" AND user_id NOT IN ({', '.join(f':{name}' for name in numbers)})" if numbers else ""
    entries, longer, head, shifts, breaks, before, holds, totals = session.fetch(
        Query(
            f"SELECT id, employee_id, previous_employee_id FROM {own.changes}"
            " WHERE first_day >= :first AND first_day <= :last ORDER BY id",
            {name: days[name] for name in ("first", "last")},
        ),
        Query(
            f"SELECT id, change_json FROM {own.changes}"
            " WHERE first_day >= :first AND first_day <= :last AND last_day > :end",
            days,
        ),
        Query(f"SELECT coalesce(max(id), 0) FROM {own.changes}"),
        Query(
            f"SELECT s.id, s.user_id, CASE WHEN s.clock_time_id IS NULL THEN s.start_at"
            f" ELSE coalesce(s.applied_clock_in, s.start_at) END FROM {session.shifts_by_start}"
            " WHERE s.start_at >= :start AND s.start_at < :end ORDER BY s.id",
            span,
        ),
        Query(
            f"SELECT id, user_id, time_clock_id, start_at, coalesce(end_at, start_at + {LONGEST_BREAK})"
            f" FROM {own.breaks} WHERE start_at >= :start AND start_at < :end ORDER BY id",
            span,
        ),
        Query(
            f"SELECT s.user_id, s.time_clock_id, s.end_at FROM {session.shifts_by_start}"
            " WHERE s.start_at >= :start AND s.start_at < :end AND s.end_at > :end",
            {"start": window.start_utc - LONGEST_BREAK, "end": window.start_utc},
        ),
        Query(
            f"SELECT id, user_id, employee_id FROM {own.holds} WHERE instant >= :start AND instant < :end ORDER BY id",
            span,
        ),
        Query(
            f"SELECT count(*) FROM {own.timesheets} WHERE day >= :first AND day <= :last{of_others}",
            {"first": days["first"], "last": days["last"], **numbers},
        ),
    )

    def free(user: object, *employees: object) -> bool:
        """Whether a record is of nobody on a legal hold; else it is counted as one that stays."""
        is_kept = user in kept.users or any(row_id(one) in kept.employees for one in employees if one is not None)
        stays["legal_hold"] += is_kept
        return not is_kept

    def inside(is_so: bool) -> bool:  # noqa: FBT001 - a condition that is counted
        stays["across"] += not is_so
        return is_so

    newest = int(head[0][0])
    beyond = {int(number) for number, text in longer if not _begins_before(text, window.end_utc)}
    # The newest entry stays: the numbers of later ones are above it, also after a restart of the server.
    gone_entries = [
        int(number)
        for number, employee, previous in entries
        if inside(int(number) not in beyond and int(number) != newest) and free(None, employee, previous)
    ]
    low, high = window.start_utc, window.end_utc
    gone_shifts = [str(key) for key, user, at in shifts if inside(low <= at < high) and free(user)]
    nights: dict[tuple[int, int], int] = {}
    for user, clock, until in before:
        nights[int(user), int(clock)] = max(int(until), nights.get((int(user), int(clock)), 0))
    # A break of a night that began before the days, or one that lasts beyond them, may be one of a shift there.
    gone_breaks = [
        str(key)
        for key, user, clock, at, until in breaks
        if inside(int(until) <= high and int(at) >= nights.get((int(user), int(clock)), low)) and free(user)
    ]
    gone_holds = [int(number) for number, user, employee in holds if free(user, employee)]
    gone_rows = _rows(session, window, part, kept, stays) if with_rows else []
    return Going(
        counts=PurgeCounts(
            entries=len(gone_entries),
            shifts=len(gone_shifts),
            breaks=len(gone_breaks),
            totals=int(totals[0][0]),
            holds=len(gone_holds),
            rows=len(gone_rows),
        ),
        stays=Stays(**{reason: count for reason, count in stays.items() if count}),
        entries=tuple(gone_entries),
        shifts=tuple(gone_shifts),
        breaks=tuple(gone_breaks),
        holds=tuple(gone_holds),
        rows=tuple(gone_rows),
    )


def shifts_in(session: Session, window: Window) -> int:
    """How many tracked shifts begin in these days."""
    [found] = session.fetch(
        Query(
            f"SELECT count(*) FROM {session.own.shifts} WHERE start_at >= :start AND start_at < :end",
            {"start": window.start_utc, "end": window.end_utc},
        )
    )
    return int(found[0][0])


class _Image(msgspec.Struct):
    """The part of a row's image that says on which day it is."""

    clock_in: int


class _Images(msgspec.Struct):
    before: _Image | None = None
    after: _Image | None = None


def _begins_before(change: str, end: int) -> bool:
    """Whether the row of an entry began before an instant, before and after the change: a night may end later."""
    images = msgspec.json.decode(change, type=_Images)
    return all(image.clock_in < end for image in (images.before, images.after) if image is not None)


def _rows(session: Session, window: Window, part: Window, kept: Kept, stays: Counter[StayReason]) -> list[ClockTime]:
    """The rows of ours that go: on days of closed pay periods that lie wholly in the window."""
    query = session.assigned_rows_between(session.select_rows(), part.start_utc, part.end_utc)
    [found] = session.fetch(query._replace(make=rows.clock_time))
    closed = [
        one for one in periods.closed_in(session, window) if window.first <= one.first and one.last <= window.last
    ]
    children = children_of(session, (row.id for row in found if row.id is not None and row.is_ours))
    linked = _linked_from_outside(session, window, (row.id for row in found))

    def why_kept(row: ClockTime) -> StayReason | None:
        if not row.is_ours:
            return "manual"
        if row.employee_id in kept.employees:
            return "legal_hold"
        if not any(one.first <= local_day(row.clock_in, one.zone) <= one.last for one in closed):
            return "not_closed"
        if children.get(row.id or 0):
            return "child_row"
        return "across" if row.id in linked else None

    going: list[ClockTime] = []
    for row in sorted(found, key=lambda row: (row.clock_in, str(row.id))):
        reason = why_kept(row)
        if reason is None:
            going.append(row)
        else:
            stays[reason] += 1
    return going


def _linked_from_outside(session: Session, window: Window, keys: Iterable[RowId | None]) -> frozenset[RowId]:
    """The rows whose shift begins outside the window: it has moved, and its row stayed on a closed day."""
    d = session.dialect
    sql = (
        f"SELECT s.clock_time_id, s.start_at FROM {d.rowset({'id': 'link'})} {d.lookup} {session.own.shifts} s"
        " ON s.clock_time_id = d.id"
    )
    found = session.fetch_set(sql, ({"id": key} for key in keys if key is not None))
    return frozenset(row_id(key) for key, at in found if not window.start_utc <= at < window.end_utc)


def remove(session: Session, window: Window, part: Window, kept: Kept, going: Going, *, now: int) -> None:
    """Remove what was found, in the transaction in which it was found, under the lock of the one writer."""
    d, own = session.dialect, session.own
    if going.rows:
        changes = [
            Change(
                kind="delete",
                before=row,
                after=None,
                shift_id=None,
                user_id=None,
                days=days_touched(row.clock_in, row.clock_out, window.zone),
                why=_WHY,
            )
            for row in going.rows
        ]
        require_ours(changes)
        write_steps(session, changes, now=now)
    keys: tuple[tuple[str, Kind, Iterable[object]], ...] = (
        (own.changes, "int", going.entries),
        (own.shifts, "key", going.shifts),
        (own.breaks, "key", going.breaks),
        (own.holds, "int", going.holds),
    )
    for table, kind, several in keys:
        session.later_set(d.delete(table, d.rowset({"id": kind}), "id", "1 = 1"), ({"id": key} for key in several))
    numbers = {f"u{place}": user for place, user in enumerate(sorted(kept.users))}
    of_others = f" AND user_id NOT IN ({', '.join(f':{name}' for name in numbers)})" if numbers else ""
    session.later(
        Query(
            f"DELETE FROM {own.timesheets} WHERE day >= :first AND day <= :last{of_others}",
            {"first": part.first.isoformat(), "last": part.last.isoformat(), **numbers},
        )
    )
    session.flush()


# -- receipts ----------------------------------------------------------------------------------------------------------


def forget_inputs(session: Session, window: Window) -> None:
    """Forget by what slices of these days would be recognised: their receipts go."""
    session.later(
        Query(f"DELETE FROM {session.own.inputs} WHERE first_day <= :last AND last_day >= :first", _days(window))
    )


def receipts(session: Session, window: Window, kept: Kept, *, after: int, limit: int = RECEIPTS) -> tuple[int, ...]:
    """The numbers of the next receipts of slices that lie wholly in the window, but the newest of all. None while
    anybody is on a legal hold: a receipt is about many people.
    """
    if kept.employees:
        return ()
    [found] = session.fetch(
        Query(
            f"SELECT id FROM {session.own.slices} WHERE id > :after AND first_day >= :first AND last_day <= :last"
            f" AND id < (SELECT max(id) FROM {session.own.slices}) ORDER BY id LIMIT {int(limit)}",
            {**_days(window), "after": after},
        )
    )
    return tuple(int(number) for (number,) in found)


def remove_receipts(session: Session, numbers: Iterable[int]) -> None:
    """Remove receipts of slices."""
    d = session.dialect
    session.write_set(d.delete(session.own.slices, d.rowset({"id": "int"}), "id", "1 = 1"), _numbered(numbers))


def remove_empty_runs(session: Session, window: Window) -> None:
    """Remove the runs of these days of which no receipt and no entry of the journal is left, but the newest."""
    own, d = session.own, session.dialect
    [found] = session.fetch(
        Query(
            f"SELECT r.id FROM {own.runs} r WHERE r.first_day >= :first AND r.last_day <= :last AND r.kind <> 'adopt'"
            f" AND r.id < (SELECT max(id) FROM {own.runs})"
            f" AND NOT EXISTS (SELECT 1 FROM {own.slices} p WHERE p.run_id = r.id)"
            f" AND NOT EXISTS (SELECT 1 FROM {own.changes} c WHERE c.run_id = r.id)"
            f" AND NOT EXISTS (SELECT 1 FROM {own.account} a WHERE a.run_id = r.id) ORDER BY r.id",
            _days(window),
        )
    )
    numbers = [int(number) for (number,) in found]
    session.write_set(d.delete(own.runs, d.rowset({"id": "int"}), "id", "1 = 1"), _numbered(numbers))


def _numbered(numbers: Iterable[int]) -> Iterable[Mapping[str, object]]:
    return ({"id": number} for number in numbers)


def _days(window: Window) -> dict[str, Any]:
    return {"first": window.first.isoformat(), "last": window.last.isoformat()}


# -- what is there -----------------------------------------------------------------------------------------------------


def oldest_day(session: Session, timezone: str) -> str | None:
    """The first local day of a tracked shift or an entry of the journal; None if there is neither."""
    shift, entry = session.fetch(
        Query(f"SELECT min(start_at) FROM {session.own.shifts}"),
        Query(f"SELECT min(first_day) FROM {session.own.changes}"),
    )
    days = [] if shift[0][0] is None else [local_day(int(shift[0][0]), ZoneInfo(timezone)).isoformat()]
    days += [] if entry[0][0] is None else [str(entry[0][0])]
    return min(days, default=None)


def waiting(session: Session, window: Window) -> int:
    """The corrections of these days that wait for a decision."""
    [found] = session.fetch(
        Query(
            f"SELECT count(*) FROM {session.own.corrections}"
            " WHERE state = 'pending' AND day >= :first AND day <= :last",
            _days(window),
        )
    )
    return int(found[0][0])


def newest_day(session: Session, employee: RowId, users: Iterable[int], zone: Window) -> str | None:
    """The newest local day of which anything of an employee is on record: a row, a tracked shift, an entry."""
    d, own, names = session.dialect, session.own, session.host.clock_times
    numbers = {f"u{place}": user for place, user in enumerate(sorted(users))}
    of_users = f"user_id IN ({', '.join(f':{name}' for name in numbers)})" if numbers else "1 = 0"
    row, shift, entry = session.fetch(
        Query(
            f"SELECT max({session.canonical['clock_in']}) FROM {session.clock_times} t"
            f" WHERE t.{d.name(names.employee_id)} = :employee",
            {"employee": employee},
        ),
        Query(f"SELECT max(start_at) FROM {own.shifts} WHERE {of_users}", numbers),
        Query(
            f"SELECT max(last_day) FROM {own.changes} WHERE employee_id = :employee"
            " OR previous_employee_id = :employee",
            {"employee": employee},
        ),
    )
    days = [local_day(int(found[0][0]), zone.zone).isoformat() for found in (row, shift) if found[0][0] is not None]
    days += [str(entry[0][0])] if entry[0][0] is not None else []
    return max(days, default=None)


def sum_of(parts: Iterable[Going]) -> tuple[PurgeCounts, Stays]:
    """The counts of several parts."""
    counts, stays = PurgeCounts(), Stays()
    for part in parts:
        counts, stays = counts.plus(part.counts), stays.plus(part.stays)
    return counts, stays

"""What is on record of the days of a pay period, for its checklist: read, never written."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from connecteam_sync.core.clocktime import ClockTime, TrackedShift
from connecteam_sync.core.payroll_settings import PaySchedule
from connecteam_sync.core.period_borders import BorderHours, borders
from connecteam_sync.core.period_check import BadReceipt, Undecided
from connecteam_sync.core.shift import Break
from connecteam_sync.core.timesheets import TimesheetDay
from connecteam_sync.core.window import Window, each_day
from connecteam_sync.store.session import Session
from connecteam_sync.store.sql.pipeline import Query
from connecteam_sync.store.tables import rows

_LIVING = "is_gone = 0 AND start_at >= :start AND start_at < :end"


class Seen(NamedTuple):
    """The shifts and breaks of all time clocks as Connecteam last showed them, and the totals of its timesheet as a
    verification last read them, by time clock.
    """

    tracked: tuple[TrackedShift, ...]
    breaks: tuple[Break, ...]
    totals: dict[int, tuple[TimesheetDay, ...]]


def rows_in(session: Session, window: Window) -> tuple[ClockTime, ...]:
    """Every row, of any source, whose clock-in lies in the window; by clock-in."""
    query = session.assigned_rows_between(session.select_rows(), window.start_utc, window.end_utc)
    [fetched] = session.fetch(Query(query.sql, query.values, rows.clock_time))
    return tuple(sorted(fetched, key=lambda row: row.clock_in))


def seen(session: Session, window: Window) -> Seen:
    """What is remembered of the days of a window and of those next to it. The totals list no shifts."""
    near = window.padded(1)
    span = {"start": near.start_utc, "end": near.end_utc}
    columns = ", ".join(f"b.{column}" for column in rows.BREAK)
    shifts, breaks, totals = session.fetch(
        Query(f"SELECT {rows.mirror_columns('s')} FROM {session.shifts_by_start} WHERE {_LIVING}", span, rows.mirror),
        Query(f"SELECT {columns} FROM {session.own.breaks} b WHERE {_LIVING}", span, rows.manual_break),
        Query(
            f"SELECT time_clock_id, user_id, day, minutes FROM {session.own.timesheets}"
            " WHERE timezone = :zone AND day >= :first AND day <= :last",
            {"zone": window.timezone, "first": near.first.isoformat(), "last": near.last.isoformat()},
        ),
    )
    by_clock: dict[int, list[TimesheetDay]] = {}
    for clock, user, day, minutes in totals:
        total = TimesheetDay(user_id=int(user), day=date.fromisoformat(day), minutes=int(minutes))
        by_clock.setdefault(int(clock), []).append(total)
    return Seen(
        tuple(shifts),
        tuple(breaks),
        {clock: tuple(found) for clock, found in by_clock.items()},
    )


def bad_receipts(session: Session, window: Window, proven: dict[date, int]) -> tuple[BadReceipt, ...]:
    """The looks at days of the window that a guard refused or that failed, without those that a later one made good.

    `proven` has the run that proved a day: what an earlier run could not do there is of no concern any more.
    """
    [fetched] = session.fetch(
        Query(
            "SELECT time_clock_id, first_day, last_day, status, max(id), max(run_id)"
            f" FROM {session.own.slices} WHERE time_clock_id IS NOT NULL"
            " AND first_day <= :last AND last_day >= :first GROUP BY time_clock_id, first_day, last_day, status",
            {"first": window.first.isoformat(), "last": window.last.isoformat()},
        )
    )
    receipts = [
        _Receipt(int(clock), date.fromisoformat(first), date.fromisoformat(last), status, int(number), int(run))
        for clock, first, last, status, number, run in fetched
    ]
    good = [one for one in receipts if one.status not in _BAD]
    bad = [one for one in receipts if one.status in _BAD and not _made_good(one, window, good, proven)]
    return tuple(BadReceipt(one.clock, one.first, one.last, one.status) for one in sorted(bad))


_BAD = frozenset({"refused", "failed"})


class _Receipt(NamedTuple):
    clock: int
    first: date
    last: date
    status: str
    number: int
    run: int


def _made_good(bad: _Receipt, window: Window, good: Iterable[_Receipt], proven: dict[date, int]) -> bool:
    """Whether each of its days in the window was looked at again since, or proven."""
    later = [one for one in good if one.clock == bad.clock and one.number > bad.number]
    return all(
        proven.get(day, 0) > bad.run or any(one.first <= day <= one.last for one in later)
        for day in each_day(max(bad.first, window.first), min(bad.last, window.last))
    )


def waiting(session: Session, window: Window) -> Undecided:
    """The corrections of this period and of the days before it that nobody has decided yet, and those accepted into a
    period before it that is not closed.
    """
    days = {"first": window.first.isoformat(), "last": window.last.isoformat()}
    [(own, earlier, minutes, first)], unpaid = session.fetch(
        Query(
            "SELECT coalesce(sum(CASE WHEN day >= :first THEN 1 ELSE 0 END), 0),"
            " coalesce(sum(CASE WHEN day < :first THEN 1 ELSE 0 END), 0), coalesce(sum(delta_minutes), 0), min(day)"
            f" FROM {session.own.corrections} WHERE state = 'pending' AND day <= :last",
            days,
        ),
        Query(
            "SELECT c.effective_first_day, c.effective_last_day, count(*), coalesce(sum(c.delta_minutes), 0)"
            f" FROM {session.own.corrections} c WHERE c.state = 'accepted' AND c.export_id IS NULL"
            f" AND c.effective_last_day < :first AND NOT EXISTS (SELECT 1 FROM {session.own.periods} p WHERE"
            " p.first_day = c.effective_first_day AND p.last_day = c.effective_last_day AND p.state = 'closed')"
            " GROUP BY c.effective_first_day, c.effective_last_day ORDER BY c.effective_first_day",
            {"first": days["first"]},
        ),
    )
    return Undecided(
        int(own),
        int(earlier),
        int(minutes),
        None if first is None else date.fromisoformat(first),
        unpaid=sum(int(count) for _, _, count, _ in unpaid),
        unpaid_minutes=sum(int(of) for _, _, _, of in unpaid),
        unpaid_into=f"{unpaid[0][0]}..{unpaid[0][1]}" if unpaid else None,
    )


def hours_beside(
    session: Session, window: Window, on_record: Iterable[Window], schedule: PaySchedule
) -> tuple[BorderHours, ...]:
    """The rows, of any source, that begin beside a period in no other one, or that another one has, too."""
    found = []
    for border in borders(window, tuple(on_record), schedule):
        query = session.assigned_rows_between(session.select_rows(), border.start, border.end)
        [there] = session.fetch(Query(query.sql, query.values, rows.clock_time))
        if there:
            found.append(BorderHours(border, len(there), sum(row.minutes for row in there)))
    return tuple(found)

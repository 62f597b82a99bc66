"""The schedule of pay periods: which days belong together. Pure.

A period is whole calendar days of the business's time zone, so nothing here knows an hour: a night on which the clocks
change is a day like any other.
"""

from __future__ import annotations

from datetime import date, timedelta

from connecteam_sync.core.payroll_settings import PaySchedule
from connecteam_sync.core.timesheets import WEEKDAYS, Weekday
from connecteam_sync.core.window import EARLIEST

_WEEK, _TWO_WEEKS = 7, 14
_HALF = 15
"""Days between the two first days of a semimonthly schedule."""
LAST_ANCHOR = 28
"""The last day of a month that every month has."""
_MONDAY = date(2001, 1, 1)
_ONE_DAY = timedelta(days=1)


def scheduled(schedule: PaySchedule, day: date) -> tuple[date, date] | None:
    """The first and the last day of the scheduled period that a day lies in; None without a schedule.

    Every day lies in exactly one. Expects a schedule that `config_payroll` accepts.
    """
    length = _length(schedule)
    if length is not None:
        anchor = _anchor_of_weeks(schedule)
        first = day - timedelta(days=(day - anchor).days % length)
        return first, first + timedelta(days=length - 1)
    if schedule.schedule is None:
        return None
    starts = _starts_in_month(schedule)
    first = _newest_start(starts, day)
    # No period is as long as two months, and the day after its last is the first of the next.
    following = first + _ONE_DAY
    while _newest_start(starts, following) == first:
        following += _ONE_DAY
    return first, following - _ONE_DAY


def _length(schedule: PaySchedule) -> int | None:
    """The days of every period; None where months decide."""
    return {"weekly": _WEEK, "biweekly": _TWO_WEEKS, "days": schedule.period_days}.get(schedule.schedule or "")


def _anchor_of_weeks(schedule: PaySchedule) -> date:
    if schedule.anchor is not None:
        return schedule.anchor
    return _MONDAY + timedelta(days=WEEKDAYS.index(schedule.workweek_start or "monday"))


def _starts_in_month(schedule: PaySchedule) -> tuple[int, ...]:
    """The days of every month on which a period begins."""
    start = 1 if schedule.anchor is None else schedule.anchor.day
    if schedule.schedule == "monthly":
        return (start,)
    return tuple(sorted((start, start + _HALF if start <= LAST_ANCHOR - _HALF else start - _HALF)))


def _newest_start(starts: tuple[int, ...], day: date) -> date:
    begun = [start for start in starts if start <= day.day]
    if begun:
        return day.replace(day=begun[-1])
    return (day.replace(day=1) - _ONE_DAY).replace(day=starts[-1])


def is_anchor_of_halves(anchor: date) -> bool:
    """Whether both halves of every month can begin at this anchor: the other one begins 15 days later or earlier."""
    return anchor.day <= LAST_ANCHOR - _HALF or _HALF < anchor.day <= LAST_ANCHOR


def workweek_of(schedule: PaySchedule) -> Weekday:
    """The first day of the workweek: the configured one, else that on which weekly periods begin, else Monday."""
    if schedule.workweek_start is not None:
        return schedule.workweek_start
    if schedule.schedule in {"weekly", "biweekly"} and schedule.anchor is not None:
        return WEEKDAYS[schedule.anchor.weekday()]
    return "monday"


def before(schedule: PaySchedule, day: date, count: int) -> tuple[tuple[date, date], ...]:
    """The scheduled period of a day and the `count` before it, newest first; none without a schedule."""
    found: list[tuple[date, date]] = []
    while len(found) <= count and day >= EARLIEST and (days := scheduled(schedule, day)) is not None:
        found.append(days)
        day = days[0] - _ONE_DAY
    return tuple(found)

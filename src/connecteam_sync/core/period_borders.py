"""Hours beside a pay period that no period has, or two: after another zone, or beside days that the schedule has not.

Pure. Periods share no calendar day, but their instants meet only where they are days of one zone; and a period whose
days are not those of the schedule leaves days behind that no scheduled period can have.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date, timedelta
from typing import NamedTuple

from connecteam_sync.core.pay_schedule import scheduled
from connecteam_sync.core.payroll_settings import PaySchedule
from connecteam_sync.core.window import Window, each_day, end_of_day, joined, start_of_day

_ONE_DAY = timedelta(days=1)


class Border(NamedTuple):
    """A half-open span of instants beside a period that no period has, or that `other` has, too (`is_twice`)."""

    start: int
    end: int
    other: Window
    is_twice: bool = False


class BorderHours(NamedTuple):
    """What the rows of a border come to."""

    border: Border
    rows: int
    minutes: int


def borders(window: Window, on_record: Collection[Window], schedule: PaySchedule) -> tuple[Border, ...]:
    """The borders of a period with those on record, which share no calendar day with it; by instant."""
    others = [one for one in on_record if one != window]
    found = [*_of_zones(window, others), *_left_over(window, others, schedule)]
    return tuple(sorted(border for border in found if border.start < border.end))


def _of_zones(window: Window, others: Collection[Window]) -> Iterator[Border]:
    """Where the time zone was another one: what is in both, and what lies between two that are neighbours."""
    for one in others:
        if one.timezone == window.timezone:
            continue
        yield Border(max(one.start_utc, window.start_utc), min(one.end_utc, window.end_utc), one, is_twice=True)
        if one.last + _ONE_DAY == window.first:
            yield Border(one.end_utc, window.start_utc, one)
        if window.last + _ONE_DAY == one.first:
            yield Border(window.end_utc, one.start_utc, one)


def _left_over(window: Window, others: Collection[Window], schedule: PaySchedule) -> Iterator[Border]:
    """The days since the period before of which the scheduled period cannot be closed, as others have days of it."""
    before = max((one for one in others if one.last < window.first), key=lambda one: one.last, default=None)
    if before is None:
        return
    first, last = before.last + _ONE_DAY, window.first - _ONE_DAY
    days: set[date] = set()
    for neighbour in (before.last, window.first):
        if (period := scheduled(schedule, neighbour)) is not None:
            days.update(each_day(max(period[0], first), min(period[1], last)))
    for begin, end in joined(days):
        yield Border(start_of_day(begin, window.zone), end_of_day(end, window.zone), before)

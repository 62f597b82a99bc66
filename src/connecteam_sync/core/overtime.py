"""A preview of overtime, by the rule of the United States or of California: for people to look at, never pay. Pure.

The sources of the rules are in docs/exports.md. Minutes are net, and lie on the workdays on which they were worked: a
shift past the end of a workday is divided. A workday begins at one time of day, a workweek with the first of seven.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

from connecteam_sync.core.keys import RowId
from connecteam_sync.core.payroll_settings import OvertimeRule, PaySchedule
from connecteam_sync.core.timesheets import Weekday
from connecteam_sync.core.window import Window, local_time
from connecteam_sync.core.worked import WorkedShift, week_of

_WEEK = 40 * 60
"""Minutes of a workweek that are paid as usual."""
_DAY, _LONG_DAY = 8 * 60, 12 * 60
"""Minutes of a workday in California that are paid as usual, and those beyond which each counts double."""
_DAYS = 7
_LONGEST = 7 * 86_400
"""Seconds; nobody works longer than that without clocking out, so such a row is an error and is not divided."""


class OvertimeWeek(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule makes of somebody's net minutes in a workweek: as usual, at one and a half times, and double.

    Only the shifts that begin on the days asked for are in it; `is_whole`: the whole week lies in these days.
    """

    employee_id: RowId
    first: date
    is_whole: bool
    regular_minutes: int
    overtime_minutes: int
    double_minutes: int


class OvertimePreview(msgspec.Struct, frozen=True, kw_only=True):
    """A preview of overtime by person and workweek. Nothing is paid by it: no export has it."""

    rule: OvertimeRule
    workweek_start: Weekday
    day_start: str
    weeks: tuple[OvertimeWeek, ...]


def overtime_preview(
    shifts: Iterable[WorkedShift], window: Window, schedule: PaySchedule, workweek_start: Weekday
) -> OvertimePreview | None:
    """The preview of these shifts that begin in a window, by person in their order; None where none is configured."""
    rule = schedule.overtime_preview
    if rule is None:
        return None
    begins = time.fromisoformat(schedule.overtime_day_start)
    by_person: dict[RowId, dict[date, int]] = defaultdict(lambda: defaultdict(int))
    for shift in shifts:
        for day, minutes in worked_by_day(shift, begins, window.zone):
            by_person[shift.employee_id][day] += minutes
    return OvertimePreview(
        rule=rule,
        workweek_start=workweek_start,
        day_start=schedule.overtime_day_start,
        weeks=tuple(
            _week(employee, first, days, rule, window)
            for employee, minutes in by_person.items()
            for first, days in sorted(_by_week(minutes, workweek_start).items())
        ),
    )


def _by_week(minutes: Mapping[date, int], start: Weekday) -> dict[date, list[int]]:
    """The minutes of the seven workdays of each workweek that has any."""
    weeks: dict[date, list[int]] = defaultdict(lambda: [0] * _DAYS)
    for day, worked in minutes.items():
        first = week_of(day, start)
        weeks[first][(day - first).days] = worked
    return weeks


def _week(employee: RowId, first: date, days: Sequence[int], rule: OvertimeRule, window: Window) -> OvertimeWeek:
    regular, overtime, double = _california(days) if rule == "california" else _flsa(days)
    return OvertimeWeek(
        employee_id=employee,
        first=first,
        is_whole=window.first <= first and first + timedelta(days=_DAYS - 1) <= window.last,
        regular_minutes=regular,
        overtime_minutes=overtime,
        double_minutes=double,
    )


# -- rules -------------------------------------------------------------------------------------------------------------


def _flsa(days: Sequence[int]) -> tuple[int, int, int]:
    """More than 40 hours in a workweek, whatever the days."""
    regular = min(sum(days), _WEEK)
    return regular, sum(days) - regular, 0


def _california(days: Sequence[int]) -> tuple[int, int, int]:
    """More than 8 and 12 hours in a workday, the seventh day of a week in which somebody worked on all seven, and more
    than 40 hours in a workweek of those that are no overtime by the day already: none counts twice.
    """
    regular = overtime = double = 0
    for place, minutes in enumerate(days):
        if place == _DAYS - 1 and all(days):
            overtime += min(minutes, _DAY)
            double += max(0, minutes - _DAY)
        else:
            regular += min(minutes, _DAY)
            overtime += max(0, min(minutes, _LONG_DAY) - _DAY)
            double += max(0, minutes - _LONG_DAY)
    beyond = max(0, regular - _WEEK)
    return regular - beyond, overtime + beyond, double


# -- workdays ----------------------------------------------------------------------------------------------------------


def worked_by_day(shift: WorkedShift, begins: time, zone: ZoneInfo) -> Iterator[tuple[date, int]]:
    """The net minutes of a shift on each workday, in order: together those of the shift. None of an open one."""
    if shift.clock_out is None:
        return
    told, seconds = 0, 0
    day, start = _workday(shift.clock_in, begins, zone), shift.clock_in
    if shift.clock_out - start > _LONGEST:
        yield day, shift.net_minutes
        return
    while start < shift.clock_out:
        following = day + timedelta(days=1)
        end = min(shift.clock_out, int(datetime.combine(following, begins, zone).timestamp()))
        seconds += end - start - _unpaid(shift, start, end)
        # What rounding to whole minutes leaves is on the last day.
        until = shift.net_minutes if end == shift.clock_out else min(seconds // 60, shift.net_minutes)
        yield day, until - told
        told, day, start = until, following, end


def _workday(instant: int, begins: time, zone: ZoneInfo) -> date:
    local = local_time(instant, zone)
    day: date = local.date()
    return day if instant >= int(datetime.combine(day, begins, zone).timestamp()) else day - timedelta(days=1)


def _unpaid(shift: WorkedShift, start: int, end: int) -> int:
    """Seconds of unpaid breaks between two moments of a shift, counted once where breaks overlap."""
    reached, seconds = start, 0
    for one in sorted(shift.breaks, key=lambda item: item.start):
        ended = end if one.end is None else min(one.end, end)
        if one.is_paid is False and ended > reached:
            seconds += max(0, ended - max(one.start, reached))
            reached = ended
    return seconds

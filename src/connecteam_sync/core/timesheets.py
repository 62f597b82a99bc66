"""Connecteam's own totals of each person's day against the shifts that it shows: what a difference is.

The timesheet is rounded, deducts automatic breaks that exist as no activity, and may count a night on another day
(API, section 12). So a difference gets a verdict, by the ids of the shifts that each day lists, never by
likeness of times.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import date, timedelta
from typing import Literal, get_args

import msgspec

from connecteam_sync.core.clocktime import elapsed_minutes
from connecteam_sync.core.run import Difference, Verdict
from connecteam_sync.core.shift import Break, Shift
from connecteam_sync.core.window import Window, local_day

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: tuple[Weekday, ...] = get_args(Weekday)
"""As `date.weekday` counts them."""
_ONE_DAY = timedelta(days=1)
_ALIKE: frozenset[Verdict] = frozenset({"equal", "rounding"})


class TimesheetRules(msgspec.Struct, frozen=True, kw_only=True):
    """What a company's time clocks are known to do to a timesheet, in whole minutes; None: nothing of the kind.

    `automatic_break_minutes` are deducted from a shift at most, `timesheet_rounding_minutes` is the step to which its
    ends are rounded; days of `timesheet_off_days` are on no timesheet. With `import_locks` its locks and approvals of a
    person's day close that day here, too.
    """

    automatic_break_minutes: int | None = None
    timesheet_rounding_minutes: int | None = None
    timesheet_off_days: tuple[Weekday, ...] = ()
    import_locks: bool = False


class TimesheetDay(msgspec.Struct, frozen=True, kw_only=True):
    """Connecteam's total of a person's day in whole minutes, without breaks; `shift_ids` are None if it lists none."""

    user_id: int
    day: date
    minutes: int
    shift_ids: frozenset[str] | None = None


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """One person-day in both counts: the shifts that begin on it, their minutes, and those of the timesheet."""

    user_id: int
    day: date
    shifts: int
    minutes: int
    minutes_timesheet: int
    verdict: Verdict


def counted(
    window: Window,
    shifts: Iterable[Shift],
    breaks: Iterable[Break],
    timesheet: Iterable[TimesheetDay],
    rules: TimesheetRules,
) -> tuple[Counted, ...]:
    """Every person-day of the window that has a shift or a total, by day and user.

    `shifts`, `breaks` and `timesheet` are those of one time clock, if possible also of the days next to the window.
    """
    days = _Days(window, shifts, breaks, timesheet, rules)
    asked = sorted(key for key in days.worked.keys() | days.totals.keys() if window.first <= key[0] <= window.last)
    return tuple(days.counted(day, user) for day, user in asked)


def differing(
    found: Iterable[Counted], *, names: Mapping[int, str], approved: Collection[tuple[int, date]] = ()
) -> tuple[Difference, ...]:
    """The person-days that are neither equal nor only rounded; `approved` are the days of users that are approved."""
    return tuple(
        Difference(
            day=item.day,
            employee_id=None,
            name=names.get(item.user_id, f"Connecteam user {item.user_id}"),
            shifts_upstream=item.shifts,
            rows=item.shifts,
            minutes_upstream=item.minutes_timesheet,
            minutes=item.minutes,
            verdict=item.verdict,
            is_approved=(item.user_id, item.day) in approved,
        )
        for item in found
        if item.verdict not in _ALIKE
    )


class _Days:
    """What each local day of each user has, in both counts."""

    def __init__(
        self,
        window: Window,
        shifts: Iterable[Shift],
        breaks: Iterable[Break],
        timesheet: Iterable[TimesheetDay],
        rules: TimesheetRules,
    ) -> None:
        self.rules = rules
        self.worked: dict[tuple[date, int], list[Shift]] = defaultdict(list)
        for shift in shifts:
            self.worked[local_day(shift.start, window.zone), shift.user_id].append(shift)
        self.paused: dict[int, list[Break]] = defaultdict(list)
        for item in breaks:
            self.paused[item.user_id].append(item)
        self.totals = {(total.day, total.user_id): total for total in timesheet}

    def counted(self, day: date, user: int) -> Counted:
        """Both counts of a day, and the verdict."""
        shifts, total = self.worked.get((day, user), []), self.totals.get((day, user))
        return Counted(
            user_id=user,
            day=day,
            shifts=len(shifts),
            minutes=_minutes(shifts),
            minutes_timesheet=0 if total is None else total.minutes,
            verdict=self._verdict(day, user, shifts, total),
        )

    def _verdict(self, day: date, user: int, shifts: list[Shift], total: TimesheetDay | None) -> Verdict:
        ours = {shift.id for shift in shifts}
        listed = frozenset[str]() if total is None else total.shift_ids
        if listed is not None and listed != ours:
            return self._of_other_ids(day, user, ours ^ listed, is_listed=bool(listed))
        return self._of_minutes(user, shifts, 0 if total is None else total.minutes)

    def _of_other_ids(self, day: date, user: int, odd: set[str], *, is_listed: bool) -> Verdict:
        """The verdict on a day whose timesheet lists other shifts than begin on it; `odd` are in one of both only."""
        next_to_it: set[str] = set()
        for near in (day - _ONE_DAY, day + _ONE_DAY):
            total = self.totals.get((near, user))
            next_to_it |= (total.shift_ids if total is not None else None) or set()
            next_to_it |= {shift.id for shift in self.worked.get((near, user), ())}
        if odd <= next_to_it:
            return "overnight"
        if not is_listed and WEEKDAYS[day.weekday()] in self.rules.timesheet_off_days:
            return "not_on_timesheet"
        return "different"

    def _of_minutes(self, user: int, shifts: list[Shift], total: int) -> Verdict:
        """The verdict on a day of the same shifts, by its minutes."""
        missing = _minutes(shifts) - total
        if missing == 0:
            return "equal"
        # Decimal hours are rounded once a shift at most; each end of a shift by half of the configured step.
        rounding = max(1, len(shifts) * (self.rules.timesheet_rounding_minutes or 1))
        if abs(missing) <= rounding:
            return "rounding"
        paused = self._paused_minutes(user, shifts)
        if paused:
            return "manual_break" if abs(missing - paused) <= rounding else "different"
        deducted = (self.rules.automatic_break_minutes or 0) * len(shifts)
        # More than rounding is missing, or less than nothing; rounding may add to a deducted break.
        return "automatic_break" if rounding < missing <= deducted + rounding else "different"

    def _paused_minutes(self, user: int, shifts: list[Shift]) -> int:
        """Whole minutes of a user's breaks within these shifts."""
        seconds = sum(
            max(0, min(item.end, shift.end) - max(item.start, shift.start))
            for item in self.paused.get(user, ())
            for shift in shifts
            if item.end is not None and shift.end is not None
        )
        return seconds // 60


def _minutes(shifts: Iterable[Shift]) -> int:
    return sum(elapsed_minutes(shift.start, shift.end) or 0 for shift in shifts)

"""Three counts of each person's day: Connecteam's activities, the table, and Connecteam's own timesheet. Pure.

The table against the activities is exact (`core.verify`); the timesheet is judged by `core.timesheets`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import Literal

import msgspec

from connecteam_sync.core.clocktime import ClockTime, elapsed_minutes
from connecteam_sync.core.keys import RowId, ordered
from connecteam_sync.core.run import Verdict
from connecteam_sync.core.shift import Shift
from connecteam_sync.core.timesheets import Counted
from connecteam_sync.core.window import Window, local_day

CountName = Literal["table", "activities", "timesheet"]
_WORST: tuple[Verdict, ...] = (
    "different",
    "not_on_timesheet",
    "overnight",
    "automatic_break",
    "manual_break",
    "rounding",
    "equal",
)


class CountedDay(msgspec.Struct, frozen=True, kw_only=True):
    """One day of an employee in whole minutes, by all three counts; `minutes_timesheet` is None where none was read."""

    employee_id: RowId
    name: str
    day: date
    minutes_table: int
    minutes_activities: int
    minutes_timesheet: int | None
    verdict: Verdict

    @property
    def odd(self) -> CountName | None:
        """The count that two others are against; None where all agree, or all differ."""
        return odd_one(self.minutes_table, self.minutes_activities, self.minutes_timesheet)


class PersonTotal(msgspec.Struct, frozen=True, kw_only=True):
    """An employee's whole minutes in a period, by all three counts. `verdict` is the worst of the days.

    The table counts every row that begins in the period; `minutes_manual` of them were entered by hand, and Connecteam
    knows nothing of them. `minutes_held` of Connecteam's activities are held, and so in no row: of a held shift that
    has a row those that the row lacks, below zero where the row has more; none where only its breaks are held.
    """

    employee_id: RowId
    name: str
    minutes_table: int
    minutes_activities: int
    minutes_timesheet: int | None
    verdict: Verdict
    minutes_manual: int = 0
    minutes_held: int = 0

    @property
    def odd(self) -> CountName | None:
        """The count that two others are against; None where all agree, or all differ.

        What was entered by hand, or is held, is no difference.
        """
        ours = self.minutes_table - self.minutes_manual
        return odd_one(ours, self.minutes_activities - self.minutes_held, self.minutes_timesheet)


def odd_one(table: int, activities: int, timesheet: int | None) -> CountName | None:
    """The one of three counts that the other two are against."""
    if timesheet is None or table == activities == timesheet:
        return None
    if table == activities:
        return "timesheet"
    if table == timesheet:
        return "activities"
    return "table" if activities == timesheet else None


class CountInputs(msgspec.Struct, frozen=True, kw_only=True):
    """What three counts are made of.

    `shifts` and `rows` begin in the window. `counted` are the person-days of Connecteam's timesheet, of every time
    clock that was read. `differing` are the person-days on which table and activities disagree without a hold. `unread`
    are the employees with a shift of which no timesheet was read; None if none was read at all. `held` are shifts;
    `row_of` has the row of each shift that has one.
    """

    window: Window
    shifts: Iterable[Shift]
    rows: Iterable[ClockTime]
    counted: Iterable[Counted]
    differing: Collection[tuple[date, RowId]]
    employees: Mapping[int, RowId]
    names: Mapping[RowId, str]
    unread: Collection[RowId] | None = ()
    held: Collection[str | None] = ()
    row_of: Mapping[str, RowId | None] = {}


class _Sums:
    """The minutes of one person-day, or of one person."""

    __slots__ = ("activities", "held", "manual", "table", "timesheet", "verdict")

    def __init__(self) -> None:
        self.table = self.activities = self.timesheet = self.manual = self.held = 0
        self.verdict: Verdict = "equal"

    def add(self, other: _Sums) -> None:
        """Add another's minutes, and keep the worse verdict."""
        self.table += other.table
        self.activities += other.activities
        self.timesheet += other.timesheet
        self.manual += other.manual
        self.held += other.held
        self.judge(other.verdict)

    def judge(self, verdict: Verdict) -> None:
        """Keep the worst verdict."""
        if _WORST.index(verdict) < _WORST.index(self.verdict):
            self.verdict = verdict


def three_counts(inputs: CountInputs) -> tuple[tuple[PersonTotal, ...], tuple[CountedDay, ...]]:
    """The totals of everybody who has a row, a shift or a timesheet in the period, by employee; and the person-days
    whose counts are not equal, by day. Shifts of users without an employee count for nobody.
    """
    days = _person_days(inputs)
    names = inputs.names
    people: dict[RowId, _Sums] = {}
    shown: list[CountedDay] = []
    for (day, employee), sums in sorted(days.items(), key=lambda item: (item[0][0], ordered(item[0][1]))):
        people.setdefault(employee, _Sums()).add(sums)
        if sums.verdict != "equal":
            shown.append(
                CountedDay(
                    employee_id=employee,
                    name=names.get(employee, f"employee {employee}"),
                    day=day,
                    minutes_table=sums.table,
                    minutes_activities=sums.activities,
                    minutes_timesheet=_sheet(inputs, employee, sums),
                    verdict=sums.verdict,
                )
            )
    totals = tuple(
        PersonTotal(
            employee_id=employee,
            name=names.get(employee, f"employee {employee}"),
            minutes_table=sums.table,
            minutes_activities=sums.activities,
            minutes_timesheet=_sheet(inputs, employee, sums),
            verdict=sums.verdict,
            minutes_manual=sums.manual,
            minutes_held=sums.held,
        )
        for employee, sums in sorted(people.items(), key=lambda item: ordered(item[0]))
    )
    return totals, tuple(shown)


def _sheet(inputs: CountInputs, employee: RowId, sums: _Sums) -> int | None:
    return None if inputs.unread is None or employee in inputs.unread else sums.timesheet


def _person_days(inputs: CountInputs) -> dict[tuple[date, RowId], _Sums]:
    zone = inputs.window.zone
    days: dict[tuple[date, RowId], _Sums] = {}
    keys: set[tuple[RowId, int]] = set()
    rows = list(inputs.rows)
    by_id: dict[RowId | None, ClockTime] = {row.id: row for row in rows if row.id is not None}

    def of(day: date, employee: RowId) -> _Sums:
        return days.setdefault((day, employee), _Sums())

    for shift in inputs.shifts:
        employee = inputs.employees.get(shift.user_id)
        if employee is not None:
            keys.add((employee, shift.start))
            sums, minutes = of(local_day(shift.start, zone), employee), elapsed_minutes(shift.start, shift.end) or 0
            sums.activities += minutes
            if shift.id in inputs.held:
                own = by_id.get(inputs.row_of.get(shift.id))
                sums.held += minutes - (own.minutes if own is not None and own.employee_id == employee else 0)
    for row in rows:
        sums = of(local_day(row.clock_in, zone), row.employee_id)
        sums.table += row.minutes
        # A row entered by hand on the exact key of a shift counts as its row, as in `core.verify`.
        sums.manual += row.minutes if not row.is_ours and row.key not in keys else 0
    for one in inputs.counted:
        employee = inputs.employees.get(one.user_id)
        if employee is not None and (one.minutes_timesheet or one.verdict != "equal"):
            sums = of(one.day, employee)
            sums.timesheet += one.minutes_timesheet
            sums.judge(one.verdict)
    for day, employee in inputs.differing:
        of(day, employee).judge("different")
    return days

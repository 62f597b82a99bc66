"""Count the table against Connecteam by person and day: an independent check that shares no step with the planner."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import NamedTuple, TypeVar

from connecteam_sync.core.change import SlicePlan
from connecteam_sync.core.clocktime import ClockTime, StoredState, elapsed_minutes
from connecteam_sync.core.keys import RowId, ordered
from connecteam_sync.core.run import Difference
from connecteam_sync.core.shift import Shift
from connecteam_sync.core.window import Window, local_day

Person = TypeVar("Person")
DayTotals = dict[tuple[date, Person], tuple[int, int]]
"""Shifts and minutes by day and person."""

SeenTotals = tuple[int, Window, tuple[tuple[int, date, int], ...]]
"""Connecteam's own totals of a time clock's days, as they came: (user, local day, minutes) of each."""

SeenLocks = tuple[int, Window, tuple[tuple[int, date, bool | None, bool | None], ...]]
"""What a time clock's timesheet said of people's days: (user, local day, whether locked, whether approved); None: it
did not say.
"""


class Held(NamedTuple):
    """Ids of held shifts and of rows that holds are about: none of them is counted."""

    shifts: frozenset[str | None] = frozenset()
    rows: frozenset[RowId | None] = frozenset()


def held_by(plans: Iterable[tuple[SlicePlan, StoredState]]) -> Held:
    """The shifts and rows of these plans' holds; also the row of a held shift, unless a change gives it to another."""
    every = list(plans)
    holds = [hold for plan, _ in every for hold in plan.holds]
    shifts = frozenset(hold.shift_id for hold in holds if hold.shift_id is not None)
    rows = {hold.clock_time_id for hold in holds}
    rows |= {mirror.clock_time_id for _, stored in every for mirror in stored.mirrors if mirror.shift.id in shifts}
    given = {change.before.id for plan, _ in every for change in plan.changes if change.before is not None}
    return Held(shifts, frozenset(rows - given))


def differing_days(
    window: Window,
    shifts: Iterable[Shift],
    rows: Iterable[ClockTime],
    *,
    employees: Mapping[int, RowId],
    names: Mapping[RowId, str],
    held: Held,
) -> tuple[Difference, ...]:
    """The person-days of the window on which counts or whole minutes disagree, without held shifts and rows.

    `employees` maps users to employees; shifts of unmapped users are held, and count nowhere.
    """
    upstream: DayTotals[RowId] = {}
    table: DayTotals[RowId] = {}
    keys: set[tuple[RowId, int]] = set()
    for shift in shifts:
        employee = employees.get(shift.user_id)
        if employee is not None and shift.id not in held.shifts:
            keys.add((employee, shift.start))
            _count(upstream, window, employee, shift.start, elapsed_minutes(shift.start, shift.end))
    for row in rows:
        # A manual row on the exact key of a shift counts as its row.
        if row.id not in held.rows and (row.is_ours or row.key in keys):
            _count(table, window, row.employee_id, row.clock_in, row.minutes)
    return tuple(
        Difference(
            day=day,
            employee_id=employee,
            name=names.get(employee, f"employee {employee}"),
            shifts_upstream=expected[0],
            rows=actual[0],
            minutes_upstream=expected[1],
            minutes=actual[1],
        )
        for day, employee in sorted(upstream.keys() | table.keys(), key=lambda key: (key[0], ordered(key[1])))
        if (expected := upstream.get((day, employee), (0, 0))) != (actual := table.get((day, employee), (0, 0)))
    )


def _count(day_totals: DayTotals[Person], window: Window, person: Person, start: int, minutes: int | None) -> None:
    if window.holds(start):
        key = (local_day(start, window.zone), person)
        count, total = day_totals.get(key, (0, 0))
        day_totals[key] = (count + 1, total + (minutes or 0))

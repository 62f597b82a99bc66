"""Count the table against Connecteam by person and day: a witness that shares no step with the planner."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from connecteam_sync.core.change import Hold
from connecteam_sync.core.clocktime import ClockTime, elapsed_minutes
from connecteam_sync.core.run import Difference
from connecteam_sync.core.shift import Shift
from connecteam_sync.core.window import Window, local_day

Tally = dict[tuple[date, int], tuple[int, int]]


def differing_days(
    window: Window,
    shifts: Iterable[Shift],
    rows: Iterable[ClockTime],
    *,
    employees: Mapping[int, int],
    names: Mapping[int, str],
    holds: Iterable[Hold],
) -> tuple[Difference, ...]:
    """The person-days of the window on which counts or whole minutes disagree and no hold explains it.

    `employees` maps users to employees; shifts of unmapped users are held, and count nowhere.
    """
    upstream: Tally = {}
    table: Tally = {}
    keys: set[tuple[int, int]] = set()
    for shift in shifts:
        employee = employees.get(shift.user_id)
        if employee is not None:
            keys.add((employee, shift.start))
            _count(upstream, window, employee, shift.start, elapsed_minutes(shift.start, shift.end))
    for row in rows:
        # A row entered by hand on the very key of a shift stands in for it.
        if row.is_ours or row.key in keys:
            _count(table, window, row.employee_id, row.clock_in, row.total_minutes)
    explained = {(local_day(hold.instant, window.zone), hold.employee_id) for hold in holds if hold.instant is not None}
    return tuple(
        Difference(
            day=day,
            employee_id=employee,
            name=names.get(employee, f"employee {employee}"),
            shifts_upstream=said[0],
            rows=held[0],
            minutes_upstream=said[1],
            minutes=held[1],
        )
        for day, employee in sorted(upstream.keys() | table.keys())
        if (said := upstream.get((day, employee), (0, 0))) != (held := table.get((day, employee), (0, 0)))
        and (day, employee) not in explained
    )


def differing_totals(
    window: Window, shifts: Iterable[Shift], totals: Iterable[tuple[int, date, int]], *, names: Mapping[int, str]
) -> tuple[Difference, ...]:
    """Where the timesheet's totals (user, day, minutes) are off the punches by more than a minute a shift."""
    worked: Tally = {}
    for shift in shifts:
        _count(worked, window, shift.user_id, shift.start, elapsed_minutes(shift.start, shift.end))
    said = {(day, user): minutes for user, day, minutes in totals if window.first <= day <= window.last}
    return tuple(
        Difference(
            day=day,
            employee_id=None,
            name=names.get(user, f"Connecteam user {user}"),
            shifts_upstream=count,
            rows=count,
            minutes_upstream=said.get((day, user), 0),
            minutes=minutes,
        )
        for day, user in sorted(worked.keys() | said.keys())
        for count, minutes in (worked.get((day, user), (0, 0)),)
        if abs(said.get((day, user), 0) - minutes) > max(1, count)
    )


def _count(tally: Tally, window: Window, person: int, start: int, minutes: int | None) -> None:
    if window.holds(start):
        key = (local_day(start, window.zone), person)
        count, total = tally.get(key, (0, 0))
        tally[key] = (count + 1, total + (minutes or 0))

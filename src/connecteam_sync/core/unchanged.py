"""Shifts about which there is nothing to decide: nearly all of them, nearly always.

A shift is unchanged if it is remembered exactly as Connecteam shows it, its row is ours and has exactly its values, and
no other shift has its employee and clock-in. The planner would draft no change, no hold and no new memory for it
(rules 4 and 13), so it only counts such shifts and decides on the others one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from connecteam_sync.core.clocktime import CONNECTEAM, ClockTime, TrackedShift
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.shift import Shift

Key = tuple[RowId, int]


def unchanged_rows(
    shifts: Iterable[Shift],
    others: Iterable[tuple[RowId, Shift]],
    *,
    rows: Mapping[RowId | None, ClockTime],
    mirrors: Mapping[str, TrackedShift],
    employees: Mapping[int, RowId],
    of_shift: Sequence[tuple[str, Callable[[Shift], object]]] = (),
) -> dict[str, RowId | None]:
    """The row of every unchanged shift, by shift id. `others` are live shifts of other time clocks, with employees;
    `of_shift` are the columns that the table has beside person and times (`columns.shift_columns`).
    """
    found: dict[Key, tuple[str, RowId | None]] = {}
    contested: set[Key] = {(employee, shift.start) for employee, shift in others}
    row_of, mirror_of, employee_of = rows.get, mirrors.get, employees.get
    for shift in shifts:
        employee = employee_of(shift.user_id)
        if employee is None:
            continue
        start, end = shift.start, shift.end
        key = (employee, start)
        mirror = mirror_of(shift.id)
        row = row_of(mirror.clock_time_id) if mirror is not None else None
        if (
            row is None
            or mirror is None
            or row.clock_in != start
            or row.clock_out != end
            or row.employee_id != employee
            or row.total_minutes != (None if end is None else (end - start) // 60)
            or row.is_active != (end is None)
            or row.source != CONNECTEAM
            or (of_shift and any(getattr(row, field) != value_of(shift) for field, value_of in of_shift))
            or mirror.is_gone
            or mirror.shift != shift
            or key in found
        ):
            contested.add(key)
        else:
            found[key] = (shift.id, row.id)
    return {shift: row for key, (shift, row) in found.items() if key not in contested}

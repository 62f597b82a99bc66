"""Holds for hours that would count twice: new rows in the minute of a row of ours, manual rows on a clock-in."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from connecteam_sync.core.change import Hold
from connecteam_sync.core.clocktime import ClockTime
from connecteam_sync.core.draft import PlanBuilder
from connecteam_sync.core.guards import doubled_hours, rows_of_listed
from connecteam_sync.core.same_minute import agrees, begins_alike, minute
from connecteam_sync.core.shift import Shift


def held_back(builder: PlanBuilder, unlinked: Collection[ClockTime]) -> None:
    """Hold new rows that begin in the minute of a row of ours without a shift: the hours would count twice.

    Nothing is held if a guard refuses all of it, or a person has accepted it, or rows without a shift go.
    """
    creates = [change for change in builder.changes if change.kind == "create"]
    if not creates or not unlinked or builder.rows_go:
        return
    rows = {row.key: row for row in unlinked}
    row_in_minute = {
        id(change): row
        for change in creates
        if (row := rows.get((change.image.employee_id, minute(change.image.clock_in))))
        and begins_alike(row, change.image)
    }
    if (
        not row_in_minute
        or doubled_hours(creates, rows_of_listed(unlinked, builder.stored, builder.snapshot), builder.clock) is not None
    ):
        return
    for change in creates:
        row_there = row_in_minute.get(id(change))
        if row_there is not None:
            same = "says the same but for the seconds" if agrees(row_there, change.image) else "begins in that minute"
            builder.hold_change("same_minute", change, f"row {row_there.id} has no shift yet and {same}")
    builder.changes = [change for change in builder.changes if id(change) not in row_in_minute]


def hold_twice_by_hand(builder: PlanBuilder, shifts: Iterable[Shift]) -> None:
    """Hold shifts that have a row and also a manual row on the same clock-in: both count, and neither may be removed.

    It happens if the table has no unique key, or one over fractions of a second.
    """
    by_hand = {row.key: row for row in builder.stored.rows if not row.is_ours}
    if not by_hand:
        return
    for shift in shifts:
        other = by_hand.get((builder.stored.employees.get(shift.user_id, 0), shift.start))
        if other is None:
            continue
        mirror = builder.mirrors.get(shift.id)
        row = builder.rows.get(mirror.clock_time_id) if mirror is not None else None
        if row is None or not row.is_ours:
            continue
        builder.add_hold(
            Hold(
                reason="manual_row",
                subject=f"shift:{shift.id}",
                detail=f"row {other.id} was entered by {other.entered_by} on the clock-in of its row {row.id}: both"
                " count; remove the one that is wrong",
                shift_id=shift.id,
                user_id=shift.user_id,
                clock_time_id=other.id,
                employee_id=other.employee_id,
                instant=shift.start,
                minutes=-other.minutes,
            )
        )

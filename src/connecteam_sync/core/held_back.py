"""New rows that would stand beside a row of ours which is the same shift but for its seconds."""

from __future__ import annotations

from collections.abc import Collection

from connecteam_sync.core.clocktime import ClockTime
from connecteam_sync.core.draft import Desk
from connecteam_sync.core.guards import doubled_hours, rows_of_listed
from connecteam_sync.core.same_minute import agrees, begins_alike, minute


def held_back(desk: Desk, unlinked: Collection[ClockTime]) -> None:
    """Hold new rows that begin in the minute of a row of ours without a shift: the hours would stand there twice.

    Where a guard refuses all of it, or a person has let it through, there is nothing to hold; nor where rows without a
    shift go.
    """
    creates = [change for change in desk.changes if change.kind == "create"]
    if not creates or not unlinked or desk.rows_go:
        return
    rows = {row.key: row for row in unlinked}
    beside = {
        id(change): row
        for change in creates
        if (row := rows.get((change.image.employee_id, minute(change.image.clock_in))))
        and begins_alike(row, change.image)
    }
    if (
        not beside
        or doubled_hours(creates, rows_of_listed(unlinked, desk.stored, desk.snapshot), desk.clock) is not None
    ):
        return
    for change in creates:
        row_there = beside.get(id(change))
        if row_there is not None:
            same = "says the same but for the seconds" if agrees(row_there, change.image) else "begins in that minute"
            desk.hold_change("same_minute", change, f"row {row_there.id} has no shift yet and {same}")
    desk.changes = [change for change in desk.changes if id(change) not in beside]

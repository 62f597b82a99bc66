"""The outcome of a fresh look: by plan, by plain counting, and beside Connecteam's own totals."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from connecteam_sync.api.client import DayTotal
from connecteam_sync.core.adopt import Offset, offset_rows
from connecteam_sync.core.change import SlicePlan
from connecteam_sync.core.clocktime import Stored
from connecteam_sync.core.run import Difference, Plan, Verification
from connecteam_sync.core.verify import differing_days, differing_totals, held_by
from connecteam_sync.core.window import Window
from connecteam_sync.engine.progress import Tally
from connecteam_sync.engine.propose import failure_of
from connecteam_sync.errors import ConnecteamSyncError

Timesheet = Callable[[int, Window], "tuple[DayTotal, ...] | None"]
"""Connecteam's own totals of a time clock; None of one that it does not show any more."""


def proved(
    window: Window,
    proposal: Plan,
    looked: Sequence[tuple[SlicePlan, Stored]],
    timesheet: Timesheet | None,
    tally: Tally,
) -> Verification:
    """What a proposal, and the looks it was made of, say of the table. Without `timesheet` no totals are asked for."""
    days: list[Difference] = []
    totals: list[Difference] = []
    failures = list(proposal.failures)
    offsets: list[Offset] = []
    held = held_by(looked)
    for piece in dict.fromkeys(plan.window for plan, _ in looked):
        mine = [(plan, stored) for plan, stored in looked if plan.window == piece]
        shifts = [shift for plan, _ in mine for shift in plan.snapshot.shifts]
        rows = {row.id: row for _, stored in mine for row in stored.rows}
        employees = {user: employee for _, stored in mine for user, employee in stored.employees.items()}
        names = {employee: name for _, stored in mine for employee, name in stored.names.items()}
        days += differing_days(piece, shifts, rows.values(), employees=employees, names=names, held=held)
        inside = [row for row in rows.values() if piece.holds(row.clock_in)]
        offsets += offset_rows(inside, shifts, employees, piece.zone)
        for plan, _ in mine if timesheet is not None else ():
            tally.begins(plan.time_clock_id, piece)
            try:
                said = timesheet(plan.time_clock_id, piece) if timesheet is not None else None
            except ConnecteamSyncError as error:
                failures.append(failure_of(plan.time_clock_id, piece, error))
                tally.ends(piece, None)
                continue
            tally.ends(piece, plan.counts)
            if said is not None:
                people = {user.id: user.name for user in plan.snapshot.users}
                triples = [(total.user_id, total.day, total.minutes) for total in said]
                totals += differing_totals(piece, plan.snapshot.shifts, triples, names=people)
    shown = [s for plan, _ in looked for s in plan.snapshot.shifts if plan.window.holds(s.start)]
    return Verification(
        window=window,
        plan=msgspec.structs.replace(proposal, failures=tuple(failures)),
        days=tuple(days),
        totals=tuple(totals),
        offsets=tuple(offsets),
        shifts=len(shown),
        minutes=sum((s.end - s.start) // 60 for s in shown if s.end is not None),
    )

"""The end of a run, when every look is done: absences, and shifts that waited for them, are decided."""

from __future__ import annotations

from collections.abc import Sequence

from connecteam_sync.core.change import SlicePlan
from connecteam_sync.core.evidence import RunEvidence

ROUNDS = 3
"""How often the end is repeated: a key may pass from one look's shift to another's, and back."""


def left_for_the_end(plans: Sequence[SlicePlan | None], evidence: RunEvidence) -> list[int]:
    """The looks that must be planned again, by number, now that all are done; `evidence` gets the absent and awaited.

    `plans` are the newest of each look, in the order in which they were made; None if there was nothing to decide.
    """
    # In a second round, a shift that waited for a row has had its chance to inherit it.
    evidence.awaited.clear()
    for plan in plans:
        if plan is not None and evidence.stage != "end":
            evidence.awaited.update((w.user_id, w.start) for w in plan.pending.waits if not w.has_row)
        if plan is not None:
            evidence.absent.update(plan.pending.absent)
    for plan in plans:
        if plan is not None:
            _note_losses(plan, evidence)
    evidence.stage = "end"
    return [
        number for number, plan in enumerate(plans) if plan is not None and _is_open(plan, plans[number:], evidence)
    ]


def _note_losses(plan: SlicePlan, evidence: RunEvidence) -> None:
    """Add the plan's deletes to `evidence`, except rows of shifts that moved, or that a waiting shift may inherit."""
    if plan.losses.rows:
        evidence.rows_of_people.setdefault((plan.window.start_utc, plan.window.end_utc), dict(plan.losses.rows))
    evidence.let_through.update(plan.losses.let_through)
    absent = set(plan.pending.absent)
    for change in plan.losses.going:
        row, shift = change.image, change.shift_id
        stays = shift in absent and (evidence.has_shown(shift) or (change.user_id, row.clock_in) in evidence.awaited)
        if not stays:
            evidence.going.setdefault(row.employee_id, {})[row.id or 0] = row.clock_in


def _is_open(plan: SlicePlan, later: Sequence[SlicePlan | None], evidence: RunEvidence) -> bool:
    """Whether the end has something to decide that the look itself could not."""
    absent = set(plan.pending.absent)
    if plan.pending.orphans or any(change.shift_id not in absent for change in plan.pending.deletes):
        return True
    if any(not evidence.has_shown(shift_id) for shift_id in absent):
        return True
    wrote = any(newer is not None and newer is not plan and newer.changes for newer in later)
    return any(
        wait.because is None or wrote or (wait.because in evidence.absent and not evidence.has_shown(wait.because))
        for wait in plan.pending.waits
    )

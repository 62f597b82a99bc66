"""What is left for the end of a run, when every look is in: absences, and shifts that waited for them."""

from __future__ import annotations

from collections.abc import Sequence

from connecteam_sync.core.change import SlicePlan
from connecteam_sync.core.evidence import RunEvidence

ROUNDS = 3
"""How often the end is gone over: a key may be handed on from one look to the next, and back."""


def left_for_the_end(plans: Sequence[SlicePlan | None], evidence: RunEvidence) -> list[int]:
    """Which of a run's looks must be planned again, now that all are in; `evidence` is told what is absent and awaited.

    `plans` are the newest of each look, in the order in which they were made; None where there is nothing to decide.
    """
    # Who waited for a row has had the chance to inherit it once the end was gone over.
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
    """Tell `evidence` what goes from whom, but for what has only moved, or is waited for by a shift in its place."""
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
    """Whether the end has something to decide that its look could not."""
    absent = set(plan.pending.absent)
    if plan.pending.orphans or any(change.shift_id not in absent for change in plan.pending.deletes):
        return True
    if any(not evidence.has_shown(shift_id) for shift_id in absent):
        return True
    wrote = any(other is not None and other is not plan and other.changes for other in later)
    return any(
        wait.because is None or wrote or (wait.because in evidence.absent and not evidence.has_shown(wait.because))
        for wait in plan.pending.waits
    )

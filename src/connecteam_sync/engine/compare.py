"""What the old algorithm would do to a window's shifts, from the table as it is. Nothing is written."""

from __future__ import annotations

from connecteam_sync.core.compare import Comparison, legacy_damages
from connecteam_sync.core.window import Window
from connecteam_sync.engine.context import Context
from connecteam_sync.engine.propose import propose


def compare(context: Context, window: Window) -> Comparison:
    """The shifts it would lose, overwrite, double or leave wrong."""
    proposal, stored = propose(context, [window], planner="legacy")
    pairs = list(zip(proposal.plans, stored, strict=True))
    mapped = sum(p.window.holds(s.start) and s.user_id in t.employees for p, t in pairs for s in p.snapshot.shifts)
    return Comparison(
        window=window,
        shifts=mapped,
        legacy_damages=tuple(damage for p, t in pairs for damage in legacy_damages(p, t)),
        failures=proposal.failures,
    )

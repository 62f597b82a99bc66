"""Text and JSON about a support bundle that was planned again."""

from __future__ import annotations

from typing import Any

from connecteam_sync.core.support import Replay
from connecteam_sync.core.text import many
from connecteam_sync.present import json_shapes


def lines(replay: Replay) -> list[str]:
    """Whether each decision is the one of the bundle."""
    about = f"the bundle was made by version {replay.made_by[:40]}, planner {replay.planner_version[:40]}"
    of = f" of run {replay.run}" if replay.run is not None else ""
    if not replay.looks:
        return [f"no decisions{of} are in it; {about}", *replay.missing]
    different = [look.plan for look in replay.looks if not look.is_same]
    said = f"{many(len(replay.looks), 'decision')}{of} planned again"
    result = "the same" if not different else f"{many(len(different), 'differs', 'differ')} from the bundle's"
    return [
        f"{said}: {result}; {about}",
        *(f"  time clock {plan.time_clock_id}, {plan.window}: not as in the bundle" for plan in different),
        *replay.missing,
    ]


def shape(replay: Replay) -> dict[str, Any]:
    """The object for programs."""
    return {
        "run": replay.run,
        "made_by": replay.made_by,
        "planner_version": replay.planner_version,
        "same": replay.is_same,
        "missing": list(replay.missing),
        "looks": [
            {
                "time_clock_id": look.plan.time_clock_id,
                "window": json_shapes.window(look.plan.window),
                "same": look.is_same,
                "fingerprint": look.plan.fingerprint,
            }
            for look in replay.looks
        ],
        "plan": json_shapes.plan(replay.plan) if replay.plan is not None else None,
    }

"""The visits of time clocks, as text and as JSON: how often, why so, and what keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from connecteam_sync.core.cadence import CadenceReason, ClockSchedule
from connecteam_sync.core.text import many, stamp
from connecteam_sync.present import json_shapes

WHY: Mapping[CadenceReason, str] = {
    "named": "as configured (cadence_seconds)",
    "ordinary": "the ordinary interval",
    "night": "it is night",
    "quiet": "nothing was changed for a day",
    "bells": "by how its doorbells come",
    "budget": "so that the calls of the day last",
    "failing": "the last look failed",
}
"""Why a time clock is visited as often as it is."""


def visits_text(visits: ClockSchedule, zone: ZoneInfo) -> str:
    """Whether `serve` visits a time clock, how often, and what keeps it."""
    if visits.state == "paused":
        since = f" since {stamp(visits.paused_at, zone)}" if visits.paused_at else ""
        return f"visits paused{since} by {visits.paused_by}: {visits.paused_reason}; next: connecteam-sync resume"
    if visits.state == "refused":
        return f"no visits, since the key is refused ({visits.error}); next: correct it, connecteam-sync resume"
    failing = f"; {many(visits.failures, 'look')} failed in a row: {visits.error}" if visits.failures else ""
    return f"visited every {many(visits.cadence, 'second')}, next at {stamp(visits.next_due, zone)}{failing}"


def visits_json(visits: ClockSchedule) -> json_shapes.Json:
    """When `serve` visits a time clock, and what keeps it."""
    return {
        "state": visits.state,
        "cadence_seconds": visits.cadence,
        "why": visits.why,
        "next_due": json_shapes.instant(visits.next_due),
        "last_good": json_shapes.instant(visits.last_good),
        "failures": visits.failures,
        "error": visits.error,
        "paused_at": json_shapes.instant(visits.paused_at),
        "paused_by": visits.paused_by,
        "paused_reason": visits.paused_reason,
    }

"""The list of runs for people: one line for each, newest first."""

from __future__ import annotations

from collections.abc import Iterable
from zoneinfo import ZoneInfo

from connecteam_sync.core.run import Run
from connecteam_sync.core.text import many, stamp
from connecteam_sync.present.text import asked_text, days_of


def runs_text(runs: Iterable[Run], zone: ZoneInfo) -> list[str]:
    """Runs as a table, newest first."""
    columns = ("new", "corr", "del", "held")
    head = f"{'run':>5}  {'started':<16}  {'kind':<7} {'status':<8} "
    lines = [head + " ".join(f"{name:>5}" for name in columns) + "  days"]
    for run in runs:
        started = stamp(run.started_at, zone)
        numbers = (run.counts.created, run.counts.updated, run.counts.deleted, run.counts.held)
        unfinished = "" if run.finished_at is not None else "  (not finished)"
        outcome = f"  undone by {run.undone_by}" if run.undone_by else ""
        asked = "  " + asked_text(run)
        if run.result is not None and run.result.differences:
            outcome = f"  {many(run.result.differences, 'difference')}"
        lines.append(
            f"{run.id or 0:>5}  {started:<16}  {run.kind:<7} {run.status:<8}"
            f" {' '.join(f'{number:>5}' for number in numbers)}  {days_of(run)}{unfinished}{outcome}{asked}".rstrip()
        )
    return lines if len(lines) > 1 else ["no run yet: connecteam-sync sync"]

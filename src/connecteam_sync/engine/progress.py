"""The progress of a long job, derived from its events."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from connecteam_sync.core.change import Counts
from connecteam_sync.core.events import Event, SliceBegan, SliceDone, SliceFailed, StepBegan, Waiting, Working
from connecteam_sync.core.progress import Progress


class ProgressListener:
    """Counts the slices of a step; calls `on_progress` before each of them, and once after the last."""

    def __init__(self, on_progress: Callable[[Progress], None]) -> None:
        self._on_progress = on_progress
        self._sum = Progress(step="")

    def __call__(self, event: Event) -> None:
        """Report the progress, if the event is about it."""
        if isinstance(event, StepBegan):
            self._sum = Progress(step=event.step, total=event.slices, days=event.days)
        elif isinstance(event, Working):
            self._on_progress(Progress(step=event.what))
        elif isinstance(event, Waiting):
            self._on_progress(Progress(step=f"waiting {event.seconds:.0f} s", detail=event.why))
        elif isinstance(event, SliceBegan | SliceDone | SliceFailed) and event.step == self._sum.step:
            self._slice(event)

    def _slice(self, event: SliceBegan | SliceDone | SliceFailed) -> None:
        if isinstance(event, SliceBegan):
            self._report(f"time clock {event.time_clock_id}, {event.window}", event.calls_left)
        elif isinstance(event, SliceDone):
            self._ended(event, event.counts)
        elif not event.ends_run:
            self._ended(event, None)

    def _ended(self, event: SliceDone | SliceFailed, counts: Counts | None) -> None:
        """Count a slice; `counts` is None if it failed."""
        added, so_far = counts or Counts(), self._sum
        self._sum = msgspec.structs.replace(
            so_far,
            done=so_far.done + 1,
            failed=so_far.failed + (counts is None),
            days_done=so_far.days_done + (event.window.days if event.ends_days else 0),
            shifts=so_far.shifts + added.total_shifts,
            changes=so_far.changes + added.created + added.updated + added.deleted,
        )
        if so_far.done + 1 == so_far.total:
            self._report("", event.calls_left)

    def _report(self, detail: str, calls_left: int | None) -> None:
        self._on_progress(msgspec.structs.replace(self._sum, detail=detail, calls_left=calls_left))

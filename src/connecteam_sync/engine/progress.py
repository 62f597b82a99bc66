"""How far a long job is: told from its events."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from connecteam_sync.core.change import Counts
from connecteam_sync.core.events import Event, SliceBegan, SliceDone, SliceFailed, StepBegan, Waiting, Working
from connecteam_sync.core.progress import Progress


class ProgressListener:
    """Counts the slices of a step as they are done, and tells `tell` before each, and once more after the last."""

    def __init__(self, on_progress: Callable[[Progress], None]) -> None:
        self._on_progress = on_progress
        self._sum = Progress(step="")

    def __call__(self, event: Event) -> None:
        """Of an event that says how far a job is, tell it."""
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
        """A slice is done: what it came to, None where it failed."""
        found, so_far = counts or Counts(), self._sum
        self._sum = msgspec.structs.replace(
            so_far,
            done=so_far.done + 1,
            failed=so_far.failed + (counts is None),
            days_done=so_far.days_done + (event.window.days if event.ends_days else 0),
            shifts=so_far.shifts + found.total_shifts,
            changes=so_far.changes + found.created + found.updated + found.deleted,
        )
        if so_far.done + 1 == so_far.total:
            self._report("", event.calls_left)

    def _report(self, detail: str, calls_left: int | None) -> None:
        self._on_progress(msgspec.structs.replace(self._sum, detail=detail, calls_left=calls_left))

"""How far a long job is, and how a caller is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

import msgspec

from connecteam_sync.core.change import Counts
from connecteam_sync.core.progress import Progress
from connecteam_sync.core.window import Window


class Tally:
    """Counts the slices of a job as they are done, and tells `tell`. `slices`: one for each, in order."""

    def __init__(
        self,
        step: str,
        slices: Iterable[Window],
        *,
        tell: Callable[[Progress], None],
        calls_left: Callable[[], int | None],
    ) -> None:
        self._tell, self._calls_left = tell, calls_left
        self._ahead = Counter(slices)
        self._sum = Progress(step=step, total=self._ahead.total(), days=sum(piece.days for piece in self._ahead))

    def begins(self, clock: int, window: Window) -> None:
        """The slice of this time clock is next."""
        self._say(f"time clock {clock}, {window}")

    def ends(self, window: Window, counts: Counts | None) -> None:
        """A slice is done: what it came to, None where it failed."""
        self._ahead[window] -= 1
        found, last = counts or Counts(), not self._ahead[window]
        so_far = self._sum
        self._sum = msgspec.structs.replace(
            so_far,
            done=so_far.done + 1,
            failed=so_far.failed + (counts is None),
            days_done=so_far.days_done + (window.days if last else 0),
            shifts=so_far.shifts + found.total_shifts,
            changes=so_far.changes + found.created + found.updated + found.deleted,
        )
        if so_far.done + 1 == so_far.total:
            self._say("")

    def _say(self, detail: str) -> None:
        self._tell(msgspec.structs.replace(self._sum, detail=detail, calls_left=self._calls_left()))

"""Events and their listeners, one of which is the log `connecteam_sync`; by default it is not shown."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from connecteam_sync.core.change import Counts, SlicePlan
from connecteam_sync.core.events import (
    ChangesWritten,
    Event,
    HoldsOpened,
    HoldsResolved,
    Level,
    RunBegan,
    RunEnded,
    SliceBegan,
    SliceDone,
    SliceFailed,
    SliceRefused,
    StepBegan,
    StepName,
)
from connecteam_sync.core.run import Run, Status
from connecteam_sync.core.window import Window
from connecteam_sync.errors import ConnecteamSyncError
from connecteam_sync.store.mirror.apply import ApplyResult

Emit = Callable[[Event], None]
"""Takes an event. An exception of a listener ends the call; everything committed by then stays."""

LOGGER = logging.getLogger("connecteam_sync")
LOGGER.addHandler(logging.NullHandler())  # else Python would print warnings if no log is set up
_LEVELS: dict[Level, int] = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}


def log(event: Event) -> None:
    """Log an event: its name is the message; the record has the event as `connecteam_event`."""
    LOGGER.log(_LEVELS[event.level], event.name, extra={"connecteam_event": event})


class Listeners:
    """Passes each event to every listener, in order."""

    def __init__(self, *listeners: Emit | None) -> None:
        self._listeners = [listener for listener in listeners if listener is not None]

    def __call__(self, event: Event) -> None:
        """Pass the event to each listener."""
        for listener in self._listeners:
            listener(event)


class Step:
    """Emits the events of one step of a run. `slices` has one window for each slice, in order.

    With `counted` false their number is not known beforehand, and the step is not announced.
    """

    def __init__(
        self,
        name: StepName,
        slices: Iterable[Window],
        *,
        emit: Emit,
        calls_left: Callable[[], int | None],
        counted: bool = True,
    ) -> None:
        self._name, self._emit, self._calls_left = name, emit, calls_left
        self._ahead = Counter(slices)
        self._since = 0.0
        if counted:
            days = sum(window.days for window in self._ahead)
            emit(StepBegan(step=name, slices=self._ahead.total(), days=days))

    def begins(self, clock: int, window: Window) -> None:
        """Emit that this slice begins."""
        self._since = time.monotonic()
        self._emit(SliceBegan(step=self._name, time_clock_id=clock, window=window, calls_left=self._calls_left()))

    def done(self, clock: int, window: Window, status: Status | None, counts: Counts) -> None:
        """Emit that the slice is done; `status` is None if the step writes nothing."""
        self._emit(
            SliceDone(
                step=self._name,
                time_clock_id=clock,
                window=window,
                status=status or "planned",
                counts=counts,
                seconds=self._seconds(),
                ends_days=self._ends(window),
                calls_left=self._calls_left(),
            )
        )

    def failed(self, clock: int, window: Window, error: ConnecteamSyncError, *, ends_run: bool = False) -> None:
        """Emit that the slice failed."""
        self._emit(
            SliceFailed(
                step=self._name,
                time_clock_id=clock,
                window=window,
                error=error.name,
                exit_code=error.exit_code,
                retryable=error.retryable,
                seconds=self._seconds(),
                ends_days=self._ends(window),
                ends_run=ends_run,
                calls_left=self._calls_left(),
            )
        )

    def _seconds(self) -> float:
        return round(time.monotonic() - self._since, 3)

    def _ends(self, window: Window) -> bool:
        self._ahead[window] -= 1
        return self._ahead[window] <= 0


def run_began(run: Run, slices: int = 0) -> RunBegan:
    """The event of a run that begins."""
    return RunBegan(kind=run.kind, window=run.window, slices=slices)


def run_ended(run: Run) -> RunEnded:
    """The event of a run that has ended."""
    return RunEnded(
        run=run.id,
        kind=run.kind,
        window=run.window,
        status=run.status,
        exit_code=run.exit_code,
        retryable=run.retryable,
        counts=run.counts,
        slices=len(run.slices),
        errors=run.errors,
        statements=run.statements,
        http_calls=run.http_calls,
        seconds=(run.finished_at or run.started_at) - run.started_at,
    )


def of_commit(run: int, plan: SlicePlan, done: ApplyResult | None) -> Iterator[Event]:
    """The events of a plan whose transaction is committed; `done` is None if guards refused it."""
    clock, window = plan.time_clock_id, plan.window
    if done is None:
        for refusal in plan.refusals:
            yield SliceRefused(
                run=run,
                time_clock_id=clock,
                window=window,
                guard=refusal.guard,
                fingerprint=refusal.fingerprint,
                stopped=len(refusal.stopped),
            )
        return
    if done.changes:
        kinds = Counter(change.kind for change in done.changes)
        yield ChangesWritten(
            run=run,
            time_clock_id=clock,
            window=window,
            created=kinds["create"],
            updated=kinds["update"],
            deleted=kinds["delete"],
            linked=kinds["link"],
        )
    for kind, reasons in ((HoldsOpened, done.holds.opened), (HoldsResolved, done.holds.resolved)):
        for reason, count in sorted(Counter(reasons).items()):
            yield kind(run=run, time_clock_id=clock, window=window, reason=reason, count=count)

"""Long work that somebody began from a page: one at a time, in a thread of its own, with its progress, until stopped.

Each slice of it is a transaction of its own, so whatever is done stays done.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Literal

import msgspec

from connecteam_sync.client import ConnecteamSync
from connecteam_sync.config import Settings
from connecteam_sync.core.progress import Progress
from connecteam_sync.core.run import Check
from connecteam_sync.errors import ConnecteamSyncError, LockHeld, LockRefused, NotFound
from connecteam_sync.present.text import GO_ON, progress_line
from connecteam_sync.service.stopping import Stopped, until
from connecteam_sync.service.units import attempted

WorkState = Literal["running", "stopping", "done", "stopped", "failed"]
_PATIENCE = 2.5
"""The seconds that a slice in hand has to commit once the console ends; after them it is rolled back."""
_SENTENCES = 20


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """How work ended: what came of it, in one sentence, and the page (a path of ours) that has more."""

    message: str
    to: str = ""
    is_well: bool = True


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """Work that `by` began at `began_at`: `what`, such as `verify 2025-12-01..2025-12-31`. Instants are epoch seconds.

    `line` is the progress as the command shows it; `share` is that of 1 which is done, None while that is not known.
    `message`, `next_step`, `wrong` and the page `to` say how it ended.
    """

    number: int
    by: str
    what: str
    began_at: int
    state: WorkState = "running"
    step: str = ""
    detail: str = ""
    line: str = ""
    share: float | None = None
    calls_left: int | None = None
    ended_at: int | None = None
    message: str = ""
    next_step: str = ""
    wrong: tuple[str, ...] = ()
    to: str = ""

    @property
    def is_in_hand(self) -> bool:
        """Whether it goes on."""
        return self.state in {"running", "stopping"}


class Examined(msgspec.Struct, frozen=True, kw_only=True):
    """What `doctor` found when somebody asked from a page."""

    at: int
    by: str
    checks: tuple[Check, ...]


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """Which receivers took a test that somebody sent from a page: why not, or None, by name."""

    at: int
    by: str
    results: dict[str, str | None]


Unit = Callable[[ConnecteamSync], Ended]


class Works:
    """The long work of one console, and what was examined and tried from its pages: kept until the process ends.

    `now` gives epoch seconds, `clock` seconds that never go back. Any thread may call it.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings, self._now, self._clock = settings, now, clock
        self._lock, self._stop = threading.Lock(), threading.Event()
        self._thread: threading.Thread | None = None
        self._work: Work | None = None
        self._step_began = 0.0
        self.examined: Examined | None = None
        self.tried: Tried | None = None

    @property
    def last(self) -> Work | None:
        """The work in hand, else what was done last in this process; None if nothing was."""
        return self._work

    @property
    def in_hand(self) -> Work | None:
        """The work in hand."""
        work = self._work
        return work if work is not None and work.is_in_hand else None

    def begin(self, unit: Unit, *, by: str, what: str) -> Work:
        """Begin work; it goes on when this returns. Raises LockHeld, if something else is in hand."""
        with self._lock:
            known = self._work
            # The thread, and not the state: a unit that was stopped may still be rolling back.
            if self._thread is not None and self._thread.is_alive() and known is not None:
                raise LockHeld(
                    f"{known.what}, which {known.by} began, is in hand: one thing at a time",
                    next_step="wait until it is done, or stop it: /in-hand",
                )
            number = 1 if known is None else known.number + 1
            self._work = Work(number=number, by=by, what=what, began_at=round(self._now()))
            self._stop = threading.Event()
            self._thread = threading.Thread(target=self._run, args=(unit, self._stop), name="work", daemon=True)
            self._thread.start()
            return self._work

    def stop(self, number: int | None = None) -> Work:
        """End the work in hand between two slices: what is done stays. Raises NotFound if there is none, or if it is
        another than that of a `number`.
        """
        with self._lock:
            is_other = self._work is not None and number not in {None, self._work.number}
            if self._work is None or not self._work.is_in_hand or is_other:
                raise NotFound(
                    "nothing is in hand that could be stopped", next_step="/in-hand shows what was done last"
                )
            self._stop.set()
            self._work = msgspec.structs.replace(self._work, state="stopping")
            return self._work

    def end(self) -> None:
        """Stop what is in hand and wait for it, but not for long."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(_PATIENCE)

    # -- in its thread -------------------------------------------------------------------------------------------------

    def _run(self, unit: Unit, stop: threading.Event) -> None:
        def whole() -> float:
            client = ConnecteamSync(settings=self._settings, on_progress=self._progressed, on_event=until(stop))
            try:
                done = unit(client)
            except Stopped:
                self._finish("stopped", message=f"stopped; {GO_ON}")
            else:
                self._finish("done" if done.is_well else "failed", message=done.message, to=done.to)
            finally:
                client.close()
            return 0.0

        attempted(whole, self._failed)

    def _failed(self, error: Exception) -> float:
        wrong: Sequence[str] = error.verified.wrong[:_SENTENCES] if isinstance(error, LockRefused) else ()
        if isinstance(error, ConnecteamSyncError):
            self._finish("failed", message=error.message, next_step=error.next_step, wrong=tuple(wrong))
        else:
            # Its words may hold names; kind and place are in the log.
            self._finish("failed", message=f"unforeseen error {type(error).__name__}", next_step="see the log")
        return 0.0

    def _finish(
        self, state: WorkState, *, message: str, next_step: str = "", wrong: tuple[str, ...] = (), to: str = ""
    ) -> None:
        with self._lock:
            if self._work is not None:
                self._work = msgspec.structs.replace(
                    self._work,
                    state=state,
                    ended_at=round(self._now()),
                    message=message,
                    next_step=next_step,
                    wrong=wrong,
                    to=to,
                )

    def _progressed(self, done: Progress) -> None:
        """Note how far it is, in the words of the command."""
        now = self._clock()
        if done.total and not done.done:
            self._step_began = now
        left = (now - self._step_began) / done.done * (done.total - done.done) if done.done else 0.0
        with self._lock:
            if self._work is not None:
                self._work = msgspec.structs.replace(
                    self._work,
                    step=done.step,
                    detail=done.detail,
                    line=progress_line(done, left) if done.done else "",
                    share=done.done / done.total if done.total else None,
                    calls_left=done.calls_left,
                )

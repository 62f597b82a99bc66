"""Turns done by threads of this process."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from contextlib import suppress

from connecteam_sync.core.fleet import Turn, Waiting
from connecteam_sync.errors import ConnecteamSyncError
from connecteam_sync.service.turns import TurnRunner
from connecteam_sync.service.units import attempted

_PATIENCE = 4.0


class ThreadHands:
    """`threads` threads that do what is given to them by `runner`, until `stop`."""

    def __init__(self, runner: TurnRunner, *, threads: int, stop: threading.Event, tell: Callable[[str], None]) -> None:
        self._runner, self._stop, self._tell = runner, stop, tell
        self._given: queue.SimpleQueue[Turn] = queue.SimpleQueue()
        self._lock, self._out = threading.Lock(), 0
        self._threads = [threading.Thread(target=self._run, name=f"turns-{n}", daemon=True) for n in range(threads)]

    @property
    def is_alive(self) -> bool:
        """Whether every thread works."""
        return all(thread.is_alive() for thread in self._threads)

    def begin(self) -> None:
        """Work from now on."""
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        """Wait for what is in hand, but not for long, after `stop` was set."""
        for thread in self._threads:
            thread.join(_PATIENCE / len(self._threads))

    def free(self, _: Waiting) -> int:
        """Threads with nothing to do."""
        with self._lock:
            return max(0, len(self._threads) - self._out)

    def give(self, turn: Turn) -> None:
        """Have a thread do it."""
        with self._lock:
            self._out += 1
        self._given.put(turn)

    def _run(self) -> None:
        while not self._stop.is_set():
            with suppress(queue.Empty):
                turn = self._given.get(timeout=0.2)
                try:
                    attempted(lambda turn=turn: self._do(turn), self._failed)  # type: ignore[misc]
                finally:
                    with self._lock:
                        self._out -= 1

    def _do(self, turn: Turn) -> float:
        self._runner.run(turn.account, turn.slot, str(turn.lease_token))
        return 0.0

    def _failed(self, error: Exception) -> float:
        """The control database does not answer: the lease runs out, and somebody else has the turn."""
        if isinstance(error, ConnecteamSyncError):
            self._tell(error.message)
        return 0.0

"""The thread of a service that tells people: every few seconds it sees whether trouble began or ended."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

from connecteam_sync.alerts.receivers import Receivers
from connecteam_sync.alerts.telling import Teller
from connecteam_sync.client import ConnecteamSync
from connecteam_sync.config import Settings
from connecteam_sync.errors import ConnecteamSyncError
from connecteam_sync.service.metrics_file import write
from connecteam_sync.service.units import attempted

EVERY = 10.0
"""Seconds between two looks at what is on record."""
AWAY = 30.0
"""The same while the database does not answer."""
_PING, _FILE = 60.0, 30.0


class Telling:
    """Tells the receivers of a mirror, and writes its metrics to a file, from `begin` to `end`."""

    def __init__(
        self,
        settings: Settings,
        receivers: Receivers,
        *,
        note: Callable[[str], None],
        metrics_file: Path | None = None,
        every: float = EVERY,
        away: float = AWAY,
    ) -> None:
        self._client, self._note = ConnecteamSync(settings=settings), note
        self._every, self._away = every, away
        self._teller = Teller(self._client, receivers, note=note, ping_every=_PING)
        self._file, self._written = metrics_file, float("-inf")
        self._problem = self._trouble = ""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="alerts", daemon=True)

    @property
    def is_alive(self) -> bool:
        """Whether its thread works."""
        return self._thread.is_alive()

    def begin(self) -> None:
        """Tell from now on."""
        self._thread.start()

    def end(self) -> None:
        """Tell nothing new; a message on its way has a moment to arrive."""
        self._stop.set()
        self._thread.join(1.0)
        if not self._thread.is_alive():
            self._client.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._stop.wait(attempted(self._unit, self._failed))

    def _unit(self) -> float:
        status = self._teller.tell(remembers=True)
        is_away = status is None or not status.answers
        if not is_away:
            self._write()
        self._trouble = ""
        return self._away if is_away else self._every

    def _failed(self, error: Exception) -> float:
        """Nobody is told of anything now: that is said here, once."""
        what = error.message if isinstance(error, ConnecteamSyncError) else f"unforeseen error {type(error).__name__}"
        if what != self._trouble:
            self._note(f"nobody can be told of trouble: {what}; tried again until it works")
        self._trouble = what
        return self._away

    def _write(self) -> None:
        if self._file is None or time.monotonic() - self._written < _FILE:
            return
        self._written = time.monotonic()
        problem = write(self._client, self._file)
        if problem != self._problem:
            self._note(problem)
        self._problem = problem

"""Several clocks, each in a thread with a client of its own: begun together, and ended within seconds."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from connecteam_sync.client import ConnecteamSync
from connecteam_sync.config import Settings
from connecteam_sync.core.cadence import LISTS_EVERY
from connecteam_sync.errors import ConnecteamSyncError
from connecteam_sync.service.clock import Clock, give_back, until
from connecteam_sync.store.service.due import DueClock
from connecteam_sync.store.store import Store

PATIENCE = 2.5
"""The seconds that a slice in hand has to commit once the service is to end; after them it is rolled back."""
_GIVING = 1.0


class Clocks:
    """`threads` clocks of the mirror that the settings name. `tell` may be called by any of their threads."""

    def __init__(self, settings: Settings, *, threads: int, tell: Callable[[str], None]) -> None:
        self.stop = threading.Event()
        """Set it, and no new work is begun."""
        self._settings, self._tell, self._telling = settings, tell, threading.Lock()
        self._clients = [self._client() for _ in range(threads)]
        self._clocks = [
            Clock(client, stop=self.stop, tell=self._say, enrols=not number)
            for number, client in enumerate(self._clients)
        ]
        # A daemon does not keep the process: what is in hand when the patience ends is rolled back by the database.
        self._threads = [threading.Thread(target=clock.run, daemon=True) for clock in self._clocks]

    def _client(self) -> ConnecteamSync:
        return ConnecteamSync(settings=self._settings, remember_lists=LISTS_EVERY, on_event=until(self.stop))

    def _say(self, line: str) -> None:
        with self._telling:
            self._tell(line)

    def begin(self) -> None:
        """Begin to look. Raises NotInitialised, ConfigurationError; a database that is away is tried again."""
        try:
            self._clocks[0].begin()
        except ConnecteamSyncError as error:
            if not error.retryable:
                raise
            self._say(error.message)
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        """Begin nothing new, and wait for what is in hand, but not for long."""
        self.stop.set()
        ends = time.monotonic() + PATIENCE
        for thread in self._threads:
            thread.join(max(0.0, ends - time.monotonic()))
        for client, clock, thread in zip(self._clients, self._clocks, self._threads, strict=True):
            if not thread.is_alive():
                client.close()
            elif (held := clock.held) is not None:
                self._free(held)

    def _free(self, held: DueClock) -> None:
        """Another start may take it up at once, and not only when its lease has run out."""
        s = self._settings
        store = Store(s.database_url, s.tables, own=s.own, lock_wait=_GIVING)
        freeing = threading.Thread(target=self._give_back, args=(store, held), daemon=True)
        freeing.start()
        freeing.join(_GIVING)

    def _give_back(self, store: Store, held: DueClock) -> None:
        try:
            give_back(store, held)
        except ConnecteamSyncError as error:
            self._say(f"{error.message}; time clock {held.time_clock_id} is taken up again when its lease has run out")
        finally:
            store.close()

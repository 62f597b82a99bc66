"""Several clocks, each in a thread with a client of its own: begun together, and ended within seconds."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from connecteam_sync.client import ConnecteamSync
from connecteam_sync.config import Settings
from connecteam_sync.core.cadence import LISTS_EVERY
from connecteam_sync.errors import ConnecteamSyncError
from connecteam_sync.service.clock import LEASE, Clock, longest_lease
from connecteam_sync.service.silence import Silence
from connecteam_sync.service.stopping import until
from connecteam_sync.service.troubles import Troubles
from connecteam_sync.store.service.due import Due, DueClock
from connecteam_sync.store.store import Store

PATIENCE = 2.5
"""The seconds that a slice in hand has to commit once the service is to end; after them it is rolled back."""
_GIVING = 1.0
_BEAT = LEASE / 4


class Clocks:
    """`threads` clocks of the mirror that the settings name. `tell` may be called by any of their threads."""

    def __init__(self, settings: Settings, *, threads: int, tell: Callable[[str], None]) -> None:
        self.stop = threading.Event()
        """Set it, and no new work is begun."""
        self._settings, self._tell, self._telling = settings, tell, threading.Lock()
        self._said = ""
        self._clients = [self._client() for _ in range(threads)]
        for client in self._clients[1:]:
            # With ten threads the people are not asked for ten times an hour.
            client.share_lists(self._clients[0])
        troubles, silence = Troubles(self._say), Silence(self._say)
        self._clocks = [
            Clock(client, stop=self.stop, tell=self._say, troubles=troubles, silence=silence, enrols=not number)
            for number, client in enumerate(self._clients)
        ]
        # A daemon does not keep the process: what is in hand when the patience ends is rolled back by the database.
        self._threads = [threading.Thread(target=clock.run, daemon=True) for clock in self._clocks]
        self._leases = threading.Thread(target=Leases(settings, self._held, self.stop).run, daemon=True)

    def _client(self) -> ConnecteamSync:
        return ConnecteamSync(settings=self._settings, remember_lists=LISTS_EVERY, on_event=until(self.stop))

    def _held(self) -> list[DueClock]:
        return [held for clock in self._clocks if (held := clock.held) is not None]

    def _say(self, line: str) -> None:
        """Whatever several threads find out is told once."""
        with self._telling:
            if line != self._said:
                self._tell(line)
            self._said = line

    @property
    def is_alive(self) -> bool:
        """Whether every thread works."""
        return all(thread.is_alive() for thread in (*self._threads, self._leases))

    def begin(self) -> None:
        """Begin to look. Raises NotInitialised, ConfigurationError; a database that is away is tried again."""
        try:
            self._clocks[0].begin()
        except ConnecteamSyncError as error:
            if not error.retryable:
                raise
            self._clocks[0].failed(error)
        for thread in (*self._threads, self._leases):
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
            elif clock.has_in_hand:
                self._free(clock)

    def _free(self, clock: Clock) -> None:
        """Another start may take it up at once, and not only when its lease has run out."""
        s = self._settings
        store = Store(s.database_url, s.tables, own=s.own, lock_wait=_GIVING)
        freeing = threading.Thread(target=self._give_back, args=(store, clock), daemon=True)
        freeing.start()
        freeing.join(_GIVING)

    def _give_back(self, store: Store, clock: Clock) -> None:
        try:
            clock.give_back(store)
        except ConnecteamSyncError as error:
            self._say(f"{error.message}; what was in hand is taken up again when its lease has run out")
        finally:
            store.close()


class Leases:
    """Renews the leases of looks that go on, from a thread of its own: of a process that is killed nobody renews them.

    `held` are the time clocks that are looked at now, `clock` gives seconds that never go back. One look is given no
    more time than it can take.
    """

    def __init__(
        self,
        settings: Settings,
        held: Callable[[], Sequence[DueClock]],
        stop: threading.Event,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = Store(settings.database_url, settings.tables, own=settings.own, lock_wait=_BEAT)
        self._held, self._stop, self._clock = held, stop, clock
        self._longest = longest_lease(settings.total_seconds)
        self._known: dict[str | None, float] = {}

    def run(self) -> None:
        """Renew until the service is to end."""
        while not self._stop.wait(_BEAT):
            with suppress(ConnecteamSyncError):  # the next time, or not at all: then another takes the look up
                self.renew()
        self.close()

    def close(self) -> None:
        """Close its connections."""
        self._store.close()

    def renew(self) -> None:
        """Renew each once. Raises DatabaseError, LockHeld."""
        held, now = self._held(), self._clock()
        self._known = {one.lease_token: self._known.get(one.lease_token, now) for one in held}
        young = [one for one in held if now - self._known[one.lease_token] + LEASE < self._longest]
        if young:
            with self._store.own_rows("going on with a look") as connection:
                for one in young:
                    Due(self._store.dialect, self._store.own).extend(connection, one, seconds=LEASE)

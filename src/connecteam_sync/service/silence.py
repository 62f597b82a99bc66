"""Doorbells that no longer ring: the webhook is looked at once, and a person is told what is wrong with it."""

from __future__ import annotations

import threading
from collections.abc import Callable

from connecteam_sync.client import ConnecteamSync
from connecteam_sync.core.bells import Reliability
from connecteam_sync.errors import UpstreamError
from connecteam_sync.store.service.due import DueClock


class Silence:
    """The time clocks whose doorbells are silent, as all threads of a service know them.

    `tell` is given a line when that begins, and when it ends; any thread may call.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell, self._lock = tell, threading.Lock()
        self._silent: set[int] = set()

    def note(self, client: ConnecteamSync, clock: DueClock, known: Reliability) -> None:
        """What a visit of a time clock has shown; its webhook is looked at by this client. Raises DatabaseError,
        LockHeld.
        """
        number, of = clock.time_clock_id, f"time clock {clock.time_clock_id} ({clock.name})"
        is_silent = known.silent_since is not None
        with self._lock:
            was_silent = number in self._silent
            (self._silent.add if is_silent else self._silent.discard)(number)
        if was_silent and not is_silent:
            self._tell(f"the doorbells of {of} ring again")
        elif is_silent and not was_silent:
            self._tell(
                f"no doorbell announced the last changes of {of}: {self._why(client, number)}; it is visited by itself"
                " as always"
            )

    @staticmethod
    def _why(client: ConnecteamSync, clock: int) -> str:
        try:
            ours = [one for one in client.webhooks() if one.is_ours and one.time_clock_id == clock]
        except UpstreamError as error:
            return f"its webhook cannot be looked at ({error.message})"
        if not ours:
            return "no webhook of this database is registered for it (connecteam-sync webhooks register)"
        if all(one.is_disabled for one in ours):
            return f"its webhook {ours[0].id} is switched off (connecteam-sync webhooks register)"
        return f"its webhook {ours[0].id} is registered, so that what is in front of this service may not pass them on"

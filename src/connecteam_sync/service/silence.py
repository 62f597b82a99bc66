"""Doorbells that no longer ring: the webhook is looked at once, and a person is told what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable

from connecteam_sync.client import ConnecteamSync
from connecteam_sync.core.bells import Reliability
from connecteam_sync.errors import UpstreamError
from connecteam_sync.store.service.due import DueClock


class Silence:
    """The time clocks whose doorbells are silent. `tell` is given a line when that begins, and when it ends."""

    def __init__(self, client: ConnecteamSync, tell: Callable[[str], None]) -> None:
        self._client, self._tell = client, tell
        self._silent: set[int] = set()

    def note(self, clock: DueClock, known: Reliability) -> None:
        """What a visit of a time clock has shown. Raises DatabaseError, LockHeld."""
        of = f"time clock {clock.time_clock_id} ({clock.name})"
        if known.silent_since is None:
            if clock.time_clock_id in self._silent:
                self._tell(f"the doorbells of {of} ring again")
            self._silent.discard(clock.time_clock_id)
        elif clock.time_clock_id not in self._silent:
            self._silent.add(clock.time_clock_id)
            self._tell(
                f"no doorbell announced the last changes of {of}: {self._why(clock.time_clock_id)}; it is visited by"
                " itself as always"
            )

    def _why(self, clock: int) -> str:
        try:
            ours = [one for one in self._client.webhooks() if one.is_ours and one.time_clock_id == clock]
        except UpstreamError as error:
            return f"its webhook cannot be looked at ({error.message})"
        if not ours:
            return "no webhook of this database is registered for it (connecteam-sync webhooks register)"
        if all(one.is_disabled for one in ours):
            return f"its webhook {ours[0].id} is switched off (connecteam-sync webhooks register)"
        return f"its webhook {ours[0].id} is registered, so that what is in front of this service may not pass them on"

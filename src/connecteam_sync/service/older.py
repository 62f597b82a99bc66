"""Looks at older days, in the idle part of the clock: late corrections show within a day, or a week."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

from connecteam_sync.client import ConnecteamSync
from connecteam_sync.core.cadence import older_look
from connecteam_sync.core.window import PADDING_DAYS, Window
from connecteam_sync.service.stopping import Stopped
from connecteam_sync.service.visits import error_of
from connecteam_sync.store.service.older import Older, OlderDays
from connecteam_sync.store.store import Transaction

CALLS_A_MINUTE = 12
"""The most calls of these looks on top of the ordinary visits."""
_NOTHING_DUE, _AFTER_FAILURE = 900, 900


class OlderLooks:
    """Looks at older days of one client. `ahead` is by how many seconds a simulation is ahead of the database."""

    def __init__(self, client: ConnecteamSync, *, lease: int, ahead: Callable[[], int]) -> None:
        self._client, self._store, self._lease, self._ahead = client, client.store, lease, ahead
        self.held: Older | None = None
        """What it is looking at."""

    def look(self, active: Sequence[int], *, is_every_clock: bool) -> bool:
        """Look at the older days that wait longest; False if none are due, or somebody is at it.

        With every time clock it is one run of all, so that rows without a shift are reported too. Raises
        DatabaseError, LockHeld.
        """
        with self._store.own_rows("claiming older days") as connection:
            held = self.held = self._rows.claim(connection, seconds=self._lease)
        if held is None:
            return False
        window = self._next(held)
        done: Window | None = None
        waits: int | None = _AFTER_FAILURE
        try:
            if window is None:
                waits = _NOTHING_DUE
                return False
            clocks = [None] if is_every_clock else list(active)
            runs = [
                self._client.sync(window) if clock is None else self._client.visit(clock, window) for clock in clocks
            ]
            if error_of(runs) is None:
                done, waits = window, sum(run.http_calls for run in runs) * 60 // CALLS_A_MINUTE
        except Stopped:
            waits = None
            raise
        finally:
            with self._store.own_rows("noting a look at older days") as connection:
                self._rows.finish(connection, held, done, waits=waits)
            self.held = None
        return True

    def give_back(self, connection: Transaction) -> None:
        """Let others have what is in hand: the look was broken off."""
        if (held := self.held) is not None:
            self._rows.finish(connection, held, None, waits=None)

    def has_left(self) -> bool:
        """Whether there are older days that wait for a look. Raises DatabaseError, LockHeld."""
        if not self._client.settings.older_days:
            return False
        with self._store.own_rows("reading when older days were looked at") as connection:
            return self._next(self._rows.read(connection)) is not None

    def _next(self, known: Older) -> Window | None:
        recent, s = self._client.recent(), self._client.settings
        return older_look(
            self._client.today(),
            s.timezone,
            recent.first - timedelta(days=1),
            known.looked,
            now=known.at,
            longest=s.slice_days - 2 * PADDING_DAYS,
        )

    @property
    def _rows(self) -> OlderDays:
        return OlderDays(self._store.dialect, self._store.own, ahead=self._ahead())

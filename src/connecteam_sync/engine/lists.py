"""Connecteam's lists of people and of time clocks, remembered between the runs of a service.

A command fetches them with each run. A service remembers them for an hour, so that an ordinary visit is one call; it
fetches them again as soon as a shift is of a user who is not listed, and after any run that was not its own: an older
list never overwrites a newer one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from connecteam_sync.api.client import Connecteam
from connecteam_sync.api.wire import People, TimeClock

if TYPE_CHECKING:
    from connecteam_sync.api.break_types import BreakType

HOUR = 3600


class Lists:
    """The lists of one account. `seconds` is how long they are remembered, 0: for the run that fetched them.

    `clock` gives seconds that never go back. Not shared between threads.
    """

    def __init__(
        self, client: Callable[[], Connecteam], *, seconds: float = 0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._client, self._seconds, self._clock = client, seconds, clock
        self._people: People | None = None
        self._time_clocks: tuple[TimeClock, ...] | None = None
        self._people_at = self._time_clocks_at = 0.0
        self._break_types: dict[int, tuple[float, tuple[BreakType, ...]]] = {}
        self._strangers: dict[int, float] = {}
        self._receipts: set[int] = set()
        self._is_overtaken = False

    # -- what is listed ------------------------------------------------------------------------------------------------

    def users(self) -> People:
        """Every user. Raises UpstreamError."""
        if self._people is None or not self._is_fresh(self._people_at):
            return self.fetch_users()
        return self._people

    def fetch_users(self) -> People:
        """Every user, fetched now. Raises UpstreamError."""
        self._people = self._client().users()
        self._people_at = self._clock()
        return self._people

    def users_with(self, wanted: Iterable[int], people: People) -> People:
        """`people`, or a list fetched now, if some of these users are not listed and each was not looked for within the
        last hour. Raises UpstreamError.
        """
        if not self._seconds:
            return people
        known = {user.id for user in people.users}
        now = self._clock()
        new = [user for user in wanted if user not in known and now - self._strangers.get(user, -HOUR) >= HOUR]
        if not new:
            return people
        self._strangers.update(dict.fromkeys(new, now))
        return self.fetch_users()

    def time_clocks(self) -> tuple[TimeClock, ...]:
        """Every time clock. Raises UpstreamError."""
        if self._time_clocks is None or not self._is_fresh(self._time_clocks_at):
            return self.fetch_time_clocks()
        return self._time_clocks

    def fetch_time_clocks(self) -> tuple[TimeClock, ...]:
        """Every time clock, fetched now. Raises UpstreamError."""
        self._time_clocks = self._client().time_clocks()
        self._time_clocks_at = self._clock()
        return self._time_clocks

    def break_types(self, time_clock: int) -> tuple[BreakType, ...]:
        """The types of breaks of a time clock. Raises UpstreamError."""
        at, known = self._break_types.get(time_clock, (0.0, None))
        if known is None or not self._is_fresh(at):
            known = self._client().break_types(time_clock)
            self._break_types[time_clock] = (self._clock(), known)
        return known

    def _is_fresh(self, at: float) -> bool:
        return self._seconds > 0 and self._clock() - at < self._seconds

    # -- whose runs there were -----------------------------------------------------------------------------------------

    def begin(self, newest_receipt: int) -> None:
        """A run begins, and this is the number of the newest receipt. What is remembered goes if that is not ours."""
        if self._is_overtaken or newest_receipt not in self._receipts:
            self._is_overtaken = False
            self._people = self._time_clocks = None
            self._receipts = {newest_receipt}

    def wrote(self, receipt: int) -> None:
        """A run of these lists wrote this receipt."""
        self._receipts.add(receipt)

    def overtaken(self) -> None:
        """Another run wrote after these lists were fetched; the run under way may finish with them, no further one."""
        self._is_overtaken = True

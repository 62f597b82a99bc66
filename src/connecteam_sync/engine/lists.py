"""Connecteam's lists of people and of time clocks, remembered between the runs of a service.

A command fetches them with each run. A service remembers them for an hour, in one memory for all its threads, so that
an ordinary visit is one call; it fetches them again as soon as a shift is of a user who is not listed, and after any
run that was not its own, unless that went by equal lists (`UsedLists`): an older list never overwrites a newer one.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import msgspec

from connecteam_sync.api.client import Connecteam
from connecteam_sync.api.wire import People, TimeClock
from connecteam_sync.store.history.runs import UNKNOWN, UsedLists

if TYPE_CHECKING:
    from connecteam_sync.api.break_types import BreakType

HOUR = 3600
_RECEIPTS = 1_000
"""How many numbers of receipts are known as ours: more than are written while one look lasts."""


class ListMemory:
    """What the clients of one account remember together. `seconds` is for how long, 0: for the run that fetched it.

    `clock` gives seconds that never go back. `lock` is held while anything is read, written or fetched: of several
    threads that need a list, one fetches it.
    """

    def __init__(self, *, seconds: float = 0, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds, self.clock = seconds, clock
        self.lock = threading.RLock()
        self.people: People | None = None
        self.time_clocks: tuple[TimeClock, ...] | None = None
        self.people_at = self.time_clocks_at = 0.0
        self.break_types: dict[int, tuple[float, tuple[BreakType, ...]]] = {}
        self.strangers: dict[int, float] = {}
        self.receipts: set[int] = set()
        self.overtaken_by = 0
        self.digested: tuple[People, str] | None = None

    def is_fresh(self, at: float) -> bool:
        """Whether a list that was fetched then still counts."""
        return self.seconds > 0 and self.clock() - at < self.seconds


class Lists:
    """The lists of one account, as one client fetches them. Clients of several threads may share the `memory`."""

    def __init__(self, client: Callable[[], Connecteam], memory: ListMemory) -> None:
        self._client, self.memory = client, memory

    # -- what is listed ------------------------------------------------------------------------------------------------

    def users(self) -> People:
        """Every user. Raises UpstreamError."""
        memory = self.memory
        with memory.lock:
            if memory.people is None or not memory.is_fresh(memory.people_at):
                return self.fetch_users()
            return memory.people

    def fetch_users(self) -> People:
        """Every user, fetched now. Raises UpstreamError."""
        memory = self.memory
        with memory.lock:
            memory.people = self._client().users()
            memory.people_at = memory.clock()
            return memory.people

    def users_with(self, wanted: Iterable[int], people: People) -> People:
        """`people`, or a newer list if some of these users are not listed: fetched now, unless each was looked for
        within the last hour. Raises UpstreamError.
        """
        memory = self.memory
        if not memory.seconds:
            return people
        known = {user.id for user in people.users}
        unlisted = [user for user in wanted if user not in known]
        if not unlisted:
            return people
        with memory.lock:
            now = memory.clock()
            new = [user for user in unlisted if now - memory.strangers.get(user, -HOUR) >= HOUR]
            if new:
                memory.strangers.update(dict.fromkeys(new, now))
                return self.fetch_users()
            # Another thread may have looked for them meanwhile, and found them.
            newer = memory.people
        found = set() if newer is None else {user.id for user in newer.users}
        return newer if newer is not None and found.intersection(unlisted) else people

    def time_clocks(self) -> tuple[TimeClock, ...]:
        """Every time clock. Raises UpstreamError."""
        memory = self.memory
        with memory.lock:
            if memory.time_clocks is None or not memory.is_fresh(memory.time_clocks_at):
                return self.fetch_time_clocks()
            return memory.time_clocks

    def fetch_time_clocks(self) -> tuple[TimeClock, ...]:
        """Every time clock, fetched now. Raises UpstreamError."""
        memory = self.memory
        with memory.lock:
            memory.time_clocks = self._client().time_clocks()
            memory.time_clocks_at = memory.clock()
            return memory.time_clocks

    def break_types(self, time_clock: int) -> tuple[BreakType, ...]:
        """The types of breaks of a time clock. Raises UpstreamError."""
        memory = self.memory
        with memory.lock:
            at, known = memory.break_types.get(time_clock, (0.0, None))
            if known is None or not memory.is_fresh(at):
                known = self._client().break_types(time_clock)
                memory.break_types[time_clock] = (memory.clock(), known)
            return known

    def forget_users(self) -> None:
        """Fetch the users again when they are next needed."""
        with self.memory.lock:
            self.memory.people = None

    def forget_time_clocks(self) -> None:
        """Fetch the time clocks again when they are next needed."""
        with self.memory.lock:
            self.memory.time_clocks = None

    # -- whose runs there were -----------------------------------------------------------------------------------------

    @property
    def are_remembered(self) -> bool:
        """Whether lists are remembered at all, so that others need to know by which ones a run goes."""
        return self.memory.seconds > 0

    def used(self, people: People) -> UsedLists:
        """The digests of the lists that a run goes by, which had these people."""
        memory = self.memory
        with memory.lock:
            if memory.digested is None or memory.digested[0] is not people:
                memory.digested = people, _digest(people)
            return UsedLists(memory.digested[1], _digest(memory.time_clocks) if memory.time_clocks is not None else "")

    def begin(self, newest_receipt: int, used: UsedLists = UNKNOWN) -> None:
        """A run begins, and this is the number of the newest receipt. What is remembered goes if that is not ours, and
        the run that wrote it has not `used` equal lists.
        """
        memory = self.memory
        with memory.lock:
            is_overtaken = memory.overtaken_by != 0 and memory.overtaken_by not in memory.receipts
            if is_overtaken or newest_receipt not in memory.receipts:
                if memory.people is not None and self.used(memory.people).people != used.people:
                    memory.people = None
                if memory.time_clocks is not None and _digest(memory.time_clocks) != used.time_clocks:
                    memory.time_clocks = None
                memory.receipts = {newest_receipt}
            memory.overtaken_by = 0

    def wrote(self, receipt: int) -> None:
        """A run of these lists wrote this receipt."""
        memory = self.memory
        with memory.lock:
            memory.receipts.add(receipt)
            if len(memory.receipts) > 2 * _RECEIPTS:
                memory.receipts = {number for number in memory.receipts if number > receipt - _RECEIPTS}

    def overtaken(self, receipt: int) -> None:
        """Another run wrote this receipt after these lists were fetched; the run under way may finish with them. If it
        is no run of this memory, no further one may.
        """
        with self.memory.lock:
            self.memory.overtaken_by = max(self.memory.overtaken_by, receipt)


def _digest(listed: object) -> str:
    return hashlib.sha256(msgspec.json.encode(listed)).hexdigest()

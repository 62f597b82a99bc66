"""Turns of accounts, done in this process: a turn is what one thread of `serve` would do until nothing is due.

Whoever gives turns out, a thread of this process or a broker, the work is the same: take the turn, work for a while,
and note when the account works again. All that a look finds is committed in the account's own database.
"""

from __future__ import annotations

import random
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from zoneinfo import ZoneInfo

import msgspec

from connecteam_sync.client import ConnecteamSync
from connecteam_sync.config import Settings
from connecteam_sync.core.cadence import LISTS_EVERY, backoff
from connecteam_sync.core.fleet import Priority, Turn
from connecteam_sync.core.periods import is_being_paid
from connecteam_sync.core.text import of_account
from connecteam_sync.core.window import local_day
from connecteam_sync.errors import ConnecteamSyncError
from connecteam_sync.service.budget import AccountBudget
from connecteam_sync.service.clock import LEASE, Clock
from connecteam_sync.service.serving import Leases
from connecteam_sync.service.stopping import Signal, until
from connecteam_sync.service.units import attempted
from connecteam_sync.store.control.database import ControlDatabase
from connecteam_sync.store.control.turns import Turns

QUANTUM = 10.0
"""Seconds after which a turn ends between two units of work, so that other accounts have theirs."""
IDLE = 30.0
"""The most seconds until an account looks whether something is due: a doorbell calls it before."""
_MOST_OPEN = 64
"""Accounts whose connections are kept open by one process."""
_SHORT = 0.5
_PERIODS_EVERY = 600.0
"""Seconds between two looks whether somebody may be paying by an account's hours now."""


class _Open(msgspec.Struct):
    """A client that is kept, and its loop."""

    client: ConnecteamSync
    clock: Clock
    budget: AccountBudget
    files: tuple[object, ...] = ()
    is_being_paid: bool = False
    asked_at: float | None = None

    def priority(self) -> Priority:
        """That of the account's next turn, whatever calls it before."""
        if self.clock.is_in_idle_part:
            return Priority.BACKFILL
        if self.asked_at is None or time.monotonic() - self.asked_at >= _PERIODS_EVERY:
            self.asked_at = time.monotonic()
            today = local_day(int(time.time()), ZoneInfo(self.client.settings.timezone))
            with suppress(ConnecteamSyncError):  # it is of no other use: the visits go on
                self.is_being_paid = is_being_paid(self.client.payroll.periods(), today)
        return Priority.PERIOD if self.is_being_paid else Priority.CADENCE


class _InHand(msgspec.Struct, frozen=True):
    turn: Turn
    clock: Clock | None
    settings: Settings | None
    since: float


class TurnRunner:
    """Does turns, any number of threads at a time. `load` gives the settings of an account, and raises
    ConfigurationError; `stop` ends what is in hand between two slices, `tell` is given what a person has to know.
    `holder` is what the control database calls this process.
    """

    def __init__(
        self,
        control: ControlDatabase,
        load: Callable[[str], Settings],
        *,
        stop: Signal,
        tell: Callable[[str], None],
        holder: str,
        quantum: float = QUANTUM,
        idle: float = IDLE,
    ) -> None:
        self._control, self._load, self._stop, self._tell, self._holder = control, load, stop, tell, holder
        self._quantum, self._idle = quantum, idle
        self._open: OrderedDict[tuple[str, int], _Open] = OrderedDict()
        self._first: dict[str, ConnecteamSync] = {}
        """Of each account the client whose lists all of them remember together."""
        self._in_hand: dict[int, _InHand] = {}
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._beat = threading.Thread(target=self._renew_until_the_end, name="leases", daemon=True)
        self._leases: dict[tuple[str, str], Leases] = {}

    def begin(self) -> None:
        """Keep the leases of turns that go on from now on."""
        self._beat.start()

    def close(self) -> None:
        """Give back every connection."""
        self._ended.set()
        with self._lock:
            kept, self._open = list(self._open.values()), OrderedDict()
        for one in kept:
            one.client.close()

    @property
    def busy(self) -> int:
        """How many turns are in hand."""
        return len(self._in_hand)

    def run(self, account: str, slot: int, token: str) -> bool:
        """Take a turn that was given out, and do it; False if it is somebody else's by now.

        Raises DatabaseError, LockHeld if the control database cannot be asked, NotInitialised if its tables are of
        another version.
        """
        with self._control.writing("taking a turn") as connection:
            self._control.require_version(connection)
            turns = Turns(self._control.dialect)
            held = turns.take(connection, account, slot, token, holder=self._holder, seconds=LEASE)
        if held is None:
            return False
        key = id(held)
        self._in_hand[key] = _InHand(held, None, None, time.monotonic())
        try:
            self._do(key, held)
        finally:
            del self._in_hand[key]
        return True

    def _do(self, key: int, held: Turn) -> None:
        problem = ""
        priority = Priority.CADENCE

        def work() -> float:
            nonlocal problem, priority
            kept = self._kept(held)
            self._in_hand[key] = _InHand(held, kept.clock, kept.client.settings, time.monotonic())
            ends, wait = time.monotonic() + self._quantum, 0.0
            while not self._stop.is_set() and wait < _SHORT and time.monotonic() < ends:
                wait = kept.clock.turn()
                if kept.budget.refused_for:
                    # No thread waits: the next turn comes when there is a call again.
                    wait = max(wait, float(kept.budget.refused_for))
                    kept.budget.refused_for = 0
            if kept.clock.problem is not None:
                problem = kept.clock.problem.message
            priority = kept.priority()
            with suppress(ConnecteamSyncError):  # where the database is away: what is to be noted there is kept
                kept.client.store.rest()
            self._keep(held, kept)
            # What is due next is for the first place of the account; the others see now and then whether it suffices.
            return max(wait, self._idle) if held.slot and wait >= _SHORT else wait

        def failed(error: Exception) -> float:
            nonlocal problem
            problem = f"something failed that nobody foresaw ({type(error).__name__})"
            if isinstance(error, ConnecteamSyncError):
                problem = error.message
            return 0.0

        wait = attempted(work, failed)
        if problem:
            wait = max(wait, backoff(held.failures + 1, random.random()))  # noqa: S311 - no secret
            if not held.failures:
                self._tell(f"account {held.account}: {problem}; tried again in {wait:.0f} s")
        elif held.failures:
            self._tell(f"account {held.account} can be looked after again")
        self._note(held, round(wait + 0.49), priority, problem or None)

    def _note(self, held: Turn, waits: int, priority: Priority, problem: str | None) -> None:
        with self._control.writing("noting a turn") as connection:
            turns = Turns(self._control.dialect)
            if self._stop.is_set() and problem is None:
                turns.release(connection, held)
            else:
                turns.finish(connection, held, waits=waits, priority=priority, error=problem)

    # -- clients that are kept ----------------------------------------------------------------------------------------

    def _kept(self, held: Turn) -> _Open:
        """The client of an account and slot, taken out of what is kept; a new one where a file of its configuration is
        another one by now, such as that of its key. Raises ConfigurationError.
        """
        with self._lock:
            kept = self._open.pop((held.account, held.slot), None)
        if kept is not None:
            if kept.files == kept.client.settings.marks():
                return kept
            kept.client.close()
        settings = self._load(held.account)
        files = settings.marks()
        client = ConnecteamSync(settings=settings, remember_lists=LISTS_EVERY, on_event=until(self._stop))
        budget = AccountBudget(self._control, held.account)
        client.budget = budget
        with self._lock:
            client.share_lists(self._first.setdefault(held.account, client))
        name = f"account {held.account}: "
        clock = Clock(
            client,
            stop=self._stop,
            tell=lambda line: self._tell(f"{name}{of_account(line, held.account)}"),
            enrols=held.slot == 0,
            idle=self._idle,
        )
        return _Open(client, clock, budget, files)

    def _keep(self, held: Turn, kept: _Open) -> None:
        """Keep a client for the account's next turn here; the one that was used longest ago is closed."""
        with self._lock:
            other = self._open.pop((held.account, held.slot), None)
            self._open[held.account, held.slot] = kept
            old = self._open.popitem(last=False)[1] if len(self._open) > _MOST_OPEN else None
        for one in (other, old):
            if one is not None:
                one.client.close()

    # -- leases --------------------------------------------------------------------------------------------------------

    def _renew_until_the_end(self) -> None:
        while not self._ended.wait(LEASE / 4):
            with suppress(ConnecteamSyncError):  # the next time, or not at all: then another takes it up
                self.renew()
        for leases in self._leases.values():
            leases.close()

    def renew(self) -> None:
        """Keep the lease of every turn in hand, and of the time clocks they look at. Raises DatabaseError, LockHeld."""
        now = time.monotonic()
        for one in list(self._in_hand.values()):
            with self._control.writing("going on with a turn") as connection:
                Turns(self._control.dialect).extend(connection, one.turn, seconds=LEASE)
            if one.settings is not None and one.clock is not None and now - one.since > LEASE / 4:
                self._leases_of(one.turn.account, one.settings).renew()

    def _leases_of(self, account: str, settings: Settings) -> Leases:
        place = (account, settings.database_url)
        if place not in self._leases:
            self._leases[place] = Leases(
                settings,
                lambda: [
                    held
                    for one in list(self._in_hand.values())
                    if one.turn.account == account and one.clock is not None and (held := one.clock.held) is not None
                ],
                self._ended,
            )
        return self._leases[place]

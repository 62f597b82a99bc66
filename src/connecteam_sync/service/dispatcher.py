"""Who works next: gives out the turns that are due, to threads of this process or to a broker.

Any number of dispatchers may run: the claim decides. No more is given out than the workers can begin soon, so that a
turn does not grow old in a queue, and a doorbell finds short ones.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Protocol

from connecteam_sync.core.cadence import HOUR
from connecteam_sync.core.fleet import Turn, Waiting
from connecteam_sync.errors import ConnecteamSyncError
from connecteam_sync.service.clock import LEASE
from connecteam_sync.service.units import attempted
from connecteam_sync.store.control.database import ControlDatabase
from connecteam_sync.store.control.turns import MOST_LOST, Turns

POLL = 0.5
"""Seconds between two looks whether something is due."""
_AWAY = 5.0


class Hands(Protocol):
    """What does the turns that are given out."""

    def free(self, waiting: Waiting) -> int:
        """How many more turns can be given out now. Raises ConnecteamSyncError."""

    def give(self, turn: Turn) -> None:
        """Have a turn done, soon and at least once. Raises ConnecteamSyncError if it cannot be given."""


MakeHands = Callable[[ControlDatabase], Hands]


class Dispatcher:
    """Gives out turns until `stop`. `accounts` gives the accounts and how many visits each may have at a time."""

    def __init__(
        self,
        control: ControlDatabase,
        hands: Hands,
        accounts: Callable[[], Mapping[str, int]],
        *,
        stop: threading.Event,
        tell: Callable[[str], None],
    ) -> None:
        self._control, self._hands, self._accounts = control, hands, accounts
        self._stop, self._tell = stop, tell
        self._trouble = ""
        self._wanted: Mapping[str, int] = {}
        self._thread = threading.Thread(target=self._run, name="dispatcher", daemon=True)

    @property
    def is_alive(self) -> bool:
        """Whether its thread works."""
        return self._thread.is_alive()

    def begin(self) -> None:
        """Enrol the accounts, and give out turns from now on. Raises DatabaseError, LockHeld."""
        self.enrol()
        self._thread.start()

    def end(self) -> None:
        """Wait for the thread, after `stop` was set."""
        self._thread.join(2 * POLL)

    def enrol(self) -> None:
        """These accounts and no others have turns. Raises DatabaseError, LockHeld."""
        self._wanted = self._accounts()
        self._enrol()

    def _enrol(self) -> None:
        with self._control.writing("enrolling the accounts") as connection:
            Turns(self._control.dialect).enrol(connection, self._wanted)

    def _run(self) -> None:
        while not self._stop.is_set():
            self._stop.wait(attempted(self.work, self._failed))

    def work(self) -> float:
        """Give out what is due, from tables of this version only; seconds until the next look. After trouble, tables
        and turns that were lost with the control database are made again.

        Raises ConnecteamSyncError.
        """
        if self._trouble:
            self._control.init()
            self._enrol()
        with self._control.writing("looking for turns that are due") as connection:
            self._control.require_version(connection)
            turns = Turns(self._control.dialect)
            waiting = turns.waiting(connection)
        most = self._hands.free(waiting) if waiting.due or waiting.given_out else 0
        given: tuple[Turn, ...] = ()
        if most > 0:
            with self._control.writing("giving out turns") as connection:
                given = turns.claim(connection, most, seconds=LEASE)
        for turn in given:
            if turn.lost >= MOST_LOST:
                self._put_aside(turn)
            else:
                self._hands.give(turn)
        if self._trouble:
            self._tell("turns are given out again")
            self._trouble = ""
        return 0.0 if most and len(given) == most else POLL

    def _put_aside(self, turn: Turn) -> None:
        """A turn that took one worker after the other with it is tried once an hour."""
        why = f"{turn.lost} workers in a row did not come back from it"
        with self._control.writing("putting an account aside") as connection:
            Turns(self._control.dialect).put_aside(connection, turn, seconds=HOUR, error=why)
        self._tell(f"account {turn.account} is put aside for an hour: {why}; see how its machines ended (memory?)")

    def _failed(self, error: Exception) -> float:
        said = error.message if isinstance(error, ConnecteamSyncError) else type(error).__name__
        if said != self._trouble:
            self._tell(f"no turns are given out: {said}; tried again until it works")
        self._trouble = said
        return _AWAY

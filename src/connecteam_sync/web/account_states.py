"""How each of several accounts is: read in the background while somebody looks; no page waits for a database."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import msgspec

from connecteam_sync.core.fleet import Turn
from connecteam_sync.core.status import MirrorStatus
from connecteam_sync.core.text import of_account
from connecteam_sync.errors import ConnecteamSyncError
from connecteam_sync.present.json_shapes import Json
from connecteam_sync.web.console import Console

_FRESH = 15.0
"""Seconds for which what was read is shown without reading again."""
_FIRST = 2.0
"""Seconds that the first who looks waits for an answer."""
_THREADS = 8
_RANKS = {"not well": 0, "needs a person": 1, "not known yet": 2, "well": 3}
_WORDS = {"not_well": "not well", "needs_a_person": "needs a person", "well": "well"}


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How an account is: the state of its mirror, None while that is not known, and what is wrong first. `turn_error`
    is why its visits fail, `failures` how often in a row.
    """

    account: str
    status: MirrorStatus | None = None
    is_unreadable: bool = False
    message: str = ""
    next_step: str = ""
    failures: int = 0
    turn_error: str = ""

    @property
    def word(self) -> str:
        """Its state, in words: an account that cannot be read is not well."""
        if self.is_unreadable or self.failures:
            return "not well"
        return "not known yet" if self.status is None else _WORDS[self.status.state]

    @property
    def json(self) -> Json:
        """For programs."""
        known = self.status
        return {
            "name": self.account,
            "state": "not_well" if self.word == "not well" else None if known is None else known.state,
            "mirror_age_seconds": None if known is None else known.mirror_age_seconds,
            "clocks": 0 if known is None else known.clocks,
            "held": 0 if known is None else known.held,
            "calls_left": None if known is None else known.calls_left,
            "message": self.message or self.turn_error,
            "next_step": of_account(self.next_step, self.account),
            "failures": self.failures,
        }


def worst_first(found: Iterable[Standing]) -> list[Standing]:
    """What needs somebody before what is well; of equals the one that was looked at longest ago."""

    def order(one: Standing) -> tuple[int, int, str]:
        age = one.status.mirror_age_seconds if one.status is not None else None
        return _RANKS[one.word], -(age or 0), one.account

    return sorted(found, key=order)


class AccountStates:
    """The states of the accounts `names`. `clock` gives seconds that never go back. Any thread may call it."""

    def __init__(
        self,
        names: Callable[[], Sequence[str]],
        console: Callable[[str], Console],
        turns: Callable[[], Sequence[Turn]],
        clock: Callable[[], float],
    ) -> None:
        self._names, self._console, self._turns, self._clock = names, console, turns, clock
        self._lock, self._known = threading.Lock(), dict[str, Standing]()
        self._began, self._ended = -_FRESH, False
        self._reading: threading.Thread | None = None

    def all(self) -> list[Standing]:
        """Every account, as it was when it was last read."""
        with self._lock:
            is_first, names = not self._known, self._names()
            is_due = self._clock() - self._began >= _FRESH and not self._ended
            if is_due and (self._reading is None or not self._reading.is_alive()):
                self._began = self._clock()
                self._reading = threading.Thread(target=self._read, args=(names,), name="accounts", daemon=True)
                self._reading.start()
            reading = self._reading
        if is_first and reading is not None:
            reading.join(_FIRST)
        with self._lock:
            return [self._known.get(name, Standing(account=name)) for name in names]

    def end(self) -> None:
        """Read no more."""
        with self._lock:
            self._ended = True

    def _read(self, names: Sequence[str]) -> None:
        failing: dict[str, Turn] = {}
        with suppress(ConnecteamSyncError):  # `/readyz` says that the control database is away
            failing = {turn.account: turn for turn in self._turns() if turn.failures}
        with ThreadPoolExecutor(_THREADS, thread_name_prefix="accounts") as pool:
            for found in pool.map(lambda name: self._read_one(name, failing.get(name)), names):
                with self._lock:
                    self._known[found.account] = found

    def _read_one(self, account: str, failing: Turn | None) -> Standing:
        failures, why = (failing.failures, failing.error or "") if failing is not None else (0, "")
        try:
            status = self._console(account).status()
        except ConnecteamSyncError as error:
            return Standing(
                account=account, is_unreadable=True, message=error.message, next_step=error.next_step,
                failures=failures, turn_error=why,
            )  # fmt: skip
        problem = next(iter(status.problems), None)
        return Standing(
            account=account,
            status=status,
            is_unreadable=not status.answers,
            message=problem.message if problem is not None else "",
            next_step=problem.next_step if problem is not None else "",
            failures=failures,
            turn_error=why,
        )

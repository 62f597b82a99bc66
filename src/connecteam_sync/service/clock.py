"""The clock: claims the time clock that is due, visits it, and notes when it is due again. One loop for each thread."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from connecteam_sync.client import ConnecteamSync
from connecteam_sync.core.bells import paced
from connecteam_sync.core.cadence import (
    DAY,
    LISTS_EVERY,
    LONGEST_WAIT,
    Budget,
    Pace,
    backoff,
    bell_spacing,
    interval,
    within_budget,
)
from connecteam_sync.core.run import Asked, Run
from connecteam_sync.errors import (
    ConnecteamSyncError,
    DatabaseError,
    DatabaseUnavailable,
    LockHeld,
    NotFound,
    UpstreamError,
)
from connecteam_sync.service.bell_looks import BellLooks, Taken
from connecteam_sync.service.looked import Counted
from connecteam_sync.service.nightly import NightlyProof
from connecteam_sync.service.older import OlderLooks
from connecteam_sync.service.silence import Silence
from connecteam_sync.service.stopping import Signal, Stopped
from connecteam_sync.service.troubles import Troubles
from connecteam_sync.service.units import attempted
from connecteam_sync.service.visits import error_of, has_changed, is_key_refused, visit
from connecteam_sync.store.service.bells import Bells
from connecteam_sync.store.service.due import Due, DueClock, LookError, Outcome
from connecteam_sync.store.store import Store, Transaction

IDLE = 5.0
"""The most seconds between two claims: `resume`, a bell or another process may make something due at any time."""
AWAY = 30
"""The most seconds until the database is tried again after it did not answer, or others held its lock."""
LEASE = 60
"""Seconds for which a time clock is claimed: where a service is killed, another takes it up after them. While a look
goes on they begin again (`serving.Leases`).
"""
_EVERY = 300
_SHORTEST = 0.1
_IDLE_EVERY = 20.0
"""Seconds between two looks whether there is something that can wait, where there was nothing."""


class Clock:
    """The loop of one thread, with a client of its own, whose listener is `until(stop)`.

    `tell` is given what a person has to know: when trouble begins and when it ends; `troubles` and `silence` are those
    of all threads of one service, by default its own. With `enrols` it keeps the list of the time clocks that are
    visited; after `idle` seconds at most it looks whether something is due. `ahead` is by how many seconds a simulation
    is ahead of the database's clock, `clock` gives seconds that never go back.
    """

    def __init__(
        self,
        client: ConnecteamSync,
        *,
        stop: Signal,
        tell: Callable[[str], None] = lambda _: None,
        troubles: Troubles | None = None,
        silence: Silence | None = None,
        enrols: bool = True,
        idle: float = IDLE,
        ahead: Callable[[], int] = lambda: 0,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._client, self._store, self._stop, self._tell = client, client.store, stop, tell
        self._shared = troubles or Troubles(tell)
        self._enrols, self._ahead, self._clock, self._chance = enrols, ahead, clock, chance
        self._longest_rest = idle
        self.problem: LookError | None = None
        """What the last unit of work ended with that kept it from working; None if it worked."""
        self.is_in_idle_part = False
        """Whether the last unit of work was one that can wait."""
        s = client.settings
        self._pace = Pace(seconds=s.cadence_seconds or _EVERY, is_fixed=s.cadence_seconds is not None)
        longest = longest_lease(s.total_seconds)
        self._lease = min(LEASE, longest)
        self._older = OlderLooks(client, lease=longest, ahead=ahead)
        self._nightly = NightlyProof(client, self._older, lease=longest, ahead=ahead)
        self._bells, self._taken = BellLooks(client, ahead=ahead), Taken()
        self._silence, self._strange_at = silence or Silence(tell), 0
        self._began, self._tidy_at = False, 0.0
        self._enrol_at: float | None = None
        self._fold_at = self._idle_at = 0.0
        self._failed_lists = 0
        self._troubles = self._active = 0
        self._held: DueClock | None = None
        self._pending: tuple[DueClock, Outcome, Taken, Sequence[Run] | None] | None = None
        self._is_note_tried = False

    @property
    def has_in_hand(self) -> bool:
        """Whether it has something that nobody else begins meanwhile: a time clock, older days, the nightly proof."""
        return any(held is not None for held in (self._held, self._older.held, self._nightly.held))

    @property
    def held(self) -> DueClock | None:
        """The time clock that is looked at now."""
        return self._held

    def give_back(self, store: Store) -> None:
        """Let others have what is in hand and was broken off, by way of a `store` of whoever says so.

        Raises DatabaseError, LockHeld.
        """
        with store.own_rows("giving back what was in hand") as connection:
            if (held := self._held) is not None:
                Bells(store.dialect, store.own).let_go(connection, str(held.lease_token))
                Due(store.dialect, store.own).release(connection, held)
            self._older.give_back(connection)
            self._nightly.give_back(connection)

    def run(self) -> None:
        """Work until the service is to end. Raises nothing: what fails is noted and told, and tried again."""
        while not self._stop.is_set():
            self._stop.wait(self.turn())

    def turn(self) -> float:
        """One unit of work; how many seconds may pass until the next."""
        return attempted(self._unit, self.failed)

    def _unit(self) -> float:
        try:
            wait = self._work()
        except Stopped:
            self._give_back()
            return 0
        self._shared.ended(self)
        self._troubles, self.problem = 0, None
        return wait

    # -- a unit of work ------------------------------------------------------------------------------------------------

    def _work(self) -> float:
        self._store.asked = Asked("schedule")
        self.is_in_idle_part = False
        self.begin()
        self._note()
        self._enrol()
        with self._store.own_rows("claiming a time clock") as connection:
            rings = self._bells.rows.ringing(self._store.own.clocks, self._spacing())
            held = self._held = self._due.claim(connection, seconds=self._lease, also=rings)
            if held is not None:
                self._active = self._due.active(connection)
                self._taken = self._bells.take(connection, held)
        if held is None:
            self.is_in_idle_part = self._clock() >= self._idle_at and self._work_in_the_idle_part()
            if self.is_in_idle_part:
                return 0
            if self._clock() >= self._idle_at:
                self._idle_at = self._clock() + _IDLE_EVERY
            return self._rest()
        if self._taken.bells:
            self._store.asked = Asked("bell")
        self._bells.prepare(self._taken)
        runs = visit(self._client, held, self._bells.days(self._taken))
        self._pending = (held, self._outcome(held, runs), self._taken, runs)
        self._held = None
        rest = self._note()
        self._silence.note(self._client, held, self._taken.reliability)
        if rest is None or rest[0] == 0 or self._clock() >= self._idle_at:
            return 0
        return self._rested(rest)

    def _rest(self) -> float:
        """How long nothing is due."""
        with self._store.own_rows("reading when the time clocks are due") as connection:
            rest = self._resting(connection)
        return self._rested(rest)

    def _resting(self, connection: Transaction) -> tuple[float | None, int]:
        """When the next time clock is due, and when an unknown one rang last; what is old goes."""
        if self._enrols and self._clock() >= self._tidy_at and not self._bells.rows.remove_old(connection):
            self._tidy_at = self._clock() + LISTS_EVERY
        return self._bells.rows.next_in(connection, self._spacing())

    def _rested(self, rest: tuple[float | None, int]) -> float:
        """So many seconds may pass; a doorbell of an unknown time clock has their list asked for."""
        wait, strange_at = rest
        if self._enrols and strange_at > self._strange_at:
            self._strange_at, self._enrol_at = strange_at, None
            self._client.forget_time_clocks()
            return 0
        return self._longest_rest if wait is None else min(self._longest_rest, max(_SHORTEST, wait))

    def _spacing(self) -> int:
        return bell_spacing(self._active, self._pace.seconds, self._budget())

    def _work_in_the_idle_part(self) -> bool:
        """Nothing is due: look at older days or prove some, if the day's calls last for that too; whether it did."""
        if self._fold():
            return True
        with self._store.own_rows("reading when the time clocks are due") as connection:
            clocks = self._due.all(connection)
        active = [clock.time_clock_id for clock in clocks if clock.state == "active"]
        seconds = self._pace.seconds
        if not active or within_budget(seconds, len(active), self._budget()) > seconds:
            return False
        is_every_clock = len(active) == len(clocks)
        if self._client.settings.older_days and self._older.look(active, is_every_clock=is_every_clock):
            return True
        # A proof looks at every time clock: while one is paused, or its key refused, nothing is proven.
        return is_every_clock and self._nightly.work(active)

    def _fold(self) -> bool:
        """Fold some old receipts, if there are any; whether it did. It costs no call."""
        if self._clock() < self._fold_at:
            return False
        try:
            if self._client.fold_receipts():
                return True
        except LockHeld:
            pass
        except DatabaseUnavailable:
            raise
        except DatabaseError as error:
            self._tell(f"old receipts are not folded: {error.message} (keep_quiet_receipts = 0 keeps them all)")
            self._fold_at = self._clock() + DAY
            return False
        self._fold_at = self._clock() + 60
        return False

    def begin(self) -> None:
        """Try again what was refused when the service ended. Raises DatabaseError, NotInitialised."""
        if self._enrols and not self._began:
            self._store.columns()  # says so where there are no tables of ours
            with self._store.own_rows("starting the service") as connection:
                self._due.restart(connection)
        self._began = True

    @property
    def _due(self) -> Due:
        return Due(self._store.dialect, self._store.own, ahead=self._ahead())

    @property
    def _counted(self) -> Counted:
        return Counted(self._client, ahead=self._ahead())

    def _enrol(self) -> None:
        """Once an hour: the mirrored time clocks are those that are visited."""
        if not self._enrols or (self._enrol_at is not None and self._clock() < self._enrol_at):
            return
        with self._store.own_rows("reading when the time clocks are due") as connection:
            known = self._due.all(connection)
        if known and all(clock.state == "refused" for clock in known):
            return  # the key is refused: not even the list is asked for
        try:
            clocks = self._client.mirrored_clocks()
        except UpstreamError as error:
            self._failed_lists += 1
            problem = _of(error)
            if not known:
                self._count_first(problem)
            if is_key_refused(problem):
                self._refuse(problem)
            if self._failed_lists == 1 and not (known and is_key_refused(problem)):
                self._tell(f"the list of time clocks is not to be had: {error.message}; what is known is visited")
            self._enrol_at = self._clock() + backoff(self._failed_lists, self._chance())
            return
        with self._store.own_rows("enrolling the time clocks") as connection:
            self._due.enrol(connection, clocks, cadence=self._pace.seconds)
            self._bells.rows.ignore_unvisited(connection)
            self._counted.mirrored(connection, clocks)
        self._failed_lists = 0
        self._enrol_at = self._clock() + LISTS_EVERY

    def _note(self) -> tuple[float | None, int] | None:
        """Note how the last visit went; where the database was away, once it is there again.

        Returns when the next time clock is due (`_resting`); None if there was nothing to note, or it went wrong.
        """
        if self._pending is None:
            return None
        held, outcome, taken, runs = self._pending
        is_again, self._is_note_tried = self._is_note_tried, True
        with self._store.own_rows("noting a visit") as connection:
            is_mirrored = True
            try:
                is_new = self._due.finish(connection, held, outcome) or not is_again
            except NotFound:
                is_mirrored = False
                is_new, outcome = True, Outcome(waits=None, cadence=outcome.cadence)
            # Else it was committed before and only the answer was lost, or somebody else has what this look had.
            if is_new:
                self._bells.note(connection, held, taken, runs if outcome.error is None else None)
                if is_mirrored:
                    self._counted.visit(connection, held.time_clock_id, outcome.error)
            rest = self._resting(connection) if outcome.error is None else None
        self._pending, self._is_note_tried = None, False
        if outcome.error is not None and is_key_refused(outcome.error):
            self._refuse(outcome.error)
        elif outcome.error is not None and not held.failures:
            waits = f"tried again in {outcome.waits} s" if outcome.waits is not None else "tried again"
            self._tell(f"time clock {held.time_clock_id} ({held.name}): {outcome.error.message}; {waits}")
        elif outcome.error is None and held.failures:
            self._tell(f"time clock {held.time_clock_id} ({held.name}) can be looked at again")
        return rest

    def _count_first(self, error: LookError) -> None:
        """Nothing is visited yet, and nobody could say what there is to visit: that is a look that failed, too."""
        with self._store.own_rows("counting a look that failed") as connection:
            self._counted.failed(connection, error, stops=is_key_refused(error))

    def _refuse(self, error: LookError) -> None:
        """Connecteam does not take the key: no time clock of the account is visited any more."""
        with self._store.own_rows("stopping an account") as connection:
            stopped = self._due.refuse(connection, error)
            if stopped:
                self._counted.failed(connection, error, stops=True)
        if stopped:
            self._tell(
                f"{error.message}: no time clock is visited any more; correct the key and start again, or"
                " connecteam-sync resume"
            )

    # -- how it went ---------------------------------------------------------------------------------------------------

    def _outcome(self, held: DueClock, runs: Sequence[Run]) -> Outcome:
        error, changed = error_of(runs, held.time_clock_id), has_changed(runs)
        if error is not None:
            return self._bad(held, error)
        hour = datetime.fromtimestamp(time.time(), ZoneInfo(self._client.settings.timezone)).hour
        quiet = 0 if changed else None
        if not changed and held.last_change is not None and held.last_look is not None:
            quiet = held.last_look - held.last_change
        wanted = interval(self._pace, hour=hour, quiet_seconds=quiet)
        paced_seconds = paced(
            wanted.seconds, self._taken.reliability, base=self._pace.seconds, is_fixed=self._pace.is_fixed
        )
        seconds = within_budget(paced_seconds, self._active, self._budget())
        why = "budget" if seconds != paced_seconds else "bells" if paced_seconds != wanted.seconds else wanted.why
        return Outcome(waits=seconds, cadence=paced_seconds, why=why, changed=changed)

    def _bad(self, held: DueClock, error: LookError) -> Outcome:
        waits = backoff(held.failures + 1, self._chance())
        return Outcome(waits=waits, cadence=held.cadence, why="failing", error=error)

    def _budget(self) -> Budget | None:
        calls = self._client.day_calls
        if calls is None:
            return None
        now = datetime.fromtimestamp(time.time(), UTC)
        midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        return Budget(*calls, max(1, round((midnight - now).total_seconds())))

    def failed(self, error: Exception) -> float:
        """A unit failed, or the beginning: its time clock, if any, is tried again later, and so is the database."""
        problem = _of(error)
        held, self._held = self._held, None
        if held is not None:
            self._pending = (held, self._bad(held, problem), self._taken, None)
            return 0
        self.problem = problem
        self._troubles += 1
        if self._troubles == 1:
            self._shared.began(self, problem)
        most = AWAY if isinstance(error, (DatabaseError, LockHeld)) else LONGEST_WAIT
        return min(backoff(self._troubles, self._chance()), most)

    def _give_back(self) -> None:
        """Give the lease of an unfinished look back, so that the next start takes it up at once."""
        try:
            self._note()
            if self.has_in_hand:
                self.give_back(self._store)
        except ConnecteamSyncError as error:
            self._tell(f"{error.message}; what was in hand is taken up again when its lease has run out")
        self._held = None


def longest_lease(total_seconds: float) -> int:
    """After so many seconds no look goes on, whoever began it."""
    return round(2 * total_seconds + 10)


def _of(error: Exception) -> LookError:
    """What is noted of an error; of one that nobody foresaw its kind, not its words, which may hold names."""
    if isinstance(error, ConnecteamSyncError):
        return LookError(name=error.name, message=error.message, next_step=error.next_step)
    return LookError(name="unforeseen", message=f"something failed that nobody foresaw ({type(error).__name__})")

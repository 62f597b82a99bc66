"""The clock: claims the time clock that is due, visits it, and notes when it is due again. One loop for each thread."""

from __future__ import annotations

import random
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from connecteam_sync.client import ConnecteamSync
from connecteam_sync.core.cadence import LISTS_EVERY, LONGEST_WAIT, Budget, Pace, backoff, interval, within_budget
from connecteam_sync.core.events import Event, Unforeseen
from connecteam_sync.core.run import Run
from connecteam_sync.engine.events import Emit, log
from connecteam_sync.errors import ConnecteamSyncError, DatabaseError, LockHeld, NotFound, UpstreamError
from connecteam_sync.service.older import OlderLooks
from connecteam_sync.service.visits import error_of, has_changed, is_key_refused, visit
from connecteam_sync.store.service.due import Due, DueClock, LookError, Outcome
from connecteam_sync.store.store import Store

IDLE = 5.0
"""The most seconds between two claims: `resume`, a bell or another process may make something due at any time."""
AWAY = 30
"""The most seconds until the database is tried again after it did not answer, or others held its lock."""
_EVERY = 300


class Stopped(Exception):  # noqa: N818 - says what happened
    """The service is to end: raised between two slices, so that the one in hand is whole."""


def until(stop: threading.Event) -> Emit:
    """A listener that ends a look before its next slice, or its next wait, once the service is to end."""

    def listen(_: Event) -> None:
        if stop.is_set():
            raise Stopped

    return listen


class Clock:
    """The loop of one thread, with a client of its own, whose listener is `until(stop)`.

    `tell` is given what a person has to know: when trouble begins and when it ends. With `enrols` it keeps the list of
    the time clocks that are visited. `ahead` is by how many seconds a simulation is ahead of the database's clock,
    `clock` gives seconds that never go back.
    """

    def __init__(
        self,
        client: ConnecteamSync,
        *,
        stop: threading.Event,
        tell: Callable[[str], None] = lambda _: None,
        enrols: bool = True,
        ahead: Callable[[], int] = lambda: 0,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._client, self._store, self._stop, self._tell = client, client.store, stop, tell
        self._enrols, self._ahead, self._clock, self._chance = enrols, ahead, clock, chance
        s = client.settings
        self._pace = Pace(seconds=s.cadence_seconds or _EVERY, is_fixed=s.cadence_seconds is not None)
        self._lease = round(2 * s.total_seconds + 10)
        self._older = OlderLooks(client, lease=self._lease, ahead=ahead)
        self._began = False
        self._enrol_at: float | None = None
        self._failed_lists = 0
        self._troubles = self._active = 0
        self._held: DueClock | None = None
        self._pending: tuple[DueClock, Outcome] | None = None

    @property
    def held(self) -> DueClock | None:
        """The time clock that it is looking at."""
        return self._held

    def run(self) -> None:
        """Work until the service is to end. Raises nothing: what fails is noted and told, and tried again."""
        while not self._stop.is_set():
            self._stop.wait(self.turn())

    def turn(self) -> float:
        """One unit of work; how many seconds may pass until the next."""
        try:
            wait = self._work()
        except Stopped:
            self._give_back()
            return 0
        except Exception as error:  # noqa: BLE001 - the loop that runs a unit: whatever fails, the others go on
            return self._failed(error)
        if self._troubles:
            self._tell("the service goes on")
        self._troubles = 0
        return wait

    # -- a unit of work ------------------------------------------------------------------------------------------------

    def _work(self) -> float:
        self.begin()
        self._note()
        self._enrol()
        with self._store.own_rows("claiming a time clock") as connection:
            held = self._held = self._due.claim(connection, seconds=self._lease)
            if held is not None:
                self._active = sum(clock.state == "active" for clock in self._due.all(connection))
        if held is None:
            return 0 if self._look_at_older_days() else IDLE
        self._pending = (held, self._outcome(held, visit(self._client, held)))
        self._held = None
        self._note()
        return 0

    def _look_at_older_days(self) -> bool:
        """Nothing is due: look at older days, if the day's calls last for that too; whether it did."""
        if self._client.settings.older_days == 0:
            return False
        with self._store.own_rows("reading when the time clocks are due") as connection:
            clocks = self._due.all(connection)
        active = [clock.time_clock_id for clock in clocks if clock.state == "active"]
        seconds = self._pace.seconds
        if not active or within_budget(seconds, len(active), self._budget()) > seconds:
            return False
        return self._older.look(active, is_every_clock=len(active) == len(clocks))

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
            if is_key_refused(problem):
                self._refuse(problem)
            elif self._failed_lists == 1:
                self._tell(f"the list of time clocks is not to be had: {error.message}; what is known is visited")
            self._enrol_at = self._clock() + backoff(self._failed_lists, self._chance())
            return
        with self._store.own_rows("enrolling the time clocks") as connection:
            self._due.enrol(connection, clocks, cadence=self._pace.seconds)
        self._failed_lists = 0
        self._enrol_at = self._clock() + LISTS_EVERY

    def _note(self) -> None:
        """Note how the last visit went; where the database was away, once it is there again."""
        if self._pending is None:
            return
        held, outcome = self._pending
        with self._store.own_rows("noting a visit") as connection:
            try:
                self._due.finish(connection, held, outcome)
            except NotFound:  # it is mirrored no longer
                outcome = Outcome(waits=None, cadence=outcome.cadence)
        self._pending = None
        if outcome.error is not None and is_key_refused(outcome.error):
            self._refuse(outcome.error)
        elif outcome.error is not None and not held.failures:
            waits = f"tried again in {outcome.waits} s" if outcome.waits is not None else "tried again"
            self._tell(f"time clock {held.time_clock_id} ({held.name}): {outcome.error.message}; {waits}")
        elif outcome.error is None and held.failures:
            self._tell(f"time clock {held.time_clock_id} ({held.name}) can be looked at again")

    def _refuse(self, error: LookError) -> None:
        """Connecteam does not take the key: no time clock of the account is visited any more."""
        with self._store.own_rows("stopping an account") as connection:
            stopped = self._due.refuse(connection, error)
        if stopped:
            self._tell(
                f"{error.message}: no time clock is visited any more; correct the key and start again, or"
                " connecteam-sync resume"
            )

    # -- how it went ---------------------------------------------------------------------------------------------------

    def _outcome(self, held: DueClock, runs: Sequence[Run]) -> Outcome:
        error, changed = error_of(runs), has_changed(runs)
        if error is not None:
            return self._bad(held, error)
        hour = datetime.fromtimestamp(time.time(), ZoneInfo(self._client.settings.timezone)).hour
        quiet = 0 if changed else None
        if not changed and held.last_change is not None and held.last_look is not None:
            quiet = held.last_look - held.last_change
        wanted = interval(self._pace, hour=hour, quiet_seconds=quiet)
        seconds = within_budget(wanted, self._active, self._budget())
        return Outcome(waits=seconds, cadence=wanted, changed=changed)

    def _bad(self, held: DueClock, error: LookError) -> Outcome:
        return Outcome(waits=backoff(held.failures + 1, self._chance()), cadence=held.cadence, error=error)

    def _budget(self) -> Budget | None:
        calls = self._client.day_calls
        if calls is None:
            return None
        now = datetime.fromtimestamp(time.time(), UTC)
        midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        return Budget(*calls, max(1, round((midnight - now).total_seconds())))

    def _failed(self, error: Exception) -> float:
        """A unit failed: the time clock of it, if there is one, is tried again later, and so is the database."""
        if not isinstance(error, ConnecteamSyncError):
            _log_unforeseen(error)
        problem = _of(error)
        held, self._held = self._held, None
        if held is not None:
            self._pending = (held, self._bad(held, problem))
            return 0
        self._troubles += 1
        if self._troubles == 1:
            self._tell(f"{problem.message}; tried again until it works")
        most = AWAY if isinstance(error, (DatabaseError, LockHeld)) else LONGEST_WAIT
        return min(backoff(self._troubles, self._chance()), most)

    def _give_back(self) -> None:
        """Give the lease of an unfinished look back, so that the next start takes it up at once."""
        held, self._held = self._held, None
        try:
            self._note()
            if held is not None:
                give_back(self._store, held)
        except ConnecteamSyncError as error:
            self._tell(f"{error.message}; what was in hand is taken up again when its lease has run out")


def give_back(store: Store, held: DueClock) -> None:
    """Let others have a time clock whose look was broken off. Raises DatabaseError, LockHeld."""
    with store.own_rows("giving a time clock back") as connection:
        Due(store.dialect, store.own).release(connection, held)


def _of(error: Exception) -> LookError:
    """What is noted of an error; of one that nobody foresaw its kind, not its words, which may hold names."""
    if isinstance(error, ConnecteamSyncError):
        return LookError(name=error.name, message=error.message, next_step=error.next_step)
    return LookError(name="unforeseen", message=f"something failed that nobody foresaw ({type(error).__name__})")


def _log_unforeseen(error: Exception) -> None:
    frames = traceback.extract_tb(error.__traceback__)
    where = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    log(Unforeseen(error=type(error).__name__, where=where))

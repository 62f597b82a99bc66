"""A day of a living company and of the service that mirrors it, in fast time: whole, or in parts that stand for it.

Everything is the product's but the time: the sandbox answers over HTTP, the clock is that of `serve`, with its looks at
older days and its nightly proof; with webhooks, the sandbox delivers them over HTTP to the address that `serve` has.
"""

from __future__ import annotations

import gc
import os
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import UTC, date, datetime, timedelta
from statistics import median
from typing import Any, NamedTuple, TypeVar

import time_machine
from costs import NOTHING, Cost, Meter
from msgspec.structs import replace
from sqlalchemy import Engine, event
from starlette.requests import Request
from starlette.responses import Response

from connecteam_sync.client import ConnecteamSync
from connecteam_sync.config import Settings
from connecteam_sync.core.cadence import LISTS_EVERY
from connecteam_sync.core.deliveries import Secrets
from connecteam_sync.core.events import Event, RunEnded, SliceDone
from connecteam_sync.core.run import Asked
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.sandbox.company import CompanyEvent
from connecteam_sync.sandbox.deliveries import Delivery
from connecteam_sync.sandbox.life import living
from connecteam_sync.service.clock import Clock
from connecteam_sync.service.hooks import Hooks
from connecteam_sync.service.listener import Listener
from connecteam_sync.service.web import application

T = TypeVar("T")
DAY = date(2026, 3, 11)
"""A Wednesday without a change of the clocks."""
LOOKBACK, HISTORY = 14, 21
SECRET = "a-secret-of-the-benchmark"  # noqa: S105 - invented
PATIENCE = 30.0
_DAY_SECONDS, _HOUR = 86_400, 3600
_CALM, _SETTLING = 120, 1800
"""Seconds without a look at older days or a proof, after which a part is begun, and after which it is at the latest."""
_EARLY = 60
"""A visit that begins so many seconds before it is due was not asked for by the cadence."""
_LATE = 60
"""Seconds after a part in which its last ordinary visit may still begin: it is due after the one before has ended."""


class Part(NamedTuple):
    """Seconds of the day that are lived and counted, from an hour of it; they stand for `weight` times as many.

    Before them the service catches up with what was not lived, which is not counted.
    """

    hour: float
    seconds: int
    weight: float


def whole(first: int = 0, last: int = 24) -> list[Part]:
    """All of the day between two hours."""
    return [Part(first, (last - first) * _HOUR, 1.0)]


def sample(number: int, seconds: int) -> list[Part]:
    """So many parts, one in the middle of each stretch of the day."""
    hours = 24 / number
    return [Part((place + 0.5) * hours, seconds, _DAY_SECONDS / number / seconds) for place in range(number)]


class Waiting(NamedTuple):
    """A change in the company that no look has seen yet."""

    at: float
    clock: int | None
    user: int
    is_shift: bool


class Visit(NamedTuple):
    """An ordinary look that was counted: what it cost, how often it asked for activities, whether it wrote anything."""

    cost: Cost
    asked: int
    changed: bool


class Day:
    """One day: the company, its sandbox, the service, and what was measured."""

    def __init__(
        self, people: int, clocks: int, parts: Sequence[Part], settings: dict[str, Any], meter: Meter | None = None
    ) -> None:
        self.company = Company(0, people=people, clocks=clocks)
        self.chosen, self.parts = settings, parts
        self.is_whole = len(parts) == 1 and parts[0].weight == 1
        self.begin = self._at(parts[0].hour)
        self.waiting: list[Waiting] = []
        self.underway: list[Delivery] = []
        self.lags: list[float] = []
        self.looked: set[int] = set()
        """The time clocks whose last days the turn in hand has mirrored."""
        self.runs: list[RunEnded] = []
        self.visits: list[Visit] = []
        self.day, self.further = NOTHING, NOTHING
        """What the day cost, further looks apart, each part by its weight; and what these did."""
        self.further_looks = 0
        self.cpu_at_rest = self.cpu_of_bells = 0.0
        self.unequal = self.compared = self.told = self.lost = 0
        self.times: dict[str, list[Cost]] = {}
        """What runs cost in which nobody changed, some did, and the one after it (`runs_of`)."""
        self._meter = meter or Meter()
        self._cpu = self._making = 0.0
        self._visited: dict[int, float] = {}
        self._statements = self._asked = 0
        self._is_measured = self._is_counted = False
        self._apart = NOTHING
        """What the benchmark itself did at the database."""

    def _at(self, hour: float) -> int:
        return self.company.at(DAY, "00:00") + round(hour * _HOUR)

    def live(self, *, bells: SandboxSettings | None, runs: int = 0) -> None:
        """All of it; with `bells` the sandbox tells of what happens. `runs` are measured beforehand (`runs_of`)."""
        plain = SandboxSettings(minute_limit=10**9)
        self._rings = bells is not None
        begin = datetime.fromtimestamp(self.begin, UTC)
        self._sandbox = Sandbox(self.company, bells or plain)
        vars(self._sandbox.handlers)["activities"] = self._timed(self._sandbox.handlers.activities)
        with time_machine.travel(begin, tick=True) as travel, self._sandbox as sandbox:
            self.life = living(self.company, DAY - timedelta(days=HISTORY), DAY - timedelta(days=1))
            self.life.advance(self.begin)
            self.deliveries = sandbox.handlers.deliveries
            self.deliveries.clock = time.time
            settings = Settings(timezone=self.company.timezone, base_url=sandbox.url, employees="create", **self.chosen)
            with ConnecteamSync(
                sandbox.key, settings=settings, remember_lists=LISTS_EVERY, on_event=self._noted
            ) as mirror:
                self._mirror = mirror
                mirror.init()
                mirror.sync(mirror.window(DAY - timedelta(days=HISTORY), DAY))
                mirror._lists.memory.clock = time.time  # noqa: SLF001 - the day's own clock
                event.listen(Engine, "before_cursor_execute", self._count)
                _set_aside()
                try:
                    self._runs_of(mirror, runs)
                    with self._hooks(mirror) if bells is not None else nullcontext():
                        self.company.listeners.append(self._heard)
                        self._go_on(mirror, travel)
                finally:
                    event.remove(Engine, "before_cursor_execute", self._count)
                if bells is not None:
                    self.told = sum(mirror.doorbell_counts().values())

    def _timed(self, answer: Any) -> Any:  # noqa: ANN401 - a handler of the sandbox
        """The handler, whose seconds are the sandbox's own."""

        async def timed(request: Request) -> Response:
            began = time.perf_counter()
            self._asked += 1
            try:
                found: Response = await answer(request)
            finally:
                self._making += time.perf_counter() - began
            return found

        return timed

    # -- the day -------------------------------------------------------------------------------------------------------

    def _go_on(self, mirror: ConnecteamSync, travel: time_machine.Traveller) -> None:
        clock = Clock(mirror, stop=threading.Event(), tell=self._say, ahead=_ahead, clock=time.time)
        for part in self.parts:
            if not self.is_whole:
                self._catch_up(clock, part, travel)
                _set_aside()
            began, hours = time.time(), 0
            until = float(self._at(part.hour) + part.seconds) if self.is_whole else began + part.seconds
            further, before, log = self.further, self._now(), self._meter.log()
            wanted = 0 if self.is_whole else len(self.visits) + part.seconds // self.chosen["cadence_seconds"]
            self._is_counted = True
            while (now := time.time()) < until or (len(self.visits) < wanted and now < until + _LATE):
                wait = self._step(clock, travel)
                if wait:
                    if self.is_whole and time.time() - began >= _HOUR * hours:
                        hours += 1
                        self._compare(mirror)
                    travel.shift(max(0.1, min(wait, until - time.time()) if now < until else wait))
            self._is_counted = False
            spent = self._now().less(before).less(self.further.less(further))
            spent = replace(spent, written=spent.written + self._meter.log() - log)
            self.day = self.day.plus(spent.times(part.weight))
            if not self.is_whole:
                self._compare(mirror)

    def _step(self, clock: Clock, travel: time_machine.Traveller) -> float:
        """What has happened by now happens, webhooks come, and the service does one unit of its work."""
        self.life.advance(int(time.time()))
        if self.underway:
            travel.shift(self.deliveries.settings.webhook_delay)
            self._delivered()
        return self._turn(clock)

    def _catch_up(self, clock: Clock, part: Part, travel: time_machine.Traveller) -> None:
        """What was not lived happened unheard. The service looks at it, and does what it has to do once a day.

        The proof of a large company takes some visits more, until it finds nothing that is newer than the table.
        """
        listeners, self.company.listeners[:] = list(self.company.listeners), []
        travel.move_to(datetime.fromtimestamp(self._at(part.hour), UTC))
        self.life.advance(int(time.time()))
        self.company.listeners[:] = listeners
        self.waiting.clear()
        while not self._turn(clock):
            pass
        calm = begins = time.time()
        if self._rings:  # with webhooks, a visit that nothing rang for is known as one
            return
        while time.time() - calm < _CALM and time.time() - begins < _SETTLING:
            further = self.further_looks
            wait = self._step(clock, travel)
            if self.further_looks > further:
                calm = time.time()
            travel.shift(wait)

    def _now(self) -> Cost:
        """All that the service has cost up to now; what its threads for webhooks did is in it, the benchmark's not."""
        # The lists are asked for hourly: a part of the day may have that in it or not.
        calls = self._sandbox.calls if self.is_whole else self._asked
        found = self._meter.now(calls=calls, statements=self._statements)
        return replace(found.less(self._apart), cpu=self._cpu + _cpu_of(self._bell_threads()))

    def _bell_threads(self) -> list[threading.Thread]:
        return [one for one in threading.enumerate() if one.name.startswith(("doorbells", "listener-"))]

    @contextmanager
    def _hooks(self, mirror: ConnecteamSync) -> Iterator[None]:
        """The address of webhooks, registered; at the end what its threads have cost."""
        os.environ["CONNECTEAM_SYNC_WEBHOOK_SECRET"] = SECRET
        hooks = Hooks(mirror.settings, token=mirror.webhook_token(), secrets=Secrets(SECRET, None), ahead=_ahead)
        listener = Listener(application(hooks.routes()), host="127.0.0.1", port=0)
        listener.start()
        try:
            mirror.register_webhooks(listener.url)
            yield
            self.cpu_of_bells = _cpu_of(self._bell_threads())
        finally:
            listener.stop()
            hooks.close()

    # -- what happens --------------------------------------------------------------------------------------------------

    def _heard(self, happening: CompanyEvent) -> None:
        """Something happened; the sandbox has heard of it before us."""
        if happening.feature == "time_activity":
            is_shift = happening.kind == "shift"
            self.waiting.append(Waiting(time.time(), happening.clock_id, happening.user_id, is_shift))
        if not self.deliveries.log:
            return
        newest = self.deliveries.log[-1]
        if newest.state == "waiting" and newest.status is None and newest not in self.underway[-1:]:
            self.underway.append(newest)
        self.lost += newest.state == "lost"

    def _delivered(self) -> None:
        """Wait until all that was sent is answered; in these seconds nothing else happens."""
        patience = time.perf_counter() + PATIENCE
        while any(one.status is None for one in self.underway):
            if time.perf_counter() > patience:
                raise SystemExit("webhooks are not answered")
            time.sleep(0.002)
        self.underway.clear()

    def _turn(self, clock: Clock) -> float:
        """One unit of work of `serve`, measured."""
        self.looked.clear()
        runs, asked, before = len(self.runs), self._asked, self._now()
        self._is_measured = True
        cost, wait = self._measured(clock.turn)
        self._is_measured = False
        self._cpu += cost.cpu
        ended = self.runs[runs:]
        if not ended:
            self.cpu_at_rest += cost.cpu if self._is_counted else 0
            return wait
        spent = replace(self._now().less(before), cpu=cost.cpu, seconds=cost.seconds)
        now = time.time()
        visits = [run for run in ended if run.kind == "sync" and run.window.last >= DAY]
        if not visits or self._is_early(now):
            self.further, self.further_looks = self.further.plus(spent), self.further_looks + len(ended)
        elif self._is_counted:
            self.visits.append(Visit(spent, self._asked - asked, any(_changes(run) for run in visits)))
        if visits and len(self.looked) == 1:  # else others were looked at as well, before a row went
            self._visited.update(dict.fromkeys(self.looked, now))
        if self._is_counted:
            self.lags += [now - one.at for one in self.waiting if one.clock in self.looked and one.is_shift]
        self.waiting = [one for one in self.waiting if one.clock not in self.looked]
        return wait

    def _is_early(self, now: float) -> bool:
        """Whether a visit was asked for by a proof that found something newer than the table, which is once a day."""
        cadence = self.chosen.get("cadence_seconds")
        is_bell = self._mirror.store.asked == Asked("bell")
        if cadence is None or is_bell or not self.looked:
            return False
        return all(now - self._visited.get(clock, 0) < cadence - _EARLY for clock in self.looked)

    def _measured(self, act: Callable[[], T]) -> tuple[Cost, T]:
        """The processor's and the real seconds of a call; the sandbox's making of answers is in neither."""
        making, began, cpu = self._making, time.perf_counter(), time.thread_time()
        found = act()
        seconds = time.perf_counter() - began - (self._making - making)
        return Cost(cpu=time.thread_time() - cpu, seconds=seconds), found

    def _noted(self, happening: Event) -> None:
        if not self._is_measured:
            return
        if isinstance(happening, SliceDone) and happening.step == "mirroring" and happening.window.last >= DAY:
            self.looked.add(happening.time_clock_id)
        elif isinstance(happening, RunEnded):
            # A proof may find a change before its visit.
            if happening.exit_code not in ({0, 3, 5} if happening.kind == "verify" else {0, 3}):
                print(happening, file=sys.stderr)
            self.runs.append(happening)

    def _count(self, *_: object) -> None:
        self._statements += self._is_measured or threading.current_thread() is not threading.main_thread()

    def _say(self, words: str) -> None:
        print(words, file=sys.stderr)

    def _compare(self, mirror: ConnecteamSync) -> None:
        """All rows of the last days but those of people of whom something still waits for its look."""
        before = self._meter.now(calls=0, statements=0)
        first = DAY - timedelta(days=LOOKBACK)
        with mirror.store.reading() as session:
            users = {e.id: int(e.connecteam_user_id) for e in session.employees() if e.connecteam_user_id}
            found = {
                (users[r.employee_id], r.clock_in, r.clock_out, r.total_minutes)
                for r in session.rows_of_all()
                if r.is_ours
            }
        self._apart = self._apart.plus(self._meter.now(calls=0, statements=0).less(before))
        start, unseen = self.company.at(first, "00:00"), {one.user for one in self.waiting}
        unequal = {row for row in found if row[1] >= start} ^ self.company.truth(first, DAY)
        self.compared += 1
        self.unequal += len({row for row in unequal if row[0] not in unseen})

    # -- a run, by how many people changed -----------------------------------------------------------------------------

    def _runs_of(self, mirror: ConnecteamSync, times: int) -> None:
        """So often: a visit of the first time clock in which nobody changed, one in which 1 % did, and one after it."""
        clock = min(self.company.clocks)
        chance = random.Random(1)  # noqa: S311 - the same people each time
        users = sorted(user for user, person in self.company.people.items() if clock in person.clocks)
        for _ in range(3 if times else 0):  # what is known of each person is as it is after many visits
            mirror.visit(clock)
        for _ in range(times):
            for name in ("nobody", "some", "after"):
                if name == "some":
                    self._change(users, clock, chance)
                before = self._now()
                self._is_measured = True
                cost, run = self._measured(lambda: mirror.visit(clock))
                self._is_measured = False
                assert (run.status == "applied") is (name == "some"), (name, run)
                spent = replace(self._now().less(before), cpu=cost.cpu, seconds=cost.seconds)
                self.times.setdefault(name, []).append(spent)
        self.runs.clear()
        self.looked.clear()

    def _change(self, users: Sequence[int], clock: int, chance: random.Random) -> None:
        """One person in a hundred, one at least, has a shift of the last days corrected."""
        since = self.company.at(DAY - timedelta(days=LOOKBACK), "00:00")
        shifts = [item for item in self.company.activities.values() if item.kind == "shift"]
        begins = Counter((item.user_id, item.start) for item in shifts)
        ended: dict[int, list[str]] = {}
        for item in shifts:
            # Of two that begin at one moment only one has a row: correcting either would be held.
            is_alone = begins[item.user_id, item.start] == 1
            if is_alone and item.end is not None and item.start >= since and item.clock_id == clock:
                ended.setdefault(item.user_id, []).append(item.id)
        people = [user for user in users if user in ended]
        for user in chance.sample(people, max(1, len(users) // 100)):
            item = self.company.activities[chance.choice(ended[user])]
            self.company.edit(item.id, end=(item.end or item.start) + 60, at=int(time.time()))

    # -- what came of it -----------------------------------------------------------------------------------------------

    def lag(self, part: float) -> int | None:
        """Seconds from a change to its row, those that `part` of all changes do not exceed."""
        lags = sorted(self.lags)
        if not lags:
            return None
        return round(median(lags) if part == 0.5 else lags[int(len(lags) * part)])  # noqa: PLR2004 - the median

    @property
    def changes(self) -> int:
        """Rows that were made, corrected or deleted."""
        return sum(_changes(run) for run in self.runs if run.kind == "sync")


def _changes(run: RunEnded) -> int:
    return run.counts.created + run.counts.updated + run.counts.deleted


def _cpu_of(threads: Sequence[threading.Thread]) -> float:
    return sum(time.clock_gettime(time.pthread_getcpuclockid(one.ident or 0)) for one in threads)


def _set_aside() -> None:
    """The company and its sandbox are of this process and not of a service: Python's collector leaves them alone."""
    gc.collect()
    gc.freeze()


def _ahead() -> int:
    """By how many seconds the day is ahead of the database's clock; it is behind it."""
    return int(time.time() - time_machine.escape_hatch.time.time())

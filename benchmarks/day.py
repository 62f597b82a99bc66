"""A day of a living company in fast time, and of the service that mirrors it: its clock, and its doorbells.

    python benchmarks/day.py --people 45
    python benchmarks/day.py --people 45 --bells
    python benchmarks/day.py --people 2000 --database postgresql+psycopg://postgres@127.0.0.1/day
    python benchmarks/day.py --people 2000 --bells --hours 7-8 --everywhere

Everything is the product's but the time: the sandbox answers over HTTP, the clock is that of `serve` with its looks at
older days and its nightly proof. With `--bells` the sandbox delivers webhooks, some of them late or never, over HTTP
to the address that `serve` has. Every hour the table is compared with the company. The figures are added to
results/days.json, and docs/performance/day.md is written from them. With `--dry` or `--cadence`
nothing is written.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import time_machine
from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.pool import NullPool

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from conftest import ABSENT, SERVERS
from connecteam_sync.client import ConnecteamSync
from connecteam_sync.config import Settings
from connecteam_sync.core.cadence import LISTS_EVERY
from connecteam_sync.core.deliveries import Secrets
from connecteam_sync.core.events import Event, RunEnded, SliceDone
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.sandbox.company import CompanyEvent
from connecteam_sync.sandbox.deliveries import Delivery
from connecteam_sync.sandbox.life import living
from connecteam_sync.service.clock import Clock
from connecteam_sync.service.hooks import Hooks
from connecteam_sync.service.listener import Listener
from connecteam_sync.service.web import application
from support.databases import run_statement

ROOT = Path(__file__).parent.parent
RESULTS, PAGE = ROOT / "benchmarks" / "results" / "days.json", ROOT / "docs" / "performance" / "day.md"
DAY = date(2026, 3, 11)
"""A Wednesday without a change of the clocks."""
LOOKBACK, HISTORY = 14, 21
SECRET = "a-secret-of-the-benchmark"  # noqa: S105 - invented
PATIENCE = 30.0


class Waiting(NamedTuple):
    """A change in the company that no look has seen yet."""

    at: float
    clock: int | None
    user: int
    is_shift: bool


class Day:
    """One day: the company, its sandbox, the service, and what was measured."""

    def __init__(self, people: int, clocks: int, hours: tuple[int, int], settings: dict[str, Any]) -> None:
        self.company = Company(0, people=people, clocks=clocks)
        self.chosen = settings
        self.begin, self.ends = (self.company.at(DAY, f"{hour}:00") for hour in hours)
        self.waiting: list[Waiting] = []
        self.underway: list[Delivery] = []
        self.lags: list[float] = []
        self.looked: set[int] = set()
        """The time clocks whose last days the turn in hand has mirrored."""
        self.runs: list[RunEnded] = []
        self.calls = self.statements = self.unequal = self.compared = self.told = self.lost = 0
        self.cpu = self.cpu_at_rest = self.cpu_of_bells = self.slowest = 0.0
        self.is_measured = False

    def live(self, *, bells: SandboxSettings | None) -> None:
        """All of it; with `bells` the sandbox tells of what happens."""
        plain = SandboxSettings(minute_limit=10**9)
        begin = datetime.fromtimestamp(self.begin, UTC)
        with time_machine.travel(begin, tick=True) as travel, Sandbox(self.company, bells or plain) as sandbox:
            self.life = living(self.company, DAY - timedelta(days=HISTORY), DAY - timedelta(days=1))
            self.life.advance(self.begin)
            self.deliveries = sandbox.handlers.deliveries
            self.deliveries.clock = time.time
            settings = Settings(timezone=self.company.timezone, base_url=sandbox.url, employees="create", **self.chosen)
            with ConnecteamSync(
                sandbox.key, settings=settings, remember_lists=LISTS_EVERY, on_event=self._noted
            ) as mirror:
                mirror.init()
                mirror.sync(mirror.window(DAY - timedelta(days=HISTORY), DAY))
                mirror._lists.memory.clock = time.time  # noqa: SLF001 - the day's own clock
                with self._hooks(mirror) if bells is not None else nullcontext():
                    self.company.listeners.append(self._heard)
                    before = sandbox.calls
                    self._go_on(mirror, travel)
                    self.calls = sandbox.calls - before
                if bells is not None:
                    self.told = sum(mirror.doorbell_counts().values())

    def _go_on(self, mirror: ConnecteamSync, travel: time_machine.Traveller) -> None:
        clock = Clock(mirror, stop=threading.Event(), tell=print, ahead=_ahead, clock=time.time)
        event.listen(Engine, "before_cursor_execute", self._count)
        while (now := time.time()) < self.ends:
            self.life.advance(int(now))
            if self.underway:
                travel.shift(self.deliveries.settings.webhook_delay)
                self._delivered()
            wait = self._turn(clock)
            if wait:
                if time.time() - self.begin >= 3600 * self.compared:
                    self._compare(mirror)
                travel.shift(max(0.1, min(wait, self.ends - time.time())))
        event.remove(Engine, "before_cursor_execute", self._count)

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
            names = ("doorbells", f"listener-{listener.port}")
            threads = [one for one in threading.enumerate() if one.name.startswith(names)]
            self.cpu_of_bells = sum(time.clock_gettime(time.pthread_getcpuclockid(one.ident or 0)) for one in threads)
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
        runs, began, cpu = len(self.runs), time.perf_counter(), time.thread_time()
        self.is_measured = True
        wait = clock.turn()
        self.is_measured = False
        spent = time.thread_time() - cpu
        if len(self.runs) == runs:
            self.cpu_at_rest += spent
            return wait
        self.cpu += spent
        self.slowest = max(self.slowest, time.perf_counter() - began)
        now = time.time()
        self.lags += [now - one.at for one in self.waiting if one.clock in self.looked and one.is_shift]
        self.waiting = [one for one in self.waiting if one.clock not in self.looked]
        return wait

    def _noted(self, happening: Event) -> None:
        if not self.is_measured:
            return
        if isinstance(happening, SliceDone) and happening.step == "mirroring" and happening.window.last >= DAY:
            self.looked.add(happening.time_clock_id)
        elif isinstance(happening, RunEnded):
            # A proof may find a change before its visit.
            if happening.exit_code not in ({0, 3, 5} if happening.kind == "verify" else {0, 3}):
                print(happening, file=sys.stderr)
            self.runs.append(happening)

    def _count(self, *_: object) -> None:
        self.statements += self.is_measured or threading.current_thread() is not threading.main_thread()

    def _compare(self, mirror: ConnecteamSync) -> None:
        """All rows of the last days but those of people of whom something still waits for its look."""
        first = DAY - timedelta(days=LOOKBACK)
        with mirror.store.reading() as session:
            users = {e.id: int(e.connecteam_user_id) for e in session.employees() if e.connecteam_user_id}
            found = {
                (users[r.employee_id], r.clock_in, r.clock_out, r.total_minutes)
                for r in session.rows_of_all()
                if r.is_ours
            }
        start, unseen = self.company.at(first, "00:00"), {one.user for one in self.waiting}
        unequal = {row for row in found if row[1] >= start} ^ self.company.truth(first, DAY)
        self.compared += 1
        self.unequal += len({row for row in unequal if row[0] not in unseen})

    def figures(self) -> dict[str, object]:
        """What is written down."""
        lags = sorted(self.lags)
        visits = [run for run in self.runs if run.kind == "sync" and run.window.last >= DAY]
        changes = [run.counts for run in self.runs if run.kind == "sync"]
        return {
            "visits": len(visits),
            "further_looks": len(self.runs) - len(visits),
            "calls": self.calls,
            "statements": self.statements,
            "statements_per_visit": round(sum(run.statements for run in visits) / len(visits), 1),
            "changes": sum(counts.created + counts.updated + counts.deleted for counts in changes),
            "webhooks": self.told,
            "lost": self.lost,
            "cpu_seconds": round(self.cpu, 1),
            "cpu_at_rest_seconds": round(self.cpu_at_rest, 1),
            "cpu_of_bells_seconds": round(self.cpu_of_bells, 1),
            "slowest_look_seconds": round(self.slowest, 2),
            "lag_p50_seconds": round(median(lags)) if lags else None,
            "lag_p95_seconds": round(lags[int(len(lags) * 0.95)]) if lags else None,
            "hours_compared": self.compared,
            "rows_unequal": self.unequal,
        }


def _ahead() -> int:
    """By how many seconds the day is ahead of the database's clock; it is behind it."""
    return int(time.time() - time_machine.escape_hatch.time.time())


def write_page(results: list[dict[str, object]]) -> None:
    """The page of all days measured so far."""
    names = {
        "people": "people",
        "clocks": "time clocks",
        "hours": "hours",
        "database": "database",
        "bells": "webhooks",
        "visits": "visits",
        "further_looks": "further looks",
        "calls": "calls of the API",
        "statements": "statements",
        "statements_per_visit": "a visit",
        "changes": "changes",
        "webhooks": "webhooks taken",
        "lost": "lost",
        "cpu_seconds": "CPU s of looks",
        "cpu_at_rest_seconds": "at rest",
        "cpu_of_bells_seconds": "of webhooks",
        "slowest_look_seconds": "slowest look, s",
        "lag_p50_seconds": "change to row p50, s",
        "lag_p95_seconds": "p95, s",
        "hours_compared": "hours compared",
        "rows_unequal": "rows unequal",
    }
    lines = [
        "<!-- Made by benchmarks/day.py. -->",
        "# A day of the service, in fast time",
        "",
        "A living company (the sandbox) and the clock of `serve` with its ordinary settings: visits of each time",
        "clock every five minutes by day and every quarter of an hour by night, at today and the 14 days before it,",
        "and further looks, which are those at older days and the nightly proof. Where there are webhooks, a look",
        "follows ten seconds after one, and ordinary visits become fewer once they have proved to come. Some of them",
        "are lost on purpose, and each is late.",
        "",
        "CPU seconds are those of the service's threads, not of the sandbox or the database's server: of turns with a",
        "look, of those that found nothing to do (one every five seconds), and of taking webhooks. Statements are all",
        "that the service sent. From a change in the company to its row are seconds of the company's time, with what",
        "the look took. Every hour all rows of these days are compared with the company, but for people of whom",
        "something still waits for its look.",
        "",
        f"| {' | '.join(names.values())} | measured |",
        f"|{'---|' * (len(names) + 1)}",
        *(f"| {' | '.join(str(one[key]) for key in names)} | {one['measured']} |" for one in results),
    ]
    PAGE.write_text("\n".join(lines) + "\n")


def main() -> None:
    """Live the day that the options name, and write it down."""
    options = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    options.add_argument("--people", type=int, default=45)
    options.add_argument("--clocks", type=int, default=2)
    options.add_argument("--database", default="", help="an empty database; else SQLite in a scratch folder")
    options.add_argument("--everywhere", action="store_true", help="on SQLite and on each server that answers")
    options.add_argument("--hours", default="0-24", help="the hours of the day")
    options.add_argument("--cadence", type=int, help="seconds between visits, at every hour; else as `serve` does")
    options.add_argument("--bells", action="store_true", help="webhooks tell of what happens")
    options.add_argument("--loss", type=float, default=0.005, help="the share of webhooks that never come")
    options.add_argument("--delay", type=float, default=2.0, help="seconds from a change to its webhook")
    options.add_argument("--dry", action="store_true", help="print the figures, write nothing")
    given = options.parse_args()
    with ExitStack() as scratch:
        folder = scratch.enter_context(tempfile.TemporaryDirectory())
        for database in databases(scratch, folder) if given.everywhere else [given.database or sqlite(folder)]:
            live(given, database)


def sqlite(folder: str) -> str:
    """A database in a folder."""
    return f"sqlite:///{folder}/day.db"


def databases(scratch: ExitStack, folder: str) -> Iterator[str]:
    """An empty database of each kind, dropped in the end; the servers are those of the tests."""
    yield sqlite(folder)
    for name, server in SERVERS.items():
        if name in ABSENT:
            print(f"{name}: does not answer", file=sys.stderr)
            continue
        made = f"cs_bench_{uuid.uuid4().hex[:12]}"
        run_statement(make_url(server), f"CREATE DATABASE {made}")
        scratch.callback(run_statement, make_url(server), f"DROP DATABASE {made}")
        yield make_url(server).set(database=made).render_as_string(hide_password=False)


def live(given: argparse.Namespace, database: str) -> None:
    """The day on one database, measured and written down."""
    told = SandboxSettings(minute_limit=10**9, webhook_loss=given.loss, webhook_delay=given.delay)
    settings = {"database_url": database, "cadence_seconds": given.cadence}
    first, last = map(int, given.hours.split("-"))
    began = time.perf_counter()
    day = Day(given.people, given.clocks, (first, last), settings)
    day.live(bells=told if given.bells else None)
    kind = kind_of(database)
    found = {
        "people": given.people,
        "clocks": given.clocks,
        "hours": given.hours,
        "database": kind,
        "bells": f"{100 * given.loss:g} % lost, {given.delay:g} s late" if given.bells else "none",
        **day.figures(),
        "measured": f"{time.strftime('%Y-%m-%d')}, Python {platform.python_version()}",
    }
    print(json.dumps(found, indent=1), flush=True)
    print(f"{kind}: lived in {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
    if day.unequal:
        raise SystemExit(f"{day.unequal} rows were not as the company has them")
    if given.dry or given.cadence is not None:
        return
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else []
    key = ("people", "clocks", "database", "hours", "bells")
    results = [one for one in results if [one[name] for name in key] != [found[name] for name in key]]
    results = sorted([*results, found], key=lambda one: [str(one[name]).zfill(9) for name in key])
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    write_page(results)


def kind_of(database: str) -> str:
    """What the page calls a database: MariaDB speaks as MySQL does, so the server is asked."""
    url = make_url(database)
    if url.get_backend_name() == "sqlite":
        return "sqlite"
    with create_engine(url, poolclass=NullPool).connect() as connection:
        is_mariadb = "mariadb" in str(connection.exec_driver_sql("SELECT version()").scalar_one()).lower()
    return "mariadb" if is_mariadb else url.get_backend_name()


if __name__ == "__main__":
    main()

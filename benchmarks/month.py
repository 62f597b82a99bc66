"""A month of a living company in fast time, with a service that is killed and an API that fails.

    python benchmarks/month.py
    python benchmarks/month.py --days 3 --database postgresql+psycopg://postgres@127.0.0.1/month

The company, its webhooks (some of them late, repeated, out of order or lost) and the faults of its answers are the
sandbox's. The service is a process of its own: the clock of `serve` with its looks at older days and its nightly
proof, and the address of webhooks. In the first third of the month it is killed at any moment, again and again; then it
lives to the end, and what it takes of the machine is written down once a day. Once a day the company and the trouble
rest until each time clock was looked at, and the rows of its last days are compared with the company; at the end, those
of the whole month. docs/performance/month.md is written from the figures; with `--dry` nothing is.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import random
import resource
import socket
import tempfile
import threading
import time
from collections import Counter
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

import time_machine

from connecteam_sync.client import ConnecteamSync
from connecteam_sync.config import Settings
from connecteam_sync.core.cadence import LISTS_EVERY
from connecteam_sync.core.deliveries import Secrets
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.sandbox.life import living
from connecteam_sync.service.clock import Clock
from connecteam_sync.service.hooks import Hooks
from connecteam_sync.service.listener import Listener
from connecteam_sync.service.web import application

PAGE = Path(__file__).parent.parent / "docs" / "performance" / "month.md"
FIRST = date(2026, 2, 16)
"""In this month the clocks change, on March 8."""
LOOKBACK, HISTORY = 14, 21
SECRET = "a-secret-of-the-benchmark"  # noqa: S105 - invented
FAULTS = (
    *("html_200", "truncated", "empty_body", "null_data", "wrong_list", "no_one", "dropped", "redirect"),
    *("server_error", "bad_gateway", "unavailable", "gzip_cut", "deep", "too_many", "too_many_untold"),
    *("milliseconds", "renamed_members", "half_of_the_people", "duplicate_records", "two_versions", "no_shifts"),
    *("nan", "not_utf8", "deep_member", "repeated_page", "skipped_page"),
)
"""Those that say nothing at all, something wrong, or less than there is; the key stays good."""
FAULTS_A_DAY = 24
REST = 30.0
"""The fewest seconds between two turns in which nothing is due."""
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["connecteam_sync.service.service", "time_machine"])


class Turn(NamedTuple):
    """What one unit of work of the service came to, and what the process has taken of the machine by then."""

    wait: float
    cpu_seconds: float
    resident_kib: int
    descriptors: int


def _ahead() -> int:
    """By how many seconds the month is ahead of the database's clock; it is behind it."""
    return int(time.time() - time_machine.escape_hatch.time.time())


def _work(pipe: Connection, key: str, port: int, chosen: dict[str, Any]) -> None:
    """The service's process: one unit of work for each instant that it is told."""
    os.environ["CONNECTEAM_SYNC_WEBHOOK_SECRET"] = SECRET
    settings = Settings(**chosen)
    with time_machine.travel(datetime.fromtimestamp(pipe.recv(), UTC), tick=True) as travel:
        client = ConnecteamSync(key, settings=settings, remember_lists=LISTS_EVERY)
        client._lists.memory.clock = time.time  # noqa: SLF001 - the month's own clock
        hooks = Hooks(settings, token=client.webhook_token(), secrets=Secrets(SECRET, None), ahead=_ahead)
        Listener(application(hooks.routes()), host="127.0.0.1", port=port).start()
        clock = Clock(client, stop=threading.Event(), tell=lambda _: None, ahead=_ahead, clock=time.time)
        while True:
            pipe.send(Turn(0.0, *_taken()))
            travel.move_to(datetime.fromtimestamp(pipe.recv(), UTC))
            pipe.send(Turn(clock.turn(), *_taken()))


def _taken() -> tuple[float, int, int]:
    """CPU seconds, KiB of memory and open descriptors of this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return (
        used.ru_utime + used.ru_stime,
        pages * resource.getpagesize() // 1024,
        len(list(Path("/proc/self/fd").iterdir())),
    )


class Month:
    """The company, its trouble, and what was measured."""

    def __init__(self, people: int, days: int, kills: int, database: str, seed: int) -> None:
        self.company = Company(0, people=people, clocks=2)
        self.days, self.kills_a_day, self.database = days, kills, database
        self.chance = random.Random(seed)  # noqa: S311 - repeatable trouble
        self.begin, self.end = self.company.at(FIRST, "00:00"), self.company.at(FIRST + timedelta(days=days), "00:00")
        self.kills = self.turns = self.unequal = self.compared = self.lost = 0
        self.cpu = self.cpu_of_the_dead = 0.0
        self.calls = 0
        self.daily: list[tuple[date, int, int]] = []
        self.sent: set[str] = set()
        self.answered: set[str] = set()
        self.process: Any = None

    def live(self) -> None:
        """All of it."""
        begin = datetime.fromtimestamp(self.begin, UTC)
        webhooks = SandboxSettings(
            minute_limit=10**9,
            webhook_loss=0.005,
            webhook_repeats=0.02,
            webhook_reorder=0.02,
            webhook_delay=2.0,
            webhook_timeout=10.0,
        )
        with ExitStack() as stack:
            self.travel = stack.enter_context(time_machine.travel(begin, tick=True))
            self.sandbox = stack.enter_context(Sandbox(self.company, webhooks))
            self.life = living(self.company, FIRST - timedelta(days=HISTORY), FIRST - timedelta(days=1))
            self.life.advance(self.begin)
            self.deliveries = self.sandbox.handlers.deliveries
            self.deliveries.clock = time.time
            self.chosen: dict[str, Any] = {
                "timezone": self.company.timezone,
                "base_url": self.sandbox.url,
                "employees": "create",
                "database_url": self.database,
                "total_seconds": 5,
            }
            with socket.create_server(("127.0.0.1", 0)) as free:
                self.port = int(free.getsockname()[1])
            os.environ["CONNECTEAM_SYNC_WEBHOOK_SECRET"] = SECRET
            self.mirror = stack.enter_context(ConnecteamSync(self.sandbox.key, settings=Settings(**self.chosen)))
            self.mirror.init()
            self.mirror.sync(self.mirror.window(FIRST - timedelta(days=HISTORY), FIRST))
            self.mirror.register_webhooks(f"http://127.0.0.1:{self.port}")
            self.calls = -self.sandbox.calls
            self._start()
            for number in range(self.days):
                self._day(FIRST + timedelta(days=number), is_deadly=number < self.days / 3)
            self._compare(FIRST - timedelta(days=HISTORY), FIRST + timedelta(days=self.days))
            self.calls += self.sandbox.calls
            self.cpu += self.cpu_of_the_dead
            self._kill()

    def _day(self, day: date, *, is_deadly: bool) -> None:
        midnight = self.company.at(day + timedelta(days=1), "00:00")
        times = sorted(self.chance.uniform(time.time(), midnight) for _ in range(FAULTS_A_DAY))
        deaths = sorted(self.chance.uniform(time.time(), midnight) for _ in range(self.kills_a_day if is_deadly else 0))
        while (now := time.time()) < midnight:
            self.life.advance(int(now))
            self._delivered()
            while times and times[0] <= now:
                times.pop(0)
                # Some faults last: retries do not help, and the look fails.
                self.sandbox.faults.add(self.chance.choice(FAULTS), times=self.chance.choice((1, 1, 2, 8)))
            is_killed = bool(deaths) and deaths[0] <= now
            if is_killed:
                deaths.pop(0)
            wait = self._turn(is_killed=is_killed)
            if wait:
                self.travel.shift(max(REST, min(wait, midnight - time.time())))
        self._compare(day - timedelta(days=LOOKBACK), day)

    def _compare(self, first: date, last: date) -> None:
        """Let everything rest until all is looked at, and compare rows and webhooks with what was."""
        self.sandbox.faults.clear()
        since = time.time()
        while min((one.last_good or 0) for one in self.mirror.schedules()) <= since or self._is_waiting():
            self._delivered()
            wait = self._turn(is_killed=False)
            self.travel.shift(max(REST, wait) if wait else 0.01)
        with self.mirror.store.reading() as session:
            users = {e.id: int(e.connecteam_user_id) for e in session.employees() if e.connecteam_user_id}
            found = Counter[tuple[Any, ...]](
                (users[r.employee_id], r.clock_in, r.clock_out, r.total_minutes)
                for r in session.rows_of_all()
                if r.is_ours
            )
        start = self.company.at(first, "00:00")
        kept = Counter({row: count for row, count in found.items() if row[1] >= start})
        truth = Counter[tuple[Any, ...]](self.company.truth(first, last + timedelta(days=1)))
        self.unequal += ((kept - truth) + (truth - kept)).total()
        self.compared += truth.total()
        recorded = self._recorded()
        self.answered |= {one.request_id for one in self.deliveries.log if one.state == "delivered"} - self.sent
        self.lost += len(self.answered - recorded)
        self.sent |= self.answered
        self.answered = set()
        turn = self._turn_of(is_killed=False)
        assert turn is not None
        self.daily.append((last, turn.resident_kib, turn.descriptors))
        print(
            last,
            f"{turn.resident_kib // 1024} MiB, {turn.descriptors} descriptors, {self.unequal} rows unequal",
            flush=True,
        )

    def _is_waiting(self) -> bool:
        counts = self.mirror.doorbell_counts()
        return any(one.state == "waiting" for one in self.deliveries.log) or bool(
            counts.get("waiting", 0) + counts.get("joined", 0)
        )

    def _recorded(self) -> set[str]:
        """The keys of all deliveries that the table has."""
        keys: set[str] = set()
        after = None
        while found := self.mirror.doorbells(after=after, limit=1000):
            keys |= {one.key for one in found}
            after = found[-1].key
        return keys

    def _delivered(self) -> None:
        """Wait until what was planned is sent, with the delay that it has."""
        while any(one.state == "waiting" and not one.tries for one in self.deliveries.log):
            self.travel.shift(1)
            time.sleep(0.05)

    # -- the process ---------------------------------------------------------------------------------------------------

    def _start(self) -> None:
        self.pipe, theirs = PROCESSES.Pipe()
        words = (theirs, self.sandbox.key, self.port, self.chosen)
        self.process = PROCESSES.Process(target=_work, args=words, daemon=True)
        self.process.start()
        theirs.close()
        self.pipe.send(time.time())
        self.pipe.recv()

    def _kill(self) -> None:
        self.process.kill()
        self.process.join()
        self.pipe.close()

    def _turn(self, *, is_killed: bool) -> float:
        """One unit of work; how long nothing is due. A service that is killed begins again at once."""
        turn = self._turn_of(is_killed=is_killed)
        return turn.wait if turn is not None else 0.0

    def _turn_of(self, *, is_killed: bool) -> Turn | None:
        self.turns += 1
        self.pipe.send(time.time())
        if is_killed:
            # Between two words to the database as well as within one: a turn takes some ten milliseconds.
            time.sleep(self.chance.uniform(0, 0.12))
            self.kills += 1
            self.cpu_of_the_dead += self.cpu
            self._kill()
            self._start()
            return None
        turn: Turn = self.pipe.recv()
        self.cpu = turn.cpu_seconds
        self.pipe.recv()
        return turn

    def figures(self) -> dict[str, object]:
        """What is written down."""
        lives = self.daily[-(len(self.daily) - self.days // 3 - 1) :]
        return {
            "people": len(self.company.people),
            "days": self.days,
            "database": self.database.partition(":")[0].partition("+")[0],
            "kills": self.kills,
            "faults": len(self.sandbox.faults.served),
            "calls": self.calls,
            "webhooks": len(self.sent),
            "webhooks_lost": self.lost,
            "rows_compared": self.compared,
            "rows_unequal": self.unequal,
            "cpu_seconds": round(self.cpu),
            "memory_mib": f"{lives[0][1] // 1024} to {lives[-1][1] // 1024}",
            "most_memory_mib": max(kib for _, kib, _ in lives) // 1024,
            "descriptors": f"{lives[0][2]} to {lives[-1][2]}",
        }


_NAMES = {
    "people": "people",
    "days": "days",
    "database": "database",
    "kills": "kills",
    "faults": "faults met",
    "calls": "calls of the API",
    "webhooks": "webhooks answered",
    "webhooks_lost": "of them not recorded",
    "rows_compared": "rows compared",
    "rows_unequal": "rows unequal",
    "cpu_seconds": "CPU s",
    "memory_mib": "memory after the last start and at the end, MiB",
    "most_memory_mib": "most",
    "descriptors": "descriptors, likewise",
}


def write_page(found: dict[str, object]) -> None:
    """The page, with this month's line in the place of an older one of the same database."""
    older = [line for line in PAGE.read_text().splitlines() if line.startswith("| ")][1:] if PAGE.exists() else []
    line = f"| {' | '.join(str(found[key]) for key in _NAMES)} | {found['measured']} |"
    place = list(_NAMES).index("database") + 1
    rest = [one for one in older if one.split(" | ")[place - 1] != found["database"]]
    lines = [
        "<!-- Made by benchmarks/month.py. -->",
        "# A month of the service, in fast time, with kills and faults",
        "",
        "A living company, its webhooks (0.5 % lost, 2 % repeated, 2 % out of order, all late), and a service that is",
        "killed with SIGKILL again and again for the first third of the month and then lives to its end.",
        f"{FAULTS_A_DAY} times a day an answer of Connecteam, or eight in a row, are wrong: errors, cut off, half of",
        "the people, times in milliseconds, nothing at all. Each day all rows of the last 14 days are compared with",
        "the company, at the end those of the month, and every webhook that was answered with 204 with the table of",
        "doorbells. The clocks change within the month.",
        "",
        f"| {' | '.join(_NAMES.values())} | measured |",
        f"|{'---|' * (len(_NAMES) + 1)}",
        *sorted([*rest, line]),
    ]
    PAGE.write_text("\n".join(lines) + "\n")


def main() -> None:
    """Live the month that the options name, and write it down."""
    options = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    options.add_argument("--people", type=int, default=45)
    options.add_argument("--days", type=int, default=30)
    options.add_argument("--database", default="", help="an empty database; else SQLite in a scratch folder")
    options.add_argument("--kills", type=int, default=40, help="how often it is killed on each day of the first third")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--dry", action="store_true", help="print the figures, write nothing")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_STATE_HOME"] = folder
        month = Month(
            given.people, given.days, given.kills, given.database or f"sqlite:///{folder}/month.db", given.seed
        )
        month.live()
    found = {**month.figures(), "measured": f"{time.strftime('%Y-%m-%d')}, Python {platform.python_version()}"}
    print(json.dumps(found, indent=1))
    if not given.dry:
        write_page(found)
    if month.unequal or month.lost:
        raise SystemExit(f"{month.unequal} rows were not as the company has them, {month.lost} webhooks were lost")


if __name__ == "__main__":
    main()

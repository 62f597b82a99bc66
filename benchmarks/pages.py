"""Every page of the console over a large mirror: statements, server time, bytes; and the memory of `serve`.

    .venv/bin/python benchmarks/pages.py
    .venv/bin/python benchmarks/pages.py --rows 100000 --databases mariadb --keep

The databases are scratch ones of the servers of the tests. With `--keep` they stay, and the next run with as many rows
opens the same ones. Rows are copied within the database; `pages_fill` says what is in it.

A page is opened over HTTP, in this process, by somebody who has signed in; its time is what that person waits. Before
each opening the facts of the head are forgotten, which are otherwise read once in five seconds for all pages: so each
page pays for them. Their statements are counted apart.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx2 as httpx
from sqlalchemy import URL, Engine, event, make_url
from sqlalchemy.exc import DatabaseError

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from doorbells import serving, share
from pages_fill import Filled, filled

from conftest import ABSENT, SERVERS
from connecteam_sync.client import ConnecteamSync
from connecteam_sync.config import Settings
from connecteam_sync.core.window import later
from support.console_site import Clock, ConsoleSite, console_of
from support.databases import run_statement

MOST_MS, MOST_STATEMENTS, MOST_BYTES, MOST_SENT, MOST_MB = 150.0, 8, 60_000, 15_000, 120
_HEAD = 6
"""Seconds for which the header's facts are surely too old."""


def paths(mirror: ConnecteamSync, known: Filled) -> list[str]:
    """Each page, and those forms of it that read something else."""
    today = mirror.today()
    month, day = later(today, -40), later(today, -3)
    person, user = known.person, known.waiting
    return [
        "/",
        "/attention",
        "/attention?days=14",
        "/attention?kind=unmapped_user",
        "/attention.json",
        f"/attention/{known.hold}",
        "/runs",
        f"/runs?before={known.run}",
        "/runs?kind=verify",
        f"/runs/{known.run}",
        f"/runs/{known.run}/undo",
        "/people",
        "/people?q=ana",
        f"/people/{person}",
        f"/people/{person}?month={month:%Y-%m}",
        f"/people/{person}/{day}",
        "/map",
        f"/map?user={user}",
        f"/map?user={user}&employee={person}",
        "/plan",
        f"/plan/{known.plan}",
        "/locks",
        "/periods",
        "/corrections",
        f"/locks?from={day}&to={today}&do=lock",
        "/clocks",
        "/doorbells",
        "/doorbells?state=heard&clock=7",
        f"/doorbells/{known.bell}",
        f"/in-hand?kind=sync&from={day}",
        "/health",
        "/audit",
    ]


class Watched:
    """The statements of every engine."""

    def __init__(self) -> None:
        self.sent = 0
        event.listen(Engine, "before_cursor_execute", self._note)

    def _note(self, *_: object) -> None:
        self.sent += 1

    def statements(self, site: ConsoleSite, path: str, asking: httpx.Client, *, is_forgotten: bool) -> int:
        """Those of one opening."""
        if is_forgotten:
            site.clock.now += _HEAD
        before = self.sent
        asking.get(path).raise_for_status()
        return self.sent - before


class Figures(NamedTuple):
    """What a page costs: its own statements and those of the head, milliseconds, bytes before and after gzip."""

    path: str
    own: int
    head: int
    half: float
    most: float
    size: int
    sent: int

    def row(self) -> str:
        """A row of the table; what is too much is bold."""

        def told(value: float, limit: float) -> str:
            return f"**{value:,.0f}**" if value > limit and ".json" not in self.path else f"{value:,.0f}"

        parts = (
            f"`{self.path}`",
            told(self.own, MOST_STATEMENTS),
            str(self.head),
            f"{self.half:.0f}",
            told(self.most, MOST_MS),
            told(self.size, MOST_BYTES),
            told(self.sent, MOST_SENT),
        )
        return f"| {' | '.join(parts)} |"


def opened(site: ConsoleSite, path: str, times: int, asking: httpx.Client, watched: Watched) -> Figures:
    """A page's figures. The first openings load code; they are not timed."""
    both = watched.statements(site, path, asking, is_forgotten=True)
    own = watched.statements(site, path, asking, is_forgotten=False)
    taken = []
    for _ in range(times):
        site.clock.now += _HEAD
        began = time.perf_counter()
        answer = asking.get(path).raise_for_status()
        taken.append((time.perf_counter() - began) * 1000)
    taken.sort()
    sent = int(answer.headers["content-length"])
    return Figures(path, own, both - own, share(taken, 0.5), share(taken, 0.95), len(answer.content), sent)


def measure(settings: Settings, key: str, known: Filled, times: int, only: str) -> None:
    """The table of one database."""
    watched = Watched()
    with ConnecteamSync(key, settings=settings) as mirror:
        asked = [path for path in paths(mirror, known) if only in path]
    print("| page | statements | of the head | p50 ms | p95 ms | bytes | sent |\n|---|--:|--:|--:|--:|--:|--:|")
    with console_of(settings) as site, site.signed_in("operator") as asking:
        gc.collect()
        gc.freeze()  # the company and its sandbox are of this process, and not of a console: no pause is for them
        for path in asked:
            print(opened(site, path, times, asking, watched).row(), flush=True)
    if not only:
        print(f"\n`serve` after each page five times: {memory(settings, key, asked)}", flush=True)


def memory(settings: Settings, key: str, asked: list[str]) -> str:
    """What `serve` holds in memory before it has shown a page, and after each of them was opened five times."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CONNECTEAM_SYNC_")} | {
        "CONNECTEAM_SYNC_DATABASE_URL": settings.database_url,
        "CONNECTEAM_SYNC_BASE_URL": settings.base_url,
        "CONNECTEAM_SYNC_API_KEY": key,
        "CONNECTEAM_SYNC_TIMEZONE": settings.timezone,
    }
    with serving(environment, "--no-clock") as first:
        site = ConsoleSite(settings, first["url"], Clock())
        before = resident(first["pid"])
        with site.signed_in("operator") as asking:
            for path in asked * 5:
                asking.get(path).raise_for_status()
        now, most = resident(first["pid"]), resident(first["pid"], "VmHWM")
    return f"{now:.0f} MB, at most {most:.0f} MB ({before:.0f} MB before); the promise is {MOST_MB} MB"


def resident(process: int, what: str = "VmRSS") -> float:
    """Megabytes of a process on Linux."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith(what))


@contextmanager
def scratch(server: str, rows: int, *, keep: bool) -> Iterator[URL]:
    """A database for so many rows, which is dropped at the end unless it is kept."""
    name = f"cs_bench_pages_{rows}" if keep else f"cs_bench_pages_{os.getpid()}"
    at = make_url(server)
    try:
        run_statement(at, f"CREATE DATABASE {name}")
    except DatabaseError:
        if not keep:
            raise  # else it is there from before
    try:
        yield at.set(database=name)
    finally:
        if not keep:
            run_statement(at, f"DROP DATABASE {name}")


def main() -> None:
    """A table for each database."""
    options = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    options.add_argument("--rows", type=int, default=1_000_000, help="shifts, rows and entries of the journal, each")
    options.add_argument("--people", type=int, default=1_000, help="people of the company")
    options.add_argument("--times", type=int, default=40, help="how often each page is opened")
    options.add_argument("--databases", nargs="*", default=list(SERVERS), help="of: " + ", ".join(SERVERS))
    options.add_argument("--only", default="", help="only the pages with this text in their address")
    options.add_argument("--keep", action="store_true", help="keep the databases, and open those that were kept")
    given = options.parse_args()
    print(f"load of the machine before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_STATE_HOME"] = folder
        for name in given.databases:
            if name in ABSENT:
                print(f"{name}: does not answer")
                continue
            with scratch(SERVERS[name], given.rows, keep=given.keep) as url:
                database = url.render_as_string(hide_password=False)
                with filled(database, given.rows, given.people) as (settings, key, known):
                    print(f"\n## {name}, {given.rows:,} rows, load {os.getloadavg()[0]:.1f}\n", flush=True)
                    measure(settings, key, known, given.times, given.only)


if __name__ == "__main__":
    main()

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
import platform
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from lived_day import DAY, Day, whole
from sqlalchemy import create_engine, make_url
from sqlalchemy.pool import NullPool

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from conftest import ABSENT, SERVERS
from connecteam_sync.sandbox import SandboxSettings
from support.databases import run_statement

ROOT = Path(__file__).parent.parent
RESULTS, PAGE = ROOT / "benchmarks" / "results" / "days.json", ROOT / "docs" / "performance" / "day.md"


def figures(day: Day) -> dict[str, object]:
    """What is written down of a day that was lived whole."""
    all_of_it = day.day.plus(day.further)
    bells = day.cpu_of_bells
    visits = [run for run in day.runs if run.kind == "sync" and run.window.last >= DAY]
    return {
        "visits": len(day.visits),
        "further_looks": day.further_looks,
        "calls": all_of_it.calls,
        "statements": all_of_it.statements,
        "statements_per_visit": round(sum(run.statements for run in visits) / len(visits), 1),
        "changes": day.changes,
        "webhooks": day.told,
        "lost": day.lost,
        "cpu_seconds": round(all_of_it.cpu - day.cpu_at_rest - bells, 1),
        "cpu_at_rest_seconds": round(day.cpu_at_rest, 1),
        "cpu_of_bells_seconds": round(bells, 1),
        "slowest_look_seconds": round(max(one.cost.seconds for one in day.visits), 2),
        "lag_p50_seconds": day.lag(0.5),
        "lag_p95_seconds": day.lag(0.95),
        "hours_compared": day.compared,
        "rows_unequal": day.unequal,
    }


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
        "something still waits for its look. What the slowest look took is without the seconds in which the sandbox",
        "made its answer.",
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
    day = Day(given.people, given.clocks, whole(first, last), settings)
    day.live(bells=told if given.bells else None)
    kind = kind_of(database)
    found = {
        "people": given.people,
        "clocks": given.clocks,
        "hours": given.hours,
        "database": kind,
        "bells": f"{100 * given.loss:g} % lost, {given.delay:g} s late" if given.bells else "none",
        **figures(day),
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

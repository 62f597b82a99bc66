"""A year of visits every five minutes next to a million shifts, before their receipts are folded and after.

    .venv/bin/python benchmarks/year.py
    .venv/bin/python benchmarks/year.py --rows 10000 --days 20

The receipts are copies of two that the product wrote, and it folds them itself. The databases are those of the tests.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from earlier import fill
from sqlalchemy import Engine, event, make_url, text

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from conftest import ABSENT, SERVERS
from connecteam_sync.client import ConnecteamSync
from connecteam_sync.config import Settings
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from support.databases import run_statement

A_DAY, DAY = 288, 86_400
TIMES, BATCH = 15, 5_000
FIRST_NUMBER = 1_000


class Counted:
    """What one call costs: its statements, and the median of its milliseconds."""

    def __init__(self) -> None:
        self.statements = 0
        event.listen(Engine, "before_cursor_execute", self._count)

    def _count(self, *_: object) -> None:
        self.statements += 1

    def of(self, call: Callable[[], object]) -> str:
        """The figures of a call that is made again and again."""
        taken = []
        before = self.statements
        for _ in range(TIMES):
            began = time.perf_counter()
            call()
            taken.append(time.perf_counter() - began)
        return f"{median(taken) * 1000:.0f} ms, {(self.statements - before) / TIMES:.0f} statements"


def remember(mirror: ConnecteamSync, days: int) -> int:
    """Receipts of visits that found nothing, of both time clocks, up to now; how many runs."""
    with mirror.store.own_rows("copying receipts") as connection:
        own = mirror.store.own
        found = [_rows(connection, f"SELECT * FROM {name} ORDER BY id DESC") for name in (own.runs, own.slices)]
        runs, slices = (rows[:2] for rows in found)
    number, now = FIRST_NUMBER, int(time.time())
    lines: tuple[list[dict[str, Any]], list[dict[str, Any]]] = ([], [])
    for visit in range(days * A_DAY):
        at = now - (days * A_DAY - visit) * (DAY // A_DAY)
        for run, part in zip(runs, slices, strict=True):
            lines[0].append({**run, "id": number, "started_at": at, "finished_at": at})
            lines[1].append({**part, "id": number, "run_id": number})
            number += 1
    for name, rows in zip((own.runs, own.slices), lines, strict=True):
        words = ", ".join(f":{column}" for column in rows[0])
        for begin in range(0, len(rows), BATCH):
            with mirror.store.own_rows("copying receipts") as connection:
                insert = f"INSERT INTO {name} ({', '.join(rows[0])}) VALUES ({words})"
                connection.execute(text(insert), rows[begin : begin + BATCH])
    return number - FIRST_NUMBER


def _rows(connection: Any, query: str) -> list[dict[str, Any]]:  # noqa: ANN401 - a transaction's connection
    return [dict(row._mapping) for row in connection.execute(text(query))]  # noqa: SLF001 - SQLAlchemy's own name


def measure(database: str, rows: int, days: int) -> None:
    """A year on one database, told line by line."""
    counted = Counted()
    with Sandbox(Company(0), SandboxSettings(minute_limit=10**9, day_limit=10**9)) as sandbox:
        settings = Settings(
            timezone="America/Chicago", database_url=database, base_url=sandbox.url, employees="create", older_days=0
        )
        with ConnecteamSync(sandbox.key, settings=settings, remember_lists=3600) as mirror:
            mirror.init()
            mirror.sync()
            fill(mirror, rows)
            clocks = sorted(mirror.mirrored_clocks())
            for clock in clocks * 2:
                mirror.visit(clock)
            calls: dict[str, Callable[[], object]] = {
                "a visit with nothing": lambda: mirror.visit(clocks[0]),
                "status": mirror.status,
                "the last 50 runs": lambda: mirror.runs(limit=50),
            }
            for word, call in calls.items():
                print(f"  before: {word}: {counted.of(call)}", flush=True)
            runs = remember(mirror, days)
            for word, call in calls.items():
                print(f"  with {runs:,} receipts of {days} days: {word}: {counted.of(call)}", flush=True)
            folds, folded, longest, before, began = 0, 0, 0.0, counted.statements, time.perf_counter()
            while True:
                start = time.perf_counter()
                part = mirror.fold_receipts()
                longest = max(longest, time.perf_counter() - start)
                if not part:
                    break
                folds, folded = folds + 1, folded + part
            each = (counted.statements - before) / max(1, folds)
            print(
                f"  folded {folded:,} runs to {len(mirror.quiet_looks(limit=10**6)):,} rows in"
                f" {time.perf_counter() - began:.1f} s: {folds} times, {each:.1f} statements each, the longest"
                f" {longest * 1000:.0f} ms",
                flush=True,
            )
            for word, call in calls.items():
                print(f"  after: {word}: {counted.of(call)}", flush=True)


def main() -> None:
    """The figures of each database."""
    options = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    options.add_argument("--rows", type=int, default=1_000_000, help="shifts of earlier years in the tables")
    options.add_argument("--days", type=int, default=365, help="days of visits")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_STATE_HOME"] = folder
        print("sqlite")
        measure(f"sqlite:///{folder}/year.db", given.rows, given.days)
        for name, server in SERVERS.items():
            if name in ABSENT:
                print(f"{name}: does not answer")
                continue
            scratch = f"cs_bench_{uuid.uuid4().hex[:12]}"
            run_statement(make_url(server), f"CREATE DATABASE {scratch}")
            try:
                print(name)
                url = make_url(server).set(database=scratch).render_as_string(hide_password=False)
                measure(url, given.rows, given.days)
            finally:
                run_statement(make_url(server), f"DROP DATABASE {scratch}")


if __name__ == "__main__":
    main()

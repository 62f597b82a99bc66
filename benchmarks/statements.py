"""Statements and seconds of a sync of 50, 500 and 5,000 shifts, on each database that answers.

    .venv/bin/python benchmarks/statements.py

The servers are those of the tests (see tests/conftest.py). The seconds hold the sandbox's own work: only their ratios
within one run mean anything. The numbers of statements are exact.
"""

from __future__ import annotations

import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from datetime import date
from pathlib import Path

from sqlalchemy import make_url

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from conftest import ABSENT, SERVERS
from connecteam_sync.client import ConnecteamSync
from connecteam_sync.config import Settings
from connecteam_sync.core.run import Run
from connecteam_sync.sandbox import Company, Sandbox
from connecteam_sync.sandbox import SandboxSettings as Behaviour
from support.databases import run_statement


def measure(database: str, shifts: int) -> list[tuple[str, Run, float]]:
    """The runs of one life: created, unchanged, half corrected, half deleted, taken back."""
    company = Company(shifts)
    found: list[tuple[str, Run, float]] = []
    with (
        Sandbox(company, Behaviour(minute_limit=1_000_000)) as sandbox,
        ConnecteamSync(
            sandbox.key,
            settings=Settings(
                timezone=company.timezone,
                database_url=database,
                base_url=sandbox.url,
                employees="create",
                max_deletes=1_000_000,
            ),
        ) as mirror,
    ):
        mirror.init()
        window = mirror.window(date(2025, 12, 1), date(2025, 12, 11))

        def timed(name: str, act: Callable[[], Run]) -> Run:
            begin = time.perf_counter()
            run = act()
            found.append((name, run, time.perf_counter() - begin))
            assert run.exit_code == 0, run
            return run

        timed("created", lambda: mirror.sync(window))
        timed("unchanged", lambda: mirror.sync(window))
        for shift in company.shifts()[: shifts // 2]:
            company.edit(shift.id, start=shift.start + 60)
        timed("half corrected", lambda: mirror.sync(window))
        for shift in company.shifts()[: shifts // 2]:
            company.delete(shift.id)
        last = timed("half deleted", lambda: mirror.sync(window))
        timed("taken back", lambda: mirror.undo(last.id or 0))
    return found


def main() -> None:
    """Print a line for each database, size and run."""
    print(f"{'database':<12} {'shifts':>6}  {'run':<15} {'statements':>10} {'seconds':>8}")
    for name in ("sqlite", *SERVERS):
        if name in ABSENT:
            print(f"NOT MEASURED: {name}: {ABSENT[name]}")
            continue
        for shifts in (50, 500, 5000):
            scratch = f"cs_bench_{uuid.uuid4().hex[:12]}"
            if name == "sqlite":
                with tempfile.TemporaryDirectory() as folder:
                    lines = measure(f"sqlite:///{folder}/bench.db", shifts)
            else:
                server = make_url(SERVERS[name])
                run_statement(server, f"CREATE DATABASE {scratch}")
                lines = measure(server.set(database=scratch).render_as_string(hide_password=False), shifts)
                run_statement(server, f"DROP DATABASE {scratch}")
            for what, run, seconds in lines:
                print(f"{name:<12} {shifts:>6}  {what:<15} {run.statements:>10} {seconds:>8.2f}")


if __name__ == "__main__":
    main()

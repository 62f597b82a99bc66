"""A purge of a year of shifts: how long it takes, and the longest of its transactions; what stays is counted.

    .venv/bin/python benchmarks/purge.py
    .venv/bin/python benchmarks/purge.py --people 274 --databases sqlite

Everybody worked once a day of 2021, in closed pay periods; each shift has its row, its entry of the journal and every
third one a break. The databases are those of the tests.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from pages_fill import (
    _FIRST_RUN,
    DAY,
    HOUR,
    RUNS_A_DAY,
    _day,
    _literal,
    _midnight,
    _put,
    _receipt,
    _run,
    _sample,
    _write,
)
from sqlalchemy import event, make_url, text

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from conftest import ABSENT, SERVERS
from connecteam_sync.client import ConnecteamSync
from connecteam_sync.config import Settings
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from support.databases import run_statement

FIRST, LAST = date(2021, 1, 1), date(2021, 12, 31)
DAYS = f"{FIRST}..{LAST}"


class Transactions:
    """The seconds of each transaction that wrote or read, from its first statement to its end."""

    def __init__(self, engine: Any) -> None:  # noqa: ANN401 - an engine of SQLAlchemy
        self.taken: list[float] = []
        self.statements = 0
        self._began: float | None = None
        event.listen(engine, "before_cursor_execute", self._statement)
        event.listen(engine, "commit", self._ended)
        event.listen(engine, "rollback", self._ended)

    def _statement(self, *_: object) -> None:
        self.statements += 1
        if self._began is None:
            self._began = time.perf_counter()

    def _ended(self, *_: object) -> None:
        if self._began is not None:
            self.taken.append(time.perf_counter() - self._began)
            self._began = None

    @contextmanager
    def of(self, what: str) -> Iterator[None]:
        """Say what happens in this block."""
        self.taken, self.statements, began = [], 0, time.perf_counter()
        yield
        print(
            f"  {what}: {time.perf_counter() - began:.1f} s, {len(self.taken)} transactions, {self.statements}"
            f" statements, the longest {max(self.taken, default=0):.2f} s (number"
            f" {self.taken.index(max(self.taken)) + 1 if self.taken else 0}; half of them took"
            f" {median(self.taken or [0]):.2f} s or less); load {os.getloadavg()[0]:.1f}",
            flush=True,
        )


def fill(mirror: ConnecteamSync, people: int) -> None:
    """The year, copied from a shift that the product wrote."""
    own, span = mirror.store.own, (LAST - FIRST).days + 1
    with mirror.store.own_rows("filling") as connection:
        connection.execute(text("CREATE TABLE bench_made (number BIGINT, user_id BIGINT, employee_id BIGINT)"))
        _put(connection, "bench_made", [
            {"number": number, "user_id": 5_000_000 + number, "employee_id": 1_000 + number}
            for number in range(people)
        ])  # fmt: skip
        sample, run, slice_ = (_sample(connection, name) for name in (own.changes, own.runs, own.slices))
    receipt = _receipt(slice_["receipt"], people // RUNS_A_DAY)
    runs, slices = [], []
    for number in range(span):
        day = FIRST + timedelta(number)
        with mirror.store.own_rows("filling") as connection:
            _day(mirror, connection, number, day, people, sample["row_after"])
            first = f"{_midnight(day) + 14 * HOUR} + p.number % 180 * 60"
            connection.execute(_literal(
                f"INSERT INTO {own.breaks} (id, user_id, time_clock_id, start_at, end_at, is_gone, break_type_id,"
                f" is_auto_clock_out) SELECT CONCAT('rest-{number}-', p.user_id), p.user_id, 4100001, {first} + 7200,"
                f" {first} + 9000, 0, '', 0"
                " FROM bench_made p WHERE p.number % 3 = 0"
            ))  # fmt: skip
        for place in range(RUNS_A_DAY):
            key = _FIRST_RUN + number * RUNS_A_DAY + place
            runs.append(_run(run, key, _midnight(day) + 13 * HOUR + place * 1_800, day))
            slices.append(
                {**slice_, "id": key, "run_id": key, "receipt": receipt, "employees": None}
                | {"first_day": (day - timedelta(14)).isoformat(), "last_day": day.isoformat()}
            )
    _write(mirror, own.runs, runs)
    _write(mirror, own.slices, slices)
    with mirror.store.own_rows("filling") as connection:
        _put(connection, mirror.store.own.periods, [
            {"first_day": f"2021-{month:02}-01", "last_day": str(_end(month)), "timezone": mirror.settings.timezone,
             "state": "closed",
             "changed_at": 0, "event_id": 0}
            for month in range(1, 13)
        ])  # fmt: skip
    kind = "TABLE " if make_url(mirror.settings.database_url).get_backend_name() != "sqlite" else ""
    kind = kind if make_url(mirror.settings.database_url).get_backend_name() != "postgresql" else ""
    for name in (own.shifts, own.changes, own.breaks, own.runs, own.slices, "clock_times"):
        with mirror.store.own_rows("filling") as connection:
            connection.execute(text(f"ANALYZE {kind}{name}"))


def _end(month: int) -> date:
    return (date(2021, month, 28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def _concat(connection: Any, _: object) -> None:  # noqa: ANN401 - a connection of the driver
    connection.create_function("concat", -1, lambda *parts: "".join(map(str, parts)))


def measure(database: str, people: int) -> None:
    """The figures of one database, told line by line."""
    company = Company(0)
    with Sandbox(company, SandboxSettings(minute_limit=10**9, day_limit=10**9)) as sandbox:
        now = int(time.time())
        user = min(company.people)
        company.add(user, now - 2 * DAY, now - 2 * DAY + 8 * HOUR, created_at=now - 2 * DAY)
        settings = Settings(
            timezone=company.timezone, database_url=database, base_url=sandbox.url, employees="create", older_days=0
        )
        with ConnecteamSync(sandbox.key, settings=settings) as mirror:
            if database.startswith("sqlite"):  # which has it from 3.44 on
                event.listen(mirror.store._engine, "connect", _concat)  # noqa: SLF001 - what a test listens to, too
            mirror.init()
            mirror.sync()
            began = time.perf_counter()
            fill(mirror, people)
            print(f"  filled in {time.perf_counter() - began:.0f} s", flush=True)
            seen = Transactions(mirror.store._engine)  # noqa: SLF001 - what a test listens to, too
            with seen.of("retention check"):
                mirror.retention.check()
            with seen.of("purge, foreseen"):
                found = mirror.retention.foreseen(DAYS, with_rows=True)
            print(f"  {found.counts}, stays {found.stays}", flush=True)
            with seen.of("purge"):
                done = mirror.retention.purge(DAYS, confirm=DAYS, with_rows=True, by="benchmark")
            if done.counts != found.counts:
                raise SystemExit(f"purged {done.counts}")
            with seen.of("a sync after it"):
                mirror.sync()


def main() -> None:
    """The figures of each database."""
    options = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    options.add_argument("--people", type=int, default=2_740, help="who worked each of the 365 days")
    options.add_argument("--databases", nargs="*", default=["sqlite", *SERVERS])
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_STATE_HOME"] = folder
        for name in given.databases:
            print(f"{name}, {given.people * 365:,} shifts", flush=True)
            if name == "sqlite":
                measure(f"sqlite:///{folder}/purge.db", given.people)
                continue
            if name in ABSENT:
                print("  does not answer", flush=True)
                continue
            server, scratch = make_url(SERVERS[name]), f"cs_bench_{uuid.uuid4().hex[:12]}"
            run_statement(server, f"CREATE DATABASE {scratch}")
            try:
                measure(server.set(database=scratch).render_as_string(hide_password=False), given.people)
            finally:
                run_statement(server, f"DROP DATABASE {scratch}")


if __name__ == "__main__":
    main()

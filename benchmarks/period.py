"""A pay period of 60,000 shifts is checked, closed, exported and certified, and the certificate verified.

    .venv/bin/python benchmarks/period.py
    .venv/bin/python benchmarks/period.py --people 200 --databases sqlite mariadb

The company is the sandbox's. The seconds in which Connecteam was asked are counted apart: the sandbox answers in this
process, so they are its own. Scratch databases, of the servers of the tests.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import event, make_url, text

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from conftest import ABSENT, SERVERS
from connecteam_sync.api.client import Connecteam
from connecteam_sync.client import ConnecteamSync
from connecteam_sync.config import Settings
from connecteam_sync.core.exports import EXPORT_FORMATS
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.sandbox.company import OFFICE, WAREHOUSE
from support.databases import run_statement

FIRST, DAYS = date(2025, 11, 1), 30
PERIOD = f"{FIRST}..{FIRST + timedelta(days=DAYS - 1)}"


CONFIG = """timezone = "{zone}"
base_url = "{url}"
[tables.employees]
payroll_id = "file_number"
[payroll.adp]
company_code = "ABC"
batch_id = "1"
[payroll.paychex]
client_id = "1"
pay_component = "Hourly"
[payroll.quickbooks]
company_name = "Bench"
company_create_time = "1"
[payroll.paylocity]
earning_code = "REG"
[payroll.ukg]
pay_code = "REG"
"""


MEASURED = """
import atexit, sys
from connecteam_sync.cli.main import main
def most():
    print(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")), file=sys.stderr)
atexit.register(most)
main()
"""
"""The command, which says at its end the most memory that it had; that of a child would count its parent's, too."""


class Step(NamedTuple):
    """What one step took: seconds in all and of them in calls, calls, statements."""

    name: str
    seconds: float
    asked: float
    calls: int
    statements: int


class Meter:
    """Counts the calls of this process, the seconds in them, and the statements of an engine."""

    def __init__(self) -> None:
        self.asked, self.calls, self.statements = 0.0, 0, 0
        request = Connecteam._request  # noqa: SLF001 - where each call goes through

        def measured(client: Connecteam, *given: Any, **options: Any) -> bytes:  # noqa: ANN401 - handed on
            begin = time.perf_counter()
            try:
                return request(client, *given, **options)
            finally:
                self.asked += time.perf_counter() - begin
                self.calls += 1

        Connecteam._request = measured  # type: ignore[method-assign,assignment]  # noqa: SLF001

    def watch(self, mirror: ConnecteamSync) -> None:
        """Count what the mirror's database is sent."""

        def count(*_: object) -> None:
            self.statements += 1

        event.listen(mirror.store._engine, "before_cursor_execute", count)  # noqa: SLF001

    def step(self, name: str, act: Callable[[], object]) -> Step:
        """Do it, and say what it took."""
        asked, calls, statements, begin = self.asked, self.calls, self.statements, time.perf_counter()
        act()
        seconds = time.perf_counter() - begin
        return Step(name, seconds, self.asked - asked, self.calls - calls, self.statements - statements)


def company_of(people: int) -> Company:
    """Everybody works a shift on each day of the period, at one of two time clocks."""
    company = Company(0, people=people, clocks=2)
    for number, user in enumerate(sorted(company.people)):
        begin, clock = ("06:00", "07:30", "14:00", "22:00")[number % 4], (WAREHOUSE, OFFICE)[number % 2]
        for day in range(DAYS):
            start = company.at(FIRST + timedelta(days=day), begin)
            company.add(user, start, start + 8 * 3600 + number % 60, clock=clock, created_at=start)
    return company


def evening(sandbox: Sandbox, database: str, folder: Path, meter: Meter) -> list[Step]:
    """The steps, in their order, on one database."""
    key = folder / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "bench", "-f", str(key)], check=True)  # noqa: S603, S607
    settings = Settings(
        timezone=sandbox.company.timezone,
        database_url=database,
        base_url=sandbox.url,
        employees="create",
        certificate_key=str(key),
    )
    with ConnecteamSync(sandbox.key, settings=settings) as mirror:
        mirror.init()
        with mirror.store.writing() as session:
            session.connection.execute(text("ALTER TABLE employees ADD COLUMN file_number INTEGER"))
        meter.watch(mirror)
        payroll, window = mirror.payroll, mirror.window(FIRST, FIRST + timedelta(days=DAYS - 1))
        certified = folder / "certificate"
        return [
            meter.step("sync", lambda: mirror.sync(window)),
            meter.step("periods check", lambda: payroll.check(PERIOD)),
            meter.step("periods close", lambda: payroll.close(PERIOD, by="bench")),
            meter.step("export csv", lambda: payroll.export(PERIOD, "csv", folder / "hours.csv", by="bench")),
            meter.step("numbers of people", lambda: number(mirror)),
            *(alone(name, sandbox, database, folder) for name in EXPORT_FORMATS),
            meter.step("hours", lambda: payroll.hours(window, by="person,day")),
            meter.step("hours, as of a run", lambda: payroll.hours(window, by="person,day", as_of=1)),
            meter.step("timesheet", lambda: payroll.timesheet(1, PERIOD)),
            meter.step("timesheet, as of a run", lambda: payroll.timesheet(1, PERIOD, as_of=1)),
            meter.step("timesheets", lambda: payroll.timesheets(PERIOD)),
            meter.step("timesheets, as of a run", lambda: payroll.timesheets(PERIOD, as_of=1)),
            meter.step("certify", lambda: payroll.certify(PERIOD, out=certified, by="bench")),
            meter.step(
                "certificate verify --table",
                lambda: payroll.verify_certificate(certified / "certificate.json", table=True),
            ),
        ]


def number(mirror: ConnecteamSync) -> None:
    """Give everybody a number that each payroll system takes."""
    with mirror.store.writing() as session:
        session.connection.execute(text("UPDATE employees SET file_number = 100000 + id"))


def alone(format: str, sandbox: Sandbox, database: str, folder: Path) -> Step:  # noqa: A002 - the word that people use
    """An export by the command, in a process of its own: what it takes from its start on, and the most memory."""
    config = folder / "connecteam-sync.toml"
    config.write_text(CONFIG.format(zone=sandbox.company.timezone, url=sandbox.url), encoding="utf-8")
    words = ("export", PERIOD, "--format", format, "--out", str(folder / f"again.{format}"), "--again", "bench")
    environment = {**os.environ, "CONNECTEAM_SYNC_DATABASE_URL": database, "CONNECTEAM_SYNC_API_KEY": sandbox.key}
    begin, used = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-c", MEASURED, *words, "--config", str(config)],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    seconds, after = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime
    most = int(done.stderr.split()[-2]) // 1024
    return Step(f"export {format}, a process, {most} MiB, {cpu:.1f} s of a processor", seconds, 0.0, 0, 0)


def measure(name: str, people: int, meter: Meter) -> None:
    """The table of one database."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Sandbox(company_of(people), SandboxSettings(minute_limit=10**9)) as sandbox,
    ):
        if name == "sqlite":
            steps = evening(sandbox, f"sqlite:///{folder}/bench.db", Path(folder), meter)
        else:
            at, made = make_url(SERVERS[name]), f"cs_bench_period_{os.getpid()}"
            run_statement(at, f"CREATE DATABASE {made}")
            try:
                url = at.set(database=made).render_as_string(hide_password=False)
                steps = evening(sandbox, url, Path(folder), meter)
            finally:
                run_statement(at, f"DROP DATABASE {made}")
    print(f"\n## {name}, {people * DAYS:,} shifts of {people:,} people, load {os.getloadavg()[0]:.1f}\n")
    print("| step | seconds | of them in calls | beside the calls | calls | statements |\n|---|--:|--:|--:|--:|--:|")
    for step in steps:
        beside = step.seconds - step.asked
        print(
            f"| {step.name} | {step.seconds:.1f} | {step.asked:.1f} | {beside:.1f} | {step.calls} | {step.statements} |"
        )
    print(flush=True)


def main() -> None:
    """A table for each database."""
    options = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    options.add_argument("--people", type=int, default=2_000)
    options.add_argument("--databases", nargs="*", default=["sqlite", *SERVERS], help="of: sqlite " + " ".join(SERVERS))
    given = options.parse_args()
    meter = Meter()
    with tempfile.TemporaryDirectory() as state:
        os.environ["XDG_STATE_HOME"] = state
        for name in given.databases:
            if name in ABSENT:
                print(f"{name}: does not answer")
                continue
            measure(name, given.people, meter)
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"most memory of this process, the sandbox's too: {most} MiB")


if __name__ == "__main__":
    main()

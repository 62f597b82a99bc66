"""What a run over many time clocks costs in which nothing changed: so much a look, and no more with their number.

One JSON object in, one out, in a process of its own (see `job.py` for what is named there).
"""

from __future__ import annotations

import sys
import time
from datetime import date

import msgspec
from relay import Relay
from sqlalchemy import make_url

from connecteam_sync import ConnecteamSync
from connecteam_sync.config import Settings
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings

_RUNS = 3
"""The first loads, the second keeps digests, the third is counted."""


class Job(msgspec.Struct, kw_only=True):
    """A database that has no table yet, and how many time clocks there are."""

    kind: str
    url: str
    clocks: int


class Counted(msgspec.Struct, kw_only=True):
    """The third run: one look for each time clock, and one for that which is archived."""

    looks: int
    statements: int
    trips: int | None
    cpu: float
    seconds: float


def count(job: Job) -> Counted:
    """Load the company, and count a run that finds nothing to do."""
    where = make_url(job.url)
    relay = None
    if job.kind != "sqlite":
        relay = Relay(where.host or "127.0.0.1", where.port or (5432 if job.kind == "postgresql" else 3306))
        where = where.set(port=relay.port)
    try:
        return _counted(job, where.render_as_string(hide_password=False), relay)
    finally:
        if relay is not None:
            relay.__exit__(None, None, None)


def _counted(job: Job, url: str, relay: Relay | None) -> Counted:
    company = Company(2 * job.clocks, people=2 * job.clocks, clocks=job.clocks)
    with Sandbox(company, SandboxSettings(minute_limit=10**9, day_limit=10**9)) as sandbox:
        settings = Settings(timezone=company.timezone, database_url=url, base_url=sandbox.url, employees="create")
        for number in range(_RUNS):
            with ConnecteamSync(sandbox.key, settings=settings) as mirror:
                if not number:
                    mirror.init()
                if relay is not None:
                    relay.start()
                began, cpu = time.perf_counter(), time.thread_time()
                run = mirror.sync(mirror.window(date(2025, 12, 1), date(2025, 12, 11)))
                spent = time.thread_time() - cpu, time.perf_counter() - began
        assert run.status == "nothing", run
        return Counted(
            looks=len(run.slices),
            statements=run.statements,
            trips=relay.counts().round_trips if relay else None,
            cpu=spent[0],
            seconds=spent[1],
        )


if __name__ == "__main__":
    print(msgspec.json.encode(count(msgspec.json.decode(sys.argv[1], type=Job))).decode())

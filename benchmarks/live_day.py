"""The product's working day, in a process of its own: one JSON object in, one out (see `working_day.py`)."""

from __future__ import annotations

import sys
from statistics import median

import msgspec
from costs import Cost, Meter
from lived_day import Day, Part, sample, whole
from msgspec.structs import replace
from relay import Relay
from sqlalchemy import make_url

from connecteam_sync.sandbox import SandboxSettings

CADENCE = 300
_LISTS = 24
"""How often a day the people and the time clocks are asked for."""
_PAGE = 500
_LATE = 2.0
"""Seconds from a change to its webhook."""


class Lived(msgspec.Struct, kw_only=True):
    """A day, or what parts of it stand for. Seconds are the processor's unless they are a `run`'s or a `lag`."""

    counted: int
    visits: int
    day: Cost
    cpu_at_rest: float
    further_looks: int
    calls_a_visit: float
    run_p50: float
    run_p95: float
    run_cpu_p50: float
    lag_p50: int | None
    lag_p95: int | None
    changes: int
    compared: int
    unequal: int
    webhooks: int
    runs: dict[str, list[Cost]]


class Job(msgspec.Struct, kw_only=True):
    """What to live. Without `parts` all of the day; else so many parts of `seconds` each."""

    people: int
    kind: str
    url: str
    server: str = ""
    bells: bool = False
    parts: int = 0
    seconds: int = 2 * CADENCE
    runs: int = 0


def live(job: Job) -> Lived:
    """Live it on a database that has no table yet; through a relay that counts, where that is a server."""
    where = make_url(job.url)
    relay = Relay(where.host or "127.0.0.1", where.port or _port(job.kind)) if job.server else None
    if relay is not None:
        where = where.set(port=relay.port)
    settings = {"database_url": where.render_as_string(hide_password=False), "cadence_seconds": CADENCE}
    parts = sample(job.parts, job.seconds) if job.parts else whole()
    bells = SandboxSettings(minute_limit=10**9, webhook_loss=0.005, webhook_delay=_LATE) if job.bells else None
    try:
        day = Day(job.people, 1, parts, settings, Meter(job.kind, job.url, relay))
        day.live(bells=bells, runs=job.runs)
    finally:
        if relay is not None:
            relay.__exit__(None, None, None)
    return _told(day, job, parts)


def _told(day: Day, job: Job, parts: list[Part]) -> Lived:
    all_of_it = day.day.plus(day.further)
    visits = len(day.visits)
    # Of parts only the asking for activities is counted; lists are asked for hourly.
    if not day.is_whole:
        visits = round(visits * parts[0].weight)
        all_of_it = replace(all_of_it, calls=all_of_it.calls + _LISTS * (1 + job.people // _PAGE + 1))
    seconds = sorted(one.cost.seconds for one in day.visits)
    return Lived(
        counted=len(day.visits),
        visits=visits,
        day=replace(all_of_it, seconds=0),
        cpu_at_rest=day.cpu_at_rest * parts[0].weight,
        further_looks=day.further_looks,
        calls_a_visit=median(one.asked for one in day.visits),
        run_p50=median(seconds),
        run_p95=seconds[int(len(seconds) * 0.95)],
        run_cpu_p50=median(one.cost.cpu for one in day.visits),
        lag_p50=day.lag(0.5),
        lag_p95=day.lag(0.95),
        changes=day.changes,
        compared=day.compared,
        unequal=day.unequal,
        webhooks=day.told,
        runs=day.times,
    )


def _port(kind: str) -> int:
    return 5432 if kind == "postgresql" else 3306


if __name__ == "__main__":
    print(msgspec.json.encode(live(msgspec.json.decode(sys.argv[1], type=Job))).decode())

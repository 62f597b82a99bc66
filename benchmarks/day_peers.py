"""A peer lives some visits of a day (`day_answers.py`), in a process that has begun long before, as a service has.

It fetches and decodes each answer as cheaply as `answers.py` does, and is given the employees and the window. The first
visit is not counted: it loads what dlt keeps in a table of its own, and shows how many visits there is patience for.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import answers
import msgspec
from costs import NOTHING, Meter
from day_answers import DayManifest
from relay import Relay
from sqlalchemy import URL, make_url


class Job(msgspec.Struct, kw_only=True):
    """Who lives it (`legacy`, `option A` or a strategy of dlt), on which database, and where the answers are."""

    subject: str
    kind: str
    url: str
    port: int
    folder: str
    scratch: str
    patience: float


class Lived(msgspec.Struct, kw_only=True):
    """What was lived: the visits by number, and each one's seconds of the processor and of the clock."""

    visits: list[int]
    cpu: list[float]
    seconds: list[float]
    statements: int | None
    trips: int
    sent: int
    written: int


Act = Callable[[list[answers.Row]], object]


def live(job: Job) -> Lived:
    """Live it."""
    where, relay = make_url(job.url), None
    manifest = msgspec.json.decode((Path(job.folder) / "day.json").read_bytes(), type=DayManifest)
    if job.kind != "sqlite":
        relay = Relay(where.host or "127.0.0.1", where.port or (5432 if job.kind == "postgresql" else 3306))
        where = where.set(port=relay.port)
    try:
        act, statements = _subject(job, where, manifest)
        return _live(job, manifest, act, statements, Meter(job.kind, job.url, relay, is_whole=True))
    finally:
        if relay is not None:
            relay.__exit__(None, None, None)


def _live(job: Job, manifest: DayManifest, act: Act, statements: Callable[[], int | None], meter: Meter) -> Lived:
    client = answers.Client(job.port)

    def visit(number: int) -> tuple[float, float]:
        began, cpu = time.perf_counter(), time.process_time()
        body = client.get(f"/visit-{number}.json")
        act(answers.rows(body, manifest.low, manifest.high, set()))
        return time.process_time() - cpu, time.perf_counter() - began

    _, first = visit(0)
    chosen = spread(len(manifest.at) - 1, max(2, int(job.patience / first)))
    found = Lived(visits=chosen, cpu=[], seconds=[], statements=None, trips=0, sent=0, written=0)
    before, log, sent = meter.now(calls=0, statements=0), meter.log(), statements() or 0
    for number in chosen:
        cpu, seconds = visit(number)
        found.cpu.append(cpu)
        found.seconds.append(seconds)
    spent = meter.now(calls=0, statements=0).less(before) if chosen else NOTHING
    found.trips, found.sent = spent.trips, spent.sent
    found.written = spent.written + meter.log() - log
    if (after := statements()) is not None:
        found.statements = after - sent
    return found


def spread(most: int, wanted: int) -> list[int]:
    """So many of the numbers from 1 to `most`, evenly spread, the last one among them."""
    number = min(most, wanted)
    return [most - (number - 1 - place) * most // number for place in range(number)]


def _subject(job: Job, where: URL, manifest: DayManifest) -> tuple[Act, Callable[[], int | None]]:
    """What is done at a visit, and the statements up to now where they are counted."""
    if job.subject.startswith("dlt"):
        import dlt_peer  # noqa: PLC0415 - only the peer that is measured is loaded

        pipeline = dlt_peer.pipeline_of(job.kind, where, job.scratch)
        employees = dlt_peer.employees_of(job.kind, where)
        strategy: dlt_peer.Strategy = "upsert" if job.subject.endswith("upsert") else "delete-insert"

        def merge(shifts: list[answers.Row]) -> None:
            def rows() -> Iterator[list[dict[str, Any]]]:
                yield dlt_peer.told(shifts, employees, manifest.first)

            dlt_peer.load(pipeline, job.kind, rows, strategy)

        return merge, lambda: None
    import handmade  # noqa: PLC0415 - see above

    handmade.make_log(job.kind, where)
    database = handmade.Database(job.kind, where)
    if job.subject == "legacy":
        return lambda shifts: handmade.one_by_one(database, shifts, manifest.high), lambda: database.statements
    return lambda shifts: handmade.in_memory(database, shifts, manifest.low, manifest.high), lambda: database.statements


if __name__ == "__main__":
    print(msgspec.json.encode(live(msgspec.json.decode(sys.argv[1], type=Job))).decode())

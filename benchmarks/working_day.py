"""The working day: what a day of a company costs the product, and its peers at the same cadence, on each database.

A day of 45 people is lived whole. Of larger companies parts of it are lived, spread over the day, each after the
service has caught up with what was not lived, and what they cost stands for the rest. Peers live some of the day's
visits, with everything that happened between; a peer that would take too long is reckoned from a smaller company.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from statistics import median
from typing import Any, NamedTuple

import msgspec
from databases import Scratch, instant, moment
from day_answers import EVERY, DayManifest, Truth
from measure import HERE, Bench, DayFound, OutOfPatience, RunFound
from sqlalchemy import text

PEOPLE = (45, 500, 5_000)
PRODUCT, BELLS = "connecteam-sync", "connecteam-sync, webhooks"
VISITS = 86_400 // EVERY
"""The visits of a day."""
_PATIENCE = 8.0
"""Seconds that a peer's visits of one database may take."""
_LONGEST = 20.0
"""The longest visit of a peer that is run, as reckoned from that of a smaller company; else it stays with that."""
_ENOUGH = 120.0
"""Seconds after which a peer's day is given up: some take time with the square of the rows."""


class Sample(NamedTuple):
    """What is lived of a day: `parts` of so many `visits` each (0: all of it); of peers one in `peers_every` visits."""

    parts: int
    seconds: int
    peers_every: int
    bell_parts: int
    bell_seconds: int
    runs: int


SAMPLES = {
    45: Sample(parts=0, seconds=0, peers_every=12, bell_parts=0, bell_seconds=0, runs=7),
    500: Sample(parts=12, seconds=1200, peers_every=24, bell_parts=12, bell_seconds=300, runs=5),
    5_000: Sample(parts=3, seconds=300, peers_every=48, bell_parts=3, bell_seconds=90, runs=3),
}


class Peer(NamedTuple):
    """Who else lives the day: its module, its table, the databases it is for."""

    name: str
    module: str = "handmade"
    table: str = "clock_times"
    kinds: frozenset[str] = frozenset({"sqlite", "postgresql", "mariadb", "mysql"})


PEERS = (
    Peer("dlt delete-insert", module="dlt_peer", table="dlt_clock_times"),
    Peer("dlt upsert", module="dlt_peer", table="dlt_clock_times", kinds=frozenset({"postgresql"})),
    Peer("option A"),
    Peer("legacy"),
)


def sample_of(people: int) -> Sample:
    """The sample of a company's size; other sizes are lived as the next smaller one."""
    return SAMPLES[max((size for size in SAMPLES if size <= people), default=min(SAMPLES))]


# -- the product -------------------------------------------------------------------------------------------------------


def product(bench: Bench, people: int, kind: str, *, bells: bool, parts: int = 0) -> None:
    """A day of the service; without webhooks, also runs by how many people changed. `parts` is a smaller sample."""
    chosen = sample_of(people)
    if parts:
        chosen = chosen._replace(parts=parts, seconds=2 * EVERY, bell_parts=parts, bell_seconds=2 * EVERY)
    parts, seconds = (chosen.bell_parts, chosen.bell_seconds) if bells else (chosen.parts, chosen.seconds)
    job = {
        "people": people,
        "kind": kind,
        "server": bench.servers[kind],
        "bells": bells,
        "parts": parts,
        "seconds": seconds,
        "runs": 0 if bells else chosen.runs,
    }
    with scratch(bench, kind) as database:
        found = bench.task("live_day", {**job, "task": "live", "url": database.url()}).answer
    cost = found["day"]
    told = "whole" if not parts else f"{found['counted']} of its visits"
    bench.note_day(
        DayFound(
            people=people,
            database=kind,
            subject=BELLS if bells else PRODUCT,
            sample=told,
            counted=found["counted"],
            visits=found["visits"],
            cpu=cost["cpu"],
            cpu_at_rest=found["cpu_at_rest"],
            statements=cost["statements"],
            calls=cost["calls"],
            calls_a_visit=found["calls_a_visit"],
            trips=None if kind == "sqlite" else cost["trips"],
            sent=None if kind == "sqlite" else cost["sent"],
            written=cost["written"],
            run_p50=found["run_p50"],
            run_p95=found["run_p95"],
            run_cpu_p50=found["run_cpu_p50"],
            lag_p50=found["lag_p50"],
            lag_p95=found["lag_p95"],
            changes=None if parts else found["changes"],
            verdict="right" if not found["unequal"] else f"{found['unequal']} rows wrong",
            estimate=bool(parts),
        )
    )
    for scenario, costs in found["runs"].items():
        bench.note_run(
            RunFound(
                people=people,
                database=kind,
                scenario=scenario,
                cpu=[cost["cpu"] for cost in costs],
                seconds=[cost["seconds"] for cost in costs],
                statements=max(cost["statements"] for cost in costs),
                trips=None if kind == "sqlite" else max(cost["trips"] for cost in costs),
            )
        )


# -- peers -------------------------------------------------------------------------------------------------------------


class Answers:
    """The answers of a day, made once for a company's size, and a server that hands them out."""

    def __init__(self, bench: Bench, people: int) -> None:
        self.folder = bench.scratch / f"day-{people}"
        every = str(sample_of(people).peers_every)
        command = [sys.executable, str(HERE / "day_answers.py"), str(people), every, str(self.folder)]
        subprocess.run(command, check=True)  # noqa: S603 - our own program
        self.manifest = msgspec.json.decode((self.folder / "day.json").read_bytes(), type=DayManifest)
        serve = ["-u", "-m", "http.server", "--protocol", "HTTP/1.1", "--bind", "127.0.0.1", "--directory"]
        self._server = subprocess.Popen(  # noqa: S603 - the standard library's
            [sys.executable, *serve, str(self.folder), "0"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._server.stdout is not None
        self.port = int(self._server.stdout.readline().split(" port ")[1].split()[0])

    def close(self) -> None:
        """End the server."""
        self._server.terminate()
        self._server.wait()
        assert self._server.stdout is not None
        self._server.stdout.close()

    def truth(self, number: int) -> dict[tuple[int, int], tuple[int, int, int | None, int | None]]:
        """The rows of a right table after a visit, by employee and clock-in; the key takes one of two that share it."""
        employees = {user: key for key, *_, user in self.manifest.employees}
        found = msgspec.json.decode((self.folder / f"truth-{number}.json").read_bytes(), type=Truth)
        return {(employees[row[0]], row[1]): (employees[row[0]], *row[1:]) for row in found}


def peer_day(bench: Bench, people: int, kind: str, peer: Peer, answers: Callable[[], Answers]) -> None:
    """A peer's day, or what it is reckoned from."""
    smaller = [
        found
        for found in bench.days
        if (found.database, found.subject) == (kind, peer.name) and found.people < people and not found.why
    ]
    below = max(smaller, key=lambda found: found.people, default=None)
    if below is not None and below.run_p50 * people / below.people > _LONGEST:
        bench.note_day(_in_proportion(below, people))
        return
    served = answers()
    with scratch(bench, kind) as database:
        bench.command(["init"], database.url(), served.port)
        _fill(database, served, rows=peer.table == "clock_times")
        job = {
            "task": "live",
            "subject": peer.name,
            "kind": kind,
            "url": database.url(),
            "port": served.port,
            "folder": str(served.folder),
            "patience": _PATIENCE,
        }
        try:
            found = bench.task("day_peers", job, patience=_ENOUGH).answer
        except OutOfPatience:
            if below is None:
                raise RuntimeError(f"not done in {_ENOUGH:.0f} s") from None
            bench.note_day(_in_proportion(below, people, f"; {_ENOUGH:.0f} s were too short"))
            return
        verdict = _judge(database, served, found["visits"][-1], peer.table)
    bench.note_day(_day_of(people, kind, peer.name, found, served.manifest, verdict))


def _in_proportion(below: DayFound, people: int, more: str = "") -> DayFound:
    times = people / below.people
    return DayFound(
        people=people,
        database=below.database,
        subject=below.subject,
        sample="none",
        counted=0,
        visits=below.visits,
        cpu=below.cpu * times,
        run_p50=below.run_p50 * times,
        run_p95=below.run_p95 * times,
        run_cpu_p50=below.run_cpu_p50 * times,
        estimate=True,
        why=f"in proportion from {below.people:,} people{more}",
    )


def _day_of(people: int, kind: str, name: str, found: dict[str, Any], manifest: DayManifest, verdict: str) -> DayFound:
    """A peer's visits as a day of them."""
    number = len(found["visits"])
    seconds = sorted(found["seconds"])
    lags = sorted(-at % EVERY + seconds[number // 2] for at in manifest.changes) or [0.0]

    def day(count: int | None) -> int | None:
        return None if count is None else round(count * VISITS / number)

    return DayFound(
        people=people,
        database=kind,
        subject=name,
        sample=f"{number} of its visits",
        counted=number,
        visits=VISITS,
        cpu=sum(found["cpu"]) * VISITS / number,
        statements=day(found["statements"]),
        calls=VISITS,
        calls_a_visit=1,
        trips=None if kind == "sqlite" else day(found["trips"]),
        sent=None if kind == "sqlite" else day(found["sent"]),
        written=day(found["written"]),
        run_p50=median(seconds),
        run_p95=seconds[int(number * 0.95)],
        run_cpu_p50=median(found["cpu"]),
        lag_p50=round(median(lags)),
        lag_p95=round(lags[int(len(lags) * 0.95)]),
        verdict=verdict,
        estimate=True,
    )


@contextmanager
def scratch(bench: Bench, kind: str) -> Iterator[Scratch]:
    """A scratch database without any table, for one with-block."""
    database = Scratch(kind, bench.servers[kind], bench.scratch)
    database.create()
    try:
        yield database
    finally:
        database.drop()


def _fill(database: Scratch, served: Answers, *, rows: bool) -> None:
    """The employees, and the rows of midnight if they are wanted."""
    written: Callable[[int], object] = (lambda at: str(moment(at))) if database.kind == "sqlite" else moment
    with database.connection() as connection:
        connection.execute(
            text("INSERT INTO employees (id, name, email, connecteam_user_id) VALUES (:id, :name, :email, :user)"),
            [
                {"id": key, "name": name, "email": email or f"person{key}@invented.example", "user": str(user)}
                for key, name, email, user in served.manifest.employees
            ],
        )
        if rows:
            connection.execute(
                text(
                    "INSERT INTO clock_times (employee_id, clock_in, clock_out, total_minutes, is_active, source)"
                    " VALUES (:e, :i, :o, :m, :a, 'connecteam')"
                ),
                [
                    {"e": e, "i": written(i), "o": None if o is None else written(o), "m": m, "a": o is None}
                    for e, i, o, m in served.truth(0).values()
                ],
            )
        connection.commit()


def _judge(database: Scratch, served: Answers, number: int, table: str) -> str:
    """`right`, or how many rows are not as the company has them."""
    with database.connection() as connection:
        found = connection.execute(text(f"SELECT employee_id, clock_in, clock_out, total_minutes FROM {table}"))
        rows = {(e, _epoch(i), None if o is None else _epoch(o), m) for e, i, o, m in found}
    wrong = len(rows ^ set(served.truth(number).values()))
    return f"{wrong} rows wrong" if wrong else "right"


def _epoch(value: Any) -> int:  # noqa: ANN401 - what a driver gives for a time
    if isinstance(value, datetime) and value.tzinfo is not None:
        return int(value.astimezone(UTC).timestamp())
    return instant(value)

"""Measure the product against the floor and against its peers, and write docs/performance.md.

    make bench                      500, 10,000 and 100,000 shifts
    make bench SIZES="1000000"      the million
    python bench.py --help          less of it

Everything runs on this machine, one measured process at a time, except peers under a network delay: those sleep nearly
all the time, so one database's run next to another's. Nothing else should run meanwhile.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import drivers
import machine
import msgspec
import page
from databases import DEFAULT
from lives import (
    BRIEF,
    COMMAND,
    LIBRARY,
    PEERS,
    PYMYSQL,
    ROLLBACK,
    SHORT,
    STEPS,
    WITH_DAY,
    Place,
    Subject,
)
from measure import COMMAND as PROGRAM
from measure import DELAYS, HERE, Bench, Measured
from summary import ORDER

SMALL, LARGE, DELAYED, AGAIN = 10_000, 100_000, 500, 5_000
_LIVES = {SMALL: 3}
"""Lives of the product up to a size; one above."""
_QUICK = 10.0
"""Seconds below which a peer's longest step is run again through the relay, to count."""
_LONGER = 8
"""How much more patience there is with a peer that a goal is about."""
_OURS = {COMMAND.name, "ping"}
_ALWAYS = ("legacy", 10)
"""The baseline of the goal on delays is measured, however long it takes."""


def main() -> None:
    """Run, write the results, write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", default="500 10000 100000", help="numbers of shifts")
    parser.add_argument("--databases", default="", help="only these: sqlite postgresql mariadb mysql")
    parser.add_argument("--patience", type=float, default=45, help="seconds one step of a peer may take")
    parser.add_argument("--no-peers", action="store_true", help="the product and the floor only")
    parser.add_argument("--no-delays", action="store_true", help="no network delays")
    parser.add_argument("--results", type=Path, default=HERE / "results" / "bench.json")
    parser.add_argument("--add", action="store_true", help="keep earlier results and add to them: other sizes, delays")
    parser.add_argument("--page", action="store_true", help="write the page of earlier results, measure nothing")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that scratch databases are dropped
    if not args.page:
        measure(args)
    page.write(args.results)


def measure(args: argparse.Namespace) -> None:
    """One run, and its results in a file."""
    sizes = sorted(int(word) for word in args.sizes.split())
    listed = os.environ.get("BENCH_DATABASES", DEFAULT)
    with Bench(listed, patience=args.patience, wanted=set(args.databases.split())) as bench:
        for kind, why in bench.absent.items():
            print(f"NOT MEASURED: {kind} does not answer: {why}", file=sys.stderr)
        if not drivers.HAS_MYSQLCLIENT:
            print("NOT MEASURED: mysqlclient, which could not be built here; PyMySQL instead", file=sys.stderr)
        record = machine.Record(about=machine.describe(bench), sizes=sizes, requests={}, results=bench.results)
        if args.add:
            record = added(record, msgspec.json.decode(args.results.read_bytes(), type=machine.Record), args)
        else:
            starting(bench)
        for shifts in sizes:
            manifest = bench.company(shifts).manifest
            record.requests[str(shifts)] = (len(manifest.windows), manifest.user_pages)
            for kind in bench.servers:
                with saved(record, args.results), placed(bench, kind, shifts) as place:
                    lives(place)
                    if not args.no_peers:
                        for subject in (*PEERS, ROLLBACK):
                            peer(place, subject)
        if not args.no_delays:
            with saved(record, args.results):
                delays(bench, peers=not args.no_peers)


def added(record: machine.Record, earlier: machine.Record, args: argparse.Namespace) -> machine.Record:
    """A record that begins with what an earlier run found, but for what is measured again.

    Exits where the earlier run was on another machine.
    """
    same = ("processor", "system", "Python", "connecteam-sync")
    if any(record.about[name] != earlier.about[name] for name in same):
        sys.exit("the earlier results are of another machine or version: run it without --add")
    kinds = set(args.databases.split() or ORDER)

    def is_measured_again(m: Measured) -> bool:
        if m.subject == "ping" or (m.relay and m.shifts in {DELAYED, AGAIN}):
            return not args.no_delays and m.database in kinds and (m.subject in _OURS or not args.no_peers)
        return m.database in kinds and m.shifts in record.sizes

    record.results[:0] = [m for m in earlier.results if not is_measured_again(m)]
    return machine.Record(
        about=earlier.about | {"date": f"{earlier.about['date']}, added to {record.about['date']}"},
        sizes=sorted({*earlier.sizes, *record.sizes}),
        requests=earlier.requests,
        results=record.results,
    )


@contextmanager
def saved(record: machine.Record, path: Path) -> Iterator[None]:
    """What was measured is in the file at the end of every part, and where a part is broken off."""
    try:
        yield
    finally:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(msgspec.json.format(msgspec.json.encode(record), indent=0))


@contextmanager
def placed(bench: Bench, kind: str, shifts: int) -> Iterator[Place]:
    """A place, whose databases are dropped at the end."""
    company = bench.company(shifts)
    base, blank = bench.prepare(kind, company)
    try:
        yield Place(bench, company, kind, base, blank)
    finally:
        base.drop()
        blank.drop()


def starting(bench: Bench) -> None:
    """What starting costs: a bare interpreter, and `--version`."""
    for _ in range(9):
        for scenario, command in (
            ("bare interpreter", [sys.executable, "-I", "-c", "pass"]),
            ("--version", [PROGRAM, "--version"]),
        ):
            ran = bench.launch(command, {})
            peak = bench.above_bare(ran.peak_kib)
            bench.note(
                Measured(
                    database="none",
                    shifts=0,
                    subject=COMMAND.name,
                    scenario=scenario,
                    how="process",
                    seconds=ran.seconds,
                    peak_mib=peak,
                )
            )


def lives(place: Place) -> None:
    """The product as a process and as a call, in turns, the floor next to it; once through the relay, to count."""
    shifts = place.shifts
    for number in range(next((lives for size, lives in _LIVES.items() if shifts <= size), 1)):
        steps = WITH_DAY if shifts <= DELAYED else BRIEF if shifts <= SMALL else STEPS
        place.life(COMMAND, number, steps=steps, beside=place.floor)
        place.life(LIBRARY, number, steps=BRIEF if shifts <= SMALL else STEPS)
        if place.kind in PYMYSQL.kinds and not number and drivers.HAS_MYSQLCLIENT and shifts <= LARGE:
            place.life(PYMYSQL, number, steps=BRIEF)
    if place.kind in place.bench.relays and shifts <= LARGE:
        place.life(COMMAND, 0, delay_ms=0, steps=BRIEF)


def peer(place: Place, subject: Subject) -> None:
    """A peer's lives, or an estimate from a smaller size where they would take too long."""
    bench = place.bench
    if place.kind not in subject.kinds:
        return
    smaller = {
        m.shifts: m.seconds
        for m in bench.results
        if (m.subject, m.database) == (subject.name, place.kind) and not m.relay
    }
    below = max((size for size in smaller if size < place.shifts), default=0)
    guessed = {
        scenario: _typical(bench, subject, place.kind, below, scenario) * place.shifts / below if below else 0
        for scenario, _ in SHORT
    }
    if place.shifts > LARGE and not below:
        return
    patience = bench.patience * (_LONGER if subject.is_goal else 1)
    if max(guessed.values()) > patience or place.shifts > LARGE:
        for scenario, seconds in guessed.items():
            why = f"in proportion from {below:,} shifts"
            bench.note(place.estimate(subject, scenario, seconds, why))
        return
    longest = place.life(subject, steps=SHORT, patience=patience)
    # At 500 shifts the delays count the round trips.
    if longest < _QUICK and place.kind in bench.relays and place.shifts != DELAYED:
        place.life(subject, delay_ms=0, steps=SHORT, patience=patience)


def _typical(bench: Bench, subject: Subject, kind: str, shifts: int, scenario: str) -> float:
    wanted = (subject.name, kind, shifts, scenario)
    found = [
        m.seconds for m in bench.results if (m.subject, m.database, m.shifts, m.scenario) == wanted and not m.relay
    ]
    return median(found) if found else 0


# -- a network between program and database ----------------------------------------------------------------------


def delays(bench: Bench, *, peers: bool) -> None:
    """500 shifts at every delay; 5,000 once, to count round trips; and the relay's own cost."""
    for kind in bench.relays:
        with placed(bench, kind, AGAIN) as place:
            place.life(COMMAND, delay_ms=0)
        with placed(bench, kind, DELAYED) as place:
            for delay in DELAYS:
                place.life(COMMAND, delay_ms=delay)
            place.pings()
    if peers:
        with ThreadPoolExecutor(max_workers=3) as pool:
            list(pool.map(lambda kind: delayed_peers(bench, kind), bench.relays))


def delayed_peers(bench: Bench, kind: str) -> None:
    """Every peer at every delay, cold and with nothing changed; reckoned from its round trips where it takes long."""
    with placed(bench, kind, DELAYED) as place:
        for subject in (*PEERS, ROLLBACK):
            if kind in subject.kinds:
                known: dict[str, Measured] = {}
                for delay in DELAYS:
                    delayed_peer(place, subject, delay, known)


def delayed_peer(place: Place, subject: Subject, delay: int, known: dict[str, Measured]) -> None:
    """A peer at a delay; `known` are its measures at none, by scenario."""
    bench = place.bench
    guessed = {scenario: m.seconds + (m.round_trips or 0) * delay / 1000 for scenario, m in known.items()}
    steps = SHORT[:2]
    always = (subject.name, delay) == _ALWAYS
    if max(guessed.values(), default=0) > bench.patience and not always:
        for scenario, seconds in guessed.items():
            measured = place.estimate(subject, scenario, seconds, "reckoned from its round trips")
            measured.delay_ms, measured.relay = delay, True
            measured.round_trips = known[scenario].round_trips
            bench.note(measured)
        return
    before = len(bench.results)
    place.life(
        subject, delay_ms=delay, steps=steps[:1] if always else steps, patience=None if always else 2 * bench.patience
    )
    if not delay:
        mine = (subject.name, place.kind)
        known.update({m.scenario: m for m in bench.results[before:] if (m.subject, m.database) == mine})


if __name__ == "__main__":
    main()

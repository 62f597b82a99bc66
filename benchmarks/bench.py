"""Measure the product against the floor and against its peers, and write docs/performance.md.

    make bench                      the working day, 500 to 1,000,000 shifts, delays, memory
    make bench SIZES="500 10000"    less of it
    python bench.py --help          less still

Everything runs on this machine, one measured process at a time, except peers under a network delay: those sleep nearly
all the time, so one database's run next to another's. Nothing else should run meanwhile. A run that was stopped goes on
where it was when it is started again.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from statistics import median

import beside
import drivers
import machine
import page
import working_day
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
from measure import DELAYS, HERE, Bench, ClocksFound, Measured
from packages import missing
from progress import OtherMachine, Progress, source, unfinished
from summary import ORDER

SMALL, LARGE, MILLION, DELAYED, AGAIN = 10_000, 100_000, 1_000_000, 500, 5_000
CLOCKS = (20, 80)
MEMORY = (1, 5)
"""Millions of shifts of earlier years next to which a year is looked at."""
_LIVES = {SMALL: 3}
"""Lives of the product up to a size; one above."""
_QUICK = 10.0
"""Seconds below which a peer's longest step is run again through the relay, to count."""
_BUSY = 0.5
"""The load above which something else is at work."""


def main() -> None:
    """Run, write the results, write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", default="500 10000 100000 1000000", help="numbers of shifts")
    parser.add_argument("--people", default="45 500 5000", help="the companies whose working day is lived")
    parser.add_argument("--parts", type=int, default=0, help="of each day: ten minutes each, to see that all works")
    parser.add_argument("--databases", default="", help=f"only these: {' '.join(ORDER)}")
    parser.add_argument("--memory", default="sqlite postgresql", help="where memory beside millions is measured")
    parser.add_argument("--patience", type=float, default=20, help="seconds one step of a peer may take")
    parser.add_argument("--no-day", action="store_true", help="without the working day")
    parser.add_argument("--no-peers", action="store_true", help="the product and the floor only")
    parser.add_argument("--no-delays", action="store_true", help="no network delays")
    parser.add_argument("--results", type=Path, default=HERE / "results" / "bench.json")
    parser.add_argument("--docs", type=Path, default=page.DOCS, help="where the page and its plots are written")
    parser.add_argument("--fresh", action="store_true", help="throw away what was begun and not finished")
    parser.add_argument("--page", action="store_true", help="write the page of earlier results, measure nothing")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that scratch databases are dropped
    if args.fresh:
        unfinished(args.results).unlink(missing_ok=True)
    if not args.page:
        measure(args)
    page.write(args.results, args.docs)


def measure(args: argparse.Namespace) -> None:
    """One run, and its results in a file."""
    listed = os.environ.get("BENCH_DATABASES", DEFAULT)
    with Bench(listed, patience=args.patience, wanted=set(args.databases.split())) as bench, ExitStack() as stack:
        try:
            progress = Progress(bench, machine.describe(bench) | {"source": source()}, args.results)
        except OtherMachine as error:
            sys.exit(str(error))
        warn(bench, progress.record)
        progress.part("starting", lambda: starting(bench))
        if not args.no_day:
            days(bench, progress, args, stack)
        sizes = sorted(int(word) for word in args.sizes.split())
        progress.record.sizes = sorted({*progress.record.sizes, *sizes})
        for shifts in sizes:
            for kind in bench.servers:
                at_size(bench, progress, kind, shifts, peers=not args.no_peers)
        for kind in bench.servers:
            progress.part(f"many clocks, {kind}", partial(many_clocks, bench, kind))
        for kind in bench.relays if not args.no_delays else ():
            progress.part(f"delays, {kind}", partial(delays, bench, kind))
        if not args.no_delays and not args.no_peers:
            progress.part_of_a_peer("delays, peers", lambda: delays_of_peers(bench))
        for kind in args.memory.split() if MILLION in sizes else ():
            if kind in bench.servers:
                progress.part(f"memory, {kind}", partial(memory, bench, kind))
        progress.finish()


def warn(bench: Bench, record: machine.Record) -> None:
    """Say what will not be measured, here and on the page, and what would spoil the rest."""
    found = [f"{kind} does not answer: {why}" for kind, why in bench.absent.items()]
    if not drivers.HAS_MYSQLCLIENT:
        found.append("mysqlclient, which could not be built here; PyMySQL instead")
    found += [
        f"{subject.name} on {kind}, for want of {package}"
        for subject in PEERS
        for kind in bench.servers
        if kind in subject.kinds and (package := missing(subject.module, kind, subject.task))
    ]
    record.absent[:] = found
    for words in found:
        print(f"NOT MEASURED: {words}", file=sys.stderr)
    if os.getloadavg()[0] > _BUSY:
        print(f"NOT QUIET: at a load of {os.getloadavg()[0]:.1f} figures are of a busy machine", file=sys.stderr)


def days(bench: Bench, progress: Progress, args: argparse.Namespace, stack: ExitStack) -> None:
    """The working day of each company on each database: the product, without and with webhooks, and its peers."""
    for people in sorted(int(word) for word in args.people.split()):
        made: list[working_day.Answers] = []
        answers = partial(answers_of, bench, people, made, stack)
        for kind in bench.servers:
            where = f"a day of {people:,} people, {kind}"
            product = partial(working_day.product, bench, people, kind, parts=args.parts)
            progress.part(where, partial(product, bells=False))
            progress.part(f"{where}, webhooks", partial(product, bells=True))
            for other in working_day.PEERS if not args.no_peers else ():
                if kind in other.kinds and not missing(other.module, kind):
                    act = partial(working_day.peer_day, bench, people, kind, other, answers)
                    progress.part_of_a_peer(f"{where}, {other.name}", act)


def answers_of(bench: Bench, people: int, made: list[working_day.Answers], stack: ExitStack) -> working_day.Answers:
    """The answers of a company's day, made when somebody first asks for them."""
    if not made:
        bench.say(f"making the answers of a day of {people:,} people")
        made.append(working_day.Answers(bench, people))
        stack.callback(made[0].close)
    return made[0]


def at_size(bench: Bench, progress: Progress, kind: str, shifts: int, *, peers: bool) -> None:
    """The product, the floor and the peers at a size."""
    with lazily(bench, kind, shifts) as place:
        alone(progress, place, kind, shifts)
        for subject in (*PEERS, ROLLBACK) if peers else ():
            name = f"{subject.name}, {kind}, {shifts:,} shifts"
            progress.part_of_a_peer(name, partial(_peer, place, subject))


def _peer(place: Callable[[], Place], subject: Subject) -> None:
    peer(place(), subject)


def alone(progress: Progress, place: Callable[[], Place], kind: str, shifts: int) -> None:
    """The product and the floor at a size, and its console at the smallest."""

    def act() -> None:
        company = place().company.manifest
        progress.record.requests[str(shifts)] = (len(company.windows), company.user_pages)
        lives(place())

    progress.part(f"{COMMAND.name}, {kind}, {shifts:,} shifts", act)
    if shifts == DELAYED:
        progress.part(f"console, {kind}", lambda: place().console())


@contextmanager
def lazily(bench: Bench, kind: str, shifts: int) -> Iterator[Callable[[], Place]]:
    """A place that is made when it is asked for, if it is."""
    with ExitStack() as stack:
        made: list[Place] = []

        def place() -> Place:
            if not made:
                made.append(stack.enter_context(placed(bench, kind, shifts)))
            return made[0]

        yield place


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
        if shifts <= LARGE:  # above, starting is next to nothing, and the process alone is measured
            place.life(LIBRARY, number, steps=BRIEF if shifts <= SMALL else STEPS)
        if place.kind in PYMYSQL.kinds and not number and drivers.HAS_MYSQLCLIENT and shifts <= LARGE:
            place.life(PYMYSQL, number, steps=BRIEF)
    if place.kind in place.bench.relays and shifts <= LARGE:
        place.life(COMMAND, 0, delay_ms=0, steps=BRIEF)


def peer(place: Place, subject: Subject) -> None:
    """A peer's lives, or an estimate from a smaller size where they would take too long."""
    bench = place.bench
    if place.kind not in subject.kinds or missing(subject.module, place.kind, subject.task):
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
    patience = bench.patience
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


# -- many time clocks, and millions of shifts ----------------------------------------------------------------------


def many_clocks(bench: Bench, kind: str) -> None:
    """A run over few time clocks and over many in which nothing changed."""
    for clocks in CLOCKS:
        with working_day.scratch(bench, kind) as database:
            job = {"task": "count", "kind": kind, "url": database.url(), "clocks": clocks}
            found = bench.task("many_clocks", job).answer
        bench.clocks.append(ClocksFound(database=kind, **found))
        bench.say(f"{kind:<10} {clocks:>9,} time clocks: {found['statements']:,} statements, {found['cpu']:.2f} s CPU")


def memory(bench: Bench, kind: str) -> None:
    """What a run holds next to more and more rows."""
    with placed(bench, kind, beside.YEAR) as place:
        beside.peaks(place, list(MEMORY))


# -- a network between program and database ----------------------------------------------------------------------


def delays(bench: Bench, kind: str) -> None:
    """500 shifts at every delay; 5,000 once, to count round trips; and the relay's own cost."""
    with placed(bench, kind, AGAIN) as place:
        place.life(COMMAND, delay_ms=0)
    with placed(bench, kind, DELAYED) as place:
        for delay in DELAYS:
            place.life(COMMAND, delay_ms=delay)
        place.pings()


def delays_of_peers(bench: Bench) -> None:
    """Every peer at every delay, one database next to the other."""
    with ThreadPoolExecutor(max_workers=3) as pool:
        list(pool.map(lambda kind: delayed_peers(bench, kind), bench.relays))


def delayed_peers(bench: Bench, kind: str) -> None:
    """Every peer at every delay, cold and with nothing changed; reckoned from its round trips where it takes long."""
    with placed(bench, kind, DELAYED) as place:
        for subject in (*PEERS, ROLLBACK):
            if kind in subject.kinds and not missing(subject.module, kind, subject.task):
                known: dict[str, Measured] = {}
                for delay in DELAYS:
                    delayed_peer(place, subject, delay, known)


def delayed_peer(place: Place, subject: Subject, delay: int, known: dict[str, Measured]) -> None:
    """A peer at a delay; `known` are its measures at none, by scenario."""
    bench = place.bench
    guessed = {scenario: m.seconds + (m.round_trips or 0) * delay / 1000 for scenario, m in known.items()}
    if max(guessed.values(), default=0) > bench.patience:
        for scenario, seconds in guessed.items():
            measured = place.estimate(subject, scenario, seconds, "reckoned from its round trips")
            measured.delay_ms, measured.relay = delay, True
            measured.round_trips = known[scenario].round_trips
            bench.note(measured)
        return
    before = len(bench.results)
    place.life(subject, delay_ms=delay, steps=SHORT[:2], patience=2 * bench.patience)
    if not delay:
        mine = (subject.name, place.kind)
        known.update({m.scenario: m for m in bench.results[before:] if (m.subject, m.database) == mine})


if __name__ == "__main__":
    main()

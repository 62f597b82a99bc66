"""The virtual day of a fleet, and how its cost grows: `serve`, a worker, the broker and databases, all of them real.

    python benchmarks/fleet.py --accounts 20 --clocks 50 --cadence 30 --seconds 60
    python benchmarks/fleet.py --growth 100,300,1000,2500,5000
    python benchmarks/fleet.py --accounts 100 --clocks 50 --hours 24

Companies answer from memory (`fleet_companies.py`); while the fleet works some of their shifts change, each second the
share `--changes` of what is visited in it. Figures are printed as JSON, and kept with --keep FILE; `--page` writes
docs/performance/fleet.md from what is kept. It lives in real time: what is due goes by the control database's clock.
"""

from __future__ import annotations

import argparse
import os
import pstats
import tempfile
import time
from pathlib import Path

import msgspec
from fleet_figures import Figures, added, ages, counted, hundredths, less, memory, processor, turns
from fleet_page import write_page
from fleet_site import Site, Size, site
from machine import processor_name

KEPT = Path(__file__).parent / "results" / "fleet.json"


def measured(size: Size, *, warm: float, seconds: float, changes: float, every: float, profile: bool) -> Figures:
    """A fleet that works for so many seconds after it has warmed up."""
    with tempfile.TemporaryDirectory(prefix="cs_fleet_") as name:
        folder = Path(name)
        counts = folder / "counts"
        counts.mkdir()
        probe = {"FLEET_COUNTS": str(counts)} | ({"FLEET_PROFILE": str(counts)} if profile else {})
        with site(size, folder, probe) as here:
            here.spread()
            here.begin()
            began = time.time()
            _live(here, began + warm, changes, every, began)
            figures = _figures(here, counts, began, seconds, changes, every)
            figures.warm, figures.processor = warm, processor_name()
            ends = time.time() + 1.5 * size.cadence + 20
            while changes and (wrong := here.wrong_rows()) and time.time() < ends:
                time.sleep(5)
            figures.wrong = wrong if changes else here.wrong_rows()
            if size.executor == "celery":
                here.end()
            if profile:
                _print_profile(counts)
            print(here.told())
            return figures


def _figures(here: Site, counts: Path, began: float, seconds: float, changes: float, every: float) -> Figures:
    cpu, numbers, calls = processor(here), counted(counts), here.ask("calls")
    done, lost = turns(here)
    since = time.monotonic()
    found = _live(here, time.time() + seconds, changes, every, began)
    took = time.monotonic() - since
    after, said = here.ask("calls"), processor(here)
    done_after, lost_after = turns(here)
    all_calls = added(after)
    all_calls.subtract(added(calls))
    of_each = [sum(later.values()) - sum(one.values()) for later, one in zip(after, calls, strict=True)]
    pss, rss = memory(here)
    return Figures(
        size=here.size,
        seconds=round(took, 1),
        visits=all_calls["visits"],
        turns=done_after - done,
        calls=dict(all_calls),
        cpu={one: round(said[one] - cpu.get(one, 0.0), 2) for one in said},
        counts=less(counted(counts), numbers),
        ages=hundredths(found),
        most_calls=round(max(of_each) / took * 86_400),
        pss=round(pss, 1),
        rss=round(rss, 1),
        wrong=0,
        lost=lost_after - lost,
        load=round(os.getloadavg()[0], 2),
    )


def _live(here: Site, ends: float, changes: float, every: float, began: float) -> list[int]:
    """Let the companies change until it ends; the ages that were sampled meanwhile."""
    found: list[int] = []
    due, sampled = 0.0, time.time()
    while (now := time.time()) < ends:
        due += changes * here.size.all_clocks / here.size.cadence
        here.ask(f"change {int(due)}")
        due -= int(due)
        if now - sampled >= every:
            sampled = now
            found += ages(here, began)
        time.sleep(max(0.0, now + 1 - time.time()))
    return found


def _print_profile(folder: Path) -> None:
    files = [str(file) for file in folder.glob("*.prof")]
    if not files:
        print("no process has done five turns")
        return
    all_of_it = pstats.Stats(*files)
    all_of_it.sort_stats("tottime").print_stats(45)
    all_of_it.sort_stats("cumtime").print_stats(110)


def shown(one: Figures) -> str:
    """The figures in a few lines."""
    size = one.size
    cpu = ", ".join(f"{name} {seconds:.1f}" for name, seconds in sorted(one.cpu.items()))
    each = ", ".join(f"{what} {one.each(what):.2f}" for what in sorted(one.counts))
    calls = ", ".join(f"{what} {many}" for what, many in sorted(one.calls.items()))
    return "\n".join(
        [
            f"{size.all_clocks} time clocks in {size.accounts} accounts every {size.cadence} s, {size.executor},",
            f"  control {size.control}, accounts {size.databases}, {size.workers} at a time; load {one.load}",
            f"  {one.visits} visits ({one.visits / one.seconds:.1f} a second), {one.turns} turns in {one.seconds} s;",
            f"  {one.visits_a_core:.1f} visits a second and core of the program",
            f"  CPU s: {cpu}",
            f"  each visit: {each}",
            f"  calls: {calls}; at most {one.most_calls} a day and account",
            f"  age: p50 {one.age(0.5)}, p95 {one.age(0.95)}, most {one.age(1)} s",
            f"  memory {one.pss} MiB PSS, {one.rss} RSS; rows wrong {one.wrong}, turns lost {one.lost}",
        ]
    )


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    option = parser.add_argument
    option("--accounts", type=int, default=4)
    option("--clocks", type=int, default=25, help="time clocks of each account")
    option("--people", type=int, default=20, help="of each time clock")
    option("--cadence", type=int, default=300, help="seconds between two visits, at least 30")
    option("--workers", type=int, default=2, help="processes, or threads")
    option("--executor", choices=("celery", "threads"), default="celery")
    option("--control", choices=("postgresql", "sqlite"), default="postgresql")
    option("--databases", choices=("postgresql", "sqlite"), default="sqlite", help="those of the accounts")
    option("--older-days", type=int, default=0, help="days of the past that are looked at besides; 92 is the default")
    option("--warm", type=float, default=30.0, help="seconds before it is measured")
    option("--seconds", type=float, default=60.0)
    option("--hours", type=float, help="instead of --seconds")
    option("--changes", type=float, default=0.0, help="the share of visits that find something, e.g. 0.01")
    option("--every", type=float, default=60.0, help="seconds between two samples of the ages")
    option("--growth", help="numbers of time clocks, 50 in an account; those that are kept are not measured again")
    option("--profile", action="store_true")
    option("--keep", type=Path, help="a file that figures are added to, with --growth results/fleet.json")
    option("--page", action="store_true", help="write the page from what is kept; nothing is measured")
    return parser.parse_args()


def main() -> None:
    """Measure what is asked for."""
    asked = _asked()
    keep = asked.keep or (KEPT if asked.growth or asked.page else None)
    kept = msgspec.json.decode(keep.read_bytes(), type=list[Figures]) if keep is not None and keep.exists() else []
    sizes = []
    if not asked.page:
        many = [int(one) for one in asked.growth.split(",")] if asked.growth else [asked.accounts * asked.clocks]
        each = 50 if asked.growth else asked.clocks
        sizes = [
            Size(
                accounts=max(1, one // each),
                clocks=each,
                people=asked.people,
                cadence=asked.cadence,
                workers=asked.workers,
                executor=asked.executor,
                control=asked.control,
                databases=asked.databases,
                older_days=asked.older_days,
                day_limit=20_000 * 300 // asked.cadence,
            )
            for one in many
        ]
    for size in sizes:
        if keep is not None and any((one.size, one.warm) == (size, asked.warm) for one in kept):
            continue
        seconds = asked.hours * 3600 if asked.hours else asked.seconds
        found = measured(
            size, warm=asked.warm, seconds=seconds, changes=asked.changes, every=asked.every, profile=asked.profile
        )
        print(shown(found), flush=True)
        kept.append(found)
        if keep is not None:
            keep.write_bytes(msgspec.json.format(msgspec.json.encode(kept), indent=1))
    if asked.page:
        write_page(kept)


if __name__ == "__main__":
    main()

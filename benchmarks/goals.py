"""The goals on speed, each reckoned from one run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from beside import YEAR, busy_beside
from day_page import Goals, clock_goals, day_goals
from lives import COLD, CONSOLE, DAY, INCREMENTAL, STEADY
from summary import NAMES, PRODUCT, Summary

LARGE, MILLION, DELAYED, AGAIN = 100_000, 1_000_000, 500, 5_000
_MEGABYTES_PER_MIB = 2**20 / 10**6
_FLAT = 1.1
"""What counts as flat: a tenth more."""


class Goal(NamedTuple):
    """A goal at one place. `found` is None where the run did not measure it."""

    goal: str
    where: str
    found: float | None
    limit: float
    unit: str = "×"
    note: str = ""

    @property
    def verdict(self) -> str:
        """Met, missed, or not measured."""
        if self.found is None:
            return "not measured"
        return "met" if self.found <= self.limit else "**missed**"


def goals(summary: Summary) -> list[Goal]:
    """Every goal, at every place it is about."""
    return [
        *_told(day_goals(summary)),
        *_against_the_floor(summary),
        *_told(clock_goals(summary, _statements)),
        *_memory(summary),
        *_starting(summary),
        *_over_a_network(summary),
        *_calls(summary),
    ]


def _told(found: Goals) -> Iterator[Goal]:
    for goal, where, value, limit, unit, note in found:
        yield Goal(goal, where, value, limit, unit=unit, note=note)


def _statements(database: str) -> tuple[int, int]:
    """Statements of a look with nothing to do, and of the run as a whole (`tests/test_many_clocks.py`)."""
    return (11 if database == "postgresql" else 12), 2


def _ratio(value: float | None, by: float | None) -> float | None:
    return None if value is None or not by else value / by


def _own(summary: Summary, kind: str, shifts: int, scenario: str) -> float | None:
    found = summary.own(kind, shifts, scenario)
    return found.value if found else None


def _against_the_floor(summary: Summary) -> Iterator[Goal]:
    for shifts in sorted({LARGE, MILLION} & set(summary.sizes)):
        for kind in summary.databases:
            where = f"{NAMES[kind]}, {shifts:,}"
            floor = summary.floor_of(kind, shifts, STEADY)
            compared = summary.floor(kind, shifts, "decode", "read", "compare")
            busy = _ratio(_own(summary, kind, shifts, INCREMENTAL), compared)
            yield Goal("incremental: at most 2 × (decode + read + compare in plain tuples)", where, busy, 2)
            cold = _ratio(_own(summary, kind, shifts, COLD), summary.floor_of(kind, shifts, COLD))
            yield Goal("cold: at most 2 × (decode + write of all)", where, cold, 2)
            steady = _ratio(_own(summary, kind, shifts, STEADY), floor)
            yield Goal("nothing changed: at most 1.5 × (decode + read)", where, steady, 1.5)


def _over_a_network(summary: Summary) -> Iterator[Goal]:
    for kind in summary.databases:
        if kind == "sqlite":
            continue
        where = f"{NAMES[kind]}, {DELAYED}, 10 ms"
        for scenario in (COLD, STEADY):
            trips = summary.trips(kind, DELAYED, PRODUCT, scenario, delay=10)
            yield Goal(f"{scenario}: at most 12 round trips, connection included", where, trips, 12, unit="")
        few, many = (summary.trips(kind, size, PRODUCT, STEADY) for size in (DELAYED, AGAIN))
        more = None if few is None or many is None else many - few
        note = "" if more is None else f"{few} and {many}"
        where = f"{NAMES[kind]}, {AGAIN:,} against {DELAYED}"
        yield Goal("nothing changed: no more round trips", where, more, 0, unit=" more", note=note)


def _memory(summary: Summary) -> Iterator[Goal]:
    for kind in summary.databases if MILLION in summary.sizes else ():
        peak = summary.peak(kind, MILLION, PRODUCT, "process")
        where = f"{NAMES[kind]}, {MILLION:,}"
        yield Goal("peak memory above the interpreter's: at most 150 MB", where, _megabytes(peak), 150, unit=" MB")
    for kind in summary.databases:
        few, many = (_peak_beside(summary, kind, millions) for millions in (1, 5))
        if few and many:
            where = f"{NAMES[kind]}, a year of {YEAR:,} beside 1 and 5 million"
            note = f"{few:.0f} and {many:.0f} MB"
            yield Goal("peak memory beside more rows: flat", where, many / few, _FLAT, note=note)


def _peak_beside(summary: Summary, kind: str, millions: int) -> float | None:
    found = summary.measured(kind, YEAR, PRODUCT, busy_beside(millions))
    return _megabytes(max((m.peak_mib for m in found if m.peak_mib is not None), default=None))


def _megabytes(mebibytes: float | None) -> float | None:
    return None if mebibytes is None else mebibytes * _MEGABYTES_PER_MIB


def _calls(summary: Summary) -> Iterator[Goal]:
    for shifts in summary.sizes:
        found = [m for m in summary.results if m.shifts == shifts and m.http_calls is not None and m.scenario == STEADY]
        if found:
            calls = max(m.http_calls or 0 for m in found)
            slices, pages = summary.record.requests[str(shifts)]
            goal = "API calls: one a slice, the pages of users, the list of clocks"
            yield Goal(goal, f"{shifts:,}", calls, slices + pages + 1, unit=f" calls ({slices} slices, {pages} pages)")


def _starting(summary: Summary) -> Iterator[Goal]:
    bare = summary.seconds("none", 0, PRODUCT, "bare interpreter")
    beside = f"beside {bare.value:.3f} s of `python -c pass`" if bare else ""
    day = summary.seconds("sqlite", DELAYED, PRODUCT, DAY)
    goal = "`sync` of an ordinary day, whole process: at most 0.20 s"
    yield Goal(goal, "SQLite, about 45 shifts", day.value if day else None, 0.20, unit=" s", note=beside)
    for kind in summary.databases:
        page = summary.seconds(kind, DELAYED, PRODUCT, CONSOLE)
        found = page.value * 1000 if page else None
        yield Goal("a page of the console from a warm process: at most 150 ms", NAMES[kind], found, 150, unit=" ms")
    version = summary.seconds("none", 0, PRODUCT, "--version")
    yield Goal("`--version`, whole process: under 0.15 s", "", version.value if version else None, 0.15, unit=" s")

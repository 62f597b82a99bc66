"""The goals of the issue on speed, each reckoned from one run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from lives import COLD, DAY, INCREMENTAL, STEADY
from summary import NAMES, PRODUCT, Summary

LARGE, MILLION, DELAYED, AGAIN = 100_000, 1_000_000, 500, 5_000
_MEGABYTES_PER_MIB = 2**20 / 10**6
_DIGEST = {"postgresql", "mariadb", "mysql"}
"""Databases that can compute a digest of their rows themselves."""


class Goal(NamedTuple):
    """A goal at one place. `found` is None where the run did not measure it."""

    goal: str
    where: str
    found: float | None
    limit: float
    at_least: bool = False
    unit: str = "×"
    note: str = ""

    @property
    def verdict(self) -> str:
        """Met, missed, or not measured."""
        if self.found is None:
            return "not measured"
        return "met" if (self.found >= self.limit if self.at_least else self.found <= self.limit) else "**missed**"


def goals(summary: Summary) -> list[Goal]:
    """Every goal, at every place it is about."""
    return [
        *_against_the_floor(summary),
        *_against_dlt(summary),
        *_over_a_network(summary),
        *_memory_and_calls(summary),
        *_starting(summary),
    ]


def _ratio(value: float | None, by: float | None) -> float | None:
    return None if value is None or not by else value / by


def _call(summary: Summary, kind: str, shifts: int, scenario: str, subject: str = PRODUCT) -> float | None:
    found = summary.seconds(kind, shifts, subject, scenario, how="call")
    return found.value if found else None


def _process(summary: Summary, kind: str, shifts: int, scenario: str) -> float | None:
    found = summary.seconds(kind, shifts, PRODUCT, scenario, how="process")
    return found.value if found else None


def _against_the_floor(summary: Summary) -> Iterator[Goal]:
    for shifts in sorted({LARGE, MILLION} & set(summary.sizes)):
        for kind in summary.databases:
            where = f"{NAMES[kind]}, {shifts:,}"
            floor = summary.floor_of(kind, shifts, STEADY)
            steady = _call(summary, kind, shifts, STEADY)
            whole = _ratio(_process(summary, kind, shifts, STEADY), floor)
            note = "" if whole is None else f"whole process {whole:.2f} ×"
            limit = 0.999 if kind in _DIGEST else 1.5
            words = "below 1.0 × (decode + read)" if kind in _DIGEST else "at most 1.5 × (decode + read)"
            if kind in _DIGEST:
                yield Goal(
                    "nothing changed: at most 1.5 × (decode + read)", where, _ratio(steady, floor), 1.5, note=note
                )
            yield Goal(f"nothing changed: {words}", where, _ratio(steady, floor), limit, note=note)
            cold = _call(summary, kind, shifts, COLD)
            everything = summary.floor_of(kind, shifts, COLD)
            alone = summary.floor(kind, shifts, "write_clock_times")
            yield Goal("cold: at most 2 × (decode + write of all)", where, _ratio(cold, everything), 2)
            yield Goal("cold: at most 4 × write of clock_times alone", where, _ratio(cold, alone), 4)
            busy = _call(summary, kind, shifts, INCREMENTAL)
            yield Goal("incremental: at most 1.3 × nothing changed", where, _ratio(busy, steady), 1.3)


def _against_dlt(summary: Summary) -> Iterator[Goal]:
    for kind in summary.databases:
        for strategy in ("dlt delete-insert", "dlt upsert"):
            if not any(subject == strategy for subject, _ in summary.subjects(kind, LARGE)):
                continue
            for scenario, times in ((STEADY, 20), (INCREMENTAL, 10), (COLD, 3)):
                theirs = _call(summary, kind, LARGE, scenario, strategy)
                found = _ratio(theirs, _call(summary, kind, LARGE, scenario))
                guess = summary.seconds(kind, LARGE, strategy, scenario)
                note = "dlt's is an estimate" if guess and guess.is_estimate else ""
                where = f"{NAMES[kind]}, {LARGE:,}"
                yield Goal(
                    f"{scenario}: at least {times} × faster than {strategy}", where, found, times, True, note=note
                )


def _over_a_network(summary: Summary) -> Iterator[Goal]:
    for kind in summary.databases:
        if kind == "sqlite":
            continue
        where = f"{NAMES[kind]}, {DELAYED}, 10 ms"
        for scenario in (COLD, STEADY):
            trips = summary.trips(kind, DELAYED, PRODUCT, scenario, delay=10)
            yield Goal(f"{scenario}: at most 12 round trips, connection included", where, trips, 12, unit="")
        mine = summary.seconds(kind, DELAYED, PRODUCT, COLD, how="process", relay=True, delay=10)
        old = summary.seconds(kind, DELAYED, "legacy", COLD, relay=True, delay=10, whole=True)
        found = old.value / mine.value if mine and old else None
        note = f"{old.value:.1f} s against {mine.value:.2f} s, whole processes" if mine and old else ""
        if old and old.is_estimate:
            note += ", the old code's an estimate"
        yield Goal("cold: at least 100 × faster than the old code", where, found, 100, True, note=note)
        few, many = (summary.trips(kind, size, PRODUCT, STEADY) for size in (DELAYED, AGAIN))
        more = None if few is None or many is None else many - few
        note = "" if more is None else f"{few} and {many}"
        where = f"{NAMES[kind]}, {AGAIN:,} against {DELAYED}"
        yield Goal("nothing changed: no more round trips", where, more, 0, unit=" more", note=note)


def _memory_and_calls(summary: Summary) -> Iterator[Goal]:
    for kind in summary.databases if MILLION in summary.sizes else ():
        peak = summary.peak(kind, MILLION, PRODUCT, "process")
        megabytes = None if peak is None else peak * _MEGABYTES_PER_MIB
        where = f"{NAMES[kind]}, {MILLION:,}"
        yield Goal("peak memory above the interpreter's: at most 250 MB", where, megabytes, 250, unit=" MB")
    for shifts in summary.sizes:
        found = [m for m in summary.results if m.shifts == shifts and m.http_calls is not None and m.scenario == STEADY]
        if found:
            calls = max(m.http_calls or 0 for m in found)
            slices, pages = summary.record.requests[str(shifts)]
            goal = "API calls: one a slice, the pages of users, the list of clocks"
            yield Goal(goal, f"{shifts:,}", calls, slices + pages + 1, unit=f" calls ({slices} slices, {pages} pages)")


def _starting(summary: Summary) -> Iterator[Goal]:
    version = summary.seconds("none", 0, PRODUCT, "--version")
    yield Goal("`--version`, whole process: under 0.15 s", "", version.value if version else None, 0.15, unit=" s")
    day = summary.seconds("sqlite", DELAYED, PRODUCT, DAY)
    goal = "an unchanged ordinary day, whole process: under 0.5 s"
    yield Goal(goal, "SQLite, about 45 shifts", day.value if day else None, 0.5, unit=" s")

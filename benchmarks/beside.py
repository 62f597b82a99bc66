"""The product's memory beside a million shifts of earlier years, and beside five: the same year is looked at."""

from __future__ import annotations

from company import ZONE
from databases import Scratch
from earlier import fill
from lives import COMMAND, Place
from measure import Measured

from connecteam_sync import ConnecteamSync

YEAR = 100_000
"""The company whose year is looked at: its shifts."""


def busy_beside(millions: int) -> str:
    """What such a run is called."""
    return f"busy hour beside {millions} million"


def peaks(place: Place, millions: list[int]) -> None:
    """Load the year; beside each number of earlier shifts, a busy hour and its undoing, each decided in full."""
    bench, manifest = place.bench, place.company.manifest
    work, there = place.base.copy(), 0
    window = ["--from", str(manifest.first), "--to", str(manifest.last)]
    try:
        bench.command(["sync", *window, "--json"], work.url(), place.company.ports["before"])
        for number in millions:
            _fill(work, place.company.ports["before"], number * 10**6, there)
            there = number * 10**6
            for state in ("after", "before"):
                ran = bench.command(["sync", *window, "--json"], work.url(), place.company.ports[state])
                bench.note(
                    Measured(
                        database=place.kind,
                        shifts=place.shifts,
                        subject=COMMAND.name,
                        scenario=busy_beside(number),
                        how="process",
                        seconds=ran.seconds,
                        cpu_seconds=ran.cpu,
                        peak_mib=bench.above_bare(ran.peak_kib),
                        rows=there,
                        statements=ran.answer["statements"],
                        http_calls=ran.answer["http_calls"],
                    )
                )
    finally:
        work.drop()


def _fill(work: Scratch, port: int, rows: int, there: int) -> None:
    url = f"http://127.0.0.1:{port}"
    with ConnecteamSync("bench", database_url=work.url(), timezone=ZONE, base_url=url) as mirror:
        fill(mirror, rows, begin=there)

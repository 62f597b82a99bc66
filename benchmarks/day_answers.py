"""What Connecteam answers at some of the visits of a day, for peers who live it: bodies in files, and the truth.

    python day_answers.py 500 24 FOLDER

writes the answer at every 24th visit of a day with one in five minutes, of the same company that `lived_day.py` lives
with: everything that happened between is in it. The first answer is that of midnight.
"""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

import msgspec
from lived_day import DAY, HISTORY, LOOKBACK

from connecteam_sync.sandbox import Company, SandboxSettings
from connecteam_sync.sandbox.answers import by_users, enveloped, selected
from connecteam_sync.sandbox.company import CompanyEvent
from connecteam_sync.sandbox.life import living

EVERY, PADDING = 300, 2
_STEP = 10
"""Seconds to which the instant of a change is known."""
Truth = list[tuple[int, int, int | None, int | None]]


class DayManifest(msgspec.Struct):
    """What a folder is about. `at` are the instants of the visits, `changes` those of all changes of the day."""

    people: int
    every: int
    at: list[int]
    low: int
    high: int
    first: str
    changes: list[int]
    employees: list[tuple[int, str, str | None, int]]


def write(people: int, every: int, folder: Path) -> DayManifest:
    """Write a folder; the manifest comes last."""
    company = Company(0, people=people, clocks=1)
    clock = min(company.clocks)
    first = DAY - timedelta(days=LOOKBACK)
    begin, end = company.at(DAY, "00:00"), company.at(DAY, "24:00")
    company.time.set(begin, 0)
    life = living(company, DAY - timedelta(days=HISTORY), DAY - timedelta(days=1))
    changes: list[int] = []

    def heard(happening: CompanyEvent) -> None:
        if happening.kind == "shift":
            changes.append(company.time.now())

    company.listeners.append(heard)
    folder.mkdir(parents=True, exist_ok=True)
    settings = SandboxSettings()
    at: list[int] = []
    for number, instant in enumerate(range(begin, end, EVERY)):
        for second in range(instant - EVERY, instant + 1, _STEP):
            company.time.set(second, 0)
            life.advance(second)
        if number % every:
            continue
        pad = timedelta(days=PADDING)
        found = selected(company, settings, clock, first - pad, DAY + pad)
        shown = by_users(company, settings, clock, found, users=None, kinds=None)
        (folder / f"visit-{len(at)}.json").write_bytes(bytes(enveloped({"timeActivitiesByUsers": shown}).body))
        (folder / f"truth-{len(at)}.json").write_bytes(msgspec.json.encode(sorted_truth(company)))
        at.append(instant)
    manifest = DayManifest(
        people=people,
        every=every,
        at=at,
        low=company.at(first, "00:00"),
        high=end,
        first=str(first),
        changes=[at for at in changes if begin <= at < end],
        employees=[
            (number + 1, f"{person.first_name} {person.last_name}", person.email, person.id)
            for number, person in enumerate(company.people.values())
        ],
    )
    (folder / "day.json").write_bytes(msgspec.json.encode(manifest))
    return manifest


def sorted_truth(company: Company) -> Truth:
    """The rows of a right table for the days that are looked at."""
    return sorted(company.truth(DAY - timedelta(days=LOOKBACK), DAY), key=lambda row: row[:2])


if __name__ == "__main__":
    write(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))

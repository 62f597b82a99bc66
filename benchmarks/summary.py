"""Questions to the results of a run: medians, ratios, floors."""

from __future__ import annotations

from statistics import median
from typing import NamedTuple

from lives import AFTER, COLD, COMMAND, INCREMENTAL, STEADY
from machine import Record
from measure import ClocksFound, DayFound, Measured, RunFound

SCENARIOS = (COLD, STEADY, INCREMENTAL)
ORDER = ("sqlite", "postgresql", "mariadb", "mysql")
NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL", "mariadb": "MariaDB", "mysql": "MySQL"}
PRODUCT = COMMAND.name


class Seconds(NamedTuple):
    """A median and what it is made of; `is_estimate` where it was reckoned."""

    value: float
    low: float
    high: float
    times: int
    is_estimate: bool


class Summary:
    """A record, asked."""

    def __init__(self, record: Record) -> None:
        self.record = record
        self.results = record.results
        found = {m.database for m in self.results} | {day.database for day in record.days}
        self.databases = [kind for kind in ORDER if kind in found]
        self.sizes = record.sizes
        self.people = sorted({found.people for found in record.days})

    def measured(
        self,
        database: str,
        shifts: int,
        subject: str,
        scenario: str,
        *,
        how: str | None = None,
        relay: bool = False,
        delay: int = 0,
    ) -> list[Measured]:
        """Every measurement of a kind."""
        return [
            m
            for m in self.results
            if (m.database, m.shifts, m.subject, m.scenario) == (database, shifts, subject, scenario)
            and (how is None or m.how == how)
            and (m.relay, m.delay_ms) == (relay, delay)
        ]

    def seconds(
        self,
        database: str,
        shifts: int,
        subject: str,
        scenario: str,
        *,
        how: str | None = None,
        relay: bool = False,
        delay: int = 0,
        whole: bool = False,
    ) -> Seconds | None:
        """The median; of the whole process if `whole`. Estimates count only where nothing was measured."""
        found = self.measured(database, shifts, subject, scenario, how=how, relay=relay, delay=delay)
        chosen = [m for m in found if not m.estimate] or found
        values = [m.process_seconds if whole and m.process_seconds is not None else m.seconds for m in chosen]
        if not values:
            return None
        return Seconds(median(values), min(values), max(values), len(values), chosen[0].estimate)

    def own(self, database: str, shifts: int, scenario: str) -> Seconds | None:
        """The product's, as a call; as a process above the sizes at which calls are measured."""
        call = self.seconds(database, shifts, PRODUCT, scenario, how="call")
        return call or self.seconds(database, shifts, PRODUCT, scenario, how="process")

    def day(self, database: str, people: int, subject: str) -> DayFound | None:
        """Somebody's working day."""
        wanted = (database, people, subject)
        return next((d for d in self.record.days if (d.database, d.people, d.subject) == wanted), None)

    def run(self, database: str, people: int, scenario: str) -> RunFound | None:
        """A visit in which `nobody` changed, `some` did, or the one `after` it."""
        wanted = (database, people, scenario)
        return next((r for r in self.record.runs if (r.database, r.people, r.scenario) == wanted), None)

    def clocks(self, database: str) -> tuple[ClocksFound | None, ClocksFound | None]:
        """Runs over the fewest and over the most time clocks; None where there was one number of them at most."""
        found = sorted((c for c in self.record.clocks if c.database == database), key=lambda c: c.looks)
        return (found[0], found[-1]) if len(found) > 1 else (None, None)

    def floor(self, database: str, shifts: int, *parts: str) -> float | None:
        """The sum of medians of parts of the floor; None where one is missing."""
        found = [self.seconds(database, shifts, "floor", part) for part in parts]
        return sum(part.value for part in found if part) if all(found) else None

    def floor_of(self, database: str, shifts: int, scenario: str) -> float | None:
        """The floor of a scenario: decoding, and writing everything or reading everything."""
        return self.floor(database, shifts, "decode", "write_all" if scenario == COLD else "read")

    def trips(self, database: str, shifts: int, subject: str, scenario: str, *, delay: int = 0) -> int | None:
        """Round trips of the whole process, as the relay counted them."""
        found = self.measured(database, shifts, subject, scenario, relay=True, delay=delay)
        return max((m.round_trips for m in found if m.round_trips is not None), default=None)

    def statements(self, database: str, shifts: int, subject: str, scenario: str) -> int | None:
        """Statements as the program itself counted them."""
        found = self.measured(database, shifts, subject, scenario)
        return max((m.statements for m in found if m.statements is not None), default=None)

    def peak(self, database: str, shifts: int, subject: str, how: str) -> float | None:
        """Peak memory above a bare interpreter over all scenarios."""
        found = [
            m.peak_mib
            for m in self.results
            if (m.database, m.shifts, m.subject, m.how) == (database, shifts, subject, how) and m.peak_mib is not None
        ]
        return max(found, default=None)

    def verdict(self, database: str, shifts: int, subject: str) -> str:
        """`right` if every judged state was; else what was wrong, the last state's words; empty if never judged."""
        said = [
            m.verdict
            for m in self.results
            if (m.database, m.shifts, m.subject) == (database, shifts, subject) and m.verdict
        ]
        wrong = [words for words in said if words != "right"]
        return wrong[-1] if wrong else (said[-1] if said else "")

    def subjects(self, database: str, shifts: int) -> list[tuple[str, str]]:
        """Everybody measured there, the product first, as (subject, how)."""
        found: dict[tuple[str, str], None] = {}
        for m in self.results:
            if (m.database, m.shifts) == (database, shifts) and m.how != "floor" and m.scenario in SCENARIOS:
                found[m.subject, m.how] = None
        return list(found)

    def first_after_change(self, database: str, shifts: int, how: str) -> Seconds | None:
        """Nothing changed, measured directly after a change."""
        return self.seconds(database, shifts, PRODUCT, AFTER, how=how)

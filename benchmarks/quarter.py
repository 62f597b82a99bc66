"""A quarter of six biweekly pay periods: closed, exported, edited late, corrected, and added up to the minute.

    .venv/bin/python benchmarks/quarter.py
    .venv/bin/python benchmarks/quarter.py --people 12 --databases sqlite postgresql --dry

After each period is exported, managers edit shifts of closed days in Connecteam: times corrected, shifts forgotten,
removed, moved to another day or another person, edits taken back. The edits become corrections, which are accepted into
the period after, some of them edited again before it is exported. At the end the minutes of all exports are compared
with those that Connecteam says by then, person by person; nothing may be left. Scratch databases, of the servers of the
tests; with `--dry` the figures are printed as JSON alone.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import make_url

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from conftest import ABSENT, SERVERS
from connecteam_sync.client import ConnecteamSync
from connecteam_sync.config import Settings
from connecteam_sync.core.window import Window
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.sandbox.company import Activity
from support.databases import run_statement

FIRST, DAYS, PERIODS = date(2025, 10, 6), 14, 6
"""The quarter; the clocks go back in its second period. One more period takes the corrections of the last."""
SHARE = 0.03
"""How many of the shifts of a period are edited after it was exported."""
AGAIN = 0.2
"""How many late edits are of a shift that was edited late before, and how many of these are taken back."""
_SATURDAY, _SELDOM = 5, 0.1
EDITS = ("later", "earlier", "removed", "forgotten", "other_day", "other_person")


class Figures(NamedTuple):
    """What one period came to: its shifts, the late edits since the period before was exported, the corrections that it
    carries, lines of its file, minutes of its rows and of these corrections.
    """

    period: str
    shifts: int
    edits: int
    corrections: int
    lines: int
    row_minutes: int
    correction_minutes: int


class Quarter:
    """One company, its mirror in one database, and what is exported of it."""

    def __init__(
        self, mirror: ConnecteamSync, company: Company, folder: Path, *, seed: int, share: float, reopens: float
    ) -> None:
        self.mirror, self.company, self.folder, self.share, self.reopens = mirror, company, folder, share, reopens
        self.random = random.Random(seed)  # noqa: S311 - repeatable, no secrets
        self.edited: list[tuple[str, int, int]] = []
        self.files: dict[int, Counter[str]] = {}
        """The minutes of each employee in the file of a period that counts."""
        self.figures: list[Figures] = []

    def window(self, number: int) -> Window:
        """The days of a period."""
        first = FIRST + timedelta(days=DAYS * number)
        return self.mirror.window(first, first + timedelta(days=DAYS - 1))

    def lived(self) -> None:
        """The whole quarter, and the period after it, which has no shifts of its own."""
        for number in range(PERIODS + 1):
            window = self.window(number)
            worked = self._work(window) if number < PERIODS else 0
            # A third of the late edits is made between the decision and the export; that is decided, too.
            edits = self._edit(number, self.share * 2 / 3)
            self._look()
            self._accept(number)
            edits += self._edit(number, self.share / 3)
            self._look()
            self._accept(number)
            self.mirror.payroll.close(window, by="Pia")
            self._export(number, worked, edits)
            # What the last reopening leaves to be decided is paid with the last period.
            for earlier in range(number + 1 if number < PERIODS else 0):
                if self.random.random() < self.reopens:
                    self._reopen(earlier, number + 1)

    # -- Connecteam ----------------------------------------------------------------------------------------------------

    def _work(self, window: Window) -> int:
        """Five days in seven everybody works, by day or by night; some shifts end on the next day."""
        worked = 0
        for day in (window.first + timedelta(days=number) for number in range(window.days)):
            for user in sorted(self.company.people):
                if day.weekday() < _SATURDAY or self.random.random() < _SELDOM:
                    is_night = self.random.random() < _SELDOM
                    begin = 22 * 60 if is_night else self.random.randrange(5 * 60, 14 * 60)
                    start = self.company.at(day, "00:00") + (begin * 60) + self.random.randrange(60)
                    length = self.random.randrange(3 * 3600, 10 * 3600)
                    self.company.add(user, start, start + length, created_at=start)
                    worked += 1
        return worked

    def _edit(self, closed: int, share: float) -> int:
        """Managers edit shifts of the first so many periods, which are closed; how many edits."""
        if not closed:
            return 0
        first, last = self.window(0).start_utc, self.window(closed - 1).end_utc
        newest = self.window(closed - 1).start_utc
        there = [shift for shift in self.company.shifts() if first <= shift.start < last]
        count = round(share * sum(shift.start >= newest for shift in there)) or 1
        for _ in range(count):
            if self.edited and self.random.random() < AGAIN:
                self._take_back()
            else:
                self._change(self.random.choice(there), closed)
            there = [shift for shift in self.company.shifts() if first <= shift.start < last]
        return count

    def _take_back(self) -> None:
        """A shift that was edited late has its former times again; one that is gone comes back under another id."""
        shift, start, end = self.edited.pop(self.random.randrange(len(self.edited)))
        if shift in self.company.activities:
            self.company.edit(shift, start=start, end=end)
        else:
            self.company.add(min(self.company.people), start, end, created_at=start)

    def _change(self, shift: Activity, closed: int) -> None:
        end = shift.end or shift.start
        kind = self.random.choice(EDITS)
        self.edited.append((shift.id, shift.start, end))
        if kind == "later":
            self.company.edit(shift.id, end=end + 60 * self.random.randrange(-90, 120))
        elif kind == "earlier":
            self.company.edit(shift.id, start=shift.start - 60 * self.random.randrange(-90, 120))
        elif kind == "removed":
            self.company.delete(shift.id)
        elif kind == "forgotten":
            user = self.random.choice(sorted(self.company.people))
            start = self._minute(closed)
            self.company.add(user, start, start + 60 * self.random.randrange(30, 240), created_at=start)
            self.edited.pop()
        elif kind == "other_day":
            start = self._minute(closed)
            self.company.edit(shift.id, start=start, end=start + (end - shift.start))
        else:
            shift.user_id = self.random.choice(sorted(self.company.people))
            self.company.edit(shift.id)

    def _minute(self, closed: int) -> int:
        """A moment of a closed period, at a second that no other shift begins at."""
        window = self.window(self.random.randrange(closed))
        return self.random.randrange(window.start_utc, window.end_utc - 12 * 3600)

    # -- payroll -------------------------------------------------------------------------------------------------------

    def _look(self) -> None:
        """A run over the whole quarter so far; nothing is held but what closed days keep."""
        run = self.mirror.sync(self.mirror.window(FIRST, self.window(PERIODS).last))
        others = {hold.reason for hold in run.holds} - {"locked_day"}
        if run.exit_code not in {0, 3} or others:
            raise AssertionError((run.exit_code, others, run.slices))

    def _accept(self, number: int) -> None:
        """Everything that waits is accepted into this period, which is open."""
        waiting = [one.number for one in self.mirror.payroll.corrections(state="pending")]
        if waiting:
            self.mirror.payroll.accept_corrections(waiting, into=self.window(number), by="Pia")

    def _export(self, number: int, worked: int, edits: int) -> None:
        window, file = self.window(number), self.folder / f"period{number}.csv"
        done = self.mirror.payroll.export(window, "csv", file, by="Pia")
        lines = self._counts(number, file)
        self.figures.append(
            Figures(
                period=str(window),
                shifts=worked,
                edits=edits,
                corrections=len(done.export.corrections),
                lines=len(lines),
                row_minutes=sum(minutes for _, minutes, of in lines if not of),
                correction_minutes=sum(minutes for _, minutes, of in lines if of),
            )
        )

    def _counts(self, number: int, file: Path) -> list[tuple[str, int, str]]:
        """The lines of the file of a period that counts from now on."""
        lines = list(_lines(file))
        self.files[number] = Counter()
        for employee, minutes, _ in lines:
            self.files[number][employee] += minutes
        return lines

    def _reopen(self, number: int, closed: int) -> None:
        """A period that was exported is opened, written, closed with whatever waits, and exported again."""
        window, payroll = self.window(number), self.mirror.payroll
        payroll.reopen(window, reason="a mistake", by="Pia")
        if self.random.random() < AGAIN:
            self._edit(closed, self.share)
        self._look()
        payroll.close(window, by="Pia", anyway="corrections wait")
        file = self.folder / f"period{number}-{sum(1 for _ in self.folder.iterdir())}.csv"
        payroll.export(window, "csv", file, again="it was opened", by="Pia")
        self._counts(number, file)

    # -- the end -------------------------------------------------------------------------------------------------------

    @property
    def paid(self) -> Counter[str]:
        """The minutes of each employee in all the files that count."""
        found: Counter[str] = Counter()
        for minutes in self.files.values():
            found.update(minutes)
        return found

    def truth(self) -> Counter[str]:
        """The minutes of each employee that Connecteam says now."""
        employees = {one.user_id: str(one.employee_id) for one in self.mirror.employees()}
        found: Counter[str] = Counter()
        for user, _, _, minutes in self.company.truth(FIRST, self.window(PERIODS).last):
            found[employees[user]] += minutes or 0
        return found

    def unequal(self) -> dict[str, tuple[int, int]]:
        """The people whose exports do not add up: what was exported, and what Connecteam says."""
        paid, truth = self.paid, self.truth()
        return {
            employee: (paid[employee], truth[employee])
            for employee in paid.keys() | truth.keys()
            if paid[employee] != truth[employee]
        }


def _lines(file: Path) -> Iterator[tuple[str, int, str]]:
    with file.open(encoding="utf-8", newline="") as opened:
        for line in csv.DictReader(opened):
            yield line["employee_id"], int(line["minutes"]), line["correction_of"]


class Found(NamedTuple):
    """What came of a quarter. `people_unequal` has, of each whose exports do not add up, both sums of minutes."""

    people: int
    shifts: int
    late_edits: int
    corrections: Counter[str]
    counter_entries: int
    exported_minutes: int
    connecteam_minutes: int
    people_compared: int
    people_unequal: dict[str, tuple[int, int]]
    periods: list[Figures]
    seconds: float


def measured(url: str, *, people: int, share: float, seed: int, reopens: float = 0) -> Found:
    """Live a quarter in an empty database, and say what came of it. `reopens` is how probably each period that was
    exported is opened and exported again, after each payday.
    """
    begin = time.perf_counter()
    limits = SandboxSettings(minute_limit=10**9, day_limit=10**9)
    with tempfile.TemporaryDirectory() as folder, Sandbox(Company(0, people=people), limits) as sandbox:
        settings = Settings(
            timezone=sandbox.company.timezone,
            database_url=url,
            base_url=sandbox.url,
            employees="create",
            max_deletes=10**6,
            max_deletes_share=1.0,
            max_deletes_of_person=10**6,
        )
        with ConnecteamSync(sandbox.key, settings=settings) as mirror:
            mirror.init()
            quarter = Quarter(mirror, sandbox.company, Path(folder), seed=seed, share=share, reopens=reopens)
            quarter.lived()
            corrections = mirror.payroll.corrections()
            return Found(
                people=people,
                shifts=sum(one.shifts for one in quarter.figures),
                late_edits=sum(one.edits for one in quarter.figures),
                corrections=Counter(one.state for one in corrections),
                counter_entries=sum(one.counter_of is not None for one in corrections),
                exported_minutes=sum(quarter.paid.values()),
                connecteam_minutes=sum(quarter.truth().values()),
                people_compared=len(quarter.paid),
                people_unequal=quarter.unequal(),
                periods=quarter.figures,
                seconds=round(time.perf_counter() - begin, 1),
            )


def _table(found: Found) -> Iterator[str]:
    yield "| period | shifts | late edits before it | hours of rows | corrections carried | their hours | lines |"
    yield "|---|---:|---:|---:|---:|---:|---:|"
    for one in found.periods:
        yield (
            f"| {one.period} | {one.shifts:,} | {one.edits} | {_hours(one.row_minutes)} |"
            f" {one.corrections} | {_hours(one.correction_minutes)} | {one.lines:,} |"
        )


def _hours(minutes: int) -> str:
    sign = "-" if minutes < 0 else ""
    return f"{sign}{abs(minutes) // 60:,}:{abs(minutes) % 60:02}"


def _databases(names: list[str]) -> Iterator[tuple[str, str]]:
    for name in names:
        if name == "sqlite":
            with tempfile.TemporaryDirectory() as folder:
                yield name, f"sqlite:///{folder}/quarter.db"
            continue
        if name in ABSENT:
            sys.stderr.write(f"{name} does not answer: {ABSENT[name]}\n")
            continue
        server, scratch = make_url(SERVERS[name]), "connecteam_sync_quarter"
        run_statement(server, f"DROP DATABASE IF EXISTS {scratch}")
        run_statement(server, f"CREATE DATABASE {scratch}")
        try:
            yield name, server.set(database=scratch).render_as_string(hide_password=False)
        finally:
            run_statement(server, f"DROP DATABASE {scratch}")


def main() -> int:
    """Live the quarter on each database, and print what came of it; 1 if anybody's minutes do not add up."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--people", type=int, default=40)
    parser.add_argument("--share", type=float, default=SHARE)
    parser.add_argument("--reopens", type=float, default=0.0, help="how probably an exported period is opened again")
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--databases", nargs="+", default=["sqlite"], choices=["sqlite", *SERVERS])
    parser.add_argument("--dry", action="store_true", help="print the figures as JSON")
    chosen = parser.parse_args()
    is_equal = True
    for name, url in _databases(chosen.databases):
        found = measured(url, people=chosen.people, share=chosen.share, seed=chosen.seed, reopens=chosen.reopens)
        is_equal = is_equal and not found.people_unequal
        rest = {"database": name, **found._asdict(), "periods": [one._asdict() for one in found.periods]}
        if not chosen.dry:
            del rest["periods"]
        sys.stdout.write("\n".join([*([] if chosen.dry else [*_table(found), ""]), json.dumps(rest)]) + "\n\n")
    return 0 if is_equal else 1


if __name__ == "__main__":
    sys.exit(main())

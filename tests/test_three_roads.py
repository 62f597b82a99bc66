"""The hours of a pay period by three roads: the file as a stranger reads it, the papers, and the table itself."""

from __future__ import annotations

import csv
import random
import re
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import openpyxl
from pyarrow import parquet

from connecteam_sync.core.exports import EXPORT_FORMATS
from connecteam_sync.sandbox import Sandbox
from connecteam_sync.sandbox.company import WAREHOUSE
from connecteam_sync.store.sql.quoting import run
from support.scenario import World
from test_export_layouts import folder, number, opened, reopened, sandbox

__all__ = ["folder", "sandbox"]
FIRST, LAST = date(2025, 10, 27), date(2025, 11, 9)
"""The clock goes back in the night to 2 November."""
PERIOD = f"{FIRST}..{LAST}"
Minutes = Counter[str]
"""Net minutes by the number that the payroll system knows a person by."""


def _hours(text: str) -> int:
    """Whole minutes of hours in hundredths, if they are a whole number of them."""
    minutes = Decimal(text) * 60
    assert minutes == int(minutes), text
    return int(minutes)


def _of_csv(person: int | str, hours: int | str) -> Callable[[Path], Minutes]:
    """A reader of two columns, by their headings or, where there is none, by their places."""

    def read(file: Path) -> Minutes:
        with file.open(encoding="utf-8", newline="") as opened_file:
            found: Minutes = Counter()
            if isinstance(person, int) and isinstance(hours, int):
                for cells in csv.reader(opened_file):
                    found[cells[person]] += _hours(cells[hours])
            else:
                for record in csv.DictReader(opened_file):
                    found[record[str(person)]] += _hours(record[str(hours)])
        return found

    return read


def _of_iif(file: Path) -> Minutes:
    found: Minutes = Counter()
    for line in file.read_text(encoding="utf-8").splitlines():
        cells = line.split("\t")
        if cells[0] == "TIMEACT":
            hours, _, minutes = cells[6].partition(":")
            found[cells[3]] += int(hours) * 60 + int(minutes)
    return found


READERS: Mapping[str, Callable[[Path], Minutes]] = {
    "adp": _of_csv("File #", "Reg Hours"),
    "paychex": _of_csv("Worker ID", "Hours"),
    "gusto": _of_csv("gusto_employee_id", "regular_hours"),
    "quickbooks": _of_iif,
    "paylocity": _of_csv(0, 3),
    "ukg": _of_csv("Employee Id", "Hours"),
}


def _of_lines(file: Path) -> tuple[Minutes, Minutes]:
    """Gross and net minutes by employee of one of the formats that have every line."""
    if file.suffix == ".parquet":
        records = parquet.read_table(file).to_pylist()
    elif file.suffix == ".xlsx":
        sheet = openpyxl.load_workbook(file).worksheets[0]
        rows = list(sheet.iter_rows(values_only=True))
        start = next(place for place, row in enumerate(rows) if row[0] == "employee_id")
        heading = [str(cell) for cell in rows[start]]
        records = [dict(zip(heading, row, strict=True)) for row in rows[start + 1 :]]
    else:
        with file.open(encoding="utf-8", newline="") as opened_file:
            records = list(csv.DictReader(opened_file))
    gross: Minutes = Counter()
    net: Minutes = Counter()
    for one in records:
        gross[str(one["employee_id"])] += int(one["minutes"])
        net[str(one["employee_id"])] += int(one["net_minutes"])
    return gross, net


def _worked(world: World) -> dict[int, set[int]]:
    """Two weeks of four people: days, nights, the long night; shifts of whole hundredths of an hour, lunch unpaid. The
    minutes that each has worked, without lunch.
    """
    chance, company = random.Random(7), world.company  # noqa: S311 - no secret
    at_work: dict[int, set[int]] = {}
    for user in sorted(company.people)[:4]:
        at_work[user] = set()
        for number_of_day in range(14):
            day = FIRST + timedelta(days=number_of_day)
            begin = company.at(day, chance.choice(["08:27", "08:00", "13:15", "22:00"])) + 180 * chance.randrange(5)
            end = begin + 180 * chance.randrange(80, 180)
            company.add(user, begin, end, clock=WAREHOUSE)
            minutes = set(range(begin // 60, end // 60))
            if chance.random() < 0.7:
                lunch = begin + 3600 * 2
                company.take_break(user, lunch, lunch + 1800, clock=WAREHOUSE)
                minutes -= set(range(lunch // 60, lunch // 60 + 30))
            at_work[user] |= minutes
    return at_work


def test_each_file_the_papers_and_the_table_have_the_same_hours(
    sandbox: Sandbox, initialised: str, folder: Path
) -> None:
    """In every format, by person, and as they were worked, counted minute by minute."""
    world = opened(sandbox, initialised, rounding="none")
    at_work = _worked(world)
    world.mirror.sync(window := world.mirror.window(FIRST, LAST))
    world = reopened(world, "ALTER TABLE employees ADD COLUMN file_number VARCHAR(20)")
    ids = [row["id"] for row in world.table("employees")][: len(at_work)]
    number(world, *(f"{100900 + place}" for place in range(len(ids))))
    numbers = {str(one): f"{100900 + place}" for place, one in enumerate(ids)}
    world.mirror.payroll.close(PERIOD, anyway="breaks")

    by_hand = sorted(map(len, at_work.values()))
    with world.mirror.store.reading() as session:
        sums = "SELECT employee_id, SUM(total_minutes) FROM clock_times GROUP BY employee_id"
        table = {str(employee): int(minutes) for employee, minutes in run(session.connection, sums)}
    found = world.mirror.payroll.hours(window)
    net = {str(line.employee_id): line.net_minutes for line in found.lines}
    assert {str(line.employee_id): line.gross_minutes for line in found.lines} == table
    assert sorted(net.values()) == by_hand
    sheets = world.mirror.payroll.timesheets(PERIOD)
    assert {str(sheet.employee.id): (sheet.gross_minutes, sheet.net_minutes) for sheet in sheets} == {
        person: (table[person], net[person]) for person in table
    }
    [checked] = [world.mirror.payroll.check(PERIOD).checked]
    assert checked is not None
    assert {str(total.employee_id): total.minutes_table for total in checked.totals} == table

    for place, name in enumerate(EXPORT_FORMATS):
        suffix = {"xlsx": "xlsx", "parquet": "parquet", "quickbooks": "iif"}.get(name, "csv")
        file = folder / ("PRABCEPI.csv" if name == "adp" else f"{name}.{suffix}")
        done = world.mirror.payroll.export(PERIOD, name, file, again="another format" if place else None)
        assert {str(one.employee_id): (one.net_minutes, one.residue_seconds) for one in done.totals} == {
            person: (minutes, 0) for person, minutes in net.items()
        }
        assert done.export.minutes == sum(table.values())
        if name in READERS:
            said = {re.sub("^0+", "", person): minutes for person, minutes in READERS[name](file).items()}
            assert said == {numbers[person]: minutes for person, minutes in net.items()}, name
        else:
            assert _of_lines(file) == (Counter(table), Counter(net)), name

"""Files of periods beside purged days: what was taken off stays off, and nobody is paid for a break twice."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from connecteam_sync.sandbox.company import WAREHOUSE, Activity
from support.long_ago import LongAgo, long_ago

BEFORE, PURGED, AFTER = "2021-02-22..2021-02-28", "2021-03-01..2021-03-07", "2021-03-08..2021-03-14"
TUESDAY = date(2021, 3, 2)
Line = tuple[str, int, int, str]
"""The day of a line, gross minutes, unpaid ones, and the job."""


@pytest.fixture
def world(initialised: str) -> Iterator[LongAgo]:
    """Two people who worked years ago."""
    with long_ago(initialised) as made:
        yield made


def lunch(world: LongAgo, day: date, begin: str, end: str | None) -> Activity:
    """An unpaid break of the first person."""
    at = world.company.at
    return world.company.take_break(world.user, at(day, begin), at(day, end) if end else None, clock=WAREHOUSE)


def written(world: LongAgo, file: Path, period: str, again: str | None = None) -> list[Line]:
    """The lines of the first person in the file of a period, which is written now."""
    world.mirror.payroll.export(period, "csv", file, again=again)
    mine = str(world.employee(world.user))
    with file.open(encoding="utf-8", newline="") as opened:
        return [
            (one["first_day"], int(one["minutes"]), int(one["break_minutes"]), one["job"])
            for one in csv.DictReader(opened)
            if one["employee_id"] == mine
        ]


def edited(world: LongAgo, folder: Path, *, is_removed: bool) -> None:
    """Tuesday has a break of half an hour and is exported; then it gets longer by two hours with a second break, or
    goes; the correction is accepted into the period after.
    """
    payroll, company = world.mirror.payroll, world.company
    [shift] = [one for one in company.shifts(TUESDAY, TUESDAY) if one.user_id == world.user]
    lunch(world, TUESDAY, "12:00", "12:30")
    world.looked()
    payroll.close(PURGED, anyway="x")
    assert written(world, folder / "first.csv", PURGED) == [("2021-03-02", 480, 30, "Picking")]
    if is_removed:
        company.delete(shift.id)
    else:
        company.edit(shift.id, end=company.at(TUESDAY, "18:00"))
        lunch(world, TUESDAY, "17:00", "17:15")
    world.looked()
    [waits] = payroll.corrections(state="pending")
    payroll.accept_corrections([waits.number], into=AFTER)
    payroll.close(AFTER, anyway="x")


@pytest.mark.parametrize(
    ("is_removed", "line"),
    [(False, ("2021-03-02", 120, 15, "Picking")), (True, ("2021-03-02", -480, -30, "Picking"))],
    ids=["longer", "removed"],
)
def test_a_correction_of_a_purged_day_is_repeated_as_it_was(
    world: LongAgo, tmp_path: Path, *, is_removed: bool, line: Line
) -> None:
    """Its breaks and its job are gone: the file before has them, again and again."""
    edited(world, tmp_path, is_removed=is_removed)
    first = written(world, tmp_path / "1.csv", AFTER)
    assert first == [("2021-03-10", 480, 0, "Picking"), line]
    world.purged(PURGED)
    assert written(world, tmp_path / "2.csv", AFTER, "lost") == first
    world.looked()
    assert written(world, tmp_path / "3.csv", AFTER, "lost once more") == first


@pytest.mark.parametrize(
    ("is_removed", "line"),
    [(False, ("2021-03-02", 120, 0, "")), (True, ("2021-03-02", -480, -30, ""))],
    ids=["longer", "removed"],
)
def test_a_correction_that_is_first_written_after_the_purge(
    world: LongAgo, tmp_path: Path, *, is_removed: bool, line: Line
) -> None:
    """Nobody knows its breaks: what the file of the day took off stays off, unless the whole shift went."""
    edited(world, tmp_path, is_removed=is_removed)
    world.purged(PURGED)
    assert written(world, tmp_path / "1.csv", AFTER) == [("2021-03-10", 480, 0, "Picking"), line]


@pytest.mark.parametrize("end", ["24:20", None], ids=["ended", "never ended"])
def test_a_break_that_lasts_beyond_the_purged_days_is_still_taken_off(
    world: LongAgo, tmp_path: Path, end: str | None
) -> None:
    """It is of a shift of the day after; one that ended before goes."""
    monday, sunday = date(2021, 3, 8), date(2021, 3, 7)
    world.worked(monday, "00:00", "00:20")
    lunch(world, TUESDAY, "12:00", "12:30")
    lunch(world, sunday, "23:50", end)
    world.looked()
    world.mirror.payroll.close(AFTER, anyway="x")
    first = written(world, tmp_path / "1.csv", AFTER)
    assert first[0] == ("2021-03-08", 20, 20, "Picking")
    done = world.purged(PURGED)
    assert done.counts.breaks == 1
    assert written(world, tmp_path / "2.csv", AFTER, "lost") == first


def test_a_break_of_a_night_before_the_purged_days_is_still_taken_off(world: LongAgo, tmp_path: Path) -> None:
    """The night belongs to the day on which it began; a break after its end, and one of somebody else, go."""
    sunday, monday = date(2021, 2, 28), date(2021, 3, 1)
    world.worked(sunday, "22:00", "30:00")
    lunch(world, monday, "02:00", "02:30")
    lunch(world, monday, "06:00", "06:30")
    at = world.company.at
    world.company.take_break(world.other, at(monday, "02:00"), at(monday, "02:30"), clock=WAREHOUSE)
    world.mirror.sync(world.mirror.window(sunday, monday))
    world.mirror.payroll.close(BEFORE, anyway="x")
    first = written(world, tmp_path / "1.csv", BEFORE)
    assert first == [("2021-02-28", 480, 30, "Picking")]
    assert world.purged(PURGED).counts.breaks == 2
    assert written(world, tmp_path / "2.csv", BEFORE, "lost") == first


def test_the_night_that_ends_last_before_the_purged_days_keeps_its_breaks(world: LongAgo, tmp_path: Path) -> None:
    """Two shifts of somebody overlap: the break after the end of the shorter one is still in the longer one."""
    sunday, monday = date(2021, 2, 28), date(2021, 3, 1)
    world.worked(sunday, "20:00", "30:00")
    world.worked(sunday, "22:00", "25:00")
    lunch(world, monday, "04:00", "04:30")
    world.mirror.sync(world.mirror.window(sunday, monday))
    world.mirror.payroll.close(BEFORE, anyway="x")
    first = written(world, tmp_path / "1.csv", BEFORE)
    assert first == [("2021-02-28", 600, 30, "Picking"), ("2021-02-28", 180, 0, "Picking")]
    assert world.purged(PURGED).counts.breaks == 0
    assert written(world, tmp_path / "2.csv", BEFORE, "lost") == first


def test_a_break_between_two_parts_of_a_purge_goes(world: LongAgo) -> None:
    """Weeks are purged one after the other, all of them in the end: what lies across their edge is across nothing."""
    sunday = date(2021, 3, 7)
    world.worked(sunday, "20:00", "28:00")
    lunch(world, sunday, "23:50", "24:20")
    world.looked()
    assert world.purged().counts.breaks == 1
    assert world.counts()["breaks"] == 0

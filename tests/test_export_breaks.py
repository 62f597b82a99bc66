"""Unpaid breaks in the files of exports: whatever was paid or written again, all files together have the net hours."""

from __future__ import annotations

import csv
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from connecteam_sync.errors import ExportRefused
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.sandbox.company import WAREHOUSE, Activity
from support.scenario import World

CLOSED, NEXT, LAST = "2025-12-01..2025-12-04", "2025-12-05..2025-12-07", "2025-12-12..2025-12-13"
LATER = (NEXT, "2025-12-08..2025-12-09", "2025-12-10..2025-12-11")
DAYS = (1, 2, 3)


@pytest.fixture
def world(initialised: str) -> Iterator[World]:
    """An empty company and an initialised database."""
    with Sandbox(Company(0), SandboxSettings(minute_limit=100_000)) as sandbox:
        made = World(sandbox, initialised)
        yield made
        made.mirror.close()


def lunch(world: World, begin: str = "12:00", end: str = "12:30") -> Activity:
    """An unpaid break of Tuesday."""
    return world.company.take_break(world.user, world.at(2, begin), world.at(2, end), clock=WAREHOUSE)


def written(world: World, folder: Path, period: str, again: str | None = None, *, without: bool = False) -> None:
    """Export a period to the next file."""
    name = f"{len(world.mirror.payroll.exports())}.csv"
    world.mirror.payroll.export(period, "csv", folder / name, again=again, without_blocked=without)


def settled(world: World, folder: Path, period: str) -> None:
    """A look; whatever waits is accepted into the period, which is closed and exported."""
    world.sync()
    payroll = world.mirror.payroll
    if waits := [one.number for one in payroll.corrections(state="pending")]:
        payroll.accept_corrections(waits, into=period)
    payroll.close(period, anyway="breaks")
    written(world, folder, period)


def paid(world: World, folder: Path) -> tuple[int, int]:
    """The gross and the net minutes of all files that count."""
    gross = net = 0
    for entry in world.mirror.payroll.exports():
        if entry.replaced_by is None:
            with (folder / entry.file_name).open(encoding="utf-8", newline="") as opened:
                for record in csv.DictReader(opened):
                    gross += int(record["minutes"])
                    net += int(record["net_minutes"])
    return gross, net


def a_tuesday(world: World) -> Activity:
    """A closed period with an hour of Monday, and a shift of Tuesday with a break of half an hour."""
    world.work(1, "08:00", "09:00")
    shift = world.work(2, "08:00", "16:00")
    lunch(world)
    world.sync()
    world.mirror.payroll.close(CLOSED, anyway="breaks")
    return shift


def later(world: World, shift: Activity) -> None:
    """Two hours more."""
    world.company.edit(shift.id, end=world.at(2, "18:00"))


def gone(world: World, shift: Activity) -> None:
    """Nobody worked that Tuesday."""
    world.company.delete(shift.id)


@pytest.mark.parametrize(
    ("edit", "gross", "net"), [(later, 660, 630), (gone, 60, 60)], ids=["two hours more", "deleted"]
)
def test_the_break_of_somebody_who_was_left_out_is_taken_off_once(
    world: World, tmp_path: Path, edit: Callable[[World, Activity], None], gross: int, net: int
) -> None:
    """The first file had no row of theirs: the one that takes its place takes the break off, and the correction not."""
    shift = a_tuesday(world)
    employee = world.table()[0]["employee_id"]
    world.execute(
        "INSERT INTO clock_times (employee_id, clock_in, is_active, source) VALUES (:who, :at, :yes, 'hand')",
        who=employee,
        at="2025-12-03 14:00:00",
        yes=True,
    )
    written(world, tmp_path, CLOSED, without=True)
    assert paid(world, tmp_path) == (0, 0)
    edit(world, shift)
    settled(world, tmp_path, NEXT)
    world.execute("DELETE FROM clock_times WHERE source = 'hand'")
    written(world, tmp_path, CLOSED, "now with everybody")
    assert paid(world, tmp_path) == (gross, net)


@pytest.mark.parametrize("is_paid_back_first", [True, False], ids=["paid back first", "written again first"])
def test_a_day_that_was_opened_after_its_correction_was_paid(
    world: World, tmp_path: Path, *, is_paid_back_first: bool
) -> None:
    """Its row has the new times and their breaks; the way back gives back what the correction took off."""
    shift = a_tuesday(world)
    written(world, tmp_path, CLOSED)
    later(world, shift)
    lunch(world, "17:00", "17:30")
    settled(world, tmp_path, NEXT)
    assert paid(world, tmp_path) == (660, 600)
    payroll = world.mirror.payroll
    payroll.reopen(CLOSED, reason="the late break")
    world.sync()
    payroll.close(CLOSED, anyway="breaks")
    if is_paid_back_first:
        settled(world, tmp_path, LAST)
        written(world, tmp_path, CLOSED, "opened")
    else:
        written(world, tmp_path, CLOSED, "opened")
        settled(world, tmp_path, LAST)
    assert paid(world, tmp_path) == (660, 600)


def test_a_correction_that_was_paid_back_keeps_the_breaks_that_it_took_off(world: World, tmp_path: Path) -> None:
    """Its file is written again after a further break: what the way back gave back is what it took."""
    shift = a_tuesday(world)
    written(world, tmp_path, CLOSED)
    later(world, shift)
    settled(world, tmp_path, NEXT)
    world.company.edit(shift.id, end=world.at(2, "16:00"))
    settled(world, tmp_path, LATER[1])
    lunch(world, "17:00", "17:30")
    world.sync()
    written(world, tmp_path, NEXT, "lost")
    assert paid(world, tmp_path) == (540, 510)


def test_the_break_of_the_last_day_of_a_period_is_taken_off_once(world: World, tmp_path: Path) -> None:
    """A further break comes with the correction: what the file of its own period has taken off is the first one."""
    shift = world.work(4, "08:00", "16:00")
    world.company.take_break(world.user, world.at(4, "12:00"), world.at(4, "12:30"), clock=WAREHOUSE)
    world.sync()
    world.mirror.payroll.close(CLOSED, anyway="breaks")
    written(world, tmp_path, CLOSED)
    world.company.edit(shift.id, end=world.at(4, "18:00"))
    world.company.take_break(world.user, world.at(4, "10:00"), world.at(4, "10:20"), clock=WAREHOUSE)
    settled(world, tmp_path, NEXT)
    assert paid(world, tmp_path) == (600, 550)


def test_a_correction_that_is_written_again_knows_only_what_was_paid_before_it(world: World, tmp_path: Path) -> None:
    """Further breaks were paid by a later correction, which the file of the first one does not give back."""
    shift = a_tuesday(world)
    written(world, tmp_path, CLOSED)
    later(world, shift)
    lunch(world, "17:00", "17:30")
    settled(world, tmp_path, NEXT)
    world.company.edit(shift.id, end=world.at(2, "19:00"))
    lunch(world, "18:00", "18:30")
    settled(world, tmp_path, LATER[1])
    assert paid(world, tmp_path) == (720, 630)
    written(world, tmp_path, NEXT, "lost")
    assert paid(world, tmp_path) == (720, 630)
    written(world, tmp_path, LATER[1], "lost")
    assert paid(world, tmp_path) == (720, 630)


def test_a_shift_that_moved_to_another_day_takes_its_break_along(world: World, tmp_path: Path) -> None:
    """The day that it left gives the break back, the other one takes it off: a later correction knows of both."""
    shift = world.work(2, "00:30", "08:30")
    lunch(world, "02:00", "02:30")
    world.sync()
    world.mirror.payroll.close(CLOSED, anyway="breaks")
    written(world, tmp_path, CLOSED)
    world.company.edit(shift.id, start=world.at(1, "22:30"))
    settled(world, tmp_path, NEXT)
    assert paid(world, tmp_path) == (600, 570)
    world.company.edit(shift.id, end=world.at(2, "09:30"))
    settled(world, tmp_path, LATER[1])
    assert paid(world, tmp_path) == (660, 630)


def test_a_break_beside_a_correction_that_no_file_has_yet(world: World, tmp_path: Path) -> None:
    """Files that are written again take it off, since a correction that waits has told nothing against them yet."""
    shift = a_tuesday(world)
    written(world, tmp_path, CLOSED)
    later(world, shift)
    world.sync()
    world.mirror.payroll.accept_corrections([1], into=NEXT)
    lunch(world, "15:00", "15:30")
    world.sync()
    written(world, tmp_path, CLOSED, "lost")
    assert paid(world, tmp_path) == (540, 480)
    settled(world, tmp_path, NEXT)
    world.company.edit(shift.id, end=world.at(2, "19:00"))
    lunch(world, "17:00", "17:30")
    world.sync()
    written(world, tmp_path, NEXT, "lost")
    assert paid(world, tmp_path) == (660, 570)
    settled(world, tmp_path, LATER[1])
    assert paid(world, tmp_path) == (720, 630)


def test_a_shift_that_was_removed_before_its_day_was_exported(world: World, tmp_path: Path) -> None:
    """The correction, of a period long after, gives back the break that the file of the day takes off at last."""
    shift = a_tuesday(world)
    gone(world, shift)
    settled(world, tmp_path, LAST)
    written(world, tmp_path, CLOSED)
    assert paid(world, tmp_path) == (60, 60)


def test_a_correction_that_brings_a_break_of_an_unknown_type_stops_the_file(world: World, tmp_path: Path) -> None:
    """What was there before counts no more: a file with the correction waits until nobody has to ask any more."""
    shift = a_tuesday(world)
    written(world, tmp_path, CLOSED)
    later(world, shift)
    unknown = world.company.take_break(
        world.user, world.at(2, "17:00"), world.at(2, "17:30"), clock=WAREHOUSE, break_type="removed"
    )
    with pytest.raises(ExportRefused, match="correction 1 has a break of a type") as caught:
        settled(world, tmp_path, NEXT)
    assert caught.value.blocked[0].reasons == ("break_type_unknown",)
    world.company.delete(unknown.id)
    world.sync()
    written(world, tmp_path, NEXT)
    assert paid(world, tmp_path) == (660, 630)


@pytest.mark.parametrize("seed", [24, 33])
def test_all_files_together_are_the_net_hours(world: World, tmp_path: Path, seed: int) -> None:
    """Times and breaks of closed days change, corrections are paid, days opened, files written again."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    payroll = world.mirror.payroll
    shifts = {(user, day): world.work(day, "08:00", "16:00", user=user) for user in _two(world) for day in DAYS}
    for user, day in shifts:
        if chance.random() < 0.6:
            world.company.take_break(user, world.at(day, "12:00"), world.at(day, "12:30"), clock=WAREHOUSE)
    world.sync()
    payroll.close(CLOSED, anyway="breaks")
    written(world, tmp_path, CLOSED)
    for number, period in enumerate(LATER):
        for _ in range(chance.randrange(1, 4)):
            _happening(world, shifts, chance)
        settled(world, tmp_path, period)
        for again in (CLOSED, chance.choice((CLOSED, *LATER)[: number + 2])):
            if chance.random() < 0.4:
                written(world, tmp_path, again, "lost")
        if chance.random() < 0.3:
            _opened(world)
            if chance.random() < 0.5:
                written(world, tmp_path, CLOSED, "opened")
    _opened(world)
    settled(world, tmp_path, LAST)
    written(world, tmp_path, CLOSED, "the end")
    assert paid(world, tmp_path) == _worked(world, shifts)


def _two(world: World) -> list[int]:
    return sorted(world.company.people)[:2]


def _opened(world: World) -> None:
    world.mirror.payroll.reopen(CLOSED, reason="a mistake")
    world.sync()
    world.mirror.payroll.close(CLOSED, anyway="breaks")


def _happening(world: World, shifts: dict[tuple[int, int], Activity], chance: random.Random) -> None:
    user, day = chance.choice(sorted(shifts))
    company, shift = world.company, shifts[user, day]
    what = chance.choice(["end", "back", "break", "break", "no break", "replace"])
    if what in {"end", "back"}:
        moved = 60 * chance.randrange(-240, 240) if what == "end" else 0
        company.edit(shift.id, end=world.at(day, "16:00") + moved)
    elif what == "break":
        begin = world.at(day, "09:00") + 60 * chance.randrange(600)
        company.take_break(user, begin, begin + 60 * chance.randrange(5, 60), clock=WAREHOUSE)
    elif what == "no break":
        inside = [one for one in _breaks(world, user) if world.at(day, "00:00") <= one.start < world.at(day, "24:00")]
        if inside:
            company.delete(chance.choice(inside).id)
    else:
        company.delete(shift.id)
        end = (shift.end or 0) + 60 * chance.randrange(-30, 30)
        shifts[user, day] = company.add(user, shift.start, end, clock=WAREHOUSE)


def _breaks(world: World, user: int) -> list[Activity]:
    return [one for one in world.company.activities.values() if one.kind == "manual_break" and one.user_id == user]


def _worked(world: World, shifts: dict[tuple[int, int], Activity]) -> tuple[int, int]:
    """Gross and net minutes as Connecteam has them, counted minute by minute."""
    gross = net = 0
    for (user, _), shift in shifts.items():
        begin, end = shift.start // 60, (shift.end or 0) // 60
        off = {minute for one in _breaks(world, user) for minute in range(one.start // 60, (one.end or 0) // 60)}
        gross += end - begin
        net += len(set(range(begin, end)) - off)
    return gross, net

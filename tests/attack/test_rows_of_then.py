"""Rows as of an earlier run: over random lives they are what a copy of the table of then has."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from connecteam_sync.core.clocktime import ClockTime
from connecteam_sync.core.keys import RowId
from connecteam_sync.errors import UndoRefused
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from support.random_life import Life
from support.scenario import FIRST, LAST, World

Row = tuple[RowId | None, RowId, int, int | None, int]
DAYS = f"{FIRST}..{LAST}"


def copied(world: World) -> dict[RowId | None, ClockTime]:
    """The rows of ours that begin on the days, as the table has them."""
    with world.mirror.store.reading() as session:
        every = session.rows_of_all()
    return {row.id: row for row in every if row.is_ours and world.window.holds(row.clock_in)}


def rows_of(copy: dict[RowId | None, ClockTime], without: set[RowId | None]) -> set[Row]:
    """What is compared of a copy."""
    return {
        (row.id, row.employee_id, row.clock_in, row.clock_out, row.minutes)
        for row in copy.values()
        if row.id not in without
    }


def as_of(world: World, moment: int, without: set[RowId | None]) -> set[Row]:
    """The same as the timesheets of everybody show it."""
    return {
        (one.clock_time_id, one.employee_id, one.clock_in, one.clock_out, one.gross_minutes)
        for sheet in world.mirror.payroll.timesheets(DAYS, as_of=moment)
        for one in sheet.shifts
        if one.is_ours and one.clock_time_id not in without
    }


@pytest.mark.usefixtures("initialised")
@pytest.mark.parametrize("seed", range(4))
def test_rows_of_then_are_what_a_copy_has(database: str, seed: int) -> None:
    """Through edits, deletions, new ids, people at the table and undone runs; one person's own sheet says the same."""
    with Sandbox(Company(0), SandboxSettings(minute_limit=1_000_000)) as sandbox:
        world = World(sandbox, database, max_deletes=100_000, max_users_gone_share=1.0)
        life = Life(world, 100 + seed)
        copies: dict[int, dict[RowId | None, ClockTime]] = {}
        odd: set[RowId | None] = set()
        for round_ in range(12):
            for _ in range(life.chance.randrange(1, 6)):
                life.step()
            before = copied(world)
            if round_ % 4 == 3:
                life.meddle()
                met = {key for key in before if copied(world).get(key) != before[key]}
                run = world.sync()
                # What no run writes again is another program's: as of when it counts, nobody knows.
                told = {entry.change.image.id for entry in world.mirror.show(run.id or 0)[1]}
                odd |= met - told - (before.keys() - {row["id"] for row in world.table()})
            elif round_ % 5 == 4 and copies:
                try:
                    run = world.mirror.undo(max(copies))
                except UndoRefused:
                    run = life.sync()
            else:
                run = life.sync()
            copies[run.id or 0] = copied(world)
        assert any(rows_of(one, odd) != rows_of(other, odd) for one in copies.values() for other in copies.values())
        for number, copy in copies.items():
            assert as_of(world, number, odd) == rows_of(copy, odd), number
        people = world.mirror.names().keys()  # an undone run takes the employees away that it made
        middle = sorted(copies)[len(copies) // 2]
        every = {sheet.employee.id: sheet for sheet in world.mirror.payroll.timesheets(DAYS, as_of=middle)}
        assert people & every.keys()
        for person in people & every.keys():
            alone = world.mirror.payroll.timesheet(person, DAYS, as_of=middle)
            assert (alone.weeks, alone.edits) == (every[person].weeks, every[person].edits)
        world.mirror.close()


@pytest.fixture
def world(initialised: str) -> Iterator[World]:
    """A shift whose row somebody edits, which a run sees and leaves; the row has 7 minutes then."""
    with Sandbox(Company(0), SandboxSettings(minute_limit=100_000)) as sandbox:
        made = World(sandbox, initialised, local_edits="keep")
        made.work(2, "08:00", "16:00")
        assert made.sync().id == 1
        made.execute("UPDATE clock_times SET total_minutes = 7")
        assert made.sync().id == SEEN
        yield made
        made.mirror.close()


SEEN = 2
"""The run that sees the edit."""


def minutes(world: World, moment: int) -> list[tuple[int, bool]]:
    """The minutes of each row as of a run, and whether the journal says that; hours and timesheets agree."""
    found = [
        (one.gross_minutes, one.is_journaled)
        for sheet in world.mirror.payroll.timesheets(DAYS, as_of=moment)
        for one in sheet.shifts
    ]
    total = world.mirror.payroll.hours(world.window, as_of=moment).total
    assert (total.rows, total.gross_minutes) == (len(found), sum(one for one, _ in found))
    return found


def test_an_edit_that_was_left_until_a_later_run_corrected_it(world: World) -> None:
    """As of the runs between it stood in the table, whatever became of the hold."""
    strict = world.mirror_of(world.sandbox, world.mirror.store.url.render_as_string(hide_password=False))
    corrected = strict.sync(world.window)
    strict.close()
    assert corrected.counts.updated == 1
    assert minutes(world, 1) == [(480, True)]
    assert minutes(world, SEEN) == [(7, False)]
    assert minutes(world, corrected.id or 0) == [(480, True)]


def test_a_row_that_was_edited_and_deleted_later(world: World) -> None:
    """The hold that stands for the edit says by and by that the row is gone: not as of the run before."""
    world.execute("DELETE FROM clock_times")
    deleted = world.sync().id or 0
    assert [one.first_run for one in world.mirror.holds()] == [SEEN]
    later = world.sync().id or 0
    assert minutes(world, 1) == [(480, False)]
    assert minutes(world, SEEN) == [(480, False)]
    assert minutes(world, deleted) == minutes(world, later) == []


def test_a_row_that_was_deleted_after_its_shift_was(world: World) -> None:
    """While the hold stood on the edited row it was there."""
    world.company.delete(world.company.shifts()[0].id)
    gone = world.sync().id or 0
    world.execute("DELETE FROM clock_times")
    later = world.sync().id or 0
    assert minutes(world, gone) == [(480, False)]
    assert minutes(world, later) == []


def test_an_edit_that_no_run_had_seen_is_not_of_then(initialised: str) -> None:
    """A hold that stood on the row for another reason says nothing of edits: the journal has what was there."""
    with Sandbox(Company(0), SandboxSettings(minute_limit=100_000)) as sandbox:
        world = World(sandbox, initialised, max_deletes_of_person=0)
        shift = world.work(2, "08:00", "16:00")
        for day in (1, 2, 3):
            world.work(day, "09:00", "10:00", user=max(world.company.people))
        world.sync()
        world.company.delete(shift.id)
        guarded = world.sync().id or 0
        assert [one.hold.reason for one in world.mirror.holds()] == ["deletes_guarded"]
        world.execute("UPDATE clock_times SET total_minutes = 7")
        assert sorted(minutes(world, guarded)) == [*[(60, True)] * 3, (480, True)]
        world.mirror.close()


@pytest.mark.usefixtures("initialised")
def test_a_run_that_wrote_nothing_after_the_clock_was_set_back(database: str) -> None:
    """Runs with smaller numbers came before it, whatever their clocks say; what is written later does not count."""
    noon = datetime(2025, 12, 11, 18, tzinfo=UTC)
    with Sandbox(Company(0), SandboxSettings(minute_limit=1_000_000)) as sandbox:
        company = sandbox.company
        person = min(company.people)
        with time_machine.travel(noon):
            world = World(sandbox, database)
            company.add(person, company.at(FIRST, "08:00"), company.at(FIRST, "12:00"))
            world.sync()
            first = copied(world)
        assert len(first) == 1
        with time_machine.travel(noon - timedelta(hours=3)):
            assert (quiet := world.sync()).status == "nothing"
        company.add(person, company.at(FIRST, "13:00"), company.at(FIRST, "17:00"))
        with time_machine.travel(noon - timedelta(hours=2)):
            world.sync()
            second = copied(world)
            assert (last := world.sync()).status == "nothing"
        assert len(second) == 2
        assert as_of(world, quiet.id or 0, set()) == rows_of(first, set())
        assert as_of(world, last.id or 0, set()) == rows_of(second, set())
        world.mirror.close()

"""Rows as of an earlier run: over random lives they are what a copy of the table of then has."""

from __future__ import annotations

import pytest

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

"""A hold goes with the row that it is about, whoever takes the row: in the same transaction."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from test_damaged import fill, host_tables

from connecteam_sync.core.clocktime import clock_time_of
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.sandbox.company import OFFICE
from support.scenario import World


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A Connecteam with three people."""
    with Sandbox(Company(0, people=3), SandboxSettings(minute_limit=1_000_000)) as running:
        yield running


@pytest.mark.usefixtures("initialised")
def test_undo_takes_the_holds_of_the_rows_that_it_removes(sandbox: Sandbox, database: str) -> None:
    """Of rows whose people are not listed any more; a hold about another person's row stands on."""
    world = World(sandbox, database)
    first, second = sorted(world.company.people)[:2]
    world.work(2, "08:00", "12:00", user=second)
    world.sync()
    for day in (3, 4):
        world.work(day, "08:00", "12:00", user=first)
    run = world.sync()
    shown = {user: set(world.company.people[user].clocks) for user in (first, second)}
    gone = {shift.id: shift for shift in world.company.activities.values()}
    world.company.activities.clear()
    for user in shown:
        world.company.people[user].clocks = {OFFICE}
    # Others go on working: an answer without any shift at all would be refused.
    world.work(2, "08:00", "12:00", user=sorted(world.company.people)[2])
    assert [world.sync(accept=words(world)).exit_code, world.reasons()] == [3, ["user_not_listed"] * 3]
    by = world.mirror.undo(run.id or 0)
    (left,) = world.mirror.holds()
    assert left.hold.user_id == second
    resolved = [row for row in world.table("connecteam_sync_holds") if row["resolved_run"] is not None]
    assert {row["resolved_run"] for row in resolved} == {by.id}
    world.company.activities |= gone
    for user, clocks in shown.items():
        world.company.people[user].clocks = clocks
    assert world.sync().exit_code == 0
    assert world.mirror.holds() == ()
    world.mirror.close()


def words(world: World) -> list[str]:
    """What a guard of such a list of people wants to hear."""
    plan = world.mirror.plan(world.window)
    return [refusal.fingerprint for one in plan.plans for refusal in one.refusals]


def test_adopt_takes_the_holds_of_the_doubles_that_it_removes(sandbox: Sandbox, database: str) -> None:
    """A double of a row stands without a shift; once it is removed nothing is held, with no run in between."""
    employees = host_tables(database, sorted(sandbox.company.people))
    world = World(sandbox, database, employees="match")
    shift = world.work(3, "08:00", "12:00")
    row = clock_time_of(employees[shift.user_id], shift.start, shift.end)
    fill(world, [row, row])
    stray = clock_time_of(employees[shift.user_id], shift.start + 40_000, shift.start + 41_000)
    fill(world, [stray])
    assert world.sync().exit_code == 3
    assert len(world.reasons()) == 2
    run = world.mirror.adopt()
    assert run.counts.deleted == 1
    (left,) = world.mirror.holds()
    assert left.hold.instant == stray.clock_in
    world.mirror.close()

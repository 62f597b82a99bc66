"""A saved plan and what the end of its run was to do: done as it was shown, or refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connecteam_sync.core.run import Plan
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.sandbox.company import OFFICE, WAREHOUSE
from support.scenario import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A company without shifts whose first person is on two time clocks, and its mirror."""
    with Sandbox(Company(0), SandboxSettings(minute_limit=100_000)) as sandbox:
        made = World(sandbox, f"sqlite:///{tmp_path}/late.db")
        made.company.people[made.user].clocks = {WAREHOUSE, OFFICE}
        yield made
        made.mirror.close()


def saved(world: World, file: Path) -> Plan:
    """What a sync would do now, by way of a file."""
    world.mirror.save_plan(world.mirror.plan(world.window), file)
    return world.mirror.read_plan(file)


@pytest.mark.parametrize("clock", [WAREHOUSE, OFFICE])
def test_a_delete_whose_shift_is_back_is_stale(world: World, tmp_path: Path, clock: int) -> None:
    """On its own time clock or on another; a plan that still fits is carried out."""
    shift = world.work(2, "08:00", "12:00")
    world.work(3, "08:00", "12:00")
    world.work(4, "08:00", "12:00", clock=OFFICE)
    world.sync()
    before = world.table()
    world.company.delete(shift.id)
    proposal = saved(world, tmp_path / "plan.json")
    assert [plan.stage for plan in proposal.plans if plan.changes] == ["end"]
    world.company.activities[shift.id] = shift
    shift.clock_id = clock
    run = world.mirror.apply(proposal)
    assert (run.status, run.exit_code) == ("refused", 4)
    [slice_] = [slice_ for slice_ in run.slices if slice_.error]
    assert (slice_.error_name, slice_.time_clock_id) == ("stale_plan", WAREHOUSE)
    assert str(slice_.error).endswith(f"1 change differs: rows {before[0]['id']}")
    assert world.mirror.runs(limit=1)[0].exit_code == 4
    assert world.table() == before
    world.company.delete(shift.id)
    assert world.mirror.apply(saved(world, tmp_path / "again.json")).counts.deleted == 1
    assert world.table() == before[1:]


def test_a_plan_of_which_a_part_is_done_with_is_stale(world: World, tmp_path: Path) -> None:
    """What is left of it is no plan that anybody was shown."""
    world.work(2, "08:00", "12:00")
    taken_back = world.work(3, "08:00", "12:00")
    proposal = saved(world, tmp_path / "plan.json")
    assert len(proposal.changes) == 2
    world.company.delete(taken_back.id)
    run = world.mirror.apply(proposal)
    assert (run.status, run.exit_code) == ("refused", 4)
    assert [slice_.error_name for slice_ in run.slices if slice_.error] == ["stale_plan"]
    assert world.table() == []


def test_what_a_guard_stopped_is_applied_once_it_is_accepted(world: World, tmp_path: Path) -> None:
    """Of several time clocks it is decided at the end of the run: it was shown, and goes with its fingerprint alone."""
    settings = {"max_deletes": 1, "max_deletes_share": 0.0}
    careful = world.mirror_of(world.sandbox, world.mirror.settings.database_url, **settings)
    shifts = [world.work(day, "08:00", "16:00") for day in (2, 3, 4)]
    world.work(5, "08:00", "16:00", user=sorted(world.company.people)[1])
    world.sync()
    before = world.table()
    for shift in shifts:
        world.company.delete(shift.id)
    careful.save_plan(careful.plan(world.window), tmp_path / "plan.json")
    proposal = careful.read_plan(tmp_path / "plan.json")
    [stopped] = {refusal.fingerprint for plan in proposal.plans for refusal in plan.refusals}
    for accepted in ((), ("0" * 16,)):
        run = careful.apply(proposal, accept=accepted)
        assert {slice_.error_name for slice_ in run.slices if slice_.error} == {"guard_refused"}
        assert world.table() == before
    # Guards that let more go by now agree to nothing that a person did not.
    run = world.mirror.apply(proposal)
    assert {slice_.error_name for slice_ in run.slices if slice_.error} == {"stale_plan"}
    assert world.table() == before
    world.company.activities[shifts[0].id] = shifts[0]
    assert careful.apply(proposal, accept=[stopped]).status == "refused"
    assert world.table() == before
    world.company.delete(shifts[0].id)
    run = careful.apply(proposal, accept=[stopped])
    careful.close()
    assert (run.status, run.counts.deleted) == ("applied", 3)
    assert world.table() == before[3:]

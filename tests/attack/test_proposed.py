"""What is proposed, or proved, of looks that did not come about is what a run would do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from connecteam_sync.sandbox import Sandbox
from connecteam_sync.sandbox.company import CLOSED, OFFICE, WAREHOUSE, Company
from connecteam_sync.sandbox.settings import SandboxSettings
from support.scenario import FIRST, World


@pytest.fixture
def world(initialised: str) -> Iterator[World]:
    """A company without shifts whose first person is on every time clock, and its mirror."""
    with Sandbox(Company(0), SandboxSettings(minute_limit=100_000)) as sandbox:
        made = World(sandbox, initialised)
        made.company.people[made.user].clocks = {WAREHOUSE, OFFICE, CLOSED}
        made.work(3, "08:00", "12:00")
        made.work(4, "08:00", "12:00", clock=OFFICE)
        yield made
        made.mirror.close()


def broken(world: World, clock: int) -> None:
    """The next look at a time clock fails, and the tries after it."""
    world.sandbox.faults.clear()
    world.sandbox.faults.add("html_200", path=f"{clock}/time-activities", times=2)


@pytest.mark.parametrize("clock", [WAREHOUSE, OFFICE])
def test_a_plan_deletes_nothing_where_a_look_failed(world: World, clock: int) -> None:
    """The shift may be where nobody could look: held, as a run holds it."""
    gone = world.work(5, "08:00", "12:00", clock=OFFICE if clock == WAREHOUSE else WAREHOUSE)
    world.sync()
    world.company.delete(gone.id)
    broken(world, clock)
    plan = world.mirror.plan(world.window)
    assert {failure.time_clock_id for failure in plan.failures} == {clock}
    assert plan.changes == ()
    assert [(hold.reason, hold.shift_id) for hold in plan.holds] == [("clock_not_looked_at", gone.id)]
    broken(world, clock)
    assert [(hold.reason, hold.shift_id) for hold in world.sync().holds] == [("clock_not_looked_at", gone.id)]
    world.sandbox.faults.clear()
    assert [change.kind for change in world.mirror.plan(world.window).changes] == ["delete"]


def test_a_plan_says_nothing_of_rows_without_a_shift_where_a_look_failed(world: World) -> None:
    """Nor does a run: such a row may be that of a shift which was not seen."""
    world.sync()
    world.execute(
        "INSERT INTO clock_times (employee_id, clock_in, clock_out, total_minutes, is_active, source)"
        " SELECT min(id), '2025-12-08 15:00:00', '2025-12-08 16:00:00', 60, :no, 'connecteam' FROM employees",
        no=False,
    )
    assert [hold.reason for hold in world.mirror.plan(world.window).holds] == ["orphan"]
    broken(world, WAREHOUSE)
    assert world.mirror.plan(world.window).holds == ()
    broken(world, WAREHOUSE)
    assert world.sync().holds == ()


def test_what_somebody_knows_of_a_clock_that_cannot_be_read_ends_nothing_with_3(world: World) -> None:
    """Neither a run nor a plan nor a proof."""
    old = world.work(5, "08:00", "12:00", clock=CLOSED)
    world.sync()
    world.sandbox.faults.add("domain_error", path=f"{CLOSED}/time-activities", times=99)
    assert world.sync().exit_code == 3
    (hold,) = world.mirror.holds()
    assert hold.hold.shift_id == old.id
    world.mirror.acknowledge_holds([hold.id], by="Ida", reason="the depot is sold")
    run = world.sync()
    assert ([hold.acknowledged for hold in run.holds], run.exit_code) == ([True], 0)
    assert [hold.acknowledged for hold in world.mirror.plan(world.window).holds] == [True]
    assert world.mirror.verify(world.window).exit_code == 0


def test_a_look_that_failed_leaves_the_rows_of_its_own_days_alone_and_no_others(world: World) -> None:
    """Of two slices, with a row without a shift in each, in a run and in a plan."""
    world.work(15, "08:00", "12:00")
    marker = next(shift.id for shift in world.company.shifts() if shift.clock_id == WAREHOUSE).encode()
    slices = World(world.sandbox, world.mirror.settings.database_url, slice_days=15)
    days = slices.mirror.window(FIRST, date(2025, 12, 22))
    slices.sync(days)
    for day in (8, 18):
        slices.execute(
            "INSERT INTO clock_times (employee_id, clock_in, clock_out, total_minutes, is_active, source)"
            f" SELECT min(id), '2025-12-{day:02} 15:00:00', '2025-12-{day:02} 16:00:00', 60, :no, 'connecteam'"
            " FROM employees",
            no=False,
        )
    late = slices.at(18, "09:00")
    world.sandbox.faults.rewrite(lambda body: b"" if marker in body else body, path="/time-activities", times=99)
    for found in (slices.mirror.plan(days), slices.sync(days)):
        assert [(hold.reason, hold.instant) for hold in found.holds] == [("orphan", late)]
    slices.mirror.close()


def test_nothing_goes_from_other_clocks_while_an_archived_one_cannot_be_read(world: World) -> None:
    """The shift may be there by now, until somebody says that it cannot be: a run, and a plan."""
    world.work(5, "08:00", "12:00", clock=CLOSED)
    gone = world.work(6, "08:00", "12:00")
    world.sync()
    world.company.delete(gone.id)
    world.sandbox.faults.add("domain_error", path=f"{CLOSED}/time-activities", times=99)
    for found in (world.mirror.plan(world.window), world.sync()):
        assert found.counts.deleted == 0
        assert gone.id in {hold.shift_id for hold in found.holds}
    world.mirror.vouch_clock(CLOSED, "the depot is sold", by="Ida")
    for found in (world.mirror.plan(world.window), world.sync()):
        assert found.counts.deleted == 1
        assert gone.id not in {hold.shift_id for hold in found.holds}


def test_an_answer_that_a_guard_refused_is_refused_once(world: World) -> None:
    """What it would have let go is not looked at again at the end of the run."""
    world.sync()
    world.sandbox.faults.add("no_shifts", path=f"{OFFICE}/time-activities", times=99)
    run = world.sync()
    assert [(slice_.time_clock_id, slice_.status) for slice_ in run.slices] == [
        (WAREHOUSE, "nothing"),
        (OFFICE, "refused"),
        (CLOSED, "nothing"),
    ]
    assert world.sandbox.faults.served == ["no_shifts"]


def test_rows_without_a_shift_are_left_alone_where_an_answer_was_refused(world: World) -> None:
    """What it would have linked has no shift yet: a resync neither deletes such a row nor holds it."""
    world.sync()
    world.execute(
        "INSERT INTO clock_times (employee_id, clock_in, clock_out, total_minutes, is_active, source)"
        " SELECT min(id), '2025-12-08 15:00:00', '2025-12-08 16:00:00', 60, :no, 'connecteam' FROM employees",
        no=False,
    )
    rows = world.table()
    world.sandbox.faults.add("no_shifts", path=f"{WAREHOUSE}/time-activities", times=99)
    run = world.mirror.resync(world.window)
    assert (run.status, run.holds, world.table()) == ("refused", (), rows)
    world.sandbox.faults.clear()
    assert world.mirror.resync(world.window).counts.deleted == 1

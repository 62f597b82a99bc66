"""Which decisions are remembered as having had nothing to do: none that leaned on what other looks would show."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from connecteam_sync.client import ConnecteamSync
from connecteam_sync.core.events import Event, SliceDone
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.sandbox.company import OFFICE, WAREHOUSE
from support.scenario import World

FIRST, MIDDLE, LAST = date(2025, 11, 20), date(2025, 12, 11), date(2025, 12, 22)


@pytest.fixture
def world(initialised: str) -> Iterator[World]:
    """A company without shifts, and a mirror of one time clock in slices of eleven days, and two more on each side."""
    with Sandbox(Company(0), SandboxSettings(minute_limit=100_000)) as sandbox:
        made = World(sandbox, initialised, slice_days=15, time_clocks=(WAREHOUSE,))
        yield made
        made.mirror.close()


def test_a_shift_that_was_left_to_a_look_that_failed_is_not_left_to_it_for_ever(world: World) -> None:
    """From the first slice to the third, whose look fails; the second sees it at its edge. A run of the first two has
    nobody else to leave it to: the row goes along, and not away.
    """
    shift, early, _, last = (world.work(day, "08:00", "12:00") for day in (2, 3, 5, 20))
    for each in (shift, early):
        world.company.edit(each.id, start=each.start - 6 * 86_400, end=(each.end or 0) - 6 * 86_400)
    whole, part = world.mirror.window(FIRST, LAST), world.mirror.window(FIRST, MIDDLE)
    assert world.sync(whole).counts.created == 4
    world.company.edit(shift.id, start=world.at(12, "08:00"), end=world.at(12, "12:00"))
    world.sandbox.faults.rewrite(lambda body: b"" if last.id.encode() in body else body, path="/time-act", times=99)
    for _ in range(3):
        run = world.sync(whole)
        assert [slice_.status for slice_ in run.slices if slice_.window.last == LAST] == ["failed"]
        assert (run.counts.updated, run.counts.deleted) == (0, 0)
    world.sandbox.faults.clear()
    run = world.sync(part)
    assert (run.exit_code, run.counts.updated, run.counts.deleted) == (0, 1, 0)
    assert world.rows() == world.company.truth(FIRST, LAST)


def test_what_the_only_look_of_a_run_held_is_not_said_by_one_of_several(world: World) -> None:
    """A row that another program put on a day on which its shift is not: the look at that shift's day puts it right."""
    shift, _ = world.work(15, "08:00", "12:00"), world.work(5, "08:00", "12:00")
    whole, part = world.mirror.window(date(2025, 12, 1), LAST), world.mirror.window(date(2025, 12, 1), MIDDLE)
    world.sync(whole)
    (row,) = (each["clock_time_id"] for each in world.table("connecteam_sync_shifts") if each["id"] == shift.id)
    world.execute(
        "UPDATE clock_times SET clock_in = '2025-12-03 14:00:00', clock_out = '2025-12-03 18:00:00' WHERE id = :row",
        row=row,
    )
    for _ in range(3):
        assert [hold.reason for hold in world.sync(part).holds] == ["window_edge"]
    run = world.sync(whole)
    assert (run.exit_code, run.counts.updated, run.holds) == (0, 1, ())
    assert world.rows() == world.company.truth(FIRST, LAST)


def test_a_shift_that_was_gone_while_another_look_failed_goes_once_all_are_in(world: World) -> None:
    """However often that was so, and though nothing of its own time clock has changed since."""
    gone, _, last = (world.work(day, "08:00", "12:00") for day in (2, 3, 20))
    days = world.mirror.window(date(2025, 12, 1), LAST)
    world.sync(days)
    world.company.delete(gone.id)
    world.sandbox.faults.rewrite(lambda body: b"" if last.id.encode() in body else body, path="/time-act", times=99)
    for _ in range(4):
        run = world.sync(days)
        assert [(hold.reason, hold.shift_id) for hold in run.holds] == [("clock_not_looked_at", gone.id)]
    world.sandbox.faults.clear()
    run = world.sync(days)
    assert (run.exit_code, run.counts.deleted, run.holds) == (0, 1, ())


def test_a_run_that_is_stopped_before_its_last_decision_has_not_ended(world: World) -> None:
    """Its last slice was as remembered, but the first has left a delete for the end, which nobody came to decide."""
    gone, _, _ = (world.work(day, "08:00", "12:00") for day in (2, 3, 20))
    days = world.mirror.window(date(2025, 12, 1), LAST)
    for _ in range(2):
        world.sync(days)
    world.company.delete(gone.id)

    def interrupt(event: Event) -> None:
        if isinstance(event, SliceDone) and event.window.last == LAST:
            raise KeyboardInterrupt

    settings = world.mirror.settings
    stopped = ConnecteamSync(world.sandbox.key, settings=settings, on_event=interrupt)
    with pytest.raises(KeyboardInterrupt):
        stopped.sync(days)
    stopped.close()
    assert [run.finished_at is None for run in world.mirror.runs(limit=2)] == [True, False]
    assert world.sync(days).counts.deleted == 1


def test_a_saved_plan_is_held_against_the_rows_each_time(world: World, tmp_path: Path) -> None:
    """A row was altered when it was made, and is right again: though that is as remembered, the plan is stale."""
    world.work(2, "08:00", "12:00")
    days, file = world.mirror.window(date(2025, 12, 1), MIDDLE), tmp_path / "plan.json"
    for _ in range(2):
        world.sync(days)
    world.execute("UPDATE clock_times SET total_minutes = 7")
    world.mirror.save_plan(world.mirror.plan(days), file)
    world.execute("UPDATE clock_times SET total_minutes = 240")
    run = world.mirror.apply(world.mirror.read_plan(file))
    assert (run.exit_code, [slice_.error_name for slice_ in run.slices]) == (4, ["stale_plan"])


def test_a_resync_looks_at_the_evidence_each_time(world: World) -> None:
    """A row without a shift is that of a time clock that is not mirrored, until its shift is gone there."""
    world.work(3, "08:00", "12:00")
    world.company.people[world.user].clocks = {WAREHOUSE, OFFICE}
    elsewhere = world.work(4, "08:00", "12:00", clock=OFFICE)
    days = world.mirror.window(date(2025, 12, 1), MIDDLE)
    world.sync(days)
    world.execute(
        "INSERT INTO clock_times (employee_id, clock_in, clock_out, total_minutes, is_active, source)"
        " SELECT employee_id, '2025-12-04 14:00:00', '2025-12-04 18:00:00', 240, :no, 'connecteam' FROM clock_times",
        no=False,
    )
    for _ in range(3):
        run = world.mirror.resync(days)
        assert (run.counts.deleted, [hold.reason for hold in run.holds]) == (0, ["orphan"])
    world.company.delete(elsewhere.id)
    run = world.mirror.resync(days)
    assert (run.counts.deleted, run.holds) == (1, ())

"""Gone, or only moved? Rows go at the end of a run, with evidence; a shift seen in any look takes its row along."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
import time_machine

from connecteam_sync.core.run import Run
from connecteam_sync.sandbox import Sandbox
from connecteam_sync.sandbox.company import CLOSED, OFFICE, WAREHOUSE, Company
from connecteam_sync.sandbox.settings import SandboxSettings
from support.scenario import World

YEAR_END = date(2025, 12, 31)


@pytest.fixture
def world(initialised: str) -> Iterator[World]:
    """A company without shifts whose first person is on two time clocks, and its mirror."""
    with Sandbox(Company(0), SandboxSettings(minute_limit=100_000)) as sandbox:
        made = World(sandbox, initialised, max_deletes_of_person=20)
        made.company.people[made.user].clocks = {WAREHOUSE, OFFICE}
        yield made
        made.mirror.close()


def homes(world: World) -> dict[str, int]:
    """The row of each live shift."""
    return {s["id"]: s["clock_time_id"] for s in world.table("connecteam_sync_shifts") if s["clock_time_id"]}


def long(world: World) -> Run:
    """A run of two months: three slices for each time clock."""
    return world.sync(world.mirror.window(date(2025, 11, 1), YEAR_END))


def is_true(world: World) -> bool:
    """The rows are the shifts upstream."""
    return world.rows() == world.company.truth(date(2025, 11, 1), YEAR_END)


@pytest.mark.parametrize("days", [-25, 25])
def test_a_shift_that_moves_to_another_slice_keeps_its_row(world: World, days: int) -> None:
    """Whichever slice is looked at first: one run, the same primary key, nothing deleted."""
    shift = world.work(3, "08:00", "12:00")
    world.work(4, "08:00", "12:00")
    long(world)
    before = homes(world)
    away = timedelta(days=days).total_seconds()
    world.company.edit(shift.id, start=shift.start + int(away), end=(shift.end or 0) + int(away))
    run = long(world)
    assert (run.exit_code, run.counts.deleted, run.counts.updated) == (0, 0, 1)
    assert homes(world) == before
    assert is_true(world)


@pytest.mark.parametrize(("was", "becomes"), [(WAREHOUSE, OFFICE), (OFFICE, WAREHOUSE)])
def test_a_shift_that_moves_to_another_clock_keeps_its_row(world: World, was: int, becomes: int) -> None:
    """Whichever clock is looked at first; it is remembered under its new clock, and the next run writes nothing."""
    shift = world.work(3, "08:00", "12:00", clock=was)
    for clock in (WAREHOUSE, OFFICE):
        world.work(4, "08:00" if clock == was else "13:00", "14:00", clock=clock)
    world.sync()
    before = homes(world)
    shift.clock_id = becomes
    run = world.sync()
    assert (run.exit_code, run.counts.deleted, run.holds) == (0, 0, ())
    assert homes(world) == before
    assert {s["id"]: s["time_clock_id"] for s in world.table("connecteam_sync_shifts")}[shift.id] == becomes
    rest = world.everything()
    assert world.sync().status == "nothing"
    assert world.everything() == rest


@pytest.mark.parametrize(("was", "becomes"), [(WAREHOUSE, OFFICE), (OFFICE, WAREHOUSE)])
def test_a_new_id_on_another_clock_inherits_the_row(world: World, was: int, becomes: int) -> None:
    """A succession across clocks: never an hour too few, the same primary key, in one run."""
    shift = world.work(3, "08:00", "12:00", clock=was)
    for clock in (WAREHOUSE, OFFICE):
        world.work(4, "08:00" if clock == was else "13:00", "14:00", clock=clock)
    world.sync()
    row = homes(world)[shift.id]
    world.company.delete(shift.id)
    new = world.work(3, "08:00", "12:30", clock=becomes)
    run = world.sync()
    assert (run.exit_code, run.counts.deleted, run.holds) == (0, 0, ())
    assert homes(world)[new.id] == row
    assert shift.id not in homes(world)
    assert is_true(world)
    assert world.sync().status == "nothing"


def test_two_shifts_change_places_across_slices(world: World) -> None:
    """Both keep their rows, in one run, and no reader ever misses an hour: they change in one transaction."""
    one, other = world.work(3, "08:00", "12:00"), world.work(30, "08:00", "16:00")
    long(world)
    before = homes(world)
    spans = (one.start, one.end), (other.start, other.end)
    world.company.edit(one.id, start=spans[1][0], end=spans[1][1])
    world.company.edit(other.id, start=spans[0][0], end=spans[0][1])
    run = long(world)
    assert (run.exit_code, run.counts.deleted, run.counts.created) == (0, 0, 0)
    assert homes(world) == before
    assert is_true(world)
    assert run.id
    assert {entry.change.kind for entry in world.mirror.show(run.id)[1]} == {"update"}


def test_two_shifts_change_clocks(world: World) -> None:
    """Crosswise, at the same instant of two people: each keeps its row."""
    second = sorted(world.company.people)[1]
    world.company.people[second].clocks = {WAREHOUSE, OFFICE}
    one, other = world.work(3, "08:00", "12:00"), world.work(3, "08:00", "12:00", clock=OFFICE, user=second)
    world.sync()
    before = homes(world)
    one.clock_id, other.clock_id = OFFICE, WAREHOUSE
    run = world.sync()
    assert (run.exit_code, run.counts.deleted) == (0, 0)
    assert homes(world) == before


def test_what_is_gone_goes_and_gets_its_row_back_when_it_returns(world: World) -> None:
    """Under its old primary key, with what the host keeps in the row next to our columns."""
    world.execute("ALTER TABLE clock_times ADD COLUMN cost_centre VARCHAR(20)")
    world = World(world.sandbox, world.mirror.settings.database_url)
    shift = world.work(3, "08:00", "12:00")
    world.work(4, "08:00", "12:00")
    world.sync()
    row = homes(world)[shift.id]
    world.execute("UPDATE clock_times SET cost_centre = 'dock 7' WHERE id = :row", row=row)
    kept = world.company.activities.pop(shift.id)
    assert world.sync().counts.deleted == 1
    assert row not in {found["id"] for found in world.table()}
    world.company.activities[shift.id] = kept
    world.company.edit(shift.id, end=(kept.end or 0) + 1800)
    run = world.sync()
    assert (run.exit_code, run.counts.created) == (0, 1)
    (back,) = (found for found in world.table() if found["id"] == row)
    assert (homes(world)[shift.id], back["cost_centre"], back["total_minutes"]) == (row, "dock 7", 270)
    assert world.sync().status == "nothing"
    assert run.id
    world.mirror.undo(run.id)
    assert row not in {found["id"] for found in world.table()}
    world.mirror.close()


def test_a_row_id_that_was_used_again_is_not_taken_back(world: World) -> None:
    """Somebody else's row stands there by now: the shift gets a new one."""
    shift = world.work(3, "08:00", "12:00")
    world.work(4, "08:00", "12:00")
    world.sync()
    row = homes(world)[shift.id]
    kept = world.company.activities.pop(shift.id)
    world.sync()
    world.execute(
        "INSERT INTO clock_times (id, employee_id, clock_in, is_active, source)"
        " SELECT :row, employee_id, '2025-12-09 10:00:00', is_active, 'manual' FROM clock_times",
        row=row,
    )
    world.company.activities[shift.id] = kept
    assert world.sync().exit_code == 0
    assert homes(world)[shift.id] != row


def test_a_failed_clock_leaves_what_is_absent_elsewhere_undecided(world: World) -> None:
    """The other clock's new shift is written, its deleted one is kept and held, and goes once both were looked at."""
    gone = world.work(3, "08:00", "12:00")
    world.work(4, "08:00", "12:00")
    world.work(5, "08:00", "12:00", clock=OFFICE)
    world.sync()
    world.company.delete(gone.id)
    world.work(6, "08:00", "12:00")
    world.sandbox.faults.add("html_200", path=f"{OFFICE}/time-activities", times=2)
    run = world.sync()
    assert "html_200" in world.sandbox.faults.served
    assert (run.exit_code, run.counts.created, run.counts.deleted) == (75, 1, 0)
    assert [(hold.reason, hold.shift_id) for hold in run.holds] == [("clock_not_looked_at", gone.id)]
    world.sandbox.faults.clear()
    run = world.sync()
    assert (run.exit_code, run.counts.deleted, run.holds) == (0, 1, ())
    assert world.reasons() == []


def test_a_broken_run_has_deleted_nothing(world: World) -> None:
    """Its second look never comes about: what its first found absent is still there."""
    gone = world.work(3, "08:00", "12:00")
    world.work(4, "08:00", "12:00")
    world.sync()
    world.company.delete(gone.id)
    before = world.table()
    for clock in (OFFICE, CLOSED):
        world.sandbox.faults.add("truncated", path=f"{clock}/time-activities", times=3)
    run = world.sync()
    assert run.exit_code == 75
    assert world.table() == before


def test_the_same_id_on_two_clocks_at_once_is_held(world: World) -> None:
    """Which of them it is cannot be known: the row stays as it is."""
    shift = world.work(3, "08:00", "12:00")
    world.sync()
    before = world.table()
    twin = world.work(3, "08:00", "12:00", clock=OFFICE)
    world.company.activities.pop(twin.id)
    twin.id = shift.id
    world.company.activities[f"{shift.id}-twin"] = twin
    run = world.sync()
    assert [(hold.reason, hold.shift_id) for hold in run.holds] == [("impossible_record", shift.id)]
    assert world.table() == before


def test_a_plan_of_several_looks_tells_each_change_once_and_is_what_is_done(world: World) -> None:
    """New, corrected, gone and moved between clocks: counts, hours and changes of the plan are those of the run."""
    shifts = [world.work(day, "08:00", "12:00") for day in range(2, 8)]
    world.work(8, "08:00", "12:00", clock=OFFICE)
    world.sync()
    world.company.delete(shifts[0].id)
    world.company.edit(shifts[1].id, end=(shifts[1].end or 0) + 1800)
    shifts[2].clock_id = OFFICE
    world.work(9, "08:00", "12:00")
    newcomer = sorted(world.company.people)[3]
    world.work(9, "09:00", "12:00", user=newcomer)
    proposal = world.mirror.plan(world.window)
    run = world.mirror.apply(proposal)
    assert run.exit_code == 0
    assert (proposal.counts, proposal.minutes) == (run.counts, run.minutes)
    assert (run.counts.created, run.counts.updated, run.counts.deleted) == (2, 1, 1)
    # What the first look of a slice wrote is not unchanged to its second.
    assert run.counts.unchanged == run.counts.total_shifts - 3
    assert run.id
    told = sorted((c.kind, c.shift_id) for c in proposal.changes)
    assert told == sorted((entry.change.kind, entry.change.shift_id) for entry in world.mirror.show(run.id)[1])


# -- days that only one time clock is asked about ----------------------------------------------------------------------


@pytest.mark.parametrize("archive", [False, True])
def test_a_shift_that_left_a_day_on_which_another_is_open_is_looked_for_on_every_clock(
    world: World, *, archive: bool
) -> None:
    """For a forgotten clock-out its own time clock is asked about an old day. What is missing may be elsewhere by now,
    also on one that was archived since; it keeps its row, and a dry run says the same.
    """
    world.company.people[world.user].clocks = {WAREHOUSE, OFFICE}
    world.work(3, "06:00", "07:00", clock=OFFICE)
    moved, _ = world.work(3, "08:00", "12:00"), world.work(3, "13:00", None)
    world.sync()
    home = homes(world)[moved.id]
    moved.clock_id, world.company.clocks[OFFICE].is_archived = OFFICE, archive
    with time_machine.travel(moved.start + 200 * 86_400, tick=True):
        proposal = world.mirror.plan()
        run = world.mirror.sync()
        calls = world.sandbox.calls
        assert world.mirror.sync().status == "nothing"
        # The open day is due again tomorrow; nothing was absent, so nothing more is asked.
        assert world.sandbox.calls - calls == 2 + 2 * (2 - archive)
    assert (run.exit_code, run.counts.deleted, proposal.counts.deleted) == (0, 0, 0)
    assert (OFFICE, date(2025, 12, 3)) in {(clock, window.first) for clock, window in run.ranges}
    assert homes(world)[moved.id] == home
    assert is_true(world)


def test_a_shift_that_is_on_no_clock_goes_from_such_a_day(world: World) -> None:
    """Once every time clock was asked, and with one call for each."""
    world.company.people[world.user].clocks = {WAREHOUSE, OFFICE}
    gone, _ = world.work(3, "08:00", "12:00"), world.work(3, "13:00", None)
    world.sync()
    world.company.delete(gone.id)
    with time_machine.travel(gone.start + 200 * 86_400, tick=True):
        calls = world.sandbox.calls
        run = world.mirror.sync()
    assert (run.exit_code, run.counts.deleted) == (0, 1)
    # People, time clocks; two of them for the last days, for older ones and for this day; and this day once more.
    assert world.sandbox.calls - calls == 2 + 3 * 2 + 1
    assert is_true(world)


def test_what_a_further_look_leaves_is_done_in_the_same_run(world: World) -> None:
    """The other time clock is asked about such a day since a shift is missing there; what is gone from it goes, too."""
    world.work(3, "06:00", "07:00", clock=OFFICE)
    gone, _ = world.work(3, "08:00", "12:00"), world.work(3, "13:00", None)
    also = world.work(3, "18:00", "20:00", clock=OFFICE)
    world.sync()
    for shift in (gone, also):
        world.company.delete(shift.id)
    with time_machine.travel(gone.start + 200 * 86_400, tick=True):
        run = world.mirror.sync()
    assert (run.exit_code, run.counts.deleted) == (0, 2)
    assert is_true(world)


@pytest.mark.parametrize(("was", "becomes"), [(WAREHOUSE, OFFICE), (OFFICE, WAREHOUSE)])
def test_a_shift_that_changes_time_clocks_between_two_looks_is_not_gone(world: World, was: int, becomes: int) -> None:
    """One was looked at before it came, the other after it went: it is looked for once more, and keeps its row."""
    for day in (3, 4):
        world.work(day, "08:00", "12:00")
        world.work(day, "18:00", "20:00", clock=OFFICE)
    shift = world.work(5, "08:00", "12:00", clock=was)
    world.sync()
    home = homes(world)[shift.id]

    def move(answer: bytes) -> bytes:
        shift.clock_id = becomes
        return answer

    world.sandbox.faults.rewrite(move, path=f"{becomes}/time-activities")
    run = world.sync()
    assert shift.clock_id == becomes
    assert (run.exit_code, run.counts.deleted) == (0, 0)
    assert homes(world)[shift.id] == home
    assert is_true(world)


# -- what stands meanwhile ---------------------------------------------------------------------------------------------


def test_a_hold_that_knows_no_time_is_resolved_by_a_look_at_its_own_days(world: World) -> None:
    """A look at other days says nothing of a record whose times nobody can tell."""
    shift = world.work(3, "08:00", "12:00")
    world.company.spoil(shift.id, start={"timestamp": shift.start * 1000, "timezone": "America/Chicago"})
    world.sync()
    [held] = world.mirror.holds()
    assert (held.hold.reason, held.hold.instant) == ("impossible_record", None)
    inner, later = (world.mirror.window(date(2025, 12, a), date(2025, 12, b)) for a, b in ((2, 4), (20, 25)))
    for window in (later, inner):
        world.sync(window)
        assert [standing.id for standing in world.mirror.holds()] == [held.id]
    world.company.delete(shift.id)
    world.sync()
    assert world.mirror.holds() == ()


def test_what_somebody_knows_of_stays_acknowledged_though_it_is_decided_last(world: World) -> None:
    """The look that leaves a delete to the end of its run lets the hold about it stand until then."""
    gone = world.work(3, "08:00", "12:00")
    world.work(4, "08:00", "12:00")
    world.sync()
    world.company.delete(gone.id)
    for _ in range(2):
        world.sandbox.faults.add("scope", path=f"{OFFICE}/time-activities", times=3)
        run = world.sync()
        world.sandbox.faults.clear()
        assert [(hold.reason, hold.shift_id) for hold in run.holds] == [("clock_not_looked_at", gone.id)]
        [held] = world.mirror.holds()
        if held.acknowledged is None:
            world.mirror.acknowledge_holds([held.id], by="Pia", reason="the office is closed")
            key = held.id
    assert (held.id, held.acknowledged is not None) == (key, True)
    assert [hold.acknowledged for hold in run.holds] == [True]

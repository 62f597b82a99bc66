"""Gone, or only moved? Rows go at the end of a run, with evidence; a shift seen in any look takes its row along."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
import time_machine

from connecteam_sync.core.run import Run
from connecteam_sync.sandbox import Sandbox
from connecteam_sync.sandbox.company import CLOSED, OFFICE, WAREHOUSE, Company
from connecteam_sync.sandbox.settings import Settings
from world import World

YEAR_END = date(2025, 12, 31)


@pytest.fixture
def world(database: str) -> Iterator[World]:
    """A company without shifts whose first person is on two time clocks, and its mirror."""
    with Sandbox(Company(0), Settings(minute_limit=100_000)) as sandbox:
        made = World(sandbox, database, max_deletes_of_person=20)
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
    """Under its old primary key, with what the host keeps in the row beside our columns."""
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


def test_a_hold_that_knows_no_time_is_settled_by_a_look_at_its_own_days(world: World) -> None:
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


# -- archived time clocks ----------------------------------------------------------------------------------------------


def test_an_archived_clock_is_looked_at_for_days_asked_for_by_name_and_where_it_is_remembered(world: World) -> None:
    """Its open row is closed by a default run, its old hours come with a backfill."""
    world.company.people[world.user].clocks = {WAREHOUSE, CLOSED}
    shift = world.work(3, "08:00", None, clock=CLOSED)
    assert world.sync().counts.created == 1
    world.company.clock_out(shift.id, shift.start + 4 * 3600)
    with time_machine.travel(shift.start + 40 * 86_400, tick=True):
        run = world.mirror.sync()
    assert run.counts.updated == 1
    assert (CLOSED, date(2025, 12, 3)) in {(clock, window.first) for clock, window in run.ranges}
    assert is_true(world)


def test_a_late_correction_on_an_archived_clock_comes_with_the_further_slice(world: World) -> None:
    """Where shifts of it are remembered there; in a slice without any it is not asked."""
    world.company.people[world.user].clocks = {WAREHOUSE, CLOSED}
    shift = world.work(3, "08:00", "12:00", clock=CLOSED)
    world.sync()
    world.company.edit(shift.id, end=shift.start + 60)
    asked = []
    with time_machine.travel(shift.start + 40 * 86_400, tick=True):
        for _ in range(4):
            asked += [window for clock, window in world.mirror.sync().ranges if clock == CLOSED]
    assert len(asked) == 1
    assert asked[0].holds(shift.start)
    assert is_true(world)


def test_an_archived_clock_that_cannot_be_read_is_said_and_its_rows_are_kept(world: World) -> None:
    """Held, exit 3, in the receipt and in `verify`; the others go on."""
    world.company.people[world.user].clocks = {WAREHOUSE, CLOSED}
    old = world.work(3, "08:00", "12:00", clock=CLOSED)
    world.sync()
    world.work(4, "08:00", "12:00")
    before = [row for row in world.table() if row["id"] == homes(world)[old.id]]
    world.sandbox.faults.add("domain_error", path=f"{CLOSED}/time-activities", times=10)
    run = world.sync()
    assert (run.exit_code, run.counts.created) == (3, 1)
    assert [(hold.reason, hold.shift_id) for hold in run.holds] == [("clock_not_looked_at", old.id)]
    assert any("archived" in (piece.note or "") for piece in run.slices)
    assert [row for row in world.table() if row["id"] == before[0]["id"]] == before
    found = world.mirror.verify(world.window)
    assert "clock_not_looked_at" in {hold.reason for hold in found.plan.holds}
    assert found.exit_code == 3
    said = {check.state: check.detail for check in world.mirror.doctor() if check.name == "archived clock"}
    assert "its hours stay as they are" in said["warning"]
    world.sandbox.faults.clear()
    assert [c.state for c in world.mirror.doctor() if c.name == "archived clock"] == ["ok"]


def test_a_clock_that_is_no_longer_listed_is_as_an_archived_one(world: World) -> None:
    """Connecteam has none of that id any more: its rows and its open row are held by every run, said, and kept."""
    world.company.people[world.user].clocks = {WAREHOUSE, OFFICE}
    for day in range(1, 5):
        world.work(day, "08:00", "12:00")
        world.work(day, "14:00", "18:00", clock=OFFICE)
    world.work(8, "14:00", None, clock=OFFICE)
    world.sync()
    rows = world.table()
    world.company.clocks.pop(OFFICE)
    with time_machine.travel(world.at(12, "12:00"), tick=True):
        for run in (world.sync(), world.mirror.sync(), world.mirror.resync(world.window)):
            assert run.exit_code == 3
            assert [hold.reason for hold in run.holds] == ["clock_not_looked_at"] * 5
    with time_machine.travel(world.at(12, "12:00") + 200 * 86_400, tick=True):
        # Only the day of the open row is asked about, once a day.
        assert [hold.reason for hold in world.mirror.sync().holds] == ["clock_not_looked_at"]
    assert world.table() == rows
    assert world.mirror.verify(world.window).exit_code == 3
    said = {check.state: check.detail for check in world.mirror.doctor() if check.name == "archived clock"}
    assert "no longer listed" in said["warning"]
    # Days on which nothing of it is remembered do not ask for it.
    calls = world.sandbox.calls
    assert world.sync(world.mirror.window(date(2025, 12, 20), YEAR_END)).exit_code == 0
    assert world.sandbox.calls - calls == 2 + 2


def test_what_was_held_before_a_clock_could_not_be_read_stays_held(world: World) -> None:
    """A record that cannot be believed, and a shift of somebody not mapped: silence does not end a hold."""
    nobody = max(world.company.people)
    world.mirror.close()
    world = World(world.sandbox, world.mirror.settings.database_url, employees="match")
    world.company.people[nobody].clocks = {OFFICE}
    waits = world.work(3, "08:00", "12:00", clock=OFFICE, user=nobody)
    odd = world.work(4, "08:00", "12:00", clock=OFFICE, user=nobody)
    world.company.spoil(odd.id, start={"timestamp": 1_764_600_000_000, "timezone": "UTC"})
    world.sync()
    held = sorted(world.reasons())
    assert held == ["impossible_record", "unmapped_user"]
    world.company.clocks[OFFICE].is_archived = True
    world.sandbox.faults.add("domain_error", path=f"{OFFICE}/time-activities", times=10)
    assert any("cannot be read" in (piece.note or "") for piece in world.sync().slices)
    assert sorted(world.reasons()) == held
    world.sandbox.faults.clear()
    world.company.delete(waits.id)
    world.company.delete(odd.id)
    world.sync()
    assert world.reasons() == []
    world.mirror.close()


# -- what was looked at ------------------------------------------------------------------------------------------------


def test_a_default_run_looks_at_one_further_slice_of_older_days_each_time(world: World) -> None:
    """One for each clock, until all of the last 92 days were looked at; and its ranges are what was really asked."""
    late = world.work(3, "08:00", "12:00")
    world.sync()
    world.company.edit(late.id, end=(late.end or 0) + 60 * 30)
    seen: set[date] = set()
    with time_machine.travel(world.at(3, "12:00") + 80 * 86_400, tick=True):
        today = world.mirror.today()
        for _ in range(4):
            run = world.mirror.sync()
            older = [(clock, window) for clock, window in run.ranges if window.last < today - timedelta(days=14)]
            assert len(older) == len({clock for clock, _ in older})
            assert all(window.first >= today - timedelta(days=92) for _, window in older)
            seen |= {window.first + timedelta(days=n) for _, window in older for n in range(window.days)}
        assert is_true(world)
        assert seen == {today - timedelta(days=n) for n in range(15, 93)}
        assert len(run.ranges) + 2 == run.http_calls


def test_forgotten_clock_outs_cost_few_calls_and_are_asked_of_their_clock_only(world: World) -> None:
    """Ten of one month are one range of one clock; seen just now, they are not asked again within the hour."""
    for day in range(2, 12):
        world.work(day, "08:00", None)
    world.sync()
    with time_machine.travel(world.at(3, "12:00") + 60 * 86_400, tick=True):
        run = world.mirror.sync()
        first, last = date(2025, 12, 2), date(2025, 12, 11)
        assert [w for c, w in run.ranges if (w.first, w.last) == (first, last)] == [world.mirror.window(first, last)]
        again = world.mirror.sync()
        assert not [w for c, w in again.ranges if (w.first, w.last) == (first, last)]
    with time_machine.travel(world.at(3, "12:00") + 60 * 86_400 + 90_000, tick=True):
        assert [w for c, w in world.mirror.sync().ranges if (w.first, w.last) == (first, last)]


# -- one row, one shift ------------------------------------------------------------------------------------------------


def test_row_ids_that_are_given_anew_come_to_rest(world: World) -> None:
    """The table was emptied and filled again in another order: one run, the truth, and rest."""
    for day in range(2, 11):
        world.work(day, "08:00", "12:00")
    world.sync()
    rows = world.table()
    ids = [row["id"] for row in rows]
    world.execute("DELETE FROM clock_times")
    for row, key in zip(rows, [*ids[1:], ids[0]], strict=True):
        names = [name for name in row if name not in {"created_at", "updated_at"}]
        places = ", ".join(f":{name}" for name in names)
        values = {name: key if name == "id" else row[name] for name in names}
        world.execute(f"INSERT INTO clock_times ({', '.join(names)}) VALUES ({places})", **values)
    run = world.sync()
    assert (run.exit_code, run.counts.created, run.counts.deleted) == (0, 0, 0)
    assert is_true(world)
    links = [s["clock_time_id"] for s in world.table("connecteam_sync_shifts")]
    assert len(set(links)) == len(links) == len(rows)
    assert world.sync().status == "nothing"


def test_a_table_that_is_filled_again_part_by_part(world: World) -> None:
    """Rows lost, numbers begun again: each run over its days gives the truth, none steals from another."""
    early = world.mirror.window(date(2025, 12, 1), date(2025, 12, 5))
    late = world.mirror.window(date(2025, 12, 6), date(2025, 12, 11))
    for day in range(2, 11):
        world.work(day, "08:00", "12:00")
    world.sync()
    world.execute("DELETE FROM clock_times")
    if world.mirror.settings.database_url.startswith("sqlite"):
        world.execute("DELETE FROM sqlite_sequence WHERE name = 'clock_times'")
    elif world.mirror.settings.database_url.startswith("mysql"):
        world.execute("ALTER TABLE clock_times AUTO_INCREMENT = 1")
    else:
        world.execute("ALTER SEQUENCE clock_times_id_seq RESTART")
    world.sync(late)
    world.sync(early)
    assert is_true(world)
    assert [world.sync(window).status for window in (late, early, late)] == ["nothing"] * 3

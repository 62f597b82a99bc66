"""Time clocks that are archived or not listed, what is looked at each time, and one row for one shift."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
import time_machine
from test_absences import YEAR_END, homes, is_true

from connecteam_sync.sandbox import Sandbox
from connecteam_sync.sandbox.company import CLOSED, OFFICE, WAREHOUSE, Company
from connecteam_sync.sandbox.settings import SandboxSettings
from support.scenario import World


@pytest.fixture
def world(initialised: str) -> Iterator[World]:
    """A company without shifts whose first person is on two time clocks, and its mirror."""
    with Sandbox(Company(0), SandboxSettings(minute_limit=100_000)) as sandbox:
        made = World(sandbox, initialised, max_deletes_of_person=20)
        made.company.people[made.user].clocks = {WAREHOUSE, OFFICE}
        yield made
        made.mirror.close()


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
    assert any("archived" in (slice_.note or "") for slice_ in run.slices)
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
    assert any("cannot be read" in (slice_.note or "") for slice_ in world.sync().slices)
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


@pytest.mark.parametrize("first", [WAREHOUSE, OFFICE])
def test_rows_that_were_kept_on_each_others_days_stay_where_they_belong(world: World, first: int) -> None:
    """Two shifts of two time clocks change places while their days are closed, and are replaced. The new ones inherit
    rows that stand on each other's clock-in. Once the days are open, each has the hours that Connecteam shows.
    """
    second = OFFICE if first == WAREHOUSE else WAREHOUSE
    one = world.work(2, "08:00", "16:00", clock=first)
    other = world.work(3, "13:00", "14:00", clock=second)
    world.sync()
    days = date(2025, 12, 2), date(2025, 12, 3)
    world.lock(*days)
    world.company.edit(one.id, start=other.start, end=other.end)
    world.company.edit(other.id, start=world.at(2, "08:00"), end=world.at(2, "16:00"))
    assert "locked_day" in {hold.reason for hold in world.sync().holds}
    for gone in (one, other):
        world.company.delete(gone.id)
    world.company.add(world.user, world.at(2, "08:00"), world.at(2, "16:00") + 59, clock=second)
    world.company.add(world.user, world.at(3, "13:00"), world.at(3, "15:00"), clock=first)
    assert "locked_day" in {hold.reason for hold in world.sync().holds}
    world.mirror.unlock(*days, reason="paid")
    assert world.sync().holds == ()
    assert is_true(world)
    assert world.sync().status == "nothing"

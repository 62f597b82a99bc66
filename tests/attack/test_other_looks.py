"""What one look of a run says bears on what another would let go: doubts, refused answers, clocks vouched for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest

from connecteam_sync.core.window import Window
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.sandbox.company import CLOSED, OFFICE, WAREHOUSE, Activity
from support.scenario import World

LAST = date(2025, 12, 20)


@pytest.fixture
def world(initialised: str) -> Iterator[World]:
    """Eight people on two time clocks, with an evening on each of them a day; slices of four days."""
    with Sandbox(Company(0), SandboxSettings(minute_limit=10**9)) as sandbox:
        made = World(sandbox, initialised, slice_days=8, max_deletes=50)
        for user in sorted(made.company.people)[:8]:
            made.company.people[user].clocks = {WAREHOUSE, OFFICE}
            for day in range(3, 20):
                made.work(day, "18:00", "20:00", user=user)
                made.work(day, "21:00", "22:00", user=user, clock=OFFICE)
        yield made
        made.mirror.close()


def days(world: World) -> Window:
    """Five slices of each time clock."""
    return world.mirror.window(date(2025, 12, 1), LAST)


def homes(world: World) -> dict[str, int]:
    """The row of each live shift."""
    return {s["id"]: s["clock_time_id"] for s in world.table("connecteam_sync_shifts") if s["clock_time_id"]}


def spoil(world: World, shift: Activity) -> None:
    """Its time comes in milliseconds."""
    world.company.spoil(shift.id, start={"timestamp": shift.start * 1000, "timezone": "America/Chicago"})


def stray(world: World) -> None:
    """A row of ours without a shift, of the first employee."""
    world.execute(
        "INSERT INTO clock_times (employee_id, clock_in, clock_out, total_minutes, is_active, source)"
        " SELECT min(id), '2025-12-02 20:00:00', '2025-12-02 22:00:00', 120, :no, 'connecteam' FROM employees",
        no=False,
    )


@pytest.mark.parametrize("kind", ["other clock", "other slice", "another record"])
def test_a_doubt_of_any_look_keeps_the_rows_of_its_person(world: World, kind: str) -> None:
    """The shift itself, elsewhere by now, or another record of the same person: nothing of theirs is proved gone."""
    shift, other = world.work(2, "08:00", "12:00"), world.work(19, "08:00", "09:00", clock=OFFICE)
    world.sync(days(world))
    world.sync(days(world))
    home = homes(world)[shift.id]
    if kind == "other clock":
        shift.clock_id = OFFICE
    elif kind == "other slice":
        world.company.edit(shift.id, start=shift.start + 15 * 86_400, end=(shift.end or 0) + 15 * 86_400)
    else:
        world.company.delete(shift.id)
    spoil(world, other if kind == "another record" else shift)
    holds = []
    for _ in range(4):
        # From the third time on most answers equal those of before, and are not read.
        proposal, run = world.mirror.plan(days(world)), world.sync(days(world))
        assert (proposal.counts.deleted, run.counts.deleted, run.exit_code) == (0, 0, 3)
        assert home in {row["id"] for row in world.table()}
        assert set(world.reasons()) == {"impossible_record"}
        assert home in {standing.hold.clock_time_id for standing in world.mirror.holds()}
        holds.append(world.table("connecteam_sync_holds"))
    # What one look says of the shift and another of its row are two things, and neither puts an end to the other.
    assert holds[1] == holds[-1]


def test_a_doubt_in_another_slice_keeps_rows_without_a_shift(world: World) -> None:
    """Its time is unknown, so it may be the one of the row."""
    world.sync(days(world))
    stray(world)
    spoil(world, world.work(18, "14:00", "16:00"))
    rows = len(world.table())
    assert world.mirror.resync(days(world)).exit_code == 3
    assert len(world.table()) == rows
    assert set(world.reasons()) == {"impossible_record"}


@pytest.mark.parametrize("fault", ["no_shifts", "half_of_the_people", "no_one"])
def test_an_answer_that_a_guard_refused_is_no_evidence(world: World, fault: str) -> None:
    """Three shifts went to the other time clock, whose answer is not whole: their rows stay, and keep their keys."""
    people = sorted(world.company.people)[:3]
    shifts = [world.work(2, "08:00", "12:00", user=user) for user in people]
    world.sync(days(world))
    before = homes(world)
    for shift in shifts:
        shift.clock_id = OFFICE
    world.sandbox.faults.add(fault, path=f"{OFFICE}/time-activities", times=99)
    proposal = world.mirror.plan(days(world))
    run = world.sync(days(world))
    assert fault in world.sandbox.faults.served
    assert (proposal.counts.deleted, run.counts.deleted, run.exit_code) == (0, 0, 4)
    assert {"clock_not_looked_at"} <= set(world.reasons())
    world.sandbox.faults.clear()
    assert world.sync(days(world)).exit_code == 0
    assert homes(world) == before
    assert world.rows() == world.company.truth(date(2025, 12, 1), LAST)


@pytest.mark.usefixtures("few_tries")
def test_a_word_for_a_time_clock_does_not_cover_a_passing_trouble(world: World) -> None:
    """It was unreadable once, is in use again, and fails this once: what moved there is kept."""
    world.company.people[world.user].clocks = {WAREHOUSE, CLOSED}
    moved = world.work(2, "08:00", "12:00")
    world.sync(days(world))
    world.mirror.vouch_clock(CLOSED, "it is gone", by="Ida")
    world.company.clocks[CLOSED].is_archived = False
    moved.clock_id = CLOSED
    world.sandbox.faults.add("unavailable", path=f"{CLOSED}/time-activities", times=99)
    assert world.sync(days(world)).counts.deleted == 0
    world.sandbox.faults.clear()
    assert world.sync(days(world)).exit_code == 0
    assert world.rows() == world.company.truth(date(2025, 12, 1), LAST)


def test_a_time_clock_vouched_for_that_can_be_read_is_read(world: World) -> None:
    """A row without a shift is one of its shifts: kept by what is there, whatever was said of the clock."""
    world.company.people[world.user].clocks = {WAREHOUSE, CLOSED}
    world.sync(days(world))
    world.mirror.vouch_clock(CLOSED, "it is gone", by="Ida")
    world.mirror.close()
    part = World(
        world.sandbox,
        world.mirror.settings.database_url,
        slice_days=27,
        max_deletes=50,
        time_clocks=(WAREHOUSE, OFFICE),
    )
    part.work(2, "14:00", "16:00", clock=CLOSED)
    part.execute(
        "INSERT INTO clock_times (employee_id, clock_in, clock_out, total_minutes, is_active, source)"
        " SELECT id, '2025-12-02 20:00:00', '2025-12-02 22:00:00', 120, :no, 'connecteam' FROM employees"
        f" WHERE connecteam_user_id = '{part.user}'",
        no=False,
    )
    rows = len(part.table())
    run = part.mirror.resync(days(part))
    assert (run.exit_code, len(part.table())) == (3, rows)
    assert part.reasons() == ["orphan"]
    part.mirror.close()


@pytest.mark.usefixtures("initialised")
@pytest.mark.parametrize("old", [WAREHOUSE, CLOSED])
def test_the_rows_of_a_person_who_changed_time_clocks_before_we_came_stay(database: str, old: int) -> None:
    """Taken over without any memory, and her old clock does not list her any more: its totals still have her hours."""
    with Sandbox(Company(0), SandboxSettings(minute_limit=10**9, lists_unassigned=False)) as sandbox:
        world = World(sandbox, database, max_deletes=50)
        world.company.people[world.user].clocks = {OFFICE}
        hidden = [world.work(day, "09:00", "17:00", clock=old) for day in (1, 2, 3)]
        for day in (4, 5, 8):
            world.work(day, "09:00", "17:00", clock=OFFICE)
        world.sync()
        # On a day on which the totals have hours of hers, of a time clock that lists her: there everything is shown.
        stray = world.at(4, "19:00")
        for start in (*(shift.start for shift in hidden), stray):
            world.execute(
                "INSERT INTO clock_times (employee_id, clock_in, clock_out, total_minutes, is_active, source)"
                " SELECT min(id), :i, :o, 480, :f, 'connecteam' FROM employees",
                i=datetime.fromtimestamp(start, UTC).replace(tzinfo=None),
                o=datetime.fromtimestamp(start + 8 * 3600, UTC).replace(tzinfo=None),
                f=False,
            )
        proposal = world.mirror.plan(world.window, resync=True)
        run = world.mirror.resync(world.window)
        # A row of which nobody knows anything goes.
        assert (proposal.counts.deleted, run.counts.deleted, run.exit_code) == (1, 1, 3)
        assert [hold.reason for hold in run.holds] == ["user_not_listed"] * 3
        assert all("totals have hours" in hold.detail for hold in run.holds)
        assert len(world.table()) == 6
        world.mirror.close()


@pytest.mark.usefixtures("few_tries")
def test_totals_that_cannot_be_read_for_a_moment_decide_nothing(world: World) -> None:
    """A row without a shift waits for a run that could ask."""
    world.sync(days(world))
    stray(world)
    world.sandbox.faults.add("unavailable", path=f"{OFFICE}/timesheet", times=99)
    assert world.mirror.resync(days(world)).counts.deleted == 0
    assert world.reasons() == ["clock_not_looked_at"]
    world.sandbox.faults.clear()
    assert world.mirror.resync(days(world)).counts.deleted == 1

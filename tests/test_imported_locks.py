"""Days that are closed for single people, since Connecteam locked or approved them; and days of closed pay periods."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from connecteam_sync.core.timesheets import TimesheetRules
from connecteam_sync.core.window import Window
from connecteam_sync.errors import UndoRefused
from connecteam_sync.present.verify_text import verify_text
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.sandbox.company import OFFICE, WAREHOUSE
from connecteam_sync.store.payroll import imported_locks
from support.scenario import World

TUESDAY, WEDNESDAY = date(2025, 12, 2), date(2025, 12, 3)
ZONE = "America/Chicago"


@pytest.fixture
def world(initialised: str) -> Iterator[World]:
    """An empty company and an initialised database that imports locks."""
    with Sandbox(Company(0), SandboxSettings(minute_limit=100_000)) as sandbox:
        made = World(sandbox, initialised, payroll=TimesheetRules(import_locks=True))
        yield made
        made.mirror.close()


def others(world: World) -> int:
    """A second person of the same time clock."""
    return sorted(user for user, person in world.company.people.items() if WAREHOUSE in person.clocks)[1]


def both_work(world: World) -> tuple[str, str]:
    """Two people work on Tuesday from 8 to 16; the first one's day is locked in Connecteam, and seen to be."""
    mine, theirs = world.work(2, "08:00", "16:00"), world.work(2, "08:00", "16:00", user=others(world))
    world.sync()
    world.company.locked.add((WAREHOUSE, world.user, TUESDAY))
    world.mirror.verify(world.window)
    return mine.id, theirs.id


def later(world: World, *shifts: str) -> None:
    """Their ends are half an hour later, and a run sees it."""
    for shift in world.company.shifts():
        if shift.id in shifts:
            world.company.edit(shift.id, end=(shift.end or 0) + 1800)
    world.sync()


def test_a_locked_day_of_one_person_is_closed_for_them_alone(world: World) -> None:
    """The other one's row is written; theirs waits, and becomes a correction."""
    shifts = both_work(world)
    later(world, *shifts)
    assert [one.hold.shift_id for one in world.mirror.holds()] == [shifts[0]]
    assert world.mirror.holds()[0].hold.detail.startswith("Tue 2 Dec 2025 is locked in Connecteam: clock-out")
    assert [(one.shift_id, one.delta) for one in world.mirror.payroll.corrections()] == [(shifts[0], 30)]
    assert sorted(int(row["total_minutes"]) for row in world.table()) == [480, 510]


def test_an_approved_day_is_closed_too(world: World) -> None:
    """It says so."""
    shift = world.work(2, "08:00", "16:00")
    world.sync()
    world.company.approved.add((WAREHOUSE, world.user, TUESDAY))
    world.mirror.verify(world.window)
    later(world, shift.id)
    [held] = world.mirror.holds()
    assert "is approved in Connecteam" in held.hold.detail


def test_what_is_approved_there_and_different_here_is_named(initialised: str) -> None:
    """Whether locks are imported or not: the table against the activities, and the timesheet against them."""
    with Sandbox(Company(0), SandboxSettings(minute_limit=100_000, unpaid_break_minutes=30)) as sandbox:
        world = World(sandbox, initialised)
        for day in (2, 3):
            world.work(day, "08:00", "16:00")
        world.sync()
        world.company.approved.add((WAREHOUSE, world.user, TUESDAY))
        world.execute("UPDATE clock_times SET total_minutes = 1")
        found = world.mirror.verify(world.window)
        assert [(one.day, one.is_approved) for one in found.days] == [(TUESDAY, True), (WEDNESDAY, False)]
        assert [(one.day, one.is_approved) for one in found.totals] == [(TUESDAY, True), (WEDNESDAY, False)]
        said = [line for line in verify_text(found, {}) if "it is approved in Connecteam" in line]
        assert len(said) == 2
        world.mirror.close()


def test_only_an_explicit_no_opens_it(world: World) -> None:
    """A person or a day that the answer leaves out is none."""
    shifts = both_work(world)
    sheet = world.sandbox.company.people[world.user]
    clocks, sheet.clocks = sheet.clocks, set()
    world.mirror.verify(world.window)
    sheet.clocks = clocks
    later(world, shifts[0])
    assert world.reasons() == ["locked_day"]
    world.company.locked.clear()
    world.mirror.verify(world.window)
    world.sync()
    assert world.reasons() == []
    assert [one.state for one in world.mirror.payroll.corrections()] == ["cancelled"]


def test_what_somebody_locked_here_stays_locked(world: World) -> None:
    """Connecteam's no is about its own lock."""
    shifts = both_work(world)
    world.lock(TUESDAY)
    world.company.locked.clear()
    world.mirror.verify(world.window)
    later(world, *shifts)
    assert world.reasons() == ["locked_day", "locked_day"]


def test_a_lock_of_another_time_clock_is_none(world: World) -> None:
    """Days are locked for each time clock."""
    shift = world.work(2, "08:00", "12:00")
    world.work(2, "14:00", "16:00", clock=OFFICE)
    world.sync()
    world.company.locked.add((OFFICE, world.user, TUESDAY))
    world.mirror.verify(world.window)
    assert [one.time_clock_id for one in world.mirror.locks()] == [OFFICE]
    later(world, shift.id)
    assert world.reasons() == []


def test_somebody_who_is_new_has_a_closed_day_too(world: World) -> None:
    """Before they are an employee: only the shift says whose day it is."""
    world.work(2, "08:00", "16:00")
    world.company.locked.add((WAREHOUSE, world.user, TUESDAY))
    world.mirror.verify(world.window)
    world.sync()
    assert world.reasons() == ["locked_day"]
    assert world.table() == []
    assert world.mirror.payroll.corrections() == ()


def test_the_old_planner_leaves_such_a_day_alone_too(initialised: str) -> None:
    """The rollback flag knows of closed days what the planner knows."""
    with Sandbox(Company(0), SandboxSettings(minute_limit=100_000)) as sandbox:
        world = World(sandbox, initialised, payroll=TimesheetRules(import_locks=True))
        both_work(world)
        old = World(sandbox, initialised, planner="legacy")
        before = world.table()
        for shift in world.company.shifts():
            world.company.edit(shift.id, start=shift.start + 6 * 3600, end=shift.start + 9 * 3600)
        run = old.sync()
        after = world.table()
        employee = next(one.employee_id for one in world.mirror.employees() if one.user_id == world.user)
        mine = [row["id"] for row in before if row["employee_id"] == employee]
        assert mine
        assert [row for row in after if row["id"] in mine] == [row for row in before if row["id"] in mine]
        assert after != before
        assert [(one.reason, one.user_id) for part in run.slices for one in part.holds] == [("locked_day", world.user)]
        for one in (world, old):
            one.mirror.close()


def test_the_page_of_the_day_says_so(world: World) -> None:
    """Who, and since when."""
    both_work(world)
    [employee] = [one.employee_id for one in world.mirror.employees() if one.user_id == world.user]
    assert employee is not None
    [lock] = world.mirror.person_day(employee, TUESDAY).locks
    assert (lock.by, lock.reason, lock.timezone) == ("Connecteam", "locked in Connecteam", ZONE)


def test_each_source_is_told_by_itself(world: World) -> None:
    """What was not said changes nothing, and neither does a person who is left out."""

    def say(*people: tuple[int, date, bool | None, bool | None], clock: int = WAREHOUSE) -> list[tuple[int, str]]:
        with world.mirror.store.writing("importing") as session:
            imported_locks.record(session, (clock, world.window, people), run=1, at=1764600000)
        with world.mirror.store.reading() as session:
            found = session.read("SELECT user_id, source FROM connecteam_sync_person_locks ORDER BY user_id, source")
            return [(int(row["user_id"]), str(row["source"])) for row in found]

    both = [(1, "connecteam_approval"), (1, "connecteam_lock")]
    assert say((1, TUESDAY, True, True), (2, TUESDAY, True, False)) == [*both, (2, "connecteam_lock")]
    assert say((2, TUESDAY, False, None)) == both
    assert say((1, TUESDAY, None, False)) == [(1, "connecteam_lock")]
    assert say((1, WEDNESDAY, False, False)) == [(1, "connecteam_lock")]
    assert say((1, TUESDAY, True, None), clock=OFFICE) == [(1, "connecteam_lock")] * 2
    assert say((1, TUESDAY, False, None), clock=OFFICE) == [(1, "connecteam_lock")]
    assert say((1, date(2026, 1, 5), True, True)) == [(1, "connecteam_lock")]


def test_a_lock_of_another_zone_is_another_one(world: World) -> None:
    """The business moved: what Connecteam says now is about days of the new zone, also where their dates are alike."""

    def say(zone: str, *, is_locked: bool) -> list[str]:
        window = Window(world.window.first, world.window.last, zone)
        with world.mirror.store.writing("importing") as session:
            imported_locks.record(session, (WAREHOUSE, window, ((1, TUESDAY, is_locked, None),)), run=1, at=1764600000)
        return sorted(one.timezone for one in world.mirror.locks())

    say(ZONE, is_locked=True)
    assert say("Asia/Tokyo", is_locked=True) == [ZONE, "Asia/Tokyo"]
    assert say("Asia/Tokyo", is_locked=False) == [ZONE]
    assert world.mirror.lock_history()[0].ranges == ((TUESDAY, TUESDAY, "Asia/Tokyo"),)


def test_a_day_is_imported_once(world: World) -> None:
    """Events are of what changed; `locks` lists what is closed, for how many people, and by what."""
    both_work(world)
    world.mirror.verify(world.window)
    [event] = world.mirror.lock_history()
    assert (event.kind, event.by, event.ranges) == ("lock", "Connecteam", ((TUESDAY, TUESDAY, ZONE),))
    [closed] = world.mirror.locks()
    assert (closed.first, closed.source, closed.people) == (TUESDAY, "connecteam_lock", 1)
    assert (closed.time_clock_id, closed.opened_by) == (WAREHOUSE, "in Connecteam")
    world.company.locked.clear()
    world.mirror.verify(world.window)
    assert [one.kind for one in world.mirror.lock_history()] == ["unlock", "lock"]
    assert world.mirror.locks() == ()


def test_nothing_is_imported_without_being_asked_for(initialised: str) -> None:
    """`import_locks` is off."""
    with Sandbox(Company(0), SandboxSettings(minute_limit=100_000)) as sandbox:
        world = World(sandbox, initialised)
        both_work(world)
        assert world.table("connecteam_sync_lock_events") == []
        world.mirror.close()


def test_a_row_that_a_shift_left_for_another_week_is_held_by_its_day(world: World) -> None:
    """The look is at the other week; the row, and its lock, are far from it."""
    shifts = both_work(world)
    later_by = 20 * 86_400
    for shift in world.company.shifts():
        world.company.edit(shift.id, start=shift.start + later_by, end=(shift.end or 0) + later_by)
    world.sync(Window(date(2025, 12, 20), date(2025, 12, 24), ZONE))
    assert [one.hold.shift_id for one in world.mirror.holds() if one.hold.reason == "locked_day"] == [shifts[0]]


@pytest.mark.parametrize(("begin", "end"), [("08:00", "16:00"), ("20:00", "23:00")])
def test_undo_leaves_such_a_day_alone(world: World, begin: str, end: str) -> None:
    """It names the day, and where it is opened; by UTC an evening in Chicago is of the next day."""
    world.work(2, begin, end)
    run = world.sync()
    world.company.locked.add((WAREHOUSE, world.user, TUESDAY))
    world.mirror.verify(world.window)
    with pytest.raises(UndoRefused, match="Tue 2 Dec 2025 is locked in Connecteam") as error:
        world.mirror.undo(run.id or 0)
    assert "open the day in Connecteam" in error.value.next_step


def test_an_orphan_is_held_by_a_lock_of_any_time_clock(world: World) -> None:
    """Nobody knows which time clock its shift was on."""
    world.work(2, "08:00", "16:00")
    world.sync()
    world.company.locked.add((WAREHOUSE, world.user, TUESDAY))
    world.mirror.verify(world.window)
    world.execute(
        "INSERT INTO clock_times (employee_id, clock_in, clock_out, total_minutes, is_active, source)"
        " SELECT employee_id, '2025-12-02 23:00:00', '2025-12-02 23:30:00', 30, is_active, source FROM clock_times"
    )
    world.mirror.resync(world.window)
    assert world.reasons() == ["locked_day"]


def test_a_closed_period_closes_its_days(world: World) -> None:
    """For everybody, while it is closed: no sync, no undo."""
    shift = world.work(2, "08:00", "16:00")
    run = world.sync()
    world.mirror.payroll.close("2025-12-01..2025-12-03", by="Pia")
    later(world, shift.id)
    assert world.mirror.holds()[0].hold.detail.startswith("Tue 2 Dec 2025 lies in a closed pay period: clock-out")
    assert world.mirror.locked_days() == (date(2025, 12, 1), TUESDAY, WEDNESDAY)
    [closed] = world.mirror.locks()
    assert (closed.source, closed.people, closed.event and closed.event.by) == ("period", 0, "Pia")
    assert closed.opened_by == "connecteam-sync periods reopen 2025-12-01 --reason R"
    with pytest.raises(UndoRefused, match="lies in a closed pay period"):
        world.mirror.undo(run.id or 0)
    world.mirror.payroll.reopen("2025-12-01..2025-12-03", reason="late hours")
    world.sync()
    assert world.reasons() == []
    assert world.mirror.locked_days() == ()


def test_a_period_in_review_is_open(world: World) -> None:
    """Only closing closes its days."""
    shift = world.work(2, "08:00", "16:00")
    world.sync()
    world.mirror.payroll.review("2025-12-01..2025-12-03", by="Pia")
    later(world, shift.id)
    assert world.reasons() == []


def test_unlocking_does_not_open_a_closed_period(world: World) -> None:
    """It says what keeps the day closed."""
    world.work(2, "08:00", "16:00")
    world.sync()
    world.lock(TUESDAY)
    world.mirror.payroll.close("2025-12-01..2025-12-03", by="Pia", anyway="it is locked")
    done = world.mirror.unlock(TUESDAY, TUESDAY)
    assert [day.day for day in done.opened] == [TUESDAY]
    assert [(day.day, day.source) for day in done.still] == [(TUESDAY, "period")]

"""Days that somebody locks for one person, one time clock, or one person on one time clock."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from connecteam_sync.core.timesheets import TimesheetRules
from connecteam_sync.errors import LockRefused, NotFound, UndoRefused
from connecteam_sync.present.locks_text import closed_lines, event_lines
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.sandbox.company import OFFICE, WAREHOUSE
from support.operated import operated, page
from support.scenario import World

TUESDAY, WEDNESDAY = date(2025, 12, 2), date(2025, 12, 3)


@pytest.fixture
def world(initialised: str) -> Iterator[World]:
    """Two people who worked on Tuesday, the first one at two time clocks; and an initialised database."""
    with Sandbox(Company(0), SandboxSettings(minute_limit=100_000)) as sandbox:
        made = World(sandbox, initialised, payroll=TimesheetRules(import_locks=True))
        made.work(2, "08:00", "16:00")
        made.work(2, "18:00", "20:00", clock=OFFICE)
        made.work(2, "08:00", "16:00", user=other(made))
        made.sync()
        yield made
        made.mirror.close()


def other(world: World) -> int:
    """A second person of the first time clock."""
    return sorted(user for user, person in world.company.people.items() if WAREHOUSE in person.clocks)[1]


def employee(world: World, user: int) -> int:
    """The employee that a user counts for."""
    found = {person.user_id: person.employee_id for person in world.mirror.employees()}[user]
    assert isinstance(found, int)
    return found


def all_later(world: World) -> list[int]:
    """Every end is half an hour later, and a run sees it; the minutes of the rows that begin at 8, 18 and 8."""
    for shift in world.company.shifts():
        world.company.edit(shift.id, end=(shift.end or 0) + 1800)
    world.sync()
    return [int(row["total_minutes"]) for row in world.table()]


@pytest.mark.parametrize(
    ("who", "clock", "minutes"),
    [
        ("first", None, [480, 120, 510]),
        ("second", None, [510, 150, 480]),
        (None, WAREHOUSE, [480, 150, 480]),
        (None, OFFICE, [510, 120, 510]),
        ("first", OFFICE, [510, 120, 510]),
        ("second", OFFICE, [510, 150, 510]),
    ],
)
def test_the_day_is_closed_for_them_alone(world: World, who: str | None, clock: int | None, minutes: list[int]) -> None:
    """Their row waits and becomes a correction, the others are written; opened again, it is written too."""
    first = {row["employee_id"] for row in world.table() if row["total_minutes"] == 120}.pop()
    second = employee(world, other(world))
    person = {"first": first, "second": second, None: None}[who]
    done = world.mirror.lock(TUESDAY, TUESDAY, reason="paid", by="Pia", employee=person, time_clock=clock)
    assert (done.newly, done.scope.employee_id, done.scope.time_clock_id) == ((TUESDAY,), person, clock)
    assert done.verified is not None
    assert done.verified.is_right
    by_id = sorted(world.table(), key=lambda row: row["id"])
    order = sorted(range(3), key=lambda n: (by_id[n]["employee_id"] != first, by_id[n]["total_minutes"] == 120))
    after = all_later(world)
    assert [after[number] for number in order] == minutes
    held = [number for number, one in enumerate(minutes) if one in {480, 120}]
    assert world.reasons() == ["locked_day"] * len(held)
    assert sorted(one.delta for one in world.mirror.payroll.corrections()) == [30] * len(held)
    again = world.mirror.lock(TUESDAY, TUESDAY, reason="paid", employee=person, time_clock=clock)
    assert (again.newly, again.verified) == ((), None)
    opened = world.mirror.unlock(TUESDAY, WEDNESDAY, reason="a mistake", by="Pia", employee=person, time_clock=clock)
    assert [day.day for day in opened.opened] == [TUESDAY]
    world.sync()
    assert sorted(int(row["total_minutes"]) for row in world.table()) == [150, 510, 510]
    assert {one.state for one in world.mirror.payroll.corrections()} <= {"cancelled"}
    assert world.mirror.locks() == ()


def test_they_are_listed_with_the_command_that_opens_them(world: World) -> None:
    """Next to those for everybody, and in the history of all locks."""
    person = employee(world, other(world))
    world.mirror.lock(TUESDAY, WEDNESDAY, reason="paid", by="Pia", employee=person)
    world.mirror.lock(TUESDAY, TUESDAY, reason="audit", by="Ana", time_clock=OFFICE)
    office, theirs = sorted(world.mirror.locks(), key=lambda one: one.people)
    assert theirs.opened_by == f"connecteam-sync unlock --from 2025-12-02 --to 2025-12-03 --person {person}"
    assert office.opened_by == f"connecteam-sync unlock --from 2025-12-02 --to 2025-12-02 --clock {OFFICE}"
    name = next(one.employee_name for one in world.mirror.employees() if one.employee_id == person)
    told = "\n".join(closed_lines(world.mirror.locks(), world.window.zone))
    assert f"2025-12-02..2025-12-03 (America/Chicago)  {name}  locked" in told
    assert f"2025-12-02 (America/Chicago)  everybody on time clock {OFFICE}  locked" in told
    world.mirror.unlock(TUESDAY, TUESDAY, by="Pia", employee=person)
    [opened, *_] = event_lines(world.mirror.lock_history(), world.window.zone)
    assert f"2025-12-02 (America/Chicago), user {other(world)}  by Pia" in opened
    [left] = [one for one in world.mirror.locks() if one.people]
    assert (left.first, left.last, left.employee_id) == (WEDNESDAY, WEDNESDAY, person)


def test_what_is_not_theirs_is_not_in_the_way(world: World) -> None:
    """An open row and a difference of somebody else, or at another time clock; their own are."""
    world.work(3, "08:00", None)
    world.sync()
    mine = next(row["employee_id"] for row in world.table() if row["clock_out"] is None)
    theirs = employee(world, other(world))
    world.execute("UPDATE clock_times SET total_minutes = 1 WHERE employee_id = :who AND total_minutes = 480", who=mine)
    found = world.mirror.lock(TUESDAY, WEDNESDAY, reason="paid", employee=theirs).verified
    assert found is not None
    assert (found.is_right, found.shifts, found.minutes) == (True, 1, 480)
    assert world.mirror.lock(TUESDAY, WEDNESDAY, reason="paid", time_clock=OFFICE).verified is not None
    for scope in ({"employee": mine}, {"time_clock": WAREHOUSE}):
        with pytest.raises(LockRefused, match="1 open row, 1 difference") as refused:
            world.mirror.lock(TUESDAY, WEDNESDAY, reason="paid", **scope)
        option = f"--person {mine}" if "employee" in scope else f"--clock {WAREHOUSE}"
        assert f"--to 2025-12-03 {option} --reason paid --anyway" in (refused.value.next_step or "")


def test_an_import_opens_nothing_that_somebody_locked(world: World) -> None:
    """Connecteam says that the day is neither locked nor approved; nor does opening it for everybody."""
    person = employee(world, other(world))
    world.mirror.lock(TUESDAY, TUESDAY, reason="paid", employee=person)
    world.company.locked.add((WAREHOUSE, other(world), TUESDAY))
    world.mirror.verify(world.window)
    world.company.locked.clear()
    world.mirror.verify(world.window)
    world.mirror.unlock(TUESDAY, TUESDAY)
    [left] = world.mirror.locks()
    assert (left.source, left.employee_id) == ("own", person)
    assert sorted(all_later(world)) == [150, 480, 510]


def test_opening_it_opens_nothing_that_connecteam_locked(world: World) -> None:
    """The same day of the same person on the same time clock: each of the two locks is taken back where it was made."""
    person = employee(world, other(world))
    world.company.locked.add((WAREHOUSE, other(world), TUESDAY))
    world.mirror.verify(world.window)
    world.mirror.lock(TUESDAY, TUESDAY, reason="paid", employee=person, time_clock=WAREHOUSE)
    assert sorted(one.source for one in world.mirror.locks()) == ["connecteam_lock", "own"]
    world.mirror.unlock(TUESDAY, TUESDAY, employee=person, time_clock=WAREHOUSE)
    assert [one.source for one in world.mirror.locks()] == ["connecteam_lock"]
    assert sorted(all_later(world)) == [150, 480, 510]


def test_undo_leaves_it_alone(world: World) -> None:
    """And says where to see what has to be opened."""
    all_later(world)
    run = world.mirror.runs(1)[0].id
    assert run is not None
    world.mirror.lock(TUESDAY, TUESDAY, reason="paid", employee=employee(world, other(world)))
    with pytest.raises(UndoRefused) as refused:
        world.mirror.undo(run)
    assert "connecteam-sync locks" in (refused.value.next_step or "")


def test_nobody_and_nothing_is_said(world: World) -> None:
    """Somebody who is no employee, one for whom no user counts, a time clock that is none."""
    world.execute("INSERT INTO employees (name) VALUES ('Nora')")
    nora = world.table("employees")[-1]["id"]
    for scope, what in (
        ({"employee": 999}, "there is no employee 999"),
        ({"employee": nora}, "no Connecteam user counts"),
        ({"time_clock": 7}, "there is no time clock 7"),
    ):
        with pytest.raises(NotFound, match=what):
            world.mirror.lock(TUESDAY, TUESDAY, reason="paid", **scope)
        with pytest.raises(NotFound, match=what):
            world.mirror.unlock(TUESDAY, TUESDAY, **scope)
    assert world.mirror.lock_history() == ()


def test_the_console_shows_them(initialised: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """On the page of closed days with the command, and on the page of the person's day."""
    with operated(initialised, monkeypatch) as console:
        console.world.work(2, "08:00", "16:00")
        console.world.sync()
        [row] = console.world.table()
        console.mirror.lock(TUESDAY, TUESDAY, reason="paid by hand", by="Pia", employee=row["employee_id"])
        console.mirror.lock(TUESDAY, TUESDAY, reason="an audit", by="Ana", time_clock=WAREHOUSE)
        with console.by("payroll", "Paul") as paul:
            text = page(paul, "/locks")
            assert "No day is closed" in text
            assert f"unlock --from 2025-12-02 --to 2025-12-02 --person {row['employee_id']}" in text
            assert f"everybody on time clock {WAREHOUSE}" in text
            assert f"user {console.world.user}" in page(paul, "/locks?all=yes")
            day = page(paul, f"/people/{row['employee_id']}/2025-12-02")
            assert "paid by hand" in day
            assert "an audit" in day

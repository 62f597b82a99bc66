"""The golden cases: the whole program over real HTTP on real databases, each a sentence of what must never go wrong.

Times are local Chicago times of December 2025 unless a date is written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Literal

import pytest

from connecteam_sync.client import counts_of
from connecteam_sync.core.window import local_day
from connecteam_sync.errors import UndoRefused
from connecteam_sync.sandbox import Company, Sandbox
from connecteam_sync.sandbox import SandboxSettings as Behaviour
from connecteam_sync.sandbox.company import OFFICE, WAREHOUSE
from support.scenario import FIRST, LAST, World


@pytest.fixture
def world(initialised: str) -> Iterator[World]:
    """An empty company and an initialised database."""
    with Sandbox(Company(0), Behaviour(minute_limit=100_000)) as sandbox:
        made = World(sandbox, initialised)
        yield made
        made.mirror.close()


@pytest.fixture
def busy(initialised: str) -> Iterator[World]:
    """The seeded company: 585 shifts on eleven days."""
    with Sandbox(Company(), Behaviour(minute_limit=100_000)) as sandbox:
        made = World(sandbox, initialised)
        yield made
        made.mirror.close()


def test_585_shifts_with_counts_and_minutes_equal_per_day_and_person(busy: World) -> None:
    """A fresh sync of two clocks: every shift a row, equal per person and day; verified; twice writes nothing."""
    run = busy.sync()
    assert (run.status, run.exit_code) == ("applied", 0)
    assert counts_of(run) == {
        "total_shifts": 585,
        "created": 585,
        "updated": 0,
        "unchanged": 0,
        "deleted": 0,
        "held": 0,
        "errors": 0,
    }
    assert busy.rows() == busy.company.truth(FIRST, LAST)
    zone = busy.window.zone
    assert Counter(local_day(start, zone).day for _, start, _, _ in busy.rows())[2] == 52
    assert busy.mirror.verify(busy.window).exit_code == 0
    before = busy.everything()
    again = busy.sync()
    assert (again.status, counts_of(again)["unchanged"]) == ("nothing", 585)
    assert busy.everything() == before


def test_a_clock_out_arrives(world: World) -> None:
    """The open row is closed, not doubled."""
    shift = world.work(2, "08:00", None)
    world.sync()
    assert world.table()[0]["total_minutes"] is None
    world.company.clock_out(shift.id, world.at(2, "16:31"))
    assert counts_of(world.sync())["updated"] == 1
    (row,) = world.table()
    assert (row["total_minutes"], bool(row["is_active"])) == (511, False)


@pytest.mark.parametrize("second", ["14:00", "12:04", "08:01"])
def test_two_shifts_a_day_stay_two(world: World, second: str) -> None:
    """Exactly six hours apart, four minutes apart, one minute apart: identity is the id, never a distance in time."""
    world.work(2, "08:00", "12:00")
    world.sync()
    world.work(2, second, "18:00")
    assert counts_of(world.sync()) | {"created": 1, "updated": 0, "deleted": 0} == counts_of(world.mirror.runs(1)[0])
    assert world.rows() == world.company.truth(FIRST, LAST)


def test_a_corrected_clock_in_keeps_its_row(world: World) -> None:
    """Also by six hours, and across midnight."""
    shift = world.work(2, "08:00", "16:00")
    world.sync()
    key = world.table()[0]["id"]
    for begin in ("08:15", "14:15", "02:00"):
        world.company.edit(shift.id, start=world.at(2, begin))
        assert counts_of(world.sync())["updated"] == 1
        assert [row["id"] for row in world.table()] == [key]
    world.company.edit(shift.id, start=world.at(1, "23:30"))
    world.sync()
    assert [row["id"] for row in world.table()] == [key]
    assert world.rows() == world.company.truth(FIRST, LAST)


def test_a_clock_out_corrected_both_ways_and_re_opened(world: World) -> None:
    """Earlier, later, gone: the same row each time."""
    shift = world.work(2, "08:00", "16:00")
    world.sync()
    for end in ("15:00", "17:30"):
        world.company.edit(shift.id, end=world.at(2, end))
        world.sync()
        assert world.rows() == world.company.truth(FIRST, LAST)
    world.company.reopen(shift.id)
    world.sync()
    (row,) = world.table()
    assert (row["clock_out"], row["total_minutes"], bool(row["is_active"])) == (None, None, True)


@pytest.mark.parametrize("selects_by", ["start", "overlap", "end"])
@pytest.mark.parametrize("dates_in", ["business", "utc"])
def test_a_night_shift_across_midnight_and_the_windows_edge(
    world: World,
    selects_by: Literal["start", "overlap", "end"],
    dates_in: Literal["business", "utc"],
) -> None:
    """It belongs to the day it starts on, whichever way Connecteam selects; windows side by side never lose it."""
    world.sandbox.settings.selects_by = selects_by
    world.sandbox.settings.dates_in = dates_in
    for day in (1, 2, 3):
        world.work(day, "22:00", "30:00")
        world.work(day, "00:00", "03:00", user=max(world.company.people), clock=WAREHOUSE)
    for day in (2, 1, 3, 2):
        only = world.mirror.window(date(2025, 12, day), date(2025, 12, day))
        assert world.sync(only).exit_code == 0
    assert world.rows() == world.company.truth(FIRST, LAST)
    before = world.everything()
    assert world.sync().status == "nothing"
    assert world.everything() == before


@pytest.mark.parametrize(("day", "minutes"), [(date(2025, 3, 8), 420), (date(2025, 11, 1), 540)])
def test_the_nights_the_clocks_change(world: World, day: date, minutes: int) -> None:
    """22:00 to 06:00 is seven hours in spring, nine in autumn: durations come from instants."""
    world.company.add(world.user, world.company.at(day, "22:00"), world.company.at(day, "30:00"))
    run = world.sync(world.mirror.window(day, day))
    assert run.exit_code == 0
    assert world.table()[0]["total_minutes"] == minutes
    assert world.mirror.verify(world.mirror.window(day, day)).exit_code == 0


@pytest.mark.usefixtures("initialised")
def test_an_unmapped_person_is_held_then_written_after_mapping(database: str) -> None:
    """Nothing of theirs is lost: held, counted, suggested, and written by the next run after the mapping."""
    with Sandbox(Company(0), Behaviour(minute_limit=100_000)) as sandbox:
        world = World(sandbox, database, employees="match")
        person = sandbox.company.people[world.user]
        world.execute("INSERT INTO employees (name) VALUES (:n)", n=f"{person.first_name} {person.last_name}")
        world.work(2, "08:00", "12:00")
        run = world.sync()
        assert (run.exit_code, counts_of(run)["held"], world.table()) == (3, 1, [])
        (employee,) = world.mirror.employees(unmapped=True)[0].suggestions
        world.mirror.map_employee(world.user, employee.employee_id)
        run = world.sync()
        assert (run.exit_code, counts_of(run)["created"], world.reasons()) == (0, 1, [])
        world.mirror.close()


@pytest.mark.parametrize("listed", [True, False])
def test_a_person_who_left_keeps_their_rows(world: World, listed: bool) -> None:  # noqa: FBT001 - parametrised
    """Archived and off the clock, whether or not Connecteam still lists them: nothing is deleted."""
    world.work(2, "08:00", "12:00")
    world.work(2, "08:00", "12:00", user=max(world.company.people), clock=WAREHOUSE)
    world.sync()
    before = world.table()
    world.sandbox.settings.lists_unassigned = listed
    world.company.unassign(world.user)
    world.company.archive(world.user)
    run = world.sync()
    assert run.exit_code == (0 if listed else 3)
    assert world.table() == before
    assert world.reasons() == ([] if listed else ["user_not_listed"])


def test_deleted_upstream_is_deleted_and_undoable(world: World) -> None:
    """The row goes, the journal keeps it, undo brings it back to the last byte."""
    for number in range(1, 6):
        world.work(number, "08:00", "12:00")
    world.sync()
    before = world.table()
    world.company.delete(world.company.shifts()[2].id)
    run = world.sync()
    assert counts_of(run)["deleted"] == 1
    assert len(world.table()) == 4
    assert run.id
    undone = world.mirror.undo(run.id)
    assert undone.undoes == run.id
    assert world.table() == before
    # Undo changed the table, not Connecteam: the next sync says so again.
    assert counts_of(world.sync())["deleted"] == 1


def test_an_exact_duplicate_is_one_row_and_one_hold(world: World) -> None:
    """The lower creation gets the row, the other is shown; when the first goes, the second takes over its row."""
    first = world.work(2, "08:00", "12:00")
    world.company.duplicate(first.id)
    run = world.sync()
    assert (run.exit_code, len(world.table()), world.reasons()) == (3, 1, ["duplicate_clock_in"])
    key = world.table()[0]["id"]
    world.company.delete(first.id)
    run = world.sync()
    assert (run.exit_code, [row["id"] for row in world.table()], world.reasons()) == (0, [key], [])


def test_two_clocks_do_not_disturb_each_other(world: World) -> None:
    """Each is one look; trouble of one leaves the other's rows written and its own as they were."""
    world.company.people[world.user].clocks = {WAREHOUSE, OFFICE}
    world.work(2, "08:00", "12:00")
    world.work(2, "13:00", "17:00", clock=OFFICE)
    world.sync()
    assert world.rows() == world.company.truth(FIRST, LAST)
    world.work(3, "08:00", "12:00")
    world.work(3, "13:00", "17:00", clock=OFFICE)
    world.sandbox.faults.add("html_200", path=f"{WAREHOUSE}/time-activities")
    run = world.sync()
    assert (run.exit_code, [slice_.status for slice_ in run.slices]) == (75, ["failed", "applied", "nothing"])
    assert len(world.table()) == 3
    world.sync()
    assert world.rows() == world.company.truth(FIRST, LAST)


def test_a_manual_row_on_the_same_key_is_never_touched(world: World) -> None:
    """The shift is held until the row is gone."""
    shift = world.work(2, "08:00", "12:00")
    world.sync()
    world.execute("UPDATE clock_times SET source = 'manual', total_minutes = 1")
    before = world.table()
    world.company.edit(shift.id, end=world.at(2, "13:00"))
    for _ in range(2):
        assert world.sync().exit_code == 3
        assert world.table() == before
    world.company.delete(shift.id)
    world.sync()
    assert world.table() == before


@pytest.mark.parametrize(
    "fault",
    ["html_200", "truncated", "empty_body", "no_envelope", "null_data", "wrong_list", "wrong_type", "redirect",
     "bad_key", "domain_error", "model_error", "validation_422", "dropped", "server_error", "too_many_for_long"],
)  # fmt: skip
@pytest.mark.usefixtures("few_tries")
def test_whatever_the_api_does_the_table_is_byte_identical(world: World, fault: str) -> None:
    """Failures of every kind, at every call of a run."""
    world.work(2, "08:00", "12:00")
    world.sync()
    before = world.everything()
    world.company.delete(world.company.shifts()[0].id)
    for path in ("/users", "/time-clocks", "time-activities"):
        world.sandbox.faults.add(fault, path=path, times=99)
        run = world.sync()
        world.sandbox.faults.clear()
        assert run.exit_code in {1, 75}
        assert run.status == "failed"
        assert world.everything() == before


def test_an_answer_without_anybody_is_refused(world: World) -> None:
    """An empty list is silence, not data: nothing is deleted."""
    for number in range(1, 6):
        world.work(number, "08:00", "12:00")
    world.sync()
    before = world.everything()
    world.sandbox.faults.add("no_one", path="time-activities", times=2)
    run = world.sync()
    assert run.exit_code == 4
    assert world.everything() == before


def test_many_deletes_need_a_persons_word(world: World) -> None:
    """Refused with the exact command that lets this one plan through, and only this one."""
    world.mirror.close()
    settings = {"max_deletes": 3}
    careful = World(world.sandbox, world.mirror.settings.database_url, **settings)
    for number in range(1, 11):
        careful.work(number, "08:00", "12:00")
    careful.sync()
    before = careful.everything()
    for shift in careful.company.shifts()[:5]:
        careful.company.delete(shift.id)
    run = careful.sync()
    assert (run.exit_code, careful.everything()) == (4, before)
    refused = next(slice_ for slice_ in run.slices if slice_.status == "refused")
    assert str(refused.fingerprint) in str(refused.next_step)
    assert careful.sync(accept=["0123456789abcdef"]).exit_code == 4
    assert counts_of(careful.sync(accept=[str(refused.fingerprint)]))["deleted"] == 5
    careful.mirror.close()


def test_a_locked_day_does_not_change(world: World) -> None:
    """Payroll closed it: the difference is held with its minutes until the day is opened."""
    shift = world.work(2, "08:00", "12:00")
    world.sync()
    world.lock(date(2025, 12, 2))
    before = world.table()
    world.company.edit(shift.id, end=world.at(2, "13:00"))
    assert world.sync().exit_code == 3
    assert world.table() == before
    assert [(s.hold.reason, s.hold.minutes) for s in world.mirror.holds()] == [("locked_day", 60)]
    world.mirror.unlock(date(2025, 12, 1), date(2025, 12, 31))
    assert world.sync().exit_code == 0
    assert world.rows() == world.company.truth(FIRST, LAST)


def test_a_row_that_moved_across_a_closed_day_is_taken_back(world: World) -> None:
    """Neither day it was on is closed; the one between is, and nothing on it changes."""
    shift = world.work(2, "08:00", "12:00")
    world.sync()
    before = world.table()
    world.lock(date(2025, 12, 3))
    world.company.edit(shift.id, start=world.at(4, "08:00"), end=world.at(4, "12:00"))
    run = world.sync()
    assert (run.exit_code, run.counts.updated) == (0, 1)
    assert world.mirror.undo(run.id or 0).exit_code == 0
    assert world.table() == before


def test_a_row_that_began_on_a_closed_day_is_not_taken_back(world: World) -> None:
    """The days it only lay over do not matter; the day it began on does."""
    world.work(2, "22:00", "70:00")
    run = world.sync()
    before = world.table()
    world.lock(date(2025, 12, 2))
    with pytest.raises(UndoRefused, match="Tue 2 Dec 2025 is locked"):
        world.mirror.undo(run.id or 0)
    assert world.table() == before
    world.mirror.unlock(date(2025, 12, 2), date(2025, 12, 2))
    world.lock(date(2025, 12, 3), date(2025, 12, 4))
    assert world.mirror.undo(run.id or 0).status == "applied"
    assert world.table() == []


def test_a_night_that_began_on_an_open_day_is_corrected_though_the_next_is_closed(world: World) -> None:
    """Its clock-out lies on a closed day, its hours belong to the day before: written, proven, and undone."""
    night = world.work(2, "22:00", "30:00")
    world.sync()
    before = world.table()
    world.lock(date(2025, 12, 3))
    world.company.edit(night.id, end=world.at(2, "30:30"))
    run = world.sync()
    assert (run.exit_code, run.counts.updated) == (0, 1)
    assert world.rows() == world.company.truth(FIRST, LAST)
    assert world.mirror.undo(run.id or 0).status == "applied"
    assert world.table() == before


def test_an_edit_in_the_table_is_seen_restored_and_undoable(world: World) -> None:
    """Somebody moved a clock-out by hand: restored, and the journal says why."""
    world.work(2, "08:00", "12:00")
    world.sync()
    world.execute("UPDATE clock_times SET total_minutes = 99")
    run = world.sync()
    assert run.id
    assert counts_of(run)["updated"] == 1
    assert "edited in the table" in world.mirror.show(run.id)[1][0].change.why
    assert world.rows() == world.company.truth(FIRST, LAST)
    world.mirror.undo(run.id)
    assert world.table()[0]["total_minutes"] == 99


def test_the_id_is_replaced_and_the_row_stays(world: World) -> None:
    """A geofence exception is approved: another id, the same row."""
    shift = world.work(2, "08:00", None)
    world.sync()
    key = world.table()[0]["id"]
    world.company.replace_id(shift.id, end=world.at(2, "16:00"))
    assert world.sync().exit_code == 0
    assert [row["id"] for row in world.table()] == [key]
    assert world.rows() == world.company.truth(FIRST, LAST)


def test_impossible_records_are_held_with_the_value_quoted(world: World) -> None:
    """They block nothing but deletes of their own person."""
    world.work(2, "08:00", "12:00")
    bad = world.work(3, "08:00", "12:00")
    world.sync()
    world.company.spoil(bad.id, end={"timestamp": world.at(3, "07:00"), "timezone": "America/Chicago"})
    run = world.sync()
    assert run.exit_code == 3
    assert world.mirror.verify(world.window).exit_code == 3
    (hold,) = world.mirror.holds("impossible_record")
    said = "a shift cannot be believed: its end lies before its start (2025-12-03 08:00-07:00)"
    assert hold.hold.detail == said
    assert len(world.table()) == 2

"""Corrections of closed days, by the library: made and taken back by runs, accepted and dismissed by people."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest

from connecteam_sync.core.corrections import Correction
from connecteam_sync.core.holds import grouped
from connecteam_sync.core.payroll_settings import PaySchedule
from connecteam_sync.core.window import Window, local_day
from connecteam_sync.errors import ConfigurationError, CorrectionRefused, NotFound
from connecteam_sync.present.text import next_step
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.sandbox.company import OFFICE, WAREHOUSE
from support.scenario import World

CLOSED, NEXT = "2025-12-01..2025-12-04", "2025-12-05..2025-12-07"
ZONE = ZoneInfo("America/Chicago")
TUESDAY, THURSDAY = date(2025, 12, 2), date(2025, 12, 4)


@pytest.fixture
def world(initialised: str) -> Iterator[World]:
    """An empty company and an initialised database."""
    with Sandbox(Company(0), SandboxSettings(minute_limit=100_000)) as sandbox:
        made = World(sandbox, initialised)
        yield made
        made.mirror.close()


def closed(world: World) -> str:
    """A shift of Tuesday from 8 to 16, in a closed period; returns its id."""
    shift = world.work(2, "08:00", "16:00")
    world.sync()
    world.mirror.payroll.close(CLOSED, by="Pia")
    return shift.id


def begins(world: World, shift: str) -> int:
    """When Connecteam says that a shift begins."""
    return next(one.start for one in world.sandbox.company.shifts() if one.id == shift)


def ends(world: World, shift: str, late: int) -> None:
    """Somebody moves the end of the shift to so many minutes after 16:00, and a run sees it."""
    world.sandbox.company.edit(shift, end=begins(world, shift) + 8 * 3600 + late * 60)
    world.sync()


def said(world: World) -> list[tuple[str, str, int]]:
    """State, kind and minutes of every correction."""
    return [(one.state, one.kind, one.delta) for one in world.mirror.payroll.corrections()]


def minutes(world: World) -> int:
    """What the table and the corrections say together."""
    live = [one for one in world.mirror.payroll.corrections() if one.state != "cancelled"]
    return sum(int(row["total_minutes"]) for row in world.table()) + sum(one.delta for one in live)


def exported(world: World, *numbers: int) -> None:
    """An export carries these corrections, as the ledger notes it."""
    with world.mirror.store.writing("exporting") as session:
        corrections = session.tables.corrections
        session.connection.execute(corrections.update().where(corrections.c.id.in_(numbers)).values(export_id=1))


def test_the_table_does_not_move_and_the_correction_appears(world: World) -> None:
    """With its signed minutes, once, however often the day is looked at."""
    shift = closed(world)
    before = world.table()
    ends(world, shift, 30)
    world.sync()
    assert world.table() == before
    [found] = world.mirror.payroll.corrections()
    assert (found.day, found.kind, found.minutes_before, found.minutes_after) == (TUESDAY, "changed", 480, 510)
    assert (found.shift_id, found.clock_time_id, found.state) == (shift, before[0]["id"], "pending")
    assert (found.cause, found.timezone) == ("clock-out corrected", "America/Chicago")
    assert minutes(world) == 510


def test_an_edit_taken_back_cancels(world: World) -> None:
    """Accepted or not, while no export has carried it."""
    shift = closed(world)
    ends(world, shift, 30)
    world.mirror.payroll.accept_corrections([1], into=NEXT, by="Pia")
    ends(world, shift, 0)
    assert said(world) == [("cancelled", "changed", 30)]
    assert minutes(world) == 480


def test_after_an_export_it_is_a_counter_entry(world: World) -> None:
    """Pending like any other, and never twice."""
    shift = closed(world)
    ends(world, shift, 30)
    world.mirror.payroll.accept_corrections([1], into=NEXT)
    exported(world, 1)
    ends(world, shift, 0)
    world.sync()
    assert said(world) == [("accepted", "changed", 30), ("pending", "changed", -30)]
    assert world.mirror.payroll.corrections()[1].counter_of == 1
    assert minutes(world) == 480


def test_reopening_writes_the_row_and_cancels(world: World) -> None:
    """The row says it now; what was exported is taken back by a counter-entry."""
    shift = closed(world)
    ends(world, shift, 30)
    world.mirror.payroll.reopen(CLOSED, reason="forgotten hours")
    world.sync()
    assert said(world) == [("cancelled", "changed", 30)]
    assert minutes(world) == 510


def test_reopening_turns_exported_ones_into_counter_entries(world: World) -> None:
    """The hours are in the row then, and were paid already."""
    shift = closed(world)
    ends(world, shift, 30)
    world.mirror.payroll.accept_corrections([1], into=NEXT)
    exported(world, 1)
    world.mirror.payroll.reopen(CLOSED, reason="forgotten hours")
    world.sync()
    assert said(world) == [("accepted", "changed", 30), ("pending", "changed", -30)]
    assert minutes(world) == 510


def test_a_shift_that_moves_over_the_border_of_the_period(world: World) -> None:
    """The row stays with the closed day; the open day gets its minutes by its correction only, until it is reopened."""
    shift = closed(world)
    there = begins(world, shift) + 4 * 86_400
    world.sandbox.company.edit(shift, start=there, end=there + 8 * 3600)
    rows = world.table()
    world.sync()
    assert world.table() == rows
    assert [(one.day.day, one.kind, one.delta) for one in world.mirror.payroll.corrections()] == [
        (2, "removed", -480),
        (6, "added", 480),
    ]
    world.mirror.payroll.reopen(CLOSED, reason="it moved")
    world.sync()
    [(_, clock_in, _, _)] = world.rows()
    assert local_day(clock_in, ZoneInfo("America/Chicago")) == date(2025, 12, 6)
    assert {state for state, _, _ in said(world)} == {"cancelled"}


def test_new_and_deleted_shifts(world: World) -> None:
    """Both are corrections of the closed day."""
    shift = closed(world)
    world.work(3, "08:00", "12:00")
    world.sandbox.company.delete(shift)
    world.work(8, "08:00", "12:00")
    world.sync()
    found = {(one.day.day, one.kind, one.delta) for one in world.mirror.payroll.corrections()}
    assert found == {(2, "removed", -480), (3, "added", 240)}


def test_a_decision_ends_the_waiting(world: World) -> None:
    """The hold is acknowledged with it, and asks again once the shift is edited again."""
    shift = closed(world)
    ends(world, shift, 30)
    assert world.sync().exit_code == 3
    world.mirror.payroll.dismiss_corrections([1], reason="not worked", by="Pia")
    assert world.sync().exit_code == 0
    [held] = world.mirror.holds()
    assert held.acknowledged is not None
    assert held.acknowledged.reason == "its corrections are decided: not worked"
    ends(world, shift, 45)
    assert world.sync().exit_code == 3
    assert said(world) == [("dismissed", "changed", 30), ("pending", "changed", 15)]


def test_one_shift_with_two_corrections_waits_for_both(world: World) -> None:
    """A move is decided once both of its days are."""
    shift = closed(world)
    there = begins(world, shift) + 86_400
    world.sandbox.company.edit(shift, start=there, end=there + 8 * 3600)
    world.sync()
    world.mirror.payroll.accept_corrections([1], into=NEXT)
    assert world.sync().exit_code == 3
    world.mirror.payroll.accept_corrections([2], into=NEXT)
    assert world.sync().exit_code == 0


def test_a_period_that_is_closed_takes_none(world: World) -> None:
    """Nor one that was exported, or that shares days with another one; nothing is written."""
    shift = closed(world)
    ends(world, shift, 30)
    for into, words in ((CLOSED, "is closed"), ("2025-12-04..2025-12-10", "overlaps 1 period")):
        with pytest.raises(CorrectionRefused, match=words):
            world.mirror.payroll.accept_corrections([1], into=into)
    assert said(world) == [("pending", "changed", 30)]


def test_the_next_open_period_is_named(world: World) -> None:
    """By the schedule, beyond those that are closed."""
    shift = closed(world)
    ends(world, shift, 30)
    with pytest.raises(CorrectionRefused) as error:
        world.mirror.payroll.accept_corrections([1], into=CLOSED)
    assert "name a later period that is open: --into FIRST..LAST" in error.value.next_step


def test_the_next_open_period_of_the_schedule_is_neither_closed_nor_exported(world: World, tmp_path: Path) -> None:
    """One that was exported and opened again has been paid: nothing more goes into it."""
    of_four_days = PaySchedule(schedule="days", period_days=4, anchor=date(2025, 12, 1))
    world.mirror.settings = msgspec.structs.replace(world.mirror.settings, pay_schedule=of_four_days)
    ends(world, closed(world), 30)
    payroll = world.mirror.payroll
    payroll.close("2025-12-05", anyway="nobody worked")
    payroll.export("2025-12-05", "csv", tmp_path / "second.csv")
    payroll.reopen("2025-12-05", reason="too early")
    payroll.close("2025-12-09", anyway="nobody worked")
    for into in (CLOSED, "2025-12-05"):
        with pytest.raises(CorrectionRefused) as error:
            payroll.accept_corrections([1], into=into)
        assert "the next open period is 2025-12-13: --into 2025-12-13" in error.value.next_step
    assert payroll.corrections_page().into == "2025-12-13"
    assert said(world) == [("pending", "changed", 30)]


def test_what_is_exported_or_cancelled_stays(world: World) -> None:
    """Nobody decides it again."""
    shift = closed(world)
    ends(world, shift, 30)
    world.mirror.payroll.accept_corrections([1], into=NEXT)
    exported(world, 1)
    with pytest.raises(CorrectionRefused, match="was exported"):
        world.mirror.payroll.dismiss_corrections([1], reason="no")
    ends(world, shift, 45)
    ends(world, shift, 30)
    assert said(world) == [("accepted", "changed", 30), ("cancelled", "changed", 15)]
    with pytest.raises(CorrectionRefused, match="was cancelled"):
        world.mirror.payroll.accept_corrections([2], into=NEXT)


def test_unknown_ones_and_no_reason(world: World) -> None:
    """Each is told what is missing."""
    shift = closed(world)
    ends(world, shift, 30)
    with pytest.raises(NotFound, match="there is no correction 7, 9"):
        world.mirror.payroll.accept_corrections([9, 1, 7], into=NEXT)
    with pytest.raises(ConfigurationError, match="the reason is missing"):
        world.mirror.payroll.dismiss_corrections([1], reason=" ")
    assert said(world) == [("pending", "changed", 30)]


def test_an_accepted_correction_keeps_its_period_on_record(world: World) -> None:
    """Whatever the schedule will be: no other period may have its days then."""
    shift = closed(world)
    ends(world, shift, 30)
    [done] = world.mirror.payroll.accept_corrections([1], into=NEXT, by="Pia")
    assert (done.state, done.effective, done.decided_by) == ("accepted", (date(2025, 12, 5), date(2025, 12, 7)), "Pia")
    assert [period.name for period in world.mirror.payroll.periods()] == ["2025-12-05", "2025-12-01"]
    assert [one.number for one in world.mirror.payroll.corrections(period=NEXT)] == [1]
    assert [one.number for one in world.mirror.payroll.corrections(period=CLOSED)] == [1]
    assert world.mirror.payroll.corrections(state="pending") == ()


def test_what_is_held_for_another_reason_keeps_its_correction(initialised: str) -> None:
    """Nobody knows what would be written while the edit of somebody else is kept."""
    with Sandbox(Company(0), SandboxSettings(minute_limit=100_000)) as sandbox:
        world = World(sandbox, initialised, local_edits="keep")
        shift = closed(world)
        ends(world, shift, 30)
        world.execute("UPDATE clock_times SET total_minutes = 100, clock_out = clock_in")
        world.sync()
        assert world.reasons() == ["local_edit"]
        assert said(world) == [("pending", "changed", 30)]
        world.mirror.close()


@pytest.mark.parametrize(("there", "then"), [(OFFICE, WAREHOUSE), (WAREHOUSE, OFFICE)])
def test_a_shift_that_goes_to_another_time_clock_keeps_its_correction(world: World, there: int, then: int) -> None:
    """Whichever of the two is looked at first; and it is taken back there."""
    shift = world.work(2, "08:00", "16:00", clock=there)
    for clock in (there, then):
        world.work(9 if clock == there else 10, "08:00", "08:10", clock=clock)
    world.sync()
    world.mirror.payroll.close(CLOSED, by="Pia")
    ends(world, shift.id, 30)
    world.company.activities[shift.id].clock_id = then
    for _ in range(2):
        assert world.sync().exit_code == 3
        assert minutes(world) == 510 + 20
        assert [one for one in said(world) if one[0] != "cancelled"] == [("pending", "changed", 30)]
    ends(world, shift.id, 0)
    world.sync()
    assert {state for state, _, _ in said(world)} == {"cancelled"}


def test_a_shift_that_comes_back_to_a_day_next_to_those_looked_at_keeps_its_correction(world: World) -> None:
    """It was gone, far away, and is back where only the padding of a look at its closed day shows it."""
    world.work(2, "18:00", "18:10")
    shift = closed(world)
    tuesday = world.mirror.window(date(2025, 12, 2), date(2025, 12, 2))
    at = begins(world, shift)
    world.company.edit(shift, start=at + 9 * 86_400, end=at + 9 * 86_400 + 8 * 3600)
    world.sync(tuesday)
    assert said(world) == [("pending", "removed", -480)]
    world.mirror.payroll.dismiss_corrections([1], reason="paid by hand", by="Pia")
    world.company.edit(shift, start=at + 2 * 86_400, end=at + 2 * 86_400 + 8 * 3600)
    for _ in range(2):
        world.sync(tuesday)
        assert world.reasons() == ["locked_day"]
        assert [one for one in said(world) if one[1] == "removed"] == [("dismissed", "removed", -480)]
        assert [one[:2] for one in said(world) if one[2] == 480] == [("pending", "added")]
        assert minutes(world) == 480 + 10


@pytest.mark.parametrize("late", [-60, 0, 60])
def test_a_shift_that_another_time_clock_has_instead_counts_once(world: World, late: int) -> None:
    """The row of the closed day would be given to it; what goes and what comes are told by one correction each."""
    for clock in (OFFICE, WAREHOUSE):
        world.work(2 if clock == OFFICE else 3, "18:00", "18:10", clock=clock)
    there = closed(world)
    at = begins(world, there)
    world.company.delete(there)
    new = world.company.add(world.user, at, at + (480 + late) * 60, clock=OFFICE, created_at=at + 1)
    for window in (None, None, world.mirror.window(date(2025, 12, 2), date(2025, 12, 2)), None):
        world.sync(window)
        assert minutes(world) == 480 + late + 20
    world.company.delete(new.id)
    world.sync()
    assert minutes(world) == 20


def test_somebody_new_has_a_correction_of_their_closed_day(world: World) -> None:
    """They become an employee by their shift of another day, in the same commit."""
    world.mirror.payroll.close(CLOSED, by="Pia")
    world.work(2, "08:00", "16:00")
    world.work(6, "08:00", "12:00")
    world.sync()
    assert said(world) == [("pending", "added", 480)]
    assert minutes(world) == 480 + 240


def test_somebody_who_is_no_employee_yet_has_one_as_soon_as_they_are(world: World) -> None:
    """Until then the hold alone says it."""
    world.mirror.payroll.close(CLOSED, by="Pia")
    world.work(2, "08:00", "16:00")
    run = world.sync()
    assert said(world) == []
    assert next_step(run) == "connecteam-sync employees --unmapped"
    [group] = grouped([one.hold for one in world.mirror.holds()])
    assert f"employees create {world.user}, then connecteam-sync sync --from 2025-12-02" in str(group.next_step(ZONE))
    checked = world.mirror.payroll.check(NEXT).checked
    assert checked is not None
    assert [(one.name, one.count) for one in checked.obstacles] == [("hold", 1)]
    world.work(6, "08:00", "12:00")
    world.sync()
    assert said(world) == [("pending", "added", 480)]


def test_a_hold_for_another_reason_that_ends_after_the_day_was_opened(initialised: str) -> None:
    """Nothing is closed any more, and the row is as Connecteam says: so is the correction over."""
    with Sandbox(Company(0), SandboxSettings(minute_limit=100_000)) as sandbox:
        world = World(sandbox, initialised, local_edits="keep")
        shift = closed(world)
        ends(world, shift, 30)
        world.execute("UPDATE clock_times SET total_minutes = 100, clock_out = clock_in")
        world.mirror.payroll.reopen(CLOSED, reason="late hours")
        world.sync()
        assert (world.reasons(), said(world)) == (["local_edit"], [("pending", "changed", 30)])
        world.execute("DELETE FROM clock_times")
        world.mirror.close()
        world = World(sandbox, initialised)
        world.sync()
        assert world.reasons() == []
        assert said(world) == [("cancelled", "changed", 30)]
        assert minutes(world) == 510
        world.mirror.close()


def test_an_edit_that_comes_back_is_a_correction_again(world: World) -> None:
    """What was cancelled counts no more."""
    shift = closed(world)
    for late in (30, 0, 30):
        ends(world, shift, late)
    assert said(world) == [("cancelled", "changed", 30), ("pending", "changed", 30)]


def test_a_period_that_was_exported_takes_none(world: World) -> None:
    """Another one that begins on the same day is another one."""
    shift = closed(world)
    ends(world, shift, 30)
    with world.mirror.store.writing("exporting") as session:
        session.connection.execute(
            session.tables.exports.insert().values(
                first_day="2025-12-05",
                last_day="2025-12-07",
                timezone="America/Chicago",
                format="csv",
                at=1764600000,
                actor="Pia",
                file_name="hours.csv",
                file_hash="c0ffee",
                file_lines=1,
                minutes=0,
                corrections="[]",
                reason="",
            )
        )
    with pytest.raises(CorrectionRefused, match=r"2025-12-05\.\.2025-12-07 was exported"):
        world.mirror.payroll.accept_corrections([1], into=NEXT)
    [done] = world.mirror.payroll.accept_corrections([1], into="2025-12-05..2025-12-06")
    assert done.state == "accepted"


def test_a_manual_lock_makes_corrections_too(world: World) -> None:
    """And `unlock` ends them."""
    shift = world.work(2, "08:00", "16:00")
    world.sync()
    world.mirror.lock(TUESDAY, TUESDAY, reason="payroll")
    ends(world, shift.id, 30)
    assert said(world) == [("pending", "changed", 30)]
    world.mirror.unlock(TUESDAY, TUESDAY)
    world.sync()
    assert said(world) == [("cancelled", "changed", 30)]


def test_a_plan_makes_none(world: World) -> None:
    """A dry run writes nothing."""
    shift = closed(world)
    world.sandbox.company.edit(shift, end=begins(world, shift) + 9 * 3600)
    world.mirror.plan(Window(TUESDAY, THURSDAY, "America/Chicago"))
    assert said(world) == []


def test_its_fields_are_kept(world: World) -> None:
    """What is written is what is read."""
    shift = closed(world)
    ends(world, shift, 30)
    [found] = world.mirror.payroll.corrections()
    assert isinstance(found, Correction)
    assert found.before is not None
    assert found.after is not None
    assert (found.after.clock_out or 0) - (found.before.clock_out or 0) == 1800
    assert found.edited_at is not None
    assert msgspec.structs.replace(found, number=1) == found

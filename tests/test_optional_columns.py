"""Columns for the job, the break minutes and the net minutes of a shift: mirrored where one is named for them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from connecteam_sync.errors import ConfigurationError
from connecteam_sync.present.json_shapes import row as shown
from connecteam_sync.present.text import next_step
from connecteam_sync.sandbox.company import JOB, REST, WAREHOUSE, Job
from connecteam_sync.store.tables.privileges import lacking
from support.optional_columns import (
    COLUMNS,
    NIGHT,
    NOWHERE,
    OLD,
    PACKING,
    Mirrors,
    lunch,
    mirrors,
    of_job,
    one,
    renamed,
    require_equal,
    sandbox,
    values,
    whys,
    world,
)
from support.scenario import World

__all__ = ["mirrors", "sandbox", "world"]


# -- what they hold ----------------------------------------------------------------------------------------------------


def test_rows_say_what_timesheets_say(world: World) -> None:
    """Both layouts of breaks, a paid one, one of an unknown type, a night shift, an open shift; jobs, sub jobs, deleted
    and unknown ones.
    """
    of_job(world.work(2, "08:00", "16:30"), PACKING, NIGHT)
    lunch(world, 2)
    of_job(world.work(3, "08:00", "12:00"), PACKING)
    lunch(world, 3)
    of_job(world.work(3, "12:30", "16:30"), OLD)
    of_job(world.work(4, "08:00", "16:30"), NOWHERE)
    lunch(world, 4, kind=REST)
    of_job(world.work(5, "22:00", "30:00"), None)
    lunch(world, 6, "02:00", "02:20")
    of_job(world.work(7, "08:00", "12:00"), NIGHT)
    lunch(world, 7, "09:00", "09:30", kind="nobody lists it")
    of_job(world.work(8, "08:00", None), JOB)
    lunch(world, 8)
    world.sync()
    assert list(values(world).values()) == [
        ("Packing / Night", 30, 480),
        ("Packing", 0, 240),
        ("Old Ü", 0, 240),
        (None, 0, 510),
        (None, 20, 460),
        ("Packing / Night", 0, 240),
        ("Picking", None, None),
    ]
    require_equal(world)


def test_a_break_of_the_next_day_belongs_to_the_night_shift_that_is_looked_at(world: World) -> None:
    """A look at one day takes it along, is right about it once it is gone, and leaves breaks between shifts alone."""
    world.work(5, "22:00", "30:00")
    night, noon = lunch(world, 6, "02:00", "02:20"), lunch(world, 6)
    day = world.mirror.window(date(2025, 12, 5), date(2025, 12, 5))
    world.sync(day)
    assert one(world) == ("Picking", 20, 460)
    assert [row["id"] for row in world.table("connecteam_sync_breaks")] == [night.id]
    world.company.delete(night.id)
    world.sync(day)
    assert one(world) == ("Picking", 0, 480)
    world.sync()
    kept = {row["id"]: row["is_gone"] for row in world.table("connecteam_sync_breaks")}
    assert kept == {night.id: 1, noon.id: 0}
    require_equal(world)


def test_breaks_that_come_go_and_change(world: World) -> None:
    """Each is an ordinary correction of the row, and the journal says so; one can be taken back."""
    shift = world.work(2, "08:00", "16:30")
    world.sync()
    assert one(world) == ("Picking", 0, 510)
    pause = lunch(world, 2)
    before = world.table()
    plan = world.mirror.plan(world.window)
    assert [change.why for change in plan.changes] == []  # whether it is paid is only known once a run has asked
    run = world.sync()
    assert (one(world), whys(world)) == (("Picking", 30, 480), ["breaks corrected"])
    (entry,) = world.mirror.show(run.id or 0)[1]
    images = (entry.change.before, entry.change.after)
    assert [(shown(image) or {})["net_minutes"] for image in images] == [510, 480]
    assert entry.change.minutes == 0
    world.mirror.undo(run.id or 0)
    assert world.table() == before
    world.sync()
    pause.end = world.at(2, "12:45")
    assert [change.why for change in world.mirror.plan(world.window).changes] == ["breaks corrected"]
    world.sync()
    assert one(world) == ("Picking", 45, 465)
    world.company.edit(shift.id, end=world.at(2, "12:15"))
    world.sync()
    assert (one(world), whys(world)) == (("Picking", 15, 240), ["clock-out corrected, breaks corrected"])
    world.company.delete(pause.id)
    world.sync()
    assert one(world) == ("Picking", 0, 255)
    require_equal(world)


def test_clocking_out_is_no_correction_of_breaks(world: World) -> None:
    """They are empty while a shift is open."""
    shift = world.work(2, "08:00", None)
    world.sync()
    assert one(world) == ("Picking", None, None)
    world.company.clock_out(shift.id, world.at(2, "16:00"))
    world.sync()
    assert (one(world), whys(world)) == (("Picking", 0, 480), ["clocked out"])


def test_an_edit_in_the_table_is_corrected(world: World) -> None:
    """Found by the digests too, which span these columns; a row that has less is another row."""
    world.work(2, "08:00", "16:00")
    for _ in range(3):
        world.sync()
    for edit in ("unpaid = NULL", "net = 481", f"{world.mirror.store.dialect.name(COLUMNS['job'])} = 'Packing'"):
        world.execute(f"UPDATE clock_times SET {edit}")
        assert world.sync().counts.updated == 1, edit
        for _ in range(3):
            assert not world.sync().counts.updated
        assert one(world) == ("Picking", 0, 480)


def test_what_a_row_follows_from_is_noticed_though_connecteam_says_the_same(world: World) -> None:
    """A name, a type that is paid after all, a break of five days before: a look with nothing to do spans them."""
    world.work(10, "08:00", "16:00")
    lunch(world, 10)
    forgotten = world.company.take_break(world.user, world.at(5, "08:00"), None, clock=WAREHOUSE)
    days = [world.mirror.window(date(2025, 12, day), date(2025, 12, day)) for day in (5, 10)]
    world.sync()

    def seen() -> tuple[str | None, int | None, int | None]:
        """After looks at the day of the shift alone: the first of them finds it, the others have nothing to do."""
        updated = [world.sync(days[1]).counts.updated for _ in range(4)]
        assert updated[1:] == [0, 0, 0]
        return one(world)

    assert seen() == ("Picking", 480, 0)
    world.company.delete(forgotten.id)
    world.sync(days[0])
    assert seen() == ("Picking", 30, 450)
    world.execute("UPDATE connecteam_sync_break_types SET is_paid = 1")
    assert seen() == ("Picking", 0, 480)
    world.execute("UPDATE connecteam_sync_jobs SET name = 'Sorting'")
    assert seen() == ("Sorting", 0, 480)


# -- names of jobs -----------------------------------------------------------------------------------------------------


def calls(world: World, act: Callable[[], object]) -> int:
    """How many requests it makes."""
    before = world.sandbox.calls
    act()
    return world.sandbox.calls - before


def test_a_run_asks_for_a_job_that_it_does_not_know_once(world: World) -> None:
    """Not `plan`; and not again for one that Connecteam does not list, until a day later."""
    of_job(world.work(1, "08:00", "16:00"), None)
    world.sync()
    ordinary = calls(world, world.sync)
    planned = calls(world, lambda: world.mirror.plan(world.window))
    of_job(world.work(2, "08:00", "16:00"), PACKING)
    of_job(world.work(3, "08:00", "16:00"), NOWHERE)
    assert calls(world, lambda: world.mirror.plan(world.window)) == planned
    assert {change.image.job for change in world.mirror.plan(world.window).changes} == {None}
    assert calls(world, world.sync) == ordinary + 1
    assert [name for name, _, _ in values(world).values()] == [None, "Packing", None]
    for add in (None, PACKING, NOWHERE, "job-new"):
        if add is not None:
            of_job(world.work(4, "08:00", "16:00"), add)
        if add == "job-new":
            world.company.jobs[add] = Job(add, "New")
        assert calls(world, world.sync) == ordinary + (add == "job-new"), add
    world.company.jobs[NOWHERE] = Job(NOWHERE, "Somewhere")
    world.execute(f"UPDATE connecteam_sync_jobs SET seen_at = seen_at - 86400 WHERE id = '{NOWHERE}'")
    of_job(world.work(5, "08:00", "16:00"), NOWHERE)
    world.sync()
    assert "Somewhere" in [name for name, _, _ in values(world).values()]
    require_equal(world)


def test_a_run_of_several_slices_asks_once(world: World) -> None:
    """Also if each of them has a job that Connecteam does not list: the list is what it was a moment ago."""
    first = date(2025, 11, 3)
    window = world.mirror.window(first, date(2025, 12, 11))
    for _ in range(2):
        world.sync(window)
    ordinary = calls(world, lambda: world.sync(window))
    start = world.company.at(first, "08:00")
    of_job(world.company.add(world.user, start, start + 3600, clock=WAREHOUSE, created_at=start), "job-lost")
    of_job(world.work(5, "08:00", "16:00"), NOWHERE)
    assert calls(world, lambda: world.sync(window)) == ordinary + 1
    assert {job["id"] for job in world.table("connecteam_sync_jobs")} >= {"job-lost", NOWHERE, PACKING}


@pytest.mark.parametrize("fault", ["scope", "server_error"])
def test_names_that_cannot_be_read_hold_nothing_up(world: World, fault: str) -> None:
    """The row is written without a name, and the receipt says why."""
    of_job(world.work(2, "08:00", "16:00"), PACKING)
    world.sandbox.faults.add(fault, path="/jobs/", times=50)
    run = world.sync()
    assert (run.status, one(world)) == ("applied", (None, 0, 480))
    assert any("the names of jobs were not read" in (part.note or "") for part in run.slices)
    world.sandbox.faults.clear()
    if fault == "scope":
        assert world.mirror.verify(world.window).exit_code == 0
        world.execute("UPDATE connecteam_sync_jobs SET seen_at = seen_at - 86400")
    of_job(world.work(3, "08:00", "16:00"), PACKING)
    world.sync()
    assert {name for name, _, _ in values(world).values()} == {"Packing"}


def test_a_renamed_job_is_an_update_of_open_days_only(world: World) -> None:
    """A closed day keeps the name that was paid by, without a hold or a correction; an open one can be undone."""
    of_job(world.work(2, "08:00", "16:00"), PACKING)
    of_job(world.work(3, "08:00", "16:00"), PACKING)
    for _ in range(3):
        world.sync()
    world.lock(date(2025, 12, 2))
    renamed(world, "Packing 2")
    before = world.table()
    run = world.sync()
    assert (run.counts.updated, run.holds, whys(world)) == (1, (), ["job corrected"])
    assert [name for name, _, _ in values(world).values()] == ["Packing", "Packing 2"]
    assert world.mirror.verify(world.window).exit_code == 0
    assert world.mirror.payroll.corrections() == ()
    world.mirror.undo(run.id or 0)
    assert world.table() == before
    world.sync()
    assert not world.sync().counts.updated
    world.mirror.unlock(date(2025, 12, 2), date(2025, 12, 2), reason="names")
    assert world.sync().counts.updated == 1
    require_equal(world)


def test_a_name_longer_than_its_column_is_cut(mirrors: Mirrors) -> None:
    """It is a label: the hours are written, and the next run has nothing to do."""
    plain = mirrors.of()
    plain.execute("ALTER TABLE clock_times ADD COLUMN job VARCHAR(8)")
    world = mirrors.of(job="job")
    world.company.jobs[PACKING].title = "Packing of all sorts"
    of_job(world.work(2, "08:00", "16:00"), PACKING)
    assert world.sync().status == "applied"
    assert [row["job"] for row in world.table()] == ["Packing"]
    assert not world.sync().counts.updated


# -- closed days -------------------------------------------------------------------------------------------------------


def test_a_break_that_changes_on_a_closed_day_is_held(world: World) -> None:
    """The row keeps what was paid; the hold says it once, there is no correction of no minutes, and it ends with the
    break, or once the day is open.
    """
    world.work(2, "08:00", "16:30")
    pause = lunch(world, 2)
    for _ in range(2):
        world.sync()
    world.lock(date(2025, 12, 2))
    pause.end = world.at(2, "12:45")
    for _ in range(3):
        run = world.sync()
        assert (run.exit_code, one(world)) == (3, ("Picking", 30, 480))
        (held,) = world.mirror.holds()
        assert held.hold.reason == "locked_day"
        assert "break minutes 30 -> 45, net minutes 480 -> 465 is not written" in held.hold.detail
        assert next_step(run) == "connecteam-sync holds"
        assert (held.hold.minutes, world.mirror.payroll.corrections()) == (0, ())
    world.company.delete(pause.id)
    world.sync()
    assert "break minutes 30 -> 0, net minutes 480 -> 510 is" in world.mirror.holds()[0].hold.detail
    pause = lunch(world, 2)
    assert (world.sync().exit_code, world.reasons()) == (0, [])
    pause.end = world.at(2, "13:00")
    assert world.sync().exit_code == 3
    world.mirror.unlock(date(2025, 12, 2), date(2025, 12, 2), reason="a longer break")
    assert (world.sync().exit_code, one(world)) == (0, ("Picking", 60, 450))
    require_equal(world)


def test_hours_that_change_with_a_break_on_a_closed_day_are_one_correction(world: World) -> None:
    """Of gross minutes, as always: it is told once, whatever else of the row follows from it."""
    shift = world.work(2, "08:00", "16:30")
    pause = lunch(world, 2)
    world.sync()
    world.lock(date(2025, 12, 2))
    world.company.edit(shift.id, end=world.at(2, "17:00"))
    pause.end = world.at(2, "12:45")
    for _ in range(3):
        assert next_step(world.sync()) == "connecteam-sync corrections"
        assert [one.delta for one in world.mirror.payroll.corrections()] == [30]
    assert one(world) == ("Picking", 30, 480)


def test_a_checklist_counts_held_breaks_as_no_held_hours(world: World) -> None:
    """Of a closed period: none while only a break is held, and of a longer shift those that its row lacks."""
    period = "2025-12-01..2025-12-02"
    shift = world.work(2, "08:00", "16:30")
    pause = lunch(world, 2)
    world.sync()
    world.mirror.payroll.close(period, anyway="tested")

    def counted() -> tuple[int, int, int]:
        checked = world.mirror.payroll.check(period).checked
        assert checked is not None
        (total,) = checked.totals
        return total.minutes_table, total.minutes_activities, total.minutes_held

    assert counted() == (510, 510, 0)
    pause.end = world.at(2, "12:45")
    assert world.sync().exit_code == 3
    assert (world.reasons(), counted()) == (["locked_day"], (510, 510, 0))
    world.company.edit(shift.id, end=world.at(2, "17:00"))
    world.sync()
    assert counted() == (510, 540, 30)
    # The same where a check has to look at the days itself.
    world.execute("DELETE FROM connecteam_sync_proofs")
    assert counted() == (510, 540, 30)


def test_closed_days_stay_empty_when_a_column_is_named(mirrors: Mirrors) -> None:
    """What was closed before there was a column is no difference, until it is opened; open days are filled."""
    before = mirrors.of()
    before.work(2, "08:00", "16:30")
    before.work(3, "08:00", "16:30")
    for day in (2, 3):
        lunch(before, day)
    for _ in range(3):
        before.sync()
    before.lock(date(2025, 12, 2))
    for column in ("job VARCHAR(191)", "unpaid INTEGER", "net INTEGER"):
        before.execute(f"ALTER TABLE clock_times ADD COLUMN {column}")
    before.mirror.store._columns = None
    world = mirrors.of(job="job", break_minutes="unpaid")

    def found() -> list[tuple[object, ...]]:
        return [(row["job"], row["unpaid"], row["net"]) for row in world.table()]

    run = world.sync()
    assert (run.counts.updated, run.exit_code, whys(world)) == (1, 0, ["job filled in, breaks filled in"])
    assert found() == [(None, None, None), ("Picking", 30, None)]
    for _ in range(2):
        assert not world.sync().counts.updated
    world.mirror.unlock(date(2025, 12, 2), date(2025, 12, 2), reason="a column more")
    assert world.sync().counts.updated == 1
    # Without names nothing of it is read or written any more.
    before.company.delete(next(key for key, one in before.company.activities.items() if one.kind == "manual_break"))
    before.execute("UPDATE clock_times SET job = 'mine'")
    before.mirror.store._columns = None
    for _ in range(2):
        assert not before.sync().counts.updated
    assert found() == [("mine", 30, None), ("mine", 30, None)]
    assert world.sync().counts.updated == 2
    assert [name for name, _, _ in found()] == ["Picking", "Picking"]


# -- tables ------------------------------------------------------------------------------------------------------------


def test_a_column_that_is_named_and_missing_is_told_with_its_statement(mirrors: Mirrors) -> None:
    """By a run and by `doctor`; the statement is one that the database takes, and then it works."""
    plain = mirrors.of()
    world = mirrors.of(job="job name", net_minutes="net")
    for field, name in (("job", "job name"), ("net_minutes", "net")):
        with pytest.raises(ConfigurationError, match=f"has no column '{name}' \\(for {field}\\)") as told:
            world.sync()
        failed = {check.detail: check.cure for check in world.mirror.doctor() if check.state == "failed"}
        assert told.value.next_step in failed.values(), failed
        statement, _, rest = told.value.next_step.partition("; or ")
        assert rest == f"remove {field} under [tables.clock_times]"
        plain.execute(statement)
    world.work(2, "08:00", "16:00")
    assert world.sync().status == "applied"
    assert [(row["job name"], row["net"]) for row in world.table()] == [("Picking", 480)]
    assert {check.name: check.detail for check in world.mirror.doctor() if check.state == "failed"} == {}
    assert lacking(world.mirror.store, creates_employees=True).by_right == {}


@pytest.mark.parametrize(("field", "kind"), [("job", "INTEGER"), ("break_minutes", "VARCHAR(20)")])
def test_a_column_of_another_type_is_not_served(mirrors: Mirrors, field: str, kind: str) -> None:
    """By its name, before anything is written."""
    mirrors.of().execute(f"ALTER TABLE clock_times ADD COLUMN odd {kind}")
    world = mirrors.of(**{field: "odd"})
    failed = [check.detail for check in world.mirror.doctor() if check.state == "failed"]
    assert any("column 'odd' of table 'clock_times' is" in detail for detail in failed), failed


def test_two_keys_may_not_name_one_column(mirrors: Mirrors) -> None:
    """Nothing may be absent of what is named."""
    with pytest.raises(ConfigurationError, match="total_minutes and break_minutes both name") as told:
        mirrors.of(break_minutes="total_minutes")
    assert "may name one that the table does not have" not in told.value.next_step


def test_rows_entered_by_hand_are_compared_by_their_times(world: World) -> None:
    """One that agrees with its shift is no difference, though it names no job and no minutes of breaks."""
    world.work(2, "08:00", "16:30")
    lunch(world, 2)
    world.sync()
    world.execute("UPDATE clock_times SET source = 'manual', unpaid = NULL, net = NULL")
    assert (world.sync().exit_code, world.reasons()) == (0, [])
    world.execute("UPDATE clock_times SET total_minutes = 500")
    assert (world.sync().exit_code, world.reasons()) == (3, ["manual_row"])


# -- plans -------------------------------------------------------------------------------------------------------------


def test_a_saved_plan_is_applied_as_it_was_shown(world: World, tmp_path: Path) -> None:
    """A plan asks for no names and no types of breaks: nor does its application, and the next run fills them in."""
    of_job(world.work(2, "08:00", "16:30"), PACKING)
    lunch(world, 2)
    plan = world.mirror.plan(world.window)
    world.mirror.save_plan(plan, tmp_path / "plan.json")
    assert world.mirror.apply(world.mirror.read_plan(tmp_path / "plan.json")).status == "applied"
    assert (one(world), world.table("connecteam_sync_jobs")) == ((None, 0, 510), [])
    world.sync()
    assert one(world) == ("Packing", 30, 480)
    require_equal(world)

"""Hours and timesheets, by the library: both layouts of breaks, edits and who made them, as of then, and files."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import time_machine

from connecteam_sync.core.payroll_settings import PaySchedule
from connecteam_sync.core.worked import WorkedShift
from connecteam_sync.errors import ConfigurationError, NotFound
from connecteam_sync.present import hours_text, timesheet_html, timesheet_text
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.sandbox.company import REST, WAREHOUSE, Activity
from support.certified import close, key_in
from support.scenario import World

P = "2025-12-01..2025-12-07"
ENDED = datetime(2025, 12, 20, 12, tzinfo=UTC)


@pytest.fixture
def world(initialised: str) -> Iterator[World]:
    """An empty company and an initialised database; weeks begin on Sunday."""
    with Sandbox(Company(0), SandboxSettings(minute_limit=100_000)) as sandbox:
        made = World(sandbox, initialised, pay_schedule=PaySchedule(workweek_start="sunday"))
        yield made
        made.mirror.close()


def shifts(world: World, *, as_of: int | str | None = None) -> list[WorkedShift]:
    """Every shift of everybody's timesheets."""
    return [shift for sheet in world.mirror.payroll.timesheets(P, as_of=as_of) for shift in sheet.shifts]


def gross(world: World, as_of: int | str | None = None) -> int:
    """The gross minutes of the eleven days."""
    return world.mirror.payroll.hours(world.window, as_of=as_of).total.gross_minutes


def lengthened(world: World, shift: Activity, minutes: int) -> int:
    """The shift ends so many minutes later, and a run sees it; the number of that run."""
    start = world.company.activities[shift.id].start
    world.company.edit(shift.id, end=start + 8 * 3600 + minutes * 60)
    return world.sync().id or 0


def manual(world: World, day: int, source: str = "manual") -> None:
    """Somebody enters an hour by hand."""
    world.execute(
        "INSERT INTO clock_times (employee_id, clock_in, clock_out, total_minutes, is_active, source)"
        f" SELECT min(id), '2025-12-{day:02} 18:00:00', '2025-12-{day:02} 19:00:00', 60, '0', '{source}' FROM employees"
    )


# -- breaks ------------------------------------------------------------------------------------------------------------


def test_net_minutes_in_both_layouts_of_breaks(world: World) -> None:
    """A break inside a shift is taken off; one between two parts of it is in neither, so nothing is taken off twice."""
    world.work(2, "08:00", "16:30")
    world.company.take_break(world.user, world.at(2, "12:00"), world.at(2, "12:30"), clock=WAREHOUSE)
    world.work(3, "08:00", "12:00")
    world.company.take_break(world.user, world.at(3, "12:00"), world.at(3, "12:30"), clock=WAREHOUSE)
    world.work(3, "12:30", "16:30")
    world.work(4, "08:00", "16:30")
    world.company.take_break(world.user, world.at(4, "12:00"), world.at(4, "12:30"), clock=WAREHOUSE, break_type=REST)
    world.sync()
    found = world.mirror.payroll.hours(world.window, by="day")
    assert [(line.gross_minutes, line.break_minutes, line.net_minutes) for line in found.lines] == [
        (510, 30, 480),
        (480, 0, 480),
        (510, 0, 510),
    ]
    assert (found.total.gross_minutes, found.total.net_minutes, found.total.rows) == (1500, 1470, 4)
    [sheet] = world.mirror.payroll.timesheets(P)
    assert [one.is_paid for shift in sheet.shifts for one in shift.breaks] == [False, True]
    assert sheet.net_minutes == 1470


def test_a_break_that_began_before_the_first_day(world: World) -> None:
    """It is taken off the shift of the first midnight, as far as it lasts into it."""
    world.work(1, "00:00", "08:00")
    world.company.take_break(world.user, world.at(1, "00:00") - 600, world.at(1, "00:20"), clock=WAREHOUSE)
    world.sync(world.mirror.window(date(2025, 11, 30), date(2025, 12, 7)))
    total = world.mirror.payroll.hours(world.window).total
    assert (total.gross_minutes, total.break_minutes, total.net_minutes) == (480, 20, 460)
    [sheet] = world.mirror.payroll.timesheets(P)
    assert sheet.net_minutes == 460


def test_an_open_shift_has_no_minutes_yet(world: World) -> None:
    """It is counted by itself."""
    world.work(2, "22:00", "23:30")
    world.work(5, "08:00", None)
    world.sync()
    found = world.mirror.payroll.hours(world.window)
    assert (found.total.gross_minutes, found.total.open_rows, found.total.rows) == (90, 1, 2)


# -- people ------------------------------------------------------------------------------------------------------------


def test_one_person_by_name(world: World) -> None:
    """Without case and accents, by a part, by id; somebody unknown is refused."""
    other = sorted(world.company.people)[1]
    world.work(2, "08:00", "16:00")
    world.work(2, "08:00", "12:00", user=other)
    world.sync()
    payroll = world.mirror.payroll
    [key] = [key for key, name in world.mirror.names().items() if name == "Ana Álvarez"]
    for named in ("ANA alvarez", "alvarez", key, str(key)):
        found = payroll.hours(world.window, person=named)
        assert (found.employee_id, found.total.gross_minutes) == (key, 480)
        assert payroll.timesheet(named, P).employee.id == key
    assert payroll.hours(world.window).total.gross_minutes == 720
    with pytest.raises(NotFound, match="there is no employee 'nobody'"):
        payroll.timesheet("nobody", P)


def test_an_employee_whom_the_host_deleted(world: World) -> None:
    """Their rows are still there, and so is their paper."""
    world.work(2, "08:00", "16:00")
    world.sync()
    if not world.mirror.store.dialect.is_file:
        pytest.skip("there a foreign key keeps them")
    world.execute("DELETE FROM employees")
    [sheet] = world.mirror.payroll.timesheets(P)
    assert (sheet.employee.name, sheet.gross_minutes) == (None, 480)
    assert timesheet_text.timesheet_lines(sheet)[0] == f"timesheet of employee {sheet.employee.id}"


def test_what_is_held_is_told(world: World) -> None:
    """Of everybody, and of the one it is about."""
    shift = world.work(2, "08:00", "16:00")
    world.company.duplicate(shift.id)
    other = sorted(world.company.people)[1]
    world.work(3, "08:00", "16:00", user=other)
    world.sync()
    [left] = world.mirror.payroll.hours(world.window).left_out
    assert (left.reason, left.count, left.people, left.minutes) == ("duplicate_clock_in", 1, 1, 480)
    papers = {sheet.employee.name: sheet.left_out for sheet in world.mirror.payroll.timesheets(P)}
    assert sorted(map(len, papers.values())) == [0, 1]
    assert papers["Ana Álvarez"] == (left,)


def test_words_that_divide(world: World) -> None:
    """Others are refused with the list."""
    found = world.mirror.payroll.hours(world.window, by=["day", "person"])
    assert (found.by, found.workweek_start) == (("person", "day"), "sunday")
    with pytest.raises(ConfigurationError, match="'odd' is nothing to divide hours by") as caught:
        world.mirror.payroll.hours(world.window, by="person,odd")
    assert "person, day, week, job" in caught.value.next_step


# -- edits -------------------------------------------------------------------------------------------------------------


def test_edits_with_who_made_them(world: World) -> None:
    """Old and new times, the run, and the doorbell before it, where one rang."""
    shift = world.work(2, "08:00", "16:00")
    world.sync()
    run = lengthened(world, shift, 30)
    world.execute(
        "INSERT INTO connecteam_sync_doorbells (bell_key, number, state, event_type, time_clock_id, activity_id,"
        " received_at, deliveries, fitted, looks, run_id) VALUES ('b', 1, 'heard', 'admin_edit', 1, :shift, 1, 1, 'x',"
        " 1, :run)",
        shift=shift.id,
        run=run,
    )
    lengthened(world, shift, 45)
    [sheet] = world.mirror.payroll.timesheets(P)
    first, second = sheet.edits
    assert (first.run, first.minutes, first.editor, second.editor) == (run, 30, "a manager", None)
    assert (first.after, second.before) == (second.before, first.after)
    assert (second.minutes_before, second.minutes_after) == (510, 525)
    lines = "\n".join(timesheet_text.timesheet_lines(sheet))
    assert "(+0:30 h): clock-out corrected; edited by a manager in Connecteam" in lines
    assert world.mirror.payroll.timesheet(sheet.employee.id, P) == sheet
    assert [one.number for one in world.mirror.payroll.timesheet(sheet.employee.id, P, as_of=run).edits] == [
        first.number
    ]


def test_hours_that_went_to_another_person(world: World) -> None:
    """They are on both sheets, with the minutes of each; also where the journal has only that one entry."""
    other = sorted(world.company.people)[1]
    world.work(2, "08:00", "16:00")
    world.work(3, "08:00", "12:00", user=other)
    world.sync()
    mirror = world.mirror
    ana, ben = (
        next(one.employee_id for one in mirror.employees() if one.user_id == user) for user in (world.user, other)
    )
    assert ana is not None
    assert ben is not None
    mirror.map_employee(world.user, ben)
    world.sync()
    world.execute("DELETE FROM connecteam_sync_changes WHERE kind = 'create'")
    sheets = {sheet.employee.id: sheet for sheet in mirror.payroll.timesheets(P)}
    assert {key: [one.minutes for one in sheet.edits] for key, sheet in sheets.items()} == {ana: [-480], ben: [480]}
    assert [sheets[key].edits for key in (ana, ben)] == [mirror.payroll.timesheet(key, P).edits for key in (ana, ben)]
    then = {key: mirror.payroll.timesheet(key, P, as_of=1).gross_minutes for key in (ana, ben)}
    assert then == {ana: 480, ben: 240}


def test_a_shift_that_left_the_period(world: World) -> None:
    """It is on the paper as an edit, though no row is there any more."""
    shift = world.work(2, "08:00", "16:00")
    world.sync()
    world.company.edit(shift.id, start=world.at(9, "08:00"), end=world.at(9, "16:00"))
    moved = world.sync().id
    assert [one.gross_minutes for one in shifts(world, as_of=1)] == [480]
    assert shifts(world, as_of=moved) == []
    [sheet] = world.mirror.payroll.timesheets(P)
    assert (sheet.shifts, len(sheet.edits), sheet.gross_minutes) == ((), 1, 0)
    assert "no shift begins on these days" in timesheet_text.timesheet_lines(sheet)


def test_what_the_certificate_says(world: World, tmp_path: Path) -> None:
    """As certified, until somebody alters a row."""
    world.work(2, "08:00", "16:00")
    world.sync()
    world.mirror.close()
    certifying = World(
        world.sandbox, world.mirror.settings.database_url, certificate_key=str(key_in(tmp_path / "keys"))
    )
    try:
        payroll = certifying.mirror.payroll
        first, last = P.split("..")
        day = datetime.fromisoformat
        close(certifying.mirror, day(first).date(), day(last).date())
        [before] = payroll.timesheets(P)
        assert before.certificate is None
        made = payroll.certify(P, out=tmp_path / "proof")
        [sheet] = payroll.timesheets(P)
        found = sheet.certificate
        assert found is not None
        assert (found.number, found.hash, found.key) == (made.number, made.hash, made.key)
        assert (found.shifts, found.minutes, found.agrees, sheet.state) == (1, 480, True, "closed")
        assert "lists 1 row with 8:00 h gross: these are the rows of this paper" in timesheet_text.certificate_text(
            sheet
        )
        certifying.execute("UPDATE clock_times SET total_minutes = 470")
        [altered] = payroll.timesheets(P)
        assert altered.certificate is not None
        assert not altered.certificate.agrees
        assert "OTHER" in timesheet_text.certificate_text(altered)
        certifying.execute("DELETE FROM clock_times")
        [gone] = payroll.timesheets(P)
        assert gone.certificate is not None
        assert (gone.certificate.shifts, gone.certificate.agrees, gone.shifts) == (1, False, ())
    finally:
        certifying.mirror.close()


def test_purged_days_are_told(world: World) -> None:
    """Their breaks are gone: it is said that none is taken off."""
    start = int(datetime(2021, 3, 2, 14, tzinfo=UTC).timestamp())
    world.company.add(world.user, start, start + 8 * 3600, clock=WAREHOUSE, created_at=start)
    world.company.take_break(world.user, start + 3600, start + 5400, clock=WAREHOUSE)
    first, days = datetime(2021, 3, 1, tzinfo=UTC).date(), "2021-03-01..2021-03-14"
    window = world.mirror.window(first, first + timedelta(days=13))
    world.sync(window)
    assert world.mirror.payroll.hours(window).total.break_minutes == 30
    world.mirror.retention.purge(days, confirm=days)
    found = world.mirror.payroll.hours(window)
    assert (found.total.gross_minutes, found.total.break_minutes) == (480, 0)
    assert [(one.first, one.last) for one in found.purged] == [(window.first, window.last)]
    assert any("2021-03-01..2021-03-14 was purged" in line for line in hours_text.hours_lines(found))
    [sheet] = world.mirror.payroll.timesheets(days)
    assert sheet.purged == found.purged
    assert "was purged" in timesheet_html.page(sheet)


# -- as of -------------------------------------------------------------------------------------------------------------


def test_as_of_a_run_a_moment_and_a_day(world: World) -> None:
    """The same rows, however the moment is named; a run is whole, and a second counts from its beginning."""
    with time_machine.travel(ENDED, tick=False) as clock:
        shift = world.work(2, "08:00", "16:00")
        first = world.sync().id or 0
        clock.move_to(ENDED + timedelta(days=2))
        second = lengthened(world, shift, 30)
        clock.move_to(ENDED + timedelta(days=3))
        assert (gross(world), gross(world, first), gross(world, second), gross(world, str(first))) == (
            510,
            480,
            510,
            480,
        )
        for moment, minutes in (
            ("2025-12-19", 0),
            ("2025-12-20T11:59:59Z", 0),
            ("2025-12-20T06:00:00-06:00", 480),
            ("2025-12-20", 480),
            ("2025-12-22T11:59:59+00:00", 480),
            ("2025-12-22T12:00:00+00:00", 510),
            ("2025-12-22", 510),
        ):
            assert gross(world, moment) == minutes, moment
        for moment in ("2025-12-23", "2026-01-01T00:00:00Z"):
            with pytest.raises(ConfigurationError, match="is not over yet"):
                gross(world, moment)
    with pytest.raises(NotFound, match="there is no run 99"):
        gross(world, 99)
    with pytest.raises(ConfigurationError, match="neither a run nor a moment") as caught:
        gross(world, "when\nit was")
    assert "2025-12-05" in caught.value.next_step


def test_a_run_without_a_change_of_its_own(world: World) -> None:
    """It has what was there when it ended."""
    shift = world.work(2, "08:00", "16:00")
    world.sync()
    nothing = world.sync().id or 0
    lengthened(world, shift, 30)
    assert gross(world, nothing) == 480


def test_rows_of_others_are_shown_as_now_and_told(world: World) -> None:
    """Also as of a moment when they were not there, since nobody knows."""
    world.work(2, "08:00", "16:00")
    first = world.sync().id or 0
    manual(world, 3)
    found = world.mirror.payroll.hours(world.window, as_of=first)
    assert (found.total.gross_minutes, found.total.not_journaled_rows) == (540, 1)
    assert [(one.source, one.is_journaled) for one in shifts(world, as_of=first)] == [
        ("connecteam", True),
        ("manual", False),
    ]
    assert [one.is_journaled for one in shifts(world)] == [True, True]


def test_breaks_and_jobs_of_a_row_that_is_gone(world: World) -> None:
    """As of when it was there: by the shift that it had."""
    shift = world.work(2, "08:00", "16:30")
    world.company.take_break(world.user, world.at(2, "12:00"), world.at(2, "12:30"), clock=WAREHOUSE)
    first = world.sync().id or 0
    world.company.delete(shift.id)
    world.work(3, "08:00", "09:00")
    world.sync()
    [row] = [one for one in shifts(world, as_of=first) if one.gross_minutes == 510]
    assert (row.shift_id, row.break_minutes) == (shift.id, 30)
    assert row.job is not None
    assert [one.gross_minutes for one in shifts(world)] == [60]


def test_a_draft_as_of_an_earlier_run(world: World, tmp_path: Path) -> None:
    """The rows and corrections of then; what the journal does not know says so; only of a draft."""
    shift = world.work(2, "08:00", "16:00")
    first = world.sync().id or 0
    lengthened(world, shift, 30)
    manual(world, 3)
    payroll = world.mirror.payroll
    done = payroll.export(P, "csv", tmp_path / "then.csv", draft=True, as_of=first)
    with (tmp_path / "then.csv").open(encoding="utf-8", newline="") as opened:
        records = list(csv.DictReader(opened))
    assert [(one["minutes"], one["source"]) for one in records] == [
        ("480", "draft connecteam"),
        ("60", "draft manual (not journaled)"),
    ]
    assert records[0]["shift_id"] == shift.id
    assert done.as_of is not None
    assert (done.as_of.run, done.export.number) == (first, 0)
    assert f'"run": {first}' in (tmp_path / "then.csv.manifest.json").read_text(encoding="utf-8")
    assert payroll.export(P, "csv", tmp_path / "now.csv", draft=True).export.minutes == 570
    with pytest.raises(ConfigurationError, match="an export is of the table as it is"):
        payroll.export(P, "csv", tmp_path / "no.csv", as_of=first)
    assert not (tmp_path / "no.csv").exists()


def test_corrections_of_a_draft_are_those_accepted_by_then(world: World, tmp_path: Path) -> None:
    """Not those that were decided later."""
    with time_machine.travel(ENDED, tick=False) as clock:
        shift = world.work(2, "08:00", "16:00")
        world.work(9, "08:00", "12:00")
        world.sync()
        payroll, into = world.mirror.payroll, "2025-12-08..2025-12-11"
        payroll.close(P, anyway="x")
        run = lengthened(world, shift, 30)
        clock.move_to(ENDED + timedelta(hours=1))
        payroll.accept_corrections([1], into=into)
        clock.move_to(ENDED + timedelta(hours=2))
        then = payroll.export(into, "csv", tmp_path / "then.csv", draft=True, as_of=run)
        later = payroll.export(into, "csv", tmp_path / "l.csv", draft=True, as_of="2025-12-20T13:00:00Z")
    assert (then.export.minutes, later.export.minutes) == (240, 270)
    [sheet] = payroll.timesheets(into)
    assert (sheet.gross_minutes, sheet.accepted_minutes, len(sheet.corrections)) == (240, 30, 1)
    assert "with 1 correction of earlier days, paid with this period: +0:30 h gross" in timesheet_text.timesheet_lines(
        sheet
    )


def test_the_statements_are_the_same_however_much_there_is(world: World) -> None:
    """As of an earlier run: hours, one paper, and all of them."""

    def statements() -> list[int]:
        counted = []
        for ask in (
            lambda: world.mirror.payroll.hours(world.window, as_of=1),
            lambda: world.mirror.payroll.timesheet("Álvarez", P, as_of=1),
            lambda: world.mirror.payroll.timesheets(P, as_of=1),
        ):
            before = world.mirror.store.statements
            ask()
            counted.append(world.mirror.store.statements - before)
        return counted

    def happens(day: int, hours: range) -> None:
        """Shifts, of which one is edited, one deleted, and one stands twice, which is held."""
        made = [world.work(day, f"{hour:02}:00", f"{hour:02}:30") for hour in hours]
        run = world.sync().id
        assert run is not None
        lengthened(world, made[0], 15 - 8 * 60)
        world.company.duplicate(made[1].id)
        world.company.delete(made[2].id)
        world.sync()

    happens(2, range(8, 12))
    few = statements()
    for day in range(3, 7):
        happens(day, range(6, 18))
    assert statements() == few
    assert max(few) <= 23

"""Hours by person, day, workweek and job, and timesheets, from made-up rows."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest

from connecteam_sync.core.as_of import AsOf
from connecteam_sync.core.breaks import Breaks, ShiftOfRow
from connecteam_sync.core.change import Change, ChangeKind, Hold
from connecteam_sync.core.clocktime import ClockTime, Employee, clock_time_of
from connecteam_sync.core.corrections import Correction
from connecteam_sync.core.hours import HOURS_BY, Hours, HoursBy, LeftOut, csv_records, hours, parsed_by
from connecteam_sync.core.pay_schedule import workweek_of
from connecteam_sync.core.payroll_settings import PaySchedule
from connecteam_sync.core.periods import Period
from connecteam_sync.core.run import StandingHold
from connecteam_sync.core.shift import Break
from connecteam_sync.core.timesheet import (
    JournaledEdit,
    SheetCertificate,
    SheetFacts,
    Timesheet,
    editor_of,
    people_of,
    timesheets,
)
from connecteam_sync.core.timesheets import Weekday
from connecteam_sync.core.window import Window, start_of_day
from connecteam_sync.core.worked import WorkedRows, week_of

DAYS = Window(date(2025, 12, 1), date(2025, 12, 14), "America/Chicago")
NAMES = {1: "zoë Ash", 2: "Ábel Birch", 10: "=Ada"}


def at(day: int, hour: int) -> int:
    """An hour of a day of December."""
    return start_of_day(date(2025, 12, day), DAYS.zone) + hour * 3600


def row(key: int, employee: int, day: int, hour: int, minutes: int | None, **more: Any) -> ClockTime:  # noqa: ANN401
    """A row of ours; None: it is open."""
    end = None if minutes is None else at(day, hour) + minutes * 60
    return msgspec.structs.replace(clock_time_of(employee, at(day, hour), end, id=key), **more)


ROWS = (
    row(1, 1, 1, 8, 480),
    row(2, 1, 1, 20, 60),
    row(3, 1, 7, 8, 120),
    row(4, 2, 8, 8, 240),
    row(5, 2, 14, 8, None),
    row(6, 10, 2, 9, 30, source="manual"),
)


def worked(**more: Any) -> WorkedRows:  # noqa: ANN401 - any member
    """Shifts of the rows: the first has an unpaid break, the second one of an unknown type."""
    shifts = {
        key: ShiftOfRow(f"s{key}", 70 + employee, 1, f"job{key % 2}") for key, employee in ((1, 1), (2, 1), (4, 2))
    }
    found = {
        (71, 1): [
            Break("b1", 71, 1, "lunch", at(1, 12), end=at(1, 12) + 1800),
            Break("b2", 71, 1, "odd", at(1, 20) + 600, end=at(1, 20) + 1200),
        ]
    }
    fields: dict[str, Any] = {
        "window": DAYS,
        "rows": ROWS,
        "shifts": shifts,
        "breaks": Breaks(found, {(1, "lunch"): False, (1, "odd"): None}),
        "names": NAMES,
        "break_names": {(1, "lunch"): "Lunch"},
    }
    return WorkedRows(**{**fields, **more})


def divided(*by: HoursBy, start: Weekday = "monday", **more: Any) -> Hours:  # noqa: ANN401 - any member
    """The hours of those rows."""
    return hours(worked(**more), by, workweek_start=start)


def test_by_person() -> None:
    """By name, without case and accents; gross, unpaid breaks and net; what is open or unsure is counted."""
    lines = divided("person").lines
    assert [(line.employee_id, line.name) for line in lines] == [(10, "=Ada"), (2, "Ábel Birch"), (1, "zoë Ash")]
    zoe, abel = lines[2], lines[1]
    assert (zoe.gross_minutes, zoe.break_minutes, zoe.net_minutes) == (660, 30, 630)
    assert (zoe.rows, zoe.open_rows, zoe.unsure_rows, zoe.not_journaled_rows) == (3, 0, 1, 0)
    assert (abel.rows, abel.open_rows, abel.gross_minutes) == (2, 1, 240)
    assert (zoe.day, zoe.week, zoe.job) == (None, None, None)


def test_by_workweek() -> None:
    """The week begins on the configured day."""
    assert [(line.week, line.gross_minutes) for line in divided("week").lines] == [
        (date(2025, 12, 1), 690),
        (date(2025, 12, 8), 240),
    ]
    assert [(line.week, line.gross_minutes) for line in divided("week", start="sunday").lines] == [
        (date(2025, 11, 30), 570),
        (date(2025, 12, 7), 360),
        (date(2025, 12, 14), 0),
    ]


@pytest.mark.parametrize("by", [(one,) for one in HOURS_BY] + [HOURS_BY, ("person", "job"), ("day", "week")])
def test_every_division_has_the_same_total(by: tuple[HoursBy, ...]) -> None:
    """However they are divided: the lines add up to the total."""
    found = divided(*by)
    assert sum(line.gross_minutes for line in found.lines) == found.total.gross_minutes == 930
    assert sum(line.break_minutes for line in found.lines) == found.total.break_minutes == 30
    assert sum(line.rows for line in found.lines) == found.total.rows == len(ROWS)


def test_by_job_and_without_one() -> None:
    """By its id; rows without a shift, or whose shift has none, are of no job."""
    assert {line.job: line.rows for line in divided("job").lines} == {"": 3, "job0": 2, "job1": 1}


def test_what_is_not_journaled_is_counted() -> None:
    """As of an earlier moment."""
    found = divided("person", not_journaled=frozenset({6}), as_of=AsOf(at=9, entry=1))
    assert [line.not_journaled_rows for line in found.lines] == [1, 0, 0]
    assert (found.total.not_journaled_rows, found.as_of) == (1, AsOf(at=9, entry=1))


def standing(reason: Any, instant: int | None, minutes: int, **more: Any) -> StandingHold:  # noqa: ANN401
    """A hold."""
    hold = Hold(reason=reason, subject="x", detail="", instant=instant, minutes=minutes, **more)
    return StandingHold(id=1, hold=hold, time_clock_id=1, first_seen=0, first_run=1)


def test_an_account_of_what_is_held() -> None:
    """By reason, of these days only; what has no day may be of them."""
    held = [
        standing("unmapped_user", at(2, 8), 480, user_id=5),
        standing("unmapped_user", at(3, 8), 240, user_id=5),
        standing("unmapped_user", at(15, 8), 240, user_id=6),
        standing("impossible_record", None, 0),
        standing("locked_day", at(14, 23), -15, employee_id=1),
    ]
    assert hours(worked(), ["person"], workweek_start="monday", held=held).left_out == (
        LeftOut(reason="impossible_record", count=1, people=0, minutes=0),
        LeftOut(reason="locked_day", count=1, people=1, minutes=-15),
        LeftOut(reason="unmapped_user", count=2, people=1, minutes=720),
    )


def test_cells_are_harmless() -> None:
    """A name that begins like a formula, or has a line break, is text; only what is divided by has a column."""
    renamed = divided("person", "week", names={**NAMES, 2: "-A\nB"})
    heading, *records = csv_records(renamed)
    assert heading[:3] == ("employee_id", "name", "week_begins")
    assert heading[3:] == ("rows", "open_rows", "gross_minutes", "break_minutes", "net_minutes", "not_journaled_rows")
    assert {record[1] for record in records} == {"'-A B", "'=Ada", "zoë Ash"}
    assert csv_records(divided("day"))[0][0] == "day"


def test_by_what() -> None:
    """In the order of the list, whatever the order of the words."""
    assert parsed_by("day, person,day") == ("person", "day")
    for text, why in (("odd", "'odd' is nothing"), (" , ", "nothing is named"), ("", "nothing is named")):
        with pytest.raises(ValueError, match=why):
            parsed_by(text)


@pytest.mark.parametrize(
    ("schedule", "start"),
    [
        (PaySchedule(), "monday"),
        (PaySchedule(schedule="monthly", anchor=date(2025, 12, 3)), "monday"),
        (PaySchedule(schedule="weekly", anchor=date(2025, 12, 3)), "wednesday"),
        (PaySchedule(schedule="biweekly", anchor=date(2025, 12, 7)), "sunday"),
        (PaySchedule(schedule="weekly", anchor=date(2025, 12, 3), workweek_start="friday"), "friday"),
    ],
)
def test_the_first_day_of_the_workweek(schedule: PaySchedule, start: Weekday) -> None:
    """The configured one, else that of weekly periods."""
    assert workweek_of(schedule) == start
    assert week_of(date(2025, 12, 7), "sunday") == date(2025, 12, 7)
    assert week_of(date(2025, 12, 6), "sunday") == date(2025, 11, 30)


# -- timesheets --------------------------------------------------------------------------------------------------------


def edit(number: int, before: ClockTime | None, after: ClockTime | None, event: str | None = None) -> JournaledEdit:
    """An entry of the journal."""
    kind: ChangeKind = "create" if before is None else "delete" if after is None else "update"
    days = (date(2025, 12, 1), date(2025, 12, 1))
    change = Change(kind=kind, before=before, after=after, shift_id="s1", user_id=71, days=days, why="why")
    return JournaledEdit(number=number, run=number, at=number, change=change, event=event)


def facts(**more: Any) -> SheetFacts:  # noqa: ANN401 - any member
    """Those rows, and nothing else."""
    fields: dict[str, Any] = {
        "period": Period(window=DAYS),
        "workweek_start": "monday",
        "worked": worked(),
        "journal": (),
        "corrections": (),
        "held": (),
        "certificates": {},
        "users_of": {1: frozenset({71})},
    }
    return SheetFacts(**{**fields, **more})


def of(employee: int, **more: Any) -> Timesheet:  # noqa: ANN401 - any member
    """The timesheet of one of the people."""
    return timesheets(facts(**more), [Employee(id=employee, name=NAMES.get(employee))])[0]


def test_a_timesheet_has_days_and_weeks() -> None:
    """Only their own; a day with two shifts, a week that is whole, and their sums."""
    sheet = of(1)
    first, last = sheet.days
    assert [(shift.gross_minutes, shift.break_minutes) for shift in first.shifts] == [(480, 30), (60, 0)]
    assert (first.gross_minutes, first.break_minutes, first.net_minutes) == (540, 30, 510)
    [week] = sheet.weeks
    assert (week.first, week.gross_minutes, week.net_minutes, week.is_whole) == (date(2025, 12, 1), 660, 630, True)
    assert (sheet.gross_minutes, sheet.net_minutes, last.day) == (660, 630, date(2025, 12, 7))
    assert [one.name for one in first.shifts[0].breaks] == ["Lunch"]
    assert [(one.name, one.is_paid) for one in first.shifts[1].breaks] == [("odd", None)]
    assert first.shifts[1].is_unsure


def test_a_week_that_the_period_cuts() -> None:
    """It says so."""
    assert [(week.first, week.is_whole) for week in of(1, workweek_start="sunday").weeks] == [
        (date(2025, 11, 30), False),
        (date(2025, 12, 7), True),
    ]
    assert [week.is_whole for week in of(2, workweek_start="sunday").weeks] == [True, False]


def test_edits_are_changes_of_hours_that_stood_there() -> None:
    """Neither a first writing, nor a clock-out, nor a tie to a shift; but a row that went and came back."""
    opened, closed, longer = row(1, 1, 1, 8, None), row(1, 1, 1, 8, 480), row(1, 1, 1, 8, 510)
    journal = [
        edit(1, None, opened),
        edit(2, opened, closed),
        edit(3, closed, closed),
        edit(5, longer, None),
        edit(4, closed, longer, "admin_edit"),
        edit(6, None, longer),
        edit(7, longer, opened),
    ]
    found = of(1, journal=journal).edits
    assert [(one.number, one.minutes_before, one.minutes_after, one.minutes) for one in found] == [
        (4, 480, 510, 30),
        (5, 510, 0, -510),
        (6, 0, 510, 510),
        (7, 510, 0, -510),
    ]
    assert [one.editor for one in found] == ["a manager", None, None, None]
    moved = of(1, journal=[edit(1, opened, row(1, 1, 1, 9, None))]).edits
    assert [one.kind for one in moved] == ["update"]


def test_an_edit_that_moves_hours_to_another_person() -> None:
    """It is on both papers, with the minutes of each."""
    journal = [edit(1, row(1, 1, 1, 8, 480), row(1, 2, 1, 8, 480))]
    assert [one.minutes for one in of(1, journal=journal).edits] == [-480]
    assert [one.minutes for one in of(2, journal=journal).edits] == [480]
    assert of(10, journal=journal).edits == ()


def correction(number: int, employee: int, state: Any, effective: Any = None) -> Correction:  # noqa: ANN401
    """Minus a quarter of an hour."""
    return Correction(
        number=number,
        subject="shift:s1",
        shift_id="s1",
        clock_time_id=1,
        user_id=71,
        time_clock_id=1,
        employee_id=employee,
        day=date(2025, 12, 1),
        timezone=DAYS.timezone,
        kind="changed",
        minutes_before=480,
        minutes_after=465,
        state=state,
        effective=effective,
    )


def test_corrections_and_whats_paid_with_the_period() -> None:
    """Cancelled ones are not on it; those that were accepted into it are summed."""
    here, other = (DAYS.first, DAYS.last), (date(2025, 12, 15), date(2025, 12, 28))
    items = [
        correction(3, 1, "accepted", here),
        correction(2, 1, "accepted", other),
        correction(1, 1, "pending"),
        correction(4, 1, "cancelled"),
        correction(5, 2, "accepted", here),
    ]
    sheet = of(1, corrections=items)
    assert [one.number for one in sheet.corrections] == [1, 2, 3]
    assert ([one.number for one in sheet.accepted], sheet.accepted_minutes) == ([3], -15)
    assert sheet.gross_minutes == 660


def test_what_is_held_of_a_person() -> None:
    """By employee, or by a Connecteam user of theirs."""
    held = [
        standing("duplicate_clock_in", at(2, 8), 60, user_id=71),
        standing("manual_row", at(2, 8), 5, employee_id=2),
    ]
    assert [one.reason for one in of(1, held=held).left_out] == ["duplicate_clock_in"]
    assert [one.reason for one in of(2, held=held).left_out] == ["manual_row"]


def test_who_has_a_paper() -> None:
    """Whoever has rows, edits, corrections, or a line in the certificate."""
    listed = SheetCertificate(number=1, at=0, hash="h", key="k", shifts=1, minutes=60, verdict=None, agrees=False)
    more = facts(
        journal=[edit(1, row(9, 3, 1, 8, 60), None), edit(2, None, row(8, 4, 1, 8, 60))],
        corrections=[correction(1, 5, "dismissed"), correction(2, 6, "cancelled")],
        certificates={7: listed},
    )
    assert people_of(more) == {1, 2, 10, 3, 5, 7}


@pytest.mark.parametrize(
    ("event", "who"),
    [
        ("admin_edit", "a manager"),
        ("admin_approved_edit_request", "a manager"),
        ("auto_approved_edit_request", "the person"),
        ("clock_out", "the person"),
        ("auto_clock_out", "Connecteam"),
        ("user_updated", None),
        ("something_new", None),
        ("", None),
        (None, None),
    ],
)
def test_who_edited(event: str | None, who: str | None) -> None:
    """As far as the name of the event says."""
    assert editor_of(event) == who

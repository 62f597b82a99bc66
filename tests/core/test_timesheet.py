"""A whole timesheet: what its head says, its weeks to the day, its edits to the second, and who is on it."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest
from test_hour_lines import DAYS, at, correction, edit, facts, of, row, standing, worked

from connecteam_sync.core.as_of import AsOf
from connecteam_sync.core.clocktime import Employee
from connecteam_sync.core.payroll_settings import PaySchedule
from connecteam_sync.core.periods import Period
from connecteam_sync.core.shift import Times
from connecteam_sync.core.timesheet import SheetCertificate, SheetEdit, is_edit, timesheets
from connecteam_sync.core.window import Window

CERTIFICATE = SheetCertificate(number=3, at=5, hash="h", key="k", shifts=3, minutes=660, verdict="equal", agrees=True)


def test_the_head_of_a_paper() -> None:
    """The person, the period and its state, the workweek, the moment, days without breaks, and their certificate."""
    purged = (Window(DAYS.first, DAYS.first, DAYS.timezone),)
    sheets = timesheets(
        facts(
            period=Period(window=DAYS, state="closed"),
            workweek_start="tuesday",
            worked=worked(as_of=AsOf(at=9, entry=1), purged=purged),
            certificates={1: CERTIFICATE},
        ),
        [Employee(id=2, name="Ábel Birch"), Employee(id=1, name="zoë Ash")],
    )
    assert [sheet.employee for sheet in sheets] == [
        Employee(id=2, name="Ábel Birch"),
        Employee(id=1, name="zoë Ash"),
    ]
    for sheet in sheets:
        assert (sheet.window, sheet.state, sheet.workweek_start) == (DAYS, "closed", "tuesday")
        assert (sheet.as_of, sheet.purged, sheet.overtime) == (AsOf(at=9, entry=1), purged, None)
        assert (sheet.edits, sheet.corrections, sheet.left_out) == ((), (), ())
    assert [sheet.certificate for sheet in sheets] == [None, CERTIFICATE]


def test_a_preview_of_overtime_is_the_persons_own() -> None:
    """By the workweek of the paper, of the days of the period; none where none is configured."""
    rows = [row(key, who, 1 + key % 6, 8, 9 * 60) for who in (1, 2) for key in range(6 * who, 6 * who + 6)]
    schedule = PaySchedule(overtime_preview="flsa")
    made = worked(rows=rows, shifts={})
    [preview] = [of(1, worked=made, schedule=schedule, workweek_start="tuesday").overtime]
    assert preview is not None
    assert preview.workweek_start == "tuesday"
    assert [
        (week.employee_id, week.first.day, week.is_whole, week.regular_minutes, week.overtime_minutes)
        for week in preview.weeks
    ] == [(1, 25, False, 540, 0), (1, 2, True, 2400, 300)]
    assert of(1, worked=made).overtime is None


@pytest.mark.parametrize(
    ("first", "last", "is_whole"),
    [((12, 1), (12, 7), True), ((12, 1), (12, 6), False), ((12, 2), (12, 7), False), ((11, 24), (12, 14), True)],
)
def test_a_week_is_whole_from_its_first_day_to_its_last(
    first: tuple[int, int], last: tuple[int, int], *, is_whole: bool
) -> None:
    """Else the period has only its part."""
    window = Window(date(2025, *first), date(2025, *last), DAYS.timezone)
    made = worked(window=window, rows=[row(1, 1, 3, 8, 480)])
    [week] = of(1, worked=made, period=Period(window=window)).weeks
    assert (week.first, week.is_whole) == (date(2025, 12, 1), is_whole)


def test_weeks_and_days_have_sums_of_their_own() -> None:
    """Gross minutes, those of unpaid breaks, and net ones; the shifts of a day by clock-in."""
    rows = [row(3, 1, 1, 20, 60), row(1, 1, 1, 8, 480), row(4, 1, 2, 8, 120), row(5, 1, 9, 8, 30)]
    sheet = of(1, worked=worked(rows=rows))
    assert [(week.first.day, week.gross_minutes, week.break_minutes, week.net_minutes) for week in sheet.weeks] == [
        (1, 660, 30, 630),
        (8, 30, 0, 30),
    ]
    assert [(day.day.day, day.gross_minutes, day.break_minutes, day.net_minutes) for day in sheet.days] == [
        (1, 540, 30, 510),
        (2, 120, 0, 120),
        (9, 30, 0, 30),
    ]
    assert [shift.clock_time_id for shift in sheet.shifts] == [1, 3, 4, 5]
    assert (sheet.gross_minutes, sheet.break_minutes, sheet.net_minutes) == (690, 30, 660)


def test_an_edit_says_what_was_when_and_by_whom() -> None:
    """Old and new times, minutes of the person and employees, with its place in the journal."""
    before, after = row(1, 1, 1, 8, 480), row(1, 2, 1, 9, None)
    entry = msgspec.structs.replace(edit(4, before, after, "admin_edit"), run=8, at=99)
    fields = {
        "number": 4,
        "run": 8,
        "at": 99,
        "kind": "update",
        "before": Times(clock_in=at(1, 8), clock_out=at(1, 16)),
        "after": Times(clock_in=at(1, 9), clock_out=None),
        "employee_before": 1,
        "employee_after": 2,
        "shift_id": "s1",
        "why": "why",
        "editor": "a manager",
    }
    assert of(1, journal=[entry]).edits == (SheetEdit(minutes_before=480, minutes_after=0, **fields),)  # type: ignore[arg-type]
    assert of(2, journal=[entry]).edits == (SheetEdit(minutes_before=0, minutes_after=0, **fields),)  # type: ignore[arg-type]
    [gone] = of(1, journal=[edit(1, before, None)]).edits
    assert (gone.after, gone.employee_after, gone.kind) == (None, None, "delete")
    [_, back] = of(1, journal=[edit(1, before, None), edit(2, None, before)]).edits
    assert (back.before, back.employee_before, back.kind) == (None, None, "create")


def test_a_change_of_minutes_alone_is_an_edit() -> None:
    """What was paid by it is another sum; another flag or label is none."""
    before = row(1, 1, 1, 8, 480)
    assert is_edit(edit(1, before, msgspec.structs.replace(before, total_minutes=470)).change)
    assert not is_edit(edit(1, before, msgspec.structs.replace(before, is_active=True, job="Cook")).change)
    still_open = row(1, 1, 1, 8, None)
    assert not is_edit(edit(1, still_open, before).change)
    assert is_edit(edit(1, still_open, row(1, 2, 1, 8, 480)).change)


def test_another_row_that_comes_is_no_edit_beside_one_that_went() -> None:
    """Only the row that was deleted comes back."""
    journal = [edit(1, row(1, 1, 1, 8, 480), None), edit(2, None, row(2, 1, 1, 8, 480))]
    assert [one.number for one in of(1, journal=journal).edits] == [1]


def test_each_paper_has_what_is_its_persons() -> None:
    """Corrections and holds of others are on theirs, whatever order they are read in."""
    held = [standing("manual_row", at(2, 8), 5, employee_id=2), standing("local_edit", at(2, 8), 6, user_id=71)]
    corrections = [correction(2, 2, "pending"), correction(1, 1, "pending")]
    first, second = timesheets(
        facts(held=held, corrections=corrections), [Employee(id=1, name="a"), Employee(id=2, name="b")]
    )
    assert [[one.number for one in sheet.corrections] for sheet in (first, second)] == [[1], [2]]
    assert [[one.reason for one in sheet.left_out] for sheet in (first, second)] == [["local_edit"], ["manual_row"]]
    assert [sheet.gross_minutes for sheet in (first, second)] == [660, 240]

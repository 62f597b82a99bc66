"""Hours divided by everything at once: each line has its keys, its name and its sums, in the order people expect."""

from __future__ import annotations

import calendar
from datetime import date, timedelta

import msgspec
import pytest
from test_hour_lines import DAYS, NAMES, ROWS, row, standing, worked

from connecteam_sync.core.as_of import AsOf
from connecteam_sync.core.breaks import ShiftOfRow
from connecteam_sync.core.hours import HOURS_BY, Hours, HoursBy, HoursLine, csv_records, hours, parsed_by
from connecteam_sync.core.job_names import JobNames, NamedJob
from connecteam_sync.core.payroll_settings import PaySchedule
from connecteam_sync.core.timesheets import WEEKDAYS
from connecteam_sync.core.window import Window
from connecteam_sync.core.worked import week_of

JOBS = JobNames({"job1": NamedJob("Picking"), "job0": NamedJob("apples")})
FIRST, SECOND = date(2025, 12, 1), date(2025, 12, 8)
DIVIDED = (
    HoursLine(
        employee_id=10,
        name="=Ada",
        week=FIRST,
        day=date(2025, 12, 2),
        job="",
        job_name="",
        rows=1,
        gross_minutes=30,
    ),
    HoursLine(
        employee_id=2,
        name="Ábel Birch",
        week=SECOND,
        day=SECOND,
        job="job0",
        job_name="apples",
        rows=1,
        gross_minutes=240,
    ),
    HoursLine(
        employee_id=2,
        name="Ábel Birch",
        week=SECOND,
        day=date(2025, 12, 14),
        job="",
        job_name="",
        rows=1,
        open_rows=1,
    ),
    HoursLine(
        employee_id=1,
        name="zoë Ash",
        week=FIRST,
        day=FIRST,
        job="job0",
        job_name="apples",
        rows=1,
        unsure_rows=1,
        gross_minutes=60,
    ),
    HoursLine(
        employee_id=1,
        name="zoë Ash",
        week=FIRST,
        day=FIRST,
        job="job1",
        job_name="Picking",
        rows=1,
        gross_minutes=480,
        break_minutes=30,
    ),
    HoursLine(
        employee_id=1,
        name="zoë Ash",
        week=FIRST,
        day=date(2025, 12, 7),
        job="",
        job_name="",
        rows=1,
        gross_minutes=120,
    ),
)


def divided(*by: HoursBy, **more: object) -> Hours:
    """The hours of the made-up rows, with names of their jobs."""
    return hours(worked(jobs=JOBS, **more), by, workweek_start="monday")


def test_divided_by_everything() -> None:
    """By name, week, day and what the job is called; what nothing is said of counts nothing."""
    assert divided(*HOURS_BY).lines == DIVIDED
    assert divided(*HOURS_BY, rows=ROWS[::-1]).lines == DIVIDED


@pytest.mark.parametrize("by", [("person",), ("day",), ("week",), ("job",), ("person", "week"), ("day", "job")])
def test_divided_by_less_the_lines_have_no_other_key(by: tuple[HoursBy, ...]) -> None:
    """What they are not divided by is nothing, not the key of some row of them."""
    keys = {"person": ("employee_id", "name"), "day": ("day",), "week": ("week",), "job": ("job", "job_name")}
    sums: dict[tuple[object, ...], int] = {}
    for line in DIVIDED:
        key = tuple(getattr(line, name) for one in by for name in keys[one])
        sums[key] = sums.get(key, 0) + line.gross_minutes
    found = divided(*by).lines
    assert {
        tuple(getattr(line, name) for one in by for name in keys[one]): line.gross_minutes for line in found
    } == sums
    others = [name for one in HOURS_BY if one not in by for name in keys[one]]
    assert others
    assert {getattr(line, name) for line in found for name in others} == {None}


def test_people_and_jobs_of_one_name_stand_by_their_ids() -> None:
    """Numbers by their size; somebody without a name comes first."""
    rows = [row(key, employee, 1, 8, 60) for key, employee in enumerate((10, 9, 1, 5), 1)]
    found = divided("person", rows=rows, names={10: "Al", 9: "al", 1: "Zoe"})
    assert [(line.employee_id, line.name) for line in found.lines] == [(5, ""), (9, "al"), (10, "Al"), (1, "Zoe")]
    shifts = {key: ShiftOfRow(f"s{key}", 7, 1, job) for key, job in enumerate(("b", "a", None, "c"), 1)}
    names = JobNames({"a": NamedJob("Same"), "b": NamedJob("same"), "c": NamedJob("Last")})
    by_job = hours(worked(rows=rows, shifts=shifts, jobs=names), ["job"], workweek_start="monday").lines
    assert [(line.job, line.job_name) for line in by_job] == [("", ""), ("c", "Last"), ("a", "Same"), ("b", "same")]


def test_without_a_job_is_one_line_however_it_is_said() -> None:
    """No shift, a shift without a job, and an empty id."""
    rows = [row(key, 1, 1, 8 + key, 60) for key in (1, 2, 3)]
    shifts = {1: ShiftOfRow("s1", 7, 1, None), 2: ShiftOfRow("s2", 7, 1, "")}
    [line] = hours(worked(rows=rows, shifts=shifts), ["job"], workweek_start="monday").lines
    assert (line.job, line.job_name, line.rows) == ("", "", 3)


def test_weeks_come_before_jobs() -> None:
    """And days, where there are both."""
    rows = [row(1, 1, 1, 8, 60), row(2, 1, 8, 8, 60)]
    shifts = {key: ShiftOfRow(f"s{key}", 7, 1, job) for key, job in ((1, "b"), (2, "a"))}
    for by in (("week", "job"), ("day", "job")):
        found = hours(worked(rows=rows, shifts=shifts), by, workweek_start="monday")
        assert [line.job for line in found.lines] == ["b", "a"]


def test_an_answer_says_what_it_is_of() -> None:
    """Its days, division, workweek and person; the moment, and days without breaks; what is held."""
    purged = (Window(date(2025, 12, 3), date(2025, 12, 4), "America/Chicago"),)
    held = [standing("locked_day", None, 5)]
    found = hours(
        worked(purged=purged, as_of=AsOf(at=9, entry=1)), ["day"], workweek_start="sunday", held=held, employee=2
    )
    assert (found.window, found.by, found.workweek_start) == (DAYS, ("day",), "sunday")
    assert (found.employee_id, found.as_of, found.purged) == (2, AsOf(at=9, entry=1), purged)
    assert [one.count for one in found.left_out] == [1]
    assert (found.overtime, found.names, found.name_of(1)) == (None, {}, "")
    nothing = hours(worked(rows=[]), ["person"], workweek_start="monday")
    assert nothing.lines == ()
    assert set(msgspec.structs.asdict(nothing.total).values()) == {0, None}


def test_a_preview_of_overtime_is_by_name() -> None:
    """Where one is configured, with the workweek of the hours, and with names, whatever the hours are divided by."""
    rows = [row(10 * who + day, who, day, 8, 12 * 60) for who in (9, 2, 10, 1) for day in (1, 2, 3, 4)]
    found = hours(
        worked(rows=rows, shifts={}, names={1: "zoë", 2: "Ábel", 10: "ábel"}),
        ["day"],
        workweek_start="tuesday",
        schedule=PaySchedule(overtime_preview="flsa"),
    )
    assert found.overtime is not None
    assert found.overtime.workweek_start == "tuesday"
    assert [(week.employee_id, week.first.day, week.is_whole) for week in found.overtime.weeks] == [
        (who, first, whole) for who in (9, 2, 10, 1) for first, whole in ((25, False), (2, True))
    ]
    assert {week.regular_minutes for week in found.overtime.weeks} == {12 * 60, 36 * 60}
    assert [found.name_of(who) for who in (1, 2, 10, 9)] == ["zoë", "Ábel", "ábel", ""]


def test_records_have_a_cell_for_each_heading() -> None:
    """Person, week, day and job, then the sums; days are written as such, and what begins like a formula is text."""
    heading, *records = csv_records(divided(*HOURS_BY))
    assert heading == (
        *("employee_id", "name", "week_begins", "day", "job", "job_name"),
        *("rows", "open_rows", "gross_minutes", "break_minutes", "net_minutes", "not_journaled_rows"),
    )
    assert records[0] == (10, "'=Ada", "2025-12-01", "2025-12-02", "", "", 1, 0, 30, 0, 30, 0)
    assert records[4] == (1, "zoë Ash", "2025-12-01", "2025-12-01", "job1", "Picking", 1, 0, 480, 30, 450, 0)
    assert [len(record) for record in records] == [len(heading)] * len(DIVIDED)
    assert csv_records(divided("job"))[0][:2] == ("job", "job_name")
    assert NAMES[10] == "=Ada"


def test_a_workweek_begins_on_any_day() -> None:
    """The days are called as people write them, in the order of the calendar."""
    assert tuple(day.lower() for day in calendar.day_name) == WEEKDAYS
    sunday = date(2025, 12, 7)
    assert [week_of(sunday, start).day for start in WEEKDAYS] == [1, 2, 3, 4, 5, 6, 7]
    assert [week_of(sunday - timedelta(days=1), start) for start in WEEKDAYS[5:]] == [
        date(2025, 12, 6),
        date(2025, 11, 30),
    ]


def test_every_word_divides() -> None:
    """A long word that does not is cut where it is told; nothing at all divides nothing."""
    assert parsed_by("job,week,day,person") == HOURS_BY == ("person", "day", "week", "job")
    with pytest.raises(ValueError, match=f"^'{'x' * 60}' is nothing to divide hours by$"):
        parsed_by("x" * 61)
    with pytest.raises(ValueError, match=r"^nothing is named to divide hours by$"):
        parsed_by("")


# -- what jobs are called ----------------------------------------------------------------------------------------------

NESTED = JobNames(
    {
        "p": NamedJob("Picking"),
        "n": NamedJob("Night", "p"),
        "o": NamedJob("Odd", "o"),
        "u": NamedJob("Under", "?"),
        "b": NamedJob("  "),
    }
)


@pytest.mark.parametrize(
    ("job", "sub_job", "shown", "known"),
    [
        ("p", None, "Picking", "Picking"),
        ("p", "", "Picking", "Picking"),
        ("n", None, "Picking / Night", "Picking / Night"),
        (None, "n", "Picking / Night", "Picking / Night"),
        ("p", "n", "Picking / Night", "Picking / Night"),
        ("n", "n", "Picking / Night", "Picking / Night"),
        ("n", "p", "Picking / Night / Picking", "Picking / Night / Picking"),
        ("o", None, "Odd", "Odd"),
        ("u", None, "? / Under", None),
        ("b", None, "b", None),
        ("x", None, "x", None),
        ("x", "n", "x / Night", None),
        ("p", "x", "Picking / x", None),
        (None, None, "", None),
        ("", "", "", None),
    ],
)
def test_a_job_is_called_by_its_name_and_that_of_the_job_it_lies_in(
    job: str | None, sub_job: str | None, shown: str, known: str | None
) -> None:
    """By its id where no name is known; then it is no known name."""
    assert NESTED.of(job, sub_job) == shown
    assert NESTED.known(job, sub_job) == known
    assert JobNames().known(job, sub_job) is None

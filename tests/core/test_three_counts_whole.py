"""Three counts of several people over several days, to the last field, and what an open or a held shift is in them."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest
from test_plan import BEN, MORNING, at, shift
from test_three_counts import ROW, TUESDAY, WEDNESDAY, counts, sheet

from connecteam_sync.core.clocktime import clock_time_of
from connecteam_sync.core.three_counts import CountedDay, PersonTotal

NIGHT = shift("n", "3 23:00", "4 01:00", user=BEN)
NIGHT_ROW = clock_time_of(2, NIGHT.start, NIGHT.end, id=8)
BY_HAND = msgspec.structs.replace(clock_time_of(2, at("5 08:00"), at("5 09:00"), id=9), source="manual")


def test_everybody_has_a_total_and_each_odd_day_a_line() -> None:
    """By employee, and by day, then employee; hours of the local day on which they began."""
    totals, days = counts(
        shifts=[NIGHT, MORNING],
        rows=[BY_HAND, NIGHT_ROW, ROW],
        counted=[
            sheet(100, "different", user=BEN, day=WEDNESDAY),
            sheet(200, "different"),
            sheet(5, "not_on_timesheet", user=BEN, day=TUESDAY),
        ],
        names={1: "Ana"},
    )
    assert totals == (
        PersonTotal(
            employee_id=1,
            name="Ana",
            minutes_table=240,
            minutes_activities=240,
            minutes_timesheet=200,
            verdict="different",
        ),
        PersonTotal(
            employee_id=2,
            name="employee 2",
            minutes_table=180,
            minutes_activities=120,
            minutes_timesheet=105,
            verdict="different",
            minutes_manual=60,
        ),
    )
    assert days == (
        CountedDay(
            employee_id=1,
            name="Ana",
            day=TUESDAY,
            minutes_table=240,
            minutes_activities=240,
            minutes_timesheet=200,
            verdict="different",
        ),
        CountedDay(
            employee_id=2,
            name="employee 2",
            day=TUESDAY,
            minutes_table=0,
            minutes_activities=0,
            minutes_timesheet=5,
            verdict="not_on_timesheet",
        ),
        CountedDay(
            employee_id=2,
            name="employee 2",
            day=WEDNESDAY,
            minutes_table=120,
            minutes_activities=120,
            minutes_timesheet=100,
            verdict="different",
        ),
    )


def test_of_whom_no_timesheet_was_read_there_is_no_third_count() -> None:
    """Of the others there is, on their days, too."""
    totals, days = counts(
        shifts=[MORNING, NIGHT],
        rows=[ROW, NIGHT_ROW],
        counted=[sheet(100, "different", user=BEN, day=WEDNESDAY), sheet(240)],
        unread={2},
        differing=[(TUESDAY, 1)],
    )
    assert [(one.employee_id, one.minutes_timesheet) for one in totals] == [(1, 240), (2, None)]
    assert [(one.employee_id, one.minutes_timesheet, one.verdict) for one in days] == [
        (1, 240, "different"),
        (2, None, "different"),
    ]


def test_an_open_shift_counts_nothing_on_either_side() -> None:
    """Nor is it held for any minute."""
    still_open = msgspec.structs.replace(MORNING, end=None)
    row = clock_time_of(1, MORNING.start, None, id=7)
    [total], days = counts(shifts=[still_open], rows=[row], counted=[], held={"a"})
    assert (total.minutes_table, total.minutes_activities, total.minutes_timesheet, total.minutes_held) == (0, 0, 0, 0)
    assert days == ()


def test_sums_are_over_all_shifts_rows_and_days_of_a_person() -> None:
    """By hand, held, and on the sheet."""
    second, third = shift("b", "2 13:00", "2 14:00"), shift("c", "3 08:00", "3 10:00")
    by_hand = [
        msgspec.structs.replace(clock_time_of(1, at(f"{day} 18:00"), at(f"{day} 19:00"), id=day), source="manual")
        for day in (2, 3)
    ]
    [total], _ = counts(
        shifts=[MORNING, second, third],
        rows=[ROW, clock_time_of(1, third.start, third.end, id=20), *by_hand],
        counted=[sheet(100), sheet(50), sheet(7, day=WEDNESDAY)],
        held={"b", "c"},
        row_of={"c": 20},
    )
    assert (total.minutes_table, total.minutes_activities, total.minutes_timesheet) == (480, 420, 157)
    assert (total.minutes_manual, total.minutes_held) == (120, 60)


def test_people_come_in_the_order_of_their_ids() -> None:
    """Numbers by size; text by letters."""
    rows = [clock_time_of(who, MORNING.start, MORNING.end, id=who) for who in (10, 9, 2)]
    totals, days = counts(
        shifts=[], rows=rows, counted=[], differing=[(TUESDAY, 10), (TUESDAY, 9), (date(2025, 12, 1), 10)]
    )
    assert [one.employee_id for one in totals] == [2, 9, 10]
    assert [(one.day.day, one.employee_id) for one in days] == [(1, 10), (2, 9), (2, 10)]


@pytest.mark.parametrize(
    ("minutes", "has_line"),
    [(0, False), (1, True)],
)
def test_a_sheet_that_says_nothing_of_somebody_makes_no_line(minutes: int, *, has_line: bool) -> None:
    """A total of nothing that is as it should be; a stranger's counts for nobody."""
    totals, _ = counts(shifts=[], rows=[], counted=[sheet(minutes), sheet(60, user=999)])
    assert bool(totals) is has_line
    differs, days = counts(shifts=[], rows=[], counted=[sheet(0, "different")])
    assert (len(differs), len(days)) == (1, 1)

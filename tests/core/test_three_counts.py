"""The three counts of each person: Connecteam's activities, the table, and Connecteam's own timesheet."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from test_plan import ANA, BEN, MORNING, WINDOW, at, shift

from connecteam_sync.core.clocktime import ClockTime, clock_time_of
from connecteam_sync.core.run import Verdict
from connecteam_sync.core.three_counts import CountInputs, odd_one, three_counts
from connecteam_sync.core.timesheets import Counted

TUESDAY, WEDNESDAY = date(2025, 12, 2), date(2025, 12, 3)
EMPLOYEES = {ANA: 1, BEN: 2}
ROW = clock_time_of(1, MORNING.start, MORNING.end, id=7)


def sheet(minutes: int, verdict: Verdict = "equal", *, user: int = ANA, day: date = TUESDAY) -> Counted:
    """A person-day of the timesheet, judged."""
    return Counted(user_id=user, day=day, shifts=1, minutes=240, minutes_timesheet=minutes, verdict=verdict)


def counts(**given: Any) -> Any:  # noqa: ANN401 - totals and days, looked into
    """The counts of Ana's morning, unless something else is given."""
    usual: dict[str, Any] = {
        "window": WINDOW,
        "shifts": [MORNING],
        "rows": [ROW],
        "counted": [sheet(240)],
        "differing": (),
        "employees": EMPLOYEES,
        "names": {1: "Ana", 2: "Ben"},
    }
    return three_counts(CountInputs(**{**usual, **given}))


def test_three_counts_that_agree() -> None:
    """One line for the person, none for the day."""
    [total], days = counts()
    assert (total.employee_id, total.name, total.verdict, total.odd) == (1, "Ana", "equal", None)
    assert (total.minutes_table, total.minutes_activities, total.minutes_timesheet) == (240, 240, 240)
    assert days == ()


def test_the_verdict_of_a_person_is_the_worst_of_the_days() -> None:
    """A rounded day hides no different one; both days are shown, in order."""
    second = shift("b", "3 08:00", "3 12:00")
    [total], days = counts(
        shifts=[MORNING, second],
        rows=[ROW, clock_time_of(1, second.start, second.end, id=8)],
        counted=[sheet(200, "different"), sheet(239, "rounding", day=WEDNESDAY)],
    )
    assert (total.verdict, total.minutes_timesheet) == ("different", 439)
    assert [(day.day, day.verdict, day.odd) for day in days] == [
        (TUESDAY, "different", "timesheet"),
        (WEDNESDAY, "rounding", "timesheet"),
    ]


def test_a_table_that_differs_from_the_activities_is_different() -> None:
    """Whatever the timesheet says of the day."""
    short = clock_time_of(1, MORNING.start, MORNING.start + 3600, id=7)
    [total], [day] = counts(rows=[short], differing={(TUESDAY, 1)})
    assert (total.verdict, total.odd, total.minutes_table) == ("different", "table", 60)
    assert (day.minutes_table, day.minutes_activities, day.minutes_timesheet) == (60, 240, 240)


def test_a_day_that_is_missing_on_the_timesheet_is_shown() -> None:
    """It has no minutes there, and is not right for that."""
    [total], [day] = counts(counted=[sheet(0, "not_on_timesheet")])
    assert (total.verdict, total.minutes_timesheet, total.odd) == ("not_on_timesheet", 0, "timesheet")
    assert (day.day, day.verdict, day.minutes_timesheet) == (TUESDAY, "not_on_timesheet", 0)


def test_a_row_without_a_shift_and_a_sheet_without_one_count() -> None:
    """Somebody who has left still has hours; a bonus on the timesheet is nobody's shift."""
    totals, days = counts(shifts=[], counted=[sheet(60, "different", user=BEN)], differing={(TUESDAY, 1)}, names={})
    assert [(one.employee_id, one.name, one.minutes_table, one.minutes_timesheet) for one in totals] == [
        (1, "employee 1", 240, 0),
        (2, "employee 2", 0, 60),
    ]
    assert [(day.employee_id, day.verdict) for day in days] == [(1, "different"), (2, "different")]


def test_hours_by_hand_and_held_ones_are_told_apart() -> None:
    """Connecteam knows nothing of the first, the table nothing of the second: neither is odd."""
    by_hand = ClockTime(9, 1, at("3 08:00"), at("3 09:00"), 60, False, "manual")
    second = shift("b", "2 08:00", "2 12:00")
    [total], _ = counts(
        shifts=[MORNING, second],
        rows=[ROW, by_hand],
        counted=[sheet(240)],
        held={"b"},
    )
    assert (total.minutes_table, total.minutes_manual) == (300, 60)
    assert (total.minutes_activities, total.minutes_held) == (480, 240)
    assert total.odd is None


@pytest.mark.parametrize(("minutes", "held"), [(240, 0), (180, 60), (270, -30)], ids=["breaks", "longer", "shorter"])
def test_of_a_held_shift_with_a_row_the_difference_is_held(minutes: int, held: int) -> None:
    """The table has the rest: without what is held both counts are equal, whatever is held of it."""
    row = clock_time_of(1, MORNING.start, MORNING.start + minutes * 60, id=7)
    [total], _ = counts(rows=[row], counted=[sheet(minutes)], held={MORNING.id}, row_of={MORNING.id: 7})
    assert (total.minutes_table, total.minutes_activities, total.minutes_held) == (minutes, 240, held)
    assert total.minutes_activities - total.minutes_held == total.minutes_table
    assert total.odd is None


@pytest.mark.parametrize("row_of", [{}, {"b": 8}, {MORNING.id: None}, {MORNING.id: 9}])
def test_a_held_shift_whose_row_is_none_of_the_period_is_held_whole(row_of: dict[str, int | None]) -> None:
    """It has none, or one that begins elsewhere; one of another person has no hours of theirs."""
    other = clock_time_of(2, MORNING.start, MORNING.end, id=9)
    ana, ben = counts(rows=[other], counted=[], held={MORNING.id}, row_of=row_of)[0]
    assert (ana.minutes_activities, ana.minutes_held) == (240, 240)
    assert (ben.minutes_table, ben.minutes_held) == (240, 0)


def test_a_row_by_hand_on_the_key_of_a_shift_counts_as_its_row() -> None:
    """It is what the shift would be in the table."""
    [total], _ = counts(rows=[ClockTime(9, 1, MORNING.start, MORNING.end, 240, False, "manual")])
    assert (total.minutes_table, total.minutes_manual) == (240, 0)


def test_where_no_timesheet_was_read_there_is_no_third_count() -> None:
    """Of anybody, or of those who worked on a time clock that could not be read."""
    [total], _ = counts(counted=[], unread=None)
    assert (total.minutes_timesheet, total.verdict, total.odd) == (None, "equal", None)
    [total], [day] = counts(unread={1}, differing={(TUESDAY, 1)})
    assert (total.minutes_timesheet, day.minutes_timesheet) == (None, None)


def test_a_user_without_an_employee_counts_for_nobody() -> None:
    """They are an obstacle of their own; two users of one employee add up."""
    assert counts(shifts=[MORNING], rows=[], employees={}) == ((), ())
    both = [MORNING, shift("b", "2 13:00", "2 15:00", user=BEN)]
    [total], _ = counts(shifts=both, rows=[ROW], employees={ANA: 1, BEN: 1}, counted=[sheet(240), sheet(120, user=BEN)])
    assert (total.minutes_activities, total.minutes_timesheet) == (360, 360)


@pytest.mark.parametrize(
    ("counted", "odd"),
    [
        ((1, 1, 1), None),
        ((1, 1, 2), "timesheet"),
        ((1, 2, 1), "activities"),
        ((2, 1, 1), "table"),
        ((1, 2, 3), None),
        ((1, 2, None), None),
    ],
)
def test_the_odd_one_is_that_which_two_are_against(counted: tuple[int, int, int | None], odd: str | None) -> None:
    """With three different ones nobody knows."""
    assert odd_one(*counted) == odd

"""Spans beside a pay period that no period has, or two: of neighbours whose days are of another zone."""

from __future__ import annotations

from datetime import date

import pytest

from connecteam_sync.core.payroll_settings import PaySchedule
from connecteam_sync.core.period_borders import borders
from connecteam_sync.core.window import Window

EAST, WEST = "America/New_York", "America/Los_Angeles"
HOURS = 3 * 3600


def days(first: int, last: int, zone: str) -> Window:
    """Days of December."""
    return Window(date(2025, 12, first), date(2025, 12, last), zone)


@pytest.mark.parametrize(
    ("before", "after", "is_twice"), [(EAST, WEST, False), (WEST, EAST, True)], ids=["to the west", "to the east"]
)
@pytest.mark.parametrize("mine", ["before", "after"])
def test_neighbours_of_two_zones(before: str, after: str, mine: str, *, is_twice: bool) -> None:
    """Whichever of the two is looked at: to the west three hours are in none, to the east they are in both."""
    one, two = days(1, 7, before), days(8, 14, after)
    window, other = (one, two) if mine == "before" else (two, one)
    [border] = borders(window, [other, window], PaySchedule())
    assert (border.end - border.start, border.other, border.is_twice) == (HOURS, other, is_twice)
    assert {border.start, border.end} == {one.end_utc, two.start_utc}


def test_periods_of_one_zone_meet() -> None:
    """There is nothing between them."""
    assert borders(days(8, 14, EAST), [days(1, 7, EAST), days(15, 21, EAST)], PaySchedule()) == ()


def test_neighbours_of_one_clock_meet_whatever_their_zones_are_called() -> None:
    """Nothing is between them, and nothing is in both; a neighbour of the same zone hides no other."""
    toronto = "America/Toronto"
    assert borders(days(8, 14, EAST), [days(1, 7, toronto), days(15, 21, toronto)], PaySchedule()) == ()
    [border] = borders(days(8, 14, EAST), [days(15, 21, EAST), days(1, 7, WEST)], PaySchedule())
    assert (border.other, border.is_twice) == (days(1, 7, WEST), True)


def test_neighbours_are_those_whose_days_are_next_to_each_other() -> None:
    """A week between them belongs to nobody yet: it is no border of theirs."""
    assert borders(days(9, 14, WEST), [days(1, 7, EAST)], PaySchedule()) == ()
    assert borders(days(1, 7, WEST), [days(9, 14, EAST)], PaySchedule()) == ()


def test_days_that_no_scheduled_period_can_have_are_told() -> None:
    """Weeks begin on Mondays since a period ended on a Wednesday: what is left of that week can be in no period."""
    weekly = PaySchedule(schedule="weekly", anchor=date(2025, 12, 1))
    before, window = days(1, 3, EAST), days(8, 14, EAST)
    [border] = borders(window, [before, days(15, 21, EAST), days(1, 1, EAST)], weekly)
    assert border == (days(4, 7, EAST).start_utc, days(4, 7, EAST).end_utc, before, False)
    # A scheduled period lies in between, which can still be closed: only the rest of the first week is left over.
    [border] = borders(days(15, 21, EAST), [before], weekly)
    assert (border.start, border.end) == (days(4, 7, EAST).start_utc, days(4, 7, EAST).end_utc)
    # The newer one begins within a week: what of that week is before it can be in no period either.
    first, second = borders(days(17, 21, EAST), [before], weekly)
    assert (first.start, first.end) == (days(4, 7, EAST).start_utc, days(4, 7, EAST).end_utc)
    assert (second.start, second.end) == (days(15, 16, EAST).start_utc, days(15, 16, EAST).end_utc)
    # Both rests meet: they are one.
    [border] = borders(days(10, 14, EAST), [before], weekly)
    assert (border.start, border.end) == (days(4, 9, EAST).start_utc, days(4, 9, EAST).end_utc)


def test_nothing_is_left_over_without_a_period_before_or_a_schedule() -> None:
    """Nor where one period follows the other, whatever the schedule is."""
    weekly = PaySchedule(schedule="weekly", anchor=date(2025, 12, 1))
    assert borders(days(10, 14, EAST), [days(15, 21, EAST)], weekly) == ()
    assert borders(days(8, 14, EAST), [days(1, 3, EAST)], PaySchedule()) == ()
    assert borders(days(4, 14, EAST), [days(1, 3, EAST)], weekly) == ()
    assert borders(days(8, 14, EAST), [], weekly) == ()


def test_borders_come_by_instant() -> None:
    """Days left over before those of another zone after it."""
    weekly = PaySchedule(schedule="weekly", anchor=date(2025, 12, 1))
    found = borders(days(8, 14, EAST), [days(15, 21, WEST), days(1, 3, EAST)], weekly)
    assert [(border.other.first.day, border.is_twice) for border in found] == [(1, False), (15, False)]

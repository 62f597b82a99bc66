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

"""When a time clock is looked at next, and what that costs: at the bounds of each rule."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from connecteam_sync.core.cadence import (
    BY_NIGHT,
    DAILY_DAYS,
    DAY,
    QUIET,
    SET_BACK,
    WEEKLY_DAYS,
    Budget,
    Pace,
    backoff,
    bell_spacing,
    day_cost,
    interval,
    older_look,
    within_budget,
)

TODAY = date(2025, 12, 11)
NEWEST = TODAY - timedelta(days=15)
"""The last day that the ordinary visits leave out."""
EVERY_DAY = [TODAY - timedelta(days=back) for back in range(15, WEEKLY_DAYS)]


@pytest.mark.parametrize(
    ("hour", "seconds"), [(21, 300), (22, BY_NIGHT), (0, BY_NIGHT), (4, BY_NIGHT), (5, 300), (12, 300)]
)
def test_slower_by_night(hour: int, seconds: int) -> None:
    """From ten to five; a named interval is kept at every hour."""
    assert interval(Pace(), hour=hour, quiet_seconds=60).seconds == seconds
    assert interval(Pace(is_fixed=True), hour=hour, quiet_seconds=None).seconds == 300
    assert interval(Pace(seconds=7200), hour=hour, quiet_seconds=60).seconds == 7200


@pytest.mark.parametrize(("quiet", "seconds"), [(DAY - 1, 300), (DAY, QUIET), (None, QUIET)])
def test_slower_where_nothing_happens(quiet: int | None, seconds: int) -> None:
    """After a day without any change, or where none was ever seen."""
    assert interval(Pace(), hour=12, quiet_seconds=quiet).seconds == seconds


def test_longer_waits_after_each_failure() -> None:
    """From half a minute, doubled each time, to half an hour; a fifth more or less."""
    assert [backoff(failures, 0.5) for failures in (0, 1, 2, 3, 6, 7, 8, 10**6)] == [
        0,
        30,
        60,
        120,
        960,
        1800,
        1800,
        1800,
    ]
    assert (backoff(1, 0), backoff(1, 1)) == (24, 36)


@pytest.mark.parametrize(
    ("left", "reserve", "seconds"),
    [(10_000, 1000, 300), (1288, 1000, 300), (1144, 1000, 600), (1001, 1000, 86_400), (1000, 1000, 86_400)],
)
def test_the_calls_that_are_left_are_enough_until_the_day_ends(left: int, reserve: int, seconds: int) -> None:
    """Without the reserve: one call for each visit of each time clock; never more often than wanted."""
    assert within_budget(300, 1, Budget(left, reserve, DAY)) == seconds
    assert within_budget(300, 1, None) == 300
    assert within_budget(300, 0, Budget(left, reserve, DAY)) == 300


def test_more_time_clocks_are_visited_less_often() -> None:
    """The calls are shared; rounded up, so that they are never too few."""
    assert within_budget(300, 3, Budget(1288, 1000, DAY)) == 900
    assert within_budget(1, 7, Budget(1100, 1000, 1000)) == 70
    assert within_budget(1, 7, Budget(1101, 1000, 1000)) == 70


def test_looks_for_doorbells_share_what_the_ordinary_visits_leave_over() -> None:
    """Spread over the rest of the day; never further apart than the visits, whatever is left."""
    day = 288 * 2  # two time clocks, every 300 s
    for left, seconds in ((day + 86_400, 1), (day + 8640, 10), (day + 500, 172), (day + 1, 300), (day, 300), (0, 300)):
        assert bell_spacing(2, 300, Budget(left + 1000, 1000, DAY)) == seconds
    assert bell_spacing(2, 300, None) == bell_spacing(0, 300, Budget(0, 0, DAY)) == 0


def test_what_a_day_costs() -> None:
    """Visits, lists every hour, older days: 45 daily, the rest a seventh of them each day."""
    cost = day_cost([300, 300], people_pages=2, slice_days=27)
    assert (cost.visits, cost.lists, cost.older_days) == (576, 72, 2 * 2 + 1)
    assert cost.calls == 576 + 72 + 5
    assert day_cost([], people_pages=2, slice_days=27).calls == 0
    assert day_cost([7000], people_pages=1, slice_days=27).visits == 13


def look(looked: dict[date, int], *, now: int = 10**9, longest: int = 27) -> tuple[date, date] | None:
    """The days of the next look."""
    window = older_look(TODAY, "America/Chicago", NEWEST, looked, now=now, longest=longest)
    return None if window is None else (window.first, window.last)


def test_days_never_looked_at_come_first() -> None:
    """The newest of them decides, with the days before it that are due too."""
    assert look({}) == (NEWEST - timedelta(days=26), NEWEST)
    assert look({}, longest=1) == (NEWEST, NEWEST)
    assert look(dict.fromkeys(EVERY_DAY, 10**9)) is None


def test_a_day_that_was_looked_at_in_the_future_is_due() -> None:
    """The clock was set back; by less than a minute it counts for nothing."""
    assert look(dict.fromkeys(EVERY_DAY, 10**9 + SET_BACK)) is None
    assert look(dict.fromkeys(EVERY_DAY, 10**9) | {NEWEST: 10**9 + SET_BACK + 1}) == (NEWEST, NEWEST)


@pytest.mark.parametrize("back", [15, DAILY_DAYS - 1, DAILY_DAYS, WEEKLY_DAYS - 1])
def test_each_day_is_looked_at_again_when_it_is_due(back: int) -> None:
    """Daily up to 45 days back, weekly up to 92: at that second, and not one earlier."""
    day, every = TODAY - timedelta(days=back), DAY if back < DAILY_DAYS else 7 * DAY
    looked = dict.fromkeys(EVERY_DAY, 10**9) | {day: 10**9 - every + 1}
    assert look(looked) is None
    looked[day] -= 1
    assert look(looked) == (day, day)


def test_the_day_that_waits_longest_by_its_own_measure_comes_first() -> None:
    """Two days late on a daily one is more than eight days late on a weekly one."""
    daily, weekly = NEWEST, TODAY - timedelta(days=80)
    looked = dict.fromkeys(EVERY_DAY, 10**9) | {daily: 10**9 - 2 * DAY, weekly: 10**9 - 8 * DAY}
    assert look(looked) == (daily, daily)
    looked[weekly] = 10**9 - 15 * DAY
    assert look(looked) == (weekly, weekly)


def test_nothing_older_is_left_where_ordinary_visits_see_it_all() -> None:
    """Their first day lies before the oldest that is looked at."""
    oldest = TODAY - timedelta(days=WEEKLY_DAYS - 1)
    assert older_look(TODAY, "UTC", oldest - timedelta(days=1), {}, now=0, longest=27) is None
    window = older_look(TODAY, "UTC", oldest, {}, now=0, longest=27)
    assert window is not None
    assert (window.first, window.last, window.timezone) == (oldest, oldest, "UTC")

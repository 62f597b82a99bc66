"""Windows and days at their bounds: what is asked for, what is surely covered, where days join."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from connecteam_sync.core.window import (
    LockedDay,
    Window,
    days_touched,
    each_day,
    end_of_day,
    joined,
    later,
    local_day,
    local_time,
    locked_day,
    start_of_day,
    utc_offset,
    windows_of_days,
)

CHICAGO = "America/Chicago"
ZONE = ZoneInfo(CHICAGO)
FIRST, LAST = -62_135_596_800, 253_402_300_799
"""The first and the last second of the calendar, in UTC."""


def day(number: int, month: int = 12) -> date:
    """A day of 2025."""
    return date(2025, month, number)


def utc(*parts: int) -> int:
    """An instant."""
    return int(datetime(*parts, tzinfo=UTC).timestamp())  # type: ignore[arg-type,misc]


def test_a_window_says_its_days() -> None:
    """One day by itself; two reversed are refused with both."""
    assert (str(Window(day(2), day(2), CHICAGO)), str(Window(day(2), day(3), CHICAGO))) == (
        "2025-12-02",
        "2025-12-02..2025-12-03",
    )
    assert [Window(day(2), day(last), CHICAGO).days for last in (2, 3, 31)] == [1, 2, 30]
    with pytest.raises(ValueError, match=r"^the window ends \(2025-12-01\) before it begins \(2025-12-02\)$"):
        Window(day(2), day(1), CHICAGO)


def test_a_window_covers_another_if_it_has_all_its_days() -> None:
    """Its own, too."""
    window = Window(day(2), day(9), CHICAGO)
    covered = {
        (first, last): window.covers(Window(day(first), day(last), CHICAGO))
        for first in (1, 2, 5)
        for last in (5, 9, 10)
    }
    assert {days for days, is_covered in covered.items() if is_covered} == {(2, 5), (2, 9), (5, 5), (5, 9)}


def test_what_is_surely_covered_lies_two_days_out_less_the_zones_of_the_world() -> None:
    """From the first padded day in the westernmost zone to the last in the easternmost."""
    low, high = Window(day(5), day(6), CHICAGO).surely_covered
    assert low == utc(2025, 12, 3, 12)
    assert high == utc(2025, 12, 8, 10)


def test_slices_are_as_long_as_may_be_asked_for_with_their_padding() -> None:
    """27 days of 31; the last has what is left."""
    parts = Window(day(1, 10), day(31, 12), CHICAGO).slices()
    assert [(part.first, part.last) for part in parts] == [
        (day(1, 10), day(27, 10)),
        (day(28, 10), day(23, 11)),
        (day(24, 11), day(20)),
        (day(21), day(31)),
    ]
    assert {part.timezone for part in parts} == {CHICAGO}
    assert [part.days for part in Window(day(1), day(4), CHICAGO).slices(3, 1)] == [1, 1, 1, 1]
    assert Window(day(1), day(27), CHICAGO).slices() == (Window(day(1), day(27), CHICAGO),)


def test_scattered_days_are_covered_by_the_fewest_windows() -> None:
    """In order, each day once, none longer than a look; days in between are looked at, too."""
    found = windows_of_days([day(30, 10), day(1, 10), day(27, 10), day(1, 10), day(28, 10)], CHICAGO)
    assert [(one.first, one.last) for one in found] == [(day(1, 10), day(27, 10)), (day(28, 10), day(30, 10))]
    assert [(one.first.day, one.last.day) for one in windows_of_days([day(1), day(3), day(4)], CHICAGO, 3)] == [
        (1, 3),
        (4, 4),
    ]
    assert windows_of_days([], CHICAGO) == ()


def test_days_are_joined_where_one_follows_the_other() -> None:
    """Across the end of a month; a day that is named twice is a range of its own again."""
    assert joined([day(3), day(30, 11), day(1), day(5), day(2)]) == [(day(30, 11), day(3)), (day(5), day(5))]
    assert joined([]) == []
    assert list(each_day(day(30, 11), day(2))) == [day(30, 11), day(1), day(2)]
    assert list(each_day(day(2), day(1))) == []


def test_a_shift_touches_the_days_between_its_ends() -> None:
    """One that ends where it begins, or before, only the first; midnight is not of the day that it begins."""
    begin = utc(2025, 12, 2, 14)
    assert days_touched(begin, begin, ZONE) == days_touched(begin, begin - 1, ZONE) == (day(2), day(2))
    assert days_touched(begin, None, ZONE) == (day(2), day(2))
    midnight = utc(2025, 12, 3, 6)
    assert days_touched(begin, midnight, ZONE) == (day(2), day(2))
    assert days_touched(begin, midnight + 1, ZONE) == (day(2), day(3))
    assert days_touched(midnight - 1, midnight, ZONE) == (day(2), day(2))


@pytest.mark.parametrize(
    ("zone", "instant", "local"),
    [
        (CHICAGO, utc(2025, 11, 2, 5, 59, 59), day(2, 11)),
        (CHICAGO, utc(2025, 11, 2, 4, 59, 59), day(1, 11)),
        (CHICAGO, utc(2025, 11, 3, 5, 59, 59), day(2, 11)),
        (CHICAGO, utc(2025, 11, 3, 6), day(3, 11)),
        ("Asia/Kathmandu", utc(2025, 12, 1, 18, 14, 59), day(1)),
        ("Asia/Kathmandu", utc(2025, 12, 1, 18, 15), day(2)),
        ("Pacific/Kiritimati", utc(2025, 12, 1, 9, 59, 59), day(1)),
        ("Pacific/Kiritimati", utc(2025, 12, 1, 10), day(2)),
        ("Africa/Cairo", utc(2025, 4, 24, 21, 59, 59), day(24, 4)),
        ("Africa/Cairo", utc(2025, 4, 24, 22), day(25, 4)),
    ],
)
def test_a_local_day_begins_with_its_midnight(zone: str, instant: int, local: date) -> None:
    """Also on days on which the clocks change, and where that midnight does not exist."""
    place = ZoneInfo(zone)
    assert local_day(instant, place) == local == local_time(instant, place).date()
    assert start_of_day(local, place) <= instant < end_of_day(local, place)
    assert end_of_day(local, place) == start_of_day(later(local, 1), place)


def test_the_offset_of_a_zone_is_told_in_seconds_east() -> None:
    """Negative in the west; in winter another one than in summer."""
    winter, summer = utc(2025, 12, 2), utc(2025, 7, 2)
    assert [utc_offset(winter, ZoneInfo(name)) for name in (CHICAGO, "Asia/Kathmandu", "UTC")] == [-21_600, 20_700, 0]
    assert utc_offset(summer, ZONE) == -18_000


def test_the_calendar_ends_where_it_ends() -> None:
    """Beyond its first and last day there is none; local times beyond them are those of UTC."""
    assert (later(date.max, 1), later(date.min, -1), later(day(31), 1)) == (date.max, date.min, date(2026, 1, 1))
    assert (later(date(9999, 12, 30), 1), later(date(1, 1, 2), -1)) == (date.max, date.min)
    east, west = ZoneInfo("Pacific/Kiritimati"), ZoneInfo("Pacific/Pago_Pago")
    assert local_time(LAST, east) == datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    assert local_time(LAST + 1, ZONE) == local_time(LAST, ZONE)
    assert local_time(FIRST - 1, east) == local_time(FIRST, east)
    assert local_time(FIRST, west) == datetime(1, 1, 1, tzinfo=UTC)
    assert end_of_day(date.max, ZONE) == start_of_day(date.max, ZONE) + 86_400
    for number in range(4):
        at = LAST - 86_400 * number
        assert local_day(at, ZONE) == local_time(at, ZONE).date()
        at = FIRST + 86_400 * number
        assert local_day(at, ZONE) == local_time(at, ZONE).date()


def test_a_closed_day_has_its_instants_and_says_whose_it_is() -> None:
    """By its zone of then; usually somebody's own, of everybody."""
    assert locked_day(day(9, 3), CHICAGO) == LockedDay(
        day=day(9, 3), timezone=CHICAGO, start=utc(2025, 3, 9, 6), end=utc(2025, 3, 10, 5)
    )
    assert locked_day(day(1), "UTC", "connecteam_lock", 9, 5) == LockedDay(
        day=day(1),
        timezone="UTC",
        start=utc(2025, 12, 1),
        end=utc(2025, 12, 2),
        source="connecteam_lock",
        time_clock_id=9,
        user_id=5,
    )
    plain = locked_day(day(1), "UTC")
    assert (plain.source, plain.time_clock_id, plain.user_id) == ("own", 0, 0)

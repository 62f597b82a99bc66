"""Local days of the business and the instants they span."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connecteam_sync.core.window import (
    Window,
    days_touched,
    each_day,
    later,
    local_day,
    locked_day,
    start_of_day,
    utc_offset,
    windows_of_days,
)

CHICAGO = "America/Chicago"
ZONE = ZoneInfo(CHICAGO)


def at(text: str) -> int:
    """An instant given as local Chicago time."""
    return int(datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp())


@pytest.mark.parametrize(("day", "hours"), [("2025-03-09", 23), ("2025-11-02", 25), ("2025-12-01", 24)])
def test_a_day_is_what_the_calendar_says(day: str, hours: int) -> None:
    """The nights the clocks change make days of 23 and 25 hours; none of their instants is lost."""
    window = Window(date.fromisoformat(day), date.fromisoformat(day), CHICAGO)
    assert window.end_utc - window.start_utc == hours * 3600


def test_the_span_is_half_open() -> None:
    """The first instant belongs to the window, the first instant after the last day does not."""
    window = Window(date(2025, 12, 1), date(2025, 12, 11), CHICAGO)
    assert window.holds(at("2025-12-01T00:00"))
    assert window.holds(at("2025-12-11T23:59:59"))
    assert not window.holds(at("2025-12-12T00:00"))
    assert not window.holds(at("2025-11-30T23:59:59"))


def test_a_reversed_window_is_refused() -> None:
    """A window that ends before it begins is an error, never an empty window."""
    with pytest.raises(ValueError, match="ends"):
        Window(date(2025, 12, 2), date(2025, 12, 1), CHICAGO)


@given(st.dates(date(2000, 1, 1), date(2030, 1, 1)), st.integers(0, 400), st.integers(5, 90))
def test_slices_cover_the_window_without_gap_or_overlap(first: date, days: int, limit: int) -> None:
    """Every day is in exactly one slice, and no padded slice asks for more days than the API takes."""
    last = date.fromordinal(first.toordinal() + days)
    slices = Window(first, last, CHICAGO).slices(limit)
    covered = [d for s in slices for d in range(s.first.toordinal(), s.last.toordinal() + 1)]
    assert covered == list(range(first.toordinal(), last.toordinal() + 1))
    assert max(s.padded().days for s in slices) <= limit


@given(st.sets(st.dates(date(2020, 1, 1), date(2026, 1, 1)), max_size=30))
def test_windows_of_scattered_days_miss_none(days: set[date]) -> None:
    """Each day asked for lies in one of the windows, and none is longer than one look."""
    windows = windows_of_days(days, CHICAGO)
    assert bool(windows) == bool(days)
    assert all(any(w.first <= day <= w.last for w in windows) for day in days)
    assert all(w.padded().days <= 31 for w in windows)


def test_a_night_shift_touches_both_its_days_and_midnight_touches_one() -> None:
    """Six in the morning is of the next day; a clock-out at midnight exactly is not."""
    night = days_touched(at("2025-12-01T22:00"), at("2025-12-02T06:00"), ZONE)
    evening = days_touched(at("2025-12-01T16:00"), at("2025-12-02T00:00"), ZONE)
    assert night == (date(2025, 12, 1), date(2025, 12, 2))
    assert evening == (date(2025, 12, 1), date(2025, 12, 1))


def test_the_local_day_is_not_the_utc_day() -> None:
    """Late evening in Chicago is already tomorrow in UTC; the local calendar decides."""
    instant = at("2025-12-01T23:30")
    assert datetime.fromtimestamp(instant, UTC).date() == date(2025, 12, 2)
    assert local_day(instant, ZONE) == date(2025, 12, 1)


def test_the_padding_is_two_days_on_either_side() -> None:
    """The zone of the API's dates is unknown, and so is how it selects a night shift."""
    window = Window(date(2025, 12, 1), date(2025, 12, 2), CHICAGO)
    assert window.padded() == Window(date(2025, 11, 29), date(2025, 12, 4), CHICAGO)
    assert len(Window(date(2025, 1, 1), date(2025, 12, 31), CHICAGO).slices()) == 14


@pytest.mark.parametrize(
    "business", ["Etc/GMT+12", "Pacific/Apia", "America/Chicago", "Asia/Kathmandu", "Pacific/Kiritimati"]
)
def test_the_window_lies_inside_what_is_asked_in_every_zone(business: str) -> None:
    """The dates of a request may be read in any zone of the world, on any day, clocks changing or not."""
    zones = [ZoneInfo(name) for name in sorted(available_timezones())]
    for number in range(0, 365, 5):
        day = date.fromordinal(date(2025, 1, 1).toordinal() + number)
        window = Window(day, day, business)
        asked, (low, high) = window.padded(), window.surely_covered
        assert low <= window.start_utc < window.end_utc <= high
        assert max(start_of_day(asked.first, zone) for zone in zones) <= low
        assert min(start_of_day(asked.last + timedelta(days=1), zone) for zone in zones) >= high


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago", "UTC", CHICAGO])
@pytest.mark.parametrize("instant", [-62_135_596_800, 253_402_300_799])
def test_the_calendar_may_end(instant: int, zone: str) -> None:
    """The first and the last second that a table may hold have a day in every zone, and that day has a span."""
    here = ZoneInfo(zone)
    day = local_day(instant, here)
    assert abs(day.toordinal() - (datetime(1970, 1, 1) + timedelta(seconds=instant)).toordinal()) <= 1  # noqa: DTZ001
    window = Window(day, day, zone)
    assert window.end_utc - window.start_utc == 24 * 3600
    assert window.padded().days in {3, 4}
    assert window.slices() == (window,)
    low, high = window.surely_covered
    assert low < high
    assert next(each_day(day, later(day, 9))) == day
    assert locked_day(day, zone).end == window.end_utc
    assert days_touched(instant, None, here) == (day, day)
    assert abs(utc_offset(instant + 182 * 24 * 3600, here)) <= 14 * 3600

"""Minutes and days in every zone of the world, on every night its clocks change, and on leap days.

Judged by the calendar of the standard library, instant by instant, not by ours.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

from connecteam_sync.core.change import Policy
from connecteam_sync.core.clocktime import StoredState
from connecteam_sync.core.plan import plan
from connecteam_sync.core.shift import Shift, Snapshot
from connecteam_sync.core.window import Window, days_touched, local_day
from support.assertion_counts import require, tell

FIRST, LAST = date(2022, 12, 30), date(2026, 1, 2)
LEAP = (date(2024, 2, 28), date(2024, 2, 29), date(2024, 3, 1))
REACH: Counter[str] = Counter()
ASSERTIONS = (
    "a day begins where the calendar says",
    "minutes are elapsed time",
    "days touched",
    "a day of another length",
)


def _offset(day: date, zone: ZoneInfo) -> timedelta:
    return datetime(day.year, day.month, day.day, 12, tzinfo=zone).utcoffset() or timedelta()


def nights(zone: ZoneInfo) -> list[date]:
    """The days on which the clocks of a zone change, and the leap day, each with its neighbours."""
    found = set(LEAP)
    day, before = FIRST, _offset(FIRST, zone)
    while day < LAST:
        day += timedelta(days=1)
        now = _offset(day, zone)
        if now != before:
            found |= {day - timedelta(days=1), day, day + timedelta(days=1)}
        before = now
    return sorted(found)


def local(instant: int, zone: ZoneInfo) -> datetime:
    """What a wall clock shows at an instant."""
    return datetime.fromtimestamp(instant, UTC).astimezone(zone)


def days_right(day: date, zone: ZoneInfo, window: Window) -> None:
    """The window of a day holds its first instant and not the one before; the next day begins where it ends."""
    start, end = window.start_utc, window.end_utc
    assert local(start, zone).date() == day == local(end - 1, zone).date()
    assert local(start - 1, zone).date() < day < local(end, zone).date()
    assert end == Window(day + timedelta(days=1), day + timedelta(days=1), window.timezone).start_utc
    REACH["a day begins where the calendar says"] += 1
    REACH["a day of another length"] += end - start != 24 * 3600


def minutes_right(zone: ZoneInfo, window: Window) -> None:
    """Shifts over the change of the clocks, from every other hour of the day: elapsed time, rounded down."""
    ends = (59, 60, 3601, 5 * 3600 + 30, 26 * 3600)
    start = window.start_utc
    shifts = tuple(
        Shift(
            id=f"{hour}", user_id=hour + 1, time_clock_id=7, start=start + hour * 3600, end=start + hour * 3600 + length
        )
        for hour, length in zip(range(0, 20, 4), ends, strict=True)
    )
    padded = window.padded()
    people = {shift.user_id: shift.user_id for shift in shifts}
    snapshot = Snapshot(
        time_clock_id=7, first=padded.first, last=padded.last, users=(), listed=frozenset(people), shifts=shifts
    )
    decision = plan(window, snapshot, StoredState(employees=people), Policy())
    assert len(decision.changes) == len(shifts)
    for change in decision.changes:
        shift = next(shift for shift in shifts if shift.id == change.shift_id)
        came, went = local(shift.start, zone), local(shift.end or 0, zone)
        elapsed = went.astimezone(UTC) - came.astimezone(UTC)
        assert change.image.total_minutes == elapsed // timedelta(minutes=1)
        REACH["minutes are elapsed time"] += 1
        last = local((shift.end or 0) - 1, zone).date()
        assert days_touched(shift.start, shift.end, zone) == (came.date(), last) == change.days
        REACH["days touched"] += 1


def test_every_zone_of_the_world() -> None:
    """Some six hundred zones, three years with a leap day."""
    REACH.clear()
    zones = sorted(available_timezones())
    for name in zones:
        zone = ZoneInfo(name)
        for day in nights(zone):
            window = Window(day, day, name)
            days_right(day, zone, window)
            minutes_right(zone, window)
    tell(f"{len(zones)} zones, {REACH['a day begins where the calendar says']:,} days", REACH)
    require(REACH, ASSERTIONS)


def test_a_day_that_a_country_left_out_is_empty() -> None:
    """Samoa went from the 29th to the 31st of December 2011: the day between has no instant, and nothing is lost."""
    left_out = Window(date(2011, 12, 30), date(2011, 12, 30), "Pacific/Apia")
    whole = Window(date(2011, 12, 29), date(2011, 12, 31), "Pacific/Apia")
    assert left_out.start_utc == left_out.end_utc
    assert whole.end_utc - whole.start_utc == 2 * 24 * 3600
    assert local_day(left_out.start_utc, left_out.zone) == date(2011, 12, 31)

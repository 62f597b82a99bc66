"""Local days of the business and the instants they span.

The one module of the core that knows time zones. A day is a calendar day of the business: it has 23 or 25 hours when
the clocks change.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

LockSource = Literal["own", "period", "connecteam_lock", "connecteam_approval", "purged"]
"""What closes a day: somebody's lock, its closed period, what Connecteam says of a person's day, or a purge."""
MAX_WINDOW_DAYS = 366
"""The longest window a command accepts: a longer one is more likely a typing mistake."""
EARLIEST, LATEST = date(1971, 1, 1), date(2199, 12, 31)
"""The days that a command accepts: the calendars of databases and of Python end beyond them."""
SLICE_DAYS = 31
"""Days requested at once. The documents disagree on the API's limit (31, 90 or 92); this satisfies all of them."""
MAX_SLICE_DAYS = 90
"""The most days at once that a configuration may set."""
PADDING_DAYS = 2
"""Extra days requested on either side: the zone of the API's dates, and how it selects a night shift, are unknown.

A day of the business touches days of the account's zone up to two earlier and two later: UTC+14 and UTC-12 lie 26 hours
apart.
"""
_EASTERNMOST, _WESTERNMOST = 14 * 3600, -12 * 3600
_UTC = ZoneInfo("UTC")
_ONE_DAY = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - clock times of a zone are counted from it
_DAY = 86_400
_FIRST_INSTANT, _LAST_INSTANT = -62_135_596_800, 253_402_300_799
"""The instants of the years 1 to 9999 in UTC; a table may have the last second as the end of an open shift."""


@lru_cache(maxsize=8192)  # a small plan asks for the ends of its window more often than for anything else
def start_of_day(day: date, timezone: ZoneInfo) -> int:
    """The first instant of a local day, in epoch seconds, also if that midnight does not exist."""
    offset = datetime.combine(day, time.min, tzinfo=timezone).utcoffset() or timedelta()
    return int((datetime.combine(day, time.min) - _EPOCH - offset).total_seconds())


def end_of_day(day: date, timezone: ZoneInfo) -> int:
    """The first instant after a local day, in epoch seconds, also of the calendar's last."""
    return start_of_day(day, timezone) + 86_400 if day == date.max else start_of_day(day + _ONE_DAY, timezone)


@lru_cache(maxsize=8192)
def later(day: date, days: int) -> date:
    """The day `days` later (negative: earlier); the calendar's first or last day if it would be beyond that."""
    return date.fromordinal(min(max(day.toordinal() + days, date.min.toordinal()), date.max.toordinal()))


def local_time(instant: int, timezone: ZoneInfo) -> datetime:
    """An instant in local time; in UTC if the local time would be beyond the calendar's ends."""
    within = min(max(instant, _FIRST_INSTANT), _LAST_INSTANT)
    try:
        return datetime.fromtimestamp(within, timezone)
    except (OverflowError, ValueError):
        return datetime.fromtimestamp(within, UTC)


def local_day(instant: int, timezone: ZoneInfo) -> date:
    """The local calendar day an instant falls on."""
    offset = _offset_throughout(instant // _DAY, timezone)
    return local_time(instant, timezone).date() if offset is None else _date((instant + offset) // _DAY)


@lru_cache(maxsize=8192)
def _offset_throughout(day: int, timezone: ZoneInfo) -> int | None:
    """How far the zone's clock is ahead throughout a day of UTC, by its number; None if it is put forward or back then.

    Plans ask for the local days of very many instants, most of which are on the same few days.
    """
    start = day * _DAY
    if not _FIRST_INSTANT + 2 * _DAY <= start <= _LAST_INSTANT - 3 * _DAY:
        return None
    offset = utc_offset(start, timezone)
    return offset if offset == utc_offset(start + _DAY - 1, timezone) else None


@lru_cache(maxsize=8192)
def _date(day: int) -> date:
    """The date of a day by its number, counted from the epoch."""
    return date.fromordinal(_EPOCH.toordinal() + day)


def utc_offset(instant: int, timezone: ZoneInfo) -> int:
    """How far the zone's clock is ahead of UTC at an instant, in seconds; negative west of Greenwich."""
    offset = local_time(instant, timezone).utcoffset()
    return int(offset.total_seconds()) if offset else 0


def days_touched(clock_in: int, clock_out: int | None, timezone: ZoneInfo) -> tuple[date, date]:
    """First and last local day of a shift. A clock-out at midnight exactly does not touch the day that begins there."""
    first = local_day(clock_in, timezone)
    if clock_out is None or clock_out <= clock_in:
        return _shared((first, first))
    return _shared((first, local_day(clock_out - 1, timezone)))


@lru_cache(maxsize=8192)
def _shared(days: tuple[date, date]) -> tuple[date, date]:
    """One object for equal days: very many shifts have the same."""
    return days


def each_day(first: date, last: date) -> Iterator[date]:
    """Every calendar day from `first` to `last`, both included."""
    return map(date.fromordinal, range(first.toordinal(), last.toordinal() + 1))


class LockedDay(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A local day that payroll has closed, in the time zone of then, which may not be the business's any more.

    `start` to `end` is the half-open span of its instants: usually 23, 24 or 25 hours. `source` says what holds it: a
    lock of its own, its closed period, Connecteam's lock or approval of a person's day, or a purge, for good.
    `time_clock_id` and `user_id` (a Connecteam user) say whose day it is; 0 stands for all of them.
    """

    day: date
    timezone: str
    start: int
    end: int
    source: LockSource = "own"
    time_clock_id: int = 0
    user_id: int = 0


@lru_cache(maxsize=8192)
def locked_day(day: date, timezone: str, source: LockSource = "own", clock: int = 0, user: int = 0) -> LockedDay:
    """A day of a zone with its instants. Raises ZoneInfoNotFoundError if this machine does not know the zone."""
    zone = ZoneInfo(timezone)
    return LockedDay(
        day=day,
        timezone=timezone,
        start=start_of_day(day, zone),
        end=end_of_day(day, zone),
        source=source,
        time_clock_id=clock,
        user_id=user,
    )


class Window(msgspec.Struct, frozen=True, order=True):
    """Local days `first..last`, both included, in the business time zone (an IANA name).

    `start_utc` and `end_utc` are the half-open span of instants those days cover.
    """

    first: date
    last: date
    timezone: str

    def __post_init__(self) -> None:
        if self.last < self.first:
            msg = f"the window ends ({self.last}) before it begins ({self.first})"
            raise ValueError(msg)

    @property
    def zone(self) -> ZoneInfo:
        """The business time zone."""
        return ZoneInfo(self.timezone)

    @property
    def start_utc(self) -> int:
        """First instant of the first day."""
        return start_of_day(self.first, self.zone)

    @property
    def end_utc(self) -> int:
        """First instant after the last day."""
        return end_of_day(self.last, self.zone)

    @property
    def days(self) -> int:
        """How many local days the window has."""
        return (self.last - self.first).days + 1

    def holds(self, instant: int) -> bool:
        """Whether an instant lies inside the window proper."""
        return self.start_utc <= instant < self.end_utc

    def covers(self, other: Window) -> bool:
        """Whether every day of another window is one of this."""
        return self.first <= other.first and other.last <= self.last

    def padded(self, days: int = PADDING_DAYS) -> Window:
        """The window with `days` more on either side: the days requested from the API."""
        return Window(later(self.first, -days), later(self.last, days), self.timezone)

    @property
    def surely_covered(self) -> tuple[int, int]:
        """The half-open span of instants that the padded days cover in every zone the API may read them in.

        It contains the window proper in every business time zone; a shift that ends after it may be in no answer.
        """
        first, last = later(self.first, -PADDING_DAYS), later(self.last, PADDING_DAYS)
        return (start_of_day(first, _UTC) - _WESTERNMOST, end_of_day(last, _UTC) - _EASTERNMOST)

    def slices(self, days: int = SLICE_DAYS, padding: int = PADDING_DAYS) -> tuple[Window, ...]:
        """The window cut into consecutive parts that span at most `days` days each, padding included."""
        step = days - 2 * padding
        firsts = map(date.fromordinal, range(self.first.toordinal(), self.last.toordinal() + 1, step))
        return tuple(Window(first, min(self.last, later(first, step - 1)), self.timezone) for first in firsts)

    def __str__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first}..{self.last}"


def windows_of_days(
    days: Iterable[date], timezone: str, longest: int = SLICE_DAYS - 2 * PADDING_DAYS
) -> tuple[Window, ...]:
    """The fewest windows of at most `longest` days that cover scattered days; days between them may be covered too."""
    windows: list[Window] = []
    for day in sorted(set(days)):
        if windows and (day - windows[-1].first).days < longest:
            windows[-1] = Window(windows[-1].first, day, timezone)
        else:
            windows.append(Window(day, day, timezone))
    return tuple(windows)


def joined(days: Iterable[date]) -> list[tuple[date, date]]:
    """Days joined to ranges (first, last) without gaps, in order."""
    ranges: list[tuple[date, date]] = []
    for day in sorted(days):
        if ranges and later(ranges[-1][1], 1) == day:
            ranges[-1] = (ranges[-1][0], day)
        else:
            ranges.append((day, day))
    return ranges

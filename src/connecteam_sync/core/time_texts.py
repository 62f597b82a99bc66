"""Times of a zone as ISO texts, for files with many of them. Pure."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from connecteam_sync.core.window import local_time

_STRETCH = 900
"""Seconds in which a zone's clock changes at most once; the clocks of nearly all zones differ by whole ones."""
_HOUR = 3600
_OF_HOUR = tuple(f"{second // 60:02}:{second % 60:02}" for second in range(_HOUR))


class TimeTexts:
    """What `local_time(instant, zone).isoformat(timespec="seconds")` says, five times as fast.

    Date, hour and offset are found once for each quarter of an hour in which the clock did not change.
    """

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._stretches: dict[int, tuple[str, int, str] | None] = {}

    def of(self, instant: int) -> str:
        """A time with its offset: `2025-12-01T08:00:00-05:00`."""
        number = instant // _STRETCH
        try:
            stretch = self._stretches[number]
        except KeyError:
            stretch = self._stretches[number] = self._stretch(number * _STRETCH)
        if stretch is None:
            return self._slowly(instant)
        hour, ahead, offset = stretch
        return f"{hour}{_OF_HOUR[(instant + ahead) % _HOUR]}{offset}"

    def _slowly(self, instant: int) -> str:
        return local_time(instant, self._zone).isoformat(timespec="seconds")

    def _stretch(self, start: int) -> tuple[str, int, str] | None:
        """The text before the minutes, how far the clock is ahead within its hour, and the text after the seconds; None
        where the clock changes, is no whole quarter of an hour off, or comes to an end of the calendar.
        """
        first, last = self._slowly(start), self._slowly(start + _STRETCH - 1)
        ahead = int(first[14:16]) * 60 - start % _HOUR
        # Where the text of the end is what was counted from the beginning, the clock did not change in between.
        is_even = first[:14] == last[:14] and last[14:19] == _OF_HOUR[(start + _STRETCH - 1 + ahead) % _HOUR]
        return (first[:14], ahead, first[19:]) if is_even else None

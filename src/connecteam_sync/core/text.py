"""How things are said to people: one line each, hours, counts, and times on the clock of the business."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from zoneinfo import ZoneInfo

from connecteam_sync.core.window import local_time

LONGEST = 2000
"""Characters of a sentence that are shown."""
LONGEST_NAME = 60
"""Characters of a name that are shown: of a person, a time clock, a company, a source."""
_HOUR = 60


def plain(line: str) -> str:
    """A line that stays one and steers no terminal: whatever is not printable is a blank.

    Line breaks, escapes and other controls, marks that turn the direction of writing, characters without width and
    halves of characters (lone surrogates) are not printable.
    """
    return line if line.isprintable() else "".join(c if c.isprintable() else " " for c in line)


def one_line(text: str | None, longest: int = LONGEST) -> str:
    """What somebody wrote, as a part of a line: as `plain`, without runs of blanks, an ellipsis for what is too much.

    A run of blanks could push what follows to the beginning of the next line of a terminal.
    """
    said = plain(text or "")
    if "  " in said or said != said.strip():
        said = " ".join(said.split())
    return said if len(said) <= longest else f"{said[: longest - 1]}…"


def called(name: str | None) -> str:
    """A name from outside, as a part of a line."""
    return one_line(name, LONGEST_NAME)


def many(count: int, one: str, more: str | None = None) -> str:
    """`1 shift`, `2 shifts`, `1,234 people`."""
    return f"{count:,} {one if count == 1 else more or one + 's'}"


def named(names: Iterable[str], *, at_most: int = 5) -> str:
    """`Ida Moss, Jo Fenn and 3 more`, by name."""
    found = sorted(called(name) for name in names)
    more = [f"{len(found) - at_most:,} more"] if len(found) > at_most + 1 else []
    shown = (found[:at_most] if more else found) + more
    return " and ".join(filter(None, (", ".join(shown[:-1]), *shown[-1:])))


def hours(minutes: int, *, signed: bool = False) -> str:
    """Minutes as hours, e.g. `7:45`, `1,234:05`, with a sign `+0:15`."""
    sign = "-" if minutes < 0 else "+" if signed else ""
    return f"{sign}{abs(minutes) // _HOUR:,}:{abs(minutes) % _HOUR:02}"


def day_name(day: date) -> str:
    """`Mon 1 Dec 2025`."""
    return f"{day:%a} {day.day} {day:%b %Y}"


def clock(instant: int, zone: ZoneInfo, day: date, *, seconds: bool = False, named: bool = False) -> str:
    """A time of day as people of the zone read it; with its date where that is another day, its year where that is
    another one, and the zone's short name where `named`, or where the clock showed it twice (the night it is set back).
    """
    moment = local_time(instant, zone)
    shown = f"{moment:%H:%M:%S}" if seconds else f"{moment:%H:%M}"
    if named or _is_twice(moment):
        shown += f" {moment:%Z}"
    if moment.date() == day:
        return shown
    return f"{shown} ({moment:%a} {moment.day} {moment:%b}{'' if moment.year == day.year else f' {moment.year}'})"


def span(clock_in: int, clock_out: int | None, zone: ZoneInfo, day: date) -> str:
    """`08:00-16:30`, `08:00-…` while open; with the zone's short names where the clock was set in between."""
    if clock_out is None:
        return f"{clock(clock_in, zone, day)}-…"
    offsets = {local_time(at, zone).utcoffset() for at in (clock_in, clock_out)}
    named = len(offsets) > 1 and clock_out - clock_in < _LONG
    return f"{clock(clock_in, zone, day, named=named)}-{clock(clock_out, zone, day, named=named)}"


def stamp(instant: int, zone: ZoneInfo) -> str:
    """`2025-12-02 08:00`, with the zone's short name where the clock showed that twice."""
    moment = local_time(instant, zone)
    return f"{moment:%Y-%m-%d %H:%M}" + (f" {moment:%Z}" if _is_twice(moment) else "")


def _is_twice(moment: datetime) -> bool:
    return moment.replace(fold=0).utcoffset() != moment.replace(fold=1).utcoffset()


_LONG = 7 * 24 * 3600
"""Seconds of a shift that nobody adds up by the clock on the wall."""

"""Formats for people: single lines, hours, counts, and times in the business time zone."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime
from zoneinfo import ZoneInfo

from connecteam_sync.core.window import local_time

LONGEST = 2000
"""Characters of a sentence that are shown."""
LONGEST_NAME = 60
"""Characters of a name that are shown: of a person, a time clock, a company, a source."""
_HOUR = 60
_COMMAND = re.compile(r"connecteam-sync (?=(?!(?:accounts|worker|workers|demo|sandbox)\b)[a-z])")
"""The beginning of a command line that is about one account, and does not name it yet."""
_VARIABLE = re.compile(r"\bCONNECTEAM_SYNC_(?=(?:API_KEY|CLIENT_ID|CLIENT_SECRET|DATABASE_URL|WEBHOOK_TOKEN)(?![A-Z]))")
"""The beginning of a variable that says something to an account only with the account's name in it."""


def plain(line: str) -> str:
    """The text as a single line that cannot control a terminal: characters that are not printable become blanks.

    Line breaks, escapes and other controls, marks that turn the direction of writing, characters without width and
    halves of characters (lone surrogates) are not printable.
    """
    return line if line.isprintable() else "".join(c if c.isprintable() else " " for c in line)


def one_line(text: str | None, longest: int = LONGEST) -> str:
    """Foreign text as a part of a line: as `plain`, without runs of blanks, cut with an ellipsis if it is too long.

    A run of blanks could push the text after it to the beginning of the next line of a terminal.
    """
    line = plain(text or "")
    if "  " in line or line != line.strip():
        line = " ".join(line.split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def called(name: str | None) -> str:
    """A foreign name as a part of a line."""
    return one_line(name, LONGEST_NAME)


def many(count: int, singular: str, plural: str | None = None) -> str:
    """`1 shift`, `2 shifts`, `1,234 people`."""
    return f"{count:,} {singular if count == 1 else plural or singular + 's'}"


def of_account(line: str, account: str | None) -> str:
    """A line for people whose commands and variables are those of this one of several accounts; None: there is only
    one.
    """
    if account is None:
        return line
    variable = f"CONNECTEAM_SYNC_ACCOUNT_{account.upper().replace('-', '_')}_"
    return _VARIABLE.sub(variable, _COMMAND.sub(f"connecteam-sync --account {account} ", line))


def named(names: Iterable[str], *, at_most: int = 5) -> str:
    """`Ida Moss, Jo Fenn and 3 more`, sorted by name."""
    everyone = sorted(called(name) for name in names)
    more = [f"{len(everyone) - at_most:,} more"] if len(everyone) > at_most + 1 else []
    shown = (everyone[:at_most] if more else everyone) + more
    return " and ".join(filter(None, (", ".join(shown[:-1]), *shown[-1:])))


def hours(minutes: int, *, signed: bool = False) -> str:
    """Minutes as hours, e.g. `7:45`, `1,234:05`, with a sign `+0:15`."""
    sign = "-" if minutes < 0 else "+" if signed else ""
    return f"{sign}{abs(minutes) // _HOUR:,}:{abs(minutes) % _HOUR:02}"


def day_name(day: date) -> str:
    """`Mon 1 Dec 2025`."""
    return f"{day:%a} {day.day} {day:%b %Y}"


def clock(instant: int, zone: ZoneInfo, day: date, *, seconds: bool = False, named: bool = False) -> str:
    """A time of day in the zone; with its date if that is not `day`, with the year if that differs too, and with the
    zone's short name if `named`, or if the clock showed it twice (the night it is set back).
    """
    moment = local_time(instant, zone)
    shown = f"{moment:%H:%M:%S}" if seconds else f"{moment:%H:%M}"
    if named or _is_twice(moment):
        shown += f" {moment:%Z}"
    if moment.date() == day:
        return shown
    return f"{shown} ({moment:%a} {moment.day} {moment:%b}{'' if moment.year == day.year else f' {moment.year}'})"


def span(clock_in: int, clock_out: int | None, zone: ZoneInfo, day: date) -> str:
    """`08:00-16:30`, `08:00-…` while open; with the zone's short names if the clocks changed in between."""
    if clock_out is None:
        return f"{clock(clock_in, zone, day)}-…"
    offsets = {local_time(at, zone).utcoffset() for at in (clock_in, clock_out)}
    named = len(offsets) > 1 and clock_out - clock_in < _LONG
    return f"{clock(clock_in, zone, day, named=named)}-{clock(clock_out, zone, day, named=named)}"


def stamp(instant: int, zone: ZoneInfo) -> str:
    """`2025-12-02 08:00`, with the zone's short name if the clock showed that twice."""
    moment = local_time(instant, zone)
    return f"{moment:%Y-%m-%d %H:%M}" + (f" {moment:%Z}" if _is_twice(moment) else "")


def _is_twice(moment: datetime) -> bool:
    return moment.replace(fold=0).utcoffset() != moment.replace(fold=1).utcoffset()


_LONG = 7 * 24 * 3600
"""Seconds; for longer shifts a change of the clocks in between does not matter to readers."""

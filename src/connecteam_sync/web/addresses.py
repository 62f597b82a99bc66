"""Addresses of pages about a person: the key of the host's row is in the path, whatever text it is."""

from __future__ import annotations

import re
from datetime import date
from urllib.parse import quote, unquote

from connecteam_sync.core.keys import RowId
from connecteam_sync.core.window import EARLIEST, LATEST
from connecteam_sync.errors import ConfigurationError, WindowError

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_ESCAPED = {"%": "%25", "/": "%2F", ".": "%2E"}
"""Servers decode a path once, before it is taken apart, and browsers resolve `.` and `..` in it; a dot also begins the
name of a form (`.json`). So these are escaped once more.
"""


_ESCAPES = re.compile("|".join(_ESCAPED.values()), re.IGNORECASE)


def person_address(employee: RowId, when: date | None = None, *, form: str = "") -> str:
    """The page of an employee, or of one of their days; `form` is that of another answer, `.json`."""
    key = "".join(_ESCAPED.get(character, character) for character in str(employee))
    day = f"/{when.isoformat()}" if when is not None else ""
    return f"/people/{quote(key, safe='')}{day}{form}"


def employee_of(param: str) -> str:
    """The employee that a path names; one whose key needs no escaping may be typed as it is."""
    return _ESCAPES.sub(lambda found: unquote(found[0]), param)


def day_of(text: str) -> date:
    """A day, `2025-12-02`. Raises ConfigurationError for anything else, WindowError for one beyond the calendars."""
    try:
        day = date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        day = None
    if day is None:
        raise ConfigurationError(f"{text[:40]!r} is no day", next_step="write a day as 2025-12-02")
    return _within(day)


def month_of(text: str) -> date:
    """The first day of a month, `2025-12`. Raises ConfigurationError, WindowError."""
    try:
        return day_of(f"{text}-01")
    except ConfigurationError as error:
        raise ConfigurationError(f"{text[:40]!r} is no month", next_step="write a month as 2025-12") from error


def _within(day: date) -> date:
    if not EARLIEST <= day <= LATEST:
        raise WindowError(
            f"{day} is beyond the calendar of this program", next_step=f"name a day from {EARLIEST} to {LATEST}"
        )
    return day

"""Days and windows as people name them: in the options of a command, in the fields of a form."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from connecteam_sync.core.window import EARLIEST, LATEST, MAX_WINDOW_DAYS, Window
from connecteam_sync.errors import WindowError

if TYPE_CHECKING:
    from connecteam_sync.client import ConnecteamSync


def day_of(text: str, today: date) -> date:
    """A day as people write it, within the dates that Connecteam accepts. Raises WindowError."""
    day = any_day_of(text, today)
    if not EARLIEST <= day <= LATEST:
        raise WindowError(f"{day} is out of reach", next_step=f"use days from {EARLIEST} to {LATEST}")
    return day


def any_day_of(text: str, today: date) -> date:
    """A day as people write it: an ISO date, `today` or `yesterday`. Raises WindowError."""
    words = {"today": today, "yesterday": today - timedelta(days=1)}
    if text in words:
        return words[text]
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - a calendar day has no zone
    except ValueError as error:
        raise WindowError(f"{text[:60]!r} is no day", next_step="write it like 2025-12-01, or `today`") from error


def chosen_windows(
    mirror: ConnecteamSync, first: str | None, last: str | None, day: str | None, days: int | None
) -> tuple[Window, ...] | None:
    """The window that the options name; None if they name none. Raises WindowError."""
    given = [
        name for name, value in (("--from/--to", first or last), ("--day", day), ("--days", days)) if value is not None
    ]
    if len(given) > 1:
        raise WindowError(f"{' and '.join(given)} contradict each other", next_step="use one of them")
    today = mirror.today()
    if day is not None:
        return (mirror.window(day_of(day, today), day_of(day, today)),)
    if days is not None:
        if days >= MAX_WINDOW_DAYS:
            raise WindowError(f"{days} days are too many", next_step=f"name at most {MAX_WINDOW_DAYS - 1}")
        return (mirror.window(today - timedelta(days=days), today),)
    if first is None and last is None:
        return None
    if first is None:
        raise WindowError("--to needs --from", next_step="name both days, or use --day or --days")
    return (mirror.window(day_of(first, today), day_of(last or "today", today)),)


def one_window(mirror: ConnecteamSync, first: str, last: str) -> Window:
    """The window of two required days. Raises WindowError."""
    return mirror.window(day_of(first, mirror.today()), day_of(last, mirror.today()))

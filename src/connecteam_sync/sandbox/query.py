"""The parameters of a query, read or refused."""

from __future__ import annotations

from datetime import date
from typing import Any

from starlette.requests import Request


class BadQuery(Exception):  # noqa: N818 - named for what was wrong
    """A parameter cannot be read; `args` are its name and a message."""


def whole(request: Request, name: str, default: int, *, low: int = 0, high: int = 2**53) -> int:
    """A whole number of the query. Raises BadQuery."""
    text = request.query_params.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdecimal()) or not low <= int(text) <= high:
        raise BadQuery(name, f"must be a number from {low} to {high}")
    return int(text)


def choice(request: Request, name: str, known: set[str]) -> str | None:
    """One of the known words, None if there is none. Raises BadQuery."""
    text = request.query_params.get(name)
    if text is not None and text not in known:
        raise BadQuery(name, "value is not a valid enumeration member")
    return text


def days(request: Request, longest: int) -> tuple[date, date]:
    """The two dates of a query. Raises BadQuery."""
    dates: list[Any] = []
    for name in ("startDate", "endDate"):
        try:
            dates.append(date.fromisoformat(request.query_params[name]))
        except (KeyError, ValueError) as error:
            raise BadQuery(name, "invalid date format") from error
    first, last = dates
    if last < first or (last - first).days + 1 > longest:
        raise BadQuery("endDate", f"the range must be 1 to {longest} days")
    return first, last

"""What Connecteam's headers say: its clock, how many calls are left, and how long to stay away.

Headers may be absent, or come twice ("10000, 9998", or in two lines). The worst reading counts: the fewest calls left,
the latest moment of renewal, the largest reserve. What is no number says nothing.
"""

from __future__ import annotations

import email.utils
import time
from collections.abc import Iterable

import httpx2
import msgspec

_DIGITS = 18
"""Digits of a number in a header at most."""
_MINUTE, _DAY = 60, 86_400


class Calls(msgspec.Struct, frozen=True):
    """Calls of a minute or a day: how many there are (None: not said), how many are left, until when by our clock."""

    limit: int | None
    left: int
    until: float


class Limits:
    """What was said last. `skew` is by how many seconds this machine's clock is ahead of Connecteam's."""

    def __init__(self) -> None:
        self.skew: float | None = None
        self.day: Calls | None = None
        self.minute: Calls | None = None

    def note(self, headers: httpx2.Headers) -> None:
        """Remember what an answer says, whatever its status; what it does not say stays as it was."""
        said = moment(headers.get("date", ""))
        if said is not None:
            self.skew = time.time() - said
        self.minute = self._calls(headers, "minute", _MINUTE) or self.minute
        self.day = self._calls(headers, "day", _DAY) or self.day

    def _calls(self, headers: httpx2.Headers, span: str, seconds: int) -> Calls | None:
        limit, left, reset = (
            numbers(headers.get_list(f"x-ratelimit-{span}-{what}", split_commas=True))
            for what in ("limit", "remaining", "reset")
        )
        if not left:
            return None
        # Resets are moments of its own clock, which may be hours away from ours; without one a span ends where it does.
        skew = self.skew or 0.0
        until = max(reset) if reset else (int(time.time() - skew) // seconds + 1) * seconds
        return Calls(max(limit) if limit else None, min(left), until + skew)

    def stay_away(self, headers: httpx2.Headers, *, is_too_many: bool) -> float | None:
        """For how many seconds an answer that is none asks us to stay away; None where it does not say."""
        now = time.time() - (self.skew or 0.0)
        after = headers.get_list("retry-after", split_commas=True)
        asked: list[float] = [*numbers(after)]
        dated = moment(headers.get("retry-after", "")) if not asked else None
        if dated is not None:
            asked = [dated - now]
        elif not asked and is_too_many:
            asked = [reset - now for reset in numbers(headers.get_list("x-ratelimit-minute-reset", split_commas=True))]
        return max(0.0, *asked) if asked else None


def moment(header: str) -> float | None:
    """The moment a header names, in epoch seconds; None where it names none."""
    try:
        return email.utils.parsedate_to_datetime(header).timestamp()
    except (ValueError, OverflowError, TypeError, OSError):  # a year of twenty digits, or none at all
        return None


def numbers(texts: Iterable[str]) -> list[int]:
    """The whole numbers among the readings of a header, of a length that numbers have; below zero is zero."""
    plain = (text.strip() for text in texts)
    return [
        0 if text.startswith("-") else int(text)
        for text in plain
        if text.removeprefix("-").isdecimal() and text.isascii() and len(text) <= _DIGITS
    ]

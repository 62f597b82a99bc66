"""Connecteam's headers: its clock, how many calls are left, and how long to wait.

Headers may be absent, or come twice ("10000, 9998", or in two lines). The worst reading counts: the fewest calls left,
the latest reset, the largest limit. Anything that is not a number is ignored.
"""

from __future__ import annotations

import email.utils
import time
from collections.abc import Iterable
from typing import Protocol

import httpx2
import msgspec

from connecteam_sync.errors import Unavailable

_DIGITS = 18
"""Digits of a number in a header at most."""
_MINUTE, _DAY = 60, 86_400


class Calls(msgspec.Struct, frozen=True):
    """The calls of a minute or a day: the limit (None: unknown), what is left, its end (epoch seconds, our clock)."""

    limit: int | None
    left: int
    until: float


class Limits:
    """The limits as last reported. `skew` is how many seconds this machine's clock is ahead of Connecteam's."""

    def __init__(self) -> None:
        self.skew: float | None = None
        self.day: Calls | None = None
        self.minute: Calls | None = None

    def note(self, headers: httpx2.Headers) -> None:
        """Take over what the headers of a response report, whatever its status; the rest stays as it was."""
        server_time = moment(headers.get("date", ""))
        if server_time is not None:
            self.skew = time.time() - server_time
        self.minute = self._calls(headers, "minute", _MINUTE) or self.minute
        self.day = self._calls(headers, "day", _DAY) or self.day

    def _calls(self, headers: httpx2.Headers, span: str, seconds: int) -> Calls | None:
        limit, left, reset = (
            numbers(headers.get_list(f"x-ratelimit-{span}-{name}", split_commas=True))
            for name in ("limit", "remaining", "reset")
        )
        if not left:
            return None
        # Resets are in the server's time, which may be hours from ours. Without one, its next minute or day counts.
        skew = self.skew or 0.0
        until = max(reset) if reset else (int(time.time() - skew) // seconds + 1) * seconds
        return Calls(max(limit) if limit else None, min(left), until + skew)

    def stay_away(self, headers: httpx2.Headers, *, is_too_many: bool) -> float | None:
        """How many seconds an error response asks us to wait; None if it does not say."""
        now = time.time() - (self.skew or 0.0)
        after = headers.get_list("retry-after", split_commas=True)
        waits: list[float] = [*numbers(after)]
        dated = moment(headers.get("retry-after", "")) if not waits else None
        if dated is not None:
            waits = [dated - now]
        elif not waits and is_too_many:
            waits = [reset - now for reset in numbers(headers.get_list("x-ratelimit-minute-reset", split_commas=True))]
        return max(0.0, *waits) if waits else None


class ServerTrouble(Unavailable):
    """Connecteam answered with an error that may pass. `wait`: the seconds it asked us to wait, if any."""

    def __init__(self, message: str, *, wait: float | None = None, next_step: str = "") -> None:
        super().__init__(message, next_step=next_step)
        self.wait = wait

    @property
    def name(self) -> str:
        """The name of the public class: this one is internal."""
        return "unavailable"


class SharedBudget(Protocol):
    """The calls of one account, where several processes make them."""

    def reserve(self, share: float) -> None:
        """Take one call; this share of the day's calls is left. Raises BudgetSpent, Unavailable where there is none."""

    def give_back(self) -> None:
        """Give back the call that was taken last and never left this machine. Raises nothing."""

    def note(self, limits: Limits, too_many: httpx2.Headers | None) -> None:
        """What an answer said of the calls that are left; its headers if it said that they are too many."""


def moment(header: str) -> float | None:
    """The time in a header, in epoch seconds; None if there is none."""
    try:
        return email.utils.parsedate_to_datetime(header).timestamp()
    except (ValueError, OverflowError, TypeError, OSError):  # a year of twenty digits, or none at all
        return None


def numbers(texts: Iterable[str]) -> list[int]:
    """The whole numbers among the values of a header, overlong ones left out; negative ones become zero."""
    plain = (text.strip() for text in texts)
    return [
        0 if text.startswith("-") else int(text)
        for text in plain
        if text.removeprefix("-").isdecimal() and text.isascii() and len(text) <= _DIGITS
    ]

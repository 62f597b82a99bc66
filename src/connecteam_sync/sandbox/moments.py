"""The time of the simulated company: that of this machine, or another one that may run faster."""

from __future__ import annotations

import time
from datetime import datetime
from zoneinfo import ZoneInfo


class CompanyTime:
    """Epoch seconds of the company; until it is set, those of this machine."""

    def __init__(self) -> None:
        self._set: tuple[float, float] | None = None
        self.speed = 1.0

    def now(self) -> int:
        """The instant it is in the company."""
        if self._set is None:
            return int(time.time())
        began, at = self._set
        return int(at + (time.time() - began) * self.speed)

    def set(self, at: int | None = None, speed: float | None = None) -> None:
        """Go on from an instant (None: the present one), that many times as fast as this machine's time."""
        instant = self.now() if at is None else at
        self._set, self.speed = (time.time(), float(instant)), self.speed if speed is None else speed


def instant_of(text: str | int, timezone: str) -> int:
    """Epoch seconds of a number, or of an ISO text; without an offset it is local. Raises ValueError."""
    if isinstance(text, int) or (text.isascii() and text.isdecimal()):
        return int(text)
    at = datetime.fromisoformat(text)
    return int((at if at.tzinfo else at.replace(tzinfo=ZoneInfo(timezone))).timestamp())

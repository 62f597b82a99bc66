"""What is on record about the mirror, as the rules of `core/problems` and `core/status` take it.

Instants and ages are whole seconds, minutes are whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import msgspec

from connecteam_sync.core.bells import Reliability
from connecteam_sync.core.cadence import DAY, DAY_CALLS, day_cost
from connecteam_sync.core.looks import Looked

LOSING_JUDGED, LOSING_SHARE = 20, 0.05
"""Doorbells are losing if they left out this share of so many changes, or more."""


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """The holds of one reason that wait for a person; `since` is when the oldest was first seen."""

    reason: str
    count: int
    minutes: int
    since: int


class Calls(msgspec.Struct, frozen=True, kw_only=True):
    """The account's calls of one UTC day as Connecteam last said them: left, of how many, kept for other programs."""

    left: int
    limit: int | None
    reserved: int
    at: int


class BellFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The doorbells, where some are expected: how reliable those of each time clock are, how many there ever were by
    state (None: not counted), and the median and the 95th of a hundred of the seconds from a bell to the end of its
    look, of the last day.
    """

    reliability: Mapping[int, Reliability] = {}
    counts: Mapping[str, int] | None = {}
    lags: tuple[float, float] | None = None

    @property
    def lost(self) -> tuple[int, int]:
        """How many of the last changes none announced, and of how many."""
        every = self.reliability.values()
        return sum(of.lost for of in every), sum(of.judged for of in every)

    @property
    def lost_share(self) -> float:
        """The share of the last changes that none announced."""
        lost, judged = self.lost
        return lost / judged if judged else 0.0

    @property
    def silent(self) -> dict[int, int]:
        """The time clocks whose doorbells are silent, and since when."""
        return {clock: of.silent_since for clock, of in self.reliability.items() if of.silent_since is not None}

    @property
    def losing(self) -> list[int]:
        """The time clocks that lose more than a few of them, and are not silent."""
        return [
            clock
            for clock, of in self.reliability.items()
            if of.silent_since is None and of.judged >= LOSING_JUDGED and of.share >= LOSING_SHARE
        ]


class NewMember(msgspec.Struct, frozen=True):
    """Something of Connecteam's that this version does not know: where it stands, and when it was first seen."""

    name: str
    first_seen: int


class Mismatched(msgspec.Struct, frozen=True, kw_only=True):
    """A period whose rows are not what its newest certificate lists: since when, and of how many people."""

    first: str
    last: str
    since: int
    people: int


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What is on record. `now` is of the database's clock, `today` the business's day.

    `last_proven` is the newest day that was ever proven. `visited` are the cadences of the time clocks that the service
    visits. `spent` are the calls of the last 24 hours. `database_error` is set, and nothing else, where the database
    did not answer.
    """

    now: int
    today: date
    clocks: tuple[Looked, ...] = ()
    visited: tuple[int, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    anomalies: Mapping[str, int] = {}
    calls: Calls | None = None
    spent: int = 0
    people_pages: int = 1
    slice_days: int = 27
    cadence: int = 300
    proven_through: date | None = None
    last_proven: date | None = None
    bells: BellFacts | None = None
    database_error: str | None = None
    database_since: int | None = None
    new_members: tuple[NewMember, ...] = ()
    mismatched: tuple[Mismatched, ...] = ()

    @property
    def active(self) -> list[Looked]:
        """The time clocks that are to be looked at: those of nobody's pause."""
        return [clock for clock in self.clocks if clock.mode != "paused"]

    @property
    def calls_today(self) -> Calls | None:
        """What was said of today's calls; a new UTC day begins with all of them, and nothing is known of it."""
        calls = self.calls
        return calls if calls is not None and calls.at // DAY == self.now // DAY else None

    @property
    def day_limit(self) -> int:
        """The calls of a day, as last said, else as the smallest plan has them."""
        return (self.calls.limit if self.calls is not None else None) or DAY_CALLS

    @property
    def day_cost(self) -> int:
        """The calls that a day of the service's visits costs."""
        return day_cost(self.visited, people_pages=self.people_pages, slice_days=self.slice_days).calls

    @property
    def day_share(self) -> float | None:
        """The share of a day's calls that a day costs: by the cadence of the service, else by what was spent."""
        if self.visited:
            return round(self.day_cost / self.day_limit, 4)
        return round(self.spent / self.day_limit, 4) if self.clocks else None

"""The looks at each time clock, counted: in a row, good or bad. What came of a run, and what is kept of its failures.

Instants are epoch seconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

import msgspec

from connecteam_sync.core.cadence import ClockMode
from connecteam_sync.core.run import Run

BAD_LOOKS, GOOD_LOOKS = 2, 3
"""So many bad looks in a row begin trouble of a time clock, so many good ones end it."""
_KEY_WORDS = ("Invalid API key", "401")
_SAID = {"unavailable", "bad_answer", "budget_spent", "rejected", "database_unavailable", "lock_held"}
"""Failures whose message holds no row and no person: it may be sent away."""


class BadLook(msgspec.Struct, frozen=True, kw_only=True):
    """Why a look did not come about: the kind of the error, and its message where that holds no person."""

    name: str
    message: str = ""

    @property
    def is_of_the_key(self) -> bool:
        """Whether Connecteam takes the key for nothing at all."""
        return self.name == "rejected" and any(word in self.message for word in _KEY_WORDS)


def bad_look(name: str, message: str) -> BadLook:
    """A failure as it is kept: without the words of errors that quote rows or people."""
    return BadLook(name=name, message=message if name in _SAID else "")


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """The looks at one time clock. `bad` and `good` are looks in a row, one of the two is 0.

    `fresh` is the last good look at today, `last_good` the last one at any days. `trouble_since` is when the trouble
    began that has not ended; None: there is none. `mode`, `cadence` and `next_due` are of the service, None where it
    does not visit this time clock.
    """

    time_clock_id: int
    first_look: int
    last_look: int
    last_good: int | None = None
    fresh: int | None = None
    looks: int = 0
    bad: int = 0
    good: int = 0
    bad_since: int | None = None
    trouble_since: int | None = None
    error: BadLook | None = None
    name: str = ""
    mode: ClockMode | None = None
    cadence: int | None = None
    next_due: int | None = None

    @property
    def good_at(self) -> int | None:
        """The last good look that says how today is; where none was at today, the last good one."""
        return self.last_good if self.fresh is None else self.fresh

    @property
    def is_refused(self) -> bool:
        """Whether its last look was refused."""
        return self.bad > 0 and self.error is not None and self.error.name.endswith("_refused")


class LooksOf(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a look: the time clocks that could be looked at, and those that could not, with the reason.

    `fresh` are those whose days included today. `failed` concerns all of them: the run did not get as far as a time
    clock. `is_every`: these are all that are mirrored, so that others are forgotten. With `stops` nothing will be tried
    again by itself, so that one bad look is trouble already.
    """

    good: frozenset[int] = frozenset()
    fresh: frozenset[int] = frozenset()
    bad: Mapping[int, BadLook] = {}
    failed: BadLook | None = None
    is_every: bool = False
    stops: bool = False

    @property
    def is_bad(self) -> bool:
        """Whether any time clock could not be looked at."""
        return bool(self.bad) or self.failed is not None


def looks_of(
    runs: Iterable[Run], *, today: date, is_every: bool = False, without: frozenset[int] = frozenset()
) -> LooksOf:
    """What came of runs: a time clock of which any part failed or was refused was not looked at; held is good.

    Those `without` are archived: they are looked at where it matters, and nobody expects it.
    """
    good: set[int] = set()
    fresh: set[int] = set()
    bad: dict[int, BadLook] = {}
    failed: BadLook | None = None
    for part in (part for run in runs for part in run.slices):
        is_bad = part.status in {"failed", "refused"} or part.error_name is not None
        error = bad_look(part.error_name or part.status, part.error or "")
        if part.time_clock_id is None:
            failed = error if is_bad else failed
        elif part.time_clock_id in without:
            continue
        elif is_bad:
            bad.setdefault(part.time_clock_id, error)
        else:
            good.add(part.time_clock_id)
            fresh |= {part.time_clock_id} if part.window.first <= today <= part.window.last else set()
    return LooksOf(
        good=frozenset(good - bad.keys()),
        fresh=frozenset(fresh),
        bad=bad,
        failed=failed,
        is_every=is_every,
    )

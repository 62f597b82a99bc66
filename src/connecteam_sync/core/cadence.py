"""When a time clock is looked at next, on which days, and what a day of that costs in calls.

Pure: the moment, what was looked at and how it went are arguments. Intervals are whole seconds, instants epoch seconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Literal, NamedTuple

import msgspec

from connecteam_sync.core.window import Window, each_day

HOUR, DAY = 3600, 86_400
NIGHT = (22, 5)
"""The hours of the business's night, in which an ordinary visit comes less often: from ten in the evening to five."""
BY_NIGHT = 900
QUIET = 1800
"""The interval of a time clock on which nothing was changed for a day."""
FIRST_WAIT, LONGEST_WAIT, SPREAD = 30, 1800, 0.2
"""What is waited after the first failure in a row, at most, and by how much either way that is varied."""
DAILY_DAYS, WEEKLY_DAYS = 45, 92
"""Each of the last 45 days is looked at daily, each of the last 92 weekly."""
DAY_CALLS = 10_000
"""The calls that an account has for a day, where Connecteam has not said how many."""
SET_BACK = 60
"""What was done more than so many seconds in the future shows that the clock was set back."""
LISTS_EVERY = HOUR
"""How often the people and the time clocks are asked for."""

ClockMode = Literal["active", "paused", "refused"]
"""`refused`: its key is refused, or whose data it is; nothing is tried until the service starts again or `resume`."""


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """How often to look. With `is_fixed` (the interval was named) it is kept at every hour, changes or none."""

    seconds: int = 300
    is_fixed: bool = False


CadenceReason = Literal["named", "ordinary", "night", "quiet", "bells", "budget", "failing"]
"""Why a time clock is visited as often as it is: the interval was named, or is the ordinary one; it is night, nothing
was changed for a day, its doorbells always (or no longer) come, the day's calls would not last, its last look failed.
"""


class ClockSchedule(msgspec.Struct, frozen=True, kw_only=True):
    """When the service visits a time clock next, how often and why so; instants are epoch seconds.

    `cadence` are the seconds between two ordinary visits, `why` is None before the first. `failures` and `successes`
    are looks in a row, one of the two is 0; `error` is what the last failure said. `held_until` is when whoever looks
    at it now is taken for dead, None if nobody does.
    """

    time_clock_id: int
    name: str
    state: ClockMode
    next_due: int
    cadence: int
    why: CadenceReason | None = None
    last_look: int | None = None
    last_good: int | None = None
    last_change: int | None = None
    failures: int = 0
    successes: int = 0
    error: str | None = None
    paused_at: int | None = None
    paused_by: str | None = None
    paused_reason: str | None = None
    held_until: int | None = None


class Interval(NamedTuple):
    """Seconds between two visits, and why so many."""

    seconds: int
    why: CadenceReason


def interval(pace: Pace, *, hour: int, quiet_seconds: int | None) -> Interval:
    """The time from one ordinary visit to the next.

    `hour` is that of the business's clock, 0 to 23; `quiet_seconds` since a change was last seen on this time clock,
    None where none ever was.
    """
    if pace.is_fixed:
        return Interval(pace.seconds, "named")
    start, end = NIGHT
    found = [Interval(pace.seconds, "ordinary")]
    if hour >= start or hour < end:
        found.append(Interval(BY_NIGHT, "night"))
    if quiet_seconds is None or quiet_seconds >= DAY:
        found.append(Interval(QUIET, "quiet"))
    return max(found, key=lambda one: one.seconds)


def backoff(failures: int, chance: float) -> int:
    """Seconds to wait after so many failures in a row; `chance` from 0 to 1 spreads the waits of many machines."""
    if failures <= 0:
        return 0
    wait = min(FIRST_WAIT << min(failures - 1, 16), LONGEST_WAIT)
    return round(wait * (1 + SPREAD * (2 * chance - 1)))


class Budget(NamedTuple):
    """The calls of one UTC day: how many are left, how many stay untouched for others, seconds until the day ends."""

    left: int
    reserve: int
    seconds: int


def within_budget(seconds: int, clocks: int, budget: Budget | None) -> int:
    """The interval at which this many time clocks can be visited until the day ends, one call each; never shorter."""
    if budget is None or clocks <= 0:
        return seconds
    spendable = budget.left - budget.reserve
    if spendable <= 0:
        return max(seconds, budget.seconds)
    return max(seconds, -(-budget.seconds * clocks // spendable))


def bell_spacing(clocks: int, cadence: int, budget: Budget | None) -> int:
    """The fewest seconds between two looks of a time clock of which the second is for a doorbell.

    The calls that the ordinary visits of the day leave over are spread over the day; where they leave none, doorbells
    are heard by the ordinary visits.
    """
    if budget is None or clocks <= 0:
        return 0
    spare = budget.left - budget.reserve - budget.seconds * clocks // max(1, cadence)
    return cadence if spare <= 0 else min(cadence, budget.seconds // spare)


class DayCost(NamedTuple):
    """What a day costs in calls, by what they are for."""

    visits: int
    lists: int
    older_days: int

    @property
    def calls(self) -> int:
        """All of them."""
        return self.visits + self.lists + self.older_days


def day_cost(intervals: Iterable[int], *, people_pages: int, slice_days: int) -> DayCost:
    """The calls of a day at which each time clock is visited at its interval, and nothing changes or fails.

    `slice_days` is how many days one call covers, its padding not counted.
    """
    every = [seconds for seconds in intervals if seconds > 0]
    daily, weekly = -(-DAILY_DAYS // slice_days), -(-(WEEKLY_DAYS - DAILY_DAYS) // slice_days)
    return DayCost(
        visits=sum(-(-DAY // seconds) for seconds in every),
        lists=(DAY // LISTS_EVERY) * (1 + people_pages) if every else 0,
        older_days=len(every) * daily + -(-len(every) * weekly // 7),
    )


def older_look(
    today: date, timezone: str, newest: date, looked: Mapping[date, int], *, now: int, longest: int
) -> Window | None:
    """The next look at older days of one time clock; None where each was looked at lately enough.

    `newest` is the last day that the ordinary visits do not look at, `looked` when each day was last looked at,
    `longest` the most days of one look. Days that are due go together, the one that waits longest decides which.
    """
    oldest = today - timedelta(days=WEEKLY_DAYS - 1)
    if newest < oldest:
        return None
    daily_from = today - timedelta(days=DAILY_DAYS - 1)
    waiting: dict[date, float] = {}
    for day in each_day(oldest, newest):
        every = DAY if day >= daily_from else 7 * DAY
        at = looked.get(day)
        since = float("inf") if at is None or at > now + SET_BACK else (now - at) / every
        if since >= 1:
            waiting[day] = since
    if not waiting:
        return None
    worst = max(waiting.values())
    last = max(day for day, since in waiting.items() if since == worst)
    first = last
    while (last - first).days < longest - 1 and first - timedelta(days=1) in waiting:
        first -= timedelta(days=1)
    while (last - first).days < longest - 1 and last + timedelta(days=1) in waiting:
        last += timedelta(days=1)
    return Window(first, last, timezone)

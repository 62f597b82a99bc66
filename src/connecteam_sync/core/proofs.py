"""Which days are proven: verified after their last change, with nothing that differs. Pure.

A day is proven by a verification that looked at all of it once it was over. It stays proven until a change of it is
written.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

from connecteam_sync.core.cadence import DAILY_DAYS, SET_BACK
from connecteam_sync.core.change import waiting
from connecteam_sync.core.run import Verification
from connecteam_sync.core.window import Window, each_day, local_day, local_time

NIGHT_HOUR = 3
"""The hour of the business's clock at which a night's proof begins: late shifts have ended, and nobody begins yet."""
GOOD = frozenset({0, 3})
"""The exit codes that prove a day: nothing differs, or something is only held."""


class ProvenDay(msgspec.Struct, frozen=True, kw_only=True):
    """The newest verification of one local day: when (epoch seconds), by which run, and the exit code for that day.

    `is_changed`: a change of this day was written since that look at it.
    """

    day: date
    proven_at: int
    run: int
    exit_code: int
    is_changed: bool = False

    @property
    def is_proven(self) -> bool:
        """Whether the table is known to be right on this day."""
        return self.exit_code in GOOD and not self.is_changed


def exit_codes(verification: Verification, today: date) -> dict[date, int]:
    """The exit code of each verified day that is over: 5 if anything differs, 3 if something is only held, else 0.

    Days that a look failed for, or whose changes a guard refused to judge, are left out: nothing is known of them.
    """
    window, plan = verification.window, verification.plan
    codes = dict.fromkeys(each_day(window.first, min(window.last, today - timedelta(days=1))), 0)
    plans = {(one.time_clock_id, one.window): one for one in plan.plans}.values()
    for one in plans:
        for hold in filter(lambda hold: waiting((hold,)), one.holds):
            if hold.instant is None:
                _mark(codes, one.window.first, one.window.last, 3)
            else:
                day = local_day(hold.instant, window.zone)
                _mark(codes, day, day, 3)
    for difference in verification.days:
        _mark(codes, difference.day, difference.day, 5)
    for change in plan.changes:
        if change.kind != "link":
            _mark(codes, *change.days, 5)
    unknown = [failure.window for failure in plan.failures]
    unknown += [one.window for one in plans if one.refusals]
    for span in unknown:
        for day in each_day(span.first, span.last):
            codes.pop(day, None)
    return codes


def _mark(codes: dict[date, int], first: date, last: date, code: int) -> None:
    for day in each_day(first, last):
        if day in codes:
            codes[day] = code


def days_to_prove(today: date) -> tuple[date, date]:
    """The first and the last of the days that are to be proven: those of the last 45 that are over."""
    return today - timedelta(days=DAILY_DAYS - 1), today - timedelta(days=1)


def proven_through(proven: Mapping[date, ProvenDay], today: date) -> date | None:
    """The last day before `today` up to which every day to prove is proven; None if not even the first is."""
    through = None
    for day in each_day(*days_to_prove(today)):
        if day not in proven or not proven[day].is_proven:
            break
        through = day
    return through


def wanted(proven: Mapping[date, ProvenDay], today: date, *, since: int, now: int) -> tuple[date, ...]:
    """The days that the night's proof still has to verify; `since` is when the night began (epoch seconds).

    Yesterday, the days that were never proven or changed since, and once a night those that differed. A day that was
    proven in the future was proven by a clock that was wrong, perhaps before it was over.
    """
    first, yesterday = days_to_prove(today)
    left = []
    for day in each_day(first, yesterday):
        known = proven.get(day)
        is_once_a_night = day == yesterday or (known is not None and known.exit_code not in GOOD)
        is_early = known is not None and known.proven_at > now + SET_BACK
        if known is None or known.is_changed or is_early or (is_once_a_night and known.proven_at < since):
            left.append(day)
    return tuple(left)


def next_look(days: Collection[date], timezone: str, *, longest: int) -> Window | None:
    """The newest of these days, and those before it that fit into a window of `longest` days; None without any day."""
    if not days:
        return None
    last = max(days)
    return Window(min(day for day in days if (last - day).days < longest), last, timezone)


def night_of(now: int, timezone: str) -> tuple[date, int]:
    """The newest night that has begun: the local day it leads into, and when it began (epoch seconds)."""
    zone = ZoneInfo(timezone)
    local = local_time(now, zone)
    day = local.date() - timedelta(days=local.hour < NIGHT_HOUR)
    return day, int(datetime.combine(day, time(NIGHT_HOUR), zone).timestamp())

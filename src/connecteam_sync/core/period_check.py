"""The checklist before a pay period is closed: what stands in its way, each with its cure, and everybody's hours.

Pure: `engine/period_check` reads what is needed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from connecteam_sync.core.change import Hold
from connecteam_sync.core.clocktime import ClockTime
from connecteam_sync.core.holds import lacks_employee
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.locks import Locks
from connecteam_sync.core.period_borders import Border, BorderHours
from connecteam_sync.core.run import Failure
from connecteam_sync.core.text import called, clock, day_name, hours, many, named
from connecteam_sync.core.three_counts import CountedDay, PersonTotal
from connecteam_sync.core.window import Window, end_of_day, local_day, start_of_day

ObstacleName = Literal[
    "period_not_over",
    "not_reviewed",
    "proof_not_fresh",
    "run_refused",
    "unmapped_user",
    "open_shift",
    "hold",
    "counts_differ",
    "correction_undecided",
    "correction_unpaid",
    "hours_between_periods",
]
IN_NO_WAY: frozenset[ObstacleName] = frozenset({"not_reviewed"})
"""Obstacles that no reason puts aside: a second person has to act."""
_WAITS_FOR_A_MAPPING = frozenset({"unmapped_user", "possible_double", "ambiguous_employee"})
"""Holds that the obstacle `unmapped_user` names already."""


class Obstacle(msgspec.Struct, frozen=True, kw_only=True):
    """Something that stands in the way of closing a period: what, how many, a sentence, and the cure."""

    name: ObstacleName
    count: int
    message: str
    next_step: str


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """A checklist as it was made at `at` (epoch seconds): obstacles, and each person's minutes in three counts.

    `days` are the person-days on which the counts are not alike, explained or not. `run` is the receipt of the newest
    verification that it rests on, `seen_change` the newest journal entry of its days.
    """

    at: int
    obstacles: tuple[Obstacle, ...]
    totals: tuple[PersonTotal, ...] = ()
    days: tuple[CountedDay, ...] = ()
    run: int | None = None
    seen_change: int = 0

    @property
    def is_well(self) -> bool:
        """Whether nothing stands in the way."""
        return not self.obstacles


class BadReceipt(NamedTuple):
    """The newest look of a time clock at some days, if a guard refused it or it failed."""

    time_clock_id: int
    first: date
    last: date
    status: str


class Undecided(NamedTuple):
    """Corrections that nobody has decided: how many and their signed minutes, of the period itself and of earlier days.

    `first` is the earliest of their days. `unpaid` were accepted into periods before it that are not closed, of
    `unpaid_minutes`; `unpaid_into` are the days of the first of those.
    """

    own: int
    earlier: int
    minutes: int
    first: date | None
    unpaid: int = 0
    unpaid_minutes: int = 0
    unpaid_into: str | None = None


class SecondPerson(NamedTuple):
    """Why somebody else still has to act before a period is closed, and what that person does."""

    why: str
    act: Literal["review", "close"]


class CheckFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a checklist is made of.

    `unproven` are the days that are over and not proven, `failures` the looks that failed or were refused just now,
    `unproven_why` a sentence on why they are not. `unmapped` has the shifts and minutes of users without an employee.
    """

    window: Window
    today: date
    unproven: tuple[date, ...] = ()
    unproven_why: str = ""
    failures: tuple[Failure, ...] = ()
    refused: tuple[BadReceipt, ...] = ()
    unmapped: Mapping[int, tuple[int, int]] = {}
    users: Mapping[int, str] = {}
    open_rows: tuple[ClockTime, ...] = ()
    holds: tuple[Hold, ...] = ()
    names: Mapping[RowId, str] = {}
    different: tuple[CountedDay, ...] = ()
    waiting: Undecided = Undecided(0, 0, 0, None)
    not_reviewed: SecondPerson | None = None
    beside: tuple[BorderHours, ...] = ()


def touching(window: Window, holds: Iterable[Hold], *, unmapped: Collection[int]) -> tuple[Hold, ...]:
    """The holds that stand in the way of closing: nobody has acknowledged them, and nothing says that they are about
    other days. A closed day's own holds are corrections, and do not.
    """
    return tuple(
        hold
        for hold in holds
        if not hold.acknowledged
        and hold.reason != "locked_day"
        and (hold.instant is None or window.holds(hold.instant))
        and not (hold.reason in _WAITS_FOR_A_MAPPING and hold.user_id in unmapped)
    )


def late_without_employee(window: Window, holds: Iterable[Hold], locks: Locks) -> tuple[Hold, ...]:
    """The holds of people without an employee on closed days before a period that nobody has acknowledged.

    Their hours are in no row and in no correction, and nobody asks for the checklist of their own days any more. Once
    these people are employees, the next run makes corrections of them.
    """
    return tuple(
        hold
        for hold in holds
        if not hold.acknowledged
        and (hold.reason in _WAITS_FOR_A_MAPPING or lacks_employee(hold))
        and hold.instant is not None
        and hold.instant < window.start_utc
        and locks.at(hold.instant) is not None
    )


def obstacles(facts: CheckFacts) -> tuple[Obstacle, ...]:
    """What stands in the way, in the order in which it is best cured; none if all is well."""
    made = (
        _not_over(facts),
        _not_reviewed(facts),
        _run_refused(facts),
        _not_fresh(facts),
        _unmapped(facts),
        _open(facts),
        _held(facts),
        _differing(facts),
        _undecided(facts),
        _unpaid(facts),
        _beside(facts),
    )
    return tuple(obstacle for obstacle in made if obstacle is not None)


def _options(window: Window) -> str:
    return f"--from {window.first} --to {window.last}"


def _sync(window: Window) -> str:
    return f"connecteam-sync sync {_options(window)}"


def _not_over(facts: CheckFacts) -> Obstacle | None:
    window = facts.window
    left = (window.last - max(window.first, facts.today)).days + 1
    if left <= 0:
        return None
    return Obstacle(
        name="period_not_over",
        count=left,
        message=f"{many(left, 'day')} of {window} are not over: hours may still be worked on them"
        if left > 1
        else f"{day_name(window.last)} is not over: hours may still be worked on it",
        next_step=f"close it once {day_name(window.last)} is over",
    )


def _not_reviewed(facts: CheckFacts) -> Obstacle | None:
    if facts.not_reviewed is None:
        return None
    return Obstacle(
        name="not_reviewed",
        count=1,
        message=facts.not_reviewed.why,
        next_step=f"another person runs: connecteam-sync periods {facts.not_reviewed.act} {facts.window}",
    )


def _run_refused(facts: CheckFacts) -> Obstacle | None:
    looks = {(f.time_clock_id or 0, f.window.first, f.window.last): f.error for f in facts.failures}
    for one in facts.refused:
        said = "a guard refused it" if one.status == "refused" else "it failed"
        looks.setdefault((one.time_clock_id, one.first, one.last), said)
    if not looks:
        return None
    (clock, first, last), why = next(iter(sorted(looks.items())))
    where = "the account" if not clock else f"time clock {clock}"
    days = Window(first, last, facts.window.timezone)
    more = f" (and {len(looks) - 1:,} more)" if len(looks) > 1 else ""
    return Obstacle(
        name="run_refused",
        count=len(looks),
        message=f"the newest look at {where}, {days}, wrote nothing: {why}{more}",
        next_step=f"{_sync(facts.window)}: a refusal names the command that lets it through",
    )


def _not_fresh(facts: CheckFacts) -> Obstacle | None:
    days = facts.unproven
    if not days:
        return None
    span = Window(days[0], days[-1], facts.window.timezone)
    why = f": {facts.unproven_why}" if facts.unproven_why else ""
    return Obstacle(
        name="proof_not_fresh",
        count=len(days),
        message=f"{many(len(days), 'day')} in {span} {'is' if len(days) == 1 else 'are'} not proven{why}",
        next_step=f"{_sync(facts.window)}, then connecteam-sync verify {_options(facts.window)}",
    )


def _unmapped(facts: CheckFacts) -> Obstacle | None:
    if not facts.unmapped:
        return None
    people = [facts.users.get(user, f"Connecteam user {user}") for user in facts.unmapped]
    minutes = sum(worked for _, worked in facts.unmapped.values())
    first = min(facts.unmapped)
    have = "has" if len(people) == 1 else "have"
    return Obstacle(
        name="unmapped_user",
        count=len(people),
        message=f"{many(len(people), 'Connecteam user')} without an employee {have} {hours(minutes)} hours in it:"
        f" {named(people)}",
        next_step=f"connecteam-sync employees map {first} EMPLOYEE (a new person: connecteam-sync employees create"
        f" {first}), then {_sync(facts.window)}",
    )


def _open(facts: CheckFacts) -> Obstacle | None:
    if not facts.open_rows:
        return None
    first = min(facts.open_rows, key=lambda row: row.clock_in)
    whose = called(facts.names.get(first.employee_id, f"employee {first.employee_id}"))
    more = f" and {len(facts.open_rows) - 1:,} more" if len(facts.open_rows) > 1 else ""
    day = day_name(local_day(first.clock_in, facts.window.zone))
    return Obstacle(
        name="open_shift",
        count=len(facts.open_rows),
        message=f"nobody clocked out: {whose} on {day} (row {first.id}){more}",
        next_step=f"enter the clock-out in Connecteam (of a row by hand: in the table), then {_sync(facts.window)}",
    )


def _held(facts: CheckFacts) -> Obstacle | None:
    if not facts.holds:
        return None
    reasons: dict[str, int] = defaultdict(int)
    for hold in facts.holds:
        reasons[hold.reason] += 1
    counted = ", ".join(f"{reason} {count:,}" for reason, count in sorted(reasons.items()))
    return Obstacle(
        name="hold",
        count=len(facts.holds),
        message=f"{many(len(facts.holds), 'hold')} that nobody has acknowledged: {counted};"
        f" the first: {facts.holds[0].detail}",
        next_step="connecteam-sync holds lists them, each with its cure; what may stay: connecteam-sync holds ack ID"
        " --reason R",
    )


def _differing(facts: CheckFacts) -> Obstacle | None:
    if not facts.different:
        return None
    first = facts.different[0]
    sheet = "none" if first.minutes_timesheet is None else hours(first.minutes_timesheet)
    more = f" (and {len(facts.different) - 1:,} more)" if len(facts.different) > 1 else ""
    return Obstacle(
        name="counts_differ",
        count=len(facts.different),
        message=f"the three counts differ, unexplained, on {many(len(facts.different), 'day')} of a person:"
        f" {called(first.name)} on {day_name(first.day)}: table {hours(first.minutes_table)}, Connecteam's activities"
        f" {hours(first.minutes_activities)}, its timesheet {sheet}{more}",
        next_step=f"{_sync(facts.window)}; what stays is a rule of the time clock ([payroll] names those that explain a"
        " difference), or an entry on Connecteam's timesheet that is no shift",
    )


def _undecided(facts: CheckFacts) -> Obstacle | None:
    waiting = facts.waiting
    count = waiting.own + waiting.earlier
    if not count:
        return None
    kinds = [
        f"{many(waiting.earlier, 'correction')} of earlier days" if waiting.earlier else "",
        f"{many(waiting.own, 'correction')} of this period" if waiting.own else "",
    ]
    return Obstacle(
        name="correction_undecided",
        count=count,
        message=f"{' and '.join(filter(None, kinds))} ({hours(waiting.minutes, signed=True)} hours) wait to be decided",
        next_step="connecteam-sync corrections --state pending lists them; then, of each,"
        " connecteam-sync corrections accept ID --into P, or corrections dismiss ID --reason R",
    )


def _unpaid(facts: CheckFacts) -> Obstacle | None:
    """What was accepted into a period before that nobody has closed, and nobody may be about to: of another year."""
    waiting = facts.waiting
    if not waiting.unpaid:
        return None
    into = waiting.unpaid_into
    return Obstacle(
        name="correction_unpaid",
        count=waiting.unpaid,
        message=f"{many(waiting.unpaid, 'correction')} ({hours(waiting.unpaid_minutes, signed=True)} hours) accepted"
        f" into a period before this one that is not closed ({into}): nothing pays what is in it",
        next_step=f"close that first: connecteam-sync periods close {into}; where it was the wrong one"
        f" (connecteam-sync corrections --period {into} lists them): connecteam-sync corrections accept ID --into P",
    )


def _beside(facts: CheckFacts) -> Obstacle | None:
    """Hours that no period has, or two: whoever pays by the periods pays them never, or twice."""
    if not facts.beside:
        return None
    border, rows, minutes = facts.beside[0]
    what = f"{many(rows, 'row')} ({hours(minutes)} hours) of {_span(border, facts.window.zone)}"
    more = f" (and {len(facts.beside) - 1:,} more)" if len(facts.beside) > 1 else ""
    other = f"{border.other.first}..{border.other.last}"
    if border.is_twice:
        message = f"{what} lie in {other} ({border.other.timezone}), too{more}"
        cure = "the export of the one that is exported first carries them, that of the other does not; pay by nothing"
        cure = f"{cure} else, and close with --anyway REASON"
    else:
        message = f"{what} lie in no period: the nearest is {other} ({border.other.timezone}){more}"
        cure = "close these days as a period of their own where they are whole (connecteam-sync periods close"
        cure = f"{cure} FIRST..LAST); else pay them by hand, and close with --anyway REASON"
    return Obstacle(
        name="hours_between_periods",
        count=sum(one.rows for one in facts.beside),
        message=message,
        next_step=cure,
    )


def _span(border: Border, zone: ZoneInfo) -> str:
    """`Sat 6 Dec 2025`, `Fri 5 Dec 2025 to Sat 6 Dec 2025`; with the times where these are no whole days."""
    first, last = local_day(border.start, zone), local_day(border.end - 1, zone)
    if (border.start, border.end) != (start_of_day(first, zone), end_of_day(last, zone)):
        return f"{day_name(first)}, {clock(border.start, zone, first)} to {clock(border.end, zone, first)}"
    return day_name(first) if first == last else f"{day_name(first)} to {day_name(last)}"

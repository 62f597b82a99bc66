"""Closing days for payroll: the check before it, the days that were closed, by whom and why."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Literal

import msgspec

from connecteam_sync.core.change import Change, SlicePlan
from connecteam_sync.core.clocktime import ClockTime
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.locks import Locks, change_text
from connecteam_sync.core.run import Difference, Failure, Verification
from connecteam_sync.core.text import called, clock, day_name, hours, many, one_line
from connecteam_sync.core.window import LockedDay, LockSource, Window, local_day, start_of_day

MAX_SENTENCES = 100
"""How many sentences about problems are kept with a lock; the counts next to them are complete."""


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """The result of the check before closing days. `wrong` has a sentence for each problem, at most `MAX_SENTENCES`.

    `open` counts rows without a clock-out, `failed` the looks that failed. `shifts` and `minutes` are
    those Connecteam has on these days.
    """

    differences: int = 0
    holds: int = 0
    open: int = 0
    failed: int = 0
    shifts: int = 0
    minutes: int = 0
    wrong: tuple[str, ...] = ()

    @property
    def is_right(self) -> bool:
        """Whether every row agrees with Connecteam, is closed and is not held."""
        return not (self.differences or self.holds or self.open or self.failed)


class LockScope(msgspec.Struct, frozen=True, kw_only=True):
    """Whose days are closed: those of one employee (`users` are their Connecteam users), of one time clock, or of both
    together; without either, everybody's.
    """

    employee_id: RowId | None = None
    users: tuple[int, ...] = ()
    time_clock_id: int | None = None

    @property
    def is_of_all(self) -> bool:
        """Whether they are closed for everybody."""
        return self.employee_id is None and self.time_clock_id is None

    @property
    def options(self) -> str:
        """The options of `lock` and `unlock`: ` --person 7 --clock 4100001`; nothing for everybody."""
        person = "" if self.employee_id is None else f" --person {shlex.quote(str(self.employee_id))}"
        return person + ("" if self.time_clock_id is None else f" --clock {self.time_clock_id}")

    def has(self, employee: RowId | None, user: int | None = None) -> bool:
        """Whether it is about this person; about anybody if it names none."""
        return self.employee_id is None or employee == self.employee_id or user in self.users

    def asks(self, clock: int | None) -> bool:
        """Whether it is about this time clock; about any if it names none."""
        return self.time_clock_id is None or clock in {None, self.time_clock_id}


class LockEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Days that a person closed or opened, at `at` (epoch seconds); `ranges` are (first, last, time zone).

    `anyway`: they were closed although `verified` was not right. `verified` is None of an unlocking. `whose` are the
    users and time clocks that it was for (0: all of them); empty where it was for everybody, or seen in Connecteam.
    """

    number: int
    kind: Literal["lock", "unlock"]
    at: int
    by: str
    reason: str
    ranges: tuple[tuple[date, date, str], ...]
    anyway: bool = False
    verified: Verified | None = None
    whose: tuple[tuple[int, int], ...] = ()


class ClosedDays(msgspec.Struct, frozen=True, kw_only=True):
    """Days that are closed now and were closed together. `event` is None for those from before events were kept.

    `source` is what closes them; `people` how many people they are closed for on the time clock, 0 for everybody.
    Where somebody locked them for one person, `user_id`, `employee_id` (None if the user counts for none by now) and
    `name` say whom.
    """

    first: date
    last: date
    timezone: str
    at: int
    event: LockEvent | None = None
    source: LockSource = "own"
    time_clock_id: int | None = None
    people: int = 0
    user_id: int | None = None
    employee_id: RowId | None = None
    name: str = ""

    @property
    def is_of_all(self) -> bool:
        """Whether they are closed for everybody."""
        return not self.people and self.time_clock_id is None

    @property
    def opened_by(self) -> str:
        """How they are opened: a command, or where else."""
        if self.source == "own":
            who: RowId | None = self.employee_id if self.employee_id is not None else self.user_id
            scope = LockScope(employee_id=who, time_clock_id=self.time_clock_id)
            return f"connecteam-sync unlock --from {self.first} --to {self.last}{scope.options}"
        if self.source == "purged":
            return "by nothing: it was purged"
        return f"connecteam-sync periods reopen {self.first} --reason R" if self.source == "period" else "in Connecteam"


class Closing(msgspec.Struct, frozen=True, kw_only=True):
    """The result of `lock`: the days it closed, and those of the window that were closed already.

    `verified` is None if every day was closed already, so that nothing was checked. `periods` are the closed pay
    periods that hold days of the window, too.
    """

    window: Window
    newly: tuple[date, ...]
    already: tuple[date, ...]
    by: str
    reason: str
    anyway: bool = False
    verified: Verified | None = None
    periods: tuple[Window, ...] = ()
    scope: LockScope = LockScope()


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """`unlock`'s result: the days it opened, as they were closed. `still` are days that still lock hours of the window:
    closed in another time zone, or with one of `periods`, the closed pay periods that have days of it.
    """

    window: Window
    opened: tuple[LockedDay, ...]
    still: tuple[LockedDay, ...]
    by: str
    reason: str
    periods: tuple[Window, ...] = ()
    scope: LockScope = LockScope()


def verified(
    found: Verification,
    opened: Iterable[ClockTime],
    locks: Locks,
    *,
    names: Mapping[RowId, str],
    scope: LockScope = LockScope(),  # noqa: B008 - frozen
) -> Verified:
    """The problems on the days of a verification that are not closed yet, of those in `scope`, closed ones left out.

    `opened` are the rows without a clock-out, `names` those of employees.
    """
    window, zone = found.window, found.window.zone
    plans = [plan for plan in found.plan.plans if scope.asks(plan.time_clock_id)]
    failures = [failure for failure in found.plan.failures if scope.asks(failure.time_clock_id)]
    looked = {hold for plan in plans for hold in plan.holds}
    users = {user.id: user.name for plan in plans for user in plan.snapshot.users}

    def counts(instant: int | None) -> bool:
        return instant is None or (window.holds(instant) and locks.at(instant) is None)

    def line(instant: int | None, employee: RowId | None, user: int | None, text: str) -> str:
        day = "at no known time" if instant is None else day_name(local_day(instant, zone))
        at = "" if instant is None else f" {clock(instant, zone, local_day(instant, zone))}"
        who = names.get(employee or 0) or users.get(user or 0) or f"employee {employee}"
        return one_line(f"{day}{at}, {called(who)}: {text}")

    rows = [row for row in opened if counts(row.clock_in) and scope.has(row.employee_id)]
    # A plan made at the end of a run may repeat changes of the plan before it.
    changes = [
        c
        for c in dict.fromkeys(change for plan in plans for change in plan.changes)
        if c.kind != "link" and _concerns(c, counts) and scope.has(c.image.employee_id, c.user_id)
    ]
    # Days are counted over all time clocks; of one alone, the changes of its looks say what differs.
    is_told = bool(changes) or scope.time_clock_id is not None
    days = () if is_told else [d for d in found.days if counts(start_of_day(d.day, zone)) and scope.has(d.employee_id)]
    holds = [
        hold
        for hold in found.plan.holds
        if not hold.acknowledged
        and counts(hold.instant)
        and (scope.is_of_all or hold in looked)
        and scope.has(hold.employee_id, hold.user_id)
    ]
    refusals = [(plan, refusal) for plan in plans for refusal in plan.refusals]
    wrong = [line(row.clock_in, row.employee_id, None, f"nobody clocked out (row {row.id})") for row in rows]
    wrong += [
        line(
            c.image.clock_in,
            c.image.employee_id,
            c.user_id,
            f"differs from Connecteam: {change_text(c, zone, names)}",
        )
        for c in changes
    ]
    wrong += [_day_line(day) for day in days]
    wrong += [
        line(hold.instant, hold.employee_id, hold.user_id, f"held, {hold.reason}: {hold.detail}") for hold in holds
    ]
    wrong += [
        f"time clock {plan.time_clock_id}, {plan.window}: a guard would refuse a sync: {refusal.message}"
        for plan, refusal in refusals
    ]
    wrong += [_failure_line(failure) for failure in failures]
    shifts, minutes = (found.shifts, found.minutes) if scope.is_of_all else _worked(plans, window, scope)
    return Verified(
        differences=len(changes) or len(days),
        holds=len(holds),
        open=len(rows),
        failed=len(failures) + len(refusals),
        shifts=shifts,
        minutes=minutes,
        wrong=tuple(wrong[:MAX_SENTENCES]),
    )


def _worked(plans: Iterable[SlicePlan], window: Window, scope: LockScope) -> tuple[int, int]:
    """How many shifts those in scope have on these days, and their minutes."""
    seen = {shift.id: shift for plan in plans for shift in plan.snapshot.shifts if window.holds(shift.start)}
    theirs = [shift for shift in seen.values() if not scope.users or shift.user_id in scope.users]
    return len(theirs), sum((shift.end - shift.start) // 60 for shift in theirs if shift.end is not None)


def unverified(message: str) -> Verified:
    """The result if Connecteam could not be reached: nothing was checked."""
    return Verified(failed=1, wrong=(one_line(f"Connecteam could not be looked at: {message}"),))


def _concerns(change: Change, counts: Callable[[int], bool]) -> bool:
    return any(counts(image.clock_in) for image in (change.before, change.after) if image is not None)


def _day_line(found: Difference) -> str:
    upstream, table = (hours(minutes) for minutes in (found.minutes_upstream, found.minutes))
    return one_line(
        f"{day_name(found.day)}, {called(found.name)}: Connecteam has {upstream} h in"
        f" {many(found.shifts_upstream, 'shift')}; the table has {table} h in {many(found.rows, 'row')}"
    )


def _failure_line(found: Failure) -> str:
    where = "the account" if found.time_clock_id is None else f"time clock {found.time_clock_id}"
    return one_line(f"{where}, {found.window}: could not be looked at: {found.error}")


def summary(found: Verified) -> str:
    """`1 row is open, 2 differences, 3 holds`; empty if all is right."""
    counted = (
        (found.open, "open row", "open rows"),
        (found.differences, "difference", "differences"),
        (found.holds, "hold", "holds"),
        (found.failed, "look that failed", "looks that failed"),
    )
    return ", ".join(many(count, singular, plural) for count, singular, plural in counted if count)

"""Closing days for payroll: what a look before it found, what was closed, by whom and why."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Literal

import msgspec

from connecteam_sync.core.change import Change
from connecteam_sync.core.clocktime import ClockTime
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.locks import Locks, spoken
from connecteam_sync.core.run import Difference, Failure, Verification
from connecteam_sync.core.text import called, clock, day_name, hours, many, one_line
from connecteam_sync.core.window import LockedDay, Window, local_day, start_of_day

TOLD = 100
"""Sentences about what is not right that are kept with a lock; the counts next to them are whole."""


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """What a fresh look before closing days found. `wrong` says each thing in a sentence, at most `TOLD` of them.

    `open` counts rows without a clock-out, `failed` looks that did not come about. `shifts` and `minutes` are what
    Connecteam has on these days.
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
        """Whether every row is proven, closed and not held."""
        return not (self.differences or self.holds or self.open or self.failed)


class LockEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody closed or opened days, at `at` (epoch seconds); `ranges` are (first, last, time zone).

    `anyway`: although `verified` was not right. `verified` is None where nobody looked: of an unlocking.
    """

    number: int
    kind: Literal["lock", "unlock"]
    at: int
    by: str
    reason: str
    ranges: tuple[tuple[date, date, str], ...]
    anyway: bool = False
    verified: Verified | None = None


class ClosedDays(msgspec.Struct, frozen=True, kw_only=True):
    """Days that are closed now, closed at one stroke. `event` is None of those from before that was recorded."""

    first: date
    last: date
    timezone: str
    at: int
    event: LockEvent | None = None


class Closing(msgspec.Struct, frozen=True, kw_only=True):
    """What `lock` did: the days it closed, and those of the window that were closed already.

    `verified` is None where there was nothing to look at, every day being closed.
    """

    window: Window
    newly: tuple[date, ...]
    already: tuple[date, ...]
    by: str
    reason: str
    anyway: bool = False
    verified: Verified | None = None


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """What `unlock` did: the days it opened, as they were closed. `still` are closed days of another zone, of other
    names, that go on holding some hours of the window.
    """

    window: Window
    opened: tuple[LockedDay, ...]
    still: tuple[LockedDay, ...]
    by: str
    reason: str


def verified(found: Verification, opened: Iterable[ClockTime], locks: Locks, *, names: Mapping[RowId, str]) -> Verified:
    """What is not right on those days of the look that are open; what lies on a closed one is in nobody's way.

    `opened` are the rows without a clock-out, `names` those of employees.
    """
    window, zone = found.window, found.window.zone
    plans, failures = found.plan.plans, found.plan.failures
    users = {user.id: user.name for plan in plans for user in plan.snapshot.users}

    def counts(instant: int | None) -> bool:
        return instant is None or (window.holds(instant) and locks.at(instant) is None)

    def line(instant: int | None, employee: RowId | None, user: int | None, said: str) -> str:
        day = "at no known time" if instant is None else day_name(local_day(instant, zone))
        at = "" if instant is None else f" {clock(instant, zone, local_day(instant, zone))}"
        who = names.get(employee or 0) or users.get(user or 0) or f"employee {employee}"
        return one_line(f"{day}{at}, {called(who)}: {said}")

    rows = [row for row in opened if counts(row.clock_in)]
    # A plan made at the end of a run may say again what the one before it says.
    changes = [c for c in dict.fromkeys(found.plan.changes) if c.kind != "link" and _concerns(c, counts)]
    days = () if changes else [d for d in found.days if counts(start_of_day(d.day, zone))]
    holds = [hold for hold in found.plan.holds if not hold.acknowledged and counts(hold.instant)]
    refusals = [(plan, refusal) for plan in plans for refusal in plan.refusals]
    wrong = [line(row.clock_in, row.employee_id, None, f"nobody clocked out (row {row.id})") for row in rows]
    wrong += [
        line(
            c.image.clock_in,
            c.image.employee_id,
            c.user_id,
            f"differs from Connecteam: {spoken(c, zone, names)}",
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
    wrong += [_look_line(failure) for failure in failures]
    return Verified(
        differences=len(changes) or len(days),
        holds=len(holds),
        open=len(rows),
        failed=len(failures) + len(refusals),
        shifts=found.shifts,
        minutes=found.minutes,
        wrong=tuple(wrong[:TOLD]),
    )


def not_looked(message: str) -> Verified:
    """Nothing could be looked at: Connecteam was not reached."""
    return Verified(failed=1, wrong=(one_line(f"Connecteam could not be looked at: {message}"),))


def _concerns(change: Change, counts: Callable[[int], bool]) -> bool:
    return any(counts(image.clock_in) for image in (change.before, change.after) if image is not None)


def _day_line(found: Difference) -> str:
    upstream, table = (hours(minutes) for minutes in (found.minutes_upstream, found.minutes))
    return one_line(
        f"{day_name(found.day)}, {called(found.name)}: Connecteam has {upstream} h in"
        f" {many(found.shifts_upstream, 'shift')}; the table has {table} h in {many(found.rows, 'row')}"
    )


def _look_line(found: Failure) -> str:
    where = "the account" if found.time_clock_id is None else f"time clock {found.time_clock_id}"
    return one_line(f"{where}, {found.window}: could not be looked at: {found.error}")


def in_words(found: Verified) -> str:
    """`1 row is open, 2 differences, 3 holds`; empty where all is right."""
    counted = (
        (found.open, "open row", "open rows"),
        (found.differences, "difference", "differences"),
        (found.holds, "hold", "holds"),
        (found.failed, "look that failed", "looks that failed"),
    )
    return ", ".join(many(count, one, more) for count, one, more in counted if count)

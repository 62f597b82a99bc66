"""Corrections: what would have changed on a closed day, kept with its signed minutes until a person decides.

A closed day keeps its rows (rule 9). What the planner would write there is told as one correction for each person and
day that it touches: the day a shift leaves, and the day it comes to. A later edit is told against what was
exported or dismissed before it, so that rows and corrections together always make what Connecteam says now.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Literal, get_args
from zoneinfo import ZoneInfo

import msgspec

from connecteam_sync.core.change import Change
from connecteam_sync.core.clocktime import ClockTime
from connecteam_sync.core.keys import RowId, ordered, provisional_user
from connecteam_sync.core.locks import Locks
from connecteam_sync.core.shift import Times
from connecteam_sync.core.window import local_day

_Key = tuple[RowId, date, str]
"""An employee, a local day and its time zone."""
CorrectionKind = Literal["added", "changed", "removed"]
CorrectionState = Literal["pending", "accepted", "dismissed", "cancelled"]
CORRECTION_STATES: tuple[CorrectionState, ...] = get_args(CorrectionState)
SHOWN_CORRECTIONS = 30
"""How many of those that wait, and of the others, a `CorrectionsPage` has."""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """What a change that is not written means for one person and one local day (in `timezone`).

    `minutes_before` are those that the row has there, `minutes_after` those that Connecteam says.
    """

    employee_id: RowId
    day: date
    timezone: str
    before: Times | None
    after: Times | None
    minutes_before: int
    minutes_after: int

    @property
    def key(self) -> tuple[RowId, date, str]:
        """Whose minutes it is about, and of which day."""
        return (self.employee_id, self.day, self.timezone)


class Correction(msgspec.Struct, frozen=True, kw_only=True):
    """Signed minutes of one person and one local day that the table does not have, since the day was closed.

    `number` is 0 until it is stored. `effective` is the pay period (first and last day) that it was accepted into,
    `export` the first export that carried it, `counter_of` the exported correction that it takes back. `edited_at` is
    when Connecteam says the shift was edited, `seen_at` when a look found it (epoch seconds).
    """

    number: int = 0
    subject: str
    shift_id: str | None
    clock_time_id: RowId | None
    user_id: int | None
    time_clock_id: int
    employee_id: RowId
    day: date
    timezone: str
    kind: CorrectionKind
    minutes_before: int
    minutes_after: int
    before: Times | None = None
    after: Times | None = None
    state: CorrectionState = "pending"
    effective: tuple[date, date] | None = None
    export: int | None = None
    counter_of: int | None = None
    edited_at: int | None = None
    seen_at: int = 0
    run: int = 0
    cause: str = ""
    decided_at: int | None = None
    decided_by: str | None = None
    reason: str | None = None

    @property
    def delta(self) -> int:
        """By how many minutes it moves the person's total."""
        return self.minutes_after - self.minutes_before

    @property
    def key(self) -> tuple[RowId, date, str]:
        """Whose minutes it is about, and of which day."""
        return (self.employee_id, self.day, self.timezone)

    @property
    def decision(self) -> str:
        """What stands decided, in a form of its own: another decision of the same correction has another one."""
        into = "" if self.effective is None else f"{self.effective[0]}..{self.effective[1]}"
        return " ".join((self.state, into, str(self.decided_at or ""))).strip()

    @property
    def is_of_table(self) -> bool:
        """Whether somebody else changed or deleted the row: an export of before may have paid what the table lacks."""
        return "in the table" in self.cause

    @property
    def is_final(self) -> bool:
        """Whether an export has carried it: then it stays, whatever happens to the shift."""
        return self.export is not None


class CorrectionsPage(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the corrections, as the console shows them: those that wait first.

    `waiting` are pending ones, oldest first; `count` and `minutes` are of all pending ones that were asked for.
    `decided` are the others, newest first. `next_after` and `next_before` are the cursors of what is left of each; None
    if that is all. `into` names the open pay period that comes next, if there is one.
    """

    waiting: tuple[Correction, ...] = ()
    count: int = 0
    minutes: int = 0
    next_after: int | None = None
    decided: tuple[Correction, ...] = ()
    next_before: int | None = None
    into: str | None = None


class Reconciled(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of the corrections of a subject: the numbers of those that are cancelled, and the new ones."""

    cancelled: tuple[int, ...] = ()
    made: tuple[Correction, ...] = ()


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """Where new corrections of a subject come from: the look, the shift and the reason."""

    subject: str
    shift_id: str | None
    clock_time_id: RowId | None
    user_id: int | None
    time_clock_id: int
    edited_at: int | None
    seen_at: int
    run: int
    cause: str


def parts_of(change: Change, locks: Locks, zone: ZoneInfo) -> tuple[Part, ...]:
    """A change that a closed day blocks, by person and day: one part, or two if it goes from one to another.

    `zone` is the business time zone; a day that is closed keeps the zone in which it was. A person who is still to
    be made an employee has no part: their hours are held.
    """
    if any(image and provisional_user(image.employee_id) is not None for image in (change.before, change.after)):
        return ()
    found: dict[_Key, list[ClockTime | None]] = {}
    for place, image in enumerate((change.before, change.after)):
        if image is not None:
            found.setdefault(_key(image, locks, zone), [None, None])[place] = image
    parts = (_part(key, before, after) for key, (before, after) in found.items())
    return tuple(part for part in parts if part.before != part.after or part.minutes_before != part.minutes_after)


def _part(key: _Key, before: ClockTime | None, after: ClockTime | None) -> Part:
    employee, day, timezone = key
    return Part(
        employee_id=employee,
        day=day,
        timezone=timezone,
        before=_times(before),
        after=_times(after),
        minutes_before=0 if before is None else before.minutes,
        minutes_after=0 if after is None else after.minutes,
    )


def _key(image: ClockTime, locks: Locks, zone: ZoneInfo) -> _Key:
    closed = locks.at(image.clock_in)
    if closed is not None:
        return (image.employee_id, closed.day, closed.timezone)
    return (image.employee_id, local_day(image.clock_in, zone), zone.key)


def _times(image: ClockTime | None) -> Times | None:
    return None if image is None else Times(clock_in=image.clock_in, clock_out=image.clock_out)


def reconciled(live: Sequence[Correction], parts: Iterable[Part], source: Source) -> Reconciled:
    """What makes the corrections of a subject equal to what its change would mean now.

    `live` are its corrections that are not cancelled, in the order they were made; without `parts` the edit was taken
    back, or its row was written.
    """
    by_key: dict[_Key, list[Correction]] = defaultdict(list)
    for correction in live:
        by_key[correction.key].append(correction)
    wanted = {part.key: part for part in parts}
    cancelled: list[int] = []
    made: list[Correction] = []
    for key in sorted(by_key.keys() | wanted.keys(), key=lambda key: (key[1], key[2], ordered(key[0]))):
        gone, new = _of_day(by_key.get(key, []), wanted.get(key), source)
        cancelled += gone
        made += new
    return Reconciled(cancelled=tuple(cancelled), made=tuple(made))


def _of_day(live: list[Correction], part: Part | None, source: Source) -> tuple[list[int], list[Correction]]:
    """The numbers to cancel, and the correction to make (none or one), of one person and day.

    What an export carried stays. Of the rest as much stays as still says, with it, what the change means now: all, or
    nothing, or what was dismissed, against which a further edit is told.
    """
    exported = [one for one in live if one.is_final]
    decided = [one for one in live if one.is_final or one.state == "dismissed"]
    for kept in (live, exported, decided):
        if _says(kept, part):
            return _numbers_without(live, kept), []
    kept = exported if part is None else decided
    already = sum(one.delta for one in kept)
    base = part.minutes_before if part is not None else exported[0].minutes_before
    made = _made(
        source,
        live[0].key if part is None else part.key,
        minutes=(base + already, base if part is None else part.minutes_after),
        times=(
            kept[-1].after if kept or part is None else part.before,
            exported[0].before if part is None else part.after,
        ),
        counter_of=exported[-1].number if part is None else None,
    )
    return _numbers_without(live, kept), [made]


def _says(kept: list[Correction], part: Part | None) -> bool:
    """Whether corrections say what a part does: the same minutes in all, and the same times in the end.

    Without a part they say nothing in all: then only what was exported may be left, and what takes it back.
    """
    total = sum(one.delta for one in kept)
    if part is None:
        return total == 0 and all(one.is_final or one.counter_of is not None for one in kept)
    return bool(kept) and total == part.minutes_after - part.minutes_before and kept[-1].after == part.after


def _numbers_without(live: list[Correction], kept: list[Correction]) -> list[int]:
    return [one.number for one in live if one not in kept]


def _made(
    source: Source,
    key: _Key,
    *,
    minutes: tuple[int, int],
    times: tuple[Times | None, Times | None],
    counter_of: int | None,
) -> Correction:
    """A pending correction; `minutes` and `times` are those before and after."""
    employee, day, timezone = key
    before, after = times
    return Correction(
        subject=source.subject,
        shift_id=source.shift_id,
        clock_time_id=source.clock_time_id,
        user_id=source.user_id,
        time_clock_id=source.time_clock_id,
        employee_id=employee,
        day=day,
        timezone=timezone,
        kind="added" if before is None else "removed" if after is None else "changed",
        minutes_before=minutes[0],
        minutes_after=minutes[1],
        before=before,
        after=after,
        counter_of=counter_of,
        edited_at=source.edited_at,
        seen_at=source.seen_at,
        run=source.run,
        cause=source.cause,
    )

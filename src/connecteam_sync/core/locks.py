"""Days that payroll has closed: which of them an instant falls on, and sentences about changes that they block."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date
from zoneinfo import ZoneInfo

import msgspec

from connecteam_sync.core.change import Change
from connecteam_sync.core.clocktime import ClockTime, StoredState, TrackedShift
from connecteam_sync.core.columns import ROW
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.shift import Snapshot
from connecteam_sync.core.text import called, clock, day_name, hours, many, span
from connecteam_sync.core.window import LockedDay, LockSource, Window, local_day


class Locks:
    """Closed days, indexed to look up many instants. Days of different zones may overlap.

    Days of one person or one time clock count for `holding` only: `at` knows the days that are closed for everybody.
    """

    def __init__(self, days: Iterable[LockedDay]) -> None:
        of_all: list[LockedDay] = []
        of_some: list[LockedDay] = []
        for day in days:
            (of_some if day.time_clock_id or day.user_id else of_all).append(day)
        self._of_all, self._of_some = _Index(of_all), _Index(of_some)
        self._are_none = not of_all and not of_some

    def at(self, instant: int) -> LockedDay | None:
        """The day, closed for everybody, that an instant falls on; None if there is none."""
        return next(self._of_all.at(instant), None)

    def holding(
        self, images: Iterable[ClockTime | None], *, users: Collection[int] = (), clock: int | None = None
    ) -> tuple[LockedDay, ...]:
        """The closed days that the clock-ins of rows fall on, in order; a day on which a row merely ends is not one.

        Rows belong to the day on which they begin, before and after a change (rule 9). `users` are the Connecteam users
        that the rows may be of; without a `clock` a lock of any time clock holds.
        """
        starts = {image.clock_in for image in images if image is not None}
        found = {day for start in starts if (day := self.at(start)) is not None}
        found |= {
            day
            for start in starts
            for day in self._of_some.at(start)
            if (not day.user_id or day.user_id in users)
            and (not day.time_clock_id or clock in {None, day.time_clock_id})
        }
        return tuple(sorted(found, key=lambda day: (day.start, day.end, day.source, day.time_clock_id, day.user_id)))

    def blocking(
        self, change: Change, users_of: Mapping[RowId, Collection[int]], *, clock: int | None
    ) -> tuple[LockedDay, ...]:
        """The closed days that a change would alter; `users_of` has the Connecteam users of each employee.

        A row without a shift may be of any time clock: a lock of one of them blocks it, too.
        """
        if self._are_none:
            return ()
        images = [image for image in (change.before, change.after) if image is not None]
        users = {user for image in images for user in users_of.get(image.employee_id, ())}
        if change.user_id is not None:
            users.add(change.user_id)
        return self.holding(images, users=users, clock=clock if change.shift_id else None)


class _Index:
    """Days by the instants they span."""

    def __init__(self, days: Iterable[LockedDay]) -> None:
        self._days = sorted(days, key=lambda day: (day.start, day.end))
        self._starts = [day.start for day in self._days]
        self._longest = max((day.end - day.start for day in self._days), default=0)

    def at(self, instant: int) -> Iterator[LockedDay]:
        """The days that an instant falls on, the one that began last first."""
        number = bisect_right(self._starts, instant)
        # Nearly always the day that began last: only if zones differ may one that began earlier end later.
        while number and self._starts[number - 1] > instant - self._longest:
            number -= 1
            if instant < self._days[number].end:
                yield self._days[number]


def purged_of(days: Iterable[LockedDay]) -> tuple[LockedDay, ...]:
    """Those of the closed days that were purged."""
    return tuple(day for day in days if day.source == "purged")


def left_out_text(window: Window, days: Iterable[LockedDay]) -> str:
    """How many days of a window are purged; empty if none is."""
    count = len({day.day for day in purged_of(days) if window.first <= day.day <= window.last})
    return f"{many(count, 'day')} purged, and left as they are" if count else ""


def as_kept(snapshot: Snapshot, stored: StoredState) -> tuple[Snapshot, StoredState]:
    """An answer and the stored state without what is not kept any more: the names of people who were erased, and what
    lies on purged days. Nothing is decided, held or remembered there.

    What reaches across the border stays: a shift that is remembered with a row on a day that was not purged, or that
    began on one and has its row on a purged day, and that row. Its hold says so.
    """
    erased = {key for key, user in stored.users.items() if user.is_erased}
    if erased:
        users = tuple(user.erased if user.id in erased else user for user in snapshot.users)
        snapshot = msgspec.structs.replace(snapshot, users=users)
    purged = purged_of(stored.locked)
    if not purged:
        return snapshot, stored
    gone = Locks(purged)
    rows = {row.id: row for row in stored.rows}

    def lies_there(tracked: TrackedShift) -> bool:
        row = rows.get(tracked.clock_time_id)
        return gone.at(tracked.shift.start) is not None and (row is None or gone.at(row.clock_in) is not None)

    kept = tuple(one for one in stored.mirrors if not lies_there(one))
    known = {one.shift.id for one in kept}
    linked = {one.clock_time_id for one in kept}
    return (
        msgspec.structs.replace(
            snapshot,
            shifts=tuple(one for one in snapshot.shifts if one.id in known or gone.at(one.start) is None),
            breaks=tuple(one for one in snapshot.breaks if gone.at(one.start) is None),
            invalid_records=tuple(
                one
                for one in snapshot.invalid_records
                if one.start is None or one.activity_id in known or gone.at(one.start) is None
            ),
        ),
        msgspec.structs.replace(
            stored,
            rows=tuple(row for row in stored.rows if row.id in linked or gone.at(row.clock_in) is None),
            mirrors=kept,
            breaks=tuple(one for one in stored.breaks if gone.at(one.start) is None),
            breaks_around=tuple(one for one in stored.breaks_around if gone.at(one.start) is None),
        ),
    )


CLOSED_BY: Mapping[LockSource, str] = {
    "own": "is locked for payroll",
    "period": "lies in a closed pay period",
    "connecteam_lock": "is locked in Connecteam",
    "connecteam_approval": "is approved in Connecteam",
    "purged": "was purged",
}
"""What is said of a day that is closed, by what closes it."""


def unwritten_text(change: Change, closed: LockedDay, zone: ZoneInfo, names: Mapping[RowId, str]) -> str:
    """The sentence about a change that a closed day blocks, in times of the business zone: `Mon 1 Dec 2025 is locked
    for payroll: clock-out 16:00 -> 16:30 (+0:30 h) is not written`.
    """
    where = "" if closed.timezone == zone.key else f" ({closed.timezone})"
    text = f"{change_text(change, zone, names)} is not written"
    if change.after is None:
        text = f"{_row(change, zone)} is not deleted, {hours(-change.minutes)} h kept"
    return f"{day_name(closed.day)}{where} {CLOSED_BY[closed.source]}: {text}{_why(change)}"


def _why(change: Change) -> str:
    """The reason of a change, unless old and new times show it."""
    if change.kind == "update":
        return ": the row was edited in the table" if "edited in the table" in change.why else ""
    return "" if change.why == "new shift" else f": {change.why}"


def change_text(change: Change, zone: ZoneInfo, names: Mapping[RowId, str]) -> str:
    """A change in old and new times: `clock-out 16:00 -> 16:30 (+0:30 h)`, `the deletion of 08:00-16:00 (-8:00 h)`."""
    before, after = change.before, change.after
    if before is None or after is None:
        text = f"{'the deletion of' if after is None else 'a new row'} {_row(change, zone)}"
    else:
        text = ", ".join(_corrected(before, after, zone, names)) or "the same times"
    return f"{text} ({hours(change.minutes, signed=True)} h)" if change.minutes else text


def _row(change: Change, zone: ZoneInfo) -> str:
    """`08:00-16:00`, `08:00-still open`."""
    row = change.image
    day = local_day(row.clock_in, zone)
    if row.clock_out is None:
        return f"{clock(row.clock_in, zone, day)}-still open"
    return span(row.clock_in, row.clock_out, zone, day)


def _corrected(before: ClockTime, after: ClockTime, zone: ZoneInfo, names: Mapping[RowId, str]) -> list[str]:
    texts: list[str] = []
    if before.employee_id != after.employee_id:
        who = [called(names.get(image.employee_id, f"employee {image.employee_id}")) for image in (before, after)]
        texts.append(f"moved from {who[0]} to {who[1]}")
    for column in ROW:
        old, new = getattr(before, column.field), getattr(after, column.field)
        if not column.word or old == new:
            continue
        moved = " -> ".join("none" if value in {None, ""} else str(value) for value in (old, new))
        if column.kind == "moment":
            moved = _moved(old, new, zone, local_day(before.clock_in, zone))
        texts.append(f"{column.word} {moved}")
    if not texts and before.total_minutes != after.total_minutes:
        shown = ("open" if image.total_minutes is None else str(image.total_minutes) for image in (before, after))
        texts.append(f"minutes {' -> '.join(shown)}")
    return texts


def _moved(old: int | None, new: int | None, zone: ZoneInfo, day: date) -> str:
    """`16:00 -> 16:30`; with seconds if the minutes are the same."""
    shown = ["open" if at is None else clock(at, zone, day) for at in (old, new)]
    if old is not None and new is not None and shown[0] == shown[1]:
        shown = [clock(at, zone, day, seconds=True) for at in (old, new)]
    return " -> ".join(shown)

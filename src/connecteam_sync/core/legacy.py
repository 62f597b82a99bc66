"""The old algorithm as another planner: identity guessed from distances in time. Kept for rollback and comparison.

It decides as the old program did, wrong decisions included, but never touches rows that are not ours. It knows no shift
ids, so it remembers nothing; when the batch planner is used again, it takes the damage for edits in the table and
repairs it. Golden cases: G1 to G22 (except G17).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from zoneinfo import ZoneInfo

import msgspec

from connecteam_sync.core.change import (
    Change,
    Counts,
    Hold,
    HoldReason,
    Minutes,
    Policy,
    SlicePlan,
    fingerprint,
    subject_of,
)
from connecteam_sync.core.child_rows import held_detail, kept_by
from connecteam_sync.core.clocktime import CONNECTEAM, ClockTime, StoredState
from connecteam_sync.core.columns import with_rest
from connecteam_sync.core.draft import WHAT
from connecteam_sync.core.keys import RowId, ordered
from connecteam_sync.core.locks import Locks, unwritten_text
from connecteam_sync.core.people import named, renamed
from connecteam_sync.core.shift import Shift, Snapshot
from connecteam_sync.core.window import Window, days_touched, local_day

_SAME = 300
"""Seconds within which two clock-ins were taken for one shift, and by which a shift had to follow the last row."""
_ZONE = 21_600
"""Six hours: a clock-in that far off was taken for a time-zone slip of the same shift."""


class LegacyRow(msgspec.Struct):
    """A row as the old code works on it; new rows have negative ids until they are created."""

    id: RowId
    employee_id: RowId
    clock_in: int
    clock_out: int | None
    total_minutes: int | None
    is_active: bool
    source: str = CONNECTEAM
    why: str = ""
    user_id: int | None = None
    row: ClockTime | None = None
    """The row as it was read: it may have columns unknown to the old code."""

    def image(self) -> ClockTime:
        """The row as it would be in the table."""
        image = ClockTime(
            id=None if isinstance(self.id, int) and self.id <= 0 else self.id,
            employee_id=self.employee_id,
            clock_in=self.clock_in,
            clock_out=self.clock_out,
            total_minutes=self.total_minutes,
            is_active=self.is_active,
            source=self.source,
        )
        return with_rest(image, self.row) if self.row is not None else image


def _guess(row: ClockTime) -> LegacyRow:
    known = {
        field: value for field, value in msgspec.structs.asdict(row).items() if field in LegacyRow.__struct_fields__
    }
    return LegacyRow(**known, row=row)


class LegacyTable:
    """The table while the old code goes over it, shift by shift. `now` is the database's clock, in epoch seconds.

    Without `has_key` the table takes doubles; without `knows_zones` the database has no zone tables, every local day
    is NULL, and no row is ever found again.
    """

    def __init__(
        self,
        rows: Iterable[ClockTime],
        zone: ZoneInfo,
        *,
        now: int,
        has_key: bool = True,
        knows_zones: bool = True,
    ) -> None:
        self.zone, self.now, self.has_key, self.knows_zones = zone, now, has_key, knows_zones
        self.foreign = {row.key for row in rows if not row.is_ours}
        self.rows = [_guess(row) for row in rows if row.is_ours]
        self._made = 0

    def _day(self, instant: int) -> date | None:
        return local_day(instant, self.zone) if self.knows_zones else None

    def _same_day(self, first: int, second: int) -> bool:
        day = self._day(first)
        return day is not None and day == self._day(second)

    def sync_one(self, employee_id: RowId, shift: Shift) -> bool:
        """One shift, as the old code did it: True for "updated", False for "created"."""
        near = sorted(
            (row for row in self.rows if row.employee_id == employee_id and self._same_day(row.clock_in, shift.start)),
            key=lambda row: (abs(shift.start - row.clock_in), ordered(row.id)),
        )
        for row in near:
            distance = abs(shift.start - row.clock_in)
            if abs(distance - _ZONE) < _SAME:
                self._overwrite(row, shift)
                return True
            if distance < _SAME:
                self._close(row, shift)
                return True
        if near:
            last = max(near, key=lambda row: row.clock_in)
            if last.clock_out is None:
                if shift.end is not None:
                    self._close_any(employee_id, shift, shift.end)
                return True
            if shift.start - last.clock_out <= _SAME:
                return True
        return self._insert(employee_id, shift)

    def _overwrite(self, row: LegacyRow, shift: Shift) -> None:
        """The six-hour rule: the row becomes the shift's; an open shift leaves the old clock-out as it was."""
        if self.has_key and self._taken(row, shift.start):
            return
        row.clock_in, row.why, row.user_id = shift.start, f"six-hour rule, shift {shift.id}", shift.user_id
        if shift.end is None:
            row.total_minutes, row.is_active = (self.now - shift.start) // 60, True
        else:
            row.clock_out, row.is_active = shift.end, False
            row.total_minutes = int((shift.end - shift.start) / 60 + 0.5)

    def _close(self, row: LegacyRow, shift: Shift) -> None:
        """Nearly the same clock-in: an open row may be closed, nothing else is corrected."""
        if row.clock_out is not None:
            return
        row.why, row.user_id = f"clock-in within five minutes, shift {shift.id}", shift.user_id
        if shift.end is None:
            row.total_minutes, row.is_active = (self.now - row.clock_in) // 60, True
        else:
            row.clock_out, row.is_active = shift.end, False
            row.total_minutes = (shift.end - row.clock_in) // 60

    def _close_any(self, employee_id: RowId, shift: Shift, end: int) -> None:
        """The first open row of today gets the clock-out, although it has another shift; this one is not stored."""
        opened = [
            row
            for row in self.rows
            if row.employee_id == employee_id and row.clock_out is None and self._same_day(row.clock_in, self.now)
        ]
        if opened:
            row = min(opened, key=lambda row: ordered(row.id))
            row.clock_out, row.is_active, row.total_minutes = end, False, (end - row.clock_in) // 60
            row.why, row.user_id = f"open row of today closed by shift {shift.id}", shift.user_id

    def _taken(self, mine: LegacyRow | None, clock_in: int, employee_id: RowId | None = None) -> bool:
        employee = mine.employee_id if mine else employee_id
        others = (row for row in self.rows if row is not mine)
        return (employee, clock_in) in self.foreign or any(
            row.employee_id == employee and row.clock_in == clock_in for row in others
        )

    def _insert(self, employee_id: RowId, shift: Shift) -> bool:
        if self.has_key and self._taken(None, shift.start, employee_id):
            return True
        self._made += 1
        self.rows.append(
            LegacyRow(
                id=-self._made,
                employee_id=employee_id,
                clock_in=shift.start,
                clock_out=shift.end,
                total_minutes=0 if shift.end is None else int((shift.end - shift.start) / 60 + 0.5),
                is_active=shift.end is None,
                why=f"no row near it, shift {shift.id}",
                user_id=shift.user_id,
            )
        )
        return False


def legacy_plan(window: Window, snapshot: Snapshot, stored: StoredState, policy: Policy, *, now: int) -> SlicePlan:
    """The old algorithm's plan for the shifts that start in the window; locked days and manual rows are safe.

    `now` is the moment of the run in epoch seconds: the minutes of open shifts depend on it here.
    """
    table = LegacyTable(stored.rows, window.zone, now=now)
    shifts = sorted((s for s in snapshot.shifts if window.holds(s.start)), key=lambda s: (s.user_id, s.start, s.id))
    holds: list[Hold] = []
    for shift in shifts:
        employee = stored.employees.get(shift.user_id)
        if employee is None:
            holds.append(_unmapped(shift, stored))
        else:
            table.sync_one(employee, shift)
    old, locks, zone = {row.id: row for row in stored.rows}, Locks(stored.locked), window.zone
    changes: list[Change] = []
    for guess in table.rows:
        before, after = old.get(guess.id), guess.image()
        if before == after:
            continue
        change = _change(window, before, after, guess)
        locked = locks.blocking(change, stored.users_of, clock=snapshot.time_clock_id)
        refused = stored.refused.get(subject_of(change))
        if locked:
            holds.append(_instead("locked_day", change, unwritten_text(change, locked[0], zone, stored.names)))
        elif pointing := kept_by(stored.children, before, after):
            holds.append(_instead("child_row", change, held_detail(guess.id, pointing)))
        elif refused is not None:
            detail = f"{WHAT[change.kind]} ({change.why}): your table refuses it: {refused}"
            holds.append(_instead("refused_by_database", change, detail))
        else:
            changes.append(change)
    done = tuple(changes)
    kinds = [change.kind for change in done]
    before_minutes = sum(r.minutes for r in stored.rows if r.is_ours and window.holds(r.clock_in))
    return SlicePlan(
        time_clock_id=snapshot.time_clock_id,
        window=window,
        changes=done,
        holds=tuple(holds),
        new_employees=(),
        mirrors=(),
        breaks=(),
        breaks_gone=(),
        counts=Counts(
            total_shifts=len(shifts),
            created=kinds.count("create"),
            updated=kinds.count("update"),
            unchanged=max(0, len(shifts) - len(kinds) - len(holds)),
            held=len(holds),
        ),
        minutes=Minutes(before=before_minutes, after=before_minutes + sum(change.minutes for change in done)),
        refusals=(),
        fingerprint=fingerprint(snapshot.time_clock_id, window, done, ()),
        policy=policy,
        snapshot=snapshot,
        renames=renamed(stored.users, snapshot.users, stored.employees),
    )


def _change(window: Window, before: ClockTime | None, after: ClockTime, guess: LegacyRow) -> Change:
    spans = [days_touched(row.clock_in, row.clock_out, window.zone) for row in (before, after) if row]
    return Change(
        kind="update" if before else "create",
        before=before,
        after=after,
        shift_id=None,
        user_id=guess.user_id,
        days=(min(first for first, _ in spans), max(last for _, last in spans)),
        why=f"legacy: {guess.why}",
    )


def _instead(reason: HoldReason, change: Change, detail: str) -> Hold:
    """A hold in the place of a change."""
    return Hold(
        reason=reason,
        subject=subject_of(change),
        detail=detail,
        user_id=change.user_id,
        clock_time_id=change.before.id if change.before else None,
        employee_id=change.image.employee_id,
        instant=change.image.clock_in,
        minutes=change.minutes,
    )


def _unmapped(shift: Shift, stored: StoredState) -> Hold:
    several = stored.ambiguous.get(shift.user_id)
    why = f"stands on {len(several)} employees ({named(several, stored.names)})" if several else "is mapped to nobody"
    return Hold(
        reason="ambiguous_employee" if several else "unmapped_user",
        subject=f"shift:{shift.id}",
        detail=f"Connecteam user {shift.user_id} {why}",
        shift_id=shift.id,
        user_id=shift.user_id,
        instant=shift.start,
        minutes=0 if shift.end is None else (shift.end - shift.start) // 60,
    )

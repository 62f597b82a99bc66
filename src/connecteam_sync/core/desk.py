"""The papers of one decision: what is stored, looked up fast; drafts of changes; holds."""

from __future__ import annotations

import hashlib
from datetime import date
from functools import cached_property
from zoneinfo import ZoneInfo

from connecteam_sync.core.change import Change, ChangeKind, Hold, HoldReason, NewEmployee, Policy
from connecteam_sync.core.clocktime import ClockTime, Mirror, Stored, clock_time_of
from connecteam_sync.core.match import absent
from connecteam_sync.core.shift import Doubt, Shift, Snapshot
from connecteam_sync.core.window import Window, days_touched, each_day


class Desk:
    """Drafts of changes by subject, holds, and the indexes to look things up in."""

    def __init__(self, window: Window, snapshot: Snapshot, stored: Stored, policy: Policy) -> None:
        self.window, self.snapshot, self.stored, self.policy = window, snapshot, stored, policy
        self.zone: ZoneInfo = window.zone
        self.start, self.end = window.start_utc, window.end_utc
        self.asked_end = window.padded().end_utc
        self.rows = {row.id: row for row in stored.rows}
        self.mirrors = {mirror.shift.id: mirror for mirror in stored.mirrors}
        self.shift_of_row = {m.clock_time_id: m for m in stored.mirrors if m.clock_time_id is not None}
        self.absent = absent(snapshot, stored)
        self.users = {user.id: user for user in snapshot.users}
        self.doubted_users = {doubt.user_id for doubt in snapshot.doubts if doubt.user_id is not None}
        self.doubted_ids = {doubt.activity_id for doubt in snapshot.doubts if doubt.activity_id is not None}
        self.changes: list[Change] = []
        self.holds: dict[tuple[HoldReason, str], Hold] = {}
        self.new_employees: dict[int, NewEmployee] = {}
        self.asked: set[int | None] = set()

    @cached_property
    def fresh(self) -> frozenset[str]:
        """The shifts that this run has seen; few decisions ask, and there may be very many."""
        return self.snapshot.beside | {shift.id for shift in self.snapshot.shifts}

    def inside(self, instant: int) -> bool:
        """Whether an instant lies in the window proper; its bounds are computed once."""
        return self.start <= instant < self.end

    def edited_locally(self, mirror: Mirror | None, row: ClockTime) -> bool:
        """Whether a linked row differs from what we last applied to it (rule 11)."""
        if mirror is None or mirror.applied is None or mirror.clock_time_id != row.id:
            return False
        last = mirror.applied
        return row != clock_time_of(last.employee_id, last.clock_in, last.clock_out, id=row.id)

    def draft(
        self, kind: ChangeKind, before: ClockTime | None, after: ClockTime | None, shift: Shift | None, why: str
    ) -> None:
        """Put down a change, or its hold where a day it touches is locked (rule 9)."""
        days = self.days_of(before, after)
        change = Change(
            kind=kind,
            before=before,
            after=after,
            shift_id=shift.id if shift else None,
            user_id=shift.user_id if shift else None,
            days=days,
            why=why,
        )
        locked = self.closed_days(before, after) if kind != "link" else []
        if locked:
            self.hold_change("locked_day", change, f"{locked[0]} is locked for payroll: {kind}, {why}")
        else:
            self.changes.append(change)

    def closed_days(self, *images: ClockTime | None) -> list[date]:
        """The locked days that an image touches; one that a row only moves across stays as it is."""
        if not self.stored.locked_days:
            return []
        spans = [self.days_of(image) for image in images if image is not None]
        return sorted({day for span in spans for day in each_day(*span) if day in self.stored.locked_days})

    def days_of(self, *images: ClockTime | None) -> tuple[date, date]:
        """First and last local day the images touch together."""
        spans = [days_touched(image.clock_in, image.clock_out, self.zone) for image in images if image is not None]
        if len(spans) == 1:
            return spans[0]
        return (min(first for first, _ in spans), max(last for _, last in spans))

    def hold_doubt(self, doubt: Doubt) -> None:
        """Hold a record that cannot be believed, the value quoted (rule 10)."""
        digest = hashlib.sha256(f"{doubt.kind}{doubt.user_id}{doubt.problem}{doubt.value}".encode()).hexdigest()[:16]
        subject = f"shift:{doubt.activity_id}" if doubt.activity_id else f"record:{digest}"
        mirror = self.mirrors.get(doubt.activity_id or "")
        self.add_hold(
            Hold(
                reason="impossible_record",
                subject=subject,
                detail=f"{doubt.kind}: {doubt.problem}: {doubt.value}",
                shift_id=doubt.activity_id,
                user_id=doubt.user_id,
                clock_time_id=mirror.clock_time_id if mirror else None,
                employee_id=self.stored.employees.get(doubt.user_id or 0),
                instant=mirror.shift.start if mirror else doubt.start,
            )
        )

    def hold_change(self, reason: HoldReason, change: Change, detail: str) -> None:
        """A hold in the place of a change."""
        row = change.before
        self.add_hold(
            Hold(
                reason=reason,
                subject=f"shift:{change.shift_id}" if change.shift_id else f"row:{row.id if row else None}",
                detail=detail,
                shift_id=change.shift_id,
                user_id=change.user_id,
                clock_time_id=row.id if row else None,
                employee_id=change.image.employee_id,
                instant=change.image.clock_in,
                minutes=change.minutes,
            )
        )

    def hold_shift(
        self,
        reason: HoldReason,
        shift: Shift,
        detail: str,
        *,
        row: ClockTime | None = None,
        image: ClockTime | None = None,
    ) -> None:
        """A hold about a shift that is there; `image` is the row it would have got."""
        image = image or clock_time_of(0, shift.start, shift.end)
        self.add_hold(
            Hold(
                reason=reason,
                subject=f"shift:{shift.id}",
                detail=detail,
                shift_id=shift.id,
                user_id=shift.user_id,
                clock_time_id=row.id if row else None,
                employee_id=image.employee_id if image.employee_id > 0 else self.stored.employees.get(shift.user_id),
                instant=shift.start,
                minutes=(image.total_minutes or 0) - ((row and row.total_minutes) or 0),
                time_clock_id=shift.time_clock_id if shift.time_clock_id != self.snapshot.time_clock_id else None,
            )
        )

    def hold_row(self, reason: HoldReason, row: ClockTime, detail: str, mirror: Mirror | None) -> None:
        """A hold about a row that stays although Connecteam does not show its shift."""
        self.add_hold(
            Hold(
                reason=reason,
                subject=f"shift:{mirror.shift.id}" if mirror else f"row:{row.id}",
                detail=detail,
                shift_id=mirror.shift.id if mirror else None,
                user_id=mirror.shift.user_id if mirror else None,
                clock_time_id=row.id,
                employee_id=row.employee_id,
                instant=row.clock_in,
                minutes=-(row.total_minutes or 0),
            )
        )

    def add_hold(self, hold: Hold) -> None:
        """One hold per reason and subject; the first word stands."""
        self.holds.setdefault((hold.reason, hold.subject), hold)

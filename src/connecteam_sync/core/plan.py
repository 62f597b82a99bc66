"""The decision: what to write, what to hold, and why.

`plan` is a pure function of what Connecteam said, what the table holds, and what the user decided beforehand. Dry run,
apply, verify and undo all build on it, so what is shown is what is done. The rules are those of the design, section 6.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from datetime import date
from zoneinfo import ZoneInfo

import msgspec

from connecteam_sync.core.change import (
    Change,
    ChangeKind,
    Counts,
    Hold,
    HoldReason,
    Minutes,
    NewEmployee,
    Plan,
    Policy,
    fingerprint,
)
from connecteam_sync.core.clocktime import ClockTime, Mirror, Stored, clock_time_of, corrections, provisional_employee
from connecteam_sync.core.guards import refusals
from connecteam_sync.core.match import Match, in_scope, match, rivals, seen_elsewhere
from connecteam_sync.core.memory import breaks_to_remember, mirrors_to_remember
from connecteam_sync.core.shift import Doubt, Shift, Snapshot
from connecteam_sync.core.window import Window, days_touched, each_day


def plan(window: Window, snapshot: Snapshot, stored: Stored, policy: Policy) -> Plan:
    """Decide what makes the window's rows equal to Connecteam, without writing anything.

    `snapshot` must cover `window.padded()`; `stored` must have been read for the same window and snapshot.
    """
    desk = _Desk(window, snapshot, stored, policy)
    shifts = in_scope(window, snapshot, stored)
    mapped = [(employee, shift) for shift in shifts if (employee := desk.employee_of(shift)) is not None]
    groups = rivals(mapped, desk.shifts_of_other_clocks())
    employees = {shift.id: employee for employee, shift in mapped}
    mine = [group for group in groups if group.winner.id in employees]
    matches = match(((employees[group.winner.id], group) for group in mine), window, snapshot, stored)
    for matched in matches:
        desk.settle(matched)
    taken = {matched.row.id for matched in matches if matched.row is not None}
    for group in groups:
        for loser in group.losers:
            desk.settle_duplicate(loser, group.winner, taken, own=loser.id in employees)
    for doubt in snapshot.doubts:
        desk.hold_doubt(doubt)
    desk.settle_absences({shift.id for shift in snapshot.shifts}, taken)
    desk.settle_orphans(taken)
    desk.hold_blocked_keys()
    return desk.decision(shifts, matches)


class _Desk:
    """The papers of one decision: drafts of changes by subject, holds, and the indexes to look things up in."""

    def __init__(self, window: Window, snapshot: Snapshot, stored: Stored, policy: Policy) -> None:
        self.window, self.snapshot, self.stored, self.policy = window, snapshot, stored, policy
        self.zone: ZoneInfo = window.zone
        self.fresh = snapshot.beside | {shift.id for shift in snapshot.shifts}
        self.start, self.end = window.start_utc, window.end_utc
        self.asked_end = window.padded().end_utc
        self.rows = {row.id: row for row in stored.rows}
        self.mirrors = {mirror.shift.id: mirror for mirror in stored.mirrors}
        self.shift_of_row = {m.clock_time_id: m for m in stored.mirrors if m.clock_time_id is not None}
        self.users = {user.id: user for user in snapshot.users}
        self.doubted_users = {doubt.user_id for doubt in snapshot.doubts if doubt.user_id is not None}
        self.doubted_ids = {doubt.activity_id for doubt in snapshot.doubts if doubt.activity_id is not None}
        self.changes: list[Change] = []
        self.holds: dict[tuple[HoldReason, str], Hold] = {}
        self.new_employees: dict[int, NewEmployee] = {}
        self.asked: set[int | None] = set()

    def inside(self, instant: int) -> bool:
        """Whether an instant lies in the window proper; its bounds are computed once."""
        return self.start <= instant < self.end

    # -- who -----------------------------------------------------------------------------------------------------------

    def employee_of(self, shift: Shift) -> int | None:
        """The employee a shift counts for; None, and a hold, where there is none (rule 8) or the id is contested."""
        mirror = self.mirrors.get(shift.id)
        if mirror and mirror.shift.time_clock_id != shift.time_clock_id and not mirror.is_gone:
            self.hold_shift(
                "impossible_record",
                shift,
                f"the same id is also a shift of time clock {mirror.shift.time_clock_id}",
            )
            return None
        employee = self.stored.employees.get(shift.user_id)
        if employee is not None:
            return employee
        user = self.users.get(shift.user_id)
        if self.policy.employees == "create" and user is not None:
            self.new_employees[user.id] = NewEmployee(user_id=user.id, name=user.name, email=user.email)
            return provisional_employee(user.id)
        who = user.name if user else "nobody in Connecteam's user list"
        self.hold_shift("unmapped_user", shift, f"Connecteam user {shift.user_id} ({who}) is mapped to no employee")
        return None

    def shifts_of_other_clocks(self) -> Iterable[tuple[int, Shift]]:
        """Live remembered shifts of other time clocks, with their employees: they compete for the same keys."""
        for mirror in self.stored.mirrors:
            if mirror.shift.time_clock_id != self.snapshot.time_clock_id and not mirror.is_gone:
                employee = self.stored.employees.get(mirror.shift.user_id)
                if employee is not None:
                    yield (employee, mirror.shift)

    # -- shifts that are there -----------------------------------------------------------------------------------------

    def settle(self, matched: Match) -> None:
        """Create, correct, link or leave alone the row of one shift (rules 2 to 4)."""
        shift, row = matched.shift, matched.row
        after = clock_time_of(matched.employee_id, shift.start, shift.end, id=row.id if row else None)
        mirror = self.mirrors.get(shift.id)
        if row is None:
            lost = mirror is not None and mirror.clock_time_id is not None
            if lost and self.policy.local_edits == "keep":
                self.hold_shift("local_edit", shift, "its row was deleted in the table by somebody else", image=after)
                return
            self.draft("create", None, after, shift, "its row had been deleted in the table" if lost else "new shift")
        elif not row.is_ours:
            if row != msgspec.structs.replace(after, source=row.source):
                self.hold_shift("manual_row", shift, f"row {row.id} has source {row.source!r}", row=row, image=after)
        elif row == after:
            if matched.how != "id":
                self.draft("link", row, after, shift, _HOW[matched.how].format(matched.replaces))
        elif self.edited_locally(mirror, row) and self.policy.local_edits == "keep":
            self.hold_shift("local_edit", shift, f"row {row.id} was edited in the table", row=row, image=after)
        else:
            why = _HOW[matched.how].format(matched.replaces) if matched.how != "id" else self.why(mirror, row, after)
            self.draft("update", row, after, shift, why)

    def edited_locally(self, mirror: Mirror | None, row: ClockTime) -> bool:
        """Whether a linked row differs from what we last applied to it (rule 11)."""
        if mirror is None or mirror.applied is None or mirror.clock_time_id != row.id:
            return False
        last = mirror.applied
        return row != clock_time_of(last.employee_id, last.clock_in, last.clock_out, id=row.id)

    def why(self, mirror: Mirror | None, row: ClockTime, after: ClockTime) -> str:
        """What happened to a shift, in the words of the person who reads the journal."""
        said = ["edited in the table"] if self.edited_locally(mirror, row) else []
        return ", ".join((*said, *corrections(row, after))) or "minutes or flag contradicted the times"

    def settle_duplicate(self, loser: Shift, winner: Shift, taken: set[int | None], *, own: bool) -> None:
        """Hold all but the first of several shifts at one instant; a row of theirs that nobody took goes (rule 5)."""
        mirror = self.mirrors.get(loser.id)
        row = self.rows.get(mirror.clock_time_id) if mirror and mirror.clock_time_id is not None else None
        # A shift of another time clock may have moved away since: only what this run has seen lets a row go.
        fresh = self.fresh >= {winner.id, loser.id}
        is_taken = row is not None and row.id in taken
        goes = row is not None and row.is_ours and not is_taken and fresh
        # A shift of another time clock that loses its row here is held here: its own look may be days away.
        if own or is_taken or goes:
            self.hold_shift(
                "duplicate_clock_in",
                loser,
                f"shift {winner.id} of the same person has the same clock-in; shift {loser.id} is not written",
                row=None if fresh else row,
                image=clock_time_of(0, loser.start, loser.end),
            )
        if goes:
            self.draft("delete", row, None, loser, f"has the same clock-in as shift {winner.id}")

    # -- shifts that are not -------------------------------------------------------------------------------------------

    def settle_absences(self, present: set[str], taken: set[int | None]) -> None:
        """Delete the rows of shifts that are gone, where there is evidence; hold them where there is not (rule 6)."""
        for mirror in self.stored.mirrors:
            shift = mirror.shift
            row = self.rows.get(mirror.clock_time_id) if mirror.clock_time_id is not None else None
            if shift.time_clock_id != self.snapshot.time_clock_id or shift.id in present:
                continue
            if row is None and not mirror.is_gone and self.inside(shift.start):
                # It was held, or its row is lost: an answer that proves nothing does not let it be forgotten.
                found = self.no_evidence(shift)
                if found is not None:
                    self.hold_shift(found[0], shift, f"not written, and not in the answer: {found[1]}")
            if row is not None and row.id not in taken and self.inside(row.clock_in):
                self.settle_absence(mirror, row)

    def no_evidence(self, shift: Shift) -> tuple[HoldReason, str] | None:
        """Why its absence from the answer does not prove that a shift is gone; None where it does."""
        if shift.user_id not in self.snapshot.listed:
            return ("user_not_listed", f"user {shift.user_id} is not in the answer")
        if shift.user_id in self.doubted_users or shift.id in self.doubted_ids:
            return ("impossible_record", "a record of its user cannot be believed")
        if self.inside(shift.start) and shift.end is not None and shift.end >= self.asked_end:
            return ("window_edge", "it ran past the days asked for")
        return None

    def settle_absence(self, mirror: Mirror, row: ClockTime) -> None:
        """The row of one shift that is not in the answer."""
        shift, found = mirror.shift, self.no_evidence(mirror.shift)
        if not self.inside(shift.start) and not mirror.is_gone:
            # Where a look at its own day has found it gone, there is no day left to look at.
            self.hold_row("window_edge", row, "its shift is on another day by now: run the sync over that day", mirror)
        elif found is not None:
            self.hold_row(found[0], row, f"not deleted: {found[1]}", mirror)
        elif not row.is_ours:
            self.hold_row("manual_row", row, f"its shift is gone, and row {row.id} is {row.source!r}", mirror)
        elif self.edited_locally(mirror, row) and self.policy.local_edits == "keep":
            self.hold_row("local_edit", row, "its shift is gone, and the row was edited in the table", mirror)
        else:
            self.draft("delete", row, None, shift, "deleted in Connecteam")

    def settle_orphans(self, taken: set[int | None]) -> None:
        """Report, or delete on request, rows of ours without a shift (rule 6, last sentence)."""
        if self.policy.orphans == "ignore":
            return
        for row in self.stored.rows:
            if row.is_ours and row.id not in self.shift_of_row and row.id not in taken and self.inside(row.clock_in):
                if self.policy.orphans == "delete":
                    self.draft("delete", row, None, None, "orphan: no shift in Connecteam matches it")
                else:
                    self.hold_row("orphan", row, f"row {row.id} matches no shift in Connecteam", None)

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

    # -- drafting ------------------------------------------------------------------------------------------------------

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
        spans = [self.days_of(image) for image in images if image is not None]
        return sorted({day for span in spans for day in each_day(*span) if day in self.stored.locked_days})

    def days_of(self, *images: ClockTime | None) -> tuple[date, date]:
        """First and last local day the images touch together."""
        spans = [days_touched(image.clock_in, image.clock_out, self.zone) for image in images if image is not None]
        return (min(first for first, _ in spans), max(last for _, last in spans))

    def hold_blocked_keys(self) -> None:
        """Hold changes whose key is kept by a row that stays; their own rows then stay too, and may block others."""
        while True:
            moved = {c.before.id: c.after.key if c.after else None for c in self.changes if c.before}
            kept = {row.key: row for row in self.stored.rows if row.id not in moved or moved[row.id] == row.key}
            blocked = [
                c
                for c in self.changes
                if c.after
                and c.kind != "link"
                and c.after.key in kept
                # A row that keeps its key is in nobody's way: where there is no unique key yet, it may have doubles.
                and (c.before is None or c.before.key != c.after.key)
            ]
            if not blocked:
                return
            if any(self.step_aside(kept[change.image.key]) for change in blocked):
                continue
            for change in blocked:
                other = kept[change.image.key]
                if change.before is not None and change.before.id in self.asked:
                    continue  # its own look has a hold about it
                reason: HoldReason = "duplicate_clock_in" if other.id in self.shift_of_row else "orphan"
                reason = reason if other.is_ours else "manual_row"
                self.hold_change(reason, change, f"row {other.id} ({other.source}) already has that clock-in")
            gone = {id(change) for change in blocked}
            self.changes = [c for c in self.changes if id(c) not in gone]

    def step_aside(self, row: ClockTime) -> bool:
        """Draft the move of a row that is in the way, where this run has seen its shift, of another clock, elsewhere.

        Shifts of two clocks that change places wait for each other: neither look alone could move its own row.
        """
        mirror = None if row.id is None or row.id in self.asked else self.shift_of_row.get(row.id)
        self.asked.add(row.id)
        after = seen_elsewhere(row, mirror, self.snapshot, self.shifts_of_other_clocks(), self.stored.employees)
        if (
            mirror is None
            or after is None
            or any(c.after and c.after.key == after.key for c in self.changes)
            or self.closed_days(row, after)
            or (self.edited_locally(mirror, row) and self.policy.local_edits == "keep")
        ):
            return False
        self.draft("update", row, after, mirror.shift, self.why(mirror, row, after))
        return True

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

    # -- the sum -------------------------------------------------------------------------------------------------------

    def decision(self, shifts: tuple[Shift, ...], matches: tuple[Match, ...]) -> Plan:
        """Everything drafted, counted, guarded and named."""
        changes = tuple(
            sorted(self.changes, key=lambda c: (c.days, c.image.employee_id, c.image.clock_in, c.image.id or 0))
        )
        holds = tuple(sorted(self.holds.values(), key=lambda h: (h.instant or 0, h.reason, h.subject)))
        used = {c.image.employee_id for c in changes}
        new = tuple(n for _, n in sorted(self.new_employees.items()) if provisional_employee(n.user_id) in used)
        held = {hold.shift_id for hold in holds}
        written = {c.shift_id for c in changes if c.kind in {"create", "update"}}
        kinds = Counter(change.kind for change in changes)
        counts = Counts(
            total_shifts=len(shifts),
            created=kinds["create"],
            updated=kinds["update"],
            unchanged=sum(m.shift.id not in written and m.shift.id not in held for m in matches),
            deleted=kinds["delete"],
            held=len(holds),
            linked=kinds["link"],
        )
        rows = self.rows_of_this_clock(matches)
        before = sum(row.total_minutes or 0 for row in rows)
        after = before + sum(change.minutes for change in changes)
        mirrors = mirrors_to_remember(
            self.window, self.snapshot, self.stored, shifts=shifts, matches=matches, changes=changes
        )
        breaks, breaks_gone = breaks_to_remember(self.window, self.snapshot, self.stored)
        return Plan(
            time_clock_id=self.snapshot.time_clock_id,
            window=self.window,
            changes=changes,
            holds=holds,
            new_employees=new,
            mirrors=mirrors,
            breaks=breaks,
            breaks_gone=breaks_gone,
            counts=counts,
            minutes=Minutes(before=before, after=after),
            refusals=refusals(
                self.window, self.snapshot, self.stored, self.policy, rows=len(rows), deletes=counts.deleted
            ),
            fingerprint=fingerprint(self.snapshot.time_clock_id, self.window, changes, new),
            policy=self.policy,
            snapshot=self.snapshot,
        )

    def rows_of_this_clock(self, matches: tuple[Match, ...]) -> tuple[ClockTime, ...]:
        """Rows of ours in the window that belong to this time clock, or that this decision is about."""
        mine = {m.row.id for m in matches if m.row is not None} | {c.before.id for c in self.changes if c.before}
        clock = self.snapshot.time_clock_id
        mine |= {m.clock_time_id for m in self.stored.mirrors if m.shift.time_clock_id == clock}
        return tuple(row for row in self.stored.rows if row.is_ours and row.id in mine and self.inside(row.clock_in))


_HOW = {
    "succession": "Connecteam replaced shift {} by this one",
    "takeover": "the row was shift {}'s, which has the same clock-in and was created later",
    "adoption": "the row had no shift yet; employee and clock-in are exactly its own",
}

"""The decision: what to write, what to hold, and why.

`plan` is a pure function of what Connecteam said, what the table holds, and what the user decided beforehand. Dry run,
apply, verify and undo all build on it, so what is shown is what is done. The rules are those of the design, section 6.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date

import msgspec

from connecteam_sync.core.change import (
    Change,
    Counts,
    HoldReason,
    Minutes,
    NewEmployee,
    Plan,
    Policy,
    fingerprint,
)
from connecteam_sync.core.clocktime import (
    CONNECTEAM,
    ClockTime,
    Mirror,
    Stored,
    clock_time_of,
    corrections,
    provisional_employee,
)
from connecteam_sync.core.desk import Desk
from connecteam_sync.core.guards import refusals
from connecteam_sync.core.match import Match, adoptable, in_scope, match, rivals, seen_elsewhere, successions
from connecteam_sync.core.memory import breaks_to_remember, mirrors_to_remember
from connecteam_sync.core.settled import settled_rows
from connecteam_sync.core.shift import Shift, Snapshot
from connecteam_sync.core.window import Window


def plan(window: Window, snapshot: Snapshot, stored: Stored, policy: Policy) -> Plan:
    """Decide what makes the window's rows equal to Connecteam, without writing anything.

    `snapshot` must cover `window.padded()`; `stored` must have been read for the same window and snapshot.
    """
    desk = _Decision(window, snapshot, stored, policy)
    scope = desk.without_strays(in_scope(window, snapshot, rows=desk.rows, mirrors=desk.mirrors))
    others = tuple(desk.shifts_of_other_clocks())
    settled = settled_rows(scope, others, rows=desk.rows, mirrors=desk.mirrors, employees=stored.employees)
    shifts = tuple(shift for shift in scope if shift.id not in settled)
    mapped = [(employee, shift) for shift in shifts if (employee := desk.employee_of(shift)) is not None]
    groups = rivals(mapped, others)
    employees = {shift.id: employee for employee, shift in mapped}
    mine = [group for group in groups if group.winner.id in employees]
    matches = match(
        ((employees[group.winner.id], group) for group in mine),
        successions(desk.absent, window, snapshot),
        adoptable(stored.rows, desk.shift_of_row),
        rows=desk.rows,
        mirrors=desk.mirrors,
    )
    for matched in matches:
        desk.settle(matched)
    taken = {*settled.values(), *(matched.row.id for matched in matches if matched.row is not None)}
    for group in groups:
        for loser in group.losers:
            desk.settle_duplicate(loser, group.winner, taken, own=loser.id in employees)
    for doubt in snapshot.doubts:
        desk.hold_doubt(doubt)
    desk.settle_absences(taken)
    desk.settle_orphans(taken)
    desk.hold_blocked_keys()
    return desk.decision(shifts, matches, settled=len(settled))


class _Decision(Desk):
    """What becomes of each shift and each row."""

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
        # A row from when its user was mapped stays as it is, and the hold names it.
        row = self.rows.get(mirror.clock_time_id) if mirror is not None and mirror.clock_time_id is not None else None
        why = f"Connecteam user {shift.user_id} ({who}) is mapped to no employee"
        self.hold_shift("unmapped_user", shift, why, row=row)
        return None

    def shifts_of_other_clocks(self) -> Iterable[tuple[int, Shift]]:
        """Live remembered shifts of other time clocks, with their employees: they compete for the same keys."""
        for mirror in self.stored.mirrors:
            if mirror.shift.time_clock_id != self.snapshot.time_clock_id and not mirror.is_gone:
                employee = self.stored.employees.get(mirror.shift.user_id)
                if employee is not None:
                    yield (employee, mirror.shift)

    def without_strays(self, shifts: Iterable[Shift]) -> list[Shift]:
        """Hold the shifts that have no row and are on another day by now: nothing is created outside of the window."""
        staying: list[Shift] = []
        start, end = self.start, self.end
        for shift in shifts:
            if start <= shift.start < end:
                staying.append(shift)
                continue
            mirror = self.mirrors.get(shift.id)
            if mirror is not None and mirror.clock_time_id in self.rows:
                staying.append(shift)
            else:
                self.hold_shift("window_edge", shift, "it is on another day by now: run the sync over that day")
        return staying

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

    def settle_absences(self, taken: set[int | None]) -> None:
        """Delete the rows of shifts that are gone, where there is evidence; hold them where there is not (rule 6)."""
        for mirror in self.absent:
            shift = mirror.shift
            row = self.rows.get(mirror.clock_time_id) if mirror.clock_time_id is not None else None
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
            if row.id not in self.shift_of_row and row.is_ours and row.id not in taken and self.inside(row.clock_in):
                if self.policy.orphans == "delete":
                    self.draft("delete", row, None, None, "orphan: no shift in Connecteam matches it")
                else:
                    self.hold_row("orphan", row, f"row {row.id} matches no shift in Connecteam", None)

    def hold_blocked_keys(self) -> None:
        """Hold changes whose key is kept by a row that stays; their own rows then stay too, and may block others."""
        while self.changes:
            moved = {c.before.id: c.after.key if c.after else None for c in self.changes if c.before}
            wanted = {c.after.key for c in self.changes if c.after}
            kept = {
                key: row
                for row in self.stored.rows
                if (key := (row.employee_id, row.clock_in)) in wanted and (row.id not in moved or moved[row.id] == key)
            }
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

    # -- the sum -------------------------------------------------------------------------------------------------------

    def decision(self, shifts: tuple[Shift, ...], matches: tuple[Match, ...], *, settled: int) -> Plan:
        """Everything drafted, counted, guarded and named; `settled` shifts beside `shifts` are as they should be."""
        changes = tuple(sorted(self.changes, key=_by_day))
        holds = tuple(sorted(self.holds.values(), key=lambda h: (h.instant or 0, h.reason, h.subject)))
        used = {c.image.employee_id for c in changes}
        new = tuple(n for _, n in sorted(self.new_employees.items()) if provisional_employee(n.user_id) in used)
        held = {hold.shift_id for hold in holds}
        written = {c.shift_id for c in changes if c.kind in {"create", "update"}}
        kinds = Counter(change.kind for change in changes)
        counts = Counts(
            total_shifts=len(shifts) + settled,
            created=kinds["create"],
            updated=kinds["update"],
            unchanged=settled + sum(m.shift.id not in written and m.shift.id not in held for m in matches),
            deleted=kinds["delete"],
            held=len(holds),
            linked=kinds["link"],
        )
        rows = self.rows_of_this_clock(matches)
        before = sum(row.total_minutes or 0 for row in rows)
        after = before + sum(change.minutes for change in changes)
        mirrors = mirrors_to_remember(
            self.window,
            self.snapshot,
            self.mirrors,
            shifts=shifts,
            missing=self.absent,
            matches=matches,
            changes=changes,
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
        start, end = self.start, self.end
        return tuple(
            row
            for row in self.stored.rows
            if start <= row.clock_in < end and row.source == CONNECTEAM and row.id in mine
        )


def _by_day(change: Change) -> tuple[tuple[date, date], int, int, int]:
    """The order of changes that people read."""
    image = change.image
    return (change.days, image.employee_id, image.clock_in, image.id or 0)


_HOW = {
    "succession": "Connecteam replaced shift {} by this one",
    "takeover": "the row was shift {}'s, which has the same clock-in and was created later",
    "adoption": "the row had no shift yet; employee and clock-in are exactly its own",
}

"""The decision on a slice: changes, holds and their reasons.

`plan` is a pure function of the snapshot, the stored state and the policy. Dry run, apply and verify all use it, so the
plan that is shown is the plan that is applied. The rules are those of docs/design.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

import msgspec

from connecteam_sync.core.absences import Absences
from connecteam_sync.core.change import (
    Change,
    Counts,
    HoldReason,
    Losses,
    Minutes,
    NewEmployee,
    Pending,
    Policy,
    SlicePlan,
    by_day,
    fingerprint,
)
from connecteam_sync.core.clocktime import ClockTime, StoredState, TrackedShift
from connecteam_sync.core.columns import corrections
from connecteam_sync.core.evidence import RunEvidence
from connecteam_sync.core.guards import refusals
from connecteam_sync.core.held_back import held_back, hold_twice_by_hand
from connecteam_sync.core.keys import RowId, ordered, provisional_employee
from connecteam_sync.core.match import (
    HOW,
    DuplicateGroup,
    Match,
    adoptable,
    duplicate_groups,
    in_scope,
    match,
    precedence,
    successions,
)
from connecteam_sync.core.people import renamed
from connecteam_sync.core.replacing import hold_doubles, note_replaced, take_replaced
from connecteam_sync.core.shift import Shift, Snapshot, User
from connecteam_sync.core.tracking import mirrors_to_remember, outdated
from connecteam_sync.core.unchanged import unchanged_rows
from connecteam_sync.core.unmapped import one_address_each, unmapped_reason
from connecteam_sync.core.window import Window


def plan(
    window: Window, snapshot: Snapshot, stored: StoredState, policy: Policy, evidence: RunEvidence | None = None
) -> SlicePlan:
    """Decide on the changes that make the window's rows equal to Connecteam's shifts; nothing is written.

    `snapshot` covers `window.padded()`, `stored` was read for both; `evidence` is of the run's other looks, if any.
    """
    builder = _Decision(window, snapshot, stored, policy, evidence or RunEvidence())
    about = in_scope(window, snapshot, rows=builder.rows, mirrors=builder.mirrors, has_left=builder.has_left)
    scope = builder.without_strays(about)
    others = tuple(builder.shifts_of_other_clocks())
    unchanged = unchanged_rows(
        scope, others, rows=builder.rows, mirrors=builder.mirrors, employees=stored.employees, of_shift=builder.of_shift
    )
    shifts = tuple(shift for shift in scope if shift.id not in unchanged)
    mapped = [(employee, shift) for shift in shifts if (employee := builder.employee_of(shift)) is not None]
    groups = duplicate_groups(mapped, others)
    employees = {shift.id: employee for employee, shift in mapped}
    builder.give_up_stale_links((employees[g.winner.id], g.winner) for g in groups if g.winner.id in employees)
    inherited = builder.inheritable()
    mine = [g for g in groups if g.winner.id in employees and not builder.waits_for_a_row(employees, g, inherited)]
    matches = match(
        ((employees[group.winner.id], group) for group in mine),
        inherited,
        adoptable(stored.rows, builder.shift_of_row),
        rows=builder.rows,
        mirrors=builder.mirrors,
    )
    for matched in matches:
        builder.decide_on(matched)
    taken = {*unchanged.values(), *(matched.row.id for matched in matches if matched.row is not None)}
    for group in groups:
        for loser in group.losers:
            builder.decide_duplicate(loser, group.winner, taken, own=loser.id in employees)
    for invalid_record in snapshot.invalid_records:
        builder.hold_invalid_record(invalid_record)
    builder.decide_absences(taken)
    builder.decide_orphans(taken)
    take_replaced(builder, taken)
    note_replaced(builder)
    builder.guard_people()
    builder.hold_blocked_keys()
    hold_doubles(builder, taken)
    if any(change.kind == "create" for change in builder.changes):
        held_back(builder, builder.unlinked(matches))
    hold_twice_by_hand(builder, scope)
    return builder.decision(shifts, matches, unchanged=len(unchanged) + stored.skipped_shifts)


class _Decision(Absences):
    """Decides on each shift and each row."""

    # -- employees -----------------------------------------------------------------------------------------------------

    def employee_of(self, shift: Shift) -> RowId | None:
        """The employee a shift counts for; None if there is none (rule 8), or none yet: then it is held or waits."""
        mirror = self.mirrors.get(shift.id)
        if mirror and mirror.shift.time_clock_id != shift.time_clock_id and not mirror.is_gone:
            self.leans = True
            if not self.has_come_here(shift, mirror):
                return None
        employee = self.stored.employees.get(shift.user_id)
        if employee is not None:
            return employee
        # If its user was mapped before, its row stays as it is, and the hold names it.
        row = self.rows.get(mirror.clock_time_id) if mirror is not None and mirror.clock_time_id is not None else None
        if shift.user_id in self.stored.ambiguous:
            self.hold_shift("ambiguous_employee", shift, self.ambiguity_text(shift.user_id), row=row)
            return None
        user = self.users.get(shift.user_id)
        reason, why = self.unmapped(shift.user_id, user)
        if reason is None and (cause := self.stored.refused.get(f"user:{shift.user_id}")) is not None and user:
            reason, why = "refused_by_database", f"{user.name} cannot be added to your employees: {cause}"
        if reason is None and user is not None:
            email = None if self.likenesses.has_email(user.email) else user.email
            self.new_employees[user.id] = NewEmployee(user_id=user.id, name=user.name, email=email)
            return provisional_employee(user.id)
        self.hold_shift(reason or "unmapped_user", shift, why, row=row)
        return None

    def unmapped(self, user_id: int, user: User | None) -> tuple[HoldReason | None, str]:
        """Why the shifts of a user without an employee are held, computed once; None: an employee is created."""
        if user_id not in self.unmapped_reasons:
            creates = self.policy.employees == "create"
            reason = unmapped_reason(user_id, user, self.likenesses, self.leavers, creates=creates)
            self.unmapped_reasons[user_id] = reason
        return self.unmapped_reasons[user_id]

    def has_come_here(self, shift: Shift, mirror: TrackedShift) -> bool:
        """Whether a shift remembered of another time clock is on this one now; else it is held, or waits."""
        other, evidence = mirror.shift.time_clock_id, self.evidence
        if evidence.shows(mirror, clock=other):
            self.hold_shift("impossible_record", shift, f"the same id is also a shift of time clock {other}")
        elif evidence.covers(other, mirror.shift.start) or evidence.is_vouched(other):
            return True
        elif self.stage == "part" and evidence.plans(other, mirror.shift.start):
            self.wait(shift)
        else:
            why = f"until now it was on time clock {other}, which this run did not look at for that day"
            self.hold_shift("clock_not_looked_at", shift, why)
        self.unremembered.add(shift.id)
        if shift.id in self.waits:
            self.undecided.add(f"shift:{shift.id}")
        return False

    def shifts_of_other_clocks(self) -> Iterable[tuple[RowId, Shift]]:
        """Live remembered shifts of other time clocks, with their employees: they compete for the same keys."""
        for mirror in self.stored.mirrors:
            if mirror.shift.time_clock_id == self.clock or mirror.is_gone or mirror.shift.id in self.evidence.outdated:
                continue
            employee = self.stored.employees.get(mirror.shift.user_id)
            if employee is not None and mirror.shift.id not in self.present and not self.evidence.is_gone(mirror):
                yield (employee, mirror.shift)

    # -- rows of other shifts ------------------------------------------------------------------------------------------

    def give_up_stale_links(self, mapped: Iterable[tuple[RowId, Shift]]) -> None:
        """Give up links to rows that are no longer as applied and now have exactly the values of another shift.

        `mapped` are the shifts that come first on their clock-ins: only they have a claim to a row. Else, if a row's id
        is used again (a restored dump, TRUNCATE), two shifts would take it from each other in every run.
        """
        wanted = {(employee, shift.start, shift.end): shift.id for employee, shift in mapped}
        if not wanted:
            return
        there = {(row.employee_id, row.clock_in, row.clock_out) for row in self.stored.rows if row.is_ours}
        # A shift whose right values are in no row keeps its link: its row was edited, and is corrected.
        concerned = [m for image, i in wanted.items() if image in there and (m := self.mirrors.get(i)) is not None]
        for mirror in (*concerned, *self.absent):
            row = self.rows.get(mirror.clock_time_id) if mirror.clock_time_id is not None else None
            if row is not None and self.edited_locally(mirror, row):
                owner = wanted.get((row.employee_id, row.clock_in, row.clock_out))
                if owner is not None and owner != mirror.shift.id and not self.has_its_row(owner):
                    self.give_up_link(mirror)

    def has_its_row(self, shift_id: str) -> bool:
        """Whether a shift is linked to a row that is as it was last applied."""
        mirror = self.mirrors.get(shift_id)
        row = self.rows.get(mirror.clock_time_id) if mirror is not None and mirror.clock_time_id is not None else None
        return row is not None and not self.edited_locally(mirror, row)

    def inheritable(self) -> dict[tuple[int, int], list[TrackedShift]]:
        """Gone shifts whose rows may be inherited, by (user, start): of this time clock, and at the end of any."""
        missing = [m for m in self.absent if m.shift.id not in self.stale and not self.has_moved(m)]
        found = successions((self.mirrors[m.shift.id] for m in missing), self.window, self.snapshot)
        if self.evidence.absent:
            for mirror in self.stored.mirrors:
                shift = mirror.shift
                if shift.time_clock_id != self.clock and mirror.clock_time_id and self.evidence.is_gone(mirror):
                    found[shift.user_id, shift.start].append(mirror)
        return found

    def waits_for_a_row(
        self,
        employees: Mapping[str, RowId],
        group: DuplicateGroup,
        inherited: Mapping[tuple[int, int], list[TrackedShift]],
    ) -> bool:
        """Whether the winner of a clock-in waits for the end of the run, since another look may free its row."""
        shift = group.winner
        if self.stage != "part":
            return False
        mirror = self.mirrors.get(shift.id)
        if mirror is not None and mirror.clock_time_id in self.rows:
            return False
        key = (employees[shift.id], shift.start)
        gone = any(m.clock_time_id in self.rows for m in inherited.get((shift.user_id, shift.start), ()))
        unseen = any(
            loser.time_clock_id != self.clock
            and (row := self.rows.get(self.mirrors[loser.id].clock_time_id)) is not None
            and row.key == key
            and not self.is_fresh(loser.id)
            for loser in group.losers
        )
        if gone or unseen:
            self.wait(shift)
            self.undecided.add(f"shift:{shift.id}")
        return gone or unseen

    def without_strays(self, shifts: Iterable[Shift]) -> list[Shift]:
        """Hold the shifts that have no row and are on another day by now: nothing is created outside of the window."""
        staying: list[Shift] = []
        for shift in shifts:
            if self.inside(shift.start):
                staying.append(shift)
                continue
            mirror = self.mirrors.get(shift.id)
            if mirror is not None and mirror.clock_time_id in self.rows:
                staying.append(shift)
            else:
                self.hold_shift("window_edge", shift, "it is on another day by now: run the sync over that day")
        return staying

    # -- shifts that are there -----------------------------------------------------------------------------------------

    def decide_on(self, matched: Match) -> None:
        """Create, correct, link or leave alone the row of one shift (rules 2 to 4)."""
        shift, row = matched.shift, matched.row
        after = self.right_row(shift, matched.employee_id, row, matched.former)
        mirror = self.mirrors.get(shift.id)
        if row is None:
            lost = mirror is not None and mirror.clock_time_id is not None
            if lost and self.policy.local_edits == "keep":
                self.hold_shift("local_edit", shift, "its row was deleted in the table by somebody else", image=after)
                return
            why = "its row had been deleted in the table" if lost else "new shift"
            self.draft("create", None, after, shift, "it is back, and so is its row" if matched.former else why)
        elif not row.is_ours:
            if row != msgspec.structs.replace(after, source=row.source):
                why = f"row {row.id} was entered by {row.entered_by}, and differs: it is never changed"
                self.hold_shift("manual_row", shift, why, row=row, image=after)
        elif row == after:
            if matched.how != "id":
                self.draft("link", row, after, shift, HOW[matched.how].format(matched.replaces))
        elif self.edited_locally(mirror, row) and self.policy.local_edits == "keep":
            self.hold_shift("local_edit", shift, f"row {row.id} was edited in the table", row=row, image=after)
        else:
            why = HOW[matched.how].format(matched.replaces) if matched.how != "id" else self.why(mirror, row, after)
            self.draft("update", row, after, shift, why)

    def why(self, mirror: TrackedShift | None, row: ClockTime, after: ClockTime) -> str:
        """Why a row is corrected, in the words of the journal."""
        texts = ["edited in the table"] if self.edited_locally(mirror, row) else []
        return ", ".join((*texts, *corrections(row, after))) or "minutes or flag contradicted the times"

    def hold_blocked_keys(self) -> None:
        """Hold changes to a key that another row keeps; their own rows then stay too, and may block others."""
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
                # A change that keeps its key is not blocked: without a unique key yet, its row may have doubles.
                and (c.before is None or c.before.key != c.after.key)
            ]
            if not blocked:
                return
            if any(self.step_aside(kept[change.image.key]) for change in blocked):
                continue
            for change in blocked:
                if change.before is None or change.before.id not in self.tried_to_move:  # else its own look holds it
                    self.hold_blocked(change, kept[change.image.key])
            gone = {id(change) for change in blocked}
            self.changes = [c for c in self.changes if id(c) not in gone]

    def hold_blocked(self, change: Change, other: ClockTime) -> None:
        """Hold a change to a key that another row keeps; if that row may still move in this run, wait for it."""
        owner = self.shift_of_row.get(other.id or 0)
        if self.stage == "part" and other.id in self.pending:
            self.wait_for(change, None)
            self.undecided.add(f"shift:{change.shift_id}")
            return
        reason: HoldReason = "duplicate_clock_in" if owner is not None else "orphan"
        reason = reason if other.is_ours else "manual_row"
        self.hold_change(
            reason,
            change,
            f"row {other.id} ({other.source if other.is_ours else other.entered_by}) already has that clock-in",
        )
        if owner is not None and not self.decides_on(owner, other):
            self.wait_for(change, owner.shift.id)

    def step_aside(self, row: ClockTime) -> bool:
        """Draft the move of a row that is in the way, if another look of this run has seen its shift on another key.

        Shifts of two looks that swap their keys wait for each other: neither look alone could move its own row.
        """
        mirror = None if row.id is None or row.id in self.tried_to_move else self.shift_of_row.get(row.id)
        self.tried_to_move.add(row.id)
        after = self.seen_elsewhere(row, mirror)
        if (
            mirror is None
            or after is None
            or any(c.after and c.after.key == after.key for c in self.changes)
            or self.closed_days(self.change("update", row, after, mirror.shift, ""))
            or (self.edited_locally(mirror, row) and self.policy.local_edits == "keep")
        ):
            return False
        self.draft("update", row, after, mirror.shift, self.why(mirror, row, after))
        return True

    def seen_elsewhere(self, row: ClockTime, mirror: TrackedShift | None) -> ClockTime | None:
        """The right row for a shift of another look, if this run has seen that shift on another key.

        None if it has not, if another shift comes first on that key, and if the row is not ours to move.
        """
        if mirror is None or mirror.is_gone or not row.is_ours or self.decides_on(mirror, row):
            return None
        self.leans = True
        shift, employee = mirror.shift, self.stored.employees.get(mirror.shift.user_id)
        if employee is None or (employee, shift.start) == row.key or not self.is_known(mirror):
            return None
        live = [s for e, s in self.shifts_of_other_clocks() if (e, s.start) == (employee, shift.start)]
        is_first = min((*live, shift), key=precedence).id == shift.id
        return self.moved_row(shift, employee, row) if is_first else None

    # -- the plan ------------------------------------------------------------------------------------------------------

    def decision(self, shifts: tuple[Shift, ...], matches: tuple[Match, ...], *, unchanged: int) -> SlicePlan:
        """The plan with its counts, refusals and fingerprint; `unchanged` is how many more shifts have a right row."""
        changes = tuple(sorted(self.changes, key=by_day))
        holds = tuple(sorted(self.holds.values(), key=lambda h: (h.instant or 0, h.reason, h.subject)))
        used = {c.image.employee_id for c in changes}
        new = one_address_each(
            n for _, n in sorted(self.new_employees.items()) if provisional_employee(n.user_id) in used
        )
        held = {hold.shift_id for hold in holds} | self.waits.keys()
        written = {c.shift_id for c in changes if c.kind in {"create", "update"}}
        kinds = Counter(change.kind for change in changes)
        counts = Counts(
            total_shifts=len(shifts) + unchanged,
            created=kinds["create"],
            updated=kinds["update"],
            unchanged=unchanged + sum(m.shift.id not in written and m.shift.id not in held for m in matches),
            deleted=kinds["delete"],
            held=len(holds),
            linked=kinds["link"],
        )
        rows = self.rows_of_this_clock(matches)
        before = self.stored.skipped_minutes + sum(row.minutes for row in rows)
        after = before + sum(change.minutes for change in changes)
        mirrors = mirrors_to_remember(
            self.window,
            self.snapshot,
            {mirror.shift.id: mirror for mirror in self.stored.mirrors},
            shifts=tuple(shift for shift in shifts if shift.id not in self.unremembered),
            missing=[m for m in self.absent if m.shift.id not in self.pending_absent and not self.has_moved(m)],
            matches=matches,
            changes=changes,
            invalid=self.invalid_in_any,
            stale=self.stale,
        )
        # Rows that are held one by one do not count for guards: else these would stop all the rest in every run.
        free = (self.guarded - self.replaced) | self.let_through
        deletes = {c.image.id or 0: c for c in self.going if c.image.id not in free}
        found = refusals(
            self.window,
            self.snapshot,
            self.stored,
            rows=len(rows),
            rows_of_all=self.rows_of_people.total() if deletes or kinds["create"] or self.deferred else 0,
            policy=self.policy,
            deletes=tuple(deletes.values()),
            changes=changes,
            deferred=self.deferred,
            unlinked=self.unlinked(matches) if kinds["create"] or self.deferred else (),
            orphans_go=self.rows_go,
        )
        left = tuple(refusal for refusal in found if refusal.fingerprint not in self.policy.accepted)
        self.let_through |= {change.image.id or 0 for ref in found if ref not in left for change in ref.stopped}
        old = outdated(self.snapshot, self.mirrors, () if left else mirrors)
        breaks, breaks_gone = self.breaks
        return SlicePlan(
            time_clock_id=self.clock,
            window=self.window,
            changes=changes,
            holds=holds,
            new_employees=new,
            mirrors=mirrors,
            breaks=breaks,
            breaks_gone=breaks_gone,
            counts=counts,
            minutes=Minutes(before=before, after=after),
            refusals=left,
            fingerprint=fingerprint(self.clock, self.window, changes, new),
            renames=renamed(self.stored.users, self.snapshot.users, self.stored.employees),
            policy=self.policy,
            snapshot=self.snapshot,
            stage=self.stage,
            pending=Pending(
                deletes=tuple(sorted(self.pending.values(), key=by_day)),
                absent=tuple(sorted(self.pending_absent)),
                waits=tuple(wait for _, wait in sorted(self.waits.items())),
                orphans=self.pending_orphans,
            ),
            undecided=frozenset(self.undecided),
            leans=self.leans or any(self.inside(mirror.shift.start) for mirror in old.values()),
            outdated=frozenset(old),
            at_risk=tuple(sorted((*self.reported, *(c.image.id or 0 for c in self.going)), key=ordered)),
            losses=Losses(
                rows=tuple(sorted(self.rows_of_people.items(), key=lambda item: ordered(item[0])))
                if self.going or self.stage == "part"
                else (),
                going=self.going,
                let_through=tuple(sorted(self.let_through, key=ordered)),
                coming=tuple(sorted(self.coming.items(), key=lambda item: ordered(item[0]))),
            ),
        )

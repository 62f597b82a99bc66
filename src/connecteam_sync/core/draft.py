"""The draft of one decision: indexes of the stored state, changes, holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date
from functools import cached_property
from zoneinfo import ZoneInfo

import msgspec

from connecteam_sync.core.change import Change, ChangeKind, Hold, HoldReason, NewEmployee, Policy, Wait, subject_of
from connecteam_sync.core.child_rows import held_detail, kept_by
from connecteam_sync.core.clocktime import CONNECTEAM, ClockTime, Employee, StoredState, TrackedShift, clock_time_of
from connecteam_sync.core.columns import as_closed, row_of, shift_columns, with_rest, with_times
from connecteam_sync.core.derived import Derived, breaks_that_count
from connecteam_sync.core.evidence import RunEvidence
from connecteam_sync.core.keys import RowId, provisional_employee
from connecteam_sync.core.locks import Locks, purged_of, unwritten_text
from connecteam_sync.core.match import Match, absent
from connecteam_sync.core.people import Likenesses, taken
from connecteam_sync.core.shift import Break, InvalidRecord, Shift, Snapshot
from connecteam_sync.core.text import span, stamp
from connecteam_sync.core.tracking import breaks_to_remember
from connecteam_sync.core.window import LockedDay, Window, days_touched, local_day

_ABOUT = {"shift": "a shift", "break": "a break", "user": "a person's record"}


WHAT: dict[ChangeKind, str] = {
    "create": "a new row",
    "update": "the correction",
    "link": "the link",
    "delete": "the deletion",
}


class PlanBuilder:
    """Drafted changes, holds, what waits for the end of the run, and indexes of the stored state."""

    def __init__(
        self, window: Window, snapshot: Snapshot, stored: StoredState, policy: Policy, evidence: RunEvidence
    ) -> None:
        self.window, self.snapshot, self.stored, self.policy = window, snapshot, stored, policy
        self.evidence, self.stage = evidence, evidence.stage
        self.clock = snapshot.time_clock_id
        self.zone: ZoneInfo = window.zone
        self.start, self.end = window.start_utc, window.end_utc
        _, self.asked_end = window.surely_covered
        self.rows = {row.id: row for row in stored.rows}
        self.mirrors = {mirror.shift.id: mirror for mirror in stored.mirrors}
        self.shift_of_row = {m.clock_time_id: m for m in stored.mirrors if m.clock_time_id is not None}
        self.absent = absent(snapshot, stored)
        self.users = {user.id: user for user in snapshot.users}
        self.locks = Locks(stored.locked)
        self.invalid_users = {
            invalid_record.user_id for invalid_record in snapshot.invalid_records if invalid_record.user_id is not None
        }
        self.invalid_ids = {
            invalid_record.activity_id
            for invalid_record in snapshot.invalid_records
            if invalid_record.activity_id is not None
        }
        self.changes: list[Change] = []
        self.holds: dict[tuple[HoldReason, str], Hold] = {}
        self.new_employees: dict[int, NewEmployee] = {}
        self.unmapped_reasons: dict[int, tuple[HoldReason | None, str]] = {}
        self.tried_to_move: set[RowId | None] = set()
        self.pending: dict[RowId, Change] = {}
        """Deletes for the end of the run, by row."""
        self.going: tuple[Change, ...] = ()
        """Every delete that only a guard may still stop."""
        self.reported: list[RowId] = []
        """Rows without a shift that are only reported."""
        self.guarded: set[RowId | None] = set()
        """Rows of people who would lose all rows: held one by one, or accepted by a person."""
        self.let_through: set[RowId] = set(evidence.let_through)
        """Rows whose deletion a person has accepted."""
        self.coming: Counter[RowId] = Counter()
        """How many new rows of each employee wait for the end of the run, since older ones go then."""
        self.deferred: list[Change] = []
        """Those new rows."""
        self.replaced: set[RowId | None] = set()
        """Rows without a shift that new rows of the same person replace."""
        self.deleted_for_others: set[RowId | None] = set()
        """Rows without a shift that this plan deletes because of new rows, though another look decides on them."""
        self.accept_names: dict[RowId, str] = {}
        """The fingerprint to accept before the deletes of an employee are let through."""
        self.pending_absent: set[str] = set()
        self.pending_orphans = False
        self.waits: dict[str, Wait] = {}
        self.undecided: set[str] = set()
        self.unremembered: set[str] = set()
        """Shifts whose remembered values stay as they are."""
        self.stale: set[str] = set()
        """Shifts whose link is out of date: their row belongs to another shift now."""
        self.leans = False

    @property
    def rows_go(self) -> bool:
        """Whether any look of this run may delete rows without a shift."""
        return self.policy.orphans == "delete" or bool(self.evidence.account)

    @cached_property
    def breaks(self) -> tuple[tuple[Break, ...], tuple[str, ...]]:
        """The breaks to be stored again, and the ids of those found gone."""
        return breaks_to_remember(self.window, self.snapshot, self.stored)

    @cached_property
    def of_shift(self) -> tuple[tuple[str, Callable[[Shift], object]], ...]:
        """The columns of a row that follow from more of a shift than person and times."""
        stored = self.stored
        if not stored.optional:
            return shift_columns(stored.lacks, stored.optional, Derived())
        breaks = breaks_that_count((*stored.breaks_around, *stored.breaks), *self.breaks, stored.break_types)
        return shift_columns(stored.lacks, stored.optional, Derived(stored.job_names, breaks))

    @cached_property
    def likenesses(self) -> Likenesses:
        """The employees that a user without one might be."""
        working = (user.id for user in self.snapshot.users if not user.is_archived)
        return Likenesses(self.stored.people, taken(self.stored.users_of, working))

    @cached_property
    def leavers(self) -> Likenesses:
        """Archived users for whom this plan creates an employee, with provisional ids: one may have been rehired."""
        clocked = {shift.user_id for shift in self.snapshot.shifts} - self.stored.employees.keys()
        left = (user for user in self.snapshot.users if user.is_archived and user.id in clocked)
        return Likenesses(
            Employee(id=provisional_employee(u.id), name=u.name, email=u.email, phone=u.phone) for u in left
        )

    @cached_property
    def rows_of_people(self) -> Counter[RowId]:
        """How many rows of ours each employee has in the window, of all time clocks."""
        return Counter(row.employee_id for row in self.stored.rows if row.is_ours and self.inside(row.clock_in))

    @cached_property
    def present(self) -> frozenset[str]:
        """The ids of this answer's shifts. Built on demand: few decisions need it, and there may be very many."""
        return frozenset(shift.id for shift in self.snapshot.shifts)

    @cached_property
    def shown(self) -> dict[str, Shift]:
        """The shifts of this answer by id."""
        return {shift.id: shift for shift in self.snapshot.shifts}

    def unlinked(self, matches: tuple[Match, ...]) -> tuple[ClockTime, ...]:
        """Rows of ours in the window that have no shift, and get none."""
        taken = {m.row.id for m in matches if m.row is not None} | {c.before.id for c in self.changes if c.before}
        # Deferred new rows would stand next to rows that wait to be deleted.
        taken |= self.pending.keys() if not self.deferred else set()
        return tuple(
            row
            for row in self.stored.rows
            if row.is_ours and row.id not in self.shift_of_row and row.id not in taken and self.inside(row.clock_in)
        )

    def rows_of_this_clock(self, matches: tuple[Match, ...]) -> tuple[ClockTime, ...]:
        """Rows of ours in the window that belong to this time clock, or that this plan changes."""
        mine = {m.row.id for m in matches if m.row is not None} | {c.before.id for c in self.changes if c.before}
        mine |= {m.clock_time_id for m in self.stored.mirrors if m.shift.time_clock_id == self.clock}
        start, end = self.start, self.end
        return tuple(
            row
            for row in self.stored.rows
            if start <= row.clock_in < end and row.source == CONNECTEAM and row.id in mine
        )

    def is_known(self, mirror: TrackedShift) -> bool:
        """Whether the remembered values of a shift are those this run has seen."""
        return self.shown.get(mirror.shift.id) == mirror.shift or self.evidence.has_refreshed(mirror)

    def is_fresh(self, shift_id: str) -> bool:
        """Whether this run has seen a shift: the remembered values of any other may be out of date."""
        if shift_id in self.present:
            return True
        self.leans = True
        mirror = self.mirrors.get(shift_id)
        return mirror is not None and self.evidence.has_refreshed(mirror)

    def decides_on(self, mirror: TrackedShift, row: ClockTime) -> bool:
        """Whether this look decides on a shift and its row: not if only the padding shows it."""
        shown = self.shown.get(mirror.shift.id)
        return shown is not None and (
            self.inside(shown.start) or self.inside(row.clock_in) or not self.evidence.plans(self.clock, shown.start)
        )

    def has_left(self, mirror: TrackedShift, at: int, shift: Shift) -> bool:
        """Whether a shift shown only in the padding was, at an instant, on a day of another look and is on a day of
        none of the run's looks now: then the look that sees it moves its row.
        """
        self.leans = True
        return self.evidence.plans(mirror.shift.time_clock_id, at) and not self.evidence.plans(self.clock, shift.start)

    def wait(self, shift: Shift, because: str | None = None) -> None:
        """Leave a shift to the end of the run: in any case, or only if the shift `because` has changed by then."""
        self.leans = True
        known = self.waits.get(shift.id)
        if known is None or known.because is not None:
            mirror = self.mirrors.get(shift.id)
            self.waits[shift.id] = Wait(
                shift_id=shift.id,
                user_id=shift.user_id,
                start=shift.start,
                because=because,
                has_row=mirror is not None and mirror.clock_time_id in self.rows,
            )

    def wait_for(self, change: Change, because: str | None) -> None:
        """Leave the shift of a change to the end of the run."""
        shift = self.shown.get(change.shift_id or "")
        if shift is not None:
            self.wait(shift, because)

    def give_up_link(self, mirror: TrackedShift) -> None:
        """Forget the link of a shift to a row that now belongs to another shift."""
        self.stale.add(mirror.shift.id)
        self.shift_of_row.pop(mirror.clock_time_id or 0, None)
        self.mirrors[mirror.shift.id] = msgspec.structs.replace(mirror, clock_time_id=None, applied=None)

    def inside(self, instant: int) -> bool:
        """Whether an instant lies in the window proper; its bounds are computed once."""
        return self.start <= instant < self.end

    def row_for(self, shift: Shift, employee: RowId, key: RowId | None) -> ClockTime:
        """The right row for a shift, with the columns that the table has."""
        return row_of(shift, employee, id=key, of_shift=self.of_shift)

    def moved_row(self, shift: Shift, employee: RowId, row: ClockTime) -> ClockTime:
        """The row of another look's shift, moved to the times of that. Its breaks are not known here: what follows from
        them stays as it is, and the next look at its day corrects it.
        """
        return with_rest(self.row_for(shift, employee, row.id), row)

    def right_row(self, shift: Shift, employee: RowId, row: ClockTime | None, former: RowId | None) -> ClockTime:
        """The same beside the `row` that the shift has; without one, with the key that it had (`former`).

        Hours entered by hand are compared by person and times alone, and a closed day as `as_closed` says.
        """
        after = self.row_for(shift, employee, former if row is None else row.id)
        if row is None or row == after or not self.of_shift:
            return after
        if not row.is_ours:
            return with_rest(after, row)
        is_closed = self.closed_days(self.change("update", row, after, shift, ""))
        return as_closed(after, row) if is_closed else after

    def edited_locally(self, mirror: TrackedShift | None, row: ClockTime) -> bool:
        """Whether a linked row differs from the values we last applied to it (rule 11)."""
        if mirror is None or mirror.applied is None or mirror.clock_time_id != row.id:
            return False
        last = mirror.applied
        return row != with_times(row, last.employee_id, last.clock_in, last.clock_out)

    def draft(
        self, kind: ChangeKind, before: ClockTime | None, after: ClockTime | None, shift: Shift | None, why: str
    ) -> None:
        """Add a change, or a hold if its day is locked (rule 9), other rows point at it, or it was refused."""
        change = self.change(kind, before, after, shift, why)
        if after is not None and self.inherits_from_elsewhere(change):
            own = self.change("create", None, msgspec.structs.replace(after, id=None), shift, "new shift")
            if self.closed_days(own):
                # The look at that time clock holds the row that stays; both must not speak of its hours.
                change = own
        obstacle = self.obstacle(change)
        if obstacle is None:
            self.changes.append(change)
        else:
            would_be = obstacle[0] == "locked_day" and not purged_of(self.closed_days(change))
            self.hold_change(obstacle[0], change, obstacle[1], would_be=would_be)

    def inherits_from_elsewhere(self, change: Change) -> bool:
        """Whether a change gives a shift the row of one that is gone from another time clock."""
        owner = self.shift_of_row.get(change.before.id or 0) if change.kind == "update" and change.before else None
        return (
            owner is not None
            and owner.shift.id != change.shift_id
            and owner.shift.time_clock_id != self.clock
            and self.evidence.is_gone(owner)
        )

    def obstacle(self, change: Change) -> tuple[HoldReason, str] | None:
        """Why a change cannot be written: the reason and the sentence of its hold; None if it can."""
        kind, before, after = change.kind, change.before, change.after
        locked = self.closed_days(change) if kind != "link" else ()
        refused = self.stored.refused.get(subject_of(change)) if self.stored.refused else None
        if locked:
            closed = (*purged_of(locked), *locked)[0]
            return ("locked_day", unwritten_text(change, closed, self.zone, self.names()))
        if pointing := kept_by(self.stored.children, before, after):
            return ("child_row", held_detail(change.image.id, pointing))
        if refused is not None:
            return ("refused_by_database", f"{WHAT[kind]} ({change.why}): your table refuses it: {refused}")
        return None

    def change(
        self, kind: ChangeKind, before: ClockTime | None, after: ClockTime | None, shift: Shift | None, why: str
    ) -> Change:
        """A change, and the days that it touches."""
        return Change(
            kind=kind,
            before=before,
            after=after,
            shift_id=shift.id if shift else None,
            user_id=shift.user_id if shift else None,
            days=self.days_of(before, after),
            why=why,
        )

    def names(self) -> dict[RowId, str]:
        """Names by employee id, including employees that this plan creates."""
        made = {provisional_employee(user): person.name for user, person in self.new_employees.items()}
        return self.stored.names | made

    def closed_days(self, change: Change) -> tuple[LockedDay, ...]:
        """The closed days that a change would alter."""
        return self.locks.blocking(change, self.stored.users_of, clock=self.clock)

    def days_of(self, *images: ClockTime | None) -> tuple[date, date]:
        """First and last local day the images touch together."""
        spans = [days_touched(image.clock_in, image.clock_out, self.zone) for image in images if image is not None]
        if len(spans) == 1:
            return spans[0]
        return (min(first for first, _ in spans), max(last for _, last in spans))

    def hold_invalid_record(self, record: InvalidRecord) -> None:
        """Hold a record that cannot be believed, the value quoted (rule 10)."""
        kind = "break" if record.kind == "break" else "shift"
        subject = f"{kind}:{record.activity_id}" if record.activity_id else f"record:{record.digest}"
        mirror = self.mirrors.get(record.activity_id or "")
        around = self.window.padded()
        is_away = mirror is not None and not around.start_utc <= mirror.shift.start < around.end_utc
        self.add_hold(
            Hold(
                reason="impossible_record",
                subject=subject,
                detail=f"{_ABOUT.get(record.kind, record.kind)} cannot be believed: {record.problem}"
                f"{self.when(record)}{self.row_elsewhere(mirror) if is_away else ''}",
                shift_id=record.activity_id,
                user_id=record.user_id,
                clock_time_id=mirror.clock_time_id if mirror else None,
                employee_id=self.stored.employees.get(record.user_id or 0),
                # The look at the days of that row does not show the record, and must not resolve the hold.
                instant=mirror.shift.start if mirror and not is_away else record.start,
            )
        )

    def row_elsewhere(self, mirror: TrackedShift | None) -> str:
        """That the shift of a record has its row on a day that is not looked at: a sentence's end."""
        row = self.rows.get(mirror.clock_time_id) if mirror else None
        return f"; row {row.id} of this shift is on {local_day(row.clock_in, self.zone)}" if row else ""

    def when(self, record: InvalidRecord) -> str:
        """The valid times of an invalid record in the business time zone, as the end of a sentence."""
        if record.start is None:
            # A start in milliseconds is invalid, but the day that was meant helps a person to find the record.
            return f" (as milliseconds that would be {stamp(record.meant, self.zone)})" if record.meant else ""
        if record.end is None:
            return f" (it began {stamp(record.start, self.zone)})"
        day = local_day(record.start, self.zone)
        return f" ({day} {span(record.start, record.end, self.zone, day)})"

    def hold_change(self, reason: HoldReason, change: Change, detail: str, *, would_be: bool = False) -> None:
        """A hold in the place of a change; `would_be`: only its closed day keeps it from being written."""
        row = change.before
        self.add_hold(
            Hold(
                reason=reason,
                subject=subject_of(change),
                detail=detail,
                shift_id=change.shift_id,
                user_id=change.user_id,
                clock_time_id=row.id if row else None,
                employee_id=change.image.employee_id,
                instant=change.image.clock_in,
                minutes=change.minutes,
                change=change if would_be else None,
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
        employee: RowId | None = image.employee_id
        if isinstance(employee, int) and employee <= 0:  # no employee, or one yet to be created
            employee = self.stored.employees.get(shift.user_id, row.employee_id if row else None)
        self.add_hold(
            Hold(
                reason=reason,
                subject=f"shift:{shift.id}",
                detail=detail,
                shift_id=shift.id,
                user_id=shift.user_id,
                clock_time_id=row.id if row else None,
                employee_id=employee,
                instant=shift.start,
                minutes=image.minutes - (row.minutes if row else 0),
                time_clock_id=shift.time_clock_id if shift.time_clock_id != self.clock else None,
            )
        )

    def hold_row(
        self,
        reason: HoldReason,
        row: ClockTime,
        detail: str,
        mirror: TrackedShift | None,
        *,
        has_own_hold: bool = False,
    ) -> None:
        """A hold about a row that stays although Connecteam does not show its shift.

        `has_own_hold`: another look of the run holds the shift itself.
        """
        self.add_hold(
            Hold(
                reason=reason,
                subject=f"shift:{mirror.shift.id}" if mirror and not has_own_hold else f"row:{row.id}",
                detail=detail,
                shift_id=mirror.shift.id if mirror else None,
                user_id=mirror.shift.user_id if mirror else None,
                clock_time_id=row.id,
                employee_id=row.employee_id,
                instant=row.clock_in,
                minutes=-row.minutes,
            )
        )

    def add_hold(self, hold: Hold) -> None:
        """One hold per reason and subject; the first word stands."""
        self.holds.setdefault((hold.reason, hold.subject), hold)

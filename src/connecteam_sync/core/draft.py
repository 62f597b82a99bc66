"""The draft of one decision: what is stored, looked up fast; drafts of changes; holds."""

from __future__ import annotations

from collections import Counter
from datetime import date
from functools import cached_property
from zoneinfo import ZoneInfo

import msgspec

from connecteam_sync.core.change import Change, ChangeKind, Hold, HoldReason, NewEmployee, Policy, Wait, subject_of
from connecteam_sync.core.child_rows import held_detail, kept_by
from connecteam_sync.core.clocktime import CONNECTEAM, ClockTime, Employee, StoredState, TrackedShift, clock_time_of
from connecteam_sync.core.columns import row_of, with_times
from connecteam_sync.core.evidence import Looks
from connecteam_sync.core.keys import RowId, provisional_employee
from connecteam_sync.core.locks import Locks, unwritten
from connecteam_sync.core.match import Match, absent
from connecteam_sync.core.people import Likenesses, taken
from connecteam_sync.core.shift import InvalidRecord, Shift, Snapshot
from connecteam_sync.core.text import span, stamp
from connecteam_sync.core.window import LockedDay, Window, days_touched, local_day

_ABOUT = {"shift": "a shift", "break": "a break", "user": "a person's record"}


WHAT: dict[ChangeKind, str] = {
    "create": "a new row",
    "update": "the correction",
    "link": "the link",
    "delete": "the deletion",
}


class PlanBuilder:
    """Drafts of changes by subject, holds, what waits for the end of the run, and the indexes to look things up in."""

    def __init__(self, window: Window, snapshot: Snapshot, stored: StoredState, policy: Policy, looks: Looks) -> None:
        self.window, self.snapshot, self.stored, self.policy = window, snapshot, stored, policy
        self.looks, self.stage = looks, looks.stage
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
        self.strangers: dict[int, tuple[HoldReason | None, str]] = {}
        self.asked: set[RowId | None] = set()
        self.pending: dict[RowId, Change] = {}
        """Deletes for the end of the run, by row."""
        self.going: tuple[Change, ...] = ()
        """Every delete that nothing but a guard keeps from being made."""
        self.reported: list[RowId] = []
        """Rows without a shift that are only reported."""
        self.guarded: set[RowId | None] = set()
        """Rows that a person would lose with all of theirs: held by themselves, or let through."""
        self.let_through: set[RowId] = set(looks.let_through)
        """Rows that a person's word lets go."""
        self.coming: Counter[RowId] = Counter()
        """How many new rows of each employee this plan leaves for the end of the run, since older ones go then."""
        self.deferred: list[Change] = []
        """Those new rows."""
        self.replaced: set[RowId | None] = set()
        """Rows without a shift that new ones of the same person come for."""
        self.lent: set[RowId | None] = set()
        """Rows without a shift that this plan lets go because of new ones, though another look decides on them."""
        self.words: dict[RowId, str] = {}
        """What a person has to say before the deletes of an employee are let through."""
        self.pending_absent: set[str] = set()
        self.pending_orphans = False
        self.waits: dict[str, Wait] = {}
        self.undecided: set[str] = set()
        self.unremembered: set[str] = set()
        """Shifts of which nothing new is remembered yet."""
        self.stale: set[str] = set()
        """Shifts whose link no longer fits: their row is another shift's by now."""
        self.leans = False

    @property
    def rows_go(self) -> bool:
        """Whether rows without a shift go in this run, by whichever of its looks."""
        return self.policy.orphans == "delete" or bool(self.looks.account)

    @cached_property
    def likenesses(self) -> Likenesses:
        """The employees that a user without one might be."""
        working = (user.id for user in self.snapshot.users if not user.is_archived)
        return Likenesses(self.stored.people, taken(self.stored.users_of, working))

    @cached_property
    def leavers(self) -> Likenesses:
        """Archived users who get an employee by this very plan, as employees with provisional ids: one may be back."""
        clocked = {shift.user_id for shift in self.snapshot.shifts} - self.stored.employees.keys()
        left = (user for user in self.snapshot.users if user.is_archived and user.id in clocked)
        return Likenesses(
            Employee(id=provisional_employee(u.id), name=u.name, email=u.email, phone=u.phone) for u in left
        )

    @cached_property
    def rows_of_people(self) -> Counter[RowId]:
        """How many rows of ours each employee has in the window, whatever their time clock."""
        return Counter(row.employee_id for row in self.stored.rows if row.is_ours and self.inside(row.clock_in))

    @cached_property
    def present(self) -> frozenset[str]:
        """The shifts of this answer; few decisions ask, and there may be very many."""
        return frozenset(shift.id for shift in self.snapshot.shifts)

    @cached_property
    def shown(self) -> dict[str, Shift]:
        """The shifts of this answer by id, where one has to be found."""
        return {shift.id: shift for shift in self.snapshot.shifts}

    def unlinked(self, matches: tuple[Match, ...]) -> tuple[ClockTime, ...]:
        """Rows of ours in the window that have no shift, and get none."""
        taken = {m.row.id for m in matches if m.row is not None} | {c.before.id for c in self.changes if c.before}
        # New rows that are deferred would stand next to these.
        taken |= self.pending.keys() if not self.deferred else set()
        return tuple(
            row
            for row in self.stored.rows
            if row.is_ours and row.id not in self.shift_of_row and row.id not in taken and self.inside(row.clock_in)
        )

    def rows_of_this_clock(self, matches: tuple[Match, ...]) -> tuple[ClockTime, ...]:
        """Rows of ours in the window that belong to this time clock, or that this decision is about."""
        mine = {m.row.id for m in matches if m.row is not None} | {c.before.id for c in self.changes if c.before}
        mine |= {m.clock_time_id for m in self.stored.mirrors if m.shift.time_clock_id == self.clock}
        start, end = self.start, self.end
        return tuple(
            row
            for row in self.stored.rows
            if start <= row.clock_in < end and row.source == CONNECTEAM and row.id in mine
        )

    def is_known(self, mirror: TrackedShift) -> bool:
        """Whether what is remembered of a shift is what this run has seen of it."""
        return self.shown.get(mirror.shift.id) == mirror.shift or self.looks.has_refreshed(mirror)

    def is_fresh(self, shift_id: str) -> bool:
        """Whether this run has seen a shift: what is remembered of any other may be out of date."""
        if shift_id in self.present:
            return True
        self.leans = True
        mirror = self.mirrors.get(shift_id)
        return mirror is not None and self.looks.has_refreshed(mirror)

    def decides_on(self, mirror: TrackedShift, row: ClockTime) -> bool:
        """Whether this look decides on a shift and its row: not where its padding alone shows another look's shift."""
        shown = self.shown.get(mirror.shift.id)
        return shown is not None and (
            self.inside(shown.start) or self.inside(row.clock_in) or not self.looks.plans(self.clock, shown.start)
        )

    def has_left(self, mirror: TrackedShift, at: int, shift: Shift) -> bool:
        """Whether a shift that the padding alone shows was, at an instant, on a day of another look of this run, and is
        on a day of none by now: whoever sees it takes its row along.
        """
        self.leans = True
        return self.looks.plans(mirror.shift.time_clock_id, at) and not self.looks.plans(self.clock, shift.start)

    def wait(self, shift: Shift, because: str | None = None) -> None:
        """Leave a shift to the end of the run: in any case, or where the one `because` of which turns out to differ."""
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
        """The shift of a change waits for the end of the run."""
        shift = self.shown.get(change.shift_id or "")
        if shift is not None:
            self.wait(shift, because)

    def give_up_link(self, mirror: TrackedShift) -> None:
        """Forget that a row is a shift's: it has become another one's."""
        self.stale.add(mirror.shift.id)
        self.shift_of_row.pop(mirror.clock_time_id or 0, None)
        self.mirrors[mirror.shift.id] = msgspec.structs.replace(mirror, clock_time_id=None, applied=None)

    def inside(self, instant: int) -> bool:
        """Whether an instant lies in the window proper; its bounds are computed once."""
        return self.start <= instant < self.end

    def row_for(self, shift: Shift, employee: RowId, key: RowId | None) -> ClockTime:
        """The row that is right for a shift, of the columns that the table has."""
        return row_of(shift, employee, id=key, lacks=self.stored.lacks)

    def edited_locally(self, mirror: TrackedShift | None, row: ClockTime) -> bool:
        """Whether a linked row differs from what we last applied to it (rule 11)."""
        if mirror is None or mirror.applied is None or mirror.clock_time_id != row.id:
            return False
        last = mirror.applied
        return row != with_times(row, last.employee_id, last.clock_in, last.clock_out)

    def draft(
        self, kind: ChangeKind, before: ClockTime | None, after: ClockTime | None, shift: Shift | None, why: str
    ) -> None:
        """Put down a change, or its hold where the day it is on, or was on, is locked (rule 9), or rows point at it."""
        change = self.change(kind, before, after, shift, why)
        found = self.obstacle(change)
        if found is None:
            self.changes.append(change)
        else:
            self.hold_change(found[0], change, found[1])

    def obstacle(self, change: Change) -> tuple[HoldReason, str] | None:
        """Why a change cannot be written, whatever asks for it: the reason of its hold, and a sentence."""
        kind, before, after = change.kind, change.before, change.after
        locked = self.closed_days(before, after) if kind != "link" else ()
        refused = self.stored.refused.get(subject_of(change))
        if locked:
            return ("locked_day", unwritten(change, locked[0], self.zone, self.names()))
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
        """Names by employee id, those this plan creates among them."""
        made = {provisional_employee(user): person.name for user, person in self.new_employees.items()}
        return self.stored.names | made

    def closed_days(self, *images: ClockTime | None) -> tuple[LockedDay, ...]:
        """The locked days that the clock-ins of the images fall on: a row belongs to the day on which it begins."""
        return self.locks.holding(images)

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
        """The times of a doubted record that can be believed, on the clock of the business: a sentence's end."""
        if record.start is None:
            # A time in milliseconds is no time; which day was meant is all that leads to the record.
            return f" (as milliseconds that would be {stamp(record.meant, self.zone)})" if record.meant else ""
        if record.end is None:
            return f" (it began {stamp(record.start, self.zone)})"
        day = local_day(record.start, self.zone)
        return f" ({day} {span(record.start, record.end, self.zone, day)})"

    def hold_change(self, reason: HoldReason, change: Change, detail: str) -> None:
        """A hold in the place of a change."""
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
        if isinstance(employee, int) and employee <= 0:  # nobody, or somebody who is not there yet
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
        self, reason: HoldReason, row: ClockTime, detail: str, mirror: TrackedShift | None, *, beside: bool = False
    ) -> None:
        """A hold about a row that stays although Connecteam does not show its shift.

        `beside`: another look of the run has a hold about the shift itself.
        """
        self.add_hold(
            Hold(
                reason=reason,
                subject=f"shift:{mirror.shift.id}" if mirror and not beside else f"row:{row.id}",
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

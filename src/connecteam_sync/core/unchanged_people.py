"""People about whom a look has nothing to decide: while nothing of theirs changes, they are neither decoded nor read.

A decision on one person's shifts and rows leans on nobody else's, but for three things: the sums of a plan, the guards,
which go by shares, and records that pass from one person to another. Sums are kept here; guards become stricter where
people are skipped, so a refusal is decided again with everybody; and who has a record of somebody who is skipped is
found by `reaches_into`. Decision 26 has the whole argument.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Container, Iterable, Mapping
from operator import attrgetter
from typing import TypeVar

import msgspec

from connecteam_sync.core.change import SlicePlan
from connecteam_sync.core.clocktime import ClockTime, StoredState, TrackedShift
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.shift import Shift, Snapshot

K = TypeVar("K")
T = TypeVar("T")


class PersonSums(msgspec.Struct, frozen=True, gc=False):
    """What a unchanged person adds to a plan: shifts of the window, and the minutes of their rows.

    Somebody who is listed, and of whom nothing else is known, may have no employee. `unremembered` are marks of the ids
    of shown shifts that nobody remembers: those of other days.
    """

    employee_id: RowId | None
    shifts: int
    minutes: int
    unremembered: tuple[int, ...] = ()


def mark_of(shift_id: str) -> int:
    """A number that stands for an id; two ids have the same about once in 280 million million times."""
    return int.from_bytes(hashlib.sha256(shift_id.encode()).digest()[:6])


def unchanged_people(
    plan: SlicePlan, stored: StoredState, skipped: Container[int] = (), *, outdated: Container[str] = ()
) -> dict[int, PersonSums]:
    """The users of the answer about whom this plan decides nothing, and would not on equal inputs; without those who
    were `skipped` of it. `outdated` are shifts that the plan took for nothing (`RunEvidence.outdated`).

    Each is the only user of one employee, or of none and without any shift; all that is known of them lies in the
    padded window, every shift of the answer is remembered as it is, every row is a shift's or another program's, and no
    change, hold, wait or memory of the plan is theirs.
    """
    if plan.leans or plan.refusals or plan.snapshot.invalid_records:
        return {}
    facts = _Facts(plan, stored)
    users, employees = facts.busy()
    users |= {mirror.shift.user_id for mirror in stored.mirrors if mirror.shift.id in outdated}
    return {
        user: facts.sums(user, employee)
        for user in plan.snapshot.listed - users
        if user not in skipped
        and (employee := stored.employees.get(user)) not in employees
        and facts.is_only_user(user, employee)
        and facts.is_in_order(user, employee)
    }


class _Facts:
    """The inputs of a plan by person."""

    def __init__(self, plan: SlicePlan, stored: StoredState) -> None:
        self._plan, self._stored = plan, stored
        padded = plan.window.padded()
        self._low, self._high = padded.start_utc, padded.end_utc
        self._start, self._end = plan.window.start_utc, plan.window.end_utc
        self._clock = plan.time_clock_id
        self._shown: dict[int, list[Shift]] = _by(plan.snapshot.shifts, attrgetter("user_id"))
        self._mirrors: dict[int, list[TrackedShift]] = _by(stored.mirrors, attrgetter("shift.user_id"))
        self._rows: dict[RowId | None, list[ClockTime]] = _by(stored.rows, attrgetter("employee_id"))
        self._row_of = {row.id: row for row in stored.rows}
        self._user_of_row = {m.clock_time_id: m.shift.user_id for m in stored.mirrors if m.clock_time_id is not None}
        self._known = {mirror.shift.id for mirror in stored.mirrors}
        self._users_of = Counter(stored.employees.values())
        breaks = (*plan.snapshot.breaks, *stored.breaks)
        self._pausing = {item.user_id for item in breaks}
        self._far = {item.user_id for item in breaks if not self._is_near(item.start)}

    def _is_near(self, instant: int) -> bool:
        return self._low <= instant < self._high

    def busy(self) -> tuple[set[int], set[RowId | None]]:
        """The users and employees of whom the plan says anything."""
        plan, stored = self._plan, self._stored
        changes = (*plan.changes, *plan.pending.deletes, *plan.losses.going)
        names = {subject.partition(":")[::2] for subject in plan.undecided}
        shifts = {change.shift_id for change in changes} | {hold.shift_id for hold in plan.holds}
        shifts |= {*plan.pending.absent, *plan.outdated, *(name for kind, name in names if kind == "shift")}
        rows = {hold.clock_time_id for hold in plan.holds} | {*plan.at_risk, *plan.losses.let_through}
        row_names = {name for kind, name in names if kind == "row"} | {str(row) for row in rows}
        users = {change.user_id for change in changes} | {hold.user_id for hold in plan.holds}
        users |= {wait.user_id for wait in plan.pending.waits} | {new.user_id for new in plan.new_employees}
        users |= {item.user_id for item in plan.breaks}
        shifts |= {mirror.shift.id for mirror in plan.mirrors}
        users |= {shift.user_id for shift in plan.snapshot.shifts if shift.id in shifts}
        users |= {mirror.shift.user_id for mirror in stored.mirrors if mirror.shift.id in shifts}
        gone = {*plan.breaks_gone}
        users |= {item.user_id for item in stored.breaks if item.id in gone}
        images = [image for c in changes for image in (c.before, c.after) if image is not None]
        employees: set[RowId | None] = {image.employee_id for image in images}
        employees |= {hold.employee_id for hold in plan.holds} | {employee for employee, _ in plan.losses.coming}
        employees |= {row.employee_id for row in stored.rows if str(row.id) in row_names}
        return {user for user in users if user is not None}, employees - {None}

    def is_only_user(self, user: int, employee: RowId | None) -> bool:
        """Whether nobody else counts for an employee, and the user for nobody else; without an employee, whether
        nothing is known of the user.
        """
        if employee is None:
            is_seen = user in self._shown or user in self._mirrors or user in self._pausing
            return not is_seen and user not in self._stored.ambiguous
        others = self._stored.users_of.get(employee, {user})
        return self._users_of[employee] == 1 and others == {user} and user not in self._stored.ambiguous

    def is_in_order(self, user: int, employee: RowId | None) -> bool:
        """Whether all that is known of a person lies within these days, and is as it should be."""
        shown = {shift.id: shift for shift in self._shown.get(user, ())}
        mirrors = self._mirrors.get(user, ())
        known = {mirror.shift.id: mirror for mirror in mirrors}
        return (
            user not in self._far
            and all(self._is_near(shift.start) and self._is_remembered(shift, known) for shift in shown.values())
            and all(self._is_right(mirror, shown, employee) for mirror in mirrors)
            and all(
                self._is_near(row.clock_in)
                and (self._user_of_row[row.id] == user if row.id in self._user_of_row else not row.is_ours)
                for row in self._rows.get(employee, ())
            )
        )

    def _is_remembered(self, shift: Shift, known: Mapping[str, TrackedShift]) -> bool:
        """Whether a shift is remembered as it is; one of other days may not be remembered yet."""
        mirror = known.get(shift.id)
        if mirror is None:
            return not self._start <= shift.start < self._end
        return mirror.shift == shift

    def _is_right(self, mirror: TrackedShift, shown: Mapping[str, Shift], employee: RowId | None) -> bool:
        """Whether a tracked shift lies within these days, with a row of this person or none."""
        if not self._is_near(mirror.shift.start):
            return False
        if mirror.shift.time_clock_id == self._clock and mirror.is_gone == (mirror.shift.id in shown):
            return False
        if mirror.clock_time_id is None:
            return True
        row = self._row_of.get(mirror.clock_time_id)
        return row is not None and row.employee_id == employee

    def sums(self, user: int, employee: RowId | None) -> PersonSums:
        """What the plan counts of a person."""
        start, end, clock = self._start, self._end, self._clock
        mine = {mirror.clock_time_id for mirror in self._mirrors.get(user, ()) if mirror.shift.time_clock_id == clock}
        return PersonSums(
            employee,
            sum(start <= shift.start < end for shift in self._shown.get(user, ())),
            sum(
                row.minutes
                for row in self._rows.get(employee, ())
                if start <= row.clock_in < end and row.is_ours and row.id in mine
            ),
            tuple(mark_of(shift.id) for shift in self._shown.get(user, ()) if shift.id not in self._known),
        )


def _by(items: Iterable[T], key: Callable[[T], K]) -> dict[K, list[T]]:
    found: dict[K, list[T]] = defaultdict(list)
    for item in items:
        found[key(item)].append(item)
    return found


def reaches_into(snapshot: Snapshot, stored: StoredState, skipped: Mapping[int, PersonSums]) -> bool:
    """Whether anything that was read belongs to people who were `skipped`, or has an id of theirs: then a record has
    passed from one person to another, or one id stands for two shifts, and everybody is to be read.
    """
    employees = {sums.employee_id for sums in skipped.values()}
    known = {mirror.shift.id for mirror in stored.mirrors}
    marks = {mark for sums in skipped.values() for mark in sums.unremembered}
    return (
        any(mirror.shift.user_id in skipped for mirror in stored.mirrors)
        or any(row.employee_id in employees for row in stored.rows)
        or any(item.user_id in skipped for item in stored.breaks)
        or (bool(marks) and any(mark_of(one.id) in marks for one in snapshot.shifts if one.id not in known))
    )

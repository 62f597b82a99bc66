"""A fresh look compared with the table: by plan, by plain counting, and with Connecteam's own totals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from datetime import date
from typing import TypeVar

import msgspec

from connecteam_sync.api.timesheets import DayTotal
from connecteam_sync.core.adopt import Offset, offset_rows
from connecteam_sync.core.change import Counts, SlicePlan
from connecteam_sync.core.clocktime import StoredState
from connecteam_sync.core.locks import purged_of
from connecteam_sync.core.run import Difference, Failure, Plan, Verification
from connecteam_sync.core.shift import Break, Shift
from connecteam_sync.core.timesheets import Counted, TimesheetDay, TimesheetRules, counted, differing
from connecteam_sync.core.verify import SeenLocks, SeenTotals, differing_days, held_by
from connecteam_sync.core.window import Window
from connecteam_sync.engine.context import Context
from connecteam_sync.engine.propose import failure_of, newest_plans, propose
from connecteam_sync.errors import ConnecteamSyncError, Rejected

Said = TypeVar("Said", tuple[int, date, int], tuple[int, date, bool | None, bool | None])
NO_COUNTS = Counts()
"""Of a look that plans nothing."""


def verify(context: Context, window: Window, *, rules: TimesheetRules | None) -> Verification:
    """A fresh look compared with the table, by plan and by plain counting. Nothing is written.

    With `rules`, Connecteam's own totals are read too, and judged by them.
    """
    # Verified by shift ids, whichever planner is configured.
    proposal, stored = propose(context, [window], planner="batch")
    looked = newest_plans(proposal.plans, stored)
    parts = [(plan.time_clock_id, plan.window) for plan, _ in looked]
    timesheets = None if rules is None else Timesheets(context, parts, rules)
    return verification_of(window, proposal, looked, timesheets)


class Timesheets:
    """Connecteam's own totals of the days of time clocks: the person-days that were judged, and requests that failed.

    `parts` are the time clocks and days that will be read. `unread` are those that were not: the request failed, or
    Connecteam no longer shows that time clock.
    """

    def __init__(self, context: Context, parts: Sequence[tuple[int, Window]], rules: TimesheetRules) -> None:
        self._context, self._rules = context, rules
        self._step = context.step("reading timesheets", [window for _, window in parts])
        self.failures: list[Failure] = []
        self.seen: list[SeenTotals] = []
        self.locks: list[SeenLocks] = []
        self.approved: set[tuple[int, date]] = set()
        self.counted: list[Counted] = []
        self.unread: set[tuple[int, Window]] = set()

    def differing(self, plan: SlicePlan) -> list[Difference]:
        """The person-days of a plan whose totals differ."""
        shown = plan.snapshot
        found = self.count(plan.time_clock_id, plan.window, shown.shifts, shown.breaks, plan.counts)
        return list(differing(found, names={user.id: user.name for user in shown.users}, approved=self.approved))

    def count(
        self, clock: int, window: Window, shifts: Iterable[Shift], breaks: Iterable[Break], counts: Counts = NO_COUNTS
    ) -> tuple[Counted, ...]:
        """Every person-day of a time clock's days, in both counts; none if the timesheet cannot be read."""
        self._step.begins(clock, window)
        try:
            fetched = self._fetch_totals(clock, window)
        except ConnecteamSyncError as error:
            self.failures.append(failure_of(clock, window, error))
            self.unread.add((clock, window))
            self._step.failed(clock, window, error)
            return ()
        self._step.done(clock, window, None, counts)
        if fetched is None:
            self.unread.add((clock, window))
            return ()
        self.seen.append((clock, window, tuple((t.user_id, t.day, t.minutes) for t in fetched if _is_in(window, t))))
        self.approved |= {(total.user_id, total.day) for total in fetched if total.is_approved}
        if self._rules.import_locks:
            flags = ((t.user_id, t.day, t.is_locked, t.is_approved) for t in fetched if _is_in(window, t))
            self.locks.append((clock, window, tuple(flags)))
        days = [TimesheetDay(user_id=t.user_id, day=t.day, minutes=t.minutes, shift_ids=t.shift_ids) for t in fetched]
        found = counted(window, shifts, breaks, days, self._rules)
        self.counted += found
        return found

    def _fetch_totals(self, clock: int, window: Window) -> tuple[DayTotal, ...] | None:
        """The totals, also of the days next to the window; None for an archived time clock that is no longer shown."""
        try:
            return self._context.client.timesheet(clock, window.padded(1))
        except Rejected:
            if self._context.choosing.is_archived(clock):
                return None
            raise


def verification_of(
    window: Window, proposal: Plan, looked: Sequence[tuple[SlicePlan, StoredState]], timesheets: Timesheets | None
) -> Verification:
    """The verification of the table by a proposal and the looks it was made of."""
    days: list[Difference] = []
    totals: list[Difference] = []
    offsets: list[Offset] = []
    held = held_by(looked)
    purged = {
        day.day for _, stored in looked for day in purged_of(stored.locked) if window.first <= day.day <= window.last
    }
    for slice_window in dict.fromkeys(plan.window for plan, _ in looked):
        mine = [(plan, stored) for plan, stored in looked if plan.window == slice_window]
        shifts = [shift for plan, _ in mine for shift in plan.snapshot.shifts]
        rows = {row.id: row for _, stored in mine for row in stored.rows}
        employees = {user: employee for _, stored in mine for user, employee in stored.employees.items()}
        names = {employee: name for _, stored in mine for employee, name in stored.names.items()}
        differing_here = differing_days(
            slice_window, shifts, rows.values(), employees=employees, names=names, held=held
        )
        inside = [row for row in rows.values() if slice_window.holds(row.clock_in)]
        offsets += offset_rows(inside, shifts, employees, slice_window.zone)
        if timesheets is not None:
            found = (total for plan, _ in mine for total in timesheets.differing(plan))
            totals += (total for total in found if total.day not in purged)
            approved = {(employees[user], day) for user, day in timesheets.approved if user in employees}
            differing_here = tuple(
                msgspec.structs.replace(one, is_approved=(one.employee_id, one.day) in approved)
                for one in differing_here
            )
        days += differing_here
    failures = (*proposal.failures, *(timesheets.failures if timesheets is not None else ()))
    shown = [s for plan, _ in looked for s in plan.snapshot.shifts if plan.window.holds(s.start)]
    return Verification(
        window=window,
        plan=msgspec.structs.replace(proposal, failures=failures),
        days=tuple(days),
        totals=tuple(totals),
        offsets=tuple(offsets),
        seen=tuple(_kept(timesheets.seen, purged)) if timesheets is not None else (),
        seen_locks=tuple(_kept(timesheets.locks, purged)) if timesheets is not None else (),
        purged=tuple(sorted(purged)),
        shifts=len(shown),
        minutes=sum((s.end - s.start) // 60 for s in shown if s.end is not None),
    )


def _kept(
    seen: Iterable[tuple[int, Window, tuple[Said, ...]]], purged: AbstractSet[date]
) -> Iterator[tuple[int, Window, tuple[Said, ...]]]:
    """What a timesheet said, without purged days: nothing of those is remembered again."""
    for clock, window, people in seen:
        yield clock, window, tuple(one for one in people if one[1] not in purged)


def _is_in(window: Window, total: DayTotal) -> bool:
    return window.first <= total.day <= window.last

"""The checklist of a pay period: a look, what is on record, and the three counts of each person.

Connecteam is asked for everything unless the days are proven: verified after the last change of a row of theirs. Then
only its timesheet is read, which shows by its shift ids what was added or removed since.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import NamedTuple

import msgspec

from connecteam_sync.core.change import Hold, SlicePlan
from connecteam_sync.core.clocktime import ClockTime, StoredState
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.locks import Locks
from connecteam_sync.core.payroll_settings import PaySchedule
from connecteam_sync.core.people import Mapped, mapped
from connecteam_sync.core.period_borders import BorderHours
from connecteam_sync.core.period_check import (
    BadReceipt,
    Checked,
    CheckFacts,
    SecondPerson,
    Undecided,
    late_without_employee,
    obstacles,
    touching,
)
from connecteam_sync.core.proofs import GOOD, ProvenDay, exit_codes
from connecteam_sync.core.run import Failure, StandingHold, Verification
from connecteam_sync.core.shift import Shift
from connecteam_sync.core.text import many
from connecteam_sync.core.three_counts import CountedDay, CountInputs, three_counts
from connecteam_sync.core.timesheets import Counted, TimesheetRules, counted
from connecteam_sync.core.verify import Held, differing_days, held_by
from connecteam_sync.core.window import Window, each_day, later
from connecteam_sync.engine.context import Context
from connecteam_sync.engine.decide import now
from connecteam_sync.engine.propose import newest_plans, propose
from connecteam_sync.engine.verify import Timesheets, verification_of
from connecteam_sync.engine.verify_receipt import on_record
from connecteam_sync.errors import RowMoved, UpstreamError
from connecteam_sync.store.history import holds
from connecteam_sync.store.payroll import locks, period_facts, periods
from connecteam_sync.store.service import proofs
from connecteam_sync.store.session import Session

ATTEMPTS = 3
"""How often a period is looked at if other runs keep writing its rows."""
MAX_DAYS = 2_000
"""How many person-days whose counts are not alike are kept with a checklist; those that differ come first."""


class Moves(NamedTuple):
    """What may change between a checklist and the closing that rests on it."""

    head: int
    holds: frozenset[tuple[str, str]]
    waiting: Undecided


class _Looked(msgspec.Struct, frozen=True, kw_only=True):
    """What a look at a period found, whether Connecteam was asked or its last answers were remembered.

    `shifts` begin in the window. `differing` are person-days of the table that differ from them, `unread` the users
    with a shift of which no timesheet was read; None if none was read. `holds` are None where those on record count.
    `row_of` is the row of each shift that has one.
    """

    shifts: tuple[Shift, ...] = ()
    counted: tuple[Counted, ...] = ()
    differing: frozenset[tuple[date, RowId]] = frozenset()
    unread: frozenset[int] | None = None
    held: Held = Held()
    row_of: dict[str, RowId | None] = {}
    holds: tuple[Hold, ...] | None = None
    users: dict[int, str] = {}
    unproven: tuple[date, ...] = ()
    unproven_why: str = ""
    failures: tuple[Failure, ...] = ()
    refused: tuple[BadReceipt, ...] = ()
    run: int | None = None


class _OnRecord(NamedTuple):
    """What the database has of a period's days, read in one transaction."""

    rows: tuple[ClockTime, ...]
    who: Mapped
    names: dict[RowId, str]
    users: dict[int, str]
    standing: tuple[StandingHold, ...]
    late: tuple[Hold, ...]
    refused: tuple[BadReceipt, ...]
    moves: Moves
    beside: tuple[BorderHours, ...]


class PeriodChecker:
    """Makes checklists. `rules` judge Connecteam's timesheet, `schedule` says which days belong together."""

    def __init__(self, context: Context, rules: TimesheetRules, schedule: PaySchedule) -> None:
        self._context, self._rules, self._schedule = context, rules, schedule

    def check(
        self,
        window: Window,
        *,
        anyway: bool = False,
        not_reviewed: Callable[[int], SecondPerson | None] = lambda _: None,
    ) -> tuple[Checked, Moves]:
        """The checklist of a period, and what it rests on.

        `not_reviewed` says, for the newest journal entry of its days, why a second person still has to act.
        Raises UpstreamError if Connecteam has to be asked and cannot be, unless it is closed `anyway`; RowMoved if
        other runs keep writing its rows.
        """
        for _ in range(ATTEMPTS):
            today = self._context.choosing.today()
            with self._context.store.reading("looking at what is proven") as session:
                head = locks.newest_change(session, window)
                proven = self._proven(session, window)
            looked = self._look(window, today, proven, anyway=anyway)
            with self._context.store.reading("looking at the days of a period") as session:
                found = self._on_record(session, window)
            if found.moves.head == head:
                return self._checked(window, today, looked, found, not_reviewed(head)), found.moves
        raise RowMoved(
            f"other runs keep writing {window} while it is looked at; nothing was closed",
            next_step="run the command again once they are done",
        )

    def moves(self, session: Session, window: Window) -> Moves:
        """What a checklist rests on, as it is now."""
        standing = holds.standing_holds(session)
        of_days = touching(window, (one.hold for one in standing), unmapped=())
        return Moves(
            locks.newest_change(session, window),
            frozenset((hold.reason, hold.subject) for hold in (*of_days, *self._late(session, window, standing))),
            period_facts.waiting(session, window),
        )

    def _late(self, session: Session, window: Window, standing: Iterable[StandingHold]) -> tuple[Hold, ...]:
        """The hours of people without an employee on closed days before the period."""
        locks = Locks(session.locked(self._context.timezone))
        return late_without_employee(window, (one.hold for one in standing), locks)

    def _proven(self, session: Session, window: Window) -> dict[date, ProvenDay]:
        own = session.own
        return proofs.proven_days(session.connection, own, window.timezone, window.first, window.last)

    # -- looking -----------------------------------------------------------------------------------------------------

    def _look(self, window: Window, today: date, proven: dict[date, ProvenDay], *, anyway: bool) -> _Looked:
        over = _days_over(window, today)
        if window.first > today:
            return _Looked()
        if over and all(day in proven and proven[day].is_proven for day in over):
            return self._remembered(window, run=max(proven[day].run for day in over))
        try:
            return self._verified(Window(window.first, min(window.last, today), window.timezone), today)
        except UpstreamError as error:
            if not anyway:
                raise
            blind = self._remembered(window, run=None, is_asked=False)
            why = f"Connecteam could not be looked at: {error.message}"
            return msgspec.structs.replace(blind, unproven=over, unproven_why=why)

    def _verified(self, window: Window, today: date) -> _Looked:
        """A verification, on record as every other."""
        look = _Verifying(self._context, window, self._rules)
        with _without_act(self._context):
            verification = on_record(self._context, window, look.verify)
        codes = exit_codes(verification, today)
        unproven = tuple(day for day in _days_over(window, today) if codes.get(day) not in GOOD)
        sheets, plans = look.sheets, [plan for plan, _ in look.looks]
        shifts = tuple(shift for plan in plans for shift in plan.snapshot.shifts if plan.window.holds(shift.start))
        unread = {
            shift.user_id
            for plan in plans
            if (plan.time_clock_id, plan.window) in sheets.unread
            for shift in plan.snapshot.shifts
            if plan.window.holds(shift.start)
        }
        return _Looked(
            shifts=shifts,
            counted=tuple(sheets.counted),
            differing=frozenset((day.day, day.employee_id) for day in verification.days if day.employee_id is not None),
            unread=frozenset(unread) if sheets.seen else None,
            held=held_by(look.looks),
            row_of={one.shift.id: one.clock_time_id for _, stored in look.looks for one in stored.mirrors},
            holds=verification.plan.holds,
            users={user.id: user.name for plan in plans for user in plan.snapshot.users},
            unproven=unproven,
            unproven_why=_why(verification) if unproven else "",
            failures=verification.plan.failures,
            refused=tuple(
                BadReceipt(plan.time_clock_id, plan.window.first, plan.window.last, "refused")
                for plan in plans
                if plan.refusals
            ),
            run=verification.run,
        )

    def _remembered(self, window: Window, *, run: int | None, is_asked: bool = True) -> _Looked:
        """What Connecteam showed when it was last looked at; its timesheet is read again if it is asked."""
        with self._context.store.reading("reading what Connecteam showed") as session:
            seen = period_facts.seen(session, window)
            rows = period_facts.rows_in(session, window)
            standing = holds.standing_holds(session)
            who = _who(session)
            names = _names(session)
        shifts = tuple(one.shift for one in seen.tracked if window.holds(one.shift.start))
        held_shifts = frozenset(one.hold.shift_id for one in standing if one.hold.shift_id is not None)
        held_rows = {one.hold.clock_time_id for one in standing}
        held_rows |= {one.clock_time_id for one in seen.tracked if one.shift.id in held_shifts}
        held = Held(held_shifts, frozenset(held_rows))
        days = differing_days(window, shifts, rows, employees=who.employees, names=names, held=held)
        sheet = self._sheets(window, seen, is_asked=is_asked)
        failed = sheet.failures[:1]
        return _Looked(
            shifts=shifts,
            counted=sheet.counted,
            differing=frozenset((day.day, day.employee_id) for day in days if day.employee_id is not None),
            unread=sheet.unread,
            held=held,
            row_of={one.shift.id: one.clock_time_id for one in seen.tracked},
            unproven=tuple(each_day(window.first, window.last)) if failed else (),
            unproven_why="".join(f"the third count is missing: {one.error}" for one in failed),
            run=run,
        )

    def _sheets(self, window: Window, seen: period_facts.Seen, *, is_asked: bool) -> _Sheets:
        """Connecteam's timesheet of every time clock: as it is now, else as a verification last read it."""
        by_clock: dict[int, list[Shift]] = defaultdict(list)
        for one in seen.tracked:
            by_clock[one.shift.time_clock_id].append(one.shift)
        clocks = set(by_clock)
        if is_asked:
            try:
                clocks |= self._context.choosing.in_use().keys()
            except UpstreamError:
                # It will not answer for any time clock: what was read of them last is taken.
                is_asked = False
        read = Timesheets(self._context, [(clock, window) for clock in sorted(clocks)] if is_asked else [], self._rules)
        made: list[Counted] = []
        unread: set[int] = set()
        failures: list[Failure] = []
        is_any = False
        for clock in sorted(clocks):
            shifts = by_clock[clock]
            breaks = [item for item in seen.breaks if item.time_clock_id == clock]
            failed = len(read.failures)
            if is_asked:
                made += read.count(clock, window, shifts, breaks)
                if (clock, window) not in read.unread:
                    is_any = True
                    continue
            totals = seen.totals.get(clock, ())
            known = {(total.day, total.user_id) for total in totals}
            last = counted(window, shifts, breaks, totals, self._rules)
            made += [one for one in last if (one.day, one.user_id) in known]
            missing = {one.user_id for one in last if (one.day, one.user_id) not in known}
            unread |= missing
            is_any = is_any or bool(known)
            if missing:
                failures += read.failures[failed:]
        return _Sheets(tuple(made), frozenset(unread) if is_any else None, tuple(failures))

    # -- adding up ---------------------------------------------------------------------------------------------------

    def _on_record(self, session: Session, window: Window) -> _OnRecord:
        proven = {day: one.run for day, one in self._proven(session, window).items() if one.is_proven}
        return _OnRecord(
            rows=period_facts.rows_in(session, window),
            who=_who(session),
            names=_names(session),
            users={user: known.name for user, (known, _, _) in session.known_users().items()},
            standing=(standing := holds.standing_holds(session)),
            late=self._late(session, window, standing),
            refused=period_facts.bad_receipts(session, window, proven),
            moves=self.moves(session, window),
            beside=period_facts.hours_beside(
                session, window, (one.window for one in periods.stored(session)), self._schedule
            ),
        )

    def _checked(
        self, window: Window, today: date, looked: _Looked, found: _OnRecord, not_reviewed: SecondPerson | None
    ) -> Checked:
        employees = found.who.employees
        unread = None if looked.unread is None else {employees[user] for user in looked.unread if user in employees}
        totals, days = three_counts(
            CountInputs(
                window=window,
                shifts=looked.shifts,
                rows=found.rows,
                counted=looked.counted,
                differing=looked.differing,
                employees=employees,
                names=found.names,
                unread=unread,
                held=looked.held.shifts,
                row_of=looked.row_of,
            )
        )
        unmapped = _unmapped(looked.shifts, employees)
        standing = (one.hold for one in found.standing) if looked.holds is None else looked.holds
        facts = CheckFacts(
            window=window,
            today=today,
            unproven=looked.unproven,
            unproven_why=looked.unproven_why,
            failures=looked.failures,
            refused=(*looked.refused, *found.refused),
            unmapped=unmapped,
            users=looked.users | found.users,
            open_rows=tuple(row for row in found.rows if row.clock_out is None),
            holds=(*found.late, *touching(window, standing, unmapped=unmapped.keys())),
            names=found.names,
            different=tuple(day for day in days if day.verdict == "different"),
            waiting=found.moves.waiting,
            not_reviewed=not_reviewed,
            beside=found.beside,
        )
        return Checked(
            at=now(),
            obstacles=obstacles(facts),
            totals=totals,
            days=_kept(days),
            run=looked.run,
            seen_change=found.moves.head,
        )


class _Sheets(NamedTuple):
    """Connecteam's timesheet of a period, judged; the users of whom a part is missing; and why."""

    counted: tuple[Counted, ...]
    unread: frozenset[int] | None
    failures: tuple[Failure, ...]


class _Verifying:
    """One verification, which keeps what it looked at."""

    def __init__(self, context: Context, window: Window, rules: TimesheetRules) -> None:
        self._context, self._window, self._rules = context, window, rules
        self.looks: list[tuple[SlicePlan, StoredState]] = []
        self.sheets = Timesheets(context, [], rules)

    def verify(self) -> Verification:
        """As `engine.verify.verify`."""
        proposal, stored = propose(self._context, [self._window], planner="batch")
        self.looks = newest_plans(proposal.plans, stored)
        parts = [(plan.time_clock_id, plan.window) for plan, _ in self.looks]
        self.sheets = Timesheets(self._context, parts, self._rules)
        return verification_of(self._window, proposal, self.looks, self.sheets)


@contextmanager
def _without_act(context: Context) -> Iterator[None]:
    """What a person does is noted with the closing itself, not with the verification before it, which may refuse it."""
    act, context.store.act = context.store.act, None
    try:
        yield
    finally:
        context.store.act = act


def _days_over(window: Window, today: date) -> tuple[date, ...]:
    return tuple(each_day(window.first, min(window.last, later(today, -1))))


def _why(verification: Verification) -> str:
    """Why a verification does not prove its days."""
    if verification.differences:
        return f"{many(verification.differences, 'row')} would be written by a sync"
    if verification.plan.failures:
        return verification.plan.failures[0].error
    refusals = [refusal for plan in verification.plan.plans for refusal in plan.refusals]
    return refusals[0].message if refusals else ""


def _who(session: Session) -> Mapped:
    return mapped(session.employees(), {user: to for user, (_, _, to) in session.known_users().items()})


def _names(session: Session) -> dict[RowId, str]:
    return {employee.id: employee.name for employee in session.employees() if employee.name}


def _unmapped(shifts: Iterable[Shift], employees: dict[int, RowId]) -> dict[int, tuple[int, int]]:
    """The shifts and whole minutes of each user who counts for no employee."""
    found: dict[int, tuple[int, int]] = {}
    for shift in shifts:
        if shift.user_id not in employees:
            count, minutes = found.get(shift.user_id, (0, 0))
            found[shift.user_id] = (count + 1, minutes + ((shift.end or shift.start) - shift.start) // 60)
    return found


def _kept(days: Sequence[CountedDay]) -> tuple[CountedDay, ...]:
    if len(days) <= MAX_DAYS:
        return tuple(days)
    return tuple(sorted(days, key=lambda day: day.verdict != "different")[:MAX_DAYS])

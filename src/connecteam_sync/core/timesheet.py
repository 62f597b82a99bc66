"""One person's timesheet: days with in, out and breaks, workweeks, edits, corrections, the certificate. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

import msgspec

from connecteam_sync.core.as_of import AsOf
from connecteam_sync.core.change import Change, ChangeKind
from connecteam_sync.core.clocktime import ClockTime, Employee
from connecteam_sync.core.corrections import Correction
from connecteam_sync.core.hours import LeftOut, left_out
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.overtime import OvertimePreview, overtime_preview
from connecteam_sync.core.payroll_settings import PaySchedule
from connecteam_sync.core.periods import Period, PeriodState
from connecteam_sync.core.run import StandingHold
from connecteam_sync.core.shift import Times
from connecteam_sync.core.timesheets import Weekday
from connecteam_sync.core.window import Window
from connecteam_sync.core.worked import WorkedRows, WorkedShift, week_of, worked_shifts

BY_A_MANAGER, BY_THE_PERSON, BY_CONNECTEAM = "a manager", "the person", "Connecteam"


class SheetDay(msgspec.Struct, frozen=True, kw_only=True):
    """A local day with the shifts that begin on it, by clock-in."""

    day: date
    shifts: tuple[WorkedShift, ...]
    gross_minutes: int
    break_minutes: int

    @property
    def net_minutes(self) -> int:
        """The minutes without unpaid breaks."""
        return self.gross_minutes - self.break_minutes


class SheetWeek(msgspec.Struct, frozen=True, kw_only=True):
    """A workweek, by its first day, with the days of the period that have shifts; a week that the period cuts has only
    its part.
    """

    first: date
    days: tuple[SheetDay, ...]
    gross_minutes: int
    break_minutes: int
    is_whole: bool

    @property
    def net_minutes(self) -> int:
        """The minutes without unpaid breaks."""
        return self.gross_minutes - self.break_minutes


class SheetEdit(msgspec.Struct, frozen=True, kw_only=True):
    """A change of hours that stood in the table already: old and new times, from the journal's entry `number`.

    `at` is when the run `run` wrote it (epoch seconds). `editor` is who edited the shift in Connecteam, as far as a
    doorbell said: a manager, the person, or Connecteam by itself; None where nobody knows.
    """

    number: int
    run: int
    at: int
    kind: ChangeKind
    before: Times | None
    after: Times | None
    minutes_before: int
    minutes_after: int
    employee_before: RowId | None
    employee_after: RowId | None
    shift_id: str | None
    why: str
    editor: str | None = None

    @property
    def minutes(self) -> int:
        """By how many gross minutes the person's total moved."""
        return self.minutes_after - self.minutes_before


class SheetCertificate(msgspec.Struct, frozen=True, kw_only=True):
    """What the newest certificate of the period says of the person, made at `at` (epoch seconds), signed by `key`.

    `shifts` and `minutes` (gross) are None if it does not list the person. `agrees`: the rows on this paper are those
    that were certified.
    """

    number: int
    at: int
    hash: str
    key: str
    shifts: int | None
    minutes: int | None
    verdict: str | None
    agrees: bool


class JournaledEdit(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of the journal about a row, and the event of Connecteam that came before it, if a doorbell told one."""

    number: int
    run: int
    at: int
    change: Change
    event: str | None = None


class Timesheet(msgspec.Struct, frozen=True, kw_only=True):
    """One person's paper of a pay period.

    `corrections` are those of days of the period, and those accepted into it, without cancelled ones; `left_out` is
    what is held now of the person and these days. `as_of` is the moment of which the rows are; None: of now. Breaks
    and edits of `purged` days are gone. `overtime` is a preview for people, where one is configured.
    """

    employee: Employee
    window: Window
    state: PeriodState
    workweek_start: Weekday
    weeks: tuple[SheetWeek, ...]
    gross_minutes: int
    break_minutes: int
    edits: tuple[SheetEdit, ...]
    corrections: tuple[Correction, ...]
    certificate: SheetCertificate | None = None
    left_out: tuple[LeftOut, ...] = ()
    as_of: AsOf | None = None
    purged: tuple[Window, ...] = ()
    overtime: OvertimePreview | None = None

    @property
    def net_minutes(self) -> int:
        """The minutes of the period's rows without unpaid breaks; corrections are not in them."""
        return self.gross_minutes - self.break_minutes

    @property
    def days(self) -> tuple[SheetDay, ...]:
        """The days with shifts, in order."""
        return tuple(day for week in self.weeks for day in week.days)

    @property
    def shifts(self) -> tuple[WorkedShift, ...]:
        """Every shift, by clock-in."""
        return tuple(shift for day in self.days for shift in day.shifts)

    @property
    def accepted(self) -> tuple[Correction, ...]:
        """The corrections that are paid with this period."""
        days = (self.window.first, self.window.last)
        return tuple(one for one in self.corrections if one.state == "accepted" and one.effective == days)

    @property
    def accepted_minutes(self) -> int:
        """The signed gross minutes of the corrections that are paid with this period."""
        return sum(one.delta for one in self.accepted)


class SheetFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What timesheets are made of: of everybody, or of one person only.

    `certificates` are by employee. `users_of` are the Connecteam users that count for each employee.
    """

    period: Period
    workweek_start: Weekday
    worked: WorkedRows
    journal: Sequence[JournaledEdit]
    corrections: Sequence[Correction]
    held: Sequence[StandingHold]
    certificates: Mapping[RowId, SheetCertificate]
    users_of: Mapping[RowId, frozenset[int]]
    schedule: PaySchedule = PaySchedule()


def people_of(facts: SheetFacts) -> frozenset[RowId]:
    """Everybody of whom there is anything to say: rows, edits, corrections, or a line of the certificate."""
    found = {row.employee_id for row in facts.worked.rows}
    found.update(one.employee_id for one in facts.corrections if one.state != "cancelled")
    for one in edits_among(facts.journal):
        found.update(_whose(one.change))
    return frozenset(found | facts.certificates.keys())


def timesheets(facts: SheetFacts, people: Iterable[Employee]) -> tuple[Timesheet, ...]:
    """The timesheet of each of these people."""
    shifts: dict[RowId, list[WorkedShift]] = defaultdict(list)
    edits: dict[RowId, list[JournaledEdit]] = defaultdict(list)
    corrections: dict[RowId, list[Correction]] = defaultdict(list)
    for shift in worked_shifts(facts.worked):
        shifts[shift.employee_id].append(shift)
    for entry in edits_among(facts.journal):
        for employee in _whose(entry.change):
            edits[employee].append(entry)
    for correction in facts.corrections:
        if correction.state != "cancelled":
            corrections[correction.employee_id].append(correction)
    return tuple(
        _timesheet(facts, person, shifts[person.id], edits[person.id], corrections[person.id]) for person in people
    )


def _timesheet(
    facts: SheetFacts,
    person: Employee,
    shifts: Sequence[WorkedShift],
    edits: Sequence[JournaledEdit],
    corrections: Sequence[Correction],
) -> Timesheet:
    users = facts.users_of.get(person.id, frozenset())
    held = (one for one in facts.held if one.hold.employee_id == person.id or one.hold.user_id in users)
    return Timesheet(
        employee=person,
        window=facts.period.window,
        state=facts.period.state,
        workweek_start=facts.workweek_start,
        weeks=_weeks(facts, shifts),
        gross_minutes=sum(one.gross_minutes for one in shifts),
        break_minutes=sum(one.break_minutes for one in shifts),
        edits=tuple(_edit(one, person.id) for one in edits),
        corrections=tuple(sorted(corrections, key=lambda one: one.number)),
        certificate=facts.certificates.get(person.id),
        left_out=left_out(facts.period.window, held),
        as_of=facts.worked.as_of,
        purged=facts.worked.purged,
        overtime=overtime_preview(shifts, facts.period.window, facts.schedule, facts.workweek_start),
    )


def _weeks(facts: SheetFacts, shifts: Sequence[WorkedShift]) -> tuple[SheetWeek, ...]:
    by_day: dict[date, list[WorkedShift]] = defaultdict(list)
    for one in shifts:
        by_day[one.day].append(one)
    by_week: dict[date, list[SheetDay]] = defaultdict(list)
    for day, some in sorted(by_day.items()):
        by_week[week_of(day, facts.workweek_start)].append(
            SheetDay(
                day=day,
                shifts=tuple(some),
                gross_minutes=sum(one.gross_minutes for one in some),
                break_minutes=sum(one.break_minutes for one in some),
            )
        )
    window = facts.period.window
    return tuple(
        SheetWeek(
            first=first,
            days=tuple(days),
            gross_minutes=sum(one.gross_minutes for one in days),
            break_minutes=sum(one.break_minutes for one in days),
            is_whole=window.first <= first and first.toordinal() + 6 <= window.last.toordinal(),
        )
        for first, days in by_week.items()
    )


# -- edits -------------------------------------------------------------------------------------------------------------


def is_edit(change: Change) -> bool:
    """Whether a change altered hours that stood in the table: neither the first writing of a shift, nor its clock-out,
    nor a row that was only tied to its shift.
    """
    before, after = change.before, change.after
    if before is None:
        return False
    if after is None:
        return True
    same = (before.employee_id, before.clock_in) == (after.employee_id, after.clock_in)
    if same and before.clock_out is None:
        return False
    return not same or (before.clock_out, before.total_minutes) != (after.clock_out, after.total_minutes)


def edits_among(journal: Iterable[JournaledEdit]) -> Iterator[JournaledEdit]:
    """The entries that altered hours, by number: also the return of a row that was deleted before."""
    gone: set[RowId | None] = set()
    for one in sorted(journal, key=lambda entry: entry.number):
        row = one.change.image.id
        if is_edit(one.change) or (one.change.before is None and row in gone):
            yield one
        if one.change.after is None:
            gone.add(row)


def _whose(change: Change) -> frozenset[RowId]:
    return frozenset(image.employee_id for image in (change.before, change.after) if image is not None)


def _edit(entry: JournaledEdit, employee: RowId) -> SheetEdit:
    change = entry.change
    before, after = change.before, change.after
    return SheetEdit(
        number=entry.number,
        run=entry.run,
        at=entry.at,
        kind=change.kind,
        before=_times(before),
        after=_times(after),
        minutes_before=_minutes(before, employee),
        minutes_after=_minutes(after, employee),
        employee_before=None if before is None else before.employee_id,
        employee_after=None if after is None else after.employee_id,
        shift_id=change.shift_id,
        why=change.why,
        editor=editor_of(entry.event),
    )


def _times(row: ClockTime | None) -> Times | None:
    return None if row is None else Times(clock_in=row.clock_in, clock_out=row.clock_out)


def _minutes(row: ClockTime | None, employee: RowId) -> int:
    return row.minutes if row is not None and row.employee_id == employee else 0


def editor_of(event: str | None) -> str | None:
    """Who does what an event of Connecteam tells, as far as its name says; None where it does not."""
    if not event:
        return None
    if event == "auto_clock_out":
        return BY_CONNECTEAM
    if event.startswith("admin_"):
        return BY_A_MANAGER
    return BY_THE_PERSON if event.startswith(("clock_", "auto_approved_")) else None

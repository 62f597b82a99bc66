"""What an export is made of: the lines of a period, what earlier exports took off, and whose hours are not settled."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import msgspec

from connecteam_sync.core.as_of import AsOf, AsOfName, RowsThen
from connecteam_sync.core.breaks import has_unknown_break
from connecteam_sync.core.change import Hold
from connecteam_sync.core.clocktime import ClockTime
from connecteam_sync.core.corrections import Correction
from connecteam_sync.core.export_lines import ExportInputs, ExportLine, NamedOnce, export_lines
from connecteam_sync.core.exports import Blocked, BlockedReason, Carried, ExportTotal
from connecteam_sync.core.keys import RowId, ordered
from connecteam_sync.core.layouts.entries import FullName, LayoutObstacle, People, arranged, totals_of
from connecteam_sync.core.layouts.shape import Entry
from connecteam_sync.core.people import mapped
from connecteam_sync.core.period_check import touching
from connecteam_sync.core.shift import Times
from connecteam_sync.core.text import day_name
from connecteam_sync.core.window import Window, local_day
from connecteam_sync.engine.as_of import rows_as_of
from connecteam_sync.engine.export_formats import Chosen
from connecteam_sync.store.history import as_of as journal
from connecteam_sync.store.history import holds
from connecteam_sync.store.mirror.jobs import job_names
from connecteam_sync.store.payroll import corrections, export_rows, exports, period_facts, purges, worked_rows
from connecteam_sync.store.session import Session


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """The lines of a period, and who is blocked."""

    window: Window
    lines: tuple[ExportLine, ...]
    blocked: tuple[Blocked, ...]
    left_out: tuple[RowId, ...]
    totals: tuple[ExportTotal, ...]
    entries: tuple[Entry, ...] = ()
    """The records of a payroll system's layout."""
    as_of: AsOf | None = None

    @property
    def corrections(self) -> tuple[int, ...]:
        """The numbers of the corrections among the lines."""
        return tuple(sorted(line.correction for line in self.lines if line.correction is not None))

    @property
    def residue_seconds(self) -> int:
        """What rounding added to the net minutes of everybody, or took."""
        return sum(one.residue_seconds for one in self.totals)

    @property
    def people(self) -> int:
        """How many employees have a line."""
        return len({line.employee_id for line in self.lines})


def content_of(
    session: Session,
    window: Window,
    choice: Chosen,
    *,
    without_blocked: bool,
    is_draft: bool,
    as_of: AsOfName | None = None,
) -> Content:
    """The lines of a period and of the corrections accepted into it, without blocked people if they are left out; as
    they were at an earlier moment, if one is named. Raises NotFound for a run that is not on record.

    People whom the layout of a payroll system cannot take are blocked, too.
    """
    moment = None if as_of is None else journal.as_of(session, as_of)
    then = None if moment is None else rows_as_of(session, window, moment)
    rows = period_facts.rows_in(session, window) if then is None else _marked(then)
    # Where the business's time zone was another one, a file of before may have some of these hours.
    paid = exports.paid_before(session, window)
    rows = tuple(row for row in rows if not any(of.holds(row.clock_in) for of in paid))
    accepted = tuple(
        one
        for one in corrections.corrections(session, state="accepted", effective=window.first)
        if one.effective == (window.first, window.last)
        and (moment is None or (one.decided_at is not None and one.decided_at <= moment.at))
    )
    forgotten = _forgotten(session, accepted)
    shifts_by_id = export_rows.shifts_of(session, accepted)
    last = max((row.clock_out or row.clock_in for row in rows), default=window.end_utc)
    inputs = ExportInputs(
        window=window,
        rows=rows,
        shifts=export_rows.shifts_of_rows(session, window)
        if then is None
        else worked_rows.shifts_of(session, (row.id for row in rows if row.id is not None), then.shift_of),
        breaks=export_rows.breaks(session, window.start_utc, max(last, window.end_utc), accepted, shifts_by_id),
        names={person.id: person.name for person in session.employees() if person.name},
        corrections=accepted,
        shifts_by_id=shifts_by_id,
        paid_breaks=_paid_breaks(session, window, accepted),
        paid_rows=_paid_rows(session, window),
        paid_corrections=_paid_corrections(session, window, accepted, forgotten),
        forgotten=forgotten,
        forgotten_jobs=_forgotten_jobs(session, window, forgotten),
        jobs=job_names(session),
    )
    lines, people = export_lines(inputs), _people(session, choice)
    frame = choice.frame(window, is_draft=is_draft)
    laid_out = None if choice.layout is None else arranged(lines, choice.layout, frame, choice.settings, people)
    blocked = _blocked(session, inputs, () if laid_out is None else laid_out.obstacles)
    left_out = [one.employee_id for one in blocked if one.employee_id is not None] if without_blocked else []
    if left_out:
        lines = export_lines(inputs, without=set(left_out))
        laid_out = None if choice.layout is None else arranged(lines, choice.layout, frame, choice.settings, people)
    return Content(
        window=window,
        lines=lines,
        blocked=blocked,
        left_out=tuple(left_out),
        totals=totals_of(lines) if laid_out is None else laid_out.totals,
        entries=() if laid_out is None else laid_out.entries,
        as_of=moment,
    )


def _marked(then: RowsThen) -> tuple[ClockTime, ...]:
    """The rows of an earlier moment; the source of those that the journal does not know says so."""
    return tuple(
        msgspec.structs.replace(row, source=f"{row.source} (not journaled)") if row.id in then.not_journaled else row
        for row in then.rows
    )


def _people(session: Session, choice: Chosen) -> People:
    """What the layout's payroll system knows people by. First and last names are those of the Connecteam user whose
    name an employee has.
    """
    layout = choice.layout
    if layout is None:
        return People({}, {})
    numbers = export_rows.payroll_ids(session) if choice.has_numbers else {}
    names: dict[RowId, FullName] = {}
    if layout.has_names:
        employees, users = session.employees(), session.known_users()
        called = {employee.id: employee.name for employee in employees}
        who = mapped(employees, {user: to for user, (_, _, to) in users.items()}).employees
        for user, employee in who.items():
            known = users[user][0] if user in users else None
            if known is not None and called.get(employee) == known.name:
                names[employee] = FullName(known.first_name, known.last_name)
    return People(numbers, names)


def _paid_breaks(session: Session, window: Window, accepted: Sequence[Correction]) -> dict[int, int]:
    """The unpaid minutes that exports of other periods took off the shift of each correction, for its person and day;
    nothing of those whose day was never exported, or only without the person. Of a correction that takes others back
    they are those of these alone.
    """
    if not accepted:
        return {}
    counting = {of: number for of, number in exports.counting(session).items() if of != window}
    by_days = {(of.first, of.last): number for of, number in counting.items()}
    read: dict[int, Carried] = {}

    def carried(number: int) -> Carried:
        if number not in read:
            read[number] = exports.one(session, number)[1]
        return read[number]

    live = corrections.live(session, {one.subject for one in accepted})
    taken: dict[int, int] = {}
    for one in accepted:
        home = next((number for of, number in counting.items() if of.first <= one.day <= of.last), None)
        if one.counter_of is not None:
            taken[one.number] = 0
        elif home is None or one.employee_id in carried(home).left_out:
            continue
        else:
            taken[one.number] = carried(home).breaks_of(one.clock_time_id, one.shift_id, one.employee_id, one.day)
        for other in live.get(one.subject, ()):
            number = None if other.effective is None or not other.is_final else by_days.get(other.effective)
            if number is not None and other.key == one.key and other.number < one.number:
                taken[one.number] += carried(number).correction_breaks.get(other.number, 0)
    return taken


def _paid_rows(session: Session, window: Window) -> dict[RowId, int]:
    """The unpaid minutes that the file before took off the rows whose corrections other periods have paid since.

    Where these are taken back, the row has what it should have, and its breaks are those of now.
    """
    newest = exports.newest_of(session, window)
    if newest is None:
        return {}
    days = (window.first, window.last)
    carried = exports.one(session, newest)[1]
    of_days = corrections.corrections(session, period=days)
    taken_back: dict[object, int] = {}
    for one in of_days:
        if one.counter_of is not None and one.state in {"pending", "accepted"}:
            taken_back[one.subject, one.key] = max(one.number, taken_back.get((one.subject, one.key), 0))
    return {
        one.clock_time_id: carried.breaks_of(one.clock_time_id, one.shift_id, one.employee_id, one.day)
        for one in of_days
        if one.clock_time_id is not None
        and one.state == "accepted"
        and one.is_final
        and one.number > taken_back.get((one.subject, one.key), 0)
        and one.effective != days
        and one.timezone == window.timezone
        and one.employee_id not in carried.left_out
    }


def _forgotten(session: Session, accepted: Sequence[Correction]) -> frozenset[int]:
    """The corrections of days that were purged, by number: their shifts and breaks are gone."""
    if not accepted:
        return frozenset()
    gone = purges.purges(session)
    return frozenset(one.number for one in accepted if any(purge.overlaps(one.day, one.day) for purge in gone))


def _forgotten_jobs(session: Session, window: Window, forgotten: Collection[int]) -> dict[int, NamedOnce]:
    """The jobs that the file before said of these corrections."""
    newest = exports.newest_of(session, window) if forgotten else None
    if newest is None:
        return {}
    said = exports.one(session, newest)[1].correction_jobs
    return {number: NamedOnce(*said[number]) for number in forgotten if number in said}


def _paid_corrections(
    session: Session, window: Window, accepted: Sequence[Correction], forgotten: Collection[int]
) -> dict[int, int]:
    """The unpaid minutes that the file before took off corrections of purged days, and off those after which other
    periods have paid further ones of the same shift and day.
    """
    newest = exports.newest_of(session, window)
    if newest is None or not accepted:
        return {}
    days = (window.first, window.last)
    carried = exports.one(session, newest)[1]
    live = corrections.live(session, {one.subject for one in accepted})
    return {
        one.number: carried.correction_breaks.get(one.number, 0)
        for one in accepted
        if one.number in carried.corrections
        and (
            one.number in forgotten
            or any(
                other.is_final and other.effective != days and other.key == one.key and other.number > one.number
                for other in live.get(one.subject, ())
            )
        )
    }


def carried_by(content: Content, choice: Chosen) -> Carried:
    """What the ledger keeps of it."""
    hours = [line for line in content.lines if line.break_minutes]
    return Carried(
        corrections=content.corrections,
        left_out=content.left_out,
        people=content.people,
        row_breaks={
            str(line.clock_time_id): (line.break_minutes, line.employee_id, line.first_day)
            for line in hours
            if line.clock_time_id is not None
        },
        correction_breaks={line.correction: line.break_minutes for line in hours if line.correction is not None},
        correction_jobs={
            line.correction: (line.job, line.job_name)
            for line in content.lines
            if line.correction is not None and line.job is not None
        },
        rounding="none" if choice.layout is None else choice.settings.rounding,
        residue_seconds=content.residue_seconds,
    )


# -- blocked people ----------------------------------------------------------------------------------------------------


def _blocked(session: Session, inputs: ExportInputs, obstacles: Iterable[LayoutObstacle]) -> tuple[Blocked, ...]:
    """Everybody whose hours of the period are not settled, by employee; users without an employee first."""
    users = session.known_users()
    who = mapped(session.employees(), {user: to for user, (_, _, to) in users.items()}).employees
    standing = touching(inputs.window, (one.hold for one in holds.standing_holds(session)), unmapped=())
    found: dict[tuple[RowId | None, int | None, str], list[tuple[BlockedReason, str]]] = {}

    def add(employee: RowId | None, user: int | None, subject: str, reason: BlockedReason, detail: str) -> None:
        key = (employee, None, "") if employee is not None else (None, user, "" if user is not None else subject)
        found.setdefault(key, []).append((reason, detail))

    for row, reason, detail in _open_or_unsure(inputs):
        add(row.employee_id, None, "", reason, detail)
    for hold in standing:
        add(_employee_of(hold, who), hold.user_id, hold.subject, "hold", f"{hold.reason}: {hold.detail}")
    for one in inputs.corrections:
        if has_unknown_break(inputs.shifts_by_id.get(one.shift_id or ""), one.after, inputs.breaks):
            add(one.employee_id, None, "", "break_type_unknown", f"correction {one.number} {_UNSURE}")
    for obstacle in obstacles:
        add(obstacle.employee_id, None, "", obstacle.reason, obstacle.detail)
    return tuple(
        Blocked(
            employee_id=employee,
            user_id=user,
            name=inputs.names.get(employee, f"employee {employee}")
            if employee is not None
            else users[user][0].name
            if user in users
            else subject or f"Connecteam user {user}",
            reasons=tuple(dict.fromkeys(reason for reason, _ in why)),
            detail=why[0][1],
        )
        for (employee, user, subject), why in sorted(
            found.items(), key=lambda item: (ordered(item[0][0]), item[0][1] or 0, item[0][2])
        )
    )


_UNSURE = "has a break of a type of which Connecteam does not say whether it is paid"


def _open_or_unsure(inputs: ExportInputs) -> Iterable[tuple[ClockTime, BlockedReason, str]]:
    for row in inputs.rows:
        shift = None if row.id is None else inputs.shifts.get(row.id)
        if row.clock_out is None:
            yield row, "open_shift", f"nobody clocked out on {_day(inputs, row)} (row {row.id})"
        elif has_unknown_break(shift, Times(clock_in=row.clock_in, clock_out=row.clock_out), inputs.breaks):
            yield row, "break_type_unknown", f"the shift of {_day(inputs, row)} (row {row.id}) {_UNSURE}"


def _day(inputs: ExportInputs, row: ClockTime) -> str:
    return day_name(local_day(row.clock_in, inputs.window.zone))


def _employee_of(hold: Hold, who: Mapping[int, RowId]) -> RowId | None:
    if hold.employee_id is not None:
        return hold.employee_id
    return None if hold.user_id is None else who.get(hold.user_id)

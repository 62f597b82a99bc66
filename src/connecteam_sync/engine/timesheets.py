"""Hours and timesheets: read in one transaction, of now or as of an earlier moment. Nothing is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from connecteam_sync.core.as_of import AsOf, AsOfName, RowsThen
from connecteam_sync.core.certificate_chain import KeptCertificate
from connecteam_sync.core.certificates import PeriodPayload, decoded
from connecteam_sync.core.certified_rows import PersonRows, certified, in_order
from connecteam_sync.core.certified_rows import people_of as certified_people
from connecteam_sync.core.clocktime import ClockTime, Employee
from connecteam_sync.core.hours import HOURS_BY, Hours, HoursBy, hours, parsed_by
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.pay_schedule import workweek_of
from connecteam_sync.core.payroll_settings import PaySchedule
from connecteam_sync.core.people import mapped
from connecteam_sync.core.run import StandingHold
from connecteam_sync.core.timesheet import SheetCertificate, SheetFacts, Timesheet, people_of, timesheets
from connecteam_sync.core.window import Window
from connecteam_sync.core.worked import WorkedRows
from connecteam_sync.engine.as_of import moment_named, present_rows, rows_as_of
from connecteam_sync.engine.context import Context
from connecteam_sync.engine.periods import PayPeriods
from connecteam_sync.engine.ssh_signatures import fingerprint
from connecteam_sync.errors import ConfigurationError
from connecteam_sync.store.history import as_of as journal
from connecteam_sync.store.history import holds
from connecteam_sync.store.mirror.jobs import job_names
from connecteam_sync.store.mirror.people import require_employee
from connecteam_sync.store.payroll import certificates, corrections, purges, worked_rows
from connecteam_sync.store.session import Session
from connecteam_sync.store.tables.support import require_table


class Timesheets:
    """The hours of one database; `periods` knows how a pay period is named."""

    def __init__(self, context: Context, periods: PayPeriods, schedule: PaySchedule) -> None:
        self._store, self._timezone = context.store, context.timezone
        self._periods, self._schedule, self._workweek = periods, schedule, workweek_of(schedule)

    def hours(
        self, window: Window, by: str | Sequence[HoursBy], *, person: int | str | None, as_of: str | None
    ) -> Hours:
        """The hours of a window. See `client_payroll.Payroll.hours`. Raises ConfigurationError, NotFound."""
        divided = _divided(by)
        named = moment_named(as_of, self._timezone)
        with self._store.reading_at_one_moment("reading hours") as session:
            require_table(session.host, session.columns, session.dialect)
            people = session.employees()
            one = None if person is None else require_employee(people, person).id
            standing = _standing(session, people, session.known_users(), one)
            moment = None if named is None else journal.as_of(session, named)
            found = _worked(session, window, people, moment, one=one)
        return hours(
            found, divided, workweek_start=self._workweek, held=standing, employee=one, schedule=self._schedule
        )

    def of(self, employee: int | str, period: str, *, as_of: str | None) -> Timesheet:
        """The timesheet of one employee. See `client_payroll.Payroll.timesheet`."""
        named = moment_named(as_of, self._timezone)
        with self._store.reading_at_one_moment("reading a timesheet") as session:
            require_table(session.host, session.columns, session.dialect)
            people = session.employees()
            person = require_employee(people, employee)
            facts = self._facts(session, period, people, named, person.id)
        return timesheets(facts, [person])[0]

    def of_everybody(self, period: str, *, as_of: str | None) -> tuple[Timesheet, ...]:
        """The timesheets of all that have anything on one. See `client_payroll.Payroll.timesheets`."""
        named = moment_named(as_of, self._timezone)
        with self._store.reading_at_one_moment("reading timesheets") as session:
            require_table(session.host, session.columns, session.dialect)
            people = session.employees()
            facts = self._facts(session, period, people, named, None)
        there = people_of(facts)
        known = {person.id for person in people}
        # The host may have deleted an employee whose rows are still there.
        lost = [Employee(id=key) for key in there - known]
        return timesheets(facts, [*(person for person in people if person.id in there), *lost])

    def _facts(
        self, session: Session, period: str, people: Sequence[Employee], named: AsOfName | None, one: RowId | None
    ) -> SheetFacts:
        found = self._periods.named_in(session, period)
        window = found.window
        moment = None if named is None else journal.as_of(session, named)
        known = session.known_users()
        standing = _standing(session, people, known, one)
        worked = _worked(session, window, people, moment, one=one)
        return SheetFacts(
            period=found,
            workweek_start=self._workweek,
            worked=worked,
            journal=[
                entry
                for entry in journal.edits(session, window, moment, one)
                if any(image and window.holds(image.clock_in) for image in (entry.change.before, entry.change.after))
            ],
            corrections=corrections.corrections(session, period=(window.first, window.last)),
            held=standing,
            certificates=_certified(session, window, worked.rows),
            users_of=_users_of(people, known),
            schedule=self._schedule,
        )


def _users_of(people: Sequence[Employee], known: holds.KnownUsers) -> Mapping[RowId, frozenset[int]]:
    return mapped(people, {user: to for user, (_, _, to) in known.items()}).users_of


def _standing(
    session: Session, people: Sequence[Employee], known: holds.KnownUsers, one: RowId | None
) -> tuple[StandingHold, ...]:
    """The standing holds, of everybody or of one employee; people and users are read already."""
    if one is None:
        return holds.standing_holds(session)
    users = _users_of(people, known).get(one, frozenset())
    return holds.holds_about(session, employee=one, users=users, rows_of=(), shifts=(), people=people, known=known)


def _divided(by: str | Sequence[HoursBy]) -> tuple[HoursBy, ...]:
    try:
        return parsed_by(by if isinstance(by, str) else ",".join(by))
    except ValueError as error:
        raise ConfigurationError(str(error), next_step=f"use some of: {', '.join(HOURS_BY)}") from error


# -- rows --------------------------------------------------------------------------------------------------------------


def _worked(
    session: Session,
    window: Window,
    people: Sequence[Employee],
    moment: AsOf | None,
    *,
    one: RowId | None,
) -> WorkedRows:
    if moment is None:
        then = RowsThen(rows=present_rows(session, window, one), not_journaled=frozenset(), shift_of={})
    else:
        then = rows_as_of(session, window, moment, one)
    shifts = worked_rows.shifts_of(session, (row.id for row in then.rows if row.id is not None), then.shift_of)
    last = max((row.clock_out or row.clock_in for row in then.rows), default=window.end_utc)
    users = None if one is None else {shift.user_id for shift in shifts.values()}
    breaks, names = worked_rows.breaks(session, window.start_utc, max(last, window.end_utc), users)
    return WorkedRows(
        window=window,
        rows=then.rows,
        shifts=shifts,
        breaks=breaks,
        names={person.id: person.name for person in people if person.name},
        break_names=names,
        not_journaled=then.not_journaled,
        as_of=moment,
        jobs=job_names(session),
        purged=tuple(one.window for one in purges.purged_in(session, window)),
    )


# -- certificates ------------------------------------------------------------------------------------------------------


def _certified(session: Session, window: Window, rows: Sequence[ClockTime]) -> Mapping[RowId, SheetCertificate]:
    """What the newest certificate of a period says of each person who has a row in it, then or now."""
    kept = certificates.newest_of_periods(certificates.kept(session))
    days = (window.first.isoformat(), window.last.isoformat(), window.timezone)
    one = next((one for one in kept if (one.first, one.last, one.timezone) == days), None)
    if one is None:
        return {}
    try:
        payload = decoded(certificates.payload(session, one.number))
    except ValueError:
        return {}
    if not isinstance(payload, PeriodPayload):
        return {}
    now_there = certified_people(in_order(certified(row, row.id, None) for row in rows if row.id is not None))
    then_there = payload.by_person
    verdicts = {person.employee_id: person.verdict for person in payload.people}
    return {
        key: _of_person(one, then_there.get(key), now_there.get(key, PersonRows()), verdicts.get(key))
        for key in {*now_there, *then_there}
    }


def _of_person(
    one: KeptCertificate, listed: PersonRows | None, found: PersonRows, verdict: str | None
) -> SheetCertificate:
    return SheetCertificate(
        number=one.number,
        at=one.at,
        hash=one.payload_hash,
        key=fingerprint(one.public_key),
        shifts=None if listed is None else listed.shifts,
        minutes=None if listed is None else listed.minutes,
        verdict=verdict,
        agrees=(listed or PersonRows()) == found,
    )

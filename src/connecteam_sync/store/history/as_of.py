"""The journal read for an earlier moment: which entries count, and those about the rows of some days."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import chain
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select, union_all

from connecteam_sync.core.as_of import KEEPS_EDITS, AsOf, AsOfName, HoldThen, Journaled, LinkOfShift
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.timesheet import JournaledEdit
from connecteam_sync.core.window import Window, later
from connecteam_sync.store.history import runs
from connecteam_sync.store.history.journal import change_of
from connecteam_sync.store.history.receipt_text import receipt_of
from connecteam_sync.store.session import Session
from connecteam_sync.store.sql.traits import Kind
from connecteam_sync.store.tables.keys import row_id

_NEAR = 2
"""Days: an entry has its days in the zone of its run, which may not be the business's any more."""
_LOOKS = 20
"""Looks that are read for each time clock: the newest of these days nearly always has each hold."""
_CHANGE = ("id", "kind", "shift_id", "first_day", "last_day", "why", "change_json")
_BELL: dict[str, Kind] = {"activity_id": "key", "run_id": "int"}


def as_of(session: Session, named: AsOfName) -> AsOf:
    """The moment that is named by a run or by epoch seconds. Raises NotFound for a run that is not on record.

    Two statements at most. The entry is the newest that was noted by then, whatever a clock that was set back says of
    those before it.
    """
    changes = session.tables.changes
    newest = select(changes.c.id).order_by(changes.c.id.desc()).limit(1)
    if named.run is None:
        at = named.at or 0
        begun = select(func.max(session.tables.runs.c.id)).where(session.tables.runs.c.started_at <= at)
        known = select(newest.where(changes.c.at <= at).scalar_subquery(), begun.scalar_subquery())
        entry, run = session.connection.execute(known).one()
        return AsOf(at=at, entry=int(entry or 0), newest_run=int(run or 0))
    named_run = runs.run(session, named.run)
    at = named_run.started_at if named_run.finished_at is None else named_run.finished_at
    own = select(func.max(changes.c.id)).where(changes.c.run_id == named.run).scalar_subquery()
    # A run with a smaller number began earlier. If it says that it began after this one ended, its clock was ahead.
    every = session.tables.runs
    is_ahead = changes.c.run_id.in_(select(every.c.id).where(every.c.id < named.run, every.c.started_at > at))
    by_then = or_(changes.c.at <= at, is_ahead)
    before = newest.where(changes.c.run_id < named.run, by_then).scalar_subquery()
    found = session.connection.execute(select(func.coalesce(own, before, 0))).scalar()
    return AsOf(at=at, entry=int(found or 0), newest_run=named.run, run=named.run)


def journaled(session: Session, window: Window, moment: AsOf, employee: RowId | None = None) -> list[Journaled]:
    """For `core.as_of.rows_then`: of each row with an entry about the days of a window the newest one up to the moment
    and the first one after it; only of rows that an employee had in them, if one is given. One statement.
    """
    changes = session.tables.changes
    about = _about(session, window, employee)
    ends = (
        select(func.max(changes.c.id).label("id")).where(about, changes.c.id <= moment.entry),
        select(func.min(changes.c.id).label("id")).where(about, changes.c.id > moment.entry),
    )
    chosen = union_all(*(one.group_by(changes.c.clock_time_id) for one in ends)).subquery()
    wanted = select(*(changes.c[name] for name in _CHANGE)).join(chosen, chosen.c.id == changes.c.id)
    fetched = session.connection.execute(wanted.order_by(changes.c.id)).mappings()
    return [Journaled(int(row["id"]), change_of(dict(row))) for row in fetched]


def links_of(session: Session, shifts: Iterable[str]) -> dict[str, LinkOfShift]:
    """How each of these shifts is tracked now, and the run that noted it."""
    d = session.dialect
    sql = (
        "SELECT s.id, CASE WHEN s.is_gone = 0 AND s.clock_time_id IS NOT NULL THEN 1 ELSE 0 END, s.changed_in_run"
        f" FROM {d.rowset({'id': 'key'})} {d.lookup}"
        f" {session.own.shifts} s ON s.id = d.id"
    )
    found = session.fetch(*session.all_of(sql, ({"id": shift} for shift in sorted(shifts))))
    every = chain.from_iterable(found)
    return {str(shift): LinkOfShift(bool(is_living), int(run)) for shift, is_living, run in every}


def holds_then(session: Session, moment: AsOf, window: Window, missing: Collection[str]) -> list[HoldThen]:
    """The holds that stood at a moment and left edits of others in the table.

    A hold is kept as it was told last. Of those on a shift in `missing`, whose row is gone by now, the newest look by
    then says whether it was gone already. Two statements at most.
    """
    held = session.tables.holds
    columns = (held.c[name] for name in ("reason", "subject", "time_clock_id", "clock_time_id", "shift_id"))
    wanted = select(*columns).where(
        held.c.reason.in_(KEEPS_EDITS),
        held.c.first_run <= moment.newest_run,
        or_(held.c.resolved_run.is_(None), held.c.resolved_run > moment.newest_run),
    )
    found = [
        HoldThen(
            reason=str(row["reason"]),
            subject=str(row["subject"]),
            time_clock_id=int(row["time_clock_id"]),
            row=None if row["clock_time_id"] is None else row_id(row["clock_time_id"]),
            shift=None if row["shift_id"] is None else str(row["shift_id"]),
        )
        for row in session.connection.execute(wanted.order_by(held.c.id)).mappings()
    ]
    doubtful = [one for one in found if one.shift in missing]
    told = _told_then(session, {one.time_clock_id for one in doubtful}, moment, window) if doubtful else {}
    return [told.get((one.reason, one.subject), one) if one.shift in missing else one for one in found]


def _told_then(
    session: Session, clocks: Collection[int], moment: AsOf, window: Window
) -> dict[tuple[str, str], HoldThen]:
    """The holds of these days as the newest looks by then told them, by reason and subject."""
    slices = session.tables.slices
    looks = (
        select(slices.c.receipt)
        .where(
            slices.c.time_clock_id.in_(sorted(clocks)),
            slices.c.run_id <= moment.newest_run,
            slices.c.first_day <= later(window.last, _NEAR).isoformat(),
            slices.c.last_day >= later(window.first, -_NEAR).isoformat(),
        )
        .order_by(slices.c.run_id.desc(), slices.c.id.desc())
        .limit(_LOOKS * len(clocks))
    )
    found: dict[tuple[str, str], HoldThen] = {}
    for (text,) in session.connection.execute(looks):
        receipt = receipt_of(text)
        for told in receipt.holds:
            clock = told.time_clock_id or receipt.time_clock_id or 0
            then = HoldThen(told.reason, told.subject, clock, told.clock_time_id, told.shift_id, is_of_then=True)
            found.setdefault((told.reason, told.subject), then)
    return found


def edits(
    session: Session, window: Window, moment: AsOf | None = None, employee: RowId | None = None
) -> list[JournaledEdit]:
    """Every entry about the days of a window (up to a moment), by number, with the event that a doorbell told before
    the run; only of rows that an employee had in them, if one is given. Two statements.
    """
    changes = session.tables.changes
    columns = (changes.c[name] for name in (*_CHANGE, "run_id", "at"))
    wanted = select(*columns).where(_about(session, window, employee)).order_by(changes.c.id)
    if moment is not None:
        wanted = wanted.where(changes.c.id <= moment.entry)
    fetched = [dict(row) for row in session.connection.execute(wanted).mappings()]
    events = _events(session, fetched)
    return [
        JournaledEdit(
            number=int(row["id"]),
            run=int(row["run_id"]),
            at=int(row["at"]),
            change=change_of(row),
            event=events.get((row["shift_id"], int(row["run_id"]))),
        )
        for row in fetched
    ]


def _about(session: Session, window: Window, employee: RowId | None) -> ColumnElement[bool]:
    """The condition that an entry is about the days of a window."""
    near = (later(window.first, -_NEAR).isoformat(), later(window.last, _NEAR).isoformat())

    def touched(table: Any) -> ColumnElement[bool]:  # noqa: ANN401 - our changes, or an alias of them
        return and_(table.c.first_day <= near[1], table.c.last_day >= near[0])

    changes, theirs = session.tables.changes, session.tables.changes.alias()
    if employee is None:
        return touched(changes)
    had = or_(theirs.c.employee_id == employee, theirs.c.previous_employee_id == employee)
    rows = select(theirs.c.clock_time_id).where(touched(theirs), had)
    return and_(touched(changes), changes.c.clock_time_id.in_(rows))


def _events(session: Session, entries: Iterable[dict[str, Any]]) -> dict[tuple[str, int], str]:
    """The newest event that a doorbell told of a shift before the run that wrote it, by (shift, run)."""
    d = session.dialect
    sql = (
        f"SELECT d.activity_id, d.run_id, b.event_type, b.number FROM {d.rowset(_BELL)} {d.lookup}"
        f" {session.own.doorbells} b ON b.activity_id = d.activity_id AND b.run_id = d.run_id"
        " WHERE b.event_type IS NOT NULL"
    )
    keys = dict.fromkeys(
        (row["shift_id"], int(row["run_id"])) for row in entries if row["shift_id"] and row["kind"] != "create"
    )
    found = session.fetch(*session.all_of(sql, ({"activity_id": shift, "run_id": run} for shift, run in keys)))
    ordered = sorted(chain.from_iterable(found), key=lambda bell: int(bell[3]))
    return {(str(shift), int(run)): str(event) for shift, run, event, _ in ordered}

"""The standing holds: opened, corrected and resolved by runs, acknowledged by people."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import or_, select

from connecteam_sync.core.change import Hold, SlicePlan, subject_of
from connecteam_sync.core.clocktime import Employee
from connecteam_sync.core.holds import NEED_A_MAPPING, as_mapped
from connecteam_sync.core.keys import RowId, ordered, provisional_employee, provisional_user
from connecteam_sync.core.people import mapped
from connecteam_sync.core.run import Acknowledgement, StandingHold
from connecteam_sync.core.shift import User
from connecteam_sync.errors import NotFound
from connecteam_sync.store.mirror.people import users_of_employee
from connecteam_sync.store.session import Session
from connecteam_sync.store.sql.traits import Kind
from connecteam_sync.store.tables import rows

_FIRST_RUN_COLUMNS = {"first_day", "last_day", "first_run", "first_seen"}
"""The columns that a hold keeps from the run that opened it."""
ORPHAN_REASONS = {
    "orphan",
    "no_connecteam_user",
    "user_not_listed",
    "impossible_record",
    "clock_not_looked_at",
    "ambiguous_employee",
    "child_row",
    "locked_day",
    "deletes_guarded",
    "refused_by_database",
}
"""Reasons of holds on rows without a shift. They stand while looks leave such rows to the last look of a run."""
_ACKNOWLEDGEMENT_COLUMNS = ("acknowledged_at", "acknowledged_by", "acknowledged_reason")
"""The columns of a person's acknowledgement. It is for the hold as it was then: any change of the hold clears it."""


class HoldsWritten(NamedTuple):
    """The holds a plan wrote: the reasons of those opened and resolved, and how many were corrected."""

    opened: tuple[str, ...] = ()
    resolved: tuple[str, ...] = ()
    moved: int = 0
    subjects: frozenset[str] = frozenset()
    """The subjects of all of them."""
    standing: frozenset[str] = frozenset()
    """The subjects of other holds that stand on: those of other time clocks and of other days."""

    @property
    def is_any(self) -> bool:
        """Whether anything was written."""
        return bool(self.opened or self.resolved or self.moved)


# -- by runs -----------------------------------------------------------------------------------------------------------


class _Moves(NamedTuple):
    """The rows of holds that a plan opens, those it corrects and those it resolves."""

    opened: list[dict[str, Any]]
    moved: list[dict[str, Any]]
    resolved: list[Mapping[str, Any]]


def moves_holds(session: Session, plan: SlicePlan) -> bool:
    """Whether `write_holds` would write anything of a plan that makes no employees."""
    return any(_moves(session, plan, {}))


def write_holds(session: Session, plan: SlicePlan, made: Mapping[int, RowId], *, run: int, now: int) -> HoldsWritten:
    """Open new holds, correct changed ones, resolve those whose cause is gone. Returns what was written."""
    opened, moved, resolved = _moves(session, plan, made)
    opened = [{**values, "first_run": run, "first_seen": now} for values in opened]
    ending = [{"id": row["id"], "run": run} for row in resolved]
    written = {row["id"] for row in chain[Mapping[str, Any]](moved, resolved)}
    d = session.dialect
    session.later_set(d.insert(session.own.holds, d.rowset(rows.HOLD), {c: f"d.{c}" for c in rows.HOLD}), opened)
    changing = {c: f"d.{c}" for c in rows.HOLD if c not in _FIRST_RUN_COLUMNS}
    changing |= dict.fromkeys(_ACKNOWLEDGEMENT_COLUMNS, "NULL")
    session.later_set(d.update(session.own.holds, d.rowset({"id": "int", **rows.HOLD}), changing, "t.id = d.id"), moved)
    kinds: dict[str, Kind] = {"id": "int", "run": "int"}
    session.later_set(d.update(session.own.holds, d.rowset(kinds), {"resolved_run": "d.run"}, "t.id = d.id"), ending)
    return HoldsWritten(
        tuple(values["reason"] for values in opened),
        tuple(row["reason"] for row in resolved),
        len(moved),
        frozenset(str(row["subject"]) for row in chain[Mapping[str, Any]](opened, moved, resolved)),
        frozenset(str(row["subject"]) for row in session.holds if row["id"] not in written),
    )


def _moves(session: Session, plan: SlicePlan, made: Mapping[int, RowId]) -> _Moves:
    """The standing holds, compared with those of a plan."""
    window, decides = plan.window, plan.policy.orphans != "ignore"
    clocks = {plan.time_clock_id} | {hold.time_clock_id for hold in plan.holds if hold.time_clock_id is not None}
    known: dict[tuple[int, str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for row in session.holds:
        if decides if _is_row_hold(row) else row["time_clock_id"] in clocks:
            known[_subject(row)].append(row)
    opened, moved = [], []
    for hold in plan.holds:
        values = _values(plan, hold, made)
        standing = known.get(_subject(values))
        if not standing:
            opened.append(values)
        elif _has_moved(row := standing.pop(), values):
            moved.append({"id": row["id"], **values})
    first, last = window.first.isoformat(), window.last.isoformat()
    written = {subject_of(change) for change in plan.changes}
    resolved = [
        row
        for row in chain.from_iterable(known.values())
        if (_is_row_hold(row) or row["time_clock_id"] == plan.time_clock_id)
        and (
            row["subject"] in written
            or (row["instant"] is not None and window.holds(row["instant"]))
            or (row["instant"] is None and first <= row["first_day"] and row["last_day"] <= last)
        )
        and row["subject"] not in plan.undecided
    ]
    return _Moves(opened, moved, resolved)


def resolve_holds_of(session: Session, gone: Iterable[RowId | None], run: int) -> None:
    """Resolve the holds on deleted rows, in the transaction of the run that deletes these."""
    d = session.dialect
    kinds: dict[str, Kind] = {"id": "link", "run": "int"}
    standing = d.update(
        session.own.holds,
        d.rowset(kinds),
        {"resolved_run": "d.run"},
        "t.clock_time_id = d.id AND t.resolved_run IS NULL",
    )
    session.later_set(standing, ({"id": key, "run": run} for key in gone))


def _is_row_hold(hold: Mapping[str, Any]) -> bool:
    """Whether a hold is on a row without a shift (and not on a record without a usable id).

    The time clock whose look decides on such rows differs from run to run.
    """
    return hold["reason"] in ORPHAN_REASONS and hold["shift_id"] is None and hold["clock_time_id"] is not None


def standing_subjects(session: Session, clock: int) -> Iterator[str]:
    """The subjects of a time clock's standing holds, except those for a time clock that could not be read."""
    return (
        row["subject"]
        for row in session.holds
        if row["time_clock_id"] == clock and row["reason"] != "clock_not_looked_at"
    )


def with_acknowledged(plan: SlicePlan, standing: Iterable[Mapping[str, Any]]) -> SlicePlan:
    """The plan, with holds marked that a person has acknowledged exactly as they are now.

    `standing` are the holds that `Session.stored` read.
    """
    accepted = _by_subject(row for row in standing if row["acknowledged_at"] is not None)
    if not accepted:
        return plan
    # An employee created by this plan gets an id that no hold has yet, so its hold will count as changed.
    made: dict[int, RowId] = {new.user_id: provisional_employee(new.user_id) for new in plan.new_employees}

    def marked(hold: Hold) -> Hold:
        values = _values(plan, hold, made)
        row = accepted.get(_subject(values))
        same = row is not None and not _has_moved(row, values)
        return msgspec.structs.replace(hold, acknowledged=True) if same else hold

    return msgspec.structs.replace(plan, holds=tuple(map(marked, plan.holds)))


def _by_subject(holds: Iterable[Mapping[str, Any]]) -> dict[tuple[int, str, str], Mapping[str, Any]]:
    return {_subject(row): row for row in holds}


def _subject(row: Mapping[str, Any]) -> tuple[int, str, str]:
    """The key by which a hold is recognised from run to run."""
    return (0 if _is_row_hold(row) else row["time_clock_id"], row["reason"], row["subject"])


def _has_moved(row: Mapping[str, Any], values: Mapping[str, Any]) -> bool:
    same = _FIRST_RUN_COLUMNS | ({"time_clock_id"} if _is_row_hold(row) else set())
    return any(row[name] != values[name] for name in rows.HOLD if name not in same)


def _values(plan: SlicePlan, hold: Hold, made: Mapping[int, RowId]) -> dict[str, Any]:
    """A hold as a row, without the columns of the run that opened it."""
    employee = hold.employee_id
    if employee is None or provisional_user(employee) is not None:
        # The employee may be created by this plan: the next run knows the id, and must find nothing to correct.
        employee = made.get(hold.user_id or 0)
    return {
        "time_clock_id": hold.time_clock_id or plan.time_clock_id,
        "reason": hold.reason,
        "subject": hold.subject,
        "detail": hold.detail,
        "shift_id": hold.shift_id,
        "user_id": hold.user_id,
        "clock_time_id": hold.clock_time_id,
        "employee_id": employee,
        "instant": hold.instant,
        "minutes": hold.minutes,
        "first_day": plan.window.first.isoformat(),
        "last_day": plan.window.last.isoformat(),
    }


# -- by people ---------------------------------------------------------------------------------------------------------


def standing_holds(
    session: Session,
    kind: str | None = None,
    *,
    employee: RowId | None = None,
    after: int = 0,
    limit: int | None = None,
) -> tuple[StandingHold, ...]:
    """The holds that stand, oldest shift first; only of one reason (`kind`), or only of an employee and the Connecteam
    users that count for them. With a `limit` the oldest holds: those with a larger number than `after`, by number.
    """
    held = session.tables.holds
    wanted = select(held).where(held.c.resolved_run.is_(None))
    if limit is None:
        wanted = wanted.order_by(held.c.instant, held.c.id)
    else:
        wanted = wanted.where(held.c.id > after).order_by(held.c.id).limit(limit)
    if kind is not None:
        wanted = wanted.where(held.c.reason == kind)
    if employee is not None:
        users = users_of_employee(session, employee)
        wanted = wanted.where(or_(held.c.employee_id == employee, held.c.user_id.in_(users)))
    standing = session.connection.execute(wanted).mappings().all()
    if not standing:
        return ()
    return named_holds(standing, session.employees(), session.known_users())


KnownUsers = Mapping[int, tuple[User, bool, RowId | None]]
"""What `Session.known_users` reads."""


def holds_about(
    session: Session,
    *,
    employee: RowId,
    users: Iterable[int],
    rows_of: Iterable[RowId],
    shifts: Iterable[str],
    people: Iterable[Employee],
    known: KnownUsers,
) -> tuple[StandingHold, ...]:
    """The standing holds on these rows and shifts, and all of the employee and their users; oldest shift first.

    `people` are all employees, `known` all users, which are read already.
    """
    held = session.tables.holds
    about = or_(
        held.c.employee_id == employee,
        held.c.user_id.in_(sorted(users)),
        held.c.clock_time_id.in_(sorted(rows_of, key=ordered)),
        held.c.shift_id.in_(sorted(shifts)),
    )
    wanted = select(held).where(held.c.resolved_run.is_(None), about).order_by(held.c.instant, held.c.id)
    return named_holds(session.connection.execute(wanted).mappings().all(), people, known)


def named_holds(
    standing: Iterable[Mapping[Any, Any]], people: Iterable[Employee], known: KnownUsers
) -> tuple[StandingHold, ...]:
    """Rows of holds as holds, with the names of these employees and users, who are all that there are."""
    people = list(people)
    names = {e.id: e.name for e in people}
    users = {user_id: user.name for user_id, (user, _, _) in known.items()}
    counts_for = mapped(people, {user_id: to for user_id, (_, _, to) in known.items()}).employees
    found = (_standing(dict(row), names.get(row["employee_id"]), users.get(row["user_id"])) for row in standing)
    return tuple(_as_mapped(one, counts_for.get(one.hold.user_id or 0)) for one in found)


def _as_mapped(standing: StandingHold, employee: RowId | None) -> StandingHold:
    """Where the user is mapped by now, that is said; the hold stands until the next look at its day."""
    if employee is None or standing.hold.reason not in NEED_A_MAPPING:
        return standing
    return msgspec.structs.replace(standing, hold=as_mapped(standing.hold, employee))


def _standing(row: Mapping[str, Any], employee: str | None, user: str | None) -> StandingHold:
    at, by, why = (row[name] for name in _ACKNOWLEDGEMENT_COLUMNS)
    return StandingHold(
        id=row["id"],
        hold=Hold(
            reason=row["reason"],
            subject=row["subject"],
            detail=row["detail"],
            shift_id=row["shift_id"],
            user_id=row["user_id"],
            clock_time_id=row["clock_time_id"],
            employee_id=row["employee_id"],
            instant=row["instant"],
            minutes=row["minutes"],
            acknowledged=at is not None,
        ),
        time_clock_id=row["time_clock_id"],
        first_seen=row["first_seen"],
        first_run=row["first_run"],
        employee_name=employee,
        user_name=user,
        acknowledged=None if at is None else Acknowledgement(by=by, at=at, reason=why),
    )


def acknowledge(
    session: Session, holds: Iterable[StandingHold], acknowledgement: Acknowledgement
) -> tuple[StandingHold, ...]:
    """Acknowledge these holds: who did it, when and why. Those acknowledged before keep their first acknowledgement."""
    fresh = {hold.id for hold in holds if hold.acknowledged is None}
    _write_acknowledgement(session, fresh, acknowledgement)
    return tuple(_with_acknowledgement(hold, acknowledgement) if hold.id in fresh else hold for hold in holds)


def unacknowledge(session: Session, holds: Iterable[StandingHold]) -> tuple[StandingHold, ...]:
    """Remove the acknowledgements of these holds, so they wait for a person again."""
    _write_acknowledgement(session, (hold.id for hold in holds), None)
    return tuple(_with_acknowledgement(hold, None) for hold in holds)


def _with_acknowledgement(standing: StandingHold, acknowledgement: Acknowledgement | None) -> StandingHold:
    hold = msgspec.structs.replace(standing.hold, acknowledged=acknowledgement is not None)
    return msgspec.structs.replace(standing, hold=hold, acknowledged=acknowledgement)


def _write_acknowledgement(session: Session, ids: Iterable[int], acknowledgement: Acknowledgement | None) -> None:
    d = session.dialect
    values = dict(
        zip(
            _ACKNOWLEDGEMENT_COLUMNS,
            (acknowledgement.at, acknowledgement.by, acknowledgement.reason) if acknowledgement else (None, None, None),
            strict=True,
        )
    )
    kinds: dict[str, Kind] = {"id": "int", **{name: "int" if name.endswith("_at") else "text" for name in values}}
    update = d.update(session.own.holds, d.rowset(kinds), {name: f"d.{name}" for name in values}, "t.id = d.id")
    session.write_set(update, ({"id": key, **values} for key in ids))


def require_standing(session: Session, ids: Iterable[int]) -> tuple[StandingHold, ...]:
    """The standing holds of these ids. Raises NotFound, naming those that do not stand."""
    wanted = set(ids)
    holds = tuple(hold for hold in standing_holds(session) if hold.id in wanted)
    missing = sorted(wanted - {hold.id for hold in holds})
    if missing:
        raise no_hold(missing)
    return holds


def no_hold(missing: Iterable[int]) -> NotFound:
    """The error that no holds of these ids stand."""
    return NotFound(
        f"no hold {', '.join(map(str, missing))} stands: it never did, or it is resolved",
        next_step="`connecteam-sync holds` lists those that do, with their ids",
    )

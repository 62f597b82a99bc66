"""What needs a person, as the pages of the console show it: holds in groups, and users who count for no employee.

The database makes the groups: there may be a hold for each shift of each new person.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import ColumnElement, FromClause, and_, or_, select

from connecteam_sync.core.attention import (
    SHOWN,
    WAIT_FOR_A_MAPPING,
    Attention,
    HeldGroup,
    HoldPage,
    WaitingUser,
    WaitingUsers,
    attention,
    with_groups,
)
from connecteam_sync.core.change import Hold, HoldReason
from connecteam_sync.core.clocktime import Employee
from connecteam_sync.core.holds import NEED_A_MAPPING, HoldGroup, as_mapped
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.people import mapped
from connecteam_sync.core.persons import by_name
from connecteam_sync.core.run import Person
from connecteam_sync.store.history.holds import named_holds, no_hold
from connecteam_sync.store.mirror.people import Directory
from connecteam_sync.store.session import Session, employees_of, users_of, users_query
from connecteam_sync.store.sql.pipeline import Query
from connecteam_sync.store.tables.keys import row_id

CANDIDATES = 20
"""Employees that a search for one to map shows."""
_GROUP = (
    "CASE WHEN h.employee_id IS NULL THEN h.user_id END AS only_user,"
    " CASE WHEN h.employee_id IS NULL AND h.user_id IS NULL THEN h.subject END AS alone,"
    " CASE WHEN h.acknowledged_at IS NULL THEN 0 ELSE 1 END AS is_known"
)
_SUMS = (
    "count(*), count(h.shift_id), min(h.id), max(h.id), min(h.first_seen), max(h.user_id), min(h.instant),"
    " max(h.instant), coalesce(sum(CASE WHEN h.minutes > 0 THEN h.minutes ELSE 0 END), 0),"
    " coalesce(sum(CASE WHEN h.minutes < 0 THEN -h.minutes ELSE 0 END), 0)"
)
"""Without their sentences: a temporary table with long texts is slow."""


class _Sums(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A group of holds, without sentences and names; `first` to `last` are the ids of its ends."""

    reason: HoldReason
    employee: RowId | None
    user: int | None
    alone: str
    is_known: bool
    count: int
    shifts: int
    first: int
    last: int
    since: int
    begins: int | None
    ends: int | None
    added: int
    kept: int


class _Said(NamedTuple):
    """The sentence of a hold, the name of its user, and the employee that the user counts for by now."""

    detail: str
    name: str
    employee: RowId | None = None


def held_groups(session: Session, kind: str | None, after: int) -> tuple[Attention, Mapping[RowId, str]]:
    """The standing holds by reason and person, and the names of all employees: three statements."""
    own = session.own
    found, employees = session.fetch(
        Query(
            f"SELECT h.reason, h.employee_id, {_GROUP}, {_SUMS} FROM {own.holds} h WHERE h.resolved_run IS NULL"
            " GROUP BY h.reason, h.employee_id, only_user, alone, is_known",
            make=_sums,
        ),
        session.employees_query(),
    )
    people = employees_of(employees)
    names = {one.id: one.name for one in people if one.name}
    sums = {one.first: one for one in found}
    chosen = attention((_group(one, {}, names) for one in found), kind=kind, after=after)
    shown = [group.number for part in (*chosen.waiting, *chosen.acknowledged) for group in part.groups]
    said = _said(session, people, (key for number in shown for key in (sums[number].first, sums[number].last)))
    return with_groups(chosen, {number: _group(sums[number], said, names) for number in shown}), names


def _sums(row: Sequence[Any]) -> _Sums:
    reason, employee, only_user, alone, is_known, count, shifts, first, last, since, user, begins, ends, *minutes = row
    added, kept = minutes
    return _Sums(
        reason=reason,
        employee=None if employee is None else row_id(employee),
        user=next((int(one) for one in (only_user, user) if one is not None), None),
        alone=alone or "",
        is_known=bool(is_known),
        count=int(count),
        shifts=int(shifts),
        first=int(first),
        last=int(last),
        since=int(since),
        begins=None if begins is None else int(begins),
        ends=None if ends is None else int(ends),
        added=int(added),
        kept=int(kept),
    )


def _said(session: Session, people: Iterable[Employee], numbers: Iterable[int]) -> dict[int, _Said]:
    """The sentences of these holds, with their users; `people` are all employees."""
    d, own = session.dialect, session.own
    fetched = session.fetch_set(
        "SELECT h.id, h.detail, h.user_id, u.first_name, u.last_name, u.employee_id"
        f" FROM {d.rowset({'id': 'int'})} {d.lookup} {own.holds} h ON h.id = d.id"
        f" LEFT JOIN {own.users} u ON u.user_id = h.user_id",
        ({"id": number} for number in dict.fromkeys(numbers)),
    )
    chosen = {int(row[2]): None if row[5] is None else row_id(row[5]) for row in fetched if row[2] is not None}
    counts_for = mapped(people, chosen).employees
    return {
        int(number): _Said(detail, f"{first or ''} {last or ''}".strip(), counts_for.get(int(user or 0)))
        for number, detail, user, first, last, _ in fetched
    }


def _group(sums: _Sums, said: Mapping[int, _Said], names: Mapping[RowId, str]) -> HeldGroup:
    ends = ((sums.first, sums.begins), (sums.last, sums.ends))[: min(sums.count, 2)]
    nothing = _Said("", "")
    holds = tuple(_hold(sums, said.get(number, nothing), at) for number, at in ends)
    theirs = names.get(sums.employee) if sums.employee is not None else None
    return HeldGroup(
        group=HoldGroup(reason=sums.reason, employee_id=sums.employee, user_id=sums.user, holds=holds),
        number=sums.first,
        count=sums.count,
        shifts=sums.shifts,
        since=sums.since,
        added=sums.added,
        kept=sums.kept,
        is_acknowledged=sums.is_known,
        name=theirs or said.get(sums.first, nothing).name,
    )


def _hold(sums: _Sums, said: _Said, at: int | None) -> Hold:
    found = Hold(
        reason=sums.reason,
        subject=sums.alone,
        detail=said.detail,
        employee_id=sums.employee,
        user_id=sums.user,
        instant=at,
    )
    if said.employee is None or sums.reason not in NEED_A_MAPPING:
        return found
    return as_mapped(found, said.employee)


def hold_page(session: Session, number: int) -> HoldPage:
    """A standing hold, and those of the same person for the same reason: five statements. Raises NotFound."""
    own, held = session.own, session.tables.holds
    one = held.alias()
    sums, employees, users = session.fetch(
        Query(
            f"SELECT h.reason, h.employee_id, {_GROUP}, {_SUMS} FROM {own.holds} o JOIN {own.holds} h ON {_SAME}"
            " WHERE o.id = :id AND o.resolved_run IS NULL AND h.resolved_run IS NULL"
            " GROUP BY h.reason, h.employee_id, only_user, alone, is_known",
            {"id": number},
            _sums,
        ),
        session.employees_query(),
        users_query(own),
    )
    if not sums:
        raise no_hold([number])
    people, known = employees_of(employees), users_of(users)
    names = {person.id: person.name for person in people if person.name}
    group = _group(sums[0], _said(session, people, (sums[0].first, sums[0].last)), names)
    theirs = select(held).join(one, one.c.id == number).where(held.c.resolved_run.is_(None), _same(held, one))
    # The one that is asked for comes first: it is shown also if there are many.
    in_turn = theirs.order_by((held.c.id != number), held.c.instant, held.c.id).limit(SHOWN)
    beside = named_holds(session.connection.execute(in_turn).mappings().all(), people, known)
    return HoldPage(hold=beside[0], beside=beside, group=group)


_SAME = (
    "h.reason = o.reason AND (CASE WHEN h.acknowledged_at IS NULL THEN 0 ELSE 1 END)"
    " = (CASE WHEN o.acknowledged_at IS NULL THEN 0 ELSE 1 END) AND (h.employee_id = o.employee_id"
    " OR (h.employee_id IS NULL AND o.employee_id IS NULL AND (h.user_id = o.user_id"
    " OR (h.user_id IS NULL AND o.user_id IS NULL AND h.subject = o.subject))))"
)
"""Whether two holds are of one group (`_GROUP`)."""


def _same(held: FromClause, one: FromClause) -> ColumnElement[bool]:
    """The same for SQLAlchemy."""
    h, o = held.c, one.c
    nobody = and_(h.employee_id.is_(None), o.employee_id.is_(None))
    nobody_known = and_(h.user_id.is_(None), o.user_id.is_(None), h.subject == o.subject)
    return and_(
        h.reason == o.reason,
        h.acknowledged_at.is_(None) == o.acknowledged_at.is_(None),
        or_(h.employee_id == o.employee_id, and_(nobody, or_(h.user_id == o.user_id, nobody_known))),
    )


# -- users without an employee -----------------------------------------------------------------------------------------


def waiting_users(session: Session, after: int | None) -> WaitingUsers:
    """A page of the users who count for no employee, with what is held of them: three statements."""
    directory = Directory(session)
    reasons = ", ".join(f"'{reason}'" for reason in WAIT_FOR_A_MAPPING)
    [found] = session.fetch(
        Query(
            "SELECT user_id, count(*), coalesce(sum(minutes), 0), min(instant), max(instant)"
            f" FROM {session.own.holds} WHERE resolved_run IS NULL AND user_id IS NOT NULL AND reason IN ({reasons})"
            " GROUP BY user_id"
        )
    )
    held = {int(user): (int(count), int(minutes), first, last) for user, count, minutes, first, last in found}
    without = {user for user in (*directory.users, *held) if user not in directory.who.employees}
    in_turn = sorted(without, key=lambda user: (-held.get(user, _NOTHING)[1], user))
    place = next((number for number, user in enumerate(in_turn, 1) if user == after), 0)
    shown = in_turn[place:][:SHOWN]
    return WaitingUsers(
        users=tuple(_waiting(directory, user, held.get(user, _NOTHING)) for user in shown),
        count=len(in_turn),
        shifts=sum(held.get(user, _NOTHING)[0] for user in in_turn),
        minutes=sum(held.get(user, _NOTHING)[1] for user in in_turn),
        next_after=shown[-1] if len(in_turn) > place + len(shown) else None,
    )


_Held = tuple[int, int, int | None, int | None]
_NOTHING: _Held = (0, 0, None, None)


def _waiting(directory: Directory, user: int, held: _Held) -> WaitingUser:
    is_known = user in directory.users
    shifts, minutes, first, last = held
    return WaitingUser(
        person=directory.person(user) if is_known else Person(user_id=user, name="", is_archived=False),
        is_known=is_known,
        shifts=shifts,
        minutes=minutes,
        first=None if first is None else int(first),
        last=None if last is None else int(last),
    )


def candidates(session: Session, user: int, query: str) -> tuple[Person, tuple[Employee, ...], int]:
    """A user, and the first employees that match a search, those without a user before the others; and how many match.

    Two statements. Raises NotFound.
    """
    directory = Directory(session)
    person = directory.person(user)
    found = by_name(directory.employees.values(), query)
    has_user = {one.id: bool(directory.who.users_of.get(one.id)) for one in found}
    in_turn = sorted(found, key=lambda one: has_user[one.id])
    return person, tuple(in_turn[:CANDIDATES]), len(found)

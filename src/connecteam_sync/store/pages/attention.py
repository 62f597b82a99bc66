"""What needs a person, as the pages of the console show it: holds in groups, and users who count for no employee.

The database makes the groups: there may be a hold for each shift of each new person.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, FromClause, and_, or_, select

from connecteam_sync.core.attention import (
    NEED_A_MAPPING,
    SHOWN,
    Attention,
    HeldGroup,
    HoldPage,
    WaitingUser,
    WaitingUsers,
    attention,
)
from connecteam_sync.core.change import Hold
from connecteam_sync.core.clocktime import Employee
from connecteam_sync.core.holds import HoldGroup
from connecteam_sync.core.keys import RowId
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
    "count(*), count(h.shift_id), min(h.id), min(h.first_seen), max(h.user_id), min(h.instant), max(h.instant),"
    " min(h.detail), max(h.detail), coalesce(sum(CASE WHEN h.minutes > 0 THEN h.minutes ELSE 0 END), 0),"
    " coalesce(sum(CASE WHEN h.minutes < 0 THEN -h.minutes ELSE 0 END), 0)"
)


def held_groups(session: Session, kind: str | None, after: int) -> tuple[Attention, Mapping[RowId, str]]:
    """The standing holds by reason and person, and the names of all employees: three statements."""
    own = session.own
    found, employees, users = session.fetch(
        Query(
            f"SELECT h.reason, h.employee_id, {_GROUP}, {_SUMS} FROM {own.holds} h WHERE h.resolved_run IS NULL"
            " GROUP BY h.reason, h.employee_id, only_user, alone, is_known"
        ),
        session.employees_query(),
        users_query(own),
    )
    names = {one.id: one.name for one in employees_of(employees) if one.name}
    known = {user_id: user.name for user_id, (user, _, _) in users_of(users).items()}
    return attention((_group(row, names, known) for row in found), kind=kind, after=after), names


def _group(row: Sequence[Any], names: Mapping[RowId, str], users: Mapping[int, str]) -> HeldGroup:
    reason, employee_key, only_user, alone, is_known, *sums = row
    count, shifts, number, since, user, first, last, detail, other, added, kept = sums
    employee = None if employee_key is None else row_id(employee_key)
    user_id = next((int(one) for one in (only_user, user) if one is not None), None)
    ends = ((detail, first), (other, last))[: min(int(count), 2)]
    return HeldGroup(
        group=HoldGroup(
            reason=reason,
            employee_id=employee,
            user_id=user_id,
            holds=tuple(
                Hold(
                    reason=reason,
                    subject=alone or "",
                    detail=said,
                    employee_id=employee,
                    user_id=user_id,
                    instant=None if at is None else int(at),
                )
                for said, at in ends
            ),
        ),
        number=int(number),
        count=int(count),
        shifts=int(shifts),
        since=int(since),
        added=int(added),
        kept=int(kept),
        is_acknowledged=bool(is_known),
        name=(names.get(employee) if employee is not None else None) or users.get(user_id or 0) or "",
    )


def hold_page(session: Session, number: int) -> HoldPage:
    """A standing hold, and those of the same person for the same reason: four statements. Raises NotFound."""
    own, held = session.own, session.tables.holds
    one = held.alias()
    sums, employees, users = session.fetch(
        Query(
            f"SELECT h.reason, h.employee_id, {_GROUP}, {_SUMS} FROM {own.holds} o JOIN {own.holds} h ON {_SAME}"
            " WHERE o.id = :id AND o.resolved_run IS NULL AND h.resolved_run IS NULL"
            " GROUP BY h.reason, h.employee_id, only_user, alone, is_known",
            {"id": number},
        ),
        session.employees_query(),
        users_query(own),
    )
    if not sums:
        raise no_hold([number])
    people, known = employees_of(employees), users_of(users)
    names = {person.id: person.name for person in people if person.name}
    group = _group(sums[0], names, {user_id: user.name for user_id, (user, _, _) in known.items()})
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
    reasons = ", ".join(f"'{reason}'" for reason in NEED_A_MAPPING)
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

"""The mapping of Connecteam users to employees: read, suggested, made and removed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import NamedTuple

import msgspec
from sqlalchemy import update

from connecteam_sync.core.change import NewEmployee
from connecteam_sync.core.clocktime import Employee
from connecteam_sync.core.keys import RowId, by_key, ordered
from connecteam_sync.core.name_search import matching
from connecteam_sync.core.people import Likenesses, address, is_no_user, mapped, named, taken, words
from connecteam_sync.core.run import Move, Person, Suggestion
from connecteam_sync.core.shift import User
from connecteam_sync.core.text import called
from connecteam_sync.errors import MappingRefused, NotFound
from connecteam_sync.store.mirror.employees import make_employees
from connecteam_sync.store.session import Session
from connecteam_sync.store.sql.pipeline import Query, Rows
from connecteam_sync.store.tables.keys import row_id
from connecteam_sync.store.tables.own import OwnTables


class Directory:
    """The host's employees and the users that runs have seen, read once; who counts for whom, and who might."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.employees = {e.id: e for e in session.employees()}
        known = session.known_users()
        self.users = {user_id: (user, is_listed) for user_id, (user, is_listed, _) in known.items()}
        self.who = mapped(self.employees.values(), {user_id: own for user_id, (_, _, own) in known.items()})

    @cached_property
    def likenesses(self) -> Likenesses:
        """The host's employees, to compare a user with."""
        working = (user_id for user_id, (user, is_listed) in self.users.items() if is_listed and not user.is_archived)
        return Likenesses(self.employees.values(), taken(self.who.users_of, working))

    def user(self, user_id: int) -> User:
        """A user that a run has seen. Raises NotFound."""
        if user_id not in self.users:
            raise NotFound(
                f"no run has seen a Connecteam user {user_id} yet",
                next_step="run `connecteam-sync sync` first; `connecteam-sync employees` lists the users seen",
            )
        return self.users[user_id][0]

    def employee(self, employee_id: RowId) -> Employee:
        """An employee by key, or by the key as text. Raises NotFound."""
        if employee_id not in self.employees:
            text = str(employee_id).strip()
            matches = [key for key in self.employees if str(key) == text] or [
                key for key in self.employees if str(key).lower() == text.lower()
            ]
            if len(matches) == 1:
                return self.employees[matches[0]]
            raise NotFound(
                f"there is no employee {employee_id} in table {self.session.host.employees.table}",
                next_step="employees are rows of your table; connecteam-sync employees --without-user lists those for"
                " whom no Connecteam user counts",
            )
        return self.employees[employee_id]

    def name_of(self, employee_id: RowId | None) -> str | None:
        """An employee's name, if there is one."""
        return self.employees[employee_id].name if employee_id in self.employees else None

    def person(self, user_id: int) -> Person:
        """A user with the employee they count for, or else with suggestions. Raises NotFound."""
        user = self.user(user_id)
        chosen, several = self.who.employees.get(user_id), self.who.ambiguous.get(user_id, ())
        return Person(
            user_id=user_id,
            name=user.name,
            is_archived=user.is_archived,
            employee_id=chosen,
            employee_name=self.name_of(chosen),
            ambiguous=tuple((key, self.name_of(key) or "") for key in several),
            suggestions=self.likenesses.alike(user) if chosen is None and not several else (),
        )

    def other_employees(self, user_id: int, employee_id: RowId) -> tuple[RowId, ...]:
        """Others that may have rows of a user's shifts: the present one, and all that have the user in their column."""
        keys = {*self.who.ambiguous.get(user_id, ()), self.who.employees.get(user_id)}
        return tuple(sorted((key for key in keys if key is not None and key != employee_id), key=ordered))

    def move(
        self,
        user_id: int,
        employee_id: RowId,
        worked: Mapping[int, Iterable[_ShiftGroup]],
        existing: Mapping[_Pair, _ExistingRows],
    ) -> Move:
        """What mapping a user to an employee does, by `_worked` and `_existing_rows`. Raises NotFound."""
        employee, user = self.employee(employee_id), self.user(user_id)
        employee_id = employee.id
        now = self.who.employees.get(user_id)
        groups = worked.get(user_id, ())
        waiting = [group for group in groups if not group.is_linked]
        elsewhere = [group for group in groups if group.is_linked and group.employee_id != employee_id]
        moving = waiting + elsewhere
        rows_there = existing.get((user_id, employee_id), _ExistingRows())
        left = {
            key: existing[user_id, key]
            for key in self.other_employees(user_id, employee_id)
            if (user_id, key) in existing
        }
        return Move(
            user_id=user_id,
            user_name=user.name,
            employee_id=employee_id,
            employee_name=employee.name or "",
            from_id=now,
            from_name=self.name_of(now),
            names_differ=words(user.name) != words(employee.name),
            has_same_email=bool(address(user.email)) and address(user.email) == address(employee.email),
            other_users=tuple(sorted(self.who.users_of.get(employee_id, frozenset()) - {user_id})),
            shifts=sum(group.shifts for group in waiting) - rows_there.rows - rows_there.others,
            minutes=sum(group.minutes for group in waiting) - rows_there.shift_minutes - rows_there.other_minutes,
            linked=rows_there.rows,
            linked_minutes=rows_there.shift_minutes - rows_there.row_minutes,
            kept_out=rows_there.others,
            left=sum(others.rows for others in left.values()),
            left_minutes=sum(others.row_minutes for others in left.values()),
            left_with=tuple((key, self.name_of(key) or "") for key, others in left.items() if others.rows),
            rows=sum(group.shifts for group in elsewhere),
            row_minutes=sum(group.minutes for group in elsewhere),
            first=min((group.first for group in moving), default=None),
            last=max((group.last for group in moving), default=None),
        )


def people(session: Session, *, unmapped: bool) -> tuple[Person, ...]:
    """Every Connecteam user seen by a run, with the employee they count for, or else with suggestions; by id."""
    directory = Directory(session)
    persons = (directory.person(user_id) for user_id in sorted(directory.users))
    return tuple(person for person in persons if not (unmapped and person.employee_id is not None))


def employees_without_user(session: Session) -> tuple[Employee, ...]:
    """The employees for whom no Connecteam user counts, whether a run has seen the user or not; by id."""
    directory = Directory(session)
    return tuple(employee for key, employee in by_key(directory.employees) if not directory.who.users_of.get(key))


def employees_with_invalid_user(session: Session) -> tuple[Employee, ...]:
    """The employees whose column for the Connecteam user holds a value that is no user id; by id."""
    invalid = (employee for employee in session.employees() if is_no_user(employee.connecteam_user_id))
    return tuple(sorted(invalid, key=lambda employee: ordered(employee.id)))


def ambiguous(session: Session) -> dict[int, str]:
    """Every Connecteam user that several employees have in their column, and those employees by name."""
    directory = Directory(session)
    names = {e.id: e.name for e in directory.employees.values() if e.name}
    return {user_id: named(several, names) for user_id, several in directory.who.ambiguous.items()}


# -- mapping -----------------------------------------------------------------------------------------------------------


class _ShiftGroup(NamedTuple):
    """Shifts of one user that Connecteam shows: with rows of one employee, or waiting for a row (not linked)."""

    employee_id: RowId | None
    is_linked: bool
    shifts: int
    minutes: int
    first: int
    last: int


def _worked(session: Session, user: int | None = None) -> dict[int, list[_ShiftGroup]]:
    """The tracked shifts of every user, or of one, in groups; with whole minutes of closed shifts."""
    seconds = "(end_at - start_at)"
    only, values = ("", {}) if user is None else (" AND user_id = :user", {"user": user})
    [fetched] = session.fetch(
        Query(
            "SELECT user_id, applied_employee_id, CASE WHEN clock_time_id IS NULL THEN 0 ELSE 1 END AS linked,"
            f" count(*), coalesce(sum(({seconds} - {seconds} % 60) / 60), 0), min(start_at), max(start_at)"
            f" FROM {session.own.shifts} WHERE is_gone = 0{only} GROUP BY user_id, applied_employee_id, linked",
            values,
        )
    )
    result: dict[int, list[_ShiftGroup]] = defaultdict(list)
    for user_id, employee, linked, *sums in fetched:
        result[int(user_id)].append(_ShiftGroup(employee, bool(linked), *map(int, sums)))
    return result


_Pair = tuple[int, RowId]
"""A Connecteam user and an employee."""


class _ExistingRows(NamedTuple):
    """Rows of an employee on the clock-ins of a user's waiting shifts: free rows of ours, which these shifts would get,
    with the minutes of shifts and rows; and `others`, which keep their shifts out.
    """

    rows: int = 0
    shift_minutes: int = 0
    row_minutes: int = 0
    others: int = 0
    other_minutes: int = 0


def _existing_rows(session: Session, pairs: Iterable[_Pair]) -> dict[_Pair, _ExistingRows]:
    """For each (user, employee) the rows that exist on the clock-ins of the user's waiting shifts."""
    d, names, c = session.dialect, session.host.clock_times, session.canonical
    length = "(s.end_at - s.start_at - (s.end_at - s.start_at) % 60) / 60"
    free = f"CASE WHEN {session.is_ours} AND o.id IS NULL THEN 1 ELSE 0 END"
    linked = d.keys.row.cast.format(f"t.{d.name(names.id)}")
    fetched = session.fetch_set(
        f"SELECT d.user_id, d.employee_id, {free} AS is_free, count(*), coalesce(sum({length}), 0),"
        f" coalesce(sum({d.whole(c['total_minutes'])}), 0)"
        f" FROM {d.rowset({'user_id': 'int', 'employee_id': 'person'})}"
        f" {d.lookup} {session.own.shifts} s ON s.user_id = d.user_id {d.lookup} {session.clock_times} t"
        f" ON t.{d.name(names.employee_id)} = d.employee_id AND t.{d.name(names.clock_in)} = {d.moment('s.start_at')}"
        f" LEFT JOIN {session.own.shifts} o ON o.clock_time_id = {linked}"
        " WHERE s.is_gone = 0 AND s.clock_time_id IS NULL GROUP BY d.user_id, d.employee_id, is_free",
        ({"user_id": user, "employee_id": employee} for user, employee in dict.fromkeys(pairs)),
    )
    result: dict[_Pair, _ExistingRows] = {}
    for user, employee, is_free, *sums in fetched:
        pair, (count, shifts, rows) = (int(user), row_id(employee)), map(int, sums)
        known = result.get(pair, _ExistingRows())
        result[pair] = (
            known._replace(rows=count, shift_minutes=shifts, row_minutes=rows)
            if is_free
            else known._replace(others=count, other_minutes=shifts)
        )
    return result


def move(session: Session, user_id: int, employee_id: RowId) -> Move:
    """What `map_user` would do. Nothing is written. Raises NotFound."""
    directory = Directory(session)
    employee_id = directory.employee(employee_id).id
    concerned = (employee_id, *directory.other_employees(user_id, employee_id))
    existing = _existing_rows(session, ((user_id, key) for key in concerned))
    return directory.move(user_id, employee_id, _worked(session, user_id), existing)


def suggestions(session: Session) -> tuple[Suggestion, ...]:
    """Employees that unmapped users might be: a suggestion for each (user, employee), by user, certain ones first.

    A suggestion is certain if its evidence is, no other employee is as likely, and no other user might be that one.
    """
    directory = Directory(session)
    worked = _worked(session)
    waiting = [person for user_id in sorted(directory.users) if (person := directory.person(user_id)).suggestions]
    wanted = Counter(likeness.employee_id for person in waiting for likeness in person.suggestions)
    pairs = [(person.user_id, likeness.employee_id) for person in waiting for likeness in person.suggestions]
    existing = _existing_rows(session, pairs)
    return tuple(
        Suggestion(
            move=directory.move(person.user_id, likeness.employee_id, worked, existing),
            evidence=likeness.evidence,
            is_certain=likeness.is_certain
            and not likeness.has_user
            and len(person.suggestions) == 1
            and wanted[likeness.employee_id] == 1,
        )
        for person in waiting
        for likeness in person.suggestions
    )


def users_of_employee(session: Session, employee: RowId) -> frozenset[int]:
    """The Connecteam users that count, or may count, for an employee."""
    own = {user_id: to for user_id, (_, _, to) in session.known_users().items()}
    return mapped(session.employees(), own).users_of.get(employee, frozenset())


def map_user(session: Session, user_id: int, employee_id: RowId) -> Person:
    """Map a user to an employee, from the next run on. Raises NotFound."""
    directory = Directory(session)
    employee_id = directory.employee(employee_id).id
    directory.user(user_id)
    _set_mapping(session, user_id, employee_id)
    return Directory(session).person(user_id)


def unmap_user(session: Session, user_id: int) -> tuple[Person, bool]:
    """Remove a mapping made with `map_user`. Returns the user, and whether there was one. Raises NotFound.

    A mapping in the host's own column stays, and is in the result.
    """
    directory = Directory(session)
    directory.user(user_id)
    _, _, was = session.known_users()[user_id]
    if was is None:
        return directory.person(user_id), False
    _set_mapping(session, user_id, None)
    return Directory(session).person(user_id), True


def create_for(session: Session, user_id: int) -> tuple[Person, dict[str, object] | None]:
    """Make an employee for a user who has none, and map the user to it. Returns the user, and the image of the new row;
    None if the user has an employee already.

    The e-mail address is left out if another employee has it: the host may want it unique. Raises NotFound, RowMoved,
    NotServed, and MappingRefused for a user that several employees have in their column.
    """
    directory = Directory(session)
    user, person = directory.user(user_id), directory.person(user_id)
    if person.ambiguous:
        raise MappingRefused(
            f"Connecteam user {user_id} ({user.name}) stands on several employees: {ambiguous(session)[user_id]}",
            next_step=f"say whose hours they are: connecteam-sync employees map {user_id} EMPLOYEE",
        )
    if person.employee_id is not None:
        return person, None
    email = None if directory.likenesses.has_email(user.email) else user.email
    made = make_employees(session, [NewEmployee(user_id=user_id, name=user.name, email=email)])
    _set_mapping(session, user_id, made[user_id])
    image: dict[str, object] = {"id": made[user_id], "user_id": user_id, "name": user.name, "email": email}
    return Directory(session).person(user_id), image


def _set_mapping(session: Session, user_id: int, employee_id: RowId | None) -> None:
    users = session.tables.users
    session.connection.execute(update(users).where(users.c.user_id == user_id).values(employee_id=employee_id))


# -- which time clocks a user is on ------------------------------------------------------------------------------------

_ASKED_EVERY = 86_400
"""How long an answer counts, in seconds: each user is asked about once a day."""


def assignments_query(own: OwnTables, now: int) -> Query:
    """The query whose rows `assignments_of` takes: the answers of the last day."""
    return Query(
        f"SELECT user_id, time_clocks FROM {own.assignments} WHERE asked_at > :since", {"since": now - _ASKED_EVERY}
    )


def assignments_of(fetched: Rows) -> dict[int, frozenset[int] | None]:
    """The time clocks of each user; None where Connecteam did not say, and is not asked again today."""
    return {
        int(user): None if clocks is None else frozenset(msgspec.json.decode(clocks, type=list[int]))
        for user, clocks in fetched
    }


_CANDIDATES = 12
"""How many employees an ambiguous name lists."""


def require_employee(employees: Iterable[Employee], named: int | str) -> Employee:
    """The employee with this id, name or part of a name. Raises NotFound, which lists the candidates if any."""
    matches = matching(employees, named)
    if len(matches) == 1:
        return matches[0]
    if not matches:
        raise NotFound(
            f"there is no employee {str(named)!r}",
            next_step="connecteam-sync employees lists those with a Connecteam user, with ids; all others:"
            " connecteam-sync employees --without-user",
        )
    choice = ", ".join(f"{person.id} {called(person.name or '')}".rstrip() for person in matches[:_CANDIDATES])
    more = f" and {len(matches) - _CANDIDATES} more" if len(matches) > _CANDIDATES else ""
    raise NotFound(
        f"{len(matches)} employees could be meant by {str(named)!r}: {choice}{more}", next_step="name the one by the id"
    )

"""Who counts for whom."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import NamedTuple

from sqlalchemy import update

from connecteam_sync.core.change import NewEmployee
from connecteam_sync.core.clocktime import Employee
from connecteam_sync.core.keys import RowId, by_key, ordered
from connecteam_sync.core.people import Likenesses, address, is_no_user, mapped, named, taken, words
from connecteam_sync.core.run import Move, Person, Suggestion
from connecteam_sync.core.shift import User
from connecteam_sync.errors import MappingRefused, NotFound
from connecteam_sync.store.mirror.employees import make_employees
from connecteam_sync.store.session import Session
from connecteam_sync.store.sql.pipeline import Query
from connecteam_sync.store.tables.keys import row_id


class Directory:
    """The host's people and the users that runs have seen, read once; who counts for whom, and who might."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.employees = {e.id: e for e in session.employees()}
        known = session.known_users()
        self.users = {user_id: (user, is_listed) for user_id, (user, is_listed, _) in known.items()}
        self.who = mapped(self.employees.values(), {user_id: own for user_id, (_, _, own) in known.items()})

    @cached_property
    def likenesses(self) -> Likenesses:
        """The host's people, to compare a user with."""
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
        """A row of the host's people, by its key or that as text. Raises NotFound."""
        if employee_id not in self.employees:
            said = str(employee_id).strip()
            spelled = [key for key in self.employees if str(key) == said] or [
                key for key in self.employees if str(key).lower() == said.lower()
            ]
            if len(spelled) == 1:
                return self.employees[spelled[0]]
            raise NotFound(
                f"there is no employee {employee_id} in table {self.session.host.employees.table}",
                next_step="employees are rows of your table; connecteam-sync employees --without-user lists those for"
                " whom no Connecteam user counts",
            )
        return self.employees[employee_id]

    def name_of(self, employee_id: RowId | None) -> str | None:
        """An employee's name, where there is one."""
        return self.employees[employee_id].name if employee_id in self.employees else None

    def person(self, user_id: int) -> Person:
        """A user with the employee they count for; where there is none, who they might be."""
        user = self.user(user_id)
        chosen, several = self.who.employees.get(user_id), self.who.ambiguous.get(user_id, ())
        return Person(
            user_id=user_id,
            name=user.name,
            is_archived=user.is_archived,
            employee_id=chosen,
            employee_name=self.name_of(chosen),
            ambiguous=tuple((one, self.name_of(one) or "") for one in several),
            suggestions=self.likenesses.alike(user) if chosen is None and not several else (),
        )

    def other_employees(self, user_id: int, employee_id: RowId) -> tuple[RowId, ...]:
        """Who else may have rows of a user's shifts: whom they count for now, and all who carry them."""
        found = {*self.who.ambiguous.get(user_id, ()), self.who.employees.get(user_id)}
        return tuple(sorted((one for one in found if one is not None and one != employee_id), key=ordered))

    def move(
        self,
        user_id: int,
        employee_id: RowId,
        worked: Mapping[int, Iterable[_Worked]],
        existing: Mapping[_Pair, _ExistingRows],
    ) -> Move:
        """What mapping a user to an employee does; `worked` and `existing` are as below. Raises NotFound."""
        employee, user = self.employee(employee_id), self.user(user_id)
        employee_id = employee.id
        now = self.who.employees.get(user_id)
        waiting = [one for one in worked.get(user_id, ()) if not one.is_linked]
        elsewhere = [one for one in worked.get(user_id, ()) if one.is_linked and one.employee_id != employee_id]
        moving = waiting + elsewhere
        rows_there = existing.get((user_id, employee_id), _ExistingRows())
        left = {
            one: existing[user_id, one]
            for one in self.other_employees(user_id, employee_id)
            if (user_id, one) in existing
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
            shifts=sum(one.shifts for one in waiting) - rows_there.rows - rows_there.others,
            minutes=sum(one.minutes for one in waiting) - rows_there.shift_minutes - rows_there.other_minutes,
            linked=rows_there.rows,
            linked_minutes=rows_there.shift_minutes - rows_there.row_minutes,
            kept_out=rows_there.others,
            left=sum(one.rows for one in left.values()),
            left_minutes=sum(one.row_minutes for one in left.values()),
            left_with=tuple((one, self.name_of(one) or "") for one, found in left.items() if found.rows),
            rows=sum(one.shifts for one in elsewhere),
            row_minutes=sum(one.minutes for one in elsewhere),
            first=min((one.first for one in moving), default=None),
            last=max((one.last for one in moving), default=None),
        )


def people(session: Session, *, unmapped: bool) -> tuple[Person, ...]:
    """Every Connecteam user seen, with the employee they count for; where there is none, who they might be."""
    directory = Directory(session)
    found = (directory.person(user_id) for user_id in sorted(directory.users))
    return tuple(person for person in found if not (unmapped and person.employee_id is not None))


def employees_without_user(session: Session) -> tuple[Employee, ...]:
    """The host's people for whom no Connecteam user counts, seen by a run or not, by id."""
    directory = Directory(session)
    return tuple(one for key, one in by_key(directory.employees) if not directory.who.users_of.get(key))


def employees_with_invalid_user(session: Session) -> tuple[Employee, ...]:
    """The host's people whose column of the Connecteam user says something that is none, by id."""
    found = (one for one in session.employees() if is_no_user(one.connecteam_user_id))
    return tuple(sorted(found, key=lambda one: ordered(one.id)))


def ambiguous(session: Session) -> dict[int, str]:
    """Every Connecteam user that several employees carry, seen by a run or not yet, and those employees by name."""
    directory = Directory(session)
    names = {e.id: e.name for e in directory.employees.values() if e.name}
    return {user_id: named(several, names) for user_id, several in directory.who.ambiguous.items()}


# -- mapping -----------------------------------------------------------------------------------------------------------


class _Worked(NamedTuple):
    """Shifts of one user that Connecteam shows: of rows of one employee, or waiting (not linked)."""

    employee_id: RowId | None
    is_linked: bool
    shifts: int
    minutes: int
    first: int
    last: int


def _worked(session: Session) -> dict[int, list[_Worked]]:
    """What every user has clocked, as remembered, with whole minutes of closed shifts."""
    seconds = "(end_at - start_at)"
    [found] = session.fetch(
        Query(
            "SELECT user_id, applied_employee_id, CASE WHEN clock_time_id IS NULL THEN 0 ELSE 1 END AS linked,"
            f" count(*), coalesce(sum(({seconds} - {seconds} % 60) / 60), 0), min(start_at), max(start_at)"
            f" FROM {session.own.shifts} WHERE is_gone = 0 GROUP BY user_id, applied_employee_id, linked"
        )
    )
    result: dict[int, list[_Worked]] = defaultdict(list)
    for user_id, employee, linked, *sums in found:
        result[int(user_id)].append(_Worked(employee, bool(linked), *map(int, sums)))
    return result


_Pair = tuple[int, RowId]
"""A Connecteam user and an employee."""


class _ExistingRows(NamedTuple):
    """Rows of an employee on the clock-ins of a user's shifts that wait: those of ours that are free, which would be
    theirs, with the minutes of shifts and rows; and `others`, which keep their shifts out.
    """

    rows: int = 0
    shift_minutes: int = 0
    row_minutes: int = 0
    others: int = 0
    other_minutes: int = 0


def _existing_rows(session: Session, pairs: Iterable[_Pair]) -> dict[_Pair, _ExistingRows]:
    """What stands in the table for each (user, employee) where the user's shifts wait for a row."""
    d, names, c = session.dialect, session.host.clock_times, session.canonical
    length = "(s.end_at - s.start_at - (s.end_at - s.start_at) % 60) / 60"
    free = f"CASE WHEN {session.is_ours} AND o.id IS NULL THEN 1 ELSE 0 END"
    linked = d.keys.row.cast.format(f"t.{d.name(names.id)}")
    found = session.fetch_set(
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
    for user, employee, is_free, *sums in found:
        pair, (count, shifts, rows) = (int(user), row_id(employee)), map(int, sums)
        known = result.get(pair, _ExistingRows())
        result[pair] = (
            known._replace(rows=count, shift_minutes=shifts, row_minutes=rows)
            if is_free
            else known._replace(others=count, other_minutes=shifts)
        )
    return result


def move(session: Session, user_id: int, employee_id: RowId) -> Move:
    """What `map_user` of these two would do. Nothing is written. Raises NotFound."""
    directory = Directory(session)
    employee_id = directory.employee(employee_id).id
    concerned = (employee_id, *directory.other_employees(user_id, employee_id))
    existing = _existing_rows(session, ((user_id, one) for one in concerned))
    return directory.move(user_id, employee_id, _worked(session), existing)


def suggestions(session: Session) -> tuple[Suggestion, ...]:
    """Who the users without an employee might be, a line for each (user, employee), by user; certain ones first.

    One is certain where its evidence is, nobody else is as likely, and no two users might be one employee.
    """
    directory = Directory(session)
    worked = _worked(session)
    waiting = [person for user_id in sorted(directory.users) if (person := directory.person(user_id)).suggestions]
    wanted = Counter(one.employee_id for person in waiting for one in person.suggestions)
    pairs = [(person.user_id, one.employee_id) for person in waiting for one in person.suggestions]
    existing = _existing_rows(session, pairs)
    return tuple(
        Suggestion(
            move=directory.move(person.user_id, one.employee_id, worked, existing),
            evidence=one.evidence,
            is_certain=one.is_certain
            and not one.has_user
            and len(person.suggestions) == 1
            and wanted[one.employee_id] == 1,
        )
        for person in waiting
        for one in person.suggestions
    )


def users_of_employee(session: Session, employee: RowId) -> frozenset[int]:
    """The Connecteam users that count for an employee, or may count for them."""
    own = {user_id: to for user_id, (_, _, to) in session.known_users().items()}
    return mapped(session.employees(), own).users_of.get(employee, frozenset())


def map_user(session: Session, user_id: int, employee_id: RowId) -> Person:
    """Let a user's shifts count for an employee from the next run on. Raises NotFound."""
    directory = Directory(session)
    employee_id = directory.employee(employee_id).id
    directory.user(user_id)
    _note(session, user_id, employee_id)
    return Directory(session).person(user_id)


def unmap_user(session: Session, user_id: int) -> tuple[Person, bool]:
    """Forget a mapping made with `map_user`; whether there was one. Raises NotFound.

    One in the host's own column stays, and is shown.
    """
    directory = Directory(session)
    directory.user(user_id)
    _, _, was = session.known_users()[user_id]
    if was is None:
        return directory.person(user_id), False
    _note(session, user_id, None)
    return Directory(session).person(user_id), True


def create_for(session: Session, user_id: int) -> tuple[Person, dict[str, object] | None]:
    """Make an employee for a user who has none, and map the two; the image of what was made, None where nothing was.

    The e-mail address is left out where somebody has it already: the host may want it unique. Raises NotFound, and
    Refused for a user that several employees carry.
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
    _note(session, user_id, made[user_id])
    image: dict[str, object] = {"id": made[user_id], "user_id": user_id, "name": user.name, "email": email}
    return Directory(session).person(user_id), image


def _note(session: Session, user_id: int, employee_id: RowId | None) -> None:
    users = session.tables.users
    session.connection.execute(update(users).where(users.c.user_id == user_id).values(employee_id=employee_id))

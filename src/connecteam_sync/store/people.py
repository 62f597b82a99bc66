"""Who counts for whom, and the days payroll has closed."""

from __future__ import annotations

from collections import defaultdict
from datetime import date

from sqlalchemy import delete, insert, select, update

from connecteam_sync.core.clocktime import Employee
from connecteam_sync.core.run import Person
from connecteam_sync.core.shift import User
from connecteam_sync.core.window import each_day
from connecteam_sync.errors import NotFound
from connecteam_sync.store.schema import connecteam_users, locked_days
from connecteam_sync.store.session import Session


def people(session: Session, *, unmapped: bool) -> tuple[Person, ...]:
    """Every Connecteam user seen, with the employee they count for; where there is none, who they might be."""
    employees = session.employees()
    by_id = {e.id: e for e in employees}
    by_user = {e.connecteam_user_id: e for e in employees if e.connecteam_user_id}
    found: list[Person] = []
    for user_id, (user, _, mapped) in sorted(session.known_users().items()):
        employee = (by_id.get(mapped) if mapped is not None else None) or by_user.get(str(user_id))
        if employee and unmapped:
            continue
        found.append(
            Person(
                user_id=user_id,
                name=user.name,
                is_archived=user.is_archived,
                employee_id=employee.id if employee else None,
                employee_name=employee.name if employee else None,
                suggestions=() if employee else _suggestions(user, employees),
            )
        )
    return tuple(found)


def _suggestions(user: User, employees: list[Employee]) -> tuple[tuple[int, str], ...]:
    """Employees with the same e-mail address, then those with the same name; for a person to decide on."""
    alike: dict[str, list[Employee]] = defaultdict(list)
    for employee in employees:
        if user.email and employee.email and employee.email.casefold() == user.email.casefold():
            alike["email"].append(employee)
        elif employee.name and _folded(employee.name) == _folded(user.name):
            alike["name"].append(employee)
    return tuple((e.id, e.name or "") for kind in ("email", "name") for e in alike[kind])


def _folded(name: str) -> str:
    return " ".join(name.casefold().split())


def map_user(session: Session, user_id: int, employee_id: int) -> Person:
    """Let a user's shifts count for an employee from the next run on. Raises NotFound."""
    employee = next((e for e in session.employees() if e.id == employee_id), None)
    if employee is None:
        raise NotFound(
            f"there is no employee {employee_id} in table {session.host.employees.table}",
            next_step="`connecteam-sync employees` lists users with suggestions; employees are rows of your own table",
        )
    _demand_user(session, user_id)
    session.connection.execute(
        update(connecteam_users).where(connecteam_users.c.user_id == user_id).values(employee_id=employee_id)
    )
    return next(person for person in people(session, unmapped=False) if person.user_id == user_id)


def unmap_user(session: Session, user_id: int) -> Person:
    """Forget a mapping made with `map_user`. Raises NotFound; one in the host's own column stays, and is shown."""
    _demand_user(session, user_id)
    session.connection.execute(
        update(connecteam_users).where(connecteam_users.c.user_id == user_id).values(employee_id=None)
    )
    return next(person for person in people(session, unmapped=False) if person.user_id == user_id)


def _demand_user(session: Session, user_id: int) -> None:
    found = session.connection.execute(
        select(connecteam_users.c.user_id).where(connecteam_users.c.user_id == user_id)
    ).first()
    if found is None:
        raise NotFound(
            f"no run has seen a Connecteam user {user_id} yet",
            next_step="run `connecteam-sync sync` first; `connecteam-sync employees` lists the users seen",
        )


def lock(session: Session, first: date, last: date, *, now: int) -> int:
    """Close local days for payroll; how many were open before."""
    closed = set(session.locked_days())
    new = [{"day": day.isoformat(), "locked_at": now} for day in each_day(first, last) if day not in closed]
    if new:
        session.connection.execute(insert(locked_days).values(new))
    return len(new)


def unlock(session: Session, first: date, last: date) -> int:
    """Open local days again; how many were closed before."""
    result = session.connection.execute(
        delete(locked_days).where(locked_days.c.day >= first.isoformat(), locked_days.c.day <= last.isoformat())
    )
    return int(result.rowcount)

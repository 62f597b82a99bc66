"""Rows of the host's table of people, made for users who have none."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from connecteam_sync.core.change import NewEmployee
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.people import mapped
from connecteam_sync.errors import RowMoved
from connecteam_sync.store.dialect import Kind
from connecteam_sync.store.keys import new_key
from connecteam_sync.store.session import Session


def insert_employees(session: Session, people: Iterable[Mapping[str, object]], *, with_id: bool = False) -> None:
    """Rows of the host's `employees`, keyed by `user_id`, `name`, `email` (and `id` where it is to be restored)."""
    d, names = session.dialect, session.host.employees
    kinds: dict[str, Kind] = {
        "user_id": "int" if session.columns.user_id_is_number else "text",
        "name": "text",
        "email": "text",
    }
    values = {d.name(names.connecteam_user_id): "d.user_id", d.name(names.name): "d.name"}
    if names.email in session.columns.employees:
        values[d.name(names.email)] = "d.email"
    is_given = not with_id and not d.keys.employee.draws
    if with_id or is_given:
        kinds["id"] = "employee"
        values[d.name(names.id)] = "d.id"
    key = int if session.columns.user_id_is_number else str
    widths = {
        member: column in session.columns.employees and session.columns.employees[column].width
        for member, column in (("name", names.name), ("email", names.email))
    }
    items = [
        {
            **person,
            **({"id": new_key()} if is_given else {}),
            **{member: str(person[member])[:width] for member, width in widths.items() if person.get(member) and width},
            "user_id": key(str(person["user_id"])),
        }
        for person in people
    ]
    sql = d.insert(d.table(names.table), d.rowset(kinds), values, with_key=with_id)
    session.later_set(sql, items)


def make_employees(session: Session, people: Collection[NewEmployee]) -> dict[int, RowId]:
    """Make them; the employee id of each by user id. Raises RowMoved where it cannot be told."""
    if not people:
        return {}
    insert_employees(session, ({"user_id": n.user_id, "name": n.name, "email": n.email} for n in people))
    who = mapped(session.employees(), {})
    made = {new.user_id: who.employees.get(new.user_id) for new in people}
    lost = sorted(user for user, employee in made.items() if employee is None)
    if lost:
        # Another program made one too: looked at again, the user counts for theirs, or is held as ambiguous.
        raise RowMoved(
            f"table {session.host.employees.table} has no single row of Connecteam user {', '.join(map(str, lost))}"
            " after one was made",
            next_step="run the command again; a trigger or another program writes that table at the same time",
        )
    return {user: employee for user, employee in made.items() if employee is not None}

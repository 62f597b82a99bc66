"""Rows in the host's table of people for users who have none."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from connecteam_sync.core.change import NewEmployee
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.people import Mapped, mapped
from connecteam_sync.core.text import many
from connecteam_sync.errors import NotServed, RowMoved
from connecteam_sync.store.mirror.employee_names import kept
from connecteam_sync.store.session import Session
from connecteam_sync.store.sql.traits import Kind
from connecteam_sync.store.tables.keys import new_key


def insert_employees(session: Session, people: Iterable[Mapping[str, object]], *, with_id: bool = False) -> None:
    """Insert rows of people with the keys `user_id`, `name`, `email`, and `id` if it is to be restored (`with_id`)."""
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
    """Make employees. Returns the employee id of each, by user id.

    Raises RowMoved if a user has no single row afterwards, NotServed if the table does not keep the user or the name as
    written.
    """
    if not people:
        return {}
    insert_employees(session, ({"user_id": n.user_id, "name": n.name, "email": n.email} for n in people))
    names, present = session.host.employees, session.employees()
    who = mapped(present, {})
    # No other program sees a row before the commit: if no row has the user, the table itself altered it.
    _require_kept(session, names.connecteam_user_id, [new for new in people if not _has_row(new, who)])
    if session.columns.definition.people_triggers:
        name_of = {employee.id: employee.name for employee in present}
        renamed = (
            new for new in people if (key := who.employees.get(new.user_id)) and name_of[key] != _name(session, new)
        )
        _require_kept(session, names.name, list(renamed))
    made = {new.user_id: who.employees.get(new.user_id) for new in people}
    lost = sorted(user for user, employee in made.items() if employee is None)
    if lost:
        # Another program made one too: the next try maps the user to that row, or holds it as ambiguous.
        raise RowMoved(
            f"table {session.host.employees.table} has no single row of Connecteam user {', '.join(map(str, lost))}"
            " after one was made",
            next_step="run the command again; a trigger or another program writes that table at the same time",
        )
    return {user: employee for user, employee in made.items() if employee is not None}


def _has_row(new: NewEmployee, who: Mapped) -> bool:
    """Whether any row has the user."""
    return new.user_id in who.employees or new.user_id in who.ambiguous


def _name(session: Session, new: NewEmployee) -> str | None:
    return kept(session, "name", new.name)


def _require_kept(session: Session, column: str, lost: list[NewEmployee]) -> None:
    """Raises NotServed if any new rows are `lost`: the table of people does not keep this column as written."""
    if not lost:
        return
    table, known = session.host.employees.table, session.columns.definition.people_triggers
    why = "a trigger that this database user may not see, or the column itself, alters it"
    if known:
        why = f"its {'trigger is' if len(known) == 1 else 'triggers are'} {', '.join(known)}"
    users = ", ".join(str(new.user_id) for new in lost[:_SHOWN])
    raise NotServed(
        f"table {table!r} does not keep column {column!r} of {many(len(lost), 'new row')} as written (Connecteam user"
        f" {users}): {why}; nothing was written",
        next_step=f"have the trigger leave {column} alone, or make rows of people yourself and set employees ="
        ' "match"; then connecteam-sync doctor',
    )


_SHOWN = 5

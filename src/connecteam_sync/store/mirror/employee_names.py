"""Names and e-mail addresses that changed in Connecteam: written if `init` made the table of people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from sqlalchemy.exc import DBAPIError

from connecteam_sync.core.change import SlicePlan
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.shift import User
from connecteam_sync.store.session import Session
from connecteam_sync.store.sql.causes import is_away, is_in_the_way, message_of
from connecteam_sync.store.sql.pipeline import Query
from connecteam_sync.store.sql.traits import Kind
from connecteam_sync.store.tables import rows
from connecteam_sync.store.tables.keys import row_id


class Renamed(msgspec.Struct, frozen=True, kw_only=True):
    """A written row of the table of people: its id, and name and e-mail address as (before, after)."""

    id: RowId
    name: tuple[str | None, str | None]
    email: tuple[str | None, str | None]

    def back(self) -> Renamed:
        """The inverse."""
        return Renamed(id=self.id, name=self.name[::-1], email=self.email[::-1])


def rename(session: Session, plan: SlicePlan) -> tuple[tuple[Renamed, ...], str]:
    """Write changed names and addresses if `init` made the table. Returns the written rows and a note for the receipt.

    A row edited by others since is left alone, and so is every other column. If the database user may not write the
    table, the note says so, and the run goes on.
    """
    if not plan.renames:
        return (), ""
    done: tuple[Renamed, ...] = ()
    trouble = ""
    if session.columns.made_employees:
        fresh = {user.id: user for user in plan.snapshot.users}
        wanted = [
            Renamed(id=r.employee_id, **_both(session, session.users[r.user_id][0], fresh[r.user_id]))
            for r in plan.renames
        ]
        try:
            with session.connection.begin_nested():
                done = write(session, wanted)
        except DBAPIError as error:
            if is_in_the_way(error) or is_away(error):
                raise
            trouble = f"; {session.host.employees.table} could not be written: {message_of(error)}"
    sentences = [str(change) for change in plan.renames]
    more = f"; and {len(sentences) - _SHOWN} more" if len(sentences) > _SHOWN else ""
    where = f" (written to {session.host.employees.table})" if done else ""
    return done, "; ".join(sentences[:_SHOWN]) + more + where + trouble


_SHOWN = 20


def _both(session: Session, was: User, now: User) -> dict[str, Any]:
    """Name and e-mail address as (before, after), cut to the width of their columns."""
    return {
        "name": tuple(kept(session, "name", user.name) for user in (was, now)),
        "email": tuple(kept(session, "email", user.email) for user in (was, now)),
    }


def kept(session: Session, field: str, value: str | None) -> str | None:
    """A value as its column in the table of people stores it: cut to the width of the column."""
    column = session.columns.employees.get(getattr(session.host.employees, field))
    return value if value is None or column is None or column.width is None else value[: column.width]


def write(session: Session, wanted: Iterable[Renamed]) -> tuple[Renamed, ...]:
    """Write names and addresses that are still as before. Returns the rows that were written."""
    d, names = session.dialect, session.host.employees
    wanted_by_id = {change.id: change for change in wanted}
    has_email = names.email in session.columns.employees
    columns = {"name": d.name(names.name)} | ({"email": d.name(names.email)} if has_email else {})
    key = d.name(names.id)
    shown = ", ".join(f"t.{column}" for column in columns.values())
    shown = f"{d.keys.employee.read.format(f't.{key}')}, {shown}"
    source = f"{d.rowset({'id': 'employee'})} {d.lookup} {d.table(names.table)} t ON t.{key} = d.id"
    [fetched] = session.fetch(
        Query(
            f"SELECT {shown} FROM {source}{d.locking('t')}",
            {"rows": rows.json_rows({"id": k} for k in wanted_by_id)},
        )
    )
    done = []
    for row in fetched:
        change = wanted_by_id[row_id(row[0])]
        now: Mapping[str, str | None] = dict(zip(columns, row[1:], strict=True))
        pairs = {
            field: pair if now.get(field) == pair[0] else (now.get(field), now.get(field))
            for field, pair in (("name", change.name), ("email", change.email))
        }
        fresh = Renamed(id=change.id, name=pairs["name"], email=pairs["email"])
        if fresh != fresh.back():
            done.append(fresh)
    kinds: dict[str, Kind] = {"id": "employee", "name": "text", "email": "text"}
    values = ({"id": change.id, "name": change.name[1], "email": change.email[1]} for change in done)
    sets = {column: f"d.{field}" for field, column in columns.items()}
    session.write_set(d.update(d.table(names.table), d.rowset(kinds), sets, f"t.{key} = d.id"), values)
    return tuple(done)

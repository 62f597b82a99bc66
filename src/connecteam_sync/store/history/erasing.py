"""Blank a person's name, e-mail address and phone number in our tables: users, receipts, holds, employees of receipts.

The host's table of people is the host's. Ids stay: by them the hours can still be explained.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import msgspec

from connecteam_sync.core.change import Hold
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.shift import ERASED
from connecteam_sync.store.history.receipt_text import receipt_of, text_of
from connecteam_sync.store.session import Session
from connecteam_sync.store.sql.pipeline import Query
from connecteam_sync.store.sql.traits import Kind
from connecteam_sync.store.tables.keys import row_id

AT_ONCE = 200
"""Receipts or holds that are read and written in one transaction."""


class Erased(NamedTuple):
    """Whose name goes: the employee, their Connecteam users, and a pattern of the names that are known of them."""

    employee: RowId
    users: frozenset[int]
    names: re.Pattern[str] | None

    def is_theirs(self, hold: Hold) -> bool:
        """Whether a hold is about them."""
        return hold.employee_id == self.employee or hold.user_id in self.users

    def without(self, text: str | None) -> str | None:
        """A text without their names."""
        return text if text is None or self.names is None else self.names.sub(ERASED, text)


def erased_of(employee: RowId, users: Iterable[int], names: Iterable[str | None]) -> Erased:
    """A person to be erased, by every name and address that is known of them."""
    known = sorted({name.strip() for name in names if name and name.strip() and name != ERASED}, key=len, reverse=True)
    pattern = "|".join(rf"(?<!\w){re.escape(name)}(?!\w)" for name in known)
    return Erased(employee, frozenset(users), re.compile(pattern, re.IGNORECASE) if known else None)


def blank_users(session: Session, users: Iterable[int]) -> None:
    """Blank what is stored of Connecteam users; the runs to come do not write it again (`User.is_erased`)."""
    d = session.dialect
    values = {"first_name": "d.word", "last_name": "''", "email": "NULL", "phone": "NULL"}
    kinds: dict[str, Kind] = {"id": "int", "word": "text"}
    sql = d.update(session.own.users, d.rowset(kinds), values, "t.user_id = d.id")
    session.write_set(sql, ({"id": user, "word": ERASED} for user in sorted(users)))


def blank_holds(session: Session, who: Erased, *, after: int) -> tuple[int, int | None]:
    """Blank the next holds: how many there were to blank, and the number to go on behind; None if that was all."""
    [found] = session.fetch(
        Query(
            f"SELECT id, detail, user_id, employee_id FROM {session.own.holds} WHERE id > :after ORDER BY id"
            f" LIMIT {AT_ONCE}",
            {"after": after},
        )
    )
    changed = []
    for number, detail, user, employee in found:
        theirs = user in who.users or (employee is not None and row_id(employee) == who.employee)
        text = ERASED if theirs else who.without(detail)
        if text != detail:
            changed.append({"id": int(number), "detail": text})
    d = session.dialect
    kinds: dict[str, Kind] = {"id": "int", "detail": "text"}
    sql = d.update(session.own.holds, d.rowset(kinds), {"detail": "d.detail"}, "t.id = d.id")
    session.write_set(sql, changed)
    return len(changed), int(found[-1][0]) if len(found) == AT_ONCE else None


def blank_receipts(session: Session, who: Erased, *, after: int) -> tuple[int, int | None]:
    """Blank the next receipts, with the employees that their runs made, removed and renamed; as `blank_holds`."""
    [found] = session.fetch(
        Query(
            f"SELECT id, receipt, employees FROM {session.own.slices} WHERE id > :after ORDER BY id LIMIT {AT_ONCE}",
            {"after": after},
        )
    )
    changed = []
    for number, receipt, employees in found:
        texts = _receipt(receipt, who), _employees(employees, who)
        if texts != (receipt, employees):
            changed.append({"id": int(number), "receipt": texts[0], "employees": texts[1]})
    d = session.dialect
    kinds: dict[str, Kind] = {"id": "int", "receipt": "text", "employees": "text"}
    sql = d.update(
        session.own.slices, d.rowset(kinds), {"receipt": "d.receipt", "employees": "d.employees"}, "t.id = d.id"
    )
    session.later_set(sql, changed)
    session.flush()
    return len(changed), int(found[-1][0]) if len(found) == AT_ONCE else None


def _receipt(text: str, who: Erased) -> str:
    """The text of a receipt without the person; the same text if they are not in it."""
    was = receipt_of(text)
    holds = tuple(
        msgspec.structs.replace(one, detail=ERASED if who.is_theirs(one) else who.without(one.detail) or "")
        for one in was.holds
    )
    now = msgspec.structs.replace(
        was,
        holds=holds,
        note=who.without(was.note),
        error=who.without(was.error),
        next_step=who.without(was.next_step),
    )
    return text if now == was else text_of(now)


def _employees(text: str | None, who: Erased) -> str | None:
    """The employees of a receipt without the name of the person; the same text if they are not among them."""
    if text is None:
        return None
    people = msgspec.json.decode(text)
    changed = {kind: [_person(one, who) for one in several] for kind, several in people.items()}
    return text if changed == people else msgspec.json.encode(changed).decode()


def _person(one: Mapping[str, Any], who: Erased) -> dict[str, Any]:
    if one.get("id") != who.employee and one.get("user_id") not in who.users:
        return dict(one)
    # Of somebody who was renamed there are the names before and after.
    blank = {
        "name": [ERASED, ERASED] if isinstance(one.get("name"), list) else ERASED,
        "email": [None, None] if isinstance(one.get("email"), list) else None,
    }
    return {name: blank.get(name, value) for name, value in one.items()}

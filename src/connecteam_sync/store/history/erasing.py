"""Blank a person's name, e-mail address and phone number in our tables: users, receipts, holds, employees of receipts,
checklists of pay periods and of locks, and the reasons that people gave.

The host's table of people is the host's. Ids stay: by them the hours can still be explained.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, NamedTuple

import msgspec

from connecteam_sync.core.change import Hold
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.lock_check import Verified
from connecteam_sync.core.period_check import Checked
from connecteam_sync.core.shift import ERASED
from connecteam_sync.core.text import called
from connecteam_sync.store.history.receipt_text import receipt_of, text_of
from connecteam_sync.store.session import Session
from connecteam_sync.store.sql.pipeline import Query
from connecteam_sync.store.sql.traits import Kind
from connecteam_sync.store.tables.keys import row_id

AT_ONCE = 200
"""Receipts or holds that are read and written in one transaction."""
_NUMBER = re.compile(r"(?<![\w.-])[0-9]{1,19}(?![\w.])")


class Erased(NamedTuple):
    """Whose name goes: the employee, their Connecteam users, and a pattern of the names that are known of them."""

    employee: RowId
    users: frozenset[int]
    names: re.Pattern[str] | None

    def is_theirs(self, hold: Hold) -> bool:
        """Whether a hold is about them."""
        return hold.employee_id == self.employee or hold.user_id in self.users

    def is_in(self, text: str) -> bool:
        """Whether the text of a plan, or of a decision's inputs, has their name or the id of a user of theirs."""
        ids = {number for number in _NUMBER.findall(text) if int(number) in self.users}
        plain = text.replace('\\"', '"').replace("\\\\", "\\")  # as JSON has them
        return bool(ids) or (self.names is not None and self.names.search(plain) is not None)

    def without(self, text: str | None) -> str | None:
        """A text without their names."""
        return text if text is None or self.names is None else self.names.sub(ERASED, text)


def erased_of(employee: RowId, users: Iterable[int], names: Iterable[str | None]) -> Erased:
    """A person to be erased, by every name and address that is known of them."""
    every = {name.strip() for name in names if name and name.strip() and name != ERASED}
    # Sentences have a name on one line, and a long one cut.
    known = sorted(every | {called(name) for name in every}, key=len, reverse=True)
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
            f"SELECT id, detail, acknowledged_reason, user_id, employee_id FROM {session.own.holds} WHERE id > :after"
            f" ORDER BY id LIMIT {AT_ONCE}",
            {"after": after},
        )
    )
    changed = []
    for number, detail, why, user, employee in found:
        theirs = user in who.users or (employee is not None and row_id(employee) == who.employee)
        texts = ERASED if theirs else who.without(detail), who.without(why)
        if texts != (detail, why):
            changed.append({"id": int(number), "detail": texts[0], "why": texts[1]})
    d = session.dialect
    kinds: dict[str, Kind] = {"id": "int", "detail": "text", "why": "text"}
    values = {"detail": "d.detail", "acknowledged_reason": "d.why"}
    sql = d.update(session.own.holds, d.rowset(kinds), values, "t.id = d.id")
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


# -- checklists and reasons --------------------------------------------------------------------------------------------

TEXTS: Mapping[str, tuple[str, ...]] = {
    "period_events": ("reason", "checked"),
    "lock_events": ("reason", "verified"),
    "corrections": ("reason",),
    "exports": ("reason",),
    "legal_holds": ("reason", "released_reason"),
}
"""By kind of table the columns in which people, or sentences kept for them, may name somebody."""


def blank_texts(session: Session, who: Erased, *, kind: str, after: int) -> tuple[int, int | None]:
    """Blank the next checklists and reasons of a kind of table, of TEXTS; as `blank_holds`."""
    table, columns, d = getattr(session.own, kind), TEXTS[kind], session.dialect
    [found] = session.fetch(
        Query(
            f"SELECT id, {', '.join(columns)} FROM {table} WHERE id > :after ORDER BY id LIMIT {AT_ONCE}",
            {"after": after},
        )
    )
    changed = []
    for number, *texts in found:
        now = [_OF_COLUMN.get(column, Erased.without)(who, text) for column, text in zip(columns, texts, strict=True)]
        if now != texts:
            changed.append({"id": int(number), **dict(zip(columns, now, strict=True))})
    kinds: dict[str, Kind] = {"id": "int", **dict.fromkeys(columns, "text")}
    sql = d.update(table, d.rowset(kinds), {column: f"d.{column}" for column in columns}, "t.id = d.id")
    session.write_set(sql, changed)
    return len(changed), int(found[-1][0]) if len(found) == AT_ONCE else None


def _checklist(who: Erased, text: str | None) -> str | None:
    """A checklist of a pay period without the person; the same text if they are not in it."""
    if text is None:
        return None
    was = msgspec.json.decode(text, type=Checked)
    now = msgspec.structs.replace(
        was,
        obstacles=tuple(
            msgspec.structs.replace(
                one, message=who.without(one.message) or "", next_step=who.without(one.next_step) or ""
            )
            for one in was.obstacles
        ),
        totals=tuple(msgspec.structs.replace(one, name=who.without(one.name) or "") for one in was.totals),
        days=tuple(msgspec.structs.replace(one, name=who.without(one.name) or "") for one in was.days),
    )
    return text if now == was else msgspec.json.encode(now).decode()


def _look_before_a_lock(who: Erased, text: str | None) -> str | None:
    """What was wrong when days were locked, without the person."""
    if text is None:
        return None
    was = msgspec.json.decode(text, type=Verified)
    now = msgspec.structs.replace(was, wrong=tuple(who.without(one) or "" for one in was.wrong))
    return text if now == was else msgspec.json.encode(now).decode()


_OF_COLUMN: Mapping[str, Callable[[Erased, str | None], str | None]] = {
    "checked": _checklist,
    "verified": _look_before_a_lock,
}


BLANKED: Mapping[str, Callable[..., tuple[int, int | None]]] = {
    "holds": blank_holds,
    "receipts": blank_receipts,
    **{kind: partial(blank_texts, kind=kind) for kind in TEXTS},
}
"""What names people, and how the next ones of each are blanked: with a session, whom, and `after`."""


# -- former names ------------------------------------------------------------------------------------------------------

_RENAMED = re.compile(
    r"renamed in Connecteam: (?P<before>.+?) -> (?P<after>.+?)(?:, with another e-mail address)?(?: \(written to .*)?"
)


def former_names(session: Session, employee: RowId, users: Iterable[int], names: Iterable[str | None]) -> set[str]:
    """The names of a person with those that they had before, and former addresses: as receipts, holds and checklists
    tell them. Whoever has been renamed since stands there under the former name.
    """
    who, known = frozenset(users), {name.strip() for name in names if name and name.strip()}
    own = session.own
    receipts, holds, checklists = session.fetch(
        Query(
            f"SELECT employees, receipt FROM {own.slices} WHERE employees IS NOT NULL OR receipt LIKE :renamed"
            " OR receipt LIKE :packed",
            {"renamed": "%renamed in Connecteam%", "packed": '{"packed":%'},
        ),
        Query(f"SELECT user_id, detail FROM {own.holds} WHERE user_id IS NOT NULL"),
        Query(f"SELECT checked FROM {own.period_events} WHERE checked IS NOT NULL"),
    )
    for (text,) in checklists:
        checked = msgspec.json.decode(text, type=Checked)
        known.update(one.name for one in checked.totals if one.employee_id == employee and one.name)
    for user, detail in holds:
        if user in who and (told := re.match(rf"Connecteam user {int(user)} \((.+)\) is ", detail)):
            known.add(told[1])
    pairs: list[tuple[str, str]] = []
    for employees, receipt in receipts:
        people = {} if employees is None else msgspec.json.decode(employees)
        for one in (person for several in people.values() for person in several):
            if one.get("id") == employee or one.get("user_id") in who:
                known.update(_texts_of(one.get("name")), _texts_of(one.get("email")))
        note = receipt_of(receipt).note or ""
        told_of = (_RENAMED.fullmatch(sentence) for sentence in note.split("; "))
        pairs += [(told["before"], told["after"]) for told in told_of if told is not None]
    found = {called(name).casefold() for name in known}
    # Somebody may have been renamed more than once.
    while more := {before for before, after in pairs if after.casefold() in found and before.casefold() not in found}:
        known |= more
        found |= {name.casefold() for name in more}
    return known - {ERASED}


def _texts_of(value: object) -> list[str]:
    """The texts of a value, or of what it was before and after."""
    return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str) and one.strip()]

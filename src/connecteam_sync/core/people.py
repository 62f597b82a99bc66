"""The employee that each Connecteam user counts for, and employees who might be the same person.

One rule for the planner, the lists and the commands. The mapping goes by ids only; a likeness is a suggestion, and a
person decides.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Literal

import msgspec

from connecteam_sync.core.clocktime import Employee
from connecteam_sync.core.keys import RowId, ordered
from connecteam_sync.core.name_search import folded
from connecteam_sync.core.shift import User
from connecteam_sync.core.text import called

Evidence = Literal["email", "phone", "name"]


class Mapped(msgspec.Struct, frozen=True, kw_only=True):
    """The mapping of users to employees. Several users may count for one employee, never one user for several."""

    employees: dict[int, RowId]
    """Connecteam user id -> employee id."""
    ambiguous: dict[int, tuple[RowId, ...]]
    """Connecteam user id -> the employee ids that all carry it, if no mapping of ours decides between them."""
    users_of: dict[RowId, frozenset[int]]
    """Employee id -> every user that counts for them, or may (`ambiguous`)."""


def mapped(people: Iterable[Employee], own: Mapping[int, RowId | None]) -> Mapped:
    """Map users to employees: by our own mapping (`own`: user id -> employee id), else by the host's column.

    A mapping to an employee who is gone is ignored: the host's column counts again.
    """
    living: set[RowId] = set()
    carrying: dict[int, list[RowId]] = defaultdict(list)
    for employee in people:
        living.add(employee.id)
        user = _user_id(employee.connecteam_user_id)
        if user is not None:
            carrying[user].append(employee.id)
    employees = {user: ids[0] for user, ids in carrying.items() if len(ids) == 1}
    ambiguous = {user: tuple(sorted(ids, key=ordered)) for user, ids in carrying.items() if len(ids) > 1}
    for user, chosen in own.items():
        if chosen is not None and chosen in living:
            employees[user] = chosen
            ambiguous.pop(user, None)
    users_of: dict[RowId, set[int]] = defaultdict(set)
    for user, employee_id in employees.items():
        users_of[employee_id].add(user)
    for user, several in ambiguous.items():
        for employee_id in several:
            users_of[employee_id].add(user)
    return Mapped(
        employees=employees,
        ambiguous=ambiguous,
        users_of={employee_id: frozenset(users) for employee_id, users in users_of.items()},
    )


def _user_id(value: str | None) -> int | None:
    """The user id in a value of the host's column; None if it is no number in Connecteam's form."""
    if not value or not (value.isascii() and value.isdecimal()) or value[0] == "0" or len(value) > _DIGITS:
        return None
    user = int(value)
    return user if user <= _LARGEST else None


def is_no_user(value: str | None) -> bool:
    """Whether a value of the host's column is no user id: `CT-12`, `n/a`, a number beyond 64 bits."""
    return bool(value) and _user_id(value) is None


_LARGEST = 2**63 - 1
_DIGITS = len(str(_LARGEST))
"""The most digits of a user id: it fits into a signed 64-bit integer."""


def named(employees: Iterable[RowId], names: Mapping[RowId, str]) -> str:
    """Employees for a sentence: `17 Ana Álvarez, 23 A. Alvarez`."""
    return ", ".join(f"{employee} {called(names.get(employee, ''))}".rstrip() for employee in employees)


# -- likenesses --------------------------------------------------------------------------------------------------------


class Likeness(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An employee who might be the person of a Connecteam user, and why.

    `is_certain`: an e-mail address or phone number agrees and the names do not contradict it, or the full name agrees
    and nothing contradicts it. `has_user`: another user that is not archived counts for them already.
    """

    employee_id: RowId
    name: str
    evidence: tuple[Evidence, ...]
    is_certain: bool
    has_user: bool = False

    def __str__(self) -> str:
        """`17 Ana Álvarez (e-mail, name)`."""
        why = [*(EVIDENCE[kind] for kind in self.evidence), *(("has another user",) if self.has_user else ())]
        return f"{self.employee_id} {called(self.name)}".rstrip() + f" ({', '.join(why)})"


EVIDENCE: dict[Evidence, str] = {"email": "e-mail", "phone": "phone", "name": "name"}
"""The kinds of evidence in words, the strongest first."""


class Likenesses:
    """Employees to compare users with; `taken` are those for whom a user that is not archived counts."""

    def __init__(self, people: Iterable[Employee], taken: Iterable[RowId] = ()) -> None:
        self._taken = frozenset(taken)
        self._people = {employee.id: employee for employee in people}
        self._by_email: dict[str, list[RowId]] = defaultdict(list)
        self._by_name: dict[tuple[str, ...], list[RowId]] = defaultdict(list)
        self._by_phone: dict[str, list[RowId]] = defaultdict(list)
        for key, employee in self._people.items():
            if email := address(employee.email):
                self._by_email[email].append(key)
            if name := words(employee.name):
                self._by_name[name].append(key)
            for mark in (employee.phone or "").split():
                self._by_phone[mark].append(key)

    def has_email(self, email: str | None) -> bool:
        """Whether an employee has this e-mail address, or a spelling that a database might treat as equal."""
        return bool(found := address(email)) and found in self._by_email

    def alike(self, user: User) -> tuple[Likeness, ...]:
        """Employees whose e-mail address, phone number or full name agrees, the best evidence first."""
        email, name, marks = address(user.email), words(user.name), (user.phone or "").split()
        keys = {*self._by_email.get(email, ()), *self._by_name.get(name, ())}
        keys |= {key for mark in marks for key in self._by_phone.get(mark, ())}
        found = (self._likeness(user, self._people[key]) for key in keys)
        return tuple(sorted((likeness for likeness in found if likeness.evidence), key=_rank))

    def _likeness(self, user: User, employee: Employee) -> Likeness:
        emails, phones = (address(user.email), address(employee.email)), (user.phone, employee.phone)
        names = (words(user.name), words(employee.name))
        agree: dict[Evidence, bool] = {
            "email": bool(emails[0]) and emails[0] == emails[1],
            "phone": same_phone(*phones),
            "name": bool(names[0]) and names[0] == names[1],
        }
        differ = (all(emails) and not agree["email"]) or (all(phones) and not agree["phone"])
        # A middle name more or less is no contradiction; another first name is: families share addresses and phones.
        few, many = sorted(map(set, names), key=len)
        reached = agree["email"] or agree["phone"]
        return Likeness(
            employee_id=employee.id,
            name=employee.name or "",
            evidence=tuple(kind for kind in EVIDENCE if agree[kind]),
            is_certain=few <= many if reached else agree["name"] and not differ,
            has_user=employee.id in self._taken,
        )


def _rank(like: Likeness) -> tuple[bool, bool, list[bool], tuple[bool, RowId]]:
    lacking = [kind not in like.evidence for kind in EVIDENCE]
    return (like.has_user, not like.is_certain, lacking, ordered(like.employee_id))


def taken(users_of: Mapping[RowId, Iterable[int]], working: Iterable[int]) -> frozenset[RowId]:
    """Employees for whom one of the `working` users counts: those in Connecteam's list who are not archived."""
    working = frozenset(working)
    return frozenset(employee for employee, users in users_of.items() if not working.isdisjoint(users))


def words(name: str | None) -> tuple[str, ...]:
    """A name in the form for comparing people: without case, accents, punctuation and the order of its words."""
    plain = folded(name or "").translate(_APOSTROPHES)
    return tuple(sorted("".join(c if c.isalnum() else " " for c in plain).split()))


def address(email: str | None) -> str:
    """An e-mail address in the form for comparison: as loose as a database might compare it."""
    return folded(email or "")


_APOSTROPHES = str.maketrans({"'": None, "\u2019": None})
"""Apostrophes, as in O'Neill, which many leave out."""

_SHORTEST, _LONGEST_COUNTRY = 9, 3
"""The fewest digits that identify a subscriber, and the most of a country code."""


@lru_cache(maxsize=16384)
def phone_marks(number: object) -> str | None:
    """Marks that tell whether two phone numbers are the same, without the number; None if it is no complete one.

    The first mark is of all its digits except leading zeros, the others of its digits without a country code of one to
    three digits. Marks are digests: trying every number would still reveal it, so they are kept only in tables that
    have names too, and never shown.
    """
    digits = "".join(c for c in str(number or "") if c.isascii() and c.isdigit()).lstrip("0")
    if len(digits) < _SHORTEST or len(set(digits[-_SHORTEST:])) == 1:
        return None
    ends = [digits[cut:] for cut in range(_LONGEST_COUNTRY + 1) if len(digits) - cut >= _SHORTEST]
    return " ".join(
        hashlib.blake2b(end.encode(), digest_size=8, key=b"connecteam-sync phone").hexdigest() for end in ends
    )


def same_phone(first: str | None, second: str | None) -> bool:
    """Whether marks are of the same number, which may be written without its country code in one case."""
    if not first or not second:
        return False
    firsts, seconds = first.split(), second.split()
    return firsts[0] in seconds or seconds[0] in firsts


# -- renames -----------------------------------------------------------------------------------------------------------


class Rename(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A mapped user whose name or e-mail address in Connecteam has changed since an earlier run.

    `before` and `after` are names, equal if only the address changed.
    """

    user_id: int
    employee_id: RowId
    before: str
    after: str
    has_new_email: bool = False

    def __str__(self) -> str:
        """`renamed in Connecteam: Ana Álvarez -> Ana García`."""
        if self.before == self.after:
            return f"has another e-mail address in Connecteam: {called(self.after)}"
        also = ", with another e-mail address" if self.has_new_email else ""
        return f"renamed in Connecteam: {called(self.before)} -> {called(self.after)}{also}"


def renamed(known: Mapping[int, User], users: Iterable[User], employees: Mapping[int, RowId]) -> tuple[Rename, ...]:
    """The changes since `known` of users who count for an employee, by user id."""
    changed = [
        (user, was)
        for user in users
        if user.id in employees
        and (was := known.get(user.id)) is not None
        and (was.name, was.email) != (user.name, user.email)
    ]
    return tuple(
        Rename(
            user_id=user.id,
            employee_id=employees[user.id],
            before=was.name,
            after=user.name,
            has_new_email=was.email != user.email,
        )
        for user, was in sorted(changed, key=lambda pair: pair[0].id)
    )

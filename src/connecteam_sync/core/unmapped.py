"""Connecteam users who count for no employee yet: held, with suggestions, or given a new employee."""

from __future__ import annotations

from collections.abc import Iterable
from shlex import quote

import msgspec

from connecteam_sync.core.change import HoldReason, NewEmployee
from connecteam_sync.core.keys import provisional_user
from connecteam_sync.core.people import Likenesses, address
from connecteam_sync.core.shift import User

_GUESSES = 3
"""How many of the employees that a user might be are named in a hold."""


def unmapped_reason(
    user_id: int, user: User | None, people: Likenesses, leavers: Likenesses, *, creates: bool
) -> tuple[HoldReason | None, str]:
    """Why the shifts of a user without an employee are held; None if one may be created for them.

    None is created if the person may already have one (rehired, entered by hand) without an active Connecteam user: a
    person decides. `leavers` are archived users who get an employee now, as employees with provisional ids.
    """
    if user is None:
        return (
            "unmapped_user",
            f"Connecteam user {user_id} (nobody in Connecteam's user list) is mapped to no employee",
        )
    who = f"Connecteam user {user_id} ({user.name})"
    alike = people.alike(user)
    if not creates:
        guess = f"; might be {_listed(alike)}" if alike else ""
        if len(alike) == 1 and not alike[0].has_user:
            guess += f": connecteam-sync employees map {user_id} {quote(str(alike[0].employee_id))}"
        return ("unmapped_user", f"{who} is mapped to no employee{guess}")
    free = [like for like in alike if not like.has_user]
    create = f"a new person: connecteam-sync employees create {user_id}"
    if free:
        key = quote(str(free[0].employee_id)) if len(free) == 1 else "EMPLOYEE"
        how = f"connecteam-sync employees map {user_id} {key}; {create}"
        return ("possible_double", f"{who} might be {_listed(free)}, who has no Connecteam user in use: {how}")
    for like in leavers.alike(user):
        other = provisional_user(like.employee_id)
        if other is not None and other != user_id and (other < user_id or not user.is_archived):
            new = f"archived Connecteam user {other}, whose employee is new too"
            return ("possible_double", f"{who} might be {new}: the next run says whom to map; {create}")
    return (None, "")


def _listed(alike: Iterable[object]) -> str:
    texts = [str(like) for like in alike]
    more = f" and {len(texts) - _GUESSES} more" if len(texts) > _GUESSES else ""
    return ", ".join(texts[:_GUESSES]) + more


def one_address_each(people: Iterable[NewEmployee]) -> tuple[NewEmployee, ...]:
    """New employees; an e-mail address stays on the first of those who share it, since the host may want it unique."""
    seen: set[str] = {""}
    result: list[NewEmployee] = []
    for person in people:
        email = address(person.email)
        result.append(msgspec.structs.replace(person, email=None) if email in seen else person)
        seen.add(email)
    return tuple(result)

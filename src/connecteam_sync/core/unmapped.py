"""What becomes of a Connecteam user who counts for no employee yet: held, suggested to, or given an employee."""

from __future__ import annotations

from collections.abc import Iterable
from shlex import quote

import msgspec

from connecteam_sync.core.change import HoldReason, NewEmployee
from connecteam_sync.core.keys import provisional_user
from connecteam_sync.core.people import Likenesses, address
from connecteam_sync.core.shift import User

_GUESSES = 3
"""How many employees a user might be are named in a hold."""


def unmapped_reason(
    user_id: int, user: User | None, people: Likenesses, leavers: Likenesses, *, creates: bool
) -> tuple[HoldReason | None, str]:
    """Why the shifts of a user without an employee are held; None where one may be created for them.

    Nobody is created who may be there already (rehired, entered by hand) without a Connecteam user in use: a person
    decides. `leavers` are archived users who get an employee now, as employees with provisional ids.
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
    free = [one for one in alike if not one.has_user]
    create = f"a new person: connecteam-sync employees create {user_id}"
    if free:
        key = quote(str(free[0].employee_id)) if len(free) == 1 else "EMPLOYEE"
        how = f"connecteam-sync employees map {user_id} {key}; {create}"
        return ("possible_double", f"{who} might be {_listed(free)}, who has no Connecteam user in use: {how}")
    for one in leavers.alike(user):
        other = provisional_user(one.employee_id)
        if other is not None and other != user_id and (other < user_id or not user.is_archived):
            new = f"archived Connecteam user {other}, whose employee is new too"
            return ("possible_double", f"{who} might be {new}: the next run says whom to map; {create}")
    return (None, "")


def _listed(alike: Iterable[object]) -> str:
    found = [str(one) for one in alike]
    more = f" and {len(found) - _GUESSES} more" if len(found) > _GUESSES else ""
    return ", ".join(found[:_GUESSES]) + more


def one_address_each(people: Iterable[NewEmployee]) -> tuple[NewEmployee, ...]:
    """New employees, an e-mail address on the first of those who share it: the host may want it unique."""
    seen: set[str] = {""}
    found: list[NewEmployee] = []
    for one in people:
        said = address(one.email)
        found.append(msgspec.structs.replace(one, email=None) if said in seen else one)
        seen.add(said)
    return tuple(found)

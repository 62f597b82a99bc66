"""Who may do what in the console: four roles, and what each of them is able to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

Role = Literal["viewer", "operator", "payroll", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)
Ability = Literal["view", "operate", "pay", "administer"]
"""`view`: read every page; `operate`: map, plan, apply, undo, acknowledge, pause; `pay`: what closes and opens days for
payroll; `administer`: everything else.
"""
_ABILITIES: Mapping[Role, frozenset[Ability]] = {
    "viewer": frozenset({"view"}),
    "operator": frozenset({"view", "operate"}),
    "payroll": frozenset({"view", "pay"}),
    "admin": frozenset(get_args(Ability)),
}


def may(role: Role, ability: Ability) -> bool:
    """Whether people of this role are able to do it."""
    return ability in _ABILITIES[role]

"""Roles of the console: who is able to do what."""

from __future__ import annotations

from typing import get_args

import pytest

from connecteam_sync.core.console import LONGEST_NAME, name_key
from connecteam_sync.core.roles import ROLES, Ability, Role, may

ABLE: dict[Role, set[Ability]] = {
    "viewer": {"view"},
    "operator": {"view", "operate"},
    "payroll": {"view", "pay"},
    "admin": {"view", "operate", "pay", "administer"},
}


@pytest.mark.parametrize("role", ROLES)
def test_a_role_is_able_to_do_this_and_nothing_else(role: Role) -> None:
    """Every role by every ability."""
    assert {ability for ability in get_args(Ability) if may(role, ability)} == ABLE[role]


@pytest.mark.parametrize("name", ["Ana", "ana lópez", "王", "a" * LONGEST_NAME, "<b>", "=1+1"])
def test_what_is_a_name(name: str) -> None:
    """Anything printable on one line; it is shown as text wherever it is shown."""
    assert name_key(name)
    assert name_key(name) == name_key(name.upper()) == name_key(name.lower())


@pytest.mark.parametrize(
    "name", ["", " ", " Ana", "Ana ", "A\nb", "A\tb", "A\x00", "\u202eanA", "a" * (LONGEST_NAME + 1)]
)
def test_what_is_no_name(name: str) -> None:
    """Empty, with blanks around it, of several lines, with what a terminal obeys, or too long."""
    assert name_key(name) is None


def test_a_name_whose_letters_grow_is_too_long_for_the_column() -> None:
    """Folded, one letter may become three: what does not fit is refused, not cut."""
    assert name_key("\u0390" * LONGEST_NAME) is None
    assert name_key("\u0390" * 63) == "\u03b9\u0308\u0301" * 63


def test_one_letter_written_in_two_ways_is_one_name() -> None:
    """An accent of its own, or a letter that has it."""
    assert name_key("Ame\u0301lie") == name_key("Am\u00e9lie")

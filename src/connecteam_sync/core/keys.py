"""The keys of the host's rows: whole numbers or text, as its tables have them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

T = TypeVar("T")
RowId = int | str
"""The primary key of a host's row: a whole number, or text (a UUID as it is usually written); one kind per table."""


def ordered(key: RowId | None) -> tuple[bool, RowId]:
    """A sort key: numbers by size, then text letter by letter; None counts as 0."""
    return (isinstance(key, str), key or 0)


def by_key(rows: Mapping[RowId, T]) -> list[tuple[RowId, T]]:
    """The items in the order of their keys."""
    return sorted(rows.items(), key=lambda item: ordered(item[0]))


def provisional_employee(user_id: int) -> int:
    """The stand-in employee id of a Connecteam user whose `employees` row this plan creates: the user id negated."""
    return -user_id


def provisional_user(employee_id: RowId | None) -> int | None:
    """The Connecteam user of a stand-in employee id; None for the id of an existing employee."""
    return -employee_id if isinstance(employee_id, int) and employee_id < 0 else None

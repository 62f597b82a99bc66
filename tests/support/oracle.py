"""The rows that the table must hold: a naive mirror that shares no code with the planner.

It knows the company's shifts, the mapped users, the keys of rows entered by hand and the closed days.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

HOME, AWAY = "America/Chicago", "Pacific/Auckland"
DAYS: dict[str, tuple[int, int]] = {}
"""The instants at which the days around the night of the ninth of March begin and end: `2025-03-09 America/Chicago`."""
for _name in (HOME, AWAY):
    for _number in range(5, 15):
        _midnight = datetime(2025, 3, _number, tzinfo=ZoneInfo(_name))
        _next = datetime(2025, 3, _number + 1, tzinfo=ZoneInfo(_name))
        DAYS[f"2025-03-{_number:02} {_name}"] = (int(_midnight.timestamp()), int(_next.timestamp()))


class Fact(NamedTuple):
    """A shift of the company; `created` may be unknown."""

    name: str
    user: int
    start: int
    end: int | None
    created: int | None
    clock: int = 7


class Row(NamedTuple):
    """A row without its id."""

    employee: int
    clock_in: int
    clock_out: int | None
    minutes: float | None
    is_active: bool
    source: str


Key = tuple[int, int]
"""(employee, clock-in): the table has room for one row of each."""


def wanted(
    facts: Iterable[Fact], employees: Mapping[int, int], taken: Collection[object]
) -> dict[Key, tuple[str, Row]]:
    """Our rows by key, each with its shift: the first created of a key, none if the key has a row entered by hand."""
    best: dict[Key, Fact] = {}
    for fact in facts:
        if fact.user not in employees or (fact.end is not None and fact.end < fact.start):
            continue
        key = (employees[fact.user], fact.start)
        rival = best.get(key)
        if rival is None or _rank(fact) < _rank(rival):
            best[key] = fact
    rows: dict[Key, tuple[str, Row]] = {}
    for key, fact in best.items():
        if key not in taken:
            minutes = None if fact.end is None else (fact.end - fact.start) // 60
            rows[key] = (fact.name, Row(*key, fact.end, minutes, fact.end is None, "connecteam"))
    return rows


def _rank(fact: Fact) -> tuple[bool, int, str]:
    # An unknown time of creation counts as the latest.
    return (fact.created is None, fact.created or 0, fact.name)


def begins_on(start: int, days: Iterable[str]) -> bool:
    """Whether an instant is on one of these days: a row belongs to the day on which it begins."""
    return any(DAYS[day][0] <= start < DAYS[day][1] for day in days)

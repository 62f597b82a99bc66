"""What the table must hold: a naive mirror that knows nothing of the planner, and shares no code with it.

It knows the company's facts, who is mapped, which keys are taken by hand and which days payroll has closed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

_ZONE = ZoneInfo("America/Chicago")
DAYS: dict[str, tuple[int, int]] = {}
"""The instants at which the days around the night of the ninth of March begin and end."""
for _number in range(5, 15):
    _midnight = datetime(2025, 3, _number, tzinfo=_ZONE)
    _next = datetime(2025, 3, _number + 1, tzinfo=_ZONE)
    DAYS[f"2025-03-{_number:02}"] = (int(_midnight.timestamp()), int(_next.timestamp()))


class Fact(NamedTuple):
    """A shift as the company knows it; `created` may be untold."""

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
    minutes: int | None
    is_active: bool
    source: str


Key = tuple[int, int]
"""(employee, clock-in): the table has room for one row of each."""


def wanted(facts: Iterable[Fact], employees: Mapping[int, int], taken: Collection[Key]) -> dict[Key, tuple[str, Row]]:
    """The rows of ours and whose they are: the first created of each contested key, none where a hand entered one."""
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
    # A creation that is not told counts as the latest.
    return (fact.created is None, fact.created or 0, fact.name)


def touches(start: int, end: int | None, days: Iterable[str]) -> bool:
    """Whether a span of work touches one of these days; an end at midnight does not touch the day that begins there."""
    last = start + 1 if end is None or end <= start else end
    return any(start < DAYS[day][1] and last > DAYS[day][0] for day in days)

"""What the old code decided about one shift, from distances in time. Nothing of the product's is used."""

from __future__ import annotations

from typing import Literal, NamedTuple

from answers import Row

_SAME = 300
"""Seconds within which two clock-ins were one shift, and by which a shift had to follow the last row."""
_ZONE = 21_600
"""Six hours: taken for a slip of the time zone."""
Act = Literal["overwrite", "close", "close any", "insert", "nothing"]


class Held(NamedTuple):
    """A row of the table."""

    id: int
    clock_in: int
    clock_out: int | None


def decide(near: list[Held], shift: Row) -> tuple[Act, Held | None]:
    """What to do, and with which row; `near` are the employee's rows of the shift's local day, the nearest first."""
    for row in near:
        distance = abs(shift.clock_in - row.clock_in)
        if distance < _SAME:
            return ("close" if row.clock_out is None else "nothing"), row
        if abs(distance - _ZONE) < _SAME:
            return "overwrite", row
    if near:
        last = max(near, key=lambda row: row.clock_in)
        if last.clock_out is None:
            return ("nothing" if shift.clock_out is None else "close any"), None
        if shift.clock_in - last.clock_out <= _SAME:
            return "nothing", last
    return "insert", None

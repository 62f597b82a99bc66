"""An order of changes in which every prefix obeys the unique key (employee, clock-in): rule 12.

Databases check a unique key row by row, even inside one statement, so corrected clock-ins that swap or chain would
collide. Changes are therefore cut into steps: within one step no row moves onto a key that any row still holds, so a
step may be one statement. A cycle is broken by parking one of its rows on a free key for the length of the transaction:
the row keeps its primary key, which others point at. It is parked as a valid closed row of the same length at another
time, so that it also satisfies constraints of the host on more than the clock-in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import msgspec

from connecteam_sync.core.change import Change
from connecteam_sync.core.clocktime import ClockTime, elapsed_minutes
from connecteam_sync.core.keys import RowId

_PARKING = 86_400
"""Rows are parked from 2 January 1970 on, which is valid for every column type and before any shift."""
_MINUTE = 60


class StepWrite(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One write of a step. With `parked`, it only moves the row to that image; the change's last write then has the
    same image as `from_parked`.
    """

    change: Change
    from_parked: ClockTime | None = None
    parked: ClockTime | None = None


def steps(changes: Iterable[Change]) -> tuple[tuple[StepWrite, ...], ...]:
    """The writes in order: deletes, moves to free keys (chain by chain), everything that moves no key, creates.

    `link` changes are left out: they write no row. Each returned step may be executed in any order or at once.
    """
    todo = tuple(changes)
    updates = [c for c in todo if c.kind == "update"]
    # Changes that still move a key, with the present key of the row. Keys are counted, not collected in a set: a table
    # that has no unique key yet may have one twice.
    moving = [(_before(c), c) for c in updates if _before(c) != c.image.key]
    result = [tuple(StepWrite(change=c) for c in todo if c.kind == "delete")]
    parked: dict[int, ClockTime] = {}
    spot = _PARKING
    while moving:
        held = Counter(key for key, _ in moving)
        free = [c for _, c in moving if not held[c.image.key]]
        if free:
            result.append(tuple(StepWrite(change=c, from_parked=parked.get(id(c))) for c in free))
            moving = [(key, c) for key, c in moving if held[c.image.key]]
            continue
        # Only cycles are left: park one row; its key is free from then on.
        _, change = moving[0]
        aside = _parked(change.before or change.image, spot)
        spot = (aside.clock_out or spot) + _MINUTE
        parked[id(change)] = aside
        result.append((StepWrite(change=change, parked=aside),))
        moving[0] = (aside.key, change)
    result.append(tuple(StepWrite(change=c) for c in updates if _before(c) == c.image.key))
    result.append(tuple(StepWrite(change=c) for c in todo if c.kind == "create"))
    return tuple(step for step in result if step)


def units(changes: Iterable[Change]) -> tuple[tuple[Change, ...], ...]:
    """The same writes in the smallest units, in an order in which each can be made by itself: one change, or the
    changes of a ring of rows that swap their keys.
    """
    todo = tuple(changes)
    home = {_before(c): c for c in todo if _before(c) != c.image.key}
    rings: dict[int, tuple[Change, ...]] = {}
    seen: set[int] = set()
    for first in home.values():
        walk: list[Change] = []
        at: Change | None = first
        while at is not None and id(at) not in seen:
            seen.add(id(at))
            walk.append(at)
            at = home.get(at.image.key)
        closing = next((number for number, change in enumerate(walk) if change is at), None)
        if closing is not None:
            ring = tuple(walk[closing:])
            rings |= {id(change): ring for change in ring}
    moves = [move.change for step in steps(todo) for move in step if move.parked is None]
    cut = {id(unit[0]): unit for change in moves for unit in [rings.get(id(change), (change,))]}
    return tuple(cut.values())


def _parked(row: ClockTime, spot: int) -> ClockTime:
    """The row on a free key."""
    length = max((row.clock_out or row.clock_in) - row.clock_in, _MINUTE)
    return msgspec.structs.replace(
        row,
        clock_in=spot,
        clock_out=spot + length,
        total_minutes=elapsed_minutes(spot, spot + length),
        is_active=False,
    )


def _before(change: Change) -> tuple[RowId, int]:
    """The key the row of a change holds before it; one that is created gets no other than its own."""
    return (change.before or change.image).key

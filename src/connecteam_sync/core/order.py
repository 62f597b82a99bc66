"""An order of changes in which every prefix obeys the unique key (employee, clock-in).

Databases check a unique key row by row, even inside one statement, so corrected clock-ins that swap or chain would
collide. Changes are therefore cut into steps: within one step no row moves onto a key that any row still holds, so a
step may be one statement. A cycle is broken by parking one of its rows on a free key for the length of the transaction:
the row keeps its primary key, which others point at.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import msgspec

from connecteam_sync.core.change import Change

_PARKING = 86_400
"""Clock-ins for parked rows start here: 2 January 1970, valid for every column type and before any clock-out."""


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """One write of a step. `parked` is the clock-in a row is parked on; then it is not the change's last write."""

    change: Change
    from_parked: int | None = None
    parked: int | None = None


def steps(changes: Iterable[Change]) -> tuple[tuple[Move, ...], ...]:
    """The writes in order: deletes, moves to free keys (chain by chain), everything that moves no key, creates.

    `link` changes are left out: they write no row. Each returned step may be executed in any order or at once.
    """
    todo = tuple(changes)
    updates = [c for c in todo if c.kind == "update"]
    # What still moves, with the key its row holds at the moment. Keys are counted, not collected in a set: a table
    # whose unique key is yet to be added may hold one twice.
    moving = [(_before(c), c) for c in updates if _before(c) != c.image.key]
    result = [tuple(Move(change=c) for c in todo if c.kind == "delete")]
    parked: dict[int, int] = {}
    while moving:
        held = Counter(key for key, _ in moving)
        free = [c for _, c in moving if not held[c.image.key]]
        if free:
            result.append(tuple(Move(change=c, from_parked=parked.get(id(c))) for c in free))
            moving = [(key, c) for key, c in moving if held[c.image.key]]
            continue
        # Only cycles are left: park one row; its key is free from then on.
        (employee_id, _), change = moving[0]
        spot = _PARKING + len(parked)
        parked[id(change)] = spot
        result.append((Move(change=change, parked=spot),))
        moving[0] = ((employee_id, spot), change)
    result.append(tuple(Move(change=c) for c in updates if _before(c) == c.image.key))
    result.append(tuple(Move(change=c) for c in todo if c.kind == "create"))
    return tuple(step for step in result if step)


def _before(change: Change) -> tuple[int, int]:
    """The key the row of a change holds before it; an update always has one."""
    return (change.before or change.image).key

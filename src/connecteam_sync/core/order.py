"""An order of changes in which every prefix obeys the unique key (employee, clock-in).

Databases check a unique key row by row, even inside one statement, so corrected clock-ins that swap or chain would
collide. Changes are therefore cut into steps: within one step no row moves onto a key that any row still holds, so a
step may be one statement. A cycle is broken by parking one of its rows on a free key for the length of the transaction:
the row keeps its primary key, which others point at.
"""

from __future__ import annotations

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
    deletes = [c for c in changes if c.kind == "delete"]
    creates = [c for c in changes if c.kind == "create"]
    updates = [c for c in changes if c.kind == "update" and c.before is not None and c.after is not None]
    moving = {c.before.key: c for c in updates if c.before and c.after and c.before.key != c.after.key}
    staying = [c for c in updates if c.before and c.after and c.before.key == c.after.key]
    result = [tuple(Move(change=c) for c in deletes)]
    parked: dict[int, int] = {}
    while moving:
        free = [c for c in moving.values() if c.after is not None and c.after.key not in moving]
        if free:
            result.append(tuple(Move(change=c, from_parked=parked.get(id(c))) for c in free))
            moving = {key: c for key, c in moving.items() if not any(c is done for done in free)}
            continue
        # Only cycles are left: park the first row of one; its key is free from then on.
        key, change = next(iter(moving.items()))
        spot = _PARKING + len(parked)
        parked[id(change)] = spot
        result.append((Move(change=change, parked=spot),))
        moving = {k: c for k, c in moving.items() if k != key} | {(key[0], spot): change}
    result.append(tuple(Move(change=c) for c in staying))
    result.append(tuple(Move(change=c) for c in creates))
    return tuple(step for step in result if step)

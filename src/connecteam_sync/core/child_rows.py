"""Rows of other tables that point at ours: such a row is not deleted or moved in a way that would lose them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from connecteam_sync.core.change import Change
from connecteam_sync.core.clocktime import Child, ClockTime
from connecteam_sync.core.keys import RowId

KEY_FIELDS = ("employee_id", "clock_in")
"""The fields of the unique key, which other tables may point at instead of the id."""


def kept_by(
    children: Mapping[RowId, tuple[Child, ...]], before: ClockTime | None, after: ClockTime | None
) -> tuple[Child, ...]:
    """The children that would vanish, or lose their row, if it were deleted (`after` is None) or became `after`."""
    if before is None or not (pointing := children.get(before.id or 0)):
        return ()
    if after is None:
        return pointing
    moved = {field for field in KEY_FIELDS if getattr(before, field) != getattr(after, field)}
    return tuple(child for child in pointing if child.fields & moved and not child.follows)


def pointing_text(row: RowId | None, children: Iterable[Child]) -> str:
    """A sentence about the rows that point at a row."""
    known = [child for child in children if child.count is not None]
    unknown = [child.table for child in children if child.count is None]
    parts: list[str] = []
    if known:
        counted = " and ".join(_counted(child) for child in known)
        is_single = len(known) == 1 and known[0].count == 1
        parts.append(f"{counted} {'points' if is_single else 'point'} at row {row}")
    if unknown:
        names = " and ".join(unknown)
        parts.append(f"the database user may not read {names}, so nobody knows whether rows of it point at row {row}")
    return "; ".join(parts)


def held_detail(row: RowId | None, children: Iterable[Child]) -> str:
    """The detail of a hold on a row that is not deleted, or not moved, since others point at it."""
    children = tuple(children)
    until = "they are gone" if all(child.count is not None for child in children) else "that is known"
    return f"{pointing_text(row, children)}; it stays as it is until {until}"


def concerned(changes: Iterable[Change]) -> list[RowId]:
    """The rows that changes would delete, or whose key they would change, which others may point at."""
    return sorted(
        change.before.id
        for change in changes
        if change.before is not None
        and change.before.id is not None
        and (change.after is None or change.before.key != change.after.key)
    )


def _counted(child: Child) -> str:
    return f"{child.count:,} {'row' if child.count == 1 else 'rows'} of {child.table}"

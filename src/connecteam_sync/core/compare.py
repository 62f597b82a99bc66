"""The damage that the old algorithm would have done to a window's shifts. Nothing is written."""

from __future__ import annotations

from collections import defaultdict
from typing import Literal

import msgspec

from connecteam_sync.core.change import SlicePlan
from connecteam_sync.core.clocktime import ClockTime, StoredState, clock_time_of
from connecteam_sync.core.columns import with_times
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.run import Failure
from connecteam_sync.core.text import many
from connecteam_sync.core.window import Window

DamageKind = Literal["lost", "overwritten", "doubled", "wrong"]
"""`lost`: no row for the shift; `overwritten`: its row would have the times of another shift; `doubled`: several rows;
`wrong`: a row with other times, minutes or flag."""


class LegacyDamage(msgspec.Struct, frozen=True, kw_only=True):
    """One shift the old algorithm would not mirror. `minutes` are the shift's, less those its row would have.

    A row that is still open counts none: the old algorithm counts it up to now.
    """

    kind: DamageKind
    shift_id: str
    user_id: int
    employee_id: RowId
    name: str
    start: int
    end: int | None
    minutes: int
    detail: str


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """The damage in a window to the `shifts` of mapped people; `failures` are looks that failed."""

    window: Window
    shifts: int
    legacy_damages: tuple[LegacyDamage, ...]
    failures: tuple[Failure, ...] = ()

    @property
    def people(self) -> int:
        """How many employees would be wrong."""
        return len({damage.employee_id for damage in self.legacy_damages})

    @property
    def minutes(self) -> int:
        """By how many minutes the sum would be too low (negative: too high)."""
        return self.missing - self.surplus

    @property
    def missing(self) -> int:
        """Minutes that rows would lack."""
        return sum(damage.minutes for damage in self.legacy_damages if damage.minutes > 0)

    @property
    def surplus(self) -> int:
        """Minutes that rows would have too many."""
        return -sum(damage.minutes for damage in self.legacy_damages if damage.minutes < 0)


def legacy_damages(legacy: SlicePlan, stored: StoredState) -> tuple[LegacyDamage, ...]:
    """Every shift of the window that has no exact row after a plan of the old algorithm, by instant."""
    after = {row.id: row for row in stored.rows}
    born: list[ClockTime] = []
    for change in legacy.changes:
        if change.after is not None and change.after.id is None:
            born.append(change.after)
        elif change.after is not None:
            after[change.after.id] = change.after
    rows: dict[tuple[RowId, int], list[ClockTime]] = defaultdict(list)
    for row in (*after.values(), *born):
        rows[row.key].append(row)
    had = {row.key for row in stored.rows}
    found: list[LegacyDamage] = []
    for shift in sorted(legacy.snapshot.shifts, key=lambda shift: (shift.start, shift.id)):
        employee = stored.employees.get(shift.user_id)
        if employee is None or not legacy.window.holds(shift.start):
            continue
        right = clock_time_of(employee, shift.start, shift.end)
        mine = rows.get(right.key, [])
        worked = right.minutes
        if not mine:
            kind: DamageKind = "overwritten" if right.key in had else "lost"
            detail, minutes = "no row with its clock-in", worked
        elif len(mine) > 1:
            kind, minutes = "doubled", worked - sum(map(_worked, mine))
            detail = f"{many(len(mine), 'row')} with its clock-in"
        elif msgspec.structs.replace(mine[0], source=right.source) != with_times(mine[0], *right.key, right.clock_out):
            kind, minutes = "wrong", worked - _worked(mine[0])
            detail = "its row would have another clock-out, other minutes or another flag"
        else:
            continue
        found.append(
            LegacyDamage(
                kind=kind,
                shift_id=shift.id,
                user_id=shift.user_id,
                employee_id=employee,
                name=stored.names.get(employee, f"employee {employee}"),
                start=shift.start,
                end=shift.end,
                minutes=minutes,
                detail=detail,
            )
        )
    return tuple(found)


def _worked(row: ClockTime) -> int:
    return 0 if row.clock_out is None else row.minutes

"""Matching of shifts and rows.

Identity is the activity id (rules 1 and 2). Times are attributes: instants are compared for equality only.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Mapping
from operator import attrgetter
from typing import Literal

import msgspec

from connecteam_sync.core.clocktime import ClockTime, StoredState, TrackedShift
from connecteam_sync.core.keys import RowId, ordered
from connecteam_sync.core.shift import Shift, Snapshot
from connecteam_sync.core.window import Window

How = Literal["id", "succession", "takeover", "adoption", "create"]
HOW = {
    "succession": "Connecteam replaced shift {} by this one",
    "takeover": "the row was shift {}'s, which has the same clock-in and was created later",
    "adoption": "the row had no shift yet; employee and clock-in are exactly its own",
}
"""The journal's sentence for a row that became a shift's, by `How`; `{}` is the id of the shift that had it before."""
_NEVER = 2**62


class Match(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A shift, the employee it counts for, and its row (None: to be created).

    `replaces` is the shift the row was linked to until now, if that is another one. `former` is the id of the row that
    the shift had before, if its row is to be created and that id is free.
    """

    shift: Shift
    employee_id: RowId
    row: ClockTime | None
    how: How
    replaces: str | None = None
    former: RowId | None = None


class DuplicateGroup(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Shifts of one employee at one instant: the unique key allows a row for the first only."""

    winner: Shift
    losers: tuple[Shift, ...]


def precedence(shift: Shift) -> tuple[int, str]:
    """The sort key of shifts on one clock-in: created first (unknown: last), then lower id; the first gets the row."""
    return (_NEVER if shift.created_at is None else shift.created_at, shift.id)


def in_scope(
    window: Window,
    snapshot: Snapshot,
    *,
    rows: Mapping[RowId | None, ClockTime],
    mirrors: Mapping[str, TrackedShift],
    has_left: Callable[[TrackedShift, int, Shift], bool],
) -> tuple[Shift, ...]:
    """The shifts a plan of this window is about, ordered by id; `rows` and `mirrors` are the stored ones, by id.

    Those that start in the window proper, and those whose row, or remembered start, lies in it: they have moved out of
    the window. Also those that moved out of the days of all looks of the run, which `has_left` tells. Other shifts of
    the padding belong to other windows.
    """
    start, end = window.start_utc, window.end_utc

    def is_ours(shift: Shift) -> bool:
        mirror = mirrors.get(shift.id)
        row = rows.get(mirror.clock_time_id) if mirror is not None and mirror.clock_time_id is not None else None
        # One that was gone and is back counts by the row that was kept for it: on a closed day, say.
        if mirror is None or (mirror.is_gone and row is None):
            return False
        at = mirror.shift.start if row is None else row.clock_in
        return start <= at < end or (at != shift.start and has_left(mirror, at, shift))

    shifts = [shift for shift in snapshot.shifts if start <= shift.start < end or is_ours(shift)]
    return tuple(sorted(shifts, key=attrgetter("id")))


def absent(snapshot: Snapshot, stored: StoredState) -> list[TrackedShift]:
    """The tracked shifts of this time clock that are not in the answer."""
    present, clock = {shift.id for shift in snapshot.shifts}, snapshot.time_clock_id
    return [m for m in stored.mirrors if m.shift.id not in present and m.shift.time_clock_id == clock]


def duplicate_groups(
    shifts: Iterable[tuple[RowId, Shift]], others: Iterable[tuple[RowId, Shift]]
) -> tuple[DuplicateGroup, ...]:
    """One winner for each (employee, clock-in) of `shifts`; `others` are the live shifts of other time clocks."""
    alone: dict[tuple[RowId, int], Shift] = {}
    contested: dict[tuple[RowId, int], list[Shift]] = {}
    for employee_id, shift in shifts:
        key = (employee_id, shift.start)
        first = alone.setdefault(key, shift)
        if first is not shift:
            contested.setdefault(key, [first]).append(shift)
    for employee_id, shift in others:
        key = (employee_id, shift.start)
        if key in alone:
            contested.setdefault(key, [alone[key]]).append(shift)
    groups = (sorted(contested[key], key=precedence) if key in contested else (first,) for key, first in alone.items())
    return tuple(DuplicateGroup(winner=group[0], losers=tuple(group[1:])) for group in groups)


def successions(
    missing: Iterable[TrackedShift], window: Window, snapshot: Snapshot
) -> dict[tuple[int, int], list[TrackedShift]]:
    """Linked shifts that are gone from a list that names their user, by (user, start): their rows may be inherited.

    `missing` are those of `absent`.

    Connecteam deletes a shift and creates another in its place when it approves a geofence exception (API fact 7.6).
    """
    invalid = {invalid_record.activity_id for invalid_record in snapshot.invalid_records}
    start, end = window.surely_covered
    found: dict[tuple[int, int], list[TrackedShift]] = defaultdict(list)
    for mirror in missing:
        if (
            mirror.clock_time_id is not None
            and mirror.shift.id not in invalid
            and mirror.shift.user_id in snapshot.listed
            and start <= mirror.shift.start < end
        ):
            found[mirror.shift.user_id, mirror.shift.start].append(mirror)
    return found


def adoptable(rows: Iterable[ClockTime], linked: Container[RowId | None]) -> dict[tuple[RowId, int], list[ClockTime]]:
    """Rows of ours that no shift is linked to, by (employee, clock-in), lowest id first."""
    found: dict[tuple[RowId, int], list[ClockTime]] = defaultdict(list)
    unlinked = [row for row in rows if row.id not in linked and row.is_ours]
    for row in sorted(unlinked, key=lambda row: ordered(row.id)):
        found[row.key].append(row)
    return found


def match(
    pairs: Iterable[tuple[RowId, DuplicateGroup]],
    inherited: Mapping[tuple[int, int], list[TrackedShift]],
    unlinked: Mapping[tuple[RowId, int], list[ClockTime]],
    *,
    rows: Mapping[RowId | None, ClockTime],
    mirrors: Mapping[str, TrackedShift],
) -> tuple[Match, ...]:
    """The row of each winning shift: its own by id, else inherited, else taken over, else adopted, else none yet.

    `pairs` are (employee id, group), one for each (employee, clock-in), so a row is assigned once; `inherited` is from
    `successions`, `unlinked` from `adoptable`; `rows` and `mirrors` are the stored ones, by id.
    """

    def linked_row(shift_id: str) -> ClockTime | None:
        mirror = mirrors.get(shift_id)
        return rows.get(mirror.clock_time_id) if mirror and mirror.clock_time_id is not None else None

    def left_by_gone(shift: Shift) -> list[tuple[ClockTime, TrackedShift]]:
        gone = inherited.get((shift.user_id, shift.start), ())
        return [(row, m) for m in gone if (row := linked_row(m.shift.id))]

    on_key = _standing_off(pairs := tuple(pairs), left_by_gone, inherited, linked_row)
    taken = {gone.shift.id for _, gone in on_key.values()}

    def row_of(employee_id: RowId, group: DuplicateGroup) -> Match:
        shift = group.winner
        if row := linked_row(shift.id):
            return Match(shift=shift, employee_id=employee_id, row=row, how="id")
        key = (employee_id, shift.start)
        left = [on_key[key]] if key in on_key else [one for one in left_by_gone(shift) if one[1].shift.id not in taken]
        if left:
            # Of several, the one whose row has the shift's key: the others are deleted, and none blocks the key.
            row, gone = min(left, key=lambda pair: (pair[0].key != key, pair[1].shift.id))
            return Match(shift=shift, employee_id=employee_id, row=row, how="succession", replaces=gone.shift.id)
        for loser in group.losers:
            row = linked_row(loser.id)
            if row and row.key == (employee_id, shift.start):
                return Match(shift=shift, employee_id=employee_id, row=row, how="takeover", replaces=loser.id)
        candidates = unlinked.get((employee_id, shift.start))
        if candidates:
            # Without a unique key there may be several: the one with the right clock-out, else the lowest id.
            same = next((row for row in candidates if row.clock_out == shift.end), candidates[0])
            return Match(shift=shift, employee_id=employee_id, row=same, how="adoption")
        known = mirrors.get(shift.id)
        former = known.former_clock_time_id if known is not None else None
        former = former if former not in rows else None
        return Match(shift=shift, employee_id=employee_id, row=None, how="create", former=former)

    return tuple(row_of(employee_id, group) for employee_id, group in pairs)


def _standing_off(
    pairs: Iterable[tuple[RowId, DuplicateGroup]],
    left_by_gone: Callable[[Shift], list[tuple[ClockTime, TrackedShift]]],
    inherited: Mapping[tuple[int, int], list[TrackedShift]],
    linked_row: Callable[[str], ClockTime | None],
) -> dict[tuple[RowId, int], tuple[ClockTime, TrackedShift]]:
    """The row on its key, and the gone shift that had it, of each shift whose inherited rows are all on other keys,
    while that one is a gone shift's of another time clock.

    A shift there may inherit that row, and be unable to move it before this one's row has left its key: neither would
    ever move. So each takes the row that is where it belongs.
    """
    gone_on: dict[tuple[RowId, int], tuple[ClockTime, TrackedShift]] = {}
    for mirror in (one for many in inherited.values() for one in many):
        if row := linked_row(mirror.shift.id):
            gone_on[row.key] = (row, mirror)
    found: dict[tuple[RowId, int], tuple[ClockTime, TrackedShift]] = {}
    for employee_id, group in pairs if gone_on else ():
        shift, key = group.winner, (employee_id, group.winner.start)
        if key not in gone_on or linked_row(shift.id) is not None:
            continue
        left = left_by_gone(shift)
        if left and all(row.key != key for row, _ in left):
            row, gone = gone_on[key]
            if gone.shift.time_clock_id != shift.time_clock_id:
                found[key] = (row, gone)
    return found

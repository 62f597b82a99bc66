"""Taking over an existing table: which of several rows on one key stays, and other findings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from itertools import groupby
from typing import Literal, get_args
from zoneinfo import ZoneInfo

import msgspec

from connecteam_sync.core.change import Change, Hold
from connecteam_sync.core.clocktime import ClockTime
from connecteam_sync.core.columns import ROW, with_times
from connecteam_sync.core.keys import RowId, ordered
from connecteam_sync.core.locks import Locks
from connecteam_sync.core.same_minute import ByMinute
from connecteam_sync.core.shift import Shift
from connecteam_sync.core.text import day_name
from connecteam_sync.core.window import days_touched, utc_offset

Shape = Literal["both_closed", "different_clock_outs", "one_open", "all_open", "manual_among"]
SHAPES: tuple[Shape, ...] = get_args(Shape)
LONG_SECONDS = 16 * 3600
"""A longer shift is shown to a person; nothing is decided by it."""


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """Two or more rows, of any source, on one (employee, clock-in), by id."""

    rows: tuple[ClockTime, ...]

    @property
    def shape(self) -> Shape:
        """What kind of double it is."""
        if any(not row.is_ours for row in self.rows):
            return "manual_among"
        outs = {row.clock_out for row in self.rows}
        if outs == {None}:
            return "all_open"
        if None in outs:
            return "one_open"
        return "both_closed" if len(outs) == 1 else "different_clock_outs"


class Dedupe(msgspec.Struct, frozen=True, kw_only=True):
    """The changes that make the unique key possible: rows removed, clock-outs inherited, groups left to a person.

    `survivors` maps every removed row to the row that takes its place in tables that point at it.
    """

    changes: tuple[Change, ...] = ()
    holds: tuple[Hold, ...] = ()
    survivors: dict[RowId, RowId] = {}


class Offset(msgspec.Struct, frozen=True, kw_only=True):
    """A row exactly the zone's offset away from a shift of its employee: local time stored as if it were UTC.

    Evidence for a person, not a rule. `minutes` is how far the row's clock-in is behind the shift's; `beside` is the
    row at the shift's own time, if there is one: then the hours count twice, and rows that point at the wrong row
    should point at that one.
    """

    row: ClockTime
    shift: Shift
    minutes: int
    beside: RowId | None = None


class UnreadTime(msgspec.Struct, frozen=True, kw_only=True):
    """A value of a time column that cannot be read as a time: it counts as NULL, and is left as it is.

    `said` is the value as text.
    """

    row: RowId
    column: str
    said: str


class Reference(msgspec.Struct, frozen=True, kw_only=True):
    """A foreign key of another table that points at ours; `movable`: its rows can be pointed at other rows and back."""

    table: str
    column: str
    movable: bool
    why: str = ""


class Survey(msgspec.Struct, frozen=True, kw_only=True):
    """The findings about a table. Nothing was written.

    The counts are of rows; `examples` has the first ids of each finding. `free_bytes` is None if the database does not
    report it. `obstacles` are sentences: with any of them, `--apply` is refused.
    """

    table: str
    database: str
    rows: int
    sources: dict[str, int]
    first_clock_in: int | None
    last_clock_in: int | None
    shapes: dict[Shape, int]
    dedupe: Dedupe
    findings: dict[str, int]
    examples: dict[str, tuple[RowId, ...]]
    references: tuple[Reference, ...]
    triggers: tuple[str, ...]
    unique_key: str | None
    table_bytes: int | None
    needed_bytes: int
    free_bytes: int | None
    obstacles: tuple[str, ...] = ()
    offsets: tuple[Offset, ...] = ()
    offsets_days: tuple[date, date] | None = None
    offsets_error: str | None = None
    minutes: ByMinute = ByMinute()
    """Rows without seconds and the shifts that they may be, of the days in `offsets_days`."""
    unread: tuple[UnreadTime, ...] = ()

    @property
    def groups(self) -> int:
        """How many (employee, clock-in) have more than one row."""
        return sum(self.shapes.values())


def grouped(rows: Iterable[ClockTime]) -> tuple[Group, ...]:
    """Rows by key; only keys that several rows hold."""
    in_turn = sorted(rows, key=lambda row: (ordered(row.employee_id), row.clock_in, ordered(row.id)))
    found = (tuple(members) for _, members in groupby(in_turn, key=lambda row: row.key))
    return tuple(Group(rows=members) for members in found if len(members) > 1)


def dedupe(
    groups: Iterable[Group],
    *,
    zone: ZoneInfo,
    live: Mapping[RowId, str],
    locks: Locks | None = None,
    immovable: Mapping[RowId, str] | None = None,
) -> Dedupe:
    """Leave one row for every key, removing only rows of ours.

    The survivor is the row linked to a live shift of Connecteam, else one with a clock-out, else the lowest id; it
    inherits a clock-out it lacks. Rows of another source are never removed: a group with one is held. `live` is the
    shift's id by row id; `immovable` rows (with the reason) must stay because other tables point at them.
    """
    changes: list[Change] = []
    holds: list[Hold] = []
    survivors: dict[RowId, RowId] = {}
    for group in groups:
        survivor, *others = sorted(group.rows, key=lambda row: _rank(row, live))
        hold = _held(group, [row.id for row in others], locks or Locks(()), immovable or {})
        if hold is not None:
            holds.append(hold)
            continue
        closing = _closing(survivor, others)
        if closing is not None:
            why = f"row {survivor.id} takes the clock-out of its double, row {closing.id}"
            changes.append(_change("update", survivor, _closed(survivor, closing), live=live, zone=zone, why=why))
        for row in others:
            why = f"row {row.id} is a double of row {survivor.id}"
            changes.append(_change("delete", row, None, live=live, zone=zone, why=why))
            survivors[row.id or 0] = survivor.id or 0
    changes.sort(key=lambda c: (c.days, ordered(c.image.employee_id), c.image.clock_in, ordered(c.image.id)))
    return Dedupe(changes=tuple(changes), holds=tuple(holds), survivors=survivors)


def _rank(row: ClockTime, live: Mapping[RowId, str]) -> tuple[bool, bool, bool, tuple[bool, RowId]]:
    """The lowest rank survives; a clock-out before the clock-in ranks behind a possible one, and before none."""
    possible = row.clock_out is not None and row.clock_out >= row.clock_in
    return (row.id not in live, not possible, row.clock_out is None, ordered(row.id))


def _closing(survivor: ClockTime, others: Iterable[ClockTime]) -> ClockTime | None:
    """The row with the best clock-out of the others, if the survivor has none."""
    if survivor.clock_out is not None:
        return None
    return next((row for row in others if row.clock_out is not None and row.clock_out >= row.clock_in), None)


def _closed(survivor: ClockTime, closing: ClockTime) -> ClockTime:
    """The survivor with the clock-out of another row, and the minutes of breaks that go with it."""
    closed = with_times(survivor, survivor.employee_id, survivor.clock_in, closing.clock_out)
    # Minutes of breaks follow from the end: an open row has none.
    follows = {column.field: getattr(closing, column.field) for column in ROW if column.ends_with_shift}
    return msgspec.structs.replace(closed, **follows)


def _held(group: Group, losing: list[RowId | None], locks: Locks, immovable: Mapping[RowId, str]) -> Hold | None:
    """Why a person must decide about this group; None if we may."""
    first = group.rows[0]
    ids = ", ".join(f"{row.id} ({row.source})" for row in group.rows)
    locked = locks.at(first.clock_in)
    held = Hold(
        reason="manual_row",
        subject=f"row:{first.id}",
        detail=f"rows {ids} share a clock-in, and rows entered by hand are never removed: delete the one that is wrong",
        clock_time_id=first.id,
        employee_id=first.employee_id,
        instant=first.clock_in,
    )
    if group.shape == "manual_among":
        return held
    if locked is not None:
        day = day_name(locked.day)
        detail = f"rows {ids} share a clock-in on {day}, which is locked: unlock it, or leave the key for later"
        return msgspec.structs.replace(held, reason="locked_day", detail=detail)
    stuck = next((immovable[key] for key in losing if key is not None and key in immovable), None)
    if stuck is not None:
        return msgspec.structs.replace(held, reason="child_row", detail=f"rows {ids} share a clock-in: {stuck}")
    return None


def _change(
    kind: Literal["update", "delete"],
    before: ClockTime,
    after: ClockTime | None,
    *,
    live: Mapping[RowId, str],
    zone: ZoneInfo,
    why: str,
) -> Change:
    spans = [days_touched(row.clock_in, row.clock_out, zone) for row in (before, after) if row is not None]
    return Change(
        kind=kind,
        before=before,
        after=after,
        shift_id=live.get(before.id or 0),
        user_id=None,
        days=(min(first for first, _ in spans), max(last for _, last in spans)),
        why=why,
    )


def offset_rows(
    rows: Iterable[ClockTime], shifts: Iterable[Shift], employees: Mapping[int, RowId], zone: ZoneInfo
) -> tuple[Offset, ...]:
    """Rows of ours that match no shift of their employee, but one whose start is the zone's offset away."""
    starts: dict[tuple[RowId, int], Shift] = {}
    for shift in shifts:
        if shift.user_id in employees:
            starts[employees[shift.user_id], shift.start] = shift
    every = tuple(rows)
    standing = {row.key: row.id for row in every}
    found = []
    for row in every:
        if not row.is_ours or row.key in starts:
            continue
        for offset in _offsets(row.clock_in, zone):
            shift_there = starts.get((row.employee_id, row.clock_in - offset))
            if shift_there is not None:
                minutes = (shift_there.start - row.clock_in) // 60
                beside = standing.get((row.employee_id, shift_there.start))
                found.append(Offset(row=row, shift=shift_there, minutes=minutes, beside=beside))
                break
    return tuple(found)


def _offsets(instant: int, zone: ZoneInfo) -> tuple[int, ...]:
    """The zone's offsets around an instant, in seconds, in both directions: stored too early, and too late."""
    half_a_year = int(timedelta(days=182).total_seconds())
    near = {utc_offset(instant + shift, zone) for shift in (0, half_a_year)}
    return tuple(sorted({sign * offset for offset in near for sign in (1, -1)} - {0}))

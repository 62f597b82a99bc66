"""Rows of a table that was kept without seconds: 08:00:00 where Connecteam says 08:00:41.

Such a row and its shift agree by the minute: each end of the row equals that of the shift, or the beginning of its
minute. Distances between times are not measured.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import date
from zoneinfo import ZoneInfo

import msgspec

from connecteam_sync.core.change import Change
from connecteam_sync.core.clocktime import ClockTime, clock_time_of
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.shift import Shift
from connecteam_sync.core.text import many
from connecteam_sync.core.window import days_touched

_MINUTE = 60


class ByMinute(msgspec.Struct, frozen=True, kw_only=True):
    """The result of comparing rows without a shift and shifts without a row by the minute.

    `links` are pairs that agree at both ends, each the only one for the other. `left` are rows that begin in the minute
    of a shift and are left to a person, with the reason. `days` are the days compared.
    """

    links: tuple[tuple[ClockTime, Shift], ...] = ()
    left: tuple[tuple[ClockTime, str], ...] = ()
    days: tuple[date, date] | None = None

    def merged(self, other: ByMinute) -> ByMinute:
        """Both results together; they must have no day in common."""
        days = [day for found in (self, other) if found.days for day in found.days]
        return ByMinute(
            links=(*self.links, *other.links),
            left=(*self.left, *other.left),
            days=(min(days), max(days)) if days else None,
        )


def begins_alike(row: ClockTime, image: ClockTime) -> bool:
    """Whether a row begins at the full minute of `image`, which has seconds."""
    return row.clock_in != image.clock_in and row.clock_in == minute(image.clock_in)


def agrees(row: ClockTime, image: ClockTime) -> bool:
    """Whether a row equals `image` except for the seconds."""
    if not begins_alike(row, image) or (row.clock_out is None) != (image.clock_out is None):
        return False
    return row.clock_out == image.clock_out or row.clock_out == minute(image.clock_out or 0)


def minute(instant: int) -> int:
    """The instant without its seconds."""
    return instant - instant % _MINUTE


def by_minute(
    rows: Iterable[ClockTime],
    shifts: Iterable[Shift],
    employees: Mapping[int, RowId],
    *,
    linked: Collection[RowId | None],
    unchanged: Collection[str],
) -> ByMinute:
    """Pair rows of ours without a shift and shifts without a row that agree except for the seconds; one to one only.

    `linked` are the rows that have a shift, `unchanged` the shifts that have a row. `rows` must have those of any
    source on these days, `shifts` those of every time clock.
    """
    standing: dict[tuple[RowId, int], list[ClockTime]] = defaultdict(list)
    exact: set[tuple[RowId, int]] = set()
    for row in rows:
        exact.add(row.key)
        if row.id not in linked:
            standing[row.employee_id, minute(row.clock_in)].append(row)
    images: dict[tuple[RowId, int], list[tuple[Shift, ClockTime]]] = defaultdict(list)
    for shift in shifts:
        employee = employees.get(shift.user_id)
        if employee is not None:
            image = clock_time_of(employee, shift.start, shift.end)
            images[employee, minute(shift.start)].append((shift, image))
    links: list[tuple[ClockTime, Shift]] = []
    left: list[tuple[ClockTime, str]] = []
    for key, here in sorted(standing.items()):
        there = images.get(key, ())
        agreeing = [(row, shift) for row in here for shift, image in there if agrees(row, image)]
        # A shift that has its row, or a row on its exact clock-in, needs none; but the row may be its double.
        free = {s.id for s, image in there if s.id not in unchanged and image.key not in exact}
        of_row, of_shift = Counter(row.id for row, _ in agreeing), Counter(shift.id for _, shift in agreeing)
        mine = {row.id: shift for row, shift in agreeing if of_row[row.id] == 1 == of_shift[shift.id]}
        for row in here:
            begun = [shift for shift, image in there if shift.id in free and begins_alike(row, image)]
            if not row.is_ours or not begun:
                continue
            shift_of = mine.get(row.id)
            if shift_of is not None and shift_of.id in free:
                links.append((row, shift_of))
            elif of_row[row.id]:
                left.append((row, "several rows or shifts of that minute agree: which is which cannot be told"))
            else:
                left.append((row, f"it ends otherwise than shift {begun[0].id}, which begins in that minute"))
    return ByMinute(links=tuple(links), left=tuple(left))


def link_changes(links: Iterable[tuple[ClockTime, Shift]], zone: ZoneInfo) -> tuple[Change, ...]:
    """The changes that link rows to their shifts; they alter no values."""
    return tuple(
        Change(
            kind="link",
            before=row,
            after=row,
            shift_id=shift.id,
            user_id=shift.user_id,
            days=days_touched(row.clock_in, row.clock_out, zone),
            why="the row had no shift yet; employee, clock-in and clock-out are its own but for the seconds",
        )
        for row, shift in links
    )


def without_seconds(creates: Iterable[Change], unlinked: Iterable[ClockTime]) -> str:
    """The addition to a refusal of doubled hours if rows lack only the seconds; empty if none does."""
    rows = {row.key: row for row in unlinked}
    count = sum(
        (row := rows.get((change.image.employee_id, minute(change.image.clock_in)))) is not None
        and agrees(row, change.image)
        for change in creates
    )
    return f"{many(count, 'row')} of yours agree with a shift but for the seconds" if count else ""

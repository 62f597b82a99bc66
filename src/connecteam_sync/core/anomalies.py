"""Oddities that a person may want to look at in mirrored rows: reported, never changed, never held."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Sequence
from datetime import date
from itertools import groupby
from operator import attrgetter
from typing import Literal, get_args

import msgspec

from connecteam_sync.core.clocktime import ClockTime
from connecteam_sync.core.keys import RowId, ordered
from connecteam_sync.core.window import Window, each_day, local_day, start_of_day

AnomalyKind = Literal[
    "overlap", "near_double", "long_shift", "long_day", "zero_minutes", "auto_clock_out", "open_too_long"
]
ANOMALY_KINDS: tuple[AnomalyKind, ...] = get_args(AnomalyKind)
"""The closed list; `docs/reference.md` explains each, and a test keeps the two equal."""
_DAY = 86_400
_BEGIN = attrgetter("clock_in")


class AnomalyLimits(msgspec.Struct, frozen=True, kw_only=True):
    """The limits above, or below, which something is reported."""

    longest_minutes: int = 16 * 60
    """A closed shift longer than this, or a day with more than this in several shifts."""
    near_minutes: int = 10
    """Two shifts of one employee that begin no further apart."""
    open_days: int = 2
    """A shift that has been open for longer."""


class Anomaly(msgspec.Struct, frozen=True, kw_only=True):
    """One oddity, with its rows in the order of their clock-in.

    `minutes` is how long an overlap lasts, how far apart a near double begins, the sum of a long day, how long an open
    shift has been open, else the length of the shift.
    """

    kind: AnomalyKind
    employee_id: RowId
    day: date
    rows: tuple[ClockTime, ...]
    minutes: int


def anomalies(
    window: Window,
    rows: Iterable[ClockTime],
    *,
    auto_clock_outs: Container[RowId | None],
    now: int,
    limits: AnomalyLimits,
) -> list[Anomaly]:
    """The oddities of the window's rows, by day, then by employee.

    `rows` may also have older open rows, and rows that began shortly before the window and may reach into it.
    `auto_clock_outs` are the ids of rows that Connecteam clocked out by itself, `now` is in epoch seconds.
    """
    days = list(each_day(window.first, window.last))
    starts = [start_of_day(day, window.zone) for day in days]
    first, end = starts[0], window.end_utc
    near, longest = limits.near_minutes * 60, limits.longest_minutes
    found: list[Anomaly] = []
    # Nearly every row is in order: that is found out without a call for each of them.
    for employee, mine in _by_employee(rows):
        inside = [row for row in mine if first <= row.clock_in < end]
        for row in mine:
            if row.clock_out is None and row.clock_in < end and now - row.clock_in > limits.open_days * _DAY:
                day = local_day(row.clock_in, window.zone)
                found.append(_of("open_too_long", employee, day, (now - row.clock_in) // 60, row))
        places = [bisect_right(starts, row.clock_in) - 1 for row in inside]
        for place, row in zip(places, inside, strict=True):
            minutes = row.total_minutes
            if (minutes is not None and (minutes > longest or minutes == 0)) or row.id in auto_clock_outs:
                odd = _alone(row, auto_clock_outs, limits)
                found += (_of(kind, employee, days[place], row.minutes, row) for kind in odd)
        for before, row in _pairs(mine):
            out = before.clock_out
            if (out is None or row.clock_in < out or row.clock_in - before.clock_in <= near) and (
                first <= row.clock_in < end
            ):
                day = days[bisect_right(starts, row.clock_in) - 1]
                found += _together(before, row, employee, day, limits)
        if len(set(places)) < len(places):
            found += _long_days(employee, zip(places, inside, strict=True), days, limits)
    return sorted(found, key=lambda odd: (odd.day, odd.employee_id, odd.rows[-1].clock_in, odd.kind))


def _by_employee(rows: Iterable[ClockTime]) -> Iterator[tuple[RowId, list[ClockTime]]]:
    """The rows of each employee by clock-in; people in no order."""
    found: defaultdict[RowId, list[ClockTime]] = defaultdict(list)
    for row in rows:
        found[row.employee_id].append(row)
    for employee, some in found.items():
        mine = sorted(some, key=_BEGIN)
        if len(set(map(_BEGIN, mine))) < len(mine):  # ids are looked at only where they decide
            mine.sort(key=lambda row: (row.clock_in, ordered(row.id)))
        yield employee, mine


def _long_days(
    employee: RowId, placed: Iterable[tuple[int, ClockTime]], days: Sequence[date], limits: AnomalyLimits
) -> Iterator[Anomaly]:
    """The days on which somebody worked too long in several shifts; each row comes with the place of its day."""
    for place, of_day in groupby(placed, key=lambda pair: pair[0]):
        several = tuple(row for _, row in of_day if row.total_minutes is not None)
        worked = sum(row.minutes for row in several)
        if len(several) > 1 and worked > limits.longest_minutes:
            yield _of("long_day", employee, days[place], worked, *several)


def _of(kind: AnomalyKind, employee: RowId, day: date, minutes: int, *rows: ClockTime) -> Anomaly:
    return Anomaly(kind=kind, employee_id=employee, day=day, rows=rows, minutes=minutes)


def _alone(row: ClockTime, auto_clock_outs: Container[RowId | None], limits: AnomalyLimits) -> Iterator[AnomalyKind]:
    """The oddities of a single row."""
    if row.total_minutes is not None and row.total_minutes > limits.longest_minutes:
        yield "long_shift"
    if row.total_minutes == 0:
        yield "zero_minutes"
    if row.id in auto_clock_outs:
        yield "auto_clock_out"


def _pairs(mine: Iterable[ClockTime]) -> Iterator[tuple[ClockTime, ClockTime]]:
    """Each row with the one before it, and with the one before it that ends last, if that is another.

    So every row that overlaps any is reported, and there are at most twice as many pairs as rows.
    """
    before: ClockTime | None = None
    longest: ClockTime | None = None
    for row in mine:
        if before is not None:
            yield before, row
        if longest is not None and longest is not before:
            yield longest, row
        before = row
        if row.clock_out is not None and (longest is None or row.clock_out > (longest.clock_out or 0)):
            longest = row


def _together(
    before: ClockTime, row: ClockTime, employee: RowId, day: date, limits: AnomalyLimits
) -> Iterator[Anomaly]:
    """The oddity of two rows of an employee, one of which the other reaches or is near: not both are reported."""
    apart = row.clock_in - before.clock_in
    if apart <= limits.near_minutes * 60:
        yield _of("near_double", employee, day, apart // 60, before, row)
    elif before.clock_out is None:
        # The overlap has no length yet if one of them is still open.
        yield _of("overlap", employee, day, 0, before, row)
    else:
        both = min(before.clock_out, before.clock_out if row.clock_out is None else row.clock_out) - row.clock_in
        yield _of("overlap", employee, day, max(both, 0) // 60, before, row)

"""The lines of an export: every row of a closed period, and the corrections that were accepted into it. Pure.

The long CSV is the format that every other one can be checked against.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import NamedTuple

import msgspec

from connecteam_sync.core.clocktime import CONNECTEAM, ClockTime
from connecteam_sync.core.corrections import Correction, Times
from connecteam_sync.core.keys import RowId, ordered
from connecteam_sync.core.shift import Break
from connecteam_sync.core.window import Window, local_day, local_time

COLUMNS = (
    "employee_id",
    "name",
    "shift_id",
    "first_day",
    "clock_in_utc",
    "clock_out_utc",
    "clock_in_local",
    "clock_out_local",
    "zone",
    "minutes",
    "break_minutes",
    "net_minutes",
    "job",
    "source",
    "correction_of",
)
LONGEST_BREAK = 7 * 86_400
"""Seconds; a break is of no shift that begins later than this after it, as in the view `v_net_minutes`."""
_HARMFUL = frozenset("=+-@\t\r\n＝＋－＠")  # noqa: RUF001 - spreadsheets take the wide ones for the narrow ones
"""What makes a spreadsheet take a text for a formula, or cut it, if it begins with it."""


class ShiftOfRow(NamedTuple):
    """What a line says of a shift, and by which its breaks are found."""

    shift_id: str
    user_id: int
    time_clock_id: int
    job_id: str | None


class Breaks(NamedTuple):
    """Remembered breaks by (user, time clock), and whether their types are paid, by (time clock, type)."""

    found: Mapping[tuple[int, int], Sequence[Break]]
    is_paid: Mapping[tuple[int, str], bool | None]


class ExportInputs(msgspec.Struct, frozen=True, kw_only=True):
    """What the lines of a period are made of.

    `shifts` are by row, `shifts_by_id` those of the corrections. `paid_breaks` are the unpaid minutes that earlier
    exports took off the shift of a correction, by its number; where no export did, what is remembered counts.
    """

    window: Window
    rows: Sequence[ClockTime]
    shifts: Mapping[RowId, ShiftOfRow]
    breaks: Breaks
    names: Mapping[RowId, str]
    corrections: Sequence[Correction] = ()
    shifts_by_id: Mapping[str, ShiftOfRow] = {}
    paid_breaks: Mapping[int, int] = {}


class ExportLine(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One line: the hours of a row, or the signed minutes of a correction (`correction` is its number).

    Instants are epoch seconds. `minutes` are gross; `break_minutes` of them are unpaid. The times of a correction are
    those that Connecteam says now; of a shift that was removed, those that the row has.
    """

    employee_id: RowId
    name: str
    shift_id: str | None
    first_day: date
    clock_in: int | None
    clock_out: int | None
    minutes: int
    break_minutes: int
    job: str | None
    source: str
    correction: int | None = None

    @property
    def net_minutes(self) -> int:
        """The minutes without unpaid breaks."""
        return self.minutes - self.break_minutes


def export_lines(inputs: ExportInputs, *, without: Collection[RowId] = ()) -> tuple[ExportLine, ...]:
    """The lines of everybody but those left out: by employee, the rows by clock-in before the corrections."""
    lines = [_of_row(inputs, row) for row in inputs.rows if row.employee_id not in without]
    lines += _of_corrections(inputs, [one for one in inputs.corrections if one.employee_id not in without])
    return tuple(
        sorted(
            lines,
            key=lambda line: (
                ordered(line.employee_id),
                line.correction or 0,
                line.clock_in or 0,
                line.shift_id or "",
            ),
        )
    )


def _of_row(inputs: ExportInputs, row: ClockTime) -> ExportLine:
    shift = None if row.id is None else inputs.shifts.get(row.id)
    times = Times(clock_in=row.clock_in, clock_out=row.clock_out)
    return ExportLine(
        employee_id=row.employee_id,
        name=inputs.names.get(row.employee_id, ""),
        shift_id=None if shift is None else shift.shift_id,
        first_day=local_day(row.clock_in, inputs.window.zone),
        clock_in=row.clock_in,
        clock_out=row.clock_out,
        minutes=row.minutes,
        break_minutes=unpaid_minutes(shift, times, inputs.breaks),
        job=None if shift is None else shift.job_id,
        source=row.source,
    )


def _of_corrections(inputs: ExportInputs, corrections: Iterable[Correction]) -> Iterator[ExportLine]:
    told: dict[tuple[str, RowId, date, str], int] = defaultdict(int)
    for one in sorted(corrections, key=lambda correction: correction.number):
        times = one.after or one.before
        shift = inputs.shifts_by_id.get(one.shift_id or "")
        key = (one.subject, *one.key)
        if one.number in inputs.paid_breaks:
            # What a correction before it in this very file takes off, or gives back, is taken already.
            taken = inputs.paid_breaks[one.number] + told[key]
        else:
            taken = unpaid_minutes(shift, one.before, inputs.breaks)
        break_minutes = unpaid_minutes(shift, one.after, inputs.breaks) - taken
        told[key] += break_minutes
        yield ExportLine(
            employee_id=one.employee_id,
            name=inputs.names.get(one.employee_id, ""),
            shift_id=one.shift_id,
            first_day=one.day,
            clock_in=None if times is None else times.clock_in,
            clock_out=None if times is None else times.clock_out,
            minutes=one.delta,
            break_minutes=break_minutes,
            job=None if shift is None else shift.job_id,
            source=CONNECTEAM,
            correction=one.number,
        )


# -- breaks ------------------------------------------------------------------------------------------------------------


def unpaid_minutes(shift: ShiftOfRow | None, times: Times | None, breaks: Breaks) -> int:
    """Whole minutes that unpaid breaks take of a shift between these times, rounded down: counted once where breaks
    overlap. None of an open shift.
    """
    if shift is None or times is None or times.clock_out is None:
        return 0
    reached, seconds = times.clock_in, 0
    for began, ended, is_paid in sorted(_inside(shift, times, breaks), key=lambda span: span[:2]):
        if is_paid is False and ended > reached:
            seconds += ended - max(began, reached)
            reached = ended
    return seconds // 60


def has_unknown_break(shift: ShiftOfRow | None, times: Times | None, breaks: Breaks) -> bool:
    """Whether a break inside these times is of a type of which nobody knows whether it is paid."""
    return any(
        is_paid is None for _, _, is_paid in ([] if shift is None or times is None else _inside(shift, times, breaks))
    )


def _inside(shift: ShiftOfRow, times: Times, breaks: Breaks) -> list[tuple[int, int, bool | None]]:
    """The breaks of a shift, clipped to its times, and whether each is paid; one that nobody ended lasts to its end."""
    if times.clock_out is None:
        return []
    return [
        (
            max(one.start, times.clock_in),
            min(times.clock_out if one.end is None else one.end, times.clock_out),
            breaks.is_paid.get((one.time_clock_id, one.break_type_id)),
        )
        for one in breaks.found.get((shift.user_id, shift.time_clock_id), ())
        if times.clock_in - LONGEST_BREAK < one.start < times.clock_out
        and (one.end is None or one.end > times.clock_in)
    ]


# -- formats -----------------------------------------------------------------------------------------------------------


def long_csv(lines: Iterable[ExportLine], window: Window, *, is_draft: bool) -> Iterator[str]:
    """The long CSV: a heading and a record for each line, in UTF-8 without a mark, as RFC 4180 has it.

    Each line of a draft says `draft` before its source, so that no part of it can pass for an export.
    """
    buffer = io.StringIO()
    write = csv.writer(buffer).writerow
    write(COLUMNS)
    for line in lines:
        write(record(line, window, is_draft=is_draft))
        if buffer.tell() > _CHUNK:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


_CHUNK = 1 << 16


def record(line: ExportLine, window: Window, *, is_draft: bool) -> tuple[object, ...]:
    """The cells of a line, in the order of the columns: whole numbers, and texts that no spreadsheet reads as more."""
    return (
        harmless(line.employee_id),
        harmless(line.name),
        harmless(line.shift_id),
        line.first_day.isoformat(),
        _utc(line.clock_in),
        _utc(line.clock_out),
        local(line.clock_in, window),
        local(line.clock_out, window),
        window.timezone,
        line.minutes,
        line.break_minutes,
        line.net_minutes,
        harmless(line.job),
        harmless(f"draft {line.source}" if is_draft else line.source),
        "" if line.correction is None else line.correction,
    )


def harmless(cell: RowId | None) -> RowId:
    """A cell that no spreadsheet takes for a formula: a text that begins like one gets an apostrophe before it.

    Numbers stay numbers. Halves of characters, which no file can hold, become question marks.
    """
    if cell is None or isinstance(cell, int):
        return "" if cell is None else cell
    text = cell.encode(errors="replace").decode()
    return f"'{text}" if text[:1] in _HARMFUL and text else text


def _utc(instant: int | None) -> str:
    if instant is None:
        return ""
    return f"{datetime.fromtimestamp(instant, UTC).replace(tzinfo=None).isoformat()}Z"


def local(instant: int | None, window: Window) -> str:
    """A time of the period's zone, with its offset; empty if there is none."""
    return "" if instant is None else local_time(instant, window.zone).isoformat(timespec="seconds")

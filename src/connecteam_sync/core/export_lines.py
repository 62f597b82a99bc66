"""The lines of an export: every row of a closed period, and the corrections that were accepted into it. Pure.

The long CSV is the format that every other one can be checked against.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from connecteam_sync.core.breaks import Breaks, ShiftOfRow, unpaid_minutes
from connecteam_sync.core.clocktime import CONNECTEAM, ClockTime
from connecteam_sync.core.corrections import Correction
from connecteam_sync.core.job_names import JobNames
from connecteam_sync.core.keys import RowId, ordered
from connecteam_sync.core.shift import Times
from connecteam_sync.core.time_texts import TimeTexts
from connecteam_sync.core.window import Window, local_day

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
DRAFT = "draft"
"""What everything of a draft says of itself."""
_HARMFUL = frozenset("=+-@\t\r\n＝＋－＠")  # noqa: RUF001 - spreadsheets take the wide ones for the narrow ones
"""What makes a spreadsheet take a text for a formula, or cut it, if it begins with it."""


class NamedOnce(NamedTuple):
    """A job as a file said it: its id, and what it was called."""

    job: str
    name: str


class ExportInputs(msgspec.Struct, frozen=True, kw_only=True):
    """What the lines of a period are made of.

    `shifts` are by row, `shifts_by_id` those of the corrections. `paid_breaks` are the unpaid minutes that earlier
    exports took off the shift of a correction, by its number; where no export did, what is remembered counts. Of one
    that takes others back they are what these took off.
    `paid_rows` are those that the file before took off rows of which another period has paid a correction since: that
    was told against them, so another file repeats them; so are `paid_corrections`, by number, where another period has
    paid a further correction since.
    """

    window: Window
    rows: Sequence[ClockTime]
    shifts: Mapping[RowId, ShiftOfRow]
    breaks: Breaks
    names: Mapping[RowId, str]
    corrections: Sequence[Correction] = ()
    shifts_by_id: Mapping[str, ShiftOfRow] = {}
    paid_breaks: Mapping[int, int] = {}
    paid_rows: Mapping[RowId, int] = {}
    paid_corrections: Mapping[int, int] = {}
    forgotten: Collection[int] = ()
    forgotten_jobs: Mapping[int, NamedOnce] = {}
    jobs: JobNames = JobNames()


class ExportLine(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One line: the hours of a row (`clock_time_id`), or the signed minutes of a correction (`correction`: its number).

    Instants are epoch seconds. `minutes` are gross; `break_minutes` of them are unpaid. The times of a correction are
    those that Connecteam says now; of a shift that was removed, those that the row has. `job` is the id by which codes
    of payroll systems are found, `job_name` what people read.
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
    clock_time_id: RowId | None = None
    correction: int | None = None
    job_name: str = ""

    @property
    def net_minutes(self) -> int:
        """The minutes without unpaid breaks."""
        return self.minutes - self.break_minutes


def export_lines(inputs: ExportInputs, *, without: Collection[RowId] = ()) -> tuple[ExportLine, ...]:
    """The lines of everybody but those left out: by employee, the rows by clock-in before the corrections."""
    zone = inputs.window.zone
    lines: dict[RowId, list[ExportLine]] = defaultdict(list)
    for row in inputs.rows:
        if row.employee_id not in without:
            lines[row.employee_id].append(_of_row(inputs, row, zone))
    for line in _of_corrections(inputs, [one for one in inputs.corrections if one.employee_id not in without]):
        lines[line.employee_id].append(line)
    return tuple(line for employee in sorted(lines, key=ordered) for line in sorted(lines[employee], key=_order))


def _order(line: ExportLine) -> tuple[int, int, str]:
    return (line.correction or 0, line.clock_in or 0, line.shift_id or "")


def _of_row(inputs: ExportInputs, row: ClockTime, zone: ZoneInfo) -> ExportLine:
    shift = None if row.id is None else inputs.shifts.get(row.id)
    times = Times(clock_in=row.clock_in, clock_out=row.clock_out)
    paid = None if row.id is None else inputs.paid_rows.get(row.id)
    return ExportLine(
        employee_id=row.employee_id,
        name=inputs.names.get(row.employee_id, ""),
        shift_id=None if shift is None else shift.shift_id,
        first_day=local_day(row.clock_in, zone),
        clock_in=row.clock_in,
        clock_out=row.clock_out,
        minutes=row.minutes,
        break_minutes=unpaid_minutes(shift, times, inputs.breaks) if paid is None else paid,
        job=None if shift is None else shift.job_id,
        source=row.source,
        clock_time_id=row.id,
        job_name=_job_name(inputs, shift),
    )


def _of_corrections(inputs: ExportInputs, corrections: Iterable[Correction]) -> Iterator[ExportLine]:
    told: dict[tuple[str, RowId, date, str], int] = defaultdict(int)
    for one in sorted(corrections, key=lambda correction: correction.number):
        times = one.after or one.before
        shift = inputs.shifts_by_id.get(one.shift_id or "")
        key = (one.subject, *one.key)
        if one.number in inputs.paid_corrections:
            break_minutes = inputs.paid_corrections[one.number]
        elif one.counter_of is not None:
            # The way back of all before it: what these took off is given back, whatever is said of breaks by now.
            break_minutes = -(inputs.paid_breaks.get(one.number, 0) + told[key])
        elif one.number in inputs.forgotten:
            # What was taken off stays, unless all of the shift goes.
            break_minutes = 0 if one.after is not None else -(inputs.paid_breaks.get(one.number, 0) + told[key])
        else:
            # What a correction before it in this very file takes off, or gives back, is taken already.
            break_minutes = unpaid_minutes(shift, one.after, inputs.breaks) - (
                inputs.paid_breaks[one.number] + told[key]
                if one.number in inputs.paid_breaks
                else unpaid_minutes(shift, one.before, inputs.breaks)
            )
        told[key] += break_minutes
        job = inputs.forgotten_jobs.get(one.number)
        yield ExportLine(
            employee_id=one.employee_id,
            name=inputs.names.get(one.employee_id, ""),
            shift_id=one.shift_id,
            first_day=one.day,
            clock_in=None if times is None else times.clock_in,
            clock_out=None if times is None else times.clock_out,
            minutes=one.delta,
            break_minutes=break_minutes,
            job=job.job if job is not None else None if shift is None else shift.job_id,
            source=CONNECTEAM,
            correction=one.number,
            job_name=job.name if job is not None else _job_name(inputs, shift),
        )


def _job_name(inputs: ExportInputs, shift: ShiftOfRow | None) -> str:
    return "" if shift is None else inputs.jobs.of(shift.job_id, shift.sub_job_id)


# -- formats -----------------------------------------------------------------------------------------------------------


def long_csv(lines: Iterable[ExportLine], window: Window, *, is_draft: bool) -> Iterator[str]:
    """The long CSV: a heading and a record for each line, in UTF-8 without a mark, as RFC 4180 has it.

    Each line of a draft says `draft` before its source, so that no part of it can pass for an export; one without lines
    has a record that says nothing else.
    """
    buffer = io.StringIO()
    write = csv.writer(buffer).writerow
    write(COLUMNS)
    is_empty = True
    for cells in records(lines, window, is_draft=is_draft):
        write(cells)
        is_empty = False
        if buffer.tell() > _CHUNK:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    if is_draft and is_empty:
        write([DRAFT if name == "source" else "" for name in COLUMNS])
    yield buffer.getvalue()


_CHUNK = 1 << 16


def records(lines: Iterable[ExportLine], window: Window, *, is_draft: bool) -> Iterator[tuple[RowId, ...]]:
    """The cells of each line, in the order of the columns: whole numbers, and texts that no spreadsheet reads as more.

    Times are in UTC and in the period's zone, with its offset; empty if there is none.
    """
    utc, local = TimeTexts(ZoneInfo("UTC")).of, TimeTexts(window.zone).of
    known = lru_cache(maxsize=_OFTEN)(harmless)
    for line in lines:
        began, ended = line.clock_in, line.clock_out
        yield (
            known(line.employee_id),
            known(line.name),
            harmless(line.shift_id),
            line.first_day.isoformat(),
            "" if began is None else f"{utc(began)[:_NO_OFFSET]}Z",
            "" if ended is None else f"{utc(ended)[:_NO_OFFSET]}Z",
            "" if began is None else local(began),
            "" if ended is None else local(ended),
            window.timezone,
            line.minutes,
            line.break_minutes,
            line.net_minutes,
            known(line.job_name or line.job),
            known(f"{DRAFT} {line.source}" if is_draft else line.source),
            "" if line.correction is None else line.correction,
        )


_OFTEN = 256
"""Texts that come on many lines and are cleaned once: the lines of a person follow each other."""
_NO_OFFSET = len("2025-12-01T08:00:00")


def harmless(cell: RowId | None) -> RowId:
    """A cell that no spreadsheet takes for a formula: a text that begins like one gets an apostrophe before it.

    Numbers stay numbers. Halves of characters, which no file can hold, become question marks.
    """
    if cell is None or isinstance(cell, int):
        return "" if cell is None else cell
    text = cell if cell.isascii() else cell.encode(errors="replace").decode()
    return f"'{text}" if text[:1] in _HARMFUL and text else text

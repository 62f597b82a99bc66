"""Hours of rows, of any source: gross minutes, those that unpaid breaks take, and net minutes of each. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import msgspec

from connecteam_sync.core.as_of import AsOf
from connecteam_sync.core.breaks import LONGEST_BREAK, Breaks, ShiftOfRow, has_unknown_break, unpaid_minutes
from connecteam_sync.core.clocktime import ClockTime
from connecteam_sync.core.job_names import JobNames
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.shift import Times
from connecteam_sync.core.timesheets import WEEKDAYS, Weekday
from connecteam_sync.core.window import Window, local_day


class WorkedRows(msgspec.Struct, frozen=True, kw_only=True):
    """The rows of some days, and what their hours follow from. `shifts` are by row, `names` by employee.

    `not_journaled` are rows that are not known as of the moment asked for; `break_names` are by (time clock, type).
    Of `purged` days breaks and entries of the journal are gone.
    """

    window: Window
    rows: Sequence[ClockTime]
    shifts: Mapping[RowId, ShiftOfRow]
    breaks: Breaks
    names: Mapping[RowId, str]
    break_names: Mapping[tuple[int, str], str] = {}
    not_journaled: frozenset[RowId] = frozenset()
    as_of: AsOf | None = None
    purged: tuple[Window, ...] = ()
    jobs: JobNames = JobNames()


class WorkedBreak(msgspec.Struct, frozen=True, kw_only=True):
    """A break of a shift, in epoch seconds as Connecteam has it; `is_paid` is None if its type is not known."""

    name: str
    start: int
    end: int | None
    is_paid: bool | None


class WorkedShift(msgspec.Struct, frozen=True, kw_only=True):
    """One row with its hours. Instants are epoch seconds; `gross_minutes` are those of the row, from clock-in to
    clock-out (0 while it is open), and `break_minutes` those of them that unpaid breaks take.

    `day` is the local day of the clock-in. `is_unsure`: a break is of a type of which nobody knows whether it is paid.
    """

    clock_time_id: RowId | None
    employee_id: RowId
    day: date
    clock_in: int
    clock_out: int | None
    gross_minutes: int
    break_minutes: int
    source: str
    is_ours: bool
    is_journaled: bool = True
    is_unsure: bool = False
    shift_id: str | None = None
    job: str | None = None
    job_name: str = ""
    breaks: tuple[WorkedBreak, ...] = ()

    @property
    def net_minutes(self) -> int:
        """The minutes without unpaid breaks."""
        return self.gross_minutes - self.break_minutes

    @property
    def is_open(self) -> bool:
        """Whether nobody has clocked out."""
        return self.clock_out is None


def worked_shifts(found: WorkedRows) -> tuple[WorkedShift, ...]:
    """Each row with its hours, by clock-in."""
    zone = found.window.zone
    ordered = sorted(found.rows, key=lambda row: (row.clock_in, str(row.id)))
    return tuple(_worked(found, row, local_day(row.clock_in, zone)) for row in ordered)


def _worked(found: WorkedRows, row: ClockTime, day: date) -> WorkedShift:
    shift = None if row.id is None else found.shifts.get(row.id)
    times = Times(clock_in=row.clock_in, clock_out=row.clock_out)
    return WorkedShift(
        clock_time_id=row.id,
        employee_id=row.employee_id,
        day=day,
        clock_in=row.clock_in,
        clock_out=row.clock_out,
        gross_minutes=row.minutes,
        break_minutes=unpaid_minutes(shift, times, found.breaks),
        source=row.source,
        is_ours=row.is_ours,
        is_journaled=row.id not in found.not_journaled,
        is_unsure=has_unknown_break(shift, times, found.breaks),
        shift_id=None if shift is None else shift.shift_id,
        job=None if shift is None else shift.job_id,
        job_name="" if shift is None else found.jobs.of(shift.job_id, shift.sub_job_id),
        breaks=_breaks(found, shift, times),
    )


def _breaks(found: WorkedRows, shift: ShiftOfRow | None, times: Times) -> tuple[WorkedBreak, ...]:
    """The breaks that touch a shift, also while it is open."""
    if shift is None:
        return ()
    ends = times.clock_out
    return tuple(
        WorkedBreak(
            name=found.break_names.get((one.time_clock_id, one.break_type_id)) or one.break_type_id,
            start=one.start,
            end=one.end,
            is_paid=found.breaks.is_paid.get((one.time_clock_id, one.break_type_id)),
        )
        for one in sorted(found.breaks.found.get((shift.user_id, shift.time_clock_id), ()), key=lambda one: one.start)
        if times.clock_in - LONGEST_BREAK < one.start
        and (ends is None or one.start < ends)
        and (one.end is None or one.end > times.clock_in)
    )


def week_of(day: date, start: Weekday) -> date:
    """The first day of the workweek that a day lies in."""
    return day - timedelta(days=(day.weekday() - WEEKDAYS.index(start)) % len(WEEKDAYS))

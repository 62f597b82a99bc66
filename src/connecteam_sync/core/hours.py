"""The hours of some days, by person, day, workweek or job, and an account of what is not in them. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Literal, get_args

import msgspec

from connecteam_sync.core.as_of import AsOf
from connecteam_sync.core.change import HoldReason
from connecteam_sync.core.export_lines import harmless
from connecteam_sync.core.keys import RowId, ordered
from connecteam_sync.core.name_search import folded
from connecteam_sync.core.overtime import OvertimePreview, overtime_preview
from connecteam_sync.core.payroll_settings import PaySchedule
from connecteam_sync.core.run import StandingHold
from connecteam_sync.core.text import one_line
from connecteam_sync.core.timesheets import Weekday
from connecteam_sync.core.window import Window
from connecteam_sync.core.worked import WorkedRows, WorkedShift, week_of, worked_shifts

HoursBy = Literal["person", "day", "week", "job"]
HOURS_BY: tuple[HoursBy, ...] = get_args(HoursBy)
"""By what hours are added up; the lines are in this order."""


class HoursLine(msgspec.Struct, frozen=True, kw_only=True):
    """Hours of the rows that begin on some days: gross minutes, those that unpaid breaks take, and net ones.

    What they are not divided by is None; `job` is an id (empty: of no job), `job_name` what it is called; `week` is
    the first day of a workweek. `open_rows` have no minutes yet; in `unsure_rows` nobody knows whether a break is paid;
    `not_journaled_rows` are shown as now.
    """

    employee_id: RowId | None = None
    name: str | None = None
    day: date | None = None
    week: date | None = None
    job: str | None = None
    job_name: str | None = None
    rows: int = 0
    open_rows: int = 0
    unsure_rows: int = 0
    not_journaled_rows: int = 0
    gross_minutes: int = 0
    break_minutes: int = 0

    @property
    def net_minutes(self) -> int:
        """The minutes without unpaid breaks."""
        return self.gross_minutes - self.break_minutes


class LeftOut(msgspec.Struct, frozen=True, kw_only=True):
    """What is held for one reason, so that it is in no row: how many records, of how many Connecteam users or
    employees, and by how many minutes the total would move.
    """

    reason: HoldReason
    count: int
    people: int
    minutes: int


class Hours(msgspec.Struct, frozen=True, kw_only=True):
    """The hours of a window, divided `by` what was asked for; `total` is of all lines.

    `left_out` is what is held now of these days. `as_of` is the moment of which the rows are; None: of now. Of `purged`
    days breaks are gone, so that none is taken off. `overtime` is a preview for people, where one is configured.
    """

    window: Window
    by: tuple[HoursBy, ...]
    workweek_start: Weekday
    lines: tuple[HoursLine, ...]
    total: HoursLine
    left_out: tuple[LeftOut, ...] = ()
    employee_id: RowId | None = None
    as_of: AsOf | None = None
    purged: tuple[Window, ...] = ()
    overtime: OvertimePreview | None = None
    names: Mapping[RowId, str] = {}

    def name_of(self, employee: RowId) -> str:
        """What somebody of the preview is called; empty if nobody knows."""
        return self.names.get(employee, "")


_NO_SCHEDULE = PaySchedule()


def parsed_by(text: str) -> tuple[HoursBy, ...]:
    """What `--by person,day` divides by, in the order of HOURS_BY. Raises ValueError for another word."""
    words = {word.strip() for word in text.split(",") if word.strip()}
    odd = sorted(words - set(HOURS_BY))
    if odd or not words:
        msg = f"{odd[0][:60]!r} is nothing to divide hours by" if odd else "nothing is named to divide hours by"
        raise ValueError(msg)
    return tuple(one for one in HOURS_BY if one in words)


def hours(
    found: WorkedRows,
    by: Sequence[HoursBy],
    *,
    workweek_start: Weekday,
    held: Iterable[StandingHold] = (),
    employee: RowId | None = None,
    schedule: PaySchedule = _NO_SCHEDULE,
) -> Hours:
    """The hours of rows. `held` are standing holds, of whatever days; `employee` the one that the rows are of."""
    groups: dict[tuple[object, ...], list[WorkedShift]] = defaultdict(list)
    every = worked_shifts(found)
    for one in every:
        groups[_key(one, by, workweek_start)].append(one)
    lines = [_line(found, some, by, workweek_start) for some in groups.values()]
    return Hours(
        window=found.window,
        by=tuple(by),
        workweek_start=workweek_start,
        lines=tuple(sorted(lines, key=_order)),
        total=_sum(every),
        left_out=left_out(found.window, held),
        employee_id=employee,
        as_of=found.as_of,
        purged=found.purged,
        overtime=overtime_preview(_by_person(found, every), found.window, schedule, workweek_start),
        names={} if schedule.overtime_preview is None else found.names,
    )


def _by_person(found: WorkedRows, every: Sequence[WorkedShift]) -> list[WorkedShift]:
    return sorted(every, key=lambda one: (folded(found.names.get(one.employee_id, "")), ordered(one.employee_id)))


def _key(one: WorkedShift, by: Sequence[HoursBy], start: Weekday) -> tuple[object, ...]:
    return (
        one.employee_id if "person" in by else None,
        one.day if "day" in by else None,
        week_of(one.day, start) if "week" in by else None,
        (one.job or "") if "job" in by else None,
    )


def _line(found: WorkedRows, some: Sequence[WorkedShift], by: Sequence[HoursBy], start: Weekday) -> HoursLine:
    first = some[0]
    return msgspec.structs.replace(
        _sum(some),
        employee_id=first.employee_id if "person" in by else None,
        name=found.names.get(first.employee_id, "") if "person" in by else None,
        day=first.day if "day" in by else None,
        week=week_of(first.day, start) if "week" in by else None,
        job=(first.job or "") if "job" in by else None,
        job_name=found.jobs.of(first.job) if "job" in by else None,
    )


def _sum(some: Iterable[WorkedShift]) -> HoursLine:
    every = list(some)
    return HoursLine(
        rows=len(every),
        open_rows=sum(one.is_open for one in every),
        unsure_rows=sum(one.is_unsure for one in every),
        not_journaled_rows=sum(not one.is_journaled for one in every),
        gross_minutes=sum(one.gross_minutes for one in every),
        break_minutes=sum(one.break_minutes for one in every),
    )


def _order(line: HoursLine) -> tuple[object, ...]:
    return (
        folded(line.name or ""),
        ordered(line.employee_id),
        line.week or date.min,
        line.day or date.min,
        folded(line.job_name or ""),
        line.job or "",
    )


def left_out(window: Window, held: Iterable[StandingHold]) -> tuple[LeftOut, ...]:
    """What is held of the days of a window, by reason; what has no instant may be of any day, and is in it."""
    by_reason: dict[HoldReason, list[StandingHold]] = defaultdict(list)
    for one in held:
        if one.hold.instant is None or window.holds(one.hold.instant):
            by_reason[one.hold.reason].append(one)
    return tuple(
        LeftOut(
            reason=reason,
            count=len(some),
            people=len({one.hold.user_id or one.hold.employee_id for one in some} - {None}),
            minutes=sum(one.hold.minutes for one in some),
        )
        for reason, some in sorted(by_reason.items())
    )


# -- as a spreadsheet --------------------------------------------------------------------------------------------------

_MEASURES = ("rows", "open_rows", "gross_minutes", "break_minutes", "net_minutes", "not_journaled_rows")
_OF_A_KEY = {"person": ("employee_id", "name"), "week": ("week_begins",), "day": ("day",), "job": ("job", "job_name")}
_KEYS: tuple[HoursBy, ...] = ("person", "week", "day", "job")


def csv_records(found: Hours) -> list[tuple[object, ...]]:
    """A heading and a record for each line, without the total; no cell is a formula, and none has a line break."""
    keys = [one for one in _KEYS if one in found.by]
    heading = [name for key in keys for name in _OF_A_KEY[key]]
    records: list[tuple[object, ...]] = [(*heading, *_MEASURES)]
    for line in found.lines:
        cells = {
            "employee_id": line.employee_id,
            "name": one_line(line.name),
            "week_begins": None if line.week is None else line.week.isoformat(),
            "day": None if line.day is None else line.day.isoformat(),
            "job": one_line(line.job),
            "job_name": one_line(line.job_name),
        }
        measures = (getattr(line, name) for name in _MEASURES)
        records.append((*(harmless(cells[name]) for name in heading), *measures))
    return records

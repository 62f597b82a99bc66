"""Hours, as text, as JSON and as lines of a CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from zoneinfo import ZoneInfo

from connecteam_sync.core.as_of import AsOf
from connecteam_sync.core.holds import REASON_TEXTS
from connecteam_sync.core.hours import Hours, HoursLine, LeftOut, csv_records
from connecteam_sync.core.overtime import OvertimePreview, OvertimeWeek
from connecteam_sync.core.text import called, day_name, hours, many, stamp
from connecteam_sync.core.window import Window
from connecteam_sync.present.json_shapes import Json, purged
from connecteam_sync.present.json_shapes import window as window_json

NOT_JOURNALED = "not journaled"
"""What is said of a row that is shown as it is now, since the journal does not know how it was."""


def line_json(line: HoursLine) -> Json:
    """Hours of some rows."""
    return {
        "employee_id": line.employee_id,
        "name": line.name,
        "week": None if line.week is None else line.week.isoformat(),
        "day": None if line.day is None else line.day.isoformat(),
        "job": line.job,
        "job_name": line.job_name,
        "rows": line.rows,
        "open_rows": line.open_rows,
        "unsure_rows": line.unsure_rows,
        "not_journaled_rows": line.not_journaled_rows,
        "gross_minutes": line.gross_minutes,
        "break_minutes": line.break_minutes,
        "net_minutes": line.net_minutes,
    }


def left_out_json(items: Iterable[LeftOut]) -> list[Json]:
    """What is held, by reason."""
    return [{"reason": one.reason, "count": one.count, "people": one.people, "minutes": one.minutes} for one in items]


def hours_json(found: Hours) -> Json:
    """The hours of a window."""
    return {
        "window": window_json(found.window),
        "by": list(found.by),
        "workweek_start": found.workweek_start,
        "employee_id": found.employee_id,
        "as_of": None if found.as_of is None else found.as_of.members,
        "lines": [line_json(line) for line in found.lines],
        "total": line_json(found.total),
        "left_out": left_out_json(found.left_out),
        "purged": [purged(one) for one in found.purged],
        "overtime_preview": overtime_json(found.overtime),
    }


def overtime_json(found: OvertimePreview | None) -> Json | None:
    """A preview of overtime; None where none is configured."""
    if found is None:
        return None
    return {
        "rule": found.rule,
        "workweek_start": found.workweek_start,
        "day_start": found.day_start,
        "weeks": [
            {
                "employee_id": week.employee_id,
                "first": week.first.isoformat(),
                "whole": week.is_whole,
                "regular_minutes": week.regular_minutes,
                "overtime_minutes": week.overtime_minutes,
                "double_minutes": week.double_minutes,
            }
            for week in found.weeks
        ],
    }


def overtime_heading(found: OvertimePreview) -> str:
    """What the lines below it are, and what not."""
    day = "" if found.day_start == "00:00" else f", workdays from {found.day_start}"
    return f"overtime preview ({found.rule}{day}): nobody is paid by it, and no export has it"


def overtime_week(week: OvertimeWeek) -> str:
    """`week from Mon 1 Dec 2025: 40:00 h regular, 4:30 h at 1.5 times, 0:00 h double`."""
    part = "" if week.is_whole else " (the days asked for only)"
    return (
        f"week from {day_name(week.first)}{part}: {hours(week.regular_minutes)} h regular,"
        f" {hours(week.overtime_minutes)} h at 1.5 times, {hours(week.double_minutes)} h double, as a preview"
    )


def _overtime_lines(found: Hours) -> list[str]:
    if found.overtime is None:
        return []
    weeks = found.overtime.weeks
    return [
        overtime_heading(found.overtime),
        *(
            f"  {called(found.name_of(week.employee_id))} ({called(str(week.employee_id))})  {overtime_week(week)}"
            for week in weeks
        ),
    ]


def hours_lines(found: Hours) -> list[str]:
    """A line for each group, the total, and what is not in it."""
    labels = [_label(line) for line in found.lines]
    width = max((len(label) for label in labels), default=0)
    lines = [f"hours of {found.window} ({found.window.timezone}) by {' and '.join(found.by)}"]
    if found.as_of is not None:
        lines.append(as_of_line(found.as_of, found.window.zone))
    lines += [f"  {label:<{width}}  {measures(line)}" for label, line in zip(labels, found.lines, strict=True)]
    lines.append(f"total: {many(found.total.rows, 'row')}, {measures(found.total).strip()}")
    if "week" in found.by:
        lines.append(
            f"a week begins on {found.workweek_start.capitalize()}; of a week that the days cut only they count"
        )
    return [*lines, *_overtime_lines(found), *account_lines(found)]


def _label(line: HoursLine) -> str:
    parts = [
        "" if line.employee_id is None else f"{called(line.name)} ({line.employee_id})".strip(),
        "" if line.week is None else f"week from {day_name(line.week)}",
        "" if line.day is None else day_name(line.day),
        "" if line.job is None else f"job {called(line.job_name or line.job)}" if line.job else "no job",
    ]
    return "  ".join(part for part in parts if part)


def measures(line: HoursLine) -> str:
    """`40:00 h gross - 2:30 h of unpaid breaks = 37:30 h net`."""
    return f"{hours(line.gross_minutes):>7} h gross - {hours(line.break_minutes):>5} h unpaid breaks = {net(line)}"


def net(line: HoursLine) -> str:
    """The net hours, and what is odd about the rows."""
    odd = [
        f"{line.open_rows} open" if line.open_rows else "",
        f"{line.unsure_rows} with a break of an unknown type" if line.unsure_rows else "",
        f"{line.not_journaled_rows} {NOT_JOURNALED}" if line.not_journaled_rows else "",
    ]
    told = ", ".join(part for part in odd if part)
    return f"{hours(line.net_minutes):>7} h net" + (f"  ({told})" if told else "")


def account_lines(found: Hours) -> list[str]:
    """What is not in the hours."""
    total = found.total
    lines = [*purged_lines(found.purged), *left_out_lines(found.left_out)]
    if total.open_rows:
        lines.append(f"not in it: {many(total.open_rows, 'open shift')}, which has minutes once it is clocked out")
    if total.unsure_rows:
        lines.append(
            f"{many(total.unsure_rows, 'row')} with a break of which Connecteam does not say whether it is paid:"
            " it is not taken off"
        )
    if total.not_journaled_rows:
        lines.append(
            f"{many(total.not_journaled_rows, 'row')} {NOT_JOURNALED}: shown as now, since no run knew them then"
        )
    return lines


def purged_lines(windows: Iterable[Window]) -> list[str]:
    """What days that were purged lack."""
    return [
        f"{one.first}..{one.last} was purged: breaks and edits of these days are gone, so no break is taken off there"
        for one in windows
    ]


def left_out_lines(items: Iterable[LeftOut]) -> list[str]:
    """A line for each reason."""
    return [
        f"not in it: {one.count:,} held ({one.reason}) of {many(one.people, 'person', 'people')},"
        f" {hours(one.minutes, signed=True)} h: {REASON_TEXTS[one.reason]}"
        for one in items
    ]


def as_of_line(moment: AsOf, zone: ZoneInfo) -> str:
    """`as of run 12 (2025-12-05 18:00)`."""
    at = f"{stamp(moment.at, zone)} {zone.key}"
    return f"as of run {moment.run}, which ended {at}" if moment.run is not None else f"as of {at}"


def csv_lines(found: Hours) -> list[str]:
    """The lines of a CSV with a heading, for spreadsheets."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(csv_records(found))
    return buffer.getvalue().splitlines()

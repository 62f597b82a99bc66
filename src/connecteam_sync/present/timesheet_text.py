"""A timesheet, as JSON and as text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from connecteam_sync.core.shift import Times
from connecteam_sync.core.text import called, clock, day_name, hours, many, one_line, span, stamp
from connecteam_sync.core.timesheet import SheetCertificate, SheetDay, SheetEdit, SheetWeek, Timesheet
from connecteam_sync.core.window import local_day, local_time
from connecteam_sync.core.worked import WorkedBreak, WorkedShift
from connecteam_sync.present.corrections_text import correction_json, correction_lines
from connecteam_sync.present.hours_text import (
    NOT_JOURNALED,
    as_of_line,
    left_out_json,
    left_out_lines,
    overtime_heading,
    overtime_json,
    overtime_week,
    purged_lines,
)
from connecteam_sync.present.json_shapes import Json, instant, purged

# -- for programs ------------------------------------------------------------------------------------------------------


def timesheet_json(sheet: Timesheet) -> Json:
    """One person's timesheet."""
    return {
        "employee": {"employee_id": sheet.employee.id, "name": sheet.employee.name},
        "period": {
            "first": sheet.window.first.isoformat(),
            "last": sheet.window.last.isoformat(),
            "timezone": sheet.window.timezone,
            "state": sheet.state,
        },
        "workweek_start": sheet.workweek_start,
        "as_of": None if sheet.as_of is None else sheet.as_of.members,
        **_minutes(sheet),
        "accepted_minutes": sheet.accepted_minutes,
        "weeks": [_week_json(week, sheet.window.zone) for week in sheet.weeks],
        "edits": [_edit_json(edit) for edit in sheet.edits],
        "corrections": [correction_json(one) for one in sheet.corrections],
        "certificate": None if sheet.certificate is None else _certificate_json(sheet.certificate),
        "left_out": left_out_json(sheet.left_out),
        "purged": [purged(one) for one in sheet.purged],
        "overtime_preview": overtime_json(sheet.overtime),
    }


def _minutes(one: Timesheet | SheetWeek | SheetDay | WorkedShift) -> Json:
    return {
        "gross_minutes": one.gross_minutes,
        "break_minutes": one.break_minutes,
        "net_minutes": one.net_minutes,
    }


def _week_json(week: SheetWeek, zone: ZoneInfo) -> Json:
    return {
        "first": week.first.isoformat(),
        "whole": week.is_whole,
        **_minutes(week),
        "days": [
            {
                "day": day.day.isoformat(),
                **_minutes(day),
                "shifts": [_shift_json(shift, zone) for shift in day.shifts],
            }
            for day in week.days
        ],
    }


def _shift_json(shift: WorkedShift, zone: ZoneInfo) -> Json:
    return {
        "clock_time_id": shift.clock_time_id,
        "shift_id": shift.shift_id,
        "clock_in": instant(shift.clock_in),
        "clock_out": instant(shift.clock_out),
        "clock_in_local": local_iso(shift.clock_in, zone),
        "clock_out_local": local_iso(shift.clock_out, zone),
        **_minutes(shift),
        "job": shift.job,
        "job_name": shift.job_name or None,
        "source": shift.source,
        "journaled": shift.is_journaled,
        "break_type_unknown": shift.is_unsure,
        "breaks": [
            {"name": one.name, "start": instant(one.start), "end": instant(one.end), "paid": one.is_paid}
            for one in shift.breaks
        ],
    }


def local_iso(at: int | None, zone: ZoneInfo) -> str | None:
    """A local time with its offset: `2025-12-02T08:00:00-06:00`."""
    if at is None:
        return None
    moment: datetime = local_time(at, zone)
    return moment.isoformat(timespec="seconds")


def _edit_json(edit: SheetEdit) -> Json:
    return {
        "entry": edit.number,
        "run": edit.run,
        "at": instant(edit.at),
        "kind": edit.kind,
        "shift_id": edit.shift_id,
        "clock_in_before": instant(edit.before.clock_in if edit.before else None),
        "clock_out_before": instant(edit.before.clock_out if edit.before else None),
        "clock_in_after": instant(edit.after.clock_in if edit.after else None),
        "clock_out_after": instant(edit.after.clock_out if edit.after else None),
        "employee_before": edit.employee_before,
        "employee_after": edit.employee_after,
        "minutes_before": edit.minutes_before,
        "minutes_after": edit.minutes_after,
        "delta_minutes": edit.minutes,
        "why": edit.why,
        "editor": edit.editor,
    }


def _certificate_json(one: SheetCertificate) -> Json:
    return {
        "number": one.number,
        "at": instant(one.at),
        "hash": one.hash,
        "key": one.key,
        "shifts": one.shifts,
        "minutes": one.minutes,
        "verdict": one.verdict,
        "agrees": one.agrees,
    }


# -- words that text and paper share -----------------------------------------------------------------------------------


def name_of(sheet: Timesheet) -> str:
    """Whose it is."""
    return called(sheet.employee.name) or f"employee {called(str(sheet.employee.id))}"


def heading(sheet: Timesheet) -> str:
    """`2025-12-01..2025-12-14 (America/Chicago), closed; employee 7`."""
    window = sheet.window
    return (
        f"{window.first} to {window.last} ({window.timezone}), {sheet.state}; employee {called(str(sheet.employee.id))}"
    )


def break_text(one: WorkedBreak, zone: ZoneInfo, shift: WorkedShift) -> str:
    """`Lunch 12:00-12:30 unpaid`."""
    paid = {True: "paid", False: "unpaid", None: "paid or not is not known"}[one.is_paid]
    return f"{called(one.name)} {span(one.start, one.end, zone, shift.day)} {paid}"


def remarks(shift: WorkedShift) -> str:
    """What else there is to say of a shift: who entered it, its job, what is not known."""
    parts = [
        "" if shift.is_ours else f"source {called(shift.source)}",
        f"job {called(shift.job_name or shift.job)}" if shift.job or shift.job_name else "",
        "" if shift.is_journaled else NOT_JOURNALED,
    ]
    return ", ".join(part for part in parts if part)


def ends(shift: WorkedShift, zone: ZoneInfo) -> tuple[str, str]:
    """In and out."""
    out = "open" if shift.clock_out is None else clock(shift.clock_out, zone, shift.day)
    return clock(shift.clock_in, zone, shift.day), out


def times_text(times: Times | None, zone: ZoneInfo) -> str:
    """`Tue 2 Dec 2025 08:00-16:30`, or `none`."""
    if times is None:
        return "none"
    day = local_day(times.clock_in, zone)
    return f"{day_name(day)} {span(times.clock_in, times.clock_out, zone, day)}"


def edit_who(edit: SheetEdit) -> str:
    """Who edited it in Connecteam, as far as that is known."""
    return f"edited by {edit.editor} in Connecteam" if edit.editor else "who edited it is not known"


def moved_text(edit: SheetEdit) -> str:
    """What moved from one person to another; empty if nothing did."""
    if edit.employee_before is None or edit.employee_after is None or edit.employee_before == edit.employee_after:
        return ""
    return f"from employee {edit.employee_before} to employee {edit.employee_after}"


def certificate_text(sheet: Timesheet) -> str:
    """What the certificate says of the person, in a sentence."""
    one = sheet.certificate
    if one is None:
        return "No certificate lists these days."
    made = f"Certificate {one.number} of {stamp(one.at, sheet.window.zone)} ({one.hash[:16]}, key {one.key})"
    if one.shifts is None or one.minutes is None:
        listed = "lists no row of this person"
    else:
        listed = f"lists {many(one.shifts, 'row')} with {hours(one.minutes)} h gross"
    same = "these are the rows of this paper" if one.agrees else "the rows of this paper are OTHER ones"
    return f"{made} {listed}: {same}."


# -- for people --------------------------------------------------------------------------------------------------------


def timesheet_lines(sheet: Timesheet) -> list[str]:
    """The paper as text."""
    zone = sheet.window.zone
    lines = [f"timesheet of {name_of(sheet)}", heading(sheet)]
    if sheet.as_of is not None:
        lines.append(as_of_line(sheet.as_of, zone))
    for week in sheet.weeks:
        lines += _week_lines(week, zone)
    lines.append(f"total  {_sum(sheet)}" if sheet.shifts else "no shift begins on these days")
    if sheet.accepted:
        lines.append(
            f"with {many(len(sheet.accepted), 'correction')} of earlier days, paid with this period:"
            f" {hours(sheet.accepted_minutes, signed=True)} h gross"
        )
    if sheet.overtime is not None:
        lines += [overtime_heading(sheet.overtime), *(f"  {overtime_week(week)}" for week in sheet.overtime.weeks)]
    if sheet.edits:
        lines += ["", f"{many(len(sheet.edits), 'edit')}:", *(_edit_line(edit, zone) for edit in sheet.edits)]
    if sheet.corrections:
        names = {sheet.employee.id: name_of(sheet)}
        lines += ["", "corrections:", *correction_lines(sheet.corrections, names)]
    return [*lines, "", certificate_text(sheet), *purged_lines(sheet.purged), *left_out_lines(sheet.left_out)]


def _week_lines(week: SheetWeek, zone: ZoneInfo) -> Iterator[str]:
    for day in week.days:
        for shift in day.shifts:
            began, ended = ends(shift, zone)
            note = f"  {remarks(shift)}" if remarks(shift) else ""
            yield f"  {day_name(day.day):<15}  {began:>5} - {ended:<5}  {_sum(shift)}{note}"
            yield from (f"    break: {break_text(one, zone, shift)}" for one in shift.breaks)
        if len(day.shifts) > 1:
            yield f"  {day_name(day.day):<15}  {'day':<13}  {_sum(day)}"
    part = "" if week.is_whole else " (the days of this period only)"
    yield f"  {'week from ' + day_name(week.first)}{part}: {_sum(week)}"


def _sum(one: Timesheet | SheetWeek | SheetDay | WorkedShift) -> str:
    return (
        f"{hours(one.gross_minutes):>6} gross - {hours(one.break_minutes):>5} unpaid breaks"
        f" = {hours(one.net_minutes):>6} net"
    )


def _edit_line(edit: SheetEdit, zone: ZoneInfo) -> str:
    told = (one_line(edit.why), moved_text(edit), edit_who(edit))
    return (
        f"  {stamp(edit.at, zone)}  run {edit.run}: {times_text(edit.before, zone)} -> {times_text(edit.after, zone)}"
        f" ({hours(edit.minutes, signed=True)} h): {'; '.join(part for part in told if part)}"
    )


def many_timesheets(sheets: Iterable[Timesheet]) -> list[str]:
    """One after the other."""
    lines: list[str] = []
    for sheet in sheets:
        lines += [*([""] if lines else []), *timesheet_lines(sheet)]
    return lines or ["nobody has anything on these days"]

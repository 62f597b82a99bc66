"""Pay periods, as text and as JSON: their states, what stands in the way of closing one, and the three counts."""

from __future__ import annotations

from collections.abc import Iterable
from zoneinfo import ZoneInfo

import msgspec

from connecteam_sync.core.period_check import Checked, Obstacle
from connecteam_sync.core.periods import Period, PeriodEvent, PeriodReport, spelled
from connecteam_sync.core.run import Verdict
from connecteam_sync.core.text import called, day_name, hours, many, stamp
from connecteam_sync.core.three_counts import CountedDay, CountName, PersonTotal
from connecteam_sync.present.json_shapes import Json, instant
from connecteam_sync.present.text import SHOWN

VERDICTS: dict[Verdict, str] = {
    "equal": "",
    "rounding": "rounded on the timesheet",
    "manual_break": "less breaks that were taken",
    "automatic_break": "less an automatic break",
    "overnight": "a night on another day of the timesheet",
    "not_on_timesheet": "a day that is on no timesheet",
    "different": "DIFFERENT",
}
"""What a person reads of a verdict."""

# -- for programs ------------------------------------------------------------------------------------------------------


def period_json(period: Period) -> Json:
    """A period, its state, and who gave it that, when and why."""
    event = period.event
    return {
        "first": period.window.first.isoformat(),
        "last": period.window.last.isoformat(),
        "timezone": period.window.timezone,
        "state": period.state,
        "is_scheduled": period.is_scheduled,
        "overlaps": [{"first": one.first.isoformat(), "last": one.last.isoformat()} for one in period.overlaps],
        "at": None if event is None else instant(event.at),
        "by": None if event is None else event.by,
        "reason": None if event is None else event.reason,
        "anyway": event is not None and event.anyway,
    }


def report_json(report: PeriodReport) -> Json:
    """The members of `periods check`, `review`, `close` and `reopen`."""
    checked = report.checked
    return {
        "period": period_json(report.period),
        "newly": report.newly,
        **checked_json(checked),
        "exit_code": report.exit_code,
    }


def checked_json(checked: Checked | None) -> Json:
    """A checklist: obstacles, totals, the person-days that are not alike, when it was made, and the run it rests on."""
    if checked is None:
        return {"obstacles": [], "totals": [], "days": [], "checked_at": None, "run": None}
    return {
        "obstacles": [obstacle_json(one) for one in checked.obstacles],
        "totals": [total_json(one) for one in checked.totals],
        "days": [day_json(one) for one in checked.days],
        "checked_at": instant(checked.at),
        "run": checked.run,
    }


def obstacle_json(obstacle: Obstacle) -> Json:
    """Something that stands in the way."""
    shown: Json = msgspec.to_builtins(obstacle)
    return shown


def total_json(total: PersonTotal) -> Json:
    """A person's minutes in three counts; `odd` is the one that the other two are against."""
    shown: Json = msgspec.to_builtins(total)
    return {**shown, "odd": total.odd}


def day_json(day: CountedDay) -> Json:
    """A day of a person whose counts are not alike."""
    shown: Json = msgspec.to_builtins(day)
    return {**shown, "odd": day.odd}


def event_json(event: PeriodEvent) -> Json:
    """Something that a person did to a period."""
    return {
        "event": event.number,
        "kind": event.kind,
        "first": event.window.first.isoformat(),
        "last": event.window.last.isoformat(),
        "timezone": event.window.timezone,
        "at": instant(event.at),
        "by": event.by,
        "reason": event.reason,
        "anyway": event.anyway,
    }


# -- for people --------------------------------------------------------------------------------------------------------


def state_text(period: Period, zone: ZoneInfo) -> str:
    """`closed 2025-12-15 09:12 by Pia`, with the reason if one was given; `open` if nobody has touched it."""
    event = period.event
    text = period.state if event is None else f"{period.state} {stamp(event.at, zone)} by {called(event.by)}"
    if event is not None and event.anyway:
        text += ", with obstacles"
    return f"{text}: {event.reason}" if event is not None and event.reason else text


def period_lines(periods: Iterable[Period], zone: ZoneInfo) -> list[str]:
    """A line for each period."""
    lines = []
    for period in periods:
        days = f"{spelled(period.window)} ({period.window.timezone})"
        overlaps = ", ".join(map(spelled, period.overlaps))
        note = f"; overlaps {overlaps}: name other days to close what is left" if overlaps else ""
        note += "" if period.is_scheduled else "; not of the schedule"
        lines.append(f"{days}  {state_text(period, zone)}{note}")
    return lines


def report_lines(report: PeriodReport, zone: ZoneInfo) -> list[str]:
    """The state of a period, each obstacle with its cure, and everybody's hours in three counts side by side."""
    lines = [f"{spelled(report.period.window)} ({report.period.window.timezone}): {state_text(report.period, zone)}"]
    if report.checked is None:
        return lines
    lines += obstacle_lines(report.checked.obstacles)
    return lines + total_lines(report.checked)


def obstacle_lines(obstacles: Iterable[Obstacle]) -> list[str]:
    """Two lines for each obstacle; one if there is none."""
    lines = []
    for obstacle in obstacles:
        lines += [f"  ! {obstacle.name} ({obstacle.count:,}): {obstacle.message}", f"      next: {obstacle.next_step}"]
    return lines or ["  nothing stands in the way"]


def total_lines(checked: Checked) -> list[str]:
    """The three counts of everybody, with the odd one in brackets, their sums, and the days that differ."""
    totals = checked.totals
    if not totals:
        return ["  no hours"]
    people = many(len(totals), "person", "people")
    table, activities = (sum(getattr(one, name) for one in totals) for name in ("minutes_table", "minutes_activities"))
    lines = [f"  {people}: table {hours(table)} hours, Connecteam's activities {hours(activities)}"]
    lines += ["", "       table  activities   timesheet"]
    lines += [_total_line(one) for one in totals]
    different = [day for day in checked.days if day.verdict == "different"]
    lines += [_day_line(day) for day in different[:SHOWN]]
    left = len(different) - SHOWN
    return [
        *lines,
        *([f"  … and {many(left, 'more day', 'more days')} of a person: --json has them"] if left > 0 else []),
    ]


def _total_line(one: PersonTotal) -> str:
    odd = None if one.verdict == "equal" else one.odd
    counts: tuple[tuple[CountName, int | None], ...] = (
        ("table", one.minutes_table),
        ("activities", one.minutes_activities),
        ("timesheet", one.minutes_timesheet),
    )
    cells = "".join(_cell(minutes, is_odd=kind == odd) for kind, minutes in counts)
    notes = [
        VERDICTS[one.verdict],
        f"{hours(one.minutes_manual)} entered by hand" if one.minutes_manual else "",
        f"{hours(one.minutes_held)} held" if one.minutes_held else "",
    ]
    said = "; ".join(note for note in notes if note)
    return f"{cells}  {called(one.name)}{f' ({said})' if said else ''}"


def _cell(minutes: int | None, *, is_odd: bool) -> str:
    shown = "-" if minutes is None else hours(minutes)
    return (f"[{shown}]" if is_odd else f"{shown} ").rjust(13)


def _day_line(day: CountedDay) -> str:
    sheet = "none" if day.minutes_timesheet is None else hours(day.minutes_timesheet)
    return (
        f"  ! {day_name(day.day)}, {called(day.name)}: table {hours(day.minutes_table)}, activities"
        f" {hours(day.minutes_activities)}, timesheet {sheet}"
    )

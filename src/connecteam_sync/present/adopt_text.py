"""The survey of a table before it is taken over, as text and as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from zoneinfo import ZoneInfo

import msgspec

from connecteam_sync.core.adopt import Shape, Survey
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.text import called, clock, many
from connecteam_sync.core.window import local_day
from connecteam_sync.present import json_shapes
from connecteam_sync.present.history_text import unread_lines
from connecteam_sync.present.holds_text import hold_lines
from connecteam_sync.present.text import SHOWN, change_lines, employee, offset_line, times

_SHAPES: dict[Shape, str] = {
    "both_closed": "closed at the same time",
    "different_clock_outs": "closed at different times",
    "one_open": "one closed, one still open",
    "all_open": "all still open",
    "manual_among": "with a row entered by hand: a person decides",
}
_FINDINGS = {
    "clock_out_before_clock_in": "clock-out before clock-in",
    "flag_contradicts_times": "is_active contradicts the clock-out",
    "minutes_contradict_times": "total_minutes contradicts the times",
    "overlaps": "begins before an earlier shift has ended",
    "longer_than_16_hours": "longer than 16 hours",
    "open_for_over_16_hours": "open for more than 16 hours",
    "without_employee_or_clock_in": "without an employee or a clock-in (never touched)",
    "unreadable_time": "with a time that is none as it stands (it counts as none)",
}
_UNITS = ("bytes", "KB", "MB", "GB", "TB")
_STEP = 1024


def survey_text(survey: Survey, zone: ZoneInfo, names: Mapping[RowId, str]) -> list[str]:
    """The table as it is, what `--apply` would do, and rows that only a person can judge."""
    sources = ", ".join(f"{count:,} {called(source)}" for source, count in sorted(survey.sources.items()))
    lines = [f"adopt {survey.table} ({survey.database}); nothing was written"]
    lines.append(f"{many(survey.rows, 'row')} ({sources or 'none'})" + _span(survey, zone))
    lines.append(f"unique key      {survey.unique_key or 'missing: nothing keeps doubles out'}")
    keys = ", ".join(f"{key.table}.{key.column}" for key in survey.references) or "none"
    lines.append(f"foreign keys    {keys}")
    lines += [f"                ! {key.why}" for key in survey.references if not key.movable]
    lines.append(f"triggers        {', '.join(survey.triggers) or 'none'}")
    lines.append(f"room            {_room(survey)}")
    lines += _doubles(survey, zone, names)
    damage = [(name, count) for name, count in survey.findings.items() if count]
    if damage:
        lines.append("Rows that look wrong, for `resync` to repair or a person to judge:")
    for name, count in damage:
        ids = ", ".join(map(str, survey.examples.get(name, ())))
        more = ", …" if count > len(survey.examples.get(name, ())) else ""
        lines.append(f"  {count:>7,}  {_FINDINGS[name]}: rows {ids}{more}")
    lines += unread_lines(survey.unread, "connecteam-sync adopt --json")
    lines += _offsets(survey, zone, names)
    lines += _minutes(survey, zone, names)
    lines += [f"  x {obstacle}" for obstacle in survey.obstacles]
    return lines


def next_step(survey: Survey) -> str:
    """The next step after a survey."""
    if survey.obstacles:
        return "cure what is marked x, then look again: connecteam-sync adopt"
    if survey.minutes.links and survey.offsets_days:
        days = f"--from {survey.offsets_days[0]} --to {survey.offsets_days[1]}"
        return f"connecteam-sync adopt --apply --link-minutes {days}   (taken back by: connecteam-sync adopt --undo)"
    if survey.dedupe.changes or (survey.unique_key is None and not survey.dedupe.holds):
        return "connecteam-sync adopt --apply   (all of it can be taken back: connecteam-sync adopt --undo)"
    if survey.dedupe.holds:
        return "decide about each double that is held, then look again: connecteam-sync adopt"
    return "connecteam-sync plan"


def _span(survey: Survey, zone: ZoneInfo) -> str:
    if survey.first_clock_in is None or survey.last_clock_in is None:
        return ""
    return f", {local_day(survey.first_clock_in, zone)}..{local_day(survey.last_clock_in, zone)}"


def _room(survey: Survey) -> str:
    table = "size unknown" if survey.table_bytes is None else f"table {_bytes(survey.table_bytes)}"
    free = (
        "free room unknown: the database does not tell, ask its administrator"
        if survey.free_bytes is None
        else f"{_bytes(survey.free_bytes)} free"
    )
    return f"{table}, about {_bytes(survey.needed_bytes)} needed for key and backup, {free}"


def _bytes(count: int) -> str:
    size = float(count)
    for unit in _UNITS:
        if size < _STEP or unit == _UNITS[-1]:
            return f"{size:,.0f} {unit}"
        size /= _STEP
    return ""


def _doubles(survey: Survey, zone: ZoneInfo, names: Mapping[RowId, str]) -> list[str]:
    """Groups of doubles by shape, then each row that would be removed."""
    if not survey.groups:
        return ["doubles         none"]
    removed = len(survey.dedupe.survivors)
    many_rows = f"{many(survey.groups, 'clock-in')} with more than one row"
    lines = [f"Doubles: {many_rows}; {many(removed, 'row')} would be removed (backed up, journaled)"]
    lines += [f"  {count:>7,}  {_SHAPES[shape]}" for shape, count in survey.shapes.items() if count]
    lines += change_lines(survey.dedupe.changes, zone, names, "connecteam-sync adopt --json")
    return lines + hold_lines(survey.dedupe.holds, zone, names, {}, elsewhere="connecteam-sync adopt --json")


def _offsets(survey: Survey, zone: ZoneInfo, names: Mapping[RowId, str]) -> list[str]:
    if survey.offsets_error is not None:
        return [f"Not compared with Connecteam: {survey.offsets_error}"]
    if survey.offsets_days is None:
        return []
    first, last = survey.offsets_days
    if not survey.offsets:
        return [f"No row of {first}..{last} sits at a time zone's offset from a shift in Connecteam"]
    count = many(len(survey.offsets), "row")
    head = (
        f"{count} of {first}..{last} at exactly a time zone's offset from a shift (evidence; `resync` repairs by id):"
    )
    return [head, *(offset_line(item, zone, names) for item in survey.offsets[:SHOWN]), *_rest(len(survey.offsets))]


def _minutes(survey: Survey, zone: ZoneInfo, names: Mapping[RowId, str]) -> list[str]:
    """Rows without seconds: those that can be linked to their shifts, and those that a person has to judge."""
    lines: list[str] = []
    links, left = survey.minutes.links, survey.minutes.left
    if links:
        days = "{}..{}".format(*survey.offsets_days or ("", ""))
        agree = "row of yours agrees" if len(links) == 1 else "rows of yours agree"
        lines.append(f"{len(links):,} {agree} with a shift but for the seconds, {days}:")
        lines.append("  a sync would write them a second time; --link-minutes ties each to its shift, no value moves")
    for row, shift in links[:SHOWN]:
        day = local_day(row.clock_in, zone)
        seconds = clock(shift.start, zone, day, seconds=True)
        lines.append(f"  {day} {employee(row.employee_id, names)} row {row.id} {times(row, zone, day)}: {seconds}")
    lines += _rest(len(links))
    if left:
        lines.append(f"{many(len(left), 'row')} without seconds that cannot be linked, for a person to judge:")
    for row, why in left[:SHOWN]:
        day = local_day(row.clock_in, zone)
        lines.append(f"  {day} {employee(row.employee_id, names)} row {row.id} {times(row, zone, day)}: {why}")
    return lines + _rest(len(left))


def _rest(count: int) -> list[str]:
    return [f"  … and {many(count - SHOWN, 'more row')}: connecteam-sync adopt --json"] if count > SHOWN else []


def survey_json(survey: Survey) -> json_shapes.Json:
    """The survey of a table as JSON."""
    days = survey.offsets_days
    return {
        "table": survey.table,
        "database": survey.database,
        "rows": survey.rows,
        "sources": survey.sources,
        "first_clock_in": json_shapes.instant(survey.first_clock_in),
        "last_clock_in": json_shapes.instant(survey.last_clock_in),
        "unique_key": survey.unique_key,
        "doubles": {
            "groups": survey.groups,
            "shapes": survey.shapes,
            "rows_removed": len(survey.dedupe.survivors),
            "changes": [json_shapes.change(item) for item in survey.dedupe.changes],
            "holds": [json_shapes.hold(item) for item in survey.dedupe.holds],
        },
        "findings": {
            name: {"rows": count, "examples": survey.examples.get(name, ())} for name, count in survey.findings.items()
        },
        "unreadable_times": [msgspec.to_builtins(item) for item in survey.unread],
        "offsets": {
            "first": days[0].isoformat() if days else None,
            "last": days[1].isoformat() if days else None,
            "rows": [json_shapes.offset(item) for item in survey.offsets],
            "error": survey.offsets_error,
        },
        "minutes": {
            "links": [
                {"row": json_shapes.row(item), "shift_id": shift.id, "start": json_shapes.instant(shift.start)}
                for item, shift in survey.minutes.links
            ],
            "left": [{"row": json_shapes.row(item), "why": why} for item, why in survey.minutes.left],
        },
        "foreign_keys": [msgspec.to_builtins(key) for key in survey.references],
        "triggers": survey.triggers,
        "disk": {"table": survey.table_bytes, "needed": survey.needed_bytes, "free": survey.free_bytes},
        "obstacles": survey.obstacles,
    }

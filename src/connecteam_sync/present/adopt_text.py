"""What a person reads before a table is taken over."""

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


def survey_text(found: Survey, zone: ZoneInfo, names: Mapping[RowId, str]) -> list[str]:
    """The table as it is, what `--apply` would do, and what only a person can judge."""
    sources = ", ".join(f"{count:,} {called(source)}" for source, count in sorted(found.sources.items()))
    lines = [f"adopt {found.table} ({found.database}); nothing was written"]
    lines.append(f"{many(found.rows, 'row')} ({sources or 'none'})" + _span(found, zone))
    lines.append(f"unique key      {found.unique_key or 'missing: nothing keeps doubles out'}")
    keys = ", ".join(f"{key.table}.{key.column}" for key in found.references) or "none"
    lines.append(f"foreign keys    {keys}")
    lines += [f"                ! {key.why}" for key in found.references if not key.movable]
    lines.append(f"triggers        {', '.join(found.triggers) or 'none'}")
    lines.append(f"room            {_room(found)}")
    lines += _doubles(found, zone, names)
    damage = [(name, count) for name, count in found.findings.items() if count]
    if damage:
        lines.append("Rows that look wrong, for `resync` to repair or a person to judge:")
    for name, count in damage:
        ids = ", ".join(map(str, found.examples.get(name, ())))
        more = ", …" if count > len(found.examples.get(name, ())) else ""
        lines.append(f"  {count:>7,}  {_FINDINGS[name]}: rows {ids}{more}")
    lines += unread_lines(found.unread, "connecteam-sync adopt --json")
    lines += _offsets(found, zone, names)
    lines += _minutes(found, zone, names)
    lines += [f"  x {obstacle}" for obstacle in found.obstacles]
    return lines


def next_step(found: Survey) -> str:
    """The one obvious next step after a look."""
    if found.obstacles:
        return "cure what is marked x, then look again: connecteam-sync adopt"
    if found.minutes.links and found.offsets_days:
        days = f"--from {found.offsets_days[0]} --to {found.offsets_days[1]}"
        return f"connecteam-sync adopt --apply --link-minutes {days}   (taken back by: connecteam-sync adopt --undo)"
    if found.dedupe.changes or (found.unique_key is None and not found.dedupe.holds):
        return "connecteam-sync adopt --apply   (all of it can be taken back: connecteam-sync adopt --undo)"
    if found.dedupe.holds:
        return "decide about each double that is held, then look again: connecteam-sync adopt"
    return "connecteam-sync plan"


def _span(found: Survey, zone: ZoneInfo) -> str:
    if found.first_clock_in is None or found.last_clock_in is None:
        return ""
    return f", {local_day(found.first_clock_in, zone)}..{local_day(found.last_clock_in, zone)}"


def _room(found: Survey) -> str:
    table = "size unknown" if found.table_bytes is None else f"table {_bytes(found.table_bytes)}"
    free = (
        "free room unknown: the database does not tell, ask its administrator"
        if found.free_bytes is None
        else f"{_bytes(found.free_bytes)} free"
    )
    return f"{table}, about {_bytes(found.needed_bytes)} needed for key and backup, {free}"


def _bytes(count: int) -> str:
    size = float(count)
    for unit in _UNITS:
        if size < _STEP or unit == _UNITS[-1]:
            return f"{size:,.0f} {unit}"
        size /= _STEP
    return ""


def _doubles(found: Survey, zone: ZoneInfo, names: Mapping[RowId, str]) -> list[str]:
    """Groups by shape, then each row that would go."""
    if not found.groups:
        return ["doubles         none"]
    removed = len(found.dedupe.survivors)
    many_rows = f"{many(found.groups, 'clock-in')} with more than one row"
    lines = [f"Doubles: {many_rows}; {many(removed, 'row')} would be removed (backed up, journaled)"]
    lines += [f"  {count:>7,}  {_SHAPES[shape]}" for shape, count in found.shapes.items() if count]
    lines += change_lines(found.dedupe.changes, zone, names, "connecteam-sync adopt --json")
    return lines + hold_lines(found.dedupe.holds, zone, names, {}, elsewhere="connecteam-sync adopt --json")


def _offsets(found: Survey, zone: ZoneInfo, names: Mapping[RowId, str]) -> list[str]:
    if found.offsets_error is not None:
        return [f"Not compared with Connecteam: {found.offsets_error}"]
    if found.offsets_days is None:
        return []
    first, last = found.offsets_days
    if not found.offsets:
        return [f"No row of {first}..{last} sits at a time zone's offset from a shift in Connecteam"]
    count = many(len(found.offsets), "row")
    head = (
        f"{count} of {first}..{last} at exactly a time zone's offset from a shift (evidence; `resync` repairs by id):"
    )
    return [head, *(offset_line(item, zone, names) for item in found.offsets[:SHOWN]), *_rest(len(found.offsets))]


def _minutes(found: Survey, zone: ZoneInfo, names: Mapping[RowId, str]) -> list[str]:
    """Rows without seconds next to their shifts: what can be linked, and what is left to a person."""
    lines: list[str] = []
    links, left = found.minutes.links, found.minutes.left
    if links:
        days = "{}..{}".format(*found.offsets_days or ("", ""))
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


def survey_json(found: Survey) -> json_shapes.Json:
    """What a look at the table found before it is taken over."""
    days = found.offsets_days
    return {
        "table": found.table,
        "database": found.database,
        "rows": found.rows,
        "sources": found.sources,
        "first_clock_in": json_shapes.instant(found.first_clock_in),
        "last_clock_in": json_shapes.instant(found.last_clock_in),
        "unique_key": found.unique_key,
        "doubles": {
            "groups": found.groups,
            "shapes": found.shapes,
            "rows_removed": len(found.dedupe.survivors),
            "changes": [json_shapes.change(item) for item in found.dedupe.changes],
            "holds": [json_shapes.hold(item) for item in found.dedupe.holds],
        },
        "findings": {
            name: {"rows": count, "examples": found.examples.get(name, ())} for name, count in found.findings.items()
        },
        "unreadable_times": [msgspec.to_builtins(one) for one in found.unread],
        "offsets": {
            "first": days[0].isoformat() if days else None,
            "last": days[1].isoformat() if days else None,
            "rows": [json_shapes.offset(item) for item in found.offsets],
            "error": found.offsets_error,
        },
        "minutes": {
            "links": [
                {"row": json_shapes.row(item), "shift_id": shift.id, "start": json_shapes.instant(shift.start)}
                for item, shift in found.minutes.links
            ],
            "left": [{"row": json_shapes.row(item), "why": why} for item, why in found.minutes.left],
        },
        "foreign_keys": [msgspec.to_builtins(key) for key in found.references],
        "triggers": found.triggers,
        "disk": {"table": found.table_bytes, "needed": found.needed_bytes, "free": found.free_bytes},
        "obstacles": found.obstacles,
    }

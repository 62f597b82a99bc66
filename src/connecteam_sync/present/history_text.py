"""What a person reads of the past: an employee's rows and why they are so, and what is odd about a window's rows."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from shlex import quote
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from connecteam_sync.core.adopt import UnreadTime
from connecteam_sync.core.clocktime import ClockTime
from connecteam_sync.core.history import History, ShiftHistory
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.run import StandingHold
from connecteam_sync.core.text import called, day_name, hours, many, one_line, span, stamp
from connecteam_sync.core.window import Window, local_day
from connecteam_sync.present.holds_text import worked
from connecteam_sync.present.text import SHOWN, change_line, options_of, times

if TYPE_CHECKING:
    from connecteam_sync.core.anomalies import Anomaly


def history_text(found: History, zone: ZoneInfo, names: Mapping[RowId, str], day: date | None = None) -> list[str]:
    """What an employee's rows say now, what Connecteam says of each, what is held; and how they came to say it."""
    shifts: dict[RowId | None, list[ShiftHistory]] = defaultdict(list)
    rows = {row.id for row in found.rows}
    for tracked in found.shifts:
        shifts[tracked.clock_time_id if tracked.clock_time_id in rows else None].append(tracked)
    held = _held_by_place(found, rows)
    lines = [f"{called(found.employee.name) or 'employee'} (employee {found.employee.id})"]
    for row in found.rows:
        begins = local_day(row.clock_in, zone)
        length = hours(row.minutes) if row.total_minutes is not None else "open"
        lines.append(
            f"row {row.id}: {day_name(begins)} {times(row, zone, begins)}  {length}  source {called(row.source)}"
        )
        if row.is_ours and not shifts[row.id]:
            lines.append("    Connecteam: no shift of this row is known")
        lines += [f"    {_said(tracked, zone)}" for tracked in shifts[row.id]]
        lines += map(_held, held[row.id])
    lines += _without_a_row(found, zone, rows, day)
    for tracked in shifts[None]:
        where = f"row {tracked.clock_time_id}" if tracked.clock_time_id is not None else "no row"
        begins = local_day(tracked.shift.start, zone)
        lines += [f"shift {tracked.shift.id}: {day_name(begins)}, {where}", f"    {_said(tracked, zone)}"]
        lines += map(_held, held[tracked.shift.id])
    lines += map(_held, held[None])
    for entry in found.changes:
        begins = local_day(entry.change.image.clock_in, zone)
        at = stamp(entry.at, zone)
        line = change_line(entry.change, zone, names, begins).strip()
        lines.append(f"  {at}  run {entry.run:<5} row {entry.change.image.id}  {begins}  {line}")
    return lines


def _without_a_row(found: History, zone: ZoneInfo, rows: set[RowId | None], day: date | None) -> list[str]:
    """What became of each row that is not there (on the day asked for) any more: by its last change on record."""
    newest = {entry.change.image.id: entry for entry in found.changes}
    said = []
    for row, entry in newest.items():
        if row in rows:
            continue
        after = entry.change.after
        by = f"by run {entry.run} ({stamp(entry.at, zone)}): {one_line(entry.change.why)}"
        if after is None:
            said.append(f"row {row} was deleted {by}")
        elif after.employee_id != found.employee.id:
            said.append(f"row {row} was given to employee {after.employee_id} {by}")
        elif day is not None and local_day(after.clock_in, zone) != day:
            said.append(f"row {row} was moved to {day_name(local_day(after.clock_in, zone))} {by}")
        else:
            said.append(f"row {row} is not where run {entry.run} left it: another program removed or moved it")
    if found.rows or said:
        return said
    return ["no row now, and none is on record to have been there"]


def _held_by_place(found: History, rows: set[RowId | None]) -> dict[RowId | None, list[StandingHold]]:
    """Each hold once: with the row it is about, by its id, else with its shift, by its id, else by itself."""
    row_of = {tracked.shift.id: tracked.clock_time_id for tracked in found.shifts}
    held: dict[RowId | None, list[StandingHold]] = defaultdict(list)
    for standing in found.holds:
        hold = standing.hold
        row = hold.clock_time_id if hold.clock_time_id in rows else row_of.get(hold.shift_id or "")
        place = row if row is not None and row in rows else hold.shift_id if hold.shift_id in row_of else None
        held[place].append(standing)
    return held


def _said(tracked: ShiftHistory, zone: ZoneInfo) -> str:
    """`Connecteam: 08:00-16:30 on time clock 7, so since run 3 (2025-12-02 09:00)`."""
    shift = tracked.shift
    day = local_day(shift.start, zone)
    said = f"{span(shift.start, shift.end, zone, day)} on time clock {shift.time_clock_id}"
    by_itself = ", clocked out by Connecteam itself" if shift.is_auto_clock_out else ""
    at = f" ({stamp(tracked.changed_at, zone)})" if tracked.changed_at else ""
    since = f"since run {tracked.changed_in_run}{at}"
    if tracked.is_gone:
        return f"Connecteam: no longer there {since}; it was {day} {said}"
    return f"Connecteam: {day} {said}{by_itself}, so {since}"


def _held(standing: StandingHold) -> str:
    hold, said = standing.hold, standing.acknowledged
    told = worked([hold]) if hold.reason != "locked_day" else ""
    known = f", acknowledged by {called(said.by)}: {one_line(said.reason)}" if said else ""
    return f"    {'=' if said else '!'} {hold.reason}: {one_line(hold.detail)}{told}  hold {standing.id}{known}"


# -- anomalies ---------------------------------------------------------------------------------------------------------


def anomalies_text(
    window: Window, found: Sequence[Anomaly], shifts: Mapping[RowId, tuple[str, int]], names: Mapping[RowId, str]
) -> list[str]:
    """A line for each, and how many of each kind."""
    zone = window.zone
    if not found:
        return [f"{window} ({window.timezone}): nothing odd"]
    kinds = Counter(one.kind for one in found)
    counts = ", ".join(f"{count:,} {kind}" for kind, count in sorted(kinds.items()))
    lines = [f"{window} ({window.timezone}): {counts}; nothing is held or changed because of them"]
    for one in found[:SHOWN]:
        who = called(names.get(one.employee_id)) or f"employee {one.employee_id}"
        rows = " and ".join(_row(row, zone, one, shifts) for row in one.rows)
        lines.append(f"  {one.day}  {who:<24} {one.kind}: {rows}{_measure(one)}")
    if len(found) > SHOWN:
        lines.append(f"  … and {len(found) - SHOWN:,} more: connecteam-sync anomalies {options_of(window)} --json")
    return lines


def next_look(found: Sequence[Anomaly]) -> str:
    """Where to look on, for the first of them."""
    return f"connecteam-sync history {quote(str(found[0].employee_id))} --day {found[0].day}" if found else ""


def _row(row: ClockTime, zone: ZoneInfo, one: Anomaly, shifts: Mapping[RowId, tuple[str, int]]) -> str:
    source = "" if row.is_ours else f", source {called(row.source)}"
    _, clock_id = shifts.get(row.id or 0, (None, None))
    where = f", time clock {clock_id}" if clock_id is not None else source
    return f"{times(row, zone, one.day)} (row {row.id}{where})"


def _measure(one: Anomaly) -> str:
    minutes = hours(one.minutes)
    return {
        "overlap": f": {minutes} h both" if one.minutes else ": the first is still open" if _is_open(one) else "",
        "near_double": f": {many(one.minutes, 'minute')} apart",
        "long_shift": f": {minutes} h",
        "long_day": f": {minutes} h that day",
        "zero_minutes": "",
        "auto_clock_out": f": {minutes} h, clocked out by Connecteam itself",
        "open_too_long": f": open for {many(one.minutes // 1440, 'day')}",
    }[one.kind]


def _is_open(one: Anomaly) -> bool:
    return one.rows[0].clock_out is None


def unread_lines(unread: Sequence[UnreadTime], elsewhere: str) -> list[str]:
    """Times that nobody can read, row by row."""
    more = [f"  … and {many(len(unread) - SHOWN, 'more row')}: {elsewhere}"] if len(unread) > SHOWN else []
    return [f"  row {one.row}: {one.column} is {called(one.said)!r}, which is no time" for one in unread[:SHOWN]] + more

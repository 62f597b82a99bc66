"""Text about the past: an employee's rows and why they are so, and the anomalies of a window."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
    from connecteam_sync.core.change_lines import ChangeLine


Days = tuple[date, date] | None
"""The first and the last local day that was asked for; None for every day."""


def history_text(
    history: History, zone: ZoneInfo, names: Mapping[RowId, str], days: Days = None, *, is_part: bool = False
) -> list[str]:
    """An employee's rows, the shift and the holds of each, and every change of them; or a part of the changes, of which
    it cannot be told what became of a row.
    """
    shifts: dict[RowId | None, list[ShiftHistory]] = defaultdict(list)
    rows = {row.id for row in history.rows}
    for tracked in history.shifts:
        shifts[tracked.clock_time_id if tracked.clock_time_id in rows else None].append(tracked)
    held = _held_by_place(history, rows)
    lines = [f"{called(history.employee.name) or 'employee'} (employee {history.employee.id})"]
    for row in history.rows:
        begins = local_day(row.clock_in, zone)
        length = hours(row.minutes) if row.total_minutes is not None else "open"
        lines.append(
            f"row {row.id}: {day_name(begins)} {times(row, zone, begins)}  {length}  source {called(row.source)}"
        )
        if row.is_ours and not shifts[row.id]:
            lines.append("    Connecteam: no shift of this row is known")
        lines += [f"    {shift_line(tracked, zone)}" for tracked in shifts[row.id]]
        lines += map(_hold_line, held[row.id])
    became = [] if is_part else without_a_row(history, zone, days)
    lines += became if history.rows or became else ["no row now, and none is on record to have been there"]
    lines += [purged_line(item) for item in history.purged]
    for tracked in shifts[None]:
        place = f"row {tracked.clock_time_id}" if tracked.clock_time_id is not None else "no row"
        begins = local_day(tracked.shift.start, zone)
        lines += [f"shift {tracked.shift.id}: {day_name(begins)}, {place}", f"    {shift_line(tracked, zone)}"]
        lines += map(_hold_line, held[tracked.shift.id])
    lines += map(_hold_line, held[None])
    for entry in history.changes:
        begins = local_day(entry.change.image.clock_in, zone)
        at = stamp(entry.at, zone)
        line = change_line(entry.change, zone, names, begins).strip()
        lines.append(f"  {at}  run {entry.run:<5} row {entry.change.image.id}  {begins}  {line}")
    return lines


def purged_line(days: Window) -> str:
    """What is said of days that were purged."""
    return f"{days.first}..{days.last} was purged: nothing else of these days is on record (retention check)"


def change_lines(lines: Iterable[ChangeLine], zone: ZoneInfo) -> Iterator[str]:
    """`Tue 2 Dec 2025  Ana Diaz  changed 08:00-16:00 -> 08:00-16:30  +0:30 h  run 12, 2025-12-03 09:00: why`."""
    for line in lines:
        who = called(line.name) or f"employee {line.employee_id}"
        shown = [times(row, zone, line.day) for row in (line.before, line.after) if row is not None]
        was, now = line.minutes
        entry = line.entry
        yield (
            f"{day_name(line.day)}  {who:<24} {line.what:<7} {' -> '.join(shown)}  {hours(now - was, signed=True)} h"
            f"  run {entry.run}, {stamp(entry.at, zone)}: {one_line(entry.change.why)}"
        )


def without_a_row(history: History, zone: ZoneInfo, days: Days) -> list[str]:
    """For each row that is no longer there (on the days asked for) what became of it, by its last change on record."""
    rows = {row.id for row in history.rows}
    newest = {entry.change.image.id: entry for entry in history.changes}
    lines = []
    for row, entry in newest.items():
        if row in rows or not _was_there(history, row, zone, days):
            continue
        after = entry.change.after
        by = f"by run {entry.run} ({stamp(entry.at, zone)}): {one_line(entry.change.why)}"
        if after is None:
            lines.append(f"row {row} was deleted {by}")
        elif after.employee_id != history.employee.id:
            lines.append(f"row {row} was given to employee {after.employee_id} {by}")
        elif not _is_in(days, local_day(after.clock_in, zone)):
            lines.append(f"row {row} was moved to {day_name(local_day(after.clock_in, zone))} {by}")
        else:
            lines.append(f"row {row} is not where run {entry.run} left it: another program removed or moved it")
    return lines


def _is_in(days: Days, day: date) -> bool:
    return days is None or days[0] <= day <= days[1]


def _was_there(history: History, row: RowId | None, zone: ZoneInfo, days: Days) -> bool:
    """Whether a row of the employee began on the days, by any change: one that only reaches into them did not."""
    images = (
        image
        for entry in history.changes
        if entry.change.image.id == row
        for image in (entry.change.before, entry.change.after)
        if image is not None and image.employee_id == history.employee.id
    )
    return days is None or any(_is_in(days, local_day(image.clock_in, zone)) for image in images)


def _held_by_place(history: History, rows: set[RowId | None]) -> dict[RowId | None, list[StandingHold]]:
    """Holds by the id of their row, else by the id of their shift, else under None; each hold once."""
    row_of = {tracked.shift.id: tracked.clock_time_id for tracked in history.shifts}
    held: dict[RowId | None, list[StandingHold]] = defaultdict(list)
    for standing in history.holds:
        hold = standing.hold
        row = hold.clock_time_id if hold.clock_time_id in rows else row_of.get(hold.shift_id or "")
        place = row if row is not None and row in rows else hold.shift_id if hold.shift_id in row_of else None
        held[place].append(standing)
    return held


def shift_line(tracked: ShiftHistory, zone: ZoneInfo) -> str:
    """`Connecteam: 08:00-16:30 on time clock 7, so since run 3 (2025-12-02 09:00)`."""
    shift = tracked.shift
    day = local_day(shift.start, zone)
    times_shown = f"{span(shift.start, shift.end, zone, day)} on time clock {shift.time_clock_id}"
    by_itself = ", clocked out by Connecteam itself" if shift.is_auto_clock_out else ""
    at = f" ({stamp(tracked.changed_at, zone)})" if tracked.changed_at else ""
    since = f"since run {tracked.changed_in_run}{at}"
    if tracked.is_gone:
        return f"Connecteam: no longer there {since}; it was {day} {times_shown}"
    return f"Connecteam: {day} {times_shown}{by_itself}, so {since}"


def _hold_line(standing: StandingHold) -> str:
    hold, acknowledged = standing.hold, standing.acknowledged
    affected = worked([hold]) if hold.reason != "locked_day" else ""
    known = f", acknowledged by {called(acknowledged.by)}: {one_line(acknowledged.reason)}" if acknowledged else ""
    mark = "=" if acknowledged else "!"
    return f"    {mark} {hold.reason}: {one_line(hold.detail)}{affected}  hold {standing.id}{known}"


# -- anomalies ---------------------------------------------------------------------------------------------------------


def anomalies_text(
    window: Window, anomalies: Sequence[Anomaly], shifts: Mapping[RowId, tuple[str, int]], names: Mapping[RowId, str]
) -> list[str]:
    """The number of each kind, then a line for each anomaly."""
    zone = window.zone
    if not anomalies:
        return [f"{window} ({window.timezone}): nothing odd"]
    kinds = Counter(anomaly.kind for anomaly in anomalies)
    counts = ", ".join(f"{count:,} {kind}" for kind, count in sorted(kinds.items()))
    lines = [f"{window} ({window.timezone}): {counts}; nothing is held or changed because of them"]
    for anomaly in anomalies[:SHOWN]:
        who = called(names.get(anomaly.employee_id)) or f"employee {anomaly.employee_id}"
        lines.append(f"  {anomaly.day}  {who:<24} {anomaly.kind}: {anomaly_words(anomaly, zone, shifts)}")
    if len(anomalies) > SHOWN:
        lines.append(f"  … and {len(anomalies) - SHOWN:,} more: connecteam-sync anomalies {options_of(window)} --json")
    return lines


def anomaly_words(anomaly: Anomaly, zone: ZoneInfo, shifts: Mapping[RowId, tuple[str, int]]) -> str:
    """What is odd: the rows with their times, and how long it lasts."""
    rows = " and ".join(_row(row, zone, anomaly, shifts) for row in anomaly.rows)
    return f"{rows}{_measure(anomaly)}"


def next_look(anomalies: Sequence[Anomaly]) -> str:
    """The command that shows more about the first anomaly."""
    if not anomalies:
        return ""
    first = anomalies[0]
    return f"connecteam-sync history {quote(str(first.employee_id))} --day {first.day}"


def _row(row: ClockTime, zone: ZoneInfo, anomaly: Anomaly, shifts: Mapping[RowId, tuple[str, int]]) -> str:
    source = "" if row.is_ours else f", source {called(row.source)}"
    _, clock_id = shifts.get(row.id or 0, (None, None))
    place = f", time clock {clock_id}" if clock_id is not None else source
    return f"{times(row, zone, anomaly.day)} (row {row.id}{place})"


def _measure(anomaly: Anomaly) -> str:
    minutes = hours(anomaly.minutes)
    unmeasured = ": the first is still open" if _is_open(anomaly) else ""
    return {
        "overlap": f": {minutes} h both" if anomaly.minutes else unmeasured,
        "near_double": f": {many(anomaly.minutes, 'minute')} apart",
        "long_shift": f": {minutes} h",
        "long_day": f": {minutes} h that day",
        "zero_minutes": "",
        "auto_clock_out": f": {minutes} h, clocked out by Connecteam itself",
        "open_too_long": f": open for {many(anomaly.minutes // 1440, 'day')}",
    }[anomaly.kind]


def _is_open(anomaly: Anomaly) -> bool:
    return anomaly.rows[0].clock_out is None


def unread_lines(unread: Sequence[UnreadTime], elsewhere: str) -> list[str]:
    """Times that cannot be read, a line each; `elsewhere` is the command that shows the rest."""
    more = [f"  … and {many(len(unread) - SHOWN, 'more row')}: {elsewhere}"] if len(unread) > SHOWN else []
    shown = unread[:SHOWN]
    return [f"  row {item.row}: {item.column} is {called(item.said)!r}, which is no time" for item in shown] + more

"""Changes for spreadsheets: the entries of the journal as lines of one person and one day each. Pure.

An entry that moves a row to another person or day is two lines, removed here and added there: so the minutes of a
person, or of a day, can be added up.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from connecteam_sync.core.clocktime import ClockTime
from connecteam_sync.core.export_lines import harmless
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.run import Entry
from connecteam_sync.core.text import plain
from connecteam_sync.core.window import local_day, local_time

ChangeWord = Literal["added", "changed", "removed", "linked"]
COLUMNS = (
    "entry",
    "employee_id",
    "name",
    "day",
    "shift_id",
    "row_id",
    "what",
    "clock_in_before",
    "clock_out_before",
    "clock_in_after",
    "clock_out_after",
    "minutes_before",
    "minutes_after",
    "delta_minutes",
    "zone",
    "written_at_utc",
    "run",
    "why",
)


class ChangeLine(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What an entry means for one person and one local day of the business; minutes are whole, 0 of an open shift."""

    entry: Entry
    employee_id: RowId
    name: str
    day: date
    what: ChangeWord
    before: ClockTime | None
    after: ClockTime | None

    @property
    def minutes(self) -> tuple[int, int]:
        """The minutes before and after."""
        return (0 if self.before is None else self.before.minutes, 0 if self.after is None else self.after.minutes)


def lines_of(entries: Iterable[Entry], names: Mapping[RowId, str], zone: ZoneInfo) -> Iterator[ChangeLine]:
    """The lines of entries, in their order."""
    for entry in entries:
        before, after = entry.change.before, entry.change.after
        if before is not None and after is not None and _place(before, zone) != _place(after, zone):
            yield _line(entry, before, None, names, zone)
            yield _line(entry, None, after, names, zone)
        else:
            yield _line(entry, before, after, names, zone)


def _place(row: ClockTime, zone: ZoneInfo) -> tuple[RowId, date]:
    return (row.employee_id, local_day(row.clock_in, zone))


def _line(
    entry: Entry, before: ClockTime | None, after: ClockTime | None, names: Mapping[RowId, str], zone: ZoneInfo
) -> ChangeLine:
    image = after or before or entry.change.image
    what: ChangeWord = "changed" if before is not None and after is not None else "added" if after else "removed"
    return ChangeLine(
        entry=entry,
        employee_id=image.employee_id,
        name=names.get(image.employee_id, ""),
        day=local_day(image.clock_in, zone),
        what="linked" if entry.change.kind == "link" else what,
        before=before,
        after=after,
    )


def changes_csv(lines: Iterable[ChangeLine], zone: ZoneInfo, *, heading: bool = True) -> Iterator[str]:
    """Lines as CSV, each with its end; no cell is one that a spreadsheet takes for a formula.

    Times are local ones with their offset, but `written_at_utc`; times and minutes that are not there are empty.
    """
    buffer = io.StringIO()
    write = csv.writer(buffer).writerow
    if heading:
        write(COLUMNS)
    for line in lines:
        write(_record(line, zone))
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue()


def _record(line: ChangeLine, zone: ZoneInfo) -> tuple[object, ...]:
    before, after = line.before, line.after
    was, now = line.minutes
    entry = line.entry
    return (
        entry.number,
        harmless(line.employee_id),
        _text(line.name),
        line.day.isoformat(),
        _text(entry.change.shift_id),
        harmless(entry.change.image.id),
        line.what,
        _local(None if before is None else before.clock_in, zone),
        _local(None if before is None else before.clock_out, zone),
        _local(None if after is None else after.clock_in, zone),
        _local(None if after is None else after.clock_out, zone),
        was if before is not None and before.clock_out is not None else "",
        now if after is not None and after.clock_out is not None else "",
        now - was,
        zone.key,
        datetime.fromtimestamp(entry.at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        entry.run,
        _text(entry.change.why),
    )


def _text(text: str | None) -> RowId:
    """A text from outside as a cell of one line that controls neither a spreadsheet nor a terminal."""
    return harmless(None if text is None else plain(text))


def _local(instant: int | None, zone: ZoneInfo) -> str:
    return "" if instant is None else local_time(instant, zone).isoformat(timespec="seconds")

"""Records of a layout as the text of its file: CSV, or the timer activities of QuickBooks (IIF). Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator

from connecteam_sync.core.export_lines import DRAFT, harmless
from connecteam_sync.core.layouts.shape import Entry, Frame, Layout

LONGEST_ACTIVITY = 23 * 60 + 59
"""Minutes; QuickBooks takes no longer ones, so what is longer becomes several."""
_LONGEST_NOTE = 1000
_TIMER = ("!TIMERHDR", "VER", "REL", "COMPANYNAME", "FROMTIMER", "COMPANYCREATETIME")
_ACTIVITY = ("!TIMEACT", "DATE", "JOB", "EMP", "ITEM", "PITEM", "DURATION", "PROJ", "NOTE", "BILLINGSTATUS")
_NOT_BILLABLE = "0"
_NOBODY = Entry(employee_id=0, who=DRAFT, first_name="", last_name=DRAFT, job="", day=None, minutes=0, hundredths=0)


def encoded(layout: Layout, entries: Iterable[Entry], frame: Frame) -> Iterator[bytes]:
    """The bytes of a file, lines ended as Windows does. A draft without records has one of nobody, which says so."""
    text = _iif(entries, frame) if layout.is_daily else _csv(layout, entries, frame)
    for part in text:
        yield part.encode(layout.encoding, errors="replace")


def _csv(layout: Layout, entries: Iterable[Entry], frame: Frame) -> Iterator[str]:
    kept = {None, *(("jobs",) if frame.has_jobs else ()), *(("numbers",) if frame.has_numbers else ())}
    columns = [column for column in layout.columns if column.only in kept]
    buffer = io.StringIO()
    write = csv.writer(buffer).writerow
    if layout.has_heading:
        write([column.heading for column in columns])
    for entry in list(entries) or ([_NOBODY] if frame.is_draft else []):
        write([column.cell(entry, frame) for column in columns])
    yield buffer.getvalue()


def _iif(entries: Iterable[Entry], frame: Frame) -> Iterator[str]:
    """Tabs divide the columns, and nothing can be quoted: no cell has one, or a line break."""
    values = frame.values
    name = values.get("company_name", "")
    company = f"{DRAFT} {name}" if frame.is_draft else name
    yield _line(_TIMER)
    yield _line(("TIMERHDR", "8", "0", company, "Y", values.get("company_create_time", "")))
    yield _line(_ACTIVITY)
    for entry in entries:
        minutes = entry.minutes
        while minutes:
            part = min(minutes, LONGEST_ACTIVITY)
            yield _line(_activity(entry, part, values.get("service_item", "")))
            minutes -= part


def _activity(entry: Entry, minutes: int, item: str) -> tuple[str, ...]:
    day = "" if entry.day is None else entry.day.strftime("%m/%d/%y")
    sign = "-" if minutes < 0 else ""
    duration = f"{sign}{abs(minutes) // 60}:{abs(minutes) % 60:02}"
    numbers = ", ".join(map(str, entry.corrections))
    note = f"with correction {numbers}"[:_LONGEST_NOTE] if numbers else ""
    return ("TIMEACT", day, entry.job, entry.who, item, "", duration, "", note, _NOT_BILLABLE)


def _line(cells: Iterable[str]) -> str:
    return "\t".join(str(harmless(" ".join(cell.split()))) for cell in cells) + "\r\n"

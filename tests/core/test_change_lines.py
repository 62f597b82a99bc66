"""Changes for spreadsheets: each line is of one person and one day, so that minutes can be added up."""

from __future__ import annotations

import csv
import time
from datetime import date
from zoneinfo import ZoneInfo

import msgspec
import pytest
from test_plan import CHICAGO, at

from connecteam_sync.core.change import Change, ChangeKind
from connecteam_sync.core.change_lines import COLUMNS, changes_csv, lines_of
from connecteam_sync.core.clocktime import ClockTime, clock_time_of
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.run import Entry

ZONE = ZoneInfo(CHICAGO)
NAMES: dict[RowId, str] = {1: "Ana", 2: "=Ben\n x"}
ROW = clock_time_of(1, at("2 08:00"), at("2 12:00"), id=4)
WRITTEN = at("9 12:00")


def entry(before: ClockTime | None, after: ClockTime | None, kind: ChangeKind = "update", why: str = "why") -> Entry:
    """An entry of the journal."""
    day = date(2025, 12, 2)
    change = Change(kind=kind, before=before, after=after, shift_id="-s", user_id=7, days=(day, day), why=why)
    return Entry(number=3, cursor="3-x", run=8, at=WRITTEN, change=change)


def moved(**changed: object) -> ClockTime:
    """The row, but for this."""
    return msgspec.structs.replace(ROW, **changed)


@pytest.mark.parametrize(
    ("one", "lines"),
    [
        (entry(None, ROW, "create"), [(1, 2, "added", (0, 240))]),
        (entry(ROW, None, "delete"), [(1, 2, "removed", (240, 0))]),
        (entry(ROW, ROW, "link"), [(1, 2, "linked", (240, 240))]),
        (entry(ROW, moved(clock_out=at("2 13:00"), total_minutes=300)), [(1, 2, "changed", (240, 300))]),
        (entry(moved(clock_out=None, total_minutes=None), ROW), [(1, 2, "changed", (0, 240))]),
        (entry(ROW, moved(employee_id=2)), [(1, 2, "removed", (240, 0)), (2, 2, "added", (0, 240))]),
        (
            entry(ROW, moved(clock_in=at("3 08:00"), clock_out=at("3 09:00"), total_minutes=60)),
            [(1, 2, "removed", (240, 0)), (1, 3, "added", (0, 60))],
        ),
        # 23:59 is of the same local day, though the day of UTC is another.
        (entry(ROW, moved(clock_in=at("2 23:59"))), [(1, 2, "changed", (240, 240))]),
        (entry(moved(clock_in=at("2 23:59")), ROW), [(1, 2, "changed", (240, 240))]),
        (
            entry(moved(clock_in=at("2 23:59")), moved(clock_in=at("3 23:59"))),
            [(1, 2, "removed", (240, 0)), (1, 3, "added", (0, 240))],
        ),
    ],
)
def test_an_entry_is_a_line_of_each_person_and_day(
    one: Entry, lines: list[tuple[int, int, str, tuple[int, int]]]
) -> None:
    """One that moves a row to another of either is removed here and added there."""
    found = list(lines_of([one], NAMES, ZONE))
    assert [(line.employee_id, line.day.day, line.what, line.minutes) for line in found] == lines
    assert all(line.name == NAMES[line.employee_id] and line.entry is one for line in found)


def test_somebody_without_a_name_has_an_empty_one() -> None:
    """Entries keep their order."""
    entries = [entry(None, moved(employee_id=9), "create"), entry(ROW, None, "delete")]
    assert [line.name for line in lines_of(entries, NAMES, ZONE)] == ["", "Ana"]


def test_a_record_has_a_cell_for_each_column() -> None:
    """Local times with their offset, the moment in UTC; no formula, no line break, empty where there is nothing."""
    still_open = moved(clock_out=None, total_minutes=None, is_active=True, employee_id=2)
    parts = list(changes_csv(lines_of([entry(ROW, still_open, why="+why\x1b")], NAMES, ZONE), ZONE))
    heading, first, second = csv.reader("".join(parts).splitlines())
    assert tuple(heading) == COLUMNS
    assert dict(zip(COLUMNS, first, strict=True)) == {
        "entry": "3",
        "employee_id": "1",
        "name": "Ana",
        "day": "2025-12-02",
        "shift_id": "'-s",
        "row_id": "4",
        "what": "removed",
        "clock_in_before": "2025-12-02T08:00:00-06:00",
        "clock_out_before": "2025-12-02T12:00:00-06:00",
        "clock_in_after": "",
        "clock_out_after": "",
        "minutes_before": "240",
        "minutes_after": "",
        "delta_minutes": "-240",
        "zone": CHICAGO,
        "written_at_utc": "2025-12-09T18:00:00Z",
        "run": "8",
        "why": "'+why ",
    }
    open_line = dict(zip(COLUMNS, second, strict=True))
    assert open_line["name"] == "'=Ben  x"
    assert (open_line["clock_in_after"], open_line["clock_out_after"]) == ("2025-12-02T08:00:00-06:00", "")
    assert (open_line["minutes_before"], open_line["minutes_after"], open_line["delta_minutes"]) == ("", "", "0")


def test_a_new_row_fills_the_cells_after_the_change(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its end and minutes, too; the moment is one of UTC wherever the machine is; no shift is no text."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        made = entry(None, ROW, "create")
        made = msgspec.structs.replace(made, change=msgspec.structs.replace(made.change, shift_id=None))
        [record] = csv.reader("".join(changes_csv(lines_of([made], NAMES, ZONE), ZONE, heading=False)).splitlines())
    finally:
        monkeypatch.undo()
        time.tzset()
    cells = dict(zip(COLUMNS, record, strict=True))
    assert cells["clock_out_after"] == "2025-12-02T12:00:00-06:00"
    assert (cells["minutes_before"], cells["minutes_after"], cells["delta_minutes"]) == ("", "240", "240")
    assert (cells["written_at_utc"], cells["shift_id"], cells["what"]) == ("2025-12-09T18:00:00Z", "", "added")


def test_lines_are_told_one_by_one() -> None:
    """Each with its end; the heading comes with the first of them, or alone."""
    lines = list(lines_of([entry(None, ROW, "create"), entry(ROW, None, "delete")], NAMES, ZONE))
    first, second, rest = changes_csv(lines, ZONE)
    assert (first.count("\r\n"), second.count("\r\n"), rest) == (2, 1, "")
    assert first.startswith("entry,employee_id,name,")
    plain = list(changes_csv(lines, ZONE, heading=False))
    assert [part.count("\r\n") for part in plain] == [1, 1, 0]
    assert "".join(plain) == first.partition("\r\n")[2] + second
    assert list(changes_csv([], ZONE)) == [",".join(COLUMNS) + "\r\n"]
    assert list(changes_csv([], ZONE, heading=False)) == [""]

"""The sheet of hours: rows that are put into its file are byte for byte what the package writes cell by cell."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING

import msgspec
import pytest

from connecteam_sync.core.export_lines import ExportLine
from connecteam_sync.core.window import Window
from connecteam_sync.engine import export_tables

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

pytest.importorskip("xlsxwriter", reason="NOT TESTED: XlsxWriter is not installed")
WINDOW = Window(first=date(2025, 12, 1), last=date(2025, 12, 14), timezone="America/Chicago")
LINE = ExportLine(
    employee_id=7,
    name="Ida Moss",
    shift_id="s-1",
    first_day=WINDOW.first,
    clock_in=WINDOW.start_utc,
    clock_out=WINDOW.start_utc + 3600,
    minutes=60,
    break_minutes=0,
    job=None,
    source="connecteam",
)
TEXTS = (
    "",
    " ",
    "a b",
    " a",
    "a\u00a0",
    "a\n",
    "a & b",
    "a < b",
    "a > b",
    '"a"',
    "_x0041_",
    "a_b",
    "a\x01b",
    "Chlo\u00e9",
    "\ufffe\uffff",
    "<r>x</r>",
    "x" * 40_000,
    "\U0001f600" * 300,
    "~",
    "]]>",
    "=1+1",
)


def cell_by_cell(sheet: Worksheet, records: Iterable[Sequence[object]]) -> None:
    """What the package makes of the same rows."""
    for number, cells in enumerate(records, 1):
        export_tables._write(sheet, number, cells)


@pytest.mark.parametrize("is_draft", [False, True])
@pytest.mark.parametrize("count", [0, 1, len(TEXTS)])
def test_rows_are_what_the_package_writes(monkeypatch: pytest.MonkeyPatch, count: int, *, is_draft: bool) -> None:
    """Whatever a text has in it, numbers of any size, keys that are words, empty cells, and no line at all."""
    lines = [
        msgspec.structs.replace(LINE, name=text, employee_id=key, clock_out=None, correction=number, minutes=-(2**53))
        for number, (text, key) in enumerate(zip(TEXTS, (2**53, -(2**53) + 1, "key", *TEXTS[3:]), strict=True))
    ]
    written = export_tables.xlsx([LINE, *lines][:count], (), WINDOW, is_draft=is_draft)
    monkeypatch.setattr(export_tables, "_write_rows", cell_by_cell)
    assert export_tables.xlsx([LINE, *lines][:count], (), WINDOW, is_draft=is_draft) == written

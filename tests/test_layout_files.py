"""One file of each format, kept in `tests/golden/exports`, and read by readers that know nothing of the writers.

`python tests/test_layout_files.py` writes them.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from msgspec import structs
from openpyxl.utils.escape import unescape
from pyarrow import parquet

from connecteam_sync.core.export_lines import ExportLine
from connecteam_sync.core.exports import EXPORT_FORMATS, Export, Exported, ExportFormat, ExportTotal
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.layouts.entries import People, arranged, totals_of
from connecteam_sync.core.layouts.systems import LAYOUTS
from connecteam_sync.core.payroll_settings import LayoutSettings
from connecteam_sync.core.window import Window
from connecteam_sync.engine import export_tables as tables
from connecteam_sync.engine.export_content import Content
from connecteam_sync.engine.export_formats import chosen, encoded
from connecteam_sync.engine.export_tables import MOST_LINES, require_at_most, xlsx
from connecteam_sync.errors import ConfigurationError
from connecteam_sync.present import exports_text
from connecteam_sync.present.text import SHOWN
from connecteam_sync.store.tables.host import EmployeesNames

FOLDER = Path(__file__).parent / "golden" / "exports"
FILES: dict[ExportFormat, str] = {
    "csv": "hours.csv",
    "xlsx": "hours.xlsx",
    "parquet": "hours.parquet",
    "adp": "PRABCEPI.csv",
    "paychex": "paychex.csv",
    "gusto": "gusto.csv",
    "quickbooks": "quickbooks.iif",
    "paylocity": "paylocity.csv",
    "ukg": "ukg.csv",
}
PERIOD = Window(date(2025, 12, 1), date(2025, 12, 14), "America/Chicago")
SETTINGS = LayoutSettings(
    jobs={"pick": "100", "pack": "200"},
    systems={name: {key: one.example for key, one in layout.keys.items()} for name, layout in LAYOUTS.items()},
)
NUMBERS: dict[RowId, str] = {1: "000101", 2: "000102", 3: "000103", 4: "000104"}
EVIL = '=HYPERLINK("x")\n\u202eJo, "the" Fenn'
"""A name with a formula, a line break, a mark that turns the direction of writing, a separator and quotes."""


def _lines() -> tuple[ExportLine, ...]:
    def line(employee: int, name: str, day: int, begin: int, minutes: int, **more: Any) -> ExportLine:  # noqa: ANN401
        clock_in = int(datetime(2025, 12, day, begin, tzinfo=UTC).timestamp())
        fields: dict[str, Any] = {"break_minutes": 0, "job": "pick", "source": "connecteam", **more}
        return ExportLine(
            employee_id=employee,
            name=name,
            shift_id=f"{employee}-{day}-{begin}",
            first_day=date(2025, 12, day),
            clock_in=clock_in,
            clock_out=clock_in + minutes * 60,
            minutes=minutes,
            **fields,
        )

    return (
        line(1, "Ida Moss", 1, 14, 487, break_minutes=30),
        line(1, "Ida Moss", 2, 14, 480, job="pack"),
        line(1, "Ida Moss", 3, 14, -20, break_minutes=-5, correction=3),
        line(2, "Øre, Bo", 1, 22, 1470),
        line(2, "Øre, Bo", 4, 8, 61, job=None, source="manual"),
        line(3, EVIL, 5, 14, 245),
        line(4, "Ana Ruiz", 6, 14, 240),
        line(4, "Ana Ruiz", 7, 14, -240, correction=4, job="pack"),
        line(4, "Ana Ruiz", 8, 14, 241, job="pack"),
    )


LINES = _lines()


def content(format: ExportFormat, lines: Sequence[ExportLine] = LINES, *, is_draft: bool = False) -> bytes:  # noqa: A002 - the word that people use
    """The bytes of a file."""
    choice = chosen(format, SETTINGS, EmployeesNames(payroll_id="file_number"))
    frame, layout = choice.frame(PERIOD, is_draft=is_draft), choice.layout
    done = None if layout is None else arranged(lines, layout, frame, SETTINGS, People(NUMBERS, {}))
    made = Content(
        window=PERIOD,
        lines=tuple(lines),
        blocked=(),
        left_out=(),
        totals=totals_of(lines) if done is None else done.totals,
        entries=() if done is None else done.entries,
    )
    return b"".join(encoded(made, choice, is_draft=is_draft))


def rows_of(format: ExportFormat, given: bytes) -> list[list[Any]]:  # noqa: A002
    """Every cell of a file by a reader of others: csv, openpyxl, pyarrow; and a division by tabs."""
    if format == "xlsx":
        book = openpyxl.load_workbook(io.BytesIO(given))
        assert all(cell.data_type != "f" for sheet in book for row in sheet for cell in row)
        return [[sheet.title, *row] for sheet in book for row in sheet.iter_rows(values_only=True)]
    if format == "parquet":
        table = parquet.read_table(io.BytesIO(given))
        meta = sorted((table.schema.metadata or {}).items())
        return [
            [*meta],
            [*map(str, table.schema.types)],
            table.column_names,
            *map(list, zip(*table.to_pydict().values(), strict=True)),
        ]
    if format == "quickbooks":
        return [row.split("\t") for row in given.decode("cp1252").split("\r\n")]
    return list(csv.reader(io.StringIO(given.decode(), newline="")))


@pytest.mark.parametrize("format", EXPORT_FORMATS)
def test_a_file_is_the_kept_one(format: ExportFormat) -> None:  # noqa: A002 - the word that people use
    """Cell by cell; what is text is so byte for byte, and the same lines give the same bytes."""
    given, kept = content(format), (FOLDER / FILES[format]).read_bytes()
    assert rows_of(format, given) == rows_of(format, kept)
    if format == "xlsx":
        # Not the moment of its making: the same command finds its file again by its bytes.
        assert openpyxl.load_workbook(io.BytesIO(given)).properties.created == datetime(2025, 12, 14)  # noqa: DTZ001
    assert content(format) == given
    if format not in {"xlsx", "parquet"}:
        assert given == kept


HOURS: dict[ExportFormat, tuple[str | int, str | int, int]] = {
    "csv": ("employee_id", "net_minutes", 0),
    "xlsx": ("employee_id", "net_minutes", 0),
    "parquet": ("employee_id", "net_minutes", 2),
    "adp": ("File #", "Reg Hours", 0),
    "paychex": ("Worker ID", "Hours", 0),
    "gusto": ("gusto_employee_id", "regular_hours", 0),
    "quickbooks": ("EMP", "DURATION", 2),
    "paylocity": (0, 3, -1),
    "ukg": ("Employee Id", "Hours", 0),
}
"""The columns of person and hours, by heading or place, and the row of the heading (-1: none)."""


def _hours(format: ExportFormat) -> dict[str, float]:  # noqa: A002
    """The minutes of each person as the kept file has them, by what it knows them by."""
    rows = rows_of(format, (FOLDER / FILES[format]).read_bytes())
    who, how, head = HOURS[format]
    if format == "xlsx":
        rows = [row[1:] for row in rows if row[0] == "hours"]
    at, of = (column if isinstance(column, int) else rows[head].index(column) for column in (who, how))
    found: dict[str, float] = defaultdict(float)
    for row in rows[head + 1 :]:
        if len(row) > max(at, of):
            hours, _, minutes = str(row[of]).partition(":")
            unit = 60 if format in LAYOUTS else 1
            found[str(row[at])] += float(hours) * unit + int(minutes or 0)
    return found


@pytest.mark.parametrize("format", EXPORT_FORMATS)
def test_every_file_has_the_same_hours(format: ExportFormat) -> None:  # noqa: A002 - the word that people use
    """Those of the lines, to the hundredth of an hour that a record is rounded to."""
    net: dict[object, int] = defaultdict(int)
    for line in LINES:
        net[line.employee_id] += line.minutes - line.break_minutes
    assert net == {1: 457 + 480 - 15, 2: 1531, 3: 245, 4: 241}
    found = _hours(format)
    assert len(found) == len(net)
    for (_, minutes), written in zip(sorted(net.items(), key=str), (found[key] for key in sorted(found)), strict=True):
        assert written == pytest.approx(minutes, abs=0.9 if format in LAYOUTS and format != "quickbooks" else 0)


def test_the_sheet_of_people() -> None:
    """The sums of each, and of all; a name that is a formula is a text."""
    rows = [row[1:7] for row in rows_of("xlsx", (FOLDER / "hours.xlsx").read_bytes()) if row[0] == "people"]
    assert rows[0] == ["employee_id", "name", "minutes", "break_minutes", "net_minutes", "net_hours"]
    assert [row[4] for row in rows[1:]] == [922, 1531, 245, 241, 2939]
    assert rows[3][1] == f"'{EVIL}"
    assert rows[-1][1] == "total"
    assert rows[-1][5] == pytest.approx(2939 / 60)


@pytest.mark.parametrize("format", EXPORT_FORMATS)
def test_each_record_of_a_draft_says_so(format: ExportFormat) -> None:  # noqa: A002 - the word that people use
    """In whatever format it is."""
    heads = {"xlsx": 1, "parquet": 3, "quickbooks": 3, "paylocity": 0}
    rows = [row for row in rows_of(format, content(format, is_draft=True))[heads.get(format, 1) :] if any(row)]
    assert len(rows) >= 4
    assert all("draft" in " ".join(map(str, row)) for row in rows)
    assert "draft" not in str(rows_of(format, content(format)))


@pytest.mark.parametrize("format", EXPORT_FORMATS)
def test_a_draft_without_lines_says_so(format: ExportFormat) -> None:  # noqa: A002 - the word that people use
    """It has no line that could say it, and is told from the file of a period in which nobody worked all the same."""
    draft, real = (content(format, (), is_draft=is_draft) for is_draft in (True, False))
    assert draft != real
    assert "draft" in str(rows_of(format, draft))
    assert "draft" not in str(rows_of(format, real))


def test_the_record_of_an_empty_draft_is_nobody() -> None:
    """Its cells stand where those of a person would; no payroll system knows that one."""
    assert rows_of("adp", content("adp", (), is_draft=True))[1:] == [["ABC", "CLOCK", "draft", "", "0.00"]]
    assert rows_of("gusto", content("gusto", (), is_draft=True))[1:] == [["draft", "", "", "draft", "0.00"]]
    assert [cell for cell in rows_of("csv", content("csv", (), is_draft=True))[1] if cell] == ["draft"]


def test_the_columns_of_parquet_have_types() -> None:
    """Times are times, numbers numbers, and texts are as they are: no spreadsheet reads them."""
    table = parquet.read_table(io.BytesIO(content("parquet")))
    assert str(table.schema.field("clock_in_utc").type) == "timestamp[ms, tz=UTC]"
    assert str(table.schema.field("first_day").type) == "date32[day]"
    found = table.to_pydict()
    assert found["name"][5] == EVIL
    assert found["correction_of"] == [None, None, 3, None, None, None, None, 4, None]
    assert found["clock_in_utc"][0] == datetime(2025, 12, 1, 14, tzinfo=UTC)
    assert found["clock_in_local"][0] == "2025-12-01T08:00:00-06:00"


def test_a_sheet_is_not_cut() -> None:
    """It has 1,048,575 lines; more are refused before anything is written."""
    require_at_most(MOST_LINES)
    with pytest.raises(ConfigurationError, match="1,048,576 lines do not fit into a sheet") as caught:
        xlsx([LINES[0]] * (MOST_LINES + 1), (), PERIOD, is_draft=False)
    assert caught.value.next_step == "use --format csv or parquet"


def test_numbers_that_a_sheet_would_round() -> None:
    """A key of 19 digits is a text, since a sheet has 15 or 16 of them."""
    key = 2**63 - 1
    line = structs.replace(LINES[0], employee_id=key, name="x" * 40_000)
    book = openpyxl.load_workbook(io.BytesIO(xlsx([line], totals_of([line]), PERIOD, is_draft=False)))
    assert book["hours"]["A2"].value == book["people"]["A2"].value == str(key)
    assert len(book["hours"]["B2"].value) == 32_767


@pytest.mark.parametrize(
    "name", ["<r><t>Jo</t></r>", "<r>&</x></r>", "<r>" + "x" * 40_000, "<r>" + "</r>" * 9_000, "a\x00_x0041_"]
)
def test_a_name_is_no_markup(name: str) -> None:
    """XlsxWriter would write some texts unescaped: the sheet could not be read any more, or would say other things."""
    line = structs.replace(LINES[0], name=name)
    made = xlsx([line], totals_of([line]), PERIOD, is_draft=False)
    book = openpyxl.load_workbook(io.BytesIO(made))
    found = [unescape(str(book[sheet]["B2"].value)).removeprefix("'")[:32_000] for sheet in ("hours", "people")]
    assert found == [name[:32_000]] * 2
    assert book["hours"]["A2"].value == book["people"]["A2"].value == 1


@pytest.mark.parametrize("count", [0, 1, 8_192, 8_193, 20_000])
def test_any_number_of_lines(count: int) -> None:
    """They are written some thousand at a time."""
    lines = [structs.replace(LINES[0], minutes=n) for n in range(count)]
    table = parquet.read_table(io.BytesIO(tables.parquet(lines, PERIOD, is_draft=False)))
    assert table.column("minutes").to_pylist() == list(range(count))
    assert len(table.column_names) == 15


def test_keys_of_text() -> None:
    """They stay what they are, in each format of lines."""
    line = structs.replace(LINES[0], employee_id="-7f")
    assert xlsx([line], totals_of([line]), PERIOD, is_draft=False)
    table = parquet.read_table(io.BytesIO(tables.parquet([line], PERIOD, is_draft=False)))
    assert table.column("employee_id").to_pylist() == ["-7f"]


def test_whose_hours_rounding_moved_most_comes_first() -> None:
    """In either direction; what the text leaves out is in the manifest."""
    totals = tuple(
        ExportTotal(employee_id=n, name=f"P{n}", minutes=0, break_minutes=0, seconds_written=n * (-1) ** n)
        for n in range(1, SHOWN + 3)
    )
    export = Export(
        number=1,
        window=PERIOD,
        format="adp",
        at=0,
        by="Pia",
        file_name="a",
        file_hash="",
        lines=1,
        minutes=0,
        people=39,
        rounding="nearest_6",
        residue_seconds=-20,
    )
    done = Exported(export=export, path="a", manifest="b", break_minutes=0, totals=totals)
    lines = exports_text.exported_lines(done)
    first = lines.index("  rounding nearest_6: the file has 20 s less than the net minutes")
    assert lines[first + 1].startswith(f"    P{SHOWN + 2}: ")
    assert lines[first + 2].startswith(f"    P{SHOWN + 1}: ")
    assert "    P40: 40 s more" in lines
    assert "    P39: 39 s less" in lines
    assert "    … and 2 more people: the manifest has them" in lines


def main() -> None:
    """Write the kept files."""
    for name, file in FILES.items():
        (FOLDER / file).write_bytes(content(name))


if __name__ == "__main__":
    main()

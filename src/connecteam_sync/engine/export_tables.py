"""Exports as a workbook (XLSX) or as a table of columns (Parquet), by packages that only they need."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, time
from functools import lru_cache, partial
from tempfile import TemporaryDirectory
from traceback import clear_frames
from typing import TYPE_CHECKING

from connecteam_sync.core.export_lines import COLUMNS, ExportLine, harmless, records
from connecteam_sync.core.exports import ExportFormat, ExportTotal
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.time_texts import TimeTexts
from connecteam_sync.core.window import Window
from connecteam_sync.errors import ConfigurationError

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

PACKAGES: Mapping[str, tuple[str, str]] = {"xlsx": ("xlsxwriter", "XlsxWriter"), "parquet": ("pyarrow", "pyarrow")}
"""The module and the package of each format that needs one."""
MOST_LINES = 1_048_575
"""Lines of a sheet without its heading."""
_LONGEST_CELL = 32_767
_GROUP = 8_192
"""Lines of Parquet that are written at once: all of them would take more memory than everything else."""
_EXACT = 2**53
"""The whole numbers that a sheet holds exactly lie below."""
_OFTEN = 256
"""Texts that come on many lines and are looked at once: the lines of a person follow each other."""
_TIMES = ("first_day", "clock_in_utc", "clock_out_utc", "clock_in_local", "clock_out_local")
_PEOPLE = ("employee_id", "name", "minutes", "break_minutes", "net_minutes", "net_hours")


def require_package(format: ExportFormat) -> None:  # noqa: A002 - the word that people use
    """Raises ConfigurationError if the package that a format needs is not installed."""
    if format not in PACKAGES:
        return
    module, package = PACKAGES[format]
    try:
        __import__(module)
    except ImportError as error:
        raise ConfigurationError(
            f"the format {format} needs the package {package}; nothing was exported",
            next_step=f"pip install 'connecteam-sync[{format}]'",
        ) from error


def xlsx(lines: Sequence[ExportLine], totals: Iterable[ExportTotal], window: Window, *, is_draft: bool) -> bytes:
    """A workbook with a sheet of every line, as the long CSV has them, and one of the sums of each person.

    Every text is a text: nothing is a formula. The same lines give the same bytes. Raises ConfigurationError for more
    lines than a sheet has, and where its temporary files cannot be written.
    """
    from xlsxwriter.exceptions import FileCreateError

    require_at_most(len(lines))
    try:
        with TemporaryDirectory() as folder:
            return _workbook(folder, lines, list(totals), window, draft="draft " if is_draft else "")
    except (FileCreateError, OSError) as error:
        _let_go(error)
        # The package wraps what the system said of its temporary files.
        raise _not_written(error.args[0] if isinstance(error, FileCreateError) else error) from error


def _let_go(error: BaseException) -> None:
    """End what failed: the package leaves its archive open, in a frame of the error it wraps or of the one before."""
    of: BaseException | None = error
    while of is not None:
        clear_frames(of.__traceback__)
        of = of.__context__


def _not_written(error: object) -> ConfigurationError:
    failed = ConfigurationError(
        "the temporary files of a workbook cannot be written to the folder for such files"
        f" (TMPDIR): {getattr(error, 'strerror', None) or error}; nothing was exported",
        next_step="make room there, or name another folder in the variable TMPDIR, and run the command again",
    )
    failed.is_of_file = True
    return failed


def _workbook(
    folder: str, lines: Sequence[ExportLine], totals: Sequence[ExportTotal], window: Window, *, draft: str
) -> bytes:
    from xlsxwriter import Workbook

    buffer = io.BytesIO()
    book = Workbook(buffer, {"constant_memory": True, "tmpdir": folder})
    try:
        _fill(book, lines, totals, window, draft=draft)
        book.close()
    finally:
        for sheet in book.worksheets():
            with suppress(OSError):
                sheet.row_data_fh.close()
    return buffer.getvalue()


def _fill(
    book: Workbook, lines: Iterable[ExportLine], totals: Sequence[ExportTotal], window: Window, *, draft: str
) -> None:
    book.set_properties({"created": datetime.combine(window.last, time())})
    bold, decimal = book.add_format({"bold": True}), book.add_format({"num_format": "0.00"})
    hours = _sheet(book, f"{draft}hours", COLUMNS, bold)
    _write_rows(hours, records(lines, window, is_draft=bool(draft)))
    people = _sheet(book, f"{draft}people", _PEOPLE, bold)
    people.set_column(len(_PEOPLE) - 1, len(_PEOPLE) - 1, None, decimal)
    for number, one in enumerate(totals, 1):
        sums = (one.minutes, one.break_minutes, one.net_minutes)
        _write(people, number, (*_named(one), *sums, one.net_minutes / 60))
    minutes, breaks = sum(one.minutes for one in totals), sum(one.break_minutes for one in totals)
    net = minutes - breaks
    _write(people, len(totals) + 1, ("", f"{draft}total", minutes, breaks, net, net / 60))


def _sheet(book: Workbook, name: str, headings: Iterable[str], bold: Format) -> Worksheet:
    """A sheet with its heading, which stays in sight."""
    sheet = book.add_worksheet(name)
    sheet.freeze_panes(1, 0)
    sheet.set_row(0, None, bold)
    _write(sheet, 0, headings)
    return sheet


def require_at_most(lines: int) -> None:
    """Raises ConfigurationError for more lines than a sheet has."""
    if lines > MOST_LINES:
        raise ConfigurationError(
            f"{lines:,} lines do not fit into a sheet, which has {MOST_LINES:,}; nothing was exported",
            next_step="use --format csv or parquet",
        )


def _named(one: ExportTotal) -> tuple[RowId, RowId]:
    return harmless(one.employee_id), harmless(one.name)


def _write(sheet: Worksheet, row: int, cells: Iterable[object]) -> None:
    for column, cell in enumerate(cells):
        if isinstance(cell, str):
            if cell:
                sheet.write_string(row, column, _no_markup(cell[:_LONGEST_CELL]))
        elif isinstance(cell, int | float) and abs(cell) < _EXACT:
            sheet.write_number(row, column, cell)
        else:
            sheet.write_string(row, column, str(cell))


def _write_rows(sheet: Worksheet, rows: Iterable[Sequence[object]]) -> None:
    """Rows below a heading, as `_write` would write them, and byte for byte the same.

    A sheet of constant memory keeps its rows in a file. They are put there as they are: the package takes eight times
    as long to write each cell on its own. Texts that need more than their letters go by its own functions; those that
    come on many lines do so once, and times, which are always plain letters, never.
    """
    sheet._write_single_row(1)  # noqa: SLF001 - the heading, before the rows below it
    write = sheet.row_data_fh.write
    always = partial(_inline, sheet)
    once = lru_cache(maxsize=_OFTEN)(always)
    ways: dict[str, Callable[[object], str]] = {**dict.fromkeys(_TIMES, _letters), "shift_id": always}
    columns = [(chr(ord("A") + place), ways.get(name, once)) for place, name in enumerate(COLUMNS)]
    number = 0
    for number, cells in enumerate(rows, 2):
        row = [f'<row r="{number}">']
        for (letter, inline), cell in zip(columns, cells, strict=True):
            if isinstance(cell, int) and -_EXACT < cell < _EXACT:
                row.append(f'<c r="{letter}{number}"><v>{cell}</v></c>')
            elif cell != "":
                row.append(f'<c r="{letter}{number}" t="inlineStr"><is>{inline(cell)}</is></c>')
        row.append("</row>")
        write("".join(row))
    if number:
        sheet._check_dimensions(number - 1, len(COLUMNS) - 1)  # noqa: SLF001 - what the sheet says it spans


def _letters(cell: object) -> str:
    return f"<t>{cell}</t>"


def _inline(sheet: Worksheet, cell: object) -> str:
    text = _no_markup(str(cell)[:_LONGEST_CELL])
    if _PLAIN.fullmatch(text):
        return f"<t>{text}</t>"
    escaped = sheet._escape_data(sheet._escape_control_characters(text))  # noqa: SLF001 - as the package escapes
    return f'<t xml:space="preserve">{escaped}</t>' if text != text.strip() else f"<t>{escaped}</t>"


_PLAIN = re.compile("[!-%'-;=?-^`-~](?:[ -%'-;=?-^`-~]*[!-%'-;=?-^`-~])?")
"""Texts that are in a sheet as they are: printable letters, no mark of XML, no underscore, no blank at an end."""


def _no_markup(text: str) -> str:
    """The package takes a text between these two for marked-up text of its own, and writes it unescaped."""
    return f"'{text}"[:_LONGEST_CELL] if text.startswith("<r>") and text.endswith("</r>") else text


def parquet(lines: Sequence[ExportLine], window: Window, *, is_draft: bool) -> bytes:
    """The columns of the long CSV with their types: UTC times as timestamps, days as dates, texts as they are."""
    import pyarrow as pa
    from pyarrow import parquet as files

    local = TimeTexts(window.zone).of
    has_numbers = all(isinstance(line.employee_id, int) for line in lines)
    utc, text, whole = pa.timestamp("ms", tz="UTC"), pa.string(), pa.int64()
    kinds = {
        "employee_id": whole if has_numbers else text,
        "first_day": pa.date32(),
        "clock_in_utc": utc,
        "clock_out_utc": utc,
        "minutes": whole,
        "break_minutes": whole,
        "net_minutes": whole,
        "correction_of": whole,
    }
    cells: dict[str, Callable[[ExportLine], object]] = {
        "employee_id": lambda line: line.employee_id if has_numbers else _plain(str(line.employee_id)),
        "name": lambda line: _plain(line.name),
        "shift_id": lambda line: _plain(line.shift_id),
        "first_day": lambda line: line.first_day,
        "clock_in_utc": lambda line: _moment(line.clock_in),
        "clock_out_utc": lambda line: _moment(line.clock_out),
        "clock_in_local": lambda line: None if line.clock_in is None else local(line.clock_in),
        "clock_out_local": lambda line: None if line.clock_out is None else local(line.clock_out),
        "zone": lambda _: window.timezone,
        "minutes": lambda line: line.minutes,
        "break_minutes": lambda line: line.break_minutes,
        "net_minutes": lambda line: line.net_minutes,
        "job": lambda line: _plain(line.job_name or line.job),
        "source": lambda line: _plain(f"draft {line.source}" if is_draft else line.source),
        "correction_of": lambda line: line.correction,
    }
    facts = {"first": window.first.isoformat(), "last": window.last.isoformat(), "timezone": window.timezone}
    schema = pa.schema(
        [(name, kinds.get(name, text)) for name in COLUMNS], metadata=facts | ({"draft": "draft"} if is_draft else {})
    )
    buffer = io.BytesIO()
    with files.ParquetWriter(buffer, schema) as writer:
        for start in range(0, len(lines) or 1, _GROUP):
            group = lines[start : start + _GROUP]
            columns = [pa.array([cells[name](line) for line in group], schema.field(name).type) for name in COLUMNS]
            writer.write_table(pa.table(columns, schema=schema))
    return buffer.getvalue()


def _plain(text: str | None) -> str | None:
    """Halves of characters, which no file can hold, become question marks."""
    return None if text is None else text.encode(errors="replace").decode()


def _moment(instant: int | None) -> datetime | None:
    return None if instant is None else datetime.fromtimestamp(instant, UTC)

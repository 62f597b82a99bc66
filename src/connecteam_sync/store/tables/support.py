"""Which tables are supported: judged from the catalogue, before anything is written.

Pure: no statement is sent here. Each message names the column, the table or the engine; its cure is the one next step.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from connecteam_sync.core.clocktime import CONNECTEAM
from connecteam_sync.core.columns import of_kind
from connecteam_sync.errors import NotServed
from connecteam_sync.store.sql.catalog import TableInfo
from connecteam_sync.store.sql.dialect import Dialect
from connecteam_sync.store.sql.exact_types import LETTERS, NUMBERS, base_of, is_text
from connecteam_sync.store.sql.quoting import quoted
from connecteam_sync.store.tables.columns import HostColumns
from connecteam_sync.store.tables.definition import ValueRange
from connecteam_sync.store.tables.host import HostTables
from connecteam_sync.store.tables.rows import form_of

_MOMENTS = {"datetime", "timestamp", "timestamptz"}
_WRITABLE = _MOMENTS | {"date", "char", "character", "varchar", "text", "tinytext", "mediumtext", "longtext"}
"""Types of a column for the time of a row's last write: it is written, and never read."""
_FRACTIONS = {"decimal", "numeric", "float", "double", "real", "dec", "fixed", "number"}
_FORM = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?")
_UNITS = {"epoch_seconds": 1, "epoch_milliseconds": 1000}
_EARLIEST, _LATEST = 100_000_000, 100_000_000_000
"""Epoch seconds between 1973 and 5138: other numbers are in another unit."""
_FIRST_YEAR, _LAST_YEAR = (-62_135_596_800, -62_104_060_800), (253_370_764_800, 253_402_300_800)
"""The years 1 and 9999, in epoch seconds."""


class TableFault(NamedTuple):
    """Why a table is not supported, and the cure."""

    message: str
    cure: str


def require_table(host: HostTables, columns: HostColumns, dialect: Dialect) -> None:
    """Raises NotServed if `clock_times` is not supported as it is."""
    for fault in faults(host, columns, dialect):
        raise NotServed(f"{fault.message}; nothing was written", next_step=fault.cure)


def require_people(host: HostTables, columns: HostColumns) -> None:
    """Raises NotServed if rows of people could not be made, or not be removed again."""
    for fault in people_faults(host, columns):
        raise NotServed(f"{fault.message}; nothing was written", next_step=fault.cure)


def people_faults(host: HostTables, columns: HostColumns) -> tuple[TableFault, ...]:
    """Why no rows of people can be made."""
    made, names = columns.definition, host.employees
    computed = [
        TableFault(
            f"column {names.name!r} of table {names.table!r} is computed by the database: nobody could be added to it",
            'add people by hand and map them, with employees = "match" in connecteam-sync.toml; or make it an ordinary'
            " column, or name another under [tables.employees] name; then connecteam-sync doctor",
        )
    ] * columns.employees[names.name].is_computed
    return (*_storage_faults(names.table, made.employees), *_rule_faults(names.table, made.people_instead), *computed)


def faults(host: HostTables, columns: HostColumns, dialect: Dialect) -> tuple[TableFault, ...]:
    """Why `clock_times` is not supported; empty if it is."""
    kept = (
        *_storage_faults(host.clock_times.table, columns.definition.clock_times),
        *_row_security_faults(host.employees.table, columns.definition.employees),
        *_rule_faults(host.clock_times.table, columns.definition.instead),
    )
    return kept or (
        *_moments(host, columns, dialect),
        *_minutes(host, columns, dialect),
        *_flag(host, columns, dialect),
        *_source(host, columns),
        *_texts(host, columns),
    )


def _storage_faults(table: str, made: TableInfo) -> Iterator[TableFault]:
    """Faults of the kind or the storage engine of a table."""
    if made.kind not in {"table", "partitioned table"}:
        yield TableFault(
            f"{table!r} is a {made.kind}: nobody knows what becomes of a row that is written through it",
            "name the table behind it under [tables] in connecteam-sync.toml",
        )
    elif not made.takes_back:
        yield TableFault(
            f"table {table!r} is kept by the engine {made.engine}, which knows no transactions: what is written could"
            " not be taken back",
            f"ALTER TABLE {table} ENGINE=InnoDB, then connecteam-sync doctor",
        )
    elif made.has_heirs:
        yield TableFault(
            f"other tables inherit from {table!r}: their rows are seen as its own, and would come back as its own",
            "name a table without heirs, or make the heirs partitions; then connecteam-sync doctor",
        )
    elif made.replaces:
        yield TableFault(
            f"table {table!r} has a key with ON CONFLICT REPLACE or IGNORE: rows go, or do not come, without a word",
            "make the table again without it, then connecteam-sync doctor",
        )
    yield from _row_security_faults(table, made)


def _rule_faults(table: str, rules: tuple[str, ...]) -> Iterator[TableFault]:
    """Rules (PostgreSQL) that replace a write."""
    if rules:
        yield TableFault(
            f"table {table!r} has a rule that does something else INSTEAD of what is written: {', '.join(rules)}",
            f"DROP RULE {rules[0]} ON {table} (a trigger says as much, and it is seen what becomes of a row); then"
            " connecteam-sync doctor",
        )


def _row_security_faults(table: str, made: TableInfo) -> Iterator[TableFault]:
    """Rows that are hidden from the user of the connection."""
    if made.is_filtered:
        yield TableFault(
            f"row level security decides which rows of {table!r} this user sees and writes: hours that are hidden"
            " would be written again",
            "run with a user whom it does not concern (BYPASSRLS, or the owner of the table); then connecteam-sync"
            " doctor",
        )


# -- times -------------------------------------------------------------------------------------------------------------


def _moments(host: HostTables, columns: HostColumns, dialect: Dialect) -> Iterator[TableFault]:
    names, unit = host.clock_times, host.clock_times.clock_in_unit
    read = {getattr(names, field) for field in of_kind("moment")}
    for name in dict.fromkeys(getattr(names, field) for field in of_kind("moment", "stamp")):
        column = columns.clock_times.get(name)
        if column is None:
            continue
        is_read = name in read
        base, where = base_of(column.type), f"column {name!r} of table {names.table!r}"
        if unit is not None:
            if base not in NUMBERS and not (dialect.is_loosely_typed and base in {*_MOMENTS, "", "numeric"}):
                yield TableFault(
                    f"{where} is {column.type}, and clock_in_unit says {unit}: all four times must be whole numbers",
                    "make them all whole numbers or all datetimes, and set or remove clock_in_unit to match",
                )
        elif dialect.is_loosely_typed:
            if base in NUMBERS | _FRACTIONS | {"blob"} or "int" in base:
                yield TableFault(f"{where} is {column.type}, which holds no datetimes", _cure(name, None))
        elif base not in (_MOMENTS if is_read else _WRITABLE):
            yield TableFault(
                f"{where} is {column.type}, which is no datetime", _cure(name, base if base in NUMBERS else None)
            )
        if span := columns.definition.spans.get(name):
            yield from _values(where, names.table, name, unit, span)


def _cure(name: str, number: object | None, table: str = "", value: object = None) -> str:
    hint = (
        ""
        if number is None
        else (
            'where it holds whole epoch seconds say clock_in_unit = "epoch_seconds" under [tables.clock_times] (or'
            ' "epoch_milliseconds"); else '
        )
    )
    made = f"make {name} a column of datetimes in UTC (YYYY-MM-DD HH:MM:SS)"
    if table:
        made = f"write what stands there as YYYY-MM-DD HH:MM:SS, in UTC: {rewritten(table, name, value)}"
    return f"{hint}{made}; then connecteam-sync doctor"


def rewritten(table: str, name: str, value: object) -> str:
    """The UPDATE that turns the values of a column into datetimes (SQLite): complete if SQLite knows their format, else
    its beginning.
    """
    table, column = (part if part.isidentifier() else quoted(part) for part in (table, name))
    known = f"UPDATE {table} SET {column} = datetime({{}}) WHERE {{}}"
    if isinstance(value, int | float) and _kind_of_value(value) != "numbers":
        epochs = {"Julian": column, "milliseconds": f"{column} / 1000, 'unixepoch'"}
        of = next((form for word, form in epochs.items() if word in _kind_of_value(value)), f"{column}, 'unixepoch'")
        return known.format(of, f"typeof({column}) IN ('integer', 'real')")
    if _KNOWN.fullmatch(str(value)):
        others = f"{column} NOT GLOB '????-??-?? ??:??:??*' AND datetime({column}) IS NOT NULL"
        return known.format(column, others)
    return f"UPDATE {table}"


_KNOWN = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?")
"""The format of times that SQLite reads by itself; a zone is respected."""


def _values(where: str, table: str, name: str, unit: str | None, span: ValueRange) -> Iterator[TableFault]:
    """Faults in the form of a column's values, judged by its ends."""
    for value in (span.low, span.high):
        if value is None or value == "":
            continue
        if isinstance(value, bytes | bytearray | memoryview):
            yield TableFault(f"{where} holds bytes, which are no time", _cure(name, None))
        elif unit is None and isinstance(value, int | float):
            yield TableFault(
                f"{where} holds {_kind_of_value(value)}, which is no datetime", _cure(name, _whole(value), table, value)
            )
        elif unit is None and not _FORM.fullmatch(str(value)):
            yield TableFault(
                f"{where} holds times written like {shape(str(value))!r}", _cure(name, None, table, str(value))
            )
        elif isinstance(value, float):
            yield TableFault(
                f"{where} holds {_kind_of_value(value)} with fractions (REAL), and clock_in_unit counts whole ones",
                f"UPDATE {table} SET {name} = CAST({name} AS INTEGER) WHERE typeof({name}) = 'real', then"
                " connecteam-sync doctor",
            )
        elif unit is not None and not _fits(value, unit):
            yield TableFault(
                f"{where} holds {_kind_of_value(value)}, and clock_in_unit says {unit}",
                "correct clock_in_unit under [tables.clock_times], or the values; then connecteam-sync doctor",
            )
        else:
            continue
        return


def _whole(value: float) -> object | None:
    return value if isinstance(value, int) and abs(value) >= _EARLIEST else None


def _kind_of_value(value: object) -> str:
    """The kind of a value, without revealing it."""
    if not isinstance(value, int | float):
        return f"{shape(str(value))!r}"
    if isinstance(value, float) and 2_000_000 < value < 3_000_000:  # noqa: PLR2004 - the days of our time
        return "Julian days"
    if not _EARLIEST <= abs(value) < _EARLIEST * _LATEST:
        return "numbers"
    return "numbers like epoch seconds" if abs(value) < _LATEST else "numbers like epoch milliseconds"


def _fits(value: object, unit: str) -> bool:
    if isinstance(value, str) and not value.lstrip("-").isdecimal():
        return False
    number = int(str(value)) if isinstance(value, int | str) else None
    if number is None:
        return False
    at = number / _UNITS[unit]
    if _FIRST_YEAR[0] <= at < _FIRST_YEAR[1] or _LAST_YEAR[0] <= at < _LAST_YEAR[1]:
        return True  # values that other programs write for "unknown" and "open"
    return at < _LATEST and (unit == "epoch_seconds" or number >= _LATEST // 10)


def shape(text: str) -> str:
    """The format of a value without its content: digits as 0, letters as x except those of AM, PM, T and Z."""
    digits = re.sub(r"\d", "0", text[:40])
    return re.sub(r"[^\W\d_](?<![TZAPM])", "x", digits)


# -- minutes, flag, source ---------------------------------------------------------------------------------------------


def _minutes(host: HostTables, columns: HostColumns, dialect: Dialect) -> Iterator[TableFault]:
    names = host.clock_times
    for name in (getattr(names, field) for field in of_kind("minutes")):
        if name is None:
            continue
        kind = columns.clock_times[name].type
        base = base_of(kind)
        if base in NUMBERS | _FRACTIONS or (dialect.is_loosely_typed and not is_text(kind) and base != "blob"):
            continue
        yield TableFault(
            f"column {name!r} of table {names.table!r} is {kind}, which holds no number of minutes",
            f"make {name} a column of whole numbers (ALTER TABLE), then connecteam-sync doctor",
        )


def _flag(host: HostTables, columns: HostColumns, dialect: Dialect) -> Iterator[TableFault]:
    names, words = host.clock_times, host.clock_times.is_active_words
    kind = columns.clock_times[names.is_active].type
    where = f"column {names.is_active!r} of table {names.table!r} is {kind}"
    allowed = _allowed(columns, names.is_active)
    if words is None:
        if form_of(kind, None, dialect, is_enum=allowed is not None) is None:
            shown = f" ({', '.join(allowed)})" if allowed else ""
            yield TableFault(
                f"{where}, whose words{shown} nobody has explained",
                "say which word is which under [tables.clock_times], the one of a shift that is over first:"
                f" is_active_words = {_two_words(allowed)}",
            )
    elif not (is_text(kind) or allowed is not None):
        yield TableFault(f"{where}, which holds no words, and is_active_words is set", "remove is_active_words")
    elif allowed is not None and not {*words} <= {*allowed}:
        yield TableFault(
            f"{where}, which allows {', '.join(allowed)}, and is_active_words names others",
            "correct is_active_words under [tables.clock_times]",
        )
    # SQLite reads a text that is not a number as 0.
    span = columns.definition.spans.get(names.is_active, ValueRange())
    odd = next((one for one in (span.low, span.high) if isinstance(one, str) and one not in {"0", "1"}), None)
    if words is None and odd is not None:
        yield TableFault(
            f"column {names.is_active!r} of table {names.table!r} holds words like {shape(odd)!r}",
            'say which word is which under [tables.clock_times]: is_active_words = ["N", "Y"]',
        )


def _two_words(allowed: tuple[str, ...] | None) -> str:
    """Two words as a person would write them in the configuration, in the order of the column's declaration."""
    words = allowed if allowed is not None and len(allowed) == 2 else ("N", "Y")  # noqa: PLR2004 - two
    return f"{list(words)}".replace("'", '"')


def _source(host: HostTables, columns: HostColumns) -> Iterator[TableFault]:
    names = host.clock_times
    column = columns.clock_times[names.source]
    where = f"column {names.source!r} of table {names.table!r} is {column.type}"
    allowed = _allowed(columns, names.source)
    if allowed is not None:
        if CONNECTEAM not in allowed:
            yield TableFault(
                f"{where}, which does not allow the word {CONNECTEAM!r}",
                f"add {CONNECTEAM!r} to what the column allows (ALTER TABLE, ALTER TYPE), then connecteam-sync doctor",
            )
    elif base_of(column.type) not in LETTERS and not is_text(column.type) and column.type:
        yield TableFault(
            f"{where}, which holds no words",
            f"name a column of text under [tables.clock_times] source: {CONNECTEAM!r} in it says which rows are ours",
        )
    elif column.width is not None and column.width < len(CONNECTEAM):
        yield TableFault(
            f"{where}, too short for the word {CONNECTEAM!r}",
            f"make it at least {len(CONNECTEAM)} characters long (ALTER TABLE), then connecteam-sync doctor",
        )


def _texts(host: HostTables, columns: HostColumns) -> Iterator[TableFault]:
    """Columns for texts of Connecteam."""
    names = host.clock_times
    for field in of_kind("text"):
        column = columns.clock_times.get(getattr(names, field))
        if column is not None and base_of(column.type) not in LETTERS and not is_text(column.type) and column.type:
            yield TableFault(
                f"column {getattr(names, field)!r} of table {names.table!r} is {column.type}, which holds no words",
                f"name a column of text under [tables.clock_times] {field}; then connecteam-sync doctor",
            )


def _allowed(columns: HostColumns, name: str) -> tuple[str, ...] | None:
    """The words that an ENUM allows; None for any other column."""
    words: Mapping[str, tuple[str, ...]] = columns.definition.words
    kind = columns.clock_times[name].type
    if base_of(kind) in {"enum", "set"}:
        return tuple(word.replace("''", "'") for word in re.findall(r"'((?:[^']|'')*)'", kind))
    return words.get(name)

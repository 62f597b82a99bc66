"""The rows of a certificate: their canonical lines, the hash tree over them, and what differs from it later. Pure.

A line is one of `rows.csv` without its last cell. Whoever has that file can build the tree again with `cut` and
`sha256sum`; docs/reference.md has the rule.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Literal
from urllib.parse import quote, unquote

import msgspec

from connecteam_sync.core.clocktime import ClockTime
from connecteam_sync.core.keys import RowId, ordered

IN_THE_TREE = ("employee_id", "clock_time_id", "clock_in_utc", "clock_out_utc", "minutes", "source", "is_active")
"""The cells of a row's canonical line, in order: what the table holds of it."""
COLUMNS = (*IN_THE_TREE, "shift_id")
"""The cells of `rows.csv`. Which shift a row is linked to is not in the tree: Connecteam may replace a shift by another
one, and the row of a closed day stays as it is.
"""
CertificateFault = Literal["changed", "missing", "additional", "rows.csv", "signature", "time_stamp", "chain"]
_PLAIN = " :/"
"""What text may hold as it is, besides letters, digits and `_.-~`; all else is percent-encoded, so that a comma always
ends a cell, a line break a line, and no cell is a formula.
"""
_NUMBER = re.compile("-?[0-9]+")


class CertifiedRow(msgspec.Struct, frozen=True, gc=False):
    """A row as it is certified: its line, and what names it. `minutes` are whole; none of an open shift."""

    employee_id: RowId
    clock_time_id: RowId
    shift_id: str | None
    line: str
    minutes: int = 0


class PersonRows(msgspec.Struct, frozen=True, kw_only=True):
    """The rows of one person: how many, their whole minutes, and the root of their hashes."""

    shifts: int = 0
    minutes: int = 0
    root: str = sha256().hexdigest()


class CertificateDifference(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is not as it was certified.

    `what` is `changed`, `missing` or `additional` of a row (or, where no list of rows was given, of a person's rows:
    then `clock_time_id` is None); `rows.csv`, `signature`, `time_stamp` or `chain` of the certificate itself.
    """

    what: CertificateFault
    detail: str
    employee_id: RowId | None = None
    shift_id: str | None = None
    clock_time_id: RowId | None = None


def moment(at: int) -> str:
    """`2025-12-01T14:00:00Z`; beyond the calendar the epoch seconds themselves."""
    try:
        return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}"
    except (OverflowError, ValueError, OSError):
        return str(at)


def instant_of(text: str) -> int:
    """The instant of such a moment; 0 if it is none."""
    try:
        return int(datetime.strptime(text, "%Y-%m-%dT%H:%M:%S%z").timestamp())
    except ValueError:
        return 0


def certified(row: ClockTime, key: RowId, shift_id: str | None) -> CertifiedRow:
    """A row of the table as it is certified."""
    minutes = row.total_minutes
    cells = (
        _cell(row.employee_id),
        _cell(key),
        moment(row.clock_in),
        "" if row.clock_out is None else moment(row.clock_out),
        "" if minutes is None else str(minutes),
        _cell(row.source),
        str(int(row.is_active)),
    )
    return CertifiedRow(row.employee_id, key, shift_id, ",".join(cells), row.minutes)


def _cell(value: RowId | None) -> str:
    """A key or a text as a cell without commas, quotes and line breaks."""
    return "" if value is None else str(value) if isinstance(value, int) else quote(value, safe=_PLAIN)


def in_order(rows: Iterable[CertifiedRow]) -> tuple[CertifiedRow, ...]:
    """Rows in the order of `rows.csv`: by person, then by clock-in and key."""
    return tuple(sorted(rows, key=lambda row: (ordered(row.employee_id), _clock_in(row), ordered(row.clock_time_id))))


def _clock_in(row: CertifiedRow) -> str:
    return row.line.split(",", 3)[2]


def csv_of(rows: Iterable[CertifiedRow]) -> bytes:
    """`rows.csv`: a line for each row, without names of people."""
    lines = (f"{row.line},{_cell(row.shift_id)}\n" for row in rows)
    return "".join((",".join(COLUMNS) + "\n", *lines)).encode()


def row_hash(line: str) -> str:
    """SHA-256 of a row's line with its line feed, in small hexadecimal digits."""
    return sha256(f"{line}\n".encode()).hexdigest()


def root_of(hashes: Iterable[str]) -> str:
    """SHA-256 of hashes in hexadecimal digits, each with a line feed behind it."""
    return sha256("".join(f"{one}\n" for one in hashes).encode()).hexdigest()


def people_of(rows: Iterable[CertifiedRow]) -> dict[RowId, PersonRows]:
    """The rows of each person, in the order of their ids; `rows` are `in_order`."""
    of: dict[RowId, list[CertifiedRow]] = {}
    for row in rows:
        of.setdefault(row.employee_id, []).append(row)
    return {
        employee: PersonRows(
            shifts=len(theirs),
            minutes=sum(row.minutes for row in theirs),
            root=root_of(row_hash(row.line) for row in theirs),
        )
        for employee, theirs in of.items()
    }


class KeyKinds(msgspec.Struct, frozen=True, kw_only=True):
    """What the keys of the host's tables are: numbers or text. In `rows.csv` they look alike."""

    clock_time_id: Literal["number", "text"] = "number"
    employee_id: Literal["number", "text"] = "number"

    @classmethod
    def of(cls, rows: Sequence[CertifiedRow]) -> KeyKinds:
        """The kinds of the keys of rows; of no row: numbers."""
        if not rows:
            return cls()
        first = rows[0]
        return cls(
            clock_time_id="number" if isinstance(first.clock_time_id, int) else "text",
            employee_id="number" if isinstance(first.employee_id, int) else "text",
        )


def rows_of_csv(content: bytes, kinds: KeyKinds) -> tuple[CertifiedRow, ...]:
    """The rows of a `rows.csv`. Raises ValueError if it is none."""
    head, *lines = content.decode().split("\n")
    if head != ",".join(COLUMNS) or lines[-1:] != [""]:
        msg = f"it does not begin with the line {','.join(COLUMNS)}, or does not end with a line"
        raise ValueError(msg)
    return tuple(_row_of(line, kinds) for line in lines[:-1])


def _row_of(line: str, kinds: KeyKinds) -> CertifiedRow:
    cells = line.split(",")
    if len(cells) != len(COLUMNS):
        msg = f"a line has {len(cells)} cells"
        raise ValueError(msg)
    return CertifiedRow(
        _key(cells[0], kinds.employee_id),
        _key(cells[1], kinds.clock_time_id),
        unquote(cells[-1]) or None,
        ",".join(cells[:-1]),
        int(float(cells[4] or 0)),
    )


def _key(cell: str, kind: Literal["number", "text"]) -> RowId:
    if kind == "text":
        return unquote(cell)
    if not _NUMBER.fullmatch(cell):
        msg = f"{cell[:60]!r} is no number"
        raise ValueError(msg)
    return int(cell)


def differing_rows(then: Iterable[CertifiedRow], now: Iterable[CertifiedRow]) -> Iterator[CertificateDifference]:
    """The rows that are not as they were certified, by person and clock-in."""
    before = {row.clock_time_id: row for row in then}
    after = {row.clock_time_id: row for row in now}
    found = in_order({**after, **before}.values())
    for row in found:
        old, new = before.get(row.clock_time_id), after.get(row.clock_time_id)
        if old is None:
            yield _of_row(row, "additional", f"it was not certified: {_told(row)}")
        elif new is None:
            yield _of_row(row, "missing", f"certified was {_told(row)}")
        elif old.line != new.line:
            yield _of_row(row, "changed", "; ".join(_changes(old, new)))


def _of_row(row: CertifiedRow, what: CertificateFault, detail: str) -> CertificateDifference:
    return CertificateDifference(
        what=what,
        detail=detail,
        employee_id=row.employee_id,
        shift_id=row.shift_id,
        clock_time_id=row.clock_time_id,
    )


def _told(row: CertifiedRow) -> str:
    _, _, begin, end, minutes, source, _ = row.line.split(",")
    return f"{begin} to {end or 'no end'}, {minutes or 'no'} minutes, source {source or 'none'}"


def _changes(old: CertifiedRow, new: CertifiedRow) -> Iterator[str]:
    for name, then, now in zip(IN_THE_TREE, old.line.split(","), new.line.split(","), strict=True):
        if then != now:
            yield f"{name} {then or 'none'} -> {now or 'none'}"


def differing_people(
    then: Mapping[RowId, PersonRows], now: Mapping[RowId, PersonRows]
) -> Iterator[CertificateDifference]:
    """The people whose rows are not as they were certified, where only the roots of then are known."""
    nothing = PersonRows()
    for employee in sorted(then.keys() | now.keys(), key=ordered):
        old, new = then.get(employee, nothing), now.get(employee, nothing)
        if old.root != new.root:
            what: CertificateFault = (
                "changed" if old.shifts and new.shifts else "missing" if old.shifts else "additional"
            )
            yield CertificateDifference(
                what=what,
                detail=f"certified were {old.shifts} rows of {old.minutes} minutes,"
                f" there are {new.shifts} of {new.minutes}",
                employee_id=employee,
            )

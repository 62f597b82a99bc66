"""What the lines of an export are made of, beside the rows: the shift of each row, and breaks with their types."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import chain
from typing import Any

from connecteam_sync.core.breaks import LONGEST_BREAK, Breaks, ShiftOfRow
from connecteam_sync.core.corrections import Correction
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.shift import Break
from connecteam_sync.core.window import Window
from connecteam_sync.errors import ConfigurationError
from connecteam_sync.store.mirror.break_types import break_types_query
from connecteam_sync.store.session import Session
from connecteam_sync.store.sql.pipeline import Query
from connecteam_sync.store.sql.traits import Kind
from connecteam_sync.store.tables import rows
from connecteam_sync.store.tables.keys import row_id

_SHIFT = "s.id, s.user_id, s.time_clock_id, s.job_id, s.sub_job_id"


def shifts_of_rows(session: Session, window: Window) -> dict[RowId, ShiftOfRow]:
    """The shift of each row whose clock-in lies in the window: also one that begins elsewhere by now, or is gone, while
    the row stays with its closed day.
    """
    d, names = session.dialect, session.host.clock_times
    key = d.keys.row.cast.format(f"t.{d.name(names.id)}")
    sql = (
        f"SELECT s.clock_time_id, {_SHIFT} FROM {session.rows_by_clock_in}"
        f" JOIN {session.own.shifts} s ON s.clock_time_id = {key} WHERE {d.between(f't.{d.name(names.clock_in)}')}"
    )
    [found] = session.fetch(Query(sql, {"start": window.start_utc, "end": window.end_utc}))
    # A row is that of one shift at most: an index of ours sees to it.
    return {row_id(row[0]): _shift(row[1:]) for row in found}


def shifts_of(session: Session, corrections: Iterable[Correction]) -> dict[str, ShiftOfRow]:
    """The shifts that corrections are about, by id, whether Connecteam still shows them or not."""
    d = session.dialect
    sql = f"SELECT {_SHIFT} FROM {d.rowset({'id': 'key'})} {d.lookup} {session.own.shifts} s ON s.id = d.id"
    wanted = dict.fromkeys(one.shift_id for one in corrections if one.shift_id is not None)
    found = session.fetch(*session.all_of(sql, ({"id": key} for key in wanted))) if wanted else []
    return {row[0]: _shift(row) for row in chain.from_iterable(found)}


def _shift(row: Sequence[Any]) -> ShiftOfRow:
    shift, user, clock, job, sub_job = row
    return ShiftOfRow(str(shift), int(user), int(clock), job, sub_job)


def breaks(
    session: Session, start: int, end: int, corrections: Iterable[Correction], shifts: dict[str, ShiftOfRow]
) -> Breaks:
    """The breaks that Connecteam shows in a span of instants and around the times of corrections, and their types."""
    d, columns = session.dialect, ", ".join(f"b.{column}" for column in rows.BREAK)
    near = f"SELECT {columns} FROM {session.own.breaks} b WHERE b.is_gone = 0 AND start_at > :start AND start_at < :end"
    kinds: dict[str, Kind] = {"user_id": "int", "clock_id": "int", "since_at": "int", "until_at": "int"}
    around = (
        f"SELECT {columns} FROM {d.rowset(kinds)} {d.lookup} {session.own.breaks} b ON b.user_id = d.user_id"
        " AND b.time_clock_id = d.clock_id AND b.start_at > d.since_at AND b.start_at < d.until_at"
        " WHERE b.is_gone = 0"
    )
    spans = list(_spans(corrections, shifts))
    types, *found = session.fetch(
        break_types_query(session.own),
        Query(near, {"start": start - LONGEST_BREAK, "end": end}, rows.manual_break),
        *(session.all_of(around, spans, rows.manual_break) if spans else ()),
    )
    by_id: dict[str, Break] = {item.id: item for item in chain.from_iterable(found)}
    by_person: dict[tuple[int, int], list[Break]] = defaultdict(list)
    for item in by_id.values():
        by_person[item.user_id, item.time_clock_id].append(item)
    paid = {(one.time_clock_id, one.id): None if one.is_paid is None else bool(one.is_paid) for one in types}
    return Breaks(by_person, paid)


def payroll_ids(session: Session) -> dict[RowId, str]:
    """The number in the payroll system of each employee who has one, as text: whole numbers by their digits.

    Raises ConfigurationError if the table of people has no such column.
    """
    d, names = session.dialect, session.host.employees
    column = names.payroll_id
    if column is None or column not in session.columns.employees:
        raise ConfigurationError(
            f"table {names.table!r} has no column {column!r} (for payroll_id); nothing was exported",
            next_step='name the column under [tables.employees] payroll_id = "…", or add it to the table',
        )
    key = d.keys.employee.read.format(d.name(names.id))
    [found] = session.fetch(Query(f"SELECT {key}, {d.name(column)} FROM {d.table(names.table)}"))
    return {row_id(row[0]): text for row in found if (text := _number(row[1]))}


def _number(value: Any) -> str:  # noqa: ANN401 - whatever the host keeps there
    """A number as text: 123.0 and a decimal without places as 123; bytes as the text that they are."""
    if value is None:
        return ""
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).decode("utf-8", "replace").strip()
    if isinstance(value, float | Decimal) and value == value // 1:
        return str(int(value))
    return str(value).strip()


def _spans(corrections: Iterable[Correction], shifts: dict[str, ShiftOfRow]) -> Iterable[dict[str, object]]:
    for one in corrections:
        shift = shifts.get(one.shift_id or "")
        for times in (one.before, one.after):
            if shift is not None and times is not None and times.clock_out is not None:
                yield {
                    "user_id": shift.user_id,
                    "clock_id": shift.time_clock_id,
                    "since_at": times.clock_in - LONGEST_BREAK,
                    "until_at": times.clock_out,
                }

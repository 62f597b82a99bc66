"""The journal: every change of every run, with whole rows before and after. Append-only."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from typing import Any

import msgspec

from connecteam_sync.core.change import Change
from connecteam_sync.core.clocktime import ClockTime, TrackedShift
from connecteam_sync.core.columns import ROW, ColumnKind
from connecteam_sync.core.keys import RowId
from connecteam_sync.store.session import Session
from connecteam_sync.store.sql.bulk import packing
from connecteam_sync.store.sql.pipeline import Query
from connecteam_sync.store.sql.traits import Kind
from connecteam_sync.store.tables.rows import Image, Written

ENTRY: dict[str, Kind] = {
    "kind": "text",
    "clock_time_id": "link",
    "shift_id": "text",
    "employee_id": "who",
    "previous_employee_id": "who",
    "first_day": "text",
    "last_day": "text",
    "why": "text",
    "change_json": "text",
    "row_before": "text",
    "row_after": "text",
    "memory_before": "text",
}
JOURNAL: dict[str, Kind] = {"run_id": "int", "at": "int", **ENTRY}
_SHARED = ("kind", "previous_employee_id", "first_day", "last_day", "why", "change_json", "row_before", "row_after")
"""Columns of ENTRY in which many entries that follow each other have the same: new rows of a day."""


class ChangeDetails(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """The part of a change that is stored as JSON in its entry: the canonical row before and after, and the user."""

    before: ClockTime | None = None
    after: ClockTime | None = None
    user_id: int | None = None


def change_of(entry: Mapping[str, Any]) -> Change:
    """The change of a journal entry."""
    details = msgspec.json.decode(entry["change_json"], type=ChangeDetails)
    return Change(
        kind=entry["kind"],
        before=details.before,
        after=details.after,
        shift_id=entry["shift_id"],
        user_id=details.user_id,
        days=(date.fromisoformat(entry["first_day"]), date.fromisoformat(entry["last_day"])),
        why=entry["why"],
    )


def write_journal(
    session: Session,
    changes: Iterable[Change],
    before: Mapping[RowId, Image],
    after: Mapping[RowId, Written],
    remembered: Callable[[Change], Mapping[str, TrackedShift | None]],
    *,
    run: int,
    now: int,
) -> None:
    """Write an entry for every change, with whole rows before and after; `remembered` returns the tracked shifts of a
    change as they were before it.

    MySQL and MariaDB copy rows of `after` that were not read whole from the table themselves: they would be most of the
    data to send.
    """
    encode = msgspec.json.Encoder().encode
    days: dict[date, str] = {}

    def entries() -> Iterator[tuple[object, ...]]:
        """The values of each entry, in the order of ENTRY, and its user; generated, since they are large."""
        for change in changes:
            image = change.image
            if image.id is None:
                continue
            first, last = change.days
            whole = after[image.id][1] if change.after else None
            in_table = change.after is not None and whole is None
            details = None if in_table else encode(ChangeDetails(change.before, change.after, change.user_id)).decode()
            yield (
                change.kind,
                image.id,
                change.shift_id,
                image.employee_id,
                change.before.employee_id if change.before else None,
                days.get(first) or days.setdefault(first, first.isoformat()),
                days.get(last) or days.setdefault(last, last.isoformat()),
                change.why,
                details,
                before[image.id][1] if change.before else None,
                whole,
                encode(remembered(change)).decode(),
                change.user_id,
            )

    if session.dialect.copies_images:
        sql = _from_table(session)
        for _, packed in session.fitting(entries(), packing((*ENTRY, "user_id"), shared=_SHARED, in_order=True)):
            session.later(Query(sql, {"rows": packed, "run": run, "now": now}))
    else:
        session.insert_many(session.own.changes, JOURNAL, ((run, now, *entry[:-1]) for entry in entries()))


def _in_json(session: Session, kind: ColumnKind, value: str) -> str:
    """The SQL expression that makes a canonical column a JSON value."""
    d = session.dialect
    key = {"key": d.keys.row, "person": d.keys.person}.get(kind)
    if key is not None and key.is_text:
        return f"json_quote({key.cast.format(value)})"
    if key is not None and key.is_unsigned:
        return f"CAST({value} AS UNSIGNED)"
    if kind == "flag":
        return f"CASE {value} WHEN 1 THEN 'true' ELSE 'false' END"
    if kind in {"word", "text"}:
        return f"json_quote({value})" if kind == "word" else f"coalesce(json_quote({value}), 'null')"
    # Cast, since a ZEROFILL column has leading zeros, which JSON does not allow.
    return f"coalesce(CAST({value} AS {d.bigint}), 'null')"


def _from_table(session: Session) -> str:
    """INSERT of entries with the user of each, as `packing` gives them; one without `change_json` gets the row that
    the table has now.
    """
    d, names = session.dialect, session.host.clock_times
    row = {column.field: _in_json(session, column.kind, session.canonical[column.field]) for column in ROW}
    members = ", ',', ".join(f"'\"{field}\":', {value}" for field, value in row.items())
    details = f"concat('{{\"after\":{{', {members}, '}},\"user_id\":', coalesce(d.user_id, 'null'), '}}')"
    whole = d.image("t", session.columns.types)
    values = {"run_id": ":run", "at": ":now"} | {column: f"d.{column}" for column in ENTRY}
    values |= {
        "change_json": f"coalesce(d.change_json, {details})",
        "row_after": f"CASE WHEN d.change_json IS NULL THEN {whole} ELSE d.row_after END",
    }
    entries = d.rowset({**ENTRY, "clock_time_id": "row", "user_id": "int"}, packed=_SHARED)
    row_now = f"{session.clock_times} t ON t.{d.name(names.id)} = d.clock_time_id AND d.change_json IS NULL"
    return d.insert(session.own.changes, f"{entries} LEFT JOIN {row_now}", values)

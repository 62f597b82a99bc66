"""The ledger of exports: what was written of a pay period, when, by whom, and with which corrections."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Table, func, insert, select

from connecteam_sync.core.exports import Carried, Export
from connecteam_sync.core.window import Window
from connecteam_sync.store.session import Session
from connecteam_sync.store.sql.traits import Kind


def newest_of(session: Session, window: Window) -> int | None:
    """The number of the newest export of a period; None if it was never exported."""
    exports = session.tables.exports
    wanted = select(func.max(exports.c.id)).where(*_of(exports, window))
    found = session.connection.execute(wanted).scalar()
    return None if found is None else int(found)


def ledger(
    session: Session, window: Window | None = None, *, after: int = 0, limit: int | None = None
) -> tuple[Export, ...]:
    """The exports (of a window, if one is given) by number, each with the one that replaced it, and who opened its
    period after it; at most `limit` with a larger number than `after`.
    """
    exports, events = session.tables.exports, session.tables.period_events
    later = exports.alias("later")
    opened = (
        select(func.max(events.c.id))
        .where(
            events.c.kind == "reopen",
            events.c.first_day == exports.c.first_day,
            events.c.last_day == exports.c.last_day,
            events.c.timezone == exports.c.timezone,
            events.c.at > exports.c.at,
        )
        .correlate(exports)
        .scalar_subquery()
    )
    wanted = (
        select(exports, later.c.id.label("replaced_by"), opened.label("opened"))
        .select_from(exports.outerjoin(later, later.c.replaces == exports.c.id))
        .where(exports.c.id > after)
        .order_by(exports.c.id)
        .limit(limit)
    )
    if window is not None:
        wanted = wanted.where(*_of(exports, window))
    rows = session.connection.execute(wanted).mappings().all()
    numbers = {row["opened"] for row in rows} - {None}
    by_number: dict[int, tuple[int, str]] = {}
    if numbers:
        asked = select(events.c.id, events.c.at, events.c.actor).where(events.c.id.in_(sorted(numbers)))
        by_number = {int(number): (int(at), who) for number, at, who in session.connection.execute(asked)}
    nothing: tuple[int | None, str | None] = (None, None)
    found = []
    for row in rows:
        at, who = nothing if row["opened"] is None else by_number[int(row["opened"])]
        of_it = {"replaced_by": row["replaced_by"], "reopened_at": at, "reopened_by": who}
        found.append(msgspec.structs.replace(_export(row), **of_it))
    return tuple(found)


def _of(exports: Table, window: Window) -> tuple[ColumnElement[bool], ...]:
    return (
        exports.c.first_day == window.first.isoformat(),
        exports.c.last_day == window.last.isoformat(),
        exports.c.timezone == window.timezone,
    )


def one(session: Session, number: int) -> tuple[Export, Carried]:
    """An export that is in the ledger, and what it carried."""
    exports = session.tables.exports
    row = session.connection.execute(select(exports).where(exports.c.id == number)).mappings().one()
    return _export(row), _carried(row)


def counting(session: Session) -> dict[Window, int]:
    """The number of the export that counts, of each period that was exported: its newest."""
    exports = session.tables.exports
    key = (exports.c.first_day, exports.c.last_day, exports.c.timezone)
    wanted = select(*key, func.max(exports.c.id)).group_by(*key)
    return {
        Window(date.fromisoformat(first), date.fromisoformat(last), timezone): int(number)
        for first, last, timezone, number in session.connection.execute(wanted)
    }


def paid_before(session: Session, window: Window) -> tuple[Window, ...]:
    """The periods of other time zones that share instants with a window, and were exported before it ever was: their
    files have the hours of both.
    """
    exports = session.tables.exports
    key = (exports.c.first_day, exports.c.last_day, exports.c.timezone)
    begun = {
        Window(date.fromisoformat(first), date.fromisoformat(last), timezone): int(number)
        for first, last, timezone, number in session.connection.execute(
            select(*key, func.min(exports.c.id)).group_by(*key)
        )
    }
    mine = begun.get(window)
    return tuple(
        of
        for of, number in sorted(begun.items())
        if of.timezone != window.timezone
        and (mine is None or number < mine)
        and of.start_utc < window.end_utc
        and window.start_utc < of.end_utc
    )


def add(session: Session, export: Export, carried: Carried) -> int:
    """Add an export to the ledger, and note it on the corrections that no export carried before; its number."""
    values = {
        "first_day": export.window.first.isoformat(),
        "last_day": export.window.last.isoformat(),
        "timezone": export.window.timezone,
        "format": export.format,
        "at": export.at,
        "actor": export.by,
        "file_name": export.file_name,
        "file_hash": export.file_hash,
        "file_lines": export.lines,
        "minutes": export.minutes,
        "corrections": msgspec.json.encode(carried).decode(),
        "replaces": export.replaces,
        "reason": export.reason,
    }
    done = session.connection.execute(insert(session.tables.exports).values(**values))
    if done.inserted_primary_key is None:
        raise AssertionError(values)
    number = int(done.inserted_primary_key[0])
    _mark(session, carried.corrections, number)
    return number


def _mark(session: Session, corrections: Iterable[int], number: int) -> None:
    d = session.dialect
    kinds: dict[str, Kind] = {"id": "int", "number": "int"}
    update = d.update(
        session.own.corrections,
        d.rowset(kinds),
        {"export_id": "d.number"},
        "t.id = d.id AND t.export_id IS NULL AND t.state = 'accepted'",
    )
    session.write_set(update, ({"id": one, "number": number} for one in corrections))


def _carried(row: Mapping[Any, Any]) -> Carried:
    return msgspec.json.decode(row["corrections"], type=Carried)


def _export(row: Mapping[Any, Any]) -> Export:
    carried = _carried(row)
    return Export(
        number=int(row["id"]),
        window=Window(date.fromisoformat(row["first_day"]), date.fromisoformat(row["last_day"]), row["timezone"]),
        format=row["format"],
        at=int(row["at"]),
        by=row["actor"],
        file_name=row["file_name"],
        file_hash=row["file_hash"],
        lines=int(row["file_lines"]),
        minutes=int(row["minutes"]),
        people=carried.people,
        corrections=carried.corrections,
        left_out=carried.left_out,
        rounding=carried.rounding,
        residue_seconds=carried.residue_seconds,
        replaces=row["replaces"],
        reason=row["reason"],
    )

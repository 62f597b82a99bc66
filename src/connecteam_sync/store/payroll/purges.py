"""Purges of days, legal holds and erasures on record. A purge is an entry with counts; its days are closed for good."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import msgspec
from sqlalchemy import insert, select, update

from connecteam_sync.core.keys import RowId
from connecteam_sync.core.periods import spelled
from connecteam_sync.core.retention import Erasure, LegalHold, Purge, PurgeCounts, overlapping
from connecteam_sync.core.window import Window, local_day
from connecteam_sync.errors import RetentionRefused
from connecteam_sync.store.session import Session
from connecteam_sync.store.sql.pipeline import Query
from connecteam_sync.store.tables.keys import row_id
from connecteam_sync.store.tables.own import OwnTables

# -- purges ------------------------------------------------------------------------------------------------------------


def purges_query(own: OwnTables) -> Query:
    """Every purge on record, newest first."""
    return Query(
        "SELECT id, first_day, last_day, timezone, with_rows, state, begun_at, done_at, actor, counts, first_entry,"
        f" last_entry FROM {own.purges} ORDER BY id DESC",
        make=_purge,
    )


def purges(session: Session) -> tuple[Purge, ...]:
    """Every purge on record, newest first."""
    return tuple(session.fetch(purges_query(session.own))[0])


def _purge(row: Any) -> Purge:  # noqa: ANN401 - a row of the driver
    number, first, last, zone, with_rows, state, begun, done, actor, counts, first_entry, last_entry = row
    return Purge(
        number=int(number),
        window=Window(date.fromisoformat(first), date.fromisoformat(last), zone),
        with_rows=bool(with_rows),
        state=state,
        begun_at=int(begun),
        done_at=None if done is None else int(done),
        by=actor,
        counts=msgspec.json.decode(counts, type=PurgeCounts),
        entries=None if first_entry is None else (int(first_entry), int(last_entry)),
    )


def purged_in(session: Session, window: Window) -> tuple[Purge, ...]:
    """The purges that have days of a window, newest first."""
    return overlapping(purges(session), window.first, window.last)


def require_kept(session: Session, window: Window, so: str) -> None:
    """Raises RetentionRefused if any day of the window was purged; `so` says what is refused: "is not exported"."""
    found = purged_in(session, window)
    if found:
        raise RetentionRefused(
            f"{spelled(window)} {so}: {purged_text(found[0])}",
            next_step="what was purged cannot come back; connecteam-sync retention check lists the purges",
        )


def purged_text(purge: Purge) -> str:
    """`2021-01-01..2021-12-31 was purged on 2025-01-03 by ana`."""
    on = "" if purge.begun_at is None else f" on {local_day(purge.begun_at, purge.window.zone)}"
    return f"{purge.name} was purged{on} by {purge.by}"


def begin(session: Session, purge: Purge) -> Purge:
    """Put a purge on record: from now on its days are closed. The purge with its number."""
    values = {
        "first_day": purge.window.first.isoformat(),
        "last_day": purge.window.last.isoformat(),
        "timezone": purge.window.timezone,
        "with_rows": int(purge.with_rows),
        "state": "begun",
        "begun_at": purge.begun_at,
        "actor": purge.by,
        "counts": _text(PurgeCounts()),
    }
    key = session.connection.execute(insert(session.tables.purges).values(**values)).inserted_primary_key
    return msgspec.structs.replace(
        purge, number=0 if key is None else int(key[0]), state="begun", counts=PurgeCounts(), stays=None
    )


def advance(session: Session, purge: Purge, *, done_at: int | None = None) -> Purge:
    """Note what a purge has removed so far, in the transaction that removes it; with `done_at` also that it is done."""
    first, last = (None, None) if purge.entries is None else purge.entries
    values = {"counts": _text(purge.counts), "first_entry": first, "last_entry": last}
    if done_at is not None:
        values |= {"state": "done", "done_at": done_at}
        purge = msgspec.structs.replace(purge, state="done", done_at=done_at)
    table = session.tables.purges
    session.connection.execute(update(table).where(table.c.id == purge.number).values(**values))
    return purge


def _text(counts: msgspec.Struct) -> str:
    return msgspec.json.encode(counts).decode()


# -- legal holds -------------------------------------------------------------------------------------------------------


def legal_holds(session: Session, *, every: bool = False) -> tuple[LegalHold, ...]:
    """The legal holds that stand, or every one on record, by number."""
    table = session.tables.legal_holds
    wanted = select(table).order_by(table.c.id)
    if not every:
        wanted = wanted.where(table.c.released_at.is_(None))
    rows = session.connection.execute(wanted).mappings().all()
    names = {one.id: one.name for one in session.employees()} if rows else {}
    return tuple(_legal_hold(row, names) for row in rows)


def _legal_hold(row: Mapping[Any, Any], names: Mapping[RowId, str | None]) -> LegalHold:
    employee = row_id(row["employee_id"])
    return LegalHold(
        number=int(row["id"]),
        employee_id=employee,
        employee_name=names.get(employee),
        at=int(row["at"]),
        by=row["actor"],
        reason=row["reason"],
        released_at=row["released_at"],
        released_by=row["released_by"],
        released_reason=row["released_reason"],
    )


def hold(session: Session, employee: RowId, *, by: str, reason: str, now: int) -> None:
    """Put a person on a legal hold."""
    values = {"employee_id": employee, "at": now, "actor": by, "reason": reason}
    session.connection.execute(insert(session.tables.legal_holds).values(**values))


def release(session: Session, numbers: Iterable[int], *, by: str, reason: str, now: int) -> None:
    """Release legal holds; they stay on record."""
    table = session.tables.legal_holds
    values = {"released_at": now, "released_by": by, "released_reason": reason}
    session.connection.execute(update(table).where(table.c.id.in_(list(numbers))).values(**values))


# -- erasures ----------------------------------------------------------------------------------------------------------


def record_erasure(session: Session, erasure: Erasure) -> Erasure:
    """Put an erasure on record: whose key, who did it, and counts."""
    kinds = ("users", "receipts", "holds", "plans", "files")
    counts = {kind: getattr(erasure, kind) for kind in kinds}
    values = {
        "employee_id": erasure.employee_id,
        "at": erasure.at,
        "actor": erasure.by,
        "counts": msgspec.json.encode(counts).decode(),
    }
    key = session.connection.execute(insert(session.tables.erasures).values(**values)).inserted_primary_key
    return msgspec.structs.replace(erasure, number=0 if key is None else int(key[0]))

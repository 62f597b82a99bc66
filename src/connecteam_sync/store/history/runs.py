"""Runs and their slices: the receipts."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec
from sqlalchemy import func, select

from connecteam_sync.core.run import Run, RunKind, Slice
from connecteam_sync.core.window import Window
from connecteam_sync.errors import NotFound
from connecteam_sync.store.history.receipt_text import receipt_of, text_of
from connecteam_sync.store.session import Session
from connecteam_sync.store.sql.pipeline import Query, Rows
from connecteam_sync.store.sql.statements import PendingId
from connecteam_sync.store.sql.traits import Kind
from connecteam_sync.store.tables.own import OwnTables

# -- writing -----------------------------------------------------------------------------------------------------------


def begin_run(session: Session, run: Run) -> PendingId:
    """Insert a run, in the transaction that first writes for it. Its number was never used before."""
    own = session.own
    session.begun = session.insert_one(
        own.runs,
        {
            "kind": run.kind,
            "first_day": run.window.first.isoformat(),
            "last_day": run.window.last.isoformat(),
            "timezone": run.window.timezone,
            "version": run.version,
            "host": run.host[:191],
            "started_at": run.started_at,
            "finished_at": run.finished_at,
            "undoes": run.undoes,
            "statements": run.statements,
            "http_calls": run.http_calls,
            "asked_by": run.asked_by and run.asked_by[:191],
            "trigger_kind": run.trigger,
        },
        above=[("run_id", table) for table in (own.changes, own.slices, own.adoptions)],
    )
    return session.begun


def record_slice(session: Session, run: int, slice_: Slice, people: Mapping[str, object] | None = None) -> PendingId:
    """Write the receipt of one slice and return its number; `people` are the employees made, removed and renamed, for
    undo.
    """
    return session.insert_one(
        session.own.slices,
        {
            "run_id": run,
            "time_clock_id": slice_.time_clock_id,
            "first_day": slice_.window.first.isoformat(),
            "last_day": slice_.window.last.isoformat(),
            "status": slice_.status,
            "receipt": text_of(slice_),
            "employees": msgspec.json.encode(people).decode() if people else None,
        },
        above=[("slice_id", session.own.inputs)],
    )


def finish_run(session: Session, run: int, *, now: int, statements: int, http_calls: int) -> None:
    """Store the end of a run, and how many statements and HTTP calls it made."""
    session.later(
        Query(
            f"UPDATE {session.own.runs} SET finished_at = :now, statements = :statements, http_calls = :calls"
            " WHERE id = :run",
            {"run": run, "now": now, "statements": statements, "calls": http_calls},
        )
    )


# -- receipts that are folded (`folding`) ------------------------------------------------------------------------------

FOLDING = "folding"
"""The name of its row in `service`."""


class Folding(msgspec.Struct, frozen=True):
    """How far receipts are folded: the last run that was looked at, and when the next pass may begin (epoch)."""

    after: int = 0
    next_due: int = 0


def folding_query(own: OwnTables) -> Query:
    """The query whose rows `folding_of` takes."""
    return Query(f"SELECT value FROM {own.service} WHERE name = '{FOLDING}'")


def folding_of(fetched: Rows) -> Folding:
    """How far receipts are folded."""
    return next((msgspec.json.decode(value, type=Folding) for (value,) in fetched), Folding())


# -- runs --------------------------------------------------------------------------------------------------------------


def runs(
    session: Session,
    *,
    limit: int | None = None,
    kind: RunKind | None = None,
    without: RunKind | None = None,
    before: int | None = None,
) -> tuple[Run, ...]:
    """Runs with their slices, newest first; of one kind, or without one; with a smaller number than `before`."""
    t = session.tables
    wanted = select(t.runs).order_by(t.runs.c.id.desc())
    if kind is not None:
        wanted = wanted.where(t.runs.c.kind == kind)
    if without is not None:
        wanted = wanted.where(t.runs.c.kind != without)
    if before is not None:
        wanted = wanted.where(t.runs.c.id < before)
    if limit is not None:
        wanted = wanted.limit(limit)
    fetched = [dict(row) for row in session.connection.execute(wanted).mappings()]
    if not fetched:
        return ()
    ids = [row["id"] for row in fetched]
    own = select(t.slices.c.run_id, t.slices.c.receipt).where(t.slices.c.run_id.between(min(ids), max(ids)))
    if kind is not None:
        own = own.join(t.runs, t.runs.c.id == t.slices.c.run_id).where(t.runs.c.kind == kind)
    slices: dict[int, list[Slice]] = {}
    for run_id, receipt in session.connection.execute(own.order_by(t.slices.c.id)):
        slices.setdefault(run_id, []).append(receipt_of(receipt))
    undoing = select(t.runs.c.undoes, t.runs.c.id).where(t.runs.c.undoes.between(min(ids), max(ids)))
    undone = {row.undoes: row.id for row in session.connection.execute(undoing)}
    return tuple(_run(row, tuple(slices.get(row["id"], ())), undone.get(row["id"])) for row in fetched)


def run(session: Session, number: int) -> Run:
    """One run, in one statement. Raises NotFound."""
    t = session.tables
    later = t.runs.alias("later")
    undone_by = select(func.max(later.c.id)).where(later.c.undoes == number).scalar_subquery()
    wanted = (
        select(t.runs, t.slices.c.receipt, undone_by.label("undone_by"))
        .join(t.slices, t.slices.c.run_id == t.runs.c.id, isouter=True)
        .where(t.runs.c.id == number)
        .order_by(t.slices.c.id)
    )
    found = session.connection.execute(wanted).mappings().all()
    if not found:
        raise NotFound(
            f"there is no run {number}",
            next_step="`connecteam-sync runs` lists them; old ones with nothing are folded (`keep_quiet_receipts`), and"
            " those of purged days are gone: connecteam-sync retention check",
        )
    slices = tuple(receipt_of(row["receipt"]) for row in found if row["receipt"] is not None)
    return _run(dict(found[0]), slices, found[0]["undone_by"])


def _run(row: Mapping[str, Any], slices: tuple[Slice, ...], undone_by: int | None) -> Run:
    return Run(
        id=row["id"],
        kind=row["kind"],
        window=Window(date.fromisoformat(row["first_day"]), date.fromisoformat(row["last_day"]), row["timezone"]),
        slices=slices,
        version=row["version"],
        host=row["host"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        undoes=row["undoes"],
        undone_by=undone_by,
        statements=row["statements"],
        http_calls=row["http_calls"],
        asked_by=row["asked_by"],
        trigger=row["trigger_kind"],
    )


# -- the lists that runs go by -----------------------------------------------------------------------------------------
# Processes that look after one account each remember its lists. Where the newest receipt says that its run went by
# equal ones, nobody has newer ones, and they need not be fetched again. Who remembers nothing, as a command, notes
# nothing: a receipt after such a run is of another run than the note.

_LISTS = "lists"


class UsedLists(msgspec.Struct, frozen=True):
    """The digests of the lists that a run went by; empty where it had none, or where another run may have had newer
    ones.
    """

    people: str = ""
    time_clocks: str = ""


UNKNOWN = UsedLists()
"""Nobody can say by which."""


class _UsedNote(UsedLists, frozen=True):
    run: int = 0


def used_lists_columns(own: OwnTables) -> str:
    """The two expressions whose values `used_lists_of` takes."""
    return (
        f"(SELECT value FROM {own.service} WHERE name = '{_LISTS}'),"
        f" (SELECT run_id FROM {own.slices} WHERE id = (SELECT max(id) FROM {own.slices}))"
    )


def used_lists_query(own: OwnTables) -> Query:
    """The query whose one row `used_lists_of` takes."""
    return Query(f"SELECT {used_lists_columns(own)}")


def used_lists_of(value: str | None, newest_run: int | None) -> UsedLists:
    """The lists of the run that wrote the newest receipt; without digests where nobody has said so."""
    if value is None or newest_run is None:
        return UNKNOWN
    note = msgspec.json.decode(value, type=_UsedNote)
    return note if note.run == newest_run else UNKNOWN


def note_used_lists(session: Session, run: int, used: UsedLists) -> None:
    """Note by which lists a run goes, with its receipt."""
    note = _UsedNote(people=used.people, time_clocks=used.time_clocks, run=run)
    values = {"name": _LISTS, "value": msgspec.json.encode(note).decode(), "at": int(time.time())}
    columns: Mapping[str, Kind] = {"name": "text", "value": "text", "at": "int"}
    session.later_set(session.dialect.upsert(session.own.service, columns, "name", keep=frozenset({"name"})), [values])

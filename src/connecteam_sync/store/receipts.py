"""Runs, their slices, the journal and the standing holds: written beside the rows, read by everybody."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec
from sqlalchemy import and_, or_, select

from connecteam_sync.core.change import Hold
from connecteam_sync.core.run import Entry, Run, Slice, StandingHold
from connecteam_sync.core.window import Window
from connecteam_sync.errors import NotFound
from connecteam_sync.store.journal import change_of
from connecteam_sync.store.schema import sync_changes, sync_holds, sync_runs, sync_slices
from connecteam_sync.store.session import Session
from connecteam_sync.store.statements import Key
from connecteam_sync.store.trips import Query

# -- writing -----------------------------------------------------------------------------------------------------------


def begin_run(session: Session, run: Run) -> Key:
    """The number of a new run, in the transaction that first has something to say about it."""
    return session.insert_one(
        "sync_runs",
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
        },
    )


def record_slice(session: Session, run: int, piece: Slice, people: Mapping[str, object] | None = None) -> Key:
    """The receipt of one slice, and its number; `people` are the employees made and removed, so that undo can take
    them back.
    """
    return session.insert_one(
        "sync_slices",
        {
            "run_id": run,
            "time_clock_id": piece.time_clock_id,
            "first_day": piece.window.first.isoformat(),
            "last_day": piece.window.last.isoformat(),
            "status": piece.status,
            "receipt": msgspec.json.encode(piece).decode(),
            "employees": msgspec.json.encode(people).decode() if people else None,
        },
    )


def finish_run(session: Session, run: int, *, now: int, statements: int, http_calls: int) -> None:
    """Note the end of a run and what it cost."""
    session.later(
        Query(
            "UPDATE sync_runs SET finished_at = :now, statements = :statements, http_calls = :calls WHERE id = :run",
            {"run": run, "now": now, "statements": statements, "calls": http_calls},
        )
    )


# -- runs --------------------------------------------------------------------------------------------------------------


def runs(session: Session, *, limit: int | None = None, number: int | None = None) -> tuple[Run, ...]:
    """Runs with their slices, newest first."""
    wanted = select(sync_runs).order_by(sync_runs.c.id.desc())
    if number is not None:
        wanted = wanted.where(sync_runs.c.id == number)
    if limit is not None:
        wanted = wanted.limit(limit)
    found = [dict(row) for row in session.connection.execute(wanted).mappings()]
    if not found:
        return ()
    ids = [row["id"] for row in found]
    span = and_(sync_slices.c.run_id >= min(ids), sync_slices.c.run_id <= max(ids))
    pieces: dict[int, list[Slice]] = {}
    for run_id, receipt in session.connection.execute(
        select(sync_slices.c.run_id, sync_slices.c.receipt).where(span).order_by(sync_slices.c.id)
    ):
        pieces.setdefault(run_id, []).append(msgspec.json.decode(receipt, type=Slice))
    undoing = select(sync_runs.c.undoes, sync_runs.c.id).where(sync_runs.c.undoes.between(min(ids), max(ids)))
    undone = {row.undoes: row.id for row in session.connection.execute(undoing)}
    return tuple(_run(row, tuple(pieces.get(row["id"], ())), undone.get(row["id"])) for row in found)


def run(session: Session, number: int) -> Run:
    """One run. Raises NotFound."""
    found = runs(session, number=number)
    if not found:
        raise NotFound(f"there is no run {number}", next_step="`connecteam-sync runs` lists them")
    return found[0]


def _run(row: Mapping[str, Any], pieces: tuple[Slice, ...], undone_by: int | None) -> Run:
    return Run(
        id=row["id"],
        kind=row["kind"],
        window=Window(date.fromisoformat(row["first_day"]), date.fromisoformat(row["last_day"]), row["timezone"]),
        slices=pieces,
        version=row["version"],
        host=row["host"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        undoes=row["undoes"],
        undone_by=undone_by,
        statements=row["statements"],
        http_calls=row["http_calls"],
    )


# -- the journal -------------------------------------------------------------------------------------------------------


def entries_of(session: Session, number: int) -> tuple[Entry, ...]:
    """Every change of a run, in the order it was decided."""
    return _entries(session, select(sync_changes).where(sync_changes.c.run_id == number).order_by(sync_changes.c.id))


def entries_after(session: Session, number: int, limit: int) -> tuple[Entry, ...]:
    """The journal from entry `number` (not included) on."""
    wanted = select(sync_changes).where(sync_changes.c.id > number).order_by(sync_changes.c.id).limit(limit)
    return _entries(session, wanted)


def history(session: Session, employee: int, day: date | None) -> tuple[Entry, ...]:
    """Every change of the rows an employee has or had, oldest first; of one local day, where it is given."""
    mine = or_(sync_changes.c.employee_id == employee, sync_changes.c.previous_employee_id == employee)
    wanted = select(sync_changes).where(mine).order_by(sync_changes.c.id)
    if day is not None:
        text = day.isoformat()
        wanted = wanted.where(sync_changes.c.first_day <= text, sync_changes.c.last_day >= text)
    return _entries(session, wanted)


def _entries(session: Session, wanted: Any) -> tuple[Entry, ...]:  # noqa: ANN401 - a select of sync_changes
    found = session.connection.execute(wanted).mappings().all()
    names = {e.id: e.name for e in session.employees()} if found else {}
    return tuple(
        Entry(
            number=row["id"],
            run=row["run_id"],
            at=row["at"],
            change=change_of(dict(row)),
            employee_name=names.get(row["employee_id"]),
            row_before=msgspec.json.decode(row["row_before"]) if row["row_before"] else None,
            row_after=msgspec.json.decode(row["row_after"]) if row["row_after"] else None,
        )
        for row in found
    )


# -- holds -------------------------------------------------------------------------------------------------------------


def standing_holds(session: Session, reason: str | None) -> tuple[StandingHold, ...]:
    """What waits for a person or for its cause to go, oldest shift first."""
    wanted = (
        select(sync_holds).where(sync_holds.c.resolved_run.is_(None)).order_by(sync_holds.c.instant, sync_holds.c.id)
    )
    if reason is not None:
        wanted = wanted.where(sync_holds.c.reason == reason)
    found = session.connection.execute(wanted).mappings().all()
    if not found:
        return ()
    people = {e.id: e.name for e in session.employees()}
    users = {user_id: user.name for user_id, (user, _, _) in session.known_users().items()}
    return tuple(
        StandingHold(
            hold=Hold(
                reason=row["reason"],
                subject=row["subject"],
                detail=row["detail"],
                shift_id=row["shift_id"],
                user_id=row["user_id"],
                clock_time_id=row["clock_time_id"],
                employee_id=row["employee_id"],
                instant=row["instant"],
                minutes=row["minutes"],
            ),
            time_clock_id=row["time_clock_id"],
            first_seen=row["first_seen"],
            first_run=row["first_run"],
            employee_name=people.get(row["employee_id"]),
            user_name=users.get(row["user_id"]),
        )
        for row in found
    )

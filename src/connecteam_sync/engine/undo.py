"""Take a run back: its exact inverse as a new run, in one transaction."""

from __future__ import annotations

from connecteam_sync.core.foreseen import ForeseenUndo
from connecteam_sync.core.run import Run
from connecteam_sync.engine.context import Context, Costs, fresh_run
from connecteam_sync.engine.decide import now
from connecteam_sync.engine.events import run_ended
from connecteam_sync.errors import UndoRefused
from connecteam_sync.store.history import runs
from connecteam_sync.store.history.undo import foreseen as what_undo_would_do
from connecteam_sync.store.history.undo import require_kind_undoable
from connecteam_sync.store.history.undo import undo as take_back
from connecteam_sync.store.session import Session


def undo(context: Context, number: int) -> Run:
    """The exact inverse of a run as a new run. Raises NotFound, UndoRefused."""
    store = context.store
    costs, started = Costs(store), now()
    with store.writing(f"undoing run {number}") as session:
        old = runs.run(session, number)
        require_kind_undoable(session, old)
        if old.undone_by is not None:
            raise _undone_already(session, number, old.undone_by)
        fresh = fresh_run(store, "undo", old.window, started_at=started, undoes=number)
        by = runs.begin_run(session, fresh).value
        done = take_back(session, number, old.window, by=by, now=started)
        people = {"made": done.employees_made, "removed": done.employees_removed, "renamed": done.employees_renamed}
        runs.record_slice(session, by, done.slice, people)
        spent = costs.statements + session.waiting + 1
        runs.finish_run(session, by, now=now(), statements=spent, http_calls=0)
    with store.reading() as session:
        run = runs.run(session, by)
    context.emit(run_ended(run))
    return run


def foreseen(context: Context, number: int) -> ForeseenUndo:
    """What an undo of a run would do. Nothing is written or locked. Raises NotFound."""
    with context.store.reading() as session:
        old = runs.run(session, number)
        changes, refusal = what_undo_would_do(session, old)
        if old.undone_by is not None:
            refusal = _undone_already(session, number, old.undone_by)
    if refusal is None:
        return ForeseenUndo(run=old, changes=changes)
    return ForeseenUndo(
        run=old, changes=changes, refused=refusal.message, next_step=refusal.next_step, rows=refusal.rows
    )


def _undone_already(session: Session, number: int, by: int) -> UndoRefused:
    """The error for a run that was undone before. An undo can be undone too, so the last run of the chain counts."""
    chain = [by]
    while (further := runs.run(session, chain[-1]).undone_by) is not None:
        chain.append(further)
    last = chain[-1]
    if len(chain) % 2:
        return UndoRefused(
            f"run {number} was undone by run {by} already", next_step=f"to bring its changes back, undo run {last}"
        )
    return UndoRefused(
        f"run {number} was undone by run {by} already, and its changes came back with run {last}",
        next_step=f"to take them back again, undo run {last}",
    )

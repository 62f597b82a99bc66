"""The writes of an undo are read back before the commit: every column must be exact, or the undo is refused.

A column that a trigger of the host owns (`trigger_columns`) is left alone and not compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError

from connecteam_sync.core.columns import CANONICAL
from connecteam_sync.core.keys import RowId
from connecteam_sync.errors import NotServed, RowMoved, UndoRefused
from connecteam_sync.store.adopt import catalog
from connecteam_sync.store.history.row_images import differing
from connecteam_sync.store.session import Session
from connecteam_sync.store.sql import causes
from connecteam_sync.store.sql.exact_types import columns_in
from connecteam_sync.store.sql.pipeline import Query
from connecteam_sync.store.tables import rows

_SHOWN = 5
_POINT = "connecteam_sync_giving_back"


@contextmanager
def giving_back(session: Session, run: int) -> Iterator[None]:
    """Wraps the writes of an undo. Its rows are locked and were compared in every column: if a write fails, the table
    itself prevents it, not another program. Raises UndoRefused, which names the triggers.
    """
    session.later(Query(f"SAVEPOINT {_POINT}"))
    try:
        yield
    except NotServed as error:
        raise UndoRefused(error.message, next_step=error.next_step) from error
    except RowMoved as error:
        raise _vetoed(session, run, "takes a write and does not do it: a trigger, or a rule") from error
    except DBAPIError as error:
        names, keys = session.host.clock_times, session.columns.clock_in_keys
        cause = causes.refusal(error)
        if cause is None or causes.is_clock_in_taken(error, names, keys):
            raise
        raise _vetoed(session, run, f"refuses a write: {cause.message}") from error


def _vetoed(session: Session, run: int, what: str) -> UndoRefused:
    session.forget()
    session.later(Query(f"ROLLBACK TO SAVEPOINT {_POINT}"))
    known = catalog.triggers(session.connection, session.dialect, session.host)
    triggers = f" (of the table: {', '.join(known[:_SHOWN])})" if known else ""
    return UndoRefused(
        f"table {session.host.clock_times.table!r} {what}{triggers}; nothing was written",
        next_step="have the trigger, the rule or the constraint let it happen meanwhile, then: connecteam-sync undo"
        f" {run}",
    )


def require_removed(session: Session, run: int, people: int, touched: int) -> None:
    """Raises UndoRefused if rows of people that should be deleted are still there."""
    if touched == people:
        return
    known = catalog.triggers(session.connection, session.dialect, session.host, people=True)
    triggers = f" ({', '.join(known[:_SHOWN])})" if known else ""
    raise UndoRefused(
        f"{people - touched} of {people} rows of {session.host.employees.table!r} that run {run} made would not go: a"
        f" trigger or a rule keeps them{triggers}; nothing was written",
        next_step=f"have it let them go meanwhile, then: connecteam-sync undo {run}",
    )


def require_given_back(
    session: Session, run: int, whole: Mapping[RowId, str | None], now: Mapping[RowId, rows.Image]
) -> None:
    """Raises UndoRefused, with columns and triggers, unless every row equals its image, or is gone if it has none."""
    wrong: dict[RowId, list[str]] = {}
    for key, then in whole.items():
        if (then is None) != (key not in now):
            wrong[key] = []
        elif then is not None and (columns := differing(session, then, now[key][1])):
            wrong[key] = columns
    if not wrong:
        return
    columns = sorted({column for some in wrong.values() for column in some})
    keys = ", ".join(map(str, sorted(wrong)[:_SHOWN])) + (", …" if len(wrong) > _SHOWN else "")
    if columns:
        what = f"row {keys} would not be as before in column {', '.join(map(repr, columns[:_SHOWN]))}"
    else:
        what = f"row {keys} would not be there, or not be gone, as before"
    triggers = catalog.triggers(session.connection, session.dialect, session.host)
    if triggers:
        why = f"a trigger writes there too ({', '.join(triggers[:_SHOWN])})"
    elif session.dialect.hides_what_is_not_granted:
        why = "a trigger that this database user may not see, or the column itself (ON UPDATE …), writes there too"
    else:
        why = "the column does not take back what it held, or a rule of the table writes there too"
    names = session.host.clock_times
    ours = {getattr(names, field) for field in CANONICAL} | {names.id}
    cure = "have the trigger leave it alone meanwhile"
    if columns and ours.isdisjoint(columns):
        owned = ", ".join(f'"{column}"' for column in (*names.trigger_columns, *columns))
        cure = f"if it may keep what the trigger writes: trigger_columns = [{owned}] under [tables.clock_times]"
        cure += " in connecteam-sync.toml"
    raise UndoRefused(
        f"{what}: {why}; nothing was written",
        rows=tuple(sorted(wrong)),
        next_step=f"{cure}, then: connecteam-sync undo {run}",
    )


def left_alone(session: Session, images: Mapping[RowId, str | None]) -> list[str]:
    """What an undo of these images does not restore, a sentence each."""
    sentences = []
    owned = session.host.clock_times.trigger_columns
    if owned and any(images.values()):
        sentences.append(f"left as the trigger wrote it: {', '.join(owned)}")
    lost = {
        name
        for image in images.values()
        for name, value in columns_in(image).items()
        if value != b"null" and name not in session.columns.clock_times
    }
    if lost:
        sentences.append(f"not brought back, since the table has no such column any more: {', '.join(sorted(lost))}")
    return sentences

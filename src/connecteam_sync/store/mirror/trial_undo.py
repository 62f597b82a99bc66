"""Undoing changes with whole rows, as `undo` does it; and trying that before a run commits.

What the probe found for one row need not hold for every row: a trigger may act on some rows only, and a constraint
that was never checked for the old rows (NOT VALID) may refuse to restore one. If the table has either, the run's writes
to existing rows are undone within a savepoint and compared to the byte; rolling back to it makes them stand again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from sqlalchemy.exc import DBAPIError

from connecteam_sync.core.change import Change, ChangeKind
from connecteam_sync.core.keys import RowId, by_key
from connecteam_sync.core.order import steps
from connecteam_sync.errors import RecordRefused, RowMoved
from connecteam_sync.store.history.row_images import differing, write_whole
from connecteam_sync.store.mirror.clock_times import check_now, require_written, row_target
from connecteam_sync.store.session import Session
from connecteam_sync.store.sql import causes
from connecteam_sync.store.sql.pipeline import Query
from connecteam_sync.store.sql.traits import Kind
from connecteam_sync.store.tables import rows

_POINT = "connecteam_sync_way_back"
_INVERSE: dict[ChangeKind, ChangeKind] = {"create": "delete", "delete": "create", "update": "update", "link": "link"}


def inverted(change: Change, why: str) -> Change:
    """The change that undoes this one."""
    return msgspec.structs.replace(
        change, kind=_INVERSE[change.kind], before=change.after, after=change.before, why=why[:500]
    )


def write_inverse(session: Session, inverse: Sequence[Change], whole: Mapping[RowId, str | None]) -> None:
    """Restore whole rows, in an order that obeys the unique key. The rows must be locked and compared in full before.

    Raises RowMoved if the table accepts a write and does not carry it out.
    """
    d, names = session.dialect, session.host.clock_times
    key = d.name(names.id)
    parking: dict[str, Kind] = {"id": "row", **rows.image_kinds(lacks=session.lacks)}
    ours = session.is_ours
    for step in steps(inverse):
        ids = [{"id": move.change.image.id} for move in step]
        if step[0].parked is not None:
            sql = d.update(session.clock_times, d.rowset(parking), row_target(session), f"t.{key} = d.id AND {ours}")
            done = session.write_set(
                sql,
                ({"id": m.parked.id, **rows.image_values(m.parked, lacks=session.lacks)} for m in step if m.parked),
            )
        elif step[0].change.kind == "delete":
            done = session.write_set(d.delete(session.clock_times, d.rowset({"id": "row"}), key, ours), ids)
        else:
            these = [move.change.image.id or 0 for move in step]
            is_new = step[0].change.kind == "create"
            write_whole(
                session, these, whole, is_new=is_new, then=lambda many, answer: require_written(many, answer.touched)
            )
            continue
        require_written(len(step), done)


def require_way_back(session: Session, changes: Sequence[Change], before: Mapping[RowId, rows.Image]) -> None:
    """Raises RecordRefused if the writes just made could not be undone; either way they stand as written.

    `before` has the images of the rows that existed. If none did, nothing is tried: the probe's row could be deleted.
    """
    written = [change for change in changes if change.kind != "link"]
    if not any(change.before is not None for change in written):
        return
    whole = {change.image.id or 0: before[change.image.id or 0][1] if change.before else None for change in written}
    session.later(Query(f"SAVEPOINT {_POINT}"))
    try:
        write_inverse(session, [inverted(change, change.why) for change in written], whole)
        check_now(session)
        session.flush()
        now = session.images(whole)
    except DBAPIError as error:
        cause = causes.refusal(error)
        if cause is None:
            raise
        raise _refused(f"the table would not take it back: {cause.words}") from error
    except RowMoved as error:
        raise _refused("the table takes the write of an undo and does not do it: a trigger, or a rule") from error
    finally:
        session.forget()
        session.later(Query(f"ROLLBACK TO SAVEPOINT {_POINT}"))
        session.later(Query(f"RELEASE SAVEPOINT {_POINT}"))
        session.flush()
    for key, then in by_key(whole):
        if (then is None) != (key not in now):
            raise _refused(f"row {key} would not be there, or not be gone, as before")
        if then is not None and (columns := differing(session, then, now[key][1])):
            raise _refused(f"column {', '.join(map(repr, columns))} of row {key} would not be as before")


def _refused(what: str) -> RecordRefused:
    words = f"undo could not give it back: {what}"
    return RecordRefused(
        words,
        words=words,
        next_step="correct the row, the trigger or the constraint; or name what a trigger owns: trigger_columns",
    )

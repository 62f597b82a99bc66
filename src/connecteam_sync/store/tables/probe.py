"""A row is inserted, corrected, restored, deleted and restored in the host's table, then all is rolled back (rule 14).

It shows what the catalogue cannot: whether the table keeps what is written, and whether undo could restore every byte.
Nothing remains except a key that was drawn, and what the table's triggers did outside of the transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

import msgspec
from sqlalchemy.exc import DBAPIError

from connecteam_sync.core.change import Change, ChangeKind, NewEmployee
from connecteam_sync.core.clocktime import ClockTime
from connecteam_sync.core.columns import ROW, STAMPS, of_kind, with_times
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.text import many
from connecteam_sync.errors import NotServed, RecordRefused, RowMoved
from connecteam_sync.store.history.row_images import rows_again, whole_row
from connecteam_sync.store.mirror.clock_times import read_back, require_written, write_steps
from connecteam_sync.store.mirror.employees import make_employees
from connecteam_sync.store.session import Session
from connecteam_sync.store.sql import causes
from connecteam_sync.store.sql.exact_types import NUMBERS, base_of
from connecteam_sync.store.sql.pipeline import Query
from connecteam_sync.store.tables import rows
from connecteam_sync.store.tables.triggers import CURE, LATEST, triggers_text

if TYPE_CHECKING:
    from connecteam_sync.store.mirror.other_rows import Neighbours

_POINT = "connecteam_sync_probe"
_FILLING = "connecteam_sync_filling"
_DAY = 86_400
_MOMENTS = {"datetime", "timestamp", "timestamptz"}


class _OthersChanged(Exception):  # noqa: N818 - a signal; never leaves this module
    """Other rows were changed together with ours."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Probed(NamedTuple):
    """The result of a probe: `refused` is the database's message if it refused the row (a CHECK, another key)."""

    refused: str = ""


class _Refused(Exception):  # noqa: N818 - a signal; never leaves this module
    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


def first_probe(session: Session, changes: Iterable[Change], *, now: int) -> str:
    """Probe a table that is not known yet, before its first write: with the first row that would be made, else with a
    copy of one that would be altered. Returns a sentence about it. Raises NotServed, and nothing was written.
    """
    wanted = sorted((change for change in changes if _is_usual(change)), key=lambda change: change.kind != "create")
    if not wanted:
        return ""
    first = wanted[0]
    if first.kind == "create" and first.after is not None and first.after.id is None:
        row: ClockTime | None = first.after
    else:
        row = _free(session, first.before or first.image)
    return "" if row is None else _note_result(session, probe(session, row, now=now))


def _is_usual(change: Change) -> bool:
    """Whether its times are between 1970 and 2100, so that some seconds later is a valid time, too."""
    return change.kind != "link" and all(
        0 <= at <= LATEST
        for image in (change.before, change.after)
        if image is not None
        for at in (image.clock_in, image.clock_out)
        if at is not None
    )


def probe_copy(session: Session, *, now: int) -> Probed | None:
    """Probe with a copy of a row of ours, moved to a free instant; None if there is no such row."""
    began, ended = (session.canonical[field] for field in ("clock_in", "clock_out"))
    closed = f"{ended} IS NULL"
    # Beyond these there are no times of ours, and some seconds later may not be a valid time.
    usual = f"{began} BETWEEN 0 AND {LATEST} AND ({closed} OR {ended} BETWEEN 0 AND {LATEST})"
    select = session._assigned_rows(f"{session.clock_times} t", f"{session.is_ours} AND {usual}")  # noqa: SLF001 - the same package
    found = session.fetch(Query(f"{select} ORDER BY {closed}, {session.canonical['clock_in']} DESC LIMIT 1"))[0]
    row = _free(session, rows.clock_time(found[0])) if found else None
    return None if row is None else probe(session, row, now=now)


def has_odd_ones(session: Session) -> bool:
    """Whether there is a row of ours at all, although `probe_copy` found none that it could copy."""
    return bool(session.fetch(Query(f"SELECT 1 FROM {session.clock_times} t WHERE {session.is_ours} LIMIT 1"))[0])


def require_probed(session: Session, *, now: int) -> None:
    """Probe with a copy of a row if the table is not known yet. Raises NotServed, and nothing was written."""
    if session.columns.is_new:
        probe_copy(session, now=now)


def note_probed(session: Session) -> None:
    """Remember that the table was probed in its present state; the statement is deferred."""
    stamp, here = session.columns.definition.stamp, session.columns.place or None
    noting = f"UPDATE {session.own.guard} SET probed = :stamp, place = :here WHERE id = 1"
    session.later(Query(noting, {"stamp": stamp, "here": here}))
    session.probed = stamp


def _note_result(session: Session, found: Probed) -> str:
    if found.refused:
        return f"the table could not be probed: it refuses the first row ({found.refused})"
    note_probed(session)
    return f"the table was probed with its first row: {happened(session)}"


def happened(session: Session) -> str:
    """The effects of a probe that are not rolled back, for a sentence."""
    fired = ", and the triggers of the table fired" if session.columns.definition.triggers else ""
    return f"a key was drawn for it{fired}"


def probe_person(session: Session) -> Probed | None:
    """Make a row of people as a run does, read it back and roll back: only if that table has triggers. Raises NotServed
    if the row does not keep the id that identifies the person.
    """
    if not session.columns.definition.people_triggers:
        return None
    taken = {one.connecteam_user_id for one in session.employees()}
    user = next(number for number in range(1, len(taken) + 2) if str(number) not in taken)
    session.later(Query(f"SAVEPOINT {_POINT}"))
    try:
        make_employees(session, [NewEmployee(user_id=user, name="connecteam-sync doctor")])
    except DBAPIError as error:
        if (cause := causes.refusal(error)) is None:
            raise
        return Probed(cause.message)
    finally:
        _take_back(session)
    return Probed()


def _take_back(session: Session) -> None:
    session.forget()
    session.later(Query(f"ROLLBACK TO SAVEPOINT {_POINT}"))
    session.later(Query(f"RELEASE SAVEPOINT {_POINT}"))
    session.flush()


def _free(session: Session, row: ClockTime) -> ClockTime | None:
    """A copy of a row, some seconds later, at a free instant; None if there is none within a day."""
    taken = {one.clock_in for one in session.rows_of(row.employee_id, row.clock_in, row.clock_in + _DAY)}
    later = next((by for by in range(1, _DAY) if row.clock_in + by not in taken), None)
    if later is None:
        return None
    end = None if row.clock_out is None else row.clock_out + later
    moved = with_times(row, row.employee_id, row.clock_in + later, end)
    return msgspec.structs.replace(moved, id=None)


def probe(session: Session, row: ClockTime, *, now: int) -> Probed:
    """Insert the row, correct it, restore it, delete it, restore it from its image; compare every byte.

    Raises NotServed if the table does not keep what is written, undo could not restore a row, or other rows are added,
    removed or changed together with it.
    """
    # Imported only here, to keep the start of a command fast.
    from connecteam_sync.store.mirror.other_rows import Neighbours, may_have_triggers, side_effect_error

    for counts in (True, True, False) if may_have_triggers(session) else ():
        neighbours = Neighbours(session, row, counts=counts)
        try:
            return _rolled_back(session, row, neighbours, now=now)
        except _OthersChanged as seen:
            if neighbours.is_as_before():
                raise side_effect_error(session, f"{seen.message} with ours") from None
        # A change that was not rolled back with ours was another program's. The third time, the rows of the whole table
        # are not counted any more: others write to it all the time.
    return _rolled_back(session, row, None, now=now)


def _rolled_back(session: Session, row: ClockTime, neighbours: Neighbours | None, *, now: int) -> Probed:
    session.later(Query(f"SAVEPOINT {_POINT}"))
    try:
        _act_out(session, row, neighbours, now=now)
    except _Refused as refused:
        return Probed(refused.words)
    finally:
        _take_back(session)
    return Probed()


def _act_out(session: Session, row: ClockTime, neighbours: Neighbours | None, *, now: int) -> None:
    # Written with yesterday's time, so that the present time must come from a trigger.
    then = now - _DAY
    made = _written(session, _change("create", None, row), then)
    key = made.id or 0
    _require_alone(neighbours, key, more=1)
    _fill(session, key)
    image = _aged(session, session.images([key])[key][1])
    end = made.clock_in + 60 if made.clock_out is None else made.clock_out + 60
    corrected = with_times(made, made.employee_id, made.clock_in, end)
    corrected = _written(session, _change("update", made, corrected), then)
    _require_alone(neighbours, key, more=1)
    _put_back(session, key, image, is_new=False)
    _written(session, _change("delete", made, None), then)
    _require_alone(neighbours, key, more=0)
    _put_back(session, key, image, is_new=True)


def _require_alone(beside: Neighbours | None, key: RowId, *, more: int) -> None:
    if beside is not None and (told := beside.side_effects(key, more=more)):
        raise _OthersChanged(told)


def _fill(session: Session, key: RowId) -> None:
    """Fill each of the host's own columns: it would not show if a trigger cleared an empty one."""
    d, names = session.dialect, session.host.clock_times
    ours = {value for value in msgspec.structs.astuple(names) if isinstance(value, str)}
    values = {
        d.name(name): "1" if base_of(column.type) in NUMBERS else "'x'"
        for name, column in session.columns.clock_times.items()
        if name not in ours and (base_of(column.type) in NUMBERS or base_of(column.type) in _PLAIN_TEXT)
    }
    for filled in (values, *({name: value} for name, value in values.items())) if len(values) > 1 else (values,):
        if not filled:
            return
        session.later(Query(f"SAVEPOINT {_FILLING}"))
        condition = f"t.{d.name(names.id)} = d.id"
        try:
            session.write_set(d.update(session.clock_times, d.rowset({"id": "row"}), filled, condition), [{"id": key}])
        except DBAPIError as error:
            if causes.refusal(error) is None:
                raise
            # A value was refused (a foreign key, a CHECK): try column by column.
            session.forget()
            session.later(Query(f"ROLLBACK TO SAVEPOINT {_FILLING}"))
            session.later(Query(f"RELEASE SAVEPOINT {_FILLING}"))
            continue
        session.later(Query(f"RELEASE SAVEPOINT {_FILLING}"))
        if filled is values:
            return


_PLAIN_TEXT = {"char", "varchar", "character", "character varying", "text", "tinytext", "mediumtext", "longtext"}


def _change(kind: ChangeKind, before: ClockTime | None, after: ClockTime | None) -> Change:
    day = date(1970, 1, 1)
    return Change(kind=kind, before=before, after=after, shift_id=None, user_id=None, days=(day, day), why="a probe")


def _written(session: Session, change: Change, now: int) -> ClockTime:
    """The row after a write as a run makes it, read back."""
    try:
        write_steps(session, (change,), now=now)
        session.flush()
        return read_back(session, (change,))[0][0].image
    except DBAPIError as error:
        cause = causes.refusal(error)
        if cause is None:
            raise
        if change.kind == "delete":
            raise _stays(session, f"lets no row go: {cause.message}") from error
        raise _Refused(cause.message) from error
    except RecordRefused as error:
        if not session.columns.definition.triggers:
            # No trigger is known that would change every row: it may be this one value.
            raise _Refused(error.words) from error
        raise _stays(session, f"does not keep a row as written: {error.words}") from error
    except RowMoved as error:
        raise _stays(session, f"takes a write and does not do it ({change.kind} of a row)") from error


def _stays(session: Session, what: str) -> NotServed:
    return NotServed(
        f"table {session.host.clock_times.table!r} {what}; {triggers_text(session)}; nothing was written",
        next_step=f"{CURE}; then connecteam-sync doctor",
    )


def _aged(session: Session, image: str) -> dict[str, object]:
    """The row as undo would restore it, except that the table's own moments are in the past: a trigger that writes the
    present time into them is noticed even within the same second.
    """
    names = session.host.clock_times
    times, stamps = ({getattr(names, field) for field in fields} for fields in (of_kind("moment"), STAMPS))
    whole: dict[str, object] = msgspec.json.decode(image)
    for name, column in session.columns.clock_times.items():
        value = whole.get(name)
        is_moment = base_of(column.type) in _MOMENTS or name in stamps
        if name in times or not is_moment or not isinstance(value, str) or len(value) < _TIME:
            continue
        whole[name] = f"2001-02-03{value[10:]}"
    return whole


_TIME = len("2001-02-03 04:05:06")


def _put_back(session: Session, key: RowId, image: Mapping[str, object], *, is_new: bool) -> None:
    """Restore the whole row from its image, as undo does. Raises NotServed, naming the columns that differ."""
    d, names = session.dialect, session.host.clock_times
    left = {*names.trigger_columns} - {names.id}
    aliases = {
        name: f"c{number}"
        for number, name in enumerate(session.columns.clock_times)
        if name in image and (is_new or name not in left)
    }
    rowset, every = rows_again(session, aliases)
    item = whole_row(session, key, {key: msgspec.json.encode(image).decode()}, aliases)
    column = d.name(names.id)
    if is_new:
        sql = d.insert(session.clock_times, rowset, every, with_key=True)
    else:
        restoring = {name: value for name, value in every.items() if name != column}
        sql = d.update(session.clock_times, rowset, restoring, f"t.{column} = d.id AND {session.is_ours}")
    try:
        require_written(1, session.write_set(sql, [item]))
    except DBAPIError as error:
        cause = causes.refusal(error)
        if cause is None:
            raise
        raise _stays(session, f"takes no row back that was there: {cause.message}") from error
    except RowMoved as error:
        raise _stays(session, "takes no row back that was there") from error
    found = session.images([key])
    now: dict[str, object] = msgspec.json.decode(found[key][1]) if key in found else {}
    moved = [name for name in aliases if name not in left and now.get(name) != image.get(name)]
    if not moved:
        return
    ours = {getattr(names, one.field) for one in ROW}
    columns = ", ".join(map(repr, moved))
    cure = CURE
    if not ours & {*moved}:
        named = ", ".join(f'"{name}"' for name in [*names.trigger_columns, *moved])
        cure = (
            f"name what the trigger owns under [tables.clock_times]: trigger_columns = [{named}]; undo leaves it alone"
        )
    raise NotServed(
        f"{many(len(moved), 'column')} of table {names.table!r} would not come back by undo: {columns};"
        f" {triggers_text(session)}; nothing was written",
        next_step=f"{cure}; then connecteam-sync doctor",
    )

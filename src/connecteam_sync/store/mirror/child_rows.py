"""Which rows have child rows: rows of other tables that point at them. Counted before a row is deleted or re-keyed.

The list of those tables is read when it is first needed and kept for the process. Under the lock it is compared with
the catalogue again, in the round trip that locks the rows, so a table made since is not overlooked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import chain
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import msgspec
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from connecteam_sync.core.change import Change, SlicePlan
from connecteam_sync.core.child_rows import KEY_FIELDS, concerned, kept_by, pointing_text
from connecteam_sync.core.clocktime import Child, StoredState
from connecteam_sync.core.keys import RowId, ordered
from connecteam_sync.errors import RowMoved
from connecteam_sync.store.session import Session
from connecteam_sync.store.sql.causes import is_away, is_in_the_way, message_of
from connecteam_sync.store.sql.pipeline import Query, Rows
from connecteam_sync.store.sql.quoting import run
from connecteam_sync.store.sql.statements import batched
from connecteam_sync.store.sql.traits import Kind
from connecteam_sync.store.tables import rows
from connecteam_sync.store.tables.foreign_keys import (
    Pointer,
    configured,
    configured_queries,
    count_statement,
    declared,
    declared_query,
    together,
)
from connecteam_sync.store.tables.keys import row_id

Decide = Callable[[StoredState], SlicePlan]


class _Known(NamedTuple):
    """The rows of the catalogue, and the pointers found in them."""

    catalogue: list[Rows]
    pointers: tuple[Pointer, ...]


_KNOWN: WeakKeyDictionary[Engine, _Known] = WeakKeyDictionary()


# -- the decision ------------------------------------------------------------------------------------------------------


def hold_parents(session: Session, stored: StoredState, decide: Decide) -> SlicePlan:
    """The plan that `decide` makes of `stored`, with rows that have child rows held (`child_row`).

    Nothing is read if no row is to be deleted, now or at the end of the run, or to leave its key. Raises the errors of
    `pointers_at_ours`.
    """
    plan, checked = decide(stored), set[RowId]()
    while new := {*concerned(plan.changes), *plan.at_risk} - checked:
        checked |= new
        children = children_of(session, _at_risk(session, plan.changes, new) | new.intersection(plan.at_risk))
        if children:
            stored = msgspec.structs.replace(stored, children={**stored.children, **children})
            plan = decide(stored)
    return plan


def _at_risk(session: Session, changes: Iterable[Change], rows: Iterable[RowId]) -> set[RowId]:
    """Those of these rows whose child rows could lose them: deleted rows, and moved ones if a pointer is to a key."""
    of_keys = any(_child(session, pointer, None).fields & {*KEY_FIELDS} for pointer in pointers_at_ours(session))
    deleted = {change.before.id for change in changes if change.before is not None and change.after is None}
    return {row for row in rows if of_keys or row in deleted}


def children_of(session: Session, row_ids: Iterable[RowId], *, fresh: bool = False) -> dict[RowId, tuple[Child, ...]]:
    """The child rows of these rows, counted by table: one statement for each table (and each thousand rows), all in one
    round trip. `fresh`: the list of tables is read again.
    """
    ids = sorted(set(row_ids), key=ordered)
    pointers = pointers_at_ours(session, fresh=fresh) if ids else ()
    if not pointers:
        return {}
    try:
        return counted(session, pointers, ids)
    except DBAPIError:
        # These tables have changed: the next run reads the list again.
        _KNOWN.pop(session.engine, None)
        raise


def counted(session: Session, pointers: Sequence[Pointer], row_ids: Iterable[RowId]) -> dict[RowId, tuple[Child, ...]]:
    """As `children_of`, for these pointers only."""
    ids = sorted(set(row_ids), key=ordered)
    return _children(session, pointers, ids, session.fetch(*_queries(session, pointers, ids)))


class ChildRowCheck:
    """The check of a plan once its rows are locked; `queries` are sent in the round trip that locks, behind it."""

    def __init__(self, session: Session, changes: Iterable[Change]) -> None:
        self._session, self._changes = session, tuple(changes)
        rows = concerned(self._changes)
        self._ids = sorted(_at_risk(session, self._changes, rows), key=ordered) if rows else []
        self._pointers = pointers_at_ours(session) if self._ids else ()
        self._catalogue = _catalogue_queries(session) if self._ids else []
        self.queries = [*self._catalogue, *_queries(session, self._pointers, self._ids)]

    def require_childless(self, results: list[Rows]) -> None:
        """`results` are the rows of `queries`. Raises RowMoved if a row to be deleted or moved has child rows."""
        if not self._ids:
            return
        catalogue, counts = results[: len(self._catalogue)], results[len(self._catalogue) :]
        children = _children(self._session, self._pointers, self._ids, counts)
        if catalogue != _KNOWN[self._session.engine].catalogue:
            children = children_of(self._session, self._ids, fresh=True)
        for change in self._changes:
            pointing = kept_by(children, change.before, change.after)
            if pointing and change.before is not None:
                raise RowMoved(
                    f"{pointing_text(change.before.id, pointing)}: it is not written",
                    rows=(change.before.id or 0,),
                    next_step="run the command again; it reads the table again",
                )


# -- which tables ------------------------------------------------------------------------------------------------------


def pointers_at_ours(session: Session, *, fresh: bool = False) -> tuple[Pointer, ...]:
    """Every column that points at `clock_times`, declared or configured. If the list is not known yet, it is read in
    one round trip, and a trial query is sent for each pointer.

    Raises ConfigurationError if `child_tables` names a table or column that does not exist.
    """
    known = _KNOWN.get(session.engine)
    if known is None or fresh:
        names = session.host.clock_times
        catalogue = session.fetch(*_catalogue_queries(session))
        keys, named = catalogue[0], catalogue[1:]
        pointers = together(
            session.dialect, declared(keys), configured(session.dialect, names.id, names.children, named)
        )
        tried = tuple(_tried(session, pointer, session.clock_times, names.id, "row") for pointer in pointers)
        known = _KNOWN[session.engine] = _Known(catalogue, tried)
    return known.pointers


def employees_with_children(session: Session, ids: Iterable[RowId]) -> set[RowId]:
    """Those of these employees that rows of any table point at, or may point at. Reads the catalogue each time."""
    ids = sorted(set(ids), key=ordered)
    if not ids:
        return set()
    names, d = session.host.employees, session.dialect
    table = d.table(names.table)
    pointers = [
        _tried(session, pointer, table, names.id, "employee")
        for pointer in declared(session.fetch(declared_query(d, names.table, names.id))[0])
    ]
    if any(pointer.hidden for pointer in pointers):
        return set(ids)
    items = [{"id": key} for key in ids]
    queries = [q for p in pointers for q in batched(count_statement(d, p, table, names.id, "employee"), items, {})]
    return {row_id(row[0]) for counted in session.fetch(*queries) for row in counted}


def _catalogue_queries(session: Session) -> list[Query]:
    names, d = session.host.clock_times, session.dialect
    return [declared_query(d, names.table, names.id), *configured_queries(d, names.table, names.children)]


def _tried(session: Session, pointer: Pointer, table: str, key: str, kind: Kind) -> Pointer:
    """The pointer, `hidden` if its rows cannot be counted: a privilege is missing, or a view is broken."""
    if pointer.hidden:
        return pointer
    statement = count_statement(session.dialect, pointer, table, key, kind)
    try:
        with session.connection.begin_nested():
            run(session.connection, statement, {"rows": rows.json_rows([{"id": None}])}).all()
    except DBAPIError as error:
        if is_away(error) or is_in_the_way(error):
            raise
        return msgspec.structs.replace(pointer, hidden=message_of(error))
    return pointer


def unknown_children_reason(session: Session) -> str:
    """Why there may be tables pointing at ours that we cannot see; empty if all are known."""
    table = session.host.clock_times.table
    catalog = session.dialect.catalog
    queries = [catalog.is_view(table), *([catalog.sees_all] if catalog.sees_all is not None else [])]
    is_view, *sees_all = (int(rows[0][0]) for rows in session.fetch(*queries))
    if is_view:
        return f"{table} is no table of this database itself, so keys that point at what is behind it are not known"
    if sees_all and not sees_all[0]:
        return "the database shows keys of those tables only on which its user has a right"
    return ""


# -- counting ----------------------------------------------------------------------------------------------------------


def _queries(session: Session, pointers: Sequence[Pointer], ids: Sequence[RowId]) -> list[Query]:
    """Queries that count the child rows of these rows; each returns rows of (index of the pointer, row, count)."""
    key = session.host.clock_times.id
    items = [{"id": row} for row in ids]
    return [
        query
        for number, pointer in enumerate(pointers)
        if not pointer.hidden
        for query in batched(
            count_statement(session.dialect, pointer, session.clock_times, key, "row"),
            items,
            {},
            partial(_count, number),
        )
    ]


def _count(number: int, row: Sequence[Any]) -> tuple[int, RowId, int]:
    return number, row_id(row[0]), int(row[1])


def _children(
    session: Session, pointers: Sequence[Pointer], ids: Iterable[RowId], results: Iterable[Rows]
) -> dict[RowId, tuple[Child, ...]]:
    """The child rows counted by `_queries`, by row; every row counts as a parent for a table that cannot be read."""
    tables = Counter(pointer.name for pointer in pointers)
    names = [pointer.name if tables[pointer.name] == 1 else pointer.place for pointer in pointers]
    children: dict[RowId, list[Child]] = {}
    for number, row, count in chain.from_iterable(results):
        children.setdefault(row, []).append(_child(session, pointers[number], count, names[number]))
    for pointer, name in zip(pointers, names, strict=True):
        for row in ids if pointer.hidden else ():
            children.setdefault(row, []).append(_child(session, pointer, None, name))
    return {row: tuple(items) for row, items in children.items()}


def _child(session: Session, pointer: Pointer, count: int | None, name: str = "") -> Child:
    fields = _fields(session)
    follows = not pointer.is_declared or (
        pointer.on_update == "CASCADE" and (session.dialect.cascades_within or not pointer.is_same_table)
    )
    spelled = map(str.lower, pointer.targets) if session.dialect.folds_names else pointer.targets
    return Child(name, count, frozenset(fields[target] for target in spelled if target in fields), follows)


def _fields(session: Session) -> Mapping[str, str]:
    """The fields of a row that a pointer may have as target, by column name."""
    names = session.host.clock_times
    columns = {getattr(names, field): field for field in ("id", *KEY_FIELDS)}
    if not session.dialect.folds_names:
        return columns
    return {column.lower(): field for column, field in columns.items()}

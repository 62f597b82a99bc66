"""Writes to `clock_times`: in an order that obeys its key, each guarded by the expected image, and read back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache, partial
from itertools import chain
from operator import attrgetter

import msgspec

from connecteam_sync.core.change import Change
from connecteam_sync.core.clocktime import CONNECTEAM, ClockTime
from connecteam_sync.core.columns import CANONICAL, ROW, STAMPS, MirroredColumn, of_kind
from connecteam_sync.core.keys import RowId, ordered
from connecteam_sync.core.order import StepWrite, steps
from connecteam_sync.core.text import many
from connecteam_sync.errors import NotOurs, RecordRefused, RowMoved
from connecteam_sync.store.history.row_images import by_columns, rows_again, whole_row
from connecteam_sync.store.session import Session, images_of
from connecteam_sync.store.sql.bulk import BATCH, packing
from connecteam_sync.store.sql.dialect import Dialect
from connecteam_sync.store.sql.pipeline import Answer, Query
from connecteam_sync.store.sql.traits import Kind
from connecteam_sync.store.tables import rows
from connecteam_sync.store.tables.keys import new_key, row_id

_SHARED = frozenset({"is_active", "source", "job"})
"""Fields in which most new rows that follow each other have the same."""
_READ_AT_ONCE = 10_000
"""About how many rows are read back in one round trip if there are very many: some drivers keep them twice."""


def require_unmoved(changes: Iterable[Change], present: Mapping[RowId, rows.Image]) -> None:
    """Raises RowMoved unless every row to be written is still exactly as the plan read it."""
    moved = [
        c.before.id
        for c in changes
        if c.before and c.before.id is not None and (c.before.id not in present or present[c.before.id][0] != c.before)
    ]
    if moved:
        raise RowMoved(
            f"{many(len(moved), 'row')} changed in another program since they were read",
            rows=tuple(moved),
            next_step="run the command again; it reads the table again",
        )


def altered(changes: Iterable[Change]) -> list[RowId]:
    """The ids of existing rows that these changes update or delete."""
    return [c.before.id for c in changes if c.kind != "link" and c.before is not None and c.before.id is not None]


def check_now(session: Session) -> None:
    """Have deferred constraints checked now, behind all statements that wait, and not with the commit."""
    if session.columns.checks_late:
        session.later(Query("SET CONSTRAINTS ALL IMMEDIATE"))


def require_ours(changes: Iterable[Change]) -> None:
    """Raises NotOurs, before anything is sent, if a change writes a row of another source, whatever made the change."""
    foreign = [c for c in changes for image in (c.before, c.after) if image is not None and not image.is_ours]
    if not foreign:
        return
    rows = tuple(dict.fromkeys(change.image.id for change in foreign))
    named = ", ".join("a new row" if row is None else f"row {row}" for row in rows[:10])
    raise NotOurs(
        f"{foreign[0].kind} of {named}: rows whose source is not {CONNECTEAM!r} are never written",
        rows=rows,
        next_step="make a new plan: connecteam-sync plan; if it shows this again, report it: it is an error of ours",
    )


def write_steps(session: Session, changes: Iterable[Change], *, now: int) -> None:
    """Write to `clock_times`, in an order that obeys the unique key, each write guarded by the image it expects."""
    d, names = session.dialect, session.host.clock_times
    lacks = session.lacks
    expressions = session.canonical | {field: d.whole(session.canonical[field]) for field in of_kind("minutes")}
    condition = f"t.{d.name(names.id)} = d.id AND " + " AND ".join(
        d.same(expressions[field], f"d.b_{field}") for field in CANONICAL if field not in lacks
    )
    condition += f" AND {session.is_ours}"
    touched = {name: d.moment("d.now") for name in _stamps(session, names.updated_at)}
    guard: dict[str, Kind] = {"id": "row", **rows.image_kinds("b_", lacks=lacks)}
    full: dict[str, Kind] = {**guard, **rows.image_kinds(lacks=lacks), "now": "int"}
    statements = {
        "delete": d.delete(session.clock_times, d.rowset(guard), d.name(names.id), condition),
        "park": d.update(session.clock_times, d.rowset(full), row_target(session), condition),
        "update": d.update(session.clock_times, d.rowset(full), row_target(session) | touched, condition),
    }
    for step in steps(changes):
        kind = "park" if step[0].parked is not None else step[0].change.kind
        if kind == "create":
            images = [move.change.image for move in step]
            _bring_back(session, [image for image in images if image.id is not None], now=now)
            _create(session, [image for image in images if image.id is None], now=now)
            continue
        session.later_counted(statements[kind], (_move_values(move, now, lacks) for move in step), _require_written)


def _bring_back(session: Session, images: Sequence[ClockTime], *, now: int) -> None:
    """Recreate rows of shifts that returned, under their former ids; other columns are as when the row was deleted."""
    if not images:
        return
    d, names = session.dialect, session.host.clock_times
    fetched = session.fetch_set(
        f"SELECT c.clock_time_id, c.row_before FROM {session.own.changes} c JOIN (SELECT max(e.id) AS newest"
        f" FROM {d.rowset({'id': 'link'})} {d.lookup} {session.own.changes} e ON e.clock_time_id = d.id"
        " WHERE e.kind = 'delete' GROUP BY e.clock_time_id) n ON c.id = n.newest",
        ({"id": image.id} for image in images),
    )
    whole: dict[RowId, str | None] = {row_id(key): before for key, before in fetched}
    touched = dict.fromkeys(_stamps(session, names.updated_at), d.moment("d.now"))
    by_key = {image.id or 0: image for image in images}
    # Columns that were added to the table since get their default.
    for columns, keys in by_columns(session, by_key, whole).items():
        some = [by_key[key] for key in keys]
        aliases = {column: f"c{number}" for number, column in enumerate(columns)}
        rowset, every = rows_again(session, aliases, {**rows.image_kinds(lacks=session.lacks), "now": "int"})
        values = {**every, **row_target(session), **touched, d.name(names.id): "d.id"}
        sql = d.as_stored(d.insert(session.clock_times, rowset, values, with_key=True))
        kept = {image.id or 0: whole.get(image.id or 0) for image in some}
        items = [
            {
                **whole_row(session, image.id, kept, aliases),
                **rows.image_values(image, lacks=session.lacks),
                "now": now,
            }
            for image in some
        ]
        session.later_counted(sql, items, _require_written)


def _create(session: Session, images: Sequence[ClockTime], *, now: int) -> None:
    """Create rows, by the method that is quickest for their number."""
    if not images:
        return
    d, target, stamps = session.dialect, row_target(session), _stamps(session)
    kinds = rows.image_kinds(lacks=session.lacks)
    is_given = not d.keys.row.draws
    if is_given:
        # The id is text that the database does not generate.
        target = {d.name(session.host.clock_times.id): "d.id", **target}
        kinds = {"id": "row", **kinds}
        images = [msgspec.structs.replace(image, id=new_key()) for image in images]
    if session.columns.is_plain_table and d.takes_bulk(len(images)):
        columns: dict[str, Kind] = dict.fromkeys((*target, *stamps), "text")
        stamp = [_moment(now, d)] * len(stamps)
        session.insert_many(
            session.clock_times,
            columns,
            ((*values, *stamp) for values in _new_rows(images, session, is_given=is_given)),
        )
        return
    is_packed, shared = d.has_packets, [field for field in kinds if field in _SHARED]
    shared = shared if len(shared) > 1 else []
    values = target | dict.fromkeys(stamps, d.moment(f"CAST(:now AS {d.bigint})"))
    sql = d.insert(session.clock_times, d.rowset(kinds, packed=shared if is_packed else None), values)
    pack = packing(kinds, shared=shared, in_order=True)

    def encode(batch: Sequence[ClockTime]) -> str:
        items = [
            ({"id": image.id} if is_given else {}) | rows.image_values(image, lacks=session.lacks) for image in batch
        ]
        return pack([tuple(item.values()) for item in items]) if is_packed else rows.json_rows(items)

    for batch, new in session.fitting(images, encode):
        session.later(Query(sql, {"rows": new, "now": now}), partial(_require_written, len(batch)))


def row_target(session: Session) -> dict[str, str]:
    """The SQL expression of each column from a rowset of `image_values`, by quoted name, in column order."""
    d, names = session.dialect, session.host.clock_times
    target: dict[str, str] = {}
    for column in _written(session):
        name, value = getattr(names, column.field), f"d.{column.field}"
        if column.kind == "moment":
            value = d.moment(value)
        elif column.kind == "flag":
            value = session.flag.write(value)
        elif column.kind in {"word", "text"}:
            value = d.as_type(value, session.columns.kind_of(name))
        target[d.name(name)] = value
    return target


def _written(session: Session) -> list[MirroredColumn]:
    """The columns that we write, without those that the table lacks."""
    return [column for column in ROW if column.kind != "key" and column.field not in session.lacks]


def _stamps(session: Session, *wanted: str) -> list[str]:
    """The columns with the time of a write that the table has: those of `wanted`, by default both."""
    names = session.host.clock_times
    stamps = dict.fromkeys(wanted or (getattr(names, field) for field in STAMPS))
    return [session.dialect.name(name) for name in stamps if name in session.columns.clock_times]


def _require_written(rows: int, answer: Answer) -> None:
    require_written(rows, answer.touched)


def require_written(rows: int, touched: int) -> None:
    """Raises RowMoved unless a guarded statement touched all of its rows."""
    if touched != rows:
        raise RowMoved(
            f"{rows - touched} of {rows} rows were changed by another program while we wrote",
            next_step="run the command again; it reads the table again",
        )


def _new_rows(images: Iterable[ClockTime], session: Session, *, is_given: bool) -> Iterator[tuple[object, ...]]:
    """The values of new rows, in the order of `row_target`, with the key first if we generate it."""
    dialect, flag = session.dialect, [session.flag.value(is_active=is_active) for is_active in (False, True)]
    columns = [*([ROW[0]] if is_given else ()), *_written(session)]
    values_of = attrgetter(*(column.field for column in columns))
    moments, flags = (
        [number for number, column in enumerate(columns) if column.kind == kind] for kind in ("moment", "flag")
    )
    for image in images:
        values = [*values_of(image)]
        for number in moments:
            if values[number] is not None:
                values[number] = _moment(values[number], dialect)
        for number in flags:
            values[number] = flag[values[number]]
        yield tuple(values)


def _moment(instant: int, dialect: Dialect) -> str | int:
    """A naive UTC datetime that every database reads, joined from a cached day and time of day; a number if the columns
    count units of time.
    """
    number = dialect.instant(instant)
    if number is not None:
        return number
    day, second = divmod(instant, 86_400)
    return f"{_day(day)} {_time_of_day(second)}"


@lru_cache(maxsize=1_000)
def _day(number: int) -> str:
    return datetime.fromtimestamp(number * 86_400, UTC).date().isoformat()


@lru_cache(maxsize=86_400)
def _time_of_day(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).time().isoformat()


def _move_values(move: StepWrite, now: int, lacks: frozenset[str]) -> dict[str, object]:
    """The values of one write, as a member of a rowset."""
    before, after = move.change.before, move.change.after
    values: dict[str, object] = {"now": now}
    if before is not None:
        values |= {"id": before.id, **rows.image_values(move.from_parked or before, "b_", lacks=lacks)}
    image = move.parked or after
    if image is not None:
        values |= rows.image_values(image, lacks=lacks)
    return values


def _created_queries(session: Session, created: list[ClockTime]) -> list[Query]:
    """Queries for the rows just created, as they are in the table; they may return other rows too.

    For MySQL and MariaDB the canonical columns are enough: they copy whole rows to the journal themselves.
    """
    if not created:
        return []
    d, names = session.dialect, session.host.clock_times
    stay = d.copies_images
    select = session.select_rows() if stay else f"SELECT {session.image_columns}"
    make = rows.canonical_alone if stay else rows.image
    if len(created) <= BATCH:
        sql = (
            f"{select} FROM {d.rowset({'employee_id': 'person', 'clock_in': 'int'})}"
            f" {d.lookup} {session.clock_times} t ON t.{d.name(names.employee_id)} = d.employee_id"
            f" AND t.{d.name(names.clock_in)} = {d.moment('d.clock_in')}"
        )
        keys = ({"employee_id": row.employee_id, "clock_in": row.clock_in} for row in created)
        return [Query(sql, {"rows": rows.json_rows(keys)}, make)]
    # So many rows are nearly all rows between the first and the last: a range scan is quicker than lookups.
    instants = sorted(row.clock_in for row in created)
    starts = instants[::_READ_AT_ONCE]
    spans = zip(starts, [*starts[1:], instants[-1] + 1], strict=True)
    return [session.assigned_rows_between(select, start, end)._replace(make=make) for start, end in spans]


def _gathered(session: Session, created: list[ClockTime]) -> dict[RowId, rows.Written]:
    """The rows of `_created_queries` if they are very many, and come faster as a few texts; else none.

    Imported only then, to keep the start of the program fast.
    """
    if len(created) <= BATCH or not (session.dialect.gathers and session.dialect.copies_images):
        return {}
    from connecteam_sync.store.mirror.gathered import rows_between  # noqa: PLC0415 - see above

    first, last = min(row.clock_in for row in created), max(row.clock_in for row in created)
    return {row_id(row.id or 0): (row, None) for row in rows_between(session, first, last + 1)}


def _altered(meant: ClockTime, kept: ClockTime | None) -> str:
    """How a row in the table differs from the row as written."""
    if kept is None:
        return "it is not there"
    differences = [
        f"{field} is {getattr(kept, field)} and not {getattr(meant, field)}"
        for field in CANONICAL
        if getattr(kept, field) != getattr(meant, field)
    ]
    return ", ".join(differences) or "its id is another one"


def read_together(changes: tuple[Change, ...], *, whole: bool) -> list[tuple[Change, ...]]:
    """The changes in the parts in which they are read back and noted in the journal, in the same order: the whole rows
    of very many would take more memory than all else. `whole`: in one part.
    """
    size = len(changes) if whole else _READ_AT_ONCE
    return [changes[start : start + size] for start in range(0, len(changes), size)] if changes else []


def read_back(session: Session, changes: tuple[Change, ...]) -> tuple[tuple[Change, ...], dict[RowId, rows.Written]]:
    """The changes with the keys of created rows, and every written row.

    Raises RowMoved if another program made rows with these keys meanwhile, RecordRefused if a row is not as written.
    """
    created = [c.after for c in changes if c.kind == "create" and c.after is not None]
    kept = [c.after.id for c in changes if c.after is not None and c.after.id is not None]
    images = _gathered(session, created)
    queries = [] if images else _created_queries(session, created)
    images.update(chain.from_iterable(session.fetch(query)[0] for query in queries[:-1]))
    results = session.fetch(*queries[-1:], *session.images_queries(kept))
    images.update(chain.from_iterable(results[: len(queries[-1:])]))
    # Without a unique key, the row just made is the one with the highest id; ids of text have no such order.
    keys = {images[key][0].key: key for key in sorted(images, key=ordered)}
    if session.dialect.keys.row.is_text and len(keys) != len(images):
        raise RowMoved(
            "another program made rows of the same employee and clock-in while we wrote",
            next_step="run the command again; it reads the table again",
        )
    final = tuple(
        msgspec.structs.replace(c, after=msgspec.structs.replace(c.after, id=keys.get(c.after.key)))
        if c.kind == "create" and c.after is not None
        else c
        for c in changes
    )
    images.update(images_of(results[len(queries[-1:]) :]))
    for change in final:
        after = change.after
        if after and (after.id not in images or images[after.id][0] != after):
            kept_row = images[after.id][0] if after.id in images else None
            known = session.columns.definition.triggers
            triggers = f"a trigger ({', '.join(known)})" if known else "a trigger"
            words = f"{triggers}, or a column that rounds or is too small: {_altered(after, kept_row)}"
            raise RecordRefused(
                f"the database did not keep a row as written (employee {after.employee_id}): {words}",
                words=f"it is not kept as written, by {words}",
                next_step="look at the triggers and column types of the table; nothing was written",
            )
    return final, images

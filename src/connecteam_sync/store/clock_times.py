"""The writes to `clock_times`: in an order that obeys its key, each guarded by the image it expects, and read back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache, partial
from itertools import chain

import msgspec

from connecteam_sync.core.change import Change
from connecteam_sync.core.clocktime import ClockTime
from connecteam_sync.core.order import Move, steps
from connecteam_sync.errors import DatabaseError, RowMoved
from connecteam_sync.store import rows
from connecteam_sync.store.bulk import BATCH, packed_rows
from connecteam_sync.store.dialect import Dialect, Kind
from connecteam_sync.store.session import Session, images_of
from connecteam_sync.store.statements import batches
from connecteam_sync.store.trips import Answer, Query

_READ_AT_ONCE = 20_000
"""About how many rows are read back in one round trip, where there are very many: some drivers keep them twice."""


def demand_unmoved(changes: Iterable[Change], present: Mapping[int, rows.Image]) -> None:
    """Every row about to be written must be exactly as planned."""
    moved = [
        c.before.id
        for c in changes
        if c.before and c.before.id is not None and (c.before.id not in present or present[c.before.id][0] != c.before)
    ]
    if moved:
        raise RowMoved(
            f"{len(moved)} rows were changed by another program since they were read",
            rows=tuple(moved),
            next_step="run the command again; it looks at the table anew",
        )


def write_steps(session: Session, changes: Iterable[Change], *, now: int) -> None:
    """The writes to `clock_times` in an order that obeys the unique key, each guarded by the image it expects."""
    d, names = session.dialect, session.host.clock_times
    condition = f"t.{d.name(names.id)} = d.id AND " + " AND ".join(
        d.same(session.canonical[field], f"d.b_{field}") for field in rows.CANONICAL
    )
    touched = {name: d.moment("d.now") for name in _stamps(session, names.updated_at)}
    guard: dict[str, Kind] = {"id": "int", **rows.image_kinds("b_")}
    full: dict[str, Kind] = {**guard, **rows.image_kinds(), "now": "int"}
    statements = {
        "delete": d.delete(session.clock_times, d.rowset(guard), d.name(names.id), condition),
        "park": d.update(
            session.clock_times,
            d.rowset(full),
            {d.name(names.clock_in): d.moment("d.clock_in")},
            condition,
        ),
        "update": d.update(session.clock_times, d.rowset(full), _target(session) | touched, condition),
    }
    for step in steps(changes):
        kind = "park" if step[0].parked is not None else step[0].change.kind
        if kind == "create":
            _create(session, [move.change.image for move in step], now=now)
            continue
        for batch in batches(step):
            items = (_move_values(move, now) for move in batch)
            session.later_set(statements[kind], items, then=partial(_demand_written, len(batch)))


def _create(session: Session, images: Sequence[ClockTime], *, now: int) -> None:
    """New rows, the way that is quickest for so many."""
    d, target, stamps = session.dialect, _target(session), _stamps(session)
    if session.columns.is_plain_table and (d.family == "sqlite" or (d.family == "postgresql" and len(images) > BATCH)):
        columns: dict[str, Kind] = dict.fromkeys((*target, *stamps), "text")
        stamp = [_moment(now)] * len(stamps)
        session.insert_many(session.clock_times, columns, ((*_new_row(image, d), *stamp) for image in images))
        return
    is_packed = d.family == "mysql"
    values = target | dict.fromkeys(stamps, d.moment(f"CAST(:now AS {d.bigint})"))
    sql = d.insert(session.clock_times, d.rowset(rows.image_kinds(), packed=is_packed), values)
    for batch in batches(images):
        items = [rows.image_values(image) for image in batch]
        new = packed_rows([tuple(item.values()) for item in items]) if is_packed else rows.json_rows(items)
        session.later(Query(sql, {"rows": new, "now": now}), partial(_demand_written, len(batch)))


def _target(session: Session) -> dict[str, str]:
    """What the columns of a row are set to, from a rowset of `image_values`; by quoted name, in their order."""
    d, names = session.dialect, session.host.clock_times
    return {
        d.name(names.employee_id): "d.employee_id",
        d.name(names.clock_in): d.moment("d.clock_in"),
        d.name(names.clock_out): d.moment("d.clock_out"),
        d.name(names.total_minutes): "d.total_minutes",
        d.name(names.is_active): d.flag("d.is_active"),
        d.name(names.source): "d.source",
    }


def _stamps(session: Session, *wanted: str) -> list[str]:
    """The columns that say when a row was written, as far as the table has them: those `wanted`, by default both."""
    names = session.host.clock_times
    asked = dict.fromkeys(wanted or (names.created_at, names.updated_at))
    return [session.dialect.name(name) for name in asked if name in session.columns.clock_times]


def _demand_written(rows: int, answer: Answer) -> None:
    """A guarded statement must have touched all it was about."""
    if answer.touched != rows:
        raise RowMoved(
            f"{rows - answer.touched} of {rows} rows were changed by another program while we wrote",
            next_step="run the command again; it looks at the table anew",
        )


def _new_row(image: ClockTime, dialect: Dialect) -> tuple[object, ...]:
    """The values of a row to be made, in the order of `_target`."""
    return (
        image.employee_id,
        _moment(image.clock_in),
        None if image.clock_out is None else _moment(image.clock_out),
        image.total_minutes,
        dialect.truth(value=image.is_active),
        image.source,
    )


def _moment(instant: int) -> str:
    """A naive UTC datetime as every database reads it; put together, since days and times of day come again."""
    day, second = divmod(instant, 86_400)
    return f"{_day(day)} {_time_of_day(second)}"


@lru_cache(maxsize=1_000)
def _day(number: int) -> str:
    return datetime.fromtimestamp(number * 86_400, UTC).date().isoformat()


@lru_cache(maxsize=86_400)
def _time_of_day(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).time().isoformat()


def _move_values(move: Move, now: int) -> dict[str, object]:
    """One write as a member of a rowset."""
    before, after = move.change.before, move.change.after
    values: dict[str, object] = {"now": now}
    if before is not None:
        held = msgspec.structs.replace(
            before, clock_in=before.clock_in if move.from_parked is None else move.from_parked
        )
        values |= {"id": before.id, **rows.image_values(held, "b_")}
    if after is not None:
        values |= rows.image_values(after)
    if move.parked is not None:
        values["clock_in"] = move.parked
    return values


def _created_queries(session: Session, created: list[ClockTime]) -> list[Query]:
    """What reads the rows that were just created, as they stand in the table; others may be among them.

    MySQL and MariaDB keep them whole for the journal without handing them over.
    """
    if not created:
        return []
    d, names = session.dialect, session.host.clock_times
    stay = d.family == "mysql"
    select = session.select_rows() if stay else f"SELECT {session.image_columns}"
    make = rows.canonical_alone if stay else rows.image
    if len(created) <= BATCH:
        sql = (
            f"{select} FROM {d.rowset({'employee_id': 'int', 'clock_in': 'int'})}"
            f" {d.lookup} {session.clock_times} t ON t.{d.name(names.employee_id)} = d.employee_id"
            f" AND t.{d.name(names.clock_in)} = {d.moment('d.clock_in')}"
        )
        keys = ({"employee_id": row.employee_id, "clock_in": row.clock_in} for row in created)
        return [Query(sql, {"rows": rows.json_rows(keys)}, make)]
    # So many are nearly all there is between the first and the last of them: reading on is quicker than looking up.
    instants = sorted(row.clock_in for row in created)
    starts = instants[::_READ_AT_ONCE]
    spans = zip(starts, [*starts[1:], instants[-1] + 1], strict=True)
    return [session.somebodys_rows_between(select, start, end)._replace(make=make) for start, end in spans]


def read_back(session: Session, changes: tuple[Change, ...]) -> tuple[tuple[Change, ...], dict[int, rows.Written]]:
    """The changes with the keys of created rows, and every written row; it must be what was meant."""
    created = [c.after for c in changes if c.kind == "create" and c.after is not None]
    kept = [c.after.id for c in changes if c.after is not None and c.after.id is not None]
    queries = _created_queries(session, created)
    images: dict[int, rows.Written] = dict(chain.from_iterable(session.fetch(query)[0] for query in queries[:-1]))
    found = session.fetch(*queries[-1:], *session.images_queries(kept))
    images.update(chain.from_iterable(found[: len(queries[-1:])]))
    # Where a table has no unique key yet, the highest id is the row that was just made.
    keys = {images[key][0].key: key for key in sorted(images)}
    final = tuple(
        msgspec.structs.replace(c, after=msgspec.structs.replace(c.after, id=keys.get(c.after.key)))
        if c.kind == "create" and c.after is not None
        else c
        for c in changes
    )
    images.update(images_of(found[len(queries[-1:]) :]))
    for change in final:
        after = change.after
        if after and (after.id not in images or images[after.id][0] != after):
            raise DatabaseError(
                f"the database did not keep a row as written (employee {after.employee_id}): "
                "a trigger, or a column that rounds",
                next_step="look at the triggers and column types of the table; nothing was written",
            )
    return final, images

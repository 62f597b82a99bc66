"""Whole rows of `clock_times`, with every column, restored from the images of the journal."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from connecteam_sync.core.keys import RowId
from connecteam_sync.store.session import Session
from connecteam_sync.store.sql.exact_types import columns_in
from connecteam_sync.store.sql.pipeline import Answer
from connecteam_sync.store.sql.traits import Kind

_EXACT = msgspec.json.Decoder(float_hook=str)
"""Keeps numbers as text: two long ones may be the same float."""


def known(session: Session, image: str | None) -> tuple[str, ...]:
    """The columns that both the table and the image have: columns added or dropped since are left out."""
    then = columns_in(image)
    return tuple(column for column in session.columns.clock_times if column in then)


def by_columns(
    session: Session, keys: Iterable[RowId], whole: Mapping[RowId, str | None]
) -> dict[tuple[str, ...], list[RowId]]:
    """These keys, grouped by the columns that table and image have in common."""
    groups: dict[tuple[str, ...], list[RowId]] = defaultdict(list)
    for key in keys:
        groups[known(session, whole.get(key))].append(key)
    return groups


def differing(session: Session, then: str | None, now: str | None) -> list[str]:
    """The columns that differ between two images, of those that both have and that no trigger owns."""
    before, after = (columns_in(image) for image in (then, now))
    owned = session.host.clock_times.trigger_columns
    shared = (column for column in before if column in after and column not in owned)
    return [column for column in shared if not _same(before[column], after[column])]


def _same(before: bytes, after: bytes) -> bool:
    """Whether two JSON values are equal; older images have JSON documents as values, not as their exact text."""
    if before == after:
        return True
    try:
        then, now = _EXACT.decode(before), _EXACT.decode(after)
        if then == now and type(then) is type(now):
            return True
        is_older = isinstance(now, str) and not isinstance(then, str) and then is not None
        return is_older and bool(_EXACT.decode(now) == then)
    except msgspec.DecodeError:
        return False


def rows_again(
    session: Session, aliases: Mapping[str, str], more: Mapping[str, Kind] | None = None
) -> tuple[str, dict[str, str]]:
    """A FROM item with whole rows made from members of `whole_row`, and the expression of each column, by quoted name.

    `more` are further members of the rowset.
    """
    return session.dialect.rows_again(session.clock_times, session.columns.types, aliases, more or {})


def whole_row(
    session: Session, key: RowId | None, whole: Mapping[RowId, str | None], aliases: Mapping[str, str]
) -> dict[str, object]:
    """The image of a row as a member of the rowset of `rows_again`."""
    image = whole[key or 0] or "{}"
    return {"id": key, **session.dialect.members(image, aliases)}


def write_whole(
    session: Session,
    keys: Sequence[RowId],
    whole: Mapping[RowId, str | None],
    *,
    is_new: bool,
    then: Callable[[int, Answer], object],
) -> None:
    """Insert (`is_new`) or update rows from their images, with the columns that table and image have in common.

    The statements may be sent later; `then` is called with the number of rows of each, and its answer. Columns that a
    trigger owns are set in new rows and left alone in existing ones.
    """
    d, names = session.dialect, session.host.clock_times
    id_column = d.name(names.id)
    kept = {id_column} if is_new else {id_column, *map(d.name, names.trigger_columns)}
    for columns, some in by_columns(session, keys, whole).items():
        aliases = {column: f"c{number}" for number, column in enumerate(columns)}
        rowset, every = rows_again(session, aliases)
        if is_new:
            sql = d.insert(session.clock_times, rowset, every, with_key=True)
        else:
            restoring = {column: value for column, value in every.items() if column not in kept}
            sql = d.update(session.clock_times, rowset, restoring, f"t.{id_column} = d.id AND {session.is_ours}")
        sql = d.as_stored(sql)
        session.later_counted(sql, [whole_row(session, key, whole, aliases) for key in some], then)

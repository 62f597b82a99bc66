"""Whole rows of `clock_times`, every column of them, from the images of the journal back into the table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from connecteam_sync.core.keys import RowId
from connecteam_sync.store.session import Session
from connecteam_sync.store.sql.dialect import Kind
from connecteam_sync.store.sql.exact_types import columns_in
from connecteam_sync.store.sql.pipeline import Answer

_EXACT = msgspec.json.Decoder(float_hook=str)
"""Numbers as they are spelled: two long ones may be the same float."""


def known(session: Session, image: str | None) -> tuple[str, ...]:
    """The columns that the table has now and the image knows: one added since is left alone, one dropped is gone."""
    then = columns_in(image)
    return tuple(column for column in session.columns.clock_times if column in then)


def by_columns(
    session: Session, keys: Iterable[RowId], whole: Mapping[RowId, str | None]
) -> dict[tuple[str, ...], list[RowId]]:
    """The rows of these keys, by the columns that are known of each."""
    found: dict[tuple[str, ...], list[RowId]] = defaultdict(list)
    for key in keys:
        found[known(session, whole.get(key))].append(key)
    return found


def differing(session: Session, then: str | None, now: str | None) -> list[str]:
    """The columns of a row that are not as in an image, of those that both know; those that a trigger owns do not
    count.
    """
    before, after = (columns_in(image) for image in (then, now))
    owned = session.host.clock_times.trigger_columns
    shared = (column for column in before if column in after and column not in owned)
    return [column for column in shared if not _same(before[column], after[column])]


def _same(before: bytes, after: bytes) -> bool:
    """Whether two values are one; a document of an older image was kept as what it says, not as it was spelled."""
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
    """Whole rows made of what `whole_row` says of them, as a FROM item; and what each column becomes, by quoted name.

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
    """Rows as their images say, of the columns that both know: made, or restored where they stand. They may wait;
    `then` is told how many each statement was about.

    What a trigger owns is given to a row that is made, and left alone in one that is there.
    """
    d, names = session.dialect, session.host.clock_times
    key = d.name(names.id)
    kept = {key} if is_new else {key, *map(d.name, names.trigger_columns)}
    for columns, some in by_columns(session, keys, whole).items():
        aliases = {column: f"c{number}" for number, column in enumerate(columns)}
        rowset, every = rows_again(session, aliases)
        if is_new:
            sql = d.insert(session.clock_times, rowset, every, with_key=True)
        else:
            restoring = {column: value for column, value in every.items() if column not in kept}
            sql = d.update(session.clock_times, rowset, restoring, f"t.{key} = d.id AND {session.is_ours}")
        sql = d.as_stored(sql)
        session.later_counted(sql, [whole_row(session, one, whole, aliases) for one in some], then)

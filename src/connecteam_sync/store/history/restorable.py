"""Refusing writes that undo could not restore: rows whose image loses bytes, or is too large to be sent.

Most column types lose nothing. For the others the database itself compares each value with the value restored from its
image, in the round trip that reads the images. If a table has no such column, nothing is checked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

from connecteam_sync.core.keys import RowId
from connecteam_sync.errors import RecordRefused
from connecteam_sync.store.session import Session
from connecteam_sync.store.sql.bulk import packed_rows
from connecteam_sync.store.sql.pipeline import Query, Rows, fits
from connecteam_sync.store.sql.statements import batched
from connecteam_sync.store.tables import rows
from connecteam_sync.store.tables.keys import row_id

_ENTRY = 65_536
"""Bytes kept free for the other columns of a journal entry."""
_WIDEST = 16
"""Most bytes that a character takes in a statement with two images: each is escaped twice, as JSON and as a value."""


def lossy_queries(session: Session, keys: Iterable[RowId]) -> list[Query]:
    """Queries for `lossy_columns`, for rows to be altered or deleted; none if every type of the table loses nothing."""
    d, names = session.dialect, session.host.clock_times
    checks = {
        column: check
        for column, kind in session.columns.types.items()
        if column not in names.trigger_columns and (check := d.comes_back(f"t.{d.name(column)}", kind)) is not None
    }
    if not checks:
        return []
    lost = " ".join(f"WHEN NOT ({check}) THEN {d.literal(column)}" for column, check in checks.items())
    source = f"{d.rowset({'id': 'row'})} {d.lookup} {session.clock_times} t ON t.{d.name(names.id)} = d.id"
    checked = f"SELECT {session.canonical['id']} AS id, CASE {lost} END AS lost FROM {source}"
    sql = f"SELECT f.id, f.lost FROM ({checked}) f WHERE f.lost IS NOT NULL"
    return list(batched(sql, ({"id": key} for key in keys), {}, _lost))


def _lost(row: Sequence[Any]) -> tuple[RowId, str]:
    return row_id(row[0]), str(row[1])


def lossy_columns(results: Iterable[Rows]) -> dict[RowId, str]:
    """From the rows of `lossy_queries`: a column that undo could not restore, by row."""
    return dict(chain.from_iterable(results))


def require_restorable(session: Session, lost: Mapping[RowId, str], images: Mapping[RowId, rows.Image]) -> None:
    """Raises RecordRefused for the first row that undo could not restore."""
    for row, column in lost.items():
        raise _refused(row, f"undo could not give back what its column {column!r} holds, to the byte")
    if not session.dialect.has_packets:
        return
    room = session.room - _ENTRY
    for row, (_, whole) in images.items():
        # One statement of the journal has the row before and after.
        if _WIDEST * len(whole) > room and not fits(packed_rows([(whole, whole)]), room):
            raise _refused(row, "it is too large to be kept for an undo (max_allowed_packet)")


def _refused(row: RowId, words: str) -> RecordRefused:
    return RecordRefused(
        f"row {row}: {words}",
        words=words,
        next_step="correct what stands there, or raise max_allowed_packet where it is too large; nothing was written",
    )

"""Very many rows as a few texts, where the database gathers them: a driver takes several times as long for a row as its
server does.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec.structs import astuple

from connecteam_sync.core.clocktime import ClockTime
from connecteam_sync.core.columns import ROW
from connecteam_sync.store.session import Session
from connecteam_sync.store.sql.exact_types import NUMERIC, base_of
from connecteam_sync.store.sql.pipeline import Query, Rows
from connecteam_sync.store.tables import rows
from connecteam_sync.store.tables.columns import plain_text

_GATHERED = 4 * 86_400
"""Seconds of rows in one text."""
_AS_STORED = frozenset({"key", "person", "minutes"})
"""The kinds of columns that are read without a conversion of ours."""
_AS_TEXT: Any = msgspec.defstruct("_AsText", [(column.field, Any) for column in ROW], array_like=True, gc=False)
"""A row of a text. As lists, so many would set off the collector, which takes as long as all the rest."""


def one_by_one(session: Session, start: int, end: int) -> Query:
    """The rows with an employee whose clock-in lies in the half-open span of instants."""
    return session.assigned_rows_between(session.select_rows(), start, end)._replace(make=rows.clock_time)


def gathered(session: Session, start: int, end: int) -> Query:
    """The same rows in a few texts, for `rows_of_texts`, if the database `gathers`."""
    d, keys, types = session.dialect, session.dialect.keys, session.columns.types
    if not d.gathers:
        return one_by_one(session, start, end)
    values = []
    for column in ROW:
        kind = types.get(getattr(session.host.clock_times, column.field), "") if column.kind in _AS_STORED else ""
        is_text = column.kind in {"word", "text"} or (column.kind == "minutes" and base_of(kind) not in NUMERIC)
        is_text |= {"key": keys.row.is_text, "person": keys.person.is_text}.get(column.kind, False)
        values.append((d.in_json(session.canonical[column.field], kind), is_text))
    spans = [(low, min(low + _GATHERED, end)) for low in range(start, end, _GATHERED)]
    bounds = {
        f"{name}{number}": instant
        for number, span in enumerate(spans)
        for name, instant in zip(("start", "end"), span, strict=True)
    }
    return Query(d.gathered(values, [session.assigned_between(number) for number, _ in enumerate(spans)]), bounds)


def rows_of_texts(texts: Rows) -> list[ClockTime] | None:
    """The rows of the texts of `gathered`; None if one is too long for the database, or has a number in another form
    than JSON (zeros in front).
    """
    found: list[ClockTime] = []
    for count, said in texts:
        if count and said is None:
            return None
        try:
            read = msgspec.json.decode(f"[{plain_text(said or '')}]", type=list[_AS_TEXT])
            found += (rows.clock_time(astuple(one)) for one in read)
        except msgspec.DecodeError:
            return None
    return found


def rows_between(session: Session, start: int, end: int) -> list[ClockTime]:
    """The rows with an employee whose clock-in lies in the half-open span, in the quickest way."""
    [found] = session.fetch(gathered(session, start, end))
    inside = rows_of_texts(found) if session.dialect.gathers else found
    if inside is None:
        [inside] = session.fetch(one_by_one(session, start, end))
    return inside

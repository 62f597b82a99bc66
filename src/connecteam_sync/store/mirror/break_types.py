"""The types of manual breaks, as remembered: a type that Connecteam no longer lists stays, with `is_listed` 0."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from connecteam_sync.store.session import Session
from connecteam_sync.store.sql.pipeline import Query
from connecteam_sync.store.tables import rows
from connecteam_sync.store.tables.own import OwnTables


class KnownBreakType(msgspec.Struct, frozen=True):
    """A row of `break_types`. `is_paid` is None of a type that only a break named: Connecteam did not list it."""

    time_clock_id: int
    id: str
    name: str
    is_paid: int | None
    minutes: int | None
    is_listed: int
    seen_at: int


def break_types_query(own: OwnTables) -> Query:
    """Every type that is remembered."""
    return Query(f"SELECT {', '.join(rows.BREAK_TYPE)} FROM {own.break_types}", make=_known)


def _known(row: Sequence[Any]) -> KnownBreakType:
    return KnownBreakType(*row)


def write_break_types(session: Session, types: Iterable[KnownBreakType]) -> None:
    """Write these types in the transaction of a run."""
    d = session.dialect
    upsert = d.upsert(
        session.own.break_types, rows.BREAK_TYPE, "time_clock_id, id", keep=frozenset({"time_clock_id", "id"})
    )
    session.later_set(upsert, (msgspec.structs.asdict(kind) for kind in types))

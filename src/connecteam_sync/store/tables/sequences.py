"""Sequences that give rows their keys, compared with the keys that are there: a dump or a copy leaves them behind."""

from __future__ import annotations

from typing import NamedTuple

from connecteam_sync.store.session import Session
from connecteam_sync.store.sql.pipeline import Query


class SequenceBehind(NamedTuple):
    """A sequence (as SQL spells it) whose `next_key` is not above the `newest` key of its table; `is_taken`: a row has
    that very key. `statement` puts the sequence right.
    """

    sequence: str
    next_key: int
    newest: int
    is_taken: bool
    statement: str


def sequence_behind(session: Session, table: str, key: str) -> SequenceBehind | None:
    """The sequence of a column if it is behind; None if it is not, if there is none, or if it may not be read."""
    d = session.dialect
    asked = d.sequence_of(table, key)
    found = session.fetch(Query(asked))[0] if asked is not None else []
    if not found:
        return None
    [(sequence, literal, step)] = found
    [(last, is_called)] = session.fetch(Query(f"SELECT last_value, is_called FROM {sequence}"))[0]
    next_key = int(last) + int(step) * bool(is_called)
    column, rows = d.name(key), d.table(table)
    [(newest, taken)] = session.fetch(
        Query(
            f"SELECT max({column}), sum(CASE WHEN {column} = :next THEN 1 ELSE 0 END) FROM {rows}", {"next": next_key}
        )
    )[0]
    if newest is None or next_key > int(newest):
        return None
    statement = f"SELECT setval({literal}, (SELECT max({column}) FROM {rows}))"
    return SequenceBehind(str(sequence), next_key, int(newest), bool(taken), statement)

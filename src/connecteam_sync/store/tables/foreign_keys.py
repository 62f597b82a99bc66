"""The tables that point at a table of the host's: declared foreign keys, and columns in the configuration."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from connecteam_sync.errors import ConfigurationError
from connecteam_sync.store.sql.dialect import Dialect
from connecteam_sync.store.sql.pipeline import Query, Rows
from connecteam_sync.store.sql.quoting import parts
from connecteam_sync.store.sql.traits import Kind


class Pointer(msgspec.Struct, frozen=True, kw_only=True):
    """Columns of a table that point at columns of ours, pair by pair.

    `schema` is None if the table is found without one. `on_delete` and `on_update` are the rules of the key, empty if
    none is declared: then the configuration names the column. `kind` is the column's type if statements must name it
    (PostgreSQL). `hidden` is the reason why its rows cannot be counted; empty if they can be.
    """

    schema: str | None
    table: str
    columns: tuple[str, ...]
    targets: tuple[str, ...]
    on_delete: str = ""
    on_update: str = ""
    is_same_table: bool = False
    kind: str = ""
    hidden: str = ""

    @property
    def name(self) -> str:
        """The table for people."""
        return f"{self.schema}.{self.table}" if self.schema else self.table

    @property
    def place(self) -> str:
        """Table and columns for people."""
        return f"{self.name}.{', '.join(self.columns)}"

    @property
    def is_declared(self) -> bool:
        """Whether it is declared as a foreign key."""
        return bool(self.on_delete)

    def source(self, dialect: Dialect) -> str:
        """The table for a statement."""
        return dialect.exact(*([self.schema] if self.schema else ()), self.table)


# -- declared keys -----------------------------------------------------------------------------------------------------

_RULES = {"a": "NO ACTION", "r": "RESTRICT", "c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT"}
"""PostgreSQL's letters for the rules."""


def declared_query(dialect: Dialect, table: str, key: str) -> Query:
    """The query of `declared`: every foreign key that points at the table, as far as the database user may see."""
    return dialect.catalog.pointers(table, key)


def declared(found: Rows) -> list[Pointer]:
    """The foreign keys of `declared_query`, each with all of its columns."""
    keys: defaultdict[str, list[Sequence[Any]]] = defaultdict(list)
    for row in found:
        keys[_text(row[0])].append(row)
    return [_declared(rows) for rows in keys.values()]


def _declared(rows: list[Sequence[Any]]) -> Pointer:
    _, schema, table, _, _, on_delete, on_update, is_same, *_ = rows[0]
    return Pointer(
        schema=None if schema is None else _text(schema),
        table=_text(table),
        columns=tuple(_text(row[3]) for row in rows),
        targets=tuple(_text(row[4]) for row in rows),
        on_delete=_RULES.get(_text(on_delete), _text(on_delete)),
        on_update=_RULES.get(_text(on_update), _text(on_update)),
        is_same_table=bool(is_same),
        kind=_text(rows[0][8]),
        hidden=next((reason for row in rows if (reason := _text(row[9]))), ""),
    )


# -- configured columns ------------------------------------------------------------------------------------------------


def configured_queries(dialect: Dialect, table: str, places: Iterable[str]) -> list[Query]:
    """The queries of `configured`: the columns of each configured table."""
    return [dialect.catalog.pointing(table, schema, name) for schema, name, _ in map(parts_of, places)]


def configured(dialect: Dialect, key: str, places: Iterable[str], found: Sequence[Rows]) -> list[Pointer]:
    """The configured columns. Raises ConfigurationError if one does not exist."""
    return [_configured(dialect, key, place, columns) for place, columns in zip(places, found, strict=True)]


def _configured(dialect: Dialect, key: str, place: str, columns: Rows) -> Pointer:
    schema, table, wanted = parts_of(place)
    where = f'child_tables names "{place}"'
    cure = "correct child_tables under [tables.clock_times] in connecteam-sync.toml"
    if not columns:
        child = ".".join(part for part in parts_of(place)[:-1] if part)
        seen, granted = "", ""
        if dialect.hides_what_is_not_granted:
            seen, granted = ", or the database user has no right on it", f", or GRANT SELECT on {child} to that user"
        raise ConfigurationError(f"{where}, and the database has no table {child!r}{seen}", next_step=cure + granted)
    names = [_text(row[0]) for row in columns]
    same = [name for name in names if name == wanted]
    if dialect.folds_names:
        same = same or [name for name in names if name.lower() == wanted.lower()]
    if not same:
        raise ConfigurationError(f"{where}, and table {parts_of(place)[1]!r} has no column {wanted!r}", next_step=cure)
    _, kind, is_same, hidden = columns[names.index(same[0])]
    return Pointer(
        schema=schema,
        table=table,
        columns=(same[0],),
        targets=(key,),
        is_same_table=bool(is_same),
        kind=_text(kind),
        hidden=_text(hidden),
    )


def parts_of(place: str) -> tuple[str | None, str, str]:
    """Schema, table and column of "payslips.clock_time_id" or "other.punches.ct_id"."""
    *table, column = parts(place)
    return ".".join(table[:-1]) or None, "".join(table[-1:]), column


def together(dialect: Dialect, keys: Sequence[Pointer], named: Sequence[Pointer]) -> tuple[Pointer, ...]:
    """Declared keys and configured columns; a column that is both counts once, as a declared key."""

    def spot(pointer: Pointer) -> tuple[str, ...]:
        words = (pointer.schema or "", pointer.table, *pointer.columns)
        return tuple(word.lower() for word in words) if dialect.folds_names else words

    known = {spot(pointer) for pointer in keys}
    found = sorted(keys, key=lambda pointer: (pointer.name, pointer.columns))
    for pointer in named:
        if spot(pointer) not in known:
            known.add(spot(pointer))
            found.append(pointer)
    return tuple(found)


# -- counting ----------------------------------------------------------------------------------------------------------


def count_statement(dialect: Dialect, pointer: Pointer, table: str, key: str, kind: Kind) -> str:
    """How many rows point at each row of `table` that the rowset `d` names by its `key`, of this kind: (id, count)."""
    child, d = pointer.source(dialect), dialect
    if pointer.targets == (key,):
        joined = f"{d.lookup} {child} c ON c.{d.exact(pointer.columns[0])} = {d.as_pointer('d.id', pointer.kind)}"
    else:
        pairs = zip(pointer.columns, pointer.targets, strict=True)
        same = " AND ".join(f"c.{d.exact(column)} = t.{d.exact(target)}" for column, target in pairs)
        joined = f"{d.lookup} {table} t ON t.{d.exact(key)} = d.id {d.lookup} {child} c ON {same}"
    # A row that points at itself may be deleted.
    other = f" WHERE c.{d.exact(key)} <> d.id" if pointer.is_same_table else ""
    return f"SELECT d.id, count(*) FROM {d.rowset({'id': kind})} {joined}{other} GROUP BY d.id"


def _text(value: Any) -> str:  # noqa: ANN401 - MySQL's catalogue gives bytes to some drivers
    return value.decode() if isinstance(value, bytes) else str(value)

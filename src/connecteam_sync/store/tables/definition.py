"""The definition of the host's two tables, from the catalogue: kind, engine, words of an ENUM, triggers, constraints.

A hash of all of it, and of the columns, is the *stamp*: it changes if anything is altered. It is read in the round trip
that reads the columns. `support` decides whether a table is supported.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection

from connecteam_sync.core.columns import of_kind
from connecteam_sync.store.sql.catalog import TableInfo
from connecteam_sync.store.sql.dialect import Dialect
from connecteam_sync.store.sql.pipeline import Query, Rows, fetch
from connecteam_sync.store.tables.host import ClockTimesNames, HostTables


class ValueRange(msgspec.Struct, frozen=True):
    """The lowest and the highest value of a column, as the driver returns them; None if there is none."""

    low: Any = None
    high: Any = None


class Target(msgspec.Struct, frozen=True):
    """The target of a foreign key of `clock_times` over the employee alone."""

    key: str
    schema: str | None
    table: str
    column: str
    is_people: bool
    """Whether the target is the table of people."""


class Definition(msgspec.Struct, frozen=True):
    """The facts about the two tables other than their columns.

    `triggers` are the visible triggers of `clock_times`, and the rules (PostgreSQL) that do something in addition to a
    write; `instead` are rules that replace a write. `people_triggers` and `people_instead` are those of the table of
    people. `unproved` are constraints that old rows may break (NOT VALID). `words` are the words of an ENUM, by column
    of `clock_times`. `spans` are the ends of the columns whose values matter, by column. `targets` are those of the
    employee's foreign keys.
    """

    clock_times: TableInfo = TableInfo()
    employees: TableInfo = TableInfo()
    triggers: tuple[str, ...] = ()
    people_triggers: tuple[str, ...] = ()
    instead: tuple[str, ...] = ()
    people_instead: tuple[str, ...] = ()
    unproved: tuple[str, ...] = ()
    targets: tuple[Target, ...] = ()
    words: Mapping[str, tuple[str, ...]] = {}
    spans: Mapping[str, ValueRange] = {}
    stamp: str = ""


def definition_queries(dialect: Dialect, host: HostTables) -> list[Query]:
    """The queries of `definition_of`; the first one is about the tables themselves."""
    return dialect.catalog.definition(host)


def definition_of(dialect: Dialect, host: HostTables, found: Sequence[Rows], columns: Sequence[Rows]) -> Definition:
    """The definition, from the answers to `definition_queries`. The stamp is also a hash of `columns`, further answers,
    and of the configuration of the tables.
    """
    answers: list[list[tuple[Any, ...]]] = [[tuple(map(_plain, row)) for row in rows] for rows in (*found, *columns)]
    stamp = hashlib.sha256(msgspec.json.encode((answers, host))).hexdigest()
    parsed = dialect.catalog.parse_definition(host, answers[: len(found)])
    return Definition(
        clock_times=parsed.tables.get("clock_times", TableInfo()),
        employees=parsed.tables.get("employees", TableInfo()),
        triggers=parsed.triggers,
        people_triggers=parsed.people_triggers,
        instead=parsed.instead,
        people_instead=parsed.people_instead,
        unproved=parsed.unproved,
        targets=_targets(host, parsed.targets),
        words=parsed.words,
        stamp=stamp,
    )


def _targets(host: HostTables, found: Sequence[tuple[Any, ...]]) -> tuple[Target, ...]:
    """The targets of keys over the employee alone; `found` has a row for each column of each key of `clock_times`."""
    keys: dict[object, list[tuple[Any, ...]]] = {}
    for key, *rest in found:
        keys.setdefault(key, []).append(tuple(rest))
    wanted = host.clock_times.employee_id.lower()
    result = []
    for key, [(column, schema, table, target, is_people), *more] in keys.items():
        if more or column.lower() != wanted or target is None:
            continue
        result.append(Target(str(key), schema, table, target, bool(is_people)))
    return tuple(result)


def with_spans(
    connection: Connection,
    dialect: Dialect,
    names: ClockTimesNames,
    present: Collection[str],
    known: Definition,
    *,
    is_known: bool,
) -> Definition:
    """The definition with the lowest and the highest value of each column whose type is not enough: the times and the
    flag if columns are loosely typed (SQLite), else times that are numbers. The ends are enough: numbers sort before
    text and bytes after it, and other formats of a day before or after ours.
    """
    if not dialect.is_loosely_typed and names.clock_in_unit is None:
        return known
    looked = [getattr(names, field) for field in of_kind("moment")]
    if dialect.is_loosely_typed and not is_known:
        looked.append(names.is_active)  # which has no index, as a rule
    columns = [name for name in looked if name in present]
    table = dialect.table(names.table)
    found = fetch(connection, [Query(dialect.ends(dialect.name(name), table)) for name in columns])
    spans = {name: ValueRange(*rows[0]) for name, rows in zip(columns, found, strict=True)}
    return msgspec.structs.replace(known, spans=spans)


def _plain(value: object) -> object:
    """A driver's value in a form that JSON can hold."""
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).decode(errors="replace")
    return value if value is None or isinstance(value, str | int | bool) else str(value)

"""How the host's two tables are made, as the catalogue says it: kind, engine, words of an ENUM, triggers, constraints.

All of it, and the columns, make the *stamp*: one text that is another one as soon as anything of it is altered. It is
asked in the round trip that asks for the columns. Whether a table is served at all is judged in `served`.
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


class Span(msgspec.Struct, frozen=True):
    """The lowest and the highest value of a column, as the driver gives them; None where it has none."""

    low: Any = None
    high: Any = None


class Target(msgspec.Struct, frozen=True):
    """What a foreign key of the clock times, over the employee alone, points at."""

    key: str
    schema: str | None
    table: str
    column: str
    is_people: bool
    """Whether that is the table of people."""


class Definition(msgspec.Struct, frozen=True):
    """What is known of the two tables next to their columns. `triggers` are those of the clock times that one
    may see, and rules of PostgreSQL that do something next to a write, `people_triggers` those of the people; `instead`
    are rules that do something else instead of one, and `people_instead`. `unproved` are constraints that old rows may
    break (NOT VALID). `words` are what an ENUM allows, by column of the clock times; `spans` the ends of columns whose
    values decide, by column; `targets` are of the employee's keys.
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
    spans: Mapping[str, Span] = {}
    stamp: str = ""


def definition_queries(dialect: Dialect, host: HostTables) -> list[Query]:
    """What `definition_of` reads; the first says what the tables are."""
    return dialect.catalog.definition(host)


def definition_of(dialect: Dialect, host: HostTables, found: Sequence[Rows], columns: Sequence[Rows]) -> Definition:
    """What the tables are; `columns` are further answers that the stamp is made of, next to what the configuration says
    of the tables.
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
    """The keys over the employee alone; `found` has a row for each column of each key of the clock times."""
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
    """The same, with the lowest and the highest value of each column whose type alone does not decide: of the times and
    the flag where types say little (SQLite), elsewhere of times that are numbers. The ends tell: numbers stand before
    text and bytes after it, other ways to write a day before or behind ours.
    """
    if not dialect.is_loosely_typed and names.clock_in_unit is None:
        return known
    looked = [getattr(names, field) for field in of_kind("moment")]
    if dialect.is_loosely_typed and not is_known:
        looked.append(names.is_active)  # which has no index, as a rule
    columns = [name for name in looked if name in present]
    table = dialect.table(names.table)
    found = fetch(connection, [Query(dialect.ends(dialect.name(name), table)) for name in columns])
    spans = {name: Span(*rows[0]) for name, rows in zip(columns, found, strict=True)}
    return msgspec.structs.replace(known, spans=spans)


def _plain(value: object) -> object:
    """A driver's value as JSON can hold it."""
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).decode(errors="replace")
    return value if value is None or isinstance(value, str | int | bool) else str(value)

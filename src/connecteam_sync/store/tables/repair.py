"""Check that our tables are as this version needs them, and that the links from shifts to rows hold; repair them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import Column, Connection, Index, Table
from sqlalchemy.schema import CreateColumn

from connecteam_sync.core.clocktime import CONNECTEAM
from connecteam_sync.core.text import many
from connecteam_sync.core.window import EARLIEST, LATEST, later, start_of_day
from connecteam_sync.errors import ConfigurationError
from connecteam_sync.store.mirror.links import give_up_doubles
from connecteam_sync.store.session import Session
from connecteam_sync.store.sql.connect import inspector
from connecteam_sync.store.sql.dialect import Dialect
from connecteam_sync.store.sql.pipeline import Query
from connecteam_sync.store.tables import ownership
from connecteam_sync.store.tables.columns import plain_text
from connecteam_sync.store.tables.create import note_writes, prepared
from connecteam_sync.store.tables.host import HostTables
from connecteam_sync.store.tables.own import OwnNames
from connecteam_sync.store.tables.schema import LINKS, PERSONS, TOUCHED, Tables, indexes_of, tables_of


class SchemaFault(msgspec.Struct, frozen=True):
    """A part of a table of ours that is not as it should be; `mends`: `init` repairs it."""

    table: Table
    message: str
    mends: bool = True
    column: Column[object] | None = None
    index: Index | None = None
    is_table: bool = False
    is_digest: bool = False


def faults(connection: Connection, dialect: Dialect, names: OwnNames) -> list[SchemaFault]:
    """Differences from the tables, columns and indexes that this version needs. Nothing is written."""
    tables = tables_of(names)
    there = ownership.present(connection, dialect, [table.name for table in tables], names.schema)
    found: list[SchemaFault] = []
    for table in tables:
        if table.name not in there:
            found.append(SchemaFault(table, f"table {table.fullname} is missing", is_table=True))
            continue
        found += _columns(table, there[table.name], names.prefix, keeps_digest=_keeps_digest(dialect, table, tables))
        found += _indexes(connection, dialect, table, tables)
    return found


def _keeps_digest(dialect: Dialect, table: Table, tables: Tables) -> bool:
    return table is tables.shifts and dialect.notes_writes


def _columns(table: Table, found: ownership.ExistingTable, prefix: str, *, keeps_digest: bool) -> Iterator[SchemaFault]:
    wanted, kinds = ownership.columns_of_table(table), table.name.removeprefix(prefix)
    for column in table.columns:
        kind = found.columns.get(column.name)
        if kind is None:
            # The lost values of a required column cannot be restored.
            message = f"{table.fullname} has no column {column.name}"
            yield SchemaFault(table, message, mends=bool(column.nullable), column=column)
        elif kind != wanted[column.name] and column.name not in (*LINKS.get(kinds, ()), *PERSONS.get(kinds, ())):
            word = {"int": "a whole number", "text": "text"}[wanted[column.name]]
            yield SchemaFault(
                table, f"column {column.name} of {table.fullname} is not {word}", mends=False, column=column
            )
    if keeps_digest and TOUCHED not in found.columns:
        yield SchemaFault(table, f"{table.fullname} has no column {TOUCHED}", is_digest=True)


def _indexes(connection: Connection, dialect: Dialect, table: Table, tables: Tables) -> Iterator[SchemaFault]:
    found = {index["name"]: index for index in inspector(connection).get_indexes(table.name, schema=table.schema)}
    for index in indexes_of(table):
        columns = [column.name for column in index.columns]
        if _keeps_digest(dialect, table, tables) and columns == ["start_at"]:
            columns.append(TOUCHED)
        there = found.get(str(index.name))
        if there is None:
            message = f"index {index.name} of {table.fullname} is missing"
        elif there["column_names"] != columns or bool(there["unique"]) != bool(index.unique):
            message = f"index {index.name} of {table.fullname} is over other columns, or not unique"
        else:
            continue
        yield SchemaFault(table, message, index=index)


def mend(connection: Connection, dialect: Dialect, names: OwnNames, host: HostTables) -> tuple[str, ...]:
    """Repair missing tables, missing columns that may be empty, and indexes. Returns a sentence for each."""
    done: list[str] = []
    # A table, or the index of a column, that was made in the first pass is complete only after a second one.
    for _ in range(2):
        for fault in faults(connection, dialect, names):
            if fault.mends:
                _mend(connection, dialect, names, host, fault)
                done.append(f"{fault.message}: put back")
    return tuple(done)


def _mend(connection: Connection, dialect: Dialect, names: OwnNames, host: HostTables, fault: SchemaFault) -> None:
    table, engine = fault.table, connection.dialect
    name = dialect.own(table.fullname)
    if fault.is_table:
        prepared(dialect, table).create(connection)
    elif fault.column is not None:
        column = str(CreateColumn(fault.column).compile(dialect=engine))
        connection.exec_driver_sql(f"ALTER TABLE {name} ADD COLUMN {column}")
    elif fault.index is not None:
        _again(connection, dialect, names, host, fault.index)
    if fault.is_digest or (fault.is_table and _keeps_digest(dialect, table, tables_of(names))):
        start = next(index for index in table.indexes if str(index.name).endswith("_start"))
        if _has(connection, table, str(start.name)):
            connection.exec_driver_sql(note_writes(dialect.of_server(connection), names))


def _has(connection: Connection, table: Table, index: str) -> bool:
    found = inspector(connection).get_indexes(table.name, schema=table.schema)
    return any(item["name"] == index for item in found)


def _again(connection: Connection, dialect: Dialect, names: OwnNames, host: HostTables, index: Index) -> None:
    table: Table = index.table  # type: ignore[assignment] # an index of ours is of a table
    if index.unique:
        give_up_doubles(connection, names, host)
    if _has(connection, table, str(index.name)):
        index.drop(connection)
    columns = [column.name for column in index.columns]
    if _keeps_digest(dialect, table, tables_of(names)) and columns == ["start_at"]:
        there = {column["name"] for column in inspector(connection).get_columns(table.name, schema=table.schema)}
        if TOUCHED in there:
            statement = f"CREATE INDEX {index.name} ON {dialect.own(table.fullname)} (start_at, {TOUCHED})"
            connection.exec_driver_sql(statement)
            return
    index.create(connection)


# -- links -------------------------------------------------------------------------------------------------------------


class StaleLinks(NamedTuple):
    """The numbers of shifts whose link no longer holds: their row is `gone`, or (`other`) has neither the applied
    values nor those of the shift; and the first and last start of any of them, in epoch seconds.
    """

    gone: int
    other: int
    first: int | None
    last: int | None


class OddRows(NamedTuple):
    """The numbers of rows that are easily overlooked: ours without an employee or a readable time; others whose source
    is nearly our word, or empty.
    """

    unassigned: int
    out_of_reach: int
    fractions: int
    nearly_ours: int
    without_source: int
    example: str | None


def odd_rows(session: Session) -> OddRows:
    """Counted over the whole table: for `doctor`, not for runs."""
    read, source = session.canonical, session.dialect.name(session.host.clock_times.source)
    lost = f"({read['employee_id']} IS NULL OR {read['clock_in']} IS NULL)"
    near = f"lower(trim({read['source']})) = '{CONNECTEAM}' AND NOT {session.is_ours}"
    d, names = session.dialect, session.host.clock_times
    times = [f"t.{d.name(name)}" for name in (names.clock_in, names.clock_out)]
    first, last = (start_of_day(day, ZoneInfo("UTC")) for day in (EARLIEST, later(LATEST, 1)))
    conditions = (
        f"{session.is_ours} AND {lost}",
        f"{session.is_ours} AND ({read['clock_in']} < {first} OR {read['clock_in']} >= {last})",
        " OR ".join(d.has_fraction(time) for time in times),
        near,
        f"t.{source} IS NULL",
    )
    counts = ", ".join(f"coalesce(sum(CASE WHEN {condition} THEN 1 ELSE 0 END), 0)" for condition in conditions)
    example = f"min(CASE WHEN {near} THEN {read['source']} END)"
    sql = f"SELECT {counts}, {example} FROM {session.clock_times} t"
    [(*found, example_source)] = session.fetch(Query(sql))[0]
    unassigned, out_of_reach, fractions, nearly, without = map(int, found)
    return OddRows(
        unassigned,
        out_of_reach,
        fractions,
        nearly,
        without,
        None if example_source is None else plain_text(example_source),
    )


def stale_links(session: Session) -> StaleLinks:
    """Counted over the whole table: for `doctor`, not for runs."""
    d, names, read = session.dialect, session.host.clock_times, session.canonical
    key = f"t.{d.name(names.id)}"
    applied = " AND ".join(
        d.same(read[field], f"s.applied_{field}") for field in ("employee_id", "clock_in", "clock_out")
    )
    as_the_shift = f"{read['clock_in']} = s.start_at AND {d.same(read['clock_out'], 's.end_at')}"
    gone = f"CASE WHEN {key} IS NULL THEN 1 ELSE 0 END"
    sql = (
        f"SELECT count(*), coalesce(sum({gone}), 0), min(s.start_at), max(s.start_at) FROM {session.own.shifts} s"
        f" LEFT JOIN {session.clock_times} t ON {key} = {d.keys.row.host.format('s.clock_time_id')}"
        f" WHERE s.clock_time_id IS NOT NULL AND ({key} IS NULL OR NOT (({applied}) OR ({as_the_shift})))"
    )
    [(every, missing, first, last)] = session.fetch(Query(sql))[0]
    return StaleLinks(int(missing), int(every) - int(missing), first, last)


def require_remembered(session: Session) -> None:
    """Raises ConfigurationError if the table contains almost none of the rows that are remembered: it is another table,
    and all of them would be written again.
    """
    counted = Query(f"SELECT count(*) FROM {session.own.shifts} WHERE clock_time_id IS NOT NULL")
    every, lost = int(session.fetch(counted)[0][0][0]), stale_links(session)
    there = every - lost.gone - lost.other
    if there * _FEW >= every:
        return
    table = session.host.clock_times.table
    raise ConfigurationError(
        f"of {many(every, 'row')} that are remembered, {there:,} stand in table {table!r}: it is not the table that was"
        " moved, and the others would be written into it again; nothing was changed",
        next_step="name the table that has them under [tables.clock_times]; to start afresh with this one, name another"
        " [tables] prefix for our tables, then: connecteam-sync init --beside",
    )


_FEW = 10
"""A table that has lost more than nine of ten rows is taken for another one."""

"""The statements that make our tables."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Column, MetaData, PrimaryKeyConstraint, String, Table
from sqlalchemy.schema import CreateIndex, CreateTable

from connecteam_sync.store.sql.dialect import Dialect
from connecteam_sync.store.tables.own import OwnNames
from connecteam_sync.store.tables.schema import TOUCHED, VERSION, indexes_of, tables_of
from connecteam_sync.store.tables.templates import CountedKey


def prepared(dialect: Dialect, table: Table, *, is_ours: bool = True) -> Table:
    """The table, ready to be created, with the options of its database."""
    counts = any(isinstance(column.type, CountedKey) for column in table.columns)
    table.dialect_kwargs.update(dialect.table_options(is_ours=is_ours, counts=counts))
    return table


def note_writes(dialect: Dialect, names: OwnNames) -> str:
    """The statement that makes the server note when each shift was last written, by any program, in the index of the
    start. `dialect` is the server's own (`of_server`).
    """
    table = dialect.engine.identifier_preparer.format_table(tables_of(names).shifts)
    return dialect.note_writes(table, TOUCHED, names.index("shifts", "start"), "start_at")


def table_statements(dialect: Dialect, table: Table) -> Iterator[str]:
    """The statements that make a table with its indexes."""
    yield str(CreateTable(table).compile(dialect=dialect.engine)).strip()
    for index in indexes_of(table):
        yield str(CreateIndex(index).compile(dialect=dialect.engine))


def all_table_statements(dialect: Dialect, names: OwnNames) -> Iterator[str]:
    """The statements that make all our tables in their newest version, which every upgrade leads to as well.

    `dialect` is the server's own (`of_server`). MySQL commits each statement. The version table comes first and its
    number last: while it is empty, the creation was interrupted, and the migrations complete it.
    """
    name = names.name("version")
    number = Column("version_num", String(32), nullable=False)
    key = PrimaryKeyConstraint("version_num", name=f"{name}_pkc")
    version = Table(name, MetaData(), number, key, schema=names.schema)
    yield from table_statements(dialect, version)
    for table in tables_of(names):
        yield from table_statements(dialect, prepared(dialect, table))
    if dialect.notes_writes:
        yield note_writes(dialect, names)
    where = dialect.engine.identifier_preparer.format_table(version)
    yield f"INSERT INTO {where} (version_num) VALUES ('{VERSION}')"

"""How tables of ours are made: what only their making needs to know, per database."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Column, MetaData, PrimaryKeyConstraint, String, Table
from sqlalchemy.engine import Dialect as Engine
from sqlalchemy.schema import CreateIndex, CreateTable

from connecteam_sync.store.tables.own import OwnNames
from connecteam_sync.store.tables.schema import TOUCHED, VERSION, Key, indexes_of, tables_of

# Binary collation: activity ids are opaque and case-sensitive. Said here and not in `schema`, since it makes SQLAlchemy
# load every dialect that is named.
_OPTIONS = {
    f"{family}_{option}": value
    for family in ("mysql", "mariadb")
    for option, value in (("engine", "InnoDB"), ("charset", "utf8mb4"), ("collate", "utf8mb4_bin"))
}
_TOUCHED = f"{TOUCHED} DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6)"


def prepared(table: Table) -> Table:
    """The table, ready to be created."""
    table.dialect_kwargs.update({**_OPTIONS, "sqlite_autoincrement": any(c.type is Key for c in table.columns)})
    return table


def touched(engine: Engine, names: OwnNames) -> str:
    """The statement that makes MySQL and MariaDB note when each shift was last written, whoever wrote it, in the index
    of the start.

    One statement: an interrupted attempt leaves both or neither. Nobody sees the column who does not ask for it.
    """
    index, table = names.index("shifts", "start"), engine.identifier_preparer.format_table(tables_of(names).shifts)
    hidden = "INVISIBLE" if getattr(engine, "is_mariadb", False) else "/*!80023 INVISIBLE */"
    return (
        f"ALTER TABLE {table} ADD COLUMN {_TOUCHED} {hidden},"
        f" DROP INDEX {index}, ADD INDEX {index} (start_at, {TOUCHED})"
    )


def making(engine: Engine, table: Table) -> Iterator[str]:
    """The statements that make a table with its indexes."""
    yield str(CreateTable(table).compile(dialect=engine)).strip()
    for index in indexes_of(table):
        yield str(CreateIndex(index).compile(dialect=engine))


def fresh(engine: Engine, names: OwnNames) -> Iterator[str]:
    """The statements that make all tables of ours as they are now, where none is there: what every upgrade ends in too.

    MySQL commits each statement. The version table comes first and its number last: as long as it is empty, the making
    has broken off, and the migrations complete it.
    """
    name = names.name("version")
    number = Column("version_num", String(32), nullable=False)
    key = PrimaryKeyConstraint("version_num", name=f"{name}_pkc")
    version = Table(name, MetaData(), number, key, schema=names.schema)
    yield from making(engine, version)
    for table in tables_of(names):
        yield from making(engine, prepared(table))
    if engine.name in {"mysql", "mariadb"}:
        yield touched(engine, names)
    where = engine.identifier_preparer.format_table(version)
    yield f"INSERT INTO {where} (version_num) VALUES ('{VERSION}')"

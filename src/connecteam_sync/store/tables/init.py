"""Make and upgrade tables: ours by migrations, the host's two if they are absent."""

from __future__ import annotations

from collections.abc import Container, Mapping
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    DateTime,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    insert,
    select,
    text,
)
from sqlalchemy.types import TypeEngine

from connecteam_sync.core.columns import COLUMNS, ColumnKind, MirroredColumn
from connecteam_sync.errors import ConfigurationError
from connecteam_sync.store.mirror.links import present_rows
from connecteam_sync.store.sql.connect import inspector
from connecteam_sync.store.sql.dialect import Dialect
from connecteam_sync.store.sql.quoting import split
from connecteam_sync.store.tables import key_types, ownership, rename, repair
from connecteam_sync.store.tables.create import all_table_statements, prepared
from connecteam_sync.store.tables.host import HostTables
from connecteam_sync.store.tables.own import OwnNames, OwnTables
from connecteam_sync.store.tables.schema import VERSION, tables_of
from connecteam_sync.store.tables.templates import CountedKey

UNIQUE_KEY = "uq_employee_clock_in"
_MIGRATIONS = Path(__file__).parent.parent / "migrations"


def migrate(
    connection: Connection,
    names: OwnNames,
    host: HostTables,
    *,
    output: StringIO | None = None,
    since: str = "",
    standing: Mapping[str, tuple[str, str | None]] | None = None,
) -> Container[str]:
    """Run our migrations; returns the kinds of tables that they found or made. Alembic is slow: it is imported here.

    With `output`, those after version `since` are printed there instead; `standing` are (name, schema) of the tables
    that are still to be renamed.
    """
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.output_buffer = output
    config.attributes.update(
        prefix=names.prefix,
        schema=names.schema,
        reading=connection,
        is_printed=output is not None,
        standing=standing or {},
        present_rows=partial(present_rows, connection, host),
    )
    command.upgrade(config, "head" if output is None else f"{since}:head", sql=output is not None)
    return {kind for kind, columns in config.attributes["columns"].items() if columns}


def _named(table: str) -> tuple[str, str | None]:
    schema, name = split(table)
    return name, schema


_TYPES: dict[ColumnKind, TypeEngine[Any]] = {
    "person": BigInteger(),
    "moment": DateTime(),
    "minutes": Integer(),
    "flag": Boolean(),
    "word": String(32),
    "text": String(191),
    "stamp": DateTime(),
}


def _made_of(column: MirroredColumn, name: str) -> Column[Any]:
    """A column of the clock times as `init` makes it."""
    if column.kind == "key":
        return Column(name, CountedKey, primary_key=True)
    default = text("CURRENT_TIMESTAMP") if column.kind == "stamp" else None
    return Column(name, _TYPES[column.kind], nullable=column.may_be_empty, server_default=default)


def host_metadata(host: HostTables) -> tuple[Table, Table]:
    """The host's two tables as `init` makes them if they are absent: (employees, clock_times)."""
    metadata = MetaData()
    people, times = host.employees, host.clock_times
    name, schema = _named(people.table)
    employees = Table(
        name,
        metadata,
        Column(people.id, CountedKey, primary_key=True),
        Column(people.name, String(191), nullable=False),
        Column(people.email, String(191)),
        Column(people.connecteam_user_id, String(32)),
        UniqueConstraint(people.connecteam_user_id, name="uq_employee_connecteam_user"),
        schema=schema,
    )
    name, schema = _named(times.table)
    clock_times = Table(
        name,
        metadata,
        *(_made_of(column, name) for column in COLUMNS if (name := getattr(times, column.field)) is not None),
        UniqueConstraint(*(getattr(times, column.field) for column in COLUMNS if column.in_key), name=UNIQUE_KEY),
        Index("ix_clock_times_clock_in", times.clock_in),
        Index("ix_clock_times_clock_out", times.clock_out),
        schema=schema,
    )
    return employees, clock_times


def require_there(connection: Connection, host: HostTables) -> None:
    """Raises ConfigurationError if `clock_times` does not exist: a table that was moved is not made."""
    name, schema = _named(host.clock_times.table)
    if not inspector(connection).has_table(name, schema=schema):
        raise ConfigurationError(
            f"the database has no table {host.clock_times.table!r}: nothing was moved there, and nothing was made",
            next_step="name the table where it is now under [tables.clock_times] table and schema; then"
            " connecteam-sync init --moved",
        )


def init(
    connection: Connection, dialect: Dialect, host: HostTables, own: OwnTables, former: ownership.Former
) -> tuple[str, ...]:
    """Create absent tables and upgrade ours; returns a sentence per action. After an interruption, it can be run again.

    `former` decides about tables of ours under another prefix. Raises ConfigurationError, and nothing was done, if a
    table that is not ours has a name of ours, or `former` is silent about such tables.
    """
    employees, clock_times = host_metadata(host)
    inspector(connection)  # its first call queries the kind of the server
    key_types.read_keys(connection, dialect, own.names, host)
    found = ownership.take_inventory(connection, dialect, own.names, former)
    made_employees = not inspector(connection).has_table(employees.name, schema=employees.schema)
    done = list(rename.rename(connection, dialect, found, own.names))
    if found.is_proved:
        migrate(connection, own.names, host)
    else:
        for statement in all_table_statements(dialect.of_server(connection), own.names):
            connection.exec_driver_sql(statement)
    if found.version != VERSION:
        done.append(f"our tables are at version {VERSION}" + (f" (were at {found.version})" if found.version else ""))
    done += repair.mend(connection, dialect, own.names, host)
    guard = tables_of(own.names).guard
    if connection.execute(select(guard.c.id)).first() is None:
        connection.execute(insert(guard).values(id=1, made_employees=int(made_employees)))
    for table in (employees, clock_times):
        if not inspector(connection).has_table(table.name, schema=table.schema):
            prepared(dialect, table, is_ours=False).create(connection)
            done.append(_made(table))
    done += key_types.follow(connection, dialect, own.names, host)
    return tuple(done)


def _made(table: Table) -> str:
    return f"created table {table.fullname}"


def made(host: HostTables) -> str:
    """The sentence of `init` if it has made `clock_times`."""
    return _made(host_metadata(host)[1])

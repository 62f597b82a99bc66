"""The statements of `init` for a person to read and run: our tables are made, or upgraded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from io import StringIO

from sqlalchemy import Connection, Table

from connecteam_sync.store.sql.connect import inspector
from connecteam_sync.store.sql.dialect import Dialect
from connecteam_sync.store.sql.quoting import split
from connecteam_sync.store.tables import key_types, ownership, rename
from connecteam_sync.store.tables.create import all_table_statements, prepared, table_statements
from connecteam_sync.store.tables.host import HostTables
from connecteam_sync.store.tables.init import host_metadata, migrate
from connecteam_sync.store.tables.own import OwnTables
from connecteam_sync.store.tables.schema import VERSION, tables_of


def init_sql(connection: Connection, dialect: Dialect, host: HostTables, own: OwnTables) -> str:
    """The statements that `init` would run on this database. Nothing is written. Raises the errors of `init`, except
    about tables of ours under another prefix, which are ignored.
    """
    inspector(connection)
    found = ownership.take_inventory(connection, dialect, own.names, ownership.Former(beside=True))
    if not found.is_proved:
        return made(dialect.of_server(connection), host, own, key_types.following(connection, dialect, own.names, host))
    if found.version is None:
        return "-- The first making of our tables was broken off: only `connecteam-sync init` itself goes on with it.\n"
    absent = [
        table for table in host_metadata(host) if not inspector(connection).has_table(table.name, schema=table.schema)
    ]
    if found.version == VERSION:
        _, statements = key_types.changes(connection, dialect, own.names, host)
        comment = f"-- Our tables are at version {VERSION}: there is nothing to upgrade."
        return script(dialect, [comment, *statements, *_host(dialect, absent)])
    comment = (
        f"-- Our tables are at version {found.version}; this leads to {VERSION}. It is of the database as it is now:"
        " stop the schedule before it is printed, and start it when it has been run."
    )
    statements = [comment, *rename.statements(connection, dialect, found, own.names, is_printed=True)]
    statements += _migrations(connection, dialect, host, own, found)
    statements += _of_other_keys(connection, dialect, host, own)
    return script(dialect, [*statements, *_host(dialect, absent)])


def made(dialect: Dialect, host: HostTables, own: OwnTables, following: Iterable[str] = ()) -> str:
    """The statements that `init` would run if our tables are absent; `following` are statements of
    `key_types.following`, or a comment for the reader.
    """
    guard = f"INSERT INTO {own.guard} (id, made_employees) VALUES (1, 1)"
    leave = "-- Leave the next line's 1 a 0 where your own table of employees exists already."
    statements = [*all_table_statements(dialect, own.names), leave, guard, *following]
    return script(dialect, [*statements, *_host(dialect, host_metadata(host))])


def script(dialect: Dialect, statements: Iterable[str]) -> str:
    """The statements as one transaction, if the database has transactions for changes of tables."""
    whole = list(statements)
    if not dialect.commits_tables and any(not statement.startswith("--") for statement in whole):
        whole = ["BEGIN", *whole, "COMMIT"]
    return "\n".join(f"{line}\n" if line.startswith("--") else f"{line.rstrip()};\n" for line in whole)


def _host(dialect: Dialect, tables: Iterable[Table]) -> Iterator[str]:
    for table in tables:
        yield f"-- Only where you have no table {table.fullname} yet:"
        yield from table_statements(dialect, prepared(dialect, table, is_ours=False))


def _migrations(
    connection: Connection, dialect: Dialect, host: HostTables, own: OwnTables, found: ownership.Inventory
) -> Iterator[str]:
    """The migrations after the present version, and tables that no migration makes since another had their name."""
    output, names = StringIO(), own.names
    standing = {kind: (split(old)[1], split(old)[0]) for kind, old in found.old.items() if kind not in found.there}
    known = migrate(connection, names, host, output=output, since=str(found.version), standing=standing)
    for printed in output.getvalue().split(";\n"):
        lines = [line for line in printed.splitlines() if line.strip()]
        yield from (line for line in lines if line.startswith("--"))
        if statement := "\n".join(line for line in lines if not line.startswith("--")):
            yield statement
    for kind, table in tables_of(names).by_kind().items():
        if kind not in {*found.there, *standing} and kind not in known:
            yield from table_statements(dialect, prepared(dialect, table))


def _of_other_keys(connection: Connection, dialect: Dialect, host: HostTables, own: OwnTables) -> Iterator[str]:
    keys = key_types.read_keys(connection, dialect, own.names, host)
    if keys is not None and not (keys.fit if keys.link else keys.are_numbers):
        yield "-- Your keys are not of the kind that our tables keep: print this again when it has been run."

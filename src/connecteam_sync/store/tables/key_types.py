"""The types of our own columns for the host's keys: `init` adapts them while they are empty."""

from __future__ import annotations

from sqlalchemy import Connection, Table
from sqlalchemy.schema import CreateIndex, CreateTable

from connecteam_sync.errors import NotServed
from connecteam_sync.store.sql.dialect import Dialect
from connecteam_sync.store.sql.pipeline import fetch
from connecteam_sync.store.tables.create import prepared
from connecteam_sync.store.tables.host import HostTables
from connecteam_sync.store.tables.keys import KeyColumn, Keys, key_query, keys_of
from connecteam_sync.store.tables.own import OwnNames
from connecteam_sync.store.tables.schema import LINKS, PERSONS, indexes_of, tables_of


def read_keys(connection: Connection, dialect: Dialect, names: OwnNames, host: HostTables) -> Keys | None:
    """The keys, as far as the tables exist; they are set on the dialect.

    None if their type is not supported: our tables are made all the same, so that every command and `doctor` can report
    it.
    """
    [found] = fetch(connection, [key_query(dialect, host, names)])
    try:
        dialect.keys = keys_of(dialect, host, found)
    except NotServed:
        dialect.keys = Keys()
        return None
    return dialect.keys


def follow(connection: Connection, dialect: Dialect, names: OwnNames, host: HostTables) -> tuple[str, ...]:
    """Give our own columns the type of the host's keys while they are empty; returns a sentence for each change.

    Raises NotServed if they hold keys of another type: those would not match any row.
    """
    done, statements = changes(connection, dialect, names, host)
    for statement in statements:
        connection.exec_driver_sql(statement)
    return tuple(done)


def changes(connection: Connection, dialect: Dialect, names: OwnNames, host: HostTables) -> tuple[list[str], list[str]]:
    """The sentences and the statements of `follow`. Raises NotServed as it does."""
    keys = read_keys(connection, dialect, names, host)
    done: list[str] = []
    if keys is None:
        return [], []
    for host_key, ours, columns in ((keys.row, keys.link, LINKS), (keys.person, keys.who, PERSONS)):
        if ours is None or _same(host_key, ours):
            continue
        if _holds_any(connection, dialect, names, columns):
            if host_key.is_unsigned and not ours.is_text:
                continue  # they serve as they are, up to 2^63
            raise NotServed(
                f"column {host_key.place} is {host_key.type} by now, and our tables hold its keys as {ours.type}",
                next_step="give the column its former type again, or start afresh next to it: another [tables] prefix,"
                " then connecteam-sync init --beside; nothing was changed",
            )
        done.append(f"our tables keep {host_key.place} as {'text' if host_key.is_text else 'whole numbers'}")
    return done, retyping(dialect, names, keys) if done else []


def _same(host_key: KeyColumn, ours: KeyColumn) -> bool:
    kinds = (host_key.is_text, host_key.is_native, host_key.is_unsigned)
    return kinds == (ours.is_text, ours.is_native, ours.is_unsigned) or (ours.is_unsigned and not host_key.is_text)


def _holds_any(connection: Connection, dialect: Dialect, names: OwnNames, columns: dict[str, tuple[str, ...]]) -> bool:
    """Whether any of these columns of ours holds a value."""
    for kind, several in columns.items():
        table = dialect.own(names.full(kind))
        some = " OR ".join(f"{column} IS NOT NULL" for column in several)
        if connection.exec_driver_sql(f"SELECT 1 FROM {table} WHERE {some} LIMIT 1").first():
            return True
    return False


def retyping(dialect: Dialect, names: OwnNames, keys: Keys) -> list[str]:
    """The statements that give our columns for keys the type of the host's keys; they can be run again."""
    kinds = {"link": dialect.own_type(keys.row), "who": dialect.own_type(keys.person)}
    tables = tables_of(names, kinds["link"], kinds["who"])
    statements: list[str] = []
    for kind in dict.fromkeys((*LINKS, *PERSONS)):
        table: Table = getattr(tables, kind)
        if not dialect.alters_columns:
            statements += _again(dialect, table)
            continue
        columns = dict.fromkeys(LINKS.get(kind, ()), kinds["link"])
        columns |= dict.fromkeys(PERSONS.get(kind, ()), kinds["who"])
        statements.append(_altered(dialect, table, columns))
    return statements


def following(connection: Connection, dialect: Dialect, names: OwnNames, host: HostTables) -> list[str]:
    """The statements after our tables are made; none if the host's keys are whole numbers below 2^63."""
    keys = read_keys(connection, dialect, names, host)
    if keys is None or {dialect.own_type(key) for key in (keys.row, keys.person)} == {"bigint"}:
        return []
    return retyping(dialect, names, keys)


def _altered(dialect: Dialect, table: Table, columns: dict[str, str]) -> str:
    name = dialect.own(table.fullname)
    parts = (dialect.retyped(c, kind, is_nullable=bool(table.c[c].nullable)) for c, kind in columns.items())
    return f"ALTER TABLE {name} {', '.join(parts)}"


def _again(dialect: Dialect, table: Table) -> list[str]:
    """Rebuild the table and copy its rows, if no column can be altered (SQLite)."""
    name, old = dialect.own(table.name), dialect.name(f"{table.name}_before")
    columns = ", ".join(column.name for column in table.columns)
    return [
        *(f"DROP INDEX IF EXISTS {dialect.name(str(index.name))}" for index in indexes_of(table)),
        f"ALTER TABLE {name} RENAME TO {old}",
        str(CreateTable(prepared(dialect, table)).compile(dialect=dialect.engine)).strip(),
        *(str(CreateIndex(index).compile(dialect=dialect.engine)) for index in indexes_of(table)),
        f"INSERT INTO {name} ({columns}) SELECT {columns} FROM {old}",
        f"DROP TABLE {old}",
    ]

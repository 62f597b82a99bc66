"""What our own tables keep the keys of the host's rows in: `init` lets it follow the host, while they are empty."""

from __future__ import annotations

from sqlalchemy import Connection, Table

from connecteam_sync.errors import NotServed
from connecteam_sync.store.dialect import Dialect
from connecteam_sync.store.host import HostTables
from connecteam_sync.store.keys import Key, Keys, key_query, keys_of
from connecteam_sync.store.making import prepared
from connecteam_sync.store.own import OwnNames
from connecteam_sync.store.schema import LINKS, PERSONS, tables_of
from connecteam_sync.store.trips import fetch


def look(connection: Connection, dialect: Dialect, names: OwnNames, host: HostTables) -> Keys | None:
    """What the keys are, as far as the tables are there; the dialect knows them from now on.

    None where they are of a kind that is not served: our tables are made all the same, so that every command and
    `doctor` can say so.
    """
    [found] = fetch(connection, [key_query(dialect, host, names)])
    try:
        dialect.keys = keys_of(dialect, host, found)
    except NotServed:
        dialect.keys = Keys()
        return None
    return dialect.keys


def follow(connection: Connection, dialect: Dialect, names: OwnNames, host: HostTables) -> tuple[str, ...]:
    """Let our own columns be of the host's kind where they are of another and hold nothing yet; a sentence for each.

    Raises NotServed where they hold keys of the other kind: those would be the keys of no row any more.
    """
    keys = look(connection, dialect, names, host)
    done: list[str] = []
    if keys is None:
        return ()
    for host_key, ours, columns in ((keys.row, keys.link, LINKS), (keys.person, keys.who, PERSONS)):
        if ours is None or _same(host_key, ours):
            continue
        if _holds_any(connection, dialect, names, columns):
            if host_key.is_unsigned and not ours.is_text:
                continue  # they serve as they are, up to 2^63
            raise NotServed(
                f"column {host_key.place} is {host_key.type} by now, and our tables hold its keys as {ours.type}",
                next_step="give the column its former type again, or begin anew beside: another [tables] prefix, then"
                " connecteam-sync init --beside; nothing was changed",
            )
        done.append(f"our tables keep {host_key.place} as {'text' if host_key.is_text else 'whole numbers'}")
    if done:
        _retype(connection, dialect, names, keys)
    return tuple(done)


def _same(host_key: Key, ours: Key) -> bool:
    kinds = (host_key.is_text, host_key.is_native, host_key.is_unsigned)
    return kinds == (ours.is_text, ours.is_native, ours.is_unsigned) or (ours.is_unsigned and not host_key.is_text)


def _holds_any(connection: Connection, dialect: Dialect, names: OwnNames, columns: dict[str, tuple[str, ...]]) -> bool:
    """Whether any of these columns of ours says anything."""
    for kind, several in columns.items():
        table = dialect.own(names.full(kind))
        some = " OR ".join(f"{column} IS NOT NULL" for column in several)
        if connection.exec_driver_sql(f"SELECT 1 FROM {table} WHERE {some} LIMIT 1").first():
            return True
    return False


def _retype(connection: Connection, dialect: Dialect, names: OwnNames, keys: Keys) -> None:
    """Every column of ours that keeps a key gets the type that the host's keys ask for; safe to be done twice."""
    kinds = {"link": dialect.own_type(keys.row), "who": dialect.own_type(keys.person)}
    tables = tables_of(names, kinds["link"], kinds["who"])
    for kind in dict.fromkeys((*LINKS, *PERSONS)):
        table: Table = getattr(tables, kind)
        if dialect.family == "sqlite":
            _again(connection, dialect, table)
            continue
        columns = dict.fromkeys(LINKS.get(kind, ()), kinds["link"])
        columns |= dict.fromkeys(PERSONS.get(kind, ()), kinds["who"])
        _alter(connection, dialect, table, columns)


def _alter(connection: Connection, dialect: Dialect, table: Table, columns: dict[str, str]) -> None:
    name = dialect.own(table.fullname)
    if dialect.family == "postgresql":
        parts = (f"ALTER COLUMN {c} TYPE {kind} USING CAST(CAST({c} AS text) AS {kind})" for c, kind in columns.items())
        connection.exec_driver_sql(f"ALTER TABLE {name} {', '.join(parts)}")
        return
    parts = (f"MODIFY {c} {kind} {'NULL' if table.c[c].nullable else 'NOT NULL'}" for c, kind in columns.items())
    connection.exec_driver_sql(f"ALTER TABLE {name} {', '.join(parts)}")


def _again(connection: Connection, dialect: Dialect, table: Table) -> None:
    """SQLite changes no column: the table is made again, and what it holds copied."""
    name = dialect.own(table.name)
    old = f"{table.name}_before"
    for index in table.indexes:
        connection.exec_driver_sql(f"DROP INDEX IF EXISTS {dialect.name(str(index.name))}")
    connection.exec_driver_sql(f"ALTER TABLE {name} RENAME TO {dialect.name(old)}")
    prepared(table).create(connection)
    columns = ", ".join(column.name for column in table.columns)
    connection.exec_driver_sql(f"INSERT INTO {name} ({columns}) SELECT {columns} FROM {dialect.name(old)}")
    connection.exec_driver_sql(f"DROP TABLE {dialect.name(old)}")

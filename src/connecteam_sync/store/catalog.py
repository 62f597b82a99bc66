"""What the database says of the host's table: keys, tables that point at it, triggers, and room on the disk."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import URL, Connection, text
from sqlalchemy.sql.sqltypes import DateTime, Integer, String

from connecteam_sync.core.adopt import Reference
from connecteam_sync.store.dialect import Dialect
from connecteam_sync.store.engine import inspector
from connecteam_sync.store.host import HostTables

_HERE = {None, "", "localhost", "127.0.0.1", "::1"}
"""Hosts whose disk is this machine's."""


class ForeignKey(msgspec.Struct, frozen=True, kw_only=True):
    """A column of another table that points at a column of ours. `table` carries a schema where it needs one.

    `key` are the columns of that table's primary key and their types; `uniques` its unique keys with the column in.
    """

    table: str
    column: str
    target: str
    key: dict[str, Any]
    uniques: tuple[tuple[str, ...], ...]
    moments: tuple[str, ...]
    reference: Reference


class UniqueKey(msgspec.Struct, frozen=True, kw_only=True):
    """A unique index over exactly employee and clock-in. `is_valid`: no build of it was broken off."""

    name: str
    is_valid: bool
    is_constraint: bool


def split(table: str) -> tuple[str | None, str]:
    """Schema and name of a table."""
    schema, _, name = table.rpartition(".")
    return schema or None, name


# -- keys --------------------------------------------------------------------------------------------------------------

_POSTGRES_KEYS = """
SELECT i.relname AS name, x.indisvalid AND x.indisready AS is_valid, c.conname IS NOT NULL AS is_constraint,
       array(SELECT a.attname::text FROM unnest(x.indkey) k LEFT JOIN pg_attribute a
             ON a.attrelid = x.indrelid AND a.attnum = k) AS columns
FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
LEFT JOIN pg_constraint c ON c.conindid = i.oid AND c.contype IN ('u', 'p')
WHERE x.indrelid = to_regclass(:table) AND x.indisunique AND x.indpred IS NULL
"""


def unique_key(connection: Connection, dialect: Dialect, host: HostTables) -> UniqueKey | None:
    """The key that keeps doubles out, under whatever name; a valid one before a broken one."""
    names = host.clock_times
    wanted = {names.employee_id, names.clock_in}
    if dialect.family == "postgresql":
        rows = connection.execute(text(_POSTGRES_KEYS), {"table": dialect.name(names.table)}).mappings()
        found = [
            UniqueKey(name=row["name"], is_valid=row["is_valid"], is_constraint=bool(row["is_constraint"]))
            for row in rows
            if set(row["columns"]) == wanted
        ]
    else:
        schema, table = split(names.table)
        tables = inspector(connection)
        found = [
            UniqueKey(name=str(index["name"]), is_valid=True, is_constraint=False)
            for index in tables.get_indexes(table, schema=schema)
            if index["unique"]
            and set(index["column_names"]) == wanted
            and (index.get("dialect_options") or {}).get("sqlite_where") is None
        ]
        found += [
            UniqueKey(name=str(key["name"] or ""), is_valid=True, is_constraint=True)
            for key in tables.get_unique_constraints(table, schema=schema)
            if set(key["column_names"]) == wanted
        ]
    return next(iter(sorted(found, key=lambda key: not key.is_valid)), None)


def indexes(connection: Connection, host: HostTables) -> dict[str, list[str]]:
    """Columns of every plain index of the table, by name."""
    schema, table = split(host.clock_times.table)
    return {
        str(index["name"]): [column for column in index["column_names"] if column is not None]
        for index in inspector(connection).get_indexes(table, schema=schema)
        if not index["unique"] and None not in index["column_names"]
    }


# -- tables that point at ours -----------------------------------------------------------------------------------------

_POINTING = {
    "mysql": """
SELECT CASE WHEN table_schema = DATABASE() THEN table_name ELSE concat(table_schema, '.', table_name) END AS name,
       column_name AS col, referenced_column_name AS target
FROM information_schema.key_column_usage
WHERE referenced_table_schema = COALESCE(:schema, DATABASE()) AND referenced_table_name = :name
ORDER BY 1, 2
""",
    "postgresql": """
SELECT CASE WHEN pg_table_is_visible(c.oid) THEN c.relname ELSE n.nspname || '.' || c.relname END AS name,
       a.attname AS col, b.attname AS target
FROM pg_constraint f JOIN pg_class c ON c.oid = f.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = ANY(f.conkey)
JOIN pg_attribute b ON b.attrelid = f.confrelid AND b.attnum = f.confkey[array_position(f.conkey, a.attnum)]
WHERE f.contype = 'f' AND f.confrelid = to_regclass(:table)
ORDER BY 1, 2
""",
    "sqlite": """
SELECT m.name AS name, f."from" AS col, COALESCE(f."to", :id) AS target
FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f
WHERE m.type = 'table' AND lower(f."table") = lower(:name)
ORDER BY 1, 2
""",
}


def foreign_keys(connection: Connection, dialect: Dialect, host: HostTables) -> tuple[ForeignKey, ...]:
    """Every column that points at the table, as far as the database user is allowed to see."""
    schema, name = split(host.clock_times.table)
    values = {"schema": schema, "name": name, "table": dialect.name(host.clock_times.table), "id": host.clock_times.id}
    statement = text(_POINTING[dialect.family])
    wanted = {key: value for key, value in values.items() if key in statement.compile().params}
    found = connection.execute(statement, wanted).all()
    tables = inspector(connection)
    return tuple(_foreign_key(tables, host, str(row.name), str(row.col), str(row.target)) for row in found)


def _foreign_key(tables: Any, host: HostTables, table: str, column: str, target: str) -> ForeignKey:  # noqa: ANN401 - SQLAlchemy's Inspector
    schema, name = split(table)
    types = {item["name"]: item["type"] for item in tables.get_columns(name, schema=schema)}
    key = tables.get_pk_constraint(name, schema=schema)["constrained_columns"]
    uniques = [tuple(item["column_names"]) for item in tables.get_unique_constraints(name, schema=schema)]
    uniques += [tuple(item["column_names"]) for item in tables.get_indexes(name, schema=schema) if item["unique"]]
    why = ""
    if target != host.clock_times.id:
        why = f"{table}.{column} points at {target}, not at the row's id"
    elif split(host.clock_times.table)[1] == name and schema == split(host.clock_times.table)[0]:
        why = f"{table}.{column} points at other rows of the same table"
    elif not key or column in key:
        why = f"{table} has no primary key apart from {column}, so a move could not be taken back"
    elif not all(isinstance(types[part], Integer | String) or _is_uuid(types[part]) for part in key):
        why = f"the primary key of {table} is neither number nor text"
    return ForeignKey(
        table=table,
        column=column,
        target=target,
        key={part: types[part] for part in key},
        uniques=tuple(sorted({item for item in [*uniques, tuple(key)] if column in item and None not in item})),
        moments=tuple(item for item, kind in types.items() if isinstance(kind, DateTime)),
        reference=Reference(table=table, column=column, movable=not why, why=why),
    )


def _is_uuid(kind: object) -> bool:
    return type(kind).__name__.upper() == "UUID"


# -- triggers, engine, room --------------------------------------------------------------------------------------------

_TRIGGERS = {
    "mysql": "SELECT trigger_name AS name FROM information_schema.triggers WHERE event_object_schema"
    " = COALESCE(:schema, DATABASE()) AND event_object_table = :name ORDER BY 1",
    "postgresql": "SELECT tgname AS name FROM pg_trigger WHERE tgrelid = to_regclass(:table) AND NOT tgisinternal"
    " ORDER BY 1",
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger' AND lower(tbl_name) = lower(:name) ORDER BY 1",
}


def _values(dialect: Dialect, host: HostTables) -> Mapping[str, str | None]:
    schema, name = split(host.clock_times.table)
    everything: dict[str, dict[str, str | None]] = {
        "mysql": {"schema": schema, "name": name},
        "postgresql": {"table": dialect.name(host.clock_times.table)},
        "sqlite": {"name": name},
    }
    return everything[dialect.family]


def triggers(connection: Connection, dialect: Dialect, host: HostTables) -> tuple[str, ...]:
    """Names of the triggers on the table."""
    found = connection.execute(text(_TRIGGERS[dialect.family]), _values(dialect, host))
    return tuple(str(row.name) for row in found)


def room(connection: Connection, dialect: Dialect, host: HostTables, url: URL) -> tuple[int | None, int | None]:
    """Bytes of the table (on SQLite of the file), and free bytes of its disk where that disk is this machine's."""
    values = _values(dialect, host)
    if dialect.family == "sqlite":
        size = connection.execute(text("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"))
        folder = Path(url.database).absolute().parent if url.database else None
        return size.scalar(), _free(folder)
    if dialect.family == "mysql":
        where = "table_schema = COALESCE(:schema, DATABASE()) AND table_name = :name"
        size = connection.execute(
            text(f"SELECT data_length + index_length FROM information_schema.tables WHERE {where}"), values
        )
        data = connection.execute(text("SELECT @@datadir")).scalar()
    else:
        size = connection.execute(text("SELECT pg_total_relation_size(to_regclass(:table))"), values)
        data = connection.execute(text("SELECT setting FROM pg_settings WHERE name = 'data_directory'")).scalar()
    total = size.scalar()
    return None if total is None else int(total), _free(Path(str(data)) if data and url.host in _HERE else None)


def _free(folder: Path | None) -> int | None:
    try:
        return shutil.disk_usage(folder).free if folder else None
    except OSError:
        # The server's folder is not on this machine, or not ours to look at: then nobody knows from here.
        return None


def obstacles(
    connection: Connection, dialect: Dialect, host: HostTables, keys: Sequence[ForeignKey]
) -> tuple[str, ...]:
    """What forbids taking the table over, a sentence each."""
    found = [f"a foreign key is in the way: {key.reference.why}" for key in keys if key.target != host.clock_times.id]
    if dialect.family == "mysql":
        where = "table_schema = COALESCE(:schema, DATABASE()) AND table_name = :name"
        engine = connection.execute(
            text(f"SELECT engine FROM information_schema.tables WHERE {where}"), _values(dialect, host)
        ).scalar()
        if engine is not None and str(engine).lower() != "innodb":
            found.append(
                f"the table is kept by {engine}, which knows no transactions: ALTER TABLE … ENGINE=InnoDB first"
            )
    if dialect.family == "postgresql":
        kind = connection.execute(
            text("SELECT relkind FROM pg_class WHERE oid = to_regclass(:table)"), _values(dialect, host)
        ).scalar()
        kind = kind.decode() if isinstance(kind, bytes) else kind
        if kind != "r":
            found.append("the table is partitioned, foreign or a view: its key must be made by hand, see adopt --sql")
    return tuple(found)

"""What the database says of the host's table: keys, tables that point at it, triggers, and room on the disk."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import URL, Connection, text
from sqlalchemy.sql.sqltypes import DateTime, Integer, String

from connecteam_sync.core.adopt import Reference
from connecteam_sync.store.mirror.child_rows import pointers_at_ours
from connecteam_sync.store.session import Session
from connecteam_sync.store.sql.connect import inspector
from connecteam_sync.store.sql.dialect import Dialect
from connecteam_sync.store.sql.pipeline import fetch
from connecteam_sync.store.sql.quoting import run, split
from connecteam_sync.store.tables.columns import mysql_keys, plain_text
from connecteam_sync.store.tables.foreign_keys import Pointer
from connecteam_sync.store.tables.host import HostTables
from connecteam_sync.store.tables.init import UNIQUE_KEY

_HERE = {None, "", "localhost", "127.0.0.1", "::1"}
"""Hosts whose disk is this machine's."""


class ForeignKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key of another table that points at ours. `table` carries a schema where it needs one.

    `is_mismatch`: SQLite refuses every write to our table because of it. `key` are the columns of that table's primary
    key and their types; `uniques` its unique keys with the column in.
    """

    pointer: Pointer
    table: str
    column: str
    key: dict[str, Any]
    uniques: tuple[tuple[str, ...], ...]
    moments: tuple[str, ...]
    is_mismatch: bool
    reference: Reference


class UniqueKey(msgspec.Struct, frozen=True, kw_only=True):
    """A unique index over exactly employee and clock-in. `is_valid`: no build of it was broken off."""

    name: str
    is_valid: bool
    is_constraint: bool


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
    return next(iter(sorted(unique_keys(connection, dialect, host), key=lambda key: not key.is_valid)), None)


def unique_keys(connection: Connection, dialect: Dialect, host: HostTables) -> list[UniqueKey]:
    """Every such key: the host may have one of its own beside ours."""
    names = host.clock_times
    wanted = {names.employee_id, names.clock_in}
    if dialect.family == "mysql":
        ends = _row_ends(connection, dialect, host)
        found = [
            UniqueKey(name=name, is_valid=True, is_constraint=False)
            for name, columns, is_unique in _mysql_indexes(connection, dialect, host)
            if is_unique and {*columns} - ends == wanted
        ]
    elif dialect.family == "postgresql":
        rows = connection.execute(text(_POSTGRES_KEYS), {"table": dialect.table(names.table)}).mappings()
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
        if not found:
            # SQLAlchemy reads them out of the statement that made the table, which it does not always understand.
            found = [
                UniqueKey(name=str(row[0]), is_valid=True, is_constraint=True)
                for row in run(connection, _SQLITE_KEYS, {"name": table, "schema": schema or "main"})
                if set(str(row[1]).split("\n")) == wanted
            ]
    return found


_SQLITE_KEYS = """
SELECT l.name, (SELECT group_concat(coalesce(i.name, ''), char(10)) FROM pragma_index_info(l.name, :schema) i)
FROM pragma_index_list(:name, :schema) l WHERE l."unique" AND NOT l.partial
"""


def _mysql_indexes(connection: Connection, dialect: Dialect, host: HostTables) -> list[tuple[str, list[str], bool]]:
    """Name, columns and uniqueness of every index."""
    [found] = fetch(connection, [mysql_keys(dialect, host.clock_times)])
    return [
        (plain_text(name), plain_text(columns).split("\n"), bool(unique))
        for name, columns, unique, _ in found
        if columns is not None
    ]


def _row_ends(connection: Connection, dialect: Dialect, host: HostTables) -> set[str]:
    """The column in which a table with system versioning says until when a row held (MariaDB): the server puts it into
    every unique key, and all rows that hold now have the same there.
    """
    found = connection.execute(text(_ROW_ENDS), _values(dialect, host))
    return {plain_text(name) for (name,) in found}


_HERE_IT_IS = "table_schema = COALESCE(:schema, DATABASE()) AND table_name = :name"
_ROW_ENDS = (
    f"SELECT column_name FROM information_schema.columns WHERE {_HERE_IT_IS} AND generation_expression = 'ROW END'"
)


def indexes(connection: Connection, dialect: Dialect, host: HostTables) -> dict[str, list[str]]:
    """Columns of every plain index of the table, by name."""
    if dialect.family == "mysql":
        return {name: columns for name, columns, unique in _mysql_indexes(connection, dialect, host) if not unique}
    schema, table = split(host.clock_times.table)
    return {
        str(index["name"]): [column for column in index["column_names"] if column is not None]
        for index in inspector(connection).get_indexes(table, schema=schema)
        if not index["unique"] and None not in index["column_names"]
    }


# -- tables that point at ours -----------------------------------------------------------------------------------------


def foreign_keys(session: Session) -> tuple[ForeignKey, ...]:
    """Every declared key and configured column that points at the table, as far as the database user may see."""
    tables = inspector(session.connection)
    return tuple(_foreign_key(tables, session, pointer) for pointer in pointers_at_ours(session, fresh=True))


def _foreign_key(tables: Any, session: Session, pointer: Pointer) -> ForeignKey:  # noqa: ANN401 - SQLAlchemy's Inspector
    schema, name, column = pointer.schema, pointer.table, pointer.columns[0]
    types = {item["name"]: item["type"] for item in tables.get_columns(name, schema=schema)}
    key = tables.get_pk_constraint(name, schema=schema)["constrained_columns"]
    uniques = [tuple(item["column_names"]) for item in tables.get_unique_constraints(name, schema=schema)]
    uniques += [tuple(item["column_names"]) for item in tables.get_indexes(name, schema=schema) if item["unique"]]
    why = _immovable(session, pointer, types, key)
    return ForeignKey(
        pointer=pointer,
        table=pointer.name,
        column=", ".join(pointer.columns),
        key={part: types[part] for part in key},
        uniques=tuple(sorted({item for item in [*uniques, tuple(key)] if column in item and None not in item})),
        moments=tuple(item for item, kind in types.items() if isinstance(kind, DateTime)),
        is_mismatch=session.dialect.family == "sqlite" and pointer.is_declared and not _is_unique(session, pointer),
        reference=Reference(table=pointer.name, column=", ".join(pointer.columns), movable=not why, why=why),
    )


def _immovable(session: Session, pointer: Pointer, types: Mapping[str, object], key: Sequence[str]) -> str:
    """Why rows of another table cannot be pointed elsewhere and back; empty where they can."""
    place, column = pointer.place, pointer.columns[0]
    if pointer.targets != (session.host.clock_times.id,):
        return f"{place} points at {', '.join(pointer.targets)}, not at the row's id"
    if pointer.is_same_table:
        return f"{place} points at other rows of the same table"
    kind, is_text = types.get(column), session.dialect.keys.row.is_text
    is_fit = isinstance(kind, String) or _is_uuid(kind) if is_text else isinstance(kind, Integer)
    if pointer.hidden or not is_fit:
        what = f"holds no {'text' if is_text else 'whole numbers'}"
        return f"{place} cannot be read: {pointer.hidden}" if pointer.hidden else f"{place} {what}"
    if not key or column in key:
        return f"{pointer.name} has no primary key apart from {column}, so a move could not be taken back"
    if not all(isinstance(types[part], Integer | String) or _is_uuid(types[part]) for part in key):
        return f"the primary key of {pointer.name} is neither number nor text"
    return ""


def _is_unique(session: Session, pointer: Pointer) -> bool:
    """Whether what a key points at is unique; SQLite lets one be declared that no write would be taken under."""
    schema, name = split(session.host.clock_times.table)
    tables = inspector(session.connection)
    keys: list[Sequence[str | None]] = [tables.get_pk_constraint(name, schema=schema)["constrained_columns"]]
    keys += [item["column_names"] for item in tables.get_unique_constraints(name, schema=schema)]
    keys += [item["column_names"] for item in tables.get_indexes(name, schema=schema) if item["unique"]]
    wanted = sorted(target.lower() for target in pointer.targets)
    return any(None not in key and sorted(str(part).lower() for part in key) == wanted for key in keys)


def _is_uuid(kind: object) -> bool:
    return type(kind).__name__.upper() == "UUID"


# -- triggers, engine, room --------------------------------------------------------------------------------------------

_TRIGGERS = {
    "mysql": "SELECT trigger_name AS name FROM information_schema.triggers WHERE event_object_schema"
    " = COALESCE(:schema, DATABASE()) AND event_object_table = :name ORDER BY 1",
    "postgresql": "SELECT CAST(tgname AS text) AS name FROM pg_trigger WHERE tgrelid = to_regclass(:table)"
    " AND NOT tgisinternal UNION ALL SELECT 'rule ' || rulename FROM pg_rewrite WHERE ev_class = to_regclass(:table)"
    " AND ev_type <> '1' ORDER BY 1",
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger' AND lower(tbl_name) = lower(:name) ORDER BY 1",
}


def _values(dialect: Dialect, host: HostTables, *, people: bool = False) -> Mapping[str, str | None]:
    table = host.employees.table if people else host.clock_times.table
    schema, name = split(table)
    everything: dict[str, dict[str, str | None]] = {
        "mysql": {"schema": schema, "name": name},
        "postgresql": {"table": dialect.table(table)},
        "sqlite": {"name": name},
    }
    return everything[dialect.family]


def triggers(connection: Connection, dialect: Dialect, host: HostTables, *, people: bool = False) -> tuple[str, ...]:
    """Names of the triggers, and of the rules of PostgreSQL, on the clock times (or on the table of people)."""
    found = connection.execute(text(_TRIGGERS[dialect.family]), _values(dialect, host, people=people))
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
    connection: Connection, dialect: Dialect, host: HostTables, keys: Sequence[ForeignKey], *, has_key: bool
) -> tuple[str, ...]:
    """What forbids taking the table over, a sentence each."""
    found = [f"a foreign key is in the way: {key.reference.why}" for key in keys if key.is_mismatch]
    if dialect.family == "mysql":
        engine = connection.execute(
            text(f"SELECT engine FROM information_schema.tables WHERE {_HERE_IT_IS}"), _values(dialect, host)
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
        if kind == "p" and not has_key:
            names = host.clock_times
            columns = f"{dialect.name(names.employee_id)}, {dialect.name(names.clock_in)}"
            made = f"ALTER TABLE {dialect.table(names.table)} ADD CONSTRAINT uq_employee_clock_in UNIQUE ({columns})"
            found.append(
                "the table is partitioned, and PostgreSQL makes no key of such a table while others write: make it by"
                f" hand where nobody does, {made} (the columns that it is partitioned by have to be of these two)"
            )
        elif kind not in {"r", "p"}:
            found.append("the table is foreign or a view: its key must be made by hand, see adopt --sql")
    return tuple(found)


def key_obstacles(connection: Connection, dialect: Dialect, host: HostTables) -> tuple[str, ...]:
    """What forbids making the key where there is none, a sentence each: known before the first double goes."""
    names = host.clock_times
    # Of that name there may be one whose making was broken off: `adopt` makes it again.
    is_ours = any(key.name == UNIQUE_KEY for key in unique_keys(connection, dialect, host))
    taken = text(_TAKEN[dialect.family](dialect, host))
    found = []
    if not is_ours and connection.execute(taken, {**_values(dialect, host), "key": UNIQUE_KEY}).first():
        found.append(
            f"the name of the key, {UNIQUE_KEY}, is taken by something else than a unique key over"
            f" {names.employee_id!r} and {names.clock_in!r}: rename or drop that first"
        )
    if dialect.family == "mysql":
        allowed = {names.employee_id, names.clock_in, *_row_ends(connection, dialect, host), "row_end"}
        for method, *expressions in connection.execute(text(_PARTED), _values(dialect, host)):
            parted = {name for one in expressions for name in _NAMES.findall(plain_text(one or ""))}
            if "KEY" in plain_text(method or "") and not parted:
                parted = {names.id}
            if left := sorted(parted - allowed):
                found.append(
                    f"the table is parted by {', '.join(map(repr, left))}, and there a unique key has to have that in:"
                    " part it by the employee or the clock-in, or not at all"
                )
                break
    return tuple(found)


_NAMES = re.compile("`((?:[^`]|``)+)`")
_PARTED = (
    "SELECT DISTINCT partition_method, partition_expression, subpartition_expression"
    f" FROM information_schema.partitions WHERE {_HERE_IT_IS} AND partition_name IS NOT NULL"
)
_TAKEN: dict[str, Callable[[Dialect, HostTables], str]] = {
    "mysql": lambda _, __: (
        f"SELECT 1 FROM information_schema.statistics WHERE {_HERE_IT_IS} AND lower(index_name) = lower(:key)"
    ),
    "postgresql": lambda _, __: (
        "SELECT 1 FROM pg_class c JOIN pg_class t ON t.relnamespace = c.relnamespace WHERE t.oid = to_regclass(:table)"
        " AND c.relname = :key UNION ALL SELECT 1 FROM pg_constraint WHERE conrelid = to_regclass(:table)"
        " AND conname = :key"
    ),
    "sqlite": lambda dialect, host: (
        f"SELECT 1 FROM {dialect.exact(split(host.clock_times.table)[0] or 'main', 'sqlite_master')}"
        " WHERE lower(name) = lower(:key)"
    ),
}

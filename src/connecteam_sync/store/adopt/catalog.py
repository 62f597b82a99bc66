"""The catalogue of the host's table: keys, tables that point at it, triggers, and space on the disk."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import URL, Connection, text
from sqlalchemy.sql.sqltypes import DateTime, Integer, String

from connecteam_sync.core.adopt import Reference
from connecteam_sync.store.mirror.child_rows import pointers_at_ours
from connecteam_sync.store.session import Session
from connecteam_sync.store.sql.catalog import UniqueKey
from connecteam_sync.store.sql.connect import inspector
from connecteam_sync.store.sql.dialect import Dialect
from connecteam_sync.store.sql.quoting import split
from connecteam_sync.store.tables.foreign_keys import Pointer
from connecteam_sync.store.tables.host import HostTables
from connecteam_sync.store.tables.init import UNIQUE_KEY

_HERE = {None, "", "localhost", "127.0.0.1", "::1"}
"""Hosts whose disk is this machine's."""


class ForeignKey(msgspec.Struct, frozen=True, kw_only=True):
    """A foreign key, or a configured column, that points at `clock_times`. `table` has its schema if it needs one.

    `is_mismatch`: SQLite refuses every write to `clock_times` because of it. `key` has the columns of the table's
    primary key and their types; `uniques` the unique keys that contain the column.
    """

    pointer: Pointer
    table: str
    column: str
    key: dict[str, Any]
    uniques: tuple[tuple[str, ...], ...]
    moments: tuple[str, ...]
    is_mismatch: bool
    reference: Reference


# -- keys --------------------------------------------------------------------------------------------------------------


def unique_key(connection: Connection, dialect: Dialect, host: HostTables) -> UniqueKey | None:
    """The unique key over (employee, clock-in), by any name; a valid one before an invalid one."""
    return next(iter(sorted(unique_keys(connection, dialect, host), key=lambda key: not key.is_valid)), None)


def unique_keys(connection: Connection, dialect: Dialect, host: HostTables) -> list[UniqueKey]:
    """All such keys: the host may have one of its own besides ours."""
    names = host.clock_times
    return dialect.catalog.unique_keys(connection, names.table, {names.employee_id, names.clock_in})


def indexes(connection: Connection, dialect: Dialect, host: HostTables) -> dict[str, list[str]]:
    """The columns of each plain index of the table, by its name."""
    return dialect.catalog.plain_indexes(connection, host.clock_times.table)


# -- tables that point at ours -----------------------------------------------------------------------------------------


def foreign_keys(session: Session) -> tuple[ForeignKey, ...]:
    """All declared keys and configured columns that point at the table and that the database user may see."""
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
        is_mismatch=session.dialect.takes_bad_keys and pointer.is_declared and not _is_unique(session, pointer),
        reference=Reference(table=pointer.name, column=", ".join(pointer.columns), movable=not why, why=why),
    )


def _immovable(session: Session, pointer: Pointer, types: Mapping[str, object], key: Sequence[str]) -> str:
    """Why rows of another table cannot be moved to another row and back; empty if they can."""
    place, column = pointer.place, pointer.columns[0]
    if pointer.targets != (session.host.clock_times.id,):
        return f"{place} points at {', '.join(pointer.targets)}, not at the row's id"
    if pointer.is_same_table:
        return f"{place} points at other rows of the same table"
    kind, is_text = types.get(column), session.dialect.keys.row.is_text
    is_fit = isinstance(kind, String) or _is_uuid(kind) if is_text else isinstance(kind, Integer)
    if pointer.hidden or not is_fit:
        kinds = f"holds no {'text' if is_text else 'whole numbers'}"
        return f"{place} cannot be read: {pointer.hidden}" if pointer.hidden else f"{place} {kinds}"
    if not key or column in key:
        return f"{pointer.name} has no primary key apart from {column}, so a move could not be taken back"
    if not all(isinstance(types[part], Integer | String) or _is_uuid(types[part]) for part in key):
        return f"the primary key of {pointer.name} is neither number nor text"
    return ""


def _is_unique(session: Session, pointer: Pointer) -> bool:
    """Whether the target of a foreign key is unique. SQLite allows to declare others, but then refuses every write."""
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


def triggers(connection: Connection, dialect: Dialect, host: HostTables, *, people: bool = False) -> tuple[str, ...]:
    """Names of the triggers, and on PostgreSQL the rules, of `clock_times`, or with `people` of the table of people."""
    query = dialect.catalog.triggers(host.employees.table if people else host.clock_times.table)
    fetched = connection.execute(text(query.sql), query.values)
    return tuple(str(row.name) for row in fetched)


def room(connection: Connection, dialect: Dialect, host: HostTables, url: URL) -> tuple[int | None, int | None]:
    """Bytes of the table (on SQLite of the file), and free bytes of its disk; None for what is not known."""
    total, data = dialect.catalog.size(connection, host.clock_times.table)
    if dialect.is_file:
        return total, _free(Path(url.database).absolute().parent if url.database else None)
    return None if total is None else int(total), _free(Path(data) if data and url.host in _HERE else None)


def _free(folder: Path | None) -> int | None:
    try:
        return shutil.disk_usage(folder).free if folder else None
    except OSError:
        # The server's folder is not on this machine, or not readable: the free space is unknown.
        return None


def obstacles(
    connection: Connection, dialect: Dialect, host: HostTables, keys: Sequence[ForeignKey], *, has_key: bool
) -> tuple[str, ...]:
    """Why the table cannot be adopted, a sentence each."""
    sentences = [f"a foreign key is in the way: {key.reference.why}" for key in keys if key.is_mismatch]
    sentences += dialect.catalog.obstacles(connection, host.clock_times, has_key=has_key)
    return tuple(sentences)


def key_obstacles(connection: Connection, dialect: Dialect, host: HostTables) -> tuple[str, ...]:
    """Why the unique key cannot be made, a sentence each; checked before any double is removed."""
    names = host.clock_times
    # There may be an unfinished key of that name: `adopt` makes it again.
    is_ours = any(key.name == UNIQUE_KEY for key in unique_keys(connection, dialect, host))
    taken = dialect.catalog.taken(names.table)
    sentences = []
    if not is_ours and connection.execute(text(taken.sql), {**taken.values, "key": UNIQUE_KEY}).first():
        sentences.append(
            f"the name of the key, {UNIQUE_KEY}, is taken by something else than a unique key over"
            f" {names.employee_id!r} and {names.clock_in!r}: rename or drop that first"
        )
    return (*sentences, *dialect.catalog.key_obstacles(connection, names))

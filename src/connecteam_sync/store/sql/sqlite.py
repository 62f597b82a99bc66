"""SQLite: a file that this process opens by itself, whose columns hold anything."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import islice
from typing import Any, ClassVar

import msgspec
from sqlalchemy import URL, Connection, Engine, event
from sqlalchemy.exc import DBAPIError

from connecteam_sync.store.sql import sqlite_values
from connecteam_sync.store.sql.bulk import BATCH
from connecteam_sync.store.sql.catalog import Catalog
from connecteam_sync.store.sql.dialect import Dialect
from connecteam_sync.store.sql.exact_types import Form, base_of, plain_member
from connecteam_sync.store.sql.pipeline import Answer, Query, alone
from connecteam_sync.store.sql.quoting import run, split
from connecteam_sync.store.sql.sqlite_catalog import SQLiteCatalog
from connecteam_sync.store.sql.traits import Kind, Shared
from connecteam_sync.store.sql.urls import EngineOptions
from connecteam_sync.store.tables.keys import KeyColumn, width_of

_OPTIONS = {"timeout", "isolation_level", "detect_types", "check_same_thread", "cached_statements"}
_INTEGERS = {"NUMERIC", "DECIMAL", "NUMBER"}


class SQLite(Dialect):
    """The dialect of SQLite."""

    kind = family = "sqlite"
    title = "SQLite"
    drivers = frozenset({"pysqlite"})
    oldest = (3, 38)
    is_file = True
    has_schemas = False
    is_loosely_typed = True
    has_rights = False
    alters_columns = False
    takes_bad_keys = True
    names_foreign_keys = False
    names_keys = False
    epoch_now = "CAST(strftime('%s', 'now') AS INTEGER)"
    at_rest = "PRAGMA shrink_memory"
    skips_locked = ""  # an immediate transaction has locked everything
    types: ClassVar[Mapping[str, str]] = {"int": "BIGINT"}
    own_text = "TEXT"
    bigint = "INTEGER"
    equal = "IS"
    auto_key = "INTEGER"  # it draws a key by itself only if the column is declared so
    last = "'9999-12-32'"  # it compares text, whatever divides day and time

    # -- how it is reached ---------------------------------------------------------------------------------------------

    @classmethod
    def with_driver(cls, url: URL) -> URL:
        """The only one."""
        return url

    @classmethod
    def strange_options(cls, url: URL) -> tuple[AbstractSet[str], str]:
        """Options that SQLAlchemy ignores: with `mode=ro` alone, the file would be written all the same."""
        strange = set() if "uri" in url.query else url.query.keys() - _OPTIONS
        return strange, (
            "; what is meant for SQLite itself wants sqlite:///file:hours.db?mode=ro&uri=true" if strange else ""
        )

    @classmethod
    def way(cls, url: URL, lock_wait: float) -> EngineOptions:
        """With the functions that `sqlite_values` needs."""
        return EngineOptions(url, {"connect_args": {"timeout": lock_wait}}, _session)

    @classmethod
    def listen(cls, engine: Engine) -> None:
        """Let a writer lock the file when its transaction begins."""
        event.listen(engine, "begin", _begin)

    @classmethod
    def deliver(cls, connection: Connection, queries: Sequence[Query], *, and_end: bool) -> list[Answer]:
        """One by one: there is no network."""
        del and_end
        return [alone(connection, query) for query in queries]

    @classmethod
    def refuses(cls, error: DBAPIError, *, is_known: bool) -> bool:
        """By the class of the error: it has no codes."""
        del is_known
        return isinstance(error.orig, sqlite3.IntegrityError | sqlite3.DataError)

    def table_options(self, *, is_ours: bool, counts: bool) -> dict[str, object]:
        """A key is never given a second time."""
        del is_ours
        return {f"{self.kind}_autoincrement": counts}

    @property
    def catalog(self) -> Catalog:
        """`sqlite_master` and the pragmas."""
        return SQLiteCatalog(self)

    @classmethod
    def key_of(cls, place: str, declaration: Sequence[str]) -> KeyColumn | None:
        """By its rules of type affinity."""
        declared = declaration[0]
        kind = declared.upper()
        if "INT" in kind or not kind or kind.split("(")[0].strip() in _INTEGERS:
            return KeyColumn(place, declared)
        is_uuid = "UUID" in kind or "GUID" in kind or "UNIQUEIDENTIFIER" in kind
        if is_uuid or any(word in kind for word in ("CHAR", "CLOB", "TEXT")):
            return KeyColumn(place, declared, is_text=True, is_uuid=is_uuid, width=width_of(declared))
        return None

    # -- expressions ---------------------------------------------------------------------------------------------------

    def rowset(
        self, columns: Mapping[str, Kind], alias: str = "d", parameter: str = "rows", *, packed: Shared | None = None
    ) -> str:
        """By `json_each`."""
        del packed
        inner = ", ".join(f"json_extract(value, '$.{c}') AS {c}" for c in columns)
        return f"(SELECT {inner} FROM json_each(:{parameter})) AS {alias}"

    def _epoch(self, known: str) -> str:
        return f"CAST(strftime('%s', {known}) AS INTEGER)"

    def _has_fraction(self, moment: str) -> str:
        return f"instr({moment}, '.') > 0 AND trim(substr({moment}, instr({moment}, '.') + 1), '0') <> ''"

    def _moment(self, epoch: str) -> str:
        return f"datetime({epoch}, 'unixepoch')"

    def as_text(self, value: str, kind: str) -> str:
        """As it is."""
        del kind
        return value

    def shown(self, column: str) -> str:
        """Bytes and invalid text are quoted."""
        plain = f"typeof({column}) IN ('blob', 'text') AND {column} GLOB '*[^ -~]*'"
        return f"CASE WHEN {plain} THEN quote(CAST({column} AS BLOB)) ELSE {column} END"

    def whole(self, number: str) -> str:
        """By a cast."""
        return f"CAST({number} AS INTEGER)"

    def truth_form(self, kind: str) -> Form | None:
        """Every type but bytes."""
        return "truth" if base_of(kind) != "blob" else None

    def ends(self, column: str, table: str) -> str:
        """Each end in its own SELECT, so that an index is used."""
        low, high = (f"(SELECT {end}({column}) FROM {table})" for end in ("min", "max"))
        return f"SELECT {low}, {high}"

    def digest(
        self, connection: Callable[[], Connection], columns: Mapping[str, bool], rows: Sequence[str], by: str = ""
    ) -> str:
        """Texts, which are hashed here: SQLite runs in this process. A BLOB cannot be part of JSON."""
        del connection
        values = ", ".join(f"CAST({name} AS TEXT)" if is_text else name for name, is_text in columns.items())
        if by:
            order = f"ORDER BY who, {next(iter(columns))}"
            said = f"SELECT {by} AS who, json_array({values}) AS said FROM {rows[0]} {order}"
            return f"SELECT who, count(*), group_concat(said) FROM ({said}) GROUP BY who"
        return " UNION ALL ".join(
            f"SELECT count(*) AS many, group_concat(json_array({values})) AS said FROM {part}" for part in rows
        )

    # -- whole rows ----------------------------------------------------------------------------------------------------

    def in_json(self, value: str, kind: str) -> str:
        """A value that JSON cannot hold becomes an object that names its type."""
        del kind
        return sqlite_values.in_json(value)

    def rows_again(
        self, table: str, types: Mapping[str, str], aliases: Mapping[str, str], more: Mapping[str, Kind]
    ) -> tuple[str, dict[str, str]]:
        """From members, and from members that name their types."""
        del table, types
        kinds: dict[str, Kind] = {"id": "row", **dict.fromkeys(aliases.values(), "text"), **more}
        kinds |= dict.fromkeys((f"{alias}_is" for alias in aliases.values()), "text")
        return self.rowset(kinds), {self.name(c): sqlite_values.from_json(f"d.{alias}") for c, alias in aliases.items()}

    def members(self, image: str, aliases: Mapping[str, str]) -> dict[str, object]:
        """Values, and the types of those that JSON cannot hold."""
        values: dict[str, object] = msgspec.json.decode(image)
        found: dict[str, object] = {}
        for column, alias in aliases.items():
            value = values.get(column)
            if isinstance(value, dict):
                [(found[f"{alias}_is"], value)] = value.items()
            found[alias] = plain_member(value)
        return found

    # -- statements ----------------------------------------------------------------------------------------------------

    def delete(self, table: str, rowset: str, key: str, condition: str) -> str:
        """By key: a DELETE has no join."""
        found = f"SELECT t.{key} FROM {table} AS t JOIN {rowset} ON t.{key} = d.id AND {condition}"
        return f"DELETE FROM {table} WHERE {key} IN ({found})"

    def insert(self, table: str, rowset: str, values: Mapping[str, str], *, with_key: bool = False) -> str:
        """Without the last words, ON CONFLICT would be parsed as the ON of a join."""
        return f"{super().insert(table, rowset, values, with_key=with_key)} WHERE true"

    def locking(self, alias: str = "") -> str:
        """Nothing: the whole file is locked already."""
        del alias
        return ""

    def takes_bulk(self, rows: int) -> bool:
        """A prepared statement never leaves the process."""
        del rows
        return True

    def load(
        self, connection: Callable[[], Connection], table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]
    ) -> None:
        """A prepared statement, some rows at a time."""
        marks, every = ", ".join("?" * len(columns)), iter(rows)
        sql = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"
        while batch := [tuple(row) for row in islice(every, BATCH)]:
            connection().exec_driver_sql(sql, batch)

    # -- changes of tables ---------------------------------------------------------------------------------------------

    def renamed(self, old: str, new: str) -> tuple[str, ...]:
        """The table alone: nothing is named after it."""
        return (f"ALTER TABLE {self.own(old)} RENAME TO {self.own(new.rpartition('.')[2])}",)

    def index_renamed(
        self, table: str, old: str, new: str, columns: Sequence[str], *, is_unique: bool
    ) -> tuple[str, ...]:
        """SQLite cannot rename an index: another one is made."""
        several, unique = ", ".join(map(self.own, columns)), "UNIQUE " if is_unique else ""
        return (f"DROP INDEX {self.own(old)}", f"CREATE {unique}INDEX {new} ON {self.own(table)} ({several})")

    def retyped(self, column: str, kind: str, *, is_nullable: bool) -> str:
        """Never called: `alters_columns` is false."""
        raise NotImplementedError  # SQLite gives no column another type: the table would have to be made again

    def copied_table(self, copy: str, table: str, key: str, columns: Iterable[str]) -> str:
        """Without a key."""
        del key
        return f"CREATE TABLE {copy} AS SELECT {', '.join(columns)} FROM {table} WHERE 0"

    def key_made(self, table: str, columns: str, key: str) -> tuple[str, ...]:
        """A unique index is the key."""
        return (f"CREATE UNIQUE INDEX {self._index(table, key)} ON {self.name(split(table)[1])} ({columns})",)

    def key_dropped(self, table: str, key: str, *, is_constraint: bool) -> str:
        """As an index."""
        del is_constraint
        return f"DROP INDEX {self._index(table, key)}"

    def alter(self, connection: Connection, statement: str, *, wait: int, lock_wait: int) -> None:
        """Under the lock of the whole file."""
        del wait, lock_wait
        run(connection, statement)


# -- sessions ----------------------------------------------------------------------------------------------------------


def _session(connection: sqlite3.Connection, _: Any) -> None:  # noqa: ANN401 - the pool's own record
    """Leave transactions to us, enforce foreign keys, and define our functions."""
    connection.isolation_level = None
    # Bytes and exact numbers to and from JSON: not every SQLite has `unhex`.
    connection.create_function("connecteam_sync_bytes", 1, _bytes_of, deterministic=True)
    connection.create_function("connecteam_sync_is_utf8", 1, _is_utf8, deterministic=True)
    connection.create_function("connecteam_sync_spelled", 1, float.hex, deterministic=True)
    connection.create_function("connecteam_sync_real", 1, float.fromhex, deterministic=True)
    connection.execute("PRAGMA foreign_keys = ON")


def _bytes_of(text: str | None) -> bytes | None:
    return None if text is None else bytes.fromhex(text)


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


def _begin(connection: Connection) -> None:
    """A writer takes the only write lock at once: a lock taken halfway could not be waited for."""
    writer = connection.get_execution_options().get("writer", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writer else "BEGIN")

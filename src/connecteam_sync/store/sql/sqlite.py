"""SQLite: a file that this process opens by itself, whose columns hold anything."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import islice
from typing import Any, ClassVar

import msgspec
from sqlalchemy import URL, Connection, Engine, event, text
from sqlalchemy.exc import DBAPIError

from connecteam_sync.store.sql.bulk import BATCH
from connecteam_sync.store.sql.catalog import Answers, Catalog, Made, Told, UniqueKey
from connecteam_sync.store.sql.dialect import Dialect, Kind
from connecteam_sync.store.sql.exact_types import Form, base_of, plain_member, sqlite_from_json, sqlite_in_json
from connecteam_sync.store.sql.pipeline import Answer, Query, alone
from connecteam_sync.store.sql.quoting import run, split
from connecteam_sync.store.sql.urls import Way
from connecteam_sync.store.tables.host import HostTables
from connecteam_sync.store.tables.keys import Key, width_of

_OPTIONS = {"timeout", "isolation_level", "detect_types", "check_same_thread", "cached_statements"}
_REPLACES = re.compile(r"\bON\s+CONFLICT\s+(REPLACE|IGNORE)\b", re.IGNORECASE)
_INTEGERS = {"NUMERIC", "DECIMAL", "NUMBER"}


class SQLite(Dialect):
    """What SQLite keeps of what every database promises."""

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
    skips_locked = ""  # an immediate transaction has locked everything
    types: ClassVar[Mapping[str, str]] = {"int": "BIGINT"}
    own_text = "TEXT"
    bigint = "INTEGER"
    equal = "IS"
    last = "'9999-12-32'"  # it compares letters, whatever divides day and time

    # -- how it is reached ---------------------------------------------------------------------------------------------

    @classmethod
    def with_driver(cls, url: URL) -> URL:
        """The one it has."""
        return url

    @classmethod
    def strange_options(cls, url: URL) -> tuple[AbstractSet[str], str]:
        """What SQLAlchemy leaves out: `mode=ro` by itself would be written to all the same."""
        strange = set() if "uri" in url.query else url.query.keys() - _OPTIONS
        return strange, (
            "; what is meant for SQLite itself wants sqlite:///file:hours.db?mode=ro&uri=true" if strange else ""
        )

    @classmethod
    def way(cls, url: URL, lock_wait: float) -> Way:
        """With functions of ours."""
        return Way(url, {"connect_args": {"timeout": lock_wait}}, _session)

    @classmethod
    def listen(cls, engine: Engine) -> None:
        """Begin transactions as a writer, or not."""
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

    @property
    def catalog(self) -> Catalog:
        """Its tables of tables."""
        return SQLiteCatalog(self)

    @classmethod
    def key_of(cls, place: str, said: Sequence[str]) -> Key | None:
        """By its rules of affinity."""
        declared = said[0]
        kind = declared.upper()
        if "INT" in kind or not kind or kind.split("(")[0].strip() in _INTEGERS:
            return Key(place, declared)
        is_uuid = "UUID" in kind or "GUID" in kind or "UNIQUEIDENTIFIER" in kind
        if is_uuid or any(word in kind for word in ("CHAR", "CLOB", "TEXT")):
            return Key(place, declared, is_text=True, is_uuid=is_uuid, width=width_of(declared))
        return None

    # -- expressions ---------------------------------------------------------------------------------------------------

    def rowset(
        self, columns: Mapping[str, Kind], alias: str = "d", parameter: str = "rows", *, packed: bool = False
    ) -> str:
        """Of `json_each`."""
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
        """There may be bytes, or a text that is none; quote() says NULL of NULL in four letters."""
        plain = f"typeof({column}) IN ('blob', 'text') AND {column} GLOB '*[^ -~]*'"
        return f"CASE WHEN {column} IS NULL THEN NULL WHEN {plain} THEN quote(CAST({column} AS BLOB)) ELSE {column} END"

    def whole(self, number: str) -> str:
        """A cast does it."""
        return f"CAST({number} AS INTEGER)"

    def truth_form(self, kind: str) -> Form | None:
        """Whatever is no bytes."""
        return "truth" if base_of(kind) != "blob" else None

    def ends(self, column: str, table: str) -> str:
        """Each end by itself: so an index answers at once."""
        low, high = (f"(SELECT {end}({column}) FROM {table})" for end in ("min", "max"))
        return f"SELECT {low}, {high}"

    def digest(self, connection: Callable[[], Connection], columns: Mapping[str, bool], rows: Sequence[str]) -> str:
        """Texts: what SQLite hands over stays in this process, and is hashed here. A BLOB cannot stand in JSON."""
        del connection
        values = ", ".join(f"CAST({name} AS TEXT)" if is_text else name for name, is_text in columns.items())
        return " UNION ALL ".join(
            f"SELECT count(*) AS many, group_concat(json_array({values})) AS said FROM {part}" for part in rows
        )

    # -- whole rows ----------------------------------------------------------------------------------------------------

    def in_json(self, value: str, kind: str) -> str:
        """What JSON cannot hold says what it is."""
        del kind
        return sqlite_in_json(value)

    def rows_again(
        self, table: str, types: Mapping[str, str], aliases: Mapping[str, str], more: Mapping[str, Kind]
    ) -> tuple[str, dict[str, str]]:
        """Of members, and of what they are."""
        del table, types
        kinds: dict[str, Kind] = {"id": "row", **dict.fromkeys(aliases.values(), "text"), **more}
        kinds |= dict.fromkeys((f"{alias}_is" for alias in aliases.values()), "text")
        return self.rowset(kinds), {self.name(c): sqlite_from_json(f"d.{alias}") for c, alias in aliases.items()}

    def members(self, image: str, aliases: Mapping[str, str]) -> dict[str, object]:
        """Values, and what those are that JSON cannot hold."""
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
        """By key: it joins no table to a DELETE."""
        found = f"SELECT t.{key} FROM {table} AS t JOIN {rowset} ON t.{key} = d.id AND {condition}"
        return f"DELETE FROM {table} WHERE {key} IN ({found})"

    def insert(self, table: str, rowset: str, values: Mapping[str, str], *, with_key: bool = False) -> str:
        """Without the last words an ON CONFLICT would be taken for one of a join."""
        return f"{super().insert(table, rowset, values, with_key=with_key)} WHERE true"

    def locking(self, alias: str = "") -> str:
        """Nothing: the whole file is locked beforehand."""
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
        """Never asked: it `alters_columns` not."""
        raise NotImplementedError  # SQLite gives no column another type: the table would have to be made again

    def copied_table(self, copy: str, table: str, key: str, columns: Iterable[str]) -> str:
        """Without a key."""
        del key
        return f"CREATE TABLE {copy} AS SELECT {', '.join(columns)} FROM {table} WHERE 0"

    def key_made(self, table: str, columns: str, key: str) -> tuple[str, ...]:
        """The index is the key."""
        return (f"CREATE UNIQUE INDEX {self._index(table, key)} ON {self.name(split(table)[1])} ({columns})",)

    def key_dropped(self, table: str, key: str, *, is_constraint: bool) -> str:
        """As any index."""
        del is_constraint
        return f"DROP INDEX {self._index(table, key)}"

    def alter(self, connection: Connection, statement: str, *, wait: int, lock_wait: int) -> None:
        """Under the lock of the whole file."""
        del wait, lock_wait
        run(connection, statement)


# -- its tables of tables ----------------------------------------------------------------------------------------------


class SQLiteCatalog(Catalog):
    """`sqlite_master` and the pragmas."""

    key_column = "lower(x.name)"
    key_columns = (
        "SELECT $which, x.type, '', '', '', x.dflt_value IS NOT NULL OR (x.pk = 1 AND upper(x.type) = 'INTEGER'"
        " AND (SELECT count(*) FROM pragma_table_xinfo(:table$, coalesce(:schema$, 'main')) p WHERE p.pk) = 1"
        " AND NOT EXISTS (SELECT 1 FROM pragma_table_list(:table$) l"
        " WHERE l.schema = coalesce(:schema$, 'main') AND l.wr))"
        " OR EXISTS (SELECT 1 FROM pragma_table_list(:table$) v WHERE v.schema = coalesce(:schema$, 'main')"
        " AND v.type = 'view')"
        " FROM pragma_table_xinfo(:table$, coalesce(:schema$, 'main')) x WHERE $columns"
    )
    present = """
SELECT m.name, m.type = 'table', c.name, c.type
FROM sqlite_master m LEFT JOIN pragma_table_xinfo(m.name) c
WHERE :schema IS NULL AND m.type IN ('table', 'view') AND lower(m.name) IN :names
"""

    def columns(self, table: str) -> Query:
        """2 and 3 are computed columns, 1 is hidden altogether. Its triggers cannot fill a column."""
        schema, name = split(table)
        return Query(
            'SELECT name, type, hidden, 1, ("notnull" OR pk) AND dflt_value IS NULL'
            " AND NOT (pk AND upper(type) = 'INTEGER') FROM pragma_table_xinfo(:name, :schema)",
            {"name": name, "schema": schema or "main"},
        )

    def stamp(self, table: str) -> Query:
        """Those that are neither computed nor hidden."""
        schema, name = split(table)
        return Query(
            "SELECT name, type FROM pragma_table_xinfo(:name, :schema) WHERE hidden = 0",
            {"name": name, "schema": schema or "main"},
        )

    def key_name(self, column: str) -> str:
        """In small letters."""
        return column.lower()

    def place(self, table: str, guard: str, own: str | None) -> tuple[str, dict[str, object]]:
        """In this file, or in one that is attached."""
        del guard, own
        schema, name = split(table)
        return ":place", {"place": name if schema in {None, "main"} else f"{schema}.{name}"}

    def _master(self, schema: str | None) -> str:
        return self.dialect.exact(schema or "main", "sqlite_master")

    def definition(self, host: HostTables) -> list[Query]:
        """The statements that made tables and triggers."""
        times = split(host.clock_times.table)
        parts = {"clock_times": times, "employees": split(host.employees.table)}
        return [
            Query(
                f"SELECT :which, type, name, sql FROM {self._master(schema)}"
                " WHERE lower(tbl_name) = lower(:name) ORDER BY type, name",
                {"which": which, "name": name},
            )
            for which, (schema, name) in parts.items()
        ] + [Query(_TARGETS, {"name": times[1], "schema": times[0] or "main"})]

    def told(self, host: HostTables, answers: Answers) -> Told:
        """By the words of the statements."""
        kinds = {
            which: "virtual table" if kind == "table" and _is_virtual(sql) else kind
            for rows in answers[:2]
            for which, kind, _, sql in rows
            if kind in {"table", "view"}
        }
        replaced = {
            which for rows in answers[:2] for which, kind, _, sql in rows if kind == "table" and _REPLACES.search(sql)
        }
        ours, others = (tuple(name for _, kind, name, _ in rows if kind == "trigger") for rows in answers[:2])
        schema, name = split(host.employees.table)
        people = (name.lower(), (schema or "main").lower())
        return Told(
            {which: Made(kind, replaces=which in replaced) for which, kind in kinds.items()},
            ours,
            others,
            [(*key, home, to, by, (to.lower(), home.lower()) == people) for *key, home, to, by, _ in answers[2]],
        )

    def pointers(self, table: str, key: str) -> Query:
        """A key that names no column points at the primary key, whose columns are in the same order."""
        schema, name = split(table)
        sql = f"""
SELECT m.name || ' ' || f.id, NULLIF(:schema, 'main'), m.name, f."from",
       COALESCE(f."to", (SELECT p.name FROM pragma_table_xinfo(:name, :schema) p WHERE p.pk = f.seq + 1), :id),
       f.on_delete, f.on_update, lower(m.name) = lower(:name), '', ''
FROM {self._master(schema)} m JOIN pragma_foreign_key_list(m.name, :schema) f
WHERE m.type = 'table' AND lower(f."table") = lower(:name)
ORDER BY m.name, f.id, f.seq
"""
        return Query(sql, {"schema": schema or "main", "name": name, "id": key})

    def pointing(self, table: str, schema: str | None, name: str) -> Query:
        """Everything may be read."""
        sql = "SELECT name, '', lower(:name) = lower(:ours), '' FROM pragma_table_xinfo(:name, :schema)"
        return Query(sql, {"ours": split(table)[1], "schema": schema or "main", "name": name})

    def is_view(self, table: str) -> Query:
        """A view alone."""
        sql = "SELECT count(*) FROM sqlite_master WHERE type = 'view' AND lower(name) = lower(:name)"
        return Query(sql, {"name": split(table)[1]})

    def triggers(self, table: str) -> Query:
        """In this file."""
        sql = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND lower(tbl_name) = lower(:name) ORDER BY 1"
        return Query(sql, {"name": split(table)[1]})

    def unique_keys(self, connection: Connection, table: str, wanted: Collection[str]) -> list[UniqueKey]:
        """Indexes, and constraints that have one."""
        from connecteam_sync.store.sql.connect import inspector  # noqa: PLC0415 - a run asks for none

        schema, name = split(table)
        tables = inspector(connection)
        found = [
            UniqueKey(name=str(index["name"]), is_valid=True, is_constraint=False)
            for index in tables.get_indexes(name, schema=schema)
            if index["unique"]
            and set(index["column_names"]) == wanted
            and (index.get("dialect_options") or {}).get("sqlite_where") is None
        ]
        found += [
            UniqueKey(name=str(key["name"] or ""), is_valid=True, is_constraint=True)
            for key in tables.get_unique_constraints(name, schema=schema)
            if set(key["column_names"]) == wanted
        ]
        # SQLAlchemy reads them out of the statement that made the table, which it does not always understand.
        return found or [
            UniqueKey(name=str(row[0]), is_valid=True, is_constraint=True)
            for row in run(connection, _UNIQUE, {"name": name, "schema": schema or "main"})
            if set(str(row[1]).split("\n")) == wanted
        ]

    def taken(self, table: str) -> Query:
        """By whatever is in the file."""
        schema, name = split(table)
        return Query(f"SELECT 1 FROM {self._master(schema)} WHERE lower(name) = lower(:key)", {"name": name})

    def size(self, connection: Connection, table: str) -> tuple[int | None, str | None]:
        """Of the whole file."""
        del table
        size = connection.execute(text("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"))
        return size.scalar(), None


_UNIQUE = """
SELECT l.name, (SELECT group_concat(coalesce(i.name, ''), char(10)) FROM pragma_index_info(l.name, :schema) i)
FROM pragma_index_list(:name, :schema) l WHERE l."unique" AND NOT l.partial
"""
# Where a key names no column, it means the primary key.
_TARGETS = (
    'SELECT f.id, f."from", :schema, f."table", coalesce(f."to", (SELECT i.name FROM pragma_table_info(f."table",'
    " :schema) i WHERE i.pk = 1)), 0 FROM pragma_foreign_key_list(:name, :schema) f ORDER BY f.id, f.seq"
)


def _is_virtual(sql: str) -> bool:
    return sql.upper().split()[:2] == ["CREATE", "VIRTUAL"]


# -- sessions ----------------------------------------------------------------------------------------------------------


def _session(connection: sqlite3.Connection, _: Any) -> None:  # noqa: ANN401 - the pool's own record
    """Leave transactions to us, keep foreign keys."""
    connection.isolation_level = None
    # The bytes of a BLOB and the digits of a number, to and from JSON: not every SQLite has `unhex`.
    connection.create_function("connecteam_sync_bytes", 1, _bytes_of, deterministic=True)
    connection.create_function("connecteam_sync_is_utf8", 1, _is_utf8, deterministic=True)
    connection.create_function("connecteam_sync_spelled", 1, float.hex, deterministic=True)
    connection.create_function("connecteam_sync_real", 1, float.fromhex, deterministic=True)
    connection.execute("PRAGMA foreign_keys = ON")


def _bytes_of(text: str | None) -> bytes | None:
    return None if text is None else bytes.fromhex(text)


def _is_utf8(said: bytes) -> bool:
    try:
        said.decode()
    except UnicodeDecodeError:
        return False
    return True


def _begin(connection: Connection) -> None:
    """A writer takes the only write lock at once: a lock taken halfway could not be waited for."""
    writer = connection.get_execution_options().get("writer", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writer else "BEGIN")

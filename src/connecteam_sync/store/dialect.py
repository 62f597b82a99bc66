"""What differs per database, as fragments of SQL.

Sets of rows travel as one JSON parameter (`rowset`), so a statement has one text however many rows it is about:
drivers' own bulk calls silently fall back to a statement per row. Needs MySQL 8, MariaDB 10.6, SQLite 3.38.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from sqlalchemy.engine import Dialect as Engine

Kind = Literal["int", "key", "text", "float"]
"""`key` is text that is compared with a key of ours: short enough for an index to be used."""
Family = Literal["sqlite", "mysql", "postgresql"]

_MYSQL_TYPES: dict[Kind, str] = {
    "int": "BIGINT",
    "key": "VARCHAR(191) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
    "text": "LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
    "float": "DOUBLE",
}
_POSTGRES_TYPES: dict[Kind, str] = {"int": "bigint", "key": "text", "text": "text", "float": "double precision"}


_BYTES = {"binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"}
_LETTERS = {"char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "set"}
_AS_TEXT = _LETTERS | {"json", "decimal", "numeric"}
_AS_NUMBER = {"bit", "float"}


def base_of(kind: str) -> str:
    """A type without its width and its attributes: `int` of `int(10) unsigned zerofill`."""
    return kind.lower().split("(")[0].split(" ")[0]


class Dialect:
    """Fragments for one database. Every `d` is the alias of a rowset, every argument an SQL expression."""

    def __init__(self, engine: Engine) -> None:
        names: dict[str, Family] = {
            "sqlite": "sqlite",
            "mysql": "mysql",
            "mariadb": "mysql",
            "postgresql": "postgresql",
        }
        self.family: Family = names[engine.name]
        self.is_mariadb = False
        """Known once there is a connection."""
        self._quote = engine.identifier_preparer.quote

    def name(self, name: str) -> str:
        """A column, or a table with or without its schema, quoted where it must be."""
        return ".".join(self._quote(part) for part in name.split("."))

    def rowset(
        self, columns: Mapping[str, Kind], alias: str = "d", parameter: str = "rows", *, packed: bool = False
    ) -> str:
        """A FROM item over the JSON array bound to `parameter`: one row per object, absent members are NULL.

        `packed` (MySQL and MariaDB only): one row per array, its values in the order of `columns`; half the time.
        """
        if self.family == "mysql":
            places = {c: f"[{number}]" if packed else f".{c}" for number, c in enumerate(columns)}
            inner = ", ".join(f"{c} {_MYSQL_TYPES[k]} PATH '${places[c]}' ERROR ON ERROR" for c, k in columns.items())
            return f"JSON_TABLE(:{parameter}, '$[*]' COLUMNS ({inner})) AS {alias}"
        if self.family == "postgresql":
            inner = ", ".join(f"{c} {_POSTGRES_TYPES[k]}" for c, k in columns.items())
            return f"json_to_recordset(CAST(:{parameter} AS json)) AS {alias}({inner})"
        inner = ", ".join(f"json_extract(value, '$.{c}') AS {c}" for c in columns)
        return f"(SELECT {inner} FROM json_each(:{parameter})) AS {alias}"

    def by_index(self, index: str | None) -> str:
        """Behind a table: find its rows by this index. MySQL reads a whole year to find a month otherwise."""
        return f" FORCE INDEX ({self.name(index)})" if index and self.family == "mysql" else ""

    @property
    def lookup(self) -> str:
        """A join that goes from its left side to rows found by key: MariaDB would rather read the whole right side."""
        return "STRAIGHT_JOIN" if self.family == "mysql" else "JOIN"

    def epoch(self, moment: str) -> str:
        """Whole epoch seconds of a datetime column."""
        if self.family == "mysql":
            return f"TIMESTAMPDIFF(SECOND, '1970-01-01', {moment})"
        if self.family == "postgresql":
            return f"CAST(floor(extract(epoch FROM {moment})) AS bigint)"
        return f"CAST(strftime('%s', {moment}) AS INTEGER)"

    def moment(self, epoch: str) -> str:
        """The naive UTC datetime of epoch seconds."""
        if self.family == "mysql":
            return f"TIMESTAMPADD(SECOND, {epoch}, CAST('1970-01-01' AS DATETIME))"
        if self.family == "postgresql":
            return f"(to_timestamp({epoch}) AT TIME ZONE 'UTC')"
        return f"datetime({epoch}, 'unixepoch')"

    def whole(self, number: str) -> str:
        """A number rounded down."""
        if self.family == "sqlite":
            return f"CAST({number} AS INTEGER)"
        return f"CAST(floor({number}) AS bigint)" if self.family == "postgresql" else f"floor({number})"

    @property
    def bigint(self) -> str:
        """The type that whole numbers are cast to."""
        return {"mysql": "SIGNED", "postgresql": "bigint", "sqlite": "INTEGER"}[self.family]

    def between(self, column: str) -> str:
        """That a datetime column lies in the half-open span of instants `:start` to `:end`."""
        low, high = (self.moment(f"CAST(:{bound} AS {self.bigint})") for bound in ("start", "end"))
        return f"{column} >= {low} AND {column} < {high}"

    def flag(self, number: str) -> str:
        """The database's truth value of 0 or 1."""
        return f"({number} = 1)" if self.family == "postgresql" else number

    def truth(self, *, value: bool) -> object:
        """A flag as a value of a row that is inserted in bulk."""
        return value if self.family == "postgresql" else int(value)

    def same(self, left: str, right: str) -> str:
        """Equality in which NULL equals NULL."""
        word = {"mysql": "<=>", "postgresql": "IS NOT DISTINCT FROM", "sqlite": "IS"}[self.family]
        return f"{left} {word} {right}"

    def image(self, alias: str, columns: Mapping[str, str]) -> str:
        """The whole row as JSON text, as the database itself writes its values; `columns` are types by name."""
        if self.family == "postgresql":
            return f"CAST(to_jsonb({alias}) AS text)"
        inner = ", ".join(f"'{c}', {self.in_json(f'{alias}.{self.name(c)}', kind)}" for c, kind in columns.items())
        return f"json_object({inner})"

    def in_json(self, value: str, kind: str) -> str:
        """A value of this type as JSON can hold it, on databases where that is not done by itself.

        MariaDB puts bits, bytes, leading zeros and text of any collation into JSON as they lie, which is none then, and
        rounds a FLOAT. What is JSON itself would lose its spelling, a long DECIMAL its last digits.
        """
        if self.family == "mysql":
            if base_of(kind) in _BYTES:
                return f"hex({value})"
            if base_of(kind) in _AS_TEXT:
                return f"CAST({value} AS CHAR CHARACTER SET utf8mb4)"
            if base_of(kind) in _AS_NUMBER or "zerofill" in kind.lower():
                return f"{value} + 0"
        return value

    def from_json(self, value: str, kind: str) -> str:
        """The way back of `in_json`, from text; MySQL and SQLite convert everything else on assignment."""
        if self.family == "mysql" and base_of(kind) == "bit":
            return f"CAST({value} AS UNSIGNED)"
        return f"unhex({value})" if self.family == "mysql" and base_of(kind) in _BYTES else value

    def update(self, table: str, rowset: str, assignments: Mapping[str, str], condition: str) -> str:
        """UPDATE of `t` from a rowset; assignments are of quoted columns."""
        if self.family == "mysql":
            inner = ", ".join(f"t.{column} = {value}" for column, value in assignments.items())
            return f"UPDATE {rowset} STRAIGHT_JOIN {table} t ON {condition} SET {inner}"
        inner = ", ".join(f"{column} = {value}" for column, value in assignments.items())
        return f"UPDATE {table} AS t SET {inner} FROM {rowset} WHERE {condition}"

    def delete(self, table: str, rowset: str, key: str, condition: str) -> str:
        """DELETE of the rows of `t` that a rowset names; `key` is the quoted column that `d.id` is compared with."""
        if self.family == "mysql":
            return f"DELETE t FROM {rowset} STRAIGHT_JOIN {table} t ON t.{key} = d.id AND {condition}"
        if self.family == "postgresql":
            return f"DELETE FROM {table} AS t USING {rowset} WHERE t.{key} = d.id AND {condition}"
        found = f"SELECT t.{key} FROM {table} AS t JOIN {rowset} ON t.{key} = d.id AND {condition}"
        return f"DELETE FROM {table} WHERE {key} IN ({found})"

    def insert(self, table: str, rowset: str, values: Mapping[str, str], *, with_key: bool = False) -> str:
        """INSERT of every row of a rowset; `values` are expressions by quoted column, the key's own `with_key`."""
        tail = " WHERE true" if self.family == "sqlite" else ""
        # Without these words a key that PostgreSQL always makes by itself could not be brought back.
        over = " OVERRIDING SYSTEM VALUE" if with_key and self.family == "postgresql" else ""
        chosen = ", ".join(values.values())
        return f"INSERT INTO {table} ({', '.join(values)}){over} SELECT {chosen} FROM {rowset}{tail}"

    def upsert(self, table: str, columns: Mapping[str, Kind], key: str, *, keep: frozenset[str] = frozenset()) -> str:
        """INSERT of a rowset, or UPDATE where the key is taken; columns in `keep` are never updated."""
        text = self.insert(table, self.rowset(columns), {c: f"d.{c}" for c in columns})
        moving = [c for c in columns if c != key and c not in keep]
        if self.family == "mysql":
            return f"{text} ON DUPLICATE KEY UPDATE {', '.join(f'{c} = d.{c}' for c in moving)}"
        return f"{text} ON CONFLICT ({key}) DO UPDATE SET {', '.join(f'{c} = excluded.{c}' for c in moving)}"

    def locking(self, alias: str = "") -> str:
        """What makes a SELECT lock its rows until the transaction ends (SQLite locks the whole file beforehand)."""
        if self.family == "sqlite":
            return ""
        # MySQL cannot lock the rows of a JSON_TABLE and wants to be told what to lock; MariaDB does not know the word.
        return f" FOR UPDATE OF {alias}" if alias and not self.is_mariadb else " FOR UPDATE"

"""What a database is asked of its tables, and how it answers: the promises, of which each database keeps every one.

Where nothing else is said, a table is called as the configuration names it, with or without its schema.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import msgspec
from sqlalchemy import Connection

from connecteam_sync.store.sql.pipeline import Query
from connecteam_sync.store.sql.quoting import split
from connecteam_sync.store.tables.host import ClockTimesNames, HostTables

if TYPE_CHECKING:
    from connecteam_sync.store.sql.dialect import Dialect

Answers = Sequence[Sequence[tuple[Any, ...]]]
KINDS = {
    "r": "table",
    "p": "partitioned table",
    "v": "view",
    "m": "materialized view",
    "f": "foreign table",
    "base table": "table",
    "system versioned": "table",
}


class TableInfo(msgspec.Struct, frozen=True):
    """What one table is: `table` or another word of its database; who keeps it; whether a write can be taken back."""

    kind: str = "table"
    engine: str = ""
    takes_back: bool = True
    is_filtered: bool = False
    """Whether row level security decides which rows the user of the connection sees and writes (PostgreSQL)."""
    has_heirs: bool = False
    """Whether other tables inherit from it, whose rows are seen as its own (PostgreSQL)."""
    replaces: bool = False
    """Whether one of its keys has rows replaced, or left out, without a word (ON CONFLICT of SQLite)."""


class CatalogDefinition(NamedTuple):
    """What the answers to `Catalog.definition` say of the clock times, and of the people."""

    tables: Mapping[str, TableInfo]
    triggers: tuple[str, ...]
    people_triggers: tuple[str, ...]
    targets: Sequence[tuple[Any, ...]]
    """Of each column of each foreign key of the clock times: (key, column, schema, table, column, whether it is that of
    the people).
    """
    instead: tuple[str, ...] = ()
    people_instead: tuple[str, ...] = ()
    unproved: tuple[str, ...] = ()
    words: Mapping[str, tuple[str, ...]] = {}


class UniqueKey(msgspec.Struct, frozen=True, kw_only=True):
    """A unique index over exactly employee and clock-in. `is_valid`: no build of it was broken off."""

    name: str
    is_valid: bool
    is_constraint: bool


class Catalog(ABC):
    """The questions to one database."""

    key_column: ClassVar[str]
    key_columns: ClassVar[str]
    """The name of a column, and what `keys_of` reads of it: SQL with `$which`, `$columns`, and `$` for a number."""
    present: ClassVar[str]
    """(table, whether it is one, column, type) of each column of what stands under `:names` in `:schema`."""
    schemas: ClassVar[str | None] = None
    """The schemas of the database that have a table which may be ours; None where a schema is a database."""
    schema_count: ClassVar[str] = "SELECT count(*) FROM information_schema.schemata WHERE schema_name = :schema"
    """Whether `:schema` is there."""
    sees_all: ClassVar[Query | None] = None
    """Whether the user sees the keys of every table; None where everybody does."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect

    # -- columns and keys ----------------------------------------------------------------------------------------------

    @abstractmethod
    def columns(self, table: str) -> Query:
        """(name, type, whether it is computed, whether its table is a plain one, whether each new row must name it) of
        each column; none without a table.
        """

    @abstractmethod
    def stamp(self, table: str) -> Query:
        """(name, type) of each column that can be written."""

    def indexes(self, table: str) -> Query | None:
        """(name, columns one below the other, whether it is unique, whether anything is checked late) of each index;
        None where nothing but the columns is known of one in an error.
        """
        del table
        return None

    def key_place(self, number: int, table: str) -> dict[str, object]:
        """The values of `key_columns` that say which table."""
        schema, name = split(table)
        return {f"table{number}": name, f"schema{number}": schema}

    def key_name(self, column: str) -> str:
        """The name of a column as `key_column` gives it."""
        return column

    @abstractmethod
    def place(self, table: str, guard: str, own: str | None) -> tuple[str, dict[str, object]]:
        """Where a table is as seen from our `guard` in the schema `own`: an expression, and its values."""

    # -- how tables are made -------------------------------------------------------------------------------------------

    @abstractmethod
    def definition(self, host: HostTables) -> list[Query]:
        """What `parse_definition` reads; the first says what the tables are."""

    @abstractmethod
    def parse_definition(self, host: HostTables, answers: Answers) -> CatalogDefinition:
        """What they are."""

    @abstractmethod
    def pointers(self, table: str, key: str) -> Query:
        """Every foreign key that points at the table, as far as the database user may see: (key, schema or NULL where
        it is found without, table, column, column pointed at, rules, whether it is the same table, the column's type
        where it has to be told, why its rows cannot be counted), in the order of the key's columns.
        """

    @abstractmethod
    def pointing(self, table: str, schema: str | None, name: str) -> Query:
        """The columns of a table that may point at `table`: (name, type where it has to be told, whether it is the same
        table, why its rows cannot be counted).
        """

    @abstractmethod
    def is_view(self, table: str) -> Query:
        """Whether a table is none of this database itself."""

    @abstractmethod
    def triggers(self, table: str) -> Query:
        """The names of triggers, and of rules, on a table."""

    # -- taking a table over -------------------------------------------------------------------------------------------

    @abstractmethod
    def unique_keys(self, connection: Connection, table: str, wanted: Collection[str]) -> list[UniqueKey]:
        """The unique keys over exactly these columns."""

    def plain_indexes(self, connection: Connection, table: str) -> dict[str, list[str]]:
        """Columns of every plain index of the table, by name."""
        from connecteam_sync.store.sql.connect import inspector  # noqa: PLC0415 - a run asks for none

        schema, name = split(table)
        return {
            str(index["name"]): [column for column in index["column_names"] if column is not None]
            for index in inspector(connection).get_indexes(name, schema=schema)
            if not index["unique"] and None not in index["column_names"]
        }

    @abstractmethod
    def taken(self, table: str) -> Query:
        """Whether something has the name `:key` that a key of the table is to get."""

    @abstractmethod
    def size(self, connection: Connection, table: str) -> tuple[int | None, str | None]:
        """Bytes of the table, and the server's folder where it says so."""

    def obstacles(self, connection: Connection, names: ClockTimesNames, *, has_key: bool) -> list[str]:
        """What else forbids taking the table over, a sentence each."""
        del connection, names, has_key
        return []

    def key_obstacles(self, connection: Connection, names: ClockTimesNames) -> list[str]:
        """What else forbids making the unique key, a sentence each."""
        del connection, names
        return []

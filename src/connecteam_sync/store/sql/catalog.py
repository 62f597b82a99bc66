"""The catalogue of a database: queries about its tables, and what their answers mean. Each database implements all.

Unless noted otherwise, `table` is a name as in the configuration, with or without its schema.
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
    """A table's kind (in its database's words), its storage engine, and whether a write can be rolled back."""

    kind: str = "table"
    engine: str = ""
    takes_back: bool = True
    is_filtered: bool = False
    """Whether row level security decides which rows the user of the connection sees and writes (PostgreSQL)."""
    has_heirs: bool = False
    """Whether other tables inherit from it: their rows are shown as its own (PostgreSQL)."""
    replaces: bool = False
    """Whether one of its keys silently replaces or skips rows (ON CONFLICT of SQLite)."""


class CatalogDefinition(NamedTuple):
    """The parsed answers to `Catalog.definition`, for `clock_times` and the table of people."""

    tables: Mapping[str, TableInfo]
    triggers: tuple[str, ...]
    people_triggers: tuple[str, ...]
    targets: Sequence[tuple[Any, ...]]
    """For each column of each foreign key of `clock_times`: (key, column, target schema, target table, target column,
    whether the target is the table of people).
    """
    instead: tuple[str, ...] = ()
    people_instead: tuple[str, ...] = ()
    unproved: tuple[str, ...] = ()
    words: Mapping[str, tuple[str, ...]] = {}


class UniqueKey(msgspec.Struct, frozen=True, kw_only=True):
    """A unique index over exactly employee and clock-in. `is_valid`: its build was not interrupted."""

    name: str
    is_valid: bool
    is_constraint: bool


class Catalog(ABC):
    """The queries to the catalogue of one database."""

    key_column: ClassVar[str]
    key_columns: ClassVar[str]
    """The name of a column, and the facts that `keys_of` reads: SQL with `$which`, `$columns`, and `$` for a number."""
    present: ClassVar[str]
    """(name, whether it is a table, column, type) for each column of the tables and views `:names` in `:schema`."""
    schemas: ClassVar[str | None] = None
    """The schemas that contain a table which may be ours; None if a schema is a database."""
    schema_count: ClassVar[str] = "SELECT count(*) FROM information_schema.schemata WHERE schema_name = :schema"
    """Whether `:schema` exists."""
    sees_all: ClassVar[Query | None] = None
    """Whether the user sees the keys of every table; None if every user does."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect

    # -- columns and keys ----------------------------------------------------------------------------------------------

    @abstractmethod
    def columns(self, table: str) -> Query:
        """(name, type, whether it is computed, whether its table is a plain one, whether each new row must name it) for
        each column; no rows if the table does not exist.
        """

    @abstractmethod
    def stamp(self, table: str) -> Query:
        """(name, type) for each column that can be written."""

    def indexes(self, table: str) -> Query | None:
        """(name, columns divided by newlines, whether it is unique, whether anything is checked late) for each index;
        None if the database's errors name the columns of an index and not its name.
        """
        del table
        return None

    def key_place(self, number: int, table: str) -> dict[str, object]:
        """The values of `key_columns` that identify the table."""
        schema, name = split(table)
        return {f"table{number}": name, f"schema{number}": schema}

    def key_name(self, column: str) -> str:
        """The name of a column as `key_column` returns it."""
        return column

    @abstractmethod
    def place(self, table: str, guard: str, own: str | None) -> tuple[str, dict[str, object]]:
        """The location of a table relative to our `guard` in the schema `own`: an expression, and its values."""

    # -- definitions of tables -----------------------------------------------------------------------------------------

    @abstractmethod
    def definition(self, host: HostTables) -> list[Query]:
        """The queries of `parse_definition`; the first one is about the tables themselves."""

    @abstractmethod
    def parse_definition(self, host: HostTables, answers: Answers) -> CatalogDefinition:
        """The definition, from the answers to `definition`."""

    @abstractmethod
    def pointers(self, table: str, key: str) -> Query:
        """Every foreign key that points at the table, as far as the database user may see: (key, schema or NULL if it
        is found without, table, column, target column, rules, whether it is the same table, the column's type if
        statements must name it, why its rows cannot be counted), in the order of the key's columns.
        """

    @abstractmethod
    def pointing(self, table: str, schema: str | None, name: str) -> Query:
        """The columns of a table that may point at `table`: (name, type if statements must name it, whether it is the
        same table, why its rows cannot be counted).
        """

    @abstractmethod
    def is_view(self, table: str) -> Query:
        """Whether it is a view, or a table of another server."""

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
        """Whether the name `:key`, for a new key of the table, is taken."""

    @abstractmethod
    def size(self, connection: Connection, table: str) -> tuple[int | None, str | None]:
        """Bytes of the table, and the server's data folder if it is known."""

    def obstacles(self, connection: Connection, names: ClockTimesNames, *, has_key: bool) -> list[str]:
        """Further reasons why the table cannot be adopted, a sentence each."""
        del connection, names, has_key
        return []

    def key_obstacles(self, connection: Connection, names: ClockTimesNames) -> list[str]:
        """Further reasons why the unique key cannot be made, a sentence each."""
        del connection, names
        return []

"""What differs between databases, as fragments of SQL. The class of each database implements all of it.

Sets of rows are sent as one JSON parameter (`rowset`), so a statement has one text for any number of rows: drivers'
own bulk calls silently fall back to a statement per row. Needs MySQL 8, MariaDB 10.6, SQLite 3.38.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import Connection
from sqlalchemy.engine import Dialect as Engine

from connecteam_sync.store.sql.exact_types import Form, plain_member
from connecteam_sync.store.sql.quoting import literal, quoted, split
from connecteam_sync.store.sql.traits import FIRST, Kind, Shared, Traits
from connecteam_sync.store.tables.host import ClockTimesNames, EmployeesNames
from connecteam_sync.store.tables.keys import KeyColumn, Keys

if TYPE_CHECKING:
    from connecteam_sync.store.sql.catalog import Catalog

_INSTANTS = (-62_135_596_800, 253_402_300_800)
"""The same in epoch seconds, end excluded."""
_USUAL = {
    default
    for names in (ClockTimesNames(), EmployeesNames())
    for field in names.__struct_fields__
    if isinstance(default := getattr(names, field), str)
}
"""The default names of the host's tables and columns: keywords of no database."""


class Dialect(Traits):
    """Fragments for one database. `d` is the alias of a rowset; arguments are SQL expressions."""

    def __init__(self, engine: Engine, *, unit: str | None = None) -> None:
        self.engine, self._named_unit = engine, unit
        self._keys, self._types = Keys(), dict[str, str]()
        self.keys = self._keys
        self._unit = {None: 0, "epoch_seconds": 1, "epoch_milliseconds": 1000}[unit]
        """The host's times are counted in this part of a second; 0 if they are datetimes."""
        self._quote = engine.identifier_preparer.quote

    def of_server(self, connection: Connection) -> Dialect:
        """The dialect of the connected server: a URL of MySQL may lead to MariaDB."""
        del connection
        return self

    def _as(self, other: type[Dialect]) -> Dialect:
        """This dialect as one of another class."""
        if type(self) is other:
            return self
        made = other(self.engine, unit=self._named_unit)
        made.keys = self.keys
        return made

    @property
    @abstractmethod
    def catalog(self) -> Catalog:
        """The queries about tables."""

    def table_options(self, *, is_ours: bool, counts: bool) -> dict[str, object]:
        """SQLAlchemy's options for a new table, of ours or the host's; `counts`: the database draws its keys."""
        del is_ours, counts
        return {}

    def note_writes(self, table: str, column: str, index: str, start: str) -> str:
        """The statement for `notes_writes`: a `column` with the time of the last write, behind `start` in `index`."""
        raise NotImplementedError  # asked only of a class that `notes_writes`

    # -- keys and names ------------------------------------------------------------------------------------------------

    @property
    def keys(self) -> Keys:
        """The types of the keys of the host's tables; whole numbers until they are known."""
        return self._keys

    @keys.setter
    def keys(self, keys: Keys) -> None:
        self._keys = keys
        hosts = {"row": keys.row, "person": keys.person, "employee": keys.employee}
        ours = {"link": keys.row, "who": keys.person}
        self._types = {
            **self.types,
            **{which: key.rowset or self.types["int"] for which, key in hosts.items()},
            **{which: self.own_type(key) for which, key in ours.items()},
        }

    def own_type(self, key: KeyColumn) -> str:
        """The type of a column of ours that holds such a key of the host's."""
        if key.is_text:
            return "uuid" if key.is_native else self.own_text
        return key.rowset if key.is_unsigned else "bigint"

    @classmethod
    @abstractmethod
    def key_of(cls, place: str, declaration: Sequence[str]) -> KeyColumn | None:
        """The key of a column, by (type, base type, character set, collation); None if the type is not supported."""

    def name(self, name: str) -> str:
        """The quoted name of a column, or of a table without its schema."""
        return name if name in _USUAL else quoted(name, self.mark)

    def table(self, name: str) -> str:
        """The quoted name of a table, with or without its schema, as in the configuration (`quoting.split`)."""
        return ".".join(self.name(part) for part in split(name) if part is not None)

    def own(self, name: str) -> str:
        """The name of a table of ours, with or without its schema; it has no special characters (`own.OwnNames`)."""
        return ".".join(self._quote(part) for part in name.split("."))

    def exact(self, *parts: str) -> str:
        """Names as they are in the catalogue, always quoted."""
        return ".".join(quoted(part, self.mark) for part in parts)

    def literal(self, text: str) -> str:
        """A text as an SQL literal."""
        return literal(text)

    # -- expressions ---------------------------------------------------------------------------------------------------

    @abstractmethod
    def rowset(
        self, columns: Mapping[str, Kind], alias: str = "d", parameter: str = "rows", *, packed: Shared | None = None
    ) -> str:
        """A FROM item over the JSON array bound to `parameter`: one row per object, absent members are NULL.

        `packed` (if it `has_packets`): one row per array, its values in the order of `columns`; it takes half the time.
        If it names columns, one array for rows that have the same values there: first these, then an array of the rows,
        without them (`bulk.packing`).
        """

    def by_index(self, index: str | None) -> str:
        """The clause behind a table that names the index to use, if the database needs one."""
        del index
        return ""

    def epoch(self, moment: str) -> str:
        """Whole epoch seconds of a column of times; NULL for a time outside the years 1 to 9999."""
        if self._unit:
            low, high = (bound * self._unit for bound in _INSTANTS)
            known = f"CASE WHEN {moment} >= {low} AND {moment} < {high} THEN {moment} END"
            if self._unit == 1:
                return known
            # The remainder of a division has the sign of the dividend.
            parts = f"(({known}) - (({known}) % {self._unit} + {self._unit}) % {self._unit})"
            return f"({parts} {self.divides} {self._unit})"
        return self._epoch(f"CASE WHEN {moment} BETWEEN {FIRST} AND {self.last} THEN {moment} END")

    @abstractmethod
    def _epoch(self, known: str) -> str:
        """Epoch seconds of a datetime."""

    def moment(self, epoch: str) -> str:
        """Epoch seconds as a value of the host's columns: a naive UTC datetime, or a number of the unit."""
        if self._unit:
            return epoch if self._unit == 1 else f"({epoch}) * {self._unit}"
        return self._moment(epoch)

    @abstractmethod
    def _moment(self, epoch: str) -> str:
        """The naive UTC datetime of epoch seconds."""

    def has_fraction(self, moment: str) -> str:
        """Whether a time of the host's has a fraction of a second."""
        if self._unit:
            return f"({moment}) % {self._unit} <> 0"
        return self._has_fraction(moment)

    @abstractmethod
    def _has_fraction(self, moment: str) -> str:
        """Whether a datetime has a fraction of a second."""

    def instant(self, epoch: int) -> int | None:
        """Epoch seconds in the host's unit; None if its columns hold datetimes."""
        return epoch * self._unit if self._unit else None

    @abstractmethod
    def as_text(self, value: str, kind: str) -> str:
        """A value as text that is compared byte by byte, also with the columns of a rowset."""

    @abstractmethod
    def shown(self, column: str) -> str:
        """The value of a column, as text for people."""

    def as_type(self, value: str, kind: str) -> str:
        """Text as a value of this type, if the database does not convert it by itself."""
        del kind
        return value

    def as_pointer(self, value: str, kind: str) -> str:
        """A key as a value of a column that points at it, so that an index of that column is used."""
        del kind
        return value

    def least(self, key: str) -> str:
        """A key of `clock_times` as a value that `min` accepts."""
        return key

    @abstractmethod
    def whole(self, number: str) -> str:
        """A number rounded down; -1 if it is too large."""

    def between(self, column: str, number: int | str = "") -> str:
        """The condition that a column of times lies in the half-open span of instants `:start` to `:end`, or in that
        with a number behind its names.
        """
        low, high = (self.moment(f"CAST(:{bound}{number} AS {self.bigint})") for bound in ("start", "end"))
        return f"{column} >= {low} AND {column} < {high}"

    def flag(self, number: str) -> str:
        """The database's truth value for 0 or 1."""
        return number

    def truth(self, *, value: bool) -> object:
        """A flag as a value of a row that is inserted in bulk."""
        return int(value)

    @abstractmethod
    def truth_form(self, kind: str) -> Form | None:
        """How a column of this type, which is not text, represents true and false."""

    def same(self, left: str, right: str) -> str:
        """Equality in which NULL equals NULL."""
        return f"{left} {self.equal} {right}"

    def ends(self, column: str, table: str) -> str:
        """The lowest and the highest value of a column."""
        return f"SELECT min({column}), max({column}) FROM {table}"

    @abstractmethod
    def digest(
        self, connection: Callable[[], Connection], columns: Mapping[str, bool], rows: Sequence[str], by: str = ""
    ) -> str:
        """A SELECT of a count and hashes, or texts to hash, for each part of the rows (FROM and WHERE clauses).
        `columns` says of each column whether it is text. With an expression `by`, for each of its values instead, which
        comes first; then there is one part, and the first of the columns is a key.
        """

    def digestible(self, value: str, base: str) -> str:
        """A value of this base type in a form that can be hashed."""
        del base
        return value

    def gathered(self, values: Sequence[tuple[str, bool]], rows: Sequence[str]) -> str:
        """A SELECT of a count and a text for each part of the rows (FROM and WHERE clauses), if it `gathers`: of each
        row a JSON array, with commas between. `values` are expressions, and whether each is text. The text is NULL
        where the server may have cut it.
        """
        raise NotImplementedError  # asked only of a class that `gathers`

    # -- whole rows ----------------------------------------------------------------------------------------------------

    def image(self, alias: str, columns: Mapping[str, str]) -> str:
        """The whole row as JSON text, as the database itself writes its values; `columns` are types by name.

        NULL (MySQL and MariaDB) if the row is too large.
        """
        inner = ", ".join(
            f"{self.literal(c)}, {self.in_json(f'{alias}.{self.name(c)}', kind)}" for c, kind in columns.items()
        )
        return f"json_object({inner})"

    @abstractmethod
    def in_json(self, value: str, kind: str) -> str:
        """A value of this type in a form that JSON can hold."""

    @abstractmethod
    def rows_again(
        self, table: str, types: Mapping[str, str], aliases: Mapping[str, str], more: Mapping[str, Kind]
    ) -> tuple[str, dict[str, str]]:
        """Whole rows from a rowset of `members`: a FROM item, and the expression of each column, by quoted name.

        `aliases` are names of members by column, `more` further members.
        """

    def members(self, image: str, aliases: Mapping[str, str]) -> dict[str, object]:
        """The image of a row as members of the rowset of `rows_again`."""
        values: dict[str, object] = msgspec.json.decode(image)
        return {alias: plain_member(values.get(column)) for column, alias in aliases.items()}

    def as_stored(self, sql: str) -> str:
        """The statement, so that it accepts values the server would refuse today: dates of zeros, a key of zero."""
        return sql

    def comes_back(self, value: str, kind: str) -> str | None:
        """A condition that a value survives the way into its image and back; None for types whose values all do."""
        del value, kind
        return None

    # -- statements ----------------------------------------------------------------------------------------------------

    def update(self, table: str, rowset: str, assignments: Mapping[str, str], condition: str) -> str:
        """UPDATE of `t` from a rowset; `assignments` are expressions by quoted column."""
        inner = ", ".join(f"{column} = {value}" for column, value in assignments.items())
        return f"UPDATE {table} AS t SET {inner} FROM {rowset} WHERE {condition}"

    @abstractmethod
    def delete(self, table: str, rowset: str, key: str, condition: str) -> str:
        """DELETE of the rows of `t` that a rowset names; `key` is the quoted column that `d.id` is compared with."""

    def insert(self, table: str, rowset: str, values: Mapping[str, str], *, with_key: bool = False) -> str:
        """INSERT of every row of a rowset; `values` are expressions by quoted column, the key's own `with_key`."""
        over, chosen = self.overriding if with_key else "", ", ".join(values.values())
        return f"INSERT INTO {table} ({', '.join(values)}){over} SELECT {chosen} FROM {rowset}"

    def upsert(self, table: str, columns: Mapping[str, Kind], key: str, *, keep: frozenset[str] = frozenset()) -> str:
        """INSERT of a rowset, or UPDATE if the key exists; columns in `keep` are never updated."""
        text = self.insert(table, self.rowset(columns), {c: f"d.{c}" for c in columns})
        return f"{text} {self._or_update(key, [c for c in columns if c != key and c not in keep])}"

    def _or_update(self, key: str, moving: Sequence[str]) -> str:
        """The clause that turns an INSERT into an UPDATE if the key exists."""
        return f"ON CONFLICT ({key}) DO UPDATE SET {', '.join(f'{c} = excluded.{c}' for c in moving)}"

    def unless_there(self, key: str) -> str:
        """The clause with which an INSERT leaves a row as it is that has this key, also one that is made meanwhile."""
        return f"ON CONFLICT ({key}) DO NOTHING"

    def locking(self, alias: str = "") -> str:
        """The clause with which a SELECT locks its rows until the transaction ends."""
        return f" FOR UPDATE OF {alias}" if alias else " FOR UPDATE"

    def drawn(self, table: str) -> tuple[str, str]:
        """The key of a new row, above every `known.number`, and the clause that returns it."""
        newest = f"(SELECT coalesce(max(id), 0) FROM {table})"
        return f"CASE WHEN max(known.number) > {newest} THEN max(known.number) + 1 END", ""

    def takes_bulk(self, rows: int) -> bool:
        """Whether `load` is worthwhile for so many new rows."""
        del rows
        return False

    def load(
        self, connection: Callable[[], Connection], table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]
    ) -> None:
        """INSERT of any number of rows, values in the order of quoted `columns`, if it `takes_bulk`."""
        raise NotImplementedError  # asked only of a class that `takes_bulk`

    # -- changes of tables ---------------------------------------------------------------------------------------------

    @abstractmethod
    def renamed(self, old: str, new: str) -> tuple[str, ...]:
        """The statements that rename a table of ours (with its schema), and everything that is named after it."""

    @abstractmethod
    def index_renamed(
        self, table: str, old: str, new: str, columns: Sequence[str], *, is_unique: bool
    ) -> tuple[str, ...]:
        """The statements that rename an index of a table of ours (with its schema)."""

    @abstractmethod
    def retyped(self, column: str, kind: str, *, is_nullable: bool) -> str:
        """The part of an ALTER TABLE that gives a column of ours another type."""

    @abstractmethod
    def copied_table(self, copy: str, table: str, key: str, columns: Iterable[str]) -> str:
        """The statement that makes an empty table with the same columns and the same key."""

    @abstractmethod
    def key_made(self, table: str, columns: str, key: str) -> tuple[str, ...]:
        """The statements that make a unique key while others go on writing: an index, then a constraint of it."""

    @abstractmethod
    def key_dropped(self, table: str, key: str, *, is_constraint: bool) -> str:
        """The statement that drops the unique key."""

    def _index(self, table: str, key: str) -> str:
        """The name of the key, with the schema of its table."""
        schema, _ = split(table)
        return f"{self.name(schema)}.{key}" if schema else key

    def key_replaced(self, table: str, key: str, indexes: Mapping[str, Sequence[str]]) -> str:
        """The statement that drops the unique key and restores indexes (`drops_spare_indexes`)."""
        raise NotImplementedError  # asked only of a class that `drops_spare_indexes`

    def cleared(self, table: str, key: str, statement: str) -> str | None:
        """The statement that removes the remains of a failed statement of `key_made`; None if there are none."""
        del table, key, statement
        return None

    @abstractmethod
    def alter(self, connection: Connection, statement: str, *, wait: int, lock_wait: int) -> None:
        """Run a change of a table, waiting `lock_wait` seconds for its lock; `wait` if that blocks no others."""

    # -- rights --------------------------------------------------------------------------------------------------------

    def sequence_right(self, table: str, column: str) -> str | None:
        """A SELECT of whether the user may draw keys; None if that needs no separate right."""
        del table, column
        return None

    def grant(self, table: str, rights: Sequence[str], account: str, *, database: str, draws: bool) -> str:
        """What grants rights on a table of ours, and with `draws` the numbers of its `id`, if these need a right of
        their own, to an account as the server names it. `database` is the one that is connected to.
        """
        del draws
        place = "" if "." in table else f"{self._quote(database)}."
        who = "@".join(quoted(part, "'") for part in account.rsplit("@", 1))
        return f"GRANT {', '.join(rights)} ON {place}{self.own(table)} TO {who}"

    def sequence_of(self, table: str, column: str) -> str | None:
        """What finds the sequence that fills a column: its name in SQL, the same as a literal, and its step. None where
        keys follow those that are given.
        """
        del table, column
        return None

    def shows_triggers(self, connection: Connection, table: str) -> bool:
        """Whether the user can see the triggers of a table."""
        del connection, table
        return True

"""What differs per database, as fragments of SQL: the promises, of which each database keeps every one in its class.

Sets of rows travel as one JSON parameter (`rowset`), so a statement has one text however many rows it is about:
drivers' own bulk calls silently fall back to a statement per row. Needs MySQL 8, MariaDB 10.6, SQLite 3.38.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Literal

import msgspec
from sqlalchemy import Connection
from sqlalchemy.engine import Dialect as Engine

from connecteam_sync.store.sql.exact_types import Form, plain_member
from connecteam_sync.store.sql.quoting import literal, quoted, split
from connecteam_sync.store.sql.urls import Driver
from connecteam_sync.store.tables.host import ClockTimesNames, EmployeesNames
from connecteam_sync.store.tables.keys import Key, Keys

if TYPE_CHECKING:
    from connecteam_sync.store.sql.catalog import Catalog

Kind = Literal["int", "key", "text", "float", "row", "person", "employee", "link", "who"]
"""`key` is text that is compared with a key of ours: short enough for an index to be used.

`row` is compared with the key of the host's `clock_times`, `person` with its column of employees, `employee` with the
key of the table of people; `link` and `who` with what our own tables keep of a row's and of a person's key (`keys`).
"""
FIRST, LAST = "'0001-01-01'", "'9999-12-31 23:59:59.999999'"
"""What lies before or after is in no calendar: it is read as no time, as infinity is."""
_INSTANTS = (-62_135_596_800, 253_402_300_800)
"""The same in epoch seconds, the second of them without."""
_USUAL = {
    default
    for names in (ClockTimesNames(), EmployeesNames())
    for field in names.__struct_fields__
    if isinstance(default := getattr(names, field), str)
}
"""What the host's tables and columns are called where nothing else is said: words of no database."""


class Dialect(Driver):
    """Fragments for one database. Every `d` is the alias of a rowset, every argument an SQL expression."""

    types: ClassVar[Mapping[str, str]]
    """The types of a rowset's columns, by kind."""
    commits_tables: ClassVar[bool] = False
    """Whether each statement that makes or alters a table is committed by itself."""
    own_text: ClassVar[str]
    """What our own tables keep a key of text in."""
    bigint: ClassVar[str]
    """The type that whole numbers are cast to."""
    equal: ClassVar[str]
    """Equality in which NULL equals NULL."""
    mark: ClassVar[str] = '"'
    """What a name stands between."""
    divides: ClassVar[str] = "/"
    """Division of whole numbers."""
    last: ClassVar[str] = LAST
    lookup: ClassVar[str] = "JOIN"
    """A join that goes from its left side to rows found by key."""
    overriding: ClassVar[str] = ""
    """What an INSERT says so that it may bring a key that the database always makes by itself."""

    folds_names: ClassVar[bool] = True
    """Whether capitals and small letters are the same in the name of a column."""
    is_loosely_typed: ClassVar[bool] = False
    """Whether a column takes values of any type, whatever it is declared as."""
    hides_what_is_not_granted: ClassVar[bool] = False
    """Whether the catalogue leaves out tables, keys and triggers on which the user has no right."""
    has_rights: ClassVar[bool] = True
    """Whether a right on one table says nothing of another."""
    grants_follow: ClassVar[bool] = True
    """Whether what was granted on a table follows its new name."""
    alters_columns: ClassVar[bool] = True
    """Whether a column gets another type without its table being made again."""
    has_packets: ClassVar[bool] = False
    """Whether a statement and its values have to fit into one packet, and new rows travel best as arrays in one."""
    copies_images: ClassVar[bool] = False
    """Whether the journal takes whole rows from the table by itself, without their being handed over."""
    reads_by_key: ClassVar[bool] = False
    """Whether rows are read far quicker in the order of their keys than by an index."""
    notes_writes: ClassVar[bool] = False
    """Whether the server notes when a shift of ours was last written, whoever wrote it."""
    digests_in_parts: ClassVar[bool] = True
    """Whether rows are put together into one text before they are hashed."""
    moves_moments: ClassVar[bool] = False
    """Whether a column may move by itself when its row is written (ON UPDATE CURRENT_TIMESTAMP)."""
    cascades_within: ClassVar[bool] = True
    """Whether rows may follow a row of the same table (ON UPDATE CASCADE)."""
    takes_bad_keys: ClassVar[bool] = False
    """Whether a foreign key may be declared under which every write is refused."""
    names_foreign_keys: ClassVar[bool] = True
    """Whether a foreign key has a name of its own."""
    backs_up_computed: ClassVar[bool] = False
    """Whether a computed column becomes a plain one of a copy of its table."""
    drops_spare_indexes: ClassVar[bool] = False
    """Whether an index that was made for a foreign key goes by itself once another serves."""

    def __init__(self, engine: Engine, *, unit: str | None = None) -> None:
        self._engine, self._named_unit = engine, unit
        self._keys, self._types = Keys(), dict[str, str]()
        self.keys = self._keys
        self._unit = {None: 0, "epoch_seconds": 1, "epoch_milliseconds": 1000}[unit]
        """What the host's times are counted in, as a part of a second; 0 where they are datetimes."""
        self._quote = engine.identifier_preparer.quote

    def of_server(self, connection: Connection) -> Dialect:
        """The dialect of the server that answered: a URL of MySQL may be one of MariaDB."""
        del connection
        return self

    def _as(self, other: type[Dialect]) -> Dialect:
        """The same of another class."""
        if type(self) is other:
            return self
        made = other(self._engine, unit=self._named_unit)
        made.keys = self.keys
        return made

    @property
    @abstractmethod
    def catalog(self) -> Catalog:
        """What the database is asked of its tables."""

    # -- keys and names ------------------------------------------------------------------------------------------------

    @property
    def keys(self) -> Keys:
        """What the keys of the host's tables are; whole numbers, until that is known."""
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

    def own_type(self, key: Key) -> str:
        """The type that a column of ours has for such a key of the host's."""
        if key.is_text:
            return "uuid" if key.is_native else self.own_text
        return key.rowset if key.is_unsigned else "bigint"

    @classmethod
    @abstractmethod
    def key_of(cls, place: str, said: Sequence[str]) -> Key | None:
        """What a column of keys is, by (type, base type, letters, collation); None of a kind that is not served."""

    def name(self, name: str) -> str:
        """A column, or a table without its schema: one name, whatever is in it."""
        return name if name in _USUAL else quoted(name, self.mark)

    def table(self, name: str) -> str:
        """A table with or without its schema, as the configuration names it (`naming.split`)."""
        return ".".join(self.name(part) for part in split(name) if part is not None)

    def own(self, name: str) -> str:
        """A table of ours with or without its schema; what they may be called needs no thought (`own.OwnNames`)."""
        return ".".join(self._quote(part) for part in name.split("."))

    def exact(self, *parts: str) -> str:
        """Names as they stand in the catalogue, always quoted."""
        return ".".join(quoted(part, self.mark) for part in parts)

    def literal(self, text: str) -> str:
        """A text as it stands in a statement."""
        return literal(text)

    # -- expressions ---------------------------------------------------------------------------------------------------

    @abstractmethod
    def rowset(
        self, columns: Mapping[str, Kind], alias: str = "d", parameter: str = "rows", *, packed: bool = False
    ) -> str:
        """A FROM item over the JSON array bound to `parameter`: one row per object, absent members are NULL.

        `packed` (where it `has_packets`): one row per array, its values in the order of `columns`; half the time.
        """

    def by_index(self, index: str | None) -> str:
        """Behind a table: find its rows by this index, where the database has to be told."""
        del index
        return ""

    def epoch(self, moment: str) -> str:
        """Whole epoch seconds of a column of times; NULL of what is no time of any calendar that people keep here."""
        if self._unit:
            low, high = (bound * self._unit for bound in _INSTANTS)
            known = f"CASE WHEN {moment} >= {low} AND {moment} < {high} THEN {moment} END"
            if self._unit == 1:
                return known
            # The remainder of a division has the sign of what is divided.
            parts = f"(({known}) - (({known}) % {self._unit} + {self._unit}) % {self._unit})"
            return f"({parts} {self.divides} {self._unit})"
        return self._epoch(f"CASE WHEN {moment} BETWEEN {FIRST} AND {self.last} THEN {moment} END")

    @abstractmethod
    def _epoch(self, known: str) -> str:
        """Epoch seconds of a datetime."""

    def moment(self, epoch: str) -> str:
        """Epoch seconds as the host's columns have them: the naive UTC datetime, or a number of the unit."""
        if self._unit:
            return epoch if self._unit == 1 else f"({epoch}) * {self._unit}"
        return self._moment(epoch)

    @abstractmethod
    def _moment(self, epoch: str) -> str:
        """The naive UTC datetime of epoch seconds."""

    def has_fraction(self, moment: str) -> str:
        """Whether a time of the host's is no whole second."""
        if self._unit:
            return f"({moment}) % {self._unit} <> 0"
        return self._has_fraction(moment)

    @abstractmethod
    def _has_fraction(self, moment: str) -> str:
        """Whether a datetime is no whole second."""

    def instant(self, epoch: int) -> int | None:
        """The same of a number; None where the columns hold datetimes."""
        return epoch * self._unit if self._unit else None

    @abstractmethod
    def as_text(self, value: str, kind: str) -> str:
        """Text of any type as one that is compared letter by letter, also with what is in a rowset."""

    @abstractmethod
    def shown(self, column: str) -> str:
        """Whatever stands in a column, as text for people."""

    def as_type(self, value: str, kind: str) -> str:
        """Text as a value of this type, where the database does not see to that by itself."""
        del kind
        return value

    def as_pointer(self, value: str, kind: str) -> str:
        """A key as a value of a column that points at it, so that an index of that column serves."""
        del kind
        return value

    def least(self, key: str) -> str:
        """A key of the clock times as something of which there is a least one."""
        return key

    @abstractmethod
    def whole(self, number: str) -> str:
        """A number rounded down; -1 of what no whole number is made of."""

    def between(self, column: str) -> str:
        """That a datetime column lies in the half-open span of instants `:start` to `:end`."""
        low, high = (self.moment(f"CAST(:{bound} AS {self.bigint})") for bound in ("start", "end"))
        return f"{column} >= {low} AND {column} < {high}"

    def flag(self, number: str) -> str:
        """The database's truth value of 0 or 1."""
        return number

    def truth(self, *, value: bool) -> object:
        """A flag as a value of a row that is inserted in bulk."""
        return int(value)

    @abstractmethod
    def truth_form(self, kind: str) -> Form | None:
        """How a column of this type, which is no text, says true and false."""

    def same(self, left: str, right: str) -> str:
        """Equality in which NULL equals NULL."""
        return f"{left} {self.equal} {right}"

    def ends(self, column: str, table: str) -> str:
        """The lowest and the highest value of a column."""
        return f"SELECT min({column}), max({column}) FROM {table}"

    @abstractmethod
    def digest(self, connection: Callable[[], Connection], columns: Mapping[str, bool], rows: Sequence[str]) -> str:
        """A count and hashes, or texts to hash, of rows FROM a table WHERE something, part by part; of each column
        whether it is text.
        """

    def digestible(self, value: str, base: str) -> str:
        """A value of this base type as one that can be hashed."""
        del base
        return value

    # -- whole rows ----------------------------------------------------------------------------------------------------

    def image(self, alias: str, columns: Mapping[str, str]) -> str:
        """The whole row as JSON text, as the database itself writes its values; `columns` are types by name.

        NULL (MySQL and MariaDB) of a row that is too large for that.
        """
        inner = ", ".join(
            f"{self.literal(c)}, {self.in_json(f'{alias}.{self.name(c)}', kind)}" for c, kind in columns.items()
        )
        return f"json_object({inner})"

    @abstractmethod
    def in_json(self, value: str, kind: str) -> str:
        """A value of this type as JSON can hold it."""

    @abstractmethod
    def rows_again(
        self, table: str, types: Mapping[str, str], aliases: Mapping[str, str], more: Mapping[str, Kind]
    ) -> tuple[str, dict[str, str]]:
        """Whole rows made of what `members` says of each, as a FROM item, and what each column becomes, by quoted name.

        `aliases` are names of members by column, `more` further members.
        """

    def members(self, image: str, aliases: Mapping[str, str]) -> dict[str, object]:
        """The image of a row as members of the rowset of `rows_again`."""
        values: dict[str, object] = msgspec.json.decode(image)
        return {alias: plain_member(values.get(column)) for column, alias in aliases.items()}

    def as_stored(self, sql: str) -> str:
        """A statement that takes values as they once were stored, whatever the server would refuse today: dates of
        zeros, a key of zero. What became of them is read back.
        """
        return sql

    def comes_back(self, value: str, kind: str) -> str | None:
        """That a value is what its image makes of it, to the byte; None of types of which every value is."""
        del value, kind
        return None

    # -- statements ----------------------------------------------------------------------------------------------------

    def update(self, table: str, rowset: str, assignments: Mapping[str, str], condition: str) -> str:
        """UPDATE of `t` from a rowset; assignments are of quoted columns."""
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
        """INSERT of a rowset, or UPDATE where the key is taken; columns in `keep` are never updated."""
        text = self.insert(table, self.rowset(columns), {c: f"d.{c}" for c in columns})
        return f"{text} {self._or_update(key, [c for c in columns if c != key and c not in keep])}"

    def _or_update(self, key: str, moving: Sequence[str]) -> str:
        """What makes of an INSERT an UPDATE where the key is taken."""
        return f"ON CONFLICT ({key}) DO UPDATE SET {', '.join(f'{c} = excluded.{c}' for c in moving)}"

    def locking(self, alias: str = "") -> str:
        """What makes a SELECT lock its rows until the transaction ends."""
        return f" FOR UPDATE OF {alias}" if alias else " FOR UPDATE"

    def drawn(self, table: str) -> tuple[str, str]:
        """The key of a new row above every `known.number`, where the database draws it; and what asks for it."""
        newest = f"(SELECT coalesce(max(id), 0) FROM {table})"
        return f"CASE WHEN max(known.number) > {newest} THEN max(known.number) + 1 END", ""

    def takes_bulk(self, rows: int) -> bool:
        """Whether so many new rows are worth a way of their own (`load`)."""
        del rows
        return False

    def load(
        self, connection: Callable[[], Connection], table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]
    ) -> None:
        """INSERT of any number of rows, values in the order of quoted `columns`, the way of `takes_bulk`."""
        raise NotImplementedError  # a class without a bulk way of its own says so in `takes_bulk`, and is never asked

    # -- changes of tables ---------------------------------------------------------------------------------------------

    @abstractmethod
    def renamed(self, old: str, new: str) -> tuple[str, ...]:
        """What gives a table of ours, `old` with its schema, another name or schema, and all that is named after it."""

    @abstractmethod
    def index_renamed(
        self, table: str, old: str, new: str, columns: Sequence[str], *, is_unique: bool
    ) -> tuple[str, ...]:
        """What gives an index of a table of ours, with its schema, another name."""

    @abstractmethod
    def retyped(self, column: str, kind: str, *, is_nullable: bool) -> str:
        """The part of an ALTER TABLE that gives a column of ours another type."""

    @abstractmethod
    def copied_table(self, copy: str, table: str, key: str, columns: Iterable[str]) -> str:
        """What makes an empty table with the same columns and the same key."""

    @abstractmethod
    def key_made(self, table: str, columns: str, key: str) -> tuple[str, ...]:
        """What makes a unique key while others go on writing: first of all an index, then what makes it a key."""

    @abstractmethod
    def key_dropped(self, table: str, key: str, *, is_constraint: bool) -> str:
        """What takes it away again."""

    def _index(self, table: str, key: str) -> str:
        """The key's own name, in the schema of its table."""
        schema, _ = split(table)
        return f"{self.name(schema)}.{key}" if schema else key

    def key_replaced(self, table: str, key: str, indexes: Mapping[str, Sequence[str]]) -> str:
        """What takes it away and brings back indexes (`drops_spare_indexes`)."""
        raise NotImplementedError  # asked only of a class that `drops_spare_indexes`

    def cleared(self, table: str, key: str, statement: str) -> str | None:
        """What takes away what a statement of `key_made` that gave up has left; None where that is nothing."""
        del table, key, statement
        return None

    @abstractmethod
    def alter(self, connection: Connection, statement: str, *, wait: int, lock_wait: int) -> None:
        """Run a change of a table: `lock_wait` seconds for its lock, and `wait` where nobody waits behind it."""

    # -- rights --------------------------------------------------------------------------------------------------------

    def sequence_right(self, table: str, column: str) -> str | None:
        """What says whether the user may draw keys; None where that is no right of its own."""
        del table, column
        return None

    def sequence_of(self, table: str, column: str) -> str | None:
        """What finds the sequence that fills a column: its name in SQL, the same as a literal, and its step. None where
        keys follow those that are given.
        """
        del table, column
        return None

    def shows_triggers(self, connection: Connection, table: str) -> bool:
        """Whether the user would be shown the triggers of a table."""
        del connection, table
        return True

"""What differs per database, as fragments of SQL.

Sets of rows travel as one JSON parameter (`rowset`), so a statement has one text however many rows it is about:
drivers' own bulk calls silently fall back to a statement per row. Needs MySQL 8, MariaDB 10.6, SQLite 3.38.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from sqlalchemy.engine import Dialect as Engine

from connecteam_sync.store.sql.exact_types import (
    base_of,
    is_spelled,
    may_be_cut,
    mysql_comes_back,
    mysql_from_json,
    mysql_in_json,
    postgresql_comes_back,
    spelled_in_json,
    sqlite_from_json,
    sqlite_in_json,
)
from connecteam_sync.store.sql.quoting import literal, quoted, split
from connecteam_sync.store.tables.host import ClockTimesNames, EmployeesNames
from connecteam_sync.store.tables.keys import LONGEST, Key, Keys

Kind = Literal["int", "key", "text", "float", "row", "person", "employee", "link", "who"]
"""`key` is text that is compared with a key of ours: short enough for an index to be used.

`row` is compared with the key of the host's `clock_times`, `person` with its column of employees, `employee` with the
key of the table of people; `link` and `who` with what our own tables keep of a row's and of a person's key (`keys`).
"""
Family = Literal["sqlite", "mysql", "postgresql"]

_MYSQL_TYPES: dict[str, str] = {
    "int": "BIGINT",
    "key": "VARCHAR(191) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
    "text": "LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
    "float": "DOUBLE",
}
_POSTGRES_TYPES: dict[str, str] = {"int": "bigint", "key": "text", "text": "text", "float": "double precision"}


_FIRST, _LAST = "'0001-01-01'", "'9999-12-31 23:59:59.999999'"
_LAST_TEXT = "'9999-12-32'"
"""What lies before or after is in no calendar: it is read as no time, as infinity is."""
_INSTANTS = (-62_135_596_800, 253_402_300_800)
"""The same in epoch seconds, the second of them without."""
_OURS: dict[Family, str] = {
    "mysql": f"VARCHAR({LONGEST}) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
    "postgresql": "text",
    "sqlite": "TEXT",
}
"""What our own tables keep a key of text in."""
_USUAL = {
    default
    for names in (ClockTimesNames(), EmployeesNames())
    for field in names.__struct_fields__
    if isinstance(default := getattr(names, field), str)
}
"""What the host's tables and columns are called where nothing else is said: words of no database."""


class Dialect:
    """Fragments for one database. Every `d` is the alias of a rowset, every argument an SQL expression."""

    def __init__(self, engine: Engine, *, unit: str | None = None) -> None:
        names: dict[str, Family] = {
            "sqlite": "sqlite",
            "mysql": "mysql",
            "mariadb": "mysql",
            "postgresql": "postgresql",
        }
        self.family: Family = names[engine.name]
        self.is_mariadb = False
        """Known once there is a connection."""
        self._keys, self._types = Keys(), dict[str, str]()
        self.keys = self._keys
        self._unit = {None: 0, "epoch_seconds": 1, "epoch_milliseconds": 1000}[unit]
        """What the host's times are counted in, as a part of a second; 0 where they are datetimes."""
        self._quote = engine.identifier_preparer.quote

    @property
    def keys(self) -> Keys:
        """What the keys of the host's tables are; whole numbers, until that is known."""
        return self._keys

    @keys.setter
    def keys(self, keys: Keys) -> None:
        self._keys = keys
        plain = _POSTGRES_TYPES if self.family == "postgresql" else _MYSQL_TYPES
        hosts = {"row": keys.row, "person": keys.person, "employee": keys.employee}
        ours = {"link": keys.row, "who": keys.person}
        self._types = {
            **plain,
            **{which: key.rowset or plain["int"] for which, key in hosts.items()},
            **{which: self.own_type(key) for which, key in ours.items()},
        }

    def own_type(self, key: Key) -> str:
        """The type that a column of ours has for such a key of the host's."""
        if key.is_text:
            return "uuid" if key.is_native else _OURS[self.family]
        return key.rowset if key.is_unsigned else "bigint"

    def name(self, name: str) -> str:
        """A column, or a table without its schema: one name, whatever is in it."""
        return name if name in _USUAL else quoted(self.family, name)

    def table(self, name: str) -> str:
        """A table with or without its schema, as the configuration names it (`naming.split`)."""
        return ".".join(self.name(part) for part in split(name) if part is not None)

    def own(self, name: str) -> str:
        """A table of ours with or without its schema; what they may be called needs no thought (`own.OwnNames`)."""
        return ".".join(self._quote(part) for part in name.split("."))

    def exact(self, *parts: str) -> str:
        """Names as they stand in the catalogue, always quoted."""
        return ".".join(quoted(self.family, part) for part in parts)

    def rowset(
        self, columns: Mapping[str, Kind], alias: str = "d", parameter: str = "rows", *, packed: bool = False
    ) -> str:
        """A FROM item over the JSON array bound to `parameter`: one row per object, absent members are NULL.

        `packed` (MySQL and MariaDB only): one row per array, its values in the order of `columns`; half the time.
        """
        if self.family == "mysql":
            places = {c: f"[{number}]" if packed else f".{c}" for number, c in enumerate(columns)}
            inner = ", ".join(f"{c} {self._types[k]} PATH '${places[c]}' ERROR ON ERROR" for c, k in columns.items())
            return f"JSON_TABLE(:{parameter}, '$[*]' COLUMNS ({inner})) AS {alias}"
        if self.family == "postgresql":
            inner = ", ".join(f"{c} {self._types[k]}" for c, k in columns.items())
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
        """Whole epoch seconds of a column of times; NULL of what is no time of any calendar that people keep here."""
        if self._unit:
            low, high = (bound * self._unit for bound in _INSTANTS)
            known = f"CASE WHEN {moment} >= {low} AND {moment} < {high} THEN {moment} END"
            if self._unit == 1:
                return known
            # The remainder of a division has the sign of what is divided.
            parts = f"(({known}) - (({known}) % {self._unit} + {self._unit}) % {self._unit})"
            return f"({parts} {'DIV' if self.family == 'mysql' else '/'} {self._unit})"
        last = _LAST_TEXT if self.family == "sqlite" else _LAST  # which compares letters, whatever divides day and time
        known = f"CASE WHEN {moment} BETWEEN {_FIRST} AND {last} THEN {moment} END"
        if self.family == "mysql":
            return f"TIMESTAMPDIFF(SECOND, '1970-01-01', {known})"
        if self.family == "postgresql":
            return f"CAST(floor(extract(epoch FROM {known})) AS bigint)"
        return f"CAST(strftime('%s', {known}) AS INTEGER)"

    def moment(self, epoch: str) -> str:
        """Epoch seconds as the host's columns have them: the naive UTC datetime, or a number of the unit."""
        if self._unit:
            return epoch if self._unit == 1 else f"({epoch}) * {self._unit}"
        if self.family == "mysql":
            return f"TIMESTAMPADD(SECOND, {epoch}, CAST('1970-01-01' AS DATETIME))"
        if self.family == "postgresql":
            return f"(to_timestamp({epoch}) AT TIME ZONE 'UTC')"
        return f"datetime({epoch}, 'unixepoch')"

    def has_fraction(self, moment: str) -> str:
        """Whether a time of the host's is no whole second."""
        if self._unit:
            return f"({moment}) % {self._unit} <> 0"
        if self.family == "mysql":
            return f"microsecond({moment}) <> 0"
        if self.family == "postgresql":
            return f"{moment} <> date_trunc('second', {moment})"
        return f"instr({moment}, '.') > 0 AND trim(substr({moment}, instr({moment}, '.') + 1), '0') <> ''"

    def instant(self, epoch: int) -> int | None:
        """The same of a number; None where the columns hold datetimes."""
        return epoch * self._unit if self._unit else None

    def as_text(self, value: str, kind: str) -> str:
        """Text of any type as one that is compared letter by letter, also with what is in a rowset."""
        if self.family == "mysql":
            return f"CAST({value} AS CHAR CHARACTER SET utf8mb4) COLLATE utf8mb4_bin"
        return f"CAST({value} AS text)" if self.family == "postgresql" and kind != "text" else value

    def as_type(self, value: str, kind: str) -> str:
        """Text as a value of this type, where the database does not see to that by itself (PostgreSQL's ENUM)."""
        return f"CAST({value} AS {kind})" if self.family == "postgresql" else value

    def whole(self, number: str) -> str:
        """A number rounded down; -1 of what no whole number is made of."""
        if self.family == "sqlite":
            return f"CAST({number} AS INTEGER)"
        if self.family == "postgresql":
            return f"CAST(floor(CASE WHEN abs({number}) >= 1e15 THEN -1 ELSE {number} END) AS bigint)"
        return f"floor({number})"

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
        """The whole row as JSON text, as the database itself writes its values; `columns` are types by name.

        NULL (MySQL and MariaDB) of a row that is too large for that.
        """
        if self.family == "postgresql":
            plain = ", ".join(f"{alias}.{self.name(c)}" for c, kind in columns.items() if not is_spelled(kind))
            # A document may say what jsonb cannot hold: it is never made one on the way.
            is_plain = not any(map(is_spelled, columns.values()))
            whole = f"to_jsonb({alias}.*)" if is_plain else f"(SELECT to_jsonb(p.*) FROM (SELECT {plain}) AS p)"
            spelled = [
                f"{literal(self.family, c)}, {spelled_in_json(f'{alias}.{self.name(c)}', kind)}"
                for c, kind in columns.items()
                if is_spelled(kind) or kind.endswith("[]")
            ]
            # A function takes a hundred arguments.
            for at in range(0, len(spelled), 40):
                whole += f" || jsonb_build_object({', '.join(spelled[at : at + 40])})"
            return f"CAST({whole} AS text)"
        inner = ", ".join(
            f"{literal(self.family, c)}, {self.in_json(f'{alias}.{self.name(c)}', kind)}" for c, kind in columns.items()
        )
        cut = " OR ".join(
            f"({value} IS NOT NULL AND {self.in_json(value, kind)} IS NULL)"
            for value, kind in ((f"{alias}.{self.name(c)}", kind) for c, kind in columns.items())
            if self.family == "mysql" and may_be_cut(kind)
        )
        return f"CASE WHEN {cut} THEN NULL ELSE json_object({inner}) END" if cut else f"json_object({inner})"

    def in_json(self, value: str, kind: str) -> str:
        """A value of this type as JSON can hold it, on databases where that is not done by themselves."""
        if self.family == "mysql":
            return mysql_in_json(value, kind)
        return sqlite_in_json(value) if self.family == "sqlite" else value

    def spelled(self, image: str, column: str, kind: str) -> str:
        """A column that an image keeps as PostgreSQL spells it."""
        return f"CAST(CAST({image} AS jsonb) ->> {literal(self.family, column)} AS {kind})"

    def as_stored(self, sql: str) -> str:
        """A statement that takes values as they once were stored, whatever the server would refuse today: dates of
        zeros, a key of zero. What became of them is read back.
        """
        if self.family != "mysql":
            return sql
        modes = "ALLOW_INVALID_DATES,NO_AUTO_VALUE_ON_ZERO"
        if self.is_mariadb:
            return f"SET STATEMENT sql_mode = '{modes}' FOR {sql}"
        verb, _, rest = sql.partition(" ")
        return f"{verb} /*+ SET_VAR(sql_mode = '{modes}') */ {rest}"

    def from_json(self, value: str, kind: str) -> str:
        """The way back of `in_json`, from text."""
        return sqlite_from_json(value) if self.family == "sqlite" else mysql_from_json(value, kind)

    def comes_back(self, value: str, kind: str) -> str | None:
        """That a value is what its image makes of it, to the byte; None of types of which every value is."""
        if self.family == "sqlite":
            return None
        return (mysql_comes_back if self.family == "mysql" else postgresql_comes_back)(value, kind)

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


# -- truth values in somebody's columns: as such, as numbers, bits or words --------------------------------------------

NUMBERS = {"int", "integer", "bigint", "smallint", "mediumint", "tinyint"}
LETTERS = {
    "char",
    "character",
    "bpchar",
    "varchar",
    "nchar",
    "nvarchar",
    "text",
    "tinytext",
    "mediumtext",
    "longtext",
    "clob",
    "citext",
}
_NUMERIC = NUMBERS | {"decimal", "numeric", "real", "double", "float"}
Form = Literal["truth", "number", "bit", "words"]
"""`truth`: what the database itself takes for true or false."""


_NUMBER: Form = "number"
_BITS: dict[str, dict[str, Form]] = {"bit(1)": {"bit": "bit"}, "bit": {"bit": "bit"}}


def is_text(kind: str) -> bool:
    """Whether a type holds text; on SQLite as its rules of affinity say."""
    base = base_of(kind)
    return base in LETTERS or any(part in kind.lower() for part in ("char", "clob", "text"))


def form_of(kind: str, words: tuple[str, str] | None, family: Family, *, is_enum: bool = False) -> Form | None:
    """How a column of this type says true and false; None where nobody could tell."""
    if words is not None:
        return "words"
    base = base_of(kind)
    if is_enum or is_text(kind):
        return None
    if family != "postgresql":
        known = base != "blob" if family == "sqlite" else base in _NUMERIC | {"bit", "bool", "boolean"}
        return "truth" if known else None
    forms: dict[str, Form] = {"boolean": "truth", **dict.fromkeys(_NUMERIC, _NUMBER), **_BITS.get(kind, {})}
    return forms.get(base)


class Flag(NamedTuple):
    """How `is_active` is read from its column and written to it. `words` are those of a shift that is over, and of one
    that is not.
    """

    dialect: Dialect
    kind: str
    form: Form
    words: tuple[str, str] = ("", "")

    def read(self, column: str, clock_out: str) -> str:
        """1 or 0. A word that is neither contradicts the times, whatever they are: it is never as it should be."""
        if self.form == "words":
            over, active = (literal(self.dialect.family, word) for word in self.words)
            said = self.dialect.as_text(column, self.kind)
            odd = f"CASE WHEN {clock_out} IS NULL THEN 0 ELSE 1 END"
            return f"CASE {said} WHEN {active} THEN 1 WHEN {over} THEN 0 ELSE {odd} END"
        if self.form == "number":
            return f"CASE WHEN {column} <> 0 THEN 1 ELSE 0 END"
        if self.form == "bit":
            return f"CASE WHEN {column} = B'1' THEN 1 ELSE 0 END"
        return f"CASE WHEN {column} THEN 1 ELSE 0 END"

    def write(self, number: str) -> str:
        """What the column is set to, from 1 or 0."""
        if self.form == "words":
            over, active = (literal(self.dialect.family, word) for word in self.words)
            return self.dialect.as_type(f"CASE WHEN {number} = 1 THEN {active} ELSE {over} END", self.kind)
        if self.form == "number":
            return number
        return f"CAST(CAST({number} AS int) AS bit(1))" if self.form == "bit" else self.dialect.flag(number)

    def value(self, *, is_active: bool) -> object:
        """What a new row has there, where rows are inserted in bulk."""
        if self.form == "words":
            return self.words[is_active]
        return self.dialect.truth(value=is_active) if self.form == "truth" else int(is_active)

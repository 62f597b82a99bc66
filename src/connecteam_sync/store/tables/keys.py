"""What the keys of the host's two tables are: whole numbers or text, and how each database is spoken to about them.

Three columns count: the key of `clock_times`, its column of employees, and the key of the table of people. Our own
tables keep the same values, numbers as numbers and text as text (PostgreSQL: a uuid as a uuid), and can be joined.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from connecteam_sync.core.keys import RowId
from connecteam_sync.errors import NotServed
from connecteam_sync.store.sql.pipeline import Query, Rows
from connecteam_sync.store.sql.quoting import split

if TYPE_CHECKING:
    from connecteam_sync.store.sql.dialect import Dialect
    from connecteam_sync.store.tables.host import HostTables
    from connecteam_sync.store.tables.own import OwnNames

Which = Literal["row", "person", "employee", "link", "who"]
"""The key of `clock_times`, its employee, the key of people; what of ours holds the key of a row, and of a person."""
LARGEST = 2**63 - 1
LONGEST = 255
"""Characters of a key on MySQL and MariaDB, so that an index of ours takes it."""
UUID_LENGTH = 36
_WHOLE = {"tinyint", "smallint", "mediumint", "int", "integer", "bigint"}
_FIXED = {"numeric", "decimal"}


class Key(msgspec.Struct, frozen=True):
    """A column of keys. `place` is what people know it as, `type` as the database spells it.

    `rowset` is the type that a value has in a rowset that is compared with it, `cast` what turns a value of the column
    into one of ours (with `{}` in it), where it has to be told.
    """

    place: str = ""
    type: str = "bigint"
    is_text: bool = False
    is_uuid: bool = False
    rowset: str = ""
    cast: str = "{}"
    read: str = "{}"
    draws: bool = True
    """Whether the database gives a new row its key."""
    width: int | None = None
    order: str = ""
    """The letters and the collation of text, by which the database says that two keys are one."""

    host: str = "{}"
    """What turns a value of ours into one of the column, for a join that goes to the host's table."""

    @property
    def is_native(self) -> bool:
        """Whether our own column is a uuid too (PostgreSQL)."""
        return self.rowset == "uuid"

    @property
    def is_unsigned(self) -> bool:
        """Whether it takes numbers that a BIGINT does not (MySQL and MariaDB)."""
        return self.rowset == "BIGINT UNSIGNED"

    @property
    def can_be_made(self) -> bool:
        """Whether a random UUID may be the key of a new row."""
        return self.is_uuid or (self.is_text and (self.width is None or self.width >= UUID_LENGTH))


class Keys(msgspec.Struct, frozen=True, kw_only=True):
    """The keys of a database. `link` and `who` are what our own columns are; None where ours are not there yet."""

    row: Key = Key()
    person: Key = Key()
    employee: Key = Key()
    link: Key | None = None
    who: Key | None = None

    @property
    def fit(self) -> bool:
        """Whether our own columns take these keys."""
        pairs = ((self.row, self.link), (self.person, self.who))
        return all(
            ours is None or (host.is_text, host.is_native) == (ours.is_text, ours.is_native) for host, ours in pairs
        )

    @property
    def are_numbers(self) -> bool:
        """Whether all are whole numbers: nothing has to be told to anybody."""
        return not (self.row.is_text or self.person.is_text or self.employee.is_text)


def row_id(value: Any) -> RowId:  # noqa: ANN401 - a driver's value
    """A key as the core has it. Raises NotServed for a value that is neither a whole number nor text."""
    if isinstance(value, str | int):
        return value
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, float | Decimal) and value == int(value) and -LARGEST <= int(value) <= LARGEST:
        return int(value)
    raise NotServed(
        f"a key of clock_times or employees is {str(value)[:60]!r}, which is neither a whole number of at most"
        f" {LARGEST} nor text",
        next_step="keys are whole numbers, text or UUIDs: change the type of that column; nothing was written",
    )


def new_key() -> str:
    """The key of a new row whose database gives it none: a random UUID, as text."""
    return str(uuid.uuid4())


# -- what the catalogue says -------------------------------------------------------------------------------------------


def key_query(dialect: Dialect, host: HostTables, own: OwnNames) -> Query:
    """What `keys_of` reads, of each column: (which, type, base type, letters, collation, whether it draws its key)."""
    times, people = host.clock_times, host.employees
    wanted: dict[str, tuple[str, tuple[str, ...]]] = {
        "row person": (times.table, (times.id, times.employee_id)),
        "employee": (people.table, (people.id,)),
        "link who": (own.full("shifts"), ("clock_time_id", "applied_employee_id")),
    }
    values: dict[str, object] = {}
    parts: list[str] = []
    for number, (kinds, (table, columns)) in enumerate(wanted.items()):
        schema, name = split(table)
        values |= {f"table{number}": dialect.table(table)}
        if dialect.family != "postgresql":
            values |= {f"table{number}": name, f"schema{number}": schema}
        named = [f":column{number}_{place}" for place, _ in enumerate(columns)]
        spelled = [name.lower() if dialect.family == "sqlite" else name for name in columns]
        values |= {f"column{number}_{place}": column for place, column in enumerate(spelled)}
        column = _COLUMN[dialect.family]
        which = " ".join(f"WHEN {one} THEN '{kind}'" for one, kind in zip(named, kinds.split(), strict=True))
        sql = _SELECTS[dialect.family].replace("$which", f"CASE {column} {which} END")
        parts.append(sql.replace("$columns", f"{column} IN ({', '.join(named)})").replace("$", str(number)))
    return Query(" UNION ALL ".join(parts), values)


_COLUMN = {"mysql": "column_name", "postgresql": "CAST(a.attname AS text)", "sqlite": "lower(x.name)"}
_SELECTS = {
    "mysql": "SELECT $which, column_type, data_type, character_set_name, collation_name,"
    " column_default IS NOT NULL OR extra LIKE '%auto_increment%' OR extra LIKE '%DEFAULT_GENERATED%'"
    # Here, as in `columns`: MariaDB asks for a default before any trigger.
    " OR (version() NOT LIKE '%MariaDB%' AND EXISTS (SELECT 1 FROM information_schema.triggers g"
    " WHERE g.event_object_schema = coalesce(:schema$, database()) AND g.event_object_table = :table$"
    " AND g.action_timing = 'BEFORE' AND g.event_manipulation = 'INSERT'))"
    " FROM information_schema.columns WHERE table_schema = coalesce(:schema$, database())"
    " AND table_name = :table$ AND $columns",
    "postgresql": "SELECT $which, format_type(a.atttypid, a.atttypmod),"
    " format_type(coalesce(nullif(t.typbasetype, 0), t.oid), NULL), CAST(t.typcategory AS text),"
    " CAST(a.attcollation AS text),"
    " a.atthasdef OR a.attidentity <> '' OR t.typdefault IS NOT NULL OR EXISTS (SELECT 1 FROM pg_trigger g"
    " WHERE g.tgrelid = a.attrelid AND g.tgtype & 7 = 7 AND NOT g.tgisinternal AND g.tgenabled <> 'D')"
    " OR c.relkind NOT IN ('r', 'p')"
    " FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_type t ON t.oid = a.atttypid"
    " WHERE a.attrelid = to_regclass(:table$) AND $columns AND NOT a.attisdropped",
    "sqlite": "SELECT $which, x.type, '', '', '', x.dflt_value IS NOT NULL OR (x.pk = 1 AND upper(x.type) = 'INTEGER'"
    " AND (SELECT count(*) FROM pragma_table_xinfo(:table$, coalesce(:schema$, 'main')) p WHERE p.pk) = 1"
    " AND NOT EXISTS (SELECT 1 FROM pragma_table_list(:table$) l"
    " WHERE l.schema = coalesce(:schema$, 'main') AND l.wr))"
    " OR EXISTS (SELECT 1 FROM pragma_table_list(:table$) v WHERE v.schema = coalesce(:schema$, 'main')"
    " AND v.type = 'view')"
    " FROM pragma_table_xinfo(:table$, coalesce(:schema$, 'main')) x WHERE $columns",
}


def keys_of(dialect: Dialect, host: HostTables, found: Rows) -> Keys:
    """The keys of `key_query`. Raises NotServed where one is of a kind that is not served, naming the column."""
    times, people = host.clock_times, host.employees
    places: dict[str, str] = {
        "row": f"{times.table}.{times.id}",
        "person": f"{times.table}.{times.employee_id}",
        "employee": f"{people.table}.{people.id}",
        "link": "our shifts.clock_time_id",
        "who": "our shifts.applied_employee_id",
    }
    made: dict[str, Any] = {}
    for which, *said in found:
        name = _text(which)
        made[name] = key_of(dialect.family, places[name], [*map(_text, said[:4])], draws=bool(said[4]))
    keys = Keys(**made)
    if {"person", "employee"} <= made.keys() and keys.person.is_text != keys.employee.is_text:
        raise NotServed(
            f"column {keys.person.place} ({keys.person.type}) cannot hold the keys of {keys.employee.place}"
            f" ({keys.employee.type}): one is text and the other a number",
            next_step="give both columns the same type (ALTER TABLE), or map another column; nothing was written",
        )
    return keys


def key_of(family: str, place: str, said: Sequence[str], *, draws: bool) -> Key:
    """What a column of keys is, of which the catalogue said (type, base type, letters, collation). Raises NotServed."""
    makers: dict[str, Callable[[str, Sequence[str]], Key | None]]
    makers = {"mysql": _mysql, "postgresql": _postgresql, "sqlite": _sqlite}
    key, declared = makers[family](place, said), said[0]
    if key is None:
        raise NotServed(
            f"column {place} is of type {declared or 'none'}, and keys of rows are whole numbers, text or UUIDs",
            next_step=f"change the type of {place} (ALTER TABLE), or map another column; nothing was written",
        )
    return msgspec.structs.replace(key, draws=draws)


def _mysql(place: str, said: Sequence[str]) -> Key | None:
    declared, base, letters, collation = said
    if base in _WHOLE:
        rowset = "BIGINT UNSIGNED" if base == "bigint" and "unsigned" in declared.lower() else "BIGINT"
        return Key(place, declared, rowset=rowset)
    if base in _FIXED:
        return Key(place, declared, rowset="DECIMAL(65)") if _scale(declared) == 0 else None
    cast = "CONVERT({} USING utf8mb4) COLLATE utf8mb4_bin"
    if base == "uuid":
        rowset = "VARCHAR(36) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
        cast = "CAST({} AS CHAR(36) CHARACTER SET utf8mb4) COLLATE utf8mb4_bin"
        return Key(place, declared, is_text=True, is_uuid=True, rowset=rowset, cast=cast, read="CAST({} AS CHAR(36))")
    width = _width(declared)
    if base in {"char", "varchar"} and letters and width is not None and 0 < width <= LONGEST:
        rowset = f"VARCHAR({LONGEST}) CHARACTER SET {letters} COLLATE {collation}"
        back = f"CONVERT({{}} USING {letters}) COLLATE {collation}"
        # Other letters, and two different orders of bytes, cannot be compared with ours until one is told.
        is_alike = letters == "utf8mb4" and (collation == "utf8mb4_bin" or not collation.endswith("_bin"))
        read = "{}" if is_alike else cast
        return Key(
            place, declared, is_text=True, rowset=rowset, cast=cast, read=read, host=back, width=width, order=collation
        )
    return None


def _postgresql(place: str, said: Sequence[str]) -> Key | None:
    declared, base, category, collation = said
    if base in {"smallint", "integer", "bigint"}:
        return Key(place, declared, rowset="bigint")
    if base in _FIXED:
        return Key(place, declared, rowset="numeric") if _scale(declared) == 0 else None
    if base == "uuid":
        return Key(place, declared, is_text=True, is_uuid=True, rowset="uuid")
    if category == "S":
        # What an index of the column serves; blanks at the end of a char(n) are no part of it.
        rowset = {"character": "bpchar", "citext": declared}.get(base.rpartition(".")[2], "text")
        text, back = "CAST({} AS text)", f"CAST({{}} AS {rowset})"
        return Key(
            place,
            declared,
            is_text=True,
            rowset=rowset,
            cast=text,
            read=text,
            host=back,
            width=_width(declared),
            order=f"{rowset} {collation}",
        )
    return None


def _sqlite(place: str, said: Sequence[str]) -> Key | None:
    declared = said[0]
    kind = declared.upper()
    if "INT" in kind or not kind or kind.split("(")[0].strip() in {"NUMERIC", "DECIMAL", "NUMBER"}:
        return Key(place, declared)
    is_uuid = "UUID" in kind or "GUID" in kind or "UNIQUEIDENTIFIER" in kind
    if is_uuid or any(word in kind for word in ("CHAR", "CLOB", "TEXT")):
        return Key(place, declared, is_text=True, is_uuid=is_uuid, width=_width(declared))
    return None


def _width(declared: str) -> int | None:
    size = declared.partition("(")[2].partition(")")[0]
    return int(size) if size.isdecimal() else None


def _scale(declared: str) -> int:
    """Digits behind the point of a DECIMAL."""
    size = declared.partition("(")[2].partition(")")[0].partition(",")[2].strip()
    return int(size) if size.isdecimal() else 0


def _text(value: Any) -> str:  # noqa: ANN401 - MySQL's catalogue gives bytes to some drivers
    return value.decode() if isinstance(value, bytes) else "" if value is None else str(value)


# -- may it be written? ------------------------------------------------------------------------------------------------


def unserved_keys(keys: Keys, *, creates_employees: bool) -> tuple[str, ...]:
    """Which new rows would get no key, a sentence for each; nothing where all is well."""
    wanted = (keys.row, keys.employee) if creates_employees else (keys.row,)
    return tuple(
        f"column {key.place} ({key.type}) gives a new row no key, and a random UUID does not fit into it"
        for key in wanted
        if not key.draws and not key.can_be_made
    )


def uuids_as_text(connection: Any, _: object) -> None:  # noqa: ANN401 - a driver's own connection
    """Let PostgreSQL's driver give UUIDs as text, as every other database does."""
    from psycopg.adapt import Loader  # noqa: PLC0415 - where PostgreSQL is spoken to, its driver is there
    from psycopg.pq import Format  # noqa: PLC0415 - same

    class Text(Loader):
        def load(self, data: Any) -> str:  # noqa: ANN401 - a buffer
            return bytes(data).decode()

    class Binary(Loader):
        format = Format.BINARY

        def load(self, data: Any) -> str:  # noqa: ANN401 - a buffer
            return str(uuid.UUID(bytes=bytes(data)))

    for loader in (Text, Binary):
        connection.adapters.register_loader("uuid", loader)

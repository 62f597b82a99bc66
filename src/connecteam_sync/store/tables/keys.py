"""The types of the keys of the host's two tables, whole numbers or text, and the conversions that statements need.

Three columns matter: the key of `clock_times`, its column of employees, and the key of the table of people. Our own
tables keep the same values, numbers as numbers and text as text (PostgreSQL: a uuid as a uuid), and can be joined.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from connecteam_sync.core.keys import RowId
from connecteam_sync.errors import NotServed
from connecteam_sync.store.sql.pipeline import Query, Rows

if TYPE_CHECKING:
    from connecteam_sync.store.sql.dialect import Dialect
    from connecteam_sync.store.tables.host import HostTables
    from connecteam_sync.store.tables.own import OwnNames

Which = Literal["row", "person", "employee", "link", "who"]
"""The key of `clock_times`, its employee, the key of people; our columns with the key of a row, and of a person."""
LARGEST = 2**63 - 1
LONGEST = 255
"""The most characters of a key on MySQL and MariaDB that fit into an index of ours."""
UUID_LENGTH = 36
WHOLE = {"tinyint", "smallint", "mediumint", "int", "integer", "bigint"}
FIXED = {"numeric", "decimal"}


class KeyColumn(msgspec.Struct, frozen=True):
    """A column of keys. `place` is its name for people, `type` as the database spells it.

    `rowset` is the type of a value in a rowset that is compared with it. `cast` converts a value of the column (`{}`)
    into one of ours.
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
    """The character set and collation of text, which decide whether two keys are equal."""

    host: str = "{}"
    """Converts a value of ours (`{}`) into one of the column, for a join with the host's table."""

    @property
    def is_native(self) -> bool:
        """Whether our own column is a uuid too (PostgreSQL)."""
        return self.rowset == "uuid"

    @property
    def is_unsigned(self) -> bool:
        """Whether it holds numbers that a BIGINT cannot (MySQL and MariaDB)."""
        return self.rowset == "BIGINT UNSIGNED"

    @property
    def can_be_made(self) -> bool:
        """Whether a random UUID may be the key of a new row."""
        return self.is_uuid or (self.is_text and (self.width is None or self.width >= UUID_LENGTH))


class Keys(msgspec.Struct, frozen=True, kw_only=True):
    """The keys of a database. `link` and `who` are our own columns; None if our tables do not exist yet."""

    row: KeyColumn = KeyColumn()
    person: KeyColumn = KeyColumn()
    employee: KeyColumn = KeyColumn()
    link: KeyColumn | None = None
    who: KeyColumn | None = None

    @property
    def fit(self) -> bool:
        """Whether our own columns can hold these keys."""
        pairs = ((self.row, self.link), (self.person, self.who))
        return all(
            ours is None or (host.is_text, host.is_native) == (ours.is_text, ours.is_native) for host, ours in pairs
        )

    @property
    def are_numbers(self) -> bool:
        """Whether all are whole numbers, so that statements need no conversions."""
        return not (self.row.is_text or self.person.is_text or self.employee.is_text)


def row_id(value: Any) -> RowId:  # noqa: ANN401 - a driver's value
    """A key for the core. Raises NotServed for a value that is neither a whole number nor text."""
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
    """The key of a new row if the database does not draw one: a random UUID, as text."""
    return str(uuid.uuid4())


# -- from the catalogue -----------------------------------------------------------------------------------------------


def key_query(dialect: Dialect, host: HostTables, own: OwnNames) -> Query:
    """The query of `keys_of`: (which, type, base type, character set, collation, whether it is drawn) per column."""
    times, people = host.clock_times, host.employees
    wanted: dict[str, tuple[str, tuple[str, ...]]] = {
        "row person": (times.table, (times.id, times.employee_id)),
        "employee": (people.table, (people.id,)),
        "link who": (own.full("shifts"), ("clock_time_id", "applied_employee_id")),
    }
    values: dict[str, object] = {}
    parts: list[str] = []
    catalog = dialect.catalog
    for number, (kinds, (table, columns)) in enumerate(wanted.items()):
        values |= catalog.key_place(number, table)
        named = [f":column{number}_{place}" for place, _ in enumerate(columns)]
        values |= {f"column{number}_{place}": catalog.key_name(column) for place, column in enumerate(columns)}
        which = " ".join(f"WHEN {one} THEN '{kind}'" for one, kind in zip(named, kinds.split(), strict=True))
        sql = catalog.key_columns.replace("$which", f"CASE {catalog.key_column} {which} END")
        sql = sql.replace("$columns", f"{catalog.key_column} IN ({', '.join(named)})")
        parts.append(sql.replace("$", str(number)))
    return Query(" UNION ALL ".join(parts), values)


def keys_of(dialect: Dialect, host: HostTables, found: Rows) -> Keys:
    """The keys, from the answer to `key_query`. Raises NotServed, naming the column, if a type is not supported."""
    times, people = host.clock_times, host.employees
    places: dict[str, str] = {
        "row": f"{times.table}.{times.id}",
        "person": f"{times.table}.{times.employee_id}",
        "employee": f"{people.table}.{people.id}",
        "link": "our shifts.clock_time_id",
        "who": "our shifts.applied_employee_id",
    }
    made: dict[str, Any] = {}
    for which, *declaration in found:
        name = _text(which)
        made[name] = key_of(dialect, places[name], [*map(_text, declaration[:4])], draws=bool(declaration[4]))
    keys = Keys(**made)
    if {"person", "employee"} <= made.keys() and keys.person.is_text != keys.employee.is_text:
        raise NotServed(
            f"column {keys.person.place} ({keys.person.type}) cannot hold the keys of {keys.employee.place}"
            f" ({keys.employee.type}): one is text and the other a number",
            next_step="give both columns the same type (ALTER TABLE), or map another column; nothing was written",
        )
    return keys


def key_of(dialect: Dialect, place: str, declaration: Sequence[str], *, draws: bool) -> KeyColumn:
    """A column of keys, from the catalogue's (type, base type, character set, collation). Raises NotServed."""
    key, declared = dialect.key_of(place, declaration), declaration[0]
    if key is None:
        raise NotServed(
            f"column {place} is of type {declared or 'none'}, and keys of rows are whole numbers, text or UUIDs",
            next_step=f"change the type of {place} (ALTER TABLE), or map another column; nothing was written",
        )
    return msgspec.structs.replace(key, draws=draws)


def width_of(declared: str) -> int | None:
    """The width of a type of text, in characters."""
    size = declared.partition("(")[2].partition(")")[0]
    return int(size) if size.isdecimal() else None


def scale_of(declared: str) -> int:
    """The digits behind the point of a DECIMAL."""
    size = declared.partition("(")[2].partition(")")[0].partition(",")[2].strip()
    return int(size) if size.isdecimal() else 0


def _text(value: Any) -> str:  # noqa: ANN401 - MySQL's catalogue gives bytes to some drivers
    return value.decode() if isinstance(value, bytes) else "" if value is None else str(value)


# -- may it be written? ------------------------------------------------------------------------------------------------


def unserved_keys(keys: Keys, *, creates_employees: bool) -> tuple[str, ...]:
    """Tables whose new rows would get no key, a sentence for each; empty if there are none."""
    wanted = (keys.row, keys.employee) if creates_employees else (keys.row,)
    return tuple(
        f"column {key.place} ({key.type}) gives a new row no key, and a random UUID does not fit into it"
        for key in wanted
        if not key.draws and not key.can_be_made
    )

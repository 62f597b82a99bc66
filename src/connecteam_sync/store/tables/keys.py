"""What the keys of the host's two tables are: whole numbers or text, and how each database is spoken to about them.

Three columns count: the key of `clock_times`, its column of employees, and the key of the table of people. Our own
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
"""The key of `clock_times`, its employee, the key of people; what of ours holds the key of a row, and of a person."""
LARGEST = 2**63 - 1
LONGEST = 255
"""Characters of a key on MySQL and MariaDB, so that an index of ours takes it."""
UUID_LENGTH = 36
WHOLE = {"tinyint", "smallint", "mediumint", "int", "integer", "bigint"}
FIXED = {"numeric", "decimal"}


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


def key_of(dialect: Dialect, place: str, declaration: Sequence[str], *, draws: bool) -> Key:
    """What a column of keys is, of which the catalogue said (type, base type, letters, collation). Raises NotServed."""
    key, declared = dialect.key_of(place, declaration), declaration[0]
    if key is None:
        raise NotServed(
            f"column {place} is of type {declared or 'none'}, and keys of rows are whole numbers, text or UUIDs",
            next_step=f"change the type of {place} (ALTER TABLE), or map another column; nothing was written",
        )
    return msgspec.structs.replace(key, draws=draws)


def width_of(declared: str) -> int | None:
    """The characters of a type of text."""
    size = declared.partition("(")[2].partition(")")[0]
    return int(size) if size.isdecimal() else None


def scale_of(declared: str) -> int:
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

"""The columns of the host's tables and the version of ours, read in one round trip."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from connecteam_sync.core.columns import CANONICAL, COLUMNS, MAY_LACK, OPTIONAL, of_kind
from connecteam_sync.errors import ConfigurationError, NotInitialised, NotServed
from connecteam_sync.store.sql.causes import is_unknown_table
from connecteam_sync.store.sql.dialect import Dialect
from connecteam_sync.store.sql.exact_types import base_of
from connecteam_sync.store.sql.pipeline import Query, Rows, fetch
from connecteam_sync.store.tables import location, rows
from connecteam_sync.store.tables.definition import Definition, definition_of, definition_queries, with_spans
from connecteam_sync.store.tables.foreign_keys import configured, configured_queries
from connecteam_sync.store.tables.host import NO_COLUMNS, ClockTimesNames, HostTables
from connecteam_sync.store.tables.keys import Keys, key_query, keys_of, unserved_keys
from connecteam_sync.store.tables.own import OwnTables
from connecteam_sync.store.tables.schema import VERSION

INTEGERS = {"int", "integer", "bigint", "smallint", "mediumint", "tinyint"}


class Column(NamedTuple):
    """A column's type as the database spells it; `width` is in characters, None if it has none."""

    type: str
    width: int | None
    is_required: bool = False
    """Whether every new row must set it: it is NOT NULL, and neither a default nor a trigger provides a value."""
    is_computed: bool = False
    """Whether the database computes it: it can be read, and not written."""

    @property
    def is_number(self) -> bool:
        """Whether it takes whole numbers and no text."""
        return base_of(self.type) in INTEGERS


class HostColumns(msgspec.Struct, frozen=True):
    """The writable columns of the host's tables, by name, and whether `init` made the table of people."""

    clock_times: Mapping[str, Column]
    employees: Mapping[str, Column]
    user_id_is_number: bool
    made_employees: bool
    clock_in_index: str | None
    """The index that begins with the clock-in, if statements must name it (MySQL and MariaDB)."""
    is_plain_table: bool
    """Whether `clock_times` accepts rows in bulk: it is neither a view nor has a row-level policy."""
    clock_in_keys: frozenset[str] = frozenset()
    """The names of the unique keys over employee and clock-in (none on SQLite, whose errors name the columns)."""
    keys: Keys = Keys()
    """The types of the keys of the two tables."""
    has_person_index: bool = False
    """Whether an index begins with the employee, so that rows of some people are found by it; known on MySQL and
    MariaDB, which must be told how to go about it."""
    checks_late: bool = False
    """Whether a constraint of `clock_times`, or one that points at it, is checked only at the commit."""

    definition: Definition = Definition()
    """Further facts about the two tables, from the catalogue."""
    probed: str = ""
    """The stamp of the definition that was last probed."""
    place: str = ""
    """The location of `clock_times` relative to our tables."""

    @property
    def is_new(self) -> bool:
        """Whether the table differs from its state when it was last probed."""
        return self.probed != self.definition.stamp

    def kind_of(self, name: str) -> str:
        """The type of a column of `clock_times`."""
        return self.clock_times[name].type

    def flag(self, dialect: Dialect, names: ClockTimesNames) -> rows.Flag:
        """How `is_active` is read and written."""
        kind = self.kind_of(names.is_active)
        is_enum = names.is_active in self.definition.words
        form = rows.form_of(kind, names.is_active_words, dialect, is_enum=is_enum)
        return rows.Flag(dialect, kind, form or "truth", names.is_active_words or ("", ""))

    def lacks(self, names: ClockTimesNames) -> frozenset[str]:
        """The fields of a row for which the table has no column."""
        return frozenset(field for field in MAY_LACK if getattr(names, field) not in self.clock_times)

    def optional(self, names: ClockTimesNames) -> frozenset[str]:
        """The optional fields for which a column is named."""
        return OPTIONAL - self.lacks(names)

    @property
    def types(self) -> dict[str, str]:
        """The types of the columns of `clock_times`, by name."""
        return {name: column.type for name, column in self.clock_times.items()}


def column_queries(dialect: Dialect, host: HostTables, own: OwnTables) -> list[Query]:
    """The queries of `columns_of`. They fail if our tables are absent (`causes.is_unknown_table`)."""
    catalog, table = dialect.catalog, host.clock_times.table
    indexes = catalog.indexes(table)
    return [
        Query(f"SELECT version_num FROM {own.version}"),
        location.guard_query(dialect, host, own),
        catalog.columns(table),
        catalog.columns(host.employees.table),
        key_query(dialect, host, own.names),
        *([indexes] if indexes is not None else ()),
        *definition_queries(dialect, host),
        *configured_queries(dialect, table, host.clock_times.children),
    ]


def columns_of(dialect: Dialect, host: HostTables, found: Sequence[Rows]) -> HostColumns:
    """The columns, from the answers to `column_queries`. Raises NotInitialised if our tables have another version,
    ConfigurationError if the host's tables are not as configured.
    """
    places = host.clock_times.children
    children = found[len(found) - len(places) :]
    versions, guards, clock_times, employees, served, *more = found[: len(found) - len(places)]
    known = 0 if dialect.catalog.indexes(host.clock_times.table) is None else 1
    keys, made = more[:known], more[known:]
    _require_version(versions)
    if not guards:
        raise NotInitialised("the guard row of our tables is missing", next_step="run `connecteam-sync init`")
    made_employees, probed, before, now = guards[0]
    here = location.require_same(host, before, now)
    times, people = _named(clock_times), _named(employees)
    names, in_people = host.clock_times, _computed(employees)
    written = {field: getattr(names, field) for field in names.__struct_fields__ if field not in NO_COLUMNS}
    _require_written(names.table, written, _computed(clock_times), "clock_times", "no row of ours could be written")
    mapped = {"connecteam_user_id": host.employees.connecteam_user_id}
    _require_written(host.employees.table, mapped, in_people, "employees", "nobody could be mapped")
    only_read = {host.employees.name, host.employees.payroll_id}
    people |= {name: column for name, column in in_people.items() if name in only_read}
    _require(host.clock_times.table, times, host.clock_times, optional={*MAY_LACK})
    _require_optional(dialect, host.clock_times, times)
    _require(host.employees.table, people, host.employees, optional={"email", "phone"})
    _require_owned(host.clock_times, times)
    configured(dialect, host.clock_times.id, places, children)
    return HostColumns(
        clock_times=times,
        employees=people,
        user_id_is_number=people[host.employees.connecteam_user_id].is_number,
        made_employees=bool(made_employees),
        is_plain_table=all(row[3] for row in clock_times),
        keys=_fitting(keys_of(dialect, host, served)),
        **_keys(host.clock_times, keys[0] if keys else []),
        definition=definition_of(dialect, host, made, [clock_times, employees, *keys]),
        probed=plain_text(probed or ""),
        place=here,
    )


def _fitting(keys: Keys) -> Keys:
    """Raises NotInitialised if the keys in our own tables have another type than the host's."""
    if not keys.fit:
        raise NotInitialised(
            "the keys of clock_times or employees are of another kind than those that our tables keep",
            next_step="run `connecteam-sync init`, which lets ours follow where they hold none yet",
        )
    return keys


def _keys(names: ClockTimesNames, found: Rows) -> dict[str, Any]:
    """The fields of HostColumns that come from `Catalog.indexes`: (name, its columns divided by newlines, whether it is
    unique, whether anything is checked late).
    """
    indexes = [
        (plain_text(name), plain_text(columns).split("\n"), unique) for name, columns, unique, _ in found if name
    ]
    wanted = sorted((names.employee_id, names.clock_in))
    return {
        "clock_in_index": min((name for name, columns, _ in indexes if columns[0] == names.clock_in), default=None),
        "clock_in_keys": frozenset(name for name, columns, unique in indexes if unique and sorted(columns) == wanted),
        "has_person_index": any(columns[0] == names.employee_id for _, columns, _ in indexes),
        "checks_late": any(late for *_, late in found),
    }


def require_served(host: HostTables, columns: HostColumns, *, creates_employees: bool) -> None:
    """Raises NotServed if the host's tables cannot take any row of ours: a required column would have no value."""
    for message in unserved(host, columns, creates_employees=creates_employees):
        raise NotServed(message, next_step=UNSERVED_CURE)


UNSERVED_CURE = "give the column a default, or let it be NULL (ALTER TABLE); nothing was written"


def unserved(host: HostTables, columns: HostColumns, *, creates_employees: bool) -> tuple[str, ...]:
    """Why no row can be written, a sentence for each column; empty if rows can be."""
    times, people, keys = host.clock_times, host.employees, columns.keys
    tables: list[tuple[str, Mapping[str, Column], set[str]]] = [
        (times.table, columns.clock_times, {getattr(times, column.field) for column in COLUMNS}),
    ]
    if creates_employees:
        given = {people.id, people.name, people.email, people.phone, people.connecteam_user_id}
        tables.append((people.table, columns.employees, given))
    return unserved_keys(keys, creates_employees=creates_employees) + tuple(
        f"table {table!r} wants a value for its column {name!r} in every row, and has no default for it:"
        " no row of Connecteam's could be written"
        for table, present, given in tables
        for name, column in present.items()
        if column.is_required and name not in given
    )


def host_columns(connection: Connection, dialect: Dialect, host: HostTables, own: OwnTables) -> HostColumns:
    """The columns. Raises NotInitialised if our tables are absent, and the errors of `columns_of`."""
    try:
        found = fetch(connection, column_queries(dialect, host, own))
    except DBAPIError as error:
        if not is_unknown_table(error):
            raise
        raise NotInitialised(
            "the database has no tables of ours yet", next_step="run `connecteam-sync init`"
        ) from error
    return with_value_ends(connection, dialect, host, columns_of(dialect, host, found))


def with_value_ends(connection: Connection, dialect: Dialect, host: HostTables, columns: HostColumns) -> HostColumns:
    """The columns with the ends of those whose values matter; no round trip if the types are enough."""
    names, made = host.clock_times, columns.definition
    known = with_spans(connection, dialect, names, columns.clock_times, made, is_known=not columns.is_new)
    return columns if known is columns.definition else msgspec.structs.replace(columns, definition=known)


def stamp_query(dialect: Dialect, table: str) -> Query:
    """The query of `is_as_known` for the present columns, sent with every writing transaction."""
    return dialect.catalog.stamp(table)


def is_as_known(columns: HostColumns, found: Rows) -> bool:
    """Whether the columns of `clock_times` are still the ones that this process has read."""
    return {plain_text(name): plain_text(kind) for name, kind in found} == columns.types


def column_types(connection: Connection, dialect: Dialect, table: str) -> dict[str, str]:
    """The types of the writable columns of a table, by name; empty if it does not exist."""
    [found] = fetch(connection, [stamp_query(dialect, table)])
    return {plain_text(name): plain_text(kind) for name, kind in found}


def _named(found: Rows) -> dict[str, Column]:
    """The writable columns by name. A computed column is not part of a row's image: it cannot be written back."""
    return {name: column for name, column in _every(found).items() if not column.is_computed}


def _computed(found: Rows) -> dict[str, Column]:
    return {name: column for name, column in _every(found).items() if column.is_computed}


def _every(found: Rows) -> dict[str, Column]:
    return {
        plain_text(name): Column(plain_text(kind), _width(plain_text(kind)), bool(required), bool(computed))
        for name, kind, computed, _, required in found
    }


def plain_text(value: Any) -> str:  # noqa: ANN401 - a driver's value
    """Text from a catalogue: MySQL's returns bytes to some drivers."""
    return value.decode() if isinstance(value, bytes) else str(value)


def _width(kind: str) -> int | None:
    """The length of a text type: `varchar(191)`, `character varying(191)`."""
    size = kind.partition("(")[2].partition(")")[0]
    return int(size) if "char" in kind.lower() and size.isdecimal() else None


def _require_version(versions: Rows) -> None:
    found = str(versions[0][0]) if versions else None
    if found == VERSION:
        return
    if found is None:
        raise NotInitialised("the database has no tables of ours yet", next_step="run `connecteam-sync init`")
    if found < VERSION:
        raise NotInitialised(
            f"our tables are at version {found}; this program needs {VERSION}",
            next_step="run `connecteam-sync init`, which upgrades them",
        )
    require_not_newer(found)


def require_not_newer(version: str) -> None:
    """Raises NotInitialised if our tables were made by a newer program."""
    if version > VERSION:
        raise NotInitialised(
            f"our tables are at version {version}, made by a newer connecteam-sync",
            next_step="upgrade connecteam-sync on this machine",
        )


def _require_owned(names: ClockTimesNames, present: Mapping[str, Column]) -> None:
    """The columns of `trigger_columns` must exist, and be none that we write."""
    ours = {getattr(names, field) for field in CANONICAL} | {names.id}
    for column in names.trigger_columns:
        if column not in present or column in ours:
            raise ConfigurationError(
                f"trigger_columns names {column!r}, "
                + ("which this program itself writes" if column in ours else f"and {names.table!r} has no such column"),
                next_step="correct trigger_columns under [tables.clock_times] in connecteam-sync.toml",
            )


def _require_written(table: str, written: Mapping[str, str], computed: Collection[str], section: str, why: str) -> None:
    """Raises NotServed if a column that we write is computed by the database. `written` are columns by field."""
    for field, column in written.items():
        if column in computed:
            raise NotServed(
                f"column {column!r} of table {table!r} is computed by the database: {why}; nothing was written",
                next_step=f"make it an ordinary column, or name another under [tables.{section}] {field}; then"
                " connecteam-sync doctor",
            )


def _require_optional(dialect: Dialect, names: ClockTimesNames, present: Mapping[str, Column]) -> None:
    """Raises ConfigurationError for a column that is named for an optional field, and not in the table."""
    for field in (column.field for column in COLUMNS if column.is_optional):
        name = getattr(names, field)
        if name is not None and name not in present:
            kind = "VARCHAR(191)" if field in of_kind("text") else "INTEGER"
            raise ConfigurationError(
                f"table {names.table!r} has no column {name!r} (for {field})",
                next_step=f"ALTER TABLE {dialect.table(names.table)} ADD COLUMN {dialect.name(name)} {kind}; or remove"
                f" {field} under [tables.clock_times]",
            )


def _require(table: str, present: Mapping[str, Column], names: Any, *, optional: set[str]) -> None:  # noqa: ANN401 - either names
    if not present:
        raise ConfigurationError(
            f"the database has no table {table!r}",
            next_step="run `connecteam-sync init`, or name your table under [tables] in connecteam-sync.toml",
        )
    for field in names.__struct_fields__:
        column = getattr(names, field)
        if field not in optional | NO_COLUMNS and column not in present:
            raise ConfigurationError(
                f"table {table!r} has no column {column!r} (for {field})",
                next_step=f'name the column under [tables.…] {field} = "…", or add it to the table',
            )

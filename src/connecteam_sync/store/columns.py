"""What the database is like: the columns of the host's tables and the version of ours, known in one round trip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from connecteam_sync.errors import ConfigurationError, NotInitialised
from connecteam_sync.store.dialect import Dialect, base_of
from connecteam_sync.store.engine import is_unknown_table
from connecteam_sync.store.host import ClockTimesNames, HostTables
from connecteam_sync.store.schema import VERSION, VERSION_TABLE
from connecteam_sync.store.trips import Query, Rows, fetch

_INTEGERS = {"int", "integer", "bigint", "smallint", "mediumint", "tinyint"}


class Column(NamedTuple):
    """A column's type as the database spells it; `width` in characters, where it has one."""

    type: str
    width: int | None

    @property
    def is_number(self) -> bool:
        """Whether it takes whole numbers and no text."""
        return base_of(self.type) in _INTEGERS


class HostColumns(msgspec.Struct, frozen=True):
    """The columns that can be written of the host's tables, by name, and whether `init` made the one of people."""

    clock_times: Mapping[str, Column]
    employees: Mapping[str, Column]
    user_id_is_number: bool
    made_employees: bool
    clock_in_index: str | None
    """The index that begins with the clock-in, where the database has to be told (MySQL and MariaDB)."""
    is_plain_table: bool
    """Whether `clock_times` takes rows in bulk: no view, and no policy that looks at each row."""

    @property
    def types(self) -> dict[str, str]:
        """The types of the columns of `clock_times`, by name."""
        return {name: column.type for name, column in self.clock_times.items()}


def column_queries(dialect: Dialect, host: HostTables) -> list[Query]:
    """What `columns_of` reads. Where our tables are not there, the server says so (`engine.is_unknown_table`)."""
    return [
        Query(f"SELECT version_num FROM {VERSION_TABLE}"),
        Query("SELECT made_employees FROM sync_guard"),
        *(_columns_of(dialect, table) for table in (host.clock_times.table, host.employees.table)),
        *([_index_of(host.clock_times)] if dialect.family == "mysql" else ()),
    ]


def columns_of(host: HostTables, found: Sequence[Rows]) -> HostColumns:
    """Raises NotInitialised where our tables are of another version, ConfigurationError where the host's tables are
    not as configured.
    """
    versions, guards, clock_times, employees, *indexes = found
    _demand_version(versions)
    if not guards:
        raise NotInitialised("the guard row of our tables is missing", next_step="run `connecteam-sync init`")
    times, people = _named(clock_times), _named(employees)
    _demand(host.clock_times.table, times, host.clock_times, optional={"created_at", "updated_at"})
    _demand(host.employees.table, people, host.employees, optional={"email"})
    return HostColumns(
        clock_times=times,
        employees=people,
        user_id_is_number=people[host.employees.connecteam_user_id].is_number,
        made_employees=bool(guards[0][0]),
        clock_in_index=next((_text(name) for index in indexes for (name,) in index), None),
        is_plain_table=all(plain for *_, plain in clock_times),
    )


def host_columns(connection: Connection, dialect: Dialect, host: HostTables) -> HostColumns:
    """The columns. Raises NotInitialised where our tables are not there, and what `columns_of` raises."""
    try:
        found = fetch(connection, column_queries(dialect, host))
    except DBAPIError as error:
        if not is_unknown_table(error):
            raise
        raise NotInitialised(
            "the database has no tables of ours yet", next_step="run `connecteam-sync init`"
        ) from error
    return columns_of(host, found)


def _columns_of(dialect: Dialect, table: str) -> Query:
    """(name, type, whether it is computed, whether its table is a plain one) of each column; none without a table."""
    schema, _, name = table.rpartition(".")
    if dialect.family == "sqlite":
        # 2 and 3 are computed columns, 1 is hidden altogether.
        return Query(
            "SELECT name, type, hidden, 1 FROM pragma_table_xinfo(:name, :schema)",
            {"name": name, "schema": schema or "main"},
        )
    if dialect.family == "postgresql":
        return Query(
            "SELECT a.attname, format_type(a.atttypid, a.atttypmod), a.attgenerated <> '',"
            " c.relkind IN ('r', 'p') AND NOT c.relrowsecurity"
            " FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
            " WHERE a.attrelid = to_regclass(:name) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
            {"name": dialect.name(table)},
        )
    return Query(
        "SELECT column_name, column_type, generation_expression IS NOT NULL AND generation_expression <> '', 1"
        " FROM information_schema.columns WHERE table_schema = coalesce(:schema, database()) AND table_name = :name"
        " ORDER BY ordinal_position",
        {"name": name, "schema": schema or None},
    )


def _index_of(names: ClockTimesNames) -> Query:
    """An index of the clock times that begins with the clock-in."""
    schema, _, name = names.table.rpartition(".")
    return Query(
        "SELECT index_name FROM information_schema.statistics WHERE table_schema = coalesce(:schema, database())"
        " AND table_name = :name AND column_name = :column AND seq_in_index = 1 ORDER BY index_name LIMIT 1",
        {"name": name, "schema": schema or None, "column": names.clock_in},
    )


def _named(found: Rows) -> dict[str, Column]:
    """By name. A computed column cannot be written back, so it is no part of a row's image."""
    return {_text(name): Column(_text(kind), _width(_text(kind))) for name, kind, computed, _ in found if not computed}


def _text(value: Any) -> str:  # noqa: ANN401 - MySQL's catalogue gives bytes to some drivers
    return value.decode() if isinstance(value, bytes) else str(value)


def _width(kind: str) -> int | None:
    """The length of a text type: `varchar(191)`, `character varying(191)`."""
    size = kind.partition("(")[2].partition(")")[0]
    return int(size) if "char" in kind.lower() and size.isdecimal() else None


def _demand_version(versions: Rows) -> None:
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
    raise NotInitialised(
        f"our tables are at version {found}, made by a newer connecteam-sync",
        next_step="upgrade connecteam-sync on this machine",
    )


def _demand(table: str, present: Mapping[str, Column], names: Any, *, optional: set[str]) -> None:  # noqa: ANN401 - either names
    if not present:
        raise ConfigurationError(
            f"the database has no table {table!r}",
            next_step="run `connecteam-sync init`, or name your table under [tables] in connecteam-sync.toml",
        )
    for field in names.__struct_fields__:
        column = getattr(names, field)
        if field not in optional | {"table"} and column not in present:
            raise ConfigurationError(
                f"table {table!r} has no column {column!r} (for {field})",
                next_step=f'name the column under [tables.…] {field} = "…", or add it to the table',
            )

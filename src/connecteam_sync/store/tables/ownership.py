"""Which tables have our names, and are they ours? Checked before anything is made, changed or trusted.

A table is ours if our version table exists and the table has our columns. The host may have a `locked_days` of its own:
a table that is not ours is neither read nor written, and does not get in the way of anything else.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple

import msgspec
from sqlalchemy import Connection, Integer, Table, bindparam, text

from connecteam_sync.errors import ConfigurationError
from connecteam_sync.store.sql.connect import inspector
from connecteam_sync.store.sql.dialect import Dialect
from connecteam_sync.store.sql.exact_types import base_of
from connecteam_sync.store.tables.columns import INTEGERS, plain_text, require_not_newer
from connecteam_sync.store.tables.own import KINDS, OwnNames, is_prefix
from connecteam_sync.store.tables.schema import VERSION, tables_of

OLD_PREFIXES: Mapping[str, str] = {
    "users": "connecteam_",
    "shifts": "connecteam_",
    "breaks": "connecteam_",
    "runs": "sync_",
    "slices": "sync_",
    "inputs": "sync_",
    "changes": "sync_",
    "holds": "sync_",
    "locked_days": "",
    "adoptions": "sync_",
    "references": "sync_",
    "guard": "sync_",
    "version": "connecteam_sync_",
}
"""The prefixes of our tables up to version 0006, by the kinds that existed then."""
OLD_KINDS = tuple(OLD_PREFIXES)
OLD_VERSION = "0006"
_TEXTS = {"char", "character", "varchar", "text", "tinytext", "mediumtext", "longtext"}
_OLD_COLUMNS = {
    "users": "user_id:int first_name last_name email is_archived:int is_listed:int employee_id:int",
    "shifts": "id user_id:int time_clock_id:int start_at:int start_timezone end_at:int end_timezone job_id sub_job_id"
    " scheduler_shift_id is_auto_clock_out:int upstream_created_at:int upstream_modified_at:int clock_time_id:int"
    " applied_employee_id:int applied_clock_in:int applied_clock_out:int is_gone:int changed_in_run:int",
    "breaks": "id user_id:int time_clock_id:int break_type_id start_at:int start_timezone end_at:int end_timezone"
    " is_auto_clock_out:int upstream_created_at:int upstream_modified_at:int is_gone:int",
    "runs": "id:int kind first_day last_day timezone version host started_at:int finished_at:int undoes:int"
    " statements:int http_calls:int",
    "slices": "id:int run_id:int time_clock_id:int first_day last_day status receipt employees",
    "inputs": "time_clock_id:int first_day last_day slice_id:int inputs first_instant:int last_instant:int digest"
    " first_key:int last_key:int",
    "changes": "id:int run_id:int at:int kind clock_time_id:int shift_id employee_id:int previous_employee_id:int"
    " first_day last_day why change_json row_before row_after memory_before",
    "holds": "id:int time_clock_id:int reason subject detail shift_id user_id:int clock_time_id:int employee_id:int"
    " instant:int minutes:int first_day last_day first_run:int first_seen:int resolved_run:int acknowledged_at:int"
    " acknowledged_by acknowledged_reason",
    "locked_days": "day locked_at:int",
    "adoptions": "run_id:int had_key:int indexes backup_table backup_rows:int backup_checksum",
    "references": "id:int run_id:int table_name column_name row_key from_id:int to_id:int",
    "guard": "id:int made_employees:int",
    "version": "version_num",
}
_OLD_LATER = {"first_key", "last_key", "row_digest", "acknowledged_at", "acknowledged_by", "acknowledged_reason"}
"""Columns of the old tables that not every old version had."""


class ExistingTable(NamedTuple):
    """A table or view: whether it is a table, and the types of its columns: `int`, `text` or as declared."""

    is_table: bool
    columns: dict[str, str]

    def share(self, wanted: Mapping[str, str]) -> float:
        """The share of the wanted columns that it has; 0 if it is not a table."""
        same = sum(self.columns.get(name) == kind for name, kind in wanted.items())
        return same / len(wanted) if self.is_table and wanted else 0


class Inventory(msgspec.Struct, frozen=True, kw_only=True):
    """The tables with our names. `version` is None if ours are absent, or their first creation was interrupted."""

    version: str | None
    is_proved: bool
    """Whether a version table of ours exists, under its old name or its new one."""
    there: dict[str, ExistingTable]
    """The tables and views with our names, by kind."""
    old: dict[str, str] = {}
    """The present names of tables of ours that are to be renamed, by kind."""
    strangers: tuple[str, ...] = ()
    """Tables that have an old name of ours and are not ours."""


class Former(msgspec.Struct, frozen=True):
    """The user's decision about former tables.

    If there are tables of ours with another prefix or in another schema: take over those of `prefix`, or none of them
    (`beside`). `moved`: the host's table was moved with its rows.
    """

    prefix: str | None = None
    beside: bool = False
    moved: bool = False


def take_inventory(connection: Connection, dialect: Dialect, names: OwnNames, former: Former) -> Inventory:
    """The inventory; nothing is written. Raises ConfigurationError naming a table that has a name of ours and is not
    ours, or if ours have another prefix and `former` does not decide about them; NotInitialised if they were made by a
    newer program.
    """
    _require_schema(connection, dialect, names.schema)
    there = _by_kind(present(connection, dialect, [names.name(kind) for kind in KINDS], names.schema), names.name)
    version = None
    if "version" in there:
        version = _version(connection, dialect, names.full("version"), there["version"], names)
        if version is not None:
            require_not_newer(version)
    old_schema, old = _old(connection, dialect, names, version)
    moving = _moving(connection, dialect, names, former, there) if not old else {}
    is_proved = "version" in there or bool(old) or bool(moving)
    if not is_proved and not there and not former.beside:
        _require_alone(connection, dialect, names)
    for kind, found in there.items():
        if kind != "version" and not (is_proved and _share(names, kind, found) > _MOST):
            raise _refused(names, kind, "" if found.is_table else "a view or the like, and ")
    strangers, ours = [], moving
    for kind, found in old.items():
        if _is_old(kind, found):
            ours[kind] = old_name(kind, old_schema)
        elif kind == "version" or found.share(_old_columns(kind)) <= _MOST:
            strangers.append(old_name(kind, old_schema))
        else:
            raise _altered(kind, old_name(kind, old_schema), found)
    if "version" in ours and "version" not in there:
        version = next(iter(_numbers(connection, dialect, ours["version"]) or ()), None)
    return Inventory(version=version, is_proved=is_proved, there=there, old=ours, strangers=tuple(strangers))


_MOST = 0.5
"""A table with no more than this share of our columns is not ours; one with more is ours, and may be damaged."""


def old_name(kind: str, schema: str | None = None) -> str:
    """The name of a table of ours up to version 0006."""
    return f"{schema + '.' if schema else ''}{OLD_PREFIXES[kind]}{kind}"


def _old(
    connection: Connection, dialect: Dialect, names: OwnNames, version: str | None
) -> tuple[str | None, dict[str, ExistingTable]]:
    """The schema and the tables with old names, by kind, if a version table of ours shows that we made them."""
    if version is not None and version > OLD_VERSION:
        return None, {}
    for schema in dict.fromkeys((names.schema, None)):
        found = _by_kind(present(connection, dialect, [*map(old_name, OLD_KINDS)], schema), old_name, OLD_KINDS)
        if "version" in found and _is_old("version", found["version"]):
            there = _numbers(connection, dialect, old_name("version", schema))
            if there is not None and (there or [OLD_VERSION])[0] <= OLD_VERSION:
                return schema, found
    return None, {}


# -- ours under another prefix -----------------------------------------------------------------------------------------


def _moving(
    connection: Connection, dialect: Dialect, names: OwnNames, former: Former, there: Mapping[str, ExistingTable]
) -> dict[str, str]:
    """The tables with a former prefix, which are to be renamed, by kind. Raises ConfigurationError."""
    if former.prefix is None:
        return {}
    for schema in dict.fromkeys((names.schema, None)):
        source = OwnNames(prefix=former.prefix, schema=schema)
        if source == names or not _is_set(connection, dialect, source):
            continue
        if "version" in there:
            raise ConfigurationError(
                f"there are tables of ours under both prefixes: {source.full('version')!r} and"
                f" {names.full('version')!r}",
                next_step="set [tables] prefix to the one you want to go on with",
            )
        found = _by_kind(present(connection, dialect, [source.name(kind) for kind in KINDS], schema), source.name)
        for kind, table in found.items():
            if kind != "version" and not _share(names, kind, table) > _MOST:
                raise _refused(source, kind, "")
        return {kind: source.full(kind) for kind in found}
    if "version" in there:
        return {}  # done before
    raise ConfigurationError(
        f"there are no tables of ours under the prefix {former.prefix!r}",
        next_step="correct the prefix; nothing was changed",
    )


def _is_set(connection: Connection, dialect: Dialect, names: OwnNames) -> bool:
    """Whether a version table of ours exists under these names, and contains a version."""
    found = present(connection, dialect, [names.name("version")], names.schema).get(names.name("version"))
    if found is None or not _is_old("version", found):
        return False
    numbers = _numbers(connection, dialect, names.full("version"))
    if numbers:
        require_not_newer(numbers[0])
    return bool(numbers)


def _require_alone(connection: Connection, dialect: Dialect, names: OwnNames) -> None:
    """Raises ConfigurationError if ours exist under another prefix: journal and locks would seem to be lost."""
    for schema in dict.fromkeys((names.schema, None, *_schemas(connection, dialect))):
        tables = set(inspector(connection).get_table_names(schema=schema))
        for prefix in sorted(table.removesuffix("guard") for table in tables if table.endswith("guard")):
            if not is_prefix(prefix) or not {prefix + kind for kind in ("shifts", "changes", "version")} <= tables:
                continue
            other = OwnNames(prefix=prefix, schema=schema)
            if other == names or not _is_set(connection, dialect, other):
                continue
            step = (
                f"set [tables] prefix = {prefix!r} to go on with them; connecteam-sync init --from-prefix {prefix}"
                " renames them"
            )
            if schema not in {names.schema, None}:
                step = (
                    f"set [tables] schema = {schema!r} to go on with them, or search_path as it was (the URL's options,"
                    " PGOPTIONS, ALTER ROLE or DATABASE)"
                )
            raise ConfigurationError(
                f"tables of ours are in this database already, under other names: {other.full('shifts')!r} and so"
                " on; nothing was created",
                next_step=f"{step}; connecteam-sync init --beside makes others, which know nothing of them",
            )


def _schemas(connection: Connection, dialect: Dialect) -> list[str]:
    """Every schema of the database that has a table which may be ours. None on MySQL and MariaDB, where a schema is a
    database, and the databases of a server are unrelated.
    """
    if dialect.catalog.schemas is None:
        return []
    found = connection.execute(text(dialect.catalog.schemas))
    return [plain_text(name) for (name,) in found]


def _old_columns(kind: str) -> dict[str, str]:
    parts = (part.partition(":") for part in _OLD_COLUMNS.get(kind, "").split())
    return {name: type_ or "text" for name, _, type_ in parts if name}


def _is_old(kind: str, found: ExistingTable) -> bool:
    """Whether it has exactly our columns, as some old version had them."""
    wanted = _old_columns(kind)
    core = {name: type_ for name, type_ in found.columns.items() if name not in _OLD_LATER}
    later = {name for name in found.columns if name in _OLD_LATER} - {"row_digest"}
    return found.is_table and core == {n: t for n, t in wanted.items() if n not in _OLD_LATER} and later <= set(wanted)


def _share(names: OwnNames, kind: str, found: ExistingTable) -> float:
    """The share of our columns that it has: of the present ones, or of the old ones before an upgrade."""
    return max(found.share(_wanted(names, kind)), found.share(_old_columns(kind)))


def _wanted(names: OwnNames, kind: str) -> dict[str, str]:
    """The columns of a table of ours as this version has them."""
    return columns_of_table(tables_of(names)[kind])


def columns_of_table(table: Table) -> dict[str, str]:
    """Columns and their types, as in `ExistingTable`."""
    return {column.name: "int" if isinstance(column.type, Integer) else "text" for column in table.columns}


def _version(connection: Connection, dialect: Dialect, table: str, found: ExistingTable, names: OwnNames) -> str | None:
    numbers = _numbers(connection, dialect, table) if _is_old("version", found) else None
    if numbers is None:
        raise _refused(names, "version", "")
    return numbers[0] if numbers else None


def _numbers(connection: Connection, dialect: Dialect, table: str) -> list[str] | None:
    """The versions in a version table: one, or none yet; None if it is not a version table of ours."""
    found = [str(row[0]) for row in connection.execute(text(f"SELECT version_num FROM {dialect.own(table)}"))]
    good = all(len(number) == len(VERSION) and number.isdecimal() for number in found)
    return found if good and len(found) <= 1 else None


def _refused(names: OwnNames, kind: str, what: str) -> ConfigurationError:
    return ConfigurationError(
        f"there is a {names.full(kind)!r} already, {what}not made by connecteam-sync; it is left as it is, and nothing"
        " was created",
        next_step='let our tables bear other names: [tables] prefix = "…" in connecteam-sync.toml (or'
        " CONNECTEAM_SYNC_TABLE_PREFIX); then run `connecteam-sync init` again",
    )


def _altered(kind: str, table: str, found: ExistingTable) -> ConfigurationError:
    wanted = _old_columns(kind)
    odd = sorted({*found.columns} ^ {*wanted} | {n for n, k in wanted.items() if found.columns.get(n, k) != k})
    return ConfigurationError(
        f"table {table!r} is nearly, but not exactly, as connecteam-sync made it: look at {', '.join(odd)}; nothing"
        " was changed",
        next_step="if it is ours, take back what was done to its columns; if it is yours, rename it; then run"
        " `connecteam-sync init` again",
    )


# -- the catalogue -----------------------------------------------------------------------------------------------------


def _require_schema(connection: Connection, dialect: Dialect, schema: str | None) -> None:
    """Raises ConfigurationError if the configured schema does not exist."""
    if schema is None:
        return
    if not connection.execute(text(dialect.catalog.schema_count), {"schema": schema}).scalar():
        raise ConfigurationError(
            f"there is no schema {schema!r} for our tables",
            next_step=f"CREATE SCHEMA {dialect.own(schema)}, or correct [tables] schema in connecteam-sync.toml (or"
            " CONNECTEAM_SYNC_TABLE_SCHEMA)",
        )


def present(
    connection: Connection, dialect: Dialect, names: Collection[str], schema: str | None
) -> dict[str, ExistingTable]:
    """The tables and views with these names (in small letters), by name."""
    columns_query = text(dialect.catalog.present).bindparams(bindparam("names", expanding=True))
    found: dict[str, ExistingTable] = {}
    for name, is_table, column, kind in connection.execute(columns_query, {"names": list(names), "schema": schema}):
        known = found.setdefault(plain_text(name).lower(), ExistingTable(bool(is_table), {}))
        if column is not None:
            known.columns[plain_text(column)] = _kind(plain_text(kind))
    return found


def _kind(declared: str) -> str:
    base = base_of(declared)
    return "int" if base in INTEGERS else "text" if base in _TEXTS else base


def _by_kind(
    found: Mapping[str, ExistingTable], name: Callable[[str], str], kinds: Collection[str] = KINDS
) -> dict[str, ExistingTable]:
    return {kind: found[name(kind)] for kind in kinds if name(kind) in found}

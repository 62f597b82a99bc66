"""The names of our own tables: a prefix, so that they do not collide with tables of the host, and their schema.

`OwnNames` is the configured choice; `OwnTables` are the full names for SQL.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from connecteam_sync.errors import ConfigurationError
from connecteam_sync.store.sql.quoting import split
from connecteam_sync.store.sql.urls import database_of
from connecteam_sync.store.tables.host import HostTables

if TYPE_CHECKING:
    from sqlalchemy import URL

PREFIX = "connecteam_sync_"
LONGEST_PREFIX = 32
"""Characters: with it, the longest name of a table or index of ours fits into the 63 of PostgreSQL."""
_LONGEST_SCHEMA = 63
_PREFIX = re.compile(r"[a-z][a-z0-9_]*")
_SCHEMA = re.compile(r"[A-Za-z_][A-Za-z0-9_$-]*")
"""Names without a dot, quote, colon or percent sign need no escaping."""


class OwnNames(msgspec.Struct, frozen=True, kw_only=True):
    """Prefix of our tables, and their schema (a database on MySQL and MariaDB); None: the connection's own.

    Raises ConfigurationError for a name that some database does not allow.
    """

    prefix: str = PREFIX
    schema: str | None = None

    def __post_init__(self) -> None:
        if not is_prefix(self.prefix):
            raise ConfigurationError(
                f"the prefix of our tables is {self.prefix[:80]!r}",
                next_step="set [tables] prefix (or CONNECTEAM_SYNC_TABLE_PREFIX) to a small letter, then at most"
                f" {LONGEST_PREFIX - 1} small letters, digits or _; usual is {PREFIX!r}",
            )
        if self.schema is not None and not (_SCHEMA.fullmatch(self.schema) and len(self.schema) <= _LONGEST_SCHEMA):
            raise ConfigurationError(
                f"the schema of our tables is {self.schema[:80]!r}",
                next_step="set [tables] schema (or CONNECTEAM_SYNC_TABLE_SCHEMA) to the name of a schema (MySQL: a"
                " database) of letters, digits, _, $ or -",
            )

    def name(self, kind: str) -> str:
        """The name of a table of ours, without its schema."""
        return f"{self.prefix}{kind}"

    def full(self, kind: str) -> str:
        """The name of a table of ours for people, with its schema if one is configured."""
        return f"{self.schema}.{self.name(kind)}" if self.schema else self.name(kind)

    def index(self, kind: str, what: str) -> str:
        """The name of an index of ours: on PostgreSQL and SQLite it must be unique in its schema."""
        return f"ix_{self.name(kind)}_{what}"

    def backup(self, run: int | str) -> str:
        """The name of the backup table of a run of `adopt`, with its schema if one is configured."""
        return self.full(f"backup_{run}")


def is_prefix(text: str) -> bool:
    """Whether it is a valid prefix of our tables on every database."""
    return bool(_PREFIX.fullmatch(text)) and len(text) <= LONGEST_PREFIX


def own_names(names: OwnNames, host: HostTables, url: URL) -> OwnNames:
    """The names, adapted to this database. Raises ConfigurationError if they do not suit it, or the host's tables."""
    if names.schema is not None and not database_of(url).has_schemas:
        if names.schema.lower() != "main":
            raise ConfigurationError(
                f"SQLite has no schema {names.schema!r} for our tables",
                next_step="take [tables] schema (or CONNECTEAM_SYNC_TABLE_SCHEMA) away: they stand in the file itself",
            )
        names = msgspec.structs.replace(names, schema=None)
    for key, table in (("clock_times", host.clock_times.table), ("employees", host.employees.table)):
        schema, name = split(table.lower())
        # Without a schema, a table is in the connection's own, which is not known yet.
        is_apart = bool(schema and names.schema) and schema != str(names.schema).lower()
        if not is_apart and (name.startswith(names.name("backup_")) or name in map(names.name, KINDS)):
            raise ConfigurationError(
                f"table {table!r} of [tables.{key}] bears the name of a table of ours",
                next_step='choose another [tables] prefix = "…" (or CONNECTEAM_SYNC_TABLE_PREFIX), or correct the name',
            )
    return names


class OwnTables(msgspec.Struct, frozen=True, kw_only=True):
    """Full names of our tables for SQL, by kind; `names` is the configured choice."""

    names: OwnNames
    users: str
    shifts: str
    breaks: str
    runs: str
    slices: str
    inputs: str
    changes: str
    holds: str
    locked_days: str
    lock_events: str
    adoptions: str
    references: str
    account: str
    vouches: str
    clocks: str
    days: str
    break_types: str
    jobs: str
    proofs: str
    quiet_looks: str
    assignments: str
    service: str
    doorbells: str
    announced: str
    looks: str
    alerts: str
    console_users: str
    audit: str
    kept_plans: str
    timesheets: str
    periods: str
    period_events: str
    person_locks: str
    corrections: str
    exports: str
    certificates: str
    purges: str
    legal_holds: str
    erasures: str
    guard: str
    version: str

    @classmethod
    def of(cls, names: OwnNames, quote: Callable[[str], str]) -> OwnTables:
        """The tables of a choice of names; `quote` quotes a name, with or without a schema."""
        return cls(names=names, **{kind: quote(names.full(kind)) for kind in KINDS})


KINDS = tuple(kind for kind in OwnTables.__struct_fields__ if kind != "names")
"""The kinds of our tables."""

"""The location of the host's `clock_times`: the mirror of one table must not be used for another of the same name.

A schema is chosen in many places: the URL's `options`, `search_path` of the user or the database, the configuration.
If it changes, there may be another table, whose rows have the same keys as the rows that are remembered.
"""

from __future__ import annotations

from connecteam_sync.errors import ConfigurationError
from connecteam_sync.store.sql.dialect import Dialect
from connecteam_sync.store.sql.pipeline import Query
from connecteam_sync.store.tables.host import HostTables
from connecteam_sync.store.tables.own import OwnTables


def guard_query(dialect: Dialect, host: HostTables, own: OwnTables) -> Query:
    """The guard row, and the present location of the table, relative to our own tables: in a copy of a whole database
    it is the same.
    """
    now, values = dialect.catalog.place(host.clock_times.table, own.guard, own.names.schema)
    return Query(f"SELECT made_employees, probed, place, {now} FROM {own.guard}", values)


def require_same(host: HostTables, before: str | bytes | None, now: str | bytes | None) -> str:
    """The location of the table. Raises ConfigurationError if it differs from that of its first write."""
    here, there = (value.decode() if isinstance(value, bytes) else value for value in (now, before))
    if here and there and here.lower() != there.lower():
        raise ConfigurationError(
            f"table {host.clock_times.table!r} is {here!r} now, and this mirror is of {there!r}: rows of another table"
            " would be taken for its rows; nothing was written",
            next_step="set the schema back (search_path, the URL's options, [tables.clock_times] table and schema);"
            " where the table was moved or renamed with its rows: connecteam-sync init --moved",
        )
    return here or ""

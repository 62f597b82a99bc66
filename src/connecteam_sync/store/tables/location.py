"""Where the host's table of clock times is: a mirror of one table is not taken for that of another of the same name.

A schema is chosen in many places: the URL's `options`, `search_path` of the user or the database, the configuration.
Where another one counts than before, there may be another table, whose rows have the keys that ours are remembered
under.
"""

from __future__ import annotations

from connecteam_sync.errors import ConfigurationError
from connecteam_sync.store.sql.dialect import Dialect
from connecteam_sync.store.sql.pipeline import Query
from connecteam_sync.store.tables.host import HostTables
from connecteam_sync.store.tables.own import OwnTables


def guard_query(dialect: Dialect, host: HostTables, own: OwnTables) -> Query:
    """What stands next to the guard row, and where the table is now: as seen from our own tables, so that a copy of a
    whole database is as its original.
    """
    now, values = dialect.catalog.place(host.clock_times.table, own.guard, own.names.schema)
    return Query(f"SELECT made_employees, probed, place, {now} FROM {own.guard}", values)


def require_same(host: HostTables, before: str | bytes | None, now: str | bytes | None) -> str:
    """Where the table is. Raises ConfigurationError where that is not where it was when it was written first."""
    here, there = (value.decode() if isinstance(value, bytes) else value for value in (now, before))
    if here and there and here.lower() != there.lower():
        raise ConfigurationError(
            f"table {host.clock_times.table!r} is {here!r} now, and this mirror is of {there!r}: rows of another table"
            " would be taken for its rows; nothing was written",
            next_step="set the schema back (search_path, the URL's options, [tables.clock_times] table and schema);"
            " where the table was moved or renamed with its rows: connecteam-sync init --moved",
        )
    return here or ""

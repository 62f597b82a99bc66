"""Servers and settings that are not supported, each named as such: neither a right nor a table is at fault."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from connecteam_sync.errors import NotServed
from connecteam_sync.store.sql.causes import ENDED_CODES, NO_NUMBERS, codes_of, is_away, is_in_the_way, message_of
from connecteam_sync.store.sql.urls import Driver, database

_SHOWN = {"-YB-": "YugabyteDB"}
_SERVED = "use MySQL 8, MariaDB 10.6 or PostgreSQL 12 or newer themselves (or a service that runs them), or SQLite"


def lookalike(greeting: str, known: Sequence[str]) -> str | None:
    """The name of a server that only imitates a supported one, from its greeting; None if it is a supported one."""
    words = greeting.lower()
    found = next((name for name in known if name.lower() in words), None)
    return _SHOWN.get(found, found) if found else None


def require_served(served: type[Driver], connection: Any) -> None:  # noqa: ANN401 - a driver's own connection
    """Check the server's greeting, which needs no round trip. Raises NotServed."""
    greeting = served.greeting(connection)
    name = lookalike(greeting, served.lookalikes)
    if name is not None:
        raise NotServed(
            f"the server is {name}, which looks like {served.title} and is not: it lacks what this program"
            f" relies on (it says {greeting!r})",
            next_step=_SERVED,
        )


def require_rows_of_json(connection: Connection) -> None:
    """Check that a server can read rows from a JSON text, which every run does: for `doctor`. Raises NotServed."""
    statement = database(connection.dialect.name).rows_of_json
    if statement is None:
        return
    try:
        connection.exec_driver_sql(statement)
    except DBAPIError as error:
        if codes_of(error) & ENDED_CODES or is_away(error) or is_in_the_way(error):
            raise  # which says nothing of what the server has
        name = statement.partition("FROM ")[2].partition("(")[0]
        raise NotServed(
            f"the server has no {name}, which every run needs: {message_of(error)}",
            next_step=_SERVED,
        ) from error


class _Setting(NamedTuple):
    """A setting that keeps rows from being written, by the error's code, and by words if the code has many causes."""

    code: object
    words: str
    name: str
    cure: str


_SETTINGS = (
    _Setting(
        1665,
        "",
        "binlog_format = STATEMENT: InnoDB writes no row there under READ COMMITTED",
        "SET GLOBAL binlog_format = 'ROW' (or MIXED), and in the server's configuration; then run the command again",
    ),
    _Setting(
        "55000",
        "replica identity",
        "no replica identity: a publication has the table, and it has neither a primary key nor another identity",
        "give the table a primary key, or ALTER TABLE … REPLICA IDENTITY FULL; then run the command again",
    ),
    _Setting(
        1175,
        "",
        "sql_safe_updates: it refuses statements that name no key",
        "SET GLOBAL sql_safe_updates = 0; then run the command again",
    ),
    _Setting(
        3098,
        "",
        "group replication: the table does not meet what it demands, a primary key first of all",
        "give the table a primary key; then run the command again",
    ),
    _Setting(
        1785,
        "",
        "enforce_gtid_consistency: it refuses a write whose trigger writes to a table without transactions",
        "have every table that the triggers write to in InnoDB; then run the command again",
    ),
    _Setting(
        1786,
        "",
        "enforce_gtid_consistency: it refuses a statement that InnoDB alone would take",
        "have every table of the transaction in InnoDB; then run the command again",
    ),
    _Setting(
        "08P01",
        "statement pooling mode",
        "pool_mode = statement of the pooler: nothing can be written all or nothing there",
        "set pool_mode = transaction (or session) in the pooler for this database",
    ),
)


def setting_of(error: DBAPIError) -> NotServed | None:
    """The error for a setting, or for an exhausted sequence of keys; None if `error` is about something else."""
    codes, words = codes_of(error), str(error.orig)
    if codes & NO_NUMBERS:
        return NotServed(
            f"no number is left for the key of a new row; the database said: {message_of(error)}; nothing was written",
            next_step="give the key a larger type (BIGINT), and its sequence no end; then: connecteam-sync doctor",
        )
    for setting in _SETTINGS:
        if setting.code in codes and setting.words in words:
            return NotServed(
                f"the server is set to {setting.name}; it said: {message_of(error)}; nothing was written",
                next_step=setting.cure,
            )
    return None

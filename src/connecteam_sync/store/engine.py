"""Connections: drivers, sessions in UTC and READ COMMITTED, bounded lock waits, counted statements, clear errors."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, Inspector, create_engine, event, inspect, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, NoSuchModuleError, SQLAlchemyError

from connecteam_sync.errors import ConfigurationError, ConnecteamSyncError, DatabaseError, LockHeld, RowMoved
from connecteam_sync.store.trips import MUST_BEGIN

_FOUND_ROWS, _MULTI_STATEMENTS = 2, 1 << 16
"""MySQL's numbers: an update counts the rows it found, not those it changed; a packet may hold several statements."""
LOCK_CODES = {1205, 3572, "55P03"}
"""Lock wait timed out: MySQL and MariaDB, MySQL NOWAIT, PostgreSQL."""
UNKNOWN_TABLE_CODES = {1146, "42P01"}
RETRY_CODES = {1213, 1020, "40P01", "40001"}
"""Deadlock or serialization failure: the server rolled back one of two; that one may simply start again."""


def database_url(text: str) -> URL:
    """The URL with a driver that is here. Raises ConfigurationError, never showing the password."""
    try:
        url = make_url(text)
    except ArgumentError as error:
        raise ConfigurationError(
            "the database URL cannot be read",
            next_step="write it like mysql://user@host/database; special characters of a password are percent-encoded",
        ) from error
    scheme = url.drivername
    if scheme in {"mysql", "mariadb"}:
        url = url.set(drivername=f"{scheme}+{'mysqldb' if find_spec('MySQLdb') else 'pymysql'}")
    elif scheme in {"postgresql", "postgres"}:
        url = url.set(drivername="postgresql+psycopg")
    backend = url.drivername.split("+")[0]
    if backend not in {"sqlite", "mysql", "mariadb", "postgresql"}:
        raise ConfigurationError(
            f"database {backend!r} is not supported",
            next_step="use a mysql://, mariadb://, postgresql:// or sqlite:/// URL",
        )
    if backend == "sqlite" and url.database and not Path(url.database).absolute().parent.is_dir():
        raise ConfigurationError(
            f"the folder of the SQLite database {url.database!r} does not exist",
            next_step="create the folder, or correct CONNECTEAM_SYNC_DATABASE_URL",
        )
    return url


def connect_engine(url: URL, *, lock_wait: float) -> Engine:
    """An engine whose sessions are in UTC, READ COMMITTED, and wait `lock_wait` seconds for a lock at most."""
    backend = url.drivername.split("+")[0]
    # What SQLAlchemy asks a server before the first statement costs five round trips, and no statement of ours needs
    # the answers: `inspector` asks where they are needed. Every transaction is ended by us: the pool has none to end.
    options: dict[str, Any] = {"_initialize": False, "pool_reset_on_return": None}
    wait = max(1, round(lock_wait))
    if backend == "sqlite":
        options["connect_args"] = {"timeout": lock_wait}
    elif backend == "postgresql":
        settings = f"-c timezone=UTC -c lock_timeout={wait}s -c default_transaction_isolation=read\\ committed"
        options["connect_args"] = {"options": settings, "connect_timeout": 10}
    else:
        # The server's own default of autocommit is left to the session's settings, which are one statement anyway.
        options["connect_args"] = {
            "charset": "utf8mb4",
            "connect_timeout": 10,
            "client_flag": _FOUND_ROWS | _MULTI_STATEMENTS,
            "autocommit": None,
        }
    try:
        engine = create_engine(url, **options)
    except (NoSuchModuleError, ImportError) as error:
        raise ConfigurationError(
            f"the database driver of {url.drivername!r} is not installed",
            next_step="leave the driver out of the URL, or install it",
        ) from error
    if backend == "sqlite":
        event.listen(engine, "connect", _sqlite_session)
        event.listen(engine, "begin", _sqlite_begin)
    elif backend == "postgresql":
        # The driver would send each BEGIN by itself and wait for it.
        event.listen(engine, "connect", lambda connection, _: setattr(connection, "autocommit", True))
        event.listen(engine, "begin", _postgresql_begin)
        event.listen(engine, "before_cursor_execute", _postgresql_statement)
    else:
        event.listen(engine, "connect", lambda connection, _: _mysql_session(connection, wait))
    return engine


def _postgresql_begin(connection: Connection) -> None:
    """The transaction begins with its first statement; see `trips.fetch`."""
    connection.info[MUST_BEGIN] = connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT"


def _postgresql_statement(connection: Connection, *_: object) -> None:
    """A statement that is sent alone has its BEGIN sent before it."""
    if connection.info.pop(MUST_BEGIN, False):
        driver: Any = connection.connection.driver_connection
        driver.execute("BEGIN")


def _mysql_session(connection: Any, wait: int) -> None:  # noqa: ANN401 - a driver's own connection
    """Session settings; MariaDB 10 and MySQL name the isolation level differently, so it is set by statement."""
    cursor = connection.cursor()
    cursor.execute(
        f"SET autocommit = 0, time_zone = '+00:00', SESSION innodb_lock_wait_timeout = {wait},"
        " SESSION group_concat_max_len = 4294967295;"
        " SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED"
    )
    while cursor.nextset():
        pass
    cursor.close()


def is_mariadb(connection: Connection) -> bool:
    """Whether a server that speaks MySQL is MariaDB, as it said when it greeted us."""
    driver: Any = connection.connection.driver_connection
    return "mariadb" in str(driver.get_server_info()).lower()


def inspector(connection: Connection) -> Inspector:
    """SQLAlchemy's view of the tables, which first asks the server a few things about itself."""
    if not connection.info.get("initialised"):
        connection.dialect.initialize(connection)
        connection.info["initialised"] = True
    return inspect(connection)


def _sqlite_session(connection: sqlite3.Connection, _: object) -> None:
    """Leave transactions to us, keep foreign keys."""
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys = ON")


def _sqlite_begin(connection: Connection) -> None:
    """A writer takes the only write lock at once: a lock taken halfway could not be waited for."""
    writer = connection.get_execution_options().get("writer", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writer else "BEGIN")


def codes_of(error: DBAPIError) -> set[object]:
    """The database's own numbers for an error: SQLSTATE, and MySQL's."""
    original = error.orig
    codes: set[object] = {getattr(original, "sqlstate", None)}
    if original is not None and original.args:
        codes.add(original.args[0])
    return codes


def is_unknown_table(error: DBAPIError) -> bool:
    """Whether a statement named a table that is not there."""
    return bool(codes_of(error) & UNKNOWN_TABLE_CODES) or "no such table" in str(error.orig)


@contextmanager
def translated(doing: str, *, waiting: bool = False) -> Iterator[None]:
    """Turn the database's errors into ours. `waiting`: a lock that is not had means that another run holds it."""
    try:
        yield
    except ConnecteamSyncError:
        raise
    except IntegrityError as error:
        raise RowMoved(
            f"{doing}: another program wrote a row with the same key meanwhile; nothing was written",
            next_step="run the command again; it looks at the table anew",
        ) from error
    except DBAPIError as error:
        codes = codes_of(error)
        busy = "database is locked" in str(error.orig)
        if waiting and (busy or codes & LOCK_CODES):
            raise LockHeld(
                "another run is writing, and did not finish while we waited",
                next_step="try again in a minute; `connecteam-sync runs` shows what ran",
            ) from error
        if codes & RETRY_CODES or busy or codes & LOCK_CODES:
            raise RowMoved(
                f"{doing}: another program holds rows we need; nothing was written",
                next_step="try again; if it stays, look for a long transaction on the table",
            ) from error
        raise DatabaseError(
            f"{doing}: the database said: {_said(error)}",
            next_step="run `connecteam-sync doctor`; nothing was written",
        ) from error
    except SQLAlchemyError as error:
        raise DatabaseError(f"{doing}: {type(error).__name__}", next_step="run `connecteam-sync doctor`") from error


def _said(error: DBAPIError) -> str:
    """The database's own words, without the statement and its values."""
    words = " ".join(str(part) for part in (error.orig.args if error.orig else ()))
    return words.split("\n")[0][:200] or type(error.orig).__name__

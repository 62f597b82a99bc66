"""Connections: drivers, sessions in UTC and READ COMMITTED, bounded lock waits, counted statements, clear errors."""

from __future__ import annotations

import logging
import sqlite3
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

from sqlalchemy import URL, Connection, Engine, Inspector, create_engine, event, inspect
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SAWarning, SQLAlchemyError
from sqlalchemy.types import NullType

from connecteam_sync.errors import (
    ConfigurationError,
    ConnecteamSyncError,
    DatabaseError,
    DatabaseUnavailable,
    LockHeld,
    NotFound,
    RowMoved,
)
from connecteam_sync.store.sql import causes, session_settings, unsupported, urls
from connecteam_sync.store.sql.errors import OTHERWISE, cure_of, file_of
from connecteam_sync.store.tables.keys import uuids_as_text

_FOUND_ROWS, _MULTI_STATEMENTS = 2, 1 << 16
"""MySQL's numbers: an update counts the rows it found, not those it changed; a packet may hold several statements."""


def database_url(text: str) -> URL:
    """The URL with a driver that is here. Raises ConfigurationError, never showing the password."""
    url = urls.parsed(text)
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
    urls.demand_driver(url)
    urls.demand_named(url)
    file = file_of(url) if backend == "sqlite" else None
    if file and not file.parent.is_dir():
        raise ConfigurationError(
            f"the folder of the SQLite database {file} does not exist",
            next_step="create the folder, or correct CONNECTEAM_SYNC_DATABASE_URL",
        )
    return url


def connect_engine(url: URL, *, lock_wait: float) -> Engine:
    """An engine whose sessions are in UTC, READ COMMITTED, and wait `lock_wait` seconds for a lock at most.

    Raises ConfigurationError where the URL or its driver cannot be used.
    """
    backend = url.drivername.split("+")[0]
    # What SQLAlchemy asks a server before the first statement costs five round trips, and no statement of ours needs
    # the answers: `inspector` asks where they are needed. Every transaction is ended by us: the pool has none to end.
    options: dict[str, Any] = {"_initialize": False, "pool_reset_on_return": None}
    wait = max(1, round(lock_wait))
    settings: dict[str, str] = {}
    if backend == "sqlite":
        options["connect_args"] = {"timeout": lock_wait}
    elif backend == "postgresql":
        # What the driver has to say of a pipeline that failed is no more than the error itself.
        logging.getLogger("psycopg").addHandler(logging.NullHandler())
        url, settings = session_settings.postgresql_url(url)
        settings |= {"timezone": "UTC", "lock_timeout": f"{wait}s"}
        options["connect_args"] = {} if "connect_timeout" in url.query else {"connect_timeout": 10}
        # Else the driver looks for the type by itself, past SQLAlchemy, and its errors come as nobody expects them.
        options["use_native_hstore"] = False
    else:
        # The server's own default of autocommit is left to the session's settings, which are one statement anyway.
        url, options["connect_args"] = session_settings.mysql_url(url)
        options["connect_args"] |= {"client_flag": _FOUND_ROWS | _MULTI_STATEMENTS, "autocommit": None}
    try:
        engine = create_engine(url, **options)
    except (NoSuchModuleError, ImportError) as error:
        raise ConfigurationError(
            f"the database driver of {url.drivername!r} is not installed",
            next_step="leave the driver out of the URL, or install it",
        ) from error
    except (ArgumentError, ValueError, TypeError) as error:
        raise urls.option_refused(url.drivername, str(error)) from error
    event.listen(engine, "do_connect", urls.connected)
    if backend == "sqlite":
        event.listen(engine, "connect", _sqlite_session)
        event.listen(engine, "begin", _sqlite_begin)
        return engine
    event.listen(engine, "connect", lambda connection, _: unsupported.demand_served(backend, connection))
    event.listen(engine, "checkin", session_settings.rests)
    wakes = session_settings.wakes
    event.listen(engine, "checkout", lambda connection, record, _: wakes(engine.dialect, connection, record))
    if backend == "postgresql":
        event.listen(
            engine,
            "connect",
            lambda connection, record: session_settings.postgresql_session(connection, record.info, settings),
        )
        event.listen(engine, "connect", uuids_as_text)
        event.listen(engine, "begin", session_settings.must_begin)
        event.listen(engine, "before_cursor_execute", session_settings.begin_alone)
    else:
        event.listen(
            engine, "connect", lambda connection, record: session_settings.mysql_session(connection, record.info, wait)
        )
    return engine


def is_mariadb(connection: Connection) -> bool:
    """Whether a server that speaks MySQL is MariaDB, as it said when it greeted us."""
    driver: Any = connection.connection.driver_connection
    return "mariadb" in str(driver.get_server_info()).lower()


def inspector(connection: Connection) -> Inspector:
    """SQLAlchemy's view of the tables, which first asks the server a few things about itself."""
    # A type it has never heard of, in a column that is none of ours, is no news for whoever runs a command.
    warnings.filterwarnings("ignore", message="Did not recognize type", category=SAWarning)
    if not connection.info.get("initialised"):
        connection.dialect.initialize(connection)
        if connection.dialect.name in {"mysql", "mariadb"}:
            dialect: Any = connection.dialect
            dialect.ischema_names = _Types(dialect.ischema_names)
        connection.info["initialised"] = True
    return inspect(connection)


class _Types(dict[str, Any]):
    """Types by name. One that SQLAlchemy has never heard of is an error to it where it has a length: VECTOR(3)."""

    def __missing__(self, name: str) -> type[NullType]:
        return _Unheard


class _Unheard(NullType):
    def __init__(self, *_: object, **__: object) -> None:
        super().__init__()


def _bytes_of(text: str | None) -> bytes | None:
    return None if text is None else bytes.fromhex(text)


def _is_utf8(said: bytes) -> bool:
    try:
        said.decode()
    except UnicodeDecodeError:
        return False
    return True


def _sqlite_session(connection: sqlite3.Connection, _: object) -> None:
    """Leave transactions to us, keep foreign keys."""
    connection.isolation_level = None
    # The bytes of a BLOB and the digits of a number, to and from JSON: not every SQLite has `unhex`.
    connection.create_function("connecteam_sync_bytes", 1, _bytes_of, deterministic=True)
    connection.create_function("connecteam_sync_is_utf8", 1, _is_utf8, deterministic=True)
    connection.create_function("connecteam_sync_spelled", 1, float.hex, deterministic=True)
    connection.create_function("connecteam_sync_real", 1, float.fromhex, deterministic=True)
    connection.execute("PRAGMA foreign_keys = ON")


def _sqlite_begin(connection: Connection) -> None:
    """A writer takes the only write lock at once: a lock taken halfway could not be waited for."""
    writer = connection.get_execution_options().get("writer", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writer else "BEGIN")


@contextmanager
def translated(
    doing: str, *, where: str = "", waiting: bool = False, is_moved: Callable[[DBAPIError], bool] = lambda _: False
) -> Iterator[None]:
    """Turn the database's errors into ours, and name the database, `where`, in what is about it as a whole.

    `waiting`: a lock that is not had means that another run holds it. `is_moved` tells a key that another program has
    taken from everything else that a database refuses. Raises DatabaseError, RowMoved, LockHeld; NotFound
    for a number that no column takes.
    """
    try:
        with _translated(doing, waiting=waiting, is_moved=is_moved):
            yield
    except (ConfigurationError, DatabaseError, LockHeld) as error:
        if where and where not in error.message:
            error.message = f"{error.message} ({where})"
            error.args = (error.message,)
        raise


@contextmanager
def _translated(doing: str, *, waiting: bool, is_moved: Callable[[DBAPIError], bool]) -> Iterator[None]:
    try:
        yield
    except ConnecteamSyncError:
        raise
    except DBAPIError as error:
        raise _ours(doing, error, waiting=waiting, is_moved=is_moved(error)) from error
    except OverflowError as error:
        raise NotFound(
            f"{doing}: a number is larger than any that the database holds", next_step="correct the number"
        ) from error
    except SQLAlchemyError as error:
        raise DatabaseError(f"{doing}: {type(error).__name__}", next_step=OTHERWISE) from error


def _ours(doing: str, error: DBAPIError, *, waiting: bool, is_moved: bool) -> ConnecteamSyncError:
    """Which of our errors a database's is."""
    if is_moved:
        return causes.clock_in_taken(doing)
    setting = unsupported.setting_of(error)
    if setting is not None:
        return setting
    if causes.is_in_the_way(error):
        return _in_the_way(doing, error, waiting=waiting)
    if causes.is_away(error):
        return DatabaseUnavailable(
            f"{doing}: the database does not answer: {causes.said(error)}",
            next_step=cure_of(error, causes.codes_of(error), is_away=True),
        )
    cause = causes.refusal(error)
    if cause is not None:
        return causes.refused(doing, cause)
    return DatabaseError(
        f"{doing}: the database said: {causes.said(error)}",
        next_step=f"{cure_of(error, causes.codes_of(error), doing=doing)} (nothing was written)",
    )


def _in_the_way(doing: str, error: DBAPIError, *, waiting: bool) -> LockHeld | RowMoved:
    """Others hold what is needed, or the server chose us to give way to them."""
    # Who waited in vain waits no second time: what was asked for is had within `lock_wait`, or it is not.
    has_waited = not causes.codes_of(error) & causes.RETRY_CODES
    if waiting and has_waited:
        return LockHeld(
            "another run is writing, and did not finish while we waited",
            next_step="try again in a minute; `connecteam-sync runs` shows what ran",
        )
    return (LockHeld if has_waited else RowMoved)(
        f"{doing}: another program holds rows or a table that we need; nothing was written",
        next_step="try again; if it stays, look for a long transaction on the table, or a lock of it",
    )

"""Connections: drivers, sessions in UTC and READ COMMITTED, bounded lock waits, counted statements, clear errors."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import URL, Connection, Engine, Inspector, create_engine, event, inspect
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SAWarning, SQLAlchemyError

from connecteam_sync.errors import (
    ConfigurationError,
    ConnecteamSyncError,
    DatabaseError,
    DatabaseUnavailable,
    LockHeld,
    NotFound,
    RowMoved,
)
from connecteam_sync.store.sql import causes, idle, unsupported, urls
from connecteam_sync.store.sql.errors import OTHERWISE, cure_of, file_of

_ASKED = ("keepalives", "tcp_user_timeout")
"""Options of a URL that say how long a silent server is waited for: then nothing else decides it."""


def database_url(text: str) -> URL:
    """The URL with a driver that is here. Raises ConfigurationError, never showing the password."""
    url = urls.with_driver(urls.parsed(text))
    urls.require_driver(url)
    urls.require_named(url)
    file = file_of(url) if urls.database_of(url).is_file else None
    if file and not file.parent.is_dir():
        raise ConfigurationError(
            f"the folder of the SQLite database {file} does not exist",
            next_step="create the folder, or correct CONNECTEAM_SYNC_DATABASE_URL",
        )
    return url


def connect_engine(url: URL, *, lock_wait: float) -> Engine:
    """An engine whose sessions are in UTC, READ COMMITTED, and wait `lock_wait` seconds for a lock at most.

    Raises ConfigurationError if the URL or its driver cannot be used.
    """
    served = urls.database_of(url)
    # SQLAlchemy's queries before the first statement cost five round trips, and no statement of ours needs the answers:
    # `inspector` sends them when they are needed. We end every transaction ourselves: the pool has none to reset.
    options: dict[str, Any] = {"_initialize": False, "pool_reset_on_return": None}
    way = served.way(url, lock_wait)
    try:
        engine = create_engine(way.url, **options, **way.options)
    except (NoSuchModuleError, ImportError) as error:
        raise ConfigurationError(
            f"the database driver of {url.drivername!r} is not installed",
            next_step="leave the driver out of the URL, or install it",
        ) from error
    except (ArgumentError, ValueError, TypeError) as error:
        raise urls.option_refused(served, str(error)) from error
    event.listen(engine, "do_connect", urls.connected)
    if not served.is_file:
        event.listen(engine, "connect", lambda connection, _: unsupported.require_served(served, connection))
        if not any(name.startswith(_ASKED) for name in url.query):
            event.listen(engine, "connect", idle.watch)
        event.listen(engine, "checkin", idle.note_idle)
        check = idle.check_idle
        event.listen(engine, "checkout", lambda connection, record, _: check(engine.dialect, connection, record))
    event.listen(engine, "connect", way.session)
    served.listen(engine)
    return engine


def inspector(connection: Connection) -> Inspector:
    """SQLAlchemy's view of the tables. The first call on a connection also queries the server's settings."""
    # An unknown type, in a column that is not ours, does not concern the person who runs a command.
    warnings.filterwarnings("ignore", message="Did not recognize type", category=SAWarning)
    if not connection.info.get("initialised"):
        connection.dialect.initialize(connection)
        urls.database(connection.dialect.name).learns_types(connection.dialect)
        connection.info["initialised"] = True
    return inspect(connection)


@contextmanager
def translated(
    doing: str, *, where: str = "", waiting: bool = False, is_moved: Callable[[DBAPIError], bool] = lambda _: False
) -> Iterator[None]:
    """Turn the database's errors into ours; errors about the database as a whole name it (`where`), and those about
    another file do not.

    `waiting`: a lock that is not available means that another run holds it. `is_moved`: whether an error means that
    another program has taken a key of ours. Raises DatabaseError, RowMoved, LockHeld; NotFound for a number that no
    column can hold.
    """
    try:
        with _translated(doing, waiting=waiting, is_moved=is_moved):
            yield
    except (ConfigurationError, DatabaseError, LockHeld) as error:
        is_of_file = isinstance(error, ConfigurationError) and error.is_of_file
        if where and where not in error.message and not is_of_file:
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
    """The error of ours that stands for one of the database's."""
    if is_moved:
        return causes.clock_in_taken(doing)
    setting = unsupported.setting_of(error)
    if setting is not None:
        return setting
    if causes.is_in_the_way(error):
        return _in_the_way(doing, error, waiting=waiting)
    if causes.is_away(error):
        return DatabaseUnavailable(
            f"{doing}: the database does not answer: {causes.message_of(error)}",
            next_step=cure_of(error, causes.codes_of(error), is_away=True),
        )
    cause = causes.refusal(error)
    if cause is not None:
        return causes.refused(doing, cause)
    return DatabaseError(
        f"{doing}: the database said: {causes.message_of(error)}",
        next_step=f"{cure_of(error, causes.codes_of(error), doing=doing)} (nothing was written)",
    )


def _in_the_way(doing: str, error: DBAPIError, *, waiting: bool) -> LockHeld | RowMoved:
    """Other transactions hold a lock that is needed, or the server chose this one to give way."""
    # A lock that was not free within `lock_wait` is not waited for a second time.
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

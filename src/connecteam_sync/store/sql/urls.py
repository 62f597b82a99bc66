"""The URL of a database, read with care: what is wrong with it is said without showing any part of a password."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from sqlalchemy import URL, make_url
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from connecteam_sync.errors import ConfigurationError

_RIGHT = (
    "write CONNECTEAM_SYNC_DATABASE_URL like mysql://user:password@host/database; in a password @ is %40, : is %3A,"
    " / is %2F, # is %23, ? is %3F and % is %25"
)
_SQLITE = (
    "write sqlite:///hours.db for a file in the working directory, sqlite:////srv/hours.db for one by its whole path"
)
_PORTS = 65535
_DRIVERS = {
    "sqlite": {"pysqlite"},
    "mysql": {"pymysql", "mysqldb"},
    "mariadb": {"pymysql", "mysqldb"},
    "postgresql": {"psycopg"},
}
"""Drivers that are served: another one may be installed, and would fail in the middle of a run."""
_SQLITE_OPTIONS = {"timeout", "isolation_level", "detect_types", "check_same_thread", "cached_statements"}
_NOT_FOR_URLS = {
    "mysql": {"cursorclass", "conv", "autocommit", "defer_connect"},
    "postgresql": {"autocommit", "row_factory", "cursor_factory", "prepare_threshold", "context"},
}
"""What a driver takes from a program and not as text, or what a run decides by itself."""
_TLS = {
    "mysql": "; TLS is asked for with ?ssl_mode=REQUIRED, or verified with ?ssl_ca=/path/to/ca.pem",
    "postgresql": "; TLS is asked for with ?sslmode=require",
}
_NAMED_ELSEWHERE = {
    "mysql": {"read_default_file", "read_default_group", "database", "db"},
    "postgresql": {"service", "dbname", "servicefile"},
}
"""Options of a URL that may name the database in its place."""


def parsed(text: str) -> URL:
    """The URL as SQLAlchemy reads it. Raises ConfigurationError where it can mean nothing, or not what was meant."""
    try:
        url = make_url(text)
    except ArgumentError as error:
        raise ConfigurationError("the database URL cannot be read", next_step=_RIGHT) from error
    except ValueError as error:
        raise ConfigurationError(
            "the database URL cannot be read: what stands behind the colon of its host is no number of a port, or a"
            " character of the password is not encoded",
            next_step=_RIGHT,
        ) from error
    if url.drivername.split("+")[0] == "sqlite":
        if url.host or url.username or url.password or url.port:
            raise ConfigurationError("the database URL names no SQLite file: it has two slashes", next_step=_SQLITE)
        return url
    # It splits at the first @ behind the user: the rest of a password would be taken for the host, and shown as such.
    if "@" in (url.host or "") + (url.database or "") or not {*"#?/ \\"}.isdisjoint(url.host or ""):
        raise ConfigurationError(
            "the database URL cannot be read: a character of the password is not encoded", next_step=_RIGHT
        )
    if url.port is not None and not 0 < url.port <= _PORTS:
        raise ConfigurationError(
            f"the database URL names port {url.port}, and ports end at {_PORTS}", next_step="correct the port"
        )
    return url


def demand_driver(url: URL) -> None:
    """A driver that is served, and options that it takes from a URL. Raises ConfigurationError."""
    backend, _, driver = url.drivername.partition("+")
    if driver and driver not in _DRIVERS[backend]:
        raise ConfigurationError(
            f"the database driver of {url.drivername!r} is not served", next_step="leave the driver out of the URL"
        )
    if backend == "sqlite":
        # SQLAlchemy leaves out what it does not know: `mode=ro` by itself would be written to all the same.
        strange = set() if "uri" in url.query else url.query.keys() - _SQLITE_OPTIONS
        hint = "; what is meant for SQLite itself wants sqlite:///file:hours.db?mode=ro&uri=true" if strange else ""
    else:
        strange, hint = url.query.keys() & _NOT_FOR_URLS[backend.replace("mariadb", "mysql")], ""
    if strange:
        raise ConfigurationError(
            f"the database URL has options behind its `?` that mean nothing there: {', '.join(sorted(strange))}",
            next_step=f"remove them{hint}",
        )
    file = url.query.get("read_default_file")
    if isinstance(file, str) and not Path(file).expanduser().is_file():
        # The drivers pass over a file that is not there, and connect as somebody else.
        raise ConfigurationError(
            f"there is no file {file!r}, which the database URL names by read_default_file",
            next_step="correct its path; it must be readable here",
        )


def demand_named(url: URL) -> None:
    """A server's URL names its database, or says where the name stands. Raises ConfigurationError."""
    backend = url.drivername.split("+")[0].replace("mariadb", "mysql")
    elsewhere = _NAMED_ELSEWHERE.get(backend, set()) & url.query.keys()
    by_environment = backend == "postgresql" and (os.environ.get("PGDATABASE") or os.environ.get("PGSERVICE"))
    if backend in _NAMED_ELSEWHERE and not url.database and not elsewhere and not by_environment:
        raise ConfigurationError(
            "the database URL names a server and no database",
            next_step=f"add the name: {backend}://user@{url.host or 'host'}/database",
        )


def connected(dialect: Dialect, _: object, args: list[Any], options: dict[str, Any]) -> Any:  # noqa: ANN401 - a driver's own connection
    """A connection. Raises ConfigurationError where the driver cannot do with what stands behind the URL's `?`."""
    errors: Any = getattr(dialect.loaded_dbapi, "Error", SQLAlchemyError)
    # It waits for the greeting of a server for as long as it waits for any answer: for ever. Another program than MySQL
    # at the port may wait for us to begin.
    is_unbounded = dialect.driver == "pymysql" and "read_timeout" not in options
    if is_unbounded:
        options["read_timeout"] = options["connect_timeout"]
    try:
        connection: Any = dialect.connect(*args, **options)
    except errors:
        raise
    except (TypeError, ValueError, AttributeError, LookupError, OSError) as error:
        what = f"{type(error).__name__}: {error}" if not isinstance(error, OSError) else (error.strerror or str(error))
        if isinstance(error, OSError) and error.filename:
            what += f": {error.filename}"
        raise option_refused(dialect.name, what) from error
    if is_unbounded:
        connection._read_timeout = None  # noqa: SLF001 - it has no other way
    return connection


def option_refused(driver: str, what: str) -> ConfigurationError:
    """That the driver cannot do with what stands behind the URL's `?`."""
    tls = _TLS.get(driver.partition("+")[0].replace("mariadb", "mysql"), "")
    return ConfigurationError(
        f"the database driver cannot do with the options that the database URL has behind its `?`: {what}",
        next_step=f"correct or remove them{tls}",
    )

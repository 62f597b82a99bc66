"""The one list of databases, and the reading of their URLs. Errors never show any part of a password."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from functools import cache
from importlib import import_module
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from sqlalchemy import URL, Connection, Engine, make_url
from sqlalchemy.engine.interfaces import Dialect as EngineDialect
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, SQLAlchemyError

from connecteam_sync.errors import ConfigurationError

if TYPE_CHECKING:
    from connecteam_sync.store.sql.dialect import Dialect
    from connecteam_sync.store.sql.pipeline import Answer, Query

_RIGHT = (
    "write CONNECTEAM_SYNC_DATABASE_URL like mysql://user:password@host/database; in a password @ is %40, : is %3A,"
    " / is %2F, # is %23, ? is %3F and % is %25"
)
_SQLITE = (
    "write sqlite:///hours.db for a file in the working directory, sqlite:////srv/hours.db for one by its whole path"
)
_PORTS = 65535
SERVED = {
    "sqlite": ("sqlite", "SQLite", {"sqlite3"}),
    "mysql": ("mysql", "MySQL", {"pymysql", "MySQLdb"}),
    "mariadb": ("mariadb", "MariaDB", {"pymysql", "MySQLdb"}),
    "postgresql": ("postgresql", "PostgreSQL", {"psycopg"}),
}
"""The one list of databases: the scheme of the URL, the module of the class, the class, and the packages that errors
come from. Only the one in use is imported.
"""
_OTHER_NAMES = {"postgres": "postgresql"}
_HERE = {"127.0.0.1", "::1"}
"""Addresses of `localhost`."""


class EngineOptions(NamedTuple):
    """How an engine is made: its URL, further options, and a hook for every new connection."""

    url: URL
    options: dict[str, Any]
    session: Callable[[Any, Any], None]


class Driver(ABC):
    """How a database is reached: its URL, its drivers, its sessions, its round trips. Everything is on the class."""

    kind: ClassVar[str]
    """Its name, which is the scheme of its URL."""
    family: ClassVar[str]
    """The database whose SQL it speaks: for tests, which make tables of their own."""
    title: ClassVar[str]
    """Its name as its vendor writes it."""
    drivers: ClassVar[frozenset[str]]
    """The supported drivers: another one may be installed, and would fail in the middle of a run."""
    oldest: ClassVar[tuple[int, ...]]
    """The oldest supported version."""
    port: ClassVar[int] = 0
    tls: ClassVar[str] = ""
    """How its URL asks for TLS, as the end of a sentence."""
    is_file: ClassVar[bool] = False
    """Whether it is a file that this process opens by itself: no network, no users, and one writer for all of it."""
    has_schemas: ClassVar[bool] = True
    """Whether tables of ours may have a schema of their own."""
    paramstyle: ClassVar[str | None] = None
    """The style of its drivers' parameters, if it differs from SQLAlchemy's."""
    lookalikes: ClassVar[tuple[str, ...]] = ()
    """Words in the greeting of servers that speak its protocol but lack features that we rely on."""
    names_keys: ClassVar[bool] = True
    """Whether an error about a unique key names the key, and not its columns."""
    rows_of_json: ClassVar[str | None] = None
    """A statement that reads a row from a JSON text, which every run does; None if no server can lack it."""

    @classmethod
    @abstractmethod
    def with_driver(cls, url: URL) -> URL:
        """A URL without a driver, completed with an installed one."""

    @classmethod
    @abstractmethod
    def strange_options(cls, url: URL) -> tuple[AbstractSet[str], str]:
        """The options of a URL that are not supported, and a hint about them."""

    @classmethod
    def lacks_name(cls, url: URL) -> bool:
        """Whether a URL names a server and no database, and nothing else does."""
        del url
        return False

    @classmethod
    @abstractmethod
    def way(cls, url: URL, lock_wait: float) -> EngineOptions:
        """How to connect, with sessions in UTC and READ COMMITTED that wait at most `lock_wait` seconds for a lock."""

    @classmethod
    def listen(cls, engine: Engine) -> None:
        """Register further listeners for its connections."""
        del engine

    @classmethod
    def connect(cls, dialect: EngineDialect, args: list[Any], options: dict[str, Any]) -> Any:  # noqa: ANN401 - a driver's own connection
        """A new connection of the driver."""
        return dialect.connect(*args, **options)

    @classmethod
    def is_pooled(cls, connection: Connection) -> bool:
        """Whether a pooler was found between us and the server."""
        del connection
        return False

    @classmethod
    def set_for_session(cls, connection: Connection) -> None:
        """Let the settings of transactions hold outside any transaction too, for changes of tables."""
        del connection

    @classmethod
    def greeting(cls, connection: Any) -> str:  # noqa: ANN401 - a driver's own connection
        """The server's greeting, which needs no round trip."""
        del connection
        return ""

    @classmethod
    def learns_types(cls, dialect: Any) -> None:  # noqa: ANN401 - any of SQLAlchemy's
        """Let SQLAlchemy read tables with types that it does not know."""
        del dialect

    @classmethod
    def is_away(cls, error: DBAPIError) -> bool:
        """Whether an error means that there is no connection, although its code does not say so."""
        return isinstance(error, InterfaceError)

    @classmethod
    def refuses(cls, error: DBAPIError, *, is_known: bool) -> bool:
        """Whether an error is about the record itself; `is_known`: by its code it is."""
        del error
        return is_known

    @classmethod
    @abstractmethod
    def deliver(cls, connection: Connection, queries: Sequence[Query], *, and_end: bool) -> list[Answer]:
        """The answers to statements sent in one round trip; `and_end` commits in the same."""


@cache
def database(name: str) -> type[Dialect]:
    """The class of a database. Raises KeyError for one that is not supported."""
    module, wanted, _ = SERVED[name]
    found: type[Dialect] = getattr(import_module(f"connecteam_sync.store.sql.{module}"), wanted)
    return found


def that_raised(error: DBAPIError) -> type[Driver]:
    """The class of the database that raised an error; the base class if it is unknown."""
    package = type(error.orig).__module__.partition(".")[0]
    return next((database(name) for name, (*_, packages) in SERVED.items() if package in packages), Driver)


def kind_of(url: URL) -> str:
    """The scheme of a URL, without its driver."""
    return url.drivername.partition("+")[0]


def database_of(url: URL) -> type[Dialect]:
    """The class of the database of a URL. Raises ConfigurationError for one that is not supported."""
    if kind_of(url) not in SERVED:
        raise ConfigurationError(
            f"database {kind_of(url)!r} is not supported",
            next_step="use a mysql://, mariadb://, postgresql:// or sqlite:/// URL",
        )
    return database(kind_of(url))


def dialect_of(engine: EngineDialect, *, unit: str | None = None) -> Dialect:
    """The dialect for one of SQLAlchemy's; `unit` is the unit of the host's times."""
    return database(engine.name)(engine, unit=unit)


def parsed(text: str) -> URL:
    """The URL as SQLAlchemy reads it. Raises ConfigurationError if it is malformed or ambiguous."""
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
    if kind_of(url) in SERVED and database(kind_of(url)).is_file:
        if url.host or url.username or url.password or url.port:
            raise ConfigurationError("the database URL names no SQLite file: it has two slashes", next_step=_SQLITE)
        return url
    # SQLAlchemy splits at the first @ behind the user: the rest of a password would be taken for the host, and shown.
    if "@" in (url.host or "") + (url.database or "") or not {*"#?/ \\"}.isdisjoint(url.host or ""):
        raise ConfigurationError(
            "the database URL cannot be read: a character of the password is not encoded", next_step=_RIGHT
        )
    if url.port is not None and not 0 < url.port <= _PORTS:
        raise ConfigurationError(
            f"the database URL names port {url.port}, and ports end at {_PORTS}", next_step="correct the port"
        )
    return url


def with_driver(url: URL) -> URL:
    """The URL with an installed driver. Raises ConfigurationError if the database is not supported."""
    url = url.set(drivername=_OTHER_NAMES.get(url.drivername, url.drivername))
    return database_of(url).with_driver(url) if url.drivername == kind_of(url) else url


def require_driver(url: URL) -> None:
    """Raises ConfigurationError if the driver of a URL is not supported, or does not accept its options."""
    served, driver = database_of(url), url.drivername.partition("+")[2]
    if driver and driver not in served.drivers:
        raise ConfigurationError(
            f"the database driver of {url.drivername!r} is not served", next_step="leave the driver out of the URL"
        )
    strange, hint = served.strange_options(url)
    if strange:
        raise ConfigurationError(
            f"the database URL has options behind its `?` that mean nothing there: {', '.join(sorted(strange))}",
            next_step=f"remove them{hint}",
        )
    file = url.query.get("read_default_file")
    if isinstance(file, str) and not Path(file).expanduser().is_file():
        # The drivers ignore a missing file, and connect as another user.
        raise ConfigurationError(
            f"there is no file {file!r}, which the database URL names by read_default_file",
            next_step="correct its path; it must be readable here",
        )


def require_named(url: URL) -> None:
    """Raises ConfigurationError if a server's URL does not name a database, and nothing else does."""
    served = database_of(url)
    if served.lacks_name(url):
        raise ConfigurationError(
            "the database URL names a server and no database",
            next_step=f"add the name: {served.family}://user@{url.host or 'host'}/database",
        )


def connected(dialect: EngineDialect, _: object, args: list[Any], options: dict[str, Any]) -> Any:  # noqa: ANN401 - a driver's own connection
    """A connection. Raises ConfigurationError if the driver cannot use the options behind the URL's `?`."""
    errors: Any = getattr(dialect.loaded_dbapi, "Error", SQLAlchemyError)
    served = database(dialect.name)
    try:
        return served.connect(dialect, args, options)
    except errors:
        raise
    except (TypeError, ValueError, AttributeError, LookupError, OSError) as error:
        what = f"{type(error).__name__}: {error}" if not isinstance(error, OSError) else (error.strerror or str(error))
        if isinstance(error, OSError) and error.filename:
            what += f": {error.filename}"
        raise option_refused(served, what) from error


def option_refused(served: type[Driver], what: str) -> ConfigurationError:
    """The error for options behind the URL's `?` that the driver cannot use."""
    return ConfigurationError(
        f"the database driver cannot do with the options that the database URL has behind its `?`: {what}",
        next_step=f"correct or remove them{served.tls}",
    )


def place_of(text: str) -> tuple[str, ...]:
    """What database a URL is of, whoever connects and however: the same for two URLs of one database.

    A file that is there is known by whatever path or hard link leads to it, this machine by each of its names. Nobody
    is asked what the names of other machines mean. Raises ConfigurationError.
    """
    url = parsed(text)
    url = url.set(drivername=_OTHER_NAMES.get(url.drivername, url.drivername))
    driver = database_of(url)
    if driver.is_file:
        return (driver.kind, *_file_at(Path((url.database or "").removeprefix("file:"))))
    return (driver.family, _machine(url.host or "localhost"), str(url.port or driver.port), url.database or "")


def _file_at(path: Path) -> tuple[str, ...]:
    try:
        found = path.stat()
    except OSError:
        return (str(path.resolve()),)
    return (str(found.st_dev), str(found.st_ino))


def _machine(host: str) -> str:
    """The one spelling of a host's name or address."""
    name = host.lower().removesuffix(".")
    with suppress(ValueError):
        name = ip_address(name).compressed
    return "localhost" if name in _HERE else name

"""How a session is set: by one statement with the connection (MySQL and MariaDB), by one in every transaction
(PostgreSQL, where a pooler may give each transaction another connection of the server's).
"""

from __future__ import annotations

import os
import re
import select
import time
from collections.abc import Mapping
from typing import Any

from sqlalchemy import URL, Connection, Dialect
from sqlalchemy.exc import DisconnectionError

from connecteam_sync.errors import ConfigurationError

PACKET = "packet"
"""In the `info` of a connection to MySQL or MariaDB: the bytes its server takes at once (`max_allowed_packet`)."""
MUST_BEGIN = "must_begin"
"""In the `info` of a PostgreSQL connection: its transaction begins with whatever is sent next."""
_SETTINGS, _IS_POOLED, _SINCE = "settings", "is_pooled", "since"
_IDLE = 5.0
"""Seconds after which a connection that lay unused is asked whether it is still there."""
_PREPARE_AFTER = 5
"""A statement that is sent so many times is prepared on the server; where a pooler is between, none ever is."""
_LONGEST_GROUP = 1 << 30
"""Bytes of what is put together in a group: the largest packet, and the most that MariaDB takes in strict mode."""
_OPTION = re.compile(r"(?:-c\s*|--)([A-Za-z_][\w.-]*)=((?:\\.|\S)*)(?:\s+|$)")


# -- MySQL and MariaDB -------------------------------------------------------------------------------------------------


def mysql_session(connection: Any, info: dict[Any, Any], wait: int) -> None:  # noqa: ANN401 - a driver's own connection
    """Session settings; MariaDB 10 and MySQL name the isolation level differently, so it is set by statement.

    A wait for a table (LOCK TABLES, FLUSH TABLES, an ALTER that runs) is bounded by `lock_wait_timeout`, one for a row
    by InnoDB's. What a server may be set to for people who type statements is not for us: `sql_safe_updates` and
    `sql_select_limit` would refuse a statement or cut an answer short.
    """
    cursor = connection.cursor()
    cursor.execute(
        "SELECT @@max_allowed_packet;"
        " SET autocommit = 0, completion_type = 0, time_zone = '+00:00',"
        f" SESSION innodb_lock_wait_timeout = {wait}, SESSION lock_wait_timeout = {wait},"
        f" SESSION group_concat_max_len = {_LONGEST_GROUP}, SESSION sql_safe_updates = 0,"
        " SESSION sql_select_limit = 18446744073709551615, SESSION sql_big_selects = 1;"
        " SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED"
    )
    info[PACKET] = int(cursor.fetchone()[0])
    while cursor.nextset():
        pass
    cursor.close()


def mysql_url(url: URL) -> tuple[URL, dict[str, Any]]:
    """The URL, and what the driver is told next to it: either driver takes the same words for TLS.

    `ssl_mode` is MySQL's own word: REQUIRED encrypts, VERIFY_CA wants a certificate by the authority in `ssl_ca`, and
    VERIFY_IDENTITY (what `ssl_ca` alone means) one for the host of the URL. Raises ConfigurationError for any other.
    """
    told: dict[str, Any] = {} if "charset" in url.query else {"charset": "utf8mb4"}
    if "connect_timeout" not in url.query:
        told["connect_timeout"] = 10
    given = {name: str(url.query[name]) for name in ("ssl_mode", *_FILES) if name in url.query}
    mode = given.get("ssl_mode", "VERIFY_IDENTITY" if "ssl_ca" in given else "REQUIRED").upper().replace("-", "_")
    if not given:
        return url, told
    if mode not in _MODES:
        raise ConfigurationError(
            f"ssl_mode={mode} is none that the database driver knows",
            next_step=f"write one of {', '.join(_MODES)} behind ssl_mode= in CONNECTEAM_SYNC_DATABASE_URL",
        )
    if mode.startswith("VERIFY") and "ssl_ca" not in given:
        raise ConfigurationError(
            f"ssl_mode={mode} needs the certificate of the authority to verify by",
            next_step="add ssl_ca=/path/of/ca.pem to CONNECTEAM_SYNC_DATABASE_URL",
        )
    url = url.difference_update_query(given)
    files = {_FILES[name]: value for name, value in given.items() if name != "ssl_mode"}
    if url.drivername.endswith("+mysqldb"):
        return url, told | {"ssl_mode": mode} | ({"ssl": files} if files else {})
    if mode == "REQUIRED":
        files.pop("ca", None)  # what is given is not verified by, as with MySQL's own programs
    if mode == "DISABLED":
        return url, told | {"ssl_disabled": True}
    return url, told | {"ssl": files | {"check_hostname": mode == "VERIFY_IDENTITY"}}


_MODES = ("DISABLED", "REQUIRED", "VERIFY_CA", "VERIFY_IDENTITY")
_FILES = {"ssl_ca": "ca", "ssl_cert": "cert", "ssl_key": "key"}


# -- PostgreSQL --------------------------------------------------------------------------------------------------------


def postgresql_url(url: URL, environ: Mapping[str, str] | None = None) -> tuple[URL, dict[str, str]]:
    """The URL without its `options`, and the settings they name (those of PGOPTIONS, where the URL has none): each
    transaction has them, behind a pooler too, which refuses them with the connection.

    Options of another kind, and those of a service file, are left to the driver as they are.
    """
    environ = os.environ if environ is None else environ
    given = url.query.get("options")
    if given is None and ("service" in url.query or environ.get("PGSERVICE")):
        return url, {}  # the file of services comes before PGOPTIONS, and the driver reads it
    text = " ".join(given) if isinstance(given, tuple) else given or environ.get("PGOPTIONS", "")
    settings = settings_of(text)
    if settings is None:
        return url, {}
    # An empty text, and not none: none would have the driver look at PGOPTIONS.
    return url.update_query_dict({"options": ""}) if text else url, settings


def settings_of(options: str) -> dict[str, str] | None:
    """The settings that options name (`-c search_path=payroll --work_mem=8MB`); None where they are of another kind."""
    found: dict[str, str] = {}
    rest = options.strip()
    while rest:
        option = _OPTION.match(rest)
        if option is None:
            return None
        found[option[1].replace("-", "_")] = re.sub(r"\\(.)", r"\1", option[2])
        rest = rest[option.end() :]
    return found


def postgresql_session(connection: Any, info: dict[str, Any], settings: Mapping[str, str]) -> None:  # noqa: ANN401 - a driver's own connection
    """What a connection is told at once, which is nothing: each transaction begins with its settings."""
    # The driver would send each BEGIN by itself and wait for it.
    connection.autocommit = True
    connection.prepare_threshold = None  # until it is known that no pooler is between
    told = ", ".join(f"set_config({_quoted(name)}, {_quoted(value)}, true)" for name, value in settings.items())
    info[_SETTINGS] = f"SELECT pg_backend_pid(), {told}"


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def must_begin(connection: Connection) -> None:
    """The transaction begins with its first statement; see `pipeline.fetch`."""
    connection.info[MUST_BEGIN] = connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT"


def begin_alone(connection: Connection, *_: object) -> None:
    """A statement that is sent alone has its BEGIN sent before it, with the settings."""
    if connection.info.pop(MUST_BEGIN, False):
        driver: Any = connection.connection.driver_connection
        cursor = driver.execute(f"{_BEGIN}; {connection.info[_SETTINGS]}")
        cursor.nextset()
        learn(connection, cursor)


def begin_in_pipeline(connection: Connection) -> Any:  # noqa: ANN401 - a driver's own cursor
    """BEGIN and the settings, sent ahead of what follows; `learn` takes the answer once the pipeline has ended."""
    driver: Any = connection.connection.driver_connection
    driver.execute(_BEGIN, prepare=False)
    return driver.execute(connection.info[_SETTINGS], prepare=False)


_BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED"


def learn(connection: Connection, cursor: Any) -> None:  # noqa: ANN401 - a driver's own cursor
    """Whether a pooler is between, asked once for a connection: it greets with another process than that which answers.

    Behind one, a statement prepared in one transaction is unknown or another client's in the next.
    """
    if _IS_POOLED not in connection.info:
        driver: Any = connection.connection.driver_connection
        connection.info[_IS_POOLED] = cursor.fetchone()[0] != driver.info.backend_pid
        driver.prepare_threshold = None if connection.info[_IS_POOLED] else _PREPARE_AFTER
    cursor.close()


def is_pooled(connection: Connection) -> bool:
    """Whether a pooler was found between us and PostgreSQL."""
    return bool(connection.info.get(_IS_POOLED))


def for_the_session(connection: Connection) -> None:
    """The settings of transactions for all that this connection does: for changes of tables outside any transaction.

    Where they are those of the session already, nothing is to be done.
    """
    if _SETTINGS not in connection.info:
        return
    driver: Any = connection.connection.driver_connection
    driver.execute(str(connection.info[_SETTINGS]).replace(", true)", ", false)"))


# -- a connection that lay unused --------------------------------------------------------------------------------------


def rests(_: object, record: Any) -> None:  # noqa: ANN401 - the pool's own record
    """A connection goes back to the pool."""
    record.info[_SINCE] = time.monotonic()


def wakes(dialect: Dialect, connection: Any, record: Any) -> None:  # noqa: ANN401 - a driver's own connection, and the pool's
    """A connection that lay unused may have been ended meanwhile: by the server's patience, by an administrator, by a
    failover. Then the pool makes a new one, before anything of a transaction is sent.

    Whether the server said something since is seen without asking. A network in between that has forgotten a connection
    says nothing: after some seconds the server is asked.
    """
    since = record.info.pop(_SINCE, None)
    if since is None or not (_has_news(connection) or time.monotonic() - since > _IDLE):
        return
    try:
        dialect.do_ping(connection)
    except dialect.loaded_dbapi.Error as error:
        raise DisconnectionError("the server ended a connection that lay unused") from error


def _has_news(connection: Any) -> bool:  # noqa: ANN401 - a driver's own connection
    """Whether something came that nobody asked for: the end of the connection, or its reason."""
    # PostgreSQL's driver tells its socket, PyMySQL has it; mysqlclient keeps its own to itself.
    place = connection if hasattr(connection, "fileno") else getattr(connection, "_sock", None)
    if place is None:
        return True
    try:
        return bool(select.select([place], [], [], 0)[0])
    except (OSError, ValueError):  # closed on our side, or a number beyond what may be asked
        return True

"""Sessions of MySQL and MariaDB: their settings, and several statements in one packet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import URL, Connection

from connecteam_sync.errors import ConfigurationError
from connecteam_sync.store.sql.pipeline import ONE_MOMENT, PACKET, Answer, Query, answer_of, for_driver
from connecteam_sync.store.sql.quoting import split

_LONGEST_GROUP = 1 << 30
"""Bytes of a `group_concat`: the largest packet, and the most that MariaDB accepts in strict mode."""
_MODES = ("DISABLED", "REQUIRED", "VERIFY_CA", "VERIFY_IDENTITY")
_NO_BACKSLASH_ESCAPES = 512
"""In the server's status: a backslash is a character like any other."""
_FILES = {"ssl_ca": "ca", "ssl_cert": "cert", "ssl_key": "key"}


def set_session(connection: Any, info: dict[Any, Any], wait: int) -> None:  # noqa: ANN401 - a driver's own connection
    """Set up a session. MariaDB and MySQL name the isolation level differently, so it has a statement of its own.

    A wait for a table (LOCK TABLES, FLUSH TABLES, an ALTER that runs) is bounded by `lock_wait_timeout`, one for a row
    by InnoDB's. Settings meant for people who type statements are turned off: `sql_safe_updates` and
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


def escaping(connection: Any) -> Callable[..., str]:  # noqa: ANN401 - a connection of PyMySQL
    """Values as literals, as its own `escape` makes them. Between single quotes of a text only these quotes and
    backslashes are not themselves; it goes through each text letter by letter for more.
    """
    as_is: Callable[..., str] = connection.escape

    def escape(value: object, *more: object, **named: object) -> str:
        if type(value) is not str or connection.server_status & _NO_BACKSLASH_ESCAPES:
            return as_is(value, *more, **named)
        text = value.replace("\\", "\\\\").replace("'", "\\'")
        return f"'{text}'"

    return escape


def begin(connection: Connection) -> None:
    """Have the transaction that begins read at one moment, if that is asked for; the session stays as it is set."""
    if connection.get_execution_options().get(ONE_MOMENT, False):
        driver: Any = connection.connection.driver_connection
        cursor = driver.cursor()
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        cursor.close()


def url_and_options(url: URL) -> tuple[URL, dict[str, Any]]:
    """The URL, and further arguments for the driver. Both drivers get the same options for TLS.

    `ssl_mode` has MySQL's own values: REQUIRED encrypts, VERIFY_CA requires a certificate by the authority in `ssl_ca`,
    and VERIFY_IDENTITY (the default with `ssl_ca`) one for the host of the URL. Raises ConfigurationError for others.
    """
    arguments: dict[str, Any] = {} if "charset" in url.query else {"charset": "utf8mb4"}
    if "connect_timeout" not in url.query:
        arguments["connect_timeout"] = 10
    given = {name: str(url.query[name]) for name in ("ssl_mode", *_FILES) if name in url.query}
    mode = given.get("ssl_mode", "VERIFY_IDENTITY" if "ssl_ca" in given else "REQUIRED").upper().replace("-", "_")
    if not given:
        return url, arguments
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
        return url, arguments | {"ssl_mode": mode} | ({"ssl": files} if files else {})
    if mode == "REQUIRED":
        files.pop("ca", None)  # REQUIRED verifies nothing, as in MySQL's own programs
    if mode == "DISABLED":
        return url, arguments | {"ssl_disabled": True}
    return url, arguments | {"ssl": files | {"check_hostname": mode == "VERIFY_IDENTITY"}}


def in_one_packet(connection: Connection, queries: Sequence[Query], *, and_end: bool) -> list[Answer]:
    """The answers to several statements that are sent as one."""
    driver: Any = connection.connection.driver_connection
    prepared = [for_driver(query, connection.dialect) for query in queries]
    cursor = driver.cursor()
    for sql, values in prepared:
        connection.dispatch.before_cursor_execute(connection, cursor, sql, values, None, False)
    sql, values = _joined(prepared)
    cursor.execute(f"{sql};\nCOMMIT" if and_end else sql, values)
    found = [answer_of(cursor, queries[0])]
    while len(found) < len(queries):
        cursor.nextset()
        found.append(answer_of(cursor, queries[len(found)]))
    while cursor.nextset():
        pass
    cursor.close()
    for sql, values in prepared:
        connection.dispatch.after_cursor_execute(connection, cursor, sql, values, None, False)
    return found


def _joined(prepared: Sequence[tuple[str, Any]]) -> tuple[str, Any]:
    """Several statements as one."""
    return ";\n".join(sql for sql, _ in prepared), [value for _, values in prepared for value in values]


def sees_triggers(connection: Connection, table: str) -> bool:
    """Whether the user's grants (its roles' too) let it see the triggers of a table."""
    [database] = connection.exec_driver_sql("SELECT database()").one()
    there, name = split(table)
    schema = there or str(database)
    for (grant,) in connection.exec_driver_sql("SHOW GRANTS").all():
        rights, _, rest = str(grant).partition(" ON ")
        if "TRIGGER" not in rights and "ALL PRIVILEGES" not in rights:
            continue
        place = rest.partition(" TO ")[0].replace("`", "").replace("\\", "")
        if place in {"*.*", f"{schema}.*", f"{schema}.{name}"}:
            return True
    return False

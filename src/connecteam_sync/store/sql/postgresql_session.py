"""Sessions of PostgreSQL: their settings, and statements that are sent without waiting for each answer.

Every transaction sets its own: a pooler may give each transaction another connection of the server's.

"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import URL, Connection

from connecteam_sync.store.sql.pipeline import ONE_MOMENT, Answer, Query, answer_of, driver_of, for_driver

MUST_BEGIN = "must_begin"
"""In the `info` of a connection: the statement that begins its transaction, sent with the next one; empty if it has
begun.
"""
_SETTINGS, _IS_POOLED = "settings", "is_pooled"
_PREPARE_AFTER = 5
"""A statement sent so many times is prepared on the server; behind a pooler none is."""
_OPTION = re.compile(r"(?:-c\s*|--)([A-Za-z_][\w.-]*)=((?:\\.|\S)*)(?:\s+|$)")
_BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED"
_BEGIN_AT_ONE_MOMENT = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"


def url_and_settings(url: URL, environ: Mapping[str, str] | None = None) -> tuple[URL, dict[str, str]]:
    """The URL without its `options`, and the settings they name (those of PGOPTIONS if the URL has none). Each
    transaction sets them, behind a pooler too, which would refuse them as options of the connection.

    Options of another kind, and those of a service file, are left to the driver as they are.
    """
    environ = os.environ if environ is None else environ
    given = url.query.get("options")
    if given is None and ("service" in url.query or environ.get("PGSERVICE")):
        return url, {}  # the service file takes precedence over PGOPTIONS, and the driver reads it
    text = " ".join(given) if isinstance(given, tuple) else given or environ.get("PGOPTIONS", "")
    settings = settings_of(text)
    if settings is None:
        return url, {}
    # An empty text: without one, the driver would read PGOPTIONS.
    return url.update_query_dict({"options": ""}) if text else url, settings


def settings_of(options: str) -> dict[str, str] | None:
    """The settings in `options` (`-c search_path=payroll --work_mem=8MB`); None if it has options of another kind."""
    found: dict[str, str] = {}
    rest = options.strip()
    while rest:
        option = _OPTION.match(rest)
        if option is None:
            return None
        found[option[1].replace("-", "_")] = re.sub(r"\\(.)", r"\1", option[2])
        rest = rest[option.end() :]
    return found


def set_session(connection: Any, info: dict[str, Any], settings: Mapping[str, str]) -> None:  # noqa: ANN401 - a driver's own connection
    """Prepare a connection whose transactions each begin with these settings; nothing is sent yet."""
    # The driver would send each BEGIN by itself and wait for it.
    connection.autocommit = True
    connection.prepare_threshold = None  # until it is known that there is no pooler
    calls = ", ".join(f"set_config({_quoted(name)}, {_quoted(value)}, true)" for name, value in settings.items())
    info[_SETTINGS] = f"SELECT pg_backend_pid(), {calls}"


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def must_begin(connection: Connection) -> None:
    """Note that the transaction begins with its first statement; see `pipeline.fetch`."""
    options = connection.get_execution_options()
    begin = _BEGIN_AT_ONE_MOMENT if options.get(ONE_MOMENT, False) else _BEGIN
    connection.info[MUST_BEGIN] = "" if options.get("isolation_level") == "AUTOCOMMIT" else begin


def begin_alone(connection: Connection, *_: object) -> None:
    """Send BEGIN and the settings before a statement that is sent alone."""
    if begin := connection.info.pop(MUST_BEGIN, ""):
        driver: Any = connection.connection.driver_connection
        cursor = driver.execute(f"{begin}; {connection.info[_SETTINGS]}")
        cursor.nextset()
        learn(connection, cursor)


def begin_in_pipeline(connection: Connection, begin: str) -> Any:  # noqa: ANN401 - a driver's own cursor
    """Send BEGIN and the settings first; `learn` takes the answer once the pipeline has ended."""
    driver: Any = connection.connection.driver_connection
    driver.execute(begin, prepare=False)
    return driver.execute(connection.info[_SETTINGS], prepare=False)


def learn(connection: Connection, cursor: Any) -> None:  # noqa: ANN401 - a driver's own cursor
    """Find out once per connection whether there is a pooler: another process greets than the one that answers.

    Behind a pooler, a statement prepared in one transaction is unknown, or another client's, in the next.
    """
    if _IS_POOLED not in connection.info:
        driver: Any = connection.connection.driver_connection
        connection.info[_IS_POOLED] = cursor.fetchone()[0] != driver.info.backend_pid
        driver.prepare_threshold = None if connection.info[_IS_POOLED] else _PREPARE_AFTER
    cursor.close()


def is_pooled(connection: Connection) -> bool:
    """Whether `learn` found a pooler between us and the server."""
    return bool(connection.info.get(_IS_POOLED))


def set_for_session(connection: Connection) -> None:
    """Let the settings of transactions hold for the whole session: for changes of tables outside any transaction."""
    if _SETTINGS not in connection.info:
        return
    driver: Any = connection.connection.driver_connection
    driver.execute(str(connection.info[_SETTINGS]).replace(", true)", ", false)"))


def pipelined(connection: Connection, queries: Sequence[Query], *, and_end: bool) -> list[Answer]:
    """The answers to statements that are sent without waiting for each of them."""
    driver: Any = connection.connection.driver_connection
    cursors = []
    try:
        # All answers are awaited at the end of the pipeline; reading one earlier would cost another round trip.
        with driver.pipeline():
            begun = None
            if begin := connection.info.pop(MUST_BEGIN, "") or (_BEGIN if and_end else ""):
                begun = begin_in_pipeline(connection, begin)
            for query in queries:
                sql, values = for_driver(query, connection.dialect)
                cursor = driver.cursor(binary=True)
                connection.dispatch.before_cursor_execute(connection, cursor, sql, values, None, False)
                cursor.execute(sql, values)
                cursors.append((cursor, sql, values))
            if and_end:
                driver.execute("COMMIT")
    except driver_of(connection).Error as error:
        # Statements behind the error were never prepared, although the driver believes they were.
        driver.prepare_threshold = None
        # A pooler that hangs up leaves a pipeline that cannot be ended; the error before it names the cause.
        if isinstance(error.__context__, driver_of(connection).Error):
            raise error.__context__ from None
        raise
    if begun is not None:
        learn(connection, begun)
    found: list[Answer] = []
    for query, (cursor, sql, values) in zip(queries, cursors, strict=True):
        connection.dispatch.after_cursor_execute(connection, cursor, sql, values, None, False)
        found.append(answer_of(cursor, query))
        # An open cursor keeps everything it received: a month of rows a second time.
        cursor.close()
    return found

"""The fastest maintained driver of each database, in its fastest form; PyMySQL where mysqlclient could not be built."""

from __future__ import annotations

import sqlite3
from importlib.util import find_spec
from typing import Any

from sqlalchemy import URL

HAS_MYSQLCLIENT = find_spec("MySQLdb") is not None


def connect(kind: str, url: URL, **options: Any) -> Any:  # noqa: ANN401 - a driver's own connection
    """A connection in UTC, READ COMMITTED, that begins transactions by itself."""
    if kind == "sqlite":
        return sqlite3.connect(str(url.database), **options)
    if kind == "postgresql":
        import psycopg  # noqa: PLC0415 - only one driver is wanted in a measured process

        return psycopg.connect(
            host=url.host,
            port=url.port,
            user=url.username,
            password=url.password,
            dbname=url.database,
            options="-c timezone=UTC",
            **options,
        )
    driver = _mysql()
    return driver.connect(
        host=url.host,
        port=url.port or 3306,
        user=url.username,
        password=url.password or "",
        database=url.database,
        charset="utf8mb4",
        local_infile=1,
        init_command="SET time_zone = '+00:00', SESSION TRANSACTION_ISOLATION = 'READ-COMMITTED'"
        if kind == "mysql"
        else "SET time_zone = '+00:00', SESSION tx_isolation = 'READ-COMMITTED'",
        **options,
    )


def _mysql() -> Any:  # noqa: ANN401 - a module
    if HAS_MYSQLCLIENT:
        import MySQLdb  # noqa: PLC0415

        return MySQLdb
    import pymysql  # noqa: PLC0415

    return pymysql


def mark(kind: str) -> str:
    """The placeholder of a value."""
    return "?" if kind == "sqlite" else "%s"


def epoch(kind: str, column: str) -> str:
    """Epoch seconds of a datetime column, as an integer."""
    if kind == "sqlite":
        return f"CAST(strftime('%s', {column}) AS INTEGER)"
    if kind == "postgresql":
        return f"extract(epoch FROM {column})::bigint"
    return f"UNIX_TIMESTAMP({column})"

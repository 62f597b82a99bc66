"""A connection that was idle in the pool is checked before it is used again."""

from __future__ import annotations

import select
import time
from typing import Any

from sqlalchemy import Dialect
from sqlalchemy.exc import DisconnectionError

_SINCE = "since"
_IDLE = 5.0
"""Seconds after which an idle connection is pinged before its next use."""


def note_idle(_: object, record: Any) -> None:  # noqa: ANN401 - the pool's own record
    """Note when a connection went back to the pool."""
    record.info[_SINCE] = time.monotonic()


def check_idle(dialect: Dialect, connection: Any, record: Any) -> None:  # noqa: ANN401 - the driver's own
    """Check that an idle connection was not closed meanwhile: by a timeout, an administrator, a failover. If it was,
    the pool makes a new one, before anything of a transaction is sent.

    Whether the server sent something since is seen without a round trip. A network that dropped the connection sends
    nothing: after some seconds the server is pinged. Raises DisconnectionError.
    """
    since = record.info.pop(_SINCE, None)
    if since is None or not (_has_news(connection) or time.monotonic() - since > _IDLE):
        return
    try:
        dialect.do_ping(connection)
    except dialect.loaded_dbapi.Error as error:
        raise DisconnectionError("the server ended a connection that lay unused") from error


def _has_news(connection: Any) -> bool:  # noqa: ANN401 - a driver's own connection
    """Whether the server sent something unasked: the end of the connection, or the reason for it."""
    # psycopg and PyMySQL give access to their socket, mysqlclient does not.
    place = connection if hasattr(connection, "fileno") else getattr(connection, "_sock", None)
    if place is None:
        return True
    try:
        return bool(select.select([place], [], [], 0)[0])
    except (OSError, ValueError):  # closed on our side, or a number that `select` does not support
        return True

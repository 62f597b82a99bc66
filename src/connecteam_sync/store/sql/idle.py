"""A connection that lay unused in the pool is checked before it is used again."""

from __future__ import annotations

import select
import time
from typing import Any

from sqlalchemy import Dialect
from sqlalchemy.exc import DisconnectionError

_SINCE = "since"
_IDLE = 5.0
"""Seconds after which a connection that lay unused is asked whether it is still there."""


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

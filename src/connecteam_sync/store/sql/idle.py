"""A connection whose other end may be gone: one that lay unused is checked before its next use, and while a statement
is under way the system asks whether the server's machine is still there.
"""

from __future__ import annotations

import os
import select
import time
from contextlib import suppress
from typing import Any

from sqlalchemy import Dialect
from sqlalchemy.exc import DisconnectionError

_SINCE = "since"
_IDLE = 5.0
"""Seconds after which an idle connection is pinged before its next use."""
_ALIVE = {"TCP_KEEPIDLE": 30, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": 60_000}
"""After 30 seconds of silence the machine is asked three times; what it does not take is given up after a minute."""


def watch(connection: Any, _: object) -> None:  # noqa: ANN401 - a driver's own connection
    """Have the system notice within a minute that the server's machine is gone.

    One that lost its power, or whose network did, takes leave of nobody: by default an answer is waited for two hours.
    A server that is at work answers for as long as its statement takes.
    """
    import socket  # noqa: PLC0415 - a driver of a network has loaded it

    place = _place(connection)
    if place is None:
        return
    # A line that is no network's has no such options, nor has every system all of them.
    with suppress(OSError, ValueError), socket.socket(fileno=os.dup(place.fileno())) as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _ALIVE.items():
            if hasattr(socket, name):
                line.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


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
    place = _place(connection)
    if place is None:
        return True
    try:
        return bool(select.select([place], [], [], 0)[0])
    except (OSError, ValueError):  # closed on our side, or a number that `select` does not support
        return True


def _place(connection: Any) -> Any:  # noqa: ANN401 - a driver's own connection, and what has the number of its socket
    """What has the number of the socket: psycopg and PyMySQL show it, mysqlclient does not (None)."""
    return connection if hasattr(connection, "fileno") else getattr(connection, "_sock", None)

"""Sockets that no call holds on to beyond its time.

The HTTP client's own limits are for one read each: a server that sends a byte now and then is never late. So the time
of the whole call is looked at before every step on the network, and no step may take longer than what is left of it.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterable
from typing import Any

import httpcore2
import httpx2

Left = Callable[[], float]
"""Seconds that are left of the call under way; below zero once they are over."""


class Transport(httpx2.HTTPTransport):
    """The client's transport over sockets that know how much time is `left`. No proxies: those could read the key."""

    def __init__(self, *, verify: bool, left: Left) -> None:
        # Not `super().__init__`: it makes a pool of its own, without a way to give it other sockets.
        self._pool = httpcore2.ConnectionPool(
            ssl_context=httpx2.create_ssl_context(verify=verify, trust_env=False),
            network_backend=_Backend(left),
            keepalive_expiry=5,
        )


class _Backend(httpcore2.NetworkBackend):
    """Opens connections. Only the look-up of the host's name cannot be cut short."""

    def __init__(self, left: Left) -> None:
        self._left, self._plain = left, httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        wait = _shorter(timeout, self._left, httpcore2.ConnectTimeout)
        return _Stream(self._plain.connect_tcp(host, port, wait, local_address, socket_options), self._left)

    def sleep(self, seconds: float) -> None:
        """Between two tries to connect, of which there are none."""
        time.sleep(seconds)


class _Stream(httpcore2.NetworkStream):
    def __init__(self, plain: httpcore2.NetworkStream, left: Left) -> None:
        self._plain, self._left = plain, left

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._plain.read(max_bytes, _shorter(timeout, self._left, httpcore2.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._plain.write(buffer, _shorter(timeout, self._left, httpcore2.WriteTimeout))

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        wait = _shorter(timeout, self._left, httpcore2.ConnectTimeout)
        return _Stream(self._plain.start_tls(ssl_context, server_hostname, wait), self._left)

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 - whatever the socket has
        return self._plain.get_extra_info(info)

    def close(self) -> None:
        self._plain.close()


def _shorter(timeout: float | None, left: Left, late: type[Exception]) -> float:
    """The time a step may take: its own limit, and no more than what is left. Raises `late` once nothing is."""
    rest = left()
    if rest <= 0:
        raise late
    return rest if timeout is None else min(timeout, rest)

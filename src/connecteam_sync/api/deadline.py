"""Sockets with one deadline for a whole call.

The HTTP client's own timeouts limit a single read: a server that sends a byte now and then would never be too slow. So
before every step on the network the time left of the whole call is computed, and limits that step.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import httpcore2
import httpx2

Left = Callable[[], float]
"""Seconds left of the current call; negative once its time is over."""


class Transport(httpx2.HTTPTransport):
    """The client's transport, over sockets that obey `left`. No proxies: those could read the key."""

    def __init__(self, *, verify: bool, left: Left) -> None:
        # Not `super().__init__`: it makes a pool of its own and takes no other sockets.
        self._pool = httpcore2.ConnectionPool(
            ssl_context=_tls(verify=verify),
            network_backend=_Backend(left),
            keepalive_expiry=5,
        )


@cache
def _tls(*, verify: bool) -> ssl.SSLContext:
    """One for every client: the trusted certificates take a megabyte, and a fiftieth of a second to read."""
    return httpx2.create_ssl_context(verify=verify, trust_env=False)


class _Backend(httpcore2.NetworkBackend):
    """Opens connections. Only resolving the host's name cannot be cut short."""

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
        """Part of the interface, for retries of a connection; we make none."""
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

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 - the type depends on `info`
        return self._plain.get_extra_info(info)

    def close(self) -> None:
        self._plain.close()


def _shorter(timeout: float | None, left: Left, late: type[Exception]) -> float:
    """Seconds a step may take: its own timeout, or what is left if that is less. Raises `late` if nothing is left."""
    rest = left()
    if rest <= 0:
        raise late
    return rest if timeout is None else min(timeout, rest)

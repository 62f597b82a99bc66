"""One address of this machine at which an ASGI application answers, in a thread of its own."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import resource
import socket
import threading
import time

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from connecteam_sync.errors import ConfigurationError

_START_SECONDS = 10.0
_TICK = 0.05
_TICKS = 20
"""Ticks of a second; the server sets the time of its answers at the first and the eleventh."""
_HEADER_BYTES = 16_384
_ASKED_WITHIN, _ANSWERED_WITHIN = 20.0, 120.0
"""Seconds that a connection has for its request, and a request for its answer to be read."""
_MOST = 2_000
_ACCEPTED_AT_ONCE, _QUEUED = 64, 1_024
"""Connections that are taken before any other work is done, and those that the system keeps until then."""


class _Config(uvicorn.Config):
    """`most`: connections that are open at a time."""

    most: int = _MOST


class _Connection(H11Protocol):
    """A connection that cannot stay for nothing: without it, whoever connects and says nothing takes the descriptors
    that the clock and the database need.

    Where there are too many, the one that has waited longest for a request is closed.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """It may ask now."""
        super().connection_made(transport)
        self.since = self.loop.time()
        self._end = self.loop.call_later(_ASKED_WITHIN, transport.abort)
        most = self.config.most if isinstance(self.config, _Config) else _MOST
        if len(self.connections) > most:
            others = [one for one in self.connections if isinstance(one, _Connection)]
            alive = [one for one in others if not one.transport.is_closing()]
            if len(alive) > most:
                min((one for one in alive if one.waits), key=lambda one: one.since).transport.abort()

    @property
    def waits(self) -> bool:
        """Whether no request is in hand."""
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is None or cycle.response_complete

    def data_received(self, data: bytes) -> None:
        """A part of a request, or some."""
        waited = self.waits
        super().data_received(data)
        if waited and not self.waits:
            self._end.cancel()
            self._end = self.loop.call_later(_ANSWERED_WITHIN, self.transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        """It is closed."""
        self._end.cancel()
        super().connection_lost(exc)


class _Server(uvicorn.Server):
    """A server that stops within a tick. Its signals are the command's."""

    async def main_loop(self) -> None:
        """Serve until `should_exit` is set."""
        ticks, should_exit = 0, await self.on_tick(0)
        while not should_exit:
            await asyncio.sleep(_TICK)
            ticks += 1
            should_exit = await self.on_tick(ticks % _TICKS) or self.should_exit


class Listener:
    """Answers with `app` at `host` and `port` (0 for any that is free) from `start` to `stop`.

    The port is bound at once. Raises ConfigurationError if it cannot be. `most` connections are open at a time (None:
    as many as leave half of the descriptors to others).
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        host: str,
        port: int,
        option: str = "--port",
        patience: float = 1.0,
        most: int | None = None,
    ) -> None:
        self.host = host
        self._socket = _bound(host, port, option)
        self.port: int = self._socket.getsockname()[1]
        # It would log addresses and paths; what a request asked for is told by the application.
        for name in ("uvicorn.error", "asyncio"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        config = _Config(
            app,
            http=_Connection,
            backlog=_ACCEPTED_AT_ONCE,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            lifespan="off",
            ws="none",
            h11_max_incomplete_event_size=_HEADER_BYTES,
            timeout_graceful_shutdown=max(1, round(patience)),
        )
        config.most = most if most is not None else _half_of_the_descriptors()
        self._server, self._patience = _Server(config), patience
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, name=f"listener-{self.port}", daemon=True
        )

    @property
    def url(self) -> str:
        """The address, without a slash at its end; that of this machine if it listens on all of them."""
        host = "127.0.0.1" if self.host in {"0.0.0.0", "::"} else self.host  # noqa: S104 - a comparison, nothing is bound
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    def start(self) -> None:
        """Answer from now on. Raises ConfigurationError if the server does not start."""
        self._thread.start()
        deadline = time.monotonic() + _START_SECONDS
        while not self._server.started:
            if time.monotonic() > deadline or not self._thread.is_alive():
                raise ConfigurationError(f"nothing answers at {self.url}", next_step="choose another port")
            time.sleep(0.005)
        self._socket.listen(_QUEUED)

    def stop(self) -> None:
        """Take no further request, and wait for those in hand, but not for long."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(self._patience + 1)
        self._socket.close()


def is_loopback(host: str) -> bool:
    """Whether a host is a loopback address, and not a name."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _half_of_the_descriptors() -> int:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _MOST if soft == resource.RLIM_INFINITY else max(1, min(_MOST, soft // 2))


def _bound(host: str, port: int, option: str) -> socket.socket:
    try:
        address = ipaddress.ip_address(host)
    except ValueError as error:
        raise ConfigurationError(
            "the host to listen at is no IP address", next_step="name one, such as 127.0.0.1, with --host"
        ) from error
    internet = socket.AF_INET6 if address.version == 6 else socket.AF_INET  # noqa: PLR2004 - the version of IP
    # asyncio turns Nagle's delay (40 ms per response) off only if the protocol is named.
    made = socket.socket(internet, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, port))
        made.listen(128)  # or another program could bind it, too, until we answer
    except OSError as error:
        made.close()
        raise ConfigurationError(
            f"port {port} of {host} cannot be listened at ({error.strerror})",
            next_step=f"choose another one with {option}, or 0 for any",
        ) from error
    return made

"""Serve the sandbox on a loopback port, in this process or as a command of its own."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import signal
import socket
import threading
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import NamedTuple, Self

import msgspec
import uvicorn

from connecteam_sync.errors import ConfigurationError
from connecteam_sync.sandbox.app import Handlers
from connecteam_sync.sandbox.company import Company
from connecteam_sync.sandbox.faults import Faults
from connecteam_sync.sandbox.life import Life
from connecteam_sync.sandbox.settings import KEY, SandboxSettings
from connecteam_sync.sandbox.several import Several

_START_SECONDS = 10.0
_TICK = 0.02
_QUEUED = 128
_TURNS = 50
"""Turns of the event loop that connections get to close."""


class _Server(uvicorn.Server):
    """A server that stops quickly: uvicorn checks for the end every 0.1 s, then waits another 0.1 s.

    Between requests the company lives on and webhooks are sent, in the server's thread.
    """

    def __init__(self, config: uvicorn.Config, companies: Sequence[Handlers]) -> None:
        super().__init__(config)
        self._companies = companies

    async def main_loop(self) -> None:
        """Serve until `should_exit` is set."""
        should_exit = await self.on_tick(0)
        while not should_exit:
            await asyncio.sleep(_TICK)
            for handlers in self._companies:
                handlers.between()
            should_exit = self.should_exit

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop serving and cancel open requests, as `timeout_graceful_shutdown=0` asks for."""
        for server in self.servers:
            server.close()
        for handlers in self._companies:
            await handlers.deliveries.close()
        for listening in sockets or []:
            listening.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        for task in list(self.server_state.tasks):
            task.cancel()
        for _ in range(_TURNS):
            if self.server_state.connections or self.server_state.tasks:
                await asyncio.sleep(0)
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await asyncio.sleep(0)


class Tenant(NamedTuple):
    """A further company at a sandbox's address: its key, and its life if it goes on living."""

    key: str
    company: Company
    life: Life | None = None


class Sandbox:
    """A running simulated Connecteam as a context manager; a client needs its `url` and `key`.

    With a `life` the company goes on living while it is served. `others` are further companies at the same address,
    each with a key of its own; `url`, `key`, `faults` and `calls` are those of the first.
    Raises ConfigurationError for a key that could be a real one or is another company's, a host that is not loopback,
    or a port in use.
    """

    def __init__(
        self,
        company: Company | None = None,
        settings: SandboxSettings | None = None,
        *,
        key: str = KEY,
        host: str = "127.0.0.1",
        port: int = 0,
        life: Life | None = None,
        others: Sequence[Tenant] = (),
    ) -> None:
        _require_invented([key, *(other.key for other in others)])
        if not _is_loopback(host):
            raise ConfigurationError("the sandbox serves this machine only", next_step="use the host 127.0.0.1")
        self.company = company if company is not None else Company()
        self.settings = settings if settings is not None else SandboxSettings()
        self.key, self.client_id, self.client_secret = key, "sandbox-client", "sandbox-secret"
        self.handlers = Handlers(
            self.company, self.settings, key=key, client_id=self.client_id, client_secret=self.client_secret, life=life
        )
        self.companies = (self.handlers, *(self._handlers_of(other) for other in others))
        self.host, self.port = host, port
        self._socket: socket.socket | None = None
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    def _handlers_of(self, tenant: Tenant) -> Handlers:
        return Handlers(
            tenant.company,
            msgspec.structs.replace(self.settings),
            key=tenant.key,
            client_id=f"{self.client_id}-{tenant.company.id}",
            client_secret=self.client_secret,
            life=tenant.life,
        )

    @property
    def url(self) -> str:
        """The base URL."""
        return f"http://{self.host}:{self.port}"

    @property
    def faults(self) -> Faults:
        """The faults that are ordered."""
        return self.handlers.faults

    @property
    def calls(self) -> int:
        """The number of requests received."""
        return self.handlers.calls

    def _bind(self) -> uvicorn.Server:
        # asyncio turns Nagle's delay (40 ms per response) off only if the protocol is named.
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind((self.host, self.port))
            self._socket.listen(_QUEUED)  # who is told the address may ask at once, and is answered when it begins
        except OSError as error:
            self._socket.close()
            raise ConfigurationError(
                f"port {self.port} of {self.host} is in use", next_step="choose another one with --port, or 0 for any"
            ) from error
        self.port = self._socket.getsockname()[1]
        # Ordered faults would fill the log with meaningless tracebacks.
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        config = uvicorn.Config(
            Several(self.companies) if len(self.companies) > 1 else self.handlers.app(),
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=0,
            ws="none",
            date_header=False,  # the handlers have a clock of their own
        )
        return _Server(config, self.companies)

    def serve(self, ready: Callable[[], None]) -> None:
        """Serve until interrupted; `ready` is called once the port is bound."""
        server = self._bind()
        # A shell's background jobs ignore it until the server listens for it, and by then somebody may have sent it.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        ready()
        server.run(sockets=[self._socket] if self._socket else None)

    def __enter__(self) -> Self:
        server = self._server = self._bind()
        listening = [self._socket] if self._socket else None
        self._thread = threading.Thread(target=server.run, kwargs={"sockets": listening}, daemon=True)
        self._thread.start()
        deadline = time.monotonic() + _START_SECONDS
        while not server.started:
            if time.monotonic() > deadline:
                raise ConfigurationError("the sandbox did not start", next_step="try another --port")
            time.sleep(0.005)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server and self._thread:
            self._server.should_exit = True
            self._thread.join(timeout=_START_SECONDS)
        if self._socket:
            self._socket.close()


def _require_invented(keys: Sequence[str]) -> None:
    """Raises ConfigurationError for a key that could be a real one, and for two companies with one key."""
    if not all(key.startswith("sandbox-") for key in keys):
        raise ConfigurationError(
            "the sandbox refuses a key that could be a real one",
            next_step="give it an invented key that begins with sandbox-",
        )
    if len({*keys}) < len(keys):
        raise ConfigurationError("two companies have the same key", next_step="give each one of its own")


def _is_loopback(host: str) -> bool:
    """Whether a host is a loopback address, and not a name."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

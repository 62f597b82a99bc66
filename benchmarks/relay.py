"""A relay between a program and its database, on the loopback and in its own process: it delays, and it counts.

Half of `delay` passes in each direction; making a connection costs one delay. A round trip is a turn-around: bytes from
the server after bytes from the client; a connection counts as one. What is sent ahead without waiting (a pipeline) is
therefore one round trip, as it is on a real network, and a farewell that nobody answers is none.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import selectors
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.sharedctypes import SynchronizedArray, SynchronizedBase
from types import TracebackType
from typing import Any, NamedTuple, Self

_TRIPS, _SENT, _RECEIVED = range(3)
_HIGH, _LOW = 4_000_000, 1_000_000
"""Bytes underway at which reading pauses, and at which it goes on."""


class Counts(NamedTuple):
    """Round trips, and bytes from and to the client."""

    round_trips: int
    bytes_sent: int
    bytes_received: int


class Relay:
    """A relay to one server, a context manager. `delay` (seconds per round trip) may change between connections."""

    def __init__(self, host: str, port: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._delay: SynchronizedBase[Any] = context.Value("d", 0.0)
        self._counts: SynchronizedArray[int] = context.Array("q", 3)
        mine, other = context.Pipe()
        self._process = context.Process(
            target=_run, args=(host, port, self._delay, self._counts, other), daemon=True, name="relay"
        )
        self._process.start()
        other.close()
        self.port: int = mine.recv()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.join()

    def start(self, delay: float = 0) -> None:
        """Count from zero, and delay what connects from now on."""
        self._delay.value = delay  # type: ignore[attr-defined]
        self._counts[:] = [0, 0, 0]

    def counts(self) -> Counts:
        """What went through since `start`."""
        return Counts(*self._counts[:])


def _run(host: str, port: int, delay: SynchronizedBase[Any], counts: SynchronizedArray[int], told: Connection) -> None:
    async def serve() -> None:
        loop = asyncio.get_running_loop()

        def accept() -> _Client:
            return _Client(host, port, delay.value, counts.get_obj())  # type: ignore[attr-defined]

        server = await loop.create_server(accept, "127.0.0.1", 0)
        told.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    # select takes microseconds where epoll takes whole milliseconds: half of 1 ms must stay half of 1 ms.
    loop = asyncio.SelectorEventLoop(selectors.SelectSelector())
    loop.run_until_complete(serve())


class _Pipe:
    """One direction: bytes leave `wait` seconds after they came, in order; reading pauses while much is underway."""

    def __init__(self, wait: float) -> None:
        self.wait = wait
        self.source: asyncio.Transport | None = None
        self.target: asyncio.Transport | None = None
        self._underway = 0
        self._paused = False

    def push(self, data: bytes) -> None:
        if not self.wait:
            self._leave(data)
            return
        self._underway += len(data)
        asyncio.get_running_loop().call_later(self.wait, self._arrive, data)
        if self._underway > _HIGH and not self._paused and self.source:
            self._paused = True
            self.source.pause_reading()

    def _arrive(self, data: bytes) -> None:
        self._underway -= len(data)
        self._leave(data)
        if self._paused and self._underway < _LOW and self.source and not self.source.is_closing():
            self._paused = False
            self.source.resume_reading()

    def _leave(self, data: bytes) -> None:
        if self.target and not self.target.is_closing():
            self.target.write(data)

    def end(self) -> None:
        """Close the other side when all is through."""
        asyncio.get_running_loop().call_later(self.wait, self._close)

    def _close(self) -> None:
        if self.target:
            self.target.close()


class _Client(asyncio.Protocol):
    """A client's connection: reaches the server one delay later, then passes bytes both ways."""

    def __init__(self, host: str, port: int, delay: float, counts: Any) -> None:  # noqa: ANN401 - a ctypes array
        self._address, self._delay, self._counts = (host, port), delay, counts
        self._up, self._down = _Pipe(delay / 2), _Pipe(delay / 2)
        self._spoke_last = "server"
        self._early: list[bytes] = []
        self._tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._down.target = self._up.source = transport
        self._counts[_TRIPS] += 1
        task = asyncio.get_running_loop().create_task(self._connect())
        self._tasks.add(task)

    async def _connect(self) -> None:
        if self._delay:
            await asyncio.sleep(self._delay)
        server = _Server(self._heard, self._down)
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: server, *self._address)
        self._up.target = server.transport
        self._down.source = server.transport
        for data in self._early:
            self._up.push(data)
        self._early.clear()

    def data_received(self, data: bytes) -> None:
        self._spoke_last = "client"
        self._counts[_SENT] += len(data)
        if self._up.target is None:
            self._early.append(data)
        else:
            self._up.push(data)

    def _heard(self, size: int) -> None:
        if self._spoke_last == "client":
            self._spoke_last = "server"
            self._counts[_TRIPS] += 1
        self._counts[_RECEIVED] += size

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self._up.end()


class _Server(asyncio.Protocol):
    """The server's side of a connection."""

    def __init__(self, heard: Callable[[int], None], down: _Pipe) -> None:
        self._heard, self._down = heard, down
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self._heard(len(data))
        self._down.push(data)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self._down.end()

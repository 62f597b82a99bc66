"""The address at which Connecteam's webhooks ring: record, answer; who looks is the clock.

A delivery is in the database before it is answered with 204. Those that come at the same time are stored together, in
one transaction after the other: five hundred at once cost a few commits, and on SQLite one of these waits for the
writer.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable
from concurrent.futures import Future
from multiprocessing.pool import ThreadPool

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from connecteam_sync.config import Settings
from connecteam_sync.core.bells import Bell, Placing
from connecteam_sync.core.deliveries import LARGEST_BODY, Secrets, read_bell
from connecteam_sync.errors import ConnecteamSyncError, RecordRefused, RowMoved
from connecteam_sync.service.web import refusal
from connecteam_sync.store.service.bells import Bells
from connecteam_sync.store.store import Store

PATH = "/hooks/connecteam"
LOCK_WAIT = 9.0
"""Seconds that a batch of deliveries waits for the writer on SQLite."""
_ANSWER, _BODY = 10.0, 20.0
"""Seconds until a delivery is given up that could not be stored, or whose body does not end."""
_MOST = 2_000
"""Deliveries that are in memory; more are refused."""
_READ_AT_MOST = 2_000_000
"""Bytes after which a body that is too large is no longer read."""
_TRIES = 3
_UNREAD = {"connection": "close"}
"""What is left of a body is not read, so that nothing else can come on that connection."""
_LATER = {"retry-after": "60"}
_SECRET, _SIGNATURE = b"x-webhook-secret", b"x-connecteam-signature"


class Recorder:
    """Stores deliveries, each of which wants a look in `settle_seconds`. Used by one event loop.

    `ahead` is by how many seconds a simulation is ahead of the database's clock.
    """

    def __init__(self, settings: Settings, *, settle_seconds: int, ahead: Callable[[], int] = lambda: 0) -> None:
        self._store = Store(settings.database_url, settings.tables, own=settings.own, lock_wait=LOCK_WAIT)
        self._settle_seconds, self._ahead = settle_seconds, ahead
        self._thread = _Thread()
        self._open: list[Bell] = []
        self._batch: asyncio.Task[Placing] | None = None
        self._writing = asyncio.Lock()

    async def record(self, bell: Bell) -> bool:
        """Whether a delivery is stored, or was before; False where too much waits. Raises ConnecteamSyncError."""
        if len(self._open) >= _MOST:
            return False
        self._open.append(bell)
        if self._batch is None:
            self._batch = asyncio.get_running_loop().create_task(self._write())
            # Those who waited may have given up: then nobody else asks how it ended.
            self._batch.add_done_callback(lambda batch: batch.cancelled() or batch.exception())
        found = await asyncio.wait_for(asyncio.shield(self._batch), _ANSWER)
        return bell.key not in found.refused

    async def _write(self) -> Placing:
        """Store all that have come by the time the batch before is stored."""
        async with self._writing:
            bells, self._open, self._batch = self._open, [], None
            return await asyncio.wrap_future(self._thread.begin(lambda: self.store(bells)))

    def store(self, bells: list[Bell]) -> Placing:
        """One transaction. Where another process stores the same delivery at the same moment, it is tried again."""
        self._store.columns()  # says so where there are no tables of ours, and which server this is
        for attempt in range(_TRIES):
            try:
                with self._store.own_rows("storing doorbells") as connection:
                    rows = Bells(self._store.dialect, self._store.own, ahead=self._ahead())
                    return rows.record(connection, bells, settle_seconds=self._settle_seconds)
            except (RecordRefused, RowMoved):
                if attempt == _TRIES - 1:
                    raise
        raise AssertionError

    def close(self) -> None:
        """Give back the connections, once what is in hand is stored."""
        self._thread.end(self._store.close)


class _Thread:
    """Does one thing after the other. A database that hangs keeps it, but not the process: a pool of `multiprocessing`
    has daemons, while the end of a process waits for every thread of an executor.
    """

    def __init__(self) -> None:
        self._pool = ThreadPool(1)

    def begin(self, thing: Callable[[], Placing]) -> Future[Placing]:
        """Have something done; what it returns or raises is in the future."""
        future: Future[Placing] = Future()
        future.set_running_or_notify_cancel()
        self._pool.apply_async(thing, callback=future.set_result, error_callback=future.set_exception)
        return future

    def end(self, last: Callable[[], None]) -> None:
        """Have a last thing done, once what is in hand is; this does not wait for it."""
        self._pool.apply_async(last)
        self._pool.close()


class Hooks:
    """The route of webhooks. `token` is a part of its address, and `secrets` prove a delivery; `ahead` as above.

    `stored` is called, in a thread, before a delivery that is on record is answered; if it raises ConnecteamSyncError,
    the delivery is to come again. Until the token is known every delivery is told to come again.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        secrets: Secrets,
        token: str | None = None,
        ahead: Callable[[], int] = lambda: 0,
        stored: Callable[[], None] | None = None,
    ) -> None:
        self.token, self._secrets, self._stored = token, secrets, stored
        self._recorder = Recorder(settings, settle_seconds=settings.settle_seconds, ahead=ahead)

    @property
    def path(self) -> str | None:
        """The path of the address; None while the token is not known."""
        return None if self.token is None else f"{PATH}/{self.token}"

    def routes(self) -> list[Route]:
        """Its one route."""
        return [Route(f"{PATH}/{{token}}", self.hear, methods=["POST"])]

    def close(self) -> None:
        """Give back the connections."""
        self._recorder.close()

    async def hear(self, request: Request) -> Response:
        """Answer a delivery: 204 once it is stored, or was before, or if nothing can be done with it."""
        if self.token is None:
            return refusal(503, headers=_LATER)
        return await self.heard(request) if self.knows(request.path_params["token"]) else refusal(404)

    def knows(self, token: str) -> bool:
        """Whether this is the token of its address, compared in the same time whatever it is."""
        return self.token is not None and hmac.compare_digest(token.encode(), self.token.encode())

    async def heard(self, request: Request) -> Response:
        """Answer a delivery at the right address."""
        try:
            async with asyncio.timeout(_BODY):
                body = await _body(request)
        except (TimeoutError, ClientDisconnect):
            return refusal(408, headers=_UNREAD)
        except asyncio.CancelledError:  # the service is to end
            return refusal(503, headers=_UNREAD)
        secret, signature = _header(request, _SECRET), _header(request, _SIGNATURE)
        fitted = self._secrets.fitting(secret, signature if body is not None else None, body or b"")
        if body is None:
            return refusal(401 if fitted is None and signature is None else 413, headers=_UNREAD)
        if fitted is None:
            return refusal(401)
        try:
            is_stored = await self._recorder.record(read_bell(body, fitted))
            if is_stored and self._stored is not None:
                await run_in_threadpool(self._stored)
        except (ConnecteamSyncError, TimeoutError, asyncio.CancelledError):  # the last: the service is to end
            is_stored = False
        return Response(status_code=204) if is_stored else refusal(503, headers=_LATER)


def _header(request: Request, name: bytes) -> bytes | None:
    """The value of a header; None where it is absent, or said twice."""
    values = [value for key, value in request.scope["headers"] if key == name]
    return values[0] if len(values) == 1 else None


async def _body(request: Request) -> bytes | None:
    """The body; None if it is too large.

    Of one that is too large some more is read and thrown away: who is still sending would not see the answer.
    """
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > _READ_AT_MOST:
            return None
        if size > LARGEST_BODY:
            parts.clear()
        else:
            parts.append(part)
    return b"".join(parts) if size <= LARGEST_BODY else None

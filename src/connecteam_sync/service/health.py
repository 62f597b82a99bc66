"""Health and metrics: `/livez`, `/readyz` and `/metrics`, asked by monitors."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from connecteam_sync.client import ConnecteamSync
from connecteam_sync.config import Settings
from connecteam_sync.errors import ConnecteamSyncError, DatabaseError
from connecteam_sync.service.metrics_file import is_there
from connecteam_sync.service.web import refusal

_KEPT_SECONDS = 1.0
"""However often it is asked, the database is asked once in so many seconds."""
_NOT_READY = "the database does not answer, or lacks a table; connecteam-sync status says more"
"""Without its address and user: whoever may ring may ask this, too."""
_NO_STORE = {"cache-control": "no-store"}


class Health:
    """Whether the service lives, and whether its database answers. `is_alive` is asked of the threads that work.

    It has a client of its own, which one request at a time uses.
    """

    def __init__(self, settings: Settings, *, is_alive: Callable[[], bool]) -> None:
        self._client, self._is_alive = ConnecteamSync(settings=settings), is_alive
        self._lock = threading.Lock()
        self._ready: tuple[str | None, float] = ("not asked yet", 0.0)
        self._metrics_of: Callable[[str], tuple[bytes, str]] | None = None

    def routes(self) -> list[BaseRoute]:
        """`/livez` and `/readyz`."""
        return [Route("/livez", self._livez), Route("/readyz", self._readyz)]

    def metrics_routes(self) -> list[BaseRoute]:
        """`/metrics`."""
        return [Route("/metrics", self._metrics)]

    def close(self) -> None:
        """Close its connections."""
        if self._lock.acquire(timeout=_KEPT_SECONDS):
            try:
                self._client.close()
            finally:
                self._lock.release()

    # Not coroutines: Starlette calls them in a thread, so that a database that is slow keeps no other request.

    def _livez(self, _: Request) -> Response:
        """200 while every thread that works is there: what cannot be mended from within is started again."""
        if not self._is_alive():
            return refusal(HTTPStatus.SERVICE_UNAVAILABLE, "a thread of the service has ended")
        return PlainTextResponse("ok\n", headers=_NO_STORE)

    def _readyz(self, _: Request) -> Response:
        """200 while the database answers and has our tables."""
        with self._lock:
            problem, at = self._ready
            if time.monotonic() - at > _KEPT_SECONDS:
                problem = self._problem()
                self._ready = (problem, time.monotonic())
        if problem is not None:
            return refusal(HTTPStatus.SERVICE_UNAVAILABLE, problem)
        return JSONResponse({"schema": 1, "status": "ready"}, headers=_NO_STORE)

    def _problem(self) -> str | None:
        try:
            self._client.alerts()  # a small table of this version
        except ConnecteamSyncError as error:
            return _NOT_READY if isinstance(error, DatabaseError) else error.message
        return None

    def _metrics(self, request: Request) -> Response:
        """The metrics, made now; 503 while the database does not answer."""
        if not is_there():
            return refusal(HTTPStatus.NOT_FOUND)
        from connecteam_sync.service.metrics import Metrics  # noqa: PLC0415 - an extra

        with self._lock:
            if self._metrics_of is None:
                self._metrics_of = Metrics(self._client).text
            try:
                page, kind = self._metrics_of(request.headers.get("accept", ""))
            except ConnecteamSyncError as error:
                return refusal(HTTPStatus.SERVICE_UNAVAILABLE, error.message)
        return Response(page, headers={**_NO_STORE, "content-type": kind})

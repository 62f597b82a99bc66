"""The application of a listener: its routes, and every failure as the one JSON object that the command answers with."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from connecteam_sync.service.units import log_unforeseen

_SCHEMA = 1


def application(routes: Sequence[BaseRoute]) -> Starlette:
    """An application of these routes, asked in this order.

    What a route raises as HTTPException, and a path or a method that nobody has, is answered by `refusal`; anything
    else that fails is a 500 without its words, which may hold names.
    """
    made = Starlette(
        routes=list(routes),
        exception_handlers={HTTPException: _refused, Exception: _failed},
        middleware=[Middleware(_OneLength)],
    )
    # A slash too many would be answered with another address, of whatever host the request names.
    made.router.redirect_slashes = False
    return made


class _OneLength:
    """Refuses a request that says twice, and so perhaps differently, where it ends: a proxy that reads the other of the
    two takes what is left of it for a request of somebody else.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        names = {name for name, _ in scope.get("headers", ())}
        if {b"content-length", b"transfer-encoding"} <= names:
            answer = refusal(HTTPStatus.BAD_REQUEST, "the request has two lengths", headers={"connection": "close"})
            await answer(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def refusal(status: int, message: str = "", *, next_step: str = "", headers: dict[str, str] | None = None) -> Response:
    """A request that is not done, as JSON in the words of the command."""
    phrase = HTTPStatus(status).phrase
    said = {
        "schema": _SCHEMA,
        "status": "failed",
        "error": phrase.lower().replace(" ", "_"),
        "message": message or phrase,
        "next_step": next_step,
    }
    return JSONResponse(said, status, headers={"cache-control": "no-store", **(headers or {})})


async def _refused(_: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    return refusal(error.status_code, headers=dict(error.headers or {}))


async def _failed(_: Request, error: Exception) -> Response:
    log_unforeseen(error)
    # The server closes this connection after the answer; who is not told sends the next request into it.
    return refusal(HTTPStatus.INTERNAL_SERVER_ERROR, headers={"connection": "close"})

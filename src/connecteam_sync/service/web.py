"""The application of a listener: its routes, and every failure as the one JSON object that the command answers with."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

_SCHEMA = 1


def application(routes: Sequence[BaseRoute]) -> Starlette:
    """An application of these routes, asked in this order.

    What a route raises as HTTPException, and a path or a method that nobody has, is answered by `refusal`; anything
    else that fails is a 500 without its words, which may hold names.
    """
    made = Starlette(routes=list(routes), exception_handlers={HTTPException: _refused, Exception: _failed})
    # A slash too many would be answered with another address, of whatever host the request names.
    made.router.redirect_slashes = False
    return made


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


async def _failed(_: Request, __: Exception) -> Response:
    # The server closes this connection after the answer; who is not told sends the next request into it.
    return refusal(HTTPStatus.INTERNAL_SERVER_ERROR, headers={"connection": "close"})

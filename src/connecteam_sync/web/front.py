"""What stands in front of pages: whether a request comes to us and from a page of ours, who signs in and out, and the
form of an answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any, Protocol
from urllib.parse import parse_qsl, quote

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from connecteam_sync.errors import ConnecteamSyncError
from connecteam_sync.present.json_shapes import SCHEMA, encoded
from connecteam_sync.present.next_steps import steps_of_account
from connecteam_sync.web.compression import compressed
from connecteam_sync.web.failures import NotAllowed, origin_of, status_of
from connecteam_sync.web.gate import HEADERS, LARGEST_FORM, Gate, is_from_our_page, whole
from connecteam_sync.web.page import Fields, Form, Moved, Page, Visitor
from connecteam_sync.web.render import STATIC, rendered, static_file
from connecteam_sync.web.visitors import TooOften, Visitors

_COOKIE = "connecteam_sync_session"
_MOST_FIELDS = 500
_FORM = "application/x-www-form-urlencoded"
_FOREVER = {"cache-control": "public, max-age=31536000, immutable", "x-content-type-options": "nosniff"}
_TYPES: dict[Form, str] = {
    "html": "text/html; charset=utf-8",
    "json": "application/json",
    "csv": "text/csv; charset=utf-8",
}
LONGEST_PATH = 500


class SignedIn(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who has just signed in, what they are told of it, and the token of their session."""

    token: str
    json: Mapping[str, Any]


class SignsIn(Protocol):
    """Finds out who signs in: by the fields of the form, the address it came from and the token that it brought."""

    def __call__(self, fields: Fields, *, address: str, token: str | None) -> SignedIn | None:
        """None if name and secret do not belong together. Raises ConnecteamSyncError."""


class Front:
    """The front of one console. `frame` gives what the frame of each page needs, for a visitor and a path; `prefix`
    stands before the path of each of its pages, `""` or `/accounts/NAME`, if it is that of one `account` of several.
    """

    def __init__(
        self,
        gate: Gate,
        visitors: Visitors,
        frame: Callable[[Visitor | None, str], Mapping[str, Any]],
        *,
        account: str | None = None,
    ) -> None:
        self.gate, self.visitors, self._account = gate, visitors, account
        self.prefix = "" if account is None else f"/accounts/{account}"
        self._frame = frame

    def routes(self, signs_in: SignsIn, form: Callable[[Request], Any]) -> list[BaseRoute]:
        """Our files, and signing in and out: once for a process, however many consoles it has. `form` answers with the
        form for signing in.
        """

        async def sign_in(request: Request) -> Response:
            return await self.guarded(
                request, form_of(request), lambda fields: self._sign_in(request, signs_in, fields)
            )

        return [
            *(Route(f"/static/{name}", _static, methods=["GET"]) for name in STATIC),
            Route("/sign-in", form, methods=["GET"]),
            Route("/sign-in", sign_in, methods=["POST"]),
            Route("/sign-out", self._sign_out, methods=["POST"]),
        ]

    # -- one request ---------------------------------------------------------------------------------------------------

    async def guarded(self, request: Request, form: Form, answer: Callable[[Fields], Response]) -> Response:
        """The answer to a request that came to us, from a page of ours where it acts; else why not."""
        host = request.headers.get("host")
        if not self.gate.is_ours(host):
            said = NotAllowed(
                "this address is not one of the console's",
                next_step="set CONNECTEAM_SYNC_PUBLIC_URL to the address at which people reach it",
            )
            return self.failed(said, form, status=HTTPStatus.MISDIRECTED_REQUEST)
        fields = Fields()
        if request.method == "POST":
            if not is_from_our_page(host or "", whole(request.headers.items())):
                said = NotAllowed(
                    "this action does not come from a page of the console", next_step="open the console and act there"
                )
                return self.failed(said, form)
            if not _is_form(request.headers.get("content-type")):
                said = NotAllowed("what is sent is no form", next_step="send application/x-www-form-urlencoded")
                return self.failed(said, form, status=HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
            body = await _body(request)
            if body is None:
                said = NotAllowed("the form is too large", next_step="send less than 64 kB")
                return self.failed(said, form, status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            try:
                fields = Fields(parse_qsl(body, keep_blank_values=True, max_num_fields=_MOST_FIELDS))
            except ValueError:
                said = NotAllowed("the form has too many fields", next_step=f"send at most {_MOST_FIELDS}")
                return self.failed(said, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
        # In the thread, as a large answer takes a moment. The page for signing in may hold the word that does it once.
        is_compressed = request.url.path != "/sign-in"
        return await run_in_threadpool(
            lambda: compressed(answer(fields), request.headers) if is_compressed else answer(fields)
        )

    def token(self, request: Request) -> str | None:
        """The token of the session that a request brought."""
        return request.cookies.get(self._cookie(request)) or None

    def path(self, request: Request) -> str:
        """The path of the page that is asked for, without what stands before all of them."""
        return request.url.path.removeprefix(self.prefix)

    # -- answers -------------------------------------------------------------------------------------------------------

    def html(
        self, template: str, members: Mapping[str, Any], visitor: Visitor | None, path: str, *, status: int = 200
    ) -> Response:
        """A page."""
        text = rendered(template, {**self._frame(visitor, path), **members}, prefix=self.prefix, account=self._account)
        return response(text, "html", status)

    def json(self, members: Mapping[str, Any], *, status: int = 200) -> Response:
        """An answer for programs; the commands that it leads to are about the account of these pages."""
        return response(encoded({"schema": SCHEMA, **steps_of_account(members, self._account)}), "json", status)

    def moved(self, moved: Moved, form: Form) -> Response:
        """Where the result of an action is seen."""
        if form == "json":
            return self.json(moved.json)
        return RedirectResponse(f"{self.prefix}{moved.to}", HTTPStatus.SEE_OTHER, headers=HEADERS)

    def failed(
        self,
        error: ConnecteamSyncError,
        form: Form,
        *,
        visitor: Visitor | None = None,
        status: HTTPStatus | None = None,
    ) -> Response:
        """Why it is not done, and what to do, in the words of the command."""
        code = status or (HTTPStatus.TOO_MANY_REQUESTS if isinstance(error, TooOften) else status_of(error))
        if form != "html":
            answer = self.json(error.members, status=code)
        else:
            members = {"code": int(code), "phrase": code.phrase, "origin": origin_of(error), "error": error}
            answer = self.html("failure.html", members, visitor, "", status=code)
        if isinstance(error, TooOften):
            answer.headers["retry-after"] = str(error.wait)
        return answer

    def sign_in_first(self, request: Request, form: Form) -> Response:
        """Where nobody is signed in: a person is led to the form, and comes back to what they asked for."""
        if form != "html":
            said = NotAllowed("nobody is signed in", next_step="sign in at /sign-in")
            return self.failed(said, form, status=HTTPStatus.UNAUTHORIZED)
        asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        after = f"?next={quote(asked, safe='')}" if request.method == "GET" and asked != "/" else ""
        return RedirectResponse(f"/sign-in{after}", HTTPStatus.SEE_OTHER, headers=HEADERS)

    # -- signing in and out --------------------------------------------------------------------------------------------

    def _sign_in(self, request: Request, signs_in: SignsIn, fields: Fields) -> Response:
        form, after = form_of(request), local_path(fields.get("next", ""))
        address = self.gate.address(peer_of(request), whole(request.headers.items()))
        try:
            found = signs_in(fields, address=address, token=self.token(request))
        except ConnecteamSyncError as error:
            return self.failed(error, form)
        if found is None:
            said = NotAllowed(
                "this name and this secret do not belong together",
                next_step="try again; connecteam-sync console user secret NAME prints a new one",
            )
            if form == "json":
                return self.failed(said, form, status=HTTPStatus.UNAUTHORIZED)
            members = {"error": said, "name": fields.get("name", "").strip(), "next": after, "once": ""}
            return self.html("sign_in.html", members, None, "/sign-in", status=HTTPStatus.UNAUTHORIZED)
        answer = self.moved(Moved(to=after or "/", json=found.json), form)
        answer.set_cookie(self._cookie(request), found.token, **self._of_cookie(request))
        return answer

    async def _sign_out(self, request: Request) -> Response:
        form = form_of(request)

        def signed_out(_: Fields) -> Response:
            self.visitors.sessions.end(self.token(request))
            answer = self.moved(Moved(to="/sign-in"), form)
            answer.delete_cookie(self._cookie(request), **self._of_cookie(request))
            return answer

        return await self.guarded(request, form, signed_out)

    def _is_encrypted(self, request: Request) -> bool:
        return self.gate.is_encrypted(request.headers.get("host", ""))

    def _cookie(self, request: Request) -> str:
        """The name of the cookie: where it came by https, one that no other host can set."""
        return f"__Host-{_COOKIE}" if self._is_encrypted(request) else _COOKIE

    def _of_cookie(self, request: Request) -> dict[str, Any]:
        return {"path": "/", "secure": self._is_encrypted(request), "httponly": True, "samesite": "lax"}


def form_of(request: Request) -> Form:
    """The form that whoever acts wants the result in."""
    return "json" if "application/json" in request.headers.get("accept", "") else "html"


def peer_of(request: Request) -> str:
    """The address of the other end of the connection."""
    return request.client.host if request.client is not None else ""


def response(text: str, form: Form, status: int) -> Response:
    """An answer with the headers of every page."""
    return Response(text, status, headers={**HEADERS, "content-type": _TYPES[form]})


def sign_in_page(query: Mapping[str, str]) -> Page:
    """The form for signing in: after it to the path `next`, by the word `once` if there is one."""
    once, after = query.get("once", "")[:100], local_path(query.get("next", ""))
    return Page(template="sign_in.html", members={"error": None, "name": "", "next": after, "once": once})


def local_path(text: str) -> str:
    """A path of ours to go to after signing in; empty for an address of anybody else."""
    is_path = text.startswith("/") and not text.startswith(("//", "/\\")) and text.isascii() and text.isprintable()
    return text if is_path and len(text) <= LONGEST_PATH else ""


def first_values(items: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The first value of each name."""
    found: dict[str, str] = {}
    for name, value in items:
        found.setdefault(name, value)
    return found


async def _static(request: Request) -> Response:
    name = request.url.path.rpartition("/")[2]
    content, _ = static_file(name)
    return compressed(Response(content, headers={"content-type": STATIC[name], **_FOREVER}), request.headers)


def _is_form(content_type: str | None) -> bool:
    """Whether a body is to be read as a form. One without a type is; a program that sends JSON would be heard as one
    that names nothing, such as no days.
    """
    return content_type is None or content_type.partition(";")[0].strip().lower() == _FORM


async def _body(request: Request) -> str | None:
    """The body of a form; None if it is too large. Bytes that are no UTF-8 are replaced."""
    read = bytearray()
    try:
        async for part in request.stream():
            read += part
            if len(read) > LARGEST_FORM:
                return None
    except ClientDisconnect:
        return None
    return read.decode("utf-8", "replace")

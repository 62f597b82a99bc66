"""The console: for each request who asks, whether they may, the page of it, and that as HTML, JSON or CSV."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit
from zoneinfo import ZoneInfo

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from connecteam_sync.config import Settings
from connecteam_sync.core.proxies import proxies
from connecteam_sync.core.roles import may
from connecteam_sync.core.status import MirrorStatus
from connecteam_sync.errors import ConnecteamSyncError
from connecteam_sync.present.json_shapes import SCHEMA, encoded
from connecteam_sync.version import __version__
from connecteam_sync.web.clients import Clients
from connecteam_sync.web.compression import compressed
from connecteam_sync.web.failures import NotAllowed, origin_of, status_of
from connecteam_sync.web.gate import HEADERS, LARGEST_FORM, LOOPBACK, Gate, is_from_our_page, whole
from connecteam_sync.web.page import Ask, Fields, Form, Moved, Page, Place, Visitor
from connecteam_sync.web.pages import NAVIGATION, PLACES
from connecteam_sync.web.render import STATIC, csv_text, rendered, static_file
from connecteam_sync.web.visitors import Once, TooOften, Visitors
from connecteam_sync.web.work import Works

_STATUS_SECONDS = 5.0
"""However many pages are asked for, the header's facts are read once in so many seconds."""
_COOKIE = "connecteam_sync_session"
_MOST_FIELDS = 500
_FORM = "application/x-www-form-urlencoded"
_FOREVER = {"cache-control": "public, max-age=31536000, immutable", "x-content-type-options": "nosniff"}
_TYPES: dict[Form, str] = {
    "html": "text/html; charset=utf-8",
    "json": "application/json",
    "csv": "text/csv; charset=utf-8",
}


class Console:
    """The console of one mirror, reached at `host`. `clock` gives seconds that never go back, `now` epoch seconds.

    `once` is a word that signs somebody in one time, by `/sign-in?once=…`.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        host: str,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
        once: Once | None = None,
    ) -> None:
        public = urlsplit(settings.public_url or "").hostname
        self._gate = Gate(
            hosts=LOOPBACK | {host.lower()} | ({public} if public else set()),
            public=public,
            proxies=proxies(settings.trusted_proxies) if settings.trusted_proxies else frozenset(),
            user_header=settings.proxy_user_header,
        )
        self._settings, self._clock, self._now = settings, clock, now
        self._zone = ZoneInfo(settings.timezone)
        self._clients = Clients(settings)
        self._visitors = Visitors(self._gate, clock, once=once)
        self._works = Works(settings, now=now)
        self._status: tuple[MirrorStatus | None, float] = (None, 0.0)

    def routes(self) -> list[BaseRoute]:
        """The routes of every page, in each form it has, and of our files."""
        made: list[BaseRoute] = [Route(f"/static/{name}", self._static, methods=["GET"]) for name in STATIC]
        made += [
            Route("/sign-in", self._endpoint(Place(path="/sign-in", handler=_sign_in_form, is_open=True))),
            Route("/sign-in", self._sign_in, methods=["POST"]),
            Route("/sign-out", self._sign_out, methods=["POST"]),
        ]
        for place in PLACES:
            forms: Iterable[Form] = place.forms if not place.is_action else ()
            for form in forms:
                path = f"{'/index' if place.path == '/' else place.path}.{form}"
                made.append(Route(path, self._endpoint(place, form), methods=["GET"]))
            made.append(Route(place.path, self._endpoint(place), methods=["POST" if place.is_action else "GET"]))
        return made

    def close(self) -> None:
        """Stop long work, and close its connections."""
        self._works.end()
        self._clients.close()

    # -- one request ---------------------------------------------------------------------------------------------------

    def _endpoint(self, place: Place, form: Form | None = None) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            wanted = form or ("json" if "application/json" in request.headers.get("accept", "") else "html")
            if wanted not in ("html", *place.forms) and not place.is_action:
                wanted = "html"
            return await self._guarded(request, wanted, lambda fields: self._answer(request, place, wanted, fields))

        return answer

    async def _guarded(self, request: Request, form: Form, answer: Callable[[Fields], Response]) -> Response:
        """The answer to a request that came to us, from a page of ours where it acts; else why not."""
        host = request.headers.get("host")
        if not self._gate.is_ours(host):
            said = NotAllowed(
                "this address is not one of the console's",
                next_step="set CONNECTEAM_SYNC_PUBLIC_URL to the address at which people reach it",
            )
            return self._failed(said, form, status=HTTPStatus.MISDIRECTED_REQUEST)
        fields = Fields()
        if request.method == "POST":
            if not is_from_our_page(host or "", whole(request.headers.items())):
                said = NotAllowed(
                    "this action does not come from a page of the console", next_step="open the console and act there"
                )
                return self._failed(said, form)
            if not _is_form(request.headers.get("content-type")):
                said = NotAllowed("what is sent is no form", next_step="send application/x-www-form-urlencoded")
                return self._failed(said, form, status=HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
            body = await _body(request)
            if body is None:
                said = NotAllowed("the form is too large", next_step="send less than 64 kB")
                return self._failed(said, form, status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            try:
                fields = Fields(parse_qsl(body, keep_blank_values=True, max_num_fields=_MOST_FIELDS))
            except ValueError:
                said = NotAllowed("the form has too many fields", next_step=f"send at most {_MOST_FIELDS}")
                return self._failed(said, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
        # In the thread, as a large answer takes a moment. The page for signing in may hold the word that does it once.
        is_compressed = request.url.path != "/sign-in"
        return await run_in_threadpool(
            lambda: compressed(answer(fields), request.headers) if is_compressed else answer(fields)
        )

    def _answer(self, request: Request, place: Place, form: Form, fields: Fields) -> Response:
        visitor: Visitor | None = None
        try:
            with self._clients.one() as client:
                visitor = self._visitors.find(
                    client, peer=_peer(request), headers=whole(request.headers.items()), token=self._token(request)
                )
                if visitor is None and not place.is_open:
                    return self._sign_in_first(request, form)
                if visitor is not None and not may(visitor.role, place.ability):
                    raise NotAllowed(
                        f"{visitor.name or 'whoever is not signed in'} ({visitor.role}) may not do this",
                        next_step=f"ask somebody who can {place.ability}, or an admin for another role",
                    )
                ask = Ask(
                    client=client,
                    visitor=visitor or Visitor(name=None, role="viewer", how="loopback"),
                    zone=self._zone,
                    path=request.url.path,
                    now=round(self._now()),
                    params={name: str(value) for name, value in request.path_params.items()},
                    query=first_values(request.query_params.multi_items()),
                    form=fields,
                    wanted=form,
                    work=self._works,
                    status=lambda: self._status_of(client),
                )
                answer = place.handler(ask)
                if place.is_action:
                    self._status = (None, 0.0)
                if isinstance(answer, Moved):
                    return self._moved(answer, form)
                return self._shown(answer, form, ask, is_signed_in=visitor is not None)
        except ConnecteamSyncError as error:
            return self._failed(error, form, visitor=visitor)

    def _status_of(self, client: Any) -> MirrorStatus:  # noqa: ANN401 - a client
        known, at = self._status
        if known is None or self._clock() - at > _STATUS_SECONDS:
            known = client.status(anomalies=False, doorbell_counts=False)
            self._status = (known, self._clock())
        return known

    # -- answers -------------------------------------------------------------------------------------------------------

    def _shown(self, page: Page, form: Form, ask: Ask, *, is_signed_in: bool) -> Response:
        if form == "json" and page.json is not None:
            return _response(encoded({"schema": SCHEMA, **page.json}), "json", page.status)
        if form == "csv" and page.table is not None:
            return _response(csv_text(*page.table), "csv", page.status)
        frame = self._frame(ask.visitor if is_signed_in else None, ask.path, ask.status() if is_signed_in else None)
        return _response(rendered(page.template, {**frame, **page.members}), "html", page.status)

    @staticmethod
    def _moved(moved: Moved, form: Form) -> Response:
        if form == "json":
            return _response(encoded({"schema": SCHEMA, **moved.json}), "json", HTTPStatus.OK)
        return RedirectResponse(moved.to, HTTPStatus.SEE_OTHER, headers=HEADERS)

    def _failed(
        self,
        error: ConnecteamSyncError,
        form: Form,
        *,
        visitor: Visitor | None = None,
        status: HTTPStatus | None = None,
    ) -> Response:
        """Why it is not done, and what to do, in the words of the command."""
        code = status or (HTTPStatus.TOO_MANY_REQUESTS if isinstance(error, TooOften) else status_of(error))
        more = {"retry-after": str(error.wait)} if isinstance(error, TooOften) else {}
        if form != "html":
            return _response(encoded({"schema": SCHEMA, **error.members}), "json", code, more)
        members = {
            **self._frame(visitor, "", self._status[0]),
            "code": int(code),
            "phrase": code.phrase,
            "origin": origin_of(error),
            "error": error,
        }
        return _response(rendered("failure.html", members), "html", code, more)

    def _frame(self, visitor: Visitor | None, path: str, status: MirrorStatus | None) -> dict[str, Any]:
        """What the frame of each page needs."""
        return {
            "zone": self._zone,
            "now": round(self._now()),
            "zone_name": self._settings.timezone,
            "navigation": NAVIGATION,
            "path": path,
            "visitor": visitor,
            "can": (lambda ability: visitor is not None and may(visitor.role, ability)),
            "mirror": status,
            "work": self._works.in_hand,
            "version": __version__,
        }

    def _sign_in_first(self, request: Request, form: Form) -> Response:
        if form != "html":
            said = NotAllowed("nobody is signed in", next_step="sign in at /sign-in")
            return self._failed(said, form, status=HTTPStatus.UNAUTHORIZED)
        asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        after = f"?next={quote(asked, safe='')}" if request.method == "GET" and asked != "/" else ""
        return RedirectResponse(f"/sign-in{after}", HTTPStatus.SEE_OTHER, headers=HEADERS)

    async def _static(self, request: Request) -> Response:
        name = request.url.path.rpartition("/")[2]
        content, _ = static_file(name)
        return compressed(Response(content, headers={"content-type": STATIC[name], **_FOREVER}), request.headers)

    # -- signing in and out --------------------------------------------------------------------------------------------

    def _token(self, request: Request) -> str | None:
        return request.cookies.get(self._cookie(request)) or None

    def _cookie(self, request: Request) -> str:
        """The name of the cookie: where it came by https, one that no other host can set."""
        return f"__Host-{_COOKIE}" if self._gate.is_encrypted(request.headers.get("host", "")) else _COOKIE

    async def _sign_in(self, request: Request) -> Response:
        form: Form = "json" if "application/json" in request.headers.get("accept", "") else "html"
        return await self._guarded(request, form, lambda fields: self._signed_in(request, form, fields))

    def _signed_in(self, request: Request, form: Form, fields: Mapping[str, str]) -> Response:
        name, after = fields.get("name", "").strip(), local_path(fields.get("next", ""))
        try:
            with self._clients.one() as client:
                if word := fields.get("once", ""):
                    found = self._visitors.sign_in_once(client, word, token=self._token(request))
                else:
                    found = self._visitors.sign_in(
                        client,
                        name=name,
                        secret=fields.get("secret", ""),
                        address=self._gate.address(_peer(request), whole(request.headers.items())),
                        token=self._token(request),
                    )
        except ConnecteamSyncError as error:
            return self._failed(error, form)
        if found is None:
            said = NotAllowed(
                "this name and this secret do not belong together",
                next_step="try again; connecteam-sync console user secret NAME prints a new one",
            )
            if form == "json":
                return self._failed(said, form, status=HTTPStatus.UNAUTHORIZED)
            members = {**self._frame(None, "/sign-in", None), "error": said, "name": name, "next": after, "once": ""}
            return _response(rendered("sign_in.html", members), "html", HTTPStatus.UNAUTHORIZED)
        user, token = found
        answer = self._moved(Moved(to=after or "/", json={"name": user.name, "role": user.role}), form)
        self._set_cookie(request, answer, token)
        return answer

    def _set_cookie(self, request: Request, answer: Response, token: str) -> None:
        answer.set_cookie(
            self._cookie(request),
            token,
            path="/",
            secure=self._gate.is_encrypted(request.headers.get("host", "")),
            httponly=True,
            samesite="lax",
        )

    async def _sign_out(self, request: Request) -> Response:
        form: Form = "json" if "application/json" in request.headers.get("accept", "") else "html"

        def signed_out(_: Mapping[str, str]) -> Response:
            self._visitors.sessions.end(self._token(request))
            answer = self._moved(Moved(to="/sign-in"), form)
            answer.delete_cookie(
                self._cookie(request),
                path="/",
                secure=self._gate.is_encrypted(request.headers.get("host", "")),
                httponly=True,
                samesite="lax",
            )
            return answer

        return await self._guarded(request, form, signed_out)


def _sign_in_form(ask: Ask) -> Page:
    once, after = ask.query.get("once", "")[:100], local_path(ask.query.get("next", ""))
    members = {"error": None, "name": "", "next": after, "once": once}
    return Page(template="sign_in.html", members=members)


def local_path(text: str) -> str:
    """A path of ours to go to after signing in; empty for an address of anybody else."""
    is_path = text.startswith("/") and not text.startswith(("//", "/\\")) and text.isascii() and text.isprintable()
    return text if is_path and len(text) <= LONGEST_PATH else ""


LONGEST_PATH = 500


def first_values(items: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The first value of each name."""
    found: dict[str, str] = {}
    for name, value in items:
        found.setdefault(name, value)
    return found


def _is_form(content_type: str | None) -> bool:
    """Whether a body is to be read as a form. One without a type is; a program that sends JSON would be heard as one
    that names nothing, such as no days.
    """
    return content_type is None or content_type.partition(";")[0].strip().lower() == _FORM


def _peer(request: Request) -> str:
    return request.client.host if request.client is not None else ""


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


def _response(text: str, form: Form, status: int, more: Mapping[str, str] | None = None) -> Response:
    return Response(text, status, headers={**HEADERS, "content-type": _TYPES[form], **(more or {})})

"""The console of one mirror: for each request who asks, whether they may, and the page as HTML, JSON or CSV."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, MutableMapping
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from connecteam_sync.config import Settings
from connecteam_sync.core.console import ConsoleUser
from connecteam_sync.core.proxies import proxies
from connecteam_sync.core.roles import may
from connecteam_sync.core.status import MirrorStatus
from connecteam_sync.errors import ConnecteamSyncError
from connecteam_sync.version import __version__
from connecteam_sync.web.clients import Clients
from connecteam_sync.web.failures import NotAllowed
from connecteam_sync.web.front import Front, SignedIn, first_values, peer_of, response, sign_in_page
from connecteam_sync.web.gate import HEADERS, LOOPBACK, Gate, whole
from connecteam_sync.web.page import Ask, Download, Fields, Form, Moved, Page, Place, Visitor
from connecteam_sync.web.pages import NAVIGATION, PLACES
from connecteam_sync.web.render import csv_text
from connecteam_sync.web.visitors import Once, Visitors
from connecteam_sync.web.work import Works

_STATUS_SECONDS = 5.0
"""However many pages are asked for, the header's facts are read once in so many seconds."""
_A_FILE = {"content-type": "application/octet-stream"}


class Among(msgspec.Struct, frozen=True, kw_only=True):
    """Where a console is one of several: the name of its account, who is signed in to all of them, and what lets
    requests through.
    """

    account: str
    visitors: Visitors
    gate: Gate


class Console:
    """The console of one mirror, reached at `host`. `clock` gives seconds that never go back, `now` epoch seconds.

    `once` is a word that signs somebody in one time, by `/sign-in?once=…`. `among` is given where it is the console of
    one account among several: then its pages stand below a path, and signing in is not its business.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        host: str,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
        once: Once | None = None,
        among: Among | None = None,
    ) -> None:
        gate = among.gate if among is not None else gate_of(settings, host)
        visitors = among.visitors if among is not None else Visitors(gate, clock, once=once)
        self._front = Front(gate, visitors, self._frame, account=among.account if among is not None else None)
        self._settings, self._clock, self._now, self._among = settings, clock, now, among
        self._zone = ZoneInfo(settings.timezone)
        self._clients = Clients(settings)
        self._visitors = visitors
        self._works = Works(settings, now=now)
        self._status: tuple[MirrorStatus | None, float] = (None, 0.0)

    def routes(self) -> list[BaseRoute]:
        """The routes of every page, in each form it has; alone, those of our files and of signing in, too."""
        made: list[BaseRoute] = []
        if self._among is None:
            form = self._endpoint(Place(path="/sign-in", handler=lambda ask: sign_in_page(ask.query), is_open=True))
            made += self._front.routes(self._sign_in, form)
        for place in PLACES:
            forms: Iterable[Form] = place.forms if not place.is_action else ()
            for form_ in forms:
                path = f"{'/index' if place.path == '/' else place.path}.{form_}"
                made.append(Route(path, self._endpoint(place, form_), methods=["GET"]))
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
            return await self._front.guarded(
                request, wanted, lambda fields: self._answer(request, place, wanted, fields)
            )

        return answer

    def _answer(self, request: Request, place: Place, form: Form, fields: Fields) -> Response:
        visitor: Visitor | None = None
        try:
            with self._clients.one() as client:
                visitor = self._visitors.find(
                    client,
                    peer=peer_of(request),
                    headers=whole(request.headers.items()),
                    token=self._front.token(request),
                    account=self._among.account if self._among is not None else "",
                )
                if visitor is None and not place.is_open:
                    return self._front.sign_in_first(request, form)
                if visitor is not None and not may(visitor.role, place.ability):
                    raise NotAllowed(
                        f"{visitor.name or 'whoever is not signed in'} ({visitor.role}) may not do this",
                        next_step=f"ask somebody who can {place.ability}, or an admin for another role",
                    )
                ask = Ask(
                    client=client,
                    visitor=visitor or Visitor(name=None, role="viewer", how="loopback"),
                    zone=self._zone,
                    path=self._front.path(request),
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
                    return self._front.moved(answer, form)
                if isinstance(answer, Download):
                    named = {"content-disposition": f'attachment; filename="{answer.name}"'}
                    return Response(answer.content, headers={**HEADERS, **_A_FILE, **named})
                return self._shown(answer, form, ask, is_signed_in=visitor is not None)
        except ConnecteamSyncError as error:
            return self._front.failed(error, form, visitor=visitor)

    def _status_of(self, client: Any) -> MirrorStatus:  # noqa: ANN401 - a client
        known, at = self._status
        if known is None or self._clock() - at > _STATUS_SECONDS:
            known = client.status(anomalies=False, doorbell_counts=False)
            self._status = (known, self._clock())
        return known

    # -- answers ------------------------------------------------------------------------------------------------------

    def _shown(self, page: Page, form: Form, ask: Ask, *, is_signed_in: bool) -> Response:
        if form == "json" and page.json is not None:
            return self._front.json(page.json, status=page.status)
        if form == "csv" and page.table is not None:
            return response(csv_text(*page.table), "csv", page.status)
        members = {"mirror": ask.status() if is_signed_in else None, **page.members}
        visitor = ask.visitor if is_signed_in else None
        return self._front.html(page.template, members, visitor, ask.path, status=page.status)

    def _frame(self, visitor: Visitor | None, path: str) -> dict[str, Any]:
        """What the frame of each page needs."""
        return {
            "zone": self._zone,
            "now": round(self._now()),
            "zone_name": self._settings.timezone,
            "navigation": NAVIGATION,
            "path": path,
            "visitor": visitor,
            "can": (lambda ability: visitor is not None and may(visitor.role, ability)),
            "mirror": self._status[0],
            "work": self._works.in_hand,
            "version": __version__,
            "account": self._among.account if self._among is not None else "",
            "of_accounts": False,
        }

    # -- for who has several consoles ----------------------------------------------------------------------------------

    def status(self) -> MirrorStatus:
        """How the mirror is, as it was a few seconds ago at most. Raises ClientInUse, ConfigurationError."""
        with self._clients.one() as client:
            return self._status_of(client)

    def user(self, name: str) -> ConsoleUser | None:
        """Who somebody is here. Raises ClientInUse, DatabaseError."""
        with self._clients.one() as client:
            return client.console_user(name)

    def has_users(self) -> bool:
        """Whether anybody may sign in. Raises ClientInUse, DatabaseError."""
        with self._clients.one() as client:
            return bool(client.console_users())

    def check_secret(self, name: str, secret: str, tried: MutableMapping[str | None, bool]) -> ConsoleUser | None:
        """Whose name and secret these are; `tried` is what came of trying the secret on hashes. Raises ClientInUse,
        DatabaseError.
        """
        with self._clients.one() as client:
            return client.check_console_secret(name, secret, tried=tried)

    def _sign_in(self, fields: Fields, *, address: str, token: str | None) -> SignedIn | None:
        with self._clients.one() as client:
            if word := fields.get("once", ""):
                found = self._visitors.sign_in_once(client, word, token=token)
            else:
                found = self._visitors.sign_in(
                    client,
                    name=fields.get("name", "").strip(),
                    secret=fields.get("secret", ""),
                    address=address,
                    token=token,
                )
        if found is None:
            return None
        user, new = found
        return SignedIn(token=new, json={"name": user.name, "role": user.role})


def gate_of(settings: Settings, host: str) -> Gate:
    """What lets requests to the console of a mirror through that is reached at `host`."""
    public = urlsplit(settings.public_url or "").hostname
    return Gate(
        hosts=LOOPBACK | {host.lower()} | ({public} if public else set()),
        public=public,
        proxies=proxies(settings.trusted_proxies) if settings.trusted_proxies else frozenset(),
        user_header=settings.proxy_user_header,
    )

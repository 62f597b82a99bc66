"""The consoles of several accounts behind one front: the overview of all of them, and each below `/accounts/NAME`."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route, Router
from starlette.types import Receive, Scope, Send

from connecteam_sync.config import Settings
from connecteam_sync.core.fleet import Turn
from connecteam_sync.core.text import many, named
from connecteam_sync.errors import ConfigurationError, ConnecteamSyncError, NotFound
from connecteam_sync.present.json_shapes import SCHEMA, encoded
from connecteam_sync.service.fleet import Accounts
from connecteam_sync.version import __version__
from connecteam_sync.web.account_states import AccountStates, Standing, worst_first
from connecteam_sync.web.account_users import AccountUsers
from connecteam_sync.web.console import Among, Console, gate_of
from connecteam_sync.web.front import Front, SignedIn, first_values, form_of, peer_of, response, sign_in_page
from connecteam_sync.web.gate import HEADERS, Gate, is_by_itself, whole
from connecteam_sync.web.page import Fields, Form, Page, Visitor
from connecteam_sync.web.pages import NAVIGATION
from connecteam_sync.web.visitors import Visitors

_PAGES = frozenset(address for address, _ in NAVIGATION)
"""The pages that each account has, so that a switch leads to the same one of another."""
_UTC = ZoneInfo("UTC")
"""Each account has a zone of its own."""
_SHARED = ("public_url", "trusted_proxies", "proxy_user_header")
"""What the one front has, and so the same in every account."""


class AccountsConsole:
    """The consoles of `accounts`, reached at `host`; `turns` are those of the fleet. People have a role in each account
    that they were added to, and sign in once, with the secret that several accounts may keep the same of.

    Raises ConfigurationError if the accounts name different addresses or proxies for the one console.
    """

    def __init__(
        self,
        accounts: Accounts,
        turns: Callable[[], Sequence[Turn]],
        *,
        host: str,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._accounts, self._now, self._host = accounts, now, host
        self._consoles: dict[str, tuple[Console, Router]] = {}
        self._making = threading.Lock()
        gate = self._gate(host)
        self._visitors = Visitors(gate, clock, is_shown_here=False)
        self._front = Front(gate, self._visitors, self._frame)
        self._users = AccountUsers(accounts.names, self._console, clock)
        self._states = AccountStates(accounts.names, self._console, turns, clock)

    def routes(self) -> list[BaseRoute]:
        """Those of the overview, of signing in, and of every account's pages."""
        return [
            *self._front.routes(self._sign_in, self._sign_in_form),
            Route("/", _to_overview, methods=["GET"]),
            Route("/accounts", self._overview, methods=["GET"]),
            Route("/accounts.json", self._overview, methods=["GET"]),
            Mount("/accounts/{account}", app=self._of_account),
        ]

    def has_users(self) -> bool:
        """Whether anybody may sign in to an account that answers."""
        return self._users.are_any()

    def close(self) -> None:
        """Stop long work, and close every connection."""
        self._states.end()
        self._users.end()
        with self._making:
            for console, _ in self._consoles.values():
                console.close()

    # -- the accounts --------------------------------------------------------------------------------------------------

    def _gate(self, host: str) -> Gate:
        """Raises ConfigurationError if accounts differ in what there is one of."""
        found: list[tuple[str, Settings]] = []
        for name in self._accounts.names():
            try:
                found.append((name, self._accounts.settings(name)))
            except ConnecteamSyncError:
                continue  # told by the service, and on the overview
        for key in _SHARED:
            values = {getattr(settings, key): name for name, settings in found}
            if len(values) > 1:
                raise ConfigurationError(
                    f"the accounts {named(values.values())} differ in {key}, and they have one console",
                    next_step=f"write {key} once, above the sections of the accounts; or connecteam-sync serve"
                    " --no-console",
                )
        return gate_of(found[0][1], host) if found else Gate()

    def _console(self, account: str) -> Console:
        """The console of an account, made when first asked for. Raises ConnecteamSyncError."""
        return self._made(account)[0]

    def _made(self, account: str) -> tuple[Console, Router]:
        if account not in self._accounts.names():
            raise NotFound(f"there is no account {account[:60]!r}", next_step="/accounts lists them")
        with self._making:
            if account not in self._consoles:
                settings = self._accounts.settings(account)
                among = Among(account=account, visitors=self._visitors, gate=self._visitors.gate)
                console = Console(settings, host=self._host, now=self._now, among=among)
                self._consoles[account] = (console, Router(console.routes(), redirect_slashes=False))
            return self._consoles[account]

    async def _of_account(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A page of one account; who may see it is for its own console to say."""
        request = Request(scope, receive)
        try:
            _, pages = self._made(scope["path_params"]["account"])
        except ConnecteamSyncError as error:
            said = error  # the name ends with the block
            answer = await self._front.guarded(request, form_of(request), lambda _: self._unknown(request, said))
            await answer(scope, receive, send)
        else:
            await pages(scope, receive, send)

    def _unknown(self, request: Request, error: ConnecteamSyncError) -> Response:
        """Only whoever has a role in every account learns that there is no other: to the rest a name that is no
        account answers like one where they have none.
        """
        who = self._who(request)
        form: Form = "json" if request.url.path.endswith(".json") else form_of(request)
        if who is None or not set(self._accounts.names()) <= who[1].keys():
            return self._front.sign_in_first(request, form)
        return self._front.failed(error, form)

    # -- the overview --------------------------------------------------------------------------------------------------

    async def _overview(self, request: Request) -> Response:
        form: Form = "json" if request.url.path.endswith(".json") else form_of(request)
        return await self._front.guarded(request, form, lambda _: self._shown(request, form))

    def _shown(self, request: Request, form: Form) -> Response:
        try:
            who = self._who(request)
            if who is None:
                return self._front.sign_in_first(request, form)
            name, users = who
            found = worst_first([one for one in self._states.all() if one.account in users])
        except ConnecteamSyncError as error:
            return self._front.failed(error, form)
        roles = {account: user.role for account, user in users.items()}
        if form == "json":
            told = [{**one.json, "role": roles[one.account]} for one in found]
            return response(encoded({"schema": SCHEMA, "accounts": told}), "json", 200)
        asked = request.query_params.get("page", "/")
        page = asked if asked in _PAGES else "/"
        visitor = Visitor(name=name, role="viewer", how="session")  # the page says the role in each account
        said, kind = _said(found)
        members = {"found": found, "roles": roles, "page": page, "said": said, "kind": kind}
        return self._front.html("accounts.html", members, visitor, "/accounts")

    def _who(self, request: Request) -> tuple[str, Mapping[str, Any]] | None:
        """Who asks, and as whom each account knows them; None if they have to sign in."""
        headers = whole(request.headers.items())
        named = self._visitors.gate.named_user(peer_of(request), headers)
        if named is not None:
            return named, self._users.of(named)
        session = self._visitors.sessions.find(self._front.token(request), is_used=not is_by_itself(headers))
        if session is None:
            return None
        known = self._users.of(session.name)
        users = {name: one for name, one in known.items() if session.generations.get(name) == one.generation}
        return (session.name, users) if users else None

    def _frame(self, visitor: Visitor | None, path: str) -> dict[str, Any]:
        return {
            "zone": _UTC,
            "now": round(self._now()),
            "zone_name": "UTC",
            "navigation": (("/accounts", "Accounts"),),
            "path": path,
            "visitor": visitor,
            "can": lambda _: False,
            "mirror": None,
            "work": None,
            "version": __version__,
            "account": "",
            "of_accounts": True,
        }

    # -- signing in ----------------------------------------------------------------------------------------------------

    async def _sign_in_form(self, request: Request) -> Response:
        page: Page = sign_in_page(first_values(request.query_params.multi_items()))
        return await self._front.guarded(
            request, "html", lambda _: self._front.html(page.template, page.members, None, "/sign-in")
        )

    def _sign_in(self, fields: Fields, *, address: str, token: str | None) -> SignedIn | None:
        name, secret = fields.get("name", "").strip(), fields.get("secret", "")
        found = self._visitors.sign_in_by(
            lambda: self._users.whose(name, secret), name=name, secret=secret, address=address, token=token
        )
        if found is None:
            return None
        users, new = found
        roles = [{"account": account, "role": user.role} for account, user in sorted(users.items())]
        return SignedIn(token=new, json={"name": next(iter(users.values())).name, "accounts": roles})


async def _to_overview(_: Request) -> Response:
    return RedirectResponse("/accounts", 303, headers=HEADERS)


def _said(found: Sequence[Standing]) -> tuple[str, str]:
    """The answer of the overview, in one sentence, and its kind."""
    counts = {word: sum(one.word == word for one in found) for word in _KINDS}
    if not found:
        return "You have a role in no account that answers", "warn"
    if counts["well"] == len(found):
        return f"{many(len(found), 'account')}, all well" if len(found) > 1 else "1 account, and it is well", "ok"
    told = [f"{count} {_SEVERAL.get(word, word) if count > 1 else word}" for word, count in counts.items() if count]
    worst = next(word for word, count in counts.items() if count)
    return f"{many(len(found), 'account')}: {', '.join(told)}", _KINDS[worst]


_KINDS = {"not well": "bad", "needs a person": "warn", "not known yet": "warn", "well": "ok"}
"""The states in words, the worst first, and how they look."""
_SEVERAL = {"needs a person": "need a person"}

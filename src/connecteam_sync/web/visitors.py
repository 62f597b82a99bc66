"""Who asks: by the cookie of a session, by a proxy that is listed, or from this machine while nobody has an account."""

from __future__ import annotations

import hmac
import threading
import unicodedata
from collections.abc import Callable, Mapping, Sequence

import msgspec

from connecteam_sync.client import ConnecteamSync
from connecteam_sync.core.console import ConsoleUser, name_key
from connecteam_sync.web.failures import NotAllowed
from connecteam_sync.web.gate import LOOPBACK, Gate, address_of, is_by_itself, is_forwarded, name_of, network_of
from connecteam_sync.web.page import Visitor
from connecteam_sync.web.sessions import BackOff, Sessions

_MAKE_ONE = "on the machine of the service: connecteam-sync console user add NAME --role admin"
_LONGEST_SECRET = 1_000
_OFFICE = 20
"""Failures at one address that cost no waiting: a whole office may come from it."""


class TooOften(NotAllowed):
    """Too many failed attempts; `wait` in seconds."""

    def __init__(self, wait: float) -> None:
        self.wait = max(1, round(wait))
        super().__init__("too many attempts to sign in have failed", next_step=f"try again in {self.wait} seconds")


class Once(msgspec.Struct, frozen=True):
    """A word that signs in the account `name`, one time."""

    word: str
    name: str


class Visitors:
    """Finds who asks, and signs people in and out. Any thread may call it.

    `is_shown_here` says whether this machine may look while nobody has an account.
    """

    def __init__(
        self, gate: Gate, clock: Callable[[], float], *, once: Once | None = None, is_shown_here: bool = True
    ) -> None:
        self.gate, self._is_shown_here = gate, is_shown_here
        self.sessions = Sessions(clock)
        self._names, self._addresses = BackOff(clock), BackOff(clock, free=_OFFICE)
        self._once, self._taking = once, threading.Lock()

    def find(
        self, client: ConnecteamSync, *, peer: str, headers: Mapping[str, str], token: str | None, account: str = ""
    ) -> Visitor | None:
        """Who asks for a page of an account; None if they have to sign in. One statement. Raises NotAllowed,
        DatabaseError.
        """
        users = client.console_users()
        named = self.gate.named_user(peer, headers)
        if named is not None:
            known = _user(users, named)
            if known is None:
                raise NotAllowed(
                    f"the proxy names {named[:64]!r}, who has no account here",
                    next_step="connecteam-sync console user add NAME --role viewer, with that name",
                )
            return Visitor(name=known.name, role=known.role, how="proxy")
        if not users and self._is_shown_here:
            return self._without_accounts(peer, headers)
        session = self.sessions.find(token, is_used=not is_by_itself(headers))
        known = _user(users, session.name) if session is not None else None
        if session is None or known is None or known.generation != session.generations.get(account):
            return None
        return Visitor(name=known.name, role=known.role, how="session")

    def _without_accounts(self, peer: str, headers: Mapping[str, str]) -> Visitor:
        """Whoever is on this machine may look. Raises NotAllowed for anybody else.

        Where there is a public address nobody is known to be on this machine: a proxy need not say that it is one, and
        the plainest ones send a Host header of this machine.
        """
        is_here = address_of(peer) in LOOPBACK and name_of(headers.get("host", "")) in LOOPBACK
        is_alone = self.gate.public is None and not self.gate.proxies
        if is_here and is_alone and not is_forwarded(headers):
            return Visitor(name=None, role="viewer", how="loopback")
        raise NotAllowed("nobody has an account yet, so pages are shown on this machine only", next_step=_MAKE_ONE)

    def sign_in_once(self, client: ConnecteamSync, word: str, *, token: str | None) -> tuple[ConsoleUser, str] | None:
        """Whoever the word of a one-time address is for, and the token of their session; None for a word that is none,
        or was used.
        """
        with self._taking:
            once = self._once
            if once is None or not hmac.compare_digest(once.word.encode(), word.encode("utf-8", "surrogatepass")):
                return None
            self._once = None
        user = _user(client.console_users(), once.name)
        return None if user is None else (user, self.sessions.begin(user.name, {"": user.generation}, instead_of=token))

    def sign_in(
        self, client: ConnecteamSync, *, name: str, secret: str, address: str, token: str | None
    ) -> tuple[ConsoleUser, str] | None:
        """Who that is, and the token of their new session; None if name and secret do not fit. Raises TooOften."""

        def found() -> Mapping[str, ConsoleUser]:
            user = client.check_console_secret(name, secret)
            return {} if user is None else {"": user}

        signed_in = self.sign_in_by(found, name=name, secret=secret, address=address, token=token)
        return None if signed_in is None else (signed_in[0][""], signed_in[1])

    def sign_in_by(
        self, find: Callable[[], Mapping[str, ConsoleUser]], *, name: str, secret: str, address: str, token: str | None
    ) -> tuple[Mapping[str, ConsoleUser], str] | None:
        """The accounts in which `find` knows this name with this secret, and the token of one new session for all of
        them; None if there is none. Raises TooOften.
        """
        who, network = name_key(name) or name.casefold()[:64], network_of(address)
        if (wait := self._addresses.wait(network) or self._names.attempt(who)) > 0:
            raise TooOften(wait)
        found = find() if len(secret) <= _LONGEST_SECRET else {}
        if not found:
            self._addresses.failed(network)
            return None
        self._names.succeeded(who)
        one = next(iter(found.values()))
        generations = {account: user.generation for account, user in found.items()}
        return found, self.sessions.begin(one.name, generations, instead_of=token)


def _user(users: Sequence[ConsoleUser], name: str) -> ConsoleUser | None:
    def folded(text: str) -> str:
        return unicodedata.normalize("NFC", text).casefold()

    return next((user for user in users if folded(user.name) == folded(name)), None)

"""Which requests a page ever sees: those to a host of ours, and actions that come from a page of ours. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

import msgspec

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
LARGEST_FORM = 65_536
"""Bytes of a form; the largest of ours has a few hundred."""
HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # Under no-referrer a browser would send our own forms with `Origin: null`.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
"""What every page is sent with."""
_FORWARDED = frozenset({"forwarded", "x-real-ip", "x-client-ip", "true-client-ip", "cf-connecting-ip", "via"})
_NETWORK = 64
"""The bits of an IPv6 address that are one customer's: the rest of it they choose themselves."""


class Gate(msgspec.Struct, frozen=True, kw_only=True):
    """`hosts` are the names (lower case, without port) at which pages are asked for; `public` is that of `public_url`,
    which is reached by https. `proxies` are the addresses whose forwarding headers are believed, `user_header` is the
    header in which they name who is signed in.
    """

    hosts: frozenset[str] = LOOPBACK
    public: str | None = None
    proxies: frozenset[str] = frozenset()
    user_header: str | None = None

    def is_ours(self, host: str | None) -> bool:
        """Whether a Host header names us. Another one is a page of somebody else's whose name points here."""
        return host is not None and name_of(host) in self.hosts

    def is_encrypted(self, host: str) -> bool:
        """Whether who asks at this host came by https."""
        return self.public is not None and name_of(host) == self.public

    def is_proxy(self, peer: str) -> bool:
        """Whether a peer is a proxy that is listed."""
        return address_of(peer) in self.proxies

    def address(self, peer: str, headers: Mapping[str, str]) -> str:
        """The address that a request came from: the peer's, or what a listed proxy says. Each of several proxies says
        who asked it, so they are followed from the nearest one, as far as they are listed.
        """
        found = peer
        for said in reversed(headers.get("x-forwarded-for", "").split(",")):
            known = address_of(said.strip()) or address_of(name_of(said.strip()))
            if not known or not self.is_proxy(found):
                break
            found = known
        return found

    def named_user(self, peer: str, headers: Mapping[str, str]) -> str | None:
        """Who a listed proxy says is signed in; what anybody else says is not heard."""
        if self.user_header is None or not self.is_proxy(peer):
            return None
        named = headers.get(self.user_header.lower()) or None
        return None if named is None else _as_text(named)


def whole(items: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Headers by their names in lower case. One that is sent several times is one list, as HTTP has it: whoever adds a
    line of their own before that of a proxy is not heard in its place.
    """
    found: dict[str, str] = {}
    for name, value in items:
        known = found.get(name.lower())
        found[name.lower()] = value if known is None else f"{known}, {value}"
    return found


def _as_text(value: str) -> str:
    """A header comes as bytes, one for each character; proxies send names as UTF-8."""
    try:
        return value.encode("latin-1").decode()
    except UnicodeError:
        return value


def name_of(host: str) -> str:
    """The name of a Host header, in lower case and without its port; empty if it is none."""
    try:
        parts = urlsplit(f"//{host}")
        is_one = parts.netloc == host and parts.username is None and parts.port != 0
        return (parts.hostname or "").rstrip(".") if is_one else ""
    except ValueError:
        return ""


def address_of(text: str) -> str:
    """An IP address as it is written shortest; empty if it is none. `::ffff:1.2.3.4` is `1.2.3.4`."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return ""
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


def network_of(address: str) -> str:
    """What failed attempts from an address are counted by: all of IPv4, and the network of IPv6."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address
    return address if known.version == 4 else str(ipaddress.ip_network((int(known), _NETWORK), strict=False))  # noqa: PLR2004 - the version of IP


def is_from_our_page(host: str, headers: Mapping[str, str]) -> bool:
    """Whether an action comes from a page of ours: Sec-Fetch-Site decides where it is sent, else Origin.

    A program sends neither; browsers always send one, so that no other page can act with a person's cookie.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = headers.get("origin")
    return origin is None or urlsplit_netloc(origin) == host.lower()


def urlsplit_netloc(origin: str) -> str:
    """The host and port of an origin; empty for `null` and for what is none."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


def is_forwarded(headers: Mapping[str, str]) -> bool:
    """Whether a request was passed on by a proxy: then its peer is not who asks."""
    return any(name in _FORWARDED or name.startswith("x-forwarded-") for name in headers)


def is_by_itself(headers: Mapping[str, str]) -> bool:
    """Whether a page is loaded without anybody's doing, as our script does it: browsers say whose doing it is."""
    return headers.get("sec-fetch-mode") == "navigate" and "sec-fetch-user" not in headers

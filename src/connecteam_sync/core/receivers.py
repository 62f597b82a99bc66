"""Who is told of alerts, as it is configured: addresses, URLs and quiet hours, read with care. Nothing is sent here.

Every function raises ValueError, whose text names the cure and holds no part of a secret.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

_LOOPBACK = re.compile(r"127(\.\d{1,3}){3}|::1|localhost")
_ADDRESS = re.compile(r"[^\s@,;<>\"\\]{1,64}@[^\s@,;<>\"\\]{1,255}")
_QUIET = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")
_SHORTEST_KEY = 16
_PORT = {"smtp": 25, "smtps": 465}
MOST_ADDRESSES = 50


class QuietHours(NamedTuple):
    """A part of the day in minutes of the business's clock, first included, last not; it may lie over midnight."""

    first: int
    last: int

    def has(self, minute: int) -> bool:
        """Whether a minute of the day (0 to 1439) lies in it."""
        if self.first <= self.last:
            return self.first <= minute < self.last
        return minute >= self.first or minute < self.last


class SmtpServer(NamedTuple):
    """A mail server: `is_tls` from the first byte, else by STARTTLS if it offers that."""

    host: str
    port: int
    is_tls: bool
    user: str | None
    password: str | None

    @property
    def is_loopback(self) -> bool:
        """Whether it is on this machine."""
        return is_loopback(self.host)


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    return bool(_LOOPBACK.fullmatch(host.lower()))


def quiet_hours(text: str) -> QuietHours:
    """`22:00-06:00`."""
    match = _QUIET.fullmatch(text.strip())
    if match is None:
        raise ValueError("write the quiet hours like 22:00-06:00, by the business's clock")
    first, first_minute, last, last_minute = map(int, match.groups())
    hours = QuietHours(first * 60 + first_minute, last * 60 + last_minute)
    if hours.first == hours.last:
        raise ValueError("quiet hours that begin when they end are none, or all: name two times")
    return hours


def addresses(text: str) -> tuple[str, ...]:
    """E-mail addresses, separated by commas."""
    found = tuple(dict.fromkeys(part.strip() for part in text.split(",")))
    if not 0 < len(found) <= MOST_ADDRESSES or not all(_ADDRESS.fullmatch(one) and one.isprintable() for one in found):
        raise ValueError(f"write e-mail addresses like ann@example.org, separated by commas, at most {MOST_ADDRESSES}")
    return found


def smtp_server(url: str) -> SmtpServer:
    """`smtp://user:password@mail.example.org:587`, or `smtps://…`."""
    cure = "write it like smtp://user:password@mail.example.org:587, or smtps://…; encode special characters with %"
    parts, port = _split(url, cure)
    if parts.scheme not in _PORT or not parts.hostname or parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError(cure)
    user, password = (unquote(part) if part else None for part in (parts.username, parts.password))
    if (user is None) != (password is None):
        raise ValueError(cure)
    return SmtpServer(parts.hostname, port or _PORT[parts.scheme], parts.scheme == "smtps", user, password)


def receiver_url(url: str) -> str:
    """The URL of a webhook or a ping: https, or http on this machine."""
    cure = "use an https URL without a user name; http is for addresses of this machine alone"
    parts, _ = _split(url, cure)
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))
    if not is_safe or not parts.hostname or parts.username or parts.password or not url.isascii() or " " in url:
        raise ValueError(cure)
    return url


def webhook_key(secret: str) -> bytes:
    """The key of `whsec_` and base64."""
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith("whsec_") or len(key) < _SHORTEST_KEY:
        raise ValueError(f"it is whsec_ and the base64 of at least {_SHORTEST_KEY} random bytes")
    return key


def apprise_urls(text: str) -> tuple[str, ...]:
    """URLs of Apprise, separated by blanks or lines."""
    found = tuple(dict.fromkeys(text.split()))
    if not found or not all("://" in url for url in found):
        raise ValueError("write URLs of Apprise, separated by blanks: slack://… msteams://…")
    return found


def _split(url: str, cure: str) -> tuple[SplitResult, int | None]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError(cure) from None
    return parts, port


CHECKS = {
    "alerts_email_to": addresses,
    "alerts_email_from": addresses,
    "alerts_webhook_url": receiver_url,
    "alerts_quiet_hours": quiet_hours,
}
"""Settings that are texts of one form, by key."""

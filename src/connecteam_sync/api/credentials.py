"""The credentials, and the hosts they may be sent to. No request is made here."""

from __future__ import annotations

import ipaddress
import re

import msgspec

from connecteam_sync.errors import ConfigurationError

HOSTS = ("https://api.connecteam.com", "https://api-au.connecteam.com")
_URL = re.compile(r"https?://(?P<host>localhost|[0-9.]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]*)?")


class ApiKey(msgspec.Struct, frozen=True):
    """The account's API key."""

    key: str

    def __repr__(self) -> str:
        return "ApiKey(…)"


class ClientCredentials(msgspec.Struct, frozen=True):
    """An OAuth app's id and secret."""

    client_id: str
    client_secret: str

    def __repr__(self) -> str:
        return "ClientCredentials(…)"


def require_host(base_url: str) -> str:
    """The URL without its last slash. Raises ConfigurationError unless it is one of the two hosts, or loopback."""
    plain = base_url.rstrip("/")
    if plain in HOSTS:
        return plain
    match = _URL.fullmatch(plain)
    if match and _is_loopback(match["host"].strip("[]")):
        return plain
    raise ConfigurationError(
        f"the base URL {base_url!r} is neither Connecteam nor this machine",
        next_step=f"set CONNECTEAM_SYNC_BASE_URL to {HOSTS[0]} (or {HOSTS[1]} for an Australian account)",
    )


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

"""Proxies in front of the console, as they are configured, read with care."""

from __future__ import annotations

import ipaddress
import re

_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,63}")
_TAKEN = {"cookie", "host", "origin", "authorization", "accept", "content-type", "content-length", "x-forwarded-for"}


def proxies(text: str) -> frozenset[str]:
    """IP addresses, separated by commas, each as it is written shortest. Raises ValueError."""
    found = set()
    for part in text.split(","):
        try:
            found.add(str(ipaddress.ip_address(part.strip())))
        except ValueError:
            raise ValueError("write the IP addresses of the proxies, separated by commas: 10.0.0.5, 10.0.0.6") from None
    return frozenset(found)


def header_name(text: str) -> str:
    """The name of a header of HTTP, which means nothing else. Raises ValueError."""
    if not _HEADER.fullmatch(text) or text.lower() in _TAKEN:
        raise ValueError("write the name of the header in which the proxy names who is signed in: X-Forwarded-User")
    return text


CHECKS = {"trusted_proxies": proxies, "proxy_user_header": header_name}
"""Settings that are texts of one form, by key."""

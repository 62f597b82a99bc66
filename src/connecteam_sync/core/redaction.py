"""Removal of secrets from texts that other people may read, in every encoding."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote, unquote

_SHORTEST = 3
"""The fewest characters of a secret that is removed: a shorter one is part of every text by chance."""
_HIDDEN = "***"
_IN_A_URL = re.compile(r"(://[^:/?#\s]*:)[^/\s]+(@)")
"""The password of any URL, up to the last @ of its host."""
_IN_A_HEADER = re.compile(
    r"""((?:x-api-key|api_key|client_secret|access_token|password|authorization)["']?\s*[:=]\s*["']?)"""
    r"""(?:(?:bearer|basic)\s+)?[^\s"',;&}]+""",
    re.IGNORECASE,
)
"""The value after a name that always has a secret, in headers, forms and URLs."""


def secret_forms(secret: str) -> Iterator[str]:
    """A secret, and the password in it if it is a URL, as they are and as they are encoded in URLs and in Python."""
    parts = [secret]
    if "://" in secret:
        rest = secret.partition("://")[2].rpartition("@")[0]
        parts += [rest, rest.partition(":")[2]]
    for part in parts:
        for form in (part, unquote(part), quote(part, safe=""), repr(part)[1:-1]):
            if len(form) >= _SHORTEST:
                yield form


def without(text: str, forms: Iterable[str]) -> str:
    """The text without these; the longest first, since one may be a part of another."""
    for form in sorted({*forms}, key=len, reverse=True):
        text = text.replace(form, _HIDDEN)
    return text


def redacted(text: str, secrets: Iterable[str] = ()) -> str:
    """The text without these secrets, passwords in URLs, and values whose name says that they are secret."""
    text = without(text, (form for secret in secrets for form in secret_forms(secret)))
    return _IN_A_HEADER.sub(rf"\1{_HIDDEN}", _IN_A_URL.sub(rf"\1{_HIDDEN}\2", text))

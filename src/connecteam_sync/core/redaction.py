"""Removal of secrets from texts that other people may read, in every encoding."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from functools import cache
from urllib.parse import quote, quote_plus, unquote

_SHORTEST = 3
"""The fewest characters of a secret that is removed: a shorter one is part of every text by chance."""
_SHORTEST_CODE = 6
"""The same for a part in base64, which mixes both cases and digits."""
_HIDDEN = "***"
_IN_A_URL = re.compile(r"(://[^:/?#\s]*:)[^/\s]+(@)")
"""The password of any URL, up to the last @ of its host."""
_EQUALS = (
    r"""(?:\\*["']?\s*[:=]\s*|["']\s*,\s*(?=b?["']))(?:b(?=["']))?\\*["']?)"""
    r"""(?:(?<=")[^"\n]+|(?<=')[^'\n]+|"""
)
"""Between a name and its value, as headers, forms, Python and JSON have it; a value in quotes ends with them."""
_IN_A_HEADER = re.compile(rf"((?:authorization|cookie){_EQUALS}[^\n]+)", re.IGNORECASE)
"""A header of which all is secret: a scheme and what belongs to it."""
_BY_NAME = re.compile(
    r"((?:token|secret|passw(?:or)?d|passphrase|pwd|credentials?|(?:api|access|private|secret)[ _-]?key)"
    rf"""{_EQUALS}[^\s"',;&}}]+)""",
    re.IGNORECASE,
)
"""The value after a name that always has a secret, in headers, forms and URLs."""


@cache
def secret_forms(secret: str) -> tuple[str, ...]:
    """A secret, and the password in it if it is a URL: as it is, and in URLs, JSON, Python, base64 and hex."""
    parts = [secret]
    if "://" in secret:
        rest = secret.partition("://")[2].rpartition("@")[0]
        parts += [rest, unquote(rest.partition(":")[2]), rest.partition(":")[2]]
    return tuple(dict.fromkeys(form for part in parts for form in _forms(part) if len(form) >= _SHORTEST))


def _forms(part: str) -> Iterator[str]:
    data = part.encode(errors="surrogatepass")
    yield from (
        part,
        unquote(part),
        repr(part)[1:-1],
        json.dumps(part)[1:-1],
        json.dumps(part, ensure_ascii=False)[1:-1],
    )
    every = "".join(f"%{byte:02X}" for byte in data)
    for form in (quote(data, safe=""), quote(data), quote_plus(data), every):
        yield from (form, re.sub("%..", lambda code: code[0].lower(), form))
    yield from (data.hex(), data.hex().upper())
    for before in range(3):
        # Base64 of a longer text that has the secret somewhere: without the letters that are of its neighbours as well.
        code = b64encode(bytes(before) + data).decode()
        inner = code[(before * 4 + 2) // 3 : (before + len(data)) * 4 // 3]
        for form in (code,) * (not before) + (inner,) * (len(inner) >= _SHORTEST_CODE):
            yield from (form, form.rstrip("="), form.replace("+", "-").replace("/", "_"))


def without(text: str, forms: Iterable[str]) -> str:
    """The text without these; the longest first, since one may be a part of another."""
    for form in sorted({*forms}, key=len, reverse=True):
        text = text.replace(form, _HIDDEN)
    return text


def redacted(text: str, secrets: Iterable[str] = ()) -> str:
    """The text without these secrets, passwords in URLs, and values whose name says that they are secret."""
    text = without(text, (form for secret in secrets for form in secret_forms(secret)))
    for kind in (_IN_A_HEADER, _BY_NAME):
        text = kind.sub(rf"\1{_HIDDEN}", text)
    return _IN_A_URL.sub(rf"\1{_HIDDEN}\2", text)

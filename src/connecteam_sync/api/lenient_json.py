"""JSON that is almost right: values that no decoder takes are set aside, so that everything around them can be read.

Half an emoji, NaN, a number beyond every float, bytes that are no UTF-8, endlessly nested lists: each is replaced in
place by an object of a shape that Connecteam never sends. In a member that is not read it is skipped like any other
object; in one that is read, the decoder finds the wrong type, and only that record is invalid. Truncated JSON, and JSON
malformed in any other way, is left unchanged.
"""

from __future__ import annotations

import math
import re

import msgspec

ODD = "\0odd"
"""The only member of the object that replaces an odd value; it holds the original text, a string with its quotes."""
_DEPTH = 64
"""The deepest nesting that is read; Connecteam's own responses have nine levels."""
_SHOWN = 200
_OWN = rb'"\u0000odd"'
_TOKEN = re.compile(
    # A valid string: surrogates in pairs, no bare control character. Then any other string.
    rb'("(?:[^"\\\x00-\x1f]++|\\["\\/bfnrt]|\\u(?![dD][89a-fA-F])[0-9a-fA-F]{4}'
    rb'|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})*+")'
    rb'|("(?:[^"\\]++|\\.)*+")'
    rb"|([\[{])|([\]}])|(-?(?:NaN|Infinity)\b|-?[0-9][0-9.eE+-]*)",
    re.DOTALL,
)
_STRING, _ODD_STRING, _OPEN, _CLOSE, _NUMBER = range(1, 6)
_MEMBER = re.compile(rb"[ \t\r\n]*:")
_LONGEST_NUMBER = 300


def tidied(body: bytes | msgspec.Raw) -> bytes:
    """The body with every odd value set aside; unchanged if there is none. It may still be no JSON."""
    content = bytes(body)
    is_text = _is_text(content)
    slices: list[bytes] = []
    done = depth = deep = 0
    for token in _TOKEN.finditer(content):
        kind, start, end = token.lastindex, token.start(), token.end()
        if kind == _OPEN:
            depth += 1
            if depth == _DEPTH + 1:
                deep = start
            continue
        if kind == _CLOSE:
            depth -= 1
            if depth != _DEPTH:
                continue
            start, odd = deep, "nested without end"
        elif depth > _DEPTH or not _is_odd(kind, token[0], is_text=is_text):
            continue
        else:
            odd = token[0].decode(errors="replace")
        is_member = kind in {_STRING, _ODD_STRING} and _MEMBER.match(content, end)
        slices += (content[done:start], _OWN if is_member else b"{%b:%b}" % (_OWN, msgspec.json.encode(odd[:_SHOWN])))
        done = end
    return b"".join((*slices, content[done:])) if slices else content


def odd_text(value: object) -> str | None:
    """The original text of a value that was set aside; None for any other value."""
    text = value.get(ODD) if isinstance(value, dict) else None
    return text if isinstance(text, str) else None


def _is_odd(kind: int | None, token: bytes, *, is_text: bool) -> bool:
    if kind == _STRING:
        return not (is_text or _is_text(token))
    if kind == _NUMBER:
        return token[-1:] in b"Ny" or ((len(token) > _LONGEST_NUMBER or b"e" in token.lower()) and _is_endless(token))
    return True


def _is_endless(number: bytes) -> bool:
    try:
        return not math.isfinite(float(number))
    except ValueError:
        return False  # not a number, so not JSON


def _is_text(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True

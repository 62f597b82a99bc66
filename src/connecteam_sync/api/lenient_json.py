"""JSON that is almost right: the values no decoder takes are set aside, so that everything around them can be read.

Half an emoji, NaN, a number beyond every float, bytes that are no UTF-8, lists nested without end: each is replaced
where it stands by an object that no member of ours can be. In a member nobody reads it is passed over like any other
object; in one that is read, the decoder finds the wrong type, and that record alone is doubted. What is cut off, or no
JSON in any other way, stays what it is.
"""

from __future__ import annotations

import math
import re

import msgspec

ODD = "\0odd"
"""The only member of an object that stands for an odd value; it says what stood there, strings with their quotes."""
_DEPTH = 64
"""Lists and objects in one another that are read; Connecteam's own answers have nine."""
_SHOWN = 200
_OWN = rb'"\u0000odd"'
_TOKEN = re.compile(
    # A string as it should be: surrogates in pairs, no bare control character. Then any other string.
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
    """The body with every odd value set aside; equal to it where there is none. It may still be no JSON."""
    said = bytes(body)
    is_text = _is_text(said)
    slices: list[bytes] = []
    done = depth = deep = 0
    for token in _TOKEN.finditer(said):
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
        is_member = kind in {_STRING, _ODD_STRING} and _MEMBER.match(said, end)
        slices += (said[done:start], _OWN if is_member else b"{%b:%b}" % (_OWN, msgspec.json.encode(odd[:_SHOWN])))
        done = end
    return b"".join((*slices, said[done:])) if slices else said


def odd_text(value: object) -> str | None:
    """What stood where a value was set aside; None where the value is any other."""
    found = value.get(ODD) if isinstance(value, dict) else None
    return found if isinstance(found, str) else None


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
        return False  # no number at all: no JSON


def _is_text(said: bytes) -> bool:
    try:
        said.decode()
    except UnicodeDecodeError:
        return False
    return True

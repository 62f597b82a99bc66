"""Finding a person by what somebody types: an id, a name, or a part of one, without regard to case and accents."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from connecteam_sync.core.clocktime import Employee
from connecteam_sync.core.keys import ordered

_PLAIN = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "\u0131": "i"})
"""Letters that are letters of their own and no accented ones, as people without them on their keyboard type them."""


def folded(name: str) -> str:
    """A name as it is compared: `Zoë  ŌTA` and `zoe ota` are one."""
    apart = unicodedata.normalize("NFKD", name.casefold())
    return " ".join("".join(c for c in apart if not unicodedata.combining(c)).translate(_PLAIN).split())


def matching(people: Iterable[Employee], said: int | str) -> list[Employee]:
    """Who is meant, by id. One where it is their id or the only such name; else all whose names have every word of it.

    An id comes before a name, a whole name before a part, a name as it is written before one that only sounds alike.
    """
    everybody = sorted(people, key=lambda person: ordered(person.id))
    text = str(said).strip()
    meant = folded(text)
    words = meant.split()
    for found in (
        [person for person in everybody if str(person.id) == text],
        [person for person in everybody if person.name == text],
        [person for person in everybody if meant and folded(person.name or "") == meant],
    ):
        if found:
            return found
    return [p for p in everybody if words and all(word in folded(p.name or "") for word in words)]

"""Search for a person by id, name or part of a name, ignoring case and accents."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from connecteam_sync.core.clocktime import Employee
from connecteam_sync.core.keys import ordered

_PLAIN = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "\u0131": "i"})
"""Letters that do not decompose into a letter and an accent, as people without them on their keyboard type them."""


def folded(name: str) -> str:
    """A name in the form for comparison: `Zoë  ŌTA` and `zoe ota` are equal."""
    apart = unicodedata.normalize("NFKD", name.casefold())
    return " ".join("".join(c for c in apart if not unicodedata.combining(c)).translate(_PLAIN).split())


def matching(people: Iterable[Employee], query: int | str) -> list[Employee]:
    """The people that match, sorted by id: by their id, else by their name, else by every word of the query.

    An id comes before a name, an exact name before one that differs in case or accents, a whole name before a part.
    """
    by_id = sorted(people, key=lambda person: ordered(person.id))
    text = str(query).strip()
    plain = folded(text)
    words = plain.split()
    for found in (
        [person for person in by_id if str(person.id) == text],
        [person for person in by_id if person.name == text],
        [person for person in by_id if plain and folded(person.name or "") == plain],
    ):
        if found:
            return found
    return [p for p in by_id if words and all(word in folded(p.name or "") for word in words)]

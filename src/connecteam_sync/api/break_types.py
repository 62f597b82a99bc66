"""The types of manual breaks, decoded as the rest of Connecteam's responses is (`wire`)."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from connecteam_sync.api.wire import clipped, read

_LONGEST_BREAK = 2**31 - 1
"""The most minutes that fit into a column."""


class BreakTypes(msgspec.Struct, rename="camel"):
    """Every type of manual break of a time clock, each still to be decoded."""

    manual_breaks: list[msgspec.Raw]


class BreakType(msgspec.Struct, frozen=True, rename="camel"):
    """A type of manual break. `duration` are the minutes it is meant to last; what a break lasted is in the break."""

    id: str
    name: str = ""
    is_paid: bool | None = None
    duration: int | None = None


def break_types(raw: Iterable[msgspec.Raw]) -> Iterable[BreakType]:
    """The types of breaks. One that cannot be read is left out: its breaks are of a type that is not known."""
    for record in raw:
        kind = read(record, BreakType)
        if not isinstance(kind, Exception) and (known := clipped(kind.id)):
            minutes = kind.duration if kind.duration is not None and 0 <= kind.duration <= _LONGEST_BREAK else None
            yield BreakType(known, clipped(kind.name) or "", kind.is_paid, minutes)

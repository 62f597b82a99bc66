"""Which time clocks a user is assigned to, decoded as the rest of Connecteam's responses is (`wire`).

Built from the publisher's description alone: nobody has seen this answer of the real Connecteam (API, section 21).
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from connecteam_sync.api.wire import read

TIME_CLOCK = "timeClock"


class Assignments(msgspec.Struct, rename="camel"):
    """What a user is assigned to, each entry still to be decoded."""

    assets: list[msgspec.Raw]


class _Asset(msgspec.Struct):
    id: int
    type: str


def time_clocks_of(assets: Iterable[msgspec.Raw]) -> frozenset[int] | None:
    """The time clocks among these assets; None if one of them cannot be read, so that it might be any."""
    clocks = set()
    for raw in assets:
        asset = read(raw, _Asset)
        if isinstance(asset, Exception):
            return None
        if asset.type == TIME_CLOCK:
            clocks.add(asset.id)
    return frozenset(clocks)

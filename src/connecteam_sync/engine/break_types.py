"""The types of manual breaks: whether a break is paid is a property of its type, which has a list of its own.

The list of a time clock is fetched when a look that has to be decided shows a break of a type that is not known, or the
list is a day old: once a day, and not at all if nobody takes manual breaks. No type is ever forgotten, since pay of the
past is worked out by it.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING

import msgspec

from connecteam_sync.engine.decide import is_turned_away, now
from connecteam_sync.engine.lists import Lists
from connecteam_sync.errors import UpstreamError
from connecteam_sync.store.mirror.break_types import (
    KnownBreakType,
    break_types_query,
    write_break_types,
)
from connecteam_sync.store.session import Session
from connecteam_sync.store.store import Store

if TYPE_CHECKING:
    from connecteam_sync.api.break_types import BreakType

DAY = 86_400


class BreakTypeReader:
    """What one run learns of the types of breaks, by time clock. Without breaks, nothing is asked."""

    def __init__(self, store: Store, lists: Lists) -> None:
        self._store, self._lists = store, lists
        self._known: dict[int, dict[str, KnownBreakType]] | None = None
        self._fresh: dict[int, tuple[KnownBreakType, ...]] = {}
        self._notes: dict[int, str] = {}

    def look(self, time_clock: int, used: AbstractSet[str]) -> None:
        """Fetch the types of a time clock if some of these are not known, or what is known of it is a day old.

        A failure leaves the types as they are and is told in the receipt: no shift depends on them.
        """
        if not used or time_clock in self._fresh or time_clock in self._notes:
            return
        known = self._remembered().get(time_clock, {})
        if used <= known.keys() and now() - max(kind.seen_at for kind in known.values()) < DAY:
            return
        try:
            listed = self._lists.break_types(time_clock)
        except UpstreamError as error:
            self._notes[time_clock] = f"the types of breaks were not read: {error.message}"
            if is_turned_away(error):
                # This key may not read them, today or in five minutes: it is asked again tomorrow.
                self._fresh[time_clock] = _unread(time_clock, known, used)
            return
        self._fresh[time_clock] = _all_of(time_clock, known, used, listed)

    def fresh(self, time_clock: int) -> tuple[KnownBreakType, ...]:
        """What was fetched of a time clock in this run."""
        return self._fresh.get(time_clock, ())

    def write(self, session: Session, time_clock: int) -> str:
        """Write what was fetched of a time clock, in the transaction of its slice; why nothing was, if that failed."""
        if self._fresh.get(time_clock):
            write_break_types(session, self._fresh[time_clock])
        return self._notes.get(time_clock, "")

    def _remembered(self) -> dict[int, dict[str, KnownBreakType]]:
        if self._known is None:
            self._known = {}
            [types] = self._store.fetch("reading the types of breaks", break_types_query(self._store.own))
            for kind in types:
                self._known.setdefault(kind.time_clock_id, {})[kind.id] = kind
        return self._known


def _unread(time_clock: int, known: dict[str, KnownBreakType], used: AbstractSet[str]) -> tuple[KnownBreakType, ...]:
    """What is remembered where the list may not be read: the types as they were, and those that a break names."""
    at = now()
    named = {key: KnownBreakType(time_clock, key, "", None, None, 0, at) for key in used - known.keys()}
    kept = {key: msgspec.structs.replace(kind, seen_at=at) for key, kind in known.items()}
    return tuple({**kept, **named}[key] for key in sorted(kept.keys() | named.keys()))


def _all_of(
    time_clock: int, known: dict[str, KnownBreakType], used: AbstractSet[str], listed: Iterable[BreakType]
) -> tuple[KnownBreakType, ...]:
    """Every type to remember: those listed, those that were, and those that only a break names."""
    at = now()
    types = {
        kind.id: KnownBreakType(
            time_clock, kind.id, kind.name, None if kind.is_paid is None else int(kind.is_paid), kind.duration, 1, at
        )
        for kind in listed
    }
    for gone in (known.keys() | used) - types.keys():
        before = known.get(gone) or KnownBreakType(time_clock, gone, "", None, None, 0, at)
        types[gone] = msgspec.structs.replace(before, is_listed=0, seen_at=at)
    return tuple(types[key] for key in sorted(types))

"""The stored state for a plan, with what optional columns follow from where some are mirrored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from connecteam_sync.core.clocktime import StoredState
from connecteam_sync.core.shift import Snapshot
from connecteam_sync.core.window import Window
from connecteam_sync.store.session import Persons, Session
from connecteam_sync.store.sql.pipeline import Query, Rows

if TYPE_CHECKING:
    from connecteam_sync.store.mirror.derived import Fresh


def stored_queries(session: Session, window: Window, snapshot: Snapshot, only: Persons | None = None) -> list[Query]:
    """The queries whose rows `stored_state` takes as `fetched`; of all people, or `only` of some."""
    queries = session.stored_queries(window, snapshot, only)
    if not session.optional:
        return queries
    from connecteam_sync.store.mirror.derived import derived_queries

    return queries + derived_queries(session, window, snapshot)


def stored_state(
    session: Session,
    window: Window,
    snapshot: Snapshot,
    fetched: list[Rows] | None = None,
    *,
    seen_starts: Mapping[str, int] | None = None,
    fresh: Fresh | None = None,
) -> StoredState:
    """As `Session.stored`, one round trip too; `fresh` is what the run has learned and writes with this look."""
    if not session.optional:
        return session.stored(window, snapshot, fetched, seen_starts)
    from connecteam_sync.store.mirror.derived import derived_queries, with_derived

    found = session.fetch(*stored_queries(session, window, snapshot)) if fetched is None else fetched
    plain = len(found) - len(derived_queries(session, window, snapshot))
    stored = session.stored(window, snapshot, found[:plain], seen_starts)
    return with_derived(session, stored, snapshot, found[plain:], fresh)

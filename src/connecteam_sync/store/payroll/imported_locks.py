"""Connecteam's own locks and approvals of people's days, as the last look at its timesheet said.

Only what Connecteam says counts: a person or a day that an answer leaves out is no unlocking. What somebody locked here
is another source, which no import touches.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import msgspec
from sqlalchemy import delete, insert, tuple_

from connecteam_sync.core.verify import SeenLocks
from connecteam_sync.core.window import LockSource
from connecteam_sync.store.session import Session
from connecteam_sync.store.sql.pipeline import Query
from connecteam_sync.store.sql.statements import batches
from connecteam_sync.store.sql.traits import Kind

_SOURCES: tuple[LockSource, ...] = ("connecteam_lock", "connecteam_approval")
_COLUMNS: dict[str, Kind] = {
    "day": "key",
    "timezone": "key",
    "source": "key",
    "time_clock_id": "int",
    "user_id": "int",
    "locked_at": "int",
    "event_id": "int",
}
_Days = dict[LockSource, set[tuple[str, int]]]
"""(local day, Connecteam user) of each source."""


def record(session: Session, seen: SeenLocks, *, run: int, at: int) -> None:
    """Keep the locks that a look has seen, and release those of which it was said that they are none.

    In the transaction of a receipt; `at` in epoch seconds. Whatever changes is one event of each kind and source.
    """
    clock, window, people = seen
    said: dict[bool, _Days] = {True: _days(), False: _days()}
    for user, day, *flags in people:
        if window.first <= day <= window.last:
            for source, flag in zip(_SOURCES, flags, strict=True):
                if flag is not None:
                    said[flag][source].add((day.isoformat(), user))
    known = _known(session, clock, window.timezone, window.first, window.last)
    for source in _SOURCES:
        new = sorted(said[True][source] - known[source])
        gone = sorted((said[False][source] - said[True][source]) & known[source])
        if new:
            event = _event(session, "lock", new, source=source, timezone=window.timezone, run=run, at=at)
            rows = ((day, window.timezone, source, clock, user, at, event) for day, user in new)
            session.insert_many(session.own.person_locks, _COLUMNS, rows)
        if gone:
            _event(session, "unlock", gone, source=source, timezone=window.timezone, run=run, at=at)
            locks = session.tables.person_locks
            for some in batches(gone):
                session.connection.execute(
                    delete(locks).where(
                        locks.c.timezone == window.timezone,
                        locks.c.time_clock_id == clock,
                        locks.c.source == source,
                        tuple_(locks.c.day, locks.c.user_id).in_(some),
                    )
                )


def _days() -> _Days:
    return {source: set() for source in _SOURCES}


def _known(session: Session, clock: int, timezone: str, first: date, last: date) -> _Days:
    found = _days()
    query = Query(
        f"SELECT source, day, user_id FROM {session.own.person_locks} WHERE time_clock_id = :clock"
        " AND timezone = :zone AND day >= :first AND day <= :last",
        {"clock": clock, "zone": timezone, "first": first.isoformat(), "last": last.isoformat()},
    )
    for source, day, user in session.fetch(query)[0]:
        if source in found:
            found[source].add((day, int(user)))
    return found


def _event(
    session: Session,
    kind: str,
    people: Iterable[tuple[str, int]],
    *,
    source: LockSource,
    timezone: str,
    run: int,
    at: int,
) -> int:
    """The number of the record of an import that changed something."""
    every = list(people)
    days = sorted({day for day, _ in every})
    values = {
        "kind": kind,
        "at": at,
        "actor": "Connecteam",
        "reason": f"seen by run {run}",
        "days": msgspec.json.encode([(day, day, timezone) for day in days]).decode(),
        "anyway": 0,
        "verified": None,
        "source": source,
        "people": msgspec.json.encode(every).decode(),
    }
    key = session.connection.execute(insert(session.tables.lock_events).values(values)).inserted_primary_key
    return 0 if key is None else int(key[0])

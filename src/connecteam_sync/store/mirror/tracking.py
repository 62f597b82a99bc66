"""Writing tracked shifts: one shift for a row, one row for a shift.

A database reuses a row's number after a TRUNCATE, after a restore or, on SQLite, after the newest row was deleted by
hand. Then a shift outside this run may still claim the number. The shift that is linked now gets the row: other claims
are removed before the link is written. The statement for that is sent with others, and only if there may be a claim.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from connecteam_sync.core.clocktime import TrackedShift
from connecteam_sync.core.keys import RowId
from connecteam_sync.store.session import Session
from connecteam_sync.store.sql.pipeline import Answer, Query
from connecteam_sync.store.tables import rows

NO_LINK = {
    "clock_time_id": "NULL",
    "applied_employee_id": "NULL",
    "applied_clock_in": "NULL",
    "applied_clock_out": "NULL",
}
"""The columns of a shift without a row, as SQL."""


class HighestClaim:
    """The highest row number that any shift claims, read in the next round trip: higher rows are free.

    Only for keys that are numbers; keys of text have no order.
    """

    def __init__(self, session: Session) -> None:
        self.row = 0
        session.later(Query(f"SELECT coalesce(max(clock_time_id), 0) FROM {session.own.shifts}"), self._receive)

    def _receive(self, answer: Answer) -> None:
        self.row = int(answer.rows[0][0])


def remember_mirrors(
    session: Session,
    mirrors: Iterable[TrackedShift],
    run: int,
    memory: Mapping[str, TrackedShift],
    *,
    free: HighestClaim | None = None,
) -> None:
    """Write tracked shifts. `memory` has them as stored before: a shift that is not in it is inserted as new.

    `free`, if it was read, saves the search for claims on rows that no shift can claim.
    """
    mirrors = without_double_claims(mirrors, memory)
    beyond = free.row if free is not None else None
    fresh = [
        {"link": mirror.clock_time_id, "shift": mirror.shift.id}
        for mirror in mirrors
        if mirror.clock_time_id is not None
        and not (beyond is not None and isinstance(mirror.clock_time_id, int) and mirror.clock_time_id > beyond)
        and mirror.clock_time_id != _link(memory, mirror)
    ]
    d, shifts = session.dialect, session.own.shifts
    condition = "t.clock_time_id = d.link AND t.id <> d.shift"
    session.later_set(d.update(shifts, d.rowset({"link": "link", "shift": "key"}), NO_LINK, condition), fresh)
    new = [mirror for mirror in mirrors if mirror.shift.id not in memory]
    values = (rows.mirror_values(mirror, run) for mirror in new)
    session.insert_many(shifts, rows.MIRROR, values, shared=rows.MIRROR_SHARED)
    session.later_set(
        d.upsert(shifts, rows.MIRROR, "id"),
        (
            dict(zip(rows.MIRROR, rows.mirror_values(mirror, run), strict=True))
            for mirror in mirrors
            if mirror.shift.id in memory
        ),
    )


def without_double_claims(mirrors: Iterable[TrackedShift], memory: Mapping[str, TrackedShift]) -> list[TrackedShift]:
    """The same shifts, no row claimed by two: a shift that is newly linked keeps the row, the others get none."""
    given = list(mirrors)
    owner: dict[RowId, TrackedShift] = {}
    for mirror in given:
        link = mirror.clock_time_id
        if link is not None and (link not in owner or _link(memory, mirror) != link):
            owner[link] = mirror
    return [
        mirror
        if mirror.clock_time_id is None or owner[mirror.clock_time_id] is mirror
        else msgspec.structs.replace(mirror, clock_time_id=None, applied=None)
        for mirror in given
    ]


def _link(memory: Mapping[str, TrackedShift], mirror: TrackedShift) -> RowId | None:
    """The row that a shift had before, if any."""
    was = memory.get(mirror.shift.id)
    return None if was is None else was.clock_time_id

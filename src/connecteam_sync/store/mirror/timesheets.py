"""Connecteam's own totals of a person's day, as the last verification of that day saw them. They decide nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date

from sqlalchemy import func, select

from connecteam_sync.core.verify import SeenTotals
from connecteam_sync.store.session import Session
from connecteam_sync.store.sql.pipeline import Query
from connecteam_sync.store.sql.traits import Kind

_COLUMNS: Mapping[str, Kind] = {
    "user_id": "int",
    "day": "key",
    "timezone": "key",
    "time_clock_id": "int",
    "minutes": "int",
    "run_id": "int",
    "seen_at": "int",
}


def record(session: Session, seen: SeenTotals, *, run: int, at: int) -> None:
    """Replace the totals of a time clock's days, in the transaction of a receipt; `at` in epoch seconds."""
    clock, window, found = seen
    session.later(
        Query(
            f"DELETE FROM {session.own.timesheets} WHERE time_clock_id = :clock AND timezone = :zone"
            " AND day BETWEEN :first AND :last",
            {
                "clock": clock,
                "zone": window.timezone,
                "first": window.first.isoformat(),
                "last": window.last.isoformat(),
            },
        )
    )
    totals = {(user, day): minutes for user, day, minutes in found if window.first <= day <= window.last}
    session.insert_many(
        session.own.timesheets,
        _COLUMNS,
        ((user, day.isoformat(), window.timezone, clock, minutes, run, at) for (user, day), minutes in totals.items()),
    )


def totals(session: Session, users: Collection[int], first: date, last: date, timezone: str) -> dict[date, int]:
    """The minutes of each day that was seen, over all time clocks, of somebody who has these Connecteam users."""
    t = session.tables.timesheets
    wanted = (
        select(t.c.day, func.sum(t.c.minutes))
        .where(t.c.user_id.in_(users), t.c.timezone == timezone, t.c.day.between(first.isoformat(), last.isoformat()))
        .group_by(t.c.day)
        .order_by(t.c.day)
    )
    return {date.fromisoformat(day): int(minutes) for day, minutes in session.connection.execute(wanted)}

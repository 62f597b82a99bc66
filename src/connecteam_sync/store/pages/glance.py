"""How today is: the tracked shifts of today and the open ones, and the receipts of what was written since midnight."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import Connection

from connecteam_sync.core.glance import OPEN_DAYS, Glance, TodaysShift, minutes_today, on_the_clock, written
from connecteam_sync.core.window import Window, each_day, later
from connecteam_sync.store.history.receipt_text import receipt_of
from connecteam_sync.store.service.proofs import proven_of, proven_queries
from connecteam_sync.store.sql.pipeline import Query, fetch
from connecteam_sync.store.store import Store
from connecteam_sync.store.tables.keys import row_id

FRESH_DAYS = 14
"""The days before today whose proof is shown."""
_NEWEST = 3000
"""So many of the newest runs are looked through for those of today: more than a service makes in a day."""


def glance(store: Store, connection: Connection, today: date, timezone: str, now: int) -> Glance:
    """Today, in one round trip of four statements."""
    day = Window(today, today, timezone)
    days = (later(today, -FRESH_DAYS), later(today, -1))
    shifts, receipts, *proofs = fetch(
        connection,
        [
            _shifts(store, Window(later(today, -OPEN_DAYS), today, timezone).start_utc, day.start_utc),
            _receipts(store, day.start_utc),
            *proven_queries(store.own, timezone, *days),
        ],
    )
    closed, opened = minutes_today(shifts, day.start_utc, now)
    counts, moved = written(receipt_of(text) for _, text in receipts)
    proven = proven_of(proofs, *days)
    return Glance(
        now=now,
        today=today,
        on_the_clock=on_the_clock(shifts),
        shifts=sum(shift.start >= day.start_utc for shift in shifts),
        minutes=closed,
        open_minutes=opened,
        changes=counts,
        moved=moved,
        changed_in=len({number for number, _ in receipts}),
        days=tuple((one, proven.get(one)) for one in each_day(*days)),
    )


def _shifts(store: Store, since: int, today: int) -> Query:
    own = store.own
    by_start = store.dialect.by_index(own.names.index("shifts", "start"))
    return Query(
        "SELECT s.user_id, u.first_name, u.last_name, s.applied_employee_id, s.time_clock_id, s.start_at, s.end_at"
        f" FROM {own.shifts} s{by_start} LEFT JOIN {own.users} u ON u.user_id = s.user_id"
        " WHERE s.start_at >= :since AND s.is_gone = 0 AND (s.end_at IS NULL OR s.start_at >= :today)",
        {"since": since, "today": today},
        _shift,
    )


def _shift(row: Sequence[object]) -> TodaysShift:
    user, first, last, employee, clock, start, end = row
    return TodaysShift(
        user_id=int(str(user)),
        name=f"{first or ''} {last or ''}".strip() or f"Connecteam user {user}",
        employee_id=None if employee is None else row_id(employee),
        time_clock_id=int(str(clock)),
        start=int(str(start)),
        end=None if end is None else int(str(end)),
    )


def _receipts(store: Store, since: int) -> Query:
    own = store.own
    return Query(
        f"SELECT s.run_id, s.receipt FROM {own.slices} s JOIN {own.runs} r ON r.id = s.run_id"
        f" WHERE r.id > (SELECT COALESCE(MAX(id), 0) - {_NEWEST} FROM {own.runs}) AND r.started_at >= :since"
        " AND s.status = 'applied' ORDER BY s.id",
        {"since": since},
    )

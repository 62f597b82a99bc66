"""What the mirror holds of some days, by our shifts: `clock_times` is not read."""

from __future__ import annotations

from collections.abc import Sequence

from connecteam_sync.core.mirrored import Mirrored
from connecteam_sync.core.window import Window
from connecteam_sync.store.sql.pipeline import Query
from connecteam_sync.store.store import Store


def mirrored_query(store: Store, window: Window) -> Query:
    """The query for what the mirror holds of a window: one row, a Mirrored."""
    length = "(s.end_at - s.start_at - (s.end_at - s.start_at) % 60) / 60"
    by_start = store.dialect.by_index(store.own.names.index("shifts", "start"))

    def total(condition: str, value: str = "1") -> str:
        return f"COALESCE(SUM(CASE WHEN {condition} THEN {value} ELSE 0 END), 0)"

    columns = (
        "COUNT(*)",
        "COUNT(DISTINCT s.user_id)",
        total("s.end_at IS NOT NULL AND s.clock_time_id IS NOT NULL", length),
        total("s.end_at IS NULL"),
        total("s.clock_time_id IS NULL"),
        total("s.end_at IS NOT NULL AND s.clock_time_id IS NULL", length),
    )
    return Query(
        f"SELECT {', '.join(columns)} FROM {store.own.shifts} s{by_start}"
        " WHERE s.is_gone = 0 AND s.start_at >= :start AND s.start_at < :end",
        {"start": window.start_utc, "end": window.end_utc},
        _mirrored,
    )


def _mirrored(row: Sequence[object]) -> Mirrored:
    shifts, people, minutes, opened, waiting, waiting_minutes = (int(float(str(value))) for value in row)
    return Mirrored(
        shifts=shifts, people=people, minutes=minutes, open=opened, waiting=waiting, waiting_minutes=waiting_minutes
    )

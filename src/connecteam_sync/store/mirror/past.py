"""What a default run asks about earlier days: open rows, the time clocks that were in use, and what was looked at."""

from __future__ import annotations

from connecteam_sync.core.clocktime import CONNECTEAM
from connecteam_sync.core.window import Window
from connecteam_sync.store.sql.dialect import Dialect
from connecteam_sync.store.sql.pipeline import Query
from connecteam_sync.store.tables import rows
from connecteam_sync.store.tables.host import HostTables
from connecteam_sync.store.tables.own import OwnTables


def past_queries(dialect: Dialect, host: HostTables, own: OwnTables, last: Window) -> list[Query]:
    """Queries of a default run about days before those of `last`: open rows of ours, with the time clock of each; the
    time clocks of shifts tracked in the days of `last`; and, from the newest receipts, which older days of which time
    clock were looked at, and when.
    """
    names, d = host.clock_times, dialect
    began = rows.instants(d, names)["clock_in"]
    return [
        Query(
            f"SELECT {began}, s.time_clock_id FROM {d.table(names.table)} t"
            f" JOIN {own.shifts} s ON s.clock_time_id = {d.keys.row.cast.format(f't.{d.name(names.id)}')}"
            f" WHERE t.{d.name(names.clock_out)} IS NULL AND {began} IS NOT NULL"
            f" AND t.{d.name(names.source)} = :ours",
            {"ours": CONNECTEAM},
            again=lambda: past_queries(dialect, host, own, last)[0],
        ),
        remembered_clocks_query(own, last),
        Query(
            "SELECT p.time_clock_id, p.first_day, p.last_day, max(p.id), max(r.started_at)"
            f" FROM {own.slices} p JOIN {own.runs} r ON r.id = p.run_id"
            f" WHERE p.id > (SELECT coalesce(max(id), 0) FROM {own.slices}) - :newest AND p.last_day < :first"
            " AND p.time_clock_id IS NOT NULL AND p.status IN ('applied', 'nothing')"
            " GROUP BY p.time_clock_id, p.first_day, p.last_day",
            {"newest": _NEWEST_RECEIPTS, "first": last.first.isoformat()},
        ),
    ]


def remembered_clocks_query(own: OwnTables, window: Window) -> Query:
    """The time clocks of tracked shifts in a window that Connecteam still showed."""
    return Query(
        f"SELECT time_clock_id FROM {own.shifts} WHERE start_at >= :start AND start_at < :end"
        " AND is_gone = 0 GROUP BY time_clock_id",
        {"start": window.start_utc, "end": window.end_utc},
    )


_NEWEST_RECEIPTS = 5_000
"""More receipts than a day of runs every five minutes makes."""

"""The facts that `status`, the metrics and the alerts are made of: a constant number of statements."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from connecteam_sync.core.facts import Facts, NewMember, Waiting
from connecteam_sync.store.service.drift import IS_NEW
from connecteam_sync.store.service.looks import DAY_CALLS, calls, looked
from connecteam_sync.store.sql.dialect import Dialect
from connecteam_sync.store.sql.pipeline import Query, Rows
from connecteam_sync.store.tables.own import OwnTables

_PAGE = 500
"""People that one call of the list gives."""
_NEWEST = 3000
"""So many of the newest runs are asked what they spent in the last 24 hours: more than a cron job makes in them."""
_DAY = 86_400


def facts_queries(dialect: Dialect, own: OwnTables, *, ahead: int = 0) -> list[Query]:
    """The queries for what is on record; their rows are for `facts_of`.

    `ahead` is by how many seconds a simulation is ahead of the database's clock.
    """
    now = f"({dialect.epoch_now} + {int(ahead)})"
    looks = (
        "SELECT l.time_clock_id, l.first_look, l.last_look, l.last_good, l.fresh, l.looks, l.bad, l.good, l.bad_since,"
        f" l.trouble_since, l.error, c.name, c.state, c.cadence, c.next_due FROM {own.looks} l LEFT JOIN {own.clocks} c"
        " ON c.time_clock_id = l.time_clock_id ORDER BY l.time_clock_id"
    )
    return [
        Query(f"SELECT {now}"),
        Query(looks),
        Query(f"SELECT cadence FROM {own.clocks} WHERE state = 'active' ORDER BY time_clock_id"),
        Query(
            "SELECT reason, COUNT(*), COALESCE(SUM(minutes), 0), MIN(first_seen) FROM"
            f" {own.holds} WHERE resolved_run IS NULL AND acknowledged_at IS NULL GROUP BY reason ORDER BY reason"
        ),
        Query(f"SELECT name, value, at FROM {own.service} WHERE name = '{DAY_CALLS}' OR {IS_NEW}"),
        Query(f"SELECT COUNT(*) FROM {own.users} WHERE is_listed = 1"),
        Query(
            f"SELECT COALESCE(SUM(http_calls), 0) FROM {own.runs} WHERE started_at > {now} - {_DAY}"
            f" AND id > (SELECT COALESCE(MAX(id), 0) - {_NEWEST} FROM {own.runs})"
        ),
    ]


def facts_of(fetched: Sequence[Rows], *, today: date, cadence: int, slice_days: int) -> Facts:
    """What is on record. `today` is the business's day, `slice_days` are days of one call."""
    moment, seen, visited, waiting, said, people, spent = fetched
    names = (
        "time_clock_id", "first_look", "last_look", "last_good", "fresh", "looks", "bad", "good", "bad_since",
        "trouble_since", "error", "name", "mode", "cadence", "next_due",
    )  # fmt: skip
    return Facts(
        now=int(moment[0][0]),
        today=today,
        clocks=tuple(looked(dict(zip(names, row, strict=True))) for row in seen),
        visited=tuple(int(row[0]) for row in visited),
        waiting=tuple(
            Waiting(reason=reason, count=int(count), minutes=int(minutes), since=int(since))
            for reason, count, minutes, since in waiting
        ),
        calls=next((calls(value, int(at)) for name, value, at in said if name == DAY_CALLS), None),
        new_members=tuple(NewMember(value, int(at)) for name, value, at in said if name != DAY_CALLS),
        spent=int(spent[0][0]),
        people_pages=max(1, -(-int(people[0][0]) // _PAGE)),
        slice_days=slice_days,
        cadence=cadence,
    )

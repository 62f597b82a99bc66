"""The closed days of every source: somebody's locks, closed pay periods, locks of single people, purged days."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from connecteam_sync.core.window import LockedDay, each_day, later, local_day, locked_day
from connecteam_sync.errors import ConfigurationError
from connecteam_sync.store.sql.pipeline import Query, Rows
from connecteam_sync.store.tables.own import OwnTables

_UTC = ZoneInfo("UTC")
_LOCK = "first_day, last_day, timezone, source, time_clock_id, user_id"
_DAY_LOCK = "first_day, last_day, timezone, source, 0 AS time_clock_id, 0 AS user_id"
_PERSON_LOCK = "day AS first_day, day AS last_day, timezone, source, time_clock_id, user_id"
_SPAN_OF_LOCKS = "span"
"""Stands in the place of a source, in the row that has the first and last day of all locks of single people."""


def locked_days_query(own: OwnTables) -> Query:
    """The query for the days that are closed for everybody; `locked_of` takes its rows."""
    return Query(f"SELECT {_DAY_LOCK} FROM {closed_days(own)} ORDER BY first_day, timezone")


def locks_query(own: OwnTables, start: int, end: int) -> Query:
    """The query for every day that is closed for everybody, for the locks of single people near a span of instants, and
    for the first and last day that has such a lock at all; `locked_of` takes its rows.
    """
    return Query(
        f"SELECT {_LOCK} FROM {day_locks(own)} UNION ALL SELECT min(day), max(day), '', '{_SPAN_OF_LOCKS}', 0, 0"
        f" FROM {own.person_locks}",
        days_around(start, end),
    )


def day_locks(own: OwnTables) -> str:
    """Every day that is closed, for everybody or for some from `:from_day` to `:to_day`, as a table `k`."""
    return (
        f"(SELECT {_DAY_LOCK} FROM {closed_days(own)} UNION ALL SELECT {_PERSON_LOCK} FROM {own.person_locks}"
        " WHERE day >= :from_day AND day <= :to_day) k"
    )


def days_around(start: int, end: int) -> dict[str, str]:
    """The calendar days, in any time zone, of a half-open span of instants: values for `day_locks`."""
    first, last = (local_day(instant, _UTC) for instant in (start, end - 1))
    return {"from_day": later(first, -1).isoformat(), "to_day": later(last, 1).isoformat()}


def closed_days(own: OwnTables) -> str:
    """The days that are closed for everybody, as a table `l` of `first_day`, `last_day`, `timezone`, `locked_at` (epoch
    seconds), `source` and `event_id` (of a lock): those that somebody locked, those of closed pay periods, and those
    that were purged, from the beginning of the purge on.
    """
    return (
        "(SELECT day AS first_day, day AS last_day, timezone, locked_at, 'own' AS source, event_id"
        f" FROM {own.locked_days} UNION ALL SELECT first_day, last_day, timezone, changed_at, 'period', NULL"
        f" FROM {own.periods} WHERE state = 'closed'"
        f" UNION ALL SELECT first_day, last_day, timezone, begun_at, 'purged', NULL FROM {own.purges}) l"
    )


def person_locks_query(own: OwnTables, days: dict[str, str]) -> Query:
    """The query for the locks of single people on these days (`days_around`); `locked_of` takes its rows."""
    sql = f"SELECT {_PERSON_LOCK} FROM {own.person_locks} WHERE day >= :from_day AND day <= :to_day"
    return Query(sql, dict(days))


def has_lock_near(fetched: Rows, instant: int) -> bool:
    """Whether, by the rows of `locks_query`, a single person may have a lock on the day of an instant."""
    days = days_around(instant, instant + 1)
    return any(
        source == _SPAN_OF_LOCKS and first is not None and first <= days["to_day"] and last >= days["from_day"]
        for first, last, _, source, _, _ in fetched
    )


def locked_of(fetched: Rows, timezone: str) -> tuple[LockedDay, ...]:
    """The closed days of `locked_days_query` or `locks_query`. Days closed before zones were stored, and before any
    run, get `timezone`.

    Raises ConfigurationError if this machine does not know the zone of a day: what is closed would be unknown.
    """
    try:
        days = {
            locked_day(day, zone or timezone, source, int(clock), int(user))
            for first, last, zone, source, clock, user in fetched
            if source != _SPAN_OF_LOCKS
            for day in each_day(date.fromisoformat(first), date.fromisoformat(last))
        }
    except ZoneInfoNotFoundError as error:
        raise ConfigurationError(
            f"a day is locked in a time zone that this machine does not know: {error}",
            next_step="reinstall the time zones of this system (package tzdata)",
        ) from error
    return tuple(sorted(days, key=lambda day: (day.start, day.source, day.time_clock_id, day.user_id)))

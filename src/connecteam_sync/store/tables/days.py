"""Local days as instants: a table of ours, since databases do not know time zones alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import Connection

from connecteam_sync.core.window import end_of_day, start_of_day
from connecteam_sync.store.sql.dialect import Dialect
from connecteam_sync.store.sql.quoting import run
from connecteam_sync.store.tables.own import OwnTables

BEFORE, YEARS = 9, 20
"""The first of the twenty years is so many years before the present one."""
_PART = 4000
"""How many days one statement writes."""


class Day(msgspec.Struct, frozen=True):
    """A local day: its first and its last second, both within it."""

    day: str
    timezone: str
    first_instant: int
    last_instant: int


def days_of(zone: str, year: int) -> Iterator[Day]:
    """Twenty years of days of a time zone; `year` is the present one."""
    info, day = ZoneInfo(zone), date(year - BEFORE, 1, 1)
    while day.year < year - BEFORE + YEARS:
        yield Day(day.isoformat(), zone, start_of_day(day, info), end_of_day(day, info) - 1)
        day += timedelta(days=1)


def zones_of(connection: Connection, own: OwnTables, zone: str) -> list[str]:
    """The business time zone, and those that days were closed in for payroll."""
    closed = run(connection, f"SELECT timezone FROM {own.locked_days} UNION SELECT timezone FROM {own.periods}")
    return sorted({zone, *(str(found) for (found,) in closed)})


def fill(connection: Connection, dialect: Dialect, own: OwnTables, zones: Iterable[str], year: int) -> int:
    """Write the days that are absent, or that other rules for a time zone moved; how many."""
    known = {Day(*row) for row in run(connection, f"SELECT day, timezone, first_instant, last_instant FROM {own.days}")}
    missing = [day for zone in zones for day in days_of(zone, year) if day not in known]
    key = ("day", "timezone")
    upsert = dialect.upsert(
        own.days,
        {"day": "text", "timezone": "text", "first_instant": "int", "last_instant": "int"},
        ", ".join(key),
        keep=frozenset(key),
    )
    for begin in range(0, len(missing), _PART):
        run(connection, upsert, {"rows": msgspec.json.encode(missing[begin : begin + _PART]).decode()})
    return len(missing)


def printed(own: OwnTables, dialect: Dialect, zones: Iterable[str], year: int) -> Iterator[str]:
    """The statements that write the days again, a year each."""
    for zone in zones:
        yield f"DELETE FROM {own.days} WHERE timezone = {dialect.literal(zone)}"
        by_year: dict[str, list[str]] = {}
        for day in days_of(zone, year):
            row = f"('{day.day}', {dialect.literal(zone)}, {day.first_instant}, {day.last_instant})"
            by_year.setdefault(day.day[:4], []).append(row)
        for of_year in by_year.values():
            yield f"INSERT INTO {own.days} (day, timezone, first_instant, last_instant) VALUES " + ", ".join(of_year)

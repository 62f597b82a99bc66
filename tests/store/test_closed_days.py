"""Closed days in the database: the zone each was closed in, a record only added to, and days from before either."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import text

from connecteam_sync.core.lock_check import Verified
from connecteam_sync.core.window import Window, locked_day
from connecteam_sync.errors import ConfigurationError
from connecteam_sync.store.payroll import locks
from connecteam_sync.store.store import Store
from connecteam_sync.store.tables.schema import VERSION

DAYS = "connecteam_sync_locked_days"
CHICAGO, TOKYO = "America/Chicago", "Asia/Tokyo"
NOW = 1_765_000_000


def december(first: int, last: int | None = None, zone: str = CHICAGO) -> Window:
    """Days of December."""
    return Window(date(2025, 12, first), date(2025, 12, last or first), zone)


def close(store: Store, window: Window, *, at: int = NOW, reason: str = "payroll") -> tuple[date, ...]:
    """Close days, as Pia."""
    with store.writing() as session:
        return locks.lock(session, window, by="Pia", reason=reason, now=at)


def opened(store: Store, window: Window) -> list[tuple[date, str]]:
    """Open days, as Olaf; which were closed."""
    with store.writing() as session:
        found = locks.unlock(session, window, by="Olaf", reason="a mistake", now=NOW + 60)
    return [(day.day, day.timezone) for day in found]


def ranges(store: Store) -> list[tuple[int, int, str]]:
    """What is closed, newest first: first and last of December, and the zone."""
    with store.reading() as session:
        return [(c.first.day, c.last.day, c.timezone) for c in locks.closed(session, CHICAGO)]


def test_days_are_closed_once_joined_and_listed_newest_first(store: Store) -> None:
    """A second stroke closes only what was open, and is listed by itself."""
    assert len(close(store, december(1, 3))) == 3
    assert close(store, december(2, 6), at=NOW + 5) == tuple(date(2025, 12, day) for day in (4, 5, 6))
    assert close(store, december(1, 6), at=NOW + 9) == ()
    assert ranges(store) == [(4, 6, CHICAGO), (1, 3, CHICAGO)]
    assert opened(store, december(2)) == [(date(2025, 12, 2), CHICAGO)]
    assert ranges(store) == [(4, 6, CHICAGO), (3, 3, CHICAGO), (1, 1, CHICAGO)]


def test_days_of_two_zones_stand_side_by_side_and_open_by_their_name(store: Store) -> None:
    """The same name twice is two spans of hours; whoever opens the day opens both."""
    close(store, december(2))
    assert close(store, december(2, 3, TOKYO), at=NOW + 5) == (date(2025, 12, 2), date(2025, 12, 3))
    assert ranges(store) == [(2, 3, TOKYO), (2, 2, CHICAGO)]
    with store.reading() as session:
        closed = session.locked("Europe/Berlin")
    assert set(closed) == {
        locked_day(date(2025, 12, day), zone) for day, zone in ((2, CHICAGO), (2, TOKYO), (3, TOKYO))
    }
    assert [day.start for day in closed] == sorted(day.start for day in closed)
    assert sorted(opened(store, december(2))) == [(date(2025, 12, 2), CHICAGO), (date(2025, 12, 2), TOKYO)]
    assert ranges(store) == [(3, 3, TOKYO)]


def test_every_locking_and_unlocking_stays_recorded(store: Store) -> None:
    """Who, when, why, which days of which zone, and what was found; nothing is recorded where nothing was done."""
    found = Verified(open=1, wrong=("Ana: nobody clocked out",))
    with store.writing() as session:
        locks.lock(session, december(1, 3), by="Pia", reason="payroll", now=NOW, anyway=True, verified=found)
    close(store, december(1, 3))
    close(store, december(3, 3, TOKYO), at=NOW + 5, reason="a trip")
    opened(store, december(3, 9))
    assert opened(store, december(20, 24)) == []
    with store.reading() as session:
        history = locks.lock_history(session)
    assert [(e.kind, e.by, e.reason, e.at - NOW, e.anyway) for e in history] == [
        ("unlock", "Olaf", "a mistake", 60, False),
        ("lock", "Pia", "a trip", 5, False),
        ("lock", "Pia", "payroll", 0, True),
    ]
    assert [e.ranges for e in history] == [
        ((date(2025, 12, 3), date(2025, 12, 3), CHICAGO), (date(2025, 12, 3), date(2025, 12, 3), TOKYO)),
        ((date(2025, 12, 3), date(2025, 12, 3), TOKYO),),
        ((date(2025, 12, 1), date(2025, 12, 3), CHICAGO),),
    ]
    assert [e.verified for e in history] == [None, None, found]
    with store.reading() as session:
        [standing] = locks.closed(session, CHICAGO)
    assert standing.event == history[2]


def test_days_closed_before_zones_were_kept_have_the_zone_of_the_runs_of_then(store: Store, database: str) -> None:
    """Of the newest run before, else the first after; an upgrade that was cut short goes on; nothing else is lost."""
    with store.writing() as session:
        for statement in (
            f"DROP TABLE {DAYS}",
            "DROP TABLE connecteam_sync_lock_events",
            f"CREATE TABLE {DAYS} (day VARCHAR(10) NOT NULL PRIMARY KEY, locked_at BIGINT NOT NULL)",
            f"INSERT INTO {DAYS} (day, locked_at) VALUES ('2025-12-01', 50), ('2025-12-02', 150)",
            f"INSERT INTO {DAYS} (day, locked_at) VALUES ('2025-12-03', 250)",
            "UPDATE connecteam_sync_version SET version_num = '0009'",
        ):
            session.connection.execute(text(statement))
        for at, zone in ((100, CHICAGO), (200, TOKYO)):
            session.connection.execute(
                text(
                    "INSERT INTO connecteam_sync_runs (kind, first_day, last_day, timezone, version, host, started_at,"
                    " statements, http_calls)"
                    f" VALUES ('sync', '2025-12-01', '2025-12-01', '{zone}', '0', 'h', {at}, 0, 0)"
                )
            )
    fresh = Store(database)
    assert fresh.init() == (f"our tables are at version {VERSION} (were at 0009)",)
    assert ranges(fresh) == [(3, 3, TOKYO), (2, 2, CHICAGO), (1, 1, CHICAGO)]
    with fresh.reading() as session:
        assert {item.event for item in locks.closed(session, CHICAGO)} == {None}
        assert session.read(f"SELECT count(*) AS n FROM {DAYS} WHERE event_id IS NOT NULL")[0]["n"] == 0
    assert close(fresh, december(1, 4)) == (date(2025, 12, 3), date(2025, 12, 4))
    with fresh.writing() as session:
        session.connection.execute(text("UPDATE connecteam_sync_version SET version_num = '0009'"))
    assert fresh.init() == (f"our tables are at version {VERSION} (were at 0009)",)
    assert len(opened(fresh, december(1, 9))) == 5
    fresh.close()


def test_days_closed_before_there_was_any_run_are_of_the_zone_of_the_business(store: Store) -> None:
    """Nobody can tell another; from the first locking or unlocking on it is theirs for ever."""
    with store.writing() as session:
        session.connection.execute(text(f"INSERT INTO {DAYS} (day, timezone, locked_at) VALUES ('2025-12-01', '', 1)"))
    with store.reading() as session:
        assert session.locked(TOKYO) == (locked_day(date(2025, 12, 1), TOKYO),)
    close(store, december(5))
    with store.reading() as session:
        assert session.locked(TOKYO)[0] == locked_day(date(2025, 12, 1), CHICAGO)


def test_a_zone_that_this_machine_does_not_know_is_an_error(store: Store) -> None:
    """Nobody could tell what is closed, so nothing is written."""
    with store.writing() as session:
        session.connection.execute(
            text(f"INSERT INTO {DAYS} (day, timezone, locked_at) VALUES ('2025-12-01', 'Mars/Base', 1)")
        )
    with pytest.raises(ConfigurationError, match="Mars/Base"), store.reading() as session:
        session.locked(CHICAGO)

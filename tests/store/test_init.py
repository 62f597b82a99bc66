"""Tables: made, found, upgraded, printed for a DBA; and what is said where they are not as they should be."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import make_url, text
from test_store import WINDOW, look, mirror, shift, table

from connecteam_sync.errors import ConfigurationError, DatabaseError, NotInitialised
from connecteam_sync.store.store import Store
from connecteam_sync.store.tables.schema import VERSION


def test_nothing_works_before_init(database: str) -> None:
    """The way out is named."""
    opened = Store(database)
    with pytest.raises(NotInitialised) as raised, opened.reading():
        pass
    assert "init" in raised.value.next_step
    opened.close()


def test_init_uses_what_is_there_and_runs_twice(store: Store, database: str) -> None:
    """Nothing is created twice; a host table that lacks a column is named."""
    assert store.init() == ()
    assert store.made_employees()
    with store.writing() as session:
        session.connection.execute(text("ALTER TABLE clock_times RENAME COLUMN source TO origin"))
    fresh = Store(database)
    with pytest.raises(ConfigurationError, match="source"), fresh.reading():
        pass
    fresh.close()


def test_a_damaged_file_is_an_error_in_our_words(tmp_path: Path) -> None:
    """SQLite notices it while it hands over the rows."""
    file = tmp_path / "damaged.db"
    opened = Store(f"sqlite:///{file}")
    opened.init()
    mirror(opened, *(shift(f"s{n}", n, n + 5, user=(101, 102, 103)[n % 3]) for n in range(600)))
    with opened.reading() as session:
        read = session.stored_queries(WINDOW, look())[0]
    opened.close()
    said = file.read_bytes()
    pages = [said[at : at + 4096] for at in range(0, len(said), 4096)]
    file.write_bytes(b"".join(b"\xff" * 4096 if b"s300" in page else page for page in pages))
    fresh = Store(f"sqlite:///{file}")
    with pytest.raises(DatabaseError), fresh.reading() as session:
        session.fetch(read)
    fresh.close()


def test_tables_of_an_earlier_version_are_upgraded(store: Store, database: str) -> None:
    """What came last is added where it is absent; an upgrade that was cut short goes on."""
    with store.writing() as session:
        session.connection.execute(text("ALTER TABLE connecteam_sync_holds DROP COLUMN acknowledged_by"))
        session.connection.execute(text("ALTER TABLE connecteam_sync_inputs DROP COLUMN last_key"))
        session.connection.execute(text("UPDATE connecteam_sync_version SET version_num = '0004'"))
    fresh = Store(database)
    with pytest.raises(NotInitialised, match="0004"), fresh.reading():
        pass
    assert fresh.init() == (f"our tables are at version {VERSION} (were at 0004)",)
    mirror(fresh, shift("a", 0, 61))
    with fresh.reading() as session:
        assert session.read("SELECT first_key, last_key FROM connecteam_sync_inputs") == []
        assert session.read("SELECT acknowledged_by FROM connecteam_sync_holds") == []
    fresh.close()


def test_the_sql_of_init_is_printed(database: str) -> None:
    """For a DBA to read: our tables, the guard row, the host's two."""
    opened = Store(database)
    said = opened.init_sql()
    opened.close()
    for word in (
        "CREATE TABLE connecteam_sync_changes",
        "INSERT INTO connecteam_sync_guard",
        "uq_employee_clock_in",
        "connecteam_sync_version",
    ):
        assert word in said


@pytest.mark.parametrize("keys", ["text", "uuid"])
def test_the_sql_of_init_is_right_for_other_keys(database: str, keys: str) -> None:
    """The database is asked what the host's keys are; where it cannot be, the SQL says what it takes for granted."""
    is_postgresql = database.startswith("postgresql")
    kind = "uuid" if keys == "uuid" and is_postgresql else f"CHAR({36 if keys == 'uuid' else 20})"
    moment = "TIMESTAMP" if is_postgresql else "DATETIME"
    opened = Store(database, lock_wait=1)
    with opened.connection() as connection:
        connection.execute(
            text(
                f"CREATE TABLE employees (id {kind} PRIMARY KEY, name VARCHAR(99), email VARCHAR(99),"
                " connecteam_user_id VARCHAR(40))"
            )
        )
        connection.execute(
            text(
                f"CREATE TABLE clock_times (id {kind} PRIMARY KEY, employee_id {kind} NOT NULL,"
                f" clock_in {moment} NOT NULL, clock_out {moment}, total_minutes INTEGER, is_active BOOLEAN NOT NULL,"
                " source VARCHAR(32) NOT NULL, UNIQUE (employee_id, clock_in))"
            )
        )
    printed = opened.init_sql()
    with opened.connection() as connection:
        for statement in printed.split("-- Only where you have no table")[0].split(";\n"):
            lines = [line for line in statement.splitlines() if line.strip() and not line.startswith("--")]
            if lines and lines[0] not in {"BEGIN", "COMMIT"}:
                connection.execute(text("\n".join(lines)))
    assert opened.init() == ()
    with opened.reading() as session:
        link = session.columns.keys.link
        assert link is not None
        assert link.is_text
    opened.close()
    if not database.startswith("sqlite"):
        away = Store(str(make_url(database).set(database="not_there").render_as_string(hide_password=False)))
        assert "could not be asked" in away.init_sql()
        away.close()


def test_the_sql_of_init_is_what_init_does(database: str) -> None:
    """Run by a DBA, statement by statement, it makes a database that works."""
    opened = Store(database, lock_wait=1)
    with opened.connection() as connection:
        for statement in opened.init_sql().split(";\n"):
            lines = [line for line in statement.splitlines() if line.strip() and not line.startswith("--")]
            if lines and lines[0] not in {"BEGIN", "COMMIT"}:
                connection.execute(text("\n".join(lines)))
    assert opened.init() == ()
    mirror(opened, shift("a", 0, 61))
    assert len(table(opened)) == 1
    opened.close()

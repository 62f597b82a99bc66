"""Which database failed, and what to do about it: the real databases' own refusals, and the cure of each kind."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import URL, make_url
from sqlalchemy.exc import DBAPIError

from connecteam_sync.errors import ConfigurationError, ConnecteamSyncError, DatabaseError, NotInitialised
from connecteam_sync.store.sql.connect import database_url
from connecteam_sync.store.sql.errors import FAILURES, OTHERWISE, cure_of, named
from connecteam_sync.store.store import Store
from support.databases import run_statement
from test_command import Terminal, terminal

__all__ = ["terminal"]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("mysql://payroll:hidden-word@db.example:3307/acme", "mysql://payroll@db.example:3307/acme"),
        ("mariadb://payroll:hidden-word@db.example/acme", "mariadb://payroll@db.example:3306/acme"),
        ("postgresql://db.example/acme?password=hidden-word", "postgresql://db.example:5432/acme"),
        ("postgresql://u@/acme?host=/run/pg&port=5433", "postgresql://u@/run/pg:5433/acme"),
        ("mysql+pymysql://u@[::1]:3306/acme?ssl_key=hidden-word", "mysql://u@[::1]:3306/acme"),
        ("sqlite:////srv/acme.db", "SQLite file /srv/acme.db"),
        ("sqlite://", "SQLite in memory, which is gone with this process"),
    ],
)
def test_a_database_is_named_without_its_password(url: str, said: str) -> None:
    """Kind, user, server, port and name; nothing of the URL's query, where a password may stand too."""
    assert named(make_url(url)) == said


def test_a_relative_file_is_named_by_its_absolute_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever stands in another folder sees that it is another file."""
    monkeypatch.chdir(tmp_path)
    assert named(make_url("sqlite:///connecteam-sync.db")) == f"SQLite file {tmp_path}/connecteam-sync.db"
    with pytest.raises(ConfigurationError, match=f"{tmp_path}/no/such does not exist|{tmp_path}/no/such.db"):
        database_url("sqlite:///no/such.db")


def refusal(url: URL | str, then: Callable[[Store], object] = Store.made_employees) -> ConnecteamSyncError:
    """The error of a store that cannot do its work; it names the database and does not send the reader in a circle."""
    store = Store(url if isinstance(url, str) else url.render_as_string(hide_password=False), lock_wait=1)
    try:
        with pytest.raises((DatabaseError, NotInitialised)) as caught:
            then(store)
    finally:
        store.close()
    assert store.name in caught.value.message
    assert caught.value.message.count(store.name) == 1
    assert not caught.value.next_step.startswith("run `connecteam-sync doctor`")
    return caught.value


def test_no_tables_names_the_database(database: str) -> None:
    """Whoever configured another database than they think sees it in the message."""
    error = refusal(database)
    assert isinstance(error, NotInitialised)
    assert error.exit_code == 2
    assert "init" in error.next_step


def test_an_unknown_database_is_to_be_created(database: str) -> None:
    """The server's own words, and: create it or correct its name. On SQLite: the path."""
    url = make_url(database)
    if url.drivername == "sqlite":
        error = refusal(url.set(database=str(Path(url.database or "").parent)))
        assert "unable to open database file" in error.message
        assert "correct the path" in error.next_step
        return
    error = refusal(url.set(database="cs_no_such_database"))
    assert "cs_no_such_database" in error.message
    assert error.next_step.startswith("create that database")


def test_an_unknown_user_is_told_to_look_at_user_and_password(database: str) -> None:
    """And the password is in nobody's message."""
    url = make_url(database)
    if url.drivername == "sqlite":
        return
    error = refusal(url.set(username="cs_nobody", password="hidden-word"))
    assert "cs_nobody" in error.message
    assert "hidden-word" not in error.message + error.next_step
    assert error.next_step.startswith("correct user and password")


def test_a_server_that_is_away_is_looked_for_by_host_and_port(database: str) -> None:
    """Nobody listens on port 9."""
    url = make_url(database)
    if url.drivername == "sqlite":
        return
    error = refusal(url.set(port=9))
    assert "port in CONNECTEAM_SYNC_DATABASE_URL" in error.next_step


def test_a_database_that_takes_no_writes_is_a_replica_or_a_closed_file(database: str) -> None:
    """A file opened for reading, a PostgreSQL database whose transactions are read-only."""
    url = make_url(database)
    if url.get_backend_name() in {"mysql", "mariadb"}:
        # A read-only MySQL is a setting of the whole server: its code stands in the table below.
        return
    with_tables = Store(database)
    with_tables.init()
    with_tables.close()
    if url.drivername == "sqlite":
        url = url.set(database=f"file:{url.database}", query={"mode": "ro", "uri": "true"})
    else:
        run_statement(url, f'ALTER DATABASE "{url.database}" SET default_transaction_read_only = on')
    if url.drivername == "sqlite":
        store = Store(url.render_as_string(hide_password=False))
        with pytest.raises(DatabaseError) as caught, store.writing() as session:
            session.read("DELETE FROM clock_times")
        store.close()
        assert "takes no writes" in caught.value.next_step
        return

    def write(store: Store) -> None:
        with store.writing():
            pass

    assert "takes no writes" in refusal(url, write).next_step


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    """Damaged, or another program's."""
    (tmp_path / "x.db").write_bytes(b"nothing a database could read" * 99)
    assert "backup" in refusal(f"sqlite:///{tmp_path}/x.db").next_step


@pytest.mark.parametrize(
    ("code", "words", "cure"),
    [
        (1044, "Access denied for user 'x' to database 'y'", "let the user in"),
        (4151, "Access denied, this account is locked", "UNLOCK"),
        (3118, "Access denied for user 'x'. Account is locked.", "UNLOCK"),
        (1862, "Your password has expired. To log in you must change it", "new password"),
        (1114, "The table 'clock_times' is full", "make room"),
        (1030, "Got error 28 from storage engine", "make room"),
        ("53100", "could not extend file", "make room"),
        (None, "database or disk is full", "make room"),
        (1290, "The MySQL server is running with the --read-only option", "takes no writes"),
        (1040, "Too many connections", "too many connections|closed connections"),
        (2013, "Lost connection to MySQL server during query", "server runs"),
        ("57P01", "terminating connection due to administrator command", "server runs"),
        (1305, "FUNCTION x does not exist", "too old"),
        (9999, "Something nobody has heard of", OTHERWISE[:30]),
    ],
)
def test_every_kind_of_failure_has_a_cure(code: object, words: str, cure: str) -> None:
    """By its code, and by its words where there is none."""
    error = DBAPIError(None, None, sqlite3.OperationalError(words))
    found = cure_of(error, {code})
    assert any(word in found for word in cure.split("|")), found
    assert all("run `connecteam-sync doctor`" not in failure.cure for failure in FAILURES)


def test_doctor_names_the_database_and_a_cure_that_is_not_doctor(terminal: Terminal) -> None:
    """Of a database that answers, of one that does not, and of an empty one: also from another folder."""
    answer = terminal("doctor", "--json")
    check = next(c for c in answer.json["checks"] if c["name"] == "database")
    assert str(terminal.folder / "connecteam-sync.db") in check["detail"]
    away = terminal("doctor", "--json", CONNECTEAM_SYNC_DATABASE_URL="mysql://nobody:hidden-word@127.0.0.1:9/x")
    check = next(c for c in away.json["checks"] if c["name"] == "database")
    assert "mysql://nobody@127.0.0.1:9/x" in check["detail"]
    assert "hidden-word" not in json.dumps(away.json)
    assert check["cure"].startswith("see that the server runs")
    elsewhere = terminal.folder / "elsewhere"
    elsewhere.mkdir()
    terminal.folder = elsewhere
    said = terminal("runs")
    assert said.code == 2
    assert f"{elsewhere}/connecteam-sync.db" in said.err

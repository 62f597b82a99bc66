"""Cures are real: a wrong address, a wrong user and a lacking right are each told in another sentence."""

from __future__ import annotations

import json
import socket
import time
import uuid
from collections.abc import Iterator

import pytest
from sqlalchemy import URL, create_engine, make_url
from test_damaged import host_tables

from connecteam_sync.errors import ConfigurationError, DatabaseError
from connecteam_sync.store.sql.connect import database_url
from connecteam_sync.store.store import Store
from connecteam_sync.store.tables.privileges import lacking
from support.databases import run_statement
from test_command import Terminal, terminal

__all__ = ["terminal"]


@pytest.fixture
def nobody(database: str) -> Iterator[URL]:
    """The address of the database for a user who may do nothing there."""
    url = make_url(database)
    if url.drivername == "sqlite":
        pytest.skip("a file has no users")
    name, is_postgresql = f"nobody_{uuid.uuid4().hex[:8]}", url.get_backend_name() == "postgresql"
    who = name if is_postgresql else f"'{name}'@'%'"
    run_statement(url, f"CREATE USER {who} {'PASSWORD' if is_postgresql else 'IDENTIFIED BY'} 'right'")
    yield url.set(username=name, password="right")
    if is_postgresql:
        run_statement(url, f"DROP OWNED BY {who}")
    run_statement(url, f"DROP USER {who}")


def free_port() -> int:
    """A port where nobody listens."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def doctor(terminal: Terminal, url: URL) -> tuple[str, str]:
    """What doctor says of the database: detail and cure of its first failure there."""
    shown = url.render_as_string(hide_password=False)
    said = terminal("doctor", "--json", CONNECTEAM_SYNC_DATABASE_URL=shown)
    assert said.code == 1
    assert "wrong-word" not in said.out + said.err
    failed = next(check for check in said.json["checks"] if check["state"] == "failed")
    return failed["detail"], failed["cure"]


def test_what_is_wrong_with_the_address_is_told_apart(terminal: Terminal, nobody: URL, database: str) -> None:
    """Password, database, host, port: the database's own words, and four cures."""
    is_postgresql = nobody.get_backend_name() == "postgresql"
    wrong = nobody.set(username="nobody_at_all") if is_postgresql else nobody.set(password="wrong-word")
    admin = make_url(database)
    cures = [
        doctor(terminal, url)[1]
        for url in (
            wrong,
            admin.set(database="cs_no_such_database"),
            nobody.set(host="no-such-host.invalid"),
            nobody.set(port=free_port()),
        )
    ]
    for cure, word in zip(cures, ("password", "create that database", "name of the host", "that port"), strict=True):
        assert word in cure, cures
    assert len(set(cures)) == 4


def test_rights_that_init_and_adopt_lack_are_told_as_theirs(terminal: Terminal, nobody: URL, database: str) -> None:
    """Each names the command and what its user must be able to do; nothing is left behind."""
    is_postgresql = nobody.get_backend_name() == "postgresql"
    admin = make_url(database)
    who = nobody.username if is_postgresql else f"'{nobody.username}'@'%'"
    if is_postgresql:
        run_statement(admin, "REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    else:
        run_statement(admin, f"GRANT SELECT ON {nobody.database}.* TO {who}")
    mine = {"CONNECTEAM_SYNC_DATABASE_URL": nobody.render_as_string(hide_password=False)}
    said = terminal("init", **mine)
    assert said.code == 1
    assert "run connecteam-sync init with a user that may create tables" in said.err
    host_tables(admin.render_as_string(hide_password=False), [1])
    theirs = {"CONNECTEAM_SYNC_DATABASE_URL": admin.render_as_string(hide_password=False)}
    assert terminal("init", **theirs).code == 0
    daily = "SELECT, INSERT, UPDATE, DELETE"
    if is_postgresql:
        run_statement(admin, f"GRANT {daily} ON ALL TABLES IN SCHEMA public TO {who}")
        run_statement(admin, f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {who}")
    else:
        run_statement(admin, f"GRANT {daily} ON {nobody.database}.* TO {who}")
    said = terminal("adopt", "--apply", **mine)
    assert said.code == 1, said
    assert "run connecteam-sync adopt with a user that may ALTER" in said.err
    assert terminal("adopt", "--apply", **theirs).code == 0


def test_a_database_that_takes_no_writes_lacks_no_right(terminal: Terminal, nobody_or_file: URL) -> None:
    """A user whose transactions are read-only, a file opened for reading: no GRANT would help, and none is advised."""
    detail, cure = doctor(terminal, nobody_or_file)
    assert "only" in detail.lower()
    assert "takes no writes" in cure
    assert "GRANT" not in cure


@pytest.fixture
def nobody_or_file(database: str, request: pytest.FixtureRequest) -> URL:
    """A database with our tables that takes no writes."""
    url = make_url(database)
    store = Store(database)
    store.init()
    store.close()
    if url.drivername == "sqlite":
        return url.set(database=f"file:{url.database}", query={"mode": "ro", "uri": "true"})
    nobody: URL = request.getfixturevalue("nobody")
    if url.get_backend_name() != "postgresql":
        run_statement(url, f"GRANT SELECT, INSERT, UPDATE, DELETE ON `{url.database}`.* TO '{nobody.username}'@'%'")
        return nobody.update_query_dict({"init_command": "SET SESSION TRANSACTION READ ONLY"})
    every = "SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public"
    run_statement(url, f"GRANT {every} TO {nobody.username}")
    run_statement(url, f"ALTER USER {nobody.username} SET default_transaction_read_only = on")
    return nobody


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_server_that_is_full_is_worth_another_try(terminal: Terminal, nobody: URL, database: str) -> None:
    """No more connections for this user, for a moment; a user who is unknown is so the next time too."""
    url = nobody.render_as_string(hide_password=False)
    wrong = nobody.set(username="nobody_at_all").render_as_string(hide_password=False)
    run_statement(make_url(database), f"ALTER ROLE {nobody.username} CONNECTION LIMIT 0")
    full = terminal("runs", "--json", CONNECTEAM_SYNC_DATABASE_URL=url)
    assert (full.code, full.json["error"], full.json["retryable"]) == (1, "database_unavailable", True)
    never = terminal("runs", "--json", CONNECTEAM_SYNC_DATABASE_URL=wrong)
    assert (never.code, never.json["retryable"]) == (1, False)


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_statement_that_is_given_no_time_is_told_as_that(terminal: Terminal, nobody: URL) -> None:
    """Whichever statement is the first to be ended: those that the driver sends by itself too."""
    for milliseconds in (1, 2):
        short = nobody.update_query_dict({"options": f"-c statement_timeout={milliseconds}"})
        said = terminal("doctor", "--json", CONNECTEAM_SYNC_DATABASE_URL=short.render_as_string(hide_password=False))
        assert "foresaw" not in said.out + said.err
        if "statement timeout" in said.out:
            assert "statement_timeout of PostgreSQL" in said.out


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_statement_that_was_ended_says_nothing_of_the_server_or_of_rights(database: str) -> None:
    """It waits for a table that another program has locked, for longer than it may."""
    store = Store(database)
    store.init()
    store.close()
    url = make_url(database)
    short = Store(url.update_query_dict({"options": "-c statement_timeout=300"}).render_as_string(hide_password=False))
    engine = create_engine(url)
    with engine.begin() as other:
        other.exec_driver_sql("LOCK TABLE clock_times IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(DatabaseError, match="statement timeout") as error:
            lacking(short, creates_employees=False)
    assert "statement_timeout of PostgreSQL" in error.value.next_step
    short.close()
    engine.dispose()


URLS: dict[str, str] = {
    "sqlite://hours.db": "sqlite:///hours.db",
    "sqlite:hours.db": "write CONNECTEAM_SYNC_DATABASE_URL like",
    "hours.db": "write CONNECTEAM_SYNC_DATABASE_URL like",
    "mysql://root@127.0.0.1:{mysql}/x?ssl=true": "?ssl_mode=REQUIRED",
    "mysql://root@127.0.0.1:{mysql}/x?sslmode=require": "?ssl_mode=REQUIRED",
    "mysql://root@127.0.0.1/x?connect_timeout=abc": "behind its `?`",
    "mysql://root@127.0.0.1/x?ssl_ca=/no/such.pem": "behind its `?`",
    "postgresql://postgres@127.0.0.1:{postgresql}/x?ssl=true": "?sslmode=require",
    "mysql://root:secret-word@127.0.0.1:abc/x": "no number of a port",
    "postgresql://root:secret-word@127.0.0.1:/x": "no number of a port",
    "mysql://root:secret-word@127.0.0.1:99999/x": "port 99999",
    "mysql://root:secret-word@[::1/x": "no number of a port",
    "mysql://root:secret-word@127.0.0.1": "add the name: mysql://user@127.0.0.1/database",
    "postgresql://root:secret-word@db.example/": "add the name: postgresql://user@db.example/database",
    "mysql://root:half@secret-word@127.0.0.1/x": "@ is %40",
    "mysql://root:half@secret-word/more@127.0.0.1/x": "@ is %40",
    "mysql://root:half@secret-word:more@127.0.0.1/x": "@ is %40",
    "postgresql://root:half@secret-word#more@127.0.0.1/x": "# is %23",
    "mysql://root@secret-word#x/x": "# is %23",
    "oracle://root:secret-word@127.0.0.1/x": "use a mysql://",
    "mysql+nonsense://root:secret-word@127.0.0.1/x": "leave the driver out",
    "postgresql+psycopg_async://root:secret-word@127.0.0.1/x": "leave the driver out",
    "mysql://root:secret-word@127.0.0.1/x?cursorclass=DictCursor": "cursorclass",
    "mysql:///x?read_default_file=/nowhere/at/all.cnf": "no file '/nowhere/at/all.cnf'",
    "mariadb://root:secret-word@127.0.0.1/x?autocommit=true": "autocommit",
    "postgresql://root:secret-word@127.0.0.1/x?row_factory=dict_row": "row_factory",
    "postgresql://root:secret-word@127.0.0.1/x?autocommit=1": "autocommit",
    "sqlite:///hours.db?mode=ro": "uri=true",
}


@pytest.mark.parametrize("url", URLS)
def test_any_url_is_answered_with_a_sentence(terminal: Terminal, url: str) -> None:
    """Exit 2 (or 1 where only the server can tell), the right form, and nothing of a secret."""
    told = url.format(mysql=3306, postgresql=5432)
    said = terminal("runs", CONNECTEAM_SYNC_DATABASE_URL=told)
    assert said.code == (1 if told.endswith("?ssl=true") and told.startswith("postgres") else 2), said
    assert URLS[url] in said.err
    assert "secret-word" not in said.err + said.out
    assert "foresaw" not in said.err


@pytest.mark.parametrize("scheme", ["mysql+pymysql", "postgresql"])
def test_a_port_where_nobody_speaks_is_given_up(terminal: Terminal, scheme: str) -> None:
    """PostgreSQL at the port of a mysql:// URL waits for the client to begin, as that waits for the server."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"{scheme}://root@127.0.0.1:{silent.getsockname()[1]}/x?connect_timeout=2"
        began = time.monotonic()
        said = terminal("runs", "--json", CONNECTEAM_SYNC_DATABASE_URL=url)
    assert time.monotonic() - began < 15
    assert (said.code, json.loads(said.out)["retryable"]) == (1, True), said


def test_passwords_that_can_be_read_are_taken_as_they_are() -> None:
    """A # or a colon in a password is no obstacle; nor is an @ that is encoded, or one in a user's name."""
    for text, password in (
        ("mysql://me:a#b@host/x", "a#b"),
        ("mysql://me:a:b@host/x", "a:b"),
        ("mysql://me:a%40b@host/x", "a@b"),
        ("mysql://me@server:ab@host/x", "ab"),
        ("postgresql:///?service=hours", None),
        (f"mysql:///?read_default_file={__file__}", None),  # any file that is there
    ):
        assert database_url(text).password == password


@pytest.mark.parametrize(
    "options", ["read_timeout=soon", "ssl_ca=/no/such.pem", "nonsense=1", "ssl=1&ssl_cert=/no/such"]
)
def test_a_program_that_calls_is_told_the_same(options: str) -> None:
    """Whatever the driver raises, when it is made or when it connects."""
    with pytest.raises(ConfigurationError, match="behind its `\\?`"):
        Store(f"mysql://root@127.0.0.1/x?{options}").made_employees()

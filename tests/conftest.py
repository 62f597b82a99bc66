"""Databases for the tests: SQLite always, the servers wherever they answer; the run says loudly which were absent.

`CONNECTEAM_SYNC_TEST_DATABASES` replaces the list: name=URL pairs of servers, separated by spaces.
"""

from __future__ import annotations

import os
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import URL, create_engine, make_url, text
from sqlalchemy.exc import OperationalError

from connecteam_sync.store.store import Store
from support.assertion_counts import tell

SERVERS = dict(
    pair.split("=", 1)
    for pair in os.environ.get(
        "CONNECTEAM_SYNC_TEST_DATABASES",
        "mariadb=mysql+pymysql://root@127.0.0.1:3306"
        " mysql=mysql+pymysql://root@127.0.0.1:3307"
        " postgresql=postgresql+psycopg://postgres@127.0.0.1:5432/postgres",
    ).split()
)
DATABASES = ("sqlite", *SERVERS)


def run_statement(url: URL, statement: str) -> None:
    """One statement outside any transaction."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.execute(text(statement))
    finally:
        engine.dispose()


def _absent(name: str) -> str | None:
    """Why a server cannot be tested; None where it answers."""
    try:
        run_statement(make_url(SERVERS[name]), "SELECT 1")
    except OperationalError as error:
        return str(error.orig).splitlines()[0]
    return None


ABSENT = {name: why for name in SERVERS if (why := _absent(name))}


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Which databases this run is about."""
    tested = ", ".join(name for name in DATABASES if name not in ABSENT)
    terminalreporter.write_line(f"databases tested: {tested}")
    for name, why in ABSENT.items():
        terminalreporter.write_line(
            f"NOT TESTED: {name} at {SERVERS[name]} does not answer: {why}", red=True, bold=True
        )


@pytest.fixture(autouse=True)
def replay_line(request: pytest.FixtureRequest) -> None:
    """What is random names its seed in the name of the test, or has one for ever: the name plays it again."""
    if "attack" in request.node.path.parts:
        tell(f"play it again: make test PYTEST='{request.node.nodeid} -n0'", Counter())


@pytest.fixture(params=DATABASES)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database of each kind."""
    name: str = request.param
    if name == "sqlite":
        yield f"sqlite:///{tmp_path}/test.db"
        return
    if name not in SERVERS:
        pytest.skip(f"{name} is not among the databases of this run (CONNECTEAM_SYNC_TEST_DATABASES)")
    if name in ABSENT:
        pytest.skip(f"{name} does not answer: {ABSENT[name]}")
    server = make_url(SERVERS[name])
    scratch = f"cs_test_{uuid.uuid4().hex[:12]}"
    charset = "" if name == "postgresql" else " CHARACTER SET utf8mb4"
    run_statement(server, f"CREATE DATABASE {scratch}{charset}")
    try:
        yield server.set(database=scratch).render_as_string(hide_password=False)
    finally:
        run_statement(server, f"DROP DATABASE {scratch}{' WITH (FORCE)' if name == 'postgresql' else ''}")


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    """An initialised store on each kind of database."""
    opened = Store(database, lock_wait=1)
    opened.init()
    yield opened
    opened.close()

"""Databases for the tests: SQLite always, servers if they answer; the end of the run names those that did not.

`CONNECTEAM_SYNC_TEST_DATABASES` replaces the list: name=URL pairs of servers, separated by spaces.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url
from sqlalchemy.exc import OperationalError

from connecteam_sync.store.store import Store
from support import databases, quick
from support.assertion_counts import tell
from support.databases import run_statement

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


def _absent(name: str) -> str | None:
    """Why a server cannot be tested; None if it answers."""
    try:
        run_statement(make_url(SERVERS[name]), "SELECT 1")
    except OperationalError as error:
        return str(error.orig).splitlines()[0]
    return None


os.environ["XDG_STATE_HOME"] = tempfile.mkdtemp(prefix="connecteam-sync-tests-")
"""What runs keep on this machine does not go to the home of whoever runs the tests."""
ABSENT = {name: why for name in SERVERS if (why := _absent(name))}


LEFT_OUT = pytest.StashKey[int]()
END = pytest.StashKey[float]()
"""By the clock that all processes of this machine share, when `--minutes` are over."""
NO_TIME = "the minutes of this run were over"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--quick`, as `make test` has it; without it everything runs."""
    parser.addoption("--quick", action="store_true", help="leave out what is long: what `make test` runs")
    parser.addoption(
        "--in-turns", action="store_true", help="run tests of the service on one server each: `make test-all`"
    )
    parser.addoption(
        "--minutes",
        type=float,
        help="begin no test later than this; long ones come last, and the run tells what is missing",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Note when the time is over, in a worker as its controller says."""
    if (minutes := config.getoption("--minutes")) is not None:
        of_controller = getattr(config, "workerinput", {}).get("end")
        config.stash[END] = of_controller or time.monotonic() + 60 * minutes


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:  # noqa: ANN401 - a worker of pytest-xdist
    """Tell a worker when the time is over."""
    node.workerinput["end"] = node.config.stash.get(END, None)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Begin nothing once the time is over."""
    if time.monotonic() > item.config.stash.get(END, float("inf")):
        pytest.skip(NO_TIME)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out long tests with `--quick`, and what is another server's turn with `--in-turns`."""
    is_quick = config.getoption("--quick")
    answering = tuple(name for name in SERVERS if name not in ABSENT)
    if END in config.stash:
        workers = getattr(config, "workerinput", {}).get("workercount", 1)
        items[:] = quick.long_ones_last(items, answering, workers)
    if not (is_quick or config.getoption("--in-turns")):
        return
    if is_quick:
        left_out = [item for item in items if quick.is_left_out(item, answering)]
    else:
        left_out = quick.are_left_to_others(items, answering)
    gone = set(left_out)
    items[:] = [item for item in items if item not in gone]
    config.hook.pytest_deselected(items=left_out)
    config.stash[LEFT_OUT] = len(left_out)
    if hasattr(config, "workeroutput"):
        config.workeroutput["left out"] = len(left_out)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Two more workers than cores: tests wait for servers, processes and retries about half of their time."""
    return 2 + (os.cpu_count() or 1)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:  # noqa: ANN401 - a worker of pytest-xdist
    """Take over the number of tests that a worker left out; it is the same for all."""
    node.config.stash[LEFT_OUT] = getattr(node, "workeroutput", {}).get("left out", 0)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the databases that were tested and those that were not."""
    tested = ", ".join(name for name in DATABASES if name not in ABSENT)
    terminalreporter.write_line(f"databases tested: {tested}")
    for name, why in ABSENT.items():
        terminalreporter.write_line(
            f"NOT TESTED: {name} at {SERVERS[name]} does not answer: {why}", red=True, bold=True
        )
    if late := sum(NO_TIME in str(report.longrepr) for report in terminalreporter.stats.get("skipped", ())):
        minutes = terminalreporter.config.getoption("--minutes")
        terminalreporter.write_line(
            f"NOT TESTED: {late:,} tests, since {NO_TIME}: {minutes:g}; this machine is slow, or does other work",
            red=True,
            bold=True,
        )
    if left_out := terminalreporter.config.stash.get(LEFT_OUT, 0):
        is_quick = terminalreporter.config.getoption("--quick")
        which, way = ("long tests", "all") if is_quick else ("tests, most of them of other servers,", "every")
        terminalreporter.write_line(f"{left_out:,} {which} are left out: make test-{way}")


@pytest.fixture(autouse=True)
def replay_line(request: pytest.FixtureRequest) -> None:
    """Print the command that repeats a test: a random seed is fixed, or part of the test's name."""
    if "attack" in request.node.path.parts:
        tell(f"play it again: make test PYTEST='{request.node.nodeid} -n0'", Counter())


@pytest.fixture
def few_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request is tried twice and not six times, for tests in which it never comes through."""
    monkeypatch.setattr("connecteam_sync.api.client._ATTEMPTS", 2)


@pytest.fixture(params=DATABASES)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database of each kind; an initialised one if the test uses `initialised`."""
    name: str = request.param
    is_initialised = "initialised" in request.fixturenames
    if name == "sqlite":
        file = tmp_path / "test.db"
        yield databases.initialised_file(file) if is_initialised else f"sqlite:///{file}"
        return
    if name not in SERVERS:
        pytest.skip(f"{name} is not among the databases of this run (CONNECTEAM_SYNC_TEST_DATABASES)")
    if name in ABSENT:
        pytest.skip(f"{name} does not answer: {ABSENT[name]}")
    making = databases.initialised if is_initialised else databases.empty
    with making(make_url(SERVERS[name])) as url:
        yield databases.plain(url)


@pytest.fixture
def initialised(database: str) -> str:
    """The URL of a database of each kind in which only `init` has run."""
    return database


@pytest.fixture
def store(initialised: str) -> Iterator[Store]:
    """An initialised store on each kind of database."""
    opened = Store(initialised, lock_wait=1)
    yield opened
    opened.close()


def pytest_sessionfinish() -> None:
    """Drop the databases kept for further tests."""
    databases.drop_kept()

"""What `make test` leaves out is named by what there is, and the essential is never left out."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from support import quick

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize(
    "prefix",
    [
        *quick.LONG,
        *quick.EVERYWHERE,
        *quick.SIXTHS,
        *quick.ON_SQLITE,
        *quick.IN_TURNS,
        *quick.ABOUT_SERVERS,
        *quick.A_THIRD_OF,
        *(name.partition("[")[0] for name in quick.LONGEST),
    ],
)
def test_every_name_is_that_of_a_file_or_a_test(prefix: str) -> None:
    """A file that is renamed would be quick from then on, and a test that is renamed too."""
    path, _, test = prefix.partition("::")
    found = list(ROOT.glob(f"{path}*"))
    assert found
    assert not test or f"def {test}" in "".join(file.read_text() for file in found if file.is_file())


class Item(pytest.Item):
    """A test by its name alone."""

    def runtest(self) -> None:
        """Nothing is run."""


@pytest.mark.parametrize(
    ("name", "is_left_out"),
    [
        ("tests/attack/test_kill.py::test_every_point_of_init[sqlite]", True),
        ("tests/golden/test_golden.py::test_a_clock_out_arrives[mysql]", False),
        ("tests/core/test_plan.py::test_anything", False),
    ],
)
def test_long_suites_wait_and_the_essential_does_not(
    name: str,
    is_left_out: bool,  # noqa: FBT001 - parametrised
    request: pytest.FixtureRequest,
) -> None:
    """By its name alone."""
    item = Item.from_parent(request.session, name="one", nodeid=name)
    assert quick.is_left_out(item, ("mariadb", "mysql", "postgresql")) is is_left_out


def test_what_only_waits_runs_on_sqlite_alone() -> None:
    """Whichever servers answer: the same waits on each of them would take minutes."""
    words = ("-m", "pytest", "--collect-only", "-q", "--quick", "-n0", "tests/golden/test_golden.py")
    told = subprocess.run([sys.executable, *words], cwd=ROOT, capture_output=True, text=True, check=True).stdout  # noqa: S603 - our own words
    waiting = [line for line in told.splitlines() if "whatever_the_api_does" in line]
    assert waiting
    assert all("[sqlite-" in line for line in waiting)


def test_each_test_keeps_a_database_that_it_can_run_on() -> None:
    """In turns: those of one server only stay, and of all others SQLite and one server."""
    words = ("-m", "pytest", "--collect-only", "-q", "-n0", "tests/service", "tests/attack/test_kill.py")
    every, some = (
        [
            line
            for line in subprocess.run(  # noqa: S603 - our own words
                [sys.executable, *words, *more], cwd=ROOT, capture_output=True, text=True, check=True
            ).stdout.splitlines()
            if "::" in line
        ]
        for more in ((), ("--in-turns",))
    )

    def alike(lines: list[str]) -> set[str]:
        return {re.sub(r"mariadb|mysql|postgresql", "a server", line) for line in lines}

    assert alike(every) - alike(some) == {"tests/service/test_clock.py::test_what_a_day_costs[30]"}
    assert {line for line in every if "sqlite" in line} <= set(some)
    assert len(some) < len(every) or not any("mysql" in line for line in every)


def test_long_ones_come_last_for_each_worker(request: pytest.FixtureRequest) -> None:
    """Nothing is lost, and each piece of the list begins with what is quick."""
    names = [f"tests/{path}.py::test[{n}]" for path in ("attack/test_kill", "core/test_plan") for n in range(10)]
    items = [Item.from_parent(request.session, name="one", nodeid=name) for name in names]
    order = [item.nodeid for item in quick.long_ones_last(items, (), 3)]
    assert sorted(order) == sorted(names)
    kinds = "".join("l" if "kill" in name else "q" for name in order)
    assert kinds == "qqqlll" * 2 + "qqqqllll"


def test_what_there_was_no_time_for_is_told() -> None:
    """Nothing begins after the minutes, in any process; the run says loudly what is missing, and has not failed."""
    words = ("-m", "pytest", "-q", "tests/core/test_window.py")
    alone, shared, every = (
        subprocess.run(  # noqa: S603 - our own words
            [sys.executable, *words, "-n", workers, "--minutes", minutes],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for workers, minutes in (("0", "0"), ("2", "0"), ("2", "30"))
    )
    missing = re.search(r"NOT TESTED: (\d+) tests, since the minutes of this run were over: 0;", alone)
    assert missing is not None, alone
    assert missing[0] in shared
    assert f"{missing[1]} skipped in" in shared
    assert "since the minutes" not in every
    assert f"{missing[1]} passed in" in every

"""What a run costs over a network, in counts: round trips, statements, calls, and how they grow.

The process is the command as its users run it; a relay stands before the database and counts turn-arounds.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest
from relay import Relay
from sqlalchemy import make_url

from connecteam_sync.api.client import PAGE
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.sandbox.company import CLOSED, WAREHOUSE
from support.scenario import FIRST, LAST, World

NOTHING, SOMETHING, EVERYTHING = 18, 20, 27
"""Round trips of a whole process, connecting included: nothing to do, a few changes, a first load of one slice. Three
of them count the look and judge whether anybody is to be told of trouble, and one looks for receipts to fold.
"""
PLENTY = SandboxSettings(minute_limit=10**9, day_limit=10**9)
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # the relay's process ends with the test's


def command(sandbox: Sandbox, url: str, folder: Path) -> dict[str, object]:
    """`connecteam-sync sync --json` as a process of its own; what it said."""
    settings = {
        "CONNECTEAM_SYNC_API_KEY": sandbox.key,
        "CONNECTEAM_SYNC_BASE_URL": sandbox.url,
        "CONNECTEAM_SYNC_TIMEZONE": sandbox.company.timezone,
        "CONNECTEAM_SYNC_DATABASE_URL": url,
        "CONNECTEAM_SYNC_TIME_CLOCKS": str(WAREHOUSE),
        "CONNECTEAM_SYNC_EMPLOYEES": "create",
        "CONNECTEAM_SYNC_MAX_DELETES": "1000",
    }
    done = subprocess.run(  # noqa: S603 - our own command
        [
            str(Path(sys.executable).with_name("connecteam-sync")),
            "sync",
            "--json",
            "--from",
            str(FIRST),
            "--to",
            str(LAST),
        ],
        env={**os.environ, **settings},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode in {0, 3}, done.stderr
    said: dict[str, object] = json.loads(done.stdout)
    return said


@pytest.mark.parametrize("database", ["mariadb", "mysql", "postgresql"], indirect=True)
def test_round_trips_of_a_process_do_not_grow(database: str, tmp_path: Path) -> None:
    """500 shifts and 5,000: the same number where there is nothing to do, and never a round trip for a shift."""
    found: dict[int, list[int]] = {}
    for shifts in (500, 5000):
        company = Company(shifts)
        del company.clocks[CLOSED]
        with Sandbox(company, PLENTY) as sandbox:
            world = World(sandbox, database)
            world.execute("DELETE FROM clock_times")
            world.execute("DELETE FROM connecteam_sync_shifts")
            world.mirror.close()
            url = make_url(database)
            with Relay(url.host or "", url.port or 0) as relay:
                through = url.set(port=relay.port).render_as_string(hide_password=False)
                trips: list[int] = []
                for status in ("applied", "nothing", "nothing", "applied"):
                    if len(trips) == 3:
                        shift = next(s for s in sandbox.company.shifts() if s.end is not None)
                        sandbox.company.edit(shift.id, end=shift.start + 61)
                    relay.start()
                    said = command(sandbox, through, tmp_path)
                    assert said["status"] == status
                    trips.append(relay.counts().round_trips)
                found[shifts] = trips
    # MySQL speaks TLS, whose tickets come when they come: one turn-around more or less.
    assert abs(found[500][2] - found[5000][2]) <= 2 * database.startswith("mysql"), found
    assert max(found[500][2], found[5000][2]) <= NOTHING, found
    assert found[500][3] <= SOMETHING, found
    assert found[500][0] <= EVERYTHING, found
    # A thousand rows a statement: a constant for every thousand changes, on whichever database.
    assert found[5000][0] <= found[500][0] + 5 * 6, found


def test_calls_of_a_run(tmp_path: Path) -> None:
    """One for each clock (an archived one too, for days asked for by name) and slice, the pages of the user list, and
    the list of clocks; never one for a person.

    The first run with a key asks once more, whose it is, and of each time clock with breaks their types.
    """
    with Sandbox(Company(2000, people=PAGE + 20), PLENTY) as sandbox:
        world = World(sandbox, f"sqlite:///{tmp_path}/calls.db")
        run = world.sync()
        assert (run.status, run.http_calls) == ("applied", 1 + 3 + 1 + 2 + 2)
        run = world.sync()
        assert (run.status, run.http_calls) == ("nothing", 3 + 1 + 2)
        world.mirror.close()


def test_memory_grows_with_a_slice_and_not_with_the_window(tmp_path: Path) -> None:
    """A window of a year is looked at a month at a time; only one month is held, also where all of it is new."""
    first, peaks = {}, {}
    for days in (27, 270):
        with Sandbox(Company(0, people=60), PLENTY) as sandbox:
            company = sandbox.company
            world = World(sandbox, f"sqlite:///{tmp_path}/{days}.db")
            people = sorted(company.people)
            begin = company.at(FIRST, "06:00")
            for day in range(days):
                for person in people:
                    company.add(person, begin + day * 86_400, begin + day * 86_400 + 3600 * 8, created_at=begin)
            last = FIRST.fromordinal(FIRST.toordinal() + days - 1)
            window = world.mirror.window(FIRST, last)
            tracemalloc.start()
            world.sync(window)
            first[days] = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            tracemalloc.start()
            world.sync(window)
            peaks[days] = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            world.mirror.close()
    assert peaks[270] < 1.6 * peaks[27], peaks
    assert first[270] < 1.6 * first[27], first

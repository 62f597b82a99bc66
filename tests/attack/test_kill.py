"""A run is killed at any statement: the table is exactly as before or exactly as planned, and the next run finishes."""

from __future__ import annotations

import subprocess
import sys

import pytest

from connecteam_sync.sandbox import Company, Sandbox, Settings
from world import FIRST, LAST, World

KILLED = 9
SCRIPT = """
import os, sys
from datetime import date
from sqlalchemy import event
from connecteam_sync.config import Settings
from connecteam_sync.door import ConnecteamSync

url, database, at = sys.argv[1], sys.argv[2], int(sys.argv[3])
settings = Settings(timezone="America/Chicago", database_url=database, base_url=url, employees="create", max_deletes=99)
mirror = ConnecteamSync("sandbox-key", settings=settings)
seen = 0

@event.listens_for(mirror.store._engine, "after_cursor_execute")
def count(*_):
    global seen
    seen += 1
    if seen == at:
        os._exit(9)

mirror.sync(mirror.window(date(2025, 12, 1), date(2025, 12, 11)))
"""


@pytest.mark.parametrize("database", ["sqlite", "postgresql", "mariadb"], indirect=True)
def test_a_kill_at_any_statement(database: str) -> None:
    """Updates, a swap, a delete and creates are under way; rows, journal and memory commit together or not at all."""
    with Sandbox(Company(60), Settings(minute_limit=1_000_000)) as sandbox:
        world = World(sandbox, database, max_deletes=99)
        world.sync()
        shifts = [shift for shift in world.company.shifts() if shift.end is not None]
        one, other, gone = shifts[3], shifts[30], shifts[50]
        starts = one.start, other.start
        world.company.edit(one.id, start=starts[1], end=starts[1] + 3600)
        world.company.edit(other.id, start=starts[0], end=starts[0] + 3600)
        world.company.delete(gone.id)
        world.company.add(world.user, world.at(5, "03:00"), world.at(5, "04:00"))
        before = world.everything()
        killed = 0
        for at in (3, 14, 17, 19, 21, 23, 25, 27, 30, 33, 38):
            done = subprocess.run(  # noqa: S603 - our own script
                [sys.executable, "-c", SCRIPT, sandbox.url, database, str(at)], check=False, timeout=60
            )
            if done.returncode != KILLED:
                break
            killed += 1
            now = world.everything()
            if now != before:
                # Only a whole slice may have come through: rows, memory and journal of it together.
                assert world.rows() == world.company.truth(FIRST, LAST)
                break
        assert killed > 5
        assert world.sync().exit_code == 0
        assert world.rows() == world.company.truth(FIRST, LAST)
        assert world.mirror.verify(world.window).exit_code == 0
        world.mirror.close()

"""A shift that returns gets its row back, as that was when it went for the last time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from test_restored import count_again

from connecteam_sync.sandbox import Sandbox
from connecteam_sync.sandbox.company import Activity, Company
from connecteam_sync.sandbox.settings import SandboxSettings
from support.scenario import World


@pytest.fixture
def world(database: str) -> Iterator[World]:
    """A mirror of two shifts, over a table with a column that only the host knows."""
    with Sandbox(Company(0), SandboxSettings(minute_limit=100_000)) as sandbox:
        first = World(sandbox, database)
        first.execute("ALTER TABLE clock_times ADD COLUMN cost_centre VARCHAR(20)")
        first.mirror.close()
        made = World(sandbox, database)
        made.work(3, "08:00", "12:00")
        made.work(4, "08:00", "12:00")
        made.sync()
        yield made
        made.mirror.close()


def last_key(world: World) -> int:
    """The key of the last shift's row, whether it is there or not."""
    start = world.at(4, "08:00")
    [shift] = [shift for shift in world.table("connecteam_sync_shifts") if shift["start_at"] == start]
    return int(shift["clock_time_id"] or shift["former_clock_time_id"])


def last_row(world: World) -> dict[str, Any]:
    """The row of the last shift."""
    return next(row for row in world.table() if row["id"] == last_key(world))


def go(world: World) -> Activity:
    """The last shift, deleted, and its row too."""
    shift = world.company.activities.pop(world.company.shifts()[-1].id)
    assert world.sync().counts.deleted == 1
    assert [row["id"] for row in world.table()] == [last_key(world) - 1]
    return shift


def come_back(world: World, shift: Activity) -> dict[str, Any]:
    """It returns, and gets its old primary key."""
    world.company.activities[shift.id] = shift
    assert world.sync().counts.created == 1
    return last_row(world)


def test_a_row_comes_back_as_it_was_when_it_went_last(world: World) -> None:
    """And not as it was the time before."""
    for said in ("dock 7", "dock 8"):
        world.execute("UPDATE clock_times SET cost_centre = :said WHERE id = :last", said=said, last=last_key(world))
        assert come_back(world, go(world))["cost_centre"] == said


def test_a_row_comes_back_although_its_key_was_given_to_another_since(world: World) -> None:
    """To a row that is gone as well, by another hand than ours: what the journal says of that one is not restored."""
    world.execute("UPDATE clock_times SET cost_centre = 'dock 7' WHERE id = :last", last=last_key(world))
    shift = go(world)
    count_again(world, "clock_times")
    another = world.work(5, "08:00", "12:00")
    world.sync()
    assert last_row(world)["cost_centre"] is None
    world.company.delete(another.id)
    world.execute("DELETE FROM clock_times WHERE id = :last", last=last_key(world))
    world.sync()
    assert come_back(world, shift)["cost_centre"] == "dock 7"


def test_a_row_that_comes_back_was_written_now_and_made_then(world: World) -> None:
    """Whoever reads what was written since a moment finds it."""
    before = last_row(world)
    shift = go(world)
    with time_machine.travel(world.at(20, "12:00"), tick=False):
        back = come_back(world, shift)
    assert back["created_at"] == before["created_at"]
    assert str(back["updated_at"]).startswith("2025-12-20 18:00:00")

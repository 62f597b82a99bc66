"""What the mirror holds of some days: by our shifts, each day whole, without what is gone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from connecteam_sync.core.mirrored import Mirrored
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from support.scenario import World


@pytest.fixture
def world(initialised: str) -> Iterator[World]:
    """An empty company and an initialised database, whose table gets rows of known people only."""
    with Sandbox(Company(0), SandboxSettings(minute_limit=100_000)) as sandbox:
        made = World(sandbox, initialised)
        yield made
        made.mirror.close()


def of(world: World, first: int, last: int) -> Mirrored:
    """Days of December."""
    return world.mirror.mirrored(world.mirror.window(date(2025, 12, first), date(2025, 12, last)))


def test_shifts_people_and_hours(world: World) -> None:
    """Whole minutes of each shift; the first instant of a day is of it, that of the next one is not."""
    other = sorted(world.company.people)[1]
    world.work(2, "00:00", "04:00")
    odd = world.work(2, "08:00", "08:10", user=other)
    world.company.edit(odd.id, end=world.at(2, "08:10") + 59)
    world.work(3, "00:00", "05:00")
    world.work(4, "08:00", None)
    gone = world.work(2, "20:00", "22:00")
    world.sync()
    world.company.delete(gone.id)
    world.sync()
    assert of(world, 2, 2) == Mirrored(shifts=2, people=2, minutes=250)
    assert of(world, 3, 4) == Mirrored(shifts=2, people=1, minutes=300, open=1)
    assert of(world, 1, 11) == Mirrored(shifts=4, people=2, minutes=550, open=1)
    assert of(world, 7, 8) == Mirrored()


def test_what_waits_has_no_row(initialised: str) -> None:
    """Held shifts are counted by themselves, also those nobody has clocked out of."""
    with Sandbox(Company(0), SandboxSettings(minute_limit=100_000)) as sandbox:
        world = World(sandbox, initialised, employees="match")
        world.work(2, "08:00", "10:30")
        world.work(3, "08:00", None)
        world.sync()
        assert of(world, 1, 11) == Mirrored(shifts=2, people=1, open=1, waiting=2, waiting_minutes=150)
        world.mirror.close()

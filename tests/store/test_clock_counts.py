"""What is told of a time clock: when it last answered, what is remembered of it, and who vouched for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import time_machine

from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.sandbox.company import OFFICE, WAREHOUSE
from connecteam_sync.store.mirror.account import clocks_ever, vouches
from support.scenario import World


@pytest.fixture
def world(initialised: str) -> Iterator[World]:
    """A company without shifts."""
    with Sandbox(Company(0), SandboxSettings(minute_limit=100_000)) as sandbox:
        made = World(sandbox, initialised)
        yield made
        made.mirror.close()


def test_a_look_that_failed_is_none_that_a_clock_answered(world: World) -> None:
    """Neither at all, where it never did, nor last, where it did before."""
    world.sandbox.faults.add("html_200", path=f"{OFFICE}/time-activities", times=2)
    world.sync()
    with world.mirror.store.reading() as session:
        assert OFFICE not in clocks_ever(session)
    world.sandbox.faults.clear()
    world.sync()
    before = {clock.id: clock.last_looked_at or 0 for clock in world.mirror.clocks()}
    assert before[OFFICE]
    world.sandbox.faults.add("html_200", path=f"{OFFICE}/time-activities", times=2)
    with time_machine.travel(before[OFFICE] + 3600, tick=False):
        world.sync()
    after = {clock.id: clock.last_looked_at or 0 for clock in world.mirror.clocks()}
    assert (after[OFFICE], after[WAREHOUSE]) == (before[OFFICE], before[OFFICE] + 3600)


def test_a_shift_that_is_gone_is_not_counted(world: World) -> None:
    """It is remembered for its return only."""
    gone = world.work(2, "08:00", "12:00")
    world.work(3, "08:00", "12:00")
    world.sync()
    world.company.delete(gone.id)
    world.sync()
    (clock,) = (clock for clock in world.mirror.clocks() if clock.id == WAREHOUSE)
    assert (clock.shifts, clock.rows) == (1, 1)


def test_what_was_vouched_last_is_told_first(world: World) -> None:
    """With what was withdrawn, where all of it is asked for."""
    world.sync()
    for reason in ("sold", "closed for good"):
        world.mirror.vouch_clock(OFFICE, reason, by="Ida")
    world.mirror.vouch_clock(WAREHOUSE, "never used", by="Ida")
    with world.mirror.store.reading() as session:
        assert [one.reason for one in vouches(session)] == ["never used", "closed for good"]
        every = vouches(session, standing=False)
    assert [one.reason for one in every] == ["never used", "closed for good", "sold"]

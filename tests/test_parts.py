"""Records that are read a part at a time, and Connecteam's own totals as `verify` saw them; on every database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from connecteam_sync.core.window import Window
from connecteam_sync.errors import NotFound
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.store.mirror import timesheets
from support.scenario import World


@pytest.fixture
def world(initialised: str) -> Iterator[World]:
    """A small company."""
    with Sandbox(Company(12), SandboxSettings(minute_limit=100_000)) as sandbox:
        made = World(sandbox, initialised)
        yield made
        made.mirror.close()


def test_runs_and_their_changes_by_number(world: World) -> None:
    """Parts that have nothing in common, and together are all there is."""
    for day in (3, 4, 5):
        world.work(day, "18:00", "19:00")
        world.sync()
    every = world.mirror.runs()
    assert [run.id for run in every] == [3, 2, 1]
    assert world.mirror.runs(2) + world.mirror.runs(2, before=2) == every
    assert world.mirror.runs(kind="verify", before=3) == ()
    whole = world.mirror.show(1)[1]
    first = world.mirror.changes_of_run(1, limit=5)
    assert len(first) == 5
    assert first + world.mirror.changes_of_run(1, after=first[-1].number) == whole
    assert world.mirror.changes_of_run(2) == world.mirror.show(2)[1]
    assert len(world.mirror.changes_of_run(2)) == 1


def test_holds_by_number(world: World) -> None:
    """The same holds as without a limit."""
    for shift in world.company.shifts()[:3]:
        world.company.duplicate(shift.id)
    world.sync()
    every = world.mirror.holds()
    assert len(every) == 3
    first = world.mirror.holds(limit=2)
    assert len(first) == 2
    rest = world.mirror.holds(after=first[-1].id, limit=2)
    assert sorted(one.id for one in every) == [one.id for one in first + rest]
    assert world.mirror.holds(every[0].hold.reason, limit=2) == first


def totals(world: World) -> dict[date, int]:
    """The totals of one person, whose every shift is known."""
    name = next(p for p in world.mirror.employees() if p.user_id == world.user).employee_name
    assert name is not None
    return world.mirror.timesheet(name, world.window.first, world.window.last)


def test_a_verification_keeps_the_totals_that_it_saw(world: World) -> None:
    """As Connecteam said them; the next one replaces the days that it looked at, and no others."""
    world.work(3, "18:00", "19:00")
    world.sync()
    assert totals(world) == {}
    world.mirror.verify(world.window, totals=False)
    assert totals(world) == {}
    seen = world.mirror.verify(world.window).seen
    said: dict[date, int] = {}
    for _, window, triples in seen:
        for user, day, minutes in triples:
            if user == world.user and window.first <= day <= window.last:
                said[day] = said.get(day, 0) + minutes
    before = totals(world)
    assert before == said
    assert before[date(2025, 12, 3)] >= 60
    world.work(4, "18:00", "20:00")
    world.work(5, "18:00", "20:00")
    world.mirror.verify(world.mirror.window(date(2025, 12, 4), date(2025, 12, 4)))
    after = totals(world)
    assert after[date(2025, 12, 4)] == before.get(date(2025, 12, 4), 0) + 120
    assert after.get(date(2025, 12, 5)) == before.get(date(2025, 12, 5))
    with pytest.raises(NotFound):
        world.mirror.timesheet("nobody at all", world.window.first, world.window.last)


def test_totals_outside_of_the_days_and_of_another_zone_are_not_kept_or_read(world: World) -> None:
    """A response may say more than was asked for; a day of another zone is another day."""
    world.sync()
    first, zone = world.window.first, world.window.timezone
    after = first + timedelta(1)
    with world.mirror.store.writing() as session:
        for window in (Window(first, first, zone), Window(first, first, "Europe/Berlin")):
            triples = ((world.user, first, 60), (world.user, after, 30))
            timesheets.record(session, (1, window, triples), run=1, at=0)
        timesheets.record(session, (2, Window(first, first, zone), ((world.user, first, 5),)), run=1, at=0)
    with world.mirror.store.reading() as session:
        assert timesheets.totals(session, {world.user}, first, after, zone) == {first: 65}

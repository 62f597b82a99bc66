"""What only the padding of a look shows, and rows on days that no look decides on: several slices do what one does."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from datetime import date

import pytest

from connecteam_sync.core.window import Window
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.sandbox.company import OFFICE, WAREHOUSE, Activity
from support.scenario import World

FIRST, LAST = date(2025, 12, 1), date(2025, 12, 20)
DAY = 86_400
SLICES = (8, 31)


def with_world(
    database: str, slice_days: int, life: Callable[[World, Window, Window], None], *, lists_unassigned: bool = True
) -> None:
    """A company of one person, mirrored from some days before to some days after the window that matters."""
    settings = SandboxSettings(minute_limit=1_000_000, lists_unassigned=lists_unassigned)
    with Sandbox(Company(0), settings) as sandbox:
        world = World(sandbox, database, slice_days=slice_days)
        world.company.people[world.user].clocks = {WAREHOUSE, OFFICE}
        for day in range(1, 25):
            world.work(day, "18:00", "20:00")
        wide = world.mirror.window(date(2025, 11, 25), date(2025, 12, 26))
        try:
            life(world, world.mirror.window(FIRST, LAST), wide)
        finally:
            world.mirror.close()


def home(world: World, shift: Activity) -> int:
    """The row of a shift."""
    return next(int(r["clock_time_id"]) for r in world.table("connecteam_sync_shifts") if r["id"] == shift.id)


def is_true(world: World) -> bool:
    """Whether the table is what Connecteam has, on all days."""
    return world.rows() == world.company.truth(date(2025, 11, 1), date(2025, 12, 31))


@pytest.mark.usefixtures("initialised")
@pytest.mark.parametrize("slice_days", SLICES)
@pytest.mark.parametrize("clock", [WAREHOUSE, OFFICE])
@pytest.mark.parametrize(("day", "to"), [(3, 22), (18, -1), (10, 21)])
def test_a_shift_that_leaves_the_window_for_its_padding_takes_its_row_along(
    database: str, slice_days: int, clock: int, day: int, to: int
) -> None:
    """In the run that sees it, under the same key, to another time clock too; then everything is as it should be."""

    def life(world: World, window: Window, wide: Window) -> None:
        shift = world.work(day, "08:00", "12:00")
        world.sync(wide)
        row = home(world, shift)
        assert shift.end is not None
        world.company.edit(shift.id, start=shift.start + (to - day) * DAY, end=shift.end + (to - day) * DAY)
        world.company.activities[shift.id].clock_id = clock
        assert world.mirror.verify(window, totals=False).exit_code == 5
        assert [change.kind for change in world.mirror.plan(window).changes] == ["update"]
        run = world.sync(window)
        assert (run.exit_code, run.counts.updated, run.counts.deleted) == (0, 1, 0)
        assert home(world, shift) == row
        assert is_true(world)
        assert world.sync(window).status == "nothing"
        assert world.mirror.verify(window, totals=False).exit_code == 0

    with_world(database, slice_days, life)


@pytest.mark.usefixtures("initialised")
@pytest.mark.parametrize("slice_days", SLICES)
def test_where_it_may_not_it_is_one_hold_that_goes_with_its_cause(database: str, slice_days: int) -> None:
    """A closed day keeps the row: held in every run, a hold for `verify` too; once it is open again nothing is left."""

    def life(world: World, window: Window, wide: Window) -> None:
        shift = world.work(3, "08:00", "12:00")
        world.sync(wide)
        world.lock(date(2025, 12, 3))
        assert shift.end is not None
        world.company.edit(shift.id, start=shift.start + 19 * DAY, end=shift.end + 19 * DAY)
        for _ in range(3):
            assert (world.sync(window).exit_code, world.reasons()) == (3, ["locked_day"])
            assert world.mirror.verify(window, totals=False).exit_code == 3
        world.mirror.unlock(date(2025, 12, 3), date(2025, 12, 3), reason="a mistake")
        assert (world.sync(window).exit_code, world.reasons()) == (0, [])
        assert is_true(world)

    with_world(database, slice_days, life)


@pytest.mark.usefixtures("initialised")
@pytest.mark.parametrize("slice_days", SLICES)
def test_a_row_that_was_put_on_a_day_of_the_window_by_hand_goes_back(database: str, slice_days: int) -> None:
    """Its shift is in the padding only."""

    def life(world: World, window: Window, wide: Window) -> None:
        shift = world.work(22, "08:00", "12:00")
        world.sync(wide)
        world.execute(
            "UPDATE clock_times SET clock_in = '2025-12-03 14:00:00', clock_out = '2025-12-03 18:00:00' WHERE id = :id",
            id=home(world, shift),
        )
        assert world.mirror.verify(window, totals=False).exit_code == 5
        assert (world.sync(window).exit_code, world.reasons()) == (0, [])
        assert is_true(world)

    with_world(database, slice_days, life)


@pytest.mark.usefixtures("initialised")
@pytest.mark.parametrize("slice_days", SLICES)
def test_a_kept_row_that_was_put_on_another_day_by_hand_stays_held(database: str, slice_days: int) -> None:
    """Its person is on no time clock any more, so that nothing puts it back: the hold stays, and is not as it was."""

    def life(world: World, window: Window, wide: Window) -> None:
        shift = world.work(3, "08:00", "12:00")
        world.sync(wide)
        world.company.people[world.user].clocks = set()
        other = next(p for p in world.company.people.values() if p.id != world.user)
        other.clocks = {WAREHOUSE, OFFICE}
        for day in range(1, 21):
            world.work(day, "08:00", "12:00", user=other.id)
        assert world.sync(window).exit_code == 3
        holds = world.mirror.holds()
        world.mirror.acknowledge_holds([standing.id for standing in holds], reason="she left", by="Ida")
        assert world.sync(window).exit_code == 0
        for away in ("2025-11-10", "2025-12-21"):
            world.execute(
                f"UPDATE clock_times SET clock_in = '{away} 14:00:00', clock_out = '{away} 18:00:00' WHERE id = :id",
                id=home(world, shift),
            )
            for _ in range(2):
                assert world.sync(window).exit_code == 3
                assert world.mirror.verify(window, totals=False).exit_code == 3
            assert len(world.mirror.holds()) == len(holds)
            (standing,) = (s for s in world.mirror.holds() if s.acknowledged is None)
            assert (standing.hold.reason, standing.hold.shift_id) == ("user_not_listed", shift.id)
            assert "stands on another day" in standing.hold.detail

    with_world(database, slice_days, life, lists_unassigned=False)


@pytest.mark.usefixtures("initialised")
def test_an_acknowledged_hold_explains_nothing_but_its_own(database: str) -> None:
    """A double that somebody has looked at is on the very day of another difference: that one is a difference."""

    def life(world: World, window: Window, wide: Window) -> None:
        shift = world.work(3, "08:00", "12:00")
        world.company.duplicate(shift.id)
        world.work(3, "13:00", "17:00", clock=OFFICE)
        world.sync(wide)
        world.mirror.acknowledge_holds([s.id for s in world.mirror.holds()], reason="a double", by="Ida")
        assert world.mirror.verify(window, totals=False).exit_code == 0
        # A time clock that is not mirrored any more is looked at by nobody, so that the plan says nothing of its rows.
        url = world.mirror.settings.database_url
        with closing(World(world.sandbox, url, time_clocks=(WAREHOUSE,)).mirror) as part:
            found = part.verify(window, totals=False)
        assert found.exit_code == 5
        assert [(d.day, d.rows - d.shifts_upstream) for d in found.days] == [(date(2025, 12, 3), 1)]

    with_world(database, 31, life)

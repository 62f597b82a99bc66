"""The rollback flag: the old planner behind the same lock, journal and undo, and the way back from it."""

from __future__ import annotations

from datetime import date

import pytest

from connecteam_sync.client import counts_of
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from support.scenario import FIRST, LAST, World


@pytest.mark.usefixtures("initialised")
def test_the_old_planner_destroys_a_split_day_and_the_new_one_repairs_it(database: str) -> None:
    """8-12 becomes 14-18 under the flag; undo gives the morning back; without the flag both are there."""
    with Sandbox(Company(0), SandboxSettings(minute_limit=100_000)) as sandbox:
        new = World(sandbox, database)
        old = World(sandbox, database, planner="legacy")
        new.work(2, "08:00", "12:00")
        new.sync()
        before = new.table()
        new.work(2, "14:00", "18:00")
        run = old.sync()
        assert (run.exit_code, counts_of(run)["updated"]) == (0, 1)
        (row,) = old.table()
        assert row["id"] == before[0]["id"]
        assert old.mirror.verify(old.window).exit_code == 5
        assert run.id
        assert "six-hour rule" in old.mirror.show(run.id)[1][0].change.why
        old.mirror.undo(run.id)
        assert new.table() == before
        old.sync()
        assert counts_of(new.sync()) | {"created": 1, "updated": 1} == counts_of(new.mirror.runs(1)[0])
        assert new.rows() == new.company.truth(FIRST, LAST)
        assert new.mirror.verify(new.window).exit_code == 0
        new.mirror.close()
        old.mirror.close()


@pytest.mark.usefixtures("initialised")
def test_manual_rows_and_locked_days_are_safe_from_the_old_planner(database: str) -> None:
    """Neither is written, whatever the distance in time."""
    with Sandbox(Company(0), SandboxSettings(minute_limit=100_000)) as sandbox:
        old = World(sandbox, database, planner="legacy")
        new = World(sandbox, database)
        new.work(2, "08:00", "12:00")
        new.work(3, "08:00", "12:00")
        new.sync()
        new.execute("UPDATE clock_times SET source = 'manual' WHERE id = 1")
        new.lock(date(2025, 12, 3))
        before = new.table()
        for shift in new.company.shifts():
            new.company.edit(shift.id, start=shift.start + 6 * 3600, end=shift.start + 9 * 3600)
        old.sync()
        after = {row["id"]: row for row in old.table()}
        assert [after[row["id"]] for row in before] == before
        old.mirror.close()
        new.mirror.close()


@pytest.mark.usefixtures("initialised")
def test_compare_names_what_the_old_planner_would_destroy(database: str) -> None:
    """The seed's split day, a correction it never sees, a late shift it drops; nothing is written."""
    with Sandbox(Company(0), SandboxSettings(minute_limit=100_000)) as sandbox:
        world = World(sandbox, database)
        world.work(2, "08:00", "12:00")
        corrected = world.work(3, "08:00", "17:00")
        world.work(4, "13:00", "17:00")
        world.sync()
        world.work(2, "14:00", "18:00")
        world.company.edit(corrected.id, end=world.at(3, "16:30"))
        world.work(4, "08:00", "11:00")
        before = world.everything()
        found = world.mirror.compare(world.window)
        assert [(damage.kind, damage.minutes) for damage in found.legacy_damages] == [
            ("overwritten", 240),
            ("wrong", -30),
            ("lost", 180),
        ]
        assert (found.shifts, found.people, found.minutes) == (5, 1, 390)
        assert world.everything() == before
        world.mirror.close()

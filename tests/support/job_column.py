"""The life of a mirrored column that this program does not have: `job_id`, the job of a shift.

`python job_column.py URL FOLDER`, in a process whose source has the column: `tests/test_columns.py` adds it as a
person would. A company lives a few days with it, and every promise about columns is checked for it.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from connecteam_sync.core.change import Change
from connecteam_sync.present.json_shapes import row as shown
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.sandbox.company import JOB
from connecteam_sync.store.tables.privileges import lacking
from support.scenario import FIRST, World

OTHER, THIRD = "b7f0c1de-0000-4000-8000-000000000002", "c8-Ünï"


def jobs(world: World) -> dict[Any, Any]:
    """The job of each row, by its id."""
    return {row["id"]: row["job_id"] for row in world.table()}


def told(changes: tuple[Change, ...] | list[Change]) -> list[tuple[Any, Any, str]]:
    """Each change as old job, new job and why."""
    return [
        (
            change.before and getattr(change.before, "job_id"),  # noqa: B009 - mypy knows of no such field
            change.after and getattr(change.after, "job_id"),  # noqa: B009
            change.why,
        )
        for change in changes
    ]


def live(world: World, folder: Path) -> None:
    """Mirrored, left alone, corrected, put back, journaled, planned, held and undone."""
    one, two = world.work(2, "08:00", "12:00"), world.work(3, "08:00", None)
    two.job_id = OTHER
    made = world.sync()
    assert made.status == "applied", made
    assert sorted(jobs(world).values()) == sorted([JOB, OTHER])
    first, second = sorted(jobs(world), key=lambda key: jobs(world)[key] != JOB)

    # Nothing to do, by rows and then by digests.
    for _ in range(3):
        assert (again := world.sync()).counts.unchanged == 2, again
        assert not again.counts.updated
    # An edit in the table shows in the digest too, and is corrected.
    world.execute("UPDATE clock_times SET job_id = NULL WHERE id = :id", id=first)
    assert told(world.mirror.plan(world.window).changes) == [(None, JOB, "job corrected")]
    assert world.sync().counts.updated == 1
    assert jobs(world) == {first: JOB, second: OTHER}

    # Changed in Connecteam: planned, saved, applied as it was shown, and reported row by row.
    whole = world.table()
    one.job_id, one.modified_at = THIRD, world.at(4, "08:00")
    plan = world.mirror.plan(world.window)
    assert told(plan.changes) == [(JOB, THIRD, "job corrected")]
    assert shown(plan.changes[0].after) == {
        **(shown(plan.changes[0].before) or {}),
        "job_id": THIRD,
    }
    world.mirror.save_plan(plan, folder / "plan.json")
    changed = world.mirror.apply(world.mirror.read_plan(folder / "plan.json"))
    assert (changed.counts.updated, changed.counts.unchanged) == (1, 1)
    assert jobs(world) == {first: THIRD, second: OTHER}
    entries = [entry for entry in world.mirror.changes() if entry.run == changed.id]
    assert told([entry.change for entry in entries]) == [(JOB, THIRD, "job corrected")]
    assert [(said or {})["job_id"] for said in (entries[0].row_before, entries[0].row_after)] == [JOB, THIRD]
    created = [entry.change for entry in world.mirror.changes() if entry.run == made.id]
    assert sorted(told(created)) == sorted([(None, JOB, "new shift"), (None, OTHER, "new shift")])

    # Undone byte for byte; the next run corrects it again.
    world.mirror.undo(changed.id or 0)
    assert world.table() == whole
    assert world.sync().counts.updated == 1

    # A closed day keeps it, and the hold shows the value.
    world.lock(FIRST.replace(day=2))
    one.job_id, one.modified_at = OTHER, world.at(5, "08:00")
    world.sync()
    (held,) = world.mirror.holds()
    assert f"job {THIRD} -> {OTHER} is not written" in held.hold.detail, held
    assert jobs(world)[first] == THIRD

    # A shift that disappears and comes back with its row.
    del world.company.activities[two.id]
    world.sync()
    assert set(jobs(world)) == {first}
    world.company.activities[two.id] = two
    world.sync()
    assert jobs(world) == {first: THIRD, second: OTHER}
    assert {check.name: check.detail for check in world.mirror.doctor() if check.state == "failed"} == {}


def live_without(world: World) -> None:
    """A table without the column works as before; after the column is added, every row gets its job."""
    before = {key: job for key, job in jobs(world).items() if job}
    world.execute("ALTER TABLE clock_times DROP COLUMN job_id")
    world.mirror.store._columns = None
    world.work(5, "08:00", "12:00")
    assert (run := world.sync()).counts.created == 1, run
    for _ in range(3):
        assert not (again := world.sync()).counts.updated, again
    assert {check.name: check.detail for check in world.mirror.doctor() if check.state == "failed"} == {}
    assert lacking(world.mirror.store, creates_employees=True).by_right == {}
    world.execute("ALTER TABLE clock_times ADD COLUMN job_id VARCHAR(50)")
    world.mirror.store._columns = None
    world.mirror.unlock(FIRST.replace(day=2), FIRST.replace(day=2), reason="a column more")
    assert world.sync().counts.updated == len(before) + 1
    assert sorted(jobs(world).values()) == sorted([JOB, OTHER, OTHER])


if __name__ == "__main__":
    with Sandbox(Company(0, people=5), SandboxSettings(minute_limit=100_000)) as sandbox:
        world = World(sandbox, sys.argv[1])
        live(world, Path(sys.argv[2]))
        live_without(world)

"""Killed with SIGKILL before or after any statement or commit: as before or as planned, and the next run finishes.

On SQLite every point of every command is tried; on the servers all points up to the first commit that came through, or
every point too with CONNECTEAM_SYNC_KILLS=all.
"""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event

from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.sandbox.company import WAREHOUSE
from support import invariants
from support.process_kill import killed, killed_late
from support.scenario import FIRST, LAST, World

EVERY = os.environ.get("CONNECTEAM_SYNC_KILLS") == "all"
OPTIONS: dict[str, Any] = {"employees": "create", "max_deletes": 99, "lock_wait": 20}
MANY = 20
"""Fewer points than this, and the command was not really killed everywhere."""
_POINTS = 1000


class Scene:
    """A mirrored company, with updates, a swap, a delete, duplicates and creates under way."""

    def __init__(self, sandbox: Sandbox, database: str) -> None:
        self.sandbox, self.database = sandbox, database
        self.file = Path(database.removeprefix("sqlite:///")) if database.startswith("sqlite") else None
        self.world = World(sandbox, database, **OPTIONS)

    def prepare(self) -> None:
        """What happened since the last run, over both time clocks."""
        company, world = self.sandbox.company, self.world
        world.sync()
        shifts = [shift for shift in company.shifts() if shift.end is not None]
        one, other, gone = shifts[3], shifts[30], shifts[50]
        starts = one.start, other.start
        company.edit(one.id, start=starts[1], end=starts[1] + 3600)
        company.edit(other.id, start=starts[0], end=starts[0] + 3600)
        company.delete(gone.id)
        company.duplicate(shifts[7].id)
        company.add(world.user, world.at(5, "03:00"), world.at(5, "04:00"))
        office = next(p.id for p in company.people.values() if WAREHOUSE not in p.clocks)
        company.add(office, world.at(6, "03:00"), world.at(6, "04:00"))

    def keep(self) -> None:
        """Remember the database as it is."""
        if self.file is not None:
            self.world.mirror.close()
            shutil.copy(self.file, self.file.with_suffix(".kept"))

    def restore(self) -> None:
        """The database as it was kept; SQLite only."""
        assert self.file is not None
        self.world.mirror.close()
        for leftover in self.file.parent.glob(f"{self.file.name}-*"):
            leftover.unlink()
        shutil.copy(self.file.with_suffix(".kept"), self.file)

    def facts(self, world: World | None = None) -> tuple[object, ...]:
        """The rows without the moments of their writing, and the links of the memory; as `world` sees them."""
        world = world or self.world
        names = ("employee_id", "clock_in", "clock_out", "total_minutes", "is_active", "source", "id")
        rows = tuple(tuple(row[name] for name in names) for row in world.table())
        links = tuple((s["id"], s["clock_time_id"], s["is_gone"]) for s in world.table("connecteam_sync_shifts"))
        return rows, links


@pytest.fixture
def scene(initialised: str) -> Iterator[Scene]:
    """On each database."""
    with Sandbox(Company(60), SandboxSettings(minute_limit=10**9, day_limit=10**9)) as sandbox:
        made = Scene(sandbox, initialised)
        yield made
        made.world.mirror.close()


def whole_states(scene: Scene, command: Callable[[], object]) -> list[tuple[object, ...]]:
    """The states that a run may be stopped at: before, and after each of its transactions, which are done in order."""
    onlooker = World(scene.sandbox, scene.database, **OPTIONS)
    states = [scene.facts(onlooker)]
    engine = scene.world.mirror.store._engine

    def before_a_commit(_: Connection) -> None:
        states.append(scene.facts(onlooker))

    event.listen(engine, "commit", before_a_commit)
    try:
        command()
    finally:
        event.remove(engine, "commit", before_a_commit)
        onlooker.mirror.close()
    return [*states, scene.facts()]


@pytest.mark.parametrize("command", ["sync", "resync", "undo"])
def test_every_point_of_a_run(scene: Scene, command: str) -> None:
    """Rows, memory and journal commit together or not at all; the next run ends where an unbroken one does."""
    scene.prepare()
    world = scene.world
    if command == "undo":
        world.sync()
    scene.keep()
    before = scene.facts()
    if scene.file is None:
        _without_restoring(scene, command, before)
        return
    doing: dict[str, Callable[[], object]] = {
        "sync": world.sync,
        "resync": lambda: world.mirror.resync(world.window),
        "undo": lambda: world.mirror.undo(world.mirror.runs(1)[0].id or 0),
    }
    allowed = whole_states(scene, world.sync if command != "undo" else doing["undo"])
    points = 0
    for at in range(1, _POINTS):
        scene.restore()
        if not killed(command, scene.sandbox.url, scene.database, OPTIONS, at):
            break
        points += 1
        now = scene.facts()
        assert now in allowed, f"half a run came through at point {at}"
        invariants.journal_gives(world.table("connecteam_sync_changes"), world.table())
        if now == before:
            doing[command]()
        else:
            world.sync() if command != "undo" else None
        assert scene.facts()[0] == allowed[-1][0], f"the next run did not finish what was stopped at point {at}"
    assert points >= MANY


def _without_restoring(scene: Scene, command: str, before: tuple[object, ...]) -> None:
    """All points until a transaction came through: nothing may have changed up to there."""
    points = 0
    for at in range(1, _POINTS):
        if not killed(command, scene.sandbox.url, scene.database, OPTIONS, at):
            break
        points += 1
        if scene.facts() != before:
            invariants.journal_gives(scene.world.table("connecteam_sync_changes"), scene.world.table())
            if not EVERY:
                break
            if command == "undo":
                break
            before = scene.facts()
    assert points >= MANY
    if command != "undo":
        scene.world.sync()
        assert scene.world.mirror.verify(scene.world.window).exit_code in {0, 3}


def test_every_point_of_init(database: str) -> None:
    """Killed anywhere, `init` is simply called again, and everything is there once."""
    with Sandbox(Company(10), SandboxSettings(minute_limit=10**9)) as sandbox:
        points = 0
        for at in range(1, _POINTS):
            if not killed("init", sandbox.url, database, OPTIONS, at):
                break
            points += 1
        assert points >= MANY
        world = World(sandbox, database, **OPTIONS)
        assert world.sync().exit_code in {0, 3}
        assert world.rows() == world.company.truth(FIRST, LAST)
        world.mirror.close()


def test_kills_at_random_instants(scene: Scene) -> None:
    """Not at a point of ours but at any moment: the journal and the rows agree, and the next run makes it exact."""
    scene.prepare()
    chance = random.Random(4)  # noqa: S311 - repeatable moments, no secrets
    shifts = scene.sandbox.company.shifts()
    for _ in range(8):
        shift = chance.choice(shifts)
        shift.end = shift.start + chance.randrange(36_000)
        killed_late("sync", scene.sandbox.url, scene.database, OPTIONS, chance.uniform(0.0, 0.25))
        invariants.journal_gives(scene.world.table("connecteam_sync_changes"), scene.world.table())
        invariants.keys_unique(scene.world.table())
    run = scene.world.sync()
    assert run.exit_code in {0, 3}
    left = scene.world.rows() ^ scene.world.company.truth(FIRST, LAST)
    explained = {(hold.user_id, hold.instant) for hold in run.holds}
    assert {(user, start) for user, start, _, _ in left} <= explained

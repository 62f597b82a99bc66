"""Two to eight processes at once, on the same, overlapping and single days; what they did is recorded and checked.

The checker (`serializability.py`) is given the events and the journal and knows nothing of the program.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from connecteam_sync.api.client import Connecteam
from connecteam_sync.client import ConnecteamSync
from connecteam_sync.config import Settings
from connecteam_sync.sandbox import Company, Sandbox
from connecteam_sync.sandbox import SandboxSettings as Behaviour
from connecteam_sync.sandbox.company import WAREHOUSE
from support import serializability
from support.forks import FORKS
from support.scenario import FIRST, LAST, World

OPTIONS: dict[str, Any] = {
    "employees": "create",
    "max_deletes": 999,
    "max_users_gone_share": 1.0,
    "lock_wait": 60,
    "time_clocks": (WAREHOUSE,),
}
ROUNDS = 5


def run_some(url: str, database: str, record: str, seed: int) -> None:
    """Syncs of several windows in a process of its own, every event of interest written down."""
    chance = random.Random(seed)  # noqa: S311 - repeatable windows, no secrets
    settings = Settings(timezone="America/Chicago", database_url=database, base_url=url, **OPTIONS)
    mirror = ConnecteamSync("sandbox-key", settings=settings)
    events: list[dict[str, Any]] = []

    def note(what: str, **more: Any) -> None:  # noqa: ANN401 - any JSON
        events.append({"process": os.getpid(), "at": time.monotonic_ns(), "what": what, **more})

    def said(_c: Any, _u: Any, statement: str, *_: Any) -> None:  # noqa: ANN401 - SQLAlchemy's own
        words = statement.lower()
        # SQLite has its lock with BEGIN; elsewhere the guard row is locked. Settings are read from that table too.
        takes = "for update" in words or database.startswith("sqlite")
        if "connecteam_sync_guard" in words and takes and "made_employees" not in words:
            note("locked")
        elif words.startswith(("insert", "update", "delete", "with")) and "clock_times" in words:
            note("write")

    engine = mirror.store._engine
    event.listen(engine, "after_cursor_execute", said)
    event.listen(engine, "rollback", lambda _: note("rolled back"))
    # Before the commit is sent: afterwards another process may have the lock already.
    event.listen(engine, "commit", lambda _: note("committed"))
    ask = Connecteam.fetch_activities

    def asking(self: Connecteam, clock: int, window: Any) -> Any:  # noqa: ANN401 - a wrapper
        note("look", clock=clock, first=window.first.isoformat(), last=window.last.isoformat())
        return ask(self, clock, window)

    Connecteam.fetch_activities = asking  # type: ignore[method-assign,assignment] # this process exists to be listened to
    for _ in range(ROUNDS):
        first = FIRST + timedelta(days=chance.randrange(6))
        run = mirror.sync(mirror.window(first, min(LAST, first + timedelta(days=chance.choice((0, 0, 1, 3, 10))))))
        # Where others always come first, a run gives up after some looks, and says so.
        assert run.exit_code in {0, 3} or {s.error_name for s in run.slices} == {"row_moved"}, run
    mirror.close()
    Path(record).write_text("\n".join(map(json.dumps, events)))


@pytest.mark.usefixtures("initialised")
@pytest.mark.parametrize("processes", [2, 4, 8])
def test_a_serial_order_exists(database: str, tmp_path: Path, processes: int) -> None:
    """While the company is edited: no two write at once, no older look wins, and at the end it is exact."""
    with Sandbox(Company(60), Behaviour(minute_limit=10**9, day_limit=10**9)) as sandbox:
        world = World(sandbox, database, **OPTIONS)
        world.sync()
        running: list[multiprocessing.process.BaseProcess] = []
        for number in range(processes):
            record = str(tmp_path / f"{number}.jsonl")
            running.append(FORKS.Process(target=run_some, args=(sandbox.url, database, record, number)))
        for process in running:
            process.start()
        chance = random.Random(processes)  # noqa: S311 - repeatable edits, no secrets
        shifts = [shift for shift in world.company.shifts(clock=WAREHOUSE) if shift.end is not None]
        while any(process.is_alive() for process in running):
            shift = chance.choice(shifts)
            world.company.edit(shift.id, end=shift.start + chance.randrange(1, 36_000))
            time.sleep(0.003)
        for process in running:
            process.join(120)
            assert process.exitcode == 0
        events = [json.loads(line) for file in tmp_path.glob("*.jsonl") for line in file.read_text().splitlines()]
        assert serializability.serial_order(events) >= processes * ROUNDS // 2
        assert serializability.looks_monotonic(events) > 0
        assert serializability.chained(world.table("connecteam_sync_changes")) > 0
        assert world.sync().exit_code == 0
        truth = {row for row in world.company.truth(date(2025, 12, 1), LAST) if row[0] in _of_the_warehouse(world)}
        assert world.rows() == truth
        world.mirror.close()


def _of_the_warehouse(world: World) -> set[int]:
    return {user for user, person in world.company.people.items() if WAREHOUSE in person.clocks}

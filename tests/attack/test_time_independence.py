"""What is stored depends on what was seen: not on when, nor on how the days were cut, nor on how often one looked."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import time_machine
from sqlalchemy import inspect

from connecteam_sync.core.run import Run
from connecteam_sync.core.window import Window
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.sandbox.company import OFFICE, WAREHOUSE
from support import invariants
from support.assertion_counts import replay, tell
from support.random_life import Life
from support.scenario import FIRST, LAST, World

MOMENTS = (datetime(2025, 12, 12, 3, tzinfo=UTC), datetime(2031, 2, 28, 23, 59, 58, tzinfo=UTC))
OF_THE_RUN = {
    "clock_times": {"created_at", "updated_at"},
    "connecteam_sync_runs": {"started_at", "finished_at"},
    "connecteam_sync_account": {"at", "key_salt", "key_digest"},
    "connecteam_sync_changes": {"at", "row_before", "row_after"},
    "connecteam_sync_holds": {"first_seen"},
    "connecteam_sync_locked_days": {"locked_at"},
    "connecteam_sync_lock_events": {"at"},
    "connecteam_sync_corrections": {"seen_at", "decided_at"},
}
"""The columns that tell when a run was; row images have the two of `clock_times` in them. Nothing else may."""
RECEIPTS = {"connecteam_sync_runs", "connecteam_sync_slices"}
SEEDS = range(3)


@contextmanager
def world_of(database: str) -> Iterator[World]:
    """A company without shifts, and its mirror."""
    with Sandbox(Company(0), SandboxSettings(minute_limit=10**9, day_limit=10**9)) as sandbox:
        world = World(sandbox, database, max_deletes=10**6, max_users_gone_share=1.0)
        yield world
        world.mirror.close()


def everything(world: World) -> dict[str, list[dict[str, Any]]]:
    """Every table of the database, whole but for the columns named above."""
    found: dict[str, list[dict[str, Any]]] = {}
    with world.mirror.store.reading() as session:
        for table in sorted(inspect(session.connection).get_table_names()):
            rows = session.read(f"SELECT * FROM {table}")
            left_out = OF_THE_RUN.get(table, set())
            # The token of the webhooks' address is drawn by chance, once for a database.
            rows = [row for row in rows if row.get("name") != "webhook_token"]
            shown = [{name: value for name, value in row.items() if name not in left_out} for row in rows]
            found[table] = sorted(shown, key=repr)
    return found


def lived(database: str, moment: datetime, seed: int) -> dict[str, list[dict[str, Any]]]:
    """A life at a moment: edits, edits in the table, runs, a closed day, an undo."""
    with time_machine.travel(moment, tick=True), world_of(database) as world:
        life = Life(world, seed)
        for number in range(8):
            for _ in range(14):
                life.step()
            if number == 5:
                life.meddle()
            if number == 3:
                world.lock(date(2025, 12, 4))
            run = accepted(world, world.window)
        world.mirror.unlock(date(2025, 12, 4), date(2025, 12, 4))
        run = accepted(world, world.window)
        assert run.id is not None
        world.mirror.undo(run.id)
        return everything(world)


def accepted(world: World, window: Window) -> Run:
    """A run, whatever its guards say."""
    run = world.sync(window)
    names = [str(slice_.fingerprint) for slice_ in run.slices if slice_.status == "refused"]
    return world.sync(window, accept=names) if names else run


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_stored_depends_on_when_we_ran(tmp_path: Path, seed: int) -> None:
    """The same life in 2025 and in 2031: every table is equal, but for the columns that tell when a run was."""
    with replay(f"make test PYTEST='tests/attack/test_time_independence.py -k when_we_ran'  # seed {seed}"):
        one, other = (lived(f"sqlite:///{tmp_path}/{n}.db", moment, seed) for n, moment in enumerate(MOMENTS))
        assert one.keys() == other.keys()
        assert {
            "clock_times",
            "connecteam_sync_shifts",
            "connecteam_sync_changes",
            "connecteam_sync_holds",
            "connecteam_sync_slices",
        } <= one.keys()
        for table, rows in one.items():
            assert rows == other[table], table
    counted = Counter({table: len(rows) for table, rows in one.items()})
    tell(f"a life of seed {seed} at {MOMENTS}", counted)
    assert counted["clock_times"] > 15
    assert counted["connecteam_sync_changes"] > counted["clock_times"]


def cuts(chance: random.Random) -> list[tuple[date, date]]:
    """The eleven days cut in any way, the parts in any order."""
    days = [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)]
    inner = sorted(chance.sample(range(1, len(days)), chance.randrange(1, len(days))))
    bounds = [0, *inner, len(days)]
    parts = [(days[a], days[b - 1]) for a, b in pairwise(bounds)]
    chance.shuffle(parts)
    return parts


@pytest.mark.usefixtures("initialised")
@pytest.mark.parametrize("seed", SEEDS)
def test_parts_in_any_order_give_the_same_table(database: str, tmp_path: Path, seed: int) -> None:
    """One mirror looks at all days at once, the other at parts of them: the same rows, whatever happened between.

    A part may hold a shift until another part has made room for it: then the parts are looked at once more.
    """
    compared = 0
    again = f"make test PYTEST='tests/attack/test_time_independence.py -k any_order'  # seed {seed}"
    with world_of(database) as whole, replay(again):
        parted = World(whole.sandbox, f"sqlite:///{tmp_path}/parts.db", max_deletes=10**6, max_users_gone_share=1.0)
        life = Life(whole, seed)
        for _ in range(10):
            for _ in range(14):
                life.step()
            accepted(whole, whole.window)
            accepted(whole, whole.window)
            parts = cuts(life.chance)
            for _ in range(1 + len(parts)):
                runs = [accepted(parted, parted.mirror.window(first, last)) for first, last in parts]
                if all(run.status == "nothing" for run in runs):
                    break
            assert parted.rows() == whole.rows(), parts
            compared += len(whole.rows())
        tell(f"seed {seed}", Counter({"rows compared": compared}))
        parted.mirror.close()
        assert compared > 100


def test_an_unchanged_look_writes_nothing_but_its_receipt(database: str) -> None:
    """Every table of the database stays as it is, to the byte; one run and its slices are added."""
    with world_of(database) as world:
        life = Life(world, 5)
        for _ in range(30):
            life.step()
        accepted(world, world.window)
        accepted(world, world.window)

        def tables() -> dict[str, list[Any]]:
            with world.mirror.store.reading() as session:
                names = inspect(session.connection).get_table_names()
                return {name: session.read(f"SELECT * FROM {name}") for name in names}

        for _ in range(3):
            before = tables()
            assert world.sync().status == "nothing"
            after = tables()
            for name in before.keys() - RECEIPTS - {"sqlite_sequence"}:
                assert sorted(map(repr, before[name])) == sorted(map(repr, after[name])), name
            invariants.REACH["an unchanged look"] += 1
            assert len(after["connecteam_sync_runs"]) == len(before["connecteam_sync_runs"]) + 1
            assert len(after["connecteam_sync_slices"]) == len(before["connecteam_sync_slices"]) + 3


@pytest.mark.usefixtures("initialised")
def test_shifts_of_two_clocks_change_places(database: str) -> None:
    """One run puts both right, each in its own row, and undo puts both back; alone they would wait for ever."""
    with world_of(database) as world:
        world.company.people[world.user].clocks = {WAREHOUSE, OFFICE}
        one = world.work(3, "08:00", "12:00", clock=WAREHOUSE)
        other = world.work(6, "08:00", "11:00", clock=OFFICE)
        world.sync()
        before = world.table()
        homes = {shift["id"]: shift["clock_time_id"] for shift in world.table("connecteam_sync_shifts")}
        one.start, one.end, other.start, other.end = other.start, other.end, one.start, one.end
        run = world.sync()
        assert (run.counts.updated, run.counts.created, run.counts.deleted) == (2, 0, 0)
        assert world.rows() == world.company.truth(FIRST, LAST)
        assert {shift["id"]: shift["clock_time_id"] for shift in world.table("connecteam_sync_shifts")} == homes
        assert run.id is not None
        assert world.sync().status == "nothing"
        assert not world.mirror.holds()
        world.mirror.undo(run.id)
        assert world.table() == before

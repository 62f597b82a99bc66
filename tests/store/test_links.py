"""One shift for a row, one row for a shift, whatever the database does with its numbers."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from sqlalchemy import event, inspect, text
from test_store import mirror, shift, table

from connecteam_sync.core.clocktime import AppliedValues, TrackedShift
from connecteam_sync.core.keys import RowId
from connecteam_sync.sandbox import Company, Sandbox
from connecteam_sync.sandbox.settings import SandboxSettings as Behaviour
from connecteam_sync.store.mirror.tracking import HighestClaim, remember_mirrors, without_double_claims
from connecteam_sync.store.store import Store
from connecteam_sync.store.tables import rows
from connecteam_sync.store.tables.schema import VERSION
from support.scenario import World

SEEDS = range(12)


@pytest.fixture
def world(initialised: str) -> Iterator[World]:
    """An empty company and an initialised database."""
    with Sandbox(Company(0), Behaviour(minute_limit=1_000_000)) as sandbox:
        made = World(sandbox, initialised)
        yield made
        made.mirror.close()


def memory_of(store: Store) -> dict[str, TrackedShift]:
    """Everything that is remembered, by shift."""
    with store.reading() as session:
        columns = rows.mirror_columns("s")
        found = session.connection.execute(text(f"SELECT {columns} FROM {session.own.shifts} s"))
        return {row[0]: rows.mirror(row) for row in found}


def remembered(name: str, link: int | None) -> TrackedShift:
    """A shift and its row."""
    return TrackedShift(shift(name, 0, 60), link, None if link is None else AppliedValues(1, link, None))


@pytest.mark.parametrize("seed", SEEDS)
def test_whoever_is_linked_has_the_row_and_nobody_else(store: Store, seed: int) -> None:
    """Swaps, chains, new shifts and claims that nobody looks at: what is written holds, other claims are given up."""
    dice = random.Random(seed)  # noqa: S311 - a test, played again by its seed
    names, links = [f"s{number}" for number in range(14)], list(range(1, 16))
    wanted: dict[str, RowId | None] = {}
    for run in range(1, 9):
        before = memory_of(store)
        written = dice.sample(names, dice.randint(1, 10))
        free = dice.sample(links, len(written))
        now = {name: remembered(name, dice.choice([link, None])) for name, link in zip(written, free, strict=True)}
        with store.writing() as session:
            asked = HighestClaim(session) if dice.random() < 0.5 else None
            session.flush()
            known = {name: item for name, item in before.items() if name in now}
            remember_mirrors(session, now.values(), run, known, free=asked)
        taken = {item.clock_time_id for item in now.values()}
        wanted = {name: None if link in taken else link for name, link in wanted.items()}
        wanted |= {name: item.clock_time_id for name, item in now.items()}
        after = memory_of(store)
        assert {name: item.clock_time_id for name, item in after.items()} == wanted
        assert all((item.applied is None) == (item.clock_time_id is None) for item in after.values())


def test_of_two_claims_of_one_write_the_new_one_counts() -> None:
    """A row's number was given away again: the shift that is linked to it only now is the one it stands for."""
    old, new = remembered("old", 5), remembered("new", 5)
    given = without_double_claims([old, new], {"old": old})
    assert [(m.shift.id, m.clock_time_id, m.applied) for m in given] == [("old", None, None), ("new", 5, new.applied)]
    assert without_double_claims([new, old], {"old": old})[0] == new


def test_an_untroubled_load_asks_for_no_claims(store: Store) -> None:
    """Rows beyond every claim are free: no statement goes through them."""
    first = [shift(f"a{n}", n * 100, n * 100 + 50) for n in range(20)]
    mirror(store, *first)
    seen: list[str] = []
    engine = store._engine
    event.listen(engine, "before_cursor_execute", lambda *words: seen.append(words[2]))
    mirror(store, *first, *(shift(f"b{n}", n * 100 + 60, n * 100 + 90) for n in range(20)))
    assert len(table(store)) == 40
    assert not [sql for sql in seen if "applied_clock_out = NULL" in sql]


@pytest.mark.parametrize("how", ["truncate", "newest", "dump"])
def test_row_numbers_that_are_given_away_again_are_nobodys_second_claim(world: World, how: str) -> None:
    """TRUNCATE and a backfill, the newest rows deleted by hand, `clock_times` from an older dump: no run breaks, no row
    is claimed twice, and a run or two later the table is exact.
    """
    for day in range(2, 8):
        world.work(day, "08:00", "12:00")
        world.work(day, "13:00", "17:00")
    world.sync()
    kept = world.table()
    family = world.mirror.store.dialect.family
    if how == "truncate":
        world.execute("DELETE FROM clock_times")
        if family == "sqlite":
            world.execute("DELETE FROM sqlite_sequence WHERE name = 'clock_times'")
        else:
            world.execute(f"TRUNCATE TABLE clock_times{' RESTART IDENTITY' if family == 'postgresql' else ''}")
    elif how == "newest":
        world.execute("DELETE FROM clock_times WHERE id > 6")
        restart(world, 7)
    else:
        world.execute(
            "UPDATE connecteam_sync_shifts SET clock_time_id = NULL, applied_employee_id = NULL WHERE id < 'm'"
        )
        world.execute("DELETE FROM clock_times WHERE id > 3")
        restart(world, 4)
    world.work(9, "08:00", "12:00")
    for day in (9, 3, 5):
        run = world.sync(world.mirror.window(date(2025, 12, day), date(2025, 12, day)))
        assert not run.errors
        require_one_each(world)
    for _ in range(2):
        assert not world.sync().errors
        require_one_each(world)
    assert len(kept) == 12


def restart(world: World, number: int) -> None:
    """The next row gets this number."""
    family = world.mirror.store.dialect.family
    if family == "postgresql":
        world.execute(f"SELECT setval(pg_get_serial_sequence('clock_times', 'id'), {number}, false)")
    elif family == "mysql":
        world.execute(f"ALTER TABLE clock_times AUTO_INCREMENT = {number}")
    else:
        world.execute(f"UPDATE sqlite_sequence SET seq = {number - 1} WHERE name = 'clock_times'")


def require_one_each(world: World) -> None:
    """No row is claimed by two shifts."""
    links = [row["clock_time_id"] for row in world.table("connecteam_sync_shifts") if row["clock_time_id"] is not None]
    assert len(links) == len(set(links))


def claims(store: Store, table_name: str) -> dict[str, Any]:
    """The row of each shift."""
    with store.reading() as session:
        return {row["id"]: row["clock_time_id"] for row in session.read(f"SELECT id, clock_time_id FROM {table_name}")}


@pytest.mark.parametrize("version", ["0008", VERSION])
def test_doubles_of_before_are_left_to_the_shift_whose_values_are_the_rows(
    store: Store, database: str, version: str
) -> None:
    """An upgrade makes the link unique, and so does a repair: what was applied decides, then who was changed last."""
    mirror(store, shift("a", 0, 60), shift("b", 100, 160), shift("c", 200, 260))
    with store.writing() as session:
        run = session.connection.execute
        family = session.dialect.family
        on = " ON connecteam_sync_shifts" if family == "mysql" else ""
        run(text(f"DROP INDEX ix_connecteam_sync_shifts_row{on}"))
        run(text("CREATE INDEX ix_connecteam_sync_shifts_row ON connecteam_sync_shifts (clock_time_id)"))
        found = session.read("SELECT clock_time_id AS row_id FROM connecteam_sync_shifts ORDER BY id")
        a, b, _ = (row["row_id"] for row in found)
        # c claims a's row, and was changed later; the row of b is gone, and d claims it too.
        run(text(f"UPDATE connecteam_sync_shifts SET clock_time_id = {a}, changed_in_run = 9 WHERE id = 'c'"))
        others = ", ".join(column for column in rows.MIRROR if column not in {"id", "changed_in_run"})
        run(
            text(
                f"INSERT INTO connecteam_sync_shifts (id, changed_in_run, {others})"
                f" SELECT 'd', 9, {others} FROM connecteam_sync_shifts WHERE id = 'b'"
            )
        )
        run(text(f"DELETE FROM clock_times WHERE id = {b}"))
        run(text(f"UPDATE connecteam_sync_version SET version_num = '{version}'"))
    fresh = Store(database, lock_wait=1)
    fresh.init()
    left = claims(fresh, "connecteam_sync_shifts")
    assert left == {"a": a, "b": None, "c": None, "d": b}
    with fresh.reading() as session:
        indexes = inspect(session.connection).get_indexes("connecteam_sync_shifts")
        assert [i["unique"] for i in indexes if i["name"] == "ix_connecteam_sync_shifts_row"] == [1]
    assert fresh.init() == ()
    fresh.close()

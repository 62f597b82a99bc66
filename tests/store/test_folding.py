"""Receipts of runs with nothing: after two weeks a row for each time clock and day, and everything goes on working."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Connection, event

from connecteam_sync.errors import NotFound
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.sandbox.company import OFFICE, WAREHOUSE
from support.scenario import FIRST, LAST, World

DAY = 86_400


@pytest.fixture
def world(initialised: str) -> Iterator[World]:
    """A company, and one shift that is mirrored."""
    with Sandbox(Company(0), SandboxSettings(minute_limit=10**9)) as sandbox:
        made = World(sandbox, initialised)
        made.work(2, "08:00", "16:00")
        made.sync()
        yield made
        made.mirror.close()


def age(world: World, days: float) -> None:
    """Make every run so many days older, and let a pass begin."""
    world.execute(
        "UPDATE connecteam_sync_runs SET started_at = started_at - :s, finished_at = finished_at - :s",
        s=round(days * DAY),
    )
    world.execute("DELETE FROM connecteam_sync_service WHERE name = 'folding'")


def numbers(world: World, *, table: str = "runs", column: str = "id") -> list[int]:
    """The numbers of the runs that have a row."""
    return sorted({int(row[column]) for row in world.table(f"connecteam_sync_{table}")})


def test_quiet_runs_become_a_row_for_each_time_clock_and_day(world: World) -> None:
    """First and last look, how many, what they cost, and the newest receipt; all others stay."""
    changed, *quiet = [world.sync().id or 0 for _ in range(5)]
    before = {run.id or 0: run for run in world.mirror.runs()}
    assert before[changed].status == "nothing"
    world.work(3, "08:00", "16:00")
    applied = world.sync().id
    newest = world.sync().id
    age(world, 20)
    assert world.mirror.fold_receipts() > 0
    left = numbers(world)
    assert {1, applied, newest} <= set(left)
    assert not set(quiet[:-1]) & set(left)
    assert numbers(world, table="slices", column="run_id") == left
    looks = {one.time_clock_id: one for one in world.mirror.quiet_looks()}
    gone = [number for number in before if number not in left]
    assert looks.keys() >= {WAREHOUSE, OFFICE}
    at = world.mirror.today() - timedelta(days=20)
    for one in looks.values():
        assert (one.looks, one.day, one.timezone) == (len(gone), at, "America/Chicago")
        assert one.newest_run == max(gone)
        assert one.newest_receipt in before[max(gone)].slices
        assert one.first_at <= one.last_at
    assert sum(one.http_calls for one in looks.values()) == sum(before[number].http_calls for number in gone)
    with pytest.raises(NotFound, match="there is no run"):
        world.mirror.show(gone[0])


def test_a_day_is_folded_in_parts(world: World) -> None:
    """Of few runs at a time: what was folded before is added to, and nothing is looked at twice."""
    for _ in range(8):
        world.sync()
    age(world, 20)
    parts = [world.mirror.fold_receipts(limit=2) for _ in range(8)]
    assert max(parts) <= 2
    looks = {one.time_clock_id: one.looks for one in world.mirror.quiet_looks()}
    assert looks[WAREHOUSE] == sum(parts) > 4
    assert world.mirror.fold_receipts() == 0


def test_the_days_that_are_kept(world: World) -> None:
    """Fourteen unless another number is configured; none is folded with 0."""
    for _ in range(3):
        world.sync()
    age(world, 13.9)
    assert world.mirror.fold_receipts() == 0
    age(world, 0.2)
    none = World.mirror_of(world.sandbox, str(world.mirror.settings.database_url), keep_quiet_receipts=0)
    assert none.fold_receipts() == 0
    none.close()
    assert world.mirror.fold_receipts() > 0


@pytest.mark.parametrize("what", ["held", "failed", "undone", "verified"])
def test_what_a_person_may_ask_for_later_stays(world: World, what: str) -> None:
    """Holds, failures, what was taken back, and verifications."""
    if what == "held":
        world.lock(FIRST, LAST)
        world.work(3, "08:00", "16:00")
        number = world.sync().id
    elif what == "failed":
        world.sandbox.faults.add("scope", path="/time-activities", times=99)
        number = world.sync().id
        world.sandbox.faults.clear()
    elif what == "undone":
        number = world.mirror.undo(1).id
    else:
        number = world.mirror.verify(world.window).run
    for _ in range(3):
        world.sync()
    age(world, 30)
    world.mirror.fold_receipts()
    assert number in numbers(world)
    assert 1 in numbers(world)


def test_everything_goes_on_afterwards(world: World) -> None:
    """Equal inputs are recognised, runs are counted on, time clocks are known, and an undo finds what it takes back."""
    for _ in range(4):
        world.sync()
    last = world.sync()
    known = world.mirror.clocks()
    age(world, 20)
    assert world.mirror.fold_receipts() > 0
    slices = {int(row["id"]) for row in world.table("connecteam_sync_slices")}
    with world.mirror.store.own_rows("reading") as connection:
        named = connection.exec_driver_sql("SELECT slice_id FROM connecteam_sync_inputs").scalars().all()
    assert set(named) <= slices
    after = world.sync()
    assert after.id == (last.id or 0) + 1
    assert (after.status, after.statements) == ("nothing", last.statements)
    assert [one.last_looked_at is not None for one in world.mirror.clocks()] == [
        one.last_looked_at is not None for one in known
    ]
    undone = world.mirror.undo(1)
    assert undone.status == "applied"
    assert world.rows() == set()


def test_a_time_clock_whose_receipts_are_all_folded_was_looked_at(world: World) -> None:
    """When its last look was stays known: by that it counts as one of this database."""
    for _ in range(3):
        world.sync()
    age(world, 20)
    world.mirror.fold_receipts()
    world.execute("DELETE FROM connecteam_sync_slices WHERE time_clock_id = :clock", clock=OFFICE)
    [office] = [one for one in world.mirror.clocks() if one.id == OFFICE]
    [looks] = [one for one in world.mirror.quiet_looks() if one.time_clock_id == OFFICE]
    assert office.last_looked_at == looks.last_at


def test_the_statements_are_the_same_whatever_is_folded(world: World) -> None:
    """A pass over three runs and one over thirty send as many."""

    def spent(runs: int) -> int:
        for _ in range(runs):
            world.sync()
        age(world, 20)
        before = world.mirror.statements
        assert world.mirror.fold_receipts() > 0
        return world.mirror.statements - before

    assert spent(3) == spent(30)


def test_removing_a_few_receipts_does_not_read_all_of_them(world: World) -> None:
    """MySQL and MariaDB count what a statement reads: MariaDB would parse what it is told again for each row."""
    if world.mirror.store.dialect.name("a") != "`a`":
        pytest.skip("this database does not count the rows that a statement reads")
    for _ in range(12):
        world.sync()
    for step in (100 << doubled for doubled in range(7)):
        for table, number in (("runs", "id"), ("slices", "run_id")):
            columns = list(world.table(f"connecteam_sync_{table}")[0])
            moved = ", ".join(f"{name} + {step}" if name in {"id", number} else name for name in columns)
            own = f"connecteam_sync_{table}"
            world.execute(
                f"INSERT INTO {own} ({', '.join(columns)}) SELECT {moved} FROM {own} WHERE {number} <= {step}"
            )
    age(world, 20)
    read: list[int] = []

    def note(connection: Connection, _: object, statement: str, *_others: object) -> None:
        if statement.startswith("DELETE"):
            cursor = connection.connection.cursor()
            cursor.execute("SHOW SESSION STATUS LIKE 'Handler_read_rnd_next'")
            read.append(int((cursor.fetchone() or ("", 0))[1]))
            cursor.close()

    engine = world.mirror.store._engine
    event.listen(engine, "before_cursor_execute", note)
    event.listen(engine, "after_cursor_execute", note)
    assert world.mirror.fold_receipts(limit=40) > 20
    assert len(read) == 4
    assert max(read) - min(read) < 1000 < len(numbers(world))

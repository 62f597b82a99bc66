"""Adoption while others write, killed at any statement, and resumed."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
import time
from typing import Any, NamedTuple

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from test_adopt import put
from test_damaged import host_tables

from connecteam_sync.errors import AdoptRefused
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from support.legacy_damage import moment
from support.scenario import World

KILLED = 9


@pytest.fixture
def world(database: str) -> Any:  # noqa: ANN401 - a generator of worlds
    """A host's own tables without a unique key, three people, a Connecteam with a shift for each of them."""
    with Sandbox(Company(0, people=3), SandboxSettings(minute_limit=1_000_000)) as sandbox:
        employees = host_tables(database, sorted(sandbox.company.people))
        found = World(sandbox, database, employees="match", max_deletes=10_000)
        found.employees = employees  # type: ignore[attr-defined] # carried along for the tests
        yield found
        found.mirror.close()


class Room(NamedTuple):
    """A disk as the standard library tells of it."""

    free: int


def test_a_disk_too_full_is_an_obstacle(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Said by the look and by --apply alike, before anything is written."""
    put(world, world.at(3, "08:00"), None)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Room(10))
    assert "bytes free" in world.mirror.survey().obstacles[0]
    with pytest.raises(AdoptRefused, match="bytes free"):
        world.mirror.adopt()
    assert not world.mirror.runs()


def test_rows_of_nobody_or_without_a_time_are_counted_and_left(database: str) -> None:
    """A table that allows them: no run stumbles over them, none touches them."""
    with Sandbox(Company(0, people=3), SandboxSettings(minute_limit=1_000_000)) as sandbox:
        host_tables(database, sorted(sandbox.company.people))
        world = World(sandbox, database, employees="match")
        kind = world.mirror.store.dialect.family
        if kind == "sqlite":
            pytest.skip("SQLite cannot take NOT NULL from a column")
        for column, name in (("employee_id", "BIGINT"), ("clock_in", "DATETIME")):
            world.execute(
                f"ALTER TABLE clock_times ALTER {column} DROP NOT NULL"
                if kind == "postgresql"
                else f"ALTER TABLE clock_times MODIFY {column} {name} NULL"
            )
        at = world.at(3, "08:00")
        world.execute(
            "INSERT INTO clock_times (employee_id, clock_in, is_active, source) VALUES (NULL, :i, :a, 'connecteam'),"
            " (NULL, :i, :a, 'connecteam'), (1, NULL, :a, 'connecteam'), (1, NULL, :a, 'connecteam')",
            i=moment(at),
            a=True,
        )
        before = world.table()
        world.work(3, "08:00", "12:00")
        assert world.mirror.survey().findings["without_employee_or_clock_in"] == 4
        assert world.mirror.adopt().exit_code == 0
        run = world.mirror.resync(world.window)
        assert run.exit_code == 0
        assert world.mirror.sync(None).exit_code == 0
        assert world.table()[:4] == before
        world.mirror.undo(run.id or 0)
        world.mirror.undo_adopt()
        assert world.table() == before
        world.mirror.close()


def test_another_program_goes_on_writing(world: World, database: str) -> None:
    """Inserts, doubles among them, all the while: none is lost, none blocked for long, and the key comes."""
    if database.startswith("sqlite"):
        pytest.skip("SQLite has one writer at a time: the whole adoption is one transaction")
    at = world.at(3, "00:00")
    employee = min(world.employees.values())  # type: ignore[attr-defined] # see above
    for number in range(300):
        put(world, at + number // 2 * 60, at + number // 2 * 60 + 30)
    stop, written, refused, slowest = threading.Event(), [], [], [0.0]
    insert = text(
        "INSERT INTO clock_times (employee_id, clock_in, clock_out, total_minutes, is_active, source)"
        " VALUES (:e, :i, NULL, NULL, :a, 'connecteam')"
    )

    def write() -> None:
        engine = create_engine(world.mirror.store.url)
        number = 0
        with engine.connect() as connection:
            while not stop.is_set():
                number += 1
                # Every tenth is a double of the one before.
                instant = at + 500_000 + (number - (number % 10 == 0)) * 60
                began = time.perf_counter()
                try:
                    with connection.begin():
                        connection.execute(insert, {"e": employee, "i": moment(instant), "a": True})
                    written.append(instant)
                except (IntegrityError, DBAPIError):
                    refused.append(instant)
                slowest[0] = max(slowest[0], time.perf_counter() - began)
                time.sleep(0.02)
        engine.dispose()

    thread = threading.Thread(target=write)
    thread.start()
    time.sleep(0.5)
    # How long it is patient is another test's matter; a machine with much to do is slow.
    world.mirror.store.lock_wait = 60
    run = world.mirror.adopt()
    time.sleep(0.5)
    stop.set()
    thread.join()
    assert run.exit_code == 0, [slice_.error for slice_ in run.slices]
    with world.mirror.store.reading() as session:
        present = {row.clock_in for row in session.rows_of_all()}
    assert present >= set(written)
    assert refused, "after the key is there, a double is refused"
    assert world.mirror.survey().groups == 0
    # Nobody is locked out while the key is made; the bound is loose, since this machine may be busy with other things.
    assert slowest[0] < 20


@pytest.mark.parametrize("database", ["mariadb", "mysql", "postgresql"], indirect=True)
def test_nobody_waits_behind_an_adoption_that_waits(world: World) -> None:
    """A report keeps the table open for seconds: the adoption tries again and again, and readers pass in between."""
    put(world, world.at(3, "08:00"), world.at(3, "09:00"))
    world.mirror.store.lock_wait = 20
    engine = create_engine(world.mirror.store.url)
    runs: list[int] = []
    adopting = threading.Thread(target=lambda: runs.append(world.mirror.adopt().exit_code))
    slowest = 0.0
    with engine.connect() as report, engine.connect() as reader:
        report.execute(text("SELECT count(*) FROM clock_times"))
        adopting.start()
        ends = time.monotonic() + 6
        while time.monotonic() < ends:
            began = time.monotonic()
            reader.execute(text("SELECT count(*) FROM clock_times"))
            reader.rollback()
            slowest = max(slowest, time.monotonic() - began)
            time.sleep(0.05)
        assert runs == [], "the report is in the way until it ends"
    adopting.join()
    engine.dispose()
    assert runs == [0]
    assert slowest < 3


SCRIPT = """
import os, sys
from sqlalchemy import event
from connecteam_sync.config import Settings
from connecteam_sync.client import ConnecteamSync

database, at, word = sys.argv[1], int(sys.argv[2]), sys.argv[3]
mirror = ConnecteamSync("sandbox-key", settings=Settings(timezone="America/Chicago", database_url=database))
seen = 0

@event.listens_for(mirror.store._engine, "after_cursor_execute")
def count(*_):
    global seen
    seen += 1
    if seen == at:
        os._exit(9)

getattr(mirror, word)()
"""


@pytest.mark.parametrize("step", [3])
def test_a_kill_at_any_statement_of_adopt_and_of_its_undo(world: World, database: str, step: int) -> None:
    """Killed again and again, run again: the same end as without; the same way back."""
    at = world.at(3, "08:00")
    for number in range(6):
        put(world, at + number // 3 * 40_000, at + number // 3 * 40_000 + 3600)
    before = world.table()

    def killed(word: str, number: int) -> bool:
        arguments = [sys.executable, "-c", SCRIPT, database, str(number), word]
        return subprocess.run(arguments, check=False, timeout=60).returncode == KILLED  # noqa: S603 - our own script

    kills = 0
    for number in range(2, 200, step):
        if not killed("adopt", number):
            break
        kills += 1
        # Nothing is ever half removed.
        assert len(world.table()) in {6, 2}
    assert kills > 5
    world.mirror.adopt()
    assert len(world.table()) == 2
    assert world.mirror.survey().unique_key == "uq_employee_clock_in"
    for number in range(2, 200, step):
        if not killed("undo_adopt", number):
            break
        assert len(world.table()) in {6, 2}
    if world.mirror.survey().unique_key is not None or len(world.table()) == 2:
        world.mirror.undo_adopt()
    assert world.table() == before
    assert world.mirror.survey().unique_key is None
    with world.mirror.store.reading() as session:
        assert not session.read("SELECT backup_table FROM connecteam_sync_adoptions WHERE backup_table IS NOT NULL")


@pytest.mark.parametrize("database", ["mariadb"], indirect=True)
def test_a_killed_adoption_is_resumed_although_a_proof_came_in_between(world: World, database: str) -> None:
    """A proof touches no row, so it is no later run."""
    at = world.at(3, "08:00")
    for number in range(6):
        put(world, at + number // 3 * 40_000, at + number // 3 * 40_000 + 3600)
    for number in range(30, 200, 2):
        subprocess.run([sys.executable, "-c", SCRIPT, database, str(number), "adopt"], check=False, timeout=60)  # noqa: S603 - our own script
        begun = world.mirror.runs(kind="adopt")
        if begun:
            break
    assert begun[0].finished_at is None
    assert world.mirror.verify(world.window).run is not None
    assert world.mirror.adopt().id == begun[0].id

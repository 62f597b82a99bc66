"""Rows as other programs leave them: on one clock-in twice, within one second, at no time, out of reach."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from test_damaged import host_tables
from test_host_tables import kind_of
from test_named import raw
from test_understood import checks

from connecteam_sync.errors import NotServed, UndoRefused
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from support.scenario import World

COPIED = "employee_id, clock_in, clock_out, total_minutes, is_active"


@pytest.fixture
def world(database: str) -> Iterator[World]:
    """The host's own tables without a unique key."""
    with Sandbox(Company(7, people=4), SandboxSettings(minute_limit=1_000_000)) as sandbox:
        host_tables(database, sorted(sandbox.company.people))
        made = World(sandbox, database, employees="match", max_deletes=10_000)
        yield made
        made.mirror.close()


def test_a_row_by_hand_on_the_clock_in_of_a_shift_is_held(world: World) -> None:
    """Both count, and neither is ours to remove: held with both ids, the hours named, until a person removes one."""
    world.sync()
    [row] = [row for row in world.table() if row["clock_out"] is not None][:1]
    world.execute(
        f"INSERT INTO clock_times ({COPIED}, source) SELECT {COPIED}, 'manual' FROM clock_times WHERE id = {row['id']}"
    )
    by_hand = world.table()[-1]
    before = world.table()
    held = world.sync()
    assert held.exit_code == 3
    [hold] = [hold for hold in held.holds if hold.reason == "manual_row"]
    assert (hold.clock_time_id, hold.minutes) == (by_hand["id"], -row["total_minutes"])
    assert f"row {by_hand['id']}" in hold.detail
    assert f"row {row['id']}" in hold.detail
    assert world.table() == before
    proof = world.mirror.verify(world.window)
    assert (proof.exit_code, proof.differences) in {(0, 0), (3, 0)}
    world.execute(f"DELETE FROM clock_times WHERE id = {by_hand['id']}")
    assert world.sync().exit_code == 0
    assert world.reasons() == []


@pytest.mark.parametrize("database", ["mariadb", "mysql", "postgresql"], indirect=True)
def test_two_rows_of_one_second_are_held_and_told(world: World, database: str) -> None:
    """A unique key over fractions of a second takes both."""
    kind = kind_of(database)
    change = "MODIFY clock_in DATETIME(6) NOT NULL" if kind == "mysql" else "ALTER clock_in TYPE TIMESTAMP"
    raw(
        database,
        f"ALTER TABLE clock_times {change}",
        "ALTER TABLE clock_times ADD CONSTRAINT one_each UNIQUE (employee_id, clock_in)",
    )
    world.mirror.store._columns = None
    world.sync()
    assert checks(world, "fractions", "warning") == ""
    later = "clock_in + INTERVAL 300000 MICROSECOND" if kind == "mysql" else "clock_in + INTERVAL '0.3 second'"
    raw(
        database,
        f"INSERT INTO clock_times ({COPIED}, source) SELECT {COPIED.replace('clock_in', later)}, 'manual'"
        f" FROM clock_times WHERE id = {world.table()[0]['id']}",
    )
    assert "1 row" in checks(world, "fractions", "warning")
    held = world.sync()
    assert (held.exit_code, [hold.reason for hold in held.holds]) == (3, ["manual_row"])


def test_a_fraction_of_zeros_in_a_file_is_none(tmp_path: Path) -> None:
    """Many programs write every time into SQLite as `08:00:00.000000`: only a real fraction is told."""
    with Sandbox(Company(7, people=4), SandboxSettings(minute_limit=1_000_000)) as sandbox:
        world = World(sandbox, f"sqlite:///{tmp_path}/zeros.db")
        world.sync()
        world.execute("UPDATE clock_times SET clock_in = clock_in || '.000000', clock_out = clock_out || '.000'")
        assert checks(world, "fractions", "warning") == ""
        world.execute(
            "UPDATE clock_times SET clock_in = replace(clock_in, '.000000', '.000300')"
            " WHERE id = (SELECT min(id) FROM clock_times)"
        )
        assert "1 row" in checks(world, "fractions", "warning")
        world.mirror.close()


NO_TIME = {"sqlite": "0000-00-00 00:00:00", "mysql": "0000-00-00 00:00:00", "postgresql": "-infinity"}


def test_an_open_row_at_no_time_ends_no_command(world: World, database: str) -> None:
    """`anomalies` tells it with its value, and every other row with it."""
    world.sync()
    said = NO_TIME[kind_of(database)]
    raw(
        database,
        *(["SET sql_mode = ''"] if kind_of(database) == "mysql" else []),
        f"INSERT INTO clock_times ({COPIED}, source) VALUES (1, '{said}', NULL, NULL, TRUE, 'manual')",
    )
    found, _ = world.mirror.anomalies(world.window)
    assert isinstance(found, tuple)
    assert [one.said for one in world.mirror.unread_times()] == [said]


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_what_only_the_database_finds_double_is_told_in_its_words(world: World, database: str) -> None:
    """Two rows at infinity: `adopt` sees no double, the key cannot be made, and no other program is blamed."""
    world.sync()
    values = f"INSERT INTO clock_times ({COPIED}, source) VALUES (1, 'infinity', NULL, NULL, TRUE, 'manual')"
    raw(database, values, values)
    run = world.mirror.adopt()
    [slice_] = [slice_ for slice_ in run.slices if slice_.error]
    assert "infinity" in (slice_.error or "")
    assert "another program" not in (slice_.error or "")


def test_rows_out_of_reach_are_told(world: World, database: str) -> None:
    """No command asks Connecteam about such days: `doctor` counts them, `history` shows them."""
    world.sync()
    assert checks(world, "rows out of reach", "warning") == ""
    for at in ("9999-12-31 00:00:00", "1969-07-20 20:17:00"):
        raw(database, f"INSERT INTO clock_times ({COPIED}, source) VALUES (1, '{at}', NULL, NULL, TRUE, 'connecteam')")
    assert "2 rows" in checks(world, "rows out of reach", "warning")
    assert sum(row.clock_out is None for row in world.mirror.history(1).rows) >= 2


def test_an_undo_that_was_undone_names_the_run_to_take_back(world: World) -> None:
    """Whose changes stand is said by the last of a chain of undos."""
    first = world.sync().id or 0
    second = world.mirror.undo(first).id or 0
    with pytest.raises(UndoRefused) as gone:
        world.mirror.undo(first)
    assert gone.value.next_step == f"to bring its changes back, undo run {second}"
    third = world.mirror.undo(second).id or 0
    with pytest.raises(UndoRefused) as back:
        world.mirror.undo(first)
    assert f"came back with run {third}" in back.value.message
    assert back.value.next_step == f"to take them back again, undo run {third}"
    world.mirror.undo(third)
    assert world.table() == []


def test_a_person_whose_key_nobody_draws_is_refused_beforehand(database: str) -> None:
    """A random UUID does not fit into 20 characters: said before the database has to."""
    with Sandbox(Company(7, people=4), SandboxSettings(minute_limit=1_000_000)) as sandbox:
        moment = "TIMESTAMP(0)" if kind_of(database) == "postgresql" else "DATETIME"
        number = {
            "sqlite": "INTEGER PRIMARY KEY AUTOINCREMENT",
            "mysql": "BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY",
            "postgresql": "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY",
        }[kind_of(database)]
        raw(
            database,
            "CREATE TABLE employees (id VARCHAR(20) NOT NULL PRIMARY KEY, name VARCHAR(90), connecteam_user_id"
            " VARCHAR(40))",
            f"CREATE TABLE clock_times (id {number}, employee_id VARCHAR(20) NOT NULL, clock_in {moment} NOT NULL,"
            f" clock_out {moment}, total_minutes INT, is_active BOOLEAN NOT NULL, source VARCHAR(20) NOT NULL)",
        )
        world = World(sandbox, database, employees="match")
        assert "no Connecteam user was seen yet" in checks(world, "people", "ok")
        world.sync()
        with pytest.raises(NotServed, match="a random UUID does not fit"):
            world.mirror.create_employee(min(world.company.people))
        assert world.table("employees") == []
        world.mirror.close()

"""What an adoption is about, what it says, and what it finds before a double goes."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest
from test_adopt import put
from test_damaged import host_tables

from connecteam_sync.errors import AdoptRefused, UndoRefused
from connecteam_sync.present import adopt_text
from connecteam_sync.present.text import next_step, run_text
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.store.adopt import catalog
from support.scenario import World


@pytest.fixture
def world(database: str) -> Any:  # noqa: ANN401 - a generator of worlds
    """A host's own tables without a unique key, three people, a Connecteam with a shift for each of them."""
    with Sandbox(Company(0, people=3), SandboxSettings(minute_limit=1_000_000)) as sandbox:
        employees = host_tables(database, sorted(sandbox.company.people))
        found = World(sandbox, database, employees="match", max_deletes=10_000)
        found.employees = employees  # type: ignore[attr-defined] # carried along for the tests
        yield found
        found.mirror.close()


def test_an_adoption_is_about_the_days_of_the_table(world: World) -> None:
    """Receipt and next step: from the first to the last row of ours, also where only the key is added."""
    first, last = world.at(3, "06:00"), world.at(9, "23:30")
    put(world, first, first + 3600)
    put(world, last, last + 3600)
    put(world, first - 400 * 86_400, first, source="manual")
    run = world.mirror.adopt()
    assert (str(run.window), run.status) == ("2025-12-03..2025-12-09", "applied")
    assert next_step(run).startswith("connecteam-sync resync --from 2025-12-03 --to 2025-12-09   (")
    put(world, first - 400 * 86_400, first - 400 * 86_400 + 60, who=1)
    world.mirror.undo_adopt()
    run = world.mirror.adopt()
    assert str(run.window) == "2024-10-29..2025-12-09"
    step = next_step(run)
    assert step.startswith("connecteam-sync resync --from 2024-12-09 --to 2025-12-09, then the days before it")
    assert "back to 2024-10-29" in step


def test_the_hours_of_an_adoption_are_those_that_stay(world: World) -> None:
    """Not `164:01 -> 0:00`: the last word on the run, which is about the key, takes no hours away."""
    at = world.at(3, "06:00")
    put(world, at, at + 3600)
    put(world, at, at + 7200)
    put(world, at, None, who=1)
    run = world.mirror.adopt()
    assert (run.minutes.before, run.minutes.after) == (180, 60)
    assert "Hours of doubled clock-ins: 3:00 -> 1:00 (-2:00)" in "\n".join(
        run_text(run, world.mirror.show(run.id or 0)[1])
    )


def test_what_is_left_to_a_person_is_said_as_it_is(world: World) -> None:
    """One double waits; no run was made of it, and `holds` is not where it is found."""
    at = world.at(3, "06:00")
    put(world, at, at + 3600)
    put(world, at, at + 3600, source="manual")
    run = world.mirror.adopt()
    said = "\n".join(run_text(run, ()))
    assert (run.exit_code, run.id) == (3, None)
    assert said.startswith("no run: adopt 2025-12-03 (America/Chicago): a person decides first\nno double was removed")
    assert "1 double waits for a person" in said
    assert "connecteam-sync holds" not in said


def keys_of(world: World) -> set[str]:
    """Every unique key over the two columns."""
    with world.mirror.store.connection() as connection:
        found = catalog.unique_keys(connection, world.mirror.store.dialect, world.mirror.store.host)
    return {key.name for key in found}


def test_a_second_key_of_the_hosts_stays_and_ours_goes(world: World) -> None:
    """Another unique key on the two columns, made since: undo drops the one that `adopt` made, and no other."""
    world.mirror.adopt()
    world.execute("CREATE UNIQUE INDEX hosts_own ON clock_times (employee_id, clock_in)")
    assert keys_of(world) == {"uq_employee_clock_in", "hosts_own"}
    world.mirror.undo_adopt()
    assert keys_of(world) == {"hosts_own"}


def test_a_refused_undo_leaves_the_key_where_it_was(world: World) -> None:
    """Doubles cannot come back next to a second key of the host's: the table, and our key, are as before."""
    at = world.at(3, "08:00")
    for _ in range(2):
        put(world, at, at + 3600)
    before = world.table()
    assert world.mirror.adopt().counts.deleted == 1
    world.execute("CREATE UNIQUE INDEX hosts_own ON clock_times (employee_id, clock_in)")
    after = world.table()
    with pytest.raises(UndoRefused, match="the unique key is there as before"):
        world.mirror.undo_adopt()
    assert world.table() == after
    assert keys_of(world) == {"uq_employee_clock_in", "hosts_own"}
    world.execute("DROP INDEX hosts_own" + (" ON clock_times" if world.mirror.store.dialect.family == "mysql" else ""))
    world.mirror.undo_adopt()
    assert world.table() == before
    assert keys_of(world) == set()


def test_a_column_that_came_since_is_no_obstacle(world: World) -> None:
    """The backup lacks it, and proves all the rest; the rows come back with its default."""
    at = world.at(3, "08:00")
    for _ in range(2):
        put(world, at, at + 3600)
    before = world.table()
    assert world.mirror.adopt().counts.deleted == 1
    world.execute("ALTER TABLE clock_times ADD COLUMN paid VARCHAR(9) DEFAULT 'no'")
    world.mirror.undo_adopt()
    assert world.table() == [{**row, "paid": "no"} for row in before]


def test_a_name_that_is_taken_is_told_before_a_double_goes(world: World) -> None:
    """An index of the key's name that is another one: the look says so, and nothing is removed."""
    at = world.at(3, "08:00")
    put(world, at, at + 3600)
    put(world, at, at + 3600)
    world.execute("CREATE INDEX uq_employee_clock_in ON clock_times (clock_in)")
    before = world.table()
    survey = world.mirror.survey()
    [said] = survey.obstacles
    assert adopt_text.survey_text(survey, ZoneInfo("UTC"), {})[-1] == f"  x {said}"
    assert adopt_text.next_step(survey) == "cure what is marked x, then look again: connecteam-sync adopt"
    assert "uq_employee_clock_in, is taken" in said
    with pytest.raises(AdoptRefused, match="uq_employee_clock_in, is taken"):
        world.mirror.adopt()
    assert world.table() == before
    name, on = "uq_employee_clock_in", " ON clock_times" if world.mirror.store.dialect.family == "mysql" else ""
    world.execute(f"DROP INDEX {name}{on}")
    assert world.mirror.adopt().exit_code == 0
    assert len(world.table()) == 1


def test_a_table_that_is_parted_by_something_else_is_told_before_a_double_goes(world: World) -> None:
    """There a unique key has to have the column in by which the table is parted (MySQL, MariaDB)."""
    if world.mirror.store.dialect.family != "mysql":
        pytest.skip("elsewhere partitions are told otherwise")
    at = world.at(3, "08:00")
    put(world, at, at + 3600)
    put(world, at, at + 3600)
    before = world.table()
    for parted in ("HASH (id) PARTITIONS 2", "KEY () PARTITIONS 2"):
        world.execute(f"ALTER TABLE clock_times PARTITION BY {parted}")
        [said] = world.mirror.survey().obstacles
        assert "parted by 'id'" in said
        with pytest.raises(AdoptRefused, match="parted by 'id'"):
            world.mirror.adopt()
        assert world.table() == before
    world.execute("ALTER TABLE clock_times REMOVE PARTITIONING")
    world.execute("ALTER TABLE clock_times DROP PRIMARY KEY, ADD PRIMARY KEY (id, clock_in)")
    world.execute(
        "ALTER TABLE clock_times PARTITION BY RANGE COLUMNS (clock_in) (PARTITION a VALUES LESS THAN ('2025-12-02'),"
        " PARTITION b VALUES LESS THAN (MAXVALUE))"
    )
    assert world.mirror.adopt().exit_code == 0
    assert len(world.table()) == 1


@pytest.mark.parametrize("how", ["hidden", "shown"])
def test_a_table_with_system_versioning_is_adopted(world: World, how: str) -> None:
    """MariaDB lets nobody alter such a table unless told, and puts the end of a row's time into its unique keys."""
    with world.mirror.store.reading() as session:
        if session.dialect.kind != "mariadb":
            pytest.skip("of MariaDB alone")
    at = world.at(3, "08:00")
    put(world, at, at + 3600)
    put(world, at, at + 3600)
    shown = (
        "ADD COLUMN since TIMESTAMP(6) GENERATED ALWAYS AS ROW START,"
        " ADD COLUMN until TIMESTAMP(6) GENERATED ALWAYS AS ROW END, ADD PERIOD FOR SYSTEM_TIME (since, until), "
    )
    world.execute(f"ALTER TABLE clock_times {shown if how == 'shown' else ''}ADD SYSTEM VERSIONING")
    mine = [{k: v for k, v in row.items() if k not in {"since", "until"}} for row in world.table()]
    assert world.mirror.adopt().exit_code == 0
    assert len(world.table()) == 1
    assert world.mirror.survey().unique_key == "uq_employee_clock_in"
    world.mirror.undo_adopt()
    assert [{k: v for k, v in row.items() if k not in {"since", "until"}} for row in world.table()] == mine

"""Taking over a table that has columns for the job and for the minutes of breaks already, filled by another program."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text
from test_damaged import host_tables

from connecteam_sync.errors import UndoRefused
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.sandbox.company import LUNCH, WAREHOUSE
from connecteam_sync.store.tables.host import ClockTimesNames, HostTables
from support.keyed_host import ddl
from support.legacy_damage import moment
from support.optional_columns import COLUMNS, Values, values
from support.scenario import World

NAMES: dict[str, Any] = dict(COLUMNS)
NAMED = HostTables(clock_times=ClockTimesNames(**NAMES))
PACKED, UNKNOWN = ("Packing by hand", 30, 450), (None, None, None)


@pytest.fixture
def world(database: str) -> Iterator[World]:
    """A host's own tables without a unique key, in which the three columns are; one person, and no shift yet."""
    with Sandbox(Company(0), SandboxSettings(minute_limit=1_000_000)) as sandbox:
        host_tables(database, sorted(sandbox.company.people))
        mark = "`" if database.startswith(("mysql", "mariadb")) else '"'
        job, *minutes = COLUMNS.values()
        columns = (f"{mark}{job}{mark} VARCHAR(191)", *(f"{column} INTEGER" for column in minutes))
        ddl(database, *(f"ALTER TABLE clock_times ADD COLUMN {column}" for column in columns))
        made = World(sandbox, database, employees="match", max_deletes=10_000, tables=NAMED)
        yield made
        made.mirror.close()


def put(world: World, begin: int, end: int | None, of_shift: Values, source: str = "connecteam") -> int:
    """A row that the other program wrote, with what it knows of the job and the breaks; its id."""
    with world.mirror.store.writing() as session:
        d, times = session.dialect, {"clock_in": moment(begin), "clock_out": moment(end), "is_active": end is None}
        minutes = None if end is None else (end - begin) // 60
        row = {"employee_id": 1, **times, "total_minutes": minutes, "source": source, "note": "theirs"}
        row |= dict(zip(COLUMNS.values(), of_shift, strict=True))
        places = {f"v{number}": value for number, value in enumerate(row.values())}
        columns = ", ".join(map(d.name, row))
        session.connection.execute(
            text(f"INSERT INTO clock_times ({columns}) VALUES ({', '.join(f':{place}' for place in places)})"), places
        )
    return max(int(row["id"]) for row in world.table())


def test_doubles_go_and_come_back_with_what_the_columns_have(world: World) -> None:
    """Whichever row stays keeps its own, also what is entered by hand. Undo gives back every row as it was."""
    at = world.at(3, "06:00")
    end = at + 480 * 60
    stays = put(world, at, end, PACKED)
    put(world, at, end, ("Picking", 0, 480))
    put(world, at + 86_400, None, ("Packing by hand", None, None))
    closed = put(world, at + 86_400, end + 86_400, ("Picking", 45, 435))
    unfilled = put(world, at + 2 * 86_400, end + 2 * 86_400, UNKNOWN)
    put(world, at + 2 * 86_400, end + 2 * 86_400, PACKED)
    by_hand = put(world, at + 3 * 86_400, end + 3 * 86_400, ("Errand", 60, 420), source="manual")
    before, survey = world.table(), world.mirror.survey()
    assert (survey.groups, survey.obstacles) == (3, ())
    assert world.table() == before
    run = world.mirror.adopt()
    assert (run.exit_code, run.counts.deleted, run.counts.updated) == (0, 3, 0)
    assert values(world) == {stays: PACKED, closed: ("Picking", 45, 435), unfilled: UNKNOWN}
    assert [row for row in before if row["id"] in {stays, closed, unfilled, by_hand}] == world.table()
    [undone] = world.mirror.undo_adopt()
    assert undone.exit_code == 0
    assert world.table() == before


def test_who_takes_a_clock_out_takes_the_minutes_that_follow_from_it(world: World) -> None:
    """The row of a live shift stays open until its double closes it: with its own job, and the double's breaks. Undo
    gives back both.
    """
    shift = world.work(3, "08:00", None)
    world.sync()
    [(linked, found)] = values(world).items()
    assert found == ("Picking", None, None)
    put(world, shift.start, shift.start + 480 * 60, PACKED)
    before = world.table()
    run = world.mirror.adopt()
    assert (run.counts.updated, run.counts.deleted) == (1, 1)
    assert values(world) == {linked: ("Picking", 30, 450)}
    assert [row["total_minutes"] for row in world.table()] == [480]
    world.mirror.undo_adopt()
    assert world.table() == before


def test_a_row_that_stayed_and_was_removed_since_is_no_place_for_its_double(world: World) -> None:
    """Another program has deleted it: nobody knows whether the double would be right without it."""
    at = world.at(3, "06:00")
    stays = put(world, at, at + 480 * 60, PACKED)
    put(world, at, at + 480 * 60, PACKED)
    other = put(world, at + 86_400, at + 86_400 + 480 * 60, PACKED)
    world.mirror.adopt()
    world.execute("DELETE FROM clock_times WHERE id = :id", id=stays)
    with pytest.raises(UndoRefused, match=f"rows {stays}, whose doubles were removed, were changed or removed since"):
        world.mirror.undo_adopt()
    assert world.mirror.survey().unique_key is not None
    assert values(world) == {other: PACKED}


def test_what_is_adopted_is_corrected_by_the_next_sync(world: World) -> None:
    """The rows of shifts that Connecteam shows say what timesheets say; the others keep what they have. The take-over
    is not undone over a row that was written since.
    """
    shift = world.work(3, "08:00", "16:30")
    world.company.take_break(world.user, world.at(3, "12:00"), world.at(3, "12:30"), clock=WAREHOUSE, break_type=LUNCH)
    linked = put(world, shift.start, shift.end, ("An old name", 15, 495))
    put(world, shift.start, None, UNKNOWN)
    long_ago = put(world, shift.start - 400 * 86_400, shift.start - 400 * 86_400 + 480 * 60, PACKED)
    world.mirror.adopt()
    assert values(world) == {linked: ("An old name", 15, 495), long_ago: PACKED}
    for _ in range(2):
        world.sync()
    assert values(world) == {linked: ("Picking", 30, 480), long_ago: PACKED}
    with pytest.raises(UndoRefused, match=f"rows {linked}, whose doubles were removed, were changed or removed since"):
        world.mirror.undo_adopt()
    assert world.mirror.survey().unique_key is not None
    assert values(world) == {linked: ("Picking", 30, 480), long_ago: PACKED}

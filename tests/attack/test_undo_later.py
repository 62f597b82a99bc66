"""What later runs made of the rows and shifts of a run: its undo is refused, naming them, or gives all of it back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connecteam_sync.errors import UndoRefused
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from support.scenario import World


@pytest.fixture
def world(initialised: str) -> Iterator[World]:
    """A company without shifts, whose first person has an employee already, and its mirror."""
    with Sandbox(Company(0), SandboxSettings(minute_limit=100_000)) as sandbox:
        made = World(sandbox, initialised, employees="match")
        person = made.company.people[made.user]
        made.execute(
            "INSERT INTO employees (name, connecteam_user_id) VALUES (:name, :user)",
            name=f"{person.first_name} {person.last_name}",
            user=str(made.user),
        )
        yield made
        made.mirror.close()


def links(world: World) -> dict[str, int | None]:
    """The row of every shift."""
    return {row["id"]: row["clock_time_id"] for row in world.table("connecteam_sync_shifts")}


def hours(world: World) -> bool:
    """Whether the table says what Connecteam says."""
    return world.rows() == world.company.truth(world.window.first, world.window.last)


def test_a_shift_gets_its_row_back_after_an_undo(world: World) -> None:
    """Under its old primary key, whether the run undone was the first that saw it or brought the row back before."""
    for day in range(2, 5):
        world.work(day, "08:00", "12:00")
    run = world.sync()
    rows = links(world)
    for _ in range(2):
        before = world.table()
        undone = world.mirror.undo(run.id or 0)
        assert world.table() == []
        world.mirror.undo(undone.id or 0)
        assert (world.table(), links(world)) == (before, rows)
        world.mirror.undo((undone.id or 0) + 1)
        assert world.table() == []
        world.work(8 + len(world.company.shifts()), "08:00", "12:00")
        run = world.sync()
        assert rows.items() <= links(world).items()
        assert hours(world)
        rows = links(world)


def test_undo_of_an_undo_is_refused_where_the_shifts_have_rows_again(world: World) -> None:
    """Also where these are other rows, and where the clock-ins have moved so that both would fit next to each other."""
    shifts = [world.work(day, "08:00", "12:00") for day in range(2, 5)]
    run = world.sync()
    undone = world.mirror.undo(run.id or 0)
    world.execute("UPDATE connecteam_sync_shifts SET former_clock_time_id = NULL")
    if world.mirror.store.dialect.family == "sqlite":
        world.execute("UPDATE sqlite_sequence SET seq = 100 WHERE name = 'clock_times'")
    again = world.sync()
    made = sorted(row["id"] for row in world.table())
    for _ in range(2):
        with pytest.raises(UndoRefused, match=f"run {again.id}") as refused:
            world.mirror.undo(undone.id or 0)
        assert (refused.value.rows, refused.value.exit_code) == (tuple(made), 4)
        for shift in shifts:
            world.company.edit(shift.id, start=shift.start + 600)
        again = world.sync()
    assert hours(world)


def test_undo_is_refused_where_a_later_run_gave_the_row_to_another_shift(world: World) -> None:
    """No row changed for that. Newest first, both can be taken back."""
    shift = world.work(2, "08:00", "12:00")
    first = world.sync()
    world.company.replace_id(shift.id)
    second = world.sync()
    assert second.counts.linked == 1
    [row] = world.table()
    with pytest.raises(UndoRefused, match=f"by run {second.id}: rows {row['id']}") as refused:
        world.mirror.undo(first.id or 0)
    assert refused.value.next_step == f"undo run {second.id} first"
    assert world.table() == [row]
    world.mirror.undo(second.id or 0)
    assert world.mirror.undo(first.id or 0).counts.deleted == 1
    assert world.sync().exit_code == 0
    assert hours(world)


@pytest.mark.parametrize("source", ["connecteam", "manual"])
def test_undo_is_refused_where_another_row_has_the_clock_in(world: World, source: str) -> None:
    """One that a later run made for a new shift, which it names; or one by hand."""
    shift = world.work(2, "08:00", "12:00")
    world.work(3, "08:00", "12:00")
    world.sync()
    before = world.table()
    world.company.delete(shift.id)
    gone = world.sync()
    if source == "connecteam":
        world.work(2, "08:00", "12:30")
        by = f"run {world.sync().id}"
    else:
        by = "another program"
        world.execute(
            "INSERT INTO clock_times (employee_id, clock_in, is_active, source)"
            " SELECT employee_id, :clock_in, is_active, 'manual' FROM clock_times",
            clock_in=before[0]["clock_in"],
        )
    standing = world.table()
    with pytest.raises(UndoRefused, match=f"clock-in .* by {by}: rows {standing[-1]['id']}") as refused:
        world.mirror.undo(gone.id or 0)
    assert refused.value.rows == (standing[-1]["id"],)
    assert world.table() == standing
    world.execute("DELETE FROM clock_times WHERE id = :row", row=standing[-1]["id"])
    assert world.mirror.undo(gone.id or 0).counts.created == 1
    assert world.table() == before

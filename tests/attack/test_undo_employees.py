"""Undo and employees: those that a run made go with it unless somebody needs them, and come back with its undo."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from connecteam_sync.errors import UndoRefused
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from support.scenario import World


@pytest.fixture
def world(initialised: str) -> Iterator[World]:
    """Two people of whom no employee is known yet, and a shift of each; run 1 makes both and their rows."""
    with Sandbox(Company(0, people=3), SandboxSettings(minute_limit=10**9)) as sandbox:
        made = World(sandbox, initialised, max_deletes=99, max_users_gone_share=1.0)
        first, second, _ = sorted(made.company.people)
        made.work(2, "08:00", "12:00", user=first)
        made.work(2, "09:00", "12:00", user=second)
        assert made.sync().counts.created == 2
        yield made
        made.mirror.close()


def employees(world: World) -> list[dict[str, Any]]:
    """Every column of every employee."""
    return world.table("employees")


def mapped(world: World) -> dict[int, object]:
    """Whom each user that is known counts for, as we remember it."""
    return {row["user_id"]: row["employee_id"] for row in world.table("connecteam_sync_users")}


def test_employees_go_and_come_back_to_the_byte(world: World) -> None:
    """With the run, and with the undo of its undo: ids and names; the next run makes nobody."""
    before, rows = employees(world), world.table()
    assert len(before) == 2
    undone = world.mirror.undo(1)
    assert (employees(world), world.table()) == ([], [])
    assert set(mapped(world).values()) == {None}
    again = world.mirror.undo(undone.id or 0)
    assert (employees(world), world.table()) == (before, rows)
    assert (again.slices[0].note or "").count("made again") == 2
    assert world.sync().status == "nothing"
    assert employees(world) == before


def test_after_an_undo_they_are_made_by_the_next_run(world: World) -> None:
    """Nobody stays mapped to an employee who is gone."""
    world.mirror.undo(1)
    assert world.sync().counts.created == 2
    assert [row["connecteam_user_id"] for row in employees(world)] == [str(user) for user in sorted(mapped(world))[:2]]
    assert {row["employee_id"] for row in world.table()} == {row["id"] for row in employees(world)}


def test_who_was_edited_by_the_host_stays(world: World) -> None:
    """Their name, or whose they are: somebody works with them. The other one goes."""
    one, other = employees(world)
    world.execute("UPDATE employees SET name = 'Somebody Else' WHERE id = :id", id=one["id"])
    world.mirror.undo(1)
    assert world.table() == []
    assert employees(world) == [{**one, "name": "Somebody Else"}]
    assert mapped(world)[int(other["connecteam_user_id"])] is None


def test_who_has_a_row_of_somebody_else_stays(world: World) -> None:
    """One entered by hand, or of a later run; the rows of the run itself go."""
    one, other = employees(world)
    world.execute(
        "INSERT INTO clock_times (employee_id, clock_in, total_minutes, is_active, source)"
        " VALUES (:who, '2025-12-09 10:00:00', 60, '0', 'manual')",
        who=one["id"],
    )
    world.work(5, "08:00", "12:00", user=int(other["connecteam_user_id"]))
    assert world.sync().counts.created == 1
    world.mirror.undo(1)
    assert employees(world) == [one, other]
    assert {row["employee_id"] for row in world.table()} == {one["id"], other["id"]}
    assert len(world.table()) == 2


def test_who_was_renamed_after_connecteam_goes(world: World) -> None:
    """That a later run gave them another name is no edit of the host."""
    user, person = next(iter(sorted(world.company.people.items())))
    world.company.people[user] = replace(person, last_name="Otherwise")
    assert world.sync().exit_code == 0
    assert any("Otherwise" in row["name"] for row in employees(world))
    world.mirror.undo(1)
    assert employees(world) == []


def test_a_new_name_is_taken_back_by_the_undo_of_its_run(world: World) -> None:
    """And given again by the undo of that."""
    user, person = next(iter(sorted(world.company.people.items())))
    before = employees(world)
    world.company.people[user] = replace(person, last_name="Otherwise")
    renamed = world.sync()
    after = employees(world)
    assert before != after
    assert renamed.id is not None
    undone = world.mirror.undo(renamed.id)
    assert employees(world) == before
    world.mirror.undo(undone.id or 0)
    assert employees(world) == after


def test_an_employee_made_on_request_who_is_in_use_is_not_undone(world: World) -> None:
    """`employees create` made a person and nothing else: the runs that wrote for them are undone first."""
    user = sorted(world.company.people)[2]
    person, made = world.mirror.create_employee(user)
    assert made is not None
    world.work(3, "08:00", "12:00", user=user)
    later = world.sync()
    before = employees(world), world.table()
    with pytest.raises(UndoRefused, match=f"an employee that run {made} made has rows"):
        world.mirror.undo(made)
    assert (employees(world), world.table()) == before
    world.mirror.undo(later.id or 0)
    world.mirror.undo(made)
    assert person.employee_id not in {row["id"] for row in employees(world)}

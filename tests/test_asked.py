"""Runs know who asked for them, and how: on every database, by each way that a run comes about."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from connecteam_sync.core.run import Asked, Run, Trigger
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.store.sql.quoting import run as run_sql
from support.scenario import World
from test_command import WINDOW, Terminal, terminal

__all__ = ["terminal"]


@pytest.fixture
def world(initialised: str) -> Iterator[World]:
    """A small company."""
    with Sandbox(Company(12), SandboxSettings(minute_limit=100_000)) as sandbox:
        made = World(sandbox, initialised)
        yield made
        made.mirror.close()


def test_every_kind_of_run_knows_who_asked(world: World) -> None:
    """What the method returns, and what is on record; one after the other by different people."""
    mirror = world.mirror
    acts: list[tuple[Trigger, Callable[[], Run]]] = [
        ("person", world.sync),
        ("schedule", lambda: mirror.show(mirror.verify(world.window).run or 0)[0]),
        ("command", lambda: mirror.undo(1)),
    ]
    for number, (trigger, act) in enumerate(acts):
        mirror.store.asked = Asked(trigger, f"ana {number}")
        made = act()
        assert (made.asked_by, made.trigger) == (f"ana {number}", trigger)
        assert mirror.runs()[0].asked_by == f"ana {number}"
        assert mirror.runs()[0].trigger == trigger
    assert [run.kind for run in mirror.runs()] == ["undo", "verify", "sync"]
    mirror.store.asked = Asked()
    plain = world.sync()
    assert (plain.asked_by, plain.trigger) == (None, None)


@pytest.mark.usefixtures("few_tries")
def test_a_failed_run_knows_it_too(world: World) -> None:
    """Its receipt is all that is written."""
    world.mirror.store.asked = Asked("person", "ana")
    world.sandbox.faults.add("unavailable", path="time-activities", times=100)
    failed = world.sync()
    assert (failed.status, failed.asked_by) == ("failed", "ana")
    assert world.mirror.runs()[0].asked_by == "ana"


def test_who_asks_costs_no_statement(world: World) -> None:
    """A run with nothing to do sends as many for somebody as for nobody."""
    world.sync()
    world.sync()
    before = world.sync()
    world.mirror.store.asked = Asked("person", "x" * 300)
    after = world.sync()
    assert after.statements == before.statements
    assert world.mirror.runs()[0].asked_by == "x" * 191


def test_runs_of_before_have_nobody(world: World) -> None:
    """NULL in both columns, as a migration leaves them."""
    world.sync()
    with world.mirror.store.own_rows("taking away who asked") as connection:
        run_sql(connection, f"UPDATE {world.mirror.store.own.runs} SET asked_by = NULL, trigger_kind = NULL")
    assert (world.mirror.runs()[0].asked_by, world.mirror.runs()[0].trigger) == (None, None)


def test_a_command_notes_the_user_of_the_system(terminal: Terminal) -> None:
    """As the system knows them."""
    made = terminal("sync", *WINDOW, "--json", LOGNAME="ana").json
    assert (made["asked_by"], made["trigger"]) == ("ana", "command")
    [receipt] = terminal("runs", "--json").json["runs"]
    assert (receipt["asked_by"], receipt["trigger"]) == ("ana", "command")

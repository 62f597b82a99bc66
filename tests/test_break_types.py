"""The types of manual breaks: read where a break needs them, once a day, and never forgotten."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connecteam_sync.sandbox import Company, Sandbox, answers
from connecteam_sync.sandbox.company import LUNCH, REST, WAREHOUSE
from support.scenario import World

LISTED = {LUNCH: ("Lunch", 0, 30, 1), REST: ("Rest", 1, 10, 1)}


@pytest.fixture
def world(initialised: str) -> Iterator[World]:
    """A company without shifts, and no views: the types are read whether there are some or not."""
    with Sandbox(Company(0)) as sandbox:
        made = World(sandbox, initialised)
        yield made
        made.mirror.close()


def types(world: World) -> dict[str, tuple[object, ...]]:
    """The types of the warehouse as our table has them: name, paid, minutes, listed."""
    return {
        row["id"]: (row["name"], row["is_paid"], row["minutes"], row["is_listed"])
        for row in world.table("connecteam_sync_break_types")
        if row["time_clock_id"] == WAREHOUSE
    }


def rest(world: World, day: int, kind: str = LUNCH) -> str:
    """A break of half an hour at noon; its id."""
    at = world.at(day, "12:00")
    return world.company.take_break(world.user, at, at + 1800, clock=WAREHOUSE, break_type=kind).id


def calls(world: World) -> int:
    """The calls of a run that succeeds."""
    run = world.mirror.sync(world.window)
    assert run.exit_code == 0, run
    return run.http_calls


def test_types_are_read_where_there_is_a_break_and_never_forgotten(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once a day, one call; a type that is no longer listed stays, and so does one that only a break names."""
    world.work(2, "08:00", "16:00")
    calls(world)
    without = calls(world)
    assert types(world) == {}
    rest(world, 2)
    assert calls(world) == without + 1
    assert types(world) == LISTED
    short = rest(world, 3, REST)
    assert calls(world) == without  # known, and not a day old
    world.company.delete(short)
    monkeypatch.setattr(answers, "BREAK_TYPES", answers.BREAK_TYPES[:1])
    rest(world, 4, "deleted-type")
    assert calls(world) == without + 1
    gone = {REST: ("Rest", 1, 10, 0), "deleted-type": ("", None, None, 0)}
    assert types(world) == {LUNCH: LISTED[LUNCH], **gone}
    rest(world, 5, "deleted-type")
    assert calls(world) == without


def test_a_list_that_cannot_be_read_stops_no_shift(world: World) -> None:
    """The shift is mirrored, the receipt says why the types are missing, and the next run reads them."""
    world.work(2, "08:00", "16:00")
    rest(world, 2)
    world.sandbox.faults.add("bad_key", path="manual-breaks")
    run = world.mirror.sync(world.window)
    assert run.exit_code == 0
    assert any("types of breaks were not read" in (part.note or "") for part in run.slices)
    assert world.rows() == world.company.truth(world.window.first, world.window.last)
    assert types(world) == {}
    world.work(3, "08:00", "16:00")
    assert world.mirror.sync(world.window).exit_code == 0
    assert types(world) == LISTED


def test_a_key_that_may_not_read_the_types_is_not_tried_with_each_run(world: World) -> None:
    """A type that only a break names is remembered as such, and the list is asked for again a day later."""
    world.work(2, "08:00", "16:00")
    rest(world, 2)
    calls(world)  # whose the key is was asked the first time only
    world.execute("DELETE FROM connecteam_sync_break_types")
    world.sandbox.faults.add("scope", path="manual-breaks", times=9)
    rest(world, 3)
    without = calls(world) - 1
    assert types(world) == {LUNCH: ("", None, None, 0)}
    rest(world, 5)
    assert calls(world) == without
    world.sandbox.faults.clear()
    rest(world, 4, REST)
    assert calls(world) == without + 1
    assert types(world) == LISTED

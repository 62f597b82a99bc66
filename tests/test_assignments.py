"""Users whom an answer does not list: Connecteam is asked about them, the hold says what it said, and no row goes."""

from __future__ import annotations

import json
from collections.abc import Iterator

import msgspec
import pytest

from connecteam_sync.api.assignments import time_clocks_of
from connecteam_sync.core.run import Run
from connecteam_sync.engine.assignments import MOST
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.sandbox.company import OFFICE, WAREHOUSE
from support.scenario import World

DAY = 86_400


@pytest.fixture
def world(initialised: str) -> Iterator[World]:
    """Two people with a shift each at the warehouse, mirrored; who is taken off a time clock is not listed any more."""
    with Sandbox(Company(0)) as sandbox:
        sandbox.settings.lists_unassigned = False
        made = World(sandbox, initialised)
        made.work(2, "08:00", "12:00")
        made.work(2, "08:00", "12:00", user=max(made.company.people), clock=WAREHOUSE)
        made.sync()
        made.sync()
        yield made
        made.mirror.close()


def leave_out(world: World, clock: int = WAREHOUSE) -> None:
    """The answers of a time clock do not mention the first user, who is on it all the same."""

    def without(body: bytes) -> bytes:
        found = json.loads(body)
        people = found["data"]["timeActivitiesByUsers"]
        found["data"]["timeActivitiesByUsers"] = [one for one in people if one["userId"] != world.user]
        return json.dumps(found).encode()

    world.sandbox.faults.rewrite(without, path=f"/time-clocks/{clock}/time-activities", times=10**6)


def details(run: Run) -> list[str]:
    """The holds of people who are not listed, in words."""
    return [hold.detail for hold in run.holds if hold.reason == "user_not_listed"]


def test_a_person_who_was_taken_off_a_time_clock(world: World) -> None:
    """One call a day; the hold says so, and the hours stay."""
    before, without = world.table(), world.sync().http_calls
    world.company.unassign(world.user)
    run = world.sync()
    assert run.http_calls == without + 1
    assert ["was taken off this time clock; the hours are kept" in text for text in details(run)] == [True]
    assert world.table() == before
    with world.mirror.store.own_rows("reading") as connection:
        asked = connection.exec_driver_sql("SELECT user_id, time_clocks FROM connecteam_sync_assignments").all()
    assert asked == [(world.user, "[]")]
    for _ in range(2):
        again = world.sync()
        assert (again.http_calls, details(again)) == (without, details(run))
    world.execute("UPDATE connecteam_sync_assignments SET asked_at = asked_at - :day", day=DAY)
    assert world.sync().http_calls == without + 1
    assert not [check for check in world.mirror.doctor() if check.name == "incomplete answer"]


def test_a_person_who_is_still_on_a_time_clock_is_doubted(world: World) -> None:
    """The answer is incomplete: the hold and `doctor` say so, and nothing of that person goes on another time clock."""
    for user in (world.user, max(world.company.people)):
        world.company.people[user].clocks.add(OFFICE)
    other = world.work(4, "08:00", "12:00", clock=OFFICE)
    for day in (3, 4, 5):
        world.work(day, "08:00", "12:00", user=max(world.company.people), clock=OFFICE)
    world.sync()
    before = world.table()
    leave_out(world)
    world.company.delete(other.id)
    run = world.sync()
    assert all(f"is still on time clock {WAREHOUSE}, whose answer leaves them out" in text for text in details(run))
    assert len(details(run)) == 2
    assert world.table() == before
    [check] = [check for check in world.mirror.doctor() if check.name == "incomplete answer"]
    assert (check.state, str(WAREHOUSE) in check.detail, str(world.user) in check.detail) == ("warning", True, True)
    world.sandbox.faults.clear()
    done = world.sync()
    assert done.exit_code == 0, [one.error for one in done.slices]
    assert world.rows() == world.company.truth(world.window.first, world.window.last)
    assert not [check for check in world.mirror.doctor() if check.name == "incomplete answer"]


def test_a_key_that_may_not_ask_learns_nothing_and_asks_once_a_day(world: World) -> None:
    """The hold is as if nobody had asked."""
    without = world.sync().http_calls
    world.company.unassign(world.user)
    world.sandbox.faults.add("scope", path="/assignments", times=99)
    run = world.sync()
    assert run.http_calls == without + 1
    assert ["is no longer on this time clock" in text for text in details(run)] == [True]
    assert world.sync().http_calls == without


def test_a_run_asks_about_so_many_and_the_next_one_about_the_others(initialised: str) -> None:
    """However many were taken off a time clock at once; nobody is asked about twice a day."""
    with Sandbox(Company(0, people=MOST + 4), SandboxSettings(minute_limit=10**6)) as sandbox:
        sandbox.settings.lists_unassigned = False
        world = World(sandbox, initialised)
        for user in world.company.people:
            world.work(2, "08:00", "12:00", user=user)
        world.sync()
        without = world.sync().http_calls
        for user in list(world.company.people)[1:]:
            world.company.unassign(user)
        before, asked = world.table(), []
        for _ in range(3):
            run = world.sync()
            asked.append(run.http_calls - without)
        gone = len({hold.user_id for hold in run.holds if hold.reason == "user_not_listed"})
        assert (asked, gone > MOST) == ([MOST, gone - MOST, 0], True)
        assert world.table() == before
        world.mirror.close()


def test_an_answer_that_fails_is_tried_again_with_the_next_run(world: World) -> None:
    """It holds nothing up: the run ends with what is known."""
    world.company.unassign(world.user)
    world.sandbox.faults.add("html_200", path="/assignments")
    run = world.sync()
    assert run.exit_code == 3
    assert ["is no longer on this time clock" in text for text in details(run)] == [True]
    assert ["was taken off this time clock" in text for text in details(world.sync())] == [True]


def test_a_plan_asks_nothing_and_says_what_a_run_learned(world: World) -> None:
    """A plan writes nothing, so it could not remember that it asked."""
    world.company.unassign(world.user)
    calls = world.sandbox.calls
    plan = world.mirror.plan(world.window)
    assert ["is no longer on" in hold.detail for hold in plan.holds] == [True]
    spent = world.sandbox.calls - calls
    world.sync()
    calls = world.sandbox.calls
    plan = world.mirror.plan(world.window)
    assert ["was taken off" in hold.detail for hold in plan.holds] == [True]
    assert world.sandbox.calls - calls == spent


def test_of_the_assets_of_a_user_the_time_clocks_count() -> None:
    """Schedulers have numbers of their own; one entry that cannot be read might be any time clock."""
    assets = [msgspec.Raw(b'{"id":7,"type":"timeClock"}'), msgspec.Raw(b'{"id":9,"type":"scheduler"}')]
    assert time_clocks_of(assets) == frozenset({7})
    assert time_clocks_of([]) == frozenset()
    assert time_clocks_of([*assets, msgspec.Raw(b'{"id":"x","type":"timeClock"}')]) is None

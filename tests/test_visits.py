"""Visits of one time clock: a call each, the lists remembered, and other time clocks asked only for evidence."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from connecteam_sync.client import ConnecteamSync
from connecteam_sync.sandbox import Company, Sandbox
from connecteam_sync.sandbox.company import OFFICE, WAREHOUSE
from connecteam_sync.service.visits import error_of
from support.scenario import World


class Visited(World):
    """A company whose lists are remembered for an hour."""

    def __init__(self, sandbox: Sandbox, database: str) -> None:
        super().__init__(sandbox, database)
        settings = self.mirror.settings
        self.mirror.close()
        self.mirror = ConnecteamSync(sandbox.key, settings=settings, remember_lists=3600)

    def calls(self, clock: int = WAREHOUSE) -> tuple[str, int]:
        """The status of a visit of the eleven days, and how many calls it took."""
        before = self.sandbox.calls
        run = self.mirror.visit(clock, self.window)
        assert self.sandbox.calls - before == run.http_calls
        return run.status, run.http_calls


@pytest.fixture
def world(initialised: str) -> Iterator[Visited]:
    """Two time clocks, a shift at each, and both were visited."""
    with Sandbox(Company(0)) as sandbox:
        made = Visited(sandbox, initialised)
        made.work(2, "08:00", "16:00")
        made.work(2, "17:00", "19:00", clock=OFFICE)
        for clock in made.company.clocks:
            made.mirror.visit(clock, made.window)
        assert made.rows() == made.company.truth(made.window.first, made.window.last)
        yield made
        made.mirror.close()


def test_an_ordinary_visit_is_one_call(world: Visited) -> None:
    """Whatever comes of it: nothing, a new shift, a moved one."""
    assert world.calls() == ("nothing", 1)
    shift = world.work(3, "08:00", None)
    assert world.calls() == ("applied", 1)
    world.company.edit(shift.id, start=world.at(3, "07:30"), end=world.at(3, "15:00"))
    assert world.calls() == ("applied", 1)
    assert world.calls(OFFICE) == ("nothing", 1)
    assert world.rows() == world.company.truth(world.window.first, world.window.last)


def test_a_visit_that_shows_breaks_is_one_call_after_the_first_of_a_day(world: Visited) -> None:
    """The types of breaks of that time clock are asked for once, whatever is changed in the breaks later."""
    noon = world.at(2, "12:00")
    taken = world.company.take_break(world.user, noon, noon + 1800, clock=WAREHOUSE)
    assert world.calls()[1] == 2
    world.company.delete(taken.id)
    world.company.take_break(world.user, noon + 60, noon + 1800, clock=WAREHOUSE)
    assert world.calls()[1] == 1
    assert len(world.table("connecteam_sync_break_types")) == 2


def test_a_shift_of_somebody_new_has_the_people_fetched_once(world: Visited) -> None:
    """Once for each user and hour, so that one who is never listed costs no more than that."""
    newcomer = max(world.company.people) + 1
    world.company._hire(newcomer)
    newcomer = max(world.company.people)
    world.work(4, "08:00", "16:00", user=newcomer)
    assert world.calls() == ("applied", 2)
    hidden = world.company.people.pop(newcomer)
    world.work(5, "08:00", "16:00", user=newcomer)
    assert world.calls()[1] == 1
    world.company.people[newcomer] = hidden
    assert world.rows() == world.company.truth(world.window.first, world.window.last)


def test_before_a_row_goes_the_other_time_clocks_are_asked(world: Visited) -> None:
    """And only then, one call each."""
    gone = world.work(6, "08:00", "16:00")
    assert world.calls() == ("applied", 1)
    world.company.delete(gone.id)
    status, calls = world.calls()
    assert status == "applied"
    assert calls == 3  # its own again, when the other is in; the third was out of use before this table began
    assert world.rows() == world.company.truth(world.window.first, world.window.last)
    assert world.calls() == ("nothing", 1)


def test_a_shift_that_went_to_another_time_clock_takes_its_row_along(world: Visited) -> None:
    """It is absent where it was, and no row goes for that."""
    shift = world.work(6, "08:00", "16:00")
    world.calls()
    [before] = [row["clock_time_id"] for row in world.table("connecteam_sync_shifts") if row["id"] == shift.id]
    shift.clock_id = OFFICE
    world.calls()
    assert world.rows() == world.company.truth(world.window.first, world.window.last)
    assert before in {row["id"] for row in world.table()}


def test_where_another_time_clock_cannot_be_read_the_row_stays(world: Visited) -> None:
    """Held until it can be."""
    gone = world.work(6, "08:00", "16:00")
    world.calls()
    world.company.delete(gone.id)
    world.sandbox.faults.add("scope", path=f"/time-clocks/{OFFICE}/", times=9)
    rows = world.rows()
    world.mirror.visit(WAREHOUSE, world.window)
    assert world.rows() == rows
    assert world.reasons() == ["clock_not_looked_at"]
    world.sandbox.faults.clear()
    world.mirror.visit(WAREHOUSE, world.window)
    assert world.reasons() == []
    assert world.rows() == world.company.truth(world.window.first, world.window.last)


def test_of_several_failures_the_one_that_needs_a_person_is_the_worst(world: Visited) -> None:
    """Waiting mends the other slices, but not the one whose request is refused: its cure is the one to tell."""
    first = world.window.first
    longer = world.mirror.window(first - timedelta(days=60), first)
    world.sandbox.faults.add("scope", path=f"/time-clocks/{WAREHOUSE}/")
    world.sandbox.faults.add("truncated", path=f"/time-clocks/{WAREHOUSE}/", times=10**6)
    run = world.mirror.visit(WAREHOUSE, longer)
    assert [part.error_name for part in run.slices] == ["rejected", "bad_answer", "bad_answer"]
    worst = error_of([run])
    assert worst is not None
    assert (worst.name, "scope" in worst.message) == ("rejected", True)


def test_after_the_run_of_another_program_the_lists_are_fetched_again(world: Visited) -> None:
    """It may have written newer people, which an older list must not overwrite."""
    other = World.mirror_of(world.sandbox, world.mirror.store.url.render_as_string(hide_password=False))
    world.company.people[world.user].first_name = "Renamed"
    other.sync(world.window)
    other.close()
    assert world.calls()[1] == 3  # people and time clocks
    [name] = [row["first_name"] for row in world.table("connecteam_sync_users") if row["user_id"] == world.user]
    assert name == "Renamed"
    assert world.calls() == ("nothing", 1)


def test_commands_fetch_the_lists_with_each_run(world: Visited) -> None:
    """Nothing is remembered from one command to the next."""
    settings = world.mirror.settings
    mirror = ConnecteamSync(world.sandbox.key, settings=settings)
    calls = [mirror.sync(world.window).http_calls for _ in range(2)]
    mirror.close()
    assert calls == [2 + len(world.company.clocks)] * 2

"""Two processes visit the time clocks of one account: each remembers its lists, and neither makes the other ask."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from connecteam_sync.api.client import Connecteam
from connecteam_sync.api.wire import ActivitiesResponse
from connecteam_sync.client import ConnecteamSync
from connecteam_sync.core.window import Window
from connecteam_sync.sandbox import Company, Sandbox
from connecteam_sync.sandbox.company import OFFICE, WAREHOUSE
from support.scenario import World


class Two:
    """Clients of one account that share no memory, and a company that both have visited."""

    def __init__(self, world: World) -> None:
        self.world, self.window = world, world.window
        settings = world.mirror.settings
        self.clients = [ConnecteamSync(world.sandbox.key, settings=settings, remember_lists=3600) for _ in range(2)]

    def calls(self, which: int, clock: int = WAREHOUSE) -> int:
        """How many calls a visit by one of the two takes."""
        return self.clients[which].visit(clock, self.window).http_calls

    def command(self) -> None:
        """A command by hand: it remembers nothing, and says of no list that it went by it."""
        url = self.world.mirror.store.url.render_as_string(hide_password=False)
        with closing(World.mirror_of(self.world.sandbox, url)) as mirror:
            mirror.sync(self.window)

    def name(self) -> str:
        """The first name in the table of somebody who has worked."""
        [name] = [
            row["first_name"] for row in self.world.table("connecteam_sync_users") if row["user_id"] == self.world.user
        ]
        return str(name)

    def rename(self) -> None:
        """The same person has another name now."""
        self.world.company.people[self.world.user].first_name = "Renamed"


@pytest.fixture
def two(initialised: str) -> Iterator[Two]:
    """Two time clocks, a shift at each; both clients have their lists."""
    with Sandbox(Company(0)) as sandbox:
        world = World(sandbox, initialised)
        world.work(2, "08:00", "16:00")
        world.work(2, "17:00", "19:00", clock=OFFICE)
        made = Two(world)
        for clock in (WAREHOUSE, OFFICE, WAREHOUSE):
            for which in (0, 1):
                made.calls(which, clock)
        yield made
        for client in (*made.clients, world.mirror):
            client.close()


def test_each_visit_is_one_call_whoever_came_before(two: Two) -> None:
    """Whatever it finds."""
    assert [two.calls(which, clock) for which in (0, 1, 1, 0) for clock in (OFFICE, WAREHOUSE)] == [1] * 8
    two.world.work(3, "08:00", "16:00")
    assert [two.calls(which) for which in (0, 1, 0)] == [1, 1, 1]
    assert two.world.rows() == two.world.company.truth(two.window.first, two.window.last)


def test_newer_people_of_one_are_fetched_by_the_other_once(two: Two) -> None:
    """Then both go by the same again; an older name never comes back."""
    two.rename()
    two.clients[0].forget_time_clocks()
    two.clients[0].expect_users(frozenset(), again=True)
    assert two.calls(0) > 1
    assert two.name() == "Renamed"
    assert two.calls(1) == 2
    assert two.name() == "Renamed"
    assert [two.calls(which) for which in (0, 1, 0)] == [1, 1, 1]


def test_after_a_command_both_fetch_again(two: Two) -> None:
    """It may have had newer people, and says nothing of them. The time clocks of the second are those of the first."""
    two.rename()
    two.command()
    assert [two.calls(which) for which in (0, 1)] == [3, 2]
    assert two.name() == "Renamed"
    assert [two.calls(which) for which in (0, 1)] == [1, 1]


def test_whoever_is_overtaken_by_newer_people_fetches_them(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command comes between its look and its transaction: it asks again, and so does the other."""
    monkeypatch.setattr(Connecteam, "fetch_activities", _with_between(two.rename, two.command))
    assert two.calls(0) > 1
    assert two.calls(1) > 1
    assert two.name() == "Renamed"


def _with_between(*acts: Callable[[], None]) -> Callable[[Connecteam, int, Window], ActivitiesResponse]:
    """`Connecteam.fetch_activities`, after whose first answer all of this happens."""
    ask, left = Connecteam.fetch_activities, list(acts)

    def looking(self: Connecteam, clock: int, window: Window) -> ActivitiesResponse:
        found = ask(self, clock, window)
        now, left[:] = left[:], []
        for act in now:
            act()
        return found

    return looking

"""Two runs at once: nothing doubled, the lock respected, and an older look never overwrites a newer one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from functools import partial

import pytest

from connecteam_sync.api.client import Connecteam
from connecteam_sync.api.wire import ActivitiesResponse
from connecteam_sync.client import ConnecteamSync
from connecteam_sync.core.events import Event, SliceAgain, SliceBegan
from connecteam_sync.core.run import Run
from connecteam_sync.core.window import Window
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.sandbox.company import OFFICE, WAREHOUSE
from support.scenario import FIRST, LAST, World


@pytest.fixture
def pair(initialised: str) -> Iterator[tuple[World, World]]:
    """Two mirrors of one company into one database."""
    with Sandbox(Company(120), SandboxSettings(minute_limit=1_000_000)) as sandbox:
        first = World(sandbox, initialised, max_deletes=500, time_clocks=(WAREHOUSE,), lock_wait=20)
        second = World(sandbox, initialised, max_deletes=500, time_clocks=(WAREHOUSE,), lock_wait=1)
        yield first, second
        first.mirror.close()
        second.mirror.close()


def test_an_older_look_never_overwrites_a_newer_one(pair: tuple[World, World], monkeypatch: pytest.MonkeyPatch) -> None:
    """A looks, B looks later and writes, A comes to write: it looks again instead of taking B's correction back."""
    slow, quick = pair
    slow.sync()
    shift = next(s for s in slow.company.shifts(clock=WAREHOUSE) if s.end is not None)
    slow.company.edit(shift.id, end=(shift.end or 0) + 60)
    looked, go_on = threading.Event(), threading.Event()
    ask = Connecteam.fetch_activities
    looks = 0

    def waiting(self: Connecteam, clock: int, window: Window) -> ActivitiesResponse:
        nonlocal looks
        found = ask(self, clock, window)
        if threading.current_thread() is thread:
            looks += 1
            looked.set()
            assert go_on.wait(20)
        return found

    runs: list[Run] = []
    thread = threading.Thread(target=lambda: runs.append(slow.sync()))
    monkeypatch.setattr(Connecteam, "fetch_activities", waiting)
    thread.start()
    assert looked.wait(20)
    quick.company.edit(shift.id, end=(shift.end or 0) + 1800)
    assert quick.sync().exit_code == 0
    after = quick.everything()
    go_on.set()
    thread.join(30)
    assert runs[0].exit_code == 0
    assert looks == 2
    assert slow.everything() == after
    assert {row for row in slow.rows() if row[0] == shift.user_id} <= slow.company.truth(FIRST, LAST)


def test_runs_that_write_nothing_keep_no_other_from_its_end(pair: tuple[World, World]) -> None:
    """Whenever one comes to write, another has just found the same days as they are: both are right, and end well."""
    slow, quick = pair
    slow.sync()
    before = slow.everything()
    again: list[Event] = []

    def meanwhile(event: Event) -> None:
        if isinstance(event, SliceBegan | SliceAgain):
            assert quick.sync().status == "nothing"
        if isinstance(event, SliceAgain):
            again.append(event)

    with ConnecteamSync(slow.sandbox.key, settings=slow.mirror.settings, on_event=meanwhile) as mirror:
        run = mirror.sync(slow.window)
    assert (run.exit_code, run.status, again) == (0, "nothing", [])
    assert slow.everything() == before


@pytest.mark.parametrize("what", ["a row", "a person", "a hold", "all of them"])
def test_an_older_look_never_undoes_what_a_newer_one_left_as_it_was(
    pair: tuple[World, World], monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """A looks, all is put back in Connecteam, B finds nothing to write: A looks again and writes nothing either."""
    slow, quick = pair
    slow.sync()
    company, before = slow.company, slow.everything()
    shift = next(s for s in company.shifts(clock=WAREHOUSE) if s.end is not None)
    was, person = replace(shift), company.people[shift.user_id]
    put_back: Callable[[], object]
    if what == "a row":
        company.edit(shift.id, end=(shift.end or 0) + 60)
        put_back = partial(company.activities.update, {shift.id: was})
    elif what == "a person":
        company.people[shift.user_id] = replace(person, last_name="Otherwise")
        put_back = partial(company.people.update, {shift.user_id: person})
    elif what == "all of them":
        every = dict(company.activities)
        company.activities.clear()
        put_back = partial(company.activities.update, every)
    else:
        odd = company.add(shift.user_id, shift.start + 1, None, clock=WAREHOUSE, created_at=shift.start + 1)
        odd.spoiled = {"start": {"timestamp": "soon", "timezone": company.timezone}}
        put_back = partial(company.delete, odd.id)
    monkeypatch.setattr(Connecteam, "fetch_activities", with_others_between(put_back, lambda: quick.sync().status))
    run = slow.sync()
    assert (run.exit_code, run.status) == (0, "nothing")
    assert slow.everything() == before


def test_an_older_list_of_people_is_not_written_over_one_of_another_time_clock(
    pair: tuple[World, World], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that looked at other shifts may know newer people all the same."""
    slow, quick = pair
    office = quick.mirror_of(slow.sandbox, quick.mirror.settings.database_url, time_clocks=(OFFICE,))
    slow.sync()
    office.sync(slow.window)
    before = slow.everything()
    user, person = next(iter(slow.company.people.items()))
    slow.company.people[user] = replace(person, last_name="Otherwise")
    put_back = partial(slow.company.people.update, {user: person})
    monkeypatch.setattr(
        Connecteam, "fetch_activities", with_others_between(put_back, lambda: office.sync(slow.window).status)
    )
    assert slow.sync().status == "nothing"
    assert slow.everything() == before
    office.close()


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [((2, 2), (2, 2)), ((2, 2), (2, 5)), ((2, 2), (1, 2)), ((1, 2), (2, 5)), ((2, 5), (1, 2)), ((1, 5), (2, 2))],
)
def test_an_older_look_loses_where_the_days_share_only_one(
    pair: tuple[World, World], monkeypatch: pytest.MonkeyPatch, mine: tuple[int, int], theirs: tuple[int, int]
) -> None:
    """Windows of one day, or of several of which one is the other's too: the newer look's correction stays."""
    slow, quick = pair
    slow.sync()
    shift = slow.work(2, "08:00", "12:00")
    assert slow.sync().counts.created == 1
    slow.company.edit(shift.id, end=slow.at(2, "12:01"))

    def days(of: tuple[int, int]) -> Window:
        return slow.mirror.window(date(2025, 12, of[0]), date(2025, 12, of[1]))

    monkeypatch.setattr(
        Connecteam,
        "fetch_activities",
        with_others_between(
            partial(slow.company.edit, shift.id, end=slow.at(2, "12:30")),
            lambda: quick.sync(days(theirs)).status,
            "applied",
        ),
    )
    run = slow.sync(days(mine))
    assert (run.exit_code, run.status) == (0, "nothing")
    assert (slow.user, slow.at(2, "08:00"), slow.at(2, "12:30"), 270) in slow.rows()


def test_a_look_at_other_days_makes_nobody_look_again(
    pair: tuple[World, World], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The day before and the day after are other days: one request for activities, and the write is made."""
    slow, quick = pair
    slow.sync()
    for neighbour in (1, 3):
        shift = slow.work(2, f"{neighbour:02}:00", "12:00")
        other = quick.work(neighbour, "03:10", "04:00")
        monkeypatch.setattr(
            Connecteam,
            "fetch_activities",
            with_others_between(
                lambda: None,
                lambda day=neighbour: (
                    quick.sync(  # type: ignore[misc] # mypy knows no default of a lambda
                        quick.mirror.window(date(2025, 12, day), date(2025, 12, day))
                    ).status
                ),
                "applied",
            ),
        )
        before = len([path for path in slow.sandbox.handlers.paths if path.endswith("time-activities")])
        run = slow.sync(slow.mirror.window(date(2025, 12, 2), date(2025, 12, 2)))
        monkeypatch.undo()
        after = len([path for path in slow.sandbox.handlers.paths if path.endswith("time-activities")])
        assert (run.exit_code, run.counts.created) == (0, 1)
        assert after - before == 2
        assert {row[1] for row in slow.rows()} >= {shift.start, other.start}


@pytest.mark.parametrize(("first", "last"), [(2, 2), (1, 2), (2, 3)])
def test_a_lock_looks_again_where_one_of_its_days_was_written_meanwhile(
    pair: tuple[World, World], monkeypatch: pytest.MonkeyPatch, first: int, last: int
) -> None:
    """What is recorded of the look is of the days as they are closed."""
    slow, quick = pair
    slow.sync()
    only = slow.mirror.window(date(2025, 12, 2), date(2025, 12, 2))
    monkeypatch.setattr(
        Connecteam,
        "fetch_activities",
        with_others_between(partial(slow.work, 2, "03:00", "04:00"), lambda: quick.sync(only).status, "applied"),
    )
    closed = slow.lock(date(2025, 12, first), date(2025, 12, last))
    assert closed.verified is not None
    assert closed.verified.differences == 0
    days = (date(2025, 12, first), date(2025, 12, last))
    assert closed.verified.shifts == len(slow.company.shifts(*days, clock=WAREHOUSE))


def with_others_between(
    put_back: Callable[[], object], sync: Callable[[], str], expected: str = "nothing"
) -> Callable[[Connecteam, int, Window], ActivitiesResponse]:
    """`Connecteam.fetch_activities`: after the first response all is put back; another run ends as `expected`."""
    ask, later = Connecteam.fetch_activities, [put_back]

    def looking(self: Connecteam, clock: int, window: Window) -> ActivitiesResponse:
        found = ask(self, clock, window)
        if later:
            later.pop()()
            assert sync() == expected
        return found

    return looking


def test_a_run_that_cannot_have_the_lock_says_so(pair: tuple[World, World]) -> None:
    """Exit 6 after the wait, nothing written; readers are not in the way."""
    holder, waiter = pair
    with holder.mirror.store.writing():
        run = waiter.sync()
        assert (run.exit_code, run.id) == (6, None)
        assert waiter.table() == []
    assert waiter.sync().exit_code == 0


def test_four_runs_at_once_double_nothing(pair: tuple[World, World]) -> None:
    """All four mirror the same days: one writes, the others find it done."""
    first, _ = pair
    url = first.mirror.settings.database_url
    worlds = [World(first.sandbox, url, max_deletes=500, time_clocks=(WAREHOUSE,), lock_wait=30) for _ in range(4)]
    runs: list[Run] = []
    threads = [threading.Thread(target=lambda world=world: runs.append(world.sync())) for world in worlds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [run.exit_code for run in runs] == [0, 0, 0, 0]
    assert sum(run.counts.created for run in runs) == len(first.company.shifts(FIRST, LAST, clock=WAREHOUSE))
    assert len(first.table()) == sum(run.counts.created for run in runs)
    for world in worlds:
        world.mirror.close()

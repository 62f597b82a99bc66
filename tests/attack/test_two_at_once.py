"""Two runs at once: nothing doubled, the lock respected, and an older look never overwrites a newer one."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from connecteam_sync.api.client import Connecteam
from connecteam_sync.api.wire import ActivitiesResponse
from connecteam_sync.core.run import Run
from connecteam_sync.core.window import Window
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.sandbox.company import WAREHOUSE
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

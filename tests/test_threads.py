"""One client for each thread: clients share nothing, and one that two threads use at once is refused."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
from starlette.responses import Response

from connecteam_sync.client import ConnecteamSync
from connecteam_sync.config import Settings as Configuration
from connecteam_sync.core.events import Event, RunBegan, RunEnded, SliceBegan, Waiting
from connecteam_sync.core.progress import Progress
from connecteam_sync.core.run import Run
from connecteam_sync.errors import ClientInUse
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.sandbox.faults import NAMES
from support.scenario import FIRST, LAST, World

MANY = SandboxSettings(minute_limit=10**6, day_limit=10**6)


def mirror_of(
    sandbox: Sandbox,
    database: str,
    listener: Callable[[Event], None],
    progress: Callable[[Progress], None] | None = None,
) -> ConnecteamSync:
    """A client with tables that are made."""
    settings = Configuration(timezone=sandbox.company.timezone, database_url=database, base_url=sandbox.url)
    mirror = ConnecteamSync(sandbox.key, settings=settings, on_event=listener, on_progress=progress)
    mirror.init()
    return mirror


def alone(shifts: int, folder: Path) -> list[tuple[int, int, int]]:
    """What three runs of a company of so many shifts cost where nothing else goes on."""
    with (
        Sandbox(Company(shifts), MANY) as sandbox,
        mirror_of(sandbox, f"sqlite:///{folder}/alone{shifts}.db", lambda _: None) as mirror,
    ):
        runs = [mirror.sync(mirror.window(FIRST, LAST)) for _ in range(3)]
    return [(run.counts.total_shifts, run.statements, run.http_calls) for run in runs]


def test_two_clients_in_two_threads_do_not_disturb_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counts, costs, waits, events and progress of each are those it has alone, though their slices alternate."""
    sizes = (40, 90)
    expected = [alone(shifts, tmp_path) for shifts in sizes]
    too_many = NAMES["too_many"]

    def slow_down() -> Response:
        response = too_many()
        response.headers["retry-after"] = "1"
        return response

    monkeypatch.setitem(NAMES, "too_many", slow_down)
    both = threading.Barrier(2, timeout=30)
    seen: list[list[Event]] = [[], []]
    told: list[list[Progress]] = [[], []]
    threads_of: list[set[int]] = [set(), set()]
    runs: list[list[Run]] = [[], []]

    def listener(number: int) -> Callable[[Event], None]:
        def listen(event: Event) -> None:
            seen[number].append(event)
            threads_of[number].add(threading.get_ident())
            if isinstance(event, RunBegan | SliceBegan | RunEnded):
                both.wait()  # both are in the middle of the same thing

        return listen

    with ExitStack() as stack:
        sandboxes = [stack.enter_context(Sandbox(Company(shifts), MANY)) for shifts in sizes]
        mirrors = [
            stack.enter_context(
                mirror_of(sandbox, f"sqlite:///{tmp_path}/both{number}.db", listener(number), told[number].append)
            )
            for number, sandbox in enumerate(sandboxes)
        ]
        sandboxes[1].faults.add("too_many", path="time-activities")

        def work(number: int) -> None:
            mirror = mirrors[number]
            runs[number] += [mirror.sync(mirror.window(FIRST, LAST)) for _ in range(3)]

        threads = [threading.Thread(target=work, args=(number,)) for number in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    for number in range(2):
        costs = [(run.counts.total_shifts, run.statements, run.http_calls) for run in runs[number]]
        once_more = [(0, 0, number), (0, 0, 0), (0, 0, 0)]  # the call that was asked to slow down
        plain = [
            tuple(a - b for a, b in zip(one, extra, strict=True)) for one, extra in zip(costs, once_more, strict=True)
        ]
        assert plain == expected[number]
        ended = [event for event in seen[number] if isinstance(event, RunEnded)]
        assert [(event.counts.total_shifts, event.statements, event.http_calls) for event in ended] == costs
        assert len([event for event in seen[number] if isinstance(event, Waiting)]) == number
        assert len([one for one in told[number] if one.step.startswith("waiting")]) == number
        assert told[number][-1].shifts == sizes[number]
        assert len(threads_of[number]) == 1
    assert threads_of[0] != threads_of[1]


def test_a_client_that_another_thread_is_in_is_refused(tmp_path: Path) -> None:
    """Before anything is done, whichever method; the run of the first is not disturbed, and then it is free again."""
    inside, go_on = threading.Event(), threading.Event()
    runs: list[Run] = []

    def listen(event: Event) -> None:
        if isinstance(event, SliceBegan) and not inside.is_set():
            inside.set()
            assert go_on.wait(30)

    with Sandbox(Company(40), MANY) as sandbox:
        mirror = mirror_of(sandbox, f"sqlite:///{tmp_path}/x.db", listen)
        window = mirror.window(FIRST, LAST)
        thread = threading.Thread(target=lambda: runs.append(mirror.sync(window)))
        thread.start()
        assert inside.wait(30)
        calls, statements = sandbox.calls, mirror.statements
        for method in (
            lambda: mirror.sync(window),
            lambda: mirror.plan(window),
            mirror.runs,
            mirror.account,
            mirror.close,
            lambda: mirror.undo(1),
        ):
            with pytest.raises(ClientInUse, match="another thread") as error:
                method()
            assert (error.value.exit_code, error.value.retryable) == (6, True)
            assert "a client for each thread" in error.value.next_step
        assert (sandbox.calls, mirror.statements) == (calls, statements)
        go_on.set()
        thread.join(60)
        assert runs[0].counts.created == 40
        assert [run.id for run in mirror.runs()] == [runs[0].id]
        mirror.close()


def test_a_listener_may_ask_the_client_that_calls_it(tmp_path: Path) -> None:
    """It is in the same thread: what was committed is there."""
    numbers: list[int | None] = []

    def listen(event: Event) -> None:
        if isinstance(event, RunEnded):
            numbers.append(mirror.runs()[0].id)

    with Sandbox(Company(40), MANY) as sandbox:
        mirror = mirror_of(sandbox, f"sqlite:///{tmp_path}/x.db", listen)
        run = mirror.sync(mirror.window(FIRST, LAST))
        mirror.close()
    assert numbers == [run.id]


def test_a_client_goes_from_thread_to_thread(database: str) -> None:
    """One after the other is fine: a pool of threads may hand a client around."""
    with Sandbox(Company(40), MANY) as sandbox:
        world = World(sandbox, database)
        runs: list[Run] = []
        for _ in range(3):
            thread = threading.Thread(target=lambda: runs.append(world.sync()))
            thread.start()
            thread.join(60)
        world.mirror.close()
    assert [run.counts.total_shifts for run in runs] == [40, 40, 40]


def test_every_public_method_is_entered_by_one_thread() -> None:
    """One that is added is, too; what needs no client at all is not."""
    public = [name for name in dir(ConnecteamSync) if not name.startswith("_")]
    free = {
        "from_config",
        "save_plan",
        "save_bundle",
        "replay",
        "statements",
        "http_calls",
        "day_calls",
        "day_calls_limit",
        "archived_clocks",
        "company_id",
        "new_console_secret",
        "payroll",
        "retention",
        "settings",
        "store",
        "region",
    }
    guarded = {name for name in public if hasattr(getattr(ConnecteamSync, name), "__wrapped__")}
    assert set(public) - guarded <= free
    assert len(guarded) > 40

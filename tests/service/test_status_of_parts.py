"""What `status` and the metrics say of doorbells and of proofs, from what is on record."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from test_metrics import page

from connecteam_sync.alerts.receivers import receivers_of
from connecteam_sync.core.looks import LooksOf
from connecteam_sync.core.problems import Problem
from connecteam_sync.core.status import MirrorStatus
from connecteam_sync.core.window import PADDING_DAYS
from connecteam_sync.present.status_text import status_json
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.sandbox.company import WAREHOUSE
from connecteam_sync.service.metrics import Metrics
from connecteam_sync.service.telling import Telling
from connecteam_sync.store.service.bells import Bells
from connecteam_sync.store.service.due import Due
from connecteam_sync.store.service.looks import Looks
from support.scenario import World


@pytest.fixture
def world(initialised: str) -> Iterator[World]:
    """A mirrored company."""
    with Sandbox(Company(20), SandboxSettings(minute_limit=10**9)) as sandbox:
        made = World(sandbox, initialised)
        with closing(made.mirror):
            made.sync()
            yield made


def expected(world: World) -> None:
    """From now on doorbells are expected."""
    store = world.mirror.store
    with store.own_rows("a test") as connection:
        Bells(store.dialect, store.own).expect(connection)


def changes(world: World, *, announced: int, lost: int) -> None:
    """So many changes of a time clock, the newest of them lost."""
    now = world.mirror.store.dialect.epoch_now
    for number in range(announced + lost):
        world.execute(
            "INSERT INTO connecteam_sync_announced (change_id, time_clock_id, shift_id, kind, at, is_announced)"
            f" VALUES ({900 + number}, {WAREHOUSE}, 'shift-{number}', 'create', {now} - 60, {int(number < announced)})"
        )


def metrics(world: World) -> dict[str, float]:
    """The page."""
    return page(Metrics(world.mirror).text()[0].decode())


def problems(status: MirrorStatus) -> list[Problem]:
    """All but that no command has looked yet."""
    return [problem for problem in status.problems if problem.name != "mirror_stale"]


def test_doorbells_are_off_until_some_are_expected(world: World) -> None:
    """Then well, as long as nothing is lost."""
    assert status_json(world.mirror.status())["webhooks"] is None
    expected(world)
    assert status_json(world.mirror.status())["webhooks"] == "well"
    changes(world, announced=30, lost=1)
    status = world.mirror.status()
    assert (status_json(status)["webhooks"], problems(status)) == ("well", [])
    assert metrics(world)["connecteam_sync_doorbells_lost_ratio"] == pytest.approx(1 / 31)


@pytest.mark.parametrize(("lost", "says"), [(4, "losing"), (5, "silent")])
def test_doorbells_that_are_lost_are_a_problem(world: World, lost: int, says: str) -> None:
    """The last five changes without one: silent; else a share of them."""
    expected(world)
    changes(world, announced=30, lost=lost)
    status = world.mirror.status()
    assert status_json(status)["webhooks"] == says
    [problem] = problems(status)
    assert (problem.name, status.exit_code) == (f"webhooks_{says}", 3)
    assert problem.next_step.startswith("connecteam-sync ")


def test_the_lag_of_doorbells_is_that_of_the_last_day(world: World) -> None:
    """The median, and 95 of a hundred; none that still waits."""
    expected(world)
    now = world.mirror.store.dialect.epoch_now
    for number, (received, heard) in enumerate(((100, 88), (90, 70), (80, 50), (90_000, 10)), start=1):
        world.execute(
            "INSERT INTO connecteam_sync_doorbells (bell_key, number, state, received_at, deliveries, fitted, looks,"
            f" heard_at) VALUES ('b-{number}', {number}, 'heard', {now} - {received}, 1, 'secret', 1, {now} - {heard})"
        )
    status = world.mirror.status()
    assert status.bells is not None
    assert (status.bells.counts, status.bells.lags) == ({"heard": 4}, (20.0, 30.0))
    assert metrics(world)["doorbell_lag_seconds{quantile=0.95}"] == 30
    assert metrics(world)["doorbells_total{state=heard}"] == 4


def test_what_is_proven_is_told(world: World) -> None:
    """Nothing before the days that are to be proven were verified; a gap of days since is a problem."""
    assert world.mirror.status().proven_through is None
    today = world.mirror.today()
    world.mirror.verify(world.mirror.window(today - timedelta(days=45), today - timedelta(days=10)))
    status = world.mirror.status()
    assert status.proven_through == today - timedelta(days=10)
    ends = datetime.combine(today - timedelta(days=9), datetime.min.time(), UTC).timestamp()
    assert metrics(world)["connecteam_sync_proven_through_timestamp"] == ends
    assert [problem.name for problem in problems(status)] == ["proof_stale"]
    world.execute(
        "UPDATE connecteam_sync_proofs SET exit_code = 5 WHERE day < :day", day=str(today - timedelta(days=40))
    )
    status = world.mirror.status()
    assert (status.proven_through, [problem.name for problem in problems(status)]) == (None, ["proof_stale"])
    world.execute("UPDATE connecteam_sync_proofs SET exit_code = 0")
    world.mirror.verify(world.mirror.window(today - timedelta(days=9), today - timedelta(days=1)))
    status = world.mirror.status()
    assert (status.proven_through, problems(status)) == (today - timedelta(days=1), [])


def test_telling_goes_on_whatever_fails(world: World, tmp_path: Path) -> None:
    """A row of alerts that cannot be read: said once, and once it is gone all is as before."""
    said: list[str] = []
    settings, own = world.mirror.settings, world.mirror.store.own
    world.execute(
        f"INSERT INTO {own.alerts} (name, state, number, began_at, changed_at, is_counted, good, looks, message,"
        " next_step, told) VALUES ('held_old', 'well', 0, 0, 0, 0, 0, 0, '', '', '{')"
    )
    file = tmp_path / "metrics.prom"
    telling = Telling(settings, receivers_of(settings, {}), note=said.append, metrics_file=file, every=0.05, away=0.05)
    telling.begin()
    try:
        wait_for(lambda: bool(said))
        time.sleep(0.3)
        assert telling.is_alive
        assert said == ["nobody can be told of trouble: unforeseen error DecodeError; tried again until it works"]
        assert not file.exists()
        world.execute(f"DELETE FROM {own.alerts}")
        wait_for(file.exists)
    finally:
        telling.end()
    assert len(said) == 1


def wait_for(is_so: Callable[[], object]) -> None:
    """Some seconds at most."""
    patience = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < patience
        time.sleep(0.02)


def test_the_calls_of_the_last_day_are_the_share(world: World) -> None:
    """Where no service visits: of older runs nothing counts."""
    spent = sum(run.http_calls for run in world.mirror.runs())
    with world.mirror.store.own_rows("a look") as connection:
        looks = Looks(world.mirror.store.dialect, world.mirror.store.own)
        looks.note(connection, LooksOf(good=frozenset({WAREHOUSE})))
    assert world.mirror.status().calls_share == round(spent / 10_000, 4) > 0
    world.execute("UPDATE connecteam_sync_runs SET started_at = started_at - 86390")
    assert world.mirror.status().calls_share == round(spent / 10_000, 4)
    world.execute("UPDATE connecteam_sync_runs SET started_at = started_at - 30")
    assert world.mirror.status().calls_share == 0


def test_older_days_cost_calls_without_the_padding_of_each(initialised: str) -> None:
    """A slice of three days looks at one."""
    with Sandbox(Company(20), SandboxSettings(minute_limit=10**9)) as sandbox:
        world = World(sandbox, initialised, slice_days=2 * PADDING_DAYS + 1)
        with closing(world.mirror):
            store = world.mirror.store
            store.columns()
            with store.own_rows("a test") as connection:
                Due(store.dialect, store.own).enrol(connection, {WAREHOUSE: "Warehouse"}, cadence=300)
            pages = 1
            visits, lists, older = 288, 24 * (1 + pages), 45 + -(-47 // 7)
            assert world.mirror.status().calls_share == round((visits + lists + older) / 10_000, 4)

"""Metrics and health: at addresses and in a file, made of what is on record, and there from the start."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from test_serve import rows, served, visited, wait_for

from connecteam_sync.core.anomalies import ANOMALY_KINDS
from connecteam_sync.core.change import HOLD_REASONS
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.service.health import Health
from connecteam_sync.service.listener import Listener
from connecteam_sync.service.metrics import Metrics
from connecteam_sync.service.metrics_file import replaced
from connecteam_sync.service.web import application
from connecteam_sync.store.service.totals import totals_of
from support.scenario import World
from test_command import WINDOW, Terminal, terminal

__all__ = ["terminal"]

NAMES = {
    "mirror_age_seconds",
    "proven_through_timestamp",
    "runs",
    "run_seconds",
    "changes",
    "held",
    "held_minutes",
    "guard_refusals",
    "api_calls",
    "api_day_remaining",
    "doorbells",
    "doorbell_lag_seconds",
    "doorbells_lost_ratio",
    "due_seconds_max",
    "anomalies",
    "page_seconds",
}
"""Every metric that is promised; counters end in `_total` on the page."""


@pytest.fixture
def world(initialised: str) -> Iterator[World]:
    """A mirror of a small company."""
    with Sandbox(Company(20), SandboxSettings(minute_limit=10**6)) as sandbox:
        made = World(sandbox, initialised)
        yield made
        made.mirror.close()


def page(text: str) -> dict[str, float]:
    """Every sample, by its name and labels."""
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            found[f"{sample.name.removeprefix('connecteam_sync_')}{{{labels}}}" if labels else sample.name] = (
                sample.value
            )
    return found


def test_every_metric_is_there_from_the_start(world: World) -> None:
    """Before any run; each label that there can be, and nobody's name."""
    text = Metrics(world.mirror).text()[0].decode()
    families = {family.name for family in text_string_to_metric_families(text)}
    assert families == {f"connecteam_sync_{name}" for name in NAMES}
    found = page(text)
    assert found["connecteam_sync_mirror_age_seconds"] == float("inf")
    assert {f"held{{reason={reason}}}" for reason in HOLD_REASONS} <= found.keys()
    assert {f"anomalies{{kind={kind}}}" for kind in ANOMALY_KINDS} <= found.keys()
    assert {f"doorbells_total{{state={state}}}" for state in ("waiting", "joined", "heard")} <= found.keys()
    assert 'connecteam_sync_runs_total{kind="sync",status="failed"} 0.0' in text


@pytest.mark.parametrize("kind", ["text/plain", "application/openmetrics-text"])
def test_a_version_that_is_none_is_answered_in_the_usual_form(world: World, kind: str) -> None:
    """What an unknown monitor asks for is no failure of ours."""
    assert Metrics(world.mirror).text(f"{kind};version=newest")[1] == Metrics(world.mirror).text("")[1]


def test_counters_are_made_of_receipts_and_survive(world: World) -> None:
    """Each run counts once, by its worst slice, also when its receipt is gone; a run under way counts later."""
    world.work(3, "08:00", "16:00")
    first = world.sync()
    second = world.sync()
    found = page(Metrics(world.mirror).text()[0].decode())
    assert (found["runs_total{kind=sync,status=applied}"], found["runs_total{kind=sync,status=nothing}"]) == (1, 1)
    assert found["changes_total{kind=create}"] == first.counts.created > 0
    assert found["connecteam_sync_api_calls_total"] == first.http_calls + second.http_calls
    assert found["run_seconds_count{kind=sync}"] == 2
    with world.mirror.store.own_rows("folding") as connection:
        connection.exec_driver_sql("DELETE FROM connecteam_sync_slices WHERE run_id = 1")
        connection.exec_driver_sql("DELETE FROM connecteam_sync_runs WHERE id = 1")
        connection.exec_driver_sql("UPDATE connecteam_sync_runs SET finished_at = NULL WHERE id = 2")
    third = world.sync()
    assert totals_of(world.mirror.store).runs == {"sync applied": 1, "sync nothing": 2}
    assert third.id == 3


def test_a_run_under_way_counts_once_it_has_ended(world: World) -> None:
    """And neither do those after it, until then."""
    world.sync()
    with world.mirror.store.own_rows("beginning") as connection:
        connection.exec_driver_sql("UPDATE connecteam_sync_runs SET finished_at = NULL")
    world.sync()
    assert totals_of(world.mirror.store).run == 0
    with world.mirror.store.own_rows("ending") as connection:
        connection.exec_driver_sql("UPDATE connecteam_sync_runs SET finished_at = started_at")
    assert sum(totals_of(world.mirror.store).runs.values()) == 2


def test_a_run_that_was_killed_keeps_no_later_one_from_counting(world: World) -> None:
    """After a day it will not end any more: it counts as it is."""
    world.sync()
    with world.mirror.store.own_rows("being killed") as connection:
        connection.exec_driver_sql(
            "UPDATE connecteam_sync_runs SET finished_at = NULL, started_at = started_at - 86300"
        )
    world.sync()
    assert totals_of(world.mirror.store).run == 0
    with world.mirror.store.own_rows("waiting") as connection:
        connection.exec_driver_sql("UPDATE connecteam_sync_runs SET started_at = started_at - 200")
    totals = totals_of(world.mirror.store)
    assert (totals.run, sum(totals.runs.values())) == (2, 2)


def test_refusals_of_guards_count(world: World) -> None:
    """Once for each look that was refused."""
    for day in range(1, 9):
        world.work(day, "08:00", "16:00")
    world.sync()
    for activity in list(world.company.activities):
        world.company.delete(activity)
    refused = world.sync()
    assert totals_of(world.mirror.store).guard_refusals == refused.errors > 0


def test_two_that_add_up_at_once_count_each_run_once(world: World) -> None:
    """A scrape and a command."""
    for _ in range(3):
        world.sync()
    stores = [World.mirror_of(world.sandbox, world.mirror.settings.database_url) for _ in range(2)]
    threads = [threading.Thread(target=totals_of, args=(mirror.store,)) for mirror in stores]
    totals_of(world.mirror.store)
    world.sync()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    for mirror in stores:
        mirror.close()
    assert sum(totals_of(world.mirror.store).runs.values()) == 4


# -- the file ----------------------------------------------------------------------------------------------------------


def test_the_file_is_replaced_as_a_whole(terminal: Terminal) -> None:
    """By each command that runs the mirror, whatever becomes of the run; readable for everybody."""
    file = terminal.folder / "mirror.prom"
    for words, code in (
        (("sync", *WINDOW), 0),
        (("verify", *WINDOW), 0),
        (("resync", *WINDOW), 0),
        (("undo", "1"), 0),
    ):
        file.unlink(missing_ok=True)
        assert terminal(*words, "--metrics-file", str(file)).code == code
        assert "connecteam_sync_mirror_age_seconds" in file.read_text()
        assert file.stat().st_mode & 0o777 == 0o644
    answer = terminal("sync", *WINDOW, "--metrics-file", str(file), CONNECTEAM_SYNC_API_KEY="sandbox-no")
    assert answer.code == 1
    assert page(file.read_text())["runs_total{kind=sync,status=failed}"] == 1
    people = {person.last_name for person in terminal.sandbox.company.people.values()}
    assert not any(name in file.read_text() for name in people)
    assert [path.name for path in terminal.folder.glob(".*prom*")] == []


def test_a_file_that_can_never_be_is_refused_before_anything_runs(terminal: Terminal) -> None:
    """A folder that is not there, a folder, a device, a link to somebody else's file."""
    precious = terminal.folder / "precious"
    precious.write_text("keep me")
    link = terminal.folder / "link"
    link.symlink_to(precious)
    calls = terminal.sandbox.calls
    for place in ("/nonexistent/x.prom", str(terminal.folder), "/dev/null", str(link), ""):
        assert terminal("sync", *WINDOW, "--metrics-file", place).code == 2, place
    assert terminal.sandbox.calls == calls
    assert precious.read_text() == "keep me"


def test_a_full_disk_is_said_and_the_old_file_stays(tmp_path: Path) -> None:
    """The run is what it is."""
    file = tmp_path / "mirror.prom"
    assert replaced(file, b"old\n") == ""
    tmp_path.chmod(0o500)
    said = replaced(tmp_path / "none" / "x.prom", b"new\n")
    tmp_path.chmod(0o700)
    assert said == "the metrics were not written: No such file or directory"
    assert file.read_bytes() == b"old\n"


WITHOUT = """
import sys
sys.modules["prometheus_client"] = sys.modules["apprise"] = None
from connecteam_sync.cli.main import main
main()
"""
"""The command where the extras are not installed."""


def without_extras(terminal: Terminal, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A whole process of it."""
    return subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-c", WITHOUT, *words],
        cwd=terminal.folder,
        env=terminal.environment | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_without_the_extra_it_is_named(terminal: Terminal) -> None:
    """Exit 2 where metrics are asked for, with the words that install it; Apprise only fails to take its message."""
    for words in (("sync", *WINDOW, "--metrics-file", "x.prom"), ("serve", "--metrics-port", "0", "--port", "0")):
        answer = without_extras(terminal, *words)
        assert (answer.returncode, "connecteam-sync[service]" in answer.stderr) == (2, True)
    told = {"CONNECTEAM_SYNC_ALERTS_APPRISE_URLS": "json://127.0.0.1:1"}
    assert without_extras(terminal, "sync", *WINDOW, **told).returncode == 0
    answer = without_extras(terminal, "alerts", "test", **told)
    assert (answer.returncode, "connecteam-sync[alerts]" in answer.stderr) == (2, True)


# -- the addresses -----------------------------------------------------------------------------------------------------


def test_a_service_whose_thread_has_ended_is_not_alive(world: World) -> None:
    """What watches it starts it again."""
    threads = [True]
    health = Health(world.mirror.settings, is_alive=lambda: threads[0])
    listener = Listener(application(health.routes()), host="127.0.0.1", port=0)
    listener.start()
    with httpx.Client(trust_env=False, base_url=listener.url) as client:
        assert client.get("/livez").status_code == 200
        threads[0] = False
        answer = client.get("/livez")
        assert (answer.status_code, answer.json()["message"]) == (503, "a thread of the service has ended")
        assert client.get("/readyz").status_code == 200
    listener.stop()
    health.close()


def test_serve_answers_monitors(terminal: Terminal) -> None:
    """Alive, ready and metrics on the one listener, alive and ready on the other; 503 while the database is away."""
    said: dict[str, Any] = {}
    with served(terminal, said=said) as process, httpx.Client(trust_env=False) as client:
        metrics = str(said["metrics_url"])
        assert metrics.endswith("/metrics")
        root = metrics.removesuffix("/metrics")
        for base in (root, str(said["url"])):
            assert client.get(f"{base}/livez").text == "ok\n"
            assert client.get(f"{base}/readyz").json() == {"schema": 1, "status": "ready"}
        assert client.get(f"{said['url']}/metrics").status_code == 404
        assert client.post(f"{root}/livez").status_code == 405
        wait_for(lambda: visited(terminal))
        found = page(client.get(metrics).text)
        assert found["connecteam_sync_mirror_age_seconds"] < 60
        assert found["runs_total{kind=sync,status=nothing}"] >= 2
        open_metrics = client.get(metrics, headers={"accept": "application/openmetrics-text; version=1.0.0"})
        assert open_metrics.text.endswith("# EOF\n")
        rows(terminal, "ALTER TABLE connecteam_sync_alerts RENAME TO gone")
        wait_for(lambda: client.get(f"{root}/readyz").status_code == 503)
        assert "connecteam-sync.db" not in client.get(f"{root}/readyz").text
        assert client.get(f"{root}/livez").status_code == 200
        rows(terminal, "ALTER TABLE gone RENAME TO connecteam_sync_alerts")
        wait_for(lambda: client.get(f"{root}/readyz").status_code == 200)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0


def test_serve_writes_the_file_too(terminal: Terminal) -> None:
    """Twice a minute."""
    file = terminal.folder / "mirror.prom"
    with served(terminal, "--metrics-file", str(file)):
        wait_for(file.is_file)
        assert "connecteam_sync_runs_total" in file.read_text()

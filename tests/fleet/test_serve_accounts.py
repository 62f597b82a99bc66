"""`serve` and `worker` as processes, for several accounts: by threads, and over the real broker."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from connecteam_sync.core.fleet import Priority
from connecteam_sync.worker.app import PREFIX, QUEUES, application
from connecteam_sync.worker.app import queues as declared
from support.bell_site import body_of
from support.fleet_accounts import Fleet, announced, fleet, queues, until, virtual_host
from support.receivers import SECRET

POOLS = {"hooks.py", "telling.py"}
"""They have pools of threads, whose method has a name that Celery has, too."""
SERVE = ("serve", "--json", "--port", "0", "--metrics-port", "0")


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Fleet]:
    """Two accounts."""
    with fleet(tmp_path, "north", "south", CONNECTEAM_SYNC_WEBHOOK_SECRET=SECRET) as found:
        yield found


def right(fleet: Fleet) -> None:
    """Each account's table is what its company says."""
    for name in fleet.names:
        with fleet.mirror(name) as mirror:
            assert mirror.verify(mirror.recent()).exit_code == 0


def metrics(url: str) -> dict[str, float]:
    """The metrics by name and labels."""
    lines = httpx2.get(url, trust_env=False).text.splitlines()
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[0] != "#")}


def test_one_service_looks_after_all_accounts(two: Fleet) -> None:
    """By threads: every time clock is visited, what it says of itself is so, and it ends with 0."""
    with two.process(*SERVE, "--threads", "2") as serve:
        found = announced(serve)
        assert (found["executor"], found["hooks_url"]) == ("threads", None)
        assert [one["name"] for one in found["accounts"]] == ["north", "south"]
        until(lambda: min(two.looked("north"), two.looked("south")), two)
        assert httpx2.get(f"{found['url']}/readyz", trust_env=False).status_code == 200
        said = metrics(found["metrics_url"])
        assert said['connecteam_sync_turns_done_total{account="north"}'] >= 1
        assert said["connecteam_sync_leases_lost_total"] == 0
        assert said["connecteam_sync_accounts_put_aside"] == 0
        serve.send_signal(signal.SIGTERM)
        assert serve.wait(20) == 0, two.errors()
    right(two)


def test_a_doorbell_calls_its_own_account(two: Fleet) -> None:
    """The address says whose it is; it is looked at within seconds, and the other account is left alone."""
    with two.process(*SERVE) as serve:
        found = announced(serve)
        until(lambda: min(two.looked("north"), two.looked("south")), two)
        addresses = {one["name"]: one["hooks_url"] for one in found["accounts"]}
        assert addresses["north"] != addresses["south"]
        clock = next(iter(two.sandbox.companies[0].company.clocks))
        body = body_of(clock=clock)
        bell = httpx2.post(addresses["north"], json=body, headers={"x-webhook-secret": SECRET}, trust_env=False)
        assert bell.status_code == 204

        def heard() -> bool:
            with two.mirror("north") as mirror:
                return [one.state for one in mirror.doorbells()] == ["heard"]

        until(heard, two, seconds=20)
        with two.mirror("south") as mirror:
            assert mirror.doorbells() == ()
        wrong = httpx2.post(addresses["north"], json=body, headers={"x-webhook-secret": "no"}, trust_env=False)
        nobodys = httpx2.post(f"{found['url']}/hooks/connecteam/nobody", json=body, trust_env=False)
        assert (wrong.status_code, nobodys.status_code) == (401, 404)


def test_an_account_that_cannot_work_harms_no_other(two: Fleet) -> None:
    """Its key is gone: the other is visited, and the list of workers names what is wrong."""
    (two.folder / "north.key").unlink()
    with two.process(*SERVE) as serve:
        announced(serve)
        until(lambda: two.looked("south"), two)
        until(lambda: "north" in two.errors(), two)
    assert two.looked("north") == 0


def test_workers_take_what_serve_gives_out(two: Fleet) -> None:
    """Over the broker: quorum queues of ours and no others, workers that say what they are, an end with 0."""
    with virtual_host() as broker:
        two.environment |= {"CONNECTEAM_SYNC_EXECUTOR": "celery", "CONNECTEAM_SYNC_BROKER_URL": broker}
        with two.process(*SERVE) as serve, two.process("worker", "--json", "--concurrency", "2") as worker:
            assert announced(serve)["executor"] == "celery"
            begun = announced(worker)
            assert (begun["slots"], begun["pid"]) == (2, worker.pid)
            until(lambda: min(two.looked("north"), two.looked("south")), two)
            (listed,) = two.command("workers")["workers"]
            assert (listed["id"], listed["pid"], listed["is_alive"]) == (begun["id"], worker.pid, True)
            found = queues(broker)
            assert set(QUEUES.values()) <= found.keys()
            assert all(name.startswith(PREFIX) and kind == "quorum" for name, kind in found.items())
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(30) == 0, two.errors()
            assert two.command("workers")["workers"] == []
            serve.send_signal(signal.SIGTERM)
            assert serve.wait(20) == 0, two.errors()
        right(two)


def test_one_secret_signs_in_to_the_console_of_every_account(two: Fleet) -> None:
    """`--all-accounts` makes one, `console user secret` another one; `serve` says where the console is."""
    added = two.command("console", "user", "add", "Ana", "--role", "viewer", "--all-accounts")
    (first,) = {one["secret"] for one in added["accounts"]}
    renewed = two.command("console", "user", "secret", "Ana", "--all-accounts")
    (second,) = {one["secret"] for one in renewed["accounts"]}
    assert first != second
    with two.process("serve", "--port", "0", "--no-clock", "--no-hooks") as serve:
        assert serve.stdout is not None
        lines = [serve.stdout.readline() for _ in range(2)]
        url = lines[1].removeprefix("the console is at ").strip()
        with httpx2.Client(base_url=url, trust_env=False) as ana:
            assert ana.post("/sign-in", data={"name": "Ana", "secret": first}).status_code == 401
            assert ana.post("/sign-in", data={"name": "Ana", "secret": second}).status_code == 303
            assert [one["name"] for one in ana.get("/accounts.json").json()["accounts"]] == ["north", "south"]
            assert ana.get("/accounts/south/people").status_code == 200


def test_a_console_that_nobody_may_sign_in_to_is_not_shown_to_other_machines(two: Fleet) -> None:
    """As for one account."""
    refused = two.command("serve", "--host", "0.0.0.0", "--insecure-http", "--port", "0")  # noqa: S104 - refused
    assert (refused["exit_code"], refused["error"]) == (2, "configuration_error")
    assert refused["next_step"] == (
        "connecteam-sync console user add NAME --role admin --all-accounts, or serve --no-console"
    )


def test_a_worker_without_a_broker_says_what_to_set(two: Fleet) -> None:
    """And does nothing."""
    refused = two.command("worker")
    assert (refused["exit_code"], refused["error"]) == (2, "configuration_error")
    assert "CONNECTEAM_SYNC_EXECUTOR=celery" in refused["next_step"]


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"EXECUTOR": "processes"}, "choose one of: threads, celery"),
        ({"EXECUTOR": "celery"}, "BROKER_URL"),
        ({"EXECUTOR": "celery", "BROKER_URL": "redis://:hunter2@localhost"}, "amqp://"),
        ({"EXECUTOR": "celery", "BROKER_URL": "amqp://u:hunter2@host:0/x"}, "amqp://"),
    ],
)
def test_settings_that_cannot_be_used_are_refused_without_passwords(
    two: Fleet, environment: dict[str, str], said: str
) -> None:
    """With the name of the variable."""
    two.environment |= {f"CONNECTEAM_SYNC_{name}": value for name, value in environment.items()}
    refused = two.command("serve", "--port", "0")
    assert refused["exit_code"] == 2
    assert said in refused["next_step"]
    assert "hunter2" not in str(refused)


def test_nothing_waits_in_the_broker_for_its_time() -> None:
    """No countdown, no time of arrival, no retry: what is due, and when, is in the control database."""
    source = Path(__file__).parent.parent.parent / "src" / "connecteam_sync"
    words = ("countdown", "eta=", "apply_async", ".retry(", "beat_schedule", "crontab")
    found = [(path.name, word) for path in source.rglob("*.py") for word in words if word in path.read_text()]
    assert [one for one in found if one[1] != "apply_async" or one[0] not in POOLS] == []


def test_every_priority_has_a_queue_that_loses_nothing() -> None:
    """Durable quorum queues with a limit of deliveries; one message at a time; acknowledged when the turn is done."""
    assert [queue.name for queue in declared()] == [QUEUES[one] for one in Priority]
    for queue in declared():
        assert queue.durable
        assert queue.queue_arguments["x-queue-type"] == "quorum"
        assert queue.queue_arguments["x-delivery-limit"] == 5
        assert queue.queue_arguments["x-dead-letter-routing-key"] == f"{PREFIX}dead"
    conf = application("amqp://nobody@127.0.0.1/none").conf
    assert conf.task_acks_late
    assert conf.task_reject_on_worker_lost
    assert conf.worker_prefetch_multiplier == 1
    assert conf.broker_transport_options["confirm_publish"]
    assert not conf.worker_enable_remote_control
    assert conf.accept_content == ["json"]

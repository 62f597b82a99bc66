"""Upgrades without stopping: tables, workers and messages of another version wait, say so, and lose nothing."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from celery import Celery

from connecteam_sync.config import load_settings
from connecteam_sync.core.fleet import FleetState, Priority, Turn, Waiting, Worker
from connecteam_sync.errors import NotInitialised
from connecteam_sync.present.fleet_text import fleet_json, fleet_lines
from connecteam_sync.service.turns import TurnRunner
from connecteam_sync.store.control.database import ControlDatabase
from connecteam_sync.store.control.schema import VERSION
from connecteam_sync.store.control.turns import Turns
from connecteam_sync.store.sql.quoting import run
from connecteam_sync.worker.app import DEAD, QUEUES, TASK, application
from connecteam_sync.worker.message import understood, written
from support.fleet_accounts import Fleet, announced, dead, fleet, until, virtual_host

SERVE = ("serve", "--json", "--port", "0", "--metrics-port", "0")
TURN = Turn(account="north", slot=0, next_due=0, due_at=0, priority=2, lease_until=0, lease_token="t")


def of_version(control: ControlDatabase, version: int) -> None:
    """As a program of that version would have left the tables."""
    with control.writing("another version") as connection:
        run(connection, "DELETE FROM connecteam_fleet_version")
        run(connection, f"INSERT INTO connecteam_fleet_version (version) VALUES ({version})")


# -- tables ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def control(database: str) -> Iterator[ControlDatabase]:
    """A control database of each kind, with an account in it."""
    opened = ControlDatabase(database)
    opened.init()
    with opened.writing("enrolling") as connection:
        Turns(opened.dialect).enrol(connection, {"north": 1})
    yield opened
    opened.close()


@pytest.mark.parametrize("version", [VERSION + 1, VERSION - 1])
def test_tables_of_another_version_are_left_alone(control: ControlDatabase, version: int) -> None:
    """By whoever does not upgrade them; newer ones by everybody."""
    of_version(control, version)
    with pytest.raises(NotInitialised, match=f"tables of version {version}"):
        control.init()
    with control.writing("asking") as connection, pytest.raises(NotInitialised):
        control.require_version(connection)
    if version > VERSION:
        with pytest.raises(NotInitialised) as caught:
            control.init(upgrades=True)
        assert "upgrade connecteam-sync here" in caught.value.next_step


def test_older_tables_get_what_is_missing(control: ControlDatabase) -> None:
    """A table and a column that are new; what is there stays."""
    of_version(control, VERSION - 1)
    with control.writing("as it was") as connection:
        run(connection, "DROP TABLE connecteam_fleet_workers")
        run(connection, "ALTER TABLE connecteam_fleet_turns DROP COLUMN error")
    control.init(upgrades=True)
    control.init()
    with control.writing("looking") as connection:
        assert [turn.account for turn in Turns(control.dialect).all(connection)] == ["north"]
        assert run(connection, "SELECT count(*) FROM connecteam_fleet_workers").scalar_one() == 0


def test_a_turn_is_not_begun_from_tables_of_another_version(control: ControlDatabase) -> None:
    """It is still there for whoever knows them."""
    with control.writing("giving out") as connection:
        (turn,) = Turns(control.dialect).claim(connection, 1, seconds=60)
    of_version(control, VERSION + 1)
    runner = TurnRunner(control, load_settings, stop=threading.Event(), tell=lambda _: None, holder="old")
    with pytest.raises(NotInitialised):
        runner.run(turn.account, turn.slot, str(turn.lease_token))
    with control.writing("taking") as connection:
        token = str(turn.lease_token)
        assert Turns(control.dialect).take(connection, "north", 0, token, holder="new", seconds=60) is not None


def test_versions_that_differ_are_shown() -> None:
    """Of workers that give signs; those that are gone have none that matters."""

    def state(*versions: str, gone: str = "0.1") -> FleetState:
        workers = [
            Worker(id=name, host="h", pid=1, version=name, slots=1, began_at=0, beat_at=0, is_alive=name != gone)
            for name in (*versions, gone)
        ]
        return FleetState(workers=tuple(workers), waiting=Waiting(seconds=0, due=0, given_out=0, lost=0), turns=())

    assert "workers of several versions: 1.0, 1.1" in "\n".join(fleet_lines(state("1.1", "1.0")))
    assert fleet_json(state("1.1", "1.0"))["versions"] == ["1.0", "1.1"]
    assert "several versions" not in "\n".join(fleet_lines(state("1.1")))


def test_where_threads_do_the_turns_no_worker_is_missing() -> None:
    """It is said; what is due is said as ever, and workers that give signs all the same are listed."""
    waiting = Waiting(seconds=3, due=2, given_out=0, lost=0)
    nobody = FleetState(workers=(), waiting=waiting, turns=())
    said, due = fleet_lines(nobody, is_by_threads=True)
    assert said.startswith("there are no workers, and none is needed: threads of serve")
    assert due == "2 turns due, the longest for 3 s"
    assert fleet_lines(nobody)[0] == "no worker gives a sign"
    one = Worker(id="w", host="h", pid=1, version="1", slots=1, began_at=0, beat_at=0, is_alive=True)
    (listed,) = fleet_lines(
        FleetState(workers=(one,), waiting=Waiting(seconds=0, due=0, given_out=0, lost=0), turns=()), is_by_threads=True
    )
    assert listed.startswith("h  pid 1")


# -- messages ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"version": VERSION + 1}, f"of version {VERSION + 1}, and this worker knows {VERSION}"),
        ({"version": VERSION - 1}, f"of version {VERSION - 1}"),
        ({"version": None}, "of version None"),
        ({"colour": "red"}, "unknown field `colour`"),
        ({"slot": "0"}, "Expected `int`"),
    ],
)
def test_what_a_message_means_is_never_guessed(change: dict[str, object], why: str) -> None:
    """Another version, a member more, another type: the reason is said."""
    assert understood(written(TURN)) == understood({**written(TURN), "version": VERSION})
    found = understood({**written(TURN), **change})
    assert isinstance(found, str)
    assert why in found


# -- processes ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[Fleet, str]]:
    """One account, and a virtual host at the real broker."""
    with virtual_host() as broker, fleet(tmp_path, "north", CONNECTEAM_SYNC_EXECUTOR="celery") as found:
        found.environment["CONNECTEAM_SYNC_BROKER_URL"] = broker
        yield found, broker


def tables(site: Fleet) -> ControlDatabase:
    """The control database of its processes."""
    return ControlDatabase(f"sqlite:///{site.folder}/connecteam-sync-control.db")


def test_newer_tables_stop_what_is_older_until_they_fit(site: tuple[Fleet, str]) -> None:
    """A running dispatcher and worker say so, a worker that begins waits, and all of them go on afterwards."""
    two, broker = site
    with two.process(*SERVE) as serve, two.process("worker", "--json") as worker:
        announced(serve)
        announced(worker)
        until(lambda: two.looked("north"), two)
        of_version(tables(two), VERSION + 1)
        send(application(broker), TASK, written(TURN))
        until(lambda: "no turns are given out: the control database has tables of version" in two.errors(), two)
        until(lambda: "this worker takes no more turns until they fit" in two.errors(), two)
        until(lambda: readers(broker) == 0, two)
        until(lambda: waiting(broker) >= 1, two)  # nobody took it for done
        with two.process("worker", "--json") as late:
            until(lambda: "this worker waits until they fit" in two.errors(), two)
            looked = two.looked("north")
            assert two.command("workers")["error"] == "not_initialised"
            of_version(tables(two), VERSION)
            announced(late)
            until(lambda: two.looked("north") > looked, two)
            until(lambda: "this worker works again" in two.errors(), two)
            until(lambda: readers(broker) == 2, two)
            for process in (late, worker, serve):
                process.send_signal(signal.SIGTERM)
            assert [process.wait(30) for process in (late, worker, serve)] == [0, 0, 0], two.errors()


def test_a_worker_that_waits_ends_when_it_is_told_to(site: tuple[Fleet, str]) -> None:
    """With 0, and nothing was changed in tables that are older than it: `serve` upgrades those."""
    two, _ = site
    control = tables(two)
    control.init()
    of_version(control, VERSION - 1)
    with two.process("worker", "--json") as worker:
        until(lambda: "start connecteam-sync serve of this version" in two.errors(), two)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(20) == 0
        with control.writing("looking") as connection, pytest.raises(NotInitialised):
            control.require_version(connection)
    with two.process(*SERVE) as serve, two.process("worker", "--json") as worker:
        assert "url" in announced(serve)
        announced(worker)
        until(lambda: two.looked("north"), two)


def waiting(broker: str) -> int:
    """How many messages the queue of ordinary visits has for whoever reads it."""
    with application(broker).connection_for_read() as connection, connection.channel() as channel:
        return int(channel.queue_declare(QUEUES[Priority.CADENCE], passive=True).message_count)


def readers(broker: str) -> int:
    """How many workers read that queue."""
    with application(broker).connection_for_read() as connection, connection.channel() as channel:
        return int(channel.queue_declare(QUEUES[Priority.CADENCE], passive=True).consumer_count)


def send(app: Celery, name: str, members: dict[str, Any]) -> None:
    """A message as another program would publish it."""
    app.send_task(name, kwargs=members, queue=QUEUES[Priority.CADENCE])


def test_messages_that_nobody_can_read_are_kept_with_the_reason(site: tuple[Fleet, str]) -> None:
    """Of another version, of another kind, no JSON: the worker goes on, and the turn is given out again."""
    two, broker = site
    with two.process(*SERVE) as serve, two.process("worker", "--json") as worker:
        announced(serve)
        announced(worker)
        until(lambda: two.looked("north"), two)
        app = application(broker)
        send(app, TASK, {**written(TURN), "version": VERSION + 1})
        send(app, TASK, {**written(TURN), "version": VERSION - 1})
        send(app, "connecteam-sync.something", written(TURN))
        with app.producer_or_acquire() as producer:
            producer.publish(
                b"no JSON",
                exchange="",
                routing_key=QUEUES[Priority.CADENCE],
                content_type="application/json",
                content_encoding="utf-8",
            )
        until(lambda: len(dead(broker)) == 4, two)
        reasons = sorted(str(headers.get("reason", headers.get("task"))) for headers in dead(broker))
        assert reasons == sorted(
            [
                f"it is of version {VERSION + 1}, and this worker knows {VERSION}",
                f"it is of version {VERSION - 1}, and this worker knows {VERSION}",
                "connecteam-sync.something",
                "None",
            ]
        )
        assert f"it is in {DEAD}" in two.errors()
        looked = two.looked("north")
        until(lambda: two.looked("north") > looked, two)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(30) == 0, two.errors()

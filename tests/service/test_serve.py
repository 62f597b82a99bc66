"""`serve`: on a fresh machine with SQLite and the sandbox, and stopped in the middle of a look."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

from connecteam_sync.client import ConnecteamSync
from connecteam_sync.config import Settings
from connecteam_sync.errors import DatabaseUnavailable, LockHeld
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.service.clock import LEASE
from connecteam_sync.service.serving import Clocks, Leases
from connecteam_sync.store.service.due import Due
from connecteam_sync.store.store import Store
from support.receivers import SECRET, web_server
from test_command import Terminal, terminal
from test_tutorial import free_port

__all__ = ["terminal"]

PATIENCE = 30
DUE = "UPDATE connecteam_sync_clocks SET next_due = 0"
NO_PROOF = (
    "INSERT INTO connecteam_sync_service (name, value, at)"
    """ VALUES ('nightly_proof', '{"next_due": 4000000000}', 0)"""
)


@contextmanager
def started(terminal: Terminal, *words: str, older_days: int = 0) -> Iterator[subprocess.Popen[str]]:
    """The service as a process."""
    command = [sys.executable, "-m", "connecteam_sync", "serve", "--json", "--port", "0", "--metrics-port", "0", *words]
    more = {"CONNECTEAM_SYNC_TOTAL_SECONDS": "60", "CONNECTEAM_SYNC_OLDER_DAYS": str(older_days)}
    with subprocess.Popen(  # noqa: S603 - our own command
        command,
        cwd=terminal.folder,
        env=terminal.environment | more,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def is_there(process: subprocess.Popen[str]) -> dict[str, Any]:
    """Once it says so: its addresses."""
    assert process.stdout is not None
    first: dict[str, Any] = json.loads(process.stdout.readline())
    assert first["url"].startswith("http://127.0.0.1:")
    assert first["metrics_url"].startswith("http://127.0.0.1:")
    assert first.keys() == {"schema", "url", "hooks_url", "metrics_url", "executor", "accounts", "pid"}
    assert (first["schema"], first["pid"]) == (1, process.pid)
    return first


@contextmanager
def served(
    terminal: Terminal, *words: str, said: dict[str, Any] | None = None, older_days: int = 0
) -> Iterator[subprocess.Popen[str]]:
    """The service as a process, once it says that it is there; its addresses are put into `said`."""
    with started(terminal, *words, older_days=older_days) as process:
        first = is_there(process)
        assert (first["hooks_url"] is not None) == ("CONNECTEAM_SYNC_WEBHOOK_SECRET" in terminal.environment)
        (said if said is not None else {}).update(first)
        yield process


def ended(process: subprocess.Popen[str], number: int) -> str:
    """End it by a signal: with 0, within five seconds; what it said."""
    began = time.monotonic()
    process.send_signal(number)
    assert process.wait(PATIENCE) == 0
    assert time.monotonic() - began < 5
    assert process.stderr is not None
    return process.stderr.read()


def rows(terminal: Terminal, query: str) -> list[Any]:
    """What the database holds; nothing before it is there."""
    with closing(sqlite3.connect(terminal.folder / "connecteam-sync.db", timeout=10)) as connection, connection:
        return connection.execute(query).fetchall()


def wait_for(is_so: Callable[[], object]) -> None:
    """Give it some seconds."""
    patience = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < patience
        time.sleep(0.05)


def visited(terminal: Terminal) -> bool:
    """Whether every time clock was looked at."""
    found = rows(terminal, "SELECT successes FROM connecteam_sync_clocks")
    return bool(found) and all(successes for (successes,) in found)


def test_it_says_to_people_where_it_is_and_why_doorbells_are_off(terminal: Terminal) -> None:
    """The port of metrics that was any; a secret that is there, and not used because of an option."""
    terminal("init")
    words = ("--no-hooks", "--port", "0", "--metrics-port", "0")
    command = [sys.executable, "-m", "connecteam_sync", "serve", *words]
    environment = {**terminal.environment, "CONNECTEAM_SYNC_WEBHOOK_SECRET": "whs"}
    with subprocess.Popen(  # noqa: S603 - our own command
        command, cwd=terminal.folder, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            said = [process.stdout.readline() for _ in range(4)]
            assert said[1].startswith("the console is at http://127.0.0.1:")
            assert said[2] == "doorbells are off: --no-hooks\n"
            address = said[3].removeprefix("metrics are at ").removesuffix("metrics\n")
            assert status_of(f"{address}livez") == 200
        finally:
            process.kill()


@pytest.mark.parametrize(("number", "words"), [(signal.SIGTERM, ()), (signal.SIGINT, ("--threads", "2"))])
def test_it_needs_no_further_configuration(terminal: Terminal, number: int, words: tuple[str, ...]) -> None:
    """After `init` on SQLite: each time clock is visited, a new shift comes by itself, and it ends with 0."""
    terminal("init")
    company = terminal.sandbox.company
    with served(terminal, *words) as process:
        wait_for(lambda: visited(terminal))
        now = int(time.time())
        company.add(min(company.people), now - 3600, now, created_at=now)
        rows(terminal, DUE)
        wait_for(lambda: rows(terminal, "SELECT 1 FROM clock_times"))
        assert ended(process, number) == ""


def test_it_ends_within_five_seconds_in_the_middle_of_a_look(terminal: Terminal) -> None:
    """Connecteam does not answer: the look is given up, nothing of it is written, and it is due at once again."""
    terminal("init")
    rows(terminal, NO_PROOF)
    with served(terminal) as process:
        wait_for(lambda: visited(terminal))
        looked = rows(terminal, "SELECT * FROM clock_times")
        terminal.sandbox.faults.add("slow", path="/time-activities")
        rows(terminal, DUE)
        wait_for(lambda: "slow" in terminal.sandbox.faults.served)
        assert rows(terminal, "SELECT 1 FROM connecteam_sync_clocks WHERE lease_token IS NOT NULL")
        ended(process, signal.SIGTERM)
    assert rows(terminal, "SELECT * FROM clock_times") == looked
    assert rows(terminal, "SELECT 1 FROM connecteam_sync_clocks WHERE lease_token IS NOT NULL") == []
    assert rows(terminal, "PRAGMA integrity_check") == [("ok",)]


@pytest.mark.parametrize(("name", "older_days"), [("older_days", 92), ("nightly_proof", 0)])
def test_what_it_does_in_the_idle_part_is_given_back_too(terminal: Terminal, name: str, older_days: int) -> None:
    """Stopped while Connecteam does not answer: the next start need not wait until the lease has run out."""
    terminal("init")
    with served(terminal) as process:
        wait_for(lambda: visited(terminal))
        ended(process, signal.SIGTERM)
    rows(terminal, "DELETE FROM connecteam_sync_service")
    rows(terminal, "DELETE FROM connecteam_sync_proofs")
    terminal.sandbox.faults.add("slow", path="/time-activities")
    kept = f"SELECT value FROM connecteam_sync_service WHERE name = '{name}'"
    with served(terminal, older_days=older_days) as process:
        wait_for(lambda: "slow" in terminal.sandbox.faults.served)
        assert json.loads(rows(terminal, kept)[0][0])["lease_token"] is not None
        ended(process, signal.SIGTERM)
    left = json.loads(rows(terminal, kept)[0][0])
    assert (left["lease_token"], left["lease_until"], left["next_due"]) == (None, 0, 0)


def test_a_look_that_goes_on_keeps_its_time_clock_and_one_that_was_killed_does_not(terminal: Terminal) -> None:
    """The lease is a minute, and begins again as long as somebody looks."""
    terminal("init")
    left = "SELECT max(lease_until) - unixepoch() FROM connecteam_sync_clocks"
    terminal.sandbox.faults.add("slow", path="/time-activities")
    with served(terminal) as process:
        wait_for(lambda: "slow" in terminal.sandbox.faults.served)
        ((first,),) = rows(terminal, left)
        assert 50 < first <= LEASE == 60
        rows(terminal, "UPDATE connecteam_sync_clocks SET lease_until = unixepoch() + 5 WHERE lease_token IS NOT NULL")
        wait_for(lambda: rows(terminal, left)[0][0] > 30)
        process.kill()
        process.wait(PATIENCE)
    assert rows(terminal, left)[0][0] <= LEASE


def test_a_lease_is_renewed_for_no_longer_than_a_look_can_take(initialised: str) -> None:
    """A thread that hangs for ever keeps its time clock for a while only."""
    settings = Settings(database_url=initialised, timezone="America/Chicago", total_seconds=35)
    store = Store(initialised, settings.tables, own=settings.own)
    store.columns()
    due = Due(store.dialect, store.own)
    with store.own_rows("claiming") as connection:
        due.enrol(connection, {7: "Dock"}, cadence=300)
        held = due.claim(connection, seconds=5)
    assert held is not None
    seconds = [1000.0]
    leases = Leases(settings, lambda: [held], threading.Event(), clock=lambda: seconds[0])
    for passed, until in ((0, LEASE), (19, LEASE), (21, 5)):
        with store.own_rows("forgetting") as connection:
            assert due.extend(connection, held, seconds=5)
            before = due.of(connection, 7).lease_until
        seconds[0] = 1000 + passed
        leases.renew()
        with store.own_rows("reading") as connection:
            assert due.of(connection, 7).lease_until - before in range(until - 5, until - 2)
    leases.close()
    store.close()


def test_it_ends_within_five_seconds_with_a_doorbell_in_hand_that_cannot_be_stored(terminal: Terminal) -> None:
    """Another program keeps the database: the doorbell is answered with 503, so that it comes again."""
    terminal("init")
    terminal.environment["CONNECTEAM_SYNC_WEBHOOK_SECRET"] = "an-invented-secret"
    said: dict[str, Any] = {}
    with (
        served(terminal, said=said) as process,
        ThreadPoolExecutor(1) as ringing,
        closing(sqlite3.connect(terminal.folder / "connecteam-sync.db", timeout=30, isolation_level=None)) as other,
    ):
        wait_for(lambda: visited(terminal))
        other.execute("BEGIN IMMEDIATE")
        secret = {"x-webhook-secret": "an-invented-secret"}
        answer = ringing.submit(httpx.post, said["hooks_url"], json={}, headers=secret, timeout=30, trust_env=False)
        time.sleep(1)
        ended(process, signal.SIGTERM)
        assert (answer.result().status_code, answer.result().json()["error"]) == (503, "service_unavailable")


def test_it_tells_people_of_trouble_by_itself(terminal: Terminal) -> None:
    """A key that is refused: whoever is named is told within seconds, without a command."""
    terminal("init")
    terminal.sandbox.faults.add("bad_key", times=10**6)
    with web_server() as hook:
        terminal.environment |= {
            "CONNECTEAM_SYNC_ALERTS_WEBHOOK_URL": hook.url,
            "CONNECTEAM_SYNC_ALERTS_WEBHOOK_SECRET": SECRET,
        }
        with served(terminal) as process:
            wait_for(lambda: hook.told)
            ended(process, signal.SIGTERM)
        assert hook.told == [("key_bad", "trouble")]


def test_it_does_not_begin_where_it_could_never_look(terminal: Terminal) -> None:
    """Without tables, and without a key: 2, and what to do."""
    absent = terminal(
        "serve", "--json", "--port", "0", CONNECTEAM_SYNC_DATABASE_URL=f"sqlite:///{terminal.folder}/none.db"
    )
    assert (absent.code, absent.json["error"]) == (2, "not_initialised")
    assert terminal("serve", "--port", "0", CONNECTEAM_SYNC_API_KEY=None).code == 2


@pytest.mark.parametrize("more", [{}, {"CONNECTEAM_SYNC_WEBHOOK_SECRET": "a-secret-of-ours"}])
def test_it_waits_for_a_database_that_is_busy_when_it_starts(terminal: Terminal, more: dict[str, str]) -> None:
    """Another program has the file locked: that is told once, and the service goes on as soon as it is free.

    With doorbells its first line comes then: the address of webhooks is in the database.
    """
    terminal("init")
    terminal.environment |= {"CONNECTEAM_SYNC_LOCK_WAIT": "5", **more}
    file = terminal.folder / "connecteam-sync.db"
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with started(terminal, "--threads", "2") as process:
            assert process.stderr is not None
            assert process.stderr.readline().endswith("; tried again until it works\n")
            other.execute("ROLLBACK")
            assert (is_there(process)["hooks_url"] is not None) == bool(more)
            wait_for(lambda: visited(terminal))
            said = ended(process, signal.SIGTERM)
    assert said == "the service goes on\n"


@pytest.mark.parametrize("words", [(), ("--hooks-only",)])
def test_it_can_be_ended_while_it_waits_for_its_database(terminal: Terminal, words: tuple[str, ...]) -> None:
    """It answers meanwhile, that it lives and is not ready, and no webhook is told that it was stored."""
    terminal("init")
    port = free_port()
    terminal.environment |= {"CONNECTEAM_SYNC_LOCK_WAIT": "1", "CONNECTEAM_SYNC_WEBHOOK_SECRET": "a-secret-of-ours"}
    with closing(sqlite3.connect(terminal.folder / "connecteam-sync.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with started(terminal, "--port", str(port), *words) as process:
            assert process.stderr is not None
            assert process.stderr.readline().endswith("; tried again until it works\n")
            url = f"http://127.0.0.1:{port}"
            wait_for(lambda: status_of(f"{url}/livez") == 200)
            assert status_of(f"{url}/hooks/connecteam/any", b"{}") == 503
            time.sleep(3)  # every thread has found out
            # Once by the clocks, which was the first line; and at most once by whoever tells people of trouble.
            assert ended(process, signal.SIGTERM).count("tried again") <= 1
            assert process.stdout is not None
            assert process.stdout.read() == ""


def status_of(url: str, body: bytes | None = None) -> int | None:
    """The status of an answer; None where nobody answers."""
    with httpx.Client(trust_env=False, timeout=20) as client:
        try:
            return client.request("GET" if body is None else "POST", url, content=body).status_code
        except httpx.ConnectError:
            return None


def test_it_says_that_the_key_is_refused_and_waits_for_a_person(terminal: Terminal) -> None:
    """On stderr, once; `resume` has it try again."""
    terminal("init")
    with served(terminal) as process:
        wait_for(lambda: visited(terminal))
        terminal.sandbox.handlers.key = "sandbox-other"
        rows(terminal, DUE)
        wait_for(lambda: rows(terminal, "SELECT 1 FROM connecteam_sync_clocks WHERE state = 'refused'"))
        wait_for(lambda: not rows(terminal, "SELECT 1 FROM connecteam_sync_clocks WHERE state = 'active'"))
        terminal.sandbox.handlers.key = terminal.sandbox.key
        rows(terminal, "UPDATE connecteam_sync_clocks SET successes = 0")
        assert len(terminal("resume", "--json").json["resumed"]) == 2
        wait_for(lambda: visited(terminal))
        said = ended(process, signal.SIGTERM)
    assert said.count("no time clock is visited any more") == 1


def test_what_three_threads_find_out_is_said_once(terminal: Terminal) -> None:
    """A database that is locked while each of them wants it."""
    terminal("init")
    with served(terminal, "--threads", "3") as process:
        wait_for(lambda: visited(terminal))
        with closing(sqlite3.connect(terminal.folder / "connecteam-sync.db")) as other:
            other.execute("BEGIN EXCLUSIVE")
            time.sleep(25)
        said = ended(process, signal.SIGTERM)
    assert said.count("tried again until it works") == 1, said


@contextmanager
def three_threads(folder: Path, monkeypatch: pytest.MonkeyPatch, said: list[str]) -> Iterator[Clocks]:
    """The clocks of a service on SQLite, none of which has begun."""
    with Sandbox(Company(0), SandboxSettings(minute_limit=10**6)) as sandbox:
        monkeypatch.setenv("CONNECTEAM_SYNC_API_KEY", sandbox.key)
        database = f"sqlite:///{folder}/mirror.db"
        settings = Settings(timezone="America/Chicago", database_url=database, base_url=sandbox.url, older_days=0)
        with ConnecteamSync(sandbox.key, settings=settings) as mirror:
            mirror.init()
        clocks = Clocks(settings, threads=3, tell=said.append)
        yield clocks
        for client in clocks._clients:
            client.close()


def test_what_several_threads_hear_of_one_absence_is_said_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each in other words; the end is told once all of them work. Another trouble is told of its own."""
    said: list[str] = []
    errors = (
        DatabaseUnavailable("the server refuses"),
        DatabaseUnavailable("the server does not answer"),
        LockHeld("another session has the lock"),
    )
    with three_threads(tmp_path, monkeypatch, said) as clocks:
        for clock, error in zip(clocks._clocks, errors, strict=True):
            clock.failed(error)
        assert said == [f"{error}; tried again until it works" for error in (errors[0], errors[2])]
        for clock in clocks._clocks:
            assert len(said) == 2
            clock.turn()
        assert said[2:] == ["the service goes on"]


def test_a_silent_time_clock_is_told_of_by_one_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever visits it: what one has told the others know."""
    said: list[str] = []
    with three_threads(tmp_path, monkeypatch, said) as clocks:
        one, two, _ = clocks._clocks
        for _ in range(2):
            one.turn()
        with closing(sqlite3.connect(tmp_path / "mirror.db")) as other:
            [(first,)] = other.execute("SELECT min(time_clock_id) FROM connecteam_sync_clocks")
            other.executemany(
                "INSERT INTO connecteam_sync_announced (change_id, time_clock_id, shift_id, kind, is_announced, at)"
                " VALUES (?, ?, 'x', 'create', 0, ?)",
                [(number, first, int(time.time())) for number in range(5)],
            )
            looks: list[tuple[int]] = []
            for clock in (one, two):
                other.execute(f"{DUE} WHERE time_clock_id = {first}")
                other.commit()
                clock.turn()
                clocks._say("something else")  # what is said twice in a row is told once anyway
                looks += other.execute(f"SELECT successes FROM connecteam_sync_clocks WHERE time_clock_id = {first}")
    assert looks == [(2,), (3,)]
    assert sum(f"no doorbell announced the last changes of time clock {first}" in line for line in said) == 1


def test_pause_and_resume_name_what_they_stop(terminal: Terminal) -> None:
    """One time clock or all; a reason is needed, and one that is not visited is an error."""
    terminal("init")
    with served(terminal) as process:
        wait_for(lambda: visited(terminal))
        ended(process, signal.SIGTERM)
    clocks = sorted(clock for (clock,) in rows(terminal, "SELECT time_clock_id FROM connecteam_sync_clocks"))
    one = terminal("pause", "--clock", str(clocks[0]), "--reason", "stocktaking", "--as", "ann", "--json").json
    assert one["paused"] == clocks[:1]
    assert rows(terminal, "SELECT paused_by, paused_reason FROM connecteam_sync_clocks WHERE state = 'paused'") == [
        ("ann", "stocktaking")
    ]
    visits = {found["id"]: found["visits"] for found in terminal("clocks", "--json").json["time_clocks"]}
    assert (visits[clocks[0]]["state"], visits[clocks[0]]["paused_by"]) == ("paused", "ann")
    assert (visits[clocks[1]]["state"], visits[clocks[1]]["paused_at"]) == ("active", None)
    told = terminal("clocks").out
    assert "by ann: stocktaking; next: connecteam-sync resume" in told
    assert f"visited every {visits[clocks[1]]['cadence_seconds']:,} seconds, next at " in told
    assert terminal("pause", "--reason", "holidays", "--json").json["paused"] == clocks
    assert terminal("resume", "--clock", str(clocks[0]), "--json").json["resumed"] == clocks[:1]
    assert terminal("resume", "--json").json["resumed"] == clocks[1:]
    assert (terminal("pause", "--reason", " ").code, terminal("resume", "--clock", "7").code) == (2, 2)
    step = terminal("pause", "--clock", "7", "--reason", "x").err.splitlines()[-1]
    listed = terminal(*step.removeprefix("next: connecteam-sync ").split()[:1]).out
    assert all(str(clock) in listed for clock in clocks)

"""`serve`: on a fresh machine with SQLite and the sandbox, and stopped in the middle of a look."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest

from test_command import Terminal, terminal

__all__ = ["terminal"]

PATIENCE = 30
DUE = "UPDATE connecteam_sync_clocks SET next_due = 0"


@contextmanager
def served(terminal: Terminal, *words: str) -> Iterator[subprocess.Popen[str]]:
    """The service as a process, once it says that it is there."""
    command = [sys.executable, "-m", "connecteam_sync", "serve", "--json", *words]
    with subprocess.Popen(  # noqa: S603 - our own command
        command,
        cwd=terminal.folder,
        env=terminal.environment | {"CONNECTEAM_SYNC_TOTAL_SECONDS": "60"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            first = json.loads(process.stdout.readline())
            assert first == {"schema": 1, "url": None, "hooks_url": None, "metrics_url": None, "pid": process.pid}
            yield process
        finally:
            process.kill()


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


def test_it_does_not_begin_where_it_could_never_look(terminal: Terminal) -> None:
    """Without tables, and without a key: 2, and what to do."""
    absent = terminal("serve", "--json", CONNECTEAM_SYNC_DATABASE_URL=f"sqlite:///{terminal.folder}/none.db")
    assert (absent.code, absent.json["error"]) == (2, "not_initialised")
    assert terminal("serve", CONNECTEAM_SYNC_API_KEY=None).code == 2


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
    assert terminal("pause", "--reason", "holidays", "--json").json["paused"] == clocks
    assert terminal("resume", "--clock", str(clocks[0]), "--json").json["resumed"] == clocks[:1]
    assert terminal("resume", "--json").json["resumed"] == clocks[1:]
    assert (terminal("pause", "--reason", " ").code, terminal("resume", "--clock", "7").code) == (2, 2)

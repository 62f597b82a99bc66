"""Looks are counted and told: through the command and through the service, on every database, to real receivers."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
from test_serve import rows

from connecteam_sync.alerts.receivers import receivers_of
from connecteam_sync.alerts.telling import Teller
from connecteam_sync.core.looks import BadLook, LooksOf
from connecteam_sync.core.status import MirrorStatus
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.sandbox.company import OFFICE, WAREHOUSE
from connecteam_sync.service.looked import Counted
from connecteam_sync.store.service.due import LookError
from connecteam_sync.store.service.looks import EVERY, Looks
from support.clock_site import site_of
from support.receivers import SECRET, Hook, web_server
from support.scenario import World
from test_command import WINDOW, Terminal, terminal

__all__ = ["terminal"]

BAD = BadLook(name="bad_answer", message="no JSON")


@pytest.fixture
def hook() -> Iterator[Hook]:
    """A webhook of this machine."""
    with web_server() as made:
        yield made


@pytest.fixture
def world(initialised: str) -> Iterator[World]:
    """A mirror of a small company."""
    with Sandbox(Company(20), SandboxSettings(minute_limit=10**6)) as sandbox:
        made = World(sandbox, initialised)
        yield made
        made.mirror.close()


def teller(world: World, hook: Hook, said: list[str] | None = None, **values: Any) -> Teller:  # noqa: ANN401 - any
    """Somebody who tells the hook."""
    settings = type(world.mirror.settings)(timezone="America/Chicago", alerts_webhook_url=hook.url)
    receivers = receivers_of(settings, {"CONNECTEAM_SYNC_ALERTS_WEBHOOK_SECRET": SECRET})
    return Teller(world.mirror, receivers, note=(said if said is not None else []).append, **values)


def looks(*good: int, **bad: int) -> LooksOf:
    """A look at these time clocks; `bad` ones by any name."""
    return LooksOf(good=frozenset(good), fresh=frozenset(good), bad=dict.fromkeys(bad.values(), BAD))


# -- counting, on every database ---------------------------------------------------------------------------------------


def names(status: MirrorStatus | None) -> list[str]:
    """The problems by name."""
    assert status is not None
    return [problem.name for problem in status.problems]


def test_two_bad_looks_in_a_row_begin_trouble_and_three_good_ones_end_it(world: World, hook: Hook) -> None:
    """Per time clock: what another one does in between counts for nothing."""
    told = teller(world, hook)
    assert names(told.tell(looks(1, 2))) == []
    assert names(told.tell(looks(2, bad=1))) == []
    assert names(told.tell(looks(1, 2))) == []
    assert names(told.tell(looks(2, bad=1))) == []
    assert names(told.tell(looks(2))) == []
    assert names(told.tell(looks(2, bad=1))) == ["mirror_stale"]
    assert [names(told.tell(looks(1, 2))) for _ in range(2)] == [["mirror_stale"]] * 2
    assert names(told.tell(looks(2, bad=1))) == ["mirror_stale"]
    assert [names(told.tell(looks(1, 2))) for _ in range(3)] == [["mirror_stale"], ["mirror_stale"], []]
    assert hook.told == [("mirror_stale", "trouble"), ("mirror_stale", "well")]
    assert hook.forged == 0


def test_a_failure_of_all_concerns_each_time_clock(world: World, hook: Hook) -> None:
    """Also where none is known yet; what is known no more is forgotten with the next look at all of them."""
    told = teller(world, hook)
    for _ in range(2):
        status = told.tell(LooksOf(failed=BAD))
    assert names(status) == ["mirror_stale"]
    assert status is not None
    assert "every time clock" in status.problems[0].message
    for _ in range(3):
        status = told.tell(looks(1, 2))
    assert names(status) == []
    with world.mirror.store.connection() as connection:
        known = connection.exec_driver_sql("SELECT time_clock_id FROM connecteam_sync_looks ORDER BY 1").scalars().all()
    assert known == [1, 2]
    assert EVERY not in known
    told.tell(LooksOf(good=frozenset({2}), is_every=True))
    assert world.mirror.status().clocks == 1
    told.tell(LooksOf(failed=BAD, is_every=True))
    assert world.mirror.status().clocks == 1


def test_a_status_costs_the_same_statements_whatever_there_is(world: World, hook: Hook) -> None:
    """Thirty time clocks and holds, or none."""
    told = teller(world, hook)

    def cost() -> int:
        before = world.mirror.statements
        world.mirror.status()
        return world.mirror.statements - before

    world.mirror.status()
    empty = cost()
    told.tell(looks(*range(1, 31)))
    world.sync()
    assert cost() == empty
    assert empty <= 16


def test_status_and_what_it_is_made_of(world: World, hook: Hook) -> None:
    """Holds, calls and the age, after real runs; Connecteam is not asked."""
    world.mirror.settings = type(world.mirror.settings)(
        timezone="America/Chicago",
        database_url=world.mirror.settings.database_url,
        base_url=world.sandbox.url,
        employees="match",
    )
    told = teller(world, hook)
    from connecteam_sync.core.looks import looks_of  # noqa: PLC0415 - next to what it is about

    run = world.mirror.sync(world.window)
    archived = world.mirror.archived_clocks
    assert len(archived) == 1  # it is looked at on days that are named, and nobody expects it
    told.tell(looks_of([run], today=world.mirror.today(), is_every=True, without=archived))
    calls = world.sandbox.calls
    found = world.mirror.status()
    assert world.sandbox.calls == calls
    held = [hold for hold in world.mirror.holds() if hold.acknowledged is None]
    assert found.held == len(held)
    assert found.held_minutes == sum(hold.hold.minutes for hold in held)
    assert (found.calls_left is not None, found.clocks, found.day_calls) == (True, 2, 10_000)
    assert found.mirror_age_seconds is not None
    assert found.mirror_age_seconds < 60
    if held:
        assert found.state == "needs_a_person"
        world.mirror.acknowledge_holds([hold.id for hold in held], by="ann", reason="known")
        assert world.mirror.status().held == 0


def test_two_processes_do_not_tell_twice(world: World, hook: Hook) -> None:
    """The second finds the message claimed, or sent."""
    one, two = teller(world, hook), teller(world, hook)
    one.tell(looks(bad=1))
    one.tell(looks(bad=1))
    two.tell()
    two.tell(looks(bad=1))
    assert hook.told == [("mirror_stale", "trouble")]
    assert len(set(hook.ids)) == 1


def test_a_receiver_that_fails_is_tried_again(world: World, hook: Hook) -> None:
    """Not at once; under the same id; and what was said holds no secret."""
    said: list[str] = []
    ahead = [0]
    told = teller(world, hook, said, ahead=lambda: ahead[0])
    hook.answer = 500
    for _ in range(2):
        told.tell(looks(bad=1))
    told.tell()
    assert said == ["alert mirror_stale was not taken by webhook: the receiver answered 500"]
    hook.answer, ahead[0] = 200, 31
    told.tell()
    told.tell()
    assert hook.told == [("mirror_stale", "trouble")]
    assert [alert.failed for alert in world.mirror.alerts()] == [{}]


def test_the_service_counts_each_visit_once(initialised: str) -> None:
    """In the transaction in which the clock notes it; a refused key is trouble at the first look, ends after three."""
    with site_of(initialised, cadence_seconds=300) as site, web_server() as hook:
        settings = type(site.settings)(timezone="America/Chicago", alerts_webhook_url=hook.url)
        receivers = receivers_of(settings, {"CONNECTEAM_SYNC_ALERTS_WEBHOOK_SECRET": SECRET})
        told = Teller(site.mirror, receivers, ahead=site.ahead)
        site.live(700)
        assert names(told.tell()) == []
        site.sandbox.handlers.key = "sandbox-other"
        site.live(3600)
        for _ in range(3):
            assert names(told.tell())[0] == "key_bad"
        site.sandbox.handlers.key = site.sandbox.key
        site.mirror.resume_visits()
        site.live(310)
        assert names(told.tell()) == ["key_bad"]
        site.live(700)
        assert names(told.tell()) == []
        assert [name for name, _ in hook.told if name == "key_bad"] == ["key_bad", "key_bad"]
        assert hook.told.count(("key_bad", "trouble")) == 1
        assert {one.time_clock_id for one in site.rows().values()} == {WAREHOUSE, OFFICE}
        site.mirror.pause_visits(OFFICE, by="ann", reason="stocktaking")
        assert site.mirror.status(anomalies=False).paused == 1


def test_only_clocks_that_are_visited_are_kept(world: World) -> None:
    """What the service mirrors no longer is no mirror that could be stale."""
    counted = Counted(world.mirror, ahead=0)
    every = Looks(world.mirror.store.dialect, world.mirror.store.own)
    with world.mirror.store.own_rows("counting") as connection:
        every.note(connection, looks(1, 2, 3))
        counted.mirrored(connection, [1, 3])
    assert world.mirror.status(anomalies=False).clocks == 2


def test_a_visit_that_failed_counts_and_one_that_stops_all_is_enough(world: World) -> None:
    """Two of the first kind in a row are trouble, one of the second is."""
    counted = Counted(world.mirror, ahead=0)
    error = LookError(name="bad_answer", message="no JSON")
    for failures, expected in ((1, []), (2, ["mirror_stale"])):
        with world.mirror.store.own_rows("counting") as connection:
            counted.visit(connection, 7, error)
        status = world.mirror.status(anomalies=False)
        assert (failures, names(status)) == (failures, expected)
    for _ in range(3):
        with world.mirror.store.own_rows("counting") as connection:
            counted.visit(connection, 7, None)
    assert names(world.mirror.status(anomalies=False)) == []
    with world.mirror.store.own_rows("counting") as connection:
        counted.failed(connection, LookError(name="rejected", message="Invalid API key"), stops=True)
    assert names(world.mirror.status(anomalies=False)) == ["key_bad"]


# -- the command -------------------------------------------------------------------------------------------------------


def test_a_monitor_sees_a_refused_key_begin_and_end(terminal: Terminal, hook: Hook) -> None:
    """Each `sync` is a look: told once each way, and the exit codes of `sync` are what they are."""
    told = {"CONNECTEAM_SYNC_ALERTS_WEBHOOK_URL": hook.url, "CONNECTEAM_SYNC_ALERTS_WEBHOOK_SECRET": SECRET}

    def state() -> tuple[str, list[str], int]:
        answer = terminal("status", "--json", **told)
        problems = [problem["name"] for problem in answer.json["problems"]]
        assert answer.code == answer.json["exit_code"]
        return answer.json["state"], problems, answer.code

    assert state() == ("needs_a_person", ["mirror_stale"], 3)
    assert terminal("sync", *WINDOW, **told).code == 0
    assert state() == ("well", [], 0)
    for expected in (("well", [], 0), ("not_well", ["key_bad"], 1), ("not_well", ["key_bad"], 1)):
        assert terminal("sync", *WINDOW, **told, CONNECTEAM_SYNC_API_KEY="sandbox-no").code == 1
        assert state() == expected
    for expected in (("not_well", ["key_bad"], 1), ("not_well", ["key_bad"], 1), ("well", [], 0)):
        assert terminal("sync", *WINDOW, **told).code == 0
        assert state() == expected
    assert hook.told == [("key_bad", "trouble"), ("key_bad", "well")]
    alerts = terminal("alerts", "--json", **told).json
    assert alerts["receivers"] == ["webhook"]
    assert [(one["name"], one["state"]) for one in alerts["alerts"]] == [("key_bad", "well")]
    screen = terminal("alerts", **told).out
    assert "key_bad is over since" in screen
    assert SECRET not in screen


def test_the_screen_of_status(terminal: Terminal) -> None:
    """What it is made of, and the cure of each problem."""
    terminal("sync", *WINDOW)
    screen = terminal("status").out
    assert "set CONNECTEAM_SYNC_WEBHOOK_SECRET" in screen
    told = terminal("status", CONNECTEAM_SYNC_WEBHOOK_SECRET="whs").out
    assert "webhooks register --url" in told
    assert "set CONNECTEAM_SYNC_WEBHOOK_SECRET" not in told
    step = next(line for line in screen.splitlines() if line.startswith("  proof  "))
    assert terminal(*step.split("connecteam-sync ")[1].removesuffix(" at once").split()).code == 0
    assert "  proof       every day through" in terminal("status").out
    for word in ("well, 20", "looked at   ", "held  ", "refused     nothing", "proof  ", "doorbells", "calls", "0.2.0"):
        assert word in screen
    for _ in range(2):
        terminal("sync", *WINDOW, CONNECTEAM_SYNC_API_KEY="sandbox-no")
    screen = terminal("status").out
    assert screen.startswith("NOT WELL, 20")
    assert "key_bad since" in screen
    assert "means: nothing new reaches the table" in screen
    assert "next:  set CONNECTEAM_SYNC_API_KEY" in screen


def test_a_guard_that_stops_a_look_is_named(terminal: Terminal) -> None:
    """Refused twice: `guard_refused`, without the people it is about."""
    assert terminal("sync", *WINDOW).code == 0
    for activity in list(terminal.sandbox.company.activities):
        terminal.sandbox.company.delete(activity)
    for _ in range(2):
        assert terminal("sync", *WINDOW).code == 4
    found = terminal("status", "--json")
    assert found.code == 1
    assert "guard_refused" in [problem["name"] for problem in found.json["problems"]]
    assert found.json["refused"] > 0
    people = [person.last_name for person in terminal.sandbox.company.people.values()]
    assert not any(name in found.out for name in people)


def test_a_command_is_run_at_both_edges(terminal: Terminal) -> None:
    """`--on-trouble`: words in the environment, JSON on stdin, none of our secrets; a wrong one is refused first."""
    script = terminal.folder / "told.py"
    script.write_text(
        "import json, os, sys\n"
        "from pathlib import Path\n"
        "keys = [name for name in os.environ if name.startswith('CONNECTEAM_SYNC_')]\n"
        "line = [os.environ['ALERT_NAME'], os.environ['ALERT_STATE'], json.load(sys.stdin)['type'], keys]\n"
        "with Path('told.txt').open('a') as file: print(json.dumps(line), file=file)\n"
    )
    command = f"{sys.executable} {script}"
    for key in ("sandbox-no", "sandbox-no", *[terminal.sandbox.key] * 3):
        terminal("sync", *WINDOW, "--on-trouble", command, CONNECTEAM_SYNC_API_KEY=key)
    lines = [json.loads(line) for line in (terminal.folder / "told.txt").read_text().splitlines()]
    assert lines == [
        ["key_bad", "trouble", "connecteam_sync.trouble", []],
        ["key_bad", "well", "connecteam_sync.well", []],
    ]
    calls = terminal.sandbox.calls
    for wrong in ("", "  ", "'unclosed"):
        assert terminal("sync", *WINDOW, "--on-trouble", wrong).code == 2
    assert terminal.sandbox.calls == calls


@pytest.mark.parametrize("trouble", ["refuses", "hangs", "nobody", "no_tls", "command", "ping"])
def test_a_broken_receiver_changes_nothing(terminal: Terminal, hook: Hook, trouble: str) -> None:
    """The exit code is that of the look, the rows are written, it is said, and it takes ten seconds at most."""
    told = {"CONNECTEAM_SYNC_ALERTS_WEBHOOK_URL": hook.url, "CONNECTEAM_SYNC_ALERTS_WEBHOOK_SECRET": SECRET}
    words: tuple[str, ...] = ()
    hook.answer, hook.seconds = (503, 0.0) if trouble == "refuses" else (204, 30.0 if trouble == "hangs" else 0.0)
    if trouble == "nobody":
        told["CONNECTEAM_SYNC_ALERTS_WEBHOOK_URL"] = "http://127.0.0.1:1/"
    if trouble == "no_tls":
        told["CONNECTEAM_SYNC_ALERTS_WEBHOOK_URL"] = hook.url.replace("http", "https")
    if trouble == "command":
        words = ("--on-trouble", "/nonexistent/program")
    if trouble == "ping":
        told["CONNECTEAM_SYNC_ALERTS_PING_URL"] = "http://127.0.0.1:1/uuid-of-mine"
    terminal("sync", *WINDOW, CONNECTEAM_SYNC_API_KEY="sandbox-no")
    began = time.monotonic()
    answer = terminal("sync", *WINDOW, "--json", *words, **told, CONNECTEAM_SYNC_API_KEY="sandbox-no")
    assert time.monotonic() - began < 14
    assert (answer.code, answer.json["status"]) == (1, "failed")
    for _ in range(3):
        pinged = terminal("sync", *WINDOW, **told)
        assert pinged.code == 0
    answer = pinged if trouble == "ping" else answer
    assert "not taken" in answer.err
    assert "uuid-of-mine" not in answer.err


def test_the_ping_comes_with_good_looks_only(terminal: Terminal, hook: Hook) -> None:
    """Silence is what a dead-man's switch hears."""
    ping = {"CONNECTEAM_SYNC_ALERTS_PING_URL": hook.url.replace("/hook", "/ping/uuid")}
    terminal("sync", *WINDOW, **ping)
    assert hook.pings == ["/ping/uuid"]
    for _ in range(2):
        terminal("sync", *WINDOW, **ping, CONNECTEAM_SYNC_API_KEY="sandbox-no")
    assert len(hook.pings) == 1
    for _ in range(3):
        terminal("sync", *WINDOW, **ping)
    assert len(hook.pings) == 2


def test_a_database_that_is_away_is_counted_in_a_folder(terminal: Terminal, hook: Hook) -> None:
    """Told with the second failure, once; when it is back, its end after three good looks."""
    told = {
        "CONNECTEAM_SYNC_ALERTS_WEBHOOK_URL": hook.url,
        "CONNECTEAM_SYNC_ALERTS_WEBHOOK_SECRET": SECRET,
        "CONNECTEAM_SYNC_STATE_DIR": str(terminal.folder / "state"),
    }
    terminal("sync", *WINDOW, **told)
    file = terminal.folder / "connecteam-sync.db"
    away = file.rename(terminal.folder / "away.db")
    file.mkdir()
    for count in (0, 1, 1):
        assert terminal("sync", *WINDOW, **told).code == 1
        assert len(hook.bodies) == count
    status = terminal("status", "--json", **told)
    assert (status.code, status.json["state"]) == (1, "not_well")
    file.rmdir()
    away.rename(file)
    for count in (1, 1, 2):
        assert terminal("sync", *WINDOW, **told).code == 0
        assert len(hook.bodies) == count
    assert hook.told == [("mirror_stale", "trouble"), ("mirror_stale", "well")]
    assert list((terminal.folder / "state").glob("looks-*")) == []


def test_where_nothing_can_be_kept_the_first_failure_is_told(terminal: Terminal, hook: Hook) -> None:
    """Nobody would know of it at the second one."""
    told = {"CONNECTEAM_SYNC_ALERTS_WEBHOOK_URL": hook.url, "CONNECTEAM_SYNC_ALERTS_WEBHOOK_SECRET": SECRET}
    (terminal.folder / "a-file").touch()
    told["CONNECTEAM_SYNC_STATE_DIR"] = str(terminal.folder / "a-file" / "state")
    missing = "mysql+pymysql://root@127.0.0.1:1/none"
    assert terminal("sync", *WINDOW, **told, CONNECTEAM_SYNC_DATABASE_URL=missing).code == 1
    assert hook.told == [("mirror_stale", "trouble")]


def test_a_time_clock_that_is_mirrored_no_longer_is_forgotten_with_the_next_sync(terminal: Terminal) -> None:
    """Else it would be stale for ever; a look that failed forgets nobody."""
    terminal("sync", *WINDOW)
    first = "(SELECT MIN(time_clock_id) FROM connecteam_sync_looks)"
    rows(terminal, f"UPDATE connecteam_sync_looks SET time_clock_id = 77 WHERE time_clock_id = {first}")
    gone = "SELECT 1 FROM connecteam_sync_looks WHERE time_clock_id = 77"
    terminal("sync", *WINDOW, CONNECTEAM_SYNC_API_KEY="sandbox-no")
    assert rows(terminal, gone)
    terminal("sync", *WINDOW)
    assert rows(terminal, gone) == []

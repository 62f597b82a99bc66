"""`webhooks` and `doorbells`: registered in the sandbox, delivered by it over real HTTP, heard by `serve`."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import pytest

from connecteam_sync.client_bells import webhook_secrets, webhook_token
from connecteam_sync.core.bells import SHIFT_EVENTS, USER_EVENTS
from connecteam_sync.core.webhooks import Webhook, address, is_ours, registering
from connecteam_sync.errors import ConfigurationError
from test_command import Terminal, terminal

__all__ = ["terminal"]

SECRET = "a-secret-that-nobody-guesses"
ROOT = "https://hours.example.com"
PATIENCE = 45


@pytest.fixture
def told(terminal: Terminal) -> Terminal:
    """A terminal with a secret, looks that follow after a second, and a sandbox that is quick with its retries."""
    terminal.environment |= {
        "CONNECTEAM_SYNC_WEBHOOK_SECRET": SECRET,
        "CONNECTEAM_SYNC_SETTLE_SECONDS": "1",
        "CONNECTEAM_SYNC_RECHECK_SECONDS": "2",
        "CONNECTEAM_SYNC_CADENCE_SECONDS": "3600",
        "CONNECTEAM_SYNC_OLDER_DAYS": "0",
    }
    terminal.sandbox.settings.webhook_retry_seconds = 0.5
    return terminal


def listed(terminal: Terminal) -> list[dict[str, Any]]:
    """The account's webhooks."""
    found: list[dict[str, Any]] = terminal("webhooks", "list", "--json").json["webhooks"]
    return found


def test_every_time_clock_and_people_are_registered_once(told: Terminal) -> None:
    """Again and again; one that is switched off, or of another host, is brought up to date; others are left alone."""
    handlers = told.sandbox.handlers
    clocks = sorted(number for number, one in told.sandbox.company.clocks.items() if not one.is_archived)
    first = told("webhooks", "register", "--url", f"{ROOT}/", "--json").json["webhooks"]
    assert [one["time_clock_id"] for one in first] == [*clocks, None]
    assert {one["feature"] for one in first} == {"time_activity", "users"}
    assert all(one["url"].startswith(f"{ROOT}/hooks/connecteam/") and one["is_ours"] for one in first)
    assert set(first[0]["events"]) == SHIFT_EVENTS
    assert set(first[-1]["events"]) == USER_EVENTS
    kept = handlers.subscriptions.all
    assert {one.asked.secretKey for one in kept.values()} == {SECRET}
    kept[first[0]["id"]].asked.isDisabled = True
    kept[first[1]["id"]].asked.eventTypes = ["clock_in"]
    moved = told("webhooks", "register", "--json", CONNECTEAM_SYNC_PUBLIC_URL="https://new.example.com").json[
        "webhooks"
    ]
    assert [one["id"] for one in moved] == [one["id"] for one in first]
    assert all(one["url"].startswith("https://new.example.com/hooks/") for one in moved)
    assert {one["is_disabled"] for one in moved} == {False}
    assert set(moved[1]["events"]) == SHIFT_EVENTS
    kept[99] = type(kept[first[0]["id"]])(
        99, 0, type(kept[first[0]["id"]].asked)("x", "https://o.example.com/t0ken", "users", ["user_created"])
    )
    assert [(one["is_ours"], one["url"]) for one in listed(told) if one["id"] == 99] == [
        (False, "https://o.example.com")
    ]
    again = told("webhooks", "register", "--url", ROOT, "--json").json["webhooks"]
    assert [one["id"] for one in again] == [one["id"] for one in first]
    assert told("webhooks", "remove", "--json").json["removed"] == [one["id"] for one in first]
    assert [one["id"] for one in listed(told)] == [99]
    assert "of another program" in told("webhooks", "list").out
    assert "register" in told("webhooks", "list").err


def test_another_secret_is_taken_by_all_of_ours(told: Terminal) -> None:
    """While the one before is still valid."""
    told("webhooks", "register", "--url", ROOT)
    found = told("webhooks", "rotate", "--json", CONNECTEAM_SYNC_WEBHOOK_SECRET="another").json["rotated"]
    assert len(found) == len(told.sandbox.company.clocks)  # one is archived, one is for people
    kept = told.sandbox.handlers.subscriptions.all
    assert {kept[number].asked.secretKey for number in found} == {"another"}


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hours.example.com",
        "http://hours.example.com",
        "https://",
        "ftp://a.b",
        "https://a:b@c.de",
        "https://a?x=1",
        "https://a\nb.de",
    ],
)
def test_an_address_that_cannot_be_reached_registers_nothing(told: Terminal, url: str) -> None:
    """Exit 2, and no request that changes anything."""
    assert told("webhooks", "register", "--url", url).code == 2
    assert told.sandbox.handlers.subscriptions.all == {}


def test_without_a_secret_nothing_is_registered_and_serve_takes_nothing(terminal: Terminal) -> None:
    """Exit 2, and how to make one."""
    told = terminal("webhooks", "register", "--url", ROOT)
    assert (told.code, "openssl rand" in told.err) == (2, True)
    assert terminal("webhooks", "rotate").code == 2
    assert terminal("serve", "--hooks-only", "--port", "0").code == 2
    assert terminal("webhooks", "register", CONNECTEAM_SYNC_WEBHOOK_SECRET="x").code == 2


def test_what_is_told_to_a_person_and_what_is_a_failure(told: Terminal) -> None:
    """A refused key, a state that is none, a key that nobody knows."""
    assert told("doorbells").out == "no doorbell\n"
    assert told("doorbells", "--state", "nix").code == 2
    assert told("doorbells", "--after", "nix").code == 2
    assert told("doorbells", "replay", "nix").code == 2
    assert told("webhooks", "list", CONNECTEAM_SYNC_API_KEY="sandbox-wrong").code == 1


def test_the_secret_is_checked_before_it_is_sent() -> None:
    """And the token before it is a part of an address."""
    name = "CONNECTEAM_SYNC_WEBHOOK_SECRET"
    assert webhook_secrets({}) is None
    assert webhook_secrets({name: "a", f"{name}_PREVIOUS": "b"}) == ("a", "b")
    with pytest.raises(ConfigurationError, match="no header"):
        webhook_secrets({name: "a\x01b"})
    assert webhook_token({"CONNECTEAM_SYNC_WEBHOOK_TOKEN": "abcd-EFGH_12"}) == "abcd-EFGH_12"
    for wrong in ("short", "with/slash", "with space", "ümlaut-ümlaut", "x" * 129):
        with pytest.raises(ConfigurationError, match="no part of an address"):
            webhook_token({"CONNECTEAM_SYNC_WEBHOOK_TOKEN": wrong})


def test_doubles_of_ours_go() -> None:
    """They would ring twice; those of a time clock that is mirrored no longer ring for nothing. Others' are left."""
    ours = Webhook(
        id=1, name="", feature="time_activity", time_clock_id=7, url="", events=(), is_disabled=False, is_ours=True
    )
    twice = msgspec.structs.replace(ours, id=2)
    gone = msgspec.structs.replace(ours, id=3, time_clock_id=8)
    others = msgspec.structs.replace(ours, id=4, is_ours=False)
    doing = registering([others, ours, twice, gone], {7: "Seven"})
    assert [webhook.id for webhook, _ in doing.change] == [1]
    assert [webhook.id for webhook in doing.remove] == [2, 3]
    assert [wanted.feature for wanted in doing.make] == ["users"]
    assert is_ours("https://old.example.com/below/hooks/connecteam/t/", "t")
    assert not is_ours("https://old.example.com/hooks/connecteam/another-t", "t")
    assert address("http://127.0.0.1:8787", "t") == "http://127.0.0.1:8787/hooks/connecteam/t"


# -- delivered by the sandbox, heard by the service --------------------------------------------------------------------


@contextmanager
def served(terminal: Terminal, *words: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """The service as a process, and its first line."""
    command = [sys.executable, "-m", "connecteam_sync", "serve", "--json", "--port", "0", *words]
    with subprocess.Popen(  # noqa: S603 - our own command
        command,
        cwd=terminal.folder,
        env=terminal.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            yield process, json.loads(process.stdout.readline())
        finally:
            process.kill()


def wait_for(is_so: Callable[[], object]) -> None:
    """Give it some seconds."""
    patience = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < patience
        time.sleep(0.1)


def heard(terminal: Terminal) -> bool:
    """Whether no delivery waits, on the line or on record."""
    bells = terminal("doorbells", "--limit", "1000", "--json").json["doorbells"]
    log = terminal.sandbox.handlers.deliveries.log
    is_told = all(one.state in {"delivered", "lost", "given_up"} for one in log)
    return is_told and bool(bells) and {one["state"] for one in bells} <= {"heard", "ignored"}


def deliveries(terminal: Terminal) -> int:
    """How many deliveries are on record."""
    return sum(one["deliveries"] for one in terminal("doorbells", "--limit", "1000", "--json").json["doorbells"])


def test_a_company_is_mirrored_through_loss_repeats_and_disorder(told: Terminal) -> None:
    """Every punch within seconds; what was lost, by the bells of others or the next visit. The table ends equal."""
    company = told.sandbox.company
    settings = told.sandbox.settings
    settings.webhook_loss, settings.webhook_repeats, settings.webhook_reorder, settings.webhook_spread = (
        0.2,
        0.3,
        0.5,
        1.0,
    )
    with served(told) as (process, first):
        assert first["hooks_url"].startswith(f"{first['url']}/hooks/connecteam/")
        registered = told("webhooks", "register", "--url", first["url"], "--json").json["webhooks"]
        assert registered[0]["url"] == first["hooks_url"]
        now = int(time.time())
        people = sorted(company.people)[:12]
        for number, user in enumerate(people):
            shift = company.add(user, now - 7200 - number, None, created_at=now)
            if number % 3 == 0:
                company.edit(shift.id, end=now - 60 * number)
            if number % 4 == 0:
                company.delete(shift.id)
        wait_for(lambda: heard(told))
        states = told("doorbells", "--limit", "1000", "--json").json["doorbells"]
        keys = [one["key"] for one in states]
        assert len(keys) == len(set(keys))
        log = told.sandbox.handlers.deliveries.log
        assert set(keys) == {one.request_id for one in log if one.state == "delivered"}
        assert any(one.state == "lost" for one in log)
        wait_for(lambda: deliveries(told) == sum(one.state == "delivered" for one in log))
        assert any(one["found"] == "change" and one["run"] for one in states)
        assert {one["proved_by"] for one in states} == {"secret"}
        again = told("doorbells", "replay", keys[0], "--json").json["doorbells"][0]
        assert (again["key"], again["state"]) == (keys[0], "waiting")
        wait_for(lambda: heard(told))
        assert keys[1] in told("doorbells", "--after", keys[0]).out
        assert f"next: connecteam-sync doorbells --after {keys[0]}" in told("doorbells", "--limit", "1").err
        assert "next" not in told("doorbells", "--limit", str(len(keys) + 1)).err
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    assert told("sync", "--json").json["counts"]["created"] <= 3
    assert told("verify", "--from", "yesterday", "--to", "today").code in {0, 3}


def test_the_receiver_and_the_clock_may_be_two_processes(told: Terminal) -> None:
    """What one takes the other looks at; a key is not needed for that, nor is a place to listen at for this."""
    company = told.sandbox.company
    alone = Terminal(told.folder, told.sandbox)
    alone.environment = {name: value for name, value in told.environment.items() if name != "CONNECTEAM_SYNC_API_KEY"}
    with served(alone, "--hooks-only") as (receiver, first), served(told, "--no-hooks") as (clock, other):
        assert (other["hooks_url"], other["url"] is None) == (None, False)
        told("webhooks", "register", "--url", first["url"])
        now = int(time.time())
        company.add(min(company.people), now - 3600, now, created_at=now)
        wait_for(lambda: heard(told))
        (bell,) = told("doorbells", "--json").json["doorbells"]
        assert bell["found"] == "change"
        for process in (receiver, clock):
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 0


def test_a_service_without_a_secret_says_so(terminal: Terminal) -> None:
    """`hooks_url` is null, and the path is 404."""
    with served(terminal, "--no-clock") as (_, first):
        assert first["hooks_url"] is None
    assert terminal("serve", "--host", "0.0.0.0", "--port", "0").code == 2  # noqa: S104 - it does not listen
    assert terminal("serve", "--host", "localhost", "--port", "0").code == 2

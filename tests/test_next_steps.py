"""Commands that people are told to run: where there are several accounts, each names the one that it is about."""

from __future__ import annotations

import json
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest

from connecteam_sync.core.alerts import body, payload, title, trial
from connecteam_sync.core.text import of_account
from test_accounts import command, two

__all__ = ["two"]


def test_next_steps_for_programs_name_the_account(two: Path) -> None:
    """As those for people do: of failures, of what is wrong with each account, in every depth; data stays as it is."""
    unknown = json.loads(command(two, "show", "7", "--account", "south", "--json").out)
    assert unknown["next_step"].startswith("`connecteam-sync --account south runs` lists them")
    every = json.loads(command(two, "status", "--json").out)["accounts"]
    for one in every:
        (problem,) = one["problems"]
        assert problem["next_step"] == f"connecteam-sync --account {one['account']} sync"
    (two / "connecteam-sync.toml").write_text(
        (two / "connecteam-sync.toml").read_text().replace("sqlite:///south.db", "sqlite:///empty.db")
    )
    checked = json.loads(command(two, "accounts", "check", "--json").out)["accounts"][1]["checks"]
    assert "connecteam-sync --account south init" in str([one["cure"] for one in checked])
    north, south = json.loads(command(two, "accounts", "--json").out)["accounts"]
    assert north["next_step"] == "connecteam-sync --account north sync"
    assert "`connecteam-sync --account south init`" in south["next_step"]


@pytest.mark.parametrize(
    ("line", "account", "expected"),
    [
        ("next: connecteam-sync sync; or connecteam-sync plan", "a", "next: connecteam-sync --account a sync; or"),
        ("connecteam-sync --account b sync", "a", "connecteam-sync --account b sync"),
        ("connecteam-sync accounts check", "a", "connecteam-sync accounts check"),
        ("connecteam-sync account", "a", "connecteam-sync --account a account"),
        ("connecteam-sync workers", "a", "connecteam-sync workers"),
        ("connecteam-sync 1.2 and connecteam-sync: x", "a", "connecteam-sync 1.2 and connecteam-sync: x"),
        ("connecteam-sync sync", None, "connecteam-sync sync"),
        ("set CONNECTEAM_SYNC_API_KEY to", "a-b", "set CONNECTEAM_SYNC_ACCOUNT_A_B_API_KEY to"),
        ("CONNECTEAM_SYNC_DATABASE_URL_FILE: x", "a", "CONNECTEAM_SYNC_ACCOUNT_A_DATABASE_URL_FILE: x"),
        ("CONNECTEAM_SYNC_ACCOUNT_B_API_KEY", "a", "CONNECTEAM_SYNC_ACCOUNT_B_API_KEY"),
        ("set CONNECTEAM_SYNC_CONTROL_DATABASE_URL", "a", "set CONNECTEAM_SYNC_CONTROL_DATABASE_URL"),
        ("set CONNECTEAM_SYNC_BASE_URL", "a", "set CONNECTEAM_SYNC_BASE_URL"),
        ("set CONNECTEAM_SYNC_API_KEY", None, "set CONNECTEAM_SYNC_API_KEY"),
    ],
)
def test_a_command_line_is_about_its_account(line: str, account: str | None, expected: str) -> None:
    """One that names another, or is about all of them, stays as it is."""
    assert of_account(line, account).startswith(expected)


def test_an_alert_says_whose_it_is() -> None:
    """To people and to programs; without several accounts it says nothing of them."""
    told = trial(0).of(None)
    assert (payload(told)["data"], title(told, ZoneInfo("UTC"))) == (
        payload(trial(0))["data"],
        "connecteam-sync: a test",
    )
    message = msgspec.structs.replace(trial(0), is_test=False, name="key_bad", next_step="connecteam-sync doctor")
    letter = body(message.of("north"), ZoneInfo("UTC"))
    assert "connecteam-sync, account north: key_bad since" in letter
    assert "next:   connecteam-sync --account north doctor" in letter
    assert "connecteam-sync --account north status shows all of it" in letter
    data = payload(message.of("north"))["data"]
    assert isinstance(data, dict)
    assert (data["account"], data["next_step"]) == ("north", "connecteam-sync --account north doctor")

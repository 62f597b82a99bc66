"""What `doctor` says about Connecteam: whose key, the clocks of both machines, time clocks and users."""

from __future__ import annotations

from typing import Any

import pytest

from connecteam_sync.sandbox.company import CLOSED, WAREHOUSE
from test_command import Terminal, terminal

__all__ = ["terminal"]


def check(terminal: Terminal, name: str, code: int = 0, **environment: str) -> dict[str, Any]:
    """The finding of this name; the code says whether anything failed."""
    answer = terminal("doctor", "--json", **environment)
    assert answer.code == code, answer
    assert answer.json["ok"] is (code == 0)
    (found,) = [each for each in answer.json["checks"] if each["name"] == name]
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize(
    ("ahead", "state", "said"),
    [(0, "ok", "agrees"), (90, "ok", "agrees"), (300, "warning", "s behind"), (-300, "warning", "s ahead of")],
)
def test_the_clock_of_this_machine(terminal: Terminal, ahead: int, state: str, said: str) -> None:
    """Minutes away from Connecteam's is a warning with its cure, to either side."""
    terminal.sandbox.settings.clock_ahead = ahead
    found = check(terminal, "clock")
    assert (found["state"], said in found["detail"]) == (state, True), found
    assert ("time server" in found["cure"]) is (state == "warning")


def test_time_clocks_that_are_wanted_and_not_there(terminal: Terminal) -> None:
    """Each is named, and those that there are."""
    assert f"{WAREHOUSE} Warehouse" in check(terminal, "time clocks")["detail"]
    assert f"{CLOSED} " in check(terminal, "time clocks", CONNECTEAM_SYNC_TIME_CLOCKS=str(WAREHOUSE))["detail"]
    found = check(terminal, "time clocks", 1, CONNECTEAM_SYNC_TIME_CLOCKS=f"17,{WAREHOUSE},18")
    assert (found["state"], found["detail"]) == ("failed", "there is no time clock 17, 18")
    assert str(WAREHOUSE) in found["cure"]


@pytest.mark.parametrize(
    ("fault", "path", "name"), [("bad_key", "/me", "Connecteam"), ("unavailable", "/users", "time clocks and users")]
)
def test_what_cannot_be_asked_is_a_failure_with_its_cure(terminal: Terminal, fault: str, path: str, name: str) -> None:
    """By the name of what was asked; nothing that follows from it is told as well."""
    terminal.sandbox.faults.add(fault, path=path, times=99)
    found = check(terminal, name, 1)
    assert found["state"] == "failed"
    assert found["cure"]


def test_how_many_users_can_be_read(terminal: Terminal) -> None:
    """All of them."""
    assert check(terminal, "users")["detail"] == f"{len(terminal.sandbox.company.people)} users can be read"

"""An account that was put aside: shown wherever accounts are listed, with the next step, and resumed by a command."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connecteam_sync.core.fleet import Aside, Priority
from connecteam_sync.core.status import MirrorStatus, while_put_aside
from connecteam_sync.store.control.database import ControlDatabase
from connecteam_sync.store.control.turns import Turns
from connecteam_sync.store.sql.quoting import run
from support import forks
from support.fleet_accounts import Fleet, fleet

RESUME = "connecteam-sync --account north resume"
WHY = "5 workers in a row did not come back from it"


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Fleet]:
    """Two accounts, and no process."""
    with fleet(tmp_path, "north", "south") as found:
        yield found


def ran(two: Fleet, *words: str) -> forks.Done:
    """The command."""
    return forks.command(words, two.folder, two.environment)


def told(two: Fleet, *words: str) -> dict[str, Any]:
    """Its answer for programs."""
    found: dict[str, Any] = json.loads(ran(two, *words, "--json").out)
    return found


def put_aside(control: ControlDatabase) -> None:
    """The account of north, for an hour; south has its turn as ever."""
    control.init()
    with control.writing("putting aside") as connection:
        turns = Turns(control.dialect)
        turns.enrol(connection, {"north": 1, "south": 1})
        for turn in turns.claim(connection, 2, seconds=60):
            if turn.account == "north":
                turns.put_aside(connection, turn, seconds=3600, error=WHY)


def test_it_is_shown_and_resumed(two: Fleet) -> None:
    """By `workers`, `accounts` and `status`, until `resume` has it looked after again at once."""
    control = ControlDatabase(f"sqlite:///{two.folder}/connecteam-sync-control.db")
    put_aside(control)
    (aside,) = told(two, "workers")["put_aside"]
    assert (aside["account"], aside["next_step"]) == ("north", RESUME)
    assert 3500 < aside["seconds"] <= 3600
    assert f"put aside for another 60 minutes: {WHY}" in aside["message"]
    assert f"  next: {RESUME}" in ran(two, "workers").out.splitlines()
    north, south = told(two, "accounts")["accounts"]
    assert (north["state"], north["next_step"]) == ("not_well", RESUME)
    assert WHY in north["message"]
    assert WHY not in south["message"]
    status = ran(two, "status", "--account", "north", "--json")
    assert status.code == 1
    found = json.loads(status.out)
    (problem,) = [one for one in found["problems"] if one["name"] == "mirror_stale"]
    assert (found["state"], problem["next_step"]) == ("not_well", RESUME)
    assert WHY in problem["message"]
    assert not any(WHY in one["message"] for one in told(two, "status", "--account", "south")["problems"])
    assert told(two, "resume", "--account", "south")["was_put_aside"] is False
    assert told(two, "workers")["put_aside"] != []
    again = ran(two, "resume", "--account", "north")
    assert "account north was put aside, and is looked after again at once" in again.out
    assert told(two, "workers")["put_aside"] == []
    with control.writing("looking") as connection:
        assert "north" in {turn.account for turn in Turns(control.dialect).claim(connection, 9, seconds=60)}
    control.close()


def test_an_account_whose_turns_fail_is_told_with_its_next_step(two: Fleet) -> None:
    """Until a turn of it succeeds."""
    control = ControlDatabase(f"sqlite:///{two.folder}/connecteam-sync-control.db")
    control.init()
    turns = Turns(control.dialect)

    def fails(account: str, problem: str | None) -> None:
        with control.writing("a turn that ends") as connection:
            turns.enrol(connection, {"north": 1, "south": 1})
            for turn in turns.claim(connection, 2, seconds=60):
                wrong = problem if turn.account == account else None
                assert turns.finish(connection, turn, waits=0, priority=Priority.CADENCE, error=wrong)

    fails("north", "the key may not do this")
    fails("north", "the key was revoked")
    look = "connecteam-sync --account north doctor"
    assert told(two, "workers")["failing"] == [
        {"account": "north", "failures": 2, "message": "the key was revoked", "next_step": look}
    ]
    assert ran(two, "workers").out.splitlines()[-2:] == ["account north: the key was revoked", f"  next: {look}"]
    fails("south", None)
    assert told(two, "workers")["failing"] == []
    control.close()


def test_where_there_is_no_fleet_none_is_made(two: Fleet) -> None:
    """Nothing is put aside, and no file appears."""
    assert told(two, "resume", "--account", "north")["was_put_aside"] is False
    assert {one["message"] for one in told(two, "accounts")["accounts"]} == {"no time clock has been looked at yet"}
    assert not (two.folder / "connecteam-sync-control.db").exists()


def test_a_control_database_that_does_not_answer_is_said(two: Fleet) -> None:
    """What is known of the accounts themselves is still told."""
    (two.folder / "connecteam-sync-control.db").write_text("no database")
    for one in told(two, "accounts")["accounts"]:
        assert "no time clock has been looked at yet" in one["message"]
    answer = ran(two, "status", "--account", "north")
    assert "whether the account is put aside is not known" in answer.err
    assert told(two, "resume", "--account", "north")["exit_code"] == 1


def test_tables_of_another_version_are_not_written_to(two: Fleet) -> None:
    """An old command leaves a newer fleet alone, and says so."""
    control = ControlDatabase(f"sqlite:///{two.folder}/connecteam-sync-control.db")
    put_aside(control)
    with control.writing("upgrading") as connection:
        run(connection, "INSERT INTO connecteam_fleet_version (version) VALUES (99)")
    assert told(two, "resume", "--account", "north")["error"] == "not_initialised"
    with control.writing("looking") as connection:
        assert [one.account for one in Turns(control.dialect).aside(connection)] == ["north"]
    control.close()


def test_what_the_mirror_says_besides_is_kept() -> None:
    """One problem for both reasons, since when the first of them is."""
    aside = Aside(account="north", seconds=61, since=50, error="memory")
    found = while_put_aside(MirrorStatus(state="well", at=100), aside)
    (problem,) = found.problems
    assert (found.state, found.exit_code, problem.since) == ("not_well", 1, 50)
    assert problem.message == "the account is put aside for another 2 minutes: memory"
    (both,) = while_put_aside(found, Aside(account="north", seconds=60, since=70, error="x")).problems
    assert both.since == 50
    assert both.message.startswith("the account is put aside for another 1 minute: x; the account is put aside")

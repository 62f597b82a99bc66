"""The command as a process sees it: exit codes, one JSON object on stdout, talk and the next step on stderr."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.sandbox.company import WAREHOUSE
from support import forks

WINDOW = ("--from", "2025-12-01", "--to", "2025-12-11")


@dataclass
class Answer:
    """What a process left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The one object on stdout."""
        found: dict[str, Any] = json.loads(self.out)
        assert found["schema"] == 1
        return found


class Terminal:
    """Runs the command in a folder of its own against a sandbox."""

    def __init__(self, folder: Path, sandbox: Sandbox) -> None:
        self.folder, self.sandbox = folder, sandbox
        plain = {k: v for k, v in os.environ.items() if not k.startswith("CONNECTEAM_SYNC_") and k != "USE_BATCH_SYNC"}
        self.environment = plain | {
            "CONNECTEAM_SYNC_BASE_URL": sandbox.url,
            "CONNECTEAM_SYNC_API_KEY": sandbox.key,
            "CONNECTEAM_SYNC_TIMEZONE": "America/Chicago",
            "CONNECTEAM_SYNC_TOTAL_SECONDS": "2",
        }

    def __call__(self, *words: str, **environment: str | None) -> Answer:
        """The command with these words; None takes a variable out of its environment."""
        given = {k: v for k, v in (self.environment | environment).items() if v is not None}
        done = forks.command(words, self.folder, given)
        assert "Traceback" not in done.err, done.err
        assert self.sandbox.key not in done.out + done.err
        return Answer(done.code, done.out, done.err)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    """An initialised SQLite database next to a small company."""
    with Sandbox(Company(60), SandboxSettings(minute_limit=100_000)) as sandbox:
        made = Terminal(tmp_path, sandbox)
        assert made("init").code == 0
        yield made


def test_the_first_five_minutes(terminal: Terminal) -> None:
    """init, doctor, plan, sync, verify, show, undo: each answers, and names the next step."""
    assert "next: connecteam-sync doctor" in terminal("init").err
    doctor = terminal("doctor")
    assert (doctor.code, doctor.err) == (0, "next: connecteam-sync plan\n")
    plan = terminal("plan", *WINDOW)
    assert "60 new" in plan.out
    assert "nothing was written" in plan.out
    sync = terminal("sync", *WINDOW)
    assert sync.code == 0
    assert "run 1: sync 2025-12-01..2025-12-11 (America/Chicago): done" in sync.out
    assert "undo 1" in sync.err
    assert "0 differences" in terminal("verify", *WINDOW).out
    assert len(terminal("show", "1").out.splitlines()) > 60
    assert terminal("undo", "1").code == 0
    assert terminal("verify", *WINDOW).code == 5


def test_the_contract_of_sync_json(terminal: Terminal) -> None:
    """The object other programs rely on; nothing else on stdout."""
    found = terminal("sync", *WINDOW, "--json").json
    assert found["run"] == 1
    assert found["status"] == "applied"
    assert found["window"] == {"first": "2025-12-01", "last": "2025-12-11", "timezone": "America/Chicago"}
    names = ("total_shifts", "created", "updated", "unchanged", "deleted", "held", "errors")
    assert found["counts"] == dict(zip(names, (60, 60, 0, 0, 0, 0, 0), strict=True))
    assert found["minutes"]["before"] == 0 < found["minutes"]["after"]
    assert found["holds"] == []
    assert found["statements"] > 0
    assert found["http_calls"] == 1 + 5 + 1  # whose the key is, and the types of breaks, are asked once
    again = terminal("sync", *WINDOW, "--json").json
    assert again["http_calls"] == 5
    assert (again["run"], again["status"], again["counts"]["unchanged"]) == (2, "nothing", 60)
    runs = terminal("runs", "--json").json["runs"]
    assert [run["run"] for run in runs] == [2, 1]
    assert {key: runs[1][key] for key in ("status", "counts", "window")} == {
        key: found[key] for key in ("status", "counts", "window")
    }


def test_every_command_answers_in_json(terminal: Terminal) -> None:
    """One object with a schema number from each."""
    terminal("sync", *WINDOW)
    day = ("--from", "2025-12-01", "--to", "2025-12-01")
    for words in (
        ("init",),
        ("init", "--sql"),
        ("doctor",),
        ("plan", *WINDOW),
        ("verify", *WINDOW),
        ("resync", *WINDOW),
        ("compare", *WINDOW),
        ("runs",),
        ("show", "1"),
        ("history", "1"),
        ("changes", "--after", "50"),
        ("holds",),
        ("anomalies",),
        ("employees",),
        ("lock", *day, "--reason", "payroll"),
        ("locks",),
        ("periods",),
        ("periods", "check", "2025-12-02..2025-12-03"),
        ("periods", "review", "2025-12-02..2025-12-03"),
        ("periods", "close", "2025-12-02..2025-12-03"),
        ("export", "2025-12-02..2025-12-03", "--format", "csv", "--out", "hours.csv"),
        ("exports",),
        ("hours", *WINDOW, "--by", "person,day"),
        ("timesheet", "1", "2025-12-02..2025-12-03"),
        ("timesheet", "2025-12-02..2025-12-03", "--all"),
        ("periods", "reopen", "2025-12-02..2025-12-03", "--reason", "again"),
        ("support-bundle",),
        ("locks", "--all"),
        ("unlock", *day),
        ("certificates",),
        ("certificate",),
        ("undo", "1"),
    ):
        answer = terminal(*words, "--json")
        assert answer.code == 0, (words, answer)
        assert answer.json


def test_what_happened_can_be_read(terminal: Terminal) -> None:
    """History says why a row has its values; changes is a feed that goes on where it stopped."""
    company = terminal.sandbox.company
    terminal("sync", *WINDOW)
    shift = company.shifts()[0]
    company.edit(shift.id, start=shift.start + 900)
    terminal("sync", *WINDOW)
    feed = terminal("changes", "--after", "60", "--json").json
    (entry,) = feed["changes"]
    assert (entry["kind"], entry["minutes"], entry["first_day"]) == ("update", -15, "2025-12-01")
    assert terminal("changes", "--after", str(feed["last"]), "--json").json["changes"] == []
    past = terminal("history", entry["employee"], "--day", "2025-12-01")
    assert "clock-in corrected" in past.out
    assert "run 2" in past.out


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("sync", "--from", "2025-12-11", "--to", "2025-12-01"), 2, "before it begins"),
        (("sync", "--from", "2024-01-01", "--to", "2025-12-01"), 2, "at most 366"),
        (("sync", "--from", "yesteryear", "--to", "2025-12-01"), 2, "no day"),
        (("sync", "--to", "2025-12-01"), 2, "--from"),
        (("sync", "--day", "2025-12-01", "--days", "3"), 2, "contradict"),
        (("verify", "--from", "2025-12-11", "--to", "2025-12-01"), 2, "before it begins"),
        (("undo", "99"), 2, "no run 99"),
        (("show", "99"), 2, "no run 99"),
        (("history", "Nobody"), 2, "no employee"),
        (("employees", "map", "1", "1"), 2, "no employee"),
        (("holds", "--reason", "bad_mood"), 2, "unmapped_user"),
        (("apply", "no-such-file"), 2, "cannot be read"),
        (("nonsense",), 2, "nonsense"),
        (("runs", "--config", "absent.toml"), 2, "absent.toml"),
    ],
)
def test_bad_input_gets_a_clear_error_and_contacts_nobody(
    terminal: Terminal, words: tuple[str, ...], code: int, said: str
) -> None:
    """What, why, and what to do next; exit 2."""
    answer = terminal(*words)
    assert (answer.code, answer.out) == (code, "")
    assert said in answer.err
    assert terminal.sandbox.calls == 0


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"CONNECTEAM_SYNC_TIMEZONE": None}, "time zone is not set"),
        ({"CONNECTEAM_SYNC_TIMEZONE": "Chicago"}, "no time zone"),
        ({"CONNECTEAM_SYNC_BASE_URL": "https://example.com"}, "CONNECTEAM_SYNC_BASE_URL"),
        ({"CONNECTEAM_SYNC_DATABASE_URL": "oracle://x/y"}, "not supported"),
        ({"CONNECTEAM_SYNC_DATABASE_URL": "nonsense"}, "cannot be read"),
        ({"CONNECTEAM_SYNC_TIME_CLOCKS": "one,two"}, "no time clock id"),
        ({"CONNECTEAM_SYNC_EMPLOYEES": "maybe"}, "create, match"),
        ({"CONNECTEAM_SYNC_APIKEY": "x"}, "did you mean"),
        ({"CONNECTEAM_SYNC_API_KEY": None}, "no API key"),
        ({"CONNECTEAM_SYNC_API_KEY": None, "CONNECTEAM_SYNC_API_KEY_FILE": "absent"}, "cannot be read"),
        ({"USE_BATCH_SYNC": "perhaps"}, "true or false"),
        ({"USE_BATCH_SYNC": ""}, "true or false"),
        ({"CONNECTEAM_SYNC_DATABASE_URL": ""}, "CONNECTEAM_SYNC_DATABASE_URL is set but empty"),
        ({"CONNECTEAM_SYNC_DATABASE_URL": " \t"}, "CONNECTEAM_SYNC_DATABASE_URL is set but empty"),
        ({"CONNECTEAM_SYNC_DATABASE_URL_FILE": ""}, "CONNECTEAM_SYNC_DATABASE_URL_FILE is set but empty"),
        ({"CONNECTEAM_SYNC_DATABASE_URL_FILE": os.devnull}, "names an empty file"),
        ({"CONNECTEAM_SYNC_API_KEY": ""}, "CONNECTEAM_SYNC_API_KEY is set but empty"),
        ({"CONNECTEAM_SYNC_API_KEY": None, "CONNECTEAM_SYNC_API_KEY_FILE": os.devnull}, "names an empty file"),
        ({"CONNECTEAM_SYNC_CLIENT_ID": ""}, "CONNECTEAM_SYNC_CLIENT_ID is set but empty"),
        ({"CONNECTEAM_SYNC_TIMEZONE": ""}, "CONNECTEAM_SYNC_TIMEZONE is set but empty"),
        ({"CONNECTEAM_SYNC_TIME_CLOCKS": ""}, "CONNECTEAM_SYNC_TIME_CLOCKS is set but empty"),
        ({"CONNECTEAM_SYNC_BASE_URL": ""}, "CONNECTEAM_SYNC_BASE_URL is set but empty"),
    ],
)
def test_wrong_configuration_names_the_key_and_the_cure(
    terminal: Terminal, environment: dict[str, str | None], said: str
) -> None:
    """Exit 2; nothing is contacted."""
    answer = terminal("sync", *WINDOW, **environment)
    assert answer.code == 2
    assert said in answer.err
    assert terminal.sandbox.calls == 0


def test_a_configuration_file_and_secrets_in_files(terminal: Terminal) -> None:
    """The file is overridden by the environment; a secret in it is refused; unknown keys name the nearest."""
    file, key = terminal.folder / "connecteam-sync.toml", terminal.folder / "key"
    key.write_text(f"{terminal.sandbox.key}\n")
    file.write_text('timezone = "Europe/Berlin"\nlookback_days = 3\n')
    without = {"CONNECTEAM_SYNC_API_KEY": None, "CONNECTEAM_SYNC_API_KEY_FILE": str(key)}
    found = terminal("plan", *WINDOW, "--json", CONNECTEAM_SYNC_TIMEZONE=None).json
    assert found["window"]["timezone"] == "Europe/Berlin"
    found = terminal("sync", *WINDOW, "--json", **without).json
    assert found["window"]["timezone"] == "America/Chicago"
    for text, said in (
        ('time_zone = "x"', "did you mean 'timezone'?"),
        ('api_key = "x"', "secret"),
        ("[tables.clock_times]\nclockin = 'x'", "clock_in"),
        ("lookback_days = 'many'", "whole number"),
        ("lookback_days = true", "whole number"),
        ("time_clocks = [true]", "no time clock id"),
        ('database_url = " "', "is empty"),
        ("time_clocks = []", "names no time clock"),
        ("timezone = ", "cannot be read"),
    ):
        file.write_text(text)
        answer = terminal("runs")
        assert answer.code == 2
        assert said in answer.err


def test_a_time_clock_that_is_named_twice_is_looked_at_once(terminal: Terminal) -> None:
    """A second look would only cost calls."""
    costs = []
    for named in (f"{WAREHOUSE}", f"{WAREHOUSE}, {WAREHOUSE}"):
        before = terminal.sandbox.calls
        assert terminal("plan", *WINDOW, CONNECTEAM_SYNC_TIME_CLOCKS=named).code == 0
        costs.append(terminal.sandbox.calls - before)
    assert costs[0] == costs[1]


def test_a_proof_of_rows_that_are_right_names_no_change(terminal: Terminal) -> None:
    """That they are not linked to their shifts yet is nothing that differs."""
    assert terminal("sync", *WINDOW).code == 0
    with sqlite3.connect(terminal.folder / "connecteam-sync.db") as connection:
        connection.execute("DELETE FROM connecteam_sync_shifts")
    connection.close()
    assert {each["kind"] for each in terminal("plan", *WINDOW, "--json").json["changes"]} == {"link"}
    proof = terminal("verify", *WINDOW, "--json")
    assert (proof.code, proof.json["differences"], proof.json["changes"]) == (0, 0, [])


def test_upstream_trouble_is_75_or_1_with_a_next_step(terminal: Terminal) -> None:
    """And the receipt says so; nothing was written."""
    for fault, code in (("server_error", 75), ("html_200", 75), ("bad_key", 1)):
        terminal.sandbox.faults.add(fault, path="time-activities", times=99)
        answer = terminal("sync", *WINDOW, "--json")
        terminal.sandbox.faults.clear()
        assert (answer.code, answer.json["status"], answer.json["counts"]["errors"]) == (code, "failed", 3)
        assert "next" in answer.err
    assert terminal("runs", "--json").json["runs"][0]["status"] == "failed"


@pytest.mark.parametrize(
    "url", ["mysql://nobody:hidden-word@127.0.0.1:9/x", "postgresql://nobody:hidden-word@127.0.0.1:9/x"]
)
def test_a_database_that_does_not_answer_is_1_without_its_password(terminal: Terminal, url: str) -> None:
    """The server's own words, which database it is, the next step, and nothing asked of Connecteam."""
    answer = terminal("sync", *WINDOW, CONNECTEAM_SYNC_DATABASE_URL=url)
    assert answer.code == 1
    assert url.replace(":hidden-word", "") in answer.err
    assert "next: see that the server runs" in answer.err
    assert "hidden-word" not in answer.err + answer.out
    assert terminal.sandbox.calls == 0


def test_held_is_3_and_difference_is_5(terminal: Terminal) -> None:
    """Plan --exit-code tells changes from none."""
    assert terminal("plan", *WINDOW).code == 0
    assert terminal("plan", *WINDOW, "--exit-code").code == 5
    shift = terminal.sandbox.company.shifts(date(2025, 12, 2), date(2025, 12, 2))[0]
    terminal.sandbox.company.duplicate(shift.id)
    answer = terminal("sync", *WINDOW, "--json")
    assert (answer.code, answer.json["holds"][0]["reason"]) == (3, "duplicate_clock_in")
    assert terminal("plan", *WINDOW, "--exit-code").code == 3
    assert "duplicate_clock_in" in terminal("holds").out


def test_a_saved_plan_is_private_and_applied_once(terminal: Terminal) -> None:
    """`plan --out` and `apply`; applied again it is stale."""
    assert terminal("plan", *WINDOW, "--out", "p.json").code == 0
    assert (terminal.folder / "p.json").stat().st_mode & 0o777 == 0o600
    assert terminal("apply", "p.json").code == 0
    again = terminal("apply", "p.json", "--json")
    assert (again.code, again.json["status"]) == (4, "refused")
    assert terminal("apply", "p.json").code == 4


def test_the_demo_tells_the_story(terminal: Terminal) -> None:
    """Without an account or a server; every promise of it held."""
    answer = terminal("demo", "--json")
    assert answer.code == 0
    assert answer.json["ok"] is True
    assert answer.json["verify"]["differences"] == 0
    assert [run["status"] for run in answer.json["runs"]] == ["applied", "exact", "nothing", "applied", "applied"]


def test_the_sandbox_is_served_until_interrupted(terminal: Terminal) -> None:
    """It says where it answers; a wrong fault or a real key is a usage error."""
    words = [
        sys.executable,
        "-c",
        "from connecteam_sync.cli.main import main; main()",
        "sandbox",
        "--port",
        "0",
        "--json",
    ]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as served:  # noqa: S603 - our own command
        assert served.stdout is not None
        said = json.loads(served.stdout.readline())
        answer = terminal("doctor", CONNECTEAM_SYNC_BASE_URL=said["url"])
        assert "Invented Logistics" in answer.out
        served.terminate()
    assert terminal("sandbox", "--fault", "no_such").code == 2
    assert terminal("sandbox", "--set", "selects_by=feeling", "--port", "0").code == 2
    assert terminal("sandbox", "--set", "nonsense=1", "--port", "0").code == 2
    assert terminal("sandbox", "--key", "abcdef", "--port", "0").code == 2


def test_the_module_is_the_command() -> None:
    """For machines where the folder of scripts is not on the path; `-h` is `--help`, of subcommands too."""
    for words in (["-h"], ["employees", "map", "-h"]):
        by_module = subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "-m", "connecteam_sync", *words], capture_output=True, text=True, check=True
        )
        assert by_module.stdout.startswith(" ".join(["Usage: python -m connecteam_sync", *words[:-1]]))


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_complete_commands_and_options(shell: str) -> None:
    """What `--install-completion` adds is made for the shell, and answers with what exists."""

    def ask(instruction: str, line: str) -> list[str]:
        words = line.split(" ")
        asked = {"COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1), "_TYPER_COMPLETE_ARGS": line}
        done = subprocess.run(  # noqa: S603 - our own command
            [str(Path(sys.executable).with_name("connecteam-sync"))],
            env={
                **os.environ,
                **asked,
                "_TYPER_COMPLETE_FISH_ACTION": "get-args",
                "_CONNECTEAM_SYNC_COMPLETE": f"{instruction}_{shell}",
            },
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.split()

    assert any("complete" in word for word in ask("source", "connecteam-sync"))
    assert any("employees" in word for word in ask("complete", "connecteam-sync em"))
    assert any("--accept" in word for word in ask("complete", "connecteam-sync sync --ac"))
    assert not any("sync" in word for word in ask("complete", "connecteam-sync em"))

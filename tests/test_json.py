"""What commands answer with `--json` is what docs/reference.md says, field by field and type by type, both ways."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from connecteam_sync.cli import unforeseen
from connecteam_sync.cli.commands import app
from connecteam_sync.present.json_shapes import SCHEMA
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.sandbox.company import CLOSED
from reference_page import named, rows, sections, shapes
from support.accounts_story import several
from support.certified import certified
from support.long_kept import without_rights
from support.paid_story import STORIES

SHAPES = shapes()
ERRORS = {named(cells[0])[0] for cells in rows(sections()["errors"])} | {
    "unforeseen",
    "usage_error",
    "doubles_appear",
    "doubles_held",
}
PROMISED = Path(__file__).parent / f"json_schema_{SCHEMA}.txt"
"""The fields and types of this schema number, as they were promised first: none may go or change."""
DAY, WINDOW = ("--from", "2025-12-01", "--to", "2025-12-01"), ("--from", "2025-12-01", "--to", "2025-12-11")
PERIOD = "2025-12-01..2025-12-11"
BERLIN = {"CONNECTEAM_SYNC_TIMEZONE": "Europe/Berlin"}
PLAIN: dict[str, Callable[[Any], bool]] = {
    "number": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "fraction": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    "flag": lambda value: isinstance(value, bool),
    "text": lambda value: isinstance(value, str) and value.isprintable(),
    "lines": lambda value: isinstance(value, str),
    "key": lambda value: isinstance(value, (int, str)) and not isinstance(value, bool),
    "day": lambda value: isinstance(value, str) and bool(re.fullmatch(r"\d{4}-\d\d-\d\d", value)),
    "instant": lambda value: isinstance(value, str) and bool(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", value)),
}
"""Types that are no shape, and what their values are."""


def answers() -> dict[str, str]:
    """The shape each command answers with, by the command as the page writes it."""
    return {
        command: re.findall(r"\(#([\w-]+)\)", cells[1])[0]
        for cells in rows(sections()["json"])
        for command in named(cells[0])
    }


class Seen:
    """Checks answers, and keeps what it saw of each shape."""

    def __init__(self) -> None:
        self.fields: set[tuple[str, str]] = set()
        self.commands: set[str] = set()

    def check(self, shape: str, value: object, at: str) -> None:
        """An object has the fields of its shape, all of them and no other."""
        assert isinstance(value, dict), at
        fields = SHAPES[shape].every
        assert set(value) == set(fields), f"{at} is no {shape}: {set(value) ^ set(fields)}"
        for name, (home, kind) in fields.items():
            self.fields.add((home, name))
            self.value(kind, value[name], f"{at}.{name}")
            if (home, name) in {("failure", "error"), ("error-of-a-look", "error")}:
                assert value[name] in ERRORS, f"{at} fails as {value[name]}, which the page does not name"

    def value(self, kind: str, value: object, at: str) -> None:
        """A value is of the type that the page says."""
        if kind.endswith(" or null"):
            if value is None:
                return
            kind = kind.removesuffix(" or null")
        if kind.endswith(" by name"):
            assert isinstance(value, dict), at
            for name, item in value.items():
                self.value(kind.removesuffix(" by name"), item, f"{at}[{name}]")
        elif kind.startswith("list of "):
            assert isinstance(value, list), at
            for item in value:
                self.value(kind.removeprefix("list of "), item, f"{at}[]")
        elif kind.startswith("["):
            self.check(re.findall(r"\(#([\w-]+)\)", kind)[0], value, at)
        else:
            assert PLAIN[kind](value), f"{at}: {value!r} is no {kind}"


class Folder:
    """A company, a database, and the command in this process: every answer is checked against the page."""

    def __init__(self, folder: Path, sandbox: Sandbox, seen: Seen) -> None:
        self.folder, self.sandbox, self.seen = folder, sandbox, seen
        self.database = folder / "mirror.db"
        self.environment = {
            "CONNECTEAM_SYNC_BASE_URL": sandbox.url,
            "CONNECTEAM_SYNC_API_KEY": sandbox.key,
            "CONNECTEAM_SYNC_DATABASE_URL": f"sqlite:///{self.database}",
            "CONNECTEAM_SYNC_TIMEZONE": "America/Chicago",
            "CONNECTEAM_SYNC_TOTAL_SECONDS": "2",
        }

    def __call__(self, command: str, *words: str, fails: str | None = None, **environment: str) -> dict[str, Any]:
        """The answer to a command as the page writes it, with more words; `fails` is the shape of its failure."""
        done = CliRunner().invoke(app, [*command.split(), *words, "--json"], env=self.environment | environment)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        lines = done.stdout.splitlines()
        assert len(lines) == 1, (command, words, done.output)
        found: dict[str, Any] = json.loads(lines[0])
        assert found.pop("schema") == SCHEMA
        self.seen.check(fails or answers()[command], found, command)
        if fails is None:
            self.seen.commands.add(command)
        else:
            assert found["exit_code"] == done.exit_code
        return found

    def sql(self, statement: str, *values: object) -> list[Any]:
        """A statement of another program."""
        with sqlite3.connect(self.database) as connection:
            found = connection.execute(statement, values).fetchall()
        connection.close()
        return found


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """What all the stories below have shown, told once each."""
    found = Seen()
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("CONNECTEAM_SYNC_")]:
            patch.delenv(name)
        for story in (everyday, *STORIES, people, failures, taken_over, changed, compared, visited, certified, several):
            folder = tmp_path_factory.mktemp(story.__name__)
            patch.chdir(folder)
            with Sandbox(Company(60), SandboxSettings(minute_limit=100_000)) as sandbox:
                story(Folder(folder, sandbox, found))
    served(found)
    return found


def everyday(run: Folder) -> None:
    """From init to undo, with a hold, anomalies, locks, and the account."""
    company = run.sandbox.company
    run("init --sql")
    run("account", fails="failure")
    run("init")
    run("doctor")
    run("plan", *WINDOW)
    run("sync", *WINDOW)
    shift, other = company.shifts()[:2]
    company.edit(shift.id, start=shift.start + 900)
    company.duplicate(other.id)
    run.sql("UPDATE clock_times SET clock_out = datetime(clock_in, '+3 days'), total_minutes = 4320 WHERE id = 7")
    assert run("verify", *WINDOW)["days"]
    assert run("periods close", PERIOD, fails="refused-period")["obstacles"]
    assert run("periods check", PERIOD)["days"]
    for name, *more in (("review",), ("close", "--anyway", "x"), ("reopen", "--reason", "again")):
        run(f"periods {name}", PERIOD, *more)
    assert run("periods check", "2025-12-11..2025-12-12", fails="refused-period")["period"]["overlaps"]
    assert run("periods")["periods"] == run("periods list")["periods"]
    assert run("anomalies", *WINDOW)["anomalies"]
    assert run("plan", *WINDOW, "--out", "plan.json")["holds"]
    run("apply", "plan.json")
    (hold,) = run("holds")["holds"]
    assert run("holds ack", str(hold["id"]), "--reason", "known")["holds"][0]["acknowledged"]
    run("history", str(hold["employee_id"]))
    run("holds unack", str(hold["id"]))
    company.delete(company.shifts()[-1].id)
    run("resync", *WINDOW)
    assert run("runs")["runs"]
    assert run("runs", "--kind", "verify")["runs"][0]["result"]
    run("show", "1")
    assert run("support-bundle", "--run", "1")["file"] is None
    assert run("support-bundle", "--output", "report.gz", "--yes")["file"]
    assert run("support-bundle replay", "report.gz")["same"]
    assert run("changes")["changes"]
    assert run("lock", *DAY, "--reason", "payroll", fails="refused-lock")["verified"]["wrong"]
    run("lock", *DAY, "--reason", "payroll", "--anyway")
    run("locks")
    run("lock", "--from", "2025-12-10", "--to", "2025-12-10", "--reason", "payroll", "--anyway", "--clock", "4100001")
    run("locks --all")
    run("unlock", *DAY, **BERLIN, fails="failure")
    run("account accept", "--timezone", "--yes", **BERLIN)
    assert run("unlock", "--from", "2025-12-02", "--to", "2025-12-02", **BERLIN)["still_locked"] is not None
    run("account accept", "--timezone", "--yes")
    run("unlock", *DAY)
    run("account")
    run("clocks vouch", str(CLOSED), "--reason", "sold")
    run("clocks")
    run("clocks unvouch", str(CLOSED))
    run("undo", str(run("resync", *WINDOW)["run"] - 1))
    assert run("runs")["runs"][0]["undoes"]


def people(run: Folder) -> None:
    """Users and employees: suggested, mapped, refused, made, unmapped."""
    company = run.sandbox.company
    first, second, *_ = users = sorted(company.people)
    run.sql(
        "CREATE TABLE employees (id INTEGER PRIMARY KEY AUTOINCREMENT, name VARCHAR(191), email VARCHAR(191),"
        " connecteam_user_id INTEGER)"
    )
    run("init")
    person = company.people[first]
    run.sql(
        "INSERT INTO employees (name, email) VALUES (?, ?), ('Somebody', NULL), ('Twin', NULL), ('Twin', NULL)",
        f"{person.first_name} {person.last_name}",
        person.email,
    )
    run.sql("UPDATE employees SET connecteam_user_id = ? WHERE name = 'Twin'", users[2])
    run("sync", *WINDOW)
    found = run("employees")["employees"]
    assert any(one["suggestions"] for one in found)
    assert any(one["ambiguous"] for one in found)
    assert run("employees --without-user")["without_user"]
    assert run("employees map --suggested", "--yes")["mapped"]
    run("employees map", str(second), "2", fails="refused-mapping")
    run("employees map", str(second), "2", "--yes")
    run("sync", *WINDOW)
    # Somebody else gets the hours of the second: hours change hands.
    assert run("employees map", str(second), "1", "--yes")["from"]
    run("employees unmap", str(second))
    assert run("employees create", str(users[-1]))["run"]
    run.sql("UPDATE clock_times SET source = 'manual' WHERE id = 1")
    assert run("employees map", str(users[2]), "3", "--yes")["left"] is not None


def failures(run: Folder) -> None:
    """A guard, an absent Connecteam, a stale plan, a feed that began again, and what nobody foresaw."""
    company = run.sandbox.company
    run("sync", fails="failure")
    run("init")
    run("sync", *WINDOW)
    run("plan", *WINDOW, "--out", "old.json")
    for shift in company.shifts()[:40]:
        company.delete(shift.id)
    hours = dict(run.sql("SELECT id, total_minutes FROM clock_times"))
    said = {each["clock_time_id"]: each["minutes"] for each in run("plan", *WINDOW)["refusals"][0]["stopped"]}
    assert said == {key: hours[key] or 0 for key in said}, "the hours of each row, as the row has them"
    assert max(said.values()) > 0
    assert run("sync", *WINDOW)["errors"][0]["stopped"]
    assert run("show", "2")["errors"]
    run.sql("UPDATE clock_times SET total_minutes = total_minutes + 1 WHERE id = 1")
    assert run("undo", "1", fails="refused-undo")["rows"] == [1]
    run.sql("UPDATE clock_times SET total_minutes = total_minutes - 1 WHERE id = 1")
    run.sandbox.faults.add("unavailable", path="time-activities", times=100)
    assert run("sync", *WINDOW)["errors"]
    run.sandbox.faults.add("unavailable", path="time-activities", times=100)
    assert run("plan", *WINDOW)["errors"]
    run.sandbox.faults.clear()
    last = run("changes")["last"]
    run.sql("DELETE FROM connecteam_sync_changes WHERE id > 20")
    run("changes", "--after", last, fails="feed-reset")
    run("undo", "99", fails="failure")
    run("clocks vouch", "5", "--reason", "x", fails="failure")


def taken_over(run: Folder) -> None:
    """A table that was there before: doubles, odd rows, rows without seconds and at an offset, another table's rows."""
    run.sql(
        "CREATE TABLE clock_times (id INTEGER PRIMARY KEY AUTOINCREMENT, employee_id INTEGER, clock_in DATETIME,"
        " clock_out DATETIME, total_minutes INTEGER, is_active BOOLEAN, source VARCHAR(50))"
    )
    run.sql("CREATE TABLE lines (id INTEGER PRIMARY KEY, punch INTEGER REFERENCES clock_times (id))")
    run("init")
    company = run.sandbox.company
    shifts = [shift for shift in company.shifts() if shift.end is not None]
    users = sorted({shift.user_id for shift in shifts})
    for number, user in enumerate(users, 1):
        run.sql("INSERT INTO employees (id, name, connecteam_user_id) VALUES (?, ?, ?)", number, f"P{user}", user)

    def row(user: int, start: int, end: int, minutes: int) -> None:
        run.sql(
            "INSERT INTO clock_times (employee_id, clock_in, clock_out, total_minutes, is_active, source)"
            " VALUES (?, datetime(?, 'unixepoch'), datetime(?, 'unixepoch'), ?, 0, 'connecteam')",
            users.index(user) + 1,
            start,
            end,
            minutes,
        )

    for number, shift in enumerate(shifts[:10]):
        end = (shift.end or 0) // 60 * 60 - number % 2 * 600
        row(shift.user_id, shift.start, end, (end - shift.start) // 60)
        company.edit(shift.id, start=shift.start + 41)
    for shift in shifts[10:20]:
        end = shift.end or 0
        row(shift.user_id, shift.start + 6 * 3600, end + 6 * 3600, (end - shift.start) // 60)
    for _ in range(2):
        row(shifts[30].user_id, shifts[30].start + 7200, shifts[30].start + 10800, 60)
    row(shifts[31].user_id, shifts[31].start + 7200, shifts[31].start + 200_000, 1)
    run.sql("UPDATE clock_times SET clock_out = '0000-00-00 00:00:00' WHERE id = 23")
    assert run("adopt", *WINDOW)["minutes"]["left"]
    run("adopt --sql")
    run("adopt --apply")
    run("adopt --undo")


def changed(run: Folder) -> None:
    """The account accepted with everything that it counts; demo has its own company."""
    run("init")
    run("sync", *WINDOW)
    run("account accept", "--timezone", fails="failure", **BERLIN)
    run("demo")


def compared(run: Folder) -> None:
    """What the old algorithm would lose: the second shift of a day, six hours after the first."""
    company, day = run.sandbox.company, date(2025, 12, 20)
    user = min(company.people)
    window = ("--from", "2025-12-20", "--to", "2025-12-20")
    run("init")
    company.add(user, company.at(day, "08:00"), company.at(day, "12:00"))
    run("sync", *window)
    company.add(user, company.at(day, "14:00"), company.at(day, "18:00"))
    assert run("compare", *window)["harms"]


def served(seen: Seen) -> None:
    """The sandbox says where it is before it serves, and ends when it is interrupted."""
    command = [sys.executable, "-m", "connecteam_sync", "sandbox", "--port", "0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own command
        assert process.stdout is not None
        found = json.loads(process.stdout.readline())
        process.send_signal(signal.SIGINT)
        process.wait(20)
    assert found.pop("schema") == SCHEMA
    seen.check("sandbox", found, "sandbox")
    seen.commands.add("sandbox")


def visited(run: Folder) -> None:
    """The service says that it is there, and ends when it is told to; its visits are paused and resumed."""
    run("init")
    command = [sys.executable, "-m", "connecteam_sync", "serve", "--json", "--port", "0", "--metrics-port", "0"]
    environment = os.environ | run.environment
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:  # noqa: S603 - our own command
        assert process.stdout is not None
        found = json.loads(process.stdout.readline())
        patience = time.monotonic() + 20
        while not run.sql("SELECT 1 FROM connecteam_sync_clocks") and time.monotonic() < patience:
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    assert found.pop("schema") == SCHEMA
    run.seen.check("service", found, "serve")
    run.seen.commands.add("serve")
    run.sql(
        "INSERT INTO connecteam_sync_doorbells (bell_key, number, state, event_type, time_clock_id, received_at,"
        " deliveries, fitted, looks) SELECT 'r-1', 1, 'heard', 'clock_in', max(time_clock_id), 1764600000, 1,"
        " 'secret', 1"
        " FROM connecteam_sync_clocks"
    )
    assert run("doorbells")["doorbells"][0]["key"] == "r-1"
    assert run("doorbells replay", "r-1")["doorbells"][0]["state"] == "waiting"
    run("doorbells replay", "r-2", fails="failure")
    secret = {"CONNECTEAM_SYNC_WEBHOOK_SECRET": "a-secret"}
    assert run("webhooks register", "--url", "https://hours.example.com", **secret)["webhooks"]
    assert run("webhooks")["webhooks"] == run("webhooks list")["webhooks"]
    assert run("webhooks rotate", **secret)["rotated"]
    assert run("webhooks remove")["removed"]
    told(run)
    consoled(run)
    run.seen.check(answers()["retention check"], without_rights(), "retention check")
    assert run("pause", "--reason", "stocktaking")["paused"]
    assert {one["visits"]["paused_reason"] for one in run("clocks")["time_clocks"] if one["visits"]} == {"stocktaking"}
    assert run("resume")["resumed"]
    run("pause", "--reason", " ", fails="failure")


def told(run: Folder) -> None:
    """How the mirror is, before and after two looks that a bad key spoiled; and who was told."""
    # The service may have been ended before its first visit was: then nothing was looked at yet.
    assert run("status")["state"] in {"well", "needs_a_person"}
    receivers = {
        "CONNECTEAM_SYNC_ALERTS_WEBHOOK_URL": "http://127.0.0.1:1/",
        "CONNECTEAM_SYNC_ALERTS_WEBHOOK_SECRET": "whsec_MDEyMzQ1Njc4OWFiY2RlZg==",
    }
    for _ in range(2):
        run("sync", CONNECTEAM_SYNC_API_KEY="sandbox-no", **receivers)
    assert "key_bad" in {problem["name"] for problem in run("status", **receivers)["problems"]}
    alerts = {alert["name"]: alert for alert in run("alerts", **receivers)["alerts"]}
    assert alerts["key_bad"]["failed"].keys() == {"webhook"}
    assert [one["taken"] for one in run("alerts test", **receivers)["receivers"]] == [False]
    run("alerts test", fails="failure")


def consoled(run: Folder) -> None:
    """Who may sign in to the console."""
    assert run("console user add", "Ana", "--role", "viewer")["secret"] != run("console user secret", "Ana")["secret"]
    assert run("console user role", "Ana", "--role", "admin")["role"] == "admin"
    assert run("console")["users"] == run("console user")["users"] == run("console user list")["users"] != []
    run("console user add", "Ben", "--role", "king", fails="failure")
    assert run("console user remove", "Ana")["removed"] == "Ana"


def test_every_command_answers_as_the_page_says(seen: Seen) -> None:
    """Each command of the page was asked; what it said has the fields of its shape and no other, of the right types."""
    assert seen.commands == set(answers())


def test_every_field_of_the_page_was_seen(seen: Seen) -> None:
    """What the page promises is there: no shape and no field of it that no answer has."""
    promised = {(shape.name, field) for shape in SHAPES.values() for field in shape.fields}
    assert promised - seen.fields == set()


def test_what_nobody_foresaw_is_a_failure_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Of the same shape as those that are foreseen."""
    monkeypatch.setattr(sys, "argv", ["connecteam-sync", "sync", "--json"])
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    unforeseen.report_unforeseen(ValueError("odd"), json_written=False)
    found = json.loads(capsys.readouterr().out)
    assert found.pop("schema") == SCHEMA
    Seen().check("failure", found, "unforeseen")


def lines() -> list[str]:
    """What the page promises, a line for each field."""
    return sorted(f"{shape.name}.{field}: {kind}" for shape in SHAPES.values() for field, kind in shape.fields.items())


def test_a_schema_number_keeps_what_it_promised() -> None:
    """Fields may come; one that goes, or is of another type, raises SCHEMA and is another file (see `main`)."""
    assert f'"schema": {SCHEMA}' in sections()["json"]
    assert set(PROMISED.read_text().splitlines()) <= set(lines())


if __name__ == "__main__":
    # Keeps new fields of this schema number, or begins the list of a new one.
    PROMISED.write_text("\n".join(lines()) + "\n")

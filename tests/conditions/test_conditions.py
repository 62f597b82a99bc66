"""Every condition on every database it concerns, through the command, with the table dumped before and after."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from condition import Condition, quoted
from databases_page import PAGE, page
from kinds import CONDITIONS
from sqlalchemy import create_engine

from connecteam_sync.cli.main import main
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from support.scenario import FIRST, LAST

WINDOW = ("--from", str(FIRST), "--to", str(LAST))
Fact = tuple[int, int, int, float, int]
CASES = [(condition, name) for condition in CONDITIONS for name in condition.databases]


def _fact(user: int, start: Any, end: Any, minutes: Any, active: Any) -> Fact:  # noqa: ANN401 - a driver's values
    return (user, int(start), -1 if end is None else int(end), -1.0 if minutes is None else float(minutes), int(active))


@dataclass
class Host:
    """Somebody's database, their configuration, and the command run over them in this process."""

    condition: Condition
    name: str
    url: str
    folder: Path
    sandbox: Sandbox
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    def prepare(self) -> None:
        """Their tables with their people, and our configuration."""
        lines = [*self.condition.top, 'employees = "match"', "[tables.clock_times]", *self.condition.settings]
        (self.folder / "connecteam-sync.toml").write_text("\n".join(lines) + "\n")
        self.monkeypatch.chdir(self.folder)
        values = {
            "BASE_URL": self.sandbox.url,
            "API_KEY": self.sandbox.key,
            "TIMEZONE": self.sandbox.company.timezone,
            "DATABASE_URL": self.url,
            "TOTAL_SECONDS": "2",
            "MAX_DELETES": "20",
        }
        for key in [key for key in os.environ if key.startswith("CONNECTEAM_SYNC_")]:
            self.monkeypatch.delenv(key)  # what a run of the tests is told is no configuration
        for key, value in values.items():
            self.monkeypatch.setenv(f"CONNECTEAM_SYNC_{key}", value)
        self.run(*self.condition.tables(self.name))
        for number, user in enumerate(sorted(self.sandbox.company.people), 1):
            self.run(f"INSERT INTO employees (name, connecteam_user_id) VALUES ('Person {number}', '{user}')")
        self.run(*self.condition.rows)

    def run(self, *statements: str) -> None:
        """What the host's own administrator does."""
        engine = create_engine(self.url)
        try:
            with engine.begin() as connection:
                for statement in statements:
                    connection.exec_driver_sql(statement)
        finally:
            engine.dispose()

    def read(self, statement: str) -> list[tuple[Any, ...]]:
        """What stands there."""
        engine = create_engine(self.url)
        try:
            with engine.connect() as connection:
                return [tuple(row) for row in connection.exec_driver_sql(statement)]
        finally:
            engine.dispose()

    def dump(self, *without: str) -> list[str]:
        """Every row of the table to the byte, in an order of their own; but for the columns that a trigger owns."""
        kept = [name for name in self.columns() if name not in without]
        wanted = [quoted(self.name, name) for name in kept]
        if self.name == "sqlite":
            wanted += [f"typeof({name})" for name in wanted]
        return sorted(map(repr, self.read(f"SELECT {', '.join(wanted)} FROM clock_times")))

    def columns(self) -> list[str]:
        """The names of the table's columns."""
        engine = create_engine(self.url)
        try:
            with engine.connect() as connection:
                return list(connection.exec_driver_sql("SELECT * FROM clock_times").keys())
        finally:
            engine.dispose()

    def facts(self) -> list[Fact]:
        """(user, clock-in, clock-out, minutes, whether active) of every row of ours, in order."""
        users = dict(self.read("SELECT id, connecteam_user_id FROM employees"))
        found = self.read(self.condition.read(self.name))
        return sorted(_fact(int(users[employee]), *values) for employee, *values in found)

    def truth(self) -> list[Fact]:
        """The same, of Connecteam."""
        return sorted(_fact(*row, row[2] is None) for row in self.sandbox.company.truth(FIRST, LAST))

    def command(self, *words: str) -> tuple[int, dict[str, Any]]:
        """Exit code and the one JSON object."""
        self.monkeypatch.setattr(sys, "argv", ["connecteam-sync", *words, "--json"])
        self.capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        out = self.capsys.readouterr()
        code = 0 if ended.value.code is None else int(ended.value.code)
        assert "Traceback" not in out.err, out.err
        found: dict[str, Any] = json.loads(out.out)
        return code, found


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A small company."""
    with Sandbox(Company(12, people=5), SandboxSettings(minute_limit=1_000_000, day_limit=1_000_000)) as served:
        yield served


@pytest.fixture
def host(
    condition: Condition,
    database: str,
    request: pytest.FixtureRequest,
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
) -> Host:
    """Somebody's tables, as the condition says."""
    name = request.node.callspec.params["database"]
    folder, said = request.getfixturevalue("tmp_path"), request.getfixturevalue("capsys")
    made = Host(condition, name, database, folder, sandbox, monkeypatch, said)
    made.prepare()
    return made


@pytest.mark.parametrize(
    ("condition", "database"),
    [pytest.param(condition, name, id=f"{name}: {condition.name}") for condition, name in CASES],
    indirect=["database"],
)
def test_a_condition(condition: Condition, host: Host) -> None:
    """What is served is served whole; what is refused is named, and nothing is written."""
    if condition.outcome == "refused":
        _refused(host)
    else:
        _served(host)


def _served(host: Host) -> None:
    condition = host.condition
    expected = 3 if condition.outcome == "held" else 0
    assert host.command("init")[0] == 0
    start = host.dump(*condition.moves)
    code, doctor = host.command("doctor")
    assert code == 0, [check for check in doctor["checks"] if check["state"] == "failed"]
    code, first = host.command("sync", *WINDOW)
    assert code == expected, first
    if condition.outcome == "held":
        assert {hold["reason"] for hold in first["holds"]} == set(condition.reasons)
    else:
        assert host.facts() == host.truth()
    mirrored = host.dump(*condition.moves)
    code, again = host.command("sync", *WINDOW)
    assert (code, again["status"]) == (expected, "nothing"), again
    assert host.dump(*condition.moves) == mirrored
    assert host.command("verify", *WINDOW)[0] == (5 if condition.outcome == "held" else 0)
    company = host.sandbox.company
    closed = [shift for shift in company.shifts(FIRST, LAST) if shift.end is not None]
    company.edit(closed[0].id, start=closed[0].start + 60)
    company.edit(closed[1].id, end=(closed[1].end or 0) + 600)
    company.delete(closed[2].id)
    code, second = host.command("sync", *WINDOW)
    assert (code, second["counts"]["updated"], second["counts"]["deleted"]) == (expected, 2, 1), second
    if condition.outcome != "held":
        assert host.facts() == host.truth()
    for run, image in ((second["run"], mirrored), (first["run"], start)):
        code, undone = host.command("undo", str(run))
        assert code == 0, undone
        assert host.dump(*condition.moves) == image


def _refused(host: Host) -> None:
    condition, before = host.condition, host.dump()
    code, made = host.command("init")
    assert code in {0, 2}, made
    code, doctor = host.command("doctor")
    failed = " ".join(f"{check['detail']} {check['cure']}" for check in doctor["checks"] if check["state"] == "failed")
    assert code != 0
    assert all(word in failed for word in condition.names), failed
    for words in (("sync", *WINDOW), ("resync", *WINDOW), ("adopt", "--apply")):
        code, said = host.command(*words)
        assert (code, said.get("error")) == (2, "not_served"), (words, said)
        assert all(word in said["message"] for word in condition.names), said
        assert said["next_step"]
        assert host.dump() == before


def test_the_page_is_made_of_the_conditions() -> None:
    """`docs/databases.md` cannot rot."""
    assert PAGE.read_text() == page(), "make it again: .venv/bin/python tests/conditions/databases_page.py"


def test_every_condition_has_a_name_of_its_own() -> None:
    """And says on the page what becomes of it."""
    names = [condition.name for condition in CONDITIONS]
    assert len(names) == len(set(names))
    for condition in CONDITIONS:
        assert condition.names or condition.outcome != "refused", f"{condition.name}: what must a refusal name?"
        assert condition.reasons or condition.outcome != "held", f"{condition.name}: which reasons?"

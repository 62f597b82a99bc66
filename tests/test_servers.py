"""Servers with other settings, poolers and drivers: what people have before and around their table.

Each case is a private server, started here, and the command as its users run it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from support import servers
from test_command import WINDOW, Terminal

TABLES = ("clock_times", "employees")


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Terminal]:
    """A small company, and a command that knows of no database yet."""
    with Sandbox(Company(60), SandboxSettings(minute_limit=100_000)) as sandbox:
        yield Terminal(tmp_path, sandbox)


def rows(url: str, *tables: str) -> list[list[dict[str, Any]]]:
    """Every column of every row of the host's tables."""
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            return [
                [dict(row) for row in connection.execute(text(f"SELECT * FROM {table} ORDER BY id")).mappings()]
                for table in tables or TABLES
            ]
    finally:
        engine.dispose()


def served(company: Terminal, url: str, look: str | None = None) -> None:
    """The whole story by the command: looked at, mirrored, quiet, proved, taken back to the byte.

    `look` is a URL by which the table is seen, where that of the command leads through something else.
    """

    def command(*words: str) -> Any:  # noqa: ANN401 - an answer
        return company(*words, CONNECTEAM_SYNC_DATABASE_URL=url)

    made = command("init")
    assert made.code == 0, made.err
    doctor = command("doctor")
    assert doctor.code == 0, doctor.out + doctor.err
    assert command("sync", "--day", "2025-12-01").code == 0
    before = rows(look or url)
    first = command("sync", *WINDOW, "--json")
    assert (first.code, first.json["status"]) == (0, "applied"), first.err
    mirrored = rows(look or url)
    assert mirrored != before
    quiet = command("sync", *WINDOW, "--json").json
    assert (quiet["status"], quiet["counts"]["unchanged"]) == ("nothing", 60)
    assert rows(look or url) == mirrored
    assert command("verify", *WINDOW).code == 0
    undone = command("undo", "2")
    assert undone.code == 0, undone.err
    assert rows(look or url) == before


def refused(company: Terminal, url: str, *told: str) -> None:
    """What is not served is said by name, by `doctor` and by what writes, and nothing is written."""
    doctor = company("doctor", "--json", CONNECTEAM_SYNC_DATABASE_URL=url)
    failed = [check for check in doctor.json["checks"] if check["state"] == "failed"]
    assert any(all(word in check["detail"] for word in told) for check in failed), doctor.out
    assert all("may not" not in check["detail"] for check in failed), failed
    sync = company("sync", *WINDOW, "--json", CONNECTEAM_SYNC_DATABASE_URL=url)
    assert (sync.code, "not_served" in sync.out) == (2, True), sync.out
    assert all(word in sync.out for word in told), sync.out


def test_private_servers_answer() -> None:
    """Each is what it says, with its settings, and there once for all who ask for the same."""
    first = servers.mariadb("--sql-mode=TRADITIONAL")
    assert first is servers.mariadb("--sql-mode=TRADITIONAL")
    assert "STRICT_ALL_TABLES" in str(first.execute("SELECT @@GLOBAL.sql_mode"))
    behind = servers.postgresql("log_min_messages=fatal")
    assert behind.execute("SHOW log_min_messages") == [("fatal",)]
    assert servers.pgbouncer(behind.port, "pool_mode=transaction").execute("SELECT 1") == [(1,)]


# -- sql modes and other settings --------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["STRICT_ALL_TABLES", "TRADITIONAL", "ANSI,TRADITIONAL", "NO_BACKSLASH_ESCAPES"])
@pytest.mark.parametrize("make", [servers.mariadb, servers.mysql], ids=["mariadb", "mysql"])
def test_sql_modes(company: Terminal, make: Any, mode: str) -> None:  # noqa: ANN401 - a kind of server
    """A security benchmark demands the strict ones; others come with old programs."""
    server = make()
    server.execute(f"SET GLOBAL sql_mode = '{mode}'")
    served(company, server.database("modes"))


@pytest.mark.parametrize("make", [servers.mariadb, servers.mysql], ids=["mariadb", "mysql"])
def test_settings_for_people_who_type(company: Terminal, make: Any) -> None:  # noqa: ANN401 - a kind of server
    """Answers cut short, updates refused without a key, transactions that go on by themselves: not for us."""
    server = make()
    server.execute("SET GLOBAL sql_mode = DEFAULT")
    settings = ("sql_safe_updates = 1", "sql_select_limit = 3", "completion_type = 1", "sql_big_selects = 0")
    server.execute(*(f"SET GLOBAL {setting}" for setting in settings), "SET GLOBAL max_join_size = 10")
    plain = server.url("typing", init_command="SET SESSION sql_select_limit = 10000, sql_big_selects = 1")
    try:
        served(company, server.database("typing"), plain)
    finally:
        defaults = [setting.partition(" =")[0] for setting in settings]
        server.execute(*(f"SET GLOBAL {name} = DEFAULT" for name in (*defaults, "max_join_size")))

"""What a start loads, in counts: seconds would depend on the machine."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Table, event

from connecteam_sync.cli.commands import PLACES
from connecteam_sync.cli.startup import loading
from connecteam_sync.store.tables import init
from connecteam_sync.store.tables.own import KINDS, OwnNames
from connecteam_sync.store.tables.schema import VERSION, tables_of
from test_command import Terminal, terminal

__all__ = ["terminal"]

START = """
import atexit, json, pathlib, sys
bare = set(sys.modules)
atexit.register(lambda: pathlib.Path("loaded.json").write_text(json.dumps(sorted(set(sys.modules) - bare))))
from connecteam_sync.cli.main import main
main()
"""
"""The command, leaving behind the names of the modules it loaded."""
WITH_TABLES = """
import atexit, json, pathlib
from sqlalchemy import Table, event
made = []
event.listen(Table, "after_parent_attach", lambda table, _: made.append(table.name))
atexit.register(lambda: pathlib.Path("loaded.json").write_text(json.dumps(sorted(made))))
from connecteam_sync.cli.main import main
main()
"""
"""The command, leaving behind the names of the tables of ours that were made for SQLAlchemy."""
SERVERS = {"starlette", "uvicorn", "schemathesis", "connecteam_sync.sandbox.server"}
MACHINERY = {"typer", "click", "rich", "msgspec", "sqlalchemy", "alembic", "httpx2", "stamina", "asyncio", "ssl"}
DRIVERS = {"pymysql", "MySQLdb", "psycopg", "sqlalchemy.dialects.mysql", "sqlalchemy.dialects.postgresql"}


def loaded(terminal: Terminal, *words: str, start: str = START) -> set[str]:
    """The modules of a whole process, beyond those of a bare interpreter; or what else `start` leaves behind."""
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-c", start, *words],
        cwd=terminal.folder,
        env=terminal.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads((terminal.folder / "loaded.json").read_text()))


def test_the_version_is_told_without_loading_the_program(terminal: Terminal) -> None:
    """Nothing that is not in the standard library."""
    found = loaded(terminal, "--version")
    assert not found & (MACHINERY | SERVERS | DRIVERS)
    assert len(found) <= 20, sorted(found)


@pytest.mark.parametrize(
    ("words", "most"), [(("--help",), 191), (("sync", "--help"), 162), (("employees", "map", "--help"), 162)]
)
def test_help_is_told_without_database_and_network(terminal: Terminal, words: tuple[str, ...], most: int) -> None:
    """It has every command, and loads none of what they work with."""
    found = loaded(terminal, *words)
    assert not found & (SERVERS | DRIVERS | {"sqlalchemy", "alembic", "httpx2", "stamina", "rich", "pydantic"})
    assert len(found) <= most, len(found)


def test_an_unchanged_sync_loads_what_it_needs(terminal: Terminal) -> None:
    """No other database's driver, no migrations, no web server, no colours where nobody watches."""
    day = ("sync", "--day", "2025-12-03")
    for _ in range(2):  # the second one still decides
        assert terminal(*day).code == 0
    found = loaded(terminal, *day)
    assert not found & (SERVERS | DRIVERS | {"alembic", "mako", "rich", "pydantic", "pygments"})
    assert {"sqlalchemy", "httpx2"} <= found
    ours = {name for name in found if name.split(".")[0] == "connecteam_sync"}
    assert len(found - ours) <= 422, len(found - ours)
    assert len(ours) <= 196, len(ours)
    others = {f"connecteam_sync.cli.{place.partition('.')[0]}" for place in PLACES.values()} - {
        "connecteam_sync.cli.sync"
    }
    assert not found & others, "the commands that were not asked for"
    made = {"connecteam_sync_runs", "connecteam_sync_slices", "connecteam_sync_changes"}
    assert loaded(terminal, *day, start=WITH_TABLES) <= made


def test_a_table_is_made_when_it_is_asked_for() -> None:
    """Once, and no other with it: making all of them takes longer than a run that changes nothing."""
    made = list[str]()

    def note(table: Table, _: object) -> None:
        made.append(table.name)

    event.listen(Table, "after_parent_attach", note)
    try:
        tables = tables_of(OwnNames(prefix="made_when_asked_"))
        assert (tables.shifts is tables.shifts, made) == (True, ["made_when_asked_shifts"])
        assert [table.name for table in tables] == [f"made_when_asked_{kind}" for kind in KINDS if kind != "version"]
        assert len(made) == len(KINDS) - 1
        with pytest.raises(AttributeError, match="nonsense"):
            tables["nonsense"]
    finally:
        event.remove(Table, "after_parent_attach", note)


def test_garbage_is_collected_again_once_all_is_loaded(terminal: Terminal) -> None:
    """A service of months would otherwise keep every cycle of objects that it ever made."""
    watched = "import atexit, gc\natexit.register(lambda: print(gc.isenabled()))\n"
    code = f"{watched}from connecteam_sync.cli.main import main\nmain()"
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-c", code, "runs", "--json"],
        cwd=terminal.folder,
        env=terminal.environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.splitlines()[-1] == "True"


def test_the_library_loads_when_it_is_asked_for_a_name() -> None:
    """`import connecteam_sync` alone is nearly nothing, and every name of the client is there."""
    code = """
import sys, connecteam_sync
assert "sqlalchemy" not in sys.modules
from connecteam_sync import *
import connecteam_sync.sandbox
assert "starlette" not in sys.modules
from connecteam_sync.sandbox import *
for room in (connecteam_sync, connecteam_sync.sandbox):
    for name in room.__all__:
        value = getattr(room, name)
        assert value.__name__ == name if isinstance(value, type) else value is not None
    try:
        room.Nonsense
    except AttributeError as error:
        assert "Nonsense" in str(error)
    else:
        sys.exit(f"{room} has a name that nobody gave it")
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)  # noqa: S603 - our own library


def test_the_collector_rests_only_while_something_is_loaded() -> None:
    """Where loading fails, too: a service would grow for ever."""
    with loading():
        assert not gc.isenabled()
    assert gc.isenabled()
    with pytest.raises(ImportError, match="absent"), loading():
        raise ImportError("absent")
    assert gc.isenabled()


def test_our_version_is_that_of_the_newest_migration() -> None:
    """It is a word of the program, since Alembic would take longer to start than the rest of a run."""
    config = Config()
    folder = Path(init.__file__).parent.parent / "migrations"
    config.set_main_option("script_location", str(folder))
    scripts = ScriptDirectory.from_config(config)
    assert scripts.get_current_head() == VERSION

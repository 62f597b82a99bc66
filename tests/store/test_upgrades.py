"""What every version of our tables left is upgraded: the tables are those of a fresh database, and no row is lost."""

from __future__ import annotations

import ast
import hashlib
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event, make_url, text

import connecteam_sync.store.migrations
import kept_dumps
from conftest import DATABASES
from connecteam_sync.sandbox import Sandbox
from connecteam_sync.sandbox.settings import SandboxSettings as Behaviour
from connecteam_sync.store.store import Store
from connecteam_sync.store.tables.schema import VERSION
from support.scenario import World

MIGRATIONS = Path(connecteam_sync.store.migrations.__file__).parent
BY_INIT, BY_HAND = ("0001", "0012"), ("0005",)
"""What a server is tried with, since each takes some seconds: the oldest tables, which every migration changes, and
such as begin behind most of them; by the statements of `init --sql`, tables of the old names with a digest. SQLite is
tried with all of them, both ways.
"""
KEPT = [
    pytest.param(database, version, is_printed, id=f"{database}-{version}-{'by hand' if is_printed else 'by init'}")
    for database in DATABASES
    for version in kept_dumps.VERSIONS
    for is_printed in (False, True)
    if database == "sqlite" or version in (BY_HAND if is_printed else BY_INIT)
]
UNIQUE = "0009"
RIVAL = (
    "INSERT INTO {table} (id, user_id, time_clock_id, start_at, is_auto_clock_out, clock_time_id, applied_employee_id,"
    " applied_clock_in, applied_clock_out, is_gone, changed_in_run) SELECT 'kept-rival', user_id, time_clock_id,"
    " start_at, is_auto_clock_out, clock_time_id, applied_employee_id, applied_clock_in - 60, applied_clock_out, 0, 99"
    " FROM {table} WHERE id = 'kept-2'"
)
"""Before the links were unique: another shift that claims the row, changed later, whose values are not the row's."""
FRESH: dict[str, set[tuple[object, ...]]] = {}
RELEASED = {
    "frozen.py": "670c43d0fe439a72",
    "0001_tables.py": "b7db086cc2888917",
    "0002_adopt.py": "9c21c2d633e48b41",
    "0003_inputs.py": "048e4e1024c4f72d",
    "0004_row_digest.py": "1c0343b318db0151",
    "0005_keys.py": "54f5e4582b382d6b",
    "0006_acknowledged.py": "2c4166a5d687847f",
    "0007_names.py": "1c3b78fe2afa4613",
    "0008_phone.py": "11f2d70e4ef0feb5",
    "0009_links.py": "d2772495091ac077",
    "0010_locks.py": "f40614ea12b3a8af",
    "0011_account.py": "389f96b50cd48ca2",
    "0012_probed.py": "f95894c374983fcb",
    "0013_touched.py": "d32848935eccfa97",
    "0014_place.py": "ff13ae21766c60f0",
    "0015_service.py": "a0ce26a909beb8a7",
    "0016_told.py": "d82bc16551f1b973",
    "0017_console.py": "7541d395dbd9f2e6",
    "0018_payroll.py": "f83ee4e75c7e019d",
    "0019_retention.py": "ede54a38ce8a87ee",
    "0020_jobs.py": "24e0b211357a2d50",
    "0021_people.py": "6372516a6268eebe",
}
"""The digests of what was released: a migration means for ever what it meant then."""


def fresh(connection: Connection, database: str) -> set[tuple[object, ...]]:
    """The catalogue of a database of this kind in which `init` makes all tables; asked in an empty one, once."""
    kind = f"{make_url(database).drivername} {make_url(database).port}"
    if kind not in FRESH:
        store = Store(database)
        store.init()
        store.close()
        FRESH[kind] = kept_dumps.catalogue(connection)
        kept_dumps.empty(connection)
    return FRESH[kind]


def upgraded(database: str, *, is_printed: bool, connection: Connection) -> None:
    """By `init`, or by a person who runs what `init --sql` prints; either way `init` finds nothing left to do."""
    store = Store(database)
    if is_printed:
        kept_dumps.run_script(connection, store.init_sql())
    else:
        # What had to be put back, a migration has forgotten.
        assert not [said for said in store.init() if "put back" in said]
    assert store.init() == ()
    store.close()


def require_kept(connection: Connection, before: dict[str, list[dict[str, Any]]]) -> None:
    """Every value that was there is there, whatever the table is called now; and nothing but the token of webhooks.

    Migration 0018 has the next look say again what it holds on a closed day, so that a correction is made of it.
    """
    after = kept_dumps.data_of(connection, VERSION)
    for kind, rows in before.items():
        was, now = (
            [
                {name: row[name] for name in rows[0] if (row.get("reason"), name) != ("locked_day", "detail")}
                for row in of
                if row.get("name") != "webhook_token"
            ]
            for of in (rows, after[kind])
        )
        assert sorted(now, key=repr) == sorted(was, key=repr), kind


@pytest.mark.parametrize(("database", "version", "is_printed"), KEPT, indirect=["database"])
def test_a_kept_version_becomes_a_fresh_one(database: str, version: str, is_printed: bool) -> None:  # noqa: FBT001 - a parameter
    """Tables, keys and indexes as if made from nothing; rows as they were; and the next run has nothing to do."""
    with kept_dumps.engine_of(database).connect() as connection:
        wanted = fresh(connection, database)
        kept_dumps.load(connection, version)
        before = kept_dumps.data_of(connection, version)
        assert all(before.values())
        if version < UNIQUE:
            connection.exec_driver_sql(RIVAL.format(table=kept_dumps.name_in(version, "shifts")))
        upgraded(database, is_printed=is_printed, connection=connection)
        assert kept_dumps.catalogue(connection) == wanted
        if version < UNIQUE:
            rival = "FROM connecteam_sync_shifts WHERE id = 'kept-rival'"
            assert connection.exec_driver_sql(f"SELECT clock_time_id, applied_clock_in {rival}").one() == (None, None)
            connection.exec_driver_sql(f"DELETE {rival}")
        require_kept(connection, before)
        account = connection.execute(text("SELECT timezone, time_clocks FROM connecteam_sync_account")).all()
        assert [tuple(row) for row in account] == [("America/Chicago", "[4100001]")]
    with Sandbox(kept_dumps.company(is_later=True), Behaviour(minute_limit=1_000_000)) as sandbox:
        world = World(sandbox, database)
        for _ in range(2):
            run = world.sync()
            assert (run.status, run.counts.unchanged, run.counts.held) == ("nothing", 3, 1)
        assert kept_dumps.DAY in world.mirror.locked_days()
        world.work(4, "08:00", "16:00")
        assert world.sync().counts.created == 1
        world.mirror.close()


@pytest.mark.parametrize("version", kept_dumps.VERSIONS)
def test_a_making_that_broke_off_is_completed_whoever_began_it(tmp_path: Path, version: str) -> None:
    """Its number comes last, so it is not there: every migration finds what there is, and adds what is absent."""
    database = f"sqlite:///{tmp_path}/test.db"
    with kept_dumps.engine_of(database).connect() as connection:
        wanted = fresh(connection, database)
        kept_dumps.load(connection, version)
        before = kept_dumps.data_of(connection, version)
        connection.execute(text("DELETE FROM connecteam_sync_version"))
        store = Store(database)
        assert "broken off" in store.init_sql()
        store.init()
        store.close()
        assert kept_dumps.catalogue(connection) == wanted
        require_kept(connection, before)


def test_a_making_of_ours_that_broke_off_is_completed(database: str) -> None:
    """MySQL commits each statement: half of the tables are there, and `init` completes them."""
    with kept_dumps.engine_of(database).connect() as connection:
        wanted = fresh(connection, database)
        store, seen = Store(database), 0

        def stop(_conn: object, _cursor: object, statement: str, *_: object) -> None:
            nonlocal seen
            seen += statement.lstrip().startswith(("CREATE", "ALTER"))
            if seen > 11:
                raise KeyboardInterrupt

        event.listen(store._engine, "before_cursor_execute", stop)
        with pytest.raises(KeyboardInterrupt):
            store.init()
        store.close()
        again = Store(database)
        again.init()
        assert again.init() == ()
        again.close()
        assert kept_dumps.catalogue(connection) == wanted


def test_statements_are_printed_for_what_is_there(database: str) -> None:
    """The making where there is nothing, whole or not at all where a database can; nothing where all is well."""
    store = Store(database)
    said = store.init_sql()
    assert "CREATE TABLE connecteam_sync_changes" in said
    lines = [line for line in said.splitlines() if line]
    assert ((lines[0], lines[-1]) == ("BEGIN;", "COMMIT;")) == (store.dialect.family != "mysql")
    store.init()
    assert store.init_sql() == f"-- Our tables are at version {VERSION}: there is nothing to upgrade.\n"
    store.close()


def test_a_table_of_somebody_else_is_left_alone_by_the_statements(tmp_path: Path) -> None:
    """It bears a name that ours once had: ours is made under its own, and theirs stays as it is."""
    database = f"sqlite:///{tmp_path}/test.db"
    with kept_dumps.engine_of(database).connect() as connection:
        kept_dumps.load(connection, "0005")
        theirs = "DROP TABLE locked_days;\nCREATE TABLE locked_days (day VARCHAR(10), reason VARCHAR(20));\n"
        kept_dumps.run_script(
            connection, f"{theirs}INSERT INTO locked_days (day, reason) VALUES ('2025-12-01', 'x');\n"
        )
        upgraded(database, is_printed=True, connection=connection)
        assert kept_dumps.rows_of(connection, "locked_days") == [{"day": "2025-12-01", "reason": "x"}]
        assert kept_dumps.rows_of(connection, "connecteam_sync_locked_days") == []


TEXT_KEYS = """
DROP TABLE clock_times;
DROP TABLE employees;
CREATE TABLE employees (id CHAR(20) PRIMARY KEY, name VARCHAR(99), email VARCHAR(99), connecteam_user_id VARCHAR(40));
CREATE TABLE clock_times (id CHAR(20) PRIMARY KEY, employee_id CHAR(20) NOT NULL, clock_in TIMESTAMP NOT NULL,
  clock_out TIMESTAMP NULL, total_minutes INTEGER, is_active BOOLEAN NOT NULL, source VARCHAR(32) NOT NULL,
  UNIQUE (employee_id, clock_in));
INSERT INTO connecteam_sync_version (version_num) VALUES ('0012');
INSERT INTO connecteam_sync_guard (id, made_employees) VALUES (1, 0);
"""


def test_other_keys_are_followed_by_the_statements(database: str) -> None:
    """Tables that hold nothing yet: an upgrade says that there is more to do, and then it is printed."""
    with kept_dumps.engine_of(database).connect() as connection:
        kept_dumps.load(connection, "0012", data=TEXT_KEYS)
        store = Store(database)
        first = store.init_sql()
        assert "print this again" in first
        kept_dumps.run_script(connection, first)
        kept_dumps.run_script(connection, store.init_sql())
        assert store.init() == ()
        store.close()


def test_migrations_know_nothing_of_the_program() -> None:
    """What the program's code becomes later changes none of them."""
    files = list(MIGRATIONS.rglob("*.py"))
    assert len(files) > len(RELEASED)
    for path in files:
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or "."] if isinstance(node, ast.ImportFrom) else []
            ours = {name for name in names if name.startswith(("connecteam_sync", "."))}
            assert ours <= {"connecteam_sync.store.migrations.frozen"}, path.name


def test_released_migrations_are_as_they_were() -> None:
    """A change of one would be a change of every database that has taken it: write the next one instead."""
    found = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()[:16]
        for path in [MIGRATIONS / "frozen.py", *sorted((MIGRATIONS / "versions").glob("*.py"))]
    }
    assert found == RELEASED


def test_every_version_is_kept() -> None:
    """Before a migration is added, the tables that it will meet are kept: `python tests/kept_dumps.py`."""
    released = sorted(path.name[:4] for path in (MIGRATIONS / "versions").glob("0*.py"))
    assert released == list(kept_dumps.VERSIONS)
    for version in kept_dumps.VERSIONS:
        files = {path.name for path in (kept_dumps.FOLDER / version).iterdir()}
        assert files == {"data.sql", "mysql.sql", "postgresql.sql", "sqlite.sql"}, version

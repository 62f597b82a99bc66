"""Our tables' names: chosen, renamed from those of old versions, and never those of a table that is somebody else's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, event, inspect, make_url, text

from connecteam_sync.config import load_settings
from connecteam_sync.errors import ConfigurationError, NotInitialised, UndoRefused
from connecteam_sync.sandbox import Company, Sandbox
from connecteam_sync.sandbox.settings import SandboxSettings as Behaviour
from connecteam_sync.store.sql.connect import database_url
from connecteam_sync.store.store import Store
from connecteam_sync.store.tables.host import ClockTimesNames, HostTables
from connecteam_sync.store.tables.own import KINDS, OwnNames
from connecteam_sync.store.tables.ownership import OLD_KINDS, old_name
from connecteam_sync.store.tables.schema import VERSION
from support.databases import run_statement
from support.scenario import FIRST, LAST, World

FOREIGN = {
    "locked_days": "day VARCHAR(10) PRIMARY KEY, reason VARCHAR(20)",
    "sync_runs": "id INTEGER PRIMARY KEY, started VARCHAR(30)",
    "connecteam_users": "id INTEGER PRIMARY KEY, email VARCHAR(90), name VARCHAR(90)",
    "connecteam_shifts": "id INTEGER PRIMARY KEY, payload VARCHAR(90)",
}
"""As they are at real sites."""


KEPT = ("row_digest", "touched_at")
"""What the server keeps by itself, now or in old versions."""


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A small company."""
    with Sandbox(Company(60), Behaviour(minute_limit=1_000_000)) as served:
        yield served


@pytest.fixture
def plain(database: str) -> Iterator[Connection]:
    """The database by itself, each statement committed."""
    engine = create_engine(database_url(database), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


Opening = Callable[..., Store]
Lived = tuple[Connection, dict[str, list[dict[str, Any]]]]


@pytest.fixture
def opening(database: str) -> Iterator[Opening]:
    """Opens the database, and closes all of it in the end."""
    with ExitStack() as stack:

        def opened(own: OwnNames | None = None) -> Store:
            return stack.enter_context(closing(Store(database, own=own)))

        yield opened


def ran(connection: Connection, script: str) -> None:
    """Statements of a file."""
    for statement in script.split(";\n"):
        lines = [line for line in statement.splitlines() if line.strip() and not line.startswith("--")]
        if lines:
            connection.execute(text("\n".join(lines)))


def old_script(connection: Connection) -> str:
    """What version 0005 made."""
    family = {"mariadb": "mysql"}.get(connection.dialect.name, connection.dialect.name)
    return (Path(__file__).parent / "old" / f"0005_{family}.sql").read_text()


def names_of(connection: Connection) -> set[str]:
    """Tables and views."""
    look = inspect(connection)
    return {*look.get_table_names(), *look.get_view_names()}


def rows_of(connection: Connection, table: str) -> list[dict[str, Any]]:
    """Every row and column of a table."""
    found = [dict(row) for row in connection.execute(text(f"SELECT * FROM {table}")).mappings()]
    for row in found:
        for name in KEPT:
            row.pop(name, None)
    return sorted(found, key=repr)


def as_version_0005_left_it(connection: Connection, prefix: str) -> None:
    """Move a life that was led under a prefix into the tables of version 0005, by copying it."""
    ran(connection, old_script(connection))
    for kind in OLD_KINDS:
        if kind == "version":
            continue
        old = old_name(kind)
        columns = [c["name"] for c in inspect(connection).get_columns(old) if c["name"] not in KEPT]
        every = ", ".join(columns)
        connection.execute(text(f"INSERT INTO {old} ({every}) SELECT {every} FROM {prefix}{kind}"))
        if connection.dialect.name == "postgresql" and "id" in columns and kind not in {"guard", "shifts", "breaks"}:
            newest = f"(SELECT coalesce(max(id), 0) + 1 FROM {old})"
            connection.execute(text(f"SELECT setval(pg_get_serial_sequence('{old}', 'id'), {newest}, false)"))
        connection.execute(text(f"DROP TABLE {prefix}{kind}"))
    for kind in (*(kind for kind in KINDS if kind not in OLD_KINDS), "version"):
        connection.execute(text(f"DROP TABLE {prefix}{kind}"))


@pytest.fixture
def lived(sandbox: Sandbox, database: str, plain: Connection) -> Lived:
    """A database that version 0005 has worked on, and what is in its tables."""
    world = World(sandbox, database, own=OwnNames(prefix="once_"))
    world.sync()
    shift = next(s for s in sandbox.company.shifts(FIRST, LAST) if s.end is not None)
    sandbox.company.edit(shift.id, start=shift.start + 60)
    world.sync()
    world.lock(FIRST)
    world.mirror.close()
    as_version_0005_left_it(plain, "once_")
    return plain, {kind: rows_of(plain, old_name(kind)) for kind in OLD_KINDS if kind != "version"}


def require_kept(connection: Connection, before: dict[str, list[dict[str, Any]]], prefix: str) -> None:
    """Every value that was there is there, under the new name; the old name is gone."""
    there = names_of(connection)
    for kind, rows in before.items():
        assert old_name(kind) not in there
        now = [{name: row[name] for name in rows[0]} for row in rows_of(connection, prefix + kind)] if rows else []
        assert sorted(now, key=repr) == rows, kind
    odd = {
        str(index["name"])
        for kind in before
        for index in inspect(connection).get_indexes(prefix + kind)
        if not str(index["name"]).startswith(f"ix_{prefix}{kind}_")
    }
    assert not odd


@pytest.mark.parametrize("prefix", ["connecteam_sync_", "ct_"])
def test_tables_of_old_names_are_renamed_and_nothing_is_lost(
    sandbox: Sandbox,
    database: str,
    opening: Opening,
    lived: Lived,
    prefix: str,
) -> None:
    """Rows, digests the server keeps, indexes and what makes keys: afterwards all commands go on where they were."""
    connection, before = lived
    with pytest.raises(NotInitialised, match=r"0005|no tables of ours"), opening().reading():
        pass
    store = opening(OwnNames(prefix=prefix))
    done = store.init()
    assert f"our tables are at version {VERSION} (were at 0005)" in done
    require_kept(connection, before, prefix)
    assert store.init() == ()
    world = World(sandbox, database, own=OwnNames(prefix=prefix))
    assert world.sync().status == "nothing"
    assert world.mirror.locked_days() == (FIRST,)
    assert not world.mirror.verify(world.window).differences
    with pytest.raises(UndoRefused, match=r"locked"):
        world.mirror.undo(2)
    world.mirror.unlock(FIRST, FIRST)
    undone = world.mirror.undo(2)
    assert undone.status == "applied"
    assert world.sync().counts.updated == 1
    assert len({run.id for run in world.mirror.runs()}) == 6
    assert all(check.state != "failed" for check in world.mirror.doctor())
    world.mirror.close()


def break_off(store: Store, moment: int) -> None:
    """Let the change of a table of this number be the one that never came."""
    seen = 0

    def stop(_conn: object, _cursor: object, statement: str, *_: object) -> None:
        nonlocal seen
        changes = statement.split(" ", maxsplit=1)[0] in {"RENAME", "ALTER", "DROP", "CREATE"}
        seen += changes
        if changes and seen == moment:
            raise KeyboardInterrupt

    event.listen(store._engine, "before_cursor_execute", stop)


@pytest.mark.parametrize("prefix", ["connecteam_sync_", "ct_"])
@pytest.mark.parametrize("moment", [1, 4, 9, 15, 20])
def test_a_renaming_that_broke_off_is_completed(opening: Opening, lived: Lived, moment: int, prefix: str) -> None:
    """MySQL commits each statement: whichever was the last, `init` goes on with the next."""
    connection, before = lived
    store = opening(OwnNames(prefix=prefix))
    break_off(store, moment)
    with pytest.raises(KeyboardInterrupt):
        store.init()
    fresh = opening(OwnNames(prefix=prefix))
    fresh.init()
    require_kept(connection, before, prefix)


def test_the_numbers_go_on_after_a_renaming(opening: Opening, lived: Lived) -> None:
    """Keys that the database makes are new ones, not those of rows that are there."""
    connection, _ = lived
    opening().init()
    ran(
        connection,
        "INSERT INTO connecteam_sync_slices (run_id, first_day, last_day, status, receipt) VALUES (9, '', '', '', '')",
    )
    newest = connection.execute(text("SELECT max(id), count(*) FROM connecteam_sync_slices")).one()
    assert newest[0] == newest[1]


def test_tables_of_real_sites_are_neither_read_nor_touched(sandbox: Sandbox, database: str, plain: Connection) -> None:
    """They bear the names that ours once had: nothing of them is read, written, renamed or deleted."""
    for name, columns in FOREIGN.items():
        ran(plain, f"CREATE TABLE {name} ({columns})")
    ran(plain, "INSERT INTO locked_days (day, reason) VALUES ('2025-12-01', 'theirs')")
    before = {name: rows_of(plain, name) for name in FOREIGN}
    world = World(sandbox, database)
    assert world.sync().status == "applied"
    assert world.mirror.locked_days() == ()
    world.lock(FIRST)
    assert len(world.mirror.unlock(FIRST, LAST).opened) == 1
    assert {name: rows_of(plain, name) for name in FOREIGN} == before
    world.mirror.close()


def test_a_foreign_table_among_ours_of_old_is_left_alone(opening: Opening, plain: Connection) -> None:
    """An old version took it for its own: it stays as it is, and ours is made next to it."""
    ran(plain, old_script(plain))
    ran(plain, f"DROP TABLE locked_days;\nCREATE TABLE locked_days ({FOREIGN['locked_days']})")
    ran(plain, "INSERT INTO locked_days (day, reason) VALUES ('2025-12-01', 'theirs')")
    assert "left table locked_days alone: it is not ours" in opening().init()
    assert rows_of(plain, "locked_days") == [{"day": "2025-12-01", "reason": "theirs"}]
    assert rows_of(plain, "connecteam_sync_locked_days") == []


def test_an_old_table_that_was_changed_is_refused(opening: Opening, plain: Connection) -> None:
    """Is it ours, or somebody's? Nobody can tell: nothing is renamed."""
    ran(plain, old_script(plain))
    ran(plain, "ALTER TABLE sync_holds ADD COLUMN owner VARCHAR(20)")
    before = names_of(plain)
    with pytest.raises(ConfigurationError, match=r"sync_holds.*owner") as raised:
        opening().init()
    assert raised.value.exit_code == 2
    assert names_of(plain) == before


@pytest.mark.parametrize("kind", ["users", "version", "locked_days"])
@pytest.mark.parametrize("what", ["TABLE", "VIEW"])
def test_init_is_refused_beside_a_table_that_is_not_ours(
    opening: Opening, plain: Connection, kind: str, what: str
) -> None:
    """Before anything is created; the message names the table and the key that helps."""
    columns = "(day VARCHAR(10), version_num VARCHAR(9))" if what == "TABLE" else "AS SELECT 'x' AS version_num"
    ran(plain, f"CREATE {what} connecteam_sync_{kind} {columns}")
    with pytest.raises(ConfigurationError, match=f"connecteam_sync_{kind}") as raised:
        opening().init()
    assert raised.value.exit_code == 2
    assert "[tables] prefix" in raised.value.next_step
    assert names_of(plain) == {f"connecteam_sync_{kind}"}
    other = opening(OwnNames(prefix="other_"))
    other.init()
    assert other.init() == ()


def test_a_foreign_table_beside_ours_is_refused_too(store: Store, plain: Connection) -> None:
    """A name that we have only now, and that is somebody's: our version table does not vouch for it."""
    ran(plain, f"DROP TABLE connecteam_sync_holds;\nCREATE TABLE connecteam_sync_holds ({FOREIGN['sync_runs']})")
    with pytest.raises(ConfigurationError, match="connecteam_sync_holds"):
        store.init()


def test_our_tables_in_a_schema_of_their_own(
    sandbox: Sandbox, database: str, opening: Opening, plain: Connection
) -> None:
    """A schema of PostgreSQL, a database of MySQL and MariaDB; the host's tables stay where they are."""
    url = make_url(database)
    if url.get_backend_name() == "sqlite":
        with pytest.raises(ConfigurationError, match="SQLite has no schema"):
            opening(OwnNames(schema="apart"))
        opening(OwnNames(schema="main")).init()
        assert "connecteam_sync_runs" in names_of(plain)
        return
    schema = "Apart-1" if url.get_backend_name() == "postgresql" else f"{url.database}-apart"
    quoted = plain.dialect.identifier_preparer.quote(schema)
    own = OwnNames(schema=schema)
    with pytest.raises(ConfigurationError, match=schema) as raised:
        opening(own).init()
    assert "CREATE" in raised.value.next_step
    assert names_of(plain) == set()
    run_statement(url, f"CREATE SCHEMA {quoted}")
    try:
        world = World(sandbox, database, own=own)
        assert world.sync().status == "applied"
        assert world.sync().status == "nothing"
        assert not world.mirror.verify(world.window).differences
        assert world.mirror.undo(1).status == "applied"
        assert all(check.state != "failed" for check in world.mirror.doctor())
        assert names_of(plain) == {"employees", "clock_times"}
        assert "connecteam_sync_runs" in inspect(plain).get_table_names(schema=schema)
        world.mirror.close()
    finally:
        if url.get_backend_name() != "postgresql":
            run_statement(url, f"DROP DATABASE {quoted}")


@pytest.mark.parametrize("table", ["connecteam_sync_shifts", "Connecteam_Sync_Version", "connecteam_sync_backup_3"])
def test_a_host_table_under_a_name_of_ours_is_refused(tmp_path: Path, table: str) -> None:
    """The two would be one table."""
    host = HostTables(clock_times=ClockTimesNames(table=table))
    with pytest.raises(ConfigurationError, match="of ours"):
        Store(f"sqlite:///{tmp_path}/test.db", host)


@pytest.mark.parametrize(
    "prefix",
    ["", "A_", "1a", "a b", "a-b", 'a"', "a;DROP TABLE x;", "ä_", "a." * 2, "_x", "p" * 33, "a\n", "a%s", ":a", "\x00"],
)
def test_a_prefix_that_is_no_name_is_refused(prefix: str) -> None:
    """What stands in every statement needs no thought."""
    with pytest.raises(ConfigurationError, match="prefix"):
        OwnNames(prefix=prefix)


@pytest.mark.parametrize("schema", ["", "a.b", 'a"b', "a`b", "a b", ":a", "a%s", "1", "s" * 64, "a\n", "a;b"])
def test_a_schema_that_is_no_name_is_refused(schema: str) -> None:
    """Same."""
    with pytest.raises(ConfigurationError, match="schema"):
        OwnNames(schema=schema)


def test_the_longest_prefix_fits_every_database(opening: Opening) -> None:
    """No name is cut short, so no two are the same."""
    store = opening(OwnNames(prefix="p" * 32))
    store.init()
    assert store.init() == ()


def test_prefix_and_schema_come_from_file_or_environment(tmp_path: Path) -> None:
    """The environment wins; an unknown key of the section names the nearest."""
    file = tmp_path / "connecteam-sync.toml"
    file.write_text('timezone = "UTC"\n[tables]\nprefix = "ct_"\nschema = "a"\n[tables.clock_times]\ntable = "t"\n')
    assert load_settings(file, {}).own == OwnNames(prefix="ct_", schema="a")
    assert load_settings(file, {}).tables.clock_times.table == "t"
    environment = {"CONNECTEAM_SYNC_TABLE_PREFIX": "other_", "CONNECTEAM_SYNC_TABLE_SCHEMA": "b"}
    assert load_settings(file, environment).own == OwnNames(prefix="other_", schema="b")
    for wrong, near in (('prefx = "a_"', "prefix"), ("prefix = 3", "text"), ("prefix = []", "text")):
        file.write_text(f'timezone = "UTC"\n[tables]\n{wrong}\n')
        with pytest.raises(ConfigurationError) as raised:
            load_settings(file, {})
        assert near in raised.value.next_step
    with pytest.raises(ConfigurationError, match="TABLE_PREFX"):
        load_settings(None, {"CONNECTEAM_SYNC_TIMEZONE": "UTC", "CONNECTEAM_SYNC_TABLE_PREFX": "a_"})

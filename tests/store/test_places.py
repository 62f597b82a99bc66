"""A mirror belongs to one table, wherever schemas are chosen: in the URL, for the user, in the configuration."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from sqlalchemy import make_url

from connecteam_sync.errors import ConfigurationError, NotInitialised
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.store.tables.host import ClockTimesNames, HostTables
from connecteam_sync.store.tables.own import OwnNames
from support.databases import run_statement
from support.scenario import World


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A small company."""
    with Sandbox(Company(20, people=4), SandboxSettings(minute_limit=1_000_000)) as served:
        yield served


def of_postgresql(database: str) -> bool:
    """Whether schemas are chosen by a search path here."""
    return database.startswith("postgresql")


def through(database: str, schema: str) -> str:
    """The same database, with another schema first in the search path."""
    url = make_url(database).update_query_dict({"options": f"-c search_path={schema}"})
    return url.render_as_string(hide_password=False)


def test_a_second_mirror_in_another_schema_is_not_made_unasked(database: str, sandbox: Sandbox) -> None:
    """Options that were dropped before count now: `init` names where the mirror is, and creates nothing."""
    if not of_postgresql(database):
        return
    first = World(sandbox, database)
    assert first.sync().exit_code == 0
    run_statement(make_url(database), "CREATE SCHEMA payroll")
    with (
        World.mirror_of(sandbox, through(database, "payroll")) as second,
        pytest.raises(ConfigurationError, match=r"public\.connecteam_sync_shifts") as caught,
    ):
        second.init()
    assert "search_path" in caught.value.next_step
    assert "--beside" in caught.value.next_step
    run_statement(make_url(database), "DROP SCHEMA payroll")  # which would fail had anything been made in it
    assert first.sync().status == "nothing"
    first.mirror.close()


def test_a_table_of_the_same_name_elsewhere_is_refused(database: str, sandbox: Sandbox) -> None:
    """Our tables are found, the host's is another one: refused by both names, nothing written, until told."""
    if database.startswith("sqlite"):
        return
    world = World(sandbox, database)
    assert world.sync().exit_code == 0
    rows = world.table()
    other = "other" if of_postgresql(database) else f"{make_url(database).database}_other"
    server = make_url(database)
    run_statement(server, f"CREATE {'SCHEMA' if of_postgresql(database) else 'DATABASE'} {other}")
    try:
        like = "(LIKE clock_times INCLUDING ALL)" if of_postgresql(database) else "LIKE clock_times"
        run_statement(server, f"CREATE TABLE {other}.clock_times {like}")
        world.mirror.close()
        tables = HostTables(clock_times=ClockTimesNames(table=f"{other}.clock_times"))
        elsewhere = World(sandbox, database, tables=tables)
        with pytest.raises(ConfigurationError, match=f"{other}.clock_times' now") as caught:
            elsewhere.sync()
        elsewhere.mirror.close()
        assert "init --moved" in caught.value.next_step
        again = World(sandbox, database)
        assert again.table() == rows
        assert again.sync().status == "nothing"
        again.mirror.close()
        # Moved with its rows, and said so.
        run_statement(server, f"DROP TABLE {other}.clock_times")
        move = f"SET SCHEMA {other}" if of_postgresql(database) else f"RENAME {other}.clock_times"
        run_statement(server, f"ALTER TABLE clock_times {move}")
        mirror = World.mirror_of(sandbox, database, tables=tables)
        assert any("elsewhere" in done for done in mirror.init(moved=True))
        assert mirror.sync(world.window).status == "nothing"
        sandbox.company.delete(min(shift.id for shift in sandbox.company.shifts() if shift.end))
        assert mirror.sync(world.window).counts.deleted == 1
        mirror.close()
    finally:
        if not of_postgresql(database):
            run_statement(server, f"DROP DATABASE {other}")


def test_another_database_of_the_url_beside_tables_in_a_schema_of_their_own(database: str, sandbox: Sandbox) -> None:
    """MySQL and MariaDB: ours stay where the configuration says, the host's table is that of another database."""
    if of_postgresql(database) or database.startswith("sqlite"):
        return
    server, own = make_url(database), OwnNames(schema=make_url(database).database)
    world = World(sandbox, database, own=own)
    assert world.sync().exit_code == 0
    world.mirror.close()
    other = f"{server.database}_other"
    run_statement(server, f"CREATE DATABASE {other}")
    try:
        for table in ("clock_times", "employees"):
            run_statement(server, f"CREATE TABLE {other}.{table} LIKE {table}")
        url = server.set(database=other).render_as_string(hide_password=False)
        with (
            World.mirror_of(sandbox, url, own=own) as elsewhere,
            pytest.raises(ConfigurationError, match=rf"'{other}\.clock_times' now"),
        ):
            elsewhere.sync(world.window)
    finally:
        run_statement(server, f"DROP DATABASE {other}")


def test_a_renamed_table_is_refused_until_told(database: str, sandbox: Sandbox) -> None:
    """The same of another name in the configuration, on every database."""
    world = World(sandbox, database)
    world.sync()
    world.mirror.close()
    world.mirror.store.close()
    run_statement(make_url(database), "ALTER TABLE clock_times RENAME TO punches")
    tables = HostTables(clock_times=ClockTimesNames(table="punches"))
    mirror = World.mirror_of(sandbox, database, tables=tables)
    with pytest.raises(ConfigurationError, match="'clock_times'"):
        mirror.sync(world.window)
    checks = [check for check in mirror.doctor() if check.state == "failed"]
    assert any("punches" in check.detail and "--moved" in check.cure for check in checks), json.dumps(str(checks))
    mirror.init(moved=True)
    assert mirror.sync(world.window).status == "nothing"
    mirror.close()


def test_no_tables_in_the_path_are_not_made_by_a_run(database: str, sandbox: Sandbox) -> None:
    """Only `init` makes tables."""
    if not of_postgresql(database):
        return
    run_statement(make_url(database), "CREATE SCHEMA empty")
    mirror = World.mirror_of(sandbox, through(database, "empty"))
    with pytest.raises(NotInitialised):
        mirror.sync()
    mirror.close()


def test_a_table_that_was_not_moved_is_not_taken_for_one_that_was(database: str, sandbox: Sandbox) -> None:
    """Another table has none of the remembered rows, whatever its keys: `--moved` counts, and says how to go on."""
    world = World(sandbox, database)
    world.sync()
    rows = world.table()
    tables = HostTables(clock_times=ClockTimesNames(table="punches"))
    claimed = World.mirror_of(sandbox, database, tables=tables)
    with pytest.raises(ConfigurationError, match="no table 'punches'"):
        claimed.init(moved=True)
    kinds = {"sqlite": ("INTEGER PRIMARY KEY", "DATETIME"), "postgresql": ("BIGSERIAL PRIMARY KEY", "TIMESTAMP")}
    key, moment = kinds.get(make_url(database).get_backend_name(), ("BIGINT AUTO_INCREMENT PRIMARY KEY", "DATETIME"))
    run_statement(
        make_url(database),
        f"CREATE TABLE punches (id {key}, employee_id BIGINT NOT NULL, clock_in {moment} NOT NULL, clock_out {moment},"
        " total_minutes INTEGER, is_active BOOLEAN NOT NULL, source VARCHAR(32) NOT NULL)",
    )
    run_statement(
        make_url(database),
        "INSERT INTO punches (employee_id, clock_in, clock_out, total_minutes, is_active, source)"
        " SELECT id, '2024-01-01 08\\:00\\:00', '2024-01-01 09\\:00\\:00', 60, FALSE, 'connecteam' FROM employees",
    )
    before = world.table("punches")
    assert {row["id"] for row in before} <= {row["id"] for row in rows}
    with pytest.raises(ConfigurationError, match=f"of {len(rows)} rows that are remembered, 0 stand") as caught:
        claimed.init(moved=True)
    assert "prefix" in caught.value.next_step
    assert "init --beside" in caught.value.next_step
    with pytest.raises(ConfigurationError, match="'punches'"):
        claimed.sync(world.window)
    claimed.close()
    assert world.table("punches") == before
    assert world.sync().status == "nothing"
    # What the refusal says: ours again, next to those of the other table.
    anew = World.mirror_of(sandbox, database, tables=tables, own=OwnNames(prefix="anew_"))
    anew.init(beside=True)
    assert anew.sync(world.window).counts.created == len(rows)
    anew.close()
    world.mirror.close()


def test_a_table_that_was_moved_may_have_lost_some(database: str, sandbox: Sandbox) -> None:
    """Half of its rows are enough: those that are gone come back with the next run."""
    world = World(sandbox, database)
    world.sync()
    count = len(world.table())
    world.execute("DELETE FROM clock_times WHERE id > :last", last=count // 2)
    world.mirror.close()
    world.mirror.store.close()
    run_statement(make_url(database), "ALTER TABLE clock_times RENAME TO punches")
    mirror = World.mirror_of(sandbox, database, tables=HostTables(clock_times=ClockTimesNames(table="punches")))
    mirror.init(moved=True)
    assert mirror.sync(world.window).counts.created == count - count // 2
    mirror.close()

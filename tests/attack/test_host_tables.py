"""Tables that are not ours: other names, other types, other columns, triggers. Used as they are, or a clear error."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import create_engine, make_url, text

from connecteam_sync.errors import ConfigurationError, NotServed, UndoRefused
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.store.tables.host import ClockTimesNames, EmployeesNames, HostTables
from support.scenario import FIRST, LAST, World

NAMES = HostTables(
    clock_times=ClockTimesNames(
        table="Time Punches",
        id="Punch No",
        employee_id="worker",
        clock_in="from",
        clock_out="to",
        total_minutes="minutes",
        is_active="open",
        source="Origin",
        created_at="born",
        updated_at="absent",
    ),
    employees=EmployeesNames(
        table="workers", id="worker", name="full name", email="absent", connecteam_user_id="connecteam"
    ),
)


def kind_of(database: str) -> str:
    """sqlite, mysql (both of them) or postgresql."""
    return "mysql" if "mysql" in database else database.split("+", maxsplit=1)[0].split(":", maxsplit=1)[0]


def run(database: str, *statements: str) -> None:
    """What the host's own DBA did."""
    engine = create_engine(database)
    quote = engine.dialect.identifier_preparer.quote_identifier
    with engine.begin() as connection:
        for statement in statements:
            # Names in the statements are written in brackets.
            parts = statement.replace("]", "[").split("[")
            named = "".join(quote(part) if number % 2 else part for number, part in enumerate(parts))
            connection.execute(text(named.replace(":", r"\:")))
    engine.dispose()


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A small company."""
    with Sandbox(Company(40), SandboxSettings(minute_limit=1_000_000)) as served:
        yield served


def live(world: World) -> None:
    """Mirror, correct, swap, delete, prove, take back, to the last column of the host."""
    name = f"{world.mirror.store.dialect.table(world.mirror.store.host.clock_times.table)}"
    key = world.mirror.store.dialect.name(world.mirror.store.host.clock_times.id)

    def table() -> list[dict[str, Any]]:
        with world.mirror.store.reading() as session:
            return [dict(row) for row in session.read(f"SELECT * FROM {name} ORDER BY {key}")]

    first = world.sync()
    assert first.exit_code == 0, [slice_.error for slice_ in first.slices]
    assert world.rows() == world.company.truth(FIRST, LAST)
    before = table()
    assert world.sync().status == "nothing"
    shifts = [shift for shift in world.company.shifts() if shift.end is not None]
    starts = shifts[0].start, shifts[9].start
    world.company.edit(shifts[0].id, start=starts[1], end=starts[1] + 3600)
    world.company.edit(shifts[9].id, start=starts[0], end=starts[0] + 3600)
    world.company.delete(shifts[20].id)
    run_ = world.sync()
    assert run_.exit_code == 0
    assert world.rows() == world.company.truth(FIRST, LAST)
    assert world.mirror.verify(world.window).exit_code == 0
    assert run_.id
    world.mirror.undo(run_.id)
    assert table() == before
    world.mirror.close()


def test_other_names_and_types(database: str, sandbox: Sandbox) -> None:
    """Quoted names, decimal minutes, small flags, numbers for users, a column of the host's own, no `updated_at`."""
    kind = kind_of(database)
    key = {"sqlite": "INTEGER PRIMARY KEY AUTOINCREMENT", "mysql": "INT UNSIGNED AUTO_INCREMENT PRIMARY KEY"}.get(
        kind, "SERIAL PRIMARY KEY"
    )
    flag = {"sqlite": "INTEGER", "mysql": "TINYINT(1)"}.get(kind, "BOOLEAN")
    moment = {"postgresql": "TIMESTAMP(0)"}.get(kind, "DATETIME")
    run(
        database,
        f"CREATE TABLE workers (worker {key}, [full name] VARCHAR(12) NOT NULL, connecteam BIGINT UNIQUE)"
        if kind != "sqlite"
        else f"CREATE TABLE workers (worker {key}, [full name] VARCHAR(12) NOT NULL, connecteam INTEGER UNIQUE)",
        f"CREATE TABLE [Time Punches] ([Punch No] {key}, worker INT NOT NULL, [from] {moment} NOT NULL, [to] {moment},"
        f" minutes DECIMAL(10,2), [open] {flag} NOT NULL, [Origin] VARCHAR(20) NOT NULL, born {moment},"
        " cost_centre VARCHAR(9) DEFAULT 'main' NOT NULL, UNIQUE (worker, [from]))",
    )
    live(World(sandbox, database, tables=NAMES))


def test_timestamps_in_a_session_of_another_zone(database: str, sandbox: Sandbox) -> None:
    """TIMESTAMP columns show UTC whatever zone the server lives in."""
    if kind_of(database) != "mysql":
        pytest.skip("only MySQL and MariaDB convert TIMESTAMP columns by the session's zone")
    run(
        database,
        "CREATE TABLE clock_times (id BIGINT AUTO_INCREMENT PRIMARY KEY, employee_id BIGINT NOT NULL,"
        " clock_in TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, clock_out TIMESTAMP NULL, total_minutes INT NULL,"
        " is_active TINYINT NOT NULL, source VARCHAR(16) NOT NULL, created_at TIMESTAMP NULL,"
        " updated_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,"
        " UNIQUE KEY uq_employee_clock_in (employee_id, clock_in))",
    )
    world = World(sandbox, database)
    live(world)
    with world.mirror.store.reading() as session:
        # UNIX_TIMESTAMP of a TIMESTAMP does not depend on any session's zone.
        found = session.read("SELECT UNIX_TIMESTAMP(clock_in) AS at FROM clock_times")
    truth = {shift.start for shift in world.company.shifts()}
    assert len({row["at"] for row in found} - truth) <= 2  # the two corrections that were taken back


def test_a_table_in_a_schema(database: str, sandbox: Sandbox) -> None:
    """`payroll.clock_times`."""
    if kind_of(database) != "postgresql":
        pytest.skip("schemas inside a database are PostgreSQL's")
    run(database, "CREATE SCHEMA payroll")
    tables = HostTables(clock_times=ClockTimesNames(table="payroll.clock_times"))
    live(World(sandbox, database, tables=tables))


@pytest.mark.usefixtures("initialised")
def test_a_trigger_that_alters_values_is_an_error_and_nothing_is_written(database: str, sandbox: Sandbox) -> None:
    """The row would not be kept as written: said so, rolled back."""
    world = World(sandbox, database)
    kind = kind_of(database)
    if kind == "sqlite":
        run(
            database,
            "CREATE TRIGGER meddler AFTER INSERT ON clock_times BEGIN"
            " UPDATE clock_times SET total_minutes = 1 WHERE id = NEW.id; END",
        )
    elif kind == "mysql":
        run(database, "CREATE TRIGGER meddler BEFORE INSERT ON clock_times FOR EACH ROW SET NEW.total_minutes = 1")
    else:
        run(
            database,
            "CREATE FUNCTION meddle() RETURNS trigger AS $$ BEGIN NEW.total_minutes = 1; RETURN NEW; END $$"
            " LANGUAGE plpgsql",
            "CREATE TRIGGER meddler BEFORE INSERT ON clock_times FOR EACH ROW EXECUTE FUNCTION meddle()",
        )
    with pytest.raises(NotServed, match="meddler") as raised:
        world.sync()
    assert "total_minutes" in raised.value.message
    assert world.table() == []
    assert world.table("connecteam_sync_shifts") == []
    world.mirror.close()


def test_a_row_that_the_host_emptied_is_nobodys(database: str, sandbox: Sandbox) -> None:
    """No employee, or no clock-in: the shift gets a row of its own again, and undo is refused."""
    kind = kind_of(database)
    key = {"sqlite": "INTEGER PRIMARY KEY AUTOINCREMENT", "mysql": "BIGINT AUTO_INCREMENT PRIMARY KEY"}.get(
        kind, "BIGSERIAL PRIMARY KEY"
    )
    moment = {"postgresql": "TIMESTAMP(0)"}.get(kind, "DATETIME")
    run(
        database,
        f"CREATE TABLE clock_times (id {key}, employee_id BIGINT, clock_in {moment} NULL, clock_out {moment} NULL,"
        " total_minutes INT, is_active BOOLEAN NOT NULL, source VARCHAR(32) NOT NULL, UNIQUE (employee_id, clock_in))",
    )
    world = World(sandbox, database)
    first = world.sync()
    rows = [row["id"] for row in world.table()]
    world.execute("UPDATE clock_times SET employee_id = NULL WHERE id = :k", k=rows[3])
    world.execute("UPDATE clock_times SET clock_in = NULL WHERE id = :k", k=rows[4])
    assert first.id
    with pytest.raises(UndoRefused):
        world.mirror.undo(first.id)
    assert world.sync().counts.created == 2
    assert world.rows() == world.company.truth(FIRST, LAST)
    assert len(world.table()) == len(rows) + 2
    assert world.sync().status == "nothing"
    world.mirror.close()


@pytest.mark.usefixtures("initialised")
def test_a_missing_column_is_named(database: str, sandbox: Sandbox) -> None:
    """Which table, which column, and where to name another."""
    world = World(sandbox, database)
    run(database, "ALTER TABLE clock_times RENAME COLUMN total_minutes TO duration")
    world.mirror.store._columns = None
    with pytest.raises(ConfigurationError, match="total_minutes") as raised:
        world.sync()
    assert "[tables" in raised.value.next_step
    world.mirror.close()


def test_minutes_too_many_for_the_column_are_held(database: str, sandbox: Sandbox) -> None:
    """A column that cannot hold the value of a few: the database's word, and everything else written."""
    world = World(sandbox, database)
    if kind_of(database) == "sqlite":
        pytest.skip("SQLite's columns hold any number")
    run(
        database,
        "ALTER TABLE clock_times MODIFY total_minutes SMALLINT"
        if kind_of(database) == "mysql"
        else "ALTER TABLE clock_times ALTER total_minutes TYPE SMALLINT",
    )
    world.company.add(world.user, world.at(1, "00:00"), world.at(1, "00:00") + 40_000 * 60)
    run_ = world.sync()
    assert (run_.exit_code, run_.status) == (3, "applied")
    assert [hold.reason for hold in run_.holds] == ["refused_by_database"]
    assert "out of range" in run_.holds[0].detail.lower()
    assert len(world.table()) == len(world.company.truth(FIRST, LAST)) - 1
    world.mirror.close()


@pytest.fixture
def lenient(database: str) -> str:
    """The URL of a session that cuts what does not fit without a word (no strict mode)."""
    url = make_url(database).update_query_dict({"init_command": "SET SESSION sql_mode = ''"})
    return url.render_as_string(hide_password=False)


@pytest.mark.parametrize("database", ["mariadb", "mysql"], indirect=True)
def test_minutes_that_a_lenient_server_cuts_are_not_written(lenient: str) -> None:
    """No trigger does it and no error tells it: `doctor` says what becomes of a row, and each such shift is held."""
    with Sandbox(Company(0, people=3), SandboxSettings(minute_limit=1_000_000)) as sandbox:
        world = World(sandbox, lenient)
        world.work(2, "08:00", "12:00")
        world.sync()
        run(lenient, "ALTER TABLE clock_times MODIFY total_minutes TINYINT")
        world.mirror.store._columns = None
        [cut] = world.table()
        [probe] = [check for check in world.mirror.doctor() if check.name == "probe"]
        assert (probe.state, "total_minutes is 127 and not 240" in probe.detail) == ("warning", True)
        assert world.table() == [cut]
        world.work(3, "08:00", "12:00")
        world.work(4, "08:00", "09:00")
        done = world.sync()
        assert (done.exit_code, done.counts.created, done.counts.updated) == (3, 1, 0)
        assert [hold.reason for hold in done.holds] == ["refused_by_database"] * 2
        assert all("total_minutes is 127 and not 240" in hold.detail for hold in done.holds)
        assert world.table()[0] == cut
        assert [row["total_minutes"] for row in world.table()[1:]] == [60]
        world.mirror.close()


@pytest.mark.parametrize("database", ["mariadb", "mysql"], indirect=True)
def test_a_person_whose_number_a_lenient_server_cuts_is_not_made(lenient: str, sandbox: Sandbox) -> None:
    """The number says whose the row is: cut, it may be somebody else's. Nothing is written, and the column is named."""
    world = World(sandbox, lenient)
    run(lenient, "ALTER TABLE employees MODIFY connecteam_user_id VARCHAR(3)")
    world.mirror.store._columns = None
    before = world.everything()
    with pytest.raises(NotServed, match="connecteam_user_id"):
        world.sync()
    assert world.everything() == before
    world.mirror.close()


@pytest.mark.usefixtures("initialised")
def test_a_row_moved_by_the_write_before_it_ends_the_transaction(database: str, sandbox: Sandbox) -> None:
    """Each write names the image it expects: a trigger that alters another row of the plan is noticed."""
    world = World(sandbox, database)
    if kind_of(database) == "mysql":
        pytest.skip("MySQL lets no trigger write to the table it is on")
    world.sync()
    if kind_of(database) == "sqlite":
        run(
            database,
            "CREATE TRIGGER meddler AFTER UPDATE OF clock_in ON clock_times WHEN NEW.clock_in <> OLD.clock_in BEGIN"
            " UPDATE clock_times SET total_minutes = 1 WHERE id <> NEW.id; END",
        )
    else:
        run(
            database,
            "CREATE FUNCTION meddle() RETURNS trigger AS $$ BEGIN IF NEW.clock_in <> OLD.clock_in THEN"
            " UPDATE clock_times SET total_minutes = 1 WHERE id <> NEW.id; END IF; RETURN NEW; END $$"
            " LANGUAGE plpgsql",
            "CREATE TRIGGER meddler AFTER UPDATE ON clock_times FOR EACH ROW EXECUTE FUNCTION meddle()",
        )
    before = world.table()
    shifts = [shift for shift in world.company.shifts() if shift.end is not None]
    clock = shifts[0].clock_id
    mine = [shift for shift in shifts if shift.clock_id == clock]
    world.company.edit(mine[0].id, start=mine[0].start + 60)
    world.company.edit(mine[5].id, end=mine[5].start + 600)
    failed = world.sync()
    assert failed.exit_code == 6
    assert failed.retryable
    assert "row_moved" in [slice_.error_name for slice_ in failed.slices]
    assert world.table() == before
    world.mirror.close()

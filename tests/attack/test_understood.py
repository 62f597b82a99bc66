"""A table is understood before it is written: units, engines, words, fractions, nobody's rows, the probe (rule 14)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import create_engine, text
from test_host_tables import kind_of, run

from connecteam_sync.errors import NotServed
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.store.tables.host import ClockTimesNames, HostTables
from connecteam_sync.store.tables.support import shape
from support.scenario import FIRST, LAST, World


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A small company."""
    with Sandbox(Company(40), SandboxSettings(minute_limit=1_000_000)) as served:
        yield served


def checks(world: World, name: str, state: str) -> str:
    """What `doctor` says under a name."""
    return "; ".join(check.detail for check in world.mirror.doctor() if (check.name, check.state) == (name, state))


@pytest.mark.usefixtures("initialised")
def test_minutes_with_a_fraction_are_corrected_to_the_minute(database: str, sandbox: Sandbox) -> None:
    """160.90 is not 160: corrected, shown as it was, given back by undo."""
    world = World(sandbox, database)
    kind = kind_of(database)
    if kind != "sqlite":
        change = "MODIFY total_minutes DECIMAL(10,2)" if kind == "mysql" else "ALTER total_minutes TYPE NUMERIC(10,2)"
        run(database, f"ALTER TABLE clock_times {change}")
        world.mirror.store._columns = None
    world.sync()
    world.execute("UPDATE clock_times SET total_minutes = total_minutes + 0.9 WHERE total_minutes IS NOT NULL")
    off = world.table()
    corrected = world.sync()
    assert corrected.counts.updated == len([row for row in off if row["total_minutes"] is not None])
    assert world.rows() == world.company.truth(FIRST, LAST)
    assert world.sync().status == "nothing"
    assert corrected.id
    world.mirror.undo(corrected.id)
    assert world.table() == off
    world.mirror.close()


def test_rows_of_no_time_are_nobodys(database: str, sandbox: Sandbox) -> None:
    """NULL, or 0000-00-00, also of an open row: no run ends for it, the others go on, `doctor` counts them."""
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
    odd = ["NULL"] + {"mysql": ["'0000-00-00 00:00:00'"], "postgresql": ["'infinity'"], "sqlite": ["''"]}[kind]
    engine = create_engine(database)
    with engine.begin() as connection:
        if kind == "mysql":
            connection.execute(text("SET SESSION sql_mode = ''"))
        for value in odd:
            for end, active in (("NULL", "TRUE"), ("'2025-12-02 10:00:00'", "FALSE")):
                connection.execute(
                    text(
                        "INSERT INTO clock_times (employee_id, clock_in, clock_out, total_minutes, is_active, source)"
                        f" VALUES (:who, {value}, {end}, NULL, {active}, 'connecteam')".replace("0:0", "0\\:0")
                    ),
                    {"who": 1 if end == "NULL" else 2},
                )
    engine.dispose()
    assert world.mirror.sync().exit_code == 0, "a default run, which looks at open rows too"
    run_ = world.sync()
    assert run_.exit_code == 0
    assert world.rows() == world.company.truth(FIRST, LAST)
    assert world.sync().status == "nothing"
    assert world.mirror.verify(world.window).exit_code == 0
    assert f"{2 * len(odd)} rows of ours" in checks(world, "rows of nobody", "warning")
    world.mirror.close()


@pytest.mark.usefixtures("initialised")
def test_a_source_that_is_nearly_ours_is_told(database: str, sandbox: Sandbox) -> None:
    """'Connecteam' is not 'connecteam': the rows are never written, and the holds and `doctor` say why."""
    world = World(sandbox, database)
    world.sync()
    before = world.table()
    world.execute("UPDATE clock_times SET source = 'Connecteam', total_minutes = 1 WHERE id <= :last", last=8)
    odd = world.table()[:8]
    held = [hold.detail for hold in world.sync().holds if hold.reason == "manual_row"]
    assert len(held) == len([row for row in before[:8] if row["total_minutes"] != 1])
    assert all("'Connecteam' (which is not 'connecteam' to the letter)" in detail for detail in held)
    assert world.table()[:8] == odd
    assert "8 rows whose source is 'Connecteam'" in checks(world, "source", "warning")
    world.mirror.close()


@pytest.mark.usefixtures("initialised")
@pytest.mark.parametrize("database", ["mariadb", "mysql"], indirect=True)
def test_an_engine_without_transactions_is_refused_by_every_command(database: str, sandbox: Sandbox) -> None:
    """Also where the engine was changed under a table that was served."""
    world = World(sandbox, database)
    number = world.sync().id or 0
    proposal = world.mirror.plan(world.window)
    run(database, "ALTER TABLE clock_times ENGINE=MyISAM")
    before = world.table()
    world.mirror.store._columns = None
    for attempt in (
        world.sync,
        lambda: world.mirror.resync(world.window),
        lambda: world.mirror.apply(proposal),
        lambda: world.mirror.undo(number),
        world.mirror.adopt,
        world.mirror.undo_adopt,
        lambda: world.lock(FIRST),
        lambda: world.mirror.plan(world.window),
        lambda: world.mirror.verify(world.window),
    ):
        with pytest.raises(NotServed, match=r"clock_times.*MyISAM") as raised:
            attempt()
        assert "ENGINE=InnoDB" in raised.value.next_step
        assert world.table() == before
    assert "MyISAM" in checks(world, "table", "failed")
    run(database, "ALTER TABLE clock_times ENGINE=InnoDB", "ALTER TABLE employees ENGINE=MyISAM")
    world.mirror.store._columns = None
    with pytest.raises(NotServed, match=r"employees.*MyISAM"):
        world.sync()
    assert "'employees' is kept by the engine MyISAM" in checks(world, "table", "failed")
    world.mirror.close()


def test_what_init_made_needs_no_probe_and_what_was_altered_does(database: str, sandbox: Sandbox) -> None:
    """The stamp of the definition is remembered; a column that is added, or a trigger, brings the probe back."""
    world = World(sandbox, database)
    first = world.sync()
    assert not any("probed" in (slice_.note or "") for slice_ in first.slices)
    assert "as it was" in checks(world, "probe", "ok") or "brought back" in checks(world, "probe", "ok")
    run(database, "ALTER TABLE clock_times ADD COLUMN cost_centre VARCHAR(9)")
    world.mirror.store._columns = None
    shift = next(shift for shift in world.company.shifts() if shift.end is not None)
    world.company.edit(shift.id, end=(shift.end or 0) + 600)
    before = len(world.table())
    second = world.sync()
    assert [slice_.note for slice_ in second.slices if slice_.note and "probed with its first row" in slice_.note]
    assert len(world.table()) == before
    world.company.edit(shift.id, end=(shift.end or 0) + 1200)
    assert not any("probed" in (slice_.note or "") for slice_ in world.sync().slices)
    world.mirror.close()


@pytest.mark.usefixtures("initialised")
def test_the_copy_of_a_row_is_probed_where_nothing_stands(database: str, sandbox: Sandbox) -> None:
    """The seconds after the row may be taken, by rows of another source too: the probe finds one that is not."""
    world = World(sandbox, database)
    world.sync()
    last = max((row for row in world.table() if row["clock_out"] is not None), key=lambda row: str(row["clock_in"]))
    later = {
        "sqlite": "datetime(clock_in, '+{} seconds')",
        "mysql": "clock_in + INTERVAL {} SECOND",
        "postgresql": "clock_in + INTERVAL '{} seconds'",
    }[kind_of(database)]
    run(
        database,
        *(
            "INSERT INTO clock_times (employee_id, clock_in, clock_out, total_minutes, is_active, source)"
            f" SELECT employee_id, {later.format(by)}, clock_out, total_minutes, is_active, 'manual'"
            f" FROM clock_times WHERE id = {last['id']}"
            for by in (1, 2)
        ),
        "ALTER TABLE clock_times ADD COLUMN cost_centre VARCHAR(9)",
    )
    world.mirror.store._columns = None
    before = world.table()
    assert "brought back to the byte" in checks(world, "probe", "ok")
    assert world.table() == before
    world.mirror.close()


def meddling(kind: str, *, is_harmless: bool) -> tuple[str, ...]:
    """The statements that give the trigger `meddle` what it does now: nothing, or minutes of its own."""
    minutes = "NEW.total_minutes" if is_harmless else "1"
    if kind == "postgresql":
        body = f"BEGIN NEW.total_minutes = {minutes}; RETURN NEW; END"
        return (f"CREATE OR REPLACE FUNCTION meddle() RETURNS trigger AS $$ {body} $$ LANGUAGE plpgsql",)
    does = f"BEFORE UPDATE ON clock_times FOR EACH ROW SET NEW.total_minutes = {minutes}"
    if kind == "sqlite":
        does = (
            f"AFTER UPDATE ON clock_times WHEN NEW.total_minutes IS NOT {minutes}"
            f" BEGIN UPDATE clock_times SET total_minutes = {minutes} WHERE id = NEW.id; END"
        )
    return ("DROP TRIGGER IF EXISTS meddle", f"CREATE TRIGGER meddle {does}")


@pytest.mark.usefixtures("initialised")
def test_a_trigger_that_does_something_else_now_is_probed_again(database: str, sandbox: Sandbox) -> None:
    """Its name, its table and when it fires are as they were: what it does is part of the stamp."""
    world = World(sandbox, database)
    kind = kind_of(database)
    world.sync()
    run(database, *meddling(kind, is_harmless=True))
    if kind == "postgresql":
        run(
            database,
            "CREATE TRIGGER meddle BEFORE UPDATE ON clock_times FOR EACH ROW EXECUTE FUNCTION meddle()",
        )
    world.mirror.store._columns = None
    shift = next(shift for shift in world.company.shifts() if shift.end is not None)
    world.company.edit(shift.id, end=(shift.end or 0) + 600)
    assert world.sync().counts.updated == 1
    with world.mirror.store.reading() as session:
        assert not session.columns.is_new
    run(database, *meddling(kind, is_harmless=False))
    world.mirror.store._columns = None
    world.company.edit(shift.id, end=(shift.end or 0) + 1200)
    before = world.table()
    with pytest.raises(NotServed, match="meddle"):
        world.sync()
    assert world.table() == before
    assert "meddle" in checks(world, "probe", "failed")
    world.mirror.close()


@pytest.mark.usefixtures("initialised")
def test_a_check_that_refuses_the_probe_is_told_as_that(database: str, sandbox: Sandbox) -> None:
    """It is no fault of the table: single records are held, and the rest is written."""
    world = World(sandbox, database)
    kind = kind_of(database)
    key = {"sqlite": "INTEGER PRIMARY KEY AUTOINCREMENT", "mysql": "BIGINT AUTO_INCREMENT PRIMARY KEY"}.get(
        kind, "BIGSERIAL PRIMARY KEY"
    )
    moment = {"postgresql": "TIMESTAMP(0)"}.get(kind, "DATETIME")
    run(
        database,
        "DROP TABLE clock_times",
        f"CREATE TABLE clock_times (id {key}, employee_id BIGINT NOT NULL, clock_in {moment} NOT NULL,"
        f" clock_out {moment} NULL, total_minutes INT, is_active BOOLEAN NOT NULL, source VARCHAR(32) NOT NULL,"
        " UNIQUE (employee_id, clock_in), CONSTRAINT never CHECK (employee_id < 0))",
    )
    world.mirror.store._columns = None
    failed = world.sync()
    assert failed.exit_code in {1, 3}
    assert "not_served" not in [slice_.error_name for slice_ in failed.slices]
    assert world.table() == []
    world.mirror.close()


@pytest.mark.usefixtures("initialised")
def test_what_could_not_be_probed_is_tried_again(database: str, sandbox: Sandbox) -> None:
    """A run that only corrects probes with a copy of a row: where the table takes no such copy, the next run tries."""
    world = World(sandbox, database)
    world.sync()
    shift = next(shift for shift in world.company.shifts() if shift.end is not None)
    copy = datetime.fromtimestamp(shift.start + 1, UTC).replace(tzinfo=None)
    check = f"CHECK (clock_in <> '{copy}')"
    added = f"COLUMN cost_centre VARCHAR(9) {check}" if kind_of(database) == "sqlite" else f"CONSTRAINT once {check}"
    run(database, f"ALTER TABLE clock_times ADD {added}")
    for by in (600, 1200):
        world.mirror.store._columns = None
        world.company.edit(shift.id, end=(shift.end or 0) + by)
        done = world.sync()
        assert (done.exit_code, done.counts.updated) == (0, 1)
        assert any("could not be probed" in (slice_.note or "") for slice_ in done.slices), done.slices
    # The first row that is made comes before a copy of one that is corrected.
    world.mirror.store._columns = None
    world.company.edit(shift.id, end=(shift.end or 0) + 1800)
    world.work(3, "01:00", "02:00", user=shift.user_id)
    assert any("probed with its first row" in (slice_.note or "") for slice_ in world.sync().slices)
    world.mirror.close()


def test_a_schema_of_its_own(database: str, sandbox: Sandbox) -> None:
    """`schema` says the same as a schema before the name of the table."""
    if kind_of(database) != "postgresql":
        pytest.skip("schemas inside a database are PostgreSQL's")
    run(database, "CREATE SCHEMA payroll")
    world = World(sandbox, database, tables=HostTables(clock_times=ClockTimesNames(schema="payroll")))
    world.sync()
    assert len(world.table("payroll.clock_times")) == len(world.company.truth(FIRST, LAST))
    world.mirror.close()


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("12/01/2025 08:00 AM", "00/00/0000 00:00 AM"),
        ("2025-12-01T08:00:00Z", "0000-00-00T00:00:00Z"),
        ("Ida 7", "xxx 0"),
    ],
)
def test_the_form_of_a_value_is_shown_and_not_the_value(said: str, shown: str) -> None:
    """Whose day it is stays in the table."""
    assert shape(said) == shown

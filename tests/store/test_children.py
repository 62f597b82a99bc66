"""Rows of other tables that point at ours: found however they point, never lost, never written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import make_url

from connecteam_sync.client import ConnecteamSync
from connecteam_sync.config import Settings as Configuration
from connecteam_sync.config import load_settings
from connecteam_sync.errors import ConfigurationError
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.store.tables.host import ClockTimesNames, HostTables
from support.databases import run_statement
from support.host_with_children import Host, naming

RULES = ("CASCADE", "SET NULL", "NO ACTION", "RESTRICT")


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A Connecteam with three people."""
    with Sandbox(Company(0, people=3), SandboxSettings(minute_limit=1_000_000)) as running:
        yield running


@pytest.fixture
def host(sandbox: Sandbox, initialised: str) -> Iterator[Host]:
    """A mirror of it, and a shift that stays: an answer without any would be refused."""
    made = Host(sandbox, initialised)
    made.stays = made.work(9, "08:00", "12:00", user=max(made.company.people))
    yield made
    made.mirror.close()


@pytest.mark.parametrize("rule", RULES)
def test_a_deleted_shift_whose_row_has_children_is_held(host: Host, rule: str) -> None:
    """Whatever the rule of the key: row and children stay, the rest of the slice goes through, and then it goes."""
    host.child(rule)
    kept, gone = host.work(3, "08:00", "12:00"), host.work(4, "08:00", "12:00")
    host.sync()
    row = host.row_of(kept.start)
    host.point(row, "line 1")
    host.point(row, "line 2")
    lines = host.lines()
    host.company.delete(kept.id)
    host.company.delete(gone.id)
    fresh = host.work(5, "08:00", "12:00")
    proposal = host.mirror.plan(host.window)
    said = f"2 rows of payslips point at row {row}; it stays as it is until they are gone"
    assert [(hold.reason, hold.detail) for plan in proposal.plans for hold in plan.holds] == [("child_row", said)]
    run = host.sync()
    assert (run.exit_code, run.counts.deleted, run.counts.created, run.counts.held) == (3, 1, 1, 1)
    assert host.held() == [said]
    assert {host.row_of(shift.start) for shift in (kept, fresh, host.stays)} == {int(r["id"]) for r in host.table()}
    assert host.lines() == lines
    # Nothing but the receipt is written while nothing changes, and it is decided again each time.
    before = host.everything()
    for _ in range(3):
        assert host.sync().status == "nothing"
    assert host.everything() == before
    host.execute("DELETE FROM payslips")
    run = host.sync()
    assert (run.exit_code, run.counts.deleted) == (0, 1)
    assert not host.held()


def test_an_orphan_with_children_is_held(host: Host) -> None:
    """Resync deletes rows without a shift, but not one that a payslip counts."""
    host.child("CASCADE")
    shift = host.work(3, "08:00", "12:00")
    host.sync()
    host.execute("DELETE FROM connecteam_sync_shifts")
    host.company.delete(shift.id)
    row = host.row_of(shift.start)
    host.point(row)
    lines = host.lines()
    run = host.mirror.resync(host.window)
    assert (run.exit_code, run.counts.deleted) == (3, 0)
    assert host.held() == [f"1 row of payslips points at row {row}; it stays as it is until they are gone"]
    assert host.lines() == lines


def test_the_loser_of_a_duplicate_with_children_is_held(host: Host) -> None:
    """Moved onto another shift's clock-in, it would lose its row; the row that stands has a payslip."""
    host.child("CASCADE")
    first = host.work(3, "08:00", "12:00")
    second = host.work(3, "13:00", "17:00")
    host.sync()
    row = host.row_of(second.start)
    host.point(row)
    before, lines = host.table(), host.lines()
    host.company.edit(second.id, start=first.start, end=first.end)
    run = host.sync()
    assert (run.exit_code, run.counts.deleted) == (3, 0)
    assert sorted(host.reasons()) == ["child_row", "duplicate_clock_in"]
    assert (host.table(), host.lines()) == (before, lines)


def test_children_without_a_declared_key_are_configured(host: Host, database: str) -> None:
    """Nothing in the database says that they point here; the configuration does, with or without a schema."""
    host.child("")
    shift = host.work(3, "08:00", "12:00")
    host.sync()
    home = {"sqlite": "main", "postgresql": "public"}.get(host.family, str(make_url(database).database))
    row = host.row_of(shift.start)
    host.point(row)
    host.company.delete(shift.id)
    for place in ("payslips.clock_time_id", f"{home}.payslips.clock_time_id"):
        named = naming(host, database, place)
        assert named.sync().exit_code == 3
        assert len(named.held()) == 1
        assert named.row_of(shift.start) == row
        named.mirror.close()
    unnamed = Host(host.sandbox, database)
    assert unnamed.sync().counts.deleted == 1
    unnamed.mirror.close()


def test_a_column_that_is_declared_and_configured_counts_once(host: Host, database: str) -> None:
    """One payslip is one row, however often its table is named."""
    host.child("CASCADE")
    shift = host.work(3, "08:00", "12:00")
    host.sync()
    row = host.row_of(shift.start)
    host.point(row)
    host.company.delete(shift.id)
    named = naming(host, database, "payslips.clock_time_id", "payslips.clock_time_id")
    assert named.sync().exit_code == 3
    assert named.held() == [f"1 row of payslips points at row {row}; it stays as it is until they are gone"]
    named.mirror.close()


@pytest.mark.parametrize(
    ("place", "said"),
    [("nowhere.ct_id", "has no table 'nowhere'"), ("employees.nothing", "table 'employees' has no column 'nothing'")],
)
def test_a_configured_child_that_is_not_there_is_an_error(host: Host, database: str, place: str, said: str) -> None:
    """Before anything is done, by every command; and `doctor` says the same."""
    named = naming_only(host, database, place)
    with pytest.raises(ConfigurationError, match=said):
        named.sync(host.window)
    failed = [check for check in named.doctor() if check.state == "failed"]
    assert failed
    assert all(said in check.detail for check in failed)
    named.close()


def naming_only(host: Host, database: str, *places: str) -> ConnecteamSync:
    """The library on the same database with `child_tables`; nothing is created."""
    host.mirror.close()
    settings = Configuration(
        timezone=host.company.timezone,
        database_url=database,
        base_url=host.sandbox.url,
        tables=HostTables(clock_times=ClockTimesNames(child_tables=places)),
    )
    return ConnecteamSync(host.sandbox.key, settings=settings)


@pytest.mark.parametrize("place", ["", "slips", "a.b.c.d", ".ct_id", "slips.", "pay slips .x", "a.\x00b", "a\n.b"])
def test_hostile_child_tables_are_refused(tmp_path: Path, place: str) -> None:
    """What is no table and column is said to be none, naming the file and the key."""
    file = tmp_path / "c.toml"
    quoted = msgspec.json.encode(place).decode()
    file.write_text(f'timezone = "America/Chicago"\n[tables.clock_times]\nchild_tables = [{quoted}]\n')
    with pytest.raises(ConfigurationError, match="child_tables"):
        load_settings(file, {})


def test_names_like_statements_are_names(host: Host) -> None:
    """A table and a column whose names would break out of a statement that did not quote them."""
    table, column = 'Pay "slips" `x`; :rows --', 'ct :id `y` "z" %s'
    mark = "`" if host.family == "mysql" else '"'

    def quoted(name: str) -> str:
        return mark + name.replace(mark, mark * 2) + mark

    percent = column.replace("%", "%%") if host.family != "sqlite" else column
    host.ddl(
        f"CREATE TABLE {quoted(table)} ({quoted(percent)} {host.number},"
        f" FOREIGN KEY ({quoted(percent)}) REFERENCES clock_times (id) ON DELETE CASCADE)"
    )
    shift = host.work(3, "08:00", "12:00")
    host.sync()
    host.ddl(f"INSERT INTO {quoted(table)} VALUES ({host.row_of(shift.start)})")
    host.company.delete(shift.id)
    assert host.sync().exit_code == 3
    assert host.held() == [
        f"1 row of {table} points at row {host.row_of(shift.start)}; it stays as it is until they are gone"
    ]


def test_a_key_of_several_columns(host: Host) -> None:
    """(row, tenant) points at (id, tenant): only the rows of the pair count."""
    host.execute(f"ALTER TABLE clock_times ADD COLUMN tenant {host.number} DEFAULT 7 NOT NULL")
    host.mirror.store._columns = None
    host.ddl(
        "CREATE UNIQUE INDEX of_tenant ON clock_times (id, tenant)",
        f"CREATE TABLE payslips (line VARCHAR(20) NOT NULL PRIMARY KEY, ct {host.number}, tenant {host.number},"
        " FOREIGN KEY (ct, tenant) REFERENCES clock_times (id, tenant) ON DELETE CASCADE)",
    )
    shifts = [host.work(day, "08:00", "12:00") for day in (3, 4)]
    host.sync()
    ids = [host.row_of(shift.start) for shift in shifts]
    host.execute("INSERT INTO payslips VALUES ('line 1', :c, 7)", c=ids[0])
    host.execute("INSERT INTO payslips VALUES ('line 2', :c, NULL)", c=ids[1])
    lines = host.lines()
    host.company.delete(shifts[0].id)
    assert host.sync().exit_code == 3
    assert len(host.held()) == 1
    assert host.lines() == lines
    host.company.delete(shifts[1].id)
    # A pair that is not whole points at nothing.
    assert host.sync().counts.deleted == 1


@pytest.mark.parametrize("rule", ["CASCADE", "SET NULL", "NO ACTION"])
def test_a_key_that_points_at_the_unique_key(host: Host, rule: str) -> None:
    """(employee, clock-in) instead of the id: deletes are held, and corrections that would cost a pointer its row."""
    moment = {"sqlite": "TEXT", "mysql": "DATETIME", "postgresql": "TIMESTAMP"}[host.family]
    host.ddl(
        f"CREATE TABLE payslips (line VARCHAR(40) NOT NULL PRIMARY KEY, who {host.number}, at {moment},"
        " FOREIGN KEY (who, at) REFERENCES clock_times (employee_id, clock_in)"
        f" ON DELETE {rule} ON UPDATE {rule})"
    )
    gone, moved, closed = (host.work(day, "08:00", "12:00") for day in (3, 4, 5))
    host.sync()
    for shift in (gone, moved, closed):
        host.execute(
            "INSERT INTO payslips SELECT :l, employee_id, clock_in FROM clock_times WHERE id = :id",
            l=shift.id,
            id=host.row_of(shift.start),
        )
    lines = host.lines()
    host.company.delete(gone.id)
    host.company.edit(moved.id, start=moved.start + 60)
    host.company.edit(closed.id, end=(closed.end or 0) + 60)
    run = host.sync()
    assert run.counts.deleted == 0
    follows = rule == "CASCADE"
    assert len(host.held()) == (1 if follows else 2)
    assert run.counts.updated == (2 if follows else 1)
    assert len(host.lines()) == 3
    assert all(line["who"] is not None and line["at"] is not None for line in host.lines())
    if not follows:
        assert host.lines() == lines


def test_a_correction_that_was_held_is_made_once_nothing_points_there(host: Host) -> None:
    """Digests of our rows cannot tell that another table's rows are gone: such a slice is decided again each time."""
    moment = {"sqlite": "TEXT", "mysql": "DATETIME", "postgresql": "TIMESTAMP"}[host.family]
    host.ddl(
        f"CREATE TABLE payslips (line VARCHAR(40) NOT NULL PRIMARY KEY, who {host.number}, at {moment},"
        " FOREIGN KEY (who, at) REFERENCES clock_times (employee_id, clock_in))"
    )
    shift = host.work(3, "08:00", "12:00")
    host.sync()
    row = host.row_of(shift.start)
    host.execute("INSERT INTO payslips SELECT 'a', employee_id, clock_in FROM clock_times WHERE id = :id", id=row)
    host.company.edit(shift.id, start=shift.start + 60)
    assert host.sync().exit_code == 3
    for _ in range(3):
        assert host.sync().status == "nothing"
    host.execute("DELETE FROM payslips")
    assert host.sync().counts.updated == 1
    assert host.row_of(shift.start) == row
    assert not host.held()


def test_a_row_of_the_same_table_that_points_at_ours(host: Host) -> None:
    """A hand-made correction points at the row it corrects: neither is touched. A row that points at itself goes."""
    host.execute(
        f"ALTER TABLE clock_times ADD COLUMN corrects {host.number} NULL REFERENCES clock_times (id) ON DELETE SET NULL"
        if host.family != "mysql"
        else "ALTER TABLE clock_times ADD COLUMN corrects BIGINT NULL, ADD FOREIGN KEY (corrects)"
        " REFERENCES clock_times (id) ON DELETE SET NULL"
    )
    host.mirror.store._columns = None
    shift, own = host.work(3, "08:00", "12:00"), host.work(4, "08:00", "12:00")
    host.sync()
    row, itself = host.row_of(shift.start), host.row_of(own.start)
    host.execute(
        "INSERT INTO clock_times (employee_id, clock_in, is_active, source, corrects)"
        " SELECT employee_id, '2025-12-03 20:00:00', is_active, 'manual', id FROM clock_times WHERE id = :row",
        row=row,
    )
    host.execute("UPDATE clock_times SET corrects = id WHERE id = :row", row=itself)
    before = [r for r in host.table() if r["id"] != itself]
    host.company.delete(shift.id)
    host.company.delete(own.id)
    run = host.sync()
    assert (run.exit_code, run.counts.deleted) == (3, 1)
    assert host.held() == [f"1 row of clock_times points at row {row}; it stays as it is until they are gone"]
    assert host.table() == before


@pytest.mark.parametrize("database", ["mariadb", "mysql", "postgresql"], indirect=True)
def test_a_child_in_another_schema_or_database(host: Host, database: str) -> None:
    """Named with where it is."""
    other = f"{make_url(database).database}_other"
    word = "SCHEMA" if host.family == "postgresql" else "DATABASE"
    run_statement(make_url(database), f"CREATE {word} {other}")
    try:
        home = "public" if host.family == "postgresql" else make_url(database).database
        run_statement(
            make_url(database),
            f"CREATE TABLE {other}.punches (line VARCHAR(20) NOT NULL PRIMARY KEY, ct BIGINT,"
            f" FOREIGN KEY (ct) REFERENCES {home}.clock_times (id) ON DELETE CASCADE)",
        )
        shift = host.work(3, "08:00", "12:00")
        host.sync()
        row = host.row_of(shift.start)
        host.execute(f"INSERT INTO {other}.punches VALUES ('line 1', :c)", c=row)
        host.company.delete(shift.id)
        assert host.sync().exit_code == 3
        assert host.held() == [f"1 row of {other}.punches points at row {row}; it stays as it is until they are gone"]
        assert len(host.lines(f"{other}.punches")) == 1
    finally:
        host.mirror.close()
        run_statement(make_url(database), f"DROP {word} {other}{' CASCADE' if host.family == 'postgresql' else ''}")


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_partitioned_child_counts_once(host: Host) -> None:
    """The key of each partition is the parent's once more."""
    host.ddl(
        "CREATE TABLE payslips (line TEXT NOT NULL, ct BIGINT REFERENCES clock_times (id) ON DELETE CASCADE)"
        " PARTITION BY LIST (line)",
        "CREATE TABLE payslips_a PARTITION OF payslips FOR VALUES IN ('a')",
        "CREATE TABLE payslips_b PARTITION OF payslips DEFAULT",
    )
    shift = host.work(3, "08:00", "12:00")
    host.sync()
    row = host.row_of(shift.start)
    for line in ("a", "b"):
        host.execute("INSERT INTO payslips VALUES (:l, :c)", l=line, c=row)
    host.company.delete(shift.id)
    assert host.sync().exit_code == 3
    assert host.held() == [f"2 rows of payslips point at row {row}; it stays as it is until they are gone"]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_sqlite_takes_names_in_any_case(host: Host) -> None:
    """`REFERENCES Clock_Times` is our table, with or without the column it points at."""
    host.ddl(
        "CREATE TABLE payslips (line TEXT PRIMARY KEY, Clock_Time_Id INTEGER REFERENCES Clock_Times ON DELETE CASCADE)",
        "CREATE TABLE breaks (line TEXT PRIMARY KEY, ct INTEGER REFERENCES CLOCK_TIMES (ID) ON DELETE SET NULL)",
    )
    shift = host.work(3, "08:00", "12:00")
    host.sync()
    row = host.row_of(shift.start)
    host.execute("INSERT INTO payslips VALUES ('a', :c)", c=row)
    host.execute("INSERT INTO breaks VALUES ('a', :c)", c=row)
    host.company.delete(shift.id)
    assert host.sync().exit_code == 3
    said = f"1 row of breaks and 1 row of payslips point at row {row}; it stays as it is until they are gone"
    assert host.held() == [said]


def test_two_columns_of_one_table_are_told_apart(host: Host) -> None:
    """The table's name alone would not say which of them points at the row."""
    host.ddl(
        f"CREATE TABLE swaps (line VARCHAR(20) NOT NULL PRIMARY KEY, given {host.number}, taken {host.number},"
        " FOREIGN KEY (given) REFERENCES clock_times (id) ON DELETE CASCADE,"
        " FOREIGN KEY (taken) REFERENCES clock_times (id) ON DELETE SET NULL)"
    )
    shift = host.work(3, "08:00", "12:00")
    host.sync()
    row = host.row_of(shift.start)
    host.execute("INSERT INTO swaps VALUES ('a', NULL, :c)", c=row)
    host.company.delete(shift.id)
    host.sync()
    assert host.held() == [f"1 row of swaps.taken points at row {row}; it stays as it is until they are gone"]

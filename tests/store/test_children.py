"""Rows of other tables that point at ours: found however they point, never lost, never written."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import make_url, text

from conftest import run_statement
from connecteam_sync.client import ConnecteamSync
from connecteam_sync.config import Settings as Configuration
from connecteam_sync.config import load_settings
from connecteam_sync.core.change import Change, SlicePlan, fingerprint
from connecteam_sync.core.clocktime import ClockTime
from connecteam_sync.core.keys import RowId
from connecteam_sync.errors import ConfigurationError, NotOurs, RowMoved, UndoRefused
from connecteam_sync.sandbox import Company, Sandbox, Settings
from connecteam_sync.sandbox.company import WAREHOUSE, Activity
from connecteam_sync.store.history import runs
from connecteam_sync.store.mirror.apply import apply
from connecteam_sync.store.mirror.child_rows import children_of, pointers_at_ours
from connecteam_sync.store.mirror.clock_times import write_steps
from connecteam_sync.store.tables.host import ClockTimesNames, HostTables
from world import World

RULES = ("CASCADE", "SET NULL", "NO ACTION", "RESTRICT")


class Host(World):
    """A mirror beside whose table the host has other tables."""

    stays: Activity

    @property
    def family(self) -> str:
        """The kind of database."""
        return self.mirror.store.dialect.family

    @property
    def number(self) -> str:
        """The type of a row's id."""
        return "INTEGER" if self.family == "sqlite" else "BIGINT"

    def ddl(self, *statements: str) -> None:
        """What the host's administrator does to the tables."""
        with self.mirror.store.locked("by hand") as lock, lock.changing_tables("by hand") as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    def child(self, rule: str, table: str = "payslips") -> None:
        """A table with a declared key of this rule; an empty rule declares none."""
        key = f", FOREIGN KEY (clock_time_id) REFERENCES clock_times (id) ON DELETE {rule}" if rule else ""
        self.ddl(f"CREATE TABLE {table} (line VARCHAR(20) NOT NULL PRIMARY KEY, clock_time_id {self.number}{key})")

    def point(self, row: RowId, line: str = "line 1", table: str = "payslips") -> None:
        """A row of the host's that points at a row of ours."""
        self.execute(f"INSERT INTO {table} (line, clock_time_id) VALUES (:l, :c)", l=line, c=row)

    def lines(self, table: str = "payslips") -> list[dict[str, Any]]:
        """Every column of every row of the host's other table."""
        with self.mirror.store.reading() as session:
            return [dict(row) for row in session.read(f"SELECT * FROM {table} ORDER BY line")]

    def held(self) -> list[str]:
        """What is said of rows with children."""
        return [standing.hold.detail for standing in self.mirror.holds() if standing.hold.reason == "child_row"]

    def row_of(self, begin: int) -> RowId:
        """The id of the row of ours that begins at an instant."""
        with self.mirror.store.reading() as session:
            return next(row.id or 0 for row in session.rows_of_all() if row.clock_in == begin)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A Connecteam with three people."""
    with Sandbox(Company(0, people=3), Settings(minute_limit=1_000_000)) as running:
        yield running


@pytest.fixture
def host(sandbox: Sandbox, database: str) -> Iterator[Host]:
    """A mirror of it, and a shift that stays: an answer without any would be refused."""
    made = Host(sandbox, database)
    made.stays = made.work(9, "08:00", "12:00", user=max(made.company.people))
    yield made
    made.mirror.close()


def naming(host: Host, database: str, *places: str) -> Host:
    """The same database with `child_tables`."""
    host.mirror.close()
    return Host(host.sandbox, database, tables=HostTables(clock_times=ClockTimesNames(child_tables=places)))


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
    # Nothing but the receipt is written while nothing changes, and it is decided anew each time.
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
    """Digests of our rows cannot tell that another table's rows are gone: such a slice is decided anew each time."""
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


# -- asked only where it matters, and under the locks ------------------------------------------------------------------


def test_nothing_is_asked_where_nothing_is_deleted(host: Host) -> None:
    """An untroubled slice costs no statement more for the tables that point here."""
    shift = host.work(3, "08:00", "12:00")
    host.sync()
    host.company.edit(shift.id, end=(shift.end or 0) + 60)
    without = host.sync().statements
    host.child("CASCADE")
    host.point(host.row_of(shift.start))
    host.company.edit(shift.id, end=(shift.end or 0) + 120)
    assert host.sync().statements == without


def test_a_table_made_since_is_not_overlooked(host: Host) -> None:
    """The list of tables is kept for the process; before rows go, the catalogue is compared with it again."""
    shifts = [host.work(day, "08:00", "12:00") for day in (3, 4)]
    host.sync()
    host.company.delete(shifts[0].id)
    assert host.sync().counts.deleted == 1
    host.child("CASCADE")
    host.point(host.row_of(shifts[1].start))
    host.company.delete(shifts[1].id)
    assert host.sync().exit_code == 3
    assert len(host.held()) == 1
    assert len(host.lines()) == 1


def planned(host: Host) -> SlicePlan:
    """The only plan of the window."""
    (found,) = [plan for plan in host.mirror.plan(host.window).plans if plan.time_clock_id == WAREHOUSE]
    return found


def write(host: Host, decision: SlicePlan, *changes: Change) -> None:
    """Give a plan with these changes directly to the store, as an error of the planner would."""
    with host.mirror.store.writing() as session:
        stored = session.stored(decision.window, decision.snapshot)
        number = runs.begin_run(session, host.mirror.runs()[0])
        planted = msgspec.structs.replace(decision, changes=changes, mirrors=(), holds=())
        apply(session, planted, stored, run=number, now=1)


def change(kind: Any, before: ClockTime | None, after: ClockTime | None, host: Host) -> Change:  # noqa: ANN401 - a kind
    """A change that no planner of ours would make."""
    days = (host.window.first, host.window.first)
    return Change(kind=kind, before=before, after=after, shift_id=None, user_id=None, days=days, why="planted")


def test_a_child_that_came_after_the_decision_stops_the_delete(host: Host) -> None:
    """Counted again behind the locks of the rows: whoever decided, nothing that has children is deleted."""
    host.child("CASCADE")
    shift = host.work(3, "08:00", "12:00")
    host.sync()
    decision = planned(host)
    row = host.row_of(shift.start)
    host.point(row)
    with host.mirror.store.reading() as session:
        image = next(found for found in session.rows_of_all() if found.id == row)
    before, lines = host.table(), host.lines()
    with pytest.raises(RowMoved, match=f"1 row of payslips points at row {row}"):
        write(host, decision, change("delete", image, None, host))
    assert (host.table(), host.lines()) == (before, lines)


# -- rows that are not ours --------------------------------------------------------------------------------------------


def by_hand(host: Host, day: int = 3) -> ClockTime:
    """A row that a person entered."""
    host.execute(
        "INSERT INTO clock_times (employee_id, clock_in, clock_out, total_minutes, is_active, source)"
        " SELECT min(id), :i, :o, 60, :a, 'manual' FROM employees",
        i=f"2025-12-{day:02} 20:00:00",
        o=f"2025-12-{day:02} 21:00:00",
        a=False,
    )
    with host.mirror.store.reading() as session:
        return next(row for row in reversed(session.rows_of_all()) if not row.is_ours)


@pytest.mark.parametrize("kind", ["delete", "update", "link", "create", "taken", "given"])
def test_a_planted_plan_never_writes_a_row_of_another_source(host: Host, kind: str) -> None:
    """Whatever it says the row is: refused with its number, and nothing is written."""
    host.work(2, "08:00", "12:00")
    host.sync()
    decision, row = planned(host), by_hand(host)
    with host.mirror.store.reading() as session:
        ours = next(found for found in session.rows_of_all() if found.is_ours)
    before = host.everything()
    longer = msgspec.structs.replace(row, clock_out=row.clock_in + 7200, total_minutes=120)
    planted = {
        "delete": change("delete", row, None, host),
        "update": change("update", row, longer, host),
        "link": change("link", row, row, host),
        "create": change("create", None, msgspec.structs.replace(longer, id=None, clock_in=row.clock_in + 60), host),
        "taken": change("update", row, msgspec.structs.replace(longer, source="connecteam"), host),
        "given": change("update", ours, msgspec.structs.replace(ours, source="manual"), host),
    }[kind]
    with pytest.raises(NotOurs, match="never written") as refused:
        write(host, decision, planted)
    assert (refused.value.exit_code, refused.value.name) == (4, "not_ours")
    assert refused.value.rows == (planted.image.id,)
    assert host.everything() == before


@pytest.mark.parametrize("kind", ["delete", "update"])
def test_a_plan_that_calls_a_manual_row_ours_is_no_plan_of_this_table(host: Host, kind: str) -> None:
    """The image of the plan says `connecteam`, the row says `manual`."""
    host.work(2, "08:00", "12:00")
    host.sync()
    decision, row = planned(host), by_hand(host)
    before = host.everything()
    lie = msgspec.structs.replace(row, source="connecteam")
    after = None if kind == "delete" else msgspec.structs.replace(lie, clock_out=row.clock_in + 7200, total_minutes=120)
    with pytest.raises(RowMoved):
        write(host, decision, change(kind, lie, after, host))
    assert host.everything() == before


def test_the_statements_themselves_leave_rows_of_another_source_alone(host: Host) -> None:
    """Without any check before them: what is written names a manual row with all of its values, and finds none."""
    host.work(2, "08:00", "12:00")
    host.sync()
    row = by_hand(host)
    longer = msgspec.structs.replace(row, clock_out=row.clock_in + 7200, total_minutes=120)
    before = host.everything()
    for planted in (change("delete", row, None, host), change("update", row, longer, host)):
        with pytest.raises(RowMoved), host.mirror.store.writing() as session:
            write_steps(session, [planted], now=1)
        assert host.everything() == before


# -- undo --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", ["CASCADE", "SET NULL", "NO ACTION"])
def test_undo_of_rows_that_got_children_since_is_refused(host: Host, rule: str) -> None:
    """Naming tables, counts and rows; nothing is written. Once they are gone it goes through."""
    host.child(rule)
    host.child("CASCADE", "breaks")
    shifts = [host.work(day, "08:00", "12:00") for day in (3, 4, 5)]
    run = host.sync()
    one, two = host.row_of(shifts[0].start), host.row_of(shifts[1].start)
    host.point(one, "line 1")
    host.point(one, "line 2")
    host.point(two, "line 1", "breaks")
    before, lines = host.everything(), (host.lines(), host.lines("breaks"))
    said = f"2 rows of payslips point at row {one}; 1 row of breaks points at row {two}$"
    with pytest.raises(UndoRefused, match=said) as refused:
        host.mirror.undo(run.id or 0)
    assert (refused.value.exit_code, refused.value.rows) == (4, (one, two))
    assert host.everything() == before
    assert (host.lines(), host.lines("breaks")) == lines
    host.execute("DELETE FROM payslips")
    host.execute("DELETE FROM breaks")
    assert host.mirror.undo(run.id or 0).counts.deleted == len(before[0])
    assert not host.table()


def test_undo_counts_configured_children_and_rows_of_the_same_table(host: Host, database: str) -> None:
    """Without a declared key as with one, and where it is a row by hand that points at ours."""
    host.child("")
    shift = host.work(3, "08:00", "12:00")
    run = host.sync()
    host.point(host.row_of(shift.start))
    named = naming(host, database, "payslips.clock_time_id")
    with pytest.raises(UndoRefused, match="1 row of payslips points at row"):
        named.mirror.undo(run.id or 0)
    named.mirror.close()


def test_undo_of_a_correction_off_a_key_that_is_pointed_at_is_refused(host: Host) -> None:
    """The row would stay, and the approval of its clock-in would have nothing to point at."""
    moment = {"sqlite": "TEXT", "mysql": "DATETIME", "postgresql": "TIMESTAMP"}[host.family]
    shift = host.work(3, "08:00", "12:00")
    host.sync()
    host.company.edit(shift.id, start=shift.start + 60)
    run = host.sync()
    host.ddl(
        f"CREATE TABLE approvals (line VARCHAR(40) NOT NULL PRIMARY KEY, who {host.number}, at {moment},"
        " FOREIGN KEY (who, at) REFERENCES clock_times (employee_id, clock_in) ON UPDATE SET NULL)"
    )
    row = host.row_of(shift.start)
    host.execute("INSERT INTO approvals SELECT 'a', employee_id, clock_in FROM clock_times WHERE id = :id", id=row)
    lines = host.lines("approvals")
    with pytest.raises(UndoRefused, match=f"1 row of approvals points at row {row}"):
        host.mirror.undo(run.id or 0)
    assert host.lines("approvals") == lines


def test_undo_leaves_a_person_whom_other_tables_name(host: Host) -> None:
    """The run created the employee; a contract was written since. The hours go, the person stays."""
    shift = host.work(3, "08:00", "12:00")
    run = host.sync()
    host.ddl(
        f"CREATE TABLE contracts (line VARCHAR(20) NOT NULL PRIMARY KEY, who {host.number},"
        " FOREIGN KEY (who) REFERENCES employees (id) ON DELETE CASCADE)"
    )
    with host.mirror.store.reading() as session:
        who = next(row.employee_id for row in session.rows_of_all() if row.clock_in == shift.start)
    host.execute("INSERT INTO contracts VALUES ('a', :who)", who=who)
    lines = host.lines("contracts")
    host.mirror.undo(run.id or 0)
    assert not host.table()
    assert [row["id"] for row in host.table("employees")] == [who]
    assert host.lines("contracts") == lines


def _with(plan: SlicePlan, planted: Change) -> SlicePlan:
    """A plan as somebody who knows its fingerprint would edit it."""
    changes = (*plan.changes, planted)
    name = fingerprint(plan.time_clock_id, plan.window, changes, plan.new_employees)
    return msgspec.structs.replace(plan, changes=changes, fingerprint=name)


@pytest.mark.parametrize("harm", ["delete", "update"])
def test_a_saved_plan_edited_to_write_a_manual_row_is_refused(host: Host, tmp_path: Path, harm: str) -> None:
    """`apply FILE` with a change put into the file by hand: nothing is written, the row by hand least of all."""
    host.work(2, "08:00", "12:00")
    host.sync()
    row = by_hand(host)
    host.work(4, "08:00", "12:00")
    proposal = host.mirror.plan(host.window)
    longer = msgspec.structs.replace(row, clock_out=row.clock_in + 7200, total_minutes=120)
    planted = change(harm, row, None if harm == "delete" else longer, host)
    plans = tuple(_with(plan, planted) for plan in proposal.plans)
    file = tmp_path / "plan.json"
    edited = msgspec.structs.replace(proposal, plans=plans)
    host.mirror.save_plan(edited, file)
    before = host.table()
    with pytest.raises(ConfigurationError, match=f"row {row.id} is not ours"):
        host.mirror.read_plan(file)
    # Nor by a program that reads no file.
    assert host.mirror.apply(edited).exit_code == 4
    assert host.table() == before


def test_undo_never_writes_a_row_of_another_source(host: Host) -> None:
    """A journal that somebody wrote into says that the run created a row which is a person's."""
    host.work(3, "08:00", "12:00")
    run = host.sync()
    by_hand(host)
    host.execute(
        "UPDATE connecteam_sync_changes SET change_json = replace(change_json, 'connecteam', 'manual'),"
        " row_after = replace(row_after, 'connecteam', 'manual')"
    )
    host.execute("UPDATE clock_times SET source = 'manual'")
    before = host.everything()
    with pytest.raises((NotOurs, UndoRefused)):
        host.mirror.undo(run.id or 0)
    assert host.everything() == before


# -- tables that cannot be read ----------------------------------------------------------------------------------------


class Daily:
    """A user of the server who may do the daily work and nothing else."""

    def __init__(self, host: Host, database: str, *tables: str) -> None:
        self.host, self.url = host, make_url(database)
        self.name = f"daily_{uuid.uuid4().hex[:8]}"
        self.who = self.name if host.family == "postgresql" else f"'{self.name}'@'%'"
        word = "PASSWORD" if host.family == "postgresql" else "IDENTIFIED BY"
        self.run(f"CREATE USER {self.who} {word} 'daily'")
        with host.mirror.store.connection() as connection:
            schema = "current_schema()" if host.family == "postgresql" else "database()"
            found = connection.execute(
                text(f"SELECT table_name FROM information_schema.tables WHERE table_schema = {schema}")
            ).scalars()
            names = [name for name in found if name.startswith("connecteam_sync_")]
        prefix = "" if host.family == "postgresql" else f"{self.url.database}."
        for name in (*names, "clock_times", "employees", *tables):
            self.run(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {prefix}{name} TO {self.who}")
        if host.family == "postgresql":
            self.run(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {self.name}")
        settings = Configuration(
            timezone=host.company.timezone,
            database_url=self.url.set(username=self.name, password="daily").render_as_string(hide_password=False),
            base_url=host.sandbox.url,
            employees="create",
        )
        self.mirror = ConnecteamSync(host.sandbox.key, settings=settings)

    def run(self, statement: str) -> None:
        """A statement of the administrator."""
        run_statement(self.url, statement)

    def check(self) -> tuple[str, str]:
        """What `doctor` says of child tables: state and sentence."""
        [check] = [check for check in self.mirror.doctor() if check.name == "child tables"]
        return check.state, f"{check.detail} {check.cure}"

    def drop(self) -> None:
        """The user goes."""
        self.mirror.close()
        if self.host.family == "postgresql":
            self.run(f"DROP OWNED BY {self.name}")
        self.run(f"DROP USER {self.who}")


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
@pytest.mark.parametrize("how", ["no right", "a policy"])
def test_a_table_that_cannot_be_read_holds_every_delete(host: Host, database: str, how: str) -> None:
    """A cascade asks nobody's rights and no policy: where nobody can count, nothing is deleted."""
    host.child("CASCADE")
    pointed, free = host.work(3, "08:00", "12:00"), host.work(4, "08:00", "12:00")
    host.sync()
    host.point(host.row_of(pointed.start))
    if how == "a policy":
        host.ddl("ALTER TABLE payslips ENABLE ROW LEVEL SECURITY")
    daily = Daily(host, database, *(["payslips"] if how == "a policy" else []))
    try:
        host.company.delete(pointed.id)
        host.company.delete(free.id)
        fresh = host.work(5, "08:00", "12:00")
        run = daily.mirror.sync(host.window)
        assert (run.exit_code, run.counts.deleted, run.counts.created) == (3, 0, 1)
        assert len(host.held()) == 2
        assert all("may not read payslips" in detail for detail in host.held())
        assert len(host.lines()) == 1
        assert host.row_of(fresh.start)
        state, said = daily.check()
        assert state == "warning"
        assert "GRANT SELECT on payslips" in said
        if how == "no right":
            daily.run(f"GRANT SELECT ON payslips TO {daily.name}")
            # A process of its own asks again; so does this one where doctor has looked.
            assert daily.check()[0] == "ok"
            assert daily.mirror.sync(host.window).counts.deleted == 1
    finally:
        daily.drop()


@pytest.mark.parametrize("database", ["mariadb", "mysql"], indirect=True)
def test_a_right_on_a_table_that_does_not_let_it_be_read(host: Host, database: str) -> None:
    """MySQL shows the key to whoever has any right on the table."""
    host.child("CASCADE")
    shift = host.work(3, "08:00", "12:00")
    host.sync()
    host.point(host.row_of(shift.start))
    daily = Daily(host, database)
    try:
        # It sees no key of a table on which it has no right: doctor says that it cannot know.
        state, said = daily.check()
        assert state == "warning"
        assert "child_tables = []" in said
        daily.run(f"GRANT UPDATE ON {daily.url.database}.payslips TO {daily.who}")
        assert "payslips cannot be read" in daily.check()[1]
        host.company.delete(shift.id)
        assert daily.mirror.sync(host.window).exit_code == 3
        assert "may not read payslips" in host.held()[0]
        # The right to read is all that it takes to count, also where the rules of the key are not shown.
        daily.run(f"GRANT SELECT ON {daily.url.database}.payslips TO {daily.who}")
        assert "cannot be read" not in daily.check()[1]
        assert daily.mirror.sync(host.window).exit_code == 3
        assert host.held()[0].startswith("1 row of payslips points at")
        assert len(host.lines()) == 1
    finally:
        daily.drop()


def test_doctor_lists_the_tables_that_point_here(host: Host, database: str) -> None:
    """With their rules, and those that are only configured; whoever has looked is not asked again."""
    host.child("CASCADE")
    host.child("SET NULL", "breaks")
    host.child("", "approvals")
    named = naming_only(host, database, "approvals.clock_time_id")
    [check] = [check for check in named.doctor() if check.name == "child tables"]
    assert check.state == "ok"
    assert check.detail == (
        "breaks.clock_time_id (ON DELETE SET NULL), payslips.clock_time_id (ON DELETE CASCADE),"
        " approvals.clock_time_id (configured): rows with children are never deleted"
    )
    named.close()


def test_pointers_are_told_with_their_rules(host: Host) -> None:
    """What `doctor` lists."""
    host.child("CASCADE")
    host.child("SET NULL", "breaks")
    with host.mirror.store.reading() as session:
        found = pointers_at_ours(session, fresh=True)
        assert children_of(session, []) == {}
    assert [(p.place, p.on_delete) for p in found] == [
        ("breaks.clock_time_id", "SET NULL"),
        ("payslips.clock_time_id", "CASCADE"),
    ]

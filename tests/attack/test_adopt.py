"""Taking over a table that other programs use: what stays, what is held, what points at it, and the way back."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest
from sqlalchemy import create_engine, text
from test_damaged import host_tables

from connecteam_sync.client import ConnecteamSync
from connecteam_sync.core.progress import Progress
from connecteam_sync.errors import AdoptRefused, DatabaseError, UndoRefused
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.store.adopt import catalog
from connecteam_sync.store.tables.host import ClockTimesNames, HostTables
from support.legacy_damage import moment
from support.scenario import World

KILLED = 9


@pytest.fixture
def world(database: str) -> Any:  # noqa: ANN401 - a generator of worlds
    """A host's own tables without a unique key, three people, a Connecteam with a shift for each of them."""
    with Sandbox(Company(0, people=3), SandboxSettings(minute_limit=1_000_000)) as sandbox:
        employees = host_tables(database, sorted(sandbox.company.people))
        found = World(sandbox, database, employees="match", max_deletes=10_000)
        found.employees = employees  # type: ignore[attr-defined] # carried along for the tests
        yield found
        found.mirror.close()


def put(world: World, begin: int, end: int | None, *, who: int = 0, source: str = "connecteam") -> int:
    """A row another program wrote; its id."""
    employee = sorted(world.employees.values())[who]  # type: ignore[attr-defined] # see above
    world.execute(
        "INSERT INTO clock_times (employee_id, clock_in, clock_out, total_minutes, is_active, source)"
        " VALUES (:e, :i, :o, :m, :a, :s)",
        e=employee,
        i=moment(begin),
        o=moment(end),
        m=None if end is None else (end - begin) // 60,
        a=end is None,
        s=source,
    )
    return int(world.table()[-1]["id"])


def ids(world: World) -> list[int]:
    """The rows there are."""
    return [int(row["id"]) for row in world.table()]


def test_every_pair_and_triple_leaves_one_row(world: World) -> None:
    """All 9 pairs and 27 triples of open, closed and closed later: one row each, a clock-out kept where one is."""
    outs = (None, 3600, 7200)
    at = world.at(3, "06:00")
    shapes = [(a, b) for a in outs for b in outs] + [(a, b, c) for a in outs for b in outs for c in outs]
    for number, shape in enumerate(shapes):
        for out in shape:
            put(world, at + number * 10_000, None if out is None else at + number * 10_000 + out)
    before = world.table()
    survey = world.mirror.survey()
    assert survey.groups == len(shapes) == 36
    run = world.mirror.adopt()
    assert run.exit_code == 0
    rows = world.table()
    assert len(rows) == 36
    for number, (row, shape) in enumerate(zip(sorted(rows, key=lambda r: str(r["clock_in"])), shapes, strict=True)):
        first = next((out for out in shape if out is not None), None)
        assert str(row["clock_out"])[:19] == str(moment(None if first is None else at + number * 10_000 + first))[:19]
    world.mirror.undo_adopt()
    assert world.table() == before


def test_the_row_of_a_live_shift_survives_and_is_closed_by_its_double(world: World) -> None:
    """The linked row is open, its double closed: the linked one stays, with the other's clock-out; undo parts them."""
    shift = world.work(3, "08:00", None)
    world.sync()
    linked = ids(world)[0]
    double = put(world, shift.start, shift.start + 3600)
    before, memory = world.table(), world.table("connecteam_sync_shifts")
    run = world.mirror.adopt()
    assert (run.counts.updated, run.counts.deleted) == (1, 1)
    (row,) = world.table()
    assert (row["id"], bool(row["is_active"]), row["total_minutes"]) == (linked, False, 60)
    assert double not in ids(world)
    # What was written is remembered as ours, so that the next sync does not take it for an edit behind our back.
    (mirror,) = world.table("connecteam_sync_shifts")
    assert (mirror["clock_time_id"], mirror["applied_clock_out"]) == (linked, shift.start + 3600)
    world.mirror.undo_adopt()
    assert world.table() == before
    strip = [{k: v for k, v in r.items() if k != "changed_in_run"} for r in world.table("connecteam_sync_shifts")]
    assert strip == [{k: v for k, v in r.items() if k != "changed_in_run"} for r in memory]


def test_a_removed_row_takes_no_link_with_it(world: World) -> None:
    """Its shift is gone from Connecteam, and a closed double is better: nothing may point at the row that went."""
    shift = world.work(3, "08:00", None)
    world.sync()
    (linked,) = ids(world)
    world.execute("UPDATE connecteam_sync_shifts SET is_gone = 1")
    better = put(world, shift.start, shift.start + 3600)
    world.mirror.adopt()
    assert ids(world) == [better]
    (mirror,) = world.table("connecteam_sync_shifts")
    assert (mirror["clock_time_id"], mirror["applied_clock_in"]) == (None, None)
    world.mirror.undo_adopt()
    assert world.table("connecteam_sync_shifts")[0]["clock_time_id"] == linked


def test_rows_entered_by_hand_are_held_and_the_key_waits(world: World) -> None:
    """A pair with a manual row is left to a person; other doubles go; once it is decided, the key comes."""
    at = world.at(3, "08:00")
    ours, hand = put(world, at, at + 3600), put(world, at, at + 7200, source="manual")
    one, two = put(world, at + 50_000, at + 53_600), put(world, at + 50_000, at + 53_600)
    before = world.table()
    run = world.mirror.adopt()
    assert run.exit_code == 3
    assert [hold.reason for hold in run.holds] == ["manual_row"]
    assert str(hand) in run.holds[0].detail
    assert ids(world) == [ours, hand, one]
    assert world.mirror.survey().unique_key is None
    waiting = world.mirror.adopt()
    assert (waiting.id, waiting.exit_code) == (None, 3)
    world.execute("DELETE FROM clock_times WHERE id = :id", id=ours)
    assert world.mirror.adopt().exit_code == 0
    assert world.mirror.survey().unique_key == "uq_employee_clock_in"
    # Both adoptions go back; the row the person deleted stays deleted.
    runs = world.mirror.undo_adopt()
    assert len(runs) == 2
    assert world.table() == [row for row in before if row["id"] != ours]
    assert two in ids(world)


def test_locked_days_are_held(world: World) -> None:
    """Payroll closed the day: its doubles stay."""
    at = world.at(3, "08:00")
    put(world, at, at + 3600)
    put(world, at, at + 3600)
    day = world.window.first.replace(day=3)
    world.lock(day)
    run = world.mirror.adopt()
    assert [hold.reason for hold in run.holds] == ["locked_day"]
    assert len(ids(world)) == 2


def child(world: World, *, unique: bool = False, key: bool = True) -> None:
    """A table of the host's that points at clock_times."""
    kind = world.mirror.store.dialect.family
    number = "BIGINT" if kind != "sqlite" else "INTEGER"
    stamp = ", touched TIMESTAMP NULL DEFAULT NULL ON UPDATE CURRENT_TIMESTAMP" if kind == "mysql" else ""
    with world.mirror.store.locked("making a table") as lock, lock.changing_tables("making a table") as connection:
        connection.exec_driver_sql(
            f"CREATE TABLE payroll_lines (line VARCHAR(20) NOT NULL{' PRIMARY KEY' if key else ''},"
            f" clock_time_id {number} {'UNIQUE' if unique else ''}{stamp},"
            " FOREIGN KEY (clock_time_id) REFERENCES clock_times (id) ON DELETE CASCADE)"
        )


def lines(world: World) -> list[dict[str, Any]]:
    """The host's other table."""
    with world.mirror.store.reading() as session:
        return [dict(row) for row in session.read("SELECT * FROM payroll_lines ORDER BY line")]


def test_rows_of_other_tables_are_pointed_at_the_survivor_and_back(world: World) -> None:
    """A cascading foreign key would have deleted the payroll lines; undo points every line back."""
    child(world)
    at = world.at(3, "08:00")
    rows = [put(world, at, at + 3600) for _ in range(3)]
    for number, row in enumerate(rows):
        world.execute("INSERT INTO payroll_lines (line, clock_time_id) VALUES (:l, :c)", l=f"line {number}", c=row)
    before, pointing = world.table(), lines(world)
    assert [key.table for key in world.mirror.survey().references] == ["payroll_lines"]
    assert world.mirror.adopt().exit_code == 0
    assert ids(world) == rows[:1]
    assert [line["clock_time_id"] for line in lines(world)] == rows[:1] * 3
    world.mirror.undo_adopt()
    assert world.table() == before
    assert lines(world) == pointing


@pytest.mark.parametrize("how", ["unique", "keyless"])
def test_pointers_that_cannot_be_moved_hold_their_double(world: World, how: str) -> None:
    """Two lines where one is allowed, or lines that could not be told apart afterwards: a person decides."""
    child(world, unique=how == "unique", key=how != "keyless")
    at = world.at(3, "08:00")
    rows = [put(world, at, at + 3600) for _ in range(2)]
    for number, row in enumerate(rows):
        world.execute("INSERT INTO payroll_lines (line, clock_time_id) VALUES (:l, :c)", l=f"line {number}", c=row)
    before = lines(world)
    run = world.mirror.adopt()
    assert [hold.reason for hold in run.holds] == ["child_row"]
    assert ids(world) == rows
    assert lines(world) == before


@pytest.mark.parametrize("how", ["composite", "same table", "not a number"])
def test_pointers_of_other_kinds_hold_their_double(world: World, how: str) -> None:
    """Several columns, rows of the same table, ids kept as text: no obstacle, but what has such children stays."""
    family = world.mirror.store.dialect.family
    number = "INTEGER" if family == "sqlite" else "BIGINT"
    tables = HostTables()
    if how == "composite":
        world.execute(f"ALTER TABLE clock_times ADD COLUMN tenant {number} DEFAULT 7 NOT NULL")
        world.execute("CREATE UNIQUE INDEX of_tenant ON clock_times (id, tenant)")
        world.execute(
            f"CREATE TABLE payroll_lines (line VARCHAR(20) NOT NULL PRIMARY KEY, ct {number}, tenant {number},"
            " FOREIGN KEY (ct, tenant) REFERENCES clock_times (id, tenant) ON DELETE CASCADE)"
        )
    elif how == "same table":
        reference = "REFERENCES clock_times (id) ON DELETE SET NULL"
        world.execute(
            f"ALTER TABLE clock_times ADD COLUMN corrects {number} NULL"
            + (f", ADD FOREIGN KEY (corrects) {reference}" if family == "mysql" else f" {reference}")
        )
        world.execute("CREATE TABLE payroll_lines (line VARCHAR(20))")
    else:
        world.execute("CREATE TABLE payroll_lines (line VARCHAR(20) NOT NULL PRIMARY KEY, ct VARCHAR(20))")
        tables = HostTables(clock_times=ClockTimesNames(child_tables=("payroll_lines.ct",)))
    world.mirror.close()
    world.mirror = ConnecteamSync("sandbox-key", settings=msgspec.structs.replace(world.mirror.settings, tables=tables))
    at = world.at(3, "08:00")
    kept, pointed = put(world, at, at + 3600), put(world, at, at + 3600)
    one, _ = put(world, at + 50_000, at + 53_600), put(world, at + 50_000, at + 53_600)
    pointing = {
        "composite": f"INSERT INTO payroll_lines VALUES ('a', {pointed}, 7)",
        "same table": f"UPDATE clock_times SET corrects = {pointed} WHERE id = {one}",
        "not a number": f"INSERT INTO payroll_lines VALUES ('a', '{pointed}')",
    }
    world.execute(pointing[how])
    before = lines(world)
    run = world.mirror.adopt()
    assert [hold.reason for hold in run.holds] == ["child_row"]
    assert ids(world) == [kept, pointed, one]
    assert lines(world) == before


def test_configured_children_are_pointed_at_the_survivor_and_back(world: World) -> None:
    """Without a declared key as with one."""
    number = "INTEGER" if world.mirror.store.dialect.family == "sqlite" else "BIGINT"
    world.execute(f"CREATE TABLE payroll_lines (line VARCHAR(20) NOT NULL PRIMARY KEY, ct {number})")
    tables = HostTables(clock_times=ClockTimesNames(child_tables=("payroll_lines.ct",)))
    world.mirror.close()
    world.mirror = ConnecteamSync("sandbox-key", settings=msgspec.structs.replace(world.mirror.settings, tables=tables))
    at = world.at(3, "08:00")
    first, second = put(world, at, at + 3600), put(world, at, at + 3600)
    world.execute("INSERT INTO payroll_lines VALUES ('a', :c)", c=second)
    before, pointing = world.table(), lines(world)
    assert world.mirror.adopt().exit_code == 0
    assert ids(world) == [first]
    assert [line["ct"] for line in lines(world)] == [first]
    world.mirror.undo_adopt()
    assert (world.table(), lines(world)) == (before, pointing)


def test_an_adoption_whose_key_others_point_at_is_not_taken_back(world: World) -> None:
    """A foreign key was declared on the unique key since: named, before anything is done."""
    family = world.mirror.store.dialect.family
    number = "INTEGER" if family == "sqlite" else "BIGINT"
    kind = {"sqlite": "TEXT", "mysql": "DATETIME", "postgresql": "TIMESTAMP"}[family]
    at = world.at(3, "08:00")
    for _ in range(2):
        put(world, at, at + 3600)
    world.mirror.adopt()
    world.execute(
        f"CREATE TABLE payroll_lines (line VARCHAR(20) NOT NULL PRIMARY KEY, who {number}, at {kind},"
        " FOREIGN KEY (who, at) REFERENCES clock_times (employee_id, clock_in))"
    )
    before = world.table()
    with pytest.raises(UndoRefused, match=r"payroll_lines\.who, at points at the unique key"):
        world.mirror.undo_adopt()
    assert world.table() == before
    assert world.mirror.survey().unique_key == "uq_employee_clock_in"


def test_undo_is_refused_where_a_row_was_written_since(world: World) -> None:
    """A survivor edited by another program, or by a later run."""
    at = world.at(3, "08:00")
    first, gone = put(world, at, at + 3600), put(world, at, at + 3600)
    put(world, at + 50_000, at + 53_600)
    world.mirror.adopt()
    put(world, at + 90_000, at + 93_600)
    world.execute(
        "INSERT INTO clock_times (id, employee_id, clock_in, is_active, source)"
        " SELECT :gone, employee_id, :at, is_active, source FROM clock_times WHERE id = :first",
        gone=gone,
        first=first,
        at=moment(at + 1),
    )
    with pytest.raises(UndoRefused, match="another program"):
        world.mirror.undo_adopt()
    assert world.mirror.survey().unique_key == "uq_employee_clock_in"


@pytest.mark.parametrize("damage", ["DROP TABLE {}", "DELETE FROM {} WHERE id = 1"])
def test_undo_without_its_backup_is_refused_before_anything_is_done(world: World, damage: str) -> None:
    """Dropped or written to by somebody: the key stays, the rows stay, and the backup's name is told."""
    at = world.at(3, "08:00")
    for _ in range(3):
        put(world, at, at + 3600)
    run = world.mirror.adopt()
    before = world.table()
    world.execute(damage.format(f"connecteam_sync_backup_{run.id}"))
    with pytest.raises((UndoRefused, DatabaseError), match=f"connecteam_sync_backup_{run.id} is"):
        world.mirror.undo_adopt()
    assert world.table() == before
    assert world.mirror.survey().unique_key == "uq_employee_clock_in"


def test_the_backup_can_be_restored_by_hand(world: World) -> None:
    """The statements of `adopt --sql`, run by a person with nothing of ours but the backup."""
    at = world.at(3, "08:00")
    shift = world.work(4, "08:00", None)
    world.sync()
    put(world, shift.start, shift.start + 3600)
    for _ in range(3):
        put(world, at, at + 3600)
    before = world.table()
    run = world.mirror.adopt()
    note = next(slice_.note for slice_ in run.slices if slice_.note)
    assert "5 rows" in note
    drop, restore = world.mirror.adopt_sql().split("-- Drop it again.")[1].split("-- Bring")
    statements = drop.split(";") + restore.split("\n", 1)[1].replace("RUN", str(run.id)).split(";")
    with world.mirror.store.locked("by hand") as lock, lock.changing_tables("by hand") as connection:
        for statement in filter(str.strip, statements):
            connection.execute(text(statement))
    assert world.table() == before


def test_the_key_of_a_dba_is_taken_as_it_is(world: World) -> None:
    """Made by the printed statements: nothing is left to do, and undo has nothing to drop."""
    statements = world.mirror.adopt_sql().split("start over.")[1].split("--")[0].split(";")
    with world.mirror.store.locked("by hand") as lock, lock.changing_tables("by hand") as connection:
        for statement in filter(str.strip, statements):
            connection.execute(text(statement))
    assert world.mirror.survey().unique_key == "uq_employee_clock_in"
    assert world.mirror.adopt().id is None
    with pytest.raises(UndoRefused):
        world.mirror.undo_adopt()


def test_a_foreign_key_to_another_column_is_an_obstacle(world: World) -> None:
    """Where the database allows one: named, and nothing is written."""
    if world.mirror.store.dialect.family != "sqlite":
        pytest.skip("only SQLite lets a key point at a column that is not unique without more ado")
    world.execute("CREATE TABLE odd (at TEXT REFERENCES clock_times (clock_in))")
    with pytest.raises(AdoptRefused, match=r"odd\.at"):
        world.mirror.adopt()


def indexes(world: World) -> dict[str, list[str]]:
    """The plain indexes of the table."""
    with world.mirror.store.connection() as connection:
        return catalog.indexes(connection, world.mirror.store.dialect, world.mirror.store.host)


def test_an_index_that_served_a_foreign_key_comes_back(world: World) -> None:
    """MySQL drops the index it made for a foreign key once the unique key can serve; undo needs it again."""
    if world.mirror.store.dialect.family == "mysql":
        world.execute(
            "ALTER TABLE clock_times ADD CONSTRAINT fk_who FOREIGN KEY (employee_id) REFERENCES employees (id)"
        )
    else:
        world.execute("CREATE INDEX fk_who ON clock_times (employee_id)")
    before = indexes(world)
    assert before == {"fk_who": ["employee_id"]}
    assert world.mirror.adopt().exit_code == 0
    world.mirror.undo_adopt()
    assert indexes(world) == before
    assert world.mirror.survey().unique_key is None


def test_a_double_written_just_before_the_key_is_removed_too(world: World, database: str) -> None:
    """Removed, the key not there yet, and another program writes a double: a second round, undone as well."""
    if database.startswith("sqlite"):
        pytest.skip("SQLite has one writer at a time: the whole adoption is one transaction")
    at = world.at(3, "08:00")
    for _ in range(2):
        put(world, at, None)
    before = world.table()
    late: list[int] = []
    engine = create_engine(world.mirror.store.url)

    def meddle(progress: Progress) -> None:
        if progress.step == "adding the unique key" and not late:
            with engine.begin() as connection:
                connection.execute(
                    text(
                        "INSERT INTO clock_times (employee_id, clock_in, clock_out, total_minutes, is_active, source)"
                        " SELECT employee_id, clock_in, :out, 60, :no, source FROM clock_times"
                    ),
                    {"out": moment(at + 3600), "no": False},
                )
            late.append(1)

    slow = ConnecteamSync("sandbox-key", settings=world.mirror.settings, on_progress=meddle)
    run = slow.adopt()
    slow.close()
    engine.dispose()
    assert late
    assert (run.exit_code, run.counts.deleted) == (0, 2)
    (row,) = world.table()
    assert row["total_minutes"] == 60
    world.mirror.undo_adopt()
    assert world.table() == [*before, row]


def test_a_purge_leaves_the_take_over_on_record(world: World) -> None:
    """Its entries go with their days, so it is not taken back; that the table was taken over, and how, stays."""
    first, days = date(2021, 3, 5), "2021-03-01..2021-03-07"
    begin = world.company.at(first, "06:00")
    for _ in range(2):
        put(world, begin, begin + 3600)
    done = world.mirror.adopt()
    assert (done.kind, done.window.first, done.exit_code) == ("adopt", first, 0)
    world.work(3, "08:00", "16:00")
    world.sync()
    world.mirror.retention.purge(days, confirm=days)
    assert world.mirror.show(done.id or 0)[0].kind == "adopt"
    with pytest.raises(UndoRefused, match=f"was purged on .*: what run {done.id} did there is not on record any more"):
        world.mirror.undo_adopt()

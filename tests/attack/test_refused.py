"""One record harms only itself, in the database too: whatever the host's table refuses is held, the rest is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import NamedTuple

import pytest
from sqlalchemy import create_engine, text

from connecteam_sync.core.run import Run
from connecteam_sync.errors import DatabaseError, DatabaseUnavailable, NotServed, RowMoved
from connecteam_sync.sandbox import Company, Sandbox, Settings
from connecteam_sync.sandbox.company import WAREHOUSE, Activity
from connecteam_sync.store.sql.pipeline import Query
from connecteam_sync.store.store import Store
from connecteam_sync.store.tables.host import ClockTimesNames, HostTables
from world import FIRST, LAST, World

COLUMNS = "id, employee_id, clock_in, clock_out, total_minutes, is_active, source"
EVERY = ("sqlite", "mysql", "postgresql")


def kind_of(database: str) -> str:
    """sqlite, mysql (both of them) or postgresql."""
    return "mysql" if "mysql" in database else database.split("+", maxsplit=1)[0].split(":", maxsplit=1)[0]


def run(database: str, *statements: str) -> None:
    """What the host's own administrator did."""
    engine = create_engine(database)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement.replace(":", r"\:")))
    engine.dispose()


def make(kind: str, constraint: str = "", *, name: str = "clock_times", tail: str = "") -> str:
    """CREATE TABLE of the clock times, with a constraint of the host's own."""
    key = {
        "sqlite": "INTEGER PRIMARY KEY AUTOINCREMENT",
        "mysql": "BIGINT AUTO_INCREMENT PRIMARY KEY",
        "postgresql": "BIGSERIAL PRIMARY KEY",
    }[kind]
    moment = "TIMESTAMP(0)" if kind == "postgresql" else "DATETIME"
    more = f", {constraint}" if constraint else ""
    return (
        f"CREATE TABLE {name} (id {key}, employee_id BIGINT NOT NULL, clock_in {moment} NOT NULL, clock_out {moment},"
        " total_minutes INTEGER, is_active BOOLEAN NOT NULL, source VARCHAR(32) NOT NULL,"
        f" UNIQUE (employee_id, clock_in){more}){tail}"
    )


def plain_again(kind: str) -> tuple[str, ...]:
    """The same table without the constraint: the cure where a database cannot drop one."""
    move = f"INSERT INTO plain ({COLUMNS}) SELECT {COLUMNS} FROM clock_times"
    again = (
        ("SELECT setval(pg_get_serial_sequence('clock_times', 'id'), (SELECT max(id) FROM clock_times))",)
        if kind == "postgresql"
        else ()
    )
    return (make(kind, name="plain"), move, "DROP TABLE clock_times", "ALTER TABLE plain RENAME TO clock_times", *again)


def long_shift(world: World) -> Activity:
    """Thirty hours."""
    return world.company.add(free(world), world.at(3, "00:10"), world.at(4, "06:10"), clock=WAREHOUSE)


def free(world: World) -> int:
    """A person of the warehouse who has not worked on these days, where there is one."""
    busy = {shift.user_id for shift in world.company.shifts()}
    people = [p.id for p in world.company.people.values() if WAREHOUSE in p.clocks]
    return next((user for user in people if user not in busy), people[0])


def overlapping(world: World) -> Activity:
    """A shift that begins in the middle of another one of the same person."""
    mine = next(s for s in world.company.shifts() if s.end is not None and s.clock_id == WAREHOUSE)
    assert mine.end is not None
    return world.company.add(mine.user_id, mine.start + 3600, mine.end + 60, created_at=mine.end)


def same_end(world: World) -> Activity:
    """A shift that ends with another one of the same person."""
    mine = next(s for s in world.company.shifts() if s.end is not None and s.clock_id == WAREHOUSE)
    assert mine.end is not None
    return world.company.add(mine.user_id, mine.start + 3600, mine.end, created_at=mine.end)


def no_time(world: World) -> Activity:
    """A shift that ends as it begins."""
    return world.company.add(free(world), world.at(3, "00:10"), world.at(3, "00:10"))


def refusing_trigger(kind: str) -> tuple[str, ...]:
    """A trigger that turns long shifts away."""
    if kind == "sqlite":
        return (
            (
                "CREATE TRIGGER guard BEFORE INSERT ON clock_times WHEN NEW.total_minutes > 1500 BEGIN"
                " SELECT RAISE(ABORT, 'nobody works so long'); END"
            ),
        )
    if kind == "mysql":
        return (
            (
                "CREATE TRIGGER guard BEFORE INSERT ON clock_times FOR EACH ROW IF NEW.total_minutes > 1500 THEN"
                " SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'nobody works so long', MYSQL_ERRNO = 31001; END IF"
            ),
        )
    return (
        (
            "CREATE FUNCTION guard() RETURNS trigger AS $$ BEGIN IF NEW.total_minutes > 1500 THEN"
            " RAISE EXCEPTION 'nobody works so long' USING ERRCODE = 'ZZ001'; END IF; RETURN NEW; END $$"
            " LANGUAGE plpgsql"
        ),
        "CREATE TRIGGER guard BEFORE INSERT ON clock_times FOR EACH ROW EXECUTE FUNCTION guard()",
    )


def silent_trigger(kind: str) -> tuple[str, ...]:
    """A trigger that drops long shifts without a word."""
    if kind == "sqlite":
        return (
            (
                "CREATE TRIGGER guard BEFORE INSERT ON clock_times WHEN NEW.total_minutes > 1500 BEGIN"
                " SELECT RAISE(IGNORE); END"
            ),
        )
    return (
        (
            "CREATE FUNCTION guard() RETURNS trigger AS $$ BEGIN IF NEW.total_minutes > 1500 THEN"
            " RETURN NULL; END IF; RETURN NEW; END $$ LANGUAGE plpgsql"
        ),
        "CREATE TRIGGER guard BEFORE INSERT ON clock_times FOR EACH ROW EXECUTE FUNCTION guard()",
    )


def altering_trigger(kind: str) -> tuple[str, ...]:
    """A trigger that cuts long shifts."""
    if kind == "sqlite":
        return (
            (
                "CREATE TRIGGER guard AFTER INSERT ON clock_times WHEN NEW.total_minutes > 1500 BEGIN"
                " UPDATE clock_times SET total_minutes = 1500 WHERE id = NEW.id; END"
            ),
        )
    if kind == "mysql":
        return (
            (
                "CREATE TRIGGER guard BEFORE INSERT ON clock_times FOR EACH ROW"
                " SET NEW.total_minutes = least(NEW.total_minutes, 1500)"
            ),
        )
    return (
        (
            "CREATE FUNCTION guard() RETURNS trigger AS $$ BEGIN NEW.total_minutes = least(NEW.total_minutes, 1500);"
            " RETURN NEW; END $$ LANGUAGE plpgsql"
        ),
        "CREATE TRIGGER guard BEFORE INSERT ON clock_times FOR EACH ROW EXECUTE FUNCTION guard()",
    )


def late_trigger(_: str) -> tuple[str, ...]:
    """A constraint trigger that says no with the commit only."""
    first, _second = refusing_trigger("postgresql")
    return (
        first,
        (
            "CREATE CONSTRAINT TRIGGER guard AFTER INSERT ON clock_times DEFERRABLE INITIALLY DEFERRED"
            " FOR EACH ROW EXECUTE FUNCTION guard()"
        ),
    )


class Case(NamedTuple):
    """A cause: what the table is like, which shift it refuses, and what of the database's own words must be shown."""

    databases: tuple[str, ...]
    words: str
    constraint: str = ""
    culprit: Callable[[World], Activity] = long_shift
    more: Callable[[str], tuple[str, ...]] = lambda _: ()


NOT_LONG = "CONSTRAINT at_most_a_day CHECK (total_minutes < 1500)"
CASES = {
    "a CHECK": Case(EVERY, "at_most_a_day", NOT_LONG),
    "a CHECK of the times": Case(EVERY, "some_time", "CONSTRAINT some_time CHECK (clock_out > clock_in)", no_time),
    "a foreign key": Case(
        EVERY,
        "foreign key",
        "CONSTRAINT fk_lengths FOREIGN KEY (total_minutes) REFERENCES lengths (minutes)",
    ),
    "a second unique key": Case(EVERY, "", "CONSTRAINT one_end UNIQUE (employee_id, clock_out)", same_end),
    "an EXCLUDE": Case(
        ("postgresql",),
        "no_overlap",
        "CONSTRAINT no_overlap EXCLUDE USING gist (employee_id WITH =, tsrange(clock_in, clock_out) WITH &&)",
        overlapping,
    ),
    "a trigger": Case(EVERY, "nobody works so long", more=refusing_trigger),
    "a trigger that says nothing": Case(("sqlite", "postgresql"), "a trigger", more=silent_trigger),
    "a trigger that alters": Case(EVERY, "total_minutes is 1500 and not 1800", more=altering_trigger),
    "a trigger at the commit": Case(("postgresql",), "nobody works so long", more=late_trigger),
}


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A small company."""
    with Sandbox(Company(50), Settings(minute_limit=1_000_000)) as served:
        yield served


def prepared(case: Case, database: str) -> None:
    """The host's table as the case has it."""
    kind = kind_of(database)
    if "EXCLUDE" in case.constraint:
        run(database, "CREATE EXTENSION IF NOT EXISTS btree_gist")
    if "lengths" in case.constraint:
        numbers = ", ".join(f"({minutes})" for minutes in range(1500))
        run(database, "CREATE TABLE lengths (minutes INTEGER PRIMARY KEY)", f"INSERT INTO lengths VALUES {numbers}")
    run(database, make(kind, case.constraint), *case.more(kind))


def held(run_: Run) -> list[str | None]:
    """The shifts that the table refuses."""
    return [hold.shift_id for hold in run_.holds if hold.reason == "refused_by_database"]


def mirrored(world: World, *without: Activity) -> None:
    """The table is the truth but for these shifts."""
    missing = {(s.user_id, s.start, s.end, None if s.end is None else (s.end - s.start) // 60) for s in without}
    assert world.rows() == world.company.truth(FIRST, LAST) - missing


def numbers_of_runs(world: World) -> list[int]:
    """The runs that are on record, oldest first."""
    return sorted(kept.id for kept in world.mirror.runs() if kept.id is not None)


@pytest.mark.parametrize("name", CASES)
def test_one_culprit_is_held_and_the_rest_is_written(name: str, database: str, sandbox: Sandbox) -> None:
    """Held with the database's own words; tried again by every run; written once the cause is cured; undone exactly."""
    case = CASES[name]
    if kind_of(database) not in case.databases:
        pytest.skip("this database has no such thing")
    prepared(case, database)
    world = World(sandbox, database)
    culprit = case.culprit(world)
    for _ in range(2):
        run_ = world.sync()
        assert (run_.exit_code, held(run_)) == (3, [culprit.id]), run_
        [hold] = [hold for hold in run_.holds if hold.shift_id == culprit.id]
        assert case.words.lower() in hold.detail.lower()
        mirrored(world, culprit)
    assert world.sync().status == "nothing"
    # What is only shown knows of it too, and the proof counts it as held.
    assert world.mirror.verify(world.window, totals=False).exit_code == 3
    run(database, *plain_again(kind_of(database)))
    before = world.table()
    cured = world.sync()
    assert (cured.exit_code, cured.counts.created) == (0, 1)
    assert not world.reasons()
    mirrored(world)
    assert cured.id
    assert world.mirror.undo(cured.id).exit_code == 0
    assert world.table() == before
    world.mirror.close()


def test_two_culprits_of_two_kinds_among_many(database: str, sandbox: Sandbox) -> None:
    """A CHECK refuses one and a second key another; everybody else's hours are there, also of the same people."""
    kind = kind_of(database)
    run(database, make(kind, f"{NOT_LONG}, CONSTRAINT one_end UNIQUE (employee_id, clock_out)"))
    world = World(sandbox, database)
    culprits = [long_shift(world), same_end(world)]
    run_ = world.sync()
    assert sorted(map(str, held(run_))) == sorted(shift.id for shift in culprits)
    mirrored(world, *culprits)
    world.mirror.close()


def test_what_waits_for_a_culprits_key_is_held_too_and_says_so(database: str, sandbox: Sandbox) -> None:
    """A shift is to move onto the clock-in that another one leaves; that one's move is refused: neither is written, and
    nothing else is kept waiting.
    """
    kind = kind_of(database)
    run(database, make(kind, NOT_LONG))
    world = World(sandbox, database)
    first = world.work(2, "06:00", "10:00")
    second = world.work(2, "12:00", "15:00")
    assert world.sync().exit_code == 0
    before = {row["id"]: row for row in world.table()}
    world.company.edit(first.id, start=world.at(2, "05:00"), end=world.at(3, "10:00"))
    world.company.edit(second.id, start=world.at(2, "06:00"), end=world.at(2, "09:00"))
    third = world.work(5, "06:00", "07:00", user=free(world))
    run_ = world.sync()
    assert held(run_) == [first.id]
    assert {hold.shift_id for hold in run_.holds if hold.reason == "duplicate_clock_in"} == {second.id}
    assert run_.counts.created == 1
    after = {row["id"]: row for row in world.table()}
    assert {key: after[key] for key in before} == before
    world.company.edit(first.id, end=world.at(2, "05:30"))
    cured = world.sync()
    assert (cured.exit_code, cured.counts.updated) == (0, 2)
    mirrored(world)
    assert third.id
    world.mirror.close()


def test_a_delete_that_is_refused_keeps_its_row(database: str, sandbox: Sandbox) -> None:
    """A trigger keeps one row: it stays, held; the other deletes and the corrections are made."""
    world = World(sandbox, database)
    shifts = [shift for shift in world.company.shifts(clock=WAREHOUSE) if shift.end is not None]
    assert world.sync().exit_code == 0
    kept = next(row for row in world.table() if row["total_minutes"] == _minutes(shifts[3]))
    trigger = {
        "sqlite": (
            (
                f"CREATE TRIGGER keep BEFORE DELETE ON clock_times WHEN OLD.id = {kept['id']} BEGIN"
                " SELECT RAISE(ABORT, 'paid already'); END"
            ),
        ),
        "mysql": (
            (
                f"CREATE TRIGGER keep BEFORE DELETE ON clock_times FOR EACH ROW IF OLD.id = {kept['id']} THEN"
                " SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'paid already'; END IF"
            ),
        ),
        "postgresql": (
            (
                f"CREATE FUNCTION keep() RETURNS trigger AS $$ BEGIN IF OLD.id = {kept['id']} THEN"
                " RAISE EXCEPTION 'paid already'; END IF; RETURN OLD; END $$ LANGUAGE plpgsql"
            ),
            "CREATE TRIGGER keep BEFORE DELETE ON clock_times FOR EACH ROW EXECUTE FUNCTION keep()",
        ),
    }[kind_of(database)]
    run(database, *trigger)
    for shift in shifts[3:6]:
        world.company.delete(shift.id)
    world.company.edit(shifts[8].id, end=shifts[8].start + 60)
    run_ = world.sync()
    assert (run_.counts.deleted, run_.counts.updated, held(run_)) == (2, 1, [shifts[3].id])
    [hold] = run_.holds
    assert "paid already" in hold.detail
    assert hold.minutes == -_minutes(shifts[3])
    assert kept in world.table()
    for _ in range(3):
        assert held(world.sync()) == [shifts[3].id]
    drop = "DROP TRIGGER keep ON clock_times" if kind_of(database) == "postgresql" else "DROP TRIGGER keep"
    run(database, drop)
    assert world.sync().counts.deleted == 1
    assert not world.reasons()
    mirrored(world)
    world.mirror.close()


def _minutes(shift: Activity) -> int:
    assert shift.end is not None
    return (shift.end - shift.start) // 60


def test_a_person_who_cannot_be_added_holds_up_nobody_else(database: str, sandbox: Sandbox) -> None:
    """`employees` refuses one person: their shifts wait, with the constraint's name; all others count."""
    mine = next(shift for shift in sandbox.company.shifts() if shift.clock_id == WAREHOUSE)
    person = sandbox.company.people[mine.user_id]
    key = {"sqlite": "INTEGER PRIMARY KEY AUTOINCREMENT", "mysql": "BIGINT AUTO_INCREMENT PRIMARY KEY"}.get(
        kind_of(database), "BIGSERIAL PRIMARY KEY"
    )
    run(
        database,
        f"CREATE TABLE employees (id {key}, name VARCHAR(99), email VARCHAR(99), connecteam_user_id VARCHAR(64),"
        f" CONSTRAINT told_name CHECK (name <> '{person.first_name} {person.last_name}'))",
    )
    world = World(sandbox, database)
    theirs = [shift for shift in world.company.shifts() if shift.user_id == person.id]
    for _ in range(2):
        run_ = world.sync()
        assert sorted(map(str, held(run_))) == sorted(shift.id for shift in theirs)
        assert all("told_name" in hold.detail and person.last_name in hold.detail for hold in run_.holds)
        mirrored(world, *theirs)
    person.last_name = "Otherwise"
    assert world.sync().exit_code == 0
    mirrored(world)
    world.mirror.close()


def test_a_name_that_a_column_cannot_store(database: str, sandbox: Sandbox) -> None:
    """latin1 knows no Ő: the person waits, the others are added."""
    if kind_of(database) != "mysql":
        pytest.skip("only MySQL and MariaDB give a column letters of its own")
    run(
        database,
        "CREATE TABLE employees (id BIGINT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(99) CHARACTER SET latin1,"
        " email VARCHAR(99), connecteam_user_id VARCHAR(64) UNIQUE)",
    )
    world = World(sandbox, database)
    user = world.company.shifts()[0].user_id
    world.company.people[user].last_name = "Ősz 李"
    mine = [shift for shift in world.company.shifts() if shift.user_id == user]
    run_ = world.sync()
    assert sorted(map(str, held(run_))) == sorted(shift.id for shift in mine)
    assert "Incorrect string value" in run_.holds[0].detail
    mirrored(world, *mine)
    world.mirror.close()


def test_two_shifts_that_exchange_their_ends_by_an_order(database: str, sandbox: Sandbox) -> None:
    """A second unique key of the host is obeyed where an order can: one leaves the value that another one takes."""
    kind = kind_of(database)
    run(database, make(kind, "CONSTRAINT one_end UNIQUE (employee_id, clock_out)"))
    world = World(sandbox, database)
    chain = [world.work(2, f"{6 + n:02}:00", f"{6 + n:02}:50") for n in range(6)]
    assert world.sync().exit_code == 0
    ids = [row["id"] for row in world.table()]
    # Each takes the end of the next, the last one a new one: written forwards it breaks the key, backwards it does not.
    ends = [shift.end for shift in chain]
    for shift, end in zip(chain, [*ends[1:], world.at(2, "23:00")], strict=True):
        world.company.edit(shift.id, end=end)
    done = world.sync()
    assert (done.exit_code, done.counts.updated) == (0, 6), done
    mirrored(world)
    assert [row["id"] for row in world.table()] == ids
    back = [*ends]
    for shift, end in zip(chain, back, strict=True):
        world.company.edit(shift.id, end=end)
    done = world.sync()
    assert (done.exit_code, done.counts.updated) == (0, 6), done
    mirrored(world)
    world.mirror.close()


@pytest.mark.parametrize(
    "constraint",
    [
        "CONSTRAINT of_the_times CHECK (clock_out > clock_in)",
        "CONSTRAINT short CHECK (total_minutes < 900)",
        "CONSTRAINT no_overlap EXCLUDE USING gist (employee_id WITH =, tsrange(clock_in, clock_out) WITH &&)",
    ],
)
def test_shifts_that_exchange_their_places_under_a_constraint(constraint: str, database: str, sandbox: Sandbox) -> None:
    """The row that is parked for it looks like any other: no constraint of the host takes offence, nothing is held."""
    kind = kind_of(database)
    if "EXCLUDE" in constraint and kind != "postgresql":
        pytest.skip("only PostgreSQL has it")
    prepared(Case(EVERY, "", constraint), database)
    world = World(sandbox, database)
    places = [world.work(2, f"{2 * n:02}:00", f"{2 * n + 1:02}:30") for n in range(4)]
    assert world.sync().exit_code == 0
    ids = [row["id"] for row in world.table()]
    times = [(shift.start, shift.end) for shift in places]
    for shift, (start, end) in zip(places, [times[1], times[0], times[3], times[2]], strict=True):
        world.company.edit(shift.id, start=start, end=end)
    done = world.sync()
    assert (done.exit_code, done.counts.updated, done.holds) == (0, 4, ())
    mirrored(world)
    assert [row["id"] for row in world.table()] == ids
    world.mirror.close()


def test_a_ring_with_a_culprit_in_it_is_held_together(database: str, sandbox: Sandbox) -> None:
    """Two shifts change places, and one of them grows too long: neither could move without the other. Both are held,
    with the constraint's name; the rest is written.
    """
    run(database, make(kind_of(database), NOT_LONG))
    world = World(sandbox, database)
    one, two = world.work(2, "01:00", "02:00"), world.work(2, "03:00", "04:00")
    assert world.sync().exit_code == 0
    before = {row["id"]: row for row in world.table()}
    world.company.edit(one.id, start=world.at(2, "03:00"), end=world.at(2, "05:00"))
    world.company.edit(two.id, start=world.at(2, "01:00"), end=world.at(3, "10:00"))
    world.work(6, "01:00", "02:00")
    run_ = world.sync()
    assert (sorted(map(str, held(run_))), run_.counts.created) == (sorted([one.id, two.id]), 1)
    assert all("at_most_a_day" in hold.detail for hold in run_.holds)
    after = {row["id"]: row for row in world.table()}
    assert {key: after[key] for key in before} == before
    world.company.edit(two.id, end=world.at(2, "02:30"))
    assert world.sync().exit_code == 0
    mirrored(world)
    world.mirror.close()


def test_a_taken_clock_in_is_no_refusal(database: str, sandbox: Sandbox) -> None:
    """Only a double of (employee, clock-in) is a row that moved, whatever its key is called; a double of anything else
    is told in the database's words.
    """
    kind = kind_of(database)
    run(
        database,
        make(kind).replace("is_active", "extra INTEGER, is_active"),
        "CREATE UNIQUE INDEX other ON clock_times (extra)",
    )
    world = World(sandbox, database)
    world.sync()
    first, second = (row["id"] for row in world.table()[:2])
    same = "UPDATE clock_times SET employee_id = 1, clock_in = '2025-01-01 00:00:00' WHERE id = :row"
    other = "UPDATE clock_times SET extra = 5 WHERE id = :row"

    def both(statement: str) -> None:
        with world.mirror.store.writing("trying") as session:
            for row in (first, second):
                session.later(Query(statement, {"row": row}))

    with pytest.raises(RowMoved, match="employee and clock-in") as moved:
        both(same)
    assert (moved.value.exit_code, moved.value.retryable) == (6, True)
    with pytest.raises(DatabaseError, match=r"extra|other") as refused:
        both(other)
    assert (refused.value.name, refused.value.retryable) == ("record_refused", False)
    world.mirror.close()


REQUIRED = {
    "sqlite": "site TEXT NOT NULL",
    "mysql": "site VARCHAR(9) NOT NULL",
    "postgresql": "site TEXT NOT NULL",
}


def test_what_every_row_would_meet_is_not_served(database: str, sandbox: Sandbox) -> None:
    """A column without a default that takes no NULL: named by `doctor`, refused before anything is written."""
    kind = kind_of(database)
    engine = create_engine(database)
    with engine.begin() as connection:
        made = make(kind).replace("is_active BOOLEAN", f"{REQUIRED[kind]}, is_active BOOLEAN")
        connection.execute(text(made))
    engine.dispose()
    world = World(sandbox, database)
    with pytest.raises(NotServed, match="'site'") as raised:
        world.sync()
    assert (raised.value.exit_code, raised.value.retryable, raised.value.name) == (2, False, "not_served")
    assert world.mirror.runs() == ()
    assert world.table("connecteam_sync_shifts") == []
    [said] = [check for check in world.mirror.doctor() if check.name == "columns"]
    assert said.state == "failed"
    assert "'site'" in said.detail
    world.mirror.close()


FILLS = {
    "trigger": ("IF(COALESCE(NEW.site, '') = '', 'main', NEW.site)", "COALESCE(NEW.site, 'main')"),
    "overwriting": ("'main'", "'main'"),
}


@pytest.mark.parametrize("how", ["default", *FILLS])
def test_a_column_that_is_filled_is_served(how: str, database: str, sandbox: Sandbox) -> None:
    """A default, or a trigger of the host that fills it before the row is looked at; one that fills it whatever was
    there would not let undo give it back, so it must be named first.
    """
    kind = kind_of(database)
    if how in FILLS and kind == "sqlite":
        pytest.skip("a trigger of SQLite cannot fill a column")
    column = REQUIRED[kind] + (" DEFAULT 'main'" if how == "default" else "")
    run(database, make(kind).replace("is_active BOOLEAN", f"{column}, is_active BOOLEAN"))
    if how in FILLS and kind == "mysql":
        run(database, f"CREATE TRIGGER fill BEFORE INSERT ON clock_times FOR EACH ROW SET NEW.site = {FILLS[how][0]}")
    elif how in FILLS:
        run(
            database,
            f"CREATE FUNCTION fill() RETURNS trigger AS $$ BEGIN NEW.site = {FILLS[how][1]}; RETURN NEW; END $$"
            " LANGUAGE plpgsql",
            "CREATE TRIGGER fill BEFORE INSERT ON clock_times FOR EACH ROW EXECUTE FUNCTION fill()",
        )
    world = World(sandbox, database)
    if how in FILLS and world.mirror.store.dialect.family == "mysql":
        with world.mirror.store.reading() as session:
            is_mariadb = session.dialect.kind == "mariadb"
        if is_mariadb:
            # Its rule, where rows come from a SELECT: the default is wanted before any trigger is asked.
            with pytest.raises(NotServed, match="'site'"):
                world.sync()
            world.mirror.close()
            return
    if how == "overwriting":
        with pytest.raises(NotServed, match="'site'; its trigger is fill"):
            world.sync()
        assert world.table() == []
        world.mirror.close()
        world = World(sandbox, database, tables=HostTables(clock_times=ClockTimesNames(trigger_columns=("site",))))
    assert world.sync().exit_code == 0
    mirrored(world)
    assert {row["site"] for row in world.table()} == {"main"}
    world.mirror.close()


def test_a_key_that_has_come_to_its_end_is_not_served(database: str, sandbox: Sandbox) -> None:
    """No number is left for a new row: that is the table's fault and no record's, and a larger type is the cure."""
    kind = kind_of(database)
    if kind == "sqlite":
        pytest.skip("SQLite counts to 2^63")
    if kind == "mysql":
        run(database, make(kind).replace("BIGINT AUTO", "TINYINT AUTO"))
    else:
        run(database, make(kind).replace("BIGSERIAL", "INT GENERATED BY DEFAULT AS IDENTITY (MAXVALUE 127)"))
    world = World(sandbox, database)
    world.sync()
    ends = "SELECT setval(pg_get_serial_sequence('clock_times', 'id'), 126)"
    run(database, ends if kind == "postgresql" else "ALTER TABLE clock_times AUTO_INCREMENT = 127")
    before = world.table()
    for day in (3, 4, 5):
        world.work(day, "01:00", "02:00", user=world.user)
    with pytest.raises(NotServed, match="no number is left") as raised:
        world.sync()
    assert "BIGINT" in raised.value.next_step
    assert world.table() == before
    # MySQL has taken no number of those that it could not all give: one row would still go.
    with world.mirror.store.reading() as session:
        is_mysql = session.dialect.family == "mysql" and session.dialect.kind != "mariadb"
    if not is_mysql:
        assert any(check.state == "failed" and "no number is left" in check.detail for check in world.mirror.doctor())
    world.mirror.close()


def test_an_employees_table_that_takes_nobody_is_not_served(database: str, sandbox: Sandbox) -> None:
    """Only where employees are to be created: who only matches needs no new row."""
    run(
        database,
        {
            "sqlite": "CREATE TABLE employees (id INTEGER PRIMARY KEY, name TEXT, wage INTEGER NOT NULL,"
            " connecteam_user_id TEXT)",
            "mysql": "CREATE TABLE employees (id BIGINT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(99),"
            " wage INTEGER NOT NULL, connecteam_user_id VARCHAR(64))",
            "postgresql": "CREATE TABLE employees (id BIGSERIAL PRIMARY KEY, name TEXT, wage INTEGER NOT NULL,"
            " connecteam_user_id TEXT)",
        }[kind_of(database)],
    )
    world = World(sandbox, database)
    with pytest.raises(NotServed, match="'wage'"):
        world.sync()
    world.mirror.close()
    world = World(sandbox, database, employees="match")
    assert world.sync().exit_code == 3
    world.mirror.close()


def test_a_known_culprit_costs_a_constant(database: str, sandbox: Sandbox) -> None:
    """The second run tries what was refused by itself, in the transaction it writes in: no run number is used up."""
    run(database, make(kind_of(database), NOT_LONG))
    world = World(sandbox, database)
    long_shift(world)
    world.sync()
    before = numbers_of_runs(world)
    spent = [world.sync().statements for _ in range(3)]
    assert numbers_of_runs(world) == [*before, *range(before[-1] + 1, before[-1] + 4)]
    assert spent[1] == spent[2]
    assert spent[2] <= 60, spent
    world.mirror.close()


def test_the_culprit_is_found_by_halves(database: str) -> None:
    """One among 500: some dozens of tries, and never one for each shift."""
    with Sandbox(Company(500), Settings(minute_limit=1_000_000)) as served:
        run(database, make(kind_of(database), NOT_LONG))
        world = World(served, database)
        culprit = long_shift(world)
        run_ = world.sync()
        assert held(run_) == [culprit.id]
        mirrored(world, culprit)
        assert run_.statements < 300, run_.statements
        world.mirror.close()


def test_the_rollback_flag_is_no_exception(database: str, sandbox: Sandbox) -> None:
    """The old algorithm's rows too: one is refused, the others are written."""
    run(database, make(kind_of(database), NOT_LONG))
    world = World(sandbox, database)
    assert world.sync().exit_code == 0
    known = len(world.table())
    world.mirror.close()
    legacy = World(sandbox, database, planner="legacy")
    user = next(shift.user_id for shift in legacy.company.shifts(clock=WAREHOUSE))
    legacy.work(14, "06:00", "31:00", user=user)
    other = legacy.work(16, "06:00", "07:00", user=user)
    run_ = legacy.sync(legacy.mirror.window(date(2025, 12, 13), date(2025, 12, 17)))
    assert run_.exit_code == 3, run_
    assert [hold.reason for hold in run_.holds] == ["refused_by_database"]
    assert len(legacy.table()) == known + 1, other
    legacy.mirror.close()


def test_the_database_being_away_is_retryable() -> None:
    """Nobody listens on that port: exit 1, and worth another try; the wrong password of a server is not."""
    for url in ("mysql+pymysql://root@127.0.0.1:1/x", "postgresql+psycopg://postgres@127.0.0.1:1/x"):
        store = Store(url)
        with pytest.raises(DatabaseUnavailable) as raised, store.reading():
            pass
        assert (raised.value.exit_code, raised.value.retryable) == (1, True)
        store.close()
    assert not DatabaseError.retryable

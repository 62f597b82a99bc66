"""One record harms only itself, in the database too: whatever the host's table refuses is held, the rest is written."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connecteam_sync.core.run import Run
from connecteam_sync.errors import DatabaseError, RowMoved
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.sandbox.company import WAREHOUSE, Activity
from connecteam_sync.store.sql.pipeline import Query
from support.refusing_tables import (
    CASES,
    EVERY,
    NOT_LONG,
    Case,
    free,
    kind_of,
    long_shift,
    make,
    plain_again,
    run,
    same_end,
)
from support.scenario import FIRST, LAST, World


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A small company."""
    with Sandbox(Company(50), SandboxSettings(minute_limit=1_000_000)) as served:
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


@pytest.mark.usefixtures("initialised")
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

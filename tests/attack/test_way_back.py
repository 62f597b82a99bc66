"""What undo could not give back is not let through: rows on which a trigger acts, though not on the probe's."""

from __future__ import annotations

import pytest
from test_given_back import whole
from test_host_tables import kind_of, run, sandbox  # noqa: F401 - a fixture
from test_named import raw

from connecteam_sync.core.run import Run
from connecteam_sync.sandbox import Sandbox
from connecteam_sync.sandbox.company import Activity
from support.scenario import World


def counting(kind: str, *people: int, event: str = "UPDATE") -> tuple[str, ...]:
    """A trigger that counts the changes of some people's rows, or (of new rows) says that one came back."""
    theirs = f"NEW.employee_id IN ({', '.join(map(str, people))})"
    if kind == "sqlite":
        when = f"WHEN {theirs} AND NEW.version < 9"
        body = "BEGIN UPDATE clock_times SET version = version + 10 WHERE id = NEW.id"
        return (f"CREATE TRIGGER a_few AFTER {event} ON clock_times {when} {body}; END",)
    if kind == "mysql":
        value = f"IF({theirs}, NEW.version + 10, NEW.version)"
        return (f"CREATE TRIGGER a_few BEFORE {event} ON clock_times FOR EACH ROW SET NEW.version = {value}",)
    body = f"BEGIN IF {theirs} THEN NEW.version = NEW.version + 10; END IF; RETURN NEW; END"
    return (
        f"CREATE FUNCTION some_rows() RETURNS trigger AS $$ {body} $$ LANGUAGE plpgsql",
        f"CREATE TRIGGER a_few BEFORE {event} ON clock_times FOR EACH ROW EXECUTE FUNCTION some_rows()",
    )


def mirrored(database: str, sandbox: Sandbox) -> tuple[World, Activity, Activity, int]:  # noqa: F811
    """A mirror with a column of the host's, a closed shift of each of two people, and the second one's employee."""
    world = World(sandbox, database)
    run(database, "ALTER TABLE clock_times ADD COLUMN version INT NOT NULL DEFAULT 0")
    world.sync()
    one, *more = [shift for shift in world.company.shifts() if shift.end is not None]
    other = next(shift for shift in more if shift.user_id != one.user_id)
    employees = {row["user_id"]: row["employee_id"] for row in world.table("connecteam_sync_users")}
    return world, one, other, employees[other.user_id]


def held_alone(world: World, done: Run, other: Activity) -> str:
    """The run wrote the rest and held that shift; what is said of it."""
    assert (done.exit_code, done.counts.held) == (3, 1)
    [hold] = {hold for slice_ in done.slices for hold in slice_.holds}
    assert (hold.reason, hold.shift_id) == ("refused_by_database", other.id)
    assert "undo could not give it back" in hold.detail
    again = world.sync()
    assert (again.status, again.exit_code) == ("nothing", 3)
    return hold.detail


@pytest.mark.parametrize("gone", [False, True], ids=["corrected", "gone"])
def test_a_trigger_on_some_rows_holds_those(gone: bool, database: str, sandbox: Sandbox) -> None:  # noqa: F811, FBT001
    """The others are written, and undo gives them back to the byte."""
    world, one, other, employee = mirrored(database, sandbox)
    raw(database, *counting(kind_of(database), employee, event="INSERT" if gone else "UPDATE"))
    world.mirror.close()
    world.mirror = World.mirror_of(sandbox, database)
    before = whole(world)
    world.company.edit(one.id, end=one.start + 7 * 60)
    world.work(3, "01:00", "02:00", user=one.user_id)
    if gone:
        world.company.delete(other.id)
    else:
        world.company.edit(other.id, end=other.start + 9 * 60)
    done = world.sync()
    assert (done.counts.created, done.counts.updated, done.counts.deleted) == (1, 1, 0)
    assert "'version'" in held_alone(world, done, other)
    theirs = [row for row in before if row["employee_id"] == employee]
    assert [row for row in whole(world) if row["employee_id"] == employee] == theirs
    assert done.id
    world.mirror.undo(done.id)
    assert whole(world) == before
    world.mirror.close()


def test_where_it_acts_on_all_that_a_run_writes_all_of_it_is_held(database: str, sandbox: Sandbox) -> None:  # noqa: F811
    """Each by itself: they are no fault of the table's as a whole, which serves everybody else."""
    world, one, _, _ = mirrored(database, sandbox)
    employees = {row["user_id"]: row["employee_id"] for row in world.table("connecteam_sync_users")}
    others = {s.user_id: s for s in world.company.shifts() if s.user_id != one.user_id and s.end is not None}
    mine = [others[user] for user in sorted(others) if user in employees][:2]
    raw(database, *counting(kind_of(database), *(employees[shift.user_id] for shift in mine)))
    world.mirror.close()
    world.mirror = World.mirror_of(sandbox, database)
    world.company.edit(one.id, end=one.start + 7 * 60)
    assert world.sync().exit_code == 0  # the table is known now
    for shift in mine:
        world.company.edit(shift.id, end=shift.start + 9 * 60)
    before = whole(world)
    done = world.sync()
    assert (done.exit_code, done.counts.held, done.counts.updated) == (3, 2, 0)
    assert whole(world) == before
    world.mirror.close()


def test_a_constraint_that_old_rows_break_holds_those(database: str, sandbox: Sandbox) -> None:  # noqa: F811
    """NOT VALID: it takes the corrected row, and would not take back what stands there today."""
    if kind_of(database) != "postgresql":
        pytest.skip("only PostgreSQL has constraints that it does not prove of the rows that are there")
    world, one, other, _ = mirrored(database, sandbox)
    linked = f"(SELECT clock_time_id FROM connecteam_sync_shifts WHERE id = '{other.id}')"
    raw(
        database,
        f"UPDATE clock_times SET version = -1 WHERE id = {linked}",
        "ALTER TABLE clock_times ADD CONSTRAINT short CHECK (version >= 0 OR total_minutes < 10) NOT VALID",
    )
    world.mirror.close()
    world.mirror = World.mirror_of(sandbox, database)
    world.company.edit(other.id, end=other.start + 7 * 60)
    world.company.edit(one.id, end=one.start + 7 * 60)
    before = whole(world)
    done = world.sync()
    assert done.counts.updated == 1
    assert "short" in held_alone(world, done, other)
    assert done.id
    world.mirror.undo(done.id)
    assert whole(world) == before
    raw(database, "ALTER TABLE clock_times DROP CONSTRAINT short")
    assert world.sync().exit_code == 0
    world.mirror.close()

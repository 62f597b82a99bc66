"""Guards count what can go, measure it against what it is part of, and name one command that lets all of it through."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from sqlalchemy import make_url

from connecteam_sync.core.run import Plan, Run
from connecteam_sync.present import json_shapes
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.sandbox.company import CLOSED, OFFICE, WAREHOUSE, Activity
from support.databases import run_statement
from support.scenario import FIRST, LAST, World

DAYS = range(2, 7)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A Connecteam with six people."""
    with Sandbox(Company(0, people=6), SandboxSettings(minute_limit=1_000_000)) as running:
        yield running


class Careful(World):
    """A mirror whose guards are those of a fresh installation."""

    def __init__(self, sandbox: Sandbox, database: str, **settings: object) -> None:
        super().__init__(sandbox, database, **{"max_deletes": 3, "total_seconds": 30, **settings})
        self.people = sorted(self.company.people)
        self.database = database

    def days(self, *users: int) -> list[Activity]:
        """Shifts of these people on five days, day by day."""
        return [self.work(day, "08:00", "12:00", user=user) for day in DAYS for user in users]

    def payslips(self, *rows: int) -> None:
        """Rows of another table that point at rows of ours."""
        url = make_url(self.database)
        number = "INTEGER" if url.get_backend_name() == "sqlite" else "BIGINT"
        run_statement(
            url,
            f"CREATE TABLE payslips (row_id {number} NOT NULL PRIMARY KEY,"
            " FOREIGN KEY (row_id) REFERENCES clock_times (id))",
        )
        for row in rows:
            self.execute("INSERT INTO payslips (row_id) VALUES (:row)", row=row)

    def stray(self, user: int, day: int) -> int:
        """A row of ours without a shift."""
        who = next(row["id"] for row in self.table("employees") if str(row["connecteam_user_id"]) == str(user))
        self.execute(
            "INSERT INTO clock_times (employee_id, clock_in, clock_out, total_minutes, is_active, source) VALUES"
            f" (:who, '2025-12-{day:02} 21:00:00', '2025-12-{day:02} 22:00:00', 60, :no, 'connecteam')",
            who=who,
            no=False,
        )
        return int(self.table()[-1]["id"])


@pytest.fixture
def world(sandbox: Sandbox, initialised: str) -> Iterator[Careful]:
    """A mirror of every time clock."""
    made = Careful(sandbox, initialised)
    yield made
    made.mirror.close()


# -- what can never go -------------------------------------------------------------------------------------------------


def test_rows_with_children_stop_nothing_else(world: Careful) -> None:
    """More of them than a guard lets go: held as what they are, in every run, and the new shift is written."""
    shifts = world.days(*world.people[:5])
    world.sync()
    world.payslips(*(row["id"] for row in world.table()))
    for shift in shifts[:4]:
        world.company.delete(shift.id)
    world.work(8, "08:00", "12:00")
    run = world.sync()
    assert (run.exit_code, run.counts.created, run.counts.deleted) == (3, 1, 0)
    assert [hold.reason for hold in run.holds] == ["child_row"] * 4
    run = world.sync()
    assert (run.exit_code, run.status) == (3, "nothing")


def test_rows_of_closed_days_stop_nothing_else(world: Careful) -> None:
    """Payroll has closed the day of the shifts that are gone."""
    shifts = world.days(*world.people[:5])
    world.sync()
    world.lock(date(2025, 12, 2))
    for shift in shifts[:5]:
        world.company.delete(shift.id)
    world.work(8, "08:00", "12:00")
    run = world.sync()
    assert (run.exit_code, run.counts.created, run.counts.deleted) == (3, 1, 0)
    assert [hold.reason for hold in run.holds] == ["locked_day"] * 5


def test_what_can_go_is_still_counted(world: Careful) -> None:
    """Three rows with children next to four without: the four are too many, and only they are named."""
    shifts = world.days(*world.people[:5])
    world.sync()
    ids = [row["id"] for row in world.table()]
    world.payslips(*ids[:3])
    for shift in shifts[:7]:
        world.company.delete(shift.id)
    run = world.sync()
    (refused,) = (slice_ for slice_ in run.slices if slice_.status == "refused")
    assert (run.exit_code, len(refused.stopped)) == (4, 4)
    run = world.sync(accept=[str(refused.fingerprint)])
    assert (run.exit_code, run.counts.deleted) == (3, 4)


# -- measured against what it is part of -------------------------------------------------------------------------------


def test_rows_without_a_shift_are_measured_against_the_rows_of_every_clock(world: Careful) -> None:
    """The last clock looked at has no rows at all; five strays of sixty-five rows are few, and eight are many."""
    for hour in ("06:00", "08:30"):
        for day in range(2, 7):
            for user in world.people:
                world.work(day, hour, f"{hour[:2]}:45", user=user)
    world.sync()
    for number in range(5):
        world.stray(world.people[number], 3)
    run = world.mirror.resync(world.window)
    assert (run.exit_code, run.counts.deleted) == (0, 5)
    strays = [world.stray(user, day) for user in world.people[:4] for day in (3, 4)]
    run = world.mirror.resync(world.window)
    (refused,) = (slice_ for slice_ in run.slices if slice_.status == "refused")
    assert (
        "8 rows without a shift, of 4 people from 2025-12-03 to 2025-12-04, would be deleted, of 68 rows of every"
        in (refused.error or "")
    )
    assert {change.image.id for change in refused.stopped} == set(strays)
    run = world.mirror.resync(world.window, accept=[str(refused.fingerprint)])
    assert (run.exit_code, run.counts.deleted) == (0, 8)


def test_all_that_is_stopped_in_one_look_is_named(world: Careful) -> None:
    """Rows of shifts that are gone, and rows without a shift: two refusals of one receipt."""
    shifts = [world.work(day, "08:00", "12:00", user=user, clock=CLOSED) for day in DAYS for user in world.people[:5]]
    for user in world.people[:5]:
        world.company.people[user].clocks.add(CLOSED)
    world.sync()
    rows = {each["id"]: each["clock_time_id"] for each in world.table("connecteam_sync_shifts")}
    strays = [world.stray(user, day) for user in world.people[:4] for day in (3, 4)]
    for shift in shifts[:7]:
        world.company.delete(shift.id)
    run = world.mirror.resync(world.window)
    (refused,) = (slice_ for slice_ in run.slices if slice_.status == "refused")
    assert {change.image.id for change in refused.stopped} == {*strays, *(rows[shift.id] for shift in shifts[:7])}


# -- one person, many rows ---------------------------------------------------------------------------------------------


def named(run: Run | Plan) -> set[str]:
    """The words that let the deletes of people through, as the holds of a run name them."""
    held = [hold for hold in run.holds if hold.reason == "deletes_guarded"]
    return {hold.detail.partition("--accept ")[2] for hold in held}


def test_a_person_who_loses_all_on_two_clocks_is_held_under_one_name(sandbox: Sandbox, database: str) -> None:
    """Six rows here and three there, none of which alone were all of them: plan and run agree, one word is enough."""
    world = Careful(sandbox, database, max_deletes=50)
    ana, ben = world.people[:2]
    world.company.people[ana].clocks = {WAREHOUSE, OFFICE}
    mine = [world.work(day, "08:00", "12:00", user=ana) for day in range(1, 7)]
    mine += [world.work(day, "13:00", "17:00", user=ana, clock=OFFICE) for day in range(1, 4)]
    for day in range(1, 8):
        world.work(day, "08:00", "12:00", user=ben)
    world.work(8, "08:00", "12:00", user=ben, clock=OFFICE)
    world.company.people[ben].clocks = {WAREHOUSE, OFFICE}
    world.sync()
    for shift in mine:
        world.company.delete(shift.id)
    plan, run = world.mirror.plan(world.window), world.sync()
    assert (run.exit_code, run.counts.deleted, plan.counts.deleted, len(run.holds)) == (3, 0, 0, 9)
    assert {hold.reason for hold in run.holds} == {"deletes_guarded"}
    (word,) = named(run)
    assert named(plan) == {word}
    run = world.sync(accept=[word])
    assert (run.exit_code, run.counts.deleted) == (0, 9)
    assert world.rows() == world.company.truth(FIRST, LAST)
    world.mirror.close()


def test_a_person_who_loses_all_over_several_slices_is_held(sandbox: Sandbox, database: str) -> None:
    """Two or three rows of each slice of four days; who keeps a row of a slice loses what else is gone there."""
    world = Careful(sandbox, database, slice_days=8, max_deletes=50)
    ana, ben, cem = world.people[:3]
    mine = [world.work(day, "08:00", "12:00", user=ana) for day in (1, 2, 3, 5, 6, 9, 10)]
    some = [world.work(day, "14:00", "18:00", user=ben) for day in (1, 2, 3, 4, 5, 6, 7, 8, 9)]
    for day in range(1, 12):
        for user in (cem, *world.people[3:]):
            world.work(day, "08:00", "12:00", user=user)
    world.sync()
    for shift in (*mine, some[1], some[2], some[5], some[6]):
        world.company.delete(shift.id)
    plan, run = world.mirror.plan(world.window), world.sync()
    assert (run.exit_code, run.counts.deleted, plan.counts.deleted, len(run.holds)) == (3, 4, 4, 7)
    (word,) = named(run)
    assert named(plan) == {word}
    assert "would lose all 7 rows" in run.holds[0].detail
    run = world.sync(accept=[word])
    assert (run.exit_code, run.counts.deleted) == (0, 7)
    world.mirror.close()


def test_a_person_whose_shifts_have_only_moved_loses_nothing(world: Careful) -> None:
    """Four shifts come to stand on the other clock, one is really gone: it goes, since the others keep their rows."""
    ana = world.people[0]
    world.company.people[ana].clocks = {WAREHOUSE, OFFICE}
    mine = world.days(ana)
    world.days(*world.people[1:])
    world.sync()
    for shift in mine[1:]:
        world.company.activities[shift.id].clock_id = OFFICE
    world.company.delete(mine[0].id)
    run = world.sync()
    assert (run.exit_code, run.counts.deleted) == (0, 1)
    assert world.rows() == world.company.truth(FIRST, LAST)
    assert world.table("connecteam_sync_holds") == []


def test_all_of_a_person_are_held_where_a_guard_would_refuse_as_many(world: Careful) -> None:
    """Five of ten rows of the clock are one person's: held, exit 3, and what is new is written."""
    ana, ben = world.people[:2]
    mine = world.days(ana, ben)
    world.sync()
    for shift in mine[::2]:
        world.company.delete(shift.id)
    world.work(8, "08:00", "12:00", user=ben)
    run = world.sync()
    assert (run.exit_code, run.counts.created, run.counts.deleted) == (3, 1, 0)
    run = world.sync(accept=named(run))
    assert (run.exit_code, run.counts.deleted) == (0, 5)


def test_rows_with_and_without_a_shift_are_one_persons(sandbox: Sandbox, database: str) -> None:
    """Two of each, at the one time clock that is mirrored: the others are looked at as evidence, then all are held."""
    world = Careful(sandbox, database, time_clocks=(WAREHOUSE,))
    ana = world.people[0]
    mine = [world.work(day, "08:00", "12:00", user=ana) for day in (2, 3)]
    world.days(*world.people[1:])
    world.sync()
    for day in (2, 3):
        world.stray(ana, day)
    for shift in mine:
        world.company.delete(shift.id)
    run = world.mirror.resync(world.window)
    assert (run.exit_code, run.counts.deleted, len(run.holds)) == (3, 0, 4)
    (word,) = named(run)
    run = world.mirror.resync(world.window, accept=[word])
    assert (run.exit_code, run.counts.deleted) == (0, 4)
    world.mirror.close()


# -- one command for all of it -----------------------------------------------------------------------------------------


def follow(world: Careful, command: str | None) -> Run:
    """The run of a command as it is printed."""
    words = (command or "").split()
    assert words[0] == "connecteam-sync"
    options = list(zip(words[2::2], words[3::2], strict=True))
    days = {name: date.fromisoformat(value) for name, value in options if name != "--accept"}
    accept = [value for name, value in options if name == "--accept"]
    window = world.mirror.window(days["--from"], days["--to"])
    return (world.mirror.resync if words[1] == "resync" else world.sync)(window, accept=accept)


def test_one_command_lets_through_what_was_stopped_in_several_slices(sandbox: Sandbox, database: str) -> None:
    """Refused in two slices, on two clocks: the command of the whole run passes as printed; it is in the JSON, too."""
    world = Careful(sandbox, database, slice_days=8)
    for user in world.people:
        world.company.people[user].clocks = {WAREHOUSE, OFFICE}
    mine = [world.work(day, "08:00", "12:00", user=user) for day in (2, 3, 6, 7, 10) for user in world.people]
    mine += [world.work(day, "14:00", "18:00", user=user, clock=OFFICE) for day in (2, 6, 7) for user in world.people]
    world.sync()
    for shift in (*mine[:4], *mine[13:18], *mine[36:40]):
        world.company.delete(shift.id)
    run = world.sync()
    assert [slice_.status for slice_ in run.slices].count("refused") == 3
    assert (run.exit_code, run.counts.deleted) == (4, 0)
    assert str(json_shapes.run(run)["next_step"]) == run.next_step
    assert (run.next_step or "").count("--accept") == 3
    run = follow(world, run.next_step)
    assert (run.exit_code, run.counts.deleted, run.next_step) == (0, 13, None)
    world.mirror.close()


def test_what_was_accepted_passes_at_the_end_of_the_run_too(sandbox: Sandbox, database: str) -> None:
    """Five rows without a shift are let through; by the end one is found to be a shift elsewhere, and four go."""
    world = Careful(sandbox, database, time_clocks=(WAREHOUSE, OFFICE))
    world.days(*world.people[:5])
    world.sync()
    for user in world.people[:5]:
        world.stray(user, 8)
    elsewhere = world.company.at(date(2025, 12, 8), "15:00")
    world.company.people[world.people[0]].clocks |= {CLOSED}
    world.company.add(world.people[0], elsewhere, elsewhere + 3600, clock=CLOSED)
    plan, run = world.mirror.plan(world.window, resync=True), world.mirror.resync(world.window)
    (refused,) = (slice_ for slice_ in run.slices if slice_.status == "refused")
    assert len(refused.stopped) == 5
    assert {r.fingerprint for p in plan.plans for r in p.refusals} == {refused.fingerprint}
    run = follow(world, run.next_step)
    assert (run.counts.deleted, [hold.reason for hold in run.holds]) == (4, ["orphan"])
    world.mirror.close()


def test_days_that_are_let_through_alone_hold_nobody(world: Careful) -> None:
    """On the days named, all of Ana's rows go: they are what a person let through, and not held once more."""
    ana, ben = world.people[:2]
    mine = [world.work(day, "08:00", "12:00", user=ana) for day in range(1, 10)]
    for day in range(1, 12):
        world.work(day, "14:00", "18:00", user=ben)
    world.sync()
    for shift in mine[2:7]:
        world.company.delete(shift.id)
    run = world.sync()
    assert (run.exit_code, (run.next_step or "").split("--accept")[0]) == (
        4,
        "connecteam-sync sync --from 2025-12-03 --to 2025-12-07 ",
    )
    run = follow(world, run.next_step)
    assert (run.exit_code, run.counts.deleted) == (0, 5)


def test_what_was_accepted_is_named_again_where_more_is_stopped(world: Careful) -> None:
    """A word given is not taken back by the next refusal: its command has both."""
    shifts = world.days(*world.people[:5])
    world.sync()
    for shift in shifts[:4]:
        world.company.delete(shift.id)
    run = world.sync(accept=["0123456789abcdef"])
    assert "--from 2025-12-01 --to 2025-12-11 --accept 0123456789abcdef --accept" in (run.next_step or "")
    assert run.slices[0].next_step is not None
    assert run.slices[0].next_step.count("--accept") == 2
    assert follow(world, run.next_step).counts.deleted == 4


# -- hours -------------------------------------------------------------------------------------------------------------


def test_the_hours_of_a_run_count_the_rows_without_a_shift_that_went(world: Careful) -> None:
    """Before and after differ by what the changes say, in the plan, in the run and in its receipt."""
    world.days(*world.people[:5])
    world.sync()
    for user in world.people[:2]:
        world.stray(user, 8)
    world.work(8, "08:00", "12:00")
    plan, run = world.mirror.plan(world.window, resync=True), world.mirror.resync(world.window)
    receipt, entries = world.mirror.show(run.id or 0)
    assert sum(entry.change.minutes for entry in entries) == 240 - 120
    for found in (plan.minutes, run.minutes, receipt.minutes):
        assert (found.before, found.after) == (25 * 240 + 120, 26 * 240)


# -- the same hold, whoever looks --------------------------------------------------------------------------------------


def test_a_row_without_a_shift_that_has_children_has_one_hold(world: Careful) -> None:
    """Whether a run would delete it or only reports it: what a person said of the hold stands."""
    world.days(*world.people[:5])
    world.sync()
    pointed, closed = world.stray(world.people[0], 8), world.stray(world.people[1], 9)
    world.payslips(pointed)
    world.lock(date(2025, 12, 9))
    run = world.mirror.resync(world.window)
    wanted = {(pointed, "child_row"), (closed, "locked_day")}
    assert {(hold.clock_time_id, hold.reason) for hold in run.holds} == wanted
    held = world.mirror.holds()
    world.mirror.acknowledge_holds([hold.id for hold in held], by="payroll", reason="paid")
    for look in (world.sync, lambda: world.mirror.verify(world.window), lambda: world.mirror.resync(world.window)):
        assert look().exit_code == 0
        assert [hold.id for hold in world.mirror.holds()] == [hold.id for hold in held]
        assert all(hold.acknowledged for hold in world.mirror.holds())
    world.sandbox.faults.add("scope", path=f"{WAREHOUSE}/time-activities", times=20)
    assert world.sync().errors == 1
    assert [hold.id for hold in world.mirror.holds() if hold.acknowledged] == [hold.id for hold in held]


def test_a_saved_plan_that_is_refused_names_a_resync(world: Careful) -> None:
    """Of a resync: a sync would not let its rows go."""
    world.days(*world.people[:5])
    world.sync()
    for user in world.people[:5]:
        world.stray(user, 8)
    run = world.mirror.apply(world.mirror.plan(world.window, resync=True))
    said = next(slice_.next_step or "" for slice_ in run.slices if slice_.status == "refused")
    assert "connecteam-sync plan --resync --from" in said
    assert "connecteam-sync resync --from" in said
    assert follow(world, run.next_step).counts.deleted == 5


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_rows_that_the_table_does_not_let_go_stop_nothing_else(world: Careful) -> None:
    """A trigger of the host forbids deletes: let through once and refused by it, they do not have their slice refused
    for ever, and new hours are written.
    """
    shifts = world.days(*world.people)
    assert world.sync().exit_code == 0
    world.execute(
        "CREATE TRIGGER no_delete BEFORE DELETE ON clock_times BEGIN SELECT RAISE(ABORT, 'rows are for ever'); END"
    )
    for shift in shifts[: len(world.people)]:
        world.company.delete(shift.id)
    run = world.sync()
    assert run.exit_code == 4
    held = world.sync(
        accept=[slice_.fingerprint for slice_ in run.slices if slice_.fingerprint and slice_.exit_code == 4]
    )
    assert (held.exit_code, {hold.reason for hold in held.holds}) == (3, {"refused_by_database"})
    world.work(9, "08:00", "12:00")
    run = world.sync()
    assert (run.exit_code, run.counts.created, run.counts.deleted) == (3, 1, 0)
    world.execute("DROP TRIGGER no_delete")
    run = world.sync()
    assert (run.exit_code, run.counts.deleted) == (4, 0)

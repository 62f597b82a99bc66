"""A table that was kept without seconds, and its cousins: hours come once, and `adopt` ties the two."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from test_damaged import fill, host_tables
from test_named import raw

from connecteam_sync.core.clocktime import ClockTime, clock_time_of
from connecteam_sync.errors import AdoptRefused, UndoRefused
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.sandbox.company import OFFICE
from support.scenario import World
from test_command import Terminal

PEOPLE = 6
ROWS = 4 * PEOPLE


@pytest.fixture
def world(database: str) -> Any:  # noqa: ANN401 - a generator of worlds
    """A host's own tables, six people, and a Connecteam in which nobody clocks in on the full minute."""
    with Sandbox(Company(0, people=PEOPLE), SandboxSettings(minute_limit=1_000_000)) as sandbox:
        employees = host_tables(database, sorted(sandbox.company.people))
        found = World(sandbox, database, employees="match")
        found.employees = employees  # type: ignore[attr-defined] # carried along for the tests
        found.mirror_sandbox = sandbox  # type: ignore[attr-defined] # same
        for day in (1, 2, 3, 4):
            for number, user in enumerate(sorted(employees)):
                begin = found.at(day, "08:00") + 41 + number * 600
                found.company.add(user, begin, begin + 8 * 3600 + 30, created_at=begin)
        yield found
        found.mirror.close()


def old_table(world: World, alter: Callable[[int], int], people: int = PEOPLE) -> list[ClockTime]:
    """The rows that another program wrote, each time of Connecteam altered."""
    chosen = sorted(world.employees)[:people]  # type: ignore[attr-defined] # see above
    rows = [
        clock_time_of(world.employees[shift.user_id], alter(shift.start), alter(shift.end or 0))  # type: ignore[attr-defined]
        for shift in world.company.activities.values()
        if shift.user_id in chosen
    ]
    fill(world, rows)
    return rows


def minutes(world: World) -> int:
    """All hours of ours."""
    return sum(row["total_minutes"] or 0 for row in world.table())


def to_minute(instant: int) -> int:
    """08:00:00 of 08:00:41."""
    return instant - instant % 60


COUSINS: dict[str, Callable[[int], int]] = {
    "no seconds": to_minute,
    "local time": lambda instant: instant - 6 * 3600,
    "five minutes": lambda instant: round(instant / 300) * 300,
    "a quarter of an hour": lambda instant: round(instant / 900) * 900,
    "four minutes late": lambda instant: instant + 240,
}


@pytest.mark.parametrize("cousin", COUSINS)
def test_most_people_do_not_get_their_hours_twice(world: World, cousin: str) -> None:
    """`sync` refuses, `plan` says so, nothing is written; the word of a person lets it through."""
    old_table(world, COUSINS[cousin])
    before = world.table()
    run = world.sync()
    assert (run.exit_code, world.table()) == (4, before)
    slice_ = next(slice_ for slice_ in run.slices if slice_.status == "refused")
    assert "6 of 6 people" in (slice_.error or "")
    assert (f"{ROWS} rows of yours agree with a shift but for the seconds" in (slice_.error or "")) is (
        cousin == "no seconds"
    )
    mends = "connecteam-sync adopt --apply --link-minutes --from 2025-12-01 --to 2025-12-11"
    assert (run.next_step == mends) is (cousin == "no seconds"), run.next_step
    plan = next(plan for plan in world.mirror.plan(world.window).plans if plan.refusals)
    assert [refusal.guard for refusal in plan.refusals] == ["doubled_hours"]
    assert world.sync(accept=[plan.refusals[0].fingerprint]).exit_code in {0, 3}
    assert len(world.table()) == 2 * len(before)


def test_people_of_another_time_clock_do_not_hide_them(world: World) -> None:
    """Half of them work elsewhere: each look counts the people whom its own clock lists."""
    old_table(world, COUSINS["four minutes late"])
    for user in sorted(world.company.people)[:3]:
        world.company.people[user].clocks = {OFFICE}
    for shift in world.company.activities.values():
        shift.clock_id = min(world.company.people[shift.user_id].clocks)
    before = world.table()
    run = world.sync()
    assert (run.exit_code, world.table()) == (4, before)
    assert [slice_.status for slice_ in run.slices if slice_.stopped or slice_.error] == ["refused"] * 2


def test_rows_without_seconds_are_linked_and_corrected_and_all_of_it_goes_back(world: World) -> None:
    """Same rows, same keys; the sync writes the seconds; a second one is quiet; undo to the byte."""
    old_table(world, to_minute)
    before = world.table()
    found = world.mirror.survey(world.window)
    assert (len(found.minutes.links), found.minutes.left) == (ROWS, ())
    assert world.table() == before
    run = world.mirror.adopt(link_minutes=world.window)
    assert (run.exit_code, run.counts.linked) == (0, ROWS)
    assert world.table() == before
    done = world.sync()
    assert (done.exit_code, done.counts.updated, done.counts.created) == (0, ROWS, 0)
    truth = {(s.user_id, s.start, s.end) for s in world.company.activities.values()}
    assert {row[:3] for row in world.rows()} == truth
    assert [row["id"] for row in world.table()] == [row["id"] for row in before]
    assert world.sync().status == "nothing"
    assert world.mirror.verify(world.window).differences == 0
    with pytest.raises(UndoRefused, match="since, by run"):
        world.mirror.undo_adopt()
    world.mirror.undo(done.id or 0)
    world.mirror.undo_adopt()
    assert world.table() == before
    assert world.sync().exit_code == 4
    assert world.mirror.adopt(link_minutes=world.window).counts.linked == ROWS


def test_a_table_with_its_key_is_linked_too(world: World) -> None:
    """Nothing to remove and the key is there: there is still something to link; once done, nothing is left."""
    world.mirror.adopt()
    old_table(world, to_minute)
    assert world.mirror.adopt(link_minutes=world.window).counts.linked == ROWS
    again = world.mirror.adopt(link_minutes=world.window)
    assert (again.id, again.counts.linked) == (None, 0)


def test_two_people_are_too_few_for_the_guard_and_get_nothing_twice_either(world: World) -> None:
    """Held, each with its row; the others' shifts are written."""
    old_table(world, to_minute, people=2)
    before = world.table()
    run = world.sync()
    assert (run.exit_code, run.counts.created) == (3, ROWS - 8)
    assert world.table()[: len(before)] == before
    assert world.reasons().count("same_minute") == 8
    assert world.mirror.adopt(link_minutes=world.window).counts.linked == 8
    assert world.sync().exit_code == 0
    assert "same_minute" not in world.reasons()
    assert {row[:3] for row in world.rows()} == {(s.user_id, s.start, s.end) for s in world.company.activities.values()}


def test_a_resync_repairs_without_a_link(world: World) -> None:
    """Rows without a shift go there by one word, and only then the new ones come; none is held as of that minute."""
    old_table(world, to_minute, people=1)
    run = world.mirror.resync(world.window)
    assert (run.exit_code, run.counts.created) == (3, ROWS - 4)
    (word,) = {hold.detail.partition("--accept ")[2] for hold in run.holds}
    assert {hold.reason for hold in run.holds} == {"deletes_guarded", "old_rows_stay"}
    run = world.mirror.resync(world.window, accept=[word])
    assert (run.exit_code, run.counts.created, run.counts.deleted) == (0, 4, 4)
    assert world.reasons() == []


def test_a_resync_of_a_table_without_seconds_names_the_links_first(world: World) -> None:
    """Replaced rows would lose their keys: nothing is written, and the next step ties each to its shift."""
    old_table(world, to_minute)
    before = world.table()
    run = world.mirror.resync(world.window)
    assert (run.exit_code, world.table()) == (4, before)
    assert run.next_step == "connecteam-sync adopt --apply --link-minutes --from 2025-12-01 --to 2025-12-11"


def test_where_rows_without_a_shift_go_nothing_is_held_because_of_them(world: World, database: str) -> None:
    """`orphans = "delete"`: a sync writes the shift, and the row that says the same goes."""
    old_table(world, to_minute, people=1)
    settings = {"employees": "match", "orphans": "delete", "max_deletes_of_person": 40}
    second = World(world.mirror_sandbox, database, **settings)  # type: ignore[attr-defined] # carried along, as above
    held = [hold.reason for plan in second.mirror.plan(second.window).plans for hold in plan.holds]
    assert "same_minute" not in held
    run = second.sync()
    assert (run.exit_code, run.counts.created, run.counts.deleted) == (0, ROWS, 4), second.reasons()
    second.mirror.close()


def test_what_is_ambiguous_is_left_and_told(world: World) -> None:
    """Two shifts in one minute that end alike, a row that ends otherwise, a row by hand: none is linked."""
    user, employee = next(iter(sorted(world.employees.items())))  # type: ignore[attr-defined] # see above
    for number in (1, 2):
        world.company.add(user, world.at(5, "08:00") + number, world.at(5, "09:00") + number, created_at=number)
    world.company.add(user, world.at(6, "08:00") + 5, world.at(6, "09:00") + 5, created_at=3)
    world.company.add(user, world.at(7, "08:00") + 5, world.at(7, "09:00") + 5, created_at=4)
    world.company.add(user, world.at(8, "08:00") + 5, None, created_at=5)
    rows = [
        clock_time_of(employee, world.at(5, "08:00"), world.at(5, "09:00")),
        clock_time_of(employee, world.at(6, "08:00"), world.at(6, "09:20")),
        ClockTime(None, employee, world.at(7, "08:00"), world.at(7, "09:00"), 60, is_active=False, source="manual"),
        clock_time_of(employee, world.at(8, "08:00"), None),
    ]
    fill(world, rows)
    found = world.mirror.survey(world.window).minutes
    assert [row.clock_in for row, _ in found.links] == [world.at(8, "08:00")]
    assert [(row.clock_in, why.split(" ")[0]) for row, why in found.left] == [
        (world.at(5, "08:00"), "several"),
        (world.at(6, "08:00"), "it"),
    ]
    world.mirror.adopt(link_minutes=world.window)
    run = world.sync()
    assert run.exit_code == 3
    holds = (standing.hold for standing in world.mirror.holds() if standing.hold.reason == "same_minute")
    held = sorted((hold.instant or 0, hold.detail.partition(" no shift yet and ")[2]) for hold in holds)
    same = "says the same but for the seconds"
    assert held == [
        (world.at(5, "08:00") + 1, same),
        (world.at(5, "08:00") + 2, same),
        (world.at(6, "08:00") + 5, "begins in that minute"),
    ]


def test_what_moved_since_the_look_is_not_linked(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another program corrects a row while Connecteam is asked."""
    old_table(world, to_minute)
    first = world.table()[0]["id"]
    adopting = world.mirror._adopting
    begin = type(adopting)._begin

    def meanwhile(self: Any, lock: Any, pairs: Any = ()) -> Any:  # noqa: ANN401 - as it is called
        found = begin(self, lock, pairs)
        with lock.session("another program") as session:
            session.connection.exec_driver_sql(f"UPDATE clock_times SET total_minutes = 1 WHERE id = {first}")
        return found

    monkeypatch.setattr(type(adopting), "_begin", meanwhile)
    run = world.mirror.adopt(link_minutes=world.window)
    assert run.counts.linked == ROWS - 1
    assert "1 moved meanwhile" in (run.slices[0].note or "")


def test_a_shift_that_went_since_the_look_is_not_linked(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another run finds meanwhile that Connecteam has it no more."""
    old_table(world, to_minute, people=2)
    assert world.sync().exit_code == 3
    gone = min(shift.id for shift in world.company.activities.values() if shift.user_id == min(world.company.people))
    adopting = world.mirror._adopting
    begin = type(adopting)._begin

    def meanwhile(self: Any, lock: Any, pairs: Any = ()) -> Any:  # noqa: ANN401 - as it is called
        found = begin(self, lock, pairs)
        with lock.session("another run") as session:
            session.connection.exec_driver_sql(f"UPDATE connecteam_sync_shifts SET is_gone = 1 WHERE id = '{gone}'")
        return found

    monkeypatch.setattr(type(adopting), "_begin", meanwhile)
    run = world.mirror.adopt(link_minutes=world.window)
    assert run.counts.linked == 7
    assert "1 moved meanwhile" in (run.slices[0].note or "")
    with world.mirror.store.reading() as session:
        assert session.read(f"SELECT clock_time_id FROM connecteam_sync_shifts WHERE id = '{gone}'") == [
            {"clock_time_id": None}
        ]


def test_doubles_of_a_row_without_seconds_are_not_both_its_shift(world: World) -> None:
    """One to one: two rows that agree with one shift are for a person to judge."""
    user, employee = next(iter(sorted(world.employees.items())))  # type: ignore[attr-defined] # see above
    world.company.add(user, world.at(5, "08:00") + 5, world.at(5, "09:00") + 5, created_at=1)
    fill(world, [clock_time_of(employee, world.at(5, "08:00"), world.at(5, "09:00"))] * 2)
    found = world.mirror.survey(world.window).minutes
    assert found.links == ()
    assert [why.split(" ")[0] for _, why in found.left] == ["several", "several"]


def test_a_shift_whose_instant_has_a_row_is_linked_to_no_other(world: World) -> None:
    """Two shifts at one instant share its row, whichever has it: the second is held, and takes no row of the minute."""
    assert world.sync().exit_code == 0
    first = min(world.company.activities.values(), key=lambda shift: shift.start)
    end = (first.end or 0) + 600
    world.company.add(first.user_id, first.start, end, created_at=first.start + 1)
    employee = world.employees[first.user_id]  # type: ignore[attr-defined] # see above
    fill(world, [clock_time_of(employee, to_minute(first.start), to_minute(end))])
    assert world.mirror.survey(world.window).minutes.links == ()


def test_the_commands_name_each_other(tmp_path: Path) -> None:
    """`sync` refuses and names `adopt`; `adopt` names the days and the option; then all goes back."""
    database = f"sqlite:///{tmp_path}/connecteam-sync.db"
    with Sandbox(Company(0, people=PEOPLE), SandboxSettings(minute_limit=1_000_000)) as sandbox:
        employees = host_tables(database, sorted(sandbox.company.people))
        world = World(sandbox, database, employees="match")
        world.employees = employees  # type: ignore[attr-defined] # carried along, as above
        for number, user in enumerate(sorted(employees)):
            begin = world.at(3, "08:00") + 41 + number * 600
            world.company.add(user, begin, begin + 8 * 3600 + 30, created_at=begin)
        old_table(world, to_minute)
        before = world.table()
        terminal = Terminal(tmp_path, sandbox)
        terminal.environment["CONNECTEAM_SYNC_EMPLOYEES"] = "match"
        days = ("--from", "2025-12-01", "--to", "2025-12-05")
        refused = terminal("sync", *days)
        assert (refused.code, world.table()) == (4, before)
        assert "6 rows of yours agree with a shift but for the seconds: connecteam-sync adopt shows" in refused.out
        assert "6 rows of yours agree with a shift but for the seconds" in terminal("plan", *days).out
        look = terminal("adopt")
        assert "6 rows of yours agree with a shift but for the seconds, 2025-11-06..2025-12-03:" in look.out
        assert "08:00-16:01: 08:00:41" in look.out
        assert len(terminal("adopt", "--json").json["minutes"]["links"]) == 6
        step = look.err.splitlines()[-1].removeprefix("next: connecteam-sync ").partition("   (")[0]
        assert step == "adopt --apply --link-minutes --from 2025-11-06 --to 2025-12-03"
        done = terminal(*step.split())
        assert done.code == 0, done
        assert "6 rows that agree with a shift but for the seconds are linked to it" in done.out
        assert terminal("sync", *days).code == 0
        assert "next: connecteam-sync plan" in terminal("adopt").err
        assert terminal("verify", *days).code == 0
        assert terminal("undo", "3").code == 0
        assert terminal("adopt", "--undo").code == 0
        assert world.table() == before
        for words in (["--link-minutes"], ["--apply", "--link-minutes"], ["--undo", "--link-minutes", *days]):
            assert terminal("adopt", *words).code == 2
        world.mirror.close()


def test_rows_of_people_whose_answer_was_refused_are_not_held_as_of_people_who_left(world: World) -> None:
    """They are on the time clock; what is not known is whose the rows are, since a guard refused what it said."""
    old_table(world, COUSINS["four minutes late"])
    proposal = world.mirror.plan(world.window, resync=True)
    assert any(plan.refusals for plan in proposal.plans)
    reasons = {hold.reason for plan in proposal.plans for hold in plan.holds}
    assert "user_not_listed" not in reasons
    assert "clock_not_looked_at" in reasons


def test_a_partitioned_table_is_linked_once_it_has_its_key(world: World, database: str) -> None:
    """PostgreSQL: nobody but a person makes the key of such a table; the refusal holds the statement that does."""
    if not database.startswith("postgresql"):
        pytest.skip("only PostgreSQL's partitioned tables take no key while others write")
    old_table(world, to_minute)
    world.mirror.close()
    raw(
        database,
        "ALTER TABLE clock_times RENAME TO before",
        "CREATE TABLE clock_times (LIKE before INCLUDING DEFAULTS INCLUDING IDENTITY) PARTITION BY RANGE (clock_in)",
        "CREATE TABLE all_of_them PARTITION OF clock_times DEFAULT",
        "INSERT INTO clock_times OVERRIDING SYSTEM VALUE SELECT * FROM before",
        "CREATE SEQUENCE more START 1000",
        "ALTER TABLE clock_times ALTER id DROP IDENTITY IF EXISTS",
        "ALTER TABLE clock_times ALTER id SET DEFAULT nextval('more')",
        "DROP TABLE before CASCADE",
    )
    world.mirror = world.mirror_of(world.sandbox, database, employees="match")
    before = world.table()
    with pytest.raises(AdoptRefused, match="partitioned") as refused:
        world.mirror.adopt(link_minutes=world.window)
    made = re.search(r"ALTER TABLE .*? UNIQUE \(.*?\)", refused.value.message)
    assert made, refused.value.message
    raw(database, made[0])
    run = world.mirror.adopt(link_minutes=world.window)
    assert (run.exit_code, run.counts.linked, world.table()) == (0, ROWS, before)
    assert world.sync().counts.created == 0

"""The cases the product began with: resync, saved plans, verify, the default window, doctor, and what a run costs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from connecteam_sync.client import counts_of
from connecteam_sync.sandbox import Company, Sandbox
from connecteam_sync.sandbox import SandboxSettings as Behaviour
from connecteam_sync.sandbox.company import OFFICE, WAREHOUSE
from support.scenario import FIRST, LAST, TABLES, World


@pytest.fixture
def world(initialised: str) -> Iterator[World]:
    """An empty company and an initialised database."""
    with Sandbox(Company(0), Behaviour(minute_limit=100_000)) as sandbox:
        made = World(sandbox, initialised)
        yield made
        made.mirror.close()


@pytest.fixture
def busy(initialised: str) -> Iterator[World]:
    """The seeded company: 585 shifts on eleven days."""
    with Sandbox(Company(), Behaviour(minute_limit=100_000)) as sandbox:
        made = World(sandbox, initialised)
        yield made
        made.mirror.close()


def test_resync_deletes_orphans_and_sync_reports_them(world: World) -> None:
    """A row of ours that never had a shift: reported by sync, removed by resync, brought back by undo."""
    world.work(2, "08:00", "12:00")
    world.sync()
    employee = world.table()[0]["employee_id"]
    world.execute(
        "INSERT INTO clock_times (employee_id, clock_in, clock_out, total_minutes, is_active, source)"
        " VALUES (:e, '2025-12-03 14:00:00', '2025-12-03 15:00:00', 60, :f, 'connecteam')",
        e=employee,
        f=False,
    )
    before = world.table()
    assert world.sync().exit_code == 3
    assert (world.table(), world.reasons()) == (before, ["orphan"])
    run = world.mirror.resync(world.window)
    assert (run.exit_code, counts_of(run)["deleted"], world.reasons()) == (0, 1, [])
    assert run.id
    world.mirror.undo(run.id)
    assert world.table() == before


def test_a_saved_plan_is_applied_as_shown_or_not_at_all(world: World) -> None:
    """It is refused, naming the rows, once anything moved; made again, it is applied."""
    shift = world.work(2, "08:00", "12:00")
    world.sync()
    world.company.edit(shift.id, end=world.at(2, "13:00"))
    saved = world.mirror.plan(world.window)
    world.execute("UPDATE clock_times SET total_minutes = 3")
    before = world.table()
    run = world.mirror.apply(saved)
    assert (run.exit_code, run.status) == (4, "refused")
    assert str(before[0]["id"]) in str([slice_.error for slice_ in run.slices])
    assert world.table() == before
    run = world.mirror.apply(world.mirror.plan(world.window))
    assert (run.exit_code, run.kind) == (0, "apply")
    assert world.rows() == world.company.truth(FIRST, LAST)


def test_verify_finds_what_is_wrong_and_writes_nothing(world: World) -> None:
    """A row altered, lost, or too many; by plan and by plain counting."""
    world.work(2, "08:00", "12:00")
    world.work(3, "08:00", "12:00")
    world.sync()
    world.execute("UPDATE clock_times SET total_minutes = 9, clock_out = '2025-12-02 15:00:00' WHERE id = 1")
    before = world.everything()
    found = world.mirror.verify(world.window)
    assert (found.exit_code, found.differences) == (5, 1)
    assert [(d.day, d.minutes_upstream, d.minutes) for d in found.days] == [(date(2025, 12, 2), 240, 9)]
    assert world.everything() == before


def test_the_default_window_follows_open_rows(world: World) -> None:
    """A forgotten open shift of last month is still looked at, and closed when Connecteam closes it."""
    forgotten = world.work(2, "08:00", None)
    world.sync()
    assert any(window.first <= date(2025, 12, 2) <= window.last for window in world.mirror.default_windows())
    world.company.clock_out(forgotten.id, world.at(2, "17:00"))
    assert world.mirror.sync().exit_code == 0
    assert world.rows() == world.company.truth(FIRST, LAST)
    assert not any(window.first <= date(2025, 12, 2) <= window.last for window in world.mirror.default_windows())


def test_doctor_finds_nothing_amiss(world: World) -> None:
    """Tables that `init` made, on each database: every check is made, and each is ok; so it is after a run."""
    own = ["our tables", "table", "columns", "unique key", "contents", "child tables", "links", "people", "probe"]
    upstream = ["Connecteam", "account", "clock", "time clocks", "users"]
    ok = [(name, "ok") for name in ("configuration", "database", "tables", *own, "rights", *upstream)]
    assert [(check.name, check.state) for check in world.mirror.doctor()] == ok
    for user in world.company.people:
        world.work(2, "08:00", "12:00", user=user)
    world.sync()
    assert [(check.name, check.state) for check in world.mirror.doctor()] == ok


def test_the_names_of_the_seed_plan(world: World) -> None:
    """`sync_shifts_for_date` and `sync_todays_shifts` answer with the counts of the contract."""
    world.work(2, "08:00", "12:00")
    counts = world.mirror.sync_shifts_for_date("2025-12-02")
    assert counts["created"] == 1
    assert set(counts) == {"total_shifts", "created", "updated", "unchanged", "deleted", "held", "errors"}
    assert world.mirror.sync_todays_shifts()["errors"] == 0


@pytest.mark.usefixtures("initialised")
@pytest.mark.parametrize("shifts", [50, 500, 5000])
def test_the_statements_of_a_run_do_not_grow_with_its_shifts(database: str, shifts: int) -> None:
    """A constant for each clock, plus a few for every thousand changes; three clocks here, one of them archived."""
    with Sandbox(Company(shifts), Behaviour(minute_limit=100_000)) as sandbox:
        world = World(sandbox, database)
        world.mirror.store.statements = 0
        run = world.sync()
        assert counts_of(run)["created"] == shifts
        # Three of them note whose the database is.
        assert run.statements <= 80 + 6 * (shifts // 1000)
        again = world.sync()
        assert (again.status, again.http_calls) == ("nothing", 5)
        # The first time, digests of all and of each person are taken around the decision; then, they are only compared.
        assert again.statements <= 116
        assert world.sync().statements <= 54
        world.mirror.close()


def test_names_no_column_can_hold_do_not_stop_a_run(world: World) -> None:
    """Endless names, NUL characters: clipped, not refused by the database for ever."""
    person = world.company.people[world.user]
    person.first_name, person.last_name, person.email = "A\0na" * 200, "Ω" * 500, "x" * 300
    world.work(2, "08:00", "12:00")
    assert world.sync().exit_code == 0
    assert len(world.table()) == 1


@pytest.mark.parametrize("again", ["the same id", "a new id"])
def test_work_goes_on_after_a_break(world: World, again: str) -> None:
    """The app closes the shift, opens a break, and goes on under the old id re-opened or under a new one."""
    shift = world.work(2, "08:00", None)
    world.sync()
    world.company.clock_out(shift.id, world.at(2, "12:00"))
    pause = world.company.take_break(world.user, world.at(2, "12:00"), None, clock=WAREHOUSE)
    world.sync()
    assert world.rows() == world.company.truth(FIRST, LAST)
    pause.end = world.at(2, "12:30")
    if again == "the same id":
        world.company.reopen(shift.id)
    else:
        world.work(2, "12:30", None)
    run = world.sync()
    assert run.exit_code == 0
    assert world.rows() == world.company.truth(FIRST, LAST)
    (remembered,) = world.table("connecteam_sync_breaks")
    assert (remembered["start_at"], remembered["end_at"], remembered["is_gone"]) == (pause.start, pause.end, 0)
    world.company.delete(pause.id)
    world.sync()
    assert world.table("connecteam_sync_breaks")[0]["is_gone"] == 1


def test_places_notes_and_numbers_are_stored_nowhere(busy: World) -> None:
    """What the answers hold of coordinates, addresses, notes and phone numbers does not reach the database."""
    shift = busy.company.shifts()[0]
    busy.company.spoil(shift.id, employeeNote="a private word", managerNote="another private word")
    busy.sync()
    names = (*TABLES, "connecteam_sync_users", "connecteam_sync_runs", "connecteam_sync_slices")
    said = str([busy.table(name) for name in names])
    assert "private word" not in said
    assert "Invented Way" not in said
    assert not any(person.phone in said for person in busy.company.people.values())


def unlink(world: World) -> None:
    """The table as another program left it: our memory is gone, the rows are there."""
    world.execute("DELETE FROM connecteam_sync_shifts")


def test_rows_of_another_clock_are_no_orphans_in_a_plan(world: World) -> None:
    """Two clocks, rows without links: the plan and verify see each row taken by its own clock's shift."""
    world.company.people[world.user].clocks = {WAREHOUSE, OFFICE}
    world.work(2, "08:00", "12:00")
    world.work(3, "08:00", "12:00", clock=OFFICE)
    world.sync()
    unlink(world)
    proposal = world.mirror.plan(world.window)
    assert [change.kind for change in proposal.changes] == ["link", "link"]
    assert proposal.holds == ()
    assert world.mirror.verify(world.window).exit_code == 0
    run = world.mirror.apply(proposal)
    assert (run.exit_code, counts_of(run)["unchanged"]) == (0, 2)


def test_a_refused_clock_makes_no_orphans_for_the_next(world: World) -> None:
    """The first clock is refused by a guard: its unlinked rows are not deleted with the second's orphans."""
    world.mirror.close()
    careful = World(world.sandbox, world.mirror.settings.database_url, max_deletes=0, max_deletes_share=0.0)
    careful.company.people[careful.user].clocks = {WAREHOUSE, OFFICE}
    for day in range(2, 8):
        careful.work(day, "08:00", "12:00")
    careful.work(9, "08:00", "12:00", clock=OFFICE)
    careful.sync()
    gone = careful.company.shifts(clock=WAREHOUSE)[0]
    careful.execute("DELETE FROM connecteam_sync_shifts WHERE id <> :i", i=gone.id)
    careful.company.delete(gone.id)
    before = careful.table()
    run = careful.mirror.resync(careful.window)
    assert (run.exit_code, [slice_.status for slice_ in run.slices]) == (4, ["refused", "applied", "nothing"])
    assert careful.table() == before
    refused = run.slices[0]
    assert f"connecteam-sync resync --from 2025-12-02 --to 2025-12-02 --accept {refused.fingerprint}" in str(
        refused.next_step
    )
    run = careful.mirror.resync(careful.window, accept=[str(refused.fingerprint)])
    assert (run.exit_code, counts_of(run)["deleted"]) == (0, 1)
    assert careful.rows() == careful.company.truth(FIRST, LAST)
    careful.mirror.close()


def test_a_saved_plan_makes_a_new_person_once(world: World) -> None:
    """A new employee with shifts in two clocks and in two slices of a long window: applied as shown."""
    world.company.people[world.user].clocks = {WAREHOUSE, OFFICE}
    world.work(2, "08:00", "12:00")
    world.work(2, "13:00", "17:00", clock=OFFICE)
    later = date(2026, 1, 20)
    world.company.add(world.user, world.company.at(later, "08:00"), world.company.at(later, "12:00"))
    window = world.mirror.window(FIRST, date(2026, 1, 31))
    saved = world.mirror.plan(window)
    run = world.mirror.apply(saved)
    assert (run.exit_code, counts_of(run)["created"]) == (0, 3)
    assert len(world.table("employees")) == 1
    assert world.rows() == world.company.truth(FIRST, date(2026, 1, 31))


def test_a_row_written_twice_by_one_run_is_undone_once(world: World) -> None:
    """One clock writes a row; the other's shift was created before and takes it over: undo knows the net."""
    start = world.at(3, "08:00")
    later = world.company.add(world.user, start, start + 3600, clock=WAREHOUSE, created_at=start)
    first = world.company.add(world.user, start, start + 7200, clock=OFFICE, created_at=start - 60)
    before = world.table()
    run = world.sync()
    (row,) = world.table()
    assert row["total_minutes"] == 120
    entries = world.mirror.show(run.id or 0)[1]
    assert [(entry.change.kind, entry.change.shift_id) for entry in entries] == [
        ("create", later.id),
        ("update", first.id),
    ]
    world.mirror.undo(run.id or 0)
    assert world.table() == before == []

"""A proof goes on record, and writes nothing else: no run, no digest and no undo takes it for a run that mirrored."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from connecteam_sync.core.run import VerifyResult
from connecteam_sync.errors import UndoRefused, UpstreamError
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.sandbox.company import OFFICE, WAREHOUSE
from connecteam_sync.store.session import newest_receipt_query
from connecteam_sync.store.store import Store
from support.scenario import World


@pytest.fixture
def world(initialised: str) -> Iterator[World]:
    """A company of a few days, mirrored."""
    with Sandbox(Company(40), SandboxSettings(minute_limit=1_000_000)) as sandbox:
        made = World(sandbox, initialised, lock_wait=1)
        made.sync()
        yield made
        made.mirror.close()


def test_a_proof_is_a_run_of_its_own_kind(world: World) -> None:
    """Its receipt says what was looked at and what it came to; next to it, nothing moved."""
    before = world.everything()
    found = world.mirror.verify(world.window)
    assert (found.exit_code, found.not_recorded) == (0, None)
    assert world.everything() == before
    (run,) = world.mirror.runs(kind="verify")
    assert (run.id, run.kind, run.status, run.exit_code) == (found.run, "verify", "exact", 0)
    assert (run.window, run.http_calls) == (world.window, world.mirror.http_calls - world.mirror.runs()[-1].http_calls)
    assert run.finished_at is not None
    assert run.statements > 0
    assert run.result == VerifyResult(
        differences=0,
        person_days=0,
        shifts=40,
        minutes=found.minutes,
        held=0,
        timesheet=len(found.totals),
        offsets=0,
    )
    assert {p.time_clock_id for p in run.slices} == {None, *(plan.time_clock_id for plan in found.plan.plans)}
    assert run.counts.total_shifts == 40
    assert world.mirror.show(run.id or 0) == (run, ())
    assert [one.kind for one in world.mirror.runs()] == ["verify", "sync"]
    assert [one.id for one in world.mirror.runs(kind="sync")] == [1]


@pytest.mark.usefixtures("few_tries")
def test_what_differs_is_held_or_failed_is_on_record_too(world: World) -> None:
    """As the proof itself says it: counts, exit code, holds, the look that failed."""
    shifts = world.company.shifts()
    world.company.edit(shifts[0].id, start=shifts[0].start + 60)
    world.company.duplicate(shifts[7].id)
    world.sandbox.faults.add("server_error", path=f"time-clocks/{shifts[0].clock_id}/time-", times=99)
    broken = world.mirror.verify(world.window, totals=False)
    world.sandbox.faults.clear()
    whole = world.mirror.verify(world.window)
    of_whole, of_broken = world.mirror.runs(kind="verify")
    assert (of_broken.status, of_broken.errors, of_broken.exit_code) == ("failed", 1, broken.exit_code)
    assert whole.exit_code == 5
    assert (of_whole.status, of_whole.exit_code, of_whole.holds) == ("differs", 5, whole.plan.holds)
    assert of_whole.result is not None
    assert (of_whole.result.differences, of_whole.result.held) == (whole.differences, 1)
    world.sync()
    held = world.mirror.verify(world.window)
    run = world.mirror.runs(1)[0]
    assert (held.exit_code, run.status, run.exit_code, run.id) == (3, "exact", 3, held.run)


@pytest.mark.usefixtures("few_tries")
def test_a_proof_that_got_no_answer_is_on_record(world: World) -> None:
    """It is raised all the same."""
    world.sandbox.faults.add("server_error", path="users", times=99)
    with pytest.raises(UpstreamError) as raised:
        world.mirror.verify(world.window)
    world.sandbox.faults.clear()
    (run,) = world.mirror.runs(kind="verify")
    assert (run.status, run.exit_code, run.result) == ("failed", 75, None)
    assert run.slices[0].error == raised.value.message


def test_a_proof_holds_where_it_cannot_be_recorded(world: World, database: str) -> None:
    """Another run has the lock: the answer is the same, and says that it is not on record."""
    other = Store(database, lock_wait=1)
    with other.writing():
        found = world.mirror.verify(world.window)
    other.close()
    assert (found.exit_code, found.differences, found.run) == (0, 0, None)
    assert found.not_recorded
    assert world.mirror.runs(kind="verify") == ()


def test_no_run_takes_a_proof_for_one_that_mirrored(world: World) -> None:
    """It overtakes no look, a slice with nothing to do is still known by its digest, and undo refuses it."""
    world.sync()
    world.sync()
    store = world.mirror.store
    before = store.statements
    assert world.sync().status == "nothing"
    known = store.statements - before
    with store.reading() as session:
        [[(after,)]] = session.fetch(newest_receipt_query(session.own))
    number = world.mirror.verify(world.window).run or 0
    with store.reading() as session:
        assert session.fetch(newest_receipt_query(session.own))[0][0][0] > after
        for clock in (WAREHOUSE, OFFICE):
            assert session.fetch(session.newer_query(clock, world.window, after, None))[0][0][:2] == (0, 0)
    before = store.statements
    assert world.sync().status == "nothing"
    assert store.statements - before == known
    with pytest.raises(UndoRefused, match="changed nothing"):
        world.mirror.undo(number)
    assert world.mirror.undo(1).status == "applied"
    assert world.mirror.verify(world.window).exit_code == 5


def test_a_proof_is_of_its_own_days(world: World) -> None:
    """A look shows more than those: it is not counted, nor is a row of the day after told as one at an offset."""
    shift = world.work(7, "08:00", "12:00")
    world.sync()
    (row,) = (each["clock_time_id"] for each in world.table("connecteam_sync_shifts") if each["id"] == shift.id)
    world.execute(
        "UPDATE clock_times SET clock_in = '2025-12-07 20:00:00', clock_out = '2025-12-08 00:00:00' WHERE id = :row",
        row=row,
    )
    before, day = (world.mirror.window(date(2025, 12, first), date(2025, 12, last)) for first, last in ((5, 6), (7, 7)))
    found = {window: world.mirror.verify(window, totals=False) for window in (before, day)}
    for window, proof in found.items():
        mine = world.company.shifts(window.first, window.last)
        minutes = sum((each.end - each.start) // 60 for each in mine if each.end is not None)
        assert (proof.shifts, proof.minutes) == (len(mine), minutes)
    assert [[offset.row.id for offset in found[window].offsets] for window in (before, day)] == [[], [row]]

"""Every trouble of Connecteam by name, at every call of a run: what it concerns stays as it was, and the next run makes
it exact.

Waits between tries are switched off, their number is not; only where a wait is the trouble is patience short.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import stamina

from connecteam_sync.core.run import Run
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.sandbox.company import CLOSED, OFFICE, WAREHOUSE
from connecteam_sync.sandbox.faults import CHANGES, NAMES, ODDITIES, PAGES
from support import invariants
from support.scenario import FIRST, LAST, World

TRIES = 6
"""How often a call is tried."""
CALLS = {"users": 1, "clocks": 2, "first look": 3, "middle look": 4, "last look": 6}
"""The calls of a run over two slices and two time clocks."""
HARMLESS = {"unknown_members", "duplicate_records", *ODDITIES}
"""Answers that are odd and still say everything."""
PASSING = {
    "dropped",
    "server_error",
    "bad_gateway",
    "gateway_timeout",
    "unavailable",
    "too_many",
    "too_many_untold",
    "too_many_until",
    "slow",
}
"""Troubles that are gone when asked again."""
TELLING = {"budget_spent"}
"""Says something in its headers and nothing in its body: a trouble only where it is met."""
WAITING = {"slow", "dripping"}
"""Cost a whole patience each time: tried at one call."""


@contextmanager
def life_of(place: Path, company: Company | None = None, **settings: Any) -> Iterator[World]:  # noqa: ANN401 - any setting
    """A mirrored company, looked at in two slices, by a client that tries again at once."""
    chosen: dict[str, Any] = {"slice_days": 8, "total_seconds": 60, "request_timeout": 10, **settings}
    with ExitStack() as stack:
        stack.enter_context(stamina.set_testing(testing=True, attempts=TRIES))
        settings_of_sandbox = SandboxSettings(minute_limit=10**9, day_limit=10**9)
        company = company or Company(80)
        del company.clocks[CLOSED]
        sandbox = stack.enter_context(Sandbox(company, settings_of_sandbox))
        world = World(sandbox, f"sqlite:///{place}/faults.db", **chosen)
        stack.callback(world.mirror.close)
        world.sync()
        yield world


@pytest.fixture
def life(tmp_path: Path) -> Iterator[World]:
    """A mirrored company."""
    with life_of(tmp_path) as world:
        yield world


def happen(life: World, number: int) -> None:
    """A correction at every look, a delete and an addition: something to lose everywhere."""
    ended = sorted((s for s in life.company.shifts() if s.end is not None), key=lambda shift: shift.start)
    office = [shift for shift in ended if shift.clock_id == OFFICE]
    warehouse = [shift for shift in ended if shift.clock_id == WAREHOUSE]
    for shift in (office[0], office[-1], warehouse[number % 5], warehouse[-1 - number % 5]):
        life.company.edit(shift.id, end=shift.start + 60 * (number + 1))
    life.company.delete(warehouse[20 + number % 7].id)
    life.work(1 + number % 11, f"03:{number:02}", "04:30")


def as_it_should_end(fault: str, run: Run, *, lasting: bool, where: str) -> bool:
    """Whether a run that met a trouble says what it should."""
    if fault in HARMLESS or (fault in PASSING and not lasting):
        return run.exit_code == 0
    if fault in TELLING:
        return run.exit_code in {0, 75}
    if fault in CHANGES or fault in PAGES:
        # Whether it matters depends on the list it is met in.
        return run.exit_code in {0, 1, 3, 4, 75}
    if where in {"users", "clocks"}:
        return run.status == "failed" and run.exit_code in {1, 75}
    return run.exit_code in {1, 4, 75}


def judge(life: World, said: str, before: list[dict[str, Any]], known: set[str]) -> None:
    """What must hold after a run that met a trouble, and that a run without one makes everything exact."""
    after = life.table()
    gone = {row["id"] for row in before} - {row["id"] for row in after}
    # One shift is deleted upstream; nothing else may go, whatever the answer looked like.
    assert len(gone) <= 1, said
    invariants.journal_gives(life.table("connecteam_sync_changes"), after)
    assert {row["id"] for row in life.table("connecteam_sync_shifts")} >= known, said
    # A new process: a budget that is said to be spent stays in mind.
    life.mirror.close()
    assert life.sync().exit_code == 0, said
    assert life.rows() == life.company.truth(FIRST, LAST), said


def meet(life: World, said: str, fault: str, *, lasting: bool, where: str) -> None:
    """A run into the troubles ahead."""
    before, known = life.table(), {row["id"] for row in life.table("connecteam_sync_shifts")}
    run = life.sync()
    assert lasting or not life.sandbox.faults._ahead, f"{said} was never met"
    # A change to a list that has nothing it could change is none; `test_sandbox_faults.py` shows that each changes.
    assert fault in life.sandbox.faults.served or fault in CHANGES or fault in ODDITIES or fault in PAGES, said
    life.sandbox.faults.clear()
    assert as_it_should_end(fault, run, lasting=lasting, where=where), f"{said}: {run}"
    for slice_ in run.slices:
        assert slice_.status in {"applied", "nothing"} or slice_.next_step, f"{said}: {slice_}"
    if run.status == "failed" and where in {"users", "clocks"}:
        assert life.table() == before, said
    judge(life, f"{said}: {run}", before, known)


@pytest.mark.parametrize("fault", sorted((NAMES.keys() | CHANGES.keys() | ODDITIES.keys()) - WAITING))
def test_every_trouble_at_every_call(life: World, fault: str) -> None:
    """Once or for ever; nothing is written of what was not seen whole, and nobody's hours go for a silence."""
    for number, (where, call) in enumerate(CALLS.items()):
        for lasting in (False, True):
            happen(life, 2 * number + lasting)
            life.sandbox.faults.add(fault, call=life.sandbox.calls + call)
            if lasting:
                path = {"users": "/users", "clocks": "/time-clocks"}.get(where, "time-activities")
                life.sandbox.faults.add(fault, path=path, times=99)
            meet(life, f"{fault} at {where}, lasting: {lasting}", fault, lasting=lasting, where=where)


@pytest.mark.parametrize("first", ["too_many", "server_error", "dropped"])
@pytest.mark.parametrize("where", ["users", "last look"])
def test_every_trouble_on_a_retry(life: World, first: str, where: str) -> None:
    """A call fails, and its retry fails in another way: as if that had been the first."""
    for number, fault in enumerate(sorted((NAMES.keys() | CHANGES.keys()) - WAITING)):
        happen(life, number)
        call = life.sandbox.calls + CALLS[where]
        life.sandbox.faults.add(first, call=call)
        life.sandbox.faults.add(fault, call=call + 1)
        meet(life, f"{first}, then {fault} at {where}", fault, lasting=False, where=where)


@pytest.mark.parametrize("where", sorted(CALLS))
def test_a_storm_is_sat_out_while_patience_lasts(life: World, where: str) -> None:
    """Five troubles in a row and then well: done. One more: given up, and the next run does it all."""
    kinds = ["too_many", "unavailable", "too_many_untold", "dropped", "server_error", "bad_gateway"]
    for length in (TRIES - 1, TRIES):
        happen(life, length)
        before, known = life.table(), {row["id"] for row in life.table("connecteam_sync_shifts")}
        calls = life.sandbox.calls
        for number in range(length):
            life.sandbox.faults.add(kinds[number], call=calls + CALLS[where] + number)
        run = life.sync()
        assert run.exit_code == (0 if length < TRIES else 75), run
        if length < TRIES:
            # Slices in which a shift is gone are looked at once more at the end.
            assert max(CALLS.values()) + length < run.http_calls <= max(CALLS.values()) + length + 3
        life.sandbox.faults.clear()
        judge(life, f"a storm of {length} at {where}", before, known)


@pytest.mark.parametrize("fault", sorted(WAITING))
def test_an_answer_that_does_not_come(tmp_path: Path, fault: str) -> None:
    """Silence is waited for once and asked again; a drip that never ends uses up the patience of the call."""
    patience: dict[str, Any] = {"request_timeout": 0.5} if fault == "slow" else {"total_seconds": 1.0}
    with life_of(tmp_path, **patience) as life:
        for number, (where, lasting) in enumerate((("last look", False), ("users", True))):
            happen(life, number)
            life.sandbox.faults.add(fault, call=life.sandbox.calls + CALLS[where], times=1)
            if lasting:
                life.sandbox.faults.add(fault, path="/users", times=99)
            meet(life, f"{fault}, lasting: {lasting}", fault, lasting=lasting, where=where)


@pytest.mark.parametrize("fault", sorted(PAGES))
@pytest.mark.parametrize("page", [2, 3])
def test_a_page_of_people_repeated_or_skipped(tmp_path: Path, fault: str, page: int) -> None:
    """More people than fit on a page: the list is read again, and where it stays wrong there is no list."""
    with life_of(tmp_path, Company(40, people=1100)) as life:
        life.mirror.close()
        for number, lasting in enumerate((False, True)):
            life.company.delete(life.company.shifts()[number].id)
            life.sandbox.faults.add(fault, call=life.sandbox.calls + page)
            if lasting:
                life.sandbox.faults.add(fault, path="/users", times=99)
            before, known = life.everything(), {row["id"] for row in life.table("connecteam_sync_shifts")}
            run = life.sync()
            life.sandbox.faults.clear()
            given_up = lasting
            assert run.exit_code == (75 if given_up else 0), run
            assert given_up == (life.everything() == before)
            judge(life, f"{fault} at page {page}", before[0], known)


def test_a_stale_answer_is_mended_by_the_next_look(life: World) -> None:
    """An old answer, complete and well formed, cannot be told from a new one; the next one puts everything right."""
    for number in range(4):
        old = copy.deepcopy(life.company.activities)
        happen(life, number)
        life.sync()
        new, rows = life.company.activities, {row["id"] for row in life.table()}
        known = {row["id"] for row in life.table("connecteam_sync_shifts")}
        life.company.activities = old
        assert life.sync().exit_code in {0, 3, 4}
        invariants.journal_gives(life.table("connecteam_sync_changes"), life.table())
        assert len(rows - {row["id"] for row in life.table()}) <= 1
        life.company.activities = new
        judge(life, f"stale {number}", life.table(), known)


@pytest.mark.parametrize("hours", [-30, -5, 5, 30])
def test_a_clock_that_is_hours_away_changes_nothing(life: World, hours: int) -> None:
    """What Connecteam's own clock says is no part of any time that is stored."""
    life.sandbox.settings.clock_ahead = hours * 3600
    happen(life, abs(hours))
    assert life.sync().exit_code == 0
    assert life.rows() == life.company.truth(FIRST, LAST)
    assert life.mirror._client().server_clock_skew == pytest.approx(-hours * 3600, abs=60)
    assert life.sync().status == "nothing"

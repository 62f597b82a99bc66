"""Runs, plans and verifications: the worst of their parts decides how a command ends."""

from __future__ import annotations

from datetime import date
from itertools import permutations
from typing import Any

import msgspec
import pytest
from test_plan import CHICAGO, MORNING, WINDOW, after_sync, at, decide, said, shift

from connecteam_sync.core.change import Hold
from connecteam_sync.core.clocktime import StoredState, clock_time_of
from connecteam_sync.core.run import (
    SEVERITY,
    Check,
    Difference,
    Failure,
    Move,
    Plan,
    Run,
    Slice,
    Status,
    Verification,
    worst,
)
from connecteam_sync.core.window import Window

DAY = Window(date(2025, 12, 2), date(2025, 12, 2), CHICAGO)
HOLD = Hold(reason="orphan", subject="row:1", detail="d", instant=MORNING.start)


def slice_of(status: Status = "nothing", *, clock: int | None = 7, window: Window = WINDOW, **more: Any) -> Slice:  # noqa: ANN401
    """The receipt of a look."""
    return Slice(time_clock_id=clock, window=window, status=status, **more)


def run_of(*slices: Slice) -> Run:
    """A run of these looks."""
    return Run(id=1, kind="sync", window=WINDOW, slices=slices, version="0", host="h", started_at=0)


def test_the_worst_code_is_one_that_waiting_does_not_cure() -> None:
    """Whatever order they come in; of nothing it is 0."""
    for order in permutations((0, 3, 6, 75)):
        assert worst(*order) == 75
    assert [worst(code, 0) for code in SEVERITY] == list(SEVERITY)
    assert SEVERITY == (1, 2, 4, 5, 75, 6, 3, 0)
    assert worst() == 0


@pytest.mark.parametrize(
    ("statuses", "status"),
    [
        ((), "nothing"),
        (("nothing", "applied"), "applied"),
        (("applied", "refused", "nothing"), "refused"),
        (("refused", "failed", "applied"), "failed"),
        (("nothing", "nothing"), "nothing"),
        (("exact",), "exact"),
        (("exact", "differs"), "differs"),
        (("differs", "failed"), "failed"),
    ],
)
def test_a_run_is_as_its_worst_look(statuses: tuple[Status, ...], status: Status) -> None:
    """A failure comes before a refusal, and that before what was written."""
    run = run_of(*(slice_of(one) for one in statuses))
    assert run.status == status
    assert run.errors == sum(one in {"failed", "refused"} for one in statuses)


def test_a_run_ends_with_the_worst_code_of_its_looks() -> None:
    """3 if all went well and something is held; not if a person has acknowledged it."""
    assert run_of(slice_of(exit_code=6), slice_of(exit_code=4)).exit_code == 4
    assert run_of(slice_of(holds=(HOLD,))).exit_code == 3
    assert run_of(slice_of(holds=(msgspec.structs.replace(HOLD, acknowledged=True),))).exit_code == 0
    assert run_of(slice_of(holds=(HOLD,)), slice_of(exit_code=6, clock=8)).exit_code == 6
    assert run_of().exit_code == 0


def test_a_run_is_worth_trying_again_if_all_that_failed_worst_is() -> None:
    """What failed less badly does not count, nor does what was only refused."""
    failed: dict[str, Any] = {"status": "failed", "error": "e"}
    again = slice_of(**failed, exit_code=6, retryable=True)
    never = slice_of(**failed, exit_code=6)
    worse = slice_of(**failed, exit_code=2)
    refused = slice_of("refused", exit_code=4)
    assert run_of(again, slice_of()).retryable
    assert not run_of(again, never).retryable
    assert not run_of(again, worse).retryable
    assert run_of(never, slice_of(**failed, exit_code=75, retryable=True)).retryable
    assert not run_of(refused).retryable
    assert not run_of().retryable


def test_a_run_has_looked_at_what_did_not_fail() -> None:
    """Each time clock and its days once, in order; what concerns no time clock is no look at one."""
    run = run_of(
        slice_of(clock=8),
        slice_of("failed", clock=9),
        slice_of(clock=7),
        slice_of("applied", clock=8),
        slice_of(clock=8, window=DAY),
        slice_of(clock=None),
    )
    assert run.ranges == ((8, WINDOW), (7, WINDOW), (8, DAY))
    assert [one.time_clock_id for one in run.looked] == [8, 7, 8, 8, None]


def test_holds_of_a_failed_look_are_none_of_the_runs() -> None:
    """They were not found again."""
    assert run_of(slice_of("failed", holds=(HOLD,))).holds == ()
    assert run_of(slice_of(holds=(HOLD,))).holds == (HOLD,)


# -- plans and verifications -------------------------------------------------------------------------------------------


def test_a_plan_of_several_looks_has_their_changes_in_order() -> None:
    """And the days that were looked at, once each."""
    first = decide(said(MORNING), StoredState(employees={101: 1}))
    second = decide(said(shift("b", "3 08:00", "3 09:00")), StoredState(employees={101: 1}))
    plan = Plan(window=WINDOW, plans=(first, second, msgspec.structs.replace(first, time_clock_id=8)))
    assert [change.shift_id for change in plan.changes] == ["a", "b", "a"]
    assert plan.ranges == ((7, WINDOW), (8, WINDOW))
    assert (plan.failures, plan.version, plan.is_resync) == ((), "", False)


def verification(
    *, days: int = 0, changes: int = 0, links: int = 0, held: bool = False, failed: tuple[int, ...] = ()
) -> Verification:
    """A look at which so much differs."""
    stored = after_sync(MORNING)
    shifts = [shift(f"n{number}", f"{3 + number} 08:00", f"{3 + number} 09:00") for number in range(changes)]
    old = [shift(f"l{number}", f"{8 + number} 08:00", f"{8 + number} 09:00") for number in range(links)]
    rows = [clock_time_of(1, one.start, one.end, id=50 + number) for number, one in enumerate(old)]
    plan = decide(said(MORNING, *shifts, *old), msgspec.structs.replace(stored, rows=(*stored.rows, *rows)))
    if held:
        plan = msgspec.structs.replace(plan, holds=(HOLD,))
    failures = tuple(
        Failure(time_clock_id=9, window=WINDOW, error="e", error_name="E", next_step="n", exit_code=code)
        for code in failed
    )
    differing = Difference(
        day=date(2025, 12, 2), employee_id=1, name="A", shifts_upstream=1, rows=0, minutes_upstream=1, minutes=0
    )
    return Verification(
        window=WINDOW,
        plan=Plan(window=WINDOW, plans=(plan,), failures=failures),
        days=(differing,) * days,
        totals=(),
        shifts=1,
        minutes=1,
    )


@pytest.mark.parametrize(
    ("what", "differences", "code"),
    [
        ({}, 0, 0),
        ({"links": 2}, 0, 0),
        ({"changes": 2}, 2, 5),
        ({"days": 3}, 3, 5),
        ({"changes": 1, "days": 3, "links": 1}, 1, 5),
        ({"held": True}, 0, 3),
        ({"held": True, "days": 1}, 1, 5),
        ({"failed": (6,)}, 0, 6),
        ({"failed": (6, 2), "days": 1}, 1, 2),
        ({"failed": (6,), "days": 1}, 1, 5),
        ({"failed": (6,), "held": True}, 0, 6),
    ],
    ids=str,
)
def test_a_verification_ends_with_what_it_found(what: dict[str, Any], differences: int, code: int) -> None:
    """Rows that would be written count; days that disagree where there is none; a row that is only linked is right."""
    found = verification(**what)
    assert (found.differences, found.exit_code) == (differences, code)


# -- people and findings -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "is_done", "needs_consent"),
    [
        ({}, False, False),
        ({"names_differ": True}, False, True),
        ({"from_id": 3}, False, True),
        ({"rows": 1}, False, True),
        ({"left": 1}, False, True),
        ({"shifts": 9, "linked": 9, "kept_out": 9}, False, False),
        ({"from_id": 7, "names_differ": True, "rows": 1}, True, False),
    ],
    ids=str,
)
def test_a_mapping_that_concerns_hours_of_others_needs_a_word(
    fields: dict[str, Any], *, is_done: bool, needs_consent: bool
) -> None:
    """Or one between people who are called otherwise; one that stands already does nothing."""
    move = Move(user_id=1, user_name="a", employee_id=7, employee_name="b", **fields)
    assert (move.is_done, move.needs_consent) == (is_done, needs_consent)


def test_a_finding_is_one_line() -> None:
    """Its cure, too; most have none."""
    found = Check(name="n", state="failed", detail="a\n b", cure="c\n d")
    assert (found.detail, found.cure) == ("a b", "c d")
    assert Check(name="n", state="ok", detail="a").cure == ""
    assert at("2 08:00") == MORNING.start

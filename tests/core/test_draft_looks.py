"""What a look knows of shifts that it does not show, or shows only in its padding."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest
from test_plan import CHICAGO, CLOCK, MORNING, WINDOW, after_sync, at, said, shift

from connecteam_sync.core.change import Policy
from connecteam_sync.core.clocktime import ClockTime, StoredState, TrackedShift, clock_time_of
from connecteam_sync.core.draft import PlanBuilder
from connecteam_sync.core.evidence import RunEvidence
from connecteam_sync.core.shift import Shift
from connecteam_sync.core.window import Window

LATER = Window(date(2025, 12, 12), date(2025, 12, 22), CHICAGO)
PADDING = shift("p", "13 08:00", "13 12:00")


def builder(*shown: Shift, evidence: RunEvidence | None = None, stored: StoredState | None = None) -> PlanBuilder:
    """A draft whose answer shows these shifts."""
    known = after_sync(MORNING) if stored is None else stored
    return PlanBuilder(WINDOW, said(*shown), known, Policy(), evidence or RunEvidence([(CLOCK, WINDOW)]))


def tracked(item: Shift) -> TrackedShift:
    """A shift as remembered, with a row."""
    return TrackedShift(item, clock_time_id=1)


def row(day: str) -> ClockTime:
    """A row on a day."""
    return clock_time_of(1, at(f"{day} 08:00"), at(f"{day} 12:00"), id=1)


def test_what_is_remembered_is_known_if_this_run_has_seen_it_so() -> None:
    """In this answer, to the last value, or in another one of the run."""
    mirror = tracked(MORNING)
    assert builder(MORNING).is_known(mirror)
    assert not builder(msgspec.structs.replace(MORNING, end=at("2 13:00"))).is_known(mirror)
    assert not builder().is_known(mirror)
    run = RunEvidence([(CLOCK, WINDOW), (CLOCK, LATER)])
    run.add_snapshot(LATER, said(MORNING))
    assert builder(evidence=run).is_known(mirror)


def test_a_shift_is_fresh_if_this_run_has_seen_it() -> None:
    """What other looks have shown makes the plan depend on them; one that nobody knows is not fresh."""
    here = builder(MORNING)
    assert (here.is_fresh("a"), here.leans) == (True, False)
    unseen = builder()
    assert (unseen.is_fresh("a"), unseen.leans) == (False, True)
    assert not builder().is_fresh("nobody")
    run = RunEvidence([(CLOCK, WINDOW), (CLOCK, LATER)])
    run.add_snapshot(LATER, said(MORNING))
    elsewhere = builder(evidence=run)
    assert (elsewhere.is_fresh("a"), elsewhere.leans) == (True, True)


@pytest.mark.parametrize(
    ("shown", "at_row", "plans_later", "decides"),
    [
        (MORNING, row("2"), True, True),
        (MORNING, row("14"), True, True),
        (msgspec.structs.replace(PADDING, id="a"), row("2"), True, True),
        (msgspec.structs.replace(PADDING, id="a"), row("14"), True, False),
        (msgspec.structs.replace(PADDING, id="a"), row("14"), False, True),
        (PADDING, row("2"), True, False),
    ],
    ids=["here", "row elsewhere", "row here", "both elsewhere", "nobody looks there", "not shown"],
)
def test_a_look_decides_on_what_is_on_its_days_or_on_nobodys(
    shown: Shift, at_row: ClockTime, *, plans_later: bool, decides: bool
) -> None:
    """Shift or row; what only the padding shows is decided by the look at its own day."""
    run = RunEvidence([(CLOCK, WINDOW), *([(CLOCK, LATER)] if plans_later else [])])
    assert builder(shown, evidence=run).decides_on(tracked(MORNING), at_row) is decides


@pytest.mark.parametrize(
    ("was", "clock", "now", "left"),
    [
        ("14 08:00", CLOCK, "25 08:00", True),
        ("2 08:00", CLOCK, "25 08:00", True),
        ("14 08:00", CLOCK, "2 08:00", False),
        ("14 08:00", CLOCK, "15 08:00", False),
        ("25 08:00", CLOCK, "26 08:00", False),
        ("14 08:00", 8, "25 08:00", False),
    ],
)
def test_a_shift_has_left_if_it_was_on_a_day_of_the_run_and_is_on_none(
    was: str, clock: int, now: str, *, left: bool
) -> None:
    """Of the time clock that it is remembered of; the plan depends on what the run looks at."""
    draft = builder(evidence=RunEvidence([(CLOCK, WINDOW), (CLOCK, LATER)]))
    mirror = tracked(msgspec.structs.replace(MORNING, time_clock_id=clock))
    assert draft.has_left(mirror, at(was), shift("a", now)) is left
    assert draft.leans


def test_an_update_that_inherits_a_row_of_another_time_clock_is_told_apart() -> None:
    """Of a shift that is gone there, at the end of the run."""
    gone = TrackedShift(msgspec.structs.replace(MORNING, id="g", time_clock_id=8), clock_time_id=1)
    stored = msgspec.structs.replace(after_sync(MORNING), mirrors=(gone,))
    run = RunEvidence([(CLOCK, WINDOW), (8, WINDOW)])
    run.absent.add("g")
    draft = builder(MORNING, evidence=run, stored=stored)
    [old] = stored.rows
    longer = msgspec.structs.replace(old, clock_out=at("2 13:00"))
    change = draft.change("update", old, longer, MORNING, "")
    assert not draft.inherits_from_elsewhere(change)
    run.stage = "end"
    draft = builder(MORNING, evidence=run, stored=stored)
    assert draft.inherits_from_elsewhere(change)
    assert not draft.inherits_from_elsewhere(draft.change("delete", old, None, MORNING, ""))
    assert not draft.inherits_from_elsewhere(msgspec.structs.replace(change, shift_id="g"))
    assert not draft.inherits_from_elsewhere(
        draft.change("update", msgspec.structs.replace(old, id=5), longer, MORNING, "")
    )
    here = msgspec.structs.replace(
        stored, mirrors=(msgspec.structs.replace(gone, shift=msgspec.structs.replace(MORNING, id="g")),)
    )
    assert not builder(MORNING, evidence=run, stored=here).inherits_from_elsewhere(change)


@pytest.mark.parametrize(
    ("orphans", "account", "go"),
    [("report", {}, False), ("delete", {}, True), ("report", {CLOCK: "Main"}, True), ("ignore", {}, False)],
)
def test_rows_without_a_shift_may_go_if_the_company_or_the_run_wants_it(
    orphans: str, account: dict[int, str], *, go: bool
) -> None:
    """By its configuration, or since somebody asked for a resync."""
    run = RunEvidence([(CLOCK, WINDOW)], account=account)
    draft = PlanBuilder(WINDOW, said(MORNING), after_sync(MORNING), Policy(orphans=orphans), run)  # type: ignore[arg-type] # a choice
    assert draft.rows_go is go


def test_a_change_waits_for_the_shift_that_is_in_its_way() -> None:
    """If the answer shows its own; one that is in no way waits for nothing."""
    draft = builder(MORNING)
    draft.wait_for(draft.change("create", None, row("2"), MORNING, ""), "b")
    assert {name: wait.because for name, wait in draft.waits.items()} == {"a": "b"}
    orphan = builder(MORNING)
    orphan.wait_for(orphan.change("delete", row("2"), None, None, ""), "b")
    assert orphan.waits == {}


def test_a_link_that_there_is_not_frees_nobodys_row() -> None:
    """The row of another shift stays its own."""
    draft = builder(MORNING)
    draft.give_up_link(TrackedShift(PADDING))
    assert draft.shift_of_row == {1: after_sync(MORNING).mirrors[0]}
    assert draft.stale == {"p"}

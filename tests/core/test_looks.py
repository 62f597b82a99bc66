"""What the looks of a run prove, and what they leave for its end."""

from __future__ import annotations

import msgspec
from test_plan import ANA, MORNING, WINDOW, after_sync, at, decide, kinds, said, shift

from connecteam_sync.core.change import Pending, SlicePlan, Wait
from connecteam_sync.core.clocktime import TrackedShift
from connecteam_sync.core.end_of_run import left_for_the_end
from connecteam_sync.core.evidence import RunEvidence

OTHER = 8
KNOWN = TrackedShift(MORNING, clock_time_id=1)


def quiet() -> RunEvidence:
    """A look of clock 7 that was not read, since all was as it was."""
    evidence = RunEvidence([(7, WINDOW)])
    evidence.add_unchanged(7, WINDOW)
    return evidence


def test_a_look_that_was_not_read_shows_what_is_remembered_there() -> None:
    """On its days and its clock, and of shifts that are not gone."""
    evidence = quiet()
    assert evidence.shows(KNOWN)
    assert evidence.shows(KNOWN, clock=7)
    assert not evidence.shows(KNOWN, clock=OTHER)
    assert not evidence.shows(msgspec.structs.replace(KNOWN, is_gone=True))
    assert not evidence.shows(TrackedShift(shift("l", "14 08:00", "14 12:00")))
    assert not evidence.shows(TrackedShift(msgspec.structs.replace(MORNING, time_clock_id=OTHER)))
    assert not evidence.has_shown(MORNING.id)


def test_a_look_that_was_not_read_was_made() -> None:
    """Its days are covered: nobody needs to look at them again."""
    assert quiet().covers(7, MORNING.start)
    assert not quiet().covers(OTHER, MORNING.start)
    assert quiet().read_clocks(WINDOW) == {7}
    assert quiet().listings(WINDOW) == {}


def test_what_is_read_after_all_shows_what_it_shows() -> None:
    """What is remembered there counts no longer; and a look that was read is not taken for one that was not."""
    evidence = quiet()
    evidence.add_snapshot(WINDOW, said())
    assert not evidence.shows(KNOWN)
    evidence.add_unchanged(7, WINDOW)
    assert not evidence.shows(KNOWN)
    evidence.add_snapshot(WINDOW, said(MORNING))
    assert evidence.shows(KNOWN)


def test_a_shift_is_gone_at_the_end_where_a_look_missed_it_and_none_has_it() -> None:
    """Not before the end, not unless a look found it gone, not where any look has shown it."""
    evidence = RunEvidence([(7, WINDOW), (OTHER, WINDOW)])
    evidence.absent.add(MORNING.id)
    assert not evidence.is_gone(KNOWN)
    evidence.stage = "end"
    assert evidence.is_gone(KNOWN)
    assert not evidence.is_gone(TrackedShift(shift("n", "2 08:00", "2 12:00")))
    evidence.add_snapshot(WINDOW, msgspec.structs.replace(said(MORNING), time_clock_id=OTHER))
    assert not evidence.is_gone(KNOWN)


def waiting(*, has_row: bool = False, because: str | None = None, writes: bool = False) -> SlicePlan:
    """A plan with a shift that waits for the end."""
    wait = Wait(shift_id="a", user_id=ANA, start=MORNING.start, because=because, has_row=has_row)
    decision = decide(said(MORNING), after_sync() if writes else after_sync(MORNING))
    assert bool(decision.changes) is writes
    return msgspec.structs.replace(decision, pending=Pending(waits=(wait,)))


def test_only_who_has_no_row_waits_for_one() -> None:
    """A shift with a row of its own inherits none from one that is gone."""
    for has_row, awaited in ((False, {(ANA, MORNING.start)}), (True, set())):
        evidence = RunEvidence([(7, WINDOW), (OTHER, WINDOW)])
        left_for_the_end([waiting(has_row=has_row)], evidence)
        assert evidence.awaited == awaited


def test_a_shift_with_a_row_is_corrected_by_its_own_look() -> None:
    """It waits for no row of a shift at the same instant that is gone, which goes at the end."""
    stays = msgspec.structs.replace(MORNING, id="b")
    decision = decide(
        said(msgspec.structs.replace(stays, end=at("2 13:00"))),
        after_sync(MORNING, stays),
        evidence=RunEvidence([(7, WINDOW), (OTHER, WINDOW)]),
    )
    assert (kinds(decision), decision.pending.waits) == (["update"], ())
    assert [change.shift_id for change in decision.pending.deletes] == ["a"]


def test_a_shift_that_waits_for_another_is_decided_again_where_a_later_look_wrote() -> None:
    """What its own look wrote was known to it."""
    mine, other = waiting(because="b", writes=True), decide(said(MORNING), after_sync())
    for plans, left in (([mine], []), ([other, mine], []), ([mine, None], []), ([mine, other], [0])):
        assert left_for_the_end(plans, RunEvidence([(7, WINDOW), (OTHER, WINDOW)])) == left

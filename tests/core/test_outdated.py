"""Shifts that a run has seen on another clock-in than is remembered of them: they compete for nothing there."""

from __future__ import annotations

import msgspec
from test_clocks import MOVED, OTHER, RIVAL, with_rival
from test_plan import EMPLOYEES, WINDOW, after_sync, at, decide, kinds, reasons, said, shift

from connecteam_sync.core.change import SlicePlan
from connecteam_sync.core.clocktime import AppliedValues, StoredState, TrackedShift
from connecteam_sync.core.evidence import RunEvidence
from connecteam_sync.core.shift import Shift

BEFORE = after_sync(msgspec.structs.replace(MOVED, start=at("2 08:00"), end=at("2 12:00")))
"""Ana's shift of this time clock, with row 1; it is now where the rival was."""
GONE_ON = msgspec.structs.replace(RIVAL, start=at("13 08:00"), end=at("13 12:00"))
"""The rival, on a day of the padding."""


def look_at_other(evidence: RunEvidence, stored: StoredState, *shifts: Shift, **policy: int) -> SlicePlan:
    """The other time clock's look of the run, which is noted as its engine notes it."""
    snapshot = msgspec.structs.replace(said(*shifts), time_clock_id=OTHER)
    decision = decide(snapshot, stored, evidence=evidence, **policy)
    if decision.refusals:
        evidence.add_refused(WINDOW, snapshot, "it was refused", outdated=decision.outdated)
    else:
        evidence.add_snapshot(WINDOW, snapshot, outdated=decision.outdated)
    return decision


def both() -> RunEvidence:
    """A run of two time clocks."""
    return RunEvidence([(7, WINDOW), (OTHER, WINDOW)])


def test_a_shift_without_a_row_that_left_its_clock_in_takes_it_from_nobody() -> None:
    """The rival was held, so it has no row, and is on another day: the row of Ana's shift moves, and stays."""
    stored, evidence = with_rival(BEFORE, linked=False), both()
    away = look_at_other(evidence, stored, GONE_ON)
    assert (kinds(away), reasons(away), away.outdated) == ([], ["window_edge"], frozenset("r"))
    for stage in ("part", "end"):
        evidence.stage = stage
        decision = decide(said(MOVED), stored, evidence=evidence)
        assert [(c.kind, c.image.id, c.image.clock_in) for c in decision.changes] == [("update", 1, MOVED.start)]
        assert not decision.holds


def test_nor_does_one_that_only_the_padding_shows() -> None:
    """Remembered on one day of the padding, and now on another: no look of this run decides on it."""
    then, now = (
        msgspec.structs.replace(RIVAL, start=at(f"13 {a}"), end=at(f"13 {b}"))
        for a, b in (("08:00", "12:00"), ("14:00", "15:00"))
    )
    stored = StoredState(mirrors=(TrackedShift(shift=then),), employees=EMPLOYEES)
    stored = msgspec.structs.replace(BEFORE, mirrors=(*BEFORE.mirrors, *stored.mirrors))
    evidence = both()
    assert look_at_other(evidence, stored, now).outdated == {"r"}
    evidence.stage = "end"
    mine = msgspec.structs.replace(MOVED, start=then.start, end=then.end)
    decision = decide(said(mine), stored, evidence=evidence)
    assert [(c.kind, c.image.clock_in) for c in decision.changes] == [("update", then.start)]


def test_what_is_remembered_by_now_competes_again() -> None:
    """The look of its own day has stored where it is."""
    stored, evidence = with_rival(BEFORE, linked=False), both()
    look_at_other(evidence, stored, GONE_ON)
    assert look_at_other(evidence, stored, RIVAL).outdated == frozenset()
    assert evidence.outdated == set()
    evidence.stage = "end"
    decision = decide(said(MOVED), stored, evidence=evidence)
    assert reasons(decision) == ["duplicate_clock_in"]


def test_what_a_clock_shows_as_evidence_only_remembers_nothing() -> None:
    """The same id at a time clock that is not mirrored does not make the memory of this one newer."""
    stored, evidence = with_rival(BEFORE, linked=False), both()
    look_at_other(evidence, stored, GONE_ON)
    evidence.add_snapshot(WINDOW, msgspec.structs.replace(said(RIVAL), time_clock_id=9), as_evidence=True)
    assert evidence.outdated == {"r"}


def test_a_refused_answer_is_not_remembered() -> None:
    """A guard stops the other look, so its shift, which has moved, is remembered where it was."""
    stored = with_rival(BEFORE)
    gone = msgspec.structs.replace(RIVAL, id="s", start=at("4 08:00"), end=at("4 12:00"))
    also = msgspec.structs.replace(with_rival(StoredState(), linked=False).mirrors[0], shift=gone)
    row = msgspec.structs.replace(stored.rows[1], id=10, clock_in=gone.start, clock_out=gone.end)
    also = msgspec.structs.replace(
        also, clock_time_id=10, applied=AppliedValues(employee_id=1, clock_in=gone.start, clock_out=gone.end)
    )
    stored = msgspec.structs.replace(stored, rows=(*stored.rows, row), mirrors=(*stored.mirrors, also))
    moved = msgspec.structs.replace(RIVAL, start=at("5 08:00"), end=at("5 12:00"))
    for most, outdated in ((10, set()), (0, {"r"})):
        evidence = RunEvidence([(OTHER, WINDOW)])
        decision = look_at_other(evidence, stored, moved, max_deletes=most)
        assert bool(decision.refusals) == bool(outdated)
        assert decision.outdated == outdated == evidence.outdated


def test_an_outdated_row_does_not_step_aside_to_where_its_shift_no_longer_is() -> None:
    """The rival's row is in the way; the rival is remembered on a second clock-in, and is on a third by now."""
    second = msgspec.structs.replace(RIVAL, start=at("13 08:00"), end=at("13 12:00"))
    third = msgspec.structs.replace(RIVAL, start=at("13 14:00"), end=at("13 15:00"))
    stored = with_rival(BEFORE)
    remembered = msgspec.structs.replace(stored.mirrors[1], shift=second)
    stored = msgspec.structs.replace(stored, mirrors=(stored.mirrors[0], remembered))
    for shown, expected in ((second, ["update", "update"]), (third, [])):
        evidence = both()
        snapshot = msgspec.structs.replace(said(shown), time_clock_id=OTHER)
        evidence.add_snapshot(WINDOW, snapshot, outdated={"r"} if shown is third else ())
        evidence.stage = "end"
        decision = decide(said(MOVED), stored, evidence=evidence)
        assert kinds(decision) == expected, shown
        assert reasons(decision) == ([] if expected else ["duplicate_clock_in"])


def test_a_look_with_an_outdated_shift_of_its_days_is_read_each_time() -> None:
    """Else its remembered clock-in would count as shown by a look that was repeated without being read."""
    held = StoredState(mirrors=(TrackedShift(shift=shift("r", "3 08:00", "3 12:00")),), employees=EMPLOYEES)
    away = decide(said(shift("r", "13 08:00", "13 12:00")), held)
    assert (away.outdated, away.leans) == (frozenset("r"), True)
    stays = decide(said(shift("r", "3 08:00", "3 11:00")), held)
    assert (stays.outdated, stays.leans) == (frozenset(), False)


def test_a_shift_of_somebody_else_by_now_is_outdated_too() -> None:
    """The padding shows it as Ben's, and it is remembered as Ana's."""
    known = StoredState(mirrors=(TrackedShift(shift=shift("r", "13 08:00", "13 12:00")),), employees=EMPLOYEES)
    assert decide(said(shift("r", "13 08:00", "13 12:00", user=102)), known).outdated == {"r"}


def test_the_evidence_as_values_has_them() -> None:
    """A decision that is kept is made again alike."""
    evidence = both()
    look_at_other(evidence, with_rival(BEFORE, linked=False), GONE_ON)
    assert RunEvidence.of(evidence.image(())).outdated == {"r"}

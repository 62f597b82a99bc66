"""The planner's rules where two time clocks, a hand at the table or a silence meet: each as a sentence."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest
from test_plan import (
    ANA,
    CHICAGO,
    EMPLOYEES,
    MORNING,
    WINDOW,
    after_sync,
    at,
    decide,
    kinds,
    reasons,
    replay,
    said,
    shift,
)

from connecteam_sync.core.absences import nothing_seen, unreadable
from connecteam_sync.core.change import Change, Policy, SlicePlan
from connecteam_sync.core.clocktime import StoredState, TrackedShift
from connecteam_sync.core.evidence import RunEvidence
from connecteam_sync.core.shift import InvalidRecord, Shift
from connecteam_sync.core.window import Window, locked_day

OTHER = 8
RIVAL = msgspec.structs.replace(shift("r", "3 08:00", "3 12:00"), time_clock_id=OTHER, created_at=1)
MOVED = shift("m", "3 08:00", "3 12:00", created_at=2)


def with_rival(stored: StoredState, *, linked: bool = True) -> StoredState:
    """A shift of another time clock next to what is stored, with row 9."""
    rival = after_sync(RIVAL)
    row = msgspec.structs.replace(rival.rows[0], id=9)
    mirror = msgspec.structs.replace(rival.mirrors[0], clock_time_id=9 if linked else None)
    return msgspec.structs.replace(
        stored, rows=(*stored.rows, *([row] if linked else [])), mirrors=(*stored.mirrors, mirror)
    )


def seen_before(*shifts: Shift) -> RunEvidence:
    """A run of two time clocks at its end: the other one's look has just shown these."""
    evidence = RunEvidence([(7, WINDOW), (OTHER, WINDOW)])
    evidence.add_snapshot(WINDOW, msgspec.structs.replace(said(*shifts), time_clock_id=OTHER))
    evidence.stage = "end"
    return evidence


def test_what_is_only_remembered_of_another_clock_takes_no_row() -> None:
    """Ana's shift moves onto the key of another clock's shift, which may have moved away: it is held where it is."""
    before = with_rival(after_sync(msgspec.structs.replace(MOVED, start=at("2 08:00"), end=at("2 12:00"))))
    decision = decide(said(MOVED), before)
    assert (kinds(decision), reasons(decision)) == ([], ["duplicate_clock_in"])
    assert decision.holds[0].clock_time_id == 1


def test_what_this_run_has_seen_at_another_clock_decides() -> None:
    """Both were seen: the first created keeps the key, and the other's row goes."""
    before = with_rival(after_sync(msgspec.structs.replace(MOVED, start=at("2 08:00"), end=at("2 12:00"))))
    decision = decide(said(MOVED), before, evidence=seen_before(RIVAL))
    assert (kinds(decision), reasons(decision)) == (["delete"], ["duplicate_clock_in"])


def test_what_was_looked_at_as_evidence_only_takes_no_row() -> None:
    """A clock that is not mirrored shows the rival, which may have moved: what is remembered of it is old."""
    before = with_rival(after_sync(msgspec.structs.replace(MOVED, start=at("2 08:00"), end=at("2 12:00"))))
    evidence = RunEvidence([(7, WINDOW)])
    elsewhere = msgspec.structs.replace(RIVAL, start=at("3 18:00"), end=at("3 20:00"))
    evidence.add_snapshot(WINDOW, msgspec.structs.replace(said(elsewhere), time_clock_id=OTHER), as_evidence=True)
    evidence.stage = "end"
    decision = decide(said(MOVED), before, evidence=evidence)
    assert (kinds(decision), reasons(decision)) == ([], ["duplicate_clock_in"])


def test_a_shift_of_another_clock_that_loses_its_row_is_held_under_its_own_clock() -> None:
    """Its own look may be days away; until then the hold says where it is."""
    late = msgspec.structs.replace(MOVED, created_at=0)
    decision = decide(said(late), with_rival(StoredState(employees=EMPLOYEES)))
    assert [(c.kind, c.why[:11]) for c in decision.changes] == [("link", "the row was")]
    assert [(h.reason, h.shift_id, h.time_clock_id) for h in decision.holds] == [("duplicate_clock_in", "r", OTHER)]


def test_a_newcomer_takes_no_row_that_stands_elsewhere() -> None:
    """A shift moves onto the key of one created earlier: its old row goes, the earlier one gets a row of its own."""
    was = msgspec.structs.replace(MOVED, start=at("2 08:00"), end=at("2 12:00"))
    first = msgspec.structs.replace(MOVED, id="f", created_at=1)
    decision = decide(said(MOVED, first), after_sync(was))
    assert sorted((c.kind, c.shift_id) for c in decision.changes) == [("create", "f"), ("delete", "m")]


def changed_places(**rival: int) -> tuple[StoredState, Shift]:
    """Ana's shift wants what the other clock's shift has, and that one, as its look has just shown, wants hers."""
    was = msgspec.structs.replace(MOVED, start=at("2 08:00"), end=at("2 12:00"))
    stored = with_rival(after_sync(was))
    seen = msgspec.structs.replace(RIVAL, start=was.start, end=was.end, **rival)
    mirrors = (stored.mirrors[0], msgspec.structs.replace(stored.mirrors[1], shift=seen))
    return msgspec.structs.replace(stored, mirrors=mirrors), seen


def test_shifts_of_two_clocks_change_places() -> None:
    """Neither look alone could move its row: the second moves both, and each keeps its row."""
    stored, seen = changed_places()
    decision = decide(said(MOVED), stored, evidence=seen_before(seen))
    assert {(c.kind, c.shift_id, c.image.id, c.image.clock_in) for c in decision.changes} == {
        ("update", "m", 1, MOVED.start),
        ("update", "r", 9, seen.start),
    }
    assert not decision.holds
    assert replay(stored, decision.changes) == {1: (1, MOVED.start), 9: (1, seen.start)}
    assert {m.shift.id: m.applied.clock_in for m in decision.mirrors if m.applied} == {
        "m": MOVED.start,
        "r": seen.start,
    }


def test_shifts_of_two_clocks_that_change_places_wait_where_they_must() -> None:
    """Not seen in this run, edited by hand and kept, a closed day, nobody's any more, not ours: held, untouched."""
    stored, seen = changed_places()
    edited = msgspec.structs.replace(stored.rows[1], total_minutes=7)
    by_hand = msgspec.structs.replace(stored.rows[1], source="manual")
    first = msgspec.structs.replace(seen, id="q", created_at=0)
    cases = (
        (None, stored, "restore"),
        (seen, msgspec.structs.replace(stored, rows=(stored.rows[0], edited)), "keep"),
        (seen, msgspec.structs.replace(stored, rows=(stored.rows[0], by_hand)), "restore"),
        (seen, msgspec.structs.replace(stored, locked=(locked_day(date(2025, 12, 2), CHICAGO),)), "restore"),
        (seen, msgspec.structs.replace(stored, mirrors=(*stored.mirrors, TrackedShift(shift=first))), "restore"),
        (seen, changed_places(user_id=999)[0], "restore"),
    )
    for shown, found, choice in cases:
        evidence = seen_before(shown) if shown is not None else None
        decision = decide(said(MOVED), found, evidence=evidence, local_edits=choice)
        assert not decision.changes, choice
        assert "m" in {hold.shift_id for hold in decision.holds}


def test_the_same_id_under_two_clocks_is_held() -> None:
    """Following it would rewrite the row at every run."""
    twin = msgspec.structs.replace(RIVAL, time_clock_id=7)
    decision = decide(said(twin), with_rival(StoredState(employees=EMPLOYEES)), evidence=seen_before(RIVAL))
    assert (kinds(decision), reasons(decision)) == ([], ["impossible_record"])
    assert decision.mirrors == ()


def test_a_shift_takes_its_row_along_to_another_clock() -> None:
    """The clock it was on was looked at and does not show it: same row, same id, remembered under its new clock."""
    here = msgspec.structs.replace(RIVAL, time_clock_id=7)
    stored = with_rival(StoredState(employees=EMPLOYEES))
    decision = decide(said(here), stored, evidence=seen_before())
    assert (kinds(decision), reasons(decision)) == ([], [])
    assert [(m.shift.time_clock_id, m.clock_time_id, m.is_gone) for m in decision.mirrors] == [(7, 9, False)]


def test_a_shift_whose_clock_was_not_looked_at_waits_where_it_is() -> None:
    """Nobody knows whether its old clock shows it as well."""
    here = msgspec.structs.replace(RIVAL, time_clock_id=7)
    decision = decide(said(here), with_rival(StoredState(employees=EMPLOYEES)))
    assert (kinds(decision), reasons(decision), decision.mirrors) == ([], ["clock_not_looked_at"], ())


def test_a_look_reaches_to_the_end_of_its_last_day_and_no_further() -> None:
    """Its old clock was looked at up to midnight; at midnight it may still show the shift."""
    before = msgspec.structs.replace(RIVAL, start=WINDOW.end_utc, end=WINDOW.end_utc + 3600)
    stored = StoredState(mirrors=(TrackedShift(shift=before),), employees=EMPLOYEES)
    here = msgspec.structs.replace(RIVAL, time_clock_id=7)
    assert reasons(decide(said(here), stored, evidence=seen_before())) == ["clock_not_looked_at"]
    last = msgspec.structs.replace(before, start=WINDOW.end_utc - 1)
    stored = StoredState(mirrors=(TrackedShift(shift=last),), employees=EMPLOYEES)
    assert kinds(decide(said(here), stored, evidence=seen_before())) == ["create"]


def test_a_row_whose_shift_is_on_another_day_by_now_is_held() -> None:
    """After an undo the row stands on its old day; the run over the new day moves it, and this one says so."""
    stored = after_sync(MORNING)
    away = msgspec.structs.replace(stored.mirrors[0].shift, start=at("20 08:00"), end=at("20 12:00"))
    moved = msgspec.structs.replace(stored, mirrors=(msgspec.structs.replace(stored.mirrors[0], shift=away),))
    decision = decide(said(shift("x", "5 08:00", "5 09:00")), moved)
    assert (kinds(decision), reasons(decision)) == (["create"], ["window_edge"])
    planned = RunEvidence([(7, WINDOW), (7, Window(date(2025, 12, 12), date(2025, 12, 31), CHICAGO))])
    decision = decide(said(shift("x", "5 08:00", "5 09:00")), moved, evidence=planned)
    assert reasons(decision) == [], "this very run has yet to look at that day"
    assert decision.pending.waits == ()
    assert [change.shift_id for change in decision.pending.deletes] == ["a"], "unless that look shows it"


def test_a_held_shift_that_moved_to_another_day_is_not_created_there() -> None:
    """An answer may show it, since an open shift reaches far: its row is made by the run over that day."""
    stored = StoredState(mirrors=(TrackedShift(shift=MORNING),), employees=EMPLOYEES)
    away = msgspec.structs.replace(MORNING, start=at("20 08:00"), end=None)
    decision = decide(said(away), stored)
    assert (kinds(decision), reasons(decision), decision.mirrors) == ([], ["window_edge"], ())


def test_a_row_on_another_day_than_its_shift_goes_once_the_shift_is_gone_there() -> None:
    """The run over the shift's own day found it gone: there is no day left to run the sync over."""
    stored = after_sync(MORNING)
    away = msgspec.structs.replace(stored.mirrors[0].shift, start=at("20 08:00"), end=at("20 12:00"))
    mirror = msgspec.structs.replace(stored.mirrors[0], shift=away, is_gone=True)
    decision = decide(said(shift("x", "5 08:00", "5 09:00")), msgspec.structs.replace(stored, mirrors=(mirror,)))
    assert (sorted(kinds(decision)), reasons(decision)) == (["create", "delete"], [])


def test_a_shift_without_a_row_is_not_forgotten_when_its_user_is_not_listed() -> None:
    """It was held; silence about its user leaves it held."""
    stored = StoredState(mirrors=(TrackedShift(shift=MORNING),), employees=EMPLOYEES)
    elsewhere = shift("x", "5 08:00", "5 09:00", user=102)
    decision = decide(said(elsewhere, listed={102}), stored)
    assert reasons(decision) == ["user_not_listed"]
    assert reasons(decide(said(elsewhere), stored)) == []


@pytest.mark.parametrize(("choice", "expected"), [("keep", ([], ["local_edit"])), ("restore", (["create"], []))])
def test_a_row_deleted_by_hand(choice: str, expected: tuple[list[str], list[str]]) -> None:
    """Made again, or left out, as the configuration says."""
    stored = msgspec.structs.replace(after_sync(MORNING), rows=())
    decision = decide(said(MORNING), stored, local_edits=choice)
    assert (kinds(decision), reasons(decision)) == expected


def gone(stored: StoredState, **policy: Any) -> SlicePlan:  # noqa: ANN401 - any policy
    """Ana's morning is gone from a look that lists her."""
    return decide(said(shift("x", "5 08:00", "5 09:00", user=102)), stored, **policy)


def test_a_row_edited_by_hand_whose_shift_is_gone() -> None:
    """With `keep` the edit stands; else it goes with its shift."""
    stored = after_sync(MORNING)
    edited = msgspec.structs.replace(stored, rows=(msgspec.structs.replace(stored.rows[0], total_minutes=7),))
    assert reasons(gone(edited, local_edits="keep")) == ["local_edit"]
    assert "delete" in kinds(gone(edited))


def test_a_row_that_became_manual_and_whose_shift_is_gone_stays() -> None:
    """It is no longer ours to delete."""
    stored = after_sync(MORNING)
    seized = msgspec.structs.replace(stored, rows=(msgspec.structs.replace(stored.rows[0], source="manual"),))
    decision = gone(seized)
    assert ("delete" in kinds(decision), reasons(decision)) == (False, ["manual_row"])


def test_a_user_with_a_doubted_record_loses_nothing() -> None:
    """The record that cannot be believed may be the very shift that seems gone."""
    invalid_record = InvalidRecord(kind="shift", problem="its times", value="x", user_id=ANA)
    decision = decide(
        said(shift("x", "5 08:00", "5 09:00", user=102), invalid_records=(invalid_record,)), after_sync(MORNING)
    )
    assert "delete" not in kinds(decision)
    assert set(reasons(decision)) == {"impossible_record"}


def test_a_record_that_cannot_be_believed_keeps_the_shift_of_its_id_whoever_it_was_of() -> None:
    """Given to somebody else and spoiled at once: its row is under the name of before, and stays remembered."""
    invalid_record = InvalidRecord(kind="shift", problem="its times", value="x", user_id=102, activity_id="a")
    decision = decide(
        said(shift("x", "5 08:00", "5 09:00", user=102), invalid_records=(invalid_record,)), after_sync(MORNING)
    )
    assert (kinds(decision), set(reasons(decision))) == (["create"], {"impossible_record"})
    assert "a" not in {mirror.shift.id for mirror in decision.mirrors}


def test_a_row_stays_where_another_look_cannot_believe_the_record_of_its_shift() -> None:
    """That look holds the shift itself, so the hold of this one is about the row."""
    invalid_record = InvalidRecord(kind="shift", problem="its times", value="x", user_id=None, activity_id="a")
    for looked, subject in ((OTHER, "row:1"), (7, "shift:a")):
        here = looked == 7
        evidence = seen_before()
        there = msgspec.structs.replace(said(invalid_records=(invalid_record,)), time_clock_id=OTHER)
        evidence.add_snapshot(WINDOW, there)
        snapshot = said(shift("x", "5 08:00", "5 09:00"), invalid_records=(invalid_record,) if here else ())
        decision = decide(snapshot, after_sync(MORNING), evidence=evidence)
        assert kinds(decision) == ["create"]
        assert ("impossible_record", subject) in [(hold.reason, hold.subject) for hold in decision.holds]


def test_what_proves_nothing_does_not_mark_a_shift_as_gone() -> None:
    """A doubted record of its user, or an end past the days asked for: it is held, with its row or without."""
    other = shift("x", "5 08:00", "5 09:00", user=102)
    invalid_record = InvalidRecord(kind="shift", problem="its times", value="x", user_id=ANA)
    long = msgspec.structs.replace(MORNING, end=at("14 00:00"))
    for item, invalid_records, reason in ((MORNING, (invalid_record,), "impossible_record"), (long, (), "window_edge")):
        for stored in (after_sync(item), StoredState(mirrors=(TrackedShift(shift=item),), employees=EMPLOYEES)):
            decision = decide(said(other, invalid_records=invalid_records), stored)
            assert reason in reasons(decision)
            assert "a" not in {mirror.shift.id for mirror in decision.mirrors}
    assert [m.is_gone for m in decide(said(other), after_sync(MORNING)).mirrors if m.shift.id == "a"] == [True]


def test_a_shift_that_another_one_replaced_is_gone_whatever_is_doubted() -> None:
    """Its successor has its row; a doubted record of its user does not leave it behind as if it lived."""
    invalid_record = InvalidRecord(kind="shift", problem="its times", value="x", user_id=ANA)
    decision = decide(
        said(msgspec.structs.replace(MORNING, id="b"), invalid_records=(invalid_record,)), after_sync(MORNING)
    )
    assert kinds(decision) == ["link"]
    assert {m.shift.id: (m.clock_time_id, m.is_gone) for m in decision.mirrors} == {"a": (None, True), "b": (1, False)}


def test_resync_never_takes_a_manual_row_for_an_orphan() -> None:
    """Rows of other sources have no shift, and need none."""
    stored = after_sync(MORNING)
    by_hand = msgspec.structs.replace(stored.rows[0], id=5, clock_in=at("4 08:00"), source="manual")
    for choice in ("delete", "report"):
        decision = decide(said(MORNING), msgspec.structs.replace(stored, rows=(*stored.rows, by_hand)), orphans=choice)
        assert (kinds(decision), reasons(decision)) == ([], []), choice
    ours = msgspec.structs.replace(by_hand, source="connecteam")
    decision = decide(said(MORNING), msgspec.structs.replace(stored, rows=(*stored.rows, ours)), orphans="delete")
    assert kinds(decision) == ["delete"]


def test_a_row_id_that_another_shift_got_is_no_row_of_the_one_that_had_it() -> None:
    """A shift is gone, and its row; the id was given again, to a shift of another clock at the same instant."""
    went = TrackedShift(shift=MORNING, is_gone=True, former_clock_time_id=9)
    rival = msgspec.structs.replace(MORNING, id="r", time_clock_id=OTHER)
    heir = after_sync(rival)
    row, mirror = heir.rows[0], heir.mirrors[0]
    stored = msgspec.structs.replace(
        heir,
        rows=(msgspec.structs.replace(row, id=9),),
        mirrors=(went, msgspec.structs.replace(mirror, clock_time_id=9)),
    )
    decision = decide(said(shift("x", "5 08:00", "5 09:00")), stored)
    assert (kinds(decision), reasons(decision)) == (["create"], [])
    for moved in ({"clock_in": at("4 08:00")}, {"employee_id": 2}):
        other = msgspec.structs.replace(row, id=9, **moved)
        decision = decide(
            said(shift("x", "5 08:00", "5 09:00")),
            msgspec.structs.replace(stored, rows=(other,), mirrors=(went,)),
            orphans="ignore",
        )
        assert (kinds(decision), reasons(decision)) == (["create"], []), moved


def test_a_row_without_a_shift_stays_where_a_shift_stands_that_is_held() -> None:
    """Two clocks show one id: it is not written, and the row of its very instant may be its own."""
    rival = msgspec.structs.replace(MORNING, time_clock_id=OTHER)
    stored = after_sync(MORNING)
    stored = msgspec.structs.replace(stored, mirrors=(TrackedShift(shift=rival),))
    decision = decide(said(MORNING), stored, evidence=seen_before(rival), orphans="delete")
    assert (kinds(decision), sorted(reasons(decision))) == ([], ["impossible_record", "orphan"])


@pytest.mark.parametrize(("listed", "goes"), [({101, 102}, ["delete"]), ({102}, [])])
def test_a_row_without_a_shift_stays_where_its_person_left_another_clock(listed: set[int], goes: list[str]) -> None:
    """Once on that clock, and not listed there now: it may be a shift of that clock that nobody shows any more."""
    stored = after_sync(MORNING)
    there = TrackedShift(shift=msgspec.structs.replace(RIVAL, start=at("6 08:00"), end=at("6 12:00")), is_gone=True)
    evidence = RunEvidence([(7, WINDOW), (OTHER, WINDOW)])
    evidence.add_snapshot(WINDOW, msgspec.structs.replace(said(listed=listed), time_clock_id=OTHER))
    evidence.stage = "end"
    stored = msgspec.structs.replace(stored, mirrors=(there,))
    decision = decide(said(shift("x", "5 08:00", "5 09:00", user=102)), stored, evidence=evidence, orphans="delete")
    assert [kind for kind in kinds(decision) if kind == "delete"] == goes
    assert reasons(decision) == ([] if goes else ["user_not_listed"])


def test_a_row_without_a_shift_stays_where_a_refused_answer_lists_its_person() -> None:
    """They have not left: they are on the clock whose answer counts for nothing, and the hold names it."""
    evidence = RunEvidence([(7, WINDOW), (OTHER, WINDOW)])
    evidence.add_refused(WINDOW, msgspec.structs.replace(said(listed={ANA}), time_clock_id=OTHER), "nobody is left")
    stored = msgspec.structs.replace(after_sync(MORNING), mirrors=())
    decision = decide(said(listed={102}), stored, evidence=evidence, orphans="delete")
    assert (kinds(decision), reasons(decision)) == ([], ["clock_not_looked_at"])
    assert f"is on time clock {OTHER}, whose answer was refused" in decision.holds[0].detail


@pytest.mark.parametrize("days", [(1, 10), (2, 11), (5, 6)])
def test_a_clock_that_was_looked_at_on_some_of_the_days_was_not_looked_at(days: tuple[int, int]) -> None:
    """A row without a shift stays; it goes where the look reaches over all of them."""
    stored = msgspec.structs.replace(after_sync(MORNING), mirrors=())
    for window, goes in (
        (Window(date(2025, 12, days[0]), date(2025, 12, days[1]), CHICAGO), False),
        (WINDOW, True),
        (WINDOW.padded(), True),
    ):
        evidence = RunEvidence([(7, WINDOW), (OTHER, window)], account={7: "one", OTHER: "time clock 8 (other)"})
        for clock, of in ((7, WINDOW), (OTHER, window)):
            evidence.add_snapshot(of, msgspec.structs.replace(said(), time_clock_id=clock))
        evidence.stage = "end"
        decision = decide(said(shift("x", "5 08:00", "5 09:00", user=102)), stored, evidence=evidence, orphans="delete")
        assert ("delete" in kinds(decision), reasons(decision)) == (goes, [] if goes else ["clock_not_looked_at"])


def test_of_a_clock_that_cannot_be_read_the_rows_of_these_days_are_held() -> None:
    """Those around them are held by the look at their own days."""
    stored = after_sync(MORNING, shift("late", "12 08:00", "12 12:00"))
    decision = unreadable(WINDOW, nothing_seen(7, WINDOW, ()), stored, Policy(), "HTTP 400", standing=())
    assert [(hold.reason, hold.shift_id) for hold in decision.holds] == [("clock_not_looked_at", "a")]
    assert (decision.minutes.before, decision.minutes.after) == (240, 240)


def test_a_change_of_nothing_is_none() -> None:
    """Neither before nor after: a mistake of ours, said at once."""
    nothing = Change(
        kind="update", before=None, after=None, shift_id=None, user_id=None, days=(date.min, date.min), why=""
    )
    with pytest.raises(ValueError, match="a before, an after, or both"):
        _ = nothing.image


def test_what_another_look_of_the_run_has_shown_does_not_go() -> None:
    """It has moved to another time clock, where a closed day or a guard may hold it: its row stays."""
    other = shift("x", "5 08:00", "5 09:00", user=102)
    moved = msgspec.structs.replace(MOVED, time_clock_id=OTHER)
    evidence = seen_before(moved)
    evidence.absent.add(MOVED.id)
    decision = decide(said(other), after_sync(MOVED, other), evidence=evidence)
    assert (kinds(decision), reasons(decision), decision.mirrors) == ([], [], ())
    gone = decide(said(other), after_sync(MOVED, other), evidence=seen_before())
    assert kinds(gone) == ["delete"]


def test_a_run_with_a_failed_look_deletes_nothing() -> None:
    """What is absent may be where nobody could look. A person's word stands for a clock that nobody is shown; for no
    passing trouble.
    """
    other = shift("x", "5 08:00", "5 09:00", user=102)
    evidence = seen_before()
    evidence.add_failure(9, WINDOW, "HTTP 503")
    decision = decide(said(other), after_sync(MOVED, other), evidence=evidence)
    assert (kinds(decision), reasons(decision)) == ([], ["clock_not_looked_at"])
    vouching = RunEvidence([(7, WINDOW), (OTHER, WINDOW)], vouched={9})
    vouching.add_failure(9, WINDOW, "HTTP 503")
    vouching.stage = "end"
    assert kinds(decide(said(other), after_sync(MOVED, other), evidence=vouching)) == []
    vouching.add_failure(9, WINDOW, "HTTP 400", turned_away=True)
    assert kinds(decide(said(other), after_sync(MOVED, other), evidence=vouching)) == ["delete"]


def test_a_part_of_a_run_deletes_nothing_and_says_what_is_open() -> None:
    """The row is noted for the end; its hold, if one stands, is left alone."""
    other = shift("x", "5 08:00", "5 09:00", user=102)
    evidence = RunEvidence([(7, WINDOW), (OTHER, WINDOW)])
    decision = decide(said(other), after_sync(MOVED, other), evidence=evidence)
    assert (kinds(decision), decision.pending.absent) == ([], ("m",))
    assert sorted(decision.undecided) == ["row:1", "shift:m"]
    assert [change.image.id for change in decision.pending.deletes] == [1]

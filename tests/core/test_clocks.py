"""The planner's rules where two time clocks, a hand at the table or a silence meet: each as a sentence."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest
from test_plan import ANA, EMPLOYEES, MORNING, after_sync, at, decide, kinds, reasons, replay, said, shift

from connecteam_sync.core.change import Change, Plan
from connecteam_sync.core.clocktime import Mirror, Stored
from connecteam_sync.core.shift import Doubt, Shift

OTHER = 8
RIVAL = msgspec.structs.replace(shift("r", "3 08:00", "3 12:00"), time_clock_id=OTHER, created_at=1)
MOVED = shift("m", "3 08:00", "3 12:00", created_at=2)


def with_rival(stored: Stored, *, linked: bool = True) -> Stored:
    """A shift of another time clock beside what is stored, with row 9."""
    rival = after_sync(RIVAL)
    row = msgspec.structs.replace(rival.rows[0], id=9)
    mirror = msgspec.structs.replace(rival.mirrors[0], clock_time_id=9 if linked else None)
    return msgspec.structs.replace(
        stored, rows=(*stored.rows, *([row] if linked else [])), mirrors=(*stored.mirrors, mirror)
    )


def test_what_is_only_remembered_of_another_clock_takes_no_row() -> None:
    """Ana's shift moves onto the key of another clock's shift, which may have moved away: it is held where it is."""
    before = with_rival(after_sync(msgspec.structs.replace(MOVED, start=at("2 08:00"), end=at("2 12:00"))))
    decision = decide(said(MOVED), before)
    assert (kinds(decision), reasons(decision)) == ([], ["duplicate_clock_in"])
    assert decision.holds[0].clock_time_id == 1


def test_what_this_run_has_seen_at_another_clock_decides() -> None:
    """Both were seen: the first created keeps the key, and the other's row goes."""
    before = with_rival(after_sync(msgspec.structs.replace(MOVED, start=at("2 08:00"), end=at("2 12:00"))))
    snapshot = msgspec.structs.replace(said(MOVED), beside=frozenset({RIVAL.id}))
    decision = decide(snapshot, before)
    assert (kinds(decision), reasons(decision)) == (["delete"], ["duplicate_clock_in"])


def test_a_shift_of_another_clock_that_loses_its_row_is_held_under_its_own_clock() -> None:
    """Its own look may be days away; until then the hold says where it is."""
    late = msgspec.structs.replace(MOVED, created_at=0)
    decision = decide(said(late), with_rival(Stored(employees=EMPLOYEES)))
    assert [(c.kind, c.why[:11]) for c in decision.changes] == [("link", "the row was")]
    assert [(h.reason, h.shift_id, h.time_clock_id) for h in decision.holds] == [("duplicate_clock_in", "r", OTHER)]


def test_a_newcomer_takes_no_row_that_stands_elsewhere() -> None:
    """A shift moves onto the key of one created earlier: its old row goes, the earlier one gets a row of its own."""
    was = msgspec.structs.replace(MOVED, start=at("2 08:00"), end=at("2 12:00"))
    first = msgspec.structs.replace(MOVED, id="f", created_at=1)
    decision = decide(said(MOVED, first), after_sync(was))
    assert sorted((c.kind, c.shift_id) for c in decision.changes) == [("create", "f"), ("delete", "m")]


def changed_places(**rival: int) -> tuple[Stored, Shift]:
    """Ana's shift wants what the other clock's shift has, and that one, as its look has just shown, wants hers."""
    was = msgspec.structs.replace(MOVED, start=at("2 08:00"), end=at("2 12:00"))
    stored = with_rival(after_sync(was))
    seen = msgspec.structs.replace(RIVAL, start=was.start, end=was.end, **rival)
    mirrors = (stored.mirrors[0], msgspec.structs.replace(stored.mirrors[1], shift=seen))
    return msgspec.structs.replace(stored, mirrors=mirrors), seen


def test_shifts_of_two_clocks_change_places() -> None:
    """Neither look alone could move its row: the second moves both, and each keeps its row."""
    stored, seen = changed_places()
    decision = decide(msgspec.structs.replace(said(MOVED), beside=frozenset({seen.id})), stored)
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
    fresh = msgspec.structs.replace(said(MOVED), beside=frozenset({seen.id}))
    edited = msgspec.structs.replace(stored.rows[1], total_minutes=7)
    by_hand = msgspec.structs.replace(stored.rows[1], source="manual")
    first = msgspec.structs.replace(seen, id="q", created_at=0)
    cases = (
        (said(MOVED), stored, "restore"),
        (fresh, msgspec.structs.replace(stored, rows=(stored.rows[0], edited)), "keep"),
        (fresh, msgspec.structs.replace(stored, rows=(stored.rows[0], by_hand)), "restore"),
        (fresh, msgspec.structs.replace(stored, locked_days=frozenset({date(2025, 12, 2)})), "restore"),
        (fresh, msgspec.structs.replace(stored, mirrors=(*stored.mirrors, Mirror(shift=first))), "restore"),
        (fresh, changed_places(user_id=999)[0], "restore"),
    )
    for snapshot, found, choice in cases:
        decision = decide(snapshot, found, local_edits=choice)
        assert not decision.changes, choice
        assert "m" in {hold.shift_id for hold in decision.holds}


def test_the_same_id_under_two_clocks_is_held() -> None:
    """Following it would rewrite the row at every run."""
    twin = msgspec.structs.replace(RIVAL, time_clock_id=7)
    decision = decide(said(twin), with_rival(Stored(employees=EMPLOYEES)))
    assert (kinds(decision), reasons(decision)) == ([], ["impossible_record"])
    assert decision.mirrors == ()


def test_a_row_whose_shift_is_on_another_day_by_now_is_held() -> None:
    """After an undo the row stands on its old day; the run over the new day moves it, and this one says so."""
    stored = after_sync(MORNING)
    away = msgspec.structs.replace(stored.mirrors[0].shift, start=at("20 08:00"), end=at("20 12:00"))
    moved = msgspec.structs.replace(stored, mirrors=(msgspec.structs.replace(stored.mirrors[0], shift=away),))
    decision = decide(said(shift("x", "5 08:00", "5 09:00")), moved)
    assert (kinds(decision), reasons(decision)) == (["create"], ["window_edge"])


def test_a_held_shift_that_moved_to_another_day_is_not_created_there() -> None:
    """An answer may show it, since an open shift reaches far: its row is made by the run over that day."""
    stored = Stored(mirrors=(Mirror(shift=MORNING),), employees=EMPLOYEES)
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
    stored = Stored(mirrors=(Mirror(shift=MORNING),), employees=EMPLOYEES)
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


def gone(stored: Stored, **policy: str) -> Plan:
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
    doubt = Doubt(kind="shift", problem="its times", value="x", user_id=ANA)
    decision = decide(said(shift("x", "5 08:00", "5 09:00", user=102), doubts=(doubt,)), after_sync(MORNING))
    assert "delete" not in kinds(decision)
    assert set(reasons(decision)) == {"impossible_record"}


def test_what_proves_nothing_does_not_mark_a_shift_as_gone() -> None:
    """A doubted record of its user, or an end past the days asked for: it is held, with its row or without."""
    other = shift("x", "5 08:00", "5 09:00", user=102)
    doubt = Doubt(kind="shift", problem="its times", value="x", user_id=ANA)
    long = msgspec.structs.replace(MORNING, end=at("13 00:00"))
    for item, doubts, reason in ((MORNING, (doubt,), "impossible_record"), (long, (), "window_edge")):
        for stored in (after_sync(item), Stored(mirrors=(Mirror(shift=item),), employees=EMPLOYEES)):
            decision = decide(said(other, doubts=doubts), stored)
            assert reason in reasons(decision)
            assert "a" not in {mirror.shift.id for mirror in decision.mirrors}
    assert [m.is_gone for m in decide(said(other), after_sync(MORNING)).mirrors if m.shift.id == "a"] == [True]


def test_a_shift_that_another_one_replaced_is_gone_whatever_is_doubted() -> None:
    """Its successor has its row; a doubted record of its user does not leave it behind as if it lived."""
    doubt = Doubt(kind="shift", problem="its times", value="x", user_id=ANA)
    decision = decide(said(msgspec.structs.replace(MORNING, id="b"), doubts=(doubt,)), after_sync(MORNING))
    assert kinds(decision) == ["link"]
    assert {m.shift.id: (m.clock_time_id, m.is_gone) for m in decision.mirrors} == {"a": (None, True), "b": (1, False)}


def test_a_locked_day_in_the_middle_of_a_shift_locks_it() -> None:
    """Every day from the first to the last counts, not only the two ends."""
    long = shift("l", "3 20:00", "6 04:00")
    stored = msgspec.structs.replace(after_sync(long), locked_days=frozenset({date(2025, 12, 4)}))
    shorter = msgspec.structs.replace(long, end=at("6 03:00"))
    assert (kinds(decide(said(shorter), stored)), reasons(decide(said(shorter), stored))) == ([], ["locked_day"])


def test_a_shift_that_moves_across_a_locked_day_is_moved() -> None:
    """Nothing on the day between changes: neither the old row nor the new one touches it."""
    stored = msgspec.structs.replace(after_sync(MORNING), locked_days=frozenset({date(2025, 12, 3)}))
    moved = msgspec.structs.replace(MORNING, start=at("4 08:00"), end=at("4 12:00"))
    decision = decide(said(moved), stored)
    assert (kinds(decision), reasons(decision)) == (["update"], [])


def test_resync_never_takes_a_manual_row_for_an_orphan() -> None:
    """Rows of other sources have no shift, and need none."""
    stored = after_sync(MORNING)
    by_hand = msgspec.structs.replace(stored.rows[0], id=5, clock_in=at("4 08:00"), source="manual")
    decision = decide(said(MORNING), msgspec.structs.replace(stored, rows=(*stored.rows, by_hand)), orphans="delete")
    assert kinds(decision) == []
    ours = msgspec.structs.replace(by_hand, source="connecteam")
    decision = decide(said(MORNING), msgspec.structs.replace(stored, rows=(*stored.rows, ours)), orphans="delete")
    assert kinds(decision) == ["delete"]


def test_a_change_of_nothing_is_none() -> None:
    """Neither before nor after: a mistake of ours, said at once."""
    nothing = Change(
        kind="update", before=None, after=None, shift_id=None, user_id=None, days=(date.min, date.min), why=""
    )
    with pytest.raises(ValueError, match="a before, an after, or both"):
        _ = nothing.image

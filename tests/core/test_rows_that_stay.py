"""Why a row whose shift is not there stays: every reason with its sentence, and what each hold is about (rule 6)."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest
from test_plan import ANA, BEN, CHICAGO, CLOCK, EMPLOYEES, MORNING, WINDOW, after_sync, at, said, shift

from connecteam_sync.core.absences import ORPHAN, Absences, nothing_seen, unreadable
from connecteam_sync.core.change import Change, Counts, Hold, Minutes, Policy
from connecteam_sync.core.clocktime import StoredState, TrackedShift
from connecteam_sync.core.evidence import RunEvidence, Stage
from connecteam_sync.core.shift import InvalidRecord, Shift, Snapshot, User
from connecteam_sync.core.window import Window

GONE = "no longer on this day in Connecteam"
OTHER = Window(date(2025, 12, 12), date(2025, 12, 22), CHICAGO)
ANA_USER = "Person 101"
EVENING = shift("e", "2 16:00", "2 20:00")


def run_at(stage: Stage = "whole", *, account: bool = False) -> RunEvidence:
    """The evidence of a run at this stage, over the eleven days and those after them."""
    found = RunEvidence([(CLOCK, WINDOW), (CLOCK, OTHER)], account={CLOCK: "Main", 8: "Other"} if account else None)
    found.stage = stage
    return found


def draft(
    stored: StoredState | None = None,
    answer: Snapshot | None = None,
    evidence: RunEvidence | None = None,
    **policy: Any,  # noqa: ANN401 - any policy
) -> Absences:
    """A draft of the eleven days, in which the morning is not shown unless told otherwise."""
    return Absences(
        WINDOW,
        said() if answer is None else answer,
        after_sync(MORNING) if stored is None else stored,
        Policy(**policy),
        run_at() if evidence is None else evidence,
    )


def gone(decision: Absences) -> Absences:
    """The draft, after it decided on what is not there."""
    decision.decide_absences(frozenset())
    return decision


def told(decision: Absences) -> list[tuple[str, str, str]]:
    """Reason, subject and sentence of each hold."""
    return [(hold.reason, hold.subject, hold.detail) for hold in decision.holds.values()]


# -- what proves nothing -----------------------------------------------------------------------------------------------

BAD = InvalidRecord(kind="shift", problem="p", value="v", user_id=ANA, activity_id="x")
ITS_OWN = InvalidRecord(kind="shift", problem="p", value="v", user_id=BEN, activity_id="a")
AMBIGUOUS = {
    "ambiguous": {ANA: (1, 3)},
    "names": {1: "Ana", 3: "A. N."},
}


@pytest.mark.parametrize(
    ("answer", "reason", "detail"),
    [
        (said(listed={BEN}), "user_not_listed", f"{ANA_USER} is no longer on this time clock; the hours are kept"),
        (
            said(invalid_records=(BAD,)),
            "impossible_record",
            f"a record of {ANA_USER} cannot be believed; the hours are kept",
        ),
        (
            said(invalid_records=(ITS_OWN,)),
            "impossible_record",
            f"a record of {ANA_USER} cannot be believed; the hours are kept",
        ),
    ],
    ids=["not listed", "a bad record of the user", "its own record is bad"],
)
def test_a_row_stays_where_the_answer_proves_nothing(answer: Snapshot, reason: str, detail: str) -> None:
    """Whoever the hours are of: they are kept."""
    found = gone(draft(answer=answer))
    assert told(found) == [(reason, "shift:a", detail)]
    assert found.changes == []


def test_a_shift_that_ran_past_the_days_asked_for_may_be_in_no_answer() -> None:
    """To the second; one that is still open is in every answer, and one that began elsewhere is decided there."""
    end = WINDOW.surely_covered[1]
    edge = "it ran past the days asked for; the hours are kept"
    for last, expected in ((end - 1, []), (end, [("window_edge", "shift:a", edge)])):
        long = msgspec.structs.replace(MORNING, start=at("11 23:00"), end=last)
        assert told(gone(draft(after_sync(long)))) == expected
    assert told(gone(draft(after_sync(shift("a", "11 23:00"))))) == []


def test_hours_of_a_person_who_stands_twice_are_kept() -> None:
    """The hold names both employees, and the user as far as they have a name."""
    who = "stands on 2 employees (1 Ana, 3 A. N.): whose hours are they?"
    found = gone(draft(msgspec.structs.replace(after_sync(MORNING), **AMBIGUOUS)))
    assert told(found) == [("ambiguous_employee", "shift:a", f"Connecteam user 101 (Person 101) {who}")]
    nameless = msgspec.structs.replace(said(), users=())
    unknown = gone(draft(msgspec.structs.replace(after_sync(MORNING), **AMBIGUOUS), nameless))
    assert told(unknown) == [("ambiguous_employee", "shift:a", f"Connecteam user 101 {who}")]


def test_somebody_without_a_name_is_told_by_number() -> None:
    """They are not in the list of users any more."""
    answer = msgspec.structs.replace(said(listed=set()), users=())
    assert told(gone(draft(answer=answer)))[0][2] == (
        "Connecteam user 101 is no longer on this time clock; the hours are kept"
    )


def test_whoever_was_taken_off_is_told_apart_from_whom_the_answer_leaves_out() -> None:
    """Connecteam was asked where they are assigned: elsewhere, or here, and then the answer is incomplete."""
    for clocks, detail in (
        ({8}, f"{ANA_USER} was taken off this time clock; the hours are kept"),
        (
            {CLOCK, 8},
            f"{ANA_USER} is still on time clock 7, whose answer leaves them out: it is incomplete; the hours are kept",
        ),
    ):
        evidence = run_at()
        evidence.assigned = {ANA: frozenset(clocks)}
        assert told(gone(draft(answer=said(listed={BEN}), evidence=evidence))) == [
            ("user_not_listed", "shift:a", detail)
        ]


def test_bad_records_of_other_looks_count_too() -> None:
    """The record of this very shift holds it there: here its row is held by itself."""
    evidence = run_at("end")
    evidence.invalid_users.add(ANA)
    assert [one[:2] for one in told(gone(draft(evidence=evidence)))] == [("impossible_record", "shift:a")]
    evidence = run_at("end")
    evidence.invalid_ids.add("a")
    assert [one[:2] for one in told(gone(draft(evidence=evidence)))] == [("impossible_record", "row:1")]


# -- the gate ----------------------------------------------------------------------------------------------------------


def test_a_row_goes_with_evidence_and_says_why() -> None:
    """The delete of the whole row, for its shift."""
    found = gone(draft())
    [row] = after_sync(MORNING).rows
    day = (date(2025, 12, 2), date(2025, 12, 2))
    expected = Change(kind="delete", before=row, after=None, shift_id="a", user_id=ANA, days=day, why=GONE)
    assert (found.changes, told(found), found.pending) == ([expected], [], {})


def test_in_a_part_of_a_run_it_is_only_noted() -> None:
    """Until the end nothing is decided about it: an open hold stays open."""
    found = gone(draft(evidence=run_at("part")))
    assert (found.changes, told(found)) == ([], [])
    assert [
        (key, change.kind, change.shift_id, change.user_id, change.why) for key, change in found.pending.items()
    ] == [(1, "delete", "a", ANA, GONE)]
    assert found.undecided == {"row:1", "shift:a"}
    assert found.pending_absent == {"a"}
    row = after_sync(MORNING).rows[0]
    found.undecided.add("kept")
    found.postpone(row, None, ORPHAN)
    assert (found.pending[1].shift_id, found.pending[1].why) == (None, ORPHAN)
    assert found.undecided == {"row:1", "shift:a", "kept"}


@pytest.mark.parametrize(
    ("changed", "policy", "expected"),
    [
        (
            {"source": "manual"},
            {},
            ("manual_row", "shift:a", "its shift is gone, and row 1 was entered by 'manual'"),
        ),
        (
            {"clock_out": at("2 12:30"), "total_minutes": 270},
            {"local_edits": "keep"},
            ("local_edit", "shift:a", "its shift is gone, and the row was edited in the table"),
        ),
        ({"clock_out": at("2 12:30"), "total_minutes": 270}, {}, None),
        ({}, {"local_edits": "keep"}, None),
    ],
    ids=["by hand", "edited, and edits are kept", "edited", "as it was written"],
)
def test_a_row_by_hand_and_one_that_was_edited_stay(
    changed: dict[str, Any], policy: dict[str, Any], expected: tuple[str, str, str] | None
) -> None:
    """The latter if the company keeps such edits."""
    stored = after_sync(MORNING)
    stored = msgspec.structs.replace(stored, rows=(msgspec.structs.replace(stored.rows[0], **changed),))
    found = gone(draft(stored, **policy))
    assert told(found) == ([expected] if expected else [])
    assert [change.kind for change in found.changes] == ([] if expected else ["delete"])


def test_a_row_without_a_shift_that_somebody_entered_is_told_without_one() -> None:
    """Nothing is gone."""
    by_hand = msgspec.structs.replace(after_sync(MORNING).rows[0], source="manual")
    assert draft().why_kept(by_hand, None) == ("manual_row", "row 1 was entered by 'manual'")


def test_a_look_that_failed_keeps_every_row_until_it_is_made() -> None:
    """The shift may be there by now; before the end of the run that is left open."""
    why = "kept: it may be on time clock 8 by now, which could not be read (down)"
    for stage, expected in (
        ("whole", [("clock_not_looked_at", "shift:a", why)]),
        ("end", [("clock_not_looked_at", "shift:a", why)]),
        ("part", []),
    ):
        evidence = run_at(stage)  # type: ignore[arg-type] # a stage
        evidence.add_failure(8, OTHER, "down")
        assert told(gone(draft(evidence=evidence))) == expected


# -- shifts of which only the row is here ------------------------------------------------------------------------------


def test_a_shift_that_another_look_shows_moves_with_it() -> None:
    """At the end of the run; until then nobody knows."""
    evidence = run_at("end")
    evidence.add_snapshot(OTHER, said(MORNING))
    found = gone(draft(evidence=evidence))
    assert (found.changes, told(found), found.pending) == ([], [], {})
    early = run_at("part")
    early.add_snapshot(OTHER, said(MORNING))
    assert list(gone(draft(evidence=early)).pending) == [1]


def moved_away(day: str) -> StoredState:
    """The row is on this window's second day, its shift is remembered on another."""
    stored = after_sync(MORNING)
    away = msgspec.structs.replace(MORNING, start=at(f"{day} 08:00"), end=at(f"{day} 12:00"))
    return msgspec.structs.replace(stored, mirrors=(msgspec.structs.replace(stored.mirrors[0], shift=away),))


def test_the_row_of_a_shift_on_another_day_waits_for_a_look_at_that_day() -> None:
    """If the run makes one, its absence there proves it; else a command is named, at the end."""
    hold = ("window_edge", "shift:a", "its shift is on another day by now: run the sync over that day")
    assert told(gone(draft(moved_away("27")))) == [hold]
    part = gone(draft(moved_away("27"), evidence=run_at("part")))
    assert (told(part), part.undecided, list(part.waits)) == ([], {"shift:a"}, ["a"])
    planned = gone(draft(moved_away("14")))
    assert [change.kind for change in planned.changes] == ["delete"]
    found_gone = moved_away("27")
    mirror = msgspec.structs.replace(found_gone.mirrors[0], is_gone=True)
    proven = gone(draft(msgspec.structs.replace(found_gone, mirrors=(mirror,))))
    assert [change.kind for change in proven.changes] == ["delete"]


def test_a_row_that_another_shift_may_inherit_is_left_to_the_end() -> None:
    """One of the same person and clock-in waits for it."""
    evidence = run_at("end")
    evidence.awaited.add((ANA, MORNING.start))
    found = gone(draft(evidence=evidence))
    assert (list(found.pending), found.pending_absent, found.changes) == ([1], {"a"}, [])
    other = run_at("end")
    other.awaited.add((BEN, MORNING.start))
    assert gone(draft(evidence=other)).pending == {}


def test_what_was_held_stays_held_without_evidence() -> None:
    """A shift without a row, or whose row is on days that nobody decides on: the hold says where it stands."""
    stored = after_sync(MORNING)
    nothing = msgspec.structs.replace(stored, rows=())
    answer = said(listed={BEN})
    left = f"{ANA_USER} is no longer on this time clock; the hours are kept"
    assert told(gone(draft(nothing, answer))) == [
        ("user_not_listed", "shift:a", f"not written, and not in the answer: {left}")
    ]
    far = msgspec.structs.replace(stored, rows=(msgspec.structs.replace(stored.rows[0], clock_in=at("27 08:00")),))
    found = gone(draft(far, answer))
    assert told(found) == [
        ("user_not_listed", "shift:a", f"row 1 stands on another day, and not in the answer: {left}")
    ]
    assert next(iter(found.holds.values())).clock_time_id == 1
    near = msgspec.structs.replace(stored, rows=(msgspec.structs.replace(stored.rows[0], clock_in=at("14 08:00")),))
    assert told(gone(draft(near, answer))) == []
    assert told(gone(draft(nothing))) == []
    mirror = msgspec.structs.replace(stored.mirrors[0], is_gone=True)
    assert told(gone(draft(msgspec.structs.replace(nothing, mirrors=(mirror,)), answer))) == []


def test_a_row_that_some_shift_has_taken_does_not_go() -> None:
    """It is the row of that one now; nor does a link that is out of date take a row along."""
    found = draft()
    found.decide_absences({1})
    assert (found.changes, told(found)) == ([], [])
    stale = draft()
    stale.stale.add("a")
    stale.decide_absences(frozenset())
    assert (stale.changes, told(stale)) == ([], [])


def restored(**changed: Any) -> StoredState:  # noqa: ANN401
    """A dump has brought back the row of a shift that is gone, but for this."""
    stored = after_sync(MORNING)
    mirror = TrackedShift(shift=MORNING, is_gone=True, former_clock_time_id=1)
    row = msgspec.structs.replace(stored.rows[0], **changed)
    return msgspec.structs.replace(stored, rows=(row,), mirrors=(mirror,))


@pytest.mark.parametrize(
    ("changed", "is_its_row"),
    [
        ({}, True),
        ({"source": "manual"}, False),
        ({"employee_id": 2}, False),
        ({"clock_in": at("2 09:00")}, False),
        ({"id": 2}, False),
    ],
    ids=str,
)
def test_a_row_that_a_dump_has_brought_back_goes_again(changed: dict[str, Any], *, is_its_row: bool) -> None:
    """If it is as it was: ours, of the same person and clock-in, under the same id."""
    found = gone(draft(restored(**changed)))
    assert [change.image.id for change in found.changes] == ([1] if is_its_row else [])
    taken = restored()
    other = TrackedShift(shift=EVENING, clock_time_id=1)
    both = msgspec.structs.replace(taken, mirrors=(*taken.mirrors, other))
    assert gone(draft(both, said(EVENING))).changes == []


# -- the losers of duplicates ------------------------------------------------------------------------------------------

RIVAL = msgspec.structs.replace(MORNING, id="r")


def decided(
    loser: Shift,
    *,
    own: bool,
    taken: frozenset[int] = frozenset(),
    stored: StoredState | None = None,
    answer: Snapshot | None = None,
) -> Absences:
    """The draft after it decided on the loser, which the morning comes before."""
    found = draft(
        stored if stored is not None else after_sync(RIVAL), said(MORNING, RIVAL) if answer is None else answer
    )
    found.decide_duplicate(loser, MORNING, taken, own=own)
    return found


def test_a_loser_is_held_and_its_row_goes() -> None:
    """The hold is about the shift; the delete says which one comes before it."""
    found = decided(RIVAL, own=True)
    [hold] = found.holds.values()
    assert hold == Hold(
        reason="duplicate_clock_in",
        subject="shift:r",
        detail="shift a of the same person has the same clock-in; shift r is not written",
        shift_id="r",
        user_id=ANA,
        employee_id=1,
        instant=MORNING.start,
        minutes=240,
    )
    [change] = found.changes
    assert (change.kind, change.image.id, change.shift_id) == ("delete", 1, "r")
    assert change.why == "has the same clock-in as shift a"
    assert found.waits == {}


def test_a_row_that_the_winner_took_stays() -> None:
    """The loser is held all the same, also one of another time clock, which may be looked at days later."""
    for own in (True, False):
        found = decided(RIVAL, own=own, taken=frozenset({1}))
        assert ([hold.reason for hold in found.holds.values()], found.changes) == (["duplicate_clock_in"], [])


def test_a_loser_of_another_time_clock_is_that_ones_business_unless_it_loses_its_row_here() -> None:
    """Then it is held here, too."""
    without = decided(RIVAL, own=False, stored=StoredState(employees=EMPLOYEES))
    assert (without.holds, without.changes) == ({}, [])
    assert [hold.subject for hold in decided(RIVAL, own=False).holds.values()] == ["shift:r"]


def test_a_row_goes_only_if_both_shifts_were_seen_in_this_run() -> None:
    """Either may have moved since; the hold then knows the row, and its minutes are the difference."""
    for answer in (said(RIVAL), said(MORNING)):
        found = decided(RIVAL, own=True, answer=answer)
        [hold] = found.holds.values()
        assert (found.changes, hold.clock_time_id, hold.minutes) == ([], 1, 0)
    winner_unseen = decided(RIVAL, own=True, answer=said(RIVAL))
    assert {name: wait.because for name, wait in winner_unseen.waits.items()} == {"r": "a"}
    assert decided(RIVAL, own=False, answer=said(RIVAL)).waits == {}


def test_the_row_of_a_loser_that_somebody_entered_stays() -> None:
    """Without a word more: the shift is held."""
    stored = after_sync(RIVAL)
    by_hand = msgspec.structs.replace(stored, rows=(msgspec.structs.replace(stored.rows[0], source="manual"),))
    found = decided(RIVAL, own=True, stored=by_hand)
    assert ([hold.reason for hold in found.holds.values()], found.changes) == (["duplicate_clock_in"], [])


# -- a time clock that cannot be read ----------------------------------------------------------------------------------


def test_of_a_time_clock_that_cannot_be_read_every_row_of_these_days_is_held() -> None:
    """Whatever its shifts; the hours of the rows stay as they are, and so does every open hold."""
    users = (User(id=ANA, first_name="Ana", last_name=""),)
    nothing = nothing_seen(CLOCK, WINDOW, users)
    asked = WINDOW.padded()
    assert nothing == Snapshot(
        time_clock_id=CLOCK, first=asked.first, last=asked.last, users=users, listed=frozenset(), shifts=()
    )
    outside = msgspec.structs.replace(MORNING, id="o", start=WINDOW.end_utc, end=WINDOW.end_utc + 60)
    elsewhere = msgspec.structs.replace(EVENING, id="x", time_clock_id=8)
    stored = after_sync(EVENING, MORNING, outside, elsewhere)
    bare = TrackedShift(shift=shift("n", "3 08:00"))
    plan = unreadable(
        WINDOW,
        nothing,
        msgspec.structs.replace(stored, mirrors=(*stored.mirrors, bare)),
        Policy(),
        "no key",
        standing=["row:9"],
    )
    detail = "time clock 7 cannot be read, so that its hours stay as they are (no key)"
    assert [(hold.reason, hold.subject, hold.detail, hold.clock_time_id) for hold in plan.holds] == [
        ("clock_not_looked_at", "shift:a", detail, 2),
        ("clock_not_looked_at", "shift:e", detail, 1),
    ]
    assert (plan.time_clock_id, plan.window, plan.changes, plan.refusals) == (CLOCK, WINDOW, (), ())
    assert (plan.counts, plan.minutes) == (Counts(held=2), Minutes(before=480, after=480))
    assert (plan.undecided, plan.snapshot, plan.policy) == (frozenset({"row:9"}), nothing, Policy())
    assert (plan.mirrors, plan.breaks, plan.breaks_gone, plan.new_employees) == ((), (), (), ())
    other = unreadable(OTHER, nothing_seen(CLOCK, OTHER, users), stored, Policy(), "no key", standing=())
    assert other.fingerprint != plan.fingerprint

"""Who is unchanged: people of whom a plan says nothing, and of whom all that is known lies before it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from test_plan import ANA, BEN, CLOCK, WINDOW, after_sync, at, said, shift

from connecteam_sync.core.change import Policy
from connecteam_sync.core.clocktime import ClockTime, StoredState, TrackedShift
from connecteam_sync.core.evidence import RunEvidence
from connecteam_sync.core.plan import plan
from connecteam_sync.core.shift import Break, InvalidRecord, Shift, Snapshot
from connecteam_sync.core.unchanged_people import PersonSums, mark_of, reaches_into, unchanged_people
from connecteam_sync.core.window import Window

MORNING, LATE = shift("a", "2 08:00", "2 12:00"), shift("b", "3 09:00", "3 10:30", user=BEN)
STORED = after_sync(MORNING, LATE)
BEFORE = shift("p", "1 00:00", "1 01:00")


def unchanged(
    snapshot: Snapshot,
    stored: StoredState,
    *,
    skipped: tuple[int, ...] = (),
    **policy: Any,  # noqa: ANN401 - any policy
) -> dict[int, PersonSums]:
    """Who is unchanged after the plan of the eleven days."""
    return unchanged_people(plan(WINDOW, snapshot, stored, Policy(**policy)), stored, skipped)


def with_row(**more: Any) -> StoredState:  # noqa: ANN401 - any column
    """The stored state, with one more row of Ana's."""
    row = ClockTime(9, 1, at("5 08:00"), at("5 09:00"), 60, False)
    return msgspec.structs.replace(STORED, rows=(*STORED.rows, msgspec.structs.replace(row, **more)))


def with_mirror(number: int, **more: Any) -> StoredState:  # noqa: ANN401 - any field
    """The stored state, with one tracked shift changed."""
    mirrors = list(STORED.mirrors)
    mirrors[number] = msgspec.structs.replace(mirrors[number], **more)
    return msgspec.structs.replace(STORED, mirrors=tuple(mirrors))


def test_people_of_whom_nothing_is_decided_are_settled_with_their_sums() -> None:
    """Each with the shifts of the window and the minutes of their rows; who was skipped is not unchanged anew."""
    assert unchanged(said(MORNING, LATE), STORED) == {ANA: PersonSums(1, 1, 240), BEN: PersonSums(2, 1, 90)}
    assert unchanged(said(MORNING, LATE), STORED, skipped=(ANA,)).keys() == {BEN}


def test_a_listed_user_without_anything_is_settled_without_an_employee() -> None:
    """Somebody with a shift is not: nobody knows whose hours it is."""
    stored = msgspec.structs.replace(after_sync(LATE), employees={BEN: 2})
    assert unchanged(said(LATE), stored) == {ANA: PersonSums(None, 0, 0), BEN: PersonSums(2, 1, 90)}
    assert unchanged(said(MORNING, LATE), stored).keys() == {BEN}
    pausing = msgspec.structs.replace(said(LATE), breaks=(Break("x", ANA, CLOCK, "lunch", at("3 09:00")),))
    assert unchanged(pausing, stored).keys() == {BEN}
    assert unchanged(said(LATE), msgspec.structs.replace(stored, ambiguous={ANA: (3, 4)})).keys() == {BEN}


@pytest.mark.parametrize(
    ("answer", "stored"),
    [
        pytest.param((shift("a", "2 08:00", "2 13:00"), LATE), STORED, id="a correction"),
        pytest.param((LATE,), STORED, id="a delete"),
        pytest.param((MORNING, LATE, shift("c", "4 08:00", "4 09:00")), STORED, id="a new row"),
        pytest.param((MORNING, LATE, shift("c", "2 08:00", "2 09:00")), STORED, id="a duplicate"),
        pytest.param((MORNING, LATE), with_row(), id="an orphan"),
        pytest.param((msgspec.structs.replace(MORNING, job_id="new"), LATE), STORED, id="what is remembered"),
        pytest.param(
            (MORNING, LATE), with_row(clock_in=at("2 08:00") - 86_400 * 9, clock_out=None, is_active=True), id="far row"
        ),
    ],
)
def test_whoever_the_plan_speaks_of_is_not_settled(answer: tuple[Shift, ...], stored: StoredState) -> None:
    """The other one is, all the same."""
    assert unchanged(said(*answer), stored).keys() == {BEN}


def test_an_orphan_that_is_ignored_is_not_settled_and_a_manual_row_is() -> None:
    """A row of ours without a shift may get one: nobody who has one is skipped, even if nobody wants to hear of it."""
    assert unchanged(said(MORNING, LATE), with_row(), orphans="ignore").keys() == {BEN}
    assert unchanged(said(MORNING, LATE), with_row(source="manual")) == {
        ANA: PersonSums(1, 1, 240),
        BEN: PersonSums(2, 1, 90),
    }


def test_a_padding_shift_that_nobody_remembers_leaves_a_mark() -> None:
    """Its id alone tells whether somebody else has it in the same answer; it is in no sum."""
    padded = msgspec.structs.replace(BEFORE, start=WINDOW.start_utc - 7200, end=WINDOW.start_utc - 3600)
    assert unchanged(said(MORNING, LATE, padded), STORED)[ANA] == PersonSums(1, 1, 240, (mark_of("p"),))
    remembered = msgspec.structs.replace(STORED, mirrors=(*STORED.mirrors, TrackedShift(padded)))
    assert unchanged(said(MORNING, LATE, padded), remembered)[ANA] == PersonSums(1, 1, 240)
    other = msgspec.structs.replace(padded, end=None)
    assert ANA not in unchanged(said(MORNING, LATE, other), remembered)
    assert ANA not in unchanged(said(MORNING, LATE), remembered)  # the look at its own day decides on it


def test_what_lies_outside_of_the_days_is_not_settled() -> None:
    """A shift, a row or a break beyond the padding: no digest of these days would have it."""
    far = WINDOW.padded().start_utc - 60
    away = msgspec.structs.replace(BEFORE, start=far, end=far + 30)
    assert unchanged(said(MORNING, LATE, away), STORED).keys() == {BEN}
    gone = msgspec.structs.replace(STORED, mirrors=(*STORED.mirrors, TrackedShift(away, is_gone=True)))
    assert unchanged(said(MORNING, LATE), gone).keys() == {BEN}
    manual = with_row(clock_in=far, clock_out=far + 60, total_minutes=1, source="manual")
    assert unchanged(said(MORNING, LATE), manual).keys() == {BEN}
    pausing = msgspec.structs.replace(STORED, breaks=(Break("x", ANA, CLOCK, "lunch", far),))
    assert unchanged(said(MORNING, LATE), pausing).keys() == {BEN}


def test_a_link_that_leads_to_somebody_elses_row_is_not_settled() -> None:
    """Whatever another program has done to it."""
    spare = msgspec.structs.replace(shift("g", "6 08:00", "6 09:00"), time_clock_id=8)
    row = ClockTime(9, 2, at("6 08:00"), at("6 09:00"), 60, False, "manual")
    stored = msgspec.structs.replace(
        STORED, rows=(*STORED.rows, row), mirrors=(*STORED.mirrors, TrackedShift(spare, 9))
    )
    assert unchanged(said(MORNING, LATE), stored).keys() == set()
    without = msgspec.structs.replace(stored, rows=STORED.rows)
    assert unchanged(said(MORNING, LATE), without).keys() == {BEN}


def test_two_users_of_one_employee_are_not_settled() -> None:
    """Each would be skipped without the other one's shifts."""
    both = msgspec.structs.replace(STORED, employees={ANA: 1, BEN: 2, 103: 1})
    assert unchanged(said(MORNING, LATE, listed={ANA, BEN, 103}), both).keys() == {BEN}
    ambiguous = msgspec.structs.replace(STORED, users_of={1: frozenset({ANA, 104}), 2: frozenset({BEN})})
    assert unchanged(said(MORNING, LATE), ambiguous).keys() == {BEN}


def test_nobody_is_settled_by_a_plan_that_concerns_more_than_its_answer() -> None:
    """A refusal, a record that cannot be believed, or what other looks have shown."""
    refused = plan(WINDOW, said(), STORED, Policy())
    assert refused.refusals
    quiet = plan(WINDOW, said(MORNING, LATE), STORED, Policy())
    assert unchanged_people(quiet, STORED).keys() == {ANA, BEN}
    assert unchanged_people(msgspec.structs.replace(quiet, refusals=refused.refusals), STORED) == {}
    odd = InvalidRecord(kind="shift", problem="it is odd", value="x", user_id=ANA)
    assert unchanged(said(MORNING, LATE, invalid_records=(odd,)), STORED) == {}
    assert unchanged_people(msgspec.structs.replace(quiet, leans=True), STORED) == {}


def test_who_was_left_out_and_turns_up_is_found() -> None:
    """By a row, a tracked shift, a break, or the id of a shift that nobody remembers."""
    skipped = {ANA: PersonSums(1, 1, 240, (mark_of("p"),))}
    mine = msgspec.structs.replace(STORED, rows=STORED.rows[1:], mirrors=STORED.mirrors[1:])
    assert not reaches_into(said(LATE), mine, skipped)
    assert reaches_into(said(LATE), msgspec.structs.replace(mine, rows=STORED.rows), skipped)
    assert reaches_into(said(LATE), msgspec.structs.replace(mine, mirrors=STORED.mirrors), skipped)
    pause = Break("x", ANA, CLOCK, "lunch", at("3 09:00"))
    assert reaches_into(said(LATE), msgspec.structs.replace(mine, breaks=(pause,)), skipped)
    taken = shift("p", "4 08:00", user=BEN)
    assert reaches_into(said(LATE, taken), mine, skipped)
    known = msgspec.structs.replace(mine, mirrors=(*mine.mirrors, TrackedShift(taken)))
    assert not reaches_into(said(LATE, taken), known, skipped)


def test_shifts_of_people_who_are_left_out_count_as_shown() -> None:
    """On all days of the look, the padding too, on that time clock, as long as they are not known to be gone."""
    evidence = RunEvidence([(CLOCK, WINDOW), (8, WINDOW)])
    evidence.add_snapshot(WINDOW, said(LATE), skipped=frozenset({ANA}))
    early = msgspec.structs.replace(BEFORE, start=WINDOW.start_utc - 60)
    assert evidence.shows(TrackedShift(MORNING))
    assert evidence.shows(TrackedShift(early))
    assert not evidence.shows(TrackedShift(MORNING, is_gone=True))
    assert not evidence.shows(TrackedShift(msgspec.structs.replace(MORNING, time_clock_id=8)))
    assert not evidence.shows(TrackedShift(MORNING), clock=8)
    assert not evidence.shows(TrackedShift(msgspec.structs.replace(MORNING, start=WINDOW.padded().end_utc)))
    assert not evidence.shows(TrackedShift(msgspec.structs.replace(MORNING, user_id=BEN)))
    assert RunEvidence.of(evidence.image(["a"])).shows(TrackedShift(MORNING))
    evidence.add_snapshot(WINDOW, said(LATE))
    assert not evidence.shows(TrackedShift(MORNING))


def test_sums_of_people_who_are_left_out_are_in_the_plan() -> None:
    """What is told of a slice is told of everybody."""
    stored = msgspec.structs.replace(
        STORED, rows=STORED.rows[1:], mirrors=STORED.mirrors[1:], skipped_shifts=1, skipped_minutes=240
    )
    some, everybody = (
        plan(Window(WINDOW.first, WINDOW.last, WINDOW.timezone), answer, state, Policy())
        for answer, state in ((said(LATE), stored), (said(MORNING, LATE), STORED))
    )
    assert (some.counts, some.minutes) == (everybody.counts, everybody.minutes)
    assert (some.counts.total_shifts, some.counts.unchanged, some.minutes.before) == (2, 2, 330)

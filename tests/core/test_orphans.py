"""Rows of ours without a shift: reported, deleted on request, or kept, each with its reason (rule 6, second half)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec
import pytest
from test_plan import ANA, BEN, CHICAGO, CLOCK, EMPLOYEES, MORNING, WINDOW, at, said, shift

from connecteam_sync.core.absences import ORPHAN, Absences
from connecteam_sync.core.change import Hold, Policy
from connecteam_sync.core.clocktime import AppliedValues, StoredState, TrackedShift, clock_time_of
from connecteam_sync.core.evidence import RunEvidence, Stage
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.shift import InvalidRecord, Snapshot
from connecteam_sync.core.window import Window, locked_day

ROW = clock_time_of(1, at("4 08:00"), at("4 12:00"), id=4)
NAMES: dict[RowId, str] = {1: "Ana"}
STORED = StoredState(rows=(ROW,), employees=EMPLOYEES, names=NAMES)
TUESDAY = Window(date(2025, 12, 2), date(2025, 12, 2), CHICAGO)


def evidence_of(stage: Stage = "whole", account: Mapping[int, str] | None = None) -> RunEvidence:
    """A run over the eleven days that may delete rows without a shift where an account is known."""
    found = RunEvidence([(CLOCK, WINDOW)], account=account)
    found.stage = stage
    return found


def decided(
    stored: StoredState = STORED,
    answer: Snapshot | None = None,
    evidence: RunEvidence | None = None,
    taken: frozenset[int] = frozenset(),
    **policy: Any,  # noqa: ANN401 - any policy
) -> Absences:
    """The draft after it decided on rows without a shift."""
    found = Absences(WINDOW, said() if answer is None else answer, stored, Policy(**policy), evidence or evidence_of())
    found.decide_orphans(taken)
    return found


def with_row(**changed: Any) -> StoredState:  # noqa: ANN401
    """The row, but for this."""
    return msgspec.structs.replace(STORED, rows=(msgspec.structs.replace(ROW, **changed),))


def told(found: Absences) -> list[tuple[str, str]]:
    """Reason and sentence of each hold."""
    return [(hold.reason, hold.detail) for hold in found.holds.values()]


def kept(
    stored: StoredState = STORED, answer: Snapshot | None = None, evidence: RunEvidence | None = None
) -> tuple[str, str]:
    """Why the row stays where such rows go."""
    found = decided(stored, answer, evidence, orphans="delete")
    assert found.changes == []
    [reason] = told(found)
    [hold] = found.holds.values()
    assert (hold.subject, hold.clock_time_id, hold.minutes) == ("row:4", 4, -240)
    return reason


# -- report, delete, ignore --------------------------------------------------------------------------------------------


def test_a_row_without_a_shift_is_reported() -> None:
    """It stays, and is told with its person and minutes."""
    found = decided()
    assert list(found.holds.values()) == [
        Hold(
            reason="orphan",
            subject="row:4",
            detail="row 4 matches no shift in Connecteam",
            clock_time_id=4,
            employee_id=1,
            instant=ROW.clock_in,
            minutes=-240,
        )
    ]
    assert (found.changes, found.reported) == ([], [4])


def test_one_that_could_not_be_deleted_is_reported_with_what_is_in_the_way() -> None:
    """A closed day, for one: nobody is asked to delete it in vain."""
    locked = msgspec.structs.replace(STORED, locked=(locked_day(date(2025, 12, 4), CHICAGO),))
    found = decided(locked)
    assert told(found) == [
        ("locked_day", f"Thu 4 Dec 2025 is locked for payroll: 08:00-12:00 is not deleted, 4:00 h kept: {ORPHAN}")
    ]
    assert found.reported == [4]


def test_one_goes_where_such_rows_go() -> None:
    """At once in the only look of an account with one time clock, noted in a part of a run."""
    [change] = decided(orphans="delete").changes
    assert (change.kind, change.image, change.shift_id, change.user_id, change.why) == (
        "delete",
        ROW,
        None,
        None,
        ORPHAN,
    )
    part = decided(evidence=evidence_of("part"), orphans="delete")
    assert (list(part.pending), part.pending_orphans, part.changes, part.undecided) == ([4], True, [], {"row:4"})
    other_clocks = decided(evidence=evidence_of("whole", {CLOCK: "Main", 8: "Yard"}), orphans="delete")
    assert (list(other_clocks.pending), other_clocks.pending_orphans) == ([4], True)
    alone = decided(evidence=evidence_of("whole", {CLOCK: "Main"}), orphans="delete")
    assert ([change.image.id for change in alone.changes], alone.pending_orphans) == ([4], False)


@pytest.mark.parametrize(
    ("stored", "taken"),
    [
        (with_row(source="manual"), frozenset[int]()),
        (with_row(clock_in=WINDOW.end_utc), frozenset[int]()),
        (with_row(clock_in=WINDOW.start_utc - 1), frozenset[int]()),
        (STORED, frozenset({4})),
        (msgspec.structs.replace(STORED, mirrors=(TrackedShift(MORNING, clock_time_id=4),)), frozenset[int]()),
        (
            msgspec.structs.replace(
                STORED,
                mirrors=(TrackedShift(shift("g", "4 08:00", "4 12:00"), is_gone=True, former_clock_time_id=4),),
            ),
            frozenset[int](),
        ),
    ],
    ids=["by hand", "after", "before", "taken", "of a shift", "brought back by a dump"],
)
def test_a_row_that_is_somebodys_is_none(stored: StoredState, taken: frozenset[int]) -> None:
    """Nor is one on other days: each is decided by whoever it belongs to."""
    for orphans in ("report", "delete", "ignore"):
        found = decided(stored, taken=taken, orphans=orphans)
        assert (found.holds, found.changes) == ({}, [])


def test_rows_without_a_shift_may_be_ignored() -> None:
    """While other time clocks are still to be looked at; and those after one that is left alone are looked at."""
    found = decided(orphans="ignore")
    assert (found.holds, found.changes) == ({}, [])
    by_hand = msgspec.structs.replace(ROW, id=3, source="manual")
    both = msgspec.structs.replace(STORED, rows=(by_hand, msgspec.structs.replace(ROW, id=2), ROW))
    assert [hold.clock_time_id for hold in decided(both, taken=frozenset({2})).holds.values()] == [4]


# -- why one stays -----------------------------------------------------------------------------------------------------


def test_of_whoever_stands_twice_or_has_no_user_nothing_is_proven() -> None:
    """The hold names them."""
    twice = msgspec.structs.replace(STORED, ambiguous={ANA: (1, 3)}, names={1: "Ana", 3: "A."})
    assert kept(twice) == (
        "ambiguous_employee",
        "Connecteam user 101 (Person 101) stands on 2 employees (1 Ana, 3 A.): whose hours are they?",
    )
    other = msgspec.structs.replace(twice, ambiguous={BEN: (2, 3)})
    assert [change.image.id for change in decided(other, orphans="delete").changes] == [4]
    nobody = msgspec.structs.replace(STORED, employees={BEN: 2})
    assert kept(nobody) == ("no_connecteam_user", "no Connecteam user counts for Ana; row 4 is kept")
    nameless = msgspec.structs.replace(nobody, names={})
    assert kept(nameless) == ("no_connecteam_user", "no Connecteam user counts for employee 1; row 4 is kept")
    by_users = msgspec.structs.replace(STORED, users_of={1: frozenset[int]()})
    assert kept(by_users)[0] == "no_connecteam_user"


def test_all_users_of_a_person_have_to_be_listed() -> None:
    """On some time clock of the run that was looked at on these days."""
    both = msgspec.structs.replace(STORED, users_of={1: frozenset({ANA, 103})})
    assert kept(both) == ("user_not_listed", "Ana is no longer on a time clock; row 4 is kept")
    elsewhere = evidence_of()
    elsewhere.add_snapshot(WINDOW, msgspec.structs.replace(said(listed={103}), time_clock_id=8))
    assert [change.image.id for change in decided(both, evidence=elsewhere, orphans="delete").changes] == [4]
    other_days = evidence_of()
    other_days.add_snapshot(TUESDAY, msgspec.structs.replace(said(listed={103}), time_clock_id=8))
    assert kept(both, evidence=other_days)[0] == "user_not_listed"


def test_whoever_has_left_a_time_clock_may_have_left_a_shift_there() -> None:
    """It is remembered; the clock no longer lists them, so nobody sees it."""
    there = TrackedShift(msgspec.structs.replace(MORNING, id="o", time_clock_id=8), clock_time_id=9)
    stored = msgspec.structs.replace(STORED, mirrors=(there,))
    evidence = evidence_of()
    assert decided(stored, evidence=evidence, orphans="delete").holds == {}
    evidence.add_snapshot(WINDOW, msgspec.structs.replace(said(listed={BEN}), time_clock_id=8))
    assert kept(stored, evidence=evidence) == ("user_not_listed", "Ana is no longer on a time clock; row 4 is kept")
    here = msgspec.structs.replace(stored, mirrors=(TrackedShift(MORNING, clock_time_id=9),))
    elsewhere = evidence_of()
    elsewhere.add_snapshot(WINDOW, msgspec.structs.replace(said(listed={ANA}), time_clock_id=8))
    assert kept(here, said(listed={BEN}), elsewhere)[0] == "user_not_listed"


def test_an_answer_that_leaves_somebody_out_proves_nothing() -> None:
    """Connecteam says that they are still on that time clock; the lowest of several is named."""
    evidence = evidence_of()
    evidence.assigned = {ANA: frozenset({9, CLOCK, 8})}
    evidence.add_snapshot(WINDOW, msgspec.structs.replace(said(listed={BEN}), time_clock_id=9))
    evidence.add_snapshot(WINDOW, msgspec.structs.replace(said(listed={BEN}), time_clock_id=8))
    detail = "Ana is still on time clock {}, whose answer leaves them out: it is incomplete; row 4 is kept"
    assert kept(answer=said(listed={BEN}), evidence=evidence) == ("user_not_listed", detail.format(7))
    assert kept(evidence=evidence) == ("user_not_listed", detail.format(8))


def test_an_answer_that_was_refused_proves_only_who_is_on_it() -> None:
    """Whoever is listed there may have the shift there."""
    evidence = evidence_of()
    answer = msgspec.structs.replace(said(listed={ANA}), time_clock_id=8)
    evidence.add_refused(WINDOW, answer, "whose answer was refused")
    assert kept(answer=said(listed={BEN}), evidence=evidence) == (
        "clock_not_looked_at",
        "Ana is on time clock 8, whose answer was refused; row 4 is kept",
    )
    assert kept(evidence=evidence) == (
        "clock_not_looked_at",
        "kept: it may be on time clock 8 by now, whose answer was refused",
    )


def test_a_bad_record_or_a_held_shift_may_be_the_rows() -> None:
    """Any record of the person; a shift of the answer on the very clock-in."""
    bad = InvalidRecord(kind="shift", problem="p", value="v", user_id=ANA, activity_id="x")
    assert kept(answer=said(invalid_records=(bad,))) == (
        "impossible_record",
        "a record of Ana cannot be believed; row 4 is kept",
    )
    of_ben = msgspec.structs.replace(bad, user_id=BEN)
    assert len(decided(answer=said(invalid_records=(of_ben,)), orphans="delete").changes) == 1
    held = shift("h", "4 08:00", "4 12:00")
    found = Absences(WINDOW, said(held), STORED, Policy(orphans="delete"), evidence_of())
    found.hold_shift("local_edit", held, "d")
    found.decide_orphans(frozenset())
    assert found.changes == []
    assert told(found)[1] == ("orphan", "row 4 stands where a shift is that is held; it is kept")
    free = Absences(WINDOW, said(held), STORED, Policy(orphans="delete"), evidence_of())
    free.decide_orphans(frozenset())
    assert [change.image.id for change in free.changes] == [4]


def at_the_end(**fields: Any) -> RunEvidence:  # noqa: ANN401
    """The end of a run in an account of two time clocks, of which one is mirrored, and both were looked at."""
    found = evidence_of("end", {CLOCK: "Main", 8: "Yard", 9: "Depot"})
    for clock in (CLOCK, 8, 9):
        found.add_snapshot(WINDOW, msgspec.structs.replace(said(), time_clock_id=clock))
    for name, value in fields.items():
        setattr(found, name, value)
    return found


def test_a_row_may_be_a_shift_of_a_time_clock_that_is_not_mirrored() -> None:
    """Of the same user and clock-in."""
    found = at_the_end(unmirrored_shifts={(ANA, ROW.clock_in): 8, (BEN, ROW.clock_in): 9})
    assert kept(evidence=found) == ("orphan", "row 4 is a shift of time clock 8, which is not mirrored; it is kept")
    others = at_the_end(unmirrored_shifts={(ANA, ROW.clock_in + 1): 8, (BEN, ROW.clock_in): 9})
    assert len(decided(evidence=others, orphans="delete").changes) == 1


def test_hours_in_the_totals_of_a_clock_that_no_longer_lists_somebody_keep_their_rows() -> None:
    """Of that local day, also late in the evening."""
    day = date(2025, 12, 4)
    found = at_the_end(unlisted_hours={(ANA, day): 8})
    detail = "Ana is no longer on time clock 8, whose totals have hours of 2025-12-04; row 4 is kept"
    assert kept(evidence=found) == ("user_not_listed", detail)
    late = with_row(clock_in=at("4 23:00"), clock_out=at("5 03:00"))
    assert kept(late, evidence=found) == ("user_not_listed", detail)
    next_day = at_the_end(unlisted_hours={(ANA, date(2025, 12, 5)): 8, (BEN, day): 8})
    assert len(decided(evidence=next_day, orphans="delete").changes) == 1
    nameless = msgspec.structs.replace(STORED, names={})
    assert kept(nameless, evidence=found)[1].startswith("employee 1 is no longer on time clock 8,")


def test_a_time_clock_that_was_not_looked_at_may_have_the_shift() -> None:
    """All of them are named, and why they could not be read, but those that a person vouches for once they are gone."""
    found = evidence_of("end", {CLOCK: "Main", 9: "Depot", 8: "Yard"})
    found.add_snapshot(WINDOW, said())
    detail = "row 4 may belong to Yard, Depot, which this run did not look at; it is kept"
    assert kept(evidence=found) == ("clock_not_looked_at", detail)
    found.unread = {8: "no access", 9: "down"}
    assert kept(evidence=found) == ("clock_not_looked_at", f"{detail} (no access; down)")
    found.vouched, found.turned_away = frozenset({8, 9}), {8}
    assert kept(evidence=found)[1].startswith("row 4 may belong to Depot, which")
    found.turned_away = {8, 9}
    assert len(decided(evidence=found, orphans="delete").changes) == 1


def test_other_time_clocks_count_only_at_the_end_and_where_rows_go() -> None:
    """Until then they may still be looked at; and what is only reported needs no proof."""
    reported = at_the_end(unmirrored_shifts={(ANA, ROW.clock_in): 8})
    reported.account = {}
    assert told(decided(evidence=reported)) == [("orphan", "row 4 matches no shift in Connecteam")]
    early = at_the_end(unmirrored_shifts={(ANA, ROW.clock_in): 8})
    early.stage = "part"
    assert list(decided(evidence=early, orphans="delete").pending) == [4]


def test_the_row_of_a_loser_that_was_edited_is_kept_where_edits_are() -> None:
    """It is held, as any other row whose shift gives way."""
    rival = shift("r", "4 08:00", "4 12:00")
    applied = AppliedValues(employee_id=1, clock_in=ROW.clock_in, clock_out=at("4 11:00"))
    mirror = TrackedShift(rival, clock_time_id=4, applied=applied)
    stored = msgspec.structs.replace(STORED, mirrors=(mirror,))
    winner = msgspec.structs.replace(rival, id="w")
    for local_edits, reasons, kinds in (("keep", ["local_edit"], []), ("restore", [], ["delete"])):
        found = Absences(WINDOW, said(winner, rival), stored, Policy(local_edits=local_edits), evidence_of())  # type: ignore[arg-type] # a choice
        found.decide_duplicate(rival, winner, frozenset(), own=True)
        assert [hold.reason for hold in found.holds.values()] == ["duplicate_clock_in", *reasons]
        assert [change.kind for change in found.changes] == kinds

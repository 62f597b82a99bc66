"""The evidence of a run: which looks were made, what they have shown, and what they prove."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest
from test_plan import ANA, BEN, CHICAGO, MORNING, WINDOW, said, shift

from connecteam_sync.core.clocktime import TrackedShift
from connecteam_sync.core.evidence import EvidenceImage, RunEvidence, Span
from connecteam_sync.core.shift import InvalidRecord, Snapshot
from connecteam_sync.core.window import Window

LATER = Window(date(2025, 12, 12), date(2025, 12, 22), CHICAGO)
DAY = Window(date(2025, 12, 2), date(2025, 12, 2), CHICAGO)
EVENING = shift("e", "2 16:00", "2 20:00")


def at_clock(clock: int, *shifts: Any, **more: Any) -> Snapshot:  # noqa: ANN401
    """An answer of another time clock."""
    return msgspec.structs.replace(said(*shifts, **more), time_clock_id=clock)


def tracked(item: Any = MORNING, **changed: Any) -> TrackedShift:  # noqa: ANN401
    """A shift as remembered."""
    return msgspec.structs.replace(TrackedShift(item, clock_time_id=1), **changed)


# -- stages and looks --------------------------------------------------------------------------------------------------


def test_a_run_of_one_look_is_whole_and_of_several_each_is_a_part() -> None:
    """Also of one that is part of more than it knows."""
    assert RunEvidence().stage == RunEvidence([(7, WINDOW)]).stage == "whole"
    assert RunEvidence([(7, WINDOW), (7, WINDOW)]).stage == "whole"
    assert RunEvidence([(7, WINDOW), (8, WINDOW)]).stage == RunEvidence([(7, WINDOW), (7, LATER)]).stage == "part"
    assert RunEvidence([(7, WINDOW)], is_partial=True).stage == "part"


def test_a_run_knows_which_days_of_which_time_clock_it_looks_at() -> None:
    """Half open; of any time clock where that does not matter; further looks are added."""
    run = RunEvidence([(7, WINDOW)])
    start, end = WINDOW.start_utc, WINDOW.end_utc
    assert [run.plans(7, at) for at in (start - 1, start, end - 1, end)] == [False, True, True, False]
    assert [run.has_day(at) for at in (start - 1, start, end - 1, end)] == [False, True, True, False]
    assert not run.plans(8, start)
    run.add_units([(8, LATER)])
    assert run.plans(8, LATER.start_utc)
    assert run.plans(7, start)
    assert run.has_day(LATER.start_utc)
    assert run.units == {Span(7, start, end), Span(8, LATER.start_utc, LATER.end_utc)}


def test_a_look_that_was_read_covers_its_days_and_lists_its_users() -> None:
    """As one whose answer is that of before; one that failed covers nothing."""
    run = RunEvidence([(7, WINDOW), (8, WINDOW), (9, WINDOW)])
    run.add_snapshot(WINDOW, said(listed={ANA}))
    run.add_unchanged(8, WINDOW)
    run.add_failure(9, WINDOW, "down")
    assert [run.covers(clock, MORNING.start) for clock in (7, 8, 9)] == [True, True, False]
    assert not run.covers(7, WINDOW.end_utc)
    assert run.read_clocks(WINDOW) == {7, 8}
    assert run.read_clocks(DAY) == frozenset()
    assert run.read_clocks(Window(WINDOW.first, LATER.last, CHICAGO)) == frozenset()
    assert run.listings(WINDOW) == {7: {ANA}}
    assert run.listings(DAY) == {7: {ANA}}
    assert run.listings(Window(WINDOW.first, LATER.first, CHICAGO)) == {}
    assert run.listings(Window(date(2025, 11, 30), WINDOW.last, CHICAGO)) == {}


# -- what was shown ----------------------------------------------------------------------------------------------------


def test_a_shift_is_shown_by_whichever_look_has_it() -> None:
    """Of any time clock, or of the one that is asked about; looks add up."""
    run = RunEvidence([(7, WINDOW), (8, WINDOW)])
    run.add_snapshot(WINDOW, said(MORNING))
    assert (run.has_shown("a"), run.has_shown("a", clock=7), run.has_shown("a", clock=8)) == (True, True, False)
    assert not run.has_shown("e")
    run.add_snapshot(LATER, said(EVENING))
    assert run.has_shown("e", clock=7)
    assert run.has_shown("a", clock=7)
    run.add_refused(WINDOW, at_clock(8, shift("r", "3 08:00")), "why")
    assert run.has_shown("r", clock=8)


def test_a_remembered_shift_counts_as_shown_where_its_look_was_as_before() -> None:
    """Of its own time clock and day; not one that was gone already, and not once the look was read after all."""
    run = RunEvidence([(7, WINDOW)])
    run.add_unchanged(7, WINDOW)
    assert run.shows(tracked())
    assert run.shows(tracked(), clock=7)
    assert not run.shows(tracked(), clock=8)
    assert not run.shows(tracked(is_gone=True))
    assert not run.shows(tracked(msgspec.structs.replace(MORNING, time_clock_id=8)))
    assert not run.shows(tracked(msgspec.structs.replace(MORNING, start=WINDOW.end_utc)))
    run.add_snapshot(WINDOW, said())
    assert not run.shows(tracked())
    run.add_unchanged(7, WINDOW)
    assert not run.shows(tracked())


def test_remembered_values_are_fresh_if_a_mirrored_clock_has_shown_them() -> None:
    """Not if only one read as evidence has, nor if the answer has it on another clock-in than is remembered."""
    run = RunEvidence([(7, WINDOW)])
    run.add_snapshot(WINDOW, at_clock(8, MORNING), as_evidence=True)
    assert run.shows(tracked())
    assert not run.has_refreshed(tracked())
    run.add_snapshot(WINDOW, said(MORNING, EVENING), outdated=["a"])
    assert (run.has_refreshed(tracked()), run.has_refreshed(tracked(EVENING))) == (False, True)
    run.add_snapshot(LATER, said(MORNING))
    assert run.has_refreshed(tracked())
    run.add_refused(WINDOW, said(MORNING), "why", outdated={"a"})
    assert not run.has_refreshed(tracked())


def test_clocks_read_as_evidence_leave_their_shifts_by_user_and_clock_in() -> None:
    """Mirrored ones do not; neither says of the other what is outdated."""
    run = RunEvidence([(7, WINDOW)])
    run.add_snapshot(WINDOW, said(EVENING), outdated=["e"])
    run.add_snapshot(WINDOW, at_clock(8, MORNING, EVENING), as_evidence=True, outdated=["a"])
    assert run.unmirrored_shifts == {(ANA, MORNING.start): 8, (ANA, EVENING.start): 8}
    assert run.outdated == {"e"}


def test_a_shift_is_gone_if_a_look_found_that_and_no_other_has_shown_it() -> None:
    """Known only at the end of the run."""
    run = RunEvidence([(7, WINDOW), (7, LATER)])
    run.absent.add("a")
    assert not run.is_gone(tracked())
    run.stage = "end"
    assert run.is_gone(tracked())
    assert not run.is_gone(tracked(EVENING))
    run.add_snapshot(LATER, said(MORNING))
    assert not run.is_gone(tracked())


# -- what proves nothing -----------------------------------------------------------------------------------------------


def test_bad_records_of_every_look_are_kept_by_user_and_id() -> None:
    """As far as they have one."""
    run = RunEvidence([(7, WINDOW)])
    records = [
        InvalidRecord(kind="shift", problem="p", value="v", user_id=user, activity_id=name)
        for user, name in ((ANA, "x"), (None, "y"), (BEN, None))
    ]
    run.add_snapshot(WINDOW, said(invalid_records=tuple(records[:2])))
    run.add_refused(LATER, at_clock(8, invalid_records=tuple(records[2:])), "why")
    assert (run.invalid_users, run.invalid_ids) == ({ANA, BEN}, {"x", "y"})


def test_a_look_that_failed_or_was_refused_is_told_with_its_time_clock() -> None:
    """The lowest of several; one that a person vouches for only once Connecteam no longer shows it."""
    run = RunEvidence([(7, WINDOW)], vouched=[8])
    assert run.undecided() is None
    run.add_failure(9, WINDOW, "down")
    assert run.undecided() == (9, "which could not be read (down)")
    run.add_failure(8, WINDOW, "no access")
    assert run.undecided() == (8, "which could not be read (no access)")
    assert not run.is_vouched(8)
    run.add_failure(8, WINDOW, "no access", turned_away=True)
    assert run.is_vouched(8)
    assert run.undecided() == (9, "which could not be read (down)")
    run.add_failure(9, WINDOW, "down", turned_away=True)
    assert not run.is_vouched(9)
    refused = RunEvidence([(7, WINDOW)])
    assert not refused.is_stopped
    refused.add_refused(WINDOW, said(listed={ANA}), "whose answer was refused")
    assert refused.undecided() == (7, "whose answer was refused")
    assert (refused.is_stopped, refused.listed_in_refused) == (True, {ANA: 7})
    assert refused.failures == {Span(7, WINDOW.start_utc, WINDOW.end_utc): "whose answer was refused"}


def test_time_clocks_of_the_account_that_were_left_out_are_named() -> None:
    """By their ids, but those that are known, and those that are vouched for."""
    run = RunEvidence(account={9: "Depot", 7: "Main", 8: "Yard"}, vouched=[9])
    assert run.clocks_left_out({7}) == ("Yard", "Depot")
    run.turned_away.add(9)
    assert run.clocks_left_out(()) == ("Main", "Yard")
    assert RunEvidence().clocks_left_out(()) == ()


def test_new_rows_that_wait_are_counted_by_the_days_of_their_look() -> None:
    """Until the end, when they are decided."""
    run = RunEvidence([(7, WINDOW), (7, LATER)])
    days = (WINDOW.start_utc, WINDOW.end_utc)
    run.add_snapshot(WINDOW, said(), coming=[(1, 2), (3, 1)])
    assert run.coming[days] == {1: 2, 3: 1}
    run.add_snapshot(WINDOW, at_clock(8), coming=[(1, 5)])
    assert run.coming[days] == {1: 7, 3: 1}
    before = dict(run.coming[days])
    run.stage = "end"
    run.add_snapshot(WINDOW, said(), coming=[(1, 9)])
    assert run.coming[days] == before


# -- as values ---------------------------------------------------------------------------------------------------------


def everything() -> RunEvidence:
    """Evidence in which every field says something."""
    run = RunEvidence([(7, WINDOW), (8, LATER), (7, LATER)], account={9: "Depot", 7: "Main"}, vouched=[9, 8])
    bad = InvalidRecord(kind="shift", problem="p", value="v", user_id=BEN, activity_id="bad")
    run.add_snapshot(WINDOW, said(MORNING, EVENING, invalid_records=(bad,)), coming=[(3, 2)], outdated=["e"])
    run.add_snapshot(LATER, at_clock(9, shift("u", "13 08:00")), as_evidence=True)
    run.add_unchanged(8, LATER)
    run.add_refused(LATER, said(listed={BEN}), "refused")
    run.add_failure(8, WINDOW, "down", turned_away=True)
    run.stage = "end"
    run.absent |= {"gone", "a"}
    run.awaited |= {(ANA, 5), (ANA, 4)}
    run.assigned = {ANA: frozenset({8, 7})}
    run.unread = {9: "no access"}
    run.unlisted_hours = {(ANA, date(2025, 12, 2)): 8}
    run.rows_of_people = {(1, 2): {1: 4, 2: 5}}
    run.going = {1: {4: 100, 3: 99}}
    run.let_through = {"b", "a"}
    return run


def test_evidence_is_kept_as_values_and_made_again_from_them() -> None:
    """To the last field, of the shifts that a decision may ask for; a decision is planned again by it."""
    run = everything()
    image = run.image(["e", "never"])
    spans = {name: (window.start_utc, window.end_utc) for name, window in (("now", WINDOW), ("later", LATER))}
    assert image == EvidenceImage(
        stage="end",
        account=((9, "Depot"), (7, "Main")),
        units=((7, *spans["now"]), (7, *spans["later"]), (8, *spans["later"])),
        vouched=(8, 9),
        absent=("a", "gone"),
        awaited=((ANA, 4), (ANA, 5)),
        failures=((7, *spans["later"], "refused"), (8, *spans["now"], "which could not be read (down)")),
        invalid_users=(BEN,),
        invalid_ids=("bad",),
        turned_away=(8,),
        unread=((9, "no access"),),
        unmirrored_shifts=((ANA, shift("u", "13 08:00").start, 9),),
        unlisted_hours=((ANA, date(2025, 12, 2), 8),),
        rows_of_people=((1, 2, ((1, 4), (2, 5))),),
        going=((1, ((4, 100), (3, 99))),),
        coming=((*spans["now"], ((3, 2),)), (*spans["later"], ())),
        is_stopped=True,
        let_through=("a", "b"),
        listed_in_refused=((BEN, 7),),
        listings=((7, *spans["now"], (ANA, BEN)), (9, *spans["later"], (ANA, BEN))),
        unchanged=((8, *spans["later"]),),
        seen=((7, ("a", "e")), (9, ())),
        assigned=((ANA, (7, 8)),),
        outdated=("e",),
    )
    again = RunEvidence.of(msgspec.json.decode(msgspec.json.encode(image), type=EvidenceImage))
    assert again.image(["e", "never"]) == image
    assert vars(again).keys() == vars(run).keys()
    for name in ("account", "units", "stage", "vouched", "failures", "coming", "going", "let_through", "assigned"):
        assert getattr(again, name) == getattr(run, name), name
    assert again.shows(tracked())
    assert again.listings(WINDOW) == run.listings(WINDOW)


@pytest.mark.parametrize("stage", ["whole", "part"])
def test_evidence_of_nothing_is_an_image_of_nothing(stage: str) -> None:
    """It takes no room where a decision is kept."""
    run = RunEvidence(is_partial=stage == "part")
    assert run.image(["a"]) == EvidenceImage(stage=stage)  # type: ignore[arg-type] # a stage
    assert msgspec.json.encode(run.image([])) == (b"{}" if stage == "whole" else b'{"stage":"part"}')

"""What is remembered of shifts and breaks with a plan: only what differs, and nothing gone without proof."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest
from test_plan import ANA, BEN, CHICAGO, MORNING, WINDOW, after_sync, at, decide, said, shift

from connecteam_sync.core.change import Change, SlicePlan
from connecteam_sync.core.clocktime import AppliedValues, ClockTime, StoredState, TrackedShift, clock_time_of
from connecteam_sync.core.match import Match
from connecteam_sync.core.shift import Break, InvalidRecord, Shift
from connecteam_sync.core.tracking import as_if_applied, breaks_to_remember, mirrors_to_remember, outdated
from connecteam_sync.core.window import Window

EVENING = shift("e", "2 16:00", "2 20:00")
EDGE = WINDOW.surely_covered[1]
"""What ends later may go on past the days that were asked for."""


def tracked(item: Shift, row: int | None = 1, *, is_gone: bool = False, former: int | None = None) -> TrackedShift:
    """A shift as remembered, with its row."""
    applied = None if row is None else AppliedValues(employee_id=1, clock_in=item.start, clock_out=item.end)
    return TrackedShift(shift=item, clock_time_id=row, applied=applied, is_gone=is_gone, former_clock_time_id=former)


def change(before: ClockTime | None, after: ClockTime | None, shift_id: str | None) -> Change:
    """A write for a shift."""
    kind = "create" if before is None else "delete" if after is None else "update"
    day = date(2025, 12, 2)
    return Change(
        kind=kind,  # type: ignore[arg-type] # one of the three
        before=before,
        after=after,
        shift_id=shift_id,
        user_id=ANA,
        days=(day, day),
        why="",
    )


def row(item: Shift, key: int | None = 1) -> ClockTime:
    """The row of a shift."""
    return clock_time_of(1, item.start, item.end, id=key)


def remembered(
    *shifts: Shift,
    old: tuple[TrackedShift, ...] = (),
    missing: tuple[TrackedShift, ...] = (),
    **more: Any,  # noqa: ANN401 - of any type
) -> list[TrackedShift]:
    """What is stored with a plan of these shifts, of which nothing else is said unless told otherwise."""
    answer = more.pop("answer", None) or said(*shifts)
    known = {one.shift.id: one for one in (*old, *missing)}
    nothing: dict[str, Any] = {"matches": (), "changes": ()}
    return [*mirrors_to_remember(WINDOW, answer, known, shifts=shifts, missing=missing, **{**nothing, **more})]


def test_what_is_new_or_different_is_remembered_and_nothing_else() -> None:
    """By id; one that is held keeps its row and what was written to it, with its latest values."""
    corrected = msgspec.structs.replace(EVENING, end=at("2 21:00"))
    known = tracked(EVENING, 2)
    found = remembered(corrected, MORNING, shift("z", "3 08:00"), old=(known, tracked(MORNING)))
    assert found == [
        msgspec.structs.replace(known, shift=corrected),
        tracked(shift("z", "3 08:00"), None),
    ]
    assert remembered(MORNING, old=(tracked(MORNING),)) == []


def test_a_shift_that_is_back_is_no_longer_gone() -> None:
    """It keeps the id of the row that it had."""
    gone = tracked(MORNING, None, is_gone=True, former=9)
    assert remembered(MORNING, old=(gone,)) == [msgspec.structs.replace(gone, is_gone=False)]


@pytest.mark.parametrize(
    ("item", "is_proof"),
    [
        (MORNING, True),
        (shift("a", "2 08:00"), True),
        (shift("a", "1 00:00", "1 08:00"), True),
        (shift("a", "11 23:59", "12 08:00"), True),
        (msgspec.structs.replace(MORNING, start=WINDOW.start_utc - 1), False),
        (msgspec.structs.replace(MORNING, start=WINDOW.end_utc), False),
        (msgspec.structs.replace(MORNING, end=EDGE - 1), True),
        (msgspec.structs.replace(MORNING, end=EDGE), False),
    ],
    ids=["closed", "open", "first second", "last night", "before", "after", "ends inside", "ends past the answer"],
)
def test_a_shift_is_gone_if_it_had_to_be_in_the_answer(item: Shift, *, is_proof: bool) -> None:
    """It began on the days that are decided on, and was over before the end of those that were asked for."""
    known = tracked(item)
    assert remembered(missing=(known,)) == ([msgspec.structs.replace(known, is_gone=True)] if is_proof else [])


def test_nobody_is_gone_of_whom_the_answer_proves_nothing() -> None:
    """A user who is not listed, or has records that cannot be believed; a shift whose own record is one."""
    known = tracked(MORNING)
    bad = InvalidRecord(kind="shift", problem="p", value="v", activity_id="a", user_id=BEN)
    assert remembered(missing=(known,), answer=said(listed={BEN})) == []
    assert remembered(missing=(known,), invalid={ANA}) == []
    assert remembered(missing=(known,), answer=said(invalid_records=(bad,))) == []
    assert remembered(missing=(known,), invalid={BEN}) == [msgspec.structs.replace(known, is_gone=True)]


def test_a_link_that_is_out_of_date_is_dropped() -> None:
    """Of shifts that are there, that are gone, and that nothing is proven of; their rows are of others by now."""
    without = {"clock_time_id": None, "applied": None}
    known = tracked(MORNING)
    outside = tracked(msgspec.structs.replace(EVENING, start=WINDOW.end_utc, end=WINDOW.end_utc + 60), 2)
    assert remembered(MORNING, old=(known,), stale={"a"}) == [msgspec.structs.replace(known, **without)]
    assert remembered(missing=(known, outside), stale={"a", "e"}) == [
        msgspec.structs.replace(known, is_gone=True, **without),
        msgspec.structs.replace(outside, **without),
    ]
    assert remembered(MORNING, old=(known,), stale={"e"}) == []


def test_each_write_is_remembered_with_what_it_wrote() -> None:
    """A new row is linked once it exists; one that is deleted leaves its id, for a shift that returns."""
    longer = msgspec.structs.replace(EVENING, end=at("2 21:00"))
    new = shift("n", "3 08:00", "3 12:00")
    changes = (
        change(row(MORNING, 5), None, None),
        change(None, row(new, 77), "n"),
        change(row(EVENING, 2), row(longer, 2), "e"),
        change(row(MORNING), None, "a"),
    )
    found = remembered(new, longer, old=(tracked(EVENING, 2), tracked(MORNING)), changes=changes)
    applied = {
        name: AppliedValues(employee_id=1, clock_in=item.start, clock_out=item.end)
        for name, item in (("e", longer), ("n", new))
    }
    assert found == [
        TrackedShift(shift=MORNING, former_clock_time_id=1),
        TrackedShift(shift=longer, clock_time_id=2, applied=applied["e"]),
        TrackedShift(shift=new, applied=applied["n"]),
    ]


@pytest.mark.parametrize(("how", "is_gone"), [("succession", True), ("takeover", False)])
def test_a_shift_whose_row_another_has_now_loses_it(how: str, *, is_gone: bool) -> None:
    """If it was replaced, that proves it gone, whatever else the answer has; a rival on its clock-in is still there."""
    new = msgspec.structs.replace(MORNING, id="b")
    taken = Match(shift=new, employee_id=1, row=row(MORNING), how=how, replaces="a")  # type: ignore[arg-type] # of both
    found = remembered(new, old=(tracked(MORNING),), matches=(taken,), changes=(change(row(MORNING), row(new), "b"),))
    assert found == [
        msgspec.structs.replace(tracked(MORNING), clock_time_id=None, applied=None, is_gone=is_gone),
        tracked(new),
    ]


def test_a_rival_that_loses_its_row_is_remembered_as_it_is_now() -> None:
    """What Connecteam says of it has changed in the same answer."""
    new, longer = msgspec.structs.replace(MORNING, id="b"), msgspec.structs.replace(MORNING, end=at("2 13:00"))
    taken = Match(shift=new, employee_id=1, row=row(MORNING), how="takeover", replaces="a")
    moved = (change(row(MORNING), row(new), "b"),)
    found = remembered(new, longer, old=(tracked(MORNING),), matches=(taken,), changes=moved)
    assert found == [TrackedShift(shift=longer), tracked(new)]


def test_a_shift_of_the_padding_is_outdated_if_the_answer_has_it_elsewhere() -> None:
    """On another clock-in, or of another person; as it is after this plan. Another end is no other place."""
    old = {one.shift.id: one for one in (tracked(MORNING), tracked(EVENING, 2))}
    later = msgspec.structs.replace(MORNING, start=MORNING.start + 60)
    of_ben = msgspec.structs.replace(EVENING, user_id=BEN)
    longer = msgspec.structs.replace(EVENING, end=at("2 21:00"))
    answer = said(later, of_ben, shift("new", "4 08:00"))
    assert outdated(answer, old, ()) == {"a": old["a"], "e": old["e"]}
    assert outdated(answer, old, (tracked(later),)) == {"e": old["e"]}
    assert outdated(said(MORNING, longer), old, ()) == {}
    assert outdated(said(MORNING), old, (tracked(later),)) == {"a": tracked(later)}


# -- breaks ------------------------------------------------------------------------------------------------------------


def pause(name: str, start: str, end: str | None, user: int = ANA) -> Break:
    """A break, in local times."""
    return Break(
        id=name, user_id=user, time_clock_id=7, break_type_id="lunch", start=at(start), end=at(end) if end else None
    )


LAST_NIGHT = shift("night", "11 22:00", "12 06:00")


def of_breaks(
    *breaks: Break,
    known: tuple[Break, ...] = (),
    shifts: tuple[Shift, ...] = (LAST_NIGHT,),
    **more: Any,  # noqa: ANN401
) -> tuple[list[str], tuple[str, ...]]:
    """The ids of those to store, and of those that are gone."""
    answer = msgspec.structs.replace(said(*shifts, **more), breaks=breaks)
    changed, gone = breaks_to_remember(WINDOW, answer, StoredState(breaks=known))
    return [one.id for one in changed], gone


@pytest.mark.parametrize(
    ("item", "is_stored"),
    [
        (pause("p", "1 00:00", "1 00:30"), True),
        (pause("p", "11 23:59", "12 00:30"), True),
        (pause("p", "12 01:00", "12 01:30"), True),
        (pause("p", "12 05:59", "12 06:30"), True),
        (pause("p", "12 01:00", None), True),
        (pause("p", "12 06:00", "12 06:30"), False),
        (pause("p", "12 01:00", "12 01:30", user=BEN), False),
    ],
    ids=["first second", "last minute", "in the last night", "its last minute", "open", "after it", "of a colleague"],
)
def test_breaks_of_the_window_and_of_its_last_night_are_stored(item: Break, *, is_stored: bool) -> None:
    """Else a pay period alone would pay the breaks of its last night."""
    assert of_breaks(item)[0] == (["p"] if is_stored else [])


def test_a_break_is_within_a_shift_that_is_over_and_begins_on_these_days() -> None:
    """Not of one that is open, that begins after them, or that only meets it."""
    early = pause("p", "12 01:00", "12 01:30")
    assert of_breaks(early, shifts=(shift("o", "11 22:00"),))[0] == []
    assert of_breaks(early, shifts=(shift("n", "12 00:00", "12 06:00"),))[0] == []
    assert of_breaks(early, shifts=(shift("n", "11 22:00", "12 01:00"),))[0] == []
    assert of_breaks(early, shifts=(shift("n", "11 22:00", "12 01:01"),))[0] == ["p"]
    touching = Break(id="p", user_id=ANA, time_clock_id=7, break_type_id="x", start=WINDOW.start_utc - 60)
    first = shift("f", "1 00:00", "1 08:00")
    for end, is_stored in ((WINDOW.start_utc, False), (WINDOW.start_utc + 1, True)):
        assert bool(of_breaks(msgspec.structs.replace(touching, end=end), shifts=(first,))[0]) is is_stored


def test_a_break_at_an_edge_is_of_the_days_that_it_begins_on() -> None:
    """The first second of a window is its own, its last midnight is not; a shift across it takes its breaks along."""
    first, after = pause("f", "1 00:00", "1 00:30"), pause("p", "12 00:00", "12 00:30")
    assert of_breaks(first, after, shifts=())[0] == ["f"]
    assert of_breaks(known=(first, after), shifts=())[1] == ("f",)
    low, high = WINDOW.surely_covered
    across = msgspec.structs.replace(first, start=low, end=WINDOW.start_utc + 60)
    assert of_breaks(known=(across,), shifts=(shift("f", "1 00:00", "1 08:00"),))[1] == ("f",)
    until = msgspec.structs.replace(after, end=high)
    assert of_breaks(known=(until,))[1] == ()
    assert of_breaks(known=(msgspec.structs.replace(until, end=high - 1),))[1] == ("p",)


def test_breaks_are_stored_again_only_if_they_differ_and_in_the_order_of_their_ids() -> None:
    """One that is known is followed wherever it has moved to."""
    lunch, tea, far = pause("l", "2 09:00", "2 09:30"), pause("t", "2 10:00", "2 10:10"), pause("f", "13 09:00", None)
    longer = msgspec.structs.replace(lunch, end=at("2 09:45"))
    assert of_breaks(tea, longer, known=(lunch,))[0] == ["l", "t"]
    assert of_breaks(lunch, known=(lunch,)) == ([], ())
    assert of_breaks(far)[0] == []
    assert of_breaks(far, known=(msgspec.structs.replace(far, start=at("2 09:00")),))[0] == ["f"]


@pytest.mark.parametrize(
    ("item", "is_gone"),
    [
        (pause("p", "2 09:00", "2 09:30"), True),
        (pause("p", "2 09:00", None), True),
        (pause("p", "12 01:00", "12 01:30"), True),
        (pause("p", "12 01:00", None), False),
        (pause("p", "12 07:00", "12 07:30"), False),
    ],
    ids=["closed", "open", "in the last night", "open there", "outside"],
)
def test_a_break_is_gone_if_it_had_to_be_in_the_answer(item: Break, *, is_gone: bool) -> None:
    """And its user is listed, without a record that cannot be believed."""
    assert of_breaks(known=(item,))[1] == (("p",) if is_gone else ())
    assert of_breaks(known=(item,), listed={BEN})[1] == ()
    bad = InvalidRecord(kind="shift", problem="p", value="v", activity_id="x", user_id=ANA)
    assert of_breaks(known=(item,), invalid_records=(bad,))[1] == ()
    assert of_breaks(item, known=(item,))[1] == ()


def test_breaks_that_are_gone_are_told_by_id() -> None:
    """Whatever order they are read in."""
    known = tuple(pause(name, "2 09:00", "2 09:30") for name in "cab")
    assert of_breaks(known=known)[1] == ("a", "b", "c")


# -- plans of several looks --------------------------------------------------------------------------------------------

LATER = Window(date(2025, 12, 12), date(2025, 12, 22), CHICAGO)


def test_a_later_look_sees_what_earlier_plans_will_write() -> None:
    """Rows that they create have ids below zero, and their shifts are linked to them; deleted rows are gone."""
    stored = after_sync(MORNING, EVENING)
    new, longer = shift("n", "3 08:00", "3 12:00"), msgspec.structs.replace(MORNING, end=at("2 13:00"))
    other = shift("o", "4 08:00", "4 12:00")
    seen = as_if_applied(stored, [decide(said(longer, new, other), stored)], WINDOW)
    rows = {one.id: one.key for one in seen.rows}
    assert sorted(key for key in rows if isinstance(key, int)) == [-2, -1, 1]
    links = {one.shift.id: one.clock_time_id for one in seen.mirrors}
    assert (links["a"], links["e"]) == (1, None)
    assert rows == {1: (1, MORNING.start), links["n"]: (1, new.start), links["o"]: (1, other.start)}
    assert next(one for one in seen.rows if one.id == 1).clock_out == longer.end


def test_of_plans_for_other_days_only_the_changes_to_rows_that_exist_count() -> None:
    """A row of these days may be taken over or go; a new row of theirs is none of these days."""
    stored = after_sync(MORNING, EVENING)
    plan = decide(said(msgspec.structs.replace(MORNING, end=at("2 13:00")), shift("n", "3 08:00", "3 12:00")), stored)
    creates_first = tuple(sorted(plan.changes, key=lambda one: one.kind != "create"))
    elsewhere = msgspec.structs.replace(plan, window=LATER, changes=creates_first)
    seen = as_if_applied(stored, [elsewhere], WINDOW)
    assert [(one.id, one.clock_out) for one in seen.rows] == [(1, at("2 13:00"))]
    assert {one.shift.id: one.clock_time_id for one in seen.mirrors} == {"a": 1, "e": None}


def test_what_a_plan_only_remembers_is_seen_too() -> None:
    """A correction that is held keeps its row; of other days only shifts that are known here are followed."""
    stored = after_sync(MORNING)
    stranger = shift("s", "4 08:00", "4 12:00", user=999)
    held = tracked(msgspec.structs.replace(MORNING, end=at("2 13:00")))
    plan = msgspec.structs.replace(decide(said(MORNING), stored), mirrors=(held, tracked(stranger, None)))
    assert plan.changes == ()
    assert as_if_applied(stored, [plan], WINDOW).mirrors == (held, tracked(stranger, None))
    assert as_if_applied(stored, [msgspec.structs.replace(plan, window=LATER)], WINDOW).mirrors == (held,)


def test_a_row_that_is_made_again_with_its_old_id_keeps_it() -> None:
    """Such an id is known beforehand."""
    stored = after_sync(MORNING)
    plan: SlicePlan = decide(said(MORNING, EVENING), stored)
    image = row(EVENING, 44)
    [created] = plan.changes
    again = msgspec.structs.replace(plan, changes=(msgspec.structs.replace(created, after=image),))
    seen = as_if_applied(stored, [again], WINDOW)
    assert [one.id for one in seen.rows] == [1, 44]
    assert {one.shift.id: one.clock_time_id for one in seen.mirrors} == {"a": 1, "e": 44}

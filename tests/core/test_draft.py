"""What a hold of the planner has in it, to the last field, and what stands in the way of a change first."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest
from test_plan import ANA, BEN, CHICAGO, CLOCK, EMPLOYEES, MORNING, WINDOW, after_sync, at, said, shift

from connecteam_sync.core.change import Change, Hold, NewEmployee, Policy, Wait
from connecteam_sync.core.clocktime import Child, ClockTime, StoredState, clock_time_of
from connecteam_sync.core.draft import PlanBuilder
from connecteam_sync.core.evidence import RunEvidence
from connecteam_sync.core.shift import InvalidRecord, Shift, Snapshot
from connecteam_sync.core.window import LockSource, locked_day

LONGER = msgspec.structs.replace(MORNING, end=at("2 13:00"))
DAYS = (date(2025, 12, 2), date(2025, 12, 2))


def builder(stored: StoredState | None = None, answer: Snapshot | None = None, **policy: Any) -> PlanBuilder:  # noqa: ANN401
    """A draft of the eleven days."""
    known = after_sync(MORNING) if stored is None else stored
    return PlanBuilder(WINDOW, said(MORNING) if answer is None else answer, known, Policy(**policy), RunEvidence())


def with_state(**changed: Any) -> StoredState:  # noqa: ANN401
    """The morning as it was written, but for this."""
    return msgspec.structs.replace(after_sync(MORNING), **changed)


def row(item: Shift = MORNING, key: int | None = 1, employee: int = 1) -> ClockTime:
    """The row of a shift."""
    return clock_time_of(employee, item.start, item.end, id=key)


def only(draft: PlanBuilder) -> Hold:
    """The one hold there is."""
    [hold] = draft.holds.values()
    return hold


# -- holds -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "clock_time_id", "subject", "minutes"),
    [
        (row(), row(LONGER), 1, "shift:a", 60),
        (row(), None, 1, "shift:a", -240),
        (None, row(MORNING, None), None, "shift:a", 240),
    ],
    ids=["a correction", "a deletion", "a new row"],
)
@pytest.mark.parametrize("would_be", [True, False])
def test_a_hold_in_the_place_of_a_change(
    before: ClockTime | None,
    after: ClockTime | None,
    clock_time_id: int | None,
    subject: str,
    minutes: int,
    *,
    would_be: bool,
) -> None:
    """It has the row, the person, the clock-in and the minutes of the change, and the change itself if only a closed
    day keeps it from being written: a correction is made of that.
    """
    draft = builder()
    kind = "create" if before is None else "delete" if after is None else "update"
    change = draft.change(kind, before, after, MORNING, "why")  # type: ignore[arg-type] # one of the three
    draft.hold_change("locked_day", change, "d", would_be=would_be)
    assert only(draft) == Hold(
        reason="locked_day",
        subject=subject,
        detail="d",
        shift_id="a",
        user_id=ANA,
        clock_time_id=clock_time_id,
        employee_id=1,
        instant=MORNING.start,
        minutes=minutes,
        change=change if would_be else None,
    )


def test_a_hold_about_a_shift_that_is_there() -> None:
    """Its minutes are those that the row would have more; the person is the one it would be, else the mapped one."""
    draft = builder()
    draft.hold_shift("manual_row", MORNING, "d")
    assert only(draft) == Hold(
        reason="manual_row",
        subject="shift:a",
        detail="d",
        shift_id="a",
        user_id=ANA,
        employee_id=1,
        instant=MORNING.start,
        minutes=240,
    )

    def held(item: Shift, **more: Any) -> Hold:  # noqa: ANN401
        draft = builder()
        draft.hold_shift("manual_row", item, "d", **more)
        return only(draft)

    short = clock_time_of(2, MORNING.start, MORNING.start + 3600, id=5)
    beside = held(MORNING, row=short)
    assert (beside.clock_time_id, beside.employee_id, beside.minutes) == (5, 1, 180)
    stranger = msgspec.structs.replace(MORNING, user_id=999)
    assert held(stranger).employee_id is None
    assert held(stranger, row=short).employee_id == 2
    assert held(stranger, image=clock_time_of(9, 0, 60)).employee_id == 9
    assert held(stranger, image=clock_time_of(-999, 0, 60)).employee_id is None
    assert held(MORNING, image=clock_time_of(-ANA, 0, 60)).employee_id == 1
    assert held(MORNING, image=clock_time_of(0, 0, 7200), row=short).minutes == 60
    assert held(MORNING).time_clock_id is None
    assert held(msgspec.structs.replace(MORNING, time_clock_id=8)).time_clock_id == 8


def test_a_hold_about_a_row_whose_shift_is_not_shown() -> None:
    """About its shift, unless another look holds that already; its minutes are what the table would lose."""
    stored = after_sync(MORNING)
    mirror = stored.mirrors[0]

    def held(**more: Any) -> Hold:  # noqa: ANN401
        draft = builder()
        draft.hold_row("window_edge", stored.rows[0], "d", **more)
        return only(draft)

    expected = Hold(
        reason="window_edge",
        subject="shift:a",
        detail="d",
        shift_id="a",
        user_id=ANA,
        clock_time_id=1,
        employee_id=1,
        instant=MORNING.start,
        minutes=-240,
    )
    assert held(mirror=mirror) == expected
    assert held(mirror=mirror, has_own_hold=True) == msgspec.structs.replace(expected, subject="row:1")
    assert held(mirror=None) == msgspec.structs.replace(expected, subject="row:1", shift_id=None, user_id=None)


def test_of_two_holds_for_one_reason_the_first_word_stands() -> None:
    """Another reason, or another subject, is another hold."""
    draft = builder()
    draft.hold_shift("manual_row", MORNING, "first")
    draft.hold_shift("manual_row", MORNING, "second")
    draft.hold_shift("local_edit", MORNING, "third")
    draft.hold_shift("manual_row", msgspec.structs.replace(MORNING, id="b"), "fourth")
    assert [hold.detail for hold in draft.holds.values()] == ["first", "third", "fourth"]


# -- records that cannot be believed -----------------------------------------------------------------------------------

BAD = InvalidRecord(
    kind="shift", problem="it ends before it begins", value="v", user_id=ANA, activity_id="a", digest="x"
)


@pytest.mark.parametrize(
    ("changed", "subject", "detail"),
    [
        ({}, "shift:a", "a shift cannot be believed: it ends before it begins"),
        ({"kind": "break"}, "break:a", "a break cannot be believed: it ends before it begins"),
        ({"kind": "user"}, "shift:a", "a person's record cannot be believed: it ends before it begins"),
        ({"kind": "odd"}, "shift:a", "odd cannot be believed: it ends before it begins"),
        ({"activity_id": None}, "record:x", "a shift cannot be believed: it ends before it begins"),
        (
            {"start": at("2 08:00")},
            "shift:a",
            "a shift cannot be believed: it ends before it begins (it began 2025-12-02 08:00)",
        ),
        (
            {"start": at("2 23:00"), "end": at("3 01:00")},
            "shift:a",
            "a shift cannot be believed: it ends before it begins (2025-12-02 23:00-01:00 (Wed 3 Dec))",
        ),
        (
            {"meant": at("2 08:00")},
            "shift:a",
            "a shift cannot be believed: it ends before it begins (as milliseconds that would be 2025-12-02 08:00)",
        ),
    ],
    ids=["bare", "break", "user", "another kind", "without an id", "open", "with times", "in milliseconds"],
)
def test_a_record_that_cannot_be_believed_is_held_with_what_it_says(
    changed: dict[str, Any], subject: str, detail: str
) -> None:
    """As far as that is a time."""
    draft = builder(StoredState(employees=EMPLOYEES))
    draft.hold_invalid_record(msgspec.structs.replace(BAD, **changed))
    found = only(draft)
    assert (found.reason, found.subject, found.detail) == ("impossible_record", subject, detail)
    assert (found.user_id, found.employee_id, found.clock_time_id) == (ANA, 1, None)
    assert found.instant == changed.get("start")
    assert found.shift_id == changed.get("activity_id", "a")


def test_the_hold_of_a_record_is_about_the_row_that_its_shift_has() -> None:
    """On the day that is remembered; if that is not looked at, on the record's own, and it says where the row is."""
    said_here = msgspec.structs.replace(BAD, start=at("5 08:00"), end=at("5 09:00"))
    here = builder()
    here.hold_invalid_record(said_here)
    assert (only(here).clock_time_id, only(here).instant) == (1, MORNING.start)
    assert "row" not in only(here).detail
    for day, is_away in (("13 08:00", False), ("25 08:00", True)):
        elsewhere = builder(after_sync(msgspec.structs.replace(MORNING, start=at(day), end=at(day) + 3600)))
        elsewhere.hold_invalid_record(said_here)
        found = only(elsewhere)
        assert (found.clock_time_id, found.instant) == (1, at("5 08:00") if is_away else at(day))
        assert found.detail.endswith("; row 1 of this shift is on 2025-12-25") is is_away
    nobody = builder()
    nobody.hold_invalid_record(msgspec.structs.replace(BAD, user_id=None, activity_id="z"))
    assert (only(nobody).employee_id, only(nobody).clock_time_id) == (None, None)


# -- what stands in the way --------------------------------------------------------------------------------------------


def correction(draft: PlanBuilder) -> Change:
    """An hour more."""
    return draft.change("update", row(), row(LONGER), LONGER, "clock-out corrected")


def closed(source: LockSource = "own") -> dict[str, Any]:
    """The day of the morning, closed."""
    return {"locked": (locked_day(date(2025, 12, 2), CHICAGO, source),)}


POINTED_AT = {"children": {1: (Child("notes", 1, frozenset({"clock_in"}), follows=False),)}}
REFUSED = {"refused": {"shift:a": "value too long"}}


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ({}, None),
        (closed(), "locked_day"),
        ({**closed(), **REFUSED}, "locked_day"),
        (REFUSED, "refused_by_database"),
        (POINTED_AT, None),
        ({"refused": {"shift:b": "another"}}, None),
    ],
    ids=["nothing", "closed", "closed and refused", "refused", "pointed at, but not moved", "another is refused"],
)
def test_a_closed_day_comes_first_then_rows_that_point_then_the_database(
    state: dict[str, Any], reason: str | None
) -> None:
    """The hold of the first stands in the place of the change."""
    draft = builder(with_state(**state))
    draft.draft("update", row(), row(LONGER), LONGER, "clock-out corrected")
    assert [hold.reason for hold in draft.holds.values()] == ([reason] if reason else [])
    assert draft.changes == ([] if reason else [correction(draft)])


def test_each_obstacle_has_its_sentence() -> None:
    """With what would be written, and why not."""
    later = msgspec.structs.replace(MORNING, start=MORNING.start + 60)
    pointed = builder(with_state(**POINTED_AT, **REFUSED))
    move = pointed.change("update", row(), row(later), later, "clock-in corrected")
    assert pointed.obstacle(move) == (
        "child_row",
        "1 row of notes points at row 1; it stays as it is until they are gone",
    )
    refused = builder(with_state(**REFUSED))
    assert refused.obstacle(correction(refused)) == (
        "refused_by_database",
        "the correction (clock-out corrected): your table refuses it: value too long",
    )
    gone = refused.change("delete", row(), None, MORNING, "gone")
    assert refused.obstacle(gone) == (
        "refused_by_database",
        "the deletion (gone): your table refuses it: value too long",
    )
    locked = builder(with_state(**closed()))
    assert locked.obstacle(correction(locked)) == (
        "locked_day",
        "Tue 2 Dec 2025 is locked for payroll: clock-out 12:00 -> 13:00 (+1:00 h) is not written",
    )
    assert locked.obstacle(locked.change("link", row(), row(), MORNING, "")) is None


def test_of_a_purged_day_nothing_is_corrected_later() -> None:
    """It says so, whatever else closes the day; only of other closed days a correction can be made."""
    purged = locked_day(date(2025, 12, 2), CHICAGO, "purged")
    own = locked_day(date(2025, 12, 2), CHICAGO)
    for locked, is_kept in (((own,), True), ((own, purged), False), ((purged,), False)):
        draft = builder(with_state(locked=locked))
        draft.draft("update", row(), row(LONGER), LONGER, "clock-out corrected")
        found = only(draft)
        assert (found.reason, found.change is not None) == ("locked_day", is_kept)
        assert ("was purged" in found.detail) is not is_kept


def test_names_are_those_on_record_and_of_people_to_be_made() -> None:
    """The latter by their provisional ids."""
    draft = builder(with_state(names={1: "Ana"}))
    draft.new_employees[BEN] = NewEmployee(user_id=BEN, name="Ben")
    assert draft.names() == {1: "Ana", -BEN: "Ben"}


# -- days, waits, links ------------------------------------------------------------------------------------------------


def test_a_change_touches_the_days_of_both_its_images() -> None:
    """From the first to the last, and it knows its shift and user."""
    draft = builder()
    night = shift("n", "4 22:00", "5 06:00")
    moved = draft.change("update", row(night), row(MORNING), night, "why")
    assert moved.days == (date(2025, 12, 2), date(2025, 12, 5))
    assert draft.change("update", row(MORNING), row(night), night, "why").days == moved.days
    assert draft.change("delete", row(night), None, None, "why").days == (date(2025, 12, 4), date(2025, 12, 5))
    assert (moved.shift_id, moved.user_id, moved.why) == ("n", ANA, "why")
    orphan = draft.change("delete", row(), None, None, "why")
    assert (orphan.shift_id, orphan.user_id, orphan.days) == (None, None, DAYS)


def test_a_draft_knows_the_days_it_decides_on() -> None:
    """Half open, as everywhere."""
    draft = builder()
    assert [draft.inside(WINDOW.start_utc + n) for n in (-1, 0)] == [False, True]
    assert [draft.inside(WINDOW.end_utc + n) for n in (-1, 0)] == [True, False]


def test_a_shift_waits_for_the_end_in_any_case_rather_than_for_another() -> None:
    """Whichever is said first; it says whether it has a row already."""
    plain = Wait(shift_id="a", user_id=ANA, start=MORNING.start, has_row=True)
    for order in (("b", None), (None, "b"), (None, None)):
        draft = builder()
        for because in order:
            draft.wait(MORNING, because)
        assert draft.waits == {"a": plain}
        assert draft.leans
    draft = builder(StoredState(employees=EMPLOYEES))
    draft.wait(MORNING, "b")
    draft.wait(MORNING, "c")
    assert draft.waits == {"a": Wait(shift_id="a", user_id=ANA, start=MORNING.start, because="c")}
    lost = builder(with_state(rows=()))
    lost.wait(MORNING)
    assert not lost.waits["a"].has_row
    other = builder()
    other.wait_for(other.change("create", None, row(MORNING, None), msgspec.structs.replace(MORNING, id="z"), ""), None)
    assert other.waits == {}


def test_a_link_that_is_given_up_is_forgotten_on_both_sides() -> None:
    """The row is free for the shift that has it now."""
    draft = builder()
    draft.give_up_link(draft.mirrors["a"])
    assert (draft.mirrors["a"].clock_time_id, draft.mirrors["a"].applied) == (None, None)
    assert draft.mirrors["a"].shift == MORNING
    assert (draft.shift_of_row, draft.stale) == ({}, {"a"})


@pytest.mark.parametrize(
    ("changed", "is_edited"),
    [
        ({}, False),
        ({"clock_in": at("2 08:15")}, True),
        ({"clock_out": at("2 12:15")}, True),
        ({"employee_id": 2}, True),
        ({"total_minutes": 1}, True),
        ({"is_active": True}, True),
        ({"source": "manual"}, True),
        ({"id": 5, "clock_out": at("2 12:15")}, False),
    ],
    ids=str,
)
def test_a_row_that_differs_from_what_was_written_was_edited(changed: dict[str, Any], *, is_edited: bool) -> None:
    """In any value of ours; a row that is not the shift's says nothing."""
    draft = builder()
    mirror = draft.mirrors["a"]
    assert draft.edited_locally(mirror, msgspec.structs.replace(row(), **changed)) is is_edited
    assert not draft.edited_locally(None, row(LONGER))
    assert not draft.edited_locally(msgspec.structs.replace(mirror, applied=None), row(LONGER))


def test_rows_of_ours_in_the_window_are_counted_by_person() -> None:
    """Of all time clocks; not those by hand, nor those of other days."""
    rows = [row(MORNING, 1), row(shift("b", "3 08:00", "3 12:00"), 2), row(MORNING, 3, 2)]
    by_hand = msgspec.structs.replace(row(MORNING, 4), source="manual")
    outside = row(shift("c", "12 00:00", "12 08:00"), 5)
    draft = builder(StoredState(rows=(*rows, by_hand, outside), employees=EMPLOYEES))
    assert draft.rows_of_people == {1: 2, 2: 1}
    assert [one.id for one in draft.unlinked(())] == [1, 2, 3]
    assert draft.rows_of_this_clock(()) == ()
    linked = builder(msgspec.structs.replace(after_sync(MORNING), rows=(*rows, by_hand, outside)))
    assert [one.id for one in linked.unlinked(())] == [2, 3]
    assert [one.id for one in linked.rows_of_this_clock(())] == [1]
    linked.changes.append(linked.change("delete", rows[1], None, None, ""))
    assert [one.id for one in linked.unlinked(())] == [3]
    assert [one.id for one in linked.rows_of_this_clock(())] == [1, 2]
    assert linked.clock == CLOCK


def test_rows_that_wait_to_go_are_not_in_the_way_of_new_ones_unless_those_wait_too() -> None:
    """Deferred new rows would stand next to them."""
    orphan = row(shift("b", "3 08:00", "3 12:00"), 2)
    draft = builder(with_state(rows=(row(), orphan)))
    assert [one.id for one in draft.unlinked(())] == [2]
    draft.pending[2] = draft.change("delete", orphan, None, None, "")
    assert draft.unlinked(()) == ()
    draft.deferred.append(draft.change("create", None, row(MORNING, None), MORNING, ""))
    assert [one.id for one in draft.unlinked(())] == [2]


def test_rows_of_a_time_clock_are_those_of_its_days() -> None:
    """From the first second to before the last midnight."""
    edges = [
        msgspec.structs.replace(MORNING, id=name, start=start)
        for name, start in (("f", WINDOW.start_utc), ("l", WINDOW.end_utc))
    ]
    draft = builder(after_sync(*edges, MORNING))
    assert [one.id for one in draft.rows_of_this_clock(())] == [1, 3]
    assert [
        one.id for one in builder(msgspec.structs.replace(after_sync(*edges, MORNING), mirrors=())).unlinked(())
    ] == [1, 3]

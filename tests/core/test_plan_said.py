"""What the planner says of each shift: the words of the journal, the sentences of holds, counts and minutes."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from test_plan import ANA, BEN, CLOCK, EMPLOYEES, MORNING, WINDOW, after_sync, at, decide, said, shift

from connecteam_sync.core.change import Counts, Hold, Minutes, NewEmployee, SlicePlan
from connecteam_sync.core.clocktime import AppliedValues, Employee, StoredState, TrackedShift, clock_time_of
from connecteam_sync.core.people import phone_marks
from connecteam_sync.core.shift import InvalidRecord, User

EVENING = shift("e", "2 16:00", "2 20:00")
STRANGER = shift("s", "4 08:00", "4 12:00", user=999)
WITHOUT = StoredState(employees=EMPLOYEES)


def whys(plan: SlicePlan) -> list[tuple[str, str | None, str]]:
    """Kind, shift and reason of each change."""
    return [(change.kind, change.shift_id, change.why) for change in plan.changes]


def told(plan: SlicePlan) -> list[tuple[str, str, str]]:
    """Reason, subject and sentence of each hold."""
    return [(hold.reason, hold.subject, hold.detail) for hold in plan.holds]


def edited(**changed: Any) -> StoredState:  # noqa: ANN401 - fields of a row
    """The morning as it was written, but for this of its row."""
    stored = after_sync(MORNING)
    return msgspec.structs.replace(stored, rows=(msgspec.structs.replace(stored.rows[0], **changed),))


# -- the words of the journal ------------------------------------------------------------------------------------------


def test_a_new_row_says_whether_there_was_one() -> None:
    """None yet, one that somebody deleted, or one that comes back with its shift."""
    assert whys(decide(said(MORNING), WITHOUT)) == [("create", "a", "new shift")]
    lost = msgspec.structs.replace(after_sync(MORNING), rows=())
    assert whys(decide(said(MORNING), lost)) == [("create", "a", "its row had been deleted in the table")]
    had = TrackedShift(MORNING, is_gone=True, former_clock_time_id=9)
    back = decide(said(MORNING), msgspec.structs.replace(WITHOUT, mirrors=(had,)))
    assert whys(back) == [("create", "a", "it is back, and so is its row")]
    assert back.changes[0].image.id == 9


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"clock_out": at("2 12:30"), "total_minutes": 270}, "edited in the table, clock-out corrected"),
        ({"total_minutes": 99}, "edited in the table"),
        ({"is_active": True}, "edited in the table"),
        ({"employee_id": 2}, "edited in the table, moved to another employee"),
    ],
    ids=str,
)
def test_an_edit_in_the_table_is_taken_back_and_says_so(changed: dict[str, Any], why: str) -> None:
    """Unless the company keeps such edits: then the shift is held, with the row and the minutes that differ."""
    assert whys(decide(said(MORNING), edited(**changed))) == [("update", "a", why)]
    stored = edited(**changed)
    plan = decide(said(MORNING), stored, local_edits="keep")
    [hold] = plan.holds
    assert (hold.reason, hold.detail, hold.clock_time_id) == ("local_edit", "row 1 was edited in the table", 1)
    assert hold.minutes == 240 - stored.rows[0].minutes
    assert plan.changes == ()


def test_a_row_that_was_deleted_in_the_table_may_be_kept_so() -> None:
    """The shift is held with all its minutes."""
    lost = msgspec.structs.replace(after_sync(MORNING), rows=())
    plan = decide(said(MORNING), lost, local_edits="keep")
    assert told(plan) == [("local_edit", "shift:a", "its row was deleted in the table by somebody else")]
    assert (plan.holds[0].minutes, plan.changes) == (240, ())


def test_minutes_that_contradict_the_times_are_corrected_without_another_word() -> None:
    """Nobody edited them: they were adopted so."""
    row = msgspec.structs.replace(clock_time_of(1, MORNING.start, MORNING.end, id=4), total_minutes=1)
    mirror = TrackedShift(MORNING, clock_time_id=4)
    stored = msgspec.structs.replace(WITHOUT, rows=(row,), mirrors=(mirror,))
    assert whys(decide(said(MORNING), stored)) == [("update", "a", "minutes or flag contradicted the times")]


def test_a_row_that_becomes_a_shifts_says_how() -> None:
    """Of a shift that was replaced, of a rival, or without one; tied to it, or corrected with it."""
    new = msgspec.structs.replace(MORNING, id="n")
    replaced = decide(said(new), after_sync(MORNING))
    assert whys(replaced) == [("link", "n", "Connecteam replaced shift a by this one")]
    longer = msgspec.structs.replace(new, end=at("2 13:00"))
    assert whys(decide(said(longer), after_sync(MORNING))) == [
        ("update", "n", "Connecteam replaced shift a by this one")
    ]
    old = msgspec.structs.replace(after_sync(MORNING), mirrors=())
    adopted = "the row had no shift yet; employee and clock-in are exactly its own"
    assert whys(decide(said(MORNING), old)) == [("link", "a", adopted)]
    rival = msgspec.structs.replace(new, created_at=1)
    taken = decide(
        said(msgspec.structs.replace(MORNING, created_at=2), rival),
        after_sync(msgspec.structs.replace(MORNING, created_at=2)),
    )
    assert whys(taken) == [("link", "n", "the row was shift a's, which has the same clock-in and was created later")]


def test_a_row_by_hand_is_never_changed() -> None:
    """If it says something else the shift is held: its row, and by how much it differs."""
    differs = "row 1 was entered by 'manual', and differs: it is never changed"
    plan = decide(said(MORNING), edited(source="manual", clock_out=at("2 12:30"), total_minutes=270))
    assert plan.holds == (
        Hold(
            reason="manual_row",
            subject="shift:a",
            detail=differs,
            shift_id="a",
            user_id=ANA,
            clock_time_id=1,
            employee_id=1,
            instant=MORNING.start,
            minutes=-30,
        ),
    )
    assert decide(said(MORNING), edited(source="manual")).holds == ()


# -- people ------------------------------------------------------------------------------------------------------------


def test_shifts_of_users_without_an_employee_are_held() -> None:
    """With the row that they have, if their user was mapped before; an ambiguous one says between whom."""
    nobody = "Connecteam user 999 (nobody in Connecteam's user list) is mapped to no employee"
    assert told(decide(said(STRANGER), WITHOUT)) == [("unmapped_user", "shift:s", nobody)]
    unmapped = msgspec.structs.replace(after_sync(MORNING), employees={BEN: 2})
    [hold] = decide(said(MORNING), unmapped).holds
    assert (hold.reason, hold.clock_time_id, hold.minutes) == ("unmapped_user", 1, 0)
    assert hold.detail == "Connecteam user 101 (Person 101) is mapped to no employee"
    twice = msgspec.structs.replace(unmapped, ambiguous={ANA: (1, 3)})
    [hold] = decide(said(MORNING), twice).holds
    assert (hold.reason, hold.clock_time_id) == ("ambiguous_employee", 1)
    assert hold.detail == "Connecteam user 101 (Person 101) stands on 2 employees (1, 3): whose hours are they?"


NEWCOMER = User(id=999, first_name="Eve", last_name="New", email="Eve@example.test")


def newcomer(stored: StoredState = WITHOUT, **policy: Any) -> SlicePlan:  # noqa: ANN401 - any policy
    """A plan with a shift of somebody new."""
    answer = said(STRANGER, listed={ANA, BEN, 999})
    return decide(msgspec.structs.replace(answer, users=(*answer.users, NEWCOMER)), stored, **policy)


def test_an_employee_is_made_for_somebody_new_where_the_company_wants_that() -> None:
    """With their name and address, unless an employee has that already; the rows of the plan stand on the user."""
    plan = newcomer(employees="create")
    assert plan.new_employees == (NewEmployee(user_id=999, name="Eve New", email="Eve@example.test"),)
    assert [change.image.employee_id for change in plan.changes] == [-999]
    working = Employee(id=5, name="Other Person", email="eve@example.test", connecteam_user_id="7")
    known = msgspec.structs.replace(WITHOUT, people=(working,), users_of={5: frozenset({ANA})})
    assert newcomer(known, employees="create").new_employees == (NewEmployee(user_id=999, name="Eve New"),)
    assert (newcomer().new_employees, newcomer().changes) == ((), ())


def with_leaver(leaver: User, *, clocks_in: bool = True) -> SlicePlan:
    """A plan with a shift of somebody new, beside another user who is new, too, and may have left."""
    other = shift("l", "5 08:00", "5 09:00", user=leaver.id)
    answer = said(STRANGER, *([other] if clocks_in else []), listed={ANA, BEN, 999, leaver.id})
    answer = msgspec.structs.replace(answer, users=(*answer.users, NEWCOMER, leaver))
    return decide(answer, WITHOUT, employees="create")


@pytest.mark.parametrize(
    ("fields", "is_double"),
    [
        ({"first_name": "Eve", "last_name": "New"}, True),
        ({"first_name": "E.", "last_name": "Other", "email": "eve@EXAMPLE.test"}, True),
        ({"first_name": "Other", "last_name": "Name"}, False),
        ({"first_name": "Eve", "last_name": "New", "is_archived": False}, False),
    ],
    ids=["the name", "the address", "nothing alike", "not archived"],
)
def test_somebody_new_who_may_have_left_before_waits_for_a_person(fields: dict[str, Any], *, is_double: bool) -> None:
    """The one who left gets an employee by this plan, if they have hours on these days."""
    leaver = User(**{"id": 500, "is_archived": True, **fields})
    plan = with_leaver(leaver)
    assert [new.user_id for new in plan.new_employees] == ([500] if is_double else [500, 999])
    assert [hold.reason for hold in plan.holds] == (["possible_double"] if is_double else [])
    if is_double:
        assert "might be archived Connecteam user 500, whose employee is new too" in plan.holds[0].detail
    assert [new.user_id for new in with_leaver(leaver, clocks_in=False).new_employees] == [999]


def test_somebody_new_with_the_number_of_one_who_left_waits_too() -> None:
    """Written with or without its country code."""
    leaver = User(id=500, first_name="E.", last_name="Other", is_archived=True, phone=phone_marks("3125551234"))
    other = shift("l", "5 08:00", "5 09:00", user=500)
    answer = said(STRANGER, other, listed={ANA, BEN, 999, 500})
    new = msgspec.structs.replace(NEWCOMER, phone=phone_marks("+1 312 555 1234"))
    plan = decide(msgspec.structs.replace(answer, users=(*answer.users, new, leaver)), WITHOUT, employees="create")
    assert [hold.reason for hold in plan.holds] == ["possible_double"]


def test_an_employee_whose_user_works_here_is_not_somebody_new() -> None:
    """One whose user has left may be."""
    namesake = Employee(id=5, name="Eve New", connecteam_user_id="700")
    known = msgspec.structs.replace(WITHOUT, people=(namesake,), users_of={5: frozenset({700})})
    answer = said(STRANGER, listed={ANA, BEN, 999})
    for is_archived, reasons in ((True, ["possible_double"]), (False, [])):
        works = User(id=700, first_name="Eve", last_name="New", is_archived=is_archived)
        users = (*answer.users, NEWCOMER, works)
        plan = decide(msgspec.structs.replace(answer, users=users), known, employees="create")
        assert [hold.reason for hold in plan.holds] == reasons


def test_somebody_whom_the_table_of_people_refuses_is_held() -> None:
    """With the database's words; a closed day makes no employee either."""
    refused = msgspec.structs.replace(WITHOUT, refused={"user:999": "department may not be null"})
    plan = newcomer(refused, employees="create")
    assert told(plan) == [
        (
            "refused_by_database",
            "shift:s",
            "Eve New cannot be added to your employees: department may not be null",
        )
    ]
    assert (plan.new_employees, plan.changes) == ((), ())
    assert [hold.reason for hold in newcomer(refused).holds] == ["unmapped_user"]


# -- other days, other time clocks -------------------------------------------------------------------------------------


def test_a_shift_without_a_row_that_is_on_another_day_by_now_is_not_written() -> None:
    """The hold names the run that would."""
    away = shift("a", "13 08:00", "13 12:00")
    remembered = msgspec.structs.replace(WITHOUT, mirrors=(TrackedShift(MORNING),))
    assert told(decide(said(away), remembered)) == [
        ("window_edge", "shift:a", "it is on another day by now: run the sync over that day")
    ]
    with_row = decide(said(away), after_sync(MORNING))
    assert [change.kind for change in with_row.changes] == ["update"]


def test_a_shift_remembered_of_another_time_clock_is_not_taken_for_this_ones() -> None:
    """Until a look at that clock has shown that it is not there any more."""
    stored = after_sync(msgspec.structs.replace(MORNING, time_clock_id=8))
    plan = decide(said(MORNING), stored)
    detail = "until now it was on time clock 8, which this run did not look at for that day"
    assert told(plan) == [("clock_not_looked_at", "shift:a", detail)]
    assert (plan.changes, plan.mirrors) == ((), ())


# -- keys that are taken -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "reason", "who"), [("manual", "manual_row", "'manual'"), ("connecteam", "orphan", "connecteam")]
)
def test_a_clock_in_that_another_row_has_is_told_by_whose_it_is(source: str, reason: str, who: str) -> None:
    """Nobody's, or one that somebody entered; the correction waits, and moves no minutes."""
    moved = msgspec.structs.replace(MORNING, start=EVENING.start, end=EVENING.end)
    there = msgspec.structs.replace(clock_time_of(1, EVENING.start, EVENING.end, id=7), source=source)
    stored = after_sync(MORNING)
    plan = decide(said(moved), msgspec.structs.replace(stored, rows=(*stored.rows, there)), orphans="ignore")
    assert told(plan) == [(reason, "shift:a", f"row 7 ({who}) already has that clock-in")]
    assert (plan.holds[0].minutes, plan.holds[0].clock_time_id, plan.changes) == (0, 1, ())


# -- the whole ---------------------------------------------------------------------------------------------------------


def test_counts_and_minutes_are_of_the_whole_window() -> None:
    """Each shift is in one of them; minutes are of rows of this time clock, before and after."""
    gone, held, corrected = shift("g", "3 08:00", "3 09:00"), shift("h", "5 08:00", "5 10:00"), EVENING
    stored = after_sync(MORNING, corrected, gone, held)
    rows = [*stored.rows[:3], msgspec.structs.replace(stored.rows[3], source="manual", total_minutes=99)]
    elsewhere = clock_time_of(2, at("6 08:00"), at("6 18:00"), id=50)
    of_other = TrackedShift(
        shift(
            "o",
            "6 08:00",
            "6 18:00",
            user=BEN,
        ),
        clock_time_id=50,
        applied=AppliedValues(2, elsewhere.clock_in, elsewhere.clock_out),
    )
    of_other = msgspec.structs.replace(of_other, shift=msgspec.structs.replace(of_other.shift, time_clock_id=8))
    old = clock_time_of(2, at("7 08:00"), at("7 09:00"), id=60)
    stored = msgspec.structs.replace(stored, rows=(*rows, elsewhere, old), mirrors=(*stored.mirrors, of_other))
    answer = said(
        MORNING,
        msgspec.structs.replace(corrected, end=at("2 21:00")),
        held,
        shift("n", "8 08:00", "8 11:00"),
        shift("x", "7 08:00", "7 09:00", user=BEN),
        shift("padding", "12 08:00", "12 09:00"),
    )
    plan = decide(answer, stored)
    assert plan.counts == Counts(total_shifts=5, created=1, updated=1, unchanged=2, deleted=1, held=1, linked=1)
    assert plan.minutes == Minutes(before=240 + 240 + 60 + 60, after=240 + 300 + 180 + 60)
    assert plan.minutes.after - plan.minutes.before == sum(change.minutes for change in plan.changes)
    assert (plan.time_clock_id, plan.window, plan.snapshot) == (CLOCK, WINDOW, answer)
    assert [hold.reason for hold in plan.holds] == ["manual_row"]


def test_holds_come_by_instant_then_reason() -> None:
    """Those without one first."""
    bad = InvalidRecord(kind="user", problem="p", value="v", digest="d")
    plan = decide(
        said(STRANGER, msgspec.structs.replace(STRANGER, id="r", start=at("3 08:00")), invalid_records=(bad,)), WITHOUT
    )
    assert [(hold.reason, hold.subject) for hold in plan.holds] == [
        ("impossible_record", "record:d"),
        ("unmapped_user", "shift:r"),
        ("unmapped_user", "shift:s"),
    ]


def test_rows_that_would_go_are_named_for_whoever_asks_what_points_at_them() -> None:
    """Also those that are only reported."""
    stored = after_sync(MORNING)
    orphan = clock_time_of(1, at("4 08:00"), at("4 09:00"), id=30)
    plan = decide(said(), msgspec.structs.replace(stored, rows=(*stored.rows, orphan)))
    assert plan.at_risk == (1, 30)
    assert decide(said(MORNING), stored).at_risk == ()
    assert decide(said(), stored).losses.rows == ((1, 1),)
    assert decide(said(MORNING), stored).losses.rows == ()

"""Hours that would stand in the table twice: new rows in the minute of an old one, and rows by hand on a clock-in."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from test_plan import ANA, BEN, EMPLOYEES, MORNING, after_sync, at, decide, kinds, said, shift

from connecteam_sync.core.change import Hold, SlicePlan
from connecteam_sync.core.clocktime import ClockTime, StoredState, clock_time_of
from connecteam_sync.core.evidence import RunEvidence
from connecteam_sync.core.shift import InvalidRecord, Shift

OLD = clock_time_of(1, at("2 08:00"), at("2 12:00"), id=4)


def precise(name: str = "a", *, end: int = 7, user: int = ANA, day: int = 2) -> Shift:
    """A shift of the morning, with seconds."""
    times = {"start": at(f"{day} 08:00") + 41, "end": at(f"{day} 12:00") + end}
    return msgspec.structs.replace(shift(name, "2 08:00", user=user), **times)


def planned(*shifts: Shift, rows: tuple[ClockTime, ...] = (OLD,), **more: Any) -> SlicePlan:  # noqa: ANN401
    """The plan of these shifts beside rows without a shift."""
    return decide(said(*shifts), StoredState(rows=rows, employees=EMPLOYEES), **more)


def same_minute(plan: SlicePlan) -> list[tuple[str, str, int]]:
    """What is held for it: subject, sentence, minutes."""
    return [(hold.subject, hold.detail, hold.minutes) for hold in plan.holds if hold.reason == "same_minute"]


@pytest.mark.parametrize(("end", "same"), [(7, "says the same but for the seconds"), (60, "begins in that minute")])
def test_a_new_row_in_the_minute_of_an_old_one_is_held(end: int, same: str) -> None:
    """Both would count; the hold says which row it is, and whether that agrees."""
    plan = planned(precise(end=end))
    assert kinds(plan) == []
    minutes = 239 if end == 7 else 240
    assert same_minute(plan) == [("shift:a", f"row 4 has no shift yet and {same}", minutes)]


def test_only_the_new_rows_of_such_minutes_are_held() -> None:
    """Of other people, other minutes and other days they are made; nothing else is taken back."""
    stored = msgspec.structs.replace(
        after_sync(MORNING),
        rows=(
            after_sync(MORNING).rows[0],
            msgspec.structs.replace(OLD, clock_in=at("4 08:00"), clock_out=at("4 12:00")),
        ),
    )
    longer = msgspec.structs.replace(MORNING, end=at("2 13:00"))
    plan = decide(
        said(longer, precise("b", day=4), precise("c", user=BEN, day=4), shift("d", "5 08:00", "5 09:00")), stored
    )
    assert sorted((change.kind, change.shift_id) for change in plan.changes) == [
        ("create", "c"),
        ("create", "d"),
        ("update", "a"),
    ]
    assert [subject for subject, *_ in same_minute(plan)] == ["shift:b"]


@pytest.mark.parametrize(
    ("row", "is_held"),
    [
        (OLD, True),
        (msgspec.structs.replace(OLD, employee_id=2), False),
        (msgspec.structs.replace(OLD, clock_in=at("2 07:59")), False),
        (msgspec.structs.replace(OLD, clock_in=at("2 08:00") + 5), False),
        (msgspec.structs.replace(OLD, source="manual"), False),
    ],
    ids=["its minute", "of a colleague", "another minute", "with seconds of its own", "by hand"],
)
def test_the_old_row_is_one_of_ours_at_the_full_minute(row: ClockTime, *, is_held: bool) -> None:
    """Distances between times are not measured."""
    plan = planned(precise(), rows=(row,))
    assert bool(same_minute(plan)) is is_held
    assert kinds(plan) == ([] if is_held else ["create"])


def test_nothing_is_held_where_a_guard_refuses_all_of_it() -> None:
    """Most of three people would get their hours again: the refusal says what to do."""
    employees = {ANA: 1, BEN: 2, 103: 3}
    rows = tuple(msgspec.structs.replace(OLD, id=who, employee_id=who) for who in (1, 2, 3))
    answer = said(*(precise(f"s{user}", user=user) for user in employees), listed=set(employees))
    plan = decide(answer, StoredState(rows=rows, employees=employees))
    assert (same_minute(plan), [one.guard for one in plan.refusals]) == ([], ["doubled_hours"])
    assert plan.refusals[0].lacks_seconds
    # Of people whom the time clock does not list it creates no rows, so theirs are none of its business.
    two = msgspec.structs.replace(answer, listed=frozenset({ANA, BEN}))
    held = decide(two, StoredState(rows=rows, employees=employees))
    assert len(same_minute(held)) >= 2
    assert held.refusals == ()


def test_nothing_is_held_where_rows_without_a_shift_go() -> None:
    """The old row goes before the new one is made, or both wait."""
    evidence = RunEvidence(account={7: "Main"})
    evidence.stage = "end"
    plan = planned(precise(), evidence=evidence, orphans="delete")
    assert same_minute(plan) == []


def test_an_old_row_of_few_minutes_that_stays_where_such_rows_go_holds_nothing() -> None:
    """How many hours it has decides there, not the minute in which it begins."""
    evidence = RunEvidence(account={7: "Main"})
    evidence.stage = "end"
    bad = InvalidRecord(kind="shift", problem="p", value="v", user_id=ANA, activity_id="x")
    short = msgspec.structs.replace(OLD, clock_out=at("2 08:01"), total_minutes=1)
    stored = StoredState(rows=(short,), employees=EMPLOYEES)
    plan = decide(said(precise(), invalid_records=(bad,)), stored, evidence=evidence)
    assert (kinds(plan), same_minute(plan)) == (["create"], [])
    assert "impossible_record" in {hold.reason for hold in plan.holds}


# -- rows by hand ------------------------------------------------------------------------------------------------------

BY_HAND = msgspec.structs.replace(OLD, id=9, source="manual", total_minutes=200)


def by_hand(*rows: ClockTime, stored: StoredState | None = None) -> list[Hold]:
    """The holds about rows by hand, with the morning in its row."""
    known = after_sync(MORNING) if stored is None else stored
    plan = decide(said(MORNING), msgspec.structs.replace(known, rows=(*known.rows, *rows)))
    return [hold for hold in plan.holds if hold.reason == "manual_row"]


def test_a_row_by_hand_on_the_clock_in_of_a_shift_that_has_its_row_is_told() -> None:
    """Both count, and neither may be removed by us; the table would have as many minutes less."""
    assert by_hand(BY_HAND) == [
        Hold(
            reason="manual_row",
            subject="shift:a",
            detail="row 9 was entered by 'manual' on the clock-in of its row 1: both count;"
            " remove the one that is wrong",
            shift_id="a",
            user_id=ANA,
            clock_time_id=9,
            employee_id=1,
            instant=MORNING.start,
            minutes=-200,
        )
    ]


@pytest.mark.parametrize(
    "changed",
    [{"source": "connecteam"}, {"employee_id": 2}, {"clock_in": at("2 08:00") + 1}],
    ids=["ours", "of a colleague", "another second"],
)
def test_any_other_row_beside_it_is_not(changed: dict[str, Any]) -> None:
    """It stands in nobody's place."""
    assert by_hand(msgspec.structs.replace(BY_HAND, **changed)) == []


def test_a_shift_without_a_row_of_ours_has_nothing_twice() -> None:
    """Its row is the one by hand, or there is none."""
    stored = after_sync(MORNING)
    assert (
        by_hand(
            stored=msgspec.structs.replace(stored, rows=(msgspec.structs.replace(stored.rows[0], source="manual"),))
        )
        == []
    )
    others = [shift("A", "2 08:00", user=999), shift("B", "3 08:00"), shift("C", "3 09:00"), MORNING]
    beside_new = msgspec.structs.replace(BY_HAND, id=8, clock_in=at("3 08:00"))
    plan = decide(said(*others), msgspec.structs.replace(stored, rows=(*stored.rows, beside_new, BY_HAND)))
    assert "shift:a" in [hold.subject for hold in plan.holds if hold.reason == "manual_row"]


def test_where_nothing_is_new_or_nothing_old_is_left_nothing_is_held() -> None:
    """Whatever else is decided."""
    stored = after_sync(MORNING)
    longer = msgspec.structs.replace(MORNING, end=at("2 13:00"))
    with_old = msgspec.structs.replace(
        stored, rows=(*stored.rows, msgspec.structs.replace(OLD, clock_in=at("4 08:00")))
    )
    assert same_minute(decide(said(longer), with_old)) == []
    assert kinds(decide(said(MORNING, precise("b", day=4)), stored)) == ["create"]


def test_of_a_person_who_is_mapped_no_more_nothing_is_said_beside_the_mapping() -> None:
    """Whose hours they are has to be known first."""
    stored = msgspec.structs.replace(after_sync(MORNING), employees={BEN: 2})
    assert by_hand(BY_HAND, stored=stored) == []

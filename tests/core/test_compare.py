"""What the old algorithm would have done to each shift of a window, and the sums that a person decides by."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from test_plan import ANA, BEN, EMPLOYEES, MORNING, WINDOW, at, decide, said, shift

from connecteam_sync.core.change import Change, SlicePlan
from connecteam_sync.core.clocktime import ClockTime, StoredState, clock_time_of
from connecteam_sync.core.compare import Comparison, LegacyDamage, legacy_damages
from connecteam_sync.core.shift import Shift

LATER = shift("b", "3 08:00", "3 12:00")


def row(item: Shift = MORNING, key: int | None = 1, **changed: Any) -> ClockTime:  # noqa: ANN401 - fields of a row
    """The row of a shift, but for this."""
    return msgspec.structs.replace(clock_time_of(EMPLOYEES[item.user_id], item.start, item.end, id=key), **changed)


def harm(
    *rows: ClockTime, shifts: tuple[Shift, ...] = (MORNING,), changes: tuple[Change, ...] = ()
) -> list[LegacyDamage]:
    """What is wrong once a plan with these changes was applied to these rows."""
    plan: SlicePlan = msgspec.structs.replace(decide(said(*shifts), StoredState()), changes=changes)
    stored = StoredState(rows=rows, employees=EMPLOYEES, names={1: "Ana"})
    return list(legacy_damages(plan, stored))


def change(before: ClockTime | None, after: ClockTime | None) -> Change:
    """A write of the old algorithm."""
    day = WINDOW.first
    return Change(kind="update", before=before, after=after, shift_id=None, user_id=None, days=(day, day), why="")


def damage(kind: str, minutes: int, detail: str, item: Shift = MORNING) -> LegacyDamage:
    """What is told of a shift of Ana."""
    return LegacyDamage(
        kind=kind,  # type: ignore[arg-type] # one of the kinds
        shift_id=item.id,
        user_id=item.user_id,
        employee_id=1,
        name="Ana",
        start=item.start,
        end=item.end,
        minutes=minutes,
        detail=detail,
    )


WRONG = "its row would have another clock-out, other minutes or another flag"


@pytest.mark.parametrize(
    ("rows", "changes", "expected"),
    [
        ([row()], (), []),
        ([row(source="manual")], (), []),
        ([row(job="Cook")], (), []),
        ([], (), [damage("lost", 240, "no row with its clock-in")]),
        ([row(LATER)], (), [damage("lost", 240, "no row with its clock-in")]),
        ([row()], (change(row(), row(LATER)),), [damage("overwritten", 240, "no row with its clock-in")]),
        ([row(), row(key=2)], (), [damage("doubled", -240, "2 rows with its clock-in")]),
        ([row()], (change(None, row(key=None)),), [damage("doubled", -240, "2 rows with its clock-in")]),
        ([row(), row(key=2, total_minutes=1)], (), [damage("doubled", -1, "2 rows with its clock-in")]),
        ([row(total_minutes=200)], (), [damage("wrong", 40, WRONG)]),
        ([row(clock_out=at("2 13:00"), total_minutes=300)], (), [damage("wrong", -60, WRONG)]),
        ([row(is_active=True)], (), [damage("wrong", 0, WRONG)]),
        ([row(clock_out=None)], (), [damage("wrong", 240, WRONG)]),
        ([row(total_minutes=200)], (change(row(), row()),), []),
        ([], (change(None, row(key=None)),), []),
    ],
)
def test_each_harm_has_its_kind_and_minutes(
    rows: list[ClockTime], changes: tuple[Change, ...], expected: list[LegacyDamage]
) -> None:
    """Minutes that the row would lack (or have too many, below zero); one that is right is none, whoever wrote it."""
    assert harm(*rows, changes=changes) == expected


def test_harms_come_by_instant_then_shift_and_of_mapped_people_only() -> None:
    """Of the window's days; somebody without a name has a number."""
    same = msgspec.structs.replace(MORNING, id="A", user_id=BEN)
    outside = shift("o", "12 00:00", "12 08:00")
    stranger = msgspec.structs.replace(MORNING, id="s", user_id=999)
    found = harm(shifts=(LATER, stranger, outside, MORNING, same))
    assert [(one.shift_id, one.name, one.employee_id) for one in found] == [
        ("A", "employee 2", 2),
        ("a", "Ana", 1),
        ("b", "Ana", 1),
    ]


def test_sums_of_a_comparison() -> None:
    """What would be missing, what would be too much, and of how many people; both are told, since they do not make up
    for each other.
    """
    some = (damage("lost", 240, ""), damage("doubled", -60, ""), damage("wrong", 0, ""), damage("wrong", 5, ""))
    of_two = (*some, msgspec.structs.replace(some[0], employee_id=2, user_id=BEN))
    found = Comparison(window=WINDOW, shifts=9, legacy_damages=of_two)
    assert (found.missing, found.surplus, found.minutes, found.people) == (485, 60, 425, 2)
    nothing = Comparison(window=WINDOW, shifts=0, legacy_damages=())
    assert (nothing.missing, nothing.surplus, nothing.minutes, nothing.people, nothing.failures) == (0, 0, 0, 0, ())
    assert EMPLOYEES[ANA] == 1

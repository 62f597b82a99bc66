"""The independent check: each person-day on which the table and Connecteam disagree, and nothing that is held."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import msgspec
import pytest
from test_plan import ANA, EMPLOYEES, MORNING, WINDOW, after_sync, at, decide, said, shift

from connecteam_sync.core.clocktime import ClockTime, clock_time_of
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.run import Difference
from connecteam_sync.core.shift import Shift
from connecteam_sync.core.verify import Held, differing_days, held_by

TUESDAY = date(2025, 12, 2)
EVENING = shift("e", "2 16:00", "2 20:00")
NAMES: dict[RowId, str] = {1: "Ana"}


def row(item: Shift, key: int = 1, employee: RowId = 1, source: str = "connecteam") -> ClockTime:
    """The row of a shift."""
    return msgspec.structs.replace(clock_time_of(employee, item.start, item.end, id=key), source=source)


def differing(shifts: Iterable[Shift], rows: Iterable[ClockTime], held: Held | None = None) -> list[Difference]:
    """The days that differ."""
    return [
        *differing_days(WINDOW, shifts, rows, employees=EMPLOYEES, names=NAMES, held=Held() if held is None else held)
    ]


def difference(
    *, upstream: tuple[int, int], table: tuple[int, int], employee: int = 1, day: date = TUESDAY
) -> Difference:
    """What is told, from (shifts, minutes) of both."""
    return Difference(
        day=day,
        employee_id=employee,
        name=NAMES.get(employee, f"employee {employee}"),
        shifts_upstream=upstream[0],
        rows=table[0],
        minutes_upstream=upstream[1],
        minutes=table[1],
    )


def test_a_day_that_agrees_is_not_told() -> None:
    """Nor an open shift whose row is open."""
    still_open = shift("o", "3 08:00")
    assert differing([MORNING, EVENING, still_open], [row(MORNING), row(EVENING, 2), row(still_open, 3)]) == []


@pytest.mark.parametrize(
    ("shifts", "rows", "upstream", "table"),
    [
        ([MORNING, EVENING], [row(MORNING)], (2, 480), (1, 240)),
        ([MORNING], [row(MORNING), row(EVENING, 2)], (1, 240), (2, 480)),
        ([MORNING], [], (1, 240), (0, 0)),
        ([], [row(MORNING)], (0, 0), (1, 240)),
        ([MORNING], [msgspec.structs.replace(row(MORNING), total_minutes=239)], (1, 240), (1, 239)),
        ([shift("a", "2 08:00")], [row(MORNING)], (1, 0), (1, 240)),
    ],
    ids=["lost", "doubled", "none", "without a shift", "other minutes", "closed too early"],
)
def test_both_counts_of_a_day_are_told(
    shifts: list[Shift], rows: list[ClockTime], upstream: tuple[int, int], table: tuple[int, int]
) -> None:
    """Shifts and minutes of each, with the person's name."""
    assert differing(shifts, rows) == [difference(upstream=upstream, table=table)]


def test_days_come_in_order_then_people() -> None:
    """Numbers by their size; somebody without a name is told by id."""
    rows = [
        row(shift("x", "3 08:00", "3 09:00"), 5, 1),
        row(MORNING, 6, 10),
        row(MORNING, 7, 2),
        row(shift("y", "1 08:00", "1 09:00"), 8, 10),
    ]
    assert differing([], rows) == [
        difference(upstream=(0, 0), table=(1, 60), employee=10, day=date(2025, 12, 1)),
        difference(upstream=(0, 0), table=(1, 240), employee=2),
        difference(upstream=(0, 0), table=(1, 240), employee=10),
        difference(upstream=(0, 0), table=(1, 60), day=date(2025, 12, 3)),
    ]
    text = [msgspec.structs.replace(one, employee_id=who) for one, who in zip(rows, ("b", 1, "a", 2), strict=True)]
    assert [one.employee_id for one in differing([], text)] == [2, 1, "a", "b"]


def test_a_row_by_hand_counts_only_where_a_shift_stands() -> None:
    """There it is the shift's row; elsewhere it is nobody's business."""
    by_hand = row(MORNING, 5, source="manual")
    assert differing([MORNING], [by_hand]) == []
    assert differing([], [by_hand]) == []
    assert differing([msgspec.structs.replace(MORNING, start=MORNING.start + 60)], [by_hand]) == [
        difference(upstream=(1, 239), table=(0, 0))
    ]
    held = Held(shifts=frozenset({"a"}))
    assert differing([MORNING], [by_hand], held) == []


def test_what_is_held_is_not_counted() -> None:
    """Neither the shift nor the row."""
    assert differing([MORNING], [row(EVENING, 2)], Held(frozenset({"a"}), frozenset({2}))) == []
    assert differing([MORNING], [], Held(frozenset({"b"}), frozenset({2}))) == [
        difference(upstream=(1, 240), table=(0, 0))
    ]


def test_other_days_and_strangers_are_not_counted() -> None:
    """Days outside of the window, and users who count for nobody."""
    outside = shift("x", "12 00:00", "12 08:00")
    assert differing([outside, msgspec.structs.replace(MORNING, user_id=999)], [row(outside)]) == []


def test_holds_of_a_plan_name_their_shifts_and_rows() -> None:
    """Also the row that a held shift is linked to, unless the plan gives that row to another shift."""
    stored = after_sync(MORNING, EVENING)
    by_hand = tuple(msgspec.structs.replace(one, source="manual") for one in stored.rows)
    locked = msgspec.structs.replace(stored, rows=by_hand)
    longer = [msgspec.structs.replace(one, end=at("2 21:00")) for one in (MORNING, EVENING)]
    plan = decide(said(*longer), locked)
    assert held_by([(plan, locked)]) == Held(frozenset({"a", "e"}), frozenset({1, 2}))
    # A hold that names no row: the one that its shift is linked to is held with it.
    bare = msgspec.structs.replace(plan, holds=(msgspec.structs.replace(plan.holds[0], clock_time_id=None),))
    [shift_id] = {hold.shift_id for hold in bare.holds}
    own = next(one.clock_time_id for one in stored.mirrors if one.shift.id == shift_id)
    assert held_by([(bare, locked)]) == Held(frozenset({shift_id}), frozenset({None, own}))
    corrected = decide(said(*longer), stored)
    given = msgspec.structs.replace(corrected, holds=plan.holds)
    assert held_by([(given, stored)]).rows == frozenset()
    assert held_by([(corrected, stored)]) == Held(frozenset(), frozenset())
    assert stored.employees[ANA] == 1

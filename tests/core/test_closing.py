"""What is in the way of closing days, said of the right person."""

from __future__ import annotations

from datetime import date

import msgspec
from test_plan import ANA, BEN, CHICAGO, MORNING, WINDOW, after_sync, at, decide, said, shift

from connecteam_sync.core.clocktime import clock_time_of
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.lock_check import Verified, summary, verified
from connecteam_sync.core.locks import Locks
from connecteam_sync.core.run import Difference, Plan, Verification
from connecteam_sync.core.window import locked_day

NAMES: dict[RowId, str] = {1: "Ana of payroll", 2: "Ben of payroll"}


def found(*days: date, closed: tuple[date, ...] = ()) -> Verified:
    """A look whose plans have nothing to write, and that counts other hours on these days."""
    differing = tuple(
        Difference(day=day, employee_id=1, name="Ana", shifts_upstream=1, rows=0, minutes_upstream=240, minutes=0)
        for day in days
    )
    look = Verification(
        window=WINDOW, plan=Plan(window=WINDOW, plans=()), days=differing, totals=(), shifts=1, minutes=240
    )
    return verified(look, (), Locks(locked_day(day, CHICAGO) for day in closed), names=NAMES)


def test_hours_that_differ_are_in_the_way_though_no_plan_has_a_change() -> None:
    """Plain counting is an independent check of its own; of a day that is closed already it says nothing."""
    second, third = date(2025, 12, 2), date(2025, 12, 3)
    assert found().is_right
    assert (summary(found(second, third)), found(second, third).is_right) == ("2 differences", False)
    assert summary(found(second, third, closed=(second,))) == "1 difference"
    assert found(second, closed=(second,)).is_right
    assert found(second).wrong == (
        "Tue 2 Dec 2025, Ana: Connecteam has 4:00 h in 1 shift; the table has 0:00 h in 0 rows",
    )


def test_people_are_named_as_in_the_table() -> None:
    """Connecteam may call them otherwise; a row that moves is told of whom it becomes."""
    moved = msgspec.structs.replace(MORNING, user_id=BEN)
    plan = decide(said(moved, shift("b", "3 08:00", "3 12:00", user=ANA)), after_sync(MORNING))
    look = Verification(
        window=WINDOW, plan=Plan(window=WINDOW, plans=(plan,)), days=(), totals=(), shifts=2, minutes=480
    )
    opened = clock_time_of(2, at("4 08:00"), None, id=9)
    told = verified(look, (opened,), Locks(()), names=NAMES).wrong
    assert [line.partition(": ")[0].partition(", ")[2] for line in told] == [
        "Ben of payroll",
        "Ben of payroll",
        "Ana of payroll",
    ]

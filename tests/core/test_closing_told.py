"""The check before days are closed: each problem with its sentence, only of those days and people that are closed."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest
from test_plan import ANA, BEN, CHICAGO, CLOCK, EMPLOYEES, MORNING, WINDOW, after_sync, at, decide, said, shift

from connecteam_sync.core.change import Hold, Refusal, SlicePlan
from connecteam_sync.core.clocktime import StoredState, clock_time_of
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.lock_check import (
    MAX_SENTENCES,
    ClosedDays,
    LockScope,
    Verified,
    summary,
    unverified,
    verified,
)
from connecteam_sync.core.locks import Locks
from connecteam_sync.core.run import Difference, Failure, Plan, Verification
from connecteam_sync.core.window import LockSource, locked_day

NAMES: dict[RowId, str] = {1: "Ana"}
EVENING = shift("e", "3 16:00", "3 20:00", user=BEN)
LONGER = msgspec.structs.replace(MORNING, end=at("2 13:00"))
SECOND = date(2025, 12, 2)
DIFFERENT = Difference(
    day=SECOND, employee_id=1, name="Ana", shifts_upstream=2, rows=1, minutes_upstream=465, minutes=60
)
DOWN = Failure(
    time_clock_id=9, window=WINDOW, error="down\nnow", error_name="X", next_step="wait", exit_code=6, retryable=True
)


def corrected() -> SlicePlan:
    """An hour more of Ana, and Ben's evening, which has no row yet."""
    return decide(said(LONGER, EVENING), after_sync(MORNING))


def check(
    *plans: SlicePlan,
    scope: LockScope | None = None,
    opened: tuple[Any, ...] = (),
    closed: tuple[date, ...] = (),
    days: tuple[Difference, ...] = (),
    failures: tuple[Failure, ...] = (),
) -> Verified:
    """What stands in the way of closing the eleven days."""
    plan = Plan(window=WINDOW, plans=plans, failures=failures)
    look = Verification(window=WINDOW, plan=plan, days=days, totals=(), shifts=7, minutes=700)
    locks = Locks(locked_day(day, CHICAGO) for day in closed)
    return verified(look, opened, locks, names=NAMES, scope=LockScope() if scope is None else scope)


# -- what stands in the way --------------------------------------------------------------------------------------------


def test_each_problem_has_its_sentence() -> None:
    """Open rows, differences, holds, looks that a guard would refuse or that failed, in this order."""
    held = msgspec.structs.replace(
        corrected(),
        holds=(Hold(reason="manual_row", subject="x", detail="a row", user_id=BEN, instant=at("5 08:00")),),
        refusals=(Refusal(guard="empty_answer", message="nothing there"),),
    )
    opened = clock_time_of(1, at("4 08:00"), None, id=9)
    found = check(held, opened=(opened,), failures=(DOWN,))
    assert found == Verified(
        differences=2,
        holds=1,
        open=1,
        failed=2,
        shifts=7,
        minutes=700,
        wrong=(
            "Thu 4 Dec 2025 08:00, Ana: nobody clocked out (row 9)",
            "Tue 2 Dec 2025 08:00, Ana: differs from Connecteam: clock-out 12:00 -> 13:00 (+1:00 h)",
            "Wed 3 Dec 2025 16:00, Person 102: differs from Connecteam: a new row 16:00-20:00 (+4:00 h)",
            "Fri 5 Dec 2025 08:00, Person 102: held, manual_row: a row",
            "time clock 7, 2025-12-01..2025-12-11: a guard would refuse a sync: nothing there",
            "time clock 9, 2025-12-01..2025-12-11: could not be looked at: down now",
        ),
    )
    assert not found.is_right
    assert summary(found) == "1 open row, 2 differences, 1 hold, 2 looks that failed"


def test_whoever_has_no_name_is_told_by_number_and_what_has_no_time_says_so() -> None:
    """In the table, then in Connecteam, then by the employee's id."""
    bare = Hold(reason="manual_row", subject="x", detail="d", employee_id=5)
    plan = msgspec.structs.replace(decide(said(MORNING), after_sync(MORNING)), holds=(bare,))
    assert check(plan).wrong == ("at no known time, employee 5: held, manual_row: d",)


def test_counted_differences_are_told_where_no_change_says_it() -> None:
    """Hours of both, and how many; where a change is told already it would be the same twice."""
    told = "Tue 2 Dec 2025, Ana: Connecteam has 7:45 h in 2 shifts; the table has 1:00 h in 1 row"
    found = check(days=(DIFFERENT,))
    assert (found.differences, found.wrong) == (1, (told,))
    both = check(corrected(), days=(DIFFERENT,))
    assert both.differences == 2
    assert told not in both.wrong
    assert check(days=(DIFFERENT,), closed=(SECOND,)).is_right
    outside = msgspec.structs.replace(DIFFERENT, day=date(2025, 12, 12))
    assert check(days=(outside,)).is_right


def test_a_failure_of_the_account_is_told_as_such() -> None:
    """It has no time clock."""
    of_all = msgspec.structs.replace(DOWN, time_clock_id=None)
    assert check(failures=(of_all,)).wrong == ("the account, 2025-12-01..2025-12-11: could not be looked at: down now",)


def test_what_is_closed_already_or_outside_is_not_told_again() -> None:
    """By the day of the clock-in, before or after the change; an instant that nobody knows may be any day."""
    assert check(corrected(), closed=(SECOND, date(2025, 12, 3))).is_right
    assert check(corrected(), closed=(SECOND,)).differences == 1
    moved = decide(said(msgspec.structs.replace(MORNING, start=at("4 08:00"), end=at("4 12:00"))), after_sync(MORNING))
    assert check(moved, closed=(SECOND,)).differences == 1
    assert check(moved, closed=(SECOND, date(2025, 12, 4))).differences == 0
    opened = clock_time_of(1, WINDOW.end_utc, None, id=9)
    assert check(opened=(opened,)).is_right
    hold = Hold(reason="manual_row", subject="x", detail="d", instant=MORNING.start)
    still = decide(said(MORNING), after_sync(MORNING))
    for instant, expected in ((MORNING.start, 0), (at("3 08:00"), 1), (WINDOW.end_utc, 0), (None, 1)):
        plan = msgspec.structs.replace(still, holds=(msgspec.structs.replace(hold, instant=instant),))
        assert check(plan, closed=(SECOND,)).holds == expected


def test_what_a_person_has_acknowledged_and_mere_links_stand_in_no_way() -> None:
    """Nor is a change that two plans of a run have told twice."""
    still = decide(said(MORNING), after_sync(MORNING))
    hold = Hold(reason="manual_row", subject="x", detail="d", acknowledged=True)
    assert check(msgspec.structs.replace(still, holds=(hold,))).is_right
    row = clock_time_of(1, MORNING.start, MORNING.end, id=4)
    link = decide(said(MORNING), StoredState(rows=(row,), employees=EMPLOYEES))
    assert [change.kind for change in link.changes] == ["link"]
    assert check(link).is_right
    assert check(corrected(), corrected()).differences == 2


def test_only_so_many_sentences_are_kept() -> None:
    """The counts beside them are of all."""
    opened = tuple(clock_time_of(1, at("4 08:00") + number, None, id=number) for number in range(MAX_SENTENCES + 1))
    found = check(opened=opened)
    assert (found.open, len(found.wrong)) == (101, 100)


# -- for whom ----------------------------------------------------------------------------------------------------------


def test_for_one_person_only_what_is_theirs_is_told() -> None:
    """By employee or Connecteam user; shifts and minutes are theirs, counted once."""
    ana, ben = LockScope(employee_id=1, users=(ANA,)), LockScope(employee_id=2, users=(BEN,))
    open_rows = tuple(clock_time_of(who, at("4 08:00"), None, id=who) for who in (1, 2))
    stranger = Hold(reason="manual_row", subject="x", detail="d", user_id=BEN)
    plan = msgspec.structs.replace(corrected(), holds=(stranger,))
    found = check(plan, plan, scope=ana, opened=open_rows)
    assert (found.open, found.differences, found.holds) == (1, 1, 0)
    assert (found.shifts, found.minutes) == (1, 300)
    found = check(plan, scope=ben, opened=open_rows)
    assert (found.open, found.differences, found.holds) == (1, 1, 1)
    assert (found.shifts, found.minutes) == (1, 240)
    assert check(days=(DIFFERENT,), scope=ben).is_right
    assert check(days=(DIFFERENT,), scope=ana).differences == 1


def test_for_one_time_clock_only_its_looks_count() -> None:
    """Days are counted over all of them, so they say nothing of one; a failure of the account is one of each."""
    here, there = LockScope(time_clock_id=CLOCK), LockScope(time_clock_id=9)
    assert check(corrected(), scope=here).differences == 2
    assert check(corrected(), scope=there) == Verified()
    assert check(days=(DIFFERENT,), scope=here).is_right
    assert (check(failures=(DOWN,), scope=here).failed, check(failures=(DOWN,), scope=there).failed) == (0, 1)
    of_all = msgspec.structs.replace(DOWN, time_clock_id=None)
    assert check(failures=(of_all,), scope=here).failed == 1
    outside = shift("o", "12 08:00", "12 09:00")
    still_open = shift("p", "5 08:00")
    plan = decide(said(MORNING, outside, still_open), after_sync(MORNING, still_open))
    assert (check(plan, scope=here).shifts, check(plan, scope=here).minutes) == (2, 240)


@pytest.mark.parametrize(
    ("scope", "options", "is_of_all"),
    [
        (LockScope(), "", True),
        (LockScope(employee_id=7, users=(1,)), " --person 7", False),
        (LockScope(employee_id="a b"), " --person 'a b'", False),
        (LockScope(time_clock_id=9), " --clock 9", False),
        (LockScope(employee_id=7, time_clock_id=9), " --person 7 --clock 9", False),
    ],
)
def test_whose_days_are_closed_is_said_in_options(scope: LockScope, options: str, *, is_of_all: bool) -> None:
    """Everybody's without any."""
    assert (scope.options, scope.is_of_all) == (options, is_of_all)
    assert scope.has(7, None) is (scope.employee_id in {None, 7})
    assert scope.has(None, 1) is (scope.employee_id is None or 1 in scope.users)
    assert scope.asks(None)
    assert scope.asks(9)
    assert scope.asks(8) is (scope.time_clock_id is None)


@pytest.mark.parametrize(
    ("source", "changed", "opened_by"),
    [
        ("own", {}, "connecteam-sync unlock --from 2025-12-02 --to 2025-12-03"),
        ("own", {"time_clock_id": 9}, "connecteam-sync unlock --from 2025-12-02 --to 2025-12-03 --clock 9"),
        (
            "own",
            {"user_id": 5, "employee_id": 7, "people": 1},
            "connecteam-sync unlock --from 2025-12-02 --to 2025-12-03 --person 7",
        ),
        ("own", {"user_id": 5, "people": 1}, "connecteam-sync unlock --from 2025-12-02 --to 2025-12-03 --person 5"),
        ("period", {}, "connecteam-sync periods reopen 2025-12-02 --reason R"),
        ("connecteam_lock", {"people": 3}, "in Connecteam"),
        ("connecteam_approval", {"people": 3}, "in Connecteam"),
        ("purged", {}, "by nothing: it was purged"),
    ],
)
def test_closed_days_say_how_they_are_opened(source: LockSource, changed: dict[str, Any], opened_by: str) -> None:
    """A command, another place, or not at all."""
    days = ClosedDays(first=SECOND, last=date(2025, 12, 3), timezone=CHICAGO, at=1, source=source, **changed)
    assert days.opened_by == opened_by
    assert days.is_of_all is (not changed)


def test_where_nothing_could_be_looked_at_nothing_is_right() -> None:
    """It counts as one look that failed, in one line."""
    found = unverified("no\nnetwork")
    assert found == Verified(failed=1, wrong=("Connecteam could not be looked at: no network",))
    assert not found.is_right
    assert (summary(found), summary(Verified())) == ("1 look that failed", "")
    assert Verified().is_right
    for field, said_so in (("open", "2 open rows"), ("differences", "2 differences"), ("holds", "2 holds")):
        assert summary(Verified(**{field: 2})) == said_so  # type: ignore[arg-type] # a count
        assert not Verified(**{field: 1}).is_right  # type: ignore[arg-type] # a count

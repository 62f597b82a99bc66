"""The checklist of a pay period: each obstacle, how many of it there are, the sentence and the cure."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from connecteam_sync.core.change import Hold, HoldReason
from connecteam_sync.core.clocktime import clock_time_of
from connecteam_sync.core.locks import Locks
from connecteam_sync.core.period_check import (
    BadReceipt,
    CheckFacts,
    Obstacle,
    SecondPerson,
    Undecided,
    late_without_employee,
    obstacles,
    touching,
)
from connecteam_sync.core.run import Failure
from connecteam_sync.core.three_counts import CountedDay
from connecteam_sync.core.window import Window, locked_day

WINDOW = Window(date(2025, 12, 1), date(2025, 12, 14), "America/Chicago")
NOON = WINDOW.start_utc + 12 * 3600
OVER = date(2025, 12, 15)


def found(**facts: Any) -> tuple[Obstacle, ...]:  # noqa: ANN401 - any fact
    """The obstacles of a period that is over."""
    return obstacles(CheckFacts(**{"window": WINDOW, "today": OVER, **facts}))


def only(**facts: Any) -> Obstacle:  # noqa: ANN401 - any fact
    """The one obstacle."""
    [one] = found(**facts)
    return one


def test_a_period_in_which_all_is_well_has_no_obstacle() -> None:
    """Nor has one whose waiting corrections are none."""
    assert found() == ()


@pytest.mark.parametrize(("today", "left"), [(date(2025, 12, 14), 1), (date(2025, 12, 13), 2), (date(2025, 11, 1), 14)])
def test_a_period_that_is_not_over(today: date, left: int) -> None:
    """Its last day has to be over, not only begun."""
    one = only(today=today)
    assert (one.name, one.count) == ("period_not_over", left)
    assert ("Sun 14 Dec 2025 is not over" in one.message) == (left == 1)
    assert one.next_step == "close it once Sun 14 Dec 2025 is over"


def test_days_that_are_not_proven() -> None:
    """With the reason, and the command that mends and proves them."""
    one = only(unproven=(date(2025, 12, 2), date(2025, 12, 5)), unproven_why="3 rows would be written by a sync")
    assert (one.name, one.count) == ("proof_not_fresh", 2)
    assert one.message == "2 days in 2025-12-02..2025-12-05 are not proven: 3 rows would be written by a sync"
    assert one.next_step.startswith(
        "connecteam-sync sync --from 2025-12-01 --to 2025-12-14, then connecteam-sync verify"
    )


def test_looks_that_were_refused_or_failed_count_once() -> None:
    """The failure of just now says more than the receipt of the same look."""
    failure = Failure(
        time_clock_id=7, window=WINDOW, error="no answer", error_name="unavailable", next_step="", exit_code=75
    )
    receipt = BadReceipt(7, WINDOW.first, WINDOW.last, "failed")
    other = BadReceipt(8, WINDOW.first, WINDOW.last, "refused")
    one = only(failures=(failure,), refused=(receipt, other))
    assert (one.name, one.count) == ("run_refused", 2)
    assert "time clock 7, 2025-12-01..2025-12-14, wrote nothing: no answer (and 1 more)" in one.message
    assert "a guard refused it" in only(refused=(other,)).message


def test_users_without_an_employee() -> None:
    """How many hours would be missing, of whom, and both ways to map them."""
    one = only(unmapped={41: (2, 480), 40: (1, 30)}, users={41: "Ida Moss"})
    assert (one.name, one.count) == ("unmapped_user", 2)
    assert (
        "2 Connecteam users without an employee have 8:30 hours in it: Connecteam user 40 and Ida Moss" in one.message
    )
    assert "employees map 40 EMPLOYEE" in one.next_step
    assert "employees create 40" in one.next_step


def test_an_open_shift() -> None:
    """Whose, and on which day; the first of several."""
    rows = (clock_time_of(1, NOON + 86_400, None, id=8), clock_time_of(1, NOON, None, id=7))
    one = only(open_rows=rows, names={1: "Ana"})
    assert (one.name, one.count) == ("open_shift", 2)
    assert one.message == "nobody clocked out: Ana on Mon 1 Dec 2025 (row 7) and 1 more"


def hold(reason: HoldReason, instant: int | None = NOON, **more: Any) -> Hold:  # noqa: ANN401 - any field
    """A hold on a shift of the period."""
    return Hold(reason=reason, subject="shift:a", detail="why", instant=instant, **more)


def test_only_holds_that_touch_the_period_and_wait_are_in_the_way() -> None:
    """Not one of another day, none that somebody acknowledged, and none of a closed day: that is a correction.

    One of which nobody knows the day may be of this period.
    """
    stays = (hold("duplicate_clock_in"), hold("impossible_record", None), hold("unmapped_user", user_id=5))
    goes = (
        hold("duplicate_clock_in", WINDOW.end_utc),
        hold("duplicate_clock_in", WINDOW.start_utc - 1),
        hold("duplicate_clock_in", acknowledged=True),
        hold("locked_day"),
        hold("unmapped_user", user_id=4),
        hold("possible_double", user_id=4),
    )
    assert touching(WINDOW, (*goes, *stays), unmapped={4}) == stays
    one = only(holds=stays)
    assert (one.name, one.count) == ("hold", 3)
    assert "duplicate_clock_in 1, impossible_record 1, unmapped_user 1; the first: why" in one.message
    assert "holds ack ID --reason R" in one.next_step


def test_counts_that_differ() -> None:
    """The first day with all three; none where no timesheet was read."""
    day = CountedDay(
        employee_id=1,
        name="Ana",
        day=date(2025, 12, 2),
        minutes_table=480,
        minutes_activities=480,
        minutes_timesheet=450,
        verdict="different",
    )
    one = only(different=(day, day))
    assert (one.name, one.count) == ("counts_differ", 2)
    assert (
        "Ana on Tue 2 Dec 2025: table 8:00, Connecteam's activities 8:00, its timesheet 7:30 (and 1 more)"
        in one.message
    )


def test_corrections_that_nobody_has_decided() -> None:
    """Those of earlier days and those of its own, with their signed hours."""
    one = only(waiting=Undecided(1, 2, -90, date(2025, 11, 20)))
    assert (one.name, one.count) == ("correction_undecided", 3)
    assert (
        one.message == "2 corrections of earlier days and 1 correction of this period (-1:30 hours) wait to be decided"
    )
    assert "1 correction of this period" in only(waiting=Undecided(1, 0, 5, None)).message


def test_a_second_person_who_is_still_missing() -> None:
    """In the words of whoever knows the state."""
    one = only(not_reviewed=SecondPerson("nobody has reviewed it yet", "review"))
    assert (one.name, one.count, one.message) == ("not_reviewed", 1, "nobody has reviewed it yet")
    assert one.next_step == "another person runs: connecteam-sync periods review 2025-12-01..2025-12-14"


def test_obstacles_come_in_the_order_in_which_they_are_cured() -> None:
    """A look that was refused is mended before its days can be proven, and hours are mapped before counts agree."""
    names = [
        one.name
        for one in found(
            today=date(2025, 12, 14),
            unproven=(date(2025, 12, 2),),
            refused=(BadReceipt(7, WINDOW.first, WINDOW.last, "refused"),),
            unmapped={4: (1, 30)},
            holds=(hold("duplicate_clock_in"),),
            waiting=Undecided(0, 1, 5, None),
        )
    ]
    assert names == [
        "period_not_over",
        "run_refused",
        "proof_not_fresh",
        "unmapped_user",
        "hold",
        "correction_undecided",
    ]


def test_late_hours_of_people_without_an_employee() -> None:
    """On closed days before the period only: those of open days are in the way of the period that they lie in."""
    early, open_day = WINDOW.start_utc - 3600, WINDOW.start_utc - 30 * 3600
    locks = Locks([locked_day(day, WINDOW.timezone) for day in (date(2025, 11, 30), date(2025, 12, 2))])

    def late(reason: HoldReason = "locked_day", **fields: Any) -> bool:  # noqa: ANN401 - any field
        values = {"instant": early, "user_id": 4, **fields}
        return (
            late_without_employee(WINDOW, [Hold(reason=reason, subject="shift:1", detail="x", **values)], locks) != ()
        )

    assert late()
    assert late("unmapped_user")
    assert late("ambiguous_employee")
    assert not late("duplicate_clock_in")
    assert not late(employee_id=1), "a correction says it"
    assert not late(acknowledged=True)
    assert not late(instant=open_day)
    assert not late(instant=NOON + 86_400), "the checklist of its own period says it"
    assert not late(instant=None)

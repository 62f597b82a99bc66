"""How people name a pay period, which periods share days, and what the answer of a command about one ends with."""

from __future__ import annotations

from datetime import date

import pytest

from connecteam_sync.core.period_check import Checked, Obstacle
from connecteam_sync.core.periods import (
    Period,
    PeriodEvent,
    PeriodReport,
    PeriodState,
    is_being_paid,
    overlapping,
    parsed,
    share_days,
    spelled,
)
from connecteam_sync.core.window import Window

ZONE = "America/Chicago"


def days(first: int, last: int) -> Window:
    """Days of December."""
    return Window(date(2025, 12, first), date(2025, 12, last), ZONE)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2025-12-01", date(2025, 12, 1), None),
        ("2025-12-01..2025-12-14", date(2025, 12, 1), date(2025, 12, 14)),
        ("2025-12-01..2025-12-01", date(2025, 12, 1), date(2025, 12, 1)),
        ("2025-01-01..2026-01-01", date(2025, 1, 1), date(2026, 1, 1)),
        ("1971-01-01..1971-01-02", date(1971, 1, 1), date(1971, 1, 2)),
        ("2199-12-31", date(2199, 12, 31), None),
        ("2199-12-01..2199-12-31", date(2199, 12, 1), date(2199, 12, 31)),
    ],
)
def test_a_period_is_named_by_its_first_day_or_both(text: str, first: date, last: date | None) -> None:
    """Up to 366 days, in the years that calendars of databases have."""
    assert parsed(text) == (first, last)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("december", "'december' names no pay period"),
        ("2025-12-01..", "'2025-12-01..' names no pay period"),
        ("2025-12-01 ", "'2025-12-01 ' names no pay period"),
        ("٢٠٢٥-12-01", "'٢٠٢٥-12-01' names no pay period"),
        ("x" * 61, f"'{'x' * 60}' names no pay period"),
        ("2025-02-29", "'2025-02-29' names a day that no calendar has"),
        ("2025-02-01..2025-02-29", "'2025-02-01..2025-02-29' names a day that no calendar has"),
        ("1970-12-31", "1970-12-31 is out of reach: days from 1971-01-01 to 2199-12-31"),
        ("2200-01-01", "2200-01-01 is out of reach: days from 1971-01-01 to 2199-12-31"),
        (
            "2199-12-01..2200-01-01",
            "2199-12-01..2200-01-01 is out of reach: days from 1971-01-01 to 2199-12-31",
        ),
        ("2025-12-02..2025-12-01", "2025-12-02..2025-12-01 ends before it begins"),
        ("2025-01-01..2026-01-02", "2025-01-01..2026-01-02 has more than 366 days"),
    ],
)
def test_another_name_is_refused_with_the_reason(text: str, why: str) -> None:
    """Which quotes what was typed, cut if it is long."""
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - its whole text is compared
        parsed(text)
    assert str(refused.value) == why


def test_a_period_is_called_as_commands_find_it() -> None:
    """By its first day where the schedule or the record knows it, else by both its days, also if it has only one."""
    window = days(1, 14)
    event = PeriodEvent(number=1, window=window, kind="review", at=5, by="Jo")
    assert Period(window=window).name == "2025-12-01..2025-12-14" == spelled(window)
    assert Period(window=window, is_scheduled=True).name == "2025-12-01"
    assert Period(window=window, event=event).name == "2025-12-01"
    assert spelled(days(3, 3)) == "2025-12-03..2025-12-03"


@pytest.mark.parametrize(
    ("other", "shares"),
    [((1, 9), False), ((1, 10), True), ((10, 14), True), ((12, 12), True), ((14, 20), True), ((15, 20), False)],
)
def test_periods_share_days_from_the_first_to_the_last(other: tuple[int, int], *, shares: bool) -> None:
    """Whichever comes first, in whichever zones."""
    mine, theirs = days(10, 14), Window(days(*other).first, days(*other).last, "Asia/Tokyo")
    assert share_days(mine, theirs) is share_days(theirs, mine) is shares
    assert overlapping(mine, [theirs, mine]) == ((theirs,) if shares else ())


def test_overlapping_periods_come_by_day() -> None:
    """Whatever order they were recorded in."""
    assert overlapping(days(5, 20), [days(18, 25), days(1, 6), days(8, 9)]) == (days(1, 6), days(8, 9), days(18, 25))


@pytest.mark.parametrize(
    ("last", "state", "is_paid"),
    [
        (7, "open", False),
        (8, "open", True),
        (14, "open", True),
        (14, "review", True),
        (14, "closed", False),
        (15, "open", False),
        (20, "open", False),
    ],
)
def test_a_period_is_being_paid_for_a_week_after_its_end(last: int, state: PeriodState, *, is_paid: bool) -> None:
    """Unless it is closed."""
    period = Period(window=days(1, last), state=state)
    assert is_being_paid([Period(window=days(20, 28)), period], date(2025, 12, 15)) is is_paid
    assert not is_being_paid([], date(2025, 12, 15))


OBSTACLE = Obstacle(name="open_shift", count=1, message="1 shift is open", next_step="clock out")


@pytest.mark.parametrize(
    ("state", "newly", "has_obstacle", "code"),
    [
        ("open", False, True, 4),
        ("review", False, True, 4),
        ("closed", False, True, 0),
        ("open", True, True, 0),
        ("open", False, False, 0),
        ("open", False, None, 0),
    ],
)
def test_a_report_ends_with_4_if_something_stands_in_the_way(
    state: PeriodState, *, newly: bool, has_obstacle: bool | None, code: int
) -> None:
    """Not of a period that is closed, or that got its state by this very call, nor without a checklist."""
    obstacles = (OBSTACLE,) if has_obstacle else ()
    checked = None if has_obstacle is None else Checked(at=1, obstacles=obstacles)
    assert PeriodReport(period=Period(window=days(1, 14), state=state), newly=newly, checked=checked).exit_code == code

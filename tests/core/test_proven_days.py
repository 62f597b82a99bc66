"""Which days a verification proves, how far everything is proven, and what a night has to do: pure rules."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from connecteam_sync.core.cadence import SET_BACK
from connecteam_sync.core.proofs import ProvenDay, days_to_prove, next_look, night_of, proven_through, wanted
from connecteam_sync.core.window import Window

TODAY = date(2026, 3, 9)
FIRST, YESTERDAY = days_to_prove(TODAY)
CHICAGO = "America/Chicago"


def known(day: date, *, at: int = 100, code: int = 0, changed: bool = False) -> ProvenDay:
    """A verification of one day."""
    return ProvenDay(day=day, proven_at=at, run=1, exit_code=code, is_changed=changed)


def every() -> dict[date, ProvenDay]:
    """All days proven."""
    return {day: known(day) for day in (FIRST + timedelta(days=number) for number in range(44))}


def test_the_days_to_prove_are_the_last_45_less_today() -> None:
    """From 44 days ago to yesterday."""
    assert days_to_prove(TODAY) == (TODAY - timedelta(days=44), TODAY - timedelta(days=1))
    assert proven_through(every(), TODAY) == YESTERDAY
    assert proven_through({}, TODAY) is None


@pytest.mark.parametrize(
    ("code", "changed", "through"),
    [
        (0, False, YESTERDAY),
        (3, False, YESTERDAY),
        (5, False, None),
        (0, True, None),
        (3, True, None),
        (4, False, None),
    ],
)
def test_a_day_is_proven_by_0_or_3_after_its_last_change(code: int, changed: bool, through: date | None) -> None:  # noqa: FBT001 - a parameter of the table
    """Whatever comes after it: proven through means without a gap."""
    days = every() | {FIRST: known(FIRST, code=code, changed=changed)}
    assert proven_through(days, TODAY) == through
    gap = FIRST + timedelta(days=9)
    days = every() | {gap: known(gap, code=code, changed=changed)}
    assert proven_through(days, TODAY) == (through or gap - timedelta(days=1))


def test_what_a_night_verifies() -> None:
    """Yesterday and what differed once a night; what was never proven, or changed since, until it is."""
    assert wanted(every(), TODAY, since=100, now=10**6) == ()
    assert wanted(every(), TODAY, since=101, now=10**6) == (YESTERDAY,)
    other = FIRST + timedelta(days=5)
    assert wanted(every() | {other: known(other, changed=True)}, TODAY, since=100, now=10**6) == (other,)
    assert wanted(every() | {other: known(other, code=5)}, TODAY, since=100, now=10**6) == ()
    assert wanted(every() | {other: known(other, code=5)}, TODAY, since=101, now=10**6) == (other, YESTERDAY)
    assert wanted({}, TODAY, since=0, now=10**6) == tuple(sorted(every()))


def test_a_day_that_was_proven_in_the_future_is_verified_again() -> None:
    """By a clock that was wrong, perhaps before the day was over; a minute counts for nothing."""
    other = FIRST + timedelta(days=5)
    proven = every() | {other: known(other, at=10**6 + SET_BACK + 1), YESTERDAY: known(YESTERDAY, at=10**6 + SET_BACK)}
    assert wanted(proven, TODAY, since=10**6, now=10**6) == (other,)


def test_the_newest_days_come_first() -> None:
    """In looks of at most so many days."""
    days = (FIRST, YESTERDAY - timedelta(days=23), YESTERDAY - timedelta(days=22), YESTERDAY)
    assert next_look(days, CHICAGO, longest=23) == Window(YESTERDAY - timedelta(days=22), YESTERDAY, CHICAGO)
    assert next_look((FIRST,), CHICAGO, longest=23) == Window(FIRST, FIRST, CHICAGO)
    assert next_look((), CHICAGO, longest=23) is None


@pytest.mark.parametrize(
    ("at", "night", "hours"),
    [
        (datetime(2026, 3, 8, 7, 59, tzinfo=UTC), date(2026, 3, 7), 22.98),  # 01:59, before the clocks go forward
        (datetime(2026, 3, 8, 8, 0, tzinfo=UTC), date(2026, 3, 8), 0),  # 03:00
        (datetime(2026, 3, 9, 7, 59, tzinfo=UTC), date(2026, 3, 8), 23.98),  # 02:59
        (datetime(2026, 11, 1, 9, 0, tzinfo=UTC), date(2026, 11, 1), 0),  # 03:00, after they went back
        (datetime(2026, 11, 1, 8, 59, tzinfo=UTC), date(2026, 10, 31), 24.98),
    ],
)
def test_a_night_begins_at_three_by_the_clock_of_the_business(at: datetime, night: date, hours: float) -> None:
    """On every day of the year once."""
    day, began = night_of(int(at.timestamp()), CHICAGO)
    assert day == night
    assert (at.timestamp() - began) / 3600 == pytest.approx(hours, abs=0.01)

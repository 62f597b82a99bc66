"""Today at a glance: who is on the clock, and the hours of the day to the minute."""

from __future__ import annotations

from datetime import date

import pytest

from connecteam_sync.core.change import Counts, Minutes
from connecteam_sync.core.glance import OnTheClock, TodaysShift, minutes_today, on_the_clock, written
from connecteam_sync.core.run import Slice
from connecteam_sync.core.window import Window

MIDNIGHT = 1_764_655_200
HOUR = 3600


def today(start: float, end: float | None, name: str = "Ana", user: int = 7) -> TodaysShift:
    """A shift, in hours after midnight."""
    return TodaysShift(
        user_id=user,
        name=name,
        employee_id=3,
        time_clock_id=1,
        start=MIDNIGHT + round(start * HOUR),
        end=None if end is None else MIDNIGHT + round(end * HOUR),
    )


def test_who_is_on_the_clock_stands_there_the_longest_first() -> None:
    """Then by name; whoever clocked out is not."""
    shifts = [today(9, None, "Ben"), today(8, 12), today(9, None, "Ada"), today(-2, None, "Zoe", 8)]
    found = on_the_clock(shifts)
    assert [(one.name, one.since) for one in found] == [
        ("Zoe", MIDNIGHT - 2 * HOUR),
        ("Ada", MIDNIGHT + 9 * HOUR),
        ("Ben", MIDNIGHT + 9 * HOUR),
    ]
    assert found[0] == OnTheClock(user_id=8, name="Zoe", employee_id=3, time_clock_id=1, since=MIDNIGHT - 2 * HOUR)


@pytest.mark.parametrize(
    ("shifts", "minutes"),
    [
        ([], (0, 0)),
        ([today(8, 12)], (240, 0)),
        ([today(8, None)], (0, 240)),
        ([today(8, 10), today(9, None), today(10, None)], (120, 180 + 120)),
        ([today(0, 1)], (60, 0)),
        ([today(-1 / HOUR, 1)], (0, 0)),
        ([today(-2, None)], (0, 0)),
        ([today(8, 8 + 119 / HOUR)], (1, 0)),
        ([today(8, 8 + 59 / HOUR)], (0, 0)),
        ([today(12 + 1 / HOUR, None)], (0, 0)),
        ([today(13, None)], (0, 0)),
    ],
)
def test_the_hours_of_today_are_of_shifts_that_began_today(shifts: list[TodaysShift], minutes: tuple[int, int]) -> None:
    """Closed ones, and open ones until noon, which it is; one that begins later, by another clock, has none yet."""
    assert minutes_today(shifts, MIDNIGHT, MIDNIGHT + 12 * HOUR) == minutes


def test_what_was_written_today_is_the_sum_of_the_receipts() -> None:
    """Counts, and by how much the hours moved."""
    window = Window(date(2025, 12, 1), date(2025, 12, 1), "America/Chicago")

    def receipt(created: int, updated: int, deleted: int, minutes: tuple[int, int]) -> Slice:
        counts = Counts(created=created, updated=updated, deleted=deleted, unchanged=9, total_shifts=9, held=1)
        moved = Minutes(before=minutes[0], after=minutes[1])
        return Slice(time_clock_id=1, window=window, status="applied", counts=counts, minutes=moved)

    assert written([]) == (Counts(), 0)
    assert written([receipt(1, 20, 300, (100, 160)), receipt(4, 50, 600, (500, 470))]) == (
        Counts(created=5, updated=70, deleted=900),
        30,
    )

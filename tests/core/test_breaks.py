"""Minutes that unpaid breaks take of a shift, to the second at each bound: whatever pays net hours counts by these."""

from __future__ import annotations

import pytest

from connecteam_sync.core.breaks import LONGEST_BREAK, Breaks, ShiftOfRow, has_unknown_break, unpaid_minutes
from connecteam_sync.core.shift import Break, Times

BEGAN = 1_764_684_000
HOUR, MINUTE = 3600, 60
SHIFT = ShiftOfRow("s", 7, 1, None)
TIMES = Times(clock_in=BEGAN, clock_out=BEGAN + 8 * HOUR)
IS_PAID = {(1, "meal"): False, (1, "rest"): True, (2, "rest"): False}
ENDED = 8 * HOUR


def pause(begin: int, end: int | None, kind: str = "meal", *, user: int = 7, clock: int = 1) -> Break:
    """A break, in seconds after the clock-in."""
    return Break("b", user, clock, kind, BEGAN + begin, end=None if end is None else BEGAN + end)


def of(*breaks: Break) -> Breaks:
    """These breaks, with what is known of their types."""
    found: dict[tuple[int, int], list[Break]] = {}
    for one in breaks:
        found.setdefault((one.user_id, one.time_clock_id), []).append(one)
    return Breaks(found, IS_PAID)


@pytest.mark.parametrize(
    ("breaks", "minutes"),
    [
        ([], 0),
        ([pause(HOUR, HOUR + 59)], 0),
        ([pause(HOUR, HOUR + 60)], 1),
        ([pause(HOUR, HOUR + 30 * MINUTE + 59)], 30),
        ([pause(0, 30), pause(HOUR, HOUR + 30)], 1),
        ([pause(HOUR, 2 * HOUR, "rest")], 0),
        ([pause(HOUR, 2 * HOUR, "odd")], 0),
        ([pause(HOUR, 2 * HOUR), pause(HOUR, 2 * HOUR)], 60),
        ([pause(HOUR, 2 * HOUR), pause(HOUR + 1800, 2 * HOUR + 1800)], 90),
        ([pause(HOUR, 3 * HOUR), pause(HOUR + 1800, 2 * HOUR)], 120),
        ([pause(HOUR, 3 * HOUR, "rest"), pause(2 * HOUR, 3 * HOUR)], 60),
        ([pause(HOUR, 2 * HOUR, "odd"), pause(HOUR, 2 * HOUR), pause(HOUR, 2 * HOUR, "rest")], 60),
        ([pause(-HOUR, HOUR)], 60),
        ([pause(-HOUR, 0)], 0),
        ([pause(ENDED - HOUR, ENDED + HOUR)], 60),
        ([pause(ENDED, ENDED + HOUR)], 0),
        ([pause(6 * HOUR, None)], 120),
        ([pause(1 - LONGEST_BREAK, None)], 480),
        ([pause(-LONGEST_BREAK, None)], 0),
        ([pause(HOUR, 2 * HOUR, user=8)], 0),
        ([pause(HOUR, 2 * HOUR, "rest", clock=2)], 0),
    ],
)
def test_unpaid_breaks_are_counted_within_the_shift_and_once(breaks: list[Break], minutes: int) -> None:
    """In whole minutes of their sum; neither paid ones nor those of an unknown type, nor those of others."""
    assert unpaid_minutes(SHIFT, TIMES, of(*breaks)) == minutes
    assert unpaid_minutes(SHIFT, TIMES, of(*breaks[::-1])) == minutes


def test_an_open_shift_or_a_row_without_a_shift_has_none() -> None:
    """Nobody knows yet what breaks take of it."""
    lunch = of(pause(HOUR, 2 * HOUR))
    assert unpaid_minutes(SHIFT, Times(clock_in=BEGAN, clock_out=None), lunch) == 0
    assert unpaid_minutes(None, TIMES, lunch) == 0
    assert unpaid_minutes(SHIFT, None, lunch) == 0


@pytest.mark.parametrize(
    ("one", "is_inside"),
    [
        (pause(HOUR, 2 * HOUR, "odd"), True),
        (pause(-HOUR, 1, "odd"), True),
        (pause(-HOUR, 0, "odd"), False),
        (pause(ENDED - 1, None, "odd"), True),
        (pause(ENDED, ENDED + HOUR, "odd"), False),
        (pause(-LONGEST_BREAK, HOUR, "odd"), False),
        (pause(HOUR, 2 * HOUR), False),
        (pause(HOUR, 2 * HOUR, "rest"), False),
    ],
)
def test_a_break_of_an_unknown_type_makes_its_shift_unsure(one: Break, *, is_inside: bool) -> None:
    """Only if it lies within the shift, which one does not that ends as the shift begins, or begins as it ends."""
    assert has_unknown_break(SHIFT, TIMES, of(one)) is is_inside
    assert not has_unknown_break(None, TIMES, of(one))
    assert not has_unknown_break(SHIFT, None, of(one))

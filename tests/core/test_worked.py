"""One row with its hours and breaks, as timesheets and pages show it."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest
from test_hour_lines import at, row, worked

from connecteam_sync.core.breaks import LONGEST_BREAK, Breaks, ShiftOfRow
from connecteam_sync.core.job_names import JobNames, NamedJob
from connecteam_sync.core.shift import Break
from connecteam_sync.core.worked import WorkedBreak, WorkedShift, worked_shifts

JOBS = JobNames({"p": NamedJob("Picking"), "n": NamedJob("Night")})
BEGAN, ENDED = at(1, 8), at(1, 16)


def one(**more: Any) -> WorkedShift:  # noqa: ANN401 - any member
    """The only row."""
    [found] = worked_shifts(worked(**{"rows": [row(1, 1, 1, 8, 480)], **more}))
    return found


def test_a_row_is_shown_with_its_shift() -> None:
    """Its id, person, day and times, hours, source, job with its sub job, and each break."""
    lunch = Break("b1", 71, 1, "lunch", BEGAN + 3600, end=BEGAN + 5400)
    rest = Break("b2", 71, 1, "rest", BEGAN + 600, end=BEGAN + 900)
    odd = Break("b3", 71, 1, "odd", BEGAN + 7200, end=None)
    found = one(
        shifts={1: ShiftOfRow("s1", 71, 1, "p", "n")},
        jobs=JOBS,
        breaks=Breaks({(71, 1): [odd, lunch, rest]}, {(1, "lunch"): False, (1, "rest"): True}),
        break_names={(1, "lunch"): "Lunch", (1, "rest"): ""},
    )
    assert found == WorkedShift(
        clock_time_id=1,
        employee_id=1,
        day=date(2025, 12, 1),
        clock_in=BEGAN,
        clock_out=ENDED,
        gross_minutes=480,
        break_minutes=30,
        source="connecteam",
        is_ours=True,
        is_journaled=True,
        is_unsure=True,
        shift_id="s1",
        job="p",
        job_name="Picking / Night",
        breaks=(
            WorkedBreak(name="rest", start=BEGAN + 600, end=BEGAN + 900, is_paid=True),
            WorkedBreak(name="Lunch", start=BEGAN + 3600, end=BEGAN + 5400, is_paid=False),
            WorkedBreak(name="odd", start=BEGAN + 7200, end=None, is_paid=None),
        ),
    )
    assert (found.net_minutes, found.is_open) == (450, False)


def test_a_row_without_a_shift_has_its_times_alone() -> None:
    """One entered by hand, open or not in the table yet."""
    by_hand = one(rows=[row(5, 2, 1, 20, None, source="manual")], shifts={}, not_journaled=frozenset({5}))
    assert by_hand == WorkedShift(
        clock_time_id=5,
        employee_id=2,
        day=date(2025, 12, 1),
        clock_in=at(1, 20),
        clock_out=None,
        gross_minutes=0,
        break_minutes=0,
        source="manual",
        is_ours=False,
        is_journaled=False,
    )
    assert (by_hand.is_open, by_hand.shift_id, by_hand.job, by_hand.job_name, by_hand.breaks) == (
        True,
        None,
        None,
        "",
        (),
    )
    assert one(rows=[row(1, 2, 1, 20, None)], shifts={}).is_journaled
    new = msgspec.structs.replace(row(1, 1, 1, 8, 480), id=None)
    assert one(rows=[new], shifts={None: ShiftOfRow("s", 71, 1, None)}).shift_id is None


@pytest.mark.parametrize(
    ("start", "end", "is_shown", "is_shown_while_open"),
    [
        (BEGAN, BEGAN + 60, True, True),
        (BEGAN - 600, BEGAN + 1, True, True),
        (BEGAN - 600, BEGAN, False, False),
        (BEGAN - 600, None, True, True),
        (BEGAN + 1 - LONGEST_BREAK, None, True, True),
        (BEGAN - LONGEST_BREAK, None, False, False),
        (ENDED - 1, ENDED + 600, True, True),
        (ENDED, ENDED + 600, False, True),
        (ENDED + 3600, None, False, True),
    ],
)
def test_breaks_that_touch_a_shift_are_shown(
    start: int, end: int | None, *, is_shown: bool, is_shown_while_open: bool
) -> None:
    """One that ends as the shift begins, or begins as it ends, is none of it; an open shift may still have any."""
    breaks = Breaks({(71, 1): [Break("b", 71, 1, "lunch", start, end=end)]}, {})
    shifts = {1: ShiftOfRow("s1", 71, 1, None)}
    assert bool(one(shifts=shifts, breaks=breaks).breaks) is is_shown
    still_open = one(rows=[row(1, 1, 1, 8, None)], shifts=shifts, breaks=breaks)
    assert (bool(still_open.breaks), still_open.break_minutes) == (is_shown_while_open, 0)


def test_rows_come_by_clock_in_then_by_key() -> None:
    """Whatever order they are read in."""
    rows = [row(3, 1, 2, 8, 60), row(2, 10, 1, 9, 60), row(1, 2, 1, 9, 60), row(4, 1, 1, 8, 60)]
    assert [found.clock_time_id for found in worked_shifts(worked(rows=rows))] == [4, 1, 2, 3]

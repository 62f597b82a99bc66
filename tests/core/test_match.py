"""Which row a new shift gets of those that gone shifts leave, where two time clocks are in each other's way."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import msgspec
from test_plan import ANA, at, shift

from connecteam_sync.core.clocktime import AppliedValues, ClockTime, TrackedShift, clock_time_of
from connecteam_sync.core.match import DuplicateGroup, Match, match
from connecteam_sync.core.shift import Shift

HERE, THERE = 7, 8
EMPLOYEE = 1
EARLY, LATE, ELSEWHERE = at("3 08:00"), at("3 14:00"), at("4 08:00")


def gone(name: str, clock: int, start: int, row: ClockTime) -> TrackedShift:
    """A shift that began at `start`, whose row is where it is."""
    was = msgspec.structs.replace(shift(name, "3 08:00", "3 12:00"), start=start, end=start + 60, time_clock_id=clock)
    applied = AppliedValues(employee_id=EMPLOYEE, clock_in=row.clock_in, clock_out=row.clock_out)
    return TrackedShift(shift=was, clock_time_id=row.id, applied=applied, is_gone=True)


def row_at(number: int, start: int) -> ClockTime:
    """A row of an hour."""
    return msgspec.structs.replace(clock_time_of(EMPLOYEE, start, start + 3600), id=number)


def new(name: str, start: int) -> Shift:
    """A shift of this time clock that has no row yet."""
    return msgspec.structs.replace(shift(name, "3 08:00", "3 12:00"), start=start, end=start + 3600, time_clock_id=HERE)


def matched(shifts: Sequence[Shift], rows: Sequence[ClockTime], left: Sequence[TrackedShift]) -> dict[str, Match]:
    """What each of these shifts gets of what is left."""
    inherited: dict[tuple[int, int], list[TrackedShift]] = defaultdict(list)
    for mirror in left:
        inherited[ANA, mirror.shift.start].append(mirror)
    found = match(
        [(EMPLOYEE, DuplicateGroup(winner=one, losers=())) for one in shifts],
        inherited,
        {},
        rows={row.id: row for row in rows},
        mirrors={mirror.shift.id: mirror for mirror in left},
    )
    return {one.shift.id: one for one in found}


def test_the_row_on_its_key_of_another_clock_comes_before_one_that_is_elsewhere() -> None:
    """Whoever would inherit that one could not move it away before this shift's own row has gone there."""
    rows = [row_at(1, EARLY), row_at(3, LATE)]
    left = [gone("a", HERE, EARLY, rows[1]), gone("b", THERE, LATE, rows[0])]
    found = matched([new("x", EARLY)], rows, left)["x"]
    assert (found.row, found.how, found.replaces) == (rows[0], "succession", "b")


def test_nobody_else_gets_the_row_that_stays_on_its_key() -> None:
    """A second shift that would have inherited it is another row's."""
    rows = [row_at(1, EARLY), row_at(3, ELSEWHERE)]
    left = [gone("a", HERE, EARLY, rows[1]), gone("b", THERE, LATE, rows[0])]
    found = matched([new("x", EARLY), new("y", LATE)], rows, left)
    assert found["x"].row == rows[0]
    assert (found["y"].row, found["y"].how) == (None, "create")


def test_within_one_time_clock_rows_change_places() -> None:
    """One plan moves both, so each shift keeps the row of the one that it replaces."""
    rows = [row_at(1, EARLY), row_at(3, LATE)]
    left = [gone("a", HERE, EARLY, rows[1]), gone("b", HERE, LATE, rows[0])]
    found = matched([new("x", EARLY), new("y", LATE)], rows, left)
    assert (found["x"].row, found["y"].row) == (rows[1], rows[0])


def test_its_own_row_on_its_key_comes_first() -> None:
    """Of two gone shifts of its own start, the one whose row has its key; another time clock has no say then."""
    rows = [row_at(1, EARLY), row_at(3, LATE)]
    left = [gone("a", HERE, EARLY, rows[1]), gone("c", THERE, EARLY, rows[0])]
    found = matched([new("x", EARLY)], rows, left)["x"]
    assert (found.row, found.replaces) == (rows[0], "c")

"""Shifts that nothing is decided about: exactly those whose row is right, and everything else is looked at."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from test_plan import ANA, BEN, EMPLOYEES, MORNING, after_sync, at, shift

from connecteam_sync.core.clocktime import ClockTime, StoredState, TrackedShift
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.shift import Shift
from connecteam_sync.core.unchanged import unchanged_rows

OPEN = shift("o", "3 08:00", user=BEN)
LATER = at("2 09:00")


def found(
    *shifts: Shift,
    stored: StoredState,
    others: tuple[tuple[int, Shift], ...] = (),
    **more: Any,  # noqa: ANN401
) -> dict[str, RowId | None]:
    """The rows of the unchanged ones."""
    rows: dict[RowId | None, ClockTime] = {row.id: row for row in stored.rows}
    mirrors = {mirror.shift.id: mirror for mirror in stored.mirrors}
    return unchanged_rows(shifts, others, rows=rows, mirrors=mirrors, employees=stored.employees, **more)


def with_row(**changed: Any) -> StoredState:  # noqa: ANN401
    """The morning as it was written, but for this of its row."""
    stored = after_sync(MORNING)
    return msgspec.structs.replace(stored, rows=(msgspec.structs.replace(stored.rows[0], **changed),))


def with_mirror(**changed: Any) -> StoredState:  # noqa: ANN401
    """The morning as it was written, but for this of what is remembered."""
    stored = after_sync(MORNING)
    mirror: TrackedShift = msgspec.structs.replace(stored.mirrors[0], **changed)
    return msgspec.structs.replace(stored, mirrors=(mirror,))


def test_what_stands_as_it_was_written_is_unchanged() -> None:
    """Closed or open, each with its own row."""
    stored = after_sync(MORNING, OPEN)
    assert found(MORNING, OPEN, stored=stored) == {"a": 1, "o": 2}
    assert found(OPEN, MORNING, stored=stored) == {"a": 1, "o": 2}
    assert found(MORNING, stored=stored) == {"a": 1}
    to_the_second = msgspec.structs.replace(MORNING, end=at("2 12:00") + 59)
    assert found(to_the_second, stored=after_sync(to_the_second)) == {"a": 1}


@pytest.mark.parametrize(
    "changed",
    [
        {"clock_in": LATER},
        {"clock_out": LATER},
        {"clock_out": None},
        {"employee_id": 2},
        {"total_minutes": 239},
        {"total_minutes": 240.5},
        {"total_minutes": None},
        {"is_active": True},
        {"source": "manual"},
    ],
    ids=str,
)
def test_a_row_with_any_other_value_is_looked_at(changed: dict[str, Any]) -> None:
    """One at a time: none of them makes up for another."""
    assert found(MORNING, stored=with_row(**changed)) == {}


def test_an_open_row_with_minutes_or_without_the_flag_is_looked_at() -> None:
    """Another program counted them up to now."""
    stored = after_sync(OPEN)
    for changed in ({"total_minutes": 0}, {"is_active": False}, {"clock_out": OPEN.start + 60}):
        row = msgspec.structs.replace(stored.rows[0], **changed)
        assert found(OPEN, stored=msgspec.structs.replace(stored, rows=(row,))) == {}


@pytest.mark.parametrize(
    "changed",
    [
        {"is_gone": True},
        {"clock_time_id": None},
        {"clock_time_id": 5},
        {"shift": msgspec.structs.replace(MORNING, end_timezone="UTC")},
    ],
    ids=["gone", "without a row", "of a row that is not there", "remembered otherwise"],
)
def test_a_shift_that_is_remembered_otherwise_is_looked_at(changed: dict[str, Any]) -> None:
    """Something is to be remembered anew, if nothing is written."""
    assert found(MORNING, stored=with_mirror(**changed)) == {}


def test_a_new_shift_or_one_of_a_stranger_is_looked_at_and_hides_no_other() -> None:
    """Those that come after it are still found."""
    stored = after_sync(MORNING)
    assert found(shift("n", "4 08:00"), shift("s", "4 08:00", user=999), MORNING, stored=stored) == {"a": 1}
    unmapped = msgspec.structs.replace(stored, employees={BEN: 2})
    assert found(MORNING, stored=unmapped) == {}


def test_shifts_on_one_clock_in_of_a_person_are_looked_at_together() -> None:
    """In whichever order they come, also if the rival is on another time clock; a colleague's is none."""
    rival = msgspec.structs.replace(MORNING, id="r")
    stored = after_sync(MORNING)
    assert found(MORNING, rival, stored=stored) == found(rival, MORNING, stored=stored) == {}
    assert found(MORNING, stored=stored, others=((1, rival),)) == {}
    assert found(MORNING, stored=stored, others=((2, rival),)) == {"a": 1}
    assert found(MORNING, stored=stored, others=((1, msgspec.structs.replace(rival, start=LATER)),)) == {"a": 1}
    both = after_sync(MORNING, rival)
    assert found(MORNING, rival, stored=both) == {}
    assert EMPLOYEES[ANA] == 1


def test_further_columns_count_where_the_table_has_them() -> None:
    """A name of a job that is another by now is a correction."""
    item = msgspec.structs.replace(MORNING, job_id="j")
    stored = after_sync(item)
    stored = msgspec.structs.replace(stored, rows=(msgspec.structs.replace(stored.rows[0], job="Cook"),))
    for job, expected in (("Cook", {"a": 1}), ("Porter", {}), (None, {})):
        names = {"j": job}
        assert found(item, stored=stored, of_shift=[("job", lambda one, names=names: names[one.job_id])]) == expected
    assert found(item, stored=stored) == {"a": 1}

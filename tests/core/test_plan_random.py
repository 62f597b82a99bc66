"""Random histories: after every plan the table is exactly what Connecteam says, and a second plan finds nothing."""

from __future__ import annotations

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from connecteam_sync.core.clocktime import ClockTime, clock_time_of
from connecteam_sync.core.match import precedence
from connecteam_sync.core.plan import plan
from connecteam_sync.core.shift import Shift
from support.histories import OPEN_GUARDS
from support.in_memory_table import WINDOW, Table, look

EMPLOYEES = {101: 1, 102: 2}
LISTED = frozenset(EMPLOYEES)

_instants = st.integers(0, 5).map(lambda slot: WINDOW.start_utc + slot * 6 * 3600)
"""Few slots, so that collisions, swaps and chains happen all the time; six hours apart, like the old harm."""
_shifts = st.builds(
    lambda name, user, start, minutes, created: Shift(
        id=name,
        user_id=user,
        time_clock_id=7,
        start=start,
        end=None if minutes is None else start + minutes * 60,
        created_at=created,
    ),
    st.sampled_from("abcdefg"),
    st.sampled_from(sorted(EMPLOYEES)),
    _instants,
    st.none() | st.integers(0, 600),
    st.none() | st.integers(1, 3),
)
_answers = st.lists(_shifts, min_size=1, max_size=7, unique_by=lambda shift: shift.id)


def truth(answer: list[Shift]) -> list[ClockTime]:
    """The rows Connecteam's answer amounts to, worked out without the planner: the first of each contested key."""
    first: dict[tuple[int, int], Shift] = {}
    for shift in sorted(answer, key=precedence):
        first.setdefault((EMPLOYEES[shift.user_id], shift.start), shift)
    rows = (clock_time_of(employee, s.start, s.end) for (employee, _), s in first.items())
    return sorted(rows, key=lambda row: row.key)


@settings(max_examples=400, deadline=None)
@given(st.lists(_answers, min_size=1, max_size=5))
def test_the_table_is_what_connecteam_says_after_any_history(history: list[list[Shift]]) -> None:
    """Corrections, swaps, deletions, duplicates and re-openings in any order: exact, and stable when run again."""
    assert history
    table = Table(EMPLOYEES)
    for answer in history:
        table.apply(plan(WINDOW, look(answer, LISTED), table.stored, OPEN_GUARDS))
        rows = [msgspec.structs.replace(row, id=None) for row in table.stored.rows]
        assert sorted(rows, key=lambda row: row.key) == truth(answer)
        again = plan(WINDOW, look(answer, LISTED), table.stored, OPEN_GUARDS)
        assert (again.changes, again.mirrors) == ((), ())

"""Random histories: after every plan the table is exactly what Connecteam says, and a second plan finds nothing."""

from __future__ import annotations

from datetime import date
from itertools import count

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from connecteam_sync.core.change import Plan, Policy
from connecteam_sync.core.clocktime import ClockTime, Stored, clock_time_of
from connecteam_sync.core.match import precedence
from connecteam_sync.core.order import steps
from connecteam_sync.core.plan import plan
from connecteam_sync.core.shift import Shift, Snapshot
from connecteam_sync.core.window import Window

WINDOW = Window(date(2025, 3, 8), date(2025, 3, 10), "America/Chicago")
"""Three days around a night the clocks change."""
EMPLOYEES = {101: 1, 102: 2}
OPEN_GUARDS = Policy(max_deletes=10**6, max_users_gone_share=1.0)

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


class Table:
    """`clock_times` and the memory, kept by the rules a database enforces: one row per (employee, clock-in)."""

    def __init__(self) -> None:
        self.stored = Stored(employees=EMPLOYEES)
        self.ids = count(1)

    def apply(self, decision: Plan) -> None:
        """Execute the ordered steps; fail where a write meets a taken key or a row that is not as planned."""
        rows = {row.id: row for row in self.stored.rows}
        made: dict[str | None, int] = {}
        for step in steps(decision.changes):
            for move in step:
                before, after = move.change.before, move.change.after
                taken = {row.key: row.id for row in rows.values()}
                if before is not None and move.from_parked is None:
                    assert rows[before.id] == before
                if after is None:
                    assert before is not None
                    del rows[before.id]
                    continue
                row_id = after.id if after.id is not None else next(self.ids)
                made[move.change.shift_id] = row_id
                image = msgspec.structs.replace(after, id=row_id, clock_in=move.parked or after.clock_in)
                assert taken.get(image.key, row_id) == row_id, "the unique key would have refused this write"
                rows[row_id] = image
        memory = {mirror.shift.id: mirror for mirror in self.stored.mirrors}
        for mirror in decision.mirrors:
            link = mirror.clock_time_id
            if link is None and mirror.applied is not None:
                link = made[mirror.shift.id]
            memory[mirror.shift.id] = msgspec.structs.replace(mirror, clock_time_id=link)
        ordered = tuple(sorted(rows.values(), key=lambda row: row.id or 0))
        self.stored = msgspec.structs.replace(self.stored, rows=ordered, mirrors=tuple(memory.values()))


def look(answer: list[Shift]) -> Snapshot:
    """A complete look that names both people."""
    padded = WINDOW.padded()
    return Snapshot(
        time_clock_id=7,
        first=padded.first,
        last=padded.last,
        users=(),
        listed=frozenset(EMPLOYEES),
        shifts=tuple(answer),
    )


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
    table = Table()
    for answer in history:
        table.apply(plan(WINDOW, look(answer), table.stored, OPEN_GUARDS))
        rows = [msgspec.structs.replace(row, id=None) for row in table.stored.rows]
        assert sorted(rows, key=lambda row: row.key) == truth(answer)
        again = plan(WINDOW, look(answer), table.stored, OPEN_GUARDS)
        assert (again.changes, again.mirrors) == ((), ())

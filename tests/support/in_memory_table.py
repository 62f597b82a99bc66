"""A table in memory: `clock_times` and tracked shifts under a database's rules, and the looks planned against it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from itertools import count, pairwise

import msgspec

from connecteam_sync.core.change import SlicePlan
from connecteam_sync.core.clocktime import Child, ClockTime, StoredState
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.order import steps
from connecteam_sync.core.shift import Shift, Snapshot
from connecteam_sync.core.window import LockedDay, Window, locked_day
from support.oracle import Fact, Row

CHICAGO = "America/Chicago"
WINDOW = Window(date(2025, 3, 8), date(2025, 3, 10), CHICAGO)
"""Three days around a night the clocks change."""


def _cuts() -> tuple[tuple[Window, ...], ...]:
    """Every way to cut the window into two or more parts."""
    days = [WINDOW.first + timedelta(days=n) for n in range(WINDOW.days)]
    found = []
    for inner in ((1,), (2,), (1, 2)):
        bounds = [0, *inner, len(days)]
        found.append(tuple(Window(days[a], days[b - 1], CHICAGO) for a, b in pairwise(bounds)))
    return tuple(found)


CUTS = _cuts()
PADDED = {window: (window.padded().start_utc, window.padded().end_utc) for cut in (*CUTS, (WINDOW,)) for window in cut}


class Table:
    """`clock_times` and tracked shifts under the rules of a database: one row per (employee, clock-in)."""

    def __init__(self, employees: dict[int, int]) -> None:
        self.employees = employees
        self.stored = StoredState(employees=employees)
        self.ids = count(1)
        self.children: Mapping[RowId, tuple[Child, ...]] = {}
        self.ambiguous: Mapping[int, tuple[int, ...]] = {}

    def read(self, window: Window, snapshot: Snapshot, locked: frozenset[str] = frozenset()) -> StoredState:
        """The `StoredState` of a window and a look: no more than a database gives."""
        stored = self.stored
        rows, mirrors = stored.rows, stored.mirrors
        if window != WINDOW:
            low, high = PADDED[window]
            home = {row.id: row.clock_in for row in rows}
            named = {shift.id for shift in snapshot.shifts}
            mirrors = tuple(
                m
                for m in mirrors
                if m.shift.id in named or low <= m.shift.start < high or low <= home.get(m.clock_time_id, 0) < high
            )
            linked = {m.clock_time_id for m in mirrors}
            moved = {m.shift.start for m in mirrors if m.clock_time_id in home}
            former = {m.former_clock_time_id for m in mirrors}
            rows = tuple(
                row
                for row in rows
                if low <= row.clock_in < high or row.id in linked or row.id in former or row.clock_in in moved
            )
        return StoredState(
            rows=rows,
            mirrors=mirrors,
            employees=dict(self.employees),
            ambiguous=dict(self.ambiguous),
            users_of=self._users_of() if self.ambiguous else dict[RowId, frozenset[int]](),
            children=dict(self.children),
            locked=closed(locked),
        )

    def _users_of(self) -> dict[RowId, frozenset[int]]:
        """The users of all employees, including users that two employees carry."""
        found: dict[RowId, frozenset[int]] = {}
        for user, several in (*((u, (e,)) for u, e in self.employees.items()), *self.ambiguous.items()):
            found |= {employee: found.get(employee, frozenset()) | {user} for employee in several}
        return found

    def apply(self, decision: SlicePlan) -> None:
        """Execute the ordered steps; fail if a write meets a taken key or a row that is not as planned."""
        rows = {row.id: row for row in self.stored.rows}
        made: dict[str | None, RowId] = {}
        for step in steps(decision.changes):
            for move in step:
                before, after = move.change.before, move.change.after
                taken = {row.key: row.id for row in rows.values()}
                if before is not None:
                    assert rows[before.id] == (move.from_parked or before)
                if after is None:
                    assert before is not None
                    del rows[before.id]
                    continue
                row_id = after.id if after.id is not None else next(self.ids)
                made[move.change.shift_id] = row_id
                image = msgspec.structs.replace(move.parked or after, id=row_id)
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


def closed(days: Iterable[str]) -> tuple[LockedDay, ...]:
    """Days like `2025-03-09 America/Chicago`, as the planner gets them."""
    named = (day.split() for day in sorted(days))
    return tuple(locked_day(date.fromisoformat(day), zone) for day, zone in named)


def look(
    answer: list[Shift],
    listed: frozenset[int],
    window: Window = WINDOW,
    *,
    clock: int = 7,
) -> Snapshot:
    """A complete look that names these people."""
    padded = window.padded()
    return Snapshot(
        time_clock_id=clock,
        first=padded.first,
        last=padded.last,
        users=(),
        listed=listed,
        shifts=tuple(answer),
    )


def shifts_of(facts: list[Fact]) -> list[Shift]:
    """Facts as shifts for the planner."""
    return [
        Shift(id=f.name, user_id=f.user, time_clock_id=f.clock, start=f.start, end=f.end, created_at=f.created)
        for f in facts
    ]


def values(row: ClockTime) -> Row:
    """A row without its key."""
    assert isinstance(row.employee_id, int)
    return Row(row.employee_id, row.clock_in, row.clock_out, row.total_minutes, row.is_active, row.source)

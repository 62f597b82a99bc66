"""What every time clock shows of a window, and what is stored of it: the evidence that a table is taken over with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from connecteam_sync.core.clocktime import ClockTime, TrackedShift
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.shift import Shift
from connecteam_sync.core.window import Window
from connecteam_sync.engine.context import Context


class SliceEvidence(NamedTuple):
    """A slice of a window: the shifts of every time clock around it, and the rows, employees (by user) and memories."""

    window: Window
    shifts: list[Shift]
    rows: dict[RowId | None, ClockTime]
    employees: dict[int, RowId]
    mirrors: dict[str, TrackedShift]


def gather_evidence(context: Context, window: Window) -> Iterator[SliceEvidence]:
    """Slice by slice; whose data this is, is asked first, so that a run may note it."""
    context.choosing.begin()
    context.belonging.check_stored()
    context.belonging.check_company()
    people = context.client.users()
    for wanted in context.choosing.of((window,)):
        found = SliceEvidence(wanted.window, [], {}, {}, {})
        for clock in wanted.clocks:
            snapshot = context.client.fetch_snapshot(clock, wanted.window, people)
            with context.store.reading() as session:
                stored = session.stored(wanted.window, snapshot)
            found.shifts.extend(snapshot.shifts)
            found.rows.update((row.id, row) for row in stored.rows)
            found.employees.update(stored.employees)
            found.mirrors.update((mirror.shift.id, mirror) for mirror in stored.mirrors)
        yield found

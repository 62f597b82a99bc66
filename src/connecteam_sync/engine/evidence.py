"""The shifts of every time clock in a window, and the stored rows: the evidence for taking over a table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from connecteam_sync.core.clocktime import ClockTime, TrackedShift
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.shift import Shift
from connecteam_sync.core.window import Window
from connecteam_sync.engine.context import Context
from connecteam_sync.store.mirror.stored import stored_state


class SliceEvidence(NamedTuple):
    """One slice: the shifts of every time clock around it; rows, employees by user and tracked shifts by shift id."""

    window: Window
    shifts: list[Shift]
    rows: dict[RowId | None, ClockTime]
    employees: dict[int, RowId]
    mirrors: dict[str, TrackedShift]


def gather_evidence(context: Context, window: Window) -> Iterator[SliceEvidence]:
    """The evidence of a window, slice by slice. The account is checked first, so that a run can remember it."""
    context.choosing.begin()
    context.belonging.check_stored()
    context.belonging.check_company()
    people = context.client.users()
    for wanted in context.choosing.of((window,)):
        evidence = SliceEvidence(wanted.window, [], {}, {}, {})
        for clock in wanted.clocks:
            snapshot = context.client.fetch_snapshot(clock, wanted.window, people)
            with context.store.reading() as session:
                stored = stored_state(session, wanted.window, snapshot)
            evidence.shifts.extend(snapshot.shifts)
            evidence.rows.update((row.id, row) for row in stored.rows)
            evidence.employees.update(stored.employees)
            evidence.mirrors.update((mirror.shift.id, mirror) for mirror in stored.mirrors)
        yield evidence

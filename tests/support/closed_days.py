"""Closed days: rows and corrections together are what the planner would write if no day was closed."""

from __future__ import annotations

import copy
import random
from collections import Counter
from collections.abc import Iterable
from datetime import date
from itertools import count

from connecteam_sync.core.change import Hold, Policy
from connecteam_sync.core.clocktime import ClockTime
from connecteam_sync.core.corrections import parts_of
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.locks import Locks
from connecteam_sync.core.window import local_day
from support.in_memory_runs import InMemoryRuns
from support.in_memory_table import WINDOW, closed
from support.oracle import Fact

_Minutes = Counter[tuple[RowId, date, str]]


def closed_days_add_up(
    runs: InMemoryRuns, shown: list[Fact], listed: frozenset[int], policy: Policy, holds: list[Hold]
) -> int:
    """How many corrections there were to compare; people of whom anything is held for another reason are left out."""
    if not runs.locked:
        return 0
    locks = Locks(closed(runs.locked))
    opened = _without_locks(runs)
    holds_open = opened.come_to_rest(shown, listed, policy)
    rows, rows_open = runs.table.stored.rows, opened.table.stored.rows
    people = _held(runs, holds, (*rows, *rows_open)) | _held(runs, holds_open, (*rows, *rows_open))
    parts = [part for hold in holds if hold.change for part in parts_of(hold.change, locks, WINDOW.zone)]
    found = _minutes(rows, locks)
    for part in parts:
        found[part.key] += part.minutes_after - part.minutes_before
    wanted = _minutes(rows_open, locks)
    for key in found.keys() | wanted.keys():
        if key[0] not in people:
            assert found[key] == wanted[key], f"rows and corrections of {key}: {found[key]}, wanted {wanted[key]}"
    return sum(part.employee_id not in people for part in parts)


def _without_locks(runs: InMemoryRuns) -> InMemoryRuns:
    """The same company with no day closed; what happens there leaves the first one as it is."""
    opened, table = copy.copy(runs), copy.copy(runs.table)
    table.ids = count(10**6)
    opened.table, opened.hard = table, copy.copy(runs.hard)
    opened.chance = opened.hard.chance = random.Random(1)  # noqa: S311 - repeatable, no secrets
    opened.locked, opened.reach, opened.on_plan = frozenset(), Counter(), lambda _: None
    return opened


def _minutes(rows: Iterable[ClockTime], locks: Locks) -> _Minutes:
    minutes = _Minutes()
    for row in rows:
        if row.is_ours:
            day = locks.at(row.clock_in)
            place = (day.day, day.timezone) if day else (local_day(row.clock_in, WINDOW.zone), WINDOW.timezone)
            minutes[row.employee_id, *place] += row.minutes
    return minutes


def _held(runs: InMemoryRuns, holds: Iterable[Hold], rows: Iterable[ClockTime]) -> set[RowId | None]:
    """The employees of whom something is held for another reason than a closed day."""
    others = [hold for hold in holds if hold.change is None]
    keys = {hold.clock_time_id for hold in others if hold.clock_time_id is not None}
    users = {hold.user_id for hold in others}
    found: set[RowId | None] = {hold.employee_id for hold in others}
    found |= {row.employee_id for row in rows if row.id in keys}
    return found | {employee for user, employee in runs.table.employees.items() if user in users}

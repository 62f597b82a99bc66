"""One employee's history: rows, their changes, holds, and the shifts as Connecteam showed them last."""

from __future__ import annotations

import msgspec

from connecteam_sync.core.clocktime import ClockTime, Employee
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.run import Entry, StandingHold
from connecteam_sync.core.shift import Shift
from connecteam_sync.core.window import Window


class ShiftHistory(msgspec.Struct, frozen=True, kw_only=True):
    """A shift as Connecteam showed it last; `is_gone` if it is no longer there.

    `changed_in_run` is the run that noted these values, `changed_at` when that began (epoch seconds; None if it is no
    longer on record).
    """

    shift: Shift
    clock_time_id: RowId | None
    is_gone: bool
    changed_in_run: int
    changed_at: int | None


class History(msgspec.Struct, frozen=True, kw_only=True):
    """The rows of an employee, and all that explains them."""

    employee: Employee
    rows: tuple[ClockTime, ...]
    changes: tuple[Entry, ...]
    holds: tuple[StandingHold, ...]
    shifts: tuple[ShiftHistory, ...]
    purged: tuple[Window, ...] = ()
    """Days of those that were asked for which were purged: of these nothing else is on record any more."""
    has_more: bool = False
    """Whether further changes are behind the last one of these: go on after its cursor."""


def about(
    holds: tuple[StandingHold, ...],
    *,
    rows: frozenset[RowId],
    shifts: frozenset[str],
    employee: RowId,
    users: frozenset[int],
    span: tuple[int, int] | None,
) -> tuple[StandingHold, ...]:
    """The holds on these rows and shifts, and those of the employee and their users that lie in the span of instants.

    A hold without an instant, whose day is unknown, counts for every span.
    """

    def is_theirs(standing: StandingHold) -> bool:
        hold = standing.hold
        if hold.clock_time_id in rows or hold.shift_id in shifts:
            return True
        if hold.employee_id != employee and hold.user_id not in users:
            return False
        return span is None or hold.instant is None or span[0] <= hold.instant < span[1]

    return tuple(filter(is_theirs, holds))

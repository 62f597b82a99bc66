"""Minutes that unpaid breaks take of a shift, in both layouts of breaks. Pure.

Everything that shows or pays net minutes counts by these rules: timesheets, exports, the mirrored columns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from connecteam_sync.core.shift import Break, Times

LONGEST_BREAK = 7 * 86_400
"""Seconds; a break is of no shift that begins later than this after it, as in the view `v_net_minutes`."""


class ShiftOfRow(NamedTuple):
    """What a line says of a shift, and by which its breaks are found."""

    shift_id: str
    user_id: int
    time_clock_id: int
    job_id: str | None
    sub_job_id: str | None = None


class Breaks(NamedTuple):
    """Remembered breaks by (user, time clock), and whether their types are paid, by (time clock, type)."""

    found: Mapping[tuple[int, int], Sequence[Break]]
    is_paid: Mapping[tuple[int, str], bool | None]


def unpaid_minutes(shift: ShiftOfRow | None, times: Times | None, breaks: Breaks) -> int:
    """Whole minutes that unpaid breaks take of a shift between these times, rounded down: counted once where breaks
    overlap. None of an open shift.
    """
    if shift is None or times is None or times.clock_out is None:
        return 0
    reached, seconds = times.clock_in, 0
    for began, ended, is_paid in sorted(_inside(shift, times, breaks), key=lambda span: span[:2]):
        if is_paid is False and ended > reached:
            seconds += ended - max(began, reached)
            reached = ended
    return seconds // 60


def has_unknown_break(shift: ShiftOfRow | None, times: Times | None, breaks: Breaks) -> bool:
    """Whether a break inside these times is of a type of which nobody knows whether it is paid."""
    return any(
        is_paid is None for _, _, is_paid in ([] if shift is None or times is None else _inside(shift, times, breaks))
    )


def _inside(shift: ShiftOfRow, times: Times, breaks: Breaks) -> list[tuple[int, int, bool | None]]:
    """The breaks of a shift, clipped to its times, and whether each is paid; one that nobody ended lasts to its end."""
    found = breaks.found.get((shift.user_id, shift.time_clock_id))
    if times.clock_out is None or not found:
        return []
    return [
        (
            max(one.start, times.clock_in),
            min(times.clock_out if one.end is None else one.end, times.clock_out),
            breaks.is_paid.get((one.time_clock_id, one.break_type_id)),
        )
        for one in found
        if times.clock_in - LONGEST_BREAK < one.start < times.clock_out
        and (one.end is None or one.end > times.clock_in)
    ]

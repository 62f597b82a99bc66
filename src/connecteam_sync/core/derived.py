"""What a row takes from its shift beside person and times: the name of its job, and what breaks leave of it. Pure.

Names of jobs and types of breaks are lists of their own: whoever plans hands them in.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING

from connecteam_sync.core.breaks import Breaks, ShiftOfRow, unpaid_minutes
from connecteam_sync.core.shift import Break, Shift, Times

if TYPE_CHECKING:
    from connecteam_sync.core.job_names import JobNames

JobPair = tuple[str | None, str | None]
"""The ids of a shift's job and sub job."""
NO_BREAKS = Breaks({}, {})


def job_pair(shift: Shift) -> JobPair:
    """The job and the sub job of a shift."""
    return (shift.job_id, shift.sub_job_id)


def names_of(shifts: Iterable[Shift], jobs: JobNames, *, longest: int | None) -> dict[JobPair, str]:
    """What the jobs of these shifts are called; those of which a name is not known are left out.

    A name that has more than the `longest` characters of its column is cut there: a label keeps no hours out.
    """
    pairs = sorted({job_pair(shift) for shift in shifts}, key=lambda pair: (pair[0] or "", pair[1] or ""))
    return {pair: name[:longest].rstrip() for pair in pairs if (name := jobs.known(*pair)) is not None}


class Derived:
    """Names by job and sub job, and the breaks that count; shifts have them in these columns.

    Minutes are whole and rounded down, as timesheets and exports have them.
    """

    def __init__(self, names: Mapping[JobPair, str] | None = None, breaks: Breaks = NO_BREAKS) -> None:
        self._names, self._breaks = names or {}, breaks

    def job(self, shift: Shift) -> str | None:
        """What its job is called; None without a job, and where its name is not known yet."""
        return self._names.get(job_pair(shift))

    def break_minutes(self, shift: Shift) -> int | None:
        """What unpaid breaks take of it; None while it is open."""
        if shift.end is None:
            return None
        if (shift.user_id, shift.time_clock_id) not in self._breaks.found:
            return 0
        place = ShiftOfRow(shift.id, shift.user_id, shift.time_clock_id, None)
        return unpaid_minutes(place, Times(clock_in=shift.start, clock_out=shift.end), self._breaks)

    def net_minutes(self, shift: Shift) -> int | None:
        """Its whole minutes without those; None while it is open."""
        unpaid = self.break_minutes(shift)
        return None if shift.end is None or unpaid is None else (shift.end - shift.start) // 60 - unpaid


def breaks_that_count(
    breaks: Iterable[Break], changed: Iterable[Break], gone: Collection[str], is_paid: Mapping[tuple[int, str], bool]
) -> Breaks:
    """Breaks as they will be remembered: those that are, with what has changed, without those that are gone."""
    by_id = {one.id: one for one in (*breaks, *changed)}
    found: dict[tuple[int, int], list[Break]] = defaultdict(list)
    for one in by_id.values():
        if one.id not in gone:
            found[one.user_id, one.time_clock_id].append(one)
    return Breaks(dict(found), is_paid)

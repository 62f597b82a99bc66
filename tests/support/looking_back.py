"""A company whose table of earlier runs is asked for, and compared with copies of it that were kept then."""

from __future__ import annotations

from typing import Any

from hypothesis.stateful import precondition, rule

from support.company_life import picks
from support.invariants import REACH, Rows, seconds
from support.payroll_life import PayrollLife
from support.scenario import FIRST, LAST

Kept = dict[int, tuple[Any, ...]]
"""(employee, clock-in, clock-out, minutes) of each row of ours, by its id."""


class LookingBack(PayrollLife):
    """`copies` are those of the table by the run after which it was so."""

    def __init__(self) -> None:
        super().__init__()
        self.copies: dict[int, Kept] = {}

    def keep_copy(self, run: int | None, rows: Rows) -> None:
        """What the table has after a run that is on record."""
        if run is not None:
            self.copies[run] = {
                row["id"]: (
                    row["employee_id"],
                    seconds(row["clock_in"]),
                    None if row["clock_out"] is None else seconds(row["clock_out"]),
                    row["total_minutes"] or 0,
                )
                for row in rows
                if row["source"] == "connecteam"
            }

    @precondition(lambda self: self.copies)
    @rule(pick=picks)
    def look_back_at_the_table(self, pick: int) -> None:
        """The papers as of a run have the rows of its copy, but for those that others ever edited."""
        run = sorted(self.copies)[pick % len(self.copies)]
        window = self.world.mirror.window(FIRST, LAST)
        wanted = {
            key: row
            for key, row in self.copies[run].items()
            if key not in self.edited and window.start_utc <= row[1] < window.end_utc
        }
        before = self.world.table()
        found = {
            one.clock_time_id: (one.employee_id, one.clock_in, one.clock_out, one.gross_minutes)
            for sheet in self.world.mirror.payroll.timesheets(window, as_of=run)
            for one in sheet.shifts
            if one.source == "connecteam" and one.clock_time_id not in self.edited
        }
        assert found == wanted, f"as of run {run} the papers have other rows than the table had"
        assert self.world.table() == before
        REACH["the table of an earlier run"] += len(wanted)

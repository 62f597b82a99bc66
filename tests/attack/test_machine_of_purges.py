"""The state machine of `test_machine`, in which days are purged and people are erased while everything else goes on."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule, run_state_machine_as_test
from test_machine import RANDOM, SHRINK, Life

from connecteam_sync.core.run import Run
from connecteam_sync.core.shift import ERASED
from connecteam_sync.core.window import Window
from connecteam_sync.errors import RetentionRefused, UndoRefused
from connecteam_sync.sandbox.company import Activity
from support import invariants
from support.assertion_counts import require, tell
from support.company_life import days, picks
from support.invariants import REACH, Rows, seconds
from support.payroll_life import PERIODS, window_of
from support.scenario import FIRST

EXAMPLES = int(os.environ.get("CONNECTEAM_SYNC_MACHINES", "10"))
"""Lives of a company, forty steps each."""
ENOUGH = 200
"""Lives in which every assertion is reached often enough."""
ASSERTIONS = (
    "a purge takes its days and nothing else",
    "purged days are never written",
    "who was erased stays erased",
    "a run of purged days is not undone",
    "convergence",
    "idempotence",
    "undo is byte-identical",
)
RARE = {
    "purged days are never written": 150,
    "idempotence": 400,
    "a run of purged days is not undone": 20,
    "who was erased stays erased": 20,
}
"""Most lives purge late, a run has to be there to undo, and everybody but a few works until today."""
LAST_PURGED = FIRST + timedelta(days=9)
"""The tenth day: a life begins on the eleventh, which has to be kept."""
KEYS = {
    "connecteam_sync_shifts": "id",
    "connecteam_sync_breaks": "id",
    "connecteam_sync_changes": "id",
    "connecteam_sync_holds": "id",
}


class PurgedLife(Life):
    """A company that keeps records for no year at all, so that days may be purged at once."""

    def __init__(self) -> None:
        super().__init__()
        self.purged: list[Window] = []
        self.forgotten: set[str] = set()
        self.erased: set[int] = set()

    def more_options(self) -> dict[str, Any]:
        """Days before today may go."""
        return {**super().more_options(), "retention_years": 0}

    def is_purged(self, instant: int) -> bool:
        """Whether an instant lies on a day that was purged."""
        return any(window.start_utc <= instant < window.end_utc for window in self.purged)

    def has_purged(self, window: Window) -> bool:
        """Whether any of these days was purged."""
        return any(one.first <= window.last and window.first <= one.last for one in self.purged)

    # -- what is looked at besides: nothing of purged days -------------------------------------------------------------

    def shown(self, window: Window | None = None) -> list[Activity]:
        """Without those of purged days."""
        return [shift for shift in super().shown(window) if not self.is_purged(shift.start)]

    def truth(self, window: Window) -> set[invariants.Fact]:
        """Without that of purged days."""
        return {fact for fact in super().truth(window) if not self.is_purged(fact[1])}

    def _facts(self) -> set[invariants.Fact]:
        return {fact for fact in super()._facts() if not self.is_purged(fact[1])}

    def tracked(self, after: dict[str, Any]) -> Rows:
        """One that has moved to a purged day is tracked until it moves on, and is as good as gone there."""
        return [{**row, "is_gone": 1} if self.is_purged(row["start_at"]) else row for row in super().tracked(after)]

    def held_and_corrected(self, after: dict[str, Any]) -> tuple[Rows, Rows]:
        """Without what a purge took the hold of, whose corrections stay, decided as they are; and without what is held
        since it would move to or from a purged day, which is no correction: nobody could accept it.
        """
        holds, corrections = super().held_and_corrected(after)
        rows = {row["id"] for row in after["clock_times"] if self.is_purged(seconds(row["clock_in"]))}
        gone = self.forgotten | {row["subject"] for row in corrections if self._is_purged_day(row["day"])}
        gone |= {
            row["subject"]
            for row in holds
            if row["clock_time_id"] in rows or (row["instant"] is not None and self.is_purged(row["instant"]))
        }

        def left(rows: Rows) -> Rows:
            return [row for row in rows if row["subject"] not in gone and row["shift_id"] not in gone]

        return left(holds), left(corrections)

    def _is_purged_day(self, day: str) -> bool:
        return any(window.first.isoformat() <= day <= window.last.isoformat() for window in self.purged)

    def _judge_pay(self, after: dict[str, Any]) -> None:
        """Of purged days the sums of a person are not known."""
        if not self.purged:
            super()._judge_pay(after)

    # -- purging -------------------------------------------------------------------------------------------------------

    @rule(first=days, length=st.integers(0, 3), with_rows=st.booleans())
    def purge(self, first: int, length: int, *, with_rows: bool) -> None:
        """Days are purged, or refused whole; nothing else moves."""
        start = min(FIRST + timedelta(days=first), LAST_PURGED)
        window = self.world.mirror.window(start, min(start + timedelta(days=length), LAST_PURGED))
        name, before = f"{window.first}..{window.last}", self._tables()
        waits = any(
            row["state"] == "pending" and window.first.isoformat() <= row["day"] <= window.last.isoformat()
            for row in before["connecteam_sync_corrections"]
        )
        retention = self.world.mirror.retention
        if waits:
            with pytest.raises(RetentionRefused, match="to be decided"):
                retention.purge(name, confirm=name, with_rows=with_rows, by="Pia")
            assert self._tables() == before, "a purge that was refused wrote"
            return
        closed = [window_of(one) for one in Life._closed(self)]
        foreseen = retention.foreseen(name, with_rows=with_rows)
        done = retention.purge(name, confirm=name, with_rows=with_rows, by="Pia")
        assert (done.state, done.counts) == ("done", foreseen.counts)
        self.purged.append(window)
        after = self._tables()
        self._judge_purge(window, before, after, closed if with_rows else [])
        if self.undoable is not None:
            self._judge_undo(self.undoable[0], before, after)
        self.undoable = None
        self.certified = [one for one in self.certified if not self.has_purged(one[1])]
        # Runs that looked at purged days only are on record no more.
        on_record = {run.id for run in self.world.mirror.runs(limit=10_000)}
        self.copies = {run: copy for run, copy in self.copies.items() if run in on_record}

    def _judge_undo(self, number: int, before: dict[str, Any], after: dict[str, Any]) -> None:
        """A run of which a purge took a change is not undone, and nothing is written."""
        made, left = (
            sum(row["run_id"] == number for row in tables["connecteam_sync_changes"]) for tables in (before, after)
        )
        if left < made and any(run.id == number for run in self.world.mirror.runs(limit=10_000)):
            with pytest.raises(UndoRefused, match="was purged"):
                self.world.mirror.undo(number)
            assert self._tables() == after, "an undo that was refused wrote"
            REACH["a run of purged days is not undone"] += 1

    def _judge_purge(self, window: Window, before: dict[str, Any], after: dict[str, Any], closed: list[Window]) -> None:
        """What is left is as it was; what went lies in the days. `closed` are the periods whose rows may go."""

        def inside(instant: int) -> bool:
            return window.start_utc <= instant < window.end_utc

        for table in (*KEYS, "clock_times"):
            kept = {row["id"] for row in after[table]}
            assert after[table] == [row for row in before[table] if row["id"] in kept], f"a purge altered {table}"
        assert after["connecteam_sync_corrections"] == before["connecteam_sync_corrections"]
        assert (after["payslips"], after["person_locks"]) == (before["payslips"], before["person_locks"])
        gone = {
            table: [row for row in before[table] if row["id"] not in {one["id"] for one in after[table]}]
            for table in (*KEYS, "clock_times")
        }
        held = {line["clock_time_id"] for line in before["payslips"]}
        for row in gone["clock_times"]:
            begun = seconds(row["clock_in"])
            assert inside(begun), f"a row of another day went: {row}"
            assert any(
                window.first <= one.first and one.last <= window.last and one.start_utc <= begun < one.end_utc
                for one in closed
            ), f"a row of no closed period went: {row}"
            assert (row["source"], row["id"] in held) == ("connecteam", False), row
        assert all(inside(row["start_at"]) for row in gone["connecteam_sync_shifts"])
        assert all(inside(row["start_at"]) for row in gone["connecteam_sync_breaks"])
        assert all(inside(row["instant"]) for row in gone["connecteam_sync_holds"])
        assert all(
            window.first.isoformat() <= row["first_day"] <= window.last.isoformat()
            for row in gone["connecteam_sync_changes"]
        )
        shifts = {row["id"] for row in gone["connecteam_sync_shifts"]}
        self.forgotten |= shifts | {row["subject"] for row in gone["connecteam_sync_holds"]}
        self.seen -= shifts
        self.homes = {shift: row for shift, row in self.homes.items() if shift not in shifts}
        self.edited |= {row["clock_time_id"] for row in gone["connecteam_sync_changes"]}
        REACH["a purge takes its days and nothing else"] += sum(map(len, gone.values()))

    def _judge_writes(
        self,
        run: Run,
        before: dict[str, Any],
        after: dict[str, Any],
        locked: Any,  # noqa: ANN401 - as there
    ) -> None:
        super()._judge_writes(run, before, after, locked)
        rows = [
            [row for row in tables["clock_times"] if self.is_purged(seconds(row["clock_in"]))]
            for tables in (before, after)
        ]
        assert rows[0] == rows[1], "a row of a purged day was written"
        known = {row["id"] for row in before["connecteam_sync_shifts"]}
        fresh = [row for row in after["connecteam_sync_shifts"] if row["id"] not in known]
        assert not any(self.is_purged(row["start_at"]) for row in fresh), "a shift of a purged day is remembered again"
        if self.purged:
            REACH["purged days are never written"] += 1
        self._judge_erased()

    @precondition(lambda self: self.undoable is not None and not self.refuses)
    @rule()
    def undo(self) -> None:
        """As ever, also of days that were purged before: its own changes are on record. Of a run that changed nothing
        nobody can tell what a purge took of it: it is refused, with the reason.
        """
        assert self.undoable is not None
        number, _, _ = self.undoable
        old = next(run for run in self.world.mirror.runs() if run.id == number)
        before = self._tables()
        is_on_record = any(row["run_id"] == number for row in before["connecteam_sync_changes"])
        if is_on_record or not self.has_purged(old.window):
            Life.undo(self)
            return
        with pytest.raises(UndoRefused, match="was purged"):
            self.world.mirror.undo(number)
        assert self._tables() == before, "an undo that was refused wrote"
        REACH["a run of purged days is not undone"] += 1
        self.undoable = None

    # -- erasing -------------------------------------------------------------------------------------------------------

    @rule(pick=picks)
    def erase(self, pick: int) -> None:
        """Somebody is erased who has not worked of late, or it is refused; hours and journal stay as they are."""
        known = [one for one in self.world.mirror.employees() if one.employee_id is not None]
        if not known:
            return
        one = known[pick % len(known)]
        before = self._tables()
        try:
            self.world.mirror.retention.erase(str(one.employee_id), confirm=str(one.employee_id), by="Pia")
        except RetentionRefused:
            assert self._tables() == before, "an erasure that was refused wrote"
            return
        after = self._tables()
        names = [name for name in before if name != "connecteam_sync_holds"]
        assert [after[name] for name in names] == [before[name] for name in names], "an erasure altered hours"
        self.erased |= {user.user_id for user in known if user.employee_id == one.employee_id}
        self._judge_erased()

    def _judge_erased(self) -> None:
        """Nobody who was erased has a name again."""
        if self.erased:
            users = {row["user_id"]: row for row in self.world.table("connecteam_sync_users")}
            for user in self.erased:
                row = users[user]
                assert (row["first_name"], row["last_name"], row["email"], row["phone"]) == (ERASED, "", None, None)
                REACH["who was erased stays erased"] += 1

    # -- payroll, of days that are left --------------------------------------------------------------------------------

    @rule(pick=picks)
    def close_period(self, pick: int) -> None:
        """As ever; a period with purged days is not checked any more. One that is closed stays so, without a check."""
        period = PERIODS[pick % (len(PERIODS) - 1)]
        if not self.has_purged(window_of(period)) or period in Life._closed(self):
            Life.close_period(self, pick)
            return
        before = self._paid()
        with pytest.raises(RetentionRefused, match="was purged"):
            self.world.mirror.payroll.close(period, by="Pia", anyway="as it is")
        assert self._paid() == before

    @precondition(lambda self: self._undecided())
    @rule(pick=picks, into=st.integers(0, len(PERIODS) - 1), several=st.booleans())
    def accept(self, pick: int, into: int, *, several: bool) -> None:
        """As ever, into periods without a purged day."""
        if not self.has_purged(window_of(PERIODS[into])):
            Life.accept(self, pick, into, several=several)

    def _closed(self) -> list[str]:
        return [one for one in super()._closed() if not self.has_purged(window_of(one))]

    def _unsettled(self) -> list[int]:
        return [number for number in super()._unsettled() if not self.has_purged(window_of(PERIODS[number]))]


def test_a_machine_of_lives_with_purges() -> None:
    """Whatever happens in whatever order: every invariant, after every step."""
    REACH.clear()
    run_state_machine_as_test(
        PurgedLife,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=40,
            deadline=None,
            print_blob=True,
            derandomize=not RANDOM,
            phases=[Phase.generate, *([Phase.shrink] if SHRINK else [])],
            suppress_health_check=list(HealthCheck),
        ),
    )
    tell(f"{EXAMPLES} lives of forty steps, with purges", REACH)
    if EXAMPLES >= ENOUGH:
        require(REACH, ASSERTIONS, floors=RARE)

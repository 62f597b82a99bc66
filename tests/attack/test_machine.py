"""A state machine over the whole program: client, shell, store and a company, with all that may happen to them.

Rules have preconditions and never give up halfway, so every step is a real one; after each, the named invariants hold.
A failure prints its steps and a `--hypothesis-seed` to replay it with.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule, run_state_machine_as_test

from connecteam_sync.core.change import Hold
from connecteam_sync.core.run import Run
from connecteam_sync.core.window import Window
from connecteam_sync.sandbox.company import OFFICE, Activity
from support import invariants, payroll_invariants
from support.assertion_counts import replay, require, tell, together
from support.company_life import (
    REFUSED,
    ZONE,
    Happening,
    days,
    firsts,
    happenings,
    picks,
    slots,
    spans,
)
from support.looking_back import LookingBack
from support.payroll_life import person_days
from support.scenario import FIRST, LAST

EXAMPLES = int(os.environ.get("CONNECTEAM_SYNC_MACHINES", "30"))
"""Lives of a company, forty steps each; `make machine` lives 200."""
PARTS = 4  # processes, where there are as many
RANDOM = bool(os.environ.get("CONNECTEAM_SYNC_RANDOM"))
"""Other lives each time, or those that a seed gives; else the same ones, so that a change is what makes it fail."""
SHRINK = bool(os.environ.get("CONNECTEAM_SYNC_SHRINK"))
"""Minutes of work for a person who looks into a failure; a run of the tests only has to say that there is one."""
ENOUGH = 200
"""Lives in which every assertion is reached often enough."""
ASSERTIONS = (
    "a dry run equals its apply",
    "a refused record harms only itself",
    "a shift keeps its row",
    "convergence",
    "every shift is live or held",
    "idempotence",
    "isolation",
    "locked days do not move",
    "corrections say what is held",
    "rows and corrections are the truth",
    "days of one person do not move",
    "imported locks open nothing",
    "each correction is counted once",
    "a certificate is the table of its moment",
    "a certificate names what differs",
    "manual rows never change",
    "minutes are right",
    "no delete without evidence",
    "no row without a shift goes without evidence",
    "no secret in any output",
    "reports equal a count",
    "the journal gives the table",
    "the table of an earlier run",
    "the unique key",
    "undo is byte-identical",
    "whole or not at all",
    "what a run left alone is counted",
    "what rows of others point at stays",
)
RARE = {
    "a dry run equals its apply": 200,
    "idempotence": 400,
    "a refused record harms only itself": 150,
    "no delete without evidence": 150,
    "no row without a shift goes without evidence": 100,
    "what rows of others point at stays": 150,
    "what a run left alone is counted": 50,
    "rows and corrections are the truth": 400,
    "days of one person do not move": 40,
    "each correction is counted once": 100,
    "a certificate is the table of its moment": 200,
    "a certificate names what differs": 100,
}
"""Saved plans differ much, deletes need evidence, rows with children stay, not every table refuses, and
what is left open proves less; of payroll, each step is a small part of a life.
"""
SECRETS = ("sandbox-key", "+1555", "Invented Way")
HARMLESS = ("html_200", "truncated", "empty_body", "null_data", "wrong_list", "redirect", "domain_error")
"""Troubles that end a run at once; those that are waited for have tests of their own."""
KEPT = Path(__file__).parent.parent / "corpus" / "machine"


class Life(LookingBack):
    """Its table is mirrored, planned, locked, paid by, undone and interrupted, and judged after every step."""

    # -- runs ----------------------------------------------------------------------------------------------------------

    def _tables(self) -> dict[str, list[dict[str, Any]]]:
        return {
            name: self.world.table(name)
            for name in (
                "clock_times",
                "connecteam_sync_shifts",
                "connecteam_sync_breaks",
                "connecteam_sync_changes",
                "connecteam_sync_holds",
                "connecteam_sync_corrections",
            )
        } | {"payslips": self._payslips(), "person_locks": self._person_locks()}

    def _person_locks(self) -> list[dict[str, Any]]:
        with self.world.mirror.store.reading() as session:
            return [dict(row) for row in session.read("SELECT * FROM connecteam_sync_person_locks")]

    def _payslips(self) -> list[dict[str, Any]]:
        with self.world.mirror.store.reading() as session:
            return [dict(row) for row in session.read("SELECT * FROM payslips ORDER BY line")]

    def _locked(self) -> set[tuple[date, str]]:
        with self.world.mirror.store.reading() as session:
            return {(closed.day, closed.timezone) for closed in session.locked(ZONE.key)}

    def _window(self, first: int, length: int) -> Window:
        start = FIRST + timedelta(days=first)
        return self.world.mirror.window(start, min(LAST, start + timedelta(days=length)))

    @rule(first=firsts, length=spans, resync=st.booleans(), events=happenings(0, 5))
    def look(self, first: int, length: int, *, resync: bool, events: Sequence[Happening] = ()) -> None:
        """A run over some of the days."""
        self.happen(events)
        window = self._window(first, length)
        before, locked = self._tables(), self._locked()
        run = self.world.mirror.resync(window) if resync else self.world.sync(window)
        self._judge(window, run, before, locked)

    @rule(events=happenings(0, 5))
    def every_day(self, events: Sequence[Happening] = ()) -> None:
        """A run as it is every few minutes, over the days that it chooses."""
        self.happen(events)
        before, locked = self._tables(), self._locked()
        run = self.world.mirror.sync()
        after = self._tables()
        self._judge_writes(run, before, after, locked)
        if run.status != "nothing":
            self.undoable = None
        if run.status == "applied" and run.id is not None and run.exit_code in {0, 3}:
            self.undoable = (run.id, before["clock_times"], after["clock_times"])

    @rule(first=firsts, length=st.sampled_from([10, 10, 4]), events=happenings(1, 5))
    def plan_and_apply(self, first: int, length: int, events: Sequence[Happening] = ()) -> None:
        """A dry run, and its apply, which does what was shown."""
        self.happen(events)
        window = self._window(first, length)
        before, locked = self._tables(), self._locked()
        proposal = self.world.mirror.plan(window)
        assert self._tables() == before, "a dry run wrote"
        path = f"{self.folder}/plan.json"
        self.world.mirror.save_plan(proposal, path)
        run = self.world.mirror.apply(self.world.mirror.read_plan(path))
        self._judge(window, run, before, locked)
        if run.exit_code in {0, 3}:
            planned = [
                {"kind": c.kind, "shift_id": c.shift_id, "before": _times(c.before), "after": _times(c.after)}
                for plan in proposal.plans
                for c in plan.changes
            ]
            fresh = [entry for entry in self.world.table("connecteam_sync_changes") if entry["run_id"] == run.id]
            invariants.images_as_planned(planned, fresh)

    @rule(pick=picks, slot=slots)
    def repair(self, pick: int, slot: int) -> None:
        """Rows that another program left without a shift, and a `resync` of all days, which may delete them."""
        for number in range(3):
            self.meddle("stray", pick + number, (slot + 7 * number) % 44)
        self.look(0, 10, resync=True)

    @rule(fault=st.sampled_from(HARMLESS), call=st.integers(0, 3), first=days)
    def trouble(self, fault: str, call: int, first: int) -> None:
        """Connecteam breaks at some call of a run: what it concerns stays as it was."""
        self.sandbox.faults.add(fault, call=self.sandbox.calls + call + 1)
        before, locked = self._tables(), self._locked()
        window = self._window(first, 10)
        run = self.world.sync(window)
        self.sandbox.faults.clear()
        # 4 where the other clock answered without any shift, which a guard refuses; where it is archived, its rows of
        # these days are held (3), or there are none and a note says that it cannot be read (0).
        noted = self.company.clocks[OFFICE].is_archived and any("cannot be read" in (s.note or "") for s in run.slices)
        # What a person is assigned to is asked besides: without an answer they are held, and the run goes on.
        is_besides = any("/assignments" in path for path in self.sandbox.faults.paths[-1:])
        assert run.exit_code in {1, 4, 75} or (run.exit_code in {0, 3} and (noted or is_besides)), run
        if run.status == "failed" and not any(s.status in {"applied", "nothing"} for s in run.slices):
            invariants.one_way_or_the_other(self._tables(), before, before)
        self._judge(window, run, before, locked)

    @precondition(lambda self: self.undoable is not None and not self.refuses)
    @rule()
    def undo(self) -> None:
        """The last run is taken back, to the byte; and taken back again, it is there again."""
        assert self.undoable is not None
        number, before, after = self.undoable
        assert self.world.table() == after
        run = self.world.mirror.undo(number)
        assert self.world.table() == before, "undo"
        invariants.REACH["undo is byte-identical"] += len(before) + len(after)
        assert run.id is not None
        self.keep_copy(run.id, before)
        self.undoable = (run.id, after, before)
        self.homes = {}

    def _judge(self, window: Window, run: Run, before: dict[str, Any], locked: set[tuple[date, str]]) -> None:
        """Everything that must hold after a run over these days, whatever became of it."""
        after = self._tables()
        rows, old = after["clock_times"], before["clock_times"]
        self._judge_writes(run, before, after, locked)
        # A look is about the shifts it shows, and about those remembered, or having their row, in the window.
        asked = window.padded()
        shown = {shift.id for shift in self.company.shifts(asked.first, asked.last)}
        linked: set[int] = set()
        for tables in (before, after):
            rows_in = {row["id"] for row in tables["clock_times"] if window.holds(invariants.seconds(row["clock_in"]))}
            for shift in tables["connecteam_sync_shifts"]:
                if shift["id"] in shown or window.holds(shift["start_at"]) or shift["clock_time_id"] in rows_in:
                    linked.add(shift["clock_time_id"])
        invariants.isolated(old, rows, first=window.start_utc, end=window.end_utc, seen_rows=linked)
        if run.exit_code in {0, 3} and not any("cannot be read" in (slice_.note or "") for slice_ in run.slices):
            self._judge_success(window, run, old, after)
        elif run.status != "nothing":
            self.undoable = None

    def _judge_writes(
        self, run: Run, before: dict[str, Any], after: dict[str, Any], locked: set[tuple[date, str]]
    ) -> None:
        """What must hold of everything that any run wrote."""
        rows, old = after["clock_times"], before["clock_times"]
        self.keep_copy(run.id, rows)
        journal = [entry for entry in after["connecteam_sync_changes"] if entry["run_id"] == run.id]
        upstream = {
            shift.id: (shift.user_id, shift.start)
            for clock, asked in {(slice_.time_clock_id, slice_.window.padded()) for slice_ in run.slices}
            for shift in self.company.shifts(asked.first, asked.last)
            if shift.clock_id == clock
        }
        listed = {user for user in self.people if self.company.people[user].clocks}
        listed |= {shift.user_id for shift in self.company.shifts()}
        users: dict[object, set[int]] = {}
        for person in self.world.mirror.employees():
            if person.employee_id is not None:
                users.setdefault(person.employee_id, set()).add(person.user_id)
        invariants.deletes_have_evidence(journal, upstream, listed, kind=run.kind, users=users)
        invariants.children_kept(before["payslips"], after["payslips"], rows)
        invariants.manual_rows_unchanged(old, rows)
        invariants.locked_days_unmoved(old, rows, locked)
        closed = person_days(before["person_locks"], before["connecteam_sync_shifts"], old)
        payroll_invariants.person_days_unmoved(old, rows, closed)
        invariants.corrections_say_what_is_held(*self.held_and_corrected(after))
        invariants.keys_unique(rows)
        invariants.minutes_right([row for row in rows if row["id"] not in self.edited])
        invariants.journal_gives(after["connecteam_sync_changes"], rows, self.edited)
        counts = msgspec.structs.asdict(run.counts) | {"minutes": run.minutes.after - run.minutes.before}
        is_whole = run.exit_code == 0 and not run.holds
        is_whole = is_whole and not any("cannot be read" in (slice_.note or "") for slice_ in run.slices)
        unchanged = self._untouched(run, journal) if is_whole else None
        invariants.counts_are_true(counts, old, rows, journal, holds=len(run.holds), unchanged=unchanged)
        invariants.no_secret(str(after) + str(run), SECRETS)
        self.homes = invariants.rows_kept(self.homes, after["connecteam_sync_shifts"], rows)
        lengths = {s.id: (s.end - s.start) // 60 for s in self.company.shifts() if s.end is not None}
        # A row of before the trigger stays as it is too: the table would not take it back from an undo.
        long_rows = {row["id"] for row in old if (row["total_minutes"] or 0) > REFUSED}

        def is_refused(hold: Hold) -> bool:
            too_long = lengths.get(hold.shift_id or "", 0) > REFUSED or hold.clock_time_id in long_rows
            return self.refuses and too_long

        if run.kind != "apply":  # which is done as it was shown, with what had been refused before
            invariants.refused_for_a_reason(run.holds, is_refused)

    def _untouched(self, run: Run, journal: list[dict[str, Any]]) -> int:
        """How many shifts of the days that a run looked at it did not write; of days within others, once."""
        looks = {(slice_.time_clock_id, slice_.window) for slice_ in run.slices}
        written = {entry["shift_id"] for entry in journal if entry["kind"] in {"create", "update"}}
        # Looks whose days overlap in part, at one time clock, both count what they share.
        whole = [
            (clock, window)
            for clock, window in looks
            if not any(clock == of and other != window and other.covers(window) for of, other in looks)
        ]
        return sum(
            clock == shift.clock_id and window.holds(shift.start)
            for shift in self.shown()
            if shift.id not in written and not shift.spoiled
            for clock, window in whole
        )

    def _judge_success(self, window: Window, run: Run, old: list[Any], after: dict[str, Any]) -> None:
        """What a run that says it succeeded has promised."""
        self.seen |= {s.id for s in self.shown(window) if not s.spoiled}
        invariants.every_shift_somewhere(
            self.tracked(after),
            after["clock_times"],
            after["connecteam_sync_holds"],
            seen=self.seen,
            covered=(window.start_utc, window.end_utc),
        )
        truth = self.truth(window)
        mirrored = {row for row in self._facts() if window.start_utc <= row[1] < window.end_utc}
        invariants.converged(mirrored, truth, self._explained(after))
        if (window.first, window.last) == (FIRST, LAST):
            self._judge_pay(after)
        if run.status == "applied" and run.id is not None:
            self.undoable = (run.id, old, after["clock_times"])
        elif run.status != "nothing":
            self.undoable = None
        # One clock is looked at after the other: a key that the second gives free is had by the first's shift, which
        # was held for it, with the next run. Nothing else may be left to do.
        held = {hold.shift_id for hold in run.holds}
        again = self.world.sync(window)
        fresh = [entry for entry in self.world.table("connecteam_sync_changes") if entry["run_id"] == again.id]
        assert {entry["shift_id"] for entry in fresh} <= held, "idempotence"
        if fresh:
            self.undoable = None
            after = self._tables()
            assert self.world.sync(window).status == "nothing"
        now = self._tables()
        invariants.wrote_nothing(
            (after["clock_times"], after["connecteam_sync_changes"]),
            (now["clock_times"], now["connecteam_sync_changes"]),
        )

    def shown(self, window: Window | None = None) -> list[Activity]:
        """The shifts upstream (of these days) that a mirror has to know."""
        return self.company.shifts() if window is None else self.company.shifts(window.first, window.last)

    def truth(self, window: Window) -> set[invariants.Fact]:
        """The rows that a mirror has to have of these days."""
        return set(self.company.truth(window.first, window.last))

    def tracked(self, after: dict[str, Any]) -> invariants.Rows:
        """The tracked shifts, each of which has a row or is held unless it is gone."""
        rows: invariants.Rows = after["connecteam_sync_shifts"]
        return rows

    def held_and_corrected(self, after: dict[str, Any]) -> tuple[invariants.Rows, invariants.Rows]:
        """The holds and corrections that have to agree."""
        return after["connecteam_sync_holds"], after["connecteam_sync_corrections"]

    def _judge_pay(self, after: dict[str, Any]) -> None:
        """Rows and corrections of everybody who is sure are what Connecteam says."""
        employees = {one.user_id: one.employee_id for one in self.world.mirror.employees()}
        several = Counter(employees.values())
        known = {user: key for user, key in employees.items() if isinstance(key, int) and several[key] == 1}
        unsure = {row["employee_id"] for row in after["clock_times"] if row["id"] in self.edited}
        of_rows = {row["id"]: row["employee_id"] for row in after["clock_times"]}
        for hold in after["connecteam_sync_holds"]:
            # Of somebody whom a later slice of the run made an employee, the next run makes the correction.
            is_corrected = hold["reason"] == "locked_day" and hold["employee_id"] is not None
            if hold["resolved_run"] is None and not is_corrected:
                unsure |= {hold["employee_id"], employees.get(hold["user_id"]), of_rows.get(hold["clock_time_id"])}
        unsure |= {key for key in {*of_rows.values()} if key not in known.values()}
        ledger = self.world.mirror.payroll.exports()
        payroll_invariants.ledger_counts_once(ledger, after["connecteam_sync_corrections"])
        truth = self.company.truth(FIRST, LAST)
        payroll_invariants.rows_and_corrections_are_the_truth(after, truth, known, unsure, ZONE)

    def _facts(self) -> set[invariants.Fact]:
        users: dict[int, list[int]] = {}
        for shift in self.world.table("connecteam_sync_shifts"):
            if shift["clock_time_id"] is not None:
                users.setdefault(shift["clock_time_id"], []).append(shift["user_id"])
        facts = set()
        for row in self.world.table():
            if row["source"] == "connecteam":
                end = None if row["clock_out"] is None else invariants.seconds(row["clock_out"])
                user = users.get(row["id"], [0])[0]
                facts.add((user, invariants.seconds(row["clock_in"]), end, row["total_minutes"]))
        return facts

    def _explained(self, after: dict[str, Any]) -> set[tuple[int, int]]:
        """The keys (user, clock-in) that a standing hold speaks of: its own, its row's, and its shift's."""
        rows = {row["id"]: invariants.seconds(row["clock_in"]) for row in after["clock_times"]}
        upstream = {s.id: s for s in self.company.shifts()}
        of_shifts = {tracked["id"]: tracked["clock_time_id"] for tracked in after["connecteam_sync_shifts"]}
        found: set[tuple[int, int]] = set()
        for hold in after["connecteam_sync_holds"]:
            if hold["resolved_run"] is not None:
                continue
            user = hold["user_id"] or 0
            found.add((user, hold["instant"] or 0))
            if hold["clock_time_id"] in rows:
                found |= {(user, rows[hold["clock_time_id"]]), (0, rows[hold["clock_time_id"]])}
            if hold["shift_id"] in upstream:
                shift = upstream[hold["shift_id"]]
                found.add((shift.user_id, shift.start))
            # Of a record that says no believable time, only its id leads to the row it has.
            if of_shifts.get(hold["shift_id"]) in rows:
                found.add((user, rows[of_shifts[hold["shift_id"]]]))
        return found


def _times(row: Any) -> Any:  # noqa: ANN401 - a row or none
    return row and {name: getattr(row, name) for name in ("clock_in", "clock_out", "total_minutes")}


def test_the_lives_that_failed_once() -> None:
    """Before any new one: the steps as a failure prints them, kept in `tests/corpus/machine/`."""
    for path in sorted(KEPT.glob("*.json")):
        life = Life()
        with replay(f"make test PYTEST='{Path(__file__).relative_to(Path.cwd())} -k failed_once'  # {path.name}"):
            try:
                for name, arguments in json.loads(path.read_text()):
                    # What a run left to take back may be nothing by today's rules.
                    if name != "undo" or life.undoable is not None:
                        getattr(life, name)(**arguments)
            finally:
                life.teardown()


@pytest.mark.parametrize("part", range(PARTS))
def test_a_machine_of_lives(part: int, testrun_uid: str) -> None:
    """Whatever happens in whatever order: every invariant, after every step."""
    invariants.REACH.clear()
    run_state_machine_as_test(
        # What is derandomized follows the name of the class: each part has lives of its own.
        type(f"Life{part}", (Life,), {}),
        settings=settings(
            max_examples=EXAMPLES // PARTS,
            stateful_step_count=40,
            deadline=None,
            print_blob=True,
            derandomize=not RANDOM,
            phases=[Phase.generate, *([Phase.shrink] if SHRINK else [])],
            suppress_health_check=list(HealthCheck),
        ),
    )
    tell(f"{EXAMPLES // PARTS} lives of forty steps, {'random' if RANDOM else 'the same each time'}", invariants.REACH)
    total = together(invariants.REACH, part, PARTS, testrun_uid)
    if EXAMPLES >= ENOUGH and total is not None:
        require(total, ASSERTIONS, floors=RARE)

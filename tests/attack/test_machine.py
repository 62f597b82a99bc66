"""A state machine over the whole program: client, shell, store and a company, with everything that may happen to them.

Rules have preconditions and never give up halfway, so every step is a real one; after each, the named invariants hold.
A failure prints its steps and a `--hypothesis-seed` to replay it with.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import time_machine
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

import invariants
from connecteam_sync.core.change import Hold
from connecteam_sync.core.run import Run
from connecteam_sync.core.window import Window
from connecteam_sync.sandbox import Company, Sandbox, Settings
from connecteam_sync.sandbox.company import OFFICE, WAREHOUSE, Activity
from connecteam_sync.store.payroll import locks
from reach import demand, replay, tell
from world import FIRST, LAST, World

EXAMPLES = int(os.environ.get("CONNECTEAM_SYNC_MACHINES", "30"))
"""Lives of a company, forty steps each; `make machine` lives 200."""
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
    "manual rows never change",
    "minutes are right",
    "no delete without evidence",
    "no secret in any output",
    "reports equal a count",
    "the journal gives the table",
    "the unique key",
    "undo is byte-identical",
    "whole or not at all",
    "what rows of others point at stays",
)
RARE = {
    "a dry run equals its apply": 400,
    "idempotence": 400,
    "a refused record harms only itself": 150,
    "no delete without evidence": 150,
    "what rows of others point at stays": 150,
}
"""Deletes are few since each needs its evidence, rows with children never go, not every table refuses, and what is left
open proves less.
"""
ZONE = ZoneInfo("America/Chicago")
ABROAD = "Pacific/Auckland"
"""A zone the business was in once: days closed in it hold other hours."""
SECRETS = ("sandbox-key", "+1555", "Invented Way")
HARMLESS = ("html_200", "truncated", "empty_body", "null_data", "wrong_list", "redirect", "domain_error")
"""Troubles that end a run at once; those that are waited for have tests of their own."""

slots = st.integers(0, 43)
lengths = st.sampled_from([None, 0, 59, 60, 3599, 4 * 3600, 9 * 3600, 20 * 3600])
picks = st.integers(0, 1000)
days = st.integers(0, 10)
firsts = st.sampled_from([0, 0, 0, 1, 3, 6, 10])
spans = st.sampled_from([10, 10, 5, 0, 1, 4])
PEOPLE = 8
KEPT = Path(__file__).parent.parent / "corpus" / "machine"
EVENTS = (
    "add",
    "add",
    "correct",
    "correct",
    "end",
    "swap",
    "delete",
    "delete",
    "duplicate",
    "replace",
    "spoil",
    "mend",
    "assign",
    "clock",
    "clock",
    "archive",
)
Happening = tuple[str, int, int, int | None, int]


def happenings(least: int, most: int) -> st.SearchStrategy[list[Happening]]:
    """So many things that happen in a company."""
    return st.lists(st.tuples(st.sampled_from(EVENTS), picks, slots, lengths, picks), min_size=least, max_size=most)


HANDS = ("alter", "remove", "enter", "lock", "unlock", "map", "point", "point", "unpoint")
REFUSED = 600
"""Minutes that a row may have where the table refuses longer ones."""
REFUSING = f"""CREATE TRIGGER too_long_{{event}} BEFORE {{event}} ON clock_times WHEN NEW.total_minutes > {REFUSED}
BEGIN SELECT RAISE(ABORT, 'longer than ten hours'); END"""


class Life(RuleBasedStateMachine):
    """A company whose table is mirrored, edited, locked, undone and interrupted."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.mkdtemp(prefix="connecteam-sync-machine-")
        self.database = f"sqlite:///{self.folder}/life.db"
        self.sandbox = Sandbox(Company(0, people=PEOPLE), Settings(minute_limit=10**9, day_limit=10**9)).__enter__()
        self.travel = time_machine.travel(datetime(2025, 12, 11, 18, tzinfo=UTC), tick=True)
        self.travel.start()
        self.undoable: tuple[int, list[Any], list[Any]] | None = None
        self.edited: set[int] = set()
        self.homes: dict[str, int] = {}
        self.seen: set[str] = set()
        self.clean = True
        self.refuses = False

    def teardown(self) -> None:
        """Give everything back."""
        if hasattr(self, "world"):
            self.world.mirror.close()
        self.travel.stop()
        self.sandbox.__exit__(None, None, None)
        shutil.rmtree(self.folder)

    @initialize(
        create=st.booleans(),
        keep=st.booleans(),
        selects=st.sampled_from(["start", "overlap", "end"]),
        slice_days=st.sampled_from([27, 27, 11]),
        refuses=st.sampled_from([False, False, True]),
        shifts=st.lists(st.tuples(picks, slots, lengths, st.booleans()), min_size=24, max_size=36),
    )
    def begin(
        self,
        *,
        create: bool,
        keep: bool,
        selects: Any,  # noqa: ANN401 - one of three words
        shifts: list[Any],
        slice_days: int = 27,
        refuses: bool = False,
    ) -> None:
        """People on both clocks, with shifts; `create` makes their employees, else those of all but one are there."""
        self.options: dict[str, Any] = {
            "max_deletes": 10**6,
            "max_users_gone_share": 1.0,
            "employees": "create" if create else "match",
            "local_edits": "keep" if keep else "restore",
            "slice_days": slice_days,
        }
        self.sandbox.settings.selects_by = selects
        if not create:
            # The host's own, which takes a user twice.
            with closing(sqlite3.connect(f"{self.folder}/life.db")) as host:
                host.execute("CREATE TABLE employees (id INTEGER PRIMARY KEY, name, email, connecteam_user_id TEXT)")
        self.world = World(self.sandbox, self.database, **self.options)
        self.company = self.world.company
        self.people = sorted(self.company.people)
        for user in self.people:
            self.company.people[user].clocks = {WAREHOUSE, OFFICE}
        if not create:
            for user in self.people[:-1]:
                self.world.execute("INSERT INTO employees (name, connecteam_user_id) VALUES ('X', :u)", u=str(user))
        self.world.execute(
            "CREATE TABLE payslips (line INTEGER PRIMARY KEY, clock_time_id INTEGER REFERENCES clock_times (id))"
        )
        self.refuse(refuses=refuses)
        self.add(shifts)
        for number in range(0 if create else 6):
            self._enter(self.world.table(), number, self._instant(number * 7))
        # Closed once its rows are there, so that there is something that must not move.
        self.world.sync(self.world.mirror.window(FIRST, FIRST + timedelta(days=1)))
        self.world.lock(FIRST)

    # -- the company ---------------------------------------------------------------------------------------------------

    def _instant(self, slot: int) -> int:
        return self.company.at(FIRST + timedelta(days=slot // 4), f"{slot % 4 * 6:02}:00")

    @rule(events=happenings(2, 8))
    def happen(self, events: Sequence[Happening]) -> None:
        """Some things happen in the company."""
        for kind, pick, slot, length, other in events:
            shifts = self.company.shifts()
            if kind == "add" or len(shifts) < PEOPLE:
                self.add([(pick + n, (slot + 5 * n) % 44, length, other % 3 == 0) for n in range(4)])
            elif kind == "swap":
                one, two = shifts[pick % len(shifts)], shifts[other % len(shifts)]
                one.start, one.end, two.start, two.end = two.start, two.end, one.start, one.end
            elif kind == "archive":
                self.company.clocks[OFFICE].is_archived ^= True
            elif kind == "clock":
                moved = shifts[pick % len(shifts)]
                moved.clock_id = OFFICE if moved.clock_id == WAREHOUSE else WAREHOUSE
            else:
                self._befall(kind, shifts[pick % len(shifts)], slot, length)

    def _befall(self, kind: str, shift: Activity, slot: int, length: int | None) -> None:
        if kind in {"correct", "end"}:
            if kind == "correct":
                self.company.edit(shift.id, start=self._instant(slot))
            shift.end = None if length is None else shift.start + length
        elif kind == "delete":
            for gone in self.company.shifts()[slot % 3 :: 3]:
                self.company.delete(gone.id)
        elif kind == "duplicate":
            self.company.duplicate(shift.id)
        elif kind == "replace":
            self.company.replace_id(shift.id)
        elif kind == "spoil":
            self.company.spoil(shift.id, start={"timestamp": 1_764_600_000_000, "timezone": "UTC"})
        elif kind == "mend":
            for spoiled in self.company.shifts():
                spoiled.spoiled.clear()
        else:
            # A person is taken off the clocks, or put back.
            person = self.company.people[shift.user_id]
            person.clocks = set() if person.clocks else {WAREHOUSE, OFFICE}

    def add(self, shifts: list[Any]) -> None:
        """Shifts from (person, start, length, whether of the office)."""
        for pick, slot, length, office in shifts:
            start = self._instant(slot)
            end = None if length is None else start + length
            clock = OFFICE if office else WAREHOUSE
            self.company.add(self.people[pick % PEOPLE], start, end, clock=clock, created_at=start + pick)

    # -- the host ------------------------------------------------------------------------------------------------------

    @rule(kind=st.sampled_from(HANDS), pick=picks, slot=slots)
    def meddle(self, kind: str, pick: int, slot: int) -> None:
        """Somebody works on the tables by hand, or payroll closes and opens days."""
        self.undoable = None
        rows = self.world.table()
        ours = [row for row in rows if row["source"] == "connecteam"]
        if kind in {"alter", "remove"} and ours:
            row = ours[pick % len(ours)]
            if kind == "remove":
                self.world.execute("DELETE FROM payslips WHERE clock_time_id = :i", i=row["id"])
            statement = "UPDATE clock_times SET total_minutes = 7" if kind == "alter" else "DELETE FROM clock_times"
            self.world.execute(f"{statement} WHERE id = :i", i=row["id"])
            self.edited.add(row["id"])
        elif kind == "enter":
            self._enter(rows, pick, self._instant(slot))
        elif kind == "lock":
            # Mostly a day with rows: closing an empty one proves little.
            day = FIRST + timedelta(days=slot // 4)
            if rows:
                moment = invariants.seconds(rows[pick % len(rows)]["clock_in"])
                day = datetime.fromtimestamp(moment, ZONE).date()
            timezone = ZONE.key if pick % 3 else ABROAD
            window = Window(day, day, timezone)
            # As `lock` does at last: what it looks at before would only make this slow.
            with self.world.mirror.store.writing() as session:
                locks.lock(session, window, by="payroll", reason="payroll", now=0)
        elif kind == "unlock":
            self.world.mirror.unlock(FIRST + timedelta(days=pick % 2), LAST)
        elif kind in {"point", "unpoint"}:
            statement = "DELETE FROM payslips WHERE line % 5 = :n"
            if kind == "point":
                statement = "INSERT INTO payslips (clock_time_id) SELECT id FROM clock_times WHERE id % 5 = :n"
            self.world.execute(statement, n=pick % 5)
        elif kind == "map" and self.options["employees"] == "match":
            self._map(pick)

    @rule(kind=st.sampled_from(["refuse", "allow", "twin", "single"]), pick=picks)
    def rearrange(self, kind: str, pick: int) -> None:
        """The host's table refuses long rows from now on, or no longer; somebody who has an employee is
        entered a second time by hand, or those doubles lose their user again.
        """
        self.undoable = None
        if kind in {"refuse", "allow"}:
            self.refuse(refuses=kind == "refuse")
        elif kind == "single":
            self.world.execute("UPDATE employees SET connecteam_user_id = NULL WHERE name = 'Twin'")
        elif self.options["employees"] == "match":
            user = str(self.people[pick % PEOPLE])
            self.world.execute("INSERT INTO employees (name, connecteam_user_id) VALUES ('Twin', :u)", u=user)

    def refuse(self, *, refuses: bool) -> None:
        """Set or lift the limit of the host's table."""
        if refuses != self.refuses:
            for event in ("INSERT", "UPDATE"):
                self.world.execute(REFUSING.format(event=event) if refuses else f"DROP TRIGGER too_long_{event}")
            self.refuses = refuses

    def _enter(self, rows: list[Any], pick: int, start: int) -> None:
        employees = [row["id"] for row in self.world.table("employees")]
        taken = {(row["employee_id"], invariants.seconds(row["clock_in"])) for row in rows}
        if employees and (employee := employees[pick % len(employees)], start) not in taken:
            self.world.execute(
                "INSERT INTO clock_times (employee_id, clock_in, total_minutes, is_active, source)"
                " VALUES (:e, :i, 60, 0, 'manual')",
                e=employee,
                i=datetime.fromtimestamp(start, UTC).strftime("%Y-%m-%d %H:%M:%S"),
            )

    def _map(self, pick: int) -> None:
        employees = [row["id"] for row in self.world.table("employees")]
        user = self.people[-1]
        known = {person.user_id: person for person in self.world.mirror.employees()}
        if user in known and pick % 3:
            self.world.mirror.map_employee(user, employees[pick % len(employees)])
        elif user in known and known[user].employee_id is not None:
            self.world.mirror.unmap_employee(user)

    @rule(hours=st.integers(1, 2000))
    def restart(self, hours: int) -> None:
        """The program ends, time passes, and it begins anew."""
        self.world.mirror.close()
        self.travel.stop()
        self.travel = time_machine.travel(datetime.now(UTC) + timedelta(hours=hours), tick=True)
        self.travel.start()
        self.world = World(self.sandbox, self.database, **self.options)

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
            )
        } | {"payslips": self._payslips()}

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
        assert run.exit_code in {1, 4, 75} or (run.exit_code in {0, 3} and noted), run
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
        if run.exit_code in {0, 3} and not any("cannot be read" in (piece.note or "") for piece in run.slices):
            self._judge_success(window, run, old, after)
        elif run.status != "nothing":
            self.undoable = None

    def _judge_writes(
        self, run: Run, before: dict[str, Any], after: dict[str, Any], locked: set[tuple[date, str]]
    ) -> None:
        """What must hold of everything that any run wrote."""
        rows, old = after["clock_times"], before["clock_times"]
        journal = [entry for entry in after["connecteam_sync_changes"] if entry["run_id"] == run.id]
        upstream = {
            shift.id: (shift.user_id, shift.start)
            for clock, asked in {(piece.time_clock_id, piece.window.padded()) for piece in run.slices}
            for shift in self.company.shifts(asked.first, asked.last)
            if shift.clock_id == clock
        }
        listed = {user for user in self.people if self.company.people[user].clocks}
        listed |= {shift.user_id for shift in self.company.shifts()}
        invariants.deletes_have_evidence(journal, upstream, listed)
        invariants.children_kept(before["payslips"], after["payslips"], rows)
        invariants.manual_rows_unchanged(old, rows)
        invariants.locked_days_unmoved(old, rows, locked)
        invariants.keys_unique(rows)
        invariants.minutes_right([row for row in rows if row["id"] not in self.edited])
        invariants.journal_gives(after["connecteam_sync_changes"], rows, self.edited)
        invariants.counts_are_true(
            {"created": run.counts.created, "updated": run.counts.updated, "deleted": run.counts.deleted},
            old,
            rows,
            journal,
        )
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

    def _judge_success(self, window: Window, run: Run, old: list[Any], after: dict[str, Any]) -> None:
        """What a run that says it succeeded has promised."""
        believed = [s for s in self.company.shifts(window.first, window.last) if not s.spoiled]
        self.seen |= {s.id for s in believed}
        invariants.every_shift_somewhere(
            after["connecteam_sync_shifts"],
            after["clock_times"],
            after["connecteam_sync_holds"],
            seen=self.seen,
            covered=(window.start_utc, window.end_utc),
        )
        truth = self.company.truth(window.first, window.last)
        mirrored = {row for row in self._facts() if window.start_utc <= row[1] < window.end_utc}
        invariants.converged(mirrored, truth, self._explained(after))
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
        return found


def _times(row: Any) -> Any:  # noqa: ANN401 - a row or none
    return row and {"clock_in": row.clock_in, "clock_out": row.clock_out, "total_minutes": row.total_minutes}


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


def test_a_machine_of_lives() -> None:
    """Whatever happens in whatever order: every invariant, after every step."""
    invariants.REACH.clear()
    run_state_machine_as_test(
        Life,
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
    seed = "seeds of Hypothesis's own choice" if RANDOM else "the same lives each time (derandomized)"
    tell(f"{EXAMPLES} lives of forty steps, {seed}", invariants.REACH)
    if EXAMPLES >= ENOUGH:
        demand(invariants.REACH, ASSERTIONS, floors=RARE)

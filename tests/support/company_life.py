"""The life of a company and its table, as rules of a state machine: shifts, edits in the table, restarts."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import time_machine
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from connecteam_sync.core.timesheets import TimesheetRules
from connecteam_sync.core.window import Window
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.sandbox.company import OFFICE, WAREHOUSE, Activity
from connecteam_sync.store.payroll import locks
from support import invariants
from support.scenario import FIRST, LAST, World

ZONE = ZoneInfo("America/Chicago")
ABROAD = "Pacific/Auckland"
"""A former zone of the business: days closed in it have other hours."""
slots = st.integers(0, 43)
lengths = st.sampled_from([None, 0, 59, 60, 3599, 4 * 3600, 9 * 3600, 20 * 3600])
picks = st.integers(0, 1000)
days = st.integers(0, 10)
firsts = st.sampled_from([0, 0, 0, 1, 3, 6, 10])
spans = st.sampled_from([10, 10, 5, 0, 1, 4])
PEOPLE = 8
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
    """A number of events in a company."""
    return st.lists(st.tuples(st.sampled_from(EVENTS), picks, slots, lengths, picks), min_size=least, max_size=most)


HANDS = ("alter", "remove", "enter", "stray", "stray", "lock", "unlock", "map", "point", "point", "unpoint")
REFUSED = 600
"""The most minutes of a row while the table refuses longer ones."""
REFUSING = f"""CREATE TRIGGER too_long_{{event}} BEFORE {{event}} ON clock_times WHEN NEW.total_minutes > {REFUSED}
BEGIN SELECT RAISE(ABORT, 'longer than ten hours'); END"""


class CompanyLife(RuleBasedStateMachine):
    """A company, the host of its table, and a program that is restarted."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.mkdtemp(prefix="connecteam-sync-machine-")
        self.database = f"sqlite:///{self.folder}/life.db"
        self.sandbox = Sandbox(
            Company(0, people=PEOPLE), SandboxSettings(minute_limit=10**9, day_limit=10**9)
        ).__enter__()
        self.travel = time_machine.travel(datetime(2025, 12, 11, 18, tzinfo=UTC), tick=True)
        self.travel.start()
        self.undoable: tuple[int, list[Any], list[Any]] | None = None
        self.edited: set[int] = set()
        self.homes: dict[str, int] = {}
        self.seen: set[str] = set()
        self.clean = True
        self.refuses = False

    def teardown(self) -> None:
        """Close the mirror and release everything."""
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
        imports=st.booleans(),
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
        imports: bool = False,
    ) -> None:
        """People on both clocks, with shifts. With `create` runs create employees; else all but one exist already."""
        self.options: dict[str, Any] = {
            "max_deletes": 10**6,
            "max_users_gone_share": 1.0,
            "employees": "create" if create else "match",
            "local_edits": "keep" if keep else "restore",
            "slice_days": slice_days,
            "payroll": TimesheetRules(import_locks=imports),
            **self.more_options(),
        }
        self.sandbox.settings.selects_by = selects
        if not create:
            # The host's own table, which accepts the same user twice.
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
        # Closed after its rows are written, so that there are rows that must not change.
        self.world.sync(self.world.mirror.window(FIRST, FIRST + timedelta(days=1)))
        self.world.lock(FIRST)

    def more_options(self) -> dict[str, Any]:
        """Settings of the mirror that a further part of a life needs."""
        return {}

    # -- the company ---------------------------------------------------------------------------------------------------

    def _instant(self, slot: int) -> int:
        return self.company.at(FIRST + timedelta(days=slot // 4), f"{slot % 4 * 6:02}:00")

    @rule(events=happenings(2, 8))
    def happen(self, events: Sequence[Happening]) -> None:
        """Change shifts and people of the company."""
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
            # Take a person off the clocks, or put them back.
            person = self.company.people[shift.user_id]
            person.clocks = set() if person.clocks else {WAREHOUSE, OFFICE}

    def add(self, shifts: list[Any]) -> None:
        """Add shifts: (person, start, length, whether in the office)."""
        for pick, slot, length, office in shifts:
            start = self._instant(slot)
            end = None if length is None else start + length
            clock = OFFICE if office else WAREHOUSE
            self.company.add(self.people[pick % PEOPLE], start, end, clock=clock, created_at=start + pick)

    # -- the host ------------------------------------------------------------------------------------------------------

    @rule(kind=st.sampled_from(HANDS), pick=picks, slot=slots)
    def meddle(self, kind: str, pick: int, slot: int) -> None:
        """Edit the tables by hand, or close and open days."""
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
        elif kind in {"enter", "stray"}:
            # A stray row is as another program left it: ours by its source, and of no shift.
            source, later = ("manual", 0) if kind == "enter" else ("connecteam", 1800)
            self._enter(rows, pick, self._instant(slot) + later, source=source)
        elif kind == "lock":
            # Mostly a day with rows: closing an empty day proves little.
            day = FIRST + timedelta(days=slot // 4)
            if rows:
                moment = invariants.seconds(rows[pick % len(rows)]["clock_in"])
                day = datetime.fromtimestamp(moment, ZONE).date()
            timezone = ZONE.key if pick % 3 else ABROAD
            window = Window(day, day, timezone)
            # The last step of `lock`; its look before would only slow this down.
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
        """Set or remove the limit of the host's table."""
        if refuses != self.refuses:
            for event in ("INSERT", "UPDATE"):
                self.world.execute(REFUSING.format(event=event) if refuses else f"DROP TRIGGER too_long_{event}")
            self.refuses = refuses

    def _enter(self, rows: list[Any], pick: int, start: int, *, source: str = "manual") -> None:
        employees = [row["id"] for row in self.world.table("employees")]
        taken = {(row["employee_id"], invariants.seconds(row["clock_in"])) for row in rows}
        if employees and (employee := employees[pick % len(employees)], start) not in taken:
            self.world.execute(
                "INSERT INTO clock_times (employee_id, clock_in, total_minutes, is_active, source)"
                " VALUES (:e, :i, 60, 0, :s)",
                s=source,
                e=employee,
                i=datetime.fromtimestamp(start, UTC).strftime("%Y-%m-%d %H:%M:%S"),
            )
            if source != "manual":
                self.edited.add(self.world.table()[-1]["id"])

    def _map(self, pick: int) -> None:
        employees = [row["id"] for row in self.world.table("employees")]
        user = self.people[-1]
        known = {person.user_id: person for person in self.world.mirror.employees()}
        if user in known and pick % 3:
            self.world.mirror.map_employee(user, employees[pick % len(employees)])
        elif user in known and known[user].employee_id is not None:
            self.world.mirror.unmap_employee(user)

    @rule(hours=st.sampled_from([1, 9, 30, 30, 200, 2000]))
    def restart(self, hours: int) -> None:
        """End the program, let time pass, and start it again."""
        self.world.mirror.close()
        later = datetime.now(UTC) + timedelta(hours=hours)
        self.travel.stop()
        self.travel = time_machine.travel(later, tick=True)
        self.travel.start()
        self.world = World(self.sandbox, self.database, **self.options)

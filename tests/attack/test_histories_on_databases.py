"""The random histories on real databases, many companies in one table: the same oracle judges what is stored.

Every look mirrors all companies at once, so that a thousand histories cost a few hundred runs: statements do not grow.
`CONNECTEAM_SYNC_CROWDS` says how many crowds of 50 live on each database.
"""

from __future__ import annotations

import os
import random
import tomllib
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from sqlalchemy import text

from connecteam_sync.core.change import Hold, Policy, SlicePlan
from connecteam_sync.core.clocktime import ClockTime, StoredState
from connecteam_sync.core.plan import plan
from connecteam_sync.core.run import Run, Slice
from connecteam_sync.core.shift import Snapshot
from connecteam_sync.core.window import Window
from connecteam_sync.store.history import runs
from connecteam_sync.store.mirror.apply import apply
from connecteam_sync.store.session import Session
from connecteam_sync.store.store import Store
from support.assertion_counts import FLOOR, replay, require, tell
from support.histories import LOCKABLE, LOCKABLE_ABROAD, OPEN_GUARDS, RESYNC, History, Meddling
from support.history_assertions import SELDOM
from support.in_memory_table import CUTS, WINDOW, look, shifts_of
from support.oracle import Fact

CROWDS = int(os.environ.get("CONNECTEAM_SYNC_CROWDS", "20"))
FIRST = int(os.environ.get("CONNECTEAM_SYNC_FIRST_SEED", "0"))
COMPANIES = 50
_LOCKING, _SPLITTING, _RESYNCING, _STAYING = 0.3, 0.15, 0.3, 0.6
ROUNDS = 10
KEPT = tomllib.loads((Path(__file__).parent.parent / "corpus" / "seeds.toml").read_text())
ASSERTIONS = (
    "convergence",
    "idempotence",
    "manual rows never change",
    "what is held is not written",
    "a shift keeps its row",
    "a new id keeps the row",
    "locked days do not move",
    "a closed day is held for a reason",
    "a day closed in another zone keeps its hours",
    "parts of the window in any order",
    *SELDOM,
)
TABLES = (
    "connecteam_sync_changes",
    "connecteam_sync_holds",
    "connecteam_sync_slices",
    "connecteam_sync_runs",
    "connecteam_sync_locked_days",
    "connecteam_sync_shifts",
    "connecteam_sync_users",
    "clock_times",
    "employees",
)


class Crowd:
    """Fifty companies in one database; employees of the strangers have no user until their history maps them."""

    def __init__(self, store: Store, first_seed: int) -> None:
        self.store = store
        self.histories = [History(first_seed + number, number) for number in range(COMPANIES)]
        self.chance = random.Random(first_seed)  # noqa: S311 - repeatable, no secrets
        store.init()
        with store.writing() as session:
            for table in TABLES:
                session.connection.execute(text(f"DELETE FROM {table}"))
            for history in self.histories:
                for user, number in (*history.people.items(), history.stranger):
                    session.connection.execute(
                        text("INSERT INTO employees (name, connecteam_user_id) VALUES (:n, :u)"),
                        {"n": f"{user}", "u": str(user) if user in history.people else f"later {number}"},
                    )
            found = {str(employee.name): int(employee.id) for employee in session.employees()}
        for history in self.histories:
            history.people = {user: found[str(user)] for user in history.people}
            history.stranger = (history.stranger[0], found[str(history.stranger[0])])
            history.table.employees.clear()
            history.table.employees.update(history.people)

    def touch(self, session: Session, deed: Meddling, row: ClockTime) -> None:
        """A hand at the table."""
        values = {
            "e": row.employee_id,
            "i": _moment(row.clock_in),
            "o": _moment(row.clock_out),
            "m": row.total_minutes,
            "a": row.is_active,
            "k": row.id,
        }
        entered = (
            "INSERT INTO clock_times (employee_id, clock_in, clock_out, total_minutes, is_active, source)"
            f" VALUES (:e, :i, :o, :m, :a, '{row.source}')"
        )
        statement = {
            "enter": entered,
            "stray": entered,
            "alter": "UPDATE clock_times SET clock_out = :o, total_minutes = :m WHERE id = :k",
            "move": "UPDATE clock_times SET clock_in = :i WHERE id = :k",
            "remove": "DELETE FROM clock_times WHERE id = :k",
            "forget": "DELETE FROM connecteam_sync_shifts WHERE clock_time_id = :k",
        }[deed]
        used = {key: value for key, value in values.items() if f":{key}" in statement}
        session.connection.execute(text(statement), used)

    def live(self) -> None:
        """Fifty companies mirrored, damaged on both sides, and edited and looked at ten times and more."""
        for history in self.histories:
            history.begin()
        self._look([history.seen(history.everybody) for history in self.histories])
        with self.store.writing() as session:
            for history in self.histories:
                for deed in history.damage():
                    self.touch(session, *deed)
        self._look([history.seen() for history in self.histories])
        for _ in range(ROUNDS):
            self.round()

    def round(self) -> None:
        """Edits everywhere, one look at all, its plan applied, each company judged; then the same look again."""
        with self.store.writing() as session:
            for history in self.histories:
                history.edit()
                touched = history.meddle()
                if touched is not None:
                    self.touch(session, *touched)
                user, employee = history.stranger
                known = str(user) if user in history.table.employees else None
                session.connection.execute(
                    text("UPDATE employees SET connecteam_user_id = :u WHERE id = :e"), {"u": known, "e": employee}
                )
            if self.chance.random() < _LOCKING:
                self._lock(session)
        self._look([history.seen() for history in self.histories])

    def _lock(self, session: Session) -> None:
        """Payroll closes and opens days, for everybody."""
        lockable = LOCKABLE if self.chance.random() < _STAYING else LOCKABLE_ABROAD
        locked = frozenset(day for day in lockable if self.chance.random() < _LOCKING)
        session.connection.execute(text("DELETE FROM connecteam_sync_locked_days"))
        closing = text("INSERT INTO connecteam_sync_locked_days (day, timezone, locked_at) VALUES (:d, :z, 0)")
        for day, zone in (name.split() for name in locked):
            session.connection.execute(closing, {"d": day, "z": zone})
        for history in self.histories:
            history.locked = locked

    def _look(self, looks: list[tuple[list[Fact], frozenset[int]]]) -> None:
        shown = [fact for facts, _ in looks for fact in facts]
        listed = frozenset().union(*(people for _, people in looks))
        in_parts = self.chance.random() < _SPLITTING
        parts = list(self.chance.choice(CUTS)) if in_parts else [WINDOW]
        self.chance.shuffle(parts)
        policy = RESYNC if self.chance.random() < _RESYNCING else OPEN_GUARDS
        whole = look(shifts_of(shown), listed)
        before: StoredState | None = None
        for number in range(1 + len(parts)):
            wrote = False
            for part in parts:
                decision, stored = self._mirrored(part, whole, policy, before)
                before, wrote = before or stored, wrote or bool(decision.changes or decision.mirrors)
            if not wrote or not in_parts:
                break
            assert number < len(parts), f"{len(parts)} parts do not come to rest"
        with self.store.reading() as session:
            after = session.stored(WINDOW, whole)
        again = plan(WINDOW, whole, after, policy)
        assert again.changes == (), "parts of the window in any order" if in_parts else "idempotence"
        assert before is not None
        for history, (facts, people) in zip(self.histories, looks, strict=True):
            history.reach["parts of the window in any order" if in_parts else "idempotence"] += 1
            if in_parts:
                history.homes = {}
            self._judge(history, facts, people, list(again.holds), before=before, after=after)

    def _mirrored(
        self, window: Window, whole: Snapshot, policy: Policy, before: StoredState | None
    ) -> tuple[SlicePlan, StoredState]:
        """One transaction over the window or a part of it: what it decided, and what all of the window held before."""
        padded = window.padded()
        low, high = padded.start_utc, padded.end_utc
        shifts = tuple(shift for shift in whole.shifts if low <= shift.start < high)
        snapshot = msgspec.structs.replace(whole, first=padded.first, last=padded.last, shifts=shifts)
        with self.store.writing() as session:
            if before is None:
                before = session.stored(WINDOW, whole)
            stored = before if window == WINDOW else session.stored(window, snapshot)
            decision = plan(window, snapshot, stored, policy)
            if decision.changes or decision.mirrors:
                self._write(session, decision, stored)
        return decision, before

    @staticmethod
    def _write(session: Session, decision: SlicePlan, before: StoredState) -> None:
        run = Run(id=None, kind="sync", window=WINDOW, slices=(), version="0", host="", started_at=0)
        number = runs.begin_run(session, run)
        apply(session, decision, before, run=number, now=1_700_000_000)
        slice_ = Slice(time_clock_id=7, window=WINDOW, status="applied")
        runs.record_slice(session, number.value, slice_)

    @staticmethod
    def _judge(
        history: History,
        shown: list[Fact],
        listed: frozenset[int],
        holds: list[Hold],
        *,
        before: StoredState,
        after: StoredState,
    ) -> None:
        """One company's part of the tables, by the oracle of the histories."""
        mine = {*history.people.values(), history.stranger[1]}
        users = history.everybody

        def part(stored: StoredState) -> StoredState:
            return msgspec.structs.replace(
                stored,
                rows=tuple(row for row in stored.rows if row.employee_id in mine),
                mirrors=tuple(mirror for mirror in stored.mirrors if mirror.shift.user_id in users),
                employees=dict(history.table.employees),
            )

        history.table.stored = part(after)
        theirs = [hold for hold in holds if hold.user_id in users or hold.employee_id in mine]
        history.judge(shown, listed, theirs, part(before))


def _moment(instant: int | None) -> str | None:
    return None if instant is None else datetime.fromtimestamp(instant, UTC).strftime("%Y-%m-%d %H:%M:%S")


def lived(database: str, seeds: list[int]) -> Counter[str]:
    """A crowd from each of these seeds, one after the other in the same database; what they reached together."""
    reach: Counter[str] = Counter()
    store = Store(database)
    try:
        for seed in seeds:
            kind = database.partition(":")[0].partition("+")[0]
            with replay(f"CONNECTEAM_SYNC_FIRST_SEED={seed} CONNECTEAM_SYNC_CROWDS=1 make crowds  # on {kind}"):
                crowd = Crowd(store, seed)
                crowd.live()
            reach += sum((history.reach for history in crowd.histories), Counter[str]())
    finally:
        store.close()
    return reach


def test_the_crowds_that_failed_once(database: str) -> None:
    """Before any new one."""
    lived(database, KEPT["crowds"])


def test_histories_on_a_database(database: str) -> None:
    """Fifty companies at a time: everything the oracle says, after every look."""
    seeds = [FIRST + crowd * COMPANIES for crowd in range(CROWDS)]
    reach = lived(database, seeds)
    tell(f"{CROWDS * COMPANIES:,} histories on {database.partition(':')[0]}, crowds from seeds {seeds}", reach)
    if CROWDS * COMPANIES >= FLOOR:
        require(
            reach, ASSERTIONS, floors={"a new id keeps the row": CROWDS * COMPANIES // 2} | dict.fromkeys(SELDOM, 1)
        )

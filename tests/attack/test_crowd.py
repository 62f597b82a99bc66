"""The random histories on real databases, many companies in one table: the same oracle judges what is stored.

Every look mirrors all companies at once, so that a thousand histories cost a few hundred runs: statements do not grow.
`CONNECTEAM_SYNC_CROWDS` says how many crowds of 50 live on each database.
"""

from __future__ import annotations

import os
from collections import Counter
from datetime import UTC, datetime

import msgspec
import pytest
from sqlalchemy import text

from conftest import ABSENT, DATABASES
from connecteam_sync.core.change import Plan
from connecteam_sync.core.clocktime import ClockTime, Stored
from connecteam_sync.core.plan import plan
from connecteam_sync.core.run import Run, Slice
from connecteam_sync.store import receipts
from connecteam_sync.store.session import Session
from connecteam_sync.store.store import Store
from connecteam_sync.store.writing import apply
from histories import OPEN_GUARDS, WINDOW, Fact, History, Meddling, look, shifts_of

CROWDS = int(os.environ.get("CONNECTEAM_SYNC_CROWDS", "20"))
FIRST = int(os.environ.get("CONNECTEAM_SYNC_FIRST_SEED", "0"))
COMPANIES = 50
ROUNDS = 20
FLOOR = 1000
"""An assertion that is reached less often than this proves nothing."""


class Crowd:
    """Fifty companies in one database; employees of the strangers have no user until their history maps them."""

    def __init__(self, store: Store, first_seed: int) -> None:
        self.store = store
        self.histories = [History(first_seed + number, number) for number in range(COMPANIES)]
        self.reach: Counter[str] = Counter()
        store.init()
        with store.writing() as session:
            for history in self.histories:
                for user, number in (*history.people.items(), history.stranger):
                    session.connection.execute(
                        text("INSERT INTO employees (name, connecteam_user_id) VALUES (:n, :u)"),
                        {"n": f"{user}", "u": str(user) if user in history.people else f"later {number}"},
                    )
            found = {str(employee.name): employee.id for employee in session.employees()}
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
        statement = {
            "enter": "INSERT INTO clock_times (employee_id, clock_in, clock_out, total_minutes, is_active, source)"
            " VALUES (:e, :i, :o, :m, :a, 'manual')",
            "alter": "UPDATE clock_times SET clock_out = :o, total_minutes = :m WHERE id = :k",
            "remove": "DELETE FROM clock_times WHERE id = :k",
        }[deed]
        used = {key: value for key, value in values.items() if f":{key}" in statement}
        session.connection.execute(text(statement), used)

    def round(self) -> None:
        """Edits everywhere, one look at all, its plan applied, each company judged; then the same look again."""
        with self.store.writing() as session:
            for history in self.histories:
                history.edit()
                touched = history.meddle()
                if touched is not None:
                    self.touch(session, *touched)
                user, employee = history.stranger
                if user in history.table.employees:
                    session.connection.execute(
                        text("UPDATE employees SET connecteam_user_id = :u WHERE id = :e"),
                        {"u": str(user), "e": employee},
                    )
        looks = [history.seen() for history in self.histories]
        shifts = shifts_of([fact for shown, _ in looks for fact in shown])
        snapshot = look(shifts, frozenset().union(*(listed for _, listed in looks)))
        with self.store.writing() as session:
            before = session.stored(WINDOW, snapshot)
            decision = plan(WINDOW, snapshot, before, OPEN_GUARDS)
            self._write(session, decision, before)
        with self.store.reading() as session:
            after = session.stored(WINDOW, snapshot)
        again = plan(WINDOW, snapshot, after, OPEN_GUARDS)
        assert (again.changes, again.mirrors) == ((), ()), "idempotence"
        for history, (shown, listed) in zip(self.histories, looks, strict=True):
            self._judge(history, shown, listed, decision, before=before, after=after)

    @staticmethod
    def _write(session: Session, decision: Plan, before: Stored) -> None:
        run = Run(id=None, kind="sync", window=WINDOW, slices=(), version="0", host="", started_at=0)
        number = receipts.begin_run(session, run)
        apply(session, decision, before, run=number, now=1_700_000_000)
        piece = Slice(time_clock_id=7, window=WINDOW, status="applied")
        receipts.record_slice(session, number, piece)

    @staticmethod
    def _judge(
        history: History, shown: list[Fact], listed: frozenset[int], decision: Plan, *, before: Stored, after: Stored
    ) -> None:
        """One company's part of the tables, by the oracle of the histories."""
        mine = {*history.people.values(), history.stranger[1]}
        users = history.everybody

        def part(stored: Stored) -> Stored:
            return msgspec.structs.replace(
                stored,
                rows=tuple(row for row in stored.rows if row.employee_id in mine),
                mirrors=tuple(mirror for mirror in stored.mirrors if mirror.shift.user_id in users),
                employees=dict(history.table.employees),
            )

        history.table.stored = part(after)
        history.judge(shown, listed, decision, part(before))


def _moment(instant: int | None) -> str | None:
    return None if instant is None else datetime.fromtimestamp(instant, UTC).strftime("%Y-%m-%d %H:%M:%S")


@pytest.mark.parametrize("crowd", range(CROWDS))
def test_histories_on_a_database(database: str, crowd: int) -> None:
    """Fifty companies: convergence, stable rows, hand-entered rows, held rows, idempotence, after every look."""
    first = FIRST + crowd * COMPANIES
    store = Store(database)
    people = Crowd(store, first)
    try:
        for _ in range(ROUNDS):
            people.round()
    except AssertionError as error:
        again = f"CONNECTEAM_SYNC_FIRST_SEED={first} CONNECTEAM_SYNC_CROWDS=1 make test PYTEST={__file__}"
        raise AssertionError(f"{error}; replay: {again}") from error
    finally:
        store.close()
    reach = sum((history.reach for history in people.histories), Counter[str]())
    if CROWDS * COMPANIES >= FLOOR and not ABSENT:
        assert min(reach.values()) >= FLOOR // (CROWDS * len(DATABASES)), reach

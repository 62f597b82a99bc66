"""Whether each change was announced by a delivery: the newest of every time clock, by which losses are counted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, get_args

import msgspec
from sqlalchemy import Connection

from connecteam_sync.core.bells import (
    JUDGED,
    Announced,
    Announcement,
    Doorbell,
    Reliability,
    may_announce,
    reliability_of,
)
from connecteam_sync.core.clocktime import TrackedShift
from connecteam_sync.store.sql.dialect import Dialect
from connecteam_sync.store.sql.quoting import run
from connecteam_sync.store.sql.traits import Kind
from connecteam_sync.store.tables.own import OwnTables

LATE = 600
"""A delivery may come so many seconds after its change was found, or before the look that did not show it yet."""
_MOST = 1_000
"""The changes of one look that are judged."""
_ROW: Mapping[str, Kind] = {
    "change_id": "int",
    "time_clock_id": "int",
    "shift_id": "key",
    "kind": "key",
    "is_announced": "int",
}


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """A change of the journal. `is_event`: an event in Connecteam caused it. Others have other causes: an edit in the
    table that was corrected, a person who was mapped, a day that was opened.
    """

    number: int
    shift_id: str
    kind: Announced
    is_event: bool


class Announcements:
    """The rows of one database. `ahead` is by how many seconds a simulation is ahead of the database's clock.

    Every method works in the transaction it is given (`Store.own_rows`), with a constant number of statements.
    """

    def __init__(self, dialect: Dialect, own: OwnTables, *, ahead: int = 0) -> None:
        self._dialect, self._own, self._table = dialect, own, own.announced
        self._now = f"({dialect.epoch_now} + {int(ahead)})"

    def changes_of(self, connection: Connection, runs: Iterable[int], clock: int) -> list[Changed]:
        """The changes of runs in the shifts of a time clock, 1,000 of each run at most."""
        found: list[Changed] = []
        for number in runs:
            query = (
                f"SELECT c.id, c.kind, c.shift_id, c.memory_before, s.start_at, s.end_at, s.is_gone"
                f" FROM {self._own.changes} c JOIN {self._own.shifts} s ON s.id = c.shift_id"
                " WHERE c.run_id = :run AND s.time_clock_id = :clock AND c.kind IN ('create', 'update', 'delete')"
                f" ORDER BY c.id LIMIT {_MOST}"
            )
            for row in run(connection, query, {"run": number, "clock": clock}):
                is_event = _is_caused_by_an_event(row)
                found.append(Changed(number=row[0], kind=row[1], shift_id=row[2], is_event=is_event))
        return found

    def judge(self, connection: Connection, clock: int, changes: Sequence[Changed], *, since: int) -> None:
        """Note for each change whether a delivery since then announced it."""
        if not changes:
            return
        rows = [{"id": shift} for shift in {change.shift_id for change in changes}]
        came: dict[str, list[str | None]] = {}
        query = (
            f"SELECT b.activity_id, b.event_type FROM {self._dialect.rowset({'id': 'key'})} {self._dialect.lookup}"
            f" {self._own.doorbells} b ON b.activity_id = d.id WHERE b.received_at >= {int(since) - LATE}"
        )
        for shift, event in self._each(connection, query, rows):
            came.setdefault(shift, []).append(event)
        insert = self._dialect.insert(
            self._table, self._dialect.rowset(_ROW), {**{name: f"d.{name}" for name in _ROW}, "at": self._now}
        )
        self._each(
            connection,
            insert,
            [
                {
                    "change_id": change.number,
                    "time_clock_id": clock,
                    "shift_id": change.shift_id,
                    "kind": change.kind,
                    "is_announced": int(
                        any(may_announce(event, change.kind) for event in came.get(change.shift_id, ()))
                    ),
                }
                for change in changes
            ],
        )
        self._forget(connection, clock)

    def announce(self, connection: Connection, bells: Iterable[Doorbell]) -> None:
        """Deliveries that came late announce a change that was found shortly before."""
        rows = [
            {"id": bell.activity_id, "kind": kind, "since": bell.received_at - LATE}
            for bell in bells
            if bell.activity_id is not None
            for kind in get_args(Announced)
            if may_announce(bell.event_type, kind)
        ]
        update = self._dialect.update(
            self._table,
            self._dialect.rowset({"id": "key", "kind": "key", "since": "int"}),
            {"is_announced": "1"},
            "t.shift_id = d.id AND t.kind = d.kind AND t.at >= d.since",
        )
        if rows:
            self._each(connection, update, rows)

    def reliability(self, connection: Connection, clock: int | None = None) -> dict[int, Reliability]:
        """What the deliveries of each time clock, or of one, are worth."""
        which = "" if clock is None else f" WHERE time_clock_id = {int(clock)}"
        query = (
            f"SELECT time_clock_id, kind, at, is_announced, {self._now} FROM {self._table}{which}"
            " ORDER BY change_id DESC"
        )
        rows = run(connection, query).all()
        now = max((int(row[-1]) for row in rows), default=0)
        return reliability_by_clock(((of, kind, at, told) for of, kind, at, told, _ in rows), now)

    def _forget(self, connection: Connection, clock: int) -> None:
        """Keep of each kind those that are judged."""
        numbered = (
            "SELECT change_id, row_number() OVER (PARTITION BY kind ORDER BY change_id DESC) AS place"
            f" FROM {self._table} WHERE time_clock_id = {int(clock)}"
        )
        old = run(connection, f"SELECT change_id FROM ({numbered}) n WHERE place > {JUDGED}").scalars().all()
        if old:
            delete = self._dialect.delete(self._table, self._dialect.rowset({"id": "int"}), "change_id", "1 = 1")
            self._each(connection, delete, [{"id": number} for number in old])

    @staticmethod
    def _each(connection: Connection, sql: str, rows: Sequence[Mapping[str, object]]) -> Any:  # noqa: ANN401 - a result whose rows are of any width
        return run(connection, sql, {"rows": msgspec.json.encode(rows).decode()})


def reliability_by_clock(rows: Iterable[tuple[int, Announced, int, int]], now: int) -> dict[int, Reliability]:
    """What the deliveries of each time clock are worth, by (clock, kind, when, whether announced), newest first."""
    changes: dict[int, list[Announcement]] = {}
    for of, kind, at, is_announced in rows:
        changes.setdefault(int(of), []).append(Announcement(kind, int(at), bool(is_announced)))
    return {of: reliability_of(found, now=now) for of, found in changes.items()}


def _is_caused_by_an_event(row: Sequence[Any]) -> bool:
    """Whether the shift itself is another one than it was before the change."""
    _, kind, shift_id, memory, start_at, end_at, is_gone = row
    before = msgspec.json.decode(memory, type=dict[str, TrackedShift | None]).get(shift_id)
    if before is None:
        return bool(kind == "create")
    if kind == "delete":
        return bool(is_gone)
    return (before.shift.start, before.shift.end) != (start_at, end_at)

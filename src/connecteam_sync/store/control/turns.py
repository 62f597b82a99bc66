"""Whose turn it is: each account has one row for each of its visits at a time (`slot`), and when it may work again.

A turn is claimed, by whoever gives it out; taken, by whoever does it; finished or given back. Only the clock of the
control database counts, and only the token: a turn whose lease ran out is somebody else's. What is due at a time clock,
and all that was found, is in the account's own database, so a turn may be done twice, and this table may be lost.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping

import msgspec
from sqlalchemy import Connection

from connecteam_sync.core.fleet import Aside, Priority, Turn, Waiting
from connecteam_sync.store.control.schema import TURNS
from connecteam_sync.store.sql.dialect import Dialect
from connecteam_sync.store.sql.quoting import run

MOST_LOST = 5
"""A turn that took so many workers with it, one after the other, is put aside."""
_FAR = 86_400
"""Seconds until a claimed turn is due by itself: what makes it due again is its end, its lease, or a doorbell."""
_OVERDUE = 60
"""Seconds after which a turn no longer waits for those of a higher priority."""
_TABLE = TURNS.name
_COLUMNS = ", ".join(column.name for column in TURNS.columns)


class Turns:
    """The table of turns. `ahead` is by how many seconds a simulation is ahead of the database's clock.

    Every method works in the transaction it is given.
    """

    def __init__(self, dialect: Dialect, *, ahead: int = 0) -> None:
        self._dialect = dialect
        self._now = f"({dialect.epoch_now} + {int(ahead)})"
        self._is_due = f"lease_until <= {self._now} AND (next_due <= {self._now} OR lease_token IS NOT NULL)"

    def all(self, connection: Connection) -> tuple[Turn, ...]:
        """Every turn, by account and slot."""
        return _turns(run(connection, f"SELECT {_COLUMNS} FROM {_TABLE} ORDER BY account, slot").mappings())

    def enrol(self, connection: Connection, slots: Mapping[str, int]) -> None:
        """These accounts, with so many visits at a time, and no others. Who is new is due at once."""
        known = {(turn.account, turn.slot) for turn in self.all(connection)}
        wanted = {(account, slot) for account, many in slots.items() for slot in range(many)}
        for account, slot in sorted(wanted - known):
            run(
                connection,
                f"INSERT INTO {_TABLE} (account, slot, next_due, due_at, priority, lease_until, failures, lost,"
                f" lost_ever, done) VALUES (:account, :slot, {self._now}, {self._now}, {int(Priority.CADENCE)}, 0, 0,"
                f" 0, 0, 0) {self._dialect.unless_there('account, slot' if self._dialect.returns_updated else 'slot')}",
                {"account": account, "slot": slot},
            )
        for account, slot in sorted(known - wanted):
            run(
                connection,
                f"DELETE FROM {_TABLE} WHERE account = :account AND slot = :slot",
                {"account": account, "slot": slot},
            )

    def claim(self, connection: Connection, most: int, *, seconds: int) -> tuple[Turn, ...]:
        """At most so many turns that are due, for so many seconds, the most urgent first.

        Of turns that are as urgent each account gets its first before any gets its second. A turn whose lease ran out
        is due.
        """
        is_due = self._is_due
        since = "CASE WHEN lease_token IS NULL THEN next_due ELSE due_at END"
        rank = f"CASE WHEN {since} <= {self._now} - {_OVERDUE} THEN 0 ELSE priority END"
        nth = f"ROW_NUMBER() OVER (PARTITION BY account ORDER BY {rank}, {since}, slot)"
        first = (
            f"SELECT account, slot FROM (SELECT account, slot, {rank} AS urgency, {nth} AS nth, {since} AS since"
            f" FROM {_TABLE} WHERE {is_due}) ranked ORDER BY urgency, nth, since, account LIMIT :most"
        )
        token = str(uuid.uuid4())
        was_taken = "CASE WHEN lease_token IS NOT NULL AND taken_at IS NOT NULL THEN 1 ELSE 0 END"
        # MySQL sets one column after the other: what is computed from others stands before them.
        done = run(
            connection,
            f"UPDATE {_TABLE} SET due_at = {since}, lost = lost + {was_taken}, lost_ever = lost_ever + {was_taken},"
            f" lease_token = :token, lease_until = {self._now} + :seconds, taken_at = NULL, holder = NULL,"
            f" next_due = {self._now} + {_FAR} WHERE {is_due} AND (account, slot) IN (SELECT account, slot FROM"
            f" ({first}) chosen)",
            {"token": token, "seconds": seconds, "most": most},
        )
        if not done.rowcount:
            return ()
        found = _turns(
            run(connection, f"SELECT {_COLUMNS} FROM {_TABLE} WHERE lease_token = :token", {"token": token}).mappings()
        )
        return tuple(sorted(found, key=lambda turn: (turn.priority, turn.due_at, turn.account, turn.slot)))

    def take(
        self, connection: Connection, account: str, slot: int, token: str, *, holder: str, seconds: int
    ) -> Turn | None:
        """Begin a turn that was given out; None where it is somebody else's by now, or was begun before."""
        done = run(
            connection,
            f"UPDATE {_TABLE} SET taken_at = {self._now}, holder = :holder, lease_until = {self._now} + :seconds"
            f" WHERE {_MINE} AND taken_at IS NULL",
            {"account": account, "slot": slot, "token": token, "holder": holder[:191], "seconds": seconds},
        )
        if not done.rowcount:
            return None
        found = run(
            connection,
            f"SELECT {_COLUMNS} FROM {_TABLE} WHERE {_MINE}",
            {"account": account, "slot": slot, "token": token},
        )
        return _turns(found.mappings())[0]

    def extend(self, connection: Connection, held: Turn, *, seconds: int) -> bool:
        """Keep a lease for so many seconds from now; False where it was lost."""
        return self._under(connection, held, f"lease_until = {self._now} + :seconds", {"seconds": seconds})

    def finish(
        self, connection: Connection, held: Turn, *, waits: int, priority: Priority, error: str | None = None
    ) -> bool:
        """Note how a turn went, and that the account works again in so many seconds, or before if it was called.

        False, and nothing is noted, where the lease was lost.
        """
        due = f"{self._now} + :waits"
        went = "failures = 0, error = NULL" if error is None else "failures = failures + 1, error = :error"
        return self._under(
            connection,
            held,
            f"priority = CASE WHEN next_due < {due} THEN priority ELSE :priority END,"
            f" next_due = CASE WHEN next_due < {due} THEN next_due ELSE {due} END, lease_token = NULL,"
            f" lease_until = 0, taken_at = NULL, lost = 0, done = done + 1, done_at = {self._now}, {went}",
            {"waits": waits, "priority": int(priority), "error": error},
        )

    def release(self, connection: Connection, held: Turn) -> bool:
        """Give a turn back that was not done: it is due at once."""
        return self._under(
            connection, held, f"next_due = {self._now}, lease_token = NULL, lease_until = 0, taken_at = NULL", {}
        )

    def put_aside(self, connection: Connection, held: Turn, *, seconds: int, error: str) -> bool:
        """Leave a turn alone for so long, whatever calls; then it is tried once more before it is put aside again."""
        return self._under(
            connection,
            held,
            f"lease_token = NULL, taken_at = NULL, lease_until = {self._now} + :seconds,"
            f" next_due = {self._now} + :seconds, lost = CASE WHEN lost > 0 THEN lost - 1 ELSE 0 END,"
            f" failures = failures + 1, error = :error",
            {"seconds": seconds, "error": error},
        )

    def call(self, connection: Connection, account: str, *, seconds: int, priority: Priority) -> None:
        """Have an account work in so many seconds at the latest; after a turn that is in hand at once."""
        due = f"{self._now} + :seconds"
        run(
            connection,
            f"UPDATE {_TABLE} SET priority = CASE WHEN priority > :priority THEN :priority ELSE priority END,"
            f" next_due = CASE WHEN next_due > {due} THEN {due} ELSE next_due END WHERE account = :account",
            {"account": account, "seconds": seconds, "priority": int(priority)},
        )

    def resume(self, connection: Connection, account: str) -> None:
        """Have an account work at once, also if it was put aside."""
        run(
            connection,
            f"UPDATE {_TABLE} SET next_due = {self._now}, lease_until = CASE WHEN lease_token IS NULL THEN 0 ELSE"
            f" lease_until END, lost = 0, failures = 0, error = NULL WHERE account = :account",
            {"account": account},
        )

    def aside(self, connection: Connection) -> tuple[Aside, ...]:
        """The accounts that are put aside, by name: of each the place that is so for longest."""
        rows = run(
            connection,
            f"SELECT account, lease_until - {self._now} AS seconds, due_at AS since, coalesce(error, '') AS error FROM"
            f" {_TABLE} WHERE lease_token IS NULL AND lease_until > {self._now} ORDER BY account, lease_until",
        )
        found = {row["account"]: msgspec.convert(dict(row), Aside) for row in rows.mappings()}
        return tuple(found.values())

    def waiting(self, connection: Connection) -> Waiting:
        """How much there is to do, and for how long it has waited.

        A turn whose lease ran out waits since then, or since it was due if nobody had begun it; one that is put aside
        does not wait.
        """
        is_due = self._is_due
        since = "CASE WHEN lease_token IS NULL THEN next_due WHEN taken_at IS NULL THEN due_at ELSE lease_until END"
        waits = f"({is_due}) OR (lease_token IS NOT NULL AND taken_at IS NULL)"
        is_out = f"lease_token IS NOT NULL AND lease_until > {self._now}"
        row = run(
            connection,
            f"SELECT coalesce(max(CASE WHEN {waits} THEN {self._now} - {since} ELSE 0 END), 0),"
            f" coalesce(sum(CASE WHEN {is_due} THEN 1 ELSE 0 END), 0),"
            f" coalesce(sum(CASE WHEN {is_out} THEN 1 ELSE 0 END), 0), coalesce(sum(lost_ever), 0) FROM {_TABLE}",
        ).one()
        seconds, due, given_out, lost = (int(value) for value in row)
        return Waiting(seconds=max(0, seconds), due=due, given_out=given_out, lost=lost)

    def _under(self, connection: Connection, held: Turn, parts: str, values: Mapping[str, object]) -> bool:
        done = run(
            connection,
            f"UPDATE {_TABLE} SET {parts} WHERE {_MINE}",
            {**values, "account": held.account, "slot": held.slot, "token": held.lease_token},
        )
        return bool(done.rowcount)


_MINE = "account = :account AND slot = :slot AND lease_token = :token"


def _turns(rows: Iterable[Mapping[str, object]]) -> tuple[Turn, ...]:
    return tuple(msgspec.convert(dict(row), Turn) for row in rows)

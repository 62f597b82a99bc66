"""Work that one process does at a time and that waits for its turn: a row of `service`, claimed for a while.

Only the clock of the database counts. What was claimed is finished under its token alone: a lease that ran out is lost.
"""

from __future__ import annotations

import uuid
from typing import Generic, TypeVar

import msgspec
from sqlalchemy import Connection

from connecteam_sync.core.cadence import SET_BACK
from connecteam_sync.store.sql.dialect import Dialect
from connecteam_sync.store.sql.quoting import run
from connecteam_sync.store.tables.own import OwnTables


class Leased(msgspec.Struct, frozen=True, kw_only=True):
    """The lease of a row, and when the work may go on; instants are epoch seconds.

    `at` is the moment at which it was read.
    """

    lease_token: str | None = None
    lease_until: int = 0
    next_due: int = 0
    at: int = 0


T = TypeVar("T", bound=Leased)


class LeasedRow(Generic[T]):
    """The row `name` of one database, of the type `kind`. `ahead` is by how many seconds a simulation is ahead of the
    database's clock.

    Every method works in the transaction it is given (`Store.own_rows`).
    """

    def __init__(self, dialect: Dialect, own: OwnTables, name: str, kind: type[T], *, ahead: int = 0) -> None:
        self._dialect, self._table, self._name, self._kind = dialect, own.service, name, kind
        self._now = f"({dialect.epoch_now} + {int(ahead)})"

    def claim(self, connection: Connection, *, seconds: int) -> T | None:
        """The row, for so many seconds; None if somebody has it, or the work may not go on yet."""
        found = self.read(connection)
        if found.next_due > found.at or found.lease_until > found.at:
            return None
        held = msgspec.structs.replace(found, lease_token=str(uuid.uuid4()), lease_until=found.at + seconds)
        self._write(connection, held)
        return held

    def read(self, connection: Connection) -> T:
        """The row, locked until the transaction ends. What was written in the future is no reason to wait for it: the
        database's clock was set back.
        """
        now = run(connection, f"SELECT {self._now}").scalar_one()
        query = f"SELECT value FROM {self._table} WHERE name = :name{self._dialect.locking()}"
        value = run(connection, query, {"name": self._name}).scalar()
        if value is None:
            run(
                connection,
                f"INSERT INTO {self._table} (name, value, at) VALUES (:name, '{{}}', {self._now})"
                f" {self._dialect.unless_there('name')}",
                {"name": self._name},
            )
            # Somebody else may have made it meanwhile, and claimed it.
            value = run(connection, query, {"name": self._name}).scalar_one()
        found = msgspec.json.decode(value, type=self._kind)
        if found.at > now + SET_BACK:
            found = msgspec.structs.replace(found, lease_until=0, next_due=0)
        return msgspec.structs.replace(found, at=int(now))

    def finish(self, connection: Connection, held: T, done: T, *, waits: int | None) -> bool:
        """Note what was done, and that the work may go on in so many seconds (None: at once, as when it was claimed).

        False, and nothing is noted, if the lease was lost.
        """
        found = self.read(connection)
        if found.lease_token != held.lease_token:
            return False
        due = found.next_due if waits is None else found.at + waits
        self._write(
            connection,
            msgspec.structs.replace(done, lease_token=None, lease_until=0, next_due=due, at=found.at),
        )
        return True

    def _write(self, connection: Connection, row: T) -> None:
        run(
            connection,
            f"UPDATE {self._table} SET value = :value, at = {self._now} WHERE name = :name",
            {"name": self._name, "value": msgspec.json.encode(row).decode()},
        )

"""When older days were looked at last, and who is looking at some now: one row, claimed for a while."""

from __future__ import annotations

import uuid
from datetime import date

import msgspec
from sqlalchemy import Connection

from connecteam_sync.core.window import Window, each_day
from connecteam_sync.store.sql.dialect import Dialect
from connecteam_sync.store.sql.quoting import run
from connecteam_sync.store.tables.own import OwnTables

_NAME = "older_days"


class Older(msgspec.Struct, frozen=True, kw_only=True):
    """When each older day was last looked at (epoch seconds), the lease, and when the next look may begin.

    `at` is the moment at which it was read.
    """

    looked: dict[date, int] = {}
    lease_token: str | None = None
    lease_until: int = 0
    next_due: int = 0
    at: int = 0


class OlderDays:
    """The row of one database. `ahead` is by how many seconds a simulation is ahead of the database's clock.

    Every method works in the transaction it is given (`Store.own_rows`).
    """

    def __init__(self, dialect: Dialect, own: OwnTables, *, ahead: int = 0) -> None:
        self._dialect, self._table = dialect, own.service
        self._now = f"({dialect.epoch_now} + {int(ahead)})"

    def claim(self, connection: Connection, *, seconds: int) -> Older | None:
        """The row, for so many seconds; None if somebody has it, or the next look may not begin yet."""
        found = self._read(connection)
        if found.next_due > found.at or found.lease_until > found.at:
            return None
        held = msgspec.structs.replace(found, lease_token=str(uuid.uuid4()), lease_until=found.at + seconds)
        self._write(connection, held)
        return held

    def finish(self, connection: Connection, held: Older, window: Window | None, *, waits: int) -> bool:
        """Note that the days of `window` were looked at, and that the next look may begin in so many seconds.

        False, and nothing is noted, if the lease was lost.
        """
        found = self._read(connection)
        if found.lease_token != held.lease_token:
            return False
        days = each_day(window.first, window.last) if window is not None else ()
        looked = {**found.looked, **dict.fromkeys(days, found.at)}
        newest = sorted(looked)[-_KEPT:]
        self._write(
            connection, Older(looked={day: looked[day] for day in newest}, next_due=found.at + waits, at=found.at)
        )
        return True

    def _read(self, connection: Connection) -> Older:
        now = run(connection, f"SELECT {self._now}").scalar_one()
        query = f"SELECT value FROM {self._table} WHERE name = :name{self._dialect.locking()}"
        value = run(connection, query, {"name": _NAME}).scalar()
        found = Older() if value is None else msgspec.json.decode(value, type=Older)
        if value is None:
            run(
                connection,
                f"INSERT INTO {self._table} (name, value, at) VALUES (:name, '{{}}', {self._now})",
                {"name": _NAME},
            )
        return msgspec.structs.replace(found, at=int(now))

    def _write(self, connection: Connection, row: Older) -> None:
        run(
            connection,
            f"UPDATE {self._table} SET value = :value, at = {self._now} WHERE name = :name",
            {"name": _NAME, "value": msgspec.json.encode(row).decode()},
        )


_KEPT = 200
"""The most days that are remembered."""

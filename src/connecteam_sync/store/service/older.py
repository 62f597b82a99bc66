"""When older days were looked at last, and who is looking at some now: one row, claimed for a while."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Connection

from connecteam_sync.core.window import Window, each_day
from connecteam_sync.store.service.leased import Leased, LeasedRow
from connecteam_sync.store.sql.dialect import Dialect
from connecteam_sync.store.tables.own import OwnTables

_NAME = "older_days"


class Older(Leased, frozen=True, kw_only=True):
    """When each older day was last looked at (epoch seconds), the lease, and when the next look may begin.

    `at` is the moment at which it was read.
    """

    looked: dict[date, int] = {}  # noqa: RUF012 - msgspec copies an empty default


class OlderDays:
    """The row of one database. `ahead` is by how many seconds a simulation is ahead of the database's clock.

    Every method works in the transaction it is given (`Store.own_rows`).
    """

    def __init__(self, dialect: Dialect, own: OwnTables, *, ahead: int = 0) -> None:
        self._row = LeasedRow(dialect, own, _NAME, Older, ahead=ahead)

    def claim(self, connection: Connection, *, seconds: int) -> Older | None:
        """The row, for so many seconds; None if somebody has it, or the next look may not begin yet."""
        return self._row.claim(connection, seconds=seconds)

    def read(self, connection: Connection) -> Older:
        """The row, locked until the transaction ends."""
        return self._row.read(connection)

    def finish(self, connection: Connection, held: Older, window: Window | None, *, waits: int | None) -> bool:
        """Note that the days of `window` were looked at, and that the next look may begin in so many seconds (None: as
        when it was claimed, at once).

        False, and nothing is noted, if the lease was lost.
        """
        found = self._row.read(connection)
        days = each_day(window.first, window.last) if window is not None else ()
        looked = {**found.looked, **dict.fromkeys(days, found.at)}
        newest = sorted(looked)[-_KEPT:]
        return self._row.finish(connection, held, Older(looked={day: looked[day] for day in newest}), waits=waits)


_KEPT = 200
"""The most days that are remembered."""

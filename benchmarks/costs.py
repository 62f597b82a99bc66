"""What a program costs: its processor, its statements, and what goes to its database and is written there."""

from __future__ import annotations

from pathlib import Path

import msgspec
from databases import driver_of
from relay import Relay
from sqlalchemy import Engine, create_engine, make_url, text
from sqlalchemy.pool import NullPool

_LOG = {
    "postgresql": "SELECT CAST(pg_current_wal_insert_lsn() - '0/0' AS bigint)",
    "mysql": "SHOW GLOBAL STATUS LIKE 'Innodb_os_log_written'",
    "mariadb": "SHOW GLOBAL STATUS LIKE 'Innodb_os_log_written'",
}
"""How far a server has written its log, in bytes; the answer is in the last column."""


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds of the processor and of the clock, and counts; bytes are `sent` to the server and `written` there."""

    cpu: float = 0
    seconds: float = 0
    statements: int = 0
    calls: int = 0
    trips: int = 0
    sent: int = 0
    written: int = 0

    def plus(self, other: Cost, times: int = 1) -> Cost:
        """Both together."""
        return Cost(
            cpu=self.cpu + times * other.cpu,
            seconds=self.seconds + times * other.seconds,
            statements=self.statements + times * other.statements,
            calls=self.calls + times * other.calls,
            trips=self.trips + times * other.trips,
            sent=self.sent + times * other.sent,
            written=self.written + times * other.written,
        )

    def less(self, other: Cost) -> Cost:
        """What came after `other`."""
        return self.plus(other, -1)

    def times(self, weight: float) -> Cost:
        """As often."""
        return Cost(
            cpu=self.cpu * weight,
            seconds=self.seconds * weight,
            statements=round(self.statements * weight),
            calls=round(self.calls * weight),
            trips=round(self.trips * weight),
            sent=round(self.sent * weight),
            written=round(self.written * weight),
        )


NOTHING = Cost()


class Meter:
    """What goes to a database, and what is written: of SQLite what this thread writes, of a server its log.

    A server's log is that of everybody who works with it, so nobody else should. With `is_whole` the bytes of SQLite
    are those of the whole process. Without a `url` nothing is known.
    """

    def __init__(self, kind: str = "", url: str = "", relay: Relay | None = None, *, is_whole: bool = False) -> None:
        self._kind, self._relay = kind, relay
        self._io = Path("/proc/self/io" if is_whole else "/proc/thread-self/io")
        self._engine: Engine | None = None
        if kind in _LOG:
            self._engine = create_engine(make_url(url).set(drivername=driver_of(kind)), poolclass=NullPool)

    def now(self, *, calls: int, statements: int) -> Cost:
        """The counts up to now; the log of a server is asked for by `written`, since that takes a connection."""
        counts = self._relay.counts() if self._relay else (0, 0, 0)
        written = self._bytes() if self._kind == "sqlite" else 0
        return Cost(calls=calls, statements=statements, trips=counts[0], sent=counts[1], written=written)

    def log(self) -> int:
        """How far the server's log is; 0 of SQLite."""
        if self._engine is None:
            return 0
        with self._engine.connect() as connection:
            return int(connection.execute(text(_LOG[self._kind])).one()[-1])

    def _bytes(self) -> int:
        """What was given to the kernel to write."""
        lines = self._io.read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("wchar"))

"""A company, its sandbox and a mirror of it: the scenario of golden cases and attacks."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import text

from connecteam_sync.client import ConnecteamSync
from connecteam_sync.config import Settings
from connecteam_sync.core.lock_check import Closing
from connecteam_sync.core.run import Run
from connecteam_sync.core.window import Window
from connecteam_sync.sandbox import Sandbox
from connecteam_sync.sandbox.company import WAREHOUSE, Activity
from support import databases

FIRST, LAST = date(2025, 12, 1), date(2025, 12, 11)
TABLES = (
    "clock_times",
    "employees",
    "connecteam_sync_shifts",
    "connecteam_sync_breaks",
    "connecteam_sync_changes",
    "connecteam_sync_holds",
)


class World:
    """A company, its sandbox, and a mirror of it."""

    def __init__(self, sandbox: Sandbox, database: str, **settings: Any) -> None:  # noqa: ANN401 - any setting
        self.sandbox, self.company = sandbox, sandbox.company
        self.mirror = self.mirror_of(sandbox, database, **settings)
        if settings.keys() & {"tables", "own"} or not databases.is_initialised(database):
            self.mirror.init()
        self.user = min(self.company.people)
        self.window = self.mirror.window(FIRST, LAST)

    @staticmethod
    def mirror_of(sandbox: Sandbox, database: str, **settings: Any) -> ConnecteamSync:  # noqa: ANN401 - any setting
        """A mirror of the company in an empty database."""
        chosen: dict[str, Any] = {"employees": "create", "max_deletes": 20, "total_seconds": 30, **settings}
        timezone = sandbox.company.timezone
        return ConnecteamSync(
            sandbox.key,
            settings=Settings(timezone=timezone, database_url=database, base_url=sandbox.url, **chosen),
        )

    def sync(self, window: Window | None = None, **options: Any) -> Run:  # noqa: ANN401 - any option
        """A sync of the eleven days."""
        return self.mirror.sync(window or self.window, **options)

    def lock(self, first: date, last: date | None = None, **options: Any) -> Closing:  # noqa: ANN401 - any option
        """Close days as they are, whatever a look finds."""
        return self.mirror.lock(first, last or first, **{"reason": "payroll", "anyway": True, **options})

    def work(
        self, day: int, begin: str, end: str | None, *, user: int | None = None, clock: int = WAREHOUSE
    ) -> Activity:
        """A shift on a day of December; `24:30` is half past midnight of the day after."""
        at = date(2025, 12, day)
        start = self.company.at(at, begin)
        return self.company.add(
            user or self.user, start, self.company.at(at, end) if end else None, clock=clock, created_at=start
        )

    def at(self, day: int, clock: str) -> int:
        """An instant of December."""
        return self.company.at(date(2025, 12, day), clock)

    def table(self, name: str = "clock_times") -> list[dict[str, Any]]:
        """Every column of every row."""
        order = "id" if name != "connecteam_sync_users" else "user_id"
        with self.mirror.store.reading() as session:
            return [dict(row) for row in session.read(f"SELECT * FROM {name} ORDER BY {order}")]

    def everything(self) -> list[list[dict[str, Any]]]:
        """Every table except the receipts."""
        return [self.table(name) for name in (*TABLES, "connecteam_sync_users")]

    def rows(self) -> set[tuple[int, int, int | None, float | None]]:
        """(user, clock-in, clock-out, minutes) of every row of ours, to compare with `Company.truth`."""
        with self.mirror.store.reading() as session:
            users = {e.id: int(e.connecteam_user_id) for e in session.employees() if e.connecteam_user_id}
            found = session.rows_of_all()
        return {(users[r.employee_id], r.clock_in, r.clock_out, r.total_minutes) for r in found if r.is_ours}

    def execute(self, statement: str, **values: object) -> None:
        """Run a statement of another program."""
        with self.mirror.store.writing() as session:
            session.connection.execute(text(statement), values)

    def reasons(self) -> list[str]:
        """The reasons of every standing hold."""
        return [standing.hold.reason for standing in self.mirror.holds()]

"""Shifts of years ago, which may be purged, in a company that still works."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

from connecteam_sync.core.retention import Purge
from connecteam_sync.core.run import Run
from connecteam_sync.core.window import Window
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.sandbox.company import WAREHOUSE, Activity
from support.scenario import World

DAYS, FIRST, LAST = "2021-03-01..2021-03-14", date(2021, 3, 1), date(2021, 3, 14)
OURS = ("changes", "shifts", "breaks", "timesheets", "holds", "slices")


class LongAgo(World):
    """A company with shifts of March 2021, and of December 2025."""

    @property
    def old(self) -> Window:
        """The days that are purged."""
        return self.mirror.window(FIRST, LAST)

    @property
    def other(self) -> int:
        """A second person of the same time clock."""
        return sorted(user for user, person in self.company.people.items() if WAREHOUSE in person.clocks)[1]

    def worked(self, day: date, begin: str, end: str, *, user: int | None = None) -> Activity:
        """A shift of any day."""
        at = self.company.at
        return self.company.add(
            user or self.user, at(day, begin), at(day, end), clock=WAREHOUSE, created_at=at(day, begin)
        )

    def looked(self) -> Run:
        """A sync of the old days."""
        return self.mirror.sync(self.old)

    def purged(self, days: str = DAYS, **options: Any) -> Purge:  # noqa: ANN401 - any option
        """The days are purged."""
        return self.mirror.retention.purge(days, confirm=days, by="Pia", **options)

    def counts(self) -> dict[str, int]:
        """How many rows each table of ours has."""
        with self.mirror.store.reading() as session:
            return {kind: session.read(f"SELECT count(*) AS n FROM connecteam_sync_{kind}")[0]["n"] for kind in OURS}

    def employee(self, user: int) -> int:
        """The id of the employee of a user."""
        rows = self.table("employees")
        return next(int(row["id"]) for row in rows if str(row["connecteam_user_id"]) == str(user))


@contextmanager
def long_ago(database: str, **settings: Any) -> Iterator[LongAgo]:  # noqa: ANN401 - any setting
    """Two people who worked on 2 and 10 March 2021, and one of them on 2 December 2025."""
    with Sandbox(Company(0), SandboxSettings(minute_limit=100_000)) as sandbox:
        made = LongAgo(sandbox, database, **settings)
        for user in (made.user, made.other):
            made.worked(date(2021, 3, 2), "08:00", "16:00", user=user)
            made.worked(date(2021, 3, 10), "22:00", "30:00", user=user)
        made.work(2, "08:00", "16:00")
        made.looked()
        made.sync()
        yield made
        made.mirror.close()

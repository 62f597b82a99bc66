"""What the service needs of a client: visits that are paused, and the calls that are left."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from connecteam_sync.api.client import Connecteam
from connecteam_sync.config import Settings
from connecteam_sync.core.window import local_day
from connecteam_sync.engine.decide import now
from connecteam_sync.engine.lists import Lists
from connecteam_sync.store.history.runs import folding_of, folding_query
from connecteam_sync.store.store import Store

if TYPE_CHECKING:
    from connecteam_sync.core.cadence import ClockSchedule
    from connecteam_sync.core.run import QuietLooks
    from connecteam_sync.store.service.due import Due


class Visits:
    """The visits of a service (`serve`). Every method raises what `Store` raises."""

    settings: Settings
    store: Store
    _connecteam: Connecteam | None
    _lists: Lists

    @property
    def day_calls(self) -> tuple[int, int] | None:
        """The calls that the account has left for this UTC day, and how many of them stay for its other programs.

        None until Connecteam has said it.
        """
        left = self._connecteam.day_calls_left if self._connecteam else None
        return None if self._connecteam is None or left is None else (left, self._connecteam.day_calls_reserved)

    @property
    def day_calls_limit(self) -> int | None:
        """The calls that the account has for a day; None until Connecteam has said it."""
        return self._connecteam.day_calls_limit if self._connecteam else None

    def take_unknown_members(self) -> frozenset[str]:
        """What Connecteam has sent since this was asked last, and this version does not know."""
        if self._connecteam is None:
            return frozenset()
        found = frozenset(self._connecteam.unknown_members)
        self._connecteam.unknown_members.clear()
        return found

    def pause_visits(self, clock: int | None = None, *, by: str, reason: str) -> tuple[int, ...]:
        """Begin no further visit of a time clock, by default of any; the ids. `by` is the person who does, and is kept.

        Raises ConfigurationError without a reason, NotFound if the service does not visit it.
        """
        from connecteam_sync.engine.operator import operator_text

        who, why = operator_text("by", by), operator_text("reason", reason)
        due = self._due()
        with self.store.own_rows("pausing visits") as connection:
            clocks = tuple(one.time_clock_id for one in due.all(connection)) if clock is None else (clock,)
            due.pause(connection, clocks, by=who, reason=why)
        return clocks

    def resume_visits(self, clock: int | None = None) -> tuple[int, ...]:
        """Visit a time clock again, at once; by default all that are paused or refused; the ids. Raises NotFound."""
        due = self._due()
        with self.store.own_rows("resuming visits") as connection:
            stopped = (one.time_clock_id for one in due.all(connection) if one.state != "active")
            clocks = tuple(stopped) if clock is None else (clock,)
            due.resume(connection, clocks)
        return clocks

    def share_lists(self, other: Visits) -> None:
        """Remember lists together with another client, of another thread: what one of them fetched is not asked for
        again.
        """
        self._lists.memory = other._lists.memory

    def schedules(self) -> tuple[ClockSchedule, ...]:
        """The time clocks that the service visits, by id: when next, how often, and why so. Connecteam is not asked."""
        due = self._due()
        with self.store.reading("reading when the time clocks are due") as session:
            return tuple(one.schedule for one in due.all(session.connection))

    def fold_receipts(self, limit: int = 500) -> int:
        """Fold receipts of runs with nothing that are older than `keep_quiet_receipts` days; how many runs it were.

        At most `limit` runs are looked at, and nothing at all for six hours once there are no more. Raises LockHeld.
        """
        days, at = self.settings.keep_quiet_receipts, now()
        if not days:
            return 0
        [kept] = self.store.fetch("looking for receipts to fold", folding_query(self.store.own))
        if folding_of(kept).next_due > at:
            return 0
        from connecteam_sync.store.history.folding import fold

        with self.store.writing("folding receipts") as session:
            return fold(session, before=at - days * 86_400, now=at, limit=limit)

    def quiet_looks(self, limit: int = 100) -> tuple[QuietLooks, ...]:
        """The newest days of folded receipts: for each time clock and day one, newest first."""
        from connecteam_sync.store.history.folding import quiet_looks

        with self.store.reading() as session:
            return quiet_looks(session, limit=limit)

    def proven_through(self) -> date | None:
        """The last day before today up to which every one of the last 45 days is proven: verified after its last change
        was written, with nothing that differs. None if not even the first of them is. Connecteam is not asked.
        """
        from connecteam_sync.store.service.proofs import proven_through

        zone = self.settings.timezone
        with self.store.reading("reading what is proven") as session:
            return proven_through(session.connection, self.store.own, zone, local_day(now(), ZoneInfo(zone)))

    def _due(self) -> Due:
        from connecteam_sync.store.service.due import Due

        self.store.columns()  # says so where there are no tables of ours
        return Due(self.store.dialect, self.store.own)

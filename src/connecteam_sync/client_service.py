"""What the service needs of a client: visits that are paused, and the calls that are left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connecteam_sync.api.client import Connecteam
from connecteam_sync.store.store import Store

if TYPE_CHECKING:
    from connecteam_sync.store.service.due import Due


class Visits:
    """The visits of a service (`serve`). Every method raises what `Store` raises."""

    store: Store
    _connecteam: Connecteam | None

    @property
    def day_calls(self) -> tuple[int, int] | None:
        """The calls that the account has left for this UTC day, and how many of them stay for its other programs.

        None until Connecteam has said it.
        """
        left = self._connecteam.day_calls_left if self._connecteam else None
        return None if self._connecteam is None or left is None else (left, self._connecteam.day_calls_reserved)

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

    def _due(self) -> Due:
        from connecteam_sync.store.service.due import Due

        self.store.columns()  # says so where there are no tables of ours
        return Due(self.store.dialect, self.store.own)

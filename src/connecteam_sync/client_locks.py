"""Days closed for payroll: the part of the library that locks and opens them, for everybody or for some."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from connecteam_sync.config import Settings
from connecteam_sync.core.keys import RowId
from connecteam_sync.store.store import Store

if TYPE_CHECKING:
    from connecteam_sync.core.lock_check import ClosedDays, Closing, LockEvent, Opening
    from connecteam_sync.core.run import Verification
    from connecteam_sync.core.window import Window
    from connecteam_sync.engine.locks import Locker


class Locks:
    """Days that are closed for payroll. Every method raises what `Store` raises."""

    settings: Settings
    store: Store

    if TYPE_CHECKING:

        def require_account(self) -> None:  # noqa: D102 - the client's
            ...

        def window(self, first: date, last: date) -> Window:  # noqa: D102 - the client's
            ...

        def _verify(self, window: Window, *, totals: bool) -> Verification: ...

    def lock(
        self,
        first: date,
        last: date,
        *,
        reason: str,
        by: str | None = None,
        anyway: bool = False,
        employee: RowId | None = None,
        time_clock: int | None = None,
    ) -> Closing:
        """Close local days for payroll, for everybody, or for one employee, one time clock or both together: no run
        changes them. They stay days of the current time zone.

        Verifies them first. Raises LockRefused if a row is open, or anything differs or is held, and UpstreamError if
        Connecteam cannot be reached; `anyway` closes them all the same and records the faults. Raises WindowError for
        days that are not over, NotFound for somebody, or a time clock, that nobody knows. `by` is the person who does
        it, by default the user of the operating system.
        """
        self.require_account()
        return self._locking.lock(
            self.window(first, last), reason=reason, by=by, anyway=anyway, employee=employee, time_clock=time_clock
        )

    def unlock(
        self,
        first: date,
        last: date,
        *,
        reason: str = "",
        by: str | None = None,
        employee: RowId | None = None,
        time_clock: int | None = None,
    ) -> Opening:
        """Open local days again, in whichever time zone they were closed: what was closed for everybody, or for exactly
        this employee and time clock. Raises NotFound.
        """
        self.require_account()
        return self._locking.unlock(
            self.window(first, last), reason=reason, by=by, employee=employee, time_clock=time_clock
        )

    def locked_days(self) -> tuple[date, ...]:
        """The days that are closed."""
        with self.store.reading() as session:
            return tuple(sorted({closed.day for closed in session.locked(self.settings.timezone)}))

    def locks(self) -> tuple[ClosedDays, ...]:
        """Closed days as ranges, newest first: closed by whom, when and why, and how they were verified."""
        from connecteam_sync.store.payroll import locks

        with self.store.reading() as session:
            return locks.closed(session, self.settings.timezone)

    def lock_history(self) -> tuple[LockEvent, ...]:
        """Every locking and unlocking, newest first."""
        from connecteam_sync.store.payroll import locks

        with self.store.reading() as session:
            return locks.lock_history(session)

    @property
    def _locking(self) -> Locker:
        from connecteam_sync.engine.locks import Locker

        return Locker(self.store, lambda window: self._verify(window, totals=False))

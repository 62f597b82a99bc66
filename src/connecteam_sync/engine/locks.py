"""Close days for payroll after verifying them, and open them again. Both are recorded."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from connecteam_sync.core.keys import RowId
from connecteam_sync.core.lock_check import Closing, LockScope, Opening, Verified, summary, unverified, verified
from connecteam_sync.core.locks import Locks
from connecteam_sync.core.run import Verification
from connecteam_sync.core.text import day_name
from connecteam_sync.core.window import LockedDay, Window, each_day, local_day
from connecteam_sync.engine.decide import now
from connecteam_sync.engine.operator import acting_name, operator_text
from connecteam_sync.errors import LockRefused, RowMoved, Unavailable, UpstreamError, WindowError
from connecteam_sync.store.payroll import locks, own_locks, periods
from connecteam_sync.store.session import Session
from connecteam_sync.store.store import Store

ATTEMPTS = 3
"""How often days are verified if other runs keep writing them."""
_UNAVAILABLE = 75
_UNSEEN = "{} could not be looked at, so nothing was locked"
_BLIND = "without a look: {} --anyway"


class Locker:
    """Locks on one store. `verify` is the library's own verification of a window."""

    def __init__(self, store: Store, verify: Callable[[Window], Verification]) -> None:
        self.store, self._verify = store, verify

    def lock(
        self,
        window: Window,
        *,
        reason: str,
        by: str | None,
        anyway: bool,
        employee: RowId | None = None,
        time_clock: int | None = None,
    ) -> Closing:
        """Close the days of a window; see `ConnecteamSync.lock`.

        Raises WindowError for days that are not over, LockRefused if something on them is not right, Unavailable (or
        another UpstreamError) if Connecteam cannot be asked, RowMoved if others keep locking and unlocking, NotFound.
        """
        text, who = operator_text("reason", reason), acting_name(by)
        scope = self._scope(employee, time_clock)
        again = _command(window, text, None if by is None else who, scope)
        _require_over(window)
        for _ in range(ATTEMPTS):
            with self.store.reading("looking at what is closed") as session:
                closed = session.locked(window.timezone)
                head = locks.newest_change(session, window)
                already = self._already(session, window, scope, closed)
            days = set(each_day(window.first, window.last))
            result = None
            if already != days:
                result = self._check_days(window, Locks(closed), scope, anyway=anyway, again=again)
            if result is not None and not result.is_right and not anyway:
                raise _refused(window, result, again)
            with self.store.writing("locking days") as session:
                if locks.newest_change(session, window) != head:
                    continue
                if scope.is_of_all:
                    newly = locks.lock(session, window, by=who, reason=text, now=now(), anyway=anyway, verified=result)
                else:
                    newly = own_locks.lock(
                        session, window, scope, by=who, reason=text, now=now(), anyway=anyway, verified=result
                    )
                holding = periods.closed_in(session, window)
            return Closing(
                window=window,
                newly=newly,
                already=tuple(sorted(days - set(newly))),
                by=who,
                reason=text,
                anyway=anyway,
                verified=result,
                periods=holding,
                scope=scope,
            )
        raise RowMoved(
            f"other runs keep writing {window} while it is looked at; nothing was locked",
            next_step="run the command again once they are done",
        )

    def _scope(self, employee: RowId | None, time_clock: int | None) -> LockScope:
        """Whose days it is about. Raises NotFound."""
        if employee is None and time_clock is None:
            return LockScope()
        with self.store.reading("looking for whom days are locked") as session:
            return own_locks.scope_of(session, employee, time_clock)

    @staticmethod
    def _already(session: Session, window: Window, scope: LockScope, closed: Iterable[LockedDay]) -> set[date]:
        """The days of a window that somebody locked already, for all whom it is about."""
        if not scope.is_of_all:
            return set(own_locks.already(session, window, scope))
        days = set(each_day(window.first, window.last))
        return {day.day for day in closed if day.source == "own" and day.timezone == window.timezone} & days

    def _check_days(self, window: Window, closed: Locks, scope: LockScope, *, anyway: bool, again: str) -> Verified:
        try:
            verification = self._verify(window)
        except UpstreamError as error:
            if anyway:
                return unverified(error.message)
            raise type(error)(
                f"{_UNSEEN.format(window)}: {error.message}", next_step=f"{error.next_step}; {_BLIND.format(again)}"
            ) from error
        with self.store.reading("looking for open rows") as session:
            opened = locks.open_rows(session, window)
            if scope.time_clock_id is not None and opened:
                theirs = own_locks.rows_of_clock(session, scope.time_clock_id, window)
                opened = tuple(row for row in opened if row.id in theirs)
            names = {employee.id: employee.name for employee in session.employees() if employee.name}
        result = verified(verification, opened, closed, names=names, scope=scope)
        failures = verification.plan.failures
        away = failures and all(failure.exit_code == _UNAVAILABLE for failure in failures)
        if (
            away
            and not anyway
            and result.failed == len(failures)
            and not (result.differences or result.holds or result.open)
        ):
            # The only trouble is that Connecteam cannot be reached, and that passes.
            first = failures[0]
            raise Unavailable(
                f"{_UNSEEN.format(window)}: {first.error}", next_step=f"{first.next_step}; {_BLIND.format(again)}"
            )
        return result

    def unlock(
        self,
        window: Window,
        *,
        reason: str,
        by: str | None,
        employee: RowId | None = None,
        time_clock: int | None = None,
    ) -> Opening:
        """Open the days of a window; see `ConnecteamSync.unlock`. Raises NotFound."""
        text, who = operator_text("reason", reason) if reason else "", acting_name(by)
        scope = self._scope(employee, time_clock)
        with self.store.writing("unlocking days") as session:
            if scope.is_of_all:
                opened = locks.unlock(session, window, by=who, reason=text, now=now())
            else:
                opened = own_locks.unlock(session, window, scope, by=who, reason=text, now=now())
            left = session.locked(window.timezone)
            holding = periods.closed_in(session, window)
        start, end = window.start_utc, window.end_utc
        still = tuple(day for day in left if day.start < end and day.end > start)
        return Opening(window=window, opened=opened, still=still, by=who, reason=text, periods=holding, scope=scope)


def _require_over(window: Window) -> None:
    """Raises WindowError for days that are not over: hours may still be worked on them."""
    today = local_day(now(), ZoneInfo(window.timezone))
    if window.last < today:
        return
    yesterday = today - timedelta(days=1)
    first = max(window.first, today)
    some = f"; lock up to {yesterday}" if window.first <= yesterday else ""
    raise WindowError(
        f"{day_name(first)} is not over yet: only days that are over can be locked",
        next_step=f"lock it when it is over{some}",
    )


def _command(window: Window, reason: str, by: str | None, scope: LockScope) -> str:
    who = "" if by is None else f" --as {shlex.quote(by)}"
    days = f"--from {window.first} --to {window.last}{scope.options}"
    return f"connecteam-sync lock {days} --reason {shlex.quote(reason)}{who}"


def _refused(window: Window, result: Verified, again: str) -> LockRefused:
    days = f"--from {window.first} --to {window.last}"
    return LockRefused(
        f"{window} is not right yet, so nothing was locked: {summary(result)}",
        verified=result,
        next_step=(
            f"cure it: connecteam-sync sync {days}, holds, then lock again; to lock it as it is: {again} --anyway"
        ),
    )

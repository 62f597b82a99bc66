"""Corrections of closed days: listed, accepted into a pay period, dismissed. Each decision is on record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta

import msgspec

from connecteam_sync.core.change import waiting
from connecteam_sync.core.corrections import Correction, CorrectionsPage, CorrectionState
from connecteam_sync.core.pay_schedule import scheduled
from connecteam_sync.core.payroll_settings import PaySchedule
from connecteam_sync.core.periods import Period, PeriodEvent, overlapping, spelled
from connecteam_sync.core.run import Acknowledgement
from connecteam_sync.core.text import called, many
from connecteam_sync.core.window import EARLIEST, LATEST, Window
from connecteam_sync.engine.context import Context
from connecteam_sync.engine.decide import now
from connecteam_sync.engine.operator import acting_name, operator_text
from connecteam_sync.engine.periods import PayPeriods
from connecteam_sync.errors import CorrectionRefused, NotFound
from connecteam_sync.store.history import holds
from connecteam_sync.store.payroll import corrections, exports, periods
from connecteam_sync.store.session import Session

_ONE_DAY = timedelta(days=1)
_DECIDED: frozenset[CorrectionState] = frozenset({"accepted", "dismissed"})
_LIST = "connecteam-sync corrections lists them, with their ids"


class Corrections:
    """The corrections of one database; `periods` knows how a pay period is named."""

    def __init__(self, context: Context, periods: PayPeriods, schedule: PaySchedule) -> None:
        self._store, self._periods, self._schedule = context.store, periods, schedule
        self._timezone, self._choosing = context.timezone, context.choosing

    def listed(
        self, *, period: str | None, state: CorrectionState | None, after: int = 0, limit: int | None = None
    ) -> tuple[Correction, ...]:
        """The corrections by number, of one state, or of one period: about its days, or accepted into it."""
        with self._store.reading("reading corrections") as session:
            days = self._days(session, period)
            return corrections.corrections(session, state=state, period=days, after=after, limit=limit)

    def page(
        self, *, period: str | None, state: CorrectionState | None, after: int, before: int | None
    ) -> CorrectionsPage:
        """A part of the corrections. See `client_payroll.Payroll.corrections_page`. Raises WindowError."""
        with self._store.reading("reading a page of corrections") as session:
            days = self._days(session, period)
            found = corrections.page(session, state=state, period=days, after=after, before=before)
            return msgspec.structs.replace(found, into=self._suggested(session))

    def _days(self, session: Session, period: str | None) -> tuple[date, date] | None:
        """The first and the last day of a period. Raises WindowError."""
        if period is None:
            return None
        window = self._periods.named_in(session, period).window
        return window.first, window.last

    def accept(
        self, numbers: Sequence[int], *, into: str, by: str | None, seen: Mapping[int, str]
    ) -> tuple[Correction, ...]:
        """Accept corrections into a period. See `client_payroll.Payroll.accept_corrections`.

        Raises CorrectionRefused, NotFound, WindowError.
        """
        who = acting_name(by)
        with self._store.writing("accepting corrections") as session:
            found = _undecided(session, numbers, seen)
            period = self._periods.named_in(session, into)
            self._require_open(session, period)
            window, at = period.window, now()
            if period.event is None:
                # From now on the period has these days, whatever the schedule will be.
                periods.record(session, "open", PeriodEvent(number=0, window=window, kind="open", at=at, by=who))
            days = (window.first, window.last)
            return _decided(session, found, "accepted", effective=days, by=who, reason="", at=at)

    def dismiss(
        self, numbers: Sequence[int], *, reason: str, by: str | None, seen: Mapping[int, str]
    ) -> tuple[Correction, ...]:
        """Dismiss corrections: nobody is paid for them. See `client_payroll.Payroll.dismiss_corrections`.

        Raises CorrectionRefused, NotFound, ConfigurationError without a reason.
        """
        why, who = operator_text("reason", reason), acting_name(by)
        with self._store.writing("dismissing corrections") as session:
            found = _undecided(session, numbers, seen)
            return _decided(session, found, "dismissed", effective=None, by=who, reason=why, at=now())

    def _require_open(self, session: Session, period: Period) -> None:
        """Raises CorrectionRefused for a period that is closed, was exported, or shares days with another one."""
        if period.overlaps:
            others = ", ".join(spelled(other) for other in period.overlaps)
            raise CorrectionRefused(
                f"{spelled(period.window)} overlaps {many(len(period.overlaps), 'period')} on record: {others}",
                next_step="name days that no other period on record has; connecteam-sync periods lists them",
            )
        exported = exports.newest_of(session, period.window)
        if period.state != "closed" and exported is None:
            return
        why = "is closed" if period.state == "closed" else f"was exported ({exported})"
        following = self._next_open(session, period.window.last)
        raise CorrectionRefused(
            f"{period.window} {why}: what it pays is settled, so no correction is accepted into it any more",
            next_step=f"the next open period is {following}: --into {following}"
            if following
            else "name a later period that is open: --into FIRST..LAST",
        )

    def _suggested(self, session: Session) -> str | None:
        """The name of the open period that comes after every closed or exported one, else of that of today."""
        stored = {period.window: period for period in periods.stored(session)}
        exported = exports.counting(session)
        done = [*exported, *(window for window, period in stored.items() if period.state == "closed")]
        if done:
            last = max(window.last for window in done)
        elif (today := scheduled(self._schedule, self._choosing.today())) is not None:
            last = today[0] - _ONE_DAY
        else:
            last = EARLIEST
        if self._schedule.schedule is not None:
            return self._next_of_schedule(stored, exported, last)
        left = [window for window in stored if window.first > last and window not in done]
        return min(left).first.isoformat() if left else None

    def _next_open(self, session: Session, last: date) -> str | None:
        """The name of the first scheduled period after a day that is neither closed nor exported."""
        stored = {period.window: period for period in periods.stored(session)}
        return self._next_of_schedule(stored, exports.counting(session), last)

    def _next_of_schedule(
        self, stored: Mapping[Window, Period], exported: Mapping[Window, int], last: date
    ) -> str | None:
        while last < LATEST and (days := scheduled(self._schedule, last + _ONE_DAY)) is not None:
            window, last = Window(*days, self._timezone), days[1]
            is_closed = window in stored and stored[window].state == "closed"
            if not is_closed and not overlapping(window, stored) and window not in exported:
                return window.first.isoformat()
        return None


def _undecided(session: Session, numbers: Iterable[int], seen: Mapping[int, str]) -> tuple[Correction, ...]:
    """The corrections of these numbers. Raises NotFound, CorrectionRefused if any of them can be decided no more, or
    was decided otherwise since it was `seen`.
    """
    wanted = sorted(set(numbers))
    found = corrections.corrections(session, numbers=wanted) if wanted else ()
    missing = [number for number in wanted if number not in {one.number for one in found}]
    if missing or not wanted:
        raise NotFound(f"there is no correction {', '.join(map(str, missing)) or 'without a number'}", next_step=_LIST)
    for one in found:
        if one.is_final:
            raise CorrectionRefused(
                f"correction {one.number} was exported (export {one.export}), so it stays as it is",
                next_step="where the edit is taken back in Connecteam, the next sync makes a counter-entry",
            )
        if one.state == "cancelled":
            raise CorrectionRefused(
                f"correction {one.number} was cancelled: {one.reason}",
                next_step="connecteam-sync corrections --state pending",
            )
        if one.decision != seen.get(one.number, one.decision):
            raise CorrectionRefused(
                f"correction {one.number} was {_what_stands(one)} by {called(one.decided_by or 'somebody')} in the"
                " meantime, so nothing was decided",
                next_step="see what stands there now; where that is wrong, decide it again",
            )
    return found


def _what_stands(one: Correction) -> str:
    """`accepted into 2025-12-15..2025-12-28`, `dismissed`."""
    return one.state if one.effective is None else f"{one.state} into {one.effective[0]}..{one.effective[1]}"


def _decided(
    session: Session,
    found: Sequence[Correction],
    state: CorrectionState,
    *,
    effective: tuple[date, date] | None,
    by: str,
    reason: str,
    at: int,
) -> tuple[Correction, ...]:
    """Write a decision, and acknowledge the holds of which all corrections are decided by now."""
    numbers = [one.number for one in found]
    corrections.decide(session, numbers, state, effective=effective, by=by, reason=reason, now=at)
    subjects = {one.subject for one in found}
    left = corrections.live(session, subjects)
    done = {subject for subject in subjects if all(one.state in _DECIDED for one in left.get(subject, ()))}
    why = "its corrections are decided" if not reason else f"its corrections are decided: {reason}"
    standing = [hold for hold in holds.standing_holds(session, "locked_day") if hold.hold.subject in done]
    if waiting(hold.hold for hold in standing):
        holds.acknowledge(session, standing, Acknowledgement(by=by, at=at, reason=why))
    return corrections.corrections(session, numbers=numbers)

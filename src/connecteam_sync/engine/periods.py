"""Pay periods: listed, checked, reviewed, closed and opened again. Whatever a person does to one is on record."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from datetime import date

import msgspec

from connecteam_sync.core.pay_schedule import before, scheduled
from connecteam_sync.core.payroll_settings import PaySchedule
from connecteam_sync.core.period_check import IN_NO_WAY, Checked, Obstacle, SecondPerson
from connecteam_sync.core.periods import (
    Period,
    PeriodEvent,
    PeriodEventKind,
    PeriodReport,
    PeriodState,
    overlapping,
    parsed,
    spelled,
)
from connecteam_sync.core.text import called, day_name, many
from connecteam_sync.core.window import Window
from connecteam_sync.engine.context import Context
from connecteam_sync.engine.decide import now
from connecteam_sync.engine.operator import acting_name, operator_text
from connecteam_sync.engine.period_check import ATTEMPTS, Moves, PeriodChecker
from connecteam_sync.errors import ConnecteamSyncError, PeriodRefused, RowMoved, UpstreamError, WindowError
from connecteam_sync.store.payroll import periods, purges
from connecteam_sync.store.session import Session

_SHOWN = 6
"""How many scheduled periods before the present one are listed, whether somebody touched them or not."""


def named_days(text: str) -> tuple[date, date | None]:
    """The days that `FIRST` or `FIRST..LAST` names. Raises WindowError for anything else."""
    try:
        return parsed(text)
    except ValueError as error:
        raise WindowError(
            str(error), next_step="name it by its first day, like 2025-12-01, or by both: 2025-12-01..2025-12-14"
        ) from error


class PayPeriods:
    """The pay periods of one database, in the business's time zone."""

    def __init__(self, context: Context, checker: PeriodChecker, schedule: PaySchedule) -> None:
        self._context, self._checker, self._schedule = context, checker, schedule
        self._store, self._timezone = context.store, context.timezone

    # -- reading -----------------------------------------------------------------------------------------------------

    def listed(self) -> tuple[Period, ...]:
        """Every period on record, the present one of the schedule, and those shortly before it; newest first."""
        with self._store.reading("reading the pay periods") as session:
            stored = self._stored(session)
        known = {period.window for period in stored}
        of_schedule = [
            self._with_neighbours(Period(window=window, is_scheduled=True), known)
            for first, last in before(self._schedule, self._context.choosing.today(), _SHOWN)
            if (window := Window(first, last, self._timezone)) not in known
        ]
        return tuple(sorted([*stored, *of_schedule], key=lambda period: period.window, reverse=True))

    def named(self, text: str) -> Period:
        """The period that `FIRST` or `FIRST..LAST` names. Raises WindowError if that names none."""
        with self._store.reading("looking for a pay period") as session:
            return self.named_in(session, text)

    def history(self, text: str) -> tuple[PeriodEvent, ...]:
        """What was done to a period, newest first, without checklists. Raises WindowError."""
        with self._store.reading("reading what was done to a pay period") as session:
            return periods.history(session, self.named_in(session, text).window)

    def newest_check(self, text: str) -> PeriodEvent | None:
        """The newest checklist on record of a period; None if nobody made one. Raises WindowError."""
        with self._store.reading("reading a checklist") as session:
            return periods.newest_check(session, self.named_in(session, text).window)

    def _stored(self, session: Session) -> tuple[Period, ...]:
        return tuple(
            msgspec.structs.replace(period, is_scheduled=self._is_scheduled(period.window))
            for period in periods.stored(session)
        )

    def _is_scheduled(self, window: Window) -> bool:
        of_schedule = scheduled(self._schedule, window.first)
        return of_schedule == (window.first, window.last) and window.timezone == self._timezone

    @staticmethod
    def _with_neighbours(period: Period, known: set[Window]) -> Period:
        return msgspec.structs.replace(period, overlaps=overlapping(period.window, known))

    def named_in(self, session: Session, text: str) -> Period:
        """As `named`, in a transaction that is open. Raises WindowError."""
        first, last = named_days(text)
        stored = self._stored(session)
        # No two periods on record share a day, so at most one begins on it, whatever its zone.
        same = [one for one in stored if one.window.first == first and last in {None, one.window.last}]
        if same:
            return same[0]
        if last is None:
            last = self._last_day(first)
        window = Window(first, last, self._timezone)
        period = Period(window=window, is_scheduled=self._is_scheduled(window))
        return self._with_neighbours(period, {one.window for one in stored})

    def _last_day(self, first: date) -> date:
        """The last day of the scheduled period that begins then. Raises WindowError if none does."""
        days = scheduled(self._schedule, first)
        if days is None:
            raise WindowError(
                f"no schedule says on which day the period from {first} ends",
                next_step=f"name both days, like {first}..LAST, or set schedule in [payroll] of the configuration",
            )
        if days[0] != first:
            raise WindowError(
                f"no period begins on {first}: it lies in that from {days[0]} to {days[1]}",
                next_step=f"name that by its first day, {days[0]}; other days by both: {first}..LAST",
            )
        return days[1]

    # -- acting ------------------------------------------------------------------------------------------------------

    def check(self, text: str, *, by: str | None) -> PeriodReport:
        """The checklist of a period; it is kept. See `client_payroll.Payroll.check`. Raises PeriodRefused."""
        who, period = acting_name(by), self.named(text)
        _require_apart(period)
        self._require_zone(period)
        self._require_kept(period)
        checked, _ = self._checker.check(period.window, not_reviewed=self._reviewing(period, who))
        event = _event(period.window, "check", who, checked=checked)
        try:
            with self._store.own_rows("keeping a checklist") as connection:
                periods.keep_check(connection, self._store.own, event)
        except ConnecteamSyncError as error:
            return PeriodReport(period=period, checked=checked, not_recorded=error.message)
        return PeriodReport(period=period, checked=checked)

    def review(self, text: str, *, by: str | None) -> PeriodReport:
        """Note that somebody has looked at a period. See `client_payroll.Payroll.review`.

        Raises PeriodRefused, RowMoved.
        """
        who = acting_name(by)
        for _ in range(ATTEMPTS):
            period = self._open_one(text, "reviewed")
            checked, moves = self._checker.check(period.window)
            event = _event(period.window, "review", who, checked=checked)
            done = self._recorded(period, "review", event, moves)
            if done is not None:
                return PeriodReport(period=done, newly=True, checked=checked)
        raise _moved(text)

    def close(self, text: str, *, by: str | None, anyway: str | None) -> PeriodReport:
        """Close a period after its checklist. See `client_payroll.Payroll.close`.

        Raises PeriodRefused, WindowError, UpstreamError, RowMoved.
        """
        who = acting_name(by)
        reason = "" if anyway is None else operator_text("reason", anyway)
        for _ in range(ATTEMPTS):
            period = self.named(text)
            if period.state == "closed":
                return PeriodReport(period=period, checked=self._checklist_of(period))
            period = self._open_one(text, "closed")
            self._require_begun(period)
            checked, moves = self._checklist(period, who, anyway=anyway is not None)
            in_the_way = [o for o in checked.obstacles if anyway is None or o.name in IN_NO_WAY]
            if in_the_way:
                raise _refused(period, checked, in_the_way, None if by is None else who)
            is_anyway = not checked.is_well
            event = _event(period.window, "close", who, reason=reason, anyway=is_anyway, checked=checked)
            done = self._recorded(period, "closed", event, moves)
            if done is not None:
                return PeriodReport(period=done, newly=True, checked=checked)
        raise _moved(text)

    def reopen(self, text: str, *, reason: str, by: str | None) -> PeriodReport:
        """Open a period that is closed or reviewed. See `client_payroll.Payroll.reopen`.

        Raises PeriodRefused, WindowError.
        """
        why, who = operator_text("reason", reason), acting_name(by)
        with self._store.writing("opening a pay period") as session:
            period = self.named_in(session, text)
            if period.state == "open":
                session.is_given_up = True
                raise PeriodRefused(
                    f"{period.window} is not closed, so there is nothing to open",
                    report=PeriodReport(period=period),
                    next_step="connecteam-sync periods lists the periods and their states",
                )
            purges.require_kept(session, period.window, "is not opened")
            event = periods.record(session, "open", _event(period.window, "reopen", who, reason=why))
        return PeriodReport(period=msgspec.structs.replace(period, state="open", event=event), newly=True)

    def _checklist(self, period: Period, who: str, *, anyway: bool) -> tuple[Checked, Moves]:
        try:
            return self._checker.check(period.window, anyway=anyway, not_reviewed=self._reviewing(period, who))
        except UpstreamError as error:
            raise type(error)(
                f"{period.window} could not be looked at, so nothing was closed: {error.message}",
                next_step=f"{error.next_step}; without a look: {_command(period, None)} --anyway REASON",
            ) from error

    def _recorded(self, period: Period, state: PeriodState, event: PeriodEvent, moves: Moves) -> Period | None:
        """The period with its new state; None if anything that the checklist rests on has moved since."""
        with self._store.writing("noting the state of a pay period") as session:
            known = {one.window: one for one in self._stored(session)}
            there = known.get(period.window)
            number = None if there is None or there.event is None else there.event.number
            before_it = None if period.event is None else period.event.number
            is_same = number == before_it and not overlapping(period.window, known)
            if not is_same or self._checker.moves(session, period.window) != moves:
                session.is_given_up = True
                return None
            event = periods.record(session, state, event)
        return msgspec.structs.replace(period, state=state, event=event)

    def _open_one(self, text: str, verb: str) -> Period:
        """A period that may be reviewed or closed. Raises PeriodRefused, WindowError."""
        period = self.named(text)
        if period.state == "closed":
            raise PeriodRefused(
                f"{period.window} is closed, and cannot be {verb}",
                report=PeriodReport(period=period),
                next_step=f"to open it: connecteam-sync periods reopen {period.name} --reason R",
            )
        _require_apart(period)
        self._require_zone(period)
        self._require_kept(period)
        return period

    def _require_kept(self, period: Period) -> None:
        with self._store.reading("looking for purges") as session:
            purges.require_kept(session, period.window, "cannot be checked")

    def _require_zone(self, period: Period) -> None:
        zone = period.window.timezone
        if zone != self._timezone:
            raise PeriodRefused(
                f"{period.window} consists of days of {zone}, and the business's time zone is {self._timezone} by now",
                report=PeriodReport(period=period),
                next_step=f"it stays as it is ({period.state}); name other days: FIRST..LAST",
            )

    def _require_begun(self, period: Period) -> None:
        if period.window.first > self._context.choosing.today():
            raise WindowError(
                f"{period.window} has not begun: nothing can be closed in it",
                next_step=f"close it once {day_name(period.window.last)} is over",
            )

    def _checklist_of(self, period: Period) -> Checked | None:
        """The checklist that a period was closed with."""
        if period.event is None:
            return None
        with self._store.reading("reading a checklist") as session:
            event = periods.event(session, period.event.number)
        return None if event is None else event.checked

    def _reviewing(self, period: Period, who: str) -> _Reviewing:
        checked = self._checklist_of(period) if self._schedule.two_persons and period.state == "review" else None
        return _Reviewing(period, who, checked, is_wanted=self._schedule.two_persons)


class _Reviewing:
    """Whether a second person still has to look at a period: asked with the newest journal entry of its days."""

    def __init__(self, period: Period, who: str, checked: Checked | None, *, is_wanted: bool) -> None:
        self._period, self._who, self._checked, self._is_wanted = period, who, checked, is_wanted

    def __call__(self, head: int) -> SecondPerson | None:
        """What is missing; None if nothing is."""
        event = self._period.event
        if not self._is_wanted or self._period.state == "closed":
            return None
        if self._period.state != "review" or event is None:
            return SecondPerson(
                "nobody has reviewed it yet, and two persons are wanted ([payroll] two_persons)", "review"
            )
        if self._checked is None or self._checked.seen_change != head:
            return SecondPerson(f"rows of its days were written since {called(event.by)} reviewed it", "review")
        if event.by.casefold() == self._who.casefold():
            why = f"{called(event.by)} has reviewed it: somebody else has to close it ([payroll] two_persons)"
            return SecondPerson(why, "close")
        return None


def _event(
    window: Window,
    kind: PeriodEventKind,
    who: str,
    *,
    reason: str = "",
    anyway: bool = False,
    checked: Checked | None = None,
) -> PeriodEvent:
    """An event of this moment, without its number yet."""
    return PeriodEvent(
        number=0, window=window, kind=kind, at=now(), by=who, reason=reason, anyway=anyway, checked=checked
    )


def _require_apart(period: Period) -> None:
    """Raises PeriodRefused for days that other periods on record have, too."""
    if period.overlaps:
        others = ", ".join(spelled(other) for other in period.overlaps)
        raise PeriodRefused(
            f"{spelled(period.window)} overlaps {many(len(period.overlaps), 'period')} on record: {others}",
            report=PeriodReport(period=period),
            next_step="name days that no period on record has, FIRST..LAST; connecteam-sync periods lists them",
        )


def _command(period: Period, who: str | None) -> str:
    name = "" if who is None else f" --as {shlex.quote(who)}"
    return f"connecteam-sync periods close {period.name}{name}"


def _refused(period: Period, checked: Checked, in_the_way: Sequence[Obstacle], who: str | None) -> PeriodRefused:
    names = ", ".join(f"{obstacle.name} {obstacle.count:,}" for obstacle in in_the_way)
    cure = f"cure each, then {_command(period, who)}"
    if not any(obstacle.name in IN_NO_WAY for obstacle in in_the_way):
        cure += f"; to close it as it is: {_command(period, who)} --anyway REASON"
    return PeriodRefused(
        f"{period.window} is not right yet, so it was not closed: {names}",
        report=PeriodReport(period=period, checked=checked),
        next_step=cure,
    )


def _moved(text: str) -> RowMoved:
    return RowMoved(
        f"others keep writing rows or holds of {text[:60]} while it is looked at; nothing was closed",
        next_step="run the command again once they are done",
    )

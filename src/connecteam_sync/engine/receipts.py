"""The record of one run: its number, the receipts of its slices, its costs, its end."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from connecteam_sync.core.change import Counts, SlicePlan
from connecteam_sync.core.run import Run, Slice
from connecteam_sync.core.window import Window
from connecteam_sync.engine.context import Context, Costs
from connecteam_sync.engine.decide import now, refused
from connecteam_sync.engine.events import run_ended
from connecteam_sync.errors import ConnecteamSyncError, LockHeld, Refused, StalePlan
from connecteam_sync.store.history import runs
from connecteam_sync.store.history.runs import UNKNOWN, UsedLists
from connecteam_sync.store.session import Session
from connecteam_sync.store.sql.statements import PendingId

SHOWN = 200
"""How many of the deletes stopped by guards, or of the rows that moved, a receipt names."""


class RunRecord:
    """One run as it is recorded; `number` is None before the first record, `ended` (epoch seconds) before the last."""

    def __init__(self, context: Context, run: Run) -> None:
        self.store, self.run = context.store, run
        self._belonging, self._emit = context.belonging, context.emit
        self.number: int | None = None
        self.kept_plan: str | None = None
        """The fingerprint of the kept plan that the run applies."""
        self.slices: list[Slice] = []
        self.ended: int | None = None
        self._newest: PendingId | None = None
        self._costs = Costs(context.store, context.http_calls)
        self.goes_by: UsedLists | None = UNKNOWN if context.lists.are_remembered else None
        """The lists that the next receipt goes by, as its transaction has found out; None where none are remembered."""

    def begin(self, session: Session) -> PendingId:
        """The number of this run, which begins now if it has not yet."""
        return runs.begin_run(session, self.run) if self.number is None else PendingId(session, self.number)

    def receipt(
        self, session: Session, number: PendingId, receipt: Slice, people: Mapping[str, object] | None = None
    ) -> None:
        """Record the receipt of a slice; `people` as `runs.record_slice` has it.

        Raises StalePlan, when it is sent, if the kept plan that is applied is another run's by now.
        """
        if self.kept_plan is not None and receipt.status == "applied":
            from connecteam_sync.store.console import plans

            plans.take(session, self.kept_plan, number.value)
        self._newest = runs.record_slice(session, number.value, receipt, people)
        if self.goes_by is not None:
            runs.note_used_lists(session, number.value, self.goes_by)
            self.goes_by = UNKNOWN

    @property
    def newest_receipt(self) -> int | None:
        """The number of the receipt recorded last, once its transaction is committed."""
        return None if self._newest is None else self._newest.value

    def repeat(self, session: Session, receipt: Slice, *, last: bool) -> tuple[PendingId, int | None]:
        """Record an earlier receipt for an unchanged slice; the run's number, and its end if this slice is the last."""
        if self.number is not None or not last:
            number = self.begin(session)
            self._belonging.remember(session)
            self.receipt(session, number, receipt)
            return number, self.end(session, number.value) if last else None
        # This slice is the whole run, so everything about it, even its end, is known before its first row is written.
        ended = now()
        whole = msgspec.structs.replace(
            self.run,
            finished_at=ended,
            statements=self._costs.statements + (2 if self.goes_by is None else 3),
            http_calls=self._costs.http_calls,
        )
        number = runs.begin_run(session, whole)
        self._belonging.remember(session)
        self.receipt(session, number, receipt)
        return number, ended

    def end(self, session: Session, number: int) -> int:
        """Record the end of the run; its time in epoch seconds."""
        ended = now()
        spent = self._costs.statements + session.waiting + 1
        runs.finish_run(session, number, now=ended, statements=spent, http_calls=self._costs.http_calls)
        return ended

    def failed(self, clock: int | None, window: Window, error: ConnecteamSyncError, *, record: bool = True) -> None:
        """Note a failed slice, and store its receipt unless the database itself is the trouble (`record`)."""
        receipt = failed_slice(clock, window, error)
        self.slices.append(receipt)
        self.goes_by = None if self.goes_by is None else UNKNOWN
        if not record:
            return
        try:
            with self.store.writing("recording a failure") as session:
                number = self.begin(session)
                self.receipt(session, number, receipt)
        except ConnecteamSyncError as second:
            # The first error is the one to act on; its message also says that it could not be recorded.
            text = f"{error.message} (not recorded: {second.message})"
            self.slices[-1] = msgspec.structs.replace(receipt, error=text)
            return
        self.number = number.value

    def finish(self, next_step: str | None = None) -> Run:
        """The finished run, with its costs."""
        ended = self.ended or now()
        if not self.ended and self.number is not None and not any(s.error_name == "lock_held" for s in self.slices):
            try:
                with self.store.writing("finishing the run") as session:
                    ended = self.end(session, self.number)
            except LockHeld:
                # Every slice has its receipt. Only the end is not recorded, and `runs` shows that.
                pass
        run = msgspec.structs.replace(
            self.run,
            id=self.number,
            slices=tuple(self.slices),
            finished_at=ended,
            statements=self._costs.statements,
            http_calls=self._costs.http_calls,
            next_step=next_step,
        )
        self._emit(run_ended(run))
        return run


def failed_slice(clock: int | None, window: Window, error: ConnecteamSyncError) -> Slice:
    """The receipt of a slice that failed."""
    return Slice(
        time_clock_id=clock,
        window=window,
        status="refused" if isinstance(error, Refused) else "failed",
        error=error.message,
        error_name=error.name,
        next_step=error.next_step,
        exit_code=error.exit_code,
        retryable=error.retryable,
        rows=error.rows[:SHOWN] if isinstance(error, StalePlan) else (),
    )


def planned_slice(decision: SlicePlan) -> Slice:
    """The receipt of a plan that is applied."""
    return Slice(
        time_clock_id=decision.time_clock_id,
        window=decision.window,
        status="applied" if decision.writes_rows else "nothing",
        counts=decision.counts,
        minutes=decision.minutes,
        holds=decision.holds,
        fingerprint=decision.fingerprint,
    )


def refused_slice(decision: SlicePlan, *, resync: bool) -> Slice:
    """The receipt of a plan that guards refused."""
    error = refused(decision, resync=resync)
    return msgspec.structs.replace(
        planned_slice(decision),
        status="refused",
        counts=Counts(total_shifts=decision.counts.total_shifts, held=decision.counts.held),
        minutes=msgspec.structs.replace(decision.minutes, after=decision.minutes.before),
        fingerprint=error.fingerprint,
        stopped=tuple(change for refusal in decision.refusals for change in refusal.stopped)[:SHOWN],
        error=error.message,
        error_name=error.name,
        next_step=error.next_step,
        exit_code=error.exit_code,
        retryable=error.retryable,
    )

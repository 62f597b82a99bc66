"""Record a verification: its receipt is the only thing it writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress

import msgspec

from connecteam_sync.core.change import Counts, Minutes
from connecteam_sync.core.run import Failure, Run, Slice, Verification, VerifyResult
from connecteam_sync.core.window import Window
from connecteam_sync.engine.context import Context, Costs, fresh_run
from connecteam_sync.engine.decide import now
from connecteam_sync.engine.events import run_began, run_ended
from connecteam_sync.errors import ConnecteamSyncError, UpstreamError
from connecteam_sync.store.history import runs
from connecteam_sync.store.store import Store


def on_record(context: Context, window: Window, verify: Callable[[], Verification]) -> Verification:
    """The result of `verify` with the number of its receipt; if that cannot be written, with the reason.

    An UpstreamError is recorded too, and raised.
    """
    run = fresh_run("verify", window)
    context.emit(run_began(run))
    costs = Costs(context.store, context.http_calls)

    def recorded(*slices: Slice) -> int:
        spent = costs.statements + 2 + len(slices)
        whole = msgspec.structs.replace(
            run, slices=slices, finished_at=now(), statements=spent, http_calls=costs.http_calls
        )
        number: int | None = None
        try:
            number = _record(context.store, whole)
        finally:
            context.emit(run_ended(msgspec.structs.replace(whole, id=number)))
        return number

    try:
        found = verify()
    except UpstreamError as error:
        with suppress(ConnecteamSyncError):  # the first error is the one to act on
            recorded(_failed(window, error))
        raise
    try:
        number = recorded(*_slices(found))
    except ConnecteamSyncError as error:
        return msgspec.structs.replace(found, not_recorded=error.message)
    return msgspec.structs.replace(found, run=number)


def _record(store: Store, run: Run) -> int:
    """The number of the run, its receipts written in one short transaction."""
    with store.writing("recording a proof") as session:
        number = runs.begin_run(session, run).value
        for receipt in run.slices:
            runs.record_slice(session, number, receipt)
    return number


def _slices(found: Verification) -> Iterator[Slice]:
    """The receipt of the whole with its result, one for each failed look, and one for each other look.

    Their statuses differ from those of mirrored slices: no run counts itself overtaken by a verification.
    """
    proposal = found.plan
    yield Slice(
        time_clock_id=None,
        window=found.window,
        status="differs" if found.differences else "exact",
        exit_code=5 if found.differences else 0,
        result=VerifyResult(
            differences=found.differences,
            person_days=len(found.days),
            shifts=found.shifts,
            minutes=found.minutes,
            held=len(proposal.holds),
            timesheet=len(found.totals),
            offsets=len(found.offsets),
        ),
    )
    yield from map(_of_failure, proposal.failures)
    for plan in {(plan.time_clock_id, plan.window): plan for plan in proposal.plans}.values():
        yield Slice(
            time_clock_id=plan.time_clock_id,
            window=plan.window,
            status="differs" if any(change.kind != "link" for change in plan.changes) else "exact",
            counts=Counts(
                total_shifts=plan.counts.total_shifts, unchanged=plan.counts.unchanged, held=plan.counts.held
            ),
            minutes=Minutes(before=plan.minutes.before, after=plan.minutes.before),
            holds=plan.holds,
        )


def _of_failure(failure: Failure) -> Slice:
    return Slice(status="failed", **msgspec.structs.asdict(failure))


def _failed(window: Window, error: ConnecteamSyncError) -> Slice:
    return Slice(
        time_clock_id=None,
        window=window,
        status="failed",
        error=error.message,
        error_name=error.name,
        next_step=error.next_step,
        exit_code=error.exit_code,
        retryable=error.retryable,
    )

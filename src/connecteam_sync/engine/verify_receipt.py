"""Record a verification: its receipt, and the days that it proves, are all that it writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

import msgspec

from connecteam_sync.core.change import Counts, Minutes
from connecteam_sync.core.proofs import exit_codes
from connecteam_sync.core.run import Failure, Run, Slice, Verification, VerifyResult
from connecteam_sync.core.window import Window
from connecteam_sync.engine.context import Context, Costs, fresh_run
from connecteam_sync.engine.decide import now
from connecteam_sync.engine.events import run_began, run_ended
from connecteam_sync.engine.jobs import JobsRead, read_jobs
from connecteam_sync.errors import ConnecteamSyncError, UpstreamError
from connecteam_sync.store.history import runs
from connecteam_sync.store.mirror import timesheets
from connecteam_sync.store.mirror.jobs import KnownJob, write_jobs
from connecteam_sync.store.payroll import imported_locks
from connecteam_sync.store.service import proofs
from connecteam_sync.store.service.proofs import newest_change_query


def on_record(
    context: Context, window: Window, verify: Callable[[], Verification], *, with_jobs: bool = True
) -> Verification:
    """The result of `verify` with the number of its receipt; if that cannot be written, with the reason.

    `with_jobs`, the names of jobs are read where some are not known, and written with it. An UpstreamError of the look
    is recorded too, and raised.
    """
    run = fresh_run(context.store, "verify", window)
    context.emit(run_began(run))
    costs = Costs(context.store, context.http_calls)
    # What is written from here on, the look may not have seen.
    [[(seen,)]] = context.store.fetch("beginning a proof", newest_change_query(context.store.own))

    def recorded(*slices: Slice, proof: Verification | None = None, jobs: Sequence[KnownJob] = ()) -> int:
        spent = costs.statements + 2 + len(slices)
        whole = msgspec.structs.replace(
            run, slices=slices, finished_at=now(), statements=spent, http_calls=costs.http_calls
        )
        number: int | None = None
        try:
            number = _record(context, whole, proof, jobs, int(seen))
        finally:
            context.emit(run_ended(msgspec.structs.replace(whole, id=number)))
        return number

    try:
        verification = verify()
    except UpstreamError as error:
        with suppress(ConnecteamSyncError):  # the first error is the one to act on
            recorded(_failed(window, error))
        raise
    try:
        named = read_jobs(context, verification) if with_jobs else JobsRead()
        number = recorded(*_slices(verification, named.note), proof=verification, jobs=named.jobs)
    except ConnecteamSyncError as error:
        return msgspec.structs.replace(verification, not_recorded=error.message)
    return msgspec.structs.replace(verification, run=number)


def _record(context: Context, run: Run, proof: Verification | None, jobs: Sequence[KnownJob], seen: int) -> int:
    """The number of the run, its receipts and the days that it proves written in one short transaction."""
    with context.store.writing("recording a proof") as session:
        number = runs.begin_run(session, run).value
        for receipt in run.slices:
            runs.record_slice(session, number, receipt)
        for seen_totals in proof.seen if proof is not None else ():
            timesheets.record(session, seen_totals, run=number, at=run.finished_at or now())
        for seen_locks in proof.seen_locks if proof is not None else ():
            imported_locks.record(session, seen_locks, run=number, at=run.finished_at or now())
        write_jobs(session, jobs)
        if proof is not None:
            today = context.choosing.today()
            proofs.record(
                session,
                exit_codes(proof, today),
                run=number,
                timezone=run.window.timezone,
                today=today,
                at=run.finished_at or now(),
                seen=seen,
            )
    return number


def _slices(verification: Verification, note: str) -> Iterator[Slice]:
    """The receipt of the whole with its result, one for each failed look, and one for each other look.

    Their statuses differ from those of mirrored slices: no run counts itself overtaken by a verification.
    """
    proposal = verification.plan
    yield Slice(
        time_clock_id=None,
        window=verification.window,
        status="differs" if verification.differences else "exact",
        exit_code=5 if verification.differences else 0,
        note=note or None,
        result=VerifyResult(
            differences=verification.differences,
            person_days=len(verification.days),
            shifts=verification.shifts,
            minutes=verification.minutes,
            held=len(proposal.holds),
            timesheet=len(verification.totals),
            offsets=len(verification.offsets),
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

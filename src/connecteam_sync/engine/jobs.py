"""The names of jobs: a shift has the id of its job alone, and the list of jobs is one of the whole account.

It is read with a verification, if a shift has a job that is not known, or what is known is a day old: `verify`, the
nightly proof of `serve` and the checklist of a pay period come before anybody is paid by job. An ordinary look asks
only where a column of rows is named for jobs and a shift has one that is not known, once in a run (`JobReader`). Who
shows names reads them from the table. No job is forgotten: hours of the past are named by it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from connecteam_sync.api.jobs import Job
from connecteam_sync.core.run import Verification
from connecteam_sync.core.shift import Shift
from connecteam_sync.engine.context import Context
from connecteam_sync.engine.decide import now
from connecteam_sync.errors import Rejected, UpstreamError
from connecteam_sync.store.mirror.jobs import KnownJob, jobs_query, write_jobs
from connecteam_sync.store.session import Session

DAY = 86_400


class JobsRead(NamedTuple):
    """The jobs to write, and why their names were not read, if they should have been."""

    jobs: tuple[KnownJob, ...] = ()
    note: str = ""


def read_jobs(context: Context, verification: Verification) -> JobsRead:
    """Read the jobs of the account if shifts of these looks have unknown ones, or what is known is a day old.

    A failure leaves the names as they are and is told in the receipt: no hour depends on them.
    """
    used = _used(shift for plan in verification.plan.plans for shift in plan.snapshot.shifts)
    if not used:
        return JobsRead()
    [rows] = context.store.fetch("reading the names of jobs", jobs_query(context.store.own))
    known: dict[str, KnownJob] = {job.id: job for job in rows}
    if used <= known.keys() and now() - max(job.seen_at for job in known.values()) < DAY:
        return JobsRead()
    try:
        listed = context.client.jobs()
    except Rejected as error:
        # This key may not read them, today or in five minutes: it is asked again tomorrow.
        at = now()
        asked = {key: msgspec.structs.replace(job, seen_at=at) for key, job in known.items()}
        named = {key: _unlisted(key, at) for key in used - known.keys()}
        return JobsRead(_in_order({**asked, **named}), _why(error))
    except UpstreamError as error:
        return JobsRead(note=_why(error))
    return JobsRead(_all_of(known, used, listed))


class JobReader:
    """What one run that mirrors names learns of jobs: the list is read at most once, if a shift has an unknown one.

    A job without a name counts as known for a day: Connecteam did not list it, or this key may not read the list.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._known: dict[str, KnownJob] | None = None
        self._fresh: dict[str, KnownJob] = {}
        self._is_asked = self._is_unread = self._is_written = False
        self._note = ""

    @property
    def fresh(self) -> tuple[KnownJob, ...]:
        """The jobs that are written with the next look, or were with an earlier one."""
        return _in_order(self._fresh)

    def look(self, shifts: Iterable[Shift]) -> None:
        """Read the list if a shift has a job that is not known. No transaction may be open.

        A failure leaves the names as they are and is told in the receipt: no hour depends on them.
        """
        used = _used(shifts)
        if not used:
            return
        known = {**self._remembered(), **self._fresh}
        unknown = {job for job in used if job not in known or not (known[job].name or now() - known[job].seen_at < DAY)}
        if not unknown or self._is_unread:
            return
        listed: Iterable[Job] = ()
        if not self._is_asked:
            self._is_asked = True
            try:
                listed = self._context.client.jobs()
            except UpstreamError as error:
                self._note = _why(error)
                self._is_unread = not isinstance(error, Rejected)
        if self._is_unread:
            return
        self._fresh |= {job.id: _listed(job, now()) for job in listed}
        self._fresh |= {job: _unlisted(job, now()) for job in unknown - self._fresh.keys()}
        self._is_written = False

    def write(self, session: Session) -> str:
        """Write what was read, in the transaction of a slice; why nothing was, if that failed."""
        if self._fresh and not self._is_written:
            write_jobs(session, self.fresh)
        return self._note

    def written(self) -> None:
        """The slice of `write` is committed."""
        self._is_written, self._note = True, ""

    def _remembered(self) -> dict[str, KnownJob]:
        if self._known is None:
            [jobs] = self._context.store.fetch("reading the names of jobs", jobs_query(self._context.store.own))
            self._known = {job.id: job for job in jobs}
        return self._known


def _used(shifts: Iterable[Shift]) -> set[str]:
    return {job for shift in shifts for job in (shift.job_id, shift.sub_job_id) if job}


def _why(error: UpstreamError) -> str:
    return f"the names of jobs were not read: {error.message}"


def _unlisted(job: str, at: int) -> KnownJob:
    return KnownJob(job, None, "", "", 0, 0, at)


def _listed(job: Job, at: int) -> KnownJob:
    return KnownJob(job.id, job.parent_id, job.name, job.code, int(job.is_deleted), 1, at)


def _all_of(known: dict[str, KnownJob], used: set[str], listed: Iterable[Job]) -> tuple[KnownJob, ...]:
    """Every job to remember: those listed, those that were, and those that only a shift names."""
    at = now()
    jobs = {job.id: _listed(job, at) for job in listed}
    for gone in (known.keys() | used) - jobs.keys():
        jobs[gone] = msgspec.structs.replace(known.get(gone) or _unlisted(gone, at), is_listed=0, seen_at=at)
    return _in_order(jobs)


def _in_order(jobs: dict[str, KnownJob]) -> tuple[KnownJob, ...]:
    return tuple(jobs[key] for key in sorted(jobs))

"""The names of jobs, as remembered: a job that Connecteam no longer lists stays, with `is_listed` 0."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from connecteam_sync.core.job_names import JobNames, NamedJob
from connecteam_sync.store.session import Session
from connecteam_sync.store.sql.pipeline import Query
from connecteam_sync.store.tables import rows
from connecteam_sync.store.tables.own import OwnTables


class KnownJob(msgspec.Struct, frozen=True):
    """A row of `jobs`. The name is empty of a job that only a shift named: Connecteam did not list it."""

    id: str
    parent_id: str | None
    name: str
    code: str
    is_deleted: int
    is_listed: int
    seen_at: int


def jobs_query(own: OwnTables) -> Query:
    """Every job that is remembered."""
    return Query(f"SELECT {', '.join(rows.JOB)} FROM {own.jobs}", make=_known)


def _known(row: Sequence[Any]) -> KnownJob:
    return KnownJob(*row)


def job_names(session: Session) -> JobNames:
    """The names of all jobs that are remembered. Connecteam is not asked."""
    [found] = session.fetch(jobs_query(session.own))
    return named(found)


def named(jobs: Iterable[KnownJob]) -> JobNames:
    """The names of these jobs."""
    return JobNames({one.id: NamedJob(one.name, one.parent_id) for one in jobs})


def write_jobs(session: Session, jobs: Iterable[KnownJob]) -> None:
    """Write these jobs in the transaction of a receipt."""
    upsert = session.dialect.upsert(session.own.jobs, rows.JOB, "id", keep=frozenset({"id"}))
    session.later_set(upsert, (msgspec.structs.asdict(job) for job in jobs))

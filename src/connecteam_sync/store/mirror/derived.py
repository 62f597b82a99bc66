"""What optional columns follow from, read with the stored state: names of jobs, types of breaks, breaks of days around.

Only where a column is named for one of them: nothing here is read, or imported, otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from connecteam_sync.core.breaks import LONGEST_BREAK
from connecteam_sync.core.clocktime import StoredState
from connecteam_sync.core.columns import BREAK_COLUMNS
from connecteam_sync.core.derived import names_of
from connecteam_sync.core.shift import Break, Snapshot
from connecteam_sync.core.window import Window
from connecteam_sync.store.mirror.break_types import KnownBreakType, break_types_query
from connecteam_sync.store.mirror.jobs import KnownJob, jobs_query, named
from connecteam_sync.store.session import Session
from connecteam_sync.store.sql.pipeline import Query, Rows
from connecteam_sync.store.tables import rows


class Fresh(NamedTuple):
    """What a run has learned of jobs and types of breaks and writes with this look: it counts before what is stored."""

    jobs: Iterable[KnownJob] = ()
    break_types: Iterable[KnownBreakType] = ()


def derived_queries(session: Session, window: Window, snapshot: Snapshot) -> list[Query]:
    """The queries whose rows `with_derived` takes: jobs, types of breaks, breaks."""
    padded, optional = window.padded(), session.optional
    columns = ", ".join(f"b.{column}" for column in rows.BREAK)
    around = (
        "(b.start_at > :before AND b.start_at < :start OR b.start_at >= :end AND b.start_at < :after)"
        " AND b.is_gone = 0 AND b.time_clock_id = :clock"
    )
    span: dict[str, object] = {
        "before": padded.start_utc - LONGEST_BREAK,
        "start": padded.start_utc,
        "end": padded.end_utc,
        "after": padded.end_utc + LONGEST_BREAK,
        "clock": snapshot.time_clock_id,
    }
    breaks = Query(f"SELECT {columns} FROM {session.own.breaks} b WHERE {around}", span, rows.manual_break)
    return [
        *([jobs_query(session.own)] if "job" in optional else ()),
        *([break_types_query(session.own), breaks] if optional & BREAK_COLUMNS else ()),
    ]


def with_derived(
    session: Session, stored: StoredState, snapshot: Snapshot, fetched: list[Rows], fresh: Fresh | None
) -> StoredState:
    """The stored state with what its optional columns follow from. `fetched` has the rows of `derived_queries`."""
    optional, fresh = session.optional, fresh or Fresh()
    left = iter(fetched)
    more: dict[str, object] = {"optional": optional}
    if "job" in optional:
        jobs: dict[str, KnownJob] = {job.id: job for job in (*next(left), *fresh.jobs)}
        width = session.columns.clock_times[session.host.clock_times.job or ""].width
        more["job_names"] = names_of(snapshot.shifts, named(jobs.values()), longest=width)
    if optional & BREAK_COLUMNS:
        kinds: list[KnownBreakType] = [*next(left), *fresh.break_types]
        known = {(kind.time_clock_id, kind.id): kind.is_paid for kind in kinds}
        more["break_types"] = {key: bool(is_paid) for key, is_paid in sorted(known.items()) if is_paid is not None}
        breaks: Iterable[Break] = next(left)
        more["breaks_around"] = tuple(sorted(breaks, key=lambda one: one.id))
    return msgspec.structs.replace(stored, **more)

"""What runs add up to since the beginning: counted once from each receipt, and kept where receipts are folded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

import msgspec
from sqlalchemy import Connection

from connecteam_sync.core.change import ChangeKind
from connecteam_sync.core.run import Status
from connecteam_sync.store.sql.quoting import run
from connecteam_sync.store.store import Store

_NAME = "totals"
STATUSES: tuple[Status, ...] = ("failed", "refused", "differs", "applied", "nothing", "exact")
"""The worst first: a run is what the worst of its slices is."""
CHANGE_KINDS: tuple[ChangeKind, ...] = get_args(ChangeKind)
_GIVEN_UP = 86_400
"""A run that has not ended for so long was killed: it counts as it is."""


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """Sums over all runs up to `run`. `runs` by kind and status in one text, the others by kind."""

    run: int = 0
    runs: Mapping[str, int] = {}
    run_count: Mapping[str, int] = {}
    run_seconds: Mapping[str, int] = {}
    changes: Mapping[str, int] = {}
    guard_refusals: int = 0
    http_calls: int = 0


def totals_of(store: Store) -> Totals:
    """The sums, those of new runs included. Raises DatabaseError, LockHeld, NotInitialised."""
    store.columns()
    with store.connection() as connection:
        known = _read(connection, store, lock=False)
        head = _head(connection, store, known)
    if head <= known.run:
        return known
    with store.own_rows("adding up the receipts") as connection:
        known = _read(connection, store, lock=True)
        head = _head(connection, store, known)
        if head <= known.run:
            return known
        added = _added(connection, store, known, head)
        _write(connection, store, added)
    return added


def _read(connection: Connection, store: Store, *, lock: bool) -> Totals:
    locking = store.dialect.locking() if lock else ""
    value = run(connection, f"SELECT value FROM {store.own.service} WHERE name = '{_NAME}'{locking}").scalar()
    return Totals() if value is None else msgspec.json.decode(value, type=Totals)


def _write(connection: Connection, store: Store, totals: Totals) -> None:
    values = {"value": msgspec.json.encode(totals).decode()}
    now = store.dialect.epoch_now
    update = f"UPDATE {store.own.service} SET value = :value, at = {now} WHERE name = '{_NAME}'"
    if not run(connection, update, values).rowcount:
        insert = f"INSERT INTO {store.own.service} (name, value, at) VALUES ('{_NAME}', :value, {now})"
        # Somebody else may have added up the same meanwhile: what is new since is added the next time.
        run(connection, f"{insert} {store.dialect.unless_there('name')}", values)


def _head(connection: Connection, store: Store, known: Totals) -> int:
    """The last run up to which each has ended: one that is under way is counted later, and those after it."""
    runs, now = store.own.runs, store.dialect.epoch_now
    open_run = run(
        connection,
        f"SELECT MIN(id) FROM {runs} WHERE id > :after AND finished_at IS NULL AND started_at > {now} - {_GIVEN_UP}",
        {"after": known.run},
    ).scalar()
    if open_run is not None:
        return int(open_run) - 1
    return int(run(connection, f"SELECT COALESCE(MAX(id), 0) FROM {runs}").scalar_one())


def _added(connection: Connection, store: Store, known: Totals, head: int) -> Totals:
    own, span = store.own, {"after": known.run, "head": head}
    ranks = " ".join(f"WHEN '{state}' THEN {rank}" for rank, state in enumerate(STATUSES))
    refused = "SUM(CASE WHEN s.status = 'refused' AND s.receipt LIKE '%\"guard_refused\"%' THEN 1 ELSE 0 END)"
    found = run(
        connection,
        f"SELECT kind, worst, COUNT(*), SUM(seconds), SUM(http_calls), SUM(refusals) FROM (SELECT r.id AS id, r.kind AS"
        f" kind, COALESCE(r.finished_at - r.started_at, 0) AS seconds, r.http_calls AS http_calls,"
        f" MIN(CASE s.status {ranks} ELSE {STATUSES.index('nothing')} END) AS worst, {refused} AS refusals"
        f" FROM {own.runs} r LEFT JOIN {own.slices} s ON s.run_id = r.id WHERE r.id > :after AND r.id <= :head"
        " GROUP BY r.id, r.kind, r.finished_at, r.started_at, r.http_calls) per_run GROUP BY kind, worst",
        span,
    ).all()
    changed = run(
        connection,
        f"SELECT kind, COUNT(*) FROM {own.changes} WHERE run_id > :after AND run_id <= :head GROUP BY kind",
        span,
    ).all()
    runs, count, seconds = dict(known.runs), dict(known.run_count), dict(known.run_seconds)
    changes = dict(known.changes)
    guard_refusals, http_calls = known.guard_refusals, known.http_calls
    for kind, worst, runs_of, took, calls, refusals in found:
        key = f"{kind} {STATUSES[int(worst)]}"
        runs[key] = runs.get(key, 0) + int(runs_of)
        count[kind] = count.get(kind, 0) + int(runs_of)
        seconds[kind] = seconds.get(kind, 0) + int(took)
        http_calls += int(calls)
        guard_refusals += int(refusals)
    for kind, how_many in changed:
        changes[kind] = changes.get(kind, 0) + int(how_many)
    return Totals(
        run=head,
        runs=runs,
        run_count=count,
        run_seconds=seconds,
        changes=changes,
        guard_refusals=guard_refusals,
        http_calls=http_calls,
    )

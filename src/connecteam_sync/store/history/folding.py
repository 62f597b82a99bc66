"""Receipts of runs with nothing, folded to one row for each time clock and day. All others stay for ever.

A run is quiet if each of its looks had nothing to do, held nothing, was refused nothing and failed at nothing. It stays
all the same while anything else names it: the journal, a hold that it resolved, the entry of the account, or a slice
that is recognised by the digest of its inputs. The newest run and receipt stay too, so that no number is given twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from zoneinfo import ZoneInfo

import msgspec

from connecteam_sync.core.run import QuietLooks, Slice
from connecteam_sync.core.window import local_day
from connecteam_sync.store.history.receipt_text import receipt_of, text_of
from connecteam_sync.store.history.runs import FOLDING, Folding, folding_of, folding_query
from connecteam_sync.store.session import Session
from connecteam_sync.store.sql.pipeline import Query
from connecteam_sync.store.sql.traits import Kind

_KINDS = ("sync", "resync", "apply")
EVERY = 6 * 3600
"""Seconds between two passes over the receipts, once the last one has caught up."""
_COLUMNS: Mapping[str, Kind] = {
    "time_clock_id": "int",
    "day": "text",
    "timezone": "text",
    "first_at": "int",
    "last_at": "int",
    "looks": "int",
    "http_calls": "int",
    "newest_run": "int",
    "newest_receipt": "text",
}
_KEY = frozenset({"time_clock_id", "day", "timezone"})


def fold(session: Session, *, before: int, now: int, limit: int) -> int:
    """Fold the quiet ones of the next `limit` runs that began before then (epoch seconds); how many were folded.

    The statements are the same whatever it finds. Call it under the lock of the one writer.
    """
    own = session.own
    [kept] = session.fetch(folding_query(own))
    at = folding_of(kept)
    [runs] = session.fetch(
        Query(
            f"SELECT id, kind, timezone, started_at, finished_at, http_calls FROM {own.runs} WHERE id > :after"
            f" AND started_at < :before AND id < (SELECT max(id) FROM {own.runs}) ORDER BY id LIMIT {int(limit)}",
            {"after": at.after, "before": before},
        )
    )
    folded = _fold_of(session, [_Run(*row) for row in runs]) if runs else 0
    is_over = len(runs) < limit
    _note(session, Folding(int(runs[-1][0]) if runs else at.after, now + EVERY if is_over else 0), now=now)
    return folded


class _Run(msgspec.Struct, frozen=True):
    number: int
    kind: str
    timezone: str
    started_at: int
    finished_at: int | None
    http_calls: int


def _fold_of(session: Session, runs: list[_Run]) -> int:
    """Fold the quiet ones of these runs."""
    own, d = session.own, session.dialect
    span = {"low": runs[0].number, "high": runs[-1].number}
    slices, named = session.fetch(
        Query(
            f"SELECT run_id, receipt, CASE WHEN employees IS NULL THEN 0 ELSE 1 END FROM {own.slices}"
            " WHERE run_id BETWEEN :low AND :high ORDER BY id",
            span,
        ),
        Query(
            f"SELECT run_id FROM {own.changes} WHERE run_id BETWEEN :low AND :high"
            f" UNION SELECT resolved_run FROM {own.holds} WHERE resolved_run BETWEEN :low AND :high"
            f" UNION SELECT run_id FROM {own.account} WHERE run_id BETWEEN :low AND :high"
            f" UNION SELECT s.run_id FROM {own.inputs} i JOIN {own.slices} s ON s.id = i.slice_id"
            " WHERE s.run_id BETWEEN :low AND :high"
            f" UNION SELECT run_id FROM {own.slices} WHERE id = (SELECT max(id) FROM {own.slices})",
            span,
        ),
    )
    stays = {int(number) for (number,) in named}
    receipts: dict[int, list[Slice]] = {}
    for number, receipt, made_people in slices:
        receipts.setdefault(int(number), []).append(receipt_of(receipt))
        if made_people:
            stays.add(int(number))
    quiet = [
        run
        for run in runs
        if run.number not in stays
        and run.kind in _KINDS
        and run.finished_at is not None
        and all(map(_is_quiet, receipts.get(run.number, ())))
        and run.number in receipts
    ]
    if not quiet:
        return 0
    rows = _rows_of(quiet, receipts)
    days = {"first": min(day for _, day, _ in rows), "last": max(day for _, day, _ in rows)}
    known = _read(session, "day >= :first AND day <= :last", days)
    for one in known:
        key = (one.time_clock_id, one.day.isoformat(), one.timezone)
        if key in rows:
            rows[key] = _joined(one, rows[key])
    session.later_set(
        d.upsert(own.quiet_looks, _COLUMNS, "time_clock_id, day, timezone", keep=_KEY),
        (
            {
                **msgspec.structs.asdict(one),
                "day": one.day.isoformat(),
                "newest_receipt": text_of(one.newest_receipt),
            }
            for one in rows.values()
        ),
    )
    numbers = [{"id": run.number} for run in quiet]
    ids = d.rowset({"id": "int"})
    for table, column in ((own.slices, "run_id"), (own.runs, "id")):
        session.later_set(d.delete(table, ids, column, "1 = 1"), numbers)
    session.flush()
    return len(quiet)


def _is_quiet(receipt: Slice) -> bool:
    """Whether a look says nothing that a person may want to read later."""
    return (
        receipt.status == "nothing"
        and receipt.time_clock_id is not None
        and not (receipt.holds or receipt.stopped or receipt.error or receipt.error_name or receipt.note)
        and receipt.exit_code == 0
    )


def _rows_of(runs: Iterable[_Run], receipts: Mapping[int, list[Slice]]) -> dict[tuple[int, str, str], QuietLooks]:
    """What the receipts of quiet runs come to, by (time clock, day, time zone). The calls of a run count once."""
    rows: dict[tuple[int, str, str], QuietLooks] = {}
    for run in runs:
        day = local_day(run.started_at, ZoneInfo(run.timezone))
        for place, receipt in enumerate(receipts[run.number]):
            one = QuietLooks(
                time_clock_id=receipt.time_clock_id or 0,
                day=day,
                timezone=run.timezone,
                first_at=run.started_at,
                last_at=run.finished_at or run.started_at,
                looks=1,
                http_calls=run.http_calls if place == 0 else 0,
                newest_run=run.number,
                newest_receipt=receipt,
            )
            key = (one.time_clock_id, day.isoformat(), run.timezone)
            rows[key] = _joined(rows[key], one) if key in rows else one
    return rows


def _joined(one: QuietLooks, other: QuietLooks) -> QuietLooks:
    """Two rows of one time clock and day, the `other` with the newer looks."""
    return msgspec.structs.replace(
        other,
        first_at=min(one.first_at, other.first_at),
        last_at=max(one.last_at, other.last_at),
        looks=one.looks + other.looks,
        http_calls=one.http_calls + other.http_calls,
    )


def _note(session: Session, progress: Folding, *, now: int) -> None:
    values = {"name": FOLDING, "value": msgspec.json.encode(progress).decode(), "at": now}
    columns: Mapping[str, Kind] = {"name": "text", "value": "text", "at": "int"}
    session.later_set(session.dialect.upsert(session.own.service, columns, "name", keep=frozenset({"name"})), [values])


def quiet_looks(session: Session, *, limit: int) -> tuple[QuietLooks, ...]:
    """The newest days of folded receipts, by day and time clock."""
    return _read(session, f"1 = 1 ORDER BY day DESC, time_clock_id LIMIT {int(limit)}", {})


def _read(session: Session, condition: str, values: Mapping[str, object]) -> tuple[QuietLooks, ...]:
    [found] = session.fetch(
        Query(f"SELECT {', '.join(_COLUMNS)} FROM {session.own.quiet_looks} WHERE {condition}", values)
    )
    return tuple(
        QuietLooks(
            time_clock_id=int(clock),
            day=date.fromisoformat(day),
            timezone=zone,
            first_at=int(first),
            last_at=int(last),
            looks=int(looks),
            http_calls=int(calls),
            newest_run=int(run),
            newest_receipt=receipt_of(receipt),
        )
        for clock, day, zone, first, last, looks, calls, run, receipt in found
    )

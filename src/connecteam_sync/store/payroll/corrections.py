"""The corrections in the database: runs make and cancel them as holds of closed days come and go, people decide."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import chain
from typing import Any

import msgspec

from connecteam_sync.core.change import Hold, SlicePlan
from connecteam_sync.core.clocktime import StoredState
from connecteam_sync.core.corrections import (
    SHOWN_CORRECTIONS,
    Correction,
    CorrectionsPage,
    CorrectionState,
    Source,
    parts_of,
    reconciled,
)
from connecteam_sync.core.locks import Locks
from connecteam_sync.core.shift import Times
from connecteam_sync.store.session import Session
from connecteam_sync.store.sql.pipeline import Query
from connecteam_sync.store.sql.traits import Kind
from connecteam_sync.store.tables.keys import row_id

_MADE: Mapping[str, Kind] = {
    "employee_id": "who",
    "user_id": "int",
    "time_clock_id": "int",
    "subject": "text",
    "shift_id": "text",
    "clock_time_id": "link",
    "day": "text",
    "timezone": "text",
    "kind": "text",
    "minutes_before": "int",
    "minutes_after": "int",
    "delta_minutes": "int",
    "content": "text",
    "edited_at": "int",
    "seen_at": "int",
    "run_id": "int",
    "cause": "text",
    "state": "text",
    "counter_of": "int",
}
_COLUMNS = (
    "id",
    *_MADE,
    "effective_first_day",
    "effective_last_day",
    "export_id",
    "decided_at",
    "decided_by",
    "reason",
)
_SUPERSEDED = "run {} saw the shift otherwise"
_OF_PERIOD = "(day BETWEEN :first AND :last OR (effective_first_day = :first AND effective_last_day = :last))"
"""About the days of a period, or accepted into it."""


class _Content(msgspec.Struct, frozen=True, omit_defaults=True):
    """The times of a correction as they are stored."""

    before: Times | None = None
    after: Times | None = None


# -- by runs -----------------------------------------------------------------------------------------------------------


def follow_holds(
    session: Session,
    plan: SlicePlan,
    stored: StoredState,
    subjects: frozenset[str],
    *,
    standing: frozenset[str],
    run: int,
    now: int,
) -> None:
    """Make the corrections say what the holds of closed days say that a plan has opened, changed or ended: those of
    these `subjects`. Of those that other holds are about (`standing`, of another time clock) none is taken back.

    A subject that is held for another reason keeps its corrections: what Connecteam means is not known.
    """
    locks, zone = Locks(stored.locked), plan.window.zone
    blocked = {hold.subject: hold for hold in plan.holds if hold.change is not None}
    kept = {hold.subject for hold in plan.holds if hold.change is None} | plan.undecided | (standing - blocked.keys())
    asked = sorted(subjects - kept)
    found_live = live(session, asked)
    edited = {shift.id: shift.modified_at for shift in plan.snapshot.shifts}
    cancelled: list[int] = []
    made: list[Correction] = []
    for subject in asked:
        hold = blocked.get(subject)
        if hold is None and subject not in found_live:
            continue
        parts = parts_of(hold.change, locks, zone) if hold is not None and hold.change is not None else ()
        source = _source(plan, subject, hold, found_live[subject], edited, run=run, now=now)
        found = reconciled(found_live[subject], parts, source)
        cancelled += found.cancelled
        made += found.made
    _cancel(session, cancelled, run=run, now=now)
    d, own = session.dialect, session.own.corrections
    insert = d.insert(own, d.rowset(_MADE), {column: f"d.{column}" for column in _MADE})
    session.later_set(insert, map(_values, made))


def _source(
    plan: SlicePlan,
    subject: str,
    hold: Hold | None,
    live: Sequence[Correction],
    edited: Mapping[str, int | None],
    *,
    run: int,
    now: int,
) -> Source:
    """Where the corrections of a subject come from; without a hold, from what was known of it."""
    of = hold if hold is not None else live[-1]
    change = hold.change if hold is not None else None
    return Source(
        subject=subject,
        shift_id=of.shift_id,
        clock_time_id=of.clock_time_id,
        user_id=of.user_id,
        time_clock_id=plan.time_clock_id,
        edited_at=edited.get(of.shift_id or ""),
        seen_at=now,
        run=run,
        cause=change.why if change is not None else "the edit was taken back, or its day opened",
    )


def live(session: Session, subjects: Iterable[str]) -> dict[str, list[Correction]]:
    """The corrections of these subjects that are not cancelled, by number."""
    d = session.dialect
    sql = (
        f"SELECT {', '.join(f'c.{column}' for column in _COLUMNS)} FROM {d.rowset({'subject': 'key'})} {d.lookup}"
        f" {session.own.corrections} c ON c.subject = d.subject WHERE c.state <> 'cancelled'"
    )
    found: dict[str, list[Correction]] = defaultdict(list)
    fetched = session.fetch(*session.all_of(sql, ({"subject": subject} for subject in subjects)))
    for correction in sorted(map(_correction, chain.from_iterable(fetched)), key=lambda one: one.number):
        found[correction.subject].append(correction)
    return found


def _cancel(session: Session, numbers: Iterable[int], *, run: int, now: int) -> None:
    d = session.dialect
    kinds: dict[str, Kind] = {"id": "int", "at": "int", "why": "text"}
    update = d.update(
        session.own.corrections,
        d.rowset(kinds),
        {"state": "'cancelled'", "decided_at": "d.at", "decided_by": "NULL", "reason": "d.why"},
        "t.id = d.id",
    )
    session.later_set(update, ({"id": key, "at": now, "why": _SUPERSEDED.format(run)} for key in numbers))


def _values(correction: Correction) -> dict[str, object]:
    content = _Content(correction.before, correction.after)
    return {
        "employee_id": correction.employee_id,
        "user_id": correction.user_id,
        "time_clock_id": correction.time_clock_id,
        "subject": correction.subject,
        "shift_id": correction.shift_id,
        "clock_time_id": correction.clock_time_id,
        "day": correction.day.isoformat(),
        "timezone": correction.timezone,
        "kind": correction.kind,
        "minutes_before": correction.minutes_before,
        "minutes_after": correction.minutes_after,
        "delta_minutes": correction.delta,
        "content": msgspec.json.encode(content).decode(),
        "edited_at": correction.edited_at,
        "seen_at": correction.seen_at,
        "run_id": correction.run,
        "cause": correction.cause,
        "state": correction.state,
        "counter_of": correction.counter_of,
    }


def _correction(row: Sequence[Any]) -> Correction:
    values = dict(zip(_COLUMNS, row, strict=True))
    content = msgspec.json.decode(values["content"], type=_Content)
    first, last = values["effective_first_day"], values["effective_last_day"]
    return Correction(
        number=int(values["id"]),
        subject=values["subject"],
        shift_id=values["shift_id"],
        clock_time_id=None if values["clock_time_id"] is None else row_id(values["clock_time_id"]),
        user_id=values["user_id"],
        time_clock_id=int(values["time_clock_id"]),
        employee_id=row_id(values["employee_id"]),
        day=date.fromisoformat(values["day"]),
        timezone=values["timezone"],
        kind=values["kind"],
        minutes_before=int(values["minutes_before"]),
        minutes_after=int(values["minutes_after"]),
        before=content.before,
        after=content.after,
        state=values["state"],
        effective=None if first is None else (date.fromisoformat(first), date.fromisoformat(last)),
        export=values["export_id"],
        counter_of=values["counter_of"],
        edited_at=values["edited_at"],
        seen_at=int(values["seen_at"]),
        run=int(values["run_id"]),
        cause=values["cause"],
        decided_at=values["decided_at"],
        decided_by=values["decided_by"],
        reason=values["reason"],
    )


# -- by people ---------------------------------------------------------------------------------------------------------


def corrections(
    session: Session,
    *,
    state: CorrectionState | None = None,
    period: tuple[date, date] | None = None,
    effective: date | None = None,
    numbers: Sequence[int] | None = None,
    after: int = 0,
    limit: int | None = None,
) -> tuple[Correction, ...]:
    """The corrections by number: of one state, of a period (about its days, or accepted into it), accepted into the
    period that begins on `effective`, or of these numbers; at most `limit` with a larger number than `after`.
    """
    conditions: dict[str, dict[str, object]] = {}
    if state is not None:
        conditions["state = :state"] = {"state": state}
    if period is not None:
        conditions[_OF_PERIOD] = {**_days(period)}
    if effective is not None:
        conditions["effective_first_day = :effective"] = {"effective": effective.isoformat()}
    if after:
        conditions["id > :after"] = {"after": after}
    for place, number in enumerate(numbers or ()):
        conditions[f"id = :number{place}"] = {f"number{place}": number}
    of_numbers = [text for text in conditions if text.startswith("id = ")]
    others = [text for text in conditions if text not in of_numbers]
    where = " AND ".join([*others, *([f"({' OR '.join(of_numbers)})"] if of_numbers else [])]) or "1 = 1"
    values = {name: value for each in conditions.values() for name, value in each.items()}
    sql = f"SELECT {', '.join(_COLUMNS)} FROM {session.own.corrections} WHERE {where} ORDER BY id"
    if limit is not None:
        sql, values = f"{sql} LIMIT :most", {**values, "most": limit}
    return tuple(_all(session, Query(sql, values)))


def page(
    session: Session,
    *,
    state: CorrectionState | None,
    period: tuple[date, date] | None,
    after: int,
    before: int | None,
) -> CorrectionsPage:
    """A part of the corrections: pending ones behind `after`, others before `before`; in one round trip.

    Of one `state` only that; behind `before` no pending ones.
    """
    of, values = ("1 = 1", dict[str, object]()) if period is None else (_OF_PERIOD, dict[str, object](_days(period)))
    own, columns, limit = session.own.corrections, ", ".join(_COLUMNS), SHOWN_CORRECTIONS + 1
    sums = f"SELECT COUNT(*), COALESCE(SUM(delta_minutes), 0) FROM {own} WHERE state = 'pending' AND {of}"
    queries = [Query(sums, values)]
    wants_waiting, wants_decided = state in {None, "pending"} and before is None, state != "pending"
    if wants_waiting:
        sql = f"SELECT {columns} FROM {own} WHERE state = 'pending' AND id > :after AND {of} ORDER BY id LIMIT {limit}"
        queries.append(Query(sql, {**values, "after": after}))
    if wants_decided:
        chosen = "state <> 'pending'" if state is None else "state = :state"
        older = "1 = 1" if before is None else "id < :before"
        sql = f"SELECT {columns} FROM {own} WHERE {chosen} AND {older} AND {of} ORDER BY id DESC LIMIT {limit}"
        more = {**({} if state is None else {"state": state}), **({} if before is None else {"before": before})}
        queries.append(Query(sql, {**values, **more}))
    sums_found, *found = session.fetch(*queries)
    parts = [tuple(map(_correction, rows)) for rows in found]
    waiting, next_after = _cut(parts.pop(0)) if wants_waiting else ((), None)
    decided, next_before = _cut(parts.pop()) if wants_decided else ((), None)
    return CorrectionsPage(
        waiting=waiting,
        count=int(sums_found[0][0]),
        minutes=int(sums_found[0][1]),
        next_after=next_after,
        decided=decided,
        next_before=next_before,
    )


def _cut(found: tuple[Correction, ...]) -> tuple[tuple[Correction, ...], int | None]:
    """What is shown, and the number behind which the rest is; None if that is all."""
    shown = found[:SHOWN_CORRECTIONS]
    return shown, shown[-1].number if len(found) > len(shown) else None


def _days(period: tuple[date, date]) -> dict[str, str]:
    return {"first": period[0].isoformat(), "last": period[1].isoformat()}


def _all(session: Session, query: Query) -> Iterator[Correction]:
    return map(_correction, session.fetch(query)[0])


def decide(
    session: Session,
    numbers: Iterable[int],
    state: CorrectionState,
    *,
    effective: tuple[date, date] | None,
    by: str,
    reason: str,
    now: int,
) -> None:
    """Note what a person decided on these corrections; `effective` is the period that they were accepted into."""
    d = session.dialect
    kinds: dict[str, Kind] = {
        "id": "int",
        "state": "text",
        "first": "text",
        "last": "text",
        "at": "int",
        "who": "text",
        "why": "text",
    }
    update = d.update(
        session.own.corrections,
        d.rowset(kinds),
        {
            "state": "d.state",
            "effective_first_day": "d.first",
            "effective_last_day": "d.last",
            "decided_at": "d.at",
            "decided_by": "d.who",
            "reason": "d.why",
        },
        "t.id = d.id",
    )
    first, last = (None, None) if effective is None else (day.isoformat() for day in effective)
    values = {"state": state, "first": first, "last": last, "at": now, "who": by, "why": reason}
    session.write_set(update, ({"id": number, **values} for number in numbers))

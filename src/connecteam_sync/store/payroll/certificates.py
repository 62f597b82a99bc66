"""Certificates on record, and what is read of a closed period to certify it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

import msgspec
from sqlalchemy import Connection, insert, select, update

from connecteam_sync.core.certificate_chain import KeptCertificate
from connecteam_sync.core.certificates import (
    CertifiedClock,
    CertifiedCorrection,
    CertifiedHold,
    CertifiedLook,
    CertifiedPeriod,
    Counted,
    KeyPayload,
    PassedOver,
    PeriodPayload,
)
from connecteam_sync.core.certified_rows import CertifiedRow, certified, moment
from connecteam_sync.core.window import Window, each_day
from connecteam_sync.store.session import Session
from connecteam_sync.store.sql.pipeline import Query
from connecteam_sync.store.sql.quoting import run
from connecteam_sync.store.tables import rows
from connecteam_sync.store.tables.keys import row_id
from connecteam_sync.store.tables.own import OwnTables

_GOOD = "'applied', 'nothing', 'exact', 'differs'"
"""What the receipt of a complete look says."""
_LIGHT = (
    *("id", "first_day", "last_day", "timezone", "at", "actor"),
    *("payload_hash", "signature", "public_key", "previous_hash", "mismatch"),
)
_HOLD = (
    *("id", "reason", "first_day", "last_day", "minutes", "acknowledged_at"),
    *("employee_id", "shift_id", "clock_time_id"),
)
_CORRECTION = (
    *("id", "employee_id", "day", "kind", "minutes_before", "minutes_after", "delta_minutes", "state", "shift_id"),
    *("effective_first_day", "effective_last_day", "counter_of"),
)


# -- the period --------------------------------------------------------------------------------------------------------


class StoredPeriod(msgspec.Struct, frozen=True, kw_only=True):
    """A period as it is on record: its days and zone, its state, and the event that brought it there."""

    window: Window
    state: str
    event: int


def period(session: Session, first: date, timezone: str | None = None) -> StoredPeriod | None:
    """The period that begins on a day (of a time zone); None if none is on record."""
    t = session.tables.periods
    wanted = select(t.c.last_day, t.c.timezone, t.c.state, t.c.event_id).where(t.c.first_day == first.isoformat())
    if timezone is not None:
        wanted = wanted.where(t.c.timezone == timezone)
    row = session.connection.execute(wanted).first()
    if row is None:
        return None
    return StoredPeriod(
        window=Window(first, date.fromisoformat(row.last_day), row.timezone), state=row.state, event=int(row.event_id)
    )


class _Found(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    count: int = 1


class _Checked(msgspec.Struct, frozen=True, kw_only=True):
    """Of what a closing recorded, what a certificate says too."""

    obstacles: tuple[_Found, ...] = ()
    totals: tuple[Counted, ...] = ()


def closing(
    session: Session, closed: StoredPeriod, *, workweek_start: str | None
) -> tuple[CertifiedPeriod, tuple[Counted, ...]]:
    """How a period was closed, and what was counted of each person then."""
    t = session.tables.period_events
    row = session.connection.execute(select(t.c.at, t.c.anyway, t.c.checked).where(t.c.id == closed.event)).one()
    checked = _Checked() if row.checked is None else msgspec.json.decode(row.checked, type=_Checked)
    window = closed.window
    return CertifiedPeriod(
        first=window.first.isoformat(),
        last=window.last.isoformat(),
        timezone=window.timezone,
        workweek_start=workweek_start,
        event=closed.event,
        closed_at=moment(int(row.at)),
        anyway="yes" if row.anyway else "no",
        obstacles=tuple(PassedOver(name=one.name, count=one.count) for one in checked.obstacles),
    ), checked.totals


# -- what is certified of it -------------------------------------------------------------------------------------------


def certified_rows(session: Session, window: Window) -> list[CertifiedRow]:
    """The rows of a window, of any source, with the shift that each is linked to. Two statements."""
    d, names, span = session.dialect, session.host.clock_times, (window.start_utc, window.end_utc)
    found = session.assigned_rows_between(session.select_rows(), *span)
    key = d.keys.row.cast.format(f"t.{d.name(names.id)}")
    links = Query(
        f"SELECT {session.canonical['id']}, s.id FROM {session.rows_by_clock_in}"
        f" {d.lookup} {session.own.shifts} s ON s.clock_time_id = {key}"
        f" WHERE {d.between(f't.{d.name(names.clock_in)}')}",
        {"start": span[0], "end": span[1]},
    )
    there, linked = session.fetch(Query(found.sql, found.values, rows.clock_time), links)
    shift_of = {row_id(number): str(shift) for number, shift in linked}
    return [certified(row, row.id, shift_of.get(row.id)) for row in there if row.id is not None]


def clocks(session: Session, window: Window) -> tuple[CertifiedClock, ...]:
    """Each time clock that was looked at, with the newest complete look at each of the days, and the newest of which a
    hash of the inputs is kept. One statement.
    """
    own = session.own
    touching = "first_day <= :last AND last_day >= :first"
    newest = (
        f"SELECT max(id) AS id FROM {own.slices} WHERE time_clock_id IS NOT NULL AND status IN ({_GOOD})"
        f" AND {touching} GROUP BY time_clock_id, first_day, last_day"
    )
    hashed = f"SELECT slice_id AS id FROM {own.inputs} WHERE {touching}"
    [fetched] = session.fetch(
        Query(
            "SELECT s.id, s.time_clock_id, s.first_day, s.last_day, s.status, r.id, r.started_at, r.finished_at,"
            f" i.inputs FROM ({newest} UNION {hashed}) n JOIN {own.slices} s ON s.id = n.id"
            f" JOIN {own.runs} r ON r.id = s.run_id"
            f" LEFT JOIN {own.inputs} i ON i.time_clock_id = s.time_clock_id AND i.first_day = s.first_day"
            " AND i.last_day = s.last_day AND i.slice_id = s.id",
            {"first": window.first.isoformat(), "last": window.last.isoformat()},
        )
    )
    by_clock: dict[int, dict[tuple[date, bool], int]] = {}
    looks: dict[int, CertifiedLook] = {}
    for number, clock, first, last, status, made_in, started, finished, inputs in fetched:
        looks[int(number)] = CertifiedLook(
            first=first,
            last=last,
            at=moment(int(started if finished is None else finished)),
            run=int(made_in),
            status=status,
            inputs_hash=inputs or None,
        )
        best = by_clock.setdefault(int(clock), {})
        begin, end = (date.fromisoformat(day) for day in (first, last))
        for day in each_day(max(begin, window.first), min(end, window.last)):
            for kind in {False, bool(inputs)}:
                best[day, kind] = max(best.get((day, kind), 0), int(number))
    return tuple(
        CertifiedClock(time_clock_id=clock, looks=tuple(looks[number] for number in sorted({*best.values()})))
        for clock, best in sorted(by_clock.items())
    )


def corrections(session: Session, window: Window) -> tuple[CertifiedCorrection, ...]:
    """The corrections of days of a period and those accepted into it, also of days that were closed in another zone;
    without the cancelled ones. One statement.
    """
    [fetched] = session.fetch(
        Query(
            f"SELECT {', '.join(_CORRECTION)} FROM {session.own.corrections} WHERE state <> 'cancelled'"
            " AND ((timezone = :zone AND day >= :first AND day <= :last)"
            " OR (effective_first_day = :first AND effective_last_day = :last)) ORDER BY id",
            {"zone": window.timezone, "first": window.first.isoformat(), "last": window.last.isoformat()},
        )
    )
    return tuple(_correction(row) for row in fetched)


def _correction(row: Sequence[Any]) -> CertifiedCorrection:
    number, employee, day, kind, before, after, delta, state, shift, first, last, counter = row
    return CertifiedCorrection(
        id=int(number),
        employee_id=row_id(employee),
        day=day,
        kind=kind,
        minutes_before=int(before),
        minutes_after=int(after),
        delta_minutes=int(delta),
        state=state,
        shift_id=shift,
        effective_period=None if first is None else f"{first}..{last}",
        counter_of=None if counter is None else int(counter),
    )


def holds(session: Session, window: Window) -> tuple[CertifiedHold, ...]:
    """The standing holds that touch the days of a window. One statement."""
    [fetched] = session.fetch(
        Query(
            f"SELECT {', '.join(_HOLD)} FROM {session.own.holds} WHERE resolved_run IS NULL"
            " AND first_day <= :last AND last_day >= :first ORDER BY id",
            {"first": window.first.isoformat(), "last": window.last.isoformat()},
        )
    )
    return tuple(
        CertifiedHold(
            id=int(number),
            reason=reason,
            first=first,
            last=last,
            minutes=int(minutes),
            acknowledged="no" if acknowledged is None else "yes",
            employee_id=None if employee is None else row_id(employee),
            shift_id=shift,
            clock_time_id=None if key is None else row_id(key),
        )
        for number, reason, first, last, minutes, acknowledged, employee, shift, key in fetched
    )


# -- the certificates themselves ---------------------------------------------------------------------------------------


def kept(session: Session) -> tuple[KeptCertificate, ...]:
    """Every certificate, in the order of the chain."""
    t = session.tables.certificates
    fetched = session.connection.execute(select(*(t.c[name] for name in _LIGHT)).order_by(t.c.id))
    return tuple(KeptCertificate(**dict(zip(KeptCertificate.__struct_fields__, row, strict=True))) for row in fetched)


def payload(session: Session, number: int) -> bytes:
    """What was signed of a certificate."""
    t = session.tables.certificates
    text: str = session.connection.execute(select(t.c.payload).where(t.c.id == number)).scalar_one()
    return text.encode()


def keep(
    session: Session,
    made: PeriodPayload | KeyPayload,
    content: bytes,
    *,
    at: int,
    by: str,
    payload_hash: str,
    signature: str,
    public_key: str,
) -> int:
    """Note a certificate, and return its number; earlier ones of the same period are no longer compared."""
    t = session.tables.certificates
    days = ("", "", "")
    if isinstance(made, PeriodPayload):
        days = (made.period.first, made.period.last, made.period.timezone)
        session.connection.execute(
            update(t).where(t.c.first_day == days[0], t.c.timezone == days[2]).values(mismatch=None)
        )
    done = session.connection.execute(
        insert(t).values(
            first_day=days[0],
            last_day=days[1],
            timezone=days[2],
            at=at,
            actor=by,
            payload=content.decode(),
            payload_hash=payload_hash,
            signature=signature,
            public_key=public_key,
            previous_hash=made.chain.previous,
            mismatch=None,
        )
    )
    key = done.inserted_primary_key
    return 0 if key is None else int(key[0])


def newest_of_periods(every: Iterable[KeptCertificate]) -> tuple[KeptCertificate, ...]:
    """The newest certificate of each period, in the order of the chain."""
    newest = {(one.first, one.timezone): one for one in every if not one.is_of_a_key}
    return tuple(sorted(newest.values(), key=lambda one: one.number))


def note_mismatches(connection: Connection, own: OwnTables, found: Iterable[tuple[int, str | None]]) -> None:
    """Note how the table differs from certificates, by their number; None: it does not."""
    for number, mismatch in found:
        run(
            connection,
            f"UPDATE {own.certificates} SET mismatch = :mismatch WHERE id = :number",
            {"mismatch": mismatch, "number": number},
        )

"""Pay periods on record: the state of each that somebody touched, and what was done to it, by whom, when and why.

Events are only ever added. A closed period locks its days by being here: nothing is copied into the locked days.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec
from sqlalchemy import Connection, insert, select, update

from connecteam_sync.core.period_check import Checked
from connecteam_sync.core.periods import Period, PeriodEvent, PeriodEventKind, PeriodState, share_days
from connecteam_sync.core.window import Window
from connecteam_sync.store.session import Session
from connecteam_sync.store.sql.quoting import run
from connecteam_sync.store.tables.own import OwnTables

_AN_HOUR = 3600


def stored(session: Session) -> tuple[Period, ...]:
    """Every period on record, by day: with its event, but without the checklist of that."""
    periods, events = session.tables.periods, session.tables.period_events
    wanted = (
        select(
            periods.c.first_day,
            periods.c.last_day,
            periods.c.timezone,
            periods.c.state,
            *(events.c[name] for name in ("id", "kind", "at", "actor", "reason", "anyway")),
        )
        .select_from(periods.outerjoin(events, events.c.id == periods.c.event_id))
        .order_by(periods.c.first_day, periods.c.timezone)
    )
    return tuple(_period(row) for row in session.connection.execute(wanted).mappings())


def _period(row: Mapping[Any, Any]) -> Period:
    window = _window(row)
    return Period(window=window, state=row["state"], event=None if row["id"] is None else _event(row, window))


def _window(row: Mapping[Any, Any]) -> Window:
    return Window(date.fromisoformat(row["first_day"]), date.fromisoformat(row["last_day"]), row["timezone"])


def _event(row: Mapping[Any, Any], window: Window) -> PeriodEvent:
    checked = row.get("checked")
    return PeriodEvent(
        number=int(row["id"]),
        window=window,
        kind=row["kind"],
        at=int(row["at"]),
        by=row["actor"],
        reason=row["reason"],
        anyway=bool(row["anyway"]),
        checked=None if checked is None else msgspec.json.decode(checked, type=Checked),
    )


def closed_in(session: Session, window: Window) -> tuple[Window, ...]:
    """The closed periods that have days of a window, in whichever zones; by day."""
    every = stored(session)
    return tuple(one.window for one in every if one.state == "closed" and share_days(one.window, window))


def event(session: Session, number: int) -> PeriodEvent | None:
    """An event with its checklist; None if there is none of that number."""
    events = session.tables.period_events
    row = session.connection.execute(select(events).where(events.c.id == number)).mappings().first()
    return None if row is None else _event(row, _window(row))


def newest_check(session: Session, window: Window) -> PeriodEvent | None:
    """The newest event of a period that has a checklist, with it."""
    events = session.tables.period_events
    wanted = select(events).where(
        events.c.first_day == window.first.isoformat(),
        events.c.last_day == window.last.isoformat(),
        events.c.timezone == window.timezone,
        events.c.checked.is_not(None),
    )
    row = session.connection.execute(wanted.order_by(events.c.id.desc()).limit(1)).mappings().first()
    return None if row is None else _event(row, window)


def history(session: Session, window: Window) -> tuple[PeriodEvent, ...]:
    """What was done to the periods that begin on this day, newest first, without checklists."""
    events = session.tables.period_events
    columns = (column for column in events.c if column.name != "checked")
    wanted = select(*columns).where(
        events.c.first_day == window.first.isoformat(), events.c.timezone == window.timezone, events.c.kind != "check"
    )
    rows = session.connection.execute(wanted.order_by(events.c.id.desc())).mappings()
    return tuple(_event(row, _window(row)) for row in rows)


def record(session: Session, state: PeriodState, event: PeriodEvent) -> PeriodEvent:
    """Add an event and give its period a state, in one transaction; the event with its number.

    Expects the lock of the one writer, and a period that overlaps no other on record.
    """
    window, key = event.window, 0
    done = session.connection.execute(insert(session.tables.period_events).values(**_values(event)))
    if done.inserted_primary_key is not None:
        key = int(done.inserted_primary_key[0])
    periods = session.tables.periods
    values = {
        "last_day": window.last.isoformat(),
        "state": state,
        "changed_at": event.at,
        "event_id": key,
    }
    this = {"first_day": window.first.isoformat(), "timezone": window.timezone}
    here = (periods.c.first_day == this["first_day"]) & (periods.c.timezone == this["timezone"])
    if session.connection.execute(select(periods.c.state).where(here)).first() is None:
        session.connection.execute(insert(periods).values(**this, **values))
    else:
        session.connection.execute(update(periods).where(here).values(**values))
    return msgspec.structs.replace(event, number=key)


def keep_check(connection: Connection, own: OwnTables, event: PeriodEvent) -> None:
    """Add a checklist that was made, for whoever looks at the period later. No run needs to wait for it.

    One that says what the newest one said, within an hour and by the same person, is not kept again: a program may ask
    every few minutes.
    """
    sql = (
        f"SELECT at, actor, checked FROM {own.period_events} WHERE first_day = :first AND last_day = :last"
        " AND timezone = :zone AND checked IS NOT NULL ORDER BY id DESC LIMIT 1"
    )
    window = event.window
    days = {"first": window.first.isoformat(), "last": window.last.isoformat(), "zone": window.timezone}
    newest = run(connection, sql, days).first()
    if newest is not None and event.checked is not None:
        at, actor, checked = newest
        same = _says(msgspec.json.decode(checked, type=Checked)) == _says(event.checked)
        if same and actor == event.by and 0 <= event.at - int(at) < _AN_HOUR:
            return
    values = _values(event)
    run(
        connection,
        f"INSERT INTO {own.period_events} (first_day, last_day, timezone, kind, at, actor, reason, anyway, checked)"
        " VALUES (:first_day, :last_day, :timezone, :kind, :at, :actor, :reason, :anyway, :checked)",
        values,
    )


def _says(checked: Checked) -> Checked:
    """A checklist without when it was made, and by which look."""
    return msgspec.structs.replace(checked, at=0, run=None)


def _values(event: PeriodEvent) -> dict[str, Any]:
    kind: PeriodEventKind = event.kind
    return {
        "first_day": event.window.first.isoformat(),
        "last_day": event.window.last.isoformat(),
        "timezone": event.window.timezone,
        "kind": kind,
        "at": event.at,
        "actor": event.by,
        "reason": event.reason,
        "anyway": int(event.anyway),
        "checked": None if event.checked is None else msgspec.json.encode(event.checked).decode(),
    }

"""Tracked shifts and rows, for the history of an employee and for checks by people; no run uses this."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from sqlalchemy import select, union_all

from connecteam_sync.core.clocktime import ClockTime, Employee
from connecteam_sync.core.history import History, ShiftHistory, about
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.people import mapped
from connecteam_sync.core.window import Window
from connecteam_sync.store.history import feed, holds
from connecteam_sync.store.session import Session
from connecteam_sync.store.sql.pipeline import Query
from connecteam_sync.store.sql.statements import batches
from connecteam_sync.store.tables import rows
from connecteam_sync.store.tables.keys import row_id

_REACH_DAYS = 2
"""Rows that begin this many days before a window may reach into it; longer ones are reported on their own day."""


class Explained(NamedTuple):
    """An employee's history, and what was read on the way: the Connecteam users that count for them (with their names),
    and rows and shifts that begin before the span and may reach into it.
    """

    history: History
    users: dict[int, str]
    rows_before: tuple[ClockTime, ...] = ()
    shifts_before: tuple[ShiftHistory, ...] = ()


def explained(
    session: Session,
    person: Employee,
    people: Iterable[Employee],
    *,
    days: tuple[date, date] | None,
    span: tuple[int, int],
    reach: int = 0,
    after: int | str = feed.START,
    limit: int | None = None,
) -> Explained:
    """The rows of an employee whose clock-in lies in the span of instants (that of the `days`, first and last, if
    given), and all that explains them. `people` are all employees, which are read already; `reach` is how many seconds
    before the span rows and shifts are looked for that may reach into it. `after` and `limit` are of the changes.

    Five statements, if days are given.
    """
    people = list(people)
    known = session.known_users()
    own = {user_id: to for user_id, (_, _, to) in known.items()}
    users = mapped(people, own).users_of.get(person.id, frozenset())
    every = session.rows_of(person.id, span[0] - reach, span[1])
    inside = tuple(row for row in every if row.clock_in >= span[0])
    keys = frozenset(row.id for row in inside if row.id is not None)
    shifts = tracked_shifts(session, users, [row.id for row in every if row.id is not None], span[0] - reach, span[1])
    theirs = tuple(
        one
        for one in shifts
        if one.clock_time_id in keys or (one.shift.user_id in users and span[0] <= one.shift.start < span[1])
    )
    ids = frozenset(one.shift.id for one in theirs)
    if days is None:
        standing = holds.standing_holds(session)
    else:
        standing = holds.holds_about(
            session, employee=person.id, users=users, rows_of=keys, shifts=ids, people=people, known=known
        )
    return Explained(
        History(
            employee=person,
            rows=inside,
            changes=feed.history(session, person.id, days, {e.id: e.name for e in people}, after=after, limit=limit),
            holds=about(
                standing,
                rows=keys,
                shifts=ids,
                employee=person.id,
                users=users,
                span=span if days is not None else None,
            ),
            shifts=theirs,
        ),
        {user_id: known[user_id][0].name if user_id in known else "" for user_id in sorted(users)},
        tuple(row for row in every if row.clock_in < span[0]),
        tuple(one for one in shifts if one.shift.id not in ids),
    )


def tracked_shifts(
    session: Session, users: Iterable[int], keys: Iterable[RowId], start: int, end: int
) -> tuple[ShiftHistory, ...]:
    """The shifts of these users that begin in the span of instants, and the shifts of these rows; by start."""
    t = session.tables
    columns = [t.shifts.c[name] for name in rows.MIRROR]
    wanted = select(*columns, t.runs.c.started_at).join(t.runs, t.runs.c.id == t.shifts.c.changed_in_run, isouter=True)
    of_users = wanted.where(t.shifts.c.start_at >= start, t.shifts.c.start_at < end)
    parts = [
        of_users.where(t.shifts.c.user_id.in_(sorted(users))),
        *(wanted.where(t.shifts.c.clock_time_id.in_(batch)) for batch in batches(keys)),
    ]
    # Not by OR: either part has an index of its own.
    fetched = [row for two in batches(parts, 2) for row in session.connection.execute(union_all(*two))]
    by_id = {row[0]: row for row in fetched}
    seen = ((rows.mirror(row[:-1]), row) for row in by_id.values())
    return tuple(
        sorted(
            (
                ShiftHistory(
                    shift=mirror.shift,
                    clock_time_id=mirror.clock_time_id,
                    is_gone=mirror.is_gone,
                    changed_in_run=row[-2],
                    changed_at=row[-1],
                )
                for mirror, row in seen
            ),
            key=lambda tracked: (tracked.shift.start, tracked.shift.id),
        )
    )


def rows_to_check(
    session: Session, window: Window, open_since: int | None = None
) -> tuple[list[ClockTime], frozenset[RowId]]:
    """The rows of a window, those that may reach into it, and every open row from before, or those that began at an
    instant (`open_since`) or later; and the ids of rows whose shift Connecteam clocked out automatically.

    To find every open row takes a look at each row of the table, unless it has an index of them.
    """
    from connecteam_sync.store.mirror.gathered import gathered, one_by_one, rows_of_texts  # noqa: PLC0415 - few look at rows

    d, names = session.dialect, session.host.clock_times
    padded = window.padded(_REACH_DAYS)
    clock_in, clock_out = (f"t.{d.name(name)}" for name in (names.clock_in, names.clock_out))
    near = gathered(session, padded.start_utc, window.end_utc)
    # Without a word of an index: some tables have one of the clock-outs, which is the quickest by far.
    bounds = {"start": padded.start_utc, **({} if open_since is None else {"since": open_since})}
    since = "" if open_since is None else f" AND {clock_in} >= {d.moment(f'CAST(:since AS {d.bigint})')}"
    opened = Query(
        f"{session.select_rows()} FROM {session.clock_times} t WHERE {clock_out} IS NULL"
        f" AND {clock_in} < {d.moment(f'CAST(:start AS {d.bigint})')}{since}"
        f" AND t.{d.name(names.employee_id)} IS NOT NULL"
        # Some databases sort a value that is no time (infinity, a day of zeros) before any other.
        f" AND {session.canonical['clock_in']} IS NOT NULL",
        bounds,
        rows.clock_time,
    )
    auto = Query(
        f"SELECT s.clock_time_id FROM {session.shifts_by_start} WHERE s.start_at >= :start AND s.start_at < :end"
        " AND s.is_auto_clock_out = 1 AND s.is_gone = 0 AND s.clock_time_id IS NOT NULL",
        {"start": window.start_utc, "end": window.end_utc},
    )
    found, before, clocked_out = session.fetch(near, opened, auto)
    inside = rows_of_texts(found) if d.gathers else found
    if inside is None:
        [inside] = session.fetch(one_by_one(session, padded.start_utc, window.end_utc))
    return [*inside, *before], frozenset(row_id(key) for (key,) in clocked_out)


def shifts_of_rows(session: Session, keys: Iterable[RowId]) -> dict[RowId, tuple[str, int]]:
    """The shift and the time clock of each of these rows that has a shift."""
    d = session.dialect
    sql = (
        f"SELECT s.clock_time_id, s.id, s.time_clock_id FROM {d.rowset({'id': 'link'})}"
        f" {d.lookup} {session.own.shifts} s ON s.clock_time_id = d.id"
    )
    fetched = session.fetch_set(sql, ({"id": key} for key in keys))
    return {row_id(key): (str(shift), int(clock)) for key, shift, clock in fetched}

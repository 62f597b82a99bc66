"""Reading the journal: changes of a run or of an employee, and the feed that other programs follow.

A number alone does not identify an entry: after a restored dump or an emptied table, numbers are used again. So a
cursor has a hash of its entry, and a follower whose entry is gone gets FeedReset.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec
from sqlalchemy import CompoundSelect, and_, func, or_, select, union

from connecteam_sync.core.keys import RowId
from connecteam_sync.core.run import Entry
from connecteam_sync.core.window import later
from connecteam_sync.errors import ConfigurationError, FeedReset
from connecteam_sync.store.history.journal import change_of
from connecteam_sync.store.session import Session
from connecteam_sync.store.sql.exact_types import values_in

START = "0"
"""The cursor before the first entry."""
_CURSOR = re.compile(r"(\d{1,19})(?:-([0-9a-f]{6}))?", re.ASCII)
_LARGEST = 2**63 - 1
"""The largest number a key can have."""
_HASHED_COLUMNS = (
    "id",
    "run_id",
    "at",
    "kind",
    "clock_time_id",
    "shift_id",
    "employee_id",
    "previous_employee_id",
    "first_day",
    "last_day",
    "why",
    "change_json",
)
"""The columns in the hash of an entry. Never alter them: followers keep cursors for years."""


def entries_of(session: Session, number: int) -> tuple[Entry, ...]:
    """The changes of a run, in the order of the journal."""
    changes = session.tables.changes
    return _entries(session, select(changes).where(changes.c.run_id == number).order_by(changes.c.id))


def part_of_run(session: Session, number: int, *, after: int, limit: int) -> tuple[Entry, ...]:
    """At most `limit` changes of a run with a larger number than `after`, in the order of the journal."""
    changes = session.tables.changes
    wanted = select(changes).where(changes.c.run_id == number, changes.c.id > after)
    return _entries(session, wanted.order_by(changes.c.id).limit(limit))


def entries_after(
    session: Session, cursor: int | str, limit: int, *, written: tuple[int, int] | None = None
) -> tuple[Entry, ...]:
    """At most `limit` entries after the one that a cursor names; a bare number is accepted without its hash.

    With `written`, a half-open span of instants (epoch), only those that were written then and altered a value.
    Raises FeedReset if the entry is gone or is another one now, ConfigurationError if this is no cursor.
    """
    number = _require_there(session, cursor)
    changes = session.tables.changes
    wanted = select(changes)
    if written is not None:
        number = max(number, _before_the_first(session, written[0]))
        wanted = wanted.where(changes.c.at >= written[0], changes.c.at < written[1], changes.c.kind != "link")
    return _entries(session, wanted.where(changes.c.id > number).order_by(changes.c.id).limit(limit))


def _before_the_first(session: Session, since: int) -> int:
    """A number below that of every entry written since then: found by the runs, since no index has the moments."""
    runs, changes = session.tables.runs, session.tables.changes
    late = select(func.min(runs.c.id)).where(or_(runs.c.finished_at >= since, runs.c.finished_at.is_(None)))
    first = session.connection.execute(
        select(func.min(changes.c.id)).where(changes.c.run_id >= late.scalar_subquery())
    ).scalar()
    return _LARGEST if first is None else int(first) - 1


def history(
    session: Session,
    employee: RowId,
    days: tuple[date, date] | None,
    names: Mapping[RowId, str | None] | None = None,
    *,
    after: int | str = START,
    limit: int | None = None,
) -> tuple[Entry, ...]:
    """The changes of rows that an employee has or had, oldest first; only those of local `days` (first and last), if
    given, after the entry that a cursor names, and at most `limit`.

    `names` are those of all employees, if they are read already. Raises FeedReset, ConfigurationError for the cursor.
    """
    changes = session.tables.changes
    if days is not None:
        found = _of_days(session, employee, *days).subquery()
        wanted = select(changes).join(found, found.c.id == changes.c.id)
    else:
        wanted = select(changes).where(
            or_(changes.c.employee_id == employee, changes.c.previous_employee_id == employee)
        )
    if after != START:
        wanted = wanted.where(changes.c.id > _require_there(session, after))
    return _entries(session, wanted.order_by(changes.c.id).limit(limit), names)


_NEAR = 3
"""Days: a row that changes hands seldom moves further in the same change."""


def _of_days(session: Session, employee: RowId, first_day: date, last_day: date) -> CompoundSelect[Any]:
    """The numbers of the entries about rows that an employee has or had and that touch local days: each part of the
    union by an index, since no index has the employee of before.

    Rows that were theirs are found by the day, and, if they moved far when they changed hands, by the entries before.
    """
    changes, before = session.tables.changes, session.tables.changes.alias()
    first, last = first_day.isoformat(), last_day.isoformat()
    touched = and_(changes.c.first_day <= last, changes.c.last_day >= first)
    near = later(first_day, -_NEAR).isoformat()
    given_away = changes.c.previous_employee_id == employee
    numbers = select(changes.c.id)
    return union(
        numbers.where(changes.c.employee_id == employee, touched),
        numbers.where(given_away, changes.c.first_day >= near, touched),
        numbers.join(before, before.c.clock_time_id == changes.c.clock_time_id).where(
            before.c.employee_id == employee,
            before.c.first_day <= last,
            before.c.last_day >= first,
            given_away,
            touched,
        ),
    )


def _entries(
    session: Session,
    wanted: Any,  # noqa: ANN401 - a select of our changes
    names: Mapping[RowId, str | None] | None = None,
) -> tuple[Entry, ...]:
    fetched = session.connection.execute(wanted).mappings().all()
    if names is None:
        names = {e.id: e.name for e in session.employees()} if fetched else {}
    return tuple(
        Entry(
            number=row["id"],
            cursor=cursor_of(dict(row)),
            run=row["run_id"],
            at=row["at"],
            change=change_of(dict(row)),
            employee_name=names.get(row["employee_id"]),
            row_before=values_in(row["row_before"]) if row["row_before"] else None,
            row_after=values_in(row["row_after"]) if row["row_after"] else None,
        )
        for row in fetched
    )


# -- cursors -----------------------------------------------------------------------------------------------------------


def cursor_of(row: Mapping[str, Any]) -> str:
    """The number of an entry and a short hash of its columns, the same on every database: `81234-ab12cd`."""
    return f"{row['id']}-{_hash_of(row)[:6]}"


def _hash_of(row: Mapping[str, Any]) -> str:
    return hashlib.sha256(msgspec.json.encode([row[name] for name in _HASHED_COLUMNS])).hexdigest()


def head(session: Session) -> tuple[int, str] | None:
    """The number of the newest entry, and the hash of which its cursor has the first digits; None without entries."""
    changes = session.tables.changes
    newest = select(func.max(changes.c.id)).scalar_subquery()
    wanted = select(*(changes.c[name] for name in _HASHED_COLUMNS)).where(changes.c.id == newest)
    row = session.connection.execute(wanted).mappings().first()
    return None if row is None else (int(row["id"]), _hash_of(dict(row)))


def _require_there(session: Session, cursor: int | str) -> int:
    """The number of the entry that a follower read last. Raises FeedReset, ConfigurationError."""
    text = str(cursor)
    parts = _CURSOR.fullmatch(text)
    if parts is None:
        raise ConfigurationError(
            f"{text!r} is no cursor of the journal",
            next_step="take `last` of the answer before; 0 reads from the start",
        )
    number = int(parts[1])
    if text == START or (number == 0 and parts[2] is None):
        return 0
    newest = _cursor_at(session, select(func.max(session.tables.changes.c.id)).scalar_subquery())
    there = _cursor_at(session, number) if number <= _LARGEST else None
    is_bare = parts[2] is None
    # Numbers may be skipped, so the entry of a bare one need not exist; but none is larger than the newest.
    if there == text or (is_bare and newest is not None and number <= int(newest.partition("-")[0])):
        return number
    if there is None and number <= _LARGEST and _is_purged(session, number):
        # Gone by a purge, which takes no entry behind it: what comes next is on record.
        return number
    what = "is not there any more" if there is None else "is another one now"
    raise FeedReset(
        f"entry {number} of the journal {what}: it was restored from a backup, or began again",
        after=START,
        newest=newest or START,
        next_step=f"rebuild what was built from it: connecteam-sync changes --after {START}",
    )


def _is_purged(session: Session, number: int) -> bool:
    """Whether a purge removed entries of that number, or of smaller and larger ones."""
    purges = session.tables.purges
    wanted = select(purges.c.id).where(purges.c.first_entry <= number, purges.c.last_entry >= number).limit(1)
    return session.connection.execute(wanted).first() is not None


def _cursor_at(session: Session, number: Any) -> str | None:  # noqa: ANN401 - a number, or what finds one
    changes = session.tables.changes
    columns = [changes.c[name] for name in _HASHED_COLUMNS]
    row = session.connection.execute(select(*columns).where(changes.c.id == number)).mappings().first()
    return None if row is None else cursor_of(dict(row))

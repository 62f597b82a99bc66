"""Times that cannot be read: infinity, a year before 1 or after 9999, a day of zeros, garbage."""

from __future__ import annotations

from connecteam_sync.core.adopt import UnreadTime
from connecteam_sync.store.session import Session
from connecteam_sync.store.sql.pipeline import Query
from connecteam_sync.store.tables.columns import plain_text
from connecteam_sync.store.tables.keys import row_id

_MOST_ROWS = 1_000
_LONGEST = 60
"""Characters of a value that are shown."""


def conditions(session: Session) -> dict[str, str]:
    """For each column of times the SQL condition that row `t` has a value in it that cannot be read."""
    d, names, read = session.dialect, session.host.clock_times, session.canonical
    # To MySQL a day of zeros is NULL, and its text is not.
    return {
        name: f"({read[field]} IS NULL AND {d.shown(f't.{d.name(name)}')} IS NOT NULL)"
        for field, name in (("clock_in", names.clock_in), ("clock_out", names.clock_out))
    }


def unread_times(session: Session) -> tuple[UnreadTime, ...]:
    """The unreadable times of rows of any source, by column and row: of at most a thousand rows.

    Each row of the table is looked at, once.
    """
    d, key = session.dialect, session.canonical["id"]
    wanted = conditions(session)
    said = ", ".join(
        f"CASE WHEN {condition} THEN {d.shown(f't.{d.name(name)}')} END" for name, condition in wanted.items()
    )
    [fetched] = session.fetch(
        Query(
            f"SELECT {key}, {said} FROM {session.clock_times} t WHERE {' OR '.join(wanted.values())}"
            f" ORDER BY 1 LIMIT {_MOST_ROWS}"
        )
    )
    return tuple(
        UnreadTime(row=row_id(row), column=name, said=plain_text(values[place])[:_LONGEST])
        for place, name in enumerate(wanted)
        for row, *values in fetched
        if values[place] is not None
    )

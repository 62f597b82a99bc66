"""Rows as the table had them at an earlier moment, which a person names by a run, a day or an instant."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import msgspec

from connecteam_sync.core.as_of import AsOf, AsOfName, RowsThen, missing_rows, parsed, rows_then, seen_edits
from connecteam_sync.core.clocktime import ClockTime
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.window import Window
from connecteam_sync.engine.decide import now
from connecteam_sync.errors import ConfigurationError
from connecteam_sync.store.history import as_of as journal
from connecteam_sync.store.payroll import period_facts
from connecteam_sync.store.session import Session


def moment_named(text: str | None, timezone: str) -> AsOfName | None:
    """The moment that a person names; None for none. Raises ConfigurationError for what is no moment, or is to come."""
    if text is None:
        return None
    try:
        named = parsed(text, ZoneInfo(timezone))
    except ValueError as error:
        raise ConfigurationError(
            str(error),
            next_step="name a run by its number, a day (2025-12-05) or a moment with its offset"
            " (2025-12-05T18:00:00-06:00)",
        ) from error
    if named.at is not None and named.at > now():
        raise ConfigurationError(
            f"{text.strip()[:60]!r} is not over yet: what the table will say then, nobody knows",
            next_step="name a moment before now; a day is named once it is over",
        )
    return named


def rows_as_of(session: Session, window: Window, moment: AsOf, employee: RowId | None = None) -> RowsThen:
    """The rows whose clock-in lay in a window at an earlier moment, of everybody or of one employee. Five statements
    at most.
    """
    present = present_rows(session, window, employee)
    entries = journal.journaled(session, window, moment, employee)
    missing = missing_rows(present, entries)
    links = journal.links_of(session, missing)
    stood = journal.holds_then(session, moment, window, missing)
    then = rows_then(present, entries, moment, seen_edits(stood, links, moment))
    chosen = (row for row in then.rows if window.holds(row.clock_in) and employee in {None, row.employee_id})
    return msgspec.structs.replace(then, rows=tuple(chosen))


def present_rows(session: Session, window: Window, employee: RowId | None = None) -> tuple[ClockTime, ...]:
    """The rows of any source whose clock-in lies in a window, of everybody or of one employee; by clock-in."""
    if employee is None:
        return period_facts.rows_in(session, window)
    return session.rows_of(employee, window.start_utc, window.end_utc)

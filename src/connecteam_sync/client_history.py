"""Runs, the journal and holds: the part of the library that reads the database only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import msgspec

from connecteam_sync.config import Settings
from connecteam_sync.core.history import History
from connecteam_sync.core.keys import RowId, ordered
from connecteam_sync.core.run import Acknowledgement, Entry, Run, RunKind, StandingHold
from connecteam_sync.core.window import Window, end_of_day, start_of_day
from connecteam_sync.engine.decide import now
from connecteam_sync.engine.operator import operator_text
from connecteam_sync.errors import ConfigurationError, NotFound, WindowError
from connecteam_sync.store.history import feed, holds
from connecteam_sync.store.history import runs as run_rows
from connecteam_sync.store.history.employee import explained, rows_to_check, shifts_of_rows
from connecteam_sync.store.mirror.people import require_employee, users_of_employee
from connecteam_sync.store.session import Session
from connecteam_sync.store.store import Store
from connecteam_sync.store.tables.support import require_table

if TYPE_CHECKING:
    from connecteam_sync.core.adopt import UnreadTime
    from connecteam_sync.core.anomalies import Anomaly

_EVER = (-62_135_596_800, 253_402_300_799)
"""The years 1 to 9999 in epoch seconds, without the last second."""


class Records:
    """The records of a database about its rows. Every method raises what `Store` raises."""

    settings: Settings
    store: Store

    def runs(self, limit: int = 20, kind: RunKind | None = None, *, before: int | None = None) -> tuple[Run, ...]:
        """The newest runs, of one kind if given, or those with a smaller number than `before`; `verify` lists the
        verifications.
        """
        with self.store.reading() as session:
            return run_rows.runs(session, limit=limit, kind=kind, before=before)

    def changes_of_run(self, run: int, after: int = 0, limit: int = 1000) -> tuple[Entry, ...]:
        """The changes of a run, a part at a time: at most `limit` with a larger number than `after`."""
        with self.store.reading() as session:
            return feed.part_of_run(session, run, after=after, limit=limit)

    def timesheet(self, employee: int | str, first: date, last: date) -> dict[date, int]:
        """Connecteam's own total of each local day, in minutes, as the last `verify` of it saw it: rounded and reduced
        by Connecteam's rules. A day that was never verified is not there, nor is one that was purged (`purged()` has
        those). Connecteam is not asked. Raises NotFound.
        """
        from connecteam_sync.store.mirror import timesheets  # noqa: PLC0415 - not needed at start

        with self.store.reading() as session:
            person = require_employee(session.employees(), employee)
            users = users_of_employee(session, person.id)
            return timesheets.totals(session, users, first, last, self.settings.timezone)

    def show(self, run: int) -> tuple[Run, tuple[Entry, ...]]:
        """A run and each of its changes. Raises NotFound."""
        with self.store.reading() as session:
            return run_rows.run(session, run), feed.entries_of(session, run)

    def history(
        self,
        employee: int | str,
        day: date | None = None,
        last: date | None = None,
        *,
        after: int | str = feed.START,
        limit: int | None = None,
    ) -> History:
        """An employee's rows, of one local day if given, or of those from `day` to `last`, with all that explains them:
        changes, holds, and the shifts as Connecteam last reported them; and which of the days were purged.

        The employee is given by id, name or part of a name; case and accents do not matter. With a `limit` at most so
        many changes, the oldest behind the one whose `cursor` is `after`; the last one's cursor goes on. Raises
        NotFound, which lists the candidates if several match; FeedReset as `changes`; WindowError for reversed days.
        """
        zone = ZoneInfo(self.settings.timezone)
        days = None if day is None else (day, last or day)
        if (days is not None and days[1] < days[0]) or (days is None and last is not None):
            raise WindowError("the days end before they begin", next_step="name the first day first")
        span = (start_of_day(days[0], zone), end_of_day(days[1], zone)) if days else _EVER
        with self.store.reading() as session:
            require_table(session.host, session.columns, session.dialect)
            people = session.employees()
            person = require_employee(people, employee)
            asked = None if limit is None else limit + 1
            found = explained(session, person, people, days=days, span=span, after=after, limit=asked).history
            purged = self._purged(session, *(days or (None, None)))
        has_more = limit is not None and len(found.changes) > limit
        return msgspec.structs.replace(
            found,
            changes=found.changes[:limit],
            has_more=has_more,
            purged=purged,
        )

    def anomalies(
        self, window: Window, *, longest_hours: int = 16, near_minutes: int = 10, open_since: date | None = None
    ) -> tuple[tuple[Anomaly, ...], Mapping[RowId, tuple[str, int]]]:
        """Anomalies in the rows of a window, which are reported and never changed; and the shift id and time clock of
        their rows, by row id. Connecteam is not asked.

        Rows that have been open for too long are of any day before, or since the day `open_since`, which is quicker.
        """
        from connecteam_sync.core.anomalies import AnomalyLimits, anomalies  # noqa: PLC0415 - not needed at start

        limits = AnomalyLimits(
            longest_minutes=longest_hours * 60,
            near_minutes=near_minutes,
            open_days=self.settings.open_too_long_days,
        )
        with self.store.reading() as session:
            require_table(session.host, session.columns, session.dialect)
            since = None if open_since is None else start_of_day(open_since, window.zone)
            rows, auto_clock_outs = rows_to_check(session, window, since)
            found = anomalies(window, rows, auto_clock_outs=auto_clock_outs, now=now(), limits=limits)
            keys = {row.id for anomaly in found for row in anomaly.rows if row.id is not None}
            return tuple(found), shifts_of_rows(session, sorted(keys, key=ordered))

    def unread_times(self) -> tuple[UnreadTime, ...]:
        """Unreadable times in the table, of any day and source: of at most a thousand rows. Each counts as no time."""
        from connecteam_sync.store.adopt.unreadable_times import unread_times  # noqa: PLC0415 - not needed at start

        with self.store.reading() as session:
            require_table(session.host, session.columns, session.dialect)
            return unread_times(session)

    def changes(
        self,
        after: int | str = feed.START,
        limit: int = 1000,
        *,
        since: date | None = None,
        until: date | None = None,
    ) -> tuple[Entry, ...]:
        """The journal after an entry: a feed for programs. `after` is the `cursor` of the last entry read.

        With `since` what runs wrote from that local day of the business on, up to `until` (included), and without the
        entries that only link a row to its shift: what has changed in the table since then.

        Raises FeedReset if that entry is gone or altered, since the journal was restored or began again. `after` may
        also be a bare number; then only a journal that has become shorter is noticed.
        """
        zone = ZoneInfo(self.settings.timezone)
        written = None
        if since is not None or until is not None:
            written = (
                _EVER[0] if since is None else start_of_day(since, zone),
                _EVER[1] if until is None else end_of_day(until, zone),
            )
        with self.store.reading() as session:
            return feed.entries_after(session, after, limit, written=written)

    def purged(self, first: date | None = None, last: date | None = None) -> tuple[Window, ...]:
        """The ranges of days that were purged, newest purge first: those that have any day from `first` to `last`. Of
        purged days nothing but certificates, periods, corrections and the ledger is on record.
        """
        with self.store.reading() as session:
            return self._purged(session, first, last)

    @staticmethod
    def _purged(session: Session, first: date | None, last: date | None) -> tuple[Window, ...]:
        from connecteam_sync.store.payroll import locks  # noqa: PLC0415 - not needed at start

        every = (Window(one.first, one.last, one.timezone) for one in locks.purged(session))
        return tuple(
            one for one in every if (last is None or one.first <= last) and (first is None or first <= one.last)
        )

    def holds(
        self,
        kind: str | None = None,
        *,
        employee: int | str | None = None,
        after: int = 0,
        limit: int | None = None,
    ) -> tuple[StandingHold, ...]:
        """The standing holds, of one kind (a hold reason) or employee if given. Raises NotFound for an unknown
        employee.

        With a `limit` a part at a time: by id, those with a larger one than `after`.
        """
        with self.store.reading() as session:
            person = None if employee is None else require_employee(session.employees(), employee).id
            return holds.standing_holds(session, kind, employee=person, after=after, limit=limit)

    def acknowledge_holds(
        self,
        ids: Iterable[int] = (),
        *,
        employee: int | str | None = None,
        kind: str | None = None,
        by: str,
        reason: str,
    ) -> tuple[StandingHold, ...]:
        """Acknowledge these holds, or all those of an employee (of one kind): a person knows of them, they may stay.

        They are still listed, but no longer make a run end with 3, until anything about them changes. `by` is the
        person, `reason` the reason; both are stored. Raises NotFound, ConfigurationError.
        """
        acknowledgement = Acknowledgement(by=operator_text("by", by), at=now(), reason=operator_text("reason", reason))
        with self.store.writing("acknowledging holds") as session:
            found = self._chosen_holds(session, tuple(ids), employee, kind)
            return holds.acknowledge(session, found, acknowledgement)

    def unacknowledge_holds(self, ids: Iterable[int]) -> tuple[StandingHold, ...]:
        """Withdraw acknowledgements: the holds wait for a person again. Raises NotFound."""
        with self.store.writing("taking back an acknowledgement") as session:
            return holds.unacknowledge(session, holds.require_standing(session, ids))

    def _chosen_holds(
        self, session: Session, ids: tuple[int, ...], employee: int | str | None, kind: str | None
    ) -> tuple[StandingHold, ...]:
        """The standing holds named by ids, or those of an employee. Raises NotFound, ConfigurationError."""
        if bool(ids) == (employee is not None) or (ids and kind is not None):
            raise ConfigurationError(
                "holds are named by their ids, or by an employee (with a kind, if need be)",
                next_step="connecteam-sync holds ack ID --reason R, or holds ack --employee E --reason R",
            )
        if employee is None:
            return holds.require_standing(session, ids)
        person = require_employee(session.employees(), employee)
        found = holds.standing_holds(session, kind, employee=person.id)
        if not found:
            raise NotFound(
                f"nothing{f' of kind {kind}' if kind else ''} is held of {person.name or f'employee {person.id}'}",
                next_step="`connecteam-sync holds` lists what is held, with ids",
            )
        return found

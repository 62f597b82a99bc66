"""What is on record: runs, the journal, what is held. The part of the library that asks Connecteam nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from connecteam_sync.config import Settings
from connecteam_sync.core.clocktime import Employee
from connecteam_sync.core.history import History, about
from connecteam_sync.core.keys import RowId, ordered
from connecteam_sync.core.name_search import matching
from connecteam_sync.core.run import Acknowledgement, Entry, Run, RunKind, StandingHold
from connecteam_sync.core.text import called
from connecteam_sync.core.window import Window, end_of_day, start_of_day
from connecteam_sync.engine.decide import now
from connecteam_sync.engine.operator import operator_text
from connecteam_sync.errors import ConfigurationError, NotFound
from connecteam_sync.store.history import feed, holds
from connecteam_sync.store.history import runs as run_rows
from connecteam_sync.store.history.employee import rows_to_check, shifts_of_rows, tracked_shifts
from connecteam_sync.store.mirror.people import users_of_employee
from connecteam_sync.store.session import Session
from connecteam_sync.store.store import Store
from connecteam_sync.store.tables.support import require_table

if TYPE_CHECKING:
    from connecteam_sync.core.adopt import UnreadTime
    from connecteam_sync.core.anomalies import Anomaly

_EVER = (-62_135_596_800, 253_402_300_799)
"""All that a calendar of the years 1 to 9999 holds, but for its last second."""
_CANDIDATES = 12
"""How many people a choice names."""


class Records:
    """What a database holds next to the rows. Every method raises what `Store` raises."""

    settings: Settings
    store: Store

    def runs(self, limit: int = 20, kind: RunKind | None = None) -> tuple[Run, ...]:
        """The newest runs; of one kind, where it is given: `verify` lists what was proved when."""
        with self.store.reading() as session:
            return run_rows.runs(session, limit=limit, kind=kind)

    def show(self, run: int) -> tuple[Run, tuple[Entry, ...]]:
        """A run and each of its changes. Raises NotFound."""
        with self.store.reading() as session:
            return run_rows.run(session, run), feed.entries_of(session, run)

    def history(self, employee: int | str, day: date | None = None) -> History:
        """The rows an employee has, of a day where given, and all that explains them: every change, what is held, and
        what Connecteam said of their shifts last.

        The employee is named by id, by name or by a part of it, without regard to case and accents. Raises NotFound,
        which names the choice where several could be meant.
        """
        zone = ZoneInfo(self.settings.timezone)
        span = (start_of_day(day, zone), end_of_day(day, zone)) if day else _EVER
        with self.store.reading() as session:
            require_table(session.host, session.columns, session.dialect)
            person = one_employee(session.employees(), employee)
            rows = session.rows_of(person.id, *span)
            keys = frozenset(row.id for row in rows if row.id is not None)
            users = users_of_employee(session, person.id)
            shifts = tracked_shifts(session, users, keys, *span)
            return History(
                employee=person,
                rows=rows,
                changes=feed.history(session, person.id, day),
                holds=about(
                    holds.standing_holds(session),
                    rows=keys,
                    shifts=frozenset(tracked.shift.id for tracked in shifts),
                    employee=person.id,
                    users=users,
                    span=span if day else None,
                ),
                shifts=shifts,
            )

    def anomalies(
        self, window: Window, *, longest_hours: int = 16, near_minutes: int = 10
    ) -> tuple[tuple[Anomaly, ...], Mapping[RowId, tuple[str, int]]]:
        """What a person may want to look at in the rows of a window: told, never changed; and the shift id and time
        clock of each row that is told and has them, by the row's id. Asks Connecteam nothing.
        """
        from connecteam_sync.core.anomalies import Limits, anomalies  # noqa: PLC0415 - a start has no need of it

        limits = Limits(
            longest_minutes=longest_hours * 60,
            near_minutes=near_minutes,
            open_days=self.settings.open_too_long_days,
        )
        with self.store.reading() as session:
            require_table(session.host, session.columns, session.dialect)
            rows, auto_clock_outs = rows_to_check(session, window)
            found = anomalies(window, rows, auto_clock_outs=auto_clock_outs, now=now(), limits=limits)
            keys = {row.id for one in found for row in one.rows if row.id is not None}
            return tuple(found), shifts_of_rows(session, sorted(keys, key=ordered))

    def unread_times(self) -> tuple[UnreadTime, ...]:
        """Times in the table, of any day and source, that are no time as they stand: each counts as none."""
        from connecteam_sync.store.adopt.unreadable_times import unread_times  # noqa: PLC0415 - a start has no need of it

        with self.store.reading() as session:
            require_table(session.host, session.columns, session.dialect)
            return unread_times(session)

    def changes(self, after: int | str = feed.START, limit: int = 1000) -> tuple[Entry, ...]:
        """The journal behind entry `after`, the `cursor` of the entry read last: a feed for programs that follow.

        Raises FeedReset where that entry is not there as it was: the journal was restored, or began again. A bare
        number is taken too, and told only where the journal has become shorter.
        """
        with self.store.reading() as session:
            return feed.entries_after(session, after, limit)

    def holds(self, kind: str | None = None, *, employee: int | str | None = None) -> tuple[StandingHold, ...]:
        """What is deliberately not written, until its cause is gone; of one kind (a hold reason) or employee, where
        it is given. Raises NotFound for an employee who is not there.
        """
        with self.store.reading() as session:
            person = None if employee is None else one_employee(session.employees(), employee).id
            return holds.standing_holds(session, kind, employee=person)

    def acknowledge_holds(
        self,
        ids: Iterable[int] = (),
        *,
        employee: int | str | None = None,
        kind: str | None = None,
        by: str,
        reason: str,
    ) -> tuple[StandingHold, ...]:
        """Note that somebody knows of these holds, or of all those of an employee (of one kind): they may stay.

        They are listed on and no longer end a run with 3, until anything about them changes. `by` is who says so,
        `reason` why; both are kept. Raises NotFound, ConfigurationError.
        """
        said = Acknowledgement(by=operator_text("by", by), at=now(), reason=operator_text("reason", reason))
        with self.store.writing("acknowledging holds") as session:
            found = self._chosen_holds(session, tuple(ids), employee, kind)
            return holds.acknowledge(session, found, said)

    def unacknowledge_holds(self, ids: Iterable[int]) -> tuple[StandingHold, ...]:
        """Take the word back: the holds wait for a person again. Raises NotFound."""
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
        person = one_employee(session.employees(), employee)
        found = holds.standing_holds(session, kind, employee=person.id)
        if not found:
            raise NotFound(
                f"nothing{f' of kind {kind}' if kind else ''} is held of {person.name or f'employee {person.id}'}",
                next_step="`connecteam-sync holds` lists what is held, with ids",
            )
        return found


def one_employee(people: Iterable[Employee], said: int | str) -> Employee:
    """The one who is meant by an id, a name or a part of one. Raises NotFound, which names the choice there is."""
    found = matching(people, said)
    if len(found) == 1:
        return found[0]
    if not found:
        raise NotFound(
            f"there is no employee {str(said)!r}",
            next_step="connecteam-sync employees lists those with a Connecteam user, with ids; all others:"
            " connecteam-sync employees --without-user",
        )
    choice = ", ".join(f"{person.id} {called(person.name or '')}".rstrip() for person in found[:_CANDIDATES])
    more = f" and {len(found) - _CANDIDATES} more" if len(found) > _CANDIDATES else ""
    raise NotFound(
        f"{len(found)} employees could be meant by {str(said)!r}: {choice}{more}", next_step="name the one by the id"
    )

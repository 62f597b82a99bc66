"""People whom a look skips: answer and database have the same of them as when nothing was to be decided about them.

The database is asked for digests of every person under the lock. Whoever is as they were when nothing had to be decided
about them is neither decoded nor read; all others are decided on by the planner, which gets the sums of those skipped.
Decision 26 says why nobody is missed.
"""

from __future__ import annotations

from collections.abc import Container

import msgspec

from connecteam_sync.api.wire import People
from connecteam_sync.core.change import SlicePlan
from connecteam_sync.core.clocktime import StoredState
from connecteam_sync.core.shift import Snapshot
from connecteam_sync.core.unchanged_people import PersonSums, reaches_into, unchanged_people
from connecteam_sync.core.window import Window
from connecteam_sync.engine.snapshot import FetchedSlice
from connecteam_sync.store.mirror.person_digests import PersonDigests, UnchangedPeople, UnchangedPerson, person_queries
from connecteam_sync.store.mirror.stored import stored_queries, stored_state
from connecteam_sync.store.session import Persons, Session
from connecteam_sync.store.sql.pipeline import Query, Rows


class PeopleLook:
    """One try at a slice by person: the digests before it is decided, who is skipped, and who is unchanged after."""

    def __init__(self, session: Session, window: Window, fetched: FetchedSlice, outdated: Container[str]) -> None:
        self._session, self._window, self._fetched, self._outdated = session, window, fetched, outdated
        self._before: PersonDigests | None = None

    def queries(self) -> tuple[Query, ...]:
        """What is asked for with the lock."""
        return person_queries(self._session, self._window, self._fetched.earlier)

    def take(self, results: list[Rows]) -> list[Rows] | None:
        """Take the rows of `queries` from the front of these; the others, None if nothing else was asked for."""
        count = len(self.queries())
        self._before = PersonDigests(results[:count])
        return results[count:] or None

    def found(self, people: People) -> tuple[Snapshot, StoredState] | None:
        """The answer and the stored state of those who are not skipped; None if everybody is to be read."""
        fetched, session, before = self._fetched, self._session, self._before
        if not fetched.skipped or before is None or before.tables is None or before.tables != fetched.tables:
            return None
        if not fetched.read_again(fetched.changed_in(before), people):
            return None
        snapshot = fetched.snapshot(people)
        skipped, employees = fetched.skipped, {sums.employee_id for sums in fetched.skipped.values()}
        only = Persons(
            tuple(key for key in before.employees if key not in employees),
            tuple(sorted((before.users | snapshot.listed) - skipped.keys())),
        )
        results = session.fetch(*stored_queries(session, self._window, snapshot, only))
        stored = stored_state(session, self._window, snapshot, results)
        if reaches_into(snapshot, stored, skipped):
            return None
        sums = {
            "skipped_shifts": sum(one.shifts for one in skipped.values()),
            "skipped_minutes": sum(one.minutes for one in skipped.values()),
        }
        return snapshot, msgspec.structs.replace(stored, **sums)

    def is_same(self) -> bool:
        """Whether everybody's digest is still that of before anything was read."""
        return self._before is not None and self._before.equals(PersonDigests(self._session.each(*self.queries())))

    def unchanged(self, plan: SlicePlan, stored: StoredState, *, is_same: bool) -> str | None:
        """Who is unchanged after this decision, as text; None if nobody is. `is_same`: everybody's digest is known to
        be that of before anything was read.
        """
        fetched, before = self._fetched, self._before
        if before is None or before.tables is None or fetched.base is None or (parts := fetched.parts) is None:
            return None
        sums = unchanged_people(plan, stored, fetched.skipped, outdated=self._outdated)
        after = before if is_same else self._after(sums) if sums or not fetched.skipped else None
        if after is not None and after.tables != before.tables:
            return None
        fresh = (
            UnchangedPerson(
                user, one.employee_id, one.shifts, one.minutes, parts.digests[user], digest, one.unremembered
            )
            for user, one in sorted(sums.items())
            if after is not None
            and (digest := before.of(user, one.employee_id))
            and digest == after.of(user, one.employee_id)
        )
        return UnchangedPeople(fetched.base, before.tables, (*fetched.still_skipped(), *fresh)).text

    def _after(self, sums: dict[int, PersonSums]) -> PersonDigests:
        """The digests once more, if only of some people were rows read: others may have edited rows since."""
        session, window = self._session, self._window
        only = None
        if self._fetched.skipped:
            only = Persons(tuple(e for one in sums.values() if (e := one.employee_id) is not None), tuple(sums))
        return PersonDigests(session.each(*person_queries(session, window, self._fetched.earlier, only)))

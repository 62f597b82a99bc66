"""What a look needs beside its answer: the types of breaks, the names of jobs, the time clocks of users it leaves out.

Each is asked for only where something calls for it, with no transaction open, and imported only then, to keep the start
of the program fast. What was learned is written in the transaction of the slice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from connecteam_sync.core.shift import Snapshot
from connecteam_sync.engine.context import Context
from connecteam_sync.engine.decide import Unit
from connecteam_sync.store.mirror.refused import AcceptedPlan
from connecteam_sync.store.session import Session

if TYPE_CHECKING:
    from connecteam_sync.engine.assignments import Assignments
    from connecteam_sync.engine.break_types import BreakTypeReader
    from connecteam_sync.engine.jobs import JobReader
    from connecteam_sync.store.mirror.derived import Fresh


class Beside:
    """What one run learns beside its looks. `assigned` are the answers of the last day about users."""

    def __init__(self, context: Context, assigned: Mapping[int, frozenset[int] | None]) -> None:
        self._context, self._assigned = context, assigned
        self._assignments: Assignments | None = None
        self._break_types: BreakTypeReader | None = None
        self._jobs: JobReader | None = None

    def look(self, unit: Unit, snapshot: Snapshot) -> None:
        """Ask for the types of breaks and, where a column is named for jobs, for their names."""
        store = self._context.store
        if snapshot.breaks:
            from connecteam_sync.engine.break_types import BreakTypeReader

            self._break_types = self._break_types or BreakTypeReader(store, self._context.lists)
            self._break_types.look(unit.clock, {item.break_type_id for item in snapshot.breaks})
        if store.host.clock_times.job is not None and unit.saved is None and unit.policy.planner != "legacy":
            from connecteam_sync.engine.jobs import JobReader

            self._jobs = self._jobs or JobReader(self._context)
            self._jobs.look(snapshot.shifts)

    def fresh(self, session: Session, unit: Unit) -> Fresh | None:
        """What this run has learned for optional columns; a saved plan was made without it."""
        if unit.saved is not None or not session.optional:
            return None
        from connecteam_sync.store.mirror.derived import Fresh

        kinds = self._break_types.fresh(unit.clock) if self._break_types else ()
        return Fresh(self._jobs.fresh if self._jobs else (), kinds)

    def unasked(self, taken: AcceptedPlan) -> tuple[int, ...]:
        """The users of whom rows are held, since this answer does not list them, and who were not asked about today."""
        if all(hold.reason != "user_not_listed" for hold in taken.plan.holds):
            return ()
        return self._of_users().unasked(taken.plan, taken.stored)

    def ask(self, users: tuple[int, ...]) -> Mapping[int, frozenset[int]]:
        """Ask which time clocks these users are on; what is known of all users by then."""
        assignments = self._of_users()
        assignments.ask(users)
        return assignments.known

    def _of_users(self) -> Assignments:
        from connecteam_sync.engine.assignments import Assignments

        self._assignments = self._assignments or Assignments(lambda: self._context.client, self._assigned)
        return self._assignments

    def write_assignments(self, session: Session) -> None:
        """Write which time clocks users are on."""
        if self._assignments is not None:
            self._assignments.write(session)

    def write_lists(self, session: Session, time_clock: int) -> tuple[str, str]:
        """Write types of breaks and names of jobs; the notes of both for the receipt."""
        kinds = self._break_types.write(session, time_clock) if self._break_types else ""
        return kinds, self._jobs.write(session) if self._jobs else ""

    def written(self, *, jobs: bool) -> None:
        """The transaction of a slice is committed; `jobs`: names of jobs were written in it."""
        if self._assignments is not None:
            self._assignments.written()
        if self._jobs is not None and jobs:
            self._jobs.written()

"""Users whom an answer does not list: Connecteam is asked, once a day for each, which time clocks they are on.

What it says lets no row go. It tells the hold whether the person was taken off the time clock, or whether the answer
was incomplete. No transaction is open while it is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from connecteam_sync.api.client import Connecteam
from connecteam_sync.core.change import SlicePlan
from connecteam_sync.core.clocktime import StoredState
from connecteam_sync.engine.decide import is_turned_away, now
from connecteam_sync.errors import UpstreamError
from connecteam_sync.store.mirror.assignments import write_assignments
from connecteam_sync.store.session import Session

MOST = 25
"""The most users that one run asks about; the others wait for the next one."""


class Assignments:
    """What one run knows of assignments. `known` are the answers of the last day, None where there was none."""

    def __init__(self, client: Callable[[], Connecteam], known: Mapping[int, frozenset[int] | None]) -> None:
        self._client, self._asked = client, dict(known)
        self._fresh: dict[int, frozenset[int] | None] = {}
        self._left = MOST

    @property
    def known(self) -> dict[int, frozenset[int]]:
        """The time clocks of each user of whom Connecteam said it, for `RunEvidence.assigned`."""
        return {user: clocks for user, clocks in self._asked.items() if clocks is not None}

    def unasked(self, decision: SlicePlan, stored: StoredState) -> tuple[int, ...]:
        """The users of whom rows are held since no answer lists them, and who were not asked about within a day."""
        held = [hold for hold in decision.holds if hold.reason == "user_not_listed"]
        if not held or not self._left:
            return ()
        employees = {hold.employee_id for hold in held if hold.user_id is None}
        users = {hold.user_id for hold in held if hold.user_id is not None}
        users |= {user for user, employee in stored.employees.items() if employees and employee in employees}
        return tuple(sorted(users - self._asked.keys() - decision.snapshot.listed))[: self._left]

    def ask(self, users: tuple[int, ...]) -> None:
        """Ask about these users, a call each. One about whom nothing can be learned is asked about tomorrow; any other
        failure ends the asking of this run.
        """
        for user in users:
            self._left -= 1
            self._asked[user] = None
            try:
                self._asked[user] = self._fresh[user] = self._client().assignments(user)
            except UpstreamError as error:
                if not is_turned_away(error):
                    self._left = 0
                    self._asked |= dict.fromkeys(users)
                    return
                self._fresh[user] = None

    def write(self, session: Session) -> None:
        """Remember what was learned, in the transaction of a slice."""
        if self._fresh:
            write_assignments(session, self._fresh, now())

    def written(self) -> None:
        """That transaction is committed."""
        self._fresh = {}

"""Difficulties of a history besides edits: shifts that change clocks, people mapped twice, rows that others point at,
rows that the host's table refuses, looks that fail or are left out. Each life has some of them, at random.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping

from connecteam_sync.core.change import SlicePlan, subject_of
from connecteam_sync.core.clocktime import Child, ClockTime, StoredState
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.window import Window
from support.oracle import Fact, begins_on

_TWO_CLOCKS, _MOVING, _FAILING, _TWICE, _CHILDREN, _REFUSING = 0.1, 0.7, 0.5, 0.15, 0.2, 0.2
_OFTEN, _SELDOM = 0.4, 0.15
BY_ID = Child(table="payslips.clock_time_id", count=1)
BY_KEY = Child(table="approvals.clock_in", count=2, fields=frozenset({"employee_id", "clock_in"}), follows=False)
LIMITS = ("long", "open", "uneven")
"""Rows that a host's table may refuse: over fourteen hours, without an end, with seconds in the end."""


class Sight:
    """The looks of a run so far: shifts by name, the (clock, window) of successful looks, and the failed ones."""

    def __init__(self) -> None:
        self.facts: dict[str, Fact] = {}
        self.looked: set[tuple[int, Window]] = set()
        self.failed: set[int] = set()


class Hardships:
    """The hardships of a life and their state. A `calm` life has none."""

    def __init__(self, seed: int, *, clocks: tuple[int, ...], calm: bool) -> None:
        self.chance = random.Random(seed * 100 + 13)  # noqa: S311 - repeatable, no secrets

        def has(share: float) -> bool:
            return self.chance.random() < share and not calm

        self.clocks = (7, 8) if has(_TWO_CLOCKS) else clocks
        self.moves = has(_MOVING) and len(self.clocks) > 1
        self.fails = has(_FAILING) and len(self.clocks) > 1
        self.maps_twice, self.has_children, self.has_limit = has(_TWICE), has(_CHILDREN), has(_REFUSING)
        self.children: dict[RowId, tuple[Child, ...]] = {}
        self.limit: str | None = None
        self.twice: dict[int, tuple[int, ...]] = {}

    def befall(self, people: Mapping[int, int], employees: dict[int, int], rows: Iterable[ClockTime]) -> None:
        """Between two looks: map a person twice or once again, add or remove children, set or remove a limit."""
        if self.maps_twice and self.chance.random() < _SELDOM:
            for user in self.twice:
                employees[user] = people[user]
            self.twice = {}
            if self.chance.random() < _OFTEN:
                user, other = self.chance.sample(sorted(people), 2)
                self.twice = {user: tuple(sorted((people[user], people[other])))}
                del employees[user]
        if self.has_limit and self.chance.random() < _SELDOM:
            self.limit = self.chance.choice([None, *LIMITS])
        if self.has_children:
            there = sorted(row.id for row in rows if row.id is not None)
            self.children = {row: of for row, of in self.children.items() if row in there}
            for row in there:
                if self.chance.random() < _SELDOM:
                    self.children.pop(row, None)
                    if self.chance.random() < _OFTEN:
                        self.children[row] = (self.chance.choice([BY_ID, BY_KEY]),)

    def is_refused(self, image: ClockTime | None) -> bool:
        """Whether the host's table refuses a row with these values."""
        if image is None or self.limit is None:
            return False
        end = image.clock_out
        if self.limit == "open" or end is None:
            return self.limit == "open" and end is None
        return end - image.clock_in > 14 * 3600 if self.limit == "long" else end % 60 != 0

    def refused(self, decision: SlicePlan) -> dict[str, str]:
        """The records of a plan that the table refuses, by subject, as a trial finds them."""
        changes = (c for c in decision.changes if c.kind != "link" and self.is_refused(c.after))
        return {subject_of(change): f'CHECK constraint "{self.limit}"' for change in changes}


def no_delete_without_evidence(
    decision: SlicePlan, stored: StoredState, sight: Sight, *, clocks: Iterable[int], locked: Iterable[str]
) -> int:
    """Check every delete of a plan against the looks of the run, without the planner's word; returns their number."""
    deletes = [change for change in decision.changes if change.kind == "delete"]
    if not deletes:
        return 0
    window, listed = decision.window, decision.snapshot.listed
    contested = set(stored.ambiguous) | {e for several in stored.ambiguous.values() for e in several}
    for change in deletes:
        row = change.before
        assert row is not None
        assert row.source == "connecteam", f"not ours: {change}"
        assert not sight.failed, f"clock {sight.failed} may have it: {change}"
        assert row.id not in stored.children, f"rows point at it: {change}"
        assert not begins_on(row.clock_in, locked), f"locked: {change}"
        fact = sight.facts.get(change.shift_id or "")
        if fact is not None:
            # The shift exists, but another one comes first on its key: its row is deleted.
            key = (stored.employees[fact.user], fact.start)
            duplicate_groups = [f.name for f in sight.facts.values() if (stored.employees.get(f.user), f.start) == key]
            assert len(duplicate_groups) > 1, f"the shift is there: {change}"
            continue
        assert window.start_utc <= row.clock_in < window.end_utc, f"outside of the window: {change}"
        if change.shift_id is None:
            users = {user for user, employee in stored.employees.items() if employee == row.employee_id}
            assert users, f"whose is it? {change}"
            assert users <= listed, f"not listed: {change}"
            assert row.employee_id not in contested, f"mapped twice: {change}"
            assert {(clock, window) for clock in clocks} <= sight.looked, f"a clock was not looked at: {change}"
        else:
            assert change.user_id in listed, f"not listed: {change}"
            assert change.user_id not in contested, f"mapped twice: {change}"
    return len(deletes)

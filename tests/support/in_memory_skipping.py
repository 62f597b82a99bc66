"""The same look with the people skipped of whom nothing is to be decided: it must come to the same plan.

The people of whom the last plan of a look decided nothing, and of whom neither answer nor rows nor memory differ since,
are skipped of both; the plan with them is the judge.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from connecteam_sync.core.change import Policy, SlicePlan
from connecteam_sync.core.clocktime import StoredState
from connecteam_sync.core.evidence import RunEvidence
from connecteam_sync.core.plan import plan
from connecteam_sync.core.shift import Snapshot
from connecteam_sync.core.unchanged_people import PersonSums, reaches_into, unchanged_people
from connecteam_sync.core.window import Window

_Kept = tuple[PersonSums, object]


class Looked(NamedTuple):
    """What a look is planned of."""

    window: Window
    snapshot: Snapshot
    stored: StoredState
    policy: Policy
    evidence: RunEvidence


class Skipping:
    """What is kept of each look: its unchanged people, and all that was known of each of them then."""

    def __init__(self) -> None:
        self._kept: dict[object, tuple[object, Mapping[int, _Kept]]] = {}

    def check(self, looked: Looked, whole: SlicePlan) -> frozenset[int]:
        """Plan the look without those who are unchanged, and compare; who was skipped."""
        window, snapshot, stored, policy, evidence = looked
        if policy.orphans == "delete" or evidence.account or stored.refused:
            return frozenset()
        # Who was unchanged by a look is unchanged at the end of the run, too.
        stage = "part" if evidence.stage == "end" else evidence.stage
        base = (stored.locked, stored.employees, stored.ambiguous, stored.children, policy, stage)
        place = (window, snapshot.time_clock_id)
        before, kept = self._kept.get(place, (None, {}))
        facts = {user: self._facts(user, window, snapshot, stored) for user in snapshot.listed}
        skipped = (
            frozenset(u for u, (_, known) in kept.items() if facts.get(u) == known) if before == base else frozenset()
        )
        if skipped:
            self._compare(looked, whole, {u: kept[u][0] for u in skipped})
        if evidence.stage != "end":
            unchanged = unchanged_people(whole, stored, outdated=evidence.outdated)
            self._kept[place] = (base, {user: (sums, facts[user]) for user, sums in unchanged.items()})
        return skipped

    @staticmethod
    def _facts(user: int, window: Window, snapshot: Snapshot, stored: StoredState) -> object:
        """All that is known of a user: shifts of the answer, and rows and tracked shifts of these days."""
        days, employee = window.padded(), stored.employees.get(user)
        low, high = days.start_utc, days.end_utc
        return (
            tuple(sorted((shift for shift in snapshot.shifts if shift.user_id == user), key=lambda one: one.id)),
            tuple(row for row in stored.rows if row.employee_id == employee and low <= row.clock_in < high),
            tuple(
                sorted(
                    (m for m in stored.mirrors if m.shift.user_id == user and low <= m.shift.start < high),
                    key=lambda one: one.shift.id,
                )
            ),
        )

    @staticmethod
    def _compare(looked: Looked, whole: SlicePlan, sums: Mapping[int, PersonSums]) -> None:
        window, snapshot, stored, policy, evidence = looked
        employees = {one.employee_id for one in sums.values()}
        part = msgspec.structs.replace(
            snapshot, shifts=tuple(shift for shift in snapshot.shifts if shift.user_id not in sums)
        )
        # A database gives what ids and links of the others lead to, as well.
        names = {shift.id for shift in part.shifts}
        mirrors = tuple(m for m in stored.mirrors if m.shift.user_id not in sums or m.shift.id in names)
        links = {m.clock_time_id for m in mirrors} - {None}
        rows = tuple(row for row in stored.rows if row.employee_id not in employees or row.id in links)
        unlinked = {row.id for row in rows} - links
        mirrors += tuple(m for m in stored.mirrors if m.clock_time_id in unlinked and m not in mirrors)
        state = msgspec.structs.replace(
            stored,
            rows=rows,
            mirrors=mirrors,
            skipped_shifts=sum(one.shifts for one in sums.values()),
            skipped_minutes=sum(one.minutes for one in sums.values()),
        )
        if reaches_into(part, state, sums):
            return
        found = plan(window, part, state, policy, evidence)
        if found.refusals:
            return
        for field in whole.__struct_fields__:
            if field not in {"snapshot", "losses"}:
                one, other = getattr(whole, field), getattr(found, field)
                assert one == other, f"{field} with people skipped: {other} where all together are {one}"

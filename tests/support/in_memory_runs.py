"""Runs on a table in memory: every look planned and applied, then the end of the run; each plan is checked."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial

import msgspec

from connecteam_sync.core.change import Hold, Policy, SlicePlan
from connecteam_sync.core.end_of_run import ROUNDS, left_for_the_end
from connecteam_sync.core.evidence import RunEvidence
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.plan import plan
from connecteam_sync.core.shift import Snapshot
from connecteam_sync.core.window import Window
from support.hardships import Hardships, Sight, no_delete_without_evidence
from support.in_memory_skipping import Looked, Skipping
from support.in_memory_table import CUTS, PADDED, WINDOW, Table, look, shifts_of
from support.oracle import Fact

_TURNING, _HALF = 0.4, 0.5


class InMemoryRuns:
    """The part of a life that makes runs, and the state they need."""

    chance: random.Random
    hard: Hardships
    table: Table
    clocks: tuple[int, ...]
    on_plan: Callable[[SlicePlan], object]

    def __init__(self) -> None:
        self.facts: dict[str, Fact] = {}
        self.reach: Counter[str] = Counter()
        self.locked: frozenset[str] = frozenset()
        self.sight = Sight()
        self.homes: dict[str, RowId] = {}
        self.skipping = Skipping()

    def come_to_rest(self, shown: list[Fact], listed: frozenset[int], policy: Policy) -> list[Hold]:
        """Repeat the look at the whole window until it writes nothing; returns its holds."""
        return self.come_to_rest_in([WINDOW], shown, listed, policy)

    def come_to_rest_in(
        self, parts: list[Window], shown: list[Fact], listed: frozenset[int], policy: Policy
    ) -> list[Hold]:
        """Repeat the look until it writes nothing; one part of one time clock must do so after the first."""
        slices = len(parts) * len(self.clocks)
        # A key may pass from one time clock to the other and back: two looks more than there are parts.
        for number in range(2 + slices):
            holds, wrote = self._once(parts, shown, listed, policy)
            if not wrote:
                self.reach["idempotence" if slices == 1 else "parts and time clocks come to rest"] += 1
                return holds
            assert slices > 1 or number == 0, "idempotence"
        message = f"{slices} parts do not come to rest"
        raise AssertionError(message)

    def _partly(self, shown: list[Fact], listed: frozenset[int], policy: Policy) -> None:
        """A run in which one time clock cannot be read, or that leaves it out."""
        clock = self.hard.chance.choice(self.clocks)
        fails = self.hard.chance.random() < _HALF
        parts = list(self.hard.chance.choice([(WINDOW,), *CUTS]))
        self._once(parts, shown, listed, policy, failing=clock if fails else None, leaving=None if fails else clock)
        self.reach["a time clock is not looked at"] += 1
        self.homes = {}

    def _once(
        self,
        parts: list[Window],
        shown: list[Fact],
        listed: frozenset[int],
        policy: Policy,
        *,
        failing: int | None = None,
        leaving: int | None = None,
    ) -> tuple[list[Hold], bool]:
        """One run over parts of the window and time clocks: every look, then the end of the run.

        The look at the clock `failing` fails, and the clock `leaving` is left out.
        """
        clocks = [clock for clock in self.clocks if clock != leaving]
        units = [(window, clock) for window in parts for clock in clocks]
        account = {clock: f"time clock {clock}" for clock in self.clocks} if policy.orphans == "delete" else {}
        evidence = RunEvidence(((clock, window) for window, clock in units), account=account)
        self.sight = Sight()
        # The last look of a window decides on rows without a shift; if it fails, another look does.
        read = [clock for clock in clocks if clock != failing]
        decides = None if failing is not None and policy.orphans == "report" else read[-1]
        policies = {clock: policy if clock == decides else _undecided(policy) for clock in clocks}
        decide = partial(self._unit, shown=shown, listed=listed, evidence=evidence, policies=policies)
        plans: list[SlicePlan] = []
        looked: list[tuple[Window, int]] = []
        for window, clock in units:
            if clock == failing:
                evidence.add_failure(clock, window, "it is down")
                self.sight.failed.add(clock)
            else:
                looked.append((window, clock))
                plans.append(decide(window, clock))
        holds = {unit: decision.holds for unit, decision in zip(looked, plans, strict=True)}
        wrote = any(decision.changes or decision.mirrors for decision in plans)
        left = looked
        for _ in range(ROUNDS):
            orphans = {plan.window for plan in plans if plan.pending.orphans}
            left = [left[number] for number in left_for_the_end(plans, evidence)]
            if not left:
                break
            if leaving is not None and self.hard.chance.random() < _HALF:
                for window in orphans:
                    self._saw(evidence, window, self._answer(window, leaving, shown, listed), as_evidence=True)
            self.reach["absences are decided last"] += 1
            plans = [decide(window, clock) for window, clock in left]
            holds |= {unit: decision.holds for unit, decision in zip(left, plans, strict=True)}
            wrote |= any(decision.changes or decision.mirrors for decision in plans)
        return [hold for found in holds.values() for hold in found], wrote

    @staticmethod
    def _answer(window: Window, clock: int, shown: list[Fact], listed: frozenset[int]) -> Snapshot:
        low, high = PADDED[window]
        shifts = shifts_of([fact for fact in shown if fact.clock == clock and low <= fact.start < high])
        return look(shifts, listed, window, clock=clock)

    def _saw(self, evidence: RunEvidence, window: Window, snapshot: Snapshot, *, as_evidence: bool = False) -> None:
        """A look came about: the planner is told, and it is noted here next to it."""
        evidence.add_snapshot(window, snapshot, as_evidence=as_evidence)
        self._note(window, snapshot)

    def _note(self, window: Window, snapshot: Snapshot) -> None:
        self.sight.facts |= {shift.id: self.facts[shift.id] for shift in snapshot.shifts}
        self.sight.looked.add((snapshot.time_clock_id, window))

    def _unit(
        self,
        window: Window,
        clock: int,
        *,
        shown: list[Fact],
        listed: frozenset[int],
        policies: Mapping[int, Policy],
        evidence: RunEvidence,
    ) -> SlicePlan:
        policy = policies[clock]
        snapshot = self._answer(window, clock, shown, listed)
        self._note(window, snapshot)
        stored = self.table.read(window, snapshot, self.locked)
        decision = plan(window, snapshot, stored, policy, evidence)
        while refused := self.hard.refused(decision):
            assert not refused.keys() & stored.refused.keys(), "a refused record harms only itself: tried again"
            stored = msgspec.structs.replace(stored, refused=stored.refused | refused)
            decision = plan(window, snapshot, stored, policy, evidence)
        self.on_plan(decision)
        left = self.skipping.check(Looked(window, snapshot, stored, policy, evidence), decision)
        self.reach["people are skipped"] += bool(left)
        self.reach["people are skipped beside changes"] += bool(left and decision.changes)
        if self.chance.random() < _TURNING:
            turned = msgspec.structs.replace(snapshot, shifts=snapshot.shifts[::-1])
            other = msgspec.structs.replace(stored, rows=stored.rows[::-1], mirrors=stored.mirrors[::-1])
            self._same(decision, plan(window, turned, other, policy, evidence))
        deletes = no_delete_without_evidence(decision, stored, self.sight, clocks=self.clocks, locked=self.locked)
        self.reach["no delete without evidence"] += deletes
        assert not deletes or evidence.stage != "part", "a row went before the end of its run"
        if decision.changes or decision.mirrors:
            self.table.apply(decision)
        if evidence.account:
            self._nobody_twice(decision)
        evidence.add_snapshot(window, snapshot, coming=decision.losses.coming, outdated=decision.outdated)
        return decision

    def _nobody_twice(self, decision: SlicePlan) -> None:
        """No commit of a run leaves new rows together with as many hours of old rows that are to be deleted."""
        stored, (low, high) = self.table.stored, (decision.window.start_utc, decision.window.end_utc)
        linked = {mirror.clock_time_id for mirror in stored.mirrors}
        # A row on the clock-in of a shift belongs to it, even if the correction of its end is held.
        shown = {(self.table.employees.get(shift.user_id), shift.start) for shift in decision.snapshot.shifts}
        for person in {change.image.employee_id for change in decision.changes if change.kind == "create"}:
            ours = [r for r in stored.rows if r.is_ours and r.employee_id == person and low <= r.clock_in < high]
            old = sum(row.minutes for row in ours if row.id not in linked and row.key not in shown)
            new = sum(row.minutes for row in ours if row.id in linked)
            assert not old or old < new * 0.8, f"employee {person} has hours twice: {old} beside {new} minutes"
            self.reach["nobody has their hours twice"] += 1

    def _same(self, one: SlicePlan, other: SlicePlan) -> None:
        assert (one.changes, one.holds, one.mirrors) == (other.changes, other.holds, other.mirrors), "order"
        self.reach["a function of its inputs"] += 1


def _undecided(policy: Policy) -> Policy:
    """For a look that does not decide on rows without a shift."""
    return msgspec.structs.replace(policy, orphans="ignore")

"""The plan of a run: every look planned without writing, then the decisions left for the end of the run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from connecteam_sync.api.wire import People
from connecteam_sync.core.absences import nothing_seen, unreadable
from connecteam_sync.core.change import Planner, Policy, SlicePlan
from connecteam_sync.core.clocktime import StoredState
from connecteam_sync.core.end_of_run import ROUNDS, left_for_the_end
from connecteam_sync.core.evidence import RunEvidence
from connecteam_sync.core.locks import as_kept
from connecteam_sync.core.run import Failure, Plan
from connecteam_sync.core.shift import Snapshot
from connecteam_sync.core.tracking import as_if_applied
from connecteam_sync.core.window import Window
from connecteam_sync.engine.context import Context
from connecteam_sync.engine.decide import REFUSED, Considered, Unit, decided_in, is_turned_away, now
from connecteam_sync.engine.slices import hull_of
from connecteam_sync.errors import ConnecteamSyncError, Rejected
from connecteam_sync.store.history.holds import standing_subjects, with_acknowledged
from connecteam_sync.store.mirror.people import assignments_of, assignments_query
from connecteam_sync.store.mirror.refused import as_last_tried
from connecteam_sync.store.mirror.stored import stored_state
from connecteam_sync.store.tables.support import require_table
from connecteam_sync.version import __version__

if TYPE_CHECKING:
    from connecteam_sync.core.decision_inputs import DecisionInputs


def propose(
    context: Context,
    windows: Iterable[Window] | None,
    *,
    resync: bool = False,
    planner: Planner | None = None,
    inputs: list[DecisionInputs] | None = None,
) -> tuple[Plan, list[StoredState]]:
    """The plan of a sync, and the stored state that each slice plan was made on. Nothing is written.

    The inputs of each decision are added to `inputs`.
    """
    chosen = tuple(windows) if windows is not None else None
    store, belonging, choosing = context.store, context.belonging, context.choosing
    choosing.begin()
    asked, account, vouched, *past = store.fetch(
        "checking the database",
        assignments_query(store.own, now()),
        *belonging.queries(),
        *choosing.queries(chosen),
    )
    belonging.check_rows((account, vouched))
    # A table that cannot be read correctly cannot be planned for.
    require_table(store.host, store.columns(), store.dialect)
    policy = _policy(context, resync=resync, planner=planner)
    belonging.check_company()
    people = context.client.users()
    units = choosing.units(chosen, past, policy)
    evidence = choosing.evidence(units, policy)
    # Only what a run has learned: a plan asks nothing that it could not remember.
    evidence.assigned = {user: clocks for user, clocks in assignments_of(asked).items() if clocks is not None}
    return Proposer(context, people, units, evidence, inputs).propose()


def _policy(context: Context, *, resync: bool, planner: Planner | None) -> Policy:
    """The policy, part of which is in the database and was read with the first queries."""
    policy = context.policy
    if resync:
        policy = msgspec.structs.replace(policy, orphans="delete")
    if planner is not None:
        policy = msgspec.structs.replace(policy, planner=planner)
    return policy


class _Planned(NamedTuple):
    """A unit with its look, its stored state and its plan."""

    unit: Unit
    snapshot: Snapshot
    stored: StoredState
    plan: SlicePlan


class Proposer:
    """One proposal in progress: looks once at every unit, and writes nothing."""

    def __init__(
        self,
        context: Context,
        people: People,
        units: Sequence[Unit],
        evidence: RunEvidence,
        inputs: list[DecisionInputs] | None = None,
    ) -> None:
        self._inputs = inputs
        self.store, self.client, self.people, self.units, self.evidence = (
            context.store,
            context.client,
            people,
            list(units),
            evidence,
        )
        self._is_archived, self._elsewhere = context.choosing.is_archived, context.elsewhere
        self._step = context.step("looking", [unit.window for unit in units])
        self._planned: list[_Planned] = []
        self._failures: list[Failure] = []
        self._failed: set[Window] = set()

    def propose(self) -> tuple[Plan, list[StoredState]]:
        """The slice plans of the run in order, and the stored state of each."""
        for unit in self.units:
            self._step.begins(unit.clock, unit.window)
            result = self._fetch_and_plan(unit)
            if isinstance(result, _Planned):
                self._step.done(unit.clock, unit.window, None, result.plan.counts)
            else:
                self._step.failed(unit.clock, unit.window, result)
        made = {self.units.index(planned.unit): planned.plan for planned in self._planned}
        more = self._elsewhere.units(self.units, made, self.evidence)
        for unit in more:
            self._fetch_and_plan(unit)
        self.units += more
        self._plan_the_end()
        plans = tuple(planned.plan for planned in self._planned)
        proposal = Plan(
            window=hull_of(unit.window for unit in self.units),
            plans=plans,
            failures=tuple(self._failures),
            version=__version__,
        )
        return proposal, [planned.stored for planned in self._planned]

    def _plan_the_end(self) -> None:
        """Plan what the looks left for the end of the run, until nothing is left."""
        newest = list(self._planned)
        for _ in range(ROUNDS):
            left = [newest[n] for n in left_for_the_end([planned.plan for planned in newest], self.evidence)]
            if not left:
                return
            orphans = {planned.unit.window for planned in newest if planned.plan.pending.orphans}
            self._elsewhere.owners(self.evidence, self.people, orphans, {unit.clock for unit in self.units})
            newest = [planned for planned in newest if all(planned is not other for other in left)]
            newest += [self._plan(planned.unit, planned.snapshot, planned.stored) for planned in left]

    def _fetch_and_plan(self, unit: Unit) -> _Planned | ConnecteamSyncError:
        """One look and its plan; if it fails, the error, which is also recorded."""
        try:
            snapshot = self.client.fetch_snapshot(unit.clock, unit.window, self.people)
        except ConnecteamSyncError as error:
            self.evidence.add_failure(unit.clock, unit.window, error.message, turned_away=is_turned_away(error))
            if isinstance(error, Rejected) and is_turned_away(error) and self._is_archived(unit.clock):
                return self._unreadable(unit, error)
            self._failed.add(unit.window)
            self._failures.append(failure_of(unit.clock, unit.window, error))
            return error
        planned = self._plan(unit, snapshot, None)
        plan = planned.plan
        if plan.refusals:
            self.evidence.add_refused(unit.window, snapshot, REFUSED, outdated=plan.outdated)
        else:
            self.evidence.add_snapshot(unit.window, snapshot, coming=plan.losses.coming, outdated=plan.outdated)
        return planned

    def _plan(self, unit: Unit, snapshot: Snapshot, stored: StoredState | None) -> _Planned:
        policy = unit.policy
        if unit.window in self._failed and policy.orphans == "report":
            policy = msgspec.structs.replace(policy, orphans="ignore")
        with self.store.reading() as session:
            seen = {m.shift.id: m.shift.start for planned in self._planned for m in planned.plan.mirrors}
            snapshot, found = as_kept(snapshot, stored_state(session, unit.window, snapshot, seen_starts=seen))
            tried = as_last_tried(session, found)
            as_if = as_if_applied(tried, (planned.plan for planned in self._planned), unit.window)
            considered = Considered(unit._replace(policy=policy), snapshot)
            plan = decided_in(session, considered, self.evidence, as_if)
        if self._inputs is not None and (made := considered.inputs(self.evidence, plan)) is not None:
            self._inputs.append(made)
        self._planned.append(_Planned(unit, snapshot, stored or found, plan))
        return self._planned[-1]

    def _unreadable(self, unit: Unit, error: Rejected) -> _Planned:
        """The plan for an archived time clock that Connecteam no longer shows: its rows stay, held."""
        snapshot = nothing_seen(unit.clock, unit.window, self.people.users)
        with self.store.reading() as session:
            snapshot, found = as_kept(snapshot, stored_state(session, unit.window, snapshot))
            standing = standing_subjects(session, unit.clock)
            plan = unreadable(unit.window, snapshot, found, unit.policy, error.message, standing=standing)
        plan = with_acknowledged(plan, session.holds)
        self._planned.append(_Planned(unit, snapshot, found, plan))
        return self._planned[-1]


def failure_of(clock: int | None, window: Window, error: ConnecteamSyncError) -> Failure:
    """The failure of a look."""
    return Failure(
        time_clock_id=clock,
        window=window,
        error=error.message,
        error_name=error.name,
        next_step=error.next_step,
        exit_code=error.exit_code,
        retryable=error.retryable,
    )


def newest_plans(plans: Sequence[SlicePlan], stored: Sequence[StoredState]) -> list[tuple[SlicePlan, StoredState]]:
    """The last plan of each look, with the stored state before its first one."""
    before: dict[tuple[int, Window], StoredState] = {}
    newest: dict[tuple[int, Window], SlicePlan] = {}
    for plan, state in zip(plans, stored, strict=True):
        before.setdefault((plan.time_clock_id, plan.window), state)
        newest[plan.time_clock_id, plan.window] = plan
    return [(plan, before[key]) for key, plan in newest.items()]

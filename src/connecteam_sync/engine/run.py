"""The main use case: look, read, plan and apply, slice by slice.

No transaction is open during a request to Connecteam. A slice (a time clock, at most a month) is one look and one
transaction: rows, tracked shifts, journal and receipt commit together, and a failed slice does not affect others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import timedelta
from itertools import islice
from typing import NamedTuple

import msgspec

from connecteam_sync.core.change import Policy, SlicePlan
from connecteam_sync.core.end_of_run import ROUNDS, left_for_the_end
from connecteam_sync.core.run import Plan, Run, RunKind, Slice
from connecteam_sync.core.window import MAX_WINDOW_DAYS, Window
from connecteam_sync.engine.context import Context, fresh_run
from connecteam_sync.engine.decide import Unit, now, require_fingerprints
from connecteam_sync.engine.events import Step, run_began
from connecteam_sync.engine.inputs import Inputs
from connecteam_sync.engine.receipts import RunRecord
from connecteam_sync.engine.run_state import RunState
from connecteam_sync.engine.saved_plan import stale
from connecteam_sync.engine.slice import SliceRunner
from connecteam_sync.engine.slices import hull_of
from connecteam_sync.errors import ConfigurationError, ConnecteamSyncError, LockHeld, NotServed, Rejected
from connecteam_sync.store.history.runs import UNKNOWN, used_lists_of, used_lists_query
from connecteam_sync.store.mirror.digest import remembered_query
from connecteam_sync.store.mirror.people import assignments_of, assignments_query
from connecteam_sync.store.session import newest_receipt_query
from connecteam_sync.store.sql.pipeline import Rows
from connecteam_sync.store.tables.columns import require_served
from connecteam_sync.store.tables.support import require_people, require_table


def run(
    context: Context,
    kind: RunKind,
    windows: Iterable[Window] | None,
    *,
    accept: Iterable[str] = (),
    wanted: Plan | None = None,
    kept: str | None = None,
) -> Run:
    """Look, plan and apply, slice by slice. `accept`: fingerprints of changes that guards are to let through.

    Without `windows`, the days of a default run. With `wanted`, a saved plan, each slice must have exactly its changes;
    `kept` is its fingerprint if it is a kept one. Failures are receipts of their slices.
    """
    chosen = tuple(windows) if windows is not None else None
    began = _begin(context, kind, chosen, accept, is_resync=wanted is not None and wanted.is_resync)
    slices, record, state = began.slices, began.slices.record, began.slices.state
    record.kept_plan = kept
    try:
        _choose(context, began, chosen, wanted)
    except ConfigurationError:
        # The key is another company's: this is not recorded as a run of this database.
        raise
    except ConnecteamSyncError as error:
        context.emit(run_began(record.run))
        record.failed(None, record.run.window, error)
        return record.finish()
    record.run = msgspec.structs.replace(record.run, window=hull_of(unit.window for unit in state.units))
    context.emit(run_began(record.run, slices=len(state.units)))
    _Rounds(context, slices, wanted).go_over()
    return record.finish(state.accept_all_command())


# -- before anything is looked at --------------------------------------------------------------------------------------


class _FirstRows(NamedTuple):
    """The first rows read: the newest receipt, the fingerprints of slices, what is known of assignments, and older days
    with open rows.
    """

    head: int
    remembered: Rows
    assignments: Rows
    past: Sequence[Rows]


class _Began(NamedTuple):
    """A run whose looks are not chosen yet."""

    slices: SliceRunner
    assigned: dict[int, frozenset[int] | None]
    policy: Policy
    past: Sequence[Rows]


def _begin(
    context: Context, kind: RunKind, chosen: tuple[Window, ...] | None, accept: Iterable[str], *, is_resync: bool
) -> _Began:
    """Check the database and the tables, without a request to Connecteam."""
    hull = hull_of(chosen) if chosen else _longest(context)
    first_rows = _check(context, hull, chosen)
    state = RunState(is_resync=kind == "resync" or is_resync, requested=hull if chosen else None)
    policy = _policy(context, accept, state)
    _require_tables(context, policy)
    record = RunRecord(context, fresh_run(context.store, kind, hull))
    is_plain = policy.orphans != "delete"
    inputs = Inputs(
        state,
        first_rows.remembered,
        by_digest=context.by_digest and is_plain,
        by_person=context.by_person and is_plain and _reads_by_person(context),
    )
    assigned = assignments_of(first_rows.assignments)
    slices = SliceRunner(context, state, record, inputs, assigned, head=first_rows.head)
    return _Began(slices, assigned, policy, first_rows.past)


def _reads_by_person(context: Context) -> bool:
    """Whether rows of some people can be read by themselves, and follow from nothing but their own shifts."""
    store = context.store
    columns = store.columns()
    is_found = columns.has_person_index or not store.dialect.reads_by_key
    return is_found and not columns.optional(store.host.clock_times)


def _choose(context: Context, began: _Began, chosen: tuple[Window, ...] | None, wanted: Plan | None) -> None:
    """Check the company of the key, fetch the users, and choose the looks of the run."""
    state, choosing = began.slices.state, context.choosing
    context.belonging.check_company()
    state.people = context.lists.users()
    if wanted is not None:
        state.units = choosing.saved_units(wanted, began.policy)
    else:
        state.units = choosing.units(chosen, began.past, began.policy)
    state.evidence = choosing.evidence(state.units, began.policy)
    state.evidence.assigned = {user: clocks for user, clocks in began.assigned.items() if clocks is not None}


def _longest(context: Context) -> Window:
    """The longest window that a default run may look at."""
    last = context.choosing.last()
    return Window(last.last - timedelta(days=MAX_WINDOW_DAYS), last.last, context.timezone)


def _check(context: Context, hull: Window, chosen: tuple[Window, ...] | None) -> _FirstRows:
    """Send the first queries together, and check the account."""
    own, belonging, choosing = context.store.own, context.belonging, context.choosing
    choosing.begin()
    queries = (
        newest_receipt_query(own),
        remembered_query(own, [hull]),
        assignments_query(own, now()),
        *belonging.queries(),
    )
    # Asked for only where lists are remembered: a command has none.
    used = (used_lists_query(own),) if context.lists.are_remembered else ()
    newest, remembered, assignments, account, vouched, *past = context.store.fetch(
        "checking the database", *queries, *used, *choosing.queries(chosen)
    )
    belonging.check_rows((account, vouched))
    head = int(newest[0][0])
    context.lists.begin(head, used_lists_of(*past.pop(0)[0]) if used else UNKNOWN)
    return _FirstRows(head, remembered, assignments, past)


def _policy(context: Context, accept: Iterable[str], state: RunState) -> Policy:
    """The policy, part of which is in the database and was read with the first queries."""
    policy = msgspec.structs.replace(context.policy, accepted=require_fingerprints(accept))
    return msgspec.structs.replace(policy, orphans="delete") if state.is_resync else policy


def _require_tables(context: Context, policy: Policy) -> None:
    """The host's tables can take the rows that a run may write. Raises NotServed."""
    store = context.store
    require_table(store.host, store.columns(), store.dialect)
    creates = policy.employees == "create"
    require_served(store.host, store.columns(), creates_employees=creates)
    if creates:
        require_people(store.host, store.columns())


# -- every slice, and the end of the run -------------------------------------------------------------------------------


class _Rounds:
    """Does every unit of a run, then those that left decisions for its end. `wanted` is the saved plan, if any."""

    def __init__(self, context: Context, slices: SliceRunner, wanted: Plan | None) -> None:
        self._slices, self._wanted, self._state = slices, wanted, slices.state
        self._elsewhere, self._is_archived = context.elsewhere, context.choosing.is_archived
        self._first = context.step("mirroring", [unit.window for unit in self._state.units])
        self._later = context.step("finishing", counted=False)

    def go_over(self) -> None:
        """Do every unit, then those with decisions left, until none is left."""
        state = self._state
        places: list[int] = list(range(len(state.units)))
        made: list[int] = []
        ended: Counter[int] = Counter()
        for round_ in range(ROUNDS + 1):
            if not self._do_all(places, self._later if round_ else self._first):
                return
            if not round_:
                added = self._look_elsewhere()
                if not self._do_all(added, self._later):
                    return
                places += added
            made = [*(place for place in made if place not in places), *places]
            plans = [state.plans.get(place) for place in made]
            left = {made[number] for number in left_for_the_end(plans, state.evidence)}
            places = sorted(left if round_ else left | self._hand_over())
            if not places:
                self._refuse_not_done()
                return
            self._prepare(places, plans, ended)

    def _look_elsewhere(self) -> range:
        """Add the looks that turned out to be missing; their places."""
        state = self._state
        more = self._elsewhere.units(state.units, state.plans, state.evidence)
        added = range(len(state.units), len(state.units) + len(more))
        state.units += more if self._wanted is None else _not_shown(more, self._wanted)
        return added

    def _prepare(self, places: Sequence[int], plans: Sequence[SlicePlan | None], ended: Counter[int]) -> None:
        """Prepare these places for the end of the run: look at other time clocks, and attach the saved plans."""
        state = self._state
        orphans = {plan.window for plan in plans if plan is not None and plan.pending.orphans}
        mirrored = {unit.clock for unit in state.units}
        self._elsewhere.owners(state.evidence, state.people, orphans, mirrored)
        if self._wanted is not None:
            state.units = [_at_the_end(unit, self._wanted, ended[n]) for n, unit in enumerate(state.units)]
            ended.update(places)

    def _hand_over(self) -> set[int]:
        """If the look that decides on rows without a shift failed, another of its days decides; the places of those."""
        state = self._state
        handed: set[int] = set()
        for place in state.undone:
            unit = state.units[place]
            if unit.policy.orphans == "ignore":
                continue
            seen = [n for n, other in enumerate(state.units) if other.window == unit.window and state.plans.get(n)]
            if seen:
                state.units[seen[-1]] = state.units[seen[-1]]._replace(policy=unit.policy)
                handed.add(seen[-1])
        return handed

    def _refuse_not_done(self) -> None:
        """Refuse saved changes for the end of the run, if their looks now leave nothing for it."""
        saved = self._wanted.plans if self._wanted is not None else ()
        at_the_end = [plan for plan in saved if plan.stage == "end" and plan.changes]
        for place, unit in enumerate(self._state.units):
            done, key = self._state.plans.get(place), (unit.clock, unit.window)
            left = [c for plan in at_the_end if (plan.time_clock_id, plan.window) == key for c in plan.changes]
            if left and done is not None and done.stage != "end":
                self._slices.failed(*key, stale(left))

    def _do_all(self, places: Sequence[int], step: Step) -> bool:
        """Do these units in order. False if the run has to stop."""
        return all(self._do(place, step, last=place == places[-1]) for place in places)

    def _do(self, place: int, step: Step, *, last: bool) -> bool:
        """Do one unit; a failure becomes its receipt. False if the run has to stop."""
        unit = self._state.units[place]
        step.begins(unit.clock, unit.window)
        done: Slice | ConnecteamSyncError
        try:
            done = self._slices.run(place, last=last)
        except (LockHeld, NotServed) as error:
            self._slices.stopped(unit, error)
            step.failed(unit.clock, unit.window, error, ends_run=True)
            return False
        except Rejected as error:
            done = self._rejected(unit, error)
        except ConnecteamSyncError as error:
            self._slices.failed(unit.clock, unit.window, error)
            done = error
        self._note(place, done)
        if isinstance(done, Slice):
            step.done(unit.clock, unit.window, done.status, done.counts)
        else:
            step.failed(unit.clock, unit.window, done)
        return True

    def _rejected(self, unit: Unit, error: Rejected) -> Slice | Rejected:
        """Connecteam refuses to show a time clock: the rows of an archived one are held; else it is a failure."""
        if error.is_of_the_key or not self._is_archived(unit.clock):
            self._slices.failed(unit.clock, unit.window, error)
            return error
        return self._slices.unreadable(unit, error)

    def _note(self, place: int, done: Slice | ConnecteamSyncError) -> None:
        """Note the result of a unit, and limit what other looks of the same days may delete."""
        state, unit = self._state, self._state.units[place]
        if not isinstance(done, Slice) or unit.clock not in state.evidence.read_clocks(unit.window):
            state.undone.add(place)
        if not isinstance(done, Slice):
            # A report of rows without a shift waits for the next run; with `delete`, they are held instead.
            state.silence(unit.window, {"report"})
        elif done.status == "refused":
            state.silence(unit.window, {"report", "delete"})


def _at_the_end(unit: Unit, wanted: Plan, before: int) -> Unit:
    """A unit with its saved plan for the end of the run, the one after `before` earlier ones; an empty plan if there is
    none. What a guard stopped at its first look, and a person accepts now, was shown too: it is decided at the end.
    """
    plans = [p for p in wanted.plans if (p.time_clock_id, p.window) == (unit.clock, unit.window)]
    end = next(islice((plan for plan in plans if plan.stage == "end"), before, None), None)
    saved = end or msgspec.structs.replace(wanted.plans[0], changes=(), fingerprint="", stage="end")
    accepted = [
        change
        for plan in plans
        for refusal in plan.refusals
        if refusal.fingerprint in unit.policy.accepted
        for change in refusal.stopped
    ]
    changes = tuple(dict.fromkeys((*saved.changes, *(accepted if not before else ()))))
    return unit._replace(saved=msgspec.structs.replace(saved, changes=changes))


def _not_shown(units: Iterable[Unit], wanted: Plan) -> list[Unit]:
    """Further looks of a run that applies a saved plan: they may write nothing, since nothing of them was shown."""
    nothing = msgspec.structs.replace(wanted.plans[0], changes=(), fingerprint="")
    return [unit._replace(saved=nothing) for unit in units]

"""The main use case: look, read, plan and apply, slice by slice.

No transaction is open while Connecteam is asked. A slice (time clock, at most a month) is one look and one transaction;
its rows, memory, journal and receipt commit together, and one slice's failure leaves the others alone.
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
from connecteam_sync.engine.decide import Unit, require_fingerprints
from connecteam_sync.engine.events import Step, run_began
from connecteam_sync.engine.inputs import Inputs
from connecteam_sync.engine.receipts import RunRecord
from connecteam_sync.engine.run_state import RunState
from connecteam_sync.engine.saved_plan import stale
from connecteam_sync.engine.slice import SliceRunner
from connecteam_sync.engine.slices import hull_of
from connecteam_sync.errors import ConfigurationError, ConnecteamSyncError, LockHeld, NotServed, Rejected
from connecteam_sync.store.mirror.digest import remembered_query
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
) -> Run:
    """Look, plan and apply, slice by slice. `accept`: fingerprints of what guards may let through.

    Without `windows`, what a default run looks at. With `wanted`, each plan must make the very changes of the saved
    one. Failures are receipts of their slices.
    """
    chosen = tuple(windows) if windows is not None else None
    began = _begin(context, kind, chosen, accept, is_resync=wanted is not None and wanted.is_resync)
    slices, record, state = began.slices, began.slices.record, began.slices.state
    try:
        _choose(context, began, chosen, wanted)
    except ConfigurationError:
        # The key is another company's: that is no run of this database.
        raise
    except ConnecteamSyncError as error:
        context.emit(run_began(record.run))
        record.failed(None, record.run.window, error)
        return record.finish()
    record.run = msgspec.structs.replace(record.run, window=hull_of(unit.window for unit in state.units))
    context.emit(run_began(record.run, slices=len(state.units)))
    _Rounds(context, slices, wanted).go_over()
    return record.finish(state.way_through())


# -- before anything is looked at --------------------------------------------------------------------------------------


class _Found(NamedTuple):
    """What the database says first: its newest receipt, what is remembered of slices, and of older days."""

    head: int
    remembered: Rows
    past: Sequence[Rows]


class _Began(NamedTuple):
    """A run before its looks are known."""

    slices: SliceRunner
    policy: Policy
    past: Sequence[Rows]


def _begin(
    context: Context, kind: RunKind, chosen: tuple[Window, ...] | None, accept: Iterable[str], *, is_resync: bool
) -> _Began:
    """Check the database and the tables; Connecteam is asked nothing yet."""
    hull = hull_of(chosen) if chosen else _longest(context)
    found = _check(context, hull, chosen)
    state = RunState(is_resync=kind == "resync" or is_resync, asked=hull if chosen else None)
    policy = _policy(context, accept, state)
    _require_tables(context, policy)
    record = RunRecord(context, fresh_run(kind, hull))
    inputs = Inputs(state, found.remembered, by_digest=context.by_digest and policy.orphans != "delete")
    return _Began(SliceRunner(context, state, record, inputs, head=found.head), policy, found.past)


def _choose(context: Context, began: _Began, chosen: tuple[Window, ...] | None, wanted: Plan | None) -> None:
    """Ask whose the key is, for the people, and which looks the run makes."""
    state, choosing = began.slices.state, context.choosing
    context.belonging.ask()
    state.people = context.client.users()
    if wanted is not None:
        state.units = choosing.saved_units(wanted, began.policy)
    else:
        state.units = choosing.units(chosen, began.past, began.policy)
    state.looks = choosing.looks(state.units, began.policy)


def _longest(context: Context) -> Window:
    """The most that a run of no chosen days looks at."""
    last = context.choosing.last()
    return Window(last.last - timedelta(days=MAX_WINDOW_DAYS), last.last, context.timezone)


def _check(context: Context, hull: Window, chosen: tuple[Window, ...] | None) -> _Found:
    """Ask the database all at once, whose data it holds too, which is checked."""
    own, belonging, choosing = context.store.own, context.belonging, context.choosing
    choosing.begin()
    asked = (newest_receipt_query(own), remembered_query(own, [hull]), *belonging.queries())
    newest, remembered, account, vouched, *past = context.store.fetch(
        "checking the database", *asked, *choosing.queries(chosen)
    )
    belonging.heard((account, vouched))
    return _Found(int(newest[0][0]), remembered, past)


def _policy(context: Context, accept: Iterable[str], state: RunState) -> Policy:
    """Part of the policy is in the database, and comes with what was asked."""
    policy = msgspec.structs.replace(context.policy, accepted=require_fingerprints(accept))
    return msgspec.structs.replace(policy, orphans="delete") if state.is_resync else policy


def _require_tables(context: Context, policy: Policy) -> None:
    """The host's tables can take what a run may write. Raises NotServed."""
    store = context.store
    require_table(store.host, store.columns(), store.dialect)
    creates = policy.employees == "create"
    require_served(store.host, store.columns(), creates_employees=creates)
    if creates:
        require_people(store.host, store.columns())


# -- every slice, and the end of the run -------------------------------------------------------------------------------


class _Rounds:
    """Goes over every unit of a run, then over what they left for its end. `wanted` is the saved plan, if any."""

    def __init__(self, context: Context, slices: SliceRunner, wanted: Plan | None) -> None:
        self._slices, self._wanted, self._state = slices, wanted, slices.state
        self._elsewhere, self._is_archived = context.elsewhere, context.choosing.is_archived
        self._first = context.step("mirroring", [unit.window for unit in self._state.units])
        self._later = context.step("finishing", counted=False)

    def go_over(self) -> None:
        """Every unit, then what they left, until nothing is left."""
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
            left = {made[number] for number in left_for_the_end(plans, state.looks)}
            places = sorted(left if round_ else left | self._hand_over())
            if not places:
                self._refuse_not_done()
                return
            self._prepare(places, plans, ended)

    def _look_elsewhere(self) -> range:
        """The places of the looks that showed to be missing."""
        state = self._state
        more = self._elsewhere.units(state.units, state.plans, state.looks)
        added = range(len(state.units), len(state.units) + len(more))
        state.units += more if self._wanted is None else _not_shown(more, self._wanted)
        return added

    def _prepare(self, places: Sequence[int], plans: Sequence[SlicePlan | None], ended: Counter[int]) -> None:
        """Whatever these places need for the end of the run: what other time clocks say, and what was saved of it."""
        state = self._state
        orphans = {plan.window for plan in plans if plan is not None and plan.pending.orphans}
        mirrored = {unit.clock for unit in state.units}
        self._elsewhere.owners(state.looks, state.people, orphans, mirrored)
        if self._wanted is not None:
            state.units = [_at_the_end(unit, self._wanted, ended[n]) for n, unit in enumerate(state.units)]
            ended.update(places)

    def _hand_over(self) -> set[int]:
        """Where the look that decides on rows without a shift did not come about, another of its days does it."""
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
        """Refuse what saved plans change at the end of the run where their looks leave nothing for it by now."""
        saved = self._wanted.plans if self._wanted is not None else ()
        at_the_end = [plan for plan in saved if plan.stage == "end" and plan.changes]
        for place, unit in enumerate(self._state.units):
            done, key = self._state.plans.get(place), (unit.clock, unit.window)
            left = [c for plan in at_the_end if (plan.time_clock_id, plan.window) == key for c in plan.changes]
            if left and done is not None and done.stage != "end":
                self._slices.failed(*key, stale(left))

    def _do_all(self, places: Sequence[int], step: Step) -> bool:
        """These units, one after the other. False where the run had better stop."""
        return all(self._do(place, step, last=place == places[-1]) for place in places)

    def _do(self, place: int, step: Step, *, last: bool) -> bool:
        """One unit; its failure is its own. False where the run had better stop."""
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
        """Connecteam does not show a time clock: of an archived one the rows are held, else that is a failure."""
        if error.is_of_the_key or not self._is_archived(unit.clock):
            self._slices.failed(unit.clock, unit.window, error)
            return error
        return self._slices.unreadable(unit, error)

    def _note(self, place: int, done: Slice | ConnecteamSyncError) -> None:
        """What the other looks of the same days may do after this one."""
        state, unit = self._state, self._state.units[place]
        if not isinstance(done, Slice) or unit.clock not in state.looks.read_clocks(unit.window):
            state.undone.add(place)
        if not isinstance(done, Slice):
            # What a failed look leaves undecided is held where rows may go; a mere report waits for the next run.
            state.silence(unit.window, {"report"})
        elif done.status == "refused":
            state.silence(unit.window, {"report", "delete"})


def _at_the_end(unit: Unit, wanted: Plan, before: int) -> Unit:
    """A unit with what its saved plan makes of it at the end of the run, if it was gone over so often before: nothing,
    if there is none.
    """
    plans = [p for p in wanted.plans if (p.time_clock_id, p.window) == (unit.clock, unit.window)]
    end = next(islice((plan for plan in plans if plan.stage == "end"), before, None), None)
    return unit._replace(saved=end or msgspec.structs.replace(wanted.plans[0], changes=(), fingerprint="", stage="end"))


def _not_shown(units: Iterable[Unit], wanted: Plan) -> list[Unit]:
    """Further looks of a run that does what was saved: whatever they would write was not shown."""
    nothing = msgspec.structs.replace(wanted.plans[0], changes=(), fingerprint="")
    return [unit._replace(saved=nothing) for unit in units]

"""One slice of a run: a look and a transaction, tried again where others get in between."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import msgspec

from connecteam_sync.core.absences import nothing_seen, unreadable
from connecteam_sync.core.change import Pending, SlicePlan
from connecteam_sync.core.events import SliceAgain
from connecteam_sync.core.run import Slice
from connecteam_sync.core.window import Window
from connecteam_sync.engine.context import Context
from connecteam_sync.engine.decide import REFUSED, Unit, decided_in, is_turned_away, now, to_write
from connecteam_sync.engine.events import of_commit
from connecteam_sync.engine.inputs import Inputs
from connecteam_sync.engine.receipts import RunRecord, planned_slice, refused_slice
from connecteam_sync.engine.run_state import RunState
from connecteam_sync.engine.snapshot import Look
from connecteam_sync.errors import ConnecteamSyncError, DatabaseError, LockHeld, NotServed, RecordRefused, RowMoved
from connecteam_sync.store.history import runs
from connecteam_sync.store.history.holds import held_before, with_acknowledged
from connecteam_sync.store.mirror.apply import ApplyResult, apply, writes_anything, writes_users
from connecteam_sync.store.mirror.digest import (
    SliceFingerprint,
    combined,
    digest_queries,
    receipt_of,
    receipt_query,
    remember,
)
from connecteam_sync.store.mirror.refused import Decided
from connecteam_sync.store.session import Session
from connecteam_sync.store.sql.pipeline import Query, Rows
from connecteam_sync.store.sql.statements import PendingId

ATTEMPTS = 5
"""How often a slice is tried again where other programs or runs get in between."""


class _Done(NamedTuple):
    """What a slice came to, once it is committed; `plan` is None where nothing had to be decided."""

    receipt: Slice
    number: PendingId
    ended: int | None
    plan: SlicePlan | None
    applied: ApplyResult | None


class _Overtaken(NamedTuple):
    """Other runs committed after the look, `newest` is their last receipt; `overlaps`: of some of the same days."""

    overlaps: bool
    newest: int


class SliceRunner:
    """Does the slices of one run. `head` is the newest receipt that the run knows of."""

    def __init__(self, context: Context, state: RunState, record: RunRecord, inputs: Inputs, *, head: int) -> None:
        self.store, self.client, self._emit = context.store, context.client, context.emit
        self._belonging = context.belonging
        self.state, self.record, self._inputs, self._head = state, record, inputs, head

    def run(self, place: int, *, last: bool) -> Slice:
        """One look and one transaction; looked at again if another run came first, tried again if rows moved.

        With the `last` one the run's end is noted too, unless something is left for the end.
        """
        unit = self.state.units[place]
        self.state.begin_slice(unit.window)
        moved: DatabaseError = RowMoved(f"other runs keep writing {unit.window}", next_step="run the command again")
        look, troubled = self._ask(unit), False
        for attempt in range(ATTEMPTS):
            if look.known is None:
                look.snapshot(self.state.people)  # before anything is locked
            try:
                came = self._try(unit, look, last=last, troubled=troubled)
            except (RowMoved, RecordRefused) as error:
                moved, troubled = error, _require_again(error, attempt, is_last=troubled or unit.saved is not None)
                self._again(unit, error)
                continue
            if isinstance(came, _Done):
                return self._keep(place, look, came)
            if came is not None:
                look = self._catch_up(unit, look, came)
        raise moved

    def _ask(self, unit: Unit) -> Look:
        """What the time clock says now, and what is remembered of it."""
        return self._inputs.look(unit, self.client.ask(unit.clock, unit.window))

    def _try(self, unit: Unit, look: Look, *, last: bool, troubled: bool) -> _Done | _Overtaken | None:
        """One transaction; None where it showed that what was thought to be as remembered has to be read after all."""
        with self.store.writing(f"mirroring {unit.window}", self._opening(unit, look)) as session:
            (overlapping, newest, account), *found = (session.opening[0][0], *session.opening[1:])
            session.opening.clear()
            self._belonging.require_unmoved(session, int(account))
            overtaken = _Overtaken(bool(overlapping), int(newest)) if newest else None
            if overtaken is not None and (troubled or unit.saved is not None):
                return overtaken
            return self._decide(session, unit, look, found, overtaken, last=last, troubled=troubled)

    def _catch_up(self, unit: Unit, look: Look, came: _Overtaken) -> Look:
        """Whoever came first may know newer people: an older list is never written over a newer one."""
        self._head = came.newest
        self._emit(SliceAgain(time_clock_id=unit.clock, window=unit.window, why="another_run"))
        self.state.people = self.client.users()
        return self._ask(unit) if came.overlaps else look

    def _again(self, unit: Unit, error: DatabaseError) -> None:
        moved = isinstance(error, RowMoved)
        self._emit(
            SliceAgain(time_clock_id=unit.clock, window=unit.window, why="row_moved" if moved else "record_refused")
        )

    def _opening(self, unit: Unit, look: Look) -> Callable[[Session], list[Query]]:
        """What is asked with the lock: whether another run came first; and what is stored for a snapshot, or whether
        all of it is as remembered.
        """

        def queries(session: Session) -> list[Query]:
            newer = session.newer_query(unit.clock, unit.window, self._head, self.record.number)
            if look.known is None:
                return [newer, *session.stored_queries(unit.window, look.snapshot(self.state.people))]
            return [newer, receipt_query(session.own, look.known.slice_id), *digest_queries(session, look.known)]

        return queries

    # -- deciding ----------------------------------------------------------------------------------------------------

    def _decide(
        self,
        session: Session,
        unit: Unit,
        look: Look,
        found: list[Rows],
        overtaken: _Overtaken | None,
        *,
        last: bool,
        troubled: bool,
    ) -> _Done | _Overtaken | None:
        """What becomes of a look, under the lock; None where it has to be read after all.

        A look that was overtaken stands if nothing comes of it: it agrees with what the newer ones left.
        """
        if look.known is not None:
            return self._as_remembered(session, look, look.known, found, last=last)
        snapshot = look.snapshot(self.state.people)
        stored = session.stored(unit.window, snapshot, found)
        deciding = partial(decided_in, session, unit, snapshot, self.state.looks)
        taken = to_write(session, stored, deciding, unit.saved, troubled=troubled)
        if overtaken is not None and _would_overwrite(session, taken.plan, overtaken):
            return overtaken
        number = self.record.begin(session)
        self._belonging.remember(session)
        receipt, applied = self._write(session, number, taken, look)
        ends = last and not self.state.is_open(taken.plan)
        ended = self.record.end(session, number.value) if ends else None
        return _Done(receipt, number, ended, taken.plan, applied)

    def _as_remembered(
        self, session: Session, look: Look, known: SliceFingerprint, found: list[Rows], *, last: bool
    ) -> _Done | None:
        """The receipt of before where all of it is as it was; None, and nothing known of the look, where it is not."""
        digest = combined(found[1:])
        if digest == known.digest:
            receipt = receipt_of(found[0])
            last = last and not self.state.is_open(None)
            number, ended = self.record.repeat(session, receipt, last=last)
            return _Done(receipt, number, ended, None, None)
        look.before = msgspec.structs.replace(known, digest=digest or "")
        look.known = None
        return None

    def _keep(self, place: int, look: Look, done: _Done) -> Slice:
        """What the rest of the run knows of a slice that is committed."""
        state, unit = self.state, self.state.units[place]
        self.record.number, self.record.ended = done.number.value, done.ended
        self.record.slices.append(done.receipt)
        state.plans[place] = _outline(done.plan) if done.plan and done.receipt.status != "refused" else None
        if done.plan is None:
            state.looks.was_quiet(unit.clock, unit.window)
        elif done.receipt.status == "refused":
            state.looks.refused(unit.window, look.snapshot(state.people), REFUSED)
        else:
            state.looks.saw(unit.window, look.snapshot(state.people), coming=done.plan.losses.coming)
        if done.receipt.status != "refused" and state.looks.stage != "end":
            state.answers.append(look.answer)
        if done.plan is not None:
            self._tell(done.number.value, done.plan, done.applied)
        return done.receipt

    def _tell(self, number: int, plan: SlicePlan, applied: ApplyResult | None) -> None:
        for event in of_commit(number, plan, applied):
            self._emit(event)

    # -- writing -----------------------------------------------------------------------------------------------------

    def _write(
        self, session: Session, number: PendingId, taken: Decided, look: Look | None
    ) -> tuple[Slice, ApplyResult | None]:
        """Refuse or write, and the receipt either way; and what it was decided on."""
        decision = taken.plan
        if decision.refusals:
            self.state.stopped[decision.time_clock_id, decision.window] = decision.refusals
            receipt = refused_slice(decision, resync=self.state.is_resync)
            runs.record_slice(session, number.value, receipt)
            return receipt, None
        done = apply(session, decision, taken.stored, run=number, now=now(), order=taken.order)
        notes = (done.note, self._belonging.note if not self.record.slices else "")
        receipt = msgspec.structs.replace(planned_slice(decision), note="; ".join(filter(None, notes)) or None)
        people: dict[str, object] | None = None
        if done.employees_made or done.renamed:
            people = {"made": done.employees_made, "removed": (), "renamed": done.renamed}
        runs.record_slice(session, number.value, receipt, people)
        # A doubt bears on what every other look of a run may let go: such an answer is read each time.
        leans = decision.leans or decision.pending != Pending() or bool(decision.snapshot.invalid_records)
        if look is not None and look.inputs is not None and not leans:
            remember(session, decision, taken.stored, look.inputs, done=done, before=look.before)
        return receipt, done

    # -- what does not come about ------------------------------------------------------------------------------------

    def unreadable(self, unit: Unit, error: ConnecteamSyncError) -> Slice:
        """The receipt of an archived time clock that Connecteam does not show any more: its rows are held."""
        state = self.state
        state.looks.failed(unit.clock, unit.window, error.message, turned_away=True)
        snapshot = nothing_seen(unit.clock, unit.window, state.people.users)
        with self.store.writing(f"mirroring {unit.window}") as session:
            stored = session.stored(unit.window, snapshot)
            standing = held_before(session, unit.clock)
            plan = unreadable(unit.window, snapshot, stored, unit.policy, error.message, standing=standing)
            number = self.record.begin(session)
            taken = Decided(with_acknowledged(plan, session.holds), stored, None)
            receipt, applied = self._write(session, number, taken, None)
            note = f"time clock {unit.clock} is archived and cannot be read: {error.message}"
            receipt = msgspec.structs.replace(receipt, note=note)
        self.record.number = number.value
        self.record.slices.append(receipt)
        self._tell(number.value, taken.plan, applied)
        return receipt

    def failed(self, clock: int, window: Window, error: ConnecteamSyncError, *, record: bool = True) -> None:
        """A slice that did not come about: the other looks of its days know it."""
        self.state.looks.failed(clock, window, error.message, turned_away=is_turned_away(error))
        self.record.failed(clock, window, error, record=record)

    def stopped(self, unit: Unit, error: LockHeld | NotServed) -> None:
        """The receipt of the slice that ends a run before its time. Raises a NotServed where nothing is recorded yet:
        that is no run at all.
        """
        is_table = isinstance(error, NotServed)
        if is_table and self.record.number is None:
            raise error
        self.failed(unit.clock, unit.window, error, record=is_table)


def _require_again(error: DatabaseError, attempt: int, *, is_last: bool) -> bool:
    """Whether the next attempt is to look for the record that is the trouble. Raises the error where it had to."""
    if isinstance(error, RowMoved):
        # Rows that keep moving may be a trigger's doing, which shows where they are written one by one.
        time.sleep(0.05 * 2**attempt)
        return attempt > 0
    if is_last:
        raise error
    return True


def _would_overwrite(session: Session, plan: SlicePlan, by: _Overtaken) -> bool:
    """Whether a plan might put something older in the place of what newer runs wrote.

    Runs of other days, or of other time clocks, may only know newer people.
    """
    return writes_anything(session, plan) if by.overlaps else writes_users(session, plan)


def _outline(plan: SlicePlan) -> SlicePlan:
    """What the end of a run goes by: a run of a year would else keep every answer of it."""
    snapshot = msgspec.structs.replace(
        plan.snapshot, users=(), listed=frozenset(), shifts=(), breaks=(), invalid_records=()
    )
    return msgspec.structs.replace(
        plan, snapshot=snapshot, mirrors=(), breaks=(), breaks_gone=(), holds=(), changes=plan.changes[:1]
    )

"""One slice of a run: a look and a transaction, tried again if others write in between."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from connecteam_sync.core.absences import nothing_seen, unreadable
from connecteam_sync.core.change import Pending, SlicePlan
from connecteam_sync.core.clocktime import StoredState
from connecteam_sync.core.events import InputsNotKept, SliceAgain
from connecteam_sync.core.locks import as_kept, left_out_text
from connecteam_sync.core.run import Slice
from connecteam_sync.core.shift import Snapshot
from connecteam_sync.core.window import Window
from connecteam_sync.engine.beside import Beside
from connecteam_sync.engine.context import Context
from connecteam_sync.engine.decide import REFUSED, Considered, Unit, decided_in, is_turned_away, now, to_write
from connecteam_sync.engine.events import of_commit
from connecteam_sync.engine.inputs import Inputs
from connecteam_sync.engine.receipts import RunRecord, planned_slice, refused_slice
from connecteam_sync.engine.run_state import RunState, outline
from connecteam_sync.engine.snapshot import FetchedSlice
from connecteam_sync.errors import ConnecteamSyncError, DatabaseError, LockHeld, NotServed, RecordRefused, RowMoved
from connecteam_sync.store.history.holds import standing_subjects, with_acknowledged
from connecteam_sync.store.history.receipt_text import receipt_of
from connecteam_sync.store.history.runs import UNKNOWN, used_lists_columns, used_lists_of
from connecteam_sync.store.mirror.apply import ApplyResult, apply, writes_anything, writes_users
from connecteam_sync.store.mirror.digest import SliceFingerprint, combined, digest_queries, remember
from connecteam_sync.store.mirror.refused import AcceptedPlan
from connecteam_sync.store.mirror.stored import stored_queries, stored_state
from connecteam_sync.store.session import Session
from connecteam_sync.store.sql.pipeline import Query, Rows
from connecteam_sync.store.sql.statements import PendingId

if TYPE_CHECKING:
    from connecteam_sync.core.decision_inputs import DecisionInputs
    from connecteam_sync.engine.person_look import PeopleLook

ATTEMPTS = 5
"""How often a slice is tried if other programs or runs write in between."""


class _Done(NamedTuple):
    """The result of a committed slice; `plan` is None if nothing had to be decided."""

    receipt: Slice
    number: PendingId
    ended: int | None
    plan: SlicePlan | None
    applied: ApplyResult | None
    inputs: DecisionInputs | None = None
    """What it was decided of, if it changed, refused or held something new."""


class _Overtaken(NamedTuple):
    """Other runs committed after the look; `newest` is their last receipt, `overlaps`: of some of the same days.

    `by_others`: whether the last of them may have gone by other people than this run.
    """

    overlaps: bool
    newest: int
    by_others: bool


class _Unasked(NamedTuple):
    """Users whom an answer does not list, and of whom Connecteam is to be asked before anything is decided."""

    users: tuple[int, ...]


class SliceRunner:
    """Does the slices of one run. `head` is the number of the newest receipt that the run knows of."""

    def __init__(
        self,
        context: Context,
        state: RunState,
        record: RunRecord,
        inputs: Inputs,
        assigned: Mapping[int, frozenset[int] | None],
        *,
        head: int,
    ) -> None:
        self.store, self.client, self._emit = context.store, context.client, context.emit
        self._context, self._keeps = context, context.keeps_inputs
        self._belonging, self._lists = context.belonging, context.lists
        self.state, self.record, self._inputs, self._head = state, record, inputs, head
        self._beside = Beside(context, assigned)
        self._by_person: PeopleLook | None = None
        self._considered: Considered | None = None

    def run(self, place: int, *, last: bool) -> Slice:
        """One look and one transaction; a new look if another run came first, another try if rows moved.

        The `last` slice records the end of the run too, unless decisions are left for it.
        """
        unit = self.state.units[place]
        self._considered = None
        self.state.begin_slice(unit.window)
        moved: DatabaseError = RowMoved(f"other runs keep writing {unit.window}", next_step="run the command again")
        fetched, troubled = self._fetch(unit), False
        for attempt in range(ATTEMPTS):
            if fetched.known is None:
                self._read(unit, fetched)  # before anything is locked
            try:
                outcome = self._try(unit, fetched, last=last, troubled=troubled)
            except (RowMoved, RecordRefused) as error:
                moved, troubled = error, _require_again(error, attempt, is_last=troubled or unit.saved is not None)
                self._again(unit, error)
                continue
            if isinstance(outcome, _Done):
                return self._keep(place, fetched, outcome)
            if isinstance(outcome, _Unasked):
                self._ask(unit, fetched, outcome.users)
            elif outcome is not None:
                fetched = self._catch_up(unit, fetched, outcome)
        raise moved

    def _fetch(self, unit: Unit) -> FetchedSlice:
        """Fetch the time clock, and find what is remembered of equal inputs."""
        return self._inputs.fetched(unit, self.client.fetch_activities(unit.clock, unit.window))

    def _read(self, unit: Unit, fetched: FetchedSlice) -> None:
        """Decode the snapshot; with users fetched again if a shift is of one who is not on a remembered list."""
        fetched.skip_unchanged(self.state.people)
        snapshot, people = fetched.snapshot(self.state.people), self.state.people
        self.state.people = self._lists.users_with({shift.user_id for shift in snapshot.shifts}, people)
        if self.state.people is not people:
            fetched.inputs = self._inputs.digest(unit, fetched.response)
            fetched.remember_nobody()
            snapshot = fetched.snapshot(self.state.people)
        self._beside.look(unit, snapshot)

    def _try(
        self, unit: Unit, fetched: FetchedSlice, *, last: bool, troubled: bool
    ) -> _Done | _Overtaken | _Unasked | None:
        """One transaction; None if the database is not as remembered, so that its rows have to be read."""
        with self.store.writing(f"mirroring {unit.window}", self._opening(unit, fetched)) as session:
            (overlapping, newest, account, receipt, *used), *results = (session.opening[0][0], *session.opening[1:])
            session.opening.clear()
            self._belonging.require_unmoved(session, int(account))
            overtaken = _Overtaken(bool(overlapping), int(newest), self._goes_by_others(used)) if newest else None
            self._note_lists(overtaken)
            if overtaken is not None and (troubled or unit.saved is not None):
                session.is_given_up = True
                return overtaken
            if overtaken is not None and overtaken.by_others:
                self._lists.overtaken(overtaken.newest)
            done: _Done | _Overtaken | _Unasked | None
            if fetched.known is not None:
                done = self._as_remembered(session, fetched, fetched.known, receipt, results, last=last)
            else:
                done = self._decide(session, unit, fetched, results, overtaken, last=last, troubled=troubled)
            session.is_given_up = not isinstance(done, _Done)
            return done

    def _look_by_person(self, session: Session, unit: Unit, fetched: FetchedSlice) -> PeopleLook | None:
        """Imported only where a slice is decided, to keep the start of the program fast."""
        if fetched.base is None:
            return None
        from connecteam_sync.engine.person_look import PeopleLook

        return PeopleLook(session, unit.window, fetched, self.state.evidence.outdated)

    def _goes_by_others(self, used: Sequence[Any]) -> bool:
        """Whether the run that wrote the newest receipt may have gone by other people than this one."""
        return not used or used_lists_of(*used).people != self._lists.used(self.state.people).people

    def _note_lists(self, overtaken: _Overtaken | None) -> None:
        """Have receipts say by which lists this run goes; that others may have had newer ones, if they came first."""
        if self._lists.are_remembered:
            is_newest = overtaken is None or not overtaken.by_others
            self.record.goes_by = self._lists.used(self.state.people) if is_newest else UNKNOWN

    def _ask(self, unit: Unit, fetched: FetchedSlice, users: tuple[int, ...]) -> None:
        """Ask which time clocks these users are on, with no transaction open. It is an input of the decision."""
        self.state.evidence.assigned = self._beside.ask(users)
        fetched.inputs = self._inputs.digest(unit, fetched.response)
        fetched.remember_nobody()

    def _catch_up(self, unit: Unit, fetched: FetchedSlice, overtaken: _Overtaken) -> FetchedSlice:
        """After another run: fetch the users again unless it went by the same. No older list overwrites a newer one."""
        self._head = overtaken.newest
        self._emit(SliceAgain(time_clock_id=unit.clock, window=unit.window, why="another_run"))
        if overtaken.by_others:
            self.state.people = self._lists.fetch_users()
            fetched.remember_nobody()
        return self._fetch(unit) if overtaken.overlaps else fetched

    def _again(self, unit: Unit, error: DatabaseError) -> None:
        moved = isinstance(error, RowMoved)
        self._emit(
            SliceAgain(time_clock_id=unit.clock, window=unit.window, why="row_moved" if moved else "record_refused")
        )

    def _opening(self, unit: Unit, fetched: FetchedSlice) -> Callable[[Session], list[Query]]:
        """The queries sent with the lock: whether another run came first; and the stored state, or its digests if it is
        remembered.
        """

        def queries(session: Session) -> list[Query]:
            used = f", {used_lists_columns(session.own)}" if self._lists.are_remembered else ""
            known = fetched.known.slice_id if fetched.known is not None else None
            newer = session.newer_query(unit.clock, unit.window, self._head, self.record.number, known=known, also=used)
            if fetched.known is not None:
                return [newer, *digest_queries(session, fetched.known)]
            self._by_person = self._look_by_person(session, unit, fetched)
            by_person = self._by_person.queries() if self._by_person is not None else ()
            if fetched.skipped:
                return [newer, *by_person]
            return [newer, *by_person, *stored_queries(session, unit.window, fetched.snapshot(self.state.people))]

        return queries

    # -- deciding ----------------------------------------------------------------------------------------------------

    def _decide(
        self,
        session: Session,
        unit: Unit,
        fetched: FetchedSlice,
        results: list[Rows],
        overtaken: _Overtaken | None,
        *,
        last: bool,
        troubled: bool,
    ) -> _Done | _Overtaken | _Unasked:
        """Decide and write, under the lock.

        A look that was overtaken counts if it leads to no write: it agrees with what the newer ones wrote.
        """
        taken = self._taken(session, unit, fetched, results, troubled=troubled)
        if overtaken is not None and _would_overwrite(session, taken.plan, overtaken):
            return overtaken
        unasked = self._beside.unasked(taken) if unit.saved is None else ()
        if unasked:
            return _Unasked(unasked)
        number = self.record.begin(session)
        self._belonging.remember(session)
        self._beside.write_assignments(session)
        receipt, applied = self._write(session, number, taken, fetched)
        ends = last and not self.state.is_open(taken.plan)
        ended = self.record.end(session, number.value) if ends else None
        is_news = taken.plan.changes or taken.plan.refusals or (applied is not None and applied.holds.opened)
        considered = self._considered if is_news and self._keeps else None
        inputs = considered.inputs(self.state.evidence, taken.plan) if considered is not None else None
        return _Done(receipt, number, ended, taken.plan, applied, inputs)

    def _taken(
        self, session: Session, unit: Unit, fetched: FetchedSlice, results: list[Rows], *, troubled: bool
    ) -> AcceptedPlan:
        """The plan to be written: of those who are not skipped, or, if a guard stops that, of everybody."""
        by_person, people = self._by_person, self.state.people
        read: list[Rows] | None = results
        if by_person is not None:
            read = by_person.take(results)
            some = by_person.found(people)
            if some is not None:
                taken = self._decided(session, unit, *some, troubled=troubled)
                if not taken.plan.refusals:
                    return taken
            fetched.read_everybody()
        answer = fetched.snapshot(people)
        found = stored_state(session, unit.window, answer, read, fresh=self._beside.fresh(session, unit))
        return self._decided(session, unit, answer, found, troubled=troubled)

    def _decided(
        self, session: Session, unit: Unit, answer: Snapshot, found: StoredState, *, troubled: bool
    ) -> AcceptedPlan:
        snapshot, stored = as_kept(answer, found)
        self._considered = considered = Considered(unit, snapshot)
        deciding = partial(decided_in, session, considered, self.state.evidence)
        return to_write(session, stored, deciding, unit.saved, troubled=troubled)

    def _as_remembered(
        self,
        session: Session,
        fetched: FetchedSlice,
        known: SliceFingerprint,
        text: str | None,
        results: list[Rows],
        *,
        last: bool,
    ) -> _Done | None:
        """Repeat the earlier receipt, of this text, if the database is as it was; else None: `fetched` is not known."""
        digest = combined(results)
        # Its receipt is gone if another run replaced it meanwhile, and it was old enough to be folded.
        if digest == known.digest and text is not None:
            receipt = receipt_of(text)
            last = last and not self.state.is_open(None)
            number, ended = self.record.repeat(session, receipt, last=last)
            return _Done(receipt, number, ended, None, None)
        fetched.before = msgspec.structs.replace(known, digest=digest or "")
        fetched.known = None
        return None

    def _keep(self, place: int, fetched: FetchedSlice, done: _Done) -> Slice:
        """Keep the result of a committed slice for the rest of the run."""
        state, unit = self.state, self.state.units[place]
        self._beside.written(jobs=done.applied is not None)
        if fetched.fresh is not None:
            self._inputs.keep(unit, fetched.fresh)
        self.record.number, self.record.ended = done.number.value, done.ended
        self.record.slices.append(done.receipt)
        if self.record.newest_receipt is not None:
            self._lists.wrote(self.record.newest_receipt)
        state.plans[place] = outline(done.plan) if done.plan and done.receipt.status != "refused" else None
        if done.plan is None:
            state.evidence.add_unchanged(unit.clock, unit.window)
        elif done.receipt.status == "refused":
            snapshot, plan = fetched.snapshot(state.people), done.plan
            state.evidence.add_refused(unit.window, snapshot, REFUSED, outdated=plan.outdated)
        else:
            snapshot, plan = fetched.snapshot(state.people), done.plan
            state.evidence.add_snapshot(
                unit.window,
                snapshot,
                coming=plan.losses.coming,
                outdated=plan.outdated,
                skipped=frozenset(fetched.skipped),
            )
        if done.receipt.status != "refused" and state.evidence.stage != "end":
            state.responses.append(fetched.response)
        if done.plan is not None:
            self._emit_events(done.number.value, done.plan, done.applied)
        if done.inputs is not None:
            self._keep_inputs(done.receipt, done.inputs)
        fetched.drop_bytes()
        return done.receipt

    def _keep_inputs(self, receipt: Slice, inputs: DecisionInputs) -> None:
        """Keep what was decided of in a file. A file that cannot be written is an event, and changes nothing else."""
        from connecteam_sync.engine.kept_inputs import KeptSlice

        kept = self._context.kept
        if kept is None or self.record.number is None:
            return
        failure = kept.add(self.record.number, self.record.run.started_at, KeptSlice.of(receipt, inputs))
        if failure:
            self._emit(InputsNotKept(run=self.record.number, error=failure))

    def _emit_events(self, number: int, plan: SlicePlan, applied: ApplyResult | None) -> None:
        for event in of_commit(number, plan, applied):
            self._emit(event)

    # -- writing -----------------------------------------------------------------------------------------------------

    def _write(
        self, session: Session, number: PendingId, taken: AcceptedPlan, fetched: FetchedSlice | None
    ) -> tuple[Slice, ApplyResult | None]:
        """Refuse or write; record the receipt, and the inputs if the slice can be repeated by digest."""
        decision = taken.plan
        if decision.refusals:
            self.state.stopped[decision.time_clock_id, decision.window] = decision.refusals
            receipt = refused_slice(decision, resync=self.state.is_resync)
            self.record.receipt(session, number, receipt)
            return receipt, None
        done = apply(session, decision, taken.stored, run=number, now=now(), order=taken.order)
        account = self._belonging.note if not self.record.slices else ""
        kinds, jobs = self._beside.write_lists(session, decision.time_clock_id)
        notes = (done.note, account, kinds, jobs, left_out_text(decision.window, taken.stored.locked))
        receipt = msgspec.structs.replace(planned_slice(decision), note="; ".join(filter(None, notes)) or None)
        employees: dict[str, object] | None = None
        if done.employees_made or done.renamed:
            employees = {"made": done.employees_made, "removed": (), "renamed": done.renamed}
        self.record.receipt(session, number, receipt, employees)
        # An invalid record affects which rows other looks of a run may delete: such a response is decoded every time.
        if fetched is not None and fetched.inputs is not None and not decision.snapshot.invalid_records:
            fetched.fresh = remember(
                session,
                decision,
                taken.stored,
                fetched.inputs,
                done=done,
                before=fetched.before,
                check=self._by_person,
                keys=fetched.earlier.keys if fetched.skipped and fetched.earlier is not None else None,
                is_final=not decision.leans and decision.pending == Pending(),
            )
        return receipt, done

    # -- failures ----------------------------------------------------------------------------------------------------

    def unreadable(self, unit: Unit, error: ConnecteamSyncError) -> Slice:
        """The receipt of an archived time clock that Connecteam no longer shows: its rows are held."""
        state = self.state
        state.evidence.add_failure(unit.clock, unit.window, error.message, turned_away=True)
        snapshot = nothing_seen(unit.clock, unit.window, state.people.users)
        with self.store.writing(f"mirroring {unit.window}") as session:
            snapshot, stored = as_kept(snapshot, stored_state(session, unit.window, snapshot))
            standing = standing_subjects(session, unit.clock)
            plan = unreadable(unit.window, snapshot, stored, unit.policy, error.message, standing=standing)
            number = self.record.begin(session)
            taken = AcceptedPlan(with_acknowledged(plan, session.holds), stored, None)
            receipt, applied = self._write(session, number, taken, None)
            note = f"time clock {unit.clock} is archived and cannot be read: {error.message}"
            receipt = msgspec.structs.replace(receipt, note=note)
        self.record.number = number.value
        self.record.slices.append(receipt)
        self._emit_events(number.value, taken.plan, applied)
        return receipt

    def failed(self, clock: int, window: Window, error: ConnecteamSyncError, *, record: bool = True) -> None:
        """Record a failed slice, also in the evidence of other looks."""
        considered, self._considered = self._considered, None
        evidence = self.state.evidence
        is_of_it = considered is not None and (considered.unit.clock, considered.unit.window) == (clock, window)
        inputs = considered.inputs(evidence) if considered is not None and is_of_it and self._keeps else None
        evidence.add_failure(clock, window, error.message, turned_away=is_turned_away(error))
        self.record.failed(clock, window, error, record=record)
        if inputs is not None:
            self._keep_inputs(self.record.slices[-1], inputs)

    def stopped(self, unit: Unit, error: LockHeld | NotServed) -> None:
        """Record the slice that stops a run. Raises a NotServed if nothing is recorded yet: that is no run at all."""
        is_table = isinstance(error, NotServed)
        if is_table and self.record.number is None:
            raise error
        self.failed(unit.clock, unit.window, error, record=is_table)


def _require_again(error: DatabaseError, attempt: int, *, is_last: bool) -> bool:
    """Whether the next attempt has to find the refused record. Raises the error if this attempt had to find it."""
    if isinstance(error, RowMoved):
        # A trigger may keep moving rows, which shows if they are written one by one.
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

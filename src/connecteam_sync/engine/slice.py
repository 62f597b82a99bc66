"""One run as it happens: a look and a transaction for each slice, tried again where others get in between."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Container, Iterable, Sequence
from functools import partial
from itertools import chain
from typing import NamedTuple

import msgspec

from connecteam_sync.api.client import Connecteam
from connecteam_sync.api.wire import Answer, People
from connecteam_sync.core.absences import nothing_seen, unreadable
from connecteam_sync.core.change import Counts, Pending, Refusal, SlicePlan
from connecteam_sync.core.evidence import Looks
from connecteam_sync.core.guards import way_through
from connecteam_sync.core.run import Run, Slice
from connecteam_sync.core.window import Window
from connecteam_sync.engine.account import Belonging
from connecteam_sync.engine.decide import REFUSED, Unit, decided_in, is_turned_away, now, refused, to_write
from connecteam_sync.engine.saved_plan import stale
from connecteam_sync.engine.snapshot import Look
from connecteam_sync.errors import (
    ConnecteamSyncError,
    DatabaseError,
    LockHeld,
    NotServed,
    RecordRefused,
    Refused,
    RowMoved,
)
from connecteam_sync.store.history import runs
from connecteam_sync.store.history.holds import held_before, with_acknowledged
from connecteam_sync.store.mirror.apply import Applied, apply
from connecteam_sync.store.mirror.digest import (
    combined,
    digest_queries,
    inputs_of,
    receipt_of,
    receipt_query,
    remember,
    remembered,
)
from connecteam_sync.store.mirror.refused import Decided
from connecteam_sync.store.session import Session
from connecteam_sync.store.sql.pipeline import Query, Rows
from connecteam_sync.store.sql.statements import Key
from connecteam_sync.store.store import Store
from connecteam_sync.version import __version__

ATTEMPTS = 5
"""How often a slice is tried again where other programs or runs get in between."""
SHOWN = 200
"""How many of the deletes that a guard stopped a receipt names."""


def _demand_again(error: DatabaseError, attempt: int, *, is_last: bool) -> bool:
    """Whether the next attempt is to look for the record that is the trouble. Raises the error where it had to."""
    if isinstance(error, RowMoved):
        # Rows that keep moving may be a trigger's doing, which shows where they are written one by one.
        time.sleep(0.05 * 2**attempt)
        return attempt > 0
    if is_last:
        raise error
    return True


def _outline(plan: SlicePlan) -> SlicePlan:
    """What the end of a run goes by: a run of a year would else keep every answer of it."""
    snapshot = msgspec.structs.replace(plan.snapshot, users=(), listed=frozenset(), shifts=(), breaks=(), doubts=())
    return msgspec.structs.replace(
        plan, snapshot=snapshot, mirrors=(), breaks=(), breaks_gone=(), holds=(), changes=plan.changes[:1]
    )


class _Done(NamedTuple):
    """What a unit came to, once it is committed."""

    piece: Slice
    number: Key
    ended: int | None
    plan: SlicePlan | None


class Attempt:
    """One run as it happens: its number once something is recorded, and its slices so far.

    `by_digest`: a slice whose inputs are those of one that had nothing to do is not decided again. `looks` is what the
    run has looked at, `plans` the newest decision of each unit, by its place (None: nothing had to be decided).
    """

    def __init__(
        self,
        store: Store,
        client: Connecteam,
        run: Run,
        *,
        belonging: Belonging,
        by_digest: bool,
        head: int,
        found: Sequence[Rows] = (),
    ) -> None:
        self.store, self.client, self.run, self._belonging = store, client, run, belonging
        self.units: list[Unit] = []
        self.undone: set[int] = set()
        """The places of units whose look did not come about."""
        self.looks = Looks()
        self.number: int | None = None
        self.slices: list[Slice] = []
        self.plans: dict[int, SlicePlan | None] = {}
        self.is_resync = False
        """Whether rows without a shift go, by a command or by a saved plan of it."""
        self.asked: Window | None = None
        """The days that the run was asked for; None where it was told of none."""
        self._stopped: dict[tuple[int, Window], tuple[Refusal, ...]] = {}
        self.people = People(())
        self._by_digest, self._head = by_digest, head
        self._remembered = remembered(list(chain.from_iterable(found)))
        self._window: Window | None = None
        self._answers: list[Answer] = []
        self._people_digest: tuple[People, str] | None = None
        self._ended: int | None = None
        self._statements, self._calls = store.statements, client.http_calls

    def unit(self, place: int, *, last: bool) -> Slice:
        """One look and one transaction; looked at anew where another run came first, tried again where rows moved.

        With the `last` one the run's end is noted too, unless something is left for the end.
        """
        unit = self.units[place]
        window = unit.window
        if window != self._window:
            self._window, self._answers = window, []
        moved: DatabaseError = RowMoved(f"other runs keep writing {window}", next_step="run the command again")
        look, troubled = self._ask(unit), False
        for attempt in range(ATTEMPTS):
            if look.known is None:
                look.snapshot(self.people)  # before anything is locked
            try:
                with self.store.writing(f"mirroring {window}", self._opening(unit, look)) as session:
                    (overlapping, others, account), *found = (session.opening[0][0], *session.opening[1:])
                    session.opening.clear()
                    self._belonging.demand_unmoved(session, int(account))
                    if others:
                        self._head = session.newest_receipt()
                        done = None
                    else:
                        done = self._decide(session, unit, look, found, last=last, troubled=troubled)
            except (RowMoved, RecordRefused) as error:
                moved, troubled = error, _demand_again(error, attempt, is_last=troubled or unit.saved is not None)
                continue
            if done is not None:
                return self._keep(place, look, done)
            if others:
                # Whoever came first may know newer people: an older list is never written over a newer one.
                self.people = self.client.users()
                look = self._ask(unit) if overlapping else look
        raise moved

    def _ask(self, unit: Unit) -> Look:
        """What the time clock says now, and what is remembered of it."""
        answer = self.client.ask(unit.clock, unit.window)
        inputs = self._inputs(unit, answer)
        found = self._remembered.get((unit.clock, unit.window.first.isoformat(), unit.window.last.isoformat()))
        is_known = found is not None and found.inputs == inputs and unit.saved is None
        return Look(answer, inputs, found if is_known else None)

    def _keep(self, place: int, look: Look, done: _Done) -> Slice:
        """What the rest of the run knows of a unit that is committed."""
        unit = self.units[place]
        self.number, self._ended = done.number.value, done.ended
        self.slices.append(done.piece)
        self.plans[place] = _outline(done.plan) if done.plan and done.piece.status != "refused" else None
        if done.plan is None:
            self.looks.was_quiet(unit.clock, unit.window)
        elif done.piece.status == "refused":
            self.looks.refused(unit.window, look.snapshot(self.people), REFUSED)
        else:
            self.looks.saw(unit.window, look.snapshot(self.people), coming=done.plan.losses.coming)
        if done.piece.status != "refused" and self.looks.stage != "end":
            self._answers.append(look.answer)
        return done.piece

    def _decide(
        self, session: Session, unit: Unit, look: Look, found: list[Rows], *, last: bool, troubled: bool
    ) -> _Done | None:
        """What becomes of a look, under the lock; None where it has to be read after all."""
        if look.known is not None:
            digest = combined(found[1:])
            if digest == look.known.digest:
                piece = receipt_of(found[0])
                last = last and not self._is_open(None)
                number, ended = self._repeat(session, piece, last=last)
                return _Done(piece, number, ended, None)
            look.before = msgspec.structs.replace(look.known, digest=digest or "")
            look.known = None
            return None
        snapshot = look.snapshot(self.people)
        stored = session.stored(unit.window, snapshot, found)
        deciding = partial(decided_in, session, unit, snapshot, self.looks)
        taken = to_write(session, stored, deciding, unit.saved, troubled=troubled)
        number = self._begin(session)
        self._belonging.remember(session)
        piece = self._settle(session, number, taken, look)
        ends = last and not self._is_open(taken.plan)
        return _Done(piece, number, self._end(session, number.value) if ends else None, taken.plan)

    def _is_open(self, decision: SlicePlan | None) -> bool:
        """Whether any unit so far left something for the end of the run."""
        plans = [plan for plan in (*self.plans.values(), decision) if plan is not None]
        return any(plan.pending != Pending() for plan in plans)

    # -- equal inputs, equal decisions -------------------------------------------------------------------------------

    def _inputs(self, unit: Unit, answer: Answer) -> str | None:
        """A name for all that a decision is made on beside the database; None where it is to be made in any case."""
        if not self._by_digest or unit.policy.planner == "legacy" or self.looks.stage == "end":
            return None
        if self._people_digest is None or self._people_digest[0] is not self.people:
            self._people_digest = (self.people, hashlib.sha256(msgspec.json.encode(self.people)).hexdigest())
        return inputs_of(
            window=unit.window,
            policy=(unit.policy, self.looks.stage),
            people=self._people_digest[1],
            answers=[f"{one.time_clock_id} {one.digest}" for one in (*self._answers, answer)],
            version=__version__,
        )

    def _opening(self, unit: Unit, look: Look) -> Callable[[Session], list[Query]]:
        """What is asked with the lock: whether another run came first; and what is stored beside a snapshot, or whether
        all of it is as remembered.
        """

        def queries(session: Session) -> list[Query]:
            newer = session.newer_query(unit.clock, unit.window, self._head, self.number)
            if look.known is None:
                return [newer, *session.stored_queries(unit.window, look.snapshot(self.people))]
            return [newer, receipt_query(session.own, look.known.slice_id), *digest_queries(session, look.known)]

        return queries

    def _begin(self, session: Session) -> Key:
        """The number of this run, which begins where it has not yet."""
        return runs.begin_run(session, self.run) if self.number is None else Key(session, self.number)

    def _repeat(self, session: Session, piece: Slice, *, last: bool) -> tuple[Key, int | None]:
        """The receipt of a slice that was decided before; the run's number, and its end with the `last` slice."""
        if self.number is not None or not last:
            number = self._begin(session)
            self._belonging.remember(session)
            runs.record_slice(session, number.value, piece)
            return number, self._end(session, number.value) if last else None
        # All there is to say of this run is known before its first row is written: its end too.
        ended = now()
        spent = self.store.statements - self._statements + 2
        whole = msgspec.structs.replace(
            self.run, finished_at=ended, statements=spent, http_calls=self.client.http_calls - self._calls
        )
        number = runs.begin_run(session, whole)
        self._belonging.remember(session)
        runs.record_slice(session, number.value, piece)
        return number, ended

    # -- writing -----------------------------------------------------------------------------------------------------

    def _settle(self, session: Session, number: Key, taken: Decided, look: Look | None) -> Slice:
        """Refuse or write, and the receipt either way; and what it was decided on."""
        decision = taken.plan
        piece = Slice(
            time_clock_id=decision.time_clock_id,
            window=decision.window,
            status="applied" if decision.writes_rows else "nothing",
            counts=decision.counts,
            minutes=decision.minutes,
            holds=decision.holds,
            fingerprint=decision.fingerprint,
        )
        people: dict[str, object] | None = None
        done: Applied | None = None
        if decision.refusals:
            self._stopped[decision.time_clock_id, decision.window] = decision.refusals
            error = refused(decision, resync=self.is_resync)
            piece = msgspec.structs.replace(
                piece,
                status="refused",
                counts=Counts(total_shifts=decision.counts.total_shifts, held=decision.counts.held),
                minutes=msgspec.structs.replace(decision.minutes, after=decision.minutes.before),
                fingerprint=error.fingerprint,
                stopped=tuple(change for refusal in decision.refusals for change in refusal.stopped)[:SHOWN],
                error=error.message,
                error_name=error.name,
                next_step=error.next_step,
                exit_code=error.exit_code,
                retryable=error.retryable,
            )
        else:
            done = apply(session, decision, taken.stored, run=number, now=now(), order=taken.order)
            notes = (done.note, self._belonging.note if not self.slices else "")
            piece = msgspec.structs.replace(piece, note="; ".join(filter(None, notes)) or None)
            if done.employees_made or done.renamed:
                people = {"made": done.employees_made, "removed": (), "renamed": done.renamed}
        runs.record_slice(session, number.value, piece, people)
        # A doubt bears on what every other look of a run may let go: such an answer is read each time.
        leans = decision.leans or decision.pending != Pending() or bool(decision.snapshot.doubts)
        if look is not None and look.inputs is not None and done is not None and not leans:
            remember(session, decision, taken.stored, look.inputs, done=done, before=look.before)
        return piece

    def _end(self, session: Session, number: int) -> int:
        """Note the end of the run, and when it was."""
        ended = now()
        spent = self.store.statements + session.waiting - self._statements + 1
        calls = self.client.http_calls - self._calls
        runs.finish_run(session, number, now=ended, statements=spent, http_calls=calls)
        return ended

    def silence(self, window: Window, silenced: Container[str]) -> None:
        """Leave rows without a shift alone in this window where the policy says one of these: a look of it failed, or
        was refused, so that the rows of its shifts may have no link yet.
        """
        self.units = [
            unit._replace(policy=msgspec.structs.replace(unit.policy, orphans="ignore"))
            if unit.window == window and unit.policy.orphans in silenced
            else unit
            for unit in self.units
        ]

    def unreadable(self, unit: Unit, error: ConnecteamSyncError) -> Slice:
        """The receipt of an archived time clock that Connecteam does not show any more: its rows are held."""
        self.looks.failed(unit.clock, unit.window, error.message, turned_away=True)
        snapshot = nothing_seen(unit.clock, unit.window, self.people.users)
        with self.store.writing(f"mirroring {unit.window}") as session:
            stored = session.stored(unit.window, snapshot)
            standing = held_before(session, unit.clock)
            plan = unreadable(unit.window, snapshot, stored, unit.policy, error.message, standing=standing)
            number = self._begin(session)
            piece = self._settle(session, number, Decided(with_acknowledged(plan, session.holds), stored, None), None)
            note = f"time clock {unit.clock} is archived and cannot be read: {error.message}"
            piece = msgspec.structs.replace(piece, note=note)
        self.number = number.value
        self.slices.append(piece)
        return piece

    def failed(self, clock: int | None, window: Window, error: ConnecteamSyncError, *, record: bool = True) -> None:
        """A slice that did not come about: its receipt too, unless the database itself is the trouble."""
        piece = Slice(
            time_clock_id=clock,
            window=window,
            status="refused" if isinstance(error, Refused) else "failed",
            error=error.message,
            error_name=error.name,
            next_step=error.next_step,
            exit_code=error.exit_code,
            retryable=error.retryable,
        )
        self.slices.append(piece)
        if clock is not None:
            self.looks.failed(clock, window, error.message, turned_away=is_turned_away(error))
        if not record:
            return
        try:
            with self.store.writing("recording a failure") as session:
                number = self._begin(session)
                runs.record_slice(session, number.value, piece)
        except ConnecteamSyncError as second:
            # The first error is the one to act on; that it could not be recorded is said beside it.
            said = f"{error.message} (not recorded: {second.message})"
            self.slices[-1] = msgspec.structs.replace(piece, error=said)
            return
        self.number = number.value

    def stopped(self, unit: Unit, error: LockHeld | NotServed) -> bool:
        """The receipt of the slice that ends a run before its time. Raises a NotServed where nothing is recorded yet:
        that is no run at all.
        """
        is_table = isinstance(error, NotServed)
        if is_table and self.number is None:
            raise error
        self.failed(unit.clock, unit.window, error, record=is_table)
        return False

    def refuse_not_done(self, saved: Iterable[SlicePlan]) -> None:
        """Refuse what saved plans change at the end of the run where their looks leave nothing for it by now."""
        at_the_end = [plan for plan in saved if plan.stage == "end" and plan.changes]
        for place, unit in enumerate(self.units):
            done, key = self.plans.get(place), (unit.clock, unit.window)
            left = [c for plan in at_the_end if (plan.time_clock_id, plan.window) == key for c in plan.changes]
            if left and done is not None and done.stage != "end":
                self.failed(*key, stale(left))

    def finish(self) -> Run:
        """The run as it came out, its costs noted."""
        ended = self._ended or now()
        if not self._ended and self.number is not None and not any(s.error_name == "lock_held" for s in self.slices):
            try:
                with self.store.writing("finishing the run") as session:
                    ended = self._end(session, self.number)
            except LockHeld:
                # Every slice has its receipt; what is missing is the note of the end, and `runs` shows that it is.
                pass
        return msgspec.structs.replace(
            self.run,
            id=self.number,
            slices=tuple(self.slices),
            finished_at=ended,
            statements=self.store.statements - self._statements,
            http_calls=self.client.http_calls - self._calls,
            next_step=way_through(
                [(window, found) for (_, window), found in self._stopped.items()],
                self.asked,
                resync=self.is_resync,
                accepted=self.units[0].policy.accepted if self.units else (),
            ),
        )

"""One run as it happens: a look and a transaction for each slice, tried again where others get in between."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property

import msgspec

from connecteam_sync.connecteam import Connecteam
from connecteam_sync.core.change import Change, Counts, Plan, Policy
from connecteam_sync.core.clocktime import Stored
from connecteam_sync.core.legacy import legacy_plan
from connecteam_sync.core.plan import plan
from connecteam_sync.core.run import Run, RunKind, Slice
from connecteam_sync.core.shift import Snapshot
from connecteam_sync.core.window import Window
from connecteam_sync.errors import ConnecteamSyncError, GuardRefused, LockHeld, Refused, RowMoved, StalePlan
from connecteam_sync.store import receipts
from connecteam_sync.store.digest import (
    Remembered,
    combined,
    digest_queries,
    inputs_of,
    receipt_of,
    receipt_query,
    remember,
    remembered,
    remembered_query,
)
from connecteam_sync.store.session import NEWEST_RECEIPT, Session
from connecteam_sync.store.statements import Key
from connecteam_sync.store.store import Store
from connecteam_sync.store.trips import Query
from connecteam_sync.store.writing import Applied, apply
from connecteam_sync.version import __version__
from connecteam_sync.wire import Answer, People

ATTEMPTS = 5
"""How often a slice is tried again where other programs or runs get in between."""


def decide(window: Window, snapshot: Snapshot, stored: Stored, policy: Policy) -> Plan:
    """The decision of the planner that the policy names."""
    if policy.planner == "legacy":
        return legacy_plan(window, snapshot, stored, policy, now=now())
    return plan(window, snapshot, stored, policy)


def now() -> int:
    """This moment, in epoch seconds."""
    return int(time.time())


class _Seen:
    """What one time clock answered for the window at hand; decoded only where somebody asks for its shifts."""

    def __init__(self, answer: Answer, people: People, snapshot: Snapshot | None) -> None:
        self.answer, self._people, self._snapshot = answer, people, snapshot

    @cached_property
    def shifts(self) -> frozenset[str]:
        """The ids of the shifts it showed."""
        snapshot = self._snapshot or self.answer.read(self._people)
        return frozenset(shift.id for shift in snapshot.shifts)


class Attempt:
    """One run as it happens: its number once something is recorded, and its slices so far.

    `by_digest`: a slice whose inputs are those of one that had nothing to do is not decided again.
    """

    def __init__(self, store: Store, client: Connecteam, run: Run, *, by_digest: bool) -> None:
        self.store, self.client, self.run = store, client, run
        self.number: int | None = None
        self.slices: list[Slice] = []
        self._by_digest = by_digest
        self._head = 0
        self._remembered: dict[tuple[int, str, str], Remembered] = {}
        self._window: Window | None = None
        self._seen: list[_Seen] = []
        self._people_digest: tuple[People, str] | None = None
        self._ended: int | None = None
        self._statements, self._calls = store.statements, client.http_calls

    def check(self, windows: Iterable[Window]) -> None:
        """Read, before anybody is asked, the newest receipt and what is remembered of slices within these windows."""
        newest, found = self.store.ask("checking the database", NEWEST_RECEIPT, remembered_query(windows))
        self._head = int(newest[0][0])
        self._remembered = remembered(found)

    def unit(
        self,
        clock: int,
        window: Window,
        people: People,
        policy: Policy,
        *,
        accept: frozenset[str],
        saved: Plan | None,
        last: bool,
    ) -> Slice:
        """One look and one transaction; looked at anew where another run came first, tried again where rows moved.

        With the `last` one the run's end is noted too.
        """
        if window != self._window:
            self._window, self._seen = window, []
        answer, snapshot, before = self.client.ask(clock, window), None, None
        moved = RowMoved(f"other runs keep writing {window}", next_step="run the command again")
        for attempt in range(ATTEMPTS):
            inputs = self._inputs(window, people, policy, answer)
            known = self._known(clock, window, inputs) if saved is None else None
            expected: Remembered | Snapshot
            if known is not None:
                expected = known
            else:
                expected = snapshot = snapshot or self._read(answer, people)
            try:
                with self.store.writing(f"mirroring {window}", self._opening(clock, window, expected)) as session:
                    newer, *found = session.opening
                    session.opening.clear()
                    if newer[0][0]:
                        self._head = session.newest_receipt()
                    elif known is not None and (digest := combined(found[1:])) != known.digest:
                        before = msgspec.structs.replace(known, digest=digest or "")
                        self._remembered = {key: one for key, one in self._remembered.items() if one is not known}
                        continue
                    elif snapshot is None:
                        piece = receipt_of(found[0])
                        number, ended = self._repeat(session, piece, last=last)
                    else:
                        stored = session.stored(window, snapshot, found)
                        decision = decide(window, snapshot, stored, policy)
                        _demand_same(decision, saved, stored)
                        number = self._begin(session)
                        piece = self._settle(
                            session, number, decision, stored, accept=accept, inputs=inputs, before=before
                        )
                        ended = self._end(session, number.value) if last else None
                if newer[0][0]:
                    answer, snapshot = self.client.ask(clock, window), None
                    continue
            except RowMoved as error:
                moved = error
                time.sleep(0.05 * 2**attempt)
                continue
            self.number, self._ended = number.value, ended
            self.slices.append(piece)
            if piece.status != "refused":
                self._seen.append(_Seen(answer, people, snapshot))
            return piece
        raise moved

    def _read(self, answer: Answer, people: People) -> Snapshot:
        """What the answer says, beside what other time clocks showed of the same days."""
        return answer.read(people, beside=frozenset().union(*(seen.shifts for seen in self._seen)))

    # -- equal inputs, equal decisions -------------------------------------------------------------------------------

    def _inputs(self, window: Window, people: People, policy: Policy, answer: Answer) -> str | None:
        """A name for all that a decision is made on beside the database; None where it is to be made in any case."""
        if not self._by_digest or policy.planner == "legacy":
            return None
        if self._people_digest is None or self._people_digest[0] is not people:
            self._people_digest = (people, hashlib.sha256(msgspec.json.encode(people)).hexdigest())
        answers = [seen.answer for seen in self._seen] + [answer]
        return inputs_of(
            window=window,
            policy=policy,
            people=self._people_digest[1],
            answers=[f"{one.time_clock_id} {one.digest}" for one in answers],
            version=__version__,
        )

    def _known(self, clock: int, window: Window, inputs: str | None) -> Remembered | None:
        """What is remembered of these very inputs."""
        found = self._remembered.get((clock, window.first.isoformat(), window.last.isoformat()))
        return found if found is not None and found.inputs == inputs else None

    def _opening(self, clock: int, window: Window, expected: Remembered | Snapshot) -> Callable[[Session], list[Query]]:
        """What is asked with the lock: whether another run came first; and what is stored beside a snapshot, or whether
        all of it is as remembered.
        """

        def queries(session: Session) -> list[Query]:
            newer = session.newer_query(clock, window, self._head)
            if isinstance(expected, Snapshot):
                return [newer, *session.stored_queries(window, expected)]
            return [newer, receipt_query(expected.slice_id), *digest_queries(session, expected)]

        return queries

    def _begin(self, session: Session) -> Key:
        """The number of this run, which begins where it has not yet."""
        return receipts.begin_run(session, self.run) if self.number is None else Key(session, self.number)

    def _repeat(self, session: Session, piece: Slice, *, last: bool) -> tuple[Key, int | None]:
        """The receipt of a slice that was decided before; the run's number, and its end with the `last` slice."""
        if self.number is not None or not last:
            number = self._begin(session)
            receipts.record_slice(session, number.value, piece)
            return number, self._end(session, number.value) if last else None
        # All there is to say of this run is known before its first row is written: its end too.
        ended = now()
        spent = self.store.statements - self._statements + 2
        whole = msgspec.structs.replace(
            self.run, finished_at=ended, statements=spent, http_calls=self.client.http_calls - self._calls
        )
        number = receipts.begin_run(session, whole)
        receipts.record_slice(session, number.value, piece)
        return number, ended

    # -- writing -----------------------------------------------------------------------------------------------------

    def _settle(
        self,
        session: Session,
        number: Key,
        decision: Plan,
        stored: Stored,
        *,
        accept: frozenset[str],
        inputs: str | None,
        before: Remembered | None,
    ) -> Slice:
        """Refuse or write, and the receipt either way; and what it was decided on. `before` is the digest that the
        database had before anything was read.
        """
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
        if decision.refusals and decision.fingerprint not in accept:
            error = _refused(decision, self.run.kind)
            piece = msgspec.structs.replace(
                piece,
                status="refused",
                counts=Counts(total_shifts=decision.counts.total_shifts, held=decision.counts.held),
                minutes=msgspec.structs.replace(decision.minutes, after=decision.minutes.before),
                error=error.message,
                error_name=error.name,
                next_step=error.next_step,
                exit_code=error.exit_code,
            )
        else:
            done = apply(session, decision, stored, run=number, now=now())
            if done.employees_made:
                people = {"made": done.employees_made, "removed": ()}
        receipts.record_slice(session, number.value, piece, people)
        if inputs is not None and done is not None:
            remember(session, decision, stored, inputs, done=done, before=before)
        return piece

    def _end(self, session: Session, number: int) -> int:
        """Note the end of the run, and when it was."""
        ended = now()
        spent = self.store.statements + session.waiting - self._statements + 1
        calls = self.client.http_calls - self._calls
        receipts.finish_run(session, number, now=ended, statements=spent, http_calls=calls)
        return ended

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
        )
        self.slices.append(piece)
        if not record:
            return
        try:
            with self.store.writing("recording a failure") as session:
                number = self._begin(session)
                receipts.record_slice(session, number.value, piece)
        except ConnecteamSyncError as second:
            # The first error is the one to act on; that it could not be recorded is said beside it.
            said = f"{error.message} (not recorded: {second.message})"
            self.slices[-1] = msgspec.structs.replace(piece, error=said)
            return
        self.number = number.value

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
        )


def _refused(decision: Plan, kind: RunKind) -> GuardRefused:
    reasons = "; ".join(refusal.message for refusal in decision.refusals)
    window = f"--from {decision.window.first} --to {decision.window.last}"
    command = "resync" if kind == "resync" else "sync"
    return GuardRefused(
        reasons,
        fingerprint=decision.fingerprint,
        next_step=(
            f"look at it: connecteam-sync plan {window}; if it is right: "
            f"connecteam-sync {command} {window} --accept {decision.fingerprint}"
        ),
    )


def _with_employee(change: Change, employees: Mapping[int, int]) -> Change:
    """A saved change of a person to be created, where an earlier slice of the same plan has created them meanwhile."""
    after = change.after
    known = employees.get(-after.employee_id) if after is not None and after.employee_id < 0 else None
    if after is None or known is None:
        return change
    return msgspec.structs.replace(change, after=msgspec.structs.replace(after, employee_id=known))


def _demand_same(decision: Plan, saved: Plan | None, stored: Stored) -> None:
    """A saved plan is applied as it was shown, or not at all. Raises StalePlan naming the rows."""
    if saved is None or decision.fingerprint == saved.fingerprint:
        return
    fresh = set(decision.changes)
    old = {_with_employee(change, stored.employees) for change in saved.changes}
    if fresh == old:
        return
    moved = sorted({change.image.id for change in fresh ^ old if change.image.id is not None})
    named = f": rows {', '.join(map(str, moved[:20]))}" if moved else ": shifts without a row yet"
    raise StalePlan(
        f"the saved plan no longer fits, {len(fresh ^ old)} changes differ{named}",
        rows=tuple(moved),
        next_step="make a new plan: connecteam-sync plan --out FILE",
    )

"""One run as it happens: a look and a transaction for each slice, tried again where others get in between."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping

import msgspec

from connecteam_sync.connecteam import Connecteam, People
from connecteam_sync.core.change import Change, Counts, Plan, Policy
from connecteam_sync.core.clocktime import Stored
from connecteam_sync.core.legacy import legacy_plan
from connecteam_sync.core.plan import plan
from connecteam_sync.core.run import Run, RunKind, Slice
from connecteam_sync.core.shift import Snapshot
from connecteam_sync.core.window import Window
from connecteam_sync.errors import ConnecteamSyncError, GuardRefused, LockHeld, Refused, RowMoved, StalePlan
from connecteam_sync.store import receipts
from connecteam_sync.store.session import Session
from connecteam_sync.store.store import Store
from connecteam_sync.store.writing import apply

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


class Attempt:
    """One run as it happens: its number once something is recorded, and its slices so far."""

    def __init__(self, store: Store, client: Connecteam, run: Run) -> None:
        self.store, self.client, self.run = store, client, run
        self.number: int | None = None
        self.slices: list[Slice] = []
        self._seen: defaultdict[Window, set[str]] = defaultdict(set)
        self._statements, self._calls = store.statements, client.http_calls

    def unit(
        self,
        clock: int,
        window: Window,
        people: People,
        policy: Policy,
        *,
        accept: frozenset[str],
        saved: Plan | None,
    ) -> Slice:
        """One look and one transaction; looked at anew where another run came first, tried again where rows moved."""
        snapshot, head = None, 0
        moved = RowMoved(f"other runs keep writing {window}", next_step="run the command again")
        for attempt in range(ATTEMPTS):
            if snapshot is None:
                with self.store.reading() as session:
                    head = session.newest_receipt()
                snapshot = self.client.look(clock, window, people, beside=self._seen[window])
            try:
                with self.store.writing(f"mirroring {window}") as session:
                    if session.newer(clock, window, head):
                        snapshot = None
                        continue
                    stored = session.stored(window, snapshot)
                    decision = decide(window, snapshot, stored, policy)
                    _demand_same(decision, saved, stored)
                    number = self.number or receipts.begin_run(session, self.run)
                    piece = self._settle(session, number, decision, stored, accept=accept)
            except RowMoved as error:
                moved = error
                time.sleep(0.05 * 2**attempt)
                continue
            self.number = number
            self.slices.append(piece)
            if piece.status != "refused":
                self._seen[window] |= {shift.id for shift in snapshot.shifts}
            return piece
        raise moved

    def _settle(
        self, session: Session, number: int, decision: Plan, stored: Stored, *, accept: frozenset[str]
    ) -> Slice:
        """Refuse or write, and the receipt either way."""
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
        receipts.record_slice(session, number, piece, people)
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
        )
        self.slices.append(piece)
        if not record:
            return
        try:
            with self.store.writing("recording a failure") as session:
                number = self.number or receipts.begin_run(session, self.run)
                receipts.record_slice(session, number, piece)
        except ConnecteamSyncError as second:
            # The first error is the one to act on; that it could not be recorded is said beside it.
            said = f"{error.message} (not recorded: {second.message})"
            self.slices[-1] = msgspec.structs.replace(piece, error=said)
            return
        self.number = number

    def finish(self) -> Run:
        """The run as it came out, its costs noted."""
        calls = self.client.http_calls - self._calls
        ended = now()
        if self.number is not None and not any(s.error_name == "lock_held" for s in self.slices):
            try:
                with self.store.writing("finishing the run") as session:
                    spent = self.store.statements - self._statements + 1
                    receipts.finish_run(session, self.number, now=ended, statements=spent, http_calls=calls)
            except LockHeld:
                # Every slice has its receipt; what is missing is the note of the end, and `runs` shows that it is.
                pass
        return msgspec.structs.replace(
            self.run,
            id=self.number,
            slices=tuple(self.slices),
            finished_at=ended,
            statements=self.store.statements - self._statements,
            http_calls=calls,
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

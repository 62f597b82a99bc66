"""The shell around the planner: look, read, plan, apply, report.

No transaction is open while Connecteam is asked. A slice (time clock, at most a month) is one look and one transaction;
its rows, memory, journal and receipt commit together, and one slice's failure leaves the others alone.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import msgspec

from connecteam_sync.attempt import Attempt, decide, now
from connecteam_sync.connecteam import Connecteam
from connecteam_sync.core.adopt import Offset, offset_rows
from connecteam_sync.core.change import Plan, Policy
from connecteam_sync.core.clocktime import ClockTime, Stored
from connecteam_sync.core.compare import Comparison, harms
from connecteam_sync.core.memory import as_if_applied
from connecteam_sync.core.proof import differing_days, differing_totals
from connecteam_sync.core.run import Difference, Failure, Proposal, Run, RunKind, Verification
from connecteam_sync.core.shift import Shift
from connecteam_sync.core.window import MAX_WINDOW_DAYS, PADDING_DAYS, Window, local_day, windows_of_days
from connecteam_sync.errors import (
    BadAnswer,
    ConnecteamSyncError,
    LockHeld,
    UndoRefused,
    WindowError,
)
from connecteam_sync.progress import Progress, Tally
from connecteam_sync.store import receipts
from connecteam_sync.store.session import Session
from connecteam_sync.store.store import Store
from connecteam_sync.store.undoing import undo
from connecteam_sync.version import __version__


def checked_window(first: date, last: date, timezone: str) -> Window:
    """The window of a command. Raises WindowError where it is reversed or too long; nothing is contacted."""
    if last < first:
        raise WindowError(
            f"the window ends ({last}) before it begins ({first})", next_step="exchange the two days of --from and --to"
        )
    window = Window(first, last, timezone)
    if window.days > MAX_WINDOW_DAYS:
        raise WindowError(
            f"the window has {window.days} days; at most {MAX_WINDOW_DAYS} are taken at once",
            next_step="run it for a year at a time",
        )
    return window


class Syncing:
    """The main job on one store: plans, runs, proofs and undo. `client` is called when Connecteam is first needed."""

    def __init__(
        self,
        store: Store,
        client: Callable[[], Connecteam],
        *,
        timezone: str,
        policy: Callable[[], Policy],
        time_clocks: tuple[int, ...],
        slice_days: int,
        lookback_days: int,
        by_digest: bool,
        on_progress: Callable[[Progress], None],
    ) -> None:
        self.store, self._make_client, self.timezone, self._policy = store, client, timezone, policy
        self._time_clocks, self._slice_days, self._lookback = time_clocks, slice_days, lookback_days
        self._by_digest = by_digest
        self._tell = on_progress

    @property
    def client(self) -> Connecteam:
        """The client, made when first needed: reading the database needs no key."""
        return self._make_client()

    @property
    def policy(self) -> Policy:
        """What the user decided beforehand; partly kept in the database."""
        return self._policy()

    # -- windows and clocks ------------------------------------------------------------------------------------------

    def today(self) -> date:
        """The business's day."""
        return local_day(now(), ZoneInfo(self.timezone))

    def default_windows(self) -> tuple[Window, ...]:
        """The last days, today, and the day of every open row, in as few windows as possible."""
        today = self.today()
        days = {today - timedelta(days=back) for back in range(self._lookback + 1)}
        zone = ZoneInfo(self.timezone)
        with self.store.reading("looking for open rows") as session:
            days |= {local_day(clock_in, zone) for clock_in in session.open_clock_ins()}
        return windows_of_days(days, self.timezone, self._slice_days - 2 * PADDING_DAYS)

    def _pieces(self, windows: Iterable[Window]) -> list[Window]:
        return [piece for window in windows for piece in window.slices(self._slice_days)]

    def _clocks(self) -> tuple[int, ...]:
        if self._time_clocks:
            return self._time_clocks
        clocks = tuple(clock.id for clock in self.client.time_clocks() if not clock.is_archived)
        if not clocks:
            # Nothing to look at would pass for nothing to do.
            raise BadAnswer(
                "Connecteam lists no time clock that is in use",
                next_step="try again later; `connecteam-sync doctor` lists the time clocks",
            )
        return clocks

    def _policy_for(self, policy: Policy, *, number: int, clocks: int, failed: bool) -> Policy:
        """A row without an id may belong to any clock: orphans are decided with the last, when every look succeeded."""
        if clocks == 1 or (number == clocks - 1 and not failed):
            return policy
        return msgspec.structs.replace(policy, orphans="ignore")

    # -- plan --------------------------------------------------------------------------------------------------------

    def propose(self, windows: Iterable[Window], *, policy: Policy | None = None) -> tuple[Proposal, list[Stored]]:
        """What a sync would do, and what the table held for each plan. Nothing is written."""
        windows = tuple(windows)
        whole = Window(min(w.first for w in windows), max(w.last for w in windows), self.timezone)
        with self.store.reading("checking the database") as session:
            session.newest_receipt()
        people, clocks = self.client.users(), self._clocks()
        plans: list[Plan] = []
        stored: list[Stored] = []
        failures: list[Failure] = []
        pieces = self._pieces(windows)
        tally = self._tally("looking", [piece for piece in pieces for _ in clocks])
        for piece in pieces:
            failed = False
            earlier: list[Plan] = []
            for number, clock in enumerate(clocks):
                tally.begins(clock, piece)
                chosen = self._policy_for(policy or self.policy, number=number, clocks=len(clocks), failed=failed)
                try:
                    beside = [shift.id for plan in earlier for shift in plan.snapshot.shifts]
                    snapshot = self.client.look(clock, piece, people, beside=beside)
                except ConnecteamSyncError as error:
                    failed = True
                    failures.append(_failure(clock, piece, error))
                    tally.ends(piece, None)
                    continue
                with self.store.reading() as session:
                    found = session.stored(piece, snapshot)
                stored.append(found)
                earlier.append(decide(piece, snapshot, as_if_applied(found, earlier), chosen))
                plans.append(earlier[-1])
                tally.ends(piece, plans[-1].counts)
        return Proposal(window=whole, plans=tuple(plans), failures=tuple(failures), version=__version__), stored

    # -- runs --------------------------------------------------------------------------------------------------------

    def run(
        self,
        kind: RunKind,
        windows: Iterable[Window],
        *,
        policy: Policy | None = None,
        accept: Iterable[str] = (),
        wanted: Proposal | None = None,
    ) -> Run:
        """Look, plan and apply, slice by slice. `accept`: fingerprints of plans that may pass the guards.

        With `wanted`, each plan must make the very changes of the saved one. Failures are receipts of their slices.
        """
        windows = tuple(windows)
        whole = Window(min(w.first for w in windows), max(w.last for w in windows), self.timezone)
        attempt = Attempt(
            self.store,
            self.client,
            Run(id=None, kind=kind, window=whole, slices=(), version=__version__, host=_host(), started_at=now()),
            by_digest=self._by_digest,
        )
        attempt.check(windows)
        try:
            people = self.client.users()
            units = self._units(windows, wanted)
        except ConnecteamSyncError as error:
            attempt.failed(None, whole, error)
            return attempt.finish()
        failed: set[Window] = set()
        tally = self._tally("mirroring", [piece for piece, *_ in units])
        for done, (piece, clock, number, clocks) in enumerate(units, 1):
            tally.begins(clock, piece)
            chosen = self._policy_for(policy or self.policy, number=number, clocks=clocks, failed=piece in failed)
            saved = _saved(wanted, clock, piece)
            if saved is not None:
                chosen = saved.policy
            try:
                done_slice = attempt.unit(
                    clock, piece, people, chosen, accept=frozenset(accept), saved=saved, last=done == len(units)
                )
            except LockHeld as error:
                attempt.failed(clock, piece, error, record=False)
                break
            except ConnecteamSyncError as error:
                failed.add(piece)
                attempt.failed(clock, piece, error)
                tally.ends(piece, None)
            else:
                tally.ends(piece, done_slice.counts)
                if done_slice.status == "refused":
                    # Its rows were left unlinked: the next clock must not take them for orphans.
                    failed.add(piece)
        return attempt.finish()

    def _tally(self, step: str, slices: list[Window]) -> Tally:
        return Tally(step, slices, tell=self._tell, calls_left=lambda: self.client.day_calls_left)

    def _units(self, windows: tuple[Window, ...], wanted: Proposal | None) -> list[tuple[Window, int, int, int]]:
        """(slice, clock, number of the clock, how many clocks) in the order they are done."""
        if wanted is not None:
            return [(saved.window, saved.time_clock_id, 0, 1) for saved in wanted.plans]
        clocks = self._clocks()
        return [
            (piece, clock, number, len(clocks))
            for piece in self._pieces(windows)
            for number, clock in enumerate(clocks)
        ]

    def undo(self, number: int) -> Run:
        """The exact inverse of a run as a new run, in one transaction. Raises NotFound, UndoRefused."""
        before, started = self.store.statements, now()
        with self.store.writing(f"undoing run {number}") as session:
            old = receipts.run(session, number)
            _demand_no_adoption(session, old)
            if old.undone_by is not None:
                raise UndoRefused(
                    f"run {number} was undone by run {old.undone_by} already",
                    next_step=f"to bring its changes back, undo run {old.undone_by}",
                )
            fresh = Run(
                id=None,
                kind="undo",
                window=old.window,
                slices=(),
                version=__version__,
                host=_host(),
                started_at=started,
                undoes=number,
            )
            by = receipts.begin_run(session, fresh).value
            done = undo(session, number, old.window, by=by, now=started)
            people = {"made": done.employees_made, "removed": done.employees_removed}
            receipts.record_slice(session, by, done.slice, people)
            receipts.finish_run(
                session,
                by,
                now=now(),
                statements=self.store.statements + session.waiting - before + 1,
                http_calls=0,
            )
        with self.store.reading() as session:
            return receipts.run(session, by)

    def evidence(self, window: Window) -> Iterator[tuple[list[Shift], tuple[ClockTime, ...], dict[int, int]]]:
        """For each slice: the shifts of every clock, the rows around them, and the employee of each user."""
        people, clocks = self.client.users(), self._clocks()
        for piece in self._pieces([window]):
            shifts: list[Shift] = []
            rows: dict[int | None, ClockTime] = {}
            employees: dict[int, int] = {}
            for clock in clocks:
                snapshot = self.client.look(clock, piece, people)
                with self.store.reading() as session:
                    found = session.stored(piece, snapshot)
                shifts += snapshot.shifts
                rows |= {row.id: row for row in found.rows}
                employees |= found.employees
            yield shifts, tuple(rows.values()), employees

    def compare(self, window: Window) -> Comparison:
        """What the old algorithm would do to the window's shifts, from the table as it is. Nothing is written."""
        proposal, stored = self.propose([window], policy=msgspec.structs.replace(self.policy, planner="legacy"))
        pairs = list(zip(proposal.plans, stored, strict=True))
        mapped = sum(p.window.holds(s.start) and s.user_id in t.employees for p, t in pairs for s in p.snapshot.shifts)
        return Comparison(
            window=window,
            shifts=mapped,
            harms=tuple(harm for p, t in pairs for harm in harms(p, t)),
            failures=proposal.failures,
        )

    # -- proof -------------------------------------------------------------------------------------------------------

    def verify(self, window: Window, *, totals: bool = True) -> Verification:
        """A fresh look against the table, by plan and by plain counting. Nothing is written."""
        # The proof is by shift ids, whichever planner writes.
        proposal, stored = self.propose([window], policy=msgspec.structs.replace(self.policy, planner="batch"))
        days: list[Difference] = []
        witness: list[Difference] = []
        failures = list(proposal.failures)
        offsets: list[Offset] = []
        tally = self._tally("reading timesheets", [plan.window for plan in proposal.plans] if totals else [])
        for piece in self._pieces([window]):
            mine = [(p, s) for p, s in zip(proposal.plans, stored, strict=True) if p.window == piece]
            if not mine:
                continue
            shifts = [shift for p, _ in mine for shift in p.snapshot.shifts]
            rows = {row.id: row for _, s in mine for row in s.rows}
            employees = {user: employee for _, s in mine for user, employee in s.employees.items()}
            names = {employee: name for _, s in mine for employee, name in s.names.items()}
            holds = [hold for p, _ in mine for hold in p.holds]
            days += differing_days(piece, shifts, rows.values(), employees=employees, names=names, holds=holds)
            inside = [row for row in rows.values() if piece.holds(row.clock_in)]
            offsets += offset_rows(inside, shifts, employees, piece.zone)
            for p, _ in mine if totals else ():
                tally.begins(p.time_clock_id, piece)
                try:
                    said = self.client.timesheet(p.time_clock_id, piece)
                except ConnecteamSyncError as error:
                    failures.append(_failure(p.time_clock_id, piece, error))
                    tally.ends(piece, None)
                    continue
                tally.ends(piece, p.counts)
                people = {user.id: user.name for user in p.snapshot.users}
                triples = [(total.user_id, total.day, total.minutes) for total in said]
                witness += differing_totals(piece, p.snapshot.shifts, triples, names=people)
        shown = [s for p in proposal.plans for s in p.snapshot.shifts if p.window.holds(s.start)]
        return Verification(
            window=window,
            proposal=msgspec.structs.replace(proposal, failures=tuple(failures)),
            days=tuple(days),
            totals=tuple(witness),
            offsets=tuple(offsets),
            shifts=len(shown),
            minutes=sum((s.end - s.start) // 60 for s in shown if s.end is not None),
        )


def _saved(wanted: Proposal | None, clock: int, window: Window) -> Plan | None:
    plans = wanted.plans if wanted else ()
    return next((p for p in plans if p.time_clock_id == clock and p.window == window), None)


def _failure(clock: int | None, window: Window, error: ConnecteamSyncError) -> Failure:
    return Failure(
        time_clock_id=clock,
        window=window,
        error=error.message,
        error_name=error.name,
        next_step=error.next_step,
        exit_code=error.exit_code,
    )


def _demand_no_adoption(session: Session, old: Run) -> None:
    """A run of `adopt` also made a key and a backup, so it has a way back of its own."""
    if old.kind == "adopt":
        raise UndoRefused(
            f"run {old.id} took the table over, its unique key included",
            next_step="connecteam-sync adopt --undo",
        )
    if old.undoes is not None and receipts.run(session, old.undoes).kind == "adopt":
        raise UndoRefused(
            f"run {old.id} took an adoption back",
            next_step="to adopt again: connecteam-sync adopt --apply",
        )


def _host() -> str:
    return socket.gethostname()

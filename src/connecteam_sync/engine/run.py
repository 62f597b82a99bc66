"""The shell around the planner: look, read, plan, apply, report.

No transaction is open while Connecteam is asked. A slice (time clock, at most a month) is one look and one transaction;
its rows, memory, journal and receipt commit together, and one slice's failure leaves the others alone.
"""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from itertools import islice
from typing import NamedTuple

import msgspec

from connecteam_sync.api.client import Connecteam, DayTotal
from connecteam_sync.core.change import Planner, Policy
from connecteam_sync.core.clocktime import ClockTime, Mirror, Stored
from connecteam_sync.core.compare import Comparison, harms
from connecteam_sync.core.end_of_run import ROUNDS, left_for_the_end
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.progress import Progress
from connecteam_sync.core.run import Plan, Run, RunKind, Slice, Verification
from connecteam_sync.core.shift import Shift
from connecteam_sync.core.window import MAX_WINDOW_DAYS, Window
from connecteam_sync.engine.account import Belonging
from connecteam_sync.engine.decide import Unit, demand_fingerprints, now
from connecteam_sync.engine.other_clocks import Elsewhere
from connecteam_sync.engine.progress import Tally
from connecteam_sync.engine.propose import Proposing, newest_plans
from connecteam_sync.engine.scope import Choosing
from connecteam_sync.engine.slice import Attempt
from connecteam_sync.engine.slices import hull_of
from connecteam_sync.engine.verify import proved
from connecteam_sync.errors import ConfigurationError, ConnecteamSyncError, LockHeld, NotServed, Rejected, UndoRefused
from connecteam_sync.store.history import runs
from connecteam_sync.store.mirror.digest import remembered_query
from connecteam_sync.store.session import Session, newest_receipt_query
from connecteam_sync.store.store import Store
from connecteam_sync.store.tables.columns import demand_served
from connecteam_sync.store.tables.support import demand_people, demand_table
from connecteam_sync.version import __version__


class Syncing:
    """The main job on one store: plans, runs, proofs and undo.

    `client` is called when Connecteam is first needed, `choosing` says which looks a run makes.
    """

    def __init__(
        self,
        store: Store,
        client: Callable[[], Connecteam],
        *,
        belonging: Belonging,
        timezone: str,
        choosing: Choosing,
        policy: Callable[[], Policy],
        by_digest: bool,
        on_progress: Callable[[Progress], None],
    ) -> None:
        self.store, self._make_client, self.timezone, self._policy = store, client, timezone, policy
        self._belonging, self.choosing = belonging, choosing
        self._by_digest = by_digest
        self._tell = on_progress
        self._elsewhere = Elsewhere(store, client, choosing.clocks)

    @property
    def client(self) -> Connecteam:
        """The client, made when first needed: reading the database needs no key."""
        return self._make_client()

    @property
    def policy(self) -> Policy:
        """What the user decided beforehand; partly kept in the database."""
        return self._policy()

    # -- plan --------------------------------------------------------------------------------------------------------

    def propose(
        self, windows: Iterable[Window] | None, *, resync: bool = False, planner: Planner | None = None
    ) -> tuple[Plan, list[Stored]]:
        """What a sync would do, and what the table held for each plan. Nothing is written."""
        chosen = tuple(windows) if windows is not None else None
        self.choosing.begin()
        account, vouched, *past = self.store.ask(
            "checking the database", *self._belonging.queries(), *self.choosing.queries(chosen)
        )
        self._belonging.heard((account, vouched))
        # Of a table that cannot be read as it is meant, nothing can be said either.
        demand_table(self.store.host, self.store.columns(), self.store.dialect.family)
        # Part of the policy is in the database, and comes with what was asked.
        policy = self.policy
        if resync:
            policy = msgspec.structs.replace(policy, orphans="delete")
        if planner is not None:
            policy = msgspec.structs.replace(policy, planner=planner)
        self._belonging.ask()
        people = self.client.users()
        units = self.choosing.units(chosen, past, policy)
        proposing = Proposing(
            self.store,
            self.client,
            people,
            units,
            self.choosing.looks(units, policy),
            is_archived=self.choosing.is_archived,
            elsewhere=self._elsewhere,
            tally=self._tally("looking", [unit.window for unit in units]),
        )
        return proposing.propose()

    # -- runs --------------------------------------------------------------------------------------------------------

    def run(
        self,
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
        last = self.choosing.last()
        hull = (
            hull_of(chosen) if chosen else Window(last.last - timedelta(days=MAX_WINDOW_DAYS), last.last, self.timezone)
        )
        self.choosing.begin()
        own = self.store.own
        asked = (newest_receipt_query(own), remembered_query(own, [hull]), *self._belonging.queries())
        newest, remembered, account, vouched, *past = self.store.ask(
            "checking the database", *asked, *self.choosing.queries(chosen)
        )
        self._belonging.heard((account, vouched))
        # Part of the policy is in the database, and comes with what was asked.
        policy = msgspec.structs.replace(self.policy, accepted=demand_fingerprints(accept))
        is_resync = kind == "resync" or (wanted is not None and wanted.is_resync)
        if is_resync:
            policy = msgspec.structs.replace(policy, orphans="delete")
        demand_table(self.store.host, self.store.columns(), self.store.dialect.family)
        creates = policy.employees == "create"
        demand_served(self.store.host, self.store.columns(), creates_employees=creates)
        if creates:
            demand_people(self.store.host, self.store.columns())
        started = Run(id=None, kind=kind, window=hull, slices=(), version=__version__, host=_host(), started_at=now())
        attempt = Attempt(
            self.store,
            self.client,
            started,
            belonging=self._belonging,
            by_digest=self._by_digest and policy.orphans != "delete",
            head=int(newest[0][0]),
            found=[remembered],
        )
        attempt.is_resync = is_resync
        try:
            self._belonging.ask()
            attempt.people = self.client.users()
            if wanted is not None:
                units = self.choosing.saved_units(wanted, policy)
            else:
                units = self.choosing.units(chosen, past, policy)
            attempt.units, attempt.asked = units, hull_of(chosen) if chosen else None
            attempt.looks = self.choosing.looks(units, policy)
        except ConfigurationError:
            # The key is another company's: that is no run of this database.
            raise
        except ConnecteamSyncError as error:
            attempt.failed(None, hull, error)
            return attempt.finish()
        attempt.run = msgspec.structs.replace(started, window=hull_of(unit.window for unit in units))
        self._go_over(attempt, wanted)
        return attempt.finish()

    def _go_over(self, attempt: Attempt, wanted: Plan | None) -> None:
        """Every unit, then what they left for the end of the run, until nothing is left."""
        tally = self._tally("mirroring", [unit.window for unit in attempt.units])
        places: list[int] = list(range(len(attempt.units)))
        made: list[int] = []
        ended: Counter[int] = Counter()
        for round_ in range(ROUNDS + 1):
            if not self._do_all(attempt, places, tally if not round_ else None):
                return
            if not round_:
                more = self._elsewhere.units(attempt.units, attempt.plans, attempt.looks)
                added = range(len(attempt.units), len(attempt.units) + len(more))
                attempt.units += more if wanted is None else _beside(more, wanted)
                if not self._do_all(attempt, added, None):
                    return
                places += added
            made = [*(place for place in made if place not in places), *places]
            plans = [attempt.plans.get(place) for place in made]
            left = {made[number] for number in left_for_the_end(plans, attempt.looks)}
            places = sorted(left if round_ else left | self._hand_over(attempt))
            if not places:
                attempt.refuse_not_done(wanted.plans if wanted is not None else ())
                return
            orphans = {plan.window for plan in plans if plan is not None and plan.pending.orphans}
            mirrored = {unit.clock for unit in attempt.units}
            self._elsewhere.owners(attempt.looks, attempt.people, orphans, mirrored)
            if wanted is not None:
                attempt.units = [_at_the_end(unit, wanted, ended[n]) for n, unit in enumerate(attempt.units)]
                ended.update(places)

    @staticmethod
    def _hand_over(attempt: Attempt) -> set[int]:
        """Where the look that decides on rows without a shift did not come about, another of its days does it."""
        handed: set[int] = set()
        for place in attempt.undone:
            unit = attempt.units[place]
            if unit.policy.orphans == "ignore":
                continue
            seen = [n for n, other in enumerate(attempt.units) if other.window == unit.window and attempt.plans.get(n)]
            if seen:
                attempt.units[seen[-1]] = attempt.units[seen[-1]]._replace(policy=unit.policy)
                handed.add(seen[-1])
        return handed

    def _do_all(self, attempt: Attempt, places: Sequence[int], tally: Tally | None) -> bool:
        """These units, one after the other. False where the run had better stop."""
        return all(self._do(attempt, place, tally, last=place == places[-1]) for place in places)

    def _do(self, attempt: Attempt, place: int, tally: Tally | None, *, last: bool) -> bool:
        """One unit; its failure is its own. False where the run had better stop."""
        unit = attempt.units[place]
        if tally is not None:
            tally.begins(unit.clock, unit.window)
        done: Slice | None = None
        try:
            done = attempt.unit(place, last=last)
        except (LockHeld, NotServed) as error:
            return attempt.stopped(unit, error)
        except Rejected as error:
            if error.is_of_the_key or not self.choosing.is_archived(unit.clock):
                attempt.failed(unit.clock, unit.window, error)
            else:
                done = attempt.unreadable(unit, error)
        except ConnecteamSyncError as error:
            attempt.failed(unit.clock, unit.window, error)
        if done is None or unit.clock not in attempt.looks.read_clocks(unit.window):
            attempt.undone.add(place)
        if done is None:
            # What a failed look leaves undecided is held where rows may go; a mere report waits for the next run.
            attempt.silence(unit.window, {"report"})
        elif done.status == "refused":
            attempt.silence(unit.window, {"report", "delete"})
        if tally is not None:
            tally.ends(unit.window, done.counts if done is not None else None)
        return True

    def _tally(self, step: str, slices: list[Window]) -> Tally:
        return Tally(step, slices, tell=self._tell, calls_left=lambda: self.client.day_calls_left)

    def undo(self, number: int) -> Run:
        """The exact inverse of a run as a new run, in one transaction. Raises NotFound, UndoRefused."""
        from connecteam_sync.store.history.undo import demand_kind_undoable, undo  # noqa: PLC0415 - no other command undoes

        before, started = self.store.statements, now()
        with self.store.writing(f"undoing run {number}") as session:
            old = runs.run(session, number)
            demand_kind_undoable(session, old)
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
            by = runs.begin_run(session, fresh).value
            done = undo(session, number, old.window, by=by, now=started)
            people = {
                "made": done.employees_made,
                "removed": done.employees_removed,
                "renamed": done.employees_renamed,
            }
            runs.record_slice(session, by, done.slice, people)
            runs.finish_run(
                session,
                by,
                now=now(),
                statements=self.store.statements + session.waiting - before + 1,
                http_calls=0,
            )
        with self.store.reading() as session:
            return runs.run(session, by)

    def evidence(self, window: Window) -> Iterator[Evidence]:
        """What every time clock shows of each slice, and what is stored of it."""
        self.choosing.begin()
        self._belonging.check_stored()
        self._belonging.ask()
        people = self.client.users()
        for wanted in self.choosing.of((window,)):
            found = Evidence(wanted.window, [], {}, {}, {})
            for clock in wanted.clocks:
                snapshot = self.client.look(clock, wanted.window, people)
                with self.store.reading() as session:
                    stored = session.stored(wanted.window, snapshot)
                found.shifts.extend(snapshot.shifts)
                found.rows.update((row.id, row) for row in stored.rows)
                found.employees.update(stored.employees)
                found.mirrors.update((mirror.shift.id, mirror) for mirror in stored.mirrors)
            yield found

    def note_account(self, session: Session) -> None:
        """Note whose data this is with what is written, as every run does; `evidence` has asked."""
        self._belonging.remember(session)

    def compare(self, window: Window) -> Comparison:
        """What the old algorithm would do to the window's shifts, from the table as it is. Nothing is written."""
        proposal, stored = self.propose([window], planner="legacy")
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
        proposal, stored = self.propose([window], planner="batch")
        looked = newest_plans(proposal.plans, stored)
        tally = self._tally("reading timesheets", [plan.window for plan, _ in looked] if totals else [])
        return proved(window, proposal, looked, self._timesheet if totals else None, tally)

    def _timesheet(self, clock: int, window: Window) -> tuple[DayTotal, ...] | None:
        """Connecteam's own totals; None of an archived time clock that it does not show any more."""
        try:
            return self.client.timesheet(clock, window)
        except Rejected:
            if self.choosing.is_archived(clock):
                return None
            raise


class Evidence(NamedTuple):
    """A slice of a window: the shifts of every time clock around it, and the rows, employees (by user) and memories."""

    window: Window
    shifts: list[Shift]
    rows: dict[RowId | None, ClockTime]
    employees: dict[int, RowId]
    mirrors: dict[str, Mirror]


def _at_the_end(unit: Unit, wanted: Plan, before: int) -> Unit:
    """A unit beside what its saved plan makes of it at the end of the run, where it was gone over so often before:
    nothing, where there is none.
    """
    plans = [p for p in wanted.plans if (p.time_clock_id, p.window) == (unit.clock, unit.window)]
    end = next(islice((plan for plan in plans if plan.stage == "end"), before, None), None)
    return unit._replace(saved=end or msgspec.structs.replace(wanted.plans[0], changes=(), fingerprint="", stage="end"))


def _beside(units: Iterable[Unit], wanted: Plan) -> list[Unit]:
    """Further looks of a run that does what was saved: whatever they would write was not shown."""
    nothing = msgspec.structs.replace(wanted.plans[0], changes=(), fingerprint="")
    return [unit._replace(saved=nothing) for unit in units]


def _host() -> str:
    return socket.gethostname()

"""Further looks of a run, only made if something is missing: a shift or row about to go may belong to another clock.

A shift that is absent from its day may have moved to another time clock, perhaps during this run. A row without a
shift may belong to a time clock that is not mirrored, or to a person whom a time clock no longer lists. If nothing is
missing, no request is made.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence

import msgspec

from connecteam_sync.api.client import Connecteam
from connecteam_sync.api.wire import People, TimeClock
from connecteam_sync.core.change import SlicePlan
from connecteam_sync.core.evidence import RunEvidence
from connecteam_sync.core.window import Window
from connecteam_sync.engine.decide import Unit, is_turned_away
from connecteam_sync.engine.slices import left_out
from connecteam_sync.errors import UpstreamError
from connecteam_sync.store.mirror.account import clock_counts
from connecteam_sync.store.store import Store


class OtherClocks:
    """Further looks of runs over one store; `clocks` returns the mirrored time clocks."""

    def __init__(
        self, store: Store, client: Callable[[], Connecteam], clocks: Callable[[], Sequence[TimeClock]]
    ) -> None:
        self._store, self._client, self._clocks = store, client, clocks

    def units(self, made: Sequence[Unit], plans: Mapping[int, SlicePlan | None], evidence: RunEvidence) -> list[Unit]:
        """The looks still needed to know whether absent shifts are gone, or on another mirrored time clock by now.

        `plans` are those of `made`, by position.
        """
        absent = [(n, plan.window) for n, plan in plans.items() if plan is not None and plan.pending.absent]
        if not absent:
            return []
        clocks = self._clocks()
        wanted = left_out(absent, [(unit.clock, unit.window) for unit in made], clocks)
        asked = {clock for each in wanted for clock in each.clocks}
        unknown = {clock.id for clock in clocks if clock.is_archived and clock.id in asked}
        if unknown:
            # An archived time clock without a tracked shift was out of use before this table began.
            with self._store.reading() as session:
                unknown -= clock_counts(session)[1].keys()
        silent = msgspec.structs.replace(made[0].policy, orphans="ignore")
        more = [Unit(clock, window, silent) for window, of, _ in wanted for clock in of if clock not in unknown]
        evidence.add_units((unit.clock, unit.window) for unit in more)
        return more

    def owners(
        self, evidence: RunEvidence, people: People, windows: Iterable[Window], mirrored: Container[int]
    ) -> None:
        """Before rows without a shift are deleted: fetch the time clocks that this run has not looked at, as evidence,
        and find time clocks whose timesheet has hours of people whom they do not list.
        """
        for window in sorted(windows):
            for clock in sorted(evidence.account.keys() - evidence.listings(window).keys()):
                try:
                    snapshot = self._client().fetch_snapshot(clock, window, people)
                except UpstreamError as error:
                    evidence.unread[clock] = error.message
                    if is_turned_away(error):
                        evidence.turned_away.add(clock)
                else:
                    evidence.add_snapshot(window, snapshot, as_evidence=clock not in mirrored)
            for clock in sorted(evidence.listings(window)):
                self._hours(evidence, clock, window)

    def _hours(self, evidence: RunEvidence, clock: int, window: Window) -> None:
        """Record the days on which a time clock has hours of people whom it does not list."""
        listed = evidence.listings(window)[clock]
        try:
            totals = self._client().timesheet(clock, window)
        except UpstreamError as error:
            # Not every key may read timesheets. A passing error counts as a failed look.
            if not is_turned_away(error):
                evidence.add_failure(clock, window, error.message)
            return
        evidence.unlisted_hours |= {
            (total.user_id, total.day): clock for total in totals if total.minutes and total.user_id not in listed
        }

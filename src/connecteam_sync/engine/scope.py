"""The choice of a run's looks: from the configuration, Connecteam's list of time clocks, and the database.

This module fetches what the rules in `slices` need.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import copy
from datetime import date
from zoneinfo import ZoneInfo

import msgspec

from connecteam_sync.api.wire import TimeClock
from connecteam_sync.core.change import Policy, SlicePlan
from connecteam_sync.core.evidence import RunEvidence
from connecteam_sync.core.run import Plan
from connecteam_sync.core.window import PADDING_DAYS, Window, local_day
from connecteam_sync.engine.account import AccountCheck
from connecteam_sync.engine.decide import Unit, now
from connecteam_sync.engine.slices import Past, RequestedWindow, by_default, named, of_chosen_days, recent
from connecteam_sync.errors import BadAnswer
from connecteam_sync.store.mirror.past import past_queries, remembered_clocks_query
from connecteam_sync.store.sql.pipeline import Query, Rows
from connecteam_sync.store.store import Store


class ScopeChooser:
    """Chooses the looks of runs over one store."""

    def __init__(
        self,
        store: Store,
        *,
        belonging: AccountCheck,
        timezone: str,
        time_clocks: tuple[int, ...],
        slice_days: int,
        lookback_days: int,
        older_days: int,
    ) -> None:
        self.store, self.timezone, self._belonging = store, timezone, belonging
        self._time_clocks, self._slice_days = time_clocks, slice_days
        self._lookback, self._older_days = lookback_days, older_days
        self._listed: tuple[TimeClock, ...] | None = None
        self._only: int | None = None

    def of_one_clock(self, clock: int) -> ScopeChooser:
        """The same for runs that look at one of the mirrored time clocks, and at no further slice of the past."""
        one = copy(self)
        one._only, one._older_days = clock, 0  # noqa: SLF001 - a copy of ours
        return one

    def in_use(self) -> dict[int, str]:
        """The mirrored time clocks that are not archived: names by id. Raises as `clocks`."""
        self.begin()
        named = {clock.id: clock.name for clock in self._of_account()}
        return {clock.id: clock.name or named.get(clock.id, "") for clock in self.clocks() if not clock.is_archived}

    def today(self) -> date:
        """The current day in the business time zone."""
        return local_day(now(), ZoneInfo(self.timezone))

    def default_windows(self) -> tuple[Window, ...]:
        """The windows of a run without chosen days; see `slices.by_default`."""
        self.begin()
        self._belonging.listed = None
        past = self._past(self.store.fetch("looking for open rows", *self.queries(None)))
        return tuple(dict.fromkeys(wanted.window for wanted in self._by_default(past)))

    def begin(self) -> None:
        """Begin another run: the time clocks will be fetched again."""
        self._listed = None

    def queries(self, chosen: tuple[Window, ...] | None) -> list[Query]:
        """The queries that a default run needs to choose its days; none for chosen ones."""
        return (
            [] if chosen is not None else past_queries(self.store.dialect, self.store.host, self.store.own, self.last())
        )

    def last(self) -> Window:
        """The last days, today included."""
        return recent(self.today(), self.timezone, self._lookback)

    @staticmethod
    def _past(results: Sequence[Rows]) -> Past:
        """The results of `past_queries`; empty if they were not sent."""
        opened, remembered, looked = results or ((), (), ())
        return Past(
            opened=[(int(clock_in), int(clock)) for clock_in, clock in opened],
            remembered=frozenset(int(clock) for (clock,) in remembered),
            looked={(int(c), str(first), str(last)): (int(n), int(at)) for c, first, last, n, at in looked},
        )

    def clocks(self) -> tuple[TimeClock, ...]:
        """The time clocks that are mirrored: the configured ones, else all, archived ones too.

        Raises BadAnswer if none of them is in use.
        """
        if self._time_clocks:
            return tuple(TimeClock(id=clock, name="") for clock in self._time_clocks)
        clocks = self._of_account()
        if all(clock.is_archived for clock in clocks):
            # An empty clock list would be reported as success.
            raise BadAnswer(
                "Connecteam lists no time clock that is in use",
                next_step="try again later; `connecteam-sync doctor` lists the time clocks",
            )
        return clocks

    def _by_default(self, past: Past) -> list[RequestedWindow]:
        return by_default(
            self.last(),
            self.clocks(),
            past,
            now=now(),
            slice_days=self._slice_days,
            longest=self._slice_days - 2 * PADDING_DAYS,
            older_days=self._older_days,
            remembered=self._remembered_clocks,
        )

    def _remembered_clocks(self, window: Window) -> frozenset[int]:
        """The time clocks with tracked shifts in a window. Not queried if no clock is archived."""
        if not any(clock.is_archived for clock in self.clocks()):
            return frozenset()
        (found,) = self.store.fetch("looking for archived time clocks", remembered_clocks_query(self.store.own, window))
        return frozenset(int(clock) for (clock,) in found)

    def _wanted(self, windows: tuple[Window, ...] | None, results: Sequence[Rows]) -> list[RequestedWindow]:
        wanted = self._by_default(self._past(results)) if windows is None else self.of(windows)
        if self._only is None:
            return wanted
        return [
            one._replace(clocks=(self._only,), whole=len(one.clocks) == 1) for one in wanted if self._only in one.clocks
        ]

    def of(self, windows: tuple[Window, ...]) -> list[RequestedWindow]:
        """The slices of chosen days."""
        clocks, remembered = self.clocks(), self._remembered_clocks
        vanished = frozenset(clock.id for clock in self._belonging.vanished()) if not self._time_clocks else frozenset()
        return of_chosen_days(windows, clocks, slice_days=self._slice_days, vanished=vanished, remembered=remembered)

    def _units_of(self, wanted: Iterable[RequestedWindow], policy: Policy) -> list[Unit]:
        """The looks of a run in order. A row without a shift may belong to any time clock, so the last look decides."""
        silent = msgspec.structs.replace(policy, orphans="ignore")
        return [
            Unit(clock, window, policy if whole and clock == clocks[-1] else silent)
            for window, clocks, whole in wanted
            for clock in clocks
        ]

    def units(self, chosen: tuple[Window, ...] | None, results: Sequence[Rows], policy: Policy) -> list[Unit]:
        """The looks of a run in order; `results` are the results of `queries`."""
        return self._units_of(self._wanted(chosen, results), policy)

    def saved_units(self, proposal: Plan, policy: Policy) -> list[Unit]:
        """The looks of a saved plan, with the current policy."""
        clocks: dict[Window, dict[int, SlicePlan]] = {}
        for plan in proposal.plans:
            clocks.setdefault(plan.window, {}).setdefault(plan.time_clock_id, plan)
        units = self._units_of((RequestedWindow(window, tuple(of)) for window, of in clocks.items()), policy)
        return [unit._replace(saved=clocks[unit.window][unit.clock]) for unit in units]

    def evidence(self, units: Iterable[Unit], policy: Policy) -> RunEvidence:
        """The evidence to gather by these units; if rows without a shift may be deleted, from every time clock."""
        account = {}
        if policy.orphans == "delete":
            account = {clock.id: named(clock) for clock in self._of_account()}
        looked_at = ((unit.clock, unit.window) for unit in units)
        is_partial = self._only is not None and len(self.clocks()) > 1
        return RunEvidence(looked_at, account=account, vouched=self._belonging.vouched, is_partial=is_partial)

    def _of_account(self) -> tuple[TimeClock, ...]:
        """Every time clock of the account, fetched once a run, and those that were listed in the past."""
        if self._listed is None:
            self._listed = (*self._belonging.time_clocks(), *self._belonging.vanished())
        return self._listed

    def archived(self) -> frozenset[int]:
        """The time clocks that were no longer in use when they were last listed to us. Nothing is fetched."""
        return frozenset(listed.id for listed in self._listed or () if listed.is_archived)

    def is_archived(self, clock: int) -> bool:
        """Whether a time clock is no longer in use."""
        return any(listed.id == clock and listed.is_archived for listed in self._of_account())

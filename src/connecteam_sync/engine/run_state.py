"""The state that the slices of one run share."""

from __future__ import annotations

from collections.abc import Container

import msgspec

from connecteam_sync.api.wire import ActivitiesResponse, People
from connecteam_sync.core.change import Pending, Refusal, SlicePlan
from connecteam_sync.core.evidence import RunEvidence
from connecteam_sync.core.guards import accept_all_command
from connecteam_sync.core.window import Window
from connecteam_sync.engine.decide import Unit


class RunState:
    """A run in progress.

    `evidence` is what the run has looked at, `plans` the newest decision of each unit, by its place (None: nothing had
    to be decided). `requested`: the days chosen for the run, None for a default run. `is_resync`: rows without a shift
    are deleted, by the command or by a saved plan of it.
    """

    def __init__(self, *, is_resync: bool, requested: Window | None) -> None:
        self.is_resync, self.requested = is_resync, requested
        self.people = People(())
        self.units: list[Unit] = []
        self.evidence = RunEvidence()
        self.plans: dict[int, SlicePlan | None] = {}
        self.undone: set[int] = set()
        """The places of units whose look failed."""
        self.stopped: dict[tuple[int, Window], tuple[Refusal, ...]] = {}
        """The refusals of guards, by time clock and days."""
        self.responses: list[ActivitiesResponse] = []
        """The responses of the earlier time clocks of the current slice's days."""
        self._window: Window | None = None

    def begin_slice(self, window: Window) -> None:
        """Begin a slice. Responses for other days are forgotten: they have no bearing on it."""
        if window != self._window:
            self._window, self.responses = window, []

    def is_open(self, decision: SlicePlan | None) -> bool:
        """Whether any unit so far left a decision for the end of the run."""
        plans = [plan for plan in (*self.plans.values(), decision) if plan is not None]
        return any(plan.pending != Pending() for plan in plans)

    def silence(self, window: Window, silenced: Container[str]) -> None:
        """Ignore rows without a shift in this window if the policy for them is one of `silenced`: a look of it failed
        or was refused, so the rows of its shifts may not be linked yet.
        """
        self.units = [
            unit._replace(policy=msgspec.structs.replace(unit.policy, orphans="ignore"))
            if unit.window == window and unit.policy.orphans in silenced
            else unit
            for unit in self.units
        ]

    def accept_all_command(self) -> str | None:
        """The one command that lets through everything that guards stopped; None if they stopped nothing."""
        return accept_all_command(
            [(window, refusals) for (_, window), refusals in self.stopped.items()],
            self.requested,
            resync=self.is_resync,
            accepted=self.units[0].policy.accepted if self.units else (),
        )


def outline(plan: SlicePlan) -> SlicePlan:
    """The parts of a plan that the end of a run needs. A run of a year could not keep every snapshot in memory."""
    snapshot = msgspec.structs.replace(
        plan.snapshot, users=(), listed=frozenset(), shifts=(), breaks=(), invalid_records=()
    )
    return msgspec.structs.replace(
        plan, snapshot=snapshot, mirrors=(), breaks=(), breaks_gone=(), holds=(), changes=plan.changes[:1]
    )

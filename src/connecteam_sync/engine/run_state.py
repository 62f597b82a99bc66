"""What the slices of one run know of each other."""

from __future__ import annotations

from collections.abc import Container

import msgspec

from connecteam_sync.api.wire import Answer, People
from connecteam_sync.core.change import Pending, Refusal, SlicePlan
from connecteam_sync.core.evidence import RunEvidence
from connecteam_sync.core.guards import accept_all_command
from connecteam_sync.core.window import Window
from connecteam_sync.engine.decide import Unit


class RunState:
    """A run that is under way.

    `evidence` is what the run has looked at, `plans` the newest decision of each unit, by its place (None: nothing had
    to be decided). `asked` are the days that the run was asked for; None where it was told of none. `is_resync`: rows
    without a shift go, by a command or by a saved plan of it.
    """

    def __init__(self, *, is_resync: bool, asked: Window | None) -> None:
        self.is_resync, self.asked = is_resync, asked
        self.people = People(())
        self.units: list[Unit] = []
        self.evidence = RunEvidence()
        self.plans: dict[int, SlicePlan | None] = {}
        self.undone: set[int] = set()
        """The places of units whose look did not come about."""
        self.stopped: dict[tuple[int, Window], tuple[Refusal, ...]] = {}
        """What guards stopped, by time clock and days."""
        self.answers: list[Answer] = []
        """What the other time clocks of the slice under way answered before."""
        self._window: Window | None = None

    def begin_slice(self, window: Window) -> None:
        """The slice of these days is under way: what other time clocks answered for other days bears on nothing."""
        if window != self._window:
            self._window, self.answers = window, []

    def is_open(self, decision: SlicePlan | None) -> bool:
        """Whether any unit so far left something for the end of the run."""
        plans = [plan for plan in (*self.plans.values(), decision) if plan is not None]
        return any(plan.pending != Pending() for plan in plans)

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

    def accept_all_command(self) -> str | None:
        """The one command that lets through all that guards stopped; None where they stopped nothing."""
        return accept_all_command(
            [(window, found) for (_, window), found in self.stopped.items()],
            self.asked,
            resync=self.is_resync,
            accepted=self.units[0].policy.accepted if self.units else (),
        )

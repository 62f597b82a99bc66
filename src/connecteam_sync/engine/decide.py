"""The decision on one look: the planner's plan, corrected by what the database knows or refuses."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple

from connecteam_sync.core.change import Policy, SlicePlan
from connecteam_sync.core.clocktime import StoredState
from connecteam_sync.core.evidence import RunEvidence
from connecteam_sync.core.guards import accept_command, days_at_stake
from connecteam_sync.core.legacy import legacy_plan
from connecteam_sync.core.plan import plan
from connecteam_sync.core.shift import Snapshot
from connecteam_sync.core.window import Window
from connecteam_sync.engine.saved_plan import require_same
from connecteam_sync.errors import ConfigurationError, ConnecteamSyncError, GuardRefused, Rejected
from connecteam_sync.store.history.holds import with_acknowledged
from connecteam_sync.store.mirror.child_rows import hold_parents
from connecteam_sync.store.mirror.refused import AcceptedPlan, accepted_plan, as_last_tried
from connecteam_sync.store.session import Session

if TYPE_CHECKING:
    from connecteam_sync.core.decision_inputs import DecisionInputs

_FINGERPRINT = re.compile("[0-9a-f]{16}")
REFUSED = "whose answer was refused"
"""The reason why a look is no evidence of what is gone: a guard stopped its plan."""


class Unit(NamedTuple):
    """One look that a run makes: a time clock, a slice of the window, and the policy it is planned by.

    `saved` is the plan that it must result in, if one was saved before.
    """

    clock: int
    window: Window
    policy: Policy
    saved: SlicePlan | None = None


def now() -> int:
    """This moment, in epoch seconds."""
    return int(time.time())


def is_turned_away(error: ConnecteamSyncError) -> bool:
    """Whether Connecteam refuses to show a time clock; trying again would not help."""
    return isinstance(error, Rejected) and not error.is_of_the_key


def decide(window: Window, snapshot: Snapshot, stored: StoredState, policy: Policy, evidence: RunEvidence) -> SlicePlan:
    """The plan of the planner that the policy names."""
    if policy.planner == "legacy":
        return legacy_plan(window, snapshot, stored, policy, now=now())
    return plan(window, snapshot, stored, policy, evidence)


class Considered:
    """The look that is being decided, and the stored state that its newest plan was made of; for `kept_inputs`."""

    def __init__(self, unit: Unit, snapshot: Snapshot) -> None:
        self.unit, self.snapshot = unit, snapshot
        self.stored: StoredState | None = None

    def inputs(self, evidence: RunEvidence, decision: SlicePlan | None = None) -> DecisionInputs | None:
        """All that the planner took; None if it has not planned yet. `evidence` is as it was then."""
        from connecteam_sync.core.decision_inputs import DecisionInputs

        unit = self.unit
        if self.stored is None:
            return None
        return DecisionInputs.of(
            unit.window, self.snapshot, self.stored, unit.policy, evidence, now=now(), decision=decision
        )


def decided_in(session: Session, considered: Considered, evidence: RunEvidence, stored: StoredState) -> SlicePlan:
    """As `decide`; rows with child rows are held, and acknowledged holds are marked. `stored` comes last, since a trial
    of refused records replaces it.
    """
    unit = considered.unit

    def deciding(state: StoredState) -> SlicePlan:
        considered.stored = state
        return decide(unit.window, considered.snapshot, state, unit.policy, evidence)

    return with_acknowledged(hold_parents(session, stored, deciding), session.holds)


def to_write(
    session: Session,
    stored: StoredState,
    deciding: Callable[[StoredState], SlicePlan],
    saved: SlicePlan | None,
    *,
    troubled: bool,
) -> AcceptedPlan:
    """The plan to be written: without the records that the host's tables refuse, or exactly as saved."""
    if saved is None:
        return accepted_plan(session, stored, deciding, troubled=troubled, now=now())
    # A saved plan was made without the records that the run before it held as refused.
    stored = as_last_tried(session, stored)
    decision = deciding(stored)
    require_same(decision, saved, stored)
    return AcceptedPlan(decision, stored, None)


def require_fingerprints(texts: Iterable[str]) -> frozenset[str]:
    """The fingerprints that a person accepts. Raises ConfigurationError for a text that is no fingerprint."""
    fingerprints = frozenset(texts)
    for text in fingerprints:
        if not _FINGERPRINT.fullmatch(text):
            raise ConfigurationError(
                f"{text[:60]!r} is no fingerprint of what a guard stopped",
                next_step="take the one that the refusal names: sixteen digits and letters from a to f",
            )
    return fingerprints


def refused(decision: SlicePlan, *, resync: bool) -> GuardRefused:
    """The error of a plan that guards stop, and the commands that show the stopped changes and let them through."""
    reasons = "; ".join(refusal.message for refusal in decision.refusals)
    accept = accept_command(decision.window, decision.refusals, resync=resync, accepted=decision.policy.accepted)
    look = f"plan{' --resync' if resync else ''} {days_at_stake(decision.window, decision.refusals)}"
    return GuardRefused(
        reasons,
        fingerprint=decision.refusals[0].fingerprint,
        next_step=f"look at it: connecteam-sync {look}; if it is right: {accept}",
    )

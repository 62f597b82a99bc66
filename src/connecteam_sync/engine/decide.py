"""What a run decides on one look: the planner's plan, with what the database has to say to it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import NamedTuple

from connecteam_sync.core.change import Policy, SlicePlan
from connecteam_sync.core.clocktime import StoredState
from connecteam_sync.core.evidence import Looks
from connecteam_sync.core.guards import days_at_stake, way_on
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

_FINGERPRINT = re.compile("[0-9a-f]{16}")
REFUSED = "whose answer was refused"
"""Why a look says nothing of what is gone, where a guard stopped its plan."""


class Unit(NamedTuple):
    """One look that a run makes: a time clock, a slice of the window, and the policy it is planned by.

    `saved` is the plan that it must come to, where one was shown and saved before.
    """

    clock: int
    window: Window
    policy: Policy
    saved: SlicePlan | None = None


def now() -> int:
    """This moment, in epoch seconds."""
    return int(time.time())


def is_turned_away(error: ConnecteamSyncError) -> bool:
    """Whether Connecteam does not show a time clock at all: not to anybody, however often it is asked."""
    return isinstance(error, Rejected) and not error.is_of_the_key


def decide(window: Window, snapshot: Snapshot, stored: StoredState, policy: Policy, looks: Looks) -> SlicePlan:
    """The decision of the planner that the policy names."""
    if policy.planner == "legacy":
        return legacy_plan(window, snapshot, stored, policy, now=now())
    return plan(window, snapshot, stored, policy, looks)


def decided_in(session: Session, unit: Unit, snapshot: Snapshot, looks: Looks, stored: StoredState) -> SlicePlan:
    """As `decide`, with rows that have children held, and what somebody acknowledged. `stored` is last: a trial
    alters it.
    """
    deciding = partial(decide, unit.window, snapshot, policy=unit.policy, looks=looks)
    return with_acknowledged(hold_parents(session, stored, deciding), session.holds)


def to_write(
    session: Session,
    stored: StoredState,
    deciding: Callable[[StoredState], SlicePlan],
    saved: SlicePlan | None,
    *,
    troubled: bool,
) -> AcceptedPlan:
    """The plan to be written: without what the host's tables refuse, or just as it was saved."""
    if saved is None:
        return accepted_plan(session, stored, deciding, troubled=troubled, now=now())
    # It was shown without what the run before it had held as refused.
    stored = as_last_tried(session, stored)
    decision = deciding(stored)
    require_same(decision, saved, stored)
    return AcceptedPlan(decision, stored, None)


def require_fingerprints(words: Iterable[str]) -> frozenset[str]:
    """What a person let through, by name. Raises ConfigurationError where a word names nothing that a guard stops."""
    found = frozenset(words)
    for word in found:
        if not _FINGERPRINT.fullmatch(word):
            raise ConfigurationError(
                f"{word[:60]!r} is no fingerprint of what a guard stopped",
                next_step="take the one that the refusal names: sixteen digits and letters from a to f",
            )
    return found


def refused(decision: SlicePlan, *, resync: bool) -> GuardRefused:
    """Why a plan is not applied, and the commands that show what was stopped, and let just that through."""
    reasons = "; ".join(refusal.message for refusal in decision.refusals)
    accept = way_on(decision.window, decision.refusals, resync=resync, accepted=decision.policy.accepted)
    look = f"plan{' --resync' if resync else ''} {days_at_stake(decision.window, decision.refusals)}"
    return GuardRefused(
        reasons,
        fingerprint=decision.refusals[0].fingerprint,
        next_step=f"look at it: connecteam-sync {look}; if it is right: {accept}",
    )

"""The inputs of one decision as values, so that it can be planned again elsewhere; and what was decided."""

from __future__ import annotations

from typing import Self

import msgspec

from connecteam_sync.core.change import Change, Counts, Hold, Minutes, NewEmployee, Policy, Refusal, SlicePlan
from connecteam_sync.core.clocktime import Child, ClockTime, Employee, StoredState, TrackedShift
from connecteam_sync.core.evidence import EvidenceImage, RunEvidence
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.legacy import legacy_plan
from connecteam_sync.core.people import Rename
from connecteam_sync.core.plan import plan
from connecteam_sync.core.shift import Break, Snapshot, User
from connecteam_sync.core.window import LockedDay, Window


class StoredImage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A `StoredState` with pairs in the place of maps: keys that are numbers stay numbers in JSON."""

    rows: tuple[ClockTime, ...] = ()
    mirrors: tuple[TrackedShift, ...] = ()
    breaks: tuple[Break, ...] = ()
    employees: tuple[tuple[int, RowId], ...] = ()
    ambiguous: tuple[tuple[int, tuple[RowId, ...]], ...] = ()
    users_of: tuple[tuple[RowId, tuple[int, ...]], ...] = ()
    names: tuple[tuple[RowId, str], ...] = ()
    people: tuple[Employee, ...] = ()
    users: tuple[User, ...] = ()
    known_users: tuple[int, ...] = ()
    locked: tuple[LockedDay, ...] = ()
    refused: tuple[tuple[str, str], ...] = ()
    refused_before: tuple[tuple[str, str], ...] = ()
    lacks: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    job_names: tuple[tuple[tuple[str | None, str | None], str], ...] = ()
    break_types: tuple[tuple[tuple[int, str], bool], ...] = ()
    breaks_around: tuple[Break, ...] = ()
    skipped_shifts: int = 0
    skipped_minutes: int = 0
    children: tuple[tuple[RowId, tuple[Child, ...]], ...] = ()

    @classmethod
    def of(cls, stored: StoredState) -> Self:
        """The image of a stored state."""
        return cls(
            rows=stored.rows,
            mirrors=stored.mirrors,
            breaks=stored.breaks,
            employees=tuple(stored.employees.items()),
            ambiguous=tuple(stored.ambiguous.items()),
            users_of=tuple((employee, tuple(sorted(users))) for employee, users in stored.users_of.items()),
            names=tuple(stored.names.items()),
            people=stored.people,
            users=tuple(stored.users.values()),
            known_users=tuple(sorted(stored.known_users)),
            locked=stored.locked,
            refused=tuple(stored.refused.items()),
            refused_before=tuple(stored.refused_before.items()),
            lacks=tuple(sorted(stored.lacks)),
            optional=tuple(sorted(stored.optional)),
            job_names=tuple(stored.job_names.items()),
            break_types=tuple(stored.break_types.items()),
            breaks_around=stored.breaks_around,
            skipped_shifts=stored.skipped_shifts,
            skipped_minutes=stored.skipped_minutes,
            children=tuple(stored.children.items()),
        )

    @property
    def state(self) -> StoredState:
        """The stored state that this is an image of."""
        return StoredState(
            rows=self.rows,
            mirrors=self.mirrors,
            breaks=self.breaks,
            employees=dict(self.employees),
            ambiguous=dict(self.ambiguous),
            users_of={employee: frozenset(users) for employee, users in self.users_of},
            names=dict(self.names),
            people=self.people,
            users={user.id: user for user in self.users},
            known_users=frozenset(self.known_users),
            locked=self.locked,
            refused=dict(self.refused),
            refused_before=dict(self.refused_before),
            lacks=frozenset(self.lacks),
            optional=frozenset(self.optional),
            job_names=dict(self.job_names),
            break_types=dict(self.break_types),
            breaks_around=self.breaks_around,
            skipped_shifts=self.skipped_shifts,
            skipped_minutes=self.skipped_minutes,
            children=dict(self.children),
        )


class Decided(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The result of a decision, to be compared: everything that is written or shown. Acknowledgements are left out."""

    fingerprint: str
    changes: tuple[Change, ...] = ()
    holds: tuple[Hold, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    new_employees: tuple[NewEmployee, ...] = ()
    mirrors: tuple[TrackedShift, ...] = ()
    breaks: tuple[Break, ...] = ()
    breaks_gone: tuple[str, ...] = ()
    renames: tuple[Rename, ...] = ()
    counts: Counts = Counts()
    minutes: Minutes = Minutes()

    @classmethod
    def of(cls, decision: SlicePlan) -> Self:
        """What a plan decides."""
        return cls(
            fingerprint=decision.fingerprint,
            changes=decision.changes,
            holds=tuple(msgspec.structs.replace(hold, acknowledged=False) for hold in decision.holds),
            refusals=decision.refusals,
            new_employees=decision.new_employees,
            mirrors=decision.mirrors,
            breaks=decision.breaks,
            breaks_gone=decision.breaks_gone,
            renames=decision.renames,
            counts=decision.counts,
            minutes=decision.minutes,
        )


class DecisionInputs(msgspec.Struct, frozen=True, kw_only=True):
    """All that the planner takes for one look: the same inputs give the same decision, on any machine.

    `now` (epoch seconds) is used by the old algorithm only. `decided` is None if the look failed before it was decided.
    """

    window: Window
    snapshot: Snapshot
    stored: StoredImage
    policy: Policy
    evidence: EvidenceImage
    now: int
    decided: Decided | None = None

    @classmethod
    def of(
        cls,
        window: Window,
        snapshot: Snapshot,
        stored: StoredState,
        policy: Policy,
        evidence: RunEvidence,
        *,
        now: int,
        decision: SlicePlan | None = None,
    ) -> Self:
        """The inputs of a decision, before anything else of the run is noted in `evidence`."""
        asked = (shift.id for shift in snapshot.shifts)
        return cls(
            window=window,
            snapshot=snapshot,
            stored=StoredImage.of(stored),
            policy=policy,
            evidence=evidence.image((*asked, *(mirror.shift.id for mirror in stored.mirrors))),
            now=now,
            decided=Decided.of(decision) if decision is not None else None,
        )

    def planned(self) -> SlicePlan:
        """The decision, made again."""
        stored = self.stored.state
        if self.policy.planner == "legacy":
            return legacy_plan(self.window, self.snapshot, stored, self.policy, now=self.now)
        return plan(self.window, self.snapshot, stored, self.policy, RunEvidence.of(self.evidence))

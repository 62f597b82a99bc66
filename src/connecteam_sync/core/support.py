"""A report that can be replayed: what it has, and what came of planning it again."""

from __future__ import annotations

import msgspec

from connecteam_sync.core.change import SlicePlan
from connecteam_sync.core.decision_inputs import DecisionInputs
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.run import Plan, Status
from connecteam_sync.core.window import Window

FORMAT = 1
"""The number of the format; another one is not read."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """A finding of `doctor`, its text without names and ids."""

    name: str
    state: str
    text: str


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """One look of a run on record, without names and ids."""

    run: int | None
    kind: str
    version: str
    started_at: int
    finished_at: int | None
    time_clock_id: int | None
    window: Window
    status: Status
    counts: dict[str, int]
    minutes: tuple[int, int]
    held: dict[str, int]
    error_name: str | None
    error: str
    note: str


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """The inputs of one decision, replaced, and what the planner made of them when the bundle was made.

    `is_as_decided`: planned again, the real inputs gave what the run had decided (None: not known);
    `is_as_real`: the replaced inputs gave the same decision as the real ones.
    """

    status: Status | None
    error_name: str | None
    version: str
    planner_version: str
    inputs: DecisionInputs
    is_as_decided: bool | None
    is_as_real: bool


class BundleContent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of a bundle, as it is in the file."""

    format: int
    run: int | None
    versions: dict[str, str]
    configuration: dict[str, str]
    findings: tuple[Finding, ...]
    receipts: tuple[Receipt, ...]
    looks: tuple[Look, ...]
    missing: tuple[str, ...]
    """What could not be had, and why: sentences."""


class SupportBundle(msgspec.Struct, frozen=True, kw_only=True):
    """A bundle that is not written yet: `contents` says what is in it, a line each; `data` is the file's content.

    `missing` are sentences about what could not be had, such as the inputs of a run that are no longer kept.
    """

    run: int | None
    contents: tuple[str, ...]
    missing: tuple[str, ...]
    data: bytes


class ReplayedLook(msgspec.Struct, frozen=True, kw_only=True):
    """One decision of a bundle, planned again. `is_same`: it is the one that the bundle has."""

    plan: SlicePlan
    is_same: bool


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """A bundle that was planned again: by the version `made_by`, of the planner `planner_version`."""

    run: int | None
    made_by: str
    planner_version: str
    looks: tuple[ReplayedLook, ...]
    missing: tuple[str, ...]
    names: dict[RowId, str]
    """The invented names of employees."""

    @property
    def is_same(self) -> bool:
        """Whether every decision is the one that the bundle has."""
        return all(look.is_same for look in self.looks)

    @property
    def plan(self) -> Plan | None:
        """All decisions as one plan, to be shown; None without any."""
        plans = tuple(look.plan for look in self.looks)
        if not plans:
            return None
        first, last = min(p.window.first for p in plans), max(p.window.last for p in plans)
        return Plan(window=Window(first, last, plans[0].window.timezone), plans=plans, version=self.made_by)

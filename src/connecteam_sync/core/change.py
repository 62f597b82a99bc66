"""The words of a decision: Changes, Holds, Refusals, and the Plan that carries them."""

from __future__ import annotations

import hashlib
from datetime import date
from typing import Literal, get_args

import msgspec

from connecteam_sync.core.clocktime import ClockTime, Mirror
from connecteam_sync.core.shift import Break, Snapshot
from connecteam_sync.core.window import Window

ChangeKind = Literal["create", "update", "link", "delete"]
"""`update` covers every correction, a moved clock-in or another employee included: same row, same primary key. `link`
ties an existing row to its shift and alters no value of it."""

HoldReason = Literal[
    "unmapped_user",
    "manual_row",
    "duplicate_clock_in",
    "user_not_listed",
    "orphan",
    "locked_day",
    "impossible_record",
    "local_edit",
    "window_edge",
    "child_row",
]
HOLD_REASONS: tuple[HoldReason, ...] = get_args(HoldReason)
"""The closed list of reasons; `docs/reference.md` explains each, and a test keeps the two equal."""


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """What the user decided beforehand; every choice is a configuration key of the same name."""

    planner: Literal["batch", "legacy"] = "batch"
    """`legacy` is the rollback flag: the old algorithm, which guesses identity from times."""
    employees: Literal["create", "match"] = "match"
    """`create` adds an `employees` row for a new user with a shift; `match` only ever uses existing rows."""
    orphans: Literal["report", "delete", "ignore"] = "report"
    """Rows of ours that never had a shift id and match none; `ignore` while other clocks are still to be looked at."""
    local_edits: Literal["restore", "keep"] = "restore"
    max_deletes: int = 3
    max_deletes_share: float = 0.10
    max_users_gone_share: float = 0.30


class Change(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One intended write to one row of `clock_times`.

    `before` is the image the row must still have (None for `create`); `after` the image it gets (None for `delete`).
    `shift_id` is the shift whose row it is afterwards, or was (None for an orphan). `days` are the first and the last
    local day that `before` and `after` touch together.
    """

    kind: ChangeKind
    before: ClockTime | None
    after: ClockTime | None
    shift_id: str | None
    user_id: int | None
    days: tuple[date, date]
    why: str

    @property
    def image(self) -> ClockTime:
        """The row as it will be, or as it was where it goes away."""
        image = self.after or self.before
        if image is None:
            msg = "a change has a before, an after, or both"
            raise ValueError(msg)
        return image

    @property
    def minutes(self) -> int:
        """By how many minutes the table's total moves; an open shift counts nothing."""
        return ((self.after and self.after.total_minutes) or 0) - ((self.before and self.before.total_minutes) or 0)


class Hold(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Something deliberately not written. It stays visible until its cause is gone.

    `instant` is the clock-in it is about (None where the record does not tell), `minutes` by how much the table would
    have moved.
    """

    reason: HoldReason
    subject: str
    """What is held, stable from run to run: `shift:<id>`, `row:<id>` or `record:<digest>`."""
    detail: str
    shift_id: str | None = None
    user_id: int | None = None
    clock_time_id: int | None = None
    employee_id: int | None = None
    instant: int | None = None
    minutes: int = 0
    time_clock_id: int | None = None
    """The time clock of the shift, where it is not the one the plan is of: its row was taken over."""


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """A guard that does not let the plan of this window be applied without a person's word."""

    guard: Literal["too_many_deletes", "empty_answer", "users_gone"]
    message: str


class NewEmployee(msgspec.Struct, frozen=True, kw_only=True):
    """An `employees` row this plan creates. In the plan's rows its id is `provisional_employee(user_id)`."""

    user_id: int
    name: str
    email: str | None = None


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """Shifts of the window by what happens to them. `total_shifts` is what Connecteam has in the window.

    `linked` rows count as unchanged too: no value of theirs moves.
    """

    total_shifts: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    deleted: int = 0
    held: int = 0
    linked: int = 0


class Minutes(msgspec.Struct, frozen=True, kw_only=True):
    """Total minutes of the window's rows of ours, before and after."""

    before: int = 0
    after: int = 0


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """The whole decision for one (time clock, window): what to write, what not to, and why.

    `mirrors`, `breaks` and `breaks_gone` are the memory to be written with it: only what differs from what is stored.
    `holds` is complete: a hold of this time clock inside the window that is not among them has lost its cause.
    `fingerprint` names this decision on these images; equal inputs give equal fingerprints on every machine.
    """

    time_clock_id: int
    window: Window
    changes: tuple[Change, ...]
    holds: tuple[Hold, ...]
    new_employees: tuple[NewEmployee, ...]
    mirrors: tuple[Mirror, ...]
    breaks: tuple[Break, ...]
    breaks_gone: tuple[str, ...]
    counts: Counts
    minutes: Minutes
    refusals: tuple[Refusal, ...]
    fingerprint: str
    policy: Policy
    snapshot: Snapshot

    @property
    def writes_rows(self) -> bool:
        """Whether any row of `clock_times` is created, altered, linked or deleted."""
        return bool(self.changes)


def fingerprint(
    time_clock_id: int, window: Window, changes: tuple[Change, ...], new_employees: tuple[NewEmployee, ...]
) -> str:
    """A name for this decision on these images: sixteen hex digits."""
    return hashlib.sha256(msgspec.json.encode((time_clock_id, window, changes, new_employees))).hexdigest()[:16]

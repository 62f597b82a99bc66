"""The parts of a decision: Change, Hold, Refusal, and the SlicePlan that has them all."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from datetime import date
from itertools import chain
from typing import Literal, get_args

import msgspec

from connecteam_sync.core.clocktime import ClockTime, TrackedShift
from connecteam_sync.core.evidence import Stage
from connecteam_sync.core.keys import RowId, ordered
from connecteam_sync.core.people import Rename
from connecteam_sync.core.shift import Break, Snapshot
from connecteam_sync.core.text import LONGEST, one_line
from connecteam_sync.core.window import Window

ChangeKind = Literal["create", "update", "link", "delete"]
"""`update` is every correction, also of clock-in or employee: the row keeps its primary key. `link` ties an existing
row to its shift and alters none of its values."""

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
    "ambiguous_employee",
    "clock_not_looked_at",
    "refused_by_database",
    "possible_double",
    "deletes_guarded",
    "no_connecteam_user",
    "same_minute",
    "old_rows_stay",
]
_SUBJECT = 191
"""Characters that the column of a hold's subject takes."""
_AT_ONCE = 2_000
"""Up to so many changes are hashed as one text."""
HOLD_REASONS: tuple[HoldReason, ...] = get_args(HoldReason)
"""The closed list of reasons; `docs/reference.md` explains each, and a test keeps the two equal."""


Planner = Literal["batch", "legacy"]


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """The user's choices; each is a configuration key of the same name."""

    planner: Planner = "batch"
    """`legacy` is the rollback flag: the old algorithm, which guesses identity from times."""
    employees: Literal["create", "match"] = "match"
    """`create` adds an `employees` row for a new user with a shift; `match` only ever uses existing rows."""
    orphans: Literal["report", "delete", "ignore"] = "report"
    """Rows of ours without a shift; `ignore` while other time clocks are still to be looked at."""
    local_edits: Literal["restore", "keep"] = "restore"
    max_deletes: int = 3
    max_deletes_share: float = 0.10
    max_deletes_of_person: int = 3
    """Up to so many rows of a window may go if they are all that a person has; more are held."""
    max_users_gone_share: float = 0.30
    accepted: frozenset[str] = frozenset()
    """Fingerprints of refusals that a person has accepted (`--accept`)."""


class Change(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One intended write to one row of `clock_times`.

    `before` is the image the row must still have (None for `create`); `after` the image it gets (None for `delete`).
    `shift_id` is the shift the row belongs to afterwards, or belonged to (None for an orphan). `days` are the first and
    the last local day that `before` and `after` touch together.
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
        """The row as it will be, or as it was if it is deleted."""
        image = self.after or self.before
        if image is None:
            msg = "a change has a before, an after, or both"
            raise ValueError(msg)
        return image

    @property
    def minutes(self) -> int:
        """By how many minutes the table's total moves; an open shift counts nothing."""
        return (self.after.minutes if self.after else 0) - (self.before.minutes if self.before else 0)


def by_day(change: Change) -> tuple[tuple[date, date], tuple[bool, RowId], int, tuple[bool, RowId]]:
    """The sort key for changes shown to people."""
    image = change.image
    return (change.days, ordered(image.employee_id), image.clock_in, ordered(image.id))


def subject_of(change: Change) -> str:
    """The subject of a hold in the place of a change; stable from run to run."""
    if change.shift_id:
        return f"shift:{change.shift_id}"
    return f"row:{change.before.id}" if change.before else f"new:{change.image.employee_id}:{change.image.clock_in}"


class Hold(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Something deliberately not written. It stays visible until its cause is gone.

    `instant` is the clock-in it is about (None if the record has none), `minutes` by how much the table's total would
    have moved.
    """

    reason: HoldReason
    subject: str
    """What is held, stable from run to run: `shift:<id>`, `row:<id>` or `record:<digest>`; with an id
    too long for its column, `shift#<digest>`."""
    detail: str
    shift_id: str | None = None
    user_id: int | None = None
    clock_time_id: RowId | None = None
    employee_id: RowId | None = None
    instant: int | None = None
    minutes: int = 0
    time_clock_id: int | None = None
    """The time clock of the shift if it is not the plan's: its row was taken over."""
    acknowledged: bool = False
    """Whether a person has acknowledged it: it is still shown, but no longer makes a run exit with 3."""
    change: Change | None = None
    """What would be written if its day were not closed: a correction is made of it."""

    def __post_init__(self) -> None:
        # It contains names and database messages, and must be one line everywhere.
        if not self.detail.isprintable() or "  " in self.detail or len(self.detail) > LONGEST:
            msgspec.structs.force_setattr(self, "detail", one_line(self.detail))
        if len(self.subject) > _SUBJECT:
            kind, _, key = self.subject.partition(":")
            digest = hashlib.sha256(key.encode()).hexdigest()[:40]
            msgspec.structs.force_setattr(self, "subject", f"{kind}#{digest}")


def waiting(holds: Iterable[Hold]) -> bool:
    """Whether any of these holds has not been acknowledged."""
    return any(not hold.acknowledged for hold in holds)


_LEFT_OUT = re.compile(r"is still on time clock ([0-9]{1,18}), whose answer leaves them out")


def left_out_text(who: str, clock: int) -> str:
    """What the hold of a person says whom a time clock's answer leaves out although they are assigned to it."""
    return f"{who} is still on time clock {clock}, whose answer leaves them out: it is incomplete"


def left_out_of(detail: str) -> int | None:
    """The time clock that left its person out, from the detail of a hold; None if it is of another kind."""
    found = _LEFT_OUT.findall(detail)
    return int(found[-1]) if found else None


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """A guard's refusal to apply a window's plan until a person accepts it.

    `fingerprint` depends only on what was stopped, so that it can still be accepted while others go on punching;
    `stopped` are the deletes it is about (none if it is about other signs).
    """

    guard: Literal["too_many_deletes", "empty_answer", "users_gone", "doubled_hours"]
    message: str
    fingerprint: str = ""
    stopped: tuple[Change, ...] = ()
    lacks_seconds: bool = False
    """Whether it stopped shifts that agree with existing rows except for the seconds: those are to be linked first."""


class NewEmployee(msgspec.Struct, frozen=True, kw_only=True):
    """An `employees` row this plan creates. In the plan's rows its id is `keys.provisional_employee(user_id)`."""

    user_id: int
    name: str
    email: str | None = None


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """Counts of the window's shifts by outcome. `total_shifts` is how many Connecteam has in the window.

    `linked` rows count as unchanged too, since none of their values change.
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


class Wait(msgspec.Struct, frozen=True, kw_only=True):
    """A shift of the answer that cannot be decided before the end of its run.

    `because` is the shift that is in its way: if that has not changed by then, nothing is left to decide. None: it is
    decided at the end in any case. `has_row`: it has a row already, and needs none of a shift that is gone.
    """

    shift_id: str
    user_id: int
    start: int
    because: str | None = None
    has_row: bool = False


class Pending(msgspec.Struct, frozen=True, kw_only=True):
    """The decisions that a look leaves for the end of its run, when all looks are done.

    `deletes` are rows that would go, `absent` the shifts found gone from their day, `waits` shifts that wait for
    either; `orphans`: whether there are rows whose shift may be on a time clock that was not looked at yet.
    """

    deletes: tuple[Change, ...] = ()
    absent: tuple[str, ...] = ()
    waits: tuple[Wait, ...] = ()
    orphans: bool = False


class Losses(msgspec.Struct, frozen=True, kw_only=True):
    """The rows that employees would lose by a look: guards that go by person judge all looks of a run together.

    `rows`: how many rows of ours each employee has in the window; `going`: every delete that only a guard may still
    stop, now or at the end of the run; `let_through`: the rows whose deletion a person has accepted; `coming`: how many
    new rows of each employee wait for such deletes.
    """

    rows: tuple[tuple[RowId, int], ...] = ()
    going: tuple[Change, ...] = ()
    let_through: tuple[RowId, ...] = ()
    coming: tuple[tuple[RowId, int], ...] = ()


class SlicePlan(msgspec.Struct, frozen=True, kw_only=True):
    """The whole decision for one (time clock, window): changes, holds and refusals, with their reasons.

    `mirrors`, `breaks` and `breaks_gone` are to be remembered with it: only those that differ from the stored ones.
    `holds` is complete: a hold of this time clock inside the window that is not among them has lost its cause.
    `renames` are reported, and written only if `init` made the table of people.
    `fingerprint` is the same on every machine for equal changes to equal images.
    """

    time_clock_id: int
    window: Window
    changes: tuple[Change, ...]
    holds: tuple[Hold, ...]
    new_employees: tuple[NewEmployee, ...]
    mirrors: tuple[TrackedShift, ...]
    breaks: tuple[Break, ...]
    breaks_gone: tuple[str, ...]
    counts: Counts
    minutes: Minutes
    refusals: tuple[Refusal, ...]
    fingerprint: str
    policy: Policy
    snapshot: Snapshot
    stage: Stage = "whole"
    """Which look of its run it is of; see `evidence`."""
    pending: Pending = Pending()
    undecided: frozenset[str] = frozenset()
    """Subjects that this plan does not decide: open holds about them stay open."""
    leans: bool = False
    """Whether the plan also depends on other looks of the run, not on its own inputs alone."""
    outdated: frozenset[str] = frozenset()
    """Shifts of the answer that are remembered on another clock-in even after this plan; see `tracking.outdated`."""
    renames: tuple[Rename, ...] = ()
    at_risk: tuple[RowId, ...] = ()
    """Further rows that would go, or are reported as orphans: it matters whether rows of other tables point at them."""
    losses: Losses = Losses()

    @property
    def writes_rows(self) -> bool:
        """Whether any row of `clock_times` is created, altered, linked or deleted."""
        return bool(self.changes)


def fingerprint(
    time_clock_id: int, window: Window, changes: tuple[Change, ...], new_employees: tuple[NewEmployee, ...]
) -> str:
    """A short hash of these changes to these images: sixteen hex digits of the hash of their JSON."""
    if len(changes) <= _AT_ONCE:
        return hashlib.sha256(msgspec.json.encode((time_clock_id, window, changes, new_employees))).hexdigest()[:16]
    from connecteam_sync.core.long_json import array_in_chunks  # noqa: PLC0415 - few plans have so many

    digest = hashlib.sha256(msgspec.json.encode((time_clock_id, window))[:-1])
    for chunk in chain((b",",), array_in_chunks(changes), (b",", msgspec.json.encode(new_employees), b"]")):
        digest.update(chunk)
    return digest.hexdigest()[:16]


def fingerprint_of_stopped(guard: str, time_clock_id: int, rows: Iterable[tuple[RowId, ...]]) -> str:
    """A short hash of the rows that a guard stopped: the same as long as it would stop the same rows."""
    stopped = sorted(rows, key=lambda row: [*map(ordered, row)])
    return hashlib.sha256(msgspec.json.encode((guard, time_clock_id, stopped))).hexdigest()[:16]

"""The words of a decision: Changes, Holds, Refusals, and the SlicePlan that carries them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import date
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
HOLD_REASONS: tuple[HoldReason, ...] = get_args(HoldReason)
"""The closed list of reasons; `docs/reference.md` explains each, and a test keeps the two equal."""


Planner = Literal["batch", "legacy"]


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """What the user decided beforehand; every choice is a configuration key of the same name."""

    planner: Planner = "batch"
    """`legacy` is the rollback flag: the old algorithm, which guesses identity from times."""
    employees: Literal["create", "match"] = "match"
    """`create` adds an `employees` row for a new user with a shift; `match` only ever uses existing rows."""
    orphans: Literal["report", "delete", "ignore"] = "report"
    """Rows of ours that never had a shift id and match none; `ignore` while other clocks are still to be looked at."""
    local_edits: Literal["restore", "keep"] = "restore"
    max_deletes: int = 3
    max_deletes_share: float = 0.10
    max_deletes_of_person: int = 3
    """One person may lose all of so many rows of a window; of more, they are held."""
    max_users_gone_share: float = 0.30
    accepted: frozenset[str] = frozenset()
    """Fingerprints of what guards stopped before, and a person has looked at since (`--accept`)."""


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
        return (self.after.minutes if self.after else 0) - (self.before.minutes if self.before else 0)


def by_day(change: Change) -> tuple[tuple[date, date], tuple[bool, RowId], int, tuple[bool, RowId]]:
    """The order of changes that people read."""
    image = change.image
    return (change.days, ordered(image.employee_id), image.clock_in, ordered(image.id))


def subject_of(change: Change) -> str:
    """What a change is about, stable from run to run: the subject of a hold in its place."""
    if change.shift_id:
        return f"shift:{change.shift_id}"
    return f"row:{change.before.id}" if change.before else f"new:{change.image.employee_id}:{change.image.clock_in}"


class Hold(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Something deliberately not written. It stays visible until its cause is gone.

    `instant` is the clock-in it is about (None where the record does not tell), `minutes` by how much the table would
    have moved.
    """

    reason: HoldReason
    subject: str
    """What is held, stable from run to run: `shift:<id>`, `row:<id>` or `record:<digest>`; of an id that leaves no room
    for the word before it, `shift#<digest>`. No longer than its column."""
    detail: str
    shift_id: str | None = None
    user_id: int | None = None
    clock_time_id: RowId | None = None
    employee_id: RowId | None = None
    instant: int | None = None
    minutes: int = 0
    time_clock_id: int | None = None
    """The time clock of the shift, where it is not the one the plan is of: its row was taken over."""
    acknowledged: bool = False
    """Whether a person has said that it may stay as it is: it is still shown, and no longer makes a run end with 3."""

    def __post_init__(self) -> None:
        # Names and a database's words are in it: it is read on one line, wherever it is read.
        if not self.detail.isprintable() or "  " in self.detail or len(self.detail) > LONGEST:
            msgspec.structs.force_setattr(self, "detail", one_line(self.detail))
        if len(self.subject) > _SUBJECT:
            kind, _, key = self.subject.partition(":")
            digest = hashlib.sha256(key.encode()).hexdigest()[:40]
            msgspec.structs.force_setattr(self, "subject", f"{kind}#{digest}")


def waiting(holds: Iterable[Hold]) -> bool:
    """Whether any of these holds waits for somebody: has not been acknowledged."""
    return any(not hold.acknowledged for hold in holds)


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """A guard that does not let the plan of this window be applied without a person's word.

    `fingerprint` names what it stopped and nothing else, so that a person's word for it holds while others go on
    punching; `stopped` are the deletes it is about (none where it is about a list of people).
    """

    guard: Literal["too_many_deletes", "empty_answer", "users_gone", "doubled_hours"]
    message: str
    fingerprint: str = ""
    stopped: tuple[Change, ...] = ()
    lacks_seconds: bool = False
    """Whether what it stopped agrees with rows that are there but for the seconds: those are to be linked first."""


class NewEmployee(msgspec.Struct, frozen=True, kw_only=True):
    """An `employees` row this plan creates. In the plan's rows its id is `keys.provisional_employee(user_id)`."""

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


class Wait(msgspec.Struct, frozen=True, kw_only=True):
    """A shift that is there and cannot be decided before the end of its run.

    `because` is the shift that is in its way: where that turns out to be as it was, nothing is left to decide. None:
    the end decides in any case. `has_row`: it needs no row of a shift that is gone.
    """

    shift_id: str
    user_id: int
    start: int
    because: str | None = None
    has_row: bool = False


class Pending(msgspec.Struct, frozen=True, kw_only=True):
    """What a look leaves for the end of its run, when all others are in.

    `deletes` are rows that would go, `absent` the shifts found gone from their day among them, `waits` shifts that wait
    for either; `orphans`: rows without a shift whose person may have it on a time clock that was not looked at yet.
    """

    deletes: tuple[Change, ...] = ()
    absent: tuple[str, ...] = ()
    waits: tuple[Wait, ...] = ()
    orphans: bool = False


class Losses(msgspec.Struct, frozen=True, kw_only=True):
    """What a look would take from whom: guards that go by people judge all looks of a run together.

    `rows`: how many rows of ours each employee has in the window; `going`: every delete that nothing but a guard keeps
    from being made, now or at the end of the run; `let_through`: the rows that a person's word lets go; `coming`: how
    many new rows of each employee wait for such deletes.
    """

    rows: tuple[tuple[RowId, int], ...] = ()
    going: tuple[Change, ...] = ()
    let_through: tuple[RowId, ...] = ()
    coming: tuple[tuple[RowId, int], ...] = ()


class SlicePlan(msgspec.Struct, frozen=True, kw_only=True):
    """The whole decision for one (time clock, window): what to write, what not to, and why.

    `mirrors`, `breaks` and `breaks_gone` are the memory to be written with it: only what differs from what is stored.
    `holds` is complete: a hold of this time clock inside the window that is not among them has lost its cause.
    `renames` are told, and written only where `init` made the table of people.
    `fingerprint` names this decision on these images; equal inputs give equal fingerprints on every machine.
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
    """Subjects of holds that this plan says nothing about: what stands of them stays."""
    leans: bool = False
    """Whether other looks of the run had a say: then equal inputs of this one are not all that it was decided on."""
    renames: tuple[Rename, ...] = ()
    at_risk: tuple[RowId, ...] = ()
    """Rows next to those of `changes` of which it matters whether others point at them: they would go, if they may, or
    are told as rows that could."""
    losses: Losses = Losses()

    @property
    def writes_rows(self) -> bool:
        """Whether any row of `clock_times` is created, altered, linked or deleted."""
        return bool(self.changes)


def fingerprint(
    time_clock_id: int, window: Window, changes: tuple[Change, ...], new_employees: tuple[NewEmployee, ...]
) -> str:
    """A name for this decision on these images: sixteen hex digits."""
    return hashlib.sha256(msgspec.json.encode((time_clock_id, window, changes, new_employees))).hexdigest()[:16]


def fingerprint_of_stopped(guard: str, time_clock_id: int, rows: Iterable[tuple[RowId, ...]]) -> str:
    """A name for what a guard stopped: the same for as long as it would stop the same."""
    stopped = sorted(rows, key=lambda row: [*map(ordered, row)])
    return hashlib.sha256(msgspec.json.encode((guard, time_clock_id, stopped))).hexdigest()[:16]

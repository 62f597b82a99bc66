"""What happened: runs and their slices, journal entries, standing holds. Written by the store, read by everybody."""

from __future__ import annotations

from datetime import date
from typing import Literal

import msgspec

from connecteam_sync.core.adopt import Offset
from connecteam_sync.core.change import Change, Counts, Hold, Minutes, Plan
from connecteam_sync.core.window import Window

RunKind = Literal["sync", "apply", "resync", "adopt", "undo"]
Status = Literal["applied", "nothing", "refused", "failed"]
"""`nothing`: all was as it should be; no row was written. A run whose process died keeps its finished slices."""


class Slice(msgspec.Struct, frozen=True, kw_only=True):
    """The receipt of one (time clock, slice of the window): one look, one transaction. `error` where it failed.

    `time_clock_id` is None for `adopt` and undo, which are about rows, not about a clock.
    """

    time_clock_id: int | None
    window: Window
    status: Status
    counts: Counts = Counts()
    minutes: Minutes = Minutes()
    holds: tuple[Hold, ...] = ()
    fingerprint: str | None = None
    note: str | None = None
    """A sentence for a person about what was done beside the rows: a backup, a key."""
    error: str | None = None
    error_name: str | None = None
    next_step: str | None = None
    exit_code: int = 0


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt: its window, slices and sums. `id` is None where the database could not even record it.

    `started_at` and `finished_at` are epoch seconds; `finished_at` is None while it runs, or where it was killed.
    """

    id: int | None
    kind: RunKind
    window: Window
    slices: tuple[Slice, ...]
    version: str
    host: str
    started_at: int
    finished_at: int | None = None
    undoes: int | None = None
    undone_by: int | None = None
    statements: int = 0
    http_calls: int = 0

    @property
    def status(self) -> Status:
        """The worst of the slices: failed, refused, applied, nothing."""
        seen = {piece.status for piece in self.slices}
        order: tuple[Status, ...] = ("failed", "refused", "applied", "nothing")
        return next((status for status in order if status in seen), "nothing")

    @property
    def counts(self) -> Counts:
        """The sum over the slices."""
        total = Counts()
        return Counts(
            **{f: sum(getattr(piece.counts, f) for piece in self.slices) for f in msgspec.structs.asdict(total)}
        )

    @property
    def minutes(self) -> Minutes:
        """The sum over the slices."""
        return Minutes(
            before=sum(piece.minutes.before for piece in self.slices),
            after=sum(piece.minutes.after for piece in self.slices),
        )

    @property
    def holds(self) -> tuple[Hold, ...]:
        """The holds of every slice, by instant."""
        return tuple(sorted((h for piece in self.slices for h in piece.holds), key=lambda h: h.instant or 0))

    @property
    def errors(self) -> int:
        """How many slices failed or were refused."""
        return sum(piece.status in {"failed", "refused"} for piece in self.slices)

    @property
    def exit_code(self) -> int:
        """What the command answers: the worst of the slices, 3 where all went well and something is held."""
        return worst(*(piece.exit_code for piece in self.slices), 3 if self.holds else 0)


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """One (time clock, slice) of a proposal that could not be looked at."""

    time_clock_id: int | None
    window: Window
    error: str
    error_name: str
    next_step: str
    exit_code: int


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """What a sync of `window` would do: a plan for each (time clock, slice). Saved by `plan --out`, read by `apply`."""

    window: Window
    plans: tuple[Plan, ...]
    failures: tuple[Failure, ...] = ()
    version: str = ""

    @property
    def changes(self) -> tuple[Change, ...]:
        """The changes of every plan."""
        return tuple(change for plan in self.plans for change in plan.changes)

    @property
    def holds(self) -> tuple[Hold, ...]:
        """The holds of every plan."""
        return tuple(hold for plan in self.plans for hold in plan.holds)


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the journal. `number` grows with every entry; `at` is in epoch seconds.

    `row_before` and `row_after` are whole rows as the database wrote them, columns unknown to us included.
    """

    number: int
    run: int
    at: int
    change: Change
    employee_name: str | None = None
    row_before: dict[str, object] | None = None
    row_after: dict[str, object] | None = None


class StandingHold(msgspec.Struct, frozen=True, kw_only=True):
    """A hold that is still open; `first_seen` in epoch seconds, `first_run` the run that found it."""

    hold: Hold
    time_clock_id: int
    first_seen: int
    first_run: int
    employee_name: str | None = None
    user_name: str | None = None


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """A Connecteam user and the employee they count for; `suggestions` are employee (id, name), never applied."""

    user_id: int
    name: str
    is_archived: bool
    employee_id: int | None = None
    employee_name: str | None = None
    suggestions: tuple[tuple[int, str], ...] = ()


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One person-day on which the table and Connecteam disagree: counts of shifts, and whole minutes of closed ones."""

    day: date
    employee_id: int | None
    name: str
    shifts_upstream: int
    rows: int
    minutes_upstream: int
    minutes: int


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of a fresh look at the window. `differences` counts what is neither equal nor held.

    `totals` are Connecteam's own timesheet totals where they disagree: a second witness that rounds and deducts by the
    clock's rules, so they are reported and never decide. `offsets` are rows at a time zone's offset from a shift: the
    likely cause of a difference.
    """

    window: Window
    proposal: Proposal
    days: tuple[Difference, ...]
    totals: tuple[Difference, ...]
    shifts: int
    minutes: int
    offsets: tuple[Offset, ...] = ()

    @property
    def differences(self) -> int:
        """Rows that would have to be written, and person-days that disagree without such a row."""
        rows = [change for change in self.proposal.changes if change.kind != "link"]
        return len(rows) or len(self.days)

    @property
    def exit_code(self) -> int:
        """5 where anything differs, 3 where something is only held, the failure's where a look failed."""
        failed = (failure.exit_code for failure in self.proposal.failures)
        return worst(*failed, 5 if self.differences else 0, 3 if self.proposal.holds else 0)


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One finding of `doctor`: what was looked at, whether it is well, and the cure where it is not."""

    name: str
    state: Literal["ok", "warning", "failed"]
    detail: str
    cure: str = ""


SEVERITY = (1, 2, 4, 5, 75, 6, 3, 0)
"""Exit codes, worst first: what cannot be cured by waiting outranks what can."""


def worst(*codes: int) -> int:
    """The worst of several exit codes."""
    return min(codes, key=SEVERITY.index, default=0)

"""Records and reports of runs: runs and slices, plans, journal entries, standing holds, verifications."""

from __future__ import annotations

from datetime import date
from typing import Literal, get_args

import msgspec

from connecteam_sync.core.adopt import Offset
from connecteam_sync.core.change import Change, Counts, Hold, Minutes, SlicePlan, waiting
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.people import Evidence, Likeness
from connecteam_sync.core.sums import counts_of, holds_of, minutes_of
from connecteam_sync.core.text import one_line
from connecteam_sync.core.window import Window

RunKind = Literal["sync", "apply", "resync", "adopt", "undo", "people", "verify"]
"""`people`: an employee made by `employees create`."""
RUN_KINDS: tuple[RunKind, ...] = get_args(RunKind)
Trigger = Literal["schedule", "bell", "person", "command"]
"""What asked for a run: `serve` by its clock or for a doorbell, a person in the console, or a command."""
Status = Literal["applied", "nothing", "refused", "failed", "exact", "differs"]
"""`nothing`: all was right; no row was written. A run whose process died keeps its finished slices. The last two are of
`verify`, which writes no rows.
"""


class Asked(msgspec.Struct, frozen=True):
    """Who asks for what a client does, and how: noted with each of its runs."""

    trigger: Trigger | None = None
    by: str | None = None


class VerifyResult(msgspec.Struct, frozen=True, kw_only=True):
    """The counts of a verification: `differences` in rows, else in person-days; `minutes` of closed shifts."""

    differences: int
    person_days: int
    shifts: int
    minutes: int
    held: int
    timesheet: int
    """Person-days on which Connecteam's own timesheet differs."""
    offsets: int
    """Rows at a time zone's offset from a shift."""


class Slice(msgspec.Struct, frozen=True, kw_only=True):
    """The receipt of one (time clock, slice of the window): one look, one transaction. `error` is set if it failed.

    `time_clock_id` is None for `adopt` and undo, which concern rows of any clock.
    """

    time_clock_id: int | None
    window: Window
    status: Status
    counts: Counts = Counts()
    minutes: Minutes = Minutes()
    holds: tuple[Hold, ...] = ()
    fingerprint: str | None = None
    stopped: tuple[Change, ...] = ()
    """The deletes that a guard stopped; only the first, if they are very many."""
    note: str | None = None
    """A sentence about work other than on rows: a backup, a key."""
    error: str | None = None
    error_name: str | None = None
    next_step: str | None = None
    exit_code: int = 0
    retryable: bool = False
    """Whether a failed one may succeed if it is tried again without any change."""
    rows: tuple[RowId, ...] = ()
    """The ids of the rows that moved since a plan was made, if that is why it was refused; the first, if very many."""
    result: VerifyResult | None = None
    """Set in the one slice of a verification, whose `time_clock_id` is None."""


class QuietLooks(msgspec.Struct, frozen=True, kw_only=True):
    """The looks at one time clock on one local day that found nothing to do, whose receipts were folded into this.

    `first_at` and `last_at` are in epoch seconds, `looks` is how many there were and `http_calls` what their runs cost
    (of a run of several time clocks, at the first of them). `newest_run` and `newest_receipt` are those of the last.
    """

    time_clock_id: int
    day: date
    timezone: str
    first_at: int
    last_at: int
    looks: int
    http_calls: int
    newest_run: int
    newest_receipt: Slice


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt: its window, slices and sums. `id` is None if the database could not even record it.

    `started_at` and `finished_at` are epoch seconds; `finished_at` is None while it runs, or if it was killed.
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
    next_step: str | None = None
    """The one command that lets through all that guards stopped; None if they stopped nothing, and for old runs."""
    asked_by: str | None = None
    """The person in the console, or the user of the operating system; None for `serve` by itself, and for old runs."""
    trigger: Trigger | None = None
    """None of a program that uses the library, and for old runs."""

    @property
    def status(self) -> Status:
        """The worst of the slices: failed, refused, applied, nothing; of a verification failed, differs, exact."""
        seen = {slice_.status for slice_ in self.slices}
        order: tuple[Status, ...] = ("failed", "refused", "differs", "applied", "nothing", "exact")
        return next((status for status in order if status in seen), "nothing")

    @property
    def looked(self) -> tuple[Slice, ...]:
        """The slices that did not fail."""
        return tuple(slice_ for slice_ in self.slices if slice_.status != "failed")

    @property
    def counts(self) -> Counts:
        """The sum over the slices. What two looks at a time clock have both counts once."""
        return counts_of(self.looked)

    @property
    def minutes(self) -> Minutes:
        """The sum over the slices: before the run, and after its last write."""
        return minutes_of(self.looked)

    @property
    def holds(self) -> tuple[Hold, ...]:
        """The holds after the last look at each day, by instant."""
        return holds_of(self.looked)

    @property
    def ranges(self) -> tuple[tuple[int, Window], ...]:
        """The days that were really looked at, without padding: (time clock, days), in order."""
        ranges = ((p.time_clock_id, p.window) for p in self.slices if p.status != "failed")
        return tuple(dict.fromkeys((clock, window) for clock, window in ranges if clock is not None))

    @property
    def result(self) -> VerifyResult | None:
        """The result of a verification; None for other runs, and if nothing could be looked at."""
        return next((slice_.result for slice_ in self.slices if slice_.result is not None), None)

    @property
    def errors(self) -> int:
        """How many slices failed or were refused."""
        return sum(slice_.status in {"failed", "refused"} for slice_ in self.slices)

    @property
    def exit_code(self) -> int:
        """The command's exit code: the worst of the slices; 3 if all went well and a hold is not acknowledged."""
        return worst(*(slice_.exit_code for slice_ in self.slices), 3 if waiting(self.holds) else 0)

    @property
    def retryable(self) -> bool:
        """Whether the slices that failed worst may succeed if the same is tried again without any change."""
        worst_of_all = [slice_ for slice_ in self.slices if slice_.error and slice_.exit_code == self.exit_code]
        return bool(worst_of_all) and all(slice_.retryable for slice_ in worst_of_all)


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """One (time clock, slice) of a proposal that could not be looked at."""

    time_clock_id: int | None
    window: Window
    error: str
    error_name: str
    next_step: str
    exit_code: int
    retryable: bool = False


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """The plan of a sync of `window`: a plan for each (time clock, slice). Saved by `plan --out`, read by `apply`."""

    window: Window
    plans: tuple[SlicePlan, ...]
    failures: tuple[Failure, ...] = ()
    version: str = ""
    is_resync: bool = False
    """Whether rows without a shift are deleted if there is evidence."""

    @property
    def ranges(self) -> tuple[tuple[int, Window], ...]:
        """The days that were really looked at, without padding: (time clock, days), in order."""
        return tuple(dict.fromkeys((plan.time_clock_id, plan.window) for plan in self.plans))

    @property
    def counts(self) -> Counts:
        """The sum over the plans; shifts and holds of a look that is planned again at the end count once."""
        return counts_of(self.plans)

    @property
    def minutes(self) -> Minutes:
        """The sum over the plans: before them, and after the last write."""
        return minutes_of(self.plans)

    @property
    def changes(self) -> tuple[Change, ...]:
        """The changes of every plan."""
        return tuple(change for plan in self.plans for change in plan.changes)

    @property
    def holds(self) -> tuple[Hold, ...]:
        """The holds after the last look at each day, by instant."""
        return holds_of(self.plans)


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the journal. `number` grows with every entry; `at` is in epoch seconds.

    `cursor` is the number and a short hash of the entry: `changes` continues after it, if that entry exists.
    `row_before` and `row_after` are whole rows as the database wrote them, columns unknown to us included.
    """

    number: int
    cursor: str
    run: int
    at: int
    change: Change
    employee_name: str | None = None
    row_before: dict[str, object] | None = None
    row_after: dict[str, object] | None = None


class Acknowledgement(msgspec.Struct, frozen=True, kw_only=True):
    """A person's statement that a hold may stay as it is, with the time (epoch seconds) and the reason."""

    by: str
    at: int
    reason: str


class StandingHold(msgspec.Struct, frozen=True, kw_only=True):
    """A hold that is still open; `first_seen` in epoch seconds, `first_run` the run that found it.

    `acknowledged` is void as soon as anything about the hold changes.
    """

    id: int
    hold: Hold
    time_clock_id: int
    first_seen: int
    first_run: int
    employee_name: str | None = None
    user_name: str | None = None
    acknowledged: Acknowledgement | None = None


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """A Connecteam user and the employee they count for, or suggestions if there is none (never applied).

    `ambiguous` are the employees (id, name) that all carry the user: until a person decides, they count for none.
    """

    user_id: int
    name: str
    is_archived: bool
    employee_id: RowId | None = None
    employee_name: str | None = None
    ambiguous: tuple[tuple[RowId, str], ...] = ()
    suggestions: tuple[Likeness, ...] = ()


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """The effects of mapping a user to an employee: shifts that will be written, rows that will get another employee.

    `shifts` have no row yet. `linked` are existing rows without a shift that get one, `linked_minutes` is by how much
    that corrects them; `kept_out` are shifts whose clock-in is taken by a manual row or another shift's. `left` are
    rows of other employees who carry the user (`left_with`) on the clock-ins of these shifts: they are not moved, and
    their hours would count twice.

    `from_id` is the employee the user counts for now, `other_users` those who count for the new one next to this user.
    `names_differ` in more than case, accents, punctuation and the order of words. Minutes are whole, of closed shifts;
    `first` and `last` are the first and last clock-in of all of it, in epoch seconds.
    """

    user_id: int
    user_name: str
    employee_id: RowId
    employee_name: str
    from_id: RowId | None = None
    from_name: str | None = None
    names_differ: bool = False
    has_same_email: bool = False
    other_users: tuple[int, ...] = ()
    shifts: int = 0
    minutes: int = 0
    linked: int = 0
    linked_minutes: int = 0
    kept_out: int = 0
    left: int = 0
    left_minutes: int = 0
    left_with: tuple[tuple[RowId, str], ...] = ()
    rows: int = 0
    row_minutes: int = 0
    first: int | None = None
    last: int | None = None

    @property
    def is_done(self) -> bool:
        """Whether the user counts for this employee already."""
        return self.from_id == self.employee_id

    @property
    def needs_consent(self) -> bool:
        """Whether a person has to agree: the names differ, or hours of another employee are concerned."""
        return not self.is_done and (self.names_differ or self.from_id is not None or self.rows + self.left > 0)


class Suggestion(msgspec.Struct, frozen=True, kw_only=True):
    """An employee a user might be, the evidence, and a mapping's effects. `is_certain`: unique and not contradicted."""

    move: Move
    evidence: tuple[Evidence, ...]
    is_certain: bool


Verdict = Literal["equal", "rounding", "manual_break", "automatic_break", "overnight", "not_on_timesheet", "different"]
"""What a person-day of Connecteam's own timesheet is, next to the shifts of that day (`core.timesheets`)."""


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One person-day on which the table and Connecteam disagree: counts of shifts, and whole minutes of closed ones,
    without held ones.
    """

    day: date
    employee_id: RowId | None
    name: str
    shifts_upstream: int
    rows: int
    minutes_upstream: int
    minutes: int
    verdict: Verdict | None = None
    """What a difference of Connecteam's own timesheet is; None of the table's."""
    is_approved: bool = False
    """Whether somebody has approved the person's day in Connecteam, although it differs."""


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a fresh look at the window. `differences` counts rows, or person-days, that differ without a hold.

    `totals` are Connecteam's own timesheet totals that disagree: they are rounded and reduced by the clock's rules, so
    they are reported and decide nothing. `offsets` are rows at a time zone's offset from a shift: the
    likely cause of a difference.
    """

    window: Window
    plan: Plan
    days: tuple[Difference, ...]
    totals: tuple[Difference, ...]
    shifts: int
    minutes: int
    offsets: tuple[Offset, ...] = ()
    seen: tuple[tuple[int, Window, tuple[tuple[int, date, int], ...]], ...] = ()
    """The totals themselves: time clock, days, and (user, local day, minutes) of each; kept for `timesheet`."""
    seen_locks: tuple[tuple[int, Window, tuple[tuple[int, date, bool | None, bool | None], ...]], ...] = ()
    """Connecteam's own locks and approvals, where they are imported (`import_locks`); see `core.verify.SeenLocks`."""
    purged: tuple[date, ...] = ()
    """Days of the window that were purged: nothing on them is compared."""
    run: int | None = None
    """The number of its receipt."""
    not_recorded: str | None = None
    """Why there is no receipt: the verification is valid all the same."""

    @property
    def differences(self) -> int:
        """Rows that would have to be written, and person-days that disagree without such a row."""
        rows = [change for change in self.plan.changes if change.kind != "link"]
        return len(rows) or len(self.days)

    @property
    def exit_code(self) -> int:
        """The failure's if a look failed, 5 if anything differs, 3 if something is only held; the worst of them."""
        failed = (failure.exit_code for failure in self.plan.failures)
        return worst(*failed, 5 if self.differences else 0, 3 if waiting(self.plan.holds) else 0)


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One finding of `doctor`: the check's name, its state, and the cure unless it is ok."""

    name: str
    state: Literal["ok", "warning", "failed"]
    detail: str
    cure: str = ""

    def __post_init__(self) -> None:
        # A finding is one line: the name of a time clock or a company must not break it.
        msgspec.structs.force_setattr(self, "detail", one_line(self.detail))
        msgspec.structs.force_setattr(self, "cure", one_line(self.cure))


SEVERITY = (1, 2, 4, 5, 75, 6, 3, 0)
"""Exit codes, worst first: those that waiting does not cure come before those that it does."""


def worst(*codes: int) -> int:
    """The worst of several exit codes."""
    return min(codes, key=SEVERITY.index, default=0)

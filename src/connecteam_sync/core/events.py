"""Typed events of a command at work; progress and logs are made of them.

They carry counts, days, ids of time clocks and runs, and kinds of errors: never a name, a note, a place, a phone number
or the text of an error.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from connecteam_sync.core.change import Counts
from connecteam_sync.core.run import RunKind, Status
from connecteam_sync.core.window import Window

StepName = Literal["looking", "mirroring", "finishing", "reading timesheets"]
"""`finishing`: decisions that the slices left for the end of the run, and further looks that they need."""
Level = Literal["debug", "info", "warning", "error"]


def _tag(name: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag=_tag):
    """Something that happened. Events of slices come after their transaction, so that they are true."""

    @property
    def name(self) -> str:
        """The kind of event as one word for machines, e.g. `slice_done`."""
        return str(self.__struct_config__.tag)

    @property
    def level(self) -> Level:
        """The level for logs."""
        return "info"


class RunBegan(Event, frozen=True, kw_only=True):
    """A run over slices begins; its number is known once something is recorded. `slices` are those known beforehand.
    Runs of one transaction (`undo`, `people`, `adopt`) have only the event of their end.
    """

    kind: RunKind
    window: Window
    slices: int = 0


class RunEnded(Event, frozen=True, kw_only=True):
    """A run is over. `run` is None if the database could not even record it; `statements` and `http_calls` are this
    run's alone.
    """

    run: int | None
    kind: RunKind
    window: Window
    status: Status
    exit_code: int
    retryable: bool
    counts: Counts
    slices: int
    errors: int
    statements: int
    http_calls: int
    seconds: int

    @property
    def level(self) -> Level:
        """A failure is an error, a refusal waits for a person."""
        if self.status == "failed":
            return "error"
        return "warning" if self.status in {"refused", "differs"} else "info"


class StepBegan(Event, frozen=True, kw_only=True):
    """A step over several slices begins, one after the other."""

    step: StepName
    slices: int
    days: int

    @property
    def level(self) -> Level:
        """For those who look closely."""
        return "debug"


class Working(Event, frozen=True, kw_only=True):
    """Something that takes a while and has no slices; `what` has no data in it."""

    what: str


class SliceBegan(Event, frozen=True, kw_only=True):
    """A slice is next. `calls_left` is the API's budget for the rest of its day, None if that is not known."""

    step: StepName
    time_clock_id: int
    window: Window
    calls_left: int | None = None

    @property
    def level(self) -> Level:
        """For those who look closely."""
        return "debug"


class SliceDone(Event, frozen=True, kw_only=True):
    """A slice is done. `status` is that of its receipt, or `planned` if nothing was to be written.

    `ends_days`: no other slice of these days follows in this step.
    """

    step: StepName
    time_clock_id: int
    window: Window
    status: Status | Literal["planned"]
    counts: Counts
    seconds: float
    ends_days: bool = False
    calls_left: int | None = None

    @property
    def level(self) -> Level:
        """A refusal waits for a person."""
        return "warning" if self.status == "refused" else "info"


class SliceFailed(Event, frozen=True, kw_only=True):
    """A slice failed; nothing of it was written. `error` is the kind of error, e.g. `bad_answer`.

    `ends_run`: the slices after it are not tried.
    """

    step: StepName
    time_clock_id: int
    window: Window
    error: str
    exit_code: int
    retryable: bool
    seconds: float
    ends_days: bool = False
    ends_run: bool = False
    calls_left: int | None = None

    @property
    def level(self) -> Level:
        """Its days are not mirrored."""
        return "error"


class SliceAgain(Event, frozen=True, kw_only=True):
    """A slice is tried again, since another run or program got in between, or since the database refused a record."""

    time_clock_id: int
    window: Window
    why: Literal["another_run", "row_moved", "record_refused"]


class Waiting(Event, frozen=True, kw_only=True):
    """No call is made to Connecteam for some seconds."""

    seconds: float
    why: str

    @property
    def level(self) -> Level:
        """It explains why the run takes longer."""
        return "warning"


class ChangesWritten(Event, frozen=True, kw_only=True):
    """Rows of `clock_times` were written and committed: their counts."""

    run: int
    time_clock_id: int
    window: Window
    created: int
    updated: int
    deleted: int
    linked: int


class HoldsOpened(Event, frozen=True, kw_only=True):
    """New holds of this run for one reason."""

    run: int
    time_clock_id: int
    window: Window
    reason: str
    count: int

    @property
    def level(self) -> Level:
        """Each waits for a person."""
        return "warning"


class HoldsResolved(Event, frozen=True, kw_only=True):
    """Holds for one reason that lost their cause with this run."""

    run: int
    time_clock_id: int
    window: Window
    reason: str
    count: int


class SliceRefused(Event, frozen=True, kw_only=True, tag="refusal"):
    """A guard refuses a slice until a person accepts it; `stopped` is how many deletes it stopped."""

    run: int
    time_clock_id: int
    window: Window
    guard: str
    fingerprint: str
    stopped: int

    @property
    def level(self) -> Level:
        """It waits for a person."""
        return "warning"


class InputsNotKept(Event, frozen=True, kw_only=True):
    """The inputs of a run's decisions could not be written to `state_dir`: `support-bundle --run` cannot use them."""

    run: int
    error: str

    @property
    def level(self) -> Level:
        """The run itself is as it should be."""
        return "warning"


class CallFailed(Event, frozen=True, kw_only=True):
    """A method of the library ends with an error; `error` is its kind. The message is only in the raised error."""

    call: str
    error: str
    exit_code: int
    retryable: bool

    @property
    def level(self) -> Level:
        """Something was not done."""
        return "error"


class Unforeseen(Event, frozen=True, kw_only=True):
    """The command ends with an unforeseen error: its kind, and the file and line."""

    error: str
    where: str

    @property
    def level(self) -> Level:
        """A bug."""
        return "error"

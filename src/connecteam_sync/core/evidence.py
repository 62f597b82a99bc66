"""What one run has looked at: which time clocks on which days, and which shifts were there.

An absence proves something only when every look of the run is in (rule 6), so a plan is made at one of three stages:
`whole`, the only look of its run; `part`, one of several, which leaves absences for later; `end`, the same look again
once all are in. Of each shift no more than a number is kept, so that a year of them is a few megabytes.
"""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Mapping
from datetime import date
from typing import Literal, NamedTuple

from connecteam_sync.core.clocktime import TrackedShift
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.shift import Snapshot
from connecteam_sync.core.window import Window

Stage = Literal["whole", "part", "end"]


class Span(NamedTuple):
    """One time clock and the half-open instants of the days proper of one look."""

    clock: int
    start: int
    end: int

    def holds(self, clock: int, instant: int) -> bool:
        """Whether a shift of this clock that starts at this instant was looked for."""
        return self.clock == clock and self.start <= instant < self.end


class RunEvidence:
    """The looks of one run. `units` are all that it means to make, `stage` is that of the plan about to be made.

    `account` are the time clocks there are, by id, as people know them; empty where nobody needs to know. `absent` are
    shifts that a look found gone from their day, with evidence; `awaited` the (user, start) of shifts that wait for
    what the end of the run brings; `vouched` time clocks that a person vouches for, should they be unreadable.
    """

    def __init__(
        self,
        units: Iterable[tuple[int, Window]] = (),
        *,
        account: Mapping[int, str] | None = None,
        vouched: Iterable[int] = (),
    ) -> None:
        self.account = account or {}
        self.units = frozenset(Span(clock, window.start_utc, window.end_utc) for clock, window in units)
        self.stage: Stage = "part" if len(self.units) > 1 else "whole"
        self.vouched = frozenset(vouched)
        self.absent: set[str] = set()
        self.awaited: set[tuple[int, int]] = set()
        self.failures: dict[Span, str] = {}
        """The looks that say nothing of what is gone, and why: they did not come about, or their answer was refused."""
        self.invalid_users: set[int] = set()
        self.invalid_ids: set[str] = set()
        """Whose records, and which, cannot be believed, in any look of the run."""
        self.turned_away: set[int] = set()
        """Time clocks that Connecteam does not show any more, whoever asks and however often."""
        self.unread: dict[int, str] = {}
        """Time clocks that were asked for evidence without success, and what Connecteam said."""
        self.unmirrored_shifts: dict[tuple[int, int], int] = {}
        """(user, start) of shifts of time clocks that are not mirrored, and the clock: looked at as evidence only."""
        self.unlisted_hours: dict[tuple[int, date], int] = {}
        """(user, local day) of hours in the totals of a time clock that does not list the user, and the clock."""
        self.rows_of_people: dict[tuple[int, int], Mapping[RowId, int]] = {}
        """How many rows of ours each employee had in the days of a look (half-open instants), before it: at the end."""
        self.going: dict[RowId, dict[RowId, int]] = {}
        """The rows (and their clock-ins) that would go from each employee, whichever look lets them go: at the end."""
        self.coming: dict[tuple[int, int], Counter[RowId]] = defaultdict(Counter)
        """How many new rows of each employee wait for the end of the run, by the days of the look."""
        self.is_stopped = False
        """Whether a guard refused an answer: until a person's word lets it through, it is no evidence of anything."""
        self.let_through: set[RowId] = set()
        """Those that a person's word lets go, where a guard had stopped them: at the end."""
        self.listed_in_refused: dict[int, int] = {}
        """Whom an answer lists that a guard refused, and its time clock: it proves nothing, but they are there."""
        self._listings: dict[Span, frozenset[int]] = {}
        self._unchanged: set[Span] = set()
        self._seen: dict[int, array[int]] = {}
        self._index: dict[int, frozenset[int]] = {}

    def add_units(self, units: Iterable[tuple[int, Window]]) -> None:
        """More looks that the run means to make."""
        self.units |= {Span(clock, window.start_utc, window.end_utc) for clock, window in units}

    # -- what was looked at ------------------------------------------------------------------------------------------

    def add_snapshot(
        self,
        window: Window,
        snapshot: Snapshot,
        *,
        as_evidence: bool = False,
        coming: Iterable[tuple[RowId, int]] = (),
    ) -> None:
        """A look that was read; `as_evidence` of a clock whose shifts are not mirrored.

        `coming`: how many new rows of each employee it left for the end of the run.
        """
        clock = snapshot.time_clock_id
        span = Span(clock, window.start_utc, window.end_utc)
        if self.stage != "end":
            self.coming[span.start, span.end].update(dict(coming))
        self._listings[span] = snapshot.listed
        self._unchanged.discard(span)
        self._note_shown(snapshot)
        if as_evidence:
            self.unmirrored_shifts |= {(shift.user_id, shift.start): clock for shift in snapshot.shifts}

    def add_refused(self, window: Window, snapshot: Snapshot, why: str) -> None:
        """A look whose answer a guard refused: what it shows is there, and what it does not show proves nothing."""
        self.failures[Span(snapshot.time_clock_id, window.start_utc, window.end_utc)] = why
        self.is_stopped = True
        self.listed_in_refused |= dict.fromkeys(snapshot.listed, snapshot.time_clock_id)
        self._note_shown(snapshot)

    def _note_shown(self, snapshot: Snapshot) -> None:
        """What an answer shows, whatever it leaves out."""
        clock = snapshot.time_clock_id
        self._seen.setdefault(clock, array("q")).extend(hash(shift.id) for shift in snapshot.shifts)
        self._index.pop(clock, None)
        self.invalid_users.update(d.user_id for d in snapshot.invalid_records if d.user_id is not None)
        self.invalid_ids.update(d.activity_id for d in snapshot.invalid_records if d.activity_id is not None)

    def add_unchanged(self, clock: int, window: Window) -> None:
        """A look that was not read, since all was as it was when nothing had to be done."""
        span = Span(clock, window.start_utc, window.end_utc)
        if span not in self._listings:
            self._unchanged.add(span)

    def add_failure(self, clock: int, window: Window, why: str, *, turned_away: bool = False) -> None:
        """A look that did not come about; `turned_away`: and would not, however often it were tried."""
        self.failures[Span(clock, window.start_utc, window.end_utc)] = f"which could not be read ({why})"
        if turned_away:
            self.turned_away.add(clock)

    # -- what that proves --------------------------------------------------------------------------------------------

    def shows(self, mirror: TrackedShift, *, clock: int | None = None) -> bool:
        """Whether any look of the run (or any of one clock) has shown this shift.

        Of a look that was not read it counts as shown where it is remembered to be: a row stays rather than goes.
        """
        shift = mirror.shift
        if self.has_shown(shift.id, clock=clock):
            return True
        return (
            not mirror.is_gone
            and (clock is None or clock == shift.time_clock_id)
            and any(span.holds(shift.time_clock_id, shift.start) for span in self._unchanged)
        )

    def has_refreshed(self, mirror: TrackedShift) -> bool:
        """Whether a look at a mirrored time clock has shown this shift: then what is remembered of it is of this run.

        What was looked at as evidence only is not remembered: of its shifts, old values are known and no more.
        """
        return any(self.shows(mirror, clock=clock) for clock in {span.clock for span in self.units})

    def has_shown(self, shift_id: str, *, clock: int | None = None) -> bool:
        """The same, of the looks that were read."""
        number = hash(shift_id)
        return any(number in self._numbers(one) for one in (self._seen if clock is None else (clock,)))

    def _numbers(self, clock: int) -> frozenset[int]:
        if clock not in self._index:
            self._index[clock] = frozenset(self._seen.get(clock, ()))
        return self._index[clock]

    def plans(self, clock: int, instant: int) -> bool:
        """Whether the run means to look at this clock on the day of this instant."""
        return any(span.holds(clock, instant) for span in self.units)

    def has_day(self, instant: int) -> bool:
        """Whether the run means to look at any clock on the day of this instant."""
        return any(span.start <= instant < span.end for span in self.units)

    def covers(self, clock: int, instant: int) -> bool:
        """Whether the run has looked at this clock on the day of this instant."""
        return any(span.holds(clock, instant) for span in (*self._listings, *self._unchanged))

    def is_gone(self, mirror: TrackedShift) -> bool:
        """Whether a look found a shift gone and no other has shown it: known at the end only."""
        return self.stage == "end" and mirror.shift.id in self.absent and not self.shows(mirror)

    def read_clocks(self, window: Window) -> frozenset[int]:
        """The time clocks that were looked at on just these days."""
        start, end = window.start_utc, window.end_utc
        return frozenset(s.clock for s in (*self._listings, *self._unchanged) if (s.start, s.end) == (start, end))

    def listings(self, window: Window) -> dict[int, frozenset[int]]:
        """Who was listed in the looks that cover a window's days, by time clock."""
        start, end = window.start_utc, window.end_utc
        return {span.clock: found for span, found in self._listings.items() if span.start <= start and end <= span.end}

    def is_vouched(self, clock: int) -> bool:
        """Whether a person's word stands for a time clock: only where Connecteam does not show it to anybody."""
        return clock in self.vouched and clock in self.turned_away

    def undecided(self) -> tuple[int, str] | None:
        """A time clock, and why, of which nobody knows what it has not shown; None where there is none."""
        failed = ((span.clock, why) for span, why in self.failures.items() if not self.is_vouched(span.clock))
        return min(failed, default=None)

    def clocks_left_out(self, known: Container[int]) -> tuple[str, ...]:
        """The time clocks of the account next to those known, and those that a person's word stands for."""
        return tuple(
            name for clock, name in sorted(self.account.items()) if clock not in known and not self.is_vouched(clock)
        )

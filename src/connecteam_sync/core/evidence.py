"""The evidence of one run: the time clocks and days it has looked at, and the shifts that were there.

An absence proves something only when every look of the run is done (rule 6), so a plan is made at one of three stages:
`whole`, the only look of its run; `part`, one of several, which leaves absences for later; `end`, the same look again
once all are done. Only a number is kept of each shift, so that a year of them is a few megabytes.
"""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Collection, Container, Iterable, Mapping
from datetime import date
from typing import Literal, NamedTuple, Self

import msgspec

from connecteam_sync.core.clocktime import TrackedShift
from connecteam_sync.core.keys import RowId, ordered
from connecteam_sync.core.shift import Snapshot
from connecteam_sync.core.window import Window

Stage = Literal["whole", "part", "end"]


class Span(NamedTuple):
    """One time clock and the half-open span of instants of a look's days, without padding."""

    clock: int
    start: int
    end: int

    def holds(self, clock: int, instant: int) -> bool:
        """Whether a shift of this clock that starts at this instant falls within the span."""
        return self.clock == clock and self.start <= instant < self.end


_SpanImage = tuple[int, int, int]
"""Time clock, first instant, and the instant after the last."""


class EvidenceImage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The evidence of a run as plain values, as it was when a decision was made; see `RunEvidence`.

    `seen` has, of the shifts that the decision could ask for, those that each time clock has shown.
    """

    stage: Stage = "whole"
    account: tuple[tuple[int, str], ...] = ()
    units: tuple[_SpanImage, ...] = ()
    vouched: tuple[int, ...] = ()
    absent: tuple[str, ...] = ()
    awaited: tuple[tuple[int, int], ...] = ()
    failures: tuple[tuple[int, int, int, str], ...] = ()
    invalid_users: tuple[int, ...] = ()
    invalid_ids: tuple[str, ...] = ()
    turned_away: tuple[int, ...] = ()
    unread: tuple[tuple[int, str], ...] = ()
    unmirrored_shifts: tuple[tuple[int, int, int], ...] = ()
    unlisted_hours: tuple[tuple[int, date, int], ...] = ()
    rows_of_people: tuple[tuple[int, int, tuple[tuple[RowId, int], ...]], ...] = ()
    going: tuple[tuple[RowId, tuple[tuple[RowId, int], ...]], ...] = ()
    coming: tuple[tuple[int, int, tuple[tuple[RowId, int], ...]], ...] = ()
    is_stopped: bool = False
    let_through: tuple[RowId, ...] = ()
    listed_in_refused: tuple[tuple[int, int], ...] = ()
    listings: tuple[tuple[int, int, int, tuple[int, ...]], ...] = ()
    unchanged: tuple[_SpanImage, ...] = ()
    skipped: tuple[tuple[int, int, int, tuple[int, ...]], ...] = ()
    seen: tuple[tuple[int, tuple[str, ...]], ...] = ()
    assigned: tuple[tuple[int, tuple[int, ...]], ...] = ()
    outdated: tuple[str, ...] = ()


class RunEvidence:
    """The looks of one run. `units` are all that it plans to make, `stage` is that of the next plan.

    `account` names the account's time clocks by id; empty if rows without a shift do not go. `absent` are shifts that a
    look found gone from their day, with evidence; `awaited` the (user, start) of shifts that wait for the end of the
    run; `vouched` time clocks that a person vouches for in case they cannot be read.
    """

    def __init__(
        self,
        units: Iterable[tuple[int, Window]] = (),
        *,
        account: Mapping[int, str] | None = None,
        vouched: Iterable[int] = (),
        is_partial: bool = False,
    ) -> None:
        self.account = account or {}
        self.units = frozenset(Span(clock, window.start_utc, window.end_utc) for clock, window in units)
        self.stage: Stage = "part" if is_partial or len(self.units) > 1 else "whole"
        self.vouched = frozenset(vouched)
        self.absent: set[str] = set()
        self.awaited: set[tuple[int, int]] = set()
        self.failures: dict[Span, str] = {}
        """Looks that prove no absence, and why: they failed, or a guard refused their answer."""
        self.assigned: Mapping[int, frozenset[int]] = {}
        """The time clocks of users about whom Connecteam was asked since an answer does not list them."""
        self.invalid_users: set[int] = set()
        self.invalid_ids: set[str] = set()
        """Invalid records of all looks: their users, and their ids."""
        self.turned_away: set[int] = set()
        """Time clocks that Connecteam no longer shows to this key, however often it is asked."""
        self.unread: dict[int, str] = {}
        """Time clocks that could not be read as evidence, and the error's message."""
        self.unmirrored_shifts: dict[tuple[int, int], int] = {}
        """(user, start) of shifts of time clocks that are not mirrored, and the clock: read as evidence only."""
        self.unlisted_hours: dict[tuple[int, date], int] = {}
        """(user, local day) of hours in the totals of a time clock that does not list the user, and the clock."""
        self.rows_of_people: dict[tuple[int, int], Mapping[RowId, int]] = {}
        """How many rows of ours each employee had before a look in its days (half-open instants); set at the end."""
        self.going: dict[RowId, dict[RowId, int]] = {}
        """The rows (and their clock-ins) that all looks together would delete from each employee; set at the end."""
        self.coming: dict[tuple[int, int], Counter[RowId]] = defaultdict(Counter)
        """How many new rows of each employee wait for the end of the run, by the days of the look."""
        self.is_stopped = False
        """Whether a guard refused an answer: until a person accepts it, it is no evidence."""
        self.let_through: set[RowId] = set()
        """Rows that a guard stopped and a person accepted to go; set at the end."""
        self.listed_in_refused: dict[int, int] = {}
        """Users listed in answers that a guard refused, and the time clock: only that they are on it is proven."""
        self.outdated: set[str] = set()
        """Shifts that a look at a mirrored time clock has shown on another clock-in than is remembered of them."""
        self._listings: dict[Span, frozenset[int]] = {}
        self._unchanged: set[Span] = set()
        self._skipped: dict[Span, frozenset[int]] = {}
        self._seen: dict[int, array[int]] = {}
        self._index: dict[int, frozenset[int]] = {}

    def add_units(self, units: Iterable[tuple[int, Window]]) -> None:
        """More looks that the run plans to make."""
        self.units |= {Span(clock, window.start_utc, window.end_utc) for clock, window in units}

    # -- the looks ---------------------------------------------------------------------------------------------------

    def add_snapshot(
        self,
        window: Window,
        snapshot: Snapshot,
        *,
        as_evidence: bool = False,
        coming: Iterable[tuple[RowId, int]] = (),
        outdated: Collection[str] = (),
        skipped: frozenset[int] = frozenset(),
    ) -> None:
        """A look that was read; `as_evidence` if the clock's shifts are not mirrored.

        `coming`: how many new rows of each employee its plan left for the end of the run. `outdated`: those of its
        shifts that are remembered on another clock-in even now. `skipped`: listed users whose records were left out,
        since they are the same as when nothing had to be done.
        """
        clock, padded = snapshot.time_clock_id, window.padded()
        span = Span(clock, window.start_utc, window.end_utc)
        if self.stage != "end":
            self.coming[span.start, span.end].update(dict(coming))
        self._listings[span] = snapshot.listed
        self._unchanged.discard(span)
        self._skipped[Span(clock, padded.start_utc, padded.end_utc)] = skipped
        self._note_shown(snapshot)
        if as_evidence:
            self.unmirrored_shifts |= {(shift.user_id, shift.start): clock for shift in snapshot.shifts}
        else:
            self._note_outdated(snapshot, outdated)

    def add_refused(self, window: Window, snapshot: Snapshot, why: str, *, outdated: Collection[str] = ()) -> None:
        """A look whose answer a guard refused: the shifts it shows exist, but missing ones prove nothing."""
        self.failures[Span(snapshot.time_clock_id, window.start_utc, window.end_utc)] = why
        self.is_stopped = True
        self.listed_in_refused |= dict.fromkeys(snapshot.listed, snapshot.time_clock_id)
        self._note_shown(snapshot)
        self._note_outdated(snapshot, outdated)

    def _note_outdated(self, snapshot: Snapshot, outdated: Collection[str]) -> None:
        """Note which shifts of an answer are not remembered as it shows them; the rest of it is remembered by now."""
        if self.outdated:
            self.outdated.difference_update(shift.id for shift in snapshot.shifts)
        self.outdated.update(outdated)

    def _note_shown(self, snapshot: Snapshot) -> None:
        """Note the shifts and the invalid records of an answer."""
        clock = snapshot.time_clock_id
        self._seen.setdefault(clock, array("q")).extend(hash(shift.id) for shift in snapshot.shifts)
        self._index.pop(clock, None)
        self.invalid_users.update(d.user_id for d in snapshot.invalid_records if d.user_id is not None)
        self.invalid_ids.update(d.activity_id for d in snapshot.invalid_records if d.activity_id is not None)

    def add_unchanged(self, clock: int, window: Window) -> None:
        """A look whose answer was not read, since it is the same as when nothing had to be done."""
        span = Span(clock, window.start_utc, window.end_utc)
        if span not in self._listings:
            self._unchanged.add(span)

    def add_failure(self, clock: int, window: Window, why: str, *, turned_away: bool = False) -> None:
        """A look that failed; `turned_away`: and would fail however often it were tried."""
        self.failures[Span(clock, window.start_utc, window.end_utc)] = f"which could not be read ({why})"
        if turned_away:
            self.turned_away.add(clock)

    # -- conclusions -------------------------------------------------------------------------------------------------

    def shows(self, mirror: TrackedShift, *, clock: int | None = None) -> bool:
        """Whether any look of the run (or any of one clock) has shown this shift.

        If the look at its day was not read, or its user was left out of it, a remembered shift counts as shown: its
        row stays.
        """
        shift = mirror.shift
        if self.has_shown(shift.id, clock=clock):
            return True
        if mirror.is_gone or (clock is not None and clock != shift.time_clock_id):
            return False
        place = (shift.time_clock_id, shift.start)
        return any(span.holds(*place) for span in self._unchanged) or any(
            shift.user_id in users and span.holds(*place) for span, users in self._skipped.items()
        )

    def has_refreshed(self, mirror: TrackedShift) -> bool:
        """Whether a look at a mirrored time clock has shown this shift, and its remembered clock-in is up to date.

        Shifts of clocks read as evidence only are not remembered, so their stored values may be old; nor are those that
        only a padding has shown, or that have no row and are on another day by now.
        """
        return mirror.shift.id not in self.outdated and any(
            self.shows(mirror, clock=clock) for clock in {span.clock for span in self.units}
        )

    def has_shown(self, shift_id: str, *, clock: int | None = None) -> bool:
        """Whether any look that was read (or any of one clock) has shown this shift."""
        number = hash(shift_id)
        return any(number in self._numbers(seen) for seen in (self._seen if clock is None else (clock,)))

    def _numbers(self, clock: int) -> frozenset[int]:
        if clock not in self._index:
            self._index[clock] = frozenset(self._seen.get(clock, ()))
        return self._index[clock]

    def plans(self, clock: int, instant: int) -> bool:
        """Whether the run plans to look at this clock on the day of this instant."""
        return any(span.holds(clock, instant) for span in self.units)

    def has_day(self, instant: int) -> bool:
        """Whether the run plans to look at any clock on the day of this instant."""
        return any(span.start <= instant < span.end for span in self.units)

    def covers(self, clock: int, instant: int) -> bool:
        """Whether the run has looked at this clock on the day of this instant."""
        return any(span.holds(clock, instant) for span in (*self._listings, *self._unchanged))

    def is_gone(self, mirror: TrackedShift) -> bool:
        """Whether a look found a shift gone and no other has shown it: known only at the end of the run."""
        return self.stage == "end" and mirror.shift.id in self.absent and not self.shows(mirror)

    def read_clocks(self, window: Window) -> frozenset[int]:
        """The time clocks that were looked at on exactly these days."""
        start, end = window.start_utc, window.end_utc
        return frozenset(s.clock for s in (*self._listings, *self._unchanged) if (s.start, s.end) == (start, end))

    def listings(self, window: Window) -> dict[int, frozenset[int]]:
        """The users listed in the looks that cover a window's days, by time clock."""
        start, end = window.start_utc, window.end_utc
        return {span.clock: found for span, found in self._listings.items() if span.start <= start and end <= span.end}

    def is_vouched(self, clock: int) -> bool:
        """Whether a person vouches for a time clock: that counts only if Connecteam no longer shows it."""
        return clock in self.vouched and clock in self.turned_away

    def undecided(self) -> tuple[int, str] | None:
        """A time clock whose absences prove nothing, and why; None if there is none."""
        failed = ((span.clock, why) for span, why in self.failures.items() if not self.is_vouched(span.clock))
        return min(failed, default=None)

    def clocks_left_out(self, known: Container[int]) -> tuple[str, ...]:
        """The account's time clocks, except those in `known` and those that a person vouches for."""
        return tuple(
            name for clock, name in sorted(self.account.items()) if clock not in known and not self.is_vouched(clock)
        )

    # -- as values ---------------------------------------------------------------------------------------------------

    def image(self, shift_ids: Iterable[str]) -> EvidenceImage:
        """The evidence as values; `shift_ids` are the shifts that the decision can ask for."""
        asked = sorted({*shift_ids, *self.absent})
        return EvidenceImage(
            stage=self.stage,
            account=tuple(self.account.items()),
            units=tuple((*span,) for span in sorted(self.units)),
            vouched=tuple(sorted(self.vouched)),
            absent=tuple(sorted(self.absent)),
            awaited=tuple(sorted(self.awaited)),
            failures=tuple((*span, why) for span, why in self.failures.items()),
            invalid_users=tuple(sorted(self.invalid_users)),
            invalid_ids=tuple(sorted(self.invalid_ids)),
            turned_away=tuple(sorted(self.turned_away)),
            unread=tuple(self.unread.items()),
            unmirrored_shifts=tuple((*key, clock) for key, clock in self.unmirrored_shifts.items()),
            unlisted_hours=tuple((*key, clock) for key, clock in self.unlisted_hours.items()),
            rows_of_people=tuple((*key, tuple(rows.items())) for key, rows in self.rows_of_people.items()),
            going=tuple((employee, tuple(rows.items())) for employee, rows in self.going.items()),
            coming=tuple((*key, tuple(rows.items())) for key, rows in self.coming.items()),
            is_stopped=self.is_stopped,
            let_through=tuple(sorted(self.let_through, key=ordered)),
            listed_in_refused=tuple(self.listed_in_refused.items()),
            listings=tuple((*span, tuple(sorted(users))) for span, users in self._listings.items()),
            unchanged=tuple((*span,) for span in sorted(self._unchanged)),
            skipped=tuple((*span, tuple(sorted(users))) for span, users in self._skipped.items() if users),
            seen=tuple(
                (clock, tuple(i for i in asked if self.has_shown(i, clock=clock))) for clock in sorted(self._seen)
            ),
            assigned=tuple((user, tuple(sorted(clocks))) for user, clocks in self.assigned.items()),
            outdated=tuple(sorted(self.outdated)),
        )

    @classmethod
    def of(cls, image: EvidenceImage) -> Self:
        """The evidence that an image is of."""
        made = cls(account=dict(image.account), vouched=image.vouched)
        made.units, made.stage = frozenset(Span(*span) for span in image.units), image.stage
        made.absent, made.awaited = set(image.absent), set(image.awaited)
        made.failures = {Span(clock, start, end): why for clock, start, end, why in image.failures}
        made.invalid_users, made.invalid_ids = set(image.invalid_users), set(image.invalid_ids)
        made.turned_away, made.unread = set(image.turned_away), dict(image.unread)
        made.unmirrored_shifts = {(user, start): clock for user, start, clock in image.unmirrored_shifts}
        made.unlisted_hours = {(user, day): clock for user, day, clock in image.unlisted_hours}
        made.rows_of_people = {(start, end): dict(rows) for start, end, rows in image.rows_of_people}
        made.going = {employee: dict(rows) for employee, rows in image.going}
        for start, end, rows in image.coming:
            made.coming[start, end].update(dict(rows))
        made.is_stopped, made.let_through = image.is_stopped, set(image.let_through)
        made.listed_in_refused = dict(image.listed_in_refused)
        made._listings = {Span(c, start, end): frozenset(users) for c, start, end, users in image.listings}
        made._unchanged = {Span(*span) for span in image.unchanged}
        made._skipped = {Span(c, start, end): frozenset(users) for c, start, end, users in image.skipped}
        made._seen = {clock: array("q", map(hash, ids)) for clock, ids in image.seen}
        made.assigned = {user: frozenset(clocks) for user, clocks in image.assigned}
        made.outdated = set(image.outdated)
        return made

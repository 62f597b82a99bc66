"""Deletes (rule 6): rows of shifts that are gone, of the losers of duplicates, and rows without a shift.

A row goes only with evidence that its shift is gone, and every delete goes through one method, `remove`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping
from functools import cached_property

from connecteam_sync.core.change import (
    Change,
    Counts,
    HoldReason,
    Minutes,
    Policy,
    SlicePlan,
    fingerprint,
    fingerprint_of_stopped,
    left_out_text,
    subject_of,
)
from connecteam_sync.core.clocktime import ClockTime, StoredState, TrackedShift
from connecteam_sync.core.draft import PlanBuilder
from connecteam_sync.core.evidence import RunEvidence
from connecteam_sync.core.guards import let_through
from connecteam_sync.core.keys import RowId, by_key
from connecteam_sync.core.people import named
from connecteam_sync.core.shift import Shift, Snapshot, User
from connecteam_sync.core.window import Window, local_day

Why = tuple[HoldReason, str]
"""Why a row stays: the reason and the sentence of its hold."""


class Absences(PlanBuilder):
    """Decides on rows that no shift claims any more."""

    def name_of_user(self, user_id: int) -> str:
        """The user's name, or their id if they are not in the user list."""
        user = self.users.get(user_id)
        return user.name if user is not None else f"Connecteam user {user_id}"

    def ambiguity_text(self, user_id: int) -> str:
        """Why it is not known which employee a user counts for."""
        user, several = self.users.get(user_id), self.stored.ambiguous[user_id]
        who = f"Connecteam user {user_id}{f' ({user.name})' if user else ''}"
        return f"{who} stands on {len(several)} employees ({named(several, self.stored.names)}): whose hours are they?"

    # -- the gate ------------------------------------------------------------------------------------------------------

    def remove(self, row: ClockTime, mirror: TrackedShift | None, shift: Shift | None, why: str) -> None:
        """Delete a row at the end of the run, with evidence; else hold it.

        `mirror` is the shift that the hold is about, if any. Before the end of the run the delete is only noted.
        """
        obstacle = self.why_kept(row, mirror)
        if obstacle is not None:
            self.hold_row(obstacle[0], row, obstacle[1], mirror)
        elif self.stage == "part":
            self.postpone(row, shift, why)
        else:
            self.draft("delete", row, None, shift, why)

    def postpone(self, row: ClockTime, shift: Shift | None, why: str) -> None:
        """Leave a delete to the end of the run; an open hold about it stays until then."""
        self.pending[row.id or 0] = self.change("delete", row, None, shift, why)
        self.undecided |= {f"row:{row.id}", *([f"shift:{shift.id}"] if shift else [])}

    def why_kept(self, row: ClockTime, mirror: TrackedShift | None) -> Why | None:
        """Why a row must not be deleted; None if it may be."""
        if not row.is_ours:
            shift = "its shift is gone, and " if mirror is not None else ""
            return ("manual_row", f"{shift}row {row.id} was entered by {row.entered_by}")
        if self.edited_locally(mirror, row) and self.policy.local_edits == "keep":
            return ("local_edit", "its shift is gone, and the row was edited in the table")
        return self.why_undecided()

    def why_undecided(self) -> Why | None:
        """A hold's reason if a look of this run, which might have shown the shift elsewhere, failed or was refused."""
        undecided = self.evidence.undecided() if self.stage != "part" else None
        if undecided is None:
            return None
        clock, why = undecided
        return ("clock_not_looked_at", f"kept: it may be on time clock {clock} by now, {why}")

    # -- shifts that are not there -------------------------------------------------------------------------------------

    def decide_absences(self, taken: Container[RowId | None]) -> None:
        """Delete the rows of shifts that are gone if there is evidence; else hold them."""
        for mirror in self.absent:
            shift = mirror.shift
            if shift.id in self.stale or self.has_moved(mirror):
                continue
            row = self.row_of(mirror)
            if not mirror.is_gone and self.inside(shift.start) and self.is_out_of_reach(row):
                # It was held, or its row is lost: without evidence that it is gone, it stays held.
                obstacle = self.no_evidence(shift)
                if obstacle is not None:
                    state = "not written" if row is None else f"row {row.id} stands on another day"
                    self.hold_shift(obstacle[0], shift, f"{state}, and not in the answer: {obstacle[1]}", row=row)
            if row is not None and row.id not in taken and self.inside(row.clock_in):
                self.decide_absence(mirror, row)

    def is_out_of_reach(self, row: ClockTime | None) -> bool:
        """Whether a row is missing, or on a day that no look of this run decides on."""
        return row is None or not (self.inside(row.clock_in) or self.evidence.plans(self.clock, row.clock_in))

    def row_of(self, mirror: TrackedShift) -> ClockTime | None:
        """The row of a shift; if it was deleted, that row again if a restored dump has brought it back."""
        if mirror.clock_time_id is not None:
            return self.rows.get(mirror.clock_time_id)
        row = self.rows.get(mirror.former_clock_time_id) if mirror.former_clock_time_id is not None else None
        key = (self.stored.employees.get(mirror.shift.user_id), mirror.shift.start)
        if row is None or not row.is_ours or row.id in self.shift_of_row or row.key != key:
            return None
        return row

    def has_moved(self, mirror: TrackedShift) -> bool:
        """Whether another look of the run has shown a shift: that look moves its row."""
        return self.stage == "end" and self.evidence.shows(mirror)

    def no_evidence(self, shift: Shift) -> Why | None:
        """Why its absence from the answer does not prove that a shift is gone; None if it does."""
        if shift.user_id in self.stored.ambiguous:
            return ("ambiguous_employee", self.ambiguity_text(shift.user_id))
        who = self.name_of_user(shift.user_id)
        if shift.user_id in self.left_out:
            return ("user_not_listed", f"{self.left_out_text(shift.user_id, who)}; the hours are kept")
        if shift.user_id not in self.snapshot.listed:
            left = "was taken off" if shift.user_id in self.evidence.assigned else "is no longer on"
            return ("user_not_listed", f"{who} {left} this time clock; the hours are kept")
        if shift.user_id in self.invalid_in_any or shift.id in self.invalid_ids | self.evidence.invalid_ids:
            return ("impossible_record", f"a record of {who} cannot be believed; the hours are kept")
        if self.inside(shift.start) and shift.end is not None and shift.end >= self.asked_end:
            return ("window_edge", "it ran past the days asked for; the hours are kept")
        return None

    def decide_absence(self, mirror: TrackedShift, row: ClockTime) -> None:
        """The row of one shift that is not in the answer."""
        shift, obstacle = mirror.shift, self.no_evidence(mirror.shift)
        is_away = not self.inside(shift.start) and not mirror.is_gone
        if is_away and not self.evidence.plans(shift.time_clock_id, shift.start):
            # A shift that a look at its own day has found gone has no other day left to look at.
            if self.stage == "part":
                # The padding of another look may still show it.
                self.wait(shift)
                self.undecided.add(f"shift:{shift.id}")
                return
            self.hold_row("window_edge", row, "its shift is on another day by now: run the sync over that day", mirror)
        elif obstacle is not None and row.is_ours:
            is_invalid = shift.id in self.evidence.invalid_ids and shift.id not in self.invalid_ids
            self.hold_row(obstacle[0], row, obstacle[1], mirror, has_own_hold=is_invalid)
        elif self.stage == "end" and (shift.user_id, shift.start) in self.evidence.awaited:
            # The shift that replaces it, maybe on another time clock, may inherit the row.
            self.postpone(row, shift, _GONE)
            self.pending_absent.add(shift.id)
        else:
            self.remove(row, mirror, shift, _GONE)
            if row.id in self.pending:
                self.pending_absent.add(shift.id)

    # -- the losers of duplicates --------------------------------------------------------------------------------------

    def decide_duplicate(self, loser: Shift, winner: Shift, taken: Container[RowId | None], *, own: bool) -> None:
        """Hold all but the first of several shifts at one instant; a row of theirs that no shift took goes (rule 5)."""
        mirror = self.mirrors.get(loser.id)
        row = self.rows.get(mirror.clock_time_id) if mirror and mirror.clock_time_id is not None else None
        # A shift of another time clock may have moved since: a row goes only if this run has seen both shifts.
        fresh = self.is_fresh(winner.id) and self.is_fresh(loser.id)
        is_taken = row is not None and row.id in taken
        goes = row is not None and row.is_ours and not is_taken and fresh
        # A shift of another time clock that loses its row here is held here: the look at its clock may be days away.
        if own or is_taken or goes:
            self.hold_shift(
                "duplicate_clock_in",
                loser,
                f"shift {winner.id} of the same person has the same clock-in; shift {loser.id} is not written",
                row=None if fresh else row,
            )
        if own and winner.id not in self.present:
            self.wait(loser, winner.id)
        if goes and row is not None:
            self.remove(row, mirror, loser, f"has the same clock-in as shift {winner.id}")

    # -- rows without a shift ------------------------------------------------------------------------------------------

    def decide_orphans(self, taken: Container[RowId | None]) -> None:
        """Report, or delete on request, rows of ours without a shift (rule 6, second half)."""
        if self.policy.orphans == "ignore":
            return
        # The look at its shift's own time clock decides on a row that a restored dump has brought back.
        back = {row.id for m in self.stored.mirrors if m.former_clock_time_id and (row := self.row_of(m)) is not None}
        for row in self.stored.rows:
            if row.id in self.shift_of_row or row.id in taken or row.id in back:
                continue
            if not row.is_ours or not self.inside(row.clock_in):
                continue
            obstacle = self.no_evidence_of_orphan(row)
            if obstacle is not None:
                self.hold_row(obstacle[0], row, obstacle[1], None)
            elif self.policy.orphans == "report":
                self.report_orphan(row)
            elif self.stage == "whole" and self.evidence.clocks_left_out({self.clock}):
                # Its shift may be on another time clock that was not looked at yet.
                self.postpone(row, None, ORPHAN)
                self.pending_orphans = True
            else:
                self.remove(row, None, None, ORPHAN)
                self.pending_orphans |= row.id in self.pending

    def report_orphan(self, row: ClockTime) -> None:
        """Hold a row without a shift: with the obstacle that would keep it from being deleted, if there is one."""
        change = self.change("delete", row, None, None, ORPHAN)
        self.reported.append(row.id or 0)
        obstacle = self.obstacle(change)
        if obstacle is None:
            self.hold_row("orphan", row, f"row {row.id} matches no shift in Connecteam", None)
        else:
            self.hold_change(obstacle[0], change, obstacle[1])

    def no_evidence_of_orphan(self, row: ClockTime) -> Why | None:
        """Why it is not proven that a row without a shift has none on any time clock; None if it is."""
        who = self.stored.names.get(row.employee_id, f"employee {row.employee_id}")
        users = self.users_of.get(row.employee_id, frozenset())
        contested = next((user for user, several in self.stored.ambiguous.items() if row.employee_id in several), None)
        if contested is not None:
            return ("ambiguous_employee", self.ambiguity_text(contested))
        if not users:
            return ("no_connecteam_user", f"no Connecteam user counts for {who}; row {row.id} is kept")
        return self.no_listing(row, users, who) or self.why_maybe_elsewhere(row, users)

    def no_listing(self, row: ClockTime, users: frozenset[int], who: str) -> Why | None:
        """Why the looks do not prove that a person has no shift for a row; None if they do."""
        listings = self.evidence.listings(self.window)
        listed = self.snapshot.listed.union(*listings.values())
        refused = next((c for user in sorted(users - listed) if (c := self.evidence.listed_in_refused.get(user))), None)
        if refused is not None:
            detail = f"{who} is on time clock {refused}, whose answer was refused; row {row.id} is kept"
            return ("clock_not_looked_at", detail)
        unlisted = next((user for user in sorted(users) if user in self.left_out), None)
        if unlisted is not None:
            return ("user_not_listed", f"{self.left_out_text(unlisted, who)}; row {row.id} is kept")
        if not users <= listed or self.is_off_a_clock(users):
            return ("user_not_listed", f"{who} is no longer on a time clock; row {row.id} is kept")
        if users & self.invalid_in_any:
            return ("impossible_record", f"a record of {who} cannot be believed; row {row.id} is kept")
        if row.key in self.held_keys:
            return ("orphan", f"row {row.id} stands where a shift is that is held; it is kept")
        return None

    def why_maybe_elsewhere(self, row: ClockTime, users: frozenset[int]) -> Why | None:
        """A hold's reason if a time clock that is not mirrored has a shift for the row, or was not looked at."""
        if not self.rows_go or self.stage != "end":
            return None
        clock = next((c for u in sorted(users) if (c := self.evidence.unmirrored_shifts.get((u, row.clock_in)))), None)
        if clock is not None:
            return ("orphan", f"row {row.id} is a shift of time clock {clock}, which is not mirrored; it is kept")
        day = local_day(row.clock_in, self.zone)
        clock = next((c for u in sorted(users) if (c := self.evidence.unlisted_hours.get((u, day))) is not None), None)
        if clock is not None:
            who = self.stored.names.get(row.employee_id, f"employee {row.employee_id}")
            detail = f"{who} is no longer on time clock {clock}, whose totals have hours of {day}; row {row.id} is kept"
            return ("user_not_listed", detail)
        missing = self.evidence.clocks_left_out(self.evidence.listings(self.window))
        if missing:
            why = "; ".join(self.evidence.unread.values())
            detail = f"row {row.id} may belong to {', '.join(missing)}, which this run did not look at; it is kept"
            return ("clock_not_looked_at", f"{detail} ({why})" if why else detail)
        return None

    def is_off_a_clock(self, users: frozenset[int]) -> bool:
        """Whether one of these users has remembered shifts on a time clock that no longer lists them."""
        listings = self.evidence.listings(self.window)
        listings[self.clock] = self.snapshot.listed
        return any(
            mirror.shift.user_id not in listings.get(mirror.shift.time_clock_id, {mirror.shift.user_id})
            for user in users
            for mirror in self.mirrors_of_user.get(user, ())
        )

    @cached_property
    def left_out(self) -> dict[int, int]:
        """The users who are assigned to a time clock whose answer does not list them, and that time clock: the answer
        is incomplete, so nothing that it lacks of them is gone.
        """
        listings = {**self.evidence.listings(self.window), self.clock: self.snapshot.listed}
        return {
            user: min(missing)
            for user, clocks in self.evidence.assigned.items()
            if (missing := [clock for clock, listed in listings.items() if clock in clocks and user not in listed])
        }

    def left_out_text(self, user: int, who: str) -> str:
        """That an answer is incomplete, since it leaves out a user of `left_out`."""
        return left_out_text(who, self.left_out[user])

    @cached_property
    def invalid_in_any(self) -> set[int]:
        """The users with an invalid record in any look of the run."""
        return self.invalid_users | self.evidence.invalid_users

    @cached_property
    def mirrors_of_user(self) -> dict[int, list[TrackedShift]]:
        """The tracked shifts of each user around these days."""
        by_user: dict[int, list[TrackedShift]] = defaultdict(list)
        for mirror in self.stored.mirrors:
            by_user[mirror.shift.user_id].append(mirror)
        return by_user

    @cached_property
    def users_of(self) -> Mapping[RowId, frozenset[int]]:
        """Every user of each employee."""
        if self.stored.users_of:
            return self.stored.users_of
        by_employee: dict[RowId, set[int]] = defaultdict(set)
        for user, employee in self.stored.employees.items():
            by_employee[employee].add(user)
        return {employee: frozenset(users) for employee, users in by_employee.items()}

    @cached_property
    def held_keys(self) -> frozenset[tuple[RowId, int]]:
        """The (employee, clock-in) of every shift of the answer that is held."""
        held = {hold.shift_id for hold in self.holds.values()}
        mapped = ((self.stored.employees.get(s.user_id), s.start) for s in self.snapshot.shifts if s.id in held)
        return frozenset((employee, start) for employee, start in mapped if employee is not None)

    # -- one person, many rows -----------------------------------------------------------------------------------------

    def guard_people(self) -> None:
        """Hold the deletes of a person who would lose all of more than a few rows (rule 7), in all looks of the run.

        Before the end of the run they only count as held, since some may turn out to have moved.
        """
        before = self.stored.refused_before
        left = (c for c in self.pending.values() if self.obstacle(c) is None and subject_of(c) not in before)
        self.going = (*(change for change in self.changes if change.kind == "delete"), *left)
        self.let_through |= let_through(self.going, self.clock, self.policy)
        own: dict[RowId, list[Change]] = defaultdict(list)
        for change in self.going:
            own[change.image.employee_id].append(change)
        for employee, changes in by_key(own):
            lost = self.lost_by(employee, changes)
            if len(lost) <= self.policy.max_deletes_of_person:
                continue
            guarded = [c for c in changes if c.image.id in lost and c.image.id not in self.let_through]
            self.guarded |= {change.image.id for change in guarded}
            # A person has rows on several time clocks, in several slices: one fingerprint names all that go.
            name = fingerprint_of_stopped("deletes_guarded", 0, ((row, employee, at) for row, at in lost.items()))
            if name in self.policy.accepted:
                continue
            self.accept_names[employee] = name
            who = self.stored.names.get(employee, f"employee {employee}")
            for change in guarded:
                if change.image.id not in self.pending and change.image.id not in self.deleted_for_others:
                    why = f"{who} would lose all {len(lost)} rows of these days ({change.why})"
                    self.hold_change("deletes_guarded", change, f"{why}; if it is right: --accept {name}")
            gone = {id(change) for change in guarded}
            self.changes = [change for change in self.changes if id(change) not in gone]

    def lost_by(self, employee: RowId, own: Iterable[Change]) -> dict[RowId, int]:
        """The rows (and their clock-ins) of a person that would go, from slices in which they would lose all rows.

        `own` are the deletes of this look; at the end of the run those of the other looks are known too.
        """
        going = self.evidence.going.get(employee, {}) | {change.image.id or 0: change.image.clock_in for change in own}
        lost: dict[RowId, int] = {}
        for (start, end), rows in {(self.start, self.end): self.rows_of_people, **self.evidence.rows_of_people}.items():
            inside = {row: at for row, at in going.items() if start <= at < end}
            if len(inside) >= rows.get(employee, 0):
                lost |= inside
        return lost


def nothing_seen(clock: int, window: Window, users: tuple[User, ...]) -> Snapshot:
    """A snapshot without listed users and shifts, for a time clock that cannot be read."""
    asked = window.padded()
    return Snapshot(time_clock_id=clock, first=asked.first, last=asked.last, users=users, listed=frozenset(), shifts=())


def unreadable(
    window: Window, snapshot: Snapshot, stored: StoredState, policy: Policy, why: str, *, standing: Iterable[str]
) -> SlicePlan:
    """The plan of a time clock that cannot be read: every row of its shifts stays, held.

    `standing` are the subjects of its open holds: all of them stay open.
    """
    builder = Absences(window, snapshot, stored, policy, RunEvidence())
    for mirror in builder.absent:
        row = builder.rows.get(mirror.clock_time_id) if mirror.clock_time_id is not None else None
        if row is not None and builder.inside(row.clock_in):
            detail = f"time clock {builder.clock} cannot be read, so that its hours stay as they are ({why})"
            builder.hold_row("clock_not_looked_at", row, detail, mirror)
    holds = tuple(sorted(builder.holds.values(), key=lambda h: (h.instant or 0, h.reason, h.subject)))
    ours = [row for row in stored.rows if row.id in {hold.clock_time_id for hold in holds}]
    minutes = sum(row.minutes for row in ours)
    return SlicePlan(
        time_clock_id=builder.clock,
        window=window,
        changes=(),
        holds=holds,
        new_employees=(),
        mirrors=(),
        breaks=(),
        breaks_gone=(),
        counts=Counts(held=len(holds)),
        minutes=Minutes(before=minutes, after=minutes),
        refusals=(),
        fingerprint=fingerprint(builder.clock, window, (), ()),
        policy=policy,
        snapshot=snapshot,
        undecided=frozenset(standing),
    )


_GONE = "no longer on this day in Connecteam"
ORPHAN = "no shift in Connecteam matches it"

"""How today is, at a glance: who is on the clock, the hours, the changes. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import msgspec

from connecteam_sync.core.change import Counts
from connecteam_sync.core.clocktime import elapsed_minutes
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.proofs import ProvenDay
from connecteam_sync.core.run import Slice

OPEN_DAYS = 7
"""Whoever clocked in more days ago and never out is no longer on the clock: `anomalies` reports them."""


class OnTheClock(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who clocked in and has not clocked out; `since` in epoch seconds. `employee_id`: whose row it is."""

    user_id: int
    name: str
    employee_id: RowId | None
    time_clock_id: int
    since: int


class Glance(msgspec.Struct, frozen=True, kw_only=True):
    """Today in the business time zone, as the mirror has it.

    `minutes` are of shifts that began today and are closed, `open_minutes` of those that are open, until `now` (epoch
    seconds). `changes` and `moved` are what runs have written since midnight; `changed_in` is how many did.
    `days` are the last days and whether each is proven, oldest first; a day that was never verified has None.
    """

    now: int
    today: date
    on_the_clock: tuple[OnTheClock, ...]
    shifts: int
    minutes: int
    open_minutes: int
    changes: Counts
    moved: int
    changed_in: int
    days: tuple[tuple[date, ProvenDay | None], ...]


class TodaysShift(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A tracked shift of today, or one that is open. Instants are epoch seconds."""

    user_id: int
    name: str
    employee_id: RowId | None
    time_clock_id: int
    start: int
    end: int | None


def on_the_clock(shifts: Iterable[TodaysShift]) -> tuple[OnTheClock, ...]:
    """Those who are, the longest first."""
    found = (
        OnTheClock(
            user_id=shift.user_id,
            name=shift.name,
            employee_id=shift.employee_id,
            time_clock_id=shift.time_clock_id,
            since=shift.start,
        )
        for shift in shifts
        if shift.end is None
    )
    return tuple(sorted(found, key=lambda one: (one.since, one.name)))


def minutes_today(shifts: Iterable[TodaysShift], start: int, now: int) -> tuple[int, int]:
    """The minutes of the shifts that began at `start` or later: of closed ones, and of open ones until now."""
    todays = [shift for shift in shifts if shift.start >= start]
    closed = sum(elapsed_minutes(shift.start, shift.end) or 0 for shift in todays if shift.end is not None)
    opened = sum(elapsed_minutes(shift.start, max(now, shift.start)) or 0 for shift in todays if shift.end is None)
    return closed, opened


def written(receipts: Iterable[Slice]) -> tuple[Counts, int]:
    """What the receipts of slices wrote: counts, and by how many minutes the hours have moved."""
    created = updated = deleted = moved = 0
    for receipt in receipts:
        created += receipt.counts.created
        updated += receipt.counts.updated
        deleted += receipt.counts.deleted
        moved += receipt.minutes.after - receipt.minutes.before
    return Counts(created=created, updated=updated, deleted=deleted), moved

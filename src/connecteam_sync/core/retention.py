"""Retention: how long records are kept by law, what a purge takes and leaves, legal holds, erasures. Pure."""

from __future__ import annotations

from datetime import date
from typing import Literal, get_args

import msgspec

from connecteam_sync.core.keys import RowId
from connecteam_sync.core.window import Window

StayReason = Literal["manual", "child_row", "legal_hold", "not_closed", "across"]
"""Why something on the days of a purge stays: a row entered by hand; a row that rows of other tables point at; of
somebody on a legal hold; a row of a day in no closed pay period within the days; something that reaches beyond them.
"""
STAY_REASONS: tuple[StayReason, ...] = get_args(StayReason)
PurgeState = Literal["foreseen", "begun", "done"]
RetentionAct = Literal["purge", "erase", "hold"]
RETENTION_ACTS: tuple[RetentionAct, ...] = get_args(RetentionAct)
ACT_TEXTS: dict[RetentionAct, str] = {"purge": "purge", "erase": "erase anybody", "hold": "note legal holds"}


def floor_of(today: date, years: int) -> date:
    """The first day that has to be kept: only days before it may be purged. A 29th of February becomes the 28th."""
    year = today.year - years
    try:
        return today.replace(year=year)
    except ValueError:
        return today.replace(year=year, day=28)


class PurgeCounts(msgspec.Struct, frozen=True, kw_only=True):
    """What a purge removes: entries of the journal, tracked shifts, remembered breaks, Connecteam's totals of people's
    days, holds, receipts (of slices, and of runs of which nothing else is left), and rows of ours.
    """

    entries: int = 0
    shifts: int = 0
    breaks: int = 0
    totals: int = 0
    holds: int = 0
    receipts: int = 0
    rows: int = 0

    def plus(self, other: PurgeCounts) -> PurgeCounts:
        """The sums."""
        return PurgeCounts(**{name: getattr(self, name) + getattr(other, name) for name in self.__struct_fields__})

    @property
    def total(self) -> int:
        """How many records in all."""
        return sum(msgspec.structs.astuple(self))


class Stays(msgspec.Struct, frozen=True, kw_only=True):
    """How many records on the days of a purge stay, by the reason."""

    manual: int = 0
    child_row: int = 0
    legal_hold: int = 0
    not_closed: int = 0
    across: int = 0

    def plus(self, other: Stays) -> Stays:
        """The sums."""
        return Stays(**{name: getattr(self, name) + getattr(other, name) for name in self.__struct_fields__})


class Purge(msgspec.Struct, frozen=True, kw_only=True):
    """A purge of local days: foreseen (`number` is 0), begun and perhaps broken off, or done.

    `counts` are what it would remove, or has removed; `stays` is known of a foreseen one only. Times are epoch seconds.
    `entries` are the first and the last number of the journal entries that it removed.
    """

    window: Window
    with_rows: bool
    state: PurgeState
    counts: PurgeCounts
    number: int = 0
    begun_at: int | None = None
    done_at: int | None = None
    by: str | None = None
    stays: Stays | None = None
    entries: tuple[int, int] | None = None

    @property
    def name(self) -> str:
        """Its days, as they have to be repeated: `2021-01-01..2021-12-31`."""
        return f"{self.window.first}..{self.window.last}"

    def overlaps(self, first: date, last: date) -> bool:
        """Whether it has any of these days."""
        return self.window.first <= last and first <= self.window.last


class LegalHold(msgspec.Struct, frozen=True, kw_only=True):
    """A person whose records may not go, with who says so, when (epoch seconds) and why; until it is released."""

    number: int
    employee_id: RowId
    at: int
    by: str
    reason: str
    employee_name: str | None = None
    released_at: int | None = None
    released_by: str | None = None
    released_reason: str | None = None


class MissingRight(msgspec.Struct, frozen=True, kw_only=True):
    """Rights on a table of ours that the database user lacks for some acts: none of them is one that a run needs.

    `words` are those of the database; `grant` is the statement by which its administrator cures it.
    """

    acts: tuple[RetentionAct, ...]
    table: str
    rights: tuple[str, ...]
    words: str
    grant: str


class RetentionCheck(msgspec.Struct, frozen=True, kw_only=True):
    """How long records are kept, what may go, and what stands in the way.

    `floor` is the first day that has to be kept, `oldest` the first day of which there is a tracked shift or an entry
    of the journal. `due` are the oldest days that may go, at most a year of them, and `foreseen` is a purge of them;
    None if there are none. `waiting` corrections of these days are to be decided before. `purges` are those on record,
    newest first; `legal_holds` those that stand. `missing` are rights that the database user lacks for it.
    """

    years: int
    floor: date
    oldest: date | None
    due: Window | None = None
    foreseen: Purge | None = None
    waiting: int = 0
    purges: tuple[Purge, ...] = ()
    legal_holds: tuple[LegalHold, ...] = ()
    missing: tuple[MissingRight, ...] = ()

    @property
    def broken_off(self) -> Purge | None:
        """The purge that was begun and is not done: nothing else is purged before it is."""
        return next((one for one in self.purges if one.state == "begun"), None)


class Erasure(msgspec.Struct, frozen=True, kw_only=True):
    """A person of whom name, e-mail address and phone number are blanked in our tables; at `at` (epoch seconds).

    `users` are Connecteam users, `receipts` and `holds` those that named them. `plans` were kept for people in the
    console, and `files` were inputs of decisions on this machine (`keep_inputs`): what named the person was removed.
    `files_left` are those files that could not be removed.
    """

    number: int
    employee_id: RowId
    at: int
    by: str
    users: int
    receipts: int
    holds: int
    plans: int = 0
    files: int = 0
    files_left: tuple[str, ...] = ()


def overlapping(purges: tuple[Purge, ...], first: date, last: date) -> tuple[Purge, ...]:
    """Those of the purges that have any of these days."""
    return tuple(one for one in purges if one.overlaps(first, last))


_AT_ONCE = 10_000
"""About so many shifts are purged in one transaction: other writers wait for it."""


def parts_of(window: Window, shifts: int) -> tuple[Window, ...]:
    """The days in parts, in order, each of which is purged in a transaction of its own: weeks, or fewer days where
    `shifts`, the tracked ones of the window, are many; a day at least.
    """
    days = _AT_ONCE * window.days // max(shifts, 1)
    return window.slices(max(1, min(7, days)), padding=0)

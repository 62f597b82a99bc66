"""Rows as the table had them at an earlier moment: the rows of now, taken back by the journal. Pure.

The journal knows rows of ours from the first run that saw each. Everything else is as it is now, and is marked: rows of
other sources, rows that no run has written yet, and what a row was before a run first saw it. What others edited in a
row of ours counts from the run that saw it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from connecteam_sync.core.certified_rows import moment as written
from connecteam_sync.core.change import Change, HoldReason
from connecteam_sync.core.clocktime import ClockTime
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.window import EARLIEST, LATEST, end_of_day

_RUN = re.compile(r"[0-9]{1,18}", re.ASCII)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
KEEPS_EDITS: tuple[HoldReason, ...] = ("local_edit", "locked_day", "manual_row")
"""The reasons of holds by which a run leaves a row as somebody edited it in the table."""


class AsOf(msgspec.Struct, frozen=True, kw_only=True):
    """The moment that is asked for: what was written up to the journal's entry `entry` (0: before the first one).

    `at` is in epoch seconds: the moment itself, or the end of the run `run` that named it. `newest_run` is the newest
    run that had begun by then: what it saw counts.
    """

    at: int
    entry: int = 0
    newest_run: int = 0
    run: int | None = None

    @property
    def members(self) -> dict[str, object]:
        """The members of its JSON."""
        return {"at": written(self.at), "run": self.run, "entry": self.entry}


class AsOfName(NamedTuple):
    """How a person names a moment: by the number of a run, or by epoch seconds; the other one is None."""

    run: int | None = None
    at: int | None = None


def parsed(text: str, zone: ZoneInfo) -> AsOfName:
    """A run's number, an ISO moment with its offset from UTC, or a local day (all of it). Raises ValueError."""
    word = text.strip()
    if _RUN.fullmatch(word):
        return AsOfName(run=int(word))
    try:
        named = datetime.fromisoformat(word)
    except ValueError as error:
        msg = f"{word[:60]!r} is neither a run nor a moment"
        raise ValueError(msg) from error
    if not EARLIEST.year < named.year < LATEST.year:
        msg = f"{word[:60]!r} is out of reach: days from {EARLIEST} to {LATEST}"
        raise ValueError(msg)
    if _DAY.fullmatch(word):
        return AsOfName(at=end_of_day(named.date(), zone) - 1)
    if named.tzinfo is None:
        msg = f"{word[:60]!r} does not say how far it is from UTC"
        raise ValueError(msg)
    return AsOfName(at=int(named.timestamp()))


class Journaled(NamedTuple):
    """A change of the journal, with the number of its entry."""

    number: int
    change: Change


class RowsThen(msgspec.Struct, frozen=True, kw_only=True):
    """Rows as they were. Of those in `not_journaled` the journal does not say that: they are shown as they are now, as
    a run first saw them later, or as they were until others deleted them, nobody knows when. `shift_of` says of rows
    that the journal knows which shift each belonged to.
    """

    rows: tuple[ClockTime, ...]
    not_journaled: frozenset[RowId]
    shift_of: Mapping[RowId, str]


class SeenEdits(NamedTuple):
    """What runs had seen by the moment of edits in the table: `rows` that were there and that a hold left as somebody
    had edited them, `shifts` whose row somebody had deleted. `unlinked` are shifts that had lost their row by then, or
    were gone from Connecteam with a row that is gone, too: whoever deleted that, no run had to.
    """

    rows: frozenset[RowId] = frozenset()
    shifts: frozenset[str] = frozenset()
    unlinked: frozenset[str] = frozenset()

    def are_of(self, change: Change) -> bool:
        """Whether they have the row of a change as one that was there."""
        return change.image.id in self.rows

    def lack(self, change: Change) -> bool:
        """Whether the row of a change, which is gone now, was gone by then."""
        return not self.are_of(change) and change.shift_id in self.shifts | self.unlinked


_NONE_SEEN = SeenEdits()


class LinkOfShift(NamedTuple):
    """Whether a shift is tracked with a row now and is still in Connecteam, and the run that noted that."""

    is_living: bool
    changed_in_run: int


class HoldThen(NamedTuple):
    """A hold that stood at the moment and left an edit in the table, as the newest run that found it told it, or as
    the newest look by then did: of a row, or of a shift without one. `is_of_then`: a look by then had told it so.
    """

    reason: str
    subject: str
    time_clock_id: int
    row: RowId | None
    shift: str | None
    is_of_then: bool = False


def seen_edits(stood: Iterable[HoldThen], links: Mapping[str, LinkOfShift], as_of: AsOf) -> SeenEdits:
    """The edits that holds left in the table at the moment, and rows that others had deleted, as far as a run had seen
    them by then. `links` are of shifts whose row is gone.
    """
    found = list(stood)
    return SeenEdits(
        frozenset(hold.row for hold in found if hold.row is not None),
        frozenset(hold.shift for hold in found if hold.row is None and hold.is_of_then and hold.shift is not None),
        frozenset(
            shift for shift, link in links.items() if not link.is_living and link.changed_in_run <= as_of.newest_run
        ),
    )


def missing_rows(now: Iterable[ClockTime], entries: Iterable[Journaled]) -> frozenset[str]:
    """The shifts of rows that the journal left in the table and that others deleted since."""
    present = {row.id for row in now}
    newest = {change.image.id: change for _, change in sorted(entries, key=lambda entry: entry[0])}
    return frozenset(
        change.shift_id
        for key, change in newest.items()
        if change.after is not None and key not in present and change.shift_id is not None
    )


def rows_then(
    now: Iterable[ClockTime], entries: Iterable[Journaled], as_of: AsOf, seen: SeenEdits = _NONE_SEEN
) -> RowsThen:
    """The rows of the moment, from those of now and the journal's entries about them, in any order.

    Of each row at least the newest entry up to the moment and the first one after it are wanted. Expects of `now` every
    row of some days, and entries of every row that had, has or will have its clock-in on them; the rows of the answer
    may have theirs on other days.
    """
    present = {row.id: row for row in now if row.id is not None}
    last, following = _around(entries, as_of)
    newest_row = {change.shift_id: key for key, (_, change) in sorted(last.items(), key=lambda item: item[1].number)}
    found: list[ClockTime] = []
    unsure: set[RowId] = set()
    shift_of: dict[RowId, str] = {}
    for key in dict.fromkeys([*present, *last, *following]):
        before = last[key].change if key in last else None
        after = following[key].change if key in following else None
        is_moved = before is not None and before.shift_id is not None and newest_row[before.shift_id] != key
        if is_moved and key not in present and after is None:
            # Others had deleted it: a run saw that, and gave the shift another row.
            continue
        row, is_known = _then(present.get(key), before, after, seen)
        if row is None:
            continue
        found.append(row)
        if not is_known:
            unsure.add(key)
        shift = next((one.shift_id for one in (before, after) if one is not None and one.shift_id is not None), None)
        if shift is not None:
            shift_of[key] = shift
    return RowsThen(rows=tuple(found), not_journaled=frozenset(unsure), shift_of=shift_of)


def _around(entries: Iterable[Journaled], as_of: AsOf) -> tuple[dict[RowId, Journaled], dict[RowId, Journaled]]:
    """Of each row the newest entry up to the moment, and the first one after it."""
    last: dict[RowId, Journaled] = {}
    following: dict[RowId, Journaled] = {}
    for entry in sorted(entries, key=lambda one: one.number):
        key = entry.change.image.id
        if key is None:
            continue
        if entry.number <= as_of.entry:
            last[key] = entry
        else:
            following.setdefault(key, entry)
    return last, following


def _then(
    now: ClockTime | None, last: Change | None, following: Change | None, seen: SeenEdits
) -> tuple[ClockTime | None, bool]:
    """A row as it was, None if it was not there; and whether the journal says that."""
    if now is not None and not now.is_ours:
        return now, False
    if last is not None:
        edited = following.before if following is not None else now
        if following is None and now is None and last.after is not None:
            # Others have deleted it since.
            return (None, False) if seen.lack(last) else (last.after, False)
        if edited is not None and edited != last.after and seen.are_of(last):
            # A run had seen that others edited it, and had left it so.
            return edited, False
        return last.after, True
    if following is not None:
        return following.before, following.before is None
    return now, False

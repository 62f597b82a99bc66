"""Rows as of an earlier moment, from made-up rows and entries; and how people name a moment."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from connecteam_sync.core.as_of import (
    AsOf,
    AsOfName,
    HoldThen,
    Journaled,
    LinkOfShift,
    SeenEdits,
    missing_rows,
    parsed,
    rows_then,
    seen_edits,
)
from connecteam_sync.core.change import Change, ChangeKind
from connecteam_sync.core.clocktime import ClockTime, clock_time_of

CHICAGO = ZoneInfo("America/Chicago")
DAY = (date(2025, 12, 2), date(2025, 12, 2))
EIGHT = 1_764_684_000


def row(key: int, minutes: int = 480, **more: Any) -> ClockTime:  # noqa: ANN401 - any field
    """A row of ours of employee 1."""
    return msgspec.structs.replace(clock_time_of(1, EIGHT, EIGHT + minutes * 60, id=key), **more)


def entry(number: int, before: ClockTime | None, after: ClockTime | None, shift: str | None = "s1") -> Journaled:
    """An entry of the journal."""
    kind: ChangeKind = "create" if before is None else "delete" if after is None else "update"
    change = Change(kind=kind, before=before, after=after, shift_id=shift, user_id=7, days=DAY, why="")
    return Journaled(number, change)


def then(
    now: list[ClockTime], entries: list[Journaled], number: int, seen: SeenEdits | None = None
) -> tuple[tuple[ClockTime, ...], frozenset[Any]]:
    """The rows after an entry, and those that the journal does not know."""
    found = rows_then(now, entries, AsOf(at=0, entry=number, newest_run=number), seen or SeenEdits())
    return found.rows, found.not_journaled


def test_a_row_through_its_life() -> None:
    """Not there, then as each entry left it, then gone; in whatever order the entries come."""
    entries = [entry(9, row(1, 60), None), entry(3, None, row(1)), entry(5, row(1), row(1, 60))]
    assert then([], entries, 2) == ((), frozenset())
    assert then([], entries, 3) == ((row(1),), frozenset())
    assert then([], entries, 4) == ((row(1),), frozenset())
    assert then([], entries, 5) == ((row(1, 60),), frozenset())
    assert then([], entries, 8) == ((row(1, 60),), frozenset())
    assert then([], entries, 9) == ((), frozenset())
    returned = [*entries, entry(12, None, row(1, 90))]
    assert then([row(1, 90)], returned, 11) == ((), frozenset())
    assert then([row(1, 90)], returned, 12) == ((row(1, 90),), frozenset())


def test_rows_of_others_are_as_they_are_now() -> None:
    """Also one that was ours before; and a row of ours that no run has written."""
    manual, stray = row(2, source="manual"), row(3)
    assert then([manual, stray], [], 0) == ((manual, stray), frozenset({2, 3}))
    seized = row(1, 30, source="manual")
    assert then([seized], [entry(3, None, row(1))], 3) == ((seized,), frozenset({1}))


def test_before_a_run_first_saw_a_row() -> None:
    """It was there as that run found it; since when, nobody knows."""
    entries = [entry(3, row(1, 60), row(1)), entry(4, row(1), row(1, 90))]
    assert then([row(1, 90)], entries, 2) == ((row(1, 60),), frozenset({1}))
    assert then([row(1, 90)], entries, 3) == ((row(1),), frozenset())


def test_an_edit_of_others_counts_from_the_run_that_saw_it() -> None:
    """Between two entries the row is what the first one left; afterwards, too, until a hold keeps the edit."""
    edited = row(1, 7)
    entries = [entry(3, None, row(1)), entry(6, edited, row(1))]
    assert then([row(1)], entries, 5) == ((row(1),), frozenset())
    assert then([edited], entries[:1], 9) == ((row(1),), frozenset())
    assert then([edited], entries[:1], 9, SeenEdits(rows=frozenset({1}))) == ((edited,), frozenset({1}))
    assert then([edited], entries[:1], 9, SeenEdits(shifts=frozenset({"s1"}))) == ((row(1),), frozenset())
    assert then([edited], entries[:1], 9, SeenEdits(unlinked=frozenset({"s1"}))) == ((row(1),), frozenset())


def test_a_row_that_others_deleted() -> None:
    """Nobody knows since when, unless a run had seen that, or gave the shift another row."""
    created = entry(3, None, row(1))
    assert missing_rows([], [created]) == {"s1"}
    assert missing_rows([row(1)], [created]) == frozenset()
    assert missing_rows([], [created, entry(4, row(1), None)]) == frozenset()
    assert then([], [created], 9) == ((row(1),), frozenset({1}))
    assert then([], [created], 9, SeenEdits(unlinked=frozenset({"s1"})))[0] == ()
    again = entry(6, None, row(2))
    assert then([row(2)], [created, again], 5) == ((row(1),), frozenset({1}))
    assert then([row(2)], [created, again], 6) == ((row(2),), frozenset())
    without_a_shift = entry(3, row(1, 60), row(1), None)
    assert then([], [without_a_shift, entry(4, row(2, 60), row(2), None)], 9)[0] == (row(1), row(2))


def test_which_edits_a_run_had_seen() -> None:
    """Holds that left an edit, of a row or of one that was gone by then; shifts noted by then as without a row."""
    stood = [
        HoldThen("local_edit", "shift:s1", 1, 1, "s1"),
        HoldThen("locked_day", "shift:s5", 1, None, "s5", is_of_then=True),
        HoldThen("local_edit", "shift:s6", 1, None, "s6"),
    ]
    links = {
        "gone": LinkOfShift(is_living=False, changed_in_run=5),
        "later": LinkOfShift(is_living=False, changed_in_run=6),
        "living": LinkOfShift(is_living=True, changed_in_run=1),
    }
    found = seen_edits(stood, links, AsOf(at=0, entry=0, newest_run=5))
    assert found == SeenEdits(frozenset({1}), frozenset({"s5"}), frozenset({"gone"}))


def test_an_edit_that_a_hold_left_and_a_later_run_corrected() -> None:
    """It was in the table as long as the hold stood: as the later run found it, since nobody knows more."""
    edited, seen = row(1, 7), SeenEdits(rows=frozenset({1}))
    entries = [entry(3, None, row(1)), entry(6, edited, row(1, 90))]
    assert then([row(1, 90)], entries, 5, seen) == ((edited,), frozenset({1}))
    assert then([row(1, 90)], [entries[0], entry(6, row(1), row(1, 90))], 5, seen) == ((row(1),), frozenset())
    assert then([row(1, 90)], entries, 5, SeenEdits(shifts=frozenset({"s1"}))) == ((row(1),), frozenset())


def test_a_row_that_a_hold_left_and_somebody_deleted_later() -> None:
    """It was there while the hold stood on it, whatever became of its shift."""
    there, deleted = SeenEdits(rows=frozenset({1}), unlinked=frozenset({"s1"})), SeenEdits(shifts=frozenset({"s1"}))
    assert then([], [entry(3, None, row(1))], 9, there) == ((row(1),), frozenset({1}))
    assert then([], [entry(3, None, row(1))], 9, deleted) == ((), frozenset())


def test_the_shift_of_a_row() -> None:
    """As of then; where a later entry is the only one, by that."""
    entries = [entry(3, None, row(1), "old"), entry(5, row(1), row(1, 60), "new"), entry(7, row(2), None, "s2")]
    moment = AsOf(at=0, entry=4)
    assert rows_then([row(1, 60)], entries, moment).shift_of == {1: "old", 2: "s2"}


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("12", AsOfName(run=12)),
        (" 12 ", AsOfName(run=12)),
        ("2025-12-05", AsOfName(at=int(datetime(2025, 12, 6, 6, tzinfo=UTC).timestamp()) - 1)),
        ("2025-12-05T18:00:00-06:00", AsOfName(at=int(datetime(2025, 12, 6, tzinfo=UTC).timestamp()))),
        ("2025-12-06T00:00:00Z", AsOfName(at=int(datetime(2025, 12, 6, tzinfo=UTC).timestamp()))),
        ("2025-03-30T02:30+01:00", AsOfName(at=int(datetime(2025, 3, 30, 1, 30, tzinfo=UTC).timestamp()))),
    ],
)
def test_a_moment_has_a_name(text: str, named: AsOfName) -> None:
    """A run, a local day until its end, an instant."""
    assert parsed(text, CHICAGO) == named


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("yesterday", "neither a run nor a moment"),
        ("", "neither a run nor a moment"),
        ("-3", "neither a run nor a moment"),
        ("٣", "neither a run nor a moment"),
        ("9" * 30, "neither a run nor a moment"),
        ("2025-13-01", "neither a run nor a moment"),
        ("2025-12-05T18:00:00", "does not say how far it is from UTC"),
        ("0001-01-01", "out of reach"),
        ("9999-12-31T00:00:00Z", "out of reach"),
    ],
)
def test_what_names_no_moment(text: str, why: str) -> None:
    """It is said what is wrong, in one line."""
    with pytest.raises(ValueError, match=why):
        parsed(text, CHICAGO)

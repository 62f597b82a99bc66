"""Rows that were kept without seconds: which shift such a row is, and when that cannot be told."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

import msgspec
import pytest
from test_plan import ANA, BEN, CHICAGO, EMPLOYEES, MORNING, WINDOW, at, shift

from connecteam_sync.core.change import Change
from connecteam_sync.core.clocktime import ClockTime, clock_time_of
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.same_minute import ByMinute, agrees, by_minute, link_changes, without_seconds
from connecteam_sync.core.shift import Shift

BEGIN, END = at("2 08:00"), at("2 12:00")
TOLD_APART = "several rows or shifts of that minute agree: which is which cannot be told"


def row(
    key: RowId, begin: int = BEGIN, end: int | None = END, employee: int = 1, source: str = "connecteam"
) -> ClockTime:
    """A row by its instants."""
    return msgspec.structs.replace(clock_time_of(employee, begin, end, id=key), source=source)


def precise(name: str, begin: int = 41, end: int | None = 7, user: int = ANA) -> Shift:
    """A shift so many seconds after the minutes of the row."""
    ends = None if end is None else END + end
    return msgspec.structs.replace(shift(name, "2 08:00", user=user), start=BEGIN + begin, end=ends)


def paired(
    rows: list[ClockTime], shifts: list[Shift], linked: Collection[RowId] = (), unchanged: Collection[str] = ()
) -> tuple[list[tuple[RowId | None, str]], list[tuple[RowId | None, str]]]:
    """(row, shift) of the pairs, and (row, why) of what is left."""
    found = by_minute(rows, shifts, EMPLOYEES, linked=linked, unchanged=unchanged)
    return [(one.id, of.id) for one, of in found.links], [(one.id, why) for one, why in found.left]


@pytest.mark.parametrize(
    ("begin", "end", "image_begin", "image_end", "is_same"),
    [
        (0, 0, 41, 7, True),
        (0, 0, 59, 59, True),
        (0, 7, 41, 7, True),
        (0, None, 41, None, True),
        (0, 0, 0, 7, False),
        (0, 0, 60, 7, False),
        (0, 0, -1, 7, False),
        (41, 0, 41, 7, False),
        (1, 0, 41, 7, False),
        (0, 0, 41, 60, False),
        (0, 0, 41, -1, False),
        (0, 0, 41, None, False),
        (0, None, 41, 7, False),
    ],
)
def test_a_row_agrees_at_both_ends_but_for_the_seconds_of_its_beginning(
    begin: int, end: int | None, image_begin: int, image_end: int | None, *, is_same: bool
) -> None:
    """It begins at the full minute of a shift that has seconds; it ends as the shift does, or at that full minute."""
    one = row(1, BEGIN + begin, None if end is None else END + end)
    assert agrees(one, row(2, BEGIN + image_begin, None if image_end is None else END + image_end)) is is_same


def test_one_row_and_one_shift_of_a_minute_are_a_pair() -> None:
    """Of the same person, in the order of persons and times."""
    rows = [row(3, employee=2), row(2, at("3 08:00"), at("3 12:00")), row(1)]
    later = msgspec.structs.replace(precise("b"), start=at("3 08:00") + 1, end=at("3 12:00") + 59)
    shifts = [precise("c", user=BEN), later, precise("a"), precise("stranger", user=999)]
    assert paired(rows, shifts) == ([(1, "a"), (2, "b"), (3, "c")], [])
    assert paired([row(1, employee=2)], [precise("a")]) == ([], [])
    assert paired([row(1, source="manual"), row(2, BEGIN + 5), row(3, end=END + 60)], [precise("a", end=67)])[0] == [
        (3, "a")
    ]


@pytest.mark.parametrize(
    ("rows", "shifts", "left"),
    [
        ([row(1), row(2)], [precise("a")], [(1, TOLD_APART), (2, TOLD_APART)]),
        ([row(1)], [precise("a"), precise("b", 50)], [(1, TOLD_APART)]),
        ([row(1), row(2)], [precise("a"), precise("b", 50)], [(1, TOLD_APART), (2, TOLD_APART)]),
        ([row(1, end=END + 60)], [precise("a")], [(1, "it ends otherwise than shift a, which begins in that minute")]),
        ([row(1, end=None)], [precise("a")], [(1, "it ends otherwise than shift a, which begins in that minute")]),
        ([row(1, source="manual")], [precise("a")], []),
        ([row(1)], [precise("a", 60)], []),
        ([row(1)], [precise("a", -1)], []),
        ([row(1, BEGIN + 5)], [precise("a")], []),
    ],
)
def test_whatever_is_not_one_to_one_is_left_to_a_person(
    rows: list[ClockTime], shifts: list[Shift], left: list[tuple[int, str]]
) -> None:
    """With the reason; rows by hand and rows of other minutes are nobody's question."""
    assert paired(rows, shifts) == ([], left)


def test_pairs_that_differ_in_their_ends_are_told_apart() -> None:
    """Two shifts of a minute, two rows: each agrees with one only."""
    rows = [row(1, end=END + 300), row(2)]
    assert paired(rows, [precise("a"), precise("b", 50, 310)]) == ([(1, "b"), (2, "a")], [])


def test_a_shift_that_has_its_row_takes_no_other() -> None:
    """Neither one that is in order, nor one whose exact clock-in has a row of any source; its double asks nobody."""
    assert paired([row(1)], [precise("a")], unchanged={"a"}) == ([], [])
    assert paired([row(1), row(2, BEGIN + 41, source="manual")], [precise("a")]) == ([], [])
    assert paired([row(1), row(2, BEGIN + 41)], [precise("a")], linked={2}) == ([], [])
    assert paired([row(1), row(2, BEGIN + 41, employee=2)], [precise("a")], linked={2}) == ([(1, "a")], [])
    assert paired([row(1)], [precise("a")], linked={1}) == ([], [])


def test_a_row_that_agrees_with_two_is_no_pair_though_one_of_them_has_its_row() -> None:
    """It may be the double of either."""
    assert paired([row(1)], [precise("a"), precise("b", 50)], unchanged={"a"}) == ([], [(1, TOLD_APART)])


def test_results_of_several_days_are_put_together() -> None:
    """The days from the first to the last that were compared; those of neither are none."""
    nothing = ByMinute()
    first = ByMinute(links=((row(1), MORNING),), days=(date(2025, 12, 4), date(2025, 12, 6)))
    second = ByMinute(left=((row(2), "why"),), days=(date(2025, 12, 1), date(2025, 12, 3)))
    whole = (date(2025, 12, 1), date(2025, 12, 6))
    for both in (first.merged(second), second.merged(first)):
        assert (both.links, both.left, both.days) == (first.links, second.left, whole)
    assert (first.merged(nothing), nothing.merged(second)) == (first, second)
    assert nothing.merged(nothing).days is None
    twice = first.merged(ByMinute(links=((row(2), MORNING),), left=second.left))
    assert [one.id for one, _ in twice.links] == [1, 2]


def test_a_link_alters_nothing_and_says_why() -> None:
    """It is a change of the days that the row touches, for the journal."""
    night = row(4, at("2 22:00"), at("3 06:00"))
    [change] = link_changes([(night, precise("a", user=BEN))], WINDOW.zone)
    assert change == Change(
        kind="link",
        before=night,
        after=night,
        shift_id="a",
        user_id=BEN,
        days=(date(2025, 12, 2), date(2025, 12, 3)),
        why="the row had no shift yet; employee, clock-in and clock-out are its own but for the seconds",
    )
    assert str(WINDOW.zone) == CHICAGO


def test_a_refusal_of_doubled_hours_says_how_many_rows_lack_their_seconds_only() -> None:
    """Nothing if none does."""

    def create(seconds: int, day: int = 2, end: int = 7) -> Change:
        begin, over = at(f"{day} 08:00") + seconds, at(f"{day} 12:00") + end
        image = msgspec.structs.replace(row(0, begin, over), id=None)
        days = (date(2025, 12, day), date(2025, 12, day))
        return Change(kind="create", before=None, after=image, shift_id="s", user_id=1, days=days, why="new shift")

    rows = [row(1), row(2, at("3 08:00"), at("3 12:00"))]
    told = "of yours agree with a shift but for the seconds"
    assert without_seconds([create(41)], rows) == f"1 row {told}"
    assert without_seconds([create(41), create(1, day=3), create(1, day=4)], rows) == f"2 rows {told}"
    assert without_seconds([create(41, end=60)], rows) == ""
    assert without_seconds([create(41)], []) == ""

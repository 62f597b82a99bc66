"""Rows of other tables that point at ours: when they keep a row from being deleted or moved, and what is said of it."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest

from connecteam_sync.core.change import Change
from connecteam_sync.core.child_rows import concerned, held_detail, kept_by, pointing_text
from connecteam_sync.core.clocktime import Child, ClockTime, clock_time_of

BEFORE = clock_time_of(1, 1_764_655_200, 1_764_684_000, id=4)
LATER = msgspec.structs.replace(BEFORE, clock_in=BEFORE.clock_in + 900)
OF_OTHER = msgspec.structs.replace(BEFORE, employee_id=2)
LONGER = msgspec.structs.replace(BEFORE, clock_out=1_764_685_800)

BY_ID = Child("invoices", 2)
BY_TIME = Child("notes", 1, frozenset({"clock_in"}), follows=False)
BY_KEY = Child("badges", 3, frozenset({"employee_id", "clock_in"}), follows=False)
FOLLOWS = Child("badges", 3, frozenset({"employee_id", "clock_in"}), follows=True)
UNREAD = Child("payslips", None)
UNREAD_TOO = Child("bonuses", None)


@pytest.mark.parametrize("child", [BY_ID, BY_TIME, BY_KEY, FOLLOWS, UNREAD])
def test_a_row_that_others_point_at_is_not_deleted(child: Child) -> None:
    """By whatever they point at it, and also if nobody may read how many there are."""
    assert kept_by({4: (child,), 5: (BY_ID,)}, BEFORE, None) == (child,)
    assert kept_by({5: (child,)}, BEFORE, None) == ()
    assert kept_by({0: (child,), 1: (child,)}, None, BEFORE) == ()
    assert kept_by({}, BEFORE, None) == ()


@pytest.mark.parametrize(
    ("after", "kept"),
    [
        (LATER, (BY_TIME, BY_KEY)),
        (OF_OTHER, (BY_KEY,)),
        (LONGER, ()),
        (BEFORE, ()),
    ],
    ids=["another clock-in", "another employee", "another clock-out", "the same"],
)
def test_a_row_is_not_moved_from_under_those_that_point_at_what_changes(
    after: ClockTime, kept: tuple[Child, ...]
) -> None:
    """What points at the id, or at what the database corrects in both tables, keeps nothing."""
    assert kept_by({4: (BY_ID, BY_TIME, BY_KEY, FOLLOWS)}, BEFORE, after) == kept


@pytest.mark.parametrize(
    ("children", "text", "until"),
    [
        ([BY_TIME], "1 row of notes points at row 4", "they are gone"),
        ([BY_ID], "2 rows of invoices point at row 4", "they are gone"),
        ([Child("notes", 12_000)], "12,000 rows of notes point at row 4", "they are gone"),
        ([BY_TIME, BY_ID], "1 row of notes and 2 rows of invoices point at row 4", "they are gone"),
        ([BY_ID, BY_TIME], "2 rows of invoices and 1 row of notes point at row 4", "they are gone"),
        (
            [UNREAD, UNREAD_TOO],
            "the database user may not read payslips and bonuses, so nobody knows whether rows of it point at row 4",
            "that is known",
        ),
        (
            [BY_TIME, UNREAD],
            (
                "1 row of notes points at row 4; "
                "the database user may not read payslips, so nobody knows whether rows of it point at row 4"
            ),
            "that is known",
        ),
    ],
)
def test_the_hold_says_what_points_at_the_row_and_for_how_long_it_stays(
    children: list[Child], text: str, until: str
) -> None:
    """In a sentence for a person who can do something about it."""
    assert pointing_text(4, children) == text
    assert held_detail(4, iter(children)) == f"{text}; it stays as it is until {until}"


def test_only_rows_that_would_go_or_get_another_key_are_asked_about() -> None:
    """Creates have no row yet, and other corrections move nobody's row."""

    def change(before: ClockTime | None, after: ClockTime | None) -> Change:
        kind = "create" if before is None else "delete" if after is None else "update"
        day = date(2025, 12, 2)
        return Change(
            kind=kind,  # type: ignore[arg-type] # one of the three
            before=before,
            after=after,
            shift_id=None,
            user_id=None,
            days=(day, day),
            why="",
        )

    def numbered(row: ClockTime, key: int) -> ClockTime:
        return msgspec.structs.replace(row, id=key)

    changes = [
        change(numbered(BEFORE, 9), None),
        change(BEFORE, LONGER),
        change(None, msgspec.structs.replace(LATER, id=None)),
        change(None, numbered(LATER, 5)),
        change(numbered(BEFORE, 8), numbered(LATER, 8)),
        change(numbered(BEFORE, 7), numbered(OF_OTHER, 7)),
    ]
    assert concerned(changes) == [7, 8, 9]

"""What a change, a hold and a fingerprint say of themselves: names that must be the same in every run."""

from __future__ import annotations

import re
from datetime import date
from itertools import permutations

import msgspec
import pytest
from test_plan import WINDOW, at

from connecteam_sync.core.change import (
    Change,
    ChangeKind,
    Hold,
    NewEmployee,
    by_day,
    fingerprint,
    fingerprint_of_stopped,
    left_out_of,
    left_out_text,
    subject_of,
)
from connecteam_sync.core.clocktime import ClockTime, clock_time_of
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.text import LONGEST

ROW = clock_time_of(1, at("2 08:00"), at("2 12:00"), id=4)
LONGER = msgspec.structs.replace(ROW, clock_out=at("2 13:00"), total_minutes=300)


def change(
    before: ClockTime | None,
    after: ClockTime | None,
    *,
    shift_id: str | None = None,
    days: tuple[int, int] = (2, 2),
    kind: ChangeKind = "update",
) -> Change:
    """A write on some days of December."""
    first, last = (date(2025, 12, day) for day in days)
    return Change(
        kind=kind, before=before, after=after, shift_id=shift_id, user_id=None, days=(first, last), why="corrected"
    )


def hold(detail: str = "d", subject: str = "shift:a") -> Hold:
    """A hold that says this."""
    return Hold(reason="unmapped_user", subject=subject, detail=detail)


@pytest.mark.parametrize(
    ("one", "subject"),
    [
        (change(ROW, LONGER, shift_id="s"), "shift:s"),
        (change(ROW, None, shift_id="s"), "shift:s"),
        (change(ROW, None), "row:4"),
        (change(ROW, LONGER), "row:4"),
        (change(None, msgspec.structs.replace(ROW, id=None)), f"new:1:{at('2 08:00')}"),
    ],
)
def test_a_hold_in_the_place_of_a_change_is_about_its_shift_else_its_row(one: Change, subject: str) -> None:
    """Else about the person and time of the row that there is not yet: acknowledged once, it stays so."""
    assert subject_of(one) == subject


def test_a_change_is_shown_as_it_will_be_and_counts_what_it_adds() -> None:
    """A row that goes is shown as it was; an open shift counts nothing."""
    still_open = msgspec.structs.replace(ROW, clock_out=None, total_minutes=None, is_active=True)
    assert (change(ROW, LONGER).image, change(ROW, LONGER).minutes) == (LONGER, 60)
    assert (change(ROW, None).image, change(ROW, None).minutes) == (ROW, -240)
    assert (change(None, ROW).image, change(None, ROW).minutes) == (ROW, 240)
    assert (change(still_open, ROW).minutes, change(ROW, still_open).minutes) == (240, -240)


@pytest.mark.parametrize("ids", [(2, 10), ("b", "c")], ids=["numbers", "text"])
def test_people_see_changes_by_day_person_time_and_row(ids: tuple[RowId, RowId]) -> None:
    """Numbers by their size, not letter by letter, and rows that share a key by their own."""
    low, high = ids
    in_order = [
        change(msgspec.structs.replace(ROW, employee_id=high, id=high), None, days=(1, 9)),
        change(msgspec.structs.replace(ROW, employee_id=low, id=low), None),
        change(msgspec.structs.replace(ROW, employee_id=low, id=high), None),
        change(msgspec.structs.replace(ROW, employee_id=low, id=low, clock_in=at("2 09:00")), None),
        change(msgspec.structs.replace(ROW, employee_id=high, id=low), None),
        change(msgspec.structs.replace(ROW, employee_id=low, id=low), None, days=(2, 3)),
    ]
    assert sorted((in_order[place] for place in (5, 4, 3, 2, 1, 0)), key=by_day) == in_order


@pytest.mark.parametrize("said", ["one  gap", "a\nbreak", "x" * (LONGEST + 1), f"{'x' * LONGEST}\n"])
def test_what_a_hold_says_is_one_line(said: str) -> None:
    """With single blanks, and no longer than may be shown, each for itself."""
    detail = hold(said).detail
    assert detail in {"one gap", "a break", f"{'x' * (LONGEST - 1)}…", "x" * LONGEST}
    assert detail != said


@pytest.mark.parametrize("said", ["as it is", "x" * LONGEST, " before and after "])
def test_what_is_one_line_already_stays_to_the_letter(said: str) -> None:
    """Each detail is compared with the one on record."""
    assert hold(said).detail == said


def test_a_subject_that_is_too_long_for_its_column_is_a_digest() -> None:
    """Of the id alone, 40 digits of its SHA-256, the same in every version; the longest that fits stays."""
    fits = f"shift:{'9' * 185}"
    assert len(fits) == 191
    assert hold(subject=fits).subject == fits
    assert hold(subject=f"shift:{'9' * 186}").subject == "shift#0f396af24dc0a418931e2fd51572e3a2092a807a"
    with_colons = hold(subject=f"row:{':' * 190}").subject
    assert re.fullmatch("row#[0-9a-f]{40}", with_colons)
    assert with_colons != hold(subject=f"row:{':' * 191}").subject


def test_a_fingerprint_is_of_what_is_written_where() -> None:
    """Sixteen hex digits; whatever differs of clock, days, changes or new people gives another one."""
    first = change(ROW, LONGER)
    new = NewEmployee(user_id=5, name="Eve")
    every = [
        fingerprint(7, WINDOW, (first,), ()),
        fingerprint(8, WINDOW, (first,), ()),
        fingerprint(7, WINDOW.padded(), (first,), ()),
        fingerprint(7, WINDOW, (), ()),
        fingerprint(7, WINDOW, (first,), (new,)),
    ]
    assert all(re.fullmatch("[0-9a-f]{16}", one) for one in every)
    assert len(set(every)) == len(every)
    assert fingerprint(7, WINDOW, (change(ROW, LONGER),), ()) == every[0]


@pytest.mark.parametrize("ids", [(2, 10, 7), ("b", "c", "d"), (2, "b", 10)], ids=["numbers", "text", "both"])
def test_what_a_guard_stopped_has_one_name_in_any_order(ids: tuple[RowId, ...]) -> None:
    """So `--accept` still fits when rows are read in another order; not for another guard, clock or row."""
    rows = [(key, 1, at("2 08:00")) for key in ids]
    names = {fingerprint_of_stopped("too_many_deletes", 7, order) for order in permutations(rows)}
    assert len(names) == 1
    [name] = names
    assert re.fullmatch("[0-9a-f]{16}", name)
    others = {
        fingerprint_of_stopped("empty_answer", 7, rows),
        fingerprint_of_stopped("too_many_deletes", 8, rows),
        fingerprint_of_stopped("too_many_deletes", 7, rows[1:]),
    }
    assert len(others - names) == 3


def test_a_clock_that_leaves_somebody_out_is_found_in_the_sentence() -> None:
    """The last one that is named: names come from outside, and may look like a sentence of ours."""
    said = left_out_text("Ida Moss", 123_456)
    assert said == "Ida Moss is still on time clock 123456, whose answer leaves them out: it is incomplete"
    assert left_out_of(f"{said}; row 4 is kept") == 123_456
    assert left_out_of(left_out_text(said, 7)) == 7
    assert left_out_of("Ida Moss is no longer on a time clock") is None


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("manual", "'manual'"),
        ("Connecteam", "'Connecteam' (which is not 'connecteam' to the letter)"),
        (" connecteam ", "' connecteam ' (which is not 'connecteam' to the letter)"),
        ("connecteam", "'connecteam'"),
        ("kiosk of connecteam", "'kiosk of connecteam'"),
    ],
)
def test_a_source_that_is_nearly_ours_is_remarked_upon(source: str, said: str) -> None:
    """Somebody typed it, and expects the row to be mirrored."""
    assert msgspec.structs.replace(ROW, source=source).entered_by == said

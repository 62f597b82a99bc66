"""How things are said: one line for whatever came from outside, counts, hours, and times that are not equal."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from connecteam_sync.core.change import Hold
from connecteam_sync.core.run import Check
from connecteam_sync.core.text import LONGEST_NAME, called, many, one_line, plain, span, stamp
from connecteam_sync.errors import BadAnswer

CHICAGO = ZoneInfo("America/Chicago")
STEERING = (
    *map(chr, (*range(32), *range(127, 160), 0x061C, 0x200B, 0x200E, 0x200F, 0x2028, 0x2029, 0x2060, 0xFEFF, 0xE0041)),
    *map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xD800, 0xDFFF)),
)
"""Line breaks, escapes, controls, marks of direction, characters without width, halves of characters."""


def utc(*parts: int) -> int:
    """An instant."""
    return int(datetime(*parts, tzinfo=UTC).timestamp())  # type: ignore[arg-type,misc]


@pytest.mark.parametrize("steering", STEERING, ids=lambda c: f"U+{ord(c):04X}")
def test_whatever_steers_a_terminal_is_a_blank(steering: str) -> None:
    """In a line, in a name, in a finding, in a hold and in an error."""
    name = f"Ida{steering}ok       users"
    assert plain(name) == "Ida ok       users"
    assert called(name) == "Ida ok users"
    assert Check(name="time clocks", state="ok", detail=name, cure=name).detail == "Ida ok users"
    assert Hold(reason="unmapped_user", subject="shift:1", detail=name).detail == "Ida ok users"
    assert BadAnswer(name, next_step=name).message == "Ida ok users"


def test_a_name_keeps_its_letters_and_is_cut_where_it_is_too_long() -> None:
    """Accents, other scripts and signs are letters like any; an ellipsis stands for the rest."""
    assert called("  José \t Ørsted-李  ") == "José Ørsted-李"
    assert called("x" * 500) == "x" * (LONGEST_NAME - 1) + "…"
    assert one_line("") == ""


def test_one_and_many() -> None:
    """`1 shift`, `2 shifts`, `0 people`."""
    assert (many(1, "shift"), many(2, "shift"), many(0, "person", "people")) == ("1 shift", "2 shifts", "0 people")


def test_two_hours_of_the_night_the_clock_is_set_back_are_told_apart() -> None:
    """The same time of day twice, and a shift across the change, bear the zone's short names."""
    day = date(2025, 11, 2)
    first, second = utc(2025, 11, 2, 6, 30), utc(2025, 11, 2, 7, 30)
    assert span(first, None, CHICAGO, day) == "01:30 CDT-…"
    assert span(second, None, CHICAGO, day) == "01:30 CST-…"
    assert span(utc(2025, 11, 2, 3, 0), utc(2025, 11, 2, 12, 0), CHICAGO, date(2025, 11, 1)) == (
        "22:00 CDT-06:00 CST (Sun 2 Nov)"
    )
    assert (stamp(first, CHICAGO), stamp(second, CHICAGO)) == ("2025-11-02 01:30 CDT", "2025-11-02 01:30 CST")
    assert span(utc(2025, 12, 2, 14, 0), utc(2025, 12, 2, 22, 30), CHICAGO, date(2025, 12, 2)) == "08:00-16:30"


def test_a_shift_of_many_years_shows_its_years() -> None:
    """The year stands wherever it is not the line's."""
    shown = span(utc(1998, 12, 1, 14, 0), utc(2025, 12, 1, 22, 0), CHICAGO, date(1998, 12, 1))
    assert shown == "08:00-16:00 (Mon 1 Dec 2025)"

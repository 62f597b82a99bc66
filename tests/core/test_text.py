"""How hours, counts and times are said: each format at the places where it changes."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from connecteam_sync.core.text import (
    LONGEST,
    LONGEST_NAME,
    called,
    clock,
    day_name,
    hours,
    many,
    named,
    of_account,
    one_line,
    span,
    stamp,
)

CHICAGO = ZoneInfo("America/Chicago")
TUESDAY = date(2025, 12, 2)


def utc(*parts: int) -> int:
    """An instant."""
    return int(datetime(*parts, tzinfo=UTC).timestamp())  # type: ignore[arg-type,misc]


@pytest.mark.parametrize(
    ("minutes", "plain", "signed"),
    [
        (0, "0:00", "+0:00"),
        (1, "0:01", "+0:01"),
        (59, "0:59", "+0:59"),
        (60, "1:00", "+1:00"),
        (465, "7:45", "+7:45"),
        (-1, "-0:01", "-0:01"),
        (-60, "-1:00", "-1:00"),
        (-465, "-7:45", "-7:45"),
        (59_999, "999:59", "+999:59"),
        (74_045, "1,234:05", "+1,234:05"),
    ],
)
def test_minutes_are_told_as_hours(minutes: int, plain: str, signed: str) -> None:
    """With two digits after the colon, and a sign for what is less, or for a difference."""
    assert hours(minutes) == plain
    assert hours(minutes, signed=True) == signed


def test_counts_agree_with_their_words() -> None:
    """One is singular, everything else is not; thousands are grouped."""
    assert [many(count, "row") for count in (0, 1, 2, 1234)] == ["0 rows", "1 row", "2 rows", "1,234 rows"]
    assert [many(count, "person", "people") for count in (0, 1, 21)] == ["0 people", "1 person", "21 people"]


@pytest.mark.parametrize(
    ("names", "text"),
    [
        ([], ""),
        (["Jo"], "Jo"),
        (["Jo", "Ida"], "Ida and Jo"),
        (["c", "a", "b"], "a, b and c"),
        ([*"fedcba"], "a, b, c, d, e and f"),
        ([*"gfedcba"], "a, b, c, d, e and 2 more"),
        ([f"{number:04}" for number in range(1_239)], "0000, 0001, 0002, 0003, 0004 and 1,234 more"),
    ],
)
def test_names_are_told_in_order_and_at_most_six(names: list[str], text: str) -> None:
    """A number stands for more: never for a single one."""
    assert named(names) == text


def test_fewer_names_may_be_told() -> None:
    """Each as one line."""
    assert named([*"abcd"], at_most=2) == "a, b and 2 more"
    assert named([*"abc"], at_most=2) == "a, b and c"
    assert named(["a\nb", " c"]) == "a b and c"


def test_a_line_is_cut_at_its_longest() -> None:
    """To the letter: what just fits stays whole, and the ellipsis counts."""
    assert (one_line("x" * LONGEST), one_line("x" * (LONGEST + 1))) == ("x" * LONGEST, "x" * (LONGEST - 1) + "…")
    assert (called("y" * LONGEST_NAME), called("y" * (LONGEST_NAME + 1))) == ("y" * 60, "y" * 59 + "…")
    assert (LONGEST, LONGEST_NAME) == (2000, 60)
    assert (one_line("abc", 3), one_line("abcd", 3)) == ("abc", "ab…")
    assert (one_line(None), called(None), one_line(" a  b ")) == ("", "", "a b")


def test_a_day_is_told_with_its_weekday_and_year() -> None:
    """The day without a zero before it."""
    assert (day_name(date(2025, 12, 1)), day_name(date(2024, 2, 29))) == ("Mon 1 Dec 2025", "Thu 29 Feb 2024")


@pytest.mark.parametrize(
    ("instant", "shown", "seconds", "zoned"),
    [
        (utc(2025, 12, 2, 14, 5, 9), "08:05", "08:05:09", "08:05 CST"),
        (utc(2025, 12, 3, 5, 59, 59), "23:59", "23:59:59", "23:59 CST"),
        (utc(2025, 12, 3, 6, 0), "00:00 (Wed 3 Dec)", "00:00:00 (Wed 3 Dec)", "00:00 CST (Wed 3 Dec)"),
        (utc(2025, 12, 2, 5, 0), "23:00 (Mon 1 Dec)", "23:00:00 (Mon 1 Dec)", "23:00 CST (Mon 1 Dec)"),
        (utc(2026, 1, 9, 6, 0), "00:00 (Fri 9 Jan 2026)", "00:00:00 (Fri 9 Jan 2026)", "00:00 CST (Fri 9 Jan 2026)"),
        (utc(2025, 7, 2, 14, 0), "09:00 (Wed 2 Jul)", "09:00:00 (Wed 2 Jul)", "09:00 CDT (Wed 2 Jul)"),
    ],
)
def test_a_time_of_day_says_its_date_where_that_is_another(instant: int, shown: str, seconds: str, zoned: str) -> None:
    """And its year where that is another one; its zone if somebody asks."""
    assert clock(instant, CHICAGO, TUESDAY) == shown
    assert clock(instant, CHICAGO, TUESDAY, seconds=True) == seconds
    assert clock(instant, CHICAGO, TUESDAY, named=True) == zoned


@pytest.mark.parametrize(
    ("begin", "end", "text"),
    [
        (utc(2025, 12, 2, 14), utc(2025, 12, 2, 22, 30), "08:00-16:30"),
        (utc(2025, 12, 2, 14), utc(2025, 12, 3, 14), "08:00-08:00 (Wed 3 Dec)"),
        (utc(2025, 12, 2, 14), None, "08:00-…"),
        # The night the clocks are put forward; a week that begins before it, less a minute, and whole.
        (utc(2026, 3, 8, 4), utc(2026, 3, 8, 10), "22:00 CST (Sat 7 Mar 2026)-05:00 CDT (Sun 8 Mar 2026)"),
        (utc(2026, 3, 8, 4), utc(2026, 3, 15, 3, 59), "22:00 CST (Sat 7 Mar 2026)-22:59 CDT (Sat 14 Mar 2026)"),
        (utc(2026, 3, 8, 4), utc(2026, 3, 15, 4), "22:00 (Sat 7 Mar 2026)-23:00 (Sat 14 Mar 2026)"),
    ],
)
def test_a_shift_across_a_change_of_the_clocks_says_so(begin: int, end: int | None, text: str) -> None:
    """Else its times would not add up to its hours; of a week and more nobody adds them up."""
    assert span(begin, end, CHICAGO, TUESDAY) == text


def test_a_moment_has_its_zone_where_the_clock_showed_it_twice() -> None:
    """From the first second of that hour to its last, and at no other."""
    shown = [stamp(utc(2025, 11, 2, 5, 59) + 60 * minutes, CHICAGO) for minutes in (0, 1, 60, 61, 120, 121)]
    assert shown == [
        "2025-11-02 00:59",
        "2025-11-02 01:00 CDT",
        "2025-11-02 01:59 CDT",
        "2025-11-02 01:00 CST",
        "2025-11-02 01:59 CST",
        "2025-11-02 02:00",
    ]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("connecteam-sync sync --days 3", "connecteam-sync --account north-two sync --days 3"),
        ("first connecteam-sync plan, then connecteam-sync sync", None),
        ("connecteam-sync accounts check", "connecteam-sync accounts check"),
        ("connecteam-sync workers", "connecteam-sync workers"),
        ("connecteam-sync workforce", "connecteam-sync --account north-two workforce"),
        ("connecteam-sync --version", "connecteam-sync --version"),
        ("set CONNECTEAM_SYNC_API_KEY", "set CONNECTEAM_SYNC_ACCOUNT_NORTH_TWO_API_KEY"),
        ("set CONNECTEAM_SYNC_API_KEYS", "set CONNECTEAM_SYNC_API_KEYS"),
        ("set CONNECTEAM_SYNC_LOG", "set CONNECTEAM_SYNC_LOG"),
    ],
)
def test_commands_and_variables_are_those_of_one_account(line: str, expected: str | None) -> None:
    """Only those that are about one; where there is no other, every line stays as it is."""
    two = "first connecteam-sync --account north-two plan, then connecteam-sync --account north-two sync"
    assert of_account(line, "north-two") == (two if expected is None else expected)
    assert of_account(line, None) == line

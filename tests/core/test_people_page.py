"""Lists of people, a month and a day of one of them: what stands where, to the day and the minute."""

from __future__ import annotations

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from test_plan import ANA, BEN, CHICAGO, MORNING, at, shift

from connecteam_sync.core.clocktime import ClockTime, Employee, clock_time_of
from connecteam_sync.core.history import History, ShiftHistory
from connecteam_sync.core.persons import (
    MonthDay,
    PersonDay,
    PersonMonth,
    Tracked,
    after,
    by_name,
    first_of_month,
    hours_of_day,
    month_days,
    next_month,
)
from connecteam_sync.core.window import end_of_day, start_of_day

ZONE = ZoneInfo(CHICAGO)
PEOPLE = [
    Employee(id=10, name="Zoë Ash"),
    Employee(id=9, name="zoe ash", connecteam_user_id="77"),
    Employee(id=2, name="Ábel Birch"),
    Employee(id=77, name=None),
    Employee(id=3, name="Ida von Moss"),
]


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("", [77, 2, 3, 9, 10]),
        ("  ", [77, 2, 3, 9, 10]),
        ("zoe", [9, 10]),
        ("ASH zoë", [9, 10]),
        ("moss ida", [3]),
        ("ida birch", []),
        (" 2 ", [2]),
        ("77", [77, 9]),
        ("-", []),
    ],
)
def test_people_are_listed_by_name_and_found_by_words_or_numbers(query: str, ids: list[int]) -> None:
    """Without case and accents; of one name by number; a Connecteam user leads to whom it counts for."""
    assert [one.id for one in by_name(PEOPLE, query)] == ids
    assert [one.id for one in by_name(PEOPLE[::-1], query)] == ids


@pytest.mark.parametrize(
    ("key", "ids"), [(None, [77, 2, 3]), ("", [77, 2, 3]), ("77", [2, 3]), ("3", []), ("gone", [77, 2, 3])]
)
def test_a_page_goes_on_behind_the_last_one(key: str | None, ids: list[int]) -> None:
    """If that is gone, from the beginning."""
    listed = [Employee(id=one) for one in (77, 2, 3)]
    assert [one.id for one in after(listed, key)] == ids


def test_months_follow_each_other() -> None:
    """From whichever day, over the end of a year."""
    assert [first_of_month(date(2025, 12, day)) for day in (1, 31)] == [date(2025, 12, 1)] * 2
    assert [next_month(date(2025, month, 1)) for month in (1, 2, 4, 12)] == [
        date(2025, 2, 1),
        date(2025, 3, 1),
        date(2025, 5, 1),
        date(2026, 1, 1),
    ]


def row(key: int, begin: str, end: str | None, **changed: Any) -> ClockTime:  # noqa: ANN401 - fields of a row
    """A row of local times."""
    return msgspec.structs.replace(clock_time_of(1, at(begin), at(end) if end else None, id=key), **changed)


def test_a_month_has_a_line_for_each_day() -> None:
    """Rows by the day on which they begin, those without a shift apart, and shifts that wait for a row."""
    rows = [
        row(1, "2 08:00", "2 12:00"),
        row(2, "2 23:00", "3 01:00", source="manual"),
        row(3, "31 23:30", None),
        msgspec.structs.replace(row(4, "1 08:00", "1 09:00"), clock_in=at("1 00:00") - 1),
    ]
    shifts = [
        Tracked(at("2 08:00"), at("2 12:00"), 1),
        Tracked(at("5 22:00"), at("6 01:00"), None),
        Tracked(at("5 08:00"), None, None),
        Tracked(at("31 23:30"), None, 3),
    ]
    days = month_days(date(2025, 12, 1), rows, shifts, {date(2025, 12, 7)}, ZONE)
    assert [one.day.day for one in days] == list(range(1, 32))
    assert {one for one in days if one != MonthDay(day=one.day)} == {
        MonthDay(day=date(2025, 12, 2), rows=2, minutes=360, other_minutes=120),
        MonthDay(day=date(2025, 12, 5), waiting=2, waiting_minutes=180),
        MonthDay(day=date(2025, 12, 7), is_locked=True),
        MonthDay(day=date(2025, 12, 31), rows=1, open_rows=1),
    }
    month = PersonMonth(employee=PEOPLE[0], users={}, first=date(2025, 12, 1), days=days, holds=0)
    assert (month.minutes, month.other_minutes, month.waiting_minutes) == (360, 120, 180)


def test_a_day_counts_what_begins_on_it_in_the_table_and_upstream() -> None:
    """Shifts of the person's users that Connecteam still shows; closed ones have minutes."""
    start, end = start_of_day(date(2025, 12, 2), ZONE), end_of_day(date(2025, 12, 2), ZONE)

    def seen(item: Any, *, is_gone: bool = False) -> ShiftHistory:  # noqa: ANN401 - a shift
        return ShiftHistory(shift=item, clock_time_id=1, is_gone=is_gone, changed_in_run=1, changed_at=None)

    shifts = [
        seen(MORNING),
        seen(shift("open", "2 23:59")),
        seen(shift("gone", "2 13:00", "2 14:00"), is_gone=True),
        seen(shift("ben", "2 13:00", "2 14:00", user=BEN)),
        seen(shift("next", "3 00:00", "3 01:00")),
        seen(shift("first", "2 00:00", "2 01:00")),
        seen(msgspec.structs.replace(MORNING, id="before", start=start - 1)),
    ]
    history = History(
        employee=PEOPLE[0],
        rows=(row(1, "2 08:00", "2 12:00"), row(2, "2 13:00", None)),
        changes=(),
        holds=(),
        shifts=tuple(shifts),
    )
    day = PersonDay(
        day=date(2025, 12, 2),
        start=start,
        end=end,
        history=history,
        users={ANA: "Ana"},
        rows_before=(),
        shifts_before=(),
        breaks=(),
        timesheet=(),
        locks=(),
        names={},
    )
    assert [one.id for one in day.upstream] == ["a", "open", "first"]
    assert (day.minutes, day.upstream_minutes) == (240, 300)


def test_a_day_has_a_scale_of_its_own_hours() -> None:
    """Every third hour, 23 or 25 of them where the clocks change; an hour that comes twice is marked where it is."""
    plain = hours_of_day(date(2025, 12, 2), ZONE)
    assert plain == [(number / 24, f"{number:02}") for number in range(0, 24, 3)] + [(1.0, "24")]
    short = hours_of_day(date(2025, 3, 9), ZONE)
    assert [name for _, name in short] == ["00", "03", "06", "09", "12", "15", "18", "21", "24"]
    assert short[1] == (2 / 23, "03")
    long = hours_of_day(date(2025, 11, 2), ZONE)
    assert long[1] == (4 / 25, "03")
    half = hours_of_day(date(2025, 4, 6), ZoneInfo("Australia/Lord_Howe"))
    assert half[0] == (0.0, "00")
    assert half[-1] == (1.0, "24")

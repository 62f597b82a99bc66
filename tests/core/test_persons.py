"""Searching people, pages of them, the days of a month, the hours of a day."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from connecteam_sync.core.clocktime import ClockTime, Employee
from connecteam_sync.core.persons import (
    MonthDay,
    Tracked,
    after,
    by_name,
    first_of_month,
    hours_of_day,
    month_days,
    next_month,
)
from connecteam_sync.core.window import start_of_day

ZONE = ZoneInfo("America/Chicago")
IDA = Employee(id=7, name="Ida Moss", connecteam_user_id="8000111")
ZOE = Employee(id=3, name="Zoë Ōta", connecteam_user_id="7")
TWIN = Employee(id=12, name="ida  MOSS")
NOBODY = Employee(id="E-7", name=None)
EVERYBODY = [ZOE, TWIN, NOBODY, IDA]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", [NOBODY, IDA, TWIN, ZOE]),
        ("  ", [NOBODY, IDA, TWIN, ZOE]),
        ("moss", [IDA, TWIN]),
        ("MOSS ida", [IDA, TWIN]),
        ("ota", [ZOE]),
        ("7", [IDA, ZOE]),
        ("8000111", [IDA]),
        ("800", []),
        ("E-7", [NOBODY]),
        ("e-7", []),
        ("\u0301", []),
        ("quxx", []),
    ],
)
def test_people_are_found_by_name_part_id_and_user(query: str, found: list[Employee]) -> None:
    """In the order of names without case and accents, then of ids."""
    assert by_name(EVERYBODY, query) == found


def test_a_page_begins_behind_the_last_of_the_one_before() -> None:
    """Also if two have the same name; if that one is gone, with the first."""
    people = by_name(EVERYBODY, "")
    assert after(people, None) == people
    assert after(people, "7") == [TWIN, ZOE]
    assert after(people, "E-7") == [IDA, TWIN, ZOE]
    assert after(people, "3") == []
    assert after(people, "999") == people


def test_months_follow_each_other() -> None:
    """Over the end of a year, and from a long one to a short one."""
    assert next_month(date(2025, 12, 1)) == date(2026, 1, 1)
    assert next_month(date(2026, 1, 1)) == date(2026, 2, 1)
    assert next_month(date(2026, 2, 1)) == date(2026, 3, 1)
    assert first_of_month(date(2024, 2, 29)) == date(2024, 2, 1)


def _at(day: int, hour: int) -> int:
    return start_of_day(date(2025, 12, day), ZONE) + hour * 3600


def _row(key: int, day: int, hour: int, minutes: int | None, source: str = "connecteam") -> ClockTime:
    begin = _at(day, hour)
    end = None if minutes is None else begin + minutes * 60
    return ClockTime(key, 7, begin, end, minutes, minutes is None, source)


def test_a_month_sums_rows_and_what_waits_by_day() -> None:
    """A row counts on the local day on which it begins; one without a shift, or by hand, is told from the others."""
    rows = [
        _row(1, 1, 8, 480),
        _row(2, 1, 23, 120),
        _row(3, 2, 8, 60, "manual"),
        _row(4, 2, 10, 30),
        _row(5, 31, 23, None),
    ]
    shifts = [
        *(Tracked(row.clock_in, row.clock_out, row.id) for row in rows if row.id in {1, 2, 5}),
        Tracked(_at(2, 23), _at(3, 7), None),
        Tracked(_at(3, 1), None, None),
        Tracked(_at(1, -1), _at(1, 5), None),
    ]
    days = month_days(date(2025, 12, 1), rows, shifts, {date(2025, 12, 3)}, ZONE)
    assert len(days) == 31
    assert days[0] == MonthDay(day=date(2025, 12, 1), rows=2, minutes=600)
    assert days[1] == MonthDay(
        day=date(2025, 12, 2), rows=2, minutes=90, other_minutes=90, waiting=1, waiting_minutes=480
    )
    assert days[2] == MonthDay(day=date(2025, 12, 3), waiting=1, is_locked=True)
    assert days[30] == MonthDay(day=date(2025, 12, 31), rows=1, open_rows=1)
    assert sum(day.minutes for day in days) == 690


def test_the_scale_of_a_day_is_of_instants() -> None:
    """On a usual day each third hour is an eighth; where the zone shifts by half an hour, marks stay on the clock."""
    assert hours_of_day(date(2025, 12, 2), ZONE) == [(n / 8, f"{3 * n:02}") for n in range(9)]
    half = hours_of_day(date(2025, 4, 6), ZoneInfo("Australia/Lord_Howe"))
    assert [name for _, name in half] == ["00", "24"]

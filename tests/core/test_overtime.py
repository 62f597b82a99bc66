"""The preview of overtime: by week, by day, the seventh day, other workdays, breaks, and none by default."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest

from connecteam_sync.core.overtime import OvertimePreview, overtime_preview, worked_by_day
from connecteam_sync.core.payroll_settings import OvertimeRule, PaySchedule
from connecteam_sync.core.window import Window
from connecteam_sync.core.worked import WorkedBreak, WorkedShift

CHICAGO = ZoneInfo("America/Chicago")
MONDAY = date(2025, 12, 1)
WEEK = Window(first=MONDAY, last=date(2025, 12, 7), timezone="America/Chicago")


def at(day: int, clock: str) -> int:
    """The instant of a local time, so many days after that Monday."""
    hour, minute = map(int, clock.split(":"))
    return int(datetime.combine(MONDAY + timedelta(days=day), datetime.min.time(), CHICAGO).timestamp()) + (
        hour * 3600 + minute * 60
    )


def shift(
    day: int, minutes: int, *, begins: str = "06:00", who: int = 1, breaks: tuple[WorkedBreak, ...] = ()
) -> WorkedShift:
    """A shift of so many gross minutes."""
    start = at(day, begins)
    unpaid = sum((one.end or 0) - one.start for one in breaks if one.is_paid is False) // 60
    return WorkedShift(
        clock_time_id=None,
        employee_id=who,
        day=MONDAY + timedelta(days=day),
        clock_in=start,
        clock_out=start + minutes * 60,
        gross_minutes=minutes,
        break_minutes=unpaid,
        source="connecteam",
        is_ours=True,
        breaks=breaks,
    )


def preview(shifts: list[WorkedShift], rule: OvertimeRule = "california", **more: str) -> OvertimePreview:
    """The preview of a week that begins on Monday."""
    schedule = PaySchedule(overtime_preview=rule, overtime_day_start=more.get("day_start", "00:00"))
    found = overtime_preview(shifts, WEEK, schedule, "monday")
    assert found is not None
    return found


def sums(shifts: list[WorkedShift], rule: OvertimeRule = "california", **more: str) -> list[tuple[int, int, int]]:
    """Regular minutes, those at one and a half times, and double ones of each week."""
    return [
        (week.regular_minutes, week.overtime_minutes, week.double_minutes)
        for week in preview(shifts, rule, **more).weeks
    ]


def hours(*days: float) -> list[WorkedShift]:
    """A shift of so many hours on each day of the week."""
    return [shift(day, int(one * 60)) for day, one in enumerate(days) if one]


def test_without_a_rule_there_is_none() -> None:
    """Off by default."""
    assert overtime_preview(hours(12), WEEK, PaySchedule(), "monday") is None


@pytest.mark.parametrize(
    ("days", "flsa", "california"),
    [
        ((8, 8, 8, 8, 8), (40, 0, 0), (40, 0, 0)),
        ((8, 8, 8, 8, 9), (40, 1, 0), (40, 1, 0)),
        ((13,), (13, 0, 0), (8, 4, 1)),
        ((12,), (12, 0, 0), (8, 4, 0)),
        # Overtime of a day is none of the week as well.
        ((10, 10, 10, 10), (40, 0, 0), (32, 8, 0)),
        ((10, 10, 10, 10, 10), (40, 10, 0), (40, 10, 0)),
        ((8, 8, 8, 8, 8, 5), (40, 5, 0), (40, 5, 0)),
        # The seventh day of a week in which somebody worked on all seven.
        ((1, 1, 1, 1, 1, 1, 9), (15, 0, 0), (6, 8, 1)),
        ((0, 1, 1, 1, 1, 1, 9), (14, 0, 0), (13, 1, 0)),
        ((13, 1, 1, 1, 1, 1, 10), (28, 0, 0), (13, 12, 3)),
        ((8, 8, 8, 8, 8, 8, 8), (40, 16, 0), (40, 16, 0)),
    ],
)
def test_rules(days: tuple[float, ...], flsa: tuple[int, ...], california: tuple[int, ...]) -> None:
    """More than 40 hours a week; in California more than 8 and 12 a day and the seventh day as well."""
    assert sums(hours(*days), "flsa") == [tuple(one * 60 for one in flsa)]
    assert sums(hours(*days), "california") == [tuple(one * 60 for one in california)]


def test_a_shift_lies_on_the_workdays_on_which_it_was_worked() -> None:
    """Past midnight it is divided, past the start of another workday too; also past the end of the workweek."""
    late = [shift(0, 240, begins="20:00"), shift(1, 600, begins="00:00")]
    assert sums(late) == [(720, 120, 0)]
    assert sums(late, day_start="04:00") == [(480 + 360, 0, 0)]
    sunday = [shift(6, 600, begins="19:00")]
    assert [(week.first, week.regular_minutes, week.is_whole) for week in preview(sunday).weeks] == [
        (MONDAY, 300, True),
        (MONDAY + timedelta(days=7), 300, False),
    ]
    found = preview(sunday, day_start="05:00")
    assert (found.day_start, [week.first for week in found.weeks]) == ("05:00", [MONDAY])


def test_unpaid_breaks_are_taken_off_where_they_were() -> None:
    """A break before midnight is of the first day; overlapping ones count once, in any order; paid ones, and those of
    which nobody knows whether they are paid, not at all.
    """
    kinds = [(0, "21:00", "21:10", True), (0, "21:20", "21:40", None), (0, "22:20", "22:50", False)]
    kinds.append((0, "22:00", "22:30", False))
    kinds.append((1, "00:10", "00:40", False))
    breaks = tuple(
        WorkedBreak(name="x", start=at(day, begins), end=at(day, ends), is_paid=paid)
        for day, begins, ends, paid in kinds
    )
    night = msgspec.structs.replace(shift(0, 480, begins="20:00"), breaks=breaks, break_minutes=80)
    begins = datetime.min.time()
    assert list(worked_by_day(night, begins, CHICAGO)) == [(MONDAY, 190), (MONDAY + timedelta(days=1), 210)]


def test_days_have_the_minutes_of_the_shift() -> None:
    """Seconds that no day has whole are on the last one; an open shift has none, an endless one is not divided."""
    odd = shift(0, 0, begins="23:58")
    values = {name: getattr(odd, name) for name in odd.__struct_fields__}
    begins = datetime.min.time()

    def days(**changed: object) -> list[int]:
        return [minutes for _, minutes in worked_by_day(WorkedShift(**values | changed), begins, CHICAGO)]

    start = odd.clock_in + 30
    assert days(clock_in=start, clock_out=start + 180, gross_minutes=3) == [1, 2]
    assert days(clock_out=None) == []
    assert days(clock_out=odd.clock_in + 400_000_000_000, gross_minutes=7) == [7]
    # A row entered by hand may have fewer minutes than its times.
    assert days(clock_out=odd.clock_in + 600, gross_minutes=1) == [1, 0]
    assert days(clock_out=odd.clock_in + 7 * 86_400, gross_minutes=7 * 1440) == [2, *[1440] * 6, 1438]
    assert days(clock_out=odd.clock_in + 7 * 86_400 + 1, gross_minutes=7 * 1440) == [7 * 1440]
    # One may have more: what its times do not explain is on the last day.
    assert days(clock_out=odd.clock_in + 600, gross_minutes=12) == [2, 10]


def test_a_second_less_than_a_minute_is_none_of_the_day() -> None:
    """59:59 before midnight are 59 minutes; the rest is the next day's."""
    night = msgspec.structs.replace(shift(0, 419, begins="23:00"), clock_in=at(0, "23:00") + 1)
    night = msgspec.structs.replace(night, clock_out=at(1, "06:00"))
    assert [minutes for _, minutes in worked_by_day(night, datetime.min.time(), CHICAGO)] == [59, 360]


def test_a_break_that_nobody_ended_lasts_to_the_end_of_the_shift() -> None:
    """Also past midnight."""
    pause = WorkedBreak(name="x", start=at(0, "23:00"), end=None, is_paid=False)
    night = msgspec.structs.replace(shift(0, 300, begins="20:00"), breaks=(pause,), break_minutes=120)
    assert [minutes for _, minutes in worked_by_day(night, datetime.min.time(), CHICAGO)] == [180, 0]


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/Chicago", "Pacific/Auckland"])
def test_a_workday_is_one_of_the_business_zone(zone: str) -> None:
    """Eight in the morning there may be the day before elsewhere."""
    place = ZoneInfo(zone)
    start = int(datetime(2025, 12, 2, 8, 0, tzinfo=place).timestamp())
    morning = msgspec.structs.replace(shift(0, 60), clock_in=start, clock_out=start + 3600)
    assert list(worked_by_day(morning, datetime.min.time(), place)) == [(date(2025, 12, 2), 60)]


def test_a_day_on_which_the_clocks_change() -> None:
    """It has 25 hours, and ends at its own midnight."""
    first = date(2025, 11, 2)
    start = int(datetime(2025, 11, 2, 0, 0, tzinfo=CHICAGO).timestamp())
    values = {name: getattr(shift(0, 0), name) for name in WorkedShift.__struct_fields__}
    long = WorkedShift(**values | {"clock_in": start, "clock_out": start + 26 * 3600, "gross_minutes": 26 * 60})
    assert list(worked_by_day(long, datetime.min.time(), CHICAGO)) == [
        (first, 25 * 60),
        (first + timedelta(days=1), 60),
    ]


@pytest.mark.parametrize(
    ("first", "last", "is_whole"), [(0, 0, True), (1, 0, False), (0, -1, False), (-1, 1, True)], ids=str
)
def test_a_week_is_whole_if_all_its_seven_days_were_asked_for(first: int, last: int, *, is_whole: bool) -> None:
    """A day less at either end, and overtime may be missing."""
    window = Window(MONDAY + timedelta(days=first), date(2025, 12, 7) + timedelta(days=last), WEEK.timezone)
    found = overtime_preview(hours(0, 8), window, PaySchedule(overtime_preview="flsa"), "monday")
    assert found is not None
    assert [week.is_whole for week in found.weeks] == [is_whole]


def test_each_person_by_themselves_and_each_week() -> None:
    """In the order of the shifts; a week that the days cut says so."""
    schedule = PaySchedule(overtime_preview="flsa")
    both = [shift(0, 2500, who=2), shift(0, 100, who=1), shift(3, 60, who=2)]
    found = overtime_preview(both, WEEK, schedule, "wednesday")
    assert found is not None
    assert (found.rule, found.workweek_start) == ("flsa", "wednesday")
    assert [(week.employee_id, week.first, week.is_whole) for week in found.weeks] == [
        (2, date(2025, 11, 26), False),
        (2, date(2025, 12, 3), False),
        (1, date(2025, 11, 26), False),
    ]

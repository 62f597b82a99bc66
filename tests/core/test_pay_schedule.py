"""Schedules of pay periods: every day lies in exactly one, whatever the schedule; and how people name a period."""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connecteam_sync.config_payroll import payroll_rules
from connecteam_sync.core.pay_schedule import before, is_anchor_of_halves, scheduled
from connecteam_sync.core.payroll_settings import PaySchedule, PayScheduleKind
from connecteam_sync.core.periods import overlapping, parsed, share_days, spelled
from connecteam_sync.core.timesheets import WEEKDAYS
from connecteam_sync.core.window import EARLIEST, Window
from connecteam_sync.errors import ConfigurationError

ONE_DAY = timedelta(days=1)
DAYS = st.dates(date(1990, 1, 1), date(2190, 12, 31))


@st.composite
def schedules(draw: st.DrawFn) -> PaySchedule:
    """Any schedule that the configuration accepts."""
    kind: PayScheduleKind = draw(st.sampled_from(["weekly", "biweekly", "semimonthly", "monthly", "days"]))
    anchor = draw(DAYS.filter(lambda day: day.day <= 28 and day.day not in {14, 15}))
    week = draw(st.sampled_from(WEEKDAYS))
    if kind == "weekly":
        return draw(
            st.sampled_from(
                [PaySchedule(schedule=kind, anchor=anchor), PaySchedule(schedule=kind, workweek_start=week)]
            )
        )
    if kind == "days":
        return PaySchedule(schedule=kind, anchor=anchor, period_days=draw(st.integers(1, 366)))
    if kind == "biweekly":
        return PaySchedule(schedule=kind, anchor=anchor)
    return draw(st.sampled_from([PaySchedule(schedule=kind), PaySchedule(schedule=kind, anchor=anchor)]))


def days_of(schedule: PaySchedule, day: date) -> tuple[date, date]:
    """The period of a day, which there is."""
    found = scheduled(schedule, day)
    assert found is not None
    return found


@given(schedules(), DAYS)
def test_periods_cover_every_day_once(schedule: PaySchedule, day: date) -> None:
    """A day lies in its period, every day of which names the same one; the next begins on the day after the last."""
    first, last = days_of(schedule, day)
    assert first <= day <= last
    assert {days_of(schedule, first + ONE_DAY * n) for n in range((last - first).days + 1)} == {(first, last)}
    assert days_of(schedule, last + ONE_DAY)[0] == last + ONE_DAY
    assert days_of(schedule, first - ONE_DAY)[1] == first - ONE_DAY
    if schedule.anchor is not None:
        assert days_of(schedule, schedule.anchor)[0] == schedule.anchor


@given(schedules(), DAYS)
def test_periods_are_as_long_as_they_are_called(schedule: PaySchedule, day: date) -> None:
    """Weeks have seven days or fourteen, halves of months at least thirteen, and twelve months make a year."""
    first, last = days_of(schedule, day)
    length = (last - first).days + 1
    kind = schedule.schedule
    assert kind is not None
    allowed: dict[str, set[int | None]] = {
        "weekly": {7},
        "biweekly": {14},
        "days": {schedule.period_days},
        "semimonthly": set(range(13, 17)),
        "monthly": set(range(28, 32)),
    }
    assert length in allowed[kind]
    if schedule.workweek_start is not None:
        assert WEEKDAYS[first.weekday()] == schedule.workweek_start


def test_usual_periods() -> None:
    """The calendar's months and halves, and those of an anchor; every other week."""
    for schedule, day, expected in (
        (PaySchedule(schedule="monthly"), date(2024, 2, 29), (date(2024, 2, 1), date(2024, 2, 29))),
        (PaySchedule(schedule="semimonthly"), date(2025, 2, 16), (date(2025, 2, 16), date(2025, 2, 28))),
        (PaySchedule(schedule="semimonthly"), date(2025, 2, 15), (date(2025, 2, 1), date(2025, 2, 15))),
        (
            PaySchedule(schedule="monthly", anchor=date(2025, 1, 26)),
            date(2026, 1, 3),
            (date(2025, 12, 26), date(2026, 1, 25)),
        ),
        (
            PaySchedule(schedule="semimonthly", anchor=date(2025, 1, 21)),
            date(2025, 12, 31),
            (date(2025, 12, 21), date(2026, 1, 5)),
        ),
        (
            PaySchedule(schedule="biweekly", anchor=date(2025, 12, 1)),
            date(2025, 11, 30),
            (date(2025, 11, 17), date(2025, 11, 30)),
        ),
        (
            PaySchedule(schedule="days", anchor=date(2025, 12, 1), period_days=1),
            date(2025, 11, 30),
            (date(2025, 11, 30), date(2025, 11, 30)),
        ),
    ):
        assert scheduled(schedule, day) == expected
    assert scheduled(PaySchedule(), date(2025, 12, 1)) is None


def test_a_night_on_which_the_clocks_change_is_a_day_like_any_other() -> None:
    """In a zone of 23 and 25 hours the days of a fortnight are fourteen."""
    schedule = PaySchedule(schedule="biweekly", anchor=date(2025, 10, 20))
    for day, hours in ((date(2025, 10, 26), 24 * 14 + 1), (date(2025, 3, 30), 24 * 14 - 1)):
        window = Window(*days_of(schedule, day), "Europe/Berlin")
        assert (window.days, window.end_utc - window.start_utc) == (14, hours * 3600)
        assert ZoneInfo("Europe/Berlin") == window.zone


def test_the_periods_before_a_day() -> None:
    """Newest first, without a gap."""
    found = before(PaySchedule(schedule="weekly", workweek_start="sunday"), date(2025, 12, 3), 2)
    assert [first for first, _ in found] == [date(2025, 11, 30), date(2025, 11, 23), date(2025, 11, 16)]
    assert before(PaySchedule(), date(2025, 12, 3), 2) == ()
    assert len(before(PaySchedule(schedule="monthly"), date(1971, 2, 3), 5)) == 2


# -- names -------------------------------------------------------------------------------------------------------------


def test_a_period_is_named_by_its_first_day_or_both() -> None:
    """And by nothing else."""
    assert parsed("2025-12-01") == (date(2025, 12, 1), None)
    assert parsed("2025-12-01..2025-12-14") == (date(2025, 12, 1), date(2025, 12, 14))
    assert parsed("2025-12-01..2025-12-01") == (date(2025, 12, 1), date(2025, 12, 1))
    for text, said in (
        ("", "names no pay period"),
        ("2025-12", "names no pay period"),
        ("2025-12-01..", "names no pay period"),
        ("2025-12-01...2025-12-14", "names no pay period"),
        ("2025-12-01..2025-12-14\n", "names no pay period"),
        ("\uff12\uff10\uff12\uff15-12-01", "names no pay period"),
        ("2025-02-30", "no calendar has"),
        ("1970-12-31", "out of reach"),
        ("2025-12-01..2200-01-01", "out of reach"),
        ("2025-12-14..2025-12-01", "ends before it begins"),
        ("2025-01-01..2026-01-02", "more than 366 days"),
    ):
        with pytest.raises(ValueError, match=said):
            parsed(text)
    assert parsed("2024-01-01..2024-12-31") == (date(2024, 1, 1), date(2024, 12, 31))


@given(DAYS, st.integers(0, 365))
def test_what_is_spelled_can_be_read(first: date, days: int) -> None:
    """A period of one day, too."""
    window = Window(first, first + ONE_DAY * days, "UTC")
    assert parsed(spelled(window)) == (window.first, window.last)


def test_periods_that_share_days() -> None:
    """One day is enough, in whichever zone; the same period is none of its own neighbours."""
    week = Window(date(2025, 12, 1), date(2025, 12, 7), "America/Chicago")
    touching = Window(date(2025, 12, 7), date(2025, 12, 9), "Asia/Tokyo")
    after = Window(date(2025, 12, 8), date(2025, 12, 9), "America/Chicago")
    assert share_days(week, touching)
    assert share_days(touching, week)
    assert not share_days(week, after)
    assert overlapping(week, [after, touching, week]) == (touching,)


# -- the configuration -------------------------------------------------------------------------------------------------


def test_a_schedule_is_read_with_the_other_rules() -> None:
    """A day may be written as TOML has it, or in quotes."""
    for anchor in (date(2025, 12, 1), "2025-12-01"):
        found = payroll_rules(
            {"schedule": "biweekly", "anchor": anchor, "two_persons": True, "automatic_break_minutes": 30}, "x.toml"
        )
        assert found["payroll"].automatic_break_minutes == 30
        assert found["pay_schedule"] == PaySchedule(schedule="biweekly", anchor=date(2025, 12, 1), two_persons=True)


@pytest.mark.parametrize(
    ("keys", "said", "cure"),
    [
        ({"timezone": "UTC"}, "timezone cannot be set", "the key timezone"),
        ({"zone": "UTC"}, "zone cannot be set", "the key timezone"),
        ({"day_start": "04:00"}, "day_start cannot be set", "take it away"),
        ({"shedule": "weekly"}, "unknown key 'shedule'", "did you mean 'schedule'?"),
        ({"schedule": "fortnightly"}, "Invalid enum value", "biweekly"),
        ({"schedule": "biweekly"}, "anchor is missing", "anchor ="),
        ({"schedule": "days", "anchor": "2025-12-01"}, "period_days is missing", "1 to 366"),
        ({"schedule": "days", "anchor": "2025-12-01", "period_days": 0}, "period_days is 0", "1 to 366"),
        ({"schedule": "days", "period_days": 10}, "anchor is missing", "anchor ="),
        ({"schedule": "weekly"}, "on which day a week begins", "workweek_start"),
        ({"schedule": "weekly", "workweek_start": "monday", "period_days": 7}, "does not go with", "take it away"),
        ({"anchor": "2025-12-01"}, "anchor is set, but no schedule", "set schedule"),
        ({"period_days": 10}, "period_days is set, but no schedule", "set schedule"),
        ({"schedule": "monthly", "anchor": "2025-01-31"}, "not every month has a day 31", "1 to 28"),
        ({"schedule": "semimonthly", "anchor": "2025-01-14"}, "15 days later", "1 to 13"),
        ({"schedule": "semimonthly", "anchor": "2025-01-29"}, "15 days later", "16 to 28"),
        ({"schedule": "biweekly", "anchor": "1970-01-01"}, "out of reach", "1971-01-01"),
        ({"schedule": "biweekly", "anchor": "soon"}, "anchor", "anchor is a day"),
        ({"two_persons": "yes"}, "two_persons", "true"),
    ],
)
def test_a_schedule_that_leaves_days_open_is_refused(keys: dict[str, object], said: str, cure: str) -> None:
    """With the key, and what to write instead."""
    with pytest.raises(ConfigurationError, match=said) as error:
        payroll_rules(keys, "x.toml")
    assert "x.toml, [payroll]" in error.value.message
    assert cure in error.value.next_step


def test_without_a_section_nothing_is_scheduled() -> None:
    """Periods are named by both their days then."""
    assert msgspec.structs.asdict(PaySchedule()) == {
        "schedule": None,
        "anchor": None,
        "period_days": None,
        "workweek_start": None,
        "two_persons": False,
        "overtime_preview": None,
        "overtime_day_start": "00:00",
    }


@pytest.mark.parametrize(
    ("day", "can"), [(1, True), (13, True), (14, False), (15, False), (16, True), (28, True), (29, False)]
)
def test_halves_of_every_month_begin_fifteen_days_apart(day: int, *, can: bool) -> None:
    """So neither may begin on a day that some month has not."""
    assert is_anchor_of_halves(date(2025, 12, day)) is can
    if can:
        schedule = PaySchedule(schedule="semimonthly", anchor=date(2025, 12, day))
        first = scheduled(schedule, date(2025, 12, day))
        assert first is not None
        assert first[0] == date(2025, 12, day)
        starts = {
            found[0].day
            for month in (2, 3)
            for at in (1, 14, 20, 28)
            if (found := scheduled(schedule, date(2025, month, at)))
        }
        assert starts == {day, day + 15 if day <= 13 else day - 15}


def test_weeks_begin_on_mondays_unless_somebody_says_otherwise() -> None:
    """The company's workweek, or the anchor of its periods."""
    monday = (date(2025, 12, 1), date(2025, 12, 7))
    assert scheduled(PaySchedule(schedule="weekly"), date(2025, 12, 3)) == monday
    sunday = PaySchedule(schedule="weekly", workweek_start="sunday")
    assert scheduled(sunday, date(2025, 12, 3)) == (date(2025, 11, 30), date(2025, 12, 6))


def test_periods_before_end_with_the_calendar() -> None:
    """The first day that commands accept still has its period."""
    weekly = PaySchedule(schedule="weekly")
    assert len(before(weekly, EARLIEST, 0)) == len(before(weekly, EARLIEST, 5)) == 1
    assert before(weekly, EARLIEST - timedelta(days=1), 5) == ()
    assert before(PaySchedule(), EARLIEST, 5) == ()

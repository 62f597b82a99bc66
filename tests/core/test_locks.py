"""Closed days (rule 9): a row is of the day on which it begins, a day keeps the hours of the zone it was closed in."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from test_plan import ANA, BEN, CHICAGO, WINDOW, after_sync, at, said, shift

from connecteam_sync.core.adopt import dedupe, grouped
from connecteam_sync.core.change import Policy, SlicePlan
from connecteam_sync.core.clocktime import StoredState, clock_time_of
from connecteam_sync.core.legacy import legacy_plan
from connecteam_sync.core.locks import Locks
from connecteam_sync.core.plan import plan
from connecteam_sync.core.shift import Shift, Snapshot
from connecteam_sync.core.window import LockedDay, Window, locked_day

ZONES = (CHICAGO, "Asia/Tokyo", "Pacific/Auckland", "Etc/GMT+12", "Pacific/Kiritimati", "Europe/Berlin", "Asia/Kolkata")
HOUR = 3600


def closed(*days: int, zone: str = CHICAGO) -> tuple[LockedDay, ...]:
    """Days of December."""
    return tuple(locked_day(date(2025, 12, day), zone) for day in days)


def decide(now: Snapshot, before: StoredState, *days: int, zone: str = CHICAGO, **policy: Any) -> SlicePlan:  # noqa: ANN401 - any
    """The plan of the eleven days where these are closed."""
    return plan(WINDOW, now, msgspec.structs.replace(before, locked=closed(*days, zone=zone)), Policy(**policy))


def held(decision: SlicePlan) -> list[str]:
    """What is held for a closed day, in words; nothing is written."""
    assert not decision.changes
    assert {hold.reason for hold in decision.holds} == {"locked_day"}
    return [hold.detail for hold in decision.holds]


NIGHT = shift("n", "2 22:00", "3 06:00")


def test_a_night_that_began_on_an_open_day_is_corrected_though_it_ends_on_a_closed_one() -> None:
    """The day of a row is the day of its clock-in: clock-out corrected, shift deleted, shift new."""
    corrected = decide(said(shift("n", "2 22:00", "3 06:30")), after_sync(NIGHT), 3)
    assert [change.why for change in corrected.changes] == ["clock-out corrected"]
    gone = decide(said(MORNING), after_sync(NIGHT, MORNING), 3)
    assert [change.kind for change in gone.changes] == ["delete"]
    new = decide(said(NIGHT), StoredState(employees={ANA: 1}), 3)
    assert [change.kind for change in new.changes] == ["create"]
    assert [*corrected.holds, *gone.holds, *new.holds] == []


MORNING = shift("m", "5 08:00", "5 12:00")


def test_a_night_that_began_on_a_closed_day_is_held_though_it_ends_on_an_open_one() -> None:
    """Old and new times are in the hold, the date where it is another day."""
    now = said(shift("n", "2 22:00", "3 06:30"))
    [detail] = held(decide(now, after_sync(NIGHT), 2))
    was, becomes = "06:00 (Wed 3 Dec)", "06:30 (Wed 3 Dec)"
    assert detail == f"Tue 2 Dec 2025 is locked for payroll: clock-out {was} -> {becomes} (+0:30 h) is not written"


GONE = "08:00-16:00 is not deleted, 8:00 h kept: no longer on this day in Connecteam"
MOVED = "clock-in 08:00 -> 08:00 (DAY), clock-out 16:00 -> 16:00 (DAY) is not written"


def spoken(times: str) -> Shift:
    """A shift from `1 08:00-1 16:00`."""
    start, _, end = times.partition("-")
    return shift("a", start, end or None)


@pytest.mark.parametrize(
    ("before", "now", "detail"),
    [
        ("1 08:00-1 16:00", "1 08:00-1 16:30", "clock-out 16:00 -> 16:30 (+0:30 h) is not written"),
        ("1 08:00-1 16:00", "1 08:15-1 16:00", "clock-in 08:00 -> 08:15 (-0:15 h) is not written"),
        ("1 08:00-1 16:00", "1 08:00", "clock-out 16:00 -> open (-8:00 h) is not written"),
        ("1 08:00", "1 08:00-1 16:00", "clock-out open -> 16:00 (+8:00 h) is not written"),
        ("1 08:00-1 16:00", "1 09:00-1 17:00", "clock-in 08:00 -> 09:00, clock-out 16:00 -> 17:00 is not written"),
        ("1 08:00:10-1 16:00", "1 08:00:20-1 16:00", "clock-in 08:00:10 -> 08:00:20 is not written"),
        ("", "1 08:00-1 16:00", "a new row 08:00-16:00 (+8:00 h) is not written"),
        ("", "1 08:00", "a new row 08:00-still open is not written"),
        (
            "1 08:00-1 16:00",
            "",
            GONE,
        ),
        ("1 08:00-1 16:00", "4 08:00-4 16:00", MOVED.replace("DAY", "Thu 4 Dec")),
        ("4 08:00-4 16:00", "1 08:00-1 16:00", MOVED.replace("DAY", "Mon 1 Dec")),
    ],
)
def test_a_hold_says_old_and_new_times(before: str, now: str, detail: str) -> None:
    """A row is of the day of its clock-in before and after the change: both directions are held."""
    old, new = ([spoken(times)] if times else [] for times in (before, now))
    decision = decide(said(*new, MORNING), after_sync(*old, MORNING), 1)
    assert held(decision) == [f"Mon 1 Dec 2025 is locked for payroll: {detail}"]


def test_a_hold_says_who_and_what_was_edited() -> None:
    """A shift of another person by now, and a row that somebody edited in the table."""
    stored = msgspec.structs.replace(after_sync(shift("a", "1 08:00", "1 16:00")), names={1: "Ana", 2: "Ben"})
    [moved] = held(decide(said(shift("a", "1 08:00", "1 16:00", BEN)), stored, 1))
    assert moved == "Mon 1 Dec 2025 is locked for payroll: moved from Ana to Ben is not written"
    edited = msgspec.structs.replace(stored.rows[0], total_minutes=99)
    [drift] = held(decide(said(shift("a", "1 08:00", "1 16:00")), msgspec.structs.replace(stored, rows=(edited,)), 1))
    assert drift.endswith("minutes 99 -> 480 (+6:21 h) is not written: the row was edited in the table")


def test_the_hour_that_comes_twice_is_told_by_its_name() -> None:
    """01:30 and 01:30 are an hour apart on the night the clocks are set back: CDT and CST."""
    window = Window(date(2025, 11, 1), date(2025, 11, 3), CHICAGO)
    first = int(datetime(2025, 11, 2, 1, 30, tzinfo=ZoneInfo(CHICAGO)).timestamp())
    before = Shift(id="a", user_id=ANA, time_clock_id=7, start=first, end=first + 4 * HOUR)
    now = msgspec.structs.replace(before, start=first + HOUR)
    padded = window.padded()
    look = msgspec.structs.replace(said(now), first=padded.first, last=padded.last)
    stored = msgspec.structs.replace(after_sync(before), locked=(locked_day(date(2025, 11, 2), CHICAGO),))
    [hold] = plan(window, look, stored, Policy()).holds
    assert hold.detail == (
        "Sun 2 Nov 2025 is locked for payroll: clock-in 01:30 CDT -> 01:30 CST (-1:00 h) is not written"
    )


def test_a_row_that_only_moves_across_a_closed_day_moves() -> None:
    """Neither the day it was on nor the day it is on is closed; nor does it matter that it lay over one."""
    across = decide(said(shift("a", "4 08:00", "4 12:00")), after_sync(shift("a", "2 08:00", "2 12:00")), 3)
    assert [change.kind for change in across.changes] == ["update"]
    over = decide(said(shift("a", "2 08:00", "2 12:00")), after_sync(shift("a", "2 08:00", "4 12:00")), 3, 4)
    assert [change.kind for change in over.changes] == ["update"]


# -- zones -------------------------------------------------------------------------------------------------------------


def test_a_day_closed_in_another_zone_keeps_its_own_hours() -> None:
    """The second of December of Tokyo began at nine in the morning of the first in Chicago, and says where it was."""
    inside, outside = shift("i", "1 09:00", "1 17:00"), shift("o", "2 09:00", "2 17:00")
    stored = after_sync(inside, outside)
    now = said(shift("i", "1 09:30", "1 17:00"), shift("o", "2 09:30", "2 17:00"))
    decision = decide(now, stored, 2, zone="Asia/Tokyo")
    assert [change.shift_id for change in decision.changes] == ["o"]
    [hold] = decision.holds
    assert hold.detail.startswith("Tue 2 Dec 2025 (Asia/Tokyo) is locked for payroll: clock-in 09:00 -> 09:30")


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("other", ZONES)
def test_an_instant_is_closed_exactly_where_its_zone_says_so(zone: str, other: str) -> None:
    """Every half hour around two closed days of two zones, by the local calendar alone; 23 and 25 hours among them."""
    for day in (date(2025, 11, 2), date(2025, 3, 9), date(2025, 9, 28), date(2025, 4, 6), date(2025, 7, 15)):
        days = (locked_day(day, zone), locked_day(day + timedelta(days=1), other))
        locks = Locks(random.Random(0).sample(days, 2))  # noqa: S311 - repeatable, no secrets
        start = int(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo("UTC")).timestamp()) - 48 * HOUR
        for instant in range(start, start + 120 * HOUR, HOUR // 2):
            labels = {
                (datetime.fromtimestamp(instant, ZoneInfo(closed.timezone)).date(), closed.timezone) for closed in days
            } & {(closed.day, closed.timezone) for closed in days}
            found = locks.at(instant)
            assert (found is not None) == bool(labels), (instant, zone, other)
            assert found is None or (found.day, found.timezone) in labels


@pytest.mark.parametrize(("day", "hours"), [(date(2025, 3, 9), 23), (date(2025, 11, 2), 25), (date(2025, 7, 1), 24)])
def test_a_closed_day_has_as_many_hours_as_the_calendar_gives_it(day: date, hours: int) -> None:
    """Its first and its last second are closed, those around it are not; days side by side leave no gap."""
    one, two = locked_day(day, CHICAGO), locked_day(day + timedelta(days=1), CHICAGO)
    locks = Locks([one])
    assert (one.end - one.start) // HOUR == hours
    assert [locks.at(at) for at in (one.start - 1, one.start, one.end - 1, one.end)] == [None, one, one, None]
    assert one.end == two.start


def test_a_short_day_within_a_long_one_does_not_hide_its_end() -> None:
    """On the fourth of November 2018 São Paulo's day had 23 hours, all of them within the 25 of St. John's."""
    long, short = (locked_day(date(2018, 11, 4), f"America/{name}") for name in ("St_Johns", "Sao_Paulo"))
    assert long.start < short.start
    assert short.end < long.end
    locks = Locks([short, long])
    assert locks.at(short.end) == locks.at(long.end - 1) == long
    assert locks.at(long.end) is None


def test_many_closed_days_are_asked_about_quickly_and_rightly() -> None:
    """Four years of closed days with gaps, against a plain search."""
    chance = random.Random(1)  # noqa: S311 - repeatable, no secrets
    first = date(2022, 1, 1)
    days = [locked_day(first + timedelta(days=n), chance.choice(ZONES)) for n in range(1400) if chance.random() < 0.6]
    locks = Locks(days)
    for _ in range(2000):
        instant = chance.randrange(days[0].start - HOUR, days[-1].end + HOUR)
        assert (locks.at(instant) is None) == (not any(day.start <= instant < day.end for day in days))
    assert all(one.start <= other.start for one, other in pairwise(sorted(days, key=lambda day: day.start)))


# -- every other writer ------------------------------------------------------------------------------------------------


def test_the_old_planner_obeys_the_day_of_the_clock_in_too() -> None:
    """It closes a night that began on an open day, and leaves one that began on a closed day as it is."""
    stored = after_sync(shift("n", "2 22:00"), shift("m", "3 22:00"))
    stored = msgspec.structs.replace(stored, locked=closed(3))
    now = said(shift("n", "2 22:00", "3 06:00"), shift("m", "3 22:00", "4 06:00"))
    decision = legacy_plan(WINDOW, now, stored, Policy(planner="legacy"), now=at("9 12:00"))
    assert [change.image.id for change in decision.changes] == [1]
    [hold] = decision.holds
    assert hold.detail.startswith("Wed 3 Dec 2025 is locked for payroll: clock-out open -> 06:00 (Thu 4 Dec)")


def test_doubles_go_by_the_day_of_their_clock_in() -> None:
    """A double that began on a closed day stays, clock-out and all; one that ends on it goes."""
    rows = [clock_time_of(1, at("2 22:00"), end, id=n) for n, end in ((1, None), (2, at("3 06:00")))]
    groups = grouped(rows)
    decision = dedupe(groups, zone=ZoneInfo(CHICAGO), live={1: "s"}, locks=Locks(closed(3)))
    assert sorted(change.kind for change in decision.changes) == ["delete", "update"]
    decision = dedupe(groups, zone=ZoneInfo(CHICAGO), live={1: "s"}, locks=Locks(closed(2)))
    assert not decision.changes
    assert [hold.reason for hold in decision.holds] == ["locked_day"]
    assert "Tue 2 Dec 2025" in decision.holds[0].detail

"""Pay periods through the library: the checklist against a company and a database, closing, reviewing, opening."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest
import time_machine

from connecteam_sync.client import ConnecteamSync
from connecteam_sync.core.payroll_settings import PaySchedule
from connecteam_sync.core.period_check import Obstacle
from connecteam_sync.core.periods import PeriodReport
from connecteam_sync.errors import ConfigurationError, PeriodRefused, Unavailable, WindowError
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.sandbox.company import OFFICE, WAREHOUSE
from support.scenario import World

P = "2025-12-01..2025-12-07"
WEEKLY = PaySchedule(schedule="weekly", anchor=date(2025, 12, 1))


@pytest.fixture
def world(initialised: str) -> Iterator[World]:
    """An empty company and an initialised database."""
    with Sandbox(Company(0), SandboxSettings(minute_limit=100_000)) as sandbox:
        made = World(sandbox, initialised)
        yield made
        made.mirror.close()


def scheduled(world: World, schedule: PaySchedule = WEEKLY) -> None:
    """Give the client a schedule."""
    world.mirror.settings = msgspec.structs.replace(world.mirror.settings, pay_schedule=schedule)


def names(report: PeriodReport) -> list[str]:
    """The names of its obstacles."""
    assert report.checked is not None
    return [obstacle.name for obstacle in report.checked.obstacles]


def obstacle(report: PeriodReport | None, name: str) -> Obstacle:
    """The obstacle of this name."""
    assert report is not None
    assert report.checked is not None
    [found] = [one for one in report.checked.obstacles if one.name == name]
    return found


def refused(world: World, period: str = P, **options: Any) -> PeriodRefused:  # noqa: ANN401 - any option
    """A closing that is refused, and that closed nothing."""
    before = world.mirror.payroll.period(period).state
    with pytest.raises(PeriodRefused) as error:
        world.mirror.payroll.close(period, **options)
    assert error.value.exit_code == 4
    assert world.mirror.payroll.period(period).state == before
    return error.value


def verifications(world: World) -> int:
    """How many verifications are on record."""
    return len(world.mirror.runs(limit=100, kind="verify"))


# -- closing -----------------------------------------------------------------------------------------------------------


def test_a_period_that_is_right_is_closed_and_says_so(world: World) -> None:
    """Who, when, with which totals; the three counts stand side by side."""
    world.work(2, "08:00", "16:00")
    world.sync()
    done = world.mirror.payroll.close(P, by="Pia")
    assert (done.newly, done.period.state, done.exit_code) == (True, "closed", 0)
    assert done.checked is not None
    assert done.checked.obstacles == ()
    [total] = done.checked.totals
    assert (total.minutes_table, total.minutes_activities, total.minutes_timesheet) == (480, 480, 480)
    assert total.verdict == "equal"
    event = world.mirror.payroll.period(P).event
    assert event is not None
    assert (event.kind, event.by, event.reason, event.anyway) == ("close", "Pia", "", False)
    assert [one.kind for one in world.mirror.payroll.history(P)] == ["close"]


def test_closing_twice_changes_nothing(world: World) -> None:
    """The second one gets the first one's checklist, and asks nobody."""
    world.work(2, "08:00", "16:00")
    world.sync()
    first = world.mirror.payroll.close(P, by="Pia")
    calls = world.sandbox.calls
    again = world.mirror.payroll.close(P, by="Olaf")
    assert (again.newly, again.period.state, again.exit_code) == (False, "closed", 0)
    assert again.checked == first.checked
    assert again.period.event is not None
    assert again.period.event.by == "Pia"
    assert world.sandbox.calls == calls
    assert len(world.mirror.payroll.history(P)) == 1


def test_it_verifies_the_days_unless_that_was_done_after_their_last_change(world: World) -> None:
    """A verification that came later is enough: then no other one is made, and only timesheets are read."""
    world.work(2, "08:00", "16:00")
    world.sync()
    assert world.mirror.payroll.check(P).checked is not None
    assert verifications(world) == 1
    assert names(world.mirror.payroll.check(P)) == []
    assert verifications(world) == 1
    world.work(3, "08:00", "16:00")
    world.sync()
    world.mirror.payroll.close(P)
    assert verifications(world) == 2


def test_with_a_fresh_proof_it_needs_no_connecteam(world: World) -> None:
    """The timesheet is then the one that the verification read."""
    world.work(2, "08:00", "16:00")
    world.sync()
    world.mirror.verify(world.mirror.window(date(2025, 12, 1), date(2025, 12, 7)))
    world.sandbox.faults.add("unavailable", path="", times=1000)
    done = world.mirror.payroll.close(P)
    assert done.checked is not None
    [total] = done.checked.totals
    assert (total.minutes_timesheet, total.verdict) == (480, "equal")


@pytest.mark.usefixtures("few_tries")
def test_where_connecteam_cannot_be_reached_nothing_is_closed(world: World) -> None:
    """Exit 75, try again; or close it without a look, which is kept."""
    world.work(2, "08:00", "16:00")
    world.sync()
    world.sandbox.faults.add("unavailable", path="", times=1000)
    with pytest.raises(Unavailable) as error:
        world.mirror.payroll.close(P)
    assert error.value.exit_code == 75
    assert "nothing was closed" in error.value.message
    assert f"periods close {P} --anyway REASON" in error.value.next_step
    done = world.mirror.payroll.close(P, anyway="the network is down")
    assert done.period.state == "closed"
    assert "could not be looked at" in obstacle(done, "proof_not_fresh").message
    assert done.checked is not None
    assert done.checked.totals[0].minutes_table == 480


# -- what stands in the way --------------------------------------------------------------------------------------------


def test_a_row_that_is_missing_is_in_the_way(world: World) -> None:
    """It is not in the table, so the days are not proven and the counts differ; a sync cures both."""
    world.work(2, "08:00", "16:00")
    world.sync()
    world.work(3, "08:00", "16:00")
    error = refused(world)
    assert error.report is not None
    assert names(error.report) == ["proof_not_fresh", "counts_differ"]
    assert "1 row would be written by a sync" in obstacle(error.report, "proof_not_fresh").message
    assert error.report.checked is not None
    [total] = error.report.checked.totals
    assert (total.minutes_table, total.minutes_activities, total.odd) == (480, 960, "table")
    world.sync()
    assert world.mirror.payroll.close(P).newly


def test_an_open_shift_is_in_the_way(world: World) -> None:
    """Of any source."""
    world.work(2, "08:00", None)
    world.sync()
    error = refused(world)
    assert error.report is not None
    assert names(error.report) == ["open_shift"]


def test_a_hold_is_in_the_way_until_somebody_acknowledges_it(world: World) -> None:
    """And only one of its own days."""
    shift = world.work(2, "08:00", "16:00")
    world.company.duplicate(shift.id)
    world.sync()
    error = refused(world)
    assert error.report is not None
    assert "hold" in names(error.report)
    assert names(world.mirror.payroll.check("2025-12-08..2025-12-10")) == []
    [standing] = world.mirror.holds()
    world.mirror.acknowledge_holds([standing.id], by="Pia", reason="known")
    assert "hold" not in names(world.mirror.payroll.check(P))


def test_somebody_without_an_employee_is_in_the_way(initialised: str) -> None:
    """Their hours would be missing from payroll: who they are and how to map them."""
    with Sandbox(Company(0), SandboxSettings(minute_limit=100_000)) as sandbox:
        world = World(sandbox, initialised, employees="match")
        world.work(2, "08:00", "16:00")
        world.sync()
        report = world.mirror.payroll.check(P)
        one = obstacle(report, "unmapped_user")
        assert (one.count, names(report)) == (1, ["unmapped_user"])
        assert "8:00 hours" in one.message
        assert f"employees map {world.user}" in one.next_step
        world.mirror.close()


def test_a_run_that_a_guard_refused_is_in_the_way(world: World) -> None:
    """The table is as it was, and Connecteam says something else: a person decides."""
    shifts = [world.work(day, "08:00", "16:00") for day in range(1, 7)]
    world.sync()
    world.mirror.verify(world.mirror.window(date(2025, 12, 1), date(2025, 12, 7)))
    for shift in shifts:
        world.company.delete(shift.id)
    assert world.sync().exit_code == 4
    assert "run_refused" in names(world.mirror.payroll.check(P))


def test_a_timesheet_that_says_otherwise_is_in_the_way(initialised: str) -> None:
    """Unless a rule of the time clock explains it."""
    with Sandbox(Company(0), SandboxSettings(minute_limit=100_000, unpaid_break_minutes=30)) as sandbox:
        world = World(sandbox, initialised)
        world.work(2, "08:00", "16:00")
        world.sync()
        report = world.mirror.payroll.check(P)
        assert names(report) == ["counts_differ"]
        assert report.checked is not None
        [day] = report.checked.days
        assert (day.minutes_table, day.minutes_activities, day.minutes_timesheet) == (480, 480, 450)
        assert (day.verdict, day.odd) == ("different", "timesheet")
        rules = msgspec.structs.replace(world.mirror.settings.payroll, automatic_break_minutes=30)
        world.mirror.settings = msgspec.structs.replace(world.mirror.settings, payroll=rules)
        done = world.mirror.payroll.close(P)
        assert done.checked is not None
        assert done.checked.totals[0].verdict == "automatic_break"
        world.mirror.close()


def test_a_shift_that_came_after_the_proof_shows_in_the_timesheet(world: World) -> None:
    """The days are proven, and nobody has looked since: the third count does not wait for that."""
    world.work(2, "08:00", "16:00")
    world.sync()
    world.mirror.verify(world.mirror.window(date(2025, 12, 1), date(2025, 12, 7)))
    world.work(3, "08:00", "12:00")
    assert names(world.mirror.payroll.check(P)) == ["counts_differ"]


def test_what_is_not_well_may_be_closed_anyway_with_a_reason(world: World) -> None:
    """Which is kept with the obstacles; without a reason it is not."""
    world.work(2, "08:00", None)
    world.sync()
    with pytest.raises(ConfigurationError, match="the reason is missing"):
        world.mirror.payroll.close(P, anyway=" ")
    done = world.mirror.payroll.close(P, by="Pia", anyway="Ana is paid by hand")
    assert names(done) == ["open_shift"]
    event = world.mirror.payroll.newest_check(P)
    assert event is not None
    assert (event.kind, event.anyway, event.reason) == ("close", True, "Ana is paid by hand")
    assert event.checked == done.checked


def test_a_reason_that_was_not_needed_is_no_closing_with_obstacles(world: World) -> None:
    """All was well."""
    done = world.mirror.payroll.close(P, anyway="to be sure")
    assert done.period.event is not None
    assert (done.period.event.anyway, done.period.event.reason) == (False, "to be sure")


# -- which days --------------------------------------------------------------------------------------------------------


def test_a_period_that_is_not_over_is_in_the_way_and_one_that_has_not_begun_cannot_be_closed(world: World) -> None:
    """Local days of the business: in Chicago Sunday ends six hours after UTC's."""
    world.work(2, "08:00", "16:00")
    world.sync()
    with time_machine.travel(datetime(2025, 12, 8, 5, 59, tzinfo=UTC), tick=True):
        error = refused(world)
        assert error.report is not None
        assert names(error.report) == ["period_not_over"]
        assert obstacle(error.report, "period_not_over").count == 1
        with pytest.raises(WindowError, match="has not begun") as future:
            world.mirror.payroll.close("2025-12-08..2025-12-09", anyway="x")
        assert future.value.exit_code == 2
        assert names(world.mirror.payroll.check("2025-12-08..2025-12-09")) == ["period_not_over"]
    with time_machine.travel(datetime(2025, 12, 8, 6, 0, 1, tzinfo=UTC), tick=True):
        assert world.mirror.payroll.close(P).newly
        # On its first day it has begun.
        assert obstacle(refused(world, "2025-12-08..2025-12-09").report, "period_not_over").count == 2
        assert world.mirror.payroll.close("2025-12-08..2025-12-09", anyway="the shop closes today").newly


def test_periods_on_record_never_overlap(world: World) -> None:
    """Whoever names days that another one has is told which."""
    world.mirror.payroll.close(P)
    for days in (
        "2025-12-07..2025-12-20",
        "2025-11-30..2025-12-01",
        "2025-12-03..2025-12-03",
        "2025-12-01..2025-12-08",
    ):
        with pytest.raises(PeriodRefused, match=r"overlaps 1 period on record: 2025-12-01\.\.2025-12-07") as error:
            world.mirror.payroll.close(days, anyway="x")
        assert error.value.exit_code == 4
        with pytest.raises(PeriodRefused):
            world.mirror.payroll.check(days)
    assert world.mirror.payroll.close("2025-12-08..2025-12-08").newly
    assert [str(one.window) for one in world.mirror.payroll.periods()] == ["2025-12-08", P]


def test_a_schedule_that_changes_leaves_what_was_touched_as_it_is(world: World) -> None:
    """The weeks were closed; by fortnights the first one would have days of theirs, and says so."""
    scheduled(world)
    world.mirror.payroll.close("2025-12-01")
    world.mirror.payroll.review("2025-12-08", by="Pia")
    scheduled(world, PaySchedule(schedule="biweekly", anchor=date(2025, 12, 1)))
    with time_machine.travel(datetime(2025, 12, 20, tzinfo=UTC), tick=True):
        listed = {str(one.window): one for one in world.mirror.payroll.periods()}
    assert (listed[P].state, listed[P].is_scheduled) == ("closed", False)
    assert [str(one) for one in listed["2025-12-01..2025-12-14"].overlaps] == [P, "2025-12-08..2025-12-14"]
    assert (listed["2025-12-15..2025-12-28"].overlaps, listed["2025-12-15..2025-12-28"].is_scheduled) == ((), True)
    # Its first day names the one on record.
    assert str(world.mirror.payroll.period("2025-12-01").window) == P
    assert world.mirror.payroll.close("2025-12-08", by="Olaf").newly


def test_a_first_day_names_the_period_of_the_schedule(world: World) -> None:
    """Without a schedule both days are named; a day in the middle is none."""
    with pytest.raises(WindowError, match="no schedule says") as error:
        world.mirror.payroll.check("2025-12-01")
    assert "2025-12-01..LAST" in error.value.next_step
    scheduled(world)
    assert str(world.mirror.payroll.period("2025-12-01").window) == P
    with pytest.raises(WindowError, match="it lies in that from 2025-12-01 to 2025-12-07") as error:
        world.mirror.payroll.check("2025-12-03")
    assert "2025-12-01" in error.value.next_step
    with pytest.raises(WindowError, match="names no pay period") as error:
        world.mirror.payroll.close("december")
    assert error.value.exit_code == 2


def test_a_period_of_one_day_and_a_night_of_25_hours(world: World) -> None:
    """The day on which the clocks are set back has both hours; a shift belongs to the day of its clock-in."""
    day = date(2025, 11, 2)
    midnight = world.company.at(day, "00:00")
    for begin, end in ((midnight, midnight + 600), (midnight + 25 * 3600 - 60, midnight + 26 * 3600)):
        world.company.add(world.user, begin, end, clock=WAREHOUSE)
    world.company.add(world.user, midnight + 25 * 3600 + 7200, midnight + 27 * 3600 + 600, clock=WAREHOUSE)
    world.sync(world.mirror.window(date(2025, 11, 1), date(2025, 11, 3)))
    report = world.mirror.payroll.check("2025-11-02..2025-11-02")
    assert report.checked is not None
    [total] = report.checked.totals
    assert (total.minutes_table, total.minutes_activities) == (71, 71)


def test_a_night_that_the_timesheet_lists_on_another_day_is_explained(initialised: str) -> None:
    """Also once the days are proven, and only the shifts of the day before tell it."""
    with Sandbox(Company(0), SandboxSettings(minute_limit=100_000, timezone="Pacific/Auckland")) as sandbox:
        world = World(sandbox, initialised)
        world.work(2, "22:00", "28:00")
        world.sync()
        world.mirror.verify(world.window)
        found: dict[int, str] = {}
        for day in (1, 2, 3):
            report = world.mirror.payroll.check(f"2025-12-0{day}..2025-12-0{day}")
            assert report.exit_code == 0
            assert report.checked is not None
            found |= {one.day.day: one.verdict for one in report.checked.days}
        assert set(found.values()) == {"overnight"}
        assert len(found) == 2
        assert verifications(world) == 1
        world.mirror.close()


def test_a_period_may_be_given_as_days_of_a_window(world: World) -> None:
    """One day is a period of one day then, whatever the schedule says."""
    scheduled(world)
    day = date(2025, 12, 3)
    assert world.mirror.payroll.period(world.mirror.window(day, day)).window.days == 1


def test_people_who_come_and_go_and_clocks_next_to_each_other(world: World) -> None:
    """Somebody who is archived keeps the hours; those of two time clocks are one total."""
    first, second, third = sorted(world.company.people)[:3]
    world.work(2, "08:00", "12:00", user=first)
    world.work(2, "13:00", "15:00", user=first, clock=OFFICE)
    world.work(3, "08:00", "12:00", user=second)
    world.sync()
    world.company.archive(second)
    world.work(5, "08:00", "09:00", user=third)
    world.sync()
    done = world.mirror.payroll.close(P)
    assert done.checked is not None
    assert sorted(total.minutes_table for total in done.checked.totals) == [60, 240, 360]
    assert {total.verdict for total in done.checked.totals} == {"equal"}


def test_a_business_that_moved_its_zone_keeps_its_closed_periods(world: World, database: str) -> None:
    """Days of the old zone, and of no schedule: named, opened, but never closed again by days of another one."""
    scheduled(world)
    world.sync()
    world.mirror.payroll.close(P)
    assert world.mirror.payroll.period(P).is_scheduled
    world.mirror.close()
    moved = ConnecteamSync(
        world.sandbox.key, settings=msgspec.structs.replace(world.mirror.settings, timezone="Asia/Tokyo")
    )
    moved.accept_account(moved.proposed_account(["timezone"]), by="Pia")
    period = moved.payroll.period(P)
    assert (period.window.timezone, period.state, period.is_scheduled) == ("America/Chicago", "closed", False)
    with pytest.raises(PeriodRefused, match="by now"):
        moved.payroll.check(P)
    with pytest.raises(PeriodRefused, match="overlaps"):
        moved.payroll.close("2025-12-07..2025-12-09")
    assert moved.payroll.reopen(P, reason="to be done again").period.state == "open"
    with pytest.raises(PeriodRefused, match="consists of days of America/Chicago"):
        moved.payroll.close(P)
    moved.close()
    assert database


def test_a_checklist_that_says_the_same_is_kept_once_an_hour(world: World) -> None:
    """A program that asks every few minutes fills nothing; another answer, another person and a later hour are kept."""
    world.work(2, "08:00", "16:00")
    world.sync()

    def kept() -> int:
        return sum(row["kind"] == "check" for row in world.table("connecteam_sync_period_events"))

    with time_machine.travel(datetime(2025, 12, 20, 12, tzinfo=UTC)) as travel:
        for _ in range(3):
            world.mirror.payroll.check(P, by="Pia")
        assert kept() == 1
        world.mirror.payroll.check(P, by="Ana")
        assert kept() == 2
        travel.shift(3601)
        world.mirror.payroll.check(P, by="Ana")
        assert kept() == 3
        world.work(3, "08:00", "16:00")
        world.sync()
        assert len(names(world.mirror.payroll.check(P, by="Ana"))) == 0
        assert kept() == 4

"""The second independent check: Connecteam's own totals against the punches, and what each difference is."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest
from test_plan import ANA, BEN, CHICAGO, MORNING, WINDOW, at, shift

from connecteam_sync.core.run import Difference, Verdict
from connecteam_sync.core.shift import Break, Shift
from connecteam_sync.core.timesheets import TimesheetDay, TimesheetRules, counted, differing
from connecteam_sync.core.window import Window, local_day

TUESDAY = date(2025, 12, 2)
PLAIN = TimesheetRules()


def sheet(minutes: int, *ids: str, day: date = TUESDAY, user: int = ANA) -> TimesheetDay:
    """A day of the timesheet that lists these shifts."""
    return TimesheetDay(user_id=user, day=day, minutes=minutes, shift_ids=frozenset(ids))


def verdicts(
    *days: TimesheetDay,
    shifts: tuple[Shift, ...] = (MORNING,),
    breaks: tuple[Break, ...] = (),
    rules: TimesheetRules = PLAIN,
    window: Window = WINDOW,
) -> list[Verdict]:
    """The verdict on each person-day of the window."""
    return [item.verdict for item in counted(window, shifts, breaks, days, rules)]


def test_totals_may_be_off_by_a_minute_a_shift_and_no_more() -> None:
    """Hours with two decimals round; an automatic break does not."""
    for minutes, verdict in (
        (240, "equal"),
        (241, "rounding"),
        (239, "rounding"),
        (242, "different"),
        (238, "different"),
        (210, "different"),
    ):
        found = counted(WINDOW, [MORNING], [], [sheet(minutes, "a")], PLAIN)
        assert [(d.day, d.user_id, d.shifts, d.minutes, d.minutes_timesheet) for d in found] == [
            (TUESDAY, ANA, 1, 240, minutes)
        ]
        assert [d.verdict for d in found] == [verdict]
        told = differing(found, names={ANA: "Ana"})
        assert [(d.name, d.minutes, d.minutes_upstream, d.verdict) for d in told] == (
            [("Ana", 240, minutes, "different")] if verdict == "different" else []
        )


def test_totals_of_other_days_are_of_no_concern() -> None:
    """Nor are people without a shift and without a total; one whose name is not known has a number."""
    assert counted(WINDOW, [], [], [sheet(60, "x", day=date(2025, 12, 30))], PLAIN) == ()
    outside = shift("b", "13 08:00", "13 12:00")
    assert counted(WINDOW, [outside], [], [], PLAIN) == ()
    [told] = differing(counted(WINDOW, [MORNING], [], [], PLAIN), names={})
    assert (told.name, told.verdict, told.minutes_upstream) == (f"Connecteam user {ANA}", "different", 0)


def test_two_shifts_may_be_off_by_two_minutes() -> None:
    """Each is rounded by itself."""
    two = (MORNING, shift("b", "2 13:00", "2 14:00"))
    assert verdicts(sheet(302, "a", "b"), shifts=two) == ["rounding"]
    assert verdicts(sheet(303, "a", "b"), shifts=two) == ["different"]


@pytest.mark.parametrize(("minutes", "verdict"), [(255, "rounding"), (225, "rounding"), (256, "different")])
def test_a_configured_step_rounds_each_end_by_half_of_it(minutes: int, verdict: Verdict) -> None:
    """A quarter of an hour: seven and a half minutes at each end."""
    rules = TimesheetRules(timesheet_rounding_minutes=15)
    assert verdicts(sheet(minutes, "a"), rules=rules) == [verdict]


def test_an_automatic_break_is_one_up_to_what_is_configured() -> None:
    """It exists as no activity: only the company knows how long it may be."""
    rules = TimesheetRules(automatic_break_minutes=30)
    for minutes, verdict in ((210, "automatic_break"), (209, "automatic_break"), (225, "automatic_break")):
        assert verdicts(sheet(minutes, "a"), rules=rules) == [verdict]
    for minutes in (208, 270):
        assert verdicts(sheet(minutes, "a"), rules=rules) == ["different"]
    two = (MORNING, shift("b", "2 13:00", "2 17:00"))
    assert verdicts(sheet(420, "a", "b"), shifts=two, rules=rules) == ["automatic_break"]
    assert verdicts(sheet(417, "a", "b"), shifts=two, rules=rules) == ["different"]


def test_breaks_that_were_read_explain_as_many_minutes() -> None:
    """Only those within the shifts, of the same person, that have ended."""

    def pause(begin: str, end: str | None, user: int = ANA) -> Break:
        return Break(
            id=begin, user_id=user, time_clock_id=7, break_type_id="x", start=at(begin), end=at(end) if end else None
        )

    lunch = pause("2 09:00", "2 09:30")
    assert verdicts(sheet(210, "a"), breaks=(lunch,)) == ["manual_break"]
    assert verdicts(sheet(211, "a"), breaks=(lunch,)) == ["manual_break"]
    assert verdicts(sheet(240, "a"), breaks=(lunch,)) == ["equal"]  # a paid one
    for minutes in (200, 230):
        assert verdicts(sheet(minutes, "a"), breaks=(lunch,)) == ["different"]
    assert verdicts(sheet(200, "a"), breaks=(lunch,), rules=TimesheetRules(automatic_break_minutes=60)) == ["different"]
    for other in (pause("2 09:00", "2 09:30", BEN), pause("2 13:00", "2 13:30"), pause("2 09:00", None)):
        assert verdicts(sheet(210, "a"), breaks=(other,)) == ["different"]
    partly = pause("2 07:45", "2 08:30")
    assert verdicts(sheet(210, "a"), breaks=(partly,)) == ["manual_break"]


def test_breaks_count_in_whole_minutes_of_their_sum() -> None:
    """Less than a minute within the shifts, or sixty breaks of other days, explain nothing; seconds add up."""

    def pause(key: int, start: int, seconds: int) -> Break:
        return Break(id=f"b{key}", user_id=ANA, time_clock_id=7, break_type_id="x", start=start, end=start + seconds)

    rules = TimesheetRules(automatic_break_minutes=30)
    of_other_days = tuple(pause(key, at("5 08:00") + 60 * key, 60) for key in range(60))
    for breaks in ((pause(1, at("2 09:00"), 59),), of_other_days):
        assert verdicts(sheet(210, "a"), breaks=breaks, rules=rules) == ["automatic_break"]
    hour = tuple(pause(key, at("2 09:00") + 100 * key, 90) for key in range(40))
    assert verdicts(sheet(179, "a"), breaks=hour) == ["manual_break"]
    assert verdicts(sheet(178, "a"), breaks=hour) == ["different"]


def test_an_open_shift_has_no_minutes_yet() -> None:
    """So a total of nothing is the same."""
    still_open = shift("o", "2 08:00")
    assert verdicts(sheet(0, "o"), shifts=(still_open,)) == ["equal"]
    [found] = counted(WINDOW, [still_open], [], [sheet(0, "o")], PLAIN)
    assert (found.shifts, found.minutes, found.minutes_timesheet) == (1, 0, 0)


def test_a_difference_says_what_both_counts_have() -> None:
    """The day, the user by name, shifts and minutes of both, and whether somebody approved it in Connecteam."""
    two = [MORNING, shift("b", "2 13:00", "2 17:00")]
    found = counted(WINDOW, two, [], [sheet(400, "a", "b")], PLAIN)
    expected = Difference(
        day=TUESDAY,
        employee_id=None,
        name="Ana",
        shifts_upstream=2,
        rows=2,
        minutes_upstream=400,
        minutes=480,
        verdict="different",
        is_approved=True,
    )
    assert differing(found, names={ANA: "Ana"}, approved={(ANA, TUESDAY)}) == (expected,)
    [other] = differing(found, names={}, approved={(ANA, date(2025, 12, 3)), (BEN, TUESDAY)})
    assert (other.name, other.is_approved) == (f"Connecteam user {ANA}", False)
    assert TimesheetRules().import_locks is False


def test_other_shifts_than_those_of_the_day_are_a_difference() -> None:
    """Also if the minutes agree: one is missing, and another one is listed."""
    assert verdicts(sheet(240, "b")) == ["different"]
    assert verdicts(sheet(240, "a", "b")) == ["different"]
    assert verdicts(sheet(240)) == ["different"]
    assert verdicts() == ["different"]
    assert verdicts(sheet(60, "x"), shifts=()) == ["different"]


def test_a_night_may_be_listed_on_the_day_next_to_it() -> None:
    """Both days say so; a shift that no day near lists is missing."""
    night = shift("n", "2 22:00", "3 06:00")
    wednesday = date(2025, 12, 3)
    assert verdicts(sheet(480, "n", day=wednesday), shifts=(night,)) == ["overnight", "overnight"]
    assert verdicts(sheet(480, "n", day=date(2025, 12, 4)), shifts=(night,)) == ["different", "different"]
    assert verdicts(sheet(480, "n", day=wednesday, user=BEN), shifts=(night,)) == ["different", "different"]
    both = (night, MORNING)
    assert verdicts(sheet(480, "n", day=wednesday), shifts=both) == ["different", "overnight"]
    # The day after is not of the window, but its list is known.
    one_day = msgspec.structs.replace(WINDOW, first=TUESDAY, last=TUESDAY)
    assert verdicts(sheet(480, "n", day=wednesday), shifts=(night,), window=one_day) == ["overnight"]


def test_a_weekday_may_be_on_no_timesheet() -> None:
    """Only if the company says so, and if nothing is listed."""
    rules = TimesheetRules(timesheet_off_days=("tuesday",))
    assert verdicts(rules=rules) == ["not_on_timesheet"]
    assert verdicts(sheet(0), rules=rules) == ["not_on_timesheet"]
    assert verdicts(sheet(60, "x"), rules=rules) == ["different"]
    assert verdicts(rules=TimesheetRules(timesheet_off_days=("wednesday",))) == ["different"]


def test_an_answer_without_ids_is_judged_by_its_minutes() -> None:
    """Nothing is said of ids, so none is missing."""
    silent = TimesheetDay(user_id=ANA, day=TUESDAY, minutes=240)
    assert verdicts(silent) == ["equal"]
    assert verdicts(msgspec.structs.replace(silent, minutes=100)) == ["different"]


def test_days_are_those_of_the_window_zone() -> None:
    """A shift after midnight in UTC is of the evening before in Chicago."""
    late = shift("l", "2 23:30", "3 00:30")
    assert local_day(late.start, WINDOW.zone) == TUESDAY
    assert WINDOW.timezone == CHICAGO
    assert verdicts(sheet(60, "l"), shifts=(late,)) == ["equal"]

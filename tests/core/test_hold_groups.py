"""Groups of holds: by person and reason, with the one command that helps, also where keys are texts."""

from __future__ import annotations

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from test_plan import CHICAGO, MORNING, after_sync, at

from connecteam_sync.core.change import HOLD_REASONS, Change, Hold, HoldReason
from connecteam_sync.core.clocktime import ClockTime
from connecteam_sync.core.holds import (
    REASON_TEXTS,
    HoldGroup,
    as_mapped,
    grouped,
    lacks_employee,
    moves_no_hours,
)

ZONE = ZoneInfo(CHICAGO)
DAYS = "--from 2025-12-02 --to 2025-12-04"
SYNC = f", then connecteam-sync sync {DAYS}"


def hold(reason: HoldReason = "unmapped_user", detail: str = "d", **fields: Any) -> Hold:  # noqa: ANN401
    """A hold of the second of December."""
    return Hold(
        reason=reason, subject=fields.pop("subject", "x"), detail=detail, **{"instant": at("2 23:00"), **fields}
    )


def group(reason: HoldReason, *details: str, **fields: Any) -> HoldGroup:  # noqa: ANN401
    """Holds of one person on the second and the fourth."""
    said = details or ("one", "two")
    some = [
        hold(reason, detail, subject=f"x{number}", instant=at(day), **fields)
        for number, (detail, day) in enumerate(zip(said, ("4 01:00", "2 23:00"), strict=False))
    ]
    [found] = grouped(some)
    return found


# -- what belongs together ---------------------------------------------------------------------------------------------


def test_holds_are_grouped_by_reason_and_person() -> None:
    """In the order of the first of each; of nobody each is its own; a user is no employee of the same number."""
    some = [
        hold(subject="a", user_id=5, employee_id=1, minutes=10),
        hold("orphan", subject="b", employee_id=1),
        hold(subject="c", user_id=1),
        hold(subject="d", employee_id=1, minutes=-4),
        hold(subject="e"),
        hold(subject="f"),
        hold(subject="e"),
        hold(subject="g", user_id=1, employee_id=2),
    ]
    found = grouped(some)
    assert [[one.subject for one in each.holds] for each in found] == [
        ["a", "d"],
        ["b"],
        ["c"],
        ["e", "e"],
        ["f"],
        ["g"],
    ]
    assert [(each.reason, each.employee_id, each.user_id) for each in found] == [
        ("unmapped_user", 1, 5),
        ("orphan", 1, None),
        ("unmapped_user", None, 1),
        ("unmapped_user", None, None),
        ("unmapped_user", None, None),
        ("unmapped_user", 2, 1),
    ]
    assert [each.minutes for each in found] == [6, 0, 0, 0, 0, 0]
    later_user = grouped([hold(employee_id=1), hold(employee_id=1, user_id=9)])
    assert [each.user_id for each in later_user] == [9]


def test_a_group_says_what_all_of_it_says() -> None:
    """Else the sentence of its reason."""
    assert group("orphan", "same", "same", employee_id=1).detail == "same"
    assert group("orphan", "one", "two", employee_id=1).detail == REASON_TEXTS["orphan"]


def test_a_group_has_the_local_days_of_its_holds() -> None:
    """From the first to the last, whatever their order; none where no hold has an instant."""
    assert group("orphan", employee_id=1).days(ZONE) == (date(2025, 12, 2), date(2025, 12, 4))
    mixed = grouped([hold(instant=None, employee_id=1), hold(employee_id=1)])
    assert mixed[0].days(ZONE) == (date(2025, 12, 2), date(2025, 12, 2))
    assert grouped([hold(instant=None)])[0].days(ZONE) is None


# -- the command that helps --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", HOLD_REASONS)
def test_each_reason_has_its_next_step_or_none(reason: HoldReason) -> None:
    """A mapping with a sync of the days, a sync, a resync, a look; what a person has to decide has none."""
    by_reason = {
        "unmapped_user": f"employees map 8 EMPLOYEE, or for a new person connecteam-sync employees create 8{SYNC}",
        "possible_double": f"employees map 8 EMPLOYEE, or for a new person connecteam-sync employees create 8{SYNC}",
        "ambiguous_employee": f"employees map 8 EMPLOYEE{SYNC}",
        "no_connecteam_user": f"employees map USER 1{SYNC}",
        "orphan": f"resync {DAYS}",
        "window_edge": f"sync {DAYS}",
        "same_minute": f"adopt {DAYS}",
    }
    expected = f"connecteam-sync {by_reason[reason]}" if reason in by_reason else None
    assert group(reason, employee_id=1, user_id=8).next_step(ZONE) == expected


def test_without_days_or_a_user_the_step_is_shorter() -> None:
    """The list of users leads to the one."""
    assert grouped([hold(instant=None)])[0].next_step(ZONE) == "connecteam-sync employees --unmapped"
    assert grouped([hold("orphan", instant=None)])[0].next_step(ZONE) == "connecteam-sync resync"
    assert grouped([hold("no_connecteam_user", employee_id=1, instant=None)])[0].next_step(ZONE) == (
        "connecteam-sync employees map USER 1"
    )
    assert group("ambiguous_employee", employee_id=1).next_step(ZONE) == "connecteam-sync employees --unmapped"
    by_sentence = grouped([hold("ambiguous_employee", "Connecteam user 77 (Ines) stands on 2 employees")])
    assert (by_sentence[0].next_step(ZONE) or "").startswith("connecteam-sync employees map 77 EMPLOYEE, then ")


@pytest.mark.parametrize(
    ("end", "suggested"),
    [
        ("map 8 10", "10"),
        ("map 8 6f1c2f0e-0b7a-4c1e-9f55-0a2f6c1b7d3e", "6f1c2f0e-0b7a-4c1e-9f55-0a2f6c1b7d3e"),
        ("map 8 'a b'", "'a b'"),
        ("map 8 10; a new person: connecteam-sync employees create 8", "10"),
        ("map 8 'a b'; a new person: connecteam-sync employees create 8", "'a b'"),
        ("map 9 10", "EMPLOYEE"),
        ("map 8 10 or so", "EMPLOYEE"),
        ("map 8 10; a new person: connecteam-sync employees create 9", "EMPLOYEE"),
        ("map 8 $(reboot)", "EMPLOYEE"),
    ],
)
def test_the_employee_that_a_sentence_suggests_stands_in_the_command(end: str, suggested: str) -> None:
    """Whatever kind of key the table has, as it is typed; nothing else of the sentence gets there."""
    said = f"Connecteam user 8 (Ida) might be Ida: connecteam-sync employees {end}"
    step = group("possible_double", said, said, user_id=8).next_step(ZONE) or ""
    assert step.startswith(f"connecteam-sync employees map 8 {suggested}, or for a new person ")


def test_keys_that_are_texts_are_quoted() -> None:
    """A command is typed as it stands."""
    text = group("no_connecteam_user", employee_id="a b")
    assert text.next_step(ZONE) == f"connecteam-sync employees map USER 'a b'{SYNC}"
    assert text.show_command() == "connecteam-sync holds --employee 'a b' --kind no_connecteam_user"
    assert group("orphan", employee_id=7).show_command() == "connecteam-sync holds --employee 7 --kind orphan"
    assert grouped([hold("orphan")])[0].show_command() == "connecteam-sync holds --all --kind orphan"


def test_somebody_who_is_mapped_by_now_only_needs_the_next_look() -> None:
    """The sentence says so, and the step is a sync of the days."""
    mapped = as_mapped(hold(user_id=8), "a b")
    assert mapped.detail == (
        "Connecteam user 8 is mapped to employee a b by now: the next look at these days ends the hold"
    )
    assert msgspec.structs.replace(mapped, detail="d") == hold(user_id=8)
    [found] = grouped([mapped])
    assert found.next_step(ZONE) == "connecteam-sync sync --from 2025-12-02 --to 2025-12-02"
    [anytime] = grouped([msgspec.structs.replace(mapped, instant=None)])
    assert (anytime.next_step(ZONE) or "").startswith("connecteam-sync employees map 8 EMPLOYEE")


# -- closed days -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "lacks"),
    [
        ({"user_id": 8}, True),
        ({"user_id": 8, "employee_id": -8}, True),
        ({"user_id": 8, "employee_id": 1}, False),
        ({"employee_id": None}, False),
        ({"reason": "orphan", "user_id": 8}, False),
    ],
)
def test_hours_of_a_closed_day_of_nobody_yet_need_an_employee_first(fields: dict[str, Any], *, lacks: bool) -> None:
    """No correction can say them; the step is the mapping."""
    one = hold(**{"reason": "locked_day", **fields})
    assert lacks_employee(one) is lacks
    [found] = grouped(
        [one, hold("locked_day", subject="y", user_id=fields.get("user_id"), employee_id=fields.get("employee_id"))]
    )[:1]
    assert found.lacks_employee is lacks
    if lacks:
        day = "2025-12-02"
        assert found.next_step(ZONE) == (
            "connecteam-sync employees map 8 EMPLOYEE, or for a new person connecteam-sync employees create 8,"
            f" then connecteam-sync sync --from {day} --to {day}"
        )


ROW = after_sync(MORNING).rows[0]


@pytest.mark.parametrize(
    ("before", "after", "is_other"),
    [
        (ROW, msgspec.structs.replace(ROW, break_minutes=30), True),
        (ROW, msgspec.structs.replace(ROW, job="Cook"), True),
        (ROW, msgspec.structs.replace(ROW, clock_in=ROW.clock_in + 1), False),
        (ROW, msgspec.structs.replace(ROW, employee_id=2), False),
        (ROW, msgspec.structs.replace(ROW, clock_out=at("2 12:30")), False),
        (ROW, msgspec.structs.replace(ROW, total_minutes=1), False),
        (None, ROW, False),
        (ROW, None, False),
    ],
)
def test_other_values_of_a_closed_day_than_hours_are_no_correction(
    before: ClockTime | None, after: ClockTime | None, *, is_other: bool
) -> None:
    """Person, times and minutes are hours; the rest is not. Nothing is known of a hold without its change."""
    day = date(2025, 12, 2)
    change = Change(kind="update", before=before, after=after, shift_id="a", user_id=1, days=(day, day), why="")
    assert moves_no_hours(hold("locked_day", change=change)) is is_other
    assert not moves_no_hours(hold("locked_day"))

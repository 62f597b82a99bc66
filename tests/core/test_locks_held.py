"""Whose rows a closed day holds, what is left of purged days, and how each kind of closed day is told."""

from __future__ import annotations

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from test_plan import ANA, BEN, CHICAGO, CLOCK, EMPLOYEES, MORNING, WINDOW, after_sync, at, said, shift

from connecteam_sync.core.change import Change, ChangeKind
from connecteam_sync.core.clocktime import ClockTime, StoredState, clock_time_of
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.locks import (
    CLOSED_BY,
    Locks,
    as_kept,
    change_text,
    left_out_text,
    purged_of,
    unwritten_text,
)
from connecteam_sync.core.shift import Break, InvalidRecord, Shift, User
from connecteam_sync.core.window import LockedDay, LockSource, Window, end_of_day, locked_day, start_of_day

ZONE = ZoneInfo(CHICAGO)
SECOND = date(2025, 12, 2)


def closed(day: int, source: LockSource = "own", clock: int = 0, user: int = 0, zone: str = CHICAGO) -> LockedDay:
    """A closed day of December."""
    return locked_day(date(2025, 12, day), zone, source, clock, user)


def row(item: Shift = MORNING, key: int = 1, employee: int = 1) -> ClockTime:
    """The row of a shift."""
    return clock_time_of(employee, item.start, item.end, id=key)


def change(before: ClockTime | None, after: ClockTime | None, why: str = "why", **more: Any) -> Change:  # noqa: ANN401
    """A write for the morning's shift."""
    kind: ChangeKind = "create" if before is None else "delete" if after is None else "update"
    fields: dict[str, Any] = {"shift_id": "a", "user_id": ANA, "days": (SECOND, SECOND), **more}
    return Change(kind=kind, before=before, after=after, why=why, **fields)


# -- whose rows --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lock", "users", "clock", "holds"),
    [
        (closed(2), (), CLOCK, True),
        (closed(2, user=ANA), (ANA,), CLOCK, True),
        (closed(2, user=ANA), (BEN, ANA), None, True),
        (closed(2, user=ANA), (BEN,), CLOCK, False),
        (closed(2, user=ANA), (), CLOCK, False),
        (closed(2, clock=CLOCK), (BEN,), CLOCK, True),
        (closed(2, clock=CLOCK), (BEN,), 8, False),
        (closed(2, clock=CLOCK), (BEN,), None, True),
        (closed(2, clock=CLOCK, user=ANA), (ANA,), CLOCK, True),
        (closed(2, clock=CLOCK, user=ANA), (ANA,), 8, False),
        (closed(2, clock=CLOCK, user=ANA), (BEN,), CLOCK, False),
        (closed(1), (ANA,), CLOCK, False),
        (closed(3), (ANA,), CLOCK, False),
    ],
)
def test_a_day_may_be_closed_for_a_person_or_a_time_clock(
    lock: LockedDay, users: tuple[int, ...], clock: int | None, *, holds: bool
) -> None:
    """Where nobody knows the time clock, any may be meant; a day of everybody holds everybody."""
    locks = Locks([lock])
    assert locks.holding([row()], users=users, clock=clock) == ((lock,) if holds else ())
    is_of_all = not (lock.user_id or lock.time_clock_id)
    assert locks.at(MORNING.start) == (lock if holds and is_of_all else None)


def test_all_that_closes_a_day_is_found_in_one_order() -> None:
    """By its instants, what closed it, time clock and user; of the days of everybody, one. A missing image has none."""
    days = [
        closed(3),
        closed(2, "period"),
        closed(2),
        closed(2, "connecteam_lock", CLOCK, BEN),
        closed(2, "connecteam_lock", CLOCK, ANA),
        closed(2, "connecteam_lock", 5, ANA),
    ]
    images = [row(), None, row(shift("x", "3 08:00", "3 09:00"))]
    found = Locks(days).holding(images, users=(ANA, BEN))
    assert [(day.day.day, day.source, day.time_clock_id, day.user_id) for day in found] == [
        (2, "connecteam_lock", 5, ANA),
        (2, "connecteam_lock", CLOCK, ANA),
        (2, "connecteam_lock", CLOCK, BEN),
        (2, "own", 0, 0),
        (3, "own", 0, 0),
    ]
    assert Locks(days).holding([None]) == ()


def test_a_change_is_blocked_for_whoever_its_rows_are_of() -> None:
    """The user of its shift, every user of the employees before and after; without a shift any time clock counts."""
    users_of: dict[RowId, frozenset[int]] = {1: frozenset({ANA}), 2: frozenset({BEN, 103})}

    def blocked(lock: LockedDay, one: Change) -> bool:
        return Locks([lock]).blocking(one, users_of, clock=CLOCK) == (lock,)

    moved = change(row(), row(employee=2), user_id=None)
    assert blocked(closed(2, user=ANA), moved)
    assert blocked(closed(2, user=103), moved)
    assert not blocked(closed(2, user=104), moved)
    assert blocked(closed(2, user=104), msgspec.structs.replace(moved, user_id=104))
    elsewhere = closed(2, clock=8)
    assert not blocked(elsewhere, moved)
    assert blocked(elsewhere, msgspec.structs.replace(moved, shift_id=None))
    assert blocked(closed(2, clock=CLOCK), moved)
    stranger = change(row(employee=9), None, user_id=None)
    assert not blocked(closed(2, user=ANA), stranger)
    assert Locks([]).blocking(moved, users_of, clock=CLOCK) == ()


def test_where_days_of_zones_overlap_the_one_that_began_last_is_told() -> None:
    """One that began before it counts as long as it lasts, also behind a shorter one."""
    here, east = closed(2), closed(3, zone="Asia/Tokyo")
    both = Locks([here, east])
    evening = at("2 20:00")
    assert east.start < evening < here.end
    assert both.at(evening) == east
    assert both.at(east.start - 1) == here
    assert both.at(here.end - 1) == east
    assert both.at(here.end) == east
    assert both.at(east.end) is None
    assert both.at(here.start - 1) is None
    short = LockedDay(day=SECOND, timezone=CHICAGO, start=here.start + 60, end=here.start + 120)
    assert Locks([short, here]).at(here.start + 90) == short
    assert Locks([short, here]).at(here.start + 120) == here


# -- purged days -------------------------------------------------------------------------------------------------------


def test_days_of_a_window_that_were_purged_are_counted_once() -> None:
    """From its first to its last; other closed days are none of them."""
    days = [closed(day, "purged") for day in (1, 2, 11, 12)]
    twice = msgspec.structs.replace(days[1], user_id=5)
    assert left_out_text(WINDOW, [*days, twice, closed(5)]) == "3 days purged, and left as they are"
    one = Window(SECOND, SECOND, CHICAGO)
    assert left_out_text(one, days) == "1 day purged, and left as they are"
    assert left_out_text(WINDOW, [closed(5)]) == ""
    assert purged_of([closed(5), *days]) == tuple(days)


NIGHT = shift("n", "2 22:00", "3 06:00")
LATER = shift("l", "3 08:00", "3 12:00")


def test_nothing_of_a_purged_day_is_decided_or_remembered() -> None:
    """Its shifts, rows, breaks and records are left out; those of the days next to it stay."""
    pauses = tuple(
        Break(id=f"b{day}", user_id=ANA, time_clock_id=CLOCK, break_type_id="x", start=at(f"{day} 09:00"))
        for day in (2, 3)
    )
    bad = tuple(
        InvalidRecord(kind="shift", problem="p", value="v", activity_id=name, start=start)
        for name, start in (("x", at("2 09:00")), ("y", at("3 09:00")), ("z", None))
    )
    stored = msgspec.structs.replace(
        after_sync(MORNING, NIGHT, LATER),
        locked=(closed(2, "purged"), closed(3)),
        breaks=pauses,
        breaks_around=pauses,
    )
    answer = msgspec.structs.replace(said(MORNING, NIGHT, LATER, invalid_records=bad), breaks=pauses)
    kept_answer, kept = as_kept(answer, stored)
    assert [one.id for one in kept_answer.shifts] == ["l"]
    assert [one.id for one in kept_answer.breaks] == ["b3"]
    assert [one.activity_id for one in kept_answer.invalid_records] == ["y", "z"]
    assert [one.id for one in kept.rows] == [3]
    assert [one.shift.id for one in kept.mirrors] == ["l"]
    assert [one.id for one in kept.breaks] == [one.id for one in kept.breaks_around] == ["b3"]
    assert kept.locked == stored.locked


def test_what_reaches_across_the_border_of_a_purged_day_stays() -> None:
    """A shift that moved onto it, or away from it, with its row: it is held there, and its record is told."""
    onto = after_sync(msgspec.structs.replace(MORNING, start=LATER.start, end=LATER.end))
    moved_onto = msgspec.structs.replace(onto, locked=(closed(2, "purged"),))
    answer = said(MORNING, shift("new", "2 13:00", "2 14:00"))
    kept_answer, kept = as_kept(answer, moved_onto)
    assert [one.id for one in kept_answer.shifts] == ["a"]
    assert (len(kept.rows), len(kept.mirrors)) == (1, 1)
    # It is remembered on the purged day, with its row on another: the row stays, and so does what is remembered.
    stored = after_sync(MORNING)
    away = msgspec.structs.replace(
        stored, rows=(msgspec.structs.replace(stored.rows[0], clock_in=LATER.start),), locked=(closed(2, "purged"),)
    )
    bad = InvalidRecord(kind="shift", problem="p", value="v", activity_id="a", start=MORNING.start)
    kept_answer, kept = as_kept(said(MORNING, invalid_records=(bad,)), away)
    assert [one.id for one in kept_answer.shifts] == ["a"]
    assert kept_answer.invalid_records == (bad,)
    assert (len(kept.rows), len(kept.mirrors)) == (1, 1)
    # Remembered on another day, with its row on the purged one: the row is linked, and stays.
    back = msgspec.structs.replace(
        onto, rows=(msgspec.structs.replace(onto.rows[0], clock_in=MORNING.start),), locked=(closed(2, "purged"),)
    )
    assert [one.id for one in as_kept(said(), back)[1].rows] == [1]


def test_erased_people_have_no_name_and_nothing_else_changes() -> None:
    """Not even where Connecteam still tells it."""
    erased = User(id=ANA, first_name="Person", last_name="101").erased
    stored = msgspec.structs.replace(
        after_sync(MORNING), users={ANA: erased, BEN: User(id=BEN, first_name="B", last_name="")}
    )
    kept_answer, kept = as_kept(said(MORNING), stored)
    assert [one.name for one in kept_answer.users] == ["(erased)", "Person 102"]
    assert (kept_answer.shifts, kept) == ((MORNING,), stored)
    plain = StoredState(employees=EMPLOYEES)
    assert as_kept(said(MORNING), plain) == (said(MORNING), plain)


# -- how it is told ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", CLOSED_BY)
def test_each_kind_of_closed_day_has_its_word(source: LockSource) -> None:
    """With the day, and its zone where that is not the one of now."""
    lost = change(row(), None, "gone")
    assert unwritten_text(lost, closed(2, source), ZONE, {}) == (
        f"Tue 2 Dec 2025 {CLOSED_BY[source]}: 08:00-12:00 is not deleted, 4:00 h kept: gone"
    )
    away = unwritten_text(lost, closed(2, source, zone="Asia/Tokyo"), ZONE, {})
    assert away.startswith(f"Tue 2 Dec 2025 (Asia/Tokyo) {CLOSED_BY[source]}: ")


@pytest.mark.parametrize(
    ("one", "text", "unwritten"),
    [
        (
            change(None, row(), "new shift"),
            "a new row 08:00-12:00 (+4:00 h)",
            "a new row 08:00-12:00 (+4:00 h) is not written",
        ),
        (
            change(None, row(), "back again"),
            "a new row 08:00-12:00 (+4:00 h)",
            "a new row 08:00-12:00 (+4:00 h) is not written: back again",
        ),
        (
            change(row(), None, "gone"),
            "the deletion of 08:00-12:00 (-4:00 h)",
            "08:00-12:00 is not deleted, 4:00 h kept: gone",
        ),
        (
            change(row(), row(msgspec.structs.replace(MORNING, end=at("2 12:30"))), "clock-out corrected"),
            "clock-out 12:00 -> 12:30 (+0:30 h)",
            "clock-out 12:00 -> 12:30 (+0:30 h) is not written",
        ),
        (
            change(
                row(), row(msgspec.structs.replace(MORNING, end=at("2 12:00") + 9)), "edited in the table: restored"
            ),
            "clock-out 12:00:00 -> 12:00:09",
            "clock-out 12:00:00 -> 12:00:09 is not written: the row was edited in the table",
        ),
        (change(row(), row(), "job corrected"), "the same times", "the same times is not written"),
        (
            change(row(), msgspec.structs.replace(row(), total_minutes=None)),
            "minutes 240 -> open (-4:00 h)",
            "minutes 240 -> open (-4:00 h) is not written",
        ),
        (
            change(
                msgspec.structs.replace(row(), job=""), msgspec.structs.replace(row(), job="Cook", break_minutes=30)
            ),
            "job none -> Cook, break minutes none -> 30",
            "job none -> Cook, break minutes none -> 30 is not written",
        ),
        (
            change(row(), row(employee=2)),
            "moved from Ana to employee 2",
            "moved from Ana to employee 2 is not written",
        ),
    ],
)
def test_a_change_that_is_not_written_is_told_in_times(one: Change, text: str, unwritten: str) -> None:
    """Old and new ones, by how many hours the sum would have moved, and the reason where they do not show it."""
    assert change_text(one, ZONE, {1: "Ana"}) == text
    assert unwritten_text(one, closed(2), ZONE, {1: "Ana"}) == f"Tue 2 Dec 2025 is locked for payroll: {unwritten}"


def test_times_are_told_beside_the_day_on_which_the_row_began() -> None:
    """Also where it begins on another one now."""
    moved = change(row(), row(LATER))
    assert change_text(moved, ZONE, {}) == "clock-in 08:00 -> 08:00 (Wed 3 Dec), clock-out 12:00 -> 12:00 (Wed 3 Dec)"
    assert (start_of_day(SECOND, ZONE), end_of_day(SECOND, ZONE)) == (closed(2).start, closed(2).end)


def test_a_row_is_told_by_the_day_of_its_own_zone() -> None:
    """Eight in the morning in Tokyo is the evening before elsewhere."""
    tokyo = ZoneInfo("Asia/Tokyo")
    begin = start_of_day(SECOND, tokyo) + 8 * 3600
    morning = clock_time_of(1, begin, begin + 3600, id=1)
    assert change_text(change(morning, None), tokyo, {}) == "the deletion of 08:00-09:00 (-1:00 h)"

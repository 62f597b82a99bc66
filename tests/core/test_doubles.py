"""Which of several rows on one clock-in stays when a table is taken over, and what is left to a person.

Hours that were paid hang on this: the row that stays has a clock-out if any of them has a possible one.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from zoneinfo import ZoneInfo

import msgspec
import pytest
from test_plan import CHICAGO, EMPLOYEES, at, shift

from connecteam_sync.core.adopt import SHAPES, Dedupe, Group, Offset, dedupe, grouped, offset_rows
from connecteam_sync.core.clocktime import ClockTime, clock_time_of
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.locks import Locks
from connecteam_sync.core.window import locked_day

ZONE = ZoneInfo(CHICAGO)


def row(key: RowId, begin: str, end: str | None, employee: int = 1, source: str = "connecteam") -> ClockTime:
    """A row in local times of December."""
    made = clock_time_of(employee, at(begin), None if end is None else at(end), id=key)
    return msgspec.structs.replace(made, source=source)


def left(*rows: ClockTime, live: Mapping[RowId, str] | None = None, **more: object) -> Dedupe:
    """What is done about doubles among these rows."""
    return dedupe(grouped(rows), zone=ZONE, live=live or {}, **more)  # type: ignore[arg-type] # its own types


def done(decision: Dedupe) -> list[tuple[str, RowId | None]]:
    """The changes, in their order."""
    return [(change.kind, change.image.id) for change in decision.changes]


@pytest.mark.parametrize(
    ("outs", "sources", "shape"),
    [
        ((None, None), "cc", "all_open"),
        ((None, "2 12:00"), "cc", "one_open"),
        (("2 12:00", None, "2 13:00"), "ccc", "one_open"),
        (("2 12:00", "2 12:00"), "cc", "both_closed"),
        (("2 12:00", "2 13:00"), "cc", "different_clock_outs"),
        (("2 12:00", "2 12:00", "2 13:00"), "ccc", "different_clock_outs"),
        ((None, "2 12:00"), "cm", "manual_among"),
        (("2 12:00", "2 12:00"), "mc", "manual_among"),
    ],
)
def test_doubles_have_a_shape(outs: tuple[str | None, ...], sources: str, shape: str) -> None:
    """One row by hand among them is told before anything else."""
    words = {"c": "connecteam", "m": "manual"}
    pairs = enumerate(zip(outs, sources, strict=True), 1)
    assert Group(rows=tuple(row(key, "2 08:00", end, source=words[who]) for key, (end, who) in pairs)).shape == shape
    assert shape in SHAPES
    assert len(SHAPES) == 5


@pytest.mark.parametrize("keys", [(3, 20, 100), ("b", "c", "d")], ids=["numbers", "text"])
def test_rows_are_doubles_by_person_and_clock_in(keys: tuple[RowId, ...]) -> None:
    """In the order of persons, times and ids, whatever order they are read in; a row alone is none."""
    first, second, third = keys
    rows = [
        row(third, "3 08:00", "3 12:00"),
        row(first, "3 08:00", "3 12:00"),
        row(second, "3 08:00", None, employee=2),
        row(third, "3 08:00", None, employee=2),
        row(second, "2 08:00", "2 12:00"),
        row(third, "2 08:00", "2 12:00"),
        row(first, "4 08:00", "4 12:00"),
        row(first, "5 08:00", "5 12:00", employee=10),
        row(second, "5 08:00", "5 12:00", employee=10),
    ]
    expected = [[second, third], [first, third], [second, third], [first, second]]
    for order in (rows, rows[::-1]):
        assert [[each.id for each in group.rows] for group in grouped(order)] == expected


@pytest.mark.parametrize(
    ("outs", "live", "stays", "clock_out"),
    [
        ((None, "2 12:00"), {}, 2, "2 12:00"),
        (("2 12:00", "2 13:00"), {}, 1, "2 12:00"),
        (("2 12:00", "2 13:00"), {2: "s"}, 2, "2 13:00"),
        ((None, "2 12:00"), {1: "s"}, 1, "2 12:00"),
        ((None, "2 12:00", "2 13:00"), {1: "s"}, 1, "2 12:00"),
        (("2 07:00", None), {}, 1, "2 07:00"),
        (("2 07:00", "2 08:00"), {}, 2, "2 08:00"),
        ((None, "2 07:00"), {1: "s"}, 1, None),
        ((None, "2 07:00", "2 12:00"), {1: "s"}, 1, "2 12:00"),
        ((None, "2 08:00"), {1: "s"}, 1, "2 08:00"),
        ((None, None), {}, 1, None),
    ],
)
def test_the_row_of_a_live_shift_stays_else_one_with_a_possible_end(
    outs: tuple[str | None, ...], live: dict[RowId, str], stays: int, clock_out: str | None
) -> None:
    """Else the lowest id. A row that lacks an end inherits one that is not before the beginning: no hour is lost."""
    rows: dict[RowId, ClockTime] = {key: row(key, "2 08:00", end) for key, end in enumerate(outs, 1)}
    decision = left(*rows.values(), live=live)
    table = dict(rows)
    for change in decision.changes:
        assert change.before == table.pop(change.image.id or 0)
        if change.after is not None:
            table[stays] = change.after
    assert table == {stays: clock_time_of(1, at("2 08:00"), at(clock_out) if clock_out else None, id=stays)}
    assert decision.survivors == {key: stays for key in rows if key != stays}
    assert decision.holds == ()


def test_what_takes_the_place_of_a_row_says_why() -> None:
    """Each change has the shift that its row is linked to, its days, and a reason that names the right rows."""
    decision = left(row(4, "2 22:00", None), row(5, "2 22:00", None), row(6, "2 22:00", "3 06:00"), live={4: "s"})
    second, third = date(2025, 12, 2), date(2025, 12, 3)
    assert [(change.why, change.shift_id, change.user_id, change.days) for change in decision.changes] == [
        ("row 5 is a double of row 4", None, None, (second, second)),
        ("row 4 takes the clock-out of its double, row 6", "s", None, (second, third)),
        ("row 6 is a double of row 4", None, None, (second, third)),
    ]


def test_an_inherited_end_brings_its_minutes_of_breaks() -> None:
    """They follow from the end; the name of the job does not, and stays."""
    here = msgspec.structs.replace(row(1, "2 08:00", None), job="Porter")
    there = msgspec.structs.replace(row(2, "2 08:00", "2 12:00"), job="Cook", break_minutes=30, net_minutes=210)
    after = left(here, there, live={1: "s"}).changes[0].after
    assert after is not None
    assert (after.job, after.break_minutes, after.net_minutes, after.total_minutes) == ("Porter", 30, 210, 240)


def test_changes_come_by_day_person_and_time() -> None:
    """Whatever order the groups are read in."""
    rows = [
        row(key, begin, end, employee)
        for key, (begin, end, employee) in enumerate(
            [
                ("3 08:00", "3 12:00", 1),
                ("3 08:00", "3 12:00", 1),
                ("2 08:00", "2 12:00", 10),
                ("2 08:00", "2 12:00", 10),
                ("2 14:00", "2 16:00", 2),
                ("2 14:00", "2 16:00", 2),
                ("2 08:00", "2 12:00", 2),
                ("2 08:00", "2 12:00", 2),
                ("2 08:00", "2 12:00", 2),
            ],
            1,
        )
    ]
    expected = [("delete", 8), ("delete", 9), ("delete", 6), ("delete", 4), ("delete", 2)]
    same_key = [row(1, "2 08:00", None), row(2, "2 08:00", None), row(3, "2 08:00", "2 12:00")]
    assert done(left(*same_key, live={1: "s"})) == [("update", 1), ("delete", 2), ("delete", 3)]
    text = [row("b", "2 08:00", None), row("a", "2 08:00", None), row("c", "2 08:00", None)]
    assert done(left(*text)) == [("delete", "b"), ("delete", "c")]
    for groups in (grouped(rows), grouped(rows)[::-1]):
        assert done(dedupe(groups, zone=ZONE, live={})) == expected


def test_a_group_that_is_held_keeps_its_rows_and_stops_no_other() -> None:
    """Rows by hand, locked days and rows that others point at are left to a person, each with its reason."""
    rows = [
        row(1, "2 08:00", "2 12:00"),
        row(2, "2 08:00", "2 12:00", source="manual"),
        row(3, "3 08:00", "3 12:00"),
        row(4, "3 08:00", "3 12:00"),
        row(5, "4 08:00", "4 12:00", employee=2),
        row(6, "4 08:00", "4 12:00", employee=2),
        row(7, "5 08:00", "5 12:00"),
        row(8, "5 08:00", "5 12:00"),
    ]
    locks = Locks((locked_day(date(2025, 12, 3), CHICAGO),))
    decision = left(*rows, locks=locks, immovable={6: "an invoice points at row 6", 7: "an invoice points at row 7"})
    assert done(decision) == [("delete", 8)]
    assert decision.survivors == {8: 7}
    assert [
        (hold.reason, hold.subject, hold.clock_time_id, hold.employee_id, hold.instant) for hold in decision.holds
    ] == [
        ("manual_row", "row:1", 1, 1, at("2 08:00")),
        ("locked_day", "row:3", 3, 1, at("3 08:00")),
        ("child_row", "row:5", 5, 2, at("4 08:00")),
    ]
    assert [hold.detail for hold in decision.holds] == [
        (
            "rows 1 (connecteam), 2 (manual) share a clock-in, and rows entered by hand are never removed:"
            " delete the one that is wrong"
        ),
        (
            "rows 3 (connecteam), 4 (connecteam) share a clock-in on Wed 3 Dec 2025, which is locked:"
            " unlock it, or leave the key for later"
        ),
        "rows 5 (connecteam), 6 (connecteam) share a clock-in: an invoice points at row 6",
    ]


# -- local time that was stored as if it were UTC ----------------------------------------------------------------------

MORNING = shift("a", "2 08:00", "2 12:00")


@pytest.mark.parametrize(
    ("hours", "minutes"),
    [(-6, 360), (6, -360), (-5, 300), (5, -300), (-7, None), (0, None)],
    ids=["this offset", "the other way", "that of summer", "the other way of summer", "no offset", "right"],
)
def test_a_row_at_the_zones_offset_from_its_shift_is_found(hours: int, minutes: int | None) -> None:
    """In either direction, with the offset of now or of half a year away."""
    wrong = msgspec.structs.replace(row(1, "2 08:00", "2 12:00"), clock_in=at("2 08:00") + hours * 3600)
    [*found] = offset_rows([wrong], [MORNING], EMPLOYEES, ZONE)
    assert found == ([] if minutes is None else [Offset(row=wrong, shift=MORNING, minutes=minutes)])
    assert all(isinstance(one.minutes, int) for one in found)


def test_an_offset_is_one_of_the_zone_around_that_day() -> None:
    """Half of the year it is that of summer; a zone of one offset has no other."""
    wrong = msgspec.structs.replace(row(1, "2 08:00", "2 12:00"), clock_in=at("2 08:00") - 9 * 3600)
    tokyo = ZoneInfo("Asia/Tokyo")
    assert [one.minutes for one in offset_rows([wrong], [MORNING], EMPLOYEES, tokyo)] == [540]
    by_summer = msgspec.structs.replace(wrong, clock_in=at("2 08:00") - 5 * 3600)
    assert offset_rows([by_summer], [MORNING], EMPLOYEES, tokyo) == ()
    utc = ZoneInfo("UTC")
    assert offset_rows([wrong], [MORNING], EMPLOYEES, utc) == ()


def test_only_rows_of_ours_of_the_same_person_are_looked_at() -> None:
    """A row by hand is nobody's mistake, nor is a colleague's."""
    wrong = msgspec.structs.replace(row(1, "2 08:00", "2 12:00"), clock_in=at("2 02:00"))
    by_hand = msgspec.structs.replace(wrong, source="manual")
    assert len(offset_rows([wrong], [MORNING], EMPLOYEES, ZONE)) == 1
    assert offset_rows([by_hand], [MORNING], EMPLOYEES, ZONE) == ()
    assert offset_rows([msgspec.structs.replace(wrong, employee_id=2)], [MORNING], EMPLOYEES, ZONE) == ()
    own = shift("b", "2 02:00", "2 06:00")
    assert offset_rows([wrong], [MORNING, own], EMPLOYEES, ZONE) == ()

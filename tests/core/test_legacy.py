"""The old algorithm's golden cases: faithful, wrong results included. Local Chicago times of 2 December 2025."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from connecteam_sync.core.clocktime import ClockTime, clock_time_of
from connecteam_sync.core.legacy import LegacyTable
from connecteam_sync.core.shift import Shift

ZONE = ZoneInfo("America/Chicago")
Line = tuple[str, str | None]


def at(clock: str, day: str = "2025-12-02") -> int:
    """An instant from a local time of day; `+` before it is the day after, another date may stand before a blank."""
    if " " in clock:
        day, clock = clock.split()
    return int(datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=ZONE).timestamp())


def told(number: int, line: Line) -> Shift:
    """A shift upstream."""
    start, end = line
    return Shift(id=f"s{number}", user_id=9, time_clock_id=1, start=at(start), end=at(end) if end else None)


def life(
    stored: list[Line],
    arriving: list[Line],
    *,
    now: str = "2025-12-20 12:00",
    has_key: bool = False,
    knows_zones: bool = True,
) -> tuple[list[bool], LegacyTable]:
    """What each arriving shift answered, and the table afterwards."""
    rows = [
        clock_time_of(1, at(start), at(end) if end else None, id=number)
        for number, (start, end) in enumerate(stored, start=1)
    ]
    table = LegacyTable(rows, ZONE, now=at(now), has_key=has_key, knows_zones=knows_zones)
    return [table.sync_one(1, told(number, line)) for number, line in enumerate(arriving)], table


def shown(table: LegacyTable) -> list[Line]:
    """The rows as local times."""

    def clock(instant: int | None) -> str | None:
        return None if instant is None else datetime.fromtimestamp(instant, ZONE).strftime("%H:%M")

    return sorted((str(clock(row.clock_in)), clock(row.clock_out)) for row in table.rows)


@pytest.mark.parametrize(
    ("stored", "arriving", "left"),
    [
        pytest.param([], [("08:00", "12:00"), ("14:00", "18:00")], [("14:00", "18:00")], id="G1"),
        pytest.param([], [("14:00", "18:00"), ("08:00", "12:00")], [("08:00", "12:00")], id="G2"),
        pytest.param([("08:00", "12:00")], [("08:00", "12:00"), ("14:00", None)], [("14:00", "12:00")], id="G3"),
        pytest.param([], [("08:00", "12:00"), ("13:00", "17:00")], [("08:00", "12:00"), ("13:00", "17:00")], id="G4"),
        pytest.param([], [("06:00", "11:30"), ("12:00", "17:30")], [("12:00", "17:30")], id="G5"),
        pytest.param([("13:00", "17:00")], [("08:00", "11:00"), ("13:00", "17:00")], [("13:00", "17:00")], id="G6"),
        pytest.param([], [("08:00", "08:02"), ("08:04", "17:00")], [("08:00", "08:02")], id="G7"),
        pytest.param([], [("08:00", "12:00"), ("12:04", "17:00")], [("08:00", "12:00")], id="G8"),
        pytest.param([("08:00", "17:00")], [("08:00", "16:30")], [("08:00", "17:00")], id="G9"),
        pytest.param([("08:00", "17:00")], [("08:15", "17:00")], [("08:00", "17:00")], id="G10"),
        pytest.param([("08:00", None)], [("08:03", "17:00")], [("08:00", "17:00")], id="G11"),
        pytest.param([("08:00", "17:00")], [("14:00", "17:00")], [("14:00", "17:00")], id="G12"),
        pytest.param([("08:00", "17:00")], [("08:00", None)], [("08:00", "17:00")], id="G13"),
        pytest.param([("13:00", None)], [("08:00", "11:00")], [("13:00", None)], id="G14"),
    ],
)
def test_a_golden_case(stored: list[Line], arriving: list[Line], left: list[Line]) -> None:
    """What the table holds afterwards."""
    assert shown(life(stored, arriving)[1]) == left


def test_g1_rewrites_the_row_at_every_repeat() -> None:
    """False, then True; again True and True, and the row is the afternoon's with its minutes."""
    day: list[Line] = [("08:00", "12:00"), ("14:00", "18:00")]
    said, table = life([], day)
    assert said == [False, True]
    assert [table.sync_one(1, told(n, line)) for n, line in enumerate(day)] == [True, True]
    assert [(row.total_minutes, row.is_active) for row in table.rows] == [(240, False)]


def test_g15_an_open_row_of_today_gets_a_clock_out_before_its_clock_in() -> None:
    """15:00 to 14:00, minus sixty minutes."""
    _, table = life([("15:00", None)], [("13:00", "14:00")], now="15:30")
    assert shown(table) == [("15:00", "14:00")]
    assert table.rows[0].total_minutes == -60


def test_g16_a_forgotten_open_row_swallows_a_shift() -> None:
    """0:30 to 14:00, 810 minutes; 13 to 14 is never stored."""
    _, table = life([("00:30", None)], [("13:00", "14:00")], now="15:30")
    assert shown(table) == [("00:30", "14:00")]
    assert table.rows[0].total_minutes == 810


def test_g17_excepted_a_manual_row_is_not_seen() -> None:
    """Under every planner rows that are not ours are safe."""
    manual = ClockTime(
        id=1, employee_id=1, clock_in=at("08:01"), clock_out=None, total_minutes=None, is_active=True, source="manual"
    )
    table = LegacyTable([manual], ZONE, now=at("20:00"))
    assert table.sync_one(1, told(1, ("08:00", "17:00"))) is False
    assert shown(table) == [("08:00", "17:00")]


def test_g18_a_row_stored_five_hours_early_stays_in_summer() -> None:
    """The right shift is dropped: it does not follow the wrong row."""
    summer: list[Line] = [("2025-07-02 03:00", "2025-07-02 11:00")]
    _, table = life(summer, [("2025-07-02 08:00", "2025-07-02 16:00")])
    assert shown(table) == [("03:00", "11:00")]


def test_g19_a_row_on_the_previous_day_is_doubled() -> None:
    """4:45 stored as if it were UTC is 22:45 of the day before."""
    _, table = life([("2025-12-01 22:45", "2025-12-02 07:00")], [("04:45", "13:00")])
    assert len(table.rows) == 2


def test_g20_the_only_case_the_rule_was_made_for() -> None:
    """9 to 17 stored as if it were UTC is corrected in place."""
    _, table = life([("03:00", "11:00")], [("09:00", "17:00")])
    assert shown(table) == [("09:00", "17:00")]


def test_g21_a_fresh_open_shift_begins_with_zero_minutes() -> None:
    """And has the floor of its minutes at later syncs."""
    _, table = life([], [("08:00", None)], now="10:30")
    assert [row.total_minutes for row in table.rows] == [0]
    table.sync_one(1, told(0, ("08:00", None)))
    assert [row.total_minutes for row in table.rows] == [150]


def test_g22_without_zone_tables_every_sync_doubles() -> None:
    """Open, open, closed: three rows of one shift."""
    _, table = life([], [("08:00", None), ("08:00", None), ("08:00", "17:00")], knows_zones=False)
    assert len(table.rows) == 3


def test_with_the_unique_key_a_double_is_refused() -> None:
    """Error 1062 reads as "updated"."""
    said, table = life([], [("08:00", None), ("08:00", "17:00")], knows_zones=False, has_key=True)
    assert said == [False, True]
    assert len(table.rows) == 1

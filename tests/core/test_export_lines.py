"""The lines of an export and the long CSV, from made-up rows: breaks, corrections, cells that look like formulas."""

from __future__ import annotations

import csv
import io
from datetime import date
from typing import Any

import pytest

from connecteam_sync.core.breaks import Breaks, ShiftOfRow, has_unknown_break, unpaid_minutes
from connecteam_sync.core.clocktime import ClockTime
from connecteam_sync.core.corrections import Correction
from connecteam_sync.core.export_lines import COLUMNS, ExportInputs, export_lines, harmless, long_csv
from connecteam_sync.core.shift import Break, Times
from connecteam_sync.core.window import Window, start_of_day

DAYS = Window(date(2025, 3, 30), date(2025, 3, 31), "Europe/Berlin")
EIGHT = start_of_day(date(2025, 3, 31), DAYS.zone) + 8 * 3600
UNPAID, PAID, UNKNOWN = "unpaid", "paid", "unknown"
SHIFT = ShiftOfRow("s1", 7, 1, "job-9")


def row(employee: int, clock_in: int, minutes: int, **more: Any) -> ClockTime:  # noqa: ANN401 - any field
    """A closed row of ours."""
    fields: dict[str, Any] = {"id": employee, "is_active": False, "total_minutes": minutes, **more}
    return ClockTime(employee_id=employee, clock_in=clock_in, clock_out=clock_in + minutes * 60, **fields)


def breaks(*spans: tuple[int, int | None, str]) -> Breaks:
    """Breaks of the shift, in minutes after its begin."""
    made = [
        Break(str(n), 7, 1, kind, EIGHT + begin * 60, end=None if end is None else EIGHT + end * 60)
        for n, (begin, end, kind) in enumerate(spans)
    ]
    return Breaks({(7, 1): made}, {(1, UNPAID): False, (1, PAID): True, (1, UNKNOWN): None})


def times(minutes: int) -> Times:
    """From eight on."""
    return Times(clock_in=EIGHT, clock_out=EIGHT + minutes * 60)


def correction(number: int, before: Times | None, after: Times | None, **more: Any) -> Correction:  # noqa: ANN401
    """A correction of the shift of employee 1, accepted."""

    def minutes(of: Times | None) -> int:
        return 0 if of is None or of.clock_out is None else (of.clock_out - of.clock_in) // 60

    fields: dict[str, Any] = {
        "number": number,
        "subject": "shift:s1",
        "shift_id": "s1",
        "clock_time_id": 1,
        "user_id": 7,
        "time_clock_id": 1,
        "employee_id": 1,
        "day": date(2025, 3, 31),
        "timezone": DAYS.timezone,
        "kind": "changed",
        "minutes_before": minutes(before),
        "minutes_after": minutes(after),
        "before": before,
        "after": after,
        "state": "accepted",
    }
    return Correction(**{**fields, **more})


def inputs(**more: Any) -> ExportInputs:  # noqa: ANN401 - any member
    """Nobody works, unless more is said."""
    fields: dict[str, Any] = {"window": DAYS, "rows": (), "shifts": {}, "breaks": breaks(), "names": {}}
    return ExportInputs(**{**fields, **more})


@pytest.mark.parametrize(
    ("spans", "minutes"),
    [
        ([], 0),
        ([(60, 90, UNPAID)], 30),
        ([(60, 90, PAID)], 0),
        ([(60, 90, UNPAID), (80, 100, UNPAID), (70, 75, UNPAID)], 40),
        ([(80, 100, UNPAID), (60, 90, UNPAID)], 40),
        ([(-30, 10, UNPAID), (470, 500, UNPAID)], 20),
        ([(450, None, UNPAID)], 30),
        ([(-60, -10, UNPAID), (480, 500, UNPAID)], 0),
        ([(-20_000, 30, UNPAID)], 0),
        ([(60, 90, PAID), (80, 100, UNPAID)], 20),
    ],
)
def test_unpaid_breaks(spans: list[tuple[int, int | None, str]], minutes: int) -> None:
    """Their union inside the shift, in whatever order they are remembered."""
    assert unpaid_minutes(SHIFT, times(480), breaks(*spans)) == minutes


def test_a_break_of_an_unknown_type() -> None:
    """It is not taken off, and is told."""
    found = breaks((60, 90, UNKNOWN))
    assert has_unknown_break(SHIFT, times(480), found)
    assert not has_unknown_break(SHIFT, times(30), found)
    assert not has_unknown_break(SHIFT, times(480), breaks((-30, -10, UNKNOWN)))
    assert not has_unknown_break(None, times(480), found)
    assert unpaid_minutes(SHIFT, times(480), found) == 0


def test_people_in_order_and_corrections_last() -> None:
    """By employee, then by clock-in."""
    rows = [row(10, EIGHT, 60), row(2, EIGHT + 60, 60), row(2, EIGHT, 60, id=3)]
    lines = export_lines(inputs(rows=rows, corrections=[correction(5, times(60), times(45), employee_id=2)]))
    assert [(line.employee_id, line.clock_in, line.correction) for line in lines] == [
        (2, EIGHT, None),
        (2, EIGHT + 60, None),
        (2, EIGHT, 5),
        (10, EIGHT, None),
    ]
    assert [line.employee_id for line in export_lines(inputs(rows=rows), without={2})] == [10]


def test_breaks_of_corrections() -> None:
    """What was taken before counts, by a file of then or by this one; where no file says, what is remembered does."""
    made = [correction(1, times(480), times(500)), correction(2, times(500), None, kind="removed")]
    common = {"shifts_by_id": {"s1": SHIFT}, "breaks": breaks((60, 90, UNPAID))}

    def taken(**more: Any) -> list[int]:  # noqa: ANN401 - any member
        return [line.break_minutes for line in export_lines(inputs(**common, **more))]

    assert taken(corrections=made) == [0, -30]
    assert taken(corrections=made, paid_breaks={1: 45, 2: 45}) == [-15, -30]
    assert taken(corrections=[correction(3, None, times(480), kind="added")], paid_breaks={3: 0}) == [30]
    assert [(line.minutes, line.net_minutes) for line in export_lines(inputs(corrections=made, **common))] == [
        (20, 20),
        (-500, -470),
    ]


def test_breaks_of_several_corrections_of_one_shift_in_one_file() -> None:
    """Each counts from what all of those before it in this very file have taken off, not from the last one alone."""
    longer = [correction(1, times(480), times(500)), correction(2, times(500), times(520))]
    made = [*longer, correction(3, times(520), None, kind="removed")]
    common = {"shifts_by_id": {"s1": SHIFT}, "breaks": breaks((60, 90, UNPAID)), "paid_breaks": {1: 10, 2: 10, 3: 10}}
    assert [line.break_minutes for line in export_lines(inputs(corrections=made, **common))] == [20, 0, -30]


def test_a_shift_of_a_purged_day_goes_with_all_that_its_corrections_took_off() -> None:
    """Also with what one took off that the file before had, which this one repeats."""
    made = [correction(1, times(480), times(500)), correction(2, times(500), None, kind="removed")]
    known = {"paid_breaks": {1: 30, 2: 30}, "paid_corrections": {1: 15}, "forgotten": {1, 2}}
    lines = export_lines(inputs(corrections=made, shifts_by_id={"s1": SHIFT}, **known))
    assert [line.break_minutes for line in lines] == [15, -45]


def written(name: str, **more: Any) -> list[dict[str, str]]:  # noqa: ANN401 - any argument
    """The records of a row of a person with this name, as a reader of CSV finds them."""
    lines = export_lines(inputs(rows=[row(1, EIGHT - 86_400 - 6 * 3600, 300)], names={1: name}))
    text = "".join(long_csv(lines, DAYS, is_draft=bool(more.get("draft"))))
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_a_night_in_which_the_clocks_change() -> None:
    """Elapsed minutes, and the offset of each time."""
    [found] = written("Ida")
    assert tuple(found) == COLUMNS
    assert (found["clock_in_utc"], found["clock_in_local"]) == ("2025-03-30T00:00:00Z", "2025-03-30T01:00:00+01:00")
    assert (found["clock_out_local"], found["minutes"]) == ("2025-03-30T07:00:00+02:00", "300")
    assert found["first_day"] == "2025-03-30"


@pytest.mark.parametrize("name", ["Ana, Bo", 'the "boss"', "two\nlines", "\u05d3\u05e0\u05d4", "", "'quoted"])
def test_any_name_comes_back(name: str) -> None:
    """Whatever is in it."""
    assert written(name)[0]["name"] == name


@pytest.mark.parametrize("first", [*"=+-@\t\r\n", "\uff1d"])
def test_a_name_is_no_formula(first: str) -> None:
    """Nor is a number a text."""
    assert written(f"{first}SUM(A1)")[0]["name"] == f"'{first}SUM(A1)"
    assert harmless(-5) == -5


def test_half_a_character() -> None:
    """No file can hold it."""
    assert written("a\ud800b")[0]["name"] == "a?b"


def test_each_line_of_a_draft_says_so() -> None:
    """Before its source."""
    assert written("Ida", draft=True)[0]["source"] == "draft connecteam"
    assert written("Ida")[0]["source"] == "connecteam"

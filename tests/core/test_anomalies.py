"""What is told of rows that are mirrored as they are; and how people are found by what somebody types."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connecteam_sync.core.anomalies import ANOMALY_KINDS, Anomaly, AnomalyLimits, anomalies
from connecteam_sync.core.clocktime import ClockTime, Employee, clock_time_of
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.name_search import folded, matching
from connecteam_sync.core.text import one_line
from connecteam_sync.core.window import Window

WINDOW = Window(date(2025, 12, 1), date(2025, 12, 3), "America/Chicago")
DAY = WINDOW.start_utc
NOW = WINDOW.end_utc + 3600


def row(key: int, begin: float, end: float | None, employee: int = 1) -> ClockTime:
    """A row in hours after the first midnight."""
    until = None if end is None else DAY + round(end * 3600)
    return clock_time_of(employee, DAY + round(begin * 3600), until, id=key)


def told(*rows: ClockTime, auto: tuple[int, ...] = (), **limits: int) -> list[tuple[str, int, list[RowId | None], int]]:
    """(kind, day of December, rows, minutes) of each."""
    found = anomalies(WINDOW, rows, auto_clock_outs=frozenset(auto), now=NOW, limits=AnomalyLimits(**limits))
    return [(one.kind, one.day.day, [r.id for r in one.rows], one.minutes) for one in found]


def test_ordinary_days_are_not_odd() -> None:
    """Split days, nights, shifts that meet, sixteen hours to the minute, two people at once."""
    assert told(row(1, 8, 12), row(2, 12, 16), row(3, 22, 30), row(4, 8, 24, employee=2), row(5, 30, 40)) == []


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([row(1, 8, 16), row(2, 12, 14)], ("overlap", 1, [1, 2], 120)),
        ([row(1, 8, 16), row(2, 15.5, 18)], ("overlap", 1, [1, 2], 30)),
        ([row(1, 8, None), row(2, 32, 40)], ("overlap", 2, [1, 2], 0)),
        ([row(1, 8, 16), row(2, 12, None)], ("overlap", 1, [1, 2], 240)),
        ([row(1, 8, 16), row(2, 8.1, 16)], ("near_double", 1, [1, 2], 6)),
        ([row(1, 8, 8.05), row(2, 8.1, 16)], ("near_double", 1, [1, 2], 6)),
        ([row(2, 8, 16), row(1, 8, 15)], ("near_double", 1, [1, 2], 0)),
        ([row(1, 8, 24.1)], ("long_shift", 1, [1], 966)),
        ([row(1, 8, 8.01)], ("zero_minutes", 1, [1], 0)),
        ([row(1, 0, 9), row(2, 9, 16), row(3, 16, 16.5)], ("long_day", 1, [1, 2, 3], 990)),
        ([row(1, 22, 34), row(2, 34, 44)], None),
        ([row(1, -1, 1), row(2, 0.5, 4)], ("overlap", 1, [1, 2], 30)),
        ([row(1, 0.5, 4), row(2, -1, 3)], ("overlap", 1, [2, 1], 150)),
        ([row(1, -20, -10), row(2, -15, -9)], None),
        ([row(1, 80, 90), row(2, 85, 86)], None),
    ],
)
def test_each_kind_is_told(rows: list[ClockTime], expected: tuple[str, int, list[int], int] | None) -> None:
    """Once, with its day and minutes; nothing of days outside of the window."""
    assert [one for one in told(*rows) if one[0] != "open_too_long"] == ([expected] if expected else [])


def test_a_clock_out_by_connecteam_itself_is_told() -> None:
    """It is stored with the shift."""
    assert told(row(1, 8, 16), row(2, 32, 40), auto=(2,)) == [("auto_clock_out", 2, [2], 480)]


def test_an_open_shift_is_told_once_it_is_old_wherever_it_began() -> None:
    """Also one of long before the window; not one of today, nor one of after it."""
    found = told(row(1, -5000, None), row(2, 71, None, employee=2), row(3, 80, None, employee=3))
    assert [(kind, rows) for kind, _, rows, _ in found] == [("open_too_long", [1])]
    assert found[0][3] == (5000 + 73) * 60
    assert told(row(1, 8, None), open_days=3) == []
    assert told(row(1, 72.5, None), open_days=0) == []
    assert [kind for kind, *_ in told(row(1, 71.5, None), open_days=0)] == ["open_too_long"]


def test_a_shift_may_be_open_for_two_days_to_the_second() -> None:
    """Its age is told in whole minutes, on the local day on which it began, however late in the evening."""
    second = 1 / 3600
    assert told(row(1, 25, None)) == []
    assert told(row(1, 25 - second, None)) == [("open_too_long", 2, [1], 2880)]
    assert told(row(1, 20, None)) == [("open_too_long", 1, [1], 53 * 60)]


def test_a_window_begins_with_its_first_second_and_ends_before_its_last_midnight() -> None:
    """What begins on that midnight belongs to the next days, whatever it overlaps."""
    assert told(row(1, -1, 1), row(2, 0, 4)) == [("overlap", 1, [1, 2], 60)]
    assert told(row(1, 0, 17)) == [("long_shift", 1, [1], 1020)]
    assert told(row(1, 72, 90), row(2, 72, 73, employee=2), auto=(2,)) == []
    assert told(row(1, 71, 75), row(2, 72, 73)) == []
    assert told(row(1, 72, None), open_days=0) == []


def test_what_is_told_without_any_choice() -> None:
    """Ten minutes apart are near, eleven are not; sixteen hours are a day's work, a minute more is not."""
    assert told(row(1, 8, 9), row(2, 8 + 10 / 60, 12)) == [("near_double", 1, [1, 2], 10)]
    assert [kind for kind, *_ in told(row(1, 8, 9), row(2, 8 + 11 / 60, 12))] == ["overlap"]
    assert told(row(1, 0, 16)) == []
    assert told(row(1, 0, 16 + 1 / 60)) == [("long_shift", 1, [1], 961)]
    assert told(row(1, 0, 8), row(2, 8, 16 + 1 / 60)) == [("long_day", 1, [1, 2], 961)]


def test_limits_are_kept_to_the_second() -> None:
    """Five seconds more than ten minutes apart are not near; sixteen hours that Connecteam ended are not long."""
    assert told(row(1, 8, 8.05), row(2, 8 + 605 / 3600, 12)) == []
    assert [kind for kind, *_ in told(row(1, 8, 9), row(2, 8 + 605 / 3600, 12))] == ["overlap"]
    assert told(row(1, 0, 16), auto=(1,)) == [("auto_clock_out", 1, [1], 960)]


def test_each_finding_is_of_its_person() -> None:
    """Of every kind; the list of kinds is the one that the reference explains."""
    rows = [
        *(row(1, 0, 17), row(2, 30, 30)),
        *(row(3, 8, 10, 2), row(4, 9, 11, 2)),
        *(row(5, 8, 9, 3), row(6, 8.1, 9, 3)),
        *(row(7, 0, 9, 4), row(8, 9, 18, 4), row(9, 8, None, 5)),
    ]
    found = anomalies(WINDOW, rows, auto_clock_outs={3}, now=NOW, limits=AnomalyLimits())
    assert {(one.employee_id, one.kind) for one in found} == {
        (1, "long_shift"),
        (1, "zero_minutes"),
        (2, "auto_clock_out"),
        (2, "overlap"),
        (3, "near_double"),
        (4, "long_day"),
        (5, "open_too_long"),
    }
    assert {one.kind for one in found} == set(ANOMALY_KINDS)


def test_lengths_are_whole_minutes() -> None:
    """Rounded down, as those of rows."""
    assert told(row(1, 8, 9.999), row(2, 9, 12)) == [("overlap", 1, [1, 2], 59)]
    assert told(row(1, 8, 9), row(2, 8.099, 12)) == [("near_double", 1, [1, 2], 5)]


def test_of_shifts_that_end_together_the_first_is_named() -> None:
    """One that began later and ends no later takes its place in no pair."""
    found = told(row(1, 0, 10), row(2, 1, 10), row(3, 2, 3), row(4, 4, 5))
    assert [rows for kind, _, rows, _ in found if kind == "overlap"] == [[1, 2], [2, 3], [1, 3], [1, 4]]


def test_limits_are_limits() -> None:
    """Other hours, other minutes."""
    assert told(row(1, 8, 17), longest_minutes=8 * 60) == [("long_shift", 1, [1], 540)]
    assert told(row(1, 8, 9), row(2, 9.4, 12), near_minutes=90) == [("near_double", 1, [1, 2], 84)]
    for near, kind in ((31, "near_double"), (30, "near_double"), (29, "overlap")):
        assert [one[0] for one in told(row(1, 8, 16), row(2, 8.5, 16), near_minutes=near)] == [kind]
    assert told(row(1, 8, 9), row(2, 8, 9, employee=2), near_minutes=90) == []
    assert told(row(1, 8, 8.1), row(2, 8.5, 16), near_minutes=30) == [("near_double", 1, [1, 2], 30)]


def test_one_long_shift_is_no_long_day() -> None:
    """Whatever was worked on other days."""
    found = told(row(1, 0, 17), row(2, 25, 26), row(3, 27, 28))
    assert [(kind, rows) for kind, _, rows, _ in found] == [("long_shift", [1])]


def test_a_shift_is_compared_with_the_one_that_lasts_longest_before_it() -> None:
    """Not only with its neighbour: a short one in between hides nothing."""
    found = told(row(1, 0, 15), row(2, 1, 2), row(3, 14, 15))
    assert [(kind, rows) for kind, _, rows, _ in found] == [
        ("overlap", [1, 2]),
        ("long_day", [1, 2, 3]),
        ("overlap", [1, 3]),
    ]


SPANS = st.lists(
    st.tuples(st.integers(1, 2), st.integers(-600, 5000), st.none() | st.integers(0, 900)), max_size=12, unique=True
)


@settings(max_examples=300, deadline=None)
@given(SPANS)
def test_every_row_of_the_window_that_overlaps_is_told(spans: list[tuple[int, int, int | None]]) -> None:
    """Against all pairs; and no more pairs than twice the rows, however many overlap."""
    rows = [
        clock_time_of(who, DAY + begin * 60, None if long is None else DAY + (begin + long) * 60, id=key)
        for key, (who, begin, long) in enumerate(spans, 1)
    ]
    found = anomalies(WINDOW, rows, auto_clock_outs=frozenset(), now=NOW, limits=AnomalyLimits(near_minutes=0))
    pairs = [one for one in found if one.kind in {"overlap", "near_double"}]
    assert len(pairs) <= 2 * len(rows)
    assert all(_overlap(*one.rows) for one in pairs)
    later = {one.rows[1].id for one in pairs}
    for one in rows:
        before = [r for r in rows if r.employee_id == one.employee_id and (r.clock_in, r.id) < (one.clock_in, one.id)]
        if WINDOW.holds(one.clock_in) and any(r.clock_out is not None and r.clock_out > one.clock_in for r in before):
            assert one.id in later


def _overlap(first: ClockTime, second: ClockTime) -> bool:
    return first.clock_in == second.clock_in or first.clock_out is None or first.clock_out > second.clock_in


def test_they_come_by_day_and_person() -> None:
    """Whatever the order of the rows."""
    rows = [row(1, 56, 56), row(2, 8, 8, employee=2), row(3, 9, 9)]
    expected = [("zero_minutes", 1, [3], 0), ("zero_minutes", 1, [2], 0), ("zero_minutes", 3, [1], 0)]
    assert told(*rows) == told(*reversed(rows)) == expected
    assert isinstance(anomalies(WINDOW, rows, auto_clock_outs=(), now=NOW, limits=AnomalyLimits())[0], Anomaly)


# -- names -------------------------------------------------------------------------------------------------------------

PEOPLE = [
    Employee(id=7, name="Zoë Ōta"),
    Employee(id=8, name="Zoe Otani"),
    Employee(id=9, name="Łukasz Straße"),
    Employee(id=10, name="Ana María  Álvarez"),
    Employee(id=11, name="Ana Alvarez"),
    Employee(id=12, name=None),
    Employee(id=13, name="7"),
    Employee(id=14, name="Ida Moss"),
    Employee(id=15, name="ida moss"),
]


@pytest.mark.parametrize(
    ("said", "ids"),
    [
        ("7", [7]),
        (7, [7]),
        ("Zoë Ōta", [7]),
        ("zoe ota", [7]),
        ("ota", [7, 8]),
        ("OTANI", [8]),
        ("lukasz", [9]),
        ("STRASSE", [9]),
        ("alvarez ana", [10, 11]),
        ("maria alv", [10]),
        ("Ida Moss", [14]),
        ("IDA MOSS", [14, 15]),
        ("nobody", []),
        ("", []),
        ("  ", []),
        ("-", []),
    ],
)
def test_people_are_found_by_what_somebody_types(said: str | int, ids: list[int]) -> None:
    """An id first, then a whole name, then a part; case, accents and the order of words do not matter."""
    assert [person.id for person in matching(PEOPLE, said)] == ids


def test_names_fold_alike_however_they_are_composed() -> None:
    """One letter with its accent, or a letter and an accent."""
    assert folded("Zoe\u0308  O\u0304TA") == folded("zoë ōta") == "zoe ota"


def test_a_name_stays_on_its_line() -> None:
    """Breaks, escapes, marks that turn the text and characters without width are blanks."""
    assert one_line("Ana\n  ok   \x1b[31mrights\u202e\u2066 \u2028x\x00") == "Ana ok [31mrights x"
    assert one_line("a\u200cb \u200d") == "a b"
    assert one_line(None) == ""

"""Layouts of payroll systems from made-up lines: rounding, sums, who cannot be taken, and what each file says."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connecteam_sync.core.export_lines import ExportLine
from connecteam_sync.core.exports import ExportFormat
from connecteam_sync.core.layouts.entries import Arranged, FullName, People, arranged, totals_of
from connecteam_sync.core.layouts.shape import Frame
from connecteam_sync.core.layouts.systems import LAYOUTS, note_of
from connecteam_sync.core.layouts.text import encoded
from connecteam_sync.core.payroll_settings import ROUNDING_RULES, LayoutSettings, RoundingRule
from connecteam_sync.core.rounding import HUNDREDTH, decimal, hundredths, rounded
from connecteam_sync.core.window import Window

PERIOD = Window(date(2025, 12, 1), date(2025, 12, 14), "America/Chicago")
VALUES: dict[ExportFormat, dict[str, str]] = {
    name: {key: one.example for key, one in layout.keys.items()} for name, layout in LAYOUTS.items()
}
NOBODY = People({}, {})


def line(employee: int, minutes: int, **more: Any) -> ExportLine:  # noqa: ANN401 - any field
    """A line of Tuesday."""
    fields: dict[str, Any] = {
        "name": f"Ida Moss{employee}",
        "shift_id": f"s{employee}",
        "first_day": date(2025, 12, 2),
        "clock_in": 0,
        "clock_out": minutes * 60,
        "break_minutes": 0,
        "job": None,
        "source": "connecteam",
        **more,
    }
    return ExportLine(employee_id=employee, minutes=minutes, **fields)


def made(
    format: ExportFormat,  # noqa: A002 - the word that people use
    lines: Iterable[ExportLine],
    people: People | None = None,
    *,
    is_draft: bool = False,
    **settings: Any,  # noqa: ANN401 - any setting
) -> tuple[Arranged, str]:
    """The records and the text of a file; without numbers given, each person's is that of the employee."""
    every = list(lines)
    numbers = {one.employee_id: str(one.employee_id) for one in every}
    who = People(numbers, {}) if people is None else people
    chosen = LayoutSettings(**settings)
    frame = Frame(VALUES[format], PERIOD, bool(chosen.jobs), bool(who.numbers), is_draft)
    done = arranged(every, LAYOUTS[format], frame, chosen, who)
    return done, b"".join(encoded(LAYOUTS[format], done.entries, frame)).decode(LAYOUTS[format].encoding)


def reasons(done: Arranged) -> list[tuple[object, str]]:
    """Who cannot be taken, and why."""
    return [(one.employee_id, one.reason) for one in done.obstacles]


def cells(text: str) -> list[list[str]]:
    """The records of a CSV, the heading too."""
    return list(csv.reader(io.StringIO(text, newline="")))


# -- rounding ----------------------------------------------------------------------------------------------------------


@given(st.integers(-100_000, 100_000), st.sampled_from(ROUNDING_RULES))
def test_a_line_is_rounded_by_its_rule(minutes: int, rule: RoundingRule) -> None:
    """To a whole step; the nearest one, and of two the later, or never less than was worked."""
    kind, _, size = rule.partition("_")
    step, to = int(size or 1), rounded(minutes, rule)
    assert to % step == 0
    difference = Fraction(to - minutes, step)
    assert 0 <= difference < 1 if kind == "favour" else Fraction(-1, 2) < difference <= Fraction(1, 2)
    hours = Fraction(hundredths(to, rule), 100) * 60 - to
    if kind == "favour":
        assert 0 <= hours < Fraction(6, 10)
    else:
        assert Fraction(-3, 10) < hours <= Fraction(3, 10)


@pytest.mark.parametrize(
    ("minutes", "rule", "to"),
    [
        (7, "nearest_15", 0),
        (8, "nearest_15", 15),
        (3, "nearest_6", 6),
        (-3, "nearest_6", 0),
        (-8, "nearest_15", -15),
        (1, "favour_15", 15),
        (-14, "favour_15", 0),
        (-15, "favour_15", -15),
        (467, "none", 467),
        (467, "nearest_1", 467),
    ],
)
def test_rounding_by_example(minutes: int, rule: RoundingRule, to: int) -> None:
    """As the documents say."""
    assert rounded(minutes, rule) == to


def test_hundredths_are_written_with_two_places() -> None:
    """Also below an hour and below nothing."""
    assert [decimal(count) for count in (0, 5, -25, 3750, 123_456)] == ["0.00", "0.05", "-0.25", "37.50", "1234.56"]
    assert hundredths(10, "none") == 17
    assert hundredths(20, "none") == 33
    assert hundredths(20, "favour_5") == 34
    assert hundredths(-20, "favour_5") == -33


@given(
    st.lists(st.tuples(st.integers(1, 4), st.integers(-600, 900), st.integers(0, 60)), max_size=12),
    st.sampled_from(ROUNDING_RULES),
    st.sampled_from(sorted(LAYOUTS)),
)
def test_the_file_is_the_lines_and_the_residue(
    worked: list[tuple[int, int, int]],
    rule: RoundingRule,
    format: ExportFormat,  # noqa: A002 - the word that people use
) -> None:
    """To the second, for each person, whatever the rule and the layout: the sums read from the records."""
    lines = sorted(
        (line(who, minutes, break_minutes=pause) for who, minutes, pause in worked), key=lambda one: one.employee_id
    )
    done, _ = made(format, lines, rounding=rule)
    for total in done.totals:
        own = [one for one in lines if one.employee_id == total.employee_id]
        assert total.net_minutes == sum(one.minutes - one.break_minutes for one in own)
        records = [one for one in done.entries if one.employee_id == total.employee_id]
        if format == "quickbooks":
            written = sum(one.minutes * 60 for one in records)
        else:
            written = sum(int(Fraction(one.hours) * 3600) for one in records)
        assert written == total.seconds_written == total.net_minutes * 60 + total.residue_seconds
        if rule == "none":
            assert abs(total.residue_seconds) < HUNDREDTH
    assert [one.employee_id for one in done.totals] == list(dict.fromkeys(one.employee_id for one in lines))


def test_sums_without_a_layout_have_no_residue() -> None:
    """The long formats write minutes."""
    [total] = totals_of([line(1, 480, break_minutes=30), line(1, -15)])
    assert (total.minutes, total.break_minutes, total.net_minutes) == (465, 30, 435)
    assert (total.seconds_written, total.residue_seconds) == (435 * 60, 0)


# -- who can be taken --------------------------------------------------------------------------------------------------


def test_each_line_is_rounded_before_it_is_summed() -> None:
    """Twice seven minutes are nothing by the quarter, where fourteen would be one."""
    done, text = made("adp", [line(1, 7), line(1, 7)], rounding="nearest_15")
    assert cells(text)[1][-1] == "0.00"
    assert done.totals[0].residue_seconds == -14 * 60


@pytest.mark.parametrize("format", [name for name, layout in LAYOUTS.items() if layout.needs_number])
def test_who_has_no_number_is_named(format: ExportFormat) -> None:  # noqa: A002 - the word that people use
    """And who has one that the system does not take."""
    people = People({2: "12 34", 3: "1'3"}, {})
    done, _ = made(format, [line(1, 60), line(2, 60), line(3, 60)], people)
    assert reasons(done) == [(1, "no_payroll_id"), (2, "payroll_id_refused"), (3, "payroll_id_refused")]


def test_file_numbers_of_adp_have_six_digits() -> None:
    """Filled up with noughts; seven are too many, and a letter is none."""
    people = People({1: "77", 2: "1234567", 3: "12A", 4: "000123"}, {})
    done, text = made("adp", [line(1, 60), line(2, 60), line(3, 60), line(4, 60)], people)
    assert reasons(done) == [(2, "payroll_id_refused"), (3, "payroll_id_refused")]
    assert [record[2] for record in cells(text)[1:]][::3] == ["000077", "000123"]


def test_two_people_with_one_number_are_not_one() -> None:
    """Nor are 77 and 000077 where noughts do not count."""
    done, _ = made("adp", [line(1, 60), line(2, 60), line(3, 60)], People({1: "77", 2: "000077", 3: "5"}, {}))
    assert reasons(done) == [(1, "payroll_id_shared"), (2, "payroll_id_shared")]


@pytest.mark.parametrize("format", ["gusto", "quickbooks"])
def test_two_people_with_one_name_are_not_one(format: ExportFormat) -> None:  # noqa: A002 - the word that people use
    """Unless one of them has a number."""
    twins = [line(1, 60, name="Jo Fenn"), line(2, 60, name="jo fenn"), line(3, 60)]
    assert reasons(made(format, twins, NOBODY)[0]) == [(1, "payroll_id_shared"), (2, "payroll_id_shared")]
    assert reasons(made(format, twins, People({1: "5G9934"}, {}))[0]) == []


def test_negative_hours_go_where_they_are_taken() -> None:
    """ADP and Paychex take them; the others name the person."""
    lines = [line(1, 60), line(2, -15, correction=7), line(2, 5)]
    people = People({1: "100001", 2: "100002"}, {})
    taken = {name for name in LAYOUTS if not reasons(made(name, lines, people)[0])}
    assert taken == {"adp", "paychex"}
    done, text = made("paychex", lines)
    assert [record[7] for record in cells(text)] == ["Hours", "1.00", "-0.17"]
    [obstacle] = [one for one in made("paylocity", lines)[0].obstacles if one.reason == "negative_hours"]
    assert obstacle.employee_id == 2
    assert "-0.17" in obstacle.detail
    assert done.entries[1].corrections == (7,)


def test_more_hours_than_a_record_may_have() -> None:
    """Paychex has three digits before the point."""
    most = 59_999
    assert reasons(made("paychex", [line(1, most)])[0]) == []
    assert reasons(made("paychex", [line(1, most + 1)])[0]) == [(1, "hours_refused")]


# -- jobs --------------------------------------------------------------------------------------------------------------


def test_jobs_are_told_apart_where_they_have_codes() -> None:
    """A sum for each; a job without a code is named, and work without a job stands for itself."""
    lines = [line(1, 60, job="a"), line(1, 30, job="b"), line(1, 15, job="a"), line(1, 10)]
    _, text = made("paychex", lines)
    assert [(record[3], record[7]) for record in cells(text)[1:]] == [("", "1.92")]
    done, text = made("paychex", lines, jobs={"a": "100", "b": "200"})
    assert [(record[3], record[7]) for record in cells(text)[1:]] == [("100", "1.25"), ("200", "0.50"), ("", "0.17")]
    assert reasons(done) == []
    done, _ = made("paychex", lines, jobs={"a": "100"})
    assert reasons(done) == [(1, "job_unknown")]
    assert "'b' of Tue 2 Dec 2025 has no code in [payroll.jobs]" in done.obstacles[0].detail


@pytest.mark.parametrize(
    ("format", "column"), [("adp", "Temp Dept"), ("gusto", "title"), ("ukg", "Job"), ("quickbooks", "JOB")]
)
def test_the_column_of_jobs(format: ExportFormat, column: str) -> None:  # noqa: A002 - the word that people use
    """Only where jobs have codes."""
    lines = [line(1, 60, job="a", name="Ida Moss")]
    people = People({1: "123456"}, {})
    assert "W1" not in made(format, lines, people)[1]
    text = made(format, lines, people, jobs={"a": "W1"})[1]
    rows = cells(text) if format != "quickbooks" else [row.split("\t") for row in text.splitlines()[2:]]
    assert rows[1][rows[0].index(column)] == "W1"


def test_the_job_of_paylocity_is_its_eleventh_cell() -> None:
    """There is no heading."""
    assert made("paylocity", [line(7, 90)])[1] == "7,E,REG,1.50\r\n"
    assert made("paylocity", [line(7, 90, job="a")], jobs={"a": "J1"})[1] == "7,E,REG,1.50,,,,,,,J1\r\n"


# -- names -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "known", "first", "last"),
    [
        ("Ida Moss", None, "Ida", "Moss"),
        ("Ana de la Cruz", FullName("Ana", "de la Cruz"), "Ana", "de la Cruz"),
        ("Ana de la Cruz", None, "Ana de la", "Cruz"),
        ("de la Cruz, Ana", None, "Ana", "de la Cruz"),
        ("  Ida\n\tMoss ", None, "Ida", "Moss"),
        ("Ida \u202eMoss", None, "Ida", "Moss"),
        ('Ida "Mo" =Moss', None, 'Ida "Mo"', "'=Moss"),
    ],
)
def test_first_and_last_name(name: str, known: FullName | None, first: str, last: str) -> None:
    """As Connecteam has them, else by a comma, else by the last blank; on one line, and never a formula."""
    done, text = made("gusto", [line(1, 60, name=name)], People({}, {} if known is None else {1: known}))
    assert cells(text) == [["last_name", "first_name", "regular_hours"], [last, first, "1.00"]]
    assert reasons(done) == []


@pytest.mark.parametrize(
    ("format", "name"), [("gusto", "Cher"), ("gusto", ""), ("quickbooks", ""), ("quickbooks", "李雷")]
)
def test_a_name_by_which_nobody_is_known(format: ExportFormat, name: str) -> None:  # noqa: A002
    """Gusto wants two; QuickBooks has one letter a byte."""
    assert reasons(made(format, [line(1, 60, name=name)], NOBODY)[0]) == [(1, "name_refused")]


def test_a_name_in_quickbooks_that_its_file_cannot_hold() -> None:
    """As a number it is read from the company's own table."""
    assert reasons(made("quickbooks", [line(1, 60)], People({1: "李雷"}, {}))[0]) == [(1, "payroll_id_refused")]


# -- files -------------------------------------------------------------------------------------------------------------


def test_days_of_quickbooks() -> None:
    """A record for each day, at most 23:59 long; a correction is paid on the last day of this period with work."""
    lines = [
        line(1, 1500, name="Ida\tMoss"),
        line(1, 60, first_day=date(2025, 12, 3)),
        line(1, -15, first_day=date(2025, 11, 28), correction=4),
        line(2, 30, first_day=date(2025, 11, 28), correction=5),
        line(3, 0),
    ]
    text = made("quickbooks", lines, NOBODY)[1]
    head, company, columns, *rows = text.splitlines()
    assert head == "!TIMERHDR\tVER\tREL\tCOMPANYNAME\tFROMTIMER\tCOMPANYCREATETIME"
    assert company == "TIMERHDR\t8\t0\tMoss Warehouses\tY\t1243092298"
    read = [dict(zip(columns.split("\t"), row.split("\t"), strict=True)) for row in rows]
    assert [(row["DATE"], row["EMP"], row["DURATION"], row["NOTE"]) for row in read] == [
        ("12/02/25", "Ida Moss1", "23:59", ""),
        ("12/02/25", "Ida Moss1", "1:01", ""),
        ("12/03/25", "Ida Moss1", "0:45", "with correction 4"),
        ("12/14/25", "Ida Moss2", "0:30", "with correction 5"),
    ]
    assert {(row["ITEM"], row["PITEM"], row["BILLINGSTATUS"]) for row in read} == {("Labor", "", "0")}


@pytest.mark.parametrize("format", sorted(LAYOUTS))
def test_nobody_is_paid_by_a_draft(format: ExportFormat) -> None:  # noqa: A002 - the word that people use
    """Each record says so, and no payroll system finds its people; it shows who has no number, too."""
    lines = [line(1, 60), line(2, -30)]
    for people in (None, NOBODY):
        text = made(format, lines, people, is_draft=True)[1]
        records = [row for row in text.splitlines() if "Moss1" in row or "1.00" in row or "\t1:00\t" in row]
        assert records
        assert all("draft " in row for row in records)
    assert "draft" not in made(format, lines)[1]


def test_the_name_of_adps_file() -> None:
    """A code of two is filled up."""
    frame = Frame({"company_code": "ab"}, PERIOD, has_jobs=False, has_numbers=True, is_draft=False)
    assert note_of(LAYOUTS["adp"], frame).endswith("PRAB_EPI.csv")


def test_cells_that_would_be_formulas() -> None:
    """Where a payroll system takes any text at all."""
    text = made("quickbooks", [line(1, 60, name="@SUM(A1)")], NOBODY)[1]
    assert text.splitlines()[3].split("\t")[3] == "'@SUM(A1)"
    text = made("gusto", [line(1, 60, job="a", name="Jo Fenn")], NOBODY, jobs={"a": "-1+2"})[1]
    assert cells(text)[1][2] == "'-1+2"

"""The overtime preview through the library: on every paper, named a preview, never exported, chosen in the file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from connecteam_sync.config_payroll import payroll_rules
from connecteam_sync.core.payroll_settings import PaySchedule
from connecteam_sync.errors import ConfigurationError
from connecteam_sync.present import hours_text, timesheet_html, timesheet_text
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.store.tables.host import EmployeesNames, HostTables
from support.scenario import World

P = "2025-12-01..2025-12-07"
CALIFORNIA = PaySchedule(workweek_start="monday", overtime_preview="california")


def opened(sandbox: Sandbox, database: str, schedule: PaySchedule) -> World:
    """A company in which somebody worked from 7:00 to 20:00 on one day, mirrored."""
    world = World(sandbox, database, pay_schedule=schedule)
    world.work(2, "07:00", "20:00")
    world.sync()
    return world


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """An empty company."""
    with Sandbox(Company(0), SandboxSettings(minute_limit=100_000)) as served:
        yield served


def test_a_preview_on_every_paper_and_in_no_export(sandbox: Sandbox, initialised: str, tmp_path: Path) -> None:
    """Text, JSON and page say that it is a preview, and for whom; the file has none of it."""
    world = opened(sandbox, initialised, CALIFORNIA)
    payroll = world.mirror.payroll
    found, [sheet] = payroll.hours(world.window, by="day"), payroll.timesheets(P)
    [employee] = {shift.employee_id for shift in sheet.shifts}
    week = {"employee_id": employee, "first": "2025-12-01", "whole": True}
    week |= {"regular_minutes": 480, "overtime_minutes": 240, "double_minutes": 60}
    shape = {"rule": "california", "workweek_start": "monday", "day_start": "00:00", "weeks": [week]}
    assert timesheet_text.timesheet_json(sheet)["overtime_preview"] == shape
    assert hours_text.hours_json(found)["overtime_preview"] == shape
    line = "week from Mon 1 Dec 2025: 8:00 h regular, 4:00 h at 1.5 times, 1:00 h double, as a preview"
    heading = "overtime preview (california): nobody is paid by it, and no export has it"
    for lines in (hours_text.hours_lines(found), timesheet_text.timesheet_lines(sheet)):
        [place] = [number for number, text in enumerate(lines) if text == heading]
        assert lines[place + 1].endswith(line)
    assert any(re.search(rf"\({employee}\)  week from", text) for text in hours_text.hours_lines(found))
    page = timesheet_html.page(sheet)
    assert "<h2>Overtime preview</h2>" in page
    assert line.capitalize() in page
    folder = tmp_path / "files"
    folder.mkdir()
    payroll.export(P, "csv", folder / "long.csv", draft=True)
    written = [path.read_text(encoding="utf-8") for path in sorted(folder.iterdir())]
    assert len(written) == 2
    assert not any("overtime" in text or "california" in text for text in written)
    world.mirror.close()


def test_without_a_rule_no_paper_speaks_of_overtime(sandbox: Sandbox, initialised: str) -> None:
    """Off by default."""
    world = opened(sandbox, initialised, PaySchedule())
    [sheet] = world.mirror.payroll.timesheets(P)
    found = world.mirror.payroll.hours(world.window)
    assert (timesheet_text.timesheet_json(sheet)["overtime_preview"], found.overtime) == (None, None)
    texts = [*timesheet_text.timesheet_lines(sheet), *hours_text.hours_lines(found), timesheet_html.page(sheet)]
    assert not any("overtime" in text.lower() for text in texts)
    world.mirror.close()


def test_the_rule_is_chosen_in_the_file() -> None:
    """With its workday, which without a rule nobody would see."""
    chosen = payroll_rules({"overtime_preview": "flsa", "overtime_day_start": "04:30"}, "x.toml")["pay_schedule"]
    assert (chosen.overtime_preview, chosen.overtime_day_start) == ("flsa", "04:30")
    assert payroll_rules({}, "x.toml")["pay_schedule"] == PaySchedule()


@pytest.mark.parametrize(
    ("section", "says", "cure"),
    [
        ({"overtime_preview": "texas"}, "overtime_preview", "flsa or california"),
        ({"overtime_day_start": "04:00"}, "no overtime_preview", "take it away"),
        ({"overtime_preview": "flsa", "overtime_day_start": "24:00"}, "'24:00'", "04:00"),
        ({"overtime_preview": "flsa", "overtime_day_start": "4:00"}, "'4:00'", "04:00"),
        ({"overtime_preview": "flsa", "day_start": "04:00"}, "day_start cannot be set", "timezone"),
    ],
)
def test_what_no_preview_can_be_made_by_is_refused(section: dict[str, object], says: str, cure: str) -> None:
    """Another rule, another form of a time; and pay periods keep their own days."""
    with pytest.raises(ConfigurationError, match=says) as refused:
        payroll_rules(section, "x.toml")
    assert cure in refused.value.next_step


def test_doctor_looks_for_the_column_of_payroll_id(sandbox: Sandbox, initialised: str) -> None:
    """A red line with its next step where it is missing, a good one where it is there, none where nothing is named."""

    def told(column: str | None) -> list[tuple[str, str]]:
        world = World(sandbox, initialised, tables=HostTables(employees=EmployeesNames(payroll_id=column)))
        found = [check for check in world.mirror.doctor() if check.name == "payroll numbers"]
        world.mirror.close()
        assert all(check.cure == "" or "payroll_id" in check.cure for check in found)
        return [(check.state, check.detail) for check in found]

    assert told(None) == []
    assert told("id") == [("ok", "employees has the column 'id'")]
    [(state, detail)] = told("file_number")
    assert (state, "has no column 'file_number' (for payroll_id): exports are refused" in detail) == ("failed", True)

"""What `verify` says of Connecteam's own timesheet, through the command and the sandbox."""

from __future__ import annotations

from pathlib import Path

import httpx2
import msgspec
import pytest

from connecteam_sync.api.timesheets import DayTotal, Timesheet, day_totals
from connecteam_sync.config import load_settings
from connecteam_sync.core.timesheets import TimesheetRules
from connecteam_sync.errors import ConfigurationError
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.sandbox.company import LUNCH, REST, WAREHOUSE
from support.scenario import FIRST, LAST
from test_command import Terminal

WINDOW = ("--from", str(FIRST), "--to", str(LAST))
RULES = "[payroll]\nautomatic_break_minutes = 30\n"


def test_an_automatic_break_is_called_one_where_the_company_says_so(tmp_path: Path) -> None:
    """Half an hour is deducted from each long shift: without a word about it, each such day has to be looked at."""
    with Sandbox(Company(0), SandboxSettings(unpaid_break_minutes=30)) as sandbox:
        user = min(sandbox.company.people)
        for day, hours in ((0, 8), (1, 4)):
            begin = sandbox.company.at(FIRST, "08:00") + day * 86_400
            sandbox.company.add(user, begin, begin + hours * 3600)
        terminal = Terminal(tmp_path, sandbox)
        assert terminal("init").code == 0
        assert terminal("sync", *WINDOW).code == 0
        for text, verdict, told in (
            ("", "different", "the punches 8:00 h in 1 shift\n"),
            (RULES, "automatic_break", "less an automatic break on 1 day"),
        ):
            (tmp_path / "connecteam-sync.toml").write_text(text)
            found = terminal("verify", *WINDOW, "--json").json
            assert [(day["day"], day["verdict"]) for day in found["timesheet"]] == [(str(FIRST), verdict)]
            assert found["exit_code"] == 0
            out = terminal("verify", *WINDOW).out
            assert told in out
            assert ("says otherwise" in out) == (verdict == "different")
        assert "timesheet" not in terminal("verify", *WINDOW, "--no-totals").out


def test_breaks_that_people_took_explain_the_timesheet(tmp_path: Path) -> None:
    """Paid or not, work is without them: the day is told as one less its breaks, and is no difference."""
    with Sandbox(Company(0)) as sandbox:
        user = min(sandbox.company.people)
        for number, kind in enumerate((LUNCH, REST)):
            begin = sandbox.company.at(FIRST, "08:00") + number * 86_400
            sandbox.company.add(user, begin, begin + 8 * 3600)
            pause = begin + 3600
            item = sandbox.company.put(user, pause, pause + 1200)
            item.kind, item.break_type = "manual_break", kind
        terminal = Terminal(tmp_path, sandbox)
        assert terminal("init").code == 0
        assert terminal("sync", *WINDOW).code == 0
        answer = terminal("verify", *WINDOW, "--json").json
        assert [(day["verdict"], day["minutes"], day["minutes_upstream"]) for day in answer["timesheet"]] == [
            ("manual_break", 480, 460),
            ("manual_break", 480, 460),
        ]
        assert answer["exit_code"] == 0
        assert "has the hours less the breaks on 2 days" in terminal("verify", *WINDOW).out
        query = {"startDate": str(FIRST), "endDate": str(LAST)}
        headers = {"X-API-KEY": sandbox.key}
        url = f"{sandbox.url}/time-clock/v1/time-clocks/{WAREHOUSE}/timesheet"
        shown = httpx2.get(url, params=query, headers=headers).json()["data"]["users"][0]["dailyRecords"]
        names = ("dailyTotalHours", "dailyTotalWorkHours", "dailyTotalPaidBreakHours", "dailyTotalUnpaidBreakHours")
        assert [[day[name] for name in names] for day in shown] == [[7.67, 7.67, 0.0, 0.33], [8.0, 7.67, 0.33, 0.0]]


def test_a_night_on_the_next_day_of_the_timesheet_is_found_there(tmp_path: Path) -> None:
    """Also if that day is not asked for: the days next to the window are read with it, at no request more."""
    with Sandbox(Company(0), SandboxSettings(timezone="Pacific/Auckland")) as sandbox:
        user = min(sandbox.company.people)
        begin = sandbox.company.at(FIRST, "22:00")
        sandbox.company.add(user, begin, begin + 6 * 3600)
        terminal = Terminal(tmp_path, sandbox)
        assert terminal("init").code == 0
        assert terminal("sync", *WINDOW).code == 0
        answer = terminal("verify", "--from", str(FIRST), "--to", str(FIRST), "--json").json
        assert [(day["verdict"], day["minutes"], day["minutes_upstream"]) for day in answer["timesheet"]] == [
            ("overnight", 360, 0)
        ]
        asked = [path for path in sandbox.handlers.paths if path.endswith("/timesheet")]
        assert len(asked) == len(set(asked)) == 3


@pytest.mark.parametrize(
    ("records", "ids"),
    [
        ([{"timeActivityId": "a"}, {"timeActivityId": "b", "start": {}, "new": 1}], {"a", "b"}),
        ([], set()),
        (None, None),
        ("none", None),
        ([{"timeActivityId": "a"}, {"id": "b"}], None),
        ([{"timeActivityId": 5}], None),
    ],
)
def test_which_shifts_a_day_lists(records: object, ids: set[str] | None) -> None:
    """Whatever cannot be read says nothing: it is neither a missing shift nor an additional one."""
    day = {"date": "2025-12-01", "dailyTotalWorkHours": 7.5, "isLocked": True, "records": records}
    body = msgspec.json.encode({"users": [{"userId": "?"}, {"userId": 7, "dailyRecords": [{"date": "never"}, day]}]})
    expected = DayTotal(
        user_id=7,
        day=FIRST,
        minutes=450,
        shift_ids=None if ids is None else frozenset(ids),
        is_locked=True,
        is_approved=None,
    )
    assert list(day_totals(msgspec.json.decode(body, type=Timesheet))) == [expected]


def test_the_rules_of_a_file(tmp_path: Path) -> None:
    """All of them, and none without the section."""
    file = tmp_path / "a.toml"
    file.write_text('timezone = "UTC"\n')
    assert load_settings(file, {}).payroll == TimesheetRules()
    text = RULES + 'timesheet_rounding_minutes = 15\ntimesheet_off_days = ["saturday", "sunday"]\n'
    file.write_text(f'timezone = "UTC"\n{text}')
    assert load_settings(file, {}).payroll == TimesheetRules(
        automatic_break_minutes=30, timesheet_rounding_minutes=15, timesheet_off_days=("saturday", "sunday")
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("payroll = 3", "must be a section"),
        ("[payroll]\nautomatic_brake_minutes = 30", "did you mean 'automatic_break_minutes'?"),
        ("[payroll]\nautomatic_break_minutes = 0", "use a number from 1 to 240"),
        ("[payroll]\nautomatic_break_minutes = 241", "use a number from 1 to 240"),
        ("[payroll]\nautomatic_break_minutes = true", "whole numbers"),
        ("[payroll]\nautomatic_break_minutes = '30'", "whole numbers"),
        ("[payroll]\ntimesheet_rounding_minutes = 61", "use a number from 1 to 60"),
        ("[payroll]\ntimesheet_off_days = ['Samstag']", "days are words"),
    ],
)
def test_rules_that_cannot_be(text: str, said: str, tmp_path: Path) -> None:
    """Each is refused with its place and the cure."""
    file = tmp_path / "a.toml"
    file.write_text(f'timezone = "UTC"\n{text}\n' if text.startswith("[") else f'{text}\ntimezone = "UTC"\n')
    with pytest.raises(ConfigurationError) as refused:
        load_settings(file, {})
    assert said in f"{refused.value.message}; {refused.value.next_step}"
    assert "payroll" in refused.value.message

"""Words that a person acts on: local times, the order of a day, which day a bad record is of, whose hours disagree."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from connecteam_sync.cli import accounts
from connecteam_sync.core.account import Account, ClockReport, Vouch
from connecteam_sync.core.change import Change
from connecteam_sync.core.clocktime import clock_time_of
from connecteam_sync.core.run import Difference, Plan, Verification
from connecteam_sync.core.window import Window
from connecteam_sync.present import text
from connecteam_sync.present.verify_text import verify_text
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from support.scenario import World
from test_command import Terminal

CHICAGO = ZoneInfo("America/Chicago")
DAY = date(2025, 12, 2)
NOON = 1_764_698_400
"""12:00 of that day in Chicago."""


def test_a_record_in_milliseconds_says_which_day_it_would_be(tmp_path: Path) -> None:
    """Nobody finds `1764698400000`, or `no time`, in a list of shifts."""
    with Sandbox(Company(0, people=2), SandboxSettings(minute_limit=100_000)) as sandbox:
        world = World(sandbox, f"sqlite:///{tmp_path}/odd.db")
        shift = world.work(2, "12:00", "16:00")
        world.company.spoil(shift.id, start={"timestamp": shift.start * 1000, "timezone": world.company.timezone})
        [hold] = [hold for hold in world.sync().holds if hold.reason == "impossible_record"]
        assert hold.detail.endswith("(as milliseconds that would be 2025-12-02 12:00)")
        assert hold.instant is None
        world.mirror.close()


def test_times_are_those_of_the_business_in_text() -> None:
    """Of looks, of words given for a time clock, of whose data it is; JSON stays UTC."""
    said = Vouch(time_clock_id=7, at=NOON, by="Ida", reason="sold")
    clock = ClockReport(
        id=7,
        name="Depot",
        is_archived=True,
        is_listed=True,
        is_looked_at=False,
        shifts=0,
        rows=0,
        last_looked_at=NOON,
        vouched=said,
    )
    lines = "\n".join([*accounts._clock_lines([clock], CHICAGO), *accounts._history_lines([Account(at=NOON)], CHICAGO)])
    assert lines.count("2025-12-02 12:00") == 3
    assert not re.search(r"\d\dZ", lines)
    assert accounts._vouch_json(said)["at"] == "2025-12-02T18:00:00Z"


def test_the_changes_of_a_day_are_in_the_order_of_the_day() -> None:
    """Deletes come last in a plan, and were listed last of their day."""
    changes = []
    for hour in (3, -2, 1):
        row = clock_time_of(1, NOON + hour * 3600, NOON + hour * 3600 + 60, id=hour + 10)
        changes.append(
            Change(kind="delete", before=row, after=None, shift_id=None, user_id=None, days=(DAY, DAY), why="gone")
        )
    lines = text.change_lines(changes, CHICAGO, {}, "")
    assert [line.split()[3][:5] for line in lines[1:]] == ["10:00", "13:00", "15:00"]


def test_a_timesheet_without_a_shift_is_said_as_that() -> None:
    """Not `Connecteam 4:56 in 0 shifts; the punches say 0:00 in 0 shifts`."""
    window = Window(DAY, DAY, "America/Chicago")
    lines = [
        Difference(
            day=DAY, employee_id=1, name="Mei", shifts_upstream=0, rows=rows, minutes_upstream=296, minutes=rows * 60
        )
        for rows in (0, 1)
    ]
    proof = Verification(
        window=window, plan=Plan(window=window, plans=()), days=(), totals=tuple(lines), shifts=0, minutes=0
    )
    said = "\n".join(verify_text(proof, {}))
    assert "Mei                      the timesheet has 4:56 h, but no shift of theirs is shown" in said
    assert "the timesheet has 4:56 h, the punches 1:00 h in 1 shift" in said


def test_the_help_has_the_exit_codes_of_the_reference(tmp_path: Path) -> None:
    """6 is not only the lock."""
    with Sandbox(Company(0), SandboxSettings()) as sandbox:
        assert "another run or program is in the way" in " ".join(Terminal(tmp_path, sandbox)("--help").out.split())

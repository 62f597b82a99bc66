"""`corrections` by the command: what a person reads."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import msgspec
import pytest

from connecteam_sync.core.corrections import Correction
from connecteam_sync.present.corrections_text import correction_lines
from connecteam_sync.present.text import SHOWN
from connecteam_sync.sandbox import Company, Sandbox
from test_command import Terminal

DAYS = ("--from", "2025-12-01", "--to", "2025-12-04")
CLOSED, NEXT = "2025-12-01..2025-12-04", "2025-12-05..2025-12-18"


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    """A closed period of one shift, whose end is half an hour later by now."""
    with Sandbox(Company(0)) as sandbox:
        company = sandbox.company
        user = min(company.people)
        begin = company.at(date(2025, 12, 2), "08:00")
        shift = company.add(user, begin, begin + 8 * 3600)
        made = Terminal(tmp_path, sandbox)
        for words in (("init",), ("sync", *DAYS), ("periods", "close", CLOSED)):
            assert made(*words).code == 0
        company.edit(shift.id, end=begin + 8 * 3600 + 1800)
        assert made("sync", *DAYS).code == 3
        yield made


def test_a_correction_is_one_line(terminal: Terminal) -> None:
    """Day, person, what, times, hours, state, and the next step."""
    answer = terminal("corrections")
    assert "changed 08:00-16:00 -> 08:00-16:30, 8:00 -> 8:30 h (+0:30 h)  pending" in answer.out
    assert "1 correction, +0:30 h; 1 to be decided" in answer.out
    assert "next: connecteam-sync corrections accept 1 --into PERIOD" in answer.err


def test_a_row_that_was_deleted_in_the_table_is_not_offered_to_be_paid(terminal: Terminal, tmp_path: Path) -> None:
    """An export may have paid it: nobody who copies the next step pays eight hours twice."""
    with closing(sqlite3.connect(tmp_path / "connecteam-sync.db")) as opened, opened:
        opened.execute("DELETE FROM clock_times")
    assert terminal("sync", *DAYS).code == 3
    answer = terminal("corrections", "--state", "pending")
    assert "added 08:00-16:30, 0:00 -> 8:30 h (+8:30 h) (its row had been deleted in the table)  pending" in answer.out
    assert "next: see whether an export has paid correction 2 already" in answer.err
    assert "accept 2 --into" not in answer.err


def test_a_decision_is_told(terminal: Terminal) -> None:
    """Who, and into which period, or why not."""
    assert "accepted into 2025-12-05..2025-12-18 by" in terminal("corrections", "accept", "1", "--into", NEXT).out
    out = terminal("corrections", "dismiss", "1", "--reason", "not worked", "--as", "Pia").out
    assert "dismissed by" in out
    assert ": not worked" in out


def test_a_state_that_there_is_not(terminal: Terminal) -> None:
    """Names those that there are."""
    answer = terminal("corrections", "--state", "odd")
    assert answer.code == 2
    assert "use one of: pending, accepted, dismissed, cancelled" in answer.err


def test_a_closed_period_names_the_next_open_one(terminal: Terminal, tmp_path: Path) -> None:
    """By the schedule."""
    (tmp_path / "connecteam-sync.toml").write_text(
        '[payroll]\nschedule = "days"\nperiod_days = 4\nanchor = "2025-12-01"\n'
    )
    answer = terminal("corrections", "accept", "1", "--into", "2025-12-01")
    assert answer.code == 4
    assert "2025-12-01..2025-12-04 is closed" in answer.err
    assert "the next open period is 2025-12-05: --into 2025-12-05" in answer.err


def test_many_are_listed_part_by_part(terminal: Terminal) -> None:
    """Each part names the next one; the ledger of exports likewise."""
    company = terminal.sandbox.company
    for hour in range(6, 9):
        begin = company.at(date(2025, 12, 3), f"{hour:02}:00")
        company.add(min(company.people), begin, begin + 600)
    assert terminal("sync", *DAYS).code == 3
    first = terminal("corrections", "--limit", "3", "--state", "pending", "--json").json
    assert ([one["id"] for one in first["corrections"]], first["next_after"]) == ([1, 2, 3], 3)
    told = terminal("corrections", "--limit", "3", "--state", "pending")
    assert told.err == "next: connecteam-sync corrections --state pending --after 3\n"
    rest = terminal("corrections", "--limit", "3", "--after", "3", "--json").json
    assert ([one["id"] for one in rest["corrections"]], rest["next_after"]) == ([4], None)
    assert terminal("export", CLOSED, "--format", "csv", "--out", "a.csv").code == 0
    assert terminal("export", CLOSED, "--format", "csv", "--out", "b.csv", "--again", "lost").code == 0
    ledger = terminal("exports", "--limit", "1", "--json").json
    assert [(one["id"], one["replaced_by"]) for one in ledger["exports"]] == [(1, 2)]
    assert terminal("exports", "--limit", "1", "--period", CLOSED).err == (
        f"next: connecteam-sync exports --period {CLOSED} --after 1\n"
    )
    [last] = terminal("exports", "--after", "1", "--json").json["exports"]
    assert (last["id"], last["replaces"], last["replaced_by"]) == (2, 1, None)
    assert terminal("exports", "--period", NEXT).out == "no export\n"


def test_what_waits_is_among_those_that_are_shown() -> None:
    """Of more than a screen: those that wait, then the newest, by number."""
    one = Correction(
        subject="s",
        shift_id="s",
        clock_time_id=1,
        user_id=1,
        time_clock_id=1,
        employee_id=1,
        day=date(2025, 12, 2),
        timezone="UTC",
        kind="changed",
        minutes_before=1,
        minutes_after=2,
    )
    every = [
        msgspec.structs.replace(one, number=number, state="pending" if number == 2 else "dismissed")
        for number in range(1, SHOWN + 11)
    ]
    *lines, more, _ = correction_lines(every, {})
    assert [int(line.split()[0]) for line in lines] == [2, *range(12, SHOWN + 11)]
    assert more == "  … and 10 more: connecteam-sync corrections --json"


def test_a_period_that_was_exported_before_it_was_opened_says_so(terminal: Terminal) -> None:
    """Its rows are written then, without any correction: the file that counts is of before."""
    assert terminal("export", CLOSED, "--format", "csv", "--out", "a.csv").code == 0
    assert terminal("periods", "reopen", CLOSED, "--reason", "a mistake").code == 0
    assert terminal("sync", *DAYS).code == 0
    closed = terminal("periods", "close", CLOSED)
    assert "export 1 (a.csv) is of before it was opened; where its hours have changed:" in closed.err
    assert "connecteam-sync export 2025-12-01 --format csv --out FILE --again REASON" in closed.err
    assert "before it was opened" not in terminal("periods", "close", CLOSED).err

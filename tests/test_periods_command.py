"""Pay periods through the command: what a person reads, what a program finds, and how it ends."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
import time_machine
from typer.testing import CliRunner

from connecteam_sync.cli.commands import app
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from reference_page import sections
from support.scenario import FIRST
from test_command import WINDOW, Terminal, terminal

__all__ = ["terminal"]
P = "2025-12-01..2025-12-11"
BIWEEKLY = '[payroll]\nschedule = "biweekly"\nanchor = 2025-12-01\n'


def test_the_evening_of_a_period(terminal: Terminal) -> None:
    """Obstacles with their cures, the cure, closed, closed once more, opened."""
    early = terminal("periods", "check", P)
    assert early.code == 4
    assert "  ! proof_not_fresh (11): 11 days in 2025-12-01..2025-12-11 are not proven: 60 rows would be" in early.out
    assert (
        "      next: connecteam-sync sync --from 2025-12-01 --to 2025-12-11, then connecteam-sync verify" in early.out
    )
    terminal("sync", *WINDOW)
    well = terminal("periods", "check", P)
    assert well.code == 0
    assert "nothing stands in the way" in well.out
    assert f"next: connecteam-sync periods close {P}" in well.err
    done = terminal("periods", "close", P, "--as", "Pia", "--json")
    assert (done.code, done.json["exit_code"], done.json["newly"]) == (0, 0, True)
    period = done.json["period"]
    assert (period["first"], period["last"], period["state"]) == ("2025-12-01", "2025-12-11", "closed")
    assert (period["by"], period["anyway"]) == ("Pia", False)
    totals = done.json["totals"]
    assert len(totals) == 29
    assert {total["verdict"] for total in totals} <= {"equal", "rounding", "manual_break"}
    assert all(total["minutes_table"] == total["minutes_activities"] for total in totals)
    again = terminal("periods", "close", P)
    assert (again.code, "was closed already" in again.err) == (0, True)
    assert terminal("periods", "reopen", P).code == 2
    assert terminal("periods", "reopen", P, "--reason", " ").code == 2
    opened = terminal("periods", "reopen", P, "--reason", "Ana's night", "--as", "Olaf")
    assert opened.code == 0
    assert "open " in opened.out
    assert "by Olaf: Ana's night" in opened.out
    assert "next: connecteam-sync sync --from 2025-12-01 --to 2025-12-11" in opened.err


def test_a_refusal_shows_the_checklist_and_how_to_go_on(terminal: Terminal) -> None:
    """With the command that closes it as it is, by the same person; programs find both."""
    told = terminal("periods", "close", P, "--as", "Pia Sø")
    assert told.code == 4
    assert "  ! unmapped_user" in told.out
    assert f"connecteam-sync periods close {P} --as 'Pia Sø' --anyway REASON" in told.err
    found = terminal("periods", "close", P, "--json")
    assert (found.code, found.json["error"], found.json["exit_code"]) == (4, "period_refused", 4)
    names = [one["name"] for one in found.json["obstacles"]]
    assert names == ["proof_not_fresh", "unmapped_user"]
    assert all(one["count"] > 0 and one["message"] and one["next_step"] for one in found.json["obstacles"])
    assert found.json["period"]["state"] == "open"


def test_the_odd_one_of_three_counts_is_marked(tmp_path: Path) -> None:
    """In brackets, beside the two that are against it, with the days that nobody can explain."""
    with Sandbox(Company(0), SandboxSettings(unpaid_break_minutes=30)) as sandbox:
        user = min(sandbox.company.people)
        begin = sandbox.company.at(FIRST, "08:00")
        sandbox.company.add(user, begin, begin + 8 * 3600)
        run = Terminal(tmp_path, sandbox)
        run("init")
        run("sync", *WINDOW)
        told = run("periods", "check", P)
        assert told.code == 4
        person = sandbox.company.people[user]
        name = f"{person.first_name} {person.last_name}"
        assert f"        8:00         8:00        [7:30]  {name} (DIFFERENT)" in told.out
        assert f"  ! Mon 1 Dec 2025, {name}: table 8:00, activities 8:00, timesheet 7:30" in told.out
        (tmp_path / "connecteam-sync.toml").write_text("[payroll]\nautomatic_break_minutes = 30\n")
        assert "(less an automatic break)" in run("periods", "check", P).out


def test_the_list_says_which_is_to_be_closed_next(terminal: Terminal) -> None:
    """That after the newest closed one; where none is closed, the newest that is over."""
    (terminal.folder / "connecteam-sync.toml").write_text(BIWEEKLY)
    terminal.environment["CONNECTEAM_SYNC_DATABASE_URL"] = f"sqlite:///{terminal.folder}/connecteam-sync.db"
    with time_machine.travel(datetime.fromisoformat("2026-01-20T12:00:00+00:00"), tick=True):

        def said(*words: str) -> str:
            done = CliRunner().invoke(app, ["periods", *words], env=terminal.environment)
            assert done.exit_code == 0, done.output
            return done.output

        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(terminal.folder)
            first = said()
            assert first.splitlines()[0].startswith("2026-01-12..2026-01-25 (America/Chicago)  open")
            assert "next: connecteam-sync periods check 2025-12-29" in first
            said("close", "2025-12-01", "--anyway", "paid by hand")
            assert "next: connecteam-sync periods check 2025-12-15" in said("list")


def test_lock_and_unlock_say_which_period_holds_the_days(terminal: Terminal) -> None:
    """Neither opens nor closes it: the command that does is named."""
    terminal("sync", *WINDOW)
    terminal("periods", "close", P)
    days = ("--from", "2025-12-11", "--to", "2025-12-12")
    said = f"closed in it with a pay period: {P}; to open that: connecteam-sync periods reopen {P} --reason WHY"
    assert said in terminal("lock", *days, "--reason", "x").out
    unlocked = terminal("unlock", *days)
    assert (unlocked.code, said in unlocked.out) == (0, True)
    assert terminal("periods", "list", "--json").json["periods"][0]["state"] == "closed"
    assert terminal("unlock", "--from", "2025-12-12", "--to", "2025-12-12").out.count("pay period") == 0


def test_a_closed_period_holds_its_days(terminal: Terminal) -> None:
    """What Connecteam changes afterwards is not written, and waits as a correction in the way of the next period."""
    terminal("sync", *WINDOW)
    assert terminal("periods", "close", P).code == 0
    shift = terminal.sandbox.company.shifts()[0]
    terminal.sandbox.company.edit(shift.id, end=(shift.end or 0) + 1800)
    assert terminal("sync", *WINDOW).code == 3
    closed = terminal("periods", "check", P, "--json")
    assert (closed.code, [one["name"] for one in closed.json["obstacles"]]) == (0, ["correction_undecided"])
    following = terminal("periods", "check", "2025-12-12..2025-12-14", "--json")
    assert following.code == 4
    [waiting] = following.json["obstacles"]
    assert (waiting["name"], waiting["count"]) == ("correction_undecided", 1)
    assert "1 correction of earlier days (+0:30 hours)" in waiting["message"]


def test_words_that_name_no_period_end_with_2(terminal: Terminal) -> None:
    """Nobody is asked; the key of another zone is refused as well."""
    for words, said in (
        (("check", "soon"), "names no pay period"),
        (("check", "2025-12-01"), "no schedule says"),
        (("close", "2025-12-14..2025-12-01"), "ends before it begins"),
        (("reopen", "2025-02-30", "--reason", "x"), "no calendar has"),
    ):
        answer = terminal("periods", *words)
        assert (answer.code, said in answer.err) == (2, True), answer
    (terminal.folder / "connecteam-sync.toml").write_text('[payroll]\ntimezone = "UTC"\n')
    answer = terminal("periods")
    assert (answer.code, "timezone cannot be set" in answer.err) == (2, True)
    assert terminal.sandbox.calls == 0


def test_the_example_of_the_page_is_taken_as_it_is(terminal: Terminal) -> None:
    """Every key of it."""
    example = sections()["pay-periods"].split("    [payroll]\n")[1].split("\n\n")[0]
    (terminal.folder / "connecteam-sync.toml").write_text(f"[payroll]\n{example}\n")
    assert "2026" in terminal("periods").out

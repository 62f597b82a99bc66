"""What test_json sees of payroll: a closed period that is exported, corrected, and paid with the next one."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any, Protocol

from connecteam_sync.sandbox import Sandbox
from support.fleet_story import fleeted

WINDOW = ("--from", "2025-12-01", "--to", "2025-12-11")
PERIOD = "2025-12-01..2025-12-11"


class Folder(Protocol):
    """The command in a folder of its own, whose answers are checked against the page."""

    sandbox: Sandbox

    def __call__(self, command: str, *words: str, fails: str | None = None) -> dict[str, Any]:
        """The answer to a command."""

    def sql(self, statement: str, *values: object) -> list[Any]:
        """A statement of another program."""


def paid(run: Folder) -> None:
    """A closed period: exported, corrected, and the correction accepted, dismissed, and exported with the next one."""
    company, into = run.sandbox.company, "2025-12-12..2025-12-13"
    csv = ("--format", "csv", "--out")
    run("init")
    shift = company.shifts()[0]
    (opened,) = company.duplicate(company.shifts()[9].id)
    company.edit(opened.id, start=opened.start + 3600)
    company.reopen(opened.id)
    run("sync", *WINDOW)
    run("periods close", PERIOD, "--anyway", "x")
    assert run("export", PERIOD, *csv, "hours.csv", fails="refused-export")["blocked"]
    assert run("export", PERIOD, *csv, "hours.csv", "--without", "blocked")["blocked"]
    assert run("export", PERIOD, *csv, "b.csv", "--without", "blocked", "--again", "x")["minutes_replaced"] is not None
    company.edit(shift.id, start=shift.start + 900)
    run("sync", *WINDOW)
    (waits,) = run("corrections")["corrections"]
    run("corrections list", "--state", "pending")
    run("corrections dismiss", str(waits["id"]), "--reason", "x")
    run("corrections accept", str(waits["id"]), "--into", into)
    assert run("export", into, *csv, "draft.csv", "--draft")["draft"]
    assert run("exports")["exports"]
    assert run("export", into, *csv, "then.csv", "--draft", "--as-of", "1")["as_of"]
    looked_at(run, shift.id)


def looked_at(run: Folder, edited: str) -> None:
    """Hours and timesheets of the period: with a break, an edit, a hold, somebody's row, as of a run."""
    company = run.sandbox.company
    living = company.activities[edited]
    company.take_break(living.user_id, living.start + 3600, living.start + 5400, clock=living.clock_id)
    assert any(sheet["corrections"] for sheet in run("timesheet", PERIOD, "--all")["timesheets"])
    run("periods reopen", PERIOD, "--reason", "x")
    company.duplicate(edited)
    run("sync", *WINDOW)
    run.sql("UPDATE clock_times SET source = 'manual' WHERE id = (SELECT max(id) FROM clock_times)")
    for words in (("--by", "person,day,week,job"), ("--person", "1", "--as-of", "1")):
        assert run("hours", *WINDOW, *words)["lines"]
    assert run("hours", *WINDOW)["left_out"]
    Path("preview.toml").write_text('[payroll]\novertime_preview = "california"\n', encoding="utf-8")
    assert run("hours", *WINDOW, "--config", "preview.toml")["overtime_preview"]["weeks"]
    every = run("timesheet", PERIOD, "--all")["timesheets"]
    assert any(sheet["edits"] for sheet in every)
    assert any(
        shift["breaks"] for sheet in every for week in sheet["weeks"] for day in week["days"] for shift in day["shifts"]
    )
    assert run("timesheet", "1", PERIOD, "--as-of", "1")["timesheet"]["as_of"]
    assert run("timesheet", PERIOD, "--all", "--html", "--out", "sheets")["files"]


def kept(run: Folder) -> None:
    """Shifts of years ago: what may go is shown, somebody is held back, some days are purged, somebody is erased."""
    company, days = run.sandbox.company, "2021-03-01..2021-03-14"
    user = min(set(company.people) - {shift.user_id for shift in company.shifts()})
    start, end = (company.at(date(2021, 3, 2), at) for at in ("08:00", "16:00"))
    company.add(user, start, end, clock=min(company.people[user].clocks), created_at=start)
    run("init")
    run("sync", "--from", "2021-03-01", "--to", "2021-03-14")
    (employee,) = run("history", "1")["changes"][:1]
    gone = str(employee["employee_id"])
    run("sync", *WINDOW)
    run("retention hold add", gone, "--reason", "a lawsuit")
    assert run("retention hold")["legal_holds"]
    assert run("retention purge", days)["purge"]["stays"]["legal_hold"]
    run("retention erase", gone, "--confirm", gone, fails="failure")
    run("retention hold release", gone, "--reason", "settled")
    assert run("retention hold list")["legal_holds"][0]["released_at"]
    assert run("retention check")["foreseen"]
    run("retention purge", days, "--confirm", days)
    assert run("retention")["purges"]
    assert run("retention erase", gone, "--confirm", gone)["users"]
    assert run("changes")["purged"]
    assert run("history", gone)["purged"]
    assert run("verify", "--from", "2021-03-01", "--to", "2021-03-14")["purged"]
    assert run("hours", "--from", "2021-03-01", "--to", "2021-03-14")["purged"]
    assert run("timesheet", "2021-03-01..2021-03-14", "--all")["timesheets"][0]["purged"]


STORIES = (paid, kept, fleeted)

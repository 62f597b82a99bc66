"""What test_json sees of payroll: a closed period that is exported, corrected, and paid with the next one."""

from __future__ import annotations

from datetime import date
from typing import Any, Protocol

from connecteam_sync.sandbox import Sandbox

WINDOW = ("--from", "2025-12-01", "--to", "2025-12-11")
PERIOD = "2025-12-01..2025-12-11"


class Folder(Protocol):
    """The command in a folder of its own, whose answers are checked against the page."""

    sandbox: Sandbox

    def __call__(self, command: str, *words: str, fails: str | None = None) -> dict[str, Any]:
        """The answer to a command."""


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


STORIES = (paid, kept)

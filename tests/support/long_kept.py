"""Stages of a company with a day of years ago, for tests of the command: `stages` says what a stage is."""

from __future__ import annotations

from datetime import date

from connecteam_sync.core.retention import MissingRight, RetentionCheck
from connecteam_sync.present.retention_text import check_json
from support import stages
from support.stages import Command, Words


def long_kept(run: Command) -> Words:
    """Somebody (`{gone}`) worked years ago and never again, and somebody else (`{held}`) is on a legal hold."""
    company = run.sandbox.company
    user = min(set(company.people) - {shift.user_id for shift in company.shifts()})
    day = date(2021, 3, 2)
    start, end = company.at(day, "08:00"), company.at(day, "16:00")
    company.add(user, start, end, clock=min(company.people[user].clocks), created_at=start)
    stages.must(run, "init")
    stages.must(run, "sync", "--day", day.isoformat())
    stages.must(run, "sync", *stages.DAYS)
    people = stages.sql(run, "SELECT id, connecteam_user_id FROM employees ORDER BY id")
    gone = next(key for key, of in people if str(of) == str(user))
    busy, held = [key for key, _ in people if key != gone][:2]
    stages.must(run, "retention", "hold", "add", str(held), "--reason", "a lawsuit")
    return {"employee": str(busy), "gone": str(gone), "held": str(held)}


def purged(run: Command) -> Words:
    """That day was purged."""
    words = long_kept(run)
    days = "2021-03-02..2022-03-02"
    stages.must(run, "retention", "purge", days, "--confirm", days)
    return words


def without_rights() -> dict[str, object]:
    """What `retention check` says to somebody from whom a server keeps a right; a file has none on single tables."""
    missing = MissingRight(
        acts=("purge",), table="connecteam_sync_changes", rights=("DELETE",), words="denied", grant="GRANT DELETE"
    )
    return check_json(RetentionCheck(years=3, floor=date(2022, 1, 1), oldest=None, missing=(missing,)))

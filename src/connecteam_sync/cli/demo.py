"""The demo: mirror a company, change it, mirror it again, verify, and undo."""

from __future__ import annotations

import tempfile
from contextlib import nullcontext
from datetime import date
from pathlib import Path

from connecteam_sync.cli.options import library
from connecteam_sync.cli.output import Report
from connecteam_sync.client import ConnecteamSync
from connecteam_sync.config import Settings
from connecteam_sync.core.run import Run
from connecteam_sync.core.text import many
from connecteam_sync.core.window import Window
from connecteam_sync.errors import ConfigurationError
from connecteam_sync.present import json_shapes, text, verify_text
from connecteam_sync.present.runs_text import runs_text
from connecteam_sync.sandbox import Company, Sandbox
from connecteam_sync.sandbox.settings import KEY

FIRST, LAST = date(2025, 12, 1), date(2025, 12, 11)

NOW_YOU = (
    "  in one terminal:",
    "    connecteam-sync sandbox --live",
    "  in another one:",
    "    export CONNECTEAM_SYNC_BASE_URL=http://127.0.0.1:8123",
    f"    export CONNECTEAM_SYNC_API_KEY={KEY}",
    "    export CONNECTEAM_SYNC_TIMEZONE=America/Chicago",
    "    connecteam-sync init",
    "    connecteam-sync serve",
    "  Ctrl-C ends either. In the meantime, in a third one: connecteam-sync runs",
)
"""What to type after the demo; a test types it."""


def run_demo(report: Report, keep: Path | None) -> int:
    """Run the demo; returns 0 if every promise held. The database is removed unless `keep` names a folder for it.

    Raises ConfigurationError if that folder is absent or has a `demo.db` already.
    """
    if keep is not None and not keep.is_dir():
        raise ConfigurationError(f"there is no folder {keep}", next_step="create it, or leave --keep out")
    folder = tempfile.TemporaryDirectory(prefix="connecteam-sync-") if keep is None else nullcontext(str(keep))
    with folder as scratch, Sandbox(Company()) as sandbox:
        database = Path(scratch) / "demo.db"
        if database.exists():
            raise ConfigurationError(f"{database} exists already", next_step="name an empty folder with --keep")
        settings = Settings(
            timezone=sandbox.company.timezone, database_url=f"sqlite:///{database}", base_url=sandbox.url
        )
        with library()(sandbox.key, settings=settings, on_progress=report.progress) as mirror:
            return _run_acts(report, mirror, sandbox, mirror.window(FIRST, LAST), keep)


def _run_acts(report: Report, mirror: ConnecteamSync, sandbox: Sandbox, window: Window, keep: Path | None) -> int:
    company = sandbox.company

    def print_act(headline: str, *lines: str) -> None:
        report.end_progress()
        report.print_lines(["", f"== {headline}", *lines])

    def print_run(run: Run) -> None:
        report.end_progress()
        report.print_lines(["", *text.run_text(run, mirror.show(run.id or 0)[1])])

    print_act(
        "1. A company and an empty database",
        f"{company.name}: {many(len(company.people), 'person', 'people')}, three time clocks, a simulated "
        "Connecteam behind the real HTTP API on this machine.",
        *mirror.init(),
    )

    print_act("2. What a first sync would do (connecteam-sync plan)")
    proposal = mirror.plan(window)
    report.end_progress()
    report.print_lines([*text.plan_text(proposal, {})[:12], "  …"])

    print_act("3. Do it (connecteam-sync sync)")
    first = mirror.sync(window)
    report.end_progress()
    receipt = text.run_text(first, mirror.show(first.id or 0)[1])
    report.print_lines([*receipt[:3], f"  … one line per shift: connecteam-sync show {first.id}"])

    print_act("4. Connecteam changes its mind", *_change_company(company))

    print_act("5. What that means for the table (connecteam-sync plan)")
    report.print_lines(text.plan_text(mirror.plan(window), mirror.names()))

    print_act("6. Do it: the same rows, the same primary keys")
    second = mirror.sync(window)
    print_run(second)

    print_act("7. Once more: nothing to do, nothing written")
    third = mirror.sync(window)
    print_run(third)

    print_act("8. Prove it with a fresh look (connecteam-sync verify)")
    verification = mirror.verify(window)
    report.print_lines(verify_text.verify_text(verification, mirror.names()))

    print_act(f"9. Take the second run back (connecteam-sync undo {second.id})")
    before_undo = mirror.runs(1, "sync")[0]
    undone = mirror.undo(second.id or 0)
    print_run(undone)

    print_act("10. The receipts (connecteam-sync runs)", *runs_text(mirror.runs(), window.zone))
    is_as_promised = (
        first.status == second.status == undone.status == "applied"
        and third.status == "nothing"
        and not verification.differences
        and before_undo.id == third.id
    )
    report.print_json(
        {
            "ok": is_as_promised,
            "runs": [json_shapes.run(run) for run in mirror.runs()],
            "verify": json_shapes.verification(verification),
        }
    )
    report.print_lines(
        ["", "== Now you: let it run by itself. In an empty folder, with a company that works as you watch", *NOW_YOU]
    )
    report.note("")
    report.note(
        "next: connecteam-sync sandbox --live, and in another terminal init and serve"
        if keep is None
        else f"next: look into {keep}/demo.db, table clock_times"
    )
    return 0 if is_as_promised else 1


def _change_company(company: Company) -> list[str]:
    """Change the company between the two runs; returns a sentence for each change."""
    shifts = company.shifts(FIRST, LAST)
    still_open = next(shift for shift in shifts if shift.end is None)
    company.clock_out(still_open.id, still_open.start + 5 * 3600 + 600)
    closed = [shift for shift in shifts if shift.end is not None and shift.id != still_open.id]
    corrected, removed = closed[20], closed[60]
    company.edit(corrected.id, start=corrected.start + 15 * 60)
    company.delete(removed.id)
    busy = {shift.user_id for shift in company.shifts(date(2025, 12, 9), date(2025, 12, 10))}
    free = [user for user in sorted(company.people) if user not in busy] or sorted(company.people)
    split, night = free[0], free[-1]
    for begin, end in (("08:00", "12:00"), ("14:00", "18:00")):
        company.add(split, company.at(date(2025, 12, 9), begin), company.at(date(2025, 12, 9), end))
    company.add(night, company.at(date(2025, 12, 10), "22:00"), company.at(date(2025, 12, 10), "30:00"))

    def name(user_id: int) -> str:
        person = company.people[user_id]
        return f"{person.first_name} {person.last_name}"

    return [
        f"  {name(still_open.user_id)} clocks out at last.",
        f"  {name(corrected.user_id)}'s clock-in is corrected by a quarter of an hour.",
        f"  A shift of {name(removed.user_id)} is deleted.",
        f"  {name(split)} worked a split day, 8-12 and 14-18: exactly six hours apart, and still two shifts.",
        f"  {name(night)} worked a night, 22-6.",
    ]

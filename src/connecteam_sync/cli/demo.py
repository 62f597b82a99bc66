"""The whole story in one go: mirror, let the world change its mind, mirror again, prove it, take it back."""

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
from connecteam_sync.present import json_shapes, text
from connecteam_sync.sandbox import Company, Sandbox

FIRST, LAST = date(2025, 12, 1), date(2025, 12, 11)


def tell_the_story(report: Report, keep: Path | None) -> int:
    """Tell it; 0 where every promise held. The scratch folder is removed unless it is to be kept.

    Raises ConfigurationError where the folder to keep is absent or in use.
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
            return _acts(report, mirror, sandbox, mirror.window(FIRST, LAST), keep)


def _acts(report: Report, mirror: ConnecteamSync, sandbox: Sandbox, window: Window, keep: Path | None) -> int:
    company = sandbox.company

    def act(headline: str, *lines: str) -> None:
        report.quiet()
        report.say(["", f"== {headline}", *lines])

    def mirrored(run: Run) -> None:
        report.quiet()
        report.say(["", *text.run_text(run, mirror.show(run.id or 0)[1])])

    act(
        "1. A company and an empty database",
        f"{company.name}: {many(len(company.people), 'person', 'people')}, three time clocks, a simulated "
        "Connecteam behind the real HTTP API on this machine.",
        *mirror.init(),
    )

    act("2. What a first sync would do (connecteam-sync plan)")
    proposal = mirror.plan(window)
    report.quiet()
    report.say([*text.plan_text(proposal, {})[:12], "  …"])

    act("3. Do it (connecteam-sync sync)")
    first = mirror.sync(window)
    report.quiet()
    receipt = text.run_text(first, mirror.show(first.id or 0)[1])
    report.say([*receipt[:3], f"  … one line per shift: connecteam-sync show {first.id}"])

    act("4. Connecteam changes its mind", *_change_the_world(company))

    act("5. What that means for the table (connecteam-sync plan)")
    report.say(text.plan_text(mirror.plan(window), mirror.names()))

    act("6. Do it: the same rows, the same primary keys")
    second = mirror.sync(window)
    mirrored(second)

    act("7. Once more: nothing to do, nothing written")
    third = mirror.sync(window)
    mirrored(third)

    act("8. Prove it with a fresh look (connecteam-sync verify)")
    proof = mirror.verify(window)
    report.say(text.verify_text(proof, mirror.names()))

    act(f"9. Take the second run back (connecteam-sync undo {second.id})")
    before_undo = mirror.runs(1, "sync")[0]
    undone = mirror.undo(second.id or 0)
    mirrored(undone)

    act("10. The receipts (connecteam-sync runs)", *text.runs_text(mirror.runs(), window.zone))
    good = (
        first.status == second.status == undone.status == "applied"
        and third.status == "nothing"
        and not proof.differences
        and before_undo.id == third.id
    )
    report.answer(
        {
            "ok": good,
            "runs": [json_shapes.run(run) for run in mirror.runs()],
            "verify": json_shapes.verification(proof),
        }
    )
    report.talk("")
    report.talk(
        "next: connecteam-sync sandbox, and in another terminal init, doctor, plan, sync"
        if keep is None
        else f"next: look into {keep}/demo.db, table clock_times"
    )
    return 0 if good else 1


def _change_the_world(company: Company) -> list[str]:
    """What happens between the two runs; a sentence each."""
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

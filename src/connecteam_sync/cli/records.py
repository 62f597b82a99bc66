"""What happened: runs, show, history, changes, holds."""

from __future__ import annotations

from typing import Annotated, Optional
from zoneinfo import ZoneInfo

import typer

from connecteam_sync.cli import machine, text
from connecteam_sync.cli.options import (
    Config,
    Day,
    Json,
    day_of,
    opened,
)
from connecteam_sync.cli.report import reporting
from connecteam_sync.core.change import HOLD_REASONS
from connecteam_sync.errors import ConfigurationError


def runs(
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many.")] = 20,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Receipts, newest first."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        found = mirror.runs(limit)
        report.answer({"runs": [machine.run(run) for run in found]})
        report.say(text.runs_text(found, ZoneInfo(mirror.settings.timezone)))


def show(
    run: Annotated[int, typer.Argument(metavar="RUN", help="The number of the run.")],
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Every change of a run."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        found, entries = mirror.show(run)
        report.answer({**machine.run(found), "changes": [machine.entry(entry) for entry in entries]})
        report.say(
            text.run_text(
                found,
                entries,
                people=mirror.employees() if found.holds else (),
                employees=mirror.names() if found.holds else {},
                everything=True,
            )
        )


def history(
    employee: Annotated[str, typer.Argument(metavar="EMPLOYEE", help="The employee's id or exact name.")],
    day: Day = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Why each row of an employee has the values it has."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        chosen = day_of(day, mirror.today()) if day is not None else None
        rows, entries = mirror.history(employee, chosen)
        report.answer({"rows": [machine.row(row) for row in rows], "changes": [machine.entry(e) for e in entries]})
        report.say(text.history_text(rows, entries, ZoneInfo(mirror.settings.timezone), mirror.names()))


def changes(
    after: Annotated[int, typer.Option("--after", min=0, help="The last entry already read.")] = 0,
    limit: Annotated[int, typer.Option("--limit", min=1, max=100_000, help="How many.")] = 1000,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """The journal as a feed: which employee, which local days, what kind of change."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        entries = mirror.changes(after, limit)
        report.answer(
            {
                "changes": [machine.entry(entry) for entry in entries],
                "last": entries[-1].number if entries else after,
            }
        )
        report.say(
            f"{e.number:>8}  run {e.run:<6} {e.change.kind:<7} employee {e.change.image.employee_id:<8}"
            f" {e.change.days[0]}..{e.change.days[1]}"
            for e in entries
        )
        report.talk(f"next: connecteam-sync changes --after {entries[-1].number}" if entries else "nothing new")


def holds(
    reason: Annotated[Optional[str], typer.Option("--reason", help=f"One of: {', '.join(HOLD_REASONS)}.")] = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """What is deliberately not written, and why: the list that needs a person."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        if reason is not None and reason not in HOLD_REASONS:
            raise ConfigurationError(
                f"there is no hold reason {reason!r}", next_step=f"use one of: {', '.join(HOLD_REASONS)}"
            )
        found = mirror.holds(reason)
        report.answer({"holds": [machine.standing(item) for item in found]})
        report.say(text.holds_text(found, ZoneInfo(mirror.settings.timezone)))

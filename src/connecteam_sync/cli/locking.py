"""Days closed for payroll: lock, unlock, locks."""

from __future__ import annotations

from typing import Annotated, Optional
from zoneinfo import ZoneInfo

import typer

from connecteam_sync.cli.options import LARGEST, Config, First, Json, Last, Who, opened
from connecteam_sync.cli.output import Report, reporting
from connecteam_sync.core.text import many
from connecteam_sync.core.window import Window
from connecteam_sync.days import one_window
from connecteam_sync.errors import LockRefused
from connecteam_sync.present import json_shapes

Person = Annotated[
    Optional[str], typer.Option("--person", metavar="EMPLOYEE", help="Only the days of this employee, by their id.")
]
Clock = Annotated[
    Optional[int], typer.Option("--clock", metavar="ID", help="Only the days on this time clock.", min=1, max=LARGEST)
]
Reason = Annotated[str, typer.Option("--reason", metavar="WHY", help="Why; it is kept.")]


def lock(
    first: First,
    last: Last,
    reason: Reason,
    person: Person = None,
    clock: Clock = None,
    who: Who = None,
    anyway: Annotated[
        bool,
        typer.Option("--anyway", help="Also if a row is open, or anything differs or is held; that is kept too."),
    ] = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Close days for payroll, after a look at whether they are right: no run changes them; differences are held."""
    from connecteam_sync.present import locks_text

    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        window = one_window(mirror, first, last)
        try:
            done = mirror.lock(
                window.first, window.last, reason=reason, by=who, anyway=anyway, employee=person, time_clock=clock
            )
        except LockRefused as error:
            _report_refusal(report, window, error)
            raise typer.Exit(error.exit_code) from error
        report.end_progress()
        report.print_json(locks_text.closing_json(done))
        whose = locks_text.scope_text(done.scope)
        report.print_lines([f"{window} ({window.timezone}) is closed{whose} ({many(len(done.newly), 'day')} newly)"])
        if done.verified is not None:
            report.print_lines(locks_text.verified_lines(done.verified, window))
        report.print_lines(locks_text.holding_lines(done.periods))


def _report_refusal(report: Report, window: Window, error: LockRefused) -> None:
    """Print each thing that is wrong, and the command that locks the days nevertheless."""
    from connecteam_sync.present import locks_text

    report.end_progress()
    report.print_json({**error.members, **locks_text.refusal_json(window, error.verified)})
    report.print_lines(locks_text.verified_lines(error.verified, window))
    report.note(error.message)
    report.note(f"next: {error.next_step}")


def unlock(
    first: First,
    last: Last,
    reason: Reason = "",
    person: Person = None,
    clock: Clock = None,
    who: Who = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Open days again; who did it, when and why stays recorded."""
    from connecteam_sync.present import locks_text

    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        window = one_window(mirror, first, last)
        done = mirror.unlock(window.first, window.last, reason=reason, by=who, employee=person, time_clock=clock)
        report.print_json(locks_text.opening_json(done))
        days = len({(day.day, day.timezone) for day in done.opened})
        report.print_lines([f"{window} is open{locks_text.scope_text(done.scope)} ({many(days, 'day')} newly)"])
        report.print_lines(locks_text.still_lines(done.still))
        report.print_lines(locks_text.holding_lines(done.periods))
        report.note(f"next: connecteam-sync sync --from {window.first} --to {window.last}" if done.opened else "")


def locks(
    everything: Annotated[bool, typer.Option("--all", help="Every locking and unlocking there ever was.")] = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """The days that are closed: who closed them, when and why, and the result of the look. Newest first."""
    from connecteam_sync.present import locks_text

    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        zone = ZoneInfo(mirror.settings.timezone)
        closed = mirror.locks()
        events = mirror.lock_history() if everything else ()
        answer: json_shapes.Json = {"locks": [locks_text.closed_json(item) for item in closed]}
        if everything:
            answer["events"] = [locks_text.event_json(item) for item in events]
        report.print_json(answer)
        if everything:
            report.print_lines(locks_text.event_lines(events, zone) or ["nobody has locked a day yet"])
        else:
            report.print_lines(locks_text.closed_lines(closed, zone) or ["no day is locked"])

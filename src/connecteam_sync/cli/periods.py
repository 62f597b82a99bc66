"""Pay periods: periods list, check, review, close, reopen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Optional
from zoneinfo import ZoneInfo

import typer

from connecteam_sync.cli.options import Config, Json, Who, opened
from connecteam_sync.cli.output import Report, reporting
from connecteam_sync.core.text import called
from connecteam_sync.errors import PeriodRefused

if TYPE_CHECKING:
    from collections.abc import Iterable

    from connecteam_sync.core.periods import Period, PeriodReport

periods = typer.Typer(invoke_without_command=True, help="Pay periods: which are closed, and what keeps one from it.")
Named = Annotated[
    str, typer.Argument(metavar="PERIOD", help="Its first day, e.g. 2025-12-01, or both: 2025-12-01..2025-12-14.")
]


@periods.callback()
def periods_show(context: typer.Context, config: Config = None, as_json: Json = False) -> None:
    """List the pay periods: those on record, the present one and the six before it. Newest first."""
    if context.invoked_subcommand is None:
        periods_list(config, as_json)


@periods.command("list")
def periods_list(config: Config = None, as_json: Json = False) -> None:
    """List the pay periods: those on record, the present one and the six before it. Newest first."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        from connecteam_sync.present import periods_text

        found = mirror.payroll.periods()
        report.print_json({"periods": [periods_text.period_json(one) for one in found]})
        report.print_lines(
            periods_text.period_lines(found, ZoneInfo(mirror.settings.timezone))
            or ["no pay period: none is on record, and [payroll] has no schedule"]
        )
        left = _next(one for one in found if one.window.last < mirror.today())
        report.note(f"next: connecteam-sync periods check {left.name}" if left is not None else "")


def _next(over: Iterable[Period]) -> Period | None:
    """The period that is to be closed next, of those that are over, newest first: the one after the newest closed one;
    without any closed one the newest.
    """
    left: list[Period] = []
    for period in over:
        if period.state == "closed":
            return left[-1] if left else None
        if not period.overlaps:
            left.append(period)
    return left[0] if left else None


@periods.command()
def check(period: Named, who: Who = None, config: Config = None, as_json: Json = False) -> None:
    """Show what stands in the way of closing a period, each with its cure, and everybody's hours in three counts."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        try:
            done = mirror.payroll.check(period, by=who)
        except PeriodRefused as error:
            _report_refusal(report, error, mirror.settings.timezone)
            raise typer.Exit(error.exit_code) from error
        _report(report, done, mirror.settings.timezone)
        report.note(f"the checklist is not on record: {done.not_recorded}" if done.not_recorded else "")
        if done.exit_code == 0 and done.period.state != "closed":
            report.note(f"next: connecteam-sync periods close {done.period.name}")
        raise typer.Exit(done.exit_code)


@periods.command()
def review(period: Named, who: Who = None, config: Config = None, as_json: Json = False) -> None:
    """Note that you have looked at a period and its checklist, so that another person may close it."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        try:
            done = mirror.payroll.review(period, by=who)
        except PeriodRefused as error:
            _report_refusal(report, error, mirror.settings.timezone)
            raise typer.Exit(error.exit_code) from error
        _report(report, done, mirror.settings.timezone)
        report.note(f"next: another person runs connecteam-sync periods close {done.period.name}")


@periods.command()
def close(
    period: Named,
    anyway: Annotated[
        Optional[str],
        typer.Option("--anyway", metavar="REASON", help="Also with obstacles, which are kept with this reason."),
    ] = None,
    who: Who = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Close a period after its checklist: no run changes its days, what differs becomes a correction."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        try:
            done = mirror.payroll.close(period, by=who, anyway=anyway)
        except PeriodRefused as error:
            _report_refusal(report, error, mirror.settings.timezone)
            raise typer.Exit(error.exit_code) from error
        if not done.newly:
            report.note(f"{done.period.window} was closed already: nothing was done")
        _report(report, done, mirror.settings.timezone)
        earlier = mirror.payroll.exports(period=done.period.window) if done.newly else ()
        if earlier:
            # It was opened after that, and no correction tells what has changed in its own rows.
            last = earlier[-1]
            report.note(
                f"export {last.number} ({called(last.file_name)}) is of before it was opened; where its hours have"
                " changed:"
                f" connecteam-sync export {done.period.name} --format {last.format} --out FILE --again REASON"
            )


@periods.command()
def reopen(
    period: Named,
    reason: Annotated[str, typer.Option("--reason", metavar="WHY", help="Why; it is kept.")],
    who: Who = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Open a closed period again; who did it, when and why stays recorded."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        done = mirror.payroll.reopen(period, reason=reason, by=who)
        _report(report, done, mirror.settings.timezone)
        window = done.period.window
        report.note(f"next: connecteam-sync sync --from {window.first} --to {window.last}")


def _report(report: Report, done: PeriodReport, timezone: str) -> None:
    from connecteam_sync.present import periods_text

    report.end_progress()
    report.print_json(periods_text.report_json(done))
    report.print_lines(periods_text.report_lines(done, ZoneInfo(timezone)))


def _report_refusal(report: Report, error: PeriodRefused, timezone: str) -> None:
    """Print what stands in the way, and how a person goes on."""
    from connecteam_sync.present import periods_text

    report.end_progress()
    if error.report is not None:
        report.print_json({**error.members, **periods_text.report_json(error.report), "exit_code": error.exit_code})
        report.print_lines(periods_text.report_lines(error.report, ZoneInfo(timezone)))
    else:
        report.print_json(error.members)
    report.note(error.message)
    report.note(f"next: {error.next_step}")

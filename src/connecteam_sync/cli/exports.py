"""Hours to be paid or shown: export, exports, hours, timesheet."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from connecteam_sync.cli.corrections import After, Limit
from connecteam_sync.cli.options import AsOf, Config, First, Json, Last, Who, opened
from connecteam_sync.cli.output import reporting
from connecteam_sync.cli.periods import Named
from connecteam_sync.core.text import many
from connecteam_sync.days import one_window
from connecteam_sync.errors import ConfigurationError, ExportRefused

if TYPE_CHECKING:
    from connecteam_sync.core.timesheet import Timesheet

_BLOCKED = "blocked"
_FORMATS = "One of: csv, xlsx, parquet, adp, paychex, gusto, quickbooks, paylocity, ukg."
"""As `core.exports` has them, which the help of other commands does not load."""


def export(
    period: Named,
    format: Annotated[  # noqa: A002 - the option's name
        str, typer.Option("--format", metavar="FORMAT", help=_FORMATS)
    ],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="A new file; a manifest is put beside it.")],
    again: Annotated[
        Optional[str],
        typer.Option("--again", metavar="REASON", help="Why a period that was exported is exported once more; kept."),
    ] = None,
    without: Annotated[
        Optional[str],
        typer.Option("--without", metavar="blocked", help="Leave out the people whose hours are not settled."),
    ] = None,
    draft: Annotated[
        bool, typer.Option("--draft", help="Only to look at: of a period in any state, and in no ledger.")
    ] = False,
    as_of: AsOf = None,
    who: Who = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Write the hours of a closed pay period to a file, with its corrections, and note that in the ledger."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        from connecteam_sync.present import exports_text

        if without not in {None, _BLOCKED}:
            raise ConfigurationError(
                f"--without {str(without)[:60]!r} leaves nobody out", next_step=f"use --without {_BLOCKED}"
            )
        try:
            done = mirror.payroll.export(
                period, format, out, again=again, draft=draft, without_blocked=without is not None, as_of=as_of, by=who
            )
        except ExportRefused as error:
            report.print_lines(exports_text.blocked_lines(error.blocked, "in the way"))
            raise
        report.print_json(exports_text.exported_json(done))
        report.print_lines(exports_text.exported_lines(done))


def exports(
    period: Annotated[
        Optional[str], typer.Option("--period", metavar="PERIOD", help="Only those of this pay period.")
    ] = None,
    after: After = 0,
    limit: Limit = 1000,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """List the ledger of exports, oldest first: which file of which period, by whom, with which corrections."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        from connecteam_sync.present import exports_text

        found = mirror.payroll.exports(period=period, after=after, limit=limit + 1)
        left, found = found[limit:], found[:limit]
        next_after = found[-1].number if left else None
        report.print_json({"exports": [exports_text.export_json(one) for one in found], "next_after": next_after})
        report.print_lines(exports_text.ledger_lines(found))
        of_period = f"--period {period} " if period else ""
        report.note(f"next: connecteam-sync exports {of_period}--after {next_after}" if left else "")


# -- hours and timesheets ----------------------------------------------------------------------------------------------


def hours(
    first: First,
    last: Last,
    by: Annotated[
        str, typer.Option("--by", metavar="WORDS", help="Some of person, day, week, job: person,day.")
    ] = "person",
    person: Annotated[
        Optional[str], typer.Option("--person", metavar="EMPLOYEE", help="Only one employee: id, name or part of it.")
    ] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="A CSV on stdout, for spreadsheets.")] = False,
    as_of: AsOf = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """The hours of the table: gross, unpaid breaks and net, by person, day, workweek or job; and what is not in it."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        from connecteam_sync.present import hours_text

        if as_csv and as_json:
            raise ConfigurationError("--csv and --json contradict each other", next_step="use one of them")
        found = mirror.payroll.hours(one_window(mirror, first, last), by=by, person=person, as_of=as_of)
        report.print_json(hours_text.hours_json(found))
        if as_csv:
            report.print_lines(hours_text.csv_lines(found))
            for line in hours_text.account_lines(found):
                report.note(line)
        else:
            report.print_lines(hours_text.hours_lines(found))
        report.note("next: connecteam-sync holds" if found.left_out else "")


def timesheet(
    employee: Annotated[str, typer.Argument(metavar="EMPLOYEE", help="Id, name or part of a name; with --all PERIOD.")],
    period: Annotated[
        Optional[str],
        typer.Argument(metavar="PERIOD", help="Its first day, or both: 2025-12-01..2025-12-14.", show_default=False),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Of everybody: timesheet PERIOD --all.")] = False,
    as_html: Annotated[bool, typer.Option("--html", help="A page for print, A4 or Letter.")] = False,
    out: Annotated[
        Optional[Path],
        typer.Option(
            "--out", metavar="FILE", help="Into a file; with --all into a new folder, a file for each person."
        ),
    ] = None,
    as_of: AsOf = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """One person's paper of a pay period: days, breaks, workweeks, edits, corrections, and what is certified of it."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        from connecteam_sync.present import timesheet_text

        name = _period(employee, period, every=every)
        if as_html and out is None and (as_json or every):
            raise ConfigurationError(
                "--html writes one page to stdout" if every else "--html and --json contradict each other",
                next_step="name where the pages go: --out FOLDER" if every else "use one of them, or --html --out FILE",
            )
        if every:
            found = mirror.payroll.timesheets(name, as_of=as_of)
        else:
            found = (mirror.payroll.timesheet(employee, name, as_of=as_of),)
        files: tuple[Path, ...] = ()
        shown = found if out is None else ()
        if out is not None:
            kind = "html" if as_html else "json" if as_json else "txt"
            sheets = ((sheet.employee.id, _content(sheet, kind)) for sheet in found)
            files = mirror.payroll.save_timesheets(sheets, out, kind=kind, is_folder=every)
            report.print_lines([f"{out}: {many(len(files), 'timesheet')}"])
        elif as_html:
            report.print_lines(_content(found[0], "html").splitlines())
        else:
            report.print_lines(timesheet_text.many_timesheets(found))
        shapes = [timesheet_text.timesheet_json(sheet) for sheet in shown]
        report.print_json(
            {
                "timesheet": shapes[0] if shapes and not every else None,
                "timesheets": shapes if every else [],
                "files": [str(path) for path in files],
            }
        )


def _period(employee: str, period: str | None, *, every: bool) -> str:
    """The period, which is the only word with --all. Raises ConfigurationError for a word too many or too few."""
    if every and period is not None:
        raise ConfigurationError(
            "--all is everybody, so no employee is named", next_step="connecteam-sync timesheet PERIOD --all"
        )
    if not every and period is None:
        raise ConfigurationError(
            "a timesheet is of an employee and a period",
            next_step="connecteam-sync timesheet EMPLOYEE PERIOD; of everybody: timesheet PERIOD --all --out FOLDER",
        )
    return employee if period is None else period


def _content(sheet: Timesheet, kind: str) -> str:
    """The whole file of a timesheet."""
    from connecteam_sync.core.text import plain
    from connecteam_sync.present import json_shapes, timesheet_html, timesheet_text

    if kind == "html":
        return timesheet_html.page(sheet)
    if kind == "json":
        shape = {"schema": json_shapes.SCHEMA, "timesheet": timesheet_text.timesheet_json(sheet)}
        return json_shapes.encoded(shape) + "\n"
    return "".join(f"{plain(line)}\n" for line in timesheet_text.timesheet_lines(sheet))

"""Taking over an existing table: adopt."""

from __future__ import annotations

from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from connecteam_sync.cli.options import (
    Config,
    Json,
    MaybeFirst,
    MaybeLast,
    opened,
    report_run,
)
from connecteam_sync.cli.output import reporting
from connecteam_sync.days import chosen_windows, one_window
from connecteam_sync.errors import ConfigurationError
from connecteam_sync.present import adopt_text, text


def adopt(
    apply: Annotated[
        bool, typer.Option("--apply", help="Back up and remove doubles, add the unique key while others go on.")
    ] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Take the last adoption back: rows, key and backup.")] = False,
    sql: Annotated[bool, typer.Option("--sql", help="Print the statements for a DBA instead.")] = False,
    link_minutes: Annotated[
        bool,
        typer.Option(
            "--link-minutes",
            help="With --apply: link rows that agree with a shift but for the seconds, of --from..--to.",
        ),
    ] = False,
    first: MaybeFirst = None,
    last: MaybeLast = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Take over a clock_times table that exists. Looks and shows the plan; writes nothing without --apply.

    --from and --to say which days are compared with Connecteam for rows stored at a time zone's offset or without
    seconds; by default the newest four weeks of the table.
    """
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        chosen = [name for name, wanted in (("--apply", apply), ("--undo", undo), ("--sql", sql)) if wanted]
        if link_minutes and not (apply and first and last):
            raise ConfigurationError(
                "--link-minutes needs --apply, --from and --to",
                next_step="look first: connecteam-sync adopt --from D --to D; its last line names the command",
            )
        if len(chosen) > 1 or (chosen and not link_minutes and (first or last)):
            raise ConfigurationError(
                f"{' and '.join([*chosen, *(['--from/--to'] if first or last else [])])} cannot be combined",
                next_step="look first: connecteam-sync adopt",
            )
        if sql:
            statements = mirror.adopt_sql()
            report.print_json({"sql": statements})
            report.print_lines(statements.splitlines())
            return
        if apply:
            link_window = one_window(mirror, first or "", last or "") if link_minutes else None
            report_run(mirror, report, mirror.adopt(link_minutes=link_window))
        if undo:
            *earlier, last_run = mirror.undo_adopt()
            for run in earlier:
                report.print_lines(text.run_text(run, mirror.show(run.id or 0)[1]))
            report_run(mirror, report, last_run)
        windows = chosen_windows(mirror, first, last, None, None)
        survey = mirror.survey(windows[0] if windows else None)
        report.end_progress()
        report.print_json(adopt_text.survey_json(survey))
        report.print_lines(adopt_text.survey_text(survey, ZoneInfo(mirror.settings.timezone), mirror.names()))
        report.note(f"next: {adopt_text.next_step(survey)}")

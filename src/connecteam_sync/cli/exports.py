"""Exports of closed pay periods: export, exports."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from connecteam_sync.cli.corrections import After, Limit
from connecteam_sync.cli.options import AsOf, Config, Json, Who, opened
from connecteam_sync.cli.output import reporting
from connecteam_sync.cli.periods import Named
from connecteam_sync.errors import ConfigurationError, ExportRefused

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

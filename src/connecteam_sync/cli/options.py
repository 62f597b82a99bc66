"""Options shared by several commands, and how their values are read."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from connecteam_sync.cli.opened import OPENED, Chosen
from connecteam_sync.cli.output import Report
from connecteam_sync.cli.startup import loading
from connecteam_sync.core.run import Asked, Run
from connecteam_sync.core.window import MAX_WINDOW_DAYS
from connecteam_sync.present import json_shapes, text

if TYPE_CHECKING:
    from connecteam_sync.client import ConnecteamSync

Config = Annotated[
    Optional[Path],
    typer.Option("--config", metavar="FILE", help="Configuration file; else connecteam-sync.toml here."),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout, for programs.")]
First = Annotated[str, typer.Option("--from", metavar="DAY", help="First local day, e.g. 2025-12-01.")]
Last = Annotated[str, typer.Option("--to", metavar="DAY", help="Last local day, included.")]
MaybeFirst = Annotated[Optional[str], typer.Option("--from", metavar="DAY", help="First local day.")]
MaybeLast = Annotated[Optional[str], typer.Option("--to", metavar="DAY", help="Last local day, included.")]
Day = Annotated[Optional[str], typer.Option("--day", metavar="DAY", help="A single local day.")]
Days = Annotated[
    Optional[int], typer.Option("--days", min=0, max=MAX_WINDOW_DAYS - 1, help="Today and the N days before it.")
]
LARGEST = 2**63 - 1
"""The largest id of a run, user, time clock or hold that a database can store."""
RunNumber = Annotated[int, typer.Argument(metavar="RUN", min=1, max=LARGEST, help="The number of the run.")]
User = Annotated[int, typer.Argument(metavar="USER", min=1, max=LARGEST, help="The Connecteam user id.")]
Accept = Annotated[
    Optional[list[str]],
    typer.Option("--accept", metavar="FINGERPRINT", help="Let this one plan through the guards; a refusal names it."),
]

Who = Annotated[
    Optional[str], typer.Option("--as", metavar="WHO", help="The name to record; else the user of the system.")
]
AsOf = Annotated[
    Optional[str],
    typer.Option("--as-of", metavar="MOMENT", help="As the table was then: a run's number, a moment, or a day."),
]


def recorded_name(who: str | None) -> str:
    """The name recorded for an action: the one given, else the user of the system."""
    if who is not None:
        return who
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # no name for this user id: KeyError until Python 3.12
        return "somebody"


def library() -> type[ConnecteamSync]:
    """The client's class, imported here: SQLAlchemy and the API's client are most of the start-up time."""
    with loading():
        import stamina.instrumentation

        from connecteam_sync.client import ConnecteamSync

    # Retries are shown by our own progress; stamina would log them to stdout.
    stamina.instrumentation.set_on_retry_hooks([])
    return ConnecteamSync


def opened(config: Path | None, report: Report) -> ConnecteamSync:
    """The client made from the configuration; logging begins if it is configured."""
    mirror = library().from_config(config, account=Chosen.name, on_progress=report.progress)
    from connecteam_sync.config_secrets import loose_files

    if not Chosen.is_in_turn:
        OPENED.clear()
    OPENED.append(mirror)
    mirror.store.asked = Asked("command", recorded_name(None))
    if mirror.settings.log != "off" or mirror.settings.log_file is not None:
        from connecteam_sync.cli.log import begin_log

        begin_log(mirror.settings, mirror.store.files)
    for loose in loose_files(mirror.settings.secrets):
        report.note(f"warning: {loose}")
    return mirror


def report_run(mirror: ConnecteamSync, report: Report, run: Run) -> None:
    """Print a run's receipt and end with its exit code (`typer.Exit`)."""
    report.end_progress()
    report.print_json(json_shapes.run(run))
    if not report.as_json:
        entries = mirror.show(run.id)[1] if run.id is not None and run.status != "failed" else ()
        report.print_lines(
            text.run_text(
                run,
                entries,
                people=mirror.employees() if run.holds else (),
                employees=mirror.names() if run.holds or any(slice_.stopped for slice_ in run.slices) else {},
            )
        )
        step = text.next_step(run)
        report.note(f"next: {step}" if step else "")
    elif run.errors:
        for slice_ in run.slices:
            report.note(f"{slice_.error}; next: {slice_.next_step}" if slice_.error else "")
    report.note(text.how_to_go_on(run))
    raise typer.Exit(run.exit_code)

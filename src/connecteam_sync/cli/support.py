"""A report that others can replay: support-bundle."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from connecteam_sync.cli.options import LARGEST, Config, Json, library, opened
from connecteam_sync.cli.output import Report, reporting
from connecteam_sync.errors import NotConfirmed

DIFFERENT = 5
support_bundle = typer.Typer(
    invoke_without_command=True,
    help="One file for a report: what a run decided and of what, with every name and id replaced by an invented one.",
)


@support_bundle.callback()
def make_bundle(
    context: typer.Context,
    run: Annotated[
        Optional[int],
        typer.Option("--run", metavar="RUN", min=1, max=LARGEST, help="What this run decided; else a fresh look."),
    ] = None,
    output: Annotated[
        Optional[Path], typer.Option("--output", metavar="FILE", help="Else connecteam-sync-bundle.json.gz here.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Write it without asking.")] = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """One file for a report: what a run decided and of what, with every name and id replaced by an invented one.

    What is in it is listed before it is written. With --json and without --yes it is only listed.
    """
    if context.invoked_subcommand is not None:
        return
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        bundle = mirror.support_bundle(run)
        file = output or Path(f"connecteam-sync-bundle{f'-{run}' if run else ''}.json.gz")
        report.end_progress()
        report.print_lines([f"{file} would have:", *(f"  {line}" for line in bundle.contents)])
        for missing in bundle.missing:
            report.note(f"missing: {missing}")
        written = yes or (not as_json and _agreed(report, file))
        if written:
            mirror.save_bundle(bundle, file)
        report.print_json(
            {
                "run": run,
                "contents": [line.strip() for line in bundle.contents],
                "missing": list(bundle.missing),
                "file": str(file) if written else None,
            }
        )
        report.print_lines([f"{file} written ({len(bundle.data):,} bytes)"])
        report.note(f"next: connecteam-sync support-bundle replay {file}" if written else "next: the same with --yes")


def _agreed(report: Report, file: Path) -> bool:
    """Ask whether the file may be written. Raises NotConfirmed without a terminal, or after a no."""
    reply = report.prompt(f"write {file}? [y/N] ")
    if reply in {"y", "yes"}:
        return True
    why = "nobody was asked" if reply is None else "it was not agreed to"
    raise NotConfirmed(f"the bundle was not written: {why}", next_step="the same with --yes")


@support_bundle.command()
def replay(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that support-bundle wrote.")],
    as_json: Json = False,
) -> None:
    """Plan the decisions of a bundle again, without a database: exit code 0 if they are the same, else 5."""
    with reporting(as_json=as_json) as report:
        from connecteam_sync.present import support_text, text

        replayed = library().replay(file)
        code = 0 if replayed.is_same else DIFFERENT
        report.print_json(support_text.shape(replayed))
        if replayed.plan is not None:
            report.print_lines(text.plan_text(replayed.plan, replayed.names))
        report.print_lines(support_text.lines(replayed))
        raise typer.Exit(code)

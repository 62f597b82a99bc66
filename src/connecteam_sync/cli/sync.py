"""The main commands: init, doctor, plan, apply, sync, resync, verify, compare, undo."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from connecteam_sync.cli.options import (
    Accept,
    Config,
    Day,
    Days,
    First,
    Json,
    Last,
    MaybeFirst,
    MaybeLast,
    RunNumber,
    opened,
    report_run,
)
from connecteam_sync.cli.output import Report, reporting
from connecteam_sync.cli.watching import MetricsFile, OnTrouble, measured, watched
from connecteam_sync.core.change import waiting
from connecteam_sync.core.guards import accept_all_command, accept_options
from connecteam_sync.core.run import worst
from connecteam_sync.days import chosen_windows, one_window
from connecteam_sync.errors import DatabaseError, LockHeld
from connecteam_sync.present import json_shapes, text

if TYPE_CHECKING:
    from connecteam_sync.client import ConnecteamSync

_WELL = {0, 3}
"""The exit codes of runs that are as they should be, or only hold something."""


def init(
    config: Config = None,
    sql: Annotated[bool, typer.Option("--sql", help="Print the statements instead of running them.")] = False,
    from_prefix: Annotated[
        Optional[str], typer.Option("--from-prefix", metavar="PREFIX", help="Rename our tables of another prefix.")
    ] = None,
    beside: Annotated[
        bool, typer.Option("--beside", help="Make a second set of tables next to those of another prefix or schema.")
    ] = False,
    moved: Annotated[
        bool, typer.Option("--moved", help="Your table of clock times was moved or renamed, with its rows.")
    ] = False,
    views: Annotated[
        bool, typer.Option("--views", help="Make our views, too: hours by day, open shifts and so on.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Create what is absent and upgrade our tables. Your own tables are used as they are."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        if sql:
            statements = mirror.init_sql(views=views)
            report.print_json({"sql": statements})
            report.print_lines(statements.splitlines())
            return
        done = mirror.init(from_prefix=from_prefix, beside=beside, moved=moved, views=views)
        report.print_json({"done": done})
        report.print_lines(done or ["everything is there already"])
        report.note("next: connecteam-sync doctor")


def doctor(config: Config = None, as_json: Json = False) -> None:
    """Check everything a run needs: each failure with its cure."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        checks = mirror.doctor()
        failed = any(check.state == "failed" for check in checks)
        report.print_json({"ok": not failed, "checks": [json_shapes.check(check) for check in checks]})
        report.print_lines(text.checks_text(checks))
        if failed:
            raise typer.Exit(1)
        is_adopted = all(check.state == "ok" for check in checks if check.name == "unique key")
        report.note(f"next: connecteam-sync {'plan' if is_adopted else 'adopt'}")


def plan(
    first: MaybeFirst = None,
    last: MaybeLast = None,
    day: Day = None,
    days: Days = None,
    out: Annotated[Optional[Path], typer.Option("--out", metavar="FILE", help="Save the plan for `apply`.")] = None,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit 5 if rows would change, 3 if something is held.")
    ] = False,
    resync: Annotated[
        bool, typer.Option("--resync", help="Show what `resync` would do: rows without a shift are deleted.")
    ] = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Show what `sync` would do. Nothing is written."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        windows = chosen_windows(mirror, first, last, day, days)
        proposal = mirror.plan(windows, resync=resync)
        report.end_progress()
        if out is not None and not proposal.failures:
            mirror.save_plan(proposal, out)
        report.print_json(json_shapes.plan(proposal))
        report.print_lines(text.plan_text(proposal, mirror.names(), is_default=windows is None))
        changing = any(change.kind != "link" for change in proposal.changes)
        window = f" --from {proposal.window.first} --to {proposal.window.last}" if windows is not None else ""
        step = f"connecteam-sync apply {out}" if out else f"connecteam-sync {'resync' if resync else 'sync'}{window}"
        stopped = [(plan.window, plan.refusals) for plan in proposal.plans if plan.refusals]
        if stopped:
            whole = accept_all_command(stopped, proposal.window if windows is not None else None, resync=resync)
            step = f"{step} {accept_options(r for _, found in stopped for r in found)}" if out else whole or step
            step = f"{step}   {text.IF_RIGHT}"
        report.note(f"next: {step}" if (changing or stopped) and not proposal.failures else "")
        codes = [failure.exit_code for failure in proposal.failures]
        if exit_code:
            codes.append(5 if changing else 3 if waiting(proposal.holds) else 0)
        raise typer.Exit(worst(*codes))


def apply(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A plan saved with `plan --out`.")],
    accept: Accept = None,
    metrics_file: MetricsFile = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Apply a saved plan as it was shown; refused, naming the rows, if anything moved since."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        proposal = mirror.read_plan(file)
        with measured(mirror, report, metrics_file):
            run = mirror.apply(proposal, accept=accept or ())
        report_run(mirror, report, run)


def sync(
    first: MaybeFirst = None,
    last: MaybeLast = None,
    day: Day = None,
    days: Days = None,
    accept: Accept = None,
    on_trouble: OnTrouble = None,
    metrics_file: MetricsFile = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Look, plan and apply. By default the last 14 days, days with open rows, and one slice of the past."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        windows = chosen_windows(mirror, first, last, day, days)
        with watched(mirror, report, on_trouble=on_trouble, metrics=metrics_file) as watch:
            run = watch.looked(mirror.sync(windows, accept=accept or ()), is_every=True)
        if run.exit_code in _WELL:
            _fold(mirror, report)
        report_run(mirror, report, run)


def _fold(mirror: ConnecteamSync, report: Report) -> None:
    """Fold some old receipts. If that fails the mirror is as it should be all the same: the next run tries it again."""
    try:
        mirror.fold_receipts()
    except (DatabaseError, LockHeld) as error:
        report.end_progress()
        report.note(f"old receipts were not folded: {error.message} (keep_quiet_receipts = 0 keeps them all)")


def resync(
    first: First,
    last: Last,
    accept: Accept = None,
    on_trouble: OnTrouble = None,
    metrics_file: MetricsFile = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """`sync`, and rows of ours that match no shift are deleted: the repair of a damaged range."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        window = one_window(mirror, first, last)
        with watched(mirror, report, on_trouble=on_trouble, metrics=metrics_file) as watch:
            run = watch.looked(mirror.resync(window, accept=accept or ()), is_every=True)
        report_run(mirror, report, run)


def verify(
    first: First,
    last: Last,
    totals: Annotated[bool, typer.Option(help="Compare Connecteam's own timesheet totals too.")] = True,
    metrics_file: MetricsFile = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Compare the table with a fresh look. Only a receipt is written."""
    from connecteam_sync.present import verify_text

    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        window_of_days = one_window(mirror, first, last)
        with measured(mirror, report, metrics_file):
            verification = mirror.verify(window_of_days, totals=totals)
        report.end_progress()
        report.print_json(json_shapes.verification(verification))
        report.print_lines(verify_text.verify_text(verification, mirror.names()))
        window = f"--from {verification.window.first} --to {verification.window.last}"
        report.note(f"next: connecteam-sync sync {window}" if verification.differences else "")
        raise typer.Exit(verification.exit_code)


def compare(first: First, last: Last, config: Config = None, as_json: Json = False) -> None:
    """What the legacy planner would lose, overwrite, double or leave wrong. Nothing is written."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        comparison = mirror.compare(one_window(mirror, first, last))
        report.end_progress()
        report.print_json(json_shapes.comparison(comparison))
        report.print_lines(text.compare_text(comparison))
        raise typer.Exit(worst(*(failure.exit_code for failure in comparison.failures)))


def undo(
    run: RunNumber,
    metrics_file: MetricsFile = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Take a run back: its exact inverse as a new run; refused if a later run changed the rows."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        with measured(mirror, report, metrics_file):
            undone = mirror.undo(run)
        report_run(mirror, report, undone)

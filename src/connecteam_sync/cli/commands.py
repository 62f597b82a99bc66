"""Every subcommand, and the module that has it."""

from __future__ import annotations

from typing import Annotated

import typer

from connecteam_sync.cli import (
    accounts,
    adopt,
    bells,
    certificates,
    console,
    corrections,
    exports,
    fleet,
    history,
    locking,
    many_accounts,
    people,
    periods,
    retention,
    sandbox,
    serve,
    status,
    support,
    sync,
)
from connecteam_sync.cli.usage import Commands
from connecteam_sync.version import __version__

app = typer.Typer(
    name="connecteam-sync",
    cls=Commands,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Keep the SQL table clock_times an exact, explainable mirror of the Connecteam time clock.",
    epilog="Exit codes: 0 done, 1 failed, 2 usage or configuration, 3 something is held, 4 refused, 5 difference found,"
    " 6 another run or program is in the way, try again, 75 Connecteam unavailable, try again later.",
)
for command in (
    sync.init,
    sync.doctor,
    sync.plan,
    sync.apply,
    sync.sync,
    sync.resync,
    sync.verify,
    adopt.adopt,
    sync.compare,
    sync.undo,
    history.runs,
    history.show,
    history.history,
    history.changes,
    history.anomalies,
    locking.lock,
    locking.unlock,
    locking.locks,
    certificates.certify,
    certificates.certificates,
    exports.export,
    exports.exports,
    exports.hours,
    exports.timesheet,
    status.status,
    serve.serve,
    serve.pause,
    serve.resume,
    fleet.worker,
    fleet.workers,
    sandbox.sandbox,
    sandbox.demo,
):
    app.command()(command)
app.add_typer(history.holds, name="holds")
app.add_typer(status.alerts, name="alerts")
app.add_typer(people.people, name="employees")
app.add_typer(accounts.account, name="account")
app.add_typer(accounts.clocks, name="clocks")
app.add_typer(many_accounts.accounts, name="accounts")
app.add_typer(support.support_bundle, name="support-bundle")
app.add_typer(bells.doorbells, name="doorbells")
app.add_typer(bells.webhooks, name="webhooks")
app.add_typer(certificates.certificate, name="certificate")
app.add_typer(console.console, name="console")
app.add_typer(periods.periods, name="periods")
app.add_typer(corrections.corrections, name="corrections")
app.add_typer(retention.retention, name="retention")


@app.callback(invoke_without_command=True)
def version(show: Annotated[bool, typer.Option("--version", help="Show the version.")] = False) -> None:
    """Keep the SQL table clock_times an exact, explainable mirror of the Connecteam time clock."""
    if show:
        typer.echo(f"connecteam-sync {__version__}")
        raise typer.Exit

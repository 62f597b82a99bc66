"""Every subcommand, and where it is defined."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from connecteam_sync.cli.making import MadeOnce
from connecteam_sync.cli.usage import Commands
from connecteam_sync.version import __version__

PLACES = {
    "init": "sync.init",
    "doctor": "sync.doctor",
    "plan": "sync.plan",
    "apply": "sync.apply",
    "sync": "sync.sync",
    "resync": "sync.resync",
    "verify": "sync.verify",
    "adopt": "adopt.adopt",
    "compare": "sync.compare",
    "undo": "sync.undo",
    "runs": "history.runs",
    "show": "history.show",
    "history": "history.history",
    "changes": "history.changes",
    "anomalies": "history.anomalies",
    "lock": "locking.lock",
    "unlock": "locking.unlock",
    "locks": "locking.locks",
    "certify": "certificates.certify",
    "certificates": "certificates.certificates",
    "export": "exports.export",
    "exports": "exports.exports",
    "hours": "exports.hours",
    "timesheet": "exports.timesheet",
    "status": "status.status",
    "serve": "serve.serve",
    "pause": "serve.pause",
    "resume": "serve.resume",
    "worker": "fleet.worker",
    "workers": "fleet.workers",
    "sandbox": "sandbox.sandbox",
    "demo": "sandbox.demo",
    "holds": "history.holds",
    "alerts": "status.alerts",
    "employees": "people.people",
    "account": "accounts.account",
    "clocks": "accounts.clocks",
    "accounts": "many_accounts.accounts",
    "support-bundle": "support.support_bundle",
    "doorbells": "bells.doorbells",
    "webhooks": "bells.webhooks",
    "certificate": "certificates.certificate",
    "console": "console.console",
    "periods": "periods.periods",
    "corrections": "corrections.corrections",
    "retention": "retention.retention",
}
"""In the order of the help: commands, then groups of commands."""


class _Places(Commands):
    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - as typer has it
        super().__init__(*args, **options)
        self.commands = MadeOnce(PLACES)


app = typer.Typer(
    name="connecteam-sync",
    cls=_Places,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Keep the SQL table clock_times an exact, explainable mirror of the Connecteam time clock.",
    epilog="Exit codes: 0 done, 1 failed, 2 usage or configuration, 3 something is held, 4 refused, 5 difference found,"
    " 6 another run or program is in the way, try again, 75 Connecteam unavailable, try again later.",
)


@app.callback(invoke_without_command=True)
def version(show: Annotated[bool, typer.Option("--version", help="Show the version.")] = False) -> None:
    """Keep the SQL table clock_times an exact, explainable mirror of the Connecteam time clock."""
    if show:
        typer.echo(f"connecteam-sync {__version__}")
        raise typer.Exit

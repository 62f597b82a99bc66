"""How the mirror is, and who is told: status, alerts."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import typer

from connecteam_sync.cli.options import Config, Json, opened
from connecteam_sync.cli.output import Report, reporting
from connecteam_sync.errors import ConnecteamSyncError
from connecteam_sync.version import __version__

if TYPE_CHECKING:
    from connecteam_sync.core.status import MirrorStatus


def status(config: Config = None, as_json: Json = False) -> None:
    """Is the mirror well? One screen, and an exit code for monitors: 0 well, 3 needs a person, 1 not well.

    Connecteam is not asked.
    """
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        from connecteam_sync.config_secrets import secret
        from connecteam_sync.present.status_text import status_json, status_text

        found = mirror.status()
        if mirror.settings.account is not None:
            found = _as_the_fleet_has_it(found, mirror.settings.account, report)
        zone = ZoneInfo(mirror.settings.timezone)
        versions = f"connecteam-sync {__version__}, database {mirror.store.name}"
        report.print_json(status_json(found))
        has_secret = secret("WEBHOOK_SECRET", mirror.settings.secrets) is not None
        report.print_lines(status_text(found, zone, versions=versions, has_secret=has_secret))
        if found.exit_code:
            raise typer.Exit(found.exit_code)


def _as_the_fleet_has_it(found: MirrorStatus, account: str, report: Report) -> MirrorStatus:
    """An account that was put aside is not looked at, whatever its own records say."""
    from connecteam_sync.config_fleet import fleet_settings
    from connecteam_sync.core.status import while_put_aside
    from connecteam_sync.service.fleet_state import accounts_aside

    try:
        aside = accounts_aside(fleet_settings().control_database_url).get(account)
    except ConnecteamSyncError as error:
        report.note(f"whether the account is put aside is not known: {error.message}")
        return found
    return found if aside is None else while_put_aside(found, aside)


alerts = typer.Typer(invoke_without_command=True, help="What was told, and to whom; try whether it arrives.")


@alerts.callback()
def list_alerts(context: typer.Context, config: Config = None, as_json: Json = False) -> None:
    """What is wrong since when, what was, and who was told of it. Connecteam is not asked."""
    if context.invoked_subcommand is not None:
        return
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        from connecteam_sync.alerts.receivers import receivers_of
        from connecteam_sync.present.status_text import alerts_json, alerts_text

        names = receivers_of(mirror.settings).names
        found = mirror.alerts()
        report.print_json(alerts_json(found, names))
        report.print_lines(alerts_text(found, names, ZoneInfo(mirror.settings.timezone)))


@alerts.command("test")
def try_alerts(config: Config = None, as_json: Json = False) -> None:
    """Send a test to every receiver: exit 1 if one of them does not take it, 2 if there is none."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        from connecteam_sync.present.status_text import trial_json
        from connecteam_sync.service.trial import trial

        results = trial(mirror)
        answer = trial_json(results)
        report.print_json(answer)
        report.print_lines(f"{name}: {error or 'taken'}" for name, error in results.items())
        if answer["exit_code"]:
            raise typer.Exit(answer["exit_code"])

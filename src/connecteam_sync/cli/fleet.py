"""Several accounts: `serve` for all of them, and the workers that do the work on other machines."""

from __future__ import annotations

import importlib.util
import os
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from connecteam_sync.cli.options import Config, Json
from connecteam_sync.cli.output import Report, reporting
from connecteam_sync.cli.startup import loading
from connecteam_sync.core.text import many
from connecteam_sync.errors import ConfigurationError

if TYPE_CHECKING:
    from connecteam_sync.config import Settings
    from connecteam_sync.config_fleet import FleetSettings
    from connecteam_sync.service.dispatcher import MakeHands
    from connecteam_sync.service.service import Parts
    from connecteam_sync.web.accounts import AccountsConsole


class ConfiguredAccounts:
    """The accounts of a configuration's file, read each time they are asked for."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def names(self) -> tuple[str, ...]:
        """All of them. Raises ConfigurationError."""
        from connecteam_sync.config import account_names

        return account_names(self._path)

    def settings(self, name: str) -> Settings:
        """What one is configured by. Raises ConfigurationError."""
        from connecteam_sync.config import load_settings

        return load_settings(self._path, account=name)


def serve_all(config: Path | None, parts: Parts, report: Report, *, has_console: bool) -> None:
    """`serve` for every account of the configuration, until stopped. Raises ConfigurationError."""
    import socket

    from connecteam_sync.config_fleet import fleet_settings
    from connecteam_sync.service.fleet import FleetService

    if parts.metrics_file is not None:
        raise ConfigurationError(
            "--metrics-file is of one account, and several are configured; nothing was begun",
            next_step="leave it out and take --metrics-port, or name one with --account NAME",
        )
    accounts, fleet = ConfiguredAccounts(config), fleet_settings()
    pages = _console(accounts, fleet, parts, report) if has_console else None
    service = FleetService(
        accounts,
        fleet.control_database_url,
        parts,
        tell=report.note,
        hands=_hands(fleet),
        holder=f"{socket.gethostname()}:{os.getpid()}",
        pages=pages,
    )
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    service.begin()
    hooks, names = service.hooks_urls(), accounts.names()
    report.print_json(
        {
            "url": service.url,
            "hooks_url": None,
            "metrics_url": service.metrics_url,
            "executor": fleet.executor,
            "accounts": [{"name": name, "hooks_url": hooks.get(name)} for name in names],
            "pid": os.getpid(),
        }
    )
    by = many(parts.threads, "thread") if fleet.executor == "threads" else "workers over the broker"
    report.print_lines(
        [
            f"{many(len(names), 'account')} are looked after by {by}; answering at {service.url}; interrupt to stop",
            f"the console is at {service.url}/" if pages is not None else "the console is off",
            f"doorbells are taken for {many(len(hooks), 'account')}",
        ]
    )
    stopped.wait()
    service.end()


def _console(
    accounts: ConfiguredAccounts, fleet: FleetSettings, parts: Parts, report: Report
) -> AccountsConsole | None:
    """The consoles of the accounts; None where the packages are missing, which is said. Raises ConfigurationError."""
    from connecteam_sync.cli.showing import may_show, require_people

    if not may_show(report):
        return None
    from connecteam_sync.service.fleet_state import fleet_state
    from connecteam_sync.web.accounts import AccountsConsole

    made = AccountsConsole(accounts, lambda: fleet_state(fleet.control_database_url).turns, host=parts.host)
    require_people(parts.host, made.has_users, option=" --all-accounts")
    return made


def _hands(fleet: FleetSettings) -> MakeHands | None:
    if fleet.executor == "threads" or fleet.broker_url is None:
        return None
    require_celery("EXECUTOR=celery")
    from connecteam_sync.worker.app import application
    from connecteam_sync.worker.publisher import BrokerHands

    app = application(fleet.broker_url)
    return lambda control: BrokerHands(app, control)


def require_celery(what: str) -> None:
    """Raises ConfigurationError if Celery is missing."""
    if importlib.util.find_spec("celery") is None:
        raise ConfigurationError(f"{what} needs celery", next_step="pip install 'connecteam-sync[fleet]'")


def worker(
    concurrency: Annotated[
        int, typer.Option("--concurrency", metavar="N", min=1, max=64, help="How many turns are done at a time.")
    ] = 1,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Look after accounts as `serve` gives them out over the broker, until stopped (Ctrl-C, SIGTERM)."""
    with reporting(as_json=as_json) as report:
        with loading():
            from connecteam_sync.config_fleet import CONTROL_FILE, fleet_settings

        fleet, accounts = fleet_settings(), ConfiguredAccounts(config)
        if fleet.executor != "celery" or fleet.broker_url is None:
            raise ConfigurationError(
                "there is no broker to work for: the visits are done by threads of serve",
                next_step="set CONNECTEAM_SYNC_EXECUTOR=celery and CONNECTEAM_SYNC_BROKER_URL, here and for serve",
            )
        require_celery("worker")
        if not accounts.names():
            raise ConfigurationError(
                "no accounts are configured, and a worker looks after those",
                next_step="connecteam-sync accounts add NAME",
            )
        with loading():
            from connecteam_sync.worker.app import application
            from connecteam_sync.worker.tasks import FleetWorker

        def begun(worker: str) -> None:
            report.print_json({"id": worker, "slots": concurrency, "pid": os.getpid()})
            report.print_lines([f"worker {worker} is ready: {many(concurrency, 'turn')} at a time; interrupt to stop"])
            if not fleet.is_control_named:
                report.note(
                    f"turns are looked for in {Path.cwd() / CONTROL_FILE}, as CONNECTEAM_SYNC_CONTROL_DATABASE_URL is"
                    " not set: serve has to be started in the same folder, or both need the address of one database"
                )

        code = FleetWorker(
            application(fleet.broker_url),
            fleet.control_database_url,
            accounts.settings,
            concurrency=concurrency,
            tell=report.note,
            begun=begun,
        ).run()
        if code:
            raise typer.Exit(code)


def workers(as_json: Json = False) -> None:
    """List the workers: where each is, which version, when it last gave a sign, and what it does."""
    with reporting(as_json=as_json) as report:
        with loading():
            from connecteam_sync.config_fleet import fleet_settings
            from connecteam_sync.present.fleet_text import fleet_json, fleet_lines
            from connecteam_sync.service.fleet_state import fleet_state

        fleet = fleet_settings()
        found = fleet_state(fleet.control_database_url)
        report.print_json(fleet_json(found))
        report.print_lines(fleet_lines(found, is_by_threads=fleet.executor == "threads"))

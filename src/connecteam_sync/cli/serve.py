"""The service: serve, pause, resume."""

from __future__ import annotations

import gc
import os
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import msgspec
import typer

from connecteam_sync.cli.locking import Reason
from connecteam_sync.cli.opened import Chosen
from connecteam_sync.cli.options import LARGEST, Config, Json, Who, opened, recorded_name
from connecteam_sync.cli.output import Report, reporting
from connecteam_sync.cli.startup import loading
from connecteam_sync.cli.watching import MetricsFile
from connecteam_sync.core.text import many
from connecteam_sync.errors import ConfigurationError

if TYPE_CHECKING:
    from connecteam_sync.client import ConnecteamSync
    from connecteam_sync.service.service import Parts
    from connecteam_sync.web.console import Console

ThisClock = Annotated[
    Optional[int],
    typer.Option("--clock", metavar="ID", min=1, max=LARGEST, help="Only this time clock; else all of them."),
]

_LOOKS_EVERY = 0.1
"""Seconds between two looks whether everything answers, while the database is away."""


def serve(
    host: Annotated[
        str,
        typer.Option(
            "--host",
            metavar="ADDRESS",
            help="The IP address to answer at; another than this machine's own needs TLS in front.",
        ),
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="The port to answer at; 0 for any.")] = 8787,
    metrics_port: Annotated[
        Optional[int],
        typer.Option(
            "--metrics-port",
            metavar="PORT",
            min=0,
            max=65535,
            help="The port of /metrics, by default 9787; 0 for any.",
            show_default=False,
        ),
    ] = None,
    metrics_file: MetricsFile = None,
    no_clock: Annotated[bool, typer.Option("--no-clock", help="Visit no time clock; another process does.")] = False,
    no_hooks: Annotated[bool, typer.Option("--no-hooks", help="Take no doorbells.")] = False,
    no_console: Annotated[bool, typer.Option("--no-console", help="Show no pages.")] = False,
    hooks_only: Annotated[
        bool, typer.Option("--hooks-only", help="Only take doorbells; another process visits the time clocks.")
    ] = False,
    insecure_http: Annotated[
        bool, typer.Option("--insecure-http", help="Answer other machines even without TLS in front.")
    ] = False,
    threads: Annotated[
        int, typer.Option("--threads", metavar="N", min=1, max=32, help="How many time clocks are visited at a time.")
    ] = 1,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Keep the table a mirror by itself: visit each time clock every few minutes, until stopped (Ctrl-C, SIGTERM)."""
    with reporting(as_json=as_json) as report:
        with loading():
            from connecteam_sync.config import account_names
            from connecteam_sync.service.metrics_file import require_place
            from connecteam_sync.service.service import Parts

        if metrics_file is not None:
            require_place(metrics_file)
        parts = Parts(
            host=host,
            port=port,
            threads=threads,
            has_clock=not (no_clock or hooks_only),
            has_hooks=not no_hooks,
            is_tls_in_front=insecure_http,
            metrics_port=metrics_port,
            metrics_file=metrics_file,
        )
        if Chosen.name is None and account_names(config):
            from connecteam_sync.cli.fleet import serve_all

            serve_all(config, parts, report, has_console=not (no_console or hooks_only))
            return
        _serve_one(config, parts, report, has_console=not (no_console or hooks_only), is_hooks_only=hooks_only)


def _serve_one(config: Path | None, parts: Parts, report: Report, *, has_console: bool, is_hooks_only: bool) -> None:
    """`serve` for one account."""
    with opened(config, report) as mirror:
        with loading():
            from connecteam_sync.config_secrets import credentials
            from connecteam_sync.service.service import Service

        if not is_hooks_only:
            credentials(mirror.settings.secrets)
        if (mirror.settings.public_url or "").startswith("https://"):
            parts = msgspec.structs.replace(parts, is_tls_in_front=True)
        pages = _console(mirror, parts, report) if has_console else None
        service = Service(mirror.settings, parts, tell=report.note, token=mirror.webhook_token, pages=pages)
        if is_hooks_only and not service.has_hooks:
            raise ConfigurationError(
                "there are no doorbells to take" if not parts.has_hooks else "there is no secret for the webhooks",
                next_step="set CONNECTEAM_SYNC_WEBHOOK_SECRET (or …_FILE), and leave --no-hooks out",
            )
        stopped = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stopped.set())
        service.begin()
        while not service.is_whole and not stopped.wait(_LOOKS_EVERY):
            pass
        if not service.is_whole:
            service.end()
            return
        # What is loaded stays: a collection that goes through it takes as long as a page.
        gc.collect()
        gc.freeze()
        answers_at = {"url": service.url, "hooks_url": service.hooks_url, "metrics_url": service.metrics_url}
        report.print_json({**answers_at, "executor": "threads", "accounts": [], "pid": os.getpid()})
        visits = f"time clocks are visited by themselves ({many(parts.threads, 'thread')}); " if parts.has_clock else ""
        lines = [
            f"{visits}answering at {service.url}; interrupt to stop",
            f"the console is at {service.url}/" if pages is not None else "the console is off",
            _of_hooks(service.hooks_url, no_hooks=not parts.has_hooks),
        ]
        if parts.metrics_port is not None:
            lines.append(f"metrics are at {service.metrics_url}")
        report.print_lines(lines)
        stopped.wait()
        service.end()


def _console(mirror: ConnecteamSync, parts: Parts, report: Report) -> Console | None:
    """The console; None where its packages are missing, which is said. Raises ConfigurationError."""
    from connecteam_sync.cli.showing import may_show, require_people

    if not may_show(report):
        return None
    from connecteam_sync.web.console import Console

    require_people(parts.host, lambda: bool(mirror.console_users()))
    return Console(mirror.settings, host=parts.host)


def _of_hooks(url: str | None, *, no_hooks: bool) -> str:
    if url is not None:
        return "doorbells are taken at /hooks/connecteam/…; connecteam-sync webhooks register tells Connecteam so"
    if no_hooks:
        return "doorbells are off: --no-hooks"
    return "doorbells are off: CONNECTEAM_SYNC_WEBHOOK_SECRET switches them on"


def pause(
    reason: Reason,
    clock: ThisClock = None,
    who: Who = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Have `serve` begin no further visit, of one time clock or of all, until `resume`; who did it and why is kept."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        paused = mirror.pause_visits(clock, by=recorded_name(who), reason=reason)
        report.print_json({"paused": list(paused)})
        report.print_lines([f"{many(len(paused), 'time clock')} paused: {_ids(paused)}"])
        report.note("next: connecteam-sync resume" if paused else "")


def resume(clock: ThisClock = None, config: Config = None, as_json: Json = False) -> None:
    """Have `serve` visit at once what was paused, stopped since the key was refused, or put aside: one or all."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        resumed, was_aside = mirror.resume_visits(clock), False
        if mirror.settings.account is not None:
            from connecteam_sync.config_fleet import fleet_settings
            from connecteam_sync.service.fleet_state import resume_account

            was_aside = resume_account(fleet_settings().control_database_url, mirror.settings.account)
        report.print_json({"resumed": list(resumed), "was_put_aside": was_aside})
        report.print_lines([f"{many(len(resumed), 'time clock')} resumed: {_ids(resumed)}"])
        if was_aside:
            report.print_lines([f"account {mirror.settings.account} was put aside, and is looked after again at once"])


def _ids(clocks: tuple[int, ...]) -> str:
    return ", ".join(map(str, clocks)) or "none"

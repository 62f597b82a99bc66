"""The service: serve, pause, resume."""

from __future__ import annotations

import os
import signal
import threading
from typing import Annotated, Optional

import typer

from connecteam_sync.cli.locking import Reason
from connecteam_sync.cli.options import LARGEST, Config, Json, Who, opened, recorded_name
from connecteam_sync.cli.output import reporting
from connecteam_sync.cli.startup import loading
from connecteam_sync.core.text import many

ThisClock = Annotated[
    Optional[int],
    typer.Option("--clock", metavar="ID", min=1, max=LARGEST, help="Only this time clock; else all of them."),
]


def serve(
    threads: Annotated[
        int, typer.Option("--threads", metavar="N", min=1, max=32, help="How many time clocks are visited at a time.")
    ] = 1,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Keep the table a mirror by itself: visit each time clock every few minutes, until stopped (Ctrl-C, SIGTERM)."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        with loading():
            from connecteam_sync.config import credentials
            from connecteam_sync.service.serving import Clocks

        credentials()
        clocks = Clocks(mirror.settings, threads=threads, tell=report.note)
        stopped = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stopped.set())
        clocks.begin()
        report.print_json({"url": None, "hooks_url": None, "metrics_url": None, "pid": os.getpid()})
        report.print_lines([f"time clocks are visited by themselves ({many(threads, 'thread')}); interrupt to stop"])
        stopped.wait()
        clocks.end()


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
    """Have `serve` visit what was paused, or stopped since the key was refused; one time clock or all, at once."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        resumed = mirror.resume_visits(clock)
        report.print_json({"resumed": list(resumed)})
        report.print_lines([f"{many(len(resumed), 'time clock')} resumed: {_ids(resumed)}"])


def _ids(clocks: tuple[int, ...]) -> str:
    return ", ".join(map(str, clocks)) or "none"

"""What the demo offers at its end is typed: a sandbox that lives, init, serve, and the rows come by themselves."""

from __future__ import annotations

import json
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

from connecteam_sync.cli.demo import NOW_YOU
from support import forks
from test_tutorial import clean, free_port

PROGRAM = [sys.executable, "-m", "connecteam_sync"]
PATIENCE = 60


def rows(folder: Path) -> int:
    """How many rows there are."""
    with closing(sqlite3.connect(folder / "connecteam-sync.db", timeout=10)) as connection:
        return int(connection.execute("SELECT COUNT(*) FROM clock_times").fetchone()[0])


def test_what_the_demo_offers_works(tmp_path: Path) -> None:
    """In an empty folder, line by line; `serve` with `--json` to know when it is there. SIGTERM ends it with 0."""
    lines = [line.strip() for line in NOW_YOU if line.startswith("    ")]
    exports = dict(line.removeprefix("export ").split("=", 1) for line in lines if line.startswith("export "))
    sandbox, init, serve = [line.split()[1:] for line in lines if line.startswith("connecteam-sync ")]
    port = str(free_port())
    environment = clean() | {name: value.replace("8123", port) for name, value in exports.items()}
    company = subprocess.Popen(  # noqa: S603
        [*PROGRAM, *sandbox, "--port", port, "--json"], cwd=tmp_path, env=clean(), stdout=subprocess.PIPE, text=True
    )
    with company:
        try:
            assert company.stdout is not None
            assert json.loads(company.stdout.readline())["timezone"] == exports["CONNECTEAM_SYNC_TIMEZONE"]
            assert forks.command(init, tmp_path, environment).code == 0
            service = subprocess.Popen(  # noqa: S603
                [*PROGRAM, *serve, "--json"], cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True
            )
            with service:
                assert service.stdout is not None
                assert json.loads(service.stdout.readline())["pid"] == service.pid
                patience = time.monotonic() + PATIENCE
                while not rows(tmp_path):
                    assert time.monotonic() < patience
                    time.sleep(0.1)
                service.send_signal(signal.SIGTERM)
                assert service.wait(10) == 0
        finally:
            company.terminate()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", int(port)))

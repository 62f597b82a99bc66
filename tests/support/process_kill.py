"""A command in a process of its own, killed with SIGKILL at a chosen point: before or after a statement or a commit."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import event

from connecteam_sync.client import ConnecteamSync
from connecteam_sync.config import Settings
from connecteam_sync.core.window import Window
from support.forks import FORKS

DONE = 0
Command = Callable[[ConnecteamSync, Window], object]


def _newest(mirror: ConnecteamSync) -> int:
    return mirror.runs(1)[0].id or 0


CLOSED, NEXT = "2025-12-01..2025-12-04", "2025-12-05..2025-12-07"
"""The pay periods of the acts of payroll: one that is paid, and the one that pays its corrections."""


def _beside(mirror: ConnecteamSync, name: str) -> Path:
    """A file or a folder next to the key that signs."""
    return Path(str(mirror.settings.certificate_key)).with_name(name)


COMMANDS: dict[str, Command] = {
    "sync": lambda mirror, window: mirror.sync(window),
    "resync": lambda mirror, window: mirror.resync(window),
    "undo": lambda mirror, _: mirror.undo(_newest(mirror)),
    "adopt": lambda mirror, _: mirror.adopt(),
    "init": lambda mirror, _: mirror.init(),
    "accept": lambda mirror, _: mirror.payroll.accept_corrections([1, 2], into=NEXT, by="Pia"),
    "close": lambda mirror, _: mirror.payroll.close(NEXT, by="Pia"),
    "reopen": lambda mirror, _: mirror.payroll.reopen(CLOSED, reason="a mistake", by="Pia"),
    "export": lambda mirror, _: mirror.payroll.export(NEXT, "csv", _beside(mirror, "next.csv"), by="Pia"),
    "certify": lambda mirror, _: mirror.payroll.certify(NEXT, out=_beside(mirror, "proof"), by="Pia"),
}


class Fuse:
    """Counts the points a process passes, and kills it at one of them."""

    def __init__(self, at: int) -> None:
        self.at, self.passed = at, 0

    def pass_by(self, *_: object) -> None:
        """Pass one point."""
        self.passed += 1
        if self.passed == self.at:
            os.kill(os.getpid(), signal.SIGKILL)


def _act(command: str, url: str, database: str, options: dict[str, Any], at: int) -> None:
    settings = Settings(timezone="America/Chicago", database_url=database, base_url=url, **options)
    mirror = ConnecteamSync("sandbox-key", settings=settings)
    engine, fuse = mirror.store._engine, Fuse(at)
    event.listen(engine, "before_cursor_execute", fuse.pass_by)
    event.listen(engine, "after_cursor_execute", fuse.pass_by)
    commit = engine.dialect.do_commit

    def do_commit(connection: Any) -> None:  # noqa: ANN401 - a driver's own connection
        fuse.pass_by()
        commit(connection)
        fuse.pass_by()

    engine.dialect.do_commit = do_commit  # type: ignore[method-assign,assignment] # the one place that knows the moment after
    COMMANDS[command](mirror, mirror.window(date(2025, 12, 1), date(2025, 12, 11)))


def killed(command: str, url: str, database: str, options: dict[str, Any], at: int) -> bool:
    """Run a command and kill it at point number `at`; False if it succeeded before. AssertionError if it failed."""
    process = FORKS.Process(target=_act, args=(command, url, database, options, at))
    process.start()
    process.join(60)
    assert process.exitcode in {DONE, -signal.SIGKILL}, f"{command} ended with {process.exitcode}"
    return process.exitcode != DONE


def killed_late(command: str, url: str, database: str, options: dict[str, Any], seconds: float) -> None:
    """Run a command and kill it after so many seconds; it may have ended by then."""
    process = FORKS.Process(target=_act, args=(command, url, database, options, 0))
    process.start()
    process.join(seconds)
    process.kill()
    process.join(60)

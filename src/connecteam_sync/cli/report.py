"""How a command speaks: its answer on stdout, talk and progress on stderr, failures with an exit code."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import msgspec
import typer
from rich.console import Console
from rich.status import Status

from connecteam_sync.cli.machine import SCHEMA
from connecteam_sync.errors import ConnecteamSyncError, Refused
from connecteam_sync.sync import Progress

_STYLES = {"  +": "green", "  ~": "yellow", "  -": "red", "  !": "magenta", "  x": "bold red"}
"""Colours of a line by how it begins; only on a terminal."""


class Report:
    """One command's answer: `say` for people, `answer` for machines, `talk` beside either."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self._out = Console(highlight=False, markup=False, soft_wrap=True)
        self._err = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
        self._status: Status | None = None

    def say(self, lines: Iterable[str]) -> None:
        """Lines for a person; nothing where a machine listens."""
        if self.as_json:
            return
        for line in lines:
            self._out.print(line, style=_STYLES.get(line[:3]))

    def answer(self, said: Mapping[str, Any]) -> None:
        """One object for a machine; nothing where a person reads."""
        if self.as_json:
            sys.stdout.write(msgspec.json.encode({"schema": SCHEMA, **said}).decode() + "\n")

    def talk(self, line: str) -> None:
        """A word beside the answer."""
        if line:
            self._err.print(line)

    def progress(self, done: Progress) -> None:
        """What is being done, on a terminal only."""
        if not self._err.is_terminal:
            return
        count = f" {done.done + 1}/{done.total}" if done.total else ""
        said = f"{done.step}{count} {done.detail}"
        if self._status is None:
            self._status = self._err.status(said)
            self._status.start()
        self._status.update(said)

    def quiet(self) -> None:
        """The end of progress."""
        if self._status is not None:
            self._status.stop()
            self._status = None


@contextmanager
def reporting(*, as_json: bool) -> Iterator[Report]:
    """A command's report. Failures become their message, their next step and their exit code."""
    report = Report(as_json=as_json)
    try:
        yield report
    except ConnecteamSyncError as error:
        report.quiet()
        failure = {"error": error.name, "message": error.message, "next_step": error.next_step}
        status = "refused" if isinstance(error, Refused) else "failed"
        report.answer({"status": status, **failure, "exit_code": error.exit_code})
        report.talk(error.message)
        report.talk(f"next: {error.next_step}" if error.next_step else "")
        raise typer.Exit(error.exit_code) from error
    finally:
        report.quiet()

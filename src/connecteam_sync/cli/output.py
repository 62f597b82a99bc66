"""How a command reports: its answer on stdout, notes and progress on stderr, failures with an exit code."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar, TextIO

import typer

from connecteam_sync.cli.opened import Chosen, steps_with_account, with_account
from connecteam_sync.cli.streams import Streams, escaped, is_json_wanted
from connecteam_sync.core.progress import Progress
from connecteam_sync.core.text import plain
from connecteam_sync.errors import ConnecteamSyncError
from connecteam_sync.present import text
from connecteam_sync.present.json_shapes import SCHEMA, encoded

if TYPE_CHECKING:
    from connecteam_sync.cli.terminal import Terminal

PROGRESS_SECONDS = 4.0
"""Seconds between two progress lines without a terminal; a job that takes no longer prints none."""


class Report:
    """One command's output: `print_lines` for people or `print_json` for programs on stdout, `note` on stderr."""

    collected: ClassVar[list[dict[str, Any]] | None] = None
    """Where the objects for programs are put while a command is run for one account after the other."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self._out, self._err = _terminal(sys.stdout), _terminal(sys.stderr)
        self._began = self._last_line = time.monotonic()
        self._steps = (0, 0)
        self._is_working = False

    def print_lines(self, lines: Iterable[str]) -> None:
        """Print lines for people; nothing with `--json`."""
        if self.as_json:
            return
        self.end_progress()
        for line in lines:
            _write(line, sys.stdout, self._out)
        sys.stdout.flush()

    def print_csv(self, parts: Iterable[str]) -> None:
        """Print a table for spreadsheets, whose parts have their ends of line already."""
        self.end_progress()
        for part in parts:
            sys.stdout.write(escaped(part, sys.stdout))
        sys.stdout.flush()

    def print_json(self, members: Mapping[str, Any]) -> None:
        """Print one object for programs; nothing without `--json`."""
        if self.as_json and Report.collected is not None:
            Report.collected.append(dict(_with_account(members)))
        elif self.as_json:
            self.end_progress()
            sys.stdout.write(escaped(encoded({"schema": SCHEMA, **_with_account(members)}), sys.stdout) + "\n")
            Streams.json_written = True
            sys.stdout.flush()

    def note(self, line: str) -> None:
        """Print a line on stderr, in addition to the answer."""
        if line:
            self.end_progress()
            _write(line, sys.stderr, self._err)

    def progress(self, done: Progress) -> None:
        """Show how far a job is: in a live line on a terminal; elsewhere, if it is long, in a line now and then."""
        now = time.monotonic()
        if done.total and not done.done:
            self._began = self._last_line = now
        if done.total:
            self._steps = (done.done, done.total)
        self._is_working = True
        line = f"{done.step}: {done.detail}" if done.detail else done.step
        if done.done:
            left = (now - self._began) / done.done * (done.total - done.done)
            line = text.progress_line(done, left)
        if self._err is not None:
            self._err.show(plain(line), *self._steps)
        elif self._steps[1] > 1 and now - self._last_line >= PROGRESS_SECONDS:
            self._last_line = now
            _write(f"{done.step}: {line}" if done.done else line, sys.stderr, None)

    def end_progress(self) -> None:
        """Remove the live line."""
        self._is_working, self._steps = False, (0, 0)
        if self._err is not None:
            self._err.end()

    def prompt(self, question: str) -> str | None:
        """Ask a person; their reply in lower case, or None without a terminal or with `--json`."""
        if self.as_json or not (sys.stdin.isatty() and sys.stderr.isatty()):
            return None
        self.end_progress()
        sys.stderr.write("\n".join(plain(line) for line in question.split("\n")))
        sys.stderr.flush()
        return sys.stdin.readline().strip().lower()

    def interrupted(self) -> None:
        """Tell a person who stopped a job how to go on."""
        if self._is_working:
            self.note(f"interrupted; {text.GO_ON}")


def _with_account(members: Mapping[str, Any]) -> Mapping[str, Any]:
    """Large answers are gone through only where there are several accounts."""
    found: Mapping[str, Any] = members if Chosen.name is None else steps_with_account(members)
    return found


def _terminal(stream: TextIO) -> Terminal | None:
    """The stream as a terminal; None if it is none, or one that can only print."""
    if not stream.isatty() or os.environ.get("TERM") == "dumb":
        return None
    from connecteam_sync.cli.terminal import Terminal

    return Terminal(stream)


def _write(line: str, stream: TextIO, terminal: Terminal | None) -> None:
    """Write one line. Names and other texts from outside can neither forge a second one nor control a terminal."""
    printable = with_account(plain(line))
    if terminal is not None:
        terminal.line(printable)
    else:
        stream.write(f"{printable}\n")


@contextmanager
def reporting(*, as_json: bool) -> Iterator[Report]:
    """A command's report. A failure becomes its message, its next step and its exit code (`typer.Exit`)."""
    report = Report(as_json=as_json)
    try:
        yield report
    except KeyboardInterrupt:
        report.interrupted()
        raise
    except ConnecteamSyncError as error:
        report.end_progress()
        # An option that lacks its value takes the word behind it for one: `--from --json`.
        report.as_json = report.as_json or is_json_wanted()
        report.print_json(error.members)
        report.note(error.message)
        report.note(f"next: {error.next_step}" if error.next_step else "")
        raise typer.Exit(error.exit_code) from error
    finally:
        report.end_progress()

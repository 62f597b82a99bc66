"""How a command speaks: its answer on stdout, talk and progress on stderr, failures with an exit code."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

import typer

from connecteam_sync.cli.streams import Streams, escaped, is_json_wanted
from connecteam_sync.core.progress import Progress
from connecteam_sync.core.text import plain
from connecteam_sync.errors import ConnecteamSyncError, Refused
from connecteam_sync.present import text
from connecteam_sync.present.json_shapes import SCHEMA, encoded

if TYPE_CHECKING:
    from connecteam_sync.cli.terminal import Terminal

SILENCE = 4.0
"""Seconds between two lines of progress where nobody watches; a job that takes no longer says nothing."""


class Report:
    """One command's answer: `say` for people, `answer` for machines, `talk` next to either."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self._out, self._err = _terminal(sys.stdout), _terminal(sys.stderr)
        self._began = self._told = time.monotonic()
        self._at = (0, 0)
        self._is_working = False

    def say(self, lines: Iterable[str]) -> None:
        """Lines for a person; nothing where a machine listens."""
        if self.as_json:
            return
        self.quiet()
        for line in lines:
            _write(line, sys.stdout, self._out)
        sys.stdout.flush()

    def answer(self, said: Mapping[str, Any]) -> None:
        """One object for a machine; nothing where a person reads."""
        if self.as_json:
            self.quiet()
            sys.stdout.write(escaped(encoded({"schema": SCHEMA, **said}), sys.stdout) + "\n")
            Streams.answered = True
            sys.stdout.flush()

    def talk(self, line: str) -> None:
        """A word next to the answer."""
        if line:
            self.quiet()
            _write(line, sys.stderr, self._err)

    def progress(self, done: Progress) -> None:
        """How far a job is: in a live line on a terminal; elsewhere, of a long one, a line now and then."""
        now = time.monotonic()
        if done.total and not done.done:
            self._began = self._told = now
        if done.total:
            self._at = (done.done, done.total)
        self._is_working = True
        words = f"{done.step}: {done.detail}" if done.detail else done.step
        if done.done:
            left = (now - self._began) / done.done * (done.total - done.done)
            words = text.progress_line(done, left)
        if self._err is not None:
            self._err.show(plain(words), *self._at)
        elif self._at[1] > 1 and now - self._told >= SILENCE:
            self._told = now
            _write(f"{done.step}: {words}" if done.done else words, sys.stderr, None)

    def quiet(self) -> None:
        """The end of progress."""
        self._is_working, self._at = False, (0, 0)
        if self._err is not None:
            self._err.end()

    def ask(self, question: str) -> str | None:
        """What a person answers, in small letters; None where nobody can: no terminal, or a machine listens."""
        if self.as_json or not (sys.stdin.isatty() and sys.stderr.isatty()):
            return None
        self.quiet()
        sys.stderr.write("\n".join(plain(line) for line in question.split("\n")))
        sys.stderr.flush()
        return sys.stdin.readline().strip().lower()

    def interrupted(self) -> None:
        """What a person who stops a job needs to know."""
        if self._is_working:
            self.talk(f"interrupted; {text.GO_ON}")


def _terminal(stream: TextIO) -> Terminal | None:
    """The stream as a terminal, where it is one that can do more than print."""
    if not stream.isatty() or os.environ.get("TERM") == "dumb":
        return None
    from connecteam_sync.cli.terminal import Terminal

    return Terminal(stream)


def _write(line: str, stream: TextIO, terminal: Terminal | None) -> None:
    """One line, whatever stands in it: what somebody is called must neither forge another one nor steer a terminal."""
    said = plain(line)
    if terminal is not None:
        terminal.line(said)
    else:
        stream.write(f"{said}\n")


@contextmanager
def reporting(*, as_json: bool) -> Iterator[Report]:
    """A command's report. Failures become their message, their next step and their exit code."""
    report = Report(as_json=as_json)
    try:
        yield report
    except KeyboardInterrupt:
        report.interrupted()
        raise
    except ConnecteamSyncError as error:
        report.quiet()
        # An option that lacks its value takes the word behind it for one: `--from --json`.
        report.as_json = report.as_json or is_json_wanted()
        failure = {"error": error.name, "message": error.message, "next_step": error.next_step, **error.facts}
        status = "refused" if isinstance(error, Refused) else "failed"
        report.answer({"status": status, **failure, "exit_code": error.exit_code, "retryable": error.retryable})
        report.talk(error.message)
        report.talk(f"next: {error.next_step}" if error.next_step else "")
        raise typer.Exit(error.exit_code) from error
    finally:
        report.quiet()

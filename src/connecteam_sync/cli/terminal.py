"""A terminal, where a person watches: colour, and one live line. Imported only there, for it brings rich with it."""

from __future__ import annotations

from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn
from rich.table import Column

_STYLES = {"  +": "green", "  ~": "yellow", "  -": "red", "  !": "magenta", "  x": "bold red"}
"""Colours of a line by how it begins; none where NO_COLOR says so."""


class Terminal:
    """Writes lines to a terminal, and shows how far a job is in a line of its own."""

    def __init__(self, stream: TextIO) -> None:
        self._console = Console(file=stream, highlight=False, markup=False, emoji=False, soft_wrap=True)
        self._live: Progress | None = None
        self._task = TaskID(0)

    def line(self, line: str) -> None:
        """A line of text."""
        self._console.print(line, style=_STYLES.get(line[:3]))

    def show(self, words: str, done: int, total: int) -> None:
        """The live line: a bar of `done` out of `total` steps (0: nobody knows how many), and words."""
        if self._live is None:
            # The words are worth more than the bar: it takes what room they leave.
            said = TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True))
            self._live = Progress(
                SpinnerColumn(),
                BarColumn(bar_width=None),
                said,
                console=self._console,
                transient=True,
                expand=True,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._task = self._live.add_task(words, total=None)
            self._live.start()
        self._live.update(self._task, description=words, completed=done, total=total or None)

    def end(self) -> None:
        """The live line is taken away."""
        if self._live is not None:
            self._live.stop()
            self._live = None

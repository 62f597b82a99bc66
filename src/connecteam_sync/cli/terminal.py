"""Output on a terminal: colour, and one live line. Imported only for a terminal, since it imports rich."""

from __future__ import annotations

from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn
from rich.table import Column

_STYLES = {"  +": "green", "  ~": "yellow", "  -": "red", "  !": "magenta", "  x": "bold red"}
"""The colour of a line by its first characters; none if NO_COLOR is set."""


class Terminal:
    """Writes lines to a terminal, and shows the progress of a job in a live line."""

    def __init__(self, stream: TextIO) -> None:
        self._console = Console(file=stream, highlight=False, markup=False, emoji=False, soft_wrap=True)
        self._live: Progress | None = None
        self._task = TaskID(0)

    def line(self, line: str) -> None:
        """Print a line of text."""
        self._console.print(line, style=_STYLES.get(line[:3]))

    def show(self, text: str, done: int, total: int) -> None:
        """Show the live line: a bar of `done` out of `total` steps (0: not known), and the text."""
        if self._live is None:
            # The text matters more than the bar, which takes the remaining width.
            description = TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True))
            self._live = Progress(
                SpinnerColumn(),
                BarColumn(bar_width=None),
                description,
                console=self._console,
                transient=True,
                expand=True,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._task = self._live.add_task(text, total=None)
            self._live.start()
        self._live.update(self._task, description=text, completed=done, total=total or None)

    def end(self) -> None:
        """Remove the live line."""
        if self._live is not None:
            self._live.stop()
            self._live = None

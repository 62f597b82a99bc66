"""Cells of the contract: a command, a code and how it comes to it; and the stage on which one is tried."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from support import stages
from support.stages import fine
from test_command import Answer, Terminal


class Usual(NamedTuple):
    """How a command ends with 0: its words, what it needs, what a person reads, and what a program finds."""

    words: str
    stage: stages.Stage
    said: str
    finds: Mapping[str, object]


class Cell(NamedTuple):
    """A command that ends with a code: what is said to a person, and the name of the error for a program."""

    command: str
    code: int
    words: str
    stage: stages.Stage
    trouble: Callable[[Any], Any] = fine
    said: str = ""
    error: str = ""
    finds: Mapping[str, object] = {}


class Staged:
    """A stage, made once; before each command its folder is as it was."""

    def __init__(self, folder: Path, make: stages.Stage) -> None:
        self.sandbox = Sandbox(
            Company(60), SandboxSettings(minute_limit=10**9, day_limit=10**9), key="sandbox-of-the-contract"
        )
        self.sandbox.__enter__()
        (folder / "now").mkdir()
        (folder / "now" / "full").mkdir()
        (folder / "now" / "full" / "demo.db").symlink_to(folder / "nowhere" / "demo.db")
        self.run = Terminal(folder / "now", self.sandbox)
        self.run.environment |= {"CONNECTEAM_SYNC_TOTAL_SECONDS": "60", "CONNECTEAM_SYNC_LOCK_WAIT": "1"}
        self.words = {"folder": str(self.run.folder), **make(self.run)}
        self._kept = folder / "kept"
        shutil.copytree(self.run.folder, self._kept, symlinks=True)

    def again(self) -> Terminal:
        """The command, in the folder as it was."""
        shutil.rmtree(self.run.folder)
        shutil.copytree(self._kept, self.run.folder, symlinks=True)
        return self.run

    def __call__(self, cell: Cell, *more: str) -> Answer:
        """What a cell's command answers."""
        run = self.again()
        words = [word.format(**self.words) for word in shlex.split(cell.words)]
        # Where nothing is wrong an answer may take its time, on a machine with much to do.
        patience = "60" if cell.trouble is fine else "1"
        with cell.trouble(run) as environment:
            given = {"CONNECTEAM_SYNC_TOTAL_SECONDS": patience, **environment}
            return run(*cell.command.split(), *words, *more, **given)
